//! `GET /order/{token}` and `/order/{token}/live`: an order's own page, kept fresh.
//!
//! The token is all a shopper needs, so a wrong one, a made-up one and a path that never was are
//! answered alike.

use crate::{
    engine::shopfront::{OrderChanged, OrderView, ShopError},
    web::{
        error::Refusal,
        page::{self, Part, Piece, Web},
        wording,
    },
};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, broadcast};

/// The longest token that is looked up.
const LONGEST_TOKEN: usize = 128;
/// How long a live page waits after a failed read.
const AFTER_FAULT: Duration = Duration::from_secs(2);

/// One step as the page lists it.
struct Step<'a> {
    word: &'a str,
    label: String,
    /// For people and for machines; `None` while it lies ahead.
    at: Option<(String, String)>,
    /// The first that lies ahead.
    next: bool,
}

#[derive(Template)]
#[template(path = "order_live.html", config = "src/web/askama.toml")]
struct Fragment<'a> {
    order: &'a OrderView,
    piece: Piece<'a>,
    headline: String,
    steps: Vec<Step<'a>>,
    parts: Vec<Part<'a>>,
}

#[derive(Template)]
#[template(path = "order.html", config = "src/web/askama.toml")]
struct OrderPage<'a> {
    token: &'a str,
    order: &'a OrderView,
    fragment: Fragment<'a>,
}

impl<'a> From<&'a OrderView> for Fragment<'a> {
    fn from(order: &'a OrderView) -> Self {
        let next = order.steps.iter().position(|step| step.at.is_none());
        let steps = order.steps.iter().enumerate().map(|(at, step)| Step {
            word: &step.step,
            label: wording::step(&step.step),
            at: step.at.map(|at| (wording::moment(at), wording::moment_iso(at))),
            next: next == Some(at),
        });
        Self {
            order,
            piece: Piece::from(&order.piece),
            headline: wording::state(&order.state, &order.piece.maker),
            steps: steps.collect(),
            parts: page::parts(&order.split, &order.piece.maker),
        }
    }
}

/// Asks the engine for the order of a token that could be one.
async fn find(web: &Web, token: &str) -> Result<OrderView, ShopError> {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    if token.len() > LONGEST_TOKEN || !token.bytes().all(fits) {
        return Err(ShopError::NotFound);
    }
    web.front.order(token.to_owned()).await
}

/// Shows the order.
pub(crate) async fn show(
    State(web): State<Arc<Web>>, Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let order = find(&web, &token).await?;
    let body = page::html(&OrderPage { token: &token, order: &order, fragment: Fragment::from(&order) });
    Ok((private(), body).into_response())
}

/// Which version of the order the page has already drawn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Seen {
    seen: Option<u64>,
}

/// Sends the page's changing part again with every change of the order.
pub(crate) async fn live(
    State(web): State<Arc<Web>>, Path(token): Path<String>, query: Result<Query<Seen>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // Listening begins before the first look, so that no change falls between the two.
    let changes = web.front.changes();
    find(&web, &token).await?;
    let permit = web.live.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
    // A browser that reconnects names the last event it got, which is newer than the page's own.
    let last_event = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let seen = last_event.or(query.ok().and_then(|Query(query)| query.seen));
    let heartbeat = KeepAlive::new().interval(web.settings.heartbeat());
    let watch = Watch { web, token, changes, seen, look: true, _permit: permit };
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((private(), unbuffered, Sse::new(watch.events()).keep_alive(heartbeat)).into_response())
}

/// An address that is itself the key belongs in no search engine.
fn private() -> [(HeaderName, &'static str); 1] {
    [(HeaderName::from_static("x-robots-tag"), "noindex, nofollow")]
}

/// One connected page.
struct Watch {
    web: Arc<Web>,
    token: String,
    changes: broadcast::Receiver<OrderChanged>,
    seen: Option<u64>,
    /// Look at the order before waiting for a tick.
    look: bool,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut watch| {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// The next event worth sending; `None` when the page should come back later or never.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if !std::mem::take(&mut self.look) {
                self.tick().await?;
            }
            match self.web.front.order(self.token.clone()).await {
                Ok(order) if self.seen.is_none_or(|seen| order.version > seen) => {
                    // An event's data may hold line feeds, not carriage returns.
                    let text = Fragment::from(&order).render().ok()?.replace('\r', " ");
                    self.seen = Some(order.version);
                    return Some(Event::default().event("order").id(order.version.to_string()).data(text));
                }
                Ok(_) => {}
                Err(ShopError::NotFound) => return None,
                Err(error) => {
                    tracing::warn!(%error, "an order could not be read for its live page");
                    self.look = true;
                    tokio::select! {
                        () = self.web.shutdown.cancelled() => return None,
                        () = tokio::time::sleep(AFTER_FAULT) => {}
                    }
                }
            }
        }
    }

    /// Waits until the order may have changed; `None` when there is nothing more to wait for.
    async fn tick(&mut self) -> Option<()> {
        loop {
            let tick = tokio::select! {
                () = self.web.shutdown.cancelled() => return None,
                tick = self.changes.recv() => tick,
            };
            match tick {
                Ok(changed) if changed.token == self.token => return Some(()),
                Ok(_) => {}
                // Ours may have been among the ticks that were missed.
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(()),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
