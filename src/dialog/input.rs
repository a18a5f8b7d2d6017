//! What the machine is fed and what it answers. The engine drives it:
//!
//! ```text
//! Begin/Key -> Step::Ask   -> (engine reads)    -> Input::Data    -> ...
//!           -> Step::Pin   -> (engine checks)   -> Input::Pin     -> ...
//!           -> Step::Do    -> (engine decides)  -> Input::Outcome -> ...
//!           -> Step::Show | Step::End: the turn is over
//! ```
//!
//! At most [`MOST_STEPS`] steps a turn; reaching it ends the dialog politely.

use crate::menu::value::{Record, Value};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroizing;

/// Steps one turn may take before the machine gives up.
pub const MOST_STEPS: usize = 100;

/// What the machine is fed. Its `Debug` hides what was typed, since that may be a PIN.
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// A new dialog; `typed` are the answers already given in the dialled string
    /// (`*483*57*1*2#` gives `["1", "2"]`).
    Begin {
        /// Pre-typed answers.
        typed: Vec<String>,
    },
    /// A redial while a cut dialog can still be gone on with: shows the resume screen, or, when a
    /// `do` ran whose outcome was never shown, that outcome.
    Redial {
        /// Pre-typed answers; when there are any the resume offer is passed over and a new walk begins.
        typed: Vec<String>,
    },
    /// What the subscriber typed.
    Key(String),
    /// A bare SMS after a cut: an answer to the question the dialog was cut at.
    Bare(String),
    /// Show the current screen again (a late or repeated key).
    Again,
    /// Data for an [`Ask`], in its order.
    Data(Data),
    /// What came of [`Step::Pin`].
    Pin(PinVerdict),
    /// What came of [`Step::Do`].
    Outcome {
        /// The outcome's name; `fault` when nothing better is known.
        name: String,
        /// What it brings.
        args: Vec<Value>,
    },
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin { typed } => write!(f, "Begin({} answers)", typed.len()),
            Self::Redial { typed } => write!(f, "Redial({} answers)", typed.len()),
            Self::Key(text) => write!(f, "Key({} characters)", text.chars().count()),
            Self::Bare(text) => write!(f, "Bare({} characters)", text.chars().count()),
            Self::Again => f.write_str("Again"),
            Self::Data(data) => f.debug_tuple("Data").field(data).finish(),
            Self::Pin(verdict) => f.debug_tuple("Pin").field(verdict).finish(),
            Self::Outcome { name, args } => {
                f.debug_struct("Outcome").field("name", name).field("args", args).finish()
            }
        }
    }
}

/// The outcome of any action that is stopped for everybody. It brings the text that says why; the
/// dialog ends with it, whatever the block handles.
pub const FROZEN: &str = "frozen";

/// Data the engine read for the machine. A global that was asked for and is not here is shown as
/// nothing; it is not asked for again in the same turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Data {
    /// Global values by dotted name.
    pub globals: BTreeMap<String, Value>,
    /// The rows of the query, when one was asked.
    pub rows: Option<Vec<Record>>,
    /// The record looked up by its spoken number; `None` when there is none that this person may
    /// see, or none of such a type is looked up.
    pub found: Option<Record>,
}

/// What the machine needs before it can go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ask {
    /// Global values wanted.
    pub globals: Vec<String>,
    /// A query to run: dotted name and arguments.
    pub query: Option<(String, BTreeMap<String, Value>)>,
    /// A record to look up: type and spoken number.
    pub find: Option<(String, String)>,
}

/// What came of a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinVerdict {
    /// Right, or (for a new one) kept.
    Right,
    /// Wrong; so many tries are left in all, across dialogs. For [`PinPurpose::Confirm`]: the two
    /// typings differ, and `left` says nothing.
    Wrong {
        /// Tries left.
        left: u8,
    },
    /// Too many wrong ones; nothing behind a PIN works until it is opened again.
    Locked,
    /// A new PIN that is too easy (1234, 0000, part of the phone number).
    TooEasy,
}

/// What a typed PIN is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinPurpose {
    /// Compare it with the one on record.
    Prove,
    /// A new one, typed for the first time: judge it, and keep its salted hash as a candidate.
    Choose,
    /// The new one typed again: compare it with the candidate, and when equal put that on record.
    Confirm,
}

/// Digits that somebody typed as a PIN: wiped when dropped, never shown, never serialized.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedPin(Zeroizing<String>);

impl TypedPin {
    /// Takes what was typed.
    pub fn new(typed: impl Into<String>) -> Self {
        Self(Zeroizing::new(typed.into()))
    }

    /// The digits, for hashing and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TypedPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// A wish to run an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Do {
    /// The action's dotted name.
    pub name: String,
    /// Arguments by parameter name.
    pub args: BTreeMap<String, Value>,
    /// For `once`: the same key for the same visit of the same block, whatever happens between.
    pub once: Option<String>,
    /// The block it came from; `sms` for a text command.
    pub at: String,
}

/// An SMS to send, with the values of its parameters in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsWish {
    /// The message of the catalogue.
    pub name: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

/// What the machine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Be fed [`Input::Data`].
    Ask(Ask),
    /// Check or keep this PIN; be fed [`Input::Pin`].
    Pin {
        /// What was typed. Never logged, never stored.
        typed: TypedPin,
        /// What it is for.
        purpose: PinPurpose,
    },
    /// Decide this; be fed [`Input::Outcome`].
    Do(Do),
    /// Show and wait for a key.
    Show(String),
    /// Show and close the dialog; then send the SMS, if any.
    End(String, Option<SmsWish>),
}
