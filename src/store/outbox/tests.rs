//! Rows that are claimed, put off, given up.

use super::*;
use crate::store::memory::Memory;

const SMS: u8 = 1;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn item(payload: &'static str) -> Item {
    Item { kind: "sms".to_owned(), attempt: 0, give_up: at(9_000), left: None, payload: payload.into() }
}

async fn commit(store: &Memory, build: impl FnOnce(&mut Batch)) -> Result<Committed, StoreError> {
    let mut batch = Batch::default();
    build(&mut batch);
    store.commit(batch).await
}

#[tokio::test]
async fn a_claim_in_which_nothing_was_tried_does_not_count() {
    let store = three().await;
    for _ in 0..3 {
        let mut item = claim(&store, SMS, at(10), 1, at(900)).await.expect("claimed").remove(0);
        assert_eq!(item.item.attempt, 1);
        commit(&store, |batch| item.untried(batch, at(10))).await.expect("committed");
    }
}

#[tokio::test]
async fn that_an_item_may_have_left_outlives_whoever_sent_it() {
    let store = three().await;
    let mut item = claim(&store, SMS, at(10), 1, at(100)).await.expect("claimed").remove(0);
    assert_eq!(item.item.left, None);
    for now in [11, 12] {
        item.leaves(&store, at(now)).await.expect("noted");
    }
    assert_eq!(may_have_left(&store, SMS).await.expect("read"), BTreeSet::from([b"a".to_vec()]));
    let mut again = claim(&store, SMS, at(100), 1, at(200)).await.expect("claimed");
    assert_eq!(again[0].id, b"b");
    again = claim(&store, SMS, at(101), 1, at(200)).await.expect("claimed");
    assert_eq!((again[0].item.left, again[0].item.attempt), (Some(at(11)), 2));
    let lost = item.clone();
    assert!(commit(&store, |batch| lost.done(batch)).await.is_err(), "it is another's");
    item.item.left = None;
    assert!(matches!(item.leaves(&store, at(102)).await, Err(StoreError::Conflict(_))));
    // What is proven not to have left did not.
    again[0].item.left = None;
    commit(&store, |batch| again[0].retry(batch, at(300))).await.expect("committed");
    assert!(may_have_left(&store, SMS).await.expect("read").is_empty());
}

/// Two items due at 10 and 20, one of another shard.
async fn three() -> Memory {
    let store = Memory::new();
    commit(&store, |b| {
        push(b, SMS, at(20), b"b", &item("second"));
        push(b, SMS, at(10), b"a", &item("first"));
        push(b, SMS + 1, at(5), b"c", &item("elsewhere"));
    })
    .await
    .expect("committed");
    store
}

async fn ids(store: &Memory, now: i64, n: usize, until: i64) -> Vec<Vec<u8>> {
    let claimed = claim(store, SMS, at(now), n, at(until)).await.expect("claimed");
    claimed.into_iter().map(|claimed| claimed.id).collect()
}

#[tokio::test]
async fn only_what_is_due_is_claimed_and_oldest_first() {
    let store = three().await;
    assert_eq!(next_due(&store, SMS).await.expect("read"), Some(at(10)));
    assert!(ids(&store, 9, 9, 100).await.is_empty());
    assert_eq!(ids(&store, 20, 9, 100).await, [b"a", b"b"]);
    assert_eq!(next_due(&store, SMS).await.expect("read"), Some(at(100)));
}

#[tokio::test]
async fn two_items_of_one_name_are_claimed_one_after_the_other() {
    let store = three().await;
    commit(&store, |b| push(b, SMS, at(12), b"a", &item("again"))).await.expect("committed");
    assert_eq!(ids(&store, 20, 9, 100).await, [b"a", b"b"]);
    assert_eq!(ids(&store, 20, 9, 101).await, [b"a"]);
    assert_eq!(ids(&store, 20, 9, 102).await, [b""; 0]);
    // Of all that a dead worker had, only one has room at once.
    assert_eq!(release(&store, SMS, at(30)).await.expect("released"), 2);
    assert_eq!(ids(&store, 30, 9, 500).await, [b"a", b"b"]);
    assert_eq!(ids(&store, 101, 9, 501).await, [b"a"]);
}

#[tokio::test]
async fn an_item_has_one_owner_until_its_lease_ends() {
    let store = three().await;
    assert_eq!(ids(&store, 15, 1, 100).await, [b"a"]);
    assert!(ids(&store, 15, 9, 100).await.is_empty());
    let again = claim(&store, SMS, at(100), 1, at(200)).await.expect("claimed");
    assert_eq!(again[0].id, b"b", "due before the first one's lease ended");
    let again = claim(&store, SMS, at(100), 1, at(200)).await.expect("claimed");
    assert_eq!((again[0].id.as_slice(), again[0].item.attempt), (b"a".as_slice(), 2));
}

#[tokio::test]
async fn a_new_start_sends_at_once_what_a_dead_worker_had_claimed() {
    let store = three().await;
    commit(&store, |b| push(b, SMS, at(900), b"later", &item("not yet due"))).await.expect("committed");
    assert_eq!(ids(&store, 20, 9, 500).await, [b"a", b"b"]);
    assert_eq!(release(&store, SMS, at(30)).await.expect("released"), 2);
    assert_eq!(ids(&store, 30, 9, 500).await, [b"a", b"b"]);
    assert_eq!(release(&store, SMS + 1, at(30)).await.expect("released"), 0);
}

#[tokio::test]
async fn an_item_is_in_hand_from_its_claim_until_it_is_put_off_or_its_lease_ends() {
    let store = three().await;
    let in_hand = async |now: i64| {
        let rows = store.scan(keys::outbox_shard(SMS), None, 9, false).await.expect("read");
        rows.iter().filter(|(key, row)| is_in_hand(key, &row.octets(), at(now))).count()
    };
    assert_eq!(in_hand(15).await, 0);
    let claimed = claim(&store, SMS, at(15), 1, at(100)).await.expect("claimed").remove(0);
    assert_eq!((in_hand(15).await, in_hand(100).await), (1, 0));
    commit(&store, |b| claimed.retry(b, at(90))).await.expect("put off");
    assert_eq!(in_hand(15).await, 0);
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_cannot_report_any_more() {
    let store = three().await;
    let late = claim(&store, SMS, at(10), 1, at(50)).await.expect("claimed").remove(0);
    let owner = claim(&store, SMS, at(50), 9, at(90)).await.expect("claimed");
    assert_eq!(owner.len(), 2);
    let answer = commit(&store, |b| late.done(b)).await;
    assert!(matches!(answer, Err(StoreError::Conflict(_))));
    let owner = owner.into_iter().find(|claimed| claimed.id == b"a").expect("claimed anew");
    commit(&store, |b| owner.done(b)).await.expect("the owner may");
    assert_eq!(ids(&store, 1_000, 9, 2_000).await, [b"b"]);
}

#[tokio::test]
async fn an_item_put_off_comes_back_with_its_attempts_counted() {
    let store = Memory::new();
    commit(&store, |b| push(b, SMS, at(0), b"a", &item("x"))).await.expect("committed");
    // Put off to before, at and after the end of its lease.
    for (attempt, now, later) in [(1, 100, 150), (2, 200, 290), (3, 300, 700)] {
        let claimed = claim(&store, SMS, at(now), 9, at(now + 90)).await.expect("claimed");
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].item.attempt, attempt);
        commit(&store, |b| claimed[0].retry(b, at(later))).await.expect("put off");
        assert_eq!(next_due(&store, SMS).await.expect("read"), Some(at(later)));
    }
    assert!(ids(&store, 699, 9, 900).await.is_empty());
    assert_eq!(ids(&store, 700, 9, 900).await, [b"a"]);
}

#[tokio::test]
async fn a_parked_item_says_why_and_can_be_revived() {
    let store = three().await;
    let claimed = claim(&store, SMS, at(10), 1, at(50)).await.expect("claimed").remove(0);
    commit(&store, |b| claimed.park(b, at(11), "no such number")).await.expect("parked");
    assert_eq!(ids(&store, 19, 9, 90).await, Vec::<Vec<u8>>::new());
    let waiting = parked(&store, None, 9).await.expect("read").remove(0);
    assert_eq!((waiting.note.why.as_str(), waiting.note.at), ("no such number", at(11)));
    assert_eq!(waiting.item.payload, "first");
    commit(&store, |b| waiting.revive(b, at(12), at(99))).await.expect("revived");
    let again = claim(&store, SMS, at(12), 9, at(90)).await.expect("claimed").remove(0);
    assert_eq!((again.item.attempt, again.item.give_up), (1, at(99)));
    assert!(parked(&store, None, 9).await.expect("read").is_empty());
}

#[tokio::test]
async fn many_workers_share_a_hundred_items_without_sharing_one() {
    let store = Memory::new();
    commit(&store, |b| (0..100u8).for_each(|n| push(b, SMS, at(0), &[n], &item("x"))))
        .await
        .expect("committed");
    let workers = (0..10).map(|_| claim(&store, SMS, at(1), 10, at(50)));
    let claimed = futures_util::future::join_all(workers).await;
    let mut ids: Vec<_> = claimed.into_iter().flatten().flatten().map(|c| c.id).collect();
    ids.sort();
    assert_eq!(ids, (0..100u8).map(|n| vec![n]).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_start_is_not_held_up_by_one_that_is_due_under_the_name_of_one_in_hand() {
    let store = Memory::new();
    let push_at = async |due: i64| {
        let mut batch = Batch::default();
        push(&mut batch, SMS, at(due), b"a", &item("b"));
        store.commit(batch).await.expect("pushed");
    };
    push_at(5).await;
    assert_eq!(claim(&store, SMS, at(10), 9, at(100)).await.expect("claimed").len(), 1);
    push_at(5).await;
    assert_eq!(release(&store, SMS, at(20)).await.expect("released"), 0, "one place, and it is taken");
    assert_eq!(claim(&store, SMS, at(20), 9, at(200)).await.expect("claimed").len(), 1);
}
