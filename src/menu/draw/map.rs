//! The map of a tree: a card for each block, drawn from left to right in the order in which people
//! reach them, as one SVG that any browser shows and prints.
//!
//! Every block stands once, behind the block from which the fewest steps lead to it; a line joins
//! the two. Where else a card leads is written on it and can be clicked.

use crate::menu::graph::{Graph, Kind, Node, NodeId, Target};
use askama::Template;
use std::collections::{BTreeMap, VecDeque};

/// What people did at a block, for its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// How often it was shown.
    pub seen: u64,
    /// How many dialogs were left there without an end.
    pub left: u64,
    /// Half of the answers took no longer, in seconds.
    pub median_seconds: Option<u64>,
}

/// Figures by name of block.
pub type FiguresOf = BTreeMap<String, Figures>;

/// Measures of a card, in pixels.
const WIDTH: usize = 268;
const GAP: usize = 64;
const BETWEEN: usize = 14;
const MARGIN: usize = 24;
const TOP: usize = 64;
const HEAD: usize = 26;
const LINE: usize = 15;
const ROW: usize = 18;
const PAD: usize = 8;
/// Characters of a line of a text, and of a row.
const COLUMNS: usize = 34;
/// Characters of a row that are shown however long the name beside it is.
const LEAST: usize = 12;
/// Lines of a text that a card shows.
const MOST_LINES: usize = 6;

#[derive(Template)]
#[template(path = "map.svg", config = "../src/menu/draw/askama.toml")]
struct Map<'a> {
    graph: &'a Graph,
    dial: &'a str,
    lang: String,
    width: usize,
    height: usize,
    cards: Vec<Card<'a>>,
    ways: Vec<Way>,
}

struct Card<'a> {
    x: usize,
    y: usize,
    height: usize,
    name: &'a str,
    word: &'static str,
    figures: Option<(usize, String)>,
    said: Vec<(usize, String)>,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    y: usize,
    label: String,
    /// Where it leads when no line shows it.
    elsewhere: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn leads_to(&mut self, name: &'a str) {
        self.label = cut(&self.label, COLUMNS.saturating_sub(name.len()).max(LEAST));
        self.elsewhere = Some(name);
    }
}

/// A line from a row to the card it leads to.
struct Way {
    from: (usize, usize),
    to: (usize, usize),
    middle: usize,
}

/// The map of a tree in the language at this index, as SVG.
///
/// # Errors
/// Never for a checked tree: only what a template can fail at.
pub fn map(graph: &Graph, lang: usize, figures: &FiguresOf) -> Result<String, askama::Error> {
    let mut plan =
        Plan { graph, lang, figures, parents: parents(graph), cards: Vec::new(), ways: Vec::new() };
    let mut bottom = plan.place(graph.home, 0, TOP).1;
    // What only a redial or a cut leads to stands below, by itself.
    for at in (0..graph.nodes.len()).map(|at| NodeId(at as u16)) {
        if at != graph.home && !plan.parents.contains_key(&at) {
            bottom = plan.place(at, 0, bottom + BETWEEN).1;
        }
    }
    let width = plan.cards.iter().map(|card| card.x + WIDTH).max().unwrap_or(0) + MARGIN;
    let Plan { cards, ways, .. } = plan;
    let dial = graph.dial.as_deref().unwrap_or("no code");
    let lang = graph.langs[lang].to_string();
    Map { graph, dial, lang, width, height: bottom + MARGIN, cards, ways }.render()
}

/// Of every block but the first, the one it is drawn behind.
fn parents(graph: &Graph) -> BTreeMap<NodeId, NodeId> {
    let mut parents = BTreeMap::new();
    let mut next = VecDeque::from([graph.home]);
    while let Some(at) = next.pop_front() {
        for to in graph.node(at).leads_to() {
            if to != graph.home && !parents.contains_key(&to) {
                parents.insert(to, at);
                next.push_back(to);
            }
        }
    }
    parents
}

struct Plan<'a> {
    graph: &'a Graph,
    lang: usize,
    figures: &'a FiguresOf,
    parents: BTreeMap<NodeId, NodeId>,
    cards: Vec<Card<'a>>,
    ways: Vec<Way>,
}

impl<'a> Plan<'a> {
    /// Draws a block and what stands behind it; answers where its top edge is met and where the
    /// room it takes ends.
    fn place(&mut self, at: NodeId, depth: usize, top: usize) -> (usize, usize) {
        let (graph, node) = (self.graph, self.graph.node(at));
        let mut card = self.card(node, MARGIN + depth * (WIDTH + GAP), top);
        let mut bottom = top + card.height;
        let mut below = top;
        let mut drawn = Vec::new();
        for (row, to) in card.rows.iter_mut().zip(ways_of(node, self.lang)) {
            let Some((_, to)) = to else { continue };
            let is_behind = self.parents.get(&to) == Some(&at);
            if !is_behind || drawn.contains(&to) {
                row.leads_to(&graph.node(to).name);
                continue;
            }
            drawn.push(to);
            let (met, end) = self.place(to, depth + 1, below);
            (below, bottom) = (end + BETWEEN, bottom.max(end));
            let from = (card.x + WIDTH, top + row.y - ROW / 3);
            let to = (card.x + WIDTH + GAP, met);
            self.ways.push(Way { from, to, middle: card.x + WIDTH + GAP / 2 });
        }
        self.cards.push(card);
        (top + HEAD / 2, bottom)
    }

    fn card(&self, node: &'a Node, x: usize, y: usize) -> Card<'a> {
        let mut down = HEAD;
        let mut step = |by: usize| {
            down += by;
            down
        };
        let figures = self.figures.get(&node.name).map(|figures| (step(LINE), told(figures)));
        let said = wrapped(&node.say().map_or_else(String::new, |text| text.source(self.lang)));
        let said = said.into_iter().map(|line| (step(LINE), line)).collect();
        let rows = ways_of(node, self.lang)
            .into_iter()
            .map(|way| {
                let (label, _) = way.unwrap_or_else(|| ("go on".to_owned(), self.graph.home));
                Row { y: step(ROW), label: cut(&label, COLUMNS), elsewhere: None }
            })
            .collect();
        Card { x, y, height: down + PAD, name: &node.name, word: node.word(), figures, said, rows }
    }
}

fn told(figures: &Figures) -> String {
    let Figures { seen, left, median_seconds } = figures;
    let share = (left * 100).checked_div(*seen).unwrap_or(0);
    let wait = median_seconds.map(|seconds| format!(", {seconds} s")).unwrap_or_default();
    format!("{seen} seen, {left} left here ({share} %){wait}")
}

/// What can happen at a block and where each leads; `None` for the way back into a cut dialog.
fn ways_of(node: &Node, lang: usize) -> Vec<Option<(String, NodeId)>> {
    let way = |label: String, to: &Target| match to {
        Target::Node { node, .. } => Some((label, *node)),
        Target::Resume => None,
    };
    match &node.kind {
        Kind::Screen { choices, .. } => {
            let option = |choice: &crate::menu::graph::Choice| {
                let when = choice.when.as_ref().map(|(path, word)| format!(" ({path} = {word})"));
                let label =
                    format!("{} {}{}", choice.key, choice.label.source(lang), when.unwrap_or_default());
                way(label, &choice.to)
            };
            choices.iter().map(option).collect()
        }
        Kind::Pick { set, then, .. } => vec![way(format!("1-9 {set}"), then)],
        Kind::List { item, then, .. } => {
            then.iter().map(|then| way(format!("1-9 {}", item.source(lang)), then)).collect()
        }
        Kind::Ask { tries, then, .. } => {
            vec![way("answered".to_owned(), then), way(format!("wrong {} times", tries.most), &tries.to)]
        }
        Kind::Pin { tries, then, .. } => {
            vec![way("the right PIN".to_owned(), then), way(format!("wrong {} times", tries.most), &tries.to)]
        }
        Kind::NewPin { tries, then, .. } => {
            vec![way("chosen".to_owned(), then), way(format!("wrong {} times", tries.most), &tries.to)]
        }
        Kind::Do { branches, .. } => {
            branches.iter().map(|branch| way(branch.outcome.clone(), &branch.to)).collect()
        }
        Kind::End { .. } => Vec::new(),
    }
}

/// A text in lines of a card, whole words where they fit.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, COLUMNS)),
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.last_mut().into_iter().for_each(|line| *line = format!("{} …", cut(line, COLUMNS - 2)));
    }
    lines
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
