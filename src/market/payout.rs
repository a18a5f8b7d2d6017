//! A payout: money somebody asked to have sent. Reserved before anything leaves, paid or failed
//! only when the provider has said so, unknown until then.
//!
//! The same id is asked about until the truth is known; a late contradiction is recorded and never
//! overwrites what was told before.

use super::{Policy, Refusal, party::Hold};
use crate::types::{Kes, Msisdn, PartyId, PayoutId, Timestamp};
use serde::{Deserialize, Serialize};

/// Out of which of a person's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayFrom {
    /// What she earned as an artisan.
    Artisan,
    /// What she earned as a mentor.
    Mentor,
    /// What an agent earned.
    Agent,
    /// What a rider earned.
    Rider,
    /// Lenders' money, lent to her: never hers before she has it.
    Loan,
}

/// Where a payout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStage {
    /// Asked for.
    Asked,
    /// Taken out of the free money; nothing was sent.
    Reserved,
    /// The provider has it, or may have it.
    Submitted,
    /// No answer that proves anything.
    Unknown,
    /// Paid.
    Paid,
    /// Not paid; the money is free again.
    Failed,
    /// Paid, and sent back to us later; the money is free again.
    Reversed,
}

impl PayoutStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Reserved => "reserved",
            Self::Submitted => "submitted",
            Self::Unknown => "unknown",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Reversed => "reversed",
        }
    }

    /// True while nobody can say how it ends; another payout of hers waits so long.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Reserved | Self::Submitted | Self::Unknown)
    }
}

/// A payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// Ours, and the provider's key against a second transfer.
    pub id: PayoutId,
    /// Whose money.
    pub owner: PartyId,
    /// Out of which of her sums.
    pub from: PayFrom,
    /// To which number.
    pub to: Msisdn,
    /// By which provider, for good: another one would know nothing of it, and pay it once more. Empty
    /// where there was only one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub via: String,
    /// Whole shillings.
    pub amount: Kes,
    /// Where it stands.
    pub stage: PayoutStage,
    /// The provider's reference, once paid.
    pub reference: Option<String>,
    /// Why it failed, was reversed or is unknown.
    pub why: Option<String>,
    /// Nothing was sent, since there is too little at the provider to pay from; it goes once there is more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// What the provider said that contradicts how it stands; a person must look.
    pub contradicted: Option<Heard>,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
}

/// What was heard from the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// It has the request and will decide.
    Accepted,
    /// It paid.
    Paid {
        /// Its reference.
        reference: String,
    },
    /// It proves that it did not pay.
    Failed {
        /// In words, for the person waiting.
        why: String,
    },
    /// No answer, or one that proves nothing.
    Unknown {
        /// What happened.
        why: String,
    },
    /// Not taken at all; it will be tried again under the same id.
    NotTaken {
        /// What happened.
        why: String,
    },
    /// Not taken at all, since there is too little to pay from; it goes in its turn once there is more.
    Short,
    /// It had paid, and sent the money back to us.
    Reversed {
        /// In words, for the person who had it.
        why: String,
    },
}

/// What people say became of a payout, by the provider's own statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was paid.
    Paid {
        /// The provider's reference.
        reference: String,
    },
    /// It was not, and never will be.
    NotPaid,
    /// It was paid, and taken back since.
    TakenBack,
}

impl Fate {
    /// The same as if it had been heard.
    ///
    /// # Errors
    /// Why it cannot be so of this payout.
    pub fn heard(&self, payout: &Payout) -> Result<Heard, String> {
        let stage = payout.stage;
        match self {
            Self::TakenBack if stage != PayoutStage::Paid => {
                Err(format!("it is {}, and only what was paid is taken back", stage.word()))
            }
            Self::Paid { .. } | Self::NotPaid if !stage.is_open() => {
                Err(format!("it is {} already", stage.word()))
            }
            Self::Paid { reference } => {
                let plain = reference.bytes().all(|b| b.is_ascii_graphic());
                match (1..=64).contains(&reference.len()) && plain {
                    true => Ok(Heard::Paid { reference: reference.clone() }),
                    false => Err("write the receipt as the statement has it, without blanks".to_owned()),
                }
            }
            Self::NotPaid => Ok(Heard::Failed { why: "declined".to_owned() }),
            Self::TakenBack => Ok(Heard::Reversed { why: TAKEN_BACK.to_owned() }),
        }
    }
}

/// What can be asked of a payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutCommand {
    /// Somebody wants money.
    Request {
        /// The id it will have for ever.
        id: PayoutId,
        /// Whose money.
        owner: PartyId,
        /// Out of which of her sums.
        from: PayFrom,
        /// To which number.
        to: Msisdn,
        /// By which provider.
        via: String,
        /// How much.
        amount: Kes,
        /// What is free in that sum now.
        free: Kes,
        /// Another payout of hers that is not settled.
        open: Option<PayoutId>,
        /// Why her money waits, if it does.
        hold: Option<Hold>,
        /// Whether her PIN was proven in this dialog.
        pin_proven: bool,
    },
    /// It is about to be sent: from now on the provider may have it.
    Submit,
    /// It must not leave: her money is on hold by now, or all payouts are. Only for what never left.
    KeepBack,
    /// The provider was heard.
    Hear(Heard),
}

/// What happened to a payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutEvent {
    /// It was asked for.
    Asked {
        /// The id it will have for ever.
        id: PayoutId,
        /// Whose money.
        owner: PartyId,
        /// Out of which of her sums.
        from: PayFrom,
        /// To which number.
        to: Msisdn,
        /// By which provider; empty where there was only one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        via: String,
        /// Whole shillings.
        amount: Kes,
    },
    /// The money was taken out of what is free.
    Reserved,
    /// The provider has it, or may have it.
    Submitted,
    /// Nothing was sent, since there is too little to pay from.
    Waits,
    /// No answer that proves anything.
    WentUnknown {
        /// What happened.
        why: String,
    },
    /// Paid.
    Paid {
        /// The provider's reference.
        reference: String,
    },
    /// Not paid.
    Failed {
        /// In words.
        why: String,
    },
    /// Paid after it had been given up as failed.
    PaidLate {
        /// The provider's reference.
        reference: String,
    },
    /// Paid, and sent back to us.
    Reversed {
        /// In words.
        why: String,
    },
    /// The provider said something that contradicts how it stands; no money moves for it.
    Contradicted {
        /// What it said.
        heard: Heard,
    },
}

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Payout>, command: &PayoutCommand, policy: &Policy, _now: Timestamp,
) -> Result<Vec<PayoutEvent>, Refusal> {
    match (state, command) {
        (None, PayoutCommand::Request { .. }) => request(command, policy),
        (None, _) => Err(Refusal::NotFound),
        (Some(payout), PayoutCommand::Request { owner, from, to, amount, .. }) => {
            let same = (*owner, *from, *to, *amount) == (payout.owner, payout.from, payout.to, payout.amount);
            if same { Ok(vec![]) } else { Err(Refusal::AlreadyExists) }
        }
        (Some(payout), PayoutCommand::Submit) => match payout.stage {
            PayoutStage::Reserved => Ok(vec![PayoutEvent::Submitted]),
            PayoutStage::Submitted | PayoutStage::Unknown => Ok(vec![]),
            stage => Err(Refusal::gone(stage.word())),
        },
        (Some(payout), PayoutCommand::KeepBack) => match payout.stage {
            PayoutStage::Asked | PayoutStage::Reserved => {
                Ok(vec![PayoutEvent::Failed { why: KEPT_BACK.to_owned() }])
            }
            stage => Err(Refusal::gone(stage.word())),
        },
        (Some(payout), PayoutCommand::Hear(heard)) => Ok(hear(payout, heard).into_iter().collect()),
    }
}

fn request(command: &PayoutCommand, policy: &Policy) -> Result<Vec<PayoutEvent>, Refusal> {
    let PayoutCommand::Request { id, owner, from, to, via, amount, free, open, hold, pin_proven } = command
    else {
        return Err(Refusal::NotFound);
    };
    if let Some(hold) = hold {
        return Err(Refusal::Held { hold: hold.clone() });
    }
    if !pin_proven {
        return Err(Refusal::NoPin);
    }
    if let Some(payout) = open.filter(|open| open != id) {
        return Err(Refusal::PayoutOpen { payout });
    }
    if !amount.is_whole() {
        return Err(Refusal::NotWhole);
    }
    if !(policy.payout_min()..=policy.payout_max()).contains(amount) {
        let (min, max) = (policy.payout_min().whole(), policy.payout_max().whole());
        return Err(Refusal::OutOfRange { min, max });
    }
    if amount > free {
        return Err(Refusal::Short { have: *free });
    }
    let (id, owner, from, to, amount) = (*id, *owner, *from, *to, *amount);
    Ok(vec![PayoutEvent::Asked { id, owner, from, to, via: via.clone(), amount }, PayoutEvent::Reserved])
}

/// Why a payout is not paid that was paid and sent back.
pub const TAKEN_BACK: &str = "taken back";
/// Why a payout is not paid that never left, since her money was put on hold before.
pub const KEPT_BACK: &str = "on hold";

/// Nothing that is heard is refused: it is news, a repeat, or a contradiction to be recorded.
fn hear(payout: &Payout, heard: &Heard) -> Option<PayoutEvent> {
    use {Heard as H, PayoutEvent as E, PayoutStage as S};
    let contradiction = || {
        let known = payout.contradicted.as_ref() == Some(heard);
        (!known).then(|| E::Contradicted { heard: heard.clone() })
    };
    match (payout.stage, heard) {
        (S::Reserved, H::Accepted) => Some(E::Submitted),
        (S::Reserved | S::Submitted, H::Unknown { why }) => Some(E::WentUnknown { why: why.clone() }),
        (S::Reserved, H::Short) if !payout.waits => Some(E::Waits),
        (_, H::Accepted | H::Unknown { .. } | H::NotTaken { .. } | H::Short) => None,

        (S::Asked | S::Reserved | S::Submitted | S::Unknown, H::Paid { reference }) => {
            Some(E::Paid { reference: reference.clone() })
        }
        // It was paid and sent back; that it was paid is no news, and may be older than the other.
        (S::Failed, H::Paid { .. }) if payout.why.as_deref() == Some(TAKEN_BACK) => contradiction(),
        (S::Failed, H::Paid { reference }) => Some(E::PaidLate { reference: reference.clone() }),
        (S::Paid | S::Reversed, H::Paid { reference }) => {
            if payout.reference.as_ref() == Some(reference) {
                None
            } else {
                contradiction()
            }
        }

        (S::Asked | S::Reserved | S::Submitted | S::Unknown, H::Failed { why }) => {
            Some(E::Failed { why: why.clone() })
        }
        (S::Failed | S::Reversed, H::Failed { .. }) => None,
        (S::Paid, H::Failed { .. }) => contradiction(),

        (S::Paid, H::Reversed { why }) => Some(E::Reversed { why: why.clone() }),
        // It was paid and sent back before we had heard of either: it comes to not paid.
        (S::Asked | S::Reserved | S::Submitted | S::Unknown, H::Reversed { why }) => {
            Some(E::Failed { why: why.clone() })
        }
        (S::Failed | S::Reversed, H::Reversed { .. }) => None,
    }
}

/// The state after an event.
pub fn evolve(state: Option<Payout>, event: &PayoutEvent, at: Timestamp) -> Option<Payout> {
    use {PayoutEvent as E, PayoutStage as S};
    let Some(mut payout) = state else {
        let E::Asked { id, owner, from, to, via, amount } = event else { return None };
        return Some(Payout {
            id: *id,
            owner: *owner,
            from: *from,
            to: *to,
            via: via.clone(),
            amount: *amount,
            stage: S::Asked,
            reference: None,
            why: None,
            waits: false,
            contradicted: None,
            asked: at,
            since: at,
        });
    };
    let before = payout.stage;
    match event {
        E::Asked { .. } => {}
        E::Reserved => payout.stage = S::Reserved,
        E::Submitted => payout.stage = S::Submitted,
        E::Waits => payout.waits = true,
        E::WentUnknown { why } => {
            payout.stage = S::Unknown;
            payout.why = Some(why.clone());
        }
        E::Paid { reference } | E::PaidLate { reference } => {
            payout.stage = S::Paid;
            payout.reference = Some(reference.clone());
            payout.why = None;
        }
        E::Failed { why } => {
            payout.stage = S::Failed;
            payout.why = Some(why.clone());
        }
        E::Reversed { why } => {
            payout.stage = S::Reversed;
            payout.why = Some(why.clone());
        }
        E::Contradicted { heard } => payout.contradicted = Some(heard.clone()),
    }
    if payout.stage != before {
        payout.since = at;
        payout.waits = false;
    }
    Some(payout)
}

#[cfg(test)]
mod tests;
