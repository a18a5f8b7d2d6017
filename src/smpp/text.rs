//! Text by data_coding: SMPP's own numbers (3.4, 5.2.19) and, for USSD, the cell broadcast ones
//! (3GPP TS 23.038, clause 5) that gateways pass through.

pub use crate::gsm::charset::Charset;
pub use crate::gsm::read::{Read, read};

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
