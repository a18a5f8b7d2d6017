//! Who is signed in, where: her own sessions, and for operators everybody's. Each can be ended here.

use super::door::{Acting, tokens};
use crate::{
    engine::desk::door::{Door, No, Visit},
    engine::shopfront::ShopError,
    web::{
        error::Refusal,
        page::{self, Web},
        people::DeskRole,
        wording,
    },
};
use askama::Template;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

struct Row {
    id: String,
    visit: Visit,
    began: (String, String),
    seen: String,
    /// The one in which the page is read.
    this: bool,
}

#[derive(Template)]
#[template(path = "desk_sessions.html", config = "src/web/askama.toml")]
struct Page {
    rows: Vec<Row>,
    all: bool,
    name: String,
}

/// Whose sessions she may see and end: her own, or everybody's.
fn whose(acting: &Acting) -> Option<String> {
    let runs = acting.as_any(&[DeskRole::Operator]).is_ok();
    (!runs).then(|| acting.who().to_string())
}

fn refused(_: No) -> Refusal {
    Refusal::Shop(ShopError::Fault)
}

/// `GET /desk/sessions`
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, acting: Acting, headers: HeaderMap,
) -> Result<Response, Refusal> {
    let whose = whose(&acting);
    let mine: Vec<String> = tokens(&headers).map(Door::id).collect();
    let now = web.clock.now();
    let rows = web.door.visits(whose.as_deref()).await.map_err(refused)?.into_iter().map(|(id, visit)| Row {
        began: (wording::moment(visit.began), wording::moment_iso(visit.began)),
        seen: wording::age(now.since(visit.seen)),
        this: mine.contains(&id),
        id,
        visit,
    });
    let name = acting.who().to_string();
    Ok(page::html(&Page { rows: rows.collect(), all: whose.is_none(), name }))
}

/// One session, or all of a person's.
#[derive(Deserialize)]
pub(in crate::web) struct Ended {
    #[serde(default)]
    id: String,
    #[serde(default)]
    everywhere: String,
}

/// `POST /desk/sessions`: one ends, or all of somebody's
pub(in crate::web) async fn end(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Ended>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(Ended { id, everywhere }) = form?;
    let known = web.door.visits(whose(&acting).as_deref()).await.map_err(refused)?;
    let meant = |(known, visit): &(String, Visit)| {
        if everywhere.is_empty() { *known == id } else { visit.name == everywhere }
    };
    let found: Vec<&(String, Visit)> = known.iter().filter(|one| meant(one)).collect();
    let Some((_, first)) = found.first() else { return Err(ShopError::NotFound.into()) };
    let did = match (first.name == acting.who().name(), everywhere.is_empty()) {
        (true, true) => "ends a session of hers".to_owned(),
        (true, false) => "signs out everywhere".to_owned(),
        (false, true) => format!("ends a session of {}", first.name),
        (false, false) => format!("signs {} out everywhere", first.name),
    };
    let ids: Vec<String> = found.into_iter().map(|(id, _)| id.clone()).collect();
    web.door.end(&ids, acting.who(), &did).await.map_err(refused)?;
    Ok(Redirect::to("/desk/sessions").into_response())
}
