//! `sokoni bench store`: what the store alone does with the batches that dialogs made.
//!
//! The batches are those of a load, taken where the engine hands them to the store. They are committed again to
//! an empty store by as many callers at a time as there were dialogs, each caller those of one dialog, one after
//! the other, as the engine did. So what is left between the two is all that is not the store.

use super::{BenchUssdArgs, captured, told};
use crate::cli::demo;
use crate::sim::load::latency::Latencies;
use crate::store::batch::{self, Act, Batch, Expect, Row};
use crate::store::meters::Meters;
use crate::store::sled::{DEFAULT_CACHE, Sled};
use crate::store::{Key, Store, StoreError, keys};
use crate::types::Msisdn;
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

const HELP: &str = "\
Dialogs are run over the service first, as sokoni bench ussd runs them, and the
batches that they commit are kept. Then the same batches are committed again to
an empty store: a row for each of --dialogs, with as many callers at a time, each
one those of one dialog, in order. Every commit is durable before the next of
its caller.

Example:
  sokoni bench store --dialogs 1,100,1000";

/// Commits a second of the store alone, with the batches that dialogs make
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct BenchStoreArgs {
    /// How many callers at a time, one load after another
    #[arg(long, value_delimiter = ',', default_value = "1,100,1000", value_parser = clap::value_parser!(u32).range(1..10_000))]
    pub dialogs: Vec<u32>,

    /// Commits of each load [default: 100 for each caller, at least 2000, at most 20000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: Option<u64>,

    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// Measures and prints.
pub(crate) async fn run<S, F, G>(args: BenchStoreArgs, seen: Arc<Seen>, start_sokoni: S) -> ExitCode
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, String>>,
{
    let ussd = BenchUssdArgs { dialogs: args.dialogs, steps: args.steps, ..BenchUssdArgs::default() };
    let alone = async {
        let mut reports = Vec::new();
        for batches in captured(&ussd, &seen, start_sokoni).await? {
            reports.push(again(batches).await?);
        }
        Ok::<_, String>(reports)
    };
    told(alone.await, args.json, |reports| table(reports))
}

/// The figures for people.
fn table(reports: &[StoreReport]) -> String {
    let head = "callers  commits/s     p50 ms     p99 ms  rows/commit  octets/commit\n".to_owned();
    reports.iter().fold(head, |mut text, report| {
        let millis = |micros: u64| micros as f64 / 1000.0;
        let StoreReport { callers, per_second, p50_us, p99_us, rows, octets, .. } = report;
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{callers:>7} {per_second:>10.0} {:>10.2} {:>10.2} {rows:>12.1} {octets:>14.0}",
            millis(*p50_us),
            millis(*p99_us),
        );
        text
    })
}

/// A store that keeps what is handed to it, while it is told to.
struct Watched {
    store: Arc<dyn Store>,
    seen: Arc<Seen>,
}

/// The batches of a load, each with the position that it got.
pub type Committed = Vec<(Batch, u64)>;

/// What was handed to a store, and the position that it got there.
#[derive(Default)]
pub struct Seen {
    looks: AtomicBool,
    batches: Mutex<Committed>,
}

impl Seen {
    /// Keeps what comes from now on.
    pub fn begin(&self) {
        self.looks.store(true, Ordering::Relaxed);
    }

    /// What came since from these subscribers, in the order of its commits.
    pub fn taken(&self, of: Range<u64>) -> Committed {
        self.looks.store(false, Ordering::Relaxed);
        let mut batches = std::mem::take(&mut *self.batches.lock().unwrap_or_else(PoisonError::into_inner));
        batches.retain(|(batch, _)| subscriber(batch).is_some_and(|number| of.contains(&number)));
        batches.sort_by_key(|(_, position)| *position);
        batches
    }

    /// Around a store.
    pub fn around(self: &Arc<Self>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Watched { store, seen: Arc::clone(self) })
    }
}

impl Store for Watched {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        self.store.read(keys)
    }

    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        self.store.scan(prefix, from, limit, back)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<batch::Committed, StoreError>> {
        if !self.seen.looks.load(Ordering::Relaxed) {
            return self.store.commit(batch);
        }
        Box::pin(async move {
            let copy = batch.clone();
            let committed = self.store.commit(batch).await?;
            if let batch::Committed::At(position) = committed {
                self.seen.batches.lock().unwrap_or_else(PoisonError::into_inner).push((copy, position));
            }
            Ok(committed)
        })
    }

    fn position(&self) -> u64 {
        self.store.position()
    }

    fn refuses(&self) -> Option<String> {
        self.store.refuses()
    }

    fn meters(&self) -> Option<&Meters> {
        self.store.meters()
    }
}

/// Whose dialog a batch is about.
fn subscriber(batch: &Batch) -> Option<u64> {
    batch.ops.iter().find_map(|op| keys::parse_dialog(&op.key)).map(Msisdn::number)
}

/// What the store alone did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StoreReport {
    /// Callers at a time.
    pub callers: usize,
    /// Batches committed.
    pub commits: usize,
    /// A second.
    pub per_second: f64,
    /// Half of them took at most so many microseconds.
    pub p50_us: u64,
    /// Ninety-nine of a hundred at most so many.
    pub p99_us: u64,
    /// Rows of one batch, with its record, on average.
    pub rows: f64,
    /// Octets of one batch, keys and values, on average.
    pub octets: f64,
}

/// Commits them all to an empty store in a passing folder.
///
/// # Errors
/// In words: what the store says, or that there was nothing.
pub(crate) async fn again(batches: Committed) -> Result<StoreReport, String> {
    let folder = demo::Folder::take(None)?;
    let path = folder.path.join("store");
    let opened = tokio::task::spawn_blocking(move || Sled::open(&path, DEFAULT_CACHE)).await;
    let store = Arc::new(opened.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?);
    committed(&store, batches).await
}

async fn committed(store: &Arc<Sled>, batches: Committed) -> Result<StoreReport, String> {
    let commits = batches.len();
    let rows: usize = batches.iter().map(|(batch, _)| batch.ops.len() + batch.journal.len()).sum();
    let octets: usize = batches.iter().map(|(batch, _)| octets(batch)).sum();
    let mut dialogs: BTreeMap<Option<u64>, Committed> = BTreeMap::new();
    for (batch, position) in batches {
        dialogs.entry(subscriber(&batch)).or_default().push((batch, position));
    }
    let callers = dialogs.len();
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for chain in dialogs.into_values() {
        let store = Arc::clone(store);
        tasks.spawn(async move { one_caller(&*store, chain).await });
    }
    let mut latencies = Latencies::default();
    while let Some(ended) = tasks.join_next().await {
        let took = ended.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?;
        took.into_iter().for_each(|took| latencies.record(took));
    }
    let seconds = began.elapsed().as_secs_f64();
    if commits == 0 {
        return Err("the load committed nothing".to_owned());
    }
    let micros = |of_hundred| u64::try_from(latencies.percentile(of_hundred).as_micros()).unwrap_or(u64::MAX);
    let each = |sum: usize| sum as f64 / commits as f64;
    Ok(StoreReport {
        callers,
        commits,
        per_second: commits as f64 / seconds.max(f64::EPSILON),
        p50_us: micros(50),
        p99_us: micros(99),
        rows: each(rows),
        octets: each(octets),
    })
}

/// One after the other. What a batch expects of a row that an earlier one of the same caller wrote is the version
/// that it has here.
async fn one_caller(store: &dyn Store, chain: Committed) -> Result<Vec<Duration>, StoreError> {
    let (mut here, mut took) = (BTreeMap::new(), Vec::with_capacity(chain.len()));
    for (mut batch, position) in chain {
        for op in &mut batch.ops {
            if let Expect::At(version) = &mut op.expect {
                match here.get(version) {
                    Some(now) => *version = *now,
                    // Written before the load began: nobody changes it here.
                    None => op.expect = Expect::Any,
                }
            }
        }
        let began = Instant::now();
        if let batch::Committed::At(now) = store.commit(batch).await? {
            here.insert(position, now);
        }
        took.push(began.elapsed());
    }
    Ok(took)
}

fn octets(batch: &Batch) -> usize {
    let rows =
        batch.ops.iter().map(|op| op.key.len() + if let Act::Put(value) = &op.act { value.len() } else { 0 });
    rows.sum::<usize>() + batch.journal.iter().map(|record| record.len()).sum::<usize>()
}
