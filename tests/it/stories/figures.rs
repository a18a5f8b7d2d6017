//! The dashboard: every number leads down to the rows that it adds up, and those to postings and messages.

use super::{brought, earns, on_sale, taken};
use crate::support::desk::Colleague;
use crate::support::village::Village;
use std::collections::{BTreeMap, BTreeSet};

/// The elements of a page that a test knows by this name, each with what its tag says.
fn elements(page: &str, testid: &str) -> Vec<BTreeMap<String, String>> {
    let mark = format!("data-testid=\"{testid}\"");
    let tag = |(at, _): (usize, &str)| {
        let from = page[..at].rfind('<').unwrap_or(at);
        let to = at + page[at..].find('>').unwrap_or(0);
        let words = page[from..to].split("data-").skip(1).filter_map(|word| word.split_once("=\""));
        words.map(|(name, rest)| (name.to_owned(), rest.split('"').next().unwrap_or("").to_owned())).collect()
    };
    page.match_indices(&mark).map(tag).collect()
}

/// Where a page leads inside the desk's books.
fn ways(page: &str) -> BTreeSet<String> {
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let plain = |href: &str| href.replace("&amp;", "&").replace("&#38;", "&");
    // A sheet is for another program, and takes more than a reader.
    let page = |href: &&str| {
        href.starts_with("/desk/books/") && (!href.contains(".csv") || href.ends_with("/statement.csv"))
    };
    hrefs.filter(page).map(plain).collect()
}

/// The number inside an element.
fn number(page: &str, testid: &str) -> usize {
    let rest = page
        .split(&format!("data-testid=\"{testid}\">"))
        .nth(1)
        .unwrap_or_else(|| panic!("{testid}: {page}"));
    rest.split('<').next().and_then(|text| text.parse().ok()).expect("a number")
}

fn cents(of: &BTreeMap<String, String>) -> i64 {
    of.get("cents").and_then(|cents| cents.parse().ok()).unwrap_or_else(|| panic!("{of:?}"))
}

/// A list page and those after it: how many rows of this sort, and what they add up to.
async fn adds_up(who: &Colleague<'_>, way: &str, row: &str) -> (usize, i64) {
    let (mut rows, mut sum, mut next) = (0, 0, Some(way.to_owned()));
    while let Some(way) = next {
        let page = who.opens(&way).await;
        let found = elements(&page, row);
        rows += found.len();
        sum += found.iter().filter(|row| row.contains_key("cents")).map(cents).sum::<i64>();
        let older = page.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let base = way.split('?').next().unwrap_or_default().to_owned();
        next = older.map(|older| format!("{base}{}", older.replace("&amp;", "&").replace("&#38;", "&")));
    }
    (rows, sum)
}

#[tokio::test]
async fn w93_every_number_of_the_dashboard_leads_down_to_its_messages_and_postings() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    // One order paid out, one that waits for its check, one that is offered, and pieces to look at.
    let first = earns(&village, &achieng, 850).await;
    achieng.cashes_out("500").await;
    achieng.reads("Sokoni sent KSh 500").await;
    let listing = on_sale(&achieng, &amina, 400, 2).await;
    let second = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &second).await;
    let third = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, third.code);
    achieng.lists("RING", "WOOD", 300, 1).await;
    village
        .colleague("Halima")
        .has(&["cases", "open", "dispute", "both say so", "--order", &first.code])
        .await;

    let juma = village.colleague("Juma");
    let desk = juma.opens("/desk").await;
    let figures = elements(&desk, "figure");
    let of = |key: &str| {
        figures.iter().find(|figure| figure["key"] == key).unwrap_or_else(|| panic!("{key}: {figures:?}"))
    };
    assert_eq!((of("released")["count"].as_str(), of("at_kiosk")["count"].as_str()), ("1", "1"));
    assert_eq!((cents(of("at_kiosk")), cents(of("artisan"))), (40_000, 35_000));
    assert_eq!(of("waiting")["count"], "1");
    let books = village.books().await;
    let mut followed = 0;
    for figure in &figures {
        let (way, key) = (&figure["way"], &figure["key"]);
        let rows = match way.trim_start_matches("/desk/books/").split('?').next() {
            Some("orders") => "desk-order",
            Some("listings") => "desk-piece",
            Some("payouts") => "desk-payout",
            Some("accounts") => "account",
            Some("/desk/depot") => "desk-case",
            other => panic!("a figure leads to {other:?}"),
        };
        let (count, sum) = adds_up(&juma, way, rows).await;
        assert_eq!(count.to_string(), figure["count"], "{way}");
        if figure.contains_key("cents") {
            assert_eq!(sum, cents(figure), "{way}");
        }
        if rows == "account" {
            let of_kind = |name: &str| name == key || name.split(':').next() == Some(key);
            let known: i64 = books.iter().filter(|(name, _)| of_kind(name)).map(|(_, sum)| sum).sum();
            assert_eq!(sum, known, "{way}");
        }
        followed += 1;
    }
    assert!(followed >= 10, "{followed} of {figures:?}");

    // Down every link there is: each page is there, and each account is what its lines add up to.
    let (mut seen, mut ahead, mut kinds) = (BTreeSet::new(), ways(&desk), BTreeSet::new());
    while let Some(way) = ahead.pop_first() {
        if !seen.insert(way.clone()) {
            continue;
        }
        let page = juma.opens(&way).await;
        // The list of everybody stands below no number: who has done nothing yet is on it, too.
        if way != "/desk/books/people" {
            ahead.extend(ways(&page));
        }
        assert!(!page.contains("254700000101"), "{way}: phones are masked");
        if way.starts_with("/desk/books/accounts/") && !way.contains('?') {
            let statement = elements(&page, "statement").pop().expect("a statement");
            let (lines, sum) = adds_up(&juma, &way, "statement-line").await;
            assert!(lines > 0 && sum == cents(&statement), "{way}: {sum} of {lines} lines, {statement:?}");
            continue;
        }
        // Below each row of a list: what was posted for it, or said of it.
        if let ["", "desk", "books", kind, _] = way.split('/').collect::<Vec<_>>()[..] {
            let rows = ["posting", "desk-message"].map(|row| elements(&page, row).len());
            assert!(rows != [0, 0] || kind == "accounts", "{way}: {page}");
            kinds.insert(kind.to_owned());
        }
    }
    for kind in ["orders", "listings", "payouts", "people"] {
        assert!(kinds.contains(kind), "{kind}: {seen:?}");
    }
    for way in [format!("/desk/books/orders/{}", first.code), format!("/desk/books/orders/{}", second.code)] {
        let page = juma.opens(&way).await;
        assert!(seen.contains(&way) && !elements(&page, "posting").is_empty(), "{way}");
        assert!(
            !elements(&page, "desk-message").is_empty() && !elements(&page, "hand-over").is_empty(),
            "{page}"
        );
    }
    let of_payout = seen.iter().find(|way| way.starts_with("/desk/books/payouts/")).expect("a payout");
    let page = juma.opens(of_payout).await;
    assert!(elements(&page, "posting").len() >= 2 && page.contains("Sokoni sent KSh 500"), "{page}");
    let her = seen.iter().find(|way| way.starts_with("/desk/books/people/")).expect("a person");
    assert!(!elements(&juma.opens(her).await, "desk-message").is_empty());
    let found = juma.opens(&juma.is_led("/desk/books/people?whom=0700000101").await).await;
    assert!(found.contains("Achieng Otieno") && !elements(&found, "her-dialog").is_empty(), "{found}");
    assert_eq!(number(&juma.opens("/desk/books/orders").await, "count"), 3);
    village.closes().await;
}

#[tokio::test]
async fn everything_kept_of_a_person_is_one_document_and_her_statement_is_a_file() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    let order = earns(&village, &achieng, 850).await;
    achieng.cashes_out("500").await;
    achieng.reads("Sokoni sent KSh 500").await;
    achieng.asks("STOP", "No more tips and news").await;

    let (juma, halima) = (village.colleague("Juma"), village.colleague("Halima"));
    let document = halima.has(&["person", "export", "0700000101"]).await;
    let hers: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let (person, count) = (&hers["person"], |what: &str| hers[what].as_array().map_or(0, Vec::len));
    assert_eq!(
        (person["name"].as_str(), person["phone"].as_str()),
        (Some("Achieng Otieno"), Some("254700000101"))
    );
    assert_eq!((person["pin"].as_str(), count("listings"), count("orders")), (Some("set"), 1, 1));
    assert_eq!(hers["orders"][0]["code"], order.code.as_str());
    assert!(hers["tips_stopped"].is_i64(), "what she chose is hers, too: {}", hers["tips_stopped"]);
    assert_eq!(
        (hers["payouts"][0]["stage"].as_str(), hers["payouts"][0]["amount"].as_i64()),
        (Some("paid"), Some(50_000))
    );
    assert!(
        document.contains("Sokoni sent KSh 500") && count("dialogs") > 0 && count("messages") > 2,
        "{document}"
    );
    // Nobody else's, and nothing that opens anything.
    for secret in [format!("\"{}\"", achieng.pin), "hash\"".into(), "jo@example.org".into()] {
        assert!(!document.contains(&secret), "{secret}: {document}");
    }
    let number = person["number"].as_str().expect("digits");
    let by_number = halima.has(&["person", "export", number]).await;
    let by_number: serde_json::Value = serde_json::from_str(&by_number).expect("JSON");
    assert_eq!((&by_number["person"], &by_number["statement"]), (person, &hers["statement"]));
    let refused = juma.types(&["person", "export", "0700000101"]).await.expect_err("a reader may not");
    assert!(refused.contains("liaison"), "{refused}");
    assert!(halima.types(&["person", "export", "0700000999"]).await.is_err());

    let page = juma.opens(&juma.is_led("/desk/books/people?whom=0700000101").await).await;
    let way = ways(&page).into_iter().find(|way| way.ends_with(".csv")).expect("a file");
    let file = juma.opens(&way).await;
    let free =
        village.books().await.into_iter().find(|(name, _)| name.starts_with("artisan:")).expect("hers");
    let of_hers = file.lines().filter(|line| line.split(',').nth(1) == Some(free.0.as_str()));
    let last = of_hers.clone().next_back().expect("a line");
    assert!(of_hers.count() == 2 && last.contains(",payout_reserved,payout/"), "{file}");
    assert!(last.contains(&format!(",-500.00,{}.00,", free.1 / 100)), "{last}");
    village.stop().await;
    assert_eq!(village.sokoni(&["ledger", "statement", "0700000101", "--csv"]), file);
    let plain = village.sokoni(&["ledger", "statement", "0700000101"]);
    assert!(plain.contains(&free.0) && plain.contains("moving:"), "{plain}");
}

#[tokio::test]
async fn w93_the_board_says_how_the_house_is_doing_keeps_itself_fresh_and_each_figure_of_it_is_a_way() {
    let village = Village::open().await;
    let juma = village.colleague("Juma");
    let page = juma.opens("/desk").await;
    let figure = |page: &str, key: &str| {
        let rest = page.split(&format!("data-key=\"{key}\"><strong>")).nth(1).map(str::to_owned);
        rest.unwrap_or_else(|| panic!("{key} in {page}")).split('<').next().unwrap_or_default().to_owned()
    };
    assert_eq!(figure(&page, "binds"), "1 of 1");
    assert_eq!((figure(&page, "reply"), figure(&page, "unknown")), ("–".to_owned(), "0".to_owned()));
    for figure in elements(&page, "pulse") {
        let key = figure.get("key").expect("a key");
        let link =
            page.split(&format!("\" data-testid=\"pulse\" data-key=\"{key}\"")).next().expect("before it");
        let way = link.rsplit("href=\"").next().expect("a way").replace("&amp;", "&");
        assert!(juma.opens(&way).await.contains("<h1>"), "{key}: {way}");
    }
    let mut live = juma.listens("/desk/live").await;
    let first =
        String::from_utf8(live.chunk().await.expect("sent").expect("the board").to_vec()).expect("text");
    assert!(first.contains("event: order") && first.contains("nobody called in five minutes"), "{first}");
    village.achieng().await.dials().await;
    let mut heard = String::new();
    while !heard.contains("dialogs now") || figure(&heard, "dialogs") != "1" {
        let more = live.chunk().await.expect("sent").expect("the board again");
        heard = String::from_utf8_lossy(&more).into_owned();
    }
    assert!(figure(&heard, "reply").ends_with("ms") && heard.contains("in five minutes"), "{heard}");
    village.closes().await;
}

#[tokio::test]
async fn w93_open_orders_stand_by_where_they_are_with_who_has_their_pieces_and_sales_are_drawn() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    earns(&village, &achieng, 850).await;
    let listing = on_sale(&achieng, &amina, 1_200, 2).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    let juma = village.colleague("Juma");
    let board = juma.opens("/desk/books/board").await;
    let lane = |stage: &str| {
        let lanes = elements(&board, "lane");
        lanes.into_iter().find(|lane| lane.get("stage").map(String::as_str) == Some(stage)).expect("a lane")
    };
    assert_eq!(lane("at_kiosk").get("count").map(String::as_str), Some("1"), "{board}");
    assert_eq!(lane("offered").get("count").map(String::as_str), Some("0"));
    let card =
        board.split(&format!("data-testid=\"carried\" data-code=\"{}\"", order.code)).nth(1).expect("a card");
    let custody = card.split("data-testid=\"custody\">").nth(1).and_then(|rest| rest.split("</span>").next());
    let custody = custody.expect("who has it");
    assert!(
        custody.contains("1 with") && custody.contains("Amina Hassan") && custody.contains("from"),
        "{custody}"
    );
    assert!(custody.contains("Achieng Otieno"), "{custody}");

    let charts = juma.opens("/desk/charts").await;
    assert_eq!(elements(&charts, "chart").len(), 3);
    for said in ["<title id=\"sales-title\">", "in 2 orders.", "95 % within", "In numbers", "role=\"img\""] {
        assert!(charts.contains(said), "{said}: {charts}");
    }
    assert!(!charts.contains("<script") && !charts.contains("style="), "drawn without either");
    village.closes().await;
}
