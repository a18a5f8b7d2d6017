//! Cash numbers at the kiosks: what waits, what was paid where, and what somebody never got.

use super::{Turn, Turned, door::Acting};
use crate::engine::shopfront::DeskCash;
use crate::web::people::DeskRole;
use crate::web::{
    desk::Rows,
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    wording,
};
use askama::Template;
use axum::{
    Json,
    extract::{
        Form, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// A cash number with its moment in words.
struct Row<'a> {
    view: &'a DeskCash,
    since: (String, String),
}

#[derive(Template)]
#[template(path = "desk_cash.html", config = "src/web/askama.toml")]
struct Cash<'a> {
    rows: Vec<Row<'a>>,
    next: Option<String>,
}

/// `GET /desk/cash?page=`: kiosks that pay no cash for now stand first
pub(in crate::web) async fn page(
    State(web): State<Arc<Web>>, turn: Result<Query<Turn>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Turn { page }) = turn.unwrap_or_default();
    let mut found = web.front.desk_cash().await?;
    found.sort_by_key(|row| !row.stopped);
    let Turned { rows, next } = Turned::of(found, page, "page");
    fn row(view: &DeskCash) -> Row<'_> {
        Row { view, since: (wording::moment(view.since), wording::moment_iso(view.since)) }
    }
    Ok(page::html(&Cash { rows: rows.iter().map(row).collect(), next }))
}

/// A cash number by its id.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Allow {
    id: String,
}

/// `POST /desk/cash/allow`: lets the kiosk pay cash again that this denied payment stopped.
pub(in crate::web) async fn allow(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Allow>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let Form(Allow { id }) = form?;
    let by = acting.as_any(&[DeskRole::Operator, DeskRole::Treasurer])?;
    web.front.desk_allow_cash(by, id).await?;
    Ok(Redirect::to("/desk/cash"))
}

/// `GET /desk/api/cash`
pub(in crate::web) async fn json(State(web): State<Arc<Web>>) -> Result<Json<Rows<DeskCash>>, JsonRefusal> {
    Ok(Json(web.front.desk_cash().await?.into()))
}
