//! What people write: an SMS to the service, and a file of menus.

use sokoni::dialog::keyword::{Reading, complete, understand};
use sokoni::engine::vocabulary::vocabulary;
use sokoni::menu::graph::Graph;
use sokoni::menu::report::{self, Severity};
use sokoni::menu::{builtin, check};
use sokoni::types::{Lang, Timestamp};
use std::sync::LazyLock;

static TREES: LazyLock<Vec<Graph>> = LazyLock::new(|| {
    check::compile(&builtin::sources(), &vocabulary(), &check::Limits::default()).expect("sound").0
});

/// An SMS, and behind its first line break a second one.
pub fn any_sms(octets: &[u8]) {
    let said = String::from_utf8_lossy(octets);
    let (first, second) = said.split_once('\n').unwrap_or((&said, ""));
    let now = Timestamp::default();
    for tree in TREES.iter() {
        let reading = understand(tree, first, now);
        sound(tree, &reading);
        if let Reading::Half(half) = &reading {
            for lang in [Lang::EN, Lang::SW] {
                let _ = (half.heard(tree, lang), half.miss(tree, lang));
            }
            sound(tree, &complete(tree, half, second, now));
        }
    }
}

fn sound(tree: &Graph, reading: &Reading) {
    match reading {
        Reading::Understood(call) => assert!(call.command < tree.commands.len()),
        Reading::BadCode { echo, .. } => assert!(echo.len() <= 12, "{echo}"),
        Reading::Half(_) | Reading::Unknown => {}
    }
}

/// A file of menus: its faults are reported, and every report can be printed.
pub fn any_menu(octets: &[u8]) {
    let source = String::from_utf8_lossy(octets).into_owned();
    let sources = [("any.menu".to_owned(), source)];
    let checked = check::check(&sources, &vocabulary(), &check::Limits::default());
    let faults = checked.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(checked.is_sound(), !faults);
    let printed = report::to_text(&checked.problems, &sources, false);
    assert_eq!(printed.is_empty(), checked.problems.is_empty());
    let _ = report::to_json(&checked.problems, &sources);
}
