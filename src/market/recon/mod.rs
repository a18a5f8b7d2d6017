//! What a mobile-money provider's own statement says, held against what we have: read from its file
//! ([`file`]), matched line by line ([`matching`], and what came in by prompts on phones, [`incoming`]), kept
//! ([`kept`]); and how long the float there will last
//! ([`float`]).
//!
//! Nothing here moves money. A statement is somebody else's story; what differs is told to a person.

pub mod file;
pub mod float;
pub mod incoming;
pub mod kept;
pub mod matching;

pub use kept::{Difference, DifferenceEvent, Statement, StatementEvent};

use crate::types::{Kes, Msisdn, PayoutId, PromptId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a line of a statement stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// Money that moved, or was to.
    Payment,
    /// What the provider charged for another line.
    Charge,
    /// Another line taken back.
    Reversal,
}

/// A line of a statement. Whatever had no effect there has sums all the same, and is not `done`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The provider's receipt.
    pub receipt: String,
    /// The receipt of the line that this one charges for or takes back, where it is another.
    pub of: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What it stands for.
    pub kind: LineKind,
    /// It had its effect.
    pub done: bool,
    /// What left our account, without the fee of this line.
    pub out: Kes,
    /// What came into it.
    pub back: Kes,
    /// The fee that stands on this line itself.
    pub fee: Kes,
    /// What the account held after it.
    pub balance: Option<Kes>,
    /// Our id of the payout.
    pub request: Option<PayoutId>,
    /// Whom it went to: digits, stars where the provider hides some.
    pub party: String,
    /// Where it stands in the file, from 1; the last thing that tells lines apart.
    pub row: u64,
}

impl Line {
    /// What it took out of the account, its fee included; below zero when it brought something.
    pub const fn net(&self) -> i64 {
        if self.done { self.out.cents() + self.fee.cents() - self.back.cents() } else { 0 }
    }
}

/// How a payout stands in our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Paid.
    Paid,
    /// Paid, and sent back.
    Reversed,
    /// Not paid.
    Failed,
    /// Nobody knows yet.
    Open,
}

/// A payout as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub payout: PayoutId,
    /// How it stands.
    pub standing: Standing,
    /// The provider's receipt, where we were told one.
    pub receipt: Option<String>,
    /// To which number.
    pub to: Msisdn,
    /// How much.
    pub amount: Kes,
    /// What was booked as the provider's fee.
    pub fee: Kes,
    /// What the books took out of the float when it was paid, fee included, in cents.
    pub gone: i64,
    /// What of that came back, in cents.
    pub back: i64,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
    /// An earlier statement has it.
    pub seen: bool,
}

impl Standing {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Reversed => "sent back",
            Self::Failed => "failed",
            Self::Open => "open",
        }
    }
}

impl Entry {
    /// What it takes out of the float by the books, in cents.
    pub const fn net(&self) -> i64 {
        self.gone - self.back
    }
}

/// How a statement and the books agree about one thing. Exactly one of these is said of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// They agree.
    Matched,
    /// No receipt and no id says so, but party, sum and time do: only a proposal.
    Proposed,
    /// The statement alone has it.
    StatementOnly,
    /// The books alone have it.
    LedgerOnly,
    /// Paid there; with us it failed, or was sent back.
    PaidNotHere,
    /// Paid there; we do not know yet.
    PaidOpenHere,
    /// Not paid there; paid with us.
    NotPaidThere,
    /// Taken back there; with us it is paid, or open.
    Reversed,
    /// Another sum.
    OtherSum,
    /// Another number.
    OtherParty,
    /// Another fee.
    OtherFee,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Matched,
        Self::Proposed,
        Self::StatementOnly,
        Self::LedgerOnly,
        Self::PaidNotHere,
        Self::PaidOpenHere,
        Self::NotPaidThere,
        Self::Reversed,
        Self::OtherSum,
        Self::OtherParty,
        Self::OtherFee,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Proposed => "proposed",
            Self::StatementOnly => "statement_only",
            Self::LedgerOnly => "ledger_only",
            Self::PaidNotHere => "paid_not_here",
            Self::PaidOpenHere => "paid_open_here",
            Self::NotPaidThere => "not_paid_there",
            Self::Reversed => "reversed",
            Self::OtherSum => "other_sum",
            Self::OtherParty => "other_party",
            Self::OtherFee => "other_fee",
        }
    }

    /// What a person does about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Matched => "nothing",
            Self::Proposed => {
                "no receipt or id joins them: compare the line with the payout; when they are one, say so and close"
            }
            Self::StatementOnly => {
                "money that moved there without us: when it is float that was filled or taken out, post it by hand (two people) and close; else ask the provider"
            }
            Self::LedgerOnly => {
                "the books say paid and this statement has no such line: look into the statement of the days beside it, then ask the provider with our id"
            }
            Self::PaidNotHere => {
                "somebody may have this money twice: a case is open; ask the provider to tell it again, and speak with her"
            }
            Self::PaidOpenHere => {
                "nothing moves on a statement's word alone: the provider is being asked; when it stays silent, two people put it down (sokoni approvals ask payout --paid); close when the payout is paid"
            }
            Self::NotPaidThere => {
                "the books say paid: ask the provider for the receipt; when it never paid, ask it to tell us so, then speak with her"
            }
            Self::Reversed => {
                "the provider took it back and never told us: two people put it down (sokoni approvals ask payout --taken-back), and the money is hers again; then close"
            }
            Self::OtherSum => {
                "ask the provider which sum is right; what is missing is posted by hand (two people)"
            }
            Self::OtherParty => {
                "it went to another number: hold her payouts, speak with both, and ask the provider"
            }
            Self::OtherFee => {
                "correct the tariff in [market.payout] or the provider's own; post what differs by hand (two people) to exp:mm"
            }
        }
    }

    /// Somebody may be short of money, or have too much: somebody looks after it.
    pub const fn opens_case(self) -> bool {
        matches!(self, Self::PaidNotHere | Self::NotPaidThere | Self::OtherParty)
    }
}

/// What a statement and the books say of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How they agree.
    pub class: Class,
    /// The lines of the statement, by their rows.
    pub rows: Vec<u64>,
    /// The receipt; empty for what the books alone have and no receipt is known of.
    pub receipt: String,
    /// The payout.
    pub payout: Option<PayoutId>,
    /// The prompt on somebody's phone, where it is about money that came in.
    pub prompt: Option<PromptId>,
    /// When: by the statement where it has it.
    pub at: Timestamp,
    /// What it took out of the account by the statement, fees included, in cents.
    pub there: i64,
    /// The same by the books.
    pub here: i64,
    /// To whom by the statement; empty where it does not say.
    pub party: String,
    /// What differs, in words.
    pub says: String,
}
