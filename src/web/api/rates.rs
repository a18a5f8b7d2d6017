//! How often a key may call: so many at once, and as many again each minute.

use crate::types::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The span in which a key may call its number of times.
const SPAN_MS: i64 = 60_000;

/// When each key will have had a whole span of quiet, in microseconds since 1970.
#[derive(Debug)]
pub(in crate::web) struct Rates {
    each_us: i64,
    quiet: Mutex<BTreeMap<Arc<str>, i64>>,
}

impl Rates {
    /// So many calls a minute.
    pub(in crate::web) fn new(per_minute: u32) -> Self {
        Self { each_us: SPAN_MS * 1_000 / i64::from(per_minute.max(1)), quiet: Mutex::default() }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// How many seconds to wait, when there were too many.
    pub(in crate::web) fn take(&self, key: &Arc<str>, now: Timestamp) -> Result<(), u64> {
        let now = now.millis().saturating_mul(1_000);
        let mut all = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = all.entry(Arc::clone(key)).or_insert(now);
        let then = (*quiet).max(now) + self.each_us;
        let over = then - now - SPAN_MS * 1_000;
        if over > 0 {
            return Err(u64::try_from(over).unwrap_or(0).div_ceil(1_000_000));
        }
        *quiet = then;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_calls_so_often_and_then_as_often_as_time_passes() {
        let (rates, duka): (_, Arc<str>) = (Rates::new(60), "duka".into());
        let at = Timestamp::from_millis;
        assert!((0..60).all(|_| rates.take(&duka, at(0)).is_ok()));
        assert_eq!(rates.take(&duka, at(0)), Err(1));
        assert_eq!(rates.take(&"another".into(), at(0)), Ok(()));
        assert_eq!((rates.take(&duka, at(1_000)), rates.take(&duka, at(1_500))), (Ok(()), Err(1)));
        assert!((0..60).all(|_| rates.take(&duka, at(200_000)).is_ok()));
        assert!(rates.take(&duka, at(200_000)).is_err(), "no more than at first");
    }
}
