//! How people in the simulated world read: a text is one of the menu files' texts in their own
//! language, with values in it. What matches none is a text that nobody should have been sent.

use crate::engine::menus::Edition;
use crate::menu::graph::{Graph, Kind, Path, Piece, Text};
use crate::types::Lang;
use std::collections::BTreeMap;

/// A text as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which block of a tree, or which message of the catalogue.
    pub name: String,
    /// The values in it, by the paths of the menu file: `o.code`, `me.free`.
    pub values: BTreeMap<String, String>,
    /// All of it.
    pub text: String,
}

impl Told {
    /// A value, empty when the text has none of this path.
    pub fn value(&self, path: &str) -> &str {
        self.values.get(path).map_or("", String::as_str)
    }

    /// A value as a whole number.
    pub fn number(&self, path: &str) -> u32 {
        self.value(path).parse().unwrap_or(0)
    }

    /// A sum in whole shillings, its cents dropped: `1,274.50` is 1274.
    pub fn shillings(&self, path: &str) -> u64 {
        let whole = self.value(path).split('.').next().unwrap_or_default();
        whole.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
    }

    /// The key of the first option or row whose label holds this.
    pub fn row(&self, holds: &str) -> Option<String> {
        self.rows().find(|(_, label)| label.contains(holds)).map(|(key, _)| key.to_owned())
    }

    /// Options and rows: key and label.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.text.lines().filter_map(|line| line.split_once(' '));
        lines.filter(|(key, _)| matches!(key.as_bytes(), [b'1'..=b'9']))
    }

    /// Whether this key is offered.
    pub fn offers(&self, key: &str) -> bool {
        self.text.lines().any(|line| line.split_once(' ').is_some_and(|(begin, _)| begin == key))
    }
}

/// A text of the files in one language.
struct Pattern {
    name: String,
    pieces: Vec<Piece>,
    /// Letters of it that are no values: of two that fit, the one with more is meant.
    weight: usize,
}

impl Pattern {
    fn new(name: &str, text: &Text, lang: usize) -> Option<Self> {
        let pieces = text.by_lang.get(lang)?.clone();
        let literal = |piece: &Piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Value(_) => 0,
        };
        let weight = pieces.iter().map(literal).sum();
        // A text of values alone says nothing of its own by which anybody would know it.
        (weight > 0).then_some(Self { name: name.to_owned(), pieces, weight })
    }

    fn begins(&self, text: &str) -> bool {
        match self.pieces.first() {
            Some(Piece::Literal(first)) => text.starts_with(first.as_str()),
            Some(Piece::Value(_)) => true,
            None => false,
        }
    }
}

/// Where a text may end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// With its last piece.
    Whole,
    /// With its last piece; options may stand below.
    Screen,
    /// Anywhere: the rest is on the next page.
    Page,
}

impl Ends {
    fn here(self, rest: &str) -> bool {
        rest.is_empty() || (self != Self::Whole && rest.starts_with('\n'))
    }

    /// Whether the text ran out within this piece, the blank at the cut dropped.
    fn within(self, piece: &str, text: &str) -> bool {
        self == Self::Page && piece.starts_with(text)
    }
}

/// Values as they were found: path and words.
type Found<'t> = Vec<(&'t Path, &'t str)>;

/// Takes the pieces off the text; whether it ends where it may.
fn take<'t>(pieces: &'t [Piece], text: &'t str, ends: Ends, values: &mut Found<'t>) -> bool {
    let (path, rest) = match pieces {
        [] => return ends.here(text),
        [Piece::Literal(literal), rest @ ..] => {
            let whole = text.strip_prefix(literal.as_str());
            return whole.is_some_and(|text| take(rest, text, ends, values)) || ends.within(literal, text);
        }
        [Piece::Value(path), rest @ ..] => (path, rest),
    };
    // A value stands on one line.
    let line = text.find('\n').unwrap_or(text.len());
    let mut stops_at = |at: usize| {
        values.push((path, &text[..at]));
        let fits = take(rest, &text[at..], ends, values);
        if !fits {
            values.pop();
        }
        fits
    };
    match rest {
        [] => stops_at(line),
        [Piece::Literal(literal), ..] => {
            // Where the next words begin, or where the text ran out within them.
            let last = text.len().saturating_sub(literal.len());
            let mut boundaries = (0..=line).filter(|at| text.is_char_boundary(*at));
            let may = |at: usize| at > last || text.as_bytes()[at..].starts_with(literal.as_bytes());
            let first = literal.as_bytes().first();
            boundaries.any(|at| (at >= last || text.as_bytes().get(at) == first) && may(at) && stops_at(at))
        }
        _ => (0..=line).filter(|at| text.is_char_boundary(*at)).any(stops_at),
    }
}

fn find(patterns: &[Pattern], text: &str, ends: Ends) -> Option<Told> {
    let mut best: Option<(usize, &Pattern, Found<'_>)> = None;
    let mut values = Vec::new();
    for pattern in patterns.iter().filter(|pattern| pattern.begins(text)) {
        values.clear();
        if !take(&pattern.pieces, text, ends, &mut values) {
            continue;
        }
        // Of a text that goes on elsewhere, what was found in it counts, not what may follow.
        let weight = if ends == Ends::Page { values.len() } else { pattern.weight };
        if best.as_ref().is_none_or(|(known, ..)| *known < weight) {
            best = Some((weight, pattern, values.clone()));
        }
    }
    let (_, pattern, values) = best?;
    let values = values.into_iter().map(|(path, value)| (path.to_string(), value.to_owned())).collect();
    Some(Told { name: pattern.name.clone(), values, text: text.to_owned() })
}

/// The texts of one tree in one language.
struct Tree(Vec<Pattern>);

impl Tree {
    fn new(graph: &Graph, lang: usize) -> Self {
        let mut patterns = Vec::new();
        let mut add = |name: &str, text: &Text| patterns.extend(Pattern::new(name, text, lang));
        for node in &graph.nodes {
            if let Some(say) = node.say() {
                add(&node.name, say);
            }
            match &node.kind {
                Kind::NewPin { again, .. } => add(&node.name, again),
                Kind::List { none, .. } => add(&node.name, none),
                _ => {}
            }
        }
        if let Some(resume) = &graph.resume {
            add("resume", &resume.say);
            // Where its name leaves no room for the options, the question goes unnamed.
            if let Some([Piece::Literal(before), ..]) = resume.say.by_lang.get(lang).map(Vec::as_slice) {
                let unnamed = before.trim_end().to_owned();
                let (name, weight) = ("resume".to_owned(), unnamed.len());
                patterns.push(Pattern { name, pieces: vec![Piece::Literal(unnamed)], weight });
            }
        }
        // No other screen begins so, and what it names may look like one.
        patterns.iter_mut().filter(|one| one.name == "resume").for_each(|one| one.weight += 1_000);
        Self(patterns)
    }
}

/// Reads every text of one version of the menus.
pub struct Reader {
    trees: BTreeMap<(String, Lang), Tree>,
    texts: BTreeMap<Lang, Vec<Pattern>>,
}

impl Reader {
    /// A reader of these menus.
    pub fn new(edition: &Edition) -> Self {
        let mut trees = BTreeMap::new();
        for graph in &edition.graphs {
            for (at, lang) in graph.langs.iter().enumerate() {
                trees.insert((graph.who.clone(), *lang), Tree::new(graph, at));
            }
        }
        let catalogue = &edition.catalogue;
        let in_lang = |at| {
            let texts = catalogue.messages.iter();
            texts.filter_map(|(name, message)| Pattern::new(name, &message.say, at)).collect()
        };
        let texts = catalogue.langs.iter().enumerate().map(|(at, lang)| (*lang, in_lang(at))).collect();
        Self { trees, texts }
    }

    /// A screen of the tree of a role (`artisan`, `stranger`) in a language.
    pub fn screen(&self, who: &str, lang: Lang, text: &str) -> Option<Told> {
        let tree = self.trees.get(&(who.to_owned(), lang))?;
        // Above a screen may stand what was wrong with the last answer.
        let below = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut from = std::iter::once(0).chain(below).take(3);
        let whole = from.find_map(|at| find(&tree.0, &text[at..], Ends::Screen));
        let of_tree = whole.or_else(|| find(&tree.0, text.split_once("\n98 ")?.0, Ends::Page));
        let own = |told: Told| Told { text: text.to_owned(), ..told };
        of_tree.map(own).or_else(|| self.text(lang, text))
    }

    /// A text of the catalogue in a language.
    pub fn text(&self, lang: Lang, text: &str) -> Option<Told> {
        find(self.texts.get(&lang)?, text, Ends::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::check::Limits;

    fn reader() -> Reader {
        let edition = Edition::read(&crate::menu::builtin::sources(), &Limits::default());
        Reader::new(&edition.expect("sound menus"))
    }

    #[test]
    fn a_screen_is_known_by_its_words_and_its_options_by_their_keys() {
        let text = "Hello Achieng. You have KSh 1,274.50\n1 Sell a piece\n2 Orders (3 new)\n3 Money";
        let told = reader().screen("artisan", Lang::EN, text).expect("read");
        assert_eq!(told.name, "home");
        assert_eq!((told.value("me.first"), told.shillings("me.free")), ("Achieng", 1_274));
        assert_eq!(told.row("Money").as_deref(), Some("3"));
        assert!(told.offers("2") && !told.offers("4"));
    }

    #[test]
    fn a_question_is_known_below_the_word_on_a_wrong_answer() {
        let text = "A number from 1 to 99.\nHow many are ready now?\n0 Back";
        assert_eq!(reader().screen("artisan", Lang::EN, text).expect("read").name, "sell.ready");
    }

    #[test]
    fn a_screen_whose_rest_is_on_the_next_page_is_known_by_its_beginning() {
        let text = "482105: 2 Bracelet, Njeri 0700100006,\n98 More\n0 Back";
        let told = reader().screen("rider", Lang::EN, text).expect("read");
        assert_eq!((told.name.as_str(), told.value("t.code")), ("task.show", "482105"));
    }

    #[test]
    fn a_text_in_another_language_is_not_read() {
        let swahili = "Oda 482105 haipo tena.";
        let told = reader().text(Lang::SW, swahili).expect("read");
        assert_eq!((told.name.as_str(), told.value("o.code")), ("order_gone", "482105"));
        assert_eq!(reader().text(Lang::EN, swahili), None);
    }
}
