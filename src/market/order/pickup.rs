//! A rider fetches the parcel. Riders are asked one after the other; whoever was asked and has not
//! handed it back may take it, and the parcel changes hands only by the number that the maker says.

use super::{HandOver, Order, OrderEvent, OrderStage};
use crate::market::{Policy, Refusal};
use crate::types::{Kes, PartyId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

use OrderEvent as E;
use OrderStage as S;

/// A parcel that a rider is to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    /// Which of the order's parcels: 1, 2, ...
    pub round: u32,
    /// The number the maker says when she gives the parcel away; once, and to no one else.
    pub number: SpokenCode,
    /// What the rider earns on arrival.
    pub fee: Kes,
    /// Who is asked now, and until when.
    pub asked: Option<(PartyId, Timestamp)>,
    /// Everybody asked so far, in order.
    pub asked_so_far: Vec<PartyId>,
    /// Those among them who will not.
    pub handed_back: Vec<PartyId>,
    /// Who said that he goes for it.
    pub going: Option<PartyId>,
    /// Wrong numbers so far.
    pub wrong: u8,
}

/// A rider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Whom.
    pub to: PartyId,
    /// After this the next one is asked.
    pub until: Timestamp,
    /// The number the maker says.
    pub number: SpokenCode,
    /// What it earns.
    pub fee: Kes,
    /// Which of the order's parcels.
    pub round: u32,
}

impl Pickup {
    /// Whether this rider may still take the parcel.
    pub fn is_open_to(&self, rider: PartyId) -> bool {
        self.asked_so_far.contains(&rider) && !self.handed_back.contains(&rider)
    }

    /// Wrong numbers that may still be typed.
    pub const fn tries_left(&self, policy: &Policy) -> u8 {
        policy.pin.tries.saturating_sub(self.wrong)
    }
}

impl Order {
    /// Whose task it is now: the carrier's, else whoever goes for it, else whoever is asked.
    pub fn rider(&self) -> Option<PartyId> {
        match self.stage {
            S::WithRider => self.holder(),
            S::Ready => self.pickup.as_ref().and_then(|p| p.going.or(p.asked.map(|(to, _)| to))),
            _ => None,
        }
    }
}

fn gone(order: &Order) -> Refusal {
    Refusal::gone(order.stage.word())
}

/// The open pick-up that this rider may act on.
fn open_to(order: &Order, by: PartyId) -> Result<&Pickup, Refusal> {
    let pickup = order.pickup.as_ref().filter(|_| order.stage == S::Ready).ok_or_else(|| gone(order))?;
    if pickup.is_open_to(by) { Ok(pickup) } else { Err(Refusal::NotAllowed) }
}

pub(super) fn send_for(
    order: &Order, to: PartyId, number: SpokenCode, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    if order.stage != S::Ready {
        return Err(gone(order));
    }
    if order.pickup.is_some() {
        return Ok(vec![]);
    }
    if order.maker == Some(to) {
        return Err(Refusal::NotAllowed);
    }
    let round = order.check.map_or(1, |last| last.round + 1);
    let (until, fee) = (now.after(policy.pickup()), policy.rider_fee());
    Ok(vec![E::RiderAsked(Errand { to, until, number, fee, round })])
}

/// The next rider, or nobody, and then it is for the desk and for the maker's own feet. Nobody is sent for
/// a parcel that no number opens.
fn passed_on(pickup: &Pickup, next: Option<PartyId>, policy: &Policy, now: Timestamp) -> OrderEvent {
    let opens = pickup.tries_left(policy) > 0;
    match next.filter(|next| opens && !pickup.asked_so_far.contains(next)) {
        Some(to) => E::RiderAsked(Errand {
            to,
            until: now.after(policy.pickup()),
            number: pickup.number,
            fee: pickup.fee,
            round: pickup.round,
        }),
        None => E::NoRider,
    }
}

/// Whoever goes for it has one more period for it than he had to say so.
pub(super) fn go_for(
    order: &Order, by: PartyId, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    let pickup = open_to(order, by)?;
    if pickup.tries_left(policy) == 0 {
        return Err(Refusal::gone("locked"));
    }
    match pickup.going {
        Some(going) if going == by => Ok(vec![]),
        Some(_) => Err(Refusal::gone("going")),
        None => {
            let from = pickup.asked.map_or(now, |(_, until)| until.max(now));
            Ok(vec![E::RiderGoes { by, until: Some(from.after(policy.pickup())) }])
        }
    }
}

pub(super) fn hand_back(
    order: &Order, by: PartyId, next: Option<PartyId>, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    if order.pickup.as_ref().is_some_and(|pickup| pickup.handed_back.contains(&by)) {
        return Ok(vec![]);
    }
    let pickup = open_to(order, by)?;
    let left = E::RiderLeft { by };
    // Somebody passed over before hands back nothing that is anybody else's.
    Ok(if order.rider() == Some(by) { vec![left, passed_on(pickup, next, policy, now)] } else { vec![left] })
}

pub(super) fn next_rider(
    order: &Order, next: Option<PartyId>, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    let Some(pickup) = order.pickup.as_ref().filter(|_| order.stage == S::Ready) else { return Ok(vec![]) };
    match (pickup.going, pickup.asked) {
        // The time that he had to answer is over, and he did.
        (Some(_), Some((_, until))) if now < until => Ok(vec![]),
        (None, Some((_, until))) if now < until => Err(Refusal::TooEarly { until }),
        (_, Some(_)) => Ok(vec![passed_on(pickup, next, policy, now)]),
        (_, None) => Ok(vec![]),
    }
}

/// The parcel changes hands with the right number. After the last wrong one no number is right.
pub(super) fn pick_up(
    order: &Order, by: PartyId, number: SpokenCode, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    if order.stage == S::WithRider && order.holder() == Some(by) {
        return Ok(vec![]);
    }
    let pickup = open_to(order, by)?;
    let (Some(giver), left @ 1..) = (order.maker, pickup.tries_left(policy)) else {
        return Err(Refusal::PinLocked);
    };
    if number != pickup.number {
        let missed = E::NumberMissed { by, left: left - 1 };
        // No number opens it any more: whoever was to come for it would come in vain.
        let over = (left == 1 && order.rider().is_some()).then_some(E::NoRider);
        return Ok([missed].into_iter().chain(over).collect());
    }
    Ok(vec![E::PickedUp(HandOver { giver, receiver: by, pieces: order.outstanding(), at: now })])
}

pub(super) fn asked(order: &mut Order, errand: &Errand) {
    let pickup = order.pickup.get_or_insert_with(|| Pickup {
        round: errand.round,
        number: errand.number,
        fee: errand.fee,
        asked: None,
        asked_so_far: Vec::new(),
        handed_back: Vec::new(),
        going: None,
        wrong: 0,
    });
    pickup.asked = Some((errand.to, errand.until));
    pickup.asked_so_far.push(errand.to);
    pickup.going = None;
}
