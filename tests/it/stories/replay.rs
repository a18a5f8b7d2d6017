//! A dialog is looked at as it was, proven octet for octet, and tried on menus that are not live yet.

use crate::support::actors::Artisan;
use crate::support::village::Village;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Achieng's PIN.
const PIN: &str = "5093";
/// Everything that was recorded.
const EVER: &str = "36500d";

/// The menus of the product with the options of a maker's home moved about: 2 and 3 have changed
/// places, and what was 4 is 8.
fn moved(folder: &Path) -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("menus");
    let new = folder.join("new-menus");
    fs::create_dir(&new).expect("a folder");
    for file in fs::read_dir(&ours).expect("menus") {
        let path = file.expect("a file").path();
        if path.is_file() {
            fs::copy(&path, new.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
    for name in ["artisan.menu", "artisan.am"] {
        let file = new.join(name);
        let text = fs::read_to_string(&file).expect("the maker's menu");
        fs::write(&file, rekeyed(&text)).expect("written");
    }
    new
}

/// The same with other keys at home: 2 and 3 change places, and 4 becomes 8.
fn rekeyed(text: &str) -> String {
    let (head, rest) = text.split_once("\nscreen home\n").expect("a home");
    let (home, rest) = rest.split_once("\n\n").expect("its end");
    let key = |line: &str| line.split_whitespace().next().and_then(|word| word.parse::<u8>().ok());
    let option = |wanted: u8| home.lines().find(|line| key(line) == Some(wanted)).expect("an option");
    let as_key = |line: &str, new: u8| line.replacen(|c: char| c.is_ascii_digit(), &new.to_string(), 1);
    let others = home.lines().filter(|line| !matches!(key(line), Some(2..=4)));
    let mut lines: Vec<String> = others.map(str::to_owned).collect();
    lines.extend([as_key(option(3), 2), as_key(option(2), 3), as_key(option(4), 8)]);
    let home = lines.join("\n");
    format!("{head}\nscreen home\n{home}\n\n{rest}")
}

/// What the command says and ends with.
fn runs(village: &Village, args: &[&str]) -> (Option<i32>, String) {
    let run = village.runs(args);
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(!said.contains(PIN), "a PIN is told: {said}");
    (run.status.code(), said)
}

/// Fails when the PIN stands anywhere in a folder as something that was typed; ids may hold such
/// digits by chance.
fn has_no_pin(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            has_no_pin(&path);
            continue;
        }
        let octets = fs::read(&path).expect("readable");
        for around in [format!("\"{PIN}\""), format!("*{PIN}"), format!(" {PIN}")] {
            let found = octets.windows(around.len()).any(|window| window == around.as_bytes());
            assert!(!found, "{around} stands in {}", path.display());
        }
    }
}

/// She hangs up, and so much time passes that her next call is a new dialog.
async fn forgotten(village: &Village, achieng: &Artisan) {
    village.hangs_up(achieng).await;
    for _ in 0..3 {
        village.clock.advance(Duration::from_secs(500));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A week of hers: she sells, is cut and goes on, looks at her orders, types a wrong key, and dials
/// a shortcut with her PIN behind it.
async fn week(village: &Village, achieng: &Artisan) {
    achieng.walks(&["1", "1", "1", "850"]).await;
    village.hangs_up(achieng).await;
    let offered = achieng.dials().await;
    assert!(offered.starts_with("You stopped at"), "{offered}");
    achieng.presses("1").await;
    achieng.presses("3").await;
    assert!(achieng.presses("1").await.starts_with("Saved"), "the piece is listed");
    achieng.walks(&["2"]).await;
    forgotten(village, achieng).await;
    achieng.walks(&["7", "4"]).await;
    forgotten(village, achieng).await;
    achieng.dials_code(&format!("*483*57*3*1*500*{PIN}#")).await;
}

#[tokio::test]
async fn a_dialog_is_shown_as_she_saw_it_and_changed_menus_say_beforehand_who_would_be_stuck() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    let wanjiru = village.wanjiru().await;
    week(&village, &achieng).await;
    wanjiru.walks(&["1", "2"]).await;

    let page = village.desk("dialogs?phone=0700000101").await;
    let rows = page["rows"].as_array().expect("rows").clone();
    assert!(rows.iter().all(|row| row["phone"] == "25470****101"), "{page}");
    let sold = rows.iter().find(|row| row["did"][0] == "listing.create: ok").expect("the dialog that sold");
    let id = sold["id"].as_str().expect("an id").to_owned();
    let dialog = village.desk(&format!("dialogs/{id}")).await;
    assert_eq!(dialog["proof"], "same", "{dialog}");
    let steps = dialog["steps"].as_array().expect("steps");
    let what: Vec<&str> = steps.iter().map(|step| step["what"].as_str().expect("a word")).collect();
    assert_eq!(what[0], "dials");
    assert!(what.contains(&"cut") && what.contains(&"redials"), "{what:?}");
    let stats = village.desk("dialogs/stats").await;
    let listed = stats["jobs"].as_array().expect("jobs").iter().find(|job| job["action"] == "listing.create");
    assert_eq!(listed.expect("a listing")["done"], 1, "{stats}");

    village.stop().await;
    let (code, said) = runs(&village, &["replay", "--verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("same: "), "{said}");
    let (_, said) = runs(&village, &["replay", "--phone", "0700000101"]);
    assert!(said.contains(&id) && said.contains("listing.create: ok"), "{said}");
    let (_, said) = runs(&village, &["replay", "--dialog", &id]);
    for part in
        ["dials *483*57#", "the call is over", "| You stopped at", "answers 850", "played again: same"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let (same, new) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("menus"), moved(folder.path()));
    let rehearsed = |menus: &Path, format: &str| {
        let menus = menus.display().to_string();
        runs(&village, &["menu", "rehearse", &menus, "--since", EVER, "--format", format])
    };
    let (code, said) = rehearsed(&same, "text");
    assert_eq!(code, Some(0), "nothing changes: {said}");
    let (code, said) = rehearsed(&new, "json");
    assert_eq!(code, Some(1), "{said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let stuck = &report["stuck"][0];
    let named = (&stuck["block"], &stuck["key"], &stuck["instead"]);
    assert_eq!(named, (&"home".into(), &"4".into(), &8.into()), "{said}");
    assert_eq!((&stuck["people"], &stuck["dialogs"]), (&1.into(), &1.into()));
    let key = |group: &Value| group["key"].as_str().expect("a key").to_owned();
    let changed: Vec<String> = report["elsewhere"].as_array().expect("groups").iter().map(key).collect();
    assert!(changed.contains(&"2".to_owned()), "{changed:?}");
    assert!(changed.iter().any(|key| key.starts_with("*483*57*3*1")), "a shortcut, too: {changed:?}");
    assert!(!changed.iter().any(|key| key == "1"), "selling is where it was: {changed:?}");
    let (_, said) = rehearsed(&new, "text");
    assert!(
        said.contains("at home, 4: was help, now nothing") && said.contains("8 leads there now"),
        "{said}"
    );
    let on = new.display().to_string();
    let (code, said) = runs(&village, &["replay", "--dialog", &id, "--on", &on]);
    assert_eq!(code, Some(0), "{said}");

    let (_, said) = runs(&village, &["menu", "stats", "--since", EVER]);
    assert!(said.contains("listing.create") && said.contains("artisan home"), "{said}");
    has_no_pin(&village.data());
    village.start().await;
    village.closes().await;
}
