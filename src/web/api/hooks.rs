//! Addresses of partners that are told what happens: registered, listed, removed.

use super::{
    keys::{Key, hex},
    problem::Problem,
    take::{Body, Named, OnceKey},
    teller::Teller,
    views::moment,
};
use crate::{
    engine::hooks::{self, HookDesk, HookEvent},
    engine::shopfront::ShopError,
    types::Timestamp,
    web::page::Web,
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;

/// What the API takes for webhooks.
#[derive(Clone)]
pub struct Hooks {
    /// The engine.
    pub desk: Arc<dyn HookDesk>,
    /// Whoever tells.
    pub teller: Arc<Teller>,
}

fn parts(web: &Web) -> Result<&Hooks, ShopError> {
    web.hooks.as_ref().ok_or(ShopError::NotFound)
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum Event {
    /// An order was paid.
    #[serde(rename = "order.paid")]
    OrderPaid,
    /// An order came one step further.
    #[serde(rename = "order.step")]
    OrderStep,
    /// A carrier has an order.
    #[serde(rename = "order.shipped")]
    OrderShipped,
    /// An order is there.
    #[serde(rename = "order.delivered")]
    OrderDelivered,
    /// Money of an order went back.
    #[serde(rename = "order.refunded")]
    OrderRefunded,
    /// A bulk request is promised for a day.
    #[serde(rename = "bulk.promised")]
    BulkPromised,
    /// A bulk request stands otherwise.
    #[serde(rename = "bulk.step")]
    BulkStep,
    /// A listing came on sale, went, has more or fewer pieces, or another price.
    #[serde(rename = "listing.changed")]
    ListingChanged,
}

/// Each event as the document and as the engine has it.
const EVENTS: [(Event, HookEvent); 8] = [
    (Event::OrderPaid, HookEvent::OrderPaid),
    (Event::OrderStep, HookEvent::OrderStep),
    (Event::OrderShipped, HookEvent::OrderShipped),
    (Event::OrderDelivered, HookEvent::OrderDelivered),
    (Event::OrderRefunded, HookEvent::OrderRefunded),
    (Event::BulkPromised, HookEvent::BulkPromised),
    (Event::BulkStep, HookEvent::BulkStep),
    (Event::ListingChanged, HookEvent::ListingChanged),
];

/// An address to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// Where events are posted to: https, on the public network.
    #[schema(format = "uri", max_length = 500, example = "https://partner.example/sokoni")]
    url: String,
    /// Of what it is told.
    #[schema(min_items = 1, max_items = 8)]
    events: Vec<Event>,
}

/// An address that is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    /// Names it.
    id: String,
    /// Where events are posted to.
    #[schema(format = "uri")]
    url: String,
    /// Of what it is told.
    events: Vec<Event>,
    /// Since when.
    #[schema(format = "date-time")]
    made: String,
}

/// A new address, with the secret that its calls are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeWebhook {
    /// The address.
    webhook: Webhook,
    /// Keep it: it is said here only. `Sokoni-Signature: t=TIME,v1=HEX` is the HMAC-SHA-256 under it of the
    /// time, a full stop and the body.
    secret: String,
}

/// Addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// Those of this key; there are twenty at most.
    items: Vec<Webhook>,
}

impl From<hooks::Hook> for Webhook {
    fn from(hook: hooks::Hook) -> Self {
        let wanted = |(_, event): &&(Event, HookEvent)| hook.events.contains(event);
        let events = EVENTS.iter().filter(wanted).map(|(event, _)| *event).collect();
        Self { events, id: hook.id, url: hook.url, made: moment(hook.made) }
    }
}

type Created = (StatusCode, [(HeaderName, String); 1], Json<MadeWebhook>);

/// Has an address told. A repeat with the same Idempotency-Key is the same address, for as long as it stands.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    request_body = NewWebhook,
    responses((status = 201, description = "It is told from now on", body = MadeWebhook,
        headers(("Location" = String, description = "Where it can be read")))))]
pub(super) async fn create(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, once: OnceKey, Body(wish): Body<NewWebhook>,
) -> Result<Created, Problem> {
    let Hooks { desk, teller } = parts(&web)?;
    teller.may(&wish.url).map_err(|why| Problem::field("url", why))?;
    if wish.events.is_empty() || wish.events.len() > EVENTS.len() {
        return Err(Problem::field("events", "name what it is to be told of, each once"));
    }
    let wanted = |(event, _): &&(Event, HookEvent)| wish.events.contains(event);
    let digest = Sha256::digest(format!("{}/{}", key.id, once.0));
    let hook = hooks::Hook {
        id: hex(&digest[..12]),
        partner: key.id.to_string(),
        url: wish.url.clone(),
        events: EVENTS.iter().filter(wanted).map(|(_, event)| *event).collect(),
        made: Timestamp::from_millis(0),
    };
    let hook = desk.add_hook(hook).await?;
    let at = format!("/api/v1/webhooks/{}", hook.id);
    let secret = teller.secret(&hook.id).expose_secret().to_owned();
    Ok((StatusCode::CREATED, [(header::LOCATION, at)], Json(MadeWebhook { webhook: hook.into(), secret })))
}

/// The addresses of this key.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    responses((status = 200, description = "All of them", body = Webhooks)))]
pub(super) async fn list(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>,
) -> Result<Json<Webhooks>, Problem> {
    let all = parts(&web)?.desk.hooks_of(&key.id);
    Ok(Json(Webhooks { items: all.into_iter().map(Webhook::from).collect() }))
}

/// One address of this key.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The address", body = Webhook),
        (status = 404, description = "No address of this key has this id")))]
pub(super) async fn show(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named,
) -> Result<Json<Webhook>, Problem> {
    let own = parts(&web)?.desk.hooks_of(&key.id);
    let found = own.into_iter().find(|hook| hook.id == id).ok_or(ShopError::NotFound)?;
    Ok(Json(found.into()))
}

/// Removes an address: nothing is told there any more, what is on its way neither.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is gone"),
        (status = 404, description = "No address of this key has this id")))]
pub(super) async fn remove(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named,
) -> Result<StatusCode, Problem> {
    parts(&web)?.desk.remove_hook(key.id.to_string(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
