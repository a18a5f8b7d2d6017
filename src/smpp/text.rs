//! Text by data_coding: SMPP's own numbers (3.4, 5.2.19) and, for USSD, the cell broadcast ones
//! (3GPP TS 23.038, clause 5) that gateways pass through.

pub use crate::gsm::charset::Charset;
use crate::gsm::{alphabet, septets};

/// A text that was read, and whether all of it could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What it says.
    pub text: String,
    /// Some octets made no character: an odd one at the end of UCS-2, half a surrogate pair.
    pub damaged: bool,
}

/// Reads octets by their data_coding. A number nobody knows is read as the default alphabet: the
/// text of a begin is digits, `*` and `#`, which are the same octets in all of them.
pub fn read(octets: &[u8], data_coding: u8, default: Charset) -> Read {
    match data_coding {
        0x08 | 0x18 | 0x48 => ucs2(octets),
        0x11 => ucs2(octets.strip_prefix(language(octets, true)).unwrap_or(octets)),
        0x10 => by_charset(octets.strip_prefix(language(octets, false)).unwrap_or(octets), default),
        0x02..=0x04 | 0x44 | 0xF4..=0xF7 => latin1(octets),
        0x01 => Read { text: String::from_utf8_lossy(octets).into_owned(), damaged: !octets.is_ascii() },
        _ => by_charset(octets, default),
    }
}

/// The two letters and CR that data_coding 0x10 and 0x11 put before a text.
fn language(octets: &[u8], wide: bool) -> &[u8] {
    let head = if wide { 6 } else { 3 };
    match octets.get(..head) {
        Some(prefix) if prefix.last() == Some(&b'\r') => prefix,
        _ => &[],
    }
}

fn by_charset(octets: &[u8], charset: Charset) -> Read {
    let gsm = |septets: &[u8]| {
        let text = alphabet::decode(septets);
        Read { damaged: text.contains(char::REPLACEMENT_CHARACTER), text }
    };
    match charset {
        Charset::Gsm => gsm(octets),
        Charset::GsmPacked => gsm(&septets::unpack(octets)),
        Charset::Latin1 => latin1(octets),
        Charset::Utf8 => {
            let text = String::from_utf8_lossy(octets).into_owned();
            Read { damaged: text.contains(char::REPLACEMENT_CHARACTER), text }
        }
    }
}

fn latin1(octets: &[u8]) -> Read {
    Read { text: octets.iter().map(|octet| *octet as char).collect(), damaged: false }
}

fn ucs2(octets: &[u8]) -> Read {
    let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut damaged = octets.len() % 2 == 1;
    let text = char::decode_utf16(units)
        .map(|c| {
            c.unwrap_or_else(|_| {
                damaged = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    Read { text, damaged }
}

/// Octets of a text in the default alphabet of an SMSC; `None` when it lacks a character.
pub fn write(text: &str, charset: Charset) -> Option<Vec<u8>> {
    charset.write(text)
}

/// Octets of a text as UCS-2, in truth UTF-16, high octet first.
pub fn write_ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture;
    use proptest::prelude::*;

    fn of(name: &str, default: Charset) -> Read {
        let message = fixture::message(name);
        read(message.text_octets(), message.data_coding, default)
    }

    #[test]
    fn kikuyu_vowels_arrive_in_ucs2() {
        let read = of("65-sms-mo-ucs2.hex", Charset::Gsm);
        assert_eq!((read.text.as_str(), read.damaged), ("Nĩ wega, ndũ no kĩ?", false));
    }

    #[test]
    fn packed_text_unpacks_to_what_was_meant() {
        let read = of("36-ussd-continue-packed.hex", Charset::GsmPacked);
        assert!(read.text.is_ascii() && !read.damaged, "{read:?}");
        assert_eq!(read.text.chars().count(), 13);
    }

    #[test]
    fn bad_16_an_odd_octet_of_ucs2_is_left_out_and_noticed() {
        let read = of("bad/16-ucs2-odd-length.hex", Charset::Gsm);
        assert!(read.damaged);
        assert!(!read.text.is_empty());
    }

    #[test]
    fn a_language_prefix_is_taken_off() {
        assert_eq!(read(b"sw\rKaribu", 0x10, Charset::Gsm).text, "Karibu");
        assert_eq!(read(b"Flash", 0x10, Charset::Gsm).text, "Flash");
        assert_eq!(read(&write_ucs2("sw\rNĩ"), 0x11, Charset::Gsm).text, "Nĩ");
    }

    #[test]
    fn an_unknown_data_coding_still_gives_the_dialled_code() {
        for data_coding in [0x00, 0x0F, 0x07, 0x99, 0xF0, 0xFF] {
            assert_eq!(read(b"*483*57#", data_coding, Charset::Gsm).text, "*483*57#", "{data_coding:x}");
        }
    }

    #[test]
    fn latin1_and_utf8_defaults_are_honoured() {
        assert_eq!(read(&[0xE9], 0, Charset::Latin1).text, "é");
        assert_eq!(read("é".as_bytes(), 0, Charset::Utf8).text, "é");
        assert_eq!(read(&[0x05], 0, Charset::Gsm).text, "é");
        assert_eq!(write("ĩ", Charset::Latin1), None);
    }

    proptest! {
        #[test]
        fn any_octets_in_any_coding_are_read(octets in proptest::collection::vec(any::<u8>(), 0..80), data_coding: u8) {
            for default in [Charset::Gsm, Charset::GsmPacked, Charset::Latin1, Charset::Utf8] {
                let _ = read(&octets, data_coding, default);
            }
        }

        #[test]
        fn ucs2_reads_back(text in "\\PC{0,60}") {
            let back = read(&write_ucs2(&text), 8, Charset::Gsm);
            prop_assert_eq!(back, Read { text, damaged: false });
        }
    }
}
