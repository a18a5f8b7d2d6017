//! What every engine does, and what only the one with a disk does.

mod conformance;
mod disk;
mod fixtures;
mod keys;
mod model;
mod postgres;
mod redact;
/// The same server that the stories from outside use.
#[path = "../../../tests/it/support/postgres.rs"]
mod server;

use super::batch::{Batch, Committed};
use super::{Key, Store, StoreError};

/// A batch built in place.
fn batch(build: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::default();
    build(&mut batch);
    batch
}

/// The position a commit got, for commits that must succeed.
fn position(committed: Result<Committed, StoreError>) -> u64 {
    match committed.expect("committed") {
        Committed::At(position) => position,
        Committed::Repeat(_) => panic!("nothing was committed before"),
    }
}

/// Every row of a store, tables in order, without the journal's hashes.
async fn everything(store: &dyn Store) -> Vec<(Key, super::batch::Row)> {
    let mut all = Vec::new();
    loop {
        let from = all.last().map(|(key, _): &(Key, _)| key.clone());
        let page = store.scan(Vec::new(), from, 7, false).await.expect("scanned");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
