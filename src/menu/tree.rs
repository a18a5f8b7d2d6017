//! A parsed menu file, unresolved: blocks and lines as they were written, each with its place.

use crate::types::CodeKind;
use serde::Serialize;
use std::time::Duration;

/// A stretch of a source, in octets from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Span {
    /// First octet.
    pub start: usize,
    /// One past the last octet.
    pub end: usize,
}

/// Something with its place in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "At_{T}"))]
pub struct At<T> {
    /// What was written.
    #[serde(rename = "is")]
    pub it: T,
    /// Where.
    pub at: Span,
}

/// A name or word with its place.
pub type Name = At<String>;

/// One file: a row of blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct File {
    /// The blocks, in order.
    pub blocks: Vec<Block>,
}

/// A header and the indented lines under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Block {
    /// The header.
    pub head: Head,
    /// Where the header stands.
    pub at: Span,
    /// The lines.
    pub lines: Vec<At<Line>>,
    /// Set when a line could not be read: nothing is said to be missing from such a block.
    pub broken: bool,
}

/// The header of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// `menu name`
    Menu(Name),
    /// `messages`
    Messages,
    /// `enum name`
    Enum(Name),
    /// A block that a dialog can stand on.
    Node {
        /// Its name.
        name: Name,
        /// Its parameters.
        params: Vec<Param>,
        /// What it is.
        kind: NodeHead,
    },
    /// `resume`
    Resume,
    /// `drop screen screen`
    Drop(Vec<Name>),
    /// `text WORD|NENO {x:type} ...`
    Text {
        /// First words, one for each language.
        words: Vec<Name>,
        /// What follows.
        slots: Vec<At<Slot>>,
    },
    /// `sms name(args)`
    Sms {
        /// Its name.
        name: Name,
        /// Its parameters.
        params: Vec<Param>,
    },
    /// `overlay artisan am`: the head of a further language.
    Overlay {
        /// The tree it is for, or `messages`.
        of: Name,
        /// The language of its texts.
        lang: Name,
    },
    /// In an overlay: the block whose texts follow.
    Of {
        /// The word that the block's header begins with.
        block: &'static str,
        /// Its name; `resume` and `words` have none.
        name: Option<Name>,
    },
}

/// What a block that a dialog can stand on is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NodeHead {
    /// `screen name(args)`
    Screen,
    /// `pick name : enum`
    Pick(Name),
    /// `list name = query() as x`
    List {
        /// Where the rows come from.
        query: Call,
        /// What a row is called.
        var: Name,
    },
    /// `ask name : type`
    Ask(At<Ty>),
    /// `pin name`
    Pin,
    /// `newpin name`
    NewPin,
    /// `do name = action(args)`
    Do(Call),
    /// `end name(args)`
    End,
}

/// A parameter: `o: order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: At<Ty>,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ty {
    /// `kes`, or `kes 50..20000`.
    Kes(Option<(Bound, Bound)>),
    /// `cents`.
    Cents,
    /// `int 1..99`.
    Int(Bound, Bound),
    /// `text 20`.
    Text(u16),
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `phone`.
    Phone,
    /// `code order`.
    Code(CodeKind),
    /// An enum or a record.
    Named(String),
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// A number.
    Fixed(i64),
    /// `{o.qty}`.
    Value(Name),
}

/// A name and arguments: of a target, a query, an action or an SMS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Call {
    /// What is called or gone to.
    pub name: Name,
    /// With what.
    pub args: Vec<Arg>,
}

/// An argument: `o`, `qty: o.qty`, `3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Arg {
    /// The parameter it is for; by order when left out.
    pub name: Option<Name>,
    /// What is given.
    pub value: At<Given>,
}

/// What an argument gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// A value by its path, or a word of an enum.
    Path(String),
    /// A number.
    Int(i64),
}

/// A text in each language, in the order of the file's `langs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Texts {
    /// One text for each language, or one for all.
    pub by_lang: Vec<At<Vec<Piece>>>,
    /// Those of overlays, in their order, where they have been laid over.
    #[serde(skip)]
    pub further: Vec<Option<At<Vec<Piece>>>>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// `{o.code}`.
    Value(Name),
}

/// Which text of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `say`
    Say,
    /// `again`
    Again,
    /// `differ`
    Differ,
    /// `bad`
    Bad,
    /// `item`
    Item,
    /// `none`
    None,
}

impl Field {
    /// The word it is written with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::Again => "again",
            Self::Differ => "differ",
            Self::Bad => "bad",
            Self::Item => "item",
            Self::None => "none",
        }
    }
}

/// A key of the engine's own, or an option's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Key {
    /// What is typed.
    pub key: Name,
    /// Its label.
    pub label: Texts,
}

/// An indented line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// `dial *483*57#`
    Dial(String),
    /// `who artisan else join`
    Who {
        /// The role it serves.
        role: Name,
        /// The tree for everybody else.
        otherwise: Option<Name>,
    },
    /// `langs en sw`
    Langs(Vec<Name>),
    /// `limit 182 gsm7`
    Limit(u16),
    /// `idle 40s`
    Idle(Duration),
    /// `dialog 150s`
    Dialog(Duration),
    /// `resume 20m`
    ResumeWithin(Duration),
    /// `keys 0 Back | Rudi, 00 Home | Mwanzo, 98 More | Zaidi`
    Keys(Vec<Key>),
    /// `word  Label | Label` of an `enum`.
    Label {
        /// The word.
        word: Name,
        /// What people see.
        label: Texts,
    },
    /// `say`, `again`, `bad`, `item`, `none`
    Text(Field, Texts),
    /// `1 Label | Label -> target when path = word`
    Choice {
        /// Key and label.
        key: Key,
        /// Where it leads.
        to: Call,
        /// When it is shown: a path and a word.
        when: Option<(Name, Name)>,
    },
    /// `then target`
    Then(Call),
    /// `tries 3 -> target`
    Tries {
        /// How many.
        most: u8,
        /// Where to then.
        to: Call,
    },
    /// `once`
    Once,
    /// `outcome(x) -> target`
    Branch {
        /// The outcome.
        outcome: Name,
        /// Names for what it brings.
        binds: Vec<Name>,
        /// Where it leads.
        to: Call,
    },
    /// `outcome(x) sms message(x)`
    Reply {
        /// The outcome.
        outcome: Name,
        /// Names for what it brings.
        binds: Vec<Name>,
        /// The message.
        sms: Call,
    },
    /// `sms message(x)`
    Sms(Call),
    /// `half sms message(heard)`
    Half(Call),
    /// `do action(args)` of a `text`.
    Do(Call),
    /// `never pay.pin`
    Never(Vec<Name>),
    /// `after 60s`
    After(Duration),
    /// `parts 2`
    Parts(u8),
    /// `options 7`: this screen may have so many.
    Options(u8),
    /// `about order`
    About(Name),
    /// `ucs2`: the letters of this overlay lie outside GSM-7.
    Ucs2,
    /// `pages 2`: a screen of this overlay may go on behind the key for more.
    Pages(u8),
    /// `1 Label` in an overlay.
    Option(Key),
    /// `SELL UZA` in an overlay: a word of a command, and the word for it.
    Word {
        /// As the tree has it.
        word: Name,
        /// In the overlay's language.
        ours: Name,
    },
}

/// One place of an SMS command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// `{ready:int 1..99 = 1}`
    Value {
        /// Its name.
        name: Name,
        /// What is taken.
        ty: At<Ty>,
        /// Taken when nothing is said.
        default: Option<i64>,
    },
    /// `PASS|SAWA`
    Words(Vec<Name>),
}

impl Span {
    /// From here to there.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The line it begins on, counted from 1.
    pub fn line(self, source: &str) -> usize {
        source.as_bytes()[..self.start.min(source.len())].iter().filter(|b| **b == b'\n').count() + 1
    }
}

impl Texts {
    /// Where it stands, from the first language to the last.
    pub fn span(&self) -> Option<Span> {
        Some(Span::new(self.by_lang.first()?.at.start, self.by_lang.last()?.at.end))
    }
}

impl Line {
    /// The texts of the line that overlays write anew, and how the line is called there.
    pub fn texts_mut(&mut self) -> Option<(String, &mut Texts)> {
        match self {
            Self::Text(field, texts) => Some((field.word().to_owned(), texts)),
            Self::Label { word, label } => Some((word.it.clone(), label)),
            Self::Choice { key, .. } => Some((key.key.it.clone(), &mut key.label)),
            _ => None,
        }
    }
}

impl Block {
    /// The word its header begins with.
    pub const fn word(&self) -> &'static str {
        match &self.head {
            Head::Menu(_) => "menu",
            Head::Messages => "messages",
            Head::Enum(_) => "enum",
            Head::Resume => "resume",
            Head::Drop(_) => "drop",
            Head::Text { .. } => "text",
            Head::Sms { .. } => "sms",
            Head::Overlay { .. } => "overlay",
            Head::Of { block, .. } => block,
            Head::Node { kind, .. } => kind.word(),
        }
    }

    /// Its name, when blocks of its sort have one.
    pub const fn name(&self) -> Option<&Name> {
        match &self.head {
            Head::Menu(name) | Head::Enum(name) => Some(name),
            Head::Node { name, .. } | Head::Sms { name, .. } => Some(name),
            Head::Of { name, .. } => name.as_ref(),
            Head::Messages | Head::Resume | Head::Drop(_) | Head::Text { .. } | Head::Overlay { .. } => None,
        }
    }

    /// Its text of this kind, if it has one.
    pub fn text(&self, field: Field) -> Option<&Texts> {
        self.lines.iter().find_map(|line| match &line.it {
            Line::Text(is, texts) if *is == field => Some(texts),
            _ => None,
        })
    }
}

impl NodeHead {
    /// The word it is written with.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Pick(_) => "pick",
            Self::List { .. } => "list",
            Self::Ask(_) => "ask",
            Self::Pin => "pin",
            Self::NewPin => "newpin",
            Self::Do(_) => "do",
            Self::End => "end",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::{
        Schema,
        generate::SchemaSettings,
        transform::{RecursiveTransform, Transform},
    };
    use std::{collections::BTreeMap, fs};

    /// What `sokoni menu json --schema` prints.
    const SCHEMA: &str = include_str!("../../docs/menu.schema.json");

    /// The schema as it follows from the types. No object may have a member that is not described, so
    /// that whoever reads files by it notices what is new.
    fn derived() -> Schema {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<BTreeMap<String, File>>();
        RecursiveTransform(closed).transform(&mut schema);
        schema.insert("title".to_owned(), "Menus of Sokoni, as `sokoni menu json` prints them".into());
        let description = "Files by their names. Places are octets from the beginning of the file.";
        schema.insert("description".to_owned(), description.into());
        schema
    }

    fn closed(schema: &mut Schema) {
        if schema.get("properties").is_some() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }

    #[test]
    fn the_published_schema_is_what_the_types_say() {
        let derived = serde_json::to_string_pretty(&derived()).expect("JSON") + "\n";
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/menu.schema.json");
        if derived != SCHEMA {
            fs::write(place, &derived).expect("written");
        }
        assert!(derived == SCHEMA, "cp {place} docs/menu.schema.json");
    }
}
