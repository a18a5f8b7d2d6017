//! `GET /photo/{name}.{width}.jpg`: the files of photographs, which never change under their name.

use crate::engine::shopfront::ShopError;
use crate::photos::WIDTHS;
use crate::types::PhotoName;
use crate::web::{error::Refusal, page::Web};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Where a photograph is, at one of its widths.
pub(in crate::web) fn url(name: PhotoName, width: u32) -> String {
    format!("/photo/{name}.{width}.jpg")
}

/// The photograph and width of a file's name.
fn read(file: &str) -> Option<(PhotoName, u32)> {
    let (name, rest) = file.split_once('.')?;
    let width = rest.strip_suffix(".jpg")?.parse().ok()?;
    WIDTHS.contains(&width).then_some((name.parse().ok()?, width))
}

/// Hands a file out, for good.
pub(in crate::web) async fn file(
    State(web): State<Arc<Web>>, Path(file): Path<String>, headers: HeaderMap,
) -> Result<Response, Refusal> {
    let photos = web.photos.as_ref().ok_or(ShopError::NotFound)?;
    let (name, width) = read(&file).ok_or(ShopError::NotFound)?;
    let tag = format!("\"{name}.{width}\"");
    let kept = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let octets = match tokio::fs::read(photos.studio.album.path(name, width)).await {
        Ok(octets) => octets,
        Err(why) => {
            if why.kind() != std::io::ErrorKind::NotFound {
                tracing::error!(%name, %why, "a photograph cannot be read");
            }
            return Err(ShopError::NotFound.into());
        }
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, octets).into_response())
}
