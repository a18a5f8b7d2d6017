//! What the desk is told and shown, over the engine itself.

use super::*;
use crate::engine::desk::books::{BooksDesk, Which};
use crate::store::batch::Expect;

#[tokio::test]
async fn an_alarm_rings_once_its_turn_is_written_and_not_when_somebody_was_faster() {
    let (engine, _) = engine().await;
    let rung = Arc::new(AtomicUsize::new(0));
    let turn = || {
        let (mut work, rung) = (engine.work(engine.clock.now()).expect("work"), Arc::clone(&rung));
        work.extra().put(crate::store::keys::meta("a row of the test"), Expect::Absent, vec![1]);
        work.rings(move || {
            rung.fetch_add(1, Ordering::SeqCst);
        });
        work
    };
    let (first, second) = (turn(), turn());
    assert_eq!(rung.load(Ordering::SeqCst), 0, "nothing is written yet");
    engine.commit(first, Cause::Desk("test".to_owned()), None).await.expect("written");
    assert_eq!(rung.load(Ordering::SeqCst), 1);
    let late = engine.commit(second, Cause::Desk("test".to_owned()), None).await;
    assert!(late.is_err_and(|fault| fault.is_conflict()));
    assert_eq!(rung.load(Ordering::SeqCst), 1, "what was not written rings nothing");
}

#[tokio::test]
async fn pages_of_people_begin_with_those_who_joined_last_and_have_everybody_once() {
    let (engine, clock) = engine().await;
    let mut joined = Vec::new();
    for end in 1..=60 {
        clock.advance(Duration::from_secs(1));
        joined.push(join(&engine, phone(end), Lang::EN).await);
    }
    joined.reverse();
    let mut seen = Vec::new();
    for page in 0..3 {
        for word in [None, Some("artisan".to_owned())] {
            let which = Which { word: word.clone(), page, whole: false };
            let listed = engine.booked_people(which).await.expect("a page");
            assert_eq!((listed.count, listed.more), (60, page == 0), "page {page}");
            let ids = listed.rows.iter().map(|row| row.id);
            if word.is_some() {
                seen.extend(ids);
            } else {
                assert!(ids.eq(joined.iter().copied().skip(page * 50).take(50)), "page {page}");
            }
        }
    }
    assert_eq!(seen, joined);
    let riders = engine.booked_people(Which { word: Some("rider".to_owned()), ..Which::default() }).await;
    assert_eq!(riders.expect("a page").count, 0);
    let whole = engine.booked_people(Which { whole: true, ..Which::default() }).await.expect("all");
    assert_eq!((whole.rows.len(), whole.more), (60, false));
}
