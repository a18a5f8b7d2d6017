//! A checked menu, frozen: what the dialog machine walks. Nothing here can be wrong any more:
//! every name is resolved, every outcome has a way on, every text fits.

use crate::menu::vocabulary::Type;
use crate::types::{Lang, Purpose};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, time::Duration};

/// Index of a node in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

/// One text, cut into literal pieces and values; one list per language of the file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Pieces per language; the same order as [`Graph::langs`].
    pub by_lang: Vec<Vec<Piece>>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// A value, by path.
    Value(Path),
}

/// Where a value comes from: `me.free`, `sell.price`, `o.qty`, `min`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// A value of the vocabulary, by its dotted name; the machine asks the engine for it.
    Global(String),
    /// What an `ask` or `pick` block took, by that block's name.
    Answer(String),
    /// A parameter of the block, or one field of it.
    Param {
        /// The parameter.
        name: String,
        /// The field, when the parameter is a record.
        field: Option<String>,
    },
    /// What the machine itself knows: `min`, `max`, `left`, `at`, `here`, `heard`, `miss`, `draft`, `echo`.
    Machine(String),
}

impl fmt::Display for Path {
    /// As a menu file writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global(name) | Self::Answer(name) | Self::Machine(name) => f.write_str(name),
            Self::Param { name, field: None } => f.write_str(name),
            Self::Param { name, field: Some(field) } => write!(f, "{name}.{field}"),
        }
    }
}

impl Text {
    /// As a menu file writes it, in the language at this index; empty when it lacks that one.
    pub fn source(&self, lang: usize) -> String {
        let pieces = self.by_lang.get(lang).map_or(&[][..], Vec::as_slice);
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Value(path) => format!("{{{path}}}"),
        };
        pieces.iter().map(piece).collect()
    }
}

/// What an argument of a target, query, action or SMS is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// A value by path; a record parameter is handed on whole.
    Path(Path),
    /// A number written in the file.
    Int(i64),
    /// A word of an enum.
    Word {
        /// The enum.
        set: String,
        /// The word.
        word: String,
    },
}

/// Where to go, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To a block, with arguments for its parameters, in order.
    Node {
        /// The block.
        node: NodeId,
        /// One for each of its parameters.
        args: Vec<Arg>,
    },
    /// Only in a `resume` block: go on where the dialog was cut.
    Resume,
}

/// A call of a query or an action: arguments by parameter name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its dotted name in the vocabulary.
    pub name: String,
    /// Arguments by parameter name, in the vocabulary's order.
    pub args: Vec<(String, Arg)>,
}

/// An SMS of the catalogue with its arguments, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsCall {
    /// The `sms` block of `messages.menu`.
    pub name: String,
    /// One for each of its parameters.
    pub args: Vec<Arg>,
}

/// A bound of an `ask`: written in the file, or a value (`1..{o.qty}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// As it stands.
    Fixed(i64),
    /// Whole shillings or a count, read when the question is put.
    Value(Path),
}

/// What an `ask` or a `text` command takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Whole shillings within bounds.
    Kes(Bound, Bound),
    /// A whole number within bounds.
    Int(Bound, Bound),
    /// Text of at most so many septets.
    Text(u16),
    /// A phone number.
    Phone,
    /// A day: `31/12`.
    Date,
    /// A number people say.
    Code(crate::types::CodeKind),
    /// A word of an enum, by label in any language (`text` commands only).
    Enum(String),
    /// A record by its spoken number (`text` commands only); the machine asks the engine for it.
    Record {
        /// The record type's name in the vocabulary.
        ty: String,
        /// The kind of its spoken number: the type of its field `code`.
        code: crate::types::CodeKind,
    },
}

/// A numbered option of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The key, 1 to 9.
    pub key: u8,
    /// Its label.
    pub label: Text,
    /// Where it leads.
    pub to: Target,
    /// Shown only when this enum value is this word.
    pub when: Option<(Path, String)>,
}

/// Where a wrong answer leads after so many tries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// How many answers are read before giving up.
    pub most: u8,
    /// Where to go then.
    pub to: Target,
}

/// One outcome of a `do` block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The outcome's name.
    pub outcome: String,
    /// Names given to what it brings; visible to the target's arguments and to `sms`.
    pub binds: Vec<String>,
    /// Where it leads.
    pub to: Target,
}

/// What a block does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text and numbered options.
    Screen {
        /// The text above the options.
        say: Text,
        /// The options, by key.
        choices: Vec<Choice>,
    },
    /// Options made from an enum; the answer is kept under the block's name.
    Pick {
        /// The question.
        say: Text,
        /// The enum.
        set: String,
        /// Where the answer leads.
        then: Target,
    },
    /// Options from data, paged by length.
    List {
        /// The heading.
        say: Text,
        /// Where the rows come from.
        query: Call,
        /// What a row is called in `item` and `then`.
        var: String,
        /// One row.
        item: Text,
        /// Said when there are no rows.
        none: Text,
        /// Where choosing a row leads; without it rows are only read.
        then: Option<Target>,
    },
    /// A typed answer, kept under the block's name.
    Ask {
        /// The question.
        say: Text,
        /// What is taken.
        asked: Asked,
        /// Said above the question after a wrong answer.
        bad: Text,
        /// How often.
        tries: Tries,
        /// Where a right answer leads.
        then: Target,
    },
    /// The person's PIN; the value goes nowhere but to the check.
    Pin {
        /// The question.
        say: Text,
        /// Said above the question after a wrong PIN; knows `{left}`.
        bad: Text,
        /// How often.
        tries: Tries,
        /// Where the right PIN leads.
        then: Target,
    },
    /// A PIN that is chosen, typed twice; kept only as the engine's hash.
    NewPin {
        /// The question.
        say: Text,
        /// The second time.
        again: Text,
        /// Said above the question after a PIN that is too easy.
        bad: Text,
        /// Said above the question after two that are not the same.
        differ: Text,
        /// How often.
        tries: Tries,
        /// Where it leads when set.
        then: Target,
    },
    /// A call into the domain.
    Do {
        /// The action and its arguments.
        call: Call,
        /// Run at most once per visit of this block.
        once: bool,
        /// One branch per outcome.
        branches: Vec<Branch>,
    },
    /// The last text.
    End {
        /// The text.
        say: Text,
        /// An SMS that follows.
        sms: Option<SmsCall>,
    },
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name in the file, such as `sell.price`.
    pub name: String,
    /// Its parameters.
    pub params: Vec<(String, Type)>,
    /// What it does.
    pub kind: Kind,
    /// The line of its header, counted from 1.
    pub line: u32,
}

/// A key of the engine's own on every screen: `0 Back | Rudi`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavKey {
    /// What is typed: `0`, `00`, `98`.
    pub key: String,
    /// Its label.
    pub label: Text,
}

/// A closed set and its labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enum {
    /// Words and labels, in order.
    pub words: Vec<(String, Text)>,
}

/// What a redial within [`Graph::resume_within`] offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The text; knows `{at}`.
    pub say: Text,
    /// The options.
    pub choices: Vec<Choice>,
    /// Blocks never gone back to: the question before them is put instead.
    pub never: Vec<NodeId>,
}

/// What a cut at one of these blocks sends after a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drop {
    /// The blocks.
    pub at: Vec<NodeId>,
    /// How long after the cut.
    pub after: Duration,
    /// The SMS; knows `draft`.
    pub sms: SmsCall,
}

/// An SMS command: first words in any language, what follows, what is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// First words, upper case: `SELL`, `UZA`.
    pub words: Vec<String>,
    /// What follows: name, type, and the value taken when it is left out; a literal word stands as `Word`.
    pub slots: Vec<Slot>,
    /// The action.
    pub call: Call,
    /// The SMS for each outcome: outcome, names bound, message.
    pub replies: Vec<(String, Vec<String>, SmsCall)>,
    /// The reply when only a part was understood; knows `heard` and `miss`.
    pub half: Option<SmsCall>,
    /// The line of its header, counted from 1.
    pub line: u32,
}

/// One place of an SMS command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// A value.
    Value {
        /// Its name in the call.
        name: String,
        /// What is taken.
        asked: Asked,
        /// Taken when nothing is said.
        default: Option<i64>,
    },
    /// One of these words must stand here: `PASS|ZIMEFAULU`.
    Word(Vec<String>),
}

impl Slot {
    /// A number that people say aloud belongs here.
    pub const fn is_code(&self) -> bool {
        matches!(self, Self::Value { asked: Asked::Code(_) | Asked::Record { .. }, .. })
    }
}

/// A whole tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// The tree's name.
    pub name: String,
    /// SHA-256 of the source it was made from, in hex: dialogs finish on the version they began with.
    pub hash: String,
    /// The code it answers: `*483*57#`; none for a tree reached only by SMS or by `else`.
    pub dial: Option<String>,
    /// The role it serves.
    pub who: String,
    /// The tree for people without the role.
    pub otherwise: Option<String>,
    /// Languages, in the order of every text.
    pub langs: Vec<Lang>,
    /// Most septets a screen may have.
    pub limit: u16,
    /// No key for this long parks the dialog.
    pub idle: Duration,
    /// The operator cuts the dialog here.
    pub dialog: Duration,
    /// A redial within this offers to go on.
    pub resume_within: Duration,
    /// Back, by default `0`.
    pub back: NavKey,
    /// Home, by default `00`.
    pub home_key: NavKey,
    /// More, by default `98`.
    pub more: NavKey,
    /// The first block.
    pub home: NodeId,
    /// All blocks; the file's order.
    pub nodes: Vec<Node>,
    /// Enums by name.
    pub enums: BTreeMap<String, Enum>,
    /// Resume, when the file has one.
    pub resume: Option<Resume>,
    /// Cuts.
    pub drops: Vec<Drop>,
    /// SMS commands.
    pub commands: Vec<Command>,
    /// Where a fault of ours leads: the `fault` block.
    pub fault: Option<NodeId>,
}

/// The SMS catalogue, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// SHA-256 of the source, in hex.
    pub hash: String,
    /// Languages, in the order of every text.
    pub langs: Vec<Lang>,
    /// Messages by name.
    pub messages: BTreeMap<String, Message>,
    /// Enums by name, for labels.
    pub enums: BTreeMap<String, Enum>,
}

/// One SMS of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its parameters.
    pub params: Vec<(String, Type)>,
    /// The text.
    pub say: Text,
    /// Why it is sent.
    #[serde(default)]
    pub about: Purpose,
}

impl Node {
    /// What the block says first; an action says nothing.
    pub const fn say(&self) -> Option<&Text> {
        match &self.kind {
            Kind::Screen { say, .. }
            | Kind::Pick { say, .. }
            | Kind::List { say, .. }
            | Kind::Ask { say, .. }
            | Kind::Pin { say, .. }
            | Kind::NewPin { say, .. }
            | Kind::End { say, .. } => Some(say),
            Kind::Do { .. } => None,
        }
    }

    /// Every block that this one can lead to, in the order of its lines; some more than once.
    pub fn leads_to(&self) -> Vec<NodeId> {
        let targets: Vec<&Target> = match &self.kind {
            Kind::Screen { choices, .. } => choices.iter().map(|choice| &choice.to).collect(),
            Kind::Pick { then, .. } => vec![then],
            Kind::List { then, .. } => then.iter().collect(),
            Kind::Ask { tries, then, .. }
            | Kind::Pin { tries, then, .. }
            | Kind::NewPin { tries, then, .. } => {
                vec![then, &tries.to]
            }
            Kind::Do { branches, .. } => branches.iter().map(|branch| &branch.to).collect(),
            Kind::End { .. } => Vec::new(),
        };
        let nodes = targets.into_iter().filter_map(|target| match target {
            Target::Node { node, .. } => Some(*node),
            Target::Resume => None,
        });
        nodes.collect()
    }

    /// A way may end here: an `end`, or something that is only read, from which Back and Home lead.
    pub fn is_last(&self) -> bool {
        matches!(self.kind, Kind::End { .. }) || self.is_only_read()
    }

    /// A list whose rows lead nowhere, or a screen without options.
    pub fn is_only_read(&self) -> bool {
        match &self.kind {
            Kind::List { then, .. } => then.is_none(),
            Kind::Screen { choices, .. } => choices.is_empty(),
            _ => false,
        }
    }

    /// The word its header begins with.
    pub const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Screen { .. } => "screen",
            Kind::Pick { .. } => "pick",
            Kind::List { .. } => "list",
            Kind::Ask { .. } => "ask",
            Kind::Pin { .. } => "pin",
            Kind::NewPin { .. } => "newpin",
            Kind::Do { .. } => "do",
            Kind::End { .. } => "end",
        }
    }
}

impl Graph {
    /// The block of this index.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[usize::from(id.0)]
    }

    /// The block of this name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|n| n.name == name).map(|at| NodeId(at as u16))
    }

    /// Where this language stands in every text; the first when the tree lacks it.
    pub fn lang_index(&self, lang: Lang) -> usize {
        self.langs.iter().position(|l| *l == lang).unwrap_or(0)
    }
}
