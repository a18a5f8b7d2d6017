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
    Walk { store, clauses, below, reads: Reads(MOST_READS), ended: false }
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
    let reads = MOST_READS - walk.reads.0;
    assert!(reads < 12, "{reads} reads");
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
        rounds += 1;
        assert!(below.is_none_or(|before| walk.below.is_some_and(|now| now < before)), "no way was made");
        match walk.ended {
            false => below = walk.below,
            true => break,
        }
    }
    assert!(rounds > 1, "{rounds} rounds");
}

#[tokio::test]
async fn a_name_that_nobody_has_finds_those_that_are_almost_it_and_one_that_somebody_has_her_alone() {
    let store = Memory::new();
    put(&store, "name", "achieng", [10_001, 10_002]).await;
    put(&store, "name", "achien", [10_004]).await;
    put(&store, "name", "akinyi", [10_003]).await;
    put(&store, "place", "kibera", [10_001]).await;
    put(&store, "name", "kiberu", [10_005]).await;
    let found = async |word: &str| {
        let term = |term: fn(String) -> Term| term(word.to_owned());
        let exact = vec![term(Term::Place), term(Term::Name)];
        let either = Term::Else(exact, vec![term(Term::Like)]);
        let found = postings(&store, &[either], &mut Reads(MOST_READS)).await.expect("read");
        // Without those that were looked at and have no entries.
        let some = found.into_iter().filter(|posting| !posting.ahead.is_empty() || !posting.ended);
        let words = some.map(|posting| (posting.family, String::from_utf8(posting.word).expect("text")));
        words.collect::<Vec<_>>()
    };
    let name = |word: &str| ("name", word.to_owned());
    assert_eq!(found("achieng").await, [name("achieng")], "and not whoever is called Achien");
    assert_eq!(found("acheing").await, [name("achieng")]);
    assert_eq!(found("kibera").await, [("place", "kibera".to_owned())], "a place is no slip of a name");
    assert!(found("atieno").await.is_empty());
    assert_eq!(known(&store, "place").await.expect("read"), ["kibera"]);
}

/// Entries of prices, as a listing of that price has them.
async fn priced(store: &Memory, all: impl IntoIterator<Item = (u32, Kes)>) {
    let mut batch = Batch::default();
    for (number, price) in all {
        let Some(word) = rows::drawers(&(price..=price)).next() else { continue };
        let spot = spot(number);
        let key = rows::entry("price", &word, spot.since, spot.number);
        batch.put(key, Expect::Any, price.cents().to_be_bytes().to_vec());
    }
    store.commit(batch).await.expect("kept");
}

fn of_price(store: &Memory, prices: RangeInclusive<Kes>, below: Option<Spot>) -> Walk<'_> {
    let drawer = |word| Posting { prices: Some(prices.clone()), ..Posting::new("price", word) };
    let clauses = vec![rows::drawers(&prices).map(drawer).collect()];
    Walk { store, clauses, below, reads: Reads(MOST_READS), ended: false }
}

#[tokio::test]
async fn few_of_a_price_are_found_among_many_of_others_without_reading_those() {
    let store = Memory::new();
    for from in (10_000..60_000).step_by(500) {
        priced(&store, (from..from + 500).map(|number| (number, Kes::major(900)))).await;
    }
    let dear = [10_003, 31_000, 59_999].map(|number| (number, Kes::major(18_000)));
    priced(&store, dear).await;
    let mut walk = of_price(&store, Kes::major(15_000)..=Kes::major(20_000), None);
    assert_eq!(all(&mut walk).await, [59_999, 31_000, 10_003]);
    assert!(walk.ended && MOST_READS - walk.reads.0 < 12, "{} reads left", walk.reads.0);
}

#[tokio::test]
async fn a_price_between_many_of_its_drawer_is_looked_for_bit_by_bit() {
    let store = Memory::new();
    for from in (10_000..60_000).step_by(500) {
        priced(&store, (from..from + 500).map(|number| (number, Kes::major(900)))).await;
    }
    // In the drawer of all of them, the oldest.
    priced(&store, [(9_999, Kes::major(901))]).await;
    let (mut below, mut met, mut rounds) = (None, Vec::new(), 0);
    loop {
        let mut walk = of_price(&store, Kes::major(901)..=Kes::major(901), below);
        met.extend(all(&mut walk).await);
        rounds += 1;
        if walk.ended {
            break;
        }
        assert!(below.is_none_or(|before| walk.below.is_some_and(|now| now < before)), "no way was made");
        below = walk.below;
    }
    assert_eq!((met, rounds), (vec![9_999], 3));
}

#[test]
fn the_prices_of_makers_are_those_that_the_shop_shows_between_two() {
    let policy = Policy::default();
    let shop = |price: Kes| price::quote(&policy, price, 1, Usd::ZERO).expect("a price").shop_each;
    let between = makers_prices(&policy, Some(Usd::minor(1_082)), Some(Usd::minor(1_500))).expect("some");
    assert!(shop(*between.start()) >= Usd::minor(1_082) && shop(*between.end()) <= Usd::minor(1_500));
    let (less, more) = (between.start().cents() - 1, between.end().cents() + 1);
    assert!(shop(Kes::minor(less)) < Usd::minor(1_082) && shop(Kes::minor(more)) > Usd::minor(1_500));
    assert_eq!(makers_prices(&policy, Some(Usd::minor(1_083)), Some(Usd::minor(1_083))), None);
    assert!(makers_prices(&policy, None, Some(Usd::minor(1_500))).expect("some").contains(&Kes::major(50)));
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
