//! Orders as the desk sees and moves them: carriers' numbers, deliveries, what carriers took, words of
//! thanks, money back for what had passed.

use super::wishes::parcel_view;
use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::buyers::Buyer;
use crate::engine::desk::Who;
use crate::engine::shopfront::{ParcelView, ShopError};
use crate::engine::turn::TRIES;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::listing::Listing;
use crate::market::order::{Complaint, LONGEST_REASON, Order, OrderCommand, Thanks};
use crate::market::{Party, Refusal};
use crate::menu::value::Value;
use crate::types::{Kes, SpokenCode, Timestamp, Usd};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// An order as the desk sees it. Sums are in cents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Its six digits.
    pub order: SpokenCode,
    /// Where it stands: `making`, `choosing`, `released`, `shipped`, `delivered`, `closed` ...
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// The day it is to be made by.
    pub due: Option<Timestamp>,
    /// Who makes it, by first name.
    pub maker: Option<String>,
    /// Kind of the pieces.
    pub kind: String,
    /// What they are made of.
    pub stuff: String,
    /// How many were bought; of a part of many pieces, how many its maker took.
    pub pieces: u32,
    /// Where it goes: ISO 3166 letters.
    pub country: String,
    /// What the shopper paid, in cents of a dollar.
    pub charge: Usd,
    /// What of it is a tax authority's.
    #[serde(default)]
    pub tax: Usd,
    /// On its way to the shopper, with its customs line.
    pub parcel: Option<ParcelView>,
    /// What of the charge was for the carrier.
    pub shipping: Kes,
    /// What the carrier was paid.
    pub settled: Option<Kes>,
    /// What the shopper wrote to the maker.
    pub thanks: Option<Thanks>,
    /// Money back for what had passed.
    pub complaints: Vec<Complaint>,
}

/// What the desk does with an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum OrderWish {
    /// The carrier's number of its parcel.
    Track {
        /// Which.
        order: SpokenCode,
        /// The number.
        number: String,
    },
    /// The shopper has it.
    Delivered {
        /// Which.
        order: SpokenCode,
    },
    /// The carrier was paid for it.
    Settle {
        /// Which.
        order: SpokenCode,
        /// How much, in cents.
        cost: Kes,
    },
    /// The shopper's words may go to the maker, or not.
    Thanks {
        /// Which.
        order: SpokenCode,
        /// They may.
        pass: bool,
    },
    /// What is still to come of it never will: lost on its way, or nobody brings or judges it.
    GiveUp {
        /// Which.
        order: SpokenCode,
    },
    /// Money back for pieces that had passed.
    Refund {
        /// Which.
        order: SpokenCode,
        /// A reference of its own: told twice, it is one refund.
        paper: String,
        /// Why, in words.
        reason: String,
        /// For how many pieces.
        pieces: u32,
    },
    /// The pieces of such a refund came to the depot.
    Returned {
        /// Which.
        order: SpokenCode,
        /// The refund's reference.
        paper: String,
    },
}

impl OrderWish {
    /// Which order.
    pub const fn order(&self) -> SpokenCode {
        match self {
            Self::Track { order, .. }
            | Self::Delivered { order }
            | Self::GiveUp { order }
            | Self::Settle { order, .. }
            | Self::Thanks { order, .. }
            | Self::Refund { order, .. }
            | Self::Returned { order, .. } => *order,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Track { .. } => "track",
            Self::Delivered { .. } => "delivered",
            Self::Settle { .. } => "settle",
            Self::Thanks { .. } => "thanks",
            Self::GiveUp { .. } => "give_up",
            Self::Refund { .. } => "refund",
            Self::Returned { .. } => "returned",
        }
    }

    fn command(&self) -> OrderCommand {
        match self.clone() {
            Self::Track { number, .. } => OrderCommand::Track { by: None, number },
            Self::Delivered { .. } => OrderCommand::Deliver,
            Self::Settle { cost, .. } => OrderCommand::PayCarrier { cost },
            Self::Thanks { pass, .. } => OrderCommand::ReadThanks { pass },
            Self::GiveUp { .. } => OrderCommand::GiveUp { by: None },
            Self::Refund { paper, reason, pieces, .. } => {
                OrderCommand::Complain { paper, reason, pieces, two: false }
            }
            Self::Returned { paper, .. } => OrderCommand::TakeBack { paper },
        }
    }
}

/// What somebody writes on a parcel, and tells the customs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The order.
    pub order: SpokenCode,
    /// Where it goes.
    pub buyer: Buyer,
    /// Pieces in it, or to be sent.
    pub pieces: u32,
    /// Kind of the pieces.
    pub kind: String,
    /// What they are made of.
    pub stuff: String,
    /// Class of the Harmonized System.
    pub hs: String,
    /// What they are worth, in cents of a dollar.
    pub value: Usd,
    /// What the parcel weighs, once it was weighed.
    pub grams: Option<u32>,
    /// What was collected for the tax authority of where it goes, and the number it knows us by.
    #[serde(default)]
    pub tax: Option<TaxPaid>,
}

/// Tax that is paid already, as the customs are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxPaid {
    /// For these pieces, in cents of a dollar.
    pub sum: Usd,
    /// The number that the authority knows us by.
    pub number: Option<String>,
}

/// What the desk calls.
pub trait OrderDesk: Send + Sync + 'static {
    /// Paid orders, newest first; only those in this state, if one is named.
    fn orders(&self, state: Option<String>) -> BoxFuture<'_, Result<Vec<OrderRow>, ShopError>>;
    /// Does something with an order; how it stands then. A repeat changes nothing.
    fn order(&self, by: Who, wish: OrderWish) -> BoxFuture<'_, Result<OrderRow, ShopError>>;
    /// Where it goes; who asked is kept in the journal.
    fn label(&self, by: Who, order: SpokenCode) -> BoxFuture<'_, Result<Label, ShopError>>;
}

fn broken(fault: Fault) -> ShopError {
    tracing::error!(%fault, "a question about orders failed");
    ShopError::Fault
}

/// A no, with what to do next.
fn said_no(wish: &OrderWish, why: &Refusal) -> ShopError {
    let field = |why: String| ShopError::Field { field: "order", why };
    match (wish, why) {
        (_, Refusal::NotFound) => ShopError::NotFound,
        (OrderWish::Track { .. }, Refusal::OutOfRange { .. }) => {
            field("a carrier's number has 4 to 30 letters and digits".to_owned())
        }
        (OrderWish::Settle { .. }, Refusal::AlreadyExists) => {
            field("its carrier was paid before, with another sum; that one stands".to_owned())
        }
        (OrderWish::Refund { .. }, Refusal::AlreadyExists) => {
            field("this reference stands for another refund; take a new one".to_owned())
        }
        (OrderWish::Refund { .. }, Refusal::NoReason) => {
            field(format!("write a reference (40 letters) and a reason ({LONGEST_REASON}) in words"))
        }
        (OrderWish::Refund { .. }, Refusal::OutOfRange { max, .. }) => {
            field(format!("{max} pieces of it have passed and are not refunded"))
        }
        (_, why) => field(why.to_string()),
    }
}

impl OrderDesk for Engine {
    fn orders(&self, state: Option<String>) -> BoxFuture<'_, Result<Vec<OrderRow>, ShopError>> {
        Box::pin(async move { self.order_rows(state.as_deref()).await.map_err(broken) })
    }

    fn order(&self, by: Who, wish: OrderWish) -> BoxFuture<'_, Result<OrderRow, ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_order(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(broken)?.map_err(|why| said_no(&wish, &why)),
                }
            }
            Err(ShopError::Fault)
        })
    }

    fn label(&self, by: Who, order: SpokenCode) -> BoxFuture<'_, Result<Label, ShopError>> {
        Box::pin(async move { self.label_of(&by, order).await.map_err(broken)? })
    }
}

impl Engine {
    async fn order_rows(&self, state: Option<&str>) -> Result<Vec<OrderRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (code, order) in view::every::<Order>(&mut work, aggregate::all_orders(), true).await? {
            let wanted = state.is_none_or(|state| order.stage.word() == state);
            if wanted && order.payment.is_some() {
                rows.push(self.order_row(&mut work, code, &order).await?);
            }
        }
        Ok(rows)
    }

    async fn order_row(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order,
    ) -> Result<OrderRow, Fault> {
        let listing = view::read::<Listing>(work, order.terms.listing).await?;
        let maker = match order.maker {
            Some(id) => view::read::<Party>(work, id).await?.map(|maker| maker.first_name()),
            None => None,
        };
        let word = |pick: fn(&Listing) -> &str| listing.as_ref().map_or("other", pick).to_owned();
        Ok(OrderRow {
            order: code,
            state: order.stage.word().to_owned(),
            since: order.since,
            due: order.due,
            maker,
            kind: word(|listing| listing.kind.as_str()),
            stuff: word(|listing| listing.stuff.as_str()),
            pieces: match order.terms.bulk {
                Some(_) if order.accepted > 0 => order.accepted,
                _ => order.quantity(),
            },
            country: order.terms.country.clone(),
            charge: order.terms.quote.charge(),
            tax: order.terms.quote.taxes(),
            parcel: parcel_view(order),
            shipping: order.terms.quote.shipping_value,
            settled: order.parcel.as_ref().and_then(|parcel| parcel.settled),
            thanks: order.thanks.clone(),
            complaints: order.complaints.clone(),
        })
    }

    async fn try_order(&self, by: &Who, wish: &OrderWish) -> Result<Result<OrderRow, Refusal>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let code = wish.order();
        if work.get::<Order>(code).await?.is_none() {
            return Ok(Err(Refusal::NotFound));
        }
        let happened = match self.order_turn(&mut work, code, &wish.command()).await? {
            Ok(events) => events > 0,
            Err(why) => return Ok(Err(why)),
        };
        let order = work.need::<Order>(code).await?;
        if let (OrderWish::GiveUp { .. }, true, Some(maker)) = (wish, happened, order.maker) {
            let maker = work.need::<Party>(maker).await?;
            let shown = Value::Record(self.order(&mut work, code, &order).await?);
            let help = Value::Phone(self.house.help_phone);
            self.tell(&mut work, &maker, "order_given_up", vec![shown, help])?;
        }
        let row = self.order_row(&mut work, code, &order).await?;
        if work.acts() {
            self.commit(work, by.did(format!("order {code} {}", wish.word())), None).await?;
        }
        Ok(Ok(row))
    }
}
