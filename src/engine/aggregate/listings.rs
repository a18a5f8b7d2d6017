//! Listings, and what finds them.

use super::{Aggregate, Shelf, Shelves, entries};
use crate::market::listing::{Listing, ListingEvent};
use crate::market::{self, Event};
use crate::store::{Key, keys};
use crate::types::{PartyId, SpokenCode, Timestamp};
use std::collections::BTreeMap;

impl Aggregate for Listing {
    type Id = SpokenCode;
    type Event = ListingEvent;

    fn key(id: SpokenCode) -> Key {
        keys::listing(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::listing::evolve(state, event, at)
    }

    fn wrap(id: SpokenCode, event: Self::Event) -> Event {
        Event::Listing(id, event)
    }

    fn indexes(&self, id: SpokenCode) -> BTreeMap<Key, Vec<u8>> {
        use market::listing::ListingStage as S;
        let code = id.number().to_be_bytes();
        let by = keys::index("listed_by", &[self.maker.as_bytes(), &keys::moment(self.listed)], &code);
        let mut found = entries([keys::listing_made(self.listed, id), by]);
        if !matches!(self.stage, S::Removed) {
            found.insert(keys::listing_of(self.maker, self.listed, id), Vec::new());
        }
        // Somebody looked at such a piece and found it good.
        if matches!(self.stage, S::OnSale | S::Paused) || (self.stage == S::Removed && self.sold > 0) {
            found.insert(keys::index("of_kind", &[self.kind.as_str().as_bytes()], &code), Vec::new());
        }
        if self.in_shop() {
            found.insert(keys::in_shop(self.since, id), Vec::new());
        }
        if self.is_unlooked() {
            found.insert(unlooked(self.since, id), Vec::new());
        }
        found.extend(entries(self.photos.iter().map(|photo| keys::photo(photo.name, id))));
        match self.stage {
            S::OnSale => found.insert(keys::on_sale(self.since, id), Vec::new()),
            S::Waiting => found.insert(waiting(self.listed, id), Vec::new()),
            _ => None,
        };
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.listings
    }
}

/// Everything that somebody ever listed, also what was taken down, by the moment it was listed.
pub fn listed_by(maker: PartyId) -> Key {
    keys::index_prefix("listed_by", &[maker.as_bytes()])
}

/// Listings of pieces of a kind that were found good.
pub fn of_kind(kind: &market::Word) -> Key {
    keys::index_prefix("of_kind", &[kind.as_str().as_bytes()])
}

/// A listing that shoppers see and nobody at the desk has looked at, by the moment it came into the shop.
pub fn unlooked(at: Timestamp, code: SpokenCode) -> Key {
    keys::index("unlooked", &[&keys::moment(at)], &code.number().to_be_bytes())
}

/// All listings that nobody at the desk has looked at.
pub fn all_unlooked() -> Key {
    keys::index_prefix("unlooked", &[])
}

/// A listing that waits for a check, by the moment it was made.
pub fn waiting(at: Timestamp, code: SpokenCode) -> Key {
    keys::index("waiting", &[&keys::moment(at)], &code.number().to_be_bytes())
}

/// All listings that wait for a check.
pub fn all_waiting() -> Key {
    keys::index_prefix("waiting", &[])
}
