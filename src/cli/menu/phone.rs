//! `sokoni menu try`: a phone in the terminal over a menu file, with nothing behind it. Values
//! are made up from their types, and an action asks which outcome it should have.

use super::{CLEAN, FAULTS, USAGE, sources::sources};
use crate::{
    dialog::{
        input::{Do, Input},
        trial::{Screen, Trial, called, only_way, samples::Filling},
    },
    engine::vocabulary::vocabulary,
    gsm::fit,
    menu::{
        check::{Limits, compile},
        graph::Catalogue,
        report,
    },
    types::Lang,
};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
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
    /// What values look like: as they usually are, as wide as they may be, or nothing at all.
    #[arg(long, default_value_t = Filling::Typical, value_parser = fillings())]
    pub values: Filling,
}

fn fillings() -> impl TypedValueParser<Value = Filling> {
    PossibleValuesParser::new(Filling::ALL.map(Filling::word)).try_map(|word| word.parse::<Filling>())
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
                if let Some(only) = only_way(outcomes) {
                    return Some(only);
                }
                let list: Vec<String> =
                    outcomes.iter().enumerate().map(|(at, name)| format!("{} {name}", at + 1)).collect();
                writeln!(out, "  ~ {} -> {}", called(wish), list.join(", ")).ok()?;
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

#[cfg(test)]
mod tests;
