//! What an SMSC means by data_coding 0, and a text written in it.

use super::{alphabet, septets};
use serde::{Deserialize, Serialize};

/// What an SMSC means by data_coding 0, its "default alphabet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// GSM 03.38, one septet an octet.
    #[default]
    Gsm,
    /// GSM 03.38, eight septets in seven octets.
    GsmPacked,
    /// ISO 8859-1; ASCII is its lower half.
    Latin1,
    /// UTF-8.
    Utf8,
}

impl Charset {
    /// Octets of a text; `None` when the alphabet lacks a character.
    pub fn write(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Gsm => alphabet::encode(text),
            Self::GsmPacked => alphabet::encode(text).map(|septets| septets::pack(&septets)),
            Self::Latin1 => text.chars().map(|c| u8::try_from(c).ok()).collect(),
            Self::Utf8 => Some(text.as_bytes().to_vec()),
        }
    }
}
