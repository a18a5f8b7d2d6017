//! What a turn means for partners, read off what it changed.

use super::HookEvent;
use crate::engine::aggregate::Shelves;
use crate::market::order::{Order, Step};
use crate::market::{Bulk, Listing};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};

/// An event, as it is told to every address that wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The same at every try, and at every address.
    pub id: String,
    /// What happened.
    pub event: HookEvent,
    /// When.
    pub at: Timestamp,
    /// To what.
    pub about: About,
}

/// What something happened to, as it stood then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// An order.
    Order {
        /// Its private link's token.
        token: String,
        /// Its six digits.
        code: String,
        /// Where it stands.
        state: String,
        /// The step.
        step: String,
    },
    /// A bulk request.
    Bulk {
        /// Its private link's token.
        token: String,
        /// Its six digits.
        code: String,
        /// Where it stands.
        state: String,
        /// The day that is promised.
        promise: Option<Timestamp>,
    },
    /// A listing.
    Listing {
        /// Its five digits.
        code: String,
        /// Whether it can be bought.
        on_sale: bool,
        /// How many pieces.
        ready: u32,
    },
}

/// Whose, what, and about what; a listing is everybody's.
type Tale = (Option<String>, HookEvent, About);

fn event_of(step: Step) -> HookEvent {
    match step {
        Step::Paid => HookEvent::OrderPaid,
        Step::Shipped => HookEvent::OrderShipped,
        Step::Delivered => HookEvent::OrderDelivered,
        Step::Refunded => HookEvent::OrderRefunded,
        _ => HookEvent::OrderStep,
    }
}

fn of_order(before: Option<&Order>, now: &Order) -> Vec<Tale> {
    let Some(partner) = &now.terms.partner else { return Vec::new() };
    let steps = now.steps.iter().skip(before.map_or(0, |before| before.steps.len()));
    let told = steps.filter(|(step, _)| *step != Step::Placed).map(|(step, _)| {
        let about = About::Order {
            token: now.terms.token.clone(),
            code: now.terms.code.to_string(),
            state: now.stage.word().to_owned(),
            step: step.word().to_owned(),
        };
        (Some(partner.clone()), event_of(*step), about)
    });
    told.collect()
}

fn of_bulk(before: Option<&Bulk>, now: &Bulk) -> Vec<Tale> {
    let (Some(partner), Some(before)) = (&now.terms.partner, before) else { return Vec::new() };
    let about = || About::Bulk {
        token: now.terms.token.clone(),
        code: now.terms.code.to_string(),
        state: now.stage.word().to_owned(),
        promise: now.promise(),
    };
    let promised = now.promise().is_some() && before.promise() != now.promise();
    let moved = before.stage != now.stage;
    let happened = [(moved, HookEvent::BulkStep), (promised, HookEvent::BulkPromised)];
    let happened = happened.into_iter().filter(|(so, _)| *so);
    happened.map(|(_, event)| (Some(partner.clone()), event, about())).collect()
}

/// How a listing looks in the shop.
fn face(listing: &Listing) -> (bool, u32) {
    let ready = if listing.in_shop() { listing.available() } else { 0 };
    (ready > 0, ready)
}

fn of_listing(before: Option<&Listing>, now: &Listing) -> Option<Tale> {
    let (on_sale, ready) = face(now);
    let same = before.map_or((false, 0), face) == (on_sale, ready)
        && (!on_sale || before.is_none_or(|before| before.price == now.price));
    let about = About::Listing { code: now.code.to_string(), on_sale, ready };
    (!same).then_some((None, HookEvent::ListingChanged, about))
}

/// Everything that partners may want to know of a turn.
pub(super) fn of(shelves: &Shelves) -> Vec<Tale> {
    let mut told = Vec::new();
    for (before, now) in shelves.orders.held() {
        told.extend(now.map(|now| of_order(before, now)).unwrap_or_default());
    }
    for (before, now) in shelves.bulks.held() {
        told.extend(now.map(|now| of_bulk(before, now)).unwrap_or_default());
    }
    for (before, now) in shelves.listings.held() {
        told.extend(now.and_then(|now| of_listing(before, now)));
    }
    told
}
