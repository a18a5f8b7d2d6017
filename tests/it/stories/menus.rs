//! Menus that are changed while people use them.

use crate::support::village::{Founding, Village, until};
use serde_json::Value;
use sokoni::types::Lang;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A tree for people we do not know: three screens, each with the same mark.
fn tree(mark: &str) -> String {
    format!(
        "\
menu join
  dial    *483*57#
  who     stranger
  langs   en sw
  limit   160 gsm7
  idle    60s
  dialog  150s
  resume  20m
  keys    0 Back | Rudi, 00 Home | Mwanzo, 98 More | Zaidi

screen home
  say   One of {mark} | Kwanza {mark}
  1     On | Mbele                                      -> middle

screen middle
  say   Two of {mark} | Pili {mark}
  1     On | Mbele                                      -> last

end last
  say   Three of {mark} | Tatu {mark}

resume
  say   You stopped at: {{at}} | Uliishia hapa: {{at}}
  1     Go on | Endelea                                 -> resume
  2     Start again | Anza upya                         -> home
"
    )
}

/// The same with a way that leads nowhere.
fn faulty(mark: &str) -> String {
    tree(mark).replace("-> last", "-> lst")
}

async fn village(mark: &str) -> Village {
    Village::found(Founding { menus: Some(vec![("join.menu", tree(mark))]), ..Founding::default() }).await
}

/// As an editor does that writes beside and renames.
fn save(file: &Path, text: &str) {
    let beside = file.with_extension("menu~");
    std::fs::write(&beside, text).expect("written");
    std::fs::rename(&beside, file).expect("renamed");
}

/// Waits until the desk says so of the menus.
async fn seen(village: &Village, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    until(what, || async {
        let menus = village.desk("menus").await;
        so(&menus).then_some(menus)
    })
    .await
}

fn number(menus: &Value) -> u64 {
    menus["history"][0]["number"].as_u64().expect("a number")
}

#[tokio::test]
async fn an_edited_text_is_seen_at_the_next_call_and_a_broken_file_on_the_desk_alone() {
    let village = village("Alfa").await;
    let file = village.menu("join.menu");
    let call = async |number: &str| village.phone(number, Lang::SW).dials().await;
    assert!(call("0711000001").await.starts_with("Kwanza Alfa"));

    save(&file, &tree("Beta"));
    let menus = seen(&village, "the new text", |menus| number(menus) == 2).await;
    assert!(call("0711000002").await.starts_with("Kwanza Beta"));
    let change = &menus["history"][0];
    assert_eq!((&change["by"], &change["back"]), (&"folder".into(), &false.into()), "{change}");
    let diff = change["files"][0]["diff"].as_str().expect("a diff");
    assert!(
        diff.contains("\n-  say   One of Alfa | Kwanza Alfa\n+  say   One of Beta | Kwanza Beta"),
        "{diff}"
    );
    assert!(village.desk_page("/desk/menus").await.contains("a change in the folder"));

    std::fs::write(&file, faulty("Gamma")).expect("written");
    seen(&village, "the refusal", |menus| !menus["refused"].is_null()).await;
    let page = village.desk_page("/desk/menus").await;
    for part in ["join.menu:17:", "^^^", "did you mean `last`?", "unknown-target"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(call("0711000003").await.starts_with("Kwanza Beta"));
    assert_eq!(village.desk_press("/desk/menus/reload", &[]).await, "/desk/menus?said=refused");

    save(&file, &tree("Beta"));
    seen(&village, "peace", |menus| menus["refused"].is_null()).await;
    std::fs::write(&file, tree("Gamma")).expect("written");
    village.reads_menus().await;
    assert!(call("0711000004").await.starts_with("Kwanza Gamma"));
    // A file of somebody else's beside them changes nothing.
    std::fs::write(file.with_file_name("notes.txt"), "call Amina").expect("written");
    assert_eq!(village.desk_press("/desk/menus/reload", &[]).await, "/desk/menus?said=same");
    village.closes().await;
}

/// Files with one fault each, and where the fault is, as the checker's own tests have them.
fn faulty_files() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/menus-bad");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("a fixture").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        // What is only wrong on a narrow route, or in an overlay, needs more than the file; the two that
        // are named are faults by what the checker's own tests know of a market, and none beside ours.
        let needs_more = name.ends_with(".route.menu") || path.with_extension("overlay").exists();
        let is_ours = ["labels-missing.menu", "too-long.row.menu"].contains(&name.as_str());
        if !name.ends_with(".menu") || needs_more || is_ours {
            continue;
        }
        let report = std::fs::read_to_string(path.with_extension("txt")).expect("its report");
        if report.starts_with("warning") {
            continue;
        }
        let place = report.lines().find_map(|line| line.trim_start().strip_prefix("--> ")).expect("a place");
        // The line is what counts: a word that this service knows and the fixture's does not may
        // move the caret.
        let place = place.rsplit_once(':').expect("line and column").0.to_owned();
        let place = format!("{place}:");
        files.push((name, place, std::fs::read_to_string(&path).expect("the file")));
    }
    files
}

#[tokio::test]
async fn w90_every_kind_of_fault_is_refused_with_its_line_and_no_call_notices() {
    let village = village("Alfa").await;
    let phone = village.phone("0711000101", Lang::SW);
    let version = village.desk("menus").await["version"].clone();
    let files = faulty_files();
    assert!(files.len() > 50, "{} faulty files", files.len());
    let mut unlike = Vec::new();
    for (nth, (name, place, text)) in files.iter().enumerate() {
        // There is one file of messages.
        let is_catalogue = text.lines().any(|line| line == "messages");
        let file = village.menu(if is_catalogue { "messages.menu" } else { name });
        let place = if is_catalogue { place.replace(name, "messages.menu") } else { place.clone() };
        let before = std::fs::read_to_string(&file).ok();
        std::fs::write(&file, text).expect("written");
        let said = village.desk_press("/desk/menus/reload", &[]).await;
        let refused = village.desk("menus").await["refused"].to_string();
        if said != "/desk/menus?said=refused" || !refused.contains(place.as_str()) {
            unlike.push(format!("{place}: {said} {refused}"));
        }
        // One call goes on through three refusals, the next one through the next three.
        let screen = match nth % 3 {
            0 => (phone.dials().await, "Kwanza Alfa"),
            _ => (phone.presses("1").await, ["Pili Alfa", "Tatu Alfa"][nth % 3 - 1]),
        };
        assert!(screen.0.starts_with(screen.1), "{name}: {screen:?}");
        match before {
            Some(text) => std::fs::write(&file, text).expect("put back"),
            None => std::fs::remove_file(&file).expect("removed"),
        }
    }
    assert!(
        unlike.is_empty(),
        "{} of {} without its line:\n{}",
        unlike.len(),
        files.len(),
        unlike.join("\n")
    );
    assert_eq!(village.desk("menus").await["version"], version);
    village.closes().await;
}

#[test]
fn w90_faults_of_overlays_and_of_labels_are_told_with_their_line_before_anything_is_put_in_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/menus-bad");
    let paths =
        std::fs::read_dir(&folder).expect("the fixtures").map(|entry| entry.expect("a fixture").path());
    let mut faulty: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "overlay")).collect();
    assert!(faulty.len() >= 8, "{faulty:?}");
    faulty.push(folder.join("labels-missing.menu"));
    for path in faulty {
        let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
        let run = check.args(["menu", "check"]).arg(&path).output().expect("the command runs");
        let said = [run.stdout, run.stderr].concat();
        let said = String::from_utf8(said).expect("text");
        let rule = path.file_stem().expect("a name").to_string_lossy().into_owned();
        // Below the fault stands the file with line and column.
        let (_, fault) =
            said.split_once(&format!("error[{rule}]: ")).unwrap_or_else(|| panic!("{rule}: {said}"));
        let place =
            fault.split_once("--> ").map_or("", |(_, place)| place.lines().next().unwrap_or_default());
        let line = place.strip_prefix(&*path.to_string_lossy()).and_then(|rest| rest.split(':').nth(1));
        assert!(line.is_some_and(|line| line.parse::<u32>().is_ok()), "{rule}: {said}");
        assert_eq!(run.status.code(), Some(1), "{rule}");
    }
}

#[tokio::test]
async fn a_call_ends_on_the_version_it_began_with_also_after_a_restart_and_a_redial() {
    let mut village = village("Alfa").await;
    let file = village.menu("join.menu");
    let phones = ["0711000011", "0711000012", "0711000013"].map(|number| village.phone(number, Lang::SW));
    let [pressing, redialling, restarted] = &phones;
    for phone in &phones {
        phone.dials().await;
        assert!(phone.presses("1").await.starts_with("Pili Alfa"));
    }
    // The new version has no such screen.
    std::fs::write(&file, tree("Beta").replace("middle", "centre")).expect("written");
    assert_eq!(village.desk_press("/desk/menus/reload", &[]).await, "/desk/menus?said=live");
    let standing = &village.desk("menus").await["history"][0]["standing"];
    assert_eq!(standing["older"], 3, "{standing}");
    assert_eq!(standing["screens"], serde_json::json!([["join", "middle", 3]]), "{standing}");
    let page = village.desk_page("/desk/menus").await;
    assert!(page.contains("On screens that this version does not have: 3 (join middle: 3)."), "{page}");

    assert!(village.phone("0711000014", Lang::SW).dials().await.starts_with("Kwanza Beta"));
    assert!(pressing.presses("1").await.starts_with("Tatu Alfa"));
    village.hangs_up(redialling).await;
    assert!(redialling.dials().await.starts_with("Uliishia hapa"));
    assert!(redialling.presses("1").await.starts_with("Pili Alfa"));
    assert!(redialling.presses("1").await.starts_with("Tatu Alfa"));
    assert!(redialling.dials().await.starts_with("Kwanza Beta"));

    // Meanwhile the files change once more: the restart knows this version from its store alone.
    village.stop().await;
    save(&file, &tree("Gamma"));
    village.start().await;
    village.bound().await;
    village.hangs_up(restarted).await;
    assert!(restarted.dials().await.starts_with("Uliishia hapa"));
    restarted.presses("1").await;
    assert!(restarted.presses("1").await.starts_with("Tatu Alfa"));
    assert!(village.phone("0711000015", Lang::SW).dials().await.starts_with("Kwanza Gamma"));
    village.closes().await;
}

#[tokio::test]
async fn a_step_back_is_one_press_and_holds_until_the_files_change() {
    let mut village = village("Alfa").await;
    let file = village.menu("join.menu");
    save(&file, &tree("Beta"));
    let menus = seen(&village, "the new text", |menus| number(menus) == 2).await;
    let from = menus["version"].as_str().expect("a version");
    assert_eq!(village.desk_press("/desk/menus/back", &[("from", from)]).await, "/desk/menus?said=live");
    // The same press twice, as from two windows.
    assert_eq!(village.desk_press("/desk/menus/back", &[("from", from)]).await, "/desk/menus?said=same");
    assert!(village.phone("0711000021", Lang::SW).dials().await.starts_with("Kwanza Alfa"));
    let page = village.desk_page("/desk/menus").await;
    assert!(page.contains("It stays until the files change again") && page.contains("a step back"), "{page}");

    village.restart().await;
    assert_eq!(village.desk_press("/desk/menus/reload", &[]).await, "/desk/menus?said=same");
    assert!(village.phone("0711000022", Lang::SW).dials().await.starts_with("Kwanza Alfa"));
    save(&file, &tree("Gamma"));
    seen(&village, "the next text", |menus| number(menus) == 4 && menus["held"] == false).await;
    assert!(village.phone("0711000023", Lang::SW).dials().await.starts_with("Kwanza Gamma"));
    village.closes().await;
}

/// Letters for a number: marks have no digits, which texts must not have in one language alone.
fn mark(n: u32) -> String {
    let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).expect("a letter"));
    format!("Q{}{}", letter(n / 26), letter(n))
}

/// The mark of a screen.
fn mark_of(screen: &str) -> String {
    screen.lines().next().and_then(|line| line.split(' ').nth(1)).expect("a mark").to_owned()
}

/// What callers did and saw.
#[derive(Default)]
struct Calls {
    next: AtomicU32,
    whole: AtomicU64,
    /// Those in the middle of which another version went live.
    spanning: AtomicU64,
    stop: AtomicBool,
}

/// Calls on end, each by a phone of its own, each on one version to its end.
async fn calls(village: Arc<Village>, calls: Arc<Calls>, live: Arc<AtomicU64>) {
    while !calls.stop.load(Ordering::SeqCst) {
        let n = calls.next.fetch_add(1, Ordering::SeqCst);
        let pause = || tokio::time::sleep(Duration::from_millis(u64::from(n * 37 % 160)));
        let phone = village.phone(&format!("0712{n:06}"), Lang::SW);
        let began = live.load(Ordering::SeqCst);
        let first = phone.dials().await;
        let mark = mark_of(&first);
        assert!(mark.starts_with('Q'), "a faulty version: {first}");
        for begins in ["Pili ", "Tatu "] {
            pause().await;
            let screen = phone.presses("1").await;
            assert_eq!((screen.starts_with(begins), mark_of(&screen)), (true, mark.clone()), "{screen}");
        }
        calls.whole.fetch_add(1, Ordering::SeqCst);
        let spanned = live.load(Ordering::SeqCst) > began;
        calls.spanning.fetch_add(spanned.into(), Ordering::SeqCst);
    }
}

/// Twenty changes, one in four of them faulty; a hundred in the slow tests.
fn changes() -> u32 {
    if std::env::var("SOKONI_SLOW_TESTS").is_ok_and(|slow| slow == "1") { 100 } else { 20 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_under_load_break_no_call_and_faulty_ones_are_refused() {
    let village = Arc::new(village(&mark(0)).await);
    let file = village.menu("join.menu");
    let held = village.phone("0711000031", Lang::SW);
    held.dials().await;
    let (all, live) = (Arc::new(Calls::default()), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..12)
        .map(|_| tokio::spawn(calls(Arc::clone(&village), Arc::clone(&all), Arc::clone(&live))))
        .collect();
    for n in 1..=changes() {
        let before = village.desk("menus").await;
        let is_faulty = n % 4 == 0;
        let text = if is_faulty { faulty(&format!("Bad{}", mark(n))) } else { tree(&mark(n)) };
        // By renaming, at once, and in two halves; seen by itself or read on demand.
        match n % 3 {
            0 => save(&file, &text),
            1 => std::fs::write(&file, &text).expect("written"),
            _ => {
                let half = text.find("screen middle").expect("a screen");
                std::fs::write(&file, &text[..half]).expect("written");
                tokio::time::sleep(Duration::from_millis(60)).await;
                std::fs::write(&file, &text).expect("written");
            }
        }
        if n % 2 == 0 {
            village.desk_press("/desk/menus/reload", &[]).await;
        }
        if is_faulty {
            let menus = seen(&village, "a refusal", |menus| {
                menus["refused"]["content"] != before["refused"]["content"]
            })
            .await;
            assert!(menus["refused"]["report"].as_str().expect("a report").contains("unknown-target"));
            assert_eq!(menus["version"], before["version"], "{n}");
        } else {
            let menus = seen(&village, "a version", |menus| number(menus) > number(&before)).await;
            assert_eq!(number(&menus), number(&before) + 1, "one change each");
            live.fetch_add(1, Ordering::SeqCst);
        }
    }
    all.stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("no call broke");
    }
    let (whole, spanning) = (all.whole.load(Ordering::SeqCst), all.spanning.load(Ordering::SeqCst));
    eprintln!("{whole} calls, {spanning} of them across a change");
    assert!(whole > 100 && spanning > 10, "{whole} calls, {spanning} across a change");
    // One that began before all of it.
    assert_eq!(mark_of(&held.presses("1").await), mark(0));
    assert_eq!(mark_of(&held.presses("1").await), mark(0));
    let village = Arc::into_inner(village).expect("the callers are gone");
    village.closes().await;
}
