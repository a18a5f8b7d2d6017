//! Double entry in whole cents: accounts, transfers, the table of all postings, balances.
//!
//! Read in this order: [`account`] (the chart), [`posting`] (which fact moves which sums: the one
//! table), [`transfer`] (a balanced set of lines, and every way the books say no), [`balance`]
//! (running sums, trial balance, statements).
//!
//! Amounts are **credit-positive**: what we owe, earned or were given to begin with is positive,
//! what we own or spent is negative. So the sum of all accounts is zero after every transfer, and
//! "never below zero" is a plain floor on a liability.
//!
//! Pure. May import `types`; knows nothing of the market.

pub mod account;
pub mod balance;
pub mod posting;
pub mod transfer;

#[cfg(test)]
mod tests;

pub use account::{Account, Purse, Side};
pub use balance::{Books, StatementLine, TrialRow};
pub use posting::{Fact, LoanCut, MentorShare, Parts, Sale, loan_cut, post, split};
pub use transfer::{Kind, Line, Phase, Reference, Refused, Transfer};
