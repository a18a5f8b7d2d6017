//! From the shelf of a kiosk to the shopper: packed, handed to a carrier, delivered, thanked for; and
//! money back for what had passed.

use super::{brought, on_sale, open_stall, taken};
use crate::support::actors::{Agent, Artisan};
use crate::support::logs;
use crate::support::photo;
use crate::support::shopper::{Order, attribute};
use crate::support::village::{Founding, Village, until};
use sokoni::types::Lang;
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs the command against the desk of the village; whether it did, and what it says.
async fn at_desk(village: &Village, args: &[&str]) -> (bool, String) {
    let key = village.data().with_file_name("desk");
    let mut sokoni = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
    let run = sokoni.args(args).args(["--desk", &village.url]).arg("--desk-key-file").arg(key);
    let run = run.output().await.expect("the command runs");
    let said = [run.stdout, run.stderr].concat();
    (run.status.success(), String::from_utf8(said).expect("text"))
}

/// The same where it must do, as the rows of its table.
async fn rows(village: &Village, args: &[&str]) -> Vec<BTreeMap<String, String>> {
    let (done, text) = at_desk(village, args).await;
    assert!(done, "{args:?}: {text}");
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.expect("a row")).collect()
}

/// A village where an order of so many pieces has passed and waits on Amina's shelf.
async fn passed(pieces: u32) -> (Village, Artisan, Agent, Order) {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, pieces).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, pieces).await;
    achieng.reads("is yours now").await;
    order.reaches("released").await;
    (village, achieng, amina, order)
}

/// The same, handed to a carrier.
async fn sent(pieces: u32) -> (Village, Artisan, Agent, Order) {
    let (village, achieng, amina, order) = passed(pieces).await;
    amina.asks(&format!("GONE {} 320", order.code), "we tell the buyer").await;
    order.reaches("shipped").await;
    (village, achieng, amina, order)
}

async fn of_parcel(order: &Order, what: &str) -> Option<String> {
    attribute(&order.page().await, "data-testid=\"order-parcel\"", what)
}

#[tokio::test]
async fn w120_a_shipped_order_has_its_weight_customs_line_and_carriers_number_and_the_shop_shows_it() {
    let (village, _, amina, order) = passed(2).await;
    amina.asks("GOT 7", "7 small boxes counted in").await;
    amina.asks(&format!("BOX {} SMALL", order.code), "Boxes left: 6 small").await;
    amina.asks(&format!("GONE {} 320", order.code), "we tell the buyer").await;
    order.reaches("shipped").await;
    assert!(order.page().await.contains("will stand here as soon as we have it"));
    assert!(order.done().await.ends_with(&["checked".into(), "packed".into(), "shipped".into()]));
    let numbered = format!("GONE {} 320 rr 123456785 ke", order.code);
    amina.asks(&numbered, "the buyer sees its number").await;
    assert!(order.page().await.contains("data-testid=\"tracking\">RR123456785KE<"));
    for (what, so) in [
        ("data-grams", "320"),
        ("data-box", "small"),
        ("data-customs-cents", "2164"),
        ("data-hs", "7117.19"),
        ("data-origin", "KE"),
    ] {
        assert_eq!(of_parcel(&order, what).await.as_deref(), Some(so), "{what}");
    }
    let parcel = &rows(&village, &["shipping", "list"]).await[0];
    let line =
        ["order", "grams", "box", "value_usd", "hs", "tracking", "goods"].map(|name| parcel[name].as_str());
    assert_eq!(
        line,
        [order.code.as_str(), "320", "small", "21.64", "7117.19", "RR123456785KE", "necklace of brass"]
    );
    // A weight that was mistyped is put right, and is no second parcel.
    amina.asks(&format!("GONE {} 230", order.code), "is with the carrier").await;
    until("the page has the weight", || async {
        (of_parcel(&order, "data-grams").await.as_deref() == Some("230")).then_some(())
    })
    .await;
    assert_eq!(order.done().await.iter().filter(|step| *step == "packed").count(), 1);

    assert_eq!(rows(&village, &["shipping", "delivered", &order.code]).await[0]["state"], "delivered");
    order.reaches("delivered").await;
    amina.asks(&format!("GONE {} 340", order.code), "went before with another weight").await;
    let (done, said) = at_desk(&village, &["shipping", "track", &order.code, "RR000000005KE"]).await;
    assert!(!done && said.contains("it is delivered"), "{said}");
    village.clock.advance(Duration::from_secs(14 * 86_400 + 60));
    order.reaches("closed").await;
    assert!(order.done().await.contains(&"delivered".to_owned()));
    village.closes().await;
}

/// Whether anything below this folder holds these octets.
fn holds(folder: &std::path::Path, wanted: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).any(|path| {
        let octets = || std::fs::read(&path).expect("a file");
        if path.is_dir() { holds(&path, wanted) } else { photo::holds(&octets(), wanted.as_bytes()) }
    })
}

#[tokio::test]
async fn a_parcel_of_which_nobody_says_that_it_arrived_ends_its_order_by_time() {
    let (village, _, _, order) = sent(1).await;
    village.clock.advance(Duration::from_secs(59 * 86_400));
    assert_eq!(order.state().await, "shipped");
    village.clock.advance(Duration::from_secs(86_400 + 60));
    order.reaches("closed").await;
    assert!(!order.done().await.contains(&"delivered".to_owned()), "nobody said so");
    until("the alarm", || async {
        (logs::count(&["ALARM: nobody says that a parcel arrived", order.code.as_str()]) == 1).then_some(())
    })
    .await;
    village.clock.advance(Duration::from_secs(90 * 86_400 + 60));
    until("where it went is forgotten", || async {
        let (done, said) = at_desk(&village, &["shipping", "label", &order.code]).await;
        (!done && said.contains("forgotten")).then_some(())
    })
    .await;
    village.closes().await;
}

#[tokio::test]
async fn where_a_parcel_goes_is_sealed_in_the_store_read_at_the_desk_and_forgotten_at_last() {
    let (mut village, _, _, order) = sent(1).await;
    let label = ["shipping", "label", &order.code];
    let (done, said) = at_desk(&village, &label).await;
    assert!(done && said.starts_with("Jo Bloggs\n12 Long Street\nBerlin\n"), "{said}");
    assert!(said.contains("1 necklace of brass, HS 7117.19, KE, $10.82, 320 g"), "{said}");
    let page = format!("/desk/orders/{}/label", order.code);
    assert!(village.colleague("Halima").opens(&page).await.contains("12 Long Street<br>"));
    assert!(!at_desk(&village, &["shipping", "label", "482109"]).await.0);

    // Not even the file of the store tells it, without the key beside it.
    village.stop().await;
    assert!(holds(&village.data(), "Achieng Otieno") && !holds(&village.data(), "12 Long Street"));
    assert!(!holds(&village.data(), "Jo Bloggs") && !holds(&village.data(), "jo@example.org"));
    let key = village.data().with_file_name("store.address-key");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&key).expect("a key"));
    assert_eq!(mode & 0o777, 0o600);
    // Nobody makes another one in its place, and another one serves nothing.
    let aside = key.with_extension("aside");
    std::fs::rename(&key, &aside).expect("moved");
    let said = village.stays_shut().await;
    assert!(said.contains("store.address-key") && said.contains("forget-addresses"), "{said}");
    assert!(!key.exists());
    std::fs::write(&key, "b".repeat(64)).expect("another key");
    let said = village.stays_shut().await;
    assert!(said.contains(&order.code) && said.contains("put the key of before back"), "{said}");
    std::fs::rename(&aside, &key).expect("moved back");
    village.start().await;
    village.bound().await;
    assert!(at_desk(&village, &label).await.1.contains("12 Long Street"));

    assert!(at_desk(&village, &["shipping", "delivered", &order.code]).await.0);
    village.clock.advance(Duration::from_secs(14 * 86_400 + 60));
    order.reaches("closed").await;
    assert!(at_desk(&village, &label).await.0, "something may still come back");
    village.clock.advance(Duration::from_secs(90 * 86_400 + 60));
    until("it is forgotten", || async {
        let (done, said) = at_desk(&village, &label).await;
        (!done && said.contains("forgotten")).then_some(())
    })
    .await;
    village.closes().await;
}

#[tokio::test]
async fn a_carrier_is_settled_once_and_the_difference_is_margin() {
    let (village, _, _, order) = sent(2).await;
    let before = village.books().await;
    // Two necklaces and their box are 300 grams: $17, which is KSh 2,201.50 at 129.50.
    assert_eq!(before["shipping_payable"], 220_150);
    let bill = village.data().with_file_name("bill.csv");
    let bill = bill.to_str().expect("a path");
    std::fs::write(bill, format!("order,cost_kes\n{},1850.50\n", order.code)).expect("a file");
    for _ in 0..2 {
        let settled = rows(&village, &["shipping", "settle", "--list", bill]).await;
        let sums = ["collected_kes", "cost_kes"].map(|name| settled[0][name].as_str());
        assert_eq!(sums, ["2201.50", "1850.50"]);
    }
    let after = village.books().await;
    assert_eq!(after["shipping_payable"], 0);
    assert_eq!(after["margin"] - before["margin"], 35_100);
    assert_eq!(after["bank"], -185_050);
    let (done, said) = at_desk(&village, &["shipping", "settle", &order.code, "1900"]).await;
    assert!(!done && said.contains("that one stands"), "{said}");
    std::fs::write(bill, "order,cost_kes\n482109,5\n").expect("a file");
    let (done, said) = at_desk(&village, &["shipping", "settle", "--list", bill]).await;
    assert!(!done && said.contains("bill.csv:2: a digit of 482109 is wrong"), "{said}");
    village.closes().await;
}

#[tokio::test]
async fn w4_a_kiosk_sends_parcels_by_digits_and_in_swahili() {
    let village = Village::found(Founding { kiosk: Lang::SW, ..Founding::default() }).await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    amina.reads_in(Lang::SW);
    assert!(amina.walks(&["6", "6"]).await.starts_with("Hakuna kinachosubiri"));
    let listing = on_sale(&wanjiru, &amina, 850, 1).await;
    let order = taken(&village, &wanjiru, &listing, 1).await;
    brought(&wanjiru, &amina, &order).await;
    amina.asks(&format!("IMEENDA {} 190", order.code), "haiko kwako").await;
    amina.passes(&order.code, 1).await;
    let list = amina.walks(&["6", "6"]).await;
    assert!(list.contains(&order.code), "{list}");
    assert!(amina.presses("1").await.contains("kwa gramu"));
    assert!(amina.presses("190").await.contains("iko kwa msafirishaji"));
    amina.presses("1").await;
    assert!(amina.presses("3").await.contains("4 hadi 30"));
    // Digits alone, longer than any count, with the noughts in front.
    let number = "00340434161094042557";
    assert!(amina.presses(number).await.contains("mnunuzi anaona nambari"));
    assert!(order.page().await.contains(&format!("data-testid=\"tracking\">{number}<")));
    let again = format!("IMEENDA {} 190 0034 0434 1610 9404 2558", order.code);
    amina.asks(&again, "mnunuzi anaona nambari").await;
    assert!(order.page().await.contains("data-testid=\"tracking\">00340434161094042558<"));
    assert!(amina.walks(&["6", "6"]).await.starts_with("Hakuna kinachosubiri"));
    amina.asks(&format!("IMEENDA {} 190", order.code), "tutamwambia mnunuzi").await;
    amina.asks(&format!("IMEENDA {} 190 AB!", order.code), "herufi na tarakimu").await;
    village.closes().await;
}

#[tokio::test]
async fn a_shoppers_thanks_reach_the_maker_when_somebody_has_read_them() {
    let (village, achieng, _, order) = passed(1).await;
    assert!(!order.page().await.contains("data-testid=\"thanks-form\""));
    assert_eq!(order.posts("thanks", &[("text", "Too early")]).await.0, 409);
    let (done, said) = at_desk(&village, &["shipping", "list"]).await;
    assert!(done && said.trim() == "none", "{said}");
    village.amina().asks(&format!("GONE {} 190", order.code), "we tell the buyer").await;
    order.reaches("shipped").await;
    assert!(order.page().await.contains("data-testid=\"thanks-form\""));
    let words = "My daughter wears it every day. Thank you!";
    for _ in 0..2 {
        order.wishes("thanks", &[("text", words)]).await;
    }
    let (status, said) = order.posts("thanks", &[("text", "Something else")]).await;
    assert!(status == 409 && said.contains("written to the maker already"), "{said}");
    let (status, _) = order.posts("thanks", &[("text", &"long ".repeat(30))]).await;
    assert_eq!(status, 422);
    assert_eq!(achieng.got("writes to you"), 0);
    let page = village.desk_page("/desk/orders?state=shipped").await;
    assert!(page.contains(words) && page.contains("Pass on by SMS"));
    for _ in 0..2 {
        village.desk_press("/desk/orders", &[("order", &order.code), ("what", "pass")]).await;
    }
    let told = achieng.reads("writes to you").await;
    assert_eq!(told, format!("The buyer of order {} writes to you: {words}", order.code));
    achieng.gets_exactly(1, "writes to you").await;
    village.closes().await;
}

#[tokio::test]
async fn what_two_have_made_together_is_thanked_for_to_both() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let wanjiru = village.wanjiru().await;
    on_sale(&wanjiru, &amina, 850, 3).await;
    let order = taken(&village, &achieng, &listing, 2).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    amina.fails(&order.code, 1, 1).await;
    achieng.reads("did not pass").await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    order.reaches("choosing").await;
    order.wishes("choose", &[("round", "1"), ("again", "true")]).await;
    assert_eq!(achieng.is_offered().await, order.code);
    village.clock.advance(Duration::from_secs(400));
    achieng.texts(&format!("NO {}", order.code)).await;
    assert_eq!(wanjiru.is_offered().await, order.code);
    wanjiru.takes(&order.code).await;
    brought(&wanjiru, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    wanjiru.reads("ni zako sasa").await;
    amina.asks(&format!("GONE {} 190", order.code), "we tell the buyer").await;
    order.reaches("shipped").await;
    order.wishes("thanks", &[("text", "Merci beaucoup!")]).await;
    village.desk_press("/desk/orders", &[("order", &order.code), ("what", "pass")]).await;
    achieng.reads("writes to you: Merci beaucoup!").await;
    wanjiru.reads("anakuandikia: Merci beaucoup!").await;
    for (maker, about) in [(&achieng, "writes to you"), (&wanjiru, "anakuandikia")] {
        maker.gets_exactly(1, about).await;
    }
    village.closes().await;
}

#[tokio::test]
async fn money_back_after_release_is_the_houses_and_the_maker_keeps_hers() {
    let (village, achieng, _, order) = sent(2).await;
    assert_eq!(village.account("artisan:").await, 170_000);
    let refund = |pieces: &'static str, paper: &'static str| {
        [
            "orders",
            "refund",
            &order.code,
            "--pieces",
            pieces,
            "--paper",
            paper,
            "--reason",
            "Broken on the way",
        ]
        .map(str::to_owned)
    };
    let run = async |args: [String; 9]| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        at_desk(&village, &args).await
    };
    for _ in 0..2 {
        let (done, said) = run(refund("1", "C-1")).await;
        assert!(done && said.contains(&order.code), "{said}");
    }
    let (done, said) = run(refund("2", "C-1")).await;
    assert!(!done && said.contains("take a new one"), "{said}");
    let (done, said) = run(refund("2", "C-2")).await;
    assert!(!done && said.contains("1 pieces of it have passed"), "{said}");
    village.passes_time_until("the refund", || village.card.captures()[0].refunded == 1_082).await;
    until("the refund is booked", || async {
        order.done().await.contains(&"refunded".to_owned()).then_some(())
    })
    .await;
    let books = village.books().await;
    assert_eq!(books["exp:returns"], 140_119);
    assert_eq!(books["shipping_payable"], 220_150, "the carrier has it");
    assert_eq!(achieng.balance().await, [170_000, 0, 0]);
    village
        .desk_press("/desk/orders", &[("order", &order.code), ("what", "returned"), ("paper", "C-1")])
        .await;
    assert!(order.done().await.contains(&"returned".to_owned()));
    village.closes().await;
}

#[tokio::test]
async fn a_refund_after_release_above_the_limit_takes_two_people() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let listing = on_sale(&achieng, &amina, 9_000, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    let refund = ["orders", "refund", &order.code, "--pieces", "1", "--paper", "C-1", "--reason", "Lost"];
    let (done, said) = at_desk(&village, &refund).await;
    assert!(!done && said.contains("more than KSh 5,000 takes two people"), "{said}");
    assert_eq!(order.state().await, "released");
    let ask = ["approvals", "ask", "refund", &order.code, "--pieces", "1", "--paper", "C-1", "--why", "Lost"];
    let asked = village.colleague("Njeri").has(&ask).await;
    let approval = asked.split(' ').next().expect("a name");
    assert!(asked.contains(&format!("refund, 1 pieces of order {}, $ ", order.code)), "{asked}");
    let alone = village.colleague("Njeri").types(&["approvals", "approve", approval]).await;
    assert!(alone.expect_err("one person").contains("it takes two people"));
    assert!(!order.done().await.contains(&"refunded".to_owned()) && village.card.captures()[0].refunded == 0);
    village.colleague("Otieno").has(&["approvals", "approve", approval]).await;
    until("the shopper has the money back", || async {
        order.done().await.contains(&"refunded".to_owned()).then_some(())
    })
    .await;
    assert_eq!(achieng.balance().await, [900_000, 0, 0]);
    let again = village.colleague("Njeri").types(&ask).await.expect_err("made already");
    assert!(again.contains("this reference stands for a refund"), "{again}");
    village.closes().await;
}
