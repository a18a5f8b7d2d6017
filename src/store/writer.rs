//! One thread a node writes: it takes every batch that waits, judges them in order, writes once,
//! syncs once and wakes everybody.

use super::StoreError;
use super::batch::{Batch, Committed, Row};
use super::journal::Head;
use super::judge::{self, Group};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How many batches may wait before committers have to.
pub const QUEUE: usize = 1024;
/// The most batches of one group.
const MAX_BATCHES: usize = 1024;
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
}

impl Writer {
    /// Starts the thread behind `head`.
    pub fn start(engine: impl Engine, head: Head, stopped: Stopped) -> std::io::Result<Self> {
        let (queue, wishes) = mpsc::channel(QUEUE);
        let shared = stopped.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(engine, head, wishes, &shared))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), stopped })
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

fn run(mut engine: impl Engine, mut head: Head, mut wishes: mpsc::Receiver<Wish>, stopped: &Stopped) {
    let mut next = None;
    loop {
        let Some(first) = next.take().or_else(|| wishes.blocking_recv()) else { break };
        let mut waiting = Vec::new();
        // A panic inside the storage engine leaves it in an unknown state: the same as an error.
        let written = catch_unwind(AssertUnwindSafe(|| {
            let group = gather(&mut engine, head, first, &mut wishes, &mut waiting, &mut next)?;
            if group.head() != head {
                engine.write(&group)?;
            }
            Ok::<_, String>(group.head())
        }));
        let failure = match written {
            Ok(Ok(reached)) => {
                head = reached;
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
    #[allow(clippy::disallowed_methods, reason = "bounds how long callers wait; decides nothing")]
    let began = Instant::now();
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

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it did not say why".to_owned())
}
