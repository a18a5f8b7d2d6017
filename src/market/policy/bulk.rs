//! The house's numbers for many pieces at once.

use super::{Policy, PolicyFault, WHOLE_BP, hours};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far off the day may be that many pieces are wanted for.
const LATEST: Duration = Duration::from_secs(360 * 24 * 60 * 60);

/// Many pieces of one listing: the discount, which comes out of the margin, and how they are spread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bulk {
    /// From so many pieces on.
    pub from: u32,
    /// What comes off the retail price, in ten-thousandths.
    pub off_bp: u32,
    /// The most pieces of one request.
    pub most: u32,
    /// How many pieces an artisan can have in hand who has not said it herself.
    pub capacity: u32,
    /// How long a part waits for an answer.
    pub answer_hours: u32,
    /// How much later the day is when the buyer waits longer.
    pub later_days: u32,
    /// How many rounds of offers there may be, the first among them.
    pub rounds: u32,
    /// How long the buyer has to choose about pieces that nobody takes; then their money goes back.
    pub choosing_days: u32,
    /// Whose work of this kind was last on sale so long ago is not asked.
    pub seen_days: u32,
    /// From so many judged pieces on, a record counts as known.
    pub judged: u32,
    /// What part of somebody's pieces must pass, in ten-thousandths, once her record is known.
    pub good_bp: u32,
}

impl Default for Bulk {
    fn default() -> Self {
        Self {
            from: 10,
            off_bp: 1_000,
            most: 500,
            capacity: 20,
            answer_hours: 24,
            later_days: 14,
            rounds: 3,
            choosing_days: 7,
            seen_days: 120,
            judged: 10,
            good_bp: 9_000,
        }
    }
}

impl Policy {
    pub(super) fn check_bulk(&self) -> Result<(), PolicyFault> {
        let bulk = &self.bulk;
        if bulk.from < 2 {
            let why = "must be 2 or more; to give no discount set bulk.off_bp to 0".to_owned();
            return Err(PolicyFault { key: "bulk.from", why });
        }
        let bounded =
            bulk.most >= bulk.from && bulk.rounds >= 1 && bulk.answer_hours >= 1 && bulk.choosing_days >= 1;
        if !bounded || bulk.good_bp > WHOLE_BP || !(1..=999).contains(&bulk.capacity) {
            let why = "most no less than from, capacity from 1 to 999, rounds, answer_hours and \
                       choosing_days 1 or more, good_bp 10000 (all of it) or less";
            return Err(PolicyFault { key: "bulk", why: why.to_owned() });
        }
        Ok(())
    }

    /// How long a part of a bulk request waits for an answer.
    pub fn bulk_answer(&self) -> Duration {
        hours(self.bulk.answer_hours)
    }

    /// How much later the day is when the buyer of a bulk request waits longer.
    pub fn bulk_later(&self) -> Duration {
        hours(self.bulk.later_days * 24)
    }

    /// How long the buyer of a bulk request has to choose about pieces that nobody takes.
    pub fn bulk_choosing(&self) -> Duration {
        hours(self.bulk.choosing_days * 24)
    }

    /// For how long somebody's last piece on sale says that she makes such pieces.
    pub fn bulk_seen(&self) -> Duration {
        hours(self.bulk.seen_days * 24)
    }

    /// The soonest day for which many pieces can be asked now: time for an answer and for the work.
    pub fn bulk_soonest(&self, now: Timestamp) -> Timestamp {
        now.after(self.bulk_answer()).after(self.making())
    }

    /// The latest moment that a request may want its pieces for. Makers read a day and a month: there
    /// must be one such day alone.
    pub fn bulk_latest(&self, now: Timestamp) -> Timestamp {
        now.after(LATEST)
    }
}
