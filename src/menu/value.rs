//! Values that screens insert, actions take and outcomes bring.

use crate::types::{Kes, Lang, Msisdn, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A typed value. What it looks like on a screen is decided by [`crate::menu::template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A sum: `1,250`, with cents only when there are any.
    Kes(Kes),
    /// A count.
    Int(i64),
    /// Free text; trusted to be within the width its type declares.
    Text(String),
    /// Free text that differs by language.
    Texts(BTreeMap<Lang, String>),
    /// A day, shown as `31/12`.
    Date(Timestamp),
    /// A time of day, shown as `16:05`.
    Time(Timestamp),
    /// A phone number, shown as `0712345678`.
    Phone(Msisdn),
    /// A spoken number.
    Code(SpokenCode),
    /// A word of an enum (`necklace` of `kind`), shown by its label.
    Word {
        /// The enum's name.
        set: String,
        /// The word.
        word: String,
    },
    /// A record that the domain exports.
    Record(Record),
}

/// A record: the domain's own key for it, and the fields that texts may show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The record type's name in the vocabulary, such as `order`.
    pub ty: String,
    /// How the domain finds the thing again, such as the order's number.
    pub key: String,
    /// Fields by name.
    pub fields: BTreeMap<String, Value>,
}

impl Value {
    /// A word of an enum.
    pub fn word(set: &str, word: &str) -> Self {
        Self::Word { set: set.to_owned(), word: word.to_owned() }
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Record {
    /// A record from its fields.
    pub fn new<const N: usize>(ty: &str, key: impl Into<String>, fields: [(&str, Value); N]) -> Self {
        Self {
            ty: ty.to_owned(),
            key: key.into(),
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}
