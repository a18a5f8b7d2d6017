//! Long SMS from phones, put together again: user data headers with 8 or 16-bit references
//! (3GPP TS 23.040, 9.2.3.24), sar_* TLVs (SMPP 3.4, 5.3.2.22-24).
//!
//! Parts are kept in memory only. The SMSC was told that it may forget them, since some send the
//! next part only then: a crash between two parts of one message loses its beginning.

use super::pdu::{Message, UDHI};
use super::tlv;
use crate::types::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the first part waits for the last.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Most unfinished messages of one sender; a further one pushes out the oldest.
const MOST_OF_ONE: usize = 4;
/// Most unfinished messages in all; a further one pushes out the oldest.
const MOST: usize = 2000;
/// Most parts of one message we wait for: 30 parts are more than 4,500 characters.
const MOST_PARTS: u8 = 30;

/// Which part of which message a PDU carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// What a message's octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// A message of its own, its header taken off.
    Single(&'a [u8]),
    /// A part of a longer one, its header taken off.
    Part(Place, &'a [u8]),
    /// A part that cannot be: number 3 of 2. To be dropped.
    Impossible,
}

/// One part as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// How its octets are to be read.
    pub data_coding: u8,
    /// The text without header.
    pub octets: Vec<u8>,
}

/// Reads where a message belongs. A header longer than the message is no header: its octets are
/// text.
pub fn shape(message: &Message) -> Shape<'_> {
    let octets = message.text_octets();
    if message.esm_class & UDHI != 0
        && let Some((header, body)) = split_header(octets)
    {
        return match concat_element(header) {
            Some(place) => placed(place, body),
            None => Shape::Single(body),
        };
    }
    let number = |tag| tlv::number(&message.tlvs, tag);
    let sar = (
        number(tlv::SAR_MSG_REF_NUM),
        number(tlv::SAR_TOTAL_SEGMENTS).map(u8::try_from),
        number(tlv::SAR_SEGMENT_SEQNUM).map(u8::try_from),
    );
    match sar {
        (Some(reference), Some(Ok(total)), Some(Ok(number))) => {
            placed(Place { reference: reference as u16, wide: true, total, number }, octets)
        }
        _ => Shape::Single(octets),
    }
}

fn placed(place: Place, body: &[u8]) -> Shape<'_> {
    match place {
        Place { total: 0 | 1, number: 0 | 1, .. } => Shape::Single(body),
        Place { total, number, .. } if number == 0 || number > total || total > MOST_PARTS => {
            Shape::Impossible
        }
        _ => Shape::Part(place, body),
    }
}

/// The user data header and what follows it; also where its length octet was stripped on the way.
fn split_header(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    if let [0, 3, _, total, number, ..] = octets
        && (1..=*total).contains(number)
    {
        return Some(octets.split_at(5));
    }
    let (length, rest) = octets.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// The element that places a part; others are passed over by their length.
fn concat_element(mut header: &[u8]) -> Option<Place> {
    while let [id, length, rest @ ..] = header {
        let (value, after) = rest.split_at_checked(usize::from(*length))?;
        match (id, value) {
            (0x00, &[reference, total, number]) => {
                return Some(Place { reference: u16::from(reference), wide: false, total, number });
            }
            (0x08, &[high, low, total, number]) => {
                let reference = u16::from_be_bytes([high, low]);
                return Some(Place { reference, wide: true, total, number });
            }
            _ => header = after,
        }
    }
    None
}

/// Which message a part belongs to.
type Key = (String, String, u16, bool, u8);

fn key_of(message: &Message, place: Place) -> Key {
    let (source, dest) = (message.source.addr.clone(), message.dest.addr.clone());
    (source, dest, place.reference, place.wide, place.total)
}

/// The parts of one unfinished message.
#[derive(Debug)]
struct Unfinished {
    since: Timestamp,
    parts: BTreeMap<u8, Piece>,
}

/// Holds the parts of unfinished messages.
#[derive(Debug, Default)]
pub struct Reassembly {
    unfinished: BTreeMap<Key, Unfinished>,
}

impl Reassembly {
    /// Takes a part; gives the whole message in order when none is missing. A part that is here
    /// already is passed over. The parts stay until they are [forgotten](Self::forget), so that a
    /// whole that could not be handed on is whole again when its last part is sent again.
    pub fn take(
        &mut self, message: &Message, place: Place, octets: &[u8], now: Timestamp,
    ) -> Option<Vec<Piece>> {
        self.expire(now);
        let key = key_of(message, place);
        if !self.unfinished.contains_key(&key) {
            self.make_room(&key.0);
        }
        let entry =
            self.unfinished.entry(key).or_insert_with(|| Unfinished { since: now, parts: BTreeMap::new() });
        entry
            .parts
            .entry(place.number)
            .or_insert_with(|| Piece { data_coding: message.data_coding, octets: octets.to_vec() });
        if entry.parts.len() < usize::from(place.total) {
            return None;
        }
        Some(entry.parts.values().cloned().collect())
    }

    /// The whole was handed on: lets its parts go.
    pub fn forget(&mut self, message: &Message, place: Place) {
        self.unfinished.remove(&key_of(message, place));
    }

    /// How many messages wait for parts.
    pub fn waiting(&self) -> usize {
        self.unfinished.len()
    }

    fn expire(&mut self, now: Timestamp) {
        self.unfinished.retain(|_, entry| now.since(entry.since) < KEPT);
    }

    fn make_room(&mut self, source: &str) {
        let of_one = self.unfinished.keys().filter(|key| key.0 == source).count();
        let crowded = self.unfinished.len() >= MOST;
        if of_one < MOST_OF_ONE && !crowded {
            return;
        }
        let oldest = self
            .unfinished
            .iter()
            .filter(|(key, _)| of_one < MOST_OF_ONE || key.0 == source)
            .min_by_key(|(_, entry)| entry.since)
            .map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.unfinished.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gsm::segment;
    use crate::smpp::fixture::message as file;
    use crate::smpp::pdu::Address;
    use bytes::Bytes;
    use proptest::prelude::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn part(from: &str, octets: &[u8]) -> Message {
        Message {
            source: Address::new(1, 1, from),
            esm_class: UDHI,
            short_message: Bytes::copy_from_slice(octets),
            ..Message::default()
        }
    }

    fn offer(held: &mut Reassembly, message: &Message, now: Timestamp) -> Option<String> {
        let Shape::Part(place, body) = shape(message) else { panic!("a part: {:?}", shape(message)) };
        let pieces = held.take(message, place, body, now)?;
        held.forget(message, place);
        Some(pieces.iter().flat_map(|p| p.octets.iter()).map(|o| *o as char).collect())
    }

    #[test]
    fn worked_parts_say_where_they_belong() {
        let place = |reference, wide, number| Place { reference, wide, total: 2, number };
        for (name, wanted) in [
            ("66-sms-mo-concat-part2-first.hex", place(0x11, false, 2)),
            ("53-sms-concat8-part2.hex", place(0xA7, false, 2)),
            ("55-sms-sar-part1.hex", place(0x1234, true, 1)),
        ] {
            let message = file(name);
            match shape(&message) {
                Shape::Part(got, body) => {
                    assert_eq!(Place { reference: wanted.reference, ..got }, wanted, "{name}");
                    assert!(!body.starts_with(&[5]), "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(matches!(
            shape(&file("54-sms-concat16-part1.hex")),
            Shape::Part(Place { wide: true, .. }, _)
        ));
        assert!(matches!(shape(&file("51-sms-mo.hex")), Shape::Single(_)));
        assert!(matches!(shape(&file("56-sms-payload.hex")), Shape::Single(text) if text.len() > 160));
    }

    #[test]
    fn bad_13_a_header_longer_than_its_message_is_text() {
        let message = file("bad/13-udh-length-overrun.hex");
        assert!(matches!(shape(&message), Shape::Single(octets) if octets.len() == 9));
    }

    #[test]
    fn bad_14_part_three_of_two_is_dropped() {
        assert_eq!(shape(&file("bad/14-concat-index-out-of-range.hex")), Shape::Impossible);
    }

    #[test]
    fn a_header_that_lost_its_length_octet_is_still_read() {
        let message = part("1", &[0, 3, 9, 2, 1, b'a']);
        assert!(matches!(shape(&message), Shape::Part(Place { reference: 9, number: 1, .. }, b"a")));
    }

    #[test]
    fn other_header_elements_are_passed_over() {
        let message = part("1", &[8, 0x24, 1, 3, 0, 3, 9, 2, 1, b'a']);
        assert!(matches!(shape(&message), Shape::Part(Place { reference: 9, .. }, b"a")));
        let message = part("1", &[3, 0x24, 1, 3, b'a']);
        assert_eq!(shape(&message), Shape::Single(b"a"));
    }

    #[test]
    fn parts_meet_in_any_order_and_repeats_change_nothing() {
        let mut held = Reassembly::default();
        let (one, two) = (part("1", &[5, 0, 3, 7, 2, 1, b'a']), part("1", &[5, 0, 3, 7, 2, 2, b'b']));
        assert_eq!(offer(&mut held, &two, at(0)), None);
        assert_eq!(offer(&mut held, &two, at(1)), None);
        assert_eq!(offer(&mut held, &part("2", &[5, 0, 3, 7, 2, 1, b'x']), at(1)), None, "another sender");
        assert_eq!(offer(&mut held, &one, at(2)).as_deref(), Some("ab"));
        assert_eq!(held.waiting(), 1);
    }

    #[test]
    fn a_whole_that_was_not_handed_on_is_whole_again_when_its_last_part_returns() {
        let mut held = Reassembly::default();
        let (one, two) = (part("1", &[5, 0, 3, 7, 2, 1, b'a']), part("1", &[5, 0, 3, 7, 2, 2, b'b']));
        for (message, wanted) in [(&one, 0), (&two, 2), (&two, 2)] {
            let Shape::Part(place, body) = shape(message) else { panic!("a part") };
            assert_eq!(held.take(message, place, body, at(0)).map_or(0, |pieces| pieces.len()), wanted);
        }
    }

    #[test]
    fn a_part_that_waits_a_day_does_not_join_a_new_message() {
        let mut held = Reassembly::default();
        offer(&mut held, &part("1", &[5, 0, 3, 7, 2, 1, b'a']), at(0));
        assert_eq!(offer(&mut held, &part("1", &[5, 0, 3, 7, 2, 2, b'b']), at(24 * 3600)), None);
    }

    #[test]
    fn one_sender_cannot_fill_the_memory() {
        let mut held = Reassembly::default();
        for reference in 0..200u8 {
            offer(&mut held, &part("1", &[5, 0, 3, reference, 2, 1, b'a']), at(i64::from(reference)));
        }
        assert_eq!(held.waiting(), MOST_OF_ONE);
        for sender in 0..3000 {
            offer(&mut held, &part(&sender.to_string(), &[5, 0, 3, 1, 2, 1, b'a']), at(500 + sender));
        }
        assert!(held.waiting() <= MOST);
    }

    proptest! {
        #[test]
        fn what_we_segment_comes_together_in_any_order(text in "[a-z ]{161,600}", order in any::<u64>()) {
            let message = segment::segment(&text, 5, &segment::Style::default()).expect("short enough");
            let mut parts: Vec<_> = message.parts.iter().map(segment::Part::octets).collect();
            let turn = (order as usize) % parts.len();
            parts.rotate_left(turn);
            let mut held = Reassembly::default();
            let wholes: Vec<_> =
                parts.iter().filter_map(|octets| offer(&mut held, &part("1", octets), at(0))).collect();
            prop_assert_eq!(wholes, [text]);
            prop_assert_eq!(held.waiting(), 0);
        }

        #[test]
        fn any_octets_have_a_shape(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let message = part("1", &octets);
            if let Shape::Part(place, _) = shape(&message) {
                prop_assert!(place.number >= 1 && place.number <= place.total);
            }
        }
    }
}
