//! What somebody who edits a menu sees: its faults, and phones that show the block at hand in
//! every language, as people usually see it, at its widest, and with nothing in it.
//!
//! The screens come from the machine that serves people; only the values behind them are made up.
//!
//! * [`phones`]: the phones over a tree.
//! * [`texts`]: SMS, with their parts and their price.

mod faults;
mod phones;
#[cfg(test)]
mod tests;
mod texts;

pub use faults::Fault;
pub use phones::{Lead, Phones};
pub use texts::Texts;

use super::vocabulary::vocabulary;
use crate::dialog::tape::stats::Stats;
use crate::menu::{
    check::{Checked, Checks, Limits},
    lines::Lines,
    tree::{Block, Head, Name},
    vocabulary::Vocabulary,
};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(vocabulary);

/// What a preview rests on beside the files.
#[derive(Clone, Default)]
pub struct Ground {
    /// What the routes to subscribers allow.
    pub limits: Limits,
    /// What one part of an SMS costs, in cents; texts are shown without a price when left out.
    pub part_cents: Option<u32>,
    /// What recorded dialogs add up to, when that is known.
    pub stats: Option<Arc<Stats>>,
}

/// How a block fared last week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DropOff {
    /// How often it was shown.
    pub shown: u64,
    /// How many dialogs stopped there without an end.
    pub left: u64,
}

/// What is to be looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// The file, by the name it has among the sources.
    pub file: String,
    /// The line to look at, counted from 1: the phones go to the block that it belongs to. Without
    /// it they go the `path`.
    pub line: Option<usize>,
    /// What was typed since dialling, `!outcome` for what came of an action, `cut` for a call that
    /// was cut and dialled again.
    pub path: Vec<String>,
    /// The phone on which it was typed.
    pub lead: Lead,
}

/// What is seen.
#[derive(Debug, Serialize)]
pub struct Sight {
    /// The faults of all files.
    pub faults: Vec<Fault>,
    /// Whether the menus may go live.
    pub sound: bool,
    /// The blocks of the file that is looked at.
    pub blocks: Vec<BlockAt>,
    /// The phones, when the file is a tree that can be walked.
    pub phones: Option<Phones>,
    /// The SMS, when the line belongs to one or to a command.
    pub texts: Option<Texts>,
}

/// A block and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockAt {
    /// Its name; the first word of a command; empty for a block that has none.
    pub name: String,
    /// The word its header begins with.
    pub word: &'static str,
    /// The line of its header, counted from 1.
    pub line: usize,
}

/// Files and what came of their check: as long as no text changes, they are checked once.
pub struct Checkup {
    sources: Vec<(String, String)>,
    checks: Checks<'static>,
    checked: Checked,
}

impl Checkup {
    /// Checks the files: the name and text of each.
    pub fn of(sources: Vec<(String, String)>, limits: &Limits) -> Self {
        Self::after(Checks::new(&VOCABULARY, limits.clone()), sources)
    }

    /// Checks the files after a change: what does not hang on it is not checked anew.
    pub fn again(&self, sources: Vec<(String, String)>) -> Self {
        Self::after(self.checks.clone(), sources)
    }

    fn after(mut checks: Checks<'static>, sources: Vec<(String, String)>) -> Self {
        let checked = checks.check(&sources);
        Self { sources, checks, checked }
    }

    /// Whether it is of these very files.
    pub fn is_of(&self, sources: &[(String, String)]) -> bool {
        self.sources == sources
    }

    /// Whether the menus may go live.
    pub fn is_sound(&self) -> bool {
        self.checked.is_sound()
    }

    /// The faults of all files.
    pub fn faults(&self) -> Vec<Fault> {
        faults::faults(&self.checked.problems, &self.sources)
    }

    /// What there is to see.
    pub fn look(&self, look: &Look, ground: &Ground) -> Sight {
        let text = self.sources.iter().find(|(name, _)| *name == look.file).map_or("", |(_, text)| text);
        let read = self.checks.file(&look.file).map_or(&[][..], |file| &file.blocks);
        let lines = Lines::of(text);
        let blocks: Vec<BlockAt> = read.iter().map(|block| block_at(block, &lines)).collect();
        let here = look.line.and_then(|line| blocks.iter().rposition(|block| block.line <= line));
        let tree = read.iter().find_map(|block| match &block.head {
            Head::Menu(name) | Head::Overlay { of: name, .. } => Some(name.it.as_str()),
            _ => None,
        });
        let Checked { graphs, catalogue, .. } = &self.checked;
        let graph = graphs.iter().map(Arc::as_ref).find(|graph| Some(graph.name.as_str()) == tree);
        let at = here.map(|at| &blocks[at]);
        let texts = at.and_then(|at| texts::texts(catalogue, graph, at, ground));
        let phones = graph.map(|graph| phones::phones(graph, catalogue, look, at, ground));
        Sight { faults: self.faults(), sound: self.is_sound(), blocks, phones, texts }
    }
}

fn block_at(block: &Block, lines: &Lines) -> BlockAt {
    let first = |words: &[Name]| words.first().map(|word| word.it.clone());
    let name = match &block.head {
        Head::Drop(names) => first(names),
        Head::Text { words, .. } => first(words),
        Head::Overlay { of, .. } => Some(of.it.clone()),
        _ => block.name().map(|name| name.it.clone()),
    };
    let name = name.unwrap_or_default();
    BlockAt { name, word: block.word(), line: lines.line(block.at.start) }
}
