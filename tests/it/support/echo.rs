//! Somebody between us and a provider who repeats to us, as an error, everything that we said: what is
//! written down of the answer must not be what was told in confidence.

use super::listen::listen;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bearer token that it gives to every second login.
pub const TOKEN: &str = "token-of-a-second-login";

/// How often each was asked for.
#[derive(Debug, Default)]
pub struct Heard {
    pub logins: AtomicUsize,
    pub posts: AtomicUsize,
}

/// Answers at a port of its own; its address.
pub async fn echo() -> (String, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let router = Router::new().fallback(answer).with_state(Arc::clone(&heard));
    (listen(router).await, heard)
}

async fn answer(State(heard): State<Arc<Heard>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let said = format!("{} {} {:?} {}", head.method, head.uri, head.headers, String::from_utf8_lossy(&body));
    let path = head.uri.path();
    if path.contains("oauth") || path.contains("token") {
        if heard.logins.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
            return Json(json!({ "access_token": TOKEN, "token_type": "bearer", "expires_in": 3_599 }))
                .into_response();
        }
    } else if head.method == axum::http::Method::POST {
        heard.posts.fetch_add(1, Ordering::Relaxed);
    } else if path.ends_with("/health") {
        return Json(json!({ "serviceStatus": "available", "delay": said })).into_response();
    }
    let answer = json!({
        "errorCategory": "validation", "errorCode": "formatError", "errorDescription": said, "errorMessage": said,
        "requestId": said, "code": "NOT_ALLOWED", "message": said, "error": { "message": said },
        "status": { "code": "400", "response_code": "ESB000008", "message": said, "success": false },
    });
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}
