//! National language tables of the GSM 7-bit alphabet (3GPP TS 23.038, annex A), announced by
//! elements 0x24 and 0x25 of a user data header: Turkish, Spanish, Portuguese.
//!
//! The Indic tables are not spoken: what names one is read by the default tables, as a phone does
//! that lacks it.

use super::alphabet::{self, Code, ESC};
use serde::{Deserialize, Serialize};

/// The language with a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// National language identifier 1.
    Turkish,
    /// National language identifier 2; it has no locking table.
    Spanish,
    /// National language identifier 3.
    Portuguese,
}

impl Language {
    /// All of them, in the order they are tried.
    pub const ALL: [Self; 3] = [Self::Spanish, Self::Portuguese, Self::Turkish];

    /// By its national language identifier (TS 23.038, 6.2.1.2.4).
    pub const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Turkish),
            2 => Some(Self::Spanish),
            3 => Some(Self::Portuguese),
            _ => None,
        }
    }

    /// Its national language identifier.
    pub const fn id(self) -> u8 {
        match self {
            Self::Turkish => 1,
            Self::Spanish => 2,
            Self::Portuguese => 3,
        }
    }

    /// Where its locking table differs from the default one (A.3).
    const fn locking(self) -> &'static [(u8, char)] {
        match self {
            Self::Turkish => &[
                (0x04, '€'),
                (0x07, 'ı'),
                (0x0B, 'Ğ'),
                (0x0C, 'ğ'),
                (0x1C, 'Ş'),
                (0x1D, 'ş'),
                (0x40, 'İ'),
                (0x60, 'ç'),
            ],
            Self::Spanish => &[],
            Self::Portuguese => &[
                (0x04, 'ê'),
                (0x06, 'ú'),
                (0x07, 'í'),
                (0x08, 'ó'),
                (0x09, 'ç'),
                (0x0B, 'Ô'),
                (0x0C, 'ô'),
                (0x0E, 'Á'),
                (0x0F, 'á'),
                (0x12, 'ª'),
                (0x13, 'Ç'),
                (0x14, 'À'),
                (0x15, '∞'),
                (0x16, '^'),
                (0x17, '\\'),
                (0x18, '€'),
                (0x19, 'Ó'),
                (0x1A, '|'),
                (0x1C, 'Â'),
                (0x1D, 'â'),
                (0x1E, 'Ê'),
                (0x24, 'º'),
                (0x40, 'Í'),
                (0x5B, 'Ã'),
                (0x5C, 'Õ'),
                (0x5D, 'Ú'),
                (0x60, '~'),
                (0x7B, 'ã'),
                (0x7C, 'õ'),
                (0x7D, '`'),
            ],
        }
    }

    /// What its single shift table has beside the default extension (A.2).
    const fn single(self) -> &'static [(u8, char)] {
        match self {
            Self::Turkish => {
                &[(0x47, 'Ğ'), (0x49, 'İ'), (0x53, 'Ş'), (0x63, 'ç'), (0x67, 'ğ'), (0x69, 'ı'), (0x73, 'ş')]
            }
            Self::Spanish => &[
                (0x09, 'ç'),
                (0x41, 'Á'),
                (0x49, 'Í'),
                (0x4F, 'Ó'),
                (0x55, 'Ú'),
                (0x61, 'á'),
                (0x69, 'í'),
                (0x6F, 'ó'),
                (0x75, 'ú'),
            ],
            Self::Portuguese => &[
                (0x05, 'ê'),
                (0x09, 'ç'),
                (0x0B, 'Ô'),
                (0x0C, 'ô'),
                (0x0E, 'Á'),
                (0x0F, 'á'),
                (0x12, 'Φ'),
                (0x13, 'Γ'),
                (0x15, 'Ω'),
                (0x16, 'Π'),
                (0x17, 'Ψ'),
                (0x18, 'Σ'),
                (0x19, 'Θ'),
                (0x1F, 'Ê'),
                (0x41, 'À'),
                (0x49, 'Í'),
                (0x4F, 'Ó'),
                (0x55, 'Ú'),
                (0x5B, 'Ã'),
                (0x5C, 'Õ'),
                (0x61, 'Â'),
                (0x69, 'í'),
                (0x6F, 'ó'),
                (0x75, 'ú'),
                (0x7B, 'ã'),
                (0x7C, 'õ'),
                (0x7F, 'â'),
            ],
        }
    }
}

/// Which tables a text is written in: the default ones, unless a header says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// In place of the default table.
    pub locking: Option<Language>,
    /// In place of the extension table.
    pub single: Option<Language>,
}

impl Tables {
    /// The elements of a user data header that announce them; none for the default tables.
    pub fn elements(self) -> Vec<u8> {
        let single = self.single.map(|language| [0x24, 0x01, language.id()]);
        let locking = self.locking.map(|language| [0x25, 0x01, language.id()]);
        single.into_iter().chain(locking).flatten().collect()
    }

    /// How `c` goes on the air; `None` when neither table has it.
    pub fn code(self, c: char) -> Option<Code> {
        let at = |table: &[(u8, char)]| table.iter().find(|(_, t)| *t == c).map(|(septet, _)| *septet);
        let locking = self.locking.map_or(&[][..], Language::locking);
        let basic = at(locking).or_else(|| match alphabet::code(c) {
            Some(Code::Basic(septet)) if locking.iter().all(|(taken, _)| *taken != septet) => Some(septet),
            _ => None,
        });
        let single = || at(self.single.map_or(&[][..], Language::single));
        let extension = || match alphabet::code(c) {
            Some(Code::Extended(septet)) => Some(septet),
            _ => None,
        };
        basic.map(Code::Basic).or_else(|| single().or_else(extension).map(Code::Extended))
    }

    /// A text as unpacked septets; `None` when a character has no place in the tables.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        let mut septets = Vec::with_capacity(text.len());
        for c in text.chars() {
            match self.code(c)? {
                Code::Basic(septet) => septets.push(septet),
                Code::Extended(septet) => septets.extend([ESC, septet]),
            }
        }
        Some(septets)
    }

    /// Unpacked septets as text, by the rules of [`alphabet::decode`].
    pub fn decode(self, septets: &[u8]) -> String {
        if self == Self::default() {
            return alphabet::decode(septets);
        }
        let of = |table: &[(u8, char)], septet| table.iter().find(|(s, _)| *s == septet).map(|(_, c)| *c);
        let locking = self.locking.map_or(&[][..], Language::locking);
        let single = self.single.map_or(&[][..], Language::single);
        let basic = |septet| of(locking, septet).unwrap_or_else(|| alphabet::basic(septet));
        let mut text = String::with_capacity(septets.len());
        let mut rest = septets.iter().copied();
        while let Some(septet) = rest.next() {
            let c = match septet {
                ESC => match rest.next() {
                    None | Some(ESC) => ' ',
                    Some(next) => {
                        of(single, next).or_else(|| alphabet::extension(next)).unwrap_or_else(|| basic(next))
                    }
                },
                septet => basic(septet),
            };
            text.push(c);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn every() -> impl Iterator<Item = Tables> {
        let some = || std::iter::once(None).chain(Language::ALL.map(Some));
        some().flat_map(move |locking| some().map(move |single| Tables { locking, single }))
    }

    #[test]
    fn words_of_each_language_are_septets_in_its_tables() {
        for (language, words) in [
            (Language::Turkish, "Işık çağrısı İşe Ğ"),
            (Language::Spanish, "Así está el árbol, Álvaro: ¿qué más? útil"),
            (Language::Portuguese, "Não há coração à venda, avô. Ótimo: maçãs, pêras"),
        ] {
            assert_eq!(Tables::default().encode(words), None, "{words}");
            let single = Tables { single: Some(language), ..Tables::default() };
            let septets = single.encode(words).expect("septets");
            assert_eq!(single.decode(&septets), words);
            if language != Language::Spanish {
                let locking = Tables { locking: Some(language), ..Tables::default() };
                let shorter = locking.encode(words).expect("septets");
                assert!(shorter.len() < septets.len());
                assert_eq!(locking.decode(&shorter), words);
            }
        }
    }

    #[test]
    fn worked_septets() {
        let single = |language| Tables { single: Some(language), ..Tables::default() };
        let locking = |language| Tables { locking: Some(language), ..Tables::default() };
        for (tables, septets, text) in [
            (single(Language::Spanish), &b"Buenos d\x1bias"[..], "Buenos días"),
            (single(Language::Turkish), b"\x1bs\x1bg\x1bi", "şğı"),
            (single(Language::Portuguese), b"\x1b\x0f \x1b{ \x1b\x7f", "á ã â"),
            (locking(Language::Turkish), b"\x1d\x0c\x07\x04", "şğı€"),
            (locking(Language::Portuguese), b"\x0f{|\x16\x17", "áãõ^\\"),
        ] {
            assert_eq!(tables.decode(septets), text);
            assert_eq!(tables.encode(text).as_deref(), Some(septets));
        }
    }

    #[test]
    fn a_phone_without_the_table_shows_the_letter_without_its_mark() {
        let spanish = Tables { single: Some(Language::Spanish), ..Tables::default() };
        let septets = spanish.encode("Así más").expect("septets");
        assert_eq!(alphabet::decode(&septets), "Asi mas");
    }

    #[test]
    fn digits_and_plain_letters_are_the_same_in_every_table() {
        for tables in every() {
            for c in ('0'..='9').chain('a'..='z').chain('A'..='Z').chain([' ', '.', ',', '*', '#']) {
                assert_eq!(tables.code(c), alphabet::code(c), "{c} in {tables:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_can_be_encoded_decodes_to_itself(text in "[a-zA-Z0-9 áçãíóúêşğıİ€^{\\[ÓÂ`ª]{0,60}") {
            for tables in every() {
                if let Some(septets) = tables.encode(&text) {
                    prop_assert_eq!(tables.decode(&septets), text.clone());
                }
            }
        }

        #[test]
        fn any_septets_decode(septets in proptest::collection::vec(any::<u8>(), 0..80)) {
            for tables in every() {
                prop_assert!(tables.decode(&septets).chars().count() <= septets.len());
            }
        }
    }
}
