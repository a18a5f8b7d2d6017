//! Groups of batches: what waits while one is written is the next.

use super::link::{Broken, Link};
use super::{PAUSE, decoded, now};
use crate::store::batch::{Batch, Committed, show_key};
use crate::store::journal::Head;
use crate::store::judge::{self, Group};
use crate::store::meters::Meters;
use crate::store::writer::{MAX_BATCHES, QUEUE};
use crate::store::{Key, StoreError, keys, row};
use futures_util::future::join4;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Statement};

type Verdict = Result<Committed, StoreError>;

struct Wish {
    batch: Batch,
    answer: oneshot::Sender<Verdict>,
}

/// The committers' end.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Wish>,
    stopped: Arc<OnceLock<String>>,
    meters: Meters,
}

impl Writer {
    /// Starts the task that writes. It ends when nobody can commit any more, after what waits is written.
    pub(super) fn start(
        link: Link, node: String, (wait, patience): (Duration, Duration), position: Arc<AtomicU64>,
    ) -> Self {
        let (queue, wishes) = mpsc::channel(QUEUE);
        let (stopped, meters) = (Arc::new(OnceLock::new()), Meters::default());
        let hand = Hand { link, node, wait, patience, position, last: 0, pen: None };
        tokio::spawn(run(hand, wishes, Arc::clone(&stopped), meters.clone()));
        Self { queue, stopped, meters }
    }

    /// What it did.
    pub(super) const fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Why it takes no commits any more, once it has stopped.
    pub(super) fn refuses(&self) -> Option<String> {
        self.stopped.get().cloned()
    }

    /// Hands over a batch, waiting for a place in the queue; resolves when it is durable.
    pub(super) async fn commit(&self, batch: Batch) -> Verdict {
        let (answer, answered) = oneshot::channel();
        let gone = || {
            let why = self.stopped.get().map_or("it was closed", String::as_str);
            StoreError::Stopped(why.to_owned())
        };
        self.queue.send(Wish { batch, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// A connection that writes, with what it asks prepared.
struct Pen {
    client: Client,
    gate: Statement,
    mark: Statement,
    read: Statement,
    put: Statement,
    delete: Statement,
    marked: Statement,
}

impl Pen {
    async fn new(client: Client) -> Result<Self, Broken> {
        let gate = client.prepare("SELECT only_one FROM gate FOR UPDATE").await?;
        let mark = client.prepare("SELECT last FROM writer WHERE node = $1").await?;
        let read = client.prepare("SELECT k, v FROM kv WHERE k = ANY($1)").await?;
        let put = "INSERT INTO kv SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
                   ON CONFLICT (k) DO UPDATE SET v = excluded.v";
        let put = client.prepare(put).await?;
        let delete = client.prepare("DELETE FROM kv WHERE k = ANY($1)").await?;
        let marked = "INSERT INTO writer (node, last) VALUES ($1, $2) \
                      ON CONFLICT (node) DO UPDATE SET last = excluded.last, at = now()";
        let marked = client.prepare(marked).await?;
        Ok(Self { client, gate, mark, read, put, delete, marked })
    }
}

struct Hand {
    link: Link,
    node: String,
    wait: Duration,
    /// How long one half of a group may take. The database itself may not stop a commit that waits for a
    /// standby: it would call it done.
    patience: Duration,
    position: Arc<AtomicU64>,
    /// The number of the group that was written last.
    last: i64,
    pen: Option<Pen>,
}

/// How a try to write a group ended that did not go well.
enum Failed {
    /// Nothing of it was written.
    Not(Broken),
    /// The answer was lost: these verdicts hold if the mark says that it was written.
    Unknown(Broken, Head, Vec<Verdict>),
}

async fn run(
    mut hand: Hand, mut wishes: mpsc::Receiver<Wish>, stopped: Arc<OnceLock<String>>, meters: Meters,
) {
    let mut next = None;
    while let Some(first) = match next.take() {
        Some(wish) => Some(wish),
        None => wishes.recv().await,
    } {
        let mut octets = judge::size(&first.batch);
        let mut waiting = vec![first];
        while waiting.len() < MAX_BATCHES {
            let Ok(wish) = wishes.try_recv() else { break };
            octets += judge::size(&wish.batch);
            if octets > judge::MAX_GROUP {
                next = Some(wish);
                break;
            }
            waiting.push(wish);
        }
        let batches: Vec<Batch> = waiting.iter().map(|wish| wish.batch.clone()).collect();
        let began = now();
        match hand.written(&batches).await {
            Ok(verdicts) => {
                let wrote = verdicts.iter().any(Result::is_ok);
                meters.group(verdicts.iter(), wrote.then(|| (octets, began.elapsed())));
                for (wish, verdict) in waiting.into_iter().zip(verdicts) {
                    // A committer that left does not change what was written.
                    let _ = wish.answer.send(verdict);
                }
            }
            Err(StoreError::Stopped(why)) => {
                tracing::error!(why, "the store stops");
                let why = stopped.get_or_init(|| why).clone();
                wishes.close();
                for wish in waiting.into_iter().chain(next.take()) {
                    let _ = wish.answer.send(Err(StoreError::Stopped(why.clone())));
                }
                while let Some(wish) = wishes.recv().await {
                    let _ = wish.answer.send(Err(StoreError::Stopped(why.clone())));
                }
                return;
            }
            Err(why) => {
                for wish in waiting {
                    let _ = wish.answer.send(Err(why.clone()));
                }
            }
        }
    }
}

/// The rows that judging a batch needs.
fn named(batch: &Batch, all: &mut BTreeSet<Key>) {
    all.extend(batch.ops.iter().map(|op| op.key.clone()));
    if let Some(mark) = &batch.inbox {
        all.extend(keys::inbox_earlier(&mark.key));
        all.insert(mark.key.clone());
    }
    all.extend(batch.redact.iter().map(|new| keys::journal(new.position, new.index)));
}

impl Hand {
    /// Writes the group, however often the database goes away meanwhile. What may have been written is
    /// waited for until that is known; what was not, only so long.
    async fn written(&mut self, batches: &[Batch]) -> Result<Vec<Verdict>, StoreError> {
        let began = now();
        let mut unknown: Option<(Head, Vec<Verdict>)> = None;
        loop {
            let failed = match self.attempt(batches, &mut unknown).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(failed) => failed,
            };
            self.pen = None;
            let broken = match failed {
                Failed::Not(broken) => broken,
                Failed::Unknown(broken, head, verdicts) => {
                    unknown = Some((head, verdicts));
                    broken
                }
            };
            match (broken, &unknown) {
                (Broken::Never(why), _) => return Err(StoreError::Stopped(format!("the database: {why}"))),
                (Broken::Again(why), None) if began.elapsed() >= self.wait => {
                    return Err(StoreError::Away(why));
                }
                (Broken::Again(why), _) => tracing::warn!(why, "the database is asked again"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn attempt(
        &mut self, batches: &[Batch], unknown: &mut Option<(Head, Vec<Verdict>)>,
    ) -> Result<Vec<Verdict>, Failed> {
        let not = |why: tokio_postgres::Error| Failed::Not(why.into());
        if self.pen.is_none() {
            let client = self.link.open_to_write().await.map_err(Failed::Not)?;
            self.pen = Some(Pen::new(client).await.map_err(Failed::Not)?);
        }
        let Some(pen) = &self.pen else { return Err(Failed::Not(Broken::Again(String::new()))) };
        let mut all = BTreeSet::from([keys::head()]);
        batches.iter().for_each(|batch| named(batch, &mut all));
        let wanted: Vec<&Key> = all.iter().collect();
        // Sent at once; the database does one after the other, and reads only behind the gate.
        let behind = async {
            join4(
                pen.client.batch_execute("BEGIN"),
                pen.client.query(&pen.gate, &[]),
                pen.client.query(&pen.mark, &[&self.node]),
                pen.client.query(&pen.read, &[&wanted]),
            )
            .await
        };
        let Ok((began, gate, mark, found)) = tokio::time::timeout(self.patience, behind).await else {
            return Err(Failed::Not(late()));
        };
        began.map_err(not)?;
        gate.map_err(not)?;
        let mark: Option<i64> = mark.map_err(not)?.first().map(|row| row.get(0));
        let found = found.map_err(not)?;
        if let Some((head, verdicts)) = unknown.take()
            && mark == Some(self.last + 1)
        {
            // It is there, and a standby that commits wait for need not have it yet: only what is committed after it
            // says so.
            let number = self.last + 1;
            let said = async {
                pen.client.execute(&pen.marked, &[&self.node, &number]).await?;
                pen.client.batch_execute("COMMIT").await
            };
            match tokio::time::timeout(self.patience, said).await {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Err(Failed::Unknown(why.into(), head, verdicts)),
                Err(_) => return Err(Failed::Unknown(late(), head, verdicts)),
            }
            self.reached(head);
            return Ok(verdicts);
        }
        let mut rows = BTreeMap::new();
        for one in &found {
            let key: &[u8] = one.get(0);
            let row = decoded(key, one.get(1)).map_err(|why| Failed::Not(Broken::Never(why.to_string())))?;
            rows.insert(key, row);
        }
        let head = match rows.get(keys::head().as_slice()) {
            None => Head::START,
            Some(row) => Head::from_octets(&row.octets())
                .ok_or_else(|| Failed::Not(Broken::Never("its head cannot be read".to_owned())))?,
        };
        let told = self.position.load(Ordering::Acquire);
        if head.position < told {
            return Err(Failed::Not(Broken::Never(format!(
                "it stands at position {} and {told} was acknowledged: commits are lost, as by a fail-over to a \
                 standby that did not have them; restore one that has",
                head.position
            ))));
        }
        let mut group = Group::new(head);
        let mut load = |key: &[u8]| match all.contains(key) {
            true => Ok(rows.get(key).cloned()),
            false => Err(StoreError::Stopped(format!("row {} was judged and not read", show_key(key)))),
        };
        let verdicts: Vec<Verdict> =
            batches.iter().map(|batch| group.judge(batch.clone(), &mut load)).collect();
        if group.head() == head {
            pen.client.batch_execute("ROLLBACK").await.map_err(not)?;
            return Ok(verdicts);
        }
        let (mut put, mut values, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (key, _, now) in group.writes() {
            match now {
                Some(now) => {
                    put.push(key);
                    values.push(row::encode(&now));
                }
                None => gone.push(key),
            }
        }
        let number = self.last + 1;
        let sent = async {
            join4(
                pen.client.execute(&pen.put, &[&put, &values]),
                pen.client.execute(&pen.delete, &[&gone]),
                pen.client.execute(&pen.marked, &[&self.node, &number]),
                // What failed before makes of this a ROLLBACK, whatever it is called.
                pen.client.batch_execute("COMMIT"),
            )
            .await
        };
        let Ok((put, gone, marked, done)) = tokio::time::timeout(self.patience, sent).await else {
            return Err(Failed::Unknown(late(), group.head(), verdicts));
        };
        if let Err(why) = done {
            return Err(Failed::Unknown(why.into(), group.head(), verdicts));
        }
        if let Some(why) = [put, gone, marked].into_iter().find_map(Result::err) {
            return Err(not(why));
        }
        self.reached(group.head());
        Ok(verdicts)
    }

    fn reached(&mut self, head: Head) {
        self.last += 1;
        self.position.fetch_max(head.position, Ordering::AcqRel);
    }
}

fn late() -> Broken {
    Broken::Again("the database does not answer".to_owned())
}
