//! Metrics for Prometheus, at `GET /metrics` on a listener of their own: gathered when they are asked for,
//! from counters that each room keeps for itself and from the same looks into the store as the desk's.

use super::names::{self, Kind, Metric};
use super::process::Process;
use crate::engine::desk::pulse::{PulseDesk, Queue};
use crate::engine::meters::Outcome;
use crate::engine::port::{BindView, Binds};
use crate::engine::{Engine, alarms};
use crate::smpp::health::OTHER_STATUS;
use crate::smpp::pool::Pool;
use crate::store::Store;
use crate::types::{Clock, Timestamp};
use crate::web::meter::HttpMeter;
use crate::web::ready::Ready;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// `[metrics]`: where Prometheus asks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port, apart from the shop's; without it there are no metrics.
    pub listen: Option<SocketAddr>,
}

/// What the store says is looked at again after so long: several who ask share a look.
const FRESH: Duration = Duration::from_secs(5);
/// Floats are reckoned from weeks of payouts, and change slowly.
const FLOATS_FRESH: Duration = Duration::from_secs(60);
/// As Prometheus wants it said.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The store is waited for so long ...
const PATIENCE: Duration = Duration::from_secs(2);
/// ... and after that let be for so long, at least.
const REST: Duration = Duration::from_secs(30);

type Labels = Vec<(&'static str, String)>;

#[derive(Debug, Clone)]
enum Value {
    Count(f64),
    Level(f64),
    Spread(Histogram),
}

/// Metrics as of one moment.
#[derive(Debug, Default, Clone)]
struct Page(BTreeMap<&'static str, (&'static Metric, BTreeMap<Labels, Value>)>);

impl Page {
    fn put(&mut self, metric: &'static Metric, labels: &[&str], value: Value) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{metric:?}");
        let labels = metric.labels.iter().copied().zip(labels.iter().map(|value| plain(value))).collect();
        let rows = &mut self.0.entry(metric.name).or_insert((metric, BTreeMap::new())).1;
        match (rows.get_mut(&labels), value) {
            // Two counters of a room may be one metric.
            (Some(Value::Count(sum)), Value::Count(more)) => *sum += more,
            (_, value) => drop(rows.insert(labels, value)),
        }
    }

    fn count(&mut self, metric: &'static Metric, labels: &[&str], count: u64) {
        self.put(metric, labels, Value::Count(count as f64));
    }

    fn level(&mut self, metric: &'static Metric, labels: &[&str], level: f64) {
        self.put(metric, labels, Value::Level(level));
    }

    fn spread(&mut self, metric: &'static Metric, labels: &[&str], histogram: &Histogram) {
        self.put(metric, labels, Value::Spread(histogram.clone()));
    }
}

/// A value of a label as it can be written: names come out of the configuration.
fn plain(value: &str) -> String {
    let writable = |c: char| if matches!(c, '"' | '\\') || c.is_control() { '_' } else { c };
    value.chars().map(writable).collect()
}

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        for (metric, rows) in self.0.values() {
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            // The library writes the end of a counter's name.
            let name = metric.name.trim_end_matches("_total");
            let help = metric.help();
            let mut family = encoder.encode_descriptor(name, help.trim_end_matches('.'), None, kind)?;
            if let Some(only) = rows.get(&Labels::new()) {
                only.write(family)?;
                continue;
            }
            for (labels, value) in rows {
                value.write(family.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}

impl Value {
    fn write(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => encoder.encode_counter::<NoLabelSet, _, f64>(count, None),
            Self::Level(level) => encoder.encode_gauge(level),
            Self::Spread(histogram) => histogram.encode(encoder),
        }
    }
}

/// Whom the metrics are gathered from.
pub struct Sources {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// What the store is called.
    pub store_name: String,
    /// Every connection to operators.
    pub binds: Arc<dyn Binds>,
    /// Those over SMPP.
    pub pool: Arc<Pool>,
    /// The requests.
    pub http: Arc<HttpMeter>,
    /// Whether more may be sent here.
    pub ready: Ready,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// When the process began.
    pub began: Timestamp,
}

/// What the store was asked for last, and when it is asked again.
#[derive(Debug, Default)]
struct Glance {
    page: Option<Page>,
    next: Option<Instant>,
}

impl Glance {
    /// Looks again if it is time: for so long at the most, and when nothing came of it not soon again.
    async fn look(
        &mut self, (patience, fresh): (Duration, Duration), looking: impl Future<Output = Option<Page>>,
    ) {
        if self.next.is_some_and(|next| Instant::now() < next) {
            return;
        }
        self.page = timeout(patience, looking).await.ok().flatten();
        let rest = if self.page.is_some() { fresh } else { fresh.max(REST) };
        self.next = Some(Instant::now() + rest);
    }
}

#[derive(Default)]
struct Looked {
    store: Glance,
    floats: Glance,
}

/// Gathers.
struct Gatherer {
    sources: Sources,
    looked: Mutex<Looked>,
}

/// The pages of the listener: `/metrics`.
pub fn router(sources: Sources) -> Router {
    let gatherer = Arc::new(Gatherer { sources, looked: Mutex::default() });
    Router::new().route("/metrics", get(show)).with_state(gatherer)
}

async fn show(State(gatherer): State<Arc<Gatherer>>) -> axum::response::Response {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(gatherer.gather().await));
    let mut written = String::new();
    match text::encode(&mut written, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], written).into_response(),
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Gatherer {
    async fn gather(&self) -> Page {
        let mut page = self.looked().await;
        let Sources { engine, store, store_name, ready, http, pool, .. } = &self.sources;
        page.level(&names::BUILD_INFO, &[env!("CARGO_PKG_VERSION"), store_name], 1.0);
        page.level(&names::READY, &[], yes(ready.against().is_empty()));
        page.count(&names::ALARMS, &[], alarms::rung());
        page.level(&names::PROCESS_START, &[], self.sources.began.millis() as f64 / 1_000.0);
        if let Some(process) = Process::now() {
            page.put(&names::PROCESS_CPU, &[], Value::Count(process.cpu_seconds));
            page.level(&names::PROCESS_RESIDENT, &[], process.resident as f64);
            page.level(&names::PROCESS_VIRTUAL, &[], process.virtual_ as f64);
            page.level(&names::PROCESS_THREADS, &[], process.threads as f64);
            page.level(&names::PROCESS_FDS, &[], process.fds as f64);
            page.level(&names::PROCESS_MAX_FDS, &[], process.max_fds as f64);
        }
        self.sources.binds.binds().iter().for_each(|bind| connection(&mut page, bind));
        for ((gateway, status), times) in pool.refusals() {
            let status = match status {
                OTHER_STATUS => "other".to_owned(),
                status => format!("0x{status:08x}"),
            };
            page.count(&names::REFUSED, &[&gateway, &status], times);
        }
        phones(&mut page, engine);
        page.level(&names::STORE_UP, &[], yes(store.refuses().is_none()));
        page.level(&names::STORE_POSITION, &[], store.position() as f64);
        if let Some(meters) = store.meters() {
            page.count(&names::STORE_COMMITS, &[], meters.commits.get());
            page.count(&names::STORE_CONFLICTS, &[], meters.conflicts.get());
            page.spread(&names::STORE_BATCHES, &[], &meters.batches);
            page.spread(&names::STORE_OCTETS, &[], &meters.octets);
            page.spread(&names::STORE_SYNC, &[], &meters.seconds);
        }
        for (path, route) in http.routes() {
            route.classes().for_each(|(class, count)| page.count(&names::HTTP, &[&path, class], count));
            page.spread(&names::HTTP_SECONDS, &[&path], &route.seconds);
        }
        page
    }

    /// What the store says, looked at now or a moment ago. When it does not answer, that is left out and
    /// everything else is told all the same.
    async fn looked(&self) -> Page {
        let Looked { store, floats } = &mut *self.looked.lock().await;
        tokio::join!(
            store.look((PATIENCE, FRESH), self.pulse()),
            floats.look((PATIENCE, FLOATS_FRESH), self.floats())
        );
        let mut page = Page::default();
        page.level(&names::STORE_ANSWERS, &[], yes(store.page.is_some() && floats.page.is_some()));
        for known in [&store.page, &floats.page].into_iter().flatten() {
            page.0.extend(known.clone().0);
        }
        page
    }

    async fn pulse(&self) -> Option<Page> {
        let Sources { engine, clock, .. } = &self.sources;
        let (pulse, now) = (engine.pulse().await.ok()?, clock.now());
        let mut page = Page::default();
        let queues = [
            ("sms", pulse.texts),
            ("money", pulse.money),
            ("card", pulse.cards),
            ("mail", pulse.letters),
            ("webhook", pulse.hooks),
        ];
        for (kind, Queue { waiting, due }) in queues {
            page.level(&names::OUTBOX_ROWS, &[kind], waiting as f64);
            let oldest = due.map_or(Duration::ZERO, |due| now.since(due));
            page.level(&names::OUTBOX_OLDEST, &[kind], oldest.as_secs_f64());
        }
        page.level(&names::OUTBOX_PARKED, &[], pulse.parked as f64);
        for state in ["reserved", "submitted", "unknown"] {
            let open = pulse.payouts.get(state).copied().unwrap_or_default();
            page.level(&names::PAYOUTS, &[state], open as f64);
        }
        for (age, count) in ["under_an_hour", "under_a_day", "longer"].into_iter().zip(pulse.unknown) {
            page.level(&names::PAYOUTS_UNKNOWN, &[age], count as f64);
        }
        page.level(&names::DIALOGS_OPEN, &[], pulse.lately.open as f64);
        Some(page)
    }

    async fn floats(&self) -> Option<Page> {
        let mut page = Page::default();
        for (provider, holds) in self.sources.engine.floats().await.ok()? {
            page.level(&names::FLOAT, &[&provider], holds.cents() as f64 / 100.0);
        }
        Some(page)
    }
}

fn yes(so: bool) -> f64 {
    f64::from(u8::from(so))
}

fn connection(page: &mut Page, bind: &BindView) {
    let nth = bind.bind.to_string();
    let labels = [&*bind.gateway, &nth, bind.mode];
    page.level(&names::BIND_UP, &labels, yes(bind.is_up()));
    page.level(&names::BIND_THROTTLED, &labels, yes(bind.throttled_since.is_some()));
    page.level(&names::BIND_WINDOW_USED, &labels, bind.window_used as f64);
    page.level(&names::BIND_WINDOW, &labels, bind.window as f64);
    for (counter, count) in &bind.counters {
        if let Some((_, metric)) = names::GATEWAY.iter().find(|(name, _)| name == counter) {
            page.count(metric, &labels, *count);
        }
    }
}

fn phones(page: &mut Page, engine: &Engine) {
    let meters = &engine.meters;
    for (outcome, count) in meters.turns() {
        page.count(&names::TURNS, &[Outcome::word(outcome)], count);
    }
    page.spread(&names::REPLY, &[], &meters.reply);
    page.count(&names::DIALOGS_RESUMED, &[], meters.resumptions());
    let receipts = engine.receipt_counts();
    page.count(&names::RECEIPTS, &["found"], receipts.found);
    page.count(&names::RECEIPTS, &["parked"], receipts.parked);
    page.count(&names::RECEIPTS, &["unmatched"], receipts.unmatched);
    for (kind, [settled, put_off]) in meters.sends() {
        page.count(&names::OUTBOX_SENDS, &[kind, "settled"], settled);
        page.count(&names::OUTBOX_SENDS, &[kind, "put_off"], put_off);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn a_store_that_hangs_is_waited_for_once_and_then_let_be() {
        let mut glance = Glance::default();
        let quick = (Duration::from_millis(1), Duration::ZERO);
        glance.look(quick, ready(Some(Page::default()))).await;
        assert!(glance.page.is_some());
        glance.look(quick, pending()).await;
        assert!(glance.page.is_none(), "what it said before is old");
        // It would answer now, and is not asked.
        glance.look(quick, ready(Some(Page::default()))).await;
        assert!(glance.page.is_none());
        glance.next = Some(Instant::now());
        glance.look(quick, ready(Some(Page::default()))).await;
        assert!(glance.page.is_some());
    }
}
