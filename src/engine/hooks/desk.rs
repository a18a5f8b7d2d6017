//! What the API and the desk ask about webhooks.

use super::{Hook, HookOut, TRIED};
use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::record::Cause;
use crate::engine::shop::fault;
use crate::engine::shopfront::ShopError;
use crate::engine::work::{Fault, shard};
use crate::store::outbox::{self, Parked};
use crate::store::{Store, keys};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows that are looked at in one go.
const PAGE: usize = 256;
/// The most rows that are counted.
const COUNTED: usize = 20_000;

/// An address, and what is on its way to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookState {
    /// The address.
    #[serde(flatten)]
    pub hook: Hook,
    /// Events that wait to be taken there.
    pub waiting: usize,
    /// Events that were tried for three days and set aside.
    pub aside: usize,
    /// What came of the last of those.
    pub why: Option<String>,
}

/// What the web calls about webhooks.
pub trait HookDesk: Send + Sync + 'static {
    /// Keeps an address under its id; the same again is the same. `KeyUsed` when it is another one.
    fn add_hook(&self, hook: Hook) -> BoxFuture<'_, Result<Hook, ShopError>>;
    /// Those of a partner, oldest id first.
    fn hooks_of(&self, partner: &str) -> Vec<Hook>;
    /// Forgets one; `NotFound` when the partner has none that is called so.
    fn remove_hook(&self, partner: String, id: String) -> BoxFuture<'_, Result<(), ShopError>>;
    /// All of them, with what is on its way.
    fn desk_hooks(&self) -> BoxFuture<'_, Result<Vec<HookState>, ShopError>>;
    /// Forgets one, whosever it is.
    fn desk_hook_remove(&self, by: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>>;
    /// Sends what was set aside for an address once more; how many events.
    fn desk_hook_again(&self, by: Who, id: String) -> BoxFuture<'_, Result<usize, ShopError>>;
}

fn hook_of(payload: &[u8]) -> Option<String> {
    serde_json::from_slice::<HookOut>(payload).ok().map(|out| out.hook)
}

/// Everything that was set aside for some address.
async fn aside(store: &dyn Store) -> Result<Vec<(String, Parked)>, Fault> {
    let (mut found, mut from) = (Vec::new(), None);
    while found.len() < COUNTED {
        let page = outbox::parked(store, from.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        from = Some(last.id.clone());
        let hooks = page.into_iter().filter(|parked| parked.note.shard == shard::HOOKS);
        found.extend(hooks.filter_map(|parked| Some((hook_of(&parked.item.payload)?, parked))));
    }
    Ok(found)
}

impl Engine {
    async fn hook_states(&self) -> Result<Vec<HookState>, Fault> {
        let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
        let (mut from, mut counted) = (None, 0);
        while counted < COUNTED {
            let page = self.store.scan(keys::outbox_shard(shard::HOOKS), from.take(), PAGE, false).await?;
            let Some((last, _)) = page.last() else { break };
            from = Some(last.clone());
            counted += page.len();
            for (_, row) in &page {
                if let Some(hook) = outbox::payload(&row.octets()).and_then(hook_of) {
                    *waiting.entry(hook).or_default() += 1;
                }
            }
        }
        let aside = aside(&*self.store).await?;
        let state = |hook: &Hook| {
            let its = || aside.iter().filter(|(of, _)| *of == hook.id);
            HookState {
                hook: hook.clone(),
                waiting: waiting.get(&hook.id).copied().unwrap_or(0),
                aside: its().count(),
                why: its()
                    .map(|(_, parked)| &parked.note)
                    .max_by_key(|note| note.at)
                    .map(|note| note.why.clone()),
            }
        };
        Ok(self.all_hooks().iter().map(state).collect())
    }

    async fn hook_again(&self, by: &Who, id: &str) -> Result<Option<usize>, Fault> {
        if !self.all_hooks().iter().any(|hook| hook.id == id) {
            return Ok(None);
        }
        let its: Vec<Parked> = aside(&*self.store)
            .await?
            .into_iter()
            .filter(|(of, _)| of == id)
            .map(|(_, parked)| parked)
            .collect();
        for some in its.chunks(PAGE) {
            let mut work = self.work(self.clock.now())?;
            let (now, until) = (work.now, work.now.after(TRIED));
            some.iter().for_each(|parked| parked.revive(work.extra(), now, until));
            work.wake(shard::HOOKS);
            self.commit(work, by.did(format!("webhook {id} again")), None).await?;
        }
        Ok(Some(its.len()))
    }
}

impl HookDesk for Engine {
    fn add_hook(&self, hook: Hook) -> BoxFuture<'_, Result<Hook, ShopError>> {
        Box::pin(async move { self.keep_hook(&hook).await.map_err(|why| fault(&why))? })
    }

    fn hooks_of(&self, partner: &str) -> Vec<Hook> {
        self.all_hooks().iter().filter(|hook| hook.partner == partner).cloned().collect()
    }

    fn remove_hook(&self, partner: String, id: String) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            let which = |hook: &Hook| hook.partner == partner && hook.id == id;
            let gone = self.drop_hook(which, Cause::Shop).await.map_err(|why| fault(&why))?;
            if gone { Ok(()) } else { Err(ShopError::NotFound) }
        })
    }

    fn desk_hooks(&self) -> BoxFuture<'_, Result<Vec<HookState>, ShopError>> {
        Box::pin(async { self.hook_states().await.map_err(|why| fault(&why)) })
    }

    fn desk_hook_remove(&self, by: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            let did = by.did(format!("webhook {id} removed"));
            let gone = self.drop_hook(|hook| hook.id == id, did).await.map_err(|why| fault(&why))?;
            if gone { Ok(()) } else { Err(ShopError::NotFound) }
        })
    }

    fn desk_hook_again(&self, by: Who, id: String) -> BoxFuture<'_, Result<usize, ShopError>> {
        Box::pin(async move {
            self.hook_again(&by, &id).await.map_err(|why| fault(&why))?.ok_or(ShopError::NotFound)
        })
    }
}
