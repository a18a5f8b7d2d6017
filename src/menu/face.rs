//! Every face a block can show, at its widest: what the checker measures and `menu show` prints.

use crate::menu::{
    graph::{Catalogue, Choice, Graph, Kind, Message, Node, NodeId, Path, Piece, Resume, Text},
    layout::{Nav, option_line, page, wrong_key},
    template::{Widths, scope},
    vocabulary::{NEVER_TOGETHER, Vocabulary},
};
use std::collections::{BTreeMap, BTreeSet};

/// One face of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// When it is shown: empty for the usual one.
    pub when: &'static str,
    /// The whole screen.
    pub text: String,
}

/// When a [`hinted_faces`] is shown.
pub const AFTER_A_WRONG_KEY: &str = "after a wrong key";

/// When the offer to go on does not say where she stopped.
pub const UNNAMED: &str = "without where she stopped";

/// More combinations of conditions than this are not told apart: all options count at once.
const MOST_COMBINATIONS: usize = 64;

/// The faces of a block at their widest, in the language at this index. A `do` has none.
pub fn faces(graph: &Graph, id: NodeId, vocabulary: &Vocabulary, lang: usize) -> Vec<Face> {
    let node = graph.node(id);
    let params = scope(node, vocabulary);
    let widths = Widths::of(graph, node, &params, vocabulary);
    let wide = |text| widths.render(text, lang);
    let nav = Nav::inside(id == graph.home).lines(graph, lang);
    let face = |when, text| Face { when, text };
    match &node.kind {
        Kind::Screen { say, choices } => {
            let said = wide(say);
            seen_together(choices)
                .into_iter()
                .map(|seen| face("", page(&[&said], &lines(&seen, &widths, lang), &nav)))
                .collect()
        }
        Kind::Pick { say, set, .. } => {
            let words = graph.enums.get(set).map_or(&[][..], |set| &set.words);
            let rows: Vec<String> =
                (1..).zip(words).map(|(key, (_, label))| option_line(key, &wide(label))).collect();
            vec![face("", page(&[&wide(say)], &rows, &nav))]
        }
        Kind::List { say, item, none, then, .. } => {
            let row = if then.is_some() { option_line(9, &wide(item)) } else { wide(item) };
            let keys = Nav::page(false, true, true).lines(graph, lang);
            vec![
                face("with one row", page(&[&wide(say)], &[row], &keys)),
                face("without rows", page(&[&wide(none)], &[], &nav)),
            ]
        }
        Kind::Ask { say, bad, .. } | Kind::Pin { say, bad, .. } => {
            let (say, bad) = (wide(say), wide(bad));
            vec![
                face("", page(&[&say], &[], &nav)),
                face("after a wrong answer", page(&[&bad, &say], &[], &nav)),
            ]
        }
        Kind::NewPin { say, again, bad, differ, .. } => {
            let (say, again, bad, differ) = (wide(say), wide(again), wide(bad), wide(differ));
            vec![
                face("", page(&[&say], &[], &nav)),
                face("the second time", page(&[&again], &[], &nav)),
                face("after one that is too easy", page(&[&bad, &say], &[], &nav)),
                face("after two that differ", page(&[&differ, &say], &[], &nav)),
            ]
        }
        Kind::End { say, .. } => vec![face("", wide(say))],
        Kind::Do { .. } => Vec::new(),
    }
}

/// What a block shows when its text has to make room for a word on a wrong key. None where the
/// block has a text of its own for wrong answers, or waits for none.
pub fn hinted_faces(graph: &Graph, id: NodeId, vocabulary: &Vocabulary, lang: usize) -> Vec<Face> {
    let node = graph.node(id);
    let params = scope(node, vocabulary);
    let widths = Widths::of(graph, node, &params, vocabulary);
    let nav = Nav::inside(id == graph.home).lines(graph, lang);
    let hint = wrong_key(graph.langs[lang]);
    let face =
        |rows: &[String], nav: &[String]| Face { when: AFTER_A_WRONG_KEY, text: page(&[hint], rows, nav) };
    match &node.kind {
        Kind::Screen { choices, .. } => {
            seen_together(choices).into_iter().map(|seen| face(&lines(&seen, &widths, lang), &nav)).collect()
        }
        Kind::Pick { set, .. } => {
            let words = graph.enums.get(set).map_or(&[][..], |set| &set.words);
            let label =
                |(key, (_, label)): (u8, &(String, Text))| option_line(key, &widths.render(label, lang));
            vec![face(&(1..).zip(words).map(label).collect::<Vec<_>>(), &nav)]
        }
        Kind::List { item, then, .. } => {
            let row = widths.render(item, lang);
            let row = if then.is_some() { option_line(9, &row) } else { row };
            vec![face(&[row], &Nav::page(false, true, true).lines(graph, lang))]
        }
        _ => Vec::new(),
    }
}

/// The same of the offer to go on; and the offer where there is no room to say where she stopped.
pub fn hinted_resume_faces(
    graph: &Graph, resume: &Resume, vocabulary: &Vocabulary, lang: usize,
) -> Vec<Face> {
    let widths = Widths { words: graph.words(), vocabulary, graph: Some(graph), params: &[], asked: None };
    let hint = wrong_key(graph.langs[lang]);
    let mut unnamed = resume.say.clone();
    for pieces in &mut unnamed.by_lang {
        pieces.retain(|piece| !matches!(piece, Piece::Value(Path::Machine(name)) if name == "at"));
    }
    let unnamed = widths.render(&unnamed, lang);
    let faces = |seen: Vec<&Choice>| {
        let lines = lines(&seen, &widths, lang);
        let face = |when, head: &str| Face { when, text: page(&[head], &lines, &[]) };
        [face(AFTER_A_WRONG_KEY, hint), face(UNNAMED, &unnamed)]
    };
    seen_together(&resume.choices).into_iter().flat_map(faces).collect()
}

/// The faces of the offer to go on.
pub fn resume_faces(graph: &Graph, resume: &Resume, vocabulary: &Vocabulary, lang: usize) -> Vec<Face> {
    let widths = Widths { words: graph.words(), vocabulary, graph: Some(graph), params: &[], asked: None };
    let said = widths.render(&resume.say, lang);
    seen_together(&resume.choices)
        .into_iter()
        .map(|seen| Face { when: "", text: page(&[&said], &lines(&seen, &widths, lang), &[]) })
        .collect()
}

/// An SMS of the catalogue at its widest, in the language at this index.
pub fn message_face(
    catalogue: &Catalogue, message: &Message, vocabulary: &Vocabulary, lang: usize,
) -> String {
    let (words, params) = (catalogue.words(), message.params.as_slice());
    Widths { words, vocabulary, graph: None, params, asked: None }.render(&message.say, lang)
}

/// Most options that a block ever shows at once.
pub fn most_options(graph: &Graph, node: &Node) -> usize {
    match &node.kind {
        Kind::Screen { choices, .. } => seen_together(choices).iter().map(Vec::len).max().unwrap_or(0),
        Kind::Pick { set, .. } => graph.enums.get(set).map_or(0, |set| set.words.len()),
        _ => 0,
    }
}

fn lines(choices: &[&Choice], widths: &Widths<'_>, lang: usize) -> Vec<String> {
    choices.iter().map(|choice| option_line(choice.key, &widths.render(&choice.label, lang))).collect()
}

/// The sets of options that can be seen together: a value has one word at a time.
fn seen_together(choices: &[Choice]) -> Vec<Vec<&Choice>> {
    let mut words: BTreeMap<&Path, BTreeSet<&str>> = BTreeMap::new();
    for (path, word) in choices.iter().filter_map(|choice| choice.when.as_ref()) {
        // The empty word stands for every other one.
        words.entry(path).or_insert_with(|| BTreeSet::from([""])).insert(word);
    }
    let mut worlds: Vec<BTreeMap<&Path, &str>> = vec![BTreeMap::new()];
    for (path, words) in &words {
        if worlds.len() * words.len() > MOST_COMBINATIONS {
            return vec![choices.iter().collect()];
        }
        let mut more = Vec::new();
        for world in &worlds {
            for word in words {
                let mut world = world.clone();
                world.insert(path, word);
                more.push(world);
            }
        }
        worlds = more;
    }
    let told = |world: &BTreeMap<&Path, &str>, (name, word): (&str, &str)| {
        world.iter().any(|(path, is)| matches!(path, Path::Global(path) if path == name) && *is == word)
    };
    let can_be = |world: &BTreeMap<&Path, &str>| {
        !NEVER_TOGETHER.iter().any(|words| words.iter().all(|is| told(world, *is)))
    };
    worlds
        .iter()
        .filter(|world| can_be(world))
        .map(|world| {
            let shown = |choice: &&Choice| {
                choice.when.as_ref().is_none_or(|(path, word)| world.get(path) == Some(&word.as_str()))
            };
            choices.iter().filter(shown).collect()
        })
        .collect()
}
