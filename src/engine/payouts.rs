//! What keeps a payout from leaving: a hold, a stop, another that is open, the link, and too little to pay from.

use super::actions::Outcome;
use super::view::hold_words;
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::market::freeze::Switch;
use crate::market::payout::{self, Heard, PayFrom, Payout, PayoutCommand, PayoutEvent, PayoutStage};
use crate::market::{Party, Policy};
use crate::menu::value::Value;
use crate::types::{Lang, PayoutId};
use std::borrow::Cow;
use std::collections::BTreeMap;

impl Engine {
    /// What speaks against a payout before anything is asked: a hold, an open one, the line.
    pub(super) async fn payout_hindrance(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party,
    ) -> Result<Option<Outcome>, Fault> {
        if let Some(hold) = &me.hold {
            return Ok(Some(("held", vec![hold_words(&hold.why, who.lang)])));
        }
        if let Some(open) = self.open_payout(work, me).await? {
            let shown = Value::Record(self.payout(work, &open, me).await?);
            let name = match open.stage {
                PayoutStage::Unknown => "unknown",
                _ if open.waits => "waits",
                _ => "open",
            };
            return Ok(Some((name, vec![shown])));
        }
        // With too little to pay from she may still take her place in the line.
        if self.money.is_up(me.phone) || self.money.is_short(&self.money.way(me.phone)) {
            return Ok(None);
        }
        self.await_money(work, me).await?;
        Ok(Some(("down", vec![])))
    }

    /// The house's numbers, with the terms of the provider by which a payout goes.
    pub(super) fn policy_at(&self, via: &str) -> Cow<'_, Policy> {
        match self.money.terms(via) {
            Some(payout) => Cow::Owned(Policy { payout, ..self.policy.clone() }),
            None => Cow::Borrowed(&self.policy),
        }
    }

    /// Whether a payout asked for now would stand in line for more to pay from.
    pub(super) fn is_short(&self, via: &str) -> bool {
        self.lines.is_short(via) || self.money.is_short(via)
    }

    /// Says of a payout that was asked for in this turn that it waits, where that is known already; whether
    /// it does. Nobody is told by SMS what her screen says.
    pub(super) async fn takes_its_place(&self, work: &mut Work<'_>, id: PayoutId) -> Result<bool, Fault> {
        let payout = work.need::<Payout>(id).await?;
        if payout.stage == PayoutStage::Reserved && self.is_short(&payout.via) {
            let waits = PayoutCommand::Hear(Heard::Short);
            let events = payout::decide(Some(&payout), &waits, &self.policy, work.now)
                .map_err(|why| Fault::Broken(why.to_string()))?;
            work.apply::<Payout>(id, events);
        }
        Ok(work.need::<Payout>(id).await?.waits)
    }

    /// Why no payout out of this sum of hers may leave now, in words: her money is on hold, or all payouts
    /// are stopped.
    pub(super) fn keeps_back(&self, her: &Party, from: PayFrom) -> Option<BTreeMap<Lang, String>> {
        if let Some(hold) = &her.hold {
            return Some(hold.why.clone());
        }
        let stops = match from {
            PayFrom::Loan => &[Switch::Loans, Switch::Payouts][..],
            PayFrom::Artisan | PayFrom::Mentor | PayFrom::Agent | PayFrom::Rider => &[Switch::Payouts][..],
        };
        self.stopped(stops).map(|stop| stop.why)
    }

    /// Whether a payout that never left must not leave any more; what it came to, if so.
    pub(super) async fn keep_back(&self, work: &mut Work<'_>, id: PayoutId) -> Result<bool, Fault> {
        let payout = work.need::<Payout>(id).await?;
        let her = work.need::<Party>(payout.owner).await?;
        let Some(_) = self.keeps_back(&her, payout.from) else { return Ok(false) };
        let Ok(events) = payout::decide(Some(&payout), &PayoutCommand::KeepBack, &self.policy, work.now)
        else {
            return Ok(false);
        };
        work.apply::<Payout>(id, events.clone());
        for event in events {
            self.follow_payout(work, id, &event).await?;
        }
        Ok(true)
    }

    /// The reason that she is told of a payout that was kept back, as a text has room for it.
    pub(super) fn kept_back_words(&self, her: &Party, from: PayFrom) -> Value {
        let why = self.keeps_back(her, from).unwrap_or_default();
        hold_words(&why, her.lang)
    }

    /// Whether nothing of this event was heard from a provider.
    pub(super) fn is_kept_back(event: &PayoutEvent) -> bool {
        matches!(event, PayoutEvent::Failed { why } if why == payout::KEPT_BACK)
    }
}
