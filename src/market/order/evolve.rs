//! How an order changes.

use super::hold;
use super::pickup::{self, Pickup};
use super::{Check, HandOver, Late, Order, OrderEvent, OrderStage, Parcel, RefundWhy, Step, Terms, Thanks};
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
        late: None,
        choice: None,
        accepted: 0,
        passed: 0,
        short: 0,
        parcel: None,
        thanks: None,
        complaints: Vec::new(),
        check: None,
        boxes: Vec::new(),
        custody: Vec::new(),
        pickup: None,
        refunds: Vec::new(),
        held: None,
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
            order.late = None;
            order.accepted += pieces;
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
        E::RiderGoes { by, until } => with_pickup(order, |pickup| {
            pickup.going = Some(*by);
            pickup.asked = until.map_or(pickup.asked, |until| Some((*by, until)));
        }),
        E::RiderLeft { by } => with_pickup(order, |pickup| {
            pickup.handed_back.push(*by);
            pickup.going = pickup.going.filter(|going| going != by);
            pickup.asked = pickup.asked.filter(|(asked, _)| asked != by);
        }),
        E::NoRider => with_pickup(order, |pickup| (pickup.asked, pickup.going) = (None, None)),
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
        E::BoxUsed { size, .. } => {
            order.boxes.push(*size);
            if let Some(check) = &mut order.check {
                check.boxed = Some(*size);
            }
        }
        E::SentBack { due, .. } => {
            order.due = Some(*due);
            order.late = None;
            order.stage = S::Making;
        }
        E::Postponed { due, why, days, .. } => {
            let promised = order.late.map(|late| late.promised).or(order.due).unwrap_or(*due);
            order.late = Some(Late { promised, why: *why, days: *days, asked: at });
            order.due = Some(*due);
        }
        E::Shorted { pieces } => {
            order.short += pieces;
            // Whoever has it may still bring it.
            order.pickup = order.pickup.take().filter(|_| order.stage == S::WithRider);
        }
        E::ChoiceAsked(choice) => {
            order.choice = Some(*choice);
            order.stage = S::Choosing;
        }
        E::Chosen { again } => {
            order.pickup = None;
            if let Some(choice) = &mut order.choice {
                choice.again = Some(*again);
            }
        }
        E::BroughtAfterAll { pieces } => {
            order.short = order.short.saturating_sub(*pieces);
            if let Some(choice) = &mut order.choice {
                choice.brought = true;
            }
            order.stage = if order.carrier().is_some() { S::WithRider } else { S::Making };
        }
        // Nothing of it is hers any more; what is refunded is counted there.
        E::Cancelled(_) => order.accepted = order.accepted.saturating_sub(order.outstanding()),
        E::Completed => {
            // What was offered again is not to be had any more.
            (order.offer, order.pickup) = (None, None);
            order.stage = if order.passed > 0 { S::Released } else { S::Refunded };
        }
        E::Packed(parcel) => order.parcel = Some(parcel.clone()),
        E::Shipped => order.stage = S::Shipped,
        E::Tracked { number } => with_parcel(order, |parcel| parcel.tracking = Some(number.clone())),
        E::Delivered => order.stage = S::Delivered,
        E::Closed => order.stage = S::Closed,
        E::CarrierPaid { cost } => with_parcel(order, |parcel| parcel.settled = Some(*cost)),
        E::Thanked { text } => order.thanks = Some(Thanks { text: text.clone(), at, passed: None }),
        E::Complained(complaint) => {
            order.complaints.push(complaint.clone());
            // Nothing is left to send.
            if order.stage == S::Released && order.to_send() == 0 {
                order.stage = S::Refunded;
            }
        }
        E::Returned { paper } => {
            for complaint in order.complaints.iter_mut().filter(|complaint| complaint.paper == *paper) {
                complaint.returned = Some(at);
            }
        }
        E::ThanksRead { passed } => {
            if let Some(thanks) = &mut order.thanks {
                thanks.passed = Some(*passed);
            }
        }
        E::Held => order.held = Some(at),
        E::Freed => hold::freed(order, at),
        E::BankTook(refund) => hold::taken(order, refund, at),
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

fn with_parcel(order: &mut Order, change: impl FnOnce(&mut Parcel)) {
    if let Some(parcel) = &mut order.parcel {
        change(parcel);
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
        boxed: None,
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
        E::Postponed { .. } => Step::Late,
        E::Shorted { .. } => Step::Short,
        E::Cancelled(_) => Step::Cancelled,
        E::Packed(_) if order.stage == S::Released => Step::Packed,
        E::Shipped => Step::Shipped,
        E::Delivered => Step::Delivered,
        E::Returned { .. } => Step::Returned,
        E::Completed if order.passed > 0 => Step::Checked,
        E::RefundDone { .. } | E::BankTook(_) => Step::Refunded,
        E::Placed(_)
        | E::Passed { .. }
        | E::Failed { .. }
        | E::BoxUsed { .. }
        | E::Completed
        | E::ChoiceAsked(_)
        | E::Chosen { .. }
        | E::BroughtAfterAll { .. }
        | E::Packed(_)
        | E::Tracked { .. }
        | E::Closed
        | E::CarrierPaid { .. }
        | E::Thanked { .. }
        | E::ThanksRead { .. }
        | E::Complained(_)
        | E::RefundDue(_)
        | E::Held
        | E::Freed
        | E::RiderAsked(_)
        | E::RiderGoes { .. }
        | E::RiderLeft { .. }
        | E::NoRider
        | E::NumberMissed { .. } => return None,
    })
}
