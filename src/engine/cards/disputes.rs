//! Disputes: a shopper's bank asks about a payment, takes the money back meanwhile, and keeps it or
//! not. Before release the order is held; what was released stays its maker's, and the loss is ours.

use super::Paid;
use super::kept;
use crate::engine::Engine;
use crate::engine::depot::Opening as CaseOpening;
use crate::engine::shopfront::{DisputeStep, DisputeTold};
use crate::engine::trade::Due;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::ledger::posting::CardFact;
use crate::ledger::{Account, Fact};
use crate::market::Quote;
use crate::market::bulk::{Bulk, BulkCommand};
use crate::market::case::CaseKind;
use crate::market::order::{Order, OrderCommand, Refund, RefundWhy};
use crate::market::trouble::TroubleKind;
use crate::market::trouble::{self, DisputeNews, Opening, Outcome, Trouble, TroubleCommand, TroubleEvent};
use crate::types::time::NAIROBI;
use crate::types::{Kes, SpokenCode, Timestamp, TroubleId, Usd};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So long before the end of the time for evidence the desk is reminded.
const REMINDED: Duration = Duration::from_secs(3 * 86_400);

/// The time for evidence of a dispute comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWord {
    /// Which dispute.
    pub trouble: TroubleId,
    /// That end: another makes this void.
    pub due: Timestamp,
}

/// An order or a request of a payment that a bank keeps.
struct Bought {
    code: SpokenCode,
    /// What had gone back of it, in cents.
    back: i64,
    /// What was for the carrier and is still with us.
    unsent: Kes,
    /// What was collected as tax on what was not sent.
    tax: Kes,
}

impl Engine {
    /// What the processor tells of a dispute. False when the payment is not known.
    pub(super) async fn hear_dispute(
        &self, work: &mut Work<'_>, payment: &str, told: &DisputeTold,
    ) -> Result<bool, Fault> {
        let Some(paid) = self.paid_for(work, payment).await? else { return Ok(false) };
        let shillings = |sum: Usd| paid.quote().in_shillings(sum);
        let id = trouble::id_of(&told.id);
        let known = work.get::<Trouble>(id).await?;
        let opening = Opening {
            what: TroubleKind::Dispute,
            named: told.id.clone(),
            payment: payment.to_owned(),
            order: Some(paid.code()),
            amount: told.amount,
            value: shillings(told.amount),
            reason: told.reason.clone(),
        };
        let news = match &told.step {
            DisputeStep::Stands => DisputeNews::Stands,
            DisputeStep::Withdrawn(fee) => DisputeNews::Withdrawn(shillings(*fee)),
            DisputeStep::Reinstated(fee) => DisputeNews::Reinstated(shillings(*fee)),
            DisputeStep::Closed(outcome) => DisputeNews::Closed(*outcome),
        };
        let hear = TroubleCommand::Hear { opening, status: told.status.clone(), due: told.due, news };
        let events = trouble::decide(known.as_ref(), &hear)
            .map_err(|why| Fault::Broken(format!("a dispute was refused: {why}")))?;
        work.apply::<Trouble>(id, events.clone());
        let dispute = work.need::<Trouble>(id).await?;
        for event in &events {
            self.follow_dispute(work, id, &dispute, &paid, event).await?;
        }
        Ok(true)
    }

    async fn follow_dispute(
        &self, work: &mut Work<'_>, id: TroubleId, dispute: &Trouble, paid: &Paid, event: &TroubleEvent,
    ) -> Result<(), Fault> {
        let (code, amount) = (paid.code(), dispute.opening.value);
        match event {
            TroubleEvent::Opened(_) => {
                if dispute.is_open_dispute() {
                    self.hold_purchase(work, code, true).await?;
                }
                self.open_dispute_case(work, dispute, code).await
            }
            TroubleEvent::Stands { due: Some(due), .. } => {
                let at = Timestamp::from_millis(due.millis().saturating_sub(REMINDED.as_millis() as i64))
                    .max(work.now);
                let last = Due::LastWord(LastWord { trouble: id, due: *due });
                work.timer(at, &format!("dispute/{id}/{}", due.millis()), &last);
                Ok(())
            }
            TroubleEvent::Withdrawn { fee } => {
                let (order, fee) = (code, *fee);
                work.post(&Fact::Card(CardFact::DisputeWithdrawn { trouble: id, order, amount, fee }))
            }
            TroubleEvent::Reinstated { fee } => {
                let (order, fee) = (code, *fee);
                work.post(&Fact::Card(CardFact::DisputeReinstated { trouble: id, order, amount, fee }))
            }
            TroubleEvent::Closed { outcome: Outcome::Lost } => self.lost(work, id, dispute, paid).await,
            TroubleEvent::Closed { .. } => self.let_be(work, dispute, code).await,
            _ => Ok(()),
        }
    }

    async fn open_dispute_case(
        &self, work: &mut Work<'_>, dispute: &Trouble, code: SpokenCode,
    ) -> Result<(), Fault> {
        let until = dispute.due.map(|due| due.civil(NAIROBI));
        let until =
            until.map_or(String::new(), |(year, month, day)| format!(", until {year}-{month:02}-{day:02}"));
        let Opening { named, reason, amount, .. } = &dispute.opening;
        let text = format!(
            "a bank disputes ${amount} of the payment of {code} ({named}, {reason}): send the evidence that /desk/cards shows{until}"
        );
        let named = named.clone();
        work.rings(move || tracing::error!(order = %code, dispute = %named, "ALARM: a shopper's bank disputes a payment"));
        // A bulk request is no order; its case names it in words.
        let order = view::read::<Order>(work, code).await?.map(|_| code);
        let what = CaseKind::Chargeback;
        let opening = CaseOpening { what, order, people: vec![], by: "", text: &text };
        self.open_own_case(work, opening).await
    }

    /// Everything of a payment stays where it is, or goes on.
    async fn hold_purchase(&self, work: &mut Work<'_>, code: SpokenCode, on: bool) -> Result<(), Fault> {
        if let Some(request) = work.get::<Bulk>(code).await? {
            for part in &request.parts {
                self.of_order(work, part.order, &OrderCommand::Hold { on }).await?;
            }
            self.of_bulk(work, code, &BulkCommand::Hold { on }).await?;
            if !on {
                self.spread_bulk(work, code).await?;
                self.choice_goes_on(work, code).await?;
            }
            return Ok(());
        }
        for order in work.need::<Order>(code).await?.paid_together() {
            self.of_order(work, order, &OrderCommand::Hold { on }).await?;
        }
        Ok(())
    }

    async fn of_order(
        &self, work: &mut Work<'_>, code: SpokenCode, command: &OrderCommand,
    ) -> Result<(), Fault> {
        let done = self.order_turn(work, code, command).await?;
        done.map(drop).map_err(|why| Fault::Broken(format!("a dispute of order {code}: {why}")))
    }

    async fn of_bulk(
        &self, work: &mut Work<'_>, code: SpokenCode, command: &BulkCommand,
    ) -> Result<(), Fault> {
        let done = self.bulk_turn(work, code, command).await?;
        done.map(drop).map_err(|why| Fault::Broken(format!("a dispute of request {code}: {why}")))
    }

    /// A payment is let be; another bank, or the same, may still ask about it.
    async fn let_be(&self, work: &mut Work<'_>, dispute: &Trouble, code: SpokenCode) -> Result<(), Fault> {
        if self.is_still_disputed(work, dispute).await? {
            return Ok(());
        }
        self.hold_purchase(work, code, false).await
    }

    async fn is_still_disputed(&self, work: &mut Work<'_>, but: &Trouble) -> Result<bool, Fault> {
        let others = self.troubles_with(work, &but.opening.payment).await?;
        Ok(others.iter().any(|other| other.is_open_dispute() && other.opening.named != but.opening.named))
    }

    /// The bank keeps the money. All of a payment: what had not passed is over, and its deposits pay;
    /// the rest, and any part of a payment, is our loss, and the orders go on.
    async fn lost(
        &self, work: &mut Work<'_>, id: TroubleId, dispute: &Trouble, paid: &Paid,
    ) -> Result<(), Fault> {
        let (code, amount) = (paid.code(), dispute.opening.value);
        let bought = self.bought(work, paid).await?;
        let back: i64 = bought.iter().map(|one| one.back).sum();
        let whole = dispute.opening.amount.cents() >= paid.charge().cents().saturating_sub(back);
        let (mut goods, mut others) = (Kes::ZERO, Vec::new());
        let (mut shipping, mut tax) = (Kes::ZERO, Kes::ZERO);
        if whole {
            for one in &bought {
                let held = Kes::minor(work.sum(Account::Deposit(one.code)).await?.max(0));
                match one.code == code {
                    true => goods = held,
                    false if held > Kes::ZERO => others.push((one.code, held)),
                    false => {}
                }
                shipping = Kes::minor(shipping.cents().saturating_add(one.unsent.cents()));
                tax = Kes::minor(tax.cents().saturating_add(one.tax.cents()));
            }
            shipping = shipping.min(Kes::minor(work.sum(Account::ShippingPayable).await?.max(0)));
        }
        let lost = CardFact::DisputeLost { trouble: id, order: code, amount, goods, others, shipping, tax };
        work.post(&Fact::Card(lost))?;
        if !whole {
            return self.let_be(work, dispute, code).await;
        }
        match paid {
            Paid::Bulk(_, request) => {
                self.of_bulk(work, code, &BulkCommand::BankTook).await?;
                for part in &request.parts {
                    self.of_order(work, part.order, &OrderCommand::BankTook).await?;
                }
            }
            Paid::Orders(order, others) => {
                let alone = others.is_empty();
                for order in std::iter::once(&**order).chain(others) {
                    // Of what went back before, the bank has taken nothing.
                    let over = match !alone && order.is_paid_back() {
                        true => OrderCommand::Hold { on: false },
                        false => OrderCommand::BankTook,
                    };
                    self.of_order(work, order.terms.code, &over).await?;
                }
            }
        }
        Ok(())
    }

    /// What a payment bought, as far as its loss goes.
    async fn bought(&self, work: &mut Work<'_>, paid: &Paid) -> Result<Vec<Bought>, Fault> {
        // Pieces that were sent are sold, whatever comes of the payment: their tax stays owed.
        let of = |code, quote: &Quote, refunds: &[&Refund], sent: bool, kept: u32| {
            let done = || refunds.iter().filter(|refund| refund.done.is_some());
            let gone = done().any(|refund| refund.shipping_value > Kes::ZERO);
            let unsent = if sent || gone { Kes::ZERO } else { quote.shipping_value };
            let given: i64 = done().map(|refund| refund.tax_value.cents()).sum();
            let owed = match sent {
                true => quote.tax.goods_value(kept).cents().saturating_add(quote.tax.shipping_value.cents()),
                false => 0,
            };
            let tax =
                Kes::minor(quote.taxes_value().cents().saturating_sub(given).saturating_sub(owed).max(0));
            Bought { code, back: done().map(|refund| refund.back.cents()).sum(), unsent, tax }
        };
        Ok(match paid {
            Paid::Orders(order, others) => std::iter::once(&**order)
                .chain(others)
                .map(|order| {
                    let kept = order.passed.saturating_sub(order.complained_of());
                    let refunds: Vec<&Refund> = order.refunds.iter().collect();
                    of(order.terms.code, &order.terms.quote, &refunds, order.parcel.is_some(), kept)
                })
                .collect(),
            Paid::Bulk(code, request) => {
                let parts = self.parts_of(work, request).await?;
                let sent: Vec<&Order> = parts.iter().filter(|part| part.parcel.is_some()).collect();
                let kept = sent.iter().map(|part| part.passed.saturating_sub(part.complained_of())).sum();
                // What had passed was given back under the numbers of the parts.
                let after = |refund: &&Refund| refund.why == RefundWhy::AfterRelease;
                let given = parts.iter().flat_map(|part| part.refunds.iter().filter(after));
                let taxed: i64 =
                    given.filter(|refund| refund.done.is_some()).map(|refund| refund.tax_value.cents()).sum();
                let own: Vec<&Refund> = request.refunds.iter().collect();
                let one = of(*code, &request.terms.quote, &own, !sent.is_empty(), kept);
                vec![Bought { tax: Kes::minor(one.tax.cents().saturating_sub(taxed).max(0)), ..one }]
            }
        })
    }

    async fn parts_of(&self, work: &mut Work<'_>, request: &Bulk) -> Result<Vec<Order>, Fault> {
        let mut parts = Vec::with_capacity(request.parts.len());
        for part in &request.parts {
            parts.extend(work.get::<Order>(part.order).await?);
        }
        Ok(parts)
    }

    /// The time for evidence is nearly over.
    pub(in crate::engine) async fn last_word(
        &self, work: &mut Work<'_>, last: LastWord,
    ) -> Result<(), Fault> {
        let Some(dispute) = work.get::<Trouble>(last.trouble).await? else { return Ok(()) };
        let waits = matches!(dispute.status.as_str(), "needs_response" | "warning_needs_response");
        if dispute.is_open_dispute() && dispute.due == Some(last.due) && waits {
            let days = last.due.since(work.now).as_secs() / 86_400;
            let named = dispute.opening.named.clone();
            work.rings(move || {
                tracing::error!(dispute = %named, days,
                    "ALARM: the time for the evidence of a dispute is nearly over");
            });
            let text = format!(
                "no evidence was sent for {}: {days} days are left, then the money is the bank's",
                dispute.opening.named
            );
            let what = CaseKind::Chargeback;
            let order = match dispute.opening.order {
                Some(code) => view::read::<Order>(work, code).await?.map(|_| code),
                None => None,
            };
            self.open_own_case(work, CaseOpening { what, order, people: vec![], by: "", text: &text })
                .await?;
        }
        Ok(())
    }

    /// Every dispute and stray, newest first.
    pub(super) async fn all_troubles(&self, work: &mut Work<'_>) -> Result<Vec<(TroubleId, Trouble)>, Fault> {
        view::every::<Trouble>(work, kept::all_troubles(), true).await
    }
}
