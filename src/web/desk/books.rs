//! Looking into things: people, orders, payouts, accounts, each with its postings and messages.

use super::{door::Acting, operators, sheets::hand_out};
use crate::engine::desk::books::export::Export;
use crate::engine::desk::books::figures::family;
use crate::engine::desk::books::statement::{Statement, sheet};
use crate::engine::desk::books::{
    self, Listed, ListingPage, ListingRow, OrderPage, OrderRow, PayoutPage, PersonRow,
};
use crate::engine::shopfront::{BalanceRow, DeskPayout};
use crate::types::Kes;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    people::DeskRole,
};
use askama::Template;
use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// Where what a posting belongs to is looked at; empty for what has no page.
pub(in crate::web) fn way_to(about: &str) -> String {
    match about.split_once('/') {
        Some(("listing", code)) => format!("/desk/books/listings/{code}"),
        Some(("order", code)) => format!("/desk/books/orders/{code}"),
        Some(("payout", id)) => format!("/desk/books/payouts/{id}"),
        Some(("party", id)) => format!("/desk/books/people/{id}"),
        _ => String::new(),
    }
}

/// What a list shows: some rows of how many, of which word, and the way to the next.
struct List<T> {
    listed: Listed<T>,
    word: String,
    next: Option<String>,
}

impl<T> List<T> {
    /// `name` is what the address calls the word.
    fn new(listed: Listed<T>, which: books::Which, name: &str) -> Self {
        let word = which.word.unwrap_or_default();
        let of_word = if word.is_empty() { String::new() } else { format!("{name}={word}&") };
        let next = listed.more.then(|| format!("?{of_word}page={}", which.page + 1));
        Self { listed, word, next }
    }
}

/// Where the person or order is looked at whose account this is; empty for the house's own.
pub(in crate::web) fn owner_of(account: &str) -> String {
    match account.split_once(':') {
        Some(("deposit", code)) => format!("/desk/books/orders/{code}"),
        Some(("artisan" | "mentor" | "agent" | "rider" | "moving" | "loan", id)) => {
            format!("/desk/books/people/{id}")
        }
        _ => String::new(),
    }
}

#[derive(Template)]
#[template(path = "books_orders.html", config = "src/web/askama.toml")]
struct Orders {
    list: List<OrderRow>,
}

#[derive(Template)]
#[template(path = "books_listings.html", config = "src/web/askama.toml")]
struct Listings {
    list: List<ListingRow>,
}

#[derive(Template)]
#[template(path = "books_listing.html", config = "src/web/askama.toml")]
struct Listing<'a> {
    view: &'a ListingPage,
}

#[derive(Template)]
#[template(path = "books_order.html", config = "src/web/askama.toml")]
struct Order<'a> {
    view: &'a OrderPage,
}

#[derive(Template)]
#[template(path = "books_payouts.html", config = "src/web/askama.toml")]
struct Payouts {
    list: List<DeskPayout>,
}

#[derive(Template)]
#[template(path = "books_payout.html", config = "src/web/askama.toml")]
struct Payout<'a> {
    view: &'a PayoutPage,
}

#[derive(Template)]
#[template(path = "books_accounts.html", config = "src/web/askama.toml")]
struct Accounts {
    list: List<BalanceRow>,
}

#[derive(Template)]
#[template(path = "books_account.html", config = "src/web/askama.toml")]
struct Account<'a> {
    view: &'a Statement,
}

#[derive(Template)]
#[template(path = "books_people.html", config = "src/web/askama.toml")]
struct People<'a> {
    whom: &'a str,
    list: List<PersonRow>,
}

/// Which of the rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Which {
    stage: Option<String>,
    family: Option<String>,
    state: Option<String>,
    whom: Option<String>,
    role: Option<String>,
    page: usize,
    /// Where a statement goes on, and what the account held there, in cents.
    older: Option<String>,
    held: Kes,
}

impl Which {
    /// The rows of a word. An address with nothing in it asks for all.
    fn rows(word: Option<String>, page: usize) -> books::Which {
        books::Which { word: word.filter(|word| !word.is_empty()), page, whole: false }
    }
}

/// `GET /desk/books/orders?stage=&page=`
pub(in crate::web) async fn orders(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Which { stage, page, .. }) = which.unwrap_or_default();
    let which = Which::rows(stage, page);
    let listed = operators(&web)?.booked_orders(which.clone()).await?;
    Ok(page::html(&Orders { list: List::new(listed, which, "stage") }))
}

/// `GET /desk/books/listings?state=&page=`
pub(in crate::web) async fn listings(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Which { state, page, .. }) = which.unwrap_or_default();
    let which = Which::rows(state, page);
    let listed = operators(&web)?.booked_listings(which.clone()).await?;
    Ok(page::html(&Listings { list: List::new(listed, which, "state") }))
}

/// `GET /desk/books/listings/{code}`
pub(in crate::web) async fn listing(
    State(web): State<Arc<Web>>, Path(code): Path<String>,
) -> Result<Response, Refusal> {
    Ok(page::html(&Listing { view: &operators(&web)?.listing_page(code).await? }))
}

/// `GET /desk/books/orders/{code}`
pub(in crate::web) async fn order(
    State(web): State<Arc<Web>>, Path(code): Path<String>,
) -> Result<Response, Refusal> {
    Ok(page::html(&Order { view: &operators(&web)?.order_page(code).await? }))
}

/// `GET /desk/books/payouts?state=&page=`
pub(in crate::web) async fn payouts(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Which { state, page, .. }) = which.unwrap_or_default();
    let which = Which::rows(state, page);
    let listed = operators(&web)?.booked_payouts(which.clone()).await?;
    Ok(page::html(&Payouts { list: List::new(listed, which, "state") }))
}

/// `GET /desk/books/payouts/{id}`
pub(in crate::web) async fn payout(
    State(web): State<Arc<Web>>, Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(page::html(&Payout { view: &operators(&web)?.payout_page(id).await? }))
}

/// `GET /desk/books/accounts?family=&page=`
pub(in crate::web) async fn accounts(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Which { family: wanted, page, .. }) = which.unwrap_or_default();
    let which = Which::rows(wanted, page);
    let all = web.front.trial_balance().await?;
    let listed = which.page_of(all, |row, word| family(&row.account) == word, |row| row.balance);
    Ok(page::html(&Accounts { list: List::new(listed, which, "family") }))
}

/// `GET /desk/books/accounts/{code}`
pub(in crate::web) async fn account(
    State(web): State<Arc<Web>>, Path(code): Path<String>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Which { older, held, .. } = which.map(|Query(which)| which).unwrap_or_default();
    let older = older.map(|place| (place, held));
    Ok(page::html(&Account { view: &operators(&web)?.account(code, older).await? }))
}

/// `GET /desk/books/people?whom=&role=&page=`: everybody; leads to whoever has this phone, number or id
pub(in crate::web) async fn people(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Which { whom, role, page: nth, .. }) = which.unwrap_or_default();
    let whom = whom.unwrap_or_default();
    if !whom.trim().is_empty()
        && let Ok(view) = operators(&web)?.person(whom.clone()).await
    {
        return Ok(Redirect::to(&format!("/desk/books/people/{}", view.id)).into_response());
    }
    let which = Which::rows(role, nth);
    let listed = operators(&web)?.booked_people(which.clone()).await?;
    Ok(page::html(&People { whom: &whom, list: List::new(listed, which, "role") }))
}

/// `GET /desk/books/people/{id}/statement.csv`: every posting of her accounts
pub(in crate::web) async fn statement(
    State(web): State<Arc<Web>>, acting: Acting, Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (number, lines) = operators(&web)?.long_statement(id).await?;
    hand_out(&web, acting.who().clone(), &format!("statement {number}"), sheet(&lines)).await
}

/// `GET /desk/api/people/{whom}/export`: everything that is kept of a person, by her id, phone or five
/// digits; for those who look after people
pub(in crate::web) async fn export(
    State(web): State<Arc<Web>>, acting: Acting, Path(whom): Path<String>,
) -> Result<Json<Export>, JsonRefusal> {
    let by = acting.as_any(&[DeskRole::Liaison, DeskRole::Operator])?;
    Ok(Json(operators(&web)?.export_person(by, whom).await?))
}
