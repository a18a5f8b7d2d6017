//! Basic phones in the browser: keys go to the simulated operator and travel on over SMPP like
//! those of any phone; screens and SMS come back as server-sent events.
//!
//! | request | does |
//! |---|---|
//! | `GET /phones` | the page |
//! | `GET /phones/api` | the codes and the phones of the page, as JSON |
//! | `GET /phones/api/events` | news of all phones of the page |
//! | `GET /phones/api/{msisdn}` | screen and inbox of any phone |
//! | `GET /phones/api/{msisdn}/events` | news of any phone |
//! | `POST /phones/api/{msisdn}/dial` | `{"code": "*483*57#"}`: the screen, or why there is none |
//! | `POST /phones/api/{msisdn}/press` | `{"keys": "1"}`: likewise |
//! | `POST /phones/api/{msisdn}/cancel` | hangs up |
//! | `POST /phones/api/{msisdn}/sms` | `{"text": "..."}`: to the short code |
//!
//! A stream begins with what there is: a `screen` event and an `sms` event for each message.
//!
//! May import every pure module.

pub mod api;
pub mod events;

use super::smsc::Smsc;
use crate::types::Msisdn;
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use std::sync::Arc;

/// Which phones the page shows, and what they dial.
#[derive(Debug, Clone)]
pub struct PhonesSettings {
    /// Number and label, in the order of the page.
    pub phones: Vec<(Msisdn, String)>,
    /// What an empty call key dials.
    pub service_code: String,
    /// Where texts go.
    pub short_code: String,
}

/// What the handlers share.
pub(crate) struct Phones {
    pub smsc: Smsc,
    pub settings: PhonesSettings,
}

/// The page and its API, to be merged into a server at its root.
pub fn router(smsc: Smsc, settings: PhonesSettings) -> Router {
    Router::new()
        .route("/phones", get(page))
        .route("/phones/phones.css", get(css))
        .route("/phones/phones.js", get(js))
        .route("/phones/icon.svg", get(icon))
        .route("/phones/api", get(api::about))
        .route("/phones/api/events", get(events::all))
        .route("/phones/api/{msisdn}", get(api::look))
        .route("/phones/api/{msisdn}/events", get(events::one))
        .route("/phones/api/{msisdn}/dial", post(api::dial))
        .route("/phones/api/{msisdn}/press", post(api::press))
        .route("/phones/api/{msisdn}/cancel", post(api::cancel))
        .route("/phones/api/{msisdn}/sms", post(api::sms))
        .with_state(Arc::new(Phones { smsc, settings }))
}

/// Everything the page loads comes from here, and nothing of it stands inside the HTML.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A key: what it types, what it is called, the letters printed on it.
const KEYS: [Key; 12] = [
    Key { digit: "1", name: "1", letters: "" },
    Key { digit: "2", name: "2", letters: "ABC" },
    Key { digit: "3", name: "3", letters: "DEF" },
    Key { digit: "4", name: "4", letters: "GHI" },
    Key { digit: "5", name: "5", letters: "JKL" },
    Key { digit: "6", name: "6", letters: "MNO" },
    Key { digit: "7", name: "7", letters: "PQRS" },
    Key { digit: "8", name: "8", letters: "TUV" },
    Key { digit: "9", name: "9", letters: "WXYZ" },
    Key { digit: "*", name: "star", letters: "" },
    Key { digit: "0", name: "0", letters: "" },
    Key { digit: "#", name: "hash", letters: "" },
];

#[derive(Clone, Copy)]
struct Key {
    digit: &'static str,
    name: &'static str,
    letters: &'static str,
}

#[derive(Template)]
#[template(path = "page.html", config = "src/sim/phones/askama.toml")]
struct Page<'a> {
    service_code: &'a str,
    short_code: &'a str,
    phones: Vec<Drawn<'a>>,
    keys: [Key; 12],
}

/// A phone as the page names it.
struct Drawn<'a> {
    msisdn: String,
    national: String,
    label: &'a str,
}

async fn page(State(phones): State<Arc<Phones>>) -> Response {
    let settings = &phones.settings;
    let page = Page {
        service_code: &settings.service_code,
        short_code: &settings.short_code,
        phones: settings
            .phones
            .iter()
            .map(|(msisdn, label)| Drawn { msisdn: msisdn.to_string(), national: msisdn.national(), label })
            .collect(),
        keys: KEYS,
    };
    match page.render() {
        Ok(html) => {
            let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
            (headers, Html(html)).into_response()
        }
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why.to_string()).into_response(),
    }
}

async fn css() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("phones.css"))
}

async fn js() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("phones.js"))
}

async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("icon.svg"))
}

#[cfg(test)]
mod tests;
