//! Which step a dialog acts on: the table of states a gateway can put it through.

use super::*;

const CODE: &str = "*483*57#";

/// A step with a mark of its own, over a dialog of this name.
pub(super) async fn step(engine: &Engine, phone: Msisdn, session: u8, mark: u8, event: UssdEvent) -> UssdOut {
    let (gateway, at) = ("test".into(), engine.clock.now());
    let (session, mark) = (vec![session], Some(vec![mark]));
    let input = UssdIn { gateway, msisdn: phone, session, sequence: None, event, mark, septets: None, at };
    engine.ussd_turn(input).await
}

fn begin() -> UssdEvent {
    UssdEvent::Begin(CODE.to_owned())
}

pub(super) fn key(typed: &str) -> UssdEvent {
    UssdEvent::Reply(typed.to_owned())
}

const UNSEEN: UssdEvent = UssdEvent::Unseen { surely: true };
const PERHAPS_UNSEEN: UssdEvent = UssdEvent::Unseen { surely: false };

pub(super) async fn home() -> (Arc<Engine>, Arc<MovableClock>, UssdOut) {
    let (engine, clock) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    let home = step(&engine, phone(101), 1, 1, begin()).await;
    assert!(matches!(home, UssdOut::Ask(_)), "{home:?}");
    (engine, clock, home)
}

pub(super) fn is_closing(out: &UssdOut, engine: &Engine) -> bool {
    is_closing_in(out, engine, Lang::EN)
}

fn is_closing_in(out: &UssdOut, engine: &Engine, lang: Lang) -> bool {
    *out == UssdOut::End(engine.menus.words("call_over", lang))
}

#[tokio::test]
async fn a_key_for_a_dialog_that_is_gone_gets_a_closing_screen_and_leaves_it_gone() {
    let (engine, _, _) = home().await;
    assert_eq!(step(&engine, phone(101), 1, 2, UssdEvent::Gone).await, UssdOut::Nothing);
    for mark in 3..5 {
        assert!(is_closing(&step(&engine, phone(101), 1, mark, key("1")).await, &engine));
    }
    assert_eq!(step(&engine, phone(101), 1, 5, UssdEvent::Gone).await, UssdOut::Nothing);
}

#[tokio::test]
async fn a_key_after_three_silent_minutes_belongs_to_no_dialog() {
    let (engine, clock, _) = home().await;
    clock.advance(Duration::from_secs(181));
    assert!(is_closing(&step(&engine, phone(101), 1, 2, key("1")).await, &engine));
}

#[tokio::test]
async fn a_begin_while_the_dialog_is_open_ends_it_without_a_word() {
    let (engine, clock, _) = home().await;
    step(&engine, phone(101), 1, 2, key("1")).await;
    clock.advance(Duration::from_secs(30));
    let anew = step(&engine, phone(101), 2, 3, begin()).await;
    assert!(matches!(anew, UssdOut::Ask(_)), "{anew:?}");
    assert!(is_closing(&step(&engine, phone(101), 1, 4, key("1")).await, &engine), "the old name is over");
}

#[tokio::test]
async fn the_same_begin_twice_is_answered_alike_and_after_a_key_not_at_all() {
    let (engine, _, home) = home().await;
    assert_eq!(step(&engine, phone(101), 1, 1, begin()).await, home);
    let next = step(&engine, phone(101), 1, 2, key("1")).await;
    assert_ne!(next, home);
    assert_eq!(step(&engine, phone(101), 1, 1, begin()).await, UssdOut::Nothing, "the older screen was seen");
    assert_eq!(step(&engine, phone(101), 1, 2, key("1")).await, next, "the dialog stands where it stood");
}

#[tokio::test]
async fn two_shortcuts_that_differ_in_what_may_be_a_pin_are_two_begins() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    for code in ["*483*57*3*1234#", "*483*57*3*1235#"] {
        ussd(&engine, phone(101), UssdEvent::Begin(code.to_owned())).await;
    }
    assert_eq!(journal(&engine).await.matches("and 2 answers").count(), 2);
}

#[tokio::test]
async fn a_name_that_comes_round_with_another_phone_shows_nothing_of_the_first() {
    let (engine, _, home) = home().await;
    step(&engine, phone(101), 1, 2, key("1")).await;
    assert!(is_closing_in(&step(&engine, phone(102), 1, 3, key("1")).await, &engine, Lang::SW));
    let other = step(&engine, phone(102), 1, 4, begin()).await;
    assert!(matches!(other, UssdOut::Ask(_)) && other != home, "a stranger's own first screen");
}

#[tokio::test]
async fn a_screen_that_never_left_ends_the_dialog_until_its_key_comes_again() {
    let (engine, _, _) = home().await;
    let next = step(&engine, phone(101), 1, 2, key("1")).await;
    step(&engine, phone(101), 1, 1, UNSEEN).await;
    step(&engine, phone(101), 1, 2, UNSEEN).await;
    assert!(is_closing(&step(&engine, phone(101), 1, 3, key("1")).await, &engine));
    assert_eq!(step(&engine, phone(101), 1, 2, key("1")).await, next, "the gateway brings the key again");
    let on = step(&engine, phone(101), 1, 4, key("1")).await;
    assert!(!is_closing(&on, &engine), "{on:?}");
}

#[tokio::test]
async fn a_screen_of_which_nobody_knows_leaves_the_dialog_open() {
    let (engine, _, _) = home().await;
    step(&engine, phone(101), 1, 1, PERHAPS_UNSEEN).await;
    step(&engine, phone(101), 1, 7, UNSEEN).await;
    assert!(!is_closing(&step(&engine, phone(101), 1, 2, key("1")).await, &engine));
}

/// An artisan who has just listed a piece: her last screen, and the mark of its key.
async fn listed(engine: &Engine) -> (UssdOut, u8) {
    join(engine, phone(103), Lang::EN).await;
    step(engine, phone(103), 1, 1, begin()).await;
    let keys = ["1", "1", "1", "900", "2", "1"];
    let mut shown = UssdOut::Nothing;
    for (mark, typed) in (2..).zip(keys) {
        shown = step(engine, phone(103), 1, mark, key(typed)).await;
    }
    assert!(matches!(shown, UssdOut::End(_)), "a listing ends with its number: {shown:?}");
    (shown, 7)
}

#[tokio::test]
async fn a_last_screen_that_never_left_is_shown_at_the_redial() {
    for event in [UNSEEN, PERHAPS_UNSEEN] {
        let (engine, clock) = engine().await;
        let (outcome, mark) = listed(&engine).await;
        step(&engine, phone(103), 1, mark, event).await;
        clock.advance(Duration::from_secs(20));
        assert_eq!(step(&engine, phone(103), 2, 8, begin()).await, outcome);
        clock.advance(Duration::from_secs(20));
        let home = step(&engine, phone(103), 3, 9, begin()).await;
        assert!(matches!(home, UssdOut::Ask(_)), "seen once is seen: {home:?}");
    }
}

#[tokio::test]
async fn a_confirmation_after_the_last_screen_means_that_it_was_seen() {
    let (engine, clock) = engine().await;
    listed(&engine).await;
    assert_eq!(step(&engine, phone(103), 1, 8, UssdEvent::Confirmed).await, UssdOut::Nothing);
    clock.advance(Duration::from_secs(20));
    assert!(matches!(step(&engine, phone(103), 2, 9, begin()).await, UssdOut::Ask(_)));
}

/// A key of this mark, taken in hand when it is too late to be worked on, or in time.
async fn taken(engine: &Engine, mark: u8, late: bool) -> UssdOut {
    let (gateway, at) = ("test".into(), engine.clock.now());
    let (session, mark, event) = (vec![1], Some(vec![mark]), key("1"));
    let input =
        UssdIn { gateway, msisdn: phone(101), session, sequence: None, event, mark, septets: None, at };
    engine.ussd_step(input, late).await
}

#[tokio::test]
async fn a_key_that_came_too_late_does_nothing_nor_does_a_copy_of_it_that_comes_in_time() {
    let (engine, clock, home) = home().await;
    let busy = UssdOut::End(engine.menus.words("busy_screen", Lang::EN));
    assert_eq!(taken(&engine, 2, true).await, busy);
    assert_eq!(taken(&engine, 2, false).await, busy, "she was told that it was not done");
    assert!(is_closing(&taken(&engine, 3, false).await, &engine), "that call is over");
    clock.advance(Duration::from_secs(20));
    assert_eq!(step(&engine, phone(101), 2, 4, begin()).await, home, "and she is where she was");
}

#[tokio::test]
async fn a_copy_that_comes_too_late_gets_the_screen_of_what_was_done() {
    let (engine, _, home) = home().await;
    let next = taken(&engine, 2, false).await;
    assert!(matches!(next, UssdOut::Ask(_)) && next != home, "{next:?}");
    assert_eq!(taken(&engine, 2, true).await, next, "it was done, and nobody says otherwise");
    let again = step(&engine, phone(101), 1, 1, begin()).await;
    assert_eq!(again, UssdOut::Nothing, "nor does a copy of the first step end the call");
}

/// A step of a gateway that tells all that was typed so far, every time.
async fn heard(engine: &Engine, phone: Msisdn, text: &str) -> UssdOut {
    let heard = Heard { code: CODE.to_owned(), text: text.to_owned(), separator: Some('*') };
    told(engine, phone, text, UssdEvent::Heard(heard)).await
}

async fn told(engine: &Engine, msisdn: Msisdn, text: &str, event: UssdEvent) -> UssdOut {
    let (gateway, at) = ("http".into(), engine.clock.now());
    let (session, mark) = (b"ATUid_1".to_vec(), Some(text.as_bytes().to_vec()));
    let input = UssdIn { gateway, msisdn, session, sequence: None, event, mark, septets: None, at };
    engine.ussd_turn(input).await
}

#[tokio::test]
async fn a_gateway_that_hung_up_and_tells_the_same_again_gets_the_screen_and_the_call_goes_on() {
    let (engine, _) = engine().await;
    let her = phone(104);
    join(&engine, her, Lang::EN).await;
    heard(&engine, her, "").await;
    let next = heard(&engine, her, "1").await;
    told(&engine, her, "1", UNSEEN).await;
    assert!(is_closing(&heard(&engine, her, "1*1").await, &engine), "nobody saw what this answers");
    assert_eq!(heard(&engine, her, "1").await, next);
    let on = heard(&engine, her, "1*1").await;
    assert!(!is_closing(&on, &engine), "{on:?}");
}

#[tokio::test]
async fn the_outcome_that_a_gateway_did_not_wait_for_is_shown_at_the_redial() {
    let (engine, clock) = engine().await;
    let her = phone(104);
    join(&engine, her, Lang::EN).await;
    let mut text = String::new();
    let mut shown = heard(&engine, her, "").await;
    for typed in ["1", "1", "1", "900", "2", "1"] {
        text = if text.is_empty() { typed.to_owned() } else { format!("{text}*{typed}") };
        shown = heard(&engine, her, &text).await;
    }
    assert!(matches!(shown, UssdOut::End(_)), "{shown:?}");
    told(&engine, her, &text, UNSEEN).await;
    clock.advance(Duration::from_secs(20));
    assert_eq!(step(&engine, her, 2, 8, begin()).await, shown);
}
