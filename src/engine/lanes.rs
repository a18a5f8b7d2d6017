//! One lane per subscriber: a fixed number of tasks, each with a bounded queue. Two inputs of one
//! subscriber never run at once, and a full queue is answered "busy" instead of being let grow.

use super::Engine;
use super::meters::Outcome;
use super::port::{Busy, GatewayId, Kept, PartIn, ReceiptIn, SmsIn, Subscribers, UssdEvent, UssdIn, UssdOut};
use crate::types::Msisdn;
use futures_util::future::{BoxFuture, FutureExt};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// What a lane takes. A waiter that went away is no reason not to do the work.
enum Job {
    Ussd(Box<UssdIn>, oneshot::Sender<UssdOut>),
    Sms(Box<SmsIn>, oneshot::Sender<Result<Kept, Busy>>),
    Part(Box<PartIn>, oneshot::Sender<Result<(), Busy>>),
    Receipt(Box<ReceiptIn>, oneshot::Sender<Result<(), Busy>>),
}

/// How long each gateway waits for a screen.
pub type Windows = BTreeMap<GatewayId, Duration>;

/// The lanes. Cloning is cheap; the tasks end when the last clone is dropped and the queues are
/// empty, which [`Lanes::drained`] waits for.
#[derive(Clone)]
pub struct Lanes {
    lanes: Arc<[mpsc::Sender<Job>]>,
    tasks: TaskTracker,
    engine: Arc<Engine>,
}

impl Lanes {
    /// Starts `count` lanes that queue at most `depth` inputs each. A step that has waited three quarters of
    /// its gateway's window is not worked on ([`Engine::ussd_step`]). She is told to dial again while she can
    /// still be told; what she pressed has done nothing.
    pub fn start(engine: &Arc<Engine>, count: usize, depth: usize, windows: Windows) -> Self {
        let (tasks, windows) = (TaskTracker::new(), Arc::new(windows));
        let lanes = (0..count.max(1))
            .map(|_| {
                let (queue, jobs) = mpsc::channel(depth.max(1));
                tasks.spawn(run(Arc::clone(engine), jobs, Arc::clone(&windows)));
                queue
            })
            .collect();
        tasks.close();
        Self { lanes, tasks, engine: Arc::clone(engine) }
    }

    /// Resolves when every lane has done what it had taken and no clone can hand it more.
    pub async fn drained(self) {
        let Self { lanes, tasks, .. } = self;
        drop(lanes);
        tasks.wait().await;
    }

    fn lane(&self, key: u64) -> &mpsc::Sender<Job> {
        // Fibonacci hashing: numbers of one operator differ in their last digits only.
        let spread = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        &self.lanes[spread as usize % self.lanes.len()]
    }

    fn of(&self, subscriber: Msisdn) -> &mpsc::Sender<Job> {
        self.lane(subscriber.number())
    }
}

async fn run(engine: Arc<Engine>, mut jobs: mpsc::Receiver<Job>, windows: Arc<Windows>) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Ussd(input, waiter) => {
                let _ = waiter.send(step(&engine, *input, &windows).await);
            }
            Job::Sms(input, waiter) => {
                let _ = waiter.send(guarded(engine.sms_turn(*input)).await.unwrap_or(Err(Busy)));
            }
            Job::Part(input, waiter) => {
                let _ = waiter.send(guarded(engine.part_turn(*input)).await.unwrap_or(Err(Busy)));
            }
            Job::Receipt(input, waiter) => {
                let _ = waiter.send(guarded(engine.receipt_turn(*input)).await.unwrap_or(Err(Busy)));
            }
        }
    }
}

/// A step and its screen, measured.
async fn step(engine: &Engine, input: UssdIn, windows: &Windows) -> UssdOut {
    let (who, came) = (input.msisdn, input.at);
    let span = tracing::debug_span!(
        target: "sokoni::trace",
        "ussd.turn",
        gateway = &*input.gateway,
        dialog = tracing::field::Empty,
        tree = tracing::field::Empty,
        screen = tracing::field::Empty,
        outcome = tracing::field::Empty,
    );
    let late = is_late(&input, engine.clock.now().since(came), windows);
    let out = match guarded(engine.ussd_step(input, late).instrument(span.clone())).await {
        Some(out) => out,
        None => {
            engine.meters.turn(Outcome::Fault);
            UssdOut::End(engine.menus.words("fault_screen", engine.house.lang))
        }
    };
    let outcome = Outcome::of(&out);
    span.record("outcome", outcome.word());
    let now = engine.clock.now();
    engine.meters.turn(outcome);
    engine.meters.answered(now.since(came));
    engine.pace.answered(who, came, now, outcome == Outcome::Ask);
    out
}

/// Whether a step has waited for so long that it is not worked on. What only tells us of a call is always
/// taken in: nobody waits for it.
fn is_late(input: &UssdIn, waited: Duration, windows: &Windows) -> bool {
    let asks = matches!(input.event, UssdEvent::Begin(_) | UssdEvent::Reply(_) | UssdEvent::Heard(_));
    asks && windows.get(&input.gateway).is_some_and(|window| waited >= *window * 3 / 4)
}

/// What a piece of work comes to; `None` when it panicked. Nothing of it was committed then, and
/// whoever runs it goes on with the next: one input must not silence everybody behind it.
pub(super) async fn guarded<T>(work: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.inspect_err(|_| {
        tracing::error!("ALARM: a piece of work panicked; the panic stands in the log above")
    })
    .ok()
}

impl Subscribers for Lanes {
    fn ussd(&self, input: UssdIn) -> Result<BoxFuture<'static, UssdOut>, Busy> {
        let (waiter, answer) = oneshot::channel();
        let lane = self.of(input.msisdn);
        lane.try_send(Job::Ussd(Box::new(input), waiter)).map_err(|_| {
            self.engine.meters.turn(Outcome::Busy);
            Busy
        })?;
        Ok(Box::pin(async move { answer.await.unwrap_or(UssdOut::Nothing) }))
    }

    fn sms(&self, input: SmsIn) -> Result<BoxFuture<'static, Result<Kept, Busy>>, Busy> {
        let (waiter, answer) = oneshot::channel();
        let lane = self.of(input.from);
        lane.try_send(Job::Sms(Box::new(input), waiter)).map_err(|_| Busy)?;
        Ok(Box::pin(async move { answer.await.unwrap_or(Err(Busy)) }))
    }

    fn part(&self, input: PartIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        let (waiter, answer) = oneshot::channel();
        let lane = self.of(input.from);
        lane.try_send(Job::Part(Box::new(input), waiter)).map_err(|_| Busy)?;
        Ok(Box::pin(async move { answer.await.unwrap_or(Err(Busy)) }))
    }

    fn receipt(&self, input: ReceiptIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        let (waiter, answer) = oneshot::channel();
        let key = input.message_id.bytes().fold(0u64, |n, b| n.wrapping_mul(31).wrapping_add(u64::from(b)));
        self.lane(key).try_send(Job::Receipt(Box::new(input), waiter)).map_err(|_| Busy)?;
        Ok(Box::pin(async move { answer.await.unwrap_or(Err(Busy)) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_one_piece_of_work_is_not_the_end_of_the_next() {
        let broken: Option<u8> = guarded(async { panic!("a fault of ours, wanted by this test") }).await;
        assert_eq!(broken, None);
        assert_eq!(guarded(async { 7 }).await, Some(7));
    }
}
