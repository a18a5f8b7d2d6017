use super::*;
use crate::{
    dialog::{
        tape::{
            Fed, Follows, stats,
            tests::{Recorder, begin},
        },
        tests::{
            order,
            tree::{path, text, tree},
        },
    },
    menu::graph::{Choice, Node, NodeId, Target},
    types::Timestamp,
};
use std::collections::BTreeMap;

/// A dialog of these keys on the small tree of the tests.
fn dialog(graph: &Graph, dialled: &[&str], keys: &[&str]) -> Tape {
    let rows = vec![order("482100", 5), order("482118", 2)];
    let mut recorder = Recorder::new(graph, 182, rows);
    recorder.feed(begin(dialled));
    for key in keys {
        recorder.feed(Input::Key((*key).to_owned()));
    }
    recorder.tape
}

fn texts() -> Catalogue {
    Catalogue {
        hash: String::new(),
        langs: vec![Lang::EN, Lang::SW],
        messages: BTreeMap::new(),
        enums: BTreeMap::new(),
    }
}

fn tried(tape: &Tape, graph: &Graph) -> Course {
    rehearse(tape, Menus { trees: &[graph], texts: &texts() }).expect("it has a beginning")
}

fn node<'g>(graph: &'g mut Graph, name: &str) -> &'g mut Node {
    graph.nodes.iter_mut().find(|node| node.name == name).expect("a block")
}

fn to(graph: &Graph, name: &str) -> Target {
    Target::Node { node: graph.find(name).expect("a block"), args: Vec::new() }
}

/// The options of a screen.
fn choices<'g>(graph: &'g mut Graph, name: &str) -> &'g mut Vec<Choice> {
    match &mut node(graph, name).kind {
        Kind::Screen { choices, .. } => choices,
        other => panic!("{name} is no screen: {other:?}"),
    }
}

/// A screen put in between, whose key 1 leads to `then`; where it stands.
fn put_in(graph: &mut Graph, name: &str, then: &str) -> Target {
    let leads = to(graph, then);
    let choices = vec![Choice { key: 1, label: text("Yes | Ndiyo"), to: leads, when: None }];
    let kind = Kind::Screen { say: text("Is this right? | Ni sawa?"), choices };
    graph.nodes.push(Node { name: name.to_owned(), params: Vec::new(), kind, line: 1 });
    Target::Node { node: NodeId(graph.nodes.len() as u16 - 1), args: Vec::new() }
}

const SELL: [&str; 5] = ["1", "2", "850", "1", "1"];

#[test]
fn menus_that_are_the_same_change_nothing_for_anybody() {
    let graph = tree();
    for (dialled, keys) in [(&[][..], &SELL[..4]), (&["2", "1"], &["1"]), (&["3", "100"], &["4271", "1"])] {
        let course = tried(&dialog(&graph, dialled, keys), &graph);
        assert_eq!((&course.fate, course.reworded), (&Fate::Same, false), "{dialled:?} {keys:?}");
        let cost = course.cost.expect("followed");
        assert_eq!(cost.screens, Change { was: 1 + keys.len() as i64, now: 1 + keys.len() as i64 });
        assert_eq!(cost.seconds.was, cost.seconds.now);
    }
}

#[test]
fn a_key_that_leads_nowhere_any_more_is_stuck_and_the_new_one_is_named() {
    let (old, mut new) = (tree(), tree());
    choices(&mut new, "home").iter_mut().find(|choice| choice.key == 2).expect("orders").key = 9;
    let course = tried(&dialog(&old, &[], &["2", "1"]), &new);
    let Fate::Stuck(parting) = &course.fate else { panic!("{course:?}") };
    assert_eq!((parting.block.as_deref(), parting.key.as_str()), (Some("home"), "2"));
    assert_eq!((parting.was.as_str(), &parting.now, parting.instead), ("orders", &None, Some(9)));
    assert_eq!(parting.path, "*483*57*2#");
    let cost = course.cost.expect("she reads and goes on");
    assert_eq!(cost.screens, Change { was: 3, now: 4 }, "the refused one more");
    assert_eq!(cost.seconds.now, cost.seconds.was + A_KEY);
}

#[test]
fn a_key_that_leads_elsewhere_is_told_with_both_places() {
    let (old, mut new) = (tree(), tree());
    let help = to(&new, "join.name");
    choices(&mut new, "home")[1].to = help;
    let course = tried(&dialog(&old, &[], &["2", "1"]), &new);
    let Fate::Elsewhere(parting) = &course.fate else { panic!("{course:?}") };
    assert_eq!((parting.was.as_str(), parting.now.as_deref()), ("orders", Some("join.name")));
    assert_eq!(course.cost, None, "nobody knows what she would have done there");
    let other = tried(&dialog(&old, &[], &SELL[..4]), &new);
    assert_eq!((other.fate, other.reworded), (Fate::Same, false));
}

#[test]
fn a_dialled_shortcut_is_walked_like_any_other_keys() {
    let (old, mut new) = (tree(), tree());
    choices(&mut new, "home").swap(1, 2);
    let (two, three) = (2, 3);
    let home = choices(&mut new, "home");
    (home[1].key, home[2].key) = (two, three);
    let course = tried(&dialog(&old, &["3", "100"], &[]), &new);
    let Fate::Elsewhere(parting) = &course.fate else { panic!("{course:?}") };
    assert_eq!((&parting.block, parting.key.as_str()), (&None, "*483*57*3*100#"));
    assert_eq!((parting.was.as_str(), parting.now.as_deref()), ("pay.pin", Some("orders")));
}

#[test]
fn a_screen_put_in_costs_one_more_and_is_passed_by_the_key_that_leads_on() {
    let (old, mut new) = (tree(), tree());
    let sure = put_in(&mut new, "sell.sure", "sell.check");
    let Kind::Ask { then, .. } = &mut node(&mut new, "sell.price").kind else { panic!("an ask") };
    *then = sure;
    let course = tried(&dialog(&old, &[], &SELL[..4]), &new);
    let Fate::Elsewhere(parting) = &course.fate else { panic!("{course:?}") };
    assert_eq!((parting.key.as_str(), parting.now.as_deref()), ("an answer", Some("sell.sure")));
    let cost = course.cost.expect("followed");
    assert_eq!(cost.screens, Change { was: 5, now: 6 });
    assert_eq!(cost.seconds.now, cost.seconds.was + A_KEY);
}

#[test]
fn a_screen_taken_out_is_passed_over() {
    let (old, mut new) = (tree(), tree());
    let save = to(&new, "sell.save");
    let Kind::Ask { then, .. } = &mut node(&mut new, "sell.price").kind else { panic!("an ask") };
    *then = save;
    let course = tried(&dialog(&old, &[], &SELL[..4]), &new);
    let Fate::Elsewhere(parting) = &course.fate else { panic!("{course:?}") };
    assert_eq!((parting.was.as_str(), parting.now.as_deref()), ("sell.check", Some("sell.done")));
    let cost = course.cost.expect("the outcome of saving is on the tape");
    assert_eq!(cost.screens, Change { was: 5, now: 4 });
    assert_eq!(cost.seconds.now, cost.seconds.was - 5);
}

#[test]
fn an_action_that_the_tape_has_not_is_new_ground_and_not_guessed() {
    let (old, mut new) = (tree(), tree());
    let Kind::Do { call, .. } = &mut node(&mut new, "sell.save").kind else { panic!("a do") };
    call.name = "listing.suggest".to_owned();
    let course = tried(&dialog(&old, &[], &SELL[..4]), &new);
    let wants = "an outcome of listing.suggest".to_owned();
    assert_eq!(
        course.fate,
        Fate::NewGround { tree: "test".to_owned(), block: "sell.check".to_owned(), wants }
    );
    assert_eq!(course.cost, None);
}

#[test]
fn a_value_that_is_only_shown_may_be_missing_one_that_decides_may_not() {
    let (old, mut new) = (tree(), tree());
    let Kind::Screen { say, .. } = &mut node(&mut new, "home").kind else { panic!("a screen") };
    *say = text("Hello {me.first}, {me.held} | Habari {me.first}, {me.held}");
    let course = tried(&dialog(&old, &[], &["1"]), &new);
    assert_eq!((&course.fate, course.reworded), (&Fate::Same, true));
    assert_eq!(course.blank, BTreeSet::from(["me.held".to_owned()]));
    choices(&mut new, "home")[0].when = Some((path("me.held"), "some".to_owned()));
    let course = tried(&dialog(&old, &[], &["1"]), &new);
    let wants = "me.held".to_owned();
    assert_eq!(course.fate, Fate::NewGround { tree: "test".to_owned(), block: "home".to_owned(), wants });
}

#[test]
fn a_key_that_was_none_and_a_block_of_another_name_count_for_nothing() {
    let (old, mut new) = (tree(), tree());
    let orders = to(&new, "orders");
    choices(&mut new, "home").push(Choice { key: 9, label: text("More | Zaidi"), to: orders, when: None });
    assert_eq!(tried(&dialog(&old, &[], &["9"]), &new).fate, Fate::Same);
    let mut renamed = tree();
    node(&mut renamed, "orders").name = "order.list".to_owned();
    assert_eq!(tried(&dialog(&old, &[], &["2", "1"]), &renamed).fate, Fate::Same);
}

#[test]
fn a_pin_that_nobody_was_asked_for_is_new_ground() {
    let (old, mut new) = (tree(), tree());
    let pin = to(&new, "pay.pin");
    choices(&mut new, "sell.check")[0].to = pin;
    let course = tried(&dialog(&old, &[], &["1", "2", "850", "1"]), &new);
    let Fate::Elsewhere(parting) = &course.fate else { panic!("{course:?}") };
    assert_eq!(parting.now.as_deref(), Some("pay.pin"), "and nobody guesses that it is right");
    assert_eq!(course.cost, None);
}

#[test]
fn dialogs_are_added_up_by_the_key_at_which_they_part() {
    let (old, mut new) = (tree(), tree());
    choices(&mut new, "home").retain(|choice| choice.key != 2);
    let mut reporter = Reporter::default();
    let texts = texts();
    let menus = Menus { trees: &[&new], texts: &texts };
    for keys in [&["2"][..], &["2", "1"], &["1"], &["0", "2"]] {
        reporter.take(&dialog(&old, &[], keys), menus);
    }
    let mut beheaded = dialog(&old, &[], &["1"]);
    beheaded.turns.remove(0);
    reporter.take(&beheaded, menus);
    let report = reporter.report();
    assert_eq!((report.dialogs, report.people, report.same, report.not_read), (4, 1, 1, 1));
    assert_eq!(report.stuck.len(), 1, "{report:?}");
    let group = &report.stuck[0];
    assert_eq!((group.dialogs, group.people, group.path.as_str()), (3, 1, "*483*57*2#"));
    assert!(!report.is_quiet());
    let gone = Menus { trees: &[], texts: &texts };
    assert!(matches!(rehearse(&dialog(&old, &[], &[]), gone), Some(Course { fate: Fate::Stuck(_), .. })));
}

#[test]
fn a_tape_is_played_on_other_menus_as_far_as_they_can_be_followed() {
    let (old, mut new) = (tree(), tree());
    let tape = dialog(&old, &[], &SELL[..4]);
    assert_eq!(play(&tape, &new).screens.len(), 5);
    let Kind::Do { call, .. } = &mut node(&mut new, "sell.save").kind else { panic!("a do") };
    call.name = "listing.suggest".to_owned();
    let played = play(&tape, &new);
    assert_eq!((played.screens.len(), played.lost.map(|(turn, _)| turn)), (4, Some(5)));
}

#[test]
fn figures_tell_where_people_stop_and_what_a_job_takes() {
    let graph = tree();
    let mut sold = dialog(&graph, &[], &SELL[..4]);
    let walk = sold.turns.last_mut().and_then(|turn| turn.walk.as_mut()).expect("the last screen");
    walk.sms = Some(Follows { name: "listing_saved".to_owned(), parts: 2 });
    assert!(walk.fed.iter().any(|fed| matches!(fed, Fed::Outcome { once: true, .. })));
    let left = dialog(&graph, &[], &["1", "7", "2"]);
    let later = Timestamp::from_millis(2_000_000);
    let stats = stats::of([&sold, &left], later);
    assert_eq!((stats.dialogs, stats.people, stats.open), (2, 1, 0));
    let of = |block| stats.screen("test", block).expect("shown");
    assert_eq!((of("home").shown, of("home").left, of("home").answer_ms), (2, 0, Some(5_000)));
    assert_eq!((of("sell.kind").shown, of("sell.kind").refused, of("sell.kind").dialogs), (3, 1, 2));
    assert_eq!((of("sell.price").shown, of("sell.price").left), (2, 1));
    assert_eq!(of("sell.price").left_permille(), 500);
    let job = &stats.jobs[0];
    assert_eq!((job.end.as_str(), job.action.as_str()), ("sell.done", "listing.create"));
    assert_eq!((job.done, job.screens, job.millis, job.sms_parts), (1, 5, 20_000, 2));
    let way = stats.ways.iter().find(|way| way.from == "sell.kind" && way.to == "sell.price");
    assert_eq!(way.map(|way| way.times), Some(2));
    let soon = left.span().1;
    assert_eq!(stats::of([&left], soon).open, 1, "it may go on");
    assert_eq!(stats::of([&left], soon).screen("test", "sell.price").map(|screen| screen.left), Some(0));
}
