//! What a shopper's card pays and gets back: the same for an order and for a bulk request.

use super::Engine;
use super::actions::FOR_EVER;
use super::trade::RefundOut;
use super::work::{Fault, Work, shard};
use crate::ledger::Fact;
use crate::market::Quote;
use crate::market::order::{Refund, RefundWhy};
use crate::types::{SpokenCode, Usd};
use serde::{Deserialize, Serialize};

/// What is collected for a tax authority with a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxView {
    /// In ten-thousandths of the price.
    pub rate_bp: u32,
    /// How much.
    pub sum: Usd,
}

impl TaxView {
    /// What is collected with all that a quote is for; nothing where nothing is.
    pub(super) fn of(quote: &Quote) -> Option<Self> {
        (!quote.tax.is_none()).then(|| Self { rate_bp: quote.tax.rate_bp, sum: quote.taxes() })
    }

    /// What is collected with several parcels that go to one country.
    pub fn all(each: impl Iterator<Item = Self>) -> Option<Self> {
        let add = |a: Usd, b: Usd| Usd::minor(a.cents().saturating_add(b.cents()));
        each.reduce(|all, one| Self { sum: add(all.sum, one.sum), ..all })
    }
}

impl Engine {
    /// A payment was taken, or the part of one that comes after others.
    pub(super) fn captured(
        &self, work: &mut Work<'_>, code: SpokenCode, quote: &Quote, charged: Usd, before: Usd,
    ) -> Result<(), Fault> {
        work.post(&Fact::Captured {
            order: code,
            charged: quote.in_shillings(charged),
            goods: quote.value(quote.pieces),
            shipping: quote.shipping_value,
            tax: quote.taxes_value(),
            fee: quote.in_shillings(self.policy.card_fee_of_part(before, charged)),
        })
    }

    /// Money has to go back: the card processor is asked for it until it has said so.
    pub(super) fn refund_due(
        &self, work: &mut Work<'_>, code: SpokenCode, payment: Option<&String>, refund: &Refund,
    ) -> Result<(), Fault> {
        let payment = payment.cloned().ok_or_else(|| Fault::Broken(format!("{code} was never paid")))?;
        let asked = work.now;
        let out = RefundOut { order: code, round: refund.round, payment, back: refund.back, asked };
        work.send(shard::CARD, format!("refund/{code}/{}", refund.round), "refund", &out, FOR_EVER);
        Ok(())
    }

    /// The card processor has given it back.
    pub(super) fn refund_done(
        &self, work: &mut Work<'_>, code: SpokenCode, refunds: &[Refund], round: u32,
    ) -> Result<(), Fault> {
        let refund = refunds.iter().find(|refund| refund.round == round);
        let refund = refund.ok_or_else(|| Fault::Broken(format!("{code} has no refund {round}")))?;
        let (back, goods, shipping) = (refund.back_value, refund.goods_value, refund.shipping_value);
        let tax = refund.tax_value;
        work.post(&match refund.why {
            RefundWhy::AfterRelease => Fact::RefundedAfterRelease { order: code, round, back, shipping, tax },
            _ => Fact::RefundedBeforeRelease { order: code, round, back, goods, shipping, tax },
        })
    }
}
