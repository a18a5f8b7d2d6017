//! Cash numbers as the desk sees them, and letting a kiosk pay cash again.

use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::desk::Who;
use crate::engine::shopfront::{DeskCash, ShopError};
use crate::engine::turn::TRIES;
use crate::engine::view::every;
use crate::engine::work::Fault;
use crate::market::cash::Cash;
use crate::market::kiosk::{Kiosk, KioskCommand, KioskEvent};
use crate::market::party::Party;
use crate::menu::value::Value;
use crate::types::PayoutId;

impl Engine {
    /// All cash numbers, newest first; never the number itself, which is as good as the money.
    pub(in crate::engine) async fn cash_for_desk(&self) -> Result<Vec<DeskCash>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut rows = Vec::new();
        for (id, cash) in every::<Cash>(&mut work, aggregate::all_cash(), true).await? {
            let owner = work.need::<Party>(cash.owner).await?;
            let claimed = cash.claimed(work.now);
            let kiosk = match cash.served_by().or(claimed) {
                Some(agent) => Some(work.need::<Party>(agent).await?),
                None => None,
            };
            let stopped = match (&kiosk, cash.denied) {
                (Some(agent), Some(_)) => work.get::<Kiosk>(agent.id).await?.and_then(|kiosk| kiosk.stopped),
                _ => None,
            };
            let state = match (cash.denied, claimed) {
                (Some(_), _) => "denied",
                (None, Some(_)) => "claimed",
                (None, None) => cash.stage.word(),
            };
            rows.push(DeskCash {
                id: id.to_string(),
                who: owner.name.clone(),
                party: owner.id,
                amount: cash.amount,
                state: state.to_owned(),
                since: cash.denied.unwrap_or(cash.since),
                agent: kiosk.as_ref().map(|agent| agent.id),
                kiosk: kiosk.map(|agent| self.place_of(&agent)),
                stopped: stopped.is_some_and(|stop| stop.names(id)),
            });
        }
        Ok(rows)
    }

    /// Lets the kiosk pay cash again that this denied payment stopped, once no other one does.
    pub(in crate::engine) async fn allow_cash(
        &self, by: &Who, id: &str,
    ) -> Result<Result<(), ShopError>, Fault> {
        let Ok(id) = id.parse::<PayoutId>() else { return Ok(Err(ShopError::NotFound)) };
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            let Some(agent) = work.get::<Cash>(id).await?.and_then(|cash| cash.served_by()) else {
                return Ok(Err(ShopError::NotFound));
            };
            let Ok(events) = self.kiosk_turn(&mut work, agent, &KioskCommand::AllowCash { cash: id }).await?
            else {
                return Ok(Err(ShopError::NotFound));
            };
            let agent = work.need::<Party>(agent).await?;
            if events.contains(&KioskEvent::CashAllowed) {
                let place = Value::text(self.place_of(&agent));
                self.tell(&mut work, &agent, "cash_allowed", vec![place])?;
            }
            match self.commit(work, by.did(format!("cash {id} was looked at")), None).await {
                Err(fault) if fault.is_conflict() => {}
                other => return other.map(|_| Ok(())),
            }
        }
        Err(Fault::Broken(format!("cash {id} never found a quiet moment")))
    }
}
