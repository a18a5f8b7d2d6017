//! Long SMS put together again. What is known of one sender's is a value that can be kept: a part
//! that was acknowledged is not sent again, so it must outlive us.

use super::charset::Charset;
use super::national::Tables;
use super::read::{Read, read_with};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the first part waits for the last.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the parts of a whole message are known again: an SMSC that missed our answer brings
/// its last part once more.
const DONE: Duration = Duration::from_secs(60 * 60);
/// Most unfinished messages of one sender; a further one ends the wait of the oldest.
const MOST_OF_ONE: usize = 4;
/// Most finished messages of one sender that are known again.
const MOST_DONE: usize = 4;
/// Most parts of one message we wait for: 30 parts are more than 4,500 characters.
pub const MOST_PARTS: u8 = 30;

/// Which part of which message a PDU carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The same in all parts.
    pub reference: u16,
    /// Whether the reference came with 16 bits: 8-bit references are another space.
    pub wide: bool,
    /// How many parts.
    pub total: u8,
    /// Which one, from 1.
    pub number: u8,
}

/// One part as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What its SMSC means by data_coding 0.
    pub charset: Charset,
    /// How its octets are to be read.
    pub data_coding: u8,
    /// The national tables that its header named.
    #[serde(default)]
    pub tables: Tables,
    /// The text without header.
    pub octets: Vec<u8>,
}

/// The text of parts in their order: neighbours of one coding are read as one run, since a
/// character may have been cut in two.
pub fn join<'p>(pieces: impl IntoIterator<Item = &'p Piece>) -> Read {
    let pieces: Vec<&Piece> = pieces.into_iter().collect();
    let coding = |piece: &Piece| (piece.charset, piece.data_coding, piece.tables);
    let mut whole = Read { text: String::new(), damaged: false };
    for run in pieces.chunk_by(|a, b| coding(a) == coding(b)) {
        let octets: Vec<u8> = run.iter().flat_map(|piece| piece.octets.iter().copied()).collect();
        let (charset, data_coding, tables) = coding(run[0]);
        let read = read_with(&octets, data_coding, charset, tables);
        whole.text.push_str(&read.text);
        whole.damaged |= read.damaged;
    }
    whole
}

/// Which of one sender's messages a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Name {
    to: String,
    reference: u16,
    wide: bool,
    total: u8,
}

/// The parts of one message, and since when: when the first came, or the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Parts {
    name: Name,
    since: Timestamp,
    pieces: BTreeMap<u8, Piece>,
}

/// What a part came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is kept; others are missing.
    Waits,
    /// It was here before; nothing changed.
    Known,
    /// It was the last one missing: all of them, in order.
    Whole(Vec<Piece>),
}

/// What came of a message that is not waited for any longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// To which number of ours it was sent.
    pub to: String,
    /// How many parts it had.
    pub total: u8,
    /// Those that came, by their number.
    pub pieces: BTreeMap<u8, Piece>,
}

/// The long messages of one sender.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembly {
    unfinished: Vec<Parts>,
    done: Vec<Parts>,
}

impl Assembly {
    /// Takes a part that was sent to the number `to`. What this ends the wait of comes back too: a
    /// message whose name another one bears now, or the oldest of too many.
    pub fn take(&mut self, to: &str, place: Place, piece: Piece, now: Timestamp) -> (Taken, Vec<Lost>) {
        let mut lost = self.expire(now);
        let Place { reference, wide, total, number } = place;
        let name = Name { to: to.to_owned(), reference, wide, total };
        let here = |parts: &Parts| parts.name == name && parts.pieces.get(&number) == Some(&piece);
        if self.done.iter().chain(&self.unfinished).any(here) {
            return (Taken::Known, lost);
        }
        // The same place with other words: the reference came round, and this is a new message.
        let stale = |parts: &Parts| parts.name == name && parts.pieces.contains_key(&number);
        lost.extend(self.unfinished.extract_if(.., |parts| stale(parts)).map(Lost::from));
        let at = match self.unfinished.iter().position(|parts| parts.name == name) {
            Some(at) => at,
            None => {
                if self.unfinished.len() >= MOST_OF_ONE {
                    lost.push(self.unfinished.remove(0).into());
                }
                self.unfinished.push(Parts { name, since: now, pieces: BTreeMap::new() });
                self.unfinished.len() - 1
            }
        };
        self.unfinished[at].pieces.insert(number, piece);
        if self.unfinished[at].pieces.len() < usize::from(total) {
            return (Taken::Waits, lost);
        }
        let parts = Parts { since: now, ..self.unfinished.remove(at) };
        let whole = parts.pieces.values().cloned().collect();
        if self.done.len() >= MOST_DONE {
            self.done.remove(0);
        }
        self.done.push(parts);
        (Taken::Whole(whole), lost)
    }

    /// Lets go of what has waited a day, and of what need not be known any longer.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Lost> {
        self.done.retain(|parts| now.since(parts.since) < DONE);
        self.unfinished.extract_if(.., |parts| now.since(parts.since) >= KEPT).map(Lost::from).collect()
    }

    /// How many messages wait for parts.
    pub fn waiting(&self) -> usize {
        self.unfinished.len()
    }

    /// Nothing waits, and nothing is to be known again.
    pub fn is_empty(&self) -> bool {
        self.unfinished.is_empty() && self.done.is_empty()
    }

    /// When there is next something to let go of.
    pub fn next_due(&self) -> Option<Timestamp> {
        let waits = self.unfinished.iter().map(|parts| parts.since.after(KEPT));
        waits.chain(self.done.iter().map(|parts| parts.since.after(DONE))).min()
    }
}

impl From<Parts> for Lost {
    fn from(parts: Parts) -> Self {
        Self { to: parts.name.to, total: parts.name.total, pieces: parts.pieces }
    }
}

impl Lost {
    /// What it said as far as it came, with a mark where parts are missing.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut next = 1;
        for (number, piece) in &self.pieces {
            if *number != next {
                text.push_str(" [...] ");
            }
            text.push_str(&join([piece]).text);
            next = number.saturating_add(1);
        }
        if next <= self.total {
            text.push_str(" [...]");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gsm::segment::{Coding, Style, Way, segment};
    use proptest::prelude::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn piece(text: &str) -> Piece {
        let octets = text.as_bytes().to_vec();
        Piece { charset: Charset::Gsm, data_coding: 0, tables: Tables::default(), octets }
    }

    const fn place(reference: u16, total: u8, number: u8) -> Place {
        Place { reference, wide: false, total, number }
    }

    fn said(taken: &(Taken, Vec<Lost>)) -> Option<String> {
        match &taken.0 {
            Taken::Whole(pieces) => Some(join(pieces).text),
            _ => None,
        }
    }

    #[test]
    fn parts_meet_in_any_order_and_repeats_change_nothing() {
        let mut held = Assembly::default();
        assert_eq!(held.take("48357", place(7, 2, 2), piece("b"), at(0)).0, Taken::Waits);
        assert_eq!(held.take("48357", place(7, 2, 2), piece("b"), at(1)).0, Taken::Known);
        assert_eq!(held.take("22222", place(7, 2, 1), piece("x"), at(1)).0, Taken::Waits, "another number");
        let whole = held.take("48357", place(7, 2, 1), piece("a"), at(2));
        assert_eq!((said(&whole).as_deref(), held.waiting()), (Some("ab"), 1));
        assert_eq!(
            held.take("48357", place(7, 2, 1), piece("a"), at(9)).0,
            Taken::Known,
            "brought once more"
        );
        held.expire(at(2 + 3600));
        assert_eq!(held.take("48357", place(7, 2, 1), piece("a"), at(3700)).0, Taken::Waits, "an hour later");
    }

    #[test]
    fn another_total_or_width_is_another_message() {
        let mut held = Assembly::default();
        held.take("1", place(7, 2, 1), piece("a"), at(0));
        assert_eq!(held.take("1", place(7, 3, 2), piece("b"), at(1)).0, Taken::Waits);
        let wide = Place { wide: true, ..place(7, 2, 2) };
        assert_eq!(held.take("1", wide, piece("c"), at(2)).0, Taken::Waits);
        assert_eq!(held.waiting(), 3);
    }

    #[test]
    fn a_reference_that_comes_round_begins_a_new_message_and_the_old_one_is_not_mixed_in() {
        let mut held = Assembly::default();
        held.take("1", place(7, 2, 1), piece("old "), at(0));
        let (taken, lost) = held.take("1", place(7, 2, 1), piece("new "), at(60));
        assert_eq!((taken, lost[0].text()), (Taken::Waits, "old  [...]".to_owned()));
        assert_eq!(said(&held.take("1", place(7, 2, 2), piece("end"), at(61))).as_deref(), Some("new end"));
    }

    #[test]
    fn after_a_day_the_wait_is_over_and_what_came_is_said() {
        let mut held = Assembly::default();
        held.take("1", place(7, 3, 2), piece("middle"), at(0));
        assert_eq!(held.next_due(), Some(at(86_400)));
        assert_eq!(held.expire(at(86_399)), []);
        let lost = held.expire(at(86_400));
        assert_eq!((lost.len(), lost[0].text()), (1, " [...] middle [...]".to_owned()));
        assert_eq!((held.waiting(), held.next_due()), (0, None));
    }

    #[test]
    fn a_fifth_unfinished_message_ends_the_wait_of_the_first() {
        let mut held = Assembly::default();
        for reference in 0..50u16 {
            let (_, lost) = held.take("1", place(reference, 2, 1), piece("a"), at(i64::from(reference)));
            assert_eq!(lost.len(), usize::from(reference >= 4));
        }
        assert_eq!(held.waiting(), MOST_OF_ONE);
    }

    #[test]
    fn a_character_cut_in_two_is_whole_again() {
        let wide = |octets: &[u8]| Piece { data_coding: 8, octets: octets.to_vec(), ..piece("") };
        assert_eq!(join(&[wide(&[0xD8, 0x3D]), wide(&[0xDE, 0x00])]).text, "\u{1F600}");
        assert_eq!(join(&[piece("a\u{1B}"), piece("e")]).text, "a€");
    }

    proptest! {
        #[test]
        fn what_we_segment_comes_together_in_any_order(
            text in "[a-z€ĩ\u{1F600} ]{161,500}", wide: bool, order in any::<u64>(),
        ) {
            let way = if wide { Way::Udh16 } else { Way::Udh8 };
            let message = segment(&text, 5, &Style { way, ..Style::default() }).expect("short enough");
            let data_coding = if message.coding == Coding::Ucs2 { 8 } else { 0 };
            let total = message.parts.len() as u8;
            let mut parts: Vec<_> = (1u8..).zip(&message.parts).collect();
            parts.rotate_left(order as usize % message.parts.len());
            let mut held = Assembly::default();
            let mut wholes = Vec::new();
            for (number, part) in parts {
                let kept = serde_json::to_string(&held).expect("spelled");
                held = serde_json::from_str(&kept).expect("read back");
                let piece = Piece { data_coding, octets: part.body.clone(), ..piece("") };
                wholes.extend(said(&held.take("1", Place { wide, ..place(5, total, number) }, piece, at(0))));
            }
            prop_assert_eq!(wholes, [text]);
            prop_assert_eq!(held.waiting(), 0);
        }
    }
}
