//! How fast and how many at once: a rate with a burst (GCRA, as ITU-T I.371 describes it).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Spaces requests out.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    burst: u32,
    /// The theoretical arrival time of the next request, or when a gateway that asked for a rest
    /// may be called again.
    next: Mutex<Instant>,
}

impl Pace {
    /// At most `per_second` on average, `burst` of them at once; zero is unlimited.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let gap = Duration::from_secs(1).checked_div(per_second).unwrap_or_default();
        Self { gap, burst: burst.max(1), next: Mutex::new(Instant::now()) }
    }

    /// Takes the next turn when it comes within `patience`: the moment to go at; else how long it
    /// would have been.
    pub(super) fn turn(&self, now: Instant, patience: Duration) -> Result<Instant, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (*next).checked_sub(self.gap * (self.burst - 1)).unwrap_or(now).max(now);
        let wait = at.duration_since(now);
        if wait > patience {
            return Err(wait);
        }
        *next = (*next).max(now) + self.gap;
        Ok(at)
    }

    /// The gateway wants to be left alone for so long.
    pub(super) fn rest(&self, now: Instant, span: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(now + span + self.gap * (self.burst - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let (pace, now) = (Pace::new(10, 3), Instant::now());
        let waits: Vec<_> =
            (0..5).map(|_| pace.turn(now, SECOND).expect("soon").duration_since(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert!(pace.turn(now, Duration::from_millis(250)).is_err(), "too long to wait");
        assert!(pace.turn(now, SECOND).is_ok(), "who did not wait took no turn");
    }

    #[tokio::test]
    async fn without_a_rate_only_a_rest_holds_it_up() {
        let (pace, now) = (Pace::new(0, 1), Instant::now());
        assert!((0..1000).all(|_| pace.turn(now, Duration::ZERO) == Ok(now)));
        pace.rest(now, 5 * SECOND);
        assert_eq!(pace.turn(now, SECOND), Err(5 * SECOND));
        assert!(pace.turn(now + 5 * SECOND, Duration::ZERO).is_ok());
    }
}
