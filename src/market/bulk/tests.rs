//! Many pieces for one buyer: offered, taken in parts, offered onward, given back.

use super::*;
use crate::market::order::{self, OrderCommand, PartOf, Terms};
use crate::market::policy::TaxRate;
use crate::market::{Actor, Policy, Refusal, Role, price};
use crate::types::{CodeKind, Kes};
use BulkCommand as C;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn who(name: &str) -> PartyId {
    PartyId::derived(name)
}

fn number(nth: u64) -> SpokenCode {
    SpokenCode::nth(CodeKind::Order, nth)
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

/// The house's numbers of a day on which 19 % was collected for Germany.
fn taxing() -> Policy {
    let (countries, rate_bp) = (vec!["DE".to_owned()], 1_900);
    let rate = TaxRate { countries, rate_bp, shipping: true, up_to_us_cents: None, number: None };
    Policy { tax: vec![rate], ..Policy::default() }
}

fn terms(pieces: u32) -> BulkTerms {
    let policy = taxing();
    let shipping = policy.shipping("DE", "necklace", pieces).expect("we ship there");
    BulkTerms {
        code: number(0),
        listing: SpokenCode::nth(CodeKind::Listing, 7),
        quote: price::quote(&policy, Kes::major(850), pieces, shipping)
            .and_then(|quote| price::taxed(&policy, quote, "DE"))
            .expect("in range"),
        wanted: policy.bulk_soonest(now()),
        country: "DE".into(),
        shown: None,
        token: "a private link".into(),
        partner: None,
    }
}

/// A request and the orders that are its parts, as the engine keeps them in step.
struct Desk {
    bulk: Option<Bulk>,
    parts: BTreeMap<SpokenCode, Order>,
    /// What stands on the request's deposit, as the books would have it.
    deposit: Kes,
}

impl Desk {
    fn paid(pieces: u32) -> Self {
        let mut desk = Self { bulk: None, parts: BTreeMap::new(), deposit: Kes::ZERO };
        desk.done(C::Place(terms(pieces)));
        let charged = terms(pieces).quote.charge();
        desk.done(C::Pay { payment: "pi_1".into(), charged });
        desk.deposit = terms(pieces).quote.value(pieces);
        desk
    }

    fn bulk(&self) -> &Bulk {
        self.bulk.as_ref().expect("stands")
    }

    fn run(&mut self, command: C) -> Result<Vec<BulkEvent>, Refusal> {
        let events = decide(self.bulk.as_ref(), &command, &Policy::default(), now())?;
        for event in &events {
            self.bulk = evolve(self.bulk.take(), event, now());
            if let BulkEvent::RefundDue(refund) = event {
                self.deposit = self.deposit.checked_sub(refund.goods_value).expect("in range");
            }
            self.adds_up();
        }
        Ok(events)
    }

    fn done(&mut self, command: C) -> Vec<BulkEvent> {
        self.run(command.clone()).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"))
    }

    fn adds_up(&self) {
        let bulk = self.bulk();
        let sum = bulk.offered() + bulk.making() + bulk.passed() + bulk.refunded() + bulk.left;
        // Between a loss and its refund, which are one turn, the pieces are left.
        assert_eq!(sum, bulk.quantity(), "{bulk:?}");
    }

    fn offer(&mut self, shares: &[(&str, u32)]) {
        let first = self.parts.len() as u64 + 1;
        let shares: Vec<Share> = shares
            .iter()
            .zip(first..)
            .map(|((name, pieces), nth)| Share { order: number(nth), to: who(name), pieces: *pieces })
            .collect();
        self.done(C::Spread { shares: shares.clone() });
        for share in shares {
            let quote = Quote {
                pieces: share.pieces,
                shipping: Usd::ZERO,
                shipping_value: Kes::ZERO,
                tax: self.bulk().terms.quote.tax.without_shipping(),
                ..self.bulk().terms.quote
            };
            let part = Terms {
                code: share.order,
                listing: self.bulk().terms.listing,
                quote,
                country: "DE".into(),
                token: String::new(),
                bulk: Some(PartOf { code: number(0), due: self.bulk().due }),
                shown: None,
                partner: None,
                purchase: None,
            };
            self.part(share.order, OrderCommand::Place(part)).expect("placed");
            let pay = OrderCommand::Pay { payment: "pi_1".into(), charged: quote.charge() };
            self.part(share.order, pay).expect("paid");
            self.part(share.order, OrderCommand::Offer { to: share.to }).expect("offered");
        }
    }

    /// A command to a part, heard by the request.
    fn part(&mut self, code: SpokenCode, command: OrderCommand) -> Result<(), Refusal> {
        let mut part = self.parts.remove(&code);
        let events = order::decide(part.as_ref(), &command, &Policy::default(), now());
        for event in events.iter().flatten() {
            if let order::OrderEvent::Passed { pieces, .. } = event {
                self.deposit =
                    self.deposit.checked_sub(self.bulk().terms.quote.value(*pieces)).expect("in range");
            }
            part = order::evolve(part, event, now());
        }
        if let Some(part) = part {
            let news = PartNews::of(&part);
            self.parts.insert(code, part);
            self.done(C::Hear(news));
            self.done(C::Hear(news));
        }
        events.map(drop)
    }

    fn answers(&mut self, nth: u64, name: &str, pieces: u32) {
        let by = who(name);
        let command = match pieces {
            0 => OrderCommand::Refuse { by, next: Some(who("nobody's business")) },
            _ => OrderCommand::Accept { by, pieces, mentoring: None },
        };
        self.part(number(nth), command).expect("may answer");
    }

    fn counts(&self) -> [u32; 5] {
        let bulk = self.bulk();
        [bulk.offered(), bulk.making(), bulk.passed(), bulk.refunded(), bulk.left]
    }

    fn stage(&self) -> &'static str {
        self.bulk().stage.word()
    }
}

fn agent() -> Actor {
    Actor { id: who("kamau"), role: Role::Agent }
}

fn judge(passed: u32, failed: u32) -> OrderCommand {
    let reason = (failed > 0).then_some(crate::market::listing::Reason::Broken);
    OrderCommand::Judge { by: agent(), passed, failed, reason }
}

#[test]
fn w70_forty_offered_as_25_and_15_and_taken_as_25_and_12_leave_3() {
    let mut desk = Desk::paid(40);
    desk.offer(&[("wanjiku", 25), ("njeri", 15)]);
    assert_eq!(desk.counts(), [40, 0, 0, 0, 0]);
    desk.answers(1, "wanjiku", 25);
    assert_eq!(desk.counts(), [15, 25, 0, 0, 0]);
    desk.answers(2, "njeri", 12);
    assert_eq!(desk.counts(), [0, 37, 0, 0, 3]);
    assert_eq!((desk.stage(), desk.bulk().promise()), ("gathering", None));
    desk.offer(&[("atieno", 3)]);
    desk.answers(3, "atieno", 3);
    assert_eq!(desk.counts(), [0, 40, 0, 0, 0]);
    assert_eq!((desk.stage(), desk.bulk().promise()), ("making", Some(desk.bulk().terms.wanted)));
}

#[test]
fn nobody_is_asked_twice_in_a_round_nor_for_more_than_is_left() {
    let mut desk = Desk::paid(40);
    desk.offer(&[("wanjiku", 25)]);
    desk.answers(1, "wanjiku", 0);
    let share = |to, pieces| Share { order: number(9), to: who(to), pieces };
    let mut refused = |shares| desk.run(C::Spread { shares }).expect_err("refused");
    assert_eq!(refused(vec![share("wanjiku", 5)]), Refusal::NotAllowed);
    assert_eq!(refused(vec![share("njeri", 5), share("njeri", 5)]), Refusal::NotAllowed);
    assert_eq!(refused(vec![share("njeri", 41)]), Refusal::OutOfRange { min: 1, max: 40 });
    assert_eq!(refused(vec![share("njeri", 0)]), Refusal::OutOfRange { min: 1, max: 40 });
}

#[test]
fn when_nobody_is_left_the_buyer_takes_fewer() {
    let mut desk = Desk::paid(40);
    desk.offer(&[("wanjiku", 25)]);
    assert_eq!(desk.done(C::Spread { shares: vec![] }), vec![]);
    desk.answers(1, "wanjiku", 20);
    desk.done(C::Spread { shares: vec![] });
    assert_eq!(desk.stage(), "choosing");
    desk.done(C::Choose(Choice::Fewer));
    assert_eq!(desk.counts(), [0, 20, 0, 20, 0]);
    let refund = desk.bulk().refunds[0];
    let quote = terms(40).quote;
    assert_eq!(refund.back.cents(), quote.goods(20).cents() + quote.tax.goods(20).cents());
    assert_eq!(refund.shipping_value, Kes::ZERO);
    assert_eq!(desk.stage(), "making");
    assert!(matches!(desk.run(C::Choose(Choice::Fewer)), Err(Refusal::Gone { .. })));
}

#[test]
fn when_nobody_took_anything_fewer_is_everything_shipping_too() {
    let mut desk = Desk::paid(40);
    desk.done(C::Spread { shares: vec![] });
    desk.done(C::Choose(Choice::Fewer));
    assert_eq!(desk.stage(), "refunded");
    assert_eq!(desk.bulk().refunds[0].back, terms(40).quote.charge());
    assert_eq!(desk.deposit, Kes::ZERO);
}

#[test]
fn who_waits_longer_has_everybody_asked_again_and_a_later_day_until_the_rounds_are_over() {
    let mut desk = Desk::paid(40);
    let policy = Policy::default();
    for round in 1..policy.bulk.rounds {
        let part = u64::from(round);
        desk.offer(&[("wanjiku", 25)]);
        desk.answers(part, "wanjiku", 0);
        desk.done(C::Spread { shares: vec![] });
        let before = desk.bulk().due;
        desk.done(C::Choose(Choice::Later));
        assert_eq!(desk.bulk().round, round + 1);
        assert_eq!(desk.bulk().due, before.after(policy.bulk_later()));
        assert_eq!(desk.stage(), "gathering");
    }
    desk.done(C::Spread { shares: vec![] });
    let refusal = desk.run(C::Choose(Choice::Later)).expect_err("refused");
    assert_eq!(refusal, Refusal::Full { max: policy.bulk.rounds });
}

#[test]
fn what_will_never_come_of_a_part_is_refunded_and_offered_to_nobody() {
    let mut desk = Desk::paid(40);
    desk.offer(&[("wanjiku", 25), ("njeri", 15)]);
    desk.answers(1, "wanjiku", 25);
    desk.answers(2, "njeri", 15);
    desk.part(number(2), OrderCommand::Receive { by: agent() }).expect("received");
    desk.part(number(2), judge(10, 5)).expect("judged");
    assert_eq!(desk.counts(), [0, 30, 10, 0, 0]);
    let njeri = Actor { id: who("njeri"), role: Role::Artisan };
    desk.part(number(2), OrderCommand::GiveUp { by: Some(njeri) }).expect("given up");
    assert_eq!(desk.counts(), [0, 25, 10, 5, 0]);
    let quote = terms(40).quote;
    let five = Usd::minor(quote.goods(5).cents() + quote.tax.goods(5).cents());
    assert_eq!((desk.stage(), desk.bulk().refunds[0].back), ("making", five));
    desk.part(number(1), OrderCommand::Receive { by: agent() }).expect("received");
    desk.part(number(1), judge(25, 0)).expect("judged");
    assert_eq!((desk.stage(), desk.deposit), ("done", Kes::ZERO));
}

/// The desk gives back what passed of a part.
fn complain(paper: &str, pieces: u32) -> OrderCommand {
    OrderCommand::Complain { paper: paper.into(), reason: "bent".into(), pieces, two: true }
}

#[test]
fn the_carriers_money_goes_back_with_the_last_piece_also_when_pieces_had_passed() {
    for (choice_last, sent) in [(false, false), (true, false), (false, true)] {
        let mut desk = Desk::paid(40);
        desk.offer(&[("wanjiku", 25), ("njeri", 10)]);
        for (nth, name, pieces) in [(1, "wanjiku", 25), (2, "njeri", 10)] {
            desk.answers(nth, name, pieces);
            desk.part(number(nth), OrderCommand::Receive { by: agent() }).expect("received");
            desk.part(number(nth), judge(pieces, 0)).expect("judged");
        }
        desk.done(C::Spread { shares: vec![] });
        if sent {
            let send = OrderCommand::Send { by: agent(), grams: 500, hs: "7117.19".into() };
            desk.part(number(2), send).expect("sent");
        }
        let chooses = |desk: &mut Desk| drop(desk.done(C::Choose(Choice::Fewer)));
        if !choice_last {
            chooses(&mut desk);
        }
        desk.part(number(1), complain("C-1", 25)).expect("given back");
        assert!(desk.bulk().refunds.iter().all(|refund| refund.shipping_value == Kes::ZERO));
        desk.part(number(2), complain("C-2", 10)).expect("given back");
        if choice_last {
            chooses(&mut desk);
        }
        let quote = terms(40).quote;
        let shipping: Vec<_> = desk.bulk().refunds.iter().filter(|refund| refund.pieces == 0).collect();
        let parcel = Usd::minor(quote.shipping.cents() + quote.tax.shipping.cents());
        let wanted = if sent { vec![] } else { vec![(parcel, quote.shipping_value)] };
        let went: Vec<_> = shipping.iter().map(|refund| (refund.back, refund.shipping_value)).collect();
        assert_eq!(went, wanted, "choice last: {choice_last}, sent: {sent}");
        assert_eq!((desk.bulk().refunded(), desk.deposit), (5, Kes::ZERO));
    }
}

#[test]
fn what_the_bank_took_is_not_given_back_to_the_buyer_once_more() {
    let mut desk = Desk::paid(25);
    desk.offer(&[("wanjiku", 25)]);
    desk.answers(1, "wanjiku", 25);
    desk.part(number(1), OrderCommand::Receive { by: agent() }).expect("received");
    desk.part(number(1), judge(25, 0)).expect("judged");
    desk.done(C::BankTook);
    desk.part(number(1), complain("C-1", 25)).expect("the order itself was not told of the bank");
    assert!(desk.bulk().comes_to_nothing());
    assert!(desk.bulk().refunds.iter().all(|refund| refund.back == Usd::ZERO), "{:?}", desk.bulk().refunds);
}

#[test]
fn a_part_takes_nothing_off_a_shelf_and_is_not_the_buyers_to_cancel() {
    let mut desk = Desk::paid(40);
    desk.offer(&[("wanjiku", 25)]);
    assert_eq!(desk.part(number(1), OrderCommand::Cancel), Err(Refusal::NotAllowed));
    let part = &desk.parts[&number(1)];
    assert_eq!(part.deposit(), number(0));
    let taken =
        order::OrderEvent::Accepted { by: who("wanjiku"), pieces: 25, due: desk.bulk().due, mentoring: None };
    assert_eq!(part.stock(&taken), None);
    assert_eq!(part.offer.map(|offer| offer.until), Some(now().after(Policy::default().bulk_answer())));
    assert_eq!(part.offer.map(|offer| offer.due), Some(desk.bulk().terms.wanted));
}

#[test]
fn a_payment_for_a_request_that_was_let_go_goes_back_at_once() {
    let mut desk = Desk { bulk: None, parts: BTreeMap::new(), deposit: Kes::ZERO };
    desk.done(C::Place(terms(40)));
    assert!(matches!(desk.run(C::Expire { closed: false }), Err(Refusal::TooEarly { .. })));
    desk.done(C::Expire { closed: true });
    let charged = terms(40).quote.charge();
    assert!(desk.run(C::Pay { payment: "pi_1".into(), charged: Usd::minor(1) }).is_err());
    desk.done(C::Pay { payment: "pi_1".into(), charged });
    assert_eq!((desk.stage(), desk.bulk().refunds[0].back), ("refunded", charged));
    assert_eq!(desk.done(C::Pay { payment: "pi_1".into(), charged }), vec![]);
}

#[test]
fn too_few_pieces_too_many_and_a_day_too_soon_or_too_far_off_are_refused() {
    let place = |terms| decide(None, &C::Place(terms), &Policy::default(), now());
    assert_eq!(place(terms(9)), Err(Refusal::OutOfRange { min: 10, max: 500 }));
    assert_eq!(place(terms(501)), Err(Refusal::OutOfRange { min: 10, max: 500 }));
    let until = terms(40).wanted;
    let hasty = BulkTerms { wanted: Timestamp::from_millis(until.millis() - 1), ..terms(40) };
    assert_eq!(place(hasty), Err(Refusal::TooEarly { until }));
    let until = Policy::default().bulk_latest(now());
    let far = |days: i64| {
        let wanted = Timestamp::from_millis(until.millis() + days * 24 * 60 * 60 * 1000);
        place(BulkTerms { wanted, ..terms(40) })
    };
    assert!(far(0).is_ok());
    assert_eq!(far(1), Err(Refusal::TooFar { until }));
    let nowhere = BulkTerms { country: "XX".into(), ..terms(40) };
    assert_eq!(place(nowhere), Err(Refusal::NoShipping));
}

fn maker(name: &str, passed: u32, failed: u32, room: u32) -> Maker {
    let price = Kes::major(800);
    Maker { id: who(name), own: false, same_stuff: true, price, passed, failed, room }
}

#[test]
fn the_artisan_of_the_listing_is_asked_first_then_her_material_then_the_best_record() {
    let makers = vec![
        maker("good", 50, 1, 10),
        maker("new", 0, 0, 10),
        Maker { same_stuff: false, ..maker("other material", 200, 0, 10) },
        maker("best", 200, 0, 10),
        Maker { own: true, price: Kes::major(850), ..maker("hers", 3, 5, 25) },
        maker("bad", 80, 20, 10),
        maker("full", 90, 0, 0),
        Maker { price: Kes::major(851), ..maker("dear", 90, 0, 10) },
    ];
    let asked: Vec<PartyId> =
        onward(makers, Kes::major(850), &Policy::default()).iter().map(|maker| maker.id).collect();
    let wanted = ["hers", "best", "good", "new", "other material"];
    assert_eq!(asked, wanted.map(who));
}

#[test]
fn forty_over_25_and_20_is_25_and_15() {
    let makers = [maker("wanjiku", 0, 0, 25), maker("njeri", 0, 0, 20), maker("atieno", 0, 0, 5)];
    assert_eq!(spread(40, &makers, 99), vec![(who("wanjiku"), 25), (who("njeri"), 15)]);
    assert_eq!(spread(60, &makers, 22), vec![(who("wanjiku"), 22), (who("njeri"), 20), (who("atieno"), 5)]);
    assert_eq!(spread(1, &[], 99), vec![]);
}

proptest! {
    /// Whatever is offered, taken, refused, made, broken and chosen: at every step the pieces add up,
    /// and at the end the deposit is empty and the card has back what was not made.
    #[test]
    fn every_request_ends_with_an_empty_deposit(
        pieces in 10u32..200, dice in prop::collection::vec((1u32..60, 0u32..60, 0u32..60), 1..40),
    ) {
        let mut desk = Desk::paid(pieces);
        for (nth, (offer, take, fail)) in (1u64..).zip(dice) {
            let Some(offer @ 1..) = Some(offer.min(desk.bulk().left)) else { break };
            let name = format!("maker {nth}");
            desk.offer(&[(&name, offer)]);
            let take = take.min(offer);
            desk.answers(nth, &name, take);
            if take == 0 {
                continue;
            }
            let fail = fail.min(take);
            desk.part(number(nth), OrderCommand::Receive { by: agent() }).expect("received");
            desk.part(number(nth), judge(take - fail, fail)).expect("judged");
            if fail > 0 {
                desk.part(number(nth), OrderCommand::GiveUp { by: Some(agent()) }).expect("given up");
            }
        }
        if desk.bulk().left > 0 {
            desk.done(C::Spread { shares: vec![] });
            desk.done(C::Choose(Choice::Fewer));
        }
        let bulk = desk.bulk();
        prop_assert_eq!(bulk.passed() + bulk.refunded(), pieces);
        prop_assert_eq!(desk.deposit, Kes::ZERO);
        let quote = bulk.terms.quote;
        let back: i64 = bulk.refunds.iter().map(|refund| refund.back.cents()).sum();
        let sold = quote.goods(bulk.passed()).cents() + quote.tax.goods(bulk.passed()).cents();
        let kept = if bulk.passed() > 0 { quote.shipping.cents() + quote.tax.shipping.cents() } else { 0 };
        prop_assert_eq!(back, quote.charge().cents() - sold - kept);
        // What the request owes the tax authority, and what its parts may give back of it, is the same.
        let given: i64 = bulk.refunds.iter().map(|refund| refund.tax_value.cents()).sum();
        let hers = |order: &Order| order.terms.quote.tax.goods_value(order.passed).cents();
        let parts: i64 = desk.parts.values().map(hers).sum();
        let parcel = if bulk.passed() > 0 { quote.tax.shipping_value.cents() } else { 0 };
        prop_assert_eq!(quote.taxes_value().cents() - given, parts + parcel);
        prop_assert_eq!(bulk.stage.word(), if bulk.passed() > 0 { "done" } else { "refunded" });
    }
}
