//! What is recorded is played again, octet for octet, whatever was typed.

use super::{play::verify, *};
use crate::{
    dialog::{
        input::{PinPurpose, Step},
        machine::Env,
        state::State,
        tests::{order, tree::tree},
    },
    types::Kes,
};
use proptest::prelude::*;

/// A phone whose dialogs are recorded as the engine records them.
pub(super) struct Recorder<'g> {
    graph: &'g Graph,
    state: State,
    env: Env,
    rows: Vec<Record>,
    pub tape: Tape,
    typed: Vec<String>,
}

impl<'g> Recorder<'g> {
    pub fn new(graph: &'g Graph, limit: usize, rows: Vec<Record>) -> Self {
        let env = Env { lang: Lang::EN, limit, now: Timestamp::from_millis(1_000_000) };
        let id = DialogId::derived("tape");
        let state = State::new(id, graph);
        Self { graph, state, env, rows, tape: Tape { id, turns: Vec::new() }, typed: Vec::new() }
    }

    pub fn feed(&mut self, input: Input) {
        self.env.now = Timestamp::from_millis(self.env.now.millis() + 5_000);
        let at_pin = self.state.awaits_pin(self.graph);
        let mut machine = Machine::new(self.graph, self.state.clone());
        let (lang, mut fed) = (self.env.lang, Vec::new());
        let mut next = input.clone();
        let (screen, ended) = loop {
            next = match machine.step(self.env, next) {
                Step::Show(text) => break (text, false),
                Step::End(text, _) => break (text, true),
                Step::Ask(ask) => {
                    let data = self.data(&ask);
                    fed.push(Fed::Data(Given::new(&ask, &data)));
                    Input::Data(data)
                }
                Step::Pin { typed, purpose } => {
                    self.typed.push(typed.expose().to_owned());
                    let verdict = match (typed.expose(), purpose) {
                        ("4271", _) => PinVerdict::Right,
                        (_, PinPurpose::Choose) => PinVerdict::TooEasy,
                        _ => PinVerdict::Wrong { left: 2 },
                    };
                    fed.push(Fed::Pin(verdict));
                    Input::Pin(verdict)
                }
                Step::Do(wish) => {
                    let other = if self.env.lang == Lang::EN { Lang::SW } else { Lang::EN };
                    let lang = wish.name.starts_with("account").then_some(other);
                    self.env.lang = lang.unwrap_or(self.env.lang);
                    let args = vec![Value::Record(order("482108", 5))];
                    fed.push(Fed::outcome(&wish, "ok", &args, lang));
                    Input::Outcome { name: "ok".to_owned(), args }
                }
            };
        };
        let head = || Head {
            phone: Msisdn::from_e164("254700000101").expect("a number"),
            tree: self.graph.name.clone(),
            graph: self.graph.hash.clone(),
            gateway: "test".to_owned(),
        };
        let event = match &input {
            Input::Begin { typed } => Event::Begun { head: head(), typed: kept_answers(&machine, typed) },
            Input::Redial { typed } => {
                Event::Redialled { gateway: "test".to_owned(), typed: kept_answers(&machine, typed) }
            }
            Input::Key(typed) => Event::Key(kept_key(&machine, self.graph, typed, at_pin)),
            Input::Bare(typed) => Event::Text(kept_key(&machine, self.graph, typed, false)),
            _ => unreachable!("nothing else is typed"),
        };
        let block = machine.state().block(self.graph).to_owned();
        let limit = u16::try_from(self.env.limit).expect("a screen");
        let refused = machine.understood().contains(&false);
        let walk = Walk { fed, lang, limit, block, screen, ended, refused, sms: None };
        self.state = machine.into_state();
        self.tape.turns.push(Turn { at: self.env.now, event, walk: Some(walk) });
    }

    fn data(&self, ask: &Ask) -> Data {
        let known = |name: &String| match name.as_str() {
            "me.free" => Some((name.clone(), Value::Kes(Kes::minor(125_050)))),
            "me.first" => Some((name.clone(), Value::text("Wanjiku"))),
            _ => None,
        };
        Data {
            globals: ask.globals.iter().filter_map(known).collect(),
            rows: ask.query.as_ref().map(|_| self.rows.clone()),
            found: ask.find.as_ref().and_then(|(_, key)| self.rows.iter().find(|r| r.key == *key).cloned()),
        }
    }
}

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => "[0-9]",
        2 => Just("98".to_owned()),
        2 => Just("00".to_owned()),
        3 => Just("850".to_owned()),
        3 => Just("4271".to_owned()),
        1 => Just("my PIN is 4271".to_owned()),
        1 => "\\PC{0,20}",
    ]
}

fn inputs() -> impl Strategy<Value = Input> {
    prop_oneof![
        20 => keys().prop_map(Input::Key),
        1 => keys().prop_map(Input::Bare),
        2 => proptest::collection::vec(keys(), 0..6).prop_map(|typed| Input::Begin { typed }),
        2 => proptest::collection::vec(keys(), 0..3).prop_map(|typed| Input::Redial { typed }),
    ]
}

pub(super) fn begin(typed: &[&str]) -> Input {
    Input::Begin { typed: typed.iter().map(|&answer| answer.to_owned()).collect() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_random_walk_is_played_again_octet_for_octet_from_what_was_stored_of_it(
        inputs in proptest::collection::vec(inputs(), 1..40),
        rows in 0i64..12, limit in 90usize..=182,
    ) {
        let graph = tree();
        let rows = (0..rows).map(|n| order(&format!("{}", 482_100 + n), n)).collect();
        let mut recorder = Recorder::new(&graph, limit, rows);
        recorder.feed(begin(&[]));
        for input in inputs {
            recorder.feed(input);
        }
        let stored = serde_json::to_vec(&recorder.tape.turns).expect("a tape has a JSON form");
        let turns: Vec<Turn> = serde_json::from_slice(&stored).expect("it reads back");
        prop_assert_eq!(&turns, &recorder.tape.turns);
        let shown = turns.len();
        prop_assert_eq!(verify(&Tape { turns, ..recorder.tape }, &graph), Ok(shown));
    }

    #[test]
    fn what_is_typed_where_a_pin_is_asked_for_is_on_no_tape(
        pin in "5[0-9]{3}", keys in proptest::collection::vec(keys(), 0..12),
    ) {
        let graph = tree();
        let mut recorder = Recorder::new(&graph, 182, Vec::new());
        recorder.feed(begin(&[]));
        recorder.feed(begin(&["3", "100", &pin]));
        for key in keys {
            recorder.feed(Input::Key(key));
        }
        recorder.feed(begin(&[]));
        recorder.feed(Input::Key("3".to_owned()));
        recorder.feed(Input::Key("100".to_owned()));
        prop_assert!(recorder.state.awaits_pin(&graph));
        recorder.feed(Input::Key(pin.clone()));
        let typed = |event: &Event| match event {
            Event::Begun { typed, .. } | Event::Redialled { typed, .. } => typed.clone(),
            Event::Key(typed) | Event::Text(typed) => vec![typed.clone()],
            _ => Vec::new(),
        };
        let kept: Vec<String> = recorder.tape.turns.iter().flat_map(|turn| typed(&turn.event)).collect();
        prop_assert!(!kept.contains(&pin) , "{kept:?}");
        prop_assert!(recorder.typed.contains(&pin));
    }
}

#[test]
fn a_pin_typed_where_none_was_asked_for_is_starred_and_the_screens_stay_the_same() {
    let graph = tree();
    let mut recorder = Recorder::new(&graph, 182, Vec::new());
    recorder.feed(begin(&["4271", "3"]));
    recorder.feed(Input::Key("4271".to_owned()));
    recorder.feed(Input::Key("9".to_owned()));
    let stored = serde_json::to_string(&recorder.tape.turns).expect("json");
    assert!(!stored.contains("4271") && stored.contains(HIDDEN), "{stored}");
    assert!(stored.contains(r#"{"key":"9"}"#), "a wrong key that is no PIN is kept: {stored}");
    assert_eq!(verify(&recorder.tape, &graph), Ok(3));
}

#[test]
fn a_screen_that_was_changed_on_the_tape_is_found_with_its_turn() {
    let graph = tree();
    let mut recorder = Recorder::new(&graph, 182, Vec::new());
    recorder.feed(begin(&[]));
    recorder.feed(Input::Key("1".to_owned()));
    let walk = recorder.tape.turns[1].walk.as_mut().expect("walked");
    walk.screen.push('!');
    let found = verify(&recorder.tape, &graph).expect_err("it differs");
    assert!(matches!(found, play::Differs::Screen { turn: 2, .. }), "{found}");
    recorder.tape.turns.remove(0);
    let found = verify(&recorder.tape, &graph).expect_err("it has no beginning");
    assert_eq!(found.to_string(), "turn 1: its first turn is no longer kept");
}

#[test]
fn rows_name_their_fields_once_and_come_back_as_they_were() {
    let mut rows: Vec<Record> = (0..5).map(|n| order(&format!("{}", 482_100 + n), n)).collect();
    rows.insert(2, Record::new("listing", "10019", [("ready", Value::Int(3))]));
    let packed = Rows::of(&rows);
    assert_eq!(packed.len(), 3);
    assert_eq!(Rows::records(&packed), rows);
    assert!(Rows::records(&Rows::of(&[])).is_empty());
}
