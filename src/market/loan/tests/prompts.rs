//! Prompts: what is heard of one, in whatever order, and what two people say of it.

use super::*;
use crate::market::loan::{ANSWERABLE, MOST_PROMPTS, Prompt, PromptFate, PromptStage, ended};

fn paid(receipt: &str) -> PromptHeard {
    PromptHeard::Paid { receipt: receipt.into(), checkout: "ws_1".into() }
}

fn failed(why: &str) -> PromptHeard {
    PromptHeard::Failed { why: why.into() }
}

fn claimed(receipt: &str) -> PromptHeard {
    let receipt = (!receipt.is_empty()).then(|| receipt.to_owned());
    PromptHeard::Claimed { checkout: "ws_1".into(), receipt, odd: None }
}

fn odd(why: &str) -> PromptHeard {
    PromptHeard::Odd { why: why.into(), checkout: None, receipt: None }
}

fn settle(fate: PromptFate) -> LoanCommand {
    LoanCommand::Prompt(PromptCommand::Settle { id: PromptId::derived("prompt 1"), fate })
}

fn by_hand(receipt: &str) -> LoanCommand {
    settle(PromptFate::Paid { receipt: receipt.into(), came: None })
}

/// A loan with a prompt of which so much was heard.
fn after(heard: impl IntoIterator<Item = PromptHeard>) -> Option<Loan> {
    let mut state = sent(500);
    must(&mut state, [prompt(1, Kes::major(100))]);
    must(&mut state, heard.into_iter().map(|heard| of_prompt(1, heard)));
    state
}

fn first(state: &Option<Loan>) -> Prompt {
    state.as_ref().and_then(|loan| loan.prompts.first().cloned()).expect("a prompt")
}

fn shown() -> PromptHeard {
    PromptHeard::Shown { checkout: "ws_1".into() }
}

/// How often the events of these news book it as paid, and how it stands then.
fn booked(heard: impl IntoIterator<Item = PromptHeard>) -> (usize, &'static str) {
    let (mut state, mut count) = (after([]), 0);
    for heard in heard {
        let events = run(&mut state, of_prompt(1, heard)).expect("it is heard");
        let is_paid = |event: &&LoanEvent| matches!(event, LoanEvent::Prompt(PromptEvent::Paid { .. }));
        count += events.iter().filter(is_paid).count();
    }
    (count, first(&state).word())
}

#[test]
fn what_is_paid_by_a_prompt_counts_once_also_after_it_was_given_up() {
    let mut state = after([shown(), PromptHeard::Unheard]);
    assert!(first(&state).is_asked_about(), "it is asked about for ever");
    let paid = of_prompt(1, paid("NLJ7RT61SV"));
    assert_eq!(run(&mut state, paid.clone()).map(|events| events.len()), Ok(1));
    assert_eq!(run(&mut state, paid), Ok(vec![]));
    assert!(first(&state).is_settled());
    assert_eq!(run(&mut state, of_prompt(9, failed("x"))), Err(Refusal::NotFound));
}

#[test]
fn what_nobody_has_proven_is_kept_and_asked_about_whatever_was_said_before() {
    for before in
        [vec![shown()], vec![shown(), failed("cancelled")], vec![shown(), PromptHeard::Unheard], vec![]]
    {
        let mut state = after(before);
        must(&mut state, [of_prompt(1, claimed("NLJ7RT61SV"))]);
        let kept = first(&state);
        assert!(kept.is_asked_about() && !kept.is_settled() && kept.receipt().is_none(), "{kept:?}");
        assert_eq!(run(&mut state, of_prompt(1, claimed("NLJ7RT61SV"))), Ok(vec![]), "a repeat");
        // The question confirms, and tells no receipt.
        must(&mut state, [of_prompt(1, paid("ws_1"))]);
        assert_eq!(first(&state).receipt(), Some("NLJ7RT61SV"));
    }
}

#[test]
fn of_two_claimed_receipts_none_is_believed() {
    let state = after([shown(), claimed("FORGED1"), claimed("NLJ7RT61SV"), paid("ws_1")]);
    assert_eq!(first(&state).stage, PromptStage::Paid { receipt: "ws_1".into() });
    assert_eq!(first(&state).receipt(), None);
}

#[test]
fn a_claim_that_its_provider_denies_is_for_people() {
    let state = after([shown(), claimed("NLJ7RT61SV"), failed("cancelled")]);
    assert_eq!((first(&state).word(), first(&state).is_asked_about()), ("odd", false));
    // What says nothing but that it failed is confirmed by the same word.
    let state = after([claimed(""), failed("cancelled")]);
    assert_eq!((first(&state).word(), first(&state).is_settled()), ("ended", true));
}

#[test]
fn the_receipt_takes_the_place_of_the_name_once_it_is_told_and_nothing_is_booked_twice() {
    assert_eq!(
        booked([shown(), paid("ws_1"), paid("NLJ7RT61SV"), paid("NLJ7RT61SV"), paid("ws_1")]),
        (1, "paid")
    );
    let state = after([shown(), paid("ws_1"), paid("NLJ7RT61SV"), paid("ws_1")]);
    assert_eq!(first(&state).receipt(), Some("NLJ7RT61SV"));
    assert_eq!(first(&state).checkout.as_deref(), Some("ws_1"));
}

#[test]
fn what_contradicts_a_payment_is_never_dropped() {
    for heard in [failed("cancelled"), paid("OTHER1"), odd("31 in the place of 30")] {
        assert_eq!(booked([shown(), paid("NLJ7RT61SV"), heard.clone(), heard]), (1, "odd"));
    }
    assert_eq!(booked([odd("31 in the place of 30"), paid("NLJ7RT61SV")]), (0, "odd"), "people decide");
    assert_eq!(booked([shown(), PromptHeard::Unheard, odd("31"), failed("cancelled")]), (0, "odd"));
    let other = PromptHeard::Shown { checkout: "ws_2".into() };
    assert_eq!(booked([shown(), other]), (0, "odd"));
}

#[test]
fn two_people_settle_what_nobody_tells_of_and_a_late_word_adds_nothing() {
    let mut state = after([shown(), PromptHeard::Unheard]);
    must(&mut state, [by_hand("NLJ7RT61SV")]);
    assert_eq!(run(&mut state, of_prompt(1, paid("NLJ7RT61SV"))), Ok(vec![]));
    assert_eq!(run(&mut state, of_prompt(1, paid("ws_1"))), Ok(vec![]), "a question names no receipt");
    assert_eq!(run(&mut state, settle(PromptFate::NotPaid)), Err(Refusal::gone("paid")));
    assert_eq!(run(&mut state, by_hand("OTHER1")), Err(Refusal::gone("paid")));

    let mut state = after([odd("31 in the place of 30")]);
    assert_eq!(run(&mut state, by_hand("no receipt")), Err(Refusal::BadName));
    let none = PromptFate::Paid { receipt: "NLJ7RT61SV".into(), came: Some(Kes::ZERO) };
    assert_eq!(run(&mut state, settle(none)), Err(Refusal::NothingMoves));
    must(
        &mut state,
        [settle(PromptFate::Paid { receipt: "NLJ7RT61SV".into(), came: Some(Kes::major(101)) })],
    );
    assert_eq!((first(&state).word(), first(&state).sum()), ("paid", Kes::major(101)));

    let mut state = after([shown(), claimed("NLJ7RT61SV"), failed("cancelled")]);
    must(&mut state, [settle(PromptFate::NotPaid)]);
    assert_eq!(first(&state).stage, PromptStage::Ended { why: ended::DECLINED.into() });
    assert_eq!(run(&mut state, settle(PromptFate::NotPaid)), Err(Refusal::gone("ended")));

    let mut state = after([shown(), paid("NLJ7RT61SV"), failed("cancelled")]);
    must(&mut state, [by_hand("NLJ7RT61SV")]);
    assert_eq!(first(&state).word(), "paid", "it stands as it should");
}

#[test]
fn she_may_ask_anew_once_the_old_one_cannot_be_answered_and_no_prompt_is_forgotten() {
    let mut state = after([shown()]);
    let later = |after: std::time::Duration| Timestamp::default().after(after);
    let ask = |state: &Option<Loan>, n, now| {
        decide(state.as_ref(), &prompt(n, Kes::major(1)), &Policy::default(), now).map(|events| events.len())
    };
    let first_asked = first(&state).since;
    assert_eq!(ask(&state, 2, first_asked), Err(Refusal::AlreadyExists));
    assert_eq!(ask(&state, 2, first_asked.after(ANSWERABLE)), Ok(1));
    assert_eq!(ask(&after([]), 2, later(ANSWERABLE)), Err(Refusal::AlreadyExists), "it may leave still");
    for n in 2..=60 {
        must(&mut state, [of_prompt(n - 1, failed("cancelled")), prompt(n, Kes::major(1))]);
    }
    must(&mut state, [of_prompt(60, failed("cancelled"))]);
    assert_eq!(state.as_ref().map(|loan| loan.prompts.len()), Some(MOST_PROMPTS));
    assert_eq!(run(&mut state, prompt(61, Kes::major(1))), Err(Refusal::TooLarge));
    assert_eq!(run(&mut state, of_prompt(1, paid("NLJ7RT61SV"))).map(|events| events.len()), Ok(1));
}
