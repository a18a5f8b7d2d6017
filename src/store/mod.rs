//! One commit per turn: everything a turn decided is written whole, durable before anybody
//! outside hears of it.
//!
//! The only place that knows sled and PostgreSQL. May import `types`, `market`, `ledger` and `dialog` (their
//! data, not their logic).
//!
//! * [`batch`]: what a turn decided, as data; [`keys`]: where every row lives; [`codec`]: how a
//!   value is spelled.
//! * [`judge`]: whether a batch may be written; one place for every engine.
//! * [`memory`]: the model, for tests and simulations; [`sled`]: the engine of one machine; [`postgres`]:
//!   that of several.
//! * [`writer`]: many callers, one write and one sync; [`meters`]: what came of it, in numbers.
//! * [`journal`]: what happened, chained by hash; [`redact`]: names that have to go from it;
//!   [`verify`]: the journal against the rows.
//! * [`copy`]: a whole store as rows, for backups and moves.
//! * [`outbox`] and [`timers`]: rows that fall due; [`news`]: what nodes of one store tell each other.
//! * [`places`]: what was written last and may be asked for next.

pub mod batch;
pub mod codec;
pub mod copy;
mod folder;
pub mod journal;
pub mod judge;
pub mod keys;
pub mod memory;
pub mod meters;
pub mod news;
pub mod outbox;
pub mod places;
pub mod postgres;
pub mod redact;
mod row;
pub mod sled;
pub mod timers;
pub mod verify;
pub mod writer;

#[cfg(test)]
mod tests;

use batch::{Batch, Committed, Row};
use futures_util::future::BoxFuture;

/// A key: a table letter and what sorts within it.
pub type Key = Vec<u8>;

/// Why the store did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// An expectation of the batch did not hold; nothing was written. Read again and decide again.
    #[error("row {} changed in between", batch::show_key(.0))]
    Conflict(Key),
    /// A sum would have gone below its floor; nothing was written.
    #[error("sum {} would go below its floor", batch::show_key(.0))]
    Floor(Key),
    /// The batch itself is wrong: a key twice, a row too large, a sum added to octets. Nothing was
    /// written, and trying again will not help.
    #[error("the batch cannot be written: {0}")]
    Malformed(String),
    /// The database did not answer for as long as was waited; nothing was written. It may answer again.
    #[error("the database is away: {0}")]
    Away(String),
    /// The disk, or what is on it. The store serves no more until it is opened again.
    #[error("the store stopped: {0}")]
    Stopped(String),
    /// A row that this version cannot read.
    #[error("row {key} cannot be read: {why}")]
    Unreadable {
        /// Which row.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The same behaviour from every engine.
pub trait Store: Send + Sync + 'static {
    /// Several rows as of one commit, in the order asked.
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>>;

    /// At most `limit` rows whose keys begin with `prefix`, after `from` (exclusive) when given,
    /// oldest first, or newest first when `back`.
    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>>;

    /// Writes a whole batch, or none of it; resolves when it is durable.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>>;

    /// The position of the last durable commit.
    fn position(&self) -> u64;

    /// Why it takes no commits any more, once it has stopped.
    fn refuses(&self) -> Option<String> {
        None
    }

    /// What its writer did, where one counts.
    fn meters(&self) -> Option<&meters::Meters> {
        None
    }
}
