//! What the shop, the desk and the card processor's webhook call, and the views they get.

pub use super::browse::front::{Aisles, Browse, Found, MakerView, Spot, Term};
pub use super::callbacks::{Callback, CallbackRow};
use super::cards::inbox::{KeptEvent, Tried};
pub use super::charge::TaxView;
use super::desk::Who;
pub use super::desk::payouts::DeskPayout;
pub use super::messages::receipts::ReceiptCounts;
use super::photos::front::PhotoView;
pub use crate::market::order::Shown;
pub use crate::market::trouble::Outcome;
use crate::store::Key;
use crate::types::{Kes, Lang, PartyId, Timestamp, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A piece on sale, as a shopper sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceView {
    /// The listing's five digits.
    pub code: String,
    /// Kind as a word: `necklace`.
    pub kind: String,
    /// Material as a word: `brass`.
    pub stuff: String,
    /// Who made it.
    pub maker: String,
    /// Where she works.
    pub place: String,
    /// What names her page.
    #[serde(default)]
    pub maker_page: String,
    /// What the shopper pays for one.
    pub price: Usd,
    /// What the shopper pays for one, in shillings, before conversion.
    pub retail: Kes,
    /// What the maker receives for one.
    pub maker_gets: Kes,
    /// How many can be bought now.
    pub ready: u32,
    /// Since when it is on sale.
    pub since: Timestamp,
    /// Its photographs, in their order.
    #[serde(default)]
    pub photos: Vec<PhotoView>,
    /// What a liaison says of it, by language.
    #[serde(default)]
    pub words: BTreeMap<Lang, String>,
}

/// Who gets what of one sale, from the ledger's own rules. The parts add up to `total`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The sale's value in shillings.
    pub total: Kes,
    /// Named parts: `maker`, `mentor`, `margin`, in this order; empty ones left out.
    pub parts: Vec<(String, Kes)>,
}

/// A shopper's wish to buy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutIn {
    /// The listing.
    pub code: String,
    /// How many pieces.
    pub quantity: u32,
    /// The shopper's name.
    pub name: String,
    /// For the receipt.
    pub email: String,
    /// ISO 3166 letters.
    pub country: String,
    /// Street, town and what else the carrier needs.
    pub address: String,
    /// The same for a form posted twice.
    pub idempotency_key: String,
    /// What she is shown sums in, beside the dollars that she is charged.
    #[serde(default)]
    pub shown: Option<Shown>,
    /// The partner whose program places it, by the id of the partner's key.
    #[serde(default)]
    pub partner: Option<String>,
    /// In which language she reads the shop, such as `fr`: letters to her are in it.
    #[serde(default)]
    pub lang: String,
    /// What the payment page says it is for; English by itself.
    #[serde(default)]
    pub line: Option<PayLine>,
    /// What she was shown that it comes to: another sum is not charged. None where a program asks, which is
    /// told afterwards.
    #[serde(default)]
    pub total: Option<Usd>,
}

/// What a payment page says it is for, with `{order}` in the place of the order's number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PayLine {
    /// Where no tax is in it.
    pub untaxed: String,
    /// Where there is.
    pub taxed: String,
}

/// Where a checkout goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutOut {
    /// The private link's token of the order page.
    pub token: String,
    /// Where the shopper pays.
    pub pay_url: String,
}

/// Why a checkout, a command of the desk or a webhook was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShopError {
    /// There is no such thing, or nobody may see it.
    #[error("there is no such thing here")]
    NotFound,
    /// Sold or taken off sale in the meantime.
    #[error("this piece has just been sold")]
    Gone,
    /// The order has gone on: what is so now.
    #[error("{0}")]
    TooLate(String),
    /// Something in the form is wrong: field and what to do.
    #[error("{field}: {why}")]
    Field {
        /// Which field.
        field: &'static str,
        /// In words.
        why: String,
    },
    /// Fewer are left than were asked for.
    #[error("only {0} left")]
    Left(u32),
    /// So many at a time are not sold.
    #[error("choose from {least} to {most} pieces")]
    Pieces {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// The work takes time: the first day that can be chosen.
    #[error("the work takes more time than that")]
    TooEarly(Timestamp),
    /// Nobody can promise that: the last day that can be chosen.
    #[error("that is too far off")]
    TooFar(Timestamp),
    /// The idempotency key belongs to an order with other content, which stands.
    #[error("this key was used for another order, which stands; send this one with a new key")]
    KeyUsed,
    /// The card processor could not be reached; nothing was taken.
    #[error("the card processor does not answer; nothing was taken, please try again")]
    CardDown,
    /// The desk stopped it for everybody; why, in English.
    #[error("this is not possible for now: {0}")]
    Stopped(String),
    /// Our own fault; nothing was taken.
    #[error("something broke on our side; nothing was taken")]
    Fault,
}

/// One step of an order, as the shopper sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStep {
    /// A stable word: `paid`, `offered`, `accepted`, `ready`, `at_kiosk`, `checked`, `refunded` ...
    pub step: String,
    /// When it happened; `None` when it lies ahead.
    pub at: Option<Timestamp>,
}

/// An order, as the shopper sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// The order's six digits.
    pub code: String,
    /// What was bought.
    pub piece: PieceView,
    /// How many pieces.
    pub quantity: u32,
    /// Goods, shipping and tax, in cents.
    pub total: Usd,
    /// What of it is a tax authority's.
    #[serde(default)]
    pub tax: Option<TaxView>,
    /// What she was shown sums in when she ordered.
    #[serde(default)]
    pub shown: Option<Shown>,
    /// The state as a stable word.
    pub state: String,
    /// Every step, done and to come, in order.
    pub steps: Vec<OrderStep>,
    /// Who gets what; from the ledger once released.
    pub split: Split,
    /// What may still happen to it.
    #[serde(default)]
    pub life: OrderLife,
    /// The private link's token of the purchase that it was paid with.
    #[serde(default)]
    pub purchase: Option<String>,
    /// The partner whose program placed it, by the id of the partner's key.
    #[serde(default)]
    pub partner: Option<String>,
    /// Grows with every change: a page that has seen it need not draw again.
    pub version: u64,
}

/// What may still happen to an order, and what its shopper may do about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLife {
    /// The day it is to be made by, while it is made.
    pub due: Option<Timestamp>,
    /// The day that was promised first and why it was moved: `materials`, `home`, `busy`, `other`.
    pub late: Option<(Timestamp, String)>,
    /// What a change of mind costs now, and what goes back to the card; none when it is too late.
    pub cancel: Option<(Usd, Usd)>,
    /// What she is asked.
    pub question: Option<Question>,
    /// On its way to her, and there.
    pub parcel: Option<ParcelView>,
    /// What she wrote to the maker.
    pub thanks: Option<String>,
    /// She may write to the maker.
    pub may_thank: bool,
}

/// A parcel on its way to a shopper, as she and the desk see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelView {
    /// How many pieces.
    pub pieces: u32,
    /// What it weighs, in grams.
    pub grams: u32,
    /// The class of the Harmonized System that the customs are told.
    pub hs: String,
    /// What the customs are told it is worth, in cents: the shop price.
    pub value: Usd,
    /// The box of ours it is packed into: `small`, `large`.
    pub boxed: Option<String>,
    /// Where the goods come from: ISO 3166 letters.
    pub origin: String,
    /// The carrier's number.
    pub tracking: Option<String>,
}

/// Pieces will never come: made again, or their money back?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Names the question.
    pub round: u32,
    /// How many pieces.
    pub pieces: u32,
    /// Without an answer until then, the money goes back.
    pub until: Timestamp,
    /// What goes back.
    pub back: Usd,
}

/// A tick of the order page: the order of this token changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderChanged {
    /// The private link's token.
    pub token: String,
}

/// What a card processor tells us, its signature already proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardNews {
    /// The processor's id of this event; a repeat has the same.
    pub event_id: String,
    /// The token we gave as the session's reference.
    pub token: String,
    /// The processor's id of the payment.
    pub payment: String,
    /// What happened.
    pub what: CardEvent,
}

/// What happened to a card payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardEvent {
    /// Captured, so many cents.
    Paid(Usd),
    /// The session ended unpaid.
    Expired,
    /// Given back.
    Refunded(Usd),
    /// What was given back came back to us: the card's bank did not take it.
    RefundFailed {
        /// The processor's id of the refund.
        refund: String,
        /// The key under which it was asked for.
        key: Option<String>,
        /// How much.
        amount: Usd,
    },
    /// The shopper's bank asks about it.
    Dispute(DisputeTold),
}

/// What the card processor tells of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeTold {
    /// The processor's id of it.
    pub id: String,
    /// Where it stands, in its word.
    pub status: String,
    /// The bank's word for why.
    pub reason: String,
    /// How much of the payment.
    pub amount: Usd,
    /// Until when evidence is taken.
    pub due: Option<Timestamp>,
    /// What happened.
    pub step: DisputeStep,
}

/// What happened to a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeStep {
    /// It is there, or stands otherwise.
    Stands,
    /// The money was taken, and so much for the work.
    Withdrawn(Usd),
    /// The money came back, and so much of what the work had cost.
    Reinstated(Usd),
    /// It is over.
    Closed(Outcome),
}

/// A listing as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeskListing {
    /// Its five digits.
    pub code: String,
    /// Kind.
    pub kind: String,
    /// Material.
    pub stuff: String,
    /// What the maker receives for one.
    pub price: Kes,
    /// How many.
    pub ready: u32,
    /// The maker's name.
    pub maker: String,
    /// The maker's phone, masked.
    pub phone: String,
    /// `waiting`, `on_sale`, `refused` ...
    pub state: String,
}

/// A cash number as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeskCash {
    /// Its id; never the number itself.
    pub id: String,
    /// Whose money, by name.
    pub who: String,
    /// The same, by the id that leads to her page.
    pub party: PartyId,
    /// How much.
    pub amount: Kes,
    /// `open`, `claimed`, `served`, `denied`, `expired`.
    pub state: String,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// The kiosk that is paying it or has paid it.
    pub kiosk: Option<String>,
    /// The agent there.
    pub agent: Option<PartyId>,
    /// That kiosk pays no cash for now because this payment was denied.
    pub stopped: bool,
}

/// Which messages are wanted, as somebody typed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MessagesWish {
    /// Only those to and from this phone.
    pub phone: Option<String>,
    /// Only those in this state, by its word.
    pub state: Option<String>,
    /// Only those before this one: `older` of the page before.
    pub before: Option<String>,
}

/// A text to or from a phone, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeskMessage {
    /// Names it.
    pub id: String,
    /// `out` or `in`.
    pub way: String,
    /// Whose phone.
    pub phone: String,
    /// Who has this phone, by name.
    pub who: Option<String>,
    /// What for: `order`, `money` ...
    pub purpose: Option<String>,
    /// Which text of the catalogue.
    pub name: Option<String>,
    /// What it says, what may be a PIN left out.
    pub text: String,
    /// The gateway that took or brought it.
    pub gateway: Option<String>,
    /// The gateway's id of each part, empty where it gave none.
    pub ids: Vec<String>,
    /// In how many parts it was taken.
    pub parts: usize,
    /// When it was decided, or came.
    pub queued: Timestamp,
    /// When a gateway took it.
    pub taken: Option<Timestamp>,
    /// When the last word about it was heard.
    pub done: Option<Timestamp>,
    /// `waiting`, `taken`, `delivered`, `failed`, `no_receipt`, `given_up`, `not_needed`, `received`.
    pub state: String,
    /// It was given up, so somebody may send it again.
    pub can_go_again: bool,
    /// Why, in words.
    pub reason: Option<String>,
    /// What one from a phone brought about.
    pub did: Vec<String>,
}

/// A page of messages, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeskMessages {
    /// The page.
    pub rows: Vec<DeskMessage>,
    /// Where the next page begins; none when there are no more.
    pub older: Option<String>,
    /// What became of receipts since the start of the program.
    pub receipts: ReceiptCounts,
}

/// One row of a trial balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BalanceRow {
    /// The account.
    pub account: String,
    /// `asset`, `liability`, `income`, `expense`, `equity`.
    pub side: String,
    /// The balance on its normal side.
    pub balance: Kes,
}

/// Asks a card processor for a payment page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSession {
    /// Our reference: the order's token.
    pub token: String,
    /// What is charged.
    pub amount: Usd,
    /// A line for the payment page.
    pub what: String,
    /// Where the shopper returns.
    pub return_url: String,
    /// When the page closes; the same for every try.
    pub until: Timestamp,
    /// The same for every try.
    pub idempotency_key: String,
}

/// A card processor.
pub trait CardIn: Send + Sync + 'static {
    /// Opens a payment page; its address. Safe to repeat with the same key.
    fn open(&self, session: CardSession) -> BoxFuture<'_, Result<String, String>>;

    /// Gives back part or all of a payment. Safe to repeat with the same key.
    fn refund(&self, payment: String, amount: Usd, key: String) -> BoxFuture<'_, Result<(), String>>;

    /// Whether the refund of this key was made, however long ago.
    fn refunded(&self, payment: String, amount: Usd, key: String) -> BoxFuture<'_, Result<bool, String>>;

    /// How long the processor remembers a key: after that, the same key would refund once more.
    fn keeps_keys(&self) -> Duration {
        Duration::from_secs(24 * 3_600)
    }
}

/// What the web calls.
pub trait ShopFront: Send + Sync + 'static {
    /// What is found of all that is on sale, newest first.
    fn browse(&self, wish: Browse) -> BoxFuture<'_, Result<Found, ShopError>>;
    /// The kinds and the materials of what is on sale.
    fn aisles(&self) -> BoxFuture<'_, Result<Aisles, ShopError>>;
    /// Why the shop shows nothing now, for whoever runs it: what is on sale cannot be found.
    fn amiss(&self) -> Option<&'static str> {
        None
    }
    /// The maker of a page.
    fn maker(&self, page: String) -> BoxFuture<'_, Result<MakerView, ShopError>>;
    /// Some pieces on sale, newest first.
    fn pieces(&self) -> BoxFuture<'_, Result<Vec<PieceView>, ShopError>>;
    /// One piece, with who gets what of its price.
    fn piece(&self, code: String) -> BoxFuture<'_, Result<(PieceView, Split), ShopError>>;
    /// What shipping one piece of a kind to a country costs; `None` where we do not ship.
    fn shipping(&self, country: &str, kind: &str) -> Option<Usd>;
    /// The same of several pieces in one parcel.
    fn shipping_of(&self, country: &str, kind: &str, pieces: u32) -> Option<Usd> {
        self.shipping(country, kind).filter(|_| pieces == 1)
    }
    /// What is collected for a tax authority with one piece at this price; `None` where nothing is.
    fn tax(&self, _country: &str, _each: Usd, _shipping: Usd) -> Option<TaxView> {
        None
    }
    /// When something that is ordered now is made, if its maker answers in time and keeps her word.
    fn made_by(&self) -> Option<Timestamp> {
        None
    }
    /// Countries we ship to: letters and English name.
    fn countries(&self) -> Vec<(String, String)>;
    /// Why nothing can be bought now, if so.
    fn closed(&self) -> Option<String> {
        None
    }
    /// Begins an order and opens a payment page.
    fn checkout(&self, checkout: CheckoutIn) -> BoxFuture<'_, Result<CheckoutOut, ShopError>>;
    /// The order of a private link.
    fn order(&self, token: String) -> BoxFuture<'_, Result<OrderView, ShopError>>;
    /// Ticks whenever any order changes.
    fn changes(&self) -> tokio::sync::broadcast::Receiver<OrderChanged>;
    /// News from the card processor; resolves when it is durable, repeats are harmless. `NotFound`
    /// when it is about no order of ours.
    fn card_news(&self, news: CardNews) -> BoxFuture<'_, Result<(), ShopError>>;
    /// Writes down what a provider of mobile money posted, before anybody reads it; resolves when it is
    /// durable: `true` when it is to be read here and now, `false` when the node that pays does it.
    fn callback(&self, _: Callback) -> BoxFuture<'_, Result<bool, ShopError>> {
        Box::pin(async { Ok(true) })
    }
    /// What other nodes wrote down and nobody has read, oldest first, with its name.
    fn callbacks_unheard(&self) -> BoxFuture<'_, Result<Vec<(Key, Callback)>, ShopError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// The one of this name was read.
    fn callback_heard(&self, _: Key) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async { Ok(()) })
    }
    /// Keeps an event of the card processor as it came; resolves when it is durable. Nothing where none
    /// are kept.
    fn card_event_kept(&self, _: bytes::Bytes) -> BoxFuture<'_, Result<Option<KeptEvent>, ShopError>> {
        Box::pin(async { Ok(None) })
    }
    /// Writes down what came of an event that is kept under this name.
    fn card_event_tried(&self, _: String, _: Tried) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async { Ok(()) })
    }
    /// Events that are kept and wait to be worked off.
    fn card_events_due(&self) -> BoxFuture<'_, Result<Vec<KeptEvent>, ShopError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// What was posted, newest first: a page of it, from before that moment.
    fn desk_callbacks(
        &self, _before: Option<Timestamp>,
    ) -> BoxFuture<'_, Result<Vec<CallbackRow>, ShopError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// A result from the mobile-money provider; resolves when it is durable, repeats are harmless.
    fn payout_news(
        &self, id: crate::types::PayoutId, news: super::port::PayoutNews,
    ) -> BoxFuture<'_, Result<(), ShopError>>;
    /// What was asked of the mobile-money provider, so that its result can be held against it.
    /// `NotFound` when it is about no payout of ours.
    fn payout_asked(
        &self, _: crate::types::PayoutId,
    ) -> BoxFuture<'_, Result<super::port::PayOut, ShopError>> {
        Box::pin(async { Err(ShopError::NotFound) })
    }
    /// What came of asking somebody on her phone to pay us; resolves when it is durable, repeats are harmless.
    fn prompt_news(
        &self, _: crate::types::PromptId, _: super::prompt::PromptNews,
    ) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async { Err(ShopError::NotFound) })
    }
    /// What she was asked, so that a result can be held against it. `NotFound` when it is nothing of ours.
    fn prompt_asked(
        &self, _: crate::types::PromptId,
    ) -> BoxFuture<'_, Result<super::prompt::Prompted, ShopError>> {
        Box::pin(async { Err(ShopError::NotFound) })
    }
    /// All listings, newest first.
    fn desk_listings(&self) -> BoxFuture<'_, Result<Vec<DeskListing>, ShopError>>;
    /// All payouts, newest first.
    fn desk_payouts(&self) -> BoxFuture<'_, Result<Vec<DeskPayout>, ShopError>>;
    /// All cash numbers, newest first.
    fn desk_cash(&self) -> BoxFuture<'_, Result<Vec<DeskCash>, ShopError>>;
    /// Lets the kiosk pay cash again that this denied payment stopped; `NotFound` when it stopped none.
    fn desk_allow_cash(&self, by: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>>;
    /// A page of messages, newest first, phones masked.
    fn desk_messages(&self, wish: MessagesWish) -> BoxFuture<'_, Result<DeskMessages, ShopError>>;
    /// Sends a text again that was given up, by the id of its row; `NotFound` when it is not parked.
    fn desk_send_again(&self, by: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>>;
    /// The trial balance; the rows' signed sum is zero.
    fn trial_balance(&self) -> BoxFuture<'_, Result<Vec<BalanceRow>, ShopError>>;
}
