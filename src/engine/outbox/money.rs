//! Money on its way out: payouts by mobile money, refunds by the card processor. Both carry the
//! same id at every try, and neither is sent anew once its provider may have forgotten that id.

use super::Sending;
use crate::engine::Engine;
use crate::engine::cards::StrayOut;
use crate::engine::port::{NameNews, PayOut, PayoutNews};
use crate::engine::trade::RefundOut;
use crate::engine::work::{Fault, Work, shard};
use crate::market::TroubleCommand;
use crate::market::order::OrderCommand;
use crate::market::payout::{Heard, Payout, PayoutStage, TAKEN_BACK};
use crate::market::{Bulk, BulkCommand, Party};
use crate::store::outbox::{self, Claimed};
use crate::types::{PartyId, PayoutId, Timestamp, Usd};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// When an unsettled payout is asked about again: soon, then ever more seldom, for ever.
const ASK_AGAIN: [u64; 6] = [2, 5, 15, 60, 300, 900];
/// A provider that has not heard of a payout for this long never got it.
const NEVER_ARRIVED: Duration = Duration::from_secs(60);
/// An unknown payout or refund older than this is an alarm at every question.
const OLD: Duration = Duration::from_secs(3_600);

/// How often a refund looks whether a bank has answered.
const WHILE_DISPUTED: Duration = Duration::from_secs(900);

/// Payouts, and refunds, in hand at most: each holds a connection to its provider.
const IN_HAND: usize = 64;

/// Payouts.
pub(super) struct Payouts(pub Arc<Engine>);

/// Refunds.
pub(super) struct Refunds(pub Arc<Engine>);

impl Sending for Payouts {
    fn shard(&self) -> u8 {
        shard::MONEY
    }

    fn most(&self) -> usize {
        IN_HAND
    }

    fn send(&self, item: Claimed, _held: Option<Timestamp>) -> BoxFuture<'_, Option<Timestamp>> {
        Box::pin(async move {
            match item.item.kind.as_str() {
                "name" => self.0.send_name(&item).await,
                "prompt" => self.0.send_prompt(&item).await,
                _ => self.0.send_payout(&item).await,
            }
            None
        })
    }
}

impl Sending for Refunds {
    fn shard(&self) -> u8 {
        shard::CARD
    }

    fn most(&self) -> usize {
        IN_HAND
    }

    fn send(&self, item: Claimed, _held: Option<Timestamp>) -> BoxFuture<'_, Option<Timestamp>> {
        Box::pin(async move {
            match item.item.kind.as_str() {
                "stray" => self.0.send_stray(&item).await,
                _ => self.0.send_refund(&item).await,
            }
            None
        })
    }
}

/// How long to wait before the `attempt`-th question.
pub(super) fn ask_after(attempt: u32) -> Duration {
    let at = (attempt.max(1) as usize - 1).min(ASK_AGAIN.len() - 1);
    Duration::from_secs(ASK_AGAIN[at])
}

/// What is next for a payout.
enum Next {
    /// To take in what its provider said.
    News(PayoutNews),
    /// It must not leave any more.
    KeepBack,
    /// It was settled elsewhere.
    Over,
}

/// What a payout is called in the outbox.
pub(in crate::engine) fn named(id: PayoutId) -> String {
    format!("pay/{id}")
}

/// Whether its provider has never said that it knows it.
fn is_unsent(payout: &Payout) -> bool {
    matches!(payout.stage, PayoutStage::Asked | PayoutStage::Reserved)
}

/// Since when a payout may be at its provider; `None` while it is proven not to be there.
fn may_be_there(payout: &Payout, item: &Claimed) -> Option<Timestamp> {
    item.item.left.or((!is_unsent(payout)).then_some(payout.asked))
}

/// How long one waits that was held at its last look and is so old: ever longer, and never so long that
/// it would not be noticed that it may go.
fn held_for(age: Duration) -> Duration {
    (age / 4).clamp(Duration::from_secs(2), Duration::from_secs(300))
}

/// The bug of [`Bug::Resend`](crate::engine::planted::Bug::Resend).
#[cfg(feature = "planted")]
fn under_a_new_id(mut request: PayOut, item: &Claimed) -> PayOut {
    use crate::engine::planted::{Bug, has};
    if has(Bug::Resend) && item.item.left.is_some() {
        request.id = PayoutId::derived(&format!("{}/{}", request.id, item.item.attempt));
    }
    request
}

impl Engine {
    /// Asks for a payout, or asks what became of it. The item stays until the truth is known.
    async fn send_payout(&self, item: &Claimed) {
        let Ok(id) = serde_json::from_slice::<PayoutId>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let earlier = item.item.left;
        let mut item = item.clone();
        let news = match self.ask_provider(&mut item, id).await {
            Ok(Next::News(news)) => news,
            Ok(Next::KeepBack) => return self.keep_from_leaving(&item, id).await,
            Ok(Next::Over) => return self.drop_payout(&item, id).await,
            Err(fault) => return tracing::error!(payout = %id, %fault, "a payout cannot be sent"),
        };
        let (news, item) = (&news, &item);
        self.settle(item, |mut work, now| async move {
            if let Some(heard) = heard(news) {
                self.hear(&mut work, id, heard).await?;
            }
            let payout = work.need::<Payout>(id).await?;
            let mut item = item.clone();
            // Whoever does not take what was never there before has nothing of it.
            let has_nothing = matches!(
                news,
                PayoutNews::Held { .. } | PayoutNews::Short { .. } | PayoutNews::NotTaken { .. }
            );
            if has_nothing && is_unsent(&payout) && earlier.is_none() {
                item.item.left = None;
            }
            if payout.stage.is_open() {
                let since = may_be_there(&payout, &item);
                if let Some(since) = since.filter(|since| now.since(*since) > OLD) {
                    let age_minutes = now.since(since).as_secs() / 60;
                    let why = match news {
                        PayoutNews::Unknown { why }
                        | PayoutNews::Held { why }
                        | PayoutNews::Short { why }
                        | PayoutNews::NotTaken { why } => why,
                        _ => payout.why.as_deref().unwrap_or_default(),
                    };
                    tracing::error!(payout = %id, age_minutes, why, "ALARM: nobody knows what became of a payout");
                }
                // What was only held was not tried.
                let at = match news {
                    PayoutNews::Held { .. } | PayoutNews::Short { .. } => now.after(held_for(now.since(payout.asked))),
                    _ => now.after(ask_after(item.item.attempt)),
                };
                match news {
                    PayoutNews::Held { .. } | PayoutNews::Short { .. } => item.untried(work.extra(), at),
                    _ => item.retry(work.extra(), at),
                }
                self.stands_in_line(&mut work, &payout, &item, Some(at)).await?;
            } else {
                item.done(work.extra());
                self.stands_in_line(&mut work, &payout, &item, None).await?;
            }
            Ok(work)
        })
        .await;
    }

    /// It never left, and does not any more: the money is hers again, and she is told why.
    async fn keep_from_leaving(&self, item: &Claimed, id: PayoutId) {
        self.settle(item, |mut work, now| async move {
            let kept = self.keep_back(&mut work, id).await?;
            let payout = work.need::<Payout>(id).await?;
            match kept || !payout.stage.is_open() {
                true => {
                    item.done(work.extra());
                    self.stands_in_line(&mut work, &payout, item, None).await?;
                }
                // What stood in its way has gone meanwhile.
                false => item.clone().untried(work.extra(), now),
            }
            Ok(work)
        })
        .await;
    }

    /// It was settled elsewhere: nobody waits for it any more.
    async fn drop_payout(&self, item: &Claimed, id: PayoutId) {
        self.settle(item, |mut work, _| async move {
            let payout = work.need::<Payout>(id).await?;
            item.done(work.extra());
            self.stands_in_line(&mut work, &payout, item, None).await?;
            Ok(work)
        })
        .await;
    }

    /// A payout that nothing was sent of stands in line until it is looked at again; one that went through
    /// makes way for the next.
    async fn stands_in_line(
        &self, work: &mut Work<'_>, payout: &Payout, item: &Claimed, until: Option<Timestamp>,
    ) -> Result<(), Fault> {
        // What may be there already is asked about, and holds up nobody.
        if until.is_some() && may_be_there(payout, item).is_none() {
            self.lines.waits(payout, until);
            return Ok(());
        }
        let Some((next, until)) = self.lines.leaves(payout) else { return Ok(()) };
        let id = named(next);
        let (now, store) = (work.now, work.store());
        if let Some(waiting) = outbox::waiting(store, shard::MONEY, until, id.as_bytes()).await? {
            waiting.hasten(work.extra(), now);
            work.wake(shard::MONEY);
        }
        Ok(())
    }

    /// Whoever waited before goes on waiting in the same order. Nothing changes where it is not `still` wanted
    /// once the rows are read: what they said may be over by then.
    pub(in crate::engine) async fn line_up(&self, still: impl Fn() -> bool) {
        let open = async {
            let left = outbox::may_have_left(&*self.store, shard::MONEY).await?;
            let mut work = self.work(self.clock.now())?;
            Ok::<_, Fault>((self.open_payouts(&mut work).await?, left))
        };
        match open.await {
            Ok(_) if !still() => {}
            Ok((open, left)) => {
                let unsent =
                    |payout: &&Payout| is_unsent(payout) && !left.contains(named(payout.id).as_bytes());
                self.lines.clear();
                open.iter().filter(unsent).for_each(|payout| self.lines.waits(payout, None));
            }
            // They line up as they are tried.
            Err(fault) => tracing::warn!(%fault, "payouts that wait cannot be read"),
        }
    }

    /// Asks whose number it is. A provider that never answers is asked a few times.
    async fn send_name(&self, item: &Claimed) {
        let Ok(id) = serde_json::from_slice::<PartyId>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let news = match self.look_up_name(id).await {
            Ok(news) => news,
            Err(fault) => return tracing::error!(party = %id, %fault, "nobody to ask a name for"),
        };
        let news = &news;
        self.settle(item, |mut work, now| async move {
            match news {
                NameNews::Later if (item.item.attempt as usize) < ASK_AGAIN.len() => {
                    item.retry(work.extra(), now.after(ask_after(item.item.attempt)));
                    return Ok(work);
                }
                NameNews::Named(name) => self.money_named(&mut work, id, name).await?,
                NameNews::Later | NameNews::Untold => {}
            }
            item.done(work.extra());
            Ok(work)
        })
        .await;
    }

    /// What is next for a payout: what never left stays, where its owner's money is on hold or all payouts
    /// are stopped by now, and what may be at its provider is only asked about then.
    async fn ask_provider(&self, item: &mut Claimed, id: PayoutId) -> Result<Next, Fault> {
        let now = self.clock.now();
        let (payout, kept) = {
            let mut work = self.work(now)?;
            let payout = work.need::<Payout>(id).await?;
            let her = work.need::<Party>(payout.owner).await?;
            let kept = self.keeps_back(&her, payout.from).is_some();
            (payout, kept)
        };
        if !payout.stage.is_open() {
            return Ok(Next::Over);
        }
        let Some(since) = may_be_there(&payout, item) else {
            if kept {
                return Ok(Next::KeepBack);
            }
            if self.lines.is_behind(&payout) {
                let why = "somebody who asked earlier waits".to_owned();
                let short = self.is_short(&payout.via);
                return Ok(Next::News(if short {
                    PayoutNews::Short { why }
                } else {
                    PayoutNews::Held { why }
                }));
            }
            return self.pay(item, self.request(&payout, false)?).await;
        };
        // From then on the same id could be paid once more.
        let forgotten = now.since(since) >= self.money.keeps_ids(&payout.via);
        let request = self.request(&payout, true)?;
        if is_unsent(&payout) && !forgotten && !kept {
            return self.pay(item, request).await;
        }
        Ok(Next::News(match self.money.status(request.clone()).await {
            PayoutNews::NotTaken { why } if forgotten => {
                tracing::error!(payout = %id, why, "ALARM: a payout that the provider does not know is too old to be sent again; two people decide it");
                PayoutNews::NotTaken { why }
            }
            // It never arrived, or is still on its way: the same id again is taken once at most.
            PayoutNews::NotTaken { .. } if !kept && now.since(payout.since) > NEVER_ARRIVED => {
                return self.pay(item, request).await;
            }
            // Its result should have come by itself by now.
            PayoutNews::Asked if now.since(payout.since) > NEVER_ARRIVED => {
                PayoutNews::Unknown { why: "no result in time".to_owned() }
            }
            news => news,
        }))
    }

    /// Sends it; that it may be at its provider is written down before.
    async fn pay(&self, item: &mut Claimed, request: PayOut) -> Result<Next, Fault> {
        #[cfg(feature = "planted")]
        let request = under_a_new_id(request, item);
        item.leaves(&*self.store, self.clock.now()).await?;
        Ok(Next::News(self.money.pay(request).await))
    }

    /// What a provider was asked for; `None` when that is no payout of ours.
    pub(in crate::engine) async fn asked_of_provider(&self, id: PayoutId) -> Result<Option<PayOut>, Fault> {
        let payout = self.work(self.clock.now())?.get::<Payout>(id).await?;
        payout.map(|payout| self.request(&payout, true)).transpose()
    }

    fn request(&self, payout: &Payout, again: bool) -> Result<PayOut, Fault> {
        let Payout { id, to, amount, ref via, .. } = *payout;
        let shillings = u32::try_from(amount.whole())
            .map_err(|_| Fault::Broken(format!("payout {id} is no sum a provider takes")))?;
        Ok(PayOut { id, via: via.clone(), to, shillings, again })
    }

    /// Asks for a refund; once the processor may have forgotten the key, only after it has said
    /// that it never made it.
    async fn refund(&self, payment: String, back: Usd, key: String, forgotten: bool) -> Result<(), String> {
        if forgotten && self.card.refunded(payment.clone(), back, key.clone()).await? {
            return Ok(());
        }
        self.card.refund(payment, back, key).await
    }

    /// Whether a refund may leave: not while a bank asks about the payment.
    async fn may_refund(&self, payment: &str) -> Result<bool, Fault> {
        let mut work = self.work(self.clock.now())?;
        Ok(!self.is_disputed(&mut work, payment).await?)
    }

    /// A refund waits for a bank's answer.
    async fn wait_for_bank(&self, item: &Claimed) {
        self.settle(item, |mut work, now| async move {
            item.retry(work.extra(), now.after(WHILE_DISPUTED));
            Ok(work)
        })
        .await;
    }

    /// A refund was tried and is not known to be made.
    fn refund_waits(work: &mut Work<'_>, item: &Claimed, of: &str, why: &str, age: Duration) {
        tracing::warn!(of, why, "a refund waits for the card processor");
        if age > OLD {
            let age_minutes = age.as_secs() / 60;
            tracing::error!(of, why, age_minutes, "ALARM: a refund has not come through");
        }
        let later = work.now.after(ask_after(item.item.attempt));
        item.retry(work.extra(), later);
    }

    /// Money that belongs to no order goes back to its card.
    async fn send_stray(&self, item: &Claimed) {
        let Ok(out) = serde_json::from_slice::<StrayOut>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        match self.may_refund(&out.payment).await {
            Ok(true) => {}
            Ok(false) => return self.wait_for_bank(item).await,
            Err(fault) => return tracing::error!(%fault, "a refund cannot be read"),
        }
        let key = String::from_utf8_lossy(&item.id).into_owned();
        let age = self.clock.now().since(out.asked);
        let forgotten = age >= self.card.keeps_keys();
        let result = &self.refund(out.payment.clone(), out.back, key, forgotten).await;
        let id = out.trouble;
        self.settle(item, |mut work, _| async move {
            match result {
                Ok(()) => {
                    if let Err(why) = self.move_stray(&mut work, id, &TroubleCommand::ConfirmBack).await? {
                        tracing::warn!(trouble = %id, refusal = why.code(), "a refund that was not due");
                    }
                    item.done(work.extra());
                }
                Err(why) => Self::refund_waits(&mut work, item, &id.to_string(), why, age),
            }
            Ok(work)
        })
        .await;
    }

    /// Whether a refund of an order is settled already: by the bank, out of what it had taken.
    async fn needs_no_refund(&self, out: &RefundOut) -> Result<bool, Fault> {
        let mut work = self.work(self.clock.now())?;
        self.refund_is_settled(&mut work, out.order, out.round).await
    }

    async fn send_refund(&self, item: &Claimed) {
        let Ok(out) = serde_json::from_slice::<RefundOut>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        match (self.needs_no_refund(&out).await, self.may_refund(&out.payment).await) {
            (Ok(true), _) => return self.drop_item(item).await,
            (Ok(false), Ok(true)) => {}
            (Ok(false), Ok(false)) => return self.wait_for_bank(item).await,
            (Err(fault), _) | (_, Err(fault)) => return tracing::error!(%fault, "a refund cannot be read"),
        }
        let key = String::from_utf8_lossy(&item.id).into_owned();
        let age = self.clock.now().since(out.asked);
        let forgotten = age >= self.card.keeps_keys();
        let result = &self.refund(out.payment.clone(), out.back, key, forgotten).await;
        let out = &out;
        self.settle(item, |mut work, _| async move {
            match result {
                Ok(()) => {
                    let (code, round) = (out.order, out.round);
                    // One number is an order's or a bulk request's, never both.
                    let heard = if work.get::<Bulk>(code).await?.is_some() {
                        self.bulk_turn(&mut work, code, &BulkCommand::ConfirmRefund { round }).await?
                    } else {
                        self.order_turn(&mut work, code, &OrderCommand::ConfirmRefund { round }).await?
                    };
                    if let Err(why) = heard {
                        tracing::warn!(order = %out.order, refusal = why.code(), "a refund that was not due");
                    }
                    item.done(work.extra());
                }
                Err(why) => Self::refund_waits(&mut work, item, &out.order.to_string(), why, age),
            }
            Ok(work)
        })
        .await;
    }
}

/// The provider's news as the market hears them; nothing when nothing left this machine.
pub(in crate::engine) fn heard(news: &PayoutNews) -> Option<Heard> {
    Some(match news.clone() {
        PayoutNews::Accepted => Heard::Accepted,
        PayoutNews::Paid { reference } => Heard::Paid { reference },
        // The provider has one word for "not paid" and "taken back days later".
        PayoutNews::Failed { why } if why == TAKEN_BACK => Heard::Reversed { why },
        PayoutNews::Failed { why } => Heard::Failed { why },
        PayoutNews::Reversed { why } => Heard::Reversed { why },
        PayoutNews::Unknown { why } => Heard::Unknown { why },
        PayoutNews::Short { .. } => Heard::Short,
        PayoutNews::NotTaken { .. } | PayoutNews::Held { .. } | PayoutNews::Asked => return None,
    })
}

#[cfg(test)]
mod tests;
