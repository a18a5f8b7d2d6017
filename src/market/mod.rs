//! The business: artisans and agents, listings, orders, payouts, loans.
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

pub mod command;
pub mod event;
pub mod listing;
pub mod loan;
pub mod order;
pub mod party;
pub mod payout;
pub mod policy;
pub mod price;
pub mod refusal;
pub mod word;

pub use command::Command;
pub use event::Event;
pub use listing::{Listing, ListingCommand, ListingEvent};
pub use loan::{Loan, LoanCommand, LoanEvent};
pub use order::{Order, OrderCommand, OrderEvent};
pub use party::{Actor, Party, PartyCommand, PartyEvent, Role};
pub use payout::{Payout, PayoutCommand, PayoutEvent};
pub use policy::Policy;
pub use price::{Quote, Rate};
pub use refusal::Refusal;
pub use word::Word;
