//! What leaves: SMS, payouts, refunds, letters, events to partners. A worker per kind claims what is due, sends it outside of
//! any turn, and brings what came of it back in as a turn of its own. Sending may happen twice
//! when we die in between; so every sending is safe to repeat (an SMS is read twice, a payout or
//! refund carries the same id).

mod hooks;
mod letters;
mod line;
mod money;
mod prompts;
mod texts;

use super::Engine;
use super::lanes::guarded;
use super::meters;
use super::port::SmsSender;
use super::record::Cause;
use super::turn::TRIES;
use super::work::{Fault, Work, shard};
use crate::store::StoreError;
use crate::store::outbox::{self, Claimed};
use crate::types::Timestamp;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
pub(super) use line::Lines;
pub(super) use money::{heard, named as payout_name};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The kinds of sending, each with a worker of its own.
const ALL: [u8; 5] = [shard::SMS, shard::MONEY, shard::CARD, shard::MAIL, shard::HOOKS];
/// How long a claim lasts: longer than anything that is in hand stays there, since what is claimed
/// twice is sent twice.
const LEASE: Duration = Duration::from_secs(600);
/// An item that has waited behind others until less than this is left of its claim goes back.
const LEAST_LEASE: Duration = Duration::from_secs(240);
/// So many free places are worth a look into the store before the next nap ends.
const WORTH_A_LOOK: usize = 32;
/// The longest nap between two looks at an empty outbox.
const LOOK: Duration = Duration::from_millis(200);

/// One kind of sending.
trait Sending: Send + Sync {
    /// Where its items are.
    fn shard(&self) -> u8;

    /// How many of them are in hand at most.
    fn most(&self) -> usize;

    /// Items with the same key go one after the other, in the order they were decided in.
    fn key(&self, _item: &Claimed) -> Option<u64> {
        None
    }

    /// How many more could leave now.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// Sends an item and settles it. With `held` one of its key that was decided before it waits until
    /// then, and so should this one. Gives when it was put off to, if it was.
    fn send(&self, item: Claimed, held: Option<Timestamp>) -> BoxFuture<'_, Option<Timestamp>>;
}

/// Runs all workers until told to stop, or until the store stops, which they tell by `stop`;
/// resolves when what they hold is settled. One program does this at a time ([`super::nodes::duty`]), so
/// what is claimed at the start was claimed by one that is gone.
pub async fn run(engine: Arc<Engine>, sms: Arc<dyn SmsSender>, stop: CancellationToken) {
    for shard in ALL {
        match outbox::release(&*engine.store, shard, engine.clock.now()).await {
            Ok(0) => {}
            Ok(items) => tracing::info!(items, shard, "an earlier run left these unsettled; they go again"),
            // The lease ends all the same.
            Err(why) => troubled(&why, shard, &stop),
        }
    }
    engine.line_up(|| true).await;
    futures_util::future::join_all(Worker::all(&engine, sms).map(|worker| worker.run(&stop))).await;
}

/// The workers in the hand of a simulation, where no time passes by itself: what is due leaves when
/// they are told.
pub struct ByHand([Worker; ALL.len()]);

impl ByHand {
    /// Workers of a start: what an earlier run claimed is due at once.
    pub async fn start(engine: &Arc<Engine>, sms: Arc<dyn SmsSender>) -> Result<Self, StoreError> {
        for shard in ALL {
            outbox::release(&*engine.store, shard, engine.clock.now()).await?;
        }
        engine.line_up(|| true).await;
        Ok(Self(Worker::all(engine, sms)))
    }

    /// Sends and settles everything that is due now; how much that was.
    pub async fn step(&mut self) -> Result<usize, StoreError> {
        let mut sent = 0;
        for worker in &mut self.0 {
            loop {
                let (taken, _) = worker.take_due().await?;
                while let Some(done) = worker.under_way.next().await {
                    worker.finished(done);
                }
                if taken == 0 {
                    break;
                }
                sent += taken;
            }
        }
        Ok(sent)
    }
}

/// The store did not do its part. One that stopped does nothing more before the next start.
fn troubled(why: &StoreError, shard: u8, stop: &CancellationToken) {
    match why {
        StoreError::Stopped(_) if stop.is_cancelled() => {}
        StoreError::Stopped(_) => {
            tracing::error!(%why, "ALARM: the store stopped, so the service ends");
            stop.cancel();
        }
        _ => tracing::error!(%why, shard, "outbox"),
    }
}

/// An item among those of its key: ids sort as they were decided.
type Place = (u64, Vec<u8>);

/// What is in hand of one kind: one slow sending holds up nobody but those of its own key.
struct Worker {
    engine: Arc<Engine>,
    kind: Arc<dyn Sending>,
    /// One for each key that is busy, and one for each item without a key.
    under_way: FuturesUnordered<BoxFuture<'static, (Option<Place>, Option<Timestamp>)>>,
    /// Claimed items behind the one of their key that is under way, in the order they were decided.
    behind: BTreeMap<u64, BTreeMap<Vec<u8>, Claimed>>,
    /// How many of them.
    waiting: usize,
    /// Items that were put off, and until when: they stay here until they are settled, so that none
    /// decided later goes before them, not even when it is claimed first.
    put_off: BTreeMap<Place, Timestamp>,
}

impl Worker {
    /// One for each kind.
    fn all(engine: &Arc<Engine>, sender: Arc<dyn SmsSender>) -> [Self; ALL.len()] {
        let own = || Arc::clone(engine);
        let kinds: [Arc<dyn Sending>; ALL.len()] = [
            Arc::new(texts::Texts { engine: own(), sender }),
            Arc::new(money::Payouts(own())),
            Arc::new(money::Refunds(own())),
            Arc::new(letters::Letters(own())),
            Arc::new(hooks::Hooks::new(own())),
        ];
        kinds.map(|kind| Self::new(own(), kind))
    }

    fn new(engine: Arc<Engine>, kind: Arc<dyn Sending>) -> Self {
        Self {
            engine,
            kind,
            under_way: FuturesUnordered::new(),
            behind: BTreeMap::new(),
            waiting: 0,
            put_off: BTreeMap::new(),
        }
    }

    /// Claims and sends until `stop`, then ends what is in hand.
    async fn run(mut self, stop: &CancellationToken) {
        let engine = Arc::clone(&self.engine);
        let wake = &engine.wake[usize::from(self.kind.shard())];
        while !stop.is_cancelled() {
            if self.claim(stop).await {
                continue;
            }
            let nap = tokio::time::sleep(LOOK);
            tokio::pin!(nap);
            loop {
                tokio::select! {
                    Some(done) = self.under_way.next() => {
                        self.finished(done);
                        if self.free() >= WORTH_A_LOOK {
                            break;
                        }
                    }
                    () = stop.cancelled() => break,
                    () = wake.notified() => break,
                    () = &mut nap => break,
                }
            }
        }
        // What waits behind others is claimed by the next start.
        self.behind.clear();
        while let Some(done) = self.under_way.next().await {
            self.finished(done);
        }
    }

    fn free(&self) -> usize {
        self.kind.most().saturating_sub(self.under_way.len() + self.waiting)
    }

    /// Takes up what is due and has room; true when there may be more.
    async fn claim(&mut self, stop: &CancellationToken) -> bool {
        match self.take_due().await {
            Ok((_, full)) => full && self.free() > 0 && self.kind.room() > 0,
            Err(why) => {
                troubled(&why, self.kind.shard(), stop);
                false
            }
        }
    }

    /// The same; how many that were, and whether there was room for no more.
    async fn take_due(&mut self) -> Result<(usize, bool), StoreError> {
        let (now, shard) = (self.engine.clock.now(), self.kind.shard());
        let most = self.free().min(self.kind.room());
        if most == 0 {
            return Ok((0, false));
        }
        let mut items = outbox::claim(&*self.engine.store, shard, now, most, now.after(LEASE)).await?;
        let taken = items.len();
        // Of one key the one that was decided first goes first, whichever fell due first.
        items.sort_by(|one, other| one.id.cmp(&other.id));
        items.into_iter().for_each(|item| self.take_up(item));
        Ok((taken, taken == most))
    }

    fn take_up(&mut self, item: Claimed) {
        let key = self.kind.key(&item);
        match key.and_then(|key| self.behind.get_mut(&key)) {
            Some(behind) => {
                behind.insert(item.id.clone(), item);
                self.waiting += 1;
            }
            None => {
                if let Some(key) = key {
                    self.behind.insert(key, BTreeMap::new());
                }
                self.start(key, item);
            }
        }
    }

    fn start(&mut self, key: Option<u64>, item: Claimed) {
        let now = self.engine.clock.now();
        let place = key.map(|key| (key, item.id.clone()));
        let held = place.as_ref().and_then(|place| self.held(place, now));
        let tired = item.until.since(now) < LEAST_LEASE;
        let kind = Arc::clone(&self.kind);
        let span = tracing::debug_span!(
            target: "sokoni::trace",
            "outbox.send",
            kind = meters::kind(kind.shard()),
            put_off = tracing::field::Empty,
        );
        let engine = Arc::clone(&self.engine);
        self.under_way.push(Box::pin(async move {
            let held = held.or(tired.then_some(now));
            // What a panic leaves behind is claimed again when its lease ends.
            let put_off = guarded(kind.send(item, held).instrument(span.clone())).await.flatten();
            span.record("put_off", put_off.is_some());
            engine.meters.sent(kind.shard(), put_off.is_some());
            (place, put_off)
        }));
    }

    /// Until when an item waits for those of its key that were decided before it.
    fn held(&self, place: &Place, now: Timestamp) -> Option<Timestamp> {
        let first = (place.0, Vec::new());
        let until = self.put_off.range(first..place.clone()).map(|(_, until)| *until).max()?;
        // One that is due is claimed next; it has its turn first.
        Some(if until > now { until } else { now.after(LOOK) })
    }

    fn finished(&mut self, (place, put_off): (Option<Place>, Option<Timestamp>)) {
        let Some(place) = place else { return };
        let key = place.0;
        match put_off {
            Some(until) => drop(self.put_off.insert(place, until)),
            None => drop(self.put_off.remove(&place)),
        }
        match self.behind.get_mut(&key).and_then(BTreeMap::pop_first) {
            Some((_, next)) => {
                self.waiting -= 1;
                self.start(Some(key), next);
            }
            None => drop(self.behind.remove(&key)),
        }
    }
}

impl Engine {
    /// Settles a claimed item in a turn of its own.
    pub(super) async fn settle<'e, F>(&'e self, item: &Claimed, decide: impl Fn(Work<'e>, Timestamp) -> F)
    where
        F: Future<Output = Result<Work<'e>, Fault>>,
    {
        let id = String::from_utf8_lossy(&item.id).into_owned();
        for _ in 0..TRIES {
            let now = self.clock.now();
            let done = async {
                let work = decide(self.work(now)?, now).await?;
                self.commit(work, Cause::Sent(id.clone()), None).await.map(drop)
            };
            match done.await {
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => return tracing::error!(id, %fault, "an item of the outbox cannot be settled"),
                Ok(()) => return,
            }
        }
        // The lease ends and somebody tries again; what was sent is safe to send again.
        tracing::warn!(id, "an item of the outbox was settled by somebody else, or will be tried again");
    }

    async fn park(&self, item: &Claimed, why: &str) {
        tracing::error!(why, "ALARM: an item of the outbox is given up and parked");
        self.settle(item, |mut work, now| async move {
            item.park(work.extra(), now, why);
            Ok(work)
        })
        .await;
    }

    async fn drop_item(&self, item: &Claimed) {
        self.settle(item, |mut work, _| async move {
            item.done(work.extra());
            Ok(work)
        })
        .await;
    }
}

#[cfg(test)]
mod tests;
