//! A prompt on her own phone by which she pays some of a loan back out of her mobile money. It is asked for
//! once, and what is paid by it counts whenever that is heard.

use super::Loan;
use crate::market::Refusal;
use crate::types::{Kes, PartyId, PromptId, Timestamp};
use serde::{Deserialize, Serialize};

/// Prompts that stand with a loan; the journal has them all.
const MOST_PROMPTS: usize = 40;

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
        /// The provider's receipt.
        receipt: String,
    },
    /// Nothing came of it, as far as is known.
    Ended {
        /// A word of what people are told: `cancelled`, `funds`.
        why: String,
    },
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
}

impl Prompt {
    /// True while it may still be answered.
    pub const fn is_open(&self) -> bool {
        matches!(self.stage, PromptStage::Asked | PromptStage::Shown { .. })
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
        /// The provider's receipt.
        receipt: String,
    },
    /// Nothing came of it.
    Failed {
        /// A word of what people are told.
        why: String,
    },
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
    /// She paid.
    Paid {
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
}

impl Loan {
    /// The prompt that may still be answered.
    pub fn open_prompt(&self) -> Option<&Prompt> {
        self.prompts.iter().find(|prompt| prompt.is_open())
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

pub(super) fn decide(loan: &Loan, command: &PromptCommand) -> Result<Vec<PromptEvent>, Refusal> {
    match command {
        PromptCommand::Ask { id, .. } if loan.prompt(*id).is_some() => Ok(vec![]),
        PromptCommand::Ask { by, .. } if *by != loan.artisan => Err(Refusal::NotAllowed),
        PromptCommand::Ask { .. } if loan.left() == Kes::ZERO => Err(Refusal::gone(loan.stage.word())),
        PromptCommand::Ask { .. } if loan.open_prompt().is_some() => Err(Refusal::AlreadyExists),
        PromptCommand::Ask { amount, .. } if !amount.is_whole() => Err(Refusal::NotWhole),
        PromptCommand::Ask { id, amount, via, .. } => {
            let most = loan.promptable();
            match (Kes::major(1)..=most).contains(amount) {
                true => Ok(vec![PromptEvent::Asked { id: *id, amount: *amount, via: via.clone() }]),
                false => Err(Refusal::OutOfRange { min: 1, max: most.whole() }),
            }
        }
        PromptCommand::Hear { id, heard } => {
            let prompt = loan.prompt(*id).ok_or(Refusal::NotFound)?;
            Ok(hear(prompt, heard).into_iter().collect())
        }
    }
}

/// What is paid counts, also after it was given up; nothing else changes what has ended.
fn hear(prompt: &Prompt, heard: &PromptHeard) -> Option<PromptEvent> {
    use PromptStage as S;
    let id = prompt.id;
    match (&prompt.stage, heard) {
        (S::Paid { .. }, _) => None,
        (_, PromptHeard::Paid { receipt }) => Some(PromptEvent::Paid { id, receipt: receipt.clone() }),
        (S::Asked, PromptHeard::Shown { checkout }) => {
            Some(PromptEvent::Shown { id, checkout: checkout.clone() })
        }
        (S::Asked | S::Shown { .. }, PromptHeard::Failed { why }) => {
            Some(PromptEvent::Ended { id, why: why.clone() })
        }
        (_, PromptHeard::Shown { .. } | PromptHeard::Failed { .. }) => None,
    }
}

pub(super) fn evolve(loan: &mut Loan, event: &PromptEvent, at: Timestamp) {
    let (id, stage) = match event {
        PromptEvent::Asked { id, amount, via } => {
            if loan.prompts.len() >= MOST_PROMPTS {
                loan.prompts.remove(0);
            }
            let (id, amount, via) = (*id, *amount, via.clone());
            loan.prompts.push(Prompt { id, amount, via, stage: PromptStage::Asked, asked: at });
            return;
        }
        PromptEvent::Shown { id, checkout } => (id, PromptStage::Shown { checkout: checkout.clone() }),
        PromptEvent::Paid { id, receipt } => (id, PromptStage::Paid { receipt: receipt.clone() }),
        PromptEvent::Ended { id, why } => (id, PromptStage::Ended { why: why.clone() }),
    };
    if let Some(prompt) = loan.prompts.iter_mut().find(|prompt| prompt.id == *id) {
        prompt.stage = stage;
    }
}
