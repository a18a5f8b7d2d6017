//! What pays a loan back.

use super::{LoanCut, credit, debit};
use crate::ledger::{Account, Line};
use crate::types::{Kes, PartyId};

/// An artisan owes so much less, and lenders have so much to come.
pub(super) fn paid_back(artisan: PartyId, amount: Kes) -> Vec<Line> {
    use Account as A;
    vec![
        debit(A::Artisan(artisan), amount),
        credit(A::Loan(artisan), amount),
        debit(A::KivaPrincipal, amount),
        credit(A::KivaDue, amount),
    ]
}

/// What a loan takes of a credit: its share rounded down, never more than is left to pay, never
/// more than the credit.
pub fn loan_cut(gets: Kes, loan: LoanCut) -> Kes {
    gets.share(loan.share_bp).min(loan.left).min(gets)
}
