//! Texts to and from phones, what became of them, and sending again what was given up.

use super::door::Acting;
use crate::engine::shopfront::{DeskMessage, DeskMessages, MessagesWish, ShopError};
use crate::types::Timestamp;
use crate::web::people::DeskRole;
use crate::web::{
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

/// Every state that a message can be in, for the choice on the page.
const STATES: [&str; 9] =
    ["waiting", "taken", "delivered", "failed", "no_receipt", "given_up", "parked", "not_needed", "received"];

/// A message with its moments in words.
struct Row<'a> {
    view: &'a DeskMessage,
    queued: (String, String),
    taken: String,
    done: String,
}

#[derive(Template)]
#[template(path = "desk_messages.html", config = "src/web/askama.toml")]
struct Messages<'a> {
    rows: Vec<Row<'a>>,
    phone: &'a str,
    state: &'a str,
    states: [&'static str; 9],
    /// What was wrong with the phone that was typed.
    complaint: String,
    older: Option<&'a str>,
    unmatched: u64,
}

/// `GET /desk/messages`
pub(in crate::web) async fn page(
    State(web): State<Arc<Web>>, wish: Result<Query<MessagesWish>, QueryRejection>,
) -> Result<Response, Refusal> {
    let wish = wish.map(|Query(wish)| wish).unwrap_or_default();
    let (found, complaint) = match web.front.desk_messages(wish.clone()).await {
        Err(ShopError::Field { why, .. }) => (DeskMessages::default(), why),
        found => (found?, String::new()),
    };
    fn row(view: &DeskMessage) -> Row<'_> {
        let moment = |at: Option<Timestamp>| at.map(wording::moment).unwrap_or_default();
        let queued = (wording::moment(view.queued), wording::moment_iso(view.queued));
        Row { view, queued, taken: moment(view.taken), done: moment(view.done) }
    }
    Ok(page::html(&Messages {
        rows: found.rows.iter().map(row).collect(),
        phone: wish.phone.as_deref().unwrap_or_default(),
        state: wish.state.as_deref().unwrap_or_default(),
        states: STATES,
        complaint,
        older: found.older.as_deref(),
        unmatched: found.receipts.unmatched,
    }))
}

/// A text by the id of its row.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Again {
    id: String,
}

/// `POST /desk/messages/again`: sends a text again that was given up.
pub(in crate::web) async fn again(
    State(web): State<Arc<Web>>, acting: Acting, form: Result<Form<Again>, FormRejection>,
) -> Result<Redirect, Refusal> {
    let by = acting.as_any(&[DeskRole::Liaison, DeskRole::Operator])?;
    let Form(Again { id }) = form?;
    web.front.desk_send_again(by, id).await?;
    Ok(Redirect::to("/desk/messages?state=parked"))
}

/// `GET /desk/api/messages`
pub(in crate::web) async fn json(
    State(web): State<Arc<Web>>, wish: Result<Query<MessagesWish>, QueryRejection>,
) -> Result<Json<DeskMessages>, JsonRefusal> {
    let wish = wish.map(|Query(wish)| wish).unwrap_or_default();
    Ok(Json(web.front.desk_messages(wish).await?))
}
