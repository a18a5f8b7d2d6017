//! Two questions of those who watch over us: whether we live, and whether to send us more.

use crate::engine::Keeps;
use crate::engine::port::Binds;
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

/// `/healthz` and `/readyz`.
pub fn router<S: Clone + Send + Sync + 'static>(
    front: Arc<dyn ShopFront>, ready: Ready, binds: Arc<dyn Binds>,
) -> Router<S> {
    Router::new().route("/healthz", get(health)).route("/readyz", get(readiness)).with_state(Watched {
        front,
        ready,
        binds,
    })
}

/// Whether the house serves, and all of what it has.
async fn health(State(watched): State<Watched>) -> (StatusCode, String) {
    match watched.front.amiss() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("the shop shows nothing: {why}\n")),
    }
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
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
}
