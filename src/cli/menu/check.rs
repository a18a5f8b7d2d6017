//! `sokoni menu check`: every fault of the menus, for people and for tools.

use super::{CLEAN, FAULTS, sources::sources};
use crate::{
    engine::vocabulary::vocabulary,
    menu::{
        check::{Checked, Limits, check},
        report::{self, Severity},
    },
};
use clap::{Args, ValueEnum};
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For tools: an array of problems.
    Json,
}

/// Report every fault of the menus, with file, line and remedy
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// The smallest limit of any route, in septets.
    #[arg(long, value_name = "SEPTETS", value_parser = clap::value_parser!(u16).range(40..=182))]
    pub limit: Option<u16>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Runs it: 0 when the menus are sound, 1 when they have faults.
///
/// # Errors
/// A file that cannot be read; output that cannot be written.
pub fn run(args: &CheckArgs, out: &mut impl Write) -> io::Result<u8> {
    let sources = sources(&args.paths)?;
    let routes = args.limit.map(|limit| ("--limit".to_owned(), limit));
    let limits = Limits { routes: routes.into_iter().collect() };
    let checked = check(&sources, &vocabulary(), &limits);
    match args.format {
        Format::Json => writeln!(out, "{}", report::to_json(&checked.problems, &sources))?,
        Format::Text => {
            let colours = io::stdout().is_terminal();
            write!(out, "{}", report::to_text(&checked.problems, &sources, colours))?;
            writeln!(out, "{}", summary(&checked, sources.len()))?;
        }
    }
    Ok(if checked.is_sound() { CLEAN } else { FAULTS })
}

/// One line: how many files, blocks and messages were read, and how many problems they have.
pub fn summary(checked: &Checked, files: usize) -> String {
    let count = |severity| checked.problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let screens: usize = checked.graphs.iter().map(|graph| graph.nodes.len()).sum();
    let messages = checked.catalogue.messages.len();
    let what = format!(
        "{}, {}, {}",
        counted(files, "file"),
        counted(screens, "block"),
        counted(messages, "message")
    );
    match (errors, warnings) {
        (0, 0) => format!("{what}: sound"),
        _ => format!("{what}: {}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}

/// "2 files", "1 file".
pub fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::menu::sources::tests::folder;

    fn check_args(paths: Vec<PathBuf>, limit: Option<u16>, format: Format) -> CheckArgs {
        CheckArgs { paths, limit, format }
    }

    const SMALL: &str = "menu small\n  who stranger\n  langs en\nend home\n  say Hello\n";

    #[test]
    fn a_sound_folder_answers_zero_and_a_faulty_one_answers_one_with_the_line() {
        let good = folder(&[("small.menu", SMALL)]);
        let mut out = Vec::new();
        let args = check_args(vec![good.path().to_owned()], None, Format::Text);
        assert_eq!(run(&args, &mut out).expect("read"), CLEAN);
        assert_eq!(String::from_utf8_lossy(&out), "1 file, 1 block, 0 messages: sound\n");

        let bad = folder(&[("small.menu", &SMALL.replace("Hello", "Hello {nobody}"))]);
        let mut out = Vec::new();
        let args = check_args(vec![bad.path().join("small.menu")], None, Format::Text);
        assert_eq!(run(&args, &mut out).expect("read"), FAULTS);
        assert!(
            String::from_utf8_lossy(&out).contains("small.menu:5:14"),
            "{}",
            String::from_utf8_lossy(&out)
        );
    }

    #[test]
    fn tools_read_problems_as_json() {
        let bad = folder(&[("small.menu", &SMALL.replace("Hello", "Héĺlo"))]);
        let mut out = Vec::new();
        let args = check_args(vec![bad.path().to_owned()], None, Format::Json);
        assert_eq!(run(&args, &mut out).expect("read"), FAULTS);
        let problems: serde_json::Value = serde_json::from_slice(&out).expect("json");
        assert_eq!(problems[0]["code"], "outside-gsm7");
        assert_eq!(problems[0]["line"], 5);
        assert_eq!(problems[0]["column"], 9);
    }

    #[test]
    fn a_smaller_limit_on_the_command_line_is_proven_too() {
        let long = SMALL.replace("Hello", &"long ".repeat(12));
        let folder = folder(&[("small.menu", &long)]);
        let of = |limit| check_args(vec![folder.path().to_owned()], limit, Format::Text);
        assert_eq!(run(&of(None), &mut Vec::new()).expect("read"), CLEAN);
        assert_eq!(run(&of(Some(50)), &mut Vec::new()).expect("read"), FAULTS);
    }
}
