//! Menus made up at random and written untidily: laid out, they are what they were.

use super::{Dice, random::made_up};
use proptest::prelude::*;
use sokoni::{
    engine::vocabulary::vocabulary,
    menu::{
        check::{Limits, check},
        fmt::layout,
        graph::{Catalogue, Graph},
    },
};
use std::sync::Arc;

/// The same lines with other blanks: around signs, before and behind the line.
fn untidy(source: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    for line in source.lines() {
        let mut line = line.to_owned();
        for sign in ["|", "->", "=", ":", "(", ")", ","] {
            let usual = [format!(" {sign} "), format!("{sign} ")];
            let header = !line.starts_with(' ');
            let Some(usual) = usual.iter().find(|usual| line.contains(usual.as_str())) else { continue };
            if header || matches!(sign, "|" | "->") {
                let sides = ["", " ", "   ", "\t"];
                line = line
                    .replace(usual.as_str(), &format!("{}{sign}{}", dice.pick(&sides), dice.pick(&sides)));
            }
        }
        if let Some(inner) = line.strip_prefix("  ") {
            let (word, rest) = inner.split_once(' ').unwrap_or((inner, ""));
            line = format!(
                "{}{word}{} {rest}",
                dice.pick(&[" ", "  ", "\t", "      "]),
                dice.pick(&["", "   "])
            );
        }
        out += &line;
        let tail: &str = dice.pick::<&str>(&["", "", "  ", "\t"]);
        out.push_str(tail);
        out.push('\n');
    }
    out
}

/// The same with remarks and blank lines in between.
fn with_remarks(source: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    for (at, line) in source.lines().enumerate() {
        match dice.below(8) {
            0 => out += "\n\n",
            1 => out += &format!("# before {at}\n"),
            2 => out += &format!("    # before {at}\n\n"),
            _ => {}
        }
        out += line;
        if !line.trim().is_empty() && dice.below(5) == 0 {
            out += &format!(" # behind {at}");
        }
        out.push('\n');
    }
    out
}

/// What is served of these files, but for the hash of the source and the numbers of its lines.
fn served(sources: &[(String, String)]) -> (Vec<Graph>, Catalogue, usize) {
    let checked = check(sources, &vocabulary(), &Limits::default());
    let mut graphs: Vec<Graph> = checked.graphs.into_iter().map(Arc::unwrap_or_clone).collect();
    for graph in &mut graphs {
        graph.hash.clear();
        graph.nodes.iter_mut().for_each(|node| node.line = 0);
        graph.commands.iter_mut().for_each(|command| command.line = 0);
    }
    let mut catalogue = Arc::unwrap_or_clone(checked.catalogue);
    catalogue.hash.clear();
    (graphs, catalogue, checked.problems.len())
}

/// The lines without blanks, the empty ones left out.
fn rows(source: &str) -> Vec<String> {
    let rows = source.lines().map(|line| line.split_whitespace().collect::<String>());
    rows.filter(|row| !row.is_empty()).collect()
}

proptest! {
    // Each case writes a tree and checks it four times.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_it_was_written_it_is_laid_out_the_same_and_serves_the_same(seed: u64, size in 1usize..24) {
        let mut dice = Dice::new(seed);
        let sources = made_up(seed, size);
        let was = served(&sources);
        let (mut tidy, mut remarked) = (Vec::new(), Vec::new());
        for (name, source) in &sources {
            let laid = layout(source);
            prop_assert!(laid.left.is_empty(), "{:?}\n{}", laid.left, source);
            let untidy = untidy(source, &mut dice);
            prop_assert_eq!(&layout(&untidy).text, &laid.text, "{}", untidy);

            let remarks = with_remarks(&untidy, &mut dice);
            let text = layout(&remarks).text;
            prop_assert_eq!(rows(&text), rows(&remarks));
            prop_assert_eq!(&layout(&text).text, &text, "twice is once");
            tidy.push((name.clone(), laid.text));
            remarked.push((name.clone(), text));
        }
        prop_assert_eq!(&served(&tidy), &was);
        prop_assert_eq!(&served(&remarked), &was);
    }
}
