//! The provider's own books: transactions by the client's id, transfers made, the float.

use super::Manners;
use super::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One wish of a client, by its correlation id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The client's id.
    pub id: String,
    /// Whom to pay: digits of an MSISDN.
    pub msisdn: String,
    /// Whole shillings.
    pub shillings: u64,
    /// Where it stands.
    pub state: State,
    /// Where the client wants its result; empty for nowhere.
    pub callback_url: String,
    /// Where it wants to hear that the request waits in a queue; empty for nowhere.
    #[serde(default)]
    pub late_url: String,
    /// The client's second name for it, where the protocol has one.
    #[serde(default)]
    pub external: String,
    /// How it is treated.
    pub manners: Manners,
}

/// Where a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Taken, not decided.
    Pending,
    /// Paid.
    Completed {
        /// The receipt.
        reference: String,
    },
    /// Not paid, and never will be.
    Failed {
        /// One of the API's error codes.
        code: String,
    },
    /// Paid, and taken back.
    Reversed {
        /// The receipt it had.
        reference: String,
    },
}

/// Money that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The client's id of the payout.
    pub id: String,
    /// Who was paid: digits of an MSISDN.
    pub msisdn: String,
    /// Whole shillings.
    pub shillings: u64,
    /// The receipt: ten letters and digits, such as `SJK3ABCDEF`.
    pub reference: String,
    /// Whether it was taken back later.
    pub reversed: bool,
    /// When it was made, in milliseconds since 1970.
    #[serde(default)]
    pub at_ms: u64,
    /// When it was taken back.
    #[serde(default)]
    pub reversed_at_ms: u64,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The id was taken before.
    Duplicate,
    /// The float is too small.
    Float,
}

/// Everything the provider remembers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Book {
    transactions: BTreeMap<String, Transaction>,
    transfers: Vec<Transfer>,
    float_shillings: u64,
    references: u64,
}

impl Book {
    pub(super) fn new(float_shillings: u64) -> Self {
        Self { transactions: BTreeMap::new(), transfers: Vec::new(), float_shillings, references: 0 }
    }

    pub(super) fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    pub(super) fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    pub(super) fn float_shillings(&self) -> u64 {
        self.float_shillings
    }

    pub(super) fn set_float_shillings(&mut self, shillings: u64) {
        self.float_shillings = shillings;
    }

    /// The ids that wait for a decision.
    pub(super) fn pending(&self) -> Vec<String> {
        let waiting = self.transactions.values().filter(|t| t.state == State::Pending);
        waiting.map(|t| t.id.clone()).collect()
    }

    /// Takes a request: the id is used up and the sum set aside.
    pub(super) fn take(&mut self, wish: Transaction) -> Result<(), Refusal> {
        if self.transactions.contains_key(&wish.id) {
            return Err(Refusal::Duplicate);
        }
        self.float_shillings = self.float_shillings.checked_sub(wish.shillings).ok_or(Refusal::Float)?;
        self.transactions.insert(wish.id.clone(), wish);
        Ok(())
    }

    /// Takes a request only to refuse it later; the id is used up.
    pub(super) fn take_in_vain(&mut self, wish: Transaction, code: &str) -> Result<(), Refusal> {
        if self.transactions.contains_key(&wish.id) {
            return Err(Refusal::Duplicate);
        }
        let state = State::Failed { code: code.to_owned() };
        self.transactions.insert(wish.id.clone(), Transaction { state, ..wish });
        Ok(())
    }

    /// What went to a number, or is on its way there, in shillings.
    pub(super) fn sent_to(&self, msisdn: &str) -> u64 {
        let counts = |t: &&Transaction| {
            t.msisdn == msisdn && matches!(t.state, State::Pending | State::Completed { .. })
        };
        self.transactions.values().filter(counts).map(|t| t.shillings).sum()
    }

    /// The transaction of a receipt.
    pub(super) fn by_receipt(&self, receipt: &str) -> Option<&Transaction> {
        let made = self.transfers.iter().find(|transfer| transfer.reference == receipt)?;
        self.transactions.get(&made.id)
    }

    /// Decides a pending transaction as its manners say; later calls change nothing.
    pub(super) fn decide(&mut self, id: &str, now_ms: u64) {
        let Some(transaction) = self.transactions.get_mut(id) else { return };
        if transaction.state != State::Pending {
            return;
        }
        match &transaction.manners.verdict {
            Verdict::Pay => self.complete(id, now_ms),
            Verdict::Fail { code } => {
                transaction.state = State::Failed { code: code.clone() };
                self.float_shillings += transaction.shillings;
            }
        }
    }

    fn complete(&mut self, id: &str, now_ms: u64) {
        let Some(transaction) = self.transactions.get_mut(id) else { return };
        self.references += 1;
        let reference = reference(self.references);
        transaction.state = State::Completed { reference: reference.clone() };
        self.transfers.push(Transfer {
            id: id.to_owned(),
            msisdn: transaction.msisdn.clone(),
            shillings: transaction.shillings,
            reference,
            reversed: false,
            at_ms: now_ms,
            reversed_at_ms: 0,
        });
    }

    /// Says the other thing of what it has decided: paid after all, or never paid. `false` when it
    /// has decided nothing, or has not the money.
    pub(super) fn change_mind(&mut self, id: &str, now_ms: u64) -> bool {
        let Some(transaction) = self.transactions.get_mut(id) else { return false };
        let shillings = transaction.shillings;
        match &transaction.state {
            State::Failed { .. } if self.float_shillings >= shillings => {
                self.float_shillings -= shillings;
                self.complete(id, now_ms);
            }
            State::Completed { .. } => {
                transaction.state = State::Failed { code: "requestDeclined".to_owned() };
                self.float_shillings += shillings;
                self.transfers.retain(|transfer| transfer.id != id);
            }
            _ => return false,
        }
        true
    }

    /// Takes a completed transfer back; `false` when there is none.
    pub(super) fn reverse(&mut self, id: &str, now_ms: u64) -> bool {
        let Some(transaction) = self.transactions.get_mut(id) else { return false };
        let State::Completed { reference } = &transaction.state else { return false };
        transaction.state = State::Reversed { reference: reference.clone() };
        self.float_shillings += transaction.shillings;
        for transfer in self.transfers.iter_mut().filter(|t| t.id == id) {
            transfer.reversed = true;
            transfer.reversed_at_ms = now_ms;
        }
        true
    }
}

/// The receipt of the `count`-th transfer: ten characters, different for the first 300 million.
fn reference(count: u64) -> String {
    const SPACE: u64 = 26u64.pow(6);
    // The factor shares none with 26, so that counting on runs through every combination.
    let mut mixed = count.wrapping_mul(142_857_143) % SPACE;
    let mut tail = [0u8; 6];
    for letter in tail.iter_mut().rev() {
        *letter = b'A' + (mixed % 26) as u8;
        mixed /= 26;
    }
    format!("SJK3{}", tail.map(char::from).iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_ten_characters_and_differ() {
        let many: std::collections::BTreeSet<_> = (1..20_000).map(reference).collect();
        assert_eq!(many.len(), 19_999);
        assert!(many.iter().all(|r| r.len() == 10 && r.starts_with("SJK3")));
    }
}
