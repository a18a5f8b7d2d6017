//! `sokoni menu poster`: a walk-through on paper, job by job, with the keys that lead to each.

use super::{CLEAN, sound};
use crate::{
    dialog::trial::{Ran, Trial, conversation, route::route, samples::Filling, walk::walk},
    engine::vocabulary::vocabulary,
    menu::{
        graph::{Catalogue, Graph, Kind, Node, NodeId},
        vocabulary::Vocabulary,
    },
    types::Lang,
};
use askama::Template;
use clap::Args;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
};

/// Print a walk-through of every job, with its keys, in all languages: a page for any browser
///
/// On it stands every action that changes something, and whatever is only read: a list or a screen
/// from which nothing leads on, and an `end` that an option or a row leads to. A screen with options
/// stands on the way to where they lead, and what only a wrong answer or a refusal leads to is left
/// out.
#[derive(Debug, Args)]
pub struct PosterArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// Only the tree of this name.
    #[arg(long)]
    pub tree: Option<String>,
    /// Where to write the page; without it, standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Template)]
#[template(path = "poster.html", config = "src/cli/menu/askama.toml")]
struct Poster<'a> {
    trees: Vec<Tree<'a>>,
}

struct Tree<'a> {
    graph: &'a Graph,
    jobs: Vec<Job<'a>>,
}

/// Something that a person gets done.
struct Job<'a> {
    /// What can be dialled at once: the code with the keys of the first screens.
    dialled: Option<String>,
    /// The walk in each language.
    walks: Vec<Walk>,
    goal: &'a str,
}

/// A walk in one language.
struct Walk {
    lang: Lang,
    title: String,
    steps: Vec<Stop>,
    last: String,
    sms: Option<String>,
}

/// A screen and what is done at it.
#[derive(Debug)]
struct Stop {
    screen: String,
    press: Press,
    /// An option of a screen is chosen, and not a word or a row.
    is_option: bool,
}

/// What is done at a screen.
#[derive(Debug)]
enum Press {
    /// This key is pressed.
    Key(String),
    /// Something like this is typed.
    Like(String),
    /// The PIN is typed.
    Pin,
}

/// Writes the page: 0 when done, 1 when the menus have faults.
///
/// # Errors
/// A file that cannot be read or written; a tree that is not there.
pub fn run(args: &PosterArgs, out: &mut impl Write) -> io::Result<u8> {
    let sound = match sound::sound(&args.paths, args.tree.as_deref(), out)? {
        Ok(sound) => sound,
        Err(faults) => return Ok(faults),
    };
    let vocabulary = vocabulary();
    let tree = |graph| {
        let (jobs, missing) = jobs(graph, &sound.catalogue, &vocabulary);
        for name in missing {
            eprintln!("not on the poster: no way was found to `{name}` of the menu {}", graph.name);
        }
        Tree { graph, jobs }
    };
    let page =
        Poster { trees: sound.graphs.iter().map(tree).collect() }.render().map_err(io::Error::other)?;
    sound::write(args.out.as_deref(), &page, out)?;
    Ok(CLEAN)
}

/// What a person may dial for.
enum Goal<'g> {
    /// An action that changes something, and goes well.
    Done(&'g Node),
    /// A block that is only read.
    Read(NodeId, &'g Node),
}

/// Every goal of the tree with the shortest way to it; and the names of those that no way was found to.
fn jobs<'g>(
    graph: &'g Graph, catalogue: &Catalogue, vocabulary: &'g Vocabulary,
) -> (Vec<Job<'g>>, Vec<&'g str>) {
    let (mut jobs, mut missing, mut ways) = (Vec::new(), Vec::new(), Vec::new());
    let (done, read): (Vec<_>, Vec<_>) =
        goals(graph, vocabulary).into_iter().partition(|goal| matches!(goal, Goal::Done(_)));
    for goal in done.into_iter().chain(read) {
        let phone = Trial::new(graph, vocabulary, Filling::Typical);
        let went_well = |ran: &Ran| ran.outcomes.first() == Some(&ran.came);
        let way = route(phone, |trial, screen| match goal {
            Goal::Done(node) => screen.ran.iter().any(|ran| ran.wish.at == node.name && went_well(ran)),
            Goal::Read(id, _) => trial.at() == id && screen.ran.iter().all(went_well),
        });
        let (Goal::Done(node) | Goal::Read(_, node)) = goal;
        match way {
            None => missing.push(node.name.as_str()),
            // What an action leads to is on the way of the action.
            Some(way) if ways.iter().any(|done: &Vec<String>| way.starts_with(done)) => {}
            Some(way) => {
                let walk = |lang: &Lang| goes(graph, catalogue, vocabulary, &way, *lang);
                let walks = graph.langs.iter().map(walk).collect();
                jobs.push(Job { dialled: dialled(graph, vocabulary, &way), walks, goal: &node.name });
                if matches!(goal, Goal::Done(_)) {
                    ways.push(way);
                }
            }
        }
    }
    (jobs, missing)
}

fn goals<'g>(graph: &'g Graph, vocabulary: &Vocabulary) -> Vec<Goal<'g>> {
    let chosen: BTreeSet<NodeId> = graph.nodes.iter().flat_map(chosen_from).collect();
    let goal = |(id, node): (NodeId, &'g Node)| match &node.kind {
        Kind::Do { call, .. } => {
            let action = vocabulary.actions.get(&call.name)?;
            (action.changes || action.money).then_some(Goal::Done(node))
        }
        Kind::End { .. } if !chosen.contains(&id) => None,
        _ => node.is_last().then_some(Goal::Read(id, node)),
    };
    let ids = (0..).map(NodeId);
    ids.zip(&graph.nodes).filter_map(goal).collect()
}

/// Where options and rows lead.
fn chosen_from(node: &Node) -> Vec<NodeId> {
    match node.kind {
        Kind::Screen { .. } | Kind::List { .. } => node.leads_to(),
        _ => Vec::new(),
    }
}

/// The way in one language, screen by screen.
fn goes(graph: &Graph, catalogue: &Catalogue, vocabulary: &Vocabulary, way: &[String], lang: Lang) -> Walk {
    let phone = || {
        let mut trial = Trial::new(graph, vocabulary, Filling::Typical);
        trial.env.lang = lang;
        trial
    };
    let is_typed = |at: &usize| !way[*at].starts_with('!');
    let stop = |at: usize| {
        let walked = walk(phone(), &way[..at]);
        let kind = &graph.node(walked.trial.at()).kind;
        let is_option = matches!(kind, Kind::Screen { .. });
        let press = match kind {
            _ if walked.trial.state.awaits_pin(graph) => Press::Pin,
            Kind::Ask { .. } => Press::Like(way[at].clone()),
            _ => Press::Key(way[at].clone()),
        };
        Stop { screen: walked.screen.text, press, is_option }
    };
    let steps: Vec<Stop> = (0..way.len()).filter(is_typed).map(stop).collect();
    let end = walk(phone(), way);
    let sms = conversation::said(&end.screen, catalogue, end.trial.env.lang);
    Walk { lang, title: title(&steps), steps, last: end.screen.text, sms }
}

/// A job is called by the options that lead to it: the first and the last.
fn title(steps: &[Stop]) -> String {
    let labels: Vec<&str> = steps.iter().filter_map(Stop::label).collect();
    match labels.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., last] => format!("{first} › {last}"),
    }
}

impl Stop {
    /// The option that is chosen.
    fn label(&self) -> Option<&str> {
        let (Press::Key(key), true) = (&self.press, self.is_option) else { return None };
        self.screen.lines().find_map(|line| line.strip_prefix(key.as_str())?.strip_prefix(' '))
    }
}

/// The code with the keys that mean the same to everybody: those of the first screens.
fn dialled(graph: &Graph, vocabulary: &Vocabulary, way: &[String]) -> Option<String> {
    let code = graph.dial.as_deref()?.trim_end_matches('#');
    let is_option = |at: usize| {
        let walked = walk(Trial::new(graph, vocabulary, Filling::Typical), &way[..at]);
        matches!(graph.node(walked.trial.at()).kind, Kind::Screen { .. })
    };
    let keys = (0..way.len()).take_while(|at| !way[*at].starts_with('!') && is_option(*at));
    let keys: String = keys.map(|at| format!("*{}", way[at])).collect();
    Some(format!("{code}{keys}#"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tree: &str) -> String {
        let args = PosterArgs { paths: Vec::new(), tree: Some(tree.to_owned()), out: None };
        let mut out = Vec::new();
        assert_eq!(run(&args, &mut out).expect("written"), CLEAN);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_job_of_an_artisan_stands_on_the_poster_in_both_languages_with_its_keys() {
        let page = page("artisan");
        for part in ["Sell a piece", "Uza bidhaa", "Send to M-Pesa", "Tuma M-Pesa", "*1#"] {
            assert!(page.contains(part), "{part}");
        }
        let changing = ["sell.save", "pay.send"];
        assert!(changing.iter().all(|name| page.contains(&format!("id=\"artisan-{name}\""))), "{page}");
    }

    #[test]
    fn what_is_only_read_stands_on_the_poster_too_and_a_refusal_does_not() {
        let page = page("artisan");
        for name in ["money.last", "mentee.stuck"] {
            assert!(page.contains(&format!("id=\"artisan-{name}\"")), "{name}");
        }
        assert!(page.contains("Money › Last payments") && page.contains("Pesa › Malipo"), "{page}");
        assert!(page.contains("*483*57*3*3#"));
        for name in ["pay.held", "pin.locked", "fault", "sell.done"] {
            assert!(!page.contains(&format!("id=\"artisan-{name}\"")), "{name}");
        }
    }

    #[test]
    fn no_pin_stands_on_the_poster() {
        let page = page("artisan");
        assert!(page.contains("your PIN"), "a step asks for it");
        assert!(!page.contains("4271") && !page.contains("4729"), "none is printed");
    }

    #[test]
    fn a_tree_that_is_not_there_is_told_with_those_that_are() {
        let args = PosterArgs { paths: Vec::new(), tree: Some("tenant".into()), out: None };
        let error = run(&args, &mut Vec::new()).expect_err("no such tree");
        assert!(error.to_string().contains("artisan"), "{error}");
    }
}
