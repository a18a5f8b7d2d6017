//! A kiosk as far as it is more than its agent: whether it may pay cash, what it keeps of ours, the
//! month's count of the display, the receipts in its book, and how its verdicts stand up.

mod inspection;
mod stock;
#[cfg(test)]
mod tests;

pub use inspection::{LEAST_PARCELS, Sample, Tally, differs, is_chosen};
pub use stock::{BoxSize, Count, MOST_AT_ONCE, MOST_LEFT, Stock, Supply};

use super::{Policy, Refusal};
use crate::types::time::NAIROBI;
use crate::types::{PartyId, PayoutId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Samples whose verdict is known are kept until so many newer ones are.
const SAMPLES_KEPT: usize = 50;
/// How long wrong cash numbers count.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What kiosks have that were opened before they had a secret.
pub const NO_SECRET: [u64; 2] = [0; 2];
/// The most receipts that are printed at once.
pub const MOST_RECEIPTS: u32 = 200;

/// Why a kiosk pays no cash numbers for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The payment whose owner says that she never got it.
    pub cash: PayoutId,
    /// Since when.
    pub since: Timestamp,
    /// Payments that were denied since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<PayoutId>,
}

impl Stop {
    /// Whether this payment is one that was denied.
    pub fn names(&self, cash: PayoutId) -> bool {
        self.cash == cash || self.others.contains(&cash)
    }
}

/// Cash numbers that were typed here and that nobody was ever told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misses {
    /// How many.
    pub count: u32,
    /// Since when; after a day they count no more.
    pub since: Timestamp,
}

impl Misses {
    fn count_at(self, now: Timestamp) -> bool {
        now < self.since.after(DAY)
    }
}

/// The month's question about the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Display {
    /// The month, as 202612.
    pub month: u32,
    /// The leaflets counted, once the agent has answered.
    pub counted: Option<u32>,
}

/// A kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kiosk {
    /// Its agent.
    pub agent: PartyId,
    /// What chooses the parcels that are looked at again; nobody at the kiosk may know it.
    #[serde(default)]
    pub secret: [u64; 2],
    /// Why it pays no cash, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stop>,
    /// Wrong cash numbers of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misses: Option<Misses>,
    /// What it keeps.
    #[serde(default)]
    pub stock: Stock,
    /// Whether its agent was told that something runs out.
    #[serde(default)]
    pub low: bool,
    /// The last question about the display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
    /// Receipts printed for it.
    #[serde(default)]
    pub pages: u32,
    /// How the parcels stood that it checked.
    #[serde(default)]
    pub tally: Tally,
    /// Parcels that are looked at again, oldest first; old ones with a verdict are let go.
    #[serde(default)]
    pub samples: Vec<Sample>,
}

/// What can be asked of a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KioskCommand {
    /// Have a row of its own.
    Open {
        /// Its agent.
        agent: PartyId,
        /// What chooses the parcels that are looked at again.
        secret: [u64; 2],
    },
    /// Pay no cash until somebody at the desk has looked at it.
    StopCash {
        /// The payment that was denied.
        cash: PayoutId,
    },
    /// A denied payment was looked at: pay cash again, unless another was denied too.
    AllowCash {
        /// Which.
        cash: PayoutId,
    },
    /// A cash number was typed that nobody was ever told.
    MissNumber,
    /// Boxes or leaflets came.
    CountIn {
        /// Which.
        supply: Supply,
        /// How many.
        count: u32,
    },
    /// A parcel was packed into a box.
    UseBox {
        /// Which.
        size: BoxSize,
    },
    /// Ask for the month's count of the display.
    AskDisplay,
    /// The agent says how many leaflets are on display.
    CountDisplay {
        /// How many.
        leaflets: u32,
    },
    /// The last piece of a parcel was judged here.
    Judged {
        /// The order.
        order: SpokenCode,
        /// Which of its parcels.
        round: u32,
        /// Pieces that passed.
        passed: u32,
        /// Pieces that failed.
        failed: u32,
    },
    /// The depot has looked at a parcel again.
    LookAgain {
        /// The order.
        order: SpokenCode,
        /// Which of its parcels; none for the first that nobody has looked at.
        round: Option<u32>,
        /// Of the pieces passed, how many are good.
        good: u32,
    },
    /// Print receipts.
    PrintReceipts {
        /// How many.
        count: u32,
    },
}

/// What happened to a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KioskEvent {
    /// It has a row of its own.
    Opened {
        /// Its agent.
        agent: PartyId,
        /// What chooses the parcels that are looked at again.
        #[serde(default)]
        secret: [u64; 2],
    },
    /// It pays no cash for now.
    CashStopped {
        /// The payment that was denied.
        cash: PayoutId,
    },
    /// One of several denied payments was looked at.
    DenialSettled {
        /// Which.
        cash: PayoutId,
    },
    /// It pays cash again.
    CashAllowed,
    /// A cash number was typed that nobody was ever told.
    NumberMissed,
    /// Boxes or leaflets were counted in.
    CountedIn {
        /// Which.
        supply: Supply,
        /// How many.
        count: u32,
    },
    /// Some were used.
    Used {
        /// Which.
        supply: Supply,
        /// How many.
        count: u32,
    },
    /// Something runs out.
    RanLow,
    /// Nothing runs out any more.
    Restocked,
    /// The month's count of the display was asked for.
    DisplayAsked {
        /// The month, as 202612.
        month: u32,
    },
    /// It was answered.
    DisplayCounted {
        /// The month, as 202612.
        month: u32,
        /// Leaflets on display.
        leaflets: u32,
    },
    /// A parcel was judged to the last piece.
    ParcelJudged {
        /// Whether all of it passed.
        whole: bool,
    },
    /// The depot looks at a parcel again.
    Sampled(Sample),
    /// It has done so.
    LookedAgain {
        /// The order.
        order: SpokenCode,
        /// Which of its parcels.
        round: u32,
        /// Of the pieces passed, how many are good.
        good: u32,
    },
    /// Receipts were printed.
    ReceiptsPrinted {
        /// How many.
        count: u32,
    },
}

impl Kiosk {
    /// Whether so many wrong numbers were typed here that more would be guessing.
    pub fn guesses(&self, policy: &Policy, now: Timestamp) -> bool {
        self.misses.is_some_and(|misses| misses.count_at(now) && misses.count >= policy.cash.wrong_a_day)
    }

    /// The month whose count is still asked for at a moment.
    pub fn asks(&self, at: Timestamp) -> Option<u32> {
        let month = month_of(at);
        self.display.filter(|shown| shown.month == month && shown.counted.is_none()).map(|_| month)
    }
}

/// The month of a moment in Nairobi, as 202612.
pub fn month_of(at: Timestamp) -> u32 {
    let (year, month, _) = at.civil(NAIROBI);
    u32::try_from(year).unwrap_or_default() * 100 + month
}

/// When the display is counted next: at eight in the morning of that day of the month, Nairobi time.
pub fn next_count(after: Timestamp, day: u32) -> Timestamp {
    let (year, month, _) = after.civil(NAIROBI);
    let moment = |year, month| {
        let midnight = Timestamp::of_day(year, month, day, NAIROBI);
        midnight.map(|at| at.after(std::time::Duration::from_secs(8 * 3_600)))
    };
    let next = if month == 12 { moment(year + 1, 1) } else { moment(year, month + 1) };
    let this = moment(year, month).filter(|at| *at > after);
    // A day that no month lacks is the policy's own rule.
    this.or(next).unwrap_or(after)
}

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Kiosk>, command: &KioskCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<KioskEvent>, Refusal> {
    use {KioskCommand as C, KioskEvent as E};
    let Some(kiosk) = state else {
        return match command {
            C::Open { agent, secret } => Ok(vec![E::Opened { agent: *agent, secret: *secret }]),
            _ => Err(Refusal::NotFound),
        };
    };
    let event = match command {
        // One of an older release chooses none by a secret yet.
        C::Open { agent, secret } if kiosk.agent == *agent && kiosk.secret == NO_SECRET => {
            E::Opened { agent: *agent, secret: *secret }
        }
        C::Open { agent, .. } if kiosk.agent == *agent => return Ok(vec![]),
        C::Open { .. } => return Err(Refusal::AlreadyExists),
        C::StopCash { cash } => match &kiosk.stopped {
            Some(stop) if stop.names(*cash) => return Ok(vec![]),
            _ => E::CashStopped { cash: *cash },
        },
        C::AllowCash { cash } => match &kiosk.stopped {
            Some(stop) if stop.names(*cash) && stop.others.is_empty() => E::CashAllowed,
            Some(stop) if stop.names(*cash) => E::DenialSettled { cash: *cash },
            _ => return Err(Refusal::NotFound),
        },
        C::MissNumber => E::NumberMissed,
        C::CountIn { supply, count } => return count_in(kiosk, *supply, *count, policy),
        C::UseBox { size } if kiosk.stock.of(size.supply()).left() == 0 => {
            return Err(Refusal::SoldOut { left: 0 });
        }
        C::UseBox { size } => return Ok(used(kiosk, size.supply(), 1, policy)),
        C::AskDisplay => match kiosk.display {
            Some(display) if display.month >= month_of(now) => return Ok(vec![]),
            _ => E::DisplayAsked { month: month_of(now) },
        },
        C::CountDisplay { leaflets } => return count_display(kiosk, *leaflets, policy, now),
        C::Judged { order, round, passed, failed } => {
            let mut events = vec![E::ParcelJudged { whole: *failed == 0 }];
            if *passed > 0 && is_chosen(kiosk.secret, *order, *round, policy.stock.look_again_every) {
                let (order, round, passed) = (*order, *round, *passed);
                events.push(E::Sampled(Sample { order, round, passed, at: now, good: None }));
            }
            return Ok(events);
        }
        C::LookAgain { order, round, good } => {
            // Whoever names no round speaks of the first of the order that nobody has looked at.
            let mut of_order = kiosk
                .samples
                .iter()
                .filter(|sample| sample.order == *order && round.is_none_or(|round| sample.round == round));
            let sample = of_order.clone().find(|sample| sample.good.is_none());
            match (sample, of_order.next_back()) {
                (Some(sample), _) if *good > sample.passed => {
                    return Err(Refusal::OutOfRange { min: 0, max: i64::from(sample.passed) });
                }
                (Some(sample), _) => E::LookedAgain { order: *order, round: sample.round, good: *good },
                (None, Some(known)) if known.good == Some(*good) => return Ok(vec![]),
                (None, Some(_)) => return Err(Refusal::AlreadyExists),
                (None, None) => return Err(Refusal::NotFound),
            }
        }
        C::PrintReceipts { count } if !(1..=MOST_RECEIPTS).contains(count) => {
            return Err(Refusal::OutOfRange { min: 1, max: i64::from(MOST_RECEIPTS) });
        }
        C::PrintReceipts { count } => E::ReceiptsPrinted { count: *count },
    };
    Ok(vec![event])
}

fn count_in(kiosk: &Kiosk, supply: Supply, count: u32, policy: &Policy) -> Result<Vec<KioskEvent>, Refusal> {
    let room = MOST_LEFT.saturating_sub(kiosk.stock.of(supply).left()).min(MOST_AT_ONCE);
    if !(1..=room).contains(&count) {
        return Err(Refusal::OutOfRange { min: 1, max: i64::from(room) });
    }
    let mut after = kiosk.stock;
    after.of_mut(supply).came += count;
    let counted = KioskEvent::CountedIn { supply, count };
    Ok(if kiosk.low && !after.is_low(policy) { vec![counted, KioskEvent::Restocked] } else { vec![counted] })
}

/// Uses some; whoever brings more is told when it runs low, once until it is restocked.
fn used(kiosk: &Kiosk, supply: Supply, count: u32, policy: &Policy) -> Vec<KioskEvent> {
    let mut after = kiosk.stock;
    after.of_mut(supply).used += count;
    let used = KioskEvent::Used { supply, count };
    if !kiosk.low && after.is_low(policy) { vec![used, KioskEvent::RanLow] } else { vec![used] }
}

/// The month's answer. Leaflets that are gone were used; more than there should be were never
/// counted in, and are now. A second answer in the month is a better count.
fn count_display(
    kiosk: &Kiosk, leaflets: u32, policy: &Policy, now: Timestamp,
) -> Result<Vec<KioskEvent>, Refusal> {
    let month = month_of(now);
    let Some(display) = kiosk.display.filter(|display| display.month == month) else {
        return Err(Refusal::gone("not_asked"));
    };
    if leaflets > MOST_AT_ONCE {
        return Err(Refusal::OutOfRange { min: 1, max: i64::from(MOST_AT_ONCE) });
    }
    if display.counted == Some(leaflets) {
        return Ok(vec![]);
    }
    let left = kiosk.stock.leaflets.left();
    let mut events = vec![KioskEvent::DisplayCounted { month, leaflets }];
    if leaflets < left {
        events.extend(used(kiosk, Supply::Leaflets, left - leaflets, policy));
    } else if leaflets > left {
        events.extend(count_in(kiosk, Supply::Leaflets, leaflets - left, policy)?);
    }
    Ok(events)
}

/// The state after an event.
pub fn evolve(state: Option<Kiosk>, event: &KioskEvent, at: Timestamp) -> Option<Kiosk> {
    use KioskEvent as E;
    let Some(mut kiosk) = state else {
        let E::Opened { agent, secret } = event else { return None };
        return Some(Kiosk {
            agent: *agent,
            secret: *secret,
            stopped: None,
            misses: None,
            stock: Stock::default(),
            low: false,
            display: None,
            pages: 0,
            tally: Tally::default(),
            samples: Vec::new(),
        });
    };
    match event {
        E::Opened { secret, .. } => kiosk.secret = *secret,
        E::CashStopped { cash } => match &mut kiosk.stopped {
            Some(stop) => stop.others.push(*cash),
            None => kiosk.stopped = Some(Stop { cash: *cash, since: at, others: Vec::new() }),
        },
        E::DenialSettled { cash } => {
            if let Some(stop) = &mut kiosk.stopped {
                match stop.others.iter().position(|other| other == cash) {
                    Some(other) => drop(stop.others.remove(other)),
                    None if !stop.others.is_empty() => stop.cash = stop.others.remove(0),
                    None => {}
                }
            }
        }
        E::CashAllowed => kiosk.stopped = None,
        E::NumberMissed => {
            let before = kiosk.misses.filter(|misses| misses.count_at(at));
            let Misses { count, since } = before.unwrap_or(Misses { count: 0, since: at });
            kiosk.misses = Some(Misses { count: count + 1, since });
        }
        E::CountedIn { supply, count } => kiosk.stock.of_mut(*supply).came += count,
        E::Used { supply, count } => kiosk.stock.of_mut(*supply).used += count,
        E::RanLow => kiosk.low = true,
        E::Restocked => kiosk.low = false,
        E::DisplayAsked { month } => kiosk.display = Some(Display { month: *month, counted: None }),
        E::DisplayCounted { month, leaflets } => {
            kiosk.display = Some(Display { month: *month, counted: Some(*leaflets) });
        }
        E::ParcelJudged { whole } => {
            kiosk.tally.parcels += 1;
            kiosk.tally.whole += u64::from(*whole);
        }
        E::Sampled(sample) => {
            kiosk.samples.push(*sample);
            let known = kiosk.samples.iter().position(|sample| sample.good.is_some());
            if let Some(oldest) = known.filter(|_| kiosk.samples.len() > SAMPLES_KEPT) {
                kiosk.samples.remove(oldest);
            }
        }
        E::LookedAgain { order, round, good } => {
            let found = kiosk.samples.iter_mut().find(|s| s.order == *order && s.round == *round);
            if let Some(sample) = found {
                sample.good = Some(*good);
                kiosk.tally.looked += u64::from(sample.passed);
                kiosk.tally.bad += u64::from(sample.passed.saturating_sub(*good));
            }
        }
        E::ReceiptsPrinted { count } => kiosk.pages += count,
    }
    Some(kiosk)
}
