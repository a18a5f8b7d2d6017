//! Whose answer a step is, while a dialog of ours waits for one.

use super::repeats::{home, is_closing, key, step};
use super::*;
use crate::engine::push::Ours;
use crate::engine::turn::DialogRow;
use crate::store::batch::{Batch, Expect};
use crate::store::codec;

/// Keeps her dialog changed.
async fn changed(engine: &Engine, phone: Msisdn, change: impl FnOnce(DialogRow) -> DialogRow) {
    let key = keys::dialog(phone);
    let kept = engine.store.read(vec![key.clone()]).await.expect("read").remove(0).expect("her dialog");
    let row = change(codec::decode_row(&key, &kept).expect("readable"));
    let mut batch = Batch::default();
    batch.put(key, Expect::At(kept.version), codec::encode(&row));
    engine.store.commit(batch).await.expect("kept");
}

/// Her dialog is followed by one that we opened, at the same screen.
async fn pushed(engine: &Engine, phone: Msisdn, session: &[u8]) {
    let (pushed, session) = (Some(Ours::Asked), session.to_vec());
    changed(engine, phone, |row| {
        let earlier = row.earlier_than_push(engine.clock.now());
        DialogRow { pushed, session, mark: None, heard: None, earlier, ..row }
    })
    .await;
}

#[tokio::test]
async fn a_key_of_the_call_before_does_not_answer_a_push() {
    let (engine, _, first) = home().await;
    pushed(&engine, phone(101), b"").await;
    for mark in [9, 10] {
        assert!(is_closing(&step(&engine, phone(101), 1, mark, key("1")).await, &engine), "{mark}");
    }
    let answer = step(&engine, phone(101), 2, 11, key("1")).await;
    assert!(matches!(&answer, UssdOut::Ask(_)) && answer != first, "hers is the first of another name");
}

#[tokio::test]
async fn where_dialogs_have_no_names_the_last_key_once_more_does_not_answer_a_push() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    let nameless = async |mark: u8, event| {
        let (gateway, at, mark) = ("test".into(), engine.clock.now(), Some(vec![mark]));
        let (msisdn, session) = (phone(101), Vec::new());
        engine
            .ussd_turn(UssdIn { gateway, msisdn, session, sequence: None, event, mark, septets: None, at })
            .await
    };
    nameless(1, UssdEvent::Begin("*483*57#".to_owned())).await;
    nameless(2, key("3")).await;
    pushed(&engine, phone(101), b"").await;
    assert!(is_closing(&nameless(2, key("3")).await, &engine));
    assert!(matches!(nameless(3, key("00")).await, UssdOut::Ask(_)), "another key is hers");
}

#[tokio::test]
async fn an_http_step_of_the_call_before_begins_nothing_after_a_push() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    let heard = |text: &str| {
        UssdEvent::Heard(Heard { code: "*483*57#".to_owned(), text: text.to_owned(), separator: Some('*') })
    };
    step(&engine, phone(101), 1, 1, heard("")).await;
    let before = journal(&engine).await;
    pushed(&engine, phone(101), b"").await;
    assert!(is_closing(&step(&engine, phone(101), 1, 2, heard("1*1*2*850")).await, &engine));
    assert_eq!(journal(&engine).await, before, "nothing was typed anew");
}

#[tokio::test]
async fn a_push_that_was_not_shown_takes_no_answer_and_is_no_call_to_go_on_with() {
    let (engine, _, first) = home().await;
    step(&engine, phone(101), 1, 2, key("3")).await;
    pushed(&engine, phone(101), b"").await;
    changed(&engine, phone(101), |row| DialogRow { pushed: Some(Ours::Unshown), ..row }).await;
    assert!(is_closing(&step(&engine, phone(101), 2, 3, key("1")).await, &engine));
    let anew = step(&engine, phone(101), 3, 4, UssdEvent::Begin("*483*57#".to_owned())).await;
    assert_eq!(anew, first);
}
