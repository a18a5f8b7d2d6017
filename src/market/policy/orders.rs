//! How long things may take in the life of an order, and the hour at which people are reminded.

use super::{Policy, PolicyFault, WHOLE_BP, hours};
use crate::types::time::NAIROBI;
use crate::types::{Kes, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long things may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderPolicy {
    /// How long pieces are kept for a shopper who is paying.
    pub reservation_minutes: u32,
    /// How long an offer waits for an answer.
    pub offer_hours: u32,
    /// How many artisans are asked one after the other for the same pieces.
    pub offers: u32,
    /// From acceptance to the day the pieces are due.
    pub making_days: u32,
    /// From a failed check to the day the pieces are due again.
    pub rework_days: u32,
    /// How long a rider is waited for before the next one is asked.
    pub pickup_minutes: u32,
    /// The hour of the day at which people are reminded of orders, in Nairobi.
    pub remind_hour: u32,
    /// The most days that the maker may move the day she promised.
    pub late_days: u32,
    /// From the question after the day has passed to giving up what is outstanding.
    pub grace_days: u32,
    /// How long the shopper has to choose what becomes of pieces that will never come.
    pub choosing_days: u32,
    /// From the carrier's hands to the end of an order of which nobody says that it arrived.
    pub arrival_days: u32,
    /// From delivery to the end of an order.
    pub closing_days: u32,
    /// From the end of a purchase to forgetting where it went.
    pub address_days: u32,
    /// Days from somebody's last order until her names may go.
    pub name_days: u32,
    /// The most that one person at the desk may give back after release.
    pub refund_alone_shillings: u32,
    /// What the maker keeps for materials when the shopper changes her mind, in ten-thousandths of her price.
    pub materials_bp: u32,
}

impl Default for OrderPolicy {
    fn default() -> Self {
        Self {
            reservation_minutes: 35,
            offer_hours: 24,
            offers: 3,
            making_days: 7,
            rework_days: 5,
            pickup_minutes: 120,
            remind_hour: 9,
            late_days: 14,
            grace_days: 2,
            choosing_days: 5,
            arrival_days: 60,
            closing_days: 14,
            address_days: 90,
            name_days: 180,
            refund_alone_shillings: 5_000,
            materials_bp: 3_000,
        }
    }
}

/// The hour of people's mornings on the day so many days from that of a moment.
fn morning(of: Timestamp, days: i64, hour: u32) -> Timestamp {
    const DAY: i64 = 86_400_000;
    let zone = i64::from(NAIROBI) * 60_000;
    let midnight =
        (of.millis().saturating_add(zone)).div_euclid(DAY).saturating_add(days).saturating_mul(DAY);
    Timestamp::from_millis(midnight.saturating_sub(zone).saturating_add(i64::from(hour) * 3_600_000))
}

impl Policy {
    pub(super) fn check_order(&self) -> Result<(), PolicyFault> {
        let order = &self.order;
        let good = order.remind_hour < 24
            && (1..=99).contains(&order.late_days)
            && order.choosing_days >= 1
            && order.materials_bp <= WHOLE_BP;
        let why = "remind_hour below 24, late_days from 1 to 99, choosing_days 1 or more, materials_bp \
                   10000 (her whole price) or less";
        if good { Ok(()) } else { Err(PolicyFault { key: "order", why: why.to_owned() }) }
    }

    /// When she is reminded of a day: the morning before it.
    pub fn reminded(&self, due: Timestamp) -> Timestamp {
        morning(due, -1, self.order.remind_hour)
    }

    /// When she is asked about a day that has passed: the morning after it.
    pub fn overdue(&self, due: Timestamp) -> Timestamp {
        morning(due, 1, self.order.remind_hour)
    }

    /// When pieces that were due are given up.
    pub fn given_up(&self, due: Timestamp) -> Timestamp {
        self.overdue(due).after(self.days(self.order.grace_days))
    }

    /// So many days.
    pub fn days(&self, days: u32) -> Duration {
        hours(days.saturating_mul(24))
    }

    /// How far a promise may move in all.
    pub fn latest(&self) -> Duration {
        self.days(self.order.late_days)
    }

    /// How long the shopper has to choose.
    pub fn choosing(&self) -> Duration {
        self.days(self.order.choosing_days)
    }

    /// The most that one person at the desk may give back after release.
    pub fn refund_alone(&self) -> Kes {
        Kes::major(i64::from(self.order.refund_alone_shillings))
    }

    /// From the carrier's hands to the end of an order of which nobody says that it arrived.
    pub fn arrival(&self) -> Duration {
        self.days(self.order.arrival_days)
    }

    /// From delivery to the end of an order.
    pub fn closing(&self) -> Duration {
        self.days(self.order.closing_days)
    }

    /// From the end of a purchase to forgetting where it went.
    pub fn keeps_addresses(&self) -> Duration {
        self.days(self.order.address_days)
    }

    /// From somebody's last order until her names may go.
    pub fn keeps_names(&self) -> Duration {
        self.days(self.order.name_days)
    }

    /// How long pieces are kept for a shopper who is paying.
    pub fn reservation(&self) -> Duration {
        Duration::from_secs(u64::from(self.order.reservation_minutes) * 60)
    }

    /// When the page closes on which an order of that moment is paid: before its pieces are let go,
    /// and no sooner than the card processor allows, which is half an hour.
    pub fn pay_page_closes(&self, placed: Timestamp) -> Timestamp {
        let open = self.reservation().saturating_sub(Duration::from_secs(120));
        placed.after(open.max(Duration::from_secs(31 * 60)))
    }

    /// How long an offer waits for an answer.
    pub fn offer(&self) -> Duration {
        hours(self.order.offer_hours)
    }

    /// How long a rider is waited for before the next one is asked.
    pub fn pickup(&self) -> Duration {
        Duration::from_secs(u64::from(self.order.pickup_minutes) * 60)
    }

    /// From acceptance to the day the pieces are due.
    pub fn making(&self) -> Duration {
        self.days(self.order.making_days)
    }

    /// From a failed check to the day the pieces are due again.
    pub fn rework(&self) -> Duration {
        self.days(self.order.rework_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_reminded_on_the_morning_before_and_asked_on_the_morning_after() {
        let policy = Policy::default();
        let told = |at: Timestamp| format!("{} {}", at.day_month(NAIROBI), at.hour_minute(NAIROBI));
        let day = Timestamp::of_day(2026, 12, 31, NAIROBI).expect("a day");
        for of_the_day in [0, 7_200, 86_399] {
            let due = day.after(Duration::from_secs(of_the_day));
            assert_eq!(told(policy.reminded(due)), "30/12 09:00");
            assert_eq!(told(policy.overdue(due)), "1/1 09:00");
            assert_eq!(told(policy.given_up(due)), "3/1 09:00");
        }
    }
}
