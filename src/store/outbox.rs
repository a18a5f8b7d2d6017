//! What is to be sent: rows that fall due, are claimed for a while, and end done, later or parked.
//!
//! A claim moves the row to the end of its lease. So a worker that dies needs no clean-up: the
//! row simply falls due again. Every step is an operation of a batch, so that what came of a
//! sending is written together with what follows from it. The shard keeps kinds of senders apart.

use super::batch::{Act, Batch, Committed, Expect, Op, Row};
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
            // Of two with one name the other waits for its own time: there is one place, which the first has
            // also where it is due by itself.
            let is_first = names.insert(id.to_vec());
            if due <= now || item.attempt == 0 || !is_first {
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

/// The item `id` of `shard` wherever it lies, as nobody may change it meanwhile, and whether a worker has it
/// in hand.
pub async fn lying(
    store: &dyn Store, shard: u8, id: &[u8], now: Timestamp,
) -> Result<Option<(Waiting, bool)>, StoreError> {
    const PAGE: usize = 256;
    let mut from = None;
    loop {
        let page = store.scan(keys::outbox_shard(shard), from, PAGE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(None) };
        from = Some(last.clone());
        for (key, row) in page {
            let Some((_, due, name)) = keys::parse_outbox(&key) else { continue };
            if name == id {
                let is_in_hand = is_in_hand(&key, &row.octets(), now);
                return Ok(Some((Waiting { shard, due, id: id.to_vec(), row }, is_in_hand)));
            }
        }
    }
}

impl Waiting {
    /// Since when whoever it is for may have it.
    ///
    /// # Errors
    /// A row that cannot be read.
    pub fn left(&self) -> Result<Option<Timestamp>, StoreError> {
        let key = keys::outbox(self.shard, self.due, &self.id);
        Ok(decode(&key, &self.row.octets())?.0.left)
    }

    /// Nobody takes it in hand before this is committed.
    pub fn stays(&self, batch: &mut Batch) {
        let key = keys::outbox(self.shard, self.due, &self.id);
        batch.ops.push(Op { key, expect: Expect::At(self.row.version), act: Act::Keep });
    }

    /// No longer needed.
    pub fn done(&self, batch: &mut Batch) {
        batch.delete(keys::outbox(self.shard, self.due, &self.id), Expect::At(self.row.version));
    }

    /// Whether it falls due after this moment.
    pub fn is_later(&self, now: Timestamp) -> bool {
        now < self.due
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
mod tests;
