//! The vocabulary that every other module shares: numbers of phones, sums of money, codes
//! people say aloud, moments, languages.
//!
//! Imports nothing of ours; knows no clock, no randomness and no I/O.

pub mod code;
pub mod entropy;
pub mod ids;
pub mod lang;
pub mod money;
pub mod msisdn;
pub mod photo;
pub mod purpose;
pub mod receipt;
pub mod routing;
pub mod text;
pub mod time;

pub use code::{CodeKind, SpokenCode};
pub use entropy::{Chance, Entropy};
pub use ids::{
    ApprovalId, BulletinId, CaseId, DialogId, DifferenceId, LoanId, PartyId, PayoutId, PromptId, StatementId,
    TransferId, TroubleId,
};
pub use lang::Lang;
pub use money::{Currency, Kes, Money, Usd};
pub use msisdn::Msisdn;
pub use photo::PhotoName;
pub use purpose::Purpose;
pub use time::{Clock, Timestamp};
