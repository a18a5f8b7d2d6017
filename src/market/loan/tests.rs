//! A loan from the question to the last cent.

use super::*;
use crate::market::{Policy, Refusal};
use crate::types::{CodeKind, PromptId};
use proptest::prelude::*;

fn artisan() -> PartyId {
    PartyId::derived("wanjiku")
}

fn mentor() -> Endorser {
    Endorser::Mentor(PartyId::derived("achieng"))
}

fn ask(shillings: i64, released: i64) -> LoanCommand {
    LoanCommand::Ask {
        id: LoanId::derived("loan 1"),
        artisan: artisan(),
        amount: Kes::major(shillings),
        what: LoanFor::Machine,
        released: Kes::major(released),
        open: None,
    }
}

fn run(state: &mut Option<Loan>, command: LoanCommand) -> Result<Vec<LoanEvent>, Refusal> {
    let now = Timestamp::from_millis(1);
    let events = decide(state.as_ref(), &command, &Policy::default(), now)?;
    for event in &events {
        *state = evolve(state.take(), event, now);
    }
    Ok(events)
}

fn must(state: &mut Option<Loan>, commands: impl IntoIterator<Item = LoanCommand>) {
    for command in commands {
        run(state, command.clone()).unwrap_or_else(|why| panic!("{command:?}: {why}"));
    }
}

fn payout(n: u32) -> PayoutId {
    PayoutId::derived(&format!("payout {n}"))
}

fn fund(paper: &str) -> LoanCommand {
    LoanCommand::Fund { paper: paper.into(), lenders: 31, countries: 9 }
}

fn agree(n: u32) -> LoanCommand {
    LoanCommand::Agree { payout: payout(n), pin_proven: true, hold: None }
}

fn heard(n: u32, news: Disbursal) -> LoanCommand {
    LoanCommand::Hear { payout: payout(n), news }
}

fn paid(n: u32) -> LoanCommand {
    heard(n, Disbursal::Paid { reference: "TLA3K8WQ7P".into() })
}

fn failed(n: u32) -> LoanCommand {
    heard(n, Disbursal::Failed { why: "no such M-Pesa user".into() })
}

fn take(nth: u64, cents: i64) -> LoanCommand {
    LoanCommand::Take { order: SpokenCode::nth(CodeKind::Order, nth), round: 1, amount: Kes::minor(cents) }
}

fn endorse() -> LoanCommand {
    LoanCommand::Endorse { by: mentor(), guides: true }
}

fn funded(shillings: i64) -> Option<Loan> {
    let mut state = None;
    must(&mut state, [ask(shillings, 100_000), endorse(), LoanCommand::Show, fund("K-7")]);
    state
}

fn sent(shillings: i64) -> Option<Loan> {
    let mut state = funded(shillings);
    must(&mut state, [agree(1), paid(1)]);
    state
}

fn stage(state: &Option<Loan>) -> &'static str {
    state.as_ref().map_or("none", |loan| loan.stage.word())
}

fn left(state: &Option<Loan>) -> i64 {
    state.as_ref().map_or(0, |loan| loan.left().cents())
}

fn prompt(n: u32, amount: Kes) -> LoanCommand {
    let id = PromptId::derived(&format!("prompt {n}"));
    LoanCommand::Prompt(PromptCommand::Ask { id, by: artisan(), amount, via: "daraja".into() })
}

fn of_prompt(n: u32, heard: PromptHeard) -> LoanCommand {
    let id = PromptId::derived(&format!("prompt {n}"));
    LoanCommand::Prompt(PromptCommand::Hear { id, heard })
}

#[test]
fn one_prompt_at_a_time_over_no_more_than_is_left() {
    assert!(run(&mut funded(500), prompt(1, Kes::major(100))).is_err(), "she does not have it");
    let mut state = sent(500);
    must(&mut state, [take(1, 9_950)]);
    let too_much = run(&mut state, prompt(1, Kes::major(402)));
    assert_eq!(too_much, Err(Refusal::OutOfRange { min: 1, max: 401 }));
    must(&mut state, [prompt(1, Kes::major(401))]);
    assert_eq!(run(&mut state, prompt(1, Kes::major(401))), Ok(vec![]), "the same one");
    assert_eq!(run(&mut state, prompt(2, Kes::major(1))), Err(Refusal::AlreadyExists));
    must(
        &mut state,
        [of_prompt(1, PromptHeard::Failed { why: "cancelled".into() }), prompt(2, Kes::major(1))],
    );
}

mod prompts;

#[test]
fn she_may_ask_for_no_more_than_her_record_allows_and_for_one_loan_at_a_time() {
    assert_eq!(run(&mut None, ask(600, 1_000)), Err(Refusal::OutOfRange { min: 500, max: 500 }));
    assert_eq!(run(&mut None, ask(500, 999)), Err(Refusal::OutOfRange { min: 500, max: 0 }));
    assert_eq!(run(&mut None, ask(499, 9_000)), Err(Refusal::OutOfRange { min: 500, max: 4_500 }));
    let LoanCommand::Ask { id, artisan, amount, what, released, .. } = ask(500, 9_000) else {
        unreachable!("it asks")
    };
    let second = LoanCommand::Ask { id, artisan, amount, what, released, open: Some(LoanId::derived("0")) };
    assert_eq!(run(&mut None, second), Err(Refusal::AlreadyExists));
    let mut state = None;
    must(&mut state, [ask(500, 1_000)]);
    assert_eq!(run(&mut state, ask(500, 1_000)), Ok(vec![]), "a repeat asks nothing new");
}

#[test]
fn only_somebody_who_knows_her_endorses_and_never_herself() {
    let mut state = None;
    must(&mut state, [ask(500, 1_000)]);
    let herself = LoanCommand::Endorse { by: Endorser::Mentor(artisan()), guides: true };
    let stranger = LoanCommand::Endorse { by: mentor(), guides: false };
    for by in [herself, stranger] {
        assert_eq!(run(&mut state, by), Err(Refusal::NotAllowed));
    }
    let nobody = LoanCommand::Endorse { by: Endorser::Desk(" ".into()), guides: false };
    assert_eq!(run(&mut state, nobody), Err(Refusal::BadName));
    assert_eq!(run(&mut state, fund("K-7")), Err(Refusal::gone("asked")), "lenders see endorsed loans only");
    must(&mut state, [LoanCommand::Endorse { by: Endorser::Desk("Halima".into()), guides: false }]);
    assert_eq!(stage(&state), "endorsed");
}

#[test]
fn nothing_is_sent_before_she_has_agreed_with_her_pin() {
    let mut state = funded(2_500);
    let open = LoanCommand::Agree { payout: payout(1), pin_proven: false, hold: None };
    assert_eq!(run(&mut state, open), Err(Refusal::NoPin));
    assert_eq!(run(&mut state, take(0, 1)), Err(Refusal::TooLarge), "and nothing is taken");
    must(&mut state, [agree(1)]);
    assert_eq!(run(&mut state, agree(1)), Ok(vec![]));
    assert_eq!(run(&mut state, agree(2)), Err(Refusal::gone("agreed")), "one try at a time");
    assert_eq!(left(&state), 0, "she owes nothing that she does not have");
    must(&mut state, [paid(1)]);
    assert_eq!((stage(&state), left(&state)), ("sent", 250_000));
}

#[test]
fn a_loan_is_sent_under_a_new_id_only_when_the_old_one_is_known_to_have_failed() {
    let mut state = funded(2_500);
    must(&mut state, [agree(1), failed(1)]);
    assert_eq!(stage(&state), "agreed");
    assert_eq!(state.as_ref().and_then(|loan| loan.failed.clone()).as_deref(), Some("no such M-Pesa user"));
    must(&mut state, [agree(2)]);
    assert_eq!(run(&mut state, failed(1)), Err(Refusal::gone("agreed")), "old news is not of this try");
    assert_eq!(run(&mut state, paid(1)), Err(Refusal::gone("agreed")), "nor is it paid by the old one");
    must(&mut state, [paid(2)]);
    assert_eq!(run(&mut state, paid(2)), Ok(vec![]), "told twice");
    assert_eq!(state.as_ref().map(|loan| loan.tries), Some(2));
}

#[test]
fn what_the_provider_takes_back_may_be_sent_again_and_what_was_repaid_stays_repaid() {
    let mut state = sent(2_500);
    must(&mut state, [take(0, 50_000), heard(1, Disbursal::Reversed { why: "taken back".into() })]);
    assert_eq!((stage(&state), left(&state)), ("agreed", 0));
    must(&mut state, [agree(2), paid(2)]);
    assert_eq!((stage(&state), left(&state)), ("repaying", 200_000));
}

#[test]
fn a_loan_taken_back_half_way_may_be_dropped_and_the_lenders_have_all_of_it() {
    let mut state = sent(2_500);
    must(&mut state, [take(0, 50_000), LoanCommand::Remit { paper: "R-1".into() }]);
    assert_eq!(run(&mut state, LoanCommand::Stop), Err(Refusal::gone("repaying")), "she has it");
    must(&mut state, [heard(1, Disbursal::Reversed { why: "taken back".into() }), agree(2)]);
    assert_eq!(run(&mut state, LoanCommand::Stop), Err(Refusal::gone("agreed")), "it is on its way");
    must(&mut state, [failed(2), LoanCommand::Stop]);
    let loan = state.clone().expect("a loan");
    assert_eq!((stage(&state), loan.due(), loan.repaid), ("stopped", Kes::major(2_000), Kes::ZERO));
    let back: i64 = loan.parts.iter().map(|part| part.amount.cents()).sum();
    assert_eq!(back, 250_000);
    assert_eq!(run(&mut state, LoanCommand::Stop), Ok(vec![]));
    assert_eq!(run(&mut state, paid(2)), Err(Refusal::gone("stopped")), "late, it is no loan any more");
}

#[test]
fn the_release_that_reaches_zero_ends_it() {
    let mut state = sent(500);
    must(&mut state, [take(0, 49_999)]);
    assert_eq!((stage(&state), left(&state)), ("repaying", 1));
    assert_eq!(run(&mut state, take(1, 2)), Err(Refusal::TooLarge));
    assert_eq!(run(&mut state, take(1, 0)), Ok(vec![]));
    let events = run(&mut state, take(1, 1)).expect("the last cent");
    assert!(matches!(events[..], [LoanEvent::Taken { .. }, LoanEvent::Repaid]));
    assert_eq!((stage(&state), left(&state)), ("repaid", 0));
    assert_eq!(run(&mut state, take(2, 1)), Err(Refusal::TooLarge));
}

#[test]
fn a_loan_that_is_not_taken_goes_back_to_the_lenders_whole() {
    let mut state = funded(2_500);
    must(&mut state, [LoanCommand::Stop]);
    assert_eq!(state.as_ref().map(Loan::due), Some(Kes::major(2_500)));
    assert_eq!(run(&mut state, agree(1)), Err(Refusal::gone("stopped")));
    let mut early = None;
    must(&mut early, [ask(500, 1_000), LoanCommand::Stop]);
    assert_eq!(early.map(|loan| loan.due()), Some(Kes::ZERO));
    assert_eq!(run(&mut sent(500), LoanCommand::Stop), Err(Refusal::gone("sent")));
}

#[test]
fn messages_go_both_ways_once_there_are_lenders() {
    let note = |text: &str| LoanCommand::Note { text: text.into() };
    let mut state = None;
    must(&mut state, [ask(500, 1_000)]);
    assert_eq!(run(&mut state, note("Hello")), Err(Refusal::gone("asked")));
    let mut state = sent(500);
    must(&mut state, [note("  We love\n your work "), LoanCommand::Answer { text: "Asante".into() }]);
    for text in [String::new(), "x".repeat(111)] {
        assert_eq!(run(&mut state, note(&text)), Err(Refusal::OutOfRange { min: 1, max: 110 }));
    }
    let notes = state.expect("a loan").notes;
    let said: Vec<(bool, &str)> = notes.iter().map(|note| (note.hers, note.text.as_str())).collect();
    assert_eq!(said, [(false, "We love your work"), (true, "Asante")]);
}

proptest! {
    /// However sales and remittances follow each other: what was taken, and what is left, is the loan;
    /// what is due is what was taken and not sent back.
    #[test]
    fn what_is_left_and_what_was_taken_is_always_the_loan(
        steps in prop::collection::vec((0i64..40_000, any::<bool>()), 1..40),
    ) {
        let mut state = sent(2_500);
        let (mut back, mut taken) = (0, 0);
        for (nth, (wish, remit)) in steps.into_iter().enumerate() {
            let amount = wish.min(left(&state));
            must(&mut state, [take(nth as u64, amount)]);
            taken += amount;
            if remit {
                back = taken;
                must(&mut state, [LoanCommand::Remit { paper: format!("R-{nth}") }]);
            }
            prop_assert_eq!(left(&state) + taken, 250_000);
            prop_assert_eq!(state.as_ref().map(|loan| loan.due().cents()), Some(taken - back));
            prop_assert_eq!(stage(&state) == "repaid", taken == 250_000);
        }
    }
}

fn pay(shillings: i64, free: i64) -> LoanCommand {
    LoanCommand::Pay {
        by: artisan(),
        amount: Kes::major(shillings),
        free: Kes::minor(free),
        pin_proven: true,
    }
}

#[test]
fn she_may_pay_some_herself_and_never_more_than_she_has_or_owes() {
    let mut state = None;
    must(&mut state, [ask(2_000, 5_000), endorse(), fund("K-1"), agree(1), paid(1)]);
    let unproven =
        LoanCommand::Pay { by: artisan(), amount: Kes::major(5), free: Kes::major(9), pin_proven: false };
    assert_eq!(run(&mut state, unproven), Err(Refusal::NoPin));
    assert!(matches!(run(&mut state, pay(300, 29_999)), Err(Refusal::OutOfRange { .. })));
    must(&mut state, [pay(300, 30_000), pay(300, 30_000)]);
    let loan = state.clone().expect("a loan");
    assert_eq!((loan.left(), loan.due(), loan.payments()), (Kes::major(1_400), Kes::major(600), 2));
    let events = run(&mut state, pay(9_999, 999_900)).expect("paid");
    assert_eq!(events.last(), Some(&LoanEvent::Repaid));
    let loan = state.clone().expect("a loan");
    assert_eq!((loan.left(), loan.due()), (Kes::ZERO, Kes::major(2_000)));
    assert!(matches!(run(&mut state, pay(1, 100)), Err(Refusal::Gone { .. })));
}
