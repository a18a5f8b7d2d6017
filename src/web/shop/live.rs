//! Pages that keep themselves fresh: each change is drawn by the server and sent to those who look.

use crate::{
    engine::shopfront::{OrderChanged, ShopError},
    web::{error::Refusal, page::Web, tongue::Tongue},
};
use axum::{
    extract::{Query, rejection::QueryRejection},
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, future::BoxFuture, stream};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, broadcast};

/// The longest token that is looked up.
const LONGEST_TOKEN: usize = 128;
/// How long a live page waits after a failed read.
const AFTER_FAULT: Duration = Duration::from_secs(2);

/// Which version the page has already drawn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Seen {
    seen: Option<u64>,
}

/// The changing part of a page as it stands now, with its version.
pub(super) type Look = fn(Arc<Web>, String, Tongue) -> BoxFuture<'static, Result<(u64, String), ShopError>>;

/// Sends a page's changing part again with every change of what the token names.
pub(super) async fn watch(
    web: Arc<Web>, t: Tongue, token: String, query: Result<Query<Seen>, QueryRejection>, headers: &HeaderMap,
    draw: Look,
) -> Result<Response, Refusal> {
    // Listening begins before the first look, so that no change falls between the two.
    let changes = web.front.changes();
    draw(Arc::clone(&web), token.clone(), t).await?;
    let permit = web.live.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
    // A browser that reconnects names the last event it got, which is newer than the page's own.
    let last_event = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let seen = last_event.or(query.ok().and_then(|Query(query)| query.seen));
    let heartbeat = KeepAlive::new().interval(web.settings.heartbeat());
    let watch = Watch { web, token, t, changes, draw, seen, look: true, _permit: permit };
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((private(), unbuffered, Sse::new(watch.events()).keep_alive(heartbeat)).into_response())
}

/// An address that is itself the key belongs in no search engine.
pub(super) fn private() -> [(HeaderName, &'static str); 1] {
    [(HeaderName::from_static("x-robots-tag"), "noindex, nofollow")]
}

/// A token that could be one; a made-up one is answered like a path that never was.
pub(super) fn could_be(token: &str) -> Result<(), ShopError> {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let good = token.len() <= LONGEST_TOKEN && token.bytes().all(fits);
    if good { Ok(()) } else { Err(ShopError::NotFound) }
}

/// One connected page.
struct Watch {
    web: Arc<Web>,
    token: String,
    t: Tongue,
    changes: broadcast::Receiver<OrderChanged>,
    draw: Look,
    seen: Option<u64>,
    /// Look before waiting for a tick.
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
            match (self.draw)(Arc::clone(&self.web), self.token.clone(), self.t).await {
                Ok((version, text)) if self.seen.is_none_or(|seen| version > seen) => {
                    // An event's data may hold line feeds, not carriage returns.
                    let text = text.replace('\r', " ");
                    self.seen = Some(version);
                    return Some(Event::default().event("order").id(version.to_string()).data(text));
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
