//! Indexes of a store that an older release wrote.

use super::*;
use crate::engine::audit::{Derived, mend_indexes};
use crate::store::batch::{Batch, Expect};
use crate::store::{keys, verify};

#[tokio::test]
async fn entries_that_an_older_release_did_not_write_are_written_once() {
    let (engine, _) = engine().await;
    join(&engine, phone(104), Lang::EN).await;
    let store = &*engine.store;
    let entries = async |name: &str| {
        let found = store.scan(keys::index_prefix(name, &[]), None, 99, false).await.expect("read");
        found.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    let roles = entries("role").await;
    assert!(!roles.is_empty());
    let mut batch = Batch::default();
    roles.iter().for_each(|key| batch.delete(key.clone(), Expect::Any));
    // One that stands for nothing.
    let odd = keys::index("on_sale", &[], b"nothing");
    batch.put(odd.clone(), Expect::Any, Vec::new());
    store.commit(batch).await.expect("committed");

    assert_eq!(mend_indexes(store).await.expect("mended"), roles.len() + 1);
    assert_eq!(entries("role").await, roles);
    assert_eq!(entries("on_sale").await, Vec::<crate::store::Key>::new());
    let report = verify::verify(store, &mut Derived::default(), 9).await.expect("verified");
    assert_eq!(report.differences, []);
    // What this release has written is not looked at again.
    let mut batch = Batch::default();
    batch.put(odd, Expect::Any, Vec::new());
    store.commit(batch).await.expect("committed");
    assert_eq!(mend_indexes(store).await.expect("mended"), 0);
}
