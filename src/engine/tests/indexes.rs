//! Indexes of a store that an older release wrote.

use super::*;
use crate::engine::audit::Derived;
use crate::engine::mend::mend_indexes;
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

#[tokio::test]
async fn only_indexes_that_are_laid_out_otherwise_now_are_written_anew() {
    let (engine, _) = engine().await;
    join(&engine, phone(104), Lang::EN).await;
    let store = &*engine.store;
    // As a release says it that knew of no layouts.
    let names: Vec<&str> = crate::engine::audit::DERIVED.to_vec();
    let mut batch = Batch::default();
    batch.put(keys::index("derived", &[], b""), Expect::Any, crate::store::codec::encode(&names));
    let old = keys::index("shop", &[b"kind", b"necklace"], b"of an older layout");
    let kept = keys::index("on_sale", &[], b"nothing");
    batch.put(old.clone(), Expect::Any, Vec::new());
    batch.put(kept.clone(), Expect::Any, Vec::new());
    store.commit(batch).await.expect("committed");
    assert_eq!(mend_indexes(store).await.expect("mended"), 1);
    let rows = store.read(vec![old, kept.clone()]).await.expect("read");
    assert!(rows[0].is_none() && rows[1].is_some(), "the other index was not looked at");
    assert_eq!(mend_indexes(store).await.expect("mended"), 0);
}

#[tokio::test]
async fn a_thing_that_cannot_be_read_leaves_the_mending_for_the_next_start() {
    let (engine, _) = engine().await;
    let store = &*engine.store;
    let broken = keys::aggregate(b'l', b"odd");
    let mut batch = Batch::default();
    batch.put(broken.clone(), Expect::Any, b"{}".to_vec());
    store.commit(batch).await.expect("committed");
    let why = mend_indexes(store).await.expect_err("this names no listing").to_string();
    assert!(why.contains("names nothing"), "{why}");
    let mut batch = Batch::default();
    batch.delete(broken, Expect::Any);
    store.commit(batch).await.expect("committed");
    mend_indexes(store).await.expect("mended");
    assert_eq!(mend_indexes(store).await.expect("mended"), 0);
}

#[tokio::test]
async fn a_shop_whose_indexes_are_not_whole_says_so_and_shows_nothing_as_if_it_were_all() {
    use crate::engine::shopfront::{Browse, ShopError, ShopFront};
    let (engine, _) = engine().await;
    let wish = || Browse { limit: 48, ..Browse::default() };
    assert!(engine.amiss().is_none() && engine.browse(wish()).await.is_ok());
    engine.indexes_amiss();
    assert!(engine.amiss().is_some_and(|why| why.contains("could not be mended")));
    assert!(matches!(engine.browse(wish()).await, Err(ShopError::Fault)));
    assert!(engine.aisles().await.is_err());
}
