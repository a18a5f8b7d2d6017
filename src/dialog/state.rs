//! What is kept between turns. Small, versioned, and never a PIN in it.

use crate::{
    dialog::input::{Do, PinPurpose},
    menu::{
        graph::{Graph, Kind, NodeId, Target},
        value::{Record, Value},
    },
    types::{DialogId, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// The version of the encoding that this code writes and reads.
pub const VERSION: u8 = 1;

/// A dialog between two turns. Written as JSON with a `v` field; a reader that knows only other
/// versions refuses it, and the subscriber begins again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(super) v: u8,
    /// The dialog; part of every `once` key.
    pub id: DialogId,
    /// [`Graph::hash`] of the tree it began with, and is finished on.
    pub graph: String,
    /// The last moment it was fed something.
    pub touched: Timestamp,
    /// When it was cut or parked, if it is.
    pub cut: Option<Timestamp>,
    pub(super) at: Place,
    pub(super) phase: Phase,
    /// What `ask` and `pick` blocks took, by block name.
    pub(super) answers: BTreeMap<String, Value>,
    /// The way back: the screens walked through, the oldest first; no block twice.
    pub(super) history: Vec<Place>,
    /// Blocks entered so far; tells one visit of a block from the next.
    pub(super) visits: u32,
    pub(super) shown: Shown,
    /// Wrong answers at this visit.
    pub(super) tries: u8,
    /// Pre-typed answers not used yet.
    pub(super) typed: VecDeque<String>,
    /// A `once` action has run, and nothing typed since proves that its outcome was seen.
    pub(super) unseen: bool,
    /// This turn came by SMS.
    pub(super) by_sms: bool,
    /// Steps this turn has taken.
    pub(super) steps: u16,
    /// Records to be read again after a redial, by type and spoken number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stale: Vec<(String, String)>,
}

/// A block with the values of its parameters, and the page of it that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub node: NodeId,
    pub args: BTreeMap<String, Value>,
    pub page: u16,
}

/// What stood on the screen: a key means what it meant there, whatever has changed since. A redial
/// asks for it again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Shown {
    /// Rows the query gave; `None` until it was run.
    pub rows: Option<Vec<Record>>,
    /// Rows on the page: the first, and how many.
    pub first: u16,
    pub count: u16,
    /// Pages in all.
    pub pages: u16,
    /// Keys of the options.
    pub keys: Vec<u8>,
    /// Which option of its block stands at each of those keys: several may have one key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<u16>,
    /// What an `ask` takes.
    pub bounds: Option<(i64, i64)>,
    /// A new PIN was typed once.
    pub again: bool,
}

/// What the machine is doing at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Nothing was fed yet.
    New,
    /// On the way to a block; `binds` are names that only the way there knows.
    Going { to: Target, binds: BTreeMap<String, Value> },
    /// About to show the block, or waiting for what its texts need.
    Showing(Note),
    /// Waiting for a key.
    Shown,
    /// Waiting for the verdict on a PIN.
    Checking(PinPurpose),
    /// Waiting for an outcome.
    Doing(Do),
    /// About to offer to go on after a cut.
    Offering(Note),
    /// Waiting for the answer to that offer.
    Offered,
    /// Over, the last text shown.
    Ended,
    /// Over, with a text that is none of the tree's: an action is stopped for everybody.
    Stopped(String),
    /// Over by a fault of ours.
    Broken,
}

/// What stands above a screen that is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Note {
    None,
    /// The key was none of its own.
    NotAKey,
    /// The answer was wrong: the block's `bad`, with the PIN tries left.
    Bad(u8),
    /// A new PIN was typed in two ways: the block's `differ`.
    Differ,
}

/// Why a stored dialog cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not the JSON of a dialog.
    #[error("a stored dialog cannot be read; its subscriber begins again: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by another version.
    #[error("a stored dialog has version {0}, this program reads {VERSION}; its subscriber begins again")]
    Version(u8),
}

impl State {
    /// A dialog before its first input.
    pub fn new(id: DialogId, graph: &Graph) -> Self {
        Self {
            v: VERSION,
            id,
            graph: graph.hash.clone(),
            touched: Timestamp::default(),
            cut: None,
            at: Place { node: graph.home, args: BTreeMap::new(), page: 0 },
            phase: Phase::New,
            answers: BTreeMap::new(),
            history: Vec::new(),
            visits: 0,
            shown: Shown::default(),
            tries: 0,
            typed: VecDeque::new(),
            unseen: false,
            by_sms: false,
            steps: 0,
            stale: Vec::new(),
        }
    }

    /// A dialog that we open ourselves, at the block of this name with the values of its parameters;
    /// `None` when the tree has no such block. [`super::input::Input::Again`] shows it.
    pub fn at_block(id: DialogId, graph: &Graph, block: &str, args: Vec<Value>) -> Option<Self> {
        let place = graph.nodes.iter().position(|node| node.name == block)?;
        let node = NodeId(u16::try_from(place).ok()?);
        let params = &graph.node(node).params;
        let args = params.iter().map(|(name, _)| name.clone()).zip(args).collect::<BTreeMap<_, _>>();
        let whole = args.len() == params.len();
        let at = Place { node, args, page: 0 };
        whole.then(|| Self { at, visits: 1, phase: Phase::Showing(Note::None), ..Self::new(id, graph) })
    }

    /// The octets to store.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a dialog is plain data with string keys")
    }

    /// A stored dialog.
    pub fn from_json(octets: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            v: u8,
        }
        match serde_json::from_slice::<Head>(octets)?.v {
            VERSION => Ok(serde_json::from_slice(octets)?),
            other => Err(Unreadable::Version(other)),
        }
    }

    /// Parks the dialog: the call was cut, timed out or fell idle, or its last screen could not be
    /// handed to the operator's network.
    pub fn cut(&mut self, now: Timestamp) {
        if self.cut.is_none() && !matches!(self.phase, Phase::New) {
            self.cut = Some(now);
        }
    }

    /// Whether a redial now is a [`super::input::Input::Redial`] rather than a new dialog: there
    /// is something to go on with, or an outcome that may never have been seen.
    pub fn may_resume(&self, graph: &Graph, now: Timestamp) -> bool {
        let fresh = now.since(self.cut.unwrap_or(self.touched)) <= graph.resume_within;
        let something = match self.phase {
            Phase::New | Phase::Stopped(_) | Phase::Broken => false,
            Phase::Doing(_) => true,
            Phase::Ended => self.unseen && self.cut.is_some(),
            _ => self.unseen || graph.resume.is_some(),
        };
        fresh && self.graph == graph.hash && something
    }

    /// Whether the dialog waits for a PIN: the next key must not be written down anywhere.
    pub fn awaits_pin(&self, graph: &Graph) -> bool {
        matches!(self.phase, Phase::Shown | Phase::Showing(_) | Phase::Checking(_))
            && matches!(graph.node(self.at.node).kind, Kind::Pin { .. } | Kind::NewPin { .. })
    }

    /// Whether a bare SMS answers the question the dialog was cut at.
    pub fn takes_bare(&self, graph: &Graph) -> bool {
        self.phase == Phase::Shown && self.drops_here(graph).is_some()
    }

    /// Whether the dialog has shown its last text.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended | Phase::Stopped(_) | Phase::Broken)
    }

    /// Whether the machine gave up after [`super::input::MOST_STEPS`]: an alarm for the operator.
    pub fn is_broken(&self) -> bool {
        self.phase == Phase::Broken
    }

    /// The block where the subscriber is, by name: for drop-off figures and for her mentor.
    pub fn block<'g>(&self, graph: &'g Graph) -> &'g str {
        &graph.node(self.at.node).name
    }

    /// The action whose outcome is not known yet.
    pub fn pending(&self) -> Option<&Do> {
        match &self.phase {
            Phase::Doing(wish) => Some(wish),
            _ => None,
        }
    }

    /// The `drop` line of the current block; never for a block that takes a PIN.
    pub(super) fn drops_here<'g>(&self, graph: &'g Graph) -> Option<&'g crate::menu::graph::Drop> {
        let node = self.at.node;
        let secret = matches!(graph.node(node).kind, Kind::Pin { .. } | Kind::NewPin { .. });
        graph.drops.iter().find(|d| d.at.contains(&node)).filter(|_| !secret)
    }
}
