//! Where a message from a phone belongs: whole, or a part of a long SMS by its user data header
//! with 8 or 16-bit reference (3GPP TS 23.040, 9.2.3.24) or its sar_* TLVs (SMPP 3.4, 5.3.2.22-24).
//! The engine keeps the parts; see [`crate::gsm::assemble`].

use super::pdu::{Message, UDHI};
use super::tlv;
use crate::gsm::assemble::{MOST_PARTS, Place};
use crate::gsm::national::{Language, Tables};

/// A text without its header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content<'a> {
    /// Octets the header had: packed septets behind it begin on a septet boundary.
    pub header: usize,
    /// The national tables that the header named.
    pub tables: Tables,
    /// What follows it.
    pub octets: &'a [u8],
}

/// What a message's octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// A message of its own, its header taken off.
    Single(Content<'a>),
    /// A part of a longer one, its header taken off.
    Part(Place, Content<'a>),
    /// A part that cannot be: number 3 of 2. To be dropped.
    Impossible,
}

/// Reads where a message belongs. A header longer than the message is no header: its octets are
/// text. `stripped` reads one, too, that lost its length octet on the way.
pub fn shape(message: &Message, stripped: bool) -> Shape<'_> {
    let octets = message.text_octets();
    if message.esm_class & UDHI != 0
        && let Some((header, body)) = split_header(octets, stripped)
    {
        let (place, tables) = elements(header);
        let content = Content { header: octets.len() - body.len(), tables, octets: body };
        return match place {
            Some(place) => placed(place, content),
            None => Shape::Single(content),
        };
    }
    let content = Content { octets, ..Content::default() };
    let number = |tag| tlv::number(&message.tlvs, tag);
    let sar = (
        number(tlv::SAR_MSG_REF_NUM),
        number(tlv::SAR_TOTAL_SEGMENTS).map(u8::try_from),
        number(tlv::SAR_SEGMENT_SEQNUM).map(u8::try_from),
    );
    match sar {
        (Some(reference), Some(Ok(total)), Some(Ok(number))) => {
            placed(Place { reference: reference as u16, wide: true, total, number }, content)
        }
        _ => Shape::Single(content),
    }
}

fn placed(place: Place, content: Content<'_>) -> Shape<'_> {
    match place {
        Place { total: 0 | 1, number: 0 | 1, .. } => Shape::Single(content),
        Place { total, number, .. } if number == 0 || number > total || total > MOST_PARTS => {
            Shape::Impossible
        }
        _ => Shape::Part(place, content),
    }
}

/// The user data header without its length octet, and what follows it.
fn split_header(octets: &[u8], stripped: bool) -> Option<(&[u8], &[u8])> {
    if stripped
        && let [0, 3, _, total, number, ..] = octets
        && (1..=*total).contains(number)
    {
        return Some(octets.split_at(5));
    }
    let (length, rest) = octets.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// The element that places a part, and the national tables; other elements are passed over by
/// their length. Of two that place it the last counts (TS 23.040, 9.2.3.24).
fn elements(mut header: &[u8]) -> (Option<Place>, Tables) {
    let (mut place, mut tables) = (None, Tables::default());
    while let [id, length, rest @ ..] = header {
        let Some((value, after)) = rest.split_at_checked(usize::from(*length)) else { break };
        header = after;
        match (id, value) {
            (0x00, &[reference, total, number]) => {
                place = Some(Place { reference: u16::from(reference), wide: false, total, number });
            }
            (0x08, &[high, low, total, number]) => {
                let reference = u16::from_be_bytes([high, low]);
                place = Some(Place { reference, wide: true, total, number });
            }
            (0x24, &[language]) => tables.single = Language::from_id(language),
            (0x25, &[language]) => tables.locking = Language::from_id(language),
            _ => {}
        }
    }
    (place, tables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture::message as file;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn part(octets: &[u8]) -> Message {
        Message { esm_class: UDHI, short_message: Bytes::copy_from_slice(octets), ..Message::default() }
    }

    #[test]
    fn worked_parts_say_where_they_belong() {
        let place = |wide, number| Place { reference: 0, wide, total: 2, number };
        for (name, wanted) in [
            ("66-sms-mo-concat-part2-first.hex", place(false, 2)),
            ("53-sms-concat8-part2.hex", place(false, 2)),
            ("54-sms-concat16-part1.hex", place(true, 1)),
            ("55-sms-sar-part1.hex", place(true, 1)),
        ] {
            let message = file(name);
            match shape(&message, true) {
                Shape::Part(got, content) => {
                    assert_eq!(Place { reference: 0, ..got }, wanted, "{name}");
                    assert!(content.octets.iter().all(|octet| *octet >= b' '), "{name}: no header is left");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(matches!(shape(&file("51-sms-mo.hex"), true), Shape::Single(_)));
        assert!(matches!(
            shape(&file("56-sms-payload.hex"), true),
            Shape::Single(content) if content.octets.len() > 160
        ));
    }

    #[test]
    fn bad_13_a_header_longer_than_its_message_is_text() {
        let message = file("bad/13-udh-length-overrun.hex");
        assert!(matches!(shape(&message, true), Shape::Single(content) if content.octets.len() == 9));
    }

    #[test]
    fn bad_14_part_three_of_two_is_dropped() {
        assert_eq!(shape(&file("bad/14-concat-index-out-of-range.hex"), true), Shape::Impossible);
    }

    #[test]
    fn a_header_that_lost_its_length_octet_is_read_where_the_gateway_does_so() {
        let message = part(&[0, 3, 9, 2, 1, b'a']);
        let place = Place { reference: 9, wide: false, total: 2, number: 1 };
        assert!(matches!(shape(&message, true), Shape::Part(got, _) if got == place));
        assert!(matches!(shape(&message, false), Shape::Single(content) if content.octets.len() == 5));
    }

    #[test]
    fn other_header_elements_are_passed_over() {
        let message = part(&[10, 0x05, 3, 1, 2, 3, 0, 3, 9, 2, 1, b'a']);
        assert!(matches!(shape(&message, true), Shape::Part(Place { reference: 9, .. }, _)));
        let message = part(&[4, 0x70, 2, 1, 2, b'a']);
        assert!(matches!(shape(&message, true), Shape::Single(content) if content.octets == b"a"));
    }

    #[test]
    fn national_tables_are_named_by_the_header() {
        let message = part(&[6, 0x24, 1, 2, 0x25, 1, 3, 0x1B, b'i']);
        let Shape::Single(content) = shape(&message, true) else { panic!("no part") };
        assert_eq!(content.tables.single, Some(Language::Spanish));
        assert_eq!(content.tables.locking, Some(Language::Portuguese));
        assert_eq!((content.header, content.tables.decode(content.octets)), (7, "í".to_owned()));
        let message = part(&[3, 0x25, 1, 9, b'a']);
        let Shape::Single(unknown) = shape(&message, true) else { panic!("no part") };
        assert_eq!(unknown.tables, Tables::default());
    }

    proptest! {
        #[test]
        fn any_octets_have_a_shape(octets in proptest::collection::vec(any::<u8>(), 0..40), stripped: bool) {
            let message = part(&octets);
            if let Shape::Part(place, _) = shape(&message, stripped) {
                prop_assert!(place.number >= 1 && place.number <= place.total);
            }
        }
    }
}
