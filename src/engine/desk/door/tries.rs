//! How often somebody may try to sign in: a few times at once, then after a wait that doubles. Counted
//! before anything is proven, so that tries side by side are as dear as tries one after the other.

use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// After so long without a failure, none of before counts.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// How many failures are free, and what those after them cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    free: u32,
    first: Duration,
    longest: Duration,
    /// Each time so many have failed, somebody is told.
    alarm: u32,
}

/// For a name, whether somebody has it or not: the longest wait is short, so that nobody is kept out for
/// long by a stranger who tries her name.
pub(super) const OF_NAME: Rule =
    Rule { free: 4, first: Duration::from_secs(5), longest: Duration::from_secs(900), alarm: 10 };

/// For an address: an office may share one.
pub(super) const OF_ADDRESS: Rule =
    Rule { free: 20, first: Duration::from_secs(5), longest: Duration::from_secs(3600), alarm: 30 };

/// Failures of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tries {
    pub(super) count: u32,
    pub(super) last: Timestamp,
}

impl Rule {
    /// How long so many failures keep the next one waiting.
    fn wait(self, count: u32) -> Duration {
        let beyond = (count + 1).saturating_sub(self.free + 1);
        match beyond {
            0 => Duration::ZERO,
            n => self.first.saturating_mul(1u32.checked_shl(n - 1).unwrap_or(u32::MAX)).min(self.longest),
        }
    }

    /// The tries with one more, or how long it has to wait.
    pub(super) fn one_more(self, before: Option<Tries>, now: Timestamp) -> Result<Tries, Duration> {
        let before = before.filter(|tries| now.since(tries.last) < FORGOTTEN);
        let Some(Tries { count, last }) = before else { return Ok(Tries { count: 1, last: now }) };
        let (wait, gone) = (self.wait(count), now.since(last));
        if gone < wait { Err(wait - gone) } else { Ok(Tries { count: count.saturating_add(1), last: now }) }
    }

    /// Whether these are so many that somebody should know, told once in a while.
    pub(super) const fn alarms(self, tries: Tries) -> bool {
        tries.count > 0 && tries.count.is_multiple_of(self.alarm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_few_tries_are_free_then_each_waits_twice_as_long_up_to_a_bound() {
        let (mut tries, mut now, mut waits) = (None, 0, Vec::new());
        for _ in 0..16 {
            let taken = OF_NAME.one_more(tries, at(now)).or_else(|wait| {
                waits.push(wait.as_secs());
                now += i64::try_from(wait.as_secs()).expect("seconds");
                assert!(OF_NAME.one_more(tries, at(now - 1)).is_err(), "a second too early");
                OF_NAME.one_more(tries, at(now))
            });
            tries = Some(taken.expect("after its wait"));
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
        assert!(OF_NAME.alarms(Tries { count: 10, last: at(0) }));
        assert!(!OF_NAME.alarms(Tries { count: 11, last: at(0) }));
        let next_day = OF_NAME.one_more(tries, at(now + 24 * 3600)).expect("a day later");
        assert_eq!(next_day.count, 1);
    }
}
