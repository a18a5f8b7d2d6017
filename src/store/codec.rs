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
    let mut out = vec![VERSION];
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
