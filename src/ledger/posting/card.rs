//! Money that shoppers' banks take back, and money on a card payment that belongs to no order.

use super::cause::Head;
use super::{credit, debit, less, moved};
use crate::ledger::account::Account;
use crate::ledger::transfer::{Kind, Line, Phase, Reference};
use crate::types::{Kes, SpokenCode, TroubleId};
use serde::{Deserialize, Serialize};

/// Something that happened to a card payment and that nobody here asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardFact {
    /// A shopper's bank took a payment back while it asks about it.
    DisputeWithdrawn {
        /// The dispute.
        trouble: TroubleId,
        /// About which order or bulk request.
        order: SpokenCode,
        /// How much.
        amount: Kes,
        /// What the processor takes for it.
        fee: Kes,
    },
    /// The bank gave it back.
    DisputeReinstated {
        /// The dispute.
        trouble: TroubleId,
        /// About which order or bulk request.
        order: SpokenCode,
        /// How much.
        amount: Kes,
        /// What of the processor's fee came back with it.
        fee: Kes,
    },
    /// The bank keeps it: the shopper has her money, and what had passed is our loss.
    DisputeLost {
        /// The dispute.
        trouble: TroubleId,
        /// About which order or bulk request: whose deposit it is.
        order: SpokenCode,
        /// How much.
        amount: Kes,
        /// What the deposit still held for pieces that had not passed.
        goods: Kes,
        /// The same of other orders that were paid with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<(SpokenCode, Kes)>,
        /// What had been for the carrier and is still with us.
        shipping: Kes,
        /// What had been collected as tax on what was not sent.
        #[serde(default)]
        tax: Kes,
    },
    /// Money is with the processor that belongs to no order.
    StrayTaken {
        /// What stands for it.
        trouble: TroubleId,
        /// About which order, if about any.
        order: Option<SpokenCode>,
        /// How much.
        amount: Kes,
        /// What the processor keeps of a payment.
        fee: Kes,
    },
    /// It went back to its card.
    StrayReturned {
        /// What stood for it.
        trouble: TroubleId,
        /// About which order, if about any.
        order: Option<SpokenCode>,
        /// How much.
        amount: Kes,
    },
    /// It was given back from our bank.
    StraySettled {
        /// What stood for it.
        trouble: TroubleId,
        /// About which order, if about any.
        order: Option<SpokenCode>,
        /// How much.
        amount: Kes,
    },
}

/// The table.
pub(super) fn lines(fact: &CardFact) -> Vec<Line> {
    use Account as A;
    match fact {
        CardFact::DisputeWithdrawn { amount, fee, .. } => vec![
            debit(A::Disputed, *amount),
            credit(A::Psp, *amount),
            debit(A::ExpPsp, *fee),
            credit(A::Psp, *fee),
        ],
        CardFact::DisputeReinstated { amount, fee, .. } => vec![
            debit(A::Psp, *amount),
            credit(A::Disputed, *amount),
            debit(A::Psp, *fee),
            credit(A::ExpPsp, *fee),
        ],
        CardFact::DisputeLost { order, amount, goods, others, shipping, tax, .. } => {
            let deposits = std::iter::once((*order, *goods)).chain(others.iter().copied());
            let rest = less(less(*amount, *shipping), *tax);
            let rest = deposits.clone().fold(rest, |rest, (_, held)| less(rest, held));
            let mut lines: Vec<Line> = deposits.map(|(order, held)| debit(A::Deposit(order), held)).collect();
            lines.extend([
                debit(A::ShippingPayable, *shipping),
                debit(A::TaxPayable, *tax),
                debit(A::ExpReturns, rest),
                credit(A::Disputed, *amount),
            ]);
            lines
        }
        CardFact::StrayTaken { amount, fee, .. } => vec![
            debit(A::Psp, *amount),
            credit(A::Suspense, *amount),
            debit(A::ExpPsp, *fee),
            credit(A::Psp, *fee),
        ],
        CardFact::StrayReturned { amount, .. } => moved(A::Suspense, A::Psp, *amount),
        CardFact::StraySettled { amount, .. } => moved(A::Suspense, A::Bank, *amount),
    }
}

/// What names it. A stray goes back once, by whichever way.
pub(super) fn head(fact: &CardFact) -> Head {
    let of = |trouble: &TroubleId, order: Option<SpokenCode>, step: &str, kind| Head {
        cause: format!("trouble/{trouble}/{step}"),
        kind,
        phase: Phase::Single,
        reference: order.map_or_else(|| Reference::Paper(format!("trouble {trouble}")), Reference::Order),
    };
    match fact {
        CardFact::DisputeWithdrawn { trouble, order, .. } => {
            of(trouble, Some(*order), "withdrawn", Kind::DisputeWithdrawn)
        }
        CardFact::DisputeReinstated { trouble, order, .. } => {
            of(trouble, Some(*order), "reinstated", Kind::DisputeReinstated)
        }
        CardFact::DisputeLost { trouble, order, .. } => of(trouble, Some(*order), "lost", Kind::DisputeLost),
        CardFact::StrayTaken { trouble, order, .. } => of(trouble, *order, "taken", Kind::StrayTaken),
        CardFact::StrayReturned { trouble, order, .. } => of(trouble, *order, "gone", Kind::StrayReturned),
        CardFact::StraySettled { trouble, order, .. } => of(trouble, *order, "gone", Kind::StraySettled),
    }
}

/// Its sums, none of which may lie below zero.
pub(super) fn sums(fact: &CardFact) -> Vec<(&'static str, Kes)> {
    match fact {
        CardFact::DisputeWithdrawn { amount, fee, .. }
        | CardFact::DisputeReinstated { amount, fee, .. }
        | CardFact::StrayTaken { amount, fee, .. } => vec![("amount", *amount), ("fee", *fee)],
        CardFact::DisputeLost { amount, goods, others, shipping, tax, .. } => {
            let others = others.iter().map(|(_, held)| ("goods", *held));
            let own = [("amount", *amount), ("goods", *goods), ("shipping", *shipping), ("tax", *tax)];
            own.into_iter().chain(others).collect()
        }
        CardFact::StrayReturned { amount, .. } | CardFact::StraySettled { amount, .. } => {
            vec![("amount", *amount)]
        }
    }
}
