//! The languages a text may be written in.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A language as its two-letter tag (ISO 639-1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lang([u8; 2]);

impl Lang {
    /// English.
    pub const EN: Self = Self(*b"en");
    /// Swahili.
    pub const SW: Self = Self(*b"sw");

    /// The tag, two lower-case letters.
    pub fn tag(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("en")
    }
}

/// A language tag is two lower-case letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a language is two lower-case letters, such as en or sw")]
pub struct NotALang;

impl FromStr for Lang {
    type Err = NotALang;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_lowercase() && b.is_ascii_lowercase() => Ok(Self([*a, *b])),
            _ => Err(NotALang),
        }
    }
}

impl TryFrom<String> for Lang {
    type Error = NotALang;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Lang> for String {
    fn from(lang: Lang) -> Self {
        lang.tag().to_owned()
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}
