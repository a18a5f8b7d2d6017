//! An order after it was taken: a day that moves, pieces that will never come and what the shopper
//! chooses then, a change of mind.

use super::decide::{gone, offered, refund, refund_keeping};
use super::{Order, OrderEvent, OrderStage, RefundWhy};
use crate::market::{Actor, Policy, Refusal, Role};
use crate::types::{Kes, PartyId, Timestamp, Usd};
use serde::{Deserialize, Serialize};

use OrderEvent as E;
use OrderStage as S;

/// Why it takes longer, as she says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateWhy {
    /// Materials came late.
    Materials,
    /// Something at home.
    Home,
    /// Many orders at once.
    Busy,
    /// Something else.
    Other,
}

impl LateWhy {
    /// Every one, in the order of its number.
    pub const ALL: [Self; 4] = [Self::Materials, Self::Home, Self::Busy, Self::Other];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Materials => "materials",
            Self::Home => "home",
            Self::Busy => "busy",
            Self::Other => "other",
        }
    }
}

/// A day that was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// The day that was promised first.
    pub promised: Timestamp,
    /// Why, as she said last.
    pub why: LateWhy,
    /// How many days she asked for last.
    pub days: u32,
    /// When she did.
    pub asked: Timestamp,
}

/// What the shopper is asked when pieces will never come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Counts the order's questions: 1, 2, ...
    pub round: u32,
    /// How many pieces it is about.
    pub pieces: u32,
    /// Without an answer until then, their money goes back.
    pub until: Timestamp,
    /// The answer: `true` when they are to be made again.
    pub again: Option<bool>,
    /// They came before anybody had answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brought: bool,
}

/// A change of mind after somebody had begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// What the maker keeps for her materials.
    pub materials: Kes,
    /// What the shopper does not get back for it, at the locked rate: the materials, up to the next
    /// cent of a dollar.
    pub kept: Kes,
}

impl Order {
    /// True while she mends what failed, rather than making something.
    pub fn is_mending(&self) -> bool {
        use super::Step::{Accepted, Rework};
        let last = self.steps.iter().rev().find(|(step, _)| matches!(step, Accepted | Rework));
        self.stage == S::Making && last.is_some_and(|(step, _)| *step == Rework)
    }

    /// True while it waits for the answer of this person.
    pub fn is_offered_to(&self, person: PartyId) -> bool {
        self.stage == S::Offered && self.offer.is_some_and(|offer| offer.to == person)
    }

    /// The question that waits for the shopper's answer.
    pub fn asked(&self) -> Option<&Choice> {
        let open = |choice: &&Choice| choice.again.is_none() && !choice.brought;
        self.choice.as_ref().filter(|choice| self.stage == S::Choosing && open(choice))
    }

    /// What goes back to the card for some of the pieces, shipping with the last of them.
    pub fn refund_of(&self, pieces: u32) -> Usd {
        match refund(self, pieces, RefundWhy::Short) {
            E::RefundDue(refund) => refund.back,
            _ => Usd::ZERO,
        }
    }

    /// What a change of mind costs the shopper now; `None` when it is too late for one.
    pub fn cancelling_costs(&self, policy: &Policy) -> Option<Usd> {
        match self.stage {
            // A part is its buyer's only by way of the request.
            _ if self.terms.bulk.is_some() => None,
            S::Paid | S::Offered | S::Choosing => Some(Usd::ZERO),
            S::Making if self.may_still_cancel() => Some(self.materials(policy).1),
            _ => None,
        }
    }

    /// She has begun, and has not said that anything is ready.
    fn may_still_cancel(&self) -> bool {
        !self.steps.iter().any(|(step, _)| matches!(step, super::Step::Ready | super::Step::AtKiosk))
    }

    /// What her materials are worth in whole shillings, and the dollars that cover it.
    fn materials(&self, policy: &Policy) -> (Kes, Usd) {
        let quote = &self.terms.quote;
        let share = quote.maker_gets(self.outstanding()).share(policy.order.materials_bp);
        let materials = Kes::major(share.whole());
        match quote.rate.to_usd_up(materials) {
            Some(kept) => (materials, kept),
            None => (Kes::ZERO, Usd::ZERO),
        }
    }
}

/// She needs so many days more than she has; never past the most that a promise may move.
pub(super) fn postpone(
    order: &Order, by: PartyId, days: u32, why: LateWhy, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    let hers = order.maker == Some(by);
    let (true, S::Making, Some(due)) = (hers, order.stage, order.due) else {
        let known = hers || order.offered_to.contains(&by);
        return Err(if known { gone(order) } else { Refusal::NotAllowed });
    };
    // Asked again on the same day, since the answer was lost, it is the same answer.
    if order.late.is_some_and(|late| late.days == days && now < late.asked.after(policy.days(1))) {
        return Ok(vec![]);
    }
    let promised = order.late.map_or(due, |late| late.promised);
    let (from, last) = (due.max(now), promised.after(policy.latest()));
    let most = last.since(from).as_secs() / 86_400;
    if days == 0 || u64::from(days) > most {
        return Err(Refusal::OutOfRange { min: 1, max: most as i64 });
    }
    Ok(vec![E::Postponed { by, due: from.after(policy.days(days)), days, why }])
}

/// Pieces will never come: the shopper says what becomes of them. Those of a part are refunded, and
/// the request counts them.
pub(super) fn short(order: &Order, policy: &Policy, now: Timestamp) -> Vec<OrderEvent> {
    let pieces = order.outstanding();
    if order.terms.bulk.is_some() {
        return vec![E::Shorted { pieces }, refund(order, pieces, RefundWhy::Short), E::Completed];
    }
    let round = order.choice.map_or(1, |last| last.round + 1);
    let until = now.after(policy.choosing());
    vec![E::Shorted { pieces }, E::ChoiceAsked(Choice { round, pieces, until, again: None, brought: false })]
}

/// `by` is the maker or an agent, or nobody: the desk, which gives up what got lost on its way too, or
/// lies at a kiosk that does not judge it.
pub(super) fn give_up(
    order: &Order, by: Option<Actor>, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    if by.is_some_and(|by| order.maker != Some(by.id) && by.role != Role::Agent) {
        return Err(Refusal::NotAllowed);
    }
    match order.stage {
        S::WithRider | S::AtKiosk if by.is_none() && order.outstanding() > 0 => Ok(short(order, policy, now)),
        S::Making | S::Ready if order.outstanding() > 0 => Ok(short(order, policy, now)),
        S::Choosing | S::Released | S::Refunded if order.short > 0 => Ok(vec![]),
        _ => Err(gone(order)),
    }
}

/// The day has passed, and days of grace with it.
pub(super) fn run_out(order: &Order, policy: &Policy, now: Timestamp) -> Result<Vec<OrderEvent>, Refusal> {
    let (S::Making, Some(due)) = (order.stage, order.due) else { return Ok(vec![]) };
    let until = policy.given_up(due);
    if now < until { Err(Refusal::TooEarly { until }) } else { Ok(short(order, policy, now)) }
}

/// The shopper's answer, or `None` when the time for it is up.
pub(super) fn choose(
    order: &Order, round: u32, again: Option<bool>, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    let Some(choice) = order.choice.filter(|choice| choice.round == round) else { return Err(gone(order)) };
    match (choice.again, again) {
        (None, None) if choice.brought => return Ok(vec![]),
        (None, Some(_)) if choice.brought => return Err(gone(order)),
        (Some(_), None) => return Ok(vec![]),
        (Some(said), Some(says)) if said == says => return Ok(vec![]),
        (Some(_), Some(_)) => return Err(Refusal::AlreadyAnswered { pieces: choice.pieces }),
        (None, None) if now < choice.until => return Err(Refusal::TooEarly { until: choice.until }),
        (None, _) => {}
    }
    let (Some(maker), S::Choosing) = (order.maker, order.stage) else { return Err(gone(order)) };
    if again == Some(true) {
        return Ok(vec![E::Chosen { again: true }, offered(order, maker, policy, now)]);
    }
    let back = refund(order, choice.pieces, RefundWhy::Short);
    Ok(vec![E::Chosen { again: false }, back, E::Completed])
}

/// Free until somebody has taken it; after that the maker keeps her materials; once anything is ready
/// it is too late.
pub(super) fn cancel(order: &Order, policy: &Policy, now: Timestamp) -> Result<Vec<OrderEvent>, Refusal> {
    match order.stage {
        _ if order.terms.bulk.is_some() => Err(Refusal::NotAllowed),
        S::Placed => Ok(vec![E::Expired]),
        S::Paid | S::Offered => {
            let back = refund(order, order.untaken(), RefundWhy::Cancelled);
            Ok(std::iter::once(back).chain(order.maker.map(|_| E::Completed)).collect())
        }
        S::Choosing => choose(order, order.choice.map_or(0, |choice| choice.round), Some(false), policy, now),
        S::Making if order.may_still_cancel() => {
            let (materials, keeps) = order.materials(policy);
            let kept = order.terms.quote.in_shillings(keeps);
            let back = refund_keeping(order, order.outstanding(), RefundWhy::Cancelled, keeps);
            Ok(vec![E::Cancelled(Cancellation { materials, kept }), back, E::Completed])
        }
        S::Expired => Ok(vec![]),
        _ if order.refunds.iter().any(|refund| refund.why == RefundWhy::Cancelled) => Ok(vec![]),
        _ => Err(gone(order)),
    }
}
