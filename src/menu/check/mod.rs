//! From trees to graphs: every name resolved, every text proven to fit, every fault reported.
//!
//! * [`heads`]: languages, settings, enums: what a whole file rests on.
//! * [`values`]: paths, types, arguments, texts with their values.
//! * [`lower`]: blocks to nodes; [`commands`]: `text` and `sms` blocks.
//! * [`structure`]: what can be reached, what must stand before what.
//! * [`texts`]: parity of languages, the alphabet, widths.

mod commands;
mod heads;
mod lower;
mod structure;
#[cfg(test)]
mod tests;
mod texts;
mod values;

use crate::menu::{
    graph::{Catalogue, Enum, Graph, Message},
    report::{Problem, Severity},
    syntax,
    tree::{Block, File, Head, Name, Span},
    vocabulary::Vocabulary,
};
use crate::types::Lang;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What the routes to subscribers allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Septets that a screen may have on each route, by the route's name. A tree is measured
    /// against the smallest of these and its own `limit`.
    pub routes: Vec<(String, u16)>,
}

impl Limits {
    /// The smallest limit of all routes and of the file, and what sets it.
    fn smallest(&self, own: u16) -> (u16, String) {
        let least = self.routes.iter().min_by_key(|(_, limit)| *limit);
        match least {
            Some((route, limit)) if *limit < own => (*limit, format!("route `{route}`")),
            _ => (own, "this file's `limit`".to_owned()),
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The trees, in the order of the sources. To be used only when no problem is an error.
    pub graphs: Vec<Graph>,
    /// The SMS catalogue; empty when no source begins with `messages`.
    pub catalogue: Catalogue,
    /// All problems, by file and place.
    pub problems: Vec<Problem>,
}

impl Checked {
    /// Whether the menus may go live.
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// Trees and catalogue, ready to walk.
///
/// # Errors
/// Every problem of every file, warnings among them, when at least one is an error.
pub fn compile(
    sources: &[(String, String)], vocabulary: &Vocabulary, limits: &Limits,
) -> Result<(Vec<Graph>, Catalogue), Vec<Problem>> {
    let checked = check(sources, vocabulary, limits);
    if checked.is_sound() { Ok((checked.graphs, checked.catalogue)) } else { Err(checked.problems) }
}

/// Reads and checks files together: the name and text of each.
pub fn check(sources: &[(String, String)], vocabulary: &Vocabulary, limits: &Limits) -> Checked {
    let mut problems = Vec::new();
    let parsed: Vec<(&(String, String), File)> = sources
        .iter()
        .map(|source| {
            let (file, found) = syntax::parse(&source.0, &source.1);
            problems.extend(found);
            (source, file)
        })
        .collect();
    let is_catalogue = |file: &File| file.blocks.iter().any(|b| matches!(b.head, Head::Messages));
    let none = Shared::default();
    let mut shared = Shared::default();
    for (at, (source, file)) in parsed.iter().filter(|(_, file)| is_catalogue(file)).enumerate() {
        let mut checker = Checker::new(source, file, vocabulary, &none);
        if at > 0 {
            checker.error(
                "second-catalogue",
                file.blocks.first().map_or_else(Span::default, |b| b.at),
                "there is a file of messages already".into(),
                "put all `sms` blocks into one file".into(),
            );
        } else {
            shared = checker.catalogue();
        }
        problems.append(&mut checker.problems);
    }
    let mut graphs = Vec::new();
    for (source, file) in parsed.iter().filter(|(_, file)| !is_catalogue(file)) {
        let mut checker = Checker::new(source, file, vocabulary, &shared);
        graphs.extend(checker.tree(limits));
        problems.append(&mut checker.problems);
    }
    heads::compare(&parsed, &graphs, &mut problems);
    let order = |problem: &Problem| sources.iter().position(|(name, _)| *name == problem.file);
    problems.sort_by_key(|problem| (order(problem), problem.span, problem.code));
    problems.dedup();
    Checked { graphs, catalogue: shared.into_catalogue(), problems }
}

/// What the messages file gives to every tree.
#[derive(Debug, Default)]
struct Shared {
    source: String,
    langs: Vec<Lang>,
    enums: BTreeMap<String, Enum>,
    messages: BTreeMap<String, Message>,
}

impl Shared {
    fn into_catalogue(self) -> Catalogue {
        Catalogue {
            hash: hash(&[&self.source]),
            langs: self.langs,
            messages: self.messages,
            enums: self.enums,
        }
    }
}

/// SHA-256 of the sources, in hex.
fn hash(sources: &[&str]) -> String {
    let mut digest = Sha256::new();
    for source in sources {
        digest.update(source.as_bytes());
        digest.update([0]);
    }
    digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// One file being checked.
struct Checker<'a> {
    file: &'a str,
    source: &'a str,
    tree: &'a File,
    vocabulary: &'a Vocabulary,
    shared: &'a Shared,
    langs: Vec<Lang>,
    /// Labels at hand: the file's own, then those of the messages file.
    enums: BTreeMap<String, Enum>,
    /// Blocks a dialog can stand on, in order.
    nodes: Vec<&'a Block>,
    /// Where each of them is in `nodes`.
    by_name: BTreeMap<&'a str, usize>,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn new(
        source: &'a (String, String), tree: &'a File, vocabulary: &'a Vocabulary, shared: &'a Shared,
    ) -> Self {
        Self {
            file: &source.0,
            source: &source.1,
            tree,
            vocabulary,
            shared,
            langs: Vec::new(),
            enums: BTreeMap::new(),
            nodes: Vec::new(),
            by_name: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    fn error(&mut self, code: &'static str, span: Span, sentence: String, help: String) {
        self.problem(Severity::Error, code, span, sentence, help);
    }

    fn warning(&mut self, code: &'static str, span: Span, sentence: String, help: String) {
        self.problem(Severity::Warning, code, span, sentence, help);
    }

    fn problem(
        &mut self, severity: Severity, code: &'static str, span: Span, sentence: String, help: String,
    ) {
        let file = self.file.to_owned();
        self.problems.push(Problem { severity, code, file, span, sentence, help });
    }

    /// The name of the block at this index.
    fn name(&self, node: usize) -> &'a Name {
        match &self.nodes[node].head {
            Head::Node { name, .. } => name,
            _ => unreachable!("only nodes are collected"),
        }
    }

    /// Blocks of one sort.
    fn blocks(&self) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.tree.blocks.iter()
    }
}

/// "did you mean", or another remedy.
fn meant(near: Option<&str>, otherwise: impl FnOnce() -> String) -> String {
    near.map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}
