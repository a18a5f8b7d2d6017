//! Callbacks of providers that sign nothing and can be asked: what is posted only says that there is
//! something to ask about. What it claims is never believed.

use crate::engine::port::{MoneyOut, PayoutNews};
use crate::engine::shopfront::{ShopError, ShopFront};
use crate::types::PayoutId;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// No honest result is longer, in octets.
const LONGEST: usize = 16 * 1024;

/// Finds our id of the payout in a body.
type Find = fn(&[u8]) -> Option<PayoutId>;

#[derive(Clone)]
struct Door {
    front: Arc<dyn ShopFront>,
    provider: Arc<dyn MoneyOut>,
    secret: Arc<SecretString>,
    find: Find,
}

/// `POST` or `PUT` to `path`, which ends in `{secret}`. 200 once what the provider says on being asked is
/// durable, or when it is about no payout of ours; 400 without an id; 404 behind a wrong secret; 503 when
/// it could not be kept.
pub(super) fn router(
    path: &str, front: Arc<dyn ShopFront>, provider: Arc<dyn MoneyOut>, secret: SecretString, find: Find,
) -> Router {
    Router::new().route(path, post(told).put(told)).layer(DefaultBodyLimit::max(LONGEST)).with_state(Door {
        front,
        provider,
        secret: Arc::new(secret),
        find,
    })
}

async fn told(State(door): State<Door>, Path(secret): Path<String>, body: Bytes) -> StatusCode {
    if !is_secret(&secret, &door.secret) {
        return StatusCode::NOT_FOUND;
    }
    let Some(id) = (door.find)(&body) else {
        tracing::warn!("a result from mobile money cannot be read");
        return StatusCode::BAD_REQUEST;
    };
    match door.front.payout_asked(id).await {
        Ok(asked) => {
            let news = door.provider.status(asked).await;
            keep(&*door.front, id, news).await
        }
        Err(ShopError::NotFound) => {
            tracing::warn!(%id, "a result from mobile money about no payout of ours");
            StatusCode::OK
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Whether the secret part of a path is the right one; takes as long whatever is wrong with it.
pub(super) fn is_secret(given: &str, secret: &SecretString) -> bool {
    given.as_bytes().ct_eq(secret.expose_secret().as_bytes()).into()
}

/// Hands over what was heard of a payout; the answer to whoever told it.
pub(super) async fn keep(front: &dyn ShopFront, id: PayoutId, news: PayoutNews) -> StatusCode {
    match front.payout_news(id, news).await {
        Ok(()) => StatusCode::OK,
        Err(ShopError::NotFound) => {
            tracing::warn!(%id, "a result from mobile money about no payout of ours");
            StatusCode::OK
        }
        Err(error) => {
            tracing::error!(%id, %error, "a result from mobile money could not be kept");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
