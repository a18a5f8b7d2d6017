//! Events to partners' addresses: each tried with growing waits for three days, then set aside for a person.
//!
//! A partner takes a few places at most, and an address that failed is left alone by all its events, for longer
//! each time in a row: so a slow one and a dead one take nothing from others.

use super::Sending;
use crate::engine::Engine;
use crate::engine::hooks::{Hook, HookOut};
use crate::engine::port::{HookCall, Untold};
use crate::engine::work::shard;
use crate::store::outbox::Claimed;
use crate::types::Timestamp;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long after each try the next one comes, in seconds; the last of them again and again.
const WAITS: [u64; 7] = [10, 60, 300, 1_800, 3_600, 3 * 3_600, 6 * 3_600];
/// How long an address is left alone after so many failures in a row, in seconds.
const ALONE: [u64; 4] = [10, 60, 300, 900];
/// Calls under way at most, and to the addresses of one partner.
const IN_HAND: usize = 64;
const AT_ONCE: usize = 4;
/// How long an event waits that finds its address busy, or nobody to tell it.
const BUSY: Duration = Duration::from_secs(5);

fn step(waits: &[u64], tries: usize) -> Duration {
    Duration::from_secs(waits[tries.max(1).min(waits.len()) - 1])
}

/// What is remembered between calls.
#[derive(Debug, Default)]
struct Standing {
    /// Calls under way, of each partner that has any.
    busy: BTreeMap<String, usize>,
    /// Addresses that failed: how often in a row, and until when they are left alone.
    alone: BTreeMap<String, (usize, Timestamp)>,
}

/// Events.
pub(super) struct Hooks {
    engine: Arc<Engine>,
    standing: Mutex<Standing>,
}

/// A partner's place, given back when it goes.
struct Place<'h> {
    hooks: &'h Hooks,
    partner: &'h str,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut standing = self.hooks.standing();
        let Some(busy) = standing.busy.get_mut(self.partner) else { return };
        *busy -= 1;
        if *busy == 0 {
            standing.busy.remove(self.partner);
        }
    }
}

impl Hooks {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, standing: Mutex::default() }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a call to the address, or when to ask again.
    fn place<'h>(&'h self, hook: &'h Hook, now: Timestamp) -> Result<Place<'h>, Timestamp> {
        let mut standing = self.standing();
        if let Some((_, until)) = standing.alone.get(&hook.id).filter(|(_, until)| *until > now) {
            return Err(*until);
        }
        let busy = standing.busy.entry(hook.partner.clone()).or_default();
        if *busy >= AT_ONCE {
            return Err(now.after(BUSY));
        }
        *busy += 1;
        Ok(Place { hooks: self, partner: &hook.partner })
    }

    /// Remembers what came of a call; of addresses that are gone nothing stays.
    fn came(&self, hook: &Hook, taken: bool, now: Timestamp) {
        let mut standing = self.standing();
        if taken {
            standing.alone.remove(&hook.id);
            return;
        }
        let (failed, until) = standing.alone.get(&hook.id).copied().unwrap_or((0, now));
        // Calls that were under way together fail together: that is one failure.
        if failed == 0 || until <= now {
            let known = self.engine.all_hooks();
            standing.alone.retain(|id, _| known.iter().any(|hook| hook.id == *id));
            let until = now.after(step(&ALONE, failed + 1));
            standing.alone.insert(hook.id.clone(), (failed + 1, until));
        }
    }

    async fn put_off(&self, item: &Claimed, at: Timestamp) {
        self.engine
            .settle(item, |mut work, _| async move {
                item.clone().untried(work.extra(), at);
                Ok(work)
            })
            .await;
    }

    async fn tell(&self, item: &Claimed) {
        let engine = &self.engine;
        let Ok(HookOut { hook: id, told }) = serde_json::from_slice::<HookOut>(&item.item.payload) else {
            return engine.park(item, "it cannot be read").await;
        };
        let hooks = engine.all_hooks();
        // Whoever was removed is told nothing more.
        let Some(hook) = hooks.iter().find(|hook| hook.id == id).cloned() else {
            return engine.drop_item(item).await;
        };
        let Some(out) = engine.hooks_out() else {
            return self.put_off(item, engine.clock.now().after(BUSY)).await;
        };
        let place = match self.place(&hook, engine.clock.now()) {
            Ok(place) => place,
            Err(until) => return self.put_off(item, until).await,
        };
        let heard = out.tell(HookCall { hook: hook.clone(), told }).await;
        self.came(&hook, !matches!(heard, Err(Untold::Later(_))), engine.clock.now());
        drop(place);
        match heard {
            Ok(()) | Err(Untold::Never) => engine.drop_item(item).await,
            Err(Untold::Later(why)) => self.failed(item, &hook, why).await,
        }
    }

    async fn failed(&self, item: &Claimed, Hook { id: hook, partner, .. }: &Hook, why: String) {
        let tries = item.item.attempt;
        let again = self.engine.clock.now().after(step(&WAITS, tries as usize));
        let over = again > item.item.give_up;
        match over {
            true => tracing::warn!(
                hook,
                partner,
                tries,
                why,
                "a partner's address took an event at no try; it is set aside"
            ),
            false => tracing::info!(
                hook,
                partner,
                tries,
                why,
                "a partner's address did not take an event; it goes again"
            ),
        }
        let why = &why;
        self.engine
            .settle(item, |mut work, now| async move {
                match over {
                    true => item.park(work.extra(), now, why),
                    false => item.retry(work.extra(), again),
                }
                Ok(work)
            })
            .await;
    }
}

impl Sending for Hooks {
    fn shard(&self) -> u8 {
        shard::HOOKS
    }

    fn most(&self) -> usize {
        IN_HAND
    }

    fn send(&self, item: Claimed, _held: Option<Timestamp>) -> BoxFuture<'_, Option<Timestamp>> {
        Box::pin(async move {
            self.tell(&item).await;
            None
        })
    }
}
