//! What is done about one SMS command: the machine's counterpart for text messages.
//!
//! ```text
//! Begin -> Ask (a record by its number) -> Data -> ... -> Do -> Outcome -> Say
//! ```

use crate::{
    dialog::{
        input::{Ask, Do, Input, SmsWish},
        keyword::{Half, Reading, Understood},
        scope::{Globals, Scope},
    },
    menu::{
        graph::{Asked, Command, Graph, Slot},
        value::Value,
    },
    types::Lang,
};
use std::collections::BTreeMap;

/// What the turn answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsStep {
    /// Be fed [`Input::Data`].
    Ask(Ask),
    /// Decide this; be fed [`Input::Outcome`].
    Do(Do),
    /// Answer with this message; the turn is over.
    Say(SmsWish),
    /// A number whose check digit is wrong, or (when `sound`) that names nothing of this person's.
    BadCode {
        /// The number as it was typed.
        echo: String,
        /// Its check digit is right.
        sound: bool,
    },
    /// Nothing that a command of this tree answers.
    NotUnderstood,
    /// An outcome, most likely `fault`, for which the command names no message.
    Fault,
}

/// One SMS being acted on. Nothing of it is kept between turns: an SMS is decided in one.
#[derive(Debug)]
pub struct SmsTurn<'g> {
    graph: &'g Graph,
    lang: Lang,
    once: String,
    work: Work<'g>,
    globals: BTreeMap<String, Value>,
}

#[derive(Debug)]
enum Work<'g> {
    Run { command: &'g Command, values: BTreeMap<String, Value>, finding: Option<String> },
    Half(Half),
    BadCode(String),
    Nothing,
}

impl<'g> SmsTurn<'g> {
    /// A turn about what was read. `once` names the message: the same for every repeat of it.
    pub fn new(graph: &'g Graph, lang: Lang, reading: Reading, once: impl Into<String>) -> Self {
        let work = match reading {
            Reading::Understood(Understood { command, values }) => match graph.commands.get(command) {
                Some(command) => Work::Run { command, values, finding: None },
                None => Work::Nothing,
            },
            Reading::Half(half) => Work::Half(half),
            Reading::BadCode { echo, .. } => Work::BadCode(echo),
            Reading::Unknown => Work::Nothing,
        };
        Self { graph, lang, once: once.into(), work, globals: BTreeMap::new() }
    }

    /// Feeds one input: [`Input::Begin`] first, then whatever was asked for.
    pub fn step(&mut self, input: Input) -> SmsStep {
        match input {
            Input::Data(data) => {
                self.globals.extend(data.globals);
                for name in self.wanted() {
                    self.globals.entry(name).or_insert_with(|| Value::text(""));
                }
                if let Work::Run { values, finding, .. } = &mut self.work
                    && let Some(slot) = finding.take()
                {
                    let Some(record) = data.found else {
                        let echo = values.get(&slot).map(|code| self.graph.words().show(code, self.lang));
                        return SmsStep::BadCode { echo: echo.unwrap_or_default(), sound: true };
                    };
                    values.insert(slot, Value::Record(record));
                }
                self.run()
            }
            Input::Outcome { name, args } => self.reply(&name, args),
            _ => self.run(),
        }
    }

    fn run(&mut self) -> SmsStep {
        let globals: Vec<String> =
            self.wanted().into_iter().filter(|name| !self.globals.contains_key(name)).collect();
        match &mut self.work {
            Work::Nothing => return SmsStep::NotUnderstood,
            Work::BadCode(echo) => return SmsStep::BadCode { echo: echo.clone(), sound: false },
            Work::Half(_) => {}
            Work::Run { command, values, finding } => {
                if let Some((slot, find)) = next_record(command, values) {
                    *finding = Some(slot);
                    return SmsStep::Ask(Ask { globals, query: None, find: Some(find) });
                }
            }
        }
        if !globals.is_empty() {
            return SmsStep::Ask(Ask { globals, query: None, find: None });
        }
        match &self.work {
            Work::Run { command, values, .. } => SmsStep::Do(Do {
                name: command.call.name.clone(),
                args: self.scope(values.clone()).call(&command.call),
                once: Some(self.once.clone()),
                at: "sms".to_owned(),
            }),
            Work::Half(half) => self.half(half),
            _ => SmsStep::NotUnderstood,
        }
    }

    fn half(&self, half: &Half) -> SmsStep {
        let Some(message) = half.command(self.graph).and_then(|command| command.half.as_ref()) else {
            return SmsStep::NotUnderstood;
        };
        let mut scope = self.scope(BTreeMap::new());
        scope.machine.insert("heard", Value::Text(half.heard(self.graph, self.lang)));
        scope.machine.insert("miss", Value::Text(half.miss(self.graph, self.lang)));
        SmsStep::Say(SmsWish { name: message.name.clone(), args: scope.args(&message.args) })
    }

    fn reply(&self, name: &str, args: Vec<Value>) -> SmsStep {
        let Work::Run { command, values, .. } = &self.work else { return SmsStep::NotUnderstood };
        let known = command.replies.iter().find(|(outcome, ..)| outcome == name);
        let fault = || command.replies.iter().find(|(outcome, ..)| outcome == "fault");
        let Some((_, binds, message)) = known.or_else(fault) else { return SmsStep::Fault };
        let mut params = values.clone();
        params.extend(binds.iter().cloned().zip(args));
        let args = self.scope(params).args(&message.args);
        SmsStep::Say(SmsWish { name: message.name.clone(), args })
    }

    /// Globals that the call and the messages name.
    fn wanted(&self) -> std::collections::BTreeSet<String> {
        let mut found = Globals::default();
        match &self.work {
            Work::Run { command, .. } => {
                found.call(&command.call);
                command.replies.iter().for_each(|(_, _, message)| found.args(&message.args));
            }
            Work::Half(half) => {
                let message = half.command(self.graph).and_then(|command| command.half.as_ref());
                message.into_iter().for_each(|message| found.args(&message.args));
            }
            _ => {}
        }
        found.0
    }

    fn scope(&self, params: BTreeMap<String, Value>) -> Scope<'_> {
        // A command takes no answers of a dialog.
        static NO_ANSWERS: BTreeMap<String, Value> = BTreeMap::new();
        Scope {
            graph: self.graph,
            lang: self.lang,
            answers: &NO_ANSWERS,
            globals: &self.globals,
            params,
            machine: BTreeMap::from([("here", Value::text("sms"))]),
        }
    }
}

/// The first record slot that still holds its spoken number.
fn next_record(command: &Command, values: &BTreeMap<String, Value>) -> Option<(String, (String, String))> {
    command.slots.iter().find_map(|slot| match slot {
        Slot::Value { name, asked: Asked::Record { ty, .. }, .. } => match values.get(name) {
            Some(Value::Code(code)) => Some((name.clone(), (ty.clone(), code.to_string()))),
            _ => None,
        },
        _ => None,
    })
}
