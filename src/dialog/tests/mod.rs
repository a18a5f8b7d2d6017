//! Behaviour of whole dialogs over a small tree built by hand.

mod properties;
mod stories;
pub(super) mod tree;

use super::{
    input::{Data, Do, Input, PinVerdict, SmsWish, Step},
    machine::{Env, Machine},
    state::State,
};
use crate::{
    menu::{
        graph::Graph,
        value::{Record, Value},
    },
    types::{DialogId, Kes, Lang, Timestamp},
};
use std::collections::BTreeMap;

/// What came out of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    Show(String),
    End(String, Option<SmsWish>),
}

/// A phone, and an engine that fulfils every wish from a script. The state goes through JSON
/// between any two steps.
pub(super) struct Phone<'g> {
    pub graph: &'g Graph,
    pub env: Env,
    pub state: State,
    pub globals: BTreeMap<String, Value>,
    pub rows: Vec<Record>,
    pub pin: &'static str,
    pub pin_left: u8,
    candidate: Option<String>,
    /// Outcomes by action; `ok` when there is none.
    pub outcomes: BTreeMap<String, (String, Vec<Value>)>,
    pub done: Vec<Do>,
    /// Actions after which the line drops before the outcome is fed back.
    pub deaf: bool,
}

impl<'g> Phone<'g> {
    pub fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            env: Env { lang: Lang::EN, limit: 182, now: Timestamp::from_millis(1_000_000) },
            state: State::new(DialogId::derived("test"), graph),
            globals: BTreeMap::from([
                ("me.first".into(), Value::text("Wanjiku")),
                ("me.free".into(), Value::Kes(Kes::minor(125_050))),
            ]),
            rows: Vec::new(),
            pin: "4271",
            pin_left: 3,
            candidate: None,
            outcomes: BTreeMap::new(),
            done: Vec::new(),
            deaf: false,
        }
    }

    pub fn feed(&mut self, input: Input) -> Out {
        let mut input = input;
        for _ in 0..300 {
            let mut machine = Machine::new(self.graph, self.state.clone());
            let step = machine.step(self.env, input);
            self.state = State::from_json(&machine.into_state().to_json()).expect("a state reads back");
            input = match step {
                Step::Show(text) => return Out::Show(text),
                Step::End(text, sms) => return Out::End(text, sms),
                Step::Ask(ask) => {
                    let known = |name: &String| self.globals.get(name).map(|v| (name.clone(), v.clone()));
                    Input::Data(Data {
                        globals: ask.globals.iter().filter_map(known).collect(),
                        rows: ask.query.map(|_| self.rows.clone()),
                        found: ask
                            .find
                            .and_then(|(_, key)| self.rows.iter().find(|row| row.key == key).cloned()),
                    })
                }
                Step::Pin { typed, purpose } => Input::Pin(self.judge(typed.expose(), purpose)),
                Step::Do(wish) => {
                    let (name, args) =
                        self.outcomes.get(&wish.name).cloned().unwrap_or(("ok".into(), vec![]));
                    self.done.push(wish);
                    if self.deaf {
                        return Out::Show(String::new());
                    }
                    Input::Outcome { name, args }
                }
            };
        }
        panic!("a turn without end");
    }

    fn judge(&mut self, typed: &str, purpose: super::input::PinPurpose) -> PinVerdict {
        use super::input::PinPurpose::{Choose, Confirm, Prove};
        match purpose {
            Prove if typed == self.pin => PinVerdict::Right,
            Prove => {
                self.pin_left = self.pin_left.saturating_sub(1);
                if self.pin_left == 0 {
                    PinVerdict::Locked
                } else {
                    PinVerdict::Wrong { left: self.pin_left }
                }
            }
            Choose if typed == "1234" => PinVerdict::TooEasy,
            Choose => {
                self.candidate = Some(typed.to_owned());
                PinVerdict::Right
            }
            Confirm if self.candidate.as_deref() == Some(typed) => PinVerdict::Right,
            Confirm => PinVerdict::Wrong { left: 0 },
        }
    }

    pub fn dial(&mut self) -> String {
        self.shows(Input::Begin { typed: vec![] })
    }

    pub fn press(&mut self, key: &str) -> String {
        self.shows(Input::Key(key.into()))
    }

    /// Keys one after the other; the last screen.
    pub fn walk(&mut self, keys: &[&str]) -> String {
        keys.iter().map(|key| self.press(key)).last().unwrap_or_default()
    }

    pub fn redial(&mut self) -> String {
        self.state.cut(self.env.now);
        self.shows(Input::Redial { typed: vec![] })
    }

    pub fn shows(&mut self, input: Input) -> String {
        match self.feed(input) {
            Out::Show(text) | Out::End(text, _) => text,
        }
    }
}

/// An order as the domain would export it.
pub(super) fn order(code: &str, qty: i64) -> Record {
    Record::new(
        "order",
        code,
        [("code", Value::text(code)), ("qty", Value::Int(qty)), ("state", Value::word("state", "offered"))],
    )
}
