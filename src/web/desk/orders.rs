//! Orders at the desk: a page with its forms, and the same for programs. `sokoni orders` and
//! `sokoni shipping` speak to these.

use super::door::Acting;
use crate::engine::desk::Who;
use crate::engine::orders::desk::{Label, OrderDesk, OrderRow, OrderWish};
use crate::engine::shopfront::ShopError;
use crate::types::{Kes, SpokenCode};
use crate::web::people::DeskRole;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    wording,
};
use askama::Template;
use axum::{
    Json,
    extract::{
        Form, Path, Query, State,
        rejection::{FormRejection, JsonRejection, QueryRejection},
    },
    response::{Redirect, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// States that somebody looks for, for the choice on the page.
const STATES: [&str; 12] = [
    "paid",
    "offered",
    "making",
    "ready",
    "with_rider",
    "at_kiosk",
    "choosing",
    "released",
    "shipped",
    "delivered",
    "closed",
    "refunded",
];

/// Which orders.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Which {
    /// Only those in this state.
    state: Option<String>,
}

fn desk(web: &Web) -> Result<&Arc<dyn OrderDesk>, ShopError> {
    web.orders.as_ref().ok_or(ShopError::NotFound)
}

/// Whose work it is: money is the treasurer's, the rest the liaison's too.
fn allowed(acting: &Acting, wish: &OrderWish) -> Result<Who, Refusal> {
    acting.as_any(match wish {
        OrderWish::Settle { .. } | OrderWish::Refund { .. } => &[DeskRole::Treasurer],
        _ => &[DeskRole::Liaison, DeskRole::Treasurer],
    })
}

async fn wanted(web: &Web, which: &Which) -> Result<Vec<OrderRow>, ShopError> {
    desk(web)?.orders(which.state.clone().filter(|state| !state.is_empty())).await
}

/// `GET /desk/api/orders`: paid orders, newest first, `?state=` of one state; sums in cents
pub(in crate::web) async fn all(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<OrderRow>>, JsonRefusal> {
    Ok(Json(wanted(&web, &which.unwrap_or_default()).await?))
}

/// `POST /desk/api/orders`: does something with one order; how it stands then
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<OrderWish>, JsonRejection>,
) -> Result<Json<OrderRow>, JsonRefusal> {
    let Json(wish) = wish.map_err(|why| {
        JsonRefusal(Refusal::Shop(ShopError::Field { field: "body", why: why.body_text() }))
    })?;
    let by = allowed(&acting, &wish)?;
    Ok(Json(desk(&web)?.order(by, wish).await?))
}

/// Asks where an order goes; whoever packs or pays carriers may know.
async fn read_label(web: &Web, acting: &Acting, order: &str) -> Result<Label, Refusal> {
    let by = acting.as_any(&[DeskRole::Liaison, DeskRole::Treasurer])?;
    let order = SpokenCode::try_from(order.to_owned()).map_err(|_| ShopError::NotFound)?;
    Ok(desk(web)?.label(by, order).await?)
}

/// `GET /desk/api/orders/{order}/label`: where it goes, with its customs line
pub(in crate::web) async fn label_data(
    State(web): State<Arc<Web>>, acting: Acting, Path(order): Path<String>,
) -> Result<Json<Label>, JsonRefusal> {
    Ok(Json(read_label(&web, &acting, &order).await.map_err(JsonRefusal)?))
}

#[derive(Template)]
#[template(path = "desk_label.html", config = "src/web/askama.toml")]
struct LabelPage {
    label: Label,
}

/// `GET /desk/orders/{order}/label`: what is written on the parcel, to be printed
pub(in crate::web) async fn label(
    State(web): State<Arc<Web>>, acting: Acting, Path(order): Path<String>,
) -> Result<Response, Refusal> {
    Ok(page::html(&LabelPage { label: read_label(&web, &acting, &order).await? }))
}

/// An order with its moments in words.
struct Row<'a> {
    view: &'a OrderRow,
    since: (String, String),
    /// What may be refunded.
    passed: bool,
    /// What may be given up.
    on_its_way: bool,
}

#[derive(Template)]
#[template(path = "desk_orders.html", config = "src/web/askama.toml")]
struct Orders<'a> {
    rows: Vec<Row<'a>>,
    state: &'a str,
    states: [&'static str; 12],
}

/// `GET /desk/orders`
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(which) = which.unwrap_or_default();
    let rows = wanted(&web, &which).await?;
    let rows = rows.iter().map(|view| Row {
        view,
        since: (wording::moment(view.since), wording::moment_iso(view.since)),
        on_its_way: matches!(view.state.as_str(), "making" | "ready" | "with_rider" | "at_kiosk"),
        passed: matches!(view.state.as_str(), "released" | "shipped" | "delivered" | "closed"),
    });
    Ok(page::html(&Orders {
        rows: rows.collect(),
        state: which.state.as_deref().unwrap_or_default(),
        states: STATES,
    }))
}

/// A form of the page.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Pressed {
    what: String,
    order: SpokenCode,
    #[serde(default)]
    number: String,
    #[serde(default)]
    shillings: String,
    #[serde(default)]
    paper: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    pieces: String,
}

impl Pressed {
    fn wish(self) -> Result<OrderWish, ShopError> {
        let Self { order, number, paper, reason, .. } = self;
        let field = |field, why: &str| ShopError::Field { field, why: why.to_owned() };
        Ok(match self.what.as_str() {
            "track" => OrderWish::Track { order, number },
            "delivered" => OrderWish::Delivered { order },
            "settle" => {
                let cost = shillings(&self.shillings);
                let cost = cost.ok_or_else(|| field("shillings", "write a sum such as 1850 or 1850.50"))?;
                OrderWish::Settle { order, cost }
            }
            "pass" | "drop" => OrderWish::Thanks { order, pass: self.what == "pass" },
            "refund" => {
                let pieces = self.pieces.trim().parse().map_err(|_| field("pieces", "write how many"))?;
                OrderWish::Refund { order, paper, reason, pieces }
            }
            "give_up" => OrderWish::GiveUp { order },
            "returned" => OrderWish::Returned { order, paper },
            _ => return Err(ShopError::NotFound),
        })
    }
}

/// A sum in shillings as somebody types it: `1850`, `1,850.50`.
pub(crate) fn shillings(text: &str) -> Option<Kes> {
    Kes::read(text.trim()).filter(|sum| *sum < Kes::major(1_000_000_000))
}

/// `POST /desk/orders`
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Pressed>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(pressed) = form?;
    let wish = pressed.wish()?;
    let by = allowed(&acting, &wish)?;
    let row = desk(&web)?.order(by, wish).await?;
    Ok(Redirect::to(&format!("/desk/orders?state={}#{}", row.state, row.order)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_as_people_type_them_and_nothing_else_is() {
        for (text, cents) in [("1850", 185_000), ("1,850.5", 185_050), (" 0.05 ", 5)] {
            assert_eq!(shillings(text), Some(Kes::minor(cents)), "{text}");
        }
        for text in ["", "-5", "1.234", "KSh 5", "1.", "9999999999", "18,50", "1850,50"] {
            assert_eq!(shillings(text), None, "{text}");
        }
    }
}
