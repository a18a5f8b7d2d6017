//! A payout through everything a provider can say, in every order.

use super::*;
use crate::market::party::HoldCode;
use crate::types::Lang;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn id() -> PayoutId {
    PayoutId::derived("payout 1")
}

fn ask(amount: Kes, free: Kes) -> PayoutCommand {
    PayoutCommand::Request {
        id: id(),
        owner: PartyId::derived("wanjiku"),
        from: PayFrom::Artisan,
        to: Msisdn::from_e164("254712345678").expect("a number"),
        via: String::new(),
        amount,
        free,
        open: None,
        hold: None,
        pin_proven: true,
    }
}

fn run(state: &mut Option<Payout>, command: PayoutCommand) -> Result<Vec<PayoutEvent>, Refusal> {
    let now = Timestamp::from_millis(1);
    let events = decide(state.as_ref(), &command, &Policy::default(), now)?;
    for event in &events {
        *state = evolve(state.take(), event, now);
    }
    Ok(events)
}

fn hear(state: &mut Option<Payout>, heard: Heard) -> Vec<PayoutEvent> {
    run(state, PayoutCommand::Hear(heard)).expect("nothing heard is refused")
}

fn reserved() -> Option<Payout> {
    let mut state = None;
    run(&mut state, ask(Kes::major(2_500), Kes::minor(255_050))).expect("reserved");
    state
}

fn stage(state: &Option<Payout>) -> &'static str {
    state.as_ref().map_or("none", |payout| payout.stage.word())
}

fn paid(reference: &str) -> Heard {
    Heard::Paid { reference: reference.into() }
}

fn failed() -> Heard {
    Heard::Failed { why: "no such number".into() }
}

fn unknown() -> Heard {
    Heard::Unknown { why: "no answer".into() }
}

#[test]
fn money_is_reserved_before_anything_is_sent() {
    let mut state = None;
    let events = run(&mut state, ask(Kes::major(2_500), Kes::minor(255_050))).expect("reserved");
    assert!(matches!(events[..], [PayoutEvent::Asked { .. }, PayoutEvent::Reserved]));
    assert_eq!(stage(&state), "reserved");
}

#[test]
fn whole_shillings_from_the_least_to_what_is_free_and_no_more_than_one_transfer_takes() {
    let refused = |amount, free| run(&mut None, ask(amount, free)).expect_err("refused");
    let range = Refusal::OutOfRange { min: 50, max: 250_000 };
    assert_eq!(refused(Kes::minor(5_050), Kes::major(900)), Refusal::NotWhole);
    assert_eq!(refused(Kes::major(49), Kes::major(900)), range);
    assert_eq!(refused(Kes::major(250_001), Kes::major(900_000)), range);
    assert_eq!(refused(Kes::major(-50), Kes::major(900)), range);
    assert_eq!(refused(Kes::major(901), Kes::minor(90_099)), Refusal::Short { have: Kes::minor(90_099) });
    assert!(run(&mut None, ask(Kes::major(900), Kes::minor(90_099))).is_ok());
}

/// A request with one thing about it changed.
fn request_with(change: impl FnOnce(&mut Option<PayoutId>, &mut Option<Hold>, &mut bool)) -> PayoutCommand {
    let mut command = ask(Kes::major(100), Kes::major(100));
    if let PayoutCommand::Request { open, hold, pin_proven, .. } = &mut command {
        change(open, hold, pin_proven);
    }
    command
}

#[test]
fn nothing_goes_without_a_pin_or_while_another_is_open() {
    let pinless = request_with(|_, _, pin_proven| *pin_proven = false);
    assert_eq!(run(&mut None, pinless), Err(Refusal::NoPin));
    let payout = PayoutId::derived("an older one");
    let second = request_with(|open, _, _| *open = Some(payout));
    assert_eq!(run(&mut None, second), Err(Refusal::PayoutOpen { payout }));
}

#[test]
fn a_hold_is_told_before_the_pin_with_its_reason_and_date() {
    let hold = Hold {
        code: HoldCode::SimChanged,
        why: BTreeMap::from([(Lang::EN, "the SIM was changed".to_owned())]),
        since: Timestamp::from_millis(77),
    };
    let command = request_with(|_, held, pin_proven| {
        *held = Some(hold.clone());
        *pin_proven = false;
    });
    assert_eq!(run(&mut None, command), Err(Refusal::Held { hold }));
}

#[test]
fn the_same_request_twice_is_one_payout() {
    let mut state = reserved();
    assert_eq!(run(&mut state, ask(Kes::major(2_500), Kes::ZERO)), Ok(vec![]));
    assert_eq!(run(&mut state, ask(Kes::major(2_400), Kes::ZERO)), Err(Refusal::AlreadyExists));
}

#[test]
fn silence_is_unknown_and_only_the_provider_ends_it() {
    let mut state = reserved();
    run(&mut state, PayoutCommand::Submit).expect("sent");
    assert_eq!(run(&mut state, PayoutCommand::Submit), Ok(vec![]));
    assert_eq!(hear(&mut state, unknown()).len(), 1);
    assert_eq!(stage(&state), "unknown");
    for proves_nothing in [unknown(), Heard::Accepted, Heard::NotTaken { why: "busy".into() }] {
        assert_eq!(hear(&mut state, proves_nothing), vec![]);
    }
    assert!(state.as_ref().is_some_and(|payout| payout.stage.is_open()));
    hear(&mut state, paid("SJK3ABCDEF"));
    assert_eq!(stage(&state), "paid");
    assert_eq!(state.and_then(|payout| payout.reference).as_deref(), Some("SJK3ABCDEF"));
}

#[test]
fn a_result_before_our_own_note_of_sending_counts() {
    let mut state = reserved();
    hear(&mut state, paid("SJK3ABCDEF"));
    assert_eq!(stage(&state), "paid");
    assert_eq!(run(&mut state, PayoutCommand::Submit), Err(Refusal::gone("paid")));
}

#[test]
fn a_failure_after_a_success_is_recorded_once_and_moves_nothing() {
    let mut state = reserved();
    hear(&mut state, paid("SJK3ABCDEF"));
    assert_eq!(hear(&mut state, failed()), vec![PayoutEvent::Contradicted { heard: failed() }]);
    assert_eq!(hear(&mut state, failed()), vec![]);
    assert_eq!(stage(&state), "paid");
    assert_eq!(state.and_then(|payout| payout.contradicted), Some(failed()));
}

#[test]
fn a_success_after_a_failure_is_late_and_a_second_reference_is_a_contradiction() {
    let mut state = reserved();
    hear(&mut state, failed());
    let late = hear(&mut state, paid("SJK3ABCDEF"));
    assert_eq!(late, vec![PayoutEvent::PaidLate { reference: "SJK3ABCDEF".into() }]);
    assert_eq!(stage(&state), "paid");
    assert_eq!(hear(&mut state, paid("SJK3ABCDEF")), vec![]);
    let other = hear(&mut state, paid("OTHER"));
    assert_eq!(other, vec![PayoutEvent::Contradicted { heard: paid("OTHER") }]);
}

#[test]
fn what_the_provider_sends_back_is_reversed_with_its_reason() {
    let mut state = reserved();
    hear(&mut state, paid("SJK3ABCDEF"));
    let reversed = Heard::Reversed { why: "wallet closed".into() };
    assert_eq!(hear(&mut state, reversed.clone()).len(), 1);
    assert_eq!(hear(&mut state, reversed), vec![]);
    assert_eq!(hear(&mut state, paid("SJK3ABCDEF")), vec![]);
    assert_eq!(stage(&state), "reversed");
    assert_eq!(state.and_then(|payout| payout.why).as_deref(), Some("wallet closed"));
}

#[test]
fn an_old_success_behind_a_return_is_not_booked_as_money_she_has() {
    let mut state = reserved();
    let back = Heard::Reversed { why: TAKEN_BACK.to_owned() };
    assert_eq!(hear(&mut state, back), vec![PayoutEvent::Failed { why: TAKEN_BACK.to_owned() }]);
    let old = paid("SJK3ABCDEF");
    assert_eq!(hear(&mut state, old.clone()), vec![PayoutEvent::Contradicted { heard: old.clone() }]);
    assert_eq!((hear(&mut state, old), stage(&state)), (vec![], "failed"));
}

#[test]
fn people_may_say_what_became_of_what_is_open_and_that_what_was_paid_came_back() {
    let mut state = reserved();
    let say = |state: &Option<Payout>, fate: Fate| fate.heard(state.as_ref().expect("a payout"));
    let paid_as = |reference: &str| Fate::Paid { reference: reference.to_owned() };
    assert_eq!(say(&state, paid_as("SJK3ABCDEF")), Ok(paid("SJK3ABCDEF")));
    assert!(matches!(say(&state, Fate::NotPaid), Ok(Heard::Failed { .. })));
    assert!(say(&state, Fate::TakenBack).expect_err("it was not paid").contains("it is reserved"));
    for reference in ["", "two words", &"A".repeat(65)] {
        assert!(say(&state, paid_as(reference)).is_err(), "{reference}");
    }
    hear(&mut state, paid("SJK3ABCDEF"));
    for fate in [paid_as("OTHER"), Fate::NotPaid] {
        assert_eq!(say(&state, fate), Err("it is paid already".to_owned()));
    }
    assert!(matches!(say(&state, Fate::TakenBack), Ok(Heard::Reversed { .. })));
}

#[test]
fn what_never_left_is_kept_back_and_what_may_have_left_is_not() {
    let mut state = reserved();
    let kept = vec![PayoutEvent::Failed { why: KEPT_BACK.to_owned() }];
    assert_eq!(run(&mut state, PayoutCommand::KeepBack), Ok(kept));
    assert_eq!(run(&mut state, PayoutCommand::KeepBack), Err(Refusal::gone("failed")));
    for left in [PayoutCommand::Submit, PayoutCommand::Hear(unknown())] {
        let mut state = reserved();
        run(&mut state, left).expect("sent");
        assert!(run(&mut state, PayoutCommand::KeepBack).is_err());
    }
}

#[test]
fn that_it_waits_for_more_to_pay_from_is_news_once_and_over_when_it_goes() {
    let mut state = reserved();
    assert_eq!(hear(&mut state, Heard::Short), vec![PayoutEvent::Waits]);
    assert_eq!((hear(&mut state, Heard::Short), stage(&state)), (vec![], "reserved"));
    assert!(state.as_ref().is_some_and(|payout| payout.waits));
    hear(&mut state, Heard::Accepted);
    assert!(state.as_ref().is_some_and(|payout| !payout.waits));
    assert_eq!(hear(&mut state, Heard::Short), vec![], "the provider has it");
}

fn any_command() -> impl Strategy<Value = PayoutCommand> {
    prop_oneof![
        2 => Just(PayoutCommand::Submit),
        1 => Just(PayoutCommand::KeepBack),
        1 => Just(PayoutCommand::Hear(Heard::Short)),
        1 => Just(PayoutCommand::Hear(Heard::Accepted)),
        2 => prop::sample::select(vec!["A", "B"]).prop_map(|r| PayoutCommand::Hear(paid(r))),
        2 => Just(PayoutCommand::Hear(failed())),
        2 => Just(PayoutCommand::Hear(unknown())),
        1 => Just(PayoutCommand::Hear(Heard::NotTaken { why: "busy".into() })),
        1 => Just(PayoutCommand::Hear(Heard::Reversed { why: "closed".into() })),
        1 => Just(ask(Kes::major(2_500), Kes::major(9_999))),
    ]
}

proptest! {
    /// The model follows her money: free, on its way, or with her.
    #[test]
    fn a_payout_ends_once_and_her_money_is_always_in_one_place(
        commands in prop::collection::vec(any_command(), 1..40),
    ) {
        #[derive(Debug, PartialEq)]
        enum Money { Free, Moving, Sent }
        let (mut state, mut money, mut resolved, mut late) = (reserved(), Money::Moving, 0, 0);
        for command in commands {
            for event in run(&mut state, command).unwrap_or_default() {
                match event {
                    PayoutEvent::Paid { .. } => {
                        prop_assert_eq!(&money, &Money::Moving);
                        (money, resolved) = (Money::Sent, resolved + 1);
                    }
                    PayoutEvent::Failed { .. } => {
                        prop_assert_eq!(&money, &Money::Moving);
                        (money, resolved) = (Money::Free, resolved + 1);
                    }
                    PayoutEvent::PaidLate { .. } => {
                        prop_assert_eq!(&money, &Money::Free);
                        (money, late) = (Money::Sent, late + 1);
                    }
                    PayoutEvent::Reversed { .. } => {
                        prop_assert_eq!(&money, &Money::Sent);
                        money = Money::Free;
                    }
                    PayoutEvent::Asked { .. } | PayoutEvent::Reserved => {
                        prop_assert!(false, "reserved a second time");
                    }
                    _ => {}
                }
            }
            prop_assert!(resolved <= 1 && late <= 1);
            let payout = state.as_ref().expect("stands");
            let open = payout.stage.is_open();
            prop_assert_eq!(open, money == Money::Moving);
            prop_assert_eq!(payout.stage == PayoutStage::Paid, money == Money::Sent);
            prop_assert_eq!(open, resolved == 0);
        }
    }
}
