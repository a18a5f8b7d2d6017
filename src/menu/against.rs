//! What a changed tree does to people who know the live one: keys that lead elsewhere, screens that
//! are gone, codes and words by SMS that are not understood any more. Both trees are sound; each
//! problem found here is a warning, since a change may be meant.

mod commands;
#[cfg(test)]
mod tests;

use crate::menu::{
    graph::{Asked, Bound, Choice, Graph, Kind, Node, NodeId, Target, Tries},
    report::{Problem, Severity},
    syntax,
    tree::{Block, File, Head, Line, Span},
};
use std::{borrow::Borrow, collections::BTreeMap};

/// What recorded dialogs tell of the live version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Habits {
    /// People who pressed a key at a block, by tree, block and key; under an empty key those who
    /// gave any answer.
    pub pressed: BTreeMap<(String, String, String), u64>,
    /// Dialogs that stand on a block now, by tree and block.
    pub standing: BTreeMap<(String, String), u64>,
}

/// What a change of trees does: `old` are the live trees, `new` those of `sources`. A live tree that
/// is not among the new ones is passed over. Without `habits` nobody is counted.
pub fn compare(
    old: &[impl Borrow<Graph>], new: &[impl Borrow<Graph>], sources: &[(String, String)],
    habits: Option<&Habits>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, source) in sources.iter().filter(|(_, source)| !syntax::is_overlay(source)) {
        let (tree, _) = syntax::parse(file, source);
        let named = tree.blocks.iter().find_map(|block| match &block.head {
            Head::Menu(name) => Some(name.it.clone()),
            _ => None,
        });
        let is_meant = |graph: &&Graph| Some(&graph.name) == named.as_ref();
        let was = old.iter().map(Borrow::<Graph>::borrow).find(is_meant);
        let is = new.iter().map(Borrow::<Graph>::borrow).find(is_meant);
        if let (Some(old), Some(new)) = (was, is) {
            let renamed = renamed(old, new);
            let found = Vec::new();
            let mut comparing = Comparing { old, new, renamed, file, tree: &tree, habits, found };
            comparing.all();
            problems.append(&mut comparing.found);
        }
    }
    problems
}

/// Blocks that are called otherwise now and are the same: those that are new are of the same sort
/// and say the same.
fn renamed<'g>(old: &'g Graph, new: &'g Graph) -> BTreeMap<&'g str, &'g str> {
    let essence = |node: &Node| match &node.kind {
        Kind::Do { call, .. } => call.name.clone(),
        _ => node.say().map_or_else(String::new, |say| say.source(0)),
    };
    let gone = old.nodes.iter().filter(|node| new.find(&node.name).is_none());
    let come: Vec<&Node> = new.nodes.iter().filter(|node| old.find(&node.name).is_none()).collect();
    gone.filter_map(|was| {
        let mut same = come.iter().filter(|is| is.word() == was.word() && essence(is) == essence(was));
        let is = same.next()?;
        same.next().is_none().then_some((was.name.as_str(), is.name.as_str()))
    })
    .collect()
}

/// One tree beside the live one of its name.
struct Comparing<'a> {
    old: &'a Graph,
    new: &'a Graph,
    renamed: BTreeMap<&'a str, &'a str>,
    file: &'a str,
    tree: &'a File,
    habits: Option<&'a Habits>,
    found: Vec<Problem>,
}

impl<'a> Comparing<'a> {
    fn all(&mut self) {
        self.head();
        let old = self.old;
        for was in &old.nodes {
            match self.new.find(self.now(&was.name)) {
                Some(is) => self.block(was, is),
                None if matches!(was.kind, Kind::Do { .. } | Kind::End { .. }) => {}
                None => self.removed(was),
            }
        }
        match (&old.resume, &self.new.resume) {
            (Some(was), Some(is)) => {
                let at = self.blocks().find(|block| matches!(block.head, Head::Resume));
                self.choices("resume", &was.choices, &is.choices, at);
            }
            (Some(_), None) => {
                let help = "after a cut a redial begins anew".to_owned();
                self.warn("screen-removed", self.top(), "`resume` is gone".to_owned(), help);
            }
            (None, _) => {}
        }
        self.commands();
    }

    fn warn(&mut self, code: &'static str, span: Span, sentence: String, help: String) {
        let (severity, file) = (Severity::Warning, self.file.to_owned());
        self.found.push(Problem { severity, code, file, span, sentence, help });
    }

    fn blocks(&self) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.tree.blocks.iter()
    }

    /// Where the tree's own head stands.
    fn top(&self) -> Span {
        let head = self.blocks().find(|block| matches!(block.head, Head::Menu(_)));
        head.map_or_else(Span::default, |head| head.at)
    }

    /// The block of this name in the new file.
    fn written(&self, name: &str) -> Option<&'a Block> {
        self.blocks().find(|block| matches!(&block.head, Head::Node { name: is, .. } if is.it == name))
    }

    /// What a block of the live tree is called now.
    fn now<'n>(&self, was: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.renamed.get(was).copied().unwrap_or(was)
    }

    fn head(&mut self) {
        if let Some(was) = self.old.dial.as_ref().filter(|was| self.new.dial.as_ref() != Some(was)) {
            let line =
                self.blocks().flat_map(|block| &block.lines).find(|line| matches!(line.it, Line::Dial(_)));
            let at = line.map_or_else(|| self.top(), |line| line.at);
            let is = self.new.dial.as_ref().map_or("nothing".to_owned(), |is| format!("`{is}`"));
            let sentence = format!("people dial `{was}`, and this tree answers {is}");
            let help = "keep the code, or have both served and tell people long before".to_owned();
            self.warn("dial-changed", at, sentence, help);
        }
        let (was, is) = (&self.old.node(self.old.home).name, &self.new.node(self.new.home).name);
        if self.now(was) != is {
            let sentence = format!("the first screen was `{was}` and is `{is}` now");
            self.warn(
                "leads-elsewhere",
                self.top(),
                sentence,
                "every way that begins with the code is another".into(),
            );
        }
    }

    fn removed(&mut self, was: &Node) {
        let old = self.old;
        let at = old.find(&was.name);
        let before = old.nodes.iter().filter(|node| at.is_some_and(|at| node.leads_to().contains(&at)));
        let before = before.filter_map(|node| self.written(self.now(&node.name))).next();
        let standing = self.habits.map(|habits| {
            habits.standing.get(&(old.name.clone(), was.name.clone())).copied().unwrap_or_default()
        });
        let ends = "the version they began with, which is kept by its hash";
        let (and, help) = match standing {
            None => (String::new(), format!("dialogs on it end on {ends}; --data or --desk counts them")),
            Some(0) => (String::new(), "no dialog stands on it now".to_owned()),
            Some(1) => (
                ", and a dialog stands on it now".to_owned(),
                format!("it ends on {}", ends.replace("they", "it")),
            ),
            Some(n) => (format!(", and {n} dialogs stand on it now"), format!("they end on {ends}")),
        };
        let sentence = format!("`{}` of the live version is gone{and}", was.name);
        self.warn("screen-removed", before.map_or_else(|| self.top(), |block| block.at), sentence, help);
    }

    fn block(&mut self, was: &Node, is: NodeId) {
        let (old, is) = (self.old, self.new.node(is));
        let at = self.written(&is.name);
        let name = was.name.as_str();
        match (&was.kind, &is.kind) {
            (Kind::Screen { choices: before, .. }, Kind::Screen { choices: after, .. }) => {
                self.choices(name, before, after, at);
            }
            (Kind::Pick { set, then, .. }, Kind::Pick { set: set_now, then: then_now, .. }) => {
                self.words(name, (set, set_now), at);
                self.leads(name, "an answer", (then, then_now), at, is_then);
            }
            (Kind::List { then: Some(then), .. }, Kind::List { then: now, .. }) => match now {
                Some(now) => self.leads(name, "a row", (then, now), at, is_then),
                None => {
                    let sentence =
                        format!("rows of `{name}` led to `{}` and are only read now", target(old, then));
                    let help = self.people(name, "");
                    self.warn("leads-elsewhere", header(at, self.top()), sentence, help);
                }
            },
            (
                Kind::Ask { asked, tries, then, .. },
                Kind::Ask { asked: asked_now, tries: tries_now, then: then_now, .. },
            ) => {
                self.asked(name, asked, asked_now, at);
                self.answers(name, (tries, tries_now), (then, then_now), at);
            }
            (Kind::Pin { tries, then, .. }, Kind::Pin { tries: tries_now, then: then_now, .. })
            | (Kind::NewPin { tries, then, .. }, Kind::NewPin { tries: tries_now, then: then_now, .. }) => {
                self.answers(name, (tries, tries_now), (then, then_now), at);
            }
            (Kind::Do { call, branches, .. }, Kind::Do { call: call_now, branches: now, .. }) => {
                if call.name != call_now.name {
                    let sentence = format!("`{name}` did `{}` and does `{}` now", call.name, call_now.name);
                    let help = "whoever comes here by heart gets something else done".to_owned();
                    self.warn("leads-elsewhere", header(at, self.top()), sentence, help);
                }
                for was in branches {
                    let Some(is) = now.iter().find(|is| is.outcome == was.outcome) else { continue };
                    let outcome = was.outcome.clone();
                    let line =
                        |line: &Line| matches!(line, Line::Branch { outcome: is, .. } if is.it == outcome);
                    self.leads(name, &format!("the outcome `{}`", was.outcome), (&was.to, &is.to), at, line);
                }
            }
            (before, after) if std::mem::discriminant(before) != std::mem::discriminant(after) => {
                let sentence = format!("`{name}` was a `{}` and is a `{}` now", was.word(), is.word());
                let help = self.people(name, "");
                self.warn("key-changed", header(at, self.top()), sentence, help);
            }
            _ => {}
        }
    }

    fn answers(&mut self, name: &str, tries: (&Tries, &Tries), then: (&Target, &Target), at: Option<&Block>) {
        self.leads(name, "an answer", then, at, is_then);
        let is_tries = |line: &Line| matches!(line, Line::Tries { .. });
        self.leads(name, "the last wrong answer", (&tries.0.to, &tries.1.to), at, is_tries);
    }

    /// A line that is no option: the same, or a warning.
    fn leads(
        &mut self, name: &str, what: &str, (was, is): (&Target, &Target), at: Option<&Block>,
        line: impl Fn(&Line) -> bool,
    ) {
        let (was, is) = (target(self.old, was), target(self.new, is));
        if self.now(was) == is {
            return;
        }
        let line = at.and_then(|block| block.lines.iter().find(|at| line(&at.it)));
        let span = line.map_or_else(|| header(at, self.top()), |line| line.at);
        let sentence = format!("at `{name}` {what} led to `{was}` and leads to `{is}` now");
        let help = match what.starts_with("the ") {
            true => "see that this is meant".to_owned(),
            false => self.people(name, ""),
        };
        self.warn("leads-elsewhere", span, sentence, help);
    }

    /// Every key that led somewhere leads there still.
    fn choices(&mut self, name: &str, old: &[Choice], new: &[Choice], at: Option<&Block>) {
        for was in old {
            let led = target(self.old, &was.to);
            let now: Vec<(usize, &Choice)> =
                new.iter().enumerate().filter(|(_, is)| is.key == was.key).collect();
            let goes = |is: &Choice| self.now(led) == target(self.new, &is.to);
            let same_case = now.iter().find(|(_, is)| is.when == was.when);
            // What everybody could press must stay there for everybody.
            // Another case that was there before leads where it led, and not where this one did.
            let stood = |is: &Choice| old.iter().any(|o| (o.key, &o.when) == (is.key, &is.when));
            let in_another_case = || was.when.is_some() && now.iter().any(|(_, is)| goes(is) && !stood(is));
            let kept = same_case.map_or_else(in_another_case, |(_, is)| goes(is));
            if kept {
                continue;
            }
            let elsewhere: Vec<String> =
                new.iter().filter(|is| goes(is)).map(|is| is.key.to_string()).collect();
            let found = same_case.or(now.first()).copied();
            let key = was.key;
            let sentence = match found {
                Some((_, is)) if goes(is) => match was.when {
                    None => format!("key {key} of `{name}` was there for everybody and is shown to some now"),
                    Some(_) => format!("key {key} of `{name}` leads to `{led}` in fewer cases now"),
                },
                Some((_, is)) => format!(
                    "key {key} of `{name}` led to `{led}` and leads to `{}` now",
                    target(self.new, &is.to)
                ),
                None => format!("key {key} of `{name}` led to `{led}` and is no option any more"),
            };
            let moved = match elsewhere.first() {
                Some(key) => format!("`{led}` is on {key} now; "),
                None => String::new(),
            };
            let help = format!("{moved}{}", self.people(name, &key.to_string()));
            let lines = at.into_iter().flat_map(|block| &block.lines);
            let mut options = lines.filter(|line| matches!(line.it, Line::Choice { .. }));
            let line = found.and_then(|(nth, _)| options.nth(nth));
            let span = line.map_or_else(|| header(at, self.top()), |line| line.at);
            self.warn("key-changed", span, sentence, help);
        }
    }

    /// The keys of a `pick` are the words of its enum in their order.
    fn words(&mut self, name: &str, (set, set_now): (&str, &str), at: Option<&Block>) {
        let words = |graph: &'a Graph, set: &str| -> Vec<&'a str> {
            let words = graph.enums.get(set).map_or(&[][..], |set| &set.words);
            words.iter().map(|(word, _)| word.as_str()).collect()
        };
        let (was, is) = (words(self.old, set), words(self.new, set_now));
        for (place, word) in was.iter().enumerate().filter(|(place, word)| is.get(*place) != Some(word)) {
            let key = place + 1;
            let now = is.get(place);
            let meant = now.map_or("is no option any more".to_owned(), |now| format!("means `{now}` now"));
            let sentence = format!("key {key} of `{name}` meant `{word}` and {meant}");
            let label = self
                .blocks()
                .filter(|block| matches!(&block.head, Head::Enum(name) if name.it == set_now))
                .flat_map(|block| &block.lines)
                .find(|line| matches!(&line.it, Line::Label { word, .. } if Some(&word.it.as_str()) == now));
            let span = label.map_or_else(|| header(at, self.top()), |line| line.at);
            let help =
                format!("put new words behind those there are; {}", self.people(name, &key.to_string()));
            self.warn("key-changed", span, sentence, help);
        }
    }

    /// What was taken is taken still.
    fn asked(&mut self, name: &str, was: &Asked, is: &Asked, at: Option<&Block>) {
        if asks_less(was, is) {
            let sentence = format!("`{name}` does not take every answer that it took");
            let help = self.people(name, "");
            self.warn("answer-changed", header(at, self.top()), sentence, help);
        }
    }

    /// How many people did so here last month.
    fn people(&self, block: &str, key: &str) -> String {
        let Some(habits) = self.habits else {
            return "people who know the way by heart go wrong; --data or --desk counts them".to_owned();
        };
        let did = if key.is_empty() { "answered" } else { "pressed it" };
        let pressed = (self.old.name.clone(), block.to_owned(), key.to_owned());
        match habits.pressed.get(&pressed).copied().unwrap_or_default() {
            0 => format!("nobody {did} here in the last 30 days"),
            1 => format!("1 person {did} here in the last 30 days"),
            n => format!("{n} people {did} here in the last 30 days"),
        }
    }
}

/// Whether something that was taken for an answer is taken no more.
fn asks_less(was: &Asked, is: &Asked) -> bool {
    let narrower = |(low, high): (&Bound, &Bound), (low_now, high_now): (&Bound, &Bound)| {
        let less = |a: &Bound, b: &Bound| matches!((a, b), (Bound::Fixed(a), Bound::Fixed(b)) if a < b);
        less(low, low_now) || less(high_now, high)
    };
    match (was, is) {
        (Asked::Kes(low, high), Asked::Kes(low_now, high_now))
        | (Asked::Int(low, high), Asked::Int(low_now, high_now)) => {
            narrower((low, high), (low_now, high_now))
        }
        (Asked::Text(was), Asked::Text(is)) => is < was,
        (was, is) => was != is,
    }
}

fn header(block: Option<&Block>, otherwise: Span) -> Span {
    block.map_or(otherwise, |block| block.at)
}

fn is_then(line: &Line) -> bool {
    matches!(line, Line::Then(_))
}

/// The block a line leads to, by name.
fn target<'g>(graph: &'g Graph, to: &Target) -> &'g str {
    match to {
        Target::Node { node, .. } => &graph.node(*node).name,
        Target::Resume => "resume",
    }
}
