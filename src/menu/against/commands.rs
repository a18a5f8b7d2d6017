//! Words by SMS that people know.

use super::{Comparing, asks_less};
use crate::menu::{
    graph::{Asked, Command, Graph, Slot},
    layout::plain,
    tree::{Block, Head, Line, Span},
};
use std::collections::BTreeSet;

impl Comparing<'_> {
    /// Every word does what it did, with the values it took.
    pub(super) fn commands(&mut self) {
        let (old, new) = (self.old, self.new);
        let mut gone = BTreeSet::new();
        for was in &old.commands {
            for word in &was.words {
                let now: Vec<&Command> = new.commands.iter().filter(|is| is.words.contains(word)).collect();
                let same: Vec<&&Command> = now.iter().filter(|is| is.call.name == was.call.name).collect();
                if same.iter().any(|is| self.takes_all(&was.slots, &is.slots)) {
                    continue;
                }
                match (now.first(), same.first()) {
                    (None, _) if gone.insert(word) => {
                        let at = self.doing(&was.call.name);
                        let sentence =
                            format!("the word `{word}` of the live version is not understood any more");
                        let help = "who sends it is told that it means nothing; keep it beside the new one"
                            .to_owned();
                        self.warn("command-gone", at, sentence, help);
                    }
                    (None, _) => {}
                    (Some(_), Some(is)) => {
                        let sentence = format!("`{word}` does not take every text that it took");
                        let help = "who sends what she always sent is asked again".to_owned();
                        self.warn("command-changed", self.place(word, is), sentence, help);
                    }
                    (Some(is), None) => {
                        let sentence =
                            format!("`{word}` did `{}` and does `{}` now", was.call.name, is.call.name);
                        let help = "take another word for what is new".to_owned();
                        self.warn("command-changed", self.place(word, is), sentence, help);
                    }
                }
            }
        }
    }

    /// Whether what was sent for one row of slots can be sent for the other.
    fn takes_all(&self, was: &[Slot], is: &[Slot]) -> bool {
        let pairs = was.iter().zip(is).all(|pair| match pair {
            (Slot::Word(was), Slot::Word(is)) => was.iter().all(|word| is.contains(word)),
            (Slot::Value { asked, default, .. }, Slot::Value { asked: now, default: default_now, .. }) => {
                let said = match (asked, now) {
                    (Asked::Enum(was), Asked::Enum(is)) => {
                        self.said(self.old, was).is_subset(&self.said(self.new, is))
                    }
                    (was, is) => !asks_less(was, is),
                };
                said && (default.is_none() || default == default_now)
            }
            _ => false,
        });
        let left_out = |slot: &Slot| matches!(slot, Slot::Value { default: Some(_), .. });
        pairs && was.len() <= is.len() && is[was.len()..].iter().all(left_out)
    }

    /// Every word of an enum with all that people may call it.
    fn said(&self, graph: &Graph, set: &str) -> BTreeSet<(String, String)> {
        let words = graph.enums.get(set).map_or(&[][..], |set| &set.words);
        let names = words.iter().flat_map(|(word, label)| {
            let langs = 0..label.by_lang.len();
            langs.map(move |lang| (word.clone(), plain(label, lang).to_uppercase()))
        });
        names.collect()
    }

    /// The command that does this, or the head of the tree.
    fn doing(&self, action: &str) -> Span {
        let does = |block: &&Block| {
            let mut lines = block.lines.iter();
            lines.any(|line| matches!(&line.it, Line::Do(call) if call.name.it == action))
        };
        self.blocks().find(does).map_or_else(|| self.top(), |block| block.at)
    }

    /// Where a word of a command stands; one of an overlay at the command's first.
    fn place(&self, word: &str, command: &Command) -> Span {
        let heads = self.blocks().filter_map(|block| match &block.head {
            Head::Text { words, .. } => Some(words),
            _ => None,
        });
        let words =
            heads.filter(|words| words.first().is_some_and(|first| command.words.contains(&first.it)));
        let all: Vec<_> = words.flatten().collect();
        let found = all.iter().find(|name| name.it == word).or(all.first());
        found.map_or_else(|| self.top(), |name| name.at)
    }
}
