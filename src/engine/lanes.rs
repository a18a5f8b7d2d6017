//! One lane per subscriber: a fixed number of tasks, each with a bounded queue. Two inputs of one
//! subscriber never run at once, and a full queue is answered "busy" instead of being let grow.

use super::Engine;
use super::port::{Busy, Kept, PartIn, ReceiptIn, SmsIn, Subscribers, UssdIn, UssdOut};
use crate::types::Msisdn;
use futures_util::future::{BoxFuture, FutureExt};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// What a lane takes. A waiter that went away is no reason not to do the work.
enum Job {
    Ussd(Box<UssdIn>, oneshot::Sender<UssdOut>),
    Sms(Box<SmsIn>, oneshot::Sender<Result<Kept, Busy>>),
    Part(Box<PartIn>, oneshot::Sender<Result<(), Busy>>),
    Receipt(Box<ReceiptIn>, oneshot::Sender<Result<(), Busy>>),
}

/// The lanes. Cloning is cheap; the tasks end when the last clone is dropped and the queues are
/// empty, which [`Lanes::drained`] waits for.
#[derive(Clone)]
pub struct Lanes {
    lanes: Arc<[mpsc::Sender<Job>]>,
    tasks: TaskTracker,
}

impl Lanes {
    /// Starts `count` lanes that queue at most `depth` inputs each.
    pub fn start(engine: &Arc<Engine>, count: usize, depth: usize) -> Self {
        let tasks = TaskTracker::new();
        let lanes = (0..count.max(1))
            .map(|_| {
                let (queue, jobs) = mpsc::channel(depth.max(1));
                tasks.spawn(run(Arc::clone(engine), jobs));
                queue
            })
            .collect();
        tasks.close();
        Self { lanes, tasks }
    }

    /// Resolves when every lane has done what it had taken and no clone can hand it more.
    pub async fn drained(self) {
        let Self { lanes, tasks } = self;
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

async fn run(engine: Arc<Engine>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Ussd(input, waiter) => {
                let broken = || UssdOut::End(engine.menus.words("fault_screen", engine.house.lang));
                let (who, came) = (input.msisdn, input.at);
                let out = guarded(engine.ussd_turn(*input)).await.unwrap_or_else(broken);
                engine.pace.answered(who, came, engine.clock.now(), matches!(out, UssdOut::Ask(_)));
                let _ = waiter.send(out);
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
        lane.try_send(Job::Ussd(Box::new(input), waiter)).map_err(|_| Busy)?;
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
