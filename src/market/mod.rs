//! The business: artisans and agents, listings, orders, bulk requests, payouts, kiosks with their cash and paper
//! receipts, loans, tips and lessons, cases, providers' statements.
//!
//! Every aggregate looks alike: a `State`, a `Command`, an `Event`;
//! `decide(state, &command, &policy, now)` answers with events or a [`Refusal`] and changes
//! nothing; `evolve(state, &event, at)` is the only way a state changes and never refuses. What a
//! decision needs of other aggregates stands in its command. A command that was carried out
//! already is answered with no events, so that a repeat is harmless.
//!
//! [`price`] holds the arithmetic of prices, [`policy`] the house's numbers, [`refusal`] every way
//! to be told no. What money moves is the ledger's business; the engine tells it.
//!
//! Pure. May import `types`.

pub mod approval;
pub mod bulk;
pub mod bulletin;
pub mod case;
pub mod cash;
pub mod command;
pub mod event;
pub mod freeze;
pub mod kiosk;
pub mod listing;
pub mod loan;
pub mod order;
pub mod party;
pub mod payout;
pub mod policy;
pub mod price;
pub mod receipt;
pub mod recon;
pub mod refusal;
pub mod story;
pub mod trouble;
pub mod word;

pub use approval::{Approval, ApprovalCommand, ApprovalEvent};
pub use bulk::{Bulk, BulkCommand, BulkEvent};
pub use bulletin::{Bulletin, BulletinCommand, BulletinEvent};
pub use case::{Case, CaseCommand, CaseEvent};
pub use cash::{Cash, CashCommand, CashEvent};
pub use command::Command;
pub use event::Event;
pub use freeze::{Freeze, FreezeCommand, FreezeEvent, Switch};
pub use kiosk::{Kiosk, KioskCommand, KioskEvent};
pub use listing::{Listing, ListingCommand, ListingEvent};
pub use loan::{Loan, LoanCommand, LoanEvent};
pub use order::{Order, OrderCommand, OrderEvent};
pub use party::{Actor, Party, PartyCommand, PartyEvent, Role};
pub use payout::{Payout, PayoutCommand, PayoutEvent};
pub use policy::{PayoutPolicy, Policy};
pub use price::{Quote, Rate};
pub use receipt::{Receipt, ReceiptCommand, ReceiptEvent};
pub use recon::{Difference, DifferenceEvent, Statement, StatementEvent};
pub use refusal::Refusal;
pub use trouble::{Trouble, TroubleCommand, TroubleEvent};
pub use word::Word;
