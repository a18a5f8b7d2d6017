//! An order whose shopper's bank asks about the payment. Until it has answered, goods and money stay
//! where they are; when it keeps the money, what had not passed is over.

use super::decide::{gone_as, refund};
use super::{Order, OrderCommand, OrderEvent, OrderStage, RefundWhy};
use crate::market::Refusal;
use crate::types::{Timestamp, Usd};

use OrderCommand as C;
use OrderEvent as E;
use OrderStage as S;

/// The word for an order that is held.
pub const HELD: &str = "held";

/// What a held order says in the place of its usual answer. What only time brings about waits in
/// silence; what a person asks for is refused; what people tell as a fact goes on.
pub(super) fn answer(order: &Order, command: &OrderCommand) -> Option<Result<Vec<OrderEvent>, Refusal>> {
    order.held?;
    match command {
        C::Lapse { .. } | C::RunOut | C::NextRider { .. } | C::Close | C::Choose { again: None, .. } => {
            Some(Ok(vec![]))
        }
        C::Offer { .. }
        | C::Accept { .. }
        | C::Refuse { .. }
        | C::SendFor { .. }
        | C::GoFor { .. }
        | C::PickUp { .. }
        | C::Judge { .. }
        | C::GiveUp { .. }
        | C::Choose { .. }
        | C::Cancel
        | C::Send { .. }
        | C::Complain { .. } => Some(Err(gone_as(HELD))),
        _ => None,
    }
}

pub(super) fn hold(order: &Order, on: bool) -> Vec<OrderEvent> {
    match (order.held, on) {
        (None, true) if order.payment.is_some() => vec![E::Held],
        (Some(_), false) => vec![E::Freed],
        _ => vec![],
    }
}

/// What had passed is its maker's, whatever comes of the payment; what is on its way stays so.
pub(super) fn bank_took(order: &Order, now: Timestamp) -> Vec<OrderEvent> {
    let known = order.refunds.iter().any(|refund| refund.why == RefundWhy::Disputed);
    if known || order.payment.is_none() {
        return vec![];
    }
    let never = order.quantity().saturating_sub(order.passed).saturating_sub(order.refunded());
    match refund(order, never, RefundWhy::Disputed) {
        E::RefundDue(mut refund) => {
            // The bank gave it back, out of what it had taken: nothing goes out from here.
            refund.done = Some(now);
            refund.back = Usd::ZERO;
            vec![E::BankTook(refund)]
        }
        _ => vec![],
    }
}

/// Nobody loses a day for the time in which nothing could be done.
pub(super) fn freed(order: &mut Order, at: Timestamp) {
    let Some(since) = order.held.take() else { return };
    let waited = at.since(since);
    order.due = order.due.map(|due| due.after(waited));
    if let Some(late) = &mut order.late {
        late.promised = late.promised.after(waited);
    }
    if let Some(offer) = &mut order.offer {
        offer.until = offer.until.after(waited);
        offer.due = offer.due.after(waited);
    }
    if let Some(choice) = &mut order.choice {
        choice.until = choice.until.after(waited);
    }
}

pub(super) fn taken(order: &mut Order, refund: &super::Refund, at: Timestamp) {
    order.held = None;
    order.short += order.outstanding();
    for waiting in order.refunds.iter_mut().filter(|refund| refund.done.is_none()) {
        waiting.done = Some(at);
    }
    order.refunds.push(*refund);
    if !matches!(order.stage, S::Shipped | S::Delivered | S::Closed | S::Expired) {
        (order.offer, order.pickup) = (None, None);
        order.stage = S::Refunded;
    }
}
