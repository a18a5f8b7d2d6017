//! Where Safaricom posts what it has to say: a path that only it knows.
//!
//! Nothing is signed, so these stand in for a signature: the secret part of the path, the payout that
//! the path names, the id in the body that must follow from it, and the sum and number that must be
//! those that were asked for.

use super::{Daraja, Inner, answer};
use crate::engine::port::PayoutNews;
use crate::engine::shopfront::{ShopError, ShopFront};
use crate::money::hint::{is_secret, keep};
use crate::money::proof::Told;
use crate::types::PayoutId;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// What the secret stands behind.
pub(super) const PREFIX: &str = "/money/daraja/";

/// No honest result is longer, in octets.
const LONGEST: usize = 16 * 1024;

#[derive(Clone)]
struct Door {
    front: Arc<dyn ShopFront>,
    daraja: Arc<Inner>,
}

/// `POST` to `/money/daraja/{secret}/{what}/{payout}`, where `what` is `result`, `state` (the answer to a
/// question), `late` (neither paid nor failed), `float`, or `unasked` (a question that was not looked at). 200 once the news is durable, or is about no
/// payout of ours; 400 when it cannot be read, or does not fit; 404 behind a wrong secret; 503 when it
/// could not be kept and should be sent again.
pub fn router(front: Arc<dyn ShopFront>, daraja: &Daraja) -> Router {
    Router::new()
        .route("/money/daraja/{secret}/{what}/{payout}", post(told))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(Door { front, daraja: Arc::clone(&daraja.inner) })
}

async fn told(
    State(door): State<Door>, Path((secret, what, payout)): Path<(String, String, String)>, body: Bytes,
) -> (StatusCode, Json<Value>) {
    let status = match is_secret(&secret, &door.daraja.config.secret_path) {
        true => door.hear(&what, &payout, &body).await,
        false => StatusCode::NOT_FOUND,
    };
    let code = if status == StatusCode::OK { 0 } else { 1 };
    (status, Json(json!({ "ResultCode": code, "ResultDesc": status.canonical_reason() })))
}

impl Door {
    async fn hear(&self, what: &str, payout: &str, body: &[u8]) -> StatusCode {
        if let Some(cents) = answer::float_in(body) {
            self.daraja.float_is(cents);
        }
        let Ok(id) = payout.parse::<PayoutId>() else { return StatusCode::NOT_FOUND };
        if matches!(what, "float" | "unasked") {
            return StatusCode::OK;
        }
        let asked = match self.front.payout_asked(id).await {
            Ok(asked) => asked,
            Err(ShopError::NotFound) => {
                tracing::warn!(%id, "a result from mobile money about no payout of ours");
                return StatusCode::OK;
            }
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
        };
        let told = match what {
            "result" => answer::of_result(body, &asked),
            "state" => answer::of_state(body, &asked),
            // It waited too long inside; the money may move all the same.
            "late" => {
                Ok(PayoutNews::Unknown { why: "it waits in a queue of the provider".to_owned() }.into())
            }
            _ => return StatusCode::NOT_FOUND,
        };
        let Told { news, fault } = match told {
            Ok(told) => told,
            Err(why) => {
                tracing::warn!(%id, why, "a result from mobile money cannot be read");
                return StatusCode::BAD_REQUEST;
            }
        };
        if let Some(fault) = fault {
            self.daraja.bearer.link.hold(fault, "a result says so");
        }
        if matches!(news, PayoutNews::NotTaken { .. }) {
            self.daraja.denied(id);
        }
        keep(&*self.front, id, news).await
    }
}
