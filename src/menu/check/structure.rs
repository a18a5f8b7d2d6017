//! What can be reached, what must stand before what, and how long it takes.

use super::{Checker, heads::Settings, lower::id};
use crate::menu::{
    face::most_options,
    graph::{Arg, Asked, Bound, Graph, Kind, Node, NodeId, Path, Piece, Target, Text},
    report::Problem,
    tree::{Block, Head, Line, Span},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// How one block leads to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The right answer.
    Then,
    /// An option that is seen only by people who have no PIN yet.
    WithoutPin,
    /// Any other.
    Other,
}

type Edge<'g> = (NodeId, Way, &'g [Arg]);

fn edge(to: &Target, way: Way) -> Option<Edge<'_>> {
    match to {
        Target::Node { node, args } => Some((*node, way, args.as_slice())),
        Target::Resume => None,
    }
}

/// Where a block leads. A target that could not be read leads nowhere.
fn edges(node: &Node) -> Vec<Edge<'_>> {
    let no_pin = |when: &Option<(Path, String)>| matches!(when, Some((Path::Global(path), word)) if path == "me.pin" && word == "none");
    match &node.kind {
        Kind::Screen { choices, .. } => choices
            .iter()
            .filter_map(|c| edge(&c.to, if no_pin(&c.when) { Way::WithoutPin } else { Way::Other }))
            .collect(),
        Kind::Pick { then, .. } => edge(then, Way::Then).into_iter().collect(),
        Kind::List { then, .. } => then.iter().filter_map(|to| edge(to, Way::Other)).collect(),
        Kind::Ask { tries, then, .. } | Kind::Pin { tries, then, .. } | Kind::NewPin { tries, then, .. } => {
            [edge(then, Way::Then), edge(&tries.to, Way::Other)].into_iter().flatten().collect()
        }
        Kind::Do { branches, .. } => branches.iter().filter_map(|b| edge(&b.to, Way::Other)).collect(),
        Kind::End { .. } => Vec::new(),
    }
}

/// Where a block leads somebody who answers rightly while nothing breaks on our side.
fn on_from(node: &Node) -> impl Iterator<Item = NodeId> + '_ {
    let ways = match &node.kind {
        Kind::Do { branches, .. } => {
            let well = branches.iter().filter(|branch| branch.outcome != "fault");
            well.filter_map(|branch| edge(&branch.to, Way::Other)).collect()
        }
        Kind::Ask { then, .. } | Kind::Pin { then, .. } | Kind::NewPin { then, .. } => {
            edge(then, Way::Then).into_iter().collect()
        }
        _ => edges(node),
    };
    ways.into_iter().map(|(to, ..)| to)
}

/// Whether the dialog waits for a key here.
fn waits(node: &Node) -> bool {
    !matches!(node.kind, Kind::Do { .. } | Kind::End { .. })
}

/// Blocks that can be reached over the ways that `open` leaves, each with the one before it.
fn reach(
    graph: &Graph, roots: impl IntoIterator<Item = NodeId>, open: impl Fn(&Node, Way) -> bool,
) -> BTreeMap<NodeId, Option<NodeId>> {
    let mut from: BTreeMap<NodeId, Option<NodeId>> = roots.into_iter().map(|root| (root, None)).collect();
    let mut queue: VecDeque<NodeId> = from.keys().copied().collect();
    while let Some(at) = queue.pop_front() {
        for (to, way, _) in edges(graph.node(at)) {
            if open(graph.node(at), way) && !from.contains_key(&to) {
                from.insert(to, Some(at));
                queue.push_back(to);
            }
        }
    }
    from
}

impl Checker<'_> {
    /// All rules about the shape of a tree.
    pub(super) fn structure(&mut self, graph: &Graph, settings: &Settings, idle: Option<Duration>) {
        let resumed = graph.resume.iter().flat_map(|resume| &resume.choices).filter_map(|c| match &c.to {
            Target::Node { node, .. } => Some(*node),
            Target::Resume => None,
        });
        let roots: Vec<NodeId> = [graph.home].into_iter().chain(graph.fault).chain(resumed).collect();
        let reached = reach(graph, roots.iter().copied(), |_, _| true);
        // A line that could not be read may be the one that led there.
        let broken = self.nodes.iter().any(|block| block.broken);
        for (at, node) in graph.nodes.iter().enumerate() {
            if !reached.contains_key(&id(at)) && !broken {
                let span = self.name(at).at;
                let sentence = format!("nothing leads to `{}`", node.name);
                let help = "lead somebody here from another block, or take it away".to_owned();
                self.error("unreachable", span, sentence, help);
            }
        }
        self.first_and_last(graph);
        self.calls_for_ever(graph);
        self.ways_out(graph, &reached);
        self.options(graph);
        self.money_behind_a_pin(graph);
        self.new_pins_guarded(graph);
        self.asked_before_used(graph, &roots);
        self.time(graph, settings, idle);
    }

    /// Blocks that the engine goes to by itself take no parameters.
    fn first_and_last(&mut self, graph: &Graph) {
        for (at, what) in [(Some(graph.home), "the first block"), (graph.fault, "the block for our faults")] {
            let Some(at) = at else { continue };
            let (node, span) = (graph.node(at), self.name(usize::from(at.0)).at);
            if !node.params.is_empty() {
                let sentence = format!("`{}` is {what}, and nobody tells it its parameters", node.name);
                self.error("argument-missing", span, sentence, "take the parameters away".into());
            }
            if Some(at) == graph.fault && !matches!(node.kind, Kind::End { .. }) {
                let sentence = "`fault` must be an `end`: it is shown when nothing else works".to_owned();
                self.error("fault-not-end", span, sentence, "make it an `end`".into());
            }
        }
    }

    /// From every block people come to an `end`, or to a list or a screen that is only read. Giving
    /// up after wrong answers and a fault of ours are no ways out.
    fn ways_out(&mut self, graph: &Graph, reached: &BTreeMap<NodeId, Option<NodeId>>) {
        // Where a way on is missing altogether, that is what must be mended.
        if self.problems.iter().any(|p| p.code == "line-missing") {
            return;
        }
        // From the leaves backwards, so that a long way is gone once.
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
        for (at, node) in graph.nodes.iter().enumerate() {
            on_from(node).for_each(|to| before[usize::from(to.0)].push(at));
        }
        let mut out: Vec<bool> = graph.nodes.iter().map(Node::is_last).collect();
        let mut ends: Vec<usize> = (0..out.len()).filter(|at| out[*at]).collect();
        while let Some(end) = ends.pop() {
            for at in &before[end] {
                if !std::mem::replace(&mut out[*at], true) {
                    ends.push(*at);
                }
            }
        }
        for at in (0..graph.nodes.len()).filter(|at| !out[*at] && reached.contains_key(&id(*at))) {
            let rounds = |p: &Problem| p.code == "do-for-ever" && p.span == self.name(at).at;
            if self.problems.iter().any(rounds) {
                continue;
            }
            // A block without any way on has been reported already, as a line that is missing.
            if on_from(&graph.nodes[at]).next().is_none() || self.nodes.iter().any(|block| block.broken) {
                continue;
            }
            let (span, name) = (self.name(at).at, &graph.nodes[at].name);
            let help = match graph.nodes[at].kind {
                Kind::Screen { .. } => {
                    "let one of its ways lead to an `end`; a screen that is only read needs no option to go back"
                }
                _ => "let one of its ways lead to an `end`",
            };
            let help = help.to_owned();
            self.error("no-end", span, format!("no way from `{name}` comes to an end"), help);
        }
    }

    /// Calls that lead to calls without ever showing anything.
    fn calls_for_ever(&mut self, graph: &Graph) {
        for (at, node) in graph.nodes.iter().enumerate() {
            if waits(node) || matches!(node.kind, Kind::End { .. }) {
                continue;
            }
            let next = edges(node).into_iter().map(|(to, ..)| to);
            // Only calls are walked through, so whatever comes back here has shown nothing.
            if reach(graph, next, |from, _| matches!(from.kind, Kind::Do { .. })).contains_key(&id(at)) {
                let (span, name) = (self.name(at).at, &node.name);
                let help = "put a screen between them".to_owned();
                self.error(
                    "do-for-ever",
                    span,
                    format!("`{name}` leads back to itself and shows nothing"),
                    help,
                );
            }
        }
    }

    fn options(&mut self, graph: &Graph) {
        for (at, node) in graph.nodes.iter().enumerate() {
            let (span, most) = (self.name(at).at, most_options(graph, node));
            if most > 9 {
                let sentence = format!("`{}` has {most} options, and keys are 1 to 9", node.name);
                self.error("many-options", span, sentence, "ask in two steps".into());
            } else if most > self.accepted_options(at) {
                let sentence = format!("`{}` shows up to {most} options", node.name);
                let help = format!("five are easily read on a small phone; `options {most}` accepts them");
                self.warning("many-options", span, sentence, help);
            }
            let Kind::Ask { asked: Asked::Kes(low, high) | Asked::Int(low, high), .. } = &node.kind else {
                continue;
            };
            let starts = matches!(low, Bound::Fixed(low) if *low <= 0);
            let ends = !matches!(high, Bound::Fixed(high) if *high < 0);
            if starts && ends {
                let sentence = format!("0 is an answer to `{}` and means going back", node.name);
                let help = "begin the range at 1, and offer nothing or none on a screen before".to_owned();
                self.error("range-has-key", span, sentence, help);
            }
        }
    }

    /// How many options a block may show unremarked: five, or as many as it says.
    fn accepted_options(&mut self, node: usize) -> usize {
        let said = self.single(self.nodes[node], "options", |line| match line {
            Line::Options(most) => Some(usize::from(*most)),
            _ => None,
        });
        said.map_or(5, |(most, _)| most)
    }

    /// No way to money without a PIN in the same step. A redial or a bare SMS can go on at any
    /// block that waits, so a PIN counts only when nothing is shown between it and the money.
    fn money_behind_a_pin(&mut self, graph: &Graph) {
        let moves = |node: &Node| match &node.kind {
            Kind::Do { call, .. } => {
                self.vocabulary.actions.get(&call.name).is_some_and(|action| action.money)
            }
            _ => false,
        };
        let proven = |node: &Node, way| matches!(node.kind, Kind::Pin { .. }) && way == Way::Then;
        let waiting = (0..graph.nodes.len()).filter(|at| waits(&graph.nodes[*at])).map(id);
        // After money has moved the PIN is spent.
        let spent = graph
            .nodes
            .iter()
            .filter(|node| moves(node))
            .flat_map(|node| edges(node).into_iter().map(|(to, ..)| to).collect::<Vec<_>>());
        let roots: Vec<NodeId> = [graph.home].into_iter().chain(waiting).chain(spent).collect();
        let reached = reach(graph, roots, |node, way| !proven(node, way));
        let found: Vec<(usize, String)> = (0..graph.nodes.len())
            .filter(|at| moves(&graph.nodes[*at]) && reached.contains_key(&id(*at)))
            .map(|at| (at, way_to(graph, &reached, id(at))))
            .collect();
        for (at, way) in found {
            let sentence = format!("`{}` moves money and can be reached without a PIN", graph.nodes[at].name);
            let help = format!("let a `pin` lead to it directly; the open way is {way}");
            let span = self.name(at).at;
            self.error("money-without-pin", span, sentence, help);
        }
    }

    /// A new PIN is chosen only by somebody who has none, or has just proven the old one.
    fn new_pins_guarded(&mut self, graph: &Graph) {
        if let Some(resume) = &graph.resume {
            for (at, node) in graph.nodes.iter().enumerate() {
                if matches!(node.kind, Kind::NewPin { .. }) && !resume.never.contains(&id(at)) {
                    let sentence = format!("a redial could go on at `{}` without the old PIN", node.name);
                    let span = self.name(at).at;
                    self.error("new-pin-open", span, sentence, "name it after `never` in `resume`".into());
                }
            }
        }
        if graph.who == "stranger" {
            return;
        }
        let reached = reach(graph, [graph.home], |node, way| match way {
            Way::WithoutPin => false,
            Way::Then => !matches!(node.kind, Kind::Pin { .. }),
            Way::Other => true,
        });
        for (at, node) in graph.nodes.iter().enumerate() {
            if matches!(node.kind, Kind::NewPin { .. }) && reached.contains_key(&id(at)) {
                let sentence = format!("`{}` gives a new PIN to somebody who may have one", node.name);
                let way = way_to(graph, &reached, id(at));
                let help =
                    format!("ask for the old one first, or add `when me.pin = none`; the open way is {way}");
                let span = self.name(at).at;
                self.error("new-pin-open", span, sentence, help);
            }
        }
    }

    /// An answer is shown or handed on only where every way has asked for it.
    fn asked_before_used(&mut self, graph: &Graph, roots: &[NodeId]) {
        let known = known_on_every_way(graph, roots);
        for (at, node) in graph.nodes.iter().enumerate() {
            let Some(known) = known.get(&id(at)) else { continue };
            let mut reported = BTreeSet::new();
            for (used, after) in answers_used(node) {
                let own = used == node.name;
                if known.contains(used) || own && after || !reported.insert(used) {
                    continue;
                }
                let span = self.place_of(self.nodes[at], used);
                let sentence = format!("on some way to `{}` nobody has asked for `{used}` yet", node.name);
                let help = format!("lead every way through `{used}`");
                self.error("used-before-asked", span, sentence, help);
            }
        }
        self.drafts(graph, &known);
    }

    /// What the SMS after a cut shows of a draft was asked for on every way to where it was cut.
    fn drafts(&mut self, graph: &Graph, known: &BTreeMap<NodeId, BTreeSet<&str>>) {
        let heads: Vec<Span> =
            self.blocks().filter(|b| matches!(b.head, Head::Drop(_))).map(|block| block.at).collect();
        for (drop, span) in graph.drops.iter().zip(heads) {
            let Some(message) = self.shared.catalogue.messages.get(&drop.sms.name) else { continue };
            let whole = |arg: &Arg| matches!(arg, Arg::Path(Path::Machine(name)) if name == "draft");
            let drafts: Vec<&String> = message
                .params
                .iter()
                .zip(&drop.sms.args)
                .filter(|(_, arg)| whole(arg))
                .map(|((name, _), _)| name)
                .collect();
            let shown: BTreeSet<&String> = message
                .say
                .by_lang
                .iter()
                .flatten()
                .filter_map(|piece| match piece {
                    Piece::Value(Path::Param { name, field: Some(field) }) if drafts.contains(&name) => {
                        Some(field)
                    }
                    _ => None,
                })
                .filter(|field| *field != "dial")
                .collect();
            for at in &drop.at {
                let Some(known) = known.get(at) else { continue };
                let has = |field: &str| known.iter().any(|answer| answer.rsplit('.').next() == Some(field));
                for field in shown.iter().filter(|field| !has(field)) {
                    let (name, sms) = (&graph.node(*at).name, &drop.sms.name);
                    let sentence = format!(
                        "`{sms}` shows the {field} of a draft, and on some way to `{name}` nobody has asked for it yet"
                    );
                    let help = "name only blocks that come after the question".to_owned();
                    self.error("used-before-asked", span, sentence, help);
                }
            }
        }
    }

    /// Where a word stands in a block; its header when it cannot be found.
    fn place_of(&self, block: &Block, word: &str) -> Span {
        let end = block.lines.last().map_or(block.at.end, |line| line.at.end);
        let text = &self.source[block.at.start..end];
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        // The name in the header is the block's own.
        let skip = match &block.head {
            Head::Node { name, .. } => name.at.end - block.at.start,
            _ => 0,
        };
        let mut found = text[skip..].match_indices(word).map(|(at, _)| skip + at);
        let whole = |at: &usize| {
            !text[..*at].ends_with(part) && !text[at + word.len()..].starts_with(|c| part(c) && c != '.')
        };
        match found.find(whole) {
            Some(at) => Span::new(block.at.start + at, block.at.start + at + word.len()),
            None => block.at,
        }
    }

    /// The farthest end, at the pace of somebody who types slowly.
    fn time(&mut self, graph: &Graph, settings: &Settings, idle: Option<Duration>) {
        if settings.idle > settings.dialog {
            let sentence = "nobody is silent for longer than the dialog lasts".to_owned();
            self.error(
                "idle-too-long",
                settings.idle_at,
                sentence,
                "make `idle` shorter than `dialog`".into(),
            );
        }
        if let Some(most) = idle.filter(|most| settings.idle > *most) {
            let (own, most) = (settings.idle.as_secs(), most.as_secs());
            let sentence =
                format!("a key is waited for {own} seconds, and the operator cuts the call after {most}");
            let help = format!("write `idle {most}s` or less, so that the dialog is parked before it is cut");
            self.error("idle-too-long", settings.idle_at, sentence, help);
        }
        let after = seconds_to(graph);
        let ends = graph.nodes.iter().enumerate().filter(|(_, node)| matches!(node.kind, Kind::End { .. }));
        let farthest = ends.filter_map(|(at, node)| Some((*after.get(&id(at))?, &node.name))).max();
        if let Some((seconds, name)) = farthest
            && u64::from(seconds) > settings.dialog.as_secs()
        {
            let sentence = format!(
                "`{name}` is about {seconds} seconds away, and the operator cuts the dialog after {}",
                settings.dialog.as_secs()
            );
            let help = "ask for less on the way, or let people go on after a redial".to_owned();
            self.warning("too-slow", settings.dialog_at, sentence, help);
        }
    }
}

/// "home -> money -> pay.amount"
fn way_to(graph: &Graph, reached: &BTreeMap<NodeId, Option<NodeId>>, to: NodeId) -> String {
    let mut way = vec![graph.node(to).name.as_str()];
    let mut here = to;
    while let Some(Some(before)) = reached.get(&here) {
        way.push(&graph.node(*before).name);
        here = *before;
    }
    way.reverse();
    way.join(" -> ")
}

/// For every block that is reached, the answers that every way to it has asked for.
fn known_on_every_way<'g>(graph: &'g Graph, roots: &[NodeId]) -> BTreeMap<NodeId, BTreeSet<&'g str>> {
    let mut known: BTreeMap<NodeId, BTreeSet<&str>> =
        roots.iter().map(|root| (*root, BTreeSet::new())).collect();
    let mut queue: VecDeque<NodeId> = roots.iter().copied().collect();
    while let Some(at) = queue.pop_front() {
        let node = graph.node(at);
        for (to, way, _) in edges(node) {
            let mut carried = known[&at].clone();
            if way == Way::Then && matches!(node.kind, Kind::Ask { .. } | Kind::Pick { .. }) {
                carried.insert(node.name.as_str());
            }
            let both = match known.get(&to) {
                Some(before) => before.intersection(&carried).copied().collect(),
                None => carried,
            };
            if known.get(&to) != Some(&both) {
                known.insert(to, both);
                queue.push_back(to);
            }
        }
    }
    known
}

/// Answers that a block shows or hands on, and whether only after its own was given.
fn answers_used(node: &Node) -> Vec<(&str, bool)> {
    let mut paths: Vec<&Path> = Vec::new();
    for text in texts_of(node) {
        let pieces = text.by_lang.iter().flatten();
        paths.extend(pieces.filter_map(|piece| match piece {
            Piece::Value(path) => Some(path),
            Piece::Literal(_) => None,
        }));
    }
    let (after, before): (Vec<_>, Vec<_>) =
        edges(node).into_iter().partition(|(_, way, _)| *way == Way::Then);
    let mut args: Vec<&Arg> = before.into_iter().flat_map(|(_, _, args)| args).collect();
    match &node.kind {
        Kind::Screen { choices, .. } => {
            paths.extend(choices.iter().filter_map(|choice| choice.when.as_ref()).map(|(path, _)| path));
        }
        Kind::Ask { asked: Asked::Kes(low, high) | Asked::Int(low, high), .. } => {
            paths.extend([low, high].into_iter().filter_map(|bound| match bound {
                Bound::Value(path) => Some(path),
                Bound::Fixed(_) => None,
            }));
        }
        Kind::List { query, .. } => args.extend(query.args.iter().map(|(_, arg)| arg)),
        Kind::Do { call, .. } => args.extend(call.args.iter().map(|(_, arg)| arg)),
        Kind::End { sms: Some(sms), .. } => args.extend(&sms.args),
        _ => {}
    }
    fn path(arg: &Arg) -> Option<&Path> {
        match arg {
            Arg::Path(path) => Some(path),
            _ => None,
        }
    }
    paths.extend(args.into_iter().filter_map(path));
    let then = after.into_iter().flat_map(|(_, _, args)| args).filter_map(path);
    let all = paths.into_iter().map(|path| (path, false)).chain(then.map(|path| (path, true)));
    all.filter_map(|(path, after)| match path {
        Path::Answer(name) => Some((name.as_str(), after)),
        _ => None,
    })
    .collect()
}

fn texts_of(node: &Node) -> Vec<&Text> {
    match &node.kind {
        Kind::Screen { say, choices } => [say].into_iter().chain(choices.iter().map(|c| &c.label)).collect(),
        Kind::Pick { say, .. } | Kind::End { say, .. } => vec![say],
        Kind::List { say, item, none, .. } => vec![say, item, none],
        Kind::Ask { say, bad, .. } | Kind::Pin { say, bad, .. } => vec![say, bad],
        Kind::NewPin { say, again, bad, differ, .. } => vec![say, again, bad, differ],
        Kind::Do { .. } => Vec::new(),
    }
}

/// Seconds from the first block to every other, by the fastest way: a digit takes 12, a name 40.
fn seconds_to(graph: &Graph) -> BTreeMap<NodeId, u32> {
    let mut after = BTreeMap::from([(graph.home, 0)]);
    let mut queue = VecDeque::from([graph.home]);
    while let Some(at) = queue.pop_front() {
        let node = graph.node(at);
        let here = match &node.kind {
            Kind::Ask { asked: Asked::Text(_), .. } => 40,
            Kind::NewPin { .. } => 24,
            _ if waits(node) => 12,
            _ => 0,
        };
        for (to, ..) in edges(node) {
            let then = after[&at] + here;
            if after.get(&to).is_none_or(|known| then < *known) {
                after.insert(to, then);
                queue.push_back(to);
            }
        }
    }
    after
}
