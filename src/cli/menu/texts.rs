//! `sokoni menu texts`: every text that people may read, and what reaches it.

use super::{CLEAN, FAULTS, check::counted, sound, test};
use crate::{
    dialog::trial::{
        Trial,
        conversation::{OFFER, SMS, Stage, call, play},
        route,
        samples::Filling,
        texting::example,
    },
    engine::vocabulary::vocabulary,
    menu::graph::{Catalogue, Graph},
};
use clap::Args;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// List every screen and SMS, and which conversation says it
///
/// A text that nothing reaches may be wrong without anybody seeing it. Tests of another kind can
/// tell what they reached, too: one text a line, `artisan/sell.done` or `sms/listing_saved`.
#[derive(Debug, Args)]
pub struct TextsArgs {
    /// Conversations, or folders of them (files that end in .talk).
    #[arg(default_value = "menus/conversations")]
    pub conversations: Vec<PathBuf>,
    /// Menu files or a folder of them; without it, as `sokoni menu test` finds them.
    #[arg(long, value_name = "PATH")]
    pub menus: Vec<PathBuf>,
    /// A file, or a folder of files, that name texts reached by something else.
    #[arg(long, value_name = "PATH")]
    pub reached: Vec<PathBuf>,
    /// Tell of every text, not only of those that nothing reaches.
    #[arg(long)]
    pub all: bool,
    /// Be content when so many in a hundred are reached.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub least: u8,
    /// Write a conversation for every screen that nothing reaches, one file per menu, into this
    /// folder. Read them: they show what people will see.
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
}

/// Lists them: 0 when enough are reached, 1 when they are not or the menus have faults.
///
/// # Errors
/// A file that cannot be read; a conversation that cannot be played.
pub fn run(args: &TextsArgs, out: &mut impl Write) -> io::Result<u8> {
    let menus = test::menus(&args.menus, &args.conversations);
    let sound = match sound::sound(&menus, None, out)? {
        Ok(sound) => sound,
        Err(faults) => return Ok(faults),
    };
    let mut texts: BTreeMap<String, BTreeSet<String>> =
        every(&sound.graphs, &sound.catalogue).into_iter().map(|text| (text, BTreeSet::new())).collect();
    let vocabulary = vocabulary();
    let stage = Stage { graphs: &sound.graphs, catalogue: &sound.catalogue, vocabulary: &vocabulary };
    for file in test::conversations(&args.conversations)? {
        let script = fs::read_to_string(&file).map_err(|error| test::named(&error, &file))?;
        let played = play(&script, stage).map_err(|fault| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {fault}", file.display()))
        })?;
        reach(&mut texts, played.said.iter().map(String::as_str), &name_of(&file));
    }
    for file in listed(&args.reached)? {
        let said = fs::read_to_string(&file).map_err(|error| test::named(&error, &file))?;
        reach(&mut texts, said.lines(), &name_of(&file));
    }
    if let Some(folder) = &args.write {
        fs::create_dir_all(folder).map_err(|error| test::named(&error, folder))?;
        let mut wrote = false;
        for graph in &sound.graphs {
            wrote |= write(graph, stage, &mut texts, folder, out)?;
        }
        if !wrote {
            let left = texts.values().filter(|by| by.is_empty()).count();
            match left {
                0 => writeln!(out, "nothing to write: every text is reached already")?,
                left => writeln!(
                    out,
                    "nothing to write: neither a call nor a message of the menus brings the {} left",
                    counted(left, "text")
                )?,
            }
        }
    }
    tell(&texts, args, out)
}

/// Adds conversations that reach what nothing reaches in this tree, the longest ways first: they
/// pass by much of the rest. Whether there was any.
fn write(
    graph: &Graph, stage: Stage<'_>, texts: &mut BTreeMap<String, BTreeSet<String>>, folder: &Path,
    out: &mut impl Write,
) -> io::Result<bool> {
    let own = format!("{}/", graph.name);
    let named = |text: &str| text.strip_prefix(&own).map(str::to_owned);
    let missing = texts.iter().filter(|(_, by)| by.is_empty()).filter_map(|(text, _)| named(text));
    let mut ways: Vec<Vec<String>> = missing
        .filter_map(|block| {
            let trial = Trial::new(graph, stage.vocabulary, Filling::Typical);
            match block.as_str() {
                OFFER => route::route_to_offer(trial),
                block => route::route(trial, |trial, _| trial.state.block(graph) == block),
            }
        })
        .collect();
    ways.sort_by_key(|way| std::cmp::Reverse(way.len()));
    let calls = ways.into_iter().map(|way| call(graph, &way));
    let file = folder.join(format!("{}-every.talk", graph.name));
    let mut script = fs::read_to_string(&file).unwrap_or_default();
    let before = script.len();
    for wanted in calls.chain(messages(graph)) {
        let played = play(&wanted, stage)
            .map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, format!("{fault} of\n{wanted}")))?;
        let is_new = |text: &String| texts.get(text).is_some_and(BTreeSet::is_empty);
        if played.said.iter().any(is_new) {
            script.push_str(if script.is_empty() { "" } else { "\n" });
            script.push_str(&played.script);
            reach(texts, played.said.iter().map(String::as_str), &name_of(&file));
        }
    }
    let wrote = script.len() > before;
    if wrote {
        fs::write(&file, &script).map_err(|error| test::named(&error, &file))?;
        writeln!(out, "written: {}", file.display())?;
    }
    Ok(wrote)
}

/// For each reply of each SMS command a message that brings it, and one that is only half of it.
fn messages(graph: &Graph) -> Vec<String> {
    let mut scripts = Vec::new();
    for command in &graph.commands {
        let whole = example(graph, command);
        let replies = command.replies.iter();
        scripts.extend(replies.map(|(came, ..)| format!("menu {}\n! {came}\ntext {whole}\n", graph.name)));
        if let (Some(_), Some(word)) = (&command.half, command.words.first()) {
            scripts.push(format!("menu {}\ntext {word}\n", graph.name));
        }
    }
    scripts
}

/// Every block that says something, every tree's offer to go on, every message.
fn every(graphs: &[Graph], catalogue: &Catalogue) -> Vec<String> {
    let mut texts: Vec<String> =
        catalogue.messages.keys().map(|message| format!("{SMS}/{message}")).collect();
    for graph in graphs {
        let says = graph.nodes.iter().filter(|node| node.say().is_some());
        texts.extend(says.map(|node| format!("{}/{}", graph.name, node.name)));
        texts.extend(graph.resume.iter().map(|_| format!("{}/{OFFER}", graph.name)));
    }
    texts
}

fn reach<'s>(texts: &mut BTreeMap<String, BTreeSet<String>>, said: impl Iterator<Item = &'s str>, by: &str) {
    for text in said {
        // What is named and is no text of these menus belongs to a tree of somebody's own.
        if let Some(reached) = texts.get_mut(text.trim()) {
            reached.insert(by.to_owned());
        }
    }
}

fn name_of(file: &Path) -> String {
    file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The files themselves, and those in folders.
fn listed(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => {
                for entry in fs::read_dir(path).map_err(|error| test::named(&error, path))? {
                    files.push(entry?.path());
                }
            }
            false => files.push(path.clone()),
        }
    }
    files.sort();
    Ok(files)
}

fn tell(
    texts: &BTreeMap<String, BTreeSet<String>>, args: &TextsArgs, out: &mut impl Write,
) -> io::Result<u8> {
    let unreached = texts.values().filter(|by| by.is_empty()).count();
    for (text, by) in texts.iter().filter(|(_, by)| args.all || by.is_empty()) {
        let by = match by.iter().take(3).map(String::as_str).collect::<Vec<_>>() {
            none if none.is_empty() => "nothing reaches it".to_owned(),
            some if by.len() > some.len() => {
                format!("{} and {} more", some.join(", "), by.len() - some.len())
            }
            some => some.join(", "),
        };
        writeln!(out, "{text:<32} {by}")?;
    }
    let told = counted(texts.len(), "text");
    if unreached == 0 {
        writeln!(out, "{told}: each is reached")?;
        return Ok(CLEAN);
    }
    let reached = texts.len() - unreached;
    writeln!(
        out,
        "{told}: {reached} reached, {} %; a conversation for one begins with `sokoni menu try --save NAME.talk`",
        reached * 100 / texts.len()
    )?;
    Ok(if reached * 100 / texts.len() >= usize::from(args.least) { CLEAN } else { FAULTS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_nothing_reaches_is_told_and_something_else_may_reach_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let menu = "menu small\n  dial *1#\n  who stranger\n  langs en\n\
                    screen home\n  say Of its own\n  1 On -> on\nend on\n  say Bye\n";
        fs::write(at("small.menu"), menu).expect("written");
        fs::create_dir(at("talks")).expect("made");
        fs::write(at("talks/hello.talk"), "menu small\n> *1#\n< Of its own\n< 1 On\n").expect("written");
        fs::write(at("seen"), "small/on\nlarge/home\n").expect("written");
        let told_at = |reached: Vec<PathBuf>, all, least| {
            let conversations = vec![at("talks")];
            let args =
                TextsArgs { conversations, menus: vec![at("small.menu")], reached, all, least, write: None };
            let mut out = Vec::new();
            (run(&args, &mut out).expect("listed"), String::from_utf8(out).expect("text"))
        };
        let told = |reached, all| told_at(reached, all, 100);
        assert_eq!(told_at(Vec::new(), false, 50).0, CLEAN);
        let (code, said) = told(Vec::new(), false);
        assert!(code == FAULTS && said.contains("small/on") && said.contains("1 reached, 50 %"), "{said}");
        assert!(!said.contains("small/home"), "{said}");
        let (code, said) = told(vec![at("seen")], true);
        assert!(code == CLEAN && said.contains("2 texts: each is reached"), "{said}");
        assert!(said.contains("hello") && said.contains("seen"), "{said}");
    }
}
