//! A store whose process dies at a commit: just before it, or just after it and before anybody
//! heard of it. What was committed stays.

use super::locked;
use crate::store::batch::{Act, Batch, Committed, Row};
use crate::store::memory::Memory;
use crate::store::{Key, Store, StoreError, keys};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use std::sync::Mutex;

/// When the process dies.
#[derive(Debug, Clone, Copy)]
pub struct Doom {
    /// So many commits from now; the last of them is the fatal one.
    pub in_commits: u64,
    /// The fatal commit is written; else it is lost.
    pub written: bool,
}

/// What a commit changed, as far as the world looks at it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Sums of accounts that were added to.
    pub sums: Vec<(String, i64)>,
    /// What it put into the journal.
    pub records: Vec<Bytes>,
}

#[derive(Default)]
struct State {
    doom: Option<Doom>,
    dead: bool,
    commits: u64,
    seen: Vec<Seen>,
}

/// The store of a process that may die.
pub struct Brittle {
    rows: Memory,
    state: Mutex<State>,
}

impl Default for Brittle {
    fn default() -> Self {
        Self { rows: Memory::new(), state: Mutex::default() }
    }
}

impl Brittle {
    /// An empty store of a process that lives.
    pub fn new() -> Self {
        Self::default()
    }

    /// What outlives the process: for looking into it.
    pub fn rows(&self) -> &Memory {
        &self.rows
    }

    /// From now on it dies like this.
    pub fn set_doom(&self, doom: Option<Doom>) {
        locked(&self.state).doom = doom;
    }

    /// Whether the process has died.
    pub fn is_dead(&self) -> bool {
        locked(&self.state).dead
    }

    /// Another process opens it.
    pub fn revive(&self) {
        locked(&self.state).dead = false;
    }

    /// Commits that were written so far.
    pub fn commits(&self) -> u64 {
        locked(&self.state).commits
    }

    /// What was committed since this was asked last, in its order.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut locked(&self.state).seen)
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.is_dead() { Err(StoreError::Stopped("the process died".to_owned())) } else { Ok(()) }
    }

    /// What becomes of the next commit: `None` when nothing is wrong with it, else whether it is
    /// still written.
    fn fate(&self) -> Option<bool> {
        let mut state = locked(&self.state);
        let doom = state.doom.as_mut()?;
        doom.in_commits = doom.in_commits.saturating_sub(1);
        if doom.in_commits > 0 {
            return None;
        }
        let written = doom.written;
        (state.doom, state.dead) = (None, true);
        Some(written)
    }

    async fn write(&self, batch: Batch) -> Result<Committed, StoreError> {
        let seen = seen(&batch);
        let committed = self.rows.commit(batch).await?;
        if matches!(committed, Committed::At(_)) {
            let mut state = locked(&self.state);
            state.commits += 1;
            if !seen.sums.is_empty() || !seen.records.is_empty() {
                state.seen.push(seen);
            }
        }
        Ok(committed)
    }
}

fn seen(batch: &Batch) -> Seen {
    let sums = batch.ops.iter().filter_map(|op| match op.act {
        Act::Add { delta, .. } => Some((keys::parse_balance(&op.key)?.to_owned(), delta)),
        _ => None,
    });
    Seen { sums: sums.collect(), records: batch.journal.clone() }
}

impl Store for Brittle {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        match self.alive() {
            Ok(()) => self.rows.read(keys),
            Err(dead) => Box::pin(ready(Err(dead))),
        }
    }

    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        match self.alive() {
            Ok(()) => self.rows.scan(prefix, from, limit, back),
            Err(dead) => Box::pin(ready(Err(dead))),
        }
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(async move {
            self.alive()?;
            match self.fate() {
                None => self.write(batch).await,
                Some(written) => {
                    if written {
                        self.write(batch).await?;
                    }
                    self.alive()?;
                    Ok(Committed::At(self.rows.position()))
                }
            }
        })
    }

    fn position(&self) -> u64 {
        self.rows.position()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::Expect;

    #[tokio::test]
    async fn a_fatal_commit_is_written_or_lost_and_nobody_is_told_which() {
        for written in [false, true] {
            let store = Brittle::new();
            store.set_doom(Some(Doom { in_commits: 2, written }));
            for (name, well) in [("one", true), ("two", false), ("three", false)] {
                let mut batch = Batch::default();
                batch.put(keys::meta(name), Expect::Any, "x");
                assert_eq!(store.commit(batch).await.is_ok(), well, "{name}");
            }
            assert!(store.is_dead() && store.read(vec![keys::meta("one")]).await.is_err());
            store.revive();
            let rows = ["one", "two", "three"].map(keys::meta).to_vec();
            let rows = store.read(rows).await.expect("alive again");
            assert_eq!(rows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, written, false]);
            assert_eq!(store.commits(), 1 + u64::from(written));
        }
    }
}
