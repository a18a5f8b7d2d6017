//! `GET /purchase/{token}` and `/purchase/{token}/live`: the orders that one payment paid for, kept fresh. Its
//! token is as private as theirs.

use super::cart::Cart;
use super::live;
use crate::{
    engine::cart::PurchaseView,
    engine::shopfront::{OrderView, ShopError},
    web::{
        error::Refusal,
        page::{self, Piece, Web},
        tongue::{Reader, Tongue},
    },
};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// An order as the page lists it.
struct Line<'a> {
    token: &'a str,
    order: &'a OrderView,
    piece: Piece<'a>,
    headline: String,
}

impl<'a> Line<'a> {
    fn new((token, order): &'a (String, OrderView), t: Tongue) -> Self {
        let headline = t.state(&order.state, &order.piece.maker);
        Self { token, order, piece: Piece::new(&order.piece, t), headline }
    }
}

#[derive(Template)]
#[template(path = "purchase_live.html", config = "src/web/askama.toml")]
struct Fragment<'a> {
    t: Tongue,
    token: &'a str,
    view: &'a PurchaseView,
    lines: Vec<Line<'a>>,
    /// What it comes to in the currency that she chose, at the rate of her orders.
    about: Option<String>,
    /// The payment has not come yet.
    waits: bool,
}

impl<'a> Fragment<'a> {
    fn of(token: &'a str, view: &'a PurchaseView, t: Tongue) -> Self {
        let shown = view.orders.first().and_then(|(_, order)| order.shown.as_ref());
        Self {
            t,
            token,
            view,
            lines: view.orders.iter().map(|order| Line::new(order, t)).collect(),
            about: shown.map(|shown| t.shown_total(t.sum_in(shown, view.total), &shown.day)),
            waits: view.orders.iter().any(|(_, order)| order.state == "placed"),
        }
    }
}

#[derive(Template)]
#[template(path = "purchase.html", config = "src/web/askama.toml")]
struct PurchasePage<'a> {
    t: &'a Reader,
    token: &'a str,
    version: u64,
    fragment: Fragment<'a>,
}

/// Grows with every change of any of its orders.
fn version(view: &PurchaseView) -> u64 {
    view.orders.iter().map(|(_, order)| order.version).sum()
}

async fn find(web: &Web, token: &str) -> Result<PurchaseView, ShopError> {
    live::could_be(token)?;
    web.cart.as_ref().ok_or(ShopError::NotFound)?.purchase(token.to_owned()).await
}

/// Whether a cart is what this purchase bought.
fn bought(view: &PurchaseView, cart: &Cart) -> bool {
    view.orders.len() == cart.0.len()
        && view.orders.iter().all(|(_, order)| {
            cart.0.iter().any(|line| line.code == order.piece.code && line.quantity == order.quantity)
        })
}

/// Shows the orders. A cart that they have paid for is empty from then on.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, headers: HeaderMap, Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let view = find(&web, &token).await?;
    let fragment = Fragment::of(&token, &view, t.tongue);
    let waits = fragment.waits;
    let over = view.orders.iter().all(|(_, order)| matches!(&*order.state, "expired" | "refunded"));
    let body = page::html(&PurchasePage { t: &t, token: &token, version: version(&view), fragment });
    if !waits && !over && bought(&view, &Cart::of(&headers)) {
        return Ok((live::private(), Cart::default().kept(&web), body).into_response());
    }
    Ok((live::private(), body).into_response())
}

/// Sends the page's changing part again with every change of an order of it.
pub(crate) async fn live(
    State(web): State<Arc<Web>>, t: Reader, Path(token): Path<String>,
    query: Result<Query<live::Seen>, QueryRejection>, headers: HeaderMap,
) -> Result<Response, Refusal> {
    live::watch(web, t.tongue, token, query, &headers, |web, token, t| {
        Box::pin(async move {
            let view = find(&web, &token).await?;
            let text = Fragment::of(&token, &view, t).render().map_err(|_| ShopError::Fault)?;
            Ok((version(&view), text))
        })
    })
    .await
}
