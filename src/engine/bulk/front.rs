//! What the shop and the desk ask about bulk requests, and the views they get.

pub use crate::market::bulk::Choice;

use crate::engine::desk::Who;
use crate::engine::shopfront::{
    CheckoutIn, CheckoutOut, ParcelView, PieceView, ShopError, Shown, Split, TaxView,
};
use crate::types::{SpokenCode, Timestamp, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// What many pieces cost, and by when they may be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManyView {
    /// The piece, at the price it has when so many are bought.
    pub piece: PieceView,
    /// How many.
    pub quantity: u32,
    /// The least that is a bulk request.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// All of them, without shipping.
    pub goods: Usd,
    /// What they cost at the price for one.
    pub full: Usd,
    /// Who gets what of all of it.
    pub split: Split,
    /// What sending them costs, by country.
    pub shipping: Vec<Sending>,
    /// The soonest day that may be wanted.
    pub soonest: Timestamp,
}

/// What sending many pieces to a country costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// ISO 3166 letters.
    pub country: String,
    /// Its English name.
    pub name: String,
    /// What the carrier is paid with.
    pub sum: Usd,
    /// What is collected there for a tax authority, with all of it.
    pub tax: Option<TaxView>,
}

/// Where the pieces of a request are; the five add up to what was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not taken, and offered to nobody at this moment.
    pub left: u32,
    /// Wait for an artisan's answer.
    pub offered: u32,
    /// Taken, and not through the check yet.
    pub making: u32,
    /// Through the check.
    pub passed: u32,
    /// Their money went back, or is on its way.
    pub refunded: u32,
}

/// What one artisan was offered of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartView {
    /// The number of her order.
    pub order: String,
    /// Her first name.
    pub maker: String,
    /// How many pieces she was offered.
    pub offered: u32,
    /// How many she took; nothing while she has not answered.
    pub taken: Option<u32>,
    /// How many of them passed.
    pub passed: u32,
    /// How many of them will never come.
    pub short: u32,
    /// The day hers are to be made by, while she makes them.
    pub due: Option<Timestamp>,
    /// Why that day was moved: `materials`, `home`, `busy`, `other`.
    pub late: Option<String>,
    /// On its way, or there, with the carrier's number.
    pub parcel: Option<ParcelView>,
}

/// A request, as its buyer and the desk see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkView {
    /// The request's six digits.
    pub code: String,
    /// What was bought, at its price.
    pub piece: PieceView,
    /// How many pieces.
    pub quantity: u32,
    /// Goods, shipping and tax.
    pub total: Usd,
    /// What of it is a tax authority's.
    #[serde(default)]
    pub tax: Option<TaxView>,
    /// What the buyer was shown sums in when it was placed.
    #[serde(default)]
    pub shown: Option<Shown>,
    /// `placed`, `expired`, `gathering`, `choosing`, `making`, `done`, `refunded`.
    pub state: String,
    /// Where the pieces are.
    pub counts: Counts,
    /// The day the buyer wants them, or waits for.
    pub due: Timestamp,
    /// The day that is promised; nothing while some are not taken.
    pub promise: Option<Timestamp>,
    /// Counts the rounds of offers.
    pub round: u32,
    /// The day that waiting longer would mean; nothing when there is no round left.
    pub later: Option<Timestamp>,
    /// Who was offered what.
    pub parts: Vec<PartView>,
    /// Who gets what of all of it.
    pub split: Split,
    /// When it was placed.
    pub placed: Timestamp,
    /// The partner whose program placed it, by the id of the partner's key.
    #[serde(default)]
    pub partner: Option<String>,
    /// Grows with every change.
    pub version: u64,
}

/// What the web calls about many pieces at once.
pub trait BulkFront: Send + Sync + 'static {
    /// From how many pieces on a wish is a bulk request.
    fn least(&self) -> u32;
    /// What so many pieces of a listing cost.
    fn price_many(&self, code: String, pieces: u32) -> BoxFuture<'_, Result<ManyView, ShopError>>;
    /// The desk chooses for a buyer who has asked it to: about a round of a request.
    fn desk_choose(
        &self, by: Who, code: SpokenCode, round: u32, choice: Choice,
    ) -> BoxFuture<'_, Result<(), ShopError>>;
    /// Begins a request for a day and opens a payment page.
    fn checkout_many(
        &self, checkout: CheckoutIn, wanted: Timestamp,
    ) -> BoxFuture<'_, Result<CheckoutOut, ShopError>>;
    /// The request of a private link.
    fn bulk(&self, token: String) -> BoxFuture<'_, Result<BulkView, ShopError>>;
    /// What the buyer does about the pieces that nobody took in this round; `Gone` when it is over.
    fn choose(&self, token: String, round: u32, choice: Choice) -> BoxFuture<'_, Result<(), ShopError>>;
    /// All requests, newest first.
    fn desk_bulks(&self) -> BoxFuture<'_, Result<Vec<BulkView>, ShopError>>;
}
