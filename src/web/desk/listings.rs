//! Listings to look at: those that wait to be sold, and those in the shop that nobody here has seen.

use super::{door::Acting, garbled, operators};
use crate::engine::desk::listings::{CheckRow, CheckRows, CheckWish, Fault, ToCheck};
use crate::engine::shopfront::ShopError;
use crate::types::Lang;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
    people::DeskRole,
    upload::serve,
    wording,
};
use askama::Template;
use axum::{
    Form, Json,
    extract::{
        Query, State,
        rejection::{FormRejection, JsonRejection, QueryRejection},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Whose work this is.
const ALLOWED: [DeskRole; 2] = [DeskRole::Liaison, DeskRole::Operator];
/// The width of pictures on the page.
const WIDE: u32 = 320;

/// Where each list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Which {
    waiting: Option<String>,
    unlooked: Option<String>,
}

/// A photograph, small and whole.
struct Picture {
    small: String,
    large: String,
}

/// A listing with its pictures and what is typed about it.
struct Row<'a> {
    view: &'a CheckRow,
    title: String,
    since: (String, String),
    pictures: Vec<Picture>,
    /// The names of the photographs that are shown.
    seen: String,
    lacks: Vec<&'static str>,
    en: String,
    fr: String,
}

/// What a listing lacks, in words.
fn lack(word: &str) -> &'static str {
    match word {
        "photo" => "no photograph",
        "words" => "no words of a liaison",
        _ => "a price far from others of its kind",
    }
}

/// What a reason tells its maker.
fn fault(why: Fault) -> &'static str {
    match why {
        Fault::Photo => "The photographs do not show it",
        Fault::Price => "The price is far from others",
        Fault::Kind => "It is something else",
        Fault::Rules => "It is not sold here",
    }
}

impl<'a> Row<'a> {
    fn of(view: &'a CheckRow, typed: &BTreeMap<String, String>) -> Self {
        let pictures = view.photos.iter().map(|photo| Picture {
            small: serve::url(photo.name, WIDE),
            large: serve::url(photo.name, 1_280),
        });
        let hers = typed.get("listing").is_some_and(|listing| *listing == view.code);
        let words = |tag: &str| {
            let kept = view.words.iter().find(|(lang, _)| lang.tag() == tag);
            let typed = typed.get(tag).filter(|_| hers).cloned();
            typed.or_else(|| kept.map(|(_, words)| words.clone())).unwrap_or_default()
        };
        Self {
            view,
            title: wording::piece(&view.kind, &view.stuff),
            since: (wording::moment(view.since), wording::moment_iso(view.since)),
            pictures: pictures.collect(),
            seen: view.photos.iter().map(|photo| photo.name.to_string()).collect::<Vec<_>>().join("."),
            lacks: view.lacks.iter().map(|word| lack(word)).collect(),
            en: words("en"),
            fr: words("fr"),
        }
    }
}

/// One of the lists.
struct List<'a> {
    id: &'static str,
    name: &'static str,
    rows: Vec<Row<'a>>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_listings.html", config = "src/web/askama.toml")]
struct Page<'a> {
    lists: [List<'a>; 2],
    faults: Vec<(&'static str, &'static str)>,
    complaint: String,
}

async fn draw(
    web: &Web, which: Which, typed: &BTreeMap<String, String>, complaint: String,
) -> Result<Response, Refusal> {
    let desk = operators(web)?;
    let waiting = desk.listings_to_check(ToCheck::Waiting, which.waiting).await?;
    let unlooked = desk.listings_to_check(ToCheck::Unlooked, which.unlooked).await?;
    fn list<'a>(
        id: &'static str, name: &'static str, found: &'a CheckRows, typed: &BTreeMap<String, String>,
    ) -> List<'a> {
        let next = found.next.as_ref().map(|next| format!("?{id}={next}"));
        List { id, name, rows: found.rows.iter().map(|row| Row::of(row, typed)).collect(), next }
    }
    Ok(page::html(&Page {
        lists: [
            list("waiting", "Wait to be sold", &waiting, typed),
            list("unlooked", "In the shop, not looked at here", &unlooked, typed),
        ],
        faults: Fault::ALL.map(|why| (why.word(), fault(why))).to_vec(),
        complaint,
    }))
}

/// `GET /desk/listings?waiting=&unlooked=`: each list, oldest first, from where the page before ended
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    draw(&web, which.unwrap_or_default().0, &BTreeMap::new(), String::new()).await
}

/// A form of the page: what to do with which listing, a reason, words in each language of the shop.
fn wish_of(form: &BTreeMap<String, String>) -> Result<CheckWish, Refusal> {
    let word = |name: &str| form.get(name).cloned().unwrap_or_default();
    let listing = word("listing");
    // Whoever says nothing of photographs saw none.
    let seen = || Some(word("seen").split('.').filter_map(|name| name.parse().ok()).collect());
    Ok(match word("do").as_str() {
        "look" => CheckWish::Look { listing, seen: seen() },
        "pass" => CheckWish::Pass { listing, seen: seen() },
        "send_back" => {
            let why = serde_json::from_value(word("why").into()).map_err(|_| Refusal::Garbled)?;
            CheckWish::SendBack { listing, why }
        }
        "describe" => {
            let written = ["en", "fr"].into_iter().map(|tag| (tag, word(tag)));
            let words = written.filter_map(|(tag, words)| Some((tag.parse::<Lang>().ok()?, words)));
            CheckWish::Describe { listing, words: words.collect() }
        }
        _ => return Err(Refusal::Garbled),
    })
}

/// `POST /desk/listings`. What was typed is never lost.
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&ALLOWED)?;
    let Form(form) = form?;
    match operators(&web)?.check_listing(by, wish_of(&form)?).await {
        Ok(_) => Ok(Redirect::to("/desk/listings").into_response()),
        Err(ShopError::Field { why, .. }) => draw(&web, Which::default(), &form, why).await,
        Err(other) => Err(other.into()),
    }
}

/// Both lists.
#[derive(Serialize)]
pub(in crate::web) struct Both {
    waiting: CheckRows,
    unlooked: CheckRows,
}

/// `GET /desk/api/listings/check?waiting=&unlooked=`
pub(in crate::web) async fn all(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Both>, JsonRefusal> {
    let (desk, Query(Which { waiting, unlooked })) = (operators(&web)?, which.unwrap_or_default());
    let waiting = desk.listings_to_check(ToCheck::Waiting, waiting).await?;
    let unlooked = desk.listings_to_check(ToCheck::Unlooked, unlooked).await?;
    Ok(Json(Both { waiting, unlooked }))
}

/// `POST /desk/api/listings/check`
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<CheckWish>, JsonRejection>,
) -> Result<Json<CheckRow>, JsonRefusal> {
    let by = acting.as_any(&ALLOWED)?;
    let Json(wish) = wish.map_err(|why| garbled(&why))?;
    Ok(Json(operators(&web)?.check_listing(by, wish).await?))
}
