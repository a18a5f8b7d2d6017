//! Payouts at the desk: having a provider asked sooner than its turn comes.

use super::{Who, broken};
use crate::engine::Engine;
use crate::engine::outbox::payout_name;
use crate::engine::port::UNNAMED;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::work::{Fault, shard};
use crate::market::Payout;
use crate::store::outbox;
use crate::types::{Kes, PayoutId, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// A payout as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskPayout {
    /// Its id.
    pub id: String,
    /// To whom, by name.
    pub who: String,
    /// How much.
    pub amount: Kes,
    /// `asked`, `submitted`, `unknown`, `paid`, `failed`.
    pub state: String,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// The provider's reference, once paid.
    pub reference: Option<String>,
    /// When it was asked for.
    pub asked: Timestamp,
    /// By which provider.
    pub via: String,
    /// It stands in line for more to pay from.
    pub waits: bool,
    /// Why it failed, was reversed or is unknown.
    pub why: Option<String>,
}

impl DeskPayout {
    /// A payout with its owner's name.
    pub(in crate::engine) fn of(payout: &Payout, who: String) -> Self {
        let via = if payout.via.is_empty() { UNNAMED } else { &payout.via };
        Self {
            id: payout.id.to_string(),
            who,
            amount: payout.amount,
            state: payout.stage.word().to_owned(),
            since: payout.since,
            reference: payout.reference.clone(),
            asked: payout.asked,
            via: via.to_owned(),
            waits: payout.waits,
            why: payout.why.clone(),
        }
    }

    /// True while nobody can say how it ends.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "asked" | "reserved" | "submitted" | "unknown")
    }
}

/// What the desk calls about payouts.
pub trait PayoutDesk: Send + Sync + 'static {
    /// Has an open payout looked at now: sent where it never left, asked about where it may have. Harmless to
    /// repeat; it goes under the same id as ever.
    fn ask_again(&self, by: Who, id: PayoutId) -> BoxFuture<'_, Result<(), ShopError>>;
}

impl PayoutDesk for Engine {
    fn ask_again(&self, by: Who, id: PayoutId) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_ask_again(&by, id).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(|fault| broken(&fault))?,
                }
            }
            Err(ShopError::Fault)
        })
    }
}

impl Engine {
    async fn try_ask_again(&self, by: &Who, id: PayoutId) -> Result<Result<(), ShopError>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some(payout) = work.get::<Payout>(id).await? else { return Ok(Err(ShopError::NotFound)) };
        if !payout.stage.is_open() {
            let why = format!("it is {} already", payout.stage.word());
            return Ok(Err(ShopError::Field { field: "payout", why }));
        }
        let (name, now) = (payout_name(id), work.now);
        // Whoever has it in hand asks just now.
        if let Some((waiting, false)) =
            outbox::lying(work.store(), shard::MONEY, name.as_bytes(), now).await?
            && waiting.is_later(now)
        {
            waiting.hasten(work.extra(), now);
            work.wake(shard::MONEY);
            self.commit(work, by.did(format!("ask again about payout {id}")), None).await?;
        }
        Ok(Ok(()))
    }
}
