//! `GET /bulk/{token}` and `/bulk/{token}/live`: the page of a bulk request, which adds up its pieces at
//! every moment; `POST /bulk/{token}`: what its buyer chooses when nobody is left to be asked.

use super::live;
use crate::{
    engine::bulk::front::{BulkFront, BulkView, Choice},
    engine::shopfront::ShopError,
    web::{
        error::Refusal,
        page::{self, Part, Piece, Web},
        tongue::{Reader, Tongue},
    },
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "bulk_live.html", config = "src/web/askama.toml")]
struct Fragment<'a> {
    t: Tongue,
    token: &'a str,
    bulk: &'a BulkView,
    piece: Piece<'a>,
    headline: String,
    /// Word, label and pieces.
    counts: [(&'static str, &'static str, u32); 5],
    promise: Option<String>,
    due: String,
    later: Option<String>,
    /// Nobody took anything.
    nothing: bool,
    parts: Vec<Part<'a>>,
    /// What the total is about in the currency that the buyer chose, at the rate of the request.
    about: Option<String>,
}

#[derive(Template)]
#[template(path = "bulk.html", config = "src/web/askama.toml")]
struct BulkPage<'a> {
    t: &'a Reader,
    token: &'a str,
    bulk: &'a BulkView,
    fragment: Fragment<'a>,
}

impl<'a> Fragment<'a> {
    fn of(token: &'a str, bulk: &'a BulkView, t: Tongue) -> Self {
        let counts = &bulk.counts;
        Self {
            t,
            token,
            bulk,
            piece: Piece::new(&bulk.piece, t),
            headline: t.bulk_state(&bulk.state),
            about: bulk.shown.as_ref().map(|shown| t.shown_total(t.sum_in(shown, bulk.total), &shown.day)),
            counts: [
                ("offered", t.count_offered(), counts.offered),
                ("making", t.count_making(), counts.making),
                ("passed", t.count_passed(), counts.passed),
                ("refunded", t.count_refunded(), counts.refunded),
                ("left", t.count_left(), counts.left),
            ],
            promise: bulk.promise.as_ref().map(|day| t.day_of(day)),
            due: t.day_of(&bulk.due),
            later: bulk.later.as_ref().map(|day| t.day_of(day)),
            nothing: counts.left == bulk.quantity,
            parts: page::parts_of_many(&bulk.split, t),
        }
    }
}

fn front(web: &Web) -> Result<&Arc<dyn BulkFront>, ShopError> {
    web.bulk.as_ref().ok_or(ShopError::NotFound)
}

async fn find(web: &Web, token: &str) -> Result<BulkView, ShopError> {
    live::could_be(token)?;
    front(web)?.bulk(token.to_owned()).await
}

/// Shows the request.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, t: Reader, Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let bulk = find(&web, &token).await?;
    let fragment = Fragment::of(&token, &bulk, t.tongue);
    let body = page::html(&BulkPage { t: &t, token: &token, bulk: &bulk, fragment });
    Ok((live::private(), body).into_response())
}

/// Sends the page's changing part again with every change of the request.
pub(crate) async fn live(
    State(web): State<Arc<Web>>, t: Reader, Path(token): Path<String>,
    query: Result<Query<live::Seen>, QueryRejection>, headers: HeaderMap,
) -> Result<Response, Refusal> {
    live::watch(web, t.tongue, token, query, &headers, |web, token, t| {
        Box::pin(async move {
            let bulk = find(&web, &token).await?;
            let text = Fragment::of(&token, &bulk, t).render().map_err(|_| ShopError::Fault)?;
            Ok((bulk.version, text))
        })
    })
    .await
}

/// A choice, and the round it is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    round: u32,
    choice: Choice,
}

/// Does what the buyer chose. A choice that came too late, or twice, shows how things stand.
pub(crate) async fn choose(
    State(web): State<Arc<Web>>, Path(token): Path<String>, form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(Chosen { round, choice }) = form?;
    live::could_be(&token)?;
    match front(&web)?.choose(token.clone(), round, choice).await {
        Ok(()) | Err(ShopError::Gone) => Ok(Redirect::to(&format!("/bulk/{token}")).into_response()),
        Err(error) => Err(error.into()),
    }
}
