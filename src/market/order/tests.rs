//! An order from the shop to the shelf, and every way it may go wrong.

use super::*;
use crate::market::policy::TaxRate;
use crate::market::{Actor, Policy, Quote, Refusal, Role, price};
use crate::types::CodeKind;
use proptest::prelude::*;

use OrderCommand as C;

mod hold;
mod life;
mod pickup;

fn wanjiku() -> PartyId {
    PartyId::derived("wanjiku")
}

fn njeri() -> PartyId {
    PartyId::derived("njeri")
}

fn agent() -> Actor {
    Actor { id: PartyId::derived("kamau"), role: Role::Agent }
}

fn another_agent() -> Actor {
    Actor { id: PartyId::derived("mutiso"), role: Role::Agent }
}

/// The house's numbers of a day on which 19 % was collected for Germany.
fn taxing() -> Policy {
    let (countries, rate_bp) = (vec!["DE".to_owned()], 1_900);
    let rate = TaxRate { countries, rate_bp, shipping: true, up_to_us_cents: None, number: None };
    Policy { tax: vec![rate], ..Policy::default() }
}

fn terms(pieces: u32) -> Terms {
    let policy = taxing();
    let shipping = policy.shipping("DE", "necklace", pieces).expect("we ship there");
    Terms {
        code: SpokenCode::nth(CodeKind::Order, 5),
        listing: SpokenCode::nth(CodeKind::Listing, 7),
        quote: price::quote(&policy, Kes::major(850), pieces, shipping)
            .and_then(|quote| price::taxed(&policy, quote, "DE"))
            .expect("in range"),
        country: "DE".into(),
        token: "a private link".into(),
        bulk: None,
        shown: None,
        partner: None,
        purchase: None,
    }
}

/// What some pieces cost with their tax.
fn taxed(quote: &Quote, pieces: u32) -> Usd {
    Usd::minor(quote.goods(pieces).cents() + quote.tax.goods(pieces).cents())
}

#[test]
fn a_sum_is_shown_to_the_nearest_hundredth() {
    let shown = |millionths| Shown { currency: "EUR".into(), millionths, day: "2026-11-20".into() };
    assert_eq!(shown(921_500).hundredths(Usd::minor(1_082)), 997);
    assert_eq!(shown(500_000).hundredths(Usd::minor(1)), 1);
    assert_eq!(shown(129_500_000).hundredths(Usd::minor(100)), 12_950);
}

/// An order and its own clock.
struct Desk {
    order: Option<Order>,
    now: Timestamp,
}

impl Desk {
    fn run(&mut self, command: C) -> Result<Vec<OrderEvent>, Refusal> {
        let events = decide(self.order.as_ref(), &command, &Policy::default(), self.now)?;
        for event in &events {
            self.order = evolve(self.order.take(), event, self.now);
        }
        Ok(events)
    }

    fn done(&mut self, command: C) -> Vec<OrderEvent> {
        self.run(command.clone()).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"))
    }

    fn refused(&mut self, command: C) -> Refusal {
        let before = self.order.clone();
        let refusal = self.run(command).expect_err("refused");
        assert_eq!(before, self.order);
        refusal
    }

    fn order(&self) -> &Order {
        self.order.as_ref().expect("stands")
    }

    fn stage(&self) -> &'static str {
        self.order().stage.word()
    }

    fn placed(pieces: u32) -> Self {
        let mut desk = Self { order: None, now: Timestamp::from_millis(1_000_000) };
        desk.done(C::Place(terms(pieces)));
        desk
    }

    fn paid(pieces: u32) -> Self {
        let mut desk = Self::placed(pieces);
        desk.done(pay(pieces));
        desk
    }

    fn offered(pieces: u32) -> Self {
        let mut desk = Self::paid(pieces);
        desk.done(C::Offer { to: wanjiku() });
        desk
    }

    fn accepted(pieces: u32) -> Self {
        let mut desk = Self::offered(pieces);
        desk.done(accept(pieces));
        desk
    }

    fn at_kiosk(pieces: u32) -> Self {
        let mut desk = Self::accepted(pieces);
        desk.done(C::MarkReady { by: wanjiku() });
        desk.done(C::Receive { by: agent() });
        desk
    }
}

fn pay(pieces: u32) -> C {
    C::Pay { payment: "pi_1".into(), charged: terms(pieces).quote.charge() }
}

fn accept(pieces: u32) -> C {
    C::Accept { by: wanjiku(), pieces, mentoring: None }
}

fn pass(passed: u32) -> C {
    C::Judge { by: agent(), passed, failed: 0, reason: None }
}

fn fail(failed: u32) -> C {
    C::Judge { by: agent(), passed: 0, failed, reason: Some(Reason::RoughFinish) }
}

fn refunds(events: &[OrderEvent]) -> Vec<Refund> {
    let refund = |event: &OrderEvent| match event {
        OrderEvent::RefundDue(refund) => Some(*refund),
        _ => None,
    };
    events.iter().filter_map(refund).collect()
}

#[test]
fn three_pieces_are_sold_made_checked_and_released() {
    let mut desk = Desk::at_kiosk(3);
    assert_eq!(desk.order().held(), Kes::major(2_550));
    let events = desk.done(pass(3));
    let passed = OrderEvent::Passed { by: agent().id, pieces: 3, round: 1 };
    assert_eq!(events, vec![passed, OrderEvent::Completed]);
    assert_eq!((desk.stage(), desk.order().held()), ("released", Kes::ZERO));
    let steps: Vec<_> = desk.order().steps.iter().map(|(step, _)| step.word()).collect();
    assert_eq!(steps, ["placed", "paid", "offered", "accepted", "ready", "at_kiosk", "checked"]);
}

#[test]
fn pass_three_twice_releases_once_and_pass_four_is_refused() {
    let mut desk = Desk::at_kiosk(3);
    assert_eq!(desk.refused(pass(4)), Refusal::TooMany { came: 3, left: 3 });
    desk.done(pass(3));
    assert_eq!(desk.done(pass(3)), vec![]);
    assert_eq!(desk.refused(pass(4)), Refusal::TooMany { came: 3, left: 0 });
    assert_eq!(desk.refused(pass(2)), Refusal::AlreadyChecked { passed: 3, failed: 0 });
    assert_eq!(desk.order().passed, 3);
}

#[test]
fn some_pass_and_the_others_are_mended_and_checked_again() {
    let mut desk = Desk::at_kiosk(12);
    desk.done(pass(10));
    assert_eq!((desk.stage(), desk.order().held()), ("at_kiosk", Kes::major(1_700)));
    assert_eq!(desk.refused(fail(3)), Refusal::TooMany { came: 12, left: 2 });
    let events = desk.done(fail(2));
    assert!(matches!(
        events[..],
        [OrderEvent::Failed { pieces: 2, round: 1, .. }, OrderEvent::SentBack { .. }]
    ));
    assert_eq!(desk.stage(), "making");
    assert_eq!(desk.done(fail(2)), vec![], "the same message again");
    assert_eq!(desk.done(pass(10)), vec![], "the same message again");

    desk.done(C::MarkReady { by: wanjiku() });
    desk.done(C::Receive { by: agent() });
    assert_eq!(desk.order().check.map(|check| (check.round, check.came)), Some((2, 2)));
    let events = desk.done(pass(2));
    assert_eq!(events[0], OrderEvent::Passed { by: agent().id, pieces: 2, round: 2 });
    assert_eq!((desk.stage(), desk.order().passed), ("released", 12));
}

#[test]
fn what_passed_waits_where_most_of_it_is_and_not_where_it_was_checked_last() {
    for (mended, shelf) in [(0u32, agent()), (1, agent()), (2, another_agent())] {
        let mut desk = Desk::at_kiosk(4);
        let judge = |by, passed, failed| C::Judge { by, passed, failed, reason: Some(Reason::Broken) };
        desk.done(judge(agent(), 4 - mended.max(1), mended.max(1)));
        desk.done(C::MarkReady { by: wanjiku() });
        desk.done(C::Receive { by: another_agent() });
        match mended {
            0 => {
                desk.done(judge(another_agent(), 0, 1));
                desk.done(C::GiveUp { by: Some(agent()) });
                desk.done(C::Choose { round: 1, again: Some(false) });
            }
            mended => drop(desk.done(judge(another_agent(), mended, 0))),
        }
        assert_eq!((desk.stage(), desk.order().waits_with()), ("released", Some(shelf.id)), "{mended}");
    }
}

#[test]
fn a_verdict_may_say_both_numbers_at_once_and_needs_a_reason_for_the_bad() {
    let mut desk = Desk::at_kiosk(3);
    let verdict = |reason| C::Judge { by: agent(), passed: 1, failed: 2, reason };
    assert_eq!(desk.refused(verdict(None)), Refusal::OutOfRange { min: 1, max: 5 });
    assert_eq!(desk.done(verdict(Some(Reason::Broken))).len(), 3);
    assert_eq!(desk.done(verdict(Some(Reason::Broken))), vec![]);
    assert_eq!((desk.stage(), desk.order().outstanding()), ("making", 2));
}

#[test]
fn only_the_agent_who_has_the_parcel_may_judge_it() {
    let mut desk = Desk::at_kiosk(3);
    let judge = |by| C::Judge { by, passed: 3, failed: 0, reason: None };
    let herself = Actor { id: wanjiku(), role: Role::Artisan };
    assert_eq!(desk.refused(judge(another_agent())), Refusal::NotInCustody);
    assert_eq!(desk.refused(judge(herself)), Refusal::NotAllowed);
    assert_eq!(desk.refused(C::Receive { by: another_agent() }), Refusal::NotInCustody);
    assert_eq!(desk.done(C::Receive { by: agent() }), vec![]);
}

#[test]
fn every_hand_over_has_two_witnesses() {
    let desk = Desk::at_kiosk(3);
    let hand_over = HandOver { giver: wanjiku(), receiver: agent().id, pieces: 3, at: desk.now };
    assert_eq!(desk.order().custody, vec![hand_over]);
    assert_eq!(desk.order().holder(), Some(agent().id));
}

#[test]
fn she_may_bring_the_parcel_without_saying_ready_first() {
    let mut desk = Desk::accepted(2);
    let events = desk.done(C::Receive { by: agent() });
    assert!(matches!(events[..], [OrderEvent::MarkedReady { .. }, OrderEvent::Received(_)]));
    assert_eq!(Desk::offered(2).refused(C::Receive { by: agent() }), Refusal::gone("offered"));
}

#[test]
fn a_yes_twice_is_one_yes_and_another_number_is_a_contradiction() {
    let mut desk = Desk::accepted(3);
    assert_eq!(desk.done(accept(3)), vec![]);
    assert_eq!(desk.refused(accept(2)), Refusal::AlreadyAnswered { pieces: 3 });
    let no = C::Refuse { by: wanjiku(), next: None };
    assert_eq!(desk.refused(no), Refusal::AlreadyAnswered { pieces: 3 });
    desk.done(C::MarkReady { by: wanjiku() });
    assert_eq!(desk.done(C::MarkReady { by: wanjiku() }), vec![]);
    assert_eq!(desk.refused(accept(3)), Refusal::AlreadyAnswered { pieces: 3 }, "she has gone on with it");
    desk.done(C::Receive { by: agent() });
    assert_eq!(desk.refused(C::MarkReady { by: wanjiku() }), Refusal::gone("at_kiosk"));
}

#[test]
fn nobody_answers_for_somebody_else() {
    let mut desk = Desk::offered(3);
    let by = njeri();
    assert_eq!(desk.refused(C::Accept { by, pieces: 3, mentoring: None }), Refusal::NotAllowed);
    assert_eq!(desk.refused(C::Refuse { by, next: None }), Refusal::NotAllowed);
    assert_eq!(Desk::accepted(3).refused(C::MarkReady { by }), Refusal::NotAllowed);
}

#[test]
fn she_may_take_some_and_the_shopper_gets_the_rest_back_without_shipping() {
    let mut desk = Desk::offered(3);
    let range = Refusal::OutOfRange { min: 1, max: 3 };
    assert_eq!((desk.refused(accept(0)), desk.refused(accept(4))), (range.clone(), range));
    let events = desk.done(accept(2));
    let quote = terms(3).quote;
    let [refund] = refunds(&events)[..] else { panic!("one refund: {events:?}") };
    assert_eq!((refund.pieces, refund.back, refund.shipping_value), (1, taxed(&quote, 1), Kes::ZERO));
    assert_eq!((refund.goods_value, refund.tax_value), (quote.value(1), quote.tax.goods_value(1)));
    assert_eq!((desk.stage(), desk.order().held()), ("making", Kes::major(1_700)));
    assert_eq!(desk.order().untaken(), 0);
}

#[test]
fn a_no_with_nobody_else_to_ask_gives_everything_back() {
    let mut desk = Desk::offered(3);
    let no = C::Refuse { by: wanjiku(), next: None };
    let events = desk.done(no.clone());
    let [refund] = refunds(&events)[..] else { panic!("one refund: {events:?}") };
    assert_eq!((refund.pieces, refund.back), (3, terms(3).quote.charge()));
    assert_eq!(desk.stage(), "refunded");
    assert_eq!(desk.done(no), vec![]);
    assert_eq!(desk.refused(accept(3)), Refusal::gone("refunded"));

    assert_eq!(desk.done(C::ConfirmRefund { round: 1 }), vec![OrderEvent::RefundDone { round: 1 }]);
    assert_eq!(desk.done(C::ConfirmRefund { round: 1 }), vec![]);
    assert_eq!(desk.refused(C::ConfirmRefund { round: 2 }), Refusal::NotFound);
}

#[test]
fn an_offer_lapses_at_its_time_and_goes_to_the_next_artisan() {
    let mut desk = Desk::offered(3);
    let until = desk.order().offer.expect("offered").until;
    let lapse = || C::Lapse { next: Some(njeri()) };
    assert_eq!(desk.refused(lapse()), Refusal::TooEarly { until });
    desk.now = until;
    let events = desk.done(lapse());
    assert_eq!(events[0], OrderEvent::Lapsed { by: wanjiku() });
    assert_eq!(desk.order().offer.map(|offer| (offer.to, offer.pieces)), Some((njeri(), 3)));
    assert_eq!(desk.refused(accept(3)), Refusal::gone("offered"), "it is another's now");
    desk.done(C::Accept { by: njeri(), pieces: 3, mentoring: None });
    assert_eq!(desk.order().maker, Some(njeri()));
    assert_eq!(desk.done(lapse()), vec![], "a late timer finds nothing to do");
}

#[test]
fn nobody_is_asked_twice() {
    let mut desk = Desk::offered(3);
    desk.done(C::Refuse { by: wanjiku(), next: Some(njeri()) });
    let events = desk.done(C::Refuse { by: njeri(), next: Some(wanjiku()) });
    assert_eq!(refunds(&events).len(), 1);
    assert_eq!(desk.stage(), "refunded");
}

#[test]
fn an_answer_after_the_deadline_is_good_while_nobody_else_was_asked() {
    let mut desk = Desk::offered(3);
    desk.now = desk.order().offer.expect("offered").until.after(Policy::default().offer());
    desk.done(accept(3));
    assert_eq!(desk.stage(), "making");
}

#[test]
fn the_mentors_share_is_the_one_of_the_day_she_accepted() {
    let mut desk = Desk::offered(3);
    let mentoring = Mentoring { mentor: PartyId::derived("achieng"), share_bp: 500 };
    desk.done(C::Accept { by: wanjiku(), pieces: 3, mentoring: Some(mentoring) });
    assert_eq!(desk.order().mentoring, Some(mentoring));
}

#[test]
fn one_payment_however_often_it_is_told() {
    let mut desk = Desk::paid(3);
    assert_eq!(desk.done(pay(3)), vec![]);
    let other = C::Pay { payment: "pi_2".into(), charged: terms(3).quote.charge() };
    assert_eq!(desk.refused(other), Refusal::AlreadyExists);
    let charge = terms(3).quote.charge().cents();
    let wrong = Refusal::OutOfRange { min: charge, max: charge };
    let short = C::Pay { payment: "pi_1".into(), charged: Usd::minor(charge - 1) };
    assert_eq!(Desk::placed(3).refused(short), wrong);
}

#[test]
fn a_shopper_who_does_not_pay_lets_the_pieces_go_and_a_late_payment_is_given_back() {
    let mut desk = Desk::placed(3);
    let until = desk.now.after(Policy::default().reservation());
    assert_eq!(desk.refused(C::Expire { closed: false }), Refusal::TooEarly { until });
    assert_eq!(desk.done(C::Expire { closed: true }), vec![OrderEvent::Expired]);
    assert_eq!(desk.done(C::Expire { closed: true }), vec![]);
    let events = desk.done(pay(3));
    let [refund] = refunds(&events)[..] else { panic!("one refund: {events:?}") };
    assert_eq!((refund.why, refund.back), (RefundWhy::PaidTooLate, terms(3).quote.charge()));
    assert_eq!(desk.stage(), "refunded");
    assert_eq!(Desk::paid(3).done(C::Expire { closed: true }), vec![], "paid just in time");
}

#[test]
fn the_shopper_may_change_her_mind_until_somebody_has_taken_it() {
    for mut desk in [Desk::paid(2), Desk::offered(2)] {
        assert_eq!(refunds(&desk.done(C::Cancel)).len(), 1);
        assert_eq!(desk.stage(), "refunded");
        assert_eq!(desk.done(C::Cancel), vec![]);
    }
    assert_eq!(Desk::at_kiosk(2).refused(C::Cancel), Refusal::gone("at_kiosk"));
    assert_eq!(Desk::placed(2).done(C::Cancel), vec![OrderEvent::Expired]);
}

#[test]
fn pieces_that_will_never_come_are_given_back_and_the_others_stay_sold() {
    let mut desk = Desk::at_kiosk(3);
    desk.done(pass(2));
    desk.done(fail(1));
    assert_eq!(refunds(&desk.done(C::GiveUp { by: Some(agent()) })).len(), 0, "the shopper chooses first");
    assert_eq!((desk.stage(), desk.order().held()), ("choosing", Kes::ZERO));
    assert_eq!(desk.done(C::GiveUp { by: Some(agent()) }), vec![]);
    let events = desk.done(C::Choose { round: 1, again: Some(false) });
    let [refund] = refunds(&events)[..] else { panic!("one refund: {events:?}") };
    assert_eq!((refund.pieces, refund.why, refund.shipping_value), (1, RefundWhy::Short, Kes::ZERO));
    assert_eq!(
        (desk.stage(), desk.order().held(), desk.order().earns()),
        ("released", Kes::ZERO, Kes::major(1_700))
    );
    assert_eq!(desk.done(C::GiveUp { by: Some(agent()) }), vec![]);
}

#[test]
fn when_nothing_comes_shipping_goes_back_too() {
    let mut desk = Desk::offered(3);
    desk.done(accept(2));
    desk.done(C::GiveUp { by: Some(Actor { id: wanjiku(), role: Role::Artisan }) });
    let events = desk.done(C::Choose { round: 1, again: Some(false) });
    assert_eq!(desk.stage(), "refunded");
    let all: i64 = desk.order().refunds.iter().map(|refund| refund.back.cents()).sum();
    assert_eq!(all, terms(3).quote.charge().cents());
    assert!(!events.iter().any(|event| matches!(event, OrderEvent::Passed { .. })));
}

#[test]
fn we_take_no_order_to_where_we_do_not_ship() {
    let mut desk = Desk { order: None, now: Timestamp::default() };
    let nowhere = Terms { country: "XX".into(), ..terms(1) };
    assert_eq!(desk.run(C::Place(nowhere)), Err(Refusal::NoShipping));
    assert_eq!(desk.run(accept(1)), Err(Refusal::NotFound));
}

#[test]
fn in_orders_is_the_sum_over_her_orders_only() {
    let orders =
        [Desk::accepted(3), Desk::offered(2), Desk::at_kiosk(1)].map(|desk| desk.order.expect("stands"));
    assert_eq!(held(&orders, wanjiku()), Kes::major(3_400));
    assert_eq!(held(&orders, njeri()), Kes::ZERO);
}

fn any_command() -> impl Strategy<Value = C> {
    let who = prop::sample::select(vec![wanjiku(), njeri()]);
    let by = prop::sample::select(vec![agent(), another_agent()]);
    let next = prop::option::of(who.clone());
    prop_oneof![
        2 => Just(pay(3)),
        1 => any::<bool>().prop_map(|closed| C::Expire { closed }),
        2 => who.clone().prop_map(|to| C::Offer { to }),
        4 => (who.clone(), 1u32..4).prop_map(|(by, pieces)| C::Accept { by, pieces, mentoring: None }),
        1 => (who.clone(), next.clone()).prop_map(|(by, next)| C::Refuse { by, next }),
        1 => next.prop_map(|next| C::Lapse { next }),
        2 => who.prop_map(|by| C::MarkReady { by }),
        4 => by.clone().prop_map(|by| C::Receive { by }),
        6 => (by.clone(), 0u32..4, 0u32..4)
            .prop_map(|(by, passed, failed)| C::Judge { by, passed, failed, reason: Some(Reason::Other) }),
        1 => by.prop_map(|by| C::GiveUp { by: Some(by) }),
        1 => Just(C::RunOut),
        1 => (1u32..9).prop_map(|days| C::Postpone { by: wanjiku(), days, why: LateWhy::Other }),
        2 => (1u32..3, prop::option::of(any::<bool>()))
            .prop_map(|(round, again)| C::Choose { round, again }),
        1 => Just(C::Cancel),
        1 => (1u32..4).prop_map(|round| C::ConfirmRefund { round }),
    ]
}

proptest! {
    /// What the books are told of a refund never falls short of the carrier's and the tax's part of it.
    #[test]
    fn what_goes_back_covers_its_shipping_and_its_tax(
        shillings in 50i64..20_000, pieces in 1u32..99, shipping in 0i64..10_000, rate_bp in 1u32..3_000,
        some in 0u32..99, parcel: bool,
    ) {
        let mut policy = taxing();
        policy.tax[0].rate_bp = rate_bp;
        let quote = price::quote(&policy, Kes::major(shillings), pieces, Usd::minor(shipping))
            .and_then(|quote| price::taxed(&policy, quote, "DE"))
            .expect("in range");
        let refund = sum_back(&quote, 1, some.min(pieces), parcel, RefundWhy::AfterRelease);
        let passed_on = refund.shipping_value.cents() + refund.tax_value.cents();
        prop_assert!(refund.back_value.cents() >= passed_on, "{:?}", refund);
        let exact = quote.in_shillings(refund.back).cents();
        prop_assert!((exact..=exact + 1).contains(&refund.back_value.cents()), "{:?}", refund);
    }
}

proptest! {
    /// The model counts pieces: every one bought is passed or refunded in the end, none twice.
    #[test]
    fn every_piece_is_released_once_or_refunded_once_and_never_both(
        commands in prop::collection::vec((any_command(), 0i64..8), 1..80),
    ) {
        let mut desk = Desk::placed(3);
        let (mut passed, mut refunded, mut back, mut paid, mut reserved) = (0u32, 0u32, 0i64, false, 3i64);
        let (mut materials, mut tax) = (0i64, 0i64);
        for (command, hours) in commands {
            desk.now = Timestamp::from_millis(desk.now.millis() + hours * 3_600_000);
            let mut before = desk.order.clone();
            let events = desk.run(command).unwrap_or_default();
            for event in &events {
                let order = before.as_ref().expect("stands");
                match order.stock(event) {
                    Some(ListingCommand::Unreserve { pieces } | ListingCommand::Take { pieces }) => {
                        reserved -= i64::from(pieces);
                    }
                    Some(ListingCommand::CountSold { pieces }) => passed += pieces,
                    _ => {}
                }
                match event {
                    OrderEvent::Paid { .. } => {
                        prop_assert!(!paid, "captured twice");
                        paid = true;
                    }
                    OrderEvent::Cancelled(cancellation) => {
                        let kept = terms(3).quote.rate.to_usd_up(cancellation.materials).expect("in range");
                        materials += kept.cents();
                    }
                    OrderEvent::RefundDue(refund) => {
                        refunded += refund.pieces;
                        back += refund.back.cents();
                        tax += refund.tax_value.cents();
                    }
                    _ => {}
                }
                before = evolve(before, event, desk.now);
            }
            let order = desk.order();
            prop_assert_eq!((order.passed, order.refunded()), (passed, refunded));
            prop_assert!(passed + refunded <= 3, "{} passed, {} refunded", passed, refunded);
            prop_assert!(order.untaken() + order.outstanding() + passed + refunded == 3);
            prop_assert!(paid || back == 0, "gave back what was never paid");
            prop_assert!(back + materials <= terms(3).quote.charge().cents());
            prop_assert_eq!(refunded == 3, back + materials == terms(3).quote.charge().cents());
            let all = terms(3).quote.taxes_value().cents();
            prop_assert!(tax <= all && (refunded == 3) == (tax == all), "{} of {} tax went back", tax, all);
            match order.stage {
                OrderStage::Released | OrderStage::Refunded => {
                    prop_assert_eq!(passed + refunded, 3);
                    prop_assert_eq!(order.stage == OrderStage::Released, passed > 0);
                    prop_assert_eq!(reserved, 0);
                    prop_assert_eq!(order.held(), Kes::ZERO);
                }
                OrderStage::Placed => prop_assert_eq!(reserved, 3),
                OrderStage::Paid | OrderStage::Offered => prop_assert!(reserved == 3 || reserved == 0),
                _ => prop_assert_eq!(reserved, 0),
            }
        }
    }
}
