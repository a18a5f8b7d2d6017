//! What is stopped for everybody: one kind of action at a time, with the reason that people are told.

use super::{door::Acting, operators};
use crate::engine::desk::freeze::{FreezeRow, FreezeWish};
use crate::engine::shopfront::ShopError;
use crate::types::Lang;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    people::DeskRole,
    wording,
};
use askama::Template;
use axum::{
    Form, Json,
    extract::{
        State,
        rejection::{FormRejection, JsonRejection},
    },
    response::{IntoResponse, Redirect, Response},
};
use std::{collections::BTreeMap, sync::Arc};

/// A switch with its words; `langs` are those a reason is wanted in, each with the one it has.
struct Row {
    word: String,
    name: &'static str,
    stopped: Option<Stopped>,
    langs: Vec<(String, String)>,
}

struct Stopped {
    by: String,
    since: (String, String),
}

#[derive(Template)]
#[template(path = "desk_stops.html", config = "src/web/askama.toml")]
struct Stops {
    rows: Vec<Row>,
    complaint: String,
}

fn draw(web: &Web, complaint: String) -> Result<Response, Refusal> {
    let desk = operators(web)?;
    let langs = desk.langs();
    let row = |FreezeRow { what, stop }: FreezeRow| Row {
        word: what.word().to_owned(),
        name: wording::switch(what),
        langs: langs
            .iter()
            .map(|lang| {
                let why = stop.as_ref().and_then(|stop| stop.why.get(lang)).cloned();
                (lang.to_string(), why.unwrap_or_default())
            })
            .collect(),
        stopped: stop.map(|stop| Stopped {
            since: (wording::moment(stop.since), wording::moment_iso(stop.since)),
            by: stop.by,
        }),
    };
    Ok(page::html(&Stops { rows: desk.freezes().into_iter().map(row).collect(), complaint }))
}

/// `GET /desk/stops`
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    draw(&web, String::new())
}

/// A form of the page: the switch, `stop` or `resume`, and a reason for each language by its tag.
fn wish_of(mut form: BTreeMap<String, String>) -> Result<FreezeWish, Refusal> {
    let what = form.remove("what").unwrap_or_default();
    let what = serde_json::from_value(what.into()).map_err(|_| Refusal::Garbled)?;
    let stops = form.remove("do").is_some_and(|act| act == "stop");
    let mut why = BTreeMap::new();
    for (tag, words) in form {
        why.insert(tag.parse::<Lang>().map_err(|_| Refusal::Garbled)?, words);
    }
    Ok(FreezeWish { what, why: stops.then_some(why) })
}

/// `POST /desk/stops`
pub(in crate::web) async fn turn(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&[DeskRole::Operator])?;
    let Form(form) = form?;
    match operators(&web)?.freeze(by, wish_of(form)?).await {
        Ok(_) => Ok(Redirect::to("/desk/stops").into_response()),
        Err(ShopError::Field { why, .. }) => draw(&web, why),
        Err(other) => Err(other.into()),
    }
}

/// `GET /desk/api/stops`: every switch; `stop` says why it is stopped, by whom and since when
pub(in crate::web) async fn all(State(web): State<Arc<Web>>) -> Result<Json<Vec<FreezeRow>>, JsonRefusal> {
    Ok(Json(operators(&web)?.freezes()))
}

/// `POST /desk/api/stops`: stops something, or without a `why` lets it go on
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<FreezeWish>, JsonRejection>,
) -> Result<Json<FreezeRow>, JsonRefusal> {
    let by = acting.as_any(&[DeskRole::Operator])?;
    let Json(wish) = wish.map_err(|why| super::garbled(&why))?;
    Ok(Json(operators(&web)?.freeze(by, wish).await?))
}
