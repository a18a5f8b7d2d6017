//! `/upload/api`: photographs of a listing come in, by its number and a pass as a bearer token. A picture is
//! the body itself; what its sender calls it is never looked at.

pub(super) mod page;
pub(super) mod serve;

use super::{
    emblem,
    error::Outside,
    page::{Photos, Web},
};
use crate::engine::photos::front::{Holder, PhotoError, PhotoView, PhotoWish, Photographed, PieceWish};
use crate::photos::{Kept, NotKept};
use crate::types::{CodeKind, PhotoName, SpokenCode};
use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// So much more than is taken is read and let go of, so that whoever sends it gets to hear why; and for so
/// long.
const HEARD_OUT: usize = 4;
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest key of a draft.
const LONGEST_KEY: usize = 64;

/// Why a photograph was not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// What the engine answers.
    Engine(PhotoError),
    /// What is wrong with the picture.
    Picture(NotKept),
    /// The number has a wrong digit.
    Number,
    /// More octets than are taken: so many MiB.
    TooLarge(u32),
    /// It did not come whole, or not in time.
    Cut,
    /// As many are being received as have room.
    Busy,
    /// This house takes no photographs.
    None,
}

impl From<PhotoError> for Refused {
    fn from(why: PhotoError) -> Self {
        Self::Engine(why)
    }
}

impl Refused {
    fn outside(&self) -> Outside {
        use StatusCode as S;
        let (status, code, advice) = match self {
            Self::Engine(why) => {
                let (status, code) = match why {
                    PhotoError::NoPass => (S::UNAUTHORIZED, "no_pass"),
                    PhotoError::Used => (S::GONE, "used"),
                    PhotoError::NotYours => (S::FORBIDDEN, "not_yours"),
                    PhotoError::Gone => (S::GONE, "gone"),
                    PhotoError::Full(_) => (S::CONFLICT, "full"),
                    PhotoError::Piece(_) => (S::UNPROCESSABLE_ENTITY, "piece"),
                    PhotoError::Fault => (S::INTERNAL_SERVER_ERROR, "fault"),
                };
                (status, code, why.to_string())
            }
            Self::Picture(why) => {
                let (status, code) = match why {
                    NotKept::NoPicture => (S::UNSUPPORTED_MEDIA_TYPE, "no_picture"),
                    NotKept::Damaged => (S::UNPROCESSABLE_ENTITY, "damaged"),
                    NotKept::TooManyPixels(_) => (S::UNPROCESSABLE_ENTITY, "too_many_pixels"),
                    NotKept::TooSmall => (S::UNPROCESSABLE_ENTITY, "too_small"),
                    NotKept::Disk(_) => (S::INTERNAL_SERVER_ERROR, "disk"),
                };
                let advice = match why {
                    NotKept::Disk(_) => "something broke on our side; please send it again".to_owned(),
                    why => why.to_string(),
                };
                (status, code, advice)
            }
            Self::Number => (
                S::UNPROCESSABLE_ENTITY,
                "number",
                "the number of the piece has a wrong digit; look at it again".to_owned(),
            ),
            Self::TooLarge(mib) => (
                S::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("this file has more than {mib} MiB; send a smaller picture"),
            ),
            Self::Cut => {
                (S::BAD_REQUEST, "cut", "the picture did not come whole; please send it again".to_owned())
            }
            Self::Busy => (
                S::SERVICE_UNAVAILABLE,
                "busy",
                "many pictures are coming in; please send it again in a minute".to_owned(),
            ),
            Self::None => (S::NOT_FOUND, "not_found", "there is nothing here".to_owned()),
        };
        Outside { status, code, title: "", advice }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        if let Self::Picture(NotKept::Disk(why)) = &self {
            tracing::error!(%why, "ALARM: a photograph cannot be written");
        }
        let Outside { status, code, advice, .. } = self.outside();
        let body = Json(serde_json::json!({ "error": { "code": code, "message": advice } }));
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"photos\""));
            }
            _ => {}
        }
        response
    }
}

fn photos(web: &Web) -> Result<&Photos, Refused> {
    web.photos.as_ref().ok_or(Refused::None)
}

/// The pass that was shown.
fn pass(headers: &HeaderMap) -> Result<String, PhotoError> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, pass) = shown.and_then(|shown| shown.split_once(' ')).ok_or(PhotoError::NoPass)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(pass.trim().to_owned()) } else { Err(PhotoError::NoPass) }
}

fn number(code: &str) -> Result<SpokenCode, Refused> {
    SpokenCode::parse(CodeKind::Listing, code).map_err(|_| Refused::Number)
}

/// Whose pass it is.
pub(super) async fn me(State(web): State<Arc<Web>>, headers: HeaderMap) -> Result<Json<Holder>, Refused> {
    Ok(Json(photos(&web)?.front.holder(pass(&headers)?).await?))
}

/// A listing with its photographs.
pub(super) async fn show(
    State(web): State<Arc<Web>>, Path(code): Path<String>, headers: HeaderMap,
) -> Result<Json<Photographed>, Refused> {
    let (front, pass) = (&photos(&web)?.front, pass(&headers)?);
    front.holder(pass.clone()).await?;
    Ok(Json(front.photographed(pass, number(&code)?).await?))
}

/// Takes a photograph: nothing is read before the pass is proven, nothing kept before the picture is.
pub(super) async fn add(
    State(web): State<Arc<Web>>, Path(code): Path<String>, request: Request,
) -> Result<Response, Refused> {
    let Photos { studio, front } = photos(&web)?;
    let (parts, body) = request.into_parts();
    let pass = pass(&parts.headers)?;
    front.holder(pass.clone()).await?;
    let code = number(&code)?;
    front.photographed(pass.clone(), code).await?;
    let most = studio.settings.most_octets();
    let told = parts.headers.get(header::CONTENT_LENGTH).and_then(|long| long.to_str().ok()?.parse().ok());
    let Ok(_place) = studio.receiving.try_acquire() else { return Err(Refused::Busy) };
    let patience = studio.settings.patience();
    let received = tokio::time::timeout(patience, receive(body, told, most)).await;
    let sent = match received.map_err(|_| Refused::Cut)? {
        Received::Whole(sent) => sent,
        Received::TooLarge => return Err(Refused::TooLarge(studio.settings.max_mib)),
        Received::Cut => return Err(Refused::Cut),
    };
    let Kept { name, width, height, tints } = studio.keep(sent).await.map_err(Refused::Picture)?;
    let wish = PhotoWish::Add(PhotoView { name, width, height, tints });
    let listing = front.change_photos(pass, code, wish).await?;
    Ok((StatusCode::CREATED, Json(listing)).into_response())
}

/// Lists a piece for the holder of a pass; the same key again is answered with the same piece.
pub(super) async fn list(
    State(web): State<Arc<Web>>, headers: HeaderMap, body: Result<Json<PieceWish>, JsonRejection>,
) -> Result<Response, Refused> {
    let (front, pass) = (&photos(&web)?.front, pass(&headers)?);
    front.holder(pass.clone()).await?;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let Ok(Json(wish)) = body else { return Err(PhotoError::Piece("it came damaged".to_owned()).into()) };
    let known = emblem::KINDS.contains(&wish.kind.as_str()) && emblem::STUFFS.contains(&wish.stuff.as_str());
    if !known || key.is_empty() || key.len() > LONGEST_KEY {
        return Err(
            PhotoError::Piece("it names no kind, no material or no key that we know".to_owned()).into()
        );
    }
    let listing = front.list_piece(pass, key, wish).await?;
    Ok((StatusCode::CREATED, Json(listing)).into_response())
}

/// Takes a photograph away.
pub(super) async fn remove(
    State(web): State<Arc<Web>>, Path((code, name)): Path<(String, String)>, headers: HeaderMap,
) -> Result<Json<Photographed>, Refused> {
    change(&web, &headers, &code, &name, PhotoWish::Remove).await
}

/// Shows a photograph before the others.
pub(super) async fn lead(
    State(web): State<Arc<Web>>, Path((code, name)): Path<(String, String)>, headers: HeaderMap,
) -> Result<Json<Photographed>, Refused> {
    change(&web, &headers, &code, &name, PhotoWish::Lead).await
}

async fn change(
    web: &Web, headers: &HeaderMap, code: &str, name: &str, wish: fn(PhotoName) -> PhotoWish,
) -> Result<Json<Photographed>, Refused> {
    let (front, pass) = (&photos(web)?.front, pass(headers)?);
    front.holder(pass.clone()).await?;
    let name = name.parse().map_err(|_| PhotoError::NotYours)?;
    Ok(Json(front.change_photos(pass, number(code)?, wish(name)).await?))
}

pub(in crate::web) enum Received {
    Whole(Bytes),
    TooLarge,
    Cut,
}

/// Takes a body, no more than `most` of it into memory.
pub(in crate::web) async fn receive(body: Body, told: Option<usize>, most: usize) -> Received {
    let mut sent = Vec::with_capacity(told.unwrap_or(0).min(most));
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let Ok(piece) = piece else { return Received::Cut };
        if sent.len() + piece.len() > most || told.is_some_and(|told| told > most) {
            drop(sent);
            let mut heard = most;
            let rest = async {
                while let Some(Ok(piece)) = stream.next().await {
                    heard += piece.len();
                    if heard > HEARD_OUT * most {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(PATIENCE, rest).await;
            return Received::TooLarge;
        }
        sent.extend_from_slice(&piece);
    }
    if told.is_some_and(|told| told != sent.len()) {
        return Received::Cut;
    }
    Received::Whole(sent.into())
}
