//! How quickly phones are answered, and how many dialogs are open: of the last minutes, in memory.

use crate::types::{Msisdn, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far back it looks.
pub const SPAN: Duration = Duration::from_secs(5 * 60);
/// The most answers that are remembered.
const REMEMBERED: usize = 8_192;
/// A dialog of which nothing was heard for so long was cut: no operator waits longer.
const CUT: Duration = Duration::from_secs(180);

/// How long a slice of the day is, in milliseconds.
const SLICE: i64 = 10 * 60 * 1_000;
/// So many of them are remembered: a day.
const SLICES: i64 = 144;
/// Answers of a slice are counted by how often one millisecond has to be doubled to hold them.
const DOUBLINGS: usize = 20;

/// Ten minutes of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// When they began.
    pub at: Timestamp,
    /// How many were answered.
    pub answers: u64,
    /// Of a hundred, ninety-five took no longer, in milliseconds rounded up to a power of two.
    pub p95_ms: u64,
}

#[derive(Default)]
struct Kept {
    /// By the number of the slice.
    slices: BTreeMap<i64, [u64; DOUBLINGS]>,
    /// When each answer left, and after how many milliseconds.
    answers: VecDeque<(Timestamp, u64)>,
    open: BTreeMap<Msisdn, Timestamp>,
}

/// Remembers answers as they leave.
#[derive(Default)]
pub struct Pace(Mutex<Kept>);

/// What the last minutes were like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lately {
    /// Screens that were answered.
    pub answers: usize,
    /// Half of them took no longer, in milliseconds.
    pub median_ms: u64,
    /// Of a hundred, ninety-five took no longer.
    pub p95_ms: u64,
    /// Dialogs that wait for an answer from a phone.
    pub open: usize,
}

impl Pace {
    /// A phone was answered: when its input came, when the answer left, whether it is waited for.
    pub fn answered(&self, who: Msisdn, came: Timestamp, now: Timestamp, waits: bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let took = u64::try_from(now.since(came).as_millis()).unwrap_or(u64::MAX);
        if kept.answers.len() >= REMEMBERED {
            kept.answers.pop_front();
        }
        kept.answers.push_back((now, took));
        let doublings = took.max(1).next_power_of_two().trailing_zeros() as usize;
        let slice = now.millis().div_euclid(SLICE);
        kept.slices.entry(slice).or_default()[doublings.min(DOUBLINGS - 1)] += 1;
        kept.slices.retain(|known, _| *known > slice - SLICES);
        if waits {
            kept.open.insert(who, now);
        } else {
            kept.open.remove(&who);
        }
    }

    /// How it was in the last day, the oldest first; times in which nobody called are left out.
    pub fn slices(&self, now: Timestamp) -> Vec<Slice> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.millis().div_euclid(SLICE) - SLICES;
        let told = |(slice, counts): (&i64, &[u64; DOUBLINGS])| {
            let answers: u64 = counts.iter().sum();
            let wanted = (answers * 95).div_ceil(100);
            let within = counts.iter().scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            });
            let doublings = within.take_while(|so_far| *so_far < wanted).count();
            Slice { at: Timestamp::from_millis(slice * SLICE), answers, p95_ms: 1 << doublings }
        };
        kept.slices.range(since + 1..).map(told).collect()
    }

    /// What the last minutes were like.
    pub fn lately(&self, now: Timestamp) -> Lately {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.open.retain(|_, at| now.since(*at) < CUT);
        let recent = kept.answers.iter().filter(|(at, _)| now.since(*at) < SPAN);
        let mut took: Vec<u64> = recent.map(|(_, took)| *took).collect();
        took.sort_unstable();
        let of = |hundredths: usize| {
            let place = (took.len() * hundredths).div_ceil(100).saturating_sub(1);
            took.get(place).copied().unwrap_or_default()
        };
        Lately { answers: took.len(), median_ms: of(50), p95_ms: of(95), open: kept.open.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minutes_are_told_by_median_and_tail_and_old_answers_count_no_more() {
        let pace = Pace::default();
        let phone = |nth: u64| Msisdn::from_e164(&(254_700_000_000 + nth).to_string()).expect("a phone");
        let at = |millis: i64| Timestamp::from_millis(millis);
        for took in 1..=100u32 {
            let came = 1_000_000;
            pace.answered(phone(took.into()), at(came), at(came + i64::from(took)), took <= 10);
        }
        let lately = pace.lately(at(1_000_200));
        assert_eq!(lately, Lately { answers: 100, median_ms: 50, p95_ms: 95, open: 10 });
        pace.answered(phone(1), at(1_000_300), at(1_000_301), false);
        assert_eq!(pace.lately(at(1_000_400)).open, 9, "one has ended");
        let slice = Slice { at: at(600_000), answers: 101, p95_ms: 128 };
        assert_eq!(pace.slices(at(1_000_400)), [slice]);
        assert_eq!(pace.slices(at(600_000 + 24 * 3_600_000)), [], "a day later");
        assert_eq!(pace.lately(at(1_200_000)).open, 0, "the others were cut");
        assert_eq!(pace.lately(at(2_000_000)), Lately::default());
    }
}
