//! A way through a tree as people write it down: what is typed, `!outcome` for what came of an
//! action, `cut` for a call that is cut and dialled again, `?value=word` at the beginning for a
//! value that decides over options. The same way can be walked again after every change of the tree.

use super::{Ran, Screen, Trial};
use crate::{
    dialog::{input::Input, state::Note},
    menu::graph::Kind,
};
use std::collections::VecDeque;

/// The word for a call that is cut and dialled again.
pub const CUT: &str = "cut";

/// Where a way led.
#[derive(Debug, Clone)]
pub struct Walked<'g> {
    /// The phone at the end of it.
    pub trial: Trial<'g>,
    /// What it shows.
    pub screen: Screen,
    /// The way as far as it went, every outcome named.
    pub path: Vec<String>,
    /// What of it can be dialled at once.
    pub direct: Vec<String>,
    /// Nothing of it is left to be typed by hand.
    pub is_direct: bool,
    pub(super) note: Note,
}

impl Walked<'_> {
    /// The actions that ran in the last turn, each with its place in [`Walked::path`].
    pub fn actions(&self) -> impl Iterator<Item = (usize, &Ran)> {
        let first = self.path.len() - self.screen.ran.len();
        self.screen.ran.iter().enumerate().map(move |(nth, ran)| (first + nth, ran))
    }

    /// The blocks that Back leads to, the first one first, and the block where the phone stands.
    pub fn trail(&self) -> Vec<&str> {
        let graph = self.trial.graph;
        let before = self.trial.state.history.iter().map(|place| graph.node(place.node).name.as_str());
        before.chain([self.trial.state.block(graph)]).collect()
    }
}

/// Dials with `trial` and goes this way, until the dialog is over.
pub fn walk<'g>(mut trial: Trial<'g>, way: &[String]) -> Walked<'g> {
    let mut steps = way.iter().map(String::as_str).peekable();
    let mut path = Vec::new();
    while let Some(chosen) = steps.next_if(|step| step.starts_with('?')) {
        if let Some((value, word)) = chosen[1..].split_once('=') {
            trial.samples.chosen.insert(value.to_owned(), word.to_owned());
            path.push(chosen.to_owned());
        }
    }
    let mut outcomes = VecDeque::new();
    let mut take_outcomes = |outcomes: &mut VecDeque<String>| {
        outcomes.clear();
        while let Some(outcome) = steps.next_if(|step| step.starts_with('!')) {
            outcomes.push_back(outcome[1..].to_owned());
        }
        steps.next()
    };
    let mut next = take_outcomes(&mut outcomes);
    let begin = trial.dial(&[]);
    let mut walked = Walked {
        screen: turn(&mut trial, begin, &mut outcomes),
        trial,
        path,
        direct: Vec::new(),
        is_direct: true,
        note: Note::None,
    };
    walked.named();
    while let Some(step) = next {
        if walked.screen.over && step != CUT {
            break;
        }
        next = take_outcomes(&mut outcomes);
        walked.step(step, &mut outcomes);
    }
    walked
}

fn turn(trial: &mut Trial<'_>, input: Input, outcomes: &mut VecDeque<String>) -> Screen {
    trial.feed(input, &mut |_, known| outcomes.pop_front().filter(|name| known.contains(name)))
}

impl Walked<'_> {
    fn step(&mut self, step: &str, outcomes: &mut VecDeque<String>) {
        let trial = &mut self.trial;
        let is_secret = trial.state.awaits_pin(trial.graph);
        let (visits, page, tries) = (trial.state.visits, trial.state.at.page, trial.state.tries);
        let input = if step == CUT {
            trial.cut();
            trial.dial(&[])
        } else {
            Input::Key(step.to_owned())
        };
        self.screen = turn(trial, input, outcomes);
        let is_same = (trial.state.visits, trial.state.at.page) == (visits, page);
        let wants_pin = matches!(trial.graph.node(trial.state.at.node).kind, Kind::NewPin { .. });
        self.note = match is_same && step != CUT {
            true if trial.state.tries > tries => Note::Bad(super::samples::TRIES_LEFT),
            true if !wants_pin => Note::NotAKey,
            _ => Note::None,
        };
        let can_be_dialled = !step.is_empty() && step.bytes().all(|octet| octet.is_ascii_digit());
        self.is_direct &= can_be_dialled && !is_secret;
        if self.is_direct {
            self.direct.push(step.to_owned());
        }
        self.path.push(step.to_owned());
        self.named();
    }

    /// Writes down the outcomes of the turn.
    fn named(&mut self) {
        self.path.extend(self.screen.ran.iter().map(|ran| format!("!{}", ran.came)));
    }
}
