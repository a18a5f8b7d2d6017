//! Dialogs are recorded as they happen, found again, played again, and let go of in time.

use super::*;
use crate::dialog::tape::{Event, Tape, play::verify};
use crate::engine::tapes::desk::{Dialogs, DialogsWish, WantedDialogs, list, stats};
use crate::engine::tapes::{Reel, keep, newest, read};

const DAY: Duration = Duration::from_secs(86_400);

/// Somebody dials and presses these keys, a second apart; what the dialog ends at.
async fn calls(engine: &Engine, clock: &MovableClock, who: Msisdn, code: &str, keys: &[&str]) -> UssdOut {
    let mut out = ussd(engine, who, UssdEvent::Begin(code.to_owned())).await;
    for key in keys {
        clock.advance(Duration::from_secs(1));
        out = ussd(engine, who, UssdEvent::Reply((*key).to_owned())).await;
    }
    clock.advance(Duration::from_secs(300));
    out
}

async fn plays_again(engine: &Engine, tape: &Tape) {
    let hash = &tape.head().expect("a beginning").graph;
    let graph = engine.menus.graph(&*engine.store, hash).await.expect("read").expect("its menus");
    let screens = tape.walks().count();
    assert_eq!(verify(tape, &graph), Ok(screens), "{tape:?}");
}

async fn everything(engine: &Engine) -> Vec<Tape> {
    let (mut reel, mut tapes) = (Reel::since(&*engine.store, Timestamp::default()), Vec::new());
    while let Some(tape) = reel.next().await.expect("readable") {
        tapes.push(tape);
    }
    tapes
}

#[tokio::test]
async fn every_way_that_a_dialog_takes_is_played_again_octet_for_octet() {
    let (engine, clock) = engine().await;
    let (her, stranger) = (phone(101), phone(102));
    join(&engine, her, Lang::EN).await;
    calls(&engine, &clock, her, "*483*57#", &["1", "1", "1", "49", "850", "3"]).await;
    ussd(&engine, her, UssdEvent::Gone).await;
    // Gone on with, saved, shown again after it was lost.
    calls(&engine, &clock, her, "*483*57#", &["1", "1"]).await;
    calls(&engine, &clock, her, "*483*57*4*1#", &["0", "00", "5", "5", "9"]).await;
    calls(&engine, &clock, her, "*483*57*3*1*500*4071#", &[]).await;
    calls(&engine, &clock, stranger, "*483*57#", &["2", "1", "Amina Hassan", "1", "1234", "4071", "4072"])
        .await;
    calls(&engine, &clock, stranger, "*483*57#", &["2", "1", "Amina Hassan", "1", "4071", "4071"]).await;
    for tape in everything(&engine).await {
        plays_again(&engine, &tape).await;
    }
    let tapes = everything(&engine).await;
    let events: Vec<&Event> = tapes.iter().flat_map(|tape| &tape.turns).map(|turn| &turn.event).collect();
    assert!(events.iter().any(|event| matches!(event, Event::Redialled { .. })), "{events:?}");
    let kept = engine.store.scan(vec![keys::RECORDINGS], None, 999, false).await.expect("read");
    let octets = |rows: &[(crate::store::Key, crate::store::batch::Row)]| -> usize {
        rows.iter().map(|(key, row)| key.len() + row.octets().len()).sum::<usize>() / rows.len()
    };
    let told = engine.store.scan(vec![keys::JOURNAL], None, 999, false).await.expect("read");
    let dialog = engine.store.scan(vec![keys::DIALOGS], None, 999, false).await.expect("read");
    let (kept_octets, told_octets, dialog_octets) = (octets(&kept), octets(&told), octets(&dialog));
    eprintln!("octets of a recording {kept_octets}, of a record {told_octets}, of a dialog {dialog_octets}");
    assert!(kept_octets < dialog_octets, "a recording is smaller than the dialog's row of the same commit");
    let text: String =
        kept.iter().map(|(_, row)| String::from_utf8_lossy(&row.octets()).into_owned()).collect();
    assert!(!text.contains("\"4071\"") && !text.contains("\"4072\""), "a PIN is written down: {text}");
}

#[tokio::test]
async fn dialogs_are_found_by_phone_and_by_state_the_last_first() {
    let (engine, clock) = engine().await;
    for end in [101, 102] {
        join(&engine, phone(end), Lang::EN).await;
    }
    for (end, keys) in [(101, &["2"][..]), (102, &["1"]), (101, &["1", "1"])] {
        calls(&engine, &clock, phone(end), "*483*57#", keys).await;
        ussd(&engine, phone(end), UssdEvent::Gone).await;
        clock.advance(Duration::from_secs(3_600));
    }
    let now = engine.clock.now();
    let of = |phone| newest(&*engine.store, phone, None, 9);
    let hers = of(Some(phone(101))).await.expect("read");
    assert_eq!((hers.len(), of(None).await.expect("read").len()), (2, 3));
    assert!(hers[0].span().0 > hers[1].span().0);
    let wanted = WantedDialogs { limit: Some(2), ..WantedDialogs::default() };
    let (page, older) = list(&*engine.store, now, &wanted).await.expect("read");
    assert_eq!(page.len(), 2);
    let wanted = WantedDialogs { before: older, ..wanted };
    let (page, older) = list(&*engine.store, now, &wanted).await.expect("read");
    assert_eq!((page.len(), older), (1, None), "the first of all");

    let wish = |phone: &str, state: &str| DialogsWish {
        phone: Some(phone.to_owned()),
        state: Some(state.to_owned()),
        before: None,
    };
    let found = engine.dialogs(wish("0700000101", "left")).await.expect("a page");
    assert_eq!(found.rows.len(), 2);
    assert_eq!((found.rows[0].phone.as_str(), found.rows[0].at.as_str()), ("25470****101", "sell.stuff"));
    assert!(matches!(engine.dialogs(wish("nobody", "")).await, Err(ShopError::Field { field: "phone", .. })));
    assert!(matches!(engine.dialogs(wish("", "gone")).await, Err(ShopError::Field { field: "state", .. })));
    let view = engine.dialog(found.rows[0].id.clone()).await.expect("a dialog");
    assert_eq!((view.proof.as_str(), view.steps.len()), ("same", 4));
    assert_eq!(engine.dialog("no id".to_owned()).await, Err(ShopError::NotFound));
    let figures = stats(&*engine.store, Timestamp::default(), now).await.expect("figures");
    assert_eq!((figures.dialogs, figures.people, figures.open), (3, 2, 0));
}

#[tokio::test]
async fn dialogs_are_let_go_of_when_they_are_old_with_all_that_leads_to_them() {
    let (engine, clock) = engine().await;
    let her = phone(101);
    join(&engine, her, Lang::EN).await;
    calls(&engine, &clock, her, "*483*57#", &["1", "1", "1"]).await;
    ussd(&engine, her, UssdEvent::Gone).await;
    clock.advance(50 * DAY);
    calls(&engine, &clock, her, "*483*57#", &["2"]).await;
    let prune = |life| keep::prune(&*engine.store, engine.clock.now(), life);
    assert_eq!(prune(90 * DAY).await.expect("pruned"), 0);
    assert_eq!(prune(30 * DAY).await.expect("pruned"), 5);
    let left = newest(&*engine.store, Some(her), None, 9).await.expect("read");
    assert_eq!((left.len(), left[0].turns.len()), (1, 2));
    let index = engine.store.scan(keys::dialogs_of(her), None, 9, false).await.expect("read");
    assert_eq!(index.len(), 1, "nothing leads nowhere");
    assert_eq!(read(&*engine.store, left[0].id).await.expect("read").as_ref(), Some(&left[0]));
}
