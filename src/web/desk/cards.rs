//! Card payments at the desk: disputes with what we have to show, money that belongs to no order, and
//! events as the processor sent them.

use super::{door::Acting, garbled, operators};
use crate::engine::cards::desk::{CardWish, TroubleRow};
use crate::engine::cards::inbox::KeptEvent;
use crate::engine::shopfront::ShopError;
use crate::types::TroubleId;
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
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whose work it is: money is the treasurer's; events are worked off again by whoever runs the service, too.
const MONEY: [DeskRole; 1] = [DeskRole::Treasurer];
const EVENTS: [DeskRole; 2] = [DeskRole::Treasurer, DeskRole::Operator];

/// Everything of the page, for programs.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Cards {
    troubles: Vec<TroubleRow>,
    events: Vec<EventRow>,
}

/// An event without what it says: shoppers' names and addresses stand in it.
#[derive(Debug, Serialize)]
pub(in crate::web) struct EventRow {
    event: String,
    came: crate::types::Timestamp,
    times: u32,
    id: Option<String>,
    kind: Option<String>,
    became: &'static str,
    why: Option<String>,
}

impl From<KeptEvent> for EventRow {
    fn from(kept: KeptEvent) -> Self {
        use crate::engine::cards::inbox::Became;
        let (id, kind) = kept.head.unzip();
        let became = kept.became.word();
        let why = match kept.became {
            Became::Unusable(why) => Some(why),
            _ => None,
        };
        Self { event: kept.name, came: kept.came, times: kept.times, id, kind, became, why }
    }
}

async fn found(web: &Web) -> Result<Cards, ShopError> {
    let desk = operators(web)?;
    let events = desk.card_events().await?;
    Ok(Cards { troubles: desk.card_troubles().await?, events: events.into_iter().map(Into::into).collect() })
}

struct Row<'a> {
    view: &'a TroubleRow,
    since: (String, String),
    due: String,
    /// A stray that nobody has decided about.
    waits: bool,
    evidence: Vec<(String, &'a str)>,
}

impl<'a> Row<'a> {
    fn of(view: &'a TroubleRow) -> Self {
        let evidence = view.evidence.iter();
        Self {
            view,
            since: (wording::moment(view.since), wording::moment_iso(view.since)),
            due: view.due.map(wording::moment).unwrap_or_default(),
            waits: view.what != "dispute" && view.back.is_none(),
            evidence: evidence.map(|shown| (wording::moment(shown.at), shown.what.as_str())).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "desk_cards.html", config = "src/web/askama.toml")]
struct Page<'a> {
    rows: Vec<Row<'a>>,
    events: Vec<(&'a EventRow, String)>,
    complaint: String,
}

async fn draw(web: &Web, complaint: String) -> Result<Response, Refusal> {
    let cards = found(web).await?;
    Ok(page::html(&Page {
        rows: cards.troubles.iter().map(Row::of).collect(),
        events: cards.events.iter().map(|event| (event, wording::moment(event.came))).collect(),
        complaint,
    }))
}

/// `GET /desk/cards`
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    draw(&web, String::new()).await
}

/// `GET /desk/api/cards`: disputes and strays, and the newest events; sums in cents
pub(in crate::web) async fn all(State(web): State<Arc<Web>>) -> Result<Json<Cards>, JsonRefusal> {
    Ok(Json(found(&web).await?))
}

fn allowed(wish: &CardWish) -> &'static [DeskRole] {
    match wish {
        CardWish::Again { .. } => &EVENTS,
        _ => &MONEY,
    }
}

/// `POST /desk/api/cards`: gives a stray back, or has an event worked off again
pub(in crate::web) async fn change(
    State(web): State<Arc<Web>>, acting: Acting, wish: Result<Json<CardWish>, JsonRejection>,
) -> Result<Json<Cards>, JsonRefusal> {
    let Json(wish) = wish.map_err(|why| garbled(&why))?;
    let by = acting.as_any(allowed(&wish))?;
    operators(&web)?.card_wish(by, wish).await?;
    Ok(Json(found(&web).await?))
}

/// A form of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Pressed {
    what: String,
    trouble: String,
    paper: String,
    event: String,
}

/// `POST /desk/cards`
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Pressed>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(Pressed { what, trouble, paper, event }) = form?;
    let trouble = || trouble.parse::<TroubleId>().map_err(|_| ShopError::NotFound);
    let wish = match what.as_str() {
        "give_back" => CardWish::GiveBack { trouble: trouble()? },
        "settle" => CardWish::Settle { trouble: trouble()?, paper },
        "again" => CardWish::Again { event },
        _ => return Err(ShopError::NotFound.into()),
    };
    let by = acting.as_any(allowed(&wish))?;
    match operators(&web)?.card_wish(by, wish).await {
        Ok(()) => Ok(Redirect::to("/desk/cards").into_response()),
        Err(ShopError::Field { why, .. }) => draw(&web, why).await,
        Err(other) => Err(other.into()),
    }
}
