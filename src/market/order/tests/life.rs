//! Days that pass and move, what the shopper chooses, and a change of mind.

use super::*;
use crate::market::kiosk::BoxSize;
use crate::market::order::{Complaint, LateWhy};

fn late(days: u32) -> C {
    C::Postpone { by: wanjiku(), days, why: LateWhy::Materials }
}

fn due(desk: &Desk) -> Timestamp {
    desk.order().due.expect("a day")
}

fn days(n: u32) -> std::time::Duration {
    Policy::default().days(n)
}

#[test]
fn a_promised_day_moves_by_days_and_never_past_the_most() {
    let mut desk = Desk::accepted(2);
    let promised = due(&desk);
    desk.done(late(3));
    assert_eq!(due(&desk), promised.after(days(3)));
    let first = Late { promised, why: LateWhy::Materials, days: 3, asked: desk.now };
    assert_eq!(desk.order().late, Some(first));
    assert_eq!(desk.refused(late(12)), Refusal::OutOfRange { min: 1, max: 11 });
    desk.done(late(11));
    assert_eq!(desk.refused(late(1)), Refusal::OutOfRange { min: 1, max: 0 });
    assert_eq!(desk.order().late, Some(Late { days: 11, ..first }), "the first promise is remembered");
    let other = C::Postpone { by: njeri(), days: 1, why: LateWhy::Other };
    assert_eq!(desk.refused(other), Refusal::NotAllowed);
    desk.done(C::MarkReady { by: wanjiku() });
    assert_eq!(desk.refused(late(1)), Refusal::gone("ready"));
}

#[test]
fn a_day_that_has_passed_moves_from_today() {
    let mut desk = Desk::accepted(1);
    desk.now = due(&desk).after(days(1));
    desk.done(late(2));
    assert_eq!(due(&desk), desk.now.after(days(2)));
}

#[test]
fn what_is_not_ready_after_the_days_of_grace_is_given_up_once_and_a_moved_day_is_not() {
    let mut desk = Desk::accepted(2);
    let policy = Policy::default();
    let until = policy.given_up(due(&desk));
    assert_eq!(desk.refused(C::RunOut), Refusal::TooEarly { until });
    desk.done(late(5));
    desk.now = until;
    let later = policy.given_up(due(&desk));
    assert_eq!(desk.refused(C::RunOut), Refusal::TooEarly { until: later });
    desk.now = later;
    assert_eq!(desk.done(C::RunOut).len(), 2);
    assert_eq!(desk.stage(), "choosing");
    assert_eq!(desk.done(C::RunOut), vec![]);
}

#[test]
fn a_shopper_may_have_short_pieces_made_again_and_chooses_once() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    desk.done(fail(1));
    assert!(desk.order().is_mending());
    desk.done(C::GiveUp { by: Some(Actor { id: wanjiku(), role: Role::Artisan }) });
    assert_eq!(desk.order().asked().map(|question| question.pieces), Some(1));
    let again = C::Choose { round: 1, again: Some(true) };
    desk.done(again.clone());
    assert_eq!((desk.stage(), desk.order().hers(), desk.order().untaken()), ("offered", 1, 1));
    assert_eq!(desk.done(again), vec![]);
    let other = C::Choose { round: 1, again: Some(false) };
    assert_eq!(desk.refused(other), Refusal::AlreadyAnswered { pieces: 1 });
    assert_eq!(desk.refused(C::Choose { round: 2, again: None }), Refusal::gone("offered"));
    desk.done(accept(1));
    assert!(!desk.order().is_mending());
    assert_eq!((desk.order().earns(), desk.order().held()), (Kes::major(850), Kes::major(850)));
    desk.done(C::Receive { by: agent() });
    desk.done(pass(1));
    assert_eq!((desk.stage(), desk.order().passed, desk.order().refunded()), ("released", 3, 0));
}

#[test]
fn what_nobody_makes_again_is_refunded_and_what_passed_stays_sold() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    desk.done(fail(1));
    desk.done(C::GiveUp { by: Some(agent()) });
    desk.done(C::Choose { round: 1, again: Some(true) });
    let events = desk.done(C::Refuse { by: wanjiku(), next: None });
    assert_eq!(refunds(&events).len(), 1);
    assert_eq!((desk.stage(), desk.order().passed, desk.order().refunded()), ("released", 2, 1));
}

#[test]
fn without_a_choice_in_time_the_money_goes_back() {
    let mut desk = Desk::accepted(2);
    desk.done(C::GiveUp { by: Some(agent()) });
    let silent = C::Choose { round: 1, again: None };
    let until = desk.order().asked().expect("a question").until;
    assert_eq!(desk.refused(silent.clone()), Refusal::TooEarly { until });
    desk.now = until;
    let events = desk.done(silent.clone());
    let [refund] = refunds(&events)[..] else { panic!("one refund: {events:?}") };
    assert_eq!(refund.back, terms(2).quote.charge(), "nothing is sent, so shipping goes back too");
    assert_eq!(desk.stage(), "refunded");
    assert_eq!(desk.done(silent), vec![]);
}

#[test]
fn a_change_of_mind_after_she_has_begun_leaves_her_the_materials() {
    let mut desk = Desk::accepted(2);
    let policy = Policy::default();
    // 30 % of 1,700 is KSh 510, which is $3.94 at 129.50.
    assert_eq!(desk.order().cancelling_costs(&policy), Some(Usd::minor(394)));
    let events = desk.done(C::Cancel);
    let [refund] = refunds(&events)[..] else { panic!("one refund: {events:?}") };
    let quote = terms(2).quote;
    assert_eq!(refund.back, Usd::minor(quote.charge().cents() - 394));
    let kept = events.iter().find_map(|event| match event {
        OrderEvent::Cancelled(cancellation) => Some(*cancellation),
        _ => None,
    });
    let kept = kept.expect("materials");
    assert_eq!(kept.materials, Kes::major(510));
    assert_eq!(refund.goods_value.cents() + kept.kept.cents(), quote.value(2).cents());
    assert_eq!((desk.stage(), desk.order().held()), ("refunded", Kes::ZERO));
    assert_eq!(desk.done(C::Cancel), vec![]);
    let mut ready = Desk::accepted(2);
    ready.done(C::MarkReady { by: wanjiku() });
    assert_eq!(ready.refused(C::Cancel), Refusal::gone("ready"));
    assert_eq!(ready.order().cancelling_costs(&policy), None);
}

#[test]
fn an_offer_to_make_it_again_ends_with_the_shoppers_change_of_mind() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    desk.done(fail(1));
    desk.done(C::GiveUp { by: Some(agent()) });
    desk.done(C::Choose { round: 1, again: Some(true) });
    let events = desk.done(C::Cancel);
    assert_eq!(refunds(&events).len(), 1);
    assert_eq!((desk.stage(), desk.order().refunded()), ("released", 1));
    assert!(matches!(desk.refused(accept(1)), Refusal::AlreadyAnswered { .. }));
    assert!(matches!(desk.refused(C::Refuse { by: wanjiku(), next: None }), Refusal::AlreadyAnswered { .. }));
    assert_eq!(desk.done(C::Lapse { next: None }), vec![]);
    assert_eq!((desk.stage(), desk.order().offer), ("released", None));
}

#[test]
fn days_asked_for_twice_since_the_answer_was_lost_are_given_once() {
    let mut desk = Desk::accepted(2);
    let late = C::Postpone { by: wanjiku(), days: 3, why: LateWhy::Home };
    let before = desk.order().due;
    desk.done(late.clone());
    let moved = desk.order().due;
    assert!(moved > before);
    assert_eq!(desk.done(late), vec![]);
    desk.done(C::Postpone { by: wanjiku(), days: 1, why: LateWhy::Home });
    assert!(desk.order().due > moved);
}

#[test]
fn the_desk_gives_up_what_lies_at_a_kiosk_or_was_lost_by_a_rider_and_nobody_else_does() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    assert_eq!(desk.refused(C::GiveUp { by: Some(agent()) }), Refusal::gone("at_kiosk"));
    desk.done(C::GiveUp { by: None });
    assert_eq!(desk.order().asked().map(|question| question.pieces), Some(1));
    desk.done(C::Choose { round: 1, again: Some(false) });
    assert_eq!((desk.stage(), desk.order().passed, desk.order().refunded()), ("released", 2, 1));
}

#[test]
fn what_she_brings_after_it_was_given_up_is_taken_while_nobody_has_chosen() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    desk.done(fail(1));
    desk.done(C::GiveUp { by: None });
    assert_eq!((desk.stage(), desk.order().held()), ("choosing", Kes::ZERO));
    let events = desk.done(C::Receive { by: agent() });
    assert!(matches!(events[..], [OrderEvent::BroughtAfterAll { pieces: 1 }, OrderEvent::Received(_)]));
    assert_eq!(
        (desk.stage(), desk.order().held(), desk.order().asked()),
        ("at_kiosk", Kes::major(850), None)
    );
    // The answer that comes now comes too late, and so does the end of the time for it.
    for again in [true, false] {
        assert_eq!(desk.refused(C::Choose { round: 1, again: Some(again) }), Refusal::gone("at_kiosk"));
    }
    assert_eq!(desk.done(C::Choose { round: 1, again: None }), vec![]);
    desk.done(pass(1));
    assert_eq!((desk.stage(), desk.order().passed, desk.order().short), ("released", 3, 0));
}

#[test]
fn every_box_of_an_order_is_remembered_whichever_kiosk_packed_it() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    desk.done(C::UseBox { by: agent(), size: BoxSize::Small });
    desk.done(fail(1));
    desk.done(C::Receive { by: another_agent() });
    desk.done(C::Judge { by: another_agent(), passed: 1, failed: 0, reason: None });
    desk.done(C::UseBox { by: another_agent(), size: BoxSize::Large });
    assert_eq!(desk.order().boxes, [BoxSize::Small, BoxSize::Large]);
}

#[test]
fn what_is_refunded_before_anybody_sent_it_is_over() {
    let mut desk = Desk::at_kiosk(2);
    desk.done(pass(2));
    let complain = |paper: &str| C::Complain {
        paper: paper.to_owned(),
        reason: "torn".to_owned(),
        pieces: 1,
        two: true,
    };
    desk.done(complain("1"));
    assert_eq!((desk.stage(), desk.order().to_send()), ("released", 1));
    desk.done(complain("2"));
    assert_eq!((desk.stage(), desk.order().to_send(), desk.order().waits_with()), ("refunded", 0, None));
    assert_eq!(desk.done(complain("2")), vec![]);
}

#[test]
fn the_journal_names_what_happens_late_in_an_order_as_it_always_did() {
    let (by, at) = (wanjiku(), Timestamp::from_millis(5));
    let id = by.to_string();
    let choice = Choice { round: 1, pieces: 2, until: at, again: None, brought: false };
    let cancelled = Cancellation { materials: Kes::major(5), kept: Kes::minor(501) };
    let parcel = Parcel {
        by,
        pieces: 2,
        grams: 300,
        hs: "7117".to_owned(),
        value: Usd::minor(990),
        tracking: None,
        settled: None,
    };
    let (paper, reason) = ("R-1".to_owned(), "torn".to_owned());
    let complaint = Complaint { paper: paper.clone(), reason, pieces: 1, round: 1, returned: None };
    let rows = [
        (
            OrderEvent::Postponed { by, due: at, days: 3, why: LateWhy::Home },
            format!(r#"{{"postponed":{{"by":"{id}","due":5,"days":3,"why":"home"}}}}"#),
        ),
        (OrderEvent::Shorted { pieces: 2 }, r#"{"shorted":{"pieces":2}}"#.to_owned()),
        (
            OrderEvent::ChoiceAsked(choice),
            r#"{"choice_asked":{"round":1,"pieces":2,"until":5,"again":null}}"#.to_owned(),
        ),
        (OrderEvent::Chosen { again: true }, r#"{"chosen":{"again":true}}"#.to_owned()),
        (OrderEvent::BroughtAfterAll { pieces: 2 }, r#"{"brought_after_all":{"pieces":2}}"#.to_owned()),
        (OrderEvent::Cancelled(cancelled), r#"{"cancelled":{"materials":500,"kept":501}}"#.to_owned()),
        (
            OrderEvent::Packed(parcel),
            format!(
                r#"{{"packed":{{"by":"{id}","pieces":2,"grams":300,"hs":"7117","value":990,"tracking":null,"settled":null}}}}"#
            ),
        ),
        (OrderEvent::Shipped, r#""shipped""#.to_owned()),
        (OrderEvent::Tracked { number: "RR1".to_owned() }, r#"{"tracked":{"number":"RR1"}}"#.to_owned()),
        (OrderEvent::Delivered, r#""delivered""#.to_owned()),
        (OrderEvent::Closed, r#""closed""#.to_owned()),
        (OrderEvent::CarrierPaid { cost: Kes::major(7) }, r#"{"carrier_paid":{"cost":700}}"#.to_owned()),
        (OrderEvent::Thanked { text: "Asante".to_owned() }, r#"{"thanked":{"text":"Asante"}}"#.to_owned()),
        (OrderEvent::ThanksRead { passed: true }, r#"{"thanks_read":{"passed":true}}"#.to_owned()),
        (
            OrderEvent::Complained(complaint),
            r#"{"complained":{"paper":"R-1","reason":"torn","pieces":1,"round":1}}"#.to_owned(),
        ),
        (OrderEvent::Returned { paper }, r#"{"returned":{"paper":"R-1"}}"#.to_owned()),
    ];
    for (event, json) in rows {
        assert_eq!(serde_json::to_string(&event).expect("JSON"), json);
        assert_eq!(serde_json::from_str::<OrderEvent>(&json).expect("an event"), event);
    }
}
