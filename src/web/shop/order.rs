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
    token: &'a str,
    order: &'a OrderView,
    life: Life,
    piece: Piece<'a>,
    headline: String,
    steps: Vec<Step<'a>>,
    parts: Vec<Part<'a>>,
}

#[derive(Template)]
#[template(path = "order.html", config = "src/web/askama.toml")]
struct OrderPage<'a> {
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

impl From<&OrderLife> for Life {
    fn from(life: &OrderLife) -> Self {
        let late = life.late.as_ref();
        Self {
            due: life.due.as_ref().map(wording::day_of),
            late: late.map(|(promised, why)| (wording::day_of(promised), wording::late(why).to_owned())),
            until: life
                .question
                .as_ref()
                .map(|question| wording::day_of(&question.until))
                .unwrap_or_default(),
        }
    }
}

impl<'a> Fragment<'a> {
    fn new(token: &'a str, order: &'a OrderView) -> Self {
        let next = order.steps.iter().position(|step| step.at.is_none());
        let steps = order.steps.iter().enumerate().map(|(at, step)| Step {
            word: &step.step,
            label: wording::step(&step.step),
            at: step.at.map(|at| (wording::moment(at), wording::moment_iso(at))),
            next: next == Some(at),
        });
        Self {
            token,
            order,
            life: Life::from(&order.life),
            piece: Piece::from(&order.piece),
            headline: wording::state(&order.state, &order.piece.maker),
            steps: steps.collect(),
            parts: page::parts(&order.split, &order.piece.maker),
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
    State(web): State<Arc<Web>>, Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let order = find(&web, &token).await?;
    let body =
        page::html(&OrderPage { token: &token, order: &order, fragment: Fragment::new(&token, &order) });
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
    State(web): State<Arc<Web>>, Path(token): Path<String>, query: Result<Query<live::Seen>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    live::watch(web, token, query, &headers, |web, token| {
        Box::pin(async move {
            let order = find(&web, &token).await?;
            let text = Fragment::new(&token, &order).render().map_err(|_| ShopError::Fault)?;
            Ok((order.version, text))
        })
    })
    .await
}
