//! Everything that happens in the market, addressed to one thing in it. This is what the journal
//! keeps: the tags are stable for ever.

use super::{ListingEvent, OrderEvent, PartyEvent, PayoutEvent};
use crate::types::{PartyId, PayoutId, SpokenCode};
use serde::{Deserialize, Serialize};

/// An event, addressed to one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Of a person.
    Party(PartyId, PartyEvent),
    /// Of a listing, by its five digits.
    Listing(SpokenCode, ListingEvent),
    /// Of an order, by its six digits.
    Order(SpokenCode, OrderEvent),
    /// Of a payout.
    Payout(PayoutId, PayoutEvent),
}
