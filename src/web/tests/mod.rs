//! The pages from outside: requests in, answers out, over a stall kept in memory.

mod api;
mod desk;
mod dialogs;
mod live;
mod preview;
mod shop;
mod stall;
mod tongues;

use super::{Settings, Surroundings, router_in};
use crate::engine::port::BindView;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use stall::Stall;
use std::sync::Arc;
use tower::ServiceExt;

/// The key of the desk in these tests.
const KEY: &str = "a desk key of the tests";

/// A shop over a stall.
struct Shop {
    stall: Arc<Stall>,
    router: Router,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Shop {
    fn new(stall: Stall) -> Self {
        let settings = Settings { desk_key: Some(KEY.to_owned().into()), ..Settings::default() };
        Self::with(stall, settings)
    }

    fn with(stall: Stall, settings: Settings) -> Self {
        Self::among(stall, settings, Vec::new())
    }

    /// A shop whose service has these connections to operators.
    fn bound_to(binds: Vec<BindView>) -> Self {
        let settings = Settings { desk_key: Some(KEY.to_owned().into()), ..Settings::default() };
        Self::among(Stall::empty(), settings, binds)
    }

    fn among(stall: Stall, settings: Settings, binds: Vec<BindView>) -> Self {
        let stall = Arc::new(stall);
        let around = Surroundings { clock: stall.clone(), binds: Arc::new(binds), ..Surroundings::default() };
        let router = router_in(stall.clone(), settings, around);
        Self { stall, router }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let octets = to_bytes(body, 1 << 20).await.expect("a whole body");
        let body = String::from_utf8(octets.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, address: &str) -> Answer {
        self.send(Request::get(address).body(Body::empty()).expect("a request")).await
    }

    /// Posts a form as our own page in a browser does.
    async fn post(&self, address: &str, form: &[(&str, &str)]) -> Answer {
        self.send(
            posted(address).header("sec-fetch-site", "same-origin").body(body_of(form)).expect("a request"),
        )
        .await
    }
}

impl Answer {
    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The value of a form's field, as a browser would send it again.
    fn value_of(&self, field: &str) -> &str {
        let tag = self.body.split(&format!("name=\"{field}\"")).nth(1).expect("the field");
        let tag = tag.split('>').next().expect("its end");
        tag.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
    }
}

fn posted(address: &str) -> axum::http::request::Builder {
    Request::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

fn body_of(form: &[(&str, &str)]) -> Body {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => (octet as char).to_string(),
        octet => format!("%{octet:02X}"),
    };
    let encode = |text: &str| text.bytes().map(octet).collect::<String>();
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&").into()
}
