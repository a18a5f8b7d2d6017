//! `GET /upload`: the page by which phones with a camera list pieces and send photographs. It keeps itself and
//! what is drafted on the phone; nothing of a person is in it.

use crate::web::{assets, emblem, page, wording};
use askama::Template;
use axum::{
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};

#[derive(Template)]
#[template(path = "upload.html", config = "src/web/askama.toml")]
struct Upload {
    kinds: Vec<(&'static str, String)>,
    stuffs: Vec<(&'static str, String)>,
}

/// Shows the page.
pub(in crate::web) async fn show() -> Response {
    page::html(&Upload {
        kinds: emblem::KINDS.iter().map(|word| (*word, wording::kind(word))).collect(),
        stuffs: emblem::STUFFS.iter().map(|word| (*word, wording::stuff(word))).collect(),
    })
}

/// The script that keeps the page on the phone. Browsers look for a newer one by themselves.
pub(in crate::web) async fn worker() -> Response {
    let kind = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        // It stands below the page that it keeps.
        (HeaderName::from_static("service-worker-allowed"), "/upload"),
    ];
    (kind, include_str!("../static/upload-worker.js")).into_response()
}

/// What a phone needs to put the page among its programs.
pub(in crate::web) async fn manifest() -> Response {
    let icon = assets::url("icon.svg");
    let manifest = serde_json::json!({
        "name": "Sokoni photographs",
        "short_name": "Sokoni",
        "start_url": "/upload",
        "scope": "/upload",
        "display": "standalone",
        "background_color": "#fbf8f3",
        "theme_color": "#fbf8f3",
        "icons": [{ "src": icon, "sizes": "any", "type": "image/svg+xml", "purpose": "any" }],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response()
}
