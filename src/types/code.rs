//! Numbers that people type and say: a listing, an order, a one-time number.
//!
//! Each ends in a Damm check digit (H. M. Damm, 2004), so that any single wrong digit and any
//! swap of two neighbours is noticed before anything happens.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Totally anti-symmetric quasigroup of order 10: row = interim digit, column = next digit.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// What a spoken number names; the kind fixes how many digits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// A listing, and an artisan's own number: five digits.
    Listing,
    /// An order and its parcel: six digits.
    Order,
    /// A one-time number: seven digits, without runs and without 6 beside 7.
    Once,
}

impl CodeKind {
    /// How many digits a number of this kind has, its check digit included.
    pub const fn digits(self) -> u32 {
        match self {
            Self::Listing => 5,
            Self::Order => 6,
            Self::Once => 7,
        }
    }

    /// Its word in menu files, as in `code listing`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Order => "order",
            Self::Once => "once",
        }
    }
}

/// A number of a known kind whose check digit is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpokenCode {
    kind: CodeKind,
    number: u32,
}

/// Why some digits are not a spoken number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Something other than digits, or the wrong count of them.
    #[error("a {0:?} number has {n} digits", n = .0.digits())]
    Shape(CodeKind),
    /// The digits disagree with their check digit.
    #[error("the check digit does not agree")]
    Check,
}

/// The Damm check digit of `digits`; zero over a number that already carries a right one.
fn damm(digits: impl Iterator<Item = u8>) -> u8 {
    digits.fold(0, |interim, digit| DAMM[interim as usize][digit as usize])
}

impl SpokenCode {
    /// Reads a number of `kind`; blanks and dashes between digits are passed over.
    pub fn parse(kind: CodeKind, text: &str) -> Result<Self, CodeError> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '.'))
            .map(|c| c.to_digit(10).map(|d| d as u8))
            .collect::<Option<_>>()
            .ok_or(CodeError::Shape(kind))?;
        if digits.len() != kind.digits() as usize {
            return Err(CodeError::Shape(kind));
        }
        if damm(digits.iter().copied()) != 0 {
            return Err(CodeError::Check);
        }
        let number = digits.iter().fold(0u32, |n, d| n * 10 + u32::from(*d));
        Ok(Self { kind, number })
    }

    /// The `seed`-th number of a kind, taken round its space; the first digit is never zero, so
    /// that a person may leave nothing out. One-time numbers skip the shapes that are easily
    /// misheard.
    pub fn nth(kind: CodeKind, seed: u64) -> Self {
        let body_digits = kind.digits() - 1;
        let low = 10u64.pow(body_digits - 1);
        let space = 9 * low;
        let mut at = seed % space;
        loop {
            let body = (low + at) as u32;
            let check = damm(digits_of(body, body_digits));
            let code = Self { kind, number: body * 10 + u32::from(check) };
            if kind != CodeKind::Once || code.is_clear_when_spoken() {
                return code;
            }
            at = (at + 1) % space;
        }
    }

    /// How many numbers of a kind there are.
    pub const fn space(kind: CodeKind) -> u64 {
        9 * 10u64.pow(kind.digits() - 2)
    }

    /// No three equal neighbours, no three in a row, and no 6 beside 7 ("sita", "saba").
    fn is_clear_when_spoken(self) -> bool {
        let d: Vec<i8> = digits_of(self.number, self.kind.digits()).map(|d| d as i8).collect();
        let run = d.windows(3).any(|w| {
            let (a, b) = (w[1] - w[0], w[2] - w[1]);
            a == b && (-1..=1).contains(&a)
        });
        let misheard = d.windows(2).any(|w| matches!((w[0], w[1]), (6, 7) | (7, 6)));
        !run && !misheard
    }

    /// The kind of thing it names.
    pub const fn kind(self) -> CodeKind {
        self.kind
    }

    /// The digits as one number, for keys.
    pub const fn number(self) -> u32 {
        self.number
    }
}

fn digits_of(number: u32, count: u32) -> impl Iterator<Item = u8> {
    (0..count).rev().map(move |place| (number / 10u32.pow(place) % 10) as u8)
}

impl fmt::Display for SpokenCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = self.kind.digits() as usize)
    }
}

impl From<SpokenCode> for String {
    fn from(code: SpokenCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for SpokenCode {
    type Error = CodeError;

    /// The count of digits tells the kind.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let kind = match text.len() {
            5 => CodeKind::Listing,
            7 => CodeKind::Once,
            _ => CodeKind::Order,
        };
        Self::parse(kind, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example_has_check_digit_four() {
        assert_eq!(damm([5, 7, 2].into_iter()), 4);
        assert_eq!(damm([5, 7, 2, 4].into_iter()), 0);
    }

    proptest! {
        #[test]
        fn any_single_wrong_digit_and_any_swap_of_neighbours_is_refused(
            seed in any::<u64>(), place in 0usize..7, other in 0u8..10,
        ) {
            for kind in [CodeKind::Listing, CodeKind::Order, CodeKind::Once] {
                let text = SpokenCode::nth(kind, seed).to_string();
                prop_assert!(SpokenCode::parse(kind, &text).is_ok());
                let mut wrong = text.clone().into_bytes();
                let at = place % wrong.len();
                wrong[at] = b'0' + other;
                let wrong = String::from_utf8(wrong).expect("digits");
                prop_assert_eq!(SpokenCode::parse(kind, &wrong).is_ok(), wrong == text);
                let mut swapped = text.clone().into_bytes();
                let at = place % (swapped.len() - 1);
                swapped.swap(at, at + 1);
                let swapped = String::from_utf8(swapped).expect("digits");
                prop_assert_eq!(SpokenCode::parse(kind, &swapped).is_ok(), swapped == text);
            }
        }

        #[test]
        fn one_time_numbers_are_clear_when_spoken(seed in any::<u64>()) {
            let text = SpokenCode::nth(CodeKind::Once, seed).to_string();
            prop_assert!(!text.contains("67") && !text.contains("76") && !text.contains("123"));
        }
    }
}
