//! Blocks to nodes: a whole tree of one file.

use super::{
    Checker, Limits, hash, meant,
    values::{Scope, UNKNOWN},
};
use crate::menu::{
    graph::{Asked, Branch, Choice, Drop, Graph, Kind, Node, NodeId, Resume, Target, Text, Tries},
    report::nearest,
    template::MACHINE_TEXT,
    tree::{self, At, Block, Field, Head, Line, Name, NodeHead, Span},
    vocabulary::Type,
};

/// `{min}` and `{max}` of a count; their width comes from the bounds themselves.
const COUNT: Type = Type::Int { min: i64::MIN, max: i64::MAX };

impl<'a> Checker<'a> {
    /// The tree of this file; none when it has nothing to stand on.
    pub(super) fn tree(&mut self, limits: &Limits) -> Option<Graph> {
        let head = self.foundations("menu");
        self.collect_nodes();
        let settings = self.settings(head);
        if self.nodes.is_empty() {
            let help = "add a block to begin with, such as `screen home`".to_owned();
            self.error("no-blocks", settings.at, "this tree has nothing to show".into(), help);
            return None;
        }
        let nodes: Vec<Node> = (0..self.nodes.len()).map(|node| self.node(node)).collect();
        let commands = self.commands();
        let (limit, set_by) = limits.smallest(settings.limit);
        let own = |name: &String| self.blocks().any(|b| matches!(&b.head, Head::Enum(n) if n.it == *name));
        let borrows = self.enums.keys().any(|name| !own(name));
        let sources: &[&str] = if borrows { &[self.source, &self.shared.source] } else { &[self.source] };
        let [back, home_key, more] = settings.keys.clone();
        let graph = Graph {
            name: settings.name.clone(),
            hash: hash(sources),
            dial: settings.dial.clone(),
            who: settings.who.clone(),
            otherwise: settings.otherwise.clone(),
            langs: self.langs.clone(),
            limit,
            idle: settings.idle,
            dialog: settings.dialog,
            resume_within: settings.resume_within,
            back,
            home_key,
            more,
            home: id(self.home()),
            nodes,
            enums: self.enums.clone(),
            resume: self.resume(),
            drops: self.drops(),
            commands,
            fault: self.by_name.get("fault").map(|node| id(*node)),
        };
        self.structure(&graph, &settings, limits.idle);
        self.widths(&graph, &set_by);
        Some(graph)
    }

    /// The block that a dialog begins with.
    fn home(&self) -> usize {
        self.by_name.get("home").copied().unwrap_or(0)
    }

    fn node(&mut self, at: usize) -> Node {
        let block = self.nodes[at];
        let Head::Node { name, params, kind } = &block.head else { unreachable!("only nodes are collected") };
        let params = self.params(params);
        let scope = Scope { params: params.clone(), machine: Vec::new() };
        let kind = match kind {
            NodeHead::Screen => {
                let choices = self.choices(block, &scope, false);
                // Anywhere else Back leads on from a screen that is only read.
                if choices.is_empty() && !block.broken && at == self.home() {
                    let help = "add an option: nothing lies behind the first block".to_owned();
                    self.error("no-options", name.at, format!("`{}` offers nothing", name.it), help);
                }
                Kind::Screen { say: self.text(block, Field::Say, &scope), choices }
            }
            NodeHead::Pick(set) => self.pick(block, set, &scope),
            NodeHead::List { query, var } => self.list(block, query, var, &scope),
            NodeHead::Ask(ty) => {
                let asked = self.asked(ty, &scope, false).unwrap_or(Asked::Text(0));
                let bounds = match &asked {
                    Asked::Kes(..) => vec![("min", Type::Kes), ("max", Type::Kes)],
                    Asked::Int(..) => vec![("min", COUNT), ("max", COUNT)],
                    _ => Vec::new(),
                };
                Kind::Ask {
                    say: self.text(block, Field::Say, &scope),
                    asked,
                    bad: self.text(block, Field::Bad, &scope.knowing(&bounds)),
                    tries: self.tries(block, &scope),
                    then: self.then(block, &scope),
                }
            }
            NodeHead::Pin => {
                let left = scope.knowing(&[("left", Type::Int { min: 1, max: 9 })]);
                Kind::Pin {
                    say: self.text(block, Field::Say, &scope),
                    bad: self.text(block, Field::Bad, &left),
                    tries: self.tries(block, &scope),
                    then: self.then(block, &scope),
                }
            }
            NodeHead::NewPin => Kind::NewPin {
                say: self.text(block, Field::Say, &scope),
                again: self.text(block, Field::Again, &scope),
                bad: self.text(block, Field::Bad, &scope),
                differ: self.text(block, Field::Differ, &scope),
                tries: self.tries(block, &scope),
                then: self.then(block, &scope),
            },
            NodeHead::Do(call) => self.action(block, call, &scope),
            NodeHead::End => Kind::End {
                say: self.text(block, Field::Say, &scope),
                sms: self.single(block, "sms", as_sms).and_then(|(call, _)| self.sms(call, &scope)),
            },
        };
        Node { name: name.it.clone(), params, kind, line: self.lines.line(block.at.start) as u32 }
    }

    fn pick(&mut self, block: &'a Block, set: &Name, scope: &Scope) -> Kind {
        if !self.enums.contains_key(&set.it) {
            let near = nearest(&set.it, self.enums.keys().map(String::as_str));
            let help =
                meant(near, || format!("write its words and labels, beginning with `enum {}`", set.it));
            self.error("unknown-enum", set.at, format!("there is no enum `{}` here", set.it), help);
        }
        Kind::Pick {
            say: self.text(block, Field::Say, scope),
            set: set.it.clone(),
            then: self.then(block, scope),
        }
    }

    fn list(&mut self, block: &'a Block, query: &tree::Call, var: &Name, scope: &Scope) -> Kind {
        let vocabulary = self.vocabulary;
        let known = vocabulary.queries.get(&query.name.it);
        if known.is_none() {
            let near = nearest(&query.name.it, vocabulary.queries.keys().map(String::as_str));
            let help = meant(near, || "the domain offers no such rows".into());
            self.error(
                "unknown-query",
                query.name.at,
                format!("there is no query `{}`", query.name.it),
                help,
            );
        }
        let call = self.call(query, known.map(|known| known.params.as_slice()), scope);
        let row = known.map_or(UNKNOWN, |known| Type::Record(known.item.clone()));
        let inside = scope.with([(var.it.clone(), row)]);
        let then = self.single(block, "then", as_then);
        Kind::List {
            say: self.text(block, Field::Say, scope),
            query: call,
            var: var.it.clone(),
            item: self.text(block, Field::Item, &inside),
            none: self.text(block, Field::None, scope),
            then: then.map(|(to, _)| self.target(to, &inside, false)),
        }
    }

    fn action(&mut self, block: &'a Block, call: &tree::Call, scope: &Scope) -> Kind {
        let known = self.known_action(call);
        let here = scope.knowing(&[("here", MACHINE_TEXT)]);
        let lowered = self.call(call, known.map(|known| known.params.as_slice()), &here);
        let once = self.single(block, "once", |line| matches!(line, Line::Once).then_some(())).is_some();
        if let Some(known) = known
            && (known.money || known.changes)
            && !once
        {
            let what = if known.money { "moves money" } else { "changes something" };
            let sentence = format!("`{}` {what}, and a key pressed twice would do it twice", call.name.it);
            self.error("once-missing", call.name.at, sentence, "add the line `once`".into());
        }
        let mut branches: Vec<Branch> = Vec::new();
        for line in &block.lines {
            let Line::Branch { outcome, binds, to } = &line.it else { continue };
            if branches.iter().any(|b| b.outcome == outcome.it) {
                let sentence = format!("the outcome `{}` stands twice", outcome.it);
                self.error("outcome-twice", outcome.at, sentence, "take one away".into());
                continue;
            }
            let brought = self.outcome(call, known, outcome, binds);
            let to = self.target(to, &scope.with(brought), false);
            let binds = binds.iter().map(|name| name.it.clone()).collect();
            branches.push(Branch { outcome: outcome.it.clone(), binds, to });
        }
        let handled: Vec<&str> = branches.iter().map(|b| b.outcome.as_str()).collect();
        self.outcomes_missing(call, known, &handled, block);
        Kind::Do { call: lowered, once, branches }
    }

    /// Options, by key; a key may stand twice when its conditions exclude each other.
    fn choices(&mut self, block: &'a Block, scope: &Scope, resume: bool) -> Vec<Choice> {
        let mut choices: Vec<Choice> = Vec::new();
        for line in &block.lines {
            let Line::Choice { key, to, when } = &line.it else { continue };
            let when = when.as_ref().and_then(|(path, word)| self.when(path, word, scope));
            let label = self.texts(&key.label, line.at, scope);
            let to = self.target(to, scope, resume);
            let typed = &key.key;
            let number = match typed.it.parse::<u8>() {
                Ok(number @ 1..=9) if typed.it.len() == 1 => number,
                _ if matches!(typed.it.as_str(), "0" | "00" | "98") => {
                    let help = "0, 00 and 98 mean back, home and more; options are 1 to 9".to_owned();
                    self.error("reserved-key", typed.at, format!("the key {} is taken", typed.it), help);
                    continue;
                }
                _ => {
                    let help = "options are 1 to 9; more of them belong on a second screen".to_owned();
                    self.error("option-key", typed.at, format!("{} is no key for an option", typed.it), help);
                    continue;
                }
            };
            let clash = choices.iter().any(|other| other.key == number && !exclude(&other.when, &when));
            if clash {
                let help = "a key may stand twice only when `when` lets one of them be seen".to_owned();
                self.error("key-twice", typed.at, format!("there is an option {number} already"), help);
            }
            choices.push(Choice { key: number, label, to, when });
        }
        choices
    }

    fn when(
        &mut self, path: &Name, word: &Name, scope: &Scope,
    ) -> Option<(crate::menu::graph::Path, String)> {
        let (found, ty) = self.resolve(path, scope)?;
        let Type::Enum(set) = &ty else {
            let sentence = format!("`{}` is not a word of an enum", path.it);
            let help = "`when` compares a word of an enum and nothing else".to_owned();
            self.error("when-not-enum", path.at, sentence, help);
            return None;
        };
        let words = self.words_of(set).unwrap_or_default();
        if !words.contains(&word.it) {
            let near = nearest(&word.it, words.iter().map(String::as_str));
            let help = meant(near, || format!("the words of `{set}` are: {}", words.join(", ")));
            self.error("unknown-word", word.at, format!("`{}` is no word of `{set}`", word.it), help);
            return None;
        }
        Some((found, word.it.clone()))
    }

    /// Where a line leads. A misspelt name is reported, and taken for the one that is meant, so
    /// that one fault does not look like several.
    pub(super) fn target(&mut self, to: &tree::Call, scope: &Scope, resume: bool) -> Target {
        if to.name.it == "resume" {
            if !resume {
                let help = "name the block to go to".to_owned();
                self.error(
                    "unknown-target",
                    to.name.at,
                    "`resume` leads on only in the block `resume`".into(),
                    help,
                );
            }
            return Target::Resume;
        }
        if let Some(node) = self.by_name.get(to.name.it.as_str()).copied() {
            let Head::Node { params, .. } = &self.nodes[node].head else { return Target::Resume };
            let params = self.quietly(|me| me.params(params));
            let args = self.args(to, &params, scope).into_iter().map(|(_, arg)| arg).collect();
            return Target::Node { node: id(node), args };
        }
        let near = nearest(&to.name.it, self.by_name.keys().copied());
        let help = meant(near, || "write the block, or lead somewhere else".into());
        let meant_node = near.and_then(|near| self.by_name.get(near).copied());
        self.error("unknown-target", to.name.at, format!("there is no block `{}`", to.name.it), help);
        meant_node.map_or(Target::Resume, |node| Target::Node { node: id(node), args: Vec::new() })
    }

    /// Runs something whose complaints are made elsewhere.
    fn quietly<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.problems.len();
        let out = run(self);
        self.problems.truncate(before);
        out
    }

    fn tries(&mut self, block: &'a Block, scope: &Scope) -> Tries {
        let found = self.single(block, "tries", |line| match line {
            Line::Tries { most, to } => Some((*most, to)),
            _ => None,
        });
        match found {
            Some(((most, to), _)) => Tries { most, to: self.target(to, scope, false) },
            None if block.broken => Tries { most: 3, to: Target::Resume },
            None => {
                let help = "say how often one may try and where that leads, such as `tries 3 -> help.call`";
                self.error(
                    "tries-missing",
                    block.at,
                    "wrong answers would be asked for ever".into(),
                    help.into(),
                );
                Tries { most: 3, to: Target::Resume }
            }
        }
    }

    fn then(&mut self, block: &'a Block, scope: &Scope) -> Target {
        match self.single(block, "then", as_then) {
            Some((to, _)) => self.target(to, scope, false),
            None if block.broken => Target::Resume,
            None => {
                let help = "add `then` and the block that follows".to_owned();
                self.error("line-missing", block.at, "an answer here leads nowhere".into(), help);
                Target::Resume
            }
        }
    }

    fn text(&mut self, block: &'a Block, field: Field, scope: &Scope) -> Text {
        let found = self.single(block, field.word(), |line| match line {
            Line::Text(is, texts) if *is == field => Some(texts),
            _ => None,
        });
        match found {
            Some((texts, at)) => self.texts(texts, at, scope),
            None if block.broken => Text { by_lang: vec![Vec::new(); self.langs.len()] },
            None => {
                let sentence = format!("this `{}` has no `{}`", block.word(), field.word());
                let help = format!("add the line `{}` with a text in each language", field.word());
                self.error("line-missing", block.at, sentence, help);
                Text { by_lang: vec![Vec::new(); self.langs.len()] }
            }
        }
    }

    /// The one line of a sort; complains about a second.
    pub(super) fn single<T>(
        &mut self, block: &'a Block, word: &str, pick: impl Fn(&'a Line) -> Option<T>,
    ) -> Option<(T, Span)> {
        let mut found = block.lines.iter().filter_map(|line| Some((pick(&line.it)?, line.at)));
        let first = found.next();
        for (_, at) in found {
            self.error("line-twice", at, format!("`{word}` stands twice"), "take one away".into());
        }
        first
    }

    fn resume(&mut self) -> Option<Resume> {
        let mut blocks = self.blocks().filter(|b| matches!(b.head, Head::Resume));
        let block = blocks.next()?;
        for other in blocks {
            self.error("name-twice", other.at, "there is a `resume` already".into(), "take one away".into());
        }
        let scope = Scope::default();
        let choices = self.choices(block, &scope, true);
        let never = self.single(block, "never", |line| match line {
            Line::Never(names) => Some(names),
            _ => None,
        });
        let never = never.map(|(names, _)| self.ids(names)).unwrap_or_default();
        let say = self.text(block, Field::Say, &scope.knowing(&[("at", MACHINE_TEXT)]));
        Some(Resume { say, choices, never })
    }

    fn drops(&mut self) -> Vec<Drop> {
        let mut drops = Vec::new();
        for block in self.blocks() {
            let Head::Drop(names) = &block.head else { continue };
            let at = self.ids(names);
            let after = self.single(block, "after", |line| match line {
                Line::After(time) => Some(*time),
                _ => None,
            });
            let draft = match self.vocabulary.records.contains_key("draft") {
                true => Type::Record("draft".into()),
                false => MACHINE_TEXT,
            };
            let scope = Scope::default().knowing(&[("draft", draft), ("at", MACHINE_TEXT)]);
            let sms = self.single(block, "sms", as_sms);
            let sms = sms.map(|(call, _)| self.sms(call, &scope));
            for (missing, word) in [(after.is_none(), "after 60s"), (sms.is_none(), "sms message()")] {
                if missing && !block.broken {
                    let help = format!("add a line such as `{word}`");
                    self.error("line-missing", block.at, "this `drop` is not whole".into(), help);
                }
            }
            if let (Some((after, _)), Some(Some(sms))) = (after, sms) {
                drops.push(Drop { at, after, sms });
            }
        }
        drops
    }

    fn ids(&mut self, names: &[Name]) -> Vec<NodeId> {
        let mut ids = Vec::new();
        for name in names {
            match self.by_name.get(name.it.as_str()) {
                Some(node) => ids.push(id(*node)),
                None => {
                    let near = nearest(&name.it, self.by_name.keys().copied());
                    let help = meant(near, String::new);
                    self.error("unknown-target", name.at, format!("there is no block `{}`", name.it), help);
                }
            }
        }
        ids
    }

    /// A text that holds no values: labels of enums and keys. That of an overlay's key stands
    /// alone, in the language at `lang`; all others begin with the first.
    pub(super) fn literal(&mut self, texts: &tree::Texts, at: Span, lang: usize) -> Text {
        let all = texts.by_lang.iter().chain(texts.further.iter().flatten());
        let value = all.flat_map(|text| &text.it).find_map(|piece| match piece {
            tree::Piece::Value(name) => Some(name),
            tree::Piece::Literal(_) => None,
        });
        if let Some(At { at, .. }) = value {
            self.error("value-in-label", *at, "a label holds no values".into(), "write it out".into());
            return Text { by_lang: vec![Vec::new(); self.langs.len()] };
        }
        match (lang, texts.by_lang.first()) {
            (0, _) => self.texts(texts, at, &Scope::default()),
            (lang, Some(text)) => {
                let pieces = self.one_text(text, lang, &Scope::default(), &mut Vec::new());
                Text { by_lang: vec![pieces] }
            }
            (_, None) => Text { by_lang: vec![Vec::new()] },
        }
    }
}

pub(super) fn id(node: usize) -> NodeId {
    NodeId(node as u16)
}

fn as_sms(line: &Line) -> Option<&tree::Call> {
    match line {
        Line::Sms(call) => Some(call),
        _ => None,
    }
}

fn as_then(line: &Line) -> Option<&tree::Call> {
    match line {
        Line::Then(to) => Some(to),
        _ => None,
    }
}

/// Whether two conditions are never true together.
fn exclude<T: PartialEq>(a: &Option<(T, String)>, b: &Option<(T, String)>) -> bool {
    matches!((a, b), (Some((path, word)), Some((other, another))) if path == other && word != another)
}
