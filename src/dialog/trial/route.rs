//! A way that leads to a block, found by trying keys and outcomes on the real machine.

use super::{
    Screen, Trial,
    samples::{conditions, sample_code},
    walk::CUT,
};
use crate::{
    dialog::{input::Input, state::Phase},
    menu::graph::{Asked, Kind},
};
use std::collections::{BTreeSet, VecDeque};

/// So many turns are tried before the search gives up.
const MOST_TURNS: usize = 2_000;

/// Rows of a list that are tried: the made-up ones differ in their words.
const MOST_ROWS: u16 = 3;

/// One end of the search.
struct End<'g> {
    trial: Trial<'g>,
    way: Vec<String>,
}

/// A short way from dialling to where `found` is content, as [`super::walk::walk`] takes it. Where
/// the usual values lead nowhere, every word that an option is shown for is tried.
pub fn route(trial: Trial<'_>, found: impl Fn(&Trial<'_>, &Screen) -> bool) -> Option<Vec<String>> {
    search(trial.clone(), &found).or_else(|| {
        let words = conditions(trial.graph);
        let mut chosen = words.iter().flat_map(|(value, words)| words.iter().map(move |word| (value, word)));
        chosen.find_map(|(value, word)| {
            let mut trial = trial.clone();
            trial.samples.chosen.insert((*value).to_owned(), (*word).to_owned());
            let mut way = search(trial, &found)?;
            way.insert(0, format!("?{value}={word}"));
            Some(way)
        })
    })
}

fn search<'g>(trial: Trial<'g>, found: &impl Fn(&Trial<'_>, &Screen) -> bool) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ends = VecDeque::new();
    let mut turns = 0;
    let mut phone = trial;
    let begin = phone.dial(&[]);
    let mut moves = vec![(End { trial: phone, way: Vec::new() }, begin, None)];
    loop {
        for (end, input, typed) in moves.drain(..) {
            for (trial, screen, outcomes) in every_outcome(&end.trial, &input, &mut turns) {
                let way = end.way.iter().cloned().chain(typed.clone()).chain(outcomes).collect();
                if found(&trial, &screen) {
                    return Some(way);
                }
                let what = (trial.state.at.node, trial.state.tries, screen.text);
                if !screen.over && seen.insert(what) {
                    ends.push_back(End { trial, way });
                }
            }
        }
        if turns > MOST_TURNS {
            return None;
        }
        let End { trial, way } = ends.pop_front()?;
        moves.extend(keys(&trial).into_iter().map(|key| {
            let end = End { trial: trial.clone(), way: way.clone() };
            (end, Input::Key(key.clone()), Some(key))
        }));
    }
}

/// The shortest way to the offer to go on after a cut.
pub fn route_to_offer(trial: Trial<'_>) -> Option<Vec<String>> {
    let offers = |trial: &Trial<'_>, screen: &Screen| {
        let mut phone = trial.clone();
        phone.cut();
        let input = phone.dial(&[]);
        !screen.over && matches!(input, Input::Redial { .. }) && {
            phone.feed(input, &mut |_, _| None);
            phone.state.phase == Phase::Offered
        }
    };
    let mut way = route(trial, offers)?;
    way.push(CUT.to_owned());
    Some(way)
}

/// A turn with every outcome that its actions may have.
fn every_outcome<'g>(
    from: &Trial<'g>, input: &Input, turns: &mut usize,
) -> Vec<(Trial<'g>, Screen, Vec<String>)> {
    let mut done = Vec::new();
    let mut to_try: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(first) = to_try.pop() {
        *turns += 1;
        if *turns > MOST_TURNS {
            break;
        }
        let (mut trial, mut nth) = (from.clone(), 0);
        let screen = trial.feed(input.clone(), &mut |_, _| {
            nth += 1;
            first.get(nth - 1).cloned()
        });
        let came: Vec<String> = screen.ran.iter().map(|ran| ran.came.clone()).collect();
        for (at, ran) in screen.ran.iter().enumerate().skip(first.len()) {
            let others = ran.outcomes.iter().filter(|outcome| **outcome != ran.came);
            to_try.extend(others.map(|other| came[..at].iter().cloned().chain([other.clone()]).collect()));
        }
        let outcomes = came.iter().map(|outcome| format!("!{outcome}")).collect();
        done.push((trial, screen, outcomes));
    }
    done
}

/// What may be typed where the phone stands, the right answers first.
fn keys(trial: &Trial<'_>) -> Vec<String> {
    let shown = &trial.state.shown;
    match &trial.graph.node(trial.state.at.node).kind {
        Kind::Screen { .. } => shown.keys.iter().map(u8::to_string).collect(),
        Kind::Pick { .. } => vec!["1".to_owned()],
        Kind::List { .. } => (1..=shown.count.min(MOST_ROWS)).map(|key| key.to_string()).collect(),
        Kind::Ask { asked, .. } => {
            let (least, most) = shown.bounds.unwrap_or((0, 0));
            let within = |usual: i64| usual.max(least).min(most).to_string();
            let right = match asked {
                Asked::Kes(..) => within(850),
                Asked::Int(..) => within(3),
                Asked::Phone => "0712345678".to_owned(),
                Asked::Date => "31/12".to_owned(),
                Asked::Code(kind) => sample_code(*kind, 0).to_string(),
                Asked::Text(_) | Asked::Enum(_) | Asked::Record { .. } => "Achieng Otieno".to_owned(),
            };
            vec![right, "x".to_owned()]
        }
        Kind::Pin { .. } | Kind::NewPin { .. } => vec!["2580".to_owned(), "0000".to_owned()],
        Kind::End { .. } | Kind::Do { .. } => Vec::new(),
    }
}
