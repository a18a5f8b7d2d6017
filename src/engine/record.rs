//! What the journal keeps of a turn: why it came about, what happened, what the books moved. The
//! state of the store is derived from these records alone; [`super::audit`] proves it.

use super::desk::acts::Change;
use crate::ledger::Transfer;
use crate::market::Event;
use crate::store::redact::Notice;
use crate::types::{DialogId, Msisdn, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Why a turn came about, with what is needed to look at it again. What a person typed as a PIN is
/// never in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A step of a USSD dialog.
    Ussd {
        /// The dialog.
        dialog: DialogId,
        /// Whose phone.
        msisdn: Msisdn,
        /// The tree it walks, by hash.
        graph: String,
        /// What was dialled or typed; stars where a PIN was asked for.
        typed: String,
        /// What was shown.
        shown: String,
        /// Actions that ran, with their outcomes.
        outcomes: Vec<(String, String)>,
    },
    /// An SMS.
    Sms {
        /// From whom.
        msisdn: Msisdn,
        /// What it said.
        text: String,
        /// What was answered.
        answers: Vec<String>,
    },
    /// A part of a long SMS, kept until the others come.
    Part {
        /// From whom.
        msisdn: Msisdn,
        /// Which one.
        number: u8,
        /// Of how many.
        total: u8,
    },
    /// The shop: a checkout.
    Shop,
    /// The card processor, by its id of the event.
    Card(String),
    /// The mobile-money provider, about a payout.
    Money(String),
    /// Something fell due.
    Timer(String),
    /// Something fell due and could not be done: it waits a while.
    PutOff {
        /// Which timer.
        timer: String,
        /// What kept it.
        why: String,
    },
    /// The outbox: what came of a sending.
    Sent(String),
    /// The start of the program, a command of its own, or an operator whom nobody named.
    Desk(String),
    /// A person at the desk.
    Acted {
        /// Her name.
        by: String,
        /// What she did, in a few words.
        what: String,
        /// From where: her address and her browser, where they are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    },
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// What happened, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// What the books moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// What stood there before and after, where a person at the desk acted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Which records before got other words, and on whose word: the approval of an erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacts: Option<Notice>,
}

impl Record {
    /// As the journal keeps it: one JSON object.
    ///
    /// # Panics
    /// When an event has no JSON form: a mistake in its type.
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("every event has a JSON form").into()
    }
}
