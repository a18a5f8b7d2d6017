//! The depot: tips, lessons and cases, as a page and for programs. `sokoni tips`, `lessons`,
//! `feedback` and `cases` speak to the latter.

use super::{Turned, door::Acting};
use crate::engine::depot::desk::{BulletinRow, CaseRow, DepotDesk, DepotDone, DepotWish, FitWish};
use crate::engine::depot::fit::Fit;
use crate::engine::shopfront::ShopError;
use crate::types::{BulletinId, CaseId, CodeKind, Lang, SpokenCode};
use crate::web::people::DeskRole;
use crate::web::{
    error::{JsonRefusal, Refusal},
    page::{self, Web},
};
use askama::Template;
use axum::{
    Json,
    extract::{
        Form, Query, State,
        rejection::{FormRejection, JsonRejection, QueryRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whose work this is.
const ALLOWED: [DeskRole; 2] = [DeskRole::Liaison, DeskRole::Operator];

#[derive(Template)]
#[template(path = "desk_depot.html", config = "src/web/askama.toml")]
struct Page<'a> {
    complaint: String,
    /// Only cases of this sort are shown; empty for all.
    what: String,
    open: Turned<CaseRow>,
    closed: Turned<CaseRow>,
    bulletins: Turned<BulletinRow>,
    /// What was typed and refused.
    tip: &'a Pressed,
    lesson: &'a Pressed,
    advice: &'a Pressed,
}

fn desk(web: &Web) -> Result<&Arc<dyn DepotDesk>, ShopError> {
    web.depot.as_ref().ok_or(ShopError::NotFound)
}

async fn shown(web: &Web, complaint: String, typed: &Pressed, which: Which) -> Result<Response, Refusal> {
    let Which { what, page, closed: closed_page, bulletins: bulletins_page } = which;
    let (mut cases, bulletins) = (desk(web)?.cases().await?, desk(web)?.bulletins().await?);
    cases.retain(|case| what.is_empty() || case.what == what);
    let (open, closed) = cases.into_iter().partition(|case| case.closed_by.is_none());
    let of_sort = |name: &str| if what.is_empty() { name.to_owned() } else { format!("what={what}&{name}") };
    let (none, pressed) = (Pressed::default(), |form: &str| typed.what == form);
    Ok(page::html(&Page {
        complaint,
        open: Turned::of(open, page, &of_sort("page")),
        closed: Turned::of(closed, closed_page, &of_sort("closed")),
        bulletins: Turned::of(bulletins, bulletins_page, "bulletins"),
        tip: if pressed("tip") { typed } else { &none },
        lesson: if pressed("lesson") { typed } else { &none },
        advice: if pressed("advise") { typed } else { &none },
        what,
    }))
}

/// Which cases, and which page of each list, from zero.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Which {
    what: String,
    page: usize,
    closed: usize,
    bulletins: usize,
}

/// `GET /desk/depot?what=&page=&closed=&bulletins=`: everything, or only cases of a sort
pub(in crate::web) async fn page(
    State(web): State<Arc<Web>>, which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    shown(&web, String::new(), &Pressed::default(), which.unwrap_or_default().0).await
}

/// A form of the page: what to do, and the fields of all of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Pressed {
    #[serde(rename = "do")]
    what: String,
    craft: String,
    en: String,
    sw: String,
    am: String,
    area: String,
    day: String,
    place: String,
    seats: String,
    bulletin: String,
    phone: String,
    case: String,
    listing: String,
    text: String,
}

impl Pressed {
    fn texts(&self) -> BTreeMap<Lang, String> {
        let typed = [("en", &self.en), ("sw", &self.sw), ("am", &self.am)].into_iter();
        let typed = typed.filter(|(_, text)| !text.trim().is_empty());
        typed.filter_map(|(tag, text)| Some((tag.parse().ok()?, text.clone()))).collect()
    }

    fn wish(&self) -> Result<DepotWish, ShopError> {
        fn wrong<T>(field: &'static str, why: &str) -> Result<T, ShopError> {
            Err(ShopError::Field { field, why: why.to_owned() })
        }
        let by = String::new();
        let case = || self.case.parse::<CaseId>().or_else(|_| wrong("case", "no such case"));
        Ok(match self.what.as_str() {
            "tip" => {
                let craft = self.craft.trim().to_lowercase();
                let craft = match craft.is_empty() {
                    true => None,
                    false => {
                        Some(craft.parse().or_else(|_| wrong("craft", "a word of the menus: necklace"))?)
                    }
                };
                DepotWish::Tip { by, craft, texts: self.texts() }
            }
            "lesson" => DepotWish::Lesson {
                by,
                area: self
                    .area
                    .trim()
                    .to_lowercase()
                    .parse()
                    .or_else(|_| wrong("area", "a word of the menus: kibera"))?,
                day: self.day.clone(),
                place: self.place.clone(),
                seats: self.seats.trim().parse().or_else(|_| wrong("seats", "a number"))?,
            },
            "came" => DepotWish::Came {
                bulletin: self
                    .bulletin
                    .parse::<BulletinId>()
                    .or_else(|_| wrong("bulletin", "no such lesson"))?,
                phone: self.phone.clone(),
            },
            "advise" => DepotWish::Advise {
                listing: SpokenCode::parse(CodeKind::Listing, self.listing.trim())
                    .or_else(|_| wrong("listing", "the five digits of a piece, such as 10019"))?,
                by,
                text: self.text.clone(),
            },
            "note" => DepotWish::Note { case: case()?, by, text: self.text.clone() },
            "close" => DepotWish::Close { case: case()?, by, why: self.texts() },
            _ => return wrong("do", "nothing that can be done here"),
        })
    }
}

/// `POST /desk/depot`: one of the page's forms. What is wrong is said on the page.
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Pressed>, FormRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&ALLOWED)?;
    let Form(pressed) = form?;
    let done = match pressed.wish() {
        Ok(wish) => desk(&web)?.depot(by, wish).await,
        Err(why) => Err(why),
    };
    match done {
        Ok(_) => Ok(Redirect::to("/desk/depot").into_response()),
        Err(why @ ShopError::Field { .. }) => {
            let page = shown(&web, why.to_string(), &pressed, Which::default()).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(why) => Err(why.into()),
    }
}

/// `GET /desk/api/depot/bulletins`: tips and lessons, newest first
pub(in crate::web) async fn bulletins(
    State(web): State<Arc<Web>>,
) -> Result<Json<Vec<BulletinRow>>, JsonRefusal> {
    Ok(Json(desk(&web)?.bulletins().await?))
}

/// `GET /desk/api/depot/cases`: cases, newest first
pub(in crate::web) async fn cases(State(web): State<Arc<Web>>) -> Result<Json<Vec<CaseRow>>, JsonRefusal> {
    Ok(Json(desk(&web)?.cases().await?))
}

/// `POST /desk/api/depot/fit`: what words come to on the air that somebody is typing
pub(in crate::web) async fn fit(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<FitWish>, JsonRejection>,
) -> Result<Json<Fit>, JsonRefusal> {
    let by = acting.as_any(&ALLOWED)?;
    let Json(wish) = wish.map_err(|why| super::garbled(&why))?;
    Ok(Json(desk(&web)?.fit(by, wish).await?))
}

/// `POST /desk/api/depot`: does something; what came of it
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<DepotWish>, JsonRejection>,
) -> Result<Json<DepotDone>, JsonRefusal> {
    let garbled = |why: JsonRejection| {
        JsonRefusal(Refusal::Shop(ShopError::Field { field: "body", why: why.body_text() }))
    };
    let by = acting.as_any(&ALLOWED)?;
    let Json(wish) = wish.map_err(garbled)?;
    Ok(Json(desk(&web)?.depot(by, wish).await?))
}
