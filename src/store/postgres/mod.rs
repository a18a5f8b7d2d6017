//! The engine of several machines: the rows in one table of PostgreSQL, judged and written by the same rules
//! as everywhere.
//!
//! Whoever writes a group first takes the one row of `gate`, so that groups of all nodes follow one another,
//! positions and the journal's chain as on one machine; then it reads the rows that its batches name, judges
//! them, writes and commits: two round trips and one sync for a whole group. What came of a commit whose
//! answer was lost is read from the node's mark, behind that same row.
//!
//! * [`link`]: connections and what their errors mean; [`schema`]: the numbered files; [`writer`]: groups;
//!   [`news`]: what nodes tell each other; [`snapshot`]: the rows as of one moment;
//!   [`fill`]: those of another store.

mod fill;
mod link;
mod news;
mod schema;
mod snapshot;
mod writer;

use super::batch::{Batch, Committed, Row, show_key};
use super::journal::Head;
use super::meters::Meters;
use super::news::News;
use super::{Key, Store, StoreError, keys, row};
use deadpool_postgres::{Object, Pool, PoolError};
pub use fill::Filling;
use futures_util::future::BoxFuture;
use link::{Broken, Link};
use serde::Deserialize;
pub use snapshot::Snapshot;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;
use tokio_rustls::rustls::ClientConfig;
use writer::Writer;

/// Between two tries to reach a database that is away.
const PAUSE: Duration = Duration::from_millis(100);

/// Names the lock of starts among the advisory ones of the database.
const START: u32 = 0x50_4B_4E_49;

/// The table `[store.postgres]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// As libpq writes it: `host=db1,db2 port=5432 user=sokoni dbname=sokoni sslmode=require`.
    pub url: String,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Authorities, as PEM, in the place of those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Connections for readers; one more writes.
    pub connections: usize,
    /// After so many seconds a statement is given up.
    pub statement_seconds: u32,
    /// For so many seconds a database that is away is waited for; then whoever asked is told.
    pub wait_seconds: u32,
    /// `on`; `remote_apply` where a standby must have all that was told to anybody.
    pub synchronous_commit: String,
    /// What only one node does, another takes over from one that was silent for so many seconds. The same on
    /// all nodes.
    pub takeover_seconds: u32,
    /// What connections are made with, where they are not plain.
    #[serde(skip)]
    pub tls: Option<Arc<ClientConfig>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            password_file: None,
            ca_file: None,
            connections: 8,
            statement_seconds: 10,
            wait_seconds: 20,
            synchronous_commit: "on".to_owned(),
            takeover_seconds: 10,
            tls: None,
        }
    }
}

impl Settings {
    /// Whether one can live with it.
    ///
    /// # Errors
    /// What is wrong, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        if self.url.is_empty() {
            return Err("url is missing: host=... user=... dbname=...".to_owned());
        }
        if !(1..=500).contains(&self.connections) || self.statement_seconds == 0 || self.wait_seconds == 0 {
            return Err("connections is 1 to 500, statement_seconds and wait_seconds at least 1".to_owned());
        }
        if !(2..=600).contains(&self.takeover_seconds) {
            return Err("takeover_seconds is 2 to 600; 10 suits most".to_owned());
        }
        // Whatever says less than `on` answers before it is durable.
        match self.synchronous_commit.as_str() {
            "on" | "remote_apply" => Ok(()),
            other => Err(format!("synchronous_commit {other:?}: \"on\" or \"remote_apply\"")),
        }
    }
}

/// A store in a database.
#[derive(Debug)]
pub struct Postgres {
    pool: Pool,
    wait: Duration,
    position: Arc<AtomicU64>,
    writer: Writer,
    link: Link,
    node: String,
}

impl Postgres {
    /// Opens the store, bringing its schema forward. `node` names this writer among others that are alive:
    /// never the same for two.
    ///
    /// # Errors
    /// Settings that cannot be used, a database that does not answer in time, a schema of a later release.
    pub async fn open(settings: &Settings, secret: Option<&str>, node: String) -> Result<Self, String> {
        settings.check().map_err(|why| format!("[store.postgres] {why}"))?;
        let link = Link::new(settings, secret)?;
        let wait = Duration::from_secs(settings.wait_seconds.into());
        let pool = link.pool(settings.connections, wait)?;
        let at_fault = |why: Broken| format!("[store.postgres] the database: {why}");
        let began = now();
        let mut client = loop {
            match link.open().await {
                Ok(client) => break client,
                Err(Broken::Again(_)) if began.elapsed() < wait => tokio::time::sleep(PAUSE).await,
                Err(why) => return Err(at_fault(why)),
            }
        };
        schema::bring_forward(&mut client).await.map_err(at_fault)?;
        let position = Arc::new(AtomicU64::new(0));
        let patience = Duration::from_secs(settings.statement_seconds.into());
        let writer = Writer::start(link.clone(), node.clone(), (wait, patience), Arc::clone(&position));
        let store = Self { pool, wait, position, writer, link, node };
        let head = store.head().await.map_err(|why| why.to_string())?;
        store.position.fetch_max(head.position, Ordering::AcqRel);
        Ok(store)
    }

    /// The board on which nodes of this store leave word for each other, over a connection of its own.
    pub fn news(&self) -> Arc<dyn News> {
        Arc::new(news::Board::start(self.link.clone(), self.node.clone()))
    }

    /// The rows as they stand now, over a connection of its own.
    ///
    /// # Errors
    /// The database is away.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let client = self.link.open().await.map_err(|why| StoreError::Away(why.to_string()))?;
        Snapshot::new(client).await
    }

    /// Waits until no other node holds this, and holds it until it is dropped: what a start lays out, one node
    /// lays out at a time.
    ///
    /// # Errors
    /// The database is away.
    pub async fn alone(&self) -> Result<Alone, StoreError> {
        let away = |why: Broken| StoreError::Away(why.to_string());
        let client = self.link.open_to_write().await.map_err(away)?;
        let wait = format!("SET lock_timeout = 0; SELECT pg_advisory_lock({START})");
        client.batch_execute(&wait).await.map_err(|why| away(why.into()))?;
        Ok(Alone { _until_closed: client })
    }

    async fn head(&self) -> Result<Head, StoreError> {
        super::journal::head(self).await
    }

    /// Asks, for as long as it may take until the database is there.
    async fn asked(
        &self, question: &str, about: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let began = now();
        loop {
            let broken = match self.pool.get().await {
                Ok(client) => {
                    let answered = tokio::time::timeout(self.wait, answered(&client, question, about));
                    let broken = match answered.await {
                        Ok(Ok(rows)) => return Ok(rows),
                        Ok(Err(why)) => Broken::from(why),
                        Err(_) => Broken::Again("the database does not answer".to_owned()),
                    };
                    // What is wrong with it is not known: nobody else gets it.
                    drop(Object::take(client));
                    broken
                }
                Err(PoolError::Backend(why)) => Broken::from(why),
                Err(why) => Broken::Again(why.to_string()),
            };
            match broken {
                Broken::Again(_) if began.elapsed() < self.wait => tokio::time::sleep(PAUSE).await,
                Broken::Again(why) => return Err(StoreError::Away(why)),
                Broken::Never(why) => return Err(StoreError::Stopped(format!("the database: {why}"))),
            }
        }
    }
}

/// Held by one node at a time.
pub struct Alone {
    _until_closed: Client,
}

async fn answered(
    client: &Object, question: &str, about: &[&(dyn ToSql + Sync)],
) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
    let question = client.prepare_cached(question).await?;
    client.query(&question, about).await
}

#[expect(clippy::disallowed_methods, reason = "bounds how long callers wait; decides nothing")]
fn now() -> Instant {
    Instant::now()
}

fn decoded(key: &[u8], octets: &[u8]) -> Result<Row, StoreError> {
    row::decode(octets).map_err(|why| StoreError::Unreadable { key: show_key(key), why })
}

impl Store for Postgres {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        Box::pin(async move { ordered(&keys, &self.asked(question::ROWS, &[&keys]).await?) })
    }

    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        Box::pin(async move {
            let Some(span) = Span::of(&prefix, from.as_deref(), limit, back) else { return Ok(Vec::new()) };
            let (question, about) = span.question(back);
            self.asked(question, &about).await?.iter().map(pair).collect()
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(self.writer.commit(batch))
    }

    fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    fn refuses(&self) -> Option<String> {
        self.writer.refuses()
    }

    fn meters(&self) -> Option<&Meters> {
        Some(self.writer.meters())
    }
}

/// What readers ask.
mod question {
    /// The rows of these keys.
    pub(super) const ROWS: &str = "SELECT k, v FROM kv WHERE k = ANY($1)";

    /// The rows from one key to before another.
    pub(super) const fn between(back: bool) -> &'static str {
        match back {
            false => "SELECT k, v FROM kv WHERE k >= $1 AND k < $2 ORDER BY k LIMIT $3",
            true => "SELECT k, v FROM kv WHERE k >= $1 AND k < $2 ORDER BY k DESC LIMIT $3",
        }
    }

    /// The rows from one key to the end.
    pub(super) const fn onward(back: bool) -> &'static str {
        match back {
            false => "SELECT k, v FROM kv WHERE k >= $1 ORDER BY k LIMIT $2",
            true => "SELECT k, v FROM kv WHERE k >= $1 ORDER BY k DESC LIMIT $2",
        }
    }
}

/// What a scan reads: from one key, to before another or to the end, and how many rows at most.
struct Span {
    low: Key,
    high: Option<Key>,
    most: i64,
}

impl Span {
    /// `None` where nothing can be.
    fn of(prefix: &[u8], from: Option<&[u8]>, limit: usize, back: bool) -> Option<Self> {
        let range = keys::range(prefix, from, back)?;
        let (low, high) = range.as_ref();
        // An excluded key is followed by itself and one octet of zero.
        let after = |key: &[u8]| [key, &[0]].concat();
        let low = match low {
            Bound::Included(key) => key.to_vec(),
            Bound::Excluded(key) => after(key),
            Bound::Unbounded => Vec::new(),
        };
        let high = match high {
            Bound::Included(key) => Some(after(key)),
            Bound::Excluded(key) => Some(key.to_vec()),
            Bound::Unbounded => None,
        };
        Some(Self { low, high, most: i64::try_from(limit).unwrap_or(i64::MAX) })
    }

    fn question(&self, back: bool) -> (&'static str, Vec<&(dyn ToSql + Sync)>) {
        match &self.high {
            Some(high) => (question::between(back), vec![&self.low, high, &self.most]),
            None => (question::onward(back), vec![&self.low, &self.most]),
        }
    }
}

/// The rows of these keys, in their order.
fn ordered(keys: &[Key], found: &[tokio_postgres::Row]) -> Result<Vec<Option<Row>>, StoreError> {
    let mut rows = BTreeMap::new();
    for one in found {
        let key: &[u8] = one.get(0);
        rows.insert(key, decoded(key, one.get(1))?);
    }
    Ok(keys.iter().map(|key| rows.get(key.as_slice()).cloned()).collect())
}

fn pair(one: &tokio_postgres::Row) -> Result<(Key, Row), StoreError> {
    let key: Key = one.get(0);
    let row = decoded(&key, one.get(1))?;
    Ok((key, row))
}
