//! A load of USSD dialogs, measured at the operator's end: from the key on its way out to the
//! screen that answers it.
//!
//! Every dialog has one subscriber who dials, then presses the keys of a path round and round, each
//! as soon as the screen before it is there; when the application closes the dialog she dials again.
//! So the number of dialogs is the number of steps in flight. With a rate it is the other way round:
//! steps come by the clock, whatever became of those before them, each made by a subscriber who is free,
//! and one that finds nobody free waits with its latency running.
//!
//! * [`Load`]: listens as an operator, runs loads over whatever binds.
//! * [`latency`]: percentiles in constant space.
//! * `link`: one bind, read and written in batches. `wire`: the PDUs of the hot path.
//!
//! May import every pure module.

pub mod latency;
mod link;
mod wire;

use crate::types::Msisdn;
use latency::Latencies;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

/// One load.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Dialogs at a time.
    pub dialogs: u32,
    /// Steps to measure.
    pub steps: u64,
    /// Steps before them that are not measured.
    pub warm_up: u64,
    /// What is dialled, such as `*483*57#`.
    pub dial: String,
    /// Keys pressed round and round; with none, every subscriber hangs up and dials again.
    pub keys: Vec<String>,
    /// The first subscriber; the others follow.
    pub first: Msisdn,
    /// The load ends after this long whatever was reached.
    pub limit: Duration,
    /// Steps a second that come whether or not those before them were answered; none: each subscriber makes the
    /// next when she has seen the last.
    pub rate: Option<f64>,
}

/// What a load came to.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct LoadReport {
    /// Dialogs at a time.
    pub dialogs: u32,
    /// Steps measured.
    pub steps: u64,
    /// How long they took, in seconds.
    pub seconds: f64,
    /// Steps per second.
    pub per_second: f64,
    /// Half of the steps took at most so many microseconds.
    pub p50_us: u64,
    /// Ninety-nine of a hundred took at most so many.
    pub p99_us: u64,
    /// The longest.
    pub longest_us: u64,
    /// Steps refused for now and sent again.
    pub refused: u64,
    /// Dialogs still waiting for a screen when the limit came; 0 when all steps were made.
    pub unanswered: u32,
}

/// Why a load did not run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nobody bound in time.
    #[error("no application bound within {0:?}")]
    NoBind(Duration),
    /// No screen at all.
    #[error("the application bound, but showed no screen within {0:?}")]
    NoScreen(Duration),
}

/// A listening operator.
pub struct Load {
    /// Where to bind; any `system_id` and password are taken.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    _accept: JoinSet<()>,
}

impl Load {
    /// Opens a port. `short_code` is the application's address, to which phones lead.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn listen(addr: SocketAddr, short_code: &str) -> io::Result<Self> {
        Self::slow(addr, short_code, Duration::ZERO).await
    }

    /// The same, where every SMS is answered only after so long; screens are answered at once.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn slow(addr: SocketAddr, short_code: &str, slow: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            short_code: short_code.into(),
            bound: watch::Sender::new(0),
            run: watch::Sender::new(None),
            slow,
            taken: AtomicU64::new(0),
            most_unanswered: AtomicU64::new(0),
        });
        let mut accept = JoinSet::new();
        accept.spawn(accept_links(listener, shared.clone()));
        Ok(Self { addr, shared, _accept: accept })
    }

    /// SMS that came and were answered, where SMS are answered late.
    pub fn sms_taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Relaxed)
    }

    /// Most SMS that were without an answer at once on one link.
    pub fn most_unanswered(&self) -> u64 {
        self.shared.most_unanswered.load(Ordering::Relaxed)
    }

    /// Waits until so many links receive.
    ///
    /// # Errors
    /// [`LoadError::NoBind`].
    pub async fn wait_bound(&self, links: usize, within: Duration) -> Result<(), LoadError> {
        let mut bound = self.shared.bound.subscribe();
        match timeout(within, bound.wait_for(|count| *count >= links)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(LoadError::NoBind(within)),
        }
    }

    /// Runs a load over the links that are bound now.
    ///
    /// # Errors
    /// [`LoadError::NoScreen`] when nothing came back at all.
    pub async fn run(&self, settings: LoadSettings) -> Result<LoadReport, LoadError> {
        let limit = settings.limit;
        let links = (*self.shared.bound.borrow()).max(1);
        let run = Arc::new(Run::new(settings, links));
        self.shared.run.send_replace(Some(run.clone()));
        let complete = timeout(limit, run.done.notified()).await.is_ok();
        self.shared.run.send_replace(None);
        run.report(complete).ok_or(LoadError::NoScreen(limit))
    }
}

async fn accept_links(listener: TcpListener, shared: Arc<Shared>) {
    let mut links = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        links.spawn(async move {
            // A link that ends, ends its dialogs; the load's limit says so.
            let _ = link::serve(&shared, stream).await;
        });
    }
}

/// What the links share.
struct Shared {
    short_code: String,
    /// How many links receive.
    bound: watch::Sender<usize>,
    run: watch::Sender<Option<Arc<Run>>>,
    /// How late SMS are answered.
    slow: Duration,
    taken: AtomicU64,
    most_unanswered: AtomicU64,
}

/// A load that runs.
struct Run {
    settings: LoadSettings,
    numbers: Vec<Msisdn>,
    links: usize,
    /// The next link to take its share of the dialogs.
    share: Mutex<usize>,
    slots: Vec<Mutex<Slot>>,
    tally: Mutex<Tally>,
    done: Notify,
}

/// A subscriber.
#[derive(Debug, Clone, Copy)]
struct Slot {
    since: Instant,
    /// How many keys were pressed in this dialog.
    key: usize,
    /// The ussd_service_op of its last step.
    op: u8,
    /// How many steps it made: tells one `deliver_sm` from the next.
    round: u32,
    session: u8,
    sequence: u8,
    waiting: bool,
    /// Her dialog goes on.
    open: bool,
}

/// What all links count together.
struct Tally {
    latencies: Latencies,
    warm_up: u64,
    begun: Option<Instant>,
    ended: Option<Instant>,
    refused: u64,
}

impl Run {
    fn new(settings: LoadSettings, links: usize) -> Self {
        let slot = Slot {
            since: Instant::now(),
            key: 0,
            op: wire::BEGIN,
            round: 0,
            session: 0,
            sequence: 0,
            waiting: false,
            open: false,
        };
        let first = settings.first.number();
        let number = |index: u32| (first + u64::from(index)).to_string().parse().unwrap_or(settings.first);
        Self {
            numbers: (0..settings.dialogs).map(number).collect(),
            links,
            share: Mutex::new(0),
            slots: (0..settings.dialogs).map(|_| Mutex::new(slot)).collect(),
            tally: Mutex::new(Tally {
                latencies: Latencies::default(),
                warm_up: settings.warm_up,
                begun: None,
                ended: None,
                refused: 0,
            }),
            done: Notify::new(),
            settings,
        }
    }

    /// The subscriber with this number.
    fn index(&self, number: u64) -> Option<usize> {
        let index = usize::try_from(number.checked_sub(self.settings.first.number())?).ok()?;
        (index < self.slots.len()).then_some(index)
    }

    /// A sequence_number that tells which dialog an answer is about, so that nothing is looked up.
    fn pdu_number(&self, round: u32, index: usize) -> u32 {
        round.wrapping_mul(self.settings.dialogs).wrapping_add(index as u32) + 1
    }

    fn index_of_pdu(&self, number: u32) -> usize {
        (number.wrapping_sub(1) % self.settings.dialogs) as usize
    }

    /// Counts a step; `false` when the load has all it wanted.
    fn count(&self, since: Instant, now: Instant) -> bool {
        let mut tally = lock(&self.tally);
        if tally.ended.is_some() {
            return false;
        }
        if tally.warm_up > 0 {
            tally.warm_up -= 1;
            return true;
        }
        tally.begun.get_or_insert(since);
        tally.latencies.record(now - since);
        if tally.latencies.count() >= self.settings.steps {
            tally.ended = Some(now);
            self.done.notify_one();
            return false;
        }
        true
    }

    fn report(&self, complete: bool) -> Option<LoadReport> {
        // Before the tally: a link holds its subscriber while it counts, so the other order could
        // leave each waiting for the other.
        let waiting = self.slots.iter().filter(|slot| lock(slot).waiting).count();
        let tally = lock(&self.tally);
        let ended = tally.ended.unwrap_or_else(Instant::now);
        let seconds = (ended - tally.begun?).as_secs_f64();
        let steps = tally.latencies.count();
        let micros = |latency: Duration| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        Some(LoadReport {
            dialogs: self.settings.dialogs,
            steps,
            seconds,
            per_second: steps as f64 / seconds.max(f64::EPSILON),
            p50_us: micros(tally.latencies.percentile(50)),
            p99_us: micros(tally.latencies.percentile(99)),
            longest_us: micros(tally.latencies.longest()),
            refused: tally.refused,
            unanswered: if complete { 0 } else { u32::try_from(waiting).unwrap_or(u32::MAX) },
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
