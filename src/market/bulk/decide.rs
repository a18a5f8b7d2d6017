//! What a bulk request answers to a command, and how it changes.

use super::{Bulk, BulkCommand, BulkEvent, BulkStage, BulkTerms, Choice, Part, PartNews, Share};
use crate::market::order::{HELD, Refund, RefundWhy, money_back, sum_back};
use crate::market::{Policy, Refusal};
use crate::types::{Kes, Timestamp, Usd};

use BulkCommand as C;
use BulkEvent as E;
use BulkStage as S;

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Bulk>, command: &BulkCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<BulkEvent>, Refusal> {
    let Some(bulk) = state else {
        return match command {
            C::Place(terms) => place(terms, policy, now),
            _ => Err(Refusal::NotFound),
        };
    };
    match command {
        C::Place(terms) if *terms == bulk.terms => Ok(vec![]),
        C::Place(_) => Err(Refusal::AlreadyExists),
        C::Pay { payment, charged } => pay(bulk, payment, *charged),
        C::Expire { closed } => {
            let until = bulk.since.after(policy.reservation());
            match bulk.stage {
                S::Placed if *closed || now >= until => Ok(vec![E::Expired]),
                S::Placed => Err(Refusal::TooEarly { until }),
                _ => Ok(vec![]),
            }
        }
        C::Spread { .. } | C::Choose(_) if bulk.held.is_some() => Err(Refusal::gone(HELD)),
        C::Hold { on } => Ok(match (bulk.held, on) {
            (None, true) if bulk.payment.is_some() => vec![E::Held],
            (Some(_), false) => vec![E::Freed],
            _ => vec![],
        }),
        C::BankTook => Ok(bank_took(bulk, now)),
        C::Spread { shares } => offer(bulk, shares),
        C::Hear(news) => hear(bulk, news).map(|events| with_shipping(bulk, events, now)),
        C::Choose(choice) => {
            choose(bulk, *choice, policy, now).map(|events| with_shipping(bulk, events, now))
        }
        C::ConfirmRefund { round } => match bulk.refunds.iter().find(|refund| refund.round == *round) {
            None => Err(Refusal::NotFound),
            Some(refund) if refund.done.is_some() => Ok(vec![]),
            Some(_) => Ok(vec![E::RefundDone { round: *round }]),
        },
    }
}

fn place(terms: &BulkTerms, policy: &Policy, now: Timestamp) -> Result<Vec<BulkEvent>, Refusal> {
    let (least, most) = (policy.bulk.from, policy.bulk.most);
    if !(least..=most).contains(&terms.quote.pieces) {
        return Err(Refusal::OutOfRange { min: i64::from(least), max: i64::from(most) });
    }
    if !policy.ships_to(&terms.country) {
        return Err(Refusal::NoShipping);
    }
    let soonest = policy.bulk_soonest(now);
    if terms.wanted < soonest {
        return Err(Refusal::TooEarly { until: soonest });
    }
    let latest = policy.bulk_latest(now);
    if terms.wanted > latest {
        return Err(Refusal::TooFar { until: latest });
    }
    Ok(vec![E::Placed(terms.clone())])
}

/// A payment for a request that was let go is taken into the books and given back at once.
fn pay(bulk: &Bulk, payment: &str, charged: Usd) -> Result<Vec<BulkEvent>, Refusal> {
    match &bulk.payment {
        Some(known) if known == payment => return Ok(vec![]),
        Some(_) => return Err(Refusal::AlreadyExists),
        None => {}
    }
    let charge = bulk.terms.quote.charge().cents();
    if charged.cents() != charge {
        return Err(Refusal::OutOfRange { min: charge, max: charge });
    }
    let paid = E::Paid { payment: payment.to_owned(), charged };
    match bulk.stage {
        S::Placed => Ok(vec![paid]),
        S::Expired => Ok(vec![paid, E::RefundDue(back(bulk, bulk.left, RefundWhy::PaidTooLate))]),
        _ => Err(Refusal::gone(bulk.stage.word())),
    }
}

/// What had passed is its makers', whatever comes of the payment.
fn bank_took(bulk: &Bulk, now: Timestamp) -> Vec<BulkEvent> {
    let known = bulk.refunds.iter().any(|refund| refund.why == RefundWhy::Disputed);
    if known || bulk.payment.is_none() {
        return vec![];
    }
    let settled = bulk.passed() + bulk.refunded();
    let never = bulk.terms.quote.pieces.saturating_sub(settled);
    // The bank gave it back, out of what it had taken: nothing goes out from here.
    let refund = Refund { done: Some(now), back: Usd::ZERO, ..back(bulk, never, RefundWhy::Disputed) };
    vec![E::BankTook(refund)]
}

fn offer(bulk: &Bulk, shares: &[Share]) -> Result<Vec<BulkEvent>, Refusal> {
    if bulk.stage != S::Gathering {
        return Err(Refusal::gone(bulk.stage.word()));
    }
    if shares.is_empty() {
        let waits = bulk.left == 0 || bulk.offered() > 0;
        return Ok(if waits { vec![] } else { vec![E::RanOut] });
    }
    let pieces: u64 = shares.iter().map(|share| u64::from(share.pieces)).sum();
    if pieces > u64::from(bulk.left) || shares.iter().any(|share| share.pieces == 0) {
        return Err(Refusal::OutOfRange { min: 1, max: i64::from(bulk.left) });
    }
    let twice = |at: usize| shares[..at].iter().any(|before| before.to == shares[at].to);
    if shares.iter().enumerate().any(|(at, share)| bulk.has_asked(share.to) || twice(at)) {
        return Err(Refusal::NotAllowed);
    }
    Ok(shares.iter().map(|share| E::Offered(*share)).collect())
}

/// What a part has done since it was heard of last. Pieces not taken are left again; pieces that
/// will never come are refunded, since whoever took them has had her time.
fn hear(bulk: &Bulk, news: &PartNews) -> Result<Vec<BulkEvent>, Refusal> {
    let part = bulk.part(news.order).ok_or(Refusal::NotFound)?;
    let mut events = Vec::new();
    match (part.taken, news.taken) {
        (None, Some(taken)) if taken > part.pieces => {
            return Err(Refusal::OutOfRange { min: 0, max: i64::from(part.pieces) });
        }
        (None, Some(taken)) => events.push(E::Answered { order: news.order, taken }),
        (Some(before), Some(now)) if before != now => {
            return Err(Refusal::AlreadyAnswered { pieces: before });
        }
        _ => {}
    }
    let order = news.order;
    let taken = part.taken.or(news.taken).unwrap_or(0);
    if u64::from(news.passed) + u64::from(news.short) > u64::from(taken) {
        return Err(Refusal::OutOfRange { min: 0, max: i64::from(taken) });
    }
    if let pieces @ 1.. = news.passed.saturating_sub(part.passed) {
        events.push(E::Passed { order, pieces });
    }
    if let pieces @ 1.. = news.short.saturating_sub(part.short) {
        events.push(E::Shorted { order, pieces });
        events.push(E::RefundDue(back(bulk, pieces, RefundWhy::Short)));
    }
    if let pieces @ 1.. = news.back.saturating_sub(part.back) {
        events.push(E::GivenBack { order, pieces });
    }
    if news.sent && !part.sent {
        events.push(E::Sent { order });
    }
    Ok(events)
}

/// What was paid for the carrier goes back, too, once nothing is left that he could be given. Where
/// nothing ever passed it went back with the last piece.
fn with_shipping(bulk: &Bulk, mut events: Vec<BulkEvent>, now: Timestamp) -> Vec<BulkEvent> {
    let after = events.iter().try_fold(bulk.clone(), |bulk, event| evolve(Some(bulk), event, now));
    let Some(after) = after.filter(|after| !events.is_empty() && after.comes_to_nothing()) else {
        return events;
    };
    let quote = &after.terms.quote;
    // What the bank took is settled between it and us.
    let settled = |refund: &Refund| refund.shipping_value > Kes::ZERO || refund.why == RefundWhy::Disputed;
    let given = after.refunds.iter().any(settled);
    if !given && quote.shipping > Usd::ZERO {
        let round = after.refunds.len() as u32 + 1;
        events.push(E::RefundDue(sum_back(quote, round, 0, true, RefundWhy::AfterRelease)));
    }
    events
}

fn choose(bulk: &Bulk, choice: Choice, policy: &Policy, now: Timestamp) -> Result<Vec<BulkEvent>, Refusal> {
    if bulk.stage != S::Choosing {
        return Err(Refusal::gone(bulk.stage.word()));
    }
    match choice {
        Choice::Fewer => Ok(vec![E::RefundDue(back(bulk, bulk.left, RefundWhy::NobodyTook))]),
        Choice::Later if bulk.round >= policy.bulk.rounds => Err(Refusal::Full { max: policy.bulk.rounds }),
        Choice::Later => {
            let due = bulk.due.max(now).after(policy.bulk_later());
            Ok(vec![E::RoundBegan { round: bulk.round + 1, due }])
        }
    }
}

/// Money back for some pieces; shipping goes back with the last piece when none will be sent.
fn back(bulk: &Bulk, pieces: u32, why: RefundWhy) -> Refund {
    let round = bulk.refunds.len() as u32 + 1;
    money_back(&bulk.terms.quote, round, bulk.refunded(), pieces, why)
}

/// The state after an event.
pub fn evolve(state: Option<Bulk>, event: &BulkEvent, at: Timestamp) -> Option<Bulk> {
    let Some(mut bulk) = state else {
        let E::Placed(terms) = event else { return None };
        return Some(Bulk {
            terms: terms.clone(),
            stage: S::Placed,
            payment: None,
            round: 1,
            due: terms.wanted,
            parts: Vec::new(),
            left: terms.quote.pieces,
            refunds: Vec::new(),
            held: None,
            placed: at,
            since: at,
        });
    };
    let before = bulk.stage;
    change(&mut bulk, event, at);
    bulk.stage = stage(&bulk, event);
    if bulk.stage != before {
        bulk.since = at;
    }
    Some(bulk)
}

fn change(bulk: &mut Bulk, event: &BulkEvent, at: Timestamp) {
    let round = bulk.round;
    match event {
        E::Placed(_) | E::Expired | E::RanOut => {}
        E::Paid { payment, .. } => bulk.payment = Some(payment.clone()),
        E::Offered(Share { order, to, pieces }) => {
            bulk.left = bulk.left.saturating_sub(*pieces);
            let (order, to, pieces) = (*order, *to, *pieces);
            bulk.parts.push(Part {
                order,
                to,
                pieces,
                round,
                taken: None,
                passed: 0,
                short: 0,
                back: 0,
                sent: false,
            });
        }
        E::Answered { order, taken } => {
            for part in bulk.parts.iter_mut().filter(|part| part.order == *order) {
                part.taken = Some(*taken);
                bulk.left += part.pieces.saturating_sub(*taken);
            }
        }
        E::Passed { order, pieces } => {
            for part in bulk.parts.iter_mut().filter(|part| part.order == *order) {
                part.passed += pieces;
            }
        }
        E::Shorted { order, pieces } => {
            for part in bulk.parts.iter_mut().filter(|part| part.order == *order) {
                part.short += pieces;
                bulk.left += pieces;
            }
        }
        E::GivenBack { order, pieces } => {
            for part in bulk.parts.iter_mut().filter(|part| part.order == *order) {
                part.back += pieces;
            }
        }
        E::Sent { order } => {
            for part in bulk.parts.iter_mut().filter(|part| part.order == *order) {
                part.sent = true;
            }
        }
        E::RoundBegan { round, due } => {
            bulk.round = *round;
            bulk.due = *due;
        }
        E::Held => bulk.held = Some(at),
        E::Freed => bulk.held = None,
        E::BankTook(refund) => {
            (bulk.held, bulk.left) = (None, 0);
            for part in &mut bulk.parts {
                part.taken = Some(part.taken.unwrap_or(0));
                part.short += part.making();
            }
            for waiting in bulk.refunds.iter_mut().filter(|refund| refund.done.is_none()) {
                waiting.done = Some(at);
            }
            bulk.refunds.push(*refund);
        }
        E::RefundDue(refund) => {
            bulk.left = bulk.left.saturating_sub(refund.pieces);
            bulk.refunds.push(*refund);
        }
        E::RefundDone { round } => {
            for refund in bulk.refunds.iter_mut().filter(|refund| refund.round == *round) {
                refund.done = Some(at);
            }
        }
    }
}

/// Where it stands follows from where its pieces are.
fn stage(bulk: &Bulk, event: &BulkEvent) -> BulkStage {
    match event {
        E::Expired => S::Expired,
        _ if bulk.payment.is_none() => bulk.stage,
        E::RanOut => S::Choosing,
        // Until the buyer chooses, nobody is asked for what is left.
        _ if bulk.stage == S::Choosing && bulk.left > 0 && !matches!(event, E::RoundBegan { .. }) => {
            S::Choosing
        }
        _ if bulk.left > 0 || bulk.offered() > 0 => S::Gathering,
        _ if bulk.making() > 0 => S::Making,
        _ if bulk.passed() > 0 => S::Done,
        _ => S::Refunded,
    }
}
