//! Requests counted by route and class of status. A route is the template it was matched by, never the
//! address: addresses carry tokens.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::histogram::Histogram;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::time::Instant;

/// Classes of status: 1xx to 5xx.
const CLASSES: usize = 5;
/// The route of what matched none.
const UNMATCHED: &str = "unmatched";

/// One route since the start.
#[derive(Debug)]
pub struct Route {
    classes: [AtomicU64; CLASSES],
    /// How long answers took until their first octets, in seconds.
    pub seconds: Histogram,
}

impl Default for Route {
    fn default() -> Self {
        let bounds = [0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];
        Self { classes: Default::default(), seconds: Histogram::new(bounds) }
    }
}

impl Route {
    /// How many answers of each class there were: `2xx` and so on, those that were.
    pub fn classes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.classes.each_ref().map(|count| count.load(Ordering::Relaxed));
        ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(counts).filter(|(_, count)| *count > 0)
    }
}

/// All routes that were asked for since the start: no more than there are in the table of paths.
#[derive(Debug, Default)]
pub struct HttpMeter(RwLock<BTreeMap<Box<str>, Arc<Route>>>);

impl HttpMeter {
    /// Every route that was asked for.
    pub fn routes(&self) -> Vec<(Box<str>, Arc<Route>)> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        routes.iter().map(|(path, route)| (path.clone(), Arc::clone(route))).collect()
    }

    fn route(&self, path: &str) -> Arc<Route> {
        if let Some(route) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Arc::clone(route);
        }
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(routes.entry(path.into()).or_default())
    }
}

/// The layer that counts.
pub async fn metered(State(meter): State<Arc<HttpMeter>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let route = meter.route(path.map_or(UNMATCHED, MatchedPath::as_str));
    let began = Instant::now();
    let response = next.run(request).await;
    let class = usize::from(response.status().as_u16() / 100).clamp(1, CLASSES);
    route.classes[class - 1].fetch_add(1, Ordering::Relaxed);
    route.seconds.observe(began.elapsed().as_secs_f64());
    response
}
