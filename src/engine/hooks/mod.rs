//! Webhooks: addresses of partners that are told what happens. What is told stands in the outbox, put there in
//! the commit of what it tells of; [`outbox`](super::outbox) has it sent.
//!
//! Which addresses there are is held in memory beside the store, so that a market without partners pays
//! nothing for them.

mod desk;
mod told;

pub use desk::{HookDesk, HookState};
pub use told::{About, Told};

use super::Engine;
use super::port::HooksOut;
use super::record::Cause;
use super::shopfront::ShopError;
use super::turn::TRIES;
use super::work::{Fault, Work, shard};
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// The most addresses of one partner.
pub const MOST: usize = 20;
/// For how long an event is tried; after that it is set aside.
pub const TRIED: Duration = Duration::from_secs(3 * 86_400);

/// What a partner may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookEvent {
    /// An order was paid.
    #[serde(rename = "order.paid")]
    OrderPaid,
    /// An order came one step further.
    #[serde(rename = "order.step")]
    OrderStep,
    /// A carrier has an order.
    #[serde(rename = "order.shipped")]
    OrderShipped,
    /// An order is there.
    #[serde(rename = "order.delivered")]
    OrderDelivered,
    /// Money of an order went back.
    #[serde(rename = "order.refunded")]
    OrderRefunded,
    /// A bulk request is promised for a day.
    #[serde(rename = "bulk.promised")]
    BulkPromised,
    /// A bulk request stands otherwise.
    #[serde(rename = "bulk.step")]
    BulkStep,
    /// A listing came on sale, went, or has more or fewer pieces.
    #[serde(rename = "listing.changed")]
    ListingChanged,
}

/// An address that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Names it.
    pub id: String,
    /// Whose, by the id of the partner's key.
    pub partner: String,
    /// Where.
    pub url: String,
    /// Of what.
    pub events: BTreeSet<HookEvent>,
    /// Since when.
    pub made: Timestamp,
}

/// An event on its way to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HookOut {
    pub(super) hook: String,
    pub(super) told: Told,
}

/// What the engine holds of webhooks.
#[derive(Default)]
pub(super) struct Hooks {
    all: RwLock<Arc<[Hook]>>,
    out: OnceLock<Arc<dyn HooksOut>>,
}

const ROWS: &str = "hook";

fn row_of(hook: &Hook) -> Key {
    keys::index(ROWS, &[hook.partner.as_bytes()], hook.id.as_bytes())
}

impl Engine {
    /// By whom partners are told, from now on.
    pub fn tell_partners_by(&self, out: Arc<dyn HooksOut>) {
        // The first one stays.
        let _ = self.hooks.out.set(out);
    }

    pub(super) fn hooks_out(&self) -> Option<&Arc<dyn HooksOut>> {
        self.hooks.out.get()
    }

    pub(super) fn all_hooks(&self) -> Arc<[Hook]> {
        Arc::clone(&self.hooks.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads which addresses there are.
    pub(super) async fn read_hooks(&self) -> Result<(), Fault> {
        const PAGE: usize = 256;
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let page = self.store.scan(keys::index_prefix(ROWS, &[]), from.take(), PAGE, false).await?;
            let Some((last, _)) = page.last() else { break };
            from = Some(last.clone());
            for (key, row) in &page {
                all.push(codec::decode_row::<Hook>(key, row)?);
            }
        }
        *self.hooks.all.write().unwrap_or_else(PoisonError::into_inner) = all.into();
        Ok(())
    }

    /// Puts into the outbox what this turn means for partners.
    pub(super) fn tell_partners(&self, work: &mut Work<'_>) {
        let hooks = self.all_hooks();
        if hooks.is_empty() {
            return;
        }
        for (partner, event, about) in told::of(work.shelves()) {
            let id = format!("{:016x}{:016x}", work.entropy.next_u64(), work.entropy.next_u64());
            let told = Told { id, event, at: work.now, about };
            let wants = |hook: &&Hook| {
                hook.events.contains(&event) && partner.as_ref().is_none_or(|who| *who == hook.partner)
            };
            for hook in hooks.iter().filter(wants) {
                let out = HookOut { hook: hook.id.clone(), told: told.clone() };
                work.send(shard::HOOKS, format!("hook/{}/{}", hook.id, told.id), "hook", &out, TRIED);
            }
        }
    }

    /// Keeps an address; the same again is the same one.
    async fn keep_hook(&self, hook: &Hook) -> Result<Result<Hook, ShopError>, Fault> {
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            let key = row_of(hook);
            let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
            if let Some(row) = row {
                let known: Hook = codec::decode_row(&key, &row)?;
                let same = known.url == hook.url && known.events == hook.events;
                return Ok(if same { Ok(known) } else { Err(ShopError::KeyUsed) });
            }
            let own = keys::index_prefix(ROWS, &[hook.partner.as_bytes()]);
            if self.store.scan(own, None, MOST, false).await?.len() >= MOST {
                let why = format!("there are {MOST} addresses already; remove one first");
                return Ok(Err(ShopError::Field { field: "url", why }));
            }
            let hook = Hook { made: work.now, ..hook.clone() };
            work.extra().put(key, Expect::Absent, codec::encode(&hook));
            match self.commit(work, Cause::Shop, None).await {
                Err(conflict) if conflict.is_conflict() => {}
                Err(other) => return Err(other),
                Ok(_) => {
                    self.read_hooks().await?;
                    self.tell_of_hooks();
                    return Ok(Ok(hook));
                }
            }
        }
        Ok(Err(ShopError::Fault))
    }

    /// Forgets an address; what is on its way to it is let go of when its turn comes.
    async fn drop_hook(&self, which: impl Fn(&Hook) -> bool, cause: Cause) -> Result<bool, Fault> {
        let found = self.all_hooks().iter().find(|hook| which(hook)).cloned();
        let Some(hook) = found else { return Ok(false) };
        let mut work = self.work(self.clock.now())?;
        work.extra().delete(row_of(&hook), Expect::Any);
        self.commit(work, cause, None).await?;
        self.read_hooks().await?;
        self.tell_of_hooks();
        Ok(true)
    }
}
