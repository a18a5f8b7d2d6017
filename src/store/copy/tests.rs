use super::*;
use crate::store::batch::{Batch, Expect};
use crate::store::journal::Record;
use crate::store::keys;
use crate::store::memory::Memory;
use crate::store::sled::{DEFAULT_CACHE, Sled};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

async fn put(store: &dyn Store, n: u32, value: u32) {
    let mut batch = Batch::default();
    batch.put(keys::meta(&format!("row {n:05}")), Expect::Any, value.to_be_bytes().to_vec());
    batch.journal.push([n.to_be_bytes(), value.to_be_bytes()].concat().into());
    store.commit(batch).await.expect("written");
}

async fn backup(store: &dyn Store, tap: Option<Tap>) -> (Vec<u8>, Copied) {
    let mut writing = Writing::begin(Vec::new()).await.expect("begun");
    let copied = copy(store, tap, &mut writing).await.expect("copied");
    (writing.end(copied).await.expect("ended"), copied)
}

/// The store that a backup holds.
async fn restored(octets: &[u8]) -> (tempfile::TempDir, Sled) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("data");
    let mut filling = Sled::fill(&place).expect("nothing is there");
    read(octets, &mut filling).await.expect("whole");
    filling.done().expect("in its place");
    let store = Sled::open(&place, DEFAULT_CACHE).expect("a store");
    (folder, store)
}

#[tokio::test]
async fn what_is_restored_is_what_was_there_octet_for_octet() {
    let store = Memory::new();
    for n in 0..1_500 {
        put(&store, n % 700, n).await;
    }
    let (octets, copied) = backup(&store, None).await;
    assert_eq!(copied.position, 1_500);
    assert_eq!(prove(&*octets).await.expect("whole"), copied);
    let (_folder, again) = restored(&octets).await;
    assert_eq!(digest(&again).await.expect("read"), digest(&store).await.expect("read"));
    assert_eq!(again.position(), 1_500);
    // And it goes on.
    put(&again, 1, 1).await;
    assert_eq!(again.position(), 1_501);
}

/// Takes no page before the store has gone on.
struct Slow {
    writing: Writing<Vec<u8>>,
    store: Arc<Sled>,
}

impl Sink for Slow {
    fn put(&mut self, rows: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // A page, and not a group that is followed.
            if rows.len() > 100 {
                let before = self.store.position();
                while self.store.position() < before + 10 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            }
            self.writing.put(rows).await
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_goes_on_is_copied_as_it_was_at_the_position_that_the_copy_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(Sled::open(folder.path(), DEFAULT_CACHE).expect("a store"));
    for some in (0..3_000).collect::<Vec<u32>>().chunks(500) {
        let mut batch = Batch::default();
        for n in some {
            batch.put(keys::meta(&format!("row {n:05}")), Expect::Any, 0_u32.to_be_bytes().to_vec());
            batch.journal.push([n.to_be_bytes(), 0_u32.to_be_bytes()].concat().into());
        }
        store.commit(batch).await.expect("written");
    }
    let enough = Arc::new(AtomicBool::new(false));
    let writers = (0..4_u32).map(|writer| {
        let (store, enough) = (Arc::clone(&store), Arc::clone(&enough));
        tokio::spawn(async move {
            let mut n = writer * 7_919;
            while !enough.load(Ordering::Relaxed) {
                n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                put(&*store, n % 4_000, n).await;
                if n % 5 == 0 {
                    let mut batch = Batch::default();
                    let gone = (n / 7) % 4_000;
                    batch.delete(keys::meta(&format!("row {gone:05}")), Expect::Any);
                    batch.journal.push(gone.to_be_bytes().to_vec().into());
                    store.commit(batch).await.expect("written");
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let before = store.position();
    let tap = store.tap();
    let writing = Writing::begin(Vec::new()).await.expect("begun");
    let mut sink = Slow { writing, store: Arc::clone(&store) };
    let copied = copy(&*store, Some(tap), &mut sink).await.expect("copied");
    let octets = sink.writing.end(copied).await.expect("ended");
    enough.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("no panic");
    }
    assert!(copied.position > before, "it went on meanwhile");
    let (_folder, again) = restored(&octets).await;
    assert_eq!(again.position(), copied.position);
    // The journal tells of every row that was written or went: the rows are those that it leads to.
    let mut told = BTreeMap::new();
    let mut fold = |record: &Record| {
        let (n, value) = record.record.split_at(4);
        let key = keys::meta(&format!("row {:05}", u32::from_be_bytes(n.try_into().expect("four"))));
        match value.is_empty() {
            true => drop(told.remove(&key)),
            false => drop(told.insert(key, value.to_vec())),
        }
        Ok(())
    };
    let chain = crate::store::verify::walk(&again, &mut fold).await.expect("the chain is whole");
    assert_eq!(chain.position, copied.position);
    let rows = again.scan(keys::meta("row "), None, usize::MAX, false).await.expect("read");
    let rows: BTreeMap<Key, Vec<u8>> =
        rows.into_iter().map(|(key, row)| (key, row.octets().to_vec())).collect();
    assert_eq!(rows, told);
}

#[tokio::test]
async fn a_folder_that_has_a_store_is_not_filled() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Sled::open(folder.path(), DEFAULT_CACHE).expect("a store"));
    assert!(Sled::fill(folder.path()).err().expect("refused").contains("there is a store in it"));
}

#[tokio::test]
async fn a_copy_that_is_cut_or_changed_anywhere_is_refused() {
    let store = Memory::new();
    for n in 0..5 {
        put(&store, n, n).await;
    }
    let (octets, _) = backup(&store, None).await;
    for cut in 0..octets.len() {
        prove(&octets[..cut]).await.expect_err("it has no end");
    }
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 0x10;
        prove(&*changed).await.expect_err("it is another");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_read_as_a_backup_is_refused_or_whole(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        let made = [MAGIC, &octets].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        prop_assert!(runtime.block_on(prove(&*made)).is_err());
    }
}
