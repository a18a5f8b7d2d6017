//! What a kiosk does beside checking and paying: boxes and leaflets, the month's count of the
//! display, paper receipts, and parcels that the depot looks at again.

use super::{brought, on_sale, open_stall, taken};
use crate::support::actors::Phone;
use crate::support::village::{Founding, KIOSK, Village};
use serde_json::Value;
use sokoni::market::kiosk::next_count;
use sokoni::types::Clock;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// What `sokoni receipts` prints when it is pointed at the village's desk.
async fn receipts(village: &Village, args: &[&str]) -> String {
    let mut sokoni = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
    let key = village.data().with_file_name("desk");
    let run =
        sokoni.arg("receipts").args(args).args(["--desk", &village.url]).arg("--desk-key-file").arg(key);
    let run = run.output().await.expect("the command runs");
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

/// The numbers of a printed book, in their order.
async fn book(village: &Village, count: &str) -> Vec<String> {
    let sheet = receipts(village, &["print", "--kiosk", KIOSK, "--count", count]).await;
    let first = sheet.lines().filter(|line| line.starts_with("Kibera Kiosk "));
    first.map(|line| crate::support::actors::number(line, 7)).collect()
}

/// A kiosk as the desk knows it, by the beginning of its name.
async fn at_desk(village: &Village, place: &str) -> Value {
    let rows = village.desk("kiosks").await;
    let rows = rows["rows"].as_array().expect("rows");
    let found = rows.iter().find(|row| row["place"].as_str().is_some_and(|name| name.starts_with(place)));
    found.unwrap_or_else(|| panic!("no kiosk {place}")).clone()
}

/// Counted in, used and left, of small boxes, large ones and leaflets.
async fn stock(village: &Village, place: &str) -> [[u64; 3]; 3] {
    let row = at_desk(village, place).await;
    let count = |supply: &Value| ["came", "used", "left"].map(|what| supply[what].as_u64().expect("a count"));
    let counts: Vec<[u64; 3]> = row["stock"].as_array().expect("a stock").iter().map(count).collect();
    counts.try_into().expect("three supplies")
}

/// A text that says the same a little later is meant again.
async fn asks_later(village: &Village, phone: &Phone, text: &str, about: &str) -> String {
    village.clock.advance(Duration::from_secs(150));
    phone.asks(text, about).await
}

/// W33: what each kiosk has, with the lines of its statement; in cents. The service stops for it.
async fn statements(village: &mut Village) -> Vec<(i64, Vec<i64>)> {
    let books = village.books().await;
    village.stop().await;
    let lines = |account: &str| -> Vec<i64> {
        let statement = village.sokoni(&["ledger", "statement", account, "--json"]);
        let statement: Value = serde_json::from_str(&statement).expect("JSON");
        let lines = statement["lines"].as_array().expect("lines").iter();
        lines.map(|line| line["cents"].as_i64().expect("cents")).collect()
    };
    let kiosks = books.iter().filter(|(account, _)| account.starts_with("agent:"));
    let all = kiosks.map(|(account, sum)| (*sum, lines(account))).collect();
    village.start().await;
    all
}

#[tokio::test]
async fn w121_boxes_left_are_those_counted_in_less_those_used_at_each_kiosk() {
    let mut village = Village::found(Founding { two_kiosks: true, ..Founding::default() }).await;
    let (achieng, amina, njeri) = (village.achieng().await, village.amina(), village.njeri());
    let listing = on_sale(&achieng, &amina, 850, 9).await;

    // A box that nobody counted in is no box; the verdict stands.
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    amina.asks(&format!("BOX {} SMALL", order.code), "is not in your hands").await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    let small = format!("BOX {} SMALL", order.code);
    let unboxed = asks_later(&village, &amina, &small, "No such box was left").await;
    assert!(unboxed.contains("1 passed, 0 failed. You earned KSh 50."), "{unboxed}");
    assert_eq!(stock(&village, "Kibera").await, [[0; 3]; 3]);

    amina.asks("GOT 7", "7 small boxes counted in. Left: 7 small boxes, 0 large").await;
    amina.asks("GOT 9 LARGE", "9 large boxes counted in").await;
    amina.asks("nimepata 40 3", "40 leaflets counted in").await;
    njeri.asks("GOT 3", "3 small boxes counted in").await;
    // What she forgot to say is said later, and once.
    let late = format!("SANDUKU {} 1", order.code);
    let boxed = asks_later(&village, &amina, &late, "Boxes left: 6 small, 9 large").await;
    assert!(boxed.contains("You earned KSh 60."), "{boxed}");
    asks_later(&village, &amina, &late, "Boxes left: 6 small, 9 large").await;

    // From the menu the box is asked for behind the verdict.
    let order = taken(&village, &achieng, &listing, 2).await;
    brought(&achieng, &amina, &order).await;
    let asked = amina.walks(&["2", "1", "1"]).await;
    assert!(asked.contains("2 pass, 0 fail. Box used?"), "{asked}");
    assert!(amina.presses("2").await.contains("You earned KSh 60."));
    achieng.reads("is yours now").await;
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    amina.walks(&["2", "1", "1"]).await;
    assert!(amina.presses("3").await.contains("You earned KSh 50."));
    achieng.reads("is yours now").await;

    // Five are few.
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    amina.asks(&format!("BOX {} SMALL", order.code), "Boxes left: 5 small, 8 large").await;
    let low = amina.reads("Stock low").await;
    assert!(low.contains("5 small boxes, 8 large, 40 leaflets"), "{low}");
    let brings = village.halima().reads("Kibera Kiosk runs low").await;
    assert!(brings.contains("5 small boxes, 8 large, 40 leaflets"), "{brings}");
    assert!(amina.walks(&["5"]).await.contains("Left: 5 small boxes, 8 large, 40 leaflets"));
    assert!(amina.walks(&["5", "1", "2", "10"]).await.contains("10 large boxes counted in"));

    let kibera = stock(&village, "Kibera").await;
    assert_eq!(kibera, [[7, 2, 5], [19, 1, 18], [40, 0, 40]]);
    assert!(kibera.iter().all(|[came, used, left]| came - used == *left));
    assert_eq!(stock(&village, "Mathare").await, [[3, 0, 3], [0; 3], [0; 3]]);
    // One listing, four parcels, three boxes.
    assert_eq!(village.account("exp:agent").await, 3_000 + 4 * 5_000 + 3 * 1_000);
    let page = village.desk_page("/desk/kiosks").await;
    assert!(page.contains("19 counted in, 1 used"), "{page}");
    let lines = vec![3_000, 5_000, 1_000, 5_000, 1_000, 5_000, 5_000, 1_000];
    assert_eq!(statements(&mut village).await, [(lines.iter().sum(), lines)]);
    village.closes().await;
}

#[tokio::test]
async fn w130_a_month_of_display_is_paid_once_and_only_for_an_answer() {
    let mut village = Village::found(Founding { two_kiosks: true, ..Founding::default() }).await;
    let (amina, njeri) = (village.amina(), village.njeri());
    amina.asks("COUNT 30", "Nothing is to be counted now").await;
    let to_the_day = || {
        let now = village.clock.now();
        village.clock.advance(next_count(now, 25).since(now) + Duration::from_secs(60));
    };
    to_the_day();
    let asked = amina.reads("leaflets are on display").await;
    assert!(asked.contains("Kibera Kiosk") && asked.contains("KSh 300"), "{asked}");
    njeri.reads("leaflets are on display").await;
    assert_eq!(village.account("exp:agent").await, 0, "a question brings nothing");
    amina.asks("COUNT 35", "35 leaflets. You earned KSh 300").await;
    asks_later(&village, &amina, "HESABU 35", "fee was paid already").await;
    let again = amina.walks(&["5"]).await;
    assert!(!again.contains("Count the leaflets"), "{again}");
    asks_later(&village, &amina, "COUNT 30", "30 leaflets. This month's fee was paid already").await;
    assert_eq!(village.account("exp:agent").await, 30_000);
    assert_eq!(stock(&village, "Kibera").await[2], [35, 5, 30]);

    // Njeri never answered: the next month brings her one fee, for that month.
    to_the_day();
    njeri.reads("leaflets are on display").await;
    amina.reads("leaflets are on display").await;
    let counted = njeri.walks(&["5", "2", "1", "12"]).await;
    assert!(counted.contains("12 leaflets. You earned KSh 300"), "{counted}");
    assert_eq!(village.account("exp:agent").await, 60_000);
    let rows = [at_desk(&village, "Kibera").await, at_desk(&village, "Mathare").await];
    assert!(rows[0]["counted"].is_null() && rows[1]["counted"] == 12, "{rows:?}");
    assert_eq!(statements(&mut village).await, [(30_000, vec![30_000]), (30_000, vec![30_000])]);
    village.closes().await;
}

#[tokio::test]
async fn w34_a_paper_receipt_sent_by_her_first_and_by_the_agent_a_day_later_is_one_hand_over() {
    let village = Village::found(Founding { two_kiosks: true, ..Founding::default() }).await;
    let (achieng, amina, njeri) = (village.achieng().await, village.amina(), village.njeri());
    let numbers = book(&village, "3").await;
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    assert!(
        receipts(&village, &["print", "--kiosk", KIOSK, "--count", "2", "--html"]).await.contains(" 4 <b>")
    );
    let listing = on_sale(&achieng, &amina, 850, 2).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    let receipt = format!("{} {}", order.code, numbers[0]);
    achieng.has_made(&order.code).await;
    amina.reads(&order.code).await;

    let hers = achieng.asks(&format!("RECEIPT {receipt}"), "was handed over").await;
    assert!(hers.contains("Kibera Kiosk") && hers.contains("page 1"), "{hers}");
    achieng.reads("has your parcel").await;
    assert_eq!(order.state().await, "at_kiosk");
    let steps = order.done().await;
    village.clock.advance(DAY);
    amina.asks(&format!("risiti {receipt}"), "was handed over").await;
    asks_later(&village, &achieng, &format!("RISITI {receipt}"), "was handed over").await;
    assert_eq!(order.done().await, steps, "one hand-over");
    let kibera = at_desk(&village, "Kibera").await;
    let sent = kibera["receipts"].as_array().expect("receipts");
    assert_eq!((sent.len(), &kibera["pages"]), (1, &5.into()));
    assert_eq!((&sent[0]["page"], &sent[0]["order"]), (&1.into(), &order.code.as_str().into()));
    let moment = |who: &str| sent[0][who].as_i64().expect("a moment");
    assert!(moment("by_kiosk") - moment("by_maker") >= 86_400_000, "{kibera}");
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;

    // The other way round, and everything that is wrong with a number says so.
    let second = taken(&village, &achieng, &listing, 1).await;
    amina.asks(&format!("RECEIPT {} {}", second.code, numbers[0]), "given for another order").await;
    njeri.asks(&format!("RECEIPT {} {}", second.code, numbers[1]), "is of Kibera Kiosk").await;
    let wrong = format!("{}{}", &numbers[1][..6], (numbers[1].as_bytes()[6] - b'0' + 1) % 10);
    amina.asks(&format!("RECEIPT {} {wrong}", second.code), "is not right").await;
    assert_ne!(second.state().await, "at_kiosk");
    let typed = amina.walks(&["5", "3", &second.code, &numbers[1]]).await;
    assert!(typed.contains("was handed over at Kibera Kiosk"), "{typed}");
    second.reaches("at_kiosk").await;
    asks_later(&village, &achieng, &format!("RECEIPT {} {}", second.code, numbers[1]), "page 2").await;

    // A paper that comes late, when she mends already, is the hand-over that was typed in.
    amina.fails(&second.code, 1, 2).await;
    second.reaches("making").await;
    brought(&achieng, &amina, &second).await;
    village.clock.advance(Duration::from_secs(600));
    amina.fails(&second.code, 1, 2).await;
    second.reaches("making").await;
    let steps = second.done().await;
    achieng.asks(&format!("RECEIPT {} {}", second.code, numbers[2]), "page 3").await;
    assert_eq!(second.done().await, steps, "no third hand-over");
    asks_later(
        &village,
        &achieng,
        &format!("RECEIPT {} {}", second.code, numbers[0]),
        "given for another order",
    )
    .await;
    village.closes().await;
}

#[tokio::test]
async fn what_the_depot_finds_on_a_second_look_is_the_desks_to_know_and_takes_nothing_from_her() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 3).await;
    achieng.reads("is yours now").await;
    let books = village.books().await;
    let row = at_desk(&village, "Kibera").await;
    let sample = &row["samples"][0];
    assert_eq!((&sample["order"], &sample["passed"]), (&order.code.as_str().into(), &3.into()), "{row}");
    assert!(village.desk_page("/desk/kiosks").await.contains("Good at the depot"));
    let look = [("kiosk", KIOSK), ("order", order.code.as_str()), ("good", "2")];
    for _ in 0..2 {
        assert_eq!(village.desk_press("/desk/kiosks/look", &look).await, "/desk/kiosks");
    }
    let row = at_desk(&village, "Kibera").await;
    assert_eq!((&row["looked"], &row["bad"], &row["stands_out"]), (&3.into(), &1.into(), &false.into()));
    assert_eq!(village.books().await, books, "no money moves");
    village.closes().await;
}

#[tokio::test]
async fn each_kiosk_sees_the_work_of_those_who_come_to_it_and_the_desk_sees_all() {
    let village = Village::found(Founding { two_kiosks: true, ..Founding::default() }).await;
    let (achieng, amina, njeri) = (village.achieng().await, village.amina(), village.njeri());
    let listing = on_sale(&achieng, &amina, 850, 9).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    achieng.has_made(&order.code).await;
    assert!(amina.walks(&["1"]).await.contains(&order.code));
    assert!(njeri.walks(&["1"]).await.starts_with("No parcel is on its way to you."));
    // She brings it to the other one all the same, which is hers from then on.
    njeri.receives(&order.code).await;
    njeri.passes(&order.code, 1).await;
    let told = achieng.reads("is yours now").await;
    assert!(told.contains(&order.code), "{told}");
    let order = taken(&village, &achieng, &listing, 2).await;
    achieng.has_made(&order.code).await;
    njeri.reads(&order.code).await;
    assert!(njeri.walks(&["1"]).await.contains(&order.code));
    assert!(amina.walks(&["1"]).await.starts_with("No parcel is on its way to you."));
    achieng.lists("NECKLACE", "BRASS", 900, 1).await;
    assert!(njeri.walks(&["4"]).await.contains("Achieng"));
    assert!(amina.walks(&["4"]).await.starts_with("Nothing new to check."));
    let books = village.desk_page("/desk/books/orders").await;
    assert!(books.contains(&order.code), "{books}");
    village.closes().await;
}
