//! The menus: which version serves, how it came about, what was refused; reading the files anew,
//! and one step back.

use super::door::Acting;
use crate::engine::menus::Sources;
use crate::engine::menus::change::{By, Change, Outcome};
use crate::engine::menus::desk::{MenuDesk, MenusView};
use crate::engine::shopfront::ShopError;
use crate::web::people::DeskRole;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    routes::EDITOR,
    wording,
};
use askama::Template;
use axum::{
    Form, Json,
    extract::{Query, Request, State, rejection::FormRejection, rejection::QueryRejection},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// A change with its moment and its lines in words.
struct Row<'a> {
    view: &'a Change,
    at: (String, String),
    by: &'a str,
    files: Vec<File<'a>>,
}

/// A file of a change; its lines each with the class that colours it.
struct File<'a> {
    name: &'a str,
    added: usize,
    removed: usize,
    lines: Vec<(&'static str, &'a str)>,
}

#[derive(Template)]
#[template(path = "desk_menus.html", config = "src/web/askama.toml")]
struct Menus<'a> {
    view: &'a MenusView,
    said: &'static str,
    refused: Option<(String, String)>,
    rows: Vec<Row<'a>>,
    editor: Option<&'static str>,
}

/// What was done a moment ago.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Said {
    #[serde(default)]
    said: String,
}

/// What serves while a step back is asked for.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct From {
    from: String,
}

fn desk(web: &Web) -> Result<&Arc<dyn MenuDesk>, ShopError> {
    web.menus.as_ref().ok_or(ShopError::NotFound)
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Live(_) => "live",
        Outcome::Same => "same",
        Outcome::Refused(_) => "refused",
    }
}

/// What the word of an address means.
fn sentence(said: &str) -> &'static str {
    match said {
        "live" => "A new version serves.",
        "same" => "Nothing changed: these files were read before.",
        "refused" => "The files were refused; what served goes on serving.",
        _ => "",
    }
}

fn who(by: &By) -> &str {
    match by {
        By::Start => "the start of the program",
        By::Folder => "a change in the folder",
        By::Signal => "SIGHUP",
        By::Desk => "the desk",
        By::Person(who) => who.name(),
    }
}

fn row(view: &Change) -> Row<'_> {
    let class = |line: &str| match line.as_bytes().first() {
        Some(b'+') => "added",
        Some(b'-') => "removed",
        _ => "",
    };
    let files = view.files.iter().map(|file| File {
        name: &file.name,
        added: file.added,
        removed: file.removed,
        // The two lines that name the file say what its heading says.
        lines: file.diff.lines().skip(2).map(|line| (class(line), line)).collect(),
    });
    let at = (wording::moment(view.at), wording::moment_iso(view.at));
    Row { view, at, by: who(&view.by), files: files.collect() }
}

/// `GET /desk/menus`
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, said: Result<Query<Said>, QueryRejection>,
) -> Result<Response, Refusal> {
    let view = desk(&web)?.menus().await?;
    let said = said.map(|Query(said)| said).unwrap_or_default();
    let refused =
        view.refused.as_ref().map(|refused| (wording::moment(refused.at), who(&refused.by).to_owned()));
    let rows = view.history.iter().map(row).collect();
    let (said, editor) = (sentence(&said.said), web.has_editor.then_some(EDITOR));
    Ok(page::html(&Menus { said, refused, rows, editor, view: &view }))
}

/// `POST /desk/menus/reload`
pub(in crate::web) async fn reload(State(web): State<Arc<Web>>, acting: Acting) -> Result<Response, Refusal> {
    let by = acting.as_any(&[DeskRole::Operator])?;
    let outcome = desk(&web)?.reload(by).await?;
    Ok(Redirect::to(&format!("/desk/menus?said={}", word(&outcome))).into_response())
}

/// `POST /desk/menus/back`
pub(in crate::web) async fn back(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<From>, FormRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&[DeskRole::Operator])?;
    let Form(From { from }) = form?;
    let outcome = desk(&web)?.roll_back(by, from).await?;
    Ok(Redirect::to(&format!("/desk/menus?said={}", word(&outcome))).into_response())
}

/// Around the editor: what it writes goes live, so only an operator writes, and it is her change.
pub(in crate::web) async fn edited(
    State(web): State<Arc<Web>>, acting: Acting, request: Request, next: Next,
) -> Result<Response, Refusal> {
    if !request.uri().path().ends_with("/save") {
        return Ok(next.run(request).await);
    }
    let by = acting.as_any(&[DeskRole::Operator])?;
    let response = next.run(request).await;
    if let Some(menus) = web.menus.as_ref().filter(|_| response.status().is_success()) {
        // What it saved is sound; whatever keeps it from being read is told where menus are read.
        let _ = menus.reload(by).await?;
    }
    Ok(response)
}

/// `GET /desk/api/menus`
pub(in crate::web) async fn json(State(web): State<Arc<Web>>) -> Result<Json<MenusView>, JsonRefusal> {
    Ok(Json(desk(&web)?.menus().await?))
}

/// `GET /desk/api/menus/files`: those that serve, as pairs of name and text
pub(in crate::web) async fn files(State(web): State<Arc<Web>>) -> Result<Json<Sources>, JsonRefusal> {
    Ok(Json(desk(&web)?.files()))
}

/// `POST /desk/api/menus/reload`
pub(in crate::web) async fn reload_json(
    State(web): State<Arc<Web>>, acting: Acting,
) -> Result<Json<Outcome>, JsonRefusal> {
    let by = acting.as_any(&[DeskRole::Operator])?;
    Ok(Json(desk(&web)?.reload(by).await?))
}

/// `POST /desk/api/menus/back`
pub(in crate::web) async fn back_json(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<From>, FormRejection>,
) -> Result<Json<Outcome>, JsonRefusal> {
    let by = acting.as_any(&[DeskRole::Operator])?;
    let Form(From { from }) = form.map_err(Refusal::from)?;
    Ok(Json(desk(&web)?.roll_back(by, from).await?))
}
