//! Records of the journal whose words were replaced, as when a person's name has to go.
//!
//! The journal is never cut or edited: a replaced record keeps its place, its number and its hash, so
//! that the chain is followed as before. What stands in its place is covered by a later record, a
//! *notice*, which names the number and the digest of the new words and is chained itself. A row that is
//! replaced without a notice, or otherwise than its last notice says, is an edited history.

use super::journal::Record;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The field of a record that is a notice.
const FIELD: &[u8] = b"\"redacts\":";

/// New words for a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// The commit of the record.
    pub position: u64,
    /// Its place within the commit.
    pub index: u32,
    /// What it says now; when it says something else, the batch conflicts.
    pub was: Bytes,
    /// What it is to say.
    pub record: Bytes,
}

/// What a record says of records before it: the field `redacts` of its JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// On whose word, as those above the store know it.
    pub by: String,
    /// The numbers of the records, and the SHA-256 of what stands in their place, in hexadecimal.
    pub rows: Vec<(u64, String)>,
}

/// The digest of words as a notice has it.
pub fn digest(record: &[u8]) -> String {
    Sha256::digest(record).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The notice that a record is, if it is one.
pub fn notice(record: &[u8]) -> Option<Notice> {
    #[derive(Deserialize)]
    struct Noticed {
        redacts: Option<Notice>,
    }
    // Most records are none, and need not be read for that.
    record.windows(FIELD.len()).any(|octets| octets == FIELD).then_some(())?;
    serde_json::from_slice::<Noticed>(record).ok()?.redacts
}

/// The replaced records of a journal that is being followed, and the notices.
#[derive(Debug, Clone, Default)]
pub(super) struct Replaced {
    found: BTreeMap<u64, String>,
    named: BTreeMap<u64, String>,
}

impl Replaced {
    /// Takes the next record.
    pub(super) fn follow(&mut self, record: &Record) -> Result<(), String> {
        if record.is_redacted() {
            // Nothing covers its words yet, so it can vouch for none.
            self.found.insert(record.number, digest(&record.record));
            return Ok(());
        }
        for (number, digest) in notice(&record.record).into_iter().flat_map(|notice| notice.rows) {
            if number >= record.number {
                return Err(format!(
                    "record {} replaces record {number}, which is not before it",
                    record.number
                ));
            }
            self.named.insert(number, digest);
        }
        Ok(())
    }

    /// Whether every replaced record is what its last notice says, and every notice was followed.
    pub(super) fn agree(&self) -> Result<(), String> {
        for (number, digest) in &self.found {
            match self.named.get(number) {
                Some(named) if named == digest => {}
                Some(_) => {
                    return Err(format!("record {number} was replaced otherwise than a later record says"));
                }
                None => return Err(format!("record {number} was replaced, and no later record says so")),
            }
        }
        match self.named.keys().find(|number| !self.found.contains_key(number)) {
            Some(number) => Err(format!("record {number} was to be replaced, and stands as it was")),
            None => Ok(()),
        }
    }
}
