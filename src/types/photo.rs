//! What a photograph is called.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The name of a photograph: sixteen octets of the hash of what was sent, so that the same picture has the
/// same name however often it comes. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhotoName([u8; 16]);

/// A text that is no name of a photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a photograph has 32 hexadecimal digits")]
pub struct NoPhotoName;

impl PhotoName {
    /// The name of these octets of a hash.
    pub const fn from_bytes(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The octets, in sorting order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PhotoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for PhotoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PhotoName {
    type Err = NoPhotoName;

    fn from_str(text: &str) -> Result<Self, NoPhotoName> {
        let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if text.len() != 32 || !text.bytes().all(lower) {
            return Err(NoPhotoName);
        }
        let mut octets = [0; 16];
        for (at, octet) in octets.iter_mut().enumerate() {
            *octet = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| NoPhotoName)?;
        }
        Ok(Self(octets))
    }
}

impl TryFrom<String> for PhotoName {
    type Error = NoPhotoName;

    fn try_from(text: String) -> Result<Self, NoPhotoName> {
        text.parse()
    }
}

impl From<PhotoName> for String {
    fn from(name: PhotoName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_is_one() {
        let name = PhotoName::from_bytes([0xAB; 16]);
        assert_eq!(name.to_string().parse(), Ok(name));
        for no in ["", "ab", "../../../../../../etc/passwd12345", &"AB".repeat(16), &"é".repeat(16)] {
            assert!(no.parse::<PhotoName>().is_err(), "{no}");
        }
    }
}
