//! Dialogs as they were recorded: which there were, one screen by screen, and what they add up to.

use super::door::Acting;
use crate::web::people::DeskRole;
use crate::{
    engine::{
        shopfront::ShopError,
        tapes::{
            desk::{
                DialogLine, DialogPage, DialogStep, DialogView, DialogsWish, JobStats, ScreenStats, Stats,
            },
            export::{TapePage, TapesWish},
        },
    },
    types::Timestamp,
    web::{
        error::{JsonRefusal, Refusal},
        page::{self, Web},
        wording,
    },
};
use askama::Template;
use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    response::Response,
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// Every state that a dialog can be in, for the choice on the page.
const STATES: [&str; 3] = ["open", "ended", "left"];
/// Days that figures are about, unless others are asked for, and at most.
const DAYS: u32 = 7;
const MOST_DAYS: u32 = 400;

/// A dialog with its moments in words.
struct Row<'a> {
    view: &'a DialogLine,
    begun: (String, String),
    took: String,
}

impl<'a> From<&'a DialogLine> for Row<'a> {
    fn from(view: &'a DialogLine) -> Self {
        Row {
            view,
            begun: (wording::moment(view.begun), wording::moment_iso(view.begun)),
            took: wording::age(view.last.since(view.begun)),
        }
    }
}

#[derive(Template)]
#[template(path = "desk_dialogs.html", config = "src/web/askama.toml")]
struct Dialogs<'a> {
    rows: Vec<Row<'a>>,
    phone: &'a str,
    state: &'a str,
    states: [&'static str; 3],
    /// What was wrong with the phone that was typed.
    complaint: String,
    older: Option<&'a str>,
}

type Wish = Result<Query<DialogsWish>, QueryRejection>;

/// `GET /desk/dialogs`
pub(in crate::web) async fn page(State(web): State<Arc<Web>>, wish: Wish) -> Result<Response, Refusal> {
    let wish = wish.map(|Query(wish)| wish).unwrap_or_default();
    let (found, complaint) = match web.dialogs.dialogs(wish.clone()).await {
        Err(ShopError::Field { why, .. }) => (DialogPage::default(), why),
        found => (found?, String::new()),
    };
    Ok(page::html(&Dialogs {
        rows: found.rows.iter().map(Row::from).collect(),
        phone: wish.phone.as_deref().unwrap_or_default(),
        state: wish.state.as_deref().unwrap_or_default(),
        states: STATES,
        complaint,
        older: found.older.as_deref(),
    }))
}

/// `GET /desk/api/dialogs`
pub(in crate::web) async fn page_json(
    State(web): State<Arc<Web>>, wish: Wish,
) -> Result<Json<DialogPage>, JsonRefusal> {
    let wish = wish.map(|Query(wish)| wish).unwrap_or_default();
    Ok(Json(web.dialogs.dialogs(wish).await?))
}

/// A turn in words.
struct Step<'a> {
    view: &'a DialogStep,
    at: (String, String),
    after: String,
    what: &'static str,
}

impl<'a> From<&'a DialogStep> for Step<'a> {
    fn from(view: &'a DialogStep) -> Self {
        Step {
            view,
            at: (clock(view.at), wording::moment_iso(view.at)),
            after: seconds(view.after_ms),
            what: match view.what.as_str() {
                "dials" => "She dials",
                "redials" => "She dials again",
                "presses" => "She answers",
                "texts" => "She answers by SMS",
                "pushed" => "We show her",
                "cut" if view.typed == "unseen" => "The screen never reached the network",
                "cut" => "The call is over",
                "again" => "The lost screen is shown again",
                "reminded" => "Nobody typed: an SMS reminds her",
                _ => "The gateway's account",
            },
        }
    }
}

/// A time of day with its seconds, in Nairobi.
fn clock(at: Timestamp) -> String {
    let seconds = at.millis().div_euclid(1000).rem_euclid(60);
    format!("{}:{seconds:02}", at.hour_minute(crate::types::time::NAIROBI))
}

fn seconds(millis: u64) -> String {
    match millis {
        0..100_000 => format!("{} s", millis.div_ceil(1000)),
        _ => wording::age(Duration::from_millis(millis)),
    }
}

#[derive(Template)]
#[template(path = "desk_dialog.html", config = "src/web/askama.toml")]
struct Dialog<'a> {
    row: Row<'a>,
    steps: Vec<Step<'a>>,
    /// The menus it was recorded with, shortly.
    version: &'a str,
    proof: &'a str,
}

async fn found(web: &Web, id: Result<Path<String>, PathRejection>) -> Result<DialogView, ShopError> {
    let Path(id) = id.map_err(|_| ShopError::NotFound)?;
    web.dialogs.dialog(id).await
}

/// `GET /desk/dialogs/{id}`
pub(in crate::web) async fn one(
    State(web): State<Arc<Web>>, id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let view = found(&web, id).await?;
    Ok(page::html(&Dialog {
        row: Row::from(&view.line),
        steps: view.steps.iter().map(Step::from).collect(),
        version: view.line.graph.get(..8).unwrap_or_default(),
        proof: &view.proof,
    }))
}

/// `GET /desk/api/dialogs/{id}`
pub(in crate::web) async fn one_json(
    State(web): State<Arc<Web>>, id: Result<Path<String>, PathRejection>,
) -> Result<Json<DialogView>, JsonRefusal> {
    Ok(Json(found(&web, id).await?))
}

/// `GET /desk/api/dialogs/tapes`
pub(in crate::web) async fn tapes(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Query<TapesWish>, QueryRejection>,
) -> Result<Json<TapePage>, JsonRefusal> {
    // A tape is all of a dialog, numbers that are good once among it.
    acting.as_any(&[DeskRole::Operator])?;
    let wish = wish
        .map(|Query(wish)| wish)
        .map_err(|why| ShopError::Field { field: "since", why: why.to_string() })?;
    Ok(Json(web.dialogs.tapes(wish).await?))
}

/// Which figures are wanted.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(in crate::web) struct StatsWish {
    /// About how many days.
    days: Option<u32>,
}

impl StatsWish {
    fn days(self) -> u32 {
        self.days.unwrap_or(DAYS).clamp(1, MOST_DAYS)
    }
}

/// A block in words.
struct Figure<'a> {
    view: &'a ScreenStats,
    left: String,
    answer: String,
}

/// A job in words.
struct Finished<'a> {
    view: &'a JobStats,
    took: String,
}

#[derive(Template)]
#[template(path = "desk_dialog_stats.html", config = "src/web/askama.toml")]
struct Figures<'a> {
    days: u32,
    stats: &'a Stats,
    screens: Vec<Figure<'a>>,
    jobs: Vec<Finished<'a>>,
}

type Days = Result<Query<StatsWish>, QueryRejection>;

/// `GET /desk/dialogs/stats`
pub(in crate::web) async fn stats(State(web): State<Arc<Web>>, wish: Days) -> Result<Response, Refusal> {
    let days = wish.map(|Query(wish)| wish).unwrap_or_default().days();
    let stats = web.dialogs.dialog_stats(days).await?;
    let figure = |view| {
        let permille = ScreenStats::left_permille(view);
        let left = format!("{}.{} %", permille / 10, permille % 10);
        Figure { view, left, answer: view.answer_ms.map(seconds).unwrap_or_default() }
    };
    Ok(page::html(&Figures {
        days,
        screens: stats.screens.iter().map(figure).collect(),
        jobs: stats.jobs.iter().map(|view| Finished { view, took: seconds(view.millis) }).collect(),
        stats: &stats,
    }))
}

/// `GET /desk/api/dialogs/stats`
pub(in crate::web) async fn stats_json(
    State(web): State<Arc<Web>>, wish: Days,
) -> Result<Json<Stats>, JsonRefusal> {
    let days = wish.map(|Query(wish)| wish).unwrap_or_default().days();
    Ok(Json(web.dialogs.dialog_stats(days).await?))
}
