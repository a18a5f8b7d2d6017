//! Commits of the size of a turn: a dialog, an event, a balance, an inbox mark.

use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::future::join_all;
use sokoni::store::batch::{Batch, Expect, InboxMark};
use sokoni::store::memory::Memory;
use sokoni::store::sled::{DEFAULT_CACHE, Sled};
use sokoni::store::{Store, keys};
use sokoni::types::{Msisdn, Timestamp};
use std::cell::Cell;
use std::fs::File;
use std::io::Write;

/// The `n`-th turn of some ten thousand subscribers.
fn turn(n: u64) -> Batch {
    let phone = Msisdn::from_e164(&(254_700_000_000 + n * 7919 % 10_000).to_string()).expect("a number");
    let mark = keys::inbox(Timestamp::from_millis(1_800_000_000_000), &n.to_be_bytes());
    let mut batch = Batch {
        inbox: Some(InboxMark { key: mark, answer: vec![b'a'; 100].into() }),
        journal: vec![vec![b'j'; 300].into()],
        ..Batch::default()
    };
    batch.put(keys::dialog(phone), Expect::Any, vec![b'd'; 400]);
    batch.add(keys::balance(&format!("artisan:{}", n % 1000)), 1, None);
    batch
}

fn bench(bencher: Bencher, store: &dyn Store, waiting: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let next = Cell::new(0);
    bencher.counter(ItemsCount::new(waiting)).bench_local(|| {
        let first = next.replace(next.get() + waiting);
        let commits = (first..first + waiting).map(|n| store.commit(turn(n)));
        runtime.block_on(join_all(commits)).into_iter().for_each(|done| {
            done.expect("committed");
        });
    });
}

#[divan::bench(args = [1, 256], max_time = 2)]
fn memory(bencher: Bencher, waiting: u64) {
    bench(bencher, &Memory::new(), waiting);
}

#[divan::bench(args = [1, 256], max_time = 4)]
fn sled(bencher: Bencher, waiting: u64) {
    let dir = tempfile::tempdir().expect("a folder");
    bench(bencher, &Sled::open(dir.path(), DEFAULT_CACHE).expect("opened"), waiting);
}

/// The ceiling: the same disk, appending the octets of as many turns and syncing them.
#[divan::bench(args = [1, 256], max_time = 4)]
fn append_and_sync(bencher: Bencher, waiting: u64) {
    let mut file: File = tempfile::tempfile().expect("a file");
    let turns = vec![b'x'; waiting as usize * 1000];
    bencher.counter(ItemsCount::new(waiting)).bench_local(|| {
        file.write_all(&turns).and_then(|()| file.sync_data()).expect("written");
    });
}
