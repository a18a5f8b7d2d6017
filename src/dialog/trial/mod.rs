//! A phone with a domain behind it that only pretends: the real machine, the real screens, values
//! made up from their types, and outcomes that somebody chooses.
//!
//! * [`samples`]: the made-up values, at three fillings.
//! * [`walk`]: a way through a tree as a row of keys and outcomes, walked again after every change.
//! * [`route`]: a way that leads to a block.
//! * [`conversation`]: a walk as a file, with all that must be seen on it.
//! * [`texting`]: an SMS to a tree.
//! * [`beside`]: the same place on another phone: another language, other values.

mod beside;
pub mod conversation;
pub mod route;
pub mod samples;
pub mod texting;
pub mod walk;

use crate::{
    dialog::{
        input::{Ask, Do, Input, PinPurpose, PinVerdict, SmsWish, Step},
        machine::{Env, Machine},
        scope::Globals,
        state::{Phase, State},
    },
    menu::{
        graph::{Graph, Kind, NodeId},
        value::Value,
        vocabulary::Vocabulary,
    },
    types::{DialogId, Lang, Timestamp, time::NAIROBI},
};
use samples::{Filling, Samples};
use std::{collections::BTreeMap, time::Duration};

/// What a turn shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The text.
    pub text: String,
    /// The SMS that follows.
    pub sms: Option<SmsWish>,
    /// The dialog is over.
    pub over: bool,
    /// The actions that ran on the way, in order.
    pub ran: Vec<Ran>,
}

/// An action that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The wish, with its arguments.
    pub wish: Do,
    /// Outcomes it may have, by the tree's own order.
    pub outcomes: Vec<String>,
    /// The one it had.
    pub came: String,
}

impl Ran {
    /// The action and its arguments as people read them.
    pub fn call(&self) -> String {
        called(&self.wish)
    }
}

/// An action and its arguments as people read them: `listing.create(kind: ring, price: 850)`.
pub fn called(wish: &Do) -> String {
    let show = |value: &Value| match value {
        Value::Word { word, .. } => word.clone(),
        Value::Record(record) => record.key.clone(),
        Value::Kes(sum) => sum.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::Phone(number) => number.national(),
        Value::Code(code) => code.to_string(),
        Value::Date(moment) => moment.day_month(NAIROBI),
        Value::Time(moment) => moment.hour_minute(NAIROBI),
        Value::Texts(texts) => texts.values().next().cloned().unwrap_or_default(),
    };
    let args: Vec<String> =
        wish.args.iter().map(|(name, value)| format!("{name}: {}", show(value))).collect();
    format!("{}({})", wish.name, args.join(", "))
}

/// Chooses the outcome of an action among those it may have; the first when it does not.
pub type Choose<'a> = &'a mut dyn FnMut(&Do, &[String]) -> Option<String>;

/// The outcome of an action that can only go well or fail by a fault of ours: nobody need be asked.
pub fn only_way(outcomes: &[String]) -> Option<String> {
    match outcomes {
        [only, fault] if fault == "fault" => Some(only.clone()),
        _ => None,
    }
}

/// A phone with made-up values behind it.
#[derive(Debug, Clone)]
pub struct Trial<'g> {
    pub(super) graph: &'g Graph,
    pub(super) samples: Samples<'g>,
    /// Language, limit in septets, and the moment, which goes on by a second at each turn.
    pub env: Env,
    /// The dialog.
    pub state: State,
    calls: u32,
}

impl<'g> Trial<'g> {
    /// A phone that nobody has dialled with yet: in English, at the tree's own limit.
    pub fn new(graph: &'g Graph, vocabulary: &'g Vocabulary, filling: Filling) -> Self {
        let now = Timestamp::of_day(2026, 12, 1, NAIROBI).unwrap_or_default();
        let env = Env { lang: Lang::EN, limit: usize::from(graph.limit), now };
        let state = State::new(DialogId::derived("try 0"), graph);
        let chosen = BTreeMap::new();
        let samples = Samples { words: graph.words(), graph: Some(graph), vocabulary, filling, now, chosen };
        Self { graph, samples, env, state, calls: 0 }
    }

    /// The block where the phone stands.
    pub fn at(&self) -> NodeId {
        self.state.at.node
    }

    /// The page that is shown, counted from 1, and pages in all.
    pub fn page(&self) -> (u16, u16) {
        (self.state.at.page + 1, self.state.shown.pages.max(1))
    }

    /// Whether the phone shows the offer to go on after a cut.
    pub fn offers_to_go_on(&self) -> bool {
        self.state.phase == Phase::Offered
    }

    /// The word that a value of an enum has on this phone.
    pub fn word_of(&self, value: &str) -> String {
        let ask = Ask { globals: vec![value.to_owned()], ..Ask::default() };
        match self.samples.data(&ask, self.env.lang).globals.remove(value) {
            Some(Value::Word { word, .. }) => word,
            _ => String::new(),
        }
    }

    /// What a cut at this place sends after a while.
    pub fn drop_wish(&self) -> Option<(Duration, SmsWish)> {
        let drop = self.state.drops_here(self.graph)?;
        let mut named = Globals::default();
        named.args(&drop.sms.args);
        let ask = Ask { globals: named.0.into_iter().collect(), ..Ask::default() };
        let data = self.samples.data(&ask, self.env.lang);
        Machine::new(self.graph, self.state.clone()).drop_wish(self.env, &data.globals)
    }

    /// The phone reads this language from now on.
    ///
    /// # Errors
    /// The tree is not written in it; the sentence names the languages it has.
    pub fn read_in(&mut self, lang: Lang) -> Result<(), String> {
        if !self.graph.langs.contains(&lang) {
            let known: Vec<&str> = self.graph.langs.iter().map(Lang::tag).collect();
            let (name, known) = (&self.graph.name, known.join(", "));
            return Err(format!("the menu `{name}` does not speak `{lang}`; it speaks: {known}"));
        }
        self.env.lang = lang;
        Ok(())
    }

    /// The tree that is tried.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// The call is cut.
    pub fn cut(&mut self) {
        self.state.cut(self.env.now);
    }

    /// A redial while there is something to go on with, else a new dialog.
    pub fn dial(&mut self, typed: &[String]) -> Input {
        let typed = typed.to_vec();
        if self.state.cut.is_some() && self.state.may_resume(self.graph, self.env.now) {
            return Input::Redial { typed };
        }
        self.calls += 1;
        self.state = State::new(DialogId::derived(&format!("try {}", self.calls)), self.graph);
        Input::Begin { typed }
    }

    /// One turn. PIN 0000 is wrong, and too easy for a new one; any other is right.
    pub fn feed(&mut self, input: Input, choose: Choose<'_>) -> Screen {
        self.env.now = self.env.now.after(Duration::from_secs(1));
        let mut machine = Machine::new(self.graph, self.state.clone());
        let mut input = input;
        let mut ran = Vec::new();
        loop {
            input = match machine.step(self.env, input) {
                Step::Show(text) => {
                    self.state = machine.into_state();
                    return Screen { text, sms: None, over: false, ran };
                }
                Step::End(text, sms) => {
                    self.state = machine.into_state();
                    return Screen { text, sms, over: true, ran };
                }
                Step::Ask(ask) => Input::Data(self.samples.data(&ask, self.env.lang)),
                Step::Pin { typed, purpose } => Input::Pin(match purpose {
                    PinPurpose::Prove if typed.expose() == "0000" => {
                        PinVerdict::Wrong { left: samples::TRIES_LEFT }
                    }
                    PinPurpose::Choose if typed.expose() == "0000" => PinVerdict::TooEasy,
                    _ => PinVerdict::Right,
                }),
                Step::Do(wish) => {
                    let outcomes = self.outcomes(&wish);
                    let first = || outcomes.first().cloned().unwrap_or_else(|| "fault".to_owned());
                    let name = choose(&wish, &outcomes).unwrap_or_else(first);
                    self.speak(&wish);
                    let args = self.samples.outcome(&wish, &name, self.env.lang);
                    ran.push(Ran { wish, outcomes, came: name.clone() });
                    Input::Outcome { args, name }
                }
            };
        }
    }

    /// Outcomes by the tree's own order.
    fn outcomes(&self, wish: &Do) -> Vec<String> {
        let node = self.graph.find(&wish.at).map(|id| &self.graph.node(id).kind);
        match node {
            Some(Kind::Do { branches, .. }) => branches.iter().map(|b| b.outcome.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// The two actions that a phone with nothing behind it must carry out itself.
    fn speak(&mut self, wish: &Do) {
        match (wish.name.as_str(), wish.args.get("lang")) {
            ("account.next_language", _) => {
                let at = self.graph.lang_index(self.env.lang);
                self.env.lang = self.graph.langs[(at + 1) % self.graph.langs.len()];
            }
            ("account.speak", Some(Value::Word { word, .. })) => {
                self.env.lang = word.parse().unwrap_or(self.env.lang);
            }
            _ => {}
        }
    }
}
