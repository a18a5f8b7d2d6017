use super::*;
use crate::market::party::HoldCode;
use crate::types::CodeKind;
use std::time::Duration;

const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn later(minutes: u64) -> Timestamp {
    NOON.after(Duration::from_secs(minutes * 60))
}

fn agent(name: &str) -> Actor {
    Actor { id: PartyId::derived(name), role: Role::Agent }
}

fn owner() -> PartyId {
    PartyId::derived("achieng")
}

fn wish(shillings: i64, free: i64) -> CashCommand {
    CashCommand::Make {
        id: PayoutId::derived("cash 1"),
        number: SpokenCode::nth(CodeKind::Once, 5),
        owner: owner(),
        amount: Kes::major(shillings),
        free: Kes::major(free),
        hold: None,
        pin_proven: true,
    }
}

fn claims(name: &str) -> CashCommand {
    CashCommand::Claim { by: agent(name), stopped: false, hold: None }
}

fn serves(name: &str) -> CashCommand {
    CashCommand::Serve { by: agent(name).id }
}

fn hold() -> Hold {
    Hold { code: HoldCode::SimChanged, why: Default::default(), since: NOON }
}

fn does(cash: &mut Option<Cash>, command: &CashCommand, at: Timestamp) -> Result<usize, Refusal> {
    let events = decide(cash.as_ref(), command, &Policy::default(), at)?;
    for event in &events {
        *cash = evolve(cash.take(), event, at);
    }
    Ok(events.len())
}

fn made() -> Option<Cash> {
    let mut cash = None;
    assert_eq!(does(&mut cash, &wish(500, 850), NOON), Ok(1));
    cash
}

#[test]
fn a_number_is_made_of_whole_shillings_that_are_free_and_behind_a_pin() {
    let bad = |change: fn(&mut CashCommand)| {
        let mut wish = wish(500, 850);
        change(&mut wish);
        does(&mut None, &wish, NOON).expect_err("refused").code()
    };
    let amount = |wish: &mut CashCommand, sum| {
        if let CashCommand::Make { amount, .. } = wish {
            *amount = sum;
        }
    };
    assert_eq!(
        bad(|w| if let CashCommand::Make { pin_proven, .. } = w {
            *pin_proven = false
        }),
        "no_pin"
    );
    assert_eq!(
        bad(|w| if let CashCommand::Make { hold: h, .. } = w {
            *h = Some(hold())
        }),
        "held"
    );
    assert_eq!(
        bad(|w| if let CashCommand::Make { free, .. } = w {
            *free = Kes::major(499)
        }),
        "short"
    );
    let mut cents = wish(500, 850);
    amount(&mut cents, Kes::minor(50_001));
    assert_eq!(does(&mut None, &cents, NOON).map_err(|why| why.code()), Err("not_whole"));
    for sum in [49, 10_001] {
        assert_eq!(does(&mut None, &wish(sum, 99_999), NOON).map_err(|why| why.code()), Err("out_of_range"));
    }
}

#[test]
fn a_wish_that_is_repeated_makes_no_second_number() {
    let mut cash = made();
    assert_eq!(does(&mut cash, &wish(500, 350), NOON), Ok(0));
    assert_eq!(does(&mut cash, &wish(501, 350), NOON), Err(Refusal::AlreadyExists));
}

#[test]
fn a_number_that_one_kiosk_claims_is_paid_there_and_nowhere_else() {
    let mut cash = made();
    assert_eq!(does(&mut cash, &serves("amina"), NOON), Err(Refusal::NotInCustody));
    assert_eq!(does(&mut cash, &claims("amina"), NOON), Ok(1));
    assert_eq!(does(&mut cash, &claims("amina"), later(1)), Ok(0));
    assert_eq!(does(&mut cash, &claims("njeri"), later(1)), Err(Refusal::gone("claimed")));
    assert_eq!(does(&mut cash, &serves("njeri"), later(1)), Err(Refusal::gone("claimed")));
    assert_eq!(does(&mut cash, &serves("amina"), later(2)), Ok(1));
    assert_eq!(does(&mut cash, &serves("amina"), later(2)), Ok(0), "a second press");
    for name in ["amina", "njeri"] {
        assert_eq!(does(&mut cash, &claims(name), later(3)), Err(Refusal::gone("served")));
    }
    assert_eq!(does(&mut cash, &serves("njeri"), later(3)), Err(Refusal::gone("served")));
    assert_eq!(does(&mut cash, &CashCommand::Expire, later(9_999)), Ok(0));
}

#[test]
fn a_kiosk_without_cash_lets_the_number_go_and_one_that_falls_silent_loses_it() {
    let mut cash = made();
    assert_eq!(does(&mut cash, &claims("amina"), NOON), Ok(1));
    assert_eq!(does(&mut cash, &CashCommand::LetGo { by: agent("njeri").id }, NOON), Ok(0));
    assert_eq!(does(&mut cash, &CashCommand::LetGo { by: agent("amina").id }, NOON), Ok(1));
    assert_eq!(does(&mut cash, &claims("njeri"), later(1)), Ok(1));
    assert_eq!(does(&mut cash, &claims("amina"), later(31)), Ok(1));
    assert_eq!(does(&mut cash, &serves("njeri"), later(32)), Err(Refusal::gone("claimed")));
}

#[test]
fn a_number_runs_out_but_never_while_a_kiosk_counts() {
    let mut cash = made();
    let two_days = 48 * 60;
    assert_eq!(
        does(&mut cash, &CashCommand::Expire, later(two_days - 1)),
        Err(Refusal::TooEarly { until: later(two_days) })
    );
    assert_eq!(does(&mut cash, &claims("amina"), later(two_days - 1)), Ok(1));
    assert_eq!(does(&mut cash, &claims("njeri"), later(two_days)), Err(Refusal::gone("claimed")));
    let until = later(two_days + 29);
    assert_eq!(does(&mut cash, &CashCommand::Expire, later(two_days)), Err(Refusal::TooEarly { until }));
    assert_eq!(does(&mut cash.clone(), &serves("amina"), later(two_days + 5)), Ok(1));
    assert_eq!(does(&mut cash, &claims("amina"), until), Err(Refusal::gone("expired")));
    assert_eq!(does(&mut cash, &CashCommand::Expire, until), Ok(1));
    assert_eq!(does(&mut cash, &claims("amina"), until), Err(Refusal::gone("expired")));
    assert_eq!(does(&mut cash, &serves("amina"), until), Err(Refusal::gone("expired")));
}

#[test]
fn no_kiosk_pays_that_may_not_nor_what_is_on_hold() {
    let mut cash = made();
    let stopped = CashCommand::Claim { by: agent("amina"), stopped: true, hold: None };
    assert_eq!(does(&mut cash, &stopped, NOON), Err(Refusal::Stopped));
    let held = CashCommand::Claim { by: agent("amina"), stopped: false, hold: Some(hold()) };
    assert_eq!(does(&mut cash, &held, NOON), Err(Refusal::Held { hold: hold() }));
    let rider = Actor { id: PartyId::derived("otieno"), role: Role::Rider };
    let rides = CashCommand::Claim { by: rider, stopped: false, hold: None };
    assert_eq!(does(&mut cash, &rides, NOON), Err(Refusal::NotAllowed));
}

#[test]
fn only_its_owner_denies_a_payment_and_only_within_a_day() {
    let mut cash = made();
    let denies = CashCommand::Deny { by: owner() };
    assert_eq!(does(&mut cash, &denies, NOON), Err(Refusal::gone("open")));
    assert_eq!(does(&mut cash, &claims("amina"), NOON), Ok(1));
    assert_eq!(does(&mut cash, &serves("amina"), NOON), Ok(1));
    let other = CashCommand::Deny { by: agent("amina").id };
    assert_eq!(does(&mut cash, &other, NOON), Err(Refusal::NotAllowed));
    assert_eq!(does(&mut cash.clone(), &denies, later(24 * 60 + 1)), Err(Refusal::gone("late")));
    assert_eq!(does(&mut cash, &denies, later(24 * 60)), Ok(1));
    assert_eq!(does(&mut cash, &denies, later(24 * 60)), Ok(0));
    assert_eq!(cash.and_then(|cash| cash.served_by()), Some(agent("amina").id), "what was told stays told");
}
