//! A dialog as it was recorded: for each turn what happened, what the machine was fed, and what it
//! showed. Since the machine is pure, [`play`] shows the same screens from the same tape, and other
//! menus can be tried on it.
//!
//! A PIN is on no tape: stars stand where one was asked for, where what was typed was not understood
//! and may be one, and for answers behind a dialled code that nothing read.

pub mod habits;
pub mod play;
pub mod rehearse;
pub mod stats;

#[cfg(test)]
mod tests;

use crate::{
    dialog::{
        input::{Ask, Data, Do, Input, PinVerdict},
        machine::Machine,
    },
    menu::{
        graph::Graph,
        value::{Record, Value},
    },
    types::{DialogId, Lang, Msisdn, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands for something typed that may not be written down. No block takes it for an answer.
pub const HIDDEN: &str = "****";

/// A recorded dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    /// The dialog.
    pub id: DialogId,
    /// Its turns, in order.
    pub turns: Vec<Turn>,
}

/// One turn of a dialog: an input and all that came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// What the machine made of it; none where it was not stepped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<Walk>,
}

/// Where a dialog comes from; told in its first turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose phone.
    pub phone: Msisdn,
    /// The tree it walks, by name.
    pub tree: String,
    /// The tree it walks, by [`Graph::hash`].
    pub graph: String,
    /// The gateway it came over.
    pub gateway: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// She dialled, perhaps with answers behind the code.
    Begun {
        /// Where it comes from.
        head: Head,
        /// The answers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        typed: Vec<String>,
    },
    /// She dialled again and goes on.
    Redialled {
        /// The gateway it came over.
        gateway: String,
        /// Answers behind the code.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        typed: Vec<String>,
    },
    /// We opened it at a block.
    Pushed {
        /// Where it goes to.
        head: Head,
        /// The block.
        block: String,
        /// The values of its parameters.
        args: Vec<Value>,
    },
    /// She pressed keys and sent them.
    Key(String),
    /// She answered by SMS.
    Text(String),
    /// The call was over, in a word: `gone` (cut, timed out, cancelled) or `unseen` (the screen never
    /// reached the network).
    Cut(String),
    /// A screen that was lost was shown again.
    Again,
    /// Nobody typed for a while: an SMS reminds her where she stopped.
    Reminded(Follows),
    /// The gateway's account of the call: names and values, in its words.
    Account(Vec<(String, String)>),
}

/// A walk of the machine from an input to a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// What it was fed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fed: Vec<Fed>,
    /// The language it began in.
    pub lang: Lang,
    /// Septets that a screen could have.
    pub limit: u16,
    /// The block it came to, by name.
    pub block: String,
    /// What was shown.
    pub screen: String,
    /// It was the last text.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ended: bool,
    /// What was typed was not understood, or part of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refused: bool,
    /// The SMS that follows the last text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<Follows>,
}

/// An SMS to her that a dialog brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// Its name in the catalogue.
    pub name: String,
    /// Parts it was sent in.
    pub parts: u16,
}

impl Follows {
    /// An SMS of this name that says this.
    pub fn new(name: &str, text: &str) -> Self {
        let parts = crate::gsm::segment::parts(text);
        Self { name: name.to_owned(), parts: u16::try_from(parts).unwrap_or(u16::MAX) }
    }
}

/// What the machine was fed on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fed {
    /// Values that it asked for.
    Data(Given),
    /// The verdict on a PIN.
    Pin(PinVerdict),
    /// The outcome of an action.
    Outcome {
        /// The action.
        action: String,
        /// It changes something, so it runs once a visit.
        #[serde(default, skip_serializing_if = "is_false")]
        once: bool,
        /// The outcome.
        name: String,
        /// What it brought.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<Value>,
        /// The language from here on, where the action changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<Lang>,
    },
}

/// Values that were asked for and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Given {
    /// Globals by dotted name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub globals: BTreeMap<String, Value>,
    /// A query and its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<(String, Vec<Rows>)>,
    /// A record that was looked up, by type and spoken number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<(String, String, Option<Record>)>,
}

/// Records that are alike, their fields named once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    ty: String,
    fields: Vec<String>,
    rows: Vec<(String, Vec<Value>)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(yes: &bool) -> bool {
    !*yes
}

impl Rows {
    /// Records, those that are alike together and in their order.
    pub fn of(records: &[Record]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for record in records {
            let alike = all
                .last_mut()
                .filter(|rows| rows.ty == record.ty && rows.fields.iter().eq(record.fields.keys()));
            let row = (record.key.clone(), record.fields.values().cloned().collect());
            match alike {
                Some(rows) => rows.rows.push(row),
                None => all.push(Self {
                    ty: record.ty.clone(),
                    fields: record.fields.keys().cloned().collect(),
                    rows: vec![row],
                }),
            }
        }
        all
    }

    /// The records again.
    pub fn records(all: &[Self]) -> Vec<Record> {
        let one = |rows: &Self, (key, values): &(String, Vec<Value>)| Record {
            ty: rows.ty.clone(),
            key: key.clone(),
            fields: rows.fields.iter().cloned().zip(values.iter().cloned()).collect(),
        };
        all.iter().flat_map(|rows| rows.rows.iter().map(|row| one(rows, row))).collect()
    }
}

impl Given {
    /// What was answered to a question.
    pub fn new(ask: &Ask, data: &Data) -> Self {
        Self {
            globals: data.globals.clone(),
            rows: ask
                .query
                .as_ref()
                .zip(data.rows.as_ref())
                .map(|((name, _), rows)| (name.clone(), Rows::of(rows))),
            found: ask.find.as_ref().map(|(ty, key)| (ty.clone(), key.clone(), data.found.clone())),
        }
    }

    /// The answer as the machine takes it.
    pub fn data(&self) -> Data {
        Data {
            globals: self.globals.clone(),
            rows: self.rows.as_ref().map(|(_, rows)| Rows::records(rows)),
            found: self.found.as_ref().and_then(|(_, _, found)| found.clone()),
        }
    }
}

impl Fed {
    /// The outcome of an action; `lang` where it changed.
    pub fn outcome(wish: &Do, name: &str, args: &[Value], lang: Option<Lang>) -> Self {
        Self::Outcome {
            action: wish.name.clone(),
            once: wish.once.is_some(),
            name: name.to_owned(),
            args: args.to_vec(),
            lang,
        }
    }

    /// As the machine takes it.
    pub fn input(&self) -> Input {
        match self {
            Self::Data(given) => Input::Data(given.data()),
            Self::Pin(verdict) => Input::Pin(*verdict),
            Self::Outcome { name, args, .. } => Input::Outcome { name: name.clone(), args: args.clone() },
        }
    }
}

impl Walk {
    /// Actions that ran, with their outcomes.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.fed.iter().filter_map(|fed| match fed {
            Fed::Outcome { action, once, name, .. } => Some((action.as_str(), name.as_str(), *once)),
            _ => None,
        })
    }
}

impl Tape {
    /// Where it comes from; `None` when its first turn is no longer kept.
    pub fn head(&self) -> Option<&Head> {
        self.turns.first().and_then(|turn| match &turn.event {
            Event::Begun { head, .. } | Event::Pushed { head, .. } => Some(head),
            _ => None,
        })
    }

    /// Its first and last moment.
    pub fn span(&self) -> (Timestamp, Timestamp) {
        let at = |turn: Option<&Turn>| turn.map(|turn| turn.at).unwrap_or_default();
        (at(self.turns.first()), at(self.turns.last()))
    }

    /// Its walks, in order.
    pub fn walks(&self) -> impl Iterator<Item = (&Turn, &Walk)> {
        self.turns.iter().filter_map(|turn| Some((turn, turn.walk.as_ref()?)))
    }

    /// Whether its last text was shown.
    pub fn is_over(&self) -> bool {
        self.walks().last().is_some_and(|(_, walk)| walk.ended)
    }
}

/// Whether a text has a group of four digits, as a PIN has.
fn may_be_a_pin(text: &str) -> bool {
    text.split(|c: char| !c.is_numeric()).any(|digits| digits.chars().count() == 4)
}

/// A key as it may be kept after `machine` has walked it. `at_pin`: a PIN was asked for.
pub fn kept_key(machine: &Machine<'_>, graph: &Graph, typed: &str, at_pin: bool) -> String {
    let typed = typed.trim();
    let moves = [&graph.back, &graph.home_key, &graph.more].iter().any(|nav| nav.key == typed);
    let understood = machine.understood().first() == Some(&true);
    let hidden = if at_pin { !moves } else { !understood && may_be_a_pin(typed) };
    if hidden { HIDDEN.to_owned() } else { typed.to_owned() }
}

/// Answers behind a dialled code as they may be kept after `machine` has walked them.
pub fn kept_answers(machine: &Machine<'_>, typed: &[String]) -> Vec<String> {
    let understood = machine.understood().iter().map(Some).chain(std::iter::repeat(None));
    let kept = |(typed, understood): (&String, Option<&bool>)| match understood {
        Some(true) => typed.trim().to_owned(),
        Some(false) if !may_be_a_pin(typed) => typed.trim().to_owned(),
        _ => HIDDEN.to_owned(),
    };
    typed.iter().zip(understood).map(kept).collect()
}
