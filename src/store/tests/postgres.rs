//! What the engine of several machines does beside what every engine does: several writers, and a database
//! that goes away.

use super::server::Server;
use super::{batch, everything, position};
use crate::store::batch::{Committed, Expect, Row};
use crate::store::journal::{self, Chain};
use crate::store::postgres::{Postgres, Settings};
use crate::store::{Store, StoreError, keys};
use std::sync::Arc;
use std::time::Duration;

fn settings(server: &Server) -> Settings {
    Settings {
        url: server.url(),
        connections: 4,
        statement_seconds: 5,
        wait_seconds: 30,
        ..Settings::default()
    }
}

/// A node of its own name.
async fn node(server: &Server, name: &str) -> Postgres {
    Postgres::open(&settings(server), None, name.to_owned()).await.expect("opened")
}

pub(super) async fn opened(server: &Server) -> Postgres {
    node(server, "one").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_write_one_journal_and_one_truth() {
    const EACH: usize = 150;
    let server = Server::start("fsync = off");
    let nodes = [Arc::new(node(&server, "one").await), Arc::new(node(&server, "two").await)];
    let mut work = tokio::task::JoinSet::new();
    for n in 0..2 * EACH {
        let store = Arc::clone(&nodes[n % 2]);
        work.spawn(async move {
            let draw = batch(|x| {
                x.add(keys::balance("till"), -1, Some(-(EACH as i64)));
                x.add(keys::balance("drawn"), 1, None);
                x.put(keys::meta(&format!("draw {n}")), Expect::Absent, "drawn");
                x.journal.push(format!("{{\"draw\":{n}}}").into());
            });
            store.commit(draw).await
        });
    }
    let answers = work.join_all().await;
    let mut written: Vec<u64> = Vec::new();
    for answer in answers {
        match answer {
            Ok(Committed::At(at)) => written.push(at),
            Err(StoreError::Floor(key)) => assert_eq!(key, keys::balance("till")),
            other => panic!("{other:?}"),
        }
    }
    written.sort_unstable();
    assert_eq!(written, (1..=EACH as u64).collect::<Vec<_>>(), "as many as there is money for, each alone");
    let mut chain = Chain::default();
    for record in journal::read(&*nodes[0], 0, 2 * EACH).await.expect("read") {
        chain.follow(&record).expect("unbroken");
    }
    chain.ends_at(&journal::head(&*nodes[1]).await.expect("read")).expect("whole");
    assert_eq!(everything(&*nodes[0]).await, everything(&*nodes[1]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_another_node_changed_is_a_conflict_here() {
    let server = Server::start("fsync = off");
    let (one, two) = (node(&server, "one").await, node(&server, "two").await);
    let key = keys::meta("dialog");
    position(one.commit(batch(|x| x.put(key.clone(), Expect::Absent, "first"))).await);
    let seen = two.read(vec![key.clone()]).await.expect("read").remove(0).expect("there");
    position(one.commit(batch(|x| x.put(key.clone(), Expect::At(seen.version), "second"))).await);
    let late = two.commit(batch(|x| x.put(key.clone(), Expect::At(seen.version), "late"))).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
}

/// Whatever is done to the server while many commit: each commit that was answered is there, once, and each
/// that was not answered is there once or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_again_and_again_loses_nothing_that_was_answered_and_doubles_nothing() {
    const WORKERS: u64 = 6;
    const KILLS: u32 = 8;
    let server = Arc::new(Server::start(""));
    let store = Arc::new(node(&server, "one").await);
    let enough = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut work = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (store, enough) = (Arc::clone(&store), Arc::clone(&enough));
        work.spawn(async move {
            let mut answered = 0i64;
            while !enough.load(std::sync::atomic::Ordering::Relaxed) {
                let wish = batch(|x| {
                    x.add(keys::balance(&format!("w{worker}")), 1, None);
                    x.add(keys::balance("all"), 1, None);
                    x.journal.push(format!("{worker}").into());
                });
                match store.commit(wish).await {
                    Ok(_) => answered += 1,
                    Err(StoreError::Away(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            (worker, answered)
        });
    }
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(150 + u64::from(kill) * 37)).await;
        let server = Arc::clone(&server);
        let again = tokio::task::spawn_blocking(move || {
            server.kill().expect("killed");
            server.up();
        });
        again.await.expect("up again");
    }
    enough.store(true, std::sync::atomic::Ordering::Relaxed);
    let answers = work.join_all().await;
    let sum = async |name: &str| {
        let rows = store.read(vec![keys::balance(name)]).await.expect("read");
        rows[0].as_ref().map_or(0, Row::sum)
    };
    let mut all = 0;
    for (worker, answered) in answers {
        // Nobody gave up: every commit was answered, so exactly these are there.
        assert_eq!(sum(&format!("w{worker}")).await, answered, "worker {worker}");
        all += answered;
    }
    assert_eq!(sum("all").await, all);
    assert!(all > i64::from(KILLS), "something was done between the kills: {all}");
    let records = journal::read(&*store, 0, usize::MAX >> 1).await.expect("read");
    let mut chain = Chain::default();
    records.iter().try_for_each(|record| chain.follow(record)).expect("unbroken");
    assert_eq!(i64::try_from(records.len()), Ok(all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_away_is_told_of_and_answers_once_it_is_back() {
    let server = Server::start("fsync = off");
    let wait = Settings { wait_seconds: 1, ..settings(&server) };
    let store = Postgres::open(&wait, None, "one".to_owned()).await.expect("opened");
    let key = keys::meta("a");
    position(store.commit(batch(|x| x.put(key.clone(), Expect::Absent, "one"))).await);
    server.crash();
    let read = store.read(vec![key.clone()]).await;
    assert!(matches!(read, Err(StoreError::Away(_))), "{read:?}");
    let written = store.commit(batch(|x| x.put(key.clone(), Expect::Any, "two"))).await;
    assert!(matches!(written, Err(StoreError::Away(_))), "{written:?}");
    server.up();
    let rows = store.read(vec![key.clone()]).await.expect("back");
    assert_eq!(
        rows[0].as_ref().map(|row| row.octets()),
        Some("one".into()),
        "what was refused was not written"
    );
    position(store.commit(batch(|x| x.put(key.clone(), Expect::Any, "two"))).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_lost_what_was_acknowledged_is_written_to_no_more() {
    let server = Server::start("fsync = off");
    let store = node(&server, "one").await;
    let one = |n: u8| batch(|x| x.put(keys::meta(&n.to_string()), Expect::Absent, "one"));
    position(store.commit(one(1)).await);
    let (client, connection) =
        tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.expect("open");
    let driven = tokio::spawn(connection);
    let head = client.query("SELECT v FROM kv WHERE k = $1", &[&keys::head()]).await.expect("read");
    let head: Vec<u8> = head[0].get(0);
    position(store.commit(one(2)).await);
    // As a standby would have it that was promoted before it had the second.
    client.execute("UPDATE kv SET v = $2 WHERE k = $1", &[&keys::head(), &head]).await.expect("written");
    let refused = store.commit(one(3)).await;
    assert!(
        matches!(&refused, Err(StoreError::Stopped(why)) if why.contains("position 1 and 2 was acknowledged")),
        "{refused:?}"
    );
    assert!(store.refuses().is_some(), "and it says so");
    drop(client);
    let _ = driven.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_a_later_release_is_refused_and_this_ones_is_brought_forward_once() {
    let server = Server::start("fsync = off");
    let (one, two) = (node(&server, "one"), node(&server, "two"));
    drop(tokio::join!(one, two));
    let (client, connection) =
        tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.expect("open");
    let driven = tokio::spawn(connection);
    client.execute("INSERT INTO schema (number) VALUES (9999)", &[]).await.expect("written");
    let refused = Postgres::open(&settings(&server), None, "three".to_owned()).await;
    assert!(refused.expect_err("newer").contains("use the newer release"));
    drop(client);
    let _ = driven.await;
}
