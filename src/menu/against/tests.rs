use super::*;
use crate::menu::{
    check::{Limits, check},
    vocabulary::{Action, Vocabulary},
};
use std::sync::Arc;

const LIVE: &str = "\
menu small
  dial    *1#
  who     stranger
  langs   en

enum side
  left    Left
  right   Right

screen home
  say   Hello
  1     Choose -> side
  2     How many -> count
  3     Help -> help

pick side
  say   Which?
  then  done

ask count : int 1..99
  say   How many?
  bad   No.
  tries 3 -> help
  then  save

do save = keep.it()
  ok    -> done
  fault -> fault

screen help
  say   Help
  1     Call -> done

end done
  say   Done

end fault
  say   Sorry

resume
  say   Go on?
  1     Yes -> resume
  2     No -> home

text KEEP {n:int 1..9}
  do    keep.it()
  ok    sms kept()
  fault sms kept()
";

const MESSAGES: &str = "messages\n  langs en\nsms kept()\n  say Kept\n";

fn graphs(text: &str) -> (Vec<Arc<Graph>>, Vec<(String, String)>) {
    let text = text.replace("pick side\n", "pick side : side\n");
    let sources = vec![("small.menu".to_owned(), text), ("messages.menu".to_owned(), MESSAGES.to_owned())];
    let mut vocabulary = Vocabulary::default();
    for name in ["keep.it", "drop.it"] {
        let outcomes = vec![("ok".to_owned(), Vec::new())];
        let action = Action { params: Vec::new(), outcomes, money: false, changes: false };
        vocabulary.actions.insert(name.to_owned(), action);
    }
    let checked = check(&sources, &vocabulary, &Limits::default());
    assert!(checked.is_sound(), "{:?}", checked.problems);
    (checked.graphs, sources)
}

/// What a change does: code, the line it is told on, sentence and help.
fn changed(steps: &[(&str, &str)], habits: Option<&Habits>) -> Vec<(&'static str, String, String, String)> {
    let mut text = LIVE.to_owned();
    for (from, to) in steps {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let ((old, _), (new, sources)) = (graphs(LIVE), graphs(&text));
    let line = |problem: &Problem| {
        let source = &sources[0].1;
        source.lines().nth(problem.span.line(source) - 1).unwrap_or_default().trim().to_owned()
    };
    let found = compare(&old, &new, &sources, habits);
    found.into_iter().map(|p| (p.code, line(&p), p.sentence, p.help)).collect()
}

/// The same in short: code and line.
fn told(steps: &[(&str, &str)]) -> Vec<String> {
    changed(steps, None).into_iter().map(|(code, line, ..)| format!("{code} {line}")).collect()
}

#[test]
fn what_is_as_it_was_or_only_reads_otherwise_is_no_warning() {
    let none: [&str; 0] = [];
    assert_eq!(told(&[]), none);
    assert_eq!(told(&[("say   Hello", "say   Good day"), ("int 1..99", "int 1..999")]), none);
    assert_eq!(told(&[("3     Help -> help", "3     Help -> help\n  4     More -> help")]), none);
    assert_eq!(told(&[("{n:int 1..9}", "{n:int 1..9} {m:int 1..9 = 1}")]), none);
}

#[test]
fn a_block_that_is_only_called_otherwise_is_the_same() {
    assert!(told(&[("ask count :", "ask number :"), ("-> count", "-> number")]).is_empty());
}

#[test]
fn keys_that_lead_elsewhere_or_nowhere_are_found_on_their_lines() {
    let swapped = [("1     Choose -> side", "1     Choose -> count"), ("many -> count", "many -> side")];
    assert_eq!(told(&swapped), ["key-changed 1     Choose -> count", "key-changed 2     How many -> side"]);
    let moved = changed(&[("3     Help", "4     Help")], None);
    assert_eq!((moved[0].0, moved[0].1.as_str()), ("key-changed", "screen home"), "no line is left of it");
    assert_eq!(moved[0].2, "key 3 of `home` led to `help` and is no option any more");
    assert!(moved[0].3.starts_with("`help` is on 4 now; people who know"), "{}", moved[0].3);
    let words = [("left    Left\n  right   Right", "right   Right\n  left    Left")];
    assert_eq!(told(&words), ["key-changed right   Right", "key-changed left    Left"]);
    assert_eq!(told(&[("2     No -> home", "2     No -> help")]), ["key-changed 2     No -> help"]);
}

#[test]
fn answers_outcomes_and_beginnings_that_lead_elsewhere_are_found() {
    for (from, to, code, line) in [
        ("Which?\n  then  done", "Which?\n  then  help", "leads-elsewhere", "then  help"),
        ("tries 3 -> help", "tries 3 -> done", "leads-elsewhere", "tries 3 -> done"),
        ("  ok    -> done", "  ok    -> help", "leads-elsewhere", "ok    -> help"),
        ("int 1..99", "int 1..20", "answer-changed", "ask count : int 1..20"),
        ("dial    *1#", "dial    *2#", "dial-changed", "dial    *2#"),
        ("do save = keep.it", "do save = drop.it", "leads-elsewhere", "do save = drop.it()"),
    ] {
        assert_eq!(told(&[(from, to)]), [format!("{code} {line}")]);
    }
}

#[test]
fn words_by_sms_that_are_gone_or_do_something_else_are_found() {
    assert_eq!(told(&[("text KEEP", "text HOLD")]), ["command-gone text HOLD {n:int 1..9}"]);
    assert_eq!(told(&[("  do    keep.it", "  do    drop.it")]), ["command-changed text KEEP {n:int 1..9}"]);
    assert_eq!(
        told(&[("{n:int 1..9}", "{n:int 1..9} {m:int 1..9}")]),
        ["command-changed text KEEP {n:int 1..9} {m:int 1..9}"]
    );
}

#[test]
fn people_and_dialogs_are_counted_where_records_are_at_hand() {
    let mut habits = Habits::default();
    habits.pressed.insert(("small".into(), "home".into(), "3".into()), 7);
    habits.standing.insert(("small".into(), "help".into()), 2);
    let gone = [
        ("  3     Help -> help\n", ""),
        ("tries 3 -> help", "tries 3 -> done"),
        ("screen help\n  say   Help\n  1     Call -> done\n", ""),
    ];
    let found = changed(&gone, Some(&habits));
    let said = |code| found.iter().find(|(is, ..)| *is == code).expect("found");
    assert!(said("key-changed").3.ends_with("7 people pressed it here in the last 30 days"));
    let removed = said("screen-removed");
    assert_eq!(removed.2, "`help` of the live version is gone, and 2 dialogs stand on it now");
    assert_eq!(removed.3, "they end on the version they began with, which is kept by its hash");
    assert_eq!(removed.1, "screen home", "where it was led to from");
}
