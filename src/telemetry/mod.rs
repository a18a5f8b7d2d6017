//! What the house says of itself to those who run it: logs, metrics, traces.
//!
//! * Logs go to standard error, as lines for people or as JSON, filtered by target.
//! * [`names`] lists every metric; [`metrics`] gathers them; [`process`] asks Linux.
//! * [`traces`] hands spans to a collector.
//!
//! Nothing here sees a PIN or a whole phone number: both hide themselves in `Debug`
//! ([`crate::types::Msisdn`], [`crate::dialog::input::TypedPin`]).

pub mod metrics;
pub mod names;
pub mod process;
pub mod traces;

use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use traces::Traces;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// `[telemetry]`: what is logged, and how; where traces go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Levels by target: `info,sokoni::smpp=debug`.
    pub log: String,
    /// One JSON object a line instead of text.
    pub json: bool,
    /// A collector of OpenTelemetry traces, by OTLP over HTTP: `http://127.0.0.1:4318`. None without it.
    pub otlp: Option<String>,
    /// The share of traces that it gets, from 0 to 1.
    pub otlp_share: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { log: "info".to_owned(), json: false, otlp: None, otlp_share: 0.01 }
    }
}

impl Settings {
    /// Whether they can be used.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.otlp_share) {
            return Err("otlp_share lies between 0 (none) and 1 (every trace)".to_owned());
        }
        match self.otlp.as_deref() {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(format!("otlp = {url:?}: write http:// or https://, such as \"http://127.0.0.1:4318\""))
            }
            _ => Ok(()),
        }
    }
}

/// What has to be ended with the process.
#[derive(Default)]
pub struct Running(Option<Traces>);

impl Running {
    /// Hands over what is left of traces, for a while.
    pub async fn end(self) {
        if let Some(traces) = self.0 {
            traces.end().await;
        }
    }
}

/// Starts logging for the whole process, and traces where they are wanted. `Err` when `log` cannot be read
/// as a filter.
pub fn start(settings: &Settings) -> Result<Running, String> {
    let filter: Targets = settings.log.parse().map_err(|e| {
        format!(
            "telemetry.log = {:?} is not a filter ({e}); write levels by target, such as \
             \"info,sokoni::smpp=debug\"",
            settings.log
        )
    })?;
    let traces = settings.otlp.as_deref().map(|url| Traces::new(url, settings.otlp_share)).transpose();
    let traces = traces.map_err(|why| format!("[telemetry] otlp: {why}"))?;
    // The desk shows the last alarms. What is logged decides nothing about what is traced.
    let registry = tracing_subscriber::registry()
        .with(crate::engine::alarms::Bell.with_filter(filter.clone()))
        .with(traces.as_ref().map(Traces::layer));
    // A second start in one process (tests) keeps the first subscriber.
    let _ = if settings.json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr).with_filter(filter)).try_init()
    } else {
        let colour = std::io::stderr().is_terminal();
        let lines = fmt::layer().with_ansi(colour).with_target(false).with_writer(std::io::stderr);
        registry.with(lines.with_filter(filter)).try_init()
    };
    Ok(Running(traces))
}
