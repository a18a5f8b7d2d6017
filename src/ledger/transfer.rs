//! A transfer: a balanced set of lines with one cause; and every way the books say no.

use super::account::Account;
use crate::types::{Kes, PartyId, PayoutId, SpokenCode, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a transfer stands for, in a stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Opening money was put in.
    Opened,
    /// Money went from the bank to the mobile-money float.
    FloatFunded,
    /// The card processor paid out to the bank.
    PspSettled,
    /// A shopper's card payment was captured.
    Captured,
    /// Pieces passed the check.
    Released,
    /// An agent looked at a listing.
    ListingValidated,
    /// An agent checked a parcel.
    ParcelChecked,
    /// An agent packed pieces into a box of ours.
    BoxUsed,
    /// An agent showed our leaflets for a month.
    StockKept,
    /// An agent paid somebody in cash.
    CashServed,
    /// A rider brought a parcel.
    ParcelDelivered,
    /// A payout was taken out of somebody's free money, before anything was sent.
    PayoutReserved,
    /// The provider paid.
    PayoutPaid,
    /// The provider did not pay: the money is free again.
    PayoutFailed,
    /// The provider paid after all, though the money had been freed.
    PayoutPaidLate,
    /// The provider sent a paid sum back.
    PayoutReversed,
    /// A shopper got money back before release.
    RefundedBeforeRelease,
    /// A shopper got money back after release.
    RefundedAfterRelease,
    /// Materials kept of a cancelled order.
    MaterialsKept,
    /// A shopper's bank took a payment back while it asks about it.
    DisputeWithdrawn,
    /// It gave it back.
    DisputeReinstated,
    /// It keeps it.
    DisputeLost,
    /// Money came that belongs to no order.
    StrayTaken,
    /// It went back to its card.
    StrayReturned,
    /// It went back by another way.
    StraySettled,
    /// A carrier was paid.
    ShippingSettled,
    /// Lenders' money came in.
    LoanFunded,
    /// A loan was sent to an artisan.
    LoanSent,
    /// A loan that was sent came back, undelivered.
    LoanReturned,
    /// A loan came back on which nothing was owed any more.
    LoanReturnedLate,
    /// Lenders' money that nobody borrowed waits to go back.
    LoanUnlent,
    /// Somebody paid us by mobile money.
    Received,
    /// An artisan paid some of her loan back herself.
    LoanPaid,
    /// Repayments were sent back to lenders.
    LoanRemitted,
    /// The rest of a loan is our loss.
    LoanLost,
    /// We gave somebody what we owed.
    MadeGood,
    /// Two people at the desk posted it.
    ByHand,
}

impl Kind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 37] = [
        Self::Opened,
        Self::FloatFunded,
        Self::PspSettled,
        Self::Captured,
        Self::Released,
        Self::ListingValidated,
        Self::ParcelChecked,
        Self::BoxUsed,
        Self::StockKept,
        Self::CashServed,
        Self::ParcelDelivered,
        Self::PayoutReserved,
        Self::PayoutPaid,
        Self::PayoutFailed,
        Self::PayoutPaidLate,
        Self::PayoutReversed,
        Self::RefundedBeforeRelease,
        Self::RefundedAfterRelease,
        Self::MaterialsKept,
        Self::DisputeWithdrawn,
        Self::DisputeReinstated,
        Self::DisputeLost,
        Self::StrayTaken,
        Self::StrayReturned,
        Self::StraySettled,
        Self::ShippingSettled,
        Self::LoanFunded,
        Self::LoanSent,
        Self::LoanReturned,
        Self::LoanReturnedLate,
        Self::LoanUnlent,
        Self::Received,
        Self::LoanPaid,
        Self::LoanRemitted,
        Self::LoanLost,
        Self::MadeGood,
        Self::ByHand,
    ];

    /// The stable word, as in the serialised form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::FloatFunded => "float_funded",
            Self::PspSettled => "psp_settled",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::ListingValidated => "listing_validated",
            Self::ParcelChecked => "parcel_checked",
            Self::BoxUsed => "box_used",
            Self::StockKept => "stock_kept",
            Self::CashServed => "cash_served",
            Self::ParcelDelivered => "parcel_delivered",
            Self::PayoutReserved => "payout_reserved",
            Self::PayoutPaid => "payout_paid",
            Self::PayoutFailed => "payout_failed",
            Self::PayoutPaidLate => "payout_paid_late",
            Self::PayoutReversed => "payout_reversed",
            Self::RefundedBeforeRelease => "refunded_before_release",
            Self::RefundedAfterRelease => "refunded_after_release",
            Self::MaterialsKept => "materials_kept",
            Self::DisputeWithdrawn => "dispute_withdrawn",
            Self::DisputeReinstated => "dispute_reinstated",
            Self::DisputeLost => "dispute_lost",
            Self::StrayTaken => "stray_taken",
            Self::StrayReturned => "stray_returned",
            Self::StraySettled => "stray_settled",
            Self::ShippingSettled => "shipping_settled",
            Self::LoanFunded => "loan_funded",
            Self::LoanSent => "loan_sent",
            Self::LoanReturned => "loan_returned",
            Self::LoanReturnedLate => "loan_returned_late",
            Self::LoanUnlent => "loan_unlent",
            Self::Received => "received",
            Self::LoanPaid => "loan_paid",
            Self::LoanRemitted => "loan_remitted",
            Self::LoanLost => "loan_lost",
            Self::MadeGood => "made_good",
            Self::ByHand => "by_hand",
        }
    }
}

/// What a transfer belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// An order.
    Order(SpokenCode),
    /// A listing.
    Listing(SpokenCode),
    /// A payout.
    Payout(PayoutId),
    /// A party's standing arrangement: a loan, a month of display.
    Party(PartyId),
    /// A paper outside: a bank statement's line, a lender's remittance.
    Paper(String),
}

/// How a transfer stands to a pending one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Complete in itself.
    Single,
    /// Waits for one resolution.
    Pending,
    /// Resolves a pending one: it happened.
    Post {
        /// The pending transfer.
        of: TransferId,
    },
    /// Resolves a pending one: it did not happen.
    Void {
        /// The pending transfer.
        of: TransferId,
    },
}

/// One line: an account and what is credited to it; a debit is a negative credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The account.
    pub account: Account,
    /// Credit in cents; below zero it is a debit.
    pub credit: Kes,
}

/// A balanced set of lines, written whole or not at all.
///
/// The id follows from the cause, so the same fact posted twice has one id. The two resolutions of
/// a pending transfer share one id: whoever writes it first wins, the other finds it taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Follows from the cause.
    pub id: TransferId,
    /// What it stands for.
    pub kind: Kind,
    /// How it stands to a pending one.
    pub phase: Phase,
    /// What it belongs to.
    pub reference: Reference,
    /// The lines; their credits add up to zero, none is zero.
    pub lines: Vec<Line>,
    /// When.
    pub at: Timestamp,
}

/// Every way the books say no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The lines do not add up to zero.
    #[error("{kind:?} does not balance: its credits add up to {sum} cents")]
    Unbalanced {
        /// Which posting.
        kind: Kind,
        /// What is left over.
        sum: i128,
    },
    /// Nothing would move.
    #[error("{0:?} moves nothing")]
    Empty(Kind),
    /// A sum of the fact is negative where it must not be.
    #[error("{kind:?}: {what} may not be below zero")]
    Negative {
        /// Which posting.
        kind: Kind,
        /// Which sum.
        what: &'static str,
    },
    /// A sum left the range of cents.
    #[error("{0:?}: a sum is too large to be money")]
    TooLarge(Kind),
    /// An account would fall below its floor.
    #[error("{account} holds {have} and cannot give {need}")]
    BelowFloor {
        /// Which account.
        account: Account,
        /// What it holds.
        have: Kes,
        /// What it would have to give.
        need: Kes,
    },
    /// Written before, exactly so: nothing to do.
    #[error("this transfer stands in the books already")]
    Exists,
    /// Written before under the same id, with other lines.
    #[error("another transfer with this id stands in the books")]
    ExistsDifferently,
    /// Resolves a transfer that is not pending.
    #[error("there is no pending transfer {0} to resolve")]
    NotPending(TransferId),
}

impl Transfer {
    /// A transfer of these lines; lines of zero are dropped.
    pub fn new(
        cause: &str, kind: Kind, phase: Phase, reference: Reference, lines: Vec<Line>, at: Timestamp,
    ) -> Result<Self, Refused> {
        let lines: Vec<Line> = lines.into_iter().filter(|line| line.credit != Kes::ZERO).collect();
        if lines.is_empty() {
            return Err(Refused::Empty(kind));
        }
        let transfer = Self { id: TransferId::derived(cause), kind, phase, reference, lines, at };
        match transfer.sum() {
            0 => {}
            sum => return Err(Refused::Unbalanced { kind, sum }),
        }
        if transfer.net_wide().values().any(|net| i64::try_from(*net).is_err()) {
            return Err(Refused::TooLarge(kind));
        }
        Ok(transfer)
    }

    /// What all credits add up to: zero, unless a stored one was damaged.
    pub fn sum(&self) -> i128 {
        self.lines.iter().map(|line| i128::from(line.credit.cents())).sum()
    }

    /// What the transfer adds to each account, once per account and in their order.
    pub fn net(&self) -> BTreeMap<Account, i64> {
        let narrow = |net: i128| i64::try_from(net).unwrap_or(if net < 0 { i64::MIN } else { i64::MAX });
        self.net_wide().into_iter().map(|(account, net)| (account, narrow(net))).collect()
    }

    fn net_wide(&self) -> BTreeMap<Account, i128> {
        let mut net = BTreeMap::new();
        for line in &self.lines {
            *net.entry(line.account).or_default() += i128::from(line.credit.cents());
        }
        net
    }

    /// The same movement for the same cause, whenever it was written.
    pub fn same_as(&self, other: &Self) -> bool {
        self.id == other.id
            && self.kind == other.kind
            && self.phase == other.phase
            && self.reference == other.reference
            && self.lines == other.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: Vec<Line>) -> Result<Transfer, Refused> {
        let paper = Reference::Paper("statement 7".into());
        Transfer::new("test", Kind::Opened, Phase::Single, paper, lines, Timestamp::default())
    }

    fn line(account: Account, cents: i64) -> Line {
        Line { account, credit: Kes::minor(cents) }
    }

    #[test]
    fn a_transfer_that_does_not_balance_is_never_made() {
        let refused = of(vec![line(Account::Bank, -500), line(Account::Equity, 499)]);
        assert_eq!(refused, Err(Refused::Unbalanced { kind: Kind::Opened, sum: -1 }));
    }

    #[test]
    fn a_transfer_that_moves_nothing_is_never_made() {
        assert_eq!(of(vec![]), Err(Refused::Empty(Kind::Opened)));
        let zero = of(vec![line(Account::Bank, 0), line(Account::Equity, 0)]);
        assert_eq!(zero, Err(Refused::Empty(Kind::Opened)));
    }

    #[test]
    fn several_lines_of_one_account_are_one_sum() {
        let transfer = of(vec![
            line(Account::Margin, 300),
            line(Account::Margin, -50),
            line(Account::Equity, 50),
            line(Account::Bank, -300),
        ])
        .expect("balanced");
        let net = transfer.net();
        assert_eq!(net[&Account::Margin], 250);
        assert_eq!(net.values().sum::<i64>(), 0);
    }

    #[test]
    fn sums_past_the_range_of_cents_are_refused_and_do_not_wrap() {
        let refused = of(vec![
            line(Account::Bank, i64::MIN + 1),
            line(Account::Bank, i64::MIN + 1),
            line(Account::Equity, i64::MAX),
            line(Account::Margin, i64::MAX),
        ]);
        assert_eq!(refused, Err(Refused::TooLarge(Kind::Opened)));
    }
}
