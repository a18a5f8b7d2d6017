//! From trees to graphs: every name resolved, every text proven to fit, every fault reported.
//!
//! * [`again`]: many checks, one after the other.
//! * [`heads`]: languages, settings, enums: what a whole file rests on.
//! * [`values`]: paths, types, arguments, texts with their values.
//! * [`lower`]: blocks to nodes; [`commands`]: `text` and `sms` blocks.
//! * [`overlay`]: further languages, laid over before anything is checked.
//! * [`structure`]: what can be reached, what must stand before what.
//! * [`texts`]: parity of languages, the alphabet, widths.

mod again;
mod commands;
mod heads;
mod lower;
mod overlay;
mod structure;
#[cfg(test)]
mod tests;
mod texts;
mod values;

use crate::menu::{
    graph::{Catalogue, Enum, Graph},
    lines::Lines,
    report::{Problem, Severity},
    tree::{Block, File, Head, Name, Span},
    vocabulary::Vocabulary,
};
use crate::types::Lang;
pub use again::Checks;
use overlay::{Further, Whole};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What the routes to subscribers allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Septets that a screen may have on each route, by the route's name. A tree is measured
    /// against the smallest of these and its own `limit`.
    pub routes: Vec<(String, u16)>,
    /// How long the operators let a phone wait for a key, where that is known.
    pub idle: Option<Duration>,
}

impl Limits {
    /// The route with the smallest limit, and that limit.
    pub fn least(&self) -> Option<(&str, u16)> {
        self.routes.iter().min_by_key(|(_, limit)| *limit).map(|(route, limit)| (route.as_str(), *limit))
    }

    /// The smallest limit of all routes and of the file, and what sets it.
    fn smallest(&self, own: u16) -> (u16, String) {
        match self.least() {
            Some((route, limit)) if limit < own => (limit, format!("route `{route}`")),
            _ => (own, "this file's `limit`".to_owned()),
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The trees, in the order of the sources. To be used only when no problem is an error.
    pub graphs: Vec<Arc<Graph>>,
    /// The SMS catalogue; empty when no source begins with `messages`.
    pub catalogue: Arc<Catalogue>,
    /// All problems, by file and place.
    pub problems: Vec<Problem>,
}

impl Checked {
    /// Whether the menus may go live.
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }

    /// Adds problems that were found otherwise, in the order of the `sources`.
    pub fn add(&mut self, problems: Vec<Problem>, sources: &[(String, String)]) {
        self.problems.extend(problems);
        let order = |problem: &Problem| sources.iter().position(|(name, _)| *name == problem.file);
        self.problems.sort_by_key(|problem| (order(problem), problem.span, problem.code));
        self.problems.dedup();
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
    if !checked.is_sound() {
        return Err(checked.problems);
    }
    let graphs = checked.graphs.into_iter().map(Arc::unwrap_or_clone).collect();
    Ok((graphs, Arc::unwrap_or_clone(checked.catalogue)))
}

/// Reads and checks files together: the name and text of each.
pub fn check(sources: &[(String, String)], vocabulary: &Vocabulary, limits: &Limits) -> Checked {
    Checks::new(vocabulary, limits.clone()).check(sources)
}

/// What the messages file gives to every tree.
#[derive(Debug, Default)]
struct Shared {
    source: String,
    catalogue: Arc<Catalogue>,
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
    lines: Lines,
    tree: &'a File,
    vocabulary: &'a Vocabulary,
    shared: &'a Shared,
    /// Languages: the file's own, then those of its overlays.
    langs: Vec<Lang>,
    /// How many of them are the file's own.
    own_langs: usize,
    /// The overlays, in the order of their languages.
    further: &'a [Further],
    /// Where the file itself ends in the source and its overlays begin.
    own_end: usize,
    /// Labels at hand: the file's own, then those of the messages file.
    enums: BTreeMap<String, Enum>,
    /// Blocks a dialog can stand on, in order.
    nodes: Vec<&'a Block>,
    /// Where each of them is in `nodes`.
    by_name: BTreeMap<&'a str, usize>,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn new(whole: &'a Whole, vocabulary: &'a Vocabulary, shared: &'a Shared) -> Self {
        Self {
            file: whole.name(),
            source: &whole.source,
            lines: Lines::of(&whole.source),
            tree: &whole.tree,
            vocabulary,
            shared,
            langs: Vec::new(),
            own_langs: 0,
            further: &whole.further,
            own_end: whole.own_end(),
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

    /// What the overlay of the language at this index says of it.
    fn overlay(&self, lang: usize) -> Option<&'a Further> {
        self.further.get(lang.checked_sub(self.own_langs)?)
    }

    /// Whether texts of the language at this index go as UCS-2.
    fn ucs2(&self, lang: usize) -> bool {
        self.overlay(lang).is_some_and(|further| further.ucs2)
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
