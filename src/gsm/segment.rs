//! A text as one SMS, or as the parts of a long one (3GPP TS 23.040, 9.2.3.24.1).

use super::{alphabet, fit};

/// Octets of the header that marks a part: `05 00 03`, reference, count, number.
const HEADER: usize = 6;
/// Septets of text beside the header.
const PART_SEPTETS: usize = 153;
/// UTF-16 units of text beside the header.
const PART_UNITS: usize = 67;
/// UTF-16 units of a message on its own.
const SINGLE_UNITS: usize = 70;
/// The count of parts is one octet.
const MOST_PARTS: usize = 255;

/// How the octets of a part are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// GSM 7-bit, one septet an octet.
    Gsm7,
    /// UCS-2 (in truth UTF-16), high octet first.
    Ucs2,
}

/// A text ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How every part is coded.
    pub coding: Coding,
    /// Whether each part begins with a user data header: set when there is more than one.
    pub header: bool,
    /// The octets of each part.
    pub parts: Vec<Vec<u8>>,
}

/// The text needs more parts than a header can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text needs {0} parts of SMS; at most 255 can be numbered")]
pub struct TooLong(pub usize);

/// Cuts a text into what is sent. Typographic marks become ASCII first; what then is outside
/// GSM-7 goes as UCS-2. `reference` ties the parts together on the phone.
pub fn segment(text: &str, reference: u8) -> Result<Message, TooLong> {
    let text = alphabet::simplify(text);
    let (coding, bodies) = match alphabet::encode(&text) {
        Some(septets) => (Coding::Gsm7, split_septets(&septets)),
        None => (Coding::Ucs2, split_units(&text)),
    };
    let count = bodies.len();
    if count > MOST_PARTS {
        return Err(TooLong(count));
    }
    let header = count > 1;
    let parts = bodies
        .into_iter()
        .zip(1u8..)
        .map(|(body, number)| {
            let mut part = Vec::with_capacity(HEADER + body.len());
            if header {
                part.extend([0x05, 0x00, 0x03, reference, count as u8, number]);
            }
            part.extend(body);
            part
        })
        .collect();
    Ok(Message { coding, header, parts })
}

/// How many SMS the text is paid for.
pub fn parts(text: &str) -> usize {
    let text = alphabet::simplify(text);
    match alphabet::encode(&text) {
        Some(septets) => split_septets(&septets).len(),
        None => split_units(&text).len(),
    }
}

/// Parts of at most 153 septets, none ending between an escape and its septet.
fn split_septets(septets: &[u8]) -> Vec<Vec<u8>> {
    if septets.len() <= fit::SMS_SEPTETS {
        return vec![septets.to_vec()];
    }
    let mut parts = Vec::new();
    let mut rest = septets;
    while rest.len() > PART_SEPTETS {
        // An escape last in the part belongs to the septet after it; a doubled one never occurs.
        let at = if rest[PART_SEPTETS - 1] == alphabet::ESC { PART_SEPTETS - 1 } else { PART_SEPTETS };
        let (part, left) = rest.split_at(at);
        parts.push(part.to_vec());
        rest = left;
    }
    parts.push(rest.to_vec());
    parts
}

/// Parts of at most 67 UTF-16 units, none ending inside a surrogate pair.
fn split_units(text: &str) -> Vec<Vec<u8>> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let octets = |units: &[u16]| units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>();
    if units.len() <= SINGLE_UNITS {
        return vec![octets(&units)];
    }
    let mut parts = Vec::new();
    let mut rest = units.as_slice();
    while rest.len() > PART_UNITS {
        let high_surrogate = (0xD800..0xDC00).contains(&rest[PART_UNITS - 1]);
        let (part, left) = rest.split_at(PART_UNITS - usize::from(high_surrogate));
        parts.push(octets(part));
        rest = left;
    }
    parts.push(octets(rest));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_back(message: &Message) -> String {
        message
            .parts
            .iter()
            .map(|part| {
                let body = if message.header { &part[HEADER..] } else { &part[..] };
                match message.coding {
                    Coding::Gsm7 => alphabet::decode(body),
                    Coding::Ucs2 => {
                        let units: Vec<u16> =
                            body.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                        String::from_utf16(&units).expect("no part ends inside a pair")
                    }
                }
            })
            .collect()
    }

    #[test]
    fn the_limits_are_160_and_153_septets_70_and_67_units() {
        for (text, count) in [
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("ĩ".repeat(70), 1),
            ("ĩ".repeat(71), 2),
            ("ĩ".repeat(134), 2),
            ("ĩ".repeat(135), 3),
        ] {
            assert_eq!(parts(&text), count, "{} characters", text.chars().count());
        }
    }

    #[test]
    fn each_part_says_which_it_is() {
        let message = segment(&"a".repeat(200), 0xA7).expect("short enough");
        assert!(message.header);
        assert_eq!(message.parts[0][..6], [5, 0, 3, 0xA7, 2, 1]);
        assert_eq!(message.parts[1][..6], [5, 0, 3, 0xA7, 2, 2]);
        assert_eq!(message.parts[0].len(), 159);
    }

    #[test]
    fn an_escape_pair_stays_in_one_part() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(20));
        let message = segment(&text, 1).expect("short enough");
        assert_eq!(message.parts[0].len(), HEADER + 152);
        assert_eq!(read_back(&message), text);
    }

    #[test]
    fn a_curly_apostrophe_does_not_make_it_ucs2() {
        assert_eq!(segment("ng\u{2019}ombe", 0).map(|m| m.coding), Ok(Coding::Gsm7));
        assert_eq!(segment("nĩ", 0).map(|m| m.coding), Ok(Coding::Ucs2));
    }

    #[test]
    fn a_text_of_more_than_255_parts_is_refused() {
        assert_eq!(segment(&"a".repeat(153 * 255 + 1), 0), Err(TooLong(256)));
    }

    proptest! {
        #[test]
        fn parts_read_back_to_the_text(text in "[a-z€^ĩ\u{1F600} ]{0,500}") {
            let message = segment(&text, 9).expect("short enough");
            prop_assert_eq!(read_back(&message), text.clone());
            prop_assert_eq!(message.parts.len(), parts(&text));
            prop_assert_eq!(message.header, message.parts.len() > 1);
            let most = match (message.coding, message.header) {
                (Coding::Gsm7, false) => 160,
                (Coding::Gsm7, true) => HEADER + 153,
                (Coding::Ucs2, _) => 140,
            };
            prop_assert!(message.parts.iter().all(|part| part.len() <= most));
        }
    }
}
