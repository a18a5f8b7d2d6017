//! Checks that follow one another, as under the hand of somebody who writes: what does not hang on a
//! change is kept from the time before. What comes out is what a check of all files would say.

use super::{
    Checked, Checker, Limits, Shared, heads,
    overlay::{Read, Whole, gather},
};
use crate::menu::{
    graph::Graph,
    report::Problem,
    tree::{File, Span},
    vocabulary::Vocabulary,
};
use std::sync::Arc;

/// Files that are checked again and again on the same terms.
#[derive(Debug, Clone)]
pub struct Checks<'v> {
    vocabulary: &'v Vocabulary,
    limits: Limits,
    files: Vec<Arc<Read>>,
    wholes: Vec<Arc<Whole>>,
    catalogue: Option<Judged<Arc<Shared>>>,
    /// What stands in place of messages where there are none.
    none: Arc<Shared>,
    trees: Vec<Tree>,
}

/// What came of files that belong together.
#[derive(Debug, Clone)]
struct Judged<T> {
    whole: Arc<Whole>,
    made: T,
    problems: Arc<[Problem]>,
}

/// A tree, and the messages that it was checked beside.
#[derive(Debug, Clone)]
struct Tree {
    judged: Judged<Option<Arc<Graph>>>,
    beside: Arc<Shared>,
}

impl<'v> Checks<'v> {
    /// Nothing has been checked yet.
    pub fn new(vocabulary: &'v Vocabulary, limits: Limits) -> Self {
        let (files, wholes, trees) = (Vec::new(), Vec::new(), Vec::new());
        Self { vocabulary, limits, files, wholes, catalogue: None, none: Arc::default(), trees }
    }

    /// Reads and checks files together: the name and text of each. Of those that stand as they stood
    /// the last time, only what hangs on others is checked again.
    pub fn check(&mut self, sources: &[(String, String)]) -> Checked {
        let read = |(name, text): &(String, String)| {
            let known = self.files.iter().find(|file| file.name == *name && file.text == *text);
            known.map_or_else(|| Arc::new(Read::new(name, text)), Arc::clone)
        };
        self.files = sources.iter().map(read).collect();
        let (wholes, mut problems) = gather(&self.files, &self.wholes);
        self.wholes = wholes;
        problems.extend(self.wholes.iter().flat_map(|whole| whole.found.iter().cloned()));
        let shared = self.messages(&mut problems);
        let known = std::mem::take(&mut self.trees);
        for whole in self.wholes.iter().filter(|whole| !whole.is_catalogue()) {
            let is_known =
                |tree: &&Tree| Arc::ptr_eq(&tree.judged.whole, whole) && Arc::ptr_eq(&tree.beside, &shared);
            self.trees.push(known.iter().find(is_known).cloned().unwrap_or_else(|| Tree {
                judged: judged(whole, self.vocabulary, &shared, |checker| {
                    checker.tree(&self.limits).map(Arc::new)
                }),
                beside: Arc::clone(&shared),
            }));
        }
        let graphs: Vec<Arc<Graph>> = self.trees.iter().filter_map(|tree| tree.judged.made.clone()).collect();
        problems.extend(self.trees.iter().flat_map(|tree| tree.judged.problems.iter().cloned()));
        heads::compare(&self.wholes, &graphs, &mut problems);
        let catalogue = Arc::clone(&shared.catalogue);
        let mut checked = Checked { graphs, catalogue, problems: Vec::new() };
        checked.add(problems, sources);
        checked
    }

    /// A file of the last check as it was read.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name).map(|file| &file.file)
    }

    /// The messages that trees are checked beside.
    fn messages(&mut self, problems: &mut Vec<Problem>) -> Arc<Shared> {
        let mut wholes = self.wholes.iter().filter(|whole| whole.is_catalogue());
        let first = wholes.next();
        for other in wholes {
            let second = judged(other, self.vocabulary, &self.none, |checker| {
                checker.error(
                    "second-catalogue",
                    other.tree.blocks.first().map_or_else(Span::default, |block| block.at),
                    "there is a file of messages already".into(),
                    "put all `sms` blocks into one file".into(),
                );
            });
            problems.extend(second.problems.iter().cloned());
        }
        let known = self.catalogue.take();
        let Some(whole) = first else { return Arc::clone(&self.none) };
        let known = known.filter(|known| Arc::ptr_eq(&known.whole, whole));
        let found = known.unwrap_or_else(|| {
            judged(whole, self.vocabulary, &self.none, |checker| Arc::new(checker.catalogue()))
        });
        problems.extend(found.problems.iter().cloned());
        let shared = Arc::clone(&found.made);
        self.catalogue = Some(found);
        shared
    }
}

/// Checks files that belong together.
fn judged<T>(
    whole: &Arc<Whole>, vocabulary: &Vocabulary, shared: &Shared, make: impl FnOnce(&mut Checker<'_>) -> T,
) -> Judged<T> {
    let mut checker = Checker::new(whole, vocabulary, shared);
    let made = make(&mut checker);
    let problems = checker.problems.into_iter().map(|problem| whole.placed(problem)).collect();
    Judged { whole: Arc::clone(whole), made, problems }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::check::{check, tests::vocabulary};
    use proptest::prelude::*;

    const TREE: &str = include_str!("../../../fixtures/menus/artisan.menu");
    const MESSAGES: &str = include_str!("../../../fixtures/menus/messages.menu");
    const OVERLAY: &str = "overlay small am\n  ucs2\n  keys 0 ተመለስ, 00 መነሻ, 98 ቀጣይ\nend home\n  say ሰላም\n";
    const SMALL: &str = "menu small\n  who stranger\n  langs en sw\nend home\n  say Hello | Habari\n";

    fn files() -> Vec<(String, String)> {
        let files = [("a.menu", TREE), ("s.menu", SMALL), ("s.am", OVERLAY), ("m.menu", MESSAGES)];
        files.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
    }

    #[test]
    fn what_does_not_hang_on_a_change_is_kept() {
        let vocabulary = vocabulary();
        let mut checks = Checks::new(&vocabulary, Limits::default());
        let mut sources = files();
        let first = checks.check(&sources);
        sources[0].1 += "# a remark\n";
        let second = checks.check(&sources);
        assert!(!Arc::ptr_eq(&first.graphs[0], &second.graphs[0]), "it was written anew");
        assert!(Arc::ptr_eq(&first.graphs[1], &second.graphs[1]), "it stands as it stood");
        assert!(Arc::ptr_eq(&first.catalogue, &second.catalogue));
        // The overlay is part of its tree; the messages are part of every one.
        sources[2].1 += "# a remark\n";
        let third = checks.check(&sources);
        assert!(!Arc::ptr_eq(&second.graphs[1], &third.graphs[1]));
        assert!(Arc::ptr_eq(&second.graphs[0], &third.graphs[0]));
        sources[3].1 += "# a remark\n";
        let fourth = checks.check(&sources);
        assert!(!Arc::ptr_eq(&third.graphs[0], &fourth.graphs[0]));
        assert_ne!(third.catalogue.hash, fourth.catalogue.hash);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_row_of_changes_is_checked_as_if_each_were_the_first(
            edits in prop::collection::vec((0usize..4, any::<prop::sample::Index>(), "[ a-z0-9{}|>.:=\n#]{0,4}", 0usize..6), 1..6),
        ) {
            let vocabulary = vocabulary();
            let mut checks = Checks::new(&vocabulary, Limits::default());
            let mut sources = files();
            checks.check(&sources);
            for (file, at, put, gone) in edits {
                let text = &mut sources[file].1;
                let at = at.index(text.len().max(1)).min(text.len());
                let end = (at + gone).min(text.len());
                if text.is_char_boundary(at) && text.is_char_boundary(end) {
                    text.replace_range(at..end, &put);
                }
                if put.is_empty() {
                    sources.swap(0, file);
                }
                let (kept, anew) = (checks.check(&sources), check(&sources, &vocabulary, &Limits::default()));
                prop_assert_eq!(kept.problems, anew.problems);
                prop_assert_eq!(kept.graphs, anew.graphs);
                prop_assert_eq!(kept.catalogue, anew.catalogue);
            }
        }
    }
}
