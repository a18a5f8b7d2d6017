//! What recorded dialogs tell of the keys that people know, and of the screens they stand on.

use super::{Event, Tape, stats::OPEN_FOR};
use crate::{
    menu::{
        against::Habits,
        graph::{Graph, Kind, Target},
    },
    types::{Msisdn, Timestamp},
};
use std::collections::{BTreeMap, BTreeSet};

/// Gathers habits dialog by dialog, on the trees that serve.
#[derive(Debug, Clone)]
pub struct Gather<'g> {
    graphs: &'g [Graph],
    pressed: BTreeMap<(String, String, String), BTreeSet<Msisdn>>,
    standing: BTreeMap<(String, String), u64>,
}

impl<'g> Gather<'g> {
    /// Nothing yet.
    pub const fn on(graphs: &'g [Graph]) -> Self {
        Self { graphs, pressed: BTreeMap::new(), standing: BTreeMap::new() }
    }

    /// Adds a dialog, as things stand at `now`. One whose beginning is no longer kept is passed over.
    pub fn take(&mut self, tape: &Tape, now: Timestamp) {
        let Some(head) = tape.head() else { return };
        let graph = self.graphs.iter().find(|graph| graph.name == head.tree);
        let mut at: Option<&str> = None;
        for turn in &tape.turns {
            let Some(walk) = &turn.walk else { continue };
            match (&turn.event, at) {
                (Event::Key(key) | Event::Text(key), Some(block)) if !walk.refused => {
                    self.press(head.phone, &head.tree, block, key);
                }
                (Event::Begun { typed, .. }, _) => {
                    for (block, key) in graph.map(|graph| along(graph, typed)).unwrap_or_default() {
                        self.press(head.phone, &head.tree, block, key);
                    }
                }
                _ => {}
            }
            at = Some(&walk.block);
        }
        let (_, last) = tape.span();
        let waits = graph.map_or(OPEN_FOR, |graph| graph.resume_within.max(OPEN_FOR));
        if let Some(block) = at.filter(|_| !tape.is_over() && now.since(last) <= waits) {
            *self.standing.entry((head.tree.clone(), block.to_owned())).or_default() += 1;
        }
    }

    fn press(&mut self, phone: Msisdn, tree: &str, block: &str, key: &str) {
        // Back, home and more are the same everywhere.
        if matches!(key, "0" | "00" | "98") {
            return;
        }
        for key in [key, ""] {
            let pressed = (tree.to_owned(), block.to_owned(), key.to_owned());
            self.pressed.entry(pressed).or_default().insert(phone);
        }
    }

    /// What was gathered.
    pub fn habits(self) -> Habits {
        let pressed = self.pressed.into_iter().map(|(key, people)| (key, people.len() as u64));
        Habits { pressed: pressed.collect(), standing: self.standing }
    }
}

/// The blocks at which keys behind a dialled code were pressed, as far as the tree alone tells: up to
/// the first action or condition.
fn along<'k>(graph: &'k Graph, keys: &'k [String]) -> Vec<(&'k str, &'k str)> {
    let (mut at, mut pressed) = (graph.home, Vec::new());
    for key in keys {
        let node = graph.node(at);
        let to = match &node.kind {
            Kind::Screen { choices, .. } => {
                let mut meant = choices.iter().filter(|choice| choice.key.to_string() == *key);
                meant.next().filter(|_| meant.next().is_none()).map(|choice| &choice.to)
            }
            Kind::Pick { then, .. } | Kind::Ask { then, .. } => Some(then),
            _ => None,
        };
        let Some(Target::Node { node: next, .. }) = to else { break };
        pressed.push((node.name.as_str(), key.as_str()));
        at = *next;
    }
    pressed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::{
        input::Input,
        tape::tests::{Recorder, begin},
        tests::{order, tree::tree},
    };

    #[test]
    fn keys_are_counted_by_people_and_open_dialogs_by_where_they_stand() {
        let graphs = [tree()];
        let graph = &graphs[0];
        let mut recorder = Recorder::new(graph, 182, vec![order("482100", 5)]);
        recorder.feed(begin(&["1"]));
        recorder.feed(Input::Key("2".to_owned()));
        recorder.feed(Input::Key("0".to_owned()));
        let tape = recorder.tape;
        let walks: Vec<&str> = tape.walks().map(|(_, walk)| walk.block.as_str()).collect();
        let at = |block: &str| (graph.name.clone(), block.to_owned());
        let pressed = |block: &str, key: &str| (graph.name.clone(), block.to_owned(), key.to_owned());

        let (_, last) = tape.span();
        let mut gather = Gather::on(&graphs);
        gather.take(&tape, last);
        gather.take(&tape, last);
        let habits = gather.habits();
        let home = &graph.node(graph.home).name;
        for (block, key, people) in
            [(home.as_str(), "1", Some(1)), (walks[0], "2", Some(1)), (walks[1], "", None)]
        {
            assert_eq!(habits.pressed.get(&pressed(block, key)).copied(), people, "{key} at {block}");
        }
        assert_eq!(habits.standing, BTreeMap::from([(at(walks[2]), 2)]));

        let tomorrow = Timestamp::from_millis(last.millis() + 86_400_000);
        let mut gather = Gather::on(&graphs);
        gather.take(&tape, tomorrow);
        assert!(gather.habits().standing.is_empty(), "nobody goes on so late");
    }
}
