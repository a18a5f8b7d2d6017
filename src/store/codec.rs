//! How a value is spelled: one octet for the version of the spelling, then JSON.
//!
//! Every version that was ever written is read for ever; `fixtures/store/` keeps rows of each.

use super::batch::{Row, show_key};
use super::{Key, StoreError};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version written now.
pub const VERSION: u8 = 1;

/// Room for most values, so that it need not grow while one is spelled.
const USUAL: usize = 1024;

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// There is nothing where a value should be.
    #[error("it is empty")]
    Empty,
    /// Written by a later release than this one.
    #[error(
        "it was written in version {0}; this release reads up to version {VERSION}: use the newer release"
    )]
    Newer(u8),
    /// The version is known, but the rest does not fit.
    #[error("it is not what was expected: {0}")]
    Malformed(String),
}

/// The octets of a value.
///
/// # Panics
/// When `T` has no JSON form (a map with keys that are not text): a mistake in the type, not in
/// the value.
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    let mut out = Vec::with_capacity(USUAL);
    out.push(VERSION);
    serde_json::to_writer(&mut out, value).expect("every stored type has a JSON form");
    out.into()
}

/// The value that was spelled so.
pub fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, CodecError> {
    match octets.split_first() {
        None => Err(CodecError::Empty),
        Some((&VERSION, json)) => {
            serde_json::from_slice(json).map_err(|why| CodecError::Malformed(why.to_string()))
        }
        Some((0, _)) => Err(CodecError::Malformed("there was never a version 0".to_owned())),
        Some((&version, _)) => Err(CodecError::Newer(version)),
    }
}

/// The value of a row; the error names the row.
pub fn decode_row<T: DeserializeOwned>(key: &Key, row: &Row) -> Result<T, StoreError> {
    decode(&row.octets()).map_err(|why| StoreError::Unreadable { key: show_key(key), why: why.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::Value;

    fn row(octets: impl Into<Bytes>) -> Row {
        Row { version: 1, value: Value::Octets(octets.into()) }
    }

    #[test]
    fn a_value_is_read_back_as_it_was_written() {
        let words = vec!["Karibu".to_owned(), "€".to_owned()];
        assert_eq!(decode::<Vec<String>>(&encode(&words)), Ok(words));
    }

    #[test]
    fn a_newer_spelling_is_refused_with_what_to_do() {
        let mut octets = encode(&1).to_vec();
        octets[0] = VERSION + 1;
        let why = decode_row::<u32>(&b"Ax".to_vec(), &row(octets)).expect_err("newer").to_string();
        assert!(why.starts_with("row Ax cannot be read: it was written in version 2"), "{why}");
        assert!(why.contains("use the newer release"));
    }

    #[test]
    fn nothing_and_nonsense_are_told_apart() {
        assert_eq!(decode::<u32>(b""), Err(CodecError::Empty));
        assert!(matches!(decode::<u32>(b"\x01{"), Err(CodecError::Malformed(_))));
        assert!(matches!(decode::<u32>(b"\x001"), Err(CodecError::Malformed(_))));
    }
}
