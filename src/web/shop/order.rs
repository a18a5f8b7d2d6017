//! `GET /order/{token}` and `/order/{token}/live`: an order's own page, kept fresh.
//!
//! The token is all a shopper needs, so a wrong one, a made-up one and a path that never was are
//! answered alike.

use super::live;
use crate::{
    engine::orders::wishes::ShopperWish,
    engine::shopfront::{OrderLife, OrderView, ShopError},
    types::Usd,
    web::{
        error::Refusal,
        page::{self, Part, Piece, Web},
        tongue::{Reader, Tongue},
        wording,
    },
};
use askama::Template;
use axum::{
    extract::{
        Form, Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// One step as the page lists it.
struct Step<'a> {
    word: &'a str,
    label: String,
    /// For people and for machines; `None` while it lies ahead.
    at: Option<(String, String)>,
    /// The first that lies ahead.
    next: bool,
}

#[derive(Template)]
#[template(path = "order_live.html", config = "src/web/askama.toml")]
struct Fragment<'a> {
    t: Tongue,
    token: &'a str,
    order: &'a OrderView,
    life: Life,
    piece: Piece<'a>,
    headline: String,
    /// What the total is about in the currency that the shopper chose, at the rate of her order.
    about: Option<String>,
    steps: Vec<Step<'a>>,
    parts: Vec<Part<'a>>,
}

#[derive(Template)]
#[template(path = "order.html", config = "src/web/askama.toml")]
struct OrderPage<'a> {
    t: &'a Reader,
    token: &'a str,
    order: &'a OrderView,
    fragment: Fragment<'a>,
}

/// What may still happen to the order, in words.
struct Life {
    /// When it is to be made by.
    due: Option<String>,
    /// When it was promised first, and why it takes longer.
    late: Option<(String, String)>,
    /// Until when she may choose.
    until: String,
}

impl Life {
    fn new(life: &OrderLife, t: Tongue) -> Self {
        let late = life.late.as_ref();
        Self {
            due: life.due.as_ref().map(|due| t.day_of(due)),
            late: late.map(|(promised, why)| (t.day_of(promised), t.late(why).to_owned())),
            until: life.question.as_ref().map(|question| t.day_of(&question.until)).unwrap_or_default(),
        }
    }
}

impl<'a> Fragment<'a> {
    fn new(token: &'a str, order: &'a OrderView, t: Tongue) -> Self {
        let next = order.steps.iter().position(|step| step.at.is_none());
        let steps = order.steps.iter().enumerate().map(|(at, step)| Step {
            word: &step.step,
            label: t.step(&step.step),
            at: step.at.map(|at| (t.moment(at), wording::moment_iso(at))),
            next: next == Some(at),
        });
        Self {
            t,
            token,
            order,
            life: Life::new(&order.life, t),
            piece: Piece::new(&order.piece, t),
            about: order.shown.as_ref().map(|shown| t.shown_total(t.sum_in(shown, order.total), &shown.day)),
            headline: t.state(&order.state, &order.piece.maker),
            steps: steps.collect(),
            parts: page::parts(&order.split, &order.piece.maker, t),
        }
    }
}

/// Asks the engine for the order of a token that could be one.
async fn find(web: &Web, token: &str) -> Result<OrderView, ShopError> {
    live::could_be(token)?;
    web.front.order(token.to_owned()).await
}

/// Shows the order.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let order = find(&web, &token).await?;
    let fragment = Fragment::new(&token, &order, t.tongue);
    let body = page::html(&OrderPage { t: &t, token: &token, order: &order, fragment });
    Ok((live::private(), body).into_response())
}

/// Carries out a wish, then shows the order.
async fn wish(web: &Web, token: String, wish: ShopperWish) -> Result<Redirect, Refusal> {
    find(web, &token).await?;
    let desk = web.shoppers.as_ref().ok_or(ShopError::NotFound)?;
    desk.wish(token.clone(), wish).await?;
    Ok(Redirect::to(&format!("/order/{token}")))
}

/// A change of mind, with what it was said to cost, in cents.
#[derive(Debug, Deserialize)]
pub(crate) struct Cancel {
    costs: i64,
}

/// `POST /order/{token}/cancel`
pub(crate) async fn cancel(
    State(web): State<Arc<Web>>, Path(token): Path<String>, form: Result<Form<Cancel>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(Cancel { costs }) = form?;
    wish(&web, token, ShopperWish::Cancel { costs: Usd::minor(costs) }).await
}

/// What becomes of pieces that will never come.
#[derive(Debug, Deserialize)]
pub(crate) struct Choose {
    round: u32,
    again: bool,
}

/// `POST /order/{token}/choose`
pub(crate) async fn choose(
    State(web): State<Arc<Web>>, Path(token): Path<String>, form: Result<Form<Choose>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(Choose { round, again }) = form?;
    wish(&web, token, ShopperWish::Choose { round, again }).await
}

/// Words to the maker.
#[derive(Debug, Deserialize)]
pub(crate) struct Thank {
    text: String,
}

/// `POST /order/{token}/thanks`
pub(crate) async fn thank(
    State(web): State<Arc<Web>>, Path(token): Path<String>, form: Result<Form<Thank>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(Thank { text }) = form?;
    wish(&web, token, ShopperWish::Thank { text }).await
}

/// Sends the page's changing part again with every change of the order.
pub(crate) async fn live(
    State(web): State<Arc<Web>>, t: Reader, Path(token): Path<String>,
    query: Result<Query<live::Seen>, QueryRejection>, headers: HeaderMap,
) -> Result<Response, Refusal> {
    live::watch(web, t.tongue, token, query, &headers, |web, token, t| {
        Box::pin(async move {
            let order = find(&web, &token).await?;
            let text = Fragment::new(&token, &order, t).render().map_err(|_| ShopError::Fault)?;
            Ok((order.version, text))
        })
    })
    .await
}
