//! What an order is for.

use crate::market::Quote;
use crate::types::{SpokenCode, Timestamp, Usd};
use serde::{Deserialize, Serialize};

/// What was agreed when the order was placed; never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The order's six digits.
    pub code: SpokenCode,
    /// The listing.
    pub listing: SpokenCode,
    /// How many pieces, at which prices and rate.
    pub quote: Quote,
    /// ISO 3166 letters of where it goes.
    pub country: String,
    /// The private link's token; empty for a part, whose buyer has the request's link.
    pub token: String,
    /// The bulk request this order is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk: Option<PartOf>,
    /// What the shopper was shown sums in, beside the dollars that she is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// The partner whose program placed it, by the id of the partner's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The purchase this order is one of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<Purchase>,
}

/// Several orders that one payment pays for, as each of them knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The private link's token of the purchase, by which the payment names it.
    pub token: String,
    /// All of its orders, this one too.
    pub orders: Vec<SpokenCode>,
    /// What those before this one come to.
    pub before: Usd,
}

/// A currency that sums are shown in, at a rate that was locked at the checkout. Nothing is charged or
/// booked in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// ISO 4217 letters of a currency with hundredths, such as `EUR`.
    pub currency: String,
    /// Millionths of it for one dollar.
    pub millionths: u64,
    /// The day the rate is of: `2026-11-20`.
    pub day: String,
}

impl Shown {
    /// A sum in hundredths of the currency, rounded to the nearest.
    pub fn hundredths(&self, sum: Usd) -> i64 {
        let exact = i128::from(sum.cents()) * i128::from(self.millionths);
        i64::try_from((exact + 500_000).div_euclid(1_000_000)).unwrap_or(i64::MAX)
    }
}

/// A bulk request as its parts know it. What such a part does not take, or will never bring, goes
/// back to the request and not to the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOf {
    /// The request's six digits.
    pub code: SpokenCode,
    /// The day the pieces are wanted.
    pub due: Timestamp,
}
