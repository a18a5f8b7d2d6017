//! What names a transfer: its id follows from the cause of its fact.

use super::Fact;
use crate::ledger::transfer::{Kind, Phase, Reference};
use crate::types::{PayoutId, TransferId};

/// The name of a transfer: where its id, kind and phase come from.
pub(super) struct Head {
    pub(super) cause: String,
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    pub(super) reference: Reference,
}

/// What names a fact: a fact that happens once has one cause, however often it is told.
pub(super) fn head(fact: &Fact) -> Head {
    use Reference as R;
    let single = |cause, kind, reference| Head { cause, kind, phase: Phase::Single, reference };
    match fact {
        Fact::Opened { paper, .. } => {
            single(format!("opened/{paper}"), Kind::Opened, R::Paper(paper.clone()))
        }
        Fact::FloatFunded { paper, .. } => {
            single(format!("float/{paper}"), Kind::FloatFunded, R::Paper(paper.clone()))
        }
        Fact::PspSettled { paper, .. } => {
            single(format!("settled/{paper}"), Kind::PspSettled, R::Paper(paper.clone()))
        }
        Fact::Captured { order, .. } => single(format!("captured/{order}"), Kind::Captured, R::Order(*order)),
        Fact::Released { order, round, .. } => {
            single(format!("released/{order}/{round}"), Kind::Released, R::Order(*order))
        }
        Fact::ListingValidated { listing, round, .. } => {
            single(format!("validated/{listing}/{round}"), Kind::ListingValidated, R::Listing(*listing))
        }
        Fact::ParcelChecked { order, round, .. } => {
            single(format!("checked/{order}/{round}"), Kind::ParcelChecked, R::Order(*order))
        }
        Fact::BoxUsed { order, round, .. } => {
            single(format!("box/{order}/{round}"), Kind::BoxUsed, R::Order(*order))
        }
        Fact::StockKept { agent, month, .. } => {
            single(format!("stock/{agent}/{month}"), Kind::StockKept, R::Party(*agent))
        }
        Fact::ParcelDelivered { order, round, .. } => {
            single(format!("delivered/{order}/{round}"), Kind::ParcelDelivered, R::Order(*order))
        }
        Fact::RefundedBeforeRelease { order, round, .. } => {
            single(format!("refunded/{order}/{round}"), Kind::RefundedBeforeRelease, R::Order(*order))
        }
        Fact::MaterialsKept { order, .. } => {
            single(format!("materials/{order}"), Kind::MaterialsKept, R::Order(*order))
        }
        Fact::RefundedAfterRelease { order, round, .. } => {
            single(format!("refunded/{order}/{round}"), Kind::RefundedAfterRelease, R::Order(*order))
        }
        Fact::Card(fact) => super::card::head(fact),
        Fact::ShippingSettled { order, .. } => {
            single(format!("shipping/{order}"), Kind::ShippingSettled, R::Order(*order))
        }
        Fact::LoanFunded { artisan, paper, .. } => {
            single(format!("loan/{paper}/funded"), Kind::LoanFunded, R::Party(*artisan))
        }
        // A payout sends one loan, and gets it back once.
        Fact::LoanSent { payout, .. } => {
            single(format!("loan/{payout}/sent"), Kind::LoanSent, R::Payout(*payout))
        }
        Fact::LoanReturned { payout, .. } => {
            single(format!("loan/{payout}/returned"), Kind::LoanReturned, R::Payout(*payout))
        }
        // Whichever way it came back, it came back once.
        Fact::LoanReturnedLate { payout, .. } => {
            single(format!("loan/{payout}/returned"), Kind::LoanReturnedLate, R::Payout(*payout))
        }
        Fact::LoanUnlent { artisan, paper, .. } => {
            single(format!("loan/{paper}/unlent"), Kind::LoanUnlent, R::Party(*artisan))
        }
        Fact::Received { receipt, .. } => {
            single(format!("received/{receipt}"), Kind::Received, R::Paper(receipt.clone()))
        }
        Fact::LoanPaid { artisan, loan, round, .. } => {
            single(format!("loan/{loan}/paid/{round}"), Kind::LoanPaid, R::Party(*artisan))
        }
        // What two people decide happens once.
        Fact::LoanLost { approval, artisan, .. } => {
            single(format!("approval/{approval}"), Kind::LoanLost, R::Party(*artisan))
        }
        Fact::MadeGood { approval, to, .. } => {
            single(format!("approval/{approval}"), Kind::MadeGood, R::Party(to.owner()))
        }
        Fact::ByHand { approval, .. } => {
            single(format!("approval/{approval}"), Kind::ByHand, R::Paper(format!("approval {approval}")))
        }
        Fact::LoanRemitted { paper, .. } => {
            single(format!("remitted/{paper}"), Kind::LoanRemitted, R::Paper(paper.clone()))
        }
        Fact::PayoutReserved { payout, .. }
        | Fact::CashServed { payout, .. }
        | Fact::PayoutPaid { payout, .. }
        | Fact::PayoutFailed { payout, .. }
        | Fact::PayoutPaidLate { payout, .. }
        | Fact::PayoutReversed { payout, .. } => payout_head(*payout, fact),
    }
}

/// A payout is reserved once and resolved once: paid, served in cash or failed share one cause.
fn payout_head(payout: PayoutId, fact: &Fact) -> Head {
    let reserved = format!("payout/{payout}/reserved");
    let of = TransferId::derived(&reserved);
    let (step, kind, phase) = match fact {
        Fact::CashServed { .. } => ("resolved", Kind::CashServed, Phase::Post { of }),
        Fact::PayoutPaid { .. } => ("resolved", Kind::PayoutPaid, Phase::Post { of }),
        Fact::PayoutFailed { .. } => ("resolved", Kind::PayoutFailed, Phase::Void { of }),
        Fact::PayoutPaidLate { .. } => ("late", Kind::PayoutPaidLate, Phase::Single),
        Fact::PayoutReversed { .. } => ("reversed", Kind::PayoutReversed, Phase::Single),
        _ => ("reserved", Kind::PayoutReserved, Phase::Pending),
    };
    Head { cause: format!("payout/{payout}/{step}"), kind, phase, reference: Reference::Payout(payout) }
}
