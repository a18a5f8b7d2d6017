//! The languages of the shop: which one somebody reads, and what stands there.
//!
//! * [`texts`] is the catalogue. Each text is a function with both languages beside one another, so that
//!   one that lacks a language, or says a value in one of them only, does not compile.
//! * [`words`] says the engine's stable words: kinds, materials, steps, states, days.
//! * [`reader`] finds out who reads.

pub(super) mod reader;
mod search;
mod texts;
mod words;

pub(super) use reader::Reader;
pub(super) use search::terms;
pub(super) use words::lower;

/// A language of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tongue {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Tongue {
    /// Every language, the first one for whoever reads none of them.
    pub(super) const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// Its letters (ISO 639-1).
    pub(super) const fn letters(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// As Open Graph writes it, with a country.
    pub(super) const fn locale(self) -> &'static str {
        match self {
            Self::En => "en_GB",
            Self::Fr => "fr_FR",
        }
    }

    /// What it calls itself.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Fr => "Français",
        }
    }

    /// The language of these letters, whatever country stands behind them: `fr`, `fr-BE`.
    pub(super) fn of(tag: &str) -> Option<Self> {
        let main = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|tongue| main.eq_ignore_ascii_case(tongue.letters()))
    }
}
