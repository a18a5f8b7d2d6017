//! Every rule has a menu that breaks it and a row in the handbook, and no row stands for nothing.

use sokoni::{
    cli::menu::check::{CheckArgs, run},
    menu::rules::RULES,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(here(folder)).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn codes() -> BTreeSet<String> {
    RULES.iter().map(|rule| rule.code.to_owned()).collect()
}

/// Rows of the tables of the page: the rules that a row names, and its examples.
fn rows() -> Vec<(Vec<String>, Vec<String>)> {
    let page = fs::read_to_string(here("docs/MENU-RULES.md")).expect("a page");
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Clause"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!(cells.len(), 3, "a clause, its rules, its examples: {row}");
        (quoted(cells[1]), quoted(cells[2]))
    })
    .collect()
}

#[test]
fn every_rule_has_a_row_in_the_handbook_and_every_row_a_rule_and_examples_that_are_there() {
    let rows = rows();
    let told: BTreeSet<String> = rows.iter().flat_map(|(rules, _)| rules.clone()).collect();
    let codes = codes();
    assert_eq!(told.difference(&codes).collect::<Vec<_>>(), Vec::<&String>::new(), "no such rule");
    assert_eq!(codes.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "no row");
    for (rules, examples) in rows {
        for rule in &rules {
            let of_it =
                |example: &String| example.split('/').any(|part| part.split('.').next() == Some(rule));
            assert!(examples.iter().any(of_it), "{rule} has no example in its row: {examples:?}");
        }
        for example in examples {
            assert!(here("fixtures").join(&example).exists(), "fixtures/{example}");
        }
    }
}

#[test]
fn every_menu_that_breaks_a_rule_is_called_by_one_and_stands_in_the_handbook() {
    let told: BTreeSet<String> = rows().into_iter().flat_map(|(_, examples)| examples).collect();
    let bad = names("fixtures/menus-bad").into_iter().filter(|name| !name.ends_with(".txt"));
    let all = bad.map(|name| format!("menus-bad/{name}"));
    let against = names("fixtures/menus-against").into_iter().map(|name| format!("menus-against/{name}"));
    let others: Vec<String> = all.chain(against).filter(|name| !told.contains(name)).collect();
    // These two break many rules at once.
    assert_eq!(others, ["menus-bad/many-faults.menu", "menus-bad/pin-spent.menu"]);
}

#[test]
fn a_change_that_leads_people_astray_is_told_beside_the_live_version() {
    for code in names("fixtures/menus-against") {
        let folder = |side: &str| vec![PathBuf::from(format!("fixtures/menus-against/{code}/{side}"))];
        let args = CheckArgs { paths: folder("new"), against: folder("live"), ..CheckArgs::default() };
        let mut out = Vec::new();
        run(&args, &mut out).expect("read");
        let said = String::from_utf8(out).expect("text");
        let place = format!("--> fixtures/menus-against/{code}/new/");
        let told = said.split("\n\n").find(|problem| problem.contains(&format!("[{code}]")));
        let told = told.unwrap_or_else(|| panic!("{code} is not told: {said}"));
        assert!(told.contains(&place) && told.contains('^') && told.contains("= help: "), "{told}");
        let same = CheckArgs { paths: folder("live"), against: folder("live"), ..CheckArgs::default() };
        let mut out = Vec::new();
        run(&same, &mut out).expect("read");
        let said = String::from_utf8(out).expect("text");
        assert!(said.ends_with(": sound\n") && said.lines().count() == 1, "{said}");
    }
}
