//! A bank asks about the payment of an order, and has an answer.

use super::*;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn hold(on: bool) -> C {
    C::Hold { on }
}

#[test]
fn while_a_bank_asks_nothing_is_released_sent_given_back_or_begun() {
    let mut desk = Desk::at_kiosk(3);
    assert_eq!(desk.done(hold(true)), [OrderEvent::Held]);
    assert!(desk.done(hold(true)).is_empty());
    let before = desk.order().clone();
    let judge = C::Judge { by: agent(), passed: 3, failed: 0, reason: None };
    for command in [judge.clone(), C::Cancel, C::GiveUp { by: None }, C::Offer { to: njeri() }] {
        assert_eq!(desk.refused(command), Refusal::gone(HELD));
    }
    desk.now = desk.now.after(400 * DAY);
    for silent in [C::RunOut, C::Lapse { next: None }, C::Close, C::Choose { round: 1, again: None }] {
        assert!(desk.done(silent).is_empty());
    }
    assert_eq!(*desk.order(), before);
    assert_eq!(desk.done(hold(false)), [OrderEvent::Freed]);
    assert!(desk.done(hold(false)).is_empty());
    desk.done(judge);
    assert_eq!(desk.stage(), "released");
}

#[test]
fn nobody_loses_a_day_while_a_bank_asks() {
    let mut desk = Desk::accepted(2);
    let due = desk.order().due.expect("a day");
    desk.done(hold(true));
    desk.now = desk.now.after(30 * DAY);
    desk.done(hold(false));
    assert_eq!(desk.order().due, Some(due.after(30 * DAY)));
    let mut desk = Desk::offered(2);
    let until = desk.order().offer.expect("an offer").until;
    desk.done(hold(true));
    assert_eq!(desk.refused(accept(2)), Refusal::gone(HELD));
    desk.now = desk.now.after(5 * DAY);
    desk.done(hold(false));
    assert_eq!(desk.order().offer.map(|offer| offer.until), Some(until.after(5 * DAY)));
    desk.done(accept(2));
}

#[test]
fn when_the_bank_keeps_the_money_what_had_not_passed_is_over_and_nothing_is_refunded() {
    for mut desk in [Desk::paid(3), Desk::offered(3), Desk::accepted(3), Desk::at_kiosk(3)] {
        desk.done(hold(true));
        let took = desk.done(C::BankTook);
        let [OrderEvent::BankTook(refund)] = took.as_slice() else { panic!("{took:?}") };
        assert_eq!((refund.pieces, refund.back, refund.done), (3, Usd::ZERO, Some(desk.now)));
        assert!(desk.done(C::BankTook).is_empty());
        let order = desk.order();
        assert_eq!((order.stage.word(), order.untaken(), order.outstanding()), ("refunded", 0, 0));
        assert_eq!((order.held(), order.refunded(), order.held), (Kes::ZERO, 3, None));
    }
}

#[test]
fn what_had_passed_stays_passed_and_what_is_on_its_way_stays_so() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(C::Judge { by: agent(), passed: 3, failed: 0, reason: None });
    desk.done(hold(true));
    desk.done(C::BankTook);
    assert_eq!((desk.stage(), desk.order().passed, desk.order().refunded()), ("refunded", 3, 0));
}

#[test]
fn a_refund_that_waited_is_settled_by_the_bank() {
    let mut desk = Desk::offered(3);
    desk.done(C::Refuse { by: wanjiku(), next: None });
    assert!(desk.order().refunds.iter().all(|refund| refund.done.is_none()));
    desk.done(hold(true));
    desk.done(C::BankTook);
    assert!(desk.order().refunds.iter().all(|refund| refund.done.is_some()));
    assert!(desk.done(C::ConfirmRefund { round: 1 }).is_empty());
    assert_eq!(desk.order().refunded(), 3);
}

#[test]
fn an_order_that_nobody_paid_is_not_held() {
    let mut desk = Desk::placed(1);
    assert!(desk.done(hold(true)).is_empty());
    assert!(desk.done(C::BankTook).is_empty());
}

#[test]
fn what_a_bank_gave_back_is_not_given_back_once_more() {
    let mut desk = Desk::at_kiosk(1);
    desk.done(C::Judge { by: agent(), passed: 1, failed: 0, reason: None });
    desk.done(C::Send { by: agent(), grams: 320, hs: "7117.90".into() });
    desk.done(hold(true));
    desk.done(C::BankTook);
    assert_eq!(desk.stage(), "shipped");
    let complain = C::Complain { paper: "C-1".into(), reason: "broken".into(), pieces: 1, two: true };
    assert_eq!(desk.refused(complain), Refusal::gone("refunded"));
    desk.done(C::Deliver);
    assert_eq!(desk.stage(), "delivered");
}
