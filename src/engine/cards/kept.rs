//! Troubles with card payments as a turn holds them, and the indexes that find them.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, entries};
use crate::engine::view::FromIndex;
use crate::market::{self, Event, Trouble};
use crate::store::{Key, keys};
use crate::types::{SpokenCode, Timestamp, TroubleId};
use std::collections::BTreeMap;

/// All troubles, by the moment they came to light.
pub fn all_troubles() -> Key {
    keys::index_prefix("trouble", &[])
}

/// Troubles with a payment.
pub fn troubles_of(payment: &str) -> Key {
    keys::index_prefix("trouble_of", &[payment.as_bytes()])
}

/// What was paid by a payment: an order, or a bulk request.
pub fn paid_by(payment: &str) -> Key {
    keys::index_prefix("payment", &[payment.as_bytes()])
}

/// The entry of an order, or a bulk request, under its payment.
pub fn paid_by_entry(payment: &str, code: SpokenCode) -> Key {
    keys::index("payment", &[payment.as_bytes()], &code.number().to_be_bytes())
}

impl FromIndex for TroubleId {
    fn from_octets(octets: &[u8]) -> Option<Self> {
        Some(Self::from_bytes(octets.try_into().ok()?))
    }
}

impl Aggregate for Trouble {
    type Id = TroubleId;
    type Event = market::TroubleEvent;

    fn key(id: TroubleId) -> Key {
        keys::trouble(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::trouble::evolve(state, event, at)
    }

    fn wrap(id: TroubleId, event: Self::Event) -> Event {
        Event::Trouble(id, event)
    }

    fn indexes(&self, id: TroubleId) -> BTreeMap<Key, Vec<u8>> {
        let payment = self.opening.payment.as_bytes();
        entries([
            keys::index("trouble", &[&keys::moment(self.since)], id.as_bytes()),
            keys::index("trouble_of", &[payment], id.as_bytes()),
        ])
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.troubles
    }
}
