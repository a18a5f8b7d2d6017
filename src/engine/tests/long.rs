//! Long SMS whose parts come one by one, and what people stop.

use super::*;
use crate::gsm::assemble::{Piece, Place};
use crate::gsm::charset::Charset;
use crate::gsm::national::Tables;
use crate::types::Purpose;

/// A part of what she sends: which of how many, and what it says.
fn part(engine: &Engine, from: Msisdn, (number, total): (u8, u8), text: &str) -> PartIn {
    let octets = text.as_bytes().to_vec();
    PartIn {
        gateway: "test".into(),
        from,
        to: "48357".to_owned(),
        place: Place { reference: 7, wide: false, total, number },
        piece: Piece { charset: Charset::Gsm, data_coding: 0, tables: Tables::default(), octets },
        mark: b"part 7".to_vec(),
        at: engine.clock.now(),
    }
}

/// The engine of the next run, over what the last one left.
async fn restarted(engine: &Engine) -> Arc<Engine> {
    let parts = Parts {
        store: engine.store.clone(),
        clock: engine.clock.clone(),
        chance: Arc::new(crate::engine::chance::SystemChance),
        menus: engine.menus.clone(),
        policy: engine.policy.clone(),
        house: engine.house.clone(),
        pins: Pins::quick(),
        money: Arc::new(Nobody),
        card: Arc::new(Nobody),
        addresses: crate::engine::buyers::Seal::new(&"a secret of these tests".into()),
        recon: Default::default(),
        mail: None,
    };
    Engine::new(parts).await.expect("an engine")
}

async fn rows_of_parts(engine: &Engine) -> usize {
    let prefix = keys::index_prefix("parts", &[]);
    engine.store.scan(prefix, None, 9, false).await.expect("read").len()
}

#[tokio::test]
async fn a_restart_between_two_parts_keeps_the_beginning() {
    let (first, clock) = engine().await;
    let her = phone(101);
    join(&first, her, Lang::EN).await;
    first.part_turn(part(&first, her, (2, 2), "BRASS 850 3")).await.expect("kept");
    let second = restarted(&first).await;
    drop(first);
    second.part_turn(part(&second, her, (1, 2), "SELL NECKLACE ")).await.expect("kept");
    let said = texts(&second).await;
    assert!(said.iter().any(|text| text.contains("NECKLACE") || text.contains("Necklace")), "{said:?}");

    // The last part, brought once more since our answer was lost, begins nothing.
    second.part_turn(part(&second, her, (1, 2), "SELL NECKLACE ")).await.expect("known");
    clock.advance(Duration::from_secs(2 * 86_400));
    while second.do_due().await.expect("done") > 0 {}
    assert_eq!(rows_of_parts(&second).await, 0, "nothing is left of it");
    assert!(!journal(&second).await.contains("part_lost"));
}

#[tokio::test]
async fn only_senders_whose_parts_wait_take_up_room() {
    let (engine, _) = engine().await;
    let take = |who, place| engine.part_turn(part(&engine, phone(who), place, "SELL "));
    // As many as there is room for, and all of them whole at once.
    for who in 100..120 {
        take(who, (1, 2)).await.expect("kept");
        take(who, (2, 2)).await.expect("whole");
    }
    for who in 200..220 {
        take(who, (1, 2)).await.expect("there is room again");
    }
    take(300, (1, 2)).await.expect_err("the SMSC keeps it");
    take(200, (2, 2)).await.expect("whoever waits is let in");
    take(300, (1, 2)).await.expect("into the place that became free");
}

#[tokio::test]
async fn whoever_sent_what_never_came_whole_is_told_so_in_her_language() {
    let (engine, clock) = engine().await;
    let (her, stranger) = (phone(101), phone(102));
    join(&engine, her, Lang::EN).await;
    engine.part_turn(part(&engine, her, (1, 3), "SELL ")).await.expect("kept");
    engine.part_turn(part(&engine, her, (3, 3), "850 3")).await.expect("kept");
    engine.part_turn(part(&engine, stranger, (1, 2), "Habari")).await.expect("kept");
    clock.advance(Duration::from_secs(86_399));
    assert_eq!((engine.do_due().await, texts(&engine).await.len()), (Ok(0), 0));
    clock.advance(Duration::from_secs(2));
    assert_eq!(engine.do_due().await, Ok(2));
    let mut said = texts(&engine).await;
    said.sort();
    assert!(said[0].starts_with("Only 2 of the 3 parts"), "{said:?}");
    assert!(said[1].starts_with("Sehemu 1 tu kati ya 2") && said[1].contains("Only 1 of the 2"), "{said:?}");
    assert_eq!(rows_of_parts(&engine).await, 0);
}

#[tokio::test]
async fn a_tip_is_not_sent_to_whoever_stopped_tips_and_all_else_is() {
    let (engine, clock) = engine().await;
    let (her, stranger) = (phone(101), phone(102));
    join(&engine, her, Lang::EN).await;
    sms(&engine, her, "stop please").await.expect("kept");
    sms(&engine, stranger, "ACHA").await.expect("kept");
    let said = texts(&engine).await;
    assert_eq!(said.iter().filter(|text| text.contains("No more tips")).count(), 2, "{said:?}");
    assert!(said.iter().any(|text| text.contains("Hutapata")), "a stranger reads both languages");

    for phone in [her, stranger] {
        assert_eq!(engine.is_wanted(phone, Purpose::Tip).await.ok(), Some(false));
        for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Tip) {
            assert_eq!(engine.is_wanted(phone, purpose).await.ok(), Some(true), "{purpose:?}");
        }
    }

    // Again within a day is not confirmed again, the day after it is.
    clock.advance(Duration::from_secs(3_600));
    sms(&engine, her, "STOP").await.expect("kept");
    let again = texts(&engine).await;
    assert_eq!(again.iter().filter(|text| text.starts_with("No more tips")).count(), 1, "{again:?}");
    clock.advance(Duration::from_secs(86_400));
    sms(&engine, her, "Stop").await.expect("kept");
    let later = texts(&engine).await;
    assert_eq!(later.iter().filter(|text| text.starts_with("No more tips")).count(), 2, "{later:?}");

    sms(&engine, her, "START").await.expect("kept");
    assert_eq!(engine.is_wanted(her, Purpose::Tip).await.ok(), Some(true));
    assert!(texts(&engine).await.iter().any(|text| text.starts_with("You get tips")));
}

#[tokio::test]
async fn a_stopped_tip_leaves_the_outbox_unsent() {
    let (engine, _) = engine().await;
    let her = phone(101);
    sms(&engine, her, "STOP").await.expect("kept");
    let mut work = engine.work(engine.clock.now()).expect("work");
    let (text, purpose) = ("Tip of the day".to_owned(), Purpose::Tip);
    let (name, queued) = (String::new(), Some(work.now));
    let tip = Text { to: her, text, name, purpose, queued, tried: 0, partly: None, offer: None };
    work.send(shard::SMS, "tip".to_owned(), "sms", &tip, Duration::from_secs(3_600));
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("queued");
    assert_eq!(sent_until_none_waits(&engine).await, 1, "the confirmation, and nothing else");
}
