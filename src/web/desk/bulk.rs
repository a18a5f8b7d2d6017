//! Bulk requests with their parts, for people and for programs.

use super::door::Acting;
use crate::engine::bulk::front::{BulkFront, BulkView, Choice};
use crate::engine::shopfront::ShopError;
use crate::types::SpokenCode;
use crate::web::people::DeskRole;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
};
use askama::Template;
use axum::{
    Json,
    extract::{Form, State, rejection::FormRejection},
    response::{Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "desk_bulk.html", config = "src/web/askama.toml")]
struct BulkPage {
    rows: Vec<BulkView>,
}

async fn rows(web: &Web) -> Result<Vec<BulkView>, ShopError> {
    let front: &Arc<dyn BulkFront> = web.bulk.as_ref().ok_or(ShopError::NotFound)?;
    front.desk_bulks().await
}

/// A choice in the name of a buyer who has asked for it.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Chosen {
    code: SpokenCode,
    round: u32,
    choice: Choice,
}

/// `POST /desk/bulk`
pub(in crate::web) async fn choose(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Chosen>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let by = acting.as_any(&[DeskRole::Treasurer])?;
    let Form(Chosen { code, round, choice }) = form?;
    let front = web.bulk.as_ref().ok_or(ShopError::NotFound)?;
    front.desk_choose(by, code, round, choice).await?;
    Ok(Redirect::to("/desk/bulk"))
}

/// `GET /desk/bulk`: every request, newest first.
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    Ok(page::html(&BulkPage { rows: rows(&web).await? }))
}

/// `GET /desk/api/bulk`: every request, newest first; sums in cents
pub(in crate::web) async fn json(State(web): State<Arc<Web>>) -> Result<Json<Vec<BulkView>>, JsonRefusal> {
    Ok(Json(rows(&web).await?))
}
