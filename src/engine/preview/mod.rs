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
use crate::menu::{
    check::{Limits, check},
    syntax,
    tree::{Block, Head},
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
    /// Where people broke off, when that is known.
    pub figures: Option<Arc<dyn Figures>>,
}

/// Where people broke off last week.
pub trait Figures: Send + Sync {
    /// How often this block was shown, and how often a dialog ended there without reaching an end
    /// or going on; `None` when nothing is known of it.
    fn at(&self, tree: &str, block: &str) -> Option<DropOff>;
}

/// How a block fared last week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DropOff {
    /// Dialogs that came to it.
    pub shown: u64,
    /// Dialogs that went no further.
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

/// Looks at the files: the name and text of each.
pub fn look(sources: &[(String, String)], look: &Look, ground: &Ground) -> Sight {
    let checked = check(sources, &VOCABULARY, &ground.limits);
    let sound = checked.is_sound();
    let text = sources.iter().find(|(name, _)| *name == look.file).map_or("", |(_, text)| text);
    let (file, _) = syntax::parse(&look.file, text);
    let blocks: Vec<BlockAt> = file.blocks.iter().map(|block| block_at(block, text)).collect();
    let here = look.line.and_then(|line| blocks.iter().rposition(|block| block.line <= line));
    let tree = file.blocks.iter().find_map(|block| match &block.head {
        Head::Menu(name) | Head::Overlay { of: name, .. } => Some(name.it.as_str()),
        _ => None,
    });
    let graph = checked.graphs.iter().find(|graph| Some(graph.name.as_str()) == tree);
    let at = here.map(|at| &blocks[at]);
    let texts = at.and_then(|at| texts::texts(&checked.catalogue, graph, at, ground));
    let phones = graph.map(|graph| phones::phones(graph, &checked.catalogue, look, at, ground));
    Sight { faults: faults::faults(checked.problems, sources), sound, blocks, phones, texts }
}

fn block_at(block: &Block, source: &str) -> BlockAt {
    let name = match &block.head {
        Head::Menu(name) | Head::Enum(name) | Head::Node { name, .. } | Head::Sms { name, .. } => {
            name.it.clone()
        }
        Head::Drop(names) => names.first().map(|name| name.it.clone()).unwrap_or_default(),
        Head::Text { words, .. } => words.first().map(|word| word.it.clone()).unwrap_or_default(),
        Head::Overlay { of, .. } => of.it.clone(),
        Head::Of { name, .. } => name.as_ref().map(|name| name.it.clone()).unwrap_or_default(),
        Head::Messages | Head::Resume => String::new(),
    };
    BlockAt { name, word: block.word(), line: block.at.line(source) }
}
