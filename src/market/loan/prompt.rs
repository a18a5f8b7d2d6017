//! A prompt on her own phone by which she pays some of a loan back out of her mobile money. It is asked for
//! once, and what is paid by it counts whenever that is heard.

mod decide;

pub(super) use decide::{decide, evolve};

use super::Loan;
use crate::types::{Kes, PartyId, PromptId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Prompts that one loan takes. None of them is forgotten: it may still be told of as paid.
pub const MOST_PROMPTS: usize = 60;
/// A prompt that nobody answered is given up by its provider after a minute or so.
pub const ANSWERABLE: Duration = Duration::from_secs(2 * 60);
/// A prompt leaves within this time, or not at all: nobody waits longer for it.
pub const LEAVES: Duration = Duration::from_secs(5 * 60);

/// Why prompts end, as far as it matters here; the others are in the catalogue of messages.
pub mod ended {
    /// It was declined.
    pub const DECLINED: &str = "declined";
    /// Nobody said what came of it: what was paid counts once that is heard.
    pub const UNHEARD: &str = "unheard";
    /// What is said of it does not fit together: people look at it, and nobody is told anything before.
    pub const ODD: &str = "odd";
}

/// Where a prompt stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptStage {
    /// She asked for it.
    Asked,
    /// The provider shows it, or will.
    Shown {
        /// The provider's name for it.
        checkout: String,
    },
    /// She paid.
    Paid {
        /// The provider's receipt; its name for the prompt until the receipt is known.
        receipt: String,
    },
    /// Nothing came of it, as far as is known.
    Ended {
        /// A word of what people are told: `cancelled`, `funds`.
        why: String,
    },
}

/// What somebody posted of a prompt whom nobody knows to be the provider: a reason to ask, no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The provider's name for the prompt, as it was posted.
    pub checkout: String,
    /// Receipts of a payment; with more than one none of them is believed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<String>,
    /// What is odd about the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd: Option<String>,
    /// When it was first posted.
    pub at: Timestamp,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Ours; the address of its result ends with it.
    pub id: PromptId,
    /// Over how much, in whole shillings.
    pub amount: Kes,
    /// By which provider.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub via: String,
    /// Where it stands.
    pub stage: PromptStage,
    /// When she asked for it.
    pub asked: Timestamp,
    /// Since when it stands so.
    #[serde(default)]
    pub since: Timestamp,
    /// The provider's name for it, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<String>,
    /// What was posted of it and is not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// What does not fit together about it, until two people have decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd: Option<String>,
    /// All of that so far, the latest last: what is said again is no news, also after it was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
    /// What came by it, where two people say that it was another sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<Kes>,
}

impl Prompt {
    /// True while she may answer it: another one would stand beside it on her phone.
    pub fn may_be_answered(&self, now: Timestamp) -> bool {
        match self.stage {
            PromptStage::Asked => now.since(self.asked) < LEAVES + ANSWERABLE,
            PromptStage::Shown { .. } => now.since(self.since) < ANSWERABLE,
            PromptStage::Paid { .. } | PromptStage::Ended { .. } => false,
        }
    }

    /// True while its provider is asked what came of it.
    pub fn is_asked_about(&self) -> bool {
        let open = match &self.stage {
            PromptStage::Asked | PromptStage::Shown { .. } => true,
            PromptStage::Paid { .. } => false,
            PromptStage::Ended { why } => why == ended::UNHEARD,
        };
        self.odd.is_none() && (open || self.claim.is_some())
    }

    /// True once nobody has to ask or decide anything about it.
    pub fn is_settled(&self) -> bool {
        self.odd.is_none() && !self.is_asked_about()
    }

    /// By what its provider knows it, as far as anybody has said.
    pub fn known_as(&self) -> Option<&str> {
        self.checkout.as_deref().or(self.claim.as_ref().map(|claim| claim.checkout.as_str()))
    }

    /// Since when nobody knows what came of it.
    pub fn unknown_since(&self) -> Timestamp {
        self.claim.as_ref().map_or(self.asked, |claim| claim.at.max(self.asked))
    }

    /// The receipt under which it is paid, where that is not just the provider's name for it.
    pub fn receipt(&self) -> Option<&str> {
        match &self.stage {
            PromptStage::Paid { receipt } => Some(receipt.as_str()).filter(|one| !self.is_called(one)),
            _ => None,
        }
    }

    /// What came by it, or was asked for.
    pub fn sum(&self) -> Kes {
        self.came.unwrap_or(self.amount)
    }

    /// Where it stands, in a stable word.
    pub fn word(&self) -> &'static str {
        match self.stage {
            _ if self.odd.is_some() => "odd",
            _ if self.claim.is_some() => "claimed",
            PromptStage::Asked => "asked",
            PromptStage::Shown { .. } => "shown",
            PromptStage::Paid { .. } => "paid",
            PromptStage::Ended { .. } if self.is_asked_about() => "unheard",
            PromptStage::Ended { .. } => "ended",
        }
    }

    /// A question about it brings no receipt: its own name stands for one.
    fn is_called(&self, receipt: &str) -> bool {
        self.checkout.as_deref() == Some(receipt)
    }
}

/// What was heard of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptHeard {
    /// The provider has it.
    Shown {
        /// The provider's name for it.
        checkout: String,
    },
    /// She paid.
    Paid {
        /// The provider's receipt, or its name for the prompt in the place of one.
        receipt: String,
        /// The provider's name for the prompt.
        checkout: String,
    },
    /// Somebody says so whom nobody knows to be the provider.
    Claimed {
        /// The provider's name for the prompt.
        checkout: String,
        /// The receipt of a payment.
        receipt: Option<String>,
        /// What is odd about the payment.
        odd: Option<String>,
    },
    /// Nothing came of it.
    Failed {
        /// A word of what people are told.
        why: String,
    },
    /// Nobody said anything in time.
    Unheard,
    /// It does not fit together with what was asked for, or heard before.
    Odd {
        /// How.
        why: String,
        /// The provider's name for the prompt.
        checkout: Option<String>,
        /// The receipt of a payment.
        receipt: Option<String>,
    },
}

/// What became of a prompt, as two people say with the provider's statement in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PromptFate {
    /// She paid.
    Paid {
        /// The provider's receipt.
        receipt: String,
        /// How much came, where it is not what she was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        came: Option<Kes>,
    },
    /// She did not pay, and cannot by this prompt any more.
    NotPaid,
}

/// What can be asked of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptCommand {
    /// She wants to pay some from her mobile money: her own PIN there says yes.
    Ask {
        /// The id it will have for ever.
        id: PromptId,
        /// Who.
        by: PartyId,
        /// How much.
        amount: Kes,
        /// By which provider.
        via: String,
    },
    /// The provider was heard.
    Hear {
        /// Of which.
        id: PromptId,
        /// What.
        heard: PromptHeard,
    },
    /// Two people say what became of it.
    Settle {
        /// Of which.
        id: PromptId,
        /// What.
        fate: PromptFate,
    },
}

/// What happened to a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptEvent {
    /// It was asked for.
    Asked {
        /// The id it will have for ever.
        id: PromptId,
        /// Whole shillings.
        amount: Kes,
        /// By which provider.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        via: String,
    },
    /// The provider has it.
    Shown {
        /// Which.
        id: PromptId,
        /// The provider's name for it.
        checkout: String,
    },
    /// Somebody says what came of it, and nobody has proven it.
    Claimed {
        /// Which.
        id: PromptId,
        /// The provider's name for it, as it was posted.
        checkout: String,
        /// The receipt of a payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
        /// What is odd about the payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        odd: Option<String>,
    },
    /// She paid.
    Paid {
        /// Which.
        id: PromptId,
        /// The provider's receipt, or its name for the prompt in the place of one.
        receipt: String,
        /// The provider's name for it, where it was told with the payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkout: Option<String>,
        /// How much came, where it is not what she was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        came: Option<Kes>,
    },
    /// The receipt of what was paid became known.
    Named {
        /// Which.
        id: PromptId,
        /// The provider's receipt.
        receipt: String,
    },
    /// Nothing came of it.
    Ended {
        /// Which.
        id: PromptId,
        /// A word of what people are told.
        why: String,
    },
    /// It does not fit together with what was asked for, or heard before: people decide.
    Odd {
        /// Which.
        id: PromptId,
        /// How.
        why: String,
        /// The provider's name for it, where it was told with that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkout: Option<String>,
        /// The receipt of a payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
    },
    /// Two people say that it stands as it should.
    Cleared {
        /// Which.
        id: PromptId,
    },
}

impl PromptEvent {
    const fn id(&self) -> PromptId {
        match self {
            Self::Asked { id, .. }
            | Self::Shown { id, .. }
            | Self::Claimed { id, .. }
            | Self::Paid { id, .. }
            | Self::Named { id, .. }
            | Self::Ended { id, .. }
            | Self::Odd { id, .. }
            | Self::Cleared { id } => *id,
        }
    }

    /// What of the provider's names this event makes the prompt's own: the name of the prompt, the receipt.
    pub fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Shown { checkout, .. } => (Some(checkout), None),
            Self::Paid { receipt, checkout, .. } => (checkout.as_deref(), Some(receipt)),
            Self::Named { receipt, .. } => (None, Some(receipt)),
            _ => (None, None),
        }
    }
}

impl Loan {
    /// The prompt that she may answer now.
    pub fn open_prompt(&self, now: Timestamp) -> Option<&Prompt> {
        self.prompts.iter().find(|prompt| prompt.may_be_answered(now))
    }

    /// A prompt of this loan.
    pub fn prompt(&self, id: PromptId) -> Option<&Prompt> {
        self.prompts.iter().find(|prompt| prompt.id == id)
    }

    /// The most that a prompt may be over: what is left, its cents as a shilling.
    pub fn promptable(&self) -> Kes {
        let left = self.left();
        Kes::major(left.whole() + i64::from(!left.is_whole()))
    }
}
