//! The editor as a small site of its own, for whoever sits at this machine.

use super::{Editor, router};
use crate::web::{assets, guard};
use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{from_fn, map_response},
    response::{IntoResponse, Response},
    routing::get,
};
use std::net::IpAddr;

/// Content Security Policy: everything comes from here.
const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The editor with what its page needs, and nothing else.
pub fn alone(editor: Editor) -> Router {
    router::<()>(editor)
        .route("/static/{name}", get(assets::serve))
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here.\n"))
        .layer(from_fn(async |request: Request, next: axum::middleware::Next| match refusal(&request) {
            Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
            None => next.run(request).await,
        }))
        .layer(map_response(async |mut response: Response| {
            guard::fixed_headers(response.headers_mut(), POLICY);
            response
        }))
}

fn refusal(request: &Request) -> Option<&'static str> {
    if !is_by_address(request.headers()) {
        return Some("Open this page by its address, such as http://127.0.0.1:7658.\n");
    }
    let is_safe = request.method().is_safe();
    (!is_safe && !guard::comes_from_us(request.headers(), "")).then_some("This came from another site.\n")
}

/// Whether the page was opened by an address of this machine, or as `localhost`. A name could be
/// another site's that points here for a moment, and its pages would then read and write the files.
fn is_by_address(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let host = host.to_str().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_page_is_opened_by_address_and_not_by_a_name_that_may_be_anybodys() {
        let opened = |host: &'static str| {
            is_by_address(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]))
        };
        assert!(opened("127.0.0.1:7658") && opened("localhost:7658") && opened("[::1]:7658"));
        assert!(opened("192.168.1.20:7658") && opened("[::1]") && is_by_address(&HeaderMap::new()));
        assert!(!opened("evil.example:7658") && !opened("127.0.0.1.evil.example") && !opened(""));
    }
}
