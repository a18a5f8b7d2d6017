//! Running sums: what each account holds, the trial balance, statements. Enough to read and audit
//! the books from the transfers alone.

use super::account::{Account, Side};
use super::transfer::{Kind, Phase, Reference, Refused, Transfer};
use crate::types::{Kes, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The books in memory: every transfer, and what they add up to.
#[derive(Debug, Clone, Default)]
pub struct Books {
    sums: BTreeMap<Account, i64>,
    transfers: BTreeMap<TransferId, Transfer>,
    order: Vec<TransferId>,
    open: BTreeSet<TransferId>,
}

/// One row of a trial balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialRow {
    /// The account.
    pub account: Account,
    /// Where it stands in the chart.
    pub side: Side,
    /// What it holds, positive on the side on which it grows.
    pub balance: Kes,
}

/// One line of an account's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// When.
    pub at: Timestamp,
    /// The transfer.
    pub transfer: TransferId,
    /// What it stands for.
    pub kind: Kind,
    /// What it belongs to.
    pub reference: Reference,
    /// What it added, positive on the side on which the account grows.
    pub amount: Kes,
    /// What the account held afterwards.
    pub balance: Kes,
}

/// A credit-positive sum as its account's side shows it.
pub fn on_its_side(account: Account, credit: i64) -> Kes {
    Kes::minor(if account.side().grows_by_credit() { credit } else { -credit })
}

/// The rows of a trial balance over credit-positive sums, in the order of the chart. `sums` may
/// come from [`Books`] or from a store.
pub fn trial_balance(sums: impl IntoIterator<Item = (Account, i64)>) -> Vec<TrialRow> {
    let mut rows: Vec<TrialRow> = sums
        .into_iter()
        .map(|(account, credit)| TrialRow {
            account,
            side: account.side(),
            balance: on_its_side(account, credit),
        })
        .collect();
    rows.sort_by_key(|row| (row.side, row.account));
    rows
}

/// What is left over when all credit-positive sums are added: zero in sound books.
pub fn residue(sums: impl IntoIterator<Item = i64>) -> i128 {
    sums.into_iter().map(i128::from).sum()
}

/// The statement of one account from transfers in the order they were written.
pub fn statement<'a>(
    account: Account, transfers: impl IntoIterator<Item = &'a Transfer>,
) -> Vec<StatementLine> {
    let mut sum = 0i64;
    let mut rows = Vec::new();
    for transfer in transfers {
        for line in transfer.lines.iter().filter(|line| line.account == account) {
            sum = sum.saturating_add(line.credit.cents());
            rows.push(StatementLine {
                at: transfer.at,
                transfer: transfer.id,
                kind: transfer.kind,
                reference: transfer.reference.clone(),
                amount: on_its_side(account, line.credit.cents()),
                balance: on_its_side(account, sum),
            });
        }
    }
    rows
}

impl Books {
    /// Writes a transfer whole, or says why not and changes nothing.
    pub fn apply(&mut self, transfer: Transfer) -> Result<(), Refused> {
        if let Some(standing) = self.transfers.get(&transfer.id) {
            return Err(if standing.same_as(&transfer) {
                Refused::Exists
            } else {
                Refused::ExistsDifferently
            });
        }
        match transfer.sum() {
            0 => {}
            sum => return Err(Refused::Unbalanced { kind: transfer.kind, sum }),
        }
        if let Phase::Post { of } | Phase::Void { of } = transfer.phase
            && !self.open.contains(&of)
        {
            return Err(Refused::NotPending(of));
        }
        let mut after = Vec::new();
        for (account, delta) in transfer.net() {
            let have = self.sum(account);
            let sum = have.checked_add(delta).ok_or(Refused::TooLarge(transfer.kind))?;
            if delta < 0 && account.floor().is_some_and(|floor| sum < floor) {
                let (have, need) = (Kes::minor(have), Kes::minor(delta.saturating_neg()));
                return Err(Refused::BelowFloor { account, have, need });
            }
            after.push((account, sum));
        }
        self.sums.extend(after);
        match transfer.phase {
            Phase::Pending => {
                self.open.insert(transfer.id);
            }
            Phase::Post { of } | Phase::Void { of } => {
                self.open.remove(&of);
            }
            Phase::Single => {}
        }
        self.order.push(transfer.id);
        self.transfers.insert(transfer.id, transfer);
        Ok(())
    }

    /// The credit-positive sum of an account, in cents; zero for one that was never touched.
    pub fn sum(&self, account: Account) -> i64 {
        self.sums.get(&account).copied().unwrap_or(0)
    }

    /// What an account holds, positive on the side on which it grows.
    pub fn balance(&self, account: Account) -> Kes {
        on_its_side(account, self.sum(account))
    }

    /// All sums that were ever touched.
    pub fn sums(&self) -> impl Iterator<Item = (Account, i64)> + '_ {
        self.sums.iter().map(|(account, sum)| (*account, *sum))
    }

    /// All transfers in the order they were written.
    pub fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.order.iter().filter_map(|id| self.transfers.get(id))
    }

    /// Pending transfers that nothing has resolved yet.
    pub fn pending(&self) -> impl Iterator<Item = TransferId> + '_ {
        self.open.iter().copied()
    }

    /// The trial balance.
    pub fn trial_balance(&self) -> Vec<TrialRow> {
        trial_balance(self.sums())
    }

    /// The statement of one account.
    pub fn statement(&self, account: Account) -> Vec<StatementLine> {
        statement(account, self.transfers())
    }

    /// What is left over when all accounts are added: zero in sound books.
    pub fn residue(&self) -> i128 {
        residue(self.sums.values().copied())
    }
}
