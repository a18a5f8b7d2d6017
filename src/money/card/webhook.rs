//! Where the card processor tells us what happened.

use super::event::{self, Meaning};
use super::{CardConfig, signature};
use crate::engine::shopfront::{ShopError, ShopFront};
use crate::types::Clock;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use secrecy::SecretString;
use std::sync::Arc;

/// Where the processor is told to send events, below the public address.
pub const PATH: &str = "/money/card/webhook";

/// No honest event is longer, in octets.
const LONGEST: usize = 256 * 1024;

#[derive(Clone)]
struct Door {
    front: Arc<dyn ShopFront>,
    secrets: Arc<[SecretString]>,
    live: bool,
    clock: Arc<dyn Clock>,
}

/// `POST` to [`PATH`]. 200 once the news is durable, or is of no matter to us; 400 when it is not
/// signed by the processor or cannot be read; 404 when it is about no order of ours, since money
/// taken for nothing must make noise at the processor too; 503 when it could not be kept and should
/// be sent again.
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
        tracing::warn!(%error, "a webhook that is not the card processor's");
        return (StatusCode::BAD_REQUEST, "the signature does not hold\n");
    }
    let news = match event::read(&body, door.live) {
        Ok(Meaning::News(news)) => news,
        Ok(Meaning::Nothing) => return (StatusCode::OK, ""),
        Err(why) => {
            tracing::error!(why, "an event of the card processor cannot be used");
            return (StatusCode::BAD_REQUEST, "not an event this shop can use\n");
        }
    };
    let id = news.event_id.clone();
    match door.front.card_news(news).await {
        Ok(()) => (StatusCode::OK, ""),
        Err(ShopError::NotFound) => {
            tracing::error!(id, "an event of the card processor about no order of ours");
            (StatusCode::NOT_FOUND, "no such order\n")
        }
        Err(error) => {
            tracing::error!(id, %error, "an event of the card processor could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, "please send it again\n")
        }
    }
}
