//! `sokoni menu check`: every fault of the menus, for people and for tools.

use super::{CLEAN, FAULTS, records::Records, sources::sources};
use crate::{
    dialog::tape::habits::Gather,
    engine::{
        menus::{Edition, change::gone},
        vocabulary::vocabulary,
    },
    menu::{
        against::compare,
        check::{Checked, Limits, check},
        graph::Graph,
        report::{self, Problem, Severity},
    },
};
use clap::{Args, ValueEnum};
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

/// How problems are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For tools: an array of problems.
    Json,
    /// For code hosts and editors: SARIF 2.1.0.
    Sarif,
}

const HELP: &str = "\
Against the live version - files, or what a data folder or a desk says that
serves - sound menus are also looked at as people see them who know the old
ones: keys that lead elsewhere, screens that are gone, answers and words by SMS
that are not taken any more. With --data or --desk people and dialogs are
counted, and without --against the menus that serve there are what is compared
with.

Ends with 0 when the menus are sound, warnings or not; 1 when they have faults;
2 when it could not be tried.

Example:
  sokoni menu check new-menus/ --against menus/
  sokoni menu check new-menus/ --desk http://127.0.0.1:8080 --desk-key-file secrets/desk";

/// Report every fault of the menus, with file, line and remedy
#[derive(Debug, Default, Args)]
#[command(after_help = HELP)]
pub struct CheckArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// The smallest limit of any route, in septets.
    #[arg(long, value_name = "SEPTETS", value_parser = clap::value_parser!(u16).range(40..=182))]
    pub limit: Option<u16>,
    /// The live version: a menu file or a folder of them; may be given more than once.
    #[arg(long, value_name = "OLD")]
    pub against: Vec<PathBuf>,
    /// Where the records of the live version are.
    #[command(flatten)]
    pub records: Records,
    /// How to print what was found.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// How far back keys that were pressed are counted.
const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// Runs it: 0 when the menus are sound, 1 when they have faults.
///
/// # Errors
/// A file that cannot be read; a live version that is not sound itself; output that cannot be written.
pub fn run(args: &CheckArgs, out: &mut impl Write) -> io::Result<u8> {
    let sources = sources(&args.paths)?;
    let routes = args.limit.map(|limit| ("--limit".to_owned(), limit));
    let limits = Limits { routes: routes.into_iter().collect(), ..Limits::default() };
    let mut checked = check(&sources, &vocabulary(), &limits);
    let compares = !args.against.is_empty() || args.records.are_named();
    if compares && checked.is_sound() {
        let whole = args.paths.is_empty() || args.paths.iter().any(|path| path.is_dir());
        let changes = changes(args, &sources, &checked, whole)?;
        checked.add(changes, &sources);
    }
    match args.format {
        Format::Json => writeln!(out, "{}", report::to_json(&checked.problems, &sources))?,
        Format::Sarif => {
            let here = std::env::current_dir().map(|here| here.display().to_string()).unwrap_or_default();
            writeln!(out, "{}", report::to_sarif(&checked.problems, &sources, &here))?;
        }
        Format::Text => {
            let colours = io::stdout().is_terminal();
            write!(out, "{}", report::to_text(&checked.problems, &sources, colours))?;
            if compares && !checked.is_sound() {
                writeln!(out, "what the change does to people is told when no error is left")?;
            }
            writeln!(out, "{}", summary(&checked, sources.len()))?;
        }
    }
    Ok(if checked.is_sound() { CLEAN } else { FAULTS })
}

/// What is different for people from the live version. Of single files only their own trees are looked
/// at.
fn changes(
    args: &CheckArgs, sources: &[(String, String)], checked: &Checked, whole: bool,
) -> io::Result<Vec<Problem>> {
    let live = match args.against.as_slice() {
        [] => args.records.menus()?,
        paths => super::sources::sources(paths)?,
    };
    let old = Edition::read(&live, &Limits::default()).map_err(|problems| {
        let first = problems.iter().find(|problem| problem.severity == Severity::Error);
        let first = first.map_or("", |problem| problem.sentence.as_str());
        io::Error::other(format!("the version to compare with has faults itself. The first: {first}"))
    })?;
    let graphs: Vec<Graph> = old.graphs.iter().map(|graph| Graph::clone(graph)).collect();
    let habits = match args.records.are_named() {
        true => {
            let mut gather = Gather::on(&graphs);
            args.records.each(MONTH, |tape, now| gather.take(tape, now))?;
            Some(gather.habits())
        }
        false => None,
    };
    let mut problems = compare(&graphs, &checked.graphs, sources, habits.as_ref());
    if let (true, Ok(new)) = (whole, Edition::read(sources, &Limits::default())) {
        problems.extend(gone(&old, &new, &sources.to_vec()));
    }
    Ok(problems)
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
        (0, _) => format!("{what}: sound, {}", counted(warnings, "warning")),
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
        CheckArgs { paths, limit, format, ..CheckArgs::default() }
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

    #[test]
    fn a_warning_leaves_the_menus_sound_and_the_summary_says_so() {
        let slow = SMALL.replace("langs en", "langs en\n  idle 4s\n  dialog 5s").replace(
            "end home\n  say Hello\n",
            "screen home\n  say Hello\n  1 On -> bye\nend bye\n  say Bye\n",
        );
        let folder = folder(&[("small.menu", &slow)]);
        let mut out = Vec::new();
        let args = check_args(vec![folder.path().to_owned()], None, Format::Text);
        assert_eq!(run(&args, &mut out).expect("read"), CLEAN);
        let said = String::from_utf8_lossy(&out);
        assert!(said.ends_with("1 file, 2 blocks, 0 messages: sound, 1 warning\n"), "{said}");
    }

    const LIVE: &str = "menu small\n  who stranger\n  langs en\n  dial *1#\nscreen home\n  say Hello\n  1 Left -> left\n  \
                        2 Right -> right\nend left\n  say Left\nend right\n  say Right\n";

    #[test]
    fn against_the_live_version_a_key_that_leads_elsewhere_is_a_warning_on_its_line() {
        let live = folder(&[("small.menu", LIVE)]);
        let swapped =
            LIVE.replace("1 Left -> left", "1 Left -> right").replace("2 Right -> right", "2 Right -> left");
        let new = folder(&[("small.menu", &swapped)]);
        let mut args = check_args(vec![new.path().to_owned()], None, Format::Json);
        args.against = vec![live.path().to_owned()];
        let mut out = Vec::new();
        assert_eq!(run(&args, &mut out).expect("read"), CLEAN);
        let problems: serde_json::Value = serde_json::from_slice(&out).expect("json");
        let places: Vec<_> = problems
            .as_array()
            .expect("an array")
            .iter()
            .map(|p| (p["code"].as_str(), p["line"].as_u64()))
            .collect();
        assert_eq!(places, [(Some("key-changed"), Some(7)), (Some("key-changed"), Some(8))]);
        assert!(problems[0]["help"].as_str().expect("help").starts_with("`left` is on 2 now; "));
        args.against = vec![new.path().to_owned()];
        let mut out = Vec::new();
        run(&args, &mut out).expect("read");
        assert_eq!(String::from_utf8_lossy(&out).trim(), "[]");
    }

    #[test]
    fn a_tree_that_is_gone_would_be_refused_when_it_goes_live_and_is_an_error_here() {
        let other = LIVE.replace("menu small", "menu other").replace("who stranger", "who artisan");
        let live = folder(&[("small.menu", LIVE), ("other.menu", &other)]);
        let new = folder(&[("small.menu", LIVE)]);
        let mut args = check_args(vec![new.path().to_owned()], None, Format::Text);
        args.against = vec![live.path().to_owned()];
        let mut out = Vec::new();
        assert_eq!(run(&args, &mut out).expect("read"), FAULTS);
        assert!(String::from_utf8_lossy(&out).contains("error[tree-gone]"));
        args.paths = vec![new.path().join("small.menu")];
        assert_eq!(run(&args, &mut Vec::new()).expect("read"), CLEAN, "one file alone is one tree");
    }

    #[test]
    fn a_code_host_is_told_every_problem_of_a_file_in_sarif() {
        let many = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/menus-bad/many-faults.menu"));
        let said = |format| {
            let mut out = Vec::new();
            assert_eq!(run(&check_args(vec![many.clone()], None, format), &mut out).expect("read"), FAULTS);
            serde_json::from_slice::<serde_json::Value>(&out).expect("json")
        };
        let (log, problems) = (said(Format::Sarif), said(Format::Json));
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"].as_array().map(Vec::len), Some(1));
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let (results, problems) =
            (run["results"].as_array().expect("results"), problems.as_array().expect("problems"));
        assert!(results.len() > 15 && results.len() == problems.len());
        for (result, problem) in results.iter().zip(problems) {
            let rule =
                &rules[usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small")];
            assert_eq!(rule["id"], result["ruleId"]);
            assert_eq!(result["ruleId"], problem["code"]);
            for text in [&rule["shortDescription"]["text"], &rule["help"]["text"], &result["message"]["text"]]
            {
                assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{result}");
            }
            assert_eq!(result["level"], problem["severity"]);
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "fixtures/menus-bad/many-faults.menu");
            let region = &place["region"];
            assert_eq!(
                (&region["startLine"], &region["startColumn"]),
                (&problem["line"], &problem["column"])
            );
            let after = |end: &str, start: &str| region[end].as_u64() >= region[start].as_u64();
            assert!(after("endLine", "startLine"));
            assert!(
                region["endLine"] != region["startLine"] || after("endColumn", "startColumn"),
                "{region}"
            );
        }
    }
}
