//! Moments and spans. Pure code is handed the moment; only shells may ask a clock.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment `span` later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Day and month in a zone `offset_minutes` east of Greenwich, as people here write them: `31/12`.
    pub fn day_month(self, offset_minutes: i32) -> String {
        let (_, month, day) = self.civil(offset_minutes);
        format!("{day}/{month}")
    }

    /// The time of day in that zone: `16:05`.
    pub fn hour_minute(self, offset_minutes: i32) -> String {
        let local = self.0.div_euclid(1000) + i64::from(offset_minutes) * 60;
        let second = local.rem_euclid(86_400);
        format!("{:02}:{:02}", second / 3600, second / 60 % 60)
    }

    /// Year, month, day in that zone (proleptic Gregorian, counted from 0000-03-01).
    pub fn civil(self, offset_minutes: i32) -> (i64, u32, u32) {
        let local = self.0.div_euclid(1000) + i64::from(offset_minutes) * 60;
        let z = local.div_euclid(86_400) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
        let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
        let year = yoe + era * 400 + i64::from(month <= 2);
        (year, month, day)
    }

    /// The first moment of a day in that zone; `None` when the calendar has no such day.
    pub fn of_day(year: i64, month: u32, day: u32, offset_minutes: i32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let y = year - i64::from(month <= 2);
        let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
        let mp = i64::from((month + 9) % 12);
        let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
        let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
        let moment = Self((days * 86_400 - i64::from(offset_minutes) * 60) * 1000);
        (moment.civil(offset_minutes) == (year, month, day)).then_some(moment)
    }
}

/// Minutes Nairobi is east of Greenwich; Kenya keeps no summer time.
pub const NAIROBI: i32 = 180;

/// Where shells read the moment; tests hand in one that they can move.
pub trait Clock: Send + Sync + 'static {
    /// The moment now.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_calendar_begins_at_its_midnight() {
        let day = Timestamp::of_day(2026, 12, 31, NAIROBI).expect("a day");
        assert_eq!((day.day_month(NAIROBI), day.hour_minute(NAIROBI)), ("31/12".into(), "00:00".into()));
        assert_eq!(Timestamp::of_day(2000, 2, 29, 0), Some(Timestamp::from_millis(951_782_400_000)));
        assert_eq!(Timestamp::of_day(2026, 2, 29, NAIROBI), None);
    }

    #[test]
    fn a_moment_is_written_in_nairobi_time() {
        let moment = Timestamp::from_millis(1_798_745_400_000); // 2026-12-31T19:30:00Z
        assert_eq!(moment.day_month(NAIROBI), "31/12");
        assert_eq!(moment.hour_minute(NAIROBI), "22:30");
        assert_eq!(Timestamp::from_millis(951_782_400_000).civil(0), (2000, 2, 29));
    }
}
