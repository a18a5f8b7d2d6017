//! A mobile-money provider with books of its own: they are the truth for "paid once".

use super::{WorldClock, locked};
use crate::engine::port::{MoneyOut, PayOut, PayoutNews};
use crate::sim::world::dice::Dice;
use crate::sim::world::faults::{Rates, Tally};
use crate::types::{Clock, Msisdn, PayoutId, Timestamp};
use futures_util::future::{BoxFuture, ready};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Why a transfer fails, in the words that the catalogue knows.
const WHY: [&str; 4] = ["no such user", "account is full", "limit of the day", "no float, try later"];

/// How long an id is remembered: the same id later is a new transfer.
const REMEMBERS: Duration = Duration::from_secs(24 * 3_600);

/// How a transfer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Paid under this reference.
    Paid(String),
    /// Not paid.
    Failed(String),
}

/// A transfer in the provider's list.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// To whom.
    pub to: Msisdn,
    /// How much, in whole shillings.
    pub shillings: u32,
    /// When it was asked for first.
    pub asked: Timestamp,
    /// How it ends.
    pub end: End,
    /// When that is known.
    pub ends: Timestamp,
    /// When a paid one comes back.
    pub reversed: Option<Timestamp>,
    /// When one that was called failed is paid after all.
    pub paid_after_all: Option<Timestamp>,
}

impl Transfer {
    /// Whether the money is with the receiver at this moment.
    pub fn is_paid(&self, now: Timestamp) -> bool {
        let paid = matches!(self.end, End::Paid(_)) && self.ends <= now;
        let late = self.paid_after_all.is_some_and(|at| at <= now);
        (paid || late) && self.reversed.is_none_or(|at| at > now)
    }

    fn news(&self, now: Timestamp) -> PayoutNews {
        if now < self.ends {
            return PayoutNews::Accepted;
        }
        if self.reversed.is_some_and(|at| at <= now) {
            return PayoutNews::Reversed { why: "taken back".to_owned() };
        }
        match &self.end {
            End::Failed(_) if self.paid_after_all.is_some_and(|at| at <= now) => {
                PayoutNews::Paid { reference: "LATE".to_owned() }
            }
            End::Failed(why) => PayoutNews::Failed { why: why.clone() },
            End::Paid(reference) => PayoutNews::Paid { reference: reference.clone() },
        }
    }
}

#[derive(Default)]
struct Books {
    /// By id, in the order they were asked for: more than one is money sent twice.
    transfers: BTreeMap<PayoutId, Vec<Transfer>>,
    news: Vec<(Timestamp, PayoutId)>,
    tally: Tally,
    count: u64,
    down: bool,
}

/// The provider.
pub struct Provider {
    clock: Arc<WorldClock>,
    state: Mutex<(Books, Dice, Rates)>,
}

impl Provider {
    /// A provider that is up and has paid nothing.
    pub fn new(seed: u64, rates: Rates, clock: Arc<WorldClock>) -> Self {
        Self { clock, state: Mutex::new((Books::default(), Dice::new(seed, "provider"), rates)) }
    }

    /// It goes down, or comes back.
    pub fn set_down(&self, down: bool) {
        locked(&self.state).0.down = down;
    }

    /// From now on things go wrong this often.
    pub fn set_rates(&self, rates: Rates) {
        locked(&self.state).2 = rates;
    }

    /// Results that it will call back about, and when, since this was asked last.
    pub fn take_news(&self) -> Vec<(Timestamp, PayoutId)> {
        std::mem::take(&mut locked(&self.state).0.news)
    }

    /// What it says of a transfer now.
    pub fn says(&self, id: PayoutId) -> Option<PayoutNews> {
        let now = self.clock.now();
        Some(locked(&self.state).0.transfers.get(&id)?.last()?.news(now))
    }

    /// Its whole list.
    pub fn transfers(&self) -> BTreeMap<PayoutId, Vec<Transfer>> {
        locked(&self.state).0.transfers.clone()
    }

    /// What went wrong so far.
    pub fn tally(&self) -> Tally {
        locked(&self.state).0.tally.clone()
    }
}

impl MoneyOut for Provider {
    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        let now = self.clock.now();
        let (books, dice, rates) = &mut *locked(&self.state);
        Box::pin(ready(books.pay(&payout, now, dice, *rates)))
    }

    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        let now = self.clock.now();
        let (books, dice, rates) = &mut *locked(&self.state);
        let silent = books.down || books.happens(dice, rates.pay_silent, "money question unanswered");
        let known = books.transfers.get(&payout.id).and_then(|list| list.last());
        let news = match known {
            _ if silent => PayoutNews::Unknown { why: "no answer".to_owned() },
            Some(transfer) => transfer.news(now),
            None => PayoutNews::NotTaken { why: "no such transfer".to_owned() },
        };
        Box::pin(ready(news))
    }

    fn keeps_ids(&self, _: &str) -> Duration {
        // A little less than it does, as a careful operator would set it.
        REMEMBERS - Duration::from_secs(600)
    }

    fn is_up(&self, _: Msisdn) -> bool {
        !locked(&self.state).0.down
    }
}

impl Books {
    fn happens(&mut self, dice: &mut Dice, rate: u32, what: &'static str) -> bool {
        let happens = dice.in_thousand(rate);
        if happens {
            self.tally.add(what);
        }
        happens
    }

    fn pay(&mut self, payout: &PayOut, now: Timestamp, dice: &mut Dice, rates: Rates) -> PayoutNews {
        if self.down && dice.in_thousand(700) {
            return PayoutNews::NotTaken { why: "connection refused".to_owned() };
        }
        let silent = self.down || self.happens(dice, rates.pay_silent, "money request unanswered");
        // A request that got no answer was taken, or never came.
        if silent && dice.in_thousand(400) {
            return PayoutNews::Unknown { why: "no answer".to_owned() };
        }
        let remembered = |transfer: &&Transfer| now.since(transfer.asked) < REMEMBERS;
        let known = self.transfers.get(&payout.id).and_then(|list| list.last()).filter(remembered);
        let news = match known {
            Some(transfer) => transfer.news(now),
            None => self.take(payout, now, dice, rates),
        };
        if silent { PayoutNews::Unknown { why: "no answer".to_owned() } } else { news }
    }

    fn take(&mut self, payout: &PayOut, now: Timestamp, dice: &mut Dice, rates: Rates) -> PayoutNews {
        self.count += 1;
        let fails = self.happens(dice, rates.pay_fails, "payout failed");
        let reversed = !fails && self.happens(dice, rates.pay_reversed, "payout came back");
        let after_all = fails && self.happens(dice, rates.pay_contradicts * 10, "payout paid after all");
        let ends = if dice.in_thousand(300) { now } else { now.after(dice.seconds(1, 90)) };
        let why = dice.one(&WHY).copied().unwrap_or("declined").to_owned();
        let end = if fails { End::Failed(why) } else { End::Paid(format!("SJK{:07}", self.count)) };
        let later = |dice: &mut Dice| ends.after(dice.hours(1, 96));
        let transfer = Transfer {
            to: payout.to,
            shillings: payout.shillings,
            asked: now,
            end,
            ends,
            reversed: reversed.then(|| later(dice)),
            paid_after_all: after_all.then(|| later(dice)),
        };
        let odd = self.happens(dice, rates.result_odd, "payout result lost or repeated");
        let calls = if odd { [0, 2, 3][dice.below(3) as usize] } else { 1 };
        let told = [Some(ends), transfer.reversed, transfer.paid_after_all];
        for at in told.into_iter().flatten() {
            // What happens later is always told in the end: no one would ask about it again.
            let calls = if at == ends { calls } else { calls.max(1) };
            for _ in 0..calls {
                self.news.push((at.after(dice.seconds(1, 40)), payout.id));
            }
        }
        let news = transfer.news(now);
        self.transfers.entry(payout.id).or_default().push(transfer);
        news
    }
}
