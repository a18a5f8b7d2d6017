//! Everything the process logs, kept to be looked into.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};
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

/// Keeps what all of our code logs from now on, at every level.
pub fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ours: Targets = "sokoni=trace,tower_http=debug".parse().expect("a filter");
        let lines = fmt::layer().with_ansi(false).with_writer(|| Kept);
        tracing_subscriber::registry().with(ours).with(lines).init();
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
