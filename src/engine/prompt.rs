//! Prompts on a phone by which somebody pays us from her mobile money: what a provider is asked, and what it says.

use crate::types::{Msisdn, PromptId, Timestamp};
use serde::{Deserialize, Serialize};

/// Why nothing came of a prompt, as the catalogue of messages has it.
pub mod why {
    pub use crate::market::loan::ended::{DECLINED, UNHEARD};

    /// There is too little on her account.
    pub const FUNDS: &str = "funds";
    /// She said no.
    pub const CANCELLED: &str = "cancelled";
    /// Her phone was not reached, or she did not answer in time.
    pub const MISSED: &str = "missed";
    /// Her PIN was wrong.
    pub const PIN: &str = "pin";
    /// Another prompt or call held her phone.
    pub const BUSY: &str = "busy";
    /// The provider could not be reached in time.
    pub const LINK: &str = "link";
    /// An earlier prompt was paid after all: another one would take it twice.
    pub const EARLIER: &str = "earlier";
    /// All that she is told of.
    pub const ALL: [&str; 9] = [FUNDS, CANCELLED, MISSED, PIN, BUSY, LINK, DECLINED, UNHEARD, EARLIER];
}

/// A prompt that a provider is asked for, or about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompted {
    /// Ours; the address of its result ends with it.
    pub id: PromptId,
    /// By which provider.
    pub via: String,
    /// Whose phone shows it, and whose money it is.
    pub from: Msisdn,
    /// Whole shillings.
    pub shillings: u32,
    /// The provider's name for it, where it has told one.
    pub checkout: Option<String>,
    /// Now.
    pub at: Timestamp,
}

/// What is known of a prompt after talking to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptNews {
    /// The provider has it, and shows it.
    Shown {
        /// Its name for it.
        checkout: String,
    },
    /// She paid.
    Paid {
        /// The provider's receipt, or its name for the prompt in the place of one.
        receipt: String,
        /// Its name for the prompt.
        checkout: String,
    },
    /// Somebody posted what came of it whom nobody knows to be the provider, and asking proved nothing yet.
    Claimed {
        /// The provider's name for the prompt, as it was posted.
        checkout: String,
        /// The receipt of a payment.
        receipt: Option<String>,
        /// What is odd about the payment.
        odd: Option<String>,
    },
    /// She paid another sum than she was asked for, or somebody else did: a person must look.
    Odd {
        /// What is odd.
        why: String,
        /// The provider's name for the prompt.
        checkout: Option<String>,
        /// The provider's receipt.
        receipt: Option<String>,
    },
    /// Nothing came of it.
    Failed {
        /// One of the words of [`why`].
        why: String,
    },
    /// Nothing left this machine.
    Held {
        /// For what, for the operator of the service.
        why: String,
    },
    /// No answer yet, or one that proves nothing.
    Open {
        /// What happened, for the operator of the service.
        why: String,
    },
}
