//! Orders: placed with an idempotency key, read by whoever placed them, cancelled as long as the shop lets
//! anybody. They go the way of the shop's own form, so that what is refused there is refused here.

use super::{
    cursor::{self, List},
    keys::Key,
    problem::Problem,
    take::{Asked, Body, Named, OnceKey},
    views::{Begun, Order},
};
use crate::{
    engine::orders::{
        partners::{OrderStage, PlacedWith},
        wishes::ShopperWish,
    },
    engine::shopfront::{CheckoutIn, OrderView, ShopError, Spot},
    types::Usd,
    web::{
        page::Web,
        shop::{checkout, piece::Typed},
        tongue::Tongue,
    },
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// An order to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// The listing's five digits.
    #[schema(pattern = "^[0-9]{5}$", example = "10019")]
    listing: String,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 9999)]
    quantity: u32,
    /// Whom the parcel is for.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// For questions about the order.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// ISO 3166 letters of a country of /shipping/countries.
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    country: String,
    /// Street and town, line by line.
    #[schema(min_length = 5, max_length = 400)]
    address: String,
}

/// The form that a body stands for, as the shop reads it.
pub(super) struct Form {
    pub(super) listing: String,
    pub(super) quantity: u32,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) country: String,
    pub(super) address: String,
}

/// Reads a form by the shop's own rules, for this key.
pub(super) fn read(web: &Web, key: &Key, once: OnceKey, form: Form) -> Result<CheckoutIn, Problem> {
    // Bounds hold for what was sent, and not only for what is left of it when blanks are folded.
    for (field, text, most) in
        [("name", &form.name, checkout::LONGEST_NAME), ("address", &form.address, checkout::LONGEST_ADDRESS)]
    {
        if text.chars().count() > most {
            return Err(Problem::field(field, format!("write at most {most} characters")));
        }
    }
    let typed = Typed {
        code: form.listing,
        quantity: form.quantity.to_string(),
        name: form.name,
        email: form.email,
        country: form.country,
        address: form.address,
        wanted: String::new(),
        total: String::new(),
        sums: String::new(),
        idempotency_key: once.0,
    };
    let read = checkout::read(&typed, &*web.front, Tongue::En)?;
    // What two keys call alike is two things.
    let idempotency_key = format!("api/{}/{}", key.id, read.idempotency_key);
    Ok(CheckoutIn { idempotency_key, partner: Some(key.id.to_string()), ..read })
}

pub(super) type Created = (StatusCode, [(HeaderName, String); 1], Json<Begun>);

/// Places an order. It is kept for the buyer until its payment page closes; unpaid, it lapses.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", operation_id = "create_order",
    request_body = NewOrder,
    responses((status = 201, description = "It waits for its payment", body = Begun,
            headers(("Location" = String, description = "Where it can be read"))),
        (status = 404, description = "There is no such listing"),
        (status = 410, description = "It has just been sold")))]
pub(super) async fn create(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, once: OnceKey, Body(order): Body<NewOrder>,
) -> Result<Created, Problem> {
    let NewOrder { listing, quantity, name, email, country, address } = order;
    let form = Form { listing, quantity, name, email, country, address };
    let out = web.front.checkout(read(&web, &key, once, form)?).await?;
    let begun = Begun::new(&web, "order", out);
    let at = format!("/api/v1/orders/{}", begun.id());
    Ok((StatusCode::CREATED, [(header::LOCATION, at)], Json(begun)))
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// Kept while its buyer pays.
    Placed,
    /// Not paid in time.
    Expired,
    /// Paid, and offered to nobody at this moment.
    Paid,
    /// Waits for a maker's answer.
    Offered,
    /// Being made.
    Making,
    /// Made, and not in a kiosk yet.
    Ready,
    /// A rider has it.
    WithRider,
    /// Being checked.
    AtKiosk,
    /// Its buyer is asked.
    Choosing,
    /// Checked.
    Released,
    /// A carrier has it.
    Shipped,
    /// There.
    Delivered,
    /// Nothing is left to do.
    Closed,
    /// All of its money went back, or will.
    Refunded,
}

impl Standing {
    const fn stage(self) -> OrderStage {
        match self {
            Self::Placed => OrderStage::Placed,
            Self::Expired => OrderStage::Expired,
            Self::Paid => OrderStage::Paid,
            Self::Offered => OrderStage::Offered,
            Self::Making => OrderStage::Making,
            Self::Ready => OrderStage::Ready,
            Self::WithRider => OrderStage::WithRider,
            Self::AtKiosk => OrderStage::AtKiosk,
            Self::Choosing => OrderStage::Choosing,
            Self::Released => OrderStage::Released,
            Self::Shipped => OrderStage::Shipped,
            Self::Delivered => OrderStage::Delivered,
            Self::Closed => OrderStage::Closed,
            Self::Refunded => OrderStage::Refunded,
        }
    }
}

/// Which orders of this key.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Those that stand so now.
    #[param(inline)]
    state: Option<Standing>,
    /// Where to go on: `cursor` of `next` of the page before.
    cursor: Option<String>,
    /// How many on a page; there may be fewer while `next` leads on.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// Orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Orders {
    /// Newest first.
    items: Vec<Order>,
    /// The address of the next page; null on the last.
    #[schema(format = "uri")]
    next: Option<String>,
}

/// The orders of single pieces that were placed with this key.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", operation_id = "list_orders",
    params(Filters), responses((status = 200, description = "Some of them", body = Orders)))]
pub(super) async fn list(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Asked(filters): Asked<Filters>,
) -> Result<Json<Orders>, Problem> {
    let limit = cursor::limit(filters.limit)?;
    let stage = filters.state.map(Standing::stage);
    let word = stage.map_or("", OrderStage::word);
    let list = List::of("orders", &[&key.id, word]);
    let before = match &filters.cursor {
        Some(cursor) => list.place(cursor)?.parse::<Spot>().ok(),
        None => None,
    };
    let partners = web.partners.as_ref().ok_or(ShopError::NotFound)?;
    let wish = PlacedWith { partner: key.id.to_string(), stage, before, limit };
    let page = partners.placed_with(wish).await?;
    let next = page.further.map(|spot| {
        let state = stage.map(|stage| format!("state={}&", stage.word())).unwrap_or_default();
        let cursor = list.cursor(&spot.to_string());
        format!("{}/api/v1/orders?{state}cursor={cursor}&limit={limit}", web.settings.public_url)
    });
    let items = page.orders.iter().map(|(id, order)| Order::of(&web, id, order)).collect();
    Ok(Json(Orders { items, next }))
}

/// The order, if it was placed with this key.
async fn find(web: &Web, key: &Key, id: String) -> Result<OrderView, Problem> {
    let order = web.front.order(id).await?;
    if order.partner.as_deref() == Some(&*key.id) { Ok(order) } else { Err(Problem::not_found()) }
}

/// An order that was placed with this key.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders", operation_id = "get_order",
    params(("id" = String, Path, description = "Its id, as it was answered when it was placed")),
    responses((status = 200, description = "The order", body = Order),
        (status = 404, description = "No order of this key has this id")))]
pub(super) async fn show(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named,
) -> Result<Json<Order>, Problem> {
    let order = find(&web, &key, id.clone()).await?;
    Ok(Json(Order::of(&web, &id, &order)))
}

async fn wish(web: &Web, key: &Key, id: String, wish: ShopperWish) -> Result<Json<Order>, Problem> {
    find(web, key, id.clone()).await?;
    let desk = web.shoppers.as_ref().ok_or(ShopError::NotFound)?;
    desk.wish(id.clone(), wish).await?;
    let order = find(web, key, id.clone()).await?;
    Ok(Json(Order::of(web, &id, &order)))
}

/// A change of mind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {
    /// What it costs, as the order says in cancel.costs: when that has changed since, nothing is done.
    #[schema(minimum = 0)]
    costs_cents: i32,
}

/// Cancels an order, while its cancel says what that costs.
#[utoipa::path(post, path = "/api/v1/orders/{id}/cancel", tag = "orders", operation_id = "cancel_order",
    params(("id" = String, Path, description = "Its id")), request_body = Cancel,
    responses((status = 200, description = "How it stands now", body = Order),
        (status = 404, description = "No order of this key has this id"),
        (status = 409, description = "It is too late, or costs something else by now")))]
pub(super) async fn cancel(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named, Body(body): Body<Cancel>,
) -> Result<Json<Order>, Problem> {
    if body.costs_cents < 0 {
        return Err(Problem::field("costs_cents", "write what cancel.costs of the order says"));
    }
    wish(&web, &key, id, ShopperWish::Cancel { costs: Usd::minor(body.costs_cents.into()) }).await
}

/// What becomes of pieces that will never come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// Which question: question.round of the order.
    round: u16,
    /// Made again, or else their money back.
    again: bool,
}

/// Answers the question of an order.
#[utoipa::path(post, path = "/api/v1/orders/{id}/answer", tag = "orders", operation_id = "answer_order",
    params(("id" = String, Path, description = "Its id")), request_body = Answer,
    responses((status = 200, description = "How it stands now", body = Order),
        (status = 404, description = "No order of this key has this id"),
        (status = 409, description = "The question is over, or there was none")))]
pub(super) async fn answer(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named, Body(body): Body<Answer>,
) -> Result<Json<Order>, Problem> {
    wish(&web, &key, id, ShopperWish::Choose { round: body.round.into(), again: body.again }).await
}
