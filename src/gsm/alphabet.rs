//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1).
//!
//! Swahili and English need no other table; see [`super::national`] for those of other languages.
//! None has the vowels of Kikuyu and Kamba.

use std::borrow::Cow;

/// Announces that the next septet is of the extension table.
pub const ESC: u8 = 0x1B;

/// The default table, by septet. `ESC` stands at its own place and is never a character.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The extension table: septet after `ESC`, and its character.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Septet of each ASCII character of the default table; 0xFF where there is none.
const ASCII: [u8; 128] = {
    let mut table = [0xFF; 128];
    let mut septet = 0;
    while septet < 128 {
        let c = BASIC[septet] as usize;
        if c < 128 && septet != ESC as usize {
            table[c] = septet as u8;
        }
        septet += 1;
    }
    table
};

/// How one character goes on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// One septet of the default table.
    Basic(u8),
    /// `ESC` and this septet.
    Extended(u8),
}

impl Code {
    /// Septets it takes: one or two.
    pub const fn septets(self) -> usize {
        match self {
            Self::Basic(_) => 1,
            Self::Extended(_) => 2,
        }
    }
}

/// How `c` goes on the air; `None` when neither table has it.
pub fn code(c: char) -> Option<Code> {
    let basic = if c.is_ascii() {
        Some(ASCII[c as usize]).filter(|septet| *septet != 0xFF)
    } else {
        BASIC.iter().position(|b| *b == c).map(|at| at as u8)
    };
    basic
        .map(Code::Basic)
        .or_else(|| EXTENSION.iter().find(|(_, e)| *e == c).map(|(septet, _)| Code::Extended(*septet)))
}

/// A text as unpacked septets, one an octet; `None` when a character has no place in the tables.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for c in text.chars() {
        match code(c)? {
            Code::Basic(septet) => septets.push(septet),
            Code::Extended(septet) => septets.extend([ESC, septet]),
        }
    }
    Some(septets)
}

/// Unpacked septets as text.
///
/// An extension code that the table lacks shows the default character of that code (6.2.1.1); a
/// doubled or last `ESC` shows a blank; an octet above 0x7F is no septet and shows U+FFFD.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut octets = septets.iter().copied();
    while let Some(octet) = octets.next() {
        if octet != ESC {
            text.push(basic(octet));
            continue;
        }
        match octets.next() {
            None | Some(ESC) => text.push(' '),
            Some(next) => {
                text.push(extension(next).unwrap_or_else(|| basic(next)));
            }
        }
    }
    text
}

/// What the extension table has at a septet.
pub(super) fn extension(septet: u8) -> Option<char> {
    EXTENSION.iter().find(|(at, _)| *at == septet).map(|(_, c)| *c)
}

/// What the default table has at an octet; U+FFFD above 0x7F.
pub(super) fn basic(octet: u8) -> char {
    BASIC.get(usize::from(octet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The text with typographic quotes, dashes and blanks written as ASCII has them, so that a curly
/// apostrophe does not cost a message more than half its length.
pub fn simplify(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| plain(c).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut simple = String::with_capacity(text.len());
    for c in text.chars() {
        match plain(c) {
            Some(ascii) => simple.push_str(ascii),
            None => simple.push(c),
        }
    }
    Cow::Owned(simple)
}

/// The text with letters without their marks where the alphabet has no such letter: `ĩ` as `i`.
/// What has no plain letter stays, and so does every digit.
pub fn plain_letters(text: &str) -> String {
    let plain = |c: char| {
        let base = || LETTERS.iter().find(|(_, marked)| marked.contains(c)).map(|(base, _)| *base);
        if code(c).is_some() { c } else { base().unwrap_or(c) }
    };
    text.chars().map(plain).collect()
}

/// Plain letters, and the marked ones that are written as them.
const LETTERS: [(char, &str); 28] = [
    ('A', "ÁÂÃĀĂĄÀ"),
    ('a', "áâãāăą"),
    ('C', "ĆĈĊČ"),
    ('c', "çćĉċč"),
    ('D', "Ď"),
    ('d', "ď"),
    ('E', "ÈÊËĒĔĖĘĚẼ"),
    ('e', "êëēĕėęěẽ"),
    ('G', "ĜĞĠĢ"),
    ('g', "ĝğġģ"),
    ('I', "ÌÍÎÏĨĪĬĮİ"),
    ('i', "íîïĩīĭįı"),
    ('N', "ŃŅŇ"),
    ('n', "ńņň"),
    ('O', "ÒÓÔÕŌŎŐ"),
    ('o', "óôõōŏő"),
    ('R', "ŔŖŘ"),
    ('r', "ŕŗř"),
    ('S', "ŚŜŞŠ"),
    ('s', "śŝşš"),
    ('T', "ŢŤ"),
    ('t', "ţť"),
    ('U', "ÙÚÛŨŪŬŮŰŲ"),
    ('u', "úûũūŭůűų"),
    ('Y', "ÝŶŸ"),
    ('y', "ýÿŷ"),
    ('Z', "ŹŻŽ"),
    ('z', "źżž"),
];

/// What stands in ASCII for a typographic character.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '\u{02BC}' | '\u{00B4}' | '`' => "'",
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' | '\u{00AB}' | '\u{00BB}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2026}' => "...",
        '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\t' => " ",
        '\u{200B}' | '\u{200C}' | '\u{200D}' | '\u{FEFF}' => "",
        '\u{00D7}' => "x",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn number(text: &str) -> u8 {
        u8::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex")
    }

    fn letter(entry: &Value) -> char {
        entry["char"].as_str().and_then(|s| s.chars().next()).expect("one character")
    }

    #[test]
    fn both_tables_equal_the_published_ones() {
        let json: Value =
            serde_json::from_str(include_str!("../../fixtures/gsm0338.json")).expect("fixture is JSON");
        let basic = json["basic"].as_array().expect("a list");
        assert_eq!(basic.len(), 128);
        for entry in basic {
            let septet = number(entry["code"].as_str().expect("a code"));
            if septet != ESC {
                assert_eq!(code(letter(entry)), Some(Code::Basic(septet)), "{entry}");
                assert_eq!(decode(&[septet]), letter(entry).to_string());
            }
        }
        let extension = json["extension"].as_object().expect("a map");
        assert_eq!(extension.len(), EXTENSION.len());
        for (septet, entry) in extension {
            assert_eq!(code(letter(entry)), Some(Code::Extended(number(septet))), "{entry}");
            assert_eq!(decode(&[ESC, number(septet)]), letter(entry).to_string());
        }
    }

    #[test]
    fn an_unknown_extension_code_shows_the_default_character() {
        assert_eq!(decode(&[ESC, b'A']), "A");
        assert_eq!(decode(&[b'x', ESC]), "x ");
        assert_eq!(decode(&[ESC, ESC, b'y']), " y");
        assert_eq!(decode(&[0xE9]), "\u{FFFD}");
    }

    #[test]
    fn typographic_marks_become_ascii() {
        assert_eq!(simplify("ng\u{2019}ombe \u{2013} \u{201C}sawa\u{201D}\u{2026}"), "ng'ombe - \"sawa\"...");
        assert!(matches!(simplify("ng'ombe"), Cow::Borrowed(_)));
        assert_eq!(code('\u{0129}'), None, "the Kikuyu vowel stays what it is");
    }

    proptest! {
        #[test]
        fn what_can_be_encoded_decodes_to_itself(text in "\\PC{0,200}") {
            if let Some(septets) = encode(&text) {
                prop_assert_eq!(decode(&septets), text);
            }
        }

        #[test]
        fn any_octets_decode_to_something(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = decode(&octets);
            prop_assert!(text.chars().count() <= octets.len());
        }

        #[test]
        fn no_substitution_changes_a_digit_or_what_can_be_sent(text in "[0-9*#,. ×–…’áĩũŨçğ•²٣\u{a0}]{0,60}") {
            let digits = |s: &str| s.chars().filter(|c| c.is_numeric() || "*#,.".contains(*c)).collect::<String>();
            let dots = |s: &str| digits(&s.replace('…', "..."));
            let simple = simplify(&text);
            prop_assert_eq!(digits(&simple), dots(&text));
            prop_assert_eq!(digits(&plain_letters(&text)), digits(&text));
            if encode(&text).is_some() {
                prop_assert_eq!(simple.as_ref(), text.as_str());
                prop_assert_eq!(plain_letters(&text), text);
            }
        }

        #[test]
        fn simplifying_twice_is_simplifying_once(text in "\\PC{0,80}") {
            let once = simplify(&text).into_owned();
            prop_assert_eq!(simplify(&once).into_owned(), once);
        }
    }
}
