//! What falls due: reservations, offers, loans, payouts to ask about.
//!
//! A timer fires by being read as due; the turn that acts on it removes it in the same commit, so
//! it acts once however often it is read.

use super::batch::{Act, Batch, Expect, Op};
use super::{Key, Store, StoreError, batch, keys};
use crate::types::Timestamp;
use bytes::Bytes;

/// A timer as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// When it falls due.
    pub due: Timestamp,
    /// What it was set under.
    pub id: Vec<u8>,
    /// What it is for; this module does not look into it.
    pub payload: Bytes,
    version: u64,
}

/// Sets a timer. `due` and `id` name it; setting it again, in this batch or a later one, replaces
/// its payload.
pub fn set(batch: &mut Batch, due: Timestamp, id: &[u8], payload: impl Into<Bytes>) {
    decide(batch, keys::timer(due, id), Act::Put(payload.into()));
}

/// Removes a timer that may or may not be set.
pub fn cancel(batch: &mut Batch, due: Timestamp, id: &[u8]) {
    decide(batch, keys::timer(due, id), Act::Delete);
}

/// What is said last of a timer holds: two things that end in one turn may set the same one.
fn decide(batch: &mut Batch, key: Key, act: Act) {
    match batch.ops.iter_mut().find(|op| op.key == key) {
        Some(op) => op.act = act,
        None => batch.ops.push(Op { key, expect: Expect::Any, act }),
    }
}

/// At most `n` timers due at `now`, oldest first.
pub async fn due(store: &dyn Store, now: Timestamp, n: usize) -> Result<Vec<Timer>, StoreError> {
    let rows = store.scan(vec![keys::TIMERS], None, n, false).await?;
    let read = |(key, row): (Key, batch::Row)| match keys::parse_timer(&key) {
        Some((due, id)) => Ok(Timer { due, id: id.to_vec(), payload: row.octets(), version: row.version }),
        None => {
            let why = "this is no key of a timer".to_owned();
            Err(StoreError::Unreadable { key: batch::show_key(&key), why })
        }
    };
    let late = |timer: &Result<Timer, _>| timer.as_ref().map_or(true, |timer| timer.due <= now);
    rows.into_iter().map(read).take_while(late).collect()
}

/// When the next timer falls due; `None` when none is set.
pub async fn next_due(store: &dyn Store) -> Result<Option<Timestamp>, StoreError> {
    let rows = store.scan(vec![keys::TIMERS], None, 1, false).await?;
    Ok(rows.first().and_then(|(key, _)| keys::parse_timer(key)).map(|(due, _)| due))
}

impl Timer {
    /// Acted on. The batch conflicts when another turn did so first.
    pub fn fired(&self, batch: &mut Batch) {
        batch.delete(keys::timer(self.due, &self.id), Expect::At(self.version));
    }

    /// Put off until `due`, which is another moment than its own.
    pub fn put_off(&self, batch: &mut Batch, due: Timestamp) {
        self.fired(batch);
        set(batch, due, &self.id, self.payload.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    async fn commit(store: &Memory, build: impl FnOnce(&mut Batch)) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        build(&mut batch);
        store.commit(batch).await.map(drop)
    }

    async fn ids(store: &Memory, now: i64) -> Vec<Vec<u8>> {
        due(store, at(now), 9).await.expect("read").into_iter().map(|timer| timer.id).collect()
    }

    #[tokio::test]
    async fn what_is_said_last_of_a_timer_holds_in_one_batch_too() {
        let store = Memory::new();
        let mut batch = Batch::default();
        set(&mut batch, at(5), b"forget", "first");
        set(&mut batch, at(5), b"forget", "second");
        set(&mut batch, at(6), b"offer", "third");
        cancel(&mut batch, at(6), b"offer");
        store.commit(batch).await.expect("one row each");
        let due = due(&store, at(9), 9).await.expect("read");
        assert_eq!(due.iter().map(|timer| &timer.payload[..]).collect::<Vec<_>>(), [b"second"]);

        let mut batch = Batch::default();
        due[0].put_off(&mut batch, at(5));
        store.commit(batch).await.expect("put off to where it stood");
    }

    #[tokio::test]
    async fn a_timer_fires_once_it_is_due_and_once_only() {
        let store = Memory::new();
        commit(&store, |b| {
            set(b, at(20), b"offer 7", "later");
            set(b, at(10), b"reservation 3", "now");
        })
        .await
        .expect("set");
        assert_eq!(next_due(&store).await.expect("read"), Some(at(10)));
        assert!(ids(&store, 9).await.is_empty());
        let timer = due(&store, at(10), 9).await.expect("read").remove(0);
        assert_eq!((timer.id.as_slice(), timer.payload.as_ref()), (&b"reservation 3"[..], &b"now"[..]));
        commit(&store, |b| timer.fired(b)).await.expect("acted on");
        assert!(matches!(commit(&store, |b| timer.fired(b)).await, Err(StoreError::Conflict(_))));
        assert_eq!(ids(&store, 20).await, [b"offer 7"]);
    }

    #[tokio::test]
    async fn a_timer_can_be_put_off_or_cancelled() {
        let store = Memory::new();
        commit(&store, |b| set(b, at(10), b"a", "x")).await.expect("set");
        let timer = due(&store, at(10), 9).await.expect("read").remove(0);
        commit(&store, |b| timer.put_off(b, at(30))).await.expect("put off");
        assert!(ids(&store, 29).await.is_empty());
        assert_eq!(ids(&store, 30).await, [b"a"]);
        commit(&store, |b| cancel(b, at(30), b"a")).await.expect("cancelled");
        commit(&store, |b| cancel(b, at(30), b"a")).await.expect("already gone");
        assert_eq!(next_due(&store).await.expect("read"), None);
    }
}
