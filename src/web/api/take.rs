//! What a handler takes of a request: a body, a query, an id, an idempotency key. Whatever cannot be read is
//! a [`Problem`], never a page.

use super::problem::Problem;
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

/// Between so many and so many characters has an idempotency key.
pub(super) const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=64;
/// The longest number, id or token that is looked up.
const LONGEST_NAME: usize = 128;

/// A body in JSON.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// What stands behind the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::from_request_parts(parts, state).await?;
        Ok(Self(asked))
    }
}

/// What the address names. What cannot be a number or an id is answered like one that there is not.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, state).await?;
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
            return Err(Problem::not_found());
        }
        Ok(Self(name))
    }
}

/// The header `Idempotency-Key`, which every request that creates something has.
pub(super) struct OnceKey(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for OnceKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        let good = |key: &&str| KEY_LENGTH.contains(&key.len()) && key.bytes().all(fits);
        let mut keys = parts.headers.get_all("idempotency-key").iter();
        let only = keys.next().filter(|_| keys.next().is_none());
        let key = only.and_then(|key| key.to_str().ok()).filter(good);
        key.map(|key| Self(key.to_owned())).ok_or_else(|| {
            Problem::bad(
                "header Idempotency-Key",
                "Send one Idempotency-Key of 8 to 64 letters, digits, dashes or underscores, new for each \
                 thing that is created; a repeat with the same key and body is answered alike and creates \
                 nothing.",
            )
        })
    }
}
