//! The turn of a delivery receipt: it finds its message by the gateway, the id and the phone.
//!
//! A receipt may overtake the answer that names its message, or the commit that keeps the name. It
//! is then parked as a timer, durable like everything else, and looked at twice more; one that
//! finds no message even then is kept for a while, counted and told.

use super::{Message, read};
use crate::engine::Engine;
use crate::engine::port::{Busy, GatewayId, ReceiptIn};
use crate::engine::record::Cause;
use crate::engine::trade::Due;
use crate::engine::turn::TRIES;
use crate::engine::work::{Fault, Work};
use crate::store::batch::{Expect, Row};
use crate::store::{Key, codec, keys};
use crate::types::Timestamp;
use crate::types::receipt::IdBase;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a receipt without a message is parked before it is looked at again.
const PARKED: Duration = Duration::from_secs(10);
/// How often it is looked at again.
const LOOKS: u8 = 2;
/// How many messages of one id are looked at: an SMSC that starts anew may give its ids again.
const SAME_ID: usize = 16;

/// What is known of receipts since the start of the program.
#[derive(Debug, Default)]
pub struct Receipts {
    bases: Mutex<BTreeMap<GatewayId, IdBase>>,
    found: AtomicU64,
    parked: AtomicU64,
    unmatched: AtomicU64,
}

/// How many receipts came to what, since the start of the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ReceiptCounts {
    /// They found their message.
    pub found: u64,
    /// They came before their message was known, and were parked.
    pub parked: u64,
    /// They found no message, however often they were looked at.
    pub unmatched: u64,
}

/// A message that a receipt may be about.
struct Hit {
    base: IdBase,
    id: String,
    key: Key,
    row: Row,
    message: Message,
}

impl Receipts {
    /// How many receipts came to what.
    pub fn counts(&self) -> ReceiptCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ReceiptCounts {
            found: load(&self.found),
            parked: load(&self.parked),
            unmatched: load(&self.unmatched),
        }
    }

    fn learned(&self, gateway: &GatewayId) -> Option<IdBase> {
        self.bases.lock().unwrap_or_else(PoisonError::into_inner).get(gateway).copied()
    }

    fn learn(&self, gateway: &GatewayId, base: IdBase) {
        let before = self.bases.lock().unwrap_or_else(PoisonError::into_inner).insert(gateway.clone(), base);
        if before != Some(base) {
            tracing::info!(%gateway, ?base, "how this gateway writes ids in receipts is found out");
        }
    }
}

/// Where a receipt is kept that found no message.
pub(super) fn unmatched(at: Timestamp, receipt: &ReceiptIn) -> Key {
    keys::index("unmatched", &[&keys::moment(at), receipt.gateway.as_bytes()], receipt.message_id.as_bytes())
}

impl Engine {
    /// How many receipts came to what.
    pub fn receipt_counts(&self) -> ReceiptCounts {
        self.receipts.counts()
    }

    /// Takes a delivery receipt: written to the message it is about, or parked until there is one.
    pub async fn receipt_turn(&self, input: ReceiptIn) -> Result<(), Busy> {
        for _ in 0..TRIES {
            match self.try_receipt(&input).await {
                Ok(()) => return Ok(()),
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => {
                    tracing::error!(%fault, "a receipt cannot be kept");
                    return Err(Busy);
                }
            }
        }
        Err(Busy)
    }

    async fn try_receipt(&self, input: &ReceiptIn) -> Result<(), Fault> {
        let mut work = self.work(input.at)?;
        let found = self.hear_receipt(&mut work, input).await?;
        if !found {
            park(&mut work, input, LOOKS);
        }
        if work.extra().ops.is_empty() {
            self.count(found);
            return Ok(());
        }
        self.commit(work, cause(input), None).await?;
        self.count(found);
        Ok(())
    }

    fn count(&self, found: bool) {
        let count = if found { &self.receipts.found } else { &self.receipts.parked };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Looks once more at a receipt that was parked; `left` looks are left, this one among them.
    pub(in crate::engine) async fn look_again(
        &self, work: &mut Work<'_>, input: &ReceiptIn, left: u8,
    ) -> Result<(), Fault> {
        if self.hear_receipt(work, input).await? {
            self.receipts.found.fetch_add(1, Ordering::Relaxed);
        } else if left > 1 {
            park(work, input, left - 1);
        } else {
            self.receipts.unmatched.fetch_add(1, Ordering::Relaxed);
            let (gateway, id, state) = (&*input.gateway, &input.message_id, input.state.name());
            tracing::warn!(gateway, id, state, "a receipt for no message of ours");
            let kept = serde_json::to_vec(input).unwrap_or_default();
            let key = unmatched(work.now, input);
            work.extra().put(key, Expect::Any, kept);
        }
        Ok(())
    }

    /// Writes a receipt to its message; whether there is one. A repeat writes nothing.
    async fn hear_receipt(&self, work: &mut Work<'_>, input: &ReceiptIn) -> Result<bool, Fault> {
        let Some(hit) = self.message_of(input).await? else { return Ok(false) };
        let Hit { id, key, row, mut message, .. } = hit;
        if message.hear(&id, input.state, input.error.as_deref(), input.done.as_deref(), input.at) {
            work.extra().put(key, Expect::At(row.version), codec::encode(&message));
        }
        Ok(true)
    }

    /// The one message that a receipt is about. Where the base of ids is not set, every reading of
    /// the id is tried, the one found out before first; when two readings lead to two messages, the
    /// receipt is about none of them.
    async fn message_of(&self, input: &ReceiptIn) -> Result<Option<Hit>, Fault> {
        let mut readings = input.base.answered(&input.message_id);
        let certain = readings.len() == 1;
        let learned = self.receipts.learned(&input.gateway);
        readings.sort_by_key(|(base, _)| Some(*base) != learned);
        let mut only: Option<Hit> = None;
        for (base, id) in readings {
            let Some(hit) = self.newest(input, base, id).await? else { continue };
            if Some(base) == learned {
                return Ok(Some(hit));
            }
            match &only {
                Some(other) if other.key != hit.key => return Ok(None),
                Some(_) => {}
                None => only = Some(hit),
            }
        }
        if let (Some(hit), false) = (&only, certain) {
            self.receipts.learn(&input.gateway, hit.base);
        }
        Ok(only)
    }

    /// The newest message that the gateway named so and that went to the receipt's phone. Without a
    /// phone the name must be of one message alone.
    async fn newest(&self, input: &ReceiptIn, base: IdBase, id: String) -> Result<Option<Hit>, Fault> {
        let prefix = keys::by_message_prefix(&input.gateway, &id);
        let entries = self.store.scan(prefix, None, SAME_ID, true).await?;
        if input.phones.is_empty() && entries.len() > 1 {
            return Ok(None);
        }
        for (entry, _) in entries {
            let Some(place) = keys::index_id(&entry) else { continue };
            let key = [&[keys::MESSAGES], place.as_slice()].concat();
            let Some((row, message)) = read(&*self.store, key.clone()).await? else { continue };
            if input.phones.is_empty() || input.phones.contains(&message.phone) {
                return Ok(Some(Hit { base, id, key, row, message }));
            }
        }
        Ok(None)
    }
}

/// Sets a receipt aside, to be looked at `left` times more.
fn park(work: &mut Work<'_>, input: &ReceiptIn, left: u8) {
    let due = work.now.after(PARKED);
    let id = format!("receipt/{}/{}/{}", input.gateway, input.message_id, input.state.name());
    work.timer(due, &id, &Due::Receipt { receipt: Box::new(input.clone()), left });
}

fn cause(input: &ReceiptIn) -> Cause {
    Cause::Sent(format!("receipt/{}/{}", input.gateway, input.message_id))
}
