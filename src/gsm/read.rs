//! Text by data_coding: SMPP's own numbers (3.4, 5.2.19) and, for USSD, the cell broadcast ones
//! (3GPP TS 23.038, clause 5) that gateways pass through.

use super::charset::Charset;
use super::national::Tables;
use super::septets;

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
    read_with(octets, data_coding, default, Tables::default())
}

/// The same, where a user data header named national tables.
pub fn read_with(octets: &[u8], data_coding: u8, default: Charset, tables: Tables) -> Read {
    let by_charset = |octets: &[u8]| by_charset(octets, default, tables);
    match data_coding {
        0x08 | 0x18 | 0x48 => ucs2(octets),
        0x11 => ucs2(octets.strip_prefix(language(octets, true)).unwrap_or(octets)),
        0x10 => by_charset(octets.strip_prefix(language(octets, false)).unwrap_or(octets)),
        0x02..=0x04 | 0x44 | 0xF4..=0xF7 => latin1(octets),
        0x01 => Read { text: String::from_utf8_lossy(octets).into_owned(), damaged: !octets.is_ascii() },
        _ => by_charset(octets),
    }
}

/// Whether a data_coding means the SMSC's default alphabet, so that octets may be packed septets.
pub const fn is_default(data_coding: u8) -> bool {
    !matches!(data_coding, 0x01..=0x04 | 0x08 | 0x11 | 0x18 | 0x44 | 0x48 | 0xF4..=0xF7)
}

/// The two letters and CR that data_coding 0x10 and 0x11 put before a text.
fn language(octets: &[u8], wide: bool) -> &[u8] {
    let head = if wide { 6 } else { 3 };
    match octets.get(..head) {
        Some(prefix) if prefix.last() == Some(&b'\r') => prefix,
        _ => &[],
    }
}

fn by_charset(octets: &[u8], charset: Charset, tables: Tables) -> Read {
    let gsm = |septets: &[u8]| {
        let text = tables.decode(septets);
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
