//! Where the card processor tells us what happened. Every event is kept as it came before it is read;
//! what could not be done with it at once is tried again until it is done, or a person looks at it.

use super::CardConfig;
use super::event::{self, Meaning};
use crate::engine::cards::inbox::{Became, Tried};
use crate::engine::shopfront::{ShopError, ShopFront};
use crate::types::Clock;
use crate::wire::signature;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where the processor is told to send events, below the public address.
pub const PATH: &str = "/money/card/webhook";

/// No honest event is longer, in octets.
const LONGEST: usize = 256 * 1024;

/// How often events that wait are looked for.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Clone)]
struct Door {
    front: Arc<dyn ShopFront>,
    secrets: Arc<[SecretString]>,
    live: bool,
    clock: Arc<dyn Clock>,
}

/// `POST` to [`PATH`]. 200 once the news is durable, or is of no matter to us; 400 when it is not
/// signed by the processor or cannot be read; 404 when it speaks of a payment that we do not know, or
/// not yet; 503 when it could not be kept and should be sent again.
pub fn router(front: Arc<dyn ShopFront>, config: &CardConfig, clock: Arc<dyn Clock>) -> Router {
    let secrets = config.webhook_secrets.clone().into();
    Router::new().route(PATH, post(told)).layer(DefaultBodyLimit::max(LONGEST)).with_state(Door {
        front,
        secrets,
        live: config.is_live(),
        clock,
    })
}

async fn told(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let header = headers.get("stripe-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let now_s = door.clock.now().millis().div_euclid(1000);
    if let Err(error) = signature::verify(header, &body, &door.secrets, now_s) {
        tracing::warn!(%error, octets = body.len(), "a webhook that is not the card processor's");
        return (StatusCode::BAD_REQUEST, "the signature does not hold\n");
    }
    match door.front.card_event_kept(body.clone()).await {
        Ok(Some(kept)) if !matches!(kept.became, Became::Waiting | Became::Unusable(_)) => {
            (StatusCode::OK, "")
        }
        Ok(kept) => work_off(&*door.front, door.live, kept.map(|kept| kept.name), &body).await,
        Err(error) => {
            tracing::error!(%error, "an event of the card processor could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, "please send it again\n")
        }
    }
}

/// Does what an event says, and writes down what came of it under its name.
async fn work_off(
    front: &dyn ShopFront, live: bool, name: Option<String>, body: &[u8],
) -> (StatusCode, &'static str) {
    let head = event::head(body);
    let id = head.as_ref().map(|(id, _)| id.clone()).unwrap_or_default();
    let (became, answer) = match event::read(body, live) {
        Ok(Meaning::News(news)) => match front.card_news(news).await {
            Ok(()) => (Became::Done, (StatusCode::OK, "")),
            Err(ShopError::NotFound) => {
                tracing::warn!(id, "an event of the card processor about no payment of ours, or not yet");
                (Became::Waiting, (StatusCode::NOT_FOUND, "no such payment\n"))
            }
            Err(error) => {
                tracing::error!(id, %error, "an event of the card processor could not be worked off");
                (Became::Waiting, (StatusCode::SERVICE_UNAVAILABLE, "please send it again\n"))
            }
        },
        Ok(Meaning::Nothing) => (Became::Done, (StatusCode::OK, "")),
        Ok(Meaning::Unknown) => (Became::Unknown, (StatusCode::OK, "")),
        Err(why) => {
            tracing::error!(id, why, "an event of the card processor cannot be used");
            (Became::Unusable(why), (StatusCode::BAD_REQUEST, "not an event this shop can use\n"))
        }
    };
    if let Some(name) = name
        && let Err(error) = front.card_event_tried(name, Tried { head, became }).await
    {
        tracing::error!(id, %error, "what came of an event of the card processor could not be written down");
    }
    answer
}

/// Works off events that wait, until told to stop: those of before a crash, those that came too soon,
/// and those that somebody at the desk wants worked off again.
pub async fn work_off_later(front: Arc<dyn ShopFront>, live: bool, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        match front.card_events_due().await {
            Ok(due) => {
                for event in due {
                    work_off(&*front, live, Some(event.name), event.body.as_bytes()).await;
                }
            }
            Err(error) => tracing::error!(%error, "events of the card processor that wait"),
        }
    }
}
