//! Everything the process logs, kept to be looked into; and which texts it said, written down for
//! `sokoni menu texts`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Kept;

impl Write for Kept {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes down each text once, as it is said: `artisan/sell.done`, `sms/listing_saved`.
#[derive(Default)]
struct Said(Mutex<BTreeSet<String>>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Said {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        let (folder, name) = match event.metadata().target() {
            "sokoni::said" => ("sms", "text"),
            "sokoni::shown" => ("tree", "block"),
            _ => return,
        };
        event.record(&mut fields);
        let folder = fields.0.get(folder).map_or(folder, String::as_str);
        let text = format!("{folder}/{}", fields.0.get(name).map_or("", String::as_str));
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            return;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("said");
        let written = std::fs::create_dir_all(&folder).and_then(|()| {
            let file = folder.join(std::process::id().to_string());
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
            writeln!(file, "{text}")
        });
        written.expect("what was said is written down");
    }
}

/// Keeps what all of our code logs from now on, at every level.
pub fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ours: Targets = "sokoni=trace,tower_http=debug".parse().expect("a filter");
        let lines = fmt::layer().with_ansi(false).with_writer(|| Kept);
        tracing_subscriber::registry().with(ours).with(lines).with(Said::default()).init();
    });
}

/// What was logged so far, by every test of this process.
pub fn text() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Lines that hold all of these.
pub fn count(parts: &[&str]) -> usize {
    text().lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
}
