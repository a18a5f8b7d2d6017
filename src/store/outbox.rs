//! What is to be sent: rows that fall due, are claimed for a while, and end done, later or parked.
//!
//! A claim moves the row to the end of its lease. So a worker that dies needs no clean-up: the
//! row simply falls due again. Every step is an operation of a batch, so that what came of a
//! sending is written together with what follows from it. The shard keeps kinds of senders apart.

use super::batch::{Batch, Committed, Expect, Row};
use super::judge::MAX_GROUP;
use super::{Key, Store, StoreError, batch, codec, keys};
use crate::types::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What kind of thing: names the sender and how the payload is spelled.
    pub kind: String,
    /// How often it was claimed.
    pub attempt: u32,
    /// After this it is of no use any more.
    pub give_up: Timestamp,
    /// Since when whoever it is for may have it; `None` while that is proven not to be so, or while its
    /// sender does not ask ([`Claimed::leaves`]).
    pub left: Option<Timestamp>,
    /// What the sender needs; the outbox does not look into it.
    pub payload: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Label {
    kind: String,
    attempt: u32,
    give_up: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parked: Option<Note>,
    /// A worker has it until it falls due; one that is only put off has nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    claimed: bool,
}

/// Why an item was parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Which workers would send it.
    pub shard: u8,
    /// When it was given up.
    pub at: Timestamp,
    /// In words, for the operator.
    pub why: String,
}

/// An item that this worker alone may send until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The item's id, the same for every attempt.
    pub id: Vec<u8>,
    /// The item; `attempt` counts this one.
    pub item: Item,
    /// When others may claim it again.
    pub until: Timestamp,
    shard: u8,
    version: u64,
}

/// An item that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The item's id.
    pub id: Vec<u8>,
    /// The item.
    pub item: Item,
    /// Why it is here.
    pub note: Note,
    version: u64,
}

/// The label, its length before it, and the payload as it is.
fn encode(item: &Item, parked: Option<&Note>) -> Bytes {
    spelled(item, parked, false)
}

fn spelled(item: &Item, parked: Option<&Note>, claimed: bool) -> Bytes {
    let label = codec::encode(&Label {
        kind: item.kind.clone(),
        attempt: item.attempt,
        give_up: item.give_up,
        left: item.left,
        parked: parked.cloned(),
        claimed,
    });
    let mut out = Vec::with_capacity(4 + label.len() + item.payload.len());
    out.extend_from_slice(&u32::try_from(label.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&label);
    out.extend_from_slice(&item.payload);
    out.into()
}

fn decode(key: &Key, row: &Bytes) -> Result<(Item, Option<Note>), StoreError> {
    let unreadable = |why: String| StoreError::Unreadable { key: batch::show_key(key), why };
    let cut = row.split_first_chunk().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        (length <= rest.len()).then_some(4 + length)
    });
    let Some(end) = cut else { return Err(unreadable("it is too short".to_owned())) };
    let label: Label = codec::decode(&row[4..end]).map_err(|why| unreadable(why.to_string()))?;
    let Label { kind, attempt, give_up, left, parked, .. } = label;
    Ok((Item { kind, attempt, give_up, left, payload: row.slice(end..) }, parked))
}

/// Puts an item into the outbox, to be sent by the workers of `shard` from `due` on.
pub fn push(batch: &mut Batch, shard: u8, due: Timestamp, id: &[u8], item: &Item) {
    batch.put(keys::outbox(shard, due, id), Expect::Absent, encode(item, None));
}

/// A row with another payload; `None` where it has none, or where it stays as it is.
pub fn reworded(row: &[u8], change: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Option<Bytes> {
    let (length, rest) = row.split_first_chunk::<4>()?;
    let (label, payload) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some([&length[..], label, &change(payload)?].concat().into())
}

/// What the sender of a row needs.
pub fn payload(row: &[u8]) -> Option<&[u8]> {
    let (length, rest) = row.split_first_chunk::<4>()?;
    rest.get(u32::from_be_bytes(*length) as usize..)
}

/// Whether a worker has the item of this row in hand: it is sent, or was, and whoever writes the row
/// anew takes from the worker what it says of that.
pub fn is_in_hand(key: &[u8], row: &[u8], now: Timestamp) -> bool {
    let label = || {
        let (length, rest) = row.split_first_chunk::<4>()?;
        let (label, _) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        codec::decode::<Label>(label).ok()
    };
    keys::parse_outbox(key).is_some_and(|(_, due, _)| due > now) && label().is_some_and(|label| label.claimed)
}

/// Claims at most `n` due items until `until`, oldest first. Others who claim at the same time
/// get other items, or none this time.
pub async fn claim(
    store: &dyn Store, shard: u8, now: Timestamp, n: usize, until: Timestamp,
) -> Result<Vec<Claimed>, StoreError> {
    const TRIES: usize = 8;
    for _ in 0..TRIES {
        let rows = store.scan(keys::outbox_shard(shard), None, n, false).await?;
        let mut wish = Batch::default();
        let (mut claimed, mut names) = (Vec::new(), BTreeSet::new());
        let mut octets = 0;
        for (key, row) in rows {
            let Some((_, due, id)) = keys::parse_outbox(&key) else {
                let why = "this is no key of the outbox".to_owned();
                return Err(StoreError::Unreadable { key: batch::show_key(&key), why });
            };
            octets += row.octets().len() + 128;
            if due > now || octets > MAX_GROUP / 2 {
                break;
            }
            // Both would lie in one place until the lease ends: this one is next.
            if !names.insert(id.to_vec()) {
                continue;
            }
            let (mut item, _) = decode(&key, &row.octets())?;
            item.attempt += 1;
            let id = id.to_vec();
            wish.put(keys::outbox(shard, until, &id), Expect::Absent, spelled(&item, None, true));
            wish.delete(key, Expect::At(row.version));
            claimed.push(Claimed { id, item, until, shard, version: 0 });
        }
        if claimed.is_empty() {
            return Ok(claimed);
        }
        match store.commit(wish).await {
            Ok(Committed::At(position)) => {
                claimed.iter_mut().for_each(|item| item.version = position);
                return Ok(claimed);
            }
            // Somebody else was faster with one of them.
            Err(StoreError::Conflict(_)) => {}
            Ok(Committed::Repeat(_)) => return Ok(Vec::new()),
            Err(why) => return Err(why),
        }
    }
    Ok(Vec::new())
}

/// Makes everything of `shard` that was claimed before due at once: for the start of a program that
/// alone holds the store, when whoever had claimed it is gone. What was put off comes a little
/// early, which every sender bears, and before what was never claimed: it was decided before that.
pub async fn release(store: &dyn Store, shard: u8, now: Timestamp) -> Result<usize, StoreError> {
    const PAGE: usize = 256;
    let (mut from, mut released, mut names) = (None, 0, BTreeSet::new());
    let first = next_due(store, shard).await?.map_or(now, |due| due.min(now));
    loop {
        let rows = store.scan(keys::outbox_shard(shard), from, PAGE, false).await?;
        let Some((last, _)) = rows.last() else { return Ok(released) };
        from = Some(last.clone());
        let mut wish = Batch::default();
        let mut octets = 0;
        for (key, row) in &rows {
            let Some((_, due, id)) = keys::parse_outbox(key) else { continue };
            let (item, _) = decode(key, &row.octets())?;
            // Of two with one name the other waits for its own time: there is one place.
            if due <= now || item.attempt == 0 || !names.insert(id.to_vec()) {
                continue;
            }
            octets += row.octets().len() + 128;
            if octets > MAX_GROUP / 2 {
                store.commit(std::mem::take(&mut wish)).await?;
                octets = 0;
            }
            wish.put(keys::outbox(shard, first, id), Expect::Absent, row.octets());
            wish.delete(key.clone(), Expect::At(row.version));
            released += 1;
        }
        if octets > 0 {
            store.commit(wish).await?;
        }
    }
}

/// When the next item of `shard` falls due; `None` when there is none.
pub async fn next_due(store: &dyn Store, shard: u8) -> Result<Option<Timestamp>, StoreError> {
    let rows = store.scan(keys::outbox_shard(shard), None, 1, false).await?;
    Ok(rows.first().and_then(|(key, _)| keys::parse_outbox(key)).map(|(_, due, _)| due))
}

/// The items of `shard` that whoever they are for may have.
pub async fn may_have_left(store: &dyn Store, shard: u8) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    const PAGE: usize = 256;
    let (mut from, mut left) = (None, BTreeSet::new());
    loop {
        let rows = store.scan(keys::outbox_shard(shard), from, PAGE, false).await?;
        let Some((last, _)) = rows.last() else { return Ok(left) };
        from = Some(last.clone());
        for (key, row) in &rows {
            let Some((_, _, id)) = keys::parse_outbox(key) else { continue };
            if decode(key, &row.octets())?.0.left.is_some() {
                left.insert(id.to_vec());
            }
        }
    }
}

/// An item of nobody that waits to fall due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    shard: u8,
    due: Timestamp,
    id: Vec<u8>,
    row: Row,
}

/// The item `id` of `shard` that was put off to `due`; `None` when it was claimed since, or is gone.
pub async fn waiting(
    store: &dyn Store, shard: u8, due: Timestamp, id: &[u8],
) -> Result<Option<Waiting>, StoreError> {
    let row = store.read(vec![keys::outbox(shard, due, id)]).await?.into_iter().next().flatten();
    Ok(row.map(|row| Waiting { shard, due, id: id.to_vec(), row }))
}

impl Waiting {
    /// No longer needed.
    pub fn done(&self, batch: &mut Batch) {
        batch.delete(keys::outbox(self.shard, self.due, &self.id), Expect::At(self.row.version));
    }

    /// Falls due now instead, if that is sooner.
    pub fn hasten(&self, batch: &mut Batch, now: Timestamp) {
        if now < self.due {
            self.done(batch);
            batch.put(keys::outbox(self.shard, now, &self.id), Expect::Absent, self.row.octets());
        }
    }
}

impl Claimed {
    fn key(&self) -> Key {
        keys::outbox(self.shard, self.until, &self.id)
    }

    /// Notes that whoever it is for may have it from now on: before the first octet leaves, so that a
    /// program that dies leaves no doubt behind where there is none. Nothing is written the second time.
    ///
    /// # Errors
    /// It could not be noted, or the lease was lost to another worker: then nothing may leave.
    pub async fn leaves(&mut self, store: &dyn Store, at: Timestamp) -> Result<(), StoreError> {
        if self.item.left.is_some() {
            return Ok(());
        }
        let item = Item { left: Some(at), ..self.item.clone() };
        let mut batch = Batch::default();
        batch.put(self.key(), Expect::At(self.version), spelled(&item, None, true));
        if let Committed::At(position) = store.commit(batch).await? {
            self.version = position;
        }
        self.item = item;
        Ok(())
    }

    /// Sent, or no longer needed. The batch conflicts when the lease was lost to another worker.
    pub fn done(&self, batch: &mut Batch) {
        batch.delete(self.key(), Expect::At(self.version));
    }

    /// To be tried again from `at` on.
    pub fn retry(&self, batch: &mut Batch, at: Timestamp) {
        let (key, value) = (self.key(), encode(&self.item, None));
        if at == self.until {
            batch.put(key, Expect::At(self.version), value);
        } else {
            batch.delete(key, Expect::At(self.version));
            batch.put(keys::outbox(self.shard, at, &self.id), Expect::Absent, value);
        }
    }

    /// To be looked at again from `at` on; nothing was tried, so this claim does not count.
    pub fn untried(&mut self, batch: &mut Batch, at: Timestamp) {
        self.item.attempt = self.item.attempt.saturating_sub(1);
        self.retry(batch, at);
    }

    /// Given up at `at`; waits for a person.
    pub fn park(&self, batch: &mut Batch, at: Timestamp, why: &str) {
        let note = Note { shard: self.shard, at, why: why.to_owned() };
        batch.delete(self.key(), Expect::At(self.version));
        batch.put(keys::parked(&self.id), Expect::Any, encode(&self.item, Some(&note)));
    }
}

/// At most `limit` parked items after the id `from`.
pub async fn parked(store: &dyn Store, from: Option<&[u8]>, limit: usize) -> Result<Vec<Parked>, StoreError> {
    let rows = store.scan(vec![keys::PARKED], from.map(keys::parked), limit, false).await?;
    rows.into_iter().map(|(key, row)| read_parked(&key, &row)).collect()
}

/// The parked item of this id; `None` when there is none.
pub async fn one_parked(store: &dyn Store, id: &[u8]) -> Result<Option<Parked>, StoreError> {
    let key = keys::parked(id);
    let row = store.read(vec![key.clone()]).await?.into_iter().next().flatten();
    row.map(|row| read_parked(&key, &row)).transpose()
}

fn read_parked(key: &Key, row: &Row) -> Result<Parked, StoreError> {
    match decode(key, &row.octets())? {
        (item, Some(note)) => Ok(Parked { id: key[1..].to_vec(), item, note, version: row.version }),
        (_, None) => {
            let why = "it does not say why it was parked".to_owned();
            Err(StoreError::Unreadable { key: batch::show_key(key), why })
        }
    }
}

impl Parked {
    /// Sends it once more: due at `due`, its attempts counted from zero, given up at `give_up`.
    pub fn revive(&self, batch: &mut Batch, due: Timestamp, give_up: Timestamp) {
        batch.delete(keys::parked(&self.id), Expect::At(self.version));
        let item = Item { attempt: 0, give_up, ..self.item.clone() };
        push(batch, self.note.shard, due, &self.id, &item);
    }

    /// Not to be sent any more.
    pub fn discard(&self, batch: &mut Batch) {
        batch.delete(keys::parked(&self.id), Expect::At(self.version));
    }
}

#[cfg(test)]
mod tests {
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
}
