//! Words beside words, over the model of a store.

use super::*;
use crate::store::batch::{Batch, Expect};
use crate::store::memory::Memory;
use crate::types::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Spots in their order: the larger, the newer.
fn spot(at: u32) -> Spot {
    Spot { since: Timestamp::from_millis(1_763_800_000_000 + i64::from(at / 3)), number: at }
}

async fn put(store: &Memory, family: &str, word: &str, spots: impl IntoIterator<Item = u32>) {
    let spots: Vec<Spot> = spots.into_iter().map(spot).collect();
    for some in spots.chunks(512) {
        let mut batch = Batch::default();
        for spot in some {
            let key = rows::entry(family, word.as_bytes(), spot.since, spot.number);
            batch.put(key, Expect::Any, Vec::new());
        }
        store.commit(batch).await.expect("kept");
    }
}

fn walk<'s>(store: &'s Memory, clauses: &[&[(&'static str, &str)]], below: Option<Spot>) -> Walk<'s> {
    let posting = |(family, word): &(&'static str, &str)| Posting::new(family, word.as_bytes().to_vec());
    let clauses = clauses.iter().map(|clause| clause.iter().map(posting).collect()).collect();
    Walk { store, clauses, below, reads: 0 }
}

async fn all(walk: &mut Walk<'_>) -> Vec<u32> {
    let mut met = Vec::new();
    while let Some(spot) = walk.next().await.expect("read") {
        met.push(spot.number);
    }
    met
}

#[tokio::test]
async fn a_rare_word_beside_a_common_one_is_found_without_reading_the_common_one() {
    let store = Memory::new();
    put(&store, "kind", "ring", 10_000..30_000).await;
    put(&store, "stuff", "bone", [10_003, 17_000, 29_999, 40_000]).await;
    let mut walk = walk(&store, &[&[("kind", "ring")], &[("stuff", "bone")]], None);
    assert_eq!(all(&mut walk).await, [29_999, 17_000, 10_003]);
    assert!(walk.reads < 12, "{} reads", walk.reads);
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_one_ended() {
    let store = Memory::new();
    put(&store, "kind", "ring", 10_000..10_200).await;
    let clauses: &[&[(&'static str, &str)]] = &[&[("kind", "ring")]];
    let mut first = walk(&store, clauses, None);
    let mut met = Vec::new();
    for _ in 0..70 {
        met.push(first.next().await.expect("read").expect("a piece").number);
    }
    met.extend(all(&mut walk(&store, clauses, first.below)).await);
    assert_eq!(met, (10_000..10_200).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn words_that_never_meet_tire_the_walk_and_say_where_it_stopped() {
    let store = Memory::new();
    put(&store, "kind", "ring", (10_000..60_000).step_by(2)).await;
    put(&store, "stuff", "bone", (10_001..60_000).step_by(2)).await;
    let clauses: &[&[(&'static str, &str)]] = &[&[("kind", "ring")], &[("stuff", "bone")]];
    let (mut below, mut rounds) = (None, 0);
    loop {
        let mut walk = walk(&store, clauses, below);
        assert_eq!(walk.next().await.expect("read"), None);
        assert!(walk.reads <= MOST_READS + 2, "{} reads", walk.reads);
        rounds += 1;
        match walk.is_tired() {
            true => below = walk.below,
            false => break,
        }
    }
    assert!(rounds > 1, "{rounds} rounds");
}

#[tokio::test]
async fn a_name_that_nobody_has_finds_those_that_are_almost_it() {
    let store = Memory::new();
    put(&store, "name", "achieng", [10_001, 10_002]).await;
    put(&store, "name", "akinyi", [10_003]).await;
    let named = async |name: &str| {
        let found = postings(&store, &Term::Name(name.to_owned())).await.expect("read");
        let words = found.into_iter().map(|posting| String::from_utf8(posting.word).expect("text"));
        words.collect::<Vec<_>>()
    };
    assert_eq!(named("achieng").await, ["achieng"]);
    assert_eq!(named("acheing").await, ["achieng"]);
    assert!(named("atieno").await.is_empty());
    assert_eq!(known(&store, "name").await.expect("read"), ["achieng", "akinyi"]);
}

#[test]
fn the_page_of_a_maker_is_hers_alone_and_says_nothing_of_her() {
    let (a, b) = (PartyId::derived("Achieng"), PartyId::derived("Akinyi"));
    assert_eq!(page_of(a), page_of(a));
    assert_ne!(page_of(a), page_of(b));
    assert_eq!(page_of(a).len(), PAGE_LETTERS);
    assert!(!page_of(a).contains(&a.to_string()[..6]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_met_is_what_every_clause_has(
        a in proptest::collection::btree_set(10_000u32..10_400, 0..200),
        b in proptest::collection::btree_set(10_000u32..10_400, 0..200),
        c in proptest::collection::btree_set(10_000u32..10_400, 0..40),
        from in proptest::option::of(10_000u32..10_400),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let met = runtime.block_on(async {
            let store = Memory::new();
            put(&store, "kind", "a", a.clone()).await;
            put(&store, "stuff", "b", b.clone()).await;
            put(&store, "name", "c", c.clone()).await;
            let clauses: &[&[(&'static str, &str)]] = &[&[("kind", "a")], &[("stuff", "b"), ("name", "c")]];
            all(&mut walk(&store, clauses, from.map(spot))).await
        });
        let either: BTreeSet<u32> = b.union(&c).copied().collect();
        let below = |at: &u32| from.is_none_or(|from| *at < from);
        let wanted: BTreeSet<u32> = a.intersection(&either).copied().filter(below).collect();
        let wanted: Vec<u32> = wanted.into_iter().rev().collect();
        prop_assert_eq!(met, wanted);
    }
}
