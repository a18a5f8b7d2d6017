use super::change::{By, Outcome};
use super::sweep::{LAST, sweep};
use super::*;
use crate::menu::builtin;
use crate::store::keys;
use crate::store::memory::Memory;
use crate::types::Timestamp;
use std::time::Duration;

const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// The trees and the messages of the house, without their overlays.
fn trees() -> Sources {
    builtin::sources().into_iter().filter(|(name, _)| name.ends_with(".menu")).collect()
}

/// The menus of the house with one word of the artisan's home changed.
fn house(word: &str) -> Sources {
    let mut files = builtin::sources();
    let artisan = files.iter_mut().find(|(name, _)| name.ends_with("artisan.menu")).expect("a tree");
    let changed = artisan.1.replacen("Sell a piece", word, 1);
    assert!(word == "Sell a piece" || changed != artisan.1, "the home screen says otherwise");
    artisan.1 = changed;
    files
}

/// The same with a way that leads nowhere.
fn faulty() -> Sources {
    let mut files = house("Sell a piece");
    for (_, text) in &mut files {
        *text = text.replacen("-> sell.kind", "-> sell.knd", 1);
    }
    files
}

async fn open(store: &Memory, files: Sources) -> Menus {
    Menus::open(store, NOON, Ok(files), &Limits::default()).await.expect("menus")
}

async fn offer(menus: &Menus, store: &Memory, files: Sources) -> Outcome {
    menus.offer(store, NOON, Ok(files), By::Folder).await.expect("a store")
}

async fn back(menus: &Menus, store: &Memory) -> Outcome {
    let from = menus.edition().set.clone();
    menus
        .roll_back(store, NOON, &from, By::Person(crate::engine::desk::Who::new("Otieno")))
        .await
        .expect("a store")
}

fn artisans(menus: &Menus) -> Arc<Graph> {
    menus.of(Some(Role::Artisan)).expect("a tree")
}

/// What the first option of the artisan's home says.
fn first_option(menus: &Menus) -> String {
    let graph = artisans(menus);
    let crate::menu::graph::Kind::Screen { choices, .. } = &graph.node(graph.home).kind else {
        panic!("home is a screen")
    };
    format!("{:?}", choices[0].label.by_lang[0])
}

#[test]
fn the_menus_of_the_house_are_sound() {
    if let Err(problems) = Menus::read(&builtin::sources(), &Limits::default()) {
        panic!("{problems:#?}");
    }
}

#[tokio::test]
async fn a_tree_is_found_by_its_hash_after_others_went_live_and_after_a_restart() {
    let store = Memory::new();
    let menus = open(&store, house("Sell a piece")).await;
    let old = artisans(&menus);
    let Outcome::Live(change) = offer(&menus, &store, house("Sell one")).await else { panic!("sound") };
    assert_eq!((change.number, change.by, change.back), (2, By::Folder, false));
    assert_eq!(change.files.len(), 1);
    assert!(change.files[0].diff.contains("\n+  1     Sell one"), "{}", change.files[0].diff);
    assert!(first_option(&menus).contains("Sell one"));
    assert_eq!(menus.graph(&store, &old.hash).await.expect("read").as_ref(), Some(&old));

    let again = open(&store, house("Sell one")).await;
    assert_eq!(again.graph(&store, &old.hash).await.expect("read").as_ref(), Some(&old));
    let kept = stored_sources(&store, &old.hash).await.expect("read").expect("kept");
    assert_eq!(kept, kept::normal(&house("Sell a piece")));
    assert_eq!(again.graph(&store, "of nobody").await.expect("read"), None);
}

#[tokio::test]
async fn the_same_files_in_another_folder_are_no_change_and_a_restart_writes_nothing() {
    let store = Memory::new();
    let menus = open(&store, builtin::sources()).await;
    let elsewhere: Sources = builtin::sources()
        .into_iter()
        .map(|(name, text)| (name.replace("menus/", "/etc/sokoni/own/"), text))
        .rev()
        .collect();
    assert_eq!(offer(&menus, &store, elsewhere.clone()).await, Outcome::Same);
    let before = crate::store::Store::position(&store);
    open(&store, elsewhere).await;
    assert_eq!(crate::store::Store::position(&store), before);
}

#[tokio::test]
async fn faulty_files_are_refused_with_file_line_and_caret_and_what_served_serves_on() {
    let store = Memory::new();
    let menus = open(&store, house("Sell a piece")).await;
    let set = menus.edition().set.clone();
    let Outcome::Refused(refused) = offer(&menus, &store, faulty()).await else { panic!("faulty") };
    for part in ["menus/artisan.menu:", "^^^", "did you mean `sell.kind`?"] {
        assert!(refused.report.contains(part), "{part} in\n{}", refused.report);
    }
    assert_eq!(menus.edition().set, set);
    // The same content again is the same refusal, told once.
    let Outcome::Refused(again) = offer(&menus, &store, faulty()).await else { panic!("faulty") };
    assert!(Arc::ptr_eq(&refused, &again));
    let unread = menus.offer(&store, NOON, Err("menus: gone".to_owned()), By::Signal).await.expect("a store");
    assert!(matches!(unread, Outcome::Refused(why) if why.report == "menus: gone"));
    assert_eq!(offer(&menus, &store, house("Sell a piece")).await, Outcome::Same);
    assert_eq!(menus.refused(), None);
}

#[tokio::test]
async fn a_start_with_faulty_files_serves_what_served_last_and_a_first_start_does_not_begin() {
    let limits = Limits::default();
    let first = Menus::open(&Memory::new(), NOON, Ok(faulty()), &limits).await.expect_err("nothing to serve");
    assert!(first.starts_with("the menus have "), "{first}");

    let store = Memory::new();
    open(&store, house("Sell one")).await;
    let menus = open(&store, faulty()).await;
    assert!(first_option(&menus).contains("Sell one"));
    assert!(menus.refused().expect("told").report.contains("sell.knd"));
    let unread = Menus::open(&store, NOON, Err("menus: gone".to_owned()), &limits).await.expect("menus");
    assert!(first_option(&unread).contains("Sell one"));
}

#[tokio::test]
async fn a_step_back_holds_until_the_files_change_and_back_again_is_there_again() {
    let store = Memory::new();
    let menus = open(&store, house("Sell a piece")).await;
    assert_eq!(back(&menus, &store).await, Outcome::Same, "nothing served before");
    offer(&menus, &store, house("Sell one")).await;
    let newer = menus.edition().set.clone();
    let Outcome::Live(change) = back(&menus, &store).await else { panic!("a step back") };
    assert!(change.back && change.before.as_ref() == Some(&newer));
    assert!(first_option(&menus).contains("Sell a piece"));
    // A second press of the same button is one press.
    let twice = menus
        .roll_back(&store, NOON, &newer, By::Person(crate::engine::desk::Who::new("Otieno")))
        .await
        .expect("a store");
    assert_eq!(twice, Outcome::Same);
    // The files lie there as they did, also at the next start.
    assert_eq!(offer(&menus, &store, house("Sell one")).await, Outcome::Same);
    let menus = open(&store, house("Sell one")).await;
    assert!(first_option(&menus).contains("Sell a piece"));
    let Outcome::Live(_) = back(&menus, &store).await else { panic!("there again") };
    assert!(first_option(&menus).contains("Sell one"));
    back(&menus, &store).await;
    assert!(menus.view(&store, None).await.expect("read").held);
    // Files that say what serves hold nothing back: what they say next goes live.
    assert_eq!(offer(&menus, &store, house("Sell a piece")).await, Outcome::Same);
    assert!(!menus.view(&store, None).await.expect("read").held);
    let Outcome::Live(_) = offer(&menus, &store, house("Sell one")).await else { panic!("offered again") };
    let Outcome::Live(change) = offer(&menus, &store, house("Sell two")).await else { panic!("new files") };
    assert!(!change.back && first_option(&menus).contains("Sell two"));
}

#[tokio::test]
async fn a_folder_half_copied_takes_nobody_away_and_no_text_that_is_sent() {
    let store = Memory::new();
    let menus = open(&store, trees()).await;
    let without =
        |name: &str| -> Sources { trees().into_iter().filter(|(file, _)| !file.ends_with(name)).collect() };
    let Outcome::Refused(why) = offer(&menus, &store, without("agent.menu")).await else { panic!("agents") };
    assert!(why.report.contains("there is no tree for `agent` any more"), "{}", why.report);
    let Outcome::Refused(why) = offer(&menus, &store, Sources::new()).await else { panic!("nothing") };
    assert!(why.report.contains("tree-gone") && why.report.contains("text-gone"), "{}", why.report);
    let mut files = trees();
    for (_, text) in &mut files {
        *text = text.replace("sms order_offer(", "sms order_offered(");
    }
    let Outcome::Refused(why) = offer(&menus, &store, files).await else { panic!("a text") };
    assert!(why.report.contains("the SMS `order_offer`, which Sokoni sends, is gone"), "{}", why.report);
}

#[tokio::test]
async fn a_text_of_any_length_and_any_letters_is_kept_whole() {
    let long: String = (0..40_000).map(|n| if n % 7 == 0 { "€\u{1}\"" } else { "a" }).collect();
    let files = vec![("empty.menu".to_owned(), String::new()), ("long.menu".to_owned(), long)];
    let catalogue = Edition::read(&builtin::sources(), &Limits::default()).expect("sound").catalogue;
    let edition =
        Edition { set: kept::set_hash(&files), files: files.clone(), graphs: Vec::new(), catalogue };
    let (store, mut batch) = (Memory::new(), crate::store::batch::Batch::default());
    kept::keep(&store, &edition, NOON, &mut batch).await.expect("kept");
    Store::commit(&store, batch).await.expect("committed");
    assert_eq!(kept::stored_set(&store, &edition.set).await.expect("read"), Some(files));
}

#[tokio::test]
async fn old_versions_are_let_go_of_unless_they_are_among_the_last_or_served_lately() {
    let store = Memory::new();
    let menus = open(&store, house("Sell a piece")).await;
    let first = artisans(&menus).hash.clone();
    let words: Vec<String> = ('a'..='z').take(LAST + 2).map(|letter| format!("Sell {letter}")).collect();
    for word in &words {
        let Outcome::Live(_) = offer(&menus, &store, house(word)).await else { panic!("{word}") };
    }
    let (day, year) = (Duration::from_secs(86_400), Duration::from_secs(365 * 86_400));
    assert_eq!(sweep(&store, &menus, NOON, day).await.expect("swept"), 0, "all served today");
    let rows = |kind| store.scan(keys::menu_rows(kind), None, 999, false);
    let texts = rows(b't').await.expect("read").len();
    assert!(sweep(&store, &menus, NOON.after(year), day).await.expect("swept") > 0);
    assert_eq!(rows(b'c').await.expect("read").len(), LAST);
    // The version before the oldest change that is shown can still be compared with it.
    assert_eq!(rows(b's').await.expect("read").len(), LAST + 1);
    assert!(rows(b't').await.expect("read").len() < texts);
    assert_eq!(stored_sources(&store, &first).await.expect("read"), None);
    let again = open(&store, house(&words[LAST + 1])).await;
    assert_eq!(again.edition().set, menus.edition().set);
    assert!(matches!(back(&again, &store).await, Outcome::Live(_)));
    assert!(sweep(&store, &menus, NOON.after(year), day).await.expect("swept") > 0);
    assert_eq!(rows(b's').await.expect("read").len(), LAST, "one of them serves twice");
}
