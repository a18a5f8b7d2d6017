//! `sokoni menu`: check menus, look at them, try them.

use crate::{
    cli::menu_try::{self, TryArgs},
    engine::vocabulary::vocabulary,
    gsm::{fit, segment},
    menu::{
        builtin,
        check::{Checked, Limits, check},
        face::{Face, faces, message_face, resume_faces},
        graph::{Catalogue, Graph, NodeId},
        report::{self, Severity},
        syntax,
        tree::Head,
    },
};
use clap::{Args, Subcommand, ValueEnum};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Check menu files, look at them, try them on a phone in the terminal
#[derive(Debug, Args)]
pub struct MenuArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: MenuCommand,
}

/// The subcommands of `sokoni menu`.
#[derive(Debug, Subcommand)]
pub enum MenuCommand {
    /// Report every fault of the menus, with file, line and remedy.
    Check(CheckArgs),
    /// Show a tree, or one block as phones show it at its widest.
    Show(ShowArgs),
    /// A phone in the terminal.
    Try(TryArgs),
    /// Print the parsed files for other tools.
    Json(JsonArgs),
    /// Not in this release: lay files out.
    #[command(hide = true)]
    Fmt(Later),
    /// Not in this release: run scripts of keys and expected texts.
    #[command(hide = true)]
    Test(Later),
    /// Not in this release: draw the graph.
    #[command(hide = true)]
    Map(Later),
    /// Not in this release: phones that follow the file on disk.
    #[command(hide = true)]
    Preview(Later),
    /// Not in this release: recorded dialogs against the new file.
    #[command(hide = true)]
    Rehearse(Later),
    /// Not in this release: a printable walk-through.
    #[command(hide = true)]
    Poster(Later),
}

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For tools: an array of problems.
    Json,
}

/// What `sokoni menu check` takes.
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

/// What `sokoni menu show` takes.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// Only the tree of this name.
    #[arg(long)]
    pub tree: Option<String>,
    /// One block, as phones show it at its widest.
    #[arg(long, value_name = "BLOCK")]
    pub at: Option<String>,
    /// What one part of an SMS costs, in cents, so that texts are shown with their price.
    #[arg(long, value_name = "CENTS")]
    pub part_cents: Option<u32>,
}

/// What `sokoni menu json` takes.
#[derive(Debug, Args)]
pub struct JsonArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
}

/// A subcommand that is not in this release: whatever follows is not looked at.
#[derive(Debug, Args)]
pub struct Later {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

const CLEAN: u8 = 0;
const FAULTS: u8 = 1;
const USAGE: u8 = 2;

/// Runs it: 0 when the menus are sound, 1 when they have faults, 2 when it could not be tried.
pub fn run(args: &MenuArgs) -> ExitCode {
    let out = &mut io::stdout().lock();
    let done = match &args.command {
        MenuCommand::Check(args) => run_check(args, out),
        MenuCommand::Show(args) => run_show(args, out),
        MenuCommand::Json(args) => run_json(args, out),
        MenuCommand::Try(args) => return menu_try::run(args),
        MenuCommand::Fmt(_) => return not_in_this_release("menu fmt"),
        MenuCommand::Test(_) => return not_in_this_release("menu test"),
        MenuCommand::Map(_) => return not_in_this_release("menu map"),
        MenuCommand::Preview(_) => return not_in_this_release("menu preview"),
        MenuCommand::Rehearse(_) => return not_in_this_release("menu rehearse"),
        MenuCommand::Poster(_) => return not_in_this_release("menu poster"),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        // The reader went away, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLEAN),
        Err(error) => {
            eprintln!("sokoni menu: {error}");
            ExitCode::from(USAGE)
        }
    }
}

/// One sentence for a command that is promised and not there yet.
pub fn not_in_this_release(command: &str) -> ExitCode {
    eprintln!("`sokoni {command}` is not in this release.");
    ExitCode::from(USAGE)
}

fn run_check(args: &CheckArgs, out: &mut impl Write) -> io::Result<u8> {
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

fn summary(checked: &Checked, files: usize) -> String {
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

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn run_json(args: &JsonArgs, out: &mut impl Write) -> io::Result<u8> {
    let sources = sources(&args.paths)?;
    let mut problems = Vec::new();
    let mut files = serde_json::Map::new();
    for (name, text) in &sources {
        let (file, found) = syntax::parse(name, text);
        files.insert(name.clone(), serde_json::to_value(file).map_err(io::Error::other)?);
        problems.extend(found);
    }
    eprint!("{}", report::to_text(&problems, &sources, false));
    serde_json::to_writer_pretty(&mut *out, &files).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(if problems.is_empty() { CLEAN } else { FAULTS })
}

fn run_show(args: &ShowArgs, out: &mut impl Write) -> io::Result<u8> {
    let sources = sources(&args.paths)?;
    let checked = check(&sources, &vocabulary(), &Limits::default());
    if !checked.is_sound() {
        write!(out, "{}", report::to_text(&checked.problems, &sources, io::stdout().is_terminal()))?;
        writeln!(out, "{}", summary(&checked, sources.len()))?;
        return Ok(FAULTS);
    }
    let wanted = |graph: &&Graph| args.tree.as_ref().is_none_or(|name| *name == graph.name);
    let graphs: Vec<&Graph> = checked.graphs.iter().filter(wanted).collect();
    if graphs.is_empty() {
        let names: Vec<&str> = checked.graphs.iter().map(|graph| graph.name.as_str()).collect();
        return Err(not_found(format!("no such tree; there are: {}", names.join(", "))));
    }
    match &args.at {
        None => {
            graphs.iter().try_for_each(|graph| show_tree(graph, out))?;
            if args.tree.is_none() {
                show_messages(&checked.catalogue, args.part_cents, out)?;
            }
        }
        Some(block) => {
            let found: Vec<(&Graph, NodeId)> =
                graphs.iter().filter_map(|graph| Some((*graph, graph.find(block)?))).collect();
            if found.is_empty() {
                return Err(not_found(format!(
                    "no tree has a block `{block}`; `sokoni menu show` lists them"
                )));
            }
            found.iter().try_for_each(|(graph, node)| show_block(graph, *node, out))?;
        }
    }
    Ok(CLEAN)
}

fn not_found(sentence: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, sentence)
}

/// Every block under the one that first leads to it, with its widest face in each language.
fn show_tree(graph: &Graph, out: &mut impl Write) -> io::Result<()> {
    let dial = graph.dial.as_deref().unwrap_or("no code");
    writeln!(out, "{} ({dial}, for {}, {} septets)", graph.name, graph.who, graph.limit)?;
    let mut seen = BTreeSet::new();
    let mut stack = vec![(graph.home, 1)];
    while let Some((at, depth)) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        let node = graph.node(at);
        let widths: Vec<String> = (0..graph.langs.len())
            .filter_map(|lang| {
                let widest = faces(graph, at, &vocabulary(), lang).iter().map(septets).max()?;
                Some(format!("{} {widest}", graph.langs[lang]))
            })
            .collect();
        let name = format!("{}{}", "  ".repeat(depth), node.name);
        writeln!(out, "{name:<36} {:<7} {}", node.word(), widths.join("  "))?;
        stack.extend(node.leads_to().into_iter().rev().map(|to| (to, depth + 1)));
    }
    if let Some(resume) = &graph.resume {
        let widths: Vec<String> = (0..graph.langs.len())
            .filter_map(|lang| {
                let widest = resume_faces(graph, resume, &vocabulary(), lang).iter().map(septets).max()?;
                Some(format!("{} {widest}", graph.langs[lang]))
            })
            .collect();
        writeln!(out, "{:<36} {:<7} {}", "  resume", "resume", widths.join("  "))?;
    }
    for command in &graph.commands {
        writeln!(out, "  {:<34} text    {}", command.words.join("|"), command.call.name)?;
    }
    writeln!(out)
}

/// Every SMS at its widest in each language: its septets, its parts, what it costs.
fn show_messages(catalogue: &Catalogue, cents: Option<u32>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "SMS at their widest: septets in parts{}", if cents.is_some() { ", price" } else { "" })?;
    for (name, message) in &catalogue.messages {
        let widths: Vec<String> = (0..catalogue.langs.len())
            .map(|lang| {
                let text = message_face(catalogue, message, &vocabulary(), lang);
                let (long, parts) = (length(&text), segment::parts(&text));
                let price = cents.map(|cents| {
                    let cents = u64::from(cents) * parts as u64;
                    format!(", {}.{:02}", cents / 100, cents % 100)
                });
                format!("{} {long} in {parts}{}", catalogue.langs[lang], price.unwrap_or_default())
            })
            .collect();
        writeln!(out, "  {name:<34} {:<8} {}", message.about.word(), widths.join("  "))?;
    }
    writeln!(out)
}

/// A block in every language and every face, each beside its septets.
fn show_block(graph: &Graph, at: NodeId, out: &mut impl Write) -> io::Result<()> {
    let node = graph.node(at);
    writeln!(out, "{}: {} {} (line {})", graph.name, node.word(), node.name, node.line)?;
    for (lang, tag) in graph.langs.iter().enumerate() {
        for face in faces(graph, at, &vocabulary(), lang) {
            let when = if face.when.is_empty() { String::new() } else { format!(", {}", face.when) };
            writeln!(out, "\n[{tag}{when}: {} of {} septets]", septets(&face), graph.limit)?;
            writeln!(out, "{}", face.text)?;
        }
    }
    let names: Vec<&str> = node.leads_to().into_iter().map(|to| graph.node(to).name.as_str()).collect();
    if !names.is_empty() {
        writeln!(out, "\nleads to: {}", names.join(", "))?;
    }
    writeln!(out)
}

fn septets(face: &Face) -> usize {
    length(&face.text)
}

fn length(text: &str) -> usize {
    fit::septets(text).unwrap_or_else(|| fit::units(text))
}

/// The files that are meant: those named, those of `menus/`, or those compiled in.
///
/// # Errors
/// A path that cannot be read, with its name; a folder without a `.menu` file.
pub fn sources(paths: &[PathBuf]) -> io::Result<Vec<(String, String)>> {
    let standard = Path::new("menus");
    let mut files = Vec::new();
    match paths {
        [] if standard.is_dir() => files.extend(menu_files(standard)?),
        [] => return Ok(builtin::sources()),
        paths => {
            for path in paths {
                if path.is_dir() { files.extend(menu_files(path)?) } else { files.push(path.clone()) }
            }
        }
    }
    let mut sources = files.iter().map(|path| read(path)).collect::<io::Result<Vec<_>>>()?;
    let is_catalogue = |(name, text): &(String, String)| {
        syntax::parse(name, text).0.blocks.iter().any(|block| matches!(block.head, Head::Messages))
    };
    // A tree by itself names SMS that stand in the file beside it.
    if !sources.iter().any(is_catalogue)
        && let Some(beside) = files.first().map(|file| file.with_file_name("messages.menu"))
        && beside.is_file()
    {
        sources.push(read(&beside)?);
    }
    Ok(sources)
}

fn read(path: &Path) -> io::Result<(String, String)> {
    let text = fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok((path.display().to_string(), text))
}

fn menu_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "menu") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(not_found(format!("{} holds no .menu file", folder.display())));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    fn check_args(paths: Vec<PathBuf>, limit: Option<u16>, format: Format) -> CheckArgs {
        CheckArgs { paths, limit, format }
    }

    const SMALL: &str = "menu small\n  who stranger\n  langs en\nend home\n  say Hello\n";

    #[test]
    fn the_menus_compiled_in_are_sound_with_what_this_release_offers() {
        let sources = builtin::sources();
        let checked = check(&sources, &vocabulary(), &Limits::default());
        assert!(checked.problems.is_empty(), "{}", report::to_text(&checked.problems, &sources, false));
        assert_eq!(checked.graphs.len(), 3);
    }

    #[test]
    fn every_menu_file_of_the_product_is_compiled_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("menus");
        let files = menu_files(&folder).expect("a folder of menus").len();
        assert_eq!(files, builtin::sources().len());
    }

    #[test]
    fn a_sound_folder_answers_zero_and_a_faulty_one_answers_one_with_the_line() {
        let good = folder(&[("small.menu", SMALL)]);
        let mut out = Vec::new();
        let args = check_args(vec![good.path().to_owned()], None, Format::Text);
        assert_eq!(run_check(&args, &mut out).expect("read"), CLEAN);
        assert_eq!(String::from_utf8_lossy(&out), "1 file, 1 block, 0 messages: sound\n");

        let bad = folder(&[("small.menu", &SMALL.replace("Hello", "Hello {nobody}"))]);
        let mut out = Vec::new();
        let args = check_args(vec![bad.path().join("small.menu")], None, Format::Text);
        assert_eq!(run_check(&args, &mut out).expect("read"), FAULTS);
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
        assert_eq!(run_check(&args, &mut out).expect("read"), FAULTS);
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
        assert_eq!(run_check(&of(None), &mut Vec::new()).expect("read"), CLEAN);
        assert_eq!(run_check(&of(Some(50)), &mut Vec::new()).expect("read"), FAULTS);
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = sources(&[PathBuf::from("/nowhere/a.menu")]).expect_err("not there");
        assert!(error.to_string().contains("/nowhere/a.menu"));
    }

    #[test]
    fn one_block_is_shown_as_phones_show_it() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("menus");
        let args = |at: Option<&str>| ShowArgs {
            paths: vec![path.clone()],
            tree: Some("agent".into()),
            part_cents: Some(80),
            at: at.map(str::to_owned),
        };
        let mut out = Vec::new();
        run_show(&args(Some("in.sure")), &mut out).expect("shown");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains("2 No\n0 Back\n") && text.contains("2 Hapana\n0 Rudi\n"), "{text}");
        let mut out = Vec::new();
        run_show(&args(None), &mut out).expect("shown");
        assert!(String::from_utf8_lossy(&out).starts_with("agent (*483*57#, for agent, 160 septets)\n"));
        assert!(run_show(&args(Some("nowhere")), &mut Vec::new()).is_err());
    }

    #[test]
    fn every_sms_is_shown_with_its_parts_and_its_price() {
        let paths = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("menus")];
        let mut out = Vec::new();
        run_show(&ShowArgs { paths, tree: None, at: None, part_cents: Some(80) }, &mut out).expect("shown");
        let text = String::from_utf8_lossy(&out).into_owned();
        let line = text.lines().find(|line| line.contains("try_later")).expect("a line");
        assert!(line.contains("reply") && line.contains("in 1, 0.80"), "{line}");
    }
}
