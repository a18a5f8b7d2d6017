//! `sokoni menu show`: a tree with the width of every screen, or one block as phones show it.

use super::{CLEAN, not_found, sound};
use crate::{
    engine::vocabulary::vocabulary,
    gsm::{fit, segment},
    menu::{
        face::{Face, faces, message_face, resume_faces},
        graph::{Catalogue, Graph, NodeId},
    },
};
use clap::Args;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
};

/// Show a tree, or one block as phones show it at its widest
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

/// Runs it: 0 when shown, 1 when the menus have faults, which are then reported instead.
///
/// # Errors
/// A file that cannot be read; a tree or block that is not there.
pub fn run(args: &ShowArgs, out: &mut impl Write) -> io::Result<u8> {
    let sound = match sound::sound(&args.paths, args.tree.as_deref(), out)? {
        Ok(sound) => sound,
        Err(faults) => return Ok(faults),
    };
    let graphs: Vec<&Graph> = sound.graphs.iter().collect();
    match &args.at {
        None => {
            graphs.iter().try_for_each(|graph| show_tree(graph, out))?;
            if args.tree.is_none() {
                show_messages(&sound.catalogue, args.part_cents, out)?;
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

/// Every block under the one that first leads to it, with its widest face in each language.
fn show_tree(graph: &Graph, out: &mut impl Write) -> io::Result<()> {
    let dial = graph.dial.as_deref().unwrap_or("no code");
    let (septets, letters) = (graph.limit, fit::units_for(usize::from(graph.limit)));
    writeln!(
        out,
        "{} ({dial}, for {}, {septets} septets or {letters} letters of UCS-2)",
        graph.name, graph.who
    )?;
    let mut seen = BTreeSet::new();
    let mut stack = vec![(graph.home, 1)];
    while let Some((at, depth)) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        let node = graph.node(at);
        let widths: Vec<String> = (0..graph.langs.len())
            .filter_map(|lang| {
                Some(format!(
                    "{} {}",
                    graph.langs[lang],
                    widest(&faces(graph, at, &vocabulary(), lang), graph)?
                ))
            })
            .collect();
        let name = format!("{}{}", "  ".repeat(depth), node.name);
        writeln!(out, "{name:<36} {:<7} {}", node.word(), widths.join("  "))?;
        stack.extend(node.leads_to().into_iter().rev().map(|to| (to, depth + 1)));
    }
    if let Some(resume) = &graph.resume {
        let widths: Vec<String> = (0..graph.langs.len())
            .filter_map(|lang| {
                let faces = resume_faces(graph, resume, &vocabulary(), lang);
                Some(format!("{} {}", graph.langs[lang], widest(&faces, graph)?))
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
    let price = if cents.is_some() { ", price" } else { "" };
    writeln!(out, "SMS at their widest: septets, or letters of UCS-2, in parts{price}")?;
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
            let size = Size::of(&face.text, graph);
            let pages = if size.takes > size.most { ", on more than one page" } else { "" };
            writeln!(out, "\n[{tag}{when}: {} of {} {}{pages}]", size.takes, size.most, size.unit)?;
            writeln!(out, "{}", face.text)?;
        }
    }
    let names: Vec<&str> = node.leads_to().into_iter().map(|to| graph.node(to).name.as_str()).collect();
    if !names.is_empty() {
        writeln!(out, "\nleads to: {}", names.join(", "))?;
    }
    writeln!(out)
}

/// How much of a screen a text takes, in the unit that it goes in.
struct Size {
    takes: usize,
    most: usize,
    unit: &'static str,
}

impl Size {
    fn of(text: &str, graph: &Graph) -> Self {
        let most = usize::from(graph.limit);
        match fit::septets(text) {
            Some(takes) => Self { takes, most, unit: "septets" },
            None => Self { takes: fit::units(text), most: fit::units_for(most), unit: "letters of UCS-2" },
        }
    }
}

/// The face that takes the largest share of its screen: `120/160`, or `66/70` in UCS-2.
fn widest(faces: &[Face], graph: &Graph) -> Option<String> {
    let sizes = faces.iter().map(|face| Size::of(&face.text, graph));
    let widest = sizes.max_by(|a, b| (a.takes * b.most).cmp(&(b.takes * a.most)))?;
    Some(format!("{}/{}", widest.takes, widest.most))
}

fn length(text: &str) -> usize {
    fit::septets(text).unwrap_or_else(|| fit::units(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
        run(&args(Some("in.sure")), &mut out).expect("shown");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains("2 No\n0 Back\n") && text.contains("2 Hapana\n0 Rudi\n"), "{text}");
        let mut out = Vec::new();
        run(&args(None), &mut out).expect("shown");
        assert!(
            String::from_utf8_lossy(&out)
                .starts_with("agent (*483*57#, for agent, 160 septets or 70 letters of UCS-2)\n")
        );
        assert!(run(&args(Some("nowhere")), &mut Vec::new()).is_err());
    }

    #[test]
    fn a_text_in_ucs2_is_measured_in_its_letters_against_as_many_as_a_screen_holds() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("menus");
        let args = ShowArgs {
            paths: vec![path],
            tree: Some("artisan".into()),
            part_cents: None,
            at: Some("help".into()),
        };
        let mut out = Vec::new();
        run(&args, &mut out).expect("shown");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains(" of 70 letters of UCS-2]") && text.contains(" of 160 septets]"), "{text}");
    }

    #[test]
    fn every_sms_is_shown_with_its_parts_and_its_price() {
        let paths = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("menus")];
        let mut out = Vec::new();
        run(&ShowArgs { paths, tree: None, at: None, part_cents: Some(80) }, &mut out).expect("shown");
        let text = String::from_utf8_lossy(&out).into_owned();
        let line = text.lines().find(|line| line.contains("try_later")).expect("a line");
        assert!(line.contains("reply") && line.contains("in 1, 0.80"), "{line}");
    }
}
