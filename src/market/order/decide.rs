//! What an order answers to a command.

use super::{HandOver, Offer, Order, OrderCommand, OrderEvent, OrderStage, Refund, RefundWhy, Terms};
use super::{complaint, hold, life, pickup, ship};
use crate::market::{Actor, Policy, Quote, Refusal, Role, kiosk::BoxSize, listing::Reason};
use crate::types::{Kes, PartyId, Timestamp, Usd};

use OrderCommand as C;
use OrderEvent as E;
use OrderStage as S;

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Order>, command: &OrderCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    let Some(order) = state else {
        return match command {
            C::Place(terms) => place(terms, policy),
            _ => Err(Refusal::NotFound),
        };
    };
    if let Some(answer) = hold::answer(order, command) {
        return answer;
    }
    match command {
        C::Hold { on } => Ok(hold::hold(order, *on)),
        C::BankTook => Ok(hold::bank_took(order, now)),
        C::Place(terms) if *terms == order.terms => Ok(vec![]),
        C::Place(_) => Err(Refusal::AlreadyExists),
        C::Pay { payment, charged } => pay(order, payment, *charged),
        C::Expire { closed } => expire(order, *closed, policy, now),
        C::Offer { to } => offer(order, *to, policy, now),
        C::Accept { by, pieces, mentoring } => {
            let offer = match answerable(order, *by)? {
                Some(offer) => offer,
                None if order.is_first_making() && order.accepted == *pieces => return Ok(vec![]),
                None => return Err(Refusal::AlreadyAnswered { pieces: order.accepted }),
            };
            if !(1..=offer.pieces).contains(pieces) {
                return Err(Refusal::OutOfRange { min: 1, max: i64::from(offer.pieces) });
            }
            let (by, pieces, mentoring) = (*by, *pieces, *mentoring);
            let mut events = vec![E::Accepted { by, pieces, due: offer.due, mentoring }];
            if pieces < offer.pieces {
                events.push(refund(order, offer.pieces - pieces, RefundWhy::NobodyTook));
            }
            Ok(events)
        }
        C::Refuse { by, next } => match order.offer {
            None if order.maker != Some(*by) && order.refused_by == Some(*by) => Ok(vec![]),
            Some(offer) if offer.to != *by && order.refused_by == Some(*by) => Ok(vec![]),
            _ => match answerable(order, *by)? {
                None => Err(Refusal::AlreadyAnswered { pieces: order.accepted }),
                Some(_) => Ok(passed_on(order, E::Refused { by: *by }, *next, policy, now)),
            },
        },
        C::Lapse { next } => match order.offer {
            None => Ok(vec![]),
            Some(offer) if now < offer.until => Err(Refusal::TooEarly { until: offer.until }),
            Some(offer) => Ok(passed_on(order, E::Lapsed { by: offer.to }, *next, policy, now)),
        },
        C::MarkReady { by } => mark_ready(order, *by),
        C::SendFor { to, number } => pickup::send_for(order, *to, *number, policy, now),
        C::GoFor { by } => pickup::go_for(order, *by, policy, now),
        C::PickUp { by, number } => pickup::pick_up(order, *by, *number, policy, now),
        C::HandBack { by, next } => pickup::hand_back(order, *by, *next, policy, now),
        C::NextRider { next } => pickup::next_rider(order, *next, policy, now),
        C::Receive { by } => receive(order, *by, now),
        C::Judge { by, passed, failed, reason } => judge(order, *by, *passed, *failed, *reason, policy, now),
        C::UseBox { by, size } => use_box(order, *by, *size),
        C::Postpone { by, days, why } => life::postpone(order, *by, *days, *why, policy, now),
        C::GiveUp { by } => life::give_up(order, *by, policy, now),
        C::RunOut => life::run_out(order, policy, now),
        C::Choose { round, again } => life::choose(order, *round, *again, policy, now),
        C::Cancel => life::cancel(order, policy, now),
        C::Send { by, grams, hs } => ship::send(order, *by, *grams, hs),
        C::Track { by, number } => ship::track(order, *by, number),
        C::Deliver => ship::deliver(order),
        C::Close => ship::close(order, policy, now),
        C::PayCarrier { cost } => ship::settle(order, *cost),
        C::Thank { text } => ship::thank(order, text),
        C::Complain { paper, reason, pieces, two } => {
            let alone = (!two).then(|| policy.refund_alone());
            complaint::refund(order, paper, reason, *pieces, alone)
        }
        C::TakeBack { paper } => complaint::take_back(order, paper),
        C::ReadThanks { pass } => ship::read_thanks(order, *pass),
        C::ConfirmRefund { round } => match order.refunds.iter().find(|refund| refund.round == *round) {
            None => Err(Refusal::NotFound),
            Some(refund) if refund.done.is_some() => Ok(vec![]),
            Some(_) => Ok(vec![E::RefundDone { round: *round }]),
        },
    }
}

pub(super) fn gone(order: &Order) -> Refusal {
    gone_as(order.stage.word())
}

pub(super) fn gone_as(word: &'static str) -> Refusal {
    Refusal::gone(word)
}

fn place(terms: &Terms, policy: &Policy) -> Result<Vec<OrderEvent>, Refusal> {
    let max = policy.listing.max_ready;
    if !(1..=max).contains(&terms.quote.pieces) {
        return Err(Refusal::OutOfRange { min: 1, max: i64::from(max) });
    }
    // A part of a bulk request goes where the request goes, whatever is shipped to since.
    if terms.bulk.is_none() && !policy.ships_to(&terms.country) {
        return Err(Refusal::NoShipping);
    }
    Ok(vec![E::Placed(terms.clone())])
}

/// A payment for pieces that were let go is taken into the books and given back at once.
fn pay(order: &Order, payment: &str, charged: Usd) -> Result<Vec<OrderEvent>, Refusal> {
    match &order.payment {
        Some(known) if known == payment => return Ok(vec![]),
        Some(_) => return Err(Refusal::AlreadyExists),
        None => {}
    }
    if charged != order.terms.quote.charge() {
        return Err(Refusal::OutOfRange {
            min: order.terms.quote.charge().cents(),
            max: order.terms.quote.charge().cents(),
        });
    }
    let paid = E::Paid { payment: payment.to_owned(), charged };
    match order.stage {
        S::Placed => Ok(vec![paid]),
        S::Expired => Ok(vec![paid, refund(order, order.quantity(), RefundWhy::PaidTooLate)]),
        _ => Err(gone(order)),
    }
}

fn expire(order: &Order, closed: bool, policy: &Policy, now: Timestamp) -> Result<Vec<OrderEvent>, Refusal> {
    let until = order.since.after(policy.reservation());
    match order.stage {
        S::Placed if closed || now >= until => Ok(vec![E::Expired]),
        S::Placed => Err(Refusal::TooEarly { until }),
        // Expired before, or paid in the meantime: there is nothing to let go.
        _ => Ok(vec![]),
    }
}

fn offer(order: &Order, to: PartyId, policy: &Policy, now: Timestamp) -> Result<Vec<OrderEvent>, Refusal> {
    match order.stage {
        S::Paid => Ok(vec![offered(order, to, policy, now)]),
        S::Offered if order.offer.is_some_and(|offer| offer.to == to) => Ok(vec![]),
        _ => Err(gone(order)),
    }
}

pub(super) fn offered(order: &Order, to: PartyId, policy: &Policy, now: Timestamp) -> OrderEvent {
    let (until, due) = match order.terms.bulk {
        Some(part) => (now.after(policy.bulk_answer()), part.due),
        None => (now.after(policy.offer()), now.after(policy.offer()).after(policy.making())),
    };
    E::Offered(Offer { to, pieces: order.untaken(), until, due })
}

/// The offer this person may answer; `None` when she took the order already. An answer after the
/// deadline is good as long as nobody else was asked.
fn answerable(order: &Order, by: PartyId) -> Result<Option<Offer>, Refusal> {
    match order.offer {
        Some(offer) if offer.to == by && order.stage == S::Offered => Ok(Some(offer)),
        _ if order.maker == Some(by) => Ok(None),
        _ if order.offered_to.contains(&by) => Err(gone(order)),
        _ => Err(Refusal::NotAllowed),
    }
}

/// A no is followed by the next offer, or by the shopper's money.
fn passed_on(
    order: &Order, no: OrderEvent, next: Option<PartyId>, policy: &Policy, now: Timestamp,
) -> Vec<OrderEvent> {
    // A part goes back to its request, which offers it onward under another number.
    let next = next.filter(|next| order.terms.bulk.is_none() && !order.offered_to.contains(next));
    match next {
        Some(to) => vec![no, offered(order, to, policy, now)],
        None => {
            let back = refund(order, order.untaken(), RefundWhy::NobodyTook);
            // What was taken before stands as it is.
            [no, back].into_iter().chain(order.maker.map(|_| E::Completed)).collect()
        }
    }
}

/// Money back for some pieces of an order.
pub(super) fn refund(order: &Order, pieces: u32, why: RefundWhy) -> OrderEvent {
    refund_keeping(order, pieces, why, Usd::ZERO)
}

/// The same, less what somebody has a right to keep of it.
pub(super) fn refund_keeping(order: &Order, pieces: u32, why: RefundWhy, kept: Usd) -> OrderEvent {
    let round = order.refunds.len() as u32 + 1;
    let quote = &order.terms.quote;
    let whole = money_back(quote, round, order.refunded(), pieces, why);
    let back = Usd::minor(whole.back.cents().saturating_sub(kept.cents()));
    let goods_value = less(whole.goods_value, quote.in_shillings(kept));
    E::RefundDue(Refund { back, back_value: quote.in_shillings(back), goods_value, ..whole })
}

/// The `round`-th refund of a purchase, for some pieces when others were refunded before, with what they
/// were taxed; shipping goes back with the last piece when none will be sent.
pub fn money_back(quote: &Quote, round: u32, before: u32, pieces: u32, why: RefundWhy) -> Refund {
    let nothing_goes = before + pieces == quote.pieces;
    sum_back(quote, round, pieces, nothing_goes, why)
}

/// What goes back for some pieces, and for their parcel or not.
pub(in crate::market) fn sum_back(
    quote: &Quote, round: u32, pieces: u32, parcel: bool, why: RefundWhy,
) -> Refund {
    let (shipping, tax) = match parcel {
        true => (quote.shipping, quote.tax),
        false => (Usd::ZERO, quote.tax.without_shipping()),
    };
    let sums = [quote.goods(pieces), shipping, tax.goods(pieces), tax.shipping];
    let back = Usd::minor(sums.iter().fold(0i64, |sum, one| sum.saturating_add(one.cents())));
    let tax_value = tax.goods_value(pieces).cents().saturating_add(tax.shipping_value.cents());
    let shipping_value = quote.in_shillings(shipping);
    // Each part is rounded by itself: without a piece among them the whole may come out a cent below them.
    let parts = Kes::minor(shipping_value.cents().saturating_add(tax_value));
    Refund {
        round,
        pieces,
        back,
        back_value: quote.in_shillings(back).max(parts),
        goods_value: quote.value(pieces),
        shipping_value,
        tax_value: Kes::minor(tax_value),
        why,
        done: None,
    }
}

/// `a - b`; both are sums of one order, far from the ends of the range.
fn less(a: Kes, b: Kes) -> Kes {
    Kes::minor(a.cents().saturating_sub(b.cents()))
}

fn mark_ready(order: &Order, by: PartyId) -> Result<Vec<OrderEvent>, Refusal> {
    match (order.maker, order.stage) {
        (Some(maker), S::Making) if maker == by => Ok(vec![E::MarkedReady { by }]),
        (Some(maker), S::Ready) if maker == by => Ok(vec![]),
        (Some(maker), _) if maker == by => Err(gone(order)),
        _ if order.offered_to.contains(&by) => Err(gone(order)),
        _ => Err(Refusal::NotAllowed),
    }
}

/// She may bring the pieces without saying READY first.
fn receive(order: &Order, by: Actor, now: Timestamp) -> Result<Vec<OrderEvent>, Refusal> {
    if by.role != Role::Agent {
        return Err(Refusal::NotAllowed);
    }
    let Some(maker) = order.maker else { return Err(gone(order)) };
    if maker == by.id {
        return Err(Refusal::NotAllowed);
    }
    let giver = match order.stage {
        S::WithRider => order.holder().unwrap_or(maker),
        S::Choosing => order.carrier().unwrap_or(maker),
        _ => maker,
    };
    if giver == by.id {
        return Err(Refusal::NotAllowed);
    }
    let received = E::Received(HandOver { giver, receiver: by.id, pieces: order.outstanding(), at: now });
    match order.stage {
        S::Making => Ok(vec![E::MarkedReady { by: maker }, received]),
        // She was given up and comes all the same.
        S::Choosing => {
            let pieces = order.asked().map_or(0, |choice| choice.pieces);
            let hand_over = HandOver { giver, receiver: by.id, pieces, at: now };
            Ok(vec![E::BroughtAfterAll { pieces }, E::Received(hand_over)])
        }
        S::Ready | S::WithRider => Ok(vec![received]),
        S::AtKiosk if order.holder() == Some(by.id) => Ok(vec![]),
        S::AtKiosk => Err(Refusal::NotInCustody),
        _ => Err(gone(order)),
    }
}

fn judge(
    order: &Order, by: Actor, passed: u32, failed: u32, reason: Option<Reason>, policy: &Policy,
    now: Timestamp,
) -> Result<Vec<OrderEvent>, Refusal> {
    if by.role != Role::Agent {
        return Err(Refusal::NotAllowed);
    }
    let Some(check) = order.check else { return Err(gone(order)) };
    if check.by != by.id {
        return Err(Refusal::NotInCustody);
    }
    // A number said before is the same answer again; another number is a contradiction.
    let news = |said: u32, standing: u32| match (said, standing) {
        (0, _) => Some(0),
        (said, 0) => Some(said),
        (said, standing) => (said == standing).then_some(0),
    };
    let contradiction = || Refusal::AlreadyChecked { passed: check.passed, failed: check.failed };
    if passed > check.came || failed > check.came {
        return Err(Refusal::TooMany { came: check.came, left: check.left() });
    }
    let newly_passed = news(passed, check.passed).ok_or_else(contradiction)?;
    let newly_failed = news(failed, check.failed).ok_or_else(contradiction)?;
    if newly_passed + newly_failed == 0 {
        let said_nothing = passed + failed == 0;
        let range = Refusal::OutOfRange { min: 1, max: i64::from(check.came) };
        return if said_nothing { Err(range) } else { Ok(vec![]) };
    }
    if order.stage != S::AtKiosk {
        return Err(contradiction());
    }
    if newly_passed + newly_failed > check.left() {
        return Err(Refusal::TooMany { came: check.came, left: check.left() });
    }
    let (by, round) = (by.id, check.round);
    let mut events = Vec::new();
    if newly_passed > 0 {
        events.push(E::Passed { by, pieces: newly_passed, round });
    }
    if newly_failed > 0 {
        let reason = reason.ok_or(Refusal::OutOfRange { min: 1, max: 5 })?;
        events.push(E::Failed { by, pieces: newly_failed, reason, round });
    }
    if newly_passed + newly_failed == check.left() {
        events.push(match check.failed + newly_failed {
            0 => E::Completed,
            pieces => E::SentBack { pieces, due: now.after(policy.rework()) },
        });
    }
    Ok(events)
}

/// One box for each parcel: the first that is named stands.
fn use_box(order: &Order, by: Actor, size: BoxSize) -> Result<Vec<OrderEvent>, Refusal> {
    match order.check {
        Some(check) if by.role != Role::Agent || check.by != by.id => Err(Refusal::NotInCustody),
        Some(check) if check.passed == 0 => Err(Refusal::NotAllowed),
        Some(check) if check.boxed.is_some() => Ok(vec![]),
        Some(check) => Ok(vec![E::BoxUsed { by: by.id, round: check.round, size }]),
        None => Err(gone(order)),
    }
}
