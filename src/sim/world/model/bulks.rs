//! Many pieces at once: the request is paid for as a whole, each part is an order whose money stands
//! with the request, and what nobody makes goes back from there.

use super::prices::Price;
use super::{Model, Wrong, of, rule};
use crate::market::bulk::{BulkEvent, BulkTerms};
use crate::types::SpokenCode;
use std::collections::{BTreeMap, BTreeSet};

/// A request.
pub(super) struct Bought {
    pub price: Price,
    pieces: u32,
    paid: bool,
    /// Pieces of each refund.
    refunds: BTreeMap<u32, u32>,
    given_back: BTreeSet<u32>,
    /// A carrier was paid for one of its parcels, out of what was paid for all of them.
    settled: bool,
    /// What was paid for the carrier went back.
    shipping_back: bool,
}

impl Bought {
    /// What was paid for the carrier, for the first of its parcels that is settled.
    pub(super) fn settle(&mut self) -> i64 {
        if std::mem::replace(&mut self.settled, true) { 0 } else { self.price.shipping_value }
    }
}

impl Model {
    fn wanted(&mut self, code: SpokenCode, terms: &BulkTerms) {
        let (maker, kind) = self.prices.get(&terms.listing).cloned().unwrap_or_default();
        let pieces = terms.quote.pieces;
        let price = self.numbers.price(maker, &kind, pieces, &terms.country);
        let (refunds, given_back) = (BTreeMap::new(), BTreeSet::new());
        let (paid, settled, shipping_back) = (false, false, false);
        self.bulks.insert(code, Bought { price, pieces, paid, refunds, given_back, settled, shipping_back });
    }

    /// What happens to a request. Its parts release what they made from its deposit.
    pub(super) fn bulk(&mut self, code: SpokenCode, event: &BulkEvent) -> Result<(), Wrong> {
        if let BulkEvent::Placed(terms) = event {
            self.wanted(code, terms);
            return Ok(());
        }
        let Some(mut bought) = self.bulks.remove(&code) else {
            return Err(format!("request {code} was never placed"));
        };
        let done = self.bulk_moves(code, &mut bought, event);
        self.bulks.insert(code, bought);
        done.map_err(|wrong| format!("request {code}: {wrong}"))
    }

    fn bulk_moves(&mut self, code: SpokenCode, bought: &mut Bought, event: &BulkEvent) -> Result<(), Wrong> {
        let price = bought.price;
        match event {
            BulkEvent::Paid { charged, .. } => {
                rule(!std::mem::replace(&mut bought.paid, true), || "paid twice".to_owned())?;
                self.charged(&of("deposit", code), price, bought.pieces, charged.cents())?;
            }
            BulkEvent::RefundDue(refund) => {
                bought.refunds.insert(refund.round, refund.pieces);
                let all: u32 = bought.refunds.values().sum();
                rule(all <= bought.pieces, || format!("{all} refunded of {}", bought.pieces))?;
            }
            BulkEvent::RefundDone { round } => {
                rule(bought.given_back.insert(*round), || format!("refund {round} was made twice"))?;
                let pieces = *bought.refunds.get(round).ok_or("a refund that was never due")?;
                let so_far: u32 = bought.refunds.range(..=*round).map(|(_, pieces)| pieces).sum();
                // Shipping goes back with the last piece, when none will be sent, or alone when all that
                // had passed was given back.
                let last = so_far == bought.pieces || pieces == 0;
                let ship = if last { price.shipping } else { 0 };
                let again = last && std::mem::replace(&mut bought.shipping_back, true);
                rule(!again, || "shipping went back twice".to_owned())?;
                let back = self.numbers.in_shillings(price.shop * i64::from(pieces) + ship);
                let (goods, ship) = (price.value * i64::from(pieces), self.numbers.in_shillings(ship));
                self.add("psp", back);
                self.add(&of("deposit", code), -goods);
                self.add("shipping_payable", -ship);
                self.add("margin", goods + ship - back);
            }
            _ => {}
        }
        Ok(())
    }
}
