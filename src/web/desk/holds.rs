//! Whose money waits and why; putting and lifting a hold, and the inlet for changed SIMs.

use super::{door::Acting, garbled, operators};
use crate::engine::desk::holds::{HoldCode, HoldDone, HoldRow, HoldWish};
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

/// Who looks after people and their money.
const HOLDERS: [DeskRole; 2] = [DeskRole::Liaison, DeskRole::Operator];

struct Row<'a> {
    view: &'a HoldRow,
    why: String,
    since: (String, String),
}

impl<'a> Row<'a> {
    fn of(view: &'a HoldRow) -> Self {
        let why: Vec<String> = view.why.iter().map(|(lang, words)| format!("{lang}: {words}")).collect();
        let since = (wording::moment(view.since), wording::moment_iso(view.since));
        Self { view, why: why.join(" · "), since }
    }
}

#[derive(Template)]
#[template(path = "desk_holds.html", config = "src/web/askama.toml")]
struct Holds<'a> {
    rows: Vec<Row<'a>>,
    phone: &'a str,
    seen: &'a str,
    /// Languages a reason is wanted in, each with what was typed.
    langs: Vec<(String, String)>,
    complaint: String,
}

async fn draw(web: &Web, typed: &BTreeMap<String, String>, complaint: String) -> Result<Response, Refusal> {
    let desk = operators(web)?;
    let found = desk.holds().await?;
    let was = |name: &str| typed.get(name).cloned().unwrap_or_default();
    Ok(page::html(&Holds {
        rows: found.iter().map(Row::of).collect(),
        phone: &was("phone"),
        seen: &was("seen"),
        langs: desk.langs().iter().map(|lang| (lang.to_string(), was(&format!("why-{lang}")))).collect(),
        complaint,
    }))
}

/// `GET /desk/holds`
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    draw(&web, &BTreeMap::new(), String::new()).await
}

/// A form of the page: `put` with a reason for each language by its tag, or `lift` with what was seen.
fn wish_of(form: &BTreeMap<String, String>) -> Result<HoldWish, Refusal> {
    let word = |name: &str| form.get(name).cloned().unwrap_or_default();
    let phone = word("phone").trim().to_owned();
    let code = serde_json::from_value::<HoldCode>(word("code").into()).map_err(|_| Refusal::Garbled)?;
    if word("act") == "lift" {
        return Ok(HoldWish::Lift { phone, code, why: word("seen") });
    }
    let tags = form.iter().filter_map(|(name, words)| Some((name.strip_prefix("why-")?, words)));
    let why =
        tags.map(|(tag, words)| Ok((tag.parse::<Lang>().map_err(|_| Refusal::Garbled)?, words.clone())));
    Ok(HoldWish::Put { phones: vec![phone], code, why: why.collect::<Result<_, Refusal>>()? })
}

/// `POST /desk/holds`: puts or lifts. What was typed is never lost.
pub(in crate::web) async fn act(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&HOLDERS)?;
    let Form(form) = form?;
    match operators(&web)?.hold(by, wish_of(&form)?).await {
        Ok(_) => Ok(Redirect::to("/desk/holds").into_response()),
        Err(ShopError::Field { why, .. }) => draw(&web, &form, why).await,
        Err(other) => Err(other.into()),
    }
}

/// `GET /desk/api/holds`
pub(in crate::web) async fn all(State(web): State<Arc<Web>>) -> Result<Json<Vec<HoldRow>>, JsonRefusal> {
    Ok(Json(operators(&web)?.holds().await?))
}

/// `POST /desk/api/holds`: puts or lifts; an operator of phones tells changed SIMs here, too
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<HoldWish>, JsonRejection>,
) -> Result<Json<HoldDone>, JsonRefusal> {
    let by = acting.as_any(&HOLDERS)?;
    let Json(wish) = wish.map_err(|why| garbled(&why))?;
    Ok(Json(operators(&web)?.hold(by, wish).await?))
}
