//! A bulk request: many pieces of one listing by a day, bought by one buyer, made by several
//! artisans.
//!
//! Each artisan's part is an ordinary order with a number of its own; its terms name the request.
//! The money stands on the request's deposit, and what an artisan does not take comes back here to
//! be offered onward. Pieces are counted, never guessed: at every moment they are offered, being
//! made, passed, refunded, or left, and the five add up to what was bought.

mod decide;
mod spread;
#[cfg(test)]
mod tests;

pub use decide::{decide, evolve};
pub use spread::{Maker, onward, spread};

use super::order::{Refund, Shown};
use super::{Order, Quote};
use crate::types::{PartyId, SpokenCode, Timestamp, Usd};
use serde::{Deserialize, Serialize};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkStage {
    /// Priced; the buyer is paying.
    Placed,
    /// The buyer did not pay in time.
    Expired,
    /// Paid; some pieces are not taken yet.
    Gathering,
    /// Nobody is left to be asked for what is left: the buyer chooses.
    Choosing,
    /// Every piece is taken, and some have still to pass.
    Making,
    /// Every piece has passed or been refunded.
    Done,
    /// Nothing was made: the buyer got everything back, or will.
    Refunded,
}

impl BulkStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Expired => "expired",
            Self::Gathering => "gathering",
            Self::Choosing => "choosing",
            Self::Making => "making",
            Self::Done => "done",
            Self::Refunded => "refunded",
        }
    }
}

/// What was agreed when the request was placed; never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkTerms {
    /// The request's six digits.
    pub code: SpokenCode,
    /// The listing it was made for.
    pub listing: SpokenCode,
    /// How many pieces, at which prices and rate.
    pub quote: Quote,
    /// The day the buyer wants them.
    pub wanted: Timestamp,
    /// ISO 3166 letters of where they go.
    pub country: String,
    /// The private link's token.
    pub token: String,
    /// What the buyer was shown sums in, beside the dollars that are charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// The partner whose program placed it, by the id of the partner's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
}

/// Pieces offered to one artisan, under the number of an order of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The order.
    pub order: SpokenCode,
    /// To whom.
    pub to: PartyId,
    /// How many pieces were offered.
    pub pieces: u32,
    /// In which round: 1, 2, ...
    pub round: u32,
    /// How many she took; nothing while she has not answered.
    pub taken: Option<u32>,
    /// How many passed the check.
    pub passed: u32,
    /// How many of those she took will never come.
    pub short: u32,
    /// How many of those that passed were refunded after that.
    #[serde(default, skip_serializing_if = "is_none")]
    pub back: u32,
    /// A carrier has some of it, or had.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sent: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(pieces: &u32) -> bool {
    *pieces == 0
}

impl Part {
    /// Pieces that wait for her answer.
    pub fn offered(&self) -> u32 {
        if self.taken.is_none() { self.pieces } else { 0 }
    }

    /// Pieces she took that have still to pass.
    pub fn making(&self) -> u32 {
        self.taken.unwrap_or(0).saturating_sub(self.passed).saturating_sub(self.short)
    }
}

/// Pieces about to be offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The number of the order it will be.
    pub order: SpokenCode,
    /// To whom.
    pub to: PartyId,
    /// How many pieces.
    pub pieces: u32,
}

/// How far a part has come, by its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartNews {
    /// Which order.
    pub order: SpokenCode,
    /// How many she took; nothing while she has not answered.
    pub taken: Option<u32>,
    /// How many have passed in all.
    pub passed: u32,
    /// How many of those she took will never come.
    pub short: u32,
    /// How many of those that passed were refunded after that.
    pub back: u32,
    /// A carrier has some of it, or had.
    pub sent: bool,
}

impl PartNews {
    /// What an order that is a part says of itself.
    pub fn of(order: &Order) -> Self {
        use super::order::{OrderStage as S, RefundWhy};
        let waits = matches!(order.stage, S::Placed | S::Paid | S::Offered);
        let given_back = |why: fn(RefundWhy) -> bool| -> u32 {
            order.refunds.iter().filter(|back| why(back.why)).map(|back| back.pieces).sum()
        };
        Self {
            order: order.terms.code,
            taken: (!waits).then_some(order.accepted),
            passed: order.passed,
            short: given_back(|why| !matches!(why, RefundWhy::NobodyTook | RefundWhy::AfterRelease)),
            back: order.complained_of(),
            sent: order.parcel.is_some(),
        }
    }
}

/// What the buyer does about pieces that nobody takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Fewer pieces: what is left is refunded. When nothing was taken, that is everything.
    Fewer,
    /// Another round, with a later day.
    Later,
}

/// A bulk request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// What was agreed.
    pub terms: BulkTerms,
    /// Where it stands.
    pub stage: BulkStage,
    /// The card processor's id of the payment.
    pub payment: Option<String>,
    /// Counts the rounds of offers: 1, 2, ...
    pub round: u32,
    /// The day that new parts are wanted.
    pub due: Timestamp,
    /// Everything that was offered, in order.
    pub parts: Vec<Part>,
    /// Pieces that are neither offered nor taken nor refunded.
    pub left: u32,
    /// Every refund.
    pub refunds: Vec<Refund>,
    /// Since when the buyer's bank asks about the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Timestamp>,
    /// When it was placed.
    pub placed: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
}

/// What can be asked of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkCommand {
    /// A buyer begins to pay.
    Place(BulkTerms),
    /// The card processor took the money.
    Pay {
        /// The processor's id of the payment.
        payment: String,
        /// What was charged; must be the request's charge.
        charged: Usd,
    },
    /// The buyer did not pay: by the processor's word, or because the time is up.
    Expire {
        /// True when the processor says the payment page is closed, whatever the time.
        closed: bool,
    },
    /// Offer what is left; with no shares, nobody can be asked.
    Spread {
        /// What is offered to whom.
        shares: Vec<Share>,
    },
    /// A part has come further.
    Hear(PartNews),
    /// The buyer says what to do about the pieces that nobody takes.
    Choose(Choice),
    /// The buyer's bank asks about the payment, or has an answer.
    Hold {
        /// It asks.
        on: bool,
    },
    /// The buyer's bank keeps the whole payment.
    BankTook,
    /// The card processor confirmed a refund.
    ConfirmRefund {
        /// Which.
        round: u32,
    },
}

/// What happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkEvent {
    /// A buyer began to pay.
    Placed(BulkTerms),
    /// The money was taken.
    Paid {
        /// The processor's id of the payment.
        payment: String,
        /// What was charged.
        charged: Usd,
    },
    /// The buyer did not pay.
    Expired,
    /// Pieces were offered.
    Offered(Share),
    /// Somebody answered, or the time for an answer is over.
    Answered {
        /// The order.
        order: SpokenCode,
        /// How many pieces she takes; zero for none.
        taken: u32,
    },
    /// Pieces of a part passed the check.
    Passed {
        /// The order.
        order: SpokenCode,
        /// How many.
        pieces: u32,
    },
    /// Pieces of a part will never come.
    Shorted {
        /// The order.
        order: SpokenCode,
        /// How many.
        pieces: u32,
    },
    /// Nobody is left to be asked.
    RanOut,
    /// Pieces of a part that had passed were refunded.
    GivenBack {
        /// The part's order.
        order: SpokenCode,
        /// How many.
        pieces: u32,
    },
    /// A carrier has a part.
    Sent {
        /// The part's order.
        order: SpokenCode,
    },
    /// The buyer waits longer: everybody may be asked again.
    RoundBegan {
        /// Which: 2, 3, ...
        round: u32,
        /// The day its parts are wanted.
        due: Timestamp,
    },
    /// The buyer's bank asks about the payment: nothing more is offered.
    Held,
    /// It lets the payment be.
    Freed,
    /// It keeps all of it: what had not passed is over, and settled by this.
    BankTook(Refund),
    /// Money has to go back to the card.
    RefundDue(Refund),
    /// The card processor confirmed it.
    RefundDone {
        /// Which.
        round: u32,
    },
}

impl Bulk {
    /// How many pieces were bought.
    pub const fn quantity(&self) -> u32 {
        self.terms.quote.pieces
    }

    /// Pieces that wait for an answer.
    pub fn offered(&self) -> u32 {
        self.parts.iter().map(Part::offered).sum()
    }

    /// Pieces that somebody took and that have still to pass.
    pub fn making(&self) -> u32 {
        self.parts.iter().map(Part::making).sum()
    }

    /// Pieces that passed the check.
    pub fn passed(&self) -> u32 {
        self.parts.iter().map(|part| part.passed).sum()
    }

    /// Pieces whose money goes, or went, back to the buyer.
    pub fn refunded(&self) -> u32 {
        self.refunds.iter().map(|refund| refund.pieces).sum()
    }

    /// Whether nothing of it will ever be sent, though some had passed: it was all given back.
    pub fn comes_to_nothing(&self) -> bool {
        let over = self.left == 0 && self.offered() == 0 && self.making() == 0;
        let kept = |part: &Part| part.sent || part.back < part.passed;
        over && self.passed() > 0 && !self.parts.iter().any(kept)
    }

    /// The day by which everything can be promised; nothing while some pieces are not taken.
    pub fn promise(&self) -> Option<Timestamp> {
        matches!(self.stage, BulkStage::Making).then_some(self.due)
    }

    /// Whether this person was offered pieces in this round.
    pub fn has_asked(&self, who: PartyId) -> bool {
        self.parts.iter().any(|part| part.round == self.round && part.to == who)
    }

    /// A part by its order.
    pub fn part(&self, order: SpokenCode) -> Option<&Part> {
        self.parts.iter().find(|part| part.order == order)
    }
}
