//! What the domain offers to menus: records, values, queries and actions with all their outcomes.
//!
//! The engine fills one in (`engine::vocabulary`); the checker reads it, so a menu that names an
//! unknown action or forgets an outcome is refused before it goes live.

use crate::{gsm::fit, menu::value::Value, types::CodeKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Words that two values never have at the same time: whoever has a PIN is not somebody without.
pub const NEVER_TOGETHER: [[(&str, &str); 2]; 1] = [[("me.has_pin", "yes"), ("me.pin", "none")]];

/// The type of a value. Widths are in septets, at the widest value the type can hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Whole shillings within bounds, typed or shown: at most `9,999,999` (9).
    Kes,
    /// A balance, shown with cents when there are any: at most `999,999.99` (10).
    Cents,
    /// A whole number within bounds.
    Int {
        /// Least.
        min: i64,
        /// Most; its digits are the width.
        max: i64,
    },
    /// Text of at most so many septets.
    Text(u16),
    /// `31/12` (5).
    Date,
    /// `16:05` (5).
    Time,
    /// `0712345678` (10), or any E.164 number (16).
    Phone,
    /// A number people say: 5, 6 or 7 digits.
    Code(CodeKind),
    /// A word of the named enum; its widest label in each language.
    Enum(String),
    /// A record of the vocabulary.
    Record(String),
}

/// One action that a `do` block may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Parameters by name, in order.
    pub params: Vec<(String, Type)>,
    /// Every outcome with the types of what it brings. `fault` is implied and always there.
    pub outcomes: Vec<(String, Vec<Type>)>,
    /// Moves somebody's money: must stand behind a `pin` and carry `once`.
    pub money: bool,
    /// Changes something: must carry `once` in a screen tree.
    pub changes: bool,
}

/// One query that a `list` block may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Parameters by name, in order.
    pub params: Vec<(String, Type)>,
    /// The record type of its rows.
    pub item: String,
}

/// Everything a menu may name that is not in the menu itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Closed sets every tree shares (a tree's own `enum` block may give the labels): name to words.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Records: field names and types.
    pub records: BTreeMap<String, BTreeMap<String, Type>>,
    /// Values that are always at hand, by dotted path: `me.first`, `help.phone`.
    pub globals: BTreeMap<String, Type>,
    /// Queries for `list` blocks, by dotted name.
    pub queries: BTreeMap<String, Query>,
    /// Actions for `do` blocks, by dotted name.
    pub actions: BTreeMap<String, Action>,
    /// Words by SMS that are understood from everybody, whatever the menus say.
    pub words: Vec<String>,
    /// Of these, words that mean an order when a number comes with them: a command that takes a number
    /// may begin with one.
    pub words_of_orders: Vec<String>,
    /// What a value of this name looks like where values are made up, one for each row of a list. The
    /// name is a whole path (`check.pass`, `me.place`) or its last part (`place`); a value counts
    /// only where it is of the type.
    pub typical: BTreeMap<String, Vec<Value>>,
}

impl Vocabulary {
    /// What a value of this type usually is that stands at this path, in the `nth` row.
    pub fn usual(&self, path: &str, ty: &Type, nth: usize) -> Option<&Value> {
        let last = path.rsplit('.').next();
        let known = [Some(path), last].into_iter().flatten().find_map(|name| self.typical.get(name))?;
        known.get(nth % known.len()).filter(|value| is_of(value, ty))
    }
}

fn is_of(value: &Value, ty: &Type) -> bool {
    let fits = |text: &String, width: u16| fit::fits(text, usize::from(width));
    match (ty, value) {
        (Type::Text(width), Value::Text(text)) => fits(text, *width),
        (Type::Text(width), Value::Texts(texts)) => {
            let room = |text: &String| fits(text, *width) || fit::units(text) <= usize::from(*width);
            texts.values().all(room)
        }
        (Type::Kes | Type::Cents, Value::Kes(_)) => true,
        (Type::Int { min, max }, Value::Int(count)) => (min..=max).contains(&count),
        _ => false,
    }
}
