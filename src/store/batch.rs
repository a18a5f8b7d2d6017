//! What one turn decided, as data.

use super::Key;
use super::journal::SALT;
use super::redact::Redaction;
use bytes::Bytes;

/// What must be true of a row for the batch to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    Any,
    /// There is no such row.
    Absent,
    /// The row has this version.
    At(u64),
}

/// What is done to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Write this value.
    Put(Bytes),
    /// Add to a sum (a missing one is zero); refused when the result would lie below the floor.
    Add {
        /// What is added.
        delta: i64,
        /// The least the sum may become.
        floor: Option<i64>,
    },
    /// Remove the row.
    Delete,
    /// Only check the expectation.
    Keep,
}

/// One row's part of a batch. The keys of a batch are distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The row.
    pub key: Key,
    /// What must be true of it.
    pub expect: Expect,
    /// What is done to it.
    pub act: Act,
}

/// The mark of an input that must not act twice, and the answer it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxMark {
    /// Names the input: bind and message id, or idempotency key.
    pub key: Key,
    /// What was answered; a repeat gets it again.
    pub answer: Bytes,
}

/// Everything one turn writes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Set when the turn was caused by an input that may be repeated.
    pub inbox: Option<InboxMark>,
    /// Rows, sums, outbox rows, timers.
    pub ops: Vec<Op>,
    /// What happened, for the journal: chained by hash, in commit order. One JSON object each.
    pub journal: Vec<Bytes>,
    /// Drawn by chance for the records of this batch: without it nobody finds the words of one from its
    /// hash, once they were replaced.
    pub salt: Option<[u8; SALT]>,
    /// Records of before that get other words; a record in `journal` must be the notice of them.
    pub redact: Vec<Redaction>,
}

/// A row as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Grows with every write of the row; never the same twice.
    pub version: u64,
    /// The value; for a sum see [`Row::sum`].
    pub value: Value,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Octets put by [`Act::Put`].
    Octets(Bytes),
    /// A sum kept by [`Act::Add`].
    Sum(i64),
}

impl Row {
    /// The octets; empty for a sum.
    pub fn octets(&self) -> Bytes {
        match &self.value {
            Value::Octets(octets) => octets.clone(),
            Value::Sum(_) => Bytes::new(),
        }
    }

    /// The sum; zero for octets.
    pub fn sum(&self) -> i64 {
        match &self.value {
            Value::Sum(sum) => *sum,
            Value::Octets(_) => 0,
        }
    }
}

/// What came of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Written and durable, as the commit of this position.
    At(u64),
    /// The input was acted on before; this was its answer. Nothing was written.
    Repeat(Bytes),
}

impl Batch {
    /// Writes a row whatever stood there.
    pub fn put(&mut self, key: Key, expect: Expect, value: impl Into<Bytes>) {
        self.ops.push(Op { key, expect, act: Act::Put(value.into()) });
    }

    /// Adds to a sum.
    pub fn add(&mut self, key: Key, delta: i64, floor: Option<i64>) {
        self.ops.push(Op { key, expect: Expect::Any, act: Act::Add { delta, floor } });
    }

    /// Removes a row.
    pub fn delete(&mut self, key: Key, expect: Expect) {
        self.ops.push(Op { key, expect, act: Act::Delete });
    }
}

/// A key as people can read it: printable octets as they are, others as hex.
pub fn show_key(key: &[u8]) -> String {
    key.iter()
        .map(|b| if b.is_ascii_graphic() { (*b as char).to_string() } else { format!("\\x{b:02x}") })
        .collect()
}
