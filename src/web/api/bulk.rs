//! Many pieces at once: asked for, read, and what becomes of those that nobody took.

use super::{
    keys::Key,
    orders::{self, Created, Form},
    problem::Problem,
    take::{Body, Named, OnceKey},
    views::{Begun, Bulk},
};
use crate::{
    engine::bulk::front::{BulkFront, BulkView, Choice},
    engine::shopfront::ShopError,
    web::{page::Web, shop::many},
};
use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

fn front(web: &Web) -> Result<&Arc<dyn BulkFront>, ShopError> {
    web.bulk.as_ref().ok_or(ShopError::NotFound)
}

/// Many pieces to be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBulk {
    /// The listing's five digits: what is made is like it.
    #[schema(pattern = "^[0-9]{5}$", example = "10019")]
    listing: String,
    /// How many pieces, within the bounds of /quotes/bulk.
    #[schema(minimum = 1, maximum = 9999)]
    quantity: u32,
    /// The day they are wanted, not before soonest of /quotes/bulk.
    #[schema(format = "date", example = "2027-01-31")]
    wanted: String,
    /// Whom the parcels are for.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// For questions about the request.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// ISO 3166 letters of a country of /shipping/countries.
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    country: String,
    /// Street and town, line by line.
    #[schema(min_length = 5, max_length = 400)]
    address: String,
}

/// Asks for many pieces for a day. Paid, they are offered to artisans; the promise of a day stands once all
/// of them are taken.
#[utoipa::path(post, path = "/api/v1/bulk", tag = "bulk", operation_id = "create_bulk",
    request_body = NewBulk,
    responses((status = 201, description = "It waits for its payment", body = Begun,
            headers(("Location" = String, description = "Where it can be read"))),
        (status = 404, description = "There is no such listing"),
        (status = 410, description = "It is not on sale any more")))]
pub(super) async fn create(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, once: OnceKey, Body(bulk): Body<NewBulk>,
) -> Result<Created, Problem> {
    let NewBulk { listing, quantity, wanted, name, email, country, address } = bulk;
    let wanted =
        many::day(&wanted).ok_or_else(|| Problem::field("wanted", "write a day such as 2027-01-31"))?;
    let form = Form { listing, quantity, name, email, country, address };
    let out = front(&web)?.checkout_many(orders::read(&web, &key, once, form)?, wanted).await?;
    let begun = Begun::new(&web, "bulk", out);
    let at = format!("/api/v1/bulk/{}", begun.id());
    Ok((StatusCode::CREATED, [(header::LOCATION, at)], Json(begun)))
}

/// The request, if it was placed with this key.
async fn find(web: &Web, key: &Key, id: String) -> Result<BulkView, Problem> {
    let bulk = front(web)?.bulk(id).await?;
    if bulk.partner.as_deref() == Some(&*key.id) { Ok(bulk) } else { Err(Problem::not_found()) }
}

/// A bulk request that was placed with this key.
#[utoipa::path(get, path = "/api/v1/bulk/{id}", tag = "bulk", operation_id = "get_bulk",
    params(("id" = String, Path, description = "Its id, as it was answered when it was placed")),
    responses((status = 200, description = "The request", body = Bulk),
        (status = 404, description = "No request of this key has this id")))]
pub(super) async fn show(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named,
) -> Result<Json<Bulk>, Problem> {
    let bulk = find(&web, &key, id.clone()).await?;
    Ok(Json(Bulk::of(&web, &id, &bulk)))
}

/// What becomes of pieces that nobody took.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wish {
    /// Fewer pieces: the money of the others goes back.
    Fewer,
    /// Another round of offers, for the day that `later` says.
    Later,
}

/// A choice about a round of offers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChoice {
    /// Which round: round of the request.
    round: u16,
    /// What becomes of what nobody took.
    choice: Wish,
}

/// Chooses what becomes of the pieces that nobody took: with `fewer` the promise for the others is accepted.
#[utoipa::path(post, path = "/api/v1/bulk/{id}/choice", tag = "bulk", operation_id = "choose_bulk",
    params(("id" = String, Path, description = "Its id")), request_body = NewChoice,
    responses((status = 200, description = "How it stands now", body = Bulk),
        (status = 404, description = "No request of this key has this id"),
        (status = 410, description = "This round is over, or leaves no such choice")))]
pub(super) async fn choose(
    State(web): State<Arc<Web>>, Extension(key): Extension<Key>, Named(id): Named,
    Body(body): Body<NewChoice>,
) -> Result<Json<Bulk>, Problem> {
    find(&web, &key, id.clone()).await?;
    let choice = match body.choice {
        Wish::Fewer => Choice::Fewer,
        Wish::Later => Choice::Later,
    };
    front(&web)?.choose(id.clone(), body.round.into(), choice).await?;
    let bulk = find(&web, &key, id.clone()).await?;
    Ok(Json(Bulk::of(&web, &id, &bulk)))
}
