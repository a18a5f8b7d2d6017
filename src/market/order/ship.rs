//! From the shelf of a kiosk to the shopper's door: packed, handed to a carrier, delivered; what the
//! carrier took, and the shopper's thanks.

use super::decide::gone;
use super::{Order, OrderEvent, OrderStage};
use crate::market::policy::HEAVIEST_GRAMS;
use crate::market::{Actor, Policy, Refusal, Role};
use crate::types::{Kes, PartyId, Timestamp, Usd};
use serde::{Deserialize, Serialize};

use OrderEvent as E;
use OrderStage as S;

/// The longest word of thanks, in letters: it travels in one SMS.
pub const LONGEST_THANKS: usize = 110;

/// A parcel on its way to the shopper, with its customs line. The goods are of Kenya.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Who packed it and handed it over.
    pub by: PartyId,
    /// How many pieces.
    pub pieces: u32,
    /// What it weighs, in grams.
    pub grams: u32,
    /// Class of the Harmonized System.
    pub hs: String,
    /// What the customs are told it is worth: the shop price of its pieces.
    pub value: Usd,
    /// The carrier's number of it.
    pub tracking: Option<String>,
    /// What the carrier was paid.
    pub settled: Option<Kes>,
}

/// What the shopper writes when it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thanks {
    /// Her words, on one line.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Whether somebody at the desk passed it on to the maker.
    pub passed: Option<bool>,
}

impl Order {
    /// Pieces that are to be sent, or were.
    pub fn to_send(&self) -> u32 {
        self.passed.saturating_sub(self.complained_of())
    }

    /// The agent whose shelf it waits on, packed by nobody yet.
    pub fn waits_with(&self) -> Option<PartyId> {
        let waits = self.stage == S::Released && self.parcel.is_none() && self.to_send() > 0;
        self.shelf().filter(|_| waits)
    }

    /// The agent who has most of what passed. What was mended may have come to another kiosk than the
    /// rest, and it may be there that nothing passed.
    fn shelf(&self) -> Option<PartyId> {
        let check = self.check?;
        let elsewhere = self.passed.saturating_sub(check.passed);
        // Whoever gave it on has it no more; what a kiosk has it gives to carriers alone.
        let gave = |who: PartyId| self.custody.iter().any(|passed| passed.giver == who);
        let mut kiosks = self.custody.iter().map(|passed| passed.receiver).filter(|who| !gave(*who));
        let was_here = kiosks.clone().filter(|kiosk| *kiosk == check.by).count() > 1;
        let before = kiosks.rfind(|kiosk| *kiosk != check.by);
        match before {
            Some(before) if elsewhere > check.passed && !was_here => Some(before),
            _ => Some(check.by),
        }
    }

    /// True from the carrier's hands on.
    pub const fn is_sent(&self) -> bool {
        matches!(self.stage, S::Shipped | S::Delivered | S::Closed)
    }
}

pub(super) fn send(order: &Order, by: Actor, grams: u32, hs: &str) -> Result<Vec<OrderEvent>, Refusal> {
    if by.role != Role::Agent {
        return Err(Refusal::NotAllowed);
    }
    if let Some(parcel) = &order.parcel {
        return match (parcel.by == by.id, parcel.grams == grams) {
            (true, true) => Ok(vec![]),
            // A weight that was mistyped, until the carrier is paid by it.
            (true, false) if order.stage == S::Shipped && parcel.settled.is_none() => {
                weighs(grams).map(|grams| vec![E::Packed(Parcel { grams, ..parcel.clone() })])
            }
            _ => Err(gone(order)),
        };
    }
    match order.waits_with() {
        None => return Err(gone(order)),
        Some(holder) if holder != by.id => return Err(Refusal::NotInCustody),
        Some(_) => {}
    }
    let grams = weighs(grams)?;
    let pieces = order.to_send();
    let value = order.terms.quote.goods(pieces);
    let (by, hs) = (by.id, hs.to_owned());
    let parcel = Parcel { by, pieces, grams, hs, value, tracking: None, settled: None };
    Ok(vec![E::Packed(parcel), E::Shipped])
}

fn weighs(grams: u32) -> Result<u32, Refusal> {
    let range = Refusal::OutOfRange { min: 1, max: i64::from(HEAVIEST_GRAMS) };
    if (1..=HEAVIEST_GRAMS).contains(&grams) { Ok(grams) } else { Err(range) }
}

/// A carrier's number as it is kept: capitals and digits, 4 to 30 of them.
fn tracking_number(text: &str) -> Option<String> {
    let number: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let fits = (4..=30).contains(&number.len()) && number.bytes().all(|octet| octet.is_ascii_alphanumeric());
    fits.then(|| number.to_ascii_uppercase())
}

/// `by` is the agent who handed it over, or nobody: the desk.
pub(super) fn track(order: &Order, by: Option<Actor>, number: &str) -> Result<Vec<OrderEvent>, Refusal> {
    let Some(parcel) = &order.parcel else { return Err(gone(order)) };
    if by.is_some_and(|by| by.id != parcel.by) {
        return Err(Refusal::NotInCustody);
    }
    let number = tracking_number(number).ok_or(Refusal::OutOfRange { min: 4, max: 30 })?;
    match order.stage {
        _ if parcel.tracking.as_ref() == Some(&number) => Ok(vec![]),
        S::Shipped => Ok(vec![E::Tracked { number }]),
        _ => Err(gone(order)),
    }
}

pub(super) fn deliver(order: &Order) -> Result<Vec<OrderEvent>, Refusal> {
    match order.stage {
        S::Shipped => Ok(vec![E::Delivered]),
        S::Delivered | S::Closed => Ok(vec![]),
        _ => Err(gone(order)),
    }
}

pub(super) fn close(order: &Order, policy: &Policy, now: Timestamp) -> Result<Vec<OrderEvent>, Refusal> {
    let (delivered, stays) = (order.stage == S::Delivered, policy.closing());
    let until = order.since.after(if delivered { stays } else { policy.arrival() });
    match order.stage {
        S::Shipped | S::Delivered if now >= until => Ok(vec![E::Closed]),
        S::Shipped | S::Delivered => Err(Refusal::TooEarly { until }),
        S::Closed => Ok(vec![]),
        _ => Err(gone(order)),
    }
}

pub(super) fn settle(order: &Order, cost: Kes) -> Result<Vec<OrderEvent>, Refusal> {
    let Some(parcel) = &order.parcel else { return Err(gone(order)) };
    match parcel.settled {
        Some(known) if known == cost => Ok(vec![]),
        Some(_) => Err(Refusal::AlreadyExists),
        None if cost < Kes::ZERO => Err(Refusal::OutOfRange { min: 0, max: i64::MAX }),
        None => Ok(vec![E::CarrierPaid { cost }]),
    }
}

pub(super) fn thank(order: &Order, text: &str) -> Result<Vec<OrderEvent>, Refusal> {
    if !order.is_sent() {
        return Err(gone(order));
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let letters = text.chars().count();
    if letters == 0 || letters > LONGEST_THANKS || text.contains(|c: char| c.is_control()) {
        return Err(Refusal::OutOfRange { min: 1, max: LONGEST_THANKS as i64 });
    }
    match &order.thanks {
        None => Ok(vec![E::Thanked { text }]),
        Some(known) if known.text == text => Ok(vec![]),
        Some(_) => Err(Refusal::AlreadyExists),
    }
}

pub(super) fn read_thanks(order: &Order, pass: bool) -> Result<Vec<OrderEvent>, Refusal> {
    match order.thanks.as_ref().ok_or(Refusal::NotFound)?.passed {
        None => Ok(vec![E::ThanksRead { passed: pass }]),
        Some(passed) if passed == pass => Ok(vec![]),
        Some(_) => Err(Refusal::gone("read")),
    }
}
