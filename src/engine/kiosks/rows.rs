//! Kiosks and paper receipts as a turn holds them, with the indexes that find them again.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, entries};
use crate::market::{self, Event, Kiosk, Receipt};
use crate::store::{Key, keys};
use crate::types::{PartyId, SpokenCode, Timestamp};
use std::collections::BTreeMap;

impl Aggregate for Kiosk {
    type Id = PartyId;
    type Event = market::KioskEvent;

    fn key(id: PartyId) -> Key {
        keys::kiosk(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::kiosk::evolve(state, event, at)
    }

    fn wrap(id: PartyId, event: Self::Event) -> Event {
        Event::Kiosk(id, event)
    }

    /// Found by its agent, who is in the index of roles.
    fn indexes(&self, _: PartyId) -> BTreeMap<Key, Vec<u8>> {
        BTreeMap::new()
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.kiosks
    }
}

/// All receipts that were printed for a kiosk, by their places in its book.
pub fn receipts_of(kiosk: PartyId) -> Key {
    keys::index_prefix("receipt_of", &[kiosk.as_bytes()])
}

impl Aggregate for Receipt {
    type Id = SpokenCode;
    type Event = market::ReceiptEvent;

    fn key(id: SpokenCode) -> Key {
        keys::receipt(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::receipt::evolve(state, event, at)
    }

    fn wrap(id: SpokenCode, event: Self::Event) -> Event {
        Event::Receipt(id, event)
    }

    fn indexes(&self, id: SpokenCode) -> BTreeMap<Key, Vec<u8>> {
        let place = [self.kiosk.as_bytes().as_slice(), &self.page.to_be_bytes()];
        entries([keys::index("receipt_of", &place, &id.number().to_be_bytes())])
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.receipts
    }
}
