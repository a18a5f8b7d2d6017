//! The pages of `docs` that describe what can be written or read say what the code says.

use sokoni::dialog::trial::{Trial, samples::Filling, walk::walk};
use sokoni::engine::vocabulary::vocabulary;
use sokoni::gateway::settings::HttpGateway;
use sokoni::menu::check::{Limits, check};
use sokoni::menu::fmt::layout;
use sokoni::menu::report;
use sokoni::money::{Timing, airtel::AirtelSettings, daraja::DarajaSettings, mtn::MtnSettings};
use sokoni::smpp::dialect::Dialect;
use sokoni::smpp::settings::Smsc;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The blocks of a page that are fenced as `language`, each with its line breaks.
fn fenced(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in page.lines() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line.strip_prefix("```") == Some(language) => open = Some(String::new()),
            None => {}
        }
    }
    blocks
}

/// Rows of the tables of a page that begin with this word in back-quotes.
fn has_row(page: &str, word: &str) -> bool {
    let quoted = format!("`{word}`");
    page.lines().any(|line| line.strip_prefix("| ").is_some_and(|row| row.starts_with(&quoted)))
}

/// The examples of the menu language, put together to files: one begins at every head, and what
/// stands behind goes into the last of them; a message into the catalogue.
fn examples() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for block in fenced(&page("MENUS.md"), "menu") {
        let begins = block.starts_with("menu ") || block.starts_with("messages\n");
        if begins || files.is_empty() {
            files.push((format!("docs/MENUS.md, file {}", files.len() + 1), String::new()));
        }
        let is_message = block.starts_with("sms ");
        let mut files = files.iter_mut().rev();
        let fits = |(_, text): &&mut (String, String)| !is_message || text.starts_with("messages\n");
        let (_, text) = files.find(fits).expect("a file was begun");
        text.push_str(&block);
        text.push('\n');
    }
    files
}

#[test]
fn the_examples_of_the_menu_language_are_sound_menus() {
    let files = examples();
    let checked = check(&files, &vocabulary(), &Limits::default());
    assert!(checked.problems.is_empty(), "{}", report::to_text(&checked.problems, &files, false));
    assert_eq!(checked.graphs.len(), 2, "two trees and a catalogue");
}

#[test]
fn the_examples_of_the_menu_language_are_laid_out() {
    for language in ["menu", "overlay"] {
        for block in fenced(&page("MENUS.md"), language) {
            assert_eq!(layout(&block).text, block, "as `sokoni menu fmt -` writes it");
        }
    }
}

#[test]
fn the_examples_of_overlays_fit_the_trees_of_the_page() {
    let overlays = fenced(&page("MENUS.md"), "overlay");
    assert_eq!(overlays.len(), 2);
    let mut files = examples();
    files.extend(overlays.into_iter().enumerate().map(|(nth, text)| (format!("overlay {nth}"), text)));
    let checked = check(&files, &vocabulary(), &Limits::default());
    // The first shows a few blocks, and the page has no messages in that language.
    let expected = |problem: &&report::Problem| {
        problem.code == "lang-without-messages"
            || problem.code == "overlay-missing" && problem.file == "overlay 0"
    };
    let found: Vec<_> = checked.problems.iter().filter(|problem| !expected(problem)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(checked.graphs.iter().all(|graph| graph.langs.len() == 3));
}

#[test]
fn the_recipe_of_a_detail_screen_leads_there_and_back() {
    let (files, vocabulary) = (examples(), vocabulary());
    let checked = check(&files, &vocabulary, &Limits::default());
    let recipes = checked.graphs.iter().find(|graph| graph.name == "recipes").expect("the recipes");
    let shown = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        walk(Trial::new(recipes, &vocabulary, Filling::Typical), &keys).screen
    };
    let list = shown(&["1"]).text;
    assert!(list.starts_with("Last payments\n1 ") && list.contains(" -850.25\n"), "{list}");
    let detail = shown(&["1", "2"]);
    assert!(detail.text.contains("M-Pesa, KSh -850.25\n0 Back") && !detail.over, "{}", detail.text);
    assert_eq!(shown(&["1", "2", "0"]).text, list);
    assert_eq!(shown(&["1", "2", "00"]).text, shown(&[]).text);
    assert!(shown(&["1", "2", "7"]).text.starts_with("Choose a number"), "only its own keys are understood");
}

#[test]
fn every_block_of_the_menu_language_has_an_example() {
    let text: String = examples().into_iter().map(|(_, text)| text).collect();
    for block in [
        "menu", "messages", "enum", "screen", "pick", "list", "ask", "pin", "newpin", "do", "end", "resume",
        "drop", "text", "sms",
    ] {
        let shown = text.lines().any(|line| line.split(' ').next() == Some(block));
        assert!(shown, "docs/MENUS.md shows no `{block}`");
    }
}

#[test]
fn every_setting_of_a_gateway_and_of_a_dialect_is_described() {
    let page = page("SMPP.md");
    // An unknown key is refused with the names of all that are known.
    let refused = toml::from_str::<Smsc>("nonsense = 1").expect_err("unknown").to_string();
    let names = refused.split("expected one of").nth(1).expect("the names");
    let mut known: Vec<String> = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(known.len() > 20, "{known:?}");
    // The password has one row with its file.
    known.retain(|name| name != "password");
    let its = toml::Table::try_from(Dialect::preset("its").expect("its")).expect("settings");
    known.extend(its.keys().cloned());
    known.extend(["service_type", "data_coding"].map(str::to_owned));
    known.extend(Dialect::PRESETS.iter().skip(1).map(|name| (*name).to_owned()));
    let missing: Vec<_> = known.iter().filter(|name| !has_row(&page, name)).collect();
    assert!(missing.is_empty(), "docs/SMPP.md has no row for {missing:?}");
}

#[test]
fn every_setting_of_an_http_gateway_is_described() {
    let page = page("HTTP-GATEWAYS.md");
    let names = |refused: String| {
        let names = refused.split("expected one of").nth(1).expect("the names").to_owned();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let table = |name: &str| {
        let text =
            format!("name = \"x\"\nsecret_path_file = \"x\"\nkind = \"africastalking\"\n{name}.nonsense = 1");
        let gateway: HttpGateway = toml::from_str(&text).expect("a table");
        gateway.check().expect_err("unknown").to_string()
    };
    let mut known = names(toml::from_str::<HttpGateway>("nonsense = 1").expect_err("unknown").to_string());
    for name in ["ussd", "ussd.answer", "ussd_end", "sms", "receipt", "send"] {
        known.extend(names(table(name)));
    }
    assert!(known.len() > 50, "{known:?}");
    let told = |name: &String| page.contains(&format!("`{name}`")) || page.contains(&format!(".{name}`"));
    let missing: Vec<_> = known.iter().filter(|name| !told(name)).collect();
    assert!(missing.is_empty(), "docs/HTTP-GATEWAYS.md does not say what {missing:?} means");
}

#[test]
fn every_setting_of_a_provider_is_described() {
    fn names<T: serde::de::DeserializeOwned>(text: &str) -> Vec<String> {
        let refused = toml::from_str::<T>(text).err().expect("unknown").to_string();
        let names = refused.split("expected one of").nth(1).expect("the names").to_owned();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }
    let page = page("PAYMENTS.md");
    let (_, daraja) = page.split_once("## Daraja").expect("a chapter");
    let (daraja, mtn) = daraja.split_once("## MTN").expect("a chapter");
    let (mtn, airtel) = mtn.split_once("## Airtel").expect("a chapter");
    let (airtel, times) = airtel.split_once("## Times").expect("a chapter");
    let nonsense = "nonsense = 1";
    for (chapter, known) in [
        (daraja, names::<DarajaSettings>(nonsense)),
        (mtn, names::<MtnSettings>(nonsense)),
        (airtel, names::<AirtelSettings>(nonsense)),
        (times, names::<Timing>(nonsense)),
    ] {
        assert!(known.len() > 5, "{known:?}");
        let rows = || chapter.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
        let told = |name: &String| rows().any(|row| format!("`{row}").contains(&format!("`{name}`")));
        let missing: Vec<_> = known.iter().filter(|name| !told(name)).collect();
        assert!(missing.is_empty(), "docs/PAYMENTS.md has no row for {missing:?}");
    }
}

/// Every file of `src`, read.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of src") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            texts.push(std::fs::read_to_string(&path).expect("a source file"));
        }
    }
    texts
}

#[test]
fn every_alarm_stands_in_the_operators_handbook() {
    let page = page("OPERATING.md");
    let mut alarms = Vec::new();
    for text in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        for rest in text.split("\"ALARM: ").skip(1) {
            // What follows a semicolon is advice.
            let said = rest.split(['"', ';']).next().unwrap_or_default();
            alarms.push(format!("ALARM: {said}"));
        }
    }
    assert!(alarms.len() >= 5, "{alarms:?}");
    let missing: Vec<_> = alarms.iter().filter(|alarm| !page.contains(alarm.as_str())).collect();
    assert!(missing.is_empty(), "docs/OPERATING.md does not say what to do about {missing:?}");
}

/// The number of an acceptance check at the beginning of a text, such as `w10`.
fn check_number(text: &str) -> Option<String> {
    let digits: String = text.strip_prefix(['w', 'W'])?.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("w{digits}"))
}

#[test]
fn every_promise_has_a_test_of_its_name_and_every_such_test_a_promise() {
    let page = page("CHECKS.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let promised: BTreeSet<String> = rows.filter_map(check_number).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code =
        [root.join("src"), root.join("tests")].iter().flat_map(|folder| sources(folder)).collect::<Vec<_>>();
    let names = code.iter().flat_map(|text| text.split("fn ").skip(1)).filter(|name| {
        let word: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        word.split_once('_').is_some_and(|(first, _)| check_number(first).as_deref() == Some(first))
    });
    let proven: BTreeSet<String> = names.filter_map(check_number).collect();
    assert!(promised.len() >= 15, "{promised:?}");
    let unproven: Vec<_> = promised.difference(&proven).collect();
    assert!(unproven.is_empty(), "docs/CHECKS.md promises what no test is named for: {unproven:?}");
    let unsaid: Vec<_> = proven.difference(&promised).collect();
    assert!(unsaid.is_empty(), "tests are named for what docs/CHECKS.md does not promise: {unsaid:?}");
}
