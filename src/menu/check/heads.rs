//! What a whole file rests on: its head, its languages, its enums, the names of its blocks.

use super::{
    Checker, meant,
    overlay::{Further, Whole},
};
use crate::menu::{
    graph::{Enum, Graph, NavKey, Text},
    report::{Problem, Severity, nearest},
    tree::{At, Block, Head, Key, Line, Name, Span},
};
use crate::types::Lang;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// The lines of a `menu` block.
pub(super) struct Settings {
    pub name: String,
    pub at: Span,
    pub dial: Option<String>,
    pub who: String,
    pub otherwise: Option<String>,
    pub limit: u16,
    pub limit_at: Span,
    pub idle: Duration,
    pub idle_at: Span,
    pub dialog: Duration,
    pub dialog_at: Span,
    pub resume_within: Duration,
    pub keys: [NavKey; 3],
}

/// The engine's own keys, and their labels in the languages that everybody has.
const KEYS: [(&str, [(Lang, &str); 2]); 3] = [
    ("0", [(Lang::EN, "Back"), (Lang::SW, "Rudi")]),
    ("00", [(Lang::EN, "Home"), (Lang::SW, "Mwanzo")]),
    ("98", [(Lang::EN, "More"), (Lang::SW, "Zaidi")]),
];

impl<'a> Checker<'a> {
    /// The block a file must begin with. Complains about a missing and a second one.
    fn head(&mut self, word: &str) -> Option<&'a Block> {
        let is_head = |b: &&Block| matches!(b.head, Head::Menu(_) | Head::Messages);
        let mut heads = self.blocks().filter(is_head);
        let first = heads.next();
        let others: Vec<&Block> = heads.collect();
        for other in others {
            let help = "one file is one tree, or the messages".to_owned();
            self.error("second-head", other.at, "this file has a head already".into(), help);
        }
        if first.is_none_or(|head| !std::ptr::eq(head, &raw const self.tree.blocks[0])) {
            let at = self.tree.blocks.first().map_or_else(Span::default, |block| block.at);
            let help = format!("begin the file with `{word}`");
            self.error("head-missing", at, "a file begins with its head".into(), help);
        }
        first
    }

    /// Languages and enums, of either sort of file.
    pub(super) fn foundations(&mut self, word: &str) -> Option<&'a Block> {
        let head = self.head(word);
        self.languages(head);
        self.own_enums();
        for (name, shared) in &self.shared.catalogue.enums {
            if !self.enums.contains_key(name) {
                let words = shared.words.iter().map(|(word, label)| (word.clone(), self.reordered(label)));
                let words = words.collect();
                self.enums.insert(name.clone(), Enum { words });
            }
        }
        head
    }

    fn languages(&mut self, head: Option<&'a Block>) {
        let line = head.and_then(|head| {
            head.lines.iter().find_map(|line| match &line.it {
                Line::Langs(langs) => Some(langs),
                _ => None,
            })
        });
        let Some(tags) = line else {
            if let Some(head) = head {
                let help = "name the languages of the texts, such as `langs en sw`".to_owned();
                self.error("langs-missing", head.at, "this file names no languages".into(), help);
            }
            self.langs = vec![Lang::EN, Lang::SW];
            self.further_languages();
            return;
        };
        for tag in tags {
            match tag.it.parse::<Lang>() {
                Ok(lang) if self.langs.contains(&lang) => {
                    self.error("lang-twice", tag.at, format!("`{lang}` stands twice"), String::new());
                }
                Ok(lang) => {
                    self.langs.push(lang);
                    if !self.shared.catalogue.langs.is_empty() && !self.shared.catalogue.langs.contains(&lang)
                    {
                        let sentence = format!("the messages are not written in `{lang}`");
                        let help = "people would read screens in it and get every SMS in another".to_owned();
                        self.error("lang-without-messages", tag.at, sentence, help);
                    }
                }
                Err(error) => self.error("unknown-lang", tag.at, error.to_string(), String::new()),
            }
        }
        self.further_languages();
    }

    /// The languages of the overlays, behind the file's own.
    fn further_languages(&mut self) {
        self.own_langs = self.langs.len();
        for further in self.further {
            // One whose tag cannot be read has been reported; its place is kept.
            let Some(lang) = further.lang else {
                self.langs.push(Lang::EN);
                continue;
            };
            if self.langs.contains(&lang) {
                let help = "a language is written once, in the tree or in one overlay".to_owned();
                self.error("overlay-twice", further.head, format!("this tree has `{lang}` already"), help);
            }
            self.langs.push(lang);
            if !self.shared.catalogue.langs.is_empty() && !self.shared.catalogue.langs.contains(&lang) {
                let sentence = format!("the messages are not written in `{lang}`");
                let help =
                    format!("write them too, into an overlay that begins with `overlay messages {lang}`");
                self.error("lang-without-messages", further.head, sentence, help);
            }
        }
    }

    /// A text of the messages file in the order of this file's languages.
    fn reordered(&self, text: &Text) -> Text {
        let at = |lang| self.shared.catalogue.langs.iter().position(|known| known == lang);
        let pieces = |lang| at(lang).and_then(|at| text.by_lang.get(at)).cloned().unwrap_or_default();
        Text { by_lang: self.langs.iter().map(pieces).collect() }
    }

    fn own_enums(&mut self) {
        let mut seen = BTreeMap::new();
        for block in self.blocks() {
            let Head::Enum(name) = &block.head else { continue };
            self.twice(&mut seen, name, "enum");
            let mut words: Vec<(String, Text)> = Vec::new();
            for line in &block.lines {
                let Line::Label { word, label } = &line.it else { continue };
                if words.iter().any(|(known, _)| *known == word.it) {
                    let sentence = format!("`{}` stands twice in this enum", word.it);
                    self.error("word-twice", word.at, sentence, "take one away".into());
                    continue;
                }
                let label = self.literal(label, line.at, 0);
                words.push((word.it.clone(), label));
            }
            self.same_words_as_the_domain(name, &words);
            self.enums.insert(name.it.clone(), Enum { words });
        }
    }

    fn same_words_as_the_domain(&mut self, name: &Name, words: &[(String, Text)]) {
        let Some(domain) = self.vocabulary.enums.get(&name.it) else { return };
        let lacks: Vec<_> = domain.iter().filter(|word| !words.iter().any(|(w, _)| w == *word)).collect();
        let has: Vec<_> = words.iter().map(|(word, _)| word).filter(|word| !domain.contains(word)).collect();
        for (what, found) in [("lacks", lacks), ("has, and the domain has not,", has)] {
            if !found.is_empty() {
                let found = found.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
                let help = format!("its words are: {}", domain.join(", "));
                self.error("enum-differs", name.at, format!("enum `{}` {what} {found}", name.it), help);
            }
        }
    }

    pub(super) fn twice(&mut self, seen: &mut BTreeMap<String, usize>, name: &Name, what: &str) -> bool {
        let line = self.lines.line(name.at.start);
        if let Some(first) = seen.get(&name.it) {
            let sentence = format!("there is a {what} `{}` already, on line {first}", name.it);
            self.error("name-twice", name.at, sentence, "give one of them another name".into());
            return true;
        }
        seen.insert(name.it.clone(), line);
        false
    }

    /// Collects the blocks that a dialog can stand on, by name.
    pub(super) fn collect_nodes(&mut self) {
        let mut seen = BTreeMap::new();
        for block in self.blocks() {
            let Head::Node { name, .. } = &block.head else { continue };
            if name.it == "resume" {
                let help = "`-> resume` means going on where a dialog was cut".to_owned();
                self.error("name-twice", name.at, "no block can be called `resume`".into(), help);
            }
            if !self.twice(&mut seen, name, "block") {
                self.by_name.insert(&name.it, self.nodes.len());
                self.nodes.push(block);
            }
        }
    }

    /// The settings of a `menu` block, defaults where it is silent.
    pub(super) fn settings(&mut self, head: Option<&'a Block>) -> Settings {
        let name = match head.map(|head| &head.head) {
            Some(Head::Menu(name)) => name.it.clone(),
            _ => self.file.rsplit('/').next().unwrap_or_default().trim_end_matches(".menu").to_owned(),
        };
        let at = head.map_or_else(Span::default, |head| head.at);
        let mut settings = Settings {
            name,
            at,
            dial: None,
            who: String::new(),
            otherwise: None,
            limit: 182,
            limit_at: at,
            idle: Duration::from_secs(40),
            idle_at: at,
            dialog: Duration::from_secs(150),
            dialog_at: at,
            resume_within: Duration::from_secs(20 * 60),
            keys: self.default_keys(),
        };
        let mut seen = BTreeSet::new();
        for line in head.map_or(&[][..], |head| &head.lines) {
            self.setting(&mut settings, line, &mut seen);
        }
        if settings.who.is_empty() && head.is_some() {
            let help = "add `who` and a role, such as `who artisan`".to_owned();
            self.error("who-missing", at, "this tree serves nobody".into(), help);
        }
        if settings.keys.iter().any(|key| key.label.by_lang.iter().take(self.own_langs).any(Vec::is_empty)) {
            let help =
                "write them, such as `keys 0 Back | Rudi, 00 Home | Mwanzo, 98 More | Zaidi`".to_owned();
            self.error("keys-missing", at, "the keys for back, home and more have no labels".into(), help);
        }
        for (at, further) in self.further.iter().enumerate() {
            self.further_keys(&mut settings, self.own_langs + at, further);
        }
        settings
    }

    /// The labels that an overlay has for the engine's own keys.
    fn further_keys(&mut self, settings: &mut Settings, lang: usize, further: &'a Further) {
        for key in &further.keys {
            let label = self.literal(&key.label, key.key.at, lang);
            match settings.keys.iter_mut().find(|known| known.key == key.key.it) {
                Some(known) => {
                    known.label.by_lang[lang] = label.by_lang.into_iter().next().unwrap_or_default()
                }
                None => self.unknown_key(key),
            }
        }
        let given = |key: &str| further.keys.iter().any(|known| known.key.it == key);
        if !KEYS.iter().all(|(key, _)| given(key)) {
            let help = "write them, such as `keys 0 Back, 00 Home, 98 More`".to_owned();
            let sentence = "the keys for back, home and more have no labels".to_owned();
            self.error("keys-missing", further.head, sentence, help);
        }
    }

    fn unknown_key(&mut self, key: &Key) {
        let help = "the keys are 0 for back, 00 for home and 98 for more".to_owned();
        self.error("unknown-key", key.key.at, format!("`{}` is no such key", key.key.it), help);
    }

    fn setting(&mut self, settings: &mut Settings, line: &'a At<Line>, seen: &mut BTreeSet<&'static str>) {
        let word = match &line.it {
            Line::Dial(code) => {
                settings.dial = Some(code.clone());
                "dial"
            }
            Line::Who { role, otherwise } => {
                settings.who = role.it.clone();
                settings.otherwise = otherwise.as_ref().map(|name| name.it.clone());
                "who"
            }
            Line::Langs(_) => "langs",
            Line::Limit(limit) => {
                (settings.limit, settings.limit_at) = (*limit, line.at);
                if !(40..=182).contains(limit) {
                    let sentence = format!("a screen of {limit} septets cannot be sent");
                    let help =
                        "a USSD string holds 182 septets; nothing can be said in fewer than 40".to_owned();
                    self.error("limit-out-of-range", line.at, sentence, help);
                }
                "limit"
            }
            Line::Idle(time) => {
                (settings.idle, settings.idle_at) = (*time, line.at);
                "idle"
            }
            Line::Dialog(time) => {
                (settings.dialog, settings.dialog_at) = (*time, line.at);
                "dialog"
            }
            Line::ResumeWithin(time) => {
                settings.resume_within = *time;
                "resume"
            }
            Line::Keys(keys) => {
                for key in keys {
                    let Some(at) = KEYS.iter().position(|(known, _)| *known == key.key.it) else {
                        self.unknown_key(key);
                        continue;
                    };
                    settings.keys[at].label = self.literal(&key.label, key.key.at, 0);
                }
                "keys"
            }
            _ => return,
        };
        if !seen.insert(word) {
            self.error("line-twice", line.at, format!("`{word}` stands twice"), "take one away".into());
        }
    }

    fn default_keys(&self) -> [NavKey; 3] {
        use crate::menu::graph::Piece;
        KEYS.map(|(key, labels)| {
            let label = |lang: &Lang| {
                let known = labels.iter().find(|(known, _)| known == lang);
                known.map(|(_, label)| Piece::Literal((*label).to_owned())).into_iter().collect()
            };
            NavKey { key: key.to_owned(), label: Text { by_lang: self.langs.iter().map(label).collect() } }
        })
    }
}

/// What only shows when all files lie side by side: trees of one name, `else` trees that are not
/// there, one enum with different words.
pub(super) fn compare(wholes: &[Arc<Whole>], graphs: &[Arc<Graph>], problems: &mut Vec<Problem>) {
    languages_of_some(wholes, problems);
    let mut enums: BTreeMap<&str, (&str, BTreeSet<&str>)> = BTreeMap::new();
    let mut trees: BTreeMap<&str, &str> = BTreeMap::new();
    let mut report = |code, file: &str, span, sentence, help| {
        let file = file.to_owned();
        problems.push(Problem { severity: Severity::Error, code, file, span, sentence, help });
    };
    for (file, tree) in wholes.iter().map(|whole| (whole.name(), &whole.tree)) {
        for block in &tree.blocks {
            match &block.head {
                Head::Menu(name) => {
                    if let Some(other) = trees.insert(&name.it, file) {
                        let sentence = format!("the tree of {other} is called `{}` too", name.it);
                        report("name-twice", file, name.at, sentence, "give one of them another name".into());
                    }
                }
                Head::Enum(name) => {
                    let words: BTreeSet<&str> = block
                        .lines
                        .iter()
                        .filter_map(|line| match &line.it {
                            Line::Label { word, .. } => Some(word.it.as_str()),
                            _ => None,
                        })
                        .collect();
                    let (first, known) = enums.entry(&name.it).or_insert_with(|| (file, words.clone()));
                    if *known != words {
                        let sentence = format!("enum `{}` has other words in {first}", name.it);
                        let help =
                            "a value chosen in one tree is read in another: labels may differ, words not";
                        report("enum-differs", file, name.at, sentence, help.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    for (file, tree) in wholes.iter().map(|whole| (whole.name(), &whole.tree)) {
        let who = tree.blocks.iter().flat_map(|b| &b.lines).find_map(|line| match &line.it {
            Line::Who { otherwise, .. } => otherwise.as_ref(),
            _ => None,
        });
        // One file alone is checked without the trees around it.
        if let Some(name) = who.filter(|name| graphs.len() > 1 && !trees.contains_key(name.it.as_str())) {
            let help = meant(nearest(&name.it, trees.keys().copied()), || "no file has that head".into());
            report("unknown-tree", file, name.at, format!("there is no tree `{}`", name.it), help);
        }
    }
}

/// A language that an overlay gives to one tree is read by everybody who chose it, in all trees:
/// where another lacks it, they read that one in its first language.
fn languages_of_some(wholes: &[Arc<Whole>], problems: &mut Vec<Problem>) {
    let further =
        |whole: &Arc<Whole>| whole.further.iter().filter_map(|further| further.lang).collect::<Vec<_>>();
    let trees = || wholes.iter().filter(|whole| !whole.is_catalogue());
    let all: BTreeSet<Lang> = trees().flat_map(further).collect();
    for whole in trees() {
        let Some((head, name, own)) = whole.tree.blocks.iter().find_map(head_of) else { continue };
        for lang in all.iter().filter(|lang| !further(whole).contains(lang) && !own.contains(&lang.tag())) {
            let first = own.first().copied().unwrap_or("another language");
            problems.push(Problem {
                severity: Severity::Warning,
                code: "overlay-absent",
                file: whole.name().to_owned(),
                span: head,
                sentence: format!(
                    "`{name}` is not written in {lang}: people who chose it read this tree in {first}"
                ),
                help: format!("write its overlay, a file that begins with `overlay {name} {lang}`"),
            });
        }
    }
}

/// The head of a tree: where it stands, its name, its own languages.
fn head_of(block: &Block) -> Option<(Span, &str, Vec<&str>)> {
    let Head::Menu(name) = &block.head else { return None };
    let langs = block.lines.iter().find_map(|line| match &line.it {
        Line::Langs(langs) => Some(langs.iter().map(|lang| lang.it.as_str()).collect()),
        _ => None,
    });
    Some((block.at, &name.it, langs.unwrap_or_default()))
}
