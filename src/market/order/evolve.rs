//! How an order changes.

use super::pickup::{self, Pickup};
use super::{Check, HandOver, Order, OrderEvent, OrderStage, RefundWhy, Step, Terms};
use crate::types::Timestamp;

use OrderEvent as E;
use OrderStage as S;

/// The state after an event.
pub fn evolve(state: Option<Order>, event: &OrderEvent, at: Timestamp) -> Option<Order> {
    let Some(mut order) = state else {
        let E::Placed(terms) = event else { return None };
        return Some(placed(terms, at));
    };
    let before = order.stage;
    change(&mut order, event, at);
    if order.stage != before {
        order.since = at;
    }
    if let Some(step) = step(&order, event) {
        order.steps.push((step, at));
    }
    Some(order)
}

fn placed(terms: &Terms, at: Timestamp) -> Order {
    Order {
        terms: terms.clone(),
        stage: S::Placed,
        payment: None,
        offer: None,
        offered_to: Vec::new(),
        refused_by: None,
        maker: None,
        mentoring: None,
        due: None,
        accepted: 0,
        passed: 0,
        short: 0,
        check: None,
        custody: Vec::new(),
        pickup: None,
        refunds: Vec::new(),
        steps: vec![(Step::Placed, at)],
        since: at,
    }
}

fn change(order: &mut Order, event: &OrderEvent, at: Timestamp) {
    match event {
        E::Placed(_) => {}
        E::Paid { payment, .. } => {
            order.payment = Some(payment.clone());
            order.stage = S::Paid;
        }
        E::Expired => order.stage = S::Expired,
        E::Offered(offer) => {
            order.offer = Some(*offer);
            order.offered_to.push(offer.to);
            order.due = Some(offer.due);
            order.stage = S::Offered;
        }
        E::Accepted { by, pieces, due, mentoring } => {
            order.offer = None;
            order.maker = Some(*by);
            order.mentoring = *mentoring;
            order.due = Some(*due);
            order.accepted = *pieces;
            order.stage = S::Making;
        }
        E::Refused { by } => {
            order.offer = None;
            order.refused_by = Some(*by);
            order.stage = S::Paid;
        }
        E::Lapsed { .. } => {
            order.offer = None;
            order.stage = S::Paid;
        }
        E::MarkedReady { .. } => order.stage = S::Ready,
        E::RiderAsked(errand) => pickup::asked(order, errand),
        E::RiderGoes { by } => with_pickup(order, |pickup| pickup.going = Some(*by)),
        E::RiderLeft { by } => with_pickup(order, |pickup| {
            pickup.handed_back.push(*by);
            pickup.going = pickup.going.filter(|going| going != by);
            pickup.asked = pickup.asked.filter(|(asked, _)| asked != by);
        }),
        E::NoRider => with_pickup(order, |pickup| pickup.asked = None),
        E::NumberMissed { .. } => with_pickup(order, |pickup| pickup.wrong = pickup.wrong.saturating_add(1)),
        E::PickedUp(hand_over) => {
            order.custody.push(*hand_over);
            order.stage = S::WithRider;
        }
        E::Received(hand_over) => receive(order, *hand_over),
        E::Passed { pieces, .. } => {
            order.passed += pieces;
            if let Some(check) = &mut order.check {
                check.passed += pieces;
            }
        }
        E::Failed { pieces, reason, .. } => {
            if let Some(check) = &mut order.check {
                check.failed += pieces;
                check.reason = Some(*reason);
            }
        }
        E::SentBack { due, .. } => {
            order.due = Some(*due);
            order.stage = S::Making;
        }
        E::Shorted { pieces } => order.short += pieces,
        E::Completed => order.stage = if order.passed > 0 { S::Released } else { S::Refunded },
        E::RefundDue(refund) => {
            order.refunds.push(*refund);
            // Nothing of it will ever be made: the order is over.
            if refund.why != RefundWhy::Short && order.maker.is_none() {
                order.offer = None;
                order.stage = S::Refunded;
            }
        }
        E::RefundDone { round } => {
            for refund in order.refunds.iter_mut().filter(|refund| refund.round == *round) {
                refund.done = Some(at);
            }
        }
    }
}

fn with_pickup(order: &mut Order, change: impl FnOnce(&mut Pickup)) {
    if let Some(pickup) = &mut order.pickup {
        change(pickup);
    }
}

/// A parcel at a kiosk is judged from the beginning.
fn receive(order: &mut Order, hand_over: HandOver) {
    order.check = Some(Check {
        round: order.check.map_or(1, |last| last.round + 1),
        by: hand_over.receiver,
        came: hand_over.pieces,
        passed: 0,
        failed: 0,
        reason: None,
    });
    order.custody.push(hand_over);
    order.pickup = None;
    order.stage = S::AtKiosk;
}

fn step(order: &Order, event: &OrderEvent) -> Option<Step> {
    Some(match event {
        E::Paid { .. } => Step::Paid,
        E::Expired => Step::Expired,
        E::Offered(_) => Step::Offered,
        E::Accepted { .. } => Step::Accepted,
        E::Refused { .. } => Step::Refused,
        E::Lapsed { .. } => Step::Lapsed,
        E::MarkedReady { .. } => Step::Ready,
        E::PickedUp(_) => Step::WithRider,
        E::Received(_) => Step::AtKiosk,
        E::SentBack { .. } => Step::Rework,
        E::Shorted { .. } => Step::Short,
        E::Completed if order.passed > 0 => Step::Checked,
        E::RefundDone { .. } => Step::Refunded,
        E::Placed(_)
        | E::Passed { .. }
        | E::Failed { .. }
        | E::Completed
        | E::RefundDue(_)
        | E::RiderAsked(_)
        | E::RiderGoes { .. }
        | E::RiderLeft { .. }
        | E::NoRider
        | E::NumberMissed { .. } => return None,
    })
}
