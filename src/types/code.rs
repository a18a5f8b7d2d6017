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

/// How many numbers of one length are tried for a new thing: with nine tenths of them taken, one in
/// five draws of so many finds none.
const TRIES: usize = 16;

/// What a spoken number names; the kind fixes how many digits it may have.
///
/// A kind whose short numbers are nearly all given away goes on with numbers that are three digits
/// longer. The count of digits, whatever it is, therefore tells the kind: no number of one kind has
/// as many digits as one of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// A listing, and a person's own number: five digits, or eight.
    Listing,
    /// An order and its parcel: six digits, or nine.
    Order,
    /// A one-time number: seven digits, without runs and without 6 beside 7.
    Once,
}

impl CodeKind {
    /// How many digits the numbers of this kind may have, their check digit included, the fewest
    /// first. One-time numbers come free again and need no more.
    pub const fn digits(self) -> &'static [u32] {
        match self {
            Self::Listing => &[5, 8],
            Self::Order => &[6, 9],
            Self::Once => &[7],
        }
    }

    /// How many digits the longest number of this kind has.
    pub const fn most_digits(self) -> u32 {
        let [.., most] = self.digits() else { unreachable!() };
        *most
    }

    /// How many digits to try for a new thing, one draw after the other: few, and when so many of
    /// those numbers are taken that no draw found a free one, more.
    pub fn tries(self) -> impl Iterator<Item = u32> {
        self.digits().iter().flat_map(|count| [*count; TRIES])
    }

    /// The kind whose numbers have so many digits.
    fn of_digits(count: usize) -> Option<Self> {
        let has = |kind: &Self| kind.digits().iter().any(|digits| *digits as usize == count);
        [Self::Listing, Self::Order, Self::Once].into_iter().find(has)
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
    #[error("a {kind:?} number has {n} digits", kind = .0, n = .0.digits()[0])]
    Shape(CodeKind),
    /// So many digits that it is a number of no kind.
    #[error("no number has {0} digits")]
    Length(usize),
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
        if !kind.digits().iter().any(|count| digits.len() == *count as usize) {
            return Err(CodeError::Shape(kind));
        }
        // None is given away that begins with a zero, which would be a shorter one's number too.
        if damm(digits.iter().copied()) != 0 || digits[0] == 0 {
            return Err(CodeError::Check);
        }
        let number = digits.iter().fold(0u32, |n, d| n * 10 + u32::from(*d));
        Ok(Self { kind, number })
    }

    /// The `seed`-th short number of a kind, taken round its space; the first digit is never zero,
    /// so that a person may leave nothing out. One-time numbers skip the shapes that are easily
    /// misheard.
    pub fn nth(kind: CodeKind, seed: u64) -> Self {
        Self::nth_of(kind, kind.digits()[0], seed)
    }

    /// The same among the numbers of `count` digits, one of the counts of its kind.
    pub fn nth_of(kind: CodeKind, count: u32, seed: u64) -> Self {
        let body_digits = count - 1;
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

    /// No three equal neighbours, no three in a row, and no 6 beside 7 ("sita", "saba").
    fn is_clear_when_spoken(self) -> bool {
        let d: Vec<i8> = self.to_string().bytes().map(|d| (d - b'0') as i8).collect();
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
        write!(f, "{}", self.number)
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
        let kind = CodeKind::of_digits(text.len()).ok_or(CodeError::Length(text.len()))?;
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

    /// Some number of any length of any kind.
    fn some_number() -> impl Strategy<Value = SpokenCode> {
        let kinds = [CodeKind::Listing, CodeKind::Order, CodeKind::Once];
        let lengths =
            kinds.into_iter().flat_map(|kind| kind.digits().iter().map(move |count| (kind, *count)));
        let lengths: Vec<(CodeKind, u32)> = lengths.collect();
        (proptest::sample::select(lengths), any::<u64>())
            .prop_map(|((kind, count), seed)| SpokenCode::nth_of(kind, count, seed))
    }

    #[test]
    fn the_count_of_digits_tells_the_kind() {
        for digits in 0..12 {
            let kinds = [CodeKind::Listing, CodeKind::Order, CodeKind::Once];
            let having = kinds.into_iter().filter(|kind| kind.digits().contains(&digits));
            assert_eq!(having.collect::<Vec<_>>(), Vec::from_iter(CodeKind::of_digits(digits as usize)));
        }
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_is_shown(code in some_number()) {
            let text = code.to_string();
            prop_assert_eq!(SpokenCode::parse(code.kind(), &text), Ok(code));
            prop_assert_eq!(SpokenCode::try_from(text), Ok(code));
        }

        #[test]
        fn any_single_wrong_digit_and_any_swap_of_neighbours_is_refused(
            code in some_number(), place in 0usize..9, other in 0u8..10,
        ) {
            let text = code.to_string();
            let mut wrong = text.clone().into_bytes();
            let at = place % wrong.len();
            wrong[at] = b'0' + other;
            let wrong = String::from_utf8(wrong).expect("digits");
            prop_assert_eq!(SpokenCode::parse(code.kind(), &wrong).is_ok(), wrong == text);
            let mut swapped = text.clone().into_bytes();
            let at = place % (swapped.len() - 1);
            swapped.swap(at, at + 1);
            let swapped = String::from_utf8(swapped).expect("digits");
            prop_assert_eq!(SpokenCode::parse(code.kind(), &swapped).is_ok(), swapped == text);
        }

        #[test]
        fn zeros_before_a_number_make_no_longer_one(code in some_number()) {
            let longer = format!("000{code}");
            prop_assert!(SpokenCode::parse(code.kind(), &longer).is_err());
        }

        #[test]
        fn one_time_numbers_are_clear_when_spoken(seed in any::<u64>()) {
            let text = SpokenCode::nth(CodeKind::Once, seed).to_string();
            prop_assert!(!text.contains("67") && !text.contains("76") && !text.contains("123"));
        }
    }
}
