//! How long the float at a provider will last: whole cents and whole days, no more clever than that.

use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is known of a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Float {
    /// What it holds, in cents.
    pub holds: i64,
    /// What payouts that are asked for and not settled will take, in cents.
    pub asked: i64,
    /// What left by payouts in the days that are looked at, fees included, in cents.
    pub left: i64,
    /// How many days those are.
    pub days: u32,
}

/// When a float will be used up; `None` when nothing leaves.
pub fn ends(float: Float, now: Timestamp) -> Option<Timestamp> {
    let room = float.holds.saturating_sub(float.asked);
    if room < 0 || (room == 0 && float.asked > 0) {
        return Some(now);
    }
    let days = i128::from(float.days.max(1));
    let left = i128::from(float.left);
    if left <= 0 {
        return None;
    }
    let millis = i128::from(room) * days * 86_400_000 / left;
    // Beyond ten years nothing is forecast.
    let most = 3_653 * 86_400_000_i128;
    (millis <= most).then(|| now.after(Duration::from_millis(u64::try_from(millis).unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn float(holds: i64, asked: i64, left: i64) -> Float {
        Float { holds, asked, left, days: 14 }
    }

    #[test]
    fn a_float_ends_when_what_left_each_day_has_used_up_what_nobody_has_asked_for() {
        let now = Timestamp::from_millis(0);
        assert_eq!(ends(float(30_000, 10_000, 140_000), now), Some(now.after(2 * DAY)));
        assert_eq!(ends(float(10_000, 10_000, 0), now), Some(now), "all of it is asked for");
        assert_eq!(ends(float(5_000, 10_000, 0), now), Some(now), "more than all of it");
        assert_eq!(ends(float(10_000, 0, 0), now), None, "nothing leaves");
        assert_eq!(ends(float(i64::MAX, 0, 1), now), None, "longer than anybody plans");
    }

    proptest! {
        #[test]
        fn more_float_never_ends_sooner(
            holds in 0i64..100_000_000, more in 0i64..100_000_000, asked in 0i64..100_000_000,
            left in 0i64..100_000_000,
        ) {
            let now = Timestamp::from_millis(0);
            let (one, other) = (ends(float(holds, asked, left), now), ends(float(holds + more, asked, left), now));
            prop_assert!(other.is_none() || one.is_some_and(|one| Some(one) <= other));
        }
    }
}
