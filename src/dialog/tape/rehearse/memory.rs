//! What a tape knows, asked for by name.

use crate::{
    dialog::{
        input::{Data, Input, Step},
        tape::{
            Fed, Rows, Tape,
            play::{Lost, wanted},
        },
    },
    menu::{
        graph::{Arg, Asked, Bound, Call, Graph, Kind, Path},
        value::{Record, Value},
    },
    types::Lang,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a tape knows.
#[derive(Debug, Clone)]
pub(super) struct Memory<'t> {
    tape: &'t Tape,
    at: usize,
    globals: BTreeMap<&'t str, &'t Value>,
    rows: BTreeMap<&'t str, &'t [Rows]>,
    found: BTreeMap<(&'t str, &'t str), Option<&'t Record>>,
    /// Outcomes and verdicts that were used, by turn and place.
    used: BTreeSet<(usize, usize)>,
    /// Globals on which it depends where a dialog goes.
    deciding: BTreeSet<String>,
    /// Those that were asked for, are not known and only shown.
    pub blank: BTreeSet<String>,
}

impl<'t> Memory<'t> {
    pub fn new(tape: &'t Tape, graph: &Graph) -> Self {
        Self {
            tape,
            at: 0,
            globals: BTreeMap::new(),
            rows: BTreeMap::new(),
            found: BTreeMap::new(),
            used: BTreeSet::new(),
            deciding: deciding(graph),
            blank: BTreeSet::new(),
        }
    }

    /// Takes in what was answered up to this turn.
    pub fn reach(&mut self, at: usize) {
        for turn in self.tape.turns.get(self.at..=at).unwrap_or_default() {
            for fed in turn.walk.iter().flat_map(|walk| &walk.fed) {
                let Fed::Data(given) = fed else { continue };
                self.globals.extend(given.globals.iter().map(|(name, value)| (name.as_str(), value)));
                self.rows.extend(given.rows.iter().map(|(name, rows)| (name.as_str(), rows.as_slice())));
                let found =
                    given.found.iter().map(|(ty, key, found)| ((ty.as_str(), key.as_str()), found.as_ref()));
                self.found.extend(found);
            }
        }
        self.at = at;
    }

    pub fn answer(&mut self, step: &Step) -> Result<(Input, Option<Lang>), Lost> {
        let missing = || Lost::NotRecorded(wanted(step));
        match step {
            Step::Ask(ask) => {
                let mut data = Data::default();
                for name in &ask.globals {
                    match self.globals.get(name.as_str()) {
                        Some(value) => {
                            data.globals.insert(name.clone(), (*value).clone());
                        }
                        None if self.deciding.contains(name) => {
                            return Err(Lost::NotRecorded(name.clone()));
                        }
                        None => {
                            self.blank.insert(name.clone());
                        }
                    }
                }
                if let Some((name, _)) = &ask.query {
                    let rows = self.rows.get(name.as_str()).ok_or_else(missing)?;
                    data.rows = Some(Rows::records(rows));
                }
                if let Some((ty, key)) = &ask.find {
                    let found = self.found.get(&(ty.as_str(), key.as_str())).ok_or_else(missing)?;
                    data.found = found.cloned();
                }
                Ok((Input::Data(data), None))
            }
            Step::Do(wish) => {
                let is = |fed: &Fed| matches!(fed, Fed::Outcome { action, .. } if *action == wish.name);
                match self.draw(true, is).ok_or_else(missing)? {
                    fed @ Fed::Outcome { lang, .. } => Ok((fed.input(), *lang)),
                    fed => Ok((fed.input(), None)),
                }
            }
            Step::Pin { .. } => {
                let fed = self.draw(false, |fed| matches!(fed, Fed::Pin(_))).ok_or_else(missing)?;
                Ok((fed.input(), None))
            }
            Step::Show(_) | Step::End(..) => Err(missing()),
        }
    }

    /// The first that was not used: of this turn, else of those that were passed over, else, where
    /// that may be, of those that are to come.
    fn draw(&mut self, ahead: bool, is: impl Fn(&Fed) -> bool) -> Option<&'t Fed> {
        let tape = self.tape;
        let fed = |at: usize| tape.turns[at].walk.iter().flat_map(|walk| &walk.fed).enumerate();
        let before = 0..self.at;
        let after = self.at + 1..if ahead { tape.turns.len() } else { 0 };
        let turns = std::iter::once(self.at).chain(before).chain(after);
        let mut all = turns.flat_map(|at| fed(at).map(move |(place, fed)| ((at, place), fed)));
        let (place, fed) = all.find(|(place, fed)| !self.used.contains(place) && is(fed))?;
        self.used.insert(place);
        Some(fed)
    }
}

/// Globals on which it depends where a dialog goes: conditions, bounds and arguments.
fn deciding(graph: &Graph) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut path = |path: &Path| {
        if let Path::Global(name) = path {
            found.insert(name.clone());
        }
    };
    let call = |call: &Call, path: &mut dyn FnMut(&Path)| {
        for (_, arg) in &call.args {
            if let Arg::Path(at) = arg {
                path(at);
            }
        }
    };
    for node in &graph.nodes {
        match &node.kind {
            Kind::Screen { choices, .. } => {
                choices.iter().filter_map(|choice| choice.when.as_ref()).for_each(|(at, _)| path(at));
            }
            Kind::Ask { asked: Asked::Kes(min, max) | Asked::Int(min, max), .. } => {
                for bound in [min, max] {
                    if let Bound::Value(at) = bound {
                        path(at);
                    }
                }
            }
            Kind::List { query, .. } => call(query, &mut path),
            Kind::Do { call: action, .. } => call(action, &mut path),
            _ => {}
        }
    }
    found
}
