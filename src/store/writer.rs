//! One thread a node writes: it takes every batch that waits, judges them in order, writes once,
//! syncs once and wakes everybody.

use super::StoreError;
use super::batch::{Batch, Committed, Row};
use super::journal::Head;
use super::judge::{self, Group};
use super::meters::Meters;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How many batches may wait before committers have to.
pub const QUEUE: usize = 1024;
/// The most batches of one group.
pub(super) const MAX_BATCHES: usize = 1024;
/// The longest that batches are gathered and judged before the group is written.
const MAX_GATHERING: Duration = Duration::from_millis(5);

/// What the writer writes to.
pub trait Engine: Send + 'static {
    /// A row as stored. [`StoreError::Stopped`] ends the store.
    fn load(&mut self, key: &[u8]) -> Result<Option<Row>, StoreError>;
    /// Writes the group; it is durable when this returns. An error, in words, ends the store.
    fn write(&mut self, group: &Group) -> Result<(), String>;
    /// Called once after the last group of a store that did not stop.
    fn close(&mut self) {}
}

/// Why the store stopped, once it has.
pub type Stopped = Arc<OnceLock<String>>;

struct Wish {
    batch: Batch,
    answer: oneshot::Sender<Result<Committed, StoreError>>,
}

/// The committers' end of the writer.
#[derive(Debug)]
pub struct Writer {
    queue: Option<mpsc::Sender<Wish>>,
    thread: Option<JoinHandle<()>>,
    stopped: Stopped,
    meters: Meters,
}

impl Writer {
    /// Starts the thread behind `head`.
    pub fn start(engine: impl Engine, head: Head, stopped: Stopped) -> std::io::Result<Self> {
        let (queue, wishes) = mpsc::channel(QUEUE);
        let (shared, meters) = (stopped.clone(), Meters::default());
        let counted = meters.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(engine, head, wishes, (&shared, &counted)))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), stopped, meters })
    }

    /// What it did.
    pub const fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Hands over a batch, waiting for a place in the queue; resolves when it is durable.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = || {
            let why = self.stopped.get().map_or("it was closed", String::as_str);
            StoreError::Stopped(why.to_owned())
        };
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Wish { batch, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    /// Writes what waits, then ends the thread.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has already been turned into `stopped`.
            let _ = thread.join();
        }
    }
}

fn run(
    mut engine: impl Engine, mut head: Head, mut wishes: mpsc::Receiver<Wish>,
    (stopped, meters): (&Stopped, &Meters),
) {
    let mut next = None;
    loop {
        let Some(first) = next.take().or_else(|| wishes.blocking_recv()) else { break };
        let mut waiting = Vec::new();
        // A panic inside the storage engine leaves it in an unknown state: the same as an error.
        let written = catch_unwind(AssertUnwindSafe(|| {
            let group = gather(&mut engine, head, first, &mut wishes, &mut waiting, &mut next)?;
            let began = now();
            let written = group.head() != head;
            if written {
                engine.write(&group)?;
            }
            Ok::<_, String>((group.head(), written.then(|| (group.octets(), began.elapsed()))))
        }));
        let failure = match written {
            Ok(Ok((reached, written))) => {
                head = reached;
                meters.group(waiting.iter().map(|(_, verdict)| verdict), written);
                for (answer, verdict) in waiting {
                    // A committer that left does not change what was written.
                    let _ = answer.send(verdict);
                }
                continue;
            }
            Ok(Err(why)) => why,
            Err(panic) => format!("the storage engine broke: {}", panic_text(&*panic)),
        };
        tracing::error!(why = failure, "the store stops");
        let why = stopped.get_or_init(|| failure).clone();
        for (answer, _) in waiting {
            let _ = answer.send(Err(StoreError::Stopped(why.clone())));
        }
        let mut rest = next.take();
        while let Some(wish) = rest.take().or_else(|| wishes.blocking_recv()) {
            let _ = wish.answer.send(Err(StoreError::Stopped(why.clone())));
        }
        return;
    }
    engine.close();
}

type Waiting = Vec<(oneshot::Sender<Result<Committed, StoreError>>, Result<Committed, StoreError>)>;

/// Judges `first` and whatever else waits, within the bounds of a group. A wish that no longer
/// fits is left in `next`.
fn gather(
    engine: &mut impl Engine, head: Head, first: Wish, wishes: &mut mpsc::Receiver<Wish>,
    waiting: &mut Waiting, next: &mut Option<Wish>,
) -> Result<Group, String> {
    let began = now();
    let mut group = Group::new(head);
    let mut wish = Some(first);
    while let Some(Wish { batch, answer }) = wish {
        let verdict = group.judge(batch, &mut |key| engine.load(key));
        let broken = match &verdict {
            Err(StoreError::Stopped(why)) => Some(why.clone()),
            _ => None,
        };
        waiting.push((answer, verdict));
        if let Some(why) = broken {
            return Err(why);
        }
        if waiting.len() >= MAX_BATCHES || began.elapsed() >= MAX_GATHERING {
            break;
        }
        wish = wishes.try_recv().ok();
        if wish.as_ref().is_some_and(|w| group.octets() + judge::size(&w.batch) > judge::MAX_GROUP) {
            *next = wish.take();
        }
    }
    Ok(group)
}

#[expect(clippy::disallowed_methods, reason = "bounds and tells how long callers wait; decides nothing")]
fn now() -> Instant {
    Instant::now()
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it did not say why".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::Expect;
    use crate::store::keys;
    use futures_util::future::{join_all, poll_immediate};
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Writes when it is told to, notes how many rows each group had, and fails on demand.
    struct Slow {
        go: Receiver<Result<(), String>>,
        groups: Groups,
    }

    impl Engine for Slow {
        fn load(&mut self, _: &[u8]) -> Result<Option<Row>, StoreError> {
            Ok(None)
        }

        fn write(&mut self, group: &Group) -> Result<(), String> {
            self.groups.lock().expect("free").push(group.writes().len() - 1);
            match self.go.recv() {
                Ok(answer) => answer,
                Err(_) => panic!("nobody says go"),
            }
        }
    }

    type Groups = Arc<Mutex<Vec<usize>>>;

    fn slow() -> (Arc<Writer>, Sender<Result<(), String>>, Groups) {
        let (say, go) = channel();
        let groups = Groups::default();
        let engine = Slow { go, groups: Arc::clone(&groups) };
        let writer = Writer::start(engine, Head::START, Stopped::default()).expect("started");
        (Arc::new(writer), say, groups)
    }

    fn row(n: usize, octets: usize) -> Batch {
        let mut batch = Batch::default();
        batch.put(keys::meta(&n.to_string()), Expect::Any, vec![b'x'; octets]);
        batch
    }

    fn wait_for_groups(groups: &Mutex<Vec<usize>>, n: usize) {
        while groups.lock().expect("free").len() < n {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[tokio::test]
    async fn what_waits_during_a_write_is_written_together_in_the_order_it_came() {
        let (writer, say, groups) = slow();
        let mut first = Box::pin(writer.commit(row(0, 9)));
        assert!(poll_immediate(&mut first).await.is_none());
        wait_for_groups(&groups, 1);
        let mut rest: Vec<_> = (1..=30).map(|n| Box::pin(writer.commit(row(n, 9)))).collect();
        assert!(poll_immediate(join_all(rest.iter_mut().map(|w| w.as_mut()))).await.is_none());
        (0..2).for_each(|_| say.send(Ok(())).expect("listening"));
        assert_eq!(first.await.expect("written"), Committed::At(1));
        let answers: Vec<_> = join_all(rest).await.into_iter().map(|a| a.expect("written")).collect();
        assert_eq!(answers, (2..=31).map(Committed::At).collect::<Vec<_>>());
        assert_eq!(*groups.lock().expect("free"), [1, 30]);
    }

    #[tokio::test]
    async fn a_group_stays_within_its_octets() {
        let (writer, say, groups) = slow();
        (0..20).for_each(|_| say.send(Ok(())).expect("listening"));
        join_all((0..20).map(|n| writer.commit(row(n, 60_000)))).await.into_iter().for_each(|answer| {
            answer.expect("written");
        });
        let groups = groups.lock().expect("free");
        assert!(groups.iter().all(|&rows| rows <= judge::MAX_GROUP / 60_000), "{groups:?}");
        assert_eq!(groups.iter().sum::<usize>(), 20);
    }

    #[tokio::test]
    async fn nobody_is_answered_before_the_group_is_durable() {
        let (writer, say, groups) = slow();
        let mut wish = Box::pin(writer.commit(row(0, 9)));
        assert!(poll_immediate(&mut wish).await.is_none());
        wait_for_groups(&groups, 1);
        let soon = tokio::time::timeout(Duration::from_millis(20), &mut wish).await;
        assert!(soon.is_err(), "the disk has not answered");
        say.send(Ok(())).expect("listening");
        assert_eq!(wish.await.expect("written"), Committed::At(1));
    }

    #[tokio::test]
    async fn a_full_queue_makes_committers_wait_and_loses_nobody() {
        let (writer, say, groups) = slow();
        let wishes: Vec<_> = (0..QUEUE * 3)
            .map(|n| {
                let writer = writer.clone();
                tokio::spawn(async move { writer.commit(row(n, 1)).await })
            })
            .collect();
        let queue = writer.queue.as_ref().expect("open");
        // Full may also mean that the writer has not begun.
        while queue.capacity() > 0 || groups.lock().expect("free").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(groups.lock().expect("free").len(), 1, "the first group is still being written");
        (0..QUEUE * 3).for_each(|_| say.send(Ok(())).expect("listening"));
        for wish in wishes {
            wish.await.expect("ran").expect("written");
        }
        assert_eq!(groups.lock().expect("free").iter().sum::<usize>(), QUEUE * 3);
    }

    #[tokio::test]
    async fn one_storage_error_stops_the_store_for_everybody_after_it() {
        let (writer, say, _) = slow();
        say.send(Ok(())).expect("listening");
        writer.commit(row(0, 9)).await.expect("written");
        say.send(Err("no space left".to_owned())).expect("listening");
        let during = writer.commit(row(1, 9)).await.expect_err("refused").to_string();
        assert_eq!(during, "the store stopped: no space left");
        say.send(Ok(())).expect("listening");
        let later = writer.commit(row(2, 9)).await.expect_err("refused").to_string();
        assert_eq!(later, during);
        assert_eq!(writer.stopped.get().map(String::as_str), Some("no space left"));
    }

    #[tokio::test]
    async fn a_panic_of_the_engine_stops_the_store_and_nothing_else() {
        let (writer, say, _) = slow();
        drop(say);
        let answer = writer.commit(row(0, 9)).await.expect_err("refused").to_string();
        assert_eq!(answer, "the store stopped: the storage engine broke: nobody says go");
        assert!(matches!(writer.commit(row(1, 9)).await, Err(StoreError::Stopped(_))));
    }

    #[tokio::test]
    async fn closing_writes_what_waits() {
        let (writer, say, groups) = slow();
        let mut wishes: Vec<_> = (0..3).map(|n| Box::pin(writer.commit(row(n, 9)))).collect();
        assert!(poll_immediate(join_all(wishes.iter_mut().map(|w| w.as_mut()))).await.is_none());
        (0..3).for_each(|_| say.send(Ok(())).expect("listening"));
        drop(wishes);
        drop(writer);
        assert_eq!(groups.lock().expect("free").iter().sum::<usize>(), 3);
    }
}
