//! Riders: asked one after the other, and the parcel changes hands by its number alone.

use super::*;

fn otieno() -> PartyId {
    PartyId::derived("otieno")
}

fn barasa() -> PartyId {
    PartyId::derived("barasa")
}

fn number() -> SpokenCode {
    SpokenCode::nth(CodeKind::Once, 302_915)
}

fn wrong() -> SpokenCode {
    SpokenCode::nth(CodeKind::Once, 412_846)
}

fn asked() -> Desk {
    let mut desk = Desk::accepted(3);
    desk.done(C::MarkReady { by: wanjiku() });
    desk.done(C::SendFor { to: otieno(), number: number() });
    desk
}

fn picks(by: PartyId, number: SpokenCode) -> C {
    C::PickUp { by, number }
}

#[test]
fn the_parcel_goes_from_her_to_the_rider_to_the_kiosk() {
    let mut desk = asked();
    desk.done(C::GoFor { by: otieno() });
    desk.done(picks(otieno(), number()));
    assert_eq!((desk.stage(), desk.order().holder()), ("with_rider", Some(otieno())));
    assert_eq!(desk.done(picks(otieno(), number())), vec![], "told twice");
    desk.done(C::Receive { by: agent() });
    let hands: Vec<_> = desk.order().custody.iter().map(|hand| (hand.giver, hand.receiver)).collect();
    assert_eq!(hands, [(wanjiku(), otieno()), (otieno(), agent().id)]);
    assert_eq!(desk.order().pickup, None);
    let steps: Vec<_> = desk.order().steps.iter().map(|(step, _)| step.word()).collect();
    assert_eq!(steps[4..], ["ready", "with_rider", "at_kiosk"]);
}

#[test]
fn after_three_wrong_numbers_the_right_one_is_refused_too() {
    let mut desk = asked();
    for left in [2, 1] {
        assert_eq!(
            desk.done(picks(otieno(), wrong())),
            vec![OrderEvent::NumberMissed { by: otieno(), left }]
        );
    }
    let last = [OrderEvent::NumberMissed { by: otieno(), left: 0 }, OrderEvent::NoRider];
    assert_eq!(desk.done(picks(otieno(), wrong())), last, "she is asked to bring it in the same moment");
    assert_eq!(desk.refused(picks(otieno(), number())), Refusal::PinLocked);
    // Nobody else is sent for what no number opens.
    desk.now = desk.now.after(Policy::default().pickup());
    assert_eq!(desk.done(C::NextRider { next: Some(barasa()) }), vec![]);
    let left = desk.done(C::HandBack { by: otieno(), next: Some(barasa()) });
    assert_eq!(left, vec![OrderEvent::RiderLeft { by: otieno() }]);
    assert_eq!(desk.order().rider(), None);
    assert_eq!(desk.stage(), "ready");
    // Her own feet are always good.
    desk.done(C::Receive { by: agent() });
    assert_eq!(desk.order().custody[0].giver, wanjiku());
}

#[test]
fn whoever_was_not_asked_cannot_take_it_even_with_the_number() {
    let mut desk = asked();
    assert_eq!(desk.refused(picks(barasa(), number())), Refusal::NotAllowed);
    assert_eq!(desk.refused(C::GoFor { by: barasa() }), Refusal::NotAllowed);
    let send = C::SendFor { to: otieno(), number: number() };
    assert_eq!(Desk::accepted(1).refused(send), Refusal::gone("making"));
}

#[test]
fn a_task_handed_back_goes_to_the_next_rider_and_then_to_nobody() {
    let mut desk = asked();
    let events = desk.done(C::HandBack { by: otieno(), next: Some(barasa()) });
    assert!(matches!(events[..], [OrderEvent::RiderLeft { .. }, OrderEvent::RiderAsked(_)]), "{events:?}");
    assert_eq!(desk.refused(picks(otieno(), number())), Refusal::NotAllowed);
    assert_eq!(desk.done(C::HandBack { by: otieno(), next: None }), vec![], "told twice");
    let events = desk.done(C::HandBack { by: barasa(), next: Some(otieno()) });
    assert_eq!(events, vec![OrderEvent::RiderLeft { by: barasa() }, OrderEvent::NoRider]);
    assert_eq!(desk.order().rider(), None);
}

#[test]
fn silence_asks_the_next_one_and_a_rider_under_way_is_not_passed_over() {
    let mut desk = asked();
    let next = C::NextRider { next: Some(barasa()) };
    assert!(matches!(desk.refused(next.clone()), Refusal::TooEarly { .. }));
    desk.now = desk.now.after(Policy::default().pickup());
    desk.done(next.clone());
    assert_eq!(desk.order().rider(), Some(barasa()));
    desk.done(C::GoFor { by: barasa() });
    desk.now = desk.now.after(Policy::default().pickup());
    assert_eq!(desk.done(C::NextRider { next: None }), vec![]);
    assert_eq!(desk.refused(C::GoFor { by: otieno() }), Refusal::gone("going"));
    // Who went and never came is passed over at last, and may come all the same.
    desk.now = desk.now.after(Policy::default().pickup());
    assert_eq!(desk.done(C::NextRider { next: None }), vec![OrderEvent::NoRider]);
    assert_eq!(desk.order().rider(), None);
    desk.done(C::GoFor { by: otieno() });
    // She gave it to the other one after all; the number says so.
    desk.done(picks(barasa(), number()));
    assert_eq!(desk.order().holder(), Some(barasa()));
}

#[test]
fn a_parcel_that_is_mended_has_a_ride_of_its_own() {
    let mut desk = asked();
    desk.done(picks(otieno(), number()));
    desk.done(C::Receive { by: agent() });
    desk.done(fail(3));
    desk.done(C::MarkReady { by: wanjiku() });
    let events = desk.done(C::SendFor { to: otieno(), number: wrong() });
    assert!(matches!(events[..], [OrderEvent::RiderAsked(Errand { round: 2, .. })]), "{events:?}");
    desk.done(picks(otieno(), wrong()));
}

#[test]
fn a_rider_who_went_before_there_was_an_end_to_it_still_goes() {
    let mut desk = asked();
    let old: OrderEvent = serde_json::from_value(serde_json::json!({ "rider_goes": { "by": otieno() } }))
        .expect("as it was written before");
    let order = evolve(Some(desk.order().clone()), &old, desk.now).expect("an order");
    assert_eq!(
        (order.rider(), order.pickup.as_ref().and_then(|p| p.asked.map(|(to, _)| to))),
        (Some(otieno()), Some(otieno()))
    );
    desk.done(picks(otieno(), number()));
}
