//! The same sentences for every engine.

use super::postgres::opened;
use super::server::Server;
use super::{batch, everything, position};
use crate::store::batch::{Committed, Expect, InboxMark, Row, Value};
use crate::store::memory::Memory;
use crate::store::sled::Sled;
use crate::store::{Store, StoreError, journal, keys};
use crate::types::Timestamp;
use std::sync::Arc;

async fn a_commit_is_whole_and_read_back_with_its_position(store: Arc<dyn Store>) {
    assert_eq!(store.position(), 0);
    let (a, b, c) = (keys::meta("a"), keys::balance("b"), keys::meta("c"));
    let first = batch(|x| {
        x.put(a.clone(), Expect::Absent, "one");
        x.add(b.clone(), 5, None);
        x.journal.push("{}".into());
    });
    assert_eq!(position(store.commit(first).await), 1);
    let rows = store.read(vec![b.clone(), c.clone(), a.clone()]).await.expect("read");
    let row = |value| Some(Row { version: 1, value });
    assert_eq!(rows, [row(Value::Sum(5)), None, row(Value::Octets("one".into()))]);
    assert_eq!(position(store.commit(batch(|x| x.delete(a.clone(), Expect::At(1)))).await), 2);
    assert_eq!(store.read(vec![a]).await.expect("read"), [None]);
    assert_eq!(store.position(), 2);
    assert_eq!(journal::head(&*store).await.expect("head").position, 2);
}

async fn a_failed_expectation_writes_nothing_at_all(store: Arc<dyn Store>) {
    let (a, b) = (keys::meta("a"), keys::meta("b"));
    position(store.commit(batch(|x| x.put(a.clone(), Expect::Absent, "one"))).await);
    let before = everything(&*store).await;
    let answer = store
        .commit(batch(|x| {
            x.put(b.clone(), Expect::Absent, "two");
            x.put(a.clone(), Expect::Absent, "two");
            x.journal.push("{}".into());
        }))
        .await;
    assert!(matches!(answer, Err(StoreError::Conflict(key)) if key == a));
    let answer = store.commit(batch(|x| x.put(a.clone(), Expect::At(9), "two"))).await;
    assert!(matches!(answer, Err(StoreError::Conflict(_))));
    assert_eq!(everything(&*store).await, before);
    assert_eq!(store.position(), 1);
}

async fn of_many_who_draw_at_once_only_those_succeed_for_whom_there_is_money(store: Arc<dyn Store>) {
    let key = keys::balance("payer");
    position(store.commit(batch(|x| x.add(key.clone(), 10, None))).await);
    let draws = (0..25).map(|_| store.commit(batch(|x| x.add(key.clone(), -1, Some(0)))));
    let answers = futures_util::future::join_all(draws).await;
    let paid = answers.iter().filter(|answer| matches!(answer, Ok(Committed::At(_)))).count();
    let floored = answers.iter().filter(|a| matches!(a, Err(StoreError::Floor(k)) if *k == key)).count();
    assert_eq!((paid, floored), (10, 15));
    let rows = store.read(vec![key]).await.expect("read");
    assert_eq!(rows[0].as_ref().map(Row::sum), Some(0));
}

async fn an_input_taken_twice_at_once_acts_once(store: Arc<dyn Store>) {
    let sum = keys::balance("sum");
    let key = keys::inbox(Timestamp::from_millis(1_800_000_000_000), b"input");
    let take = |answer: &'static str| {
        store.commit(batch(|x| {
            x.inbox = Some(InboxMark { key: key.clone(), answer: answer.into() });
            x.add(sum.clone(), 1, None);
        }))
    };
    let answers = futures_util::future::join_all([take("a"), take("b"), take("c")]).await;
    let acted = answers.iter().filter(|a| matches!(a, Ok(Committed::At(_)))).count();
    assert_eq!(acted, 1);
    let first = store.read(vec![key.clone()]).await.expect("read")[0].clone().expect("marked");
    let repeated = answers.into_iter().filter_map(|answer| match answer.expect("answered") {
        Committed::Repeat(answer) => Some(answer),
        Committed::At(_) => None,
    });
    assert!(repeated.eq([first.octets(), first.octets()]));
    assert_eq!(store.read(vec![sum]).await.expect("read")[0].as_ref().map(Row::sum), Some(1));
}

async fn a_scan_goes_either_way_and_page_by_page(store: Arc<dyn Store>) {
    let key = |n: u8| keys::index("x", &[&[n]], b"id");
    let rows = batch(|x| {
        (0..5).for_each(|n| x.put(key(n), Expect::Absent, vec![n]));
        x.put(keys::index("w", &[b"\xff"], b"id"), Expect::Absent, "before");
        x.put(keys::index("xx", &[b"\0"], b"id"), Expect::Absent, "after");
    });
    position(store.commit(rows).await);
    let scan = async |from: Option<u8>, limit, back| -> Vec<u8> {
        let prefix = keys::index_prefix("x", &[]);
        let rows = store.scan(prefix, from.map(key), limit, back).await.expect("scanned");
        rows.iter().map(|(_, row)| row.octets()[0]).collect()
    };
    assert_eq!(scan(None, 9, false).await, [0, 1, 2, 3, 4]);
    assert_eq!(scan(None, 9, true).await, [4, 3, 2, 1, 0]);
    assert_eq!(scan(Some(1), 2, false).await, [2, 3]);
    assert_eq!(scan(Some(3), 2, true).await, [2, 1]);
    assert_eq!(scan(Some(4), 2, false).await, [0u8; 0]);
    assert_eq!(scan(Some(0), 2, true).await, [0u8; 0]);
    assert_eq!(scan(None, 0, false).await, [0u8; 0]);
    let past = store.scan(keys::index_prefix("x", &[]), Some(vec![0xFF]), 9, false).await;
    assert_eq!(past.expect("scanned"), []);
    let from_past = store.scan(keys::index_prefix("x", &[]), Some(vec![0xFF]), 9, true).await;
    assert_eq!(from_past.expect("scanned").len(), 5);
}

async fn the_journal_is_read_from_any_commit_on_and_its_chain_holds(store: Arc<dyn Store>) {
    for commit in 1..=4u8 {
        let records = (0..commit % 3).map(|n| vec![commit, n].into());
        position(store.commit(batch(|x| x.journal.extend(records))).await);
    }
    let from = async |position, limit| -> Vec<(u64, u32)> {
        let records = journal::read(&*store, position, limit).await.expect("read");
        records.iter().map(|record| (record.position, record.index)).collect()
    };
    assert_eq!(from(0, 9).await, [(1, 0), (2, 0), (2, 1), (4, 0)]);
    assert_eq!(from(2, 2).await, [(2, 0), (2, 1)]);
    assert_eq!(from(3, 9).await, [(4, 0)]);
    assert_eq!(from(5, 9).await, []);
    let mut chain = journal::Chain::default();
    for record in journal::read(&*store, 0, 9).await.expect("read") {
        chain.follow(&record).expect("unbroken");
        assert_eq!(record.record.as_ref(), [record.position as u8, record.index as u8]);
    }
    chain.ends_at(&journal::head(&*store).await.expect("head")).expect("whole");
}

async fn a_wrong_batch_is_refused_and_harms_nobody(store: Arc<dyn Store>) {
    let key = keys::meta("twice");
    let twice = batch(|x| (0..2).for_each(|_| x.put(key.clone(), Expect::Any, "")));
    assert!(matches!(store.commit(twice).await, Err(StoreError::Malformed(_))));
    assert_eq!(position(store.commit(batch(|x| x.put(key.clone(), Expect::Any, ""))).await), 1);
}

macro_rules! every_engine {
    ($($sentence:ident),* $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $sentence() {
                super::$sentence(Arc::new(Memory::new())).await;
            })*
        }

        mod postgres {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $sentence() {
                let server = Server::start("fsync = off");
                super::$sentence(Arc::new(opened(&server).await)).await;
            })*
        }

        mod sled {
            use super::*;
            $(#[tokio::test]
            async fn $sentence() {
                let dir = tempfile::tempdir().expect("dir");
                super::$sentence(Arc::new(Sled::open(dir.path(), 1 << 22).expect("open"))).await;
            })*
        }
    };
}

every_engine! {
    a_commit_is_whole_and_read_back_with_its_position,
    a_failed_expectation_writes_nothing_at_all,
    of_many_who_draw_at_once_only_those_succeed_for_whom_there_is_money,
    an_input_taken_twice_at_once_acts_once,
    a_scan_goes_either_way_and_page_by_page,
    the_journal_is_read_from_any_commit_on_and_its_chain_holds,
    a_wrong_batch_is_refused_and_harms_nobody,
}
