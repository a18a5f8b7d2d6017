//! `sokoni menu fmt`: lay files out.

use super::{
    CLEAN, FAULTS,
    check::counted,
    not_found,
    sources::{menu_files, read},
};
use crate::{menu::fmt::layout, web::preview::shelf::replace};
use clap::Args;
use similar::TextDiff;
use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Lay menu files out: columns, blank lines; no text, name or number is changed
///
/// What cannot be read stands as it did; `sokoni menu check` says why it cannot.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Menu files or folders of them; without any, `menus/`. With `-`, what comes in is laid out and
    /// goes out, for editors.
    pub paths: Vec<PathBuf>,
    /// Write nothing; show what would change, and answer 1 when something would.
    #[arg(long)]
    pub check: bool,
}

/// How many lines of a difference are shown.
const SHOWN: usize = 30;
/// How many of the lines that cannot be read are named.
const NAMED: usize = 8;

/// Runs it: 0 when all is laid out, 1 when `--check` found what is not.
///
/// # Errors
/// A file that cannot be read or written; output that cannot be written.
pub fn run(args: &FmtArgs, out: &mut impl Write) -> io::Result<u8> {
    if args.paths.iter().any(|path| path == Path::new("-")) {
        if args.paths.len() > 1 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "`-` stands alone, without files"));
        }
        let mut source = String::new();
        io::stdin().read_to_string(&mut source)?;
        return filter(&source, args.check, out);
    }
    let sources = files(&args.paths)?.iter().map(|path| read(path)).collect::<io::Result<Vec<_>>>()?;
    let mut changed = 0;
    for (name, source) in &sources {
        let text = laid_out(name, source);
        if text == *source {
            continue;
        }
        changed += 1;
        if args.check {
            write!(out, "{}", difference(name, source, &text))?;
        } else {
            replace(Path::new(name), &text)
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
            writeln!(out, "{name}: laid out")?;
        }
    }
    let files = counted(sources.len(), "file");
    match (changed, args.check) {
        (0, _) => writeln!(out, "{files}: laid out already")?,
        (changed, true) => {
            let paths: String = args.paths.iter().map(|path| format!(" {}", path.display())).collect();
            writeln!(out, "{changed} of {files} would change: sokoni menu fmt{paths}")?;
        }
        (changed, false) => writeln!(out, "{changed} of {files} changed")?,
    }
    Ok(if args.check && changed > 0 { FAULTS } else { CLEAN })
}

/// What an editor hands in, laid out.
fn filter(source: &str, check: bool, out: &mut impl Write) -> io::Result<u8> {
    let text = laid_out("what came in", source);
    match check {
        false => write!(out, "{text}").map(|()| CLEAN),
        true if text == source => Ok(CLEAN),
        true => write!(out, "{}", difference("-", source, &text)).map(|()| FAULTS),
    }
}

fn laid_out(name: &str, source: &str) -> String {
    let laid = layout(source);
    if !laid.left.is_empty() {
        let named: Vec<String> = laid.left.iter().take(NAMED).map(usize::to_string).collect();
        let more = if laid.left.len() > NAMED { ", ..." } else { "" };
        let lines = counted(laid.left.len(), "line");
        eprintln!("{name}: left as written, {lines} that cannot be laid out: {}{more}", named.join(", "));
    }
    laid.text
}

/// The first lines that differ.
fn difference(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let after = format!("{name}, laid out");
    let whole = diff.unified_diff().context_radius(1).header(name, &after).to_string();
    let lines: Vec<&str> = whole.lines().collect();
    let mut shown = lines[..lines.len().min(SHOWN)].join("\n") + "\n";
    if lines.len() > SHOWN {
        shown += &format!("(and {} more)\n", counted(lines.len() - SHOWN, "line"));
    }
    shown
}

/// The files that are meant: just those that are named, without what belongs to them.
fn files(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let standard = Path::new("menus");
    if paths.is_empty() && !standard.is_dir() {
        let why = "there is no folder menus/ here, and menus that are compiled in cannot be laid out: \
                   name a file or a folder";
        return Err(not_found(why.to_owned()));
    }
    let mut files = Vec::new();
    let standard = [standard.to_owned()];
    for path in if paths.is_empty() { &standard } else { paths } {
        match path.is_dir() {
            true => files.extend(menu_files(path)?),
            false => files.push(path.clone()),
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::menu::sources::tests::folder;
    use std::fs;

    const ROUGH: &str = "menu small\n who stranger\n langs en\nend home\n say Hello   # the first\n";
    const LAID: &str = "menu small\n  who     stranger\n  langs   en\n\nend home\n  say   Hello                                # the first\n";

    fn fmt(paths: &[&Path], check: bool) -> (u8, String) {
        let mut out = Vec::new();
        let args = FmtArgs { paths: paths.iter().map(|path| path.to_path_buf()).collect(), check };
        let code = run(&args, &mut out).expect("read and written");
        (code, String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn a_folder_is_laid_out_in_place_and_only_what_was_not_is_written() {
        let overlay = "overlay small am\n  ucs2\n\nend home\n  say   ሰላም\n";
        let folder = folder(&[("small.menu", ROUGH), ("small.am", overlay), ("notes.md", " a  b\n")]);
        let tree = folder.path().join("small.menu");
        let (code, said) = fmt(&[folder.path()], false);
        assert_eq!((code, said), (CLEAN, format!("{}: laid out\n1 of 2 files changed\n", tree.display())));
        assert_eq!(fs::read_to_string(&tree).expect("read"), LAID);
        assert_eq!(fs::read_to_string(folder.path().join("notes.md")).expect("read"), " a  b\n");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing is left beside it");
        assert_eq!(fmt(&[folder.path()], false), (CLEAN, "2 files: laid out already\n".into()));
    }

    #[test]
    fn a_check_writes_nothing_and_shows_what_would_change() {
        let folder = folder(&[("small.menu", ROUGH)]);
        let tree = folder.path().join("small.menu");
        let (code, said) = fmt(&[&tree], true);
        assert_eq!(code, FAULTS);
        for part in ["- who stranger", "+  who     stranger", "1 of 1 file would change"] {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(fs::read_to_string(&tree).expect("read"), ROUGH);
        fs::write(&tree, LAID).expect("written");
        assert_eq!(fmt(&[&tree], true).0, CLEAN);
    }

    #[test]
    fn a_long_difference_is_shown_by_its_beginning() {
        let rough = format!("{ROUGH}{}", " say a\n".repeat(60));
        let said = difference("a.menu", &rough, &layout(&rough).text);
        assert!(said.lines().count() == SHOWN + 1 && said.contains("more)"), "{said}");
    }

    #[test]
    fn an_editor_gets_back_what_it_handed_in_laid_out() {
        let mut out = Vec::new();
        assert_eq!(filter(ROUGH, false, &mut out).expect("written"), CLEAN);
        assert_eq!(String::from_utf8_lossy(&out), LAID);
        let mut out = Vec::new();
        assert_eq!(filter(LAID, true, &mut out).expect("written"), CLEAN);
        assert!(out.is_empty());
        assert_eq!(filter(ROUGH, true, &mut out).expect("written"), FAULTS);
    }

    #[test]
    fn a_path_that_is_not_there_is_named_before_anything_is_written() {
        let folder = folder(&[("small.menu", ROUGH)]);
        let tree = folder.path().join("small.menu");
        let paths = vec![tree.clone(), folder.path().join("other.menu")];
        let error = run(&FmtArgs { paths, check: false }, &mut Vec::new()).expect_err("not there");
        assert!(error.to_string().contains("other.menu"), "{error}");
        assert_eq!(fs::read_to_string(tree).expect("read"), ROUGH);
    }
}
