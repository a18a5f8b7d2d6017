//! Values made up from their types.

use crate::{
    dialog::input::{Ask, Data, Do},
    gsm::fit,
    menu::{
        graph::{Asked, Bound, Choice, Graph, Kind, Path},
        template::Words,
        value::{Record, Value},
        vocabulary::{NEVER_TOGETHER, Type, Vocabulary},
    },
    types::{CodeKind, Kes, Lang, Msisdn, SpokenCode, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

/// Tries left after a wrong PIN.
pub const TRIES_LEFT: u8 = 2;

/// What made-up values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filling {
    /// Names and sums as they usually are, three rows in a list.
    Typical,
    /// Everything as wide as its type allows, twelve rows in a list.
    Widest,
    /// No rows, no money, no names.
    Empty,
}

impl Filling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Typical, Self::Widest, Self::Empty];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Typical => "typical",
            Self::Widest => "widest",
            Self::Empty => "empty",
        }
    }
}

impl fmt::Display for Filling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Filling {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|filling| filling.word() == word);
        known.ok_or_else(|| format!("no such filling: {word}; there are typical, widest and empty"))
    }
}

/// Values made up from their types.
#[derive(Debug, Clone)]
pub struct Samples<'g> {
    /// Labels of enums.
    pub words: Words<'g>,
    /// The tree, for its conditions and answers; none for messages.
    pub graph: Option<&'g Graph>,
    /// What the domain offers.
    pub vocabulary: &'g Vocabulary,
    /// What values look like.
    pub filling: Filling,
    /// The moment from which days and times are counted.
    pub now: Timestamp,
    /// Words that somebody chose for values of an enum: `me.pin` is `none`.
    pub chosen: BTreeMap<String, String>,
}

/// Values that decide which options a tree offers, each with the words that are asked for.
pub fn conditions(graph: &Graph) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, word) in tests(graph) {
        if let Path::Global(name) = path {
            found.entry(name).or_default().insert(word);
        }
    }
    found
}

fn tests(graph: &Graph) -> impl Iterator<Item = &(Path, String)> {
    let choices = graph.nodes.iter().flat_map(|node| match &node.kind {
        Kind::Screen { choices, .. } => choices.as_slice(),
        _ => &[],
    });
    choices.filter_map(|Choice { when, .. }| when.as_ref())
}

impl Samples<'_> {
    /// What the machine asks for, for somebody who reads `lang`.
    pub fn data(&self, ask: &Ask, lang: Lang) -> Data {
        let global = |name: &String| {
            let ty = self.vocabulary.globals.get(name)?;
            Some((name.clone(), self.at(name, ty, self.wanted_word(name), 0, lang)))
        };
        let rows = ask.query.as_ref().map(|(name, _)| {
            let count = match self.filling {
                Filling::Typical => 3,
                Filling::Widest => 12,
                Filling::Empty => 0,
            };
            let item = self.vocabulary.queries.get(name).map(|query| query.item.as_str());
            (0..count).filter_map(|nth| Some(self.record(item?, nth, lang))).collect()
        });
        let found =
            ask.find.as_ref().map(|(ty, key)| Record { key: key.clone(), ..self.record(ty, 0, lang) });
        Data { globals: ask.globals.iter().filter_map(global).collect(), rows, found }
    }

    /// What an outcome brings.
    pub fn outcome(&self, wish: &Do, outcome: &str, lang: Lang) -> Vec<Value> {
        let action = self.vocabulary.actions.get(&wish.name);
        let brings = action.and_then(|action| action.outcomes.iter().find(|(name, _)| name == outcome));
        let names =
            self.graph.and_then(|graph| names_of_outcome(graph, &wish.at, outcome)).unwrap_or_default();
        let name = |nth| names.get(nth).map_or("", String::as_str);
        let types = brings.map_or(&[][..], |(_, types)| types);
        types.iter().enumerate().map(|(nth, ty)| self.named(name(nth), ty, lang)).collect()
    }

    /// A value of this type that a menu knows by this name.
    pub fn named(&self, name: &str, ty: &Type, lang: Lang) -> Value {
        self.at(name, ty, None, 0, lang)
    }

    /// A value of this type.
    pub fn of(&self, ty: &Type, lang: Lang) -> Value {
        self.value(ty, None, 0, lang)
    }

    /// What the `ask` or `pick` block of this name took, were it as wide as it may be; `None` for
    /// a block that takes nothing.
    pub(super) fn widest_answer(&self, block: &str, lang: Lang) -> Option<Value> {
        let graph = self.graph?;
        let wide = Self { filling: Filling::Widest, ..self.clone() };
        let bound = |bound: &Bound, most: i64| match bound {
            Bound::Fixed(n) => *n,
            Bound::Value(_) => most,
        };
        Some(match &graph.node(graph.find(block)?).kind {
            Kind::Pick { set, .. } => wide.of(&Type::Enum(set.clone()), lang),
            Kind::Ask { asked, .. } => match asked {
                Asked::Kes(_, most) => Value::Kes(Kes::major(bound(most, 9_999_999))),
                Asked::Int(least, most) => {
                    wide.of(&Type::Int { min: bound(least, 0), max: bound(most, 9_999) }, lang)
                }
                Asked::Text(width) => wide.of(&Type::Text(*width), lang),
                Asked::Phone => wide.of(&Type::Phone, lang),
                Asked::Date => wide.of(&Type::Date, lang),
                Asked::Code(kind) => wide.of(&Type::Code(*kind), lang),
                Asked::Enum(set) => wide.of(&Type::Enum(set.clone()), lang),
                Asked::Record { ty, .. } => Value::Record(wide.record(ty, 0, lang)),
            },
            _ => return None,
        })
    }

    /// The word that was chosen for a value; else the first that an option of the tree is shown
    /// for, so that the usual way is open.
    fn wanted_word(&self, global: &str) -> Option<&str> {
        if let Some(chosen) = self.chosen.get(global) {
            return Some(chosen);
        }
        let named = |(path, _): &&(Path, String)| matches!(path, Path::Global(name) if name == global);
        let word = tests(self.graph?).find(named).map(|(_, word)| word.as_str())?;
        // The second gives way to the first, unless somebody chose it.
        let cannot_be = NEVER_TOGETHER.iter().any(|[first, second]| {
            let chosen = self.chosen.get(second.0).is_some_and(|word| word == second.1);
            let second_is_it = (global, word) == *second && self.wanted_word(first.0) == Some(first.1);
            ((global, word) == *first && chosen) || second_is_it
        });
        if cannot_be { self.another_word(global, word) } else { Some(word) }
    }

    fn another_word(&self, global: &str, word: &str) -> Option<&str> {
        let Type::Enum(set) = self.vocabulary.globals.get(global)? else { return None };
        self.vocabulary.enums.get(set)?.iter().map(String::as_str).find(|other| *other != word)
    }

    fn record(&self, ty: &str, nth: usize, lang: Lang) -> Record {
        let fields = self.vocabulary.records.get(ty).into_iter().flatten();
        let fields: BTreeMap<String, Value> = fields
            .map(|(name, of)| (name.clone(), self.at(&format!("{ty}.{name}"), of, None, nth, lang)))
            .collect();
        let key = match fields.get("code") {
            Some(Value::Code(code)) => code.to_string(),
            _ => nth.to_string(),
        };
        Record { ty: ty.to_owned(), key, fields }
    }

    /// The value at a path: what it usually is, else one made up from its type.
    fn at(&self, path: &str, ty: &Type, wanted: Option<&str>, nth: usize, lang: Lang) -> Value {
        let is_usual = self.filling == Filling::Typical;
        let usual = self.vocabulary.usual(path, ty, nth).filter(|_| is_usual);
        usual.cloned().unwrap_or_else(|| self.value(ty, wanted, nth, lang))
    }

    fn value(&self, ty: &Type, wanted: Option<&str>, nth: usize, lang: Lang) -> Value {
        let wide = self.filling == Filling::Widest;
        let empty = self.filling == Filling::Empty;
        match ty {
            Type::Kes | Type::Cents if empty => Value::Kes(Kes::ZERO),
            Type::Kes if wide => Value::Kes(Kes::major(9_999_999)),
            Type::Cents if wide => Value::Kes(Kes::minor(99_999_999)),
            Type::Kes => Value::Kes(Kes::major(850 + 100 * nth as i64)),
            Type::Cents => Value::Kes(Kes::minor(125_050 - 40_025 * (nth % 3) as i64)),
            Type::Int { min, max } => Value::Int(match (wide, empty) {
                (true, _) if min.to_string().len() > max.to_string().len() => *min,
                (true, _) => *max,
                (_, true) => *min,
                _ => (3 + nth as i64).clamp(*min, *max),
            }),
            Type::Text(width) if wide => Value::Text("W".repeat(usize::from(*width))),
            Type::Text(_) if empty => Value::text(""),
            Type::Text(width) => {
                let name = ["Wanjiku", "Achieng", "Nafula"][nth % 3];
                Value::text(fit::cut(name, usize::from(*width)).0)
            }
            Type::Date => Value::Date(self.now.after(Duration::from_secs(86_400 * (9 + nth as u64)))),
            Type::Time => Value::Time(self.now.after(Duration::from_secs(3600 * 16))),
            Type::Phone => Msisdn::from_e164(if wide { "999999999999999" } else { "254712345678" })
                .map_or_else(|_| Value::text(""), Value::Phone),
            Type::Code(kind) => Value::Code(sample_code(*kind, nth)),
            Type::Enum(set) => self.word(set, wanted, nth, lang),
            Type::Record(ty) => Value::Record(self.record(ty, nth, lang)),
        }
    }

    fn word(&self, set: &str, wanted: Option<&str>, nth: usize, lang: Lang) -> Value {
        let labelled = self.words.enums.get(set).map(|set| set.words.iter().map(|(w, _)| w).collect());
        let known = || self.vocabulary.enums.get(set).map(|words| words.iter().collect());
        let words: Vec<&String> = labelled.or_else(known).unwrap_or_default();
        let width = |word: &&&String| {
            let label = self.words.label(set, word, lang).unwrap_or_default();
            fit::septets(&label).unwrap_or(usize::MAX)
        };
        let picked = match self.filling {
            Filling::Widest => words.iter().max_by_key(width),
            _ => words.get(nth % words.len().max(1)),
        };
        Value::word(set, wanted.unwrap_or_else(|| picked.map_or("", |word| word.as_str())))
    }
}

/// What the branch of this outcome calls the values that it brings.
fn names_of_outcome<'g>(graph: &'g Graph, block: &str, outcome: &str) -> Option<&'g [String]> {
    let Kind::Do { branches, .. } = &graph.node(graph.find(block)?).kind else { return None };
    Some(&branches.iter().find(|branch| branch.outcome == outcome)?.binds)
}

/// A code of this kind, another one for each `nth`.
pub fn sample_code(kind: CodeKind, nth: usize) -> SpokenCode {
    SpokenCode::nth(kind, 19 + 7 * nth as u64)
}
