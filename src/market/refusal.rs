//! Every way to be told no. Each has a stable code, which menus, the desk and the shop map to
//! their own words; the English sentence is for operators and logs.

use super::party::Hold;
use crate::types::{Kes, PayoutId, Timestamp};
use serde::{Deserialize, Serialize};

/// Why a command was not carried out. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// It exists already and differs from what was asked for.
    #[error("it exists already, and differently")]
    AlreadyExists,
    /// This person may not do this.
    #[error("this person may not do this")]
    NotAllowed,
    /// It is not open for this any more (or not yet).
    #[error("not open for this: it is {state}")]
    Gone {
        /// The state it is in, as a stable word.
        state: String,
    },
    /// Answered before, with another answer.
    #[error("answered before, for {pieces} pieces")]
    AlreadyAnswered {
        /// How many pieces the standing answer is for.
        pieces: u32,
    },
    /// A number lies outside its bounds.
    #[error("a number from {min} to {max}")]
    OutOfRange {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A sum that must be whole shillings has cents.
    #[error("whole shillings only")]
    NotWhole,
    /// A text that cannot be a name.
    #[error("that is not a name we can keep")]
    BadName,
    /// She has as many pieces listed as she may.
    #[error("{max} pieces are listed already; sell or remove one first")]
    Full {
        /// As many as that.
        max: u32,
    },
    /// Fewer pieces are left than were asked for.
    #[error("{left} left")]
    SoldOut {
        /// What can still be bought.
        left: u32,
    },
    /// Open orders need it.
    #[error("{orders} open orders need it; finish them first")]
    Open {
        /// How many.
        orders: u32,
    },
    /// More pieces than came to the kiosk.
    #[error("{came} came; {left} are not judged yet")]
    TooMany {
        /// How many came.
        came: u32,
        /// How many of them are not judged yet.
        left: u32,
    },
    /// This parcel was judged before, with other numbers.
    #[error("judged before: {passed} passed, {failed} failed")]
    AlreadyChecked {
        /// How many passed then.
        passed: u32,
        /// How many failed then.
        failed: u32,
    },
    /// The parcel is not with this person.
    #[error("the parcel is not in these hands")]
    NotInCustody,
    /// It is not time yet.
    #[error("not before {until:?}")]
    TooEarly {
        /// From then on.
        until: Timestamp,
    },
    /// It is too far off.
    #[error("not after {until:?}")]
    TooFar {
        /// Until then.
        until: Timestamp,
    },
    /// We do not ship there.
    #[error("we do not ship there")]
    NoShipping,
    /// The PIN was not proven in this dialog.
    #[error("the PIN was not proven")]
    NoPin,
    /// The PIN is locked.
    #[error("the PIN is locked")]
    PinLocked,
    /// Payments to this person wait, for a reason she is told.
    #[error("payments are on hold: {}", .hold.code.word())]
    Held {
        /// Reason and date.
        hold: Hold,
    },
    /// Less is free than was asked for.
    #[error("{have} is free")]
    Short {
        /// What is free.
        have: Kes,
    },
    /// Another payout of hers is not settled yet.
    #[error("payout {payout} is not settled yet")]
    PayoutOpen {
        /// Which.
        payout: PayoutId,
    },
    /// This kiosk may not pay cash for now.
    #[error("this kiosk pays no cash until the desk allows it again")]
    Stopped,
    /// It takes two people, and this is the one who asked.
    #[error("it takes two people: {by} asked for it, somebody else must approve it")]
    SamePerson {
        /// Who.
        by: String,
    },
    /// Lines that do not add up to zero.
    #[error("the lines do not balance: {}", too_much(*cents))]
    Unbalanced {
        /// Credits less debits.
        cents: i64,
    },
    /// A sum of nothing, or below it.
    #[error("nothing would move: name a sum above zero")]
    NothingMoves,
    /// A reference or a reason is missing, or too long.
    #[error("name a reference and a reason, short ones")]
    NoReason,
    /// More than one person may give back alone.
    #[error("more than KSh {alone} takes two people: ask for it with sokoni approvals ask refund")]
    TwoPeople {
        /// What one person may.
        alone: Kes,
    },
    /// Something of it came after whoever judges it looked.
    #[error("more has come since it was looked at")]
    Unseen,
    /// A sum past the range of money.
    #[error("that is too large a sum")]
    TooLarge,
}

/// By how much lines do not balance, and on which side.
fn too_much(cents: i64) -> String {
    let side = if cents < 0 { "debit" } else { "credit" };
    format!("KSh {} too much on the {side} side", Kes::minor(cents.saturating_abs()))
}

impl Refusal {
    /// The stable code, as in the serialised form.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::NotAllowed => "not_allowed",
            Self::Gone { .. } => "gone",
            Self::AlreadyAnswered { .. } => "already_answered",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotWhole => "not_whole",
            Self::BadName => "bad_name",
            Self::Full { .. } => "full",
            Self::SoldOut { .. } => "sold_out",
            Self::Open { .. } => "open",
            Self::TooMany { .. } => "too_many",
            Self::AlreadyChecked { .. } => "already_checked",
            Self::NotInCustody => "not_in_custody",
            Self::TooEarly { .. } => "too_early",
            Self::TooFar { .. } => "too_far",
            Self::NoShipping => "no_shipping",
            Self::NoPin => "no_pin",
            Self::PinLocked => "pin_locked",
            Self::Held { .. } => "held",
            Self::Short { .. } => "short",
            Self::PayoutOpen { .. } => "payout_open",
            Self::Stopped => "stopped",
            Self::SamePerson { .. } => "same_person",
            Self::Unbalanced { .. } => "unbalanced",
            Self::NothingMoves => "nothing_moves",
            Self::NoReason => "no_reason",
            Self::TwoPeople { .. } => "two_people",
            Self::Unseen => "unseen",
            Self::TooLarge => "too_large",
        }
    }

    /// Not open for this, because it stands so.
    pub fn gone(state: &str) -> Self {
        Self::Gone { state: state.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_one_of_the_serialised_form() {
        let all = [
            Refusal::NotFound,
            Refusal::gone("paid"),
            Refusal::Full { max: 20 },
            Refusal::TooMany { came: 12, left: 2 },
            Refusal::Short { have: Kes::major(49) },
            Refusal::NoPin,
            Refusal::SamePerson { by: "Njeri".into() },
            Refusal::Unbalanced { cents: -1 },
            Refusal::NothingMoves,
            Refusal::OutOfRange { min: 1, max: 99 },
        ];
        for refusal in all {
            let json = serde_json::to_value(&refusal).expect("serialises");
            assert_eq!(json["code"], refusal.code());
            assert_eq!(serde_json::from_value::<Refusal>(json).expect("reads"), refusal);
        }
    }
}
