//! SMS: what people may send (`text` blocks) and what is sent to them (`sms` blocks).

use super::{
    Checker, Shared, hash, meant,
    values::{Scope, UNKNOWN},
};
use crate::menu::{
    graph::{Asked, Bound, Catalogue, Command, Message, Slot, Text},
    report::nearest,
    template::MACHINE_TEXT,
    tree::{self, At, Block, Field, Head, Line, Name, Span},
    vocabulary::{Action, Type},
};
use crate::types::{CodeKind, Purpose};
use std::{collections::BTreeMap, sync::Arc};

impl<'a> Checker<'a> {
    /// The messages of this file.
    pub(super) fn catalogue(&mut self) -> Shared {
        self.foundations("messages");
        let mut messages = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for block in self.blocks() {
            match &block.head {
                Head::Sms { name, params } => {
                    let twice = self.twice(&mut seen, name, "SMS");
                    let message = self.message(block, params);
                    if !twice {
                        messages.insert(name.it.clone(), message);
                    }
                }
                Head::Messages | Head::Enum(_) | Head::Menu(_) => {}
                _ => {
                    let help =
                        "a file of messages has `enum` and `sms` blocks; screens stand in a `menu` file";
                    let sentence = format!("a `{}` does not belong here", block.word());
                    self.error("block-out-of-place", block.at, sentence, help.to_owned());
                }
            }
        }
        let (langs, enums) = (self.langs.clone(), self.enums.clone());
        let catalogue = Catalogue { hash: hash(&[self.source]), langs, messages, enums };
        Shared { source: self.source.to_owned(), catalogue: Arc::new(catalogue) }
    }

    fn message(&mut self, block: &'a Block, params: &[tree::Param]) -> Message {
        let params = self.params(params);
        let scope = Scope { params: params.clone(), machine: Vec::new() };
        let found = self.single(block, "say", |line| match line {
            Line::Text(Field::Say, texts) => Some(texts),
            _ => None,
        });
        let parts = self.single(block, "parts", |line| match line {
            Line::Parts(parts) => Some(*parts),
            _ => None,
        });
        let about = self.about(block);
        let Some((texts, at)) = found else {
            if !block.broken {
                let help = "add the line `say` with a text in each language".to_owned();
                self.error("line-missing", block.at, "this SMS says nothing".into(), help);
            }
            return Message { params, say: Text { by_lang: vec![Vec::new(); self.langs.len()] }, about };
        };
        let say = self.texts(texts, at, &scope);
        let own = parts.map_or(1, |(parts, _)| parts);
        let name = block.name().map_or("", |name| name.it.as_str());
        let parts: Vec<u8> = (0..self.langs.len())
            .map(|lang| self.overlay(lang).map_or(own, |further| further.parts_for(name).unwrap_or(own)))
            .collect();
        self.fits_its_parts(&say, &params, &parts, texts);
        Message { params, say, about }
    }

    /// Why an SMS is sent; without a line that says so it answers what somebody sent or dialled.
    fn about(&mut self, block: &'a Block) -> Purpose {
        let about = self.single(block, "about", |line| match line {
            Line::About(word) => Some(word),
            _ => None,
        });
        let Some((word, _)) = about else { return Purpose::default() };
        Purpose::from_word(&word.it).unwrap_or_else(|| {
            let words = Purpose::ALL.map(Purpose::word);
            let help = meant(nearest(&word.it, words), || format!("one of: {}", words.join(", ")));
            self.error("unknown-purpose", word.at, format!("no SMS is about `{}`", word.it), help);
            Purpose::default()
        })
    }

    /// The commands of this tree.
    pub(super) fn commands(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut words: Vec<&'a [Name]> = Vec::new();
        for block in self.blocks() {
            match &block.head {
                Head::Text { words: first, slots } => {
                    if let Some(command) = self.command(block, first, slots) {
                        commands.push(command);
                        words.push(first);
                    }
                }
                Head::Sms { name, .. } => {
                    let help = "write it into the file that begins with `messages`".to_owned();
                    self.error("block-out-of-place", name.at, "an `sms` does not belong here".into(), help);
                }
                _ => {}
            }
        }
        self.told_apart(&commands, &words);
        commands
    }

    fn command(
        &mut self, block: &'a Block, words: &'a [Name], slots: &'a [At<tree::Slot>],
    ) -> Option<Command> {
        self.a_word_each(words, block.at);
        let (slots, params) = self.slots(slots);
        let scope = Scope { params, machine: Vec::new() };
        let call = self.single(block, "do", |line| match line {
            Line::Do(call) => Some(call),
            _ => None,
        });
        let Some((call, _)) = call else {
            if block.broken {
                return None;
            }
            let help = "add `do` and an action, such as `do wallet.balance()`".to_owned();
            self.error("line-missing", block.at, "this command does nothing".into(), help);
            return None;
        };
        let known = self.known_action(call);
        if known.is_some_and(|action| action.money) {
            let help = "an SMS carries no PIN: leave money to the screens".to_owned();
            let sentence = format!("`{}` moves money and no PIN stands before it", call.name.it);
            self.error("money-without-pin", call.name.at, sentence, help);
        }
        let lowered = self.call(call, known.map(|known| known.params.as_slice()), &scope);
        let mut replies: Vec<(String, Vec<String>, _)> = Vec::new();
        for line in &block.lines {
            let Line::Reply { outcome, binds, sms } = &line.it else { continue };
            if replies.iter().any(|(known, ..)| *known == outcome.it) {
                let sentence = format!("the outcome `{}` stands twice", outcome.it);
                self.error("outcome-twice", outcome.at, sentence, "take one away".into());
                continue;
            }
            let brought = self.outcome(call, known, outcome, binds);
            let binds = binds.iter().map(|name| name.it.clone()).collect();
            let sms = self.sms(sms, &scope.with(brought));
            replies.push((outcome.it.clone(), binds, sms));
        }
        let handled: Vec<&str> = replies.iter().map(|(outcome, ..)| outcome.as_str()).collect();
        self.outcomes_missing(call, known, &handled, block);
        let half = self.single(block, "half", |line| match line {
            Line::Half(call) => Some(call),
            _ => None,
        });
        let heard = [("heard", MACHINE_TEXT), ("miss", MACHINE_TEXT), ("echo", MACHINE_TEXT)];
        let half = half.and_then(|(call, _)| self.sms(call, &Scope::default().knowing(&heard)));
        let replies = replies.into_iter().filter_map(|(outcome, binds, sms)| Some((outcome, binds, sms?)));
        Some(Command {
            words: words.iter().map(|word| word.it.clone()).collect(),
            slots,
            call: lowered,
            replies: replies.collect(),
            half,
            line: self.lines.line(block.at.start) as u32,
        })
    }

    fn slots(&mut self, slots: &'a [At<tree::Slot>]) -> (Vec<Slot>, Vec<(String, Type)>) {
        let (mut out, mut params): (Vec<Slot>, Vec<(String, Type)>) = (Vec::new(), Vec::new());
        let mut optional = false;
        for slot in slots {
            match &slot.it {
                tree::Slot::Words(words) => {
                    self.a_word_each(words, slot.at);
                    out.push(Slot::Word(words.iter().map(|word| word.it.clone()).collect()));
                }
                tree::Slot::Value { name, ty, default } => {
                    if params.iter().any(|(known, _)| *known == name.it) {
                        let sentence = format!("there is a value `{}` already", name.it);
                        self.error("name-twice", name.at, sentence, "give one of them another name".into());
                    }
                    let asked = self.asked(ty, &Scope::default(), true);
                    params.push((name.it.clone(), asked.as_ref().map_or(UNKNOWN, type_of)));
                    if let (Some(default), Some(asked)) = (default, &asked) {
                        self.default_fits(*default, asked, slot.at);
                    }
                    let asked = asked.unwrap_or(Asked::Text(0));
                    out.push(Slot::Value { name: name.it.clone(), asked, default: *default });
                }
            }
            let has_default = matches!(&slot.it, tree::Slot::Value { default: Some(_), .. });
            if optional && !has_default {
                let help = "values that may be left out come last".to_owned();
                let sentence = "this must be sent, and a value before it may be left out".to_owned();
                self.error("default-not-last", slot.at, sentence, help);
            }
            optional |= has_default;
        }
        (out, params)
    }

    fn default_fits(&mut self, default: i64, asked: &Asked, at: Span) {
        let within = match asked {
            Asked::Kes(low, high) | Asked::Int(low, high) => {
                let above = !matches!(low, Bound::Fixed(low) if default < *low);
                above && !matches!(high, Bound::Fixed(high) if default > *high)
            }
            // A label is named by its number, as it may be sent.
            Asked::Enum(set) => {
                let labels = self.enums.get(set).map_or(0, |set| set.words.len());
                usize::try_from(default).is_ok_and(|n| (1..=labels).contains(&n))
            }
            _ => false,
        };
        if !within {
            let sentence = format!("{default} could not be sent here, so it cannot be left out either");
            self.error(
                "wrong-type",
                at,
                sentence,
                "numbers within bounds and labels, by their number, have a default".into(),
            );
        }
    }

    /// One word for each language, or one for all of them.
    fn a_word_each(&mut self, words: &[Name], at: Span) {
        let own = words.iter().filter(|word| word.at.start < self.own_end).count();
        if own != 1 && own != self.own_langs {
            let sentence = format!("there are {own} words for {} languages", self.own_langs);
            self.error(
                "lang-missing",
                at,
                sentence,
                "give one word for each language, or one for all".into(),
            );
        }
    }

    /// The action of this name.
    pub(super) fn known_action(&mut self, call: &tree::Call) -> Option<&'a Action> {
        let vocabulary = self.vocabulary;
        let known = vocabulary.actions.get(&call.name.it);
        if known.is_none() {
            let near = nearest(&call.name.it, vocabulary.actions.keys().map(String::as_str));
            let help = meant(near, || "the domain offers no such action".into());
            self.error(
                "unknown-action",
                call.name.at,
                format!("there is no action `{}`", call.name.it),
                help,
            );
        }
        known
    }

    /// What an outcome brings, under the names given to it.
    pub(super) fn outcome(
        &mut self, call: &tree::Call, known: Option<&Action>, outcome: &Name, binds: &[Name],
    ) -> Vec<(String, Type)> {
        let found = known.map(|known| known.outcomes.iter().find(|(name, _)| *name == outcome.it));
        let brings: Vec<Type> = match found {
            Some(Some((_, brings))) => brings.clone(),
            Some(None) if outcome.it != "fault" => {
                let names = known.iter().flat_map(|known| &known.outcomes).map(|(name, _)| name.as_str());
                let list = names.clone().chain(["fault"]).collect::<Vec<_>>().join(", ");
                let help = meant(nearest(&outcome.it, names), || format!("its outcomes are: {list}"));
                let sentence = format!("`{}` has no outcome `{}`", call.name.it, outcome.it);
                self.error("outcome-unknown", outcome.at, sentence, help);
                vec![UNKNOWN; binds.len()]
            }
            Some(None) => Vec::new(),
            None => vec![UNKNOWN; binds.len()],
        };
        if let Some(extra) = binds.get(brings.len()) {
            let sentence = format!("`{}` brings {} and not this", outcome.it, counted(brings.len()));
            self.error("argument-unknown", extra.at, sentence, "take the name away".into());
        }
        binds.iter().map(|name| name.it.clone()).zip(brings).collect()
    }

    /// Every outcome must have a way on, a fault of ours among them.
    pub(super) fn outcomes_missing(
        &mut self, call: &tree::Call, known: Option<&Action>, handled: &[&str], block: &Block,
    ) {
        let Some(known) = known.filter(|_| !block.broken) else { return };
        let names = known.outcomes.iter().map(|(name, _)| name.as_str());
        let mut all: Vec<&str> = names.filter(|name| *name != "fault").collect();
        all.push("fault");
        for missing in all.into_iter().filter(|name| !handled.contains(name)) {
            let sentence = format!("nobody knows what follows when `{}` answers `{missing}`", call.name.it);
            self.error(
                "outcome-missing",
                block.at,
                sentence,
                format!("add a line for the outcome `{missing}`"),
            );
        }
    }

    /// A word must mean one thing, in whatever language it is sent: commands of all languages are
    /// understood from everybody.
    fn told_apart(&mut self, commands: &[Command], names: &[&'a [Name]]) {
        let picked = self.blocks().filter_map(|block| match &block.head {
            Head::Node { kind: tree::NodeHead::Pick(set), .. } => Some(set.it.clone()),
            _ => None,
        });
        let said = commands.iter().flat_map(|command| &command.slots).filter_map(|slot| match slot {
            Slot::Value { asked: Asked::Enum(set), .. } => Some(set.clone()),
            _ => None,
        });
        let picked: Vec<String> = picked.chain(said).collect();
        for (at, words) in names.iter().enumerate() {
            for (lang, word) in words.iter().enumerate() {
                for (other_lang, twin) in words.iter().enumerate().take(lang) {
                    if twin.it == word.it && other_lang != lang {
                        let help = "one word for all languages is written once".to_owned();
                        self.error("word-twice", word.at, format!("`{}` stands twice", word.it), help);
                    }
                }
                let earlier = names[..at].iter().zip(commands).find_map(|(others, command)| {
                    let place = others.iter().position(|other| other.it == word.it)?;
                    (!tell_apart(&command.slots, &commands[at].slots)).then_some((place, command.line))
                });
                if let Some((place, line)) = earlier {
                    let several = words.len() > 1 && place != lang;
                    let what = if several { "means something else in another language" } else { "is taken" };
                    let sentence = format!("the word `{}` {what}: see the command on line {line}", word.it);
                    let help = "take another word, or tell them apart by a word inside".to_owned();
                    self.error("command-twice", word.at, sentence, help);
                }
                let numbered = commands[at].slots.iter().any(Slot::is_code);
                let of_orders = numbered && self.vocabulary.words_of_orders.contains(&word.it);
                if self.vocabulary.words.contains(&word.it) && !of_orders {
                    let sentence = format!("`{}` begins a command and is a word of Sokoni's own", word.it);
                    let help = format!("everybody may send: {}", self.vocabulary.words.join(", "));
                    self.error("word-means-two-things", word.at, sentence, help);
                }
                if let Some((set, shown)) = self.shown_as(&word.it, &picked) {
                    let sentence =
                        format!("`{}` begins a command and is also `{shown}` of enum `{set}`", word.it);
                    let help = "sent alone as an answer it would be taken for the command".to_owned();
                    self.error("word-means-two-things", word.at, sentence, help);
                }
            }
        }
    }

    /// The enum that people choose from in which this word is a label.
    fn shown_as(&self, word: &str, picked: &[String]) -> Option<(String, String)> {
        picked.iter().find_map(|set| {
            let (name, _) = self.enums.get(set)?.words.iter().find(|(name, label)| {
                let labels = (0..label.by_lang.len()).map(|lang| crate::menu::layout::plain(label, lang));
                name.to_uppercase() == word || labels.into_iter().any(|label| label.to_uppercase() == word)
            })?;
            Some((set.clone(), name.clone()))
        })
    }
}

/// Whether a word inside, or a number of another length, tells two commands apart that begin alike:
/// it stands at the same place in both, and nothing before it may be left out. Or one goes on with
/// words where the other ends.
fn tell_apart(a: &[Slot], b: &[Slot]) -> bool {
    let optional = |slot: &Slot| matches!(slot, Slot::Value { default: Some(_), .. });
    for (one, other) in a.iter().zip(b) {
        match (one, other) {
            (Slot::Word(one), Slot::Word(other)) if one.iter().all(|word| !other.contains(word)) => {
                return true;
            }
            (one, other) if optional(one) || optional(other) => return false,
            (one, other) if spoken(one).zip(spoken(other)).is_some_and(|(one, other)| one != other) => {
                return true;
            }
            _ => {}
        }
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let words = |slot: &Slot| matches!(slot, Slot::Value { asked: Asked::Text(_), default: None, .. });
    let alike = |(one, other): (&Slot, &Slot)| match (one, other) {
        (Slot::Value { asked: one, .. }, Slot::Value { asked: other, .. }) => one == other,
        (one, other) => one == other,
    };
    long.get(short.len()).is_some_and(words) && !short.iter().any(words) && short.iter().zip(long).all(alike)
}

/// What kind of spoken number a slot takes, which says how many digits it has.
fn spoken(slot: &Slot) -> Option<CodeKind> {
    match slot {
        Slot::Value { asked: Asked::Code(kind) | Asked::Record { code: kind, .. }, .. } => Some(*kind),
        _ => None,
    }
}

fn type_of(asked: &Asked) -> Type {
    match asked {
        Asked::Kes(..) => Type::Kes,
        Asked::Int(Bound::Fixed(min), Bound::Fixed(max)) => Type::Int { min: *min, max: *max },
        Asked::Int(..) => Type::Int { min: 0, max: i64::MAX },
        Asked::Text(width) => Type::Text(*width),
        Asked::Phone => Type::Phone,
        Asked::Date => Type::Date,
        Asked::Code(kind) => Type::Code(*kind),
        Asked::Enum(set) => Type::Enum(set.clone()),
        Asked::Record { ty, .. } => Type::Record(ty.clone()),
    }
}

fn counted(values: usize) -> String {
    match values {
        0 => "nothing".into(),
        1 => "one value".into(),
        n => format!("{n} values"),
    }
}
