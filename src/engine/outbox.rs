//! What leaves: SMS, payouts, refunds. A worker per kind claims what is due, sends it outside of
//! any turn, and brings what came of it back in as a turn of its own. Sending may happen twice
//! when we die in between; so every sending is safe to repeat (an SMS is read twice, a payout or
//! refund carries the same id).

use super::lanes::guarded;
use super::port::{Sent, SmsOut, SmsSender};
use super::record::Cause;
use super::trade::{RefundOut, Text};
use super::turn::TRIES;
use super::work::{Fault, Work, shard};
use super::{Engine, port::PayOut, port::PayoutNews};
use crate::market::order::OrderCommand;
use crate::market::payout::{Heard, Payout};
use crate::store::StoreError;
use crate::store::outbox::{self, Claimed};
use crate::types::{Msisdn, PayoutId, Timestamp};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a claim lasts; a worker that died leaves its items to others after this.
const LEASE: Duration = Duration::from_secs(30);
/// How many items are claimed at once.
const AT_ONCE: usize = 32;
/// The longest nap between two looks at an empty outbox.
const LOOK: Duration = Duration::from_millis(200);
/// When an unsettled payout is asked about again: soon, then ever more seldom, for ever.
const ASK_AGAIN: [u64; 6] = [2, 5, 15, 60, 300, 900];
/// A provider that has not heard of a payout for this long never got it.
const NEVER_ARRIVED: Duration = Duration::from_secs(60);
/// An unknown payout older than this is an alarm at every question.
const OLD: Duration = Duration::from_secs(3_600);

/// Runs all workers until told to stop, or until the store stops, which they tell by `stop`; resolves when what they hold is settled. The store has
/// one holder, so what is claimed at the start was claimed by a program that is gone.
pub async fn run(engine: Arc<Engine>, sms: Arc<dyn SmsSender>, stop: CancellationToken) {
    for shard in [shard::SMS, shard::MONEY, shard::CARD] {
        match outbox::release(&*engine.store, shard, engine.clock.now()).await {
            Ok(0) => {}
            Ok(items) => tracing::info!(items, shard, "an earlier run left these unsettled; they go again"),
            // The lease ends all the same.
            Err(why @ StoreError::Stopped(_)) => {
                if !stop.is_cancelled() {
                    tracing::error!(%why, "ALARM: the store stopped, so the service ends");
                    stop.cancel();
                }
                return;
            }
            Err(why) => tracing::error!(%why, shard, "outbox"),
        }
    }
    let texts = worker(&engine, shard::SMS, stop.clone(), |items| engine.send_texts(&sms, items));
    let money = worker(&engine, shard::MONEY, stop.clone(), |items| engine.send_money(items));
    let cards = worker(&engine, shard::CARD, stop.clone(), |items| engine.send_refunds(items));
    futures_util::future::join3(texts, money, cards).await;
}

async fn worker<F: Future<Output = ()>>(
    engine: &Arc<Engine>, shard: u8, stop: CancellationToken, send: impl Fn(Vec<Claimed>) -> F,
) {
    loop {
        let now = engine.clock.now();
        match outbox::claim(&*engine.store, shard, now, AT_ONCE, now.after(LEASE)).await {
            Ok(items) if !items.is_empty() => {
                // What a panic leaves behind is claimed again when its lease ends.
                let _ = guarded(send(items)).await;
                if stop.is_cancelled() {
                    return;
                }
                continue;
            }
            Ok(_) => {}
            Err(why) => tracing::error!(%why, shard, "outbox"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.wake[usize::from(shard)].notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// How long to wait before the `attempt`-th question.
fn ask_after(attempt: u32) -> Duration {
    let at = (attempt.max(1) as usize - 1).min(ASK_AGAIN.len() - 1);
    Duration::from_secs(ASK_AGAIN[at])
}

impl Engine {
    /// Settles a claimed item in a turn of its own.
    async fn settle<'e, F>(&'e self, item: &Claimed, decide: impl Fn(Work<'e>, Timestamp) -> F)
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

    // ---- SMS -------------------------------------------------------------------------

    /// Texts to one person leave one after the other, in the order they were decided in.
    async fn send_texts(&self, sender: &Arc<dyn SmsSender>, items: Vec<Claimed>) {
        let mut by_phone: BTreeMap<Option<Msisdn>, Vec<(Claimed, Option<Text>)>> = BTreeMap::new();
        for item in items {
            let text = serde_json::from_slice::<Text>(&item.item.payload).ok();
            by_phone.entry(text.as_ref().map(|t| t.to)).or_default().push((item, text));
        }
        let one = |texts: Vec<(Claimed, Option<Text>)>| async move {
            for (item, text) in texts {
                self.send_text(sender, item, text).await;
            }
        };
        join_all(by_phone.into_values().map(one)).await;
    }

    async fn send_text(&self, sender: &Arc<dyn SmsSender>, item: Claimed, text: Option<Text>) {
        let sent = match &text {
            None => Sent::Never("it cannot be read".to_owned()),
            Some(_) if item.item.give_up < self.clock.now() => {
                Sent::Never("it is too old to be of use".to_owned())
            }
            // What she stopped meanwhile is not sent any more, and nobody need know.
            Some(text) if !self.is_wanted(text.to, text.purpose).await.unwrap_or(true) => {
                return self.drop_item(&item).await;
            }
            Some(text) => {
                let id = String::from_utf8_lossy(&item.id).into_owned();
                let Text { to, purpose, .. } = *text;
                let give_up = item.item.give_up;
                let out = SmsOut { id, to, text: text.text.clone(), purpose, give_up, gateway: None };
                sender.send(out).await
            }
        };
        let (item, text, sent) = (&item, text.as_ref(), &sent);
        self.settle(item, |mut work, now| async move {
            self.note_try(&mut work, &item.id, text, sent).await?;
            match sent {
                Sent::Taken { .. } => item.done(work.extra()),
                Sent::Later { after, why } => {
                    tracing::debug!(why, "an SMS waits");
                    item.retry(work.extra(), now.after(*after));
                }
                Sent::Never(why) => {
                    tracing::error!(why, "ALARM: an SMS is given up and parked");
                    item.park(work.extra(), now, why);
                }
            }
            Ok(work)
        })
        .await;
    }

    // ---- mobile money ----------------------------------------------------------------

    async fn send_money(&self, items: Vec<Claimed>) {
        join_all(items.iter().map(|item| self.send_payout(item))).await;
    }

    /// Asks for a payout, or asks what became of it. The item stays until the truth is known.
    async fn send_payout(&self, item: &Claimed) {
        let Ok(id) = serde_json::from_slice::<PayoutId>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let news = match self.ask_provider(id, item.item.attempt > 1).await {
            Ok(Some(news)) => news,
            Ok(None) => return self.drop_item(item).await,
            Err(fault) => return tracing::error!(payout = %id, %fault, "a payout cannot be read"),
        };
        let news = &news;
        self.settle(item, |mut work, now| async move {
            if let Some(heard) = heard(news) {
                self.hear(&mut work, id, heard).await?;
            }
            let payout = work.need::<Payout>(id).await?;
            if payout.stage.is_open() {
                if now.since(payout.asked) > OLD {
                    let age_minutes = now.since(payout.asked).as_secs() / 60;
                    tracing::error!(payout = %id, age_minutes, "ALARM: nobody knows what became of a payout");
                }
                item.retry(work.extra(), now.after(ask_after(item.item.attempt)));
            } else {
                item.done(work.extra());
            }
            Ok(work)
        })
        .await;
    }

    /// What the provider says now; `None` when the payout is settled already. `again` when this is
    /// not the first try, whatever came of those before.
    async fn ask_provider(&self, id: PayoutId, again: bool) -> Result<Option<PayoutNews>, Fault> {
        use crate::market::payout::PayoutStage as S;
        let payout = self.work(self.clock.now())?.need::<Payout>(id).await?;
        Ok(match payout.stage {
            S::Asked | S::Reserved => Some(self.money.pay(self.request(&payout, again)?).await),
            S::Submitted | S::Unknown => match self.money.status(id).await {
                // It never arrived, or is still on its way: the same id again is taken once at most.
                PayoutNews::NotTaken { .. } if self.clock.now().since(payout.since) > NEVER_ARRIVED => {
                    Some(self.money.pay(self.request(&payout, again)?).await)
                }
                news => Some(news),
            },
            S::Paid | S::Failed | S::Reversed => None,
        })
    }

    fn request(&self, payout: &Payout, again: bool) -> Result<PayOut, Fault> {
        let Payout { id, to, amount, .. } = *payout;
        let shillings = u32::try_from(amount.whole())
            .map_err(|_| Fault::Broken(format!("payout {id} is no sum a provider takes")))?;
        Ok(PayOut { id, to, shillings, again })
    }

    // ---- cards -----------------------------------------------------------------------

    async fn send_refunds(&self, items: Vec<Claimed>) {
        join_all(items.iter().map(|item| self.send_refund(item))).await;
    }

    async fn send_refund(&self, item: &Claimed) {
        let Ok(out) = serde_json::from_slice::<RefundOut>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let key = String::from_utf8_lossy(&item.id).into_owned();
        let result = &self.card.refund(out.payment.clone(), out.back, key).await;
        let out = &out;
        self.settle(item, |mut work, now| async move {
            match result {
                Ok(()) => {
                    let done = OrderCommand::ConfirmRefund { round: out.round };
                    if let Err(why) = self.order_turn(&mut work, out.order, &done).await? {
                        tracing::warn!(order = %out.order, refusal = why.code(), "a refund that was not due");
                    }
                    item.done(work.extra());
                }
                Err(why) => {
                    tracing::warn!(order = %out.order, why, "a refund waits for the card processor");
                    item.retry(work.extra(), now.after(ask_after(item.item.attempt)));
                }
            }
            Ok(work)
        })
        .await;
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

/// The provider's news as the market hears them; nothing when nothing left this machine.
pub(super) fn heard(news: &PayoutNews) -> Option<Heard> {
    Some(match news.clone() {
        PayoutNews::Accepted => Heard::Accepted,
        PayoutNews::Paid { reference } => Heard::Paid { reference },
        // The provider has one word for "not paid" and "taken back days later".
        PayoutNews::Failed { why } if why == "taken back" => Heard::Reversed { why },
        PayoutNews::Failed { why } => Heard::Failed { why },
        PayoutNews::Reversed { why } => Heard::Reversed { why },
        PayoutNews::Unknown { why } => Heard::Unknown { why },
        PayoutNews::NotTaken { .. } => return None,
    })
}
