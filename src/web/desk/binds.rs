//! The connections to operators: where each stands, since when and why. Read-only.

use crate::{
    engine::port::BindView,
    web::{
        error::{JsonRefusal, Refusal},
        page::{self, Web},
        wording,
    },
};
use askama::Template;
use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use std::sync::Arc;

/// A connection as the page shows it.
struct Row<'a> {
    view: &'a BindView,
    /// How long it has stood so.
    age: String,
    since: (String, String),
    /// When it last failed and last worked.
    failed: Option<String>,
    worked: Option<String>,
    /// How long the SMSC has been telling us to slow down.
    throttled: Option<String>,
    /// Counters that moved.
    counters: Vec<(&'static str, u64)>,
}

#[derive(Template)]
#[template(path = "binds.html", config = "src/web/askama.toml")]
struct Page<'a> {
    rows: Vec<Row<'a>>,
    bound: usize,
}

/// `GET /desk/binds`
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let binds = web.binds.binds();
    let now = web.clock.now();
    let rows = binds.iter().map(|view| Row {
        age: wording::age(now.since(view.since)),
        since: (wording::moment(view.since), wording::moment_iso(view.since)),
        failed: view.failed.map(wording::moment),
        worked: view.worked.map(wording::moment),
        throttled: view.throttled_since.map(|since| wording::age(now.since(since))),
        counters: view.counters.iter().map(|(name, count)| (*name, *count)).filter(|(_, n)| *n > 0).collect(),
        view,
    });
    let bound = binds.iter().filter(|view| matches!(view.state, "bound" | "open")).count();
    Ok(page::html(&Page { rows: rows.collect(), bound }))
}

/// What the JSON of binds is.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Rows {
    /// What moments are counted in, from 1970.
    unit: &'static str,
    rows: Vec<BindView>,
}

/// `GET /desk/api/binds`
pub(in crate::web) async fn rows(State(web): State<Arc<Web>>) -> Result<Json<Rows>, JsonRefusal> {
    Ok(Json(Rows { unit: "millisecond", rows: web.binds.binds() }))
}
