//! The place where one phone stands, on another: in another language, with other values.

use super::{
    Screen, Trial,
    samples::{Filling, Samples},
    walk::Walked,
};
use crate::{
    dialog::{
        input::Input,
        state::{Phase, Shown},
    },
    menu::{
        graph::{Choice, Kind, Path},
        value::Value,
    },
    types::Lang,
};
use std::collections::BTreeMap;

impl<'g> Walked<'g> {
    /// What a phone shows that stands at the same place: in this language, at this filling, with
    /// so many septets. Where the fillings differ, values are made anew, but for the words that
    /// decide which options there are.
    pub fn beside(&self, filling: Filling, lang: Lang, limit: usize) -> (Trial<'g>, Screen) {
        let mut trial = self.trial.clone();
        let is_same = trial.samples.filling == filling;
        trial.samples.filling = filling;
        (trial.env.lang, trial.env.limit) = (lang, limit);
        if !is_same {
            let node = trial.graph.node(trial.state.at.node);
            for (name, ty) in &node.params {
                let made = trial.samples.named(name, ty, lang);
                let before = trial.state.at.args.insert(name.clone(), made);
                if let (Some(before), Some(made)) = (before, trial.state.at.args.get_mut(name)) {
                    keep_tested(name, &before, made, tested(&node.kind));
                }
            }
        }
        if filling == Filling::Widest {
            widen(
                &mut trial.state.answers,
                &trial.samples,
                lang,
                &trial.graph.node(trial.state.at.node).kind,
            );
        }
        let state = &mut trial.state;
        state.shown = Shown { again: state.shown.again, ..Shown::default() };
        state.typed.clear();
        state.phase = match state.phase {
            Phase::Offering(_) | Phase::Offered => Phase::Offering(self.note),
            Phase::Broken | Phase::Stopped(_) => Phase::Broken,
            _ => Phase::Showing(self.note),
        };
        let screen = trial.feed(Input::Again, &mut |_, _| None);
        (trial, screen)
    }
}

/// The values that decide which options a block offers.
fn tested(kind: &Kind) -> impl Iterator<Item = &Path> {
    let choices: &[Choice] = match kind {
        Kind::Screen { choices, .. } => choices,
        _ => &[],
    };
    choices.iter().filter_map(|choice| choice.when.as_ref()).map(|(path, _)| path)
}

/// Puts the words of `before` that decide over options in place of those of `made`.
fn keep_tested<'p>(param: &str, before: &Value, made: &mut Value, tested: impl Iterator<Item = &'p Path>) {
    for path in tested {
        match path {
            Path::Param { name, field: None } if name == param => *made = before.clone(),
            Path::Param { name, field: Some(field) } if name == param => {
                if let (Value::Record(before), Value::Record(made)) = (before, &mut *made)
                    && let Some(word) = before.fields.get(field)
                {
                    made.fields.insert(field.clone(), word.clone());
                }
            }
            _ => {}
        }
    }
}

/// Makes every answer as wide as its block lets it be.
fn widen(answers: &mut BTreeMap<String, Value>, samples: &Samples<'_>, lang: Lang, kind: &Kind) {
    for (block, answer) in answers {
        if tested(kind).any(|path| matches!(path, Path::Answer(name) if name == block)) {
            continue;
        }
        if let Some(widest) = samples.widest_answer(block, lang) {
            *answer = widest;
        }
    }
}
