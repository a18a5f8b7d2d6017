//! Whatever is asked of it, the engine with a disk answers as the model does.

use super::everything;
use super::server::Server;
use crate::store::batch::{Act, Batch, Committed, Expect, InboxMark, Op};
use crate::store::memory::Memory;
use crate::store::postgres::{Postgres, Settings};
use crate::store::sled::Sled;
use crate::store::{Key, Store, StoreError, keys};
use crate::types::Timestamp;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Six rows and three sums, so that batches get in each other's way.
fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        2 => (0u8..6).prop_map(|n| keys::aggregate(b'x', &[n])),
        1 => (0u8..3).prop_map(|n| keys::balance(&n.to_string())),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let expect = prop_oneof![
        3 => Just(Expect::Any),
        1 => Just(Expect::Absent),
        1 => (1u64..20).prop_map(Expect::At),
    ];
    let change = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..300).prop_map(|octets| Act::Put(octets.into())),
        1 => Just(Act::Delete),
        1 => Just(Act::Keep),
    ];
    let add = (-5i64..6, prop::option::of(Just(0)));
    (key(), expect, change, add).prop_map(|(key, expect, change, (delta, floor))| {
        if key[0] == keys::BALANCES {
            Op { key, expect: Expect::Any, act: Act::Add { delta, floor } }
        } else {
            Op { key, expect, act: change }
        }
    })
}

fn batch() -> impl Strategy<Value = Batch> {
    let mark = (0i64..3, 0u8..9).prop_map(|(bucket, mark)| {
        let span = i64::try_from(keys::INBOX_BUCKET.as_millis()).expect("days");
        let key = keys::inbox(Timestamp::from_millis(bucket * span), &[mark]);
        InboxMark { key, answer: vec![bucket as u8, mark].into() }
    });
    (
        prop::option::weighted(0.3, mark),
        prop::collection::vec(op(), 0..5),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..3),
    )
        .prop_map(|(inbox, ops, journal)| {
            let journal = journal.into_iter().map(Into::into).collect();
            Batch { inbox, ops, journal, salt: None, redact: Vec::new() }
        })
}

type Answers = Vec<Result<Committed, String>>;

fn told(answers: Vec<Result<Committed, StoreError>>) -> Answers {
    answers.into_iter().map(|answer| answer.map_err(|why| format!("{why:?}"))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_disk_answers_and_holds_what_the_model_does(
        waves in prop::collection::vec(prop::collection::vec(batch(), 1..12), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        let dir = tempfile::tempdir().expect("dir");
        let model = Memory::new();
        let disk = Sled::open(dir.path(), 1 << 22).expect("open");
        runtime.block_on(async {
            for wave in waves {
                let mut expected = Vec::new();
                for batch in &wave {
                    expected.push(model.commit(batch.clone()).await);
                }
                // At once, so that the writer groups them as it likes.
                let answers = wave.into_iter().map(|batch| disk.commit(batch));
                let answers = futures_util::future::join_all(answers).await;
                prop_assert_eq!(told(answers), told(expected));
                prop_assert_eq!(everything(&disk).await, everything(&model).await);
                prop_assert_eq!(disk.position(), model.position());
            }
            Ok(())
        })?;
        drop(disk);
        let disk = Sled::open(dir.path(), 1 << 22).expect("open again");
        prop_assert_eq!(runtime.block_on(everything(&disk)), runtime.block_on(everything(&model)));
    }
}

#[test]
fn the_database_answers_and_holds_what_the_model_does() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = Server::start("fsync = off");
    let waves = prop::collection::vec(prop::collection::vec(batch(), 1..12), 1..8);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(16));
    let done = runner.run(&waves, |waves| {
        // Shrinking asks again: each time in a database of its own.
        let name = format!("model{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let settings = Settings { url: server.database(&name), connections: 2, ..Settings::default() };
        runtime.block_on(async {
            let model = Memory::new();
            let store = Postgres::open(&settings, None, "one".to_owned()).await.expect("open");
            for wave in waves {
                let mut expected = Vec::new();
                for batch in &wave {
                    expected.push(model.commit(batch.clone()).await);
                }
                let answers = wave.into_iter().map(|batch| store.commit(batch));
                let answers = futures_util::future::join_all(answers).await;
                prop_assert_eq!(told(answers), told(expected));
                prop_assert_eq!(everything(&store).await, everything(&model).await);
                prop_assert_eq!(store.position(), model.position());
            }
            let again = Postgres::open(&settings, None, "two".to_owned()).await.expect("open again");
            prop_assert_eq!(everything(&again).await, everything(&model).await);
            prop_assert_eq!(again.position(), model.position());
            Ok(())
        })
    });
    done.unwrap_or_else(|why| panic!("{why}"));
}

/// Money moves between two accounts while others look: no reader ever sees it in between, or
/// doubled, and what she reads never goes back in time.
async fn readers_see_whole_commits_only(store: Arc<dyn Store>) {
    let (left, right) = (keys::balance("left"), keys::balance("right"));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, done) = (store.clone(), done.clone());
            let keys = vec![left.clone(), right.clone()];
            tokio::spawn(async move {
                let (mut last, mut seen) = (0, 0u32);
                while !done.load(Ordering::Relaxed) {
                    let rows = store.read(keys.clone()).await.expect("read");
                    let sum = |n: usize| rows[n].as_ref().map_or(0, |row| row.sum());
                    assert_eq!(sum(0) + sum(1), 0);
                    let scanned = store.scan(vec![keys::BALANCES], None, 9, false).await.expect("scanned");
                    assert_eq!(scanned.iter().map(|(_, row)| row.sum()).sum::<i64>(), 0);
                    assert!(sum(0) >= last, "the past came back");
                    last = sum(0);
                    seen += 1;
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    let movers: Vec<_> = (0..8)
        .map(|_| {
            let (store, left, right) = (store.clone(), left.clone(), right.clone());
            tokio::spawn(async move {
                for _ in 0..40 {
                    let mut batch = Batch::default();
                    batch.add(left.clone(), 1, None);
                    batch.add(right.clone(), -1, None);
                    let position = match store.commit(batch).await.expect("committed") {
                        Committed::At(position) => position,
                        Committed::Repeat(_) => unreachable!("there was no mark"),
                    };
                    assert!(store.position() >= position);
                    let row = store.read(vec![left.clone()]).await.expect("read").remove(0);
                    assert!(row.expect("written").version >= position, "own commit not seen");
                }
            })
        })
        .collect();
    for mover in movers {
        mover.await.expect("moved");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.expect("read") > 0);
    }
    let rows = store.read(vec![left]).await.expect("read");
    assert_eq!(rows[0].as_ref().map(|row| row.sum()), Some(320));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_the_disk_see_whole_commits_only() {
    let dir = tempfile::tempdir().expect("dir");
    readers_see_whole_commits_only(Arc::new(Sled::open(dir.path(), 1 << 22).expect("open"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_the_database_see_whole_commits_only() {
    let server = Server::start("fsync = off");
    readers_see_whole_commits_only(Arc::new(super::postgres::opened(&server).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_the_model_see_whole_commits_only() {
    readers_see_whole_commits_only(Arc::new(Memory::new())).await;
}
