//! Phone numbers in international form (ITU-T E.164) and the national plans we serve.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A subscriber's number: up to fifteen digits, no plus sign, country code first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Msisdn(u64);

/// The first number of nobody's: fifteen digits.
const NOBODYS: u64 = 999_000_000_000_000;

/// Why a text is not a phone number we can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MsisdnError {
    /// Letters, or nothing at all.
    #[error("a phone number is digits, such as 0712 345 678 or +254 712 345 678")]
    NotDigits,
    /// Too few or too many digits for its country.
    #[error("that is not the length of a phone number")]
    Length,
    /// No mobile number of the country begins like this.
    #[error("no mobile number begins like this")]
    Prefix,
}

impl Msisdn {
    /// A number that no phone has, out of a country code that the ITU assigns to nobody (E.164, annexed
    /// list: 999), for what stands in the place of a number that was forgotten.
    pub const fn nobodys(chance: u64) -> Self {
        Self(NOBODYS + chance % 1_000_000_000_000)
    }

    /// Whether it is such a number.
    pub const fn is_nobodys(self) -> bool {
        self.0 >= NOBODYS && self.0 < NOBODYS + 1_000_000_000_000
    }

    /// The number from digits that an SMSC gave us: any E.164 number, no national guessing.
    pub fn from_e164(digits: &str) -> Result<Self, MsisdnError> {
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MsisdnError::NotDigits);
        }
        if !(7..=15).contains(&digits.len()) || digits.starts_with('0') {
            return Err(MsisdnError::Length);
        }
        digits.parse().map(Self).map_err(|_| MsisdnError::NotDigits)
    }

    /// The number as a person in Kenya types it: with or without 0, +254, 00254, blanks.
    pub fn parse_kenyan(text: &str) -> Result<Self, MsisdnError> {
        let kept: String =
            text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let digits = kept.strip_prefix('+').unwrap_or(&kept);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MsisdnError::NotDigits);
        }
        let digits = digits.strip_prefix("00").unwrap_or(digits);
        let national = match digits.strip_prefix("254") {
            Some(rest) => rest.strip_prefix('0').unwrap_or(rest),
            None => digits.strip_prefix('0').unwrap_or(digits),
        };
        if national.len() != 9 {
            return Err(MsisdnError::Length);
        }
        if !is_kenyan_mobile(national) {
            return Err(MsisdnError::Prefix);
        }
        Self::from_e164(&format!("254{national}"))
    }

    /// The digits as one number, for keys and for spreading over lanes.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The number as people in its country write it: `0712345678`.
    pub fn national(self) -> String {
        let text = self.to_string();
        match text.strip_prefix("254") {
            Some(rest) => format!("0{rest}"),
            None => format!("+{text}"),
        }
    }

    /// Enough to recognise, too little to call: for logs.
    pub fn masked(self) -> String {
        let text = self.to_string();
        let (head, tail) = (text.len().min(5), text.len().saturating_sub(3));
        format!("{}{}{}", &text[..head], "*".repeat(tail.saturating_sub(head)), &text[tail.max(head)..])
    }
}

/// Mobile ranges of Kenya's numbering plan: 7xx, 100-108, 110-119, 12x, 13x, 14x, 18x.
fn is_kenyan_mobile(national: &str) -> bool {
    let b = national.as_bytes();
    match (b[0], b[1], b[2]) {
        (b'7', _, _) => true,
        (b'1', b'0', c) => c <= b'8',
        (b'1', b'1' | b'8', _) => true,
        (b'1', b'2', c) => matches!(c, b'0' | b'1' | b'2' | b'4'),
        (b'1', b'3', c) => matches!(c, b'0' | b'3' | b'5'..=b'9'),
        (b'1', b'4', c) => c <= b'6',
        _ => false,
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Masked, so that a number never reaches a log by way of `{:?}`.
impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl FromStr for Msisdn {
    type Err = MsisdnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_e164(text)
    }
}

impl TryFrom<String> for Msisdn {
    type Error = MsisdnError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_e164(&text)
    }
}

impl From<Msisdn> for String {
    fn from(number: Msisdn) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_a_kenyan_writes_her_number_is_the_same_number() {
        for text in [
            "0712345678",
            "712345678",
            "254712345678",
            "+254712345678",
            "+254 712-345-678",
            "+2540712345678",
            "00254712345678",
        ] {
            assert_eq!(
                Msisdn::parse_kenyan(text).map(|m| m.to_string()),
                Ok("254712345678".into()),
                "{text}"
            );
        }
        assert_eq!(Msisdn::parse_kenyan("0110123456").map(|m| m.to_string()), Ok("254110123456".into()));
    }

    #[test]
    fn too_long_too_short_and_landlines_are_refused() {
        assert_eq!(Msisdn::parse_kenyan("07123456789"), Err(MsisdnError::Length));
        assert_eq!(Msisdn::parse_kenyan("25471234567"), Err(MsisdnError::Length));
        assert_eq!(Msisdn::parse_kenyan("0202345678"), Err(MsisdnError::Prefix));
        assert_eq!(Msisdn::parse_kenyan("mama"), Err(MsisdnError::NotDigits));
    }

    #[test]
    fn a_number_in_a_log_is_masked() {
        let number = Msisdn::from_e164("254712345678").expect("valid");
        assert_eq!(format!("{number:?}"), "25471****678");
        assert_eq!(number.national(), "0712345678");
    }
}
