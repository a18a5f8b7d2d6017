//! What an order is for.

use crate::market::Quote;
use crate::types::{SpokenCode, Timestamp};
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
