//! Orders as a turn holds them, with the indexes that find them again.

use crate::engine::aggregate::{Aggregate, Shelf, Shelves, by_token, entries};
use crate::engine::cards::paid_by_entry;
use crate::market::{self, Event, Order};
use crate::store::{Key, keys};
use crate::types::{SpokenCode, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The entry of an order that a partner's program placed then.
pub(super) fn placed_with(partner: &str, placed: Timestamp, code: SpokenCode) -> Key {
    let code = code.number().to_be_bytes();
    keys::index("placed_with", &[partner.as_bytes(), &keys::moment(placed)], &code)
}

impl Aggregate for Order {
    type Id = SpokenCode;
    type Event = market::OrderEvent;

    fn key(id: SpokenCode) -> Key {
        keys::order(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::order::evolve(state, event, at)
    }

    fn wrap(id: SpokenCode, event: Self::Event) -> Event {
        Event::Order(id, event)
    }

    fn indexes(&self, id: SpokenCode) -> BTreeMap<Key, Vec<u8>> {
        use market::order::OrderStage as S;
        let code = id.number().to_be_bytes();
        let placed = self.steps.first().map_or(self.since, |(_, at)| *at);
        let mut keys: BTreeSet<Key> = BTreeSet::from([keys::order_made(placed, id)]);
        // Whoever is asked now, also when somebody else has made some of it.
        let maker = self.offer.map(|offer| offer.to).or(self.maker);
        if let Some(maker) = maker.filter(|_| self.stage.is_open()) {
            keys.insert(keys::index("open_of", &[maker.as_bytes(), &keys::moment(placed)], &code));
        }
        if self.stage.is_open() {
            keys.insert(keys::index("open_for", &[&self.terms.listing.number().to_be_bytes()], &code));
        }
        for who in self.concerns() {
            keys.insert(keys::index("order_of", &[who.as_bytes(), &keys::moment(placed)], &code));
        }
        if let Some(rider) = self.rider() {
            keys.insert(keys::index("task", &[rider.as_bytes()], &code));
        }
        if let Some(agent) = self.waits_with() {
            keys.insert(keys::index("to_send", &[agent.as_bytes(), &keys::moment(placed)], &code));
        }
        if matches!(self.stage, S::Ready | S::WithRider) {
            keys.insert(keys::index("expected", &[&keys::moment(self.since)], &code));
        }
        if let Some(check) = self.check.filter(|check| self.stage == S::AtKiosk && check.left() > 0) {
            keys.insert(keys::index("unchecked", &[check.by.as_bytes(), &keys::moment(self.since)], &code));
        }
        let mut found = entries(keys);
        if self.terms.bulk.is_none() {
            found.insert(by_token(&self.terms.token), code.to_vec());
            found.extend(self.payment.as_ref().map(|payment| (paid_by_entry(payment, id), Vec::new())));
            let partner = self.terms.partner.as_ref();
            found.extend(partner.map(|partner| (placed_with(partner, placed, id), Vec::new())));
            let purchase = self.terms.purchase.as_ref();
            found.extend(
                purchase.map(|one| (keys::index("purchase", &[one.token.as_bytes()], &code), Vec::new())),
            );
        }
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.orders
    }
}
