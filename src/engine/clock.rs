//! The clocks of the shells: the system's, and one that a test can move.

use crate::types::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The machine's clock, set forward by a span that grows only when asked: rehearsals wait for
/// nothing, and moments never run backwards.
#[derive(Debug, Default)]
pub struct MovableClock {
    /// Where it stands, if it goes on only when told.
    stands: Option<Timestamp>,
    ahead: AtomicI64,
}

impl MovableClock {
    /// One on which no time passes by itself.
    pub fn standing() -> Self {
        Self { stands: Some(SystemClock.now()), ahead: AtomicI64::default() }
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.ahead.fetch_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let from = self.stands.unwrap_or_else(|| SystemClock.now());
        Timestamp::from_millis(from.millis() + self.ahead.load(Ordering::SeqCst))
    }
}
