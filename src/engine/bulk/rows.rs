//! Bulk requests as a turn holds them, with the indexes that find them again.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, entries};
use crate::engine::cards::paid_by_entry;
use crate::market::{self, Bulk, Event};
use crate::store::{Key, keys};
use crate::types::{SpokenCode, Timestamp};
use std::collections::BTreeMap;

/// All bulk requests, by the moment they were placed.
pub fn all_bulks() -> Key {
    keys::index_prefix("bulk", &[])
}

/// The bulk request of a private link.
pub fn bulk_by_token(token: &str) -> Key {
    keys::index("bulk_token", &[token.as_bytes()], b"")
}

impl Aggregate for Bulk {
    type Id = SpokenCode;
    type Event = market::BulkEvent;

    fn key(id: SpokenCode) -> Key {
        keys::bulk(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::bulk::evolve(state, event, at)
    }

    fn wrap(id: SpokenCode, event: Self::Event) -> Event {
        Event::Bulk(id, event)
    }

    fn indexes(&self, id: SpokenCode) -> BTreeMap<Key, Vec<u8>> {
        let code = id.number().to_be_bytes();
        let mut found = entries([keys::index("bulk", &[&keys::moment(self.placed)], &code)]);
        found.insert(bulk_by_token(&self.terms.token), code.to_vec());
        found.extend(self.payment.as_ref().map(|payment| (paid_by_entry(payment, id), Vec::new())));
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.bulks
    }
}
