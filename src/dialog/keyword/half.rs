//! What a text that could not be acted on is asked back with: what of it was heard, what is
//! missing, or the number whose check digit is wrong.

use super::{Half, Known, NUMBERS, Search, Way, class};
use crate::{
    dialog::token::{Joint, Token},
    gsm::fit,
    menu::{
        graph::{Asked, Command, Graph, Slot},
        template::MACHINE_TEXT,
        value::Value,
        vocabulary::Type,
    },
    types::Lang,
};

impl Search<'_> {
    /// A number where a spoken number belongs, when the best reading found none there.
    pub(super) fn bad_code(&self, ways: &[Way]) -> Option<String> {
        let codes = |way: &Way| self.slots(way.command).iter().enumerate().filter(|(_, slot)| slot.is_code());
        let found = |way: &&Way| codes(way).filter(|(at, _)| way.known.contains_key(at)).count();
        let best = ways.iter().max_by_key(|way| (found(way), way.known.len()))?;
        if found(&best) == codes(best).count() {
            return None;
        }
        // Where no number was found at all, one that was taken for something else may be meant.
        let read = if found(&best) > 0 { best.used } else { 0 };
        let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
        for (at, spot) in self.spots.iter().enumerate() {
            match &spot.token {
                Token::Number { digits, joint, .. } if read & (1 << at) == 0 => {
                    if *joint == Joint::Apart {
                        runs.push(Vec::new());
                    }
                    runs.last_mut()?.push(digits);
                }
                _ => runs.push(Vec::new()),
            }
        }
        // Neighbours that make a number of the right length, else the first that is long enough.
        let wanted: Vec<u32> = codes(best).flat_map(|(_, slot)| digits_of(slot)).copied().collect();
        let joined = |run: &Vec<&str>| {
            let ends = (0..run.len()).flat_map(|from| (from + 1..=run.len()).map(move |to| (from, to)));
            ends.map(|(from, to)| run[from..to].concat())
                .find(|digits| wanted.contains(&(digits.len() as u32)))
        };
        let echo = runs.iter().find_map(joined);
        let echo = echo.or_else(|| runs.iter().map(|run| run.concat()).find(|digits| digits.len() >= 4))?;
        Some(echo.chars().take(12).collect())
    }

    /// What every best reading agrees on. Numbers that could be read in two ways are not known.
    pub(super) fn half(&self, parts: &[(usize, Known)], ways: &[Way], whole: &[Way]) -> Half {
        let refused = !whole.is_empty();
        let pool: Vec<&Way> = if refused { whole.iter().collect() } else { ways.iter().collect() };
        let most = pool.iter().map(|way| way.known.len()).max().unwrap_or(0);
        let mut out: Vec<(usize, Known)> = Vec::new();
        let mut read = 0;
        for (command, before) in parts {
            let mut agreed: Option<Known> = None;
            let mine = pool.iter().filter(|way| way.command == *command);
            let mut mine: Vec<_> = mine.filter(|way| refused || way.known.len() == most).collect();
            // `FAIL 2` is two that failed, before it is the second reason.
            if mine.iter().any(|way| !way.ordinals) {
                mine.retain(|way| !way.ordinals);
            }
            for way in mine {
                if out.is_empty() {
                    read |= way.used;
                }
                agreed = Some(match agreed {
                    None => way.known.clone(),
                    Some(known) => {
                        known.into_iter().filter(|(at, value)| way.known.get(at) == Some(value)).collect()
                    }
                });
            }
            let Some(mut known) = agreed else { continue };
            if refused {
                known.retain(|at, _| before.contains_key(at) || class(&self.slots(*command)[*at]) != NUMBERS);
            }
            out.push((*command, known));
        }
        let unread = if refused { Vec::new() } else { self.unread(read) };
        Half { graph: self.graph.hash.clone(), parts: out, unread }
    }

    /// Words that no reading of the command made anything of, by the bits of those that were read.
    fn unread(&self, read: u32) -> Vec<String> {
        let unused = self.spots.iter().enumerate().filter(|(at, _)| read & (1 << at) == 0);
        unused.map(|(_, spot)| self.text[spot.from..spot.to].to_owned()).collect()
    }
}

/// How many digits a spoken number may have that belongs here; none for other slots.
fn digits_of(slot: &Slot) -> &'static [u32] {
    match slot {
        Slot::Value { asked: Asked::Code(kind) | Asked::Record { code: kind, .. }, .. } => kind.digits(),
        _ => &[],
    }
}

impl Half {
    /// The same without what was made of these digits, which were meant for something else.
    pub(super) fn without(mut self, digits: &str) -> Self {
        let is_it = |value: &Value| match value {
            Value::Kes(sum) => sum.whole().to_string() == digits,
            Value::Int(n) => n.to_string() == digits,
            _ => false,
        };
        for (_, known) in &mut self.parts {
            known.retain(|_, value| !value.as_ref().is_some_and(is_it));
        }
        self
    }

    /// The command whose `half` text answers it.
    pub fn command<'g>(&self, graph: &'g Graph) -> Option<&'g Command> {
        self.parts.first().and_then(|(at, _)| graph.commands.get(*at))
    }

    /// What was read, for `{heard}`: values in their order, in the person's language.
    pub fn heard(&self, graph: &Graph, lang: Lang) -> String {
        let values = self.parts.first().into_iter().flat_map(|(_, known)| known.values().flatten());
        short(&values.map(|value| graph.words().show(value, lang)).collect::<Vec<_>>())
    }

    /// Names of the slots that are still missing, in their order.
    pub fn missing(&self, graph: &Graph) -> Vec<String> {
        let Some((at, known)) = self.parts.first() else { return Vec::new() };
        let slots = graph.commands.get(*at).map_or(&[][..], |command| &command.slots);
        let missing = slots.iter().enumerate().filter(|(at, _)| !known.contains_key(at));
        missing
            .filter_map(|(_, slot)| match slot {
                Slot::Value { default: Some(_), .. } => None,
                Slot::Value { name, .. } => Some(name.clone()),
                Slot::Word(words) => words.first().cloned(),
            })
            .collect()
    }

    /// What is missing, for `{miss}`: the labels of an enum `slot` when the tree has one, else the
    /// slots' own names; when nothing is missing, the words that were not understood.
    pub fn miss(&self, graph: &Graph, lang: Lang) -> String {
        let label = |name: &String| graph.words().label("slot", name, lang).unwrap_or_else(|| name.clone());
        let missing: Vec<String> = self.missing(graph).iter().map(label).collect();
        if missing.is_empty() {
            return short(&self.unread.iter().map(|word| format!("{word}?")).collect::<Vec<_>>());
        }
        short(&missing)
    }
}

/// As much of a row of words as a text allows for it.
fn short(words: &[String]) -> String {
    let most = if let Type::Text(width) = MACHINE_TEXT { usize::from(width) } else { 0 };
    fit::cut(&words.join(", "), most).0.trim_end_matches(',').to_owned()
}
