//! The model: the same rules over a map, without a disk. For tests and simulations.

use super::batch::{Batch, Committed, Row};
use super::journal::Head;
use super::judge::Group;
use super::{Key, Store, StoreError, keys};
use futures_util::future::{BoxFuture, ready};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A store that is gone with the process. Every commit is written at once, in the order of calls,
/// so a simulation that uses it on one thread is repeatable.
#[derive(Debug)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    head: Head,
    rows: BTreeMap<Key, Row>,
    stopped: Option<String>,
}

impl Default for Memory {
    fn default() -> Self {
        let state = State { head: Head::START, rows: BTreeMap::new(), stopped: None };
        Self { state: Mutex::new(state) }
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every later call answer [`StoreError::Stopped`], as a broken disk would.
    pub fn stop(&self, why: &str) {
        self.state().stopped = Some(why.to_owned());
    }

    /// What is stored now, as a store of its own: where a crash would have left it.
    pub fn copy(&self) -> Self {
        let state = self.state();
        let copy = State { head: state.head, rows: state.rows.clone(), stopped: None };
        Self { state: Mutex::new(copy) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        match &state.stopped {
            Some(why) => Err(StoreError::Stopped(why.clone())),
            None => Ok(state),
        }
    }

    fn write(&self, batch: Batch) -> Result<Committed, StoreError> {
        let mut state = self.running()?;
        let mut group = Group::new(state.head);
        let committed = group.judge(batch, &mut |key| Ok(state.rows.get(key).cloned()))?;
        for (key, _, row) in group.writes() {
            match row {
                Some(row) => state.rows.insert(key, row),
                None => state.rows.remove(&key),
            };
        }
        state.head = group.head();
        Ok(committed)
    }
}

impl Store for Memory {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        let rows = self.running().map(|state| keys.iter().map(|key| state.rows.get(key).cloned()).collect());
        Box::pin(ready(rows))
    }

    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        let rows = self.running().map(|state| {
            let Some(range) = keys::range(&prefix, from.as_deref(), back) else { return Vec::new() };
            let range = state.rows.range::<[u8], (Bound<&[u8]>, Bound<&[u8]>)>(range.as_ref());
            let own = |(key, row): (&Key, &Row)| (key.clone(), row.clone());
            if back {
                range.rev().take(limit).map(own).collect()
            } else {
                range.take(limit).map(own).collect()
            }
        });
        Box::pin(ready(rows))
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        // Written when it is awaited, as with every other engine.
        Box::pin(async move { self.write(batch) })
    }

    fn position(&self) -> u64 {
        self.state().head.position
    }
}
