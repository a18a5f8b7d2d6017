//! What kiosks do with money: cash numbers they pay, boxes they fill, leaflets they count.

use super::{Model, Wrong, of, rule};
use crate::market::cash::CashEvent;
use crate::market::kiosk::KioskEvent;
use crate::types::{PartyId, PayoutId};

/// A cash number, until it was fetched or ran out.
pub(super) struct Waiting {
    owner: PartyId,
    amount: i64,
}

impl Model {
    /// Money leaves a purse when its number is made, and comes back when nobody fetches it.
    pub(super) fn cash(&mut self, id: PayoutId, event: &CashEvent) -> Result<(), Wrong> {
        if let CashEvent::Made { owner, amount, .. } = event {
            let (owner, amount, hers) = (*owner, amount.cents(), of("artisan", owner));
            let free = self.sum(&hers);
            let (least, most) = (self.numbers.payout_least, self.numbers.cash_most);
            rule(amount % 100 == 0, || format!("cash {id} has cents"))?;
            rule((least..=most).contains(&amount), || format!("cash {id} of {amount} cents"))?;
            rule(amount <= free, || format!("cash {id} of {amount} cents out of {free}"))?;
            self.moved(&hers, &of("moving", owner), amount);
            let other = self.waiting.insert(id, Waiting { owner, amount });
            return rule(other.is_none(), || format!("cash {id} was made twice"));
        }
        let ends = matches!(event, CashEvent::Served { .. } | CashEvent::Expired);
        if !ends {
            return Ok(());
        }
        let Some(Waiting { owner, amount }) = self.waiting.remove(&id) else {
            return Err(format!("cash {id} ended, and was not waiting"));
        };
        let moving = of("moving", owner);
        match event {
            CashEvent::Served { by } => {
                let agent = of("agent", by);
                self.moved(&moving, &agent, amount);
                self.moved("exp:agent", &agent, self.numbers.cash_fee);
            }
            _ => self.moved(&moving, &of("artisan", owner), amount),
        }
        Ok(())
    }

    /// The month's first count of a display has its fee.
    pub(super) fn kiosk(&mut self, agent: PartyId, event: &KioskEvent) {
        if let KioskEvent::DisplayCounted { month, .. } = event
            && self.counted.insert((agent, *month))
        {
            self.moved("exp:agent", &of("agent", agent), self.numbers.month_fee);
        }
    }
}
