//! What the desk looks into: figures and the rows they add up from; a person, an order, an account,
//! each with its postings and messages.

pub mod export;
pub mod figures;
mod lists;
mod pages;
pub mod statement;
pub mod trends;

use super::{Who, broken};
use crate::engine::Engine;
use crate::engine::shopfront::{DeskMessage, DeskPayout, ShopError};
use crate::engine::tapes::desk::DialogLine;
use crate::engine::work::Fault;
use crate::ledger::Account;
use crate::types::{Kes, PartyId, PayoutId, Timestamp};
use futures_util::future::BoxFuture;
use serde::Serialize;

use export::Export;
use figures::Figures;
use statement::{LongLine, Place, PostingRow, Statement};

/// Some of the rows there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many there are in all.
    pub count: usize,
    /// What all of them add up to, where they are sums.
    pub sum: Kes,
    /// Those of this page, newest first.
    pub rows: Vec<T>,
    /// There are more after them.
    pub more: bool,
}

/// Which rows: those of a word, and which page of them, from zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// A stage or a state; none for all.
    pub word: Option<String>,
    /// Which page.
    pub page: usize,
    /// All of them on one.
    pub whole: bool,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Its six digits.
    pub code: String,
    /// Its listing's five digits.
    pub listing: String,
    /// How many pieces.
    pub pieces: u32,
    /// What the maker gets for all of them.
    pub earns: Kes,
    /// Where it stands.
    pub stage: String,
    /// Since when.
    pub since: Timestamp,
    /// What the maker will get for pieces that are not checked yet.
    pub held: Kes,
    /// What the pieces are worth at its rate.
    pub value: Kes,
    /// Who makes it, by id and name.
    pub maker: Option<(PartyId, String)>,
}

/// A listing in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListingRow {
    /// Its five digits.
    pub code: String,
    /// Kind as a word: `necklace`.
    pub kind: String,
    /// Material as a word: `brass`.
    pub stuff: String,
    /// What the maker asks for a piece.
    pub price: Kes,
    /// Where it stands.
    pub state: String,
    /// Whose, by id and name.
    pub maker: (PartyId, String),
}

/// A listing with everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListingPage {
    /// As in lists.
    pub row: ListingRow,
    /// Pieces that are ready to be sold.
    pub ready: u32,
    /// Pieces that were sold.
    pub sold: u32,
    /// When it was listed.
    pub listed: Timestamp,
    /// Its postings, oldest first.
    pub postings: Vec<PostingRow>,
    /// Texts about it to and from its maker, newest first.
    pub messages: Vec<DeskMessage>,
}

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonRow {
    /// Who.
    pub id: PartyId,
    /// Her five digits.
    pub number: String,
    /// Her name.
    pub name: String,
    /// Her phone, masked.
    pub phone: String,
    /// What she does here.
    pub role: String,
    /// Where.
    pub area: String,
    /// The language she is spoken to in.
    pub lang: String,
    /// Since when.
    pub joined: Timestamp,
    /// Her money waits.
    pub held: bool,
}

/// A person with everything of hers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonPage {
    /// Who.
    pub id: PartyId,
    /// Her name.
    pub name: String,
    /// Her phone, masked.
    pub phone: String,
    /// Her five digits.
    pub number: String,
    /// What she does here.
    pub role: String,
    /// Where.
    pub area: String,
    /// The language she is spoken to in.
    pub lang: String,
    /// Since when.
    pub joined: Timestamp,
    /// `none`, `set`, `locked`.
    pub pin: String,
    /// Why her money waits: kind, reason, since when.
    pub holds: Vec<(String, String, Timestamp)>,
    /// Her listings.
    pub listings: Vec<ListingRow>,
    /// Her orders, newest first.
    pub orders: Vec<OrderRow>,
    /// Her accounts.
    pub accounts: Vec<Statement>,
    /// Texts to and from her, newest first.
    pub messages: Vec<DeskMessage>,
    /// Her dialogs, newest first.
    pub dialogs: Vec<DialogLine>,
}

/// A hand-over: giver, receiver, pieces, when.
pub type Hand = ((PartyId, String), (PartyId, String), u32, Timestamp);

/// An order with everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderPage {
    /// As in lists.
    pub row: OrderRow,
    /// Each step and when it happened.
    pub steps: Vec<(String, Timestamp)>,
    /// Every hand-over with its two witnesses.
    pub custody: Vec<Hand>,
    /// Its postings, oldest first.
    pub postings: Vec<PostingRow>,
    /// Texts about it, newest first.
    pub messages: Vec<DeskMessage>,
}

/// A payout with its postings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PayoutPage {
    /// Which.
    pub id: PayoutId,
    /// By which provider, or what it waits for there.
    pub way: String,
    /// Nobody can say yet how it ends.
    pub open: bool,
    /// Whose.
    pub owner: (PartyId, String),
    /// How much.
    pub amount: Kes,
    /// Where it stands.
    pub state: String,
    /// The provider's reference.
    pub reference: Option<String>,
    /// Why it failed or is unknown.
    pub why: Option<String>,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Since when it stands so.
    pub since: Timestamp,
    /// Its postings, oldest first.
    pub postings: Vec<PostingRow>,
    /// Texts to and from its owner from then on, newest first.
    pub messages: Vec<DeskMessage>,
}

/// What the desk calls to look into things.
pub trait BooksDesk: Send + Sync + 'static {
    /// Orders and cases at a glance.
    fn figures(&self) -> BoxFuture<'_, Result<Figures, ShopError>>;
    /// Orders, newest first; the sum is what their makers will get for what is not checked yet.
    fn booked_orders(&self, which: Which) -> BoxFuture<'_, Result<Listed<OrderRow>, ShopError>>;
    /// Listings, newest first.
    fn booked_listings(&self, which: Which) -> BoxFuture<'_, Result<Listed<ListingRow>, ShopError>>;
    /// What was sold on each of the last days, the oldest first.
    fn sales(&self, days: u32) -> BoxFuture<'_, Result<Vec<trends::Sold>, ShopError>>;
    /// Open orders by where they stand, with who has their pieces.
    fn order_lanes(&self) -> BoxFuture<'_, Result<Vec<trends::Lane>, ShopError>>;
    /// People of a role, those who joined last first.
    fn booked_people(&self, which: Which) -> BoxFuture<'_, Result<Listed<PersonRow>, ShopError>>;
    /// Payouts, newest first; the word `open` means all that are not settled.
    fn booked_payouts(&self, which: Which) -> BoxFuture<'_, Result<Listed<DeskPayout>, ShopError>>;
    /// One order.
    fn order_page(&self, code: String) -> BoxFuture<'_, Result<OrderPage, ShopError>>;
    /// One listing.
    fn listing_page(&self, code: String) -> BoxFuture<'_, Result<ListingPage, ShopError>>;
    /// One payout.
    fn payout_page(&self, id: String) -> BoxFuture<'_, Result<PayoutPage, ShopError>>;
    /// A page of an account by its code: from the newest posting, or from where a page before ended.
    fn account(
        &self, code: String, older: Option<(String, Kes)>,
    ) -> BoxFuture<'_, Result<Statement, ShopError>>;
    /// A person by her id, her phone or her five digits.
    fn person(&self, whom: String) -> BoxFuture<'_, Result<PersonPage, ShopError>>;
    /// Every posting of a person's accounts, oldest first, and her five digits.
    fn long_statement(&self, whom: String) -> BoxFuture<'_, Result<(String, Vec<LongLine>), ShopError>>;
    /// Everything that is kept of a person.
    fn export_person(&self, by: Who, whom: String) -> BoxFuture<'_, Result<Export, ShopError>>;
}

/// Anything, or that there is no such thing.
type Found<T> = Result<Option<T>, Fault>;

fn one<T>(found: Found<T>) -> Result<T, ShopError> {
    found.map_err(|fault| broken(&fault))?.ok_or(ShopError::NotFound)
}

fn whole<T>(found: Result<T, Fault>) -> Result<T, ShopError> {
    found.map_err(|fault| broken(&fault))
}

impl BooksDesk for Engine {
    fn figures(&self) -> BoxFuture<'_, Result<Figures, ShopError>> {
        Box::pin(async { whole(self.count_figures().await) })
    }

    fn booked_orders(&self, which: Which) -> BoxFuture<'_, Result<Listed<OrderRow>, ShopError>> {
        Box::pin(async move { whole(self.list_orders(&which).await) })
    }

    fn booked_listings(&self, which: Which) -> BoxFuture<'_, Result<Listed<ListingRow>, ShopError>> {
        Box::pin(async move { whole(self.list_listings(&which).await) })
    }

    fn sales(&self, days: u32) -> BoxFuture<'_, Result<Vec<trends::Sold>, ShopError>> {
        Box::pin(async move { whole(self.read_sales(days).await) })
    }

    fn order_lanes(&self) -> BoxFuture<'_, Result<Vec<trends::Lane>, ShopError>> {
        Box::pin(async { whole(self.read_lanes().await) })
    }

    fn booked_people(&self, which: Which) -> BoxFuture<'_, Result<Listed<PersonRow>, ShopError>> {
        Box::pin(async move { whole(self.list_people(&which).await) })
    }

    fn booked_payouts(&self, which: Which) -> BoxFuture<'_, Result<Listed<DeskPayout>, ShopError>> {
        Box::pin(async move { whole(self.list_payouts(&which).await) })
    }

    fn order_page(&self, code: String) -> BoxFuture<'_, Result<OrderPage, ShopError>> {
        Box::pin(async move { one(self.read_order_page(&code).await) })
    }

    fn listing_page(&self, code: String) -> BoxFuture<'_, Result<ListingPage, ShopError>> {
        Box::pin(async move { one(self.read_listing_page(&code).await) })
    }

    fn payout_page(&self, id: String) -> BoxFuture<'_, Result<PayoutPage, ShopError>> {
        Box::pin(async move { one(self.read_payout_page(&id).await) })
    }

    fn account(
        &self, code: String, older: Option<(String, Kes)>,
    ) -> BoxFuture<'_, Result<Statement, ShopError>> {
        Box::pin(async move {
            let account = code.parse::<Account>().map_err(|_| ShopError::NotFound)?;
            let from = match older {
                Some((place, held)) => {
                    Some((place.parse::<Place>().map_err(|()| ShopError::NotFound)?, held))
                }
                None => None,
            };
            let work = whole(self.work(self.clock.now()))?;
            whole(statement::page(&work, account, from).await)
        })
    }

    fn person(&self, whom: String) -> BoxFuture<'_, Result<PersonPage, ShopError>> {
        Box::pin(async move { one(self.read_person_page(&whom).await) })
    }

    fn long_statement(&self, whom: String) -> BoxFuture<'_, Result<(String, Vec<LongLine>), ShopError>> {
        Box::pin(async move { one(self.read_long_statement(&whom).await) })
    }

    fn export_person(&self, by: Who, whom: String) -> BoxFuture<'_, Result<Export, ShopError>> {
        Box::pin(async move {
            let export = one(self.read_export(&whom).await)?;
            let did = by.did(format!("hands out everything kept of {}", export.person.id));
            let work = whole(self.work(self.clock.now()))?;
            whole(self.commit(work, did, None).await)?;
            tracing::info!(by = by.name(), person = %export.person.id, "everything kept of a person was handed out");
            Ok(export)
        })
    }
}
