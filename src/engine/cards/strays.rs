//! Money that is with the card processor and belongs to no order: it stands in the books as owed,
//! and on a list at the desk until somebody gives it back.

use super::Paid;
use crate::engine::Engine;
use crate::engine::actions::FOR_EVER;
use crate::engine::work::{Fault, Work, shard};
use crate::ledger::Fact;
use crate::ledger::posting::CardFact;
use crate::market::Refusal;
use crate::market::bulk::Bulk;
use crate::market::order::{Order, Refund};
use crate::market::trouble::{self, Opening, Trouble, TroubleCommand, TroubleEvent, TroubleKind};
use crate::types::{CodeKind, Kes, SpokenCode, Timestamp, TroubleId, Usd};
use serde::{Deserialize, Serialize};

/// A stray on its way back to its card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct StrayOut {
    pub trouble: TroubleId,
    /// The processor's id of the payment.
    pub payment: String,
    pub back: Usd,
    pub asked: Timestamp,
}

/// The key under which a stray goes back.
fn stray_key(id: TroubleId) -> String {
    format!("stray/{id}")
}

impl Engine {
    /// Money is with the processor that belongs to no order; `named` and the payment are its words
    /// for it.
    pub(super) async fn stray(
        &self, work: &mut Work<'_>, what: TroubleKind, (named, payment): (&str, &str),
        order: Option<SpokenCode>, amount: Usd,
    ) -> Result<(), Fault> {
        let rate = match order {
            Some(code) => self.purchase(work, code).await?.map(|paid: Paid| paid.quote().rate),
            None => None,
        };
        let rate = rate.unwrap_or(self.policy.rate());
        let shillings = |sum: Usd| {
            rate.to_kes(sum).ok_or_else(|| Fault::Broken(format!("{named} is a sum beyond all numbers")))
        };
        let value = shillings(amount)?;
        let fee = match what {
            TroubleKind::RefundFailed => Kes::ZERO,
            _ => shillings(self.policy.card_fee(amount))?,
        };
        let (named, payment) = (named.to_owned(), payment.to_owned());
        let id = trouble::id_of(&named);
        let known = work.get::<Trouble>(id).await?;
        let opening = Opening { what, named, payment, order, amount, value, reason: String::new() };
        let events = trouble::decide(known.as_ref(), &TroubleCommand::Open(opening))
            .map_err(|why| Fault::Broken(format!("a stray was refused: {why}")))?;
        if events.is_empty() {
            return Ok(());
        }
        work.apply::<Trouble>(id, events);
        work.post(&Fact::Card(CardFact::StrayTaken { trouble: id, order, amount: value, fee }))?;
        let order = order.map(|code| code.to_string()).unwrap_or_default();
        work.rings(move || {
            tracing::error!(trouble = %id, what = what.word(), order,
                "ALARM: money on a card payment belongs to no order");
        });
        Ok(())
    }

    /// A refund that we take for made came back. False while it does not count as made: then there is
    /// nothing to take back yet.
    pub(super) async fn refund_failed(
        &self, work: &mut Work<'_>, payment: &str, refund: &str, key: Option<&str>, amount: Usd,
    ) -> Result<bool, Fault> {
        let made = |refunds: &[Refund], round: u32| {
            refunds.iter().any(|refund| refund.round == round && refund.done.is_some())
        };
        let parts: Vec<&str> = key.unwrap_or_default().split('/').collect();
        let about = match parts[..] {
            ["refund", code, round] => {
                let code = SpokenCode::parse(CodeKind::Order, code).ok();
                let (Some(code), Ok(round)) = (code, round.parse::<u32>()) else { return Ok(false) };
                let done = match self.purchase(work, code).await? {
                    Some(Paid::Orders(order, _)) => made(&order.refunds, round),
                    Some(Paid::Bulk(_, request)) => made(&request.refunds, round),
                    None => false,
                };
                if !done {
                    return Ok(false);
                }
                Some(code)
            }
            ["stray", id] => {
                let Ok(id) = id.parse::<TroubleId>() else { return Ok(false) };
                let Some(stray) = work.get::<Trouble>(id).await? else { return Ok(false) };
                if stray.is_open() {
                    return Ok(false);
                }
                stray.opening.order
            }
            // Made by hand on the processor's own pages: the books never knew of it.
            _ => {
                tracing::error!(refund, "ALARM: a refund that was made by hand came back");
                return Ok(true);
            }
        };
        self.stray(work, TroubleKind::RefundFailed, (refund, payment), about, amount).await?;
        Ok(true)
    }

    /// Somebody at the desk decides about a stray.
    pub(in crate::engine) async fn move_stray(
        &self, work: &mut Work<'_>, id: TroubleId, command: &TroubleCommand,
    ) -> Result<Result<(), Refusal>, Fault> {
        let Some(known) = work.get::<Trouble>(id).await? else { return Ok(Err(Refusal::NotFound)) };
        let events = match trouble::decide(Some(&known), command) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        work.apply::<Trouble>(id, events.clone());
        let Opening { order, value: amount, amount: back, payment, .. } = known.opening;
        for event in &events {
            match event {
                TroubleEvent::BackAsked { .. } => {
                    let payment = payment.clone();
                    let out = StrayOut { trouble: id, payment, back, asked: work.now };
                    work.send(shard::CARD, stray_key(id), "stray", &out, FOR_EVER);
                }
                TroubleEvent::WentBack => {
                    work.post(&Fact::Card(CardFact::StrayReturned { trouble: id, order, amount }))?;
                }
                TroubleEvent::Settled { .. } => {
                    work.post(&Fact::Card(CardFact::StraySettled { trouble: id, order, amount }))?;
                }
                _ => {}
            }
        }
        Ok(Ok(()))
    }

    /// Whether a refund of an order or a request needs no sending any more: the bank gave it back.
    pub(in crate::engine) async fn refund_is_settled(
        &self, work: &mut Work<'_>, code: SpokenCode, round: u32,
    ) -> Result<bool, Fault> {
        let settled =
            |refunds: &[Refund]| refunds.iter().any(|refund| refund.round == round && refund.done.is_some());
        if let Some(request) = work.get::<Bulk>(code).await? {
            return Ok(settled(&request.refunds));
        }
        Ok(work.get::<Order>(code).await?.is_some_and(|order| settled(&order.refunds)))
    }
}
