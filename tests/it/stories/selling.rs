//! Listing a piece: by SMS, by phone, by half of each.

use super::on_sale;
use crate::support::actors::{Artisan, number};
use crate::support::village::Village;
use serde_json::{Value, json};
use sokoni::types::{CodeKind, SpokenCode};
use std::time::Duration;

/// Every listing as the desk sees it.
async fn listings(village: &Village) -> Vec<Value> {
    village.desk("listings").await["rows"].as_array().expect("rows").clone()
}

/// Looks that the desk has one listing: a brass necklace, three of them, at 850.
async fn one_necklace(village: &Village, code: &str, ready: u32) {
    let rows = listings(village).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let expected = [
        ("code", json!(code)),
        ("kind", json!("necklace")),
        ("stuff", json!("brass")),
        ("price", json!(85_000)),
        ("ready", json!(ready)),
        ("state", json!("waiting")),
    ];
    for (name, value) in expected {
        assert_eq!(rows[0][name], value, "{name}: {rows:?}");
    }
}

/// A number with one digit changed.
fn altered(code: &str) -> String {
    let mut digits: Vec<u8> = code.bytes().collect();
    digits[1] = b'0' + (digits[1] - b'0' + 1) % 10;
    String::from_utf8(digits).expect("digits")
}

#[tokio::test]
async fn w10_a_text_lists_one_piece_however_often_it_is_sent() {
    let village = Village::open().await;
    let wanjiru = village.wanjiru().await;
    let saved = wanjiru.asks("UZA MKUFU SHABA 850 3", "Imehifadhiwa").await;
    let code = number(&saved, 5);
    SpokenCode::parse(CodeKind::Listing, &code).expect("its check digit is right");
    one_necklace(&village, &code, 3).await;
    wanjiru.gets_exactly(1, &code).await;

    village.clock.advance(Duration::from_secs(40));
    let again = wanjiru.asks("UZA MKUFU SHABA 850 3", "Imehifadhiwa").await;
    assert_eq!(again, saved);
    one_necklace(&village, &code, 3).await;
    village.amina().reads(&code).await;
    village.amina().gets_exactly(1, &code).await;
    village.closes().await;
}

#[tokio::test]
async fn w10_a_wrong_digit_is_refused_before_anything_happens() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    amina.reads(&code).await;
    let wrong = altered(&code);
    for (who, text) in [(&achieng.phone, "DELETE"), (&amina.0, "OK")] {
        let answer = who.asks(&format!("{text} {wrong}"), &wrong).await;
        assert_eq!(answer, format!("Number {wrong} is not right. Check the digits and send it again."));
    }
    one_necklace(&village, &code, 3).await;
    amina.approves(&code).await;
    achieng.reads("on sale").await;
    let order = village.shopper().buys(&code, 1).await;
    let wrong = altered(&order.code);
    for state in ["offered", "making"] {
        for text in ["YES", "NO", "READY"] {
            let answer = achieng.asks(&format!("{text} {wrong}"), &wrong).await;
            assert!(answer.contains("is not right"), "{answer}");
            assert_eq!(order.state().await, state, "{text}");
            village.clock.advance(Duration::from_secs(600));
        }
        if state == "offered" {
            achieng.takes(&order.code).await;
        }
    }
    village.closes().await;
}

#[tokio::test]
async fn w11_seven_screens_list_the_same_piece() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let check = achieng.walks(&["1", "1", "1", "850", "3"]).await;
    assert!(check.starts_with("Necklace, Brass, KSh 850 each, 3 ready. Right?"), "{check}");
    let code = number(&achieng.presses("1").await, 5);
    assert_eq!(number(&achieng.reads("Saved ").await, 5), code);
    one_necklace(&village, &code, 3).await;
    village.closes().await;
}

/// Walks to the question for the price and loses the call there.
async fn cut_at_the_price(village: &Village) -> Artisan {
    let achieng = village.achieng().await;
    let price = achieng.walks(&["1", "1", "1"]).await;
    assert!(price.starts_with("Your price for one"), "{price}");
    village.hangs_up(&achieng).await;
    achieng
}

#[tokio::test]
async fn w11_a_call_that_drops_at_the_price_goes_on_at_the_price() {
    let village = Village::open().await;
    let achieng = cut_at_the_price(&village).await;
    village.clock.advance(Duration::from_secs(30));
    let stopped = achieng.dials().await;
    assert!(stopped.starts_with("You stopped at"), "{stopped}");
    let price = achieng.presses("1").await;
    assert!(price.starts_with("Your price for one"), "{price}");
    achieng.presses("850").await;
    let check = achieng.presses("3").await;
    assert!(check.starts_with("Necklace, Brass, KSh 850 each, 3 ready."), "{check}");
    let code = number(&achieng.presses("1").await, 5);
    one_necklace(&village, &code, 3).await;
    village.closes().await;
}

#[tokio::test]
async fn after_twenty_minutes_a_dropped_call_is_forgotten() {
    let village = Village::open().await;
    let achieng = cut_at_the_price(&village).await;
    village.clock.advance(Duration::from_secs(21 * 60));
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    village.closes().await;
}

#[tokio::test]
async fn a_dropped_call_is_finished_by_texts_of_bare_numbers() {
    let village = Village::open().await;
    let achieng = cut_at_the_price(&village).await;
    crate::support::village::until("the reminder", || async {
        village.clock.advance(Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(250)).await;
        (achieng.got("Your call was cut") > 0).then_some(())
    })
    .await;
    let reminder = achieng.reads("Your call was cut").await;
    assert!(reminder.contains("We kept your Necklace") && reminder.contains("*483*57#"), "{reminder}");
    let ready = achieng.asks("850", "How many are ready now?").await;
    assert!(!ready.is_empty());
    let check = achieng.asks("3", "Right?").await;
    assert!(check.starts_with("Necklace, Brass, KSh 850 each, 3 ready."), "{check}");
    let code = number(&achieng.asks("1", "Saved ").await, 5);
    one_necklace(&village, &code, 3).await;
    achieng.gets_exactly(1, "Your call was cut").await;
    village.closes().await;
}

#[tokio::test]
async fn what_was_half_understood_is_completed_by_the_price_alone() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let half = achieng.asks("SELL NECKLACE BRASS", "We read").await;
    assert!(half.contains("Missing: price"), "{half}");
    assert!(listings(&village).await.is_empty());
    let code = number(&achieng.asks("850", "Saved ").await, 5);
    one_necklace(&village, &code, 1).await;
    village.closes().await;
}

#[tokio::test]
async fn a_listing_refused_by_the_kiosk_is_not_on_sale_until_it_is_mended() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let code = achieng.lists("RING", "WOOD", 300, 1).await;
    amina.reads(&code).await;
    let half = amina.asks(&format!("BAD {code}"), "Missing").await;
    assert!(half.contains(&code), "{half}");
    amina.asks("2", "is checked").await;
    let why = achieng.reads("is not on sale yet").await;
    assert!(why.contains("rough finish"), "{why}");
    assert_eq!(village.shopper().opens(&format!("/piece/{code}")).await.0, 404);
    assert_eq!(village.account("agent:").await, 3_000);
    amina.photographs(&code).await;
    let again = amina.asks(&format!("OK {code}"), "is checked").await;
    assert!(again.contains("paid already"), "the fee is for the listing: {again}");
    achieng.reads("is on sale now").await;
    let gone = amina.asks(&format!("BAD {code} 1"), "does not wait").await;
    assert!(gone.contains(&code));
    assert_eq!(village.account("agent:").await, 3_000);
    village.closes().await;
}

#[tokio::test]
async fn a_piece_is_taken_off_sale_for_a_while_and_put_back_and_removed_only_after_a_question() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let code = on_sale(&achieng, &amina, 850, 2).await;
    let status = async || village.shopper().opens(&format!("/piece/{code}")).await.0;
    assert_eq!(status().await, 200);
    assert!(achieng.walks(&["4", "1", "1", "2"]).await.starts_with(&format!("{code} is off sale.")));
    assert_eq!(status().await, 404);
    let shown = achieng.walks(&["4", "1", "1"]).await;
    assert!(shown.contains("2 Put it on sale again") && !shown.contains("Take it off sale"), "{shown}");
    assert_eq!(achieng.presses("2").await, format!("{code} is on sale again."));
    assert_eq!(status().await, 200);
    assert!(achieng.walks(&["4", "1", "1", "5"]).await.starts_with(&format!("Remove {code} for good?")));
    assert_eq!(achieng.presses("1").await, format!("{code} is removed."));
    assert_eq!(status().await, 404);
    village.closes().await;
}

#[tokio::test]
async fn a_piece_taken_off_sale_leaves_the_shop_at_once() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let code = on_sale(&achieng, &amina, 850, 2).await;
    achieng.asks(&format!("DELETE {code}"), "is off sale").await;
    assert_eq!(village.shopper().opens(&format!("/piece/{code}")).await.0, 404);
    let other = on_sale(&achieng, &amina, 500, 1).await;
    super::taken(&village, &achieng, &other, 1).await;
    let busy = achieng.asks(&format!("DELETE {other}"), "Finish").await;
    assert!(busy.starts_with("1 open orders"), "{busy}");
    village.closes().await;
}

#[tokio::test]
async fn w10_the_same_text_is_a_repeat_for_a_minute_and_a_second_listing_after_it() {
    let village = Village::open().await;
    let wanjiru = village.wanjiru().await;
    let text = "UZA MKUFU SHABA 850 3";
    let first = number(&wanjiru.asks(text, "Imehifadhiwa ").await, 5);
    village.clock.advance(Duration::from_secs(50));
    assert_eq!(number(&wanjiru.asks(text, "Imehifadhiwa ").await, 5), first);
    one_necklace(&village, &first, 3).await;
    village.clock.advance(Duration::from_secs(15));
    let second = number(&wanjiru.asks(text, "Imehifadhiwa ").await, 5);
    assert_ne!(second, first);
    assert_eq!(village.desk("listings").await["rows"].as_array().map(Vec::len), Some(2));
    village.closes().await;
}
