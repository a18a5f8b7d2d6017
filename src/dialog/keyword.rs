//! SMS commands: `UZA MKUFU SHABA 850 3`, in any case, in any language, mistakes forgiven.
//!
//! Every way to read a text is found and weighed. Words may stand in any order, since what they
//! are tells where they belong; numbers keep their order, and only where that gives nothing may
//! they be swapped or joined, and only when no other reading comes near. Nothing ambiguous is
//! ever done: it is answered with what was heard and what is missing, and a later message
//! completes it.

mod half;

use crate::{
    dialog::{
        answer,
        token::{Joint, Likeness, Spot, Token, likeness, tokens},
    },
    menu::{
        graph::{Asked, Bound, Graph, Slot},
        layout::plain,
        value::Value,
    },
    types::{CodeKind, Kes, Msisdn, SpokenCode, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

/// What an SMS was understood to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// One command, whole.
    Understood(Understood),
    /// A command, in part.
    Half(Half),
    /// A command with a number whose check digit is wrong.
    BadCode {
        /// The number as it was typed, at most 12 digits of it.
        echo: String,
        /// The rest of the command, which the right number completes.
        half: Half,
    },
    /// No command.
    Unknown,
}

/// A command and its values by slot name; a record stands as its spoken number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// Index in [`Graph::commands`].
    pub command: usize,
    /// Values of the call.
    pub values: BTreeMap<String, Value>,
}

/// A command that was understood in part. Kept until it is completed or another command comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Half {
    /// [`Graph::hash`] of the tree whose command it is.
    pub graph: String,
    /// The commands it may be, and what is known of each, by index of the slot (nothing is said
    /// by a literal word but that it was there).
    parts: Vec<(usize, BTreeMap<usize, Option<Value>>)>,
    /// Words that mean nothing here.
    unread: Vec<String>,
}

/// Reads a text as one of the tree's commands. `now` tells the year of a day.
pub fn understand(graph: &Graph, text: &str, now: Timestamp) -> Reading {
    let Some(spots) = tokens(text) else { return Reading::Unknown };
    let Some((Spot { token: Token::Word(first), to, .. }, rest)) = spots.split_first() else {
        return Reading::Unknown;
    };
    let commands = called(graph, first);
    if commands.is_empty() {
        return Reading::Unknown;
    }
    let parts = commands.into_iter().map(|at| (at, BTreeMap::new())).collect();
    Search::new(graph, &text[*to..], text, rest, now).read(parts)
}

/// Reads a later message that completes a half-understood command: `850` alone is enough when the
/// price was missing. `Unknown` when it says nothing of what was missing.
pub fn complete(graph: &Graph, half: &Half, text: &str, now: Timestamp) -> Reading {
    let fits = half.graph == graph.hash && half.parts.iter().all(|(at, _)| *at < graph.commands.len());
    let spots = tokens(text).filter(|spots| fits && !spots.is_empty());
    let Some(spots) = spots else { return Reading::Unknown };
    let known = |reading: &Half| reading.parts.iter().map(|(_, values)| values.len()).max();
    let search = Search { completes: true, ..Search::new(graph, text, text, &spots, now) };
    match search.read(half.parts.clone()) {
        Reading::Half(more) if known(&more) <= known(half) => Reading::Unknown,
        reading => reading,
    }
}

/// The commands that a first word calls: by its exact spelling, else by one within an edit when
/// that can only mean one word's commands.
fn called(graph: &Graph, first: &str) -> Vec<usize> {
    let like = |want: Likeness| -> BTreeMap<&str, Vec<usize>> {
        let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, command) in graph.commands.iter().enumerate() {
            for word in command.words.iter().filter(|word| likeness(first, word) == want) {
                found.entry(word).or_default().push(at);
            }
        }
        found
    };
    let exact = like(Likeness::Same);
    let found = if exact.is_empty() { like(Likeness::Near) } else { exact };
    let mut sets: Vec<Vec<usize>> = found.into_values().collect();
    sets.dedup();
    if sets.len() == 1 { sets.remove(0) } else { Vec::new() }
}

type Known = BTreeMap<usize, Option<Value>>;

/// A value that a run of words may be, and what reading it so costs.
struct Candidate {
    from: usize,
    to: usize,
    value: Option<Value>,
    cost: u8,
    ordinal: bool,
}

/// One way to read the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    command: usize,
    known: Known,
    cost: u8,
    /// Words that were not used.
    left: usize,
    /// A bit for each word that was used.
    used: u32,
    /// A label was told by its number.
    ordinals: bool,
}

/// A step of the search: what was taken so far.
#[derive(Clone, Default)]
struct Taken {
    known: Known,
    used: u32,
    cost: u8,
    /// Where the last slot of a class was found, and whether one stood before an earlier one.
    last: BTreeMap<String, usize>,
    swapped: bool,
    ordinals: bool,
    labels: bool,
}

/// Swapping two numbers, or joining groups of three digits across a blank.
const SLIP: u8 = 1;
/// Joining any other digits: shows that a text is ambiguous, never acted on.
const GUESS: u8 = 2;

/// Steps of a search; a text of many numbers that needs more is no command that anybody sent.
const MOST_STEPS: u32 = 5_000;

struct Search<'a> {
    graph: &'a Graph,
    /// All that was said behind the command's word, manners too.
    said: &'a str,
    text: &'a str,
    spots: &'a [Spot],
    now: Timestamp,
    /// Something is known already, of an earlier message.
    completes: bool,
    steps: Cell<u32>,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph, said: &'a str, text: &'a str, spots: &'a [Spot], now: Timestamp) -> Self {
        Self { graph, said, text, spots, now, completes: false, steps: Cell::new(0) }
    }

    fn read(&self, parts: Vec<(usize, Known)>) -> Reading {
        let mut ways = Vec::new();
        for (command, known) in &parts {
            self.walk(*command, 0, Taken { known: known.clone(), ..Taken::default() }, &mut ways);
        }
        if self.steps.get() >= MOST_STEPS {
            return Reading::Unknown;
        }
        let whole: Vec<Way> = best_of(ways.iter().filter(|way| self.is_whole(way)));
        if let Some(way) = decide(&whole) {
            return Reading::Understood(self.understood(way));
        }
        if let Some(echo) = self.bad_code(&ways) {
            let half = self.half(&parts, &ways, &whole).without(&echo);
            return Reading::BadCode { echo, half };
        }
        Reading::Half(self.half(&parts, &ways, &whole))
    }

    fn slots(&self, command: usize) -> &[Slot] {
        &self.graph.commands[command].slots
    }

    fn is_whole(&self, way: &Way) -> bool {
        way.left == 0 && self.missing(way.command, &way.known).is_empty()
    }

    /// Slots without a value and without a default.
    fn missing(&self, command: usize, known: &Known) -> Vec<usize> {
        let needed = |slot: &Slot| !matches!(slot, Slot::Value { default: Some(_), .. });
        let slots = self.slots(command).iter().enumerate();
        slots.filter(|(at, slot)| needed(slot) && !known.contains_key(at)).map(|(at, _)| at).collect()
    }

    /// Tries every value for every slot, and no value too.
    fn walk(&self, command: usize, slot: usize, taken: Taken, ways: &mut Vec<Way>) {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS {
            return;
        }
        let slots = self.slots(command);
        if slot == slots.len() {
            let left = self.spots.len() - taken.used.count_ones() as usize;
            let slip = u8::from(taken.swapped) * SLIP;
            let ordinals_amiss = taken.ordinals && (taken.labels || taken.cost + slip > 0);
            if !ordinals_amiss {
                let Taken { known, used, cost, ordinals, .. } = taken;
                ways.push(Way { command, known, cost: cost + slip, left, used, ordinals });
            }
            return;
        }
        if !taken.known.contains_key(&slot) {
            for found in self.candidates(&slots[slot]) {
                let span = ((1u32 << found.to) - 1) & !((1u32 << found.from) - 1);
                if taken.used & span != 0 {
                    continue;
                }
                let mut next = taken.clone();
                next.used |= span;
                next.cost += found.cost;
                next.ordinals |= found.ordinal;
                let mut class = class(&slots[slot]);
                next.labels |= class.starts_with("enum") && !found.ordinal;
                if found.ordinal {
                    // A label by its number keeps its place among the other numbers.
                    class = NUMBERS.to_owned();
                }
                let before = next.last.insert(class, found.from);
                next.swapped |= before.is_some_and(|before| before > found.from);
                next.known.insert(slot, found.value);
                self.walk(command, slot + 1, next, ways);
            }
        }
        self.walk(command, slot + 1, taken, ways);
    }

    fn candidates(&self, slot: &Slot) -> Vec<Candidate> {
        let asked = match slot {
            Slot::Word(words) => return self.words(words),
            Slot::Value { asked, .. } => asked,
        };
        let all = 0..self.spots.len();
        match asked {
            Asked::Kes(..) => all.flat_map(|from| self.amounts(from, asked, true)).collect(),
            Asked::Int(..) => all.flat_map(|from| self.amounts(from, asked, false)).collect(),
            Asked::Enum(set) => self.labels(set),
            Asked::Code(kind) | Asked::Record { code: kind, .. } => {
                let is_whole = |digits: &str| code(*kind, digits).is_some();
                self.runs(|digits| code(*kind, digits).map(Value::Code), is_whole)
            }
            Asked::Phone => {
                self.runs(|digits| Msisdn::parse_kenyan(digits).ok().map(Value::Phone), |_| false)
            }
            Asked::Date => self.dates(),
            Asked::Text(most) => all
                .filter_map(|from| {
                    // A whole message is kept as it was said: its thanks are no manners of a command.
                    let said = match from {
                        0 => self.said.trim_start_matches(|c: char| !c.is_alphanumeric()),
                        from => &self.text[self.spots[from].from..],
                    };
                    // A number alone is what is missing, not the whole of what is said.
                    let may_be_digits = from > 0 || self.completes;
                    let words = match answer::words(said, usize::from(*most)) {
                        None if may_be_digits => answer::words_or_digits(said, usize::from(*most))?,
                        words => words?,
                    };
                    let to = self.spots.len();
                    Some(Candidate { from, to, value: Some(Value::Text(words)), cost: 0, ordinal: false })
                })
                .collect(),
        }
    }

    fn words(&self, words: &[String]) -> Vec<Candidate> {
        let hit = |from: usize, want: Likeness| match &self.spots[from].token {
            Token::Word(typed) => words.iter().any(|word| likeness(typed, word) == want),
            Token::Number { .. } => false,
        };
        let found = |want| {
            let at = (0..self.spots.len()).filter(move |from| hit(*from, want));
            at.map(|from| Candidate { from, to: from + 1, value: None, cost: 0, ordinal: false })
                .collect::<Vec<_>>()
        };
        let same = found(Likeness::Same);
        if same.is_empty() { found(Likeness::Near) } else { same }
    }

    /// Numbers that begin at a word: alone, or joined with the ones behind.
    fn amounts(&self, from: usize, asked: &Asked, money: bool) -> Vec<Candidate> {
        let mut found = Vec::new();
        let (mut joined, mut cost) = (String::new(), 0);
        for (to, spot) in self.spots.iter().enumerate().skip(from) {
            let Token::Number { digits, joint, mark } = &spot.token else { break };
            if !money && (mark.0 || mark.1) {
                break;
            }
            if to > from {
                let threes = digits.len() == 3 && (joined.len() <= 3 || cost < GUESS);
                let first_short = to > from + 1 || joined.len() <= 3;
                cost += match joint {
                    Joint::Comma if threes && first_short => 0,
                    Joint::Blank if threes && first_short => SLIP,
                    Joint::Blank | Joint::Comma => GUESS,
                    Joint::Apart | Joint::Sign => break,
                };
            } else if *joint == Joint::Sign {
                break;
            }
            joined.push_str(digits);
            let next = self.spots.get(to + 1).map(|spot| &spot.token);
            // Half of `31/12` or `850.50` is no number.
            if matches!(next, Some(Token::Number { joint: Joint::Sign, .. })) {
                continue;
            }
            let torn = self.is_torn(from) || self.is_torn(to + 1);
            if let Some(value) = amount(&joined, asked) {
                let cost = cost + u8::from(torn) * SLIP;
                found.push(Candidate { from, to: to + 1, value: Some(value), cost, ordinal: false });
            }
        }
        found
    }

    /// Whether a cut before this word tears `1,250` apart.
    fn is_torn(&self, at: usize) -> bool {
        matches!(self.spots.get(at).map(|spot| &spot.token),
            Some(Token::Number { digits, joint: Joint::Comma, .. }) if digits.len() == 3)
    }

    /// Numbers side by side, whatever joins them, that `read` takes as one. Nothing is joined to one
    /// that is whole by itself: the 250 of `482108 250` is not its end.
    fn runs(&self, read: impl Fn(&str) -> Option<Value>, is_whole: impl Fn(&str) -> bool) -> Vec<Candidate> {
        let mut found = Vec::new();
        for from in 0..self.spots.len() {
            let mut joined = String::new();
            for (to, spot) in self.spots.iter().enumerate().skip(from) {
                let Token::Number { digits, joint, mark } = &spot.token else { break };
                if mark.0 || mark.1 || (to > from && *joint == Joint::Apart) {
                    break;
                }
                joined.push_str(digits);
                if let Some(value) = read(&joined) {
                    found.push(Candidate { from, to: to + 1, value: Some(value), cost: 0, ordinal: false });
                }
                if is_whole(digits) {
                    break;
                }
            }
        }
        found
    }

    fn dates(&self) -> Vec<Candidate> {
        let spots = self.spots.len();
        let spans = (0..spots).flat_map(|from| (from + 2..=spots.min(from + 3)).map(move |to| (from, to)));
        spans
            .filter_map(|(from, to)| {
                let text = &self.text[self.spots[from].from..self.spots[to - 1].to];
                let value = answer::day(text, self.now).map(Value::Date);
                value.map(|value| Candidate { from, to, value: Some(value), cost: 0, ordinal: false })
            })
            .collect()
    }

    /// Words of an enum: by a label in any language, by the word itself, by a word of a label that
    /// no other label has, or by its number in the set.
    fn labels(&self, set: &str) -> Vec<Candidate> {
        let Some(set_words) = self.graph.enums.get(set) else { return Vec::new() };
        let mut found = Vec::new();
        for from in 0..self.spots.len() {
            if let Token::Number { digits, mark: (false, false), .. } = &self.spots[from].token {
                let nth = digits.parse::<usize>().ok().filter(|_| digits.len() == 1);
                if let Some((word, _)) = nth.and_then(|n| set_words.words.get(n.wrapping_sub(1))) {
                    let value = Some(Value::word(set, word));
                    found.push(Candidate { from, to: from + 1, value, cost: 0, ordinal: true });
                }
                continue;
            }
            found.extend(self.label_at(set, from));
        }
        found
    }

    fn label_at(&self, set: &str, from: usize) -> Option<Candidate> {
        let words = &self.graph.enums.get(set)?.words;
        let langs = 0..self.graph.langs.len();
        let mut best: BTreeMap<(Likeness, usize), BTreeSet<&str>> = BTreeMap::new();
        for (word, label) in words {
            let labels = langs.clone().map(|lang| plain(label, lang).to_uppercase());
            for name in labels.chain([word.to_uppercase()]) {
                let parts: Vec<&str> = name.split_whitespace().collect();
                for like in
                    [self.matches(&parts, from), self.matches_part(&parts, from)].into_iter().flatten()
                {
                    best.entry(like).or_default().insert(word);
                }
            }
        }
        let ((_, length), meant) = best.pop_last()?;
        let [word] = Vec::from_iter(meant)[..] else { return None };
        let value = Some(Value::word(set, word));
        Some(Candidate { from, to: from + length, value, cost: 0, ordinal: false })
    }

    fn matches(&self, name: &[&str], from: usize) -> Option<(Likeness, usize)> {
        let typed = self.spots.get(from..from + name.len())?;
        let likes = typed.iter().zip(name).map(|(spot, known)| match &spot.token {
            Token::Word(word) => likeness(word, known),
            Token::Number { .. } => Likeness::No,
        });
        likes.min().filter(|like| *like != Likeness::No).map(|like| (like, name.len()))
    }

    /// One word of a longer label, when it is a word of weight: `HORN` of `HORN OR BONE`.
    fn matches_part(&self, name: &[&str], from: usize) -> Option<(Likeness, usize)> {
        let heavy = name.iter().filter(|part| name.len() > 1 && part.len() >= 4);
        heavy.filter_map(|part| self.matches(&[part], from)).max()
    }

    fn understood(&self, way: &Way) -> Understood {
        let mut values = BTreeMap::new();
        for (at, slot) in self.slots(way.command).iter().enumerate() {
            let Slot::Value { name, asked, default } = slot else { continue };
            let fallback = || default.and_then(|n| self.left_out(asked, n));
            if let Some(value) = way.known.get(&at).cloned().flatten().or_else(fallback) {
                values.insert(name.clone(), value);
            }
        }
        Understood { command: way.command, values }
    }

    /// What a value is when nothing was said: a number, or the label of that number.
    fn left_out(&self, asked: &Asked, n: i64) -> Option<Value> {
        let Asked::Enum(set) = asked else { return Some(number(asked, n)) };
        let place = usize::try_from(n).ok()?.checked_sub(1)?;
        self.graph.enums.get(set)?.words.get(place).map(|(word, _)| Value::word(set, word))
    }
}

const NUMBERS: &str = "number";

/// Slots of one class keep their order; between classes order means nothing.
fn class(slot: &Slot) -> String {
    match slot {
        Slot::Word(_) => "word".to_owned(),
        Slot::Value { asked, name, .. } => match asked {
            Asked::Kes(..) | Asked::Int(..) => NUMBERS.to_owned(),
            Asked::Enum(set) => format!("enum {set}"),
            Asked::Code(kind) | Asked::Record { code: kind, .. } => format!("code {kind:?}"),
            Asked::Text(_) | Asked::Phone | Asked::Date => name.clone(),
        },
    }
}

fn code(kind: CodeKind, digits: &str) -> Option<SpokenCode> {
    SpokenCode::parse(kind, digits).ok()
}

fn number(asked: &Asked, n: i64) -> Value {
    match asked {
        Asked::Kes(..) => Value::Kes(Kes::major(n)),
        _ => Value::Int(n),
    }
}

/// The digits as a value within the bounds that stand in the file; other bounds are the action's.
fn amount(digits: &str, asked: &Asked) -> Option<Value> {
    let (Asked::Kes(min, max) | Asked::Int(min, max)) = asked else { return None };
    let fixed = |bound: &Bound, otherwise| match bound {
        Bound::Fixed(n) => *n,
        Bound::Value(_) => otherwise,
    };
    let n = (digits.len() <= 9).then(|| digits.parse::<i64>().ok())??;
    (fixed(min, 1)..=fixed(max, i64::MAX)).contains(&n).then(|| number(asked, n))
}

/// The readings that differ, each at its least cost, the cheapest first.
fn best_of<'a>(ways: impl Iterator<Item = &'a Way>) -> Vec<Way> {
    let mut best: Vec<Way> = Vec::new();
    for way in ways {
        match best.iter_mut().find(|b| b.command == way.command && b.known == way.known) {
            Some(same) => same.cost = same.cost.min(way.cost),
            None => best.push(way.clone()),
        }
    }
    best.sort_by_key(|way| way.cost);
    best
}

/// The reading to act on: the only one that is written as we teach it; else the only one with a
/// slip, when no other comes near.
fn decide(whole: &[Way]) -> Option<&Way> {
    match whole {
        [only] if only.cost < GUESS => Some(only),
        [first, second, ..] if first.cost == 0 && second.cost > 0 => Some(first),
        [first, second, ..] if first.cost < GUESS && second.cost >= first.cost + GUESS => Some(first),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
