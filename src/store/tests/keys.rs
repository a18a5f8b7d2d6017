//! Keys sort as they are read, and say what they name.

use crate::store::Key;
use crate::store::keys::*;
use crate::types::{CodeKind, Entropy, Msisdn, PartyId, PayoutId, SpokenCode, Timestamp, TransferId};
use proptest::prelude::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn party_id(seed: u64) -> PartyId {
    PartyId::new(at(1_800_000_000_000), &mut Entropy::from_seed(seed))
}

#[test]
fn every_table_has_a_letter_of_its_own_and_they_are_listed_in_key_order() {
    assert!(TABLES.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn each_kind_of_row_lies_in_its_table() {
    let code = SpokenCode::nth(CodeKind::Order, 7);
    let number = Msisdn::from_e164("254712345678").expect("valid");
    for (key, table) in [
        (party(party_id(1)), AGGREGATES),
        (listing(SpokenCode::nth(CodeKind::Listing, 7)), AGGREGATES),
        (order(code), AGGREGATES),
        (payout(PayoutId::derived("x")), AGGREGATES),
        (balance("house"), BALANCES),
        (dialog(number), DIALOGS),
        (inbox(at(0), b"x"), INBOX),
        (journal(1, 0), JOURNAL),
        (head(), META),
        (by_phone(number), INDEXES),
        (outbox(0, at(0), b"x"), OUTBOX),
        (parked(b"x"), PARKED),
        (statement("house", 1, 0), STATEMENTS),
        (timer(at(0), b"x"), TIMERS),
        (transfer(TransferId::derived("x")), TRANSFERS),
    ] {
        assert_eq!(key[0], table);
    }
}

#[test]
fn kinds_of_aggregates_are_scanned_apart() {
    let listing = listing(SpokenCode::nth(CodeKind::Listing, 7));
    let order = order(SpokenCode::nth(CodeKind::Order, 7));
    assert!(listing.starts_with(&aggregates(b'l')) && !order.starts_with(&aggregates(b'l')));
    assert!(order.starts_with(&aggregates(b'o')));
}

#[test]
fn a_phone_and_an_account_are_read_back_from_their_keys() {
    let number = Msisdn::from_e164("254712345678").expect("valid");
    assert_eq!(parse_dialog(&dialog(number)), Some(number));
    assert_eq!(parse_balance(&balance("artisan:17")), Some("artisan:17"));
    assert_eq!(parse_statement(&statement("a\0b", 7, 3)), Some(("a\0b", 7, 3)));
    assert_eq!(parse_dialog(&balance("x")), None);
    assert_eq!(parse_statement(b"Sshort"), None);
}

#[test]
fn an_index_names_what_it_points_at() {
    let party = party_id(3);
    let code = SpokenCode::nth(CodeKind::Listing, 7);
    let key = listing_of(party, at(5), code);
    assert_eq!(index_id(&key), Some(code.number().to_be_bytes().to_vec()));
    assert!(key.starts_with(&index_prefix("listing_of", &[party.as_bytes()])));
    assert!(!key.starts_with(&index_prefix("listing", &[])), "one name may begin another");
    assert_eq!(parse_index(b"Nbroken"), None);
    assert_eq!(parse_index(&balance("x")), None);
}

#[test]
fn marks_grow_old_by_buckets() {
    let span = i64::try_from(INBOX_BUCKET.as_millis()).expect("days");
    let (first, next) = (inbox(at(9 * span), b"m"), inbox(at(10 * span), b"m"));
    assert!(first < next);
    assert_eq!(inbox(at(10 * span - 1), b"m"), first);
    assert_eq!(inbox_earlier(&next), Some(first.clone()));
    assert_eq!(inbox_earlier(&inbox(at(0), b"m")), None);
    assert_eq!(inbox_earlier(&balance("m")), None);
    assert!(inbox_kept(at(10 * span)) <= first && inbox_kept(at(11 * span)) > first);
}

fn key() -> impl Strategy<Value = Key> {
    // Few letters, the awkward ones among them, so that prefixes and neighbours are met often.
    prop::collection::vec(prop::sample::select(vec![0, 1, b'a', 0xFE, 0xFF]), 0..5)
}

proptest! {
    #[test]
    fn moments_sort_as_they_follow_each_other(a in any::<i64>(), b in any::<i64>()) {
        prop_assert_eq!(moment(at(a)).cmp(&moment(at(b))), a.cmp(&b));
        prop_assert_eq!(parse_moment(&moment(at(a))), Some(at(a)));
    }

    #[test]
    fn the_outbox_sorts_by_shard_then_due_time(
        a in (any::<u8>(), any::<i64>(), key()), b in (any::<u8>(), any::<i64>(), key()),
    ) {
        let of = |(shard, due, id): &(u8, i64, Key)| outbox(*shard, at(*due), id);
        prop_assert_eq!(of(&a).cmp(&of(&b)), a.cmp(&b));
        let key = of(&a);
        prop_assert_eq!(parse_outbox(&key), Some((a.0, at(a.1), a.2.as_slice())));
    }

    #[test]
    fn timers_sort_by_moment(a in (any::<i64>(), key()), b in (any::<i64>(), key())) {
        prop_assert_eq!(timer(at(a.0), &a.1).cmp(&timer(at(b.0), &b.1)), a.cmp(&b));
        let key = timer(at(a.0), &a.1);
        prop_assert_eq!(parse_timer(&key), Some((at(a.0), a.1.as_slice())));
    }

    #[test]
    fn the_journal_and_statements_sort_by_commit_and_place(
        a in any::<(u64, u32)>(), b in any::<(u64, u32)>(),
    ) {
        prop_assert_eq!(journal(a.0, a.1).cmp(&journal(b.0, b.1)), a.cmp(&b));
        prop_assert_eq!(parse_journal(&journal(a.0, a.1)), Some(a));
        let line = |x: (u64, u32)| statement("house", x.0, x.1);
        prop_assert_eq!(line(a).cmp(&line(b)), a.cmp(&b));
        prop_assert!(line(a).starts_with(&statements("house")));
    }

    #[test]
    fn index_parts_sort_as_they_do_alone_and_are_read_back(
        a in prop::collection::vec(key(), 1..4), b in prop::collection::vec(key(), 1..4),
    ) {
        let of = |parts: &[Key]| {
            let (id, parts) = parts.split_last().expect("one at least");
            index("x", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>(), id)
        };
        prop_assert_eq!(of(&a).cmp(&of(&b)), a.cmp(&b));
        let parsed = parse_index(&of(&a)).expect("an index");
        prop_assert_eq!(&parsed[1..], a.as_slice());
    }

    #[test]
    fn a_range_holds_exactly_the_keys_of_its_prefix_beyond_its_start(
        keys in prop::collection::btree_set(key(), 0..40), prefix in key(),
        from in prop::option::of(key()), back in any::<bool>(),
    ) {
        let wanted: Vec<&Key> = keys
            .iter()
            .filter(|key| key.starts_with(&prefix))
            .filter(|key| match &from {
                None => true,
                Some(from) if back => *key < from,
                Some(from) => *key > from,
            })
            .collect();
        let found: Vec<&Key> = match range(&prefix, from.as_deref(), back) {
            None => Vec::new(),
            Some(range) => keys.range::<[u8], _>(range.as_ref()).collect(),
        };
        prop_assert_eq!(found, wanted);
    }
}
