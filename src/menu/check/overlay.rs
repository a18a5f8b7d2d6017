//! Overlays: further languages of a tree or of the messages, each in a file of its own that names
//! the same blocks and lines. They are laid over the tree before it is checked, so that every
//! rule about texts holds for them too.

use super::{meant, texts::has_words};
use crate::menu::{
    report::{Problem, Severity, nearest},
    syntax,
    tree::{Block, File, Head, Key, Line, Name, Slot, Span},
};
use crate::types::Lang;
use std::{collections::BTreeMap, sync::Arc};

/// What an overlay says of its language as a whole.
#[derive(Debug, Clone)]
pub(super) struct Further {
    /// The language; none when its tag cannot be read.
    pub lang: Option<Lang>,
    /// Where its head stands.
    pub head: Span,
    /// Its letters lie outside GSM-7: screens and SMS go as UCS-2.
    pub ucs2: bool,
    /// Over how many pages a screen may go.
    pub pages: u8,
    /// The same for single blocks, whose options may then stand on a later page.
    pub pages_of: BTreeMap<String, u8>,
    /// The engine's own keys.
    pub keys: Vec<Key>,
    /// How many SMS any of its messages may cost.
    pub parts: Option<u8>,
    /// The same for single messages.
    pub parts_of: BTreeMap<String, u8>,
}

impl Further {
    /// Over how many pages this block may go.
    pub fn pages_for(&self, block: &str) -> u8 {
        self.pages_of.get(block).copied().unwrap_or(self.pages)
    }

    /// How many SMS this message may cost, when the overlay says.
    pub fn parts_for(&self, message: &str) -> Option<u8> {
        self.parts_of.get(message).copied().or(self.parts)
    }
}

/// A file as it was read.
#[derive(Debug)]
pub(super) struct Read {
    pub name: String,
    pub text: String,
    pub file: File,
    /// What could not be read.
    found: Vec<Problem>,
}

impl Read {
    /// Reads a file.
    pub fn new(name: &str, text: &str) -> Self {
        let (file, found) = syntax::parse(name, text);
        Self { name: name.to_owned(), text: text.to_owned(), file, found }
    }

    /// The name that overlays call it by.
    fn called(&self) -> &str {
        let head = self.file.blocks.iter().find_map(|block| match &block.head {
            Head::Menu(name) => Some(name.it.as_str()),
            _ => None,
        });
        let file = || self.name.rsplit('/').next().unwrap_or_default().trim_end_matches(".menu");
        if is_catalogue(&self.file) { "messages" } else { head.unwrap_or_else(file) }
    }

    /// The tree that an overlay is of.
    fn of(&self) -> Option<&Name> {
        match &self.file.blocks.first()?.head {
            Head::Overlay { of, .. } => Some(of),
            _ => None,
        }
    }
}

fn is_catalogue(file: &File) -> bool {
    file.blocks.iter().any(|block| matches!(block.head, Head::Messages))
}

/// A tree or the messages, with all their overlays laid over: one source, one tree.
#[derive(Debug)]
pub(super) struct Whole {
    /// The file itself, and its overlays.
    files: Vec<Arc<Read>>,
    /// The file, and behind it every overlay.
    pub source: String,
    pub tree: File,
    pub further: Vec<Further>,
    /// Where each overlay begins in the source.
    begins: Vec<usize>,
    /// What is wrong with the files as such.
    pub found: Vec<Problem>,
}

/// The files as they belong together, those that are known not laid together again; and what is wrong
/// with files that belong to none.
pub(super) fn gather(files: &[Arc<Read>], known: &[Arc<Whole>]) -> (Vec<Arc<Whole>>, Vec<Problem>) {
    let (overlays, own): (Vec<_>, Vec<_>) = files.iter().partition(|file| syntax::is_overlay(&file.text));
    let mut sets: Vec<Vec<&Arc<Read>>> = own.into_iter().map(|file| vec![file]).collect();
    let mut problems = Vec::new();
    for overlay in overlays {
        let Some(of) = overlay.of() else {
            problems.extend(overlay.found.iter().cloned());
            continue;
        };
        if let Some(set) = sets.iter_mut().find(|set| set[0].called() == of.it) {
            set.push(overlay);
            continue;
        }
        problems.extend(overlay.found.iter().cloned());
        let help = meant(nearest(&of.it, sets.iter().map(|set| set[0].called())), || {
            format!("it is checked beside the file that begins with `menu {}`", of.it)
        });
        problems.push(Problem {
            severity: Severity::Error,
            code: "overlay-of-nothing",
            file: overlay.name.clone(),
            span: of.at,
            sentence: format!("there is no tree `{}` for this overlay", of.it),
            help,
        });
    }
    let whole = |set: Vec<&Arc<Read>>| {
        let is_known =
            |whole: &&Arc<Whole>| whole.files.iter().map(Arc::as_ptr).eq(set.iter().map(|f| Arc::as_ptr(f)));
        known.iter().find(is_known).map_or_else(|| Arc::new(Whole::of(&set)), Arc::clone)
    };
    (sets.into_iter().map(whole).collect(), problems)
}

impl Whole {
    /// A file with its overlays laid over.
    fn of(files: &[&Arc<Read>]) -> Self {
        let (own, overlays) = (files[0], &files[1..]);
        let mut whole = Self {
            files: files.iter().map(|file| Arc::clone(file)).collect(),
            source: own.text.clone(),
            tree: own.file.clone(),
            further: Vec::new(),
            begins: Vec::new(),
            found: own.found.clone(),
        };
        overlays.iter().for_each(|overlay| whole.lay(overlay));
        whole
    }

    /// The name of the file itself.
    pub fn name(&self) -> &str {
        &self.files[0].name
    }

    /// Whether this is the catalogue of messages.
    pub fn is_catalogue(&self) -> bool {
        is_catalogue(&self.tree)
    }

    /// Where the file itself ends and its overlays begin.
    pub fn own_end(&self) -> usize {
        self.begins.first().copied().unwrap_or(usize::MAX)
    }

    /// The name that overlays call it by.
    fn called(&self) -> &str {
        self.files[0].called()
    }

    /// A problem with the file and the place it has outside of here.
    pub fn placed(&self, mut problem: Problem) -> Problem {
        let mut overlays = self.begins.iter().zip(&self.files[1..]);
        if let Some((begin, overlay)) = overlays.rfind(|(begin, _)| problem.span.start >= **begin) {
            problem.file.clone_from(&overlay.name);
            problem.span = Span::new(problem.span.start - begin, problem.span.end - begin);
        }
        problem
    }

    /// Lays one overlay over what is there.
    fn lay(&mut self, overlay: &Read) {
        self.source.push('\n');
        let begin = self.source.len();
        self.source.push_str(&overlay.text);
        self.begins.push(begin);
        let (file, found) = syntax::parse_from(&overlay.name, &self.source, begin);
        let unread = found.iter().any(|problem| matches!(problem.code, "syntax" | "unknown-block"));
        let places = places(&self.tree);
        let mut laying = Laying { whole: self, places, unread, found };
        laying.overlay(&file);
        let found = laying.found;
        let found: Vec<Problem> = found.into_iter().map(|problem| self.placed(problem)).collect();
        self.found.extend(found);
    }
}

/// Where each block of a tree stands, by its word and name; the first of those that are called alike.
fn places(tree: &File) -> BTreeMap<(&'static str, Option<String>), usize> {
    let key = |block: &Block| (block.word(), block.name().map(|name| name.it.clone()));
    tree.blocks.iter().enumerate().rev().map(|(at, block)| (key(block), at)).collect()
}

/// One overlay being laid over.
struct Laying<'w> {
    whole: &'w mut Whole,
    places: BTreeMap<(&'static str, Option<String>), usize>,
    /// Whether a header may have been lost: then no block is said to be missing.
    unread: bool,
    found: Vec<Problem>,
}

impl Laying<'_> {
    fn error(&mut self, code: &'static str, span: Span, sentence: String, help: String) {
        let file = self.whole.name().to_owned();
        self.found.push(Problem { severity: Severity::Error, code, file, span, sentence, help });
    }

    fn overlay(&mut self, overlay: &File) {
        let Some((head, blocks)) = overlay.blocks.split_first() else { return };
        let further = self.head(head);
        self.whole.further.push(further);
        for line in self.whole.tree.blocks.iter_mut().flat_map(|block| &mut block.lines) {
            if let Some((_, texts)) = line.it.texts_mut() {
                texts.further.push(None);
            }
        }
        // Which block of the tree each block of the overlay was laid over.
        let mut laid: BTreeMap<usize, &Block> = BTreeMap::new();
        for block in blocks {
            match &block.head {
                Head::Of { block: "words", .. } => self.words(block),
                Head::Of { name, .. } => {
                    let Some(at) = self.find(block, name.as_ref()) else { continue };
                    if laid.insert(at, block).is_some() {
                        let help = "write all its lines in one place".to_owned();
                        self.error("line-twice", block.at, "this block stands twice".into(), help);
                    }
                    self.lines(at, block);
                }
                Head::Overlay { .. } => {
                    let help = "one file is one language of one tree".to_owned();
                    self.error("second-head", block.at, "this file has a head already".into(), help);
                }
                _ => {}
            }
        }
        self.missing(head, &laid);
    }

    fn head(&mut self, head: &Block) -> Further {
        let mut further = Further {
            lang: None,
            head: head.at,
            ucs2: false,
            pages: 1,
            pages_of: BTreeMap::new(),
            keys: Vec::new(),
            parts: None,
            parts_of: BTreeMap::new(),
        };
        if let Head::Overlay { lang, .. } = &head.head {
            match lang.it.parse() {
                Ok(tag) => further.lang = Some(tag),
                Err(error) => {
                    let error: crate::types::lang::NotALang = error;
                    self.error("unknown-lang", lang.at, error.to_string(), String::new());
                }
            }
        }
        for line in &head.lines {
            match &line.it {
                Line::Ucs2 => further.ucs2 = true,
                Line::Pages(pages) => further.pages = *pages,
                Line::Parts(parts) => further.parts = Some(*parts),
                Line::Keys(keys) => further.keys.extend(keys.iter().cloned()),
                _ => {}
            }
        }
        further
    }

    /// The block of the tree that this one is of.
    fn find(&mut self, block: &Block, name: Option<&Name>) -> Option<usize> {
        let word = block.word();
        let blocks = &self.whole.tree.blocks;
        let same =
            |other: &Block| other.name().map(|name| name.it.as_str()) == name.map(|name| name.it.as_str());
        if let Some(at) = self.places.get(&(word, name.map(|name| name.it.clone()))) {
            return Some(*at);
        }
        let called = self.whole.called();
        let (sentence, span, help) = match name {
            None => (format!("`{called}` has no `{word}`"), block.at, String::new()),
            Some(name) => {
                let other = blocks.iter().find(|other| other.word() != "menu" && same(other));
                let names =
                    blocks.iter().filter(|other| other.word() == word).filter_map(|other| other.name());
                let near = nearest(&name.it, names.map(|name| name.it.as_str()));
                let help = match other {
                    Some(other) => format!("there it is a `{}`", other.word()),
                    None => meant(near, || "take it away, or write it into the tree first".into()),
                };
                (format!("`{called}` has no {word} `{}`", name.it), name.at, help)
            }
        };
        self.error("overlay-unknown", span, sentence, help);
        None
    }

    /// Puts the texts of a block where they belong.
    fn lines(&mut self, at: usize, block: &Block) {
        for line in &block.lines {
            let (called, given) = match &line.it {
                Line::Text(field, texts) => (field.word().to_owned(), texts),
                Line::Label { word, label } => (word.it.clone(), label),
                Line::Option(key) => (key.key.it.clone(), &key.label),
                Line::Pages(pages) => {
                    if let (Some(name), Some(further)) = (block.name(), self.whole.further.last_mut()) {
                        further.pages_of.insert(name.it.clone(), *pages);
                    }
                    continue;
                }
                Line::Parts(parts) => {
                    if let (Some(name), Some(further)) = (block.name(), self.whole.further.last_mut()) {
                        further.parts_of.insert(name.it.clone(), *parts);
                    }
                    continue;
                }
                _ => continue,
            };
            let own = self.whole.tree.blocks[at].lines.iter_mut().filter_map(|line| line.it.texts_mut());
            let places: Vec<_> = own.filter(|(name, _)| *name == called).map(|(_, texts)| texts).collect();
            let none = places.is_empty();
            let mut places = places.into_iter().filter_map(|texts| texts.further.last_mut());
            let free = places.find(|text| text.is_none());
            match (free, given.by_lang.first()) {
                (Some(free), Some(text)) if !text.it.is_empty() => *free = Some(text.clone()),
                (Some(_), _) => {
                    self.error("text-empty", line.at, "there is no text here".into(), "write it".into());
                }
                (None, _) if none => {
                    let sentence =
                        format!("this {} has no `{called}` in `{}`", block.word(), self.whole.called());
                    let help = "take the line away, or write it into the tree first".to_owned();
                    self.error("overlay-unknown", line.at, sentence, help);
                }
                (None, _) => {
                    self.error(
                        "line-twice",
                        line.at,
                        format!("`{called}` stands twice"),
                        "take one away".into(),
                    );
                }
            }
        }
    }

    /// Words of commands: understood beside those that the tree has.
    fn words(&mut self, block: &Block) {
        for line in &block.lines {
            let Line::Word { word, ours } = &line.it else { continue };
            let mut known = false;
            for block in &mut self.whole.tree.blocks {
                let Head::Text { words, slots } = &mut block.head else { continue };
                let inside = slots.iter_mut().filter_map(|slot| match &mut slot.it {
                    Slot::Words(words) => Some(words),
                    Slot::Value { .. } => None,
                });
                for words in inside.chain([words]) {
                    if words.iter().any(|other| other.it == word.it) {
                        known = true;
                        words.push(ours.clone());
                    }
                }
            }
            if !known {
                let sentence = format!("no command of `{}` has the word `{}`", self.whole.called(), word.it);
                let help = "write a word as it stands in a `text` block of the tree".to_owned();
                self.error("overlay-unknown", word.at, sentence, help);
            }
        }
    }

    /// Every text of the tree that people read as words must be there.
    fn missing(&mut self, head: &Block, laid: &BTreeMap<usize, &Block>) {
        let mut whole_blocks = Vec::new();
        let mut lacking: Vec<(Span, String)> = Vec::new();
        for (at, block) in self.whole.tree.blocks.iter_mut().enumerate() {
            let of = match block.name() {
                Some(name) => format!("{} {}", block.word(), name.it),
                None => block.word().to_owned(),
            };
            let lines = block.lines.iter_mut().filter_map(|line| line.it.texts_mut());
            let missing: Vec<String> = lines
                .filter(|(_, texts)| matches!(texts.further.last(), Some(None)))
                .filter(|(_, texts)| {
                    texts.by_lang.len() > 1 || texts.by_lang.iter().any(|text| has_words(&text.it))
                })
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            match laid.get(&at) {
                _ if missing.is_empty() => {}
                Some(over) if over.broken => {}
                Some(over) => lacking.push((over.at, missing.join(", "))),
                None => whole_blocks.push(format!("`{of}`")),
            }
        }
        for (span, lines) in lacking {
            let sentence = format!("this block lacks {lines}");
            self.error("overlay-missing", span, sentence, "write each in this language".into());
        }
        if !whole_blocks.is_empty() && !self.unread {
            let sentence = format!("this overlay lacks {}", whole_blocks.join(", "));
            let help = "write each of these blocks with its texts in this language".to_owned();
            self.error("overlay-missing", head.at, sentence, help);
        }
    }
}
