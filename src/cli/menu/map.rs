//! `sokoni menu map`: a tree as one picture.

use super::{CLEAN, not_found, records::Records, sound};
use crate::{
    cli::replay::span,
    dialog::tape::stats::Count,
    menu::draw::map::{Figures, FiguresOf, map},
    types::Lang,
};
use clap::Args;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Draw a tree as one picture (SVG): every screen, every key, where each leads
#[derive(Debug, Args)]
pub struct MapArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// The tree of this name; needed when there are several.
    #[arg(long)]
    pub tree: Option<String>,
    /// Language of the texts, such as en or sw; the tree's first when left out.
    #[arg(long)]
    pub lang: Option<Lang>,
    /// A data folder, for how often each screen was seen and left; no other process may have it open.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Dialogs that began so long ago at most: 90m, 12h, 7d.
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "7d", requires = "data")]
    pub since: Duration,
    /// Where to write the picture; without it, standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Draws it: 0 when drawn, 1 when the menus have faults.
///
/// # Errors
/// A file that cannot be read or written; a tree that is not there.
pub fn run(args: &MapArgs, out: &mut impl Write) -> io::Result<u8> {
    let sound = match sound::sound(&args.paths, args.tree.as_deref(), out)? {
        Ok(sound) => sound,
        Err(faults) => return Ok(faults),
    };
    let [graph] = sound.graphs.as_slice() else {
        let names: Vec<&str> = sound.graphs.iter().map(|graph| graph.name.as_str()).collect();
        return Err(not_found(format!(
            "one picture shows one tree: say --tree {}",
            names.join(" or --tree ")
        )));
    };
    let lang = args.lang.map_or(0, |lang| graph.lang_index(lang));
    let figures = match &args.data {
        Some(data) => figures(data, args.since, &graph.name)?,
        None => FiguresOf::new(),
    };
    let picture = map(graph, lang, &figures).map_err(io::Error::other)?;
    sound::write(args.out.as_deref(), &picture, out)?;
    Ok(CLEAN)
}

/// What recorded dialogs tell of the blocks of a tree.
fn figures(data: &Path, since: Duration, tree: &str) -> io::Result<FiguresOf> {
    let mut count = Count::default();
    let records = Records { data: Some(data.to_owned()), ..Records::default() };
    records.each(since, |tape, now| count.take(tape, now))?;
    let of_tree = count.stats().screens.into_iter().filter(|screen| screen.tree == tree);
    let figures = of_tree.map(|screen| {
        let median_seconds = screen.answer_ms.map(|millis| millis.div_ceil(1000));
        (screen.block, Figures { seen: screen.shown, left: screen.left, median_seconds })
    });
    Ok(figures.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::vocabulary::vocabulary,
        menu::{
            builtin,
            check::{Limits, compile},
            draw::map::Figures,
        },
    };
    use std::collections::BTreeSet;

    fn between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
        let found = text.split(before).skip(1);
        found.map(|rest| rest.split(after).next().expect("the end of it")).collect()
    }

    #[test]
    fn every_block_stands_once_on_the_map_and_every_name_on_it_can_be_followed() {
        let (graphs, _) =
            compile(&builtin::sources(), &vocabulary(), &Limits::default()).expect("the menus are sound");
        for graph in &graphs {
            let picture = map(graph, 1, &FiguresOf::new()).expect("drawn");
            let cards = between(&picture, "<g id=\"", "\"");
            let known: BTreeSet<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
            assert_eq!(cards.len(), known.len());
            assert_eq!(cards.iter().copied().collect::<BTreeSet<_>>(), known);
            let followed = between(&picture, "href=\"#", "\"");
            assert!(!followed.is_empty() && followed.iter().all(|name| known.contains(name)), "{followed:?}");
        }
    }

    #[test]
    fn no_card_covers_another() {
        let (graphs, _) =
            compile(&builtin::sources(), &vocabulary(), &Limits::default()).expect("the menus are sound");
        for graph in &graphs {
            let picture = map(graph, 0, &FiguresOf::new()).expect("drawn");
            let number = |text: &str| text.parse::<i64>().expect("a number");
            let places = between(&picture, "transform=\"translate(", ")");
            let heights = between(&picture, "width=\"268\" height=\"", "\"");
            let cards: Vec<(i64, i64, i64)> = places
                .iter()
                .zip(heights)
                .map(|(place, height)| {
                    let (x, y) = place.split_once(' ').expect("two numbers");
                    (number(x), number(y), number(height))
                })
                .collect();
            for (at, (x, y, height)) in cards.iter().enumerate() {
                for (other_x, other_y, other) in &cards[..at] {
                    let beside = (x - other_x).abs() >= 268;
                    assert!(beside || *y >= other_y + other || *other_y >= y + height, "{}", graph.name);
                }
            }
        }
    }

    #[test]
    fn a_card_tells_how_many_came_and_how_many_left() {
        let (graphs, _) =
            compile(&builtin::sources(), &vocabulary(), &Limits::default()).expect("the menus are sound");
        let told = Figures { seen: 412, left: 37, median_seconds: Some(8) };
        let figures = FiguresOf::from([("home".to_owned(), told)]);
        let picture = map(&graphs[0], 0, &figures).expect("drawn");
        assert!(picture.contains("412 seen, 37 left here (8 %), 8 s"), "{picture}");
    }

    #[test]
    fn several_trees_need_a_name() {
        let args = MapArgs {
            paths: Vec::new(),
            tree: None,
            lang: None,
            data: None,
            since: Duration::ZERO,
            out: None,
        };
        let error = run(&args, &mut Vec::new()).expect_err("which?");
        assert!(error.to_string().contains("--tree artisan"), "{error}");
        let args = MapArgs { tree: Some("artisan".into()), lang: Some(Lang::SW), ..args };
        let mut out = Vec::new();
        assert_eq!(run(&args, &mut out).expect("drawn"), CLEAN);
        assert!(String::from_utf8_lossy(&out).contains("Uza bidhaa"));
    }
}
