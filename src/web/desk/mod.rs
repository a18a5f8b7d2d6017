//! The desk: what waits, what is on its way to people, whether the books balance, which menus serve.
//! It reads; menus it can also read anew and put back, texts send again, kiosks let pay cash again, and
//! loans it moves on.

pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod binds;
pub(super) mod board;
pub(super) mod books;
pub(super) mod bulk;
pub(super) mod cards;
pub(super) mod cash;
pub(super) mod charts;
pub(super) mod depot;
pub(super) mod dialogs;
pub(super) mod door;
pub(super) mod holds;
pub(super) mod kiosks;
pub(super) mod knocks;
pub(super) mod listings;
pub(super) mod loans;
pub(super) mod menus;
pub(super) mod messages;
pub(super) mod orders;
pub(super) mod payouts;
pub(super) mod reconcile;
pub(super) mod sessions;
pub(super) mod sheets;
pub(super) mod stops;
pub(super) mod stories;
pub(crate) mod webhooks;
pub(super) mod welcome;

use super::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    routes::EDITOR,
    wording,
};
use crate::{
    engine::desk::{
        OperatorDesk,
        books::{
            self as books_of,
            figures::{Figure, family, figures},
        },
    },
    engine::shopfront::{BalanceRow, CallbackRow, DeskListing, DeskPayout, ShopError},
    types::{Kes, Timestamp},
};
use askama::Template;
use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    response::Response,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The rooms of the desk, as every page of it lists them.
pub(super) const ROOMS: &[(&str, &str)] = &[
    ("/desk", "Overview"),
    ("/desk/charts", "Charts"),
    ("/desk/books/board", "Open orders"),
    ("/desk/listings", "To check"),
    ("/desk/books/people", "People"),
    ("/desk/books/accounts", "Accounts"),
    ("/desk/bulk", "Bulk"),
    ("/desk/orders", "Orders"),
    ("/desk/messages", "Messages"),
    ("/desk/depot", "Depot"),
    ("/desk/kiosks", "Kiosks"),
    ("/desk/cash", "Cash"),
    ("/desk/cards", "Cards"),
    ("/desk/dialogs", "Dialogs"),
    ("/desk/binds", "Connections"),
    ("/desk/menus", "Menus"),
    ("/desk/reconcile", "Statements"),
    ("/desk/approvals", "Two people"),
    ("/desk/holds", "Holds"),
    ("/desk/stops", "Stops"),
    ("/desk/audit", "Audit"),
];

/// Rows of a list on the overview; the rest is a click away.
const NEWEST: usize = 20;

/// What operators do by name, where there is an engine behind the pages.
fn operators(web: &Web) -> Result<&Arc<dyn OperatorDesk>, ShopError> {
    web.operators.as_ref().ok_or(ShopError::NotFound)
}

/// Which page of a list, from zero.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    page: usize,
}

/// Some rows of a list, and the way to the next.
struct Turned<T> {
    rows: Vec<T>,
    next: Option<String>,
}

impl<T> Turned<T> {
    /// The rows of a page. `name` is what the address, which goes on after `?`, calls the page.
    fn of(all: Vec<T>, page: usize, name: &str) -> Self {
        let which = books_of::Which { page, ..books_of::Which::default() };
        let listed = which.page_of(all, |_, _| true, |_| Kes::ZERO);
        Self { rows: listed.rows, next: listed.more.then(|| format!("?{name}={}", page.saturating_add(1))) }
    }
}

/// The refusal of JSON that cannot be read.
fn garbled(why: &JsonRejection) -> JsonRefusal {
    JsonRefusal(Refusal::Shop(ShopError::Field { field: "body", why: why.body_text() }))
}

/// Nobody knows yet how it ends: somebody waits for it.
fn is_open(row: &DeskPayout) -> bool {
    !matches!(row.state.as_str(), "paid" | "failed" | "reversed")
}

/// A payout with how long it has been in its state.
struct Payout<'a> {
    view: &'a DeskPayout,
    age: String,
    since: (String, String),
    /// Nobody knows yet how it ends: somebody waits for it.
    open: bool,
}

/// The trial balance, added up.
#[derive(Debug, Serialize)]
pub(crate) struct Trial {
    currency: &'static str,
    /// Every amount of this answer is in cents.
    unit: &'static str,
    rows: Vec<BalanceRow>,
    debits: Kes,
    credits: Kes,
    /// Debits less credits: zero, or the books are wrong.
    sum: Kes,
}

impl Trial {
    /// Adds up; `None` past the range of cents.
    fn of(rows: Vec<BalanceRow>) -> Option<Self> {
        let total = |debit: bool| {
            let mut side = rows.iter().filter(|row| is_debit(row) == debit);
            side.try_fold(Kes::ZERO, |sum, row| sum.checked_add(row.balance))
        };
        let (debits, credits) = (total(true)?, total(false)?);
        let sum = debits.checked_sub(credits)?;
        Some(Self { currency: "KES", unit: "cent", rows, debits, credits, sum })
    }

    fn balances(&self) -> bool {
        self.sum == Kes::ZERO
    }

    /// Accounts of one kind added up, in the order of the chart.
    fn kinds(&self) -> Vec<KindOfAccount> {
        let mut kinds: Vec<KindOfAccount> = Vec::new();
        for row in &self.rows {
            let name = family(&row.account);
            match kinds.last_mut().filter(|kind| kind.family == name) {
                Some(kind) => {
                    kind.count += 1;
                    kind.sum = Kes::minor(kind.sum.cents().saturating_add(row.balance.cents()));
                }
                None => kinds.push(KindOfAccount {
                    family: name.to_owned(),
                    first: row.account.clone(),
                    count: 1,
                    sum: row.balance,
                    side: row.side.clone(),
                    debit: is_debit(row),
                }),
            }
        }
        kinds
    }
}

/// Accounts of one kind: there are as many of some as there are people.
struct KindOfAccount {
    family: String,
    first: String,
    count: usize,
    sum: Kes,
    side: String,
    debit: bool,
}

/// Assets and expenses grow on the debit side.
pub(crate) fn is_debit(row: &BalanceRow) -> bool {
    matches!(row.side.as_str(), "asset" | "expense")
}

#[derive(Template)]
#[template(path = "desk.html", config = "src/web/askama.toml")]
struct Desk<'a> {
    waiting: Vec<&'a DeskListing>,
    listings: &'a [DeskListing],
    payouts: Vec<Payout<'a>>,
    /// How many there are of each; only the newest are shown.
    of_waiting: usize,
    of_listings: usize,
    of_payouts: usize,
    open: usize,
    /// Kiosks that pay no cash until somebody has looked at what a maker says.
    stopped: usize,
    trial: &'a Trial,
    kinds: Vec<KindOfAccount>,
    editor: Option<&'a str>,
    figures: Vec<Group>,
    board: Option<board::Board>,
}

/// Figures of one kind, each with the way to its rows.
struct Group {
    name: &'static str,
    figures: Vec<Shown>,
}

/// A figure: what is counted, how many, what it adds up to, the way to it, how old the oldest is.
struct Shown {
    word: String,
    key: String,
    count: usize,
    sum: Option<Kes>,
    way: String,
    age: String,
}

/// Everything at a glance, each number with the way to its rows.
async fn groups(web: &Web, listings: &[DeskListing], payouts: &[DeskPayout]) -> Result<Vec<Group>, Refusal> {
    let Some(desk) = &web.operators else { return Ok(Vec::new()) };
    let found = desk.figures().await?;
    let now = web.clock.now();
    let group = |name, figures: Vec<Figure>, way: &str| {
        let shown = |figure: Figure| Shown {
            word: wording::plain(&figure.word),
            count: figure.count,
            sum: figure.sum,
            way: format!("{way}{}", figure.word),
            age: figure.oldest.map(|at| wording::age(now.since(at))).unwrap_or_default(),
            key: figure.word,
        };
        Group { name, figures: figures.into_iter().map(shown).collect() }
    };
    let listings = listings.iter().map(|row| (row.state.as_str(), None, None));
    let age = |row: &DeskPayout| is_open(row).then_some(row.since);
    let payouts = payouts.iter().map(|row| (row.state.as_str(), Some(row.amount), age(row)));
    Ok(vec![
        group("Orders", found.orders, "/desk/books/orders?stage="),
        group("Listings", figures(listings), "/desk/books/listings?state="),
        group("Payouts", figures(payouts), "/desk/books/payouts?state="),
        group("Open cases", found.cases, "/desk/depot?what="),
    ])
}

/// `GET /desk`
pub(super) async fn overview(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let listings = web.front.desk_listings().await?;
    let payouts = web.front.desk_payouts().await?;
    let cash = web.front.desk_cash().await?;
    let trial = read_trial(&web).await?;
    let figures = groups(&web, &listings, &payouts).await?;
    let now = web.clock.now();
    let shown = |view| Payout {
        view,
        age: wording::age(now.since(view.since)),
        since: (wording::moment(view.since), wording::moment_iso(view.since)),
        open: is_open(view),
    };
    Ok(page::html(&Desk {
        waiting: listings.iter().filter(|listing| listing.state == "waiting").take(NEWEST).collect(),
        listings: &listings[..listings.len().min(NEWEST)],
        payouts: payouts.iter().take(NEWEST).map(shown).collect(),
        of_listings: listings.len(),
        of_payouts: payouts.len(),
        of_waiting: listings.iter().filter(|listing| listing.state == "waiting").count(),
        open: payouts.iter().filter(|row| is_open(row)).count(),
        stopped: cash.iter().filter(|cash| cash.stopped).count(),
        kinds: trial.kinds(),
        trial: &trial,
        editor: web.has_editor.then_some(EDITOR),
        figures,
        board: board::Board::read(&web).await?,
    }))
}

async fn read_trial(web: &Web) -> Result<Trial, Refusal> {
    let rows = web.front.trial_balance().await?;
    Trial::of(rows).ok_or_else(|| {
        tracing::error!("the trial balance exceeds the range of cents");
        Refusal::Shop(crate::engine::shopfront::ShopError::Fault)
    })
}

/// What the JSON of listings and payouts says beside its rows: every amount is in cents.
#[derive(Debug, Serialize)]
pub(crate) struct Rows<T> {
    currency: &'static str,
    unit: &'static str,
    rows: Vec<T>,
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        Self { currency: "KES", unit: "cent", rows }
    }
}

/// `GET /desk/api/listings`
pub(super) async fn all_listings(
    State(web): State<Arc<Web>>,
) -> Result<Json<Rows<DeskListing>>, JsonRefusal> {
    Ok(Json(web.front.desk_listings().await?.into()))
}

/// `GET /desk/api/payouts`
pub(super) async fn payouts(State(web): State<Arc<Web>>) -> Result<Json<Rows<DeskPayout>>, JsonRefusal> {
    Ok(Json(web.front.desk_payouts().await?.into()))
}

/// From before which moment, in milliseconds since 1970.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Before {
    before: Option<Timestamp>,
}

/// `GET /desk/api/callbacks?before=`: what providers of mobile money posted, as it came, newest first
pub(super) async fn callbacks(
    State(web): State<Arc<Web>>, before: Result<Query<Before>, QueryRejection>,
) -> Result<Json<Vec<CallbackRow>>, JsonRefusal> {
    let Query(Before { before }) = before.unwrap_or_default();
    Ok(Json(web.front.desk_callbacks(before).await?))
}

/// `GET /desk/api/trial-balance`
pub(super) async fn trial_balance(State(web): State<Arc<Web>>) -> Result<Json<Trial>, JsonRefusal> {
    Ok(Json(read_trial(&web).await?))
}
