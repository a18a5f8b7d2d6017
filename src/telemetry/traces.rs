//! Traces for whoever looks into slow turns: spans of turns, sends and requests, handed to a collector by
//! OTLP over HTTP. Off unless `[telemetry] otlp` names one.
//!
//! Only spans of the target [`TARGET`] leave, and nothing that is logged within them: what may leave is what
//! their fields name, and those name no phone, no person and no text.

use crate::wire::{Heard, Question, Wire};
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of the spans that leave.
pub const TARGET: &str = "sokoni::trace";
/// Where collectors take spans.
const PATH: &str = "/v1/traces";
/// How long a collector may take to be reached, and to answer.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(8));
/// How long the end of the service waits for the last spans.
const LAST: Duration = Duration::from_secs(3);

/// Hands spans over until it is ended.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Makes ready to hand the given share of all traces to a collector. Needs a runtime.
    ///
    /// # Errors
    /// An address that cannot be used.
    pub fn new(collector: &str, share: f64) -> Result<Self, String> {
        let endpoint = format!("{}{PATH}", collector.trim_end_matches('/').trim_end_matches(PATH));
        let wire = Wire::new(None, PATIENCE.0, PATIENCE.1)?;
        let runtime = Handle::try_current().map_err(|why| why.to_string())?;
        let client = Client { wire: Arc::new(wire), runtime, failing: AtomicBool::new(false) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build()
            .map_err(|why| why.to_string())?;
        let release = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(
                Resource::builder_empty().with_service_name("sokoni").with_attribute(release).build(),
            )
            .build();
        Ok(Self(provider))
    }

    /// What hears the spans.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("sokoni"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(filter_fn(|about| about.is_span() && about.target() == TARGET))
    }

    /// Hands over what is left, for a while.
    pub async fn end(self) {
        // It waits on a thread of the library's own.
        let _ = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST)).await;
    }
}

/// The way to the collector.
struct Client {
    wire: Arc<Wire>,
    /// Spans are handed over by a thread that has no runtime of its own.
    runtime: Handle,
    failing: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// Says that spans are lost when that begins, and once more when it is over.
    fn fares(&self, trouble: Option<&str>) {
        let was = self.failing.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(why) if !was => tracing::warn!(why, "traces are not taken by their collector"),
            None if was => tracing::info!("traces are taken by their collector again"),
            _ => {}
        }
    }
}

impl HttpClient for Client {
    fn send_bytes<'s, 'f>(
        &'s self, request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string();
        let question = Question { url, method: head.method, headers: head.headers, body };
        let wire = Arc::clone(&self.wire);
        let asked = self.runtime.spawn(async move { wire.ask(question).await });
        Box::pin(async move {
            let (status, body) = match asked.await? {
                Heard::Answer { status, body, .. } => (status, body),
                Heard::NotSent(why) | Heard::Nothing(why) => {
                    self.fares(Some(&why));
                    return Err(why.into());
                }
            };
            let taken = StatusCode::from_u16(status)?;
            self.fares((!taken.is_success()).then_some(taken.as_str()));
            let mut response = Response::new(Bytes::from(body));
            *response.status_mut() = taken;
            Ok(response)
        })
    }
}
