//! `sokoni menu test`: conversations that are kept as files, played over the menus.

use super::{CLEAN, FAULTS, check::counted, sound};
use crate::{
    dialog::trial::conversation::{Stage, difference, play},
    engine::vocabulary::vocabulary,
};
use clap::Args;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Play the conversations that are kept beside the menus, and say which goes otherwise now
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Conversations, or folders of them (files that end in .talk).
    #[arg(default_value = "menus/conversations")]
    pub conversations: Vec<PathBuf>,
    /// Menu files or a folder of them; without it, the folder that the conversations' folder stands
    /// in when it has menus, else `menus/`, else the menus compiled in.
    #[arg(long, value_name = "PATH")]
    pub menus: Vec<PathBuf>,
    /// Write every conversation anew as it goes now.
    #[arg(long)]
    pub write: bool,
}

/// The ending of a conversation's name.
const ENDING: &str = "talk";

/// Plays them: 0 when each goes as it is written, 1 when one does not or the menus have faults.
///
/// # Errors
/// A file that cannot be read or written.
pub fn run(args: &TestArgs, out: &mut impl Write) -> io::Result<u8> {
    let menus = menus(&args.menus, &args.conversations);
    let sound = match sound::sound(&menus, None, out)? {
        Ok(sound) => sound,
        Err(faults) => return Ok(faults),
    };
    let vocabulary = vocabulary();
    let stage = Stage { graphs: &sound.graphs, catalogue: &sound.catalogue, vocabulary: &vocabulary };
    let files = conversations(&args.conversations)?;
    let mut bad = 0;
    for file in &files {
        let script = fs::read_to_string(file).map_err(|error| named(&error, file))?;
        let told = match play(&script, stage) {
            Err(fault) => Some(format!("{}:{}: {}", file.display(), fault.line, fault.sentence)),
            Ok(played) => differs(file, &script, &played.script, args.write, out)?,
        };
        bad += usize::from(told.is_some());
        told.iter().try_for_each(|told| writeln!(out, "{told}\n"))?;
    }
    let over: Vec<String> = menus.iter().map(|path| path.display().to_string()).collect();
    let over = if over.is_empty() { String::new() } else { format!(" on {}", over.join(", ")) };
    let all = counted(files.len(), "conversation");
    match bad {
        0 => writeln!(out, "{all}: as written{over}")?,
        bad => writeln!(out, "{bad} of {all} go otherwise{over}")?,
    }
    Ok(if bad == 0 { CLEAN } else { FAULTS })
}

/// The menus to play over: those that are named, else those beside the conversations.
pub(super) fn menus(named: &[PathBuf], conversations: &[PathBuf]) -> Vec<PathBuf> {
    let has_menus = |folder: &&Path| {
        let mut files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.any(|file| file.path().extension().is_some_and(|extension| extension == "menu"))
    };
    if !named.is_empty() {
        return named.to_vec();
    }
    let folders = conversations.iter().filter_map(|path| {
        let folder = if path.is_dir() { path } else { path.parent()? };
        folder.parent().filter(has_menus).map(Path::to_owned)
    });
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.dedup();
    folders
}

/// What is told of a conversation that went otherwise; written anew when that is wished for.
fn differs(
    file: &Path, script: &str, played: &str, write: bool, out: &mut impl Write,
) -> io::Result<Option<String>> {
    let Some((line, written, shown)) = difference(script, played) else { return Ok(None) };
    if write {
        fs::write(file, played).map_err(|error| named(&error, file))?;
        writeln!(out, "{}: written anew from line {line}", file.display())?;
        return Ok(None);
    }
    let (written, shown) = (written.unwrap_or("the end"), shown.unwrap_or("the end"));
    let remedy = "if the new way is right, run this again with --write";
    let name = file.display();
    Ok(Some(format!(
        "{name}:{line}: it goes otherwise\n  written: {written}\n  now:     {shown}\n  {remedy}"
    )))
}

/// The conversations in these files and folders, by name.
pub(super) fn conversations(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.exists() {
            let sentence = format!(
                "{} is not here: name conversations (files that end in .{ENDING}) or folders of them; `sokoni menu try \
                 --save NAME.{ENDING}` writes one",
                path.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, sentence));
        }
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in fs::read_dir(path).map_err(|error| named(&error, path))? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == ENDING) {
                files.push(file);
            }
        }
    }
    files.sort();
    if files.is_empty() {
        let folders: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let sentence = format!(
            "no conversation in {}; `sokoni menu try --save NAME.{ENDING}` writes one",
            folders.join(", ")
        );
        return Err(io::Error::new(io::ErrorKind::NotFound, sentence));
    }
    Ok(files)
}

pub(super) fn named(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(conversations: Vec<PathBuf>, write: bool) -> (u8, String) {
        let mut out = Vec::new();
        let args = TestArgs { conversations, menus: vec![root().join("menus")], write };
        let code = run(&args, &mut out).expect("played");
        (code, String::from_utf8(out).expect("text"))
    }

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn kept(name: &str, script: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(name);
        fs::write(&file, script).expect("written");
        (folder, file)
    }

    #[test]
    fn conversations_are_played_over_the_menus_they_stand_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let (menu, talks) = (folder.path().join("small.menu"), folder.path().join("conversations"));
        fs::write(&menu, "menu small\n  dial *1#\n  who stranger\n  langs en\nend home\n  say Of its own\n")
            .expect("written");
        fs::create_dir(&talks).expect("made");
        let talk = talks.join("hello.talk");
        fs::write(&talk, "menu small\n\n> *1#\n< Else\n").expect("written");
        let test = |write| {
            let mut out = Vec::new();
            let args = TestArgs { conversations: vec![talks.clone()], menus: vec![], write };
            (run(&args, &mut out).expect("played"), String::from_utf8(out).expect("text"))
        };
        let (code, said) = test(false);
        assert!(code == FAULTS && said.contains("now:     < Of its own"), "{said}");
        let (code, said) = test(true);
        assert!(code == CLEAN && said.contains("hello.talk: written anew from line 4"), "{said}");
        assert!(fs::read_to_string(&talk).expect("read").contains("< Of its own"));
    }

    #[test]
    fn the_conversations_of_the_product_go_as_they_are_written() {
        let folder = root().join("menus/conversations");
        let (code, out) = tested(vec![folder.clone()], std::env::var_os("SOKONI_WRITE_REPORTS").is_some());
        assert_eq!(code, CLEAN, "{out}");
        for file in conversations(&[folder]).expect("conversations") {
            let script = fs::read_to_string(&file).expect("a conversation");
            assert!(script.contains("\n< "), "{} shows no screen", file.display());
        }
    }

    #[test]
    fn a_screen_that_changed_is_told_with_its_line_and_can_be_written_anew() {
        let (_folder, file) = kept("home.talk", "# home\nmenu agent\n> *483*57#\n< Habari\n");
        let (code, out) = tested(vec![file.clone()], false);
        assert_eq!(code, FAULTS);
        assert!(out.contains("home.talk:4: ") && out.contains("written: < Habari"), "{out}");
        assert_eq!(tested(vec![file.clone()], true).0, CLEAN);
        assert!(
            fs::read_to_string(&file).expect("there").starts_with("# home\nmenu agent\n> *483*57#\n< Wan")
        );
        assert_eq!(tested(vec![file], false).0, CLEAN);
    }

    #[test]
    fn a_line_that_cannot_be_played_is_told_with_its_remedy() {
        for (script, remedy) in [
            ("> *483*57#\n", "1: say first whose phone it is: `menu artisan`"),
            ("menu tenant\n", "1: there is no menu `tenant`; there are: agent"),
            ("menu agent\n> 1\n", "2: nobody is in a call: dial with `> *483*57#`"),
            ("menu agent\n> *1#\n", "2: nobody is in a call: dial with `> *483*57#`"),
            ("menu agent\nlang klingon\n", "2: `klingon` is no language"),
            ("menu agent\nlang fr\n", "2: the menu `agent` does not speak `fr`; it speaks: en, sw, am"),
            ("menu agent\nvalues huge\n", "2: no such filling: huge"),
            ("menu agent\nHabari\n", "2: `Habari` begins no line: a line begins with"),
            ("menu agent\n! full\n> *483*57#\n", "3: no action ran that `! full` could be"),
            ("menu agent\n! full\n", "2: nothing is typed after `! full`"),
            (
                "menu artisan\n> *483*57#\n> 1\n> 1\n> 1\n> 850\n> 3\n! fine\n> 1\n",
                "9: `fine` is no outcome of listing.create; there are: ok, full, fault",
            ),
        ] {
            let (_folder, file) = kept("bad.talk", script);
            let (code, out) = tested(vec![file], false);
            assert!(code == FAULTS && out.contains(&format!("bad.talk:{remedy}")), "{remedy} in {out}");
        }
    }

    #[test]
    fn a_folder_without_conversations_says_how_to_make_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let args =
            TestArgs { conversations: vec![folder.path().to_owned()], menus: Vec::new(), write: false };
        let error = run(&args, &mut Vec::new()).expect_err("nothing to play");
        assert!(error.to_string().contains("menu try --save"), "{error}");
        let error = conversations(&[folder.path().join("menus/conversations")]).expect_err("not there");
        assert!(error.to_string().contains("is not here: name conversations"), "{error}");
    }
}
