//! How the house is doing just now: what waits to leave, how quickly phones are answered, payouts of which
//! nobody knows what became, the float.

use super::broken;
use crate::engine::Engine;
use crate::engine::pace::{Lately, Slice};
use crate::engine::shopfront::ShopError;
use crate::engine::work::{Fault, shard};
use crate::ledger::Account;
use crate::market::payout::PayoutStage;
use crate::store::{Key, keys};
use crate::types::{Kes, Timestamp};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most rows of a queue that are counted.
pub const MOST: usize = 5_000;
/// Rows read at once.
const AT_ONCE: usize = 512;

/// What waits to leave in one shard of the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// How many, up to [`MOST`].
    pub waiting: usize,
    /// Since when the oldest is due, when it is.
    pub due: Option<Timestamp>,
}

/// How the house is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Texts to phones.
    pub texts: Queue,
    /// What mobile money is asked.
    pub money: Queue,
    /// What the card processor is asked.
    pub cards: Queue,
    /// Letters to shoppers.
    pub letters: Queue,
    /// Events to partners.
    pub hooks: Queue,
    /// What was given up and waits for a person.
    pub parked: usize,
    /// The last minutes of the phones.
    pub lately: Lately,
    /// Payouts that are not settled, by the word of their stage.
    pub payouts: BTreeMap<&'static str, usize>,
    /// Payouts of which nobody knows: since less than an hour, a day, longer.
    pub unknown: [usize; 3],
    /// Money of ours at the providers.
    pub float: Kes,
}

/// What the desk calls to see how it goes.
pub trait PulseDesk: Send + Sync + 'static {
    /// How the house is doing now.
    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, ShopError>>;
    /// How quickly phones were answered in the last day, the oldest first.
    fn answering_times(&self) -> Vec<Slice>;
}

impl Engine {
    async fn queue(&self, shard: u8) -> Result<Queue, Fault> {
        let (count, first) = self.count_rows(keys::outbox_shard(shard)).await?;
        let due = first.and_then(|key| keys::parse_outbox(&key).map(|(_, due, _)| due));
        Ok(Queue { waiting: count, due: due.filter(|due| *due <= self.clock.now()) })
    }

    /// How many rows begin so, and the first of them.
    async fn count_rows(&self, prefix: Key) -> Result<(usize, Option<Key>), Fault> {
        let (mut count, mut first, mut from): (usize, Option<Key>, Option<Key>) = (0, None, None);
        while count < MOST {
            let page = self.store.scan(prefix.clone(), from.take(), AT_ONCE, false).await?;
            let Some((last, _)) = page.last() else { break };
            from = Some(last.clone());
            first = first.or_else(|| page.first().map(|(key, _)| key.clone()));
            count += page.len();
        }
        Ok((count.min(MOST), first))
    }

    async fn take_pulse(&self) -> Result<Pulse, Fault> {
        let now = self.clock.now();
        let mut work = self.work(now)?;
        let (mut unknown, mut payouts) = ([0; 3], BTreeMap::new());
        for payout in self.open_payouts(&mut work).await? {
            *payouts.entry(payout.stage.word()).or_insert(0) += 1;
            if payout.stage != PayoutStage::Unknown {
                continue;
            }
            let age = now.since(payout.since);
            let at = match () {
                () if age < Duration::from_secs(3_600) => 0,
                () if age < Duration::from_secs(86_400) => 1,
                () => 2,
            };
            unknown[at] += 1;
        }
        Ok(Pulse {
            texts: self.queue(shard::SMS).await?,
            money: self.queue(shard::MONEY).await?,
            cards: self.queue(shard::CARD).await?,
            letters: self.queue(shard::MAIL).await?,
            hooks: self.queue(shard::HOOKS).await?,
            payouts,
            parked: self.count_rows(vec![keys::PARKED]).await?.0,
            lately: self.pace.lately(now),
            unknown,
            // An asset stands on the debit side.
            float: Kes::minor(-work.sum(Account::MmFloat).await?),
        })
    }
}

impl PulseDesk for Engine {
    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, ShopError>> {
        Box::pin(async { self.take_pulse().await.map_err(|fault| broken(&fault)) })
    }

    fn answering_times(&self) -> Vec<Slice> {
        self.pace.slices(self.clock.now())
    }
}
