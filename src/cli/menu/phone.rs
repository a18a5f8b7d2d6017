//! `sokoni menu try`: a phone in the terminal over a menu file, with nothing behind it. Values
//! are made up from their types, and an action asks which outcome it should have.

use super::{CLEAN, sound};
use crate::{
    dialog::{
        input::{Do, Input},
        trial::{Screen, Trial, called, conversation, only_way, samples::Filling},
    },
    engine::vocabulary::vocabulary,
    gsm::fit,
    menu::graph::{Catalogue, Graph},
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
///
/// It dials the code of the tree at once and shows the first screen. Nothing is behind it: values
/// are made up, and you choose what comes of an action.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// The tree of this name; the first with a dialled code when there are several.
    #[arg(long)]
    pub tree: Option<String>,
    /// Language of the texts, one that the tree has: English, or its first, when left out.
    #[arg(long)]
    pub lang: Option<Lang>,
    /// Septets a screen may have; the file's own limit when left out.
    #[arg(long, value_name = "SEPTETS", value_parser = clap::value_parser!(u16).range(40..=182))]
    pub limit: Option<u16>,
    /// Where to write the conversation when it is over, for `sokoni menu test`.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Write over that file when it is there already.
    #[arg(long, requires = "save")]
    pub force: bool,
    /// What values look like: as they usually are, as wide as they may be, or nothing at all.
    #[arg(long, default_value_t = Filling::Typical, value_parser = fillings())]
    pub values: Filling,
}

fn fillings() -> impl TypedValueParser<Value = Filling> {
    PossibleValuesParser::new(Filling::ALL.map(Filling::word)).try_map(|word| word.parse::<Filling>())
}

/// Runs the phone on standard input: 0 when it was put down, 1 when the menus have faults.
///
/// # Errors
/// A file that cannot be read; a tree that is not there; output that cannot be written.
pub fn run(args: &TryArgs, out: &mut impl Write) -> io::Result<u8> {
    phone(args, io::stdin().lock(), out)
}

fn phone(args: &TryArgs, keys: impl BufRead, out: &mut impl Write) -> io::Result<u8> {
    let sound = match sound::sound(&args.paths, args.tree.as_deref(), out)? {
        Ok(sound) => sound,
        Err(faults) => return Ok(faults),
    };
    let (graphs, vocabulary) = (&sound.graphs, vocabulary());
    let graph = graphs.iter().find(|graph| graph.dial.is_some()).unwrap_or(&graphs[0]);
    let mut trial = Trial::new(graph, &vocabulary, args.values);
    let usual = || if graph.langs.contains(&Lang::EN) { Lang::EN } else { graph.langs[0] };
    trial
        .read_in(args.lang.unwrap_or_else(usual))
        .map_err(|why| io::Error::new(io::ErrorKind::NotFound, why))?;
    trial.env.limit = usize::from(args.limit.unwrap_or(graph.limit));
    if let Some(file) = args.save.as_deref().filter(|file| !args.force && file.exists()) {
        let sentence = format!(
            "{} is there already: choose another name to save under, or write over it with --force",
            file.display()
        );
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, sentence));
    }
    let mut kept = format!("menu {}\n", graph.name);
    if trial.env.lang != Lang::EN {
        kept.push_str(&format!("lang {}\n", trial.env.lang));
    }
    if args.values != Filling::Typical {
        kept.push_str(&format!("values {}\n", args.values));
    }
    talk(&mut trial, &sound.catalogue, keys, out, &mut kept)?;
    if let Some(file) = &args.save {
        sound::write(Some(file), &kept, out)?;
        writeln!(out, "\nkept in {}", file.display())?;
    }
    Ok(CLEAN)
}

/// What the phone understands, with the code it has dialled and the languages it has.
fn help(graph: &Graph) -> String {
    let langs: Vec<&str> = graph.langs.iter().map(Lang::tag).collect();
    let dialled = graph
        .dial
        .as_ref()
        .map_or_else(String::new, |code| format!("Dialled {code} for you, in the tree `{}`. ", graph.name));
    format!(
        "{dialled}Type a key and Enter. `cut` drops the call, `dial` dials again, `lang {}` changes the \
         language (there are {}), `quit` ends. PIN 0000 is wrong, any other is right. Where an action \
         asks what comes of it, type the number or the word.",
        langs.last().unwrap_or(&"en"),
        langs.join(", ")
    )
}

fn talk(
    trial: &mut Trial<'_>, catalogue: &Catalogue, keys: impl BufRead, out: &mut impl Write, kept: &mut String,
) -> io::Result<()> {
    writeln!(out, "{}\n", help(trial.graph()))?;
    let mut lines = keys.lines();
    let code = trial.graph().dial.clone().unwrap_or_default();
    let mut input = Some((Input::Begin { typed: Vec::new() }, code.clone()));
    loop {
        if let Some((fed, typed)) = input.take() {
            let mut chosen = String::new();
            let mut ask = |wish: &Do, outcomes: &[String]| -> Option<String> {
                if let Some(only) = only_way(outcomes) {
                    return Some(only);
                }
                let list: Vec<String> =
                    outcomes.iter().enumerate().map(|(at, name)| format!("{} {name}", at + 1)).collect();
                writeln!(out, "  ~ {} -> {}", called(wish), list.join(", ")).ok()?;
                let line = lines.next()?.ok()?;
                let nth = line.trim().parse::<usize>().ok().and_then(|n| outcomes.get(n.wrapping_sub(1)));
                let name = nth.or_else(|| outcomes.iter().find(|name| *name == line.trim()))?;
                chosen.push_str(&format!("! {name}\n"));
                Some(name.clone())
            };
            let screen = trial.feed(fed, &mut ask);
            draw(trial, &screen, out)?;
            let sms = conversation::said(&screen, catalogue, trial.env.lang);
            sms.iter().try_for_each(|text| writeln!(out, "  SMS: {text}\n"))?;
            let seen = conversation::written(&screen.text, sms.as_deref());
            kept.push_str(&format!("{chosen}> {typed}\n{seen}"));
        }
        write!(out, "> ")?;
        out.flush()?;
        let Some(line) = lines.next().transpose()? else { return Ok(()) };
        match line.trim() {
            "quit" => return Ok(()),
            "cut" => {
                trial.cut();
                kept.push_str("cut\n");
            }
            "dial" => input = Some((trial.dial(&[]), code.clone())),
            other => match other.strip_prefix("lang ") {
                Some(tag) => match tag
                    .trim()
                    .parse()
                    .map_err(|why| format!("{why}"))
                    .and_then(|lang| trial.read_in(lang))
                {
                    Ok(()) => {
                        draw(trial, &trial.clone().feed(Input::Again, &mut |_, _| None), out)?;
                        kept.push_str(&format!("lang {}\n", trial.env.lang));
                    }
                    Err(why) => writeln!(out, "  {why}")?,
                },
                None if trial.state.is_over() => input = Some((trial.dial(&[]), code.clone())),
                None => input = Some((Input::Key(other.to_owned()), other.to_owned())),
            },
        }
    }
}

fn draw(trial: &Trial<'_>, screen: &Screen, out: &mut impl Write) -> io::Result<()> {
    let width = screen.text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let limit = trial.env.limit;
    let length = match fit::septets(&screen.text) {
        Some(septets) => format!("{septets} septets of {limit}"),
        None => format!("{} UCS-2 units of {}", fit::units(&screen.text), fit::units_for(limit)),
    };
    writeln!(out, "+{}+", "-".repeat(width + 2))?;
    for line in screen.text.lines() {
        writeln!(out, "| {line}{} |", " ".repeat(width - line.chars().count()))?;
    }
    writeln!(out, "+{}+ {length}", "-".repeat(width + 2))?;
    if screen.over {
        writeln!(out, "  The dialog is over. Enter dials again.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
