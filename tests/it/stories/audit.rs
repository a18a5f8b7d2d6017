//! What was done at the desk, as the desk tells it: who, when, from where, before and after.

use super::door::{Browser, Keeper, between, told};
use super::{earns, on_sale};
use crate::support::village::Village;
use reqwest::StatusCode;

async fn sheet_of(who: &crate::support::desk::Colleague<'_>, path: &str) -> String {
    who.opens(&format!("/desk/{path}")).await
}

const STOP: [&str; 9] = [
    "stop",
    "put",
    "payouts",
    "--why",
    "en=we count the float",
    "--why",
    "sw=tunahesabu pesa",
    "--why",
    "am=እንቆጥራለን",
];

#[tokio::test]
async fn w96_each_act_at_the_desk_is_told_with_who_when_from_where_before_and_after() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    let njeri = village.colleague("Njeri");
    njeri.has(&STOP).await;
    njeri.has(&["stop", "lift", "payouts"]).await;
    village.restart().await;
    let njeri = village.colleague("Njeri");
    let acts = village.desk("audit?by=Njeri").await;
    let acts = acts["rows"].as_array().expect("acts");
    let said: Vec<&str> = acts.iter().filter_map(|act| act["what"].as_str()).collect();
    assert_eq!(said, ["resume payouts", "stop payouts"]);
    let stopped = &acts[1];
    assert!(stopped["from"].as_str().expect("from where").starts_with("127.0.0.1"), "{stopped}");
    assert_eq!(stopped["about"][0], serde_json::json!(["freeze", "payouts"]));
    assert_eq!(stopped["changes"][0]["after"]["stop"]["by"], "Njeri");
    assert_eq!(acts[0]["changes"][0]["before"]["stop"]["why"]["en"], "we count the float");
    assert!(acts[0]["changes"][0]["after"]["stop"].is_null());

    let page = njeri.opens("/desk/audit?about=payouts").await;
    assert!(
        page.matches("data-testid=\"act\"").count() == 2 && page.contains("we count the float"),
        "{page}"
    );
    assert!(!njeri.opens("/desk/audit?by=Halima").await.contains("stop payouts"));
    assert!(!njeri.opens("/desk/audit?day=2001-01-01").await.contains("data-testid=\"act\""));
    assert!(njeri.opens("/desk/audit?day=yesterday").await.contains("a day is written as 2026-11-23"));
    let sheet = njeri.opens("/desk/audit.csv?by=Njeri").await;
    assert!(sheet.starts_with("record,when,who,from,what,about,field,before,after,posted\n"), "{sheet}");
    assert!(sheet.contains("Njeri,127.0.0.1") && sheet.contains("freeze/payouts,Stop,"), "{sheet}");
    let told = njeri.has(&["desk", "audit", "--by", "Njeri"]).await;
    assert!(
        told.contains("Njeri (127.0.0.1): takes out audit\n"),
        "taking the list out is an act, too: {told}"
    );
    assert!(told.contains("freeze payouts stop: nothing -> {"), "{told}");
    village.closes().await;
}

#[tokio::test]
async fn w96_who_works_at_the_desk_changes_by_an_act_that_says_who_changed_it() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    grace.signs_in(&village).await;
    told(&village, &["remove", "Grace"]);
    village.desk("trial-balance").await;
    let acts = village.desk("audit?by=sokoni").await.to_string();
    for what in ["adds Grace as operator", "removes Grace", "its file, written by juma"] {
        assert!(acts.contains(what), "{what} in {acts}");
    }
    village.closes().await;
}

#[tokio::test]
async fn w96_signing_in_and_out_and_what_failed_are_acts_and_no_secret_is_among_them() {
    let village = Village::open().await;
    let grace = Keeper::joins(&village, "Grace", "operator").await;
    let mut browser = grace.signs_in(&village).await;
    let typed = "a password of hers in the wrong place";
    Browser::new(&village).signs_in(typed, "wrong words here", "1").await;
    Browser::new(&village).signs_in("Grace", "wrong words here", "1").await;
    browser.posts("/desk/leave", &[]).await;
    let acts = village.desk("audit").await.to_string();
    for what in [
        "\"by\":\"Grace\"",
        "takes up her invitation",
        "signs in",
        "\"by\":\"nobody\"",
        "is refused: password or code",
        "signs out",
        "127.0.0.1, Firefox on Linux",
    ] {
        assert!(acts.contains(what), "{what} in {acts}");
    }
    assert!(!acts.contains(typed) && !acts.contains("wrong words"), "{acts}");
    assert!(grace.written.iter().all(|code| !acts.contains(code.as_str())));
    village.closes().await;
}

#[tokio::test]
async fn w96_lists_leave_the_house_as_sheets_that_carry_nothing_out_and_the_journal_knows_who_took_them() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    on_sale(&achieng, &amina, 850, 2).await;
    earns(&village, &achieng, 850).await;
    let njeri = village.colleague("Njeri");
    for (path, columns, holds) in [
        ("books/orders.csv", "order,listing,pieces,maker,", "Achieng Otieno,"),
        ("books/listings.csv?state=on_sale", "listing,kind,stuff,maker,state,", ",on_sale,850.00"),
        ("books/payouts.csv", "payout,who,ksh,state,", ""),
        ("books/people.csv?role=artisan", "number,name,phone,role,", "Achieng Otieno,25470"),
        ("messages.csv", "when,way,phone,who,text,", "Achieng Otieno"),
        ("books/accounts/psp/postings.csv", "when,what,about,account,", ",psp,"),
    ] {
        let sheet = njeri.opens(&format!("/desk/{path}")).await;
        assert!(sheet.starts_with(columns), "{path}: {sheet}");
        assert!(sheet.contains(holds), "{path}: {sheet}");
        let cells = sheet.lines().flat_map(|line| line.split(','));
        assert!(cells.into_iter().all(|cell| !cell.starts_with(['=', '@'])), "{path}: {sheet}");
    }
    let people = njeri.opens("/desk/books/people?role=agent").await;
    assert!(people.contains("Amina Hassan") && !people.contains("Achieng Otieno"), "{people}");
    let took = village.desk("audit?by=Njeri").await.to_string();
    assert!(took.contains("takes out people") && took.contains("takes out postings psp"), "{took}");
    let number = between(&sheet_of(&njeri, "books/people.csv?role=artisan").await, "\n", ",").to_owned();
    let statement = njeri.opens(&format!("/desk/books/people/{number}/statement.csv")).await;
    assert!(statement.starts_with("at,account,"), "{statement}");
    let took = village.desk("audit?by=Njeri").await.to_string();
    assert!(took.contains(&format!("takes out statement {number}")), "{took}");
    for _ in 0..3 {
        njeri.opens("/desk/api/messages").await;
    }
    village.clock.advance(std::time::Duration::from_secs(3_601));
    njeri.opens("/desk/api/messages").await;
    let took = village.desk("audit?by=Njeri").await.to_string();
    assert_eq!(took.matches("takes out messages as JSON").count(), 2, "once an hour: {took}");
    let juma = village.colleague("Juma").refused("/desk/books/people.csv").await;
    assert_eq!(juma, StatusCode::FORBIDDEN, "who only reads takes nothing out");
    village.closes().await;
}
