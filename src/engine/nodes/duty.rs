//! Which node does what only one may do: send what leaves, act on what falls due, forget people, sweep. A row
//! names it, and it writes the row anew all the time. Whoever sees the row stand still for long takes it.
//! No node looks at another's clock, and one that cannot write in time ends its work before it may be taken
//! over. What it still had in hand then goes again under the same name, as after a crash.

use crate::store::batch::{Batch, Committed, Expect};
use crate::store::{Key, Store, StoreError, codec, keys};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How quick everything goes.
#[derive(Debug, Clone, Copy)]
struct Rhythm {
    /// The holder writes its row so often.
    beat: Duration,
    /// It ends its work when it could not for so long.
    patience: Duration,
    /// Others look so often.
    look: Duration,
}

/// A row that stood still for so many looks is nobody's: longer than a beat and the patience on either side
/// of it.
const STILL: u32 = 10;

impl Rhythm {
    /// Of nodes that take over from one that has been silent for so long.
    fn of(takeover: Duration) -> Self {
        let look = takeover / STILL;
        Self { beat: look * 2, patience: look * 3, look }
    }
}

/// A node with no gateway leaves a free row alone for so many looks: another may have one.
const UNABLE: u32 = 5;
/// A holder whose gateways were all down for so many beats lets go of it, at first.
const HOLDS_ON: u32 = 5;
/// And after it had to take it back again and again.
const HOLDS_ON_AT_MOST: u32 = 300;

#[derive(Debug, Serialize, Deserialize)]
struct Held {
    by: String,
}

/// A node among those that may have the duty.
pub struct Duty {
    store: Arc<dyn Store>,
    node: String,
    /// Whether what leaves could leave here.
    able: Box<dyn Fn() -> bool + Send + Sync>,
    rhythm: Rhythm,
}

fn row() -> Key {
    keys::meta("duty")
}

impl Duty {
    /// `node` names this one, never another that is alive; `takeover` is how long a silent one keeps the duty,
    /// the same for all.
    pub fn new(
        store: Arc<dyn Store>, node: String, takeover: Duration,
        able: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { store, node, able: Box::new(able), rhythm: Rhythm::of(takeover) }
    }

    /// Has `work` done whenever it is this node's, which `told` hears, and waits to have it again. `work` ends
    /// soon after its token is cancelled; when it ends by itself, because the store stopped, `stop` is told.
    pub async fn run<W>(
        &self, stop: &CancellationToken, told: impl Fn(bool), work: impl Fn(CancellationToken) -> W,
    ) where
        W: Future<Output = ()>,
    {
        let mut holds_on = HOLDS_ON;
        loop {
            let mut version = match self.await_turn(stop).await {
                Ok(Some(version)) => version,
                Ok(None) => return,
                Err(why) => {
                    tracing::error!(%why, "ALARM: the store stopped, so the service ends");
                    return stop.cancel();
                }
            };
            tracing::info!(node = self.node, "this node sends and acts on what falls due from now on");
            told(true);
            let until = stop.child_token();
            let (mut is_unable, mut is_lost) = (false, false);
            {
                let working = work(until.clone());
                tokio::pin!(working);
                tokio::select! {
                    () = &mut working => {}
                    () = self.beat(&mut version, holds_on, &until, &mut is_unable) => {
                        is_lost = true;
                        until.cancel();
                        working.await;
                    }
                }
            }
            told(false);
            if is_lost {
                tracing::warn!(node = self.node, "this node could not keep the duty to send");
                continue;
            }
            self.let_go(version).await;
            if !is_unable {
                return stop.cancel();
            }
            holds_on = (holds_on * 2).min(HOLDS_ON_AT_MOST);
            tracing::warn!(node = self.node, "no gateway is up here: another node may send");
        }
    }

    /// The version of the row that names this node; `None` when it was told to stop first.
    async fn await_turn(&self, stop: &CancellationToken) -> Result<Option<u64>, StoreError> {
        let (mut seen, mut still) = (None, 0);
        loop {
            match self.look().await {
                Ok((version, holder)) => {
                    still = if seen == Some(version) { still + 1 } else { 0 };
                    seen = Some(version);
                    let unable = if (self.able)() { 0 } else { UNABLE };
                    let wait = match holder {
                        None => unable,
                        Some(holder) if holder == self.node => 0,
                        Some(_) => STILL + unable,
                    };
                    if still >= wait {
                        match self.write(version).await {
                            Ok(version) => return Ok(Some(version)),
                            Err(why @ StoreError::Stopped(_)) => return Err(why),
                            // Another was faster, or the database is away.
                            Err(why) => tracing::debug!(%why, "the duty is not to be had"),
                        }
                    }
                }
                Err(why @ StoreError::Stopped(_)) => return Err(why),
                Err(why) => {
                    seen = None;
                    tracing::debug!(%why, "it cannot be seen who has the duty");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(self.rhythm.look) => {}
            }
        }
    }

    /// The row's version, none being 0, and whom it names.
    async fn look(&self) -> Result<(u64, Option<String>), StoreError> {
        let Some(found) = self.store.read(vec![row()]).await?.into_iter().next().flatten() else {
            return Ok((0, None));
        };
        let held: Held = codec::decode_row(&row(), &found)?;
        Ok((found.version, Some(held.by)))
    }

    /// Names this node in the row if it is still of that version; the new one.
    async fn write(&self, version: u64) -> Result<u64, StoreError> {
        let expect = if version == 0 { Expect::Absent } else { Expect::At(version) };
        let mut batch = Batch::default();
        batch.put(row(), expect, codec::encode(&Held { by: self.node.clone() }));
        match self.store.commit(batch).await? {
            Committed::At(position) => Ok(position),
            Committed::Repeat(_) => Err(StoreError::Conflict(row())),
        }
    }

    /// Keeps the row for as long as it can. Cancels `until` when none of its gateways was up for so many beats,
    /// and goes on until the work has ended.
    async fn beat(&self, version: &mut u64, holds_on: u32, until: &CancellationToken, is_unable: &mut bool) {
        let mut unable = 0;
        loop {
            tokio::time::sleep(self.rhythm.beat).await;
            unable = if (self.able)() { 0 } else { unable + 1 };
            if unable >= holds_on && !until.is_cancelled() {
                *is_unable = true;
                until.cancel();
            }
            match tokio::time::timeout(self.rhythm.patience, self.write(*version)).await {
                Ok(Ok(now)) => *version = now,
                Ok(Err(why)) => return tracing::debug!(%why, "the duty is lost"),
                Err(_) => return tracing::debug!("the duty could not be kept in time"),
            }
        }
    }

    /// Leaves it to whoever looks next.
    async fn let_go(&self, version: u64) {
        let mut batch = Batch::default();
        batch.delete(row(), Expect::At(version));
        match tokio::time::timeout(self.rhythm.patience, self.store.commit(batch)).await {
            Ok(Ok(_)) => {}
            // It will be seen to stand still.
            Ok(Err(why)) => tracing::debug!(%why, "the duty is left as it is"),
            Err(_) => tracing::debug!("the duty is left as it is"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::task::JoinHandle;

    const QUICK: Rhythm = Rhythm {
        beat: Duration::from_millis(20),
        patience: Duration::from_millis(200),
        look: Duration::from_millis(10),
    };
    const SHORT: Duration = Duration::from_millis(100);

    /// Who works, and what happened, in its order.
    #[derive(Default)]
    struct Book(Mutex<(Vec<String>, Vec<String>)>);

    impl Book {
        fn note(&self, node: &str, began: bool) {
            let mut book = self.0.lock().expect("no panic");
            book.1.push(format!("{node} {}", if began { "begins" } else { "ends" }));
            match began {
                true => book.0.push(node.to_owned()),
                false => book.0.retain(|one| one != node),
            }
            assert!(book.0.len() < 2, "two at once: {:?}", book.1);
        }

        fn works(&self) -> Option<String> {
            self.0.lock().expect("no panic").0.first().cloned()
        }

        async fn until(&self, what: impl Fn(Option<String>) -> bool) {
            while !what(self.works()) {
                tokio::time::sleep(QUICK.look).await;
            }
        }
    }

    struct One {
        stop: CancellationToken,
        able: Arc<AtomicBool>,
        task: JoinHandle<()>,
    }

    fn node(store: &Arc<dyn Store>, book: &Arc<Book>, name: &str) -> One {
        let (stop, able) = (CancellationToken::new(), Arc::new(AtomicBool::new(true)));
        let seen = Arc::clone(&able);
        let can = move || seen.load(Ordering::Relaxed);
        let duty = Duty { rhythm: QUICK, ..Duty::new(Arc::clone(store), name.to_owned(), SHORT, can) };
        let (stopped, book, name) = (stop.clone(), Arc::clone(book), name.to_owned());
        let task = tokio::spawn(async move {
            let work = |until: CancellationToken| {
                let (book, name) = (Arc::clone(&book), name.clone());
                async move {
                    book.note(&name, true);
                    until.cancelled().await;
                    book.note(&name, false);
                }
            };
            duty.run(&stopped, |_| {}, work).await;
        });
        One { stop, able, task }
    }

    #[tokio::test]
    async fn one_node_works_at_a_time_and_the_next_takes_over_when_it_goes() {
        let (store, book): (Arc<dyn Store>, _) = (Arc::new(Memory::new()), Arc::new(Book::default()));
        let first = node(&store, &book, "first");
        book.until(|who| who.is_some()).await;
        let second = node(&store, &book, "second");
        tokio::time::sleep(QUICK.look * STILL * 3).await;
        assert_eq!(book.works().as_deref(), Some("first"), "it is there and well");
        first.stop.cancel();
        first.task.await.expect("ended");
        book.until(|who| who.as_deref() == Some("second")).await;
        second.stop.cancel();
        second.task.await.expect("ended");
    }

    #[tokio::test]
    async fn what_a_node_leaves_that_died_is_taken_over_when_its_row_stood_still() {
        let (store, book): (Arc<dyn Store>, _) = (Arc::new(Memory::new()), Arc::new(Book::default()));
        let first = node(&store, &book, "first");
        book.until(|who| who.is_some()).await;
        first.task.abort();
        let _ = first.task.await;
        book.note("first", false);
        let second = node(&store, &book, "second");
        book.until(|who| who.as_deref() == Some("second")).await;
        second.stop.cancel();
        second.task.await.expect("ended");
    }

    #[tokio::test]
    async fn a_node_without_a_gateway_leaves_it_to_one_that_has_some() {
        let (store, book): (Arc<dyn Store>, _) = (Arc::new(Memory::new()), Arc::new(Book::default()));
        let (first, second) = (node(&store, &book, "first"), node(&store, &book, "second"));
        book.until(|who| who.is_some()).await;
        let both = BTreeMap::from([("first", &first), ("second", &second)]);
        let had = book.works().expect("somebody");
        both[had.as_str()].able.store(false, Ordering::Relaxed);
        book.until(|who| who.is_some_and(|who| who != had)).await;
        for one in [first, second] {
            one.stop.cancel();
            one.task.await.expect("ended");
        }
    }

    #[tokio::test]
    async fn work_that_ends_by_itself_ends_the_service() {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let duty = Duty { rhythm: QUICK, ..Duty::new(store, "only".to_owned(), SHORT, || true) };
        let stop = CancellationToken::new();
        duty.run(&stop, |_| {}, |_| async {}).await;
        assert!(stop.is_cancelled());
        assert!(duty.look().await.expect("read").1.is_none(), "and it is anybody's");
    }
}
