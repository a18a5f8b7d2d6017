//! The desk: what waits, what is on its way to people, whether the books balance, which menus serve.
//! It reads; menus it can also read anew and put back, and
//! loans it moves on.

pub(super) mod binds;
pub(super) mod dialogs;
pub(super) mod key;
pub(super) mod loans;
pub(super) mod menus;
pub(super) mod messages;

use super::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    routes::EDITOR,
    wording,
};
use crate::{
    engine::shopfront::{BalanceRow, DeskListing, DeskPayout},
    types::Kes,
};
use askama::Template;
use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use std::sync::Arc;

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
    open: usize,
    trial: &'a Trial,
    editor: Option<&'a str>,
}

/// `GET /desk`
pub(super) async fn overview(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let listings = web.front.desk_listings().await?;
    let payouts = web.front.desk_payouts().await?;
    let trial = read_trial(&web).await?;
    let now = web.clock.now();
    let payouts: Vec<Payout<'_>> = payouts
        .iter()
        .map(|view| Payout {
            view,
            age: wording::age(now.since(view.since)),
            since: (wording::moment(view.since), wording::moment_iso(view.since)),
            open: !matches!(view.state.as_str(), "paid" | "failed" | "reversed"),
        })
        .collect();
    Ok(page::html(&Desk {
        waiting: listings.iter().filter(|listing| listing.state == "waiting").collect(),
        listings: &listings,
        open: payouts.iter().filter(|payout| payout.open).count(),
        payouts,
        trial: &trial,
        editor: web.has_editor.then_some(EDITOR),
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
pub(super) async fn listings(State(web): State<Arc<Web>>) -> Result<Json<Rows<DeskListing>>, JsonRefusal> {
    Ok(Json(web.front.desk_listings().await?.into()))
}

/// `GET /desk/api/payouts`
pub(super) async fn payouts(State(web): State<Arc<Web>>) -> Result<Json<Rows<DeskPayout>>, JsonRefusal> {
    Ok(Json(web.front.desk_payouts().await?.into()))
}

/// `GET /desk/api/trial-balance`
pub(super) async fn trial_balance(State(web): State<Arc<Web>>) -> Result<Json<Trial>, JsonRefusal> {
    Ok(Json(read_trial(&web).await?))
}
