//! What every request and every answer goes through: where a post came from, and what a browser
//! may do with a page.

use super::{error::Refusal, page::Web};
use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Refuses what another site's page makes a browser post.
///
/// Browsers say where a request was made: in `Sec-Fetch-Site` (Fetch Metadata, W3C), older ones
/// in `Origin` (RFC 6454). A client that says neither is not a browser acting for somebody.
pub(super) async fn same_site(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || comes_from_us(request.headers(), &web.settings.public_url) {
        next.run(request).await
    } else {
        tracing::warn!("a form posted from another site was refused");
        Refusal::OtherSite.into_response()
    }
}

/// Whether a post was made by a page of ours, or by no page at all.
pub(super) fn comes_from_us(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text(HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            origin == public_url || host.is_some() && host == text(header::HOST)
        }
        (None, None) => true,
    }
}

/// Headers that every answer carries. An answer that is not told otherwise is not kept by anyone.
pub(super) async fn headers(State(web): State<Arc<Web>>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    fixed_headers(headers, &content_policy(&web));
    if web.settings.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// What a browser may do with any page of ours, and this policy of its own.
pub(super) fn fixed_headers(headers: &mut HeaderMap, policy: &str) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Content Security Policy, level 3. Browsers hold a form's redirect to `form-action` too, so the
/// card processor's page must stand in it.
fn content_policy(web: &Web) -> String {
    let pay = match (web.settings.pay_origins.is_empty(), web.settings.is_https()) {
        (false, _) => web.settings.pay_origins.join(" "),
        (true, true) => "https:".to_owned(),
        (true, false) => "https: http:".to_owned(),
    };
    format!(
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {pay}"
    )
}

/// Ends what takes too long. Whose request has not come by then was too slow; otherwise we are.
pub(super) async fn in_time(State(most): State<Duration>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let came = Arc::new(AtomicBool::new(body.is_end_stream()));
    let body = if body.is_end_stream() {
        body
    } else {
        let came = Arc::clone(&came);
        let end = stream::once(async move {
            came.store(true, Ordering::Relaxed);
            Ok(Bytes::new())
        });
        Body::from_stream(body.into_data_stream().chain(end))
    };
    match tokio::time::timeout(most, next.run(Request::from_parts(head, body))).await {
        Ok(response) => response,
        Err(_) if came.load(Ordering::Relaxed) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted_with(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        comes_from_us(&headers, "https://shop.example")
    }

    #[test]
    fn a_post_is_taken_from_our_own_pages_and_from_programs_only() {
        assert!(posted_with(&[]));
        assert!(posted_with(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(posted_with(&[("origin", "https://shop.example")]));
        assert!(posted_with(&[("origin", "http://127.0.0.1:8080")]));

        assert!(!posted_with(&[("sec-fetch-site", "cross-site")]));
        assert!(!posted_with(&[("sec-fetch-site", "same-site")]));
        assert!(!posted_with(&[("origin", "https://evil.example")]));
        assert!(!posted_with(&[("origin", "null")]));
        assert!(!posted_with(&[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")]));
    }
}
