//! Statements and differences as a turn holds them, and what the store keeps beside them.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, entries};
use crate::engine::view::FromIndex;
use crate::engine::work::Fault;
use crate::market::Event;
use crate::market::recon::{Difference, DifferenceEvent, Statement, StatementEvent, kept};
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, Store, keys};
use crate::types::{DifferenceId, StatementId, Timestamp};
use std::collections::BTreeMap;

/// Every statement, by provider and last moment.
pub(super) fn all_statements() -> Key {
    keys::index_prefix("statement", &[])
}

/// The statements of a provider, by their last moments.
pub(super) fn statements_of(provider: &str) -> Key {
    keys::index_prefix("statement", &[provider.as_bytes()])
}

/// Every difference, by the moment the money moved.
pub(super) fn all_differences() -> Key {
    keys::index_prefix("difference", &[])
}

/// Those that nobody has closed.
pub(super) fn open_differences() -> Key {
    keys::index_prefix("difference_open", &[])
}

/// Where it is kept in which statement a payout, or a prompt on a phone, stood and agreed.
fn seen(id: [u8; 16]) -> Key {
    keys::index("in_statement", &[&id], b"")
}

/// A payout or a prompt stands in a statement and agrees with it.
pub(super) fn note_seen(batch: &mut Batch, id: [u8; 16], statement: StatementId) {
    batch.put(seen(id), Expect::Any, statement.as_bytes().to_vec());
}

/// In which statement a payout or a prompt stood and agreed.
pub(super) async fn seen_in(store: &dyn Store, id: [u8; 16]) -> Result<Option<StatementId>, Fault> {
    let row = store.read(vec![seen(id)]).await?.into_iter().next().flatten();
    Ok(row.and_then(|row| StatementId::from_octets(&row.octets())))
}

impl FromIndex for StatementId {
    fn from_octets(octets: &[u8]) -> Option<Self> {
        Some(Self::from_bytes(octets.try_into().ok()?))
    }
}

impl FromIndex for DifferenceId {
    fn from_octets(octets: &[u8]) -> Option<Self> {
        Some(Self::from_bytes(octets.try_into().ok()?))
    }
}

impl Aggregate for Statement {
    type Id = StatementId;
    type Event = StatementEvent;

    fn key(id: StatementId) -> Key {
        keys::aggregate(b'm', id.as_bytes())
    }

    fn evolve(state: Option<Self>, event: &Self::Event, _: Timestamp) -> Option<Self> {
        kept::evolve_statement(state, event)
    }

    fn wrap(id: StatementId, event: Self::Event) -> Event {
        Event::Statement(id, event)
    }

    fn indexes(&self, id: StatementId) -> BTreeMap<Key, Vec<u8>> {
        let place = [self.provider.as_bytes(), &keys::moment(self.to)];
        entries([keys::index("statement", &place, id.as_bytes())])
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.statements
    }
}

impl Aggregate for Difference {
    type Id = DifferenceId;
    type Event = DifferenceEvent;

    fn key(id: DifferenceId) -> Key {
        keys::aggregate(b'd', id.as_bytes())
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        kept::evolve(state, event, at)
    }

    fn wrap(id: DifferenceId, event: Self::Event) -> Event {
        Event::Difference(id, event)
    }

    fn indexes(&self, id: DifferenceId) -> BTreeMap<Key, Vec<u8>> {
        let at = keys::moment(self.at);
        let mut found = entries([keys::index("difference", &[&at], id.as_bytes())]);
        if self.closed.is_none() {
            found.insert(keys::index("difference_open", &[&at], id.as_bytes()), Vec::new());
        }
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.differences
    }
}
