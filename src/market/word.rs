//! Words of the menus' closed sets (`necklace`, `brass`, `kibera`): the domain keeps them, the
//! menus give them labels.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The most characters a word may have.
pub const LONGEST: usize = 24;

/// A word of a closed set: small letters, digits and underscores, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word(String);

/// A text that cannot be a word of a closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a word is 1 to {LONGEST} small letters, digits or underscores, a letter first: {0:?}")]
pub struct NotAWord(pub String);

impl Word {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = NotAWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = text.len() <= LONGEST
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if good { Ok(Self(text.to_owned())) } else { Err(NotAWord(text.to_owned())) }
    }
}

impl TryFrom<String> for Word {
    type Error = NotAWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_small_letters_and_nothing_that_could_be_markup() {
        assert_eq!("necklace".parse::<Word>().map(|w| w.to_string()), Ok("necklace".into()));
        for text in ["", "Necklace", "7up", "a b", "<b>", "a_very_long_word_of_twenty_five"] {
            assert_eq!(text.parse::<Word>(), Err(NotAWord(text.into())));
        }
    }
}
