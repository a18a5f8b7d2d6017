//! Everything that can be asked of the market, addressed to one thing in it.

use super::{
    ApprovalCommand, BulkCommand, BulletinCommand, CaseCommand, CashCommand, FreezeCommand, KioskCommand,
    ListingCommand, LoanCommand, OrderCommand, PartyCommand, PayoutCommand, ReceiptCommand, Switch,
    TroubleCommand,
};
use crate::types::{ApprovalId, BulletinId, CaseId, LoanId, PartyId, PayoutId, SpokenCode, TroubleId};
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
    /// To a tip or lesson.
    Bulletin(BulletinId, BulletinCommand),
    /// To a case.
    Case(CaseId, CaseCommand),
    /// To a cash number.
    Cash(PayoutId, CashCommand),
    /// To a kiosk, by its agent.
    Kiosk(PartyId, KioskCommand),
    /// To a paper receipt, by its seven digits.
    Receipt(SpokenCode, ReceiptCommand),
    /// To a kind of action that can be stopped for everybody.
    Freeze(Switch, FreezeCommand),
    /// To a bulk request, by its six digits.
    Bulk(SpokenCode, BulkCommand),
    /// To something at the desk that takes two people.
    Approval(ApprovalId, ApprovalCommand),
    /// To a trouble with a card payment.
    Trouble(TroubleId, TroubleCommand),
}
