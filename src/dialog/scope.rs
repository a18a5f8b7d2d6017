//! What the names in texts, arguments and conditions mean at one moment.

use crate::{
    menu::{
        graph::{Arg, Asked, Bound, Call, Choice, Graph, Kind, Node, Path, Piece, SmsCall, Text},
        value::Value,
    },
    types::Lang,
};
use std::collections::{BTreeMap, BTreeSet};

/// Names by where they live.
pub(super) struct Scope<'a> {
    pub graph: &'a Graph,
    pub lang: Lang,
    pub answers: &'a BTreeMap<String, Value>,
    pub globals: &'a BTreeMap<String, Value>,
    /// Parameters of the block, and names bound by an outcome or a row.
    pub params: BTreeMap<String, Value>,
    /// What the machine itself knows.
    pub machine: BTreeMap<&'static str, Value>,
}

impl Scope<'_> {
    pub fn value(&self, path: &Path) -> Option<&Value> {
        match path {
            Path::Global(name) => self.globals.get(name),
            Path::Answer(name) => self.answers.get(name),
            Path::Machine(name) => self.machine.get(name.as_str()),
            Path::Param { name, field } => match (self.params.get(name), field) {
                (value, None) => value,
                (Some(Value::Record(record)), Some(field)) => record.fields.get(field),
                _ => None,
            },
        }
    }

    /// An argument's value; empty text for what the engine did not bring.
    pub fn arg(&self, arg: &Arg) -> Value {
        match arg {
            Arg::Path(path) => self.value(path).cloned().unwrap_or_else(|| Value::text("")),
            Arg::Int(n) => Value::Int(*n),
            Arg::Word { set, word } => Value::word(set, word),
        }
    }

    pub fn args(&self, args: &[Arg]) -> Vec<Value> {
        args.iter().map(|arg| self.arg(arg)).collect()
    }

    pub fn call(&self, call: &Call) -> BTreeMap<String, Value> {
        call.args.iter().map(|(name, arg)| (name.clone(), self.arg(arg))).collect()
    }

    /// Whether an option is shown.
    pub fn offers(&self, choice: &Choice) -> bool {
        choice.when.as_ref().is_none_or(
            |(path, wanted)| matches!(self.value(path), Some(Value::Word { word, .. }) if word == wanted),
        )
    }

    /// A bound in whole shillings or pieces.
    pub fn bound(&self, bound: &Bound) -> i64 {
        match bound {
            Bound::Fixed(n) => *n,
            Bound::Value(path) => match self.value(path) {
                Some(Value::Kes(sum)) => sum.whole(),
                Some(Value::Int(n)) => *n,
                _ => 0,
            },
        }
    }

    pub fn bounds(&self, asked: &Asked) -> Option<(i64, i64)> {
        match asked {
            Asked::Kes(min, max) | Asked::Int(min, max) => Some((self.bound(min), self.bound(max))),
            _ => None,
        }
    }

    /// A text with its values; nothing stands where a value is missing.
    pub fn text(&self, text: &Text) -> String {
        let value = |path: &Path| Some(self.value(path).cloned().unwrap_or_else(|| Value::text("")));
        self.graph.words().render(text, self.lang, value).unwrap_or_default()
    }
}

/// The global values that showing or running a block needs.
pub(super) fn globals_of(node: &Node) -> BTreeSet<String> {
    let mut found = Globals::default();
    match &node.kind {
        Kind::Screen { say, choices } => {
            found.text(say);
            found.choices(choices);
        }
        Kind::Pick { say, .. } => found.text(say),
        Kind::List { say, query, item, none, .. } => {
            found.call(query);
            [say, item, none].into_iter().for_each(|text| found.text(text));
        }
        Kind::Ask { say, asked, bad, .. } => {
            found.text(say);
            found.text(bad);
            if let Asked::Kes(min, max) | Asked::Int(min, max) = asked {
                for bound in [min, max] {
                    if let Bound::Value(path) = bound {
                        found.path(path);
                    }
                }
            }
        }
        Kind::Pin { say, bad, .. } => [say, bad].into_iter().for_each(|text| found.text(text)),
        Kind::NewPin { say, again, bad, differ, .. } => {
            [say, again, bad, differ].into_iter().for_each(|text| found.text(text));
        }
        Kind::Do { call, .. } => found.call(call),
        Kind::End { say, sms } => {
            found.text(say);
            if let Some(SmsCall { args, .. }) = sms {
                found.args(args);
            }
        }
    }
    found.0
}

/// Collects the global values that texts and arguments name.
#[derive(Default)]
pub(super) struct Globals(pub BTreeSet<String>);

impl Globals {
    pub fn path(&mut self, path: &Path) {
        if let Path::Global(name) = path {
            self.0.insert(name.clone());
        }
    }

    pub fn args(&mut self, args: &[Arg]) {
        for arg in args {
            if let Arg::Path(path) = arg {
                self.path(path);
            }
        }
    }

    pub fn call(&mut self, call: &Call) {
        call.args.iter().for_each(|(_, arg)| self.args(std::slice::from_ref(arg)));
    }

    pub fn text(&mut self, text: &Text) {
        for piece in text.by_lang.iter().flatten() {
            if let Piece::Value(path) = piece {
                self.path(path);
            }
        }
    }

    pub fn choices(&mut self, choices: &[Choice]) {
        for choice in choices {
            self.text(&choice.label);
            if let Some((path, _)) = &choice.when {
                self.path(path);
            }
        }
    }
}
