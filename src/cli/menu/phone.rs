//! `sokoni menu try`: a phone in the terminal over a menu file, with nothing behind it. Values
//! are made up from their types, and an action asks which outcome it should have.

use super::{CLEAN, FAULTS, USAGE, sources::sources};
use crate::{
    dialog::{
        input::{Ask, Data, Do, Input, PinPurpose, PinVerdict, SmsWish, Step},
        machine::{Env, Machine},
        state::State,
    },
    engine::vocabulary::vocabulary,
    gsm::fit,
    menu::{
        check::{Limits, compile},
        graph::{Catalogue, Choice, Graph, Kind, Path},
        report,
        value::{Record, Value},
        vocabulary::{Type, Vocabulary},
    },
    types::{CodeKind, DialogId, Kes, Lang, Msisdn, SpokenCode, Timestamp, time::NAIROBI},
};
use clap::{Args, ValueEnum};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    path::PathBuf,
    time::Duration,
};

/// A phone in the terminal
#[derive(Debug, Args)]
pub struct TryArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// The tree of this name; the first with a dialled code when there are several.
    #[arg(long)]
    pub tree: Option<String>,
    /// Language of the texts, such as en or sw.
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// Septets a screen may have; the file's own limit when left out.
    #[arg(long, value_name = "SEPTETS", value_parser = clap::value_parser!(u16).range(40..=182))]
    pub limit: Option<u16>,
    /// What values look like.
    #[arg(long, value_enum, default_value_t = Filling::Typical)]
    pub values: Filling,
}

/// What made-up values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Filling {
    /// Names and sums as they usually are, three rows in a list.
    Typical,
    /// Everything as wide as its type allows, twelve rows in a list.
    Widest,
    /// No rows, no money.
    Empty,
}

/// Why there is no phone.
#[derive(Debug, thiserror::Error)]
enum TryError {
    /// The menus have faults; the report.
    #[error("{0}")]
    Faults(String),
    #[error("no such tree; there are: {0}")]
    NoSuchTree(String),
    #[error("{0}")]
    Files(#[from] io::Error),
}

/// Runs the phone on standard input: 0 when it was put down, 1 when the menus have faults, 2 when
/// it could not be tried.
///
/// # Errors
/// A file that cannot be read; output that cannot be written.
pub fn run(args: &TryArgs, out: &mut impl Write) -> io::Result<u8> {
    match phone(args, io::stdin().lock(), out) {
        Ok(()) => Ok(CLEAN),
        Err(TryError::Files(error)) => Err(error),
        Err(error) => {
            eprintln!("{error}");
            Ok(if matches!(error, TryError::Faults(_)) { FAULTS } else { USAGE })
        }
    }
}

fn phone(args: &TryArgs, keys: impl BufRead, out: &mut impl Write) -> Result<(), TryError> {
    let sources = sources(&args.paths)?;
    let vocabulary = vocabulary();
    let (graphs, catalogue) = compile(&sources, &vocabulary, &Limits::default())
        .map_err(|problems| TryError::Faults(report::to_text(&problems, &sources, false)))?;
    let graph = match &args.tree {
        Some(name) => graphs.iter().find(|graph| graph.name == *name),
        None => graphs.iter().find(|graph| graph.dial.is_some()).or(graphs.first()),
    };
    let Some(graph) = graph else {
        let names: Vec<&str> = graphs.iter().map(|graph| graph.name.as_str()).collect();
        return Err(TryError::NoSuchTree(names.join(", ")));
    };
    let mut trial = Trial::new(graph, &vocabulary, args.values);
    trial.env.lang = args.lang;
    trial.env.limit = usize::from(args.limit.unwrap_or(graph.limit));
    talk(&mut trial, &catalogue, keys, out)
}

const HELP: &str = "Type a key and Enter. `cut` drops the call, `dial` dials (again), `lang sw` changes the \
language, `quit` ends. PIN 0000 is wrong, any other is right.";

fn talk(
    trial: &mut Trial<'_>, catalogue: &Catalogue, keys: impl BufRead, out: &mut impl Write,
) -> Result<(), TryError> {
    writeln!(out, "{HELP}\n")?;
    let mut lines = keys.lines();
    let mut input = Some(Input::Begin { typed: Vec::new() });
    loop {
        if let Some(fed) = input.take() {
            let mut ask = |wish: &Do, outcomes: &[String]| -> Option<String> {
                let list: Vec<String> =
                    outcomes.iter().enumerate().map(|(at, name)| format!("{} {name}", at + 1)).collect();
                writeln!(out, "  ~ {}{} -> {}", wish.name, said(&wish.args), list.join(", ")).ok()?;
                let line = lines.next()?.ok()?;
                let nth = line.trim().parse::<usize>().ok().and_then(|n| outcomes.get(n.wrapping_sub(1)));
                nth.cloned().or_else(|| outcomes.iter().find(|name| *name == line.trim()).cloned())
            };
            let screen = trial.feed(fed, &mut ask);
            draw(trial, &screen, out)?;
            if let Some(sms) = &screen.sms {
                let text = catalogue.render(&sms.name, &sms.args, trial.env.lang);
                let text = text.and_then(Result::ok).unwrap_or_else(|| sms.name.clone());
                writeln!(out, "  SMS: {text}\n")?;
            }
        }
        write!(out, "> ")?;
        out.flush()?;
        let Some(line) = lines.next().transpose()? else { return Ok(()) };
        match line.trim() {
            "quit" => return Ok(()),
            "cut" => trial.cut(),
            "dial" => input = Some(trial.dial(&[])),
            other => match other.strip_prefix("lang ").and_then(|tag| tag.trim().parse().ok()) {
                Some(lang) => {
                    trial.env.lang = lang;
                    input = Some(Input::Again);
                }
                None if trial.state.is_over() => input = Some(trial.dial(&[])),
                None => input = Some(Input::Key(other.to_owned())),
            },
        }
    }
}

fn said(args: &BTreeMap<String, Value>) -> String {
    let show = |value: &Value| match value {
        Value::Word { word, .. } => word.clone(),
        Value::Record(record) => record.key.clone(),
        Value::Kes(sum) => sum.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let args: Vec<String> = args.iter().map(|(name, value)| format!("{name}: {}", show(value))).collect();
    format!("({})", args.join(", "))
}

fn draw(trial: &Trial<'_>, screen: &Screen, out: &mut impl Write) -> io::Result<()> {
    let width = screen.text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let length = fit::septets(&screen.text)
        .map_or_else(|| format!("{} UCS-2 units", fit::units(&screen.text)), |n| format!("{n} septets"));
    writeln!(out, "+{}+", "-".repeat(width + 2))?;
    for line in screen.text.lines() {
        writeln!(out, "| {line}{} |", " ".repeat(width - line.chars().count()))?;
    }
    writeln!(out, "+{}+ {length} of {}", "-".repeat(width + 2), trial.env.limit)?;
    if screen.over {
        writeln!(out, "  The dialog is over. Enter dials again.")?;
    }
    Ok(())
}

/// What a turn shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Screen {
    text: String,
    sms: Option<SmsWish>,
    over: bool,
}

/// A phone with made-up values behind it.
struct Trial<'g> {
    graph: &'g Graph,
    samples: Samples<'g>,
    env: Env,
    state: State,
    calls: u32,
}

impl<'g> Trial<'g> {
    fn new(graph: &'g Graph, vocabulary: &'g Vocabulary, filling: Filling) -> Self {
        let now = Timestamp::of_day(2026, 12, 1, NAIROBI).unwrap_or_default();
        let env = Env { lang: Lang::EN, limit: usize::from(graph.limit), now };
        let state = State::new(DialogId::derived("try 0"), graph);
        Self { graph, samples: Samples { graph, vocabulary, filling, now }, env, state, calls: 0 }
    }

    fn cut(&mut self) {
        self.state.cut(self.env.now);
    }

    /// A redial while there is something to go on with, else a new dialog.
    fn dial(&mut self, typed: &[String]) -> Input {
        let typed = typed.to_vec();
        if self.state.cut.is_some() && self.state.may_resume(self.graph, self.env.now) {
            return Input::Redial { typed };
        }
        self.calls += 1;
        self.state = State::new(DialogId::derived(&format!("try {}", self.calls)), self.graph);
        Input::Begin { typed }
    }

    /// One turn; `choose` names the outcome of an action, the first when it does not.
    fn feed(&mut self, input: Input, choose: &mut dyn FnMut(&Do, &[String]) -> Option<String>) -> Screen {
        self.env.now = self.env.now.after(Duration::from_secs(1));
        let mut machine = Machine::new(self.graph, self.state.clone());
        let mut input = input;
        loop {
            input = match machine.step(self.env, input) {
                Step::Show(text) => {
                    self.state = machine.into_state();
                    return Screen { text, sms: None, over: false };
                }
                Step::End(text, sms) => {
                    self.state = machine.into_state();
                    return Screen { text, sms, over: true };
                }
                Step::Ask(ask) => Input::Data(self.samples.data(&ask)),
                Step::Pin { typed, purpose } => Input::Pin(match purpose {
                    PinPurpose::Prove if typed.expose() == "0000" => PinVerdict::Wrong { left: 2 },
                    PinPurpose::Choose if typed.expose() == "0000" => PinVerdict::TooEasy,
                    _ => PinVerdict::Right,
                }),
                Step::Do(wish) => {
                    let outcomes = self.outcomes(&wish);
                    let name = match outcomes.as_slice() {
                        [only, fault] if fault == "fault" => only.clone(),
                        _ => choose(&wish, &outcomes)
                            .or_else(|| outcomes.first().cloned())
                            .unwrap_or_else(|| "fault".to_owned()),
                    };
                    self.speak(&wish);
                    Input::Outcome { args: self.samples.outcome(&wish, &name), name }
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

/// Values made up from their types.
struct Samples<'g> {
    graph: &'g Graph,
    vocabulary: &'g Vocabulary,
    filling: Filling,
    now: Timestamp,
}

impl Samples<'_> {
    fn data(&self, ask: &Ask) -> Data {
        let global = |name: &String| {
            let ty = self.vocabulary.globals.get(name)?;
            Some((name.clone(), self.value(ty, self.wanted_word(name), 0)))
        };
        let rows = ask.query.as_ref().map(|(name, _)| {
            let count = match self.filling {
                Filling::Typical => 3,
                Filling::Widest => 12,
                Filling::Empty => 0,
            };
            let item = self.vocabulary.queries.get(name).map(|query| query.item.as_str());
            (0..count).filter_map(|nth| Some(self.record(item?, nth))).collect()
        });
        let found = ask.find.as_ref().map(|(ty, key)| Record { key: key.clone(), ..self.record(ty, 0) });
        Data { globals: ask.globals.iter().filter_map(global).collect(), rows, found }
    }

    fn outcome(&self, wish: &Do, outcome: &str) -> Vec<Value> {
        let action = self.vocabulary.actions.get(&wish.name);
        let brings = action.and_then(|action| action.outcomes.iter().find(|(name, _)| name == outcome));
        brings.map_or_else(Vec::new, |(_, types)| types.iter().map(|ty| self.value(ty, None, 0)).collect())
    }

    /// The first word that an option of the tree is shown for, so that the usual way is open.
    fn wanted_word(&self, global: &str) -> Option<&str> {
        let choices = self.graph.nodes.iter().flat_map(|node| match &node.kind {
            Kind::Screen { choices, .. } => choices.as_slice(),
            _ => &[],
        });
        let mut conditions = choices.filter_map(|Choice { when, .. }| when.as_ref());
        let named = |(path, _): &&(Path, String)| matches!(path, Path::Global(name) if name == global);
        conditions.find(named).map(|(_, word)| word.as_str())
    }

    fn record(&self, ty: &str, nth: usize) -> Record {
        let fields = self.vocabulary.records.get(ty).into_iter().flatten();
        let fields: BTreeMap<String, Value> =
            fields.map(|(name, ty)| (name.clone(), self.value(ty, None, nth))).collect();
        let key = match fields.get("code") {
            Some(Value::Code(code)) => code.to_string(),
            _ => nth.to_string(),
        };
        Record { ty: ty.to_owned(), key, fields }
    }

    fn value(&self, ty: &Type, wanted: Option<&str>, nth: usize) -> Value {
        let wide = self.filling == Filling::Widest;
        let empty = self.filling == Filling::Empty;
        match ty {
            Type::Kes | Type::Cents if empty => Value::Kes(Kes::ZERO),
            Type::Kes if wide => Value::Kes(Kes::major(9_999_999)),
            Type::Cents if wide => Value::Kes(Kes::minor(99_999_999)),
            Type::Kes => Value::Kes(Kes::major(850 + 100 * nth as i64)),
            Type::Cents => Value::Kes(Kes::minor(125_050)),
            Type::Int { min, max } => Value::Int(match (wide, empty) {
                (true, _) => *max,
                (_, true) => *min,
                _ => (3 + nth as i64).clamp(*min, *max),
            }),
            Type::Text(width) if wide => Value::Text("W".repeat(usize::from(*width))),
            Type::Text(width) => {
                let name = ["Wanjiku", "Achieng", "Nafula"][nth % 3];
                Value::text(fit::cut(name, usize::from(*width)).0)
            }
            Type::Date => Value::Date(self.now.after(Duration::from_secs(86_400 * (9 + nth as u64)))),
            Type::Time => Value::Time(self.now.after(Duration::from_secs(3600 * 16))),
            Type::Phone => Msisdn::from_e164(if wide { "999999999999999" } else { "254712345678" })
                .map_or_else(|_| Value::text(""), Value::Phone),
            Type::Code(kind) => Value::Code(sample_code(*kind, nth)),
            Type::Enum(set) => self.word(set, wanted, if wide { usize::MAX } else { nth }),
            Type::Record(ty) => Value::Record(self.record(ty, nth)),
        }
    }

    fn word(&self, set: &str, wanted: Option<&str>, nth: usize) -> Value {
        let labelled = self.graph.enums.get(set).map(|set| set.words.iter().map(|(w, _)| w).collect());
        let known = || self.vocabulary.enums.get(set).map(|words| words.iter().collect());
        let words: Vec<&String> = labelled.or_else(known).unwrap_or_default();
        let label = |word: &String| self.graph.words().label(set, word, Lang::EN).unwrap_or_default().len();
        let picked = match nth {
            usize::MAX => words.iter().max_by_key(|word| label(word)),
            nth => words.get(nth % words.len().max(1)),
        };
        Value::word(set, wanted.unwrap_or_else(|| picked.map_or("", |word| word.as_str())))
    }
}

fn sample_code(kind: CodeKind, nth: usize) -> SpokenCode {
    SpokenCode::nth(kind, 19 + 7 * nth as u64)
}

#[cfg(test)]
mod tests;
