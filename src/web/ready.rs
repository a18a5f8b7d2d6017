//! Two questions of those who watch over us: whether we live, and whether to send us more.

use crate::engine::Keeps;
use crate::engine::port::{BindView, Binds};
use crate::engine::shopfront::ShopFront;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What `/readyz` is answered from.
#[derive(Clone)]
pub struct Ready {
    /// Cancelled when the service begins to end.
    pub leaving: CancellationToken,
    /// The store, or who speaks for it.
    pub store: Arc<dyn Keeps>,
}

impl Default for Ready {
    fn default() -> Self {
        Self { leaving: CancellationToken::new(), store: Arc::new(()) }
    }
}

impl Ready {
    /// Why nothing more should be sent here; nothing while all is well.
    pub fn against(&self) -> Vec<String> {
        let leaving = self.leaving.is_cancelled().then(|| "the service is ending".to_owned());
        let stopped = self.store.refuses().map(|why| format!("the store takes no commits: {why}"));
        leaving.into_iter().chain(stopped).collect()
    }
}

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Report {
    ready: bool,
    /// Why not.
    against: Vec<String>,
    /// Connections to operators that are up.
    binds_up: usize,
    /// Those that are not, by gateway, number and state.
    binds_down: Vec<String>,
    /// Why the shop shows nothing, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop: Option<&'static str>,
}

#[derive(Clone)]
struct Watched {
    front: Arc<dyn ShopFront>,
    ready: Ready,
    binds: Arc<dyn Binds>,
}

/// `/healthz` and `/readyz`, as strangers may read them: `/readyz` says yes or no.
pub fn router<S: Clone + Send + Sync + 'static>(front: Arc<dyn ShopFront>, ready: Ready) -> Router<S> {
    let watched = Watched { front, ready, binds: Arc::new(Vec::<BindView>::new()) };
    Router::new().route("/healthz", get(health)).route("/readyz", get(briefly)).with_state(watched)
}

/// The same for those who watch over us: `/readyz` says why, and which connections are down.
pub fn in_full<S: Clone + Send + Sync + 'static>(
    front: Arc<dyn ShopFront>, ready: Ready, binds: Arc<dyn Binds>,
) -> Router<S> {
    let watched = Watched { front, ready, binds };
    Router::new().route("/healthz", get(health)).route("/readyz", get(readiness)).with_state(watched)
}

/// Whether the house serves, and all of what it has.
async fn health(State(watched): State<Watched>) -> (StatusCode, String) {
    match watched.front.amiss() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("the shop shows nothing: {why}\n")),
    }
}

/// The same as `readiness` in one word, without what is nobody else's: gateways, and what the store says.
async fn briefly(State(watched): State<Watched>) -> Response {
    let ready = watched.ready.against().is_empty();
    said(ready, Json(serde_json::json!({ "ready": ready })))
}

fn said(ready: bool, report: impl IntoResponse) -> Response {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], report).into_response()
}

/// 200 while more may be sent here: the store takes commits and the service is not ending. A bind that is
/// down is told and does not make it unready: the shop and the other operators are served all the same, a
/// bind comes back by itself, and whoever took this node out for it would take those away, too.
async fn readiness(State(watched): State<Watched>) -> Response {
    let against = watched.ready.against();
    let binds = watched.binds.binds();
    let (up, down): (Vec<_>, Vec<_>) = binds.iter().partition(|bind| bind.is_up());
    let report = Report {
        ready: against.is_empty(),
        against,
        binds_up: up.len(),
        binds_down: down
            .iter()
            .map(|bind| format!("{} {} {}: {}", bind.gateway, bind.bind, bind.mode, bind.state))
            .collect(),
        shop: watched.front.amiss(),
    };
    said(report.ready, Json(report))
}
