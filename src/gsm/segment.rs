//! A text as one SMS, or as the parts of a long one: user data headers (3GPP TS 23.040,
//! 9.2.3.24.1 and .8), sar_* parameters or message_payload (SMPP 3.4, 5.3.2.22-24 and .32).

use super::charset::Charset;
use super::national::{Language, Tables};
use super::{alphabet, septets};
use serde::Deserialize;
use std::borrow::Cow;

/// Octets of an SMS on the air, header and all.
pub const AIR_OCTETS: usize = 140;
/// The most octets of a short_message (SMPP 3.4, 5.2.22).
pub const MOST_PART_OCTETS: usize = 254;
/// The least that a part may be limited to: a header, and some text behind it.
pub const LEAST_PART_OCTETS: usize = 20;
/// The count of parts is one octet.
const MOST_PARTS: usize = 255;

/// How the parts of a long SMS are marked on their way to the SMSC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A user data header with an 8-bit reference: what every SMSC passes on.
    #[default]
    Udh8,
    /// A user data header with a 16-bit reference.
    Udh16,
    /// sar_msg_ref_num, sar_total_segments, sar_segment_seqnum; the SMSC makes the header.
    Sar,
    /// The whole text in message_payload; the SMSC cuts it.
    Payload,
}

/// How one SMSC wants its SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How parts are marked.
    pub way: Way,
    /// What it means by data_coding 0.
    pub charset: Charset,
    /// Most octets of one short_message, its header counted. A full part of unpacked septets has
    /// 159, which some SMSCs refuse that count to 140.
    pub max_part_octets: usize,
    /// Letters that the alphabet has without their mark lose it (`ĩ` becomes `i`) where that makes
    /// the text fit GSM-7; else such a text goes as UCS-2.
    pub plain_letters: bool,
    /// National language tables may be named in a header where one makes the text fit GSM-7. With
    /// a [`Way`] and a [`Charset`] that have no such header they are not used.
    pub national: bool,
}

impl Style {
    /// Whether a header of ours can name national tables.
    const fn names_tables(&self) -> bool {
        self.national
            && matches!(self.way, Way::Udh8 | Way::Udh16)
            && matches!(self.charset, Charset::Gsm | Charset::GsmPacked)
    }

    fn most(&self) -> usize {
        self.max_part_octets.clamp(LEAST_PART_OCTETS, MOST_PART_OCTETS)
    }
}

impl Default for Style {
    fn default() -> Self {
        Self {
            way: Way::Udh8,
            charset: Charset::Gsm,
            max_part_octets: MOST_PART_OCTETS,
            plain_letters: false,
            national: false,
        }
    }
}

/// How the octets of a part are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// data_coding 0: GSM 7-bit on the air, written in the SMSC's [`Charset`].
    Gsm7,
    /// data_coding 8: UCS-2 (in truth UTF-16), high octet first.
    Ucs2,
}

/// The place of a part, for the sar_* parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sar {
    /// The same in all parts.
    pub reference: u16,
    /// How many parts.
    pub total: u8,
    /// Which one, from 1.
    pub number: u8,
}

/// What one `submit_sm` carries of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The user data header with its length octet; when it is not empty esm_class wants UDHI.
    pub header: Vec<u8>,
    /// The text behind it.
    pub body: Vec<u8>,
    /// What to write into the sar_* parameters.
    pub sar: Option<Sar>,
    /// The octets belong into message_payload, and short_message stays empty.
    pub payload: bool,
}

impl Part {
    /// Header and text: what the short_message or message_payload holds.
    pub fn octets(&self) -> Vec<u8> {
        [self.header.as_slice(), &self.body].concat()
    }
}

/// A text ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How every part is coded.
    pub coding: Coding,
    /// What is sent, in order. At least one.
    pub parts: Vec<Part>,
    /// How many SMS it is paid for: more than there are `parts` when the SMSC cuts.
    pub paid: usize,
}

/// The text needs more parts than a header can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text needs {0} parts of SMS; at most 255 can be numbered")]
pub struct TooLong(pub usize);

/// Cuts a text into what is sent, in the fewest parts: as it is, with typographic marks as ASCII
/// has them, and what then is outside GSM-7 as UCS-2. `reference` ties the parts together on the
/// phone; of it the 8-bit header takes the low octet.
///
/// # Errors
/// More than 255 parts.
pub fn segment(text: &str, reference: u16, style: &Style) -> Result<Message, TooLong> {
    let plan = Plan::of(text, style);
    let pieces = plan.split();
    let paid = pieces.len();
    if paid > MOST_PARTS {
        return Err(TooLong(paid));
    }
    let parts = match (paid, style.way) {
        (_, Way::Payload) | (1, _) => vec![plan.whole(paid > 1)],
        _ => {
            let part = |(piece, number)| plan.part(piece, Sar { reference, total: paid as u8, number });
            pieces.into_iter().zip(1u8..=u8::MAX).map(part).collect()
        }
    };
    Ok(Message { coding: plan.coding, parts, paid })
}

/// How many SMS the text is paid for at an SMSC of the plainest style.
pub fn parts(text: &str) -> usize {
    parts_in(text, &Style::default())
}

/// How many SMS the text is paid for.
pub fn parts_in(text: &str, style: &Style) -> usize {
    Plan::of(text, style).split().len()
}

/// One way to write a text.
#[derive(Debug)]
struct Plan<'t> {
    text: Cow<'t, str>,
    coding: Coding,
    tables: Tables,
    style: &'t Style,
}

/// What a part has room for, and what of it is taken: on the air, and in its short_message.
#[derive(Debug, Clone, Copy)]
struct Room {
    air: usize,
    wire: usize,
}

impl Room {
    const NONE: Self = Self { air: 0, wire: 0 };

    const fn takes(self, other: Self) -> bool {
        self.air >= other.air && self.wire >= other.wire
    }

    const fn and(self, other: Self) -> Self {
        Self { air: self.air + other.air, wire: self.wire + other.wire }
    }
}

impl<'t> Plan<'t> {
    /// The plan of the fewest parts; of equal ones that which changes least.
    fn of(text: &'t str, style: &'t Style) -> Self {
        let plan = |text, coding, tables| Self { text, coding, tables, style };
        let as_it_is = plan(Cow::Borrowed(text), Coding::Gsm7, Tables::default());
        if as_it_is.is_sound() {
            return as_it_is;
        }
        let simple = alphabet::simplify(text);
        let mut plans = vec![plan(simple.clone(), Coding::Gsm7, Tables::default())];
        if style.plain_letters {
            let plain = Cow::Owned(alphabet::plain_letters(&simple));
            plans.push(plan(plain, Coding::Gsm7, Tables::default()));
        }
        if style.names_tables() {
            let named = Language::ALL.map(Some).into_iter().flat_map(|language| {
                let (single, locking) =
                    (Tables { single: language, locking: None }, Tables { single: None, locking: language });
                [single, locking, Tables { single: language, locking: language }]
            });
            plans.extend(named.map(|tables| plan(simple.clone(), Coding::Gsm7, tables)));
        }
        plans.retain(Self::is_sound);
        plans.push(plan(Cow::Borrowed(text), Coding::Ucs2, Tables::default()));
        plans.into_iter().min_by_key(|plan| plan.split().len()).unwrap_or(as_it_is)
    }

    /// Whether every character has a place: on the air and, since the SMSC would replace what only
    /// one of both has, in its own alphabet.
    fn is_sound(&self) -> bool {
        let latin1 = self.style.charset == Charset::Latin1;
        self.text.chars().all(|c| self.tables.code(c).is_some() && (!latin1 || u8::try_from(c).is_ok()))
    }

    /// The text in one `submit_sm`, where the SMSC cuts it if it is `long`.
    fn whole(&self, long: bool) -> Part {
        let header = with_length(self.tables.elements());
        let body = self.write(&self.text, header.len());
        let payload = long || header.len() + body.len() > self.style.most();
        Part { header, body, sar: None, payload }
    }

    fn part(&self, piece: &str, sar: Sar) -> Part {
        let [high, low] = sar.reference.to_be_bytes();
        let Sar { total, number, .. } = sar;
        let place = match self.style.way {
            Way::Udh8 => vec![0x00, 0x03, low, total, number],
            Way::Udh16 => vec![0x08, 0x04, high, low, total, number],
            Way::Sar | Way::Payload => Vec::new(),
        };
        let header = with_length([place, self.tables.elements()].concat());
        let sar = (self.style.way == Way::Sar).then_some(sar);
        Part { body: self.write(piece, header.len()), header, sar, payload: false }
    }

    /// The octets of a text behind a header of so many octets.
    fn write(&self, text: &str, header: usize) -> Vec<u8> {
        let written = match (self.coding, self.style.charset) {
            (Coding::Ucs2, _) => None,
            (Coding::Gsm7, Charset::Gsm) => self.tables.encode(text),
            (Coding::Gsm7, Charset::GsmPacked) => {
                self.tables.encode(text).map(|septets| septets::pack_behind(header, &septets))
            }
            (Coding::Gsm7, charset) => charset.write(text),
        };
        written.unwrap_or_else(|| text.encode_utf16().flat_map(u16::to_be_bytes).collect())
    }

    /// Room beside a header of so many octets on the air, and so many in the short_message.
    /// Counted in septets, for UCS-2 in octets.
    fn room(&self, air: usize, wire: usize) -> Room {
        let (air, wire) = (AIR_OCTETS - air, self.style.most() - wire);
        match (self.coding, self.style.charset) {
            (Coding::Ucs2, _) => Room { air, wire },
            (Coding::Gsm7, Charset::GsmPacked) => Room { air: air * 8 / 7, wire: wire * 8 / 7 },
            (Coding::Gsm7, _) => Room { air: air * 8 / 7, wire },
        }
    }

    /// What a character takes, in the measure of [`Self::room`].
    fn takes(&self, c: char) -> Room {
        if self.coding == Coding::Ucs2 {
            let octets = 2 * c.len_utf16();
            return Room { air: octets, wire: octets };
        }
        let septets = self.tables.code(c).map_or(1, alphabet::Code::septets);
        let wire = match self.style.charset {
            Charset::Gsm | Charset::GsmPacked => septets,
            Charset::Latin1 => 1,
            Charset::Utf8 => c.len_utf8(),
        };
        Room { air: septets, wire }
    }

    /// The text cut between characters, so that no escape stands without its septet and no half of
    /// a surrogate pair without the other.
    fn split(&self) -> Vec<&str> {
        let named = self.tables.elements().len();
        let alone = named + usize::from(named > 0);
        let (single, part) = (
            self.room(alone, alone),
            match self.style.way {
                Way::Udh8 => self.room(6 + named, 6 + named),
                Way::Udh16 => self.room(7 + named, 7 + named),
                Way::Sar | Way::Payload => self.room(6, 0),
            },
        );
        // What message_payload carries may have any length.
        let endless =
            |room| if self.style.way == Way::Payload { Room { wire: usize::MAX, ..room } } else { room };
        let (single, part) = (endless(single), endless(part));
        if single.takes(self.text.chars().fold(Room::NONE, |sum, c| sum.and(self.takes(c)))) {
            return vec![&self.text];
        }
        let (mut pieces, mut from, mut used) = (Vec::new(), 0, Room::NONE);
        for (at, c) in self.text.char_indices() {
            let c = self.takes(c);
            used = if part.takes(used.and(c)) {
                used.and(c)
            } else {
                pieces.push(&self.text[from..at]);
                from = at;
                c
            };
        }
        pieces.push(&self.text[from..]);
        pieces
    }
}

/// The elements of a user data header behind their length octet; nothing for none.
fn with_length(elements: Vec<u8>) -> Vec<u8> {
    match u8::try_from(elements.len()) {
        Ok(length) if length > 0 => [vec![length], elements].concat(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
