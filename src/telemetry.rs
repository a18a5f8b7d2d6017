//! Logs: to standard error, as lines for people or as JSON, filtered by target.
//!
//! Nothing here sees a PIN or a whole phone number: both hide themselves in `Debug`
//! ([`crate::types::Msisdn`], [`crate::dialog::input::TypedPin`]).

use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// `[telemetry]`: what is logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Levels by target: `info,sokoni::smpp=debug`.
    pub log: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { log: "info".to_owned(), json: false }
    }
}

/// Starts logging for the whole process. `Err` when `log` cannot be read as a filter.
pub fn start(settings: &Settings) -> Result<(), String> {
    let filter: Targets = settings.log.parse().map_err(|e| {
        format!(
            "telemetry.log = {:?} is not a filter ({e}); write levels by target, such as \
             \"info,sokoni::smpp=debug\"",
            settings.log
        )
    })?;
    // The desk shows the last alarms.
    let registry = tracing_subscriber::registry().with(crate::engine::alarms::Bell).with(filter);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = if settings.json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    } else {
        let colour = std::io::stderr().is_terminal();
        registry
            .with(fmt::layer().with_ansi(colour).with_target(false).with_writer(std::io::stderr))
            .try_init()
    };
    Ok(())
}
