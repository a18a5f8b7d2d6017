//! Where the mobile-money provider tells us results: a path only it knows.
//!
//! The provider signs nothing, so three things stand in for a signature: the secret part of the
//! path, an id that must name a payout of ours, and the engine, which moves no payout backwards.

use super::answer;
use crate::engine::shopfront::ShopFront;
use crate::money::hint::{is_secret, keep};
use crate::types::PayoutId;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use secrecy::SecretString;
use std::sync::Arc;

/// What the secret stands behind.
pub(super) const PREFIX: &str = "/money/mobile/";

/// No honest result is longer, in octets.
const LONGEST: usize = 16 * 1024;

#[derive(Clone)]
struct Door {
    front: Arc<dyn ShopFront>,
    secret: Arc<SecretString>,
}

/// `POST` (and `PUT`, as the GSMA API has it) to `/money/mobile/{secret}`. 200 once the news is
/// durable, or is about no payout of ours; 400 when it cannot be read; 404 behind a wrong secret;
/// 503 when it could not be kept and should be sent again.
pub fn router(front: Arc<dyn ShopFront>, secret: SecretString) -> Router {
    Router::new()
        .route("/money/mobile/{secret}", post(told).put(told))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(Door { front, secret: Arc::new(secret) })
}

async fn told(
    State(door): State<Door>, Path(given): Path<String>, body: Bytes,
) -> (StatusCode, &'static str) {
    if !is_secret(&given, &door.secret) {
        return (StatusCode::NOT_FOUND, "");
    }
    let told = match answer::of_callback(&body) {
        Ok(told) => told,
        Err(why) => {
            tracing::warn!(why, "a result from mobile money cannot be read");
            return (StatusCode::BAD_REQUEST, "not a transaction object\n");
        }
    };
    let Ok(id) = told.id.parse::<PayoutId>() else {
        tracing::warn!("a result from mobile money about an id that is not of our making");
        return (StatusCode::OK, "");
    };
    (keep(&*door.front, id, told.news).await, "")
}
