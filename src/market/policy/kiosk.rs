//! Cash, stock and second looks at the kiosks.

use super::{Kes, Policy, PolicyFault, hours, shillings};
use crate::market::kiosk::Supply;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Cash at the kiosks. The least is that of a payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CashPolicy {
    /// The most that one number is for.
    pub max_shillings: u32,
    /// How long a number is good.
    pub lives_hours: u32,
    /// How long a kiosk that typed a number keeps it from the others.
    pub claim_minutes: u32,
    /// How long somebody may say that she never got the money.
    pub deny_hours: u32,
    /// After so many wrong numbers in a day a kiosk gets no answer to more.
    pub wrong_a_day: u32,
}

/// What the kiosks keep of ours, and how their verdicts are looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StockPolicy {
    /// So many small boxes, or fewer, are few.
    pub low_small: u32,
    /// So many large boxes, or fewer, are few.
    pub low_large: u32,
    /// So many leaflets, or fewer, are few.
    pub low_leaflets: u32,
    /// The day of the month on which the display is counted.
    pub count_day: u32,
    /// The depot looks again at one parcel in so many; 0 looks at none.
    pub look_again_every: u32,
}

impl Default for CashPolicy {
    fn default() -> Self {
        Self { max_shillings: 10_000, lives_hours: 48, claim_minutes: 30, deny_hours: 24, wrong_a_day: 10 }
    }
}

impl Default for StockPolicy {
    fn default() -> Self {
        Self { low_small: 5, low_large: 3, low_leaflets: 10, count_day: 25, look_again_every: 20 }
    }
}

impl StockPolicy {
    /// So many of a supply, or fewer, are few.
    pub const fn low(&self, supply: Supply) -> u32 {
        match supply {
            Supply::Small => self.low_small,
            Supply::Large => self.low_large,
            Supply::Leaflets => self.low_leaflets,
        }
    }
}

impl Policy {
    pub(super) fn check_kiosks(&self) -> Result<(), PolicyFault> {
        let cash = &self.cash;
        let good = cash.max_shillings >= self.payout.min_shillings
            && cash.lives_hours >= 1
            && (1..=24 * 60).contains(&cash.claim_minutes)
            && cash.deny_hours >= 1
            && cash.wrong_a_day >= 1;
        if !good {
            let why = "max_shillings no less than payout.min_shillings, lives_hours, deny_hours and \
                       wrong_a_day 1 or more, claim_minutes from 1 to 1440";
            return Err(PolicyFault { key: "cash", why: why.to_owned() });
        }
        let why = "count_day from 1 to 28, since every month has those days";
        let good = (1..=28).contains(&self.stock.count_day);
        if good { Ok(()) } else { Err(PolicyFault { key: "stock", why: why.to_owned() }) }
    }

    /// The most that one cash number is for.
    pub fn cash_max(&self) -> Kes {
        shillings(self.cash.max_shillings)
    }

    /// How long a cash number is good.
    pub fn cash_lives(&self) -> Duration {
        hours(self.cash.lives_hours)
    }

    /// How long a kiosk that typed a number keeps it from the others.
    pub fn cash_claim(&self) -> Duration {
        Duration::from_secs(u64::from(self.cash.claim_minutes) * 60)
    }

    /// How long somebody may say that she never got the money.
    pub fn cash_denial(&self) -> Duration {
        hours(self.cash.deny_hours)
    }
}
