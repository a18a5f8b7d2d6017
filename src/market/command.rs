//! Everything that can be asked of the market, addressed to one thing in it.

use super::{ListingCommand, LoanCommand, OrderCommand, PartyCommand, PayoutCommand};
use crate::types::{LoanId, PartyId, PayoutId, SpokenCode};
use serde::{Deserialize, Serialize};

/// A command, addressed to one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// To a person.
    Party(PartyId, PartyCommand),
    /// To a listing, by its five digits.
    Listing(SpokenCode, ListingCommand),
    /// To an order, by its six digits.
    Order(SpokenCode, OrderCommand),
    /// To a payout.
    Payout(PayoutId, PayoutCommand),
    /// To a loan.
    Loan(LoanId, LoanCommand),
}
