//! What must hold whatever the network does, and what must never be written down.

use super::{brought, earns, on_sale, open_stall, taken};
use crate::support::actors::CODE;
use crate::support::logs;
use crate::support::village::{Founding, Village, until};
use crate::support::wire::{Port, stray_key};
use sokoni::sim::smsc::Spell;
use sokoni::smpp::pdu::{Address, Message};
use sokoni::store::batch::{Batch, Expect};
use sokoni::store::sled::{DEFAULT_CACHE, Sled};
use sokoni::store::{Key, Store, keys};
use sokoni::types::{Lang, Msisdn};
use std::path::Path;
use std::time::Duration;

#[tokio::test]
async fn w1_a_network_that_delivers_everything_twice_changes_nothing_twice() {
    let village = Village::open().await;
    village.smsc.faults(|faults| faults.repeat_deliver = true);
    let (achieng, amina) = (village.achieng().await, village.amina());
    let listing = on_sale(&achieng, &amina, 850, 2).await;
    let order = taken(&village, &achieng, &listing, 2).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 2).await;
    achieng.gets_exactly(1, "is yours now").await;
    assert_eq!(village.desk("listings").await["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(village.account("artisan:").await, 170_000);
    assert_eq!(village.account("agent:").await, 8_000);
    // The message that came twice was answered twice.
    achieng.gets_exactly(2, "Saved ").await;
    assert!(achieng.cashes_out("1700").await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 1,700").await;
    assert_eq!(village.momo.transfers().len(), 1);
    village.closes().await;
}

#[tokio::test]
async fn w1_a_message_whose_answer_was_lost_is_answered_again_and_not_obeyed_again() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    village.smsc.faults(|faults| faults.repeat_deliver = true);
    achieng.asks("SELL RING WOOD 300 1", "Saved ").await;
    village.smsc.faults(|faults| faults.repeat_deliver = false);
    assert_eq!(village.desk("listings").await["rows"].as_array().map(Vec::len), Some(1));
    achieng.gets_exactly(2, "Saved ").await;
    let said = achieng.inbox();
    let saved: Vec<&String> = said.iter().filter(|text| text.contains("Saved ")).collect();
    assert_eq!(saved[0], saved[1]);
    village.closes().await;
}

#[tokio::test]
async fn w2_a_begin_that_comes_twice_and_a_key_that_comes_twice_move_one_screen() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    village.smsc.faults(|faults| faults.repeat_deliver = true);
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    let kind = achieng.presses("1").await;
    assert!(kind.starts_with("What have you made?"), "{kind}");
    let stuff = achieng.presses("2").await;
    assert!(stuff.starts_with("Made of what?"), "{stuff}");
    let price = achieng.presses("2").await;
    assert!(price.starts_with("Your price"), "{price}");
    achieng.presses("400").await;
    let check = achieng.presses("4").await;
    assert!(check.starts_with("Bracelet, Beads, KSh 400 each, 4 ready."), "{check}");
    achieng.presses("1").await;
    achieng.reads("Saved ").await;
    assert_eq!(village.desk("listings").await["rows"].as_array().map(Vec::len), Some(1));
    village.closes().await;
}

#[tokio::test]
async fn w2_a_late_key_is_answered_with_the_screen_of_now() {
    const SHE: &str = "254700000105";
    let port = Port::open().await;
    let village = Village::found(Founding { smsc: Some(port.address()), ..Founding::default() }).await;
    let mut wire = port.accepts().await;
    wire.dials(SHE, CODE, (7, 0)).await;
    let first = wire.screen().await;
    assert!(first.0.starts_with("Karibu Sokoni") && !first.1, "{first:?}");
    // The network stammers: the same start again, at once.
    wire.dials(SHE, CODE, (7, 0)).await;
    assert_eq!(wire.screen().await, first);
    wire.types(SHE, "2", (7, 1)).await;
    assert!(wire.screen().await.0.starts_with("Who are you?"));
    wire.types(SHE, "1", (7, 2)).await;
    let names = wire.screen().await;
    assert!(names.0.starts_with("Your two names"), "{names:?}");
    // A key for the screen before, whatever it says.
    for late in ["3", "Akinyi Ouma"] {
        wire.types(SHE, late, (7, 1)).await;
        assert_eq!(wire.screen().await, names);
    }
    // The network brings the key of before once more: it was answered, and a screen now could be
    // taken for the answer to the key she types meanwhile.
    wire.types(SHE, "2", (7, 1)).await;
    wire.types(SHE, "Akinyi Ouma", (7, 3)).await;
    assert!(wire.screen().await.0.starts_with("Where do you work?"));
    // A key of a dialog that never was ends; hers goes on.
    wire.types(SHE, "1", (8, 1)).await;
    let over = wire.screen().await;
    assert!(over.0.contains("dial again") && over.1, "{over:?}");
    wire.types(SHE, "1", (7, 4)).await;
    assert!(wire.screen().await.0.starts_with("Choose a PIN"));
    drop(wire);
    village.closes().await;
}

/// The network brings a key of her latest call once more, or late, as its so manyth; comes back when the
/// service has answered with a screen. Nobody waits for it, so the network refuses it and the call ends.
async fn comes_late(village: &Village, keys: &str, nth: u8) {
    let before = village.smsc.counters();
    let session = u8::try_from((before.begins - 1) % 256).expect("an octet");
    village.smsc.write_raw(&stray_key("254700000101", keys, (session, nth)));
    until("it is answered", || async {
        (village.smsc.counters().screens_late > before.screens_late).then_some(())
    })
    .await;
}

#[tokio::test]
async fn w2_a_late_key_takes_no_order_and_a_late_pin_sends_no_money() {
    let (village, achieng, amina, listing) = open_stall(850, 2).await;
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, order.code);
    assert!(achieng.walks(&["2", "1"]).await.contains("1 I can make it"));
    let orders = achieng.presses("0").await;
    assert!(orders.starts_with("Your orders"), "{orders}");
    comes_late(&village, "1", 3).await;
    assert_eq!((order.state().await.as_str(), achieng.got("is yours")), ("offered", 0));
    // And one that comes twice takes it once.
    assert!(achieng.walks(&["2", "1"]).await.contains("1 I can make it"));
    village.smsc.faults(|faults| faults.repeat_deliver = true);
    let taken = achieng.presses("1").await;
    assert!(taken.starts_with("Yours: "), "{taken}");
    village.smsc.faults(|faults| faults.repeat_deliver = false);
    order.reaches("making").await;
    achieng.gets_exactly(1, "is yours").await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;

    assert!(achieng.walks(&["3", "1", "850"]).await.starts_with("PIN to send"));
    let amount = achieng.presses("0").await;
    assert!(amount.starts_with("Send how much"), "{amount}");
    comes_late(&village, &achieng.pin, 4).await;
    assert!(village.payouts().await.is_empty() && village.momo.transfers().is_empty());
    assert!(achieng.walks(&["3", "1", "850"]).await.starts_with("PIN to send"));
    village.smsc.faults(|faults| faults.repeat_deliver = true);
    assert!(achieng.presses(&achieng.pin).await.contains("is on its way to"));
    village.smsc.faults(|faults| faults.repeat_deliver = false);
    achieng.gets_exactly(1, "Sokoni sent KSh 850").await;
    assert_eq!((village.payouts().await.len(), village.momo.transfers().len()), (1, 1));
    village.closes().await;
}

#[tokio::test]
async fn w3_a_restart_in_the_middle_of_a_dialog_loses_nothing_that_was_typed() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    achieng.walks(&["1", "3", "4", "650"]).await;
    village.restart().await;
    let stopped = achieng.dials().await;
    assert!(stopped.starts_with("You stopped at"), "{stopped}");
    let ready = achieng.presses("1").await;
    assert!(ready.starts_with("How many are ready now?"), "{ready}");
    let check = achieng.presses("2").await;
    assert!(check.starts_with("Earrings, Wood, KSh 650 each, 2 ready."), "{check}");
    achieng.presses("1").await;
    achieng.reads("Saved ").await;
    village.closes().await;
}

#[tokio::test]
async fn w3_a_key_pressed_after_a_restart_goes_on_or_is_told_the_truth() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    achieng.walks(&["1", "3", "4"]).await;
    village.restart().await;
    // The network may have kept the dialog or not; the words must be true either way.
    let text = achieng.handset.press("650").await.expect("a screen").text;
    assert!(text.starts_with("How many are ready now?") || text.contains("dial again"), "{text}");
    village.closes().await;
}

#[tokio::test]
async fn w3_orders_money_and_messages_outlive_a_restart_at_every_stage() {
    let mut village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let listing = on_sale(&achieng, &amina, 850, 1).await;
    village.restart().await;
    let order = village.shopper().buys(&listing, 1).await;
    village.restart().await;
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.takes(&order.code).await;
    village.restart().await;
    brought(&achieng, &amina, &order).await;
    village.restart().await;
    amina.passes(&order.code, 1).await;
    let books = village.books().await;
    village.restart().await;
    assert_eq!(village.books().await, books);
    assert_eq!(order.state().await, "released");
    achieng.reads("is yours now").await;
    assert!(achieng.cashes_out("850").await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 850").await;
    assert_eq!(village.momo.transfers().len(), 1);
    village.closes().await;
}

// ---- what is never written down -----------------------------------------------------------

/// Whether the digits stand somewhere by themselves, not as a part of a longer word or number.
fn holds(octets: &[u8], digits: &str) -> bool {
    let wide = |at: usize| octets.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let found = octets.windows(digits.len()).enumerate().filter(|(_, window)| *window == digits.as_bytes());
    found.map(|(at, _)| at).any(|at| !(wide(at + digits.len()) || at > 0 && wide(at - 1)))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        match entry.is_dir() {
            true => all.extend(files(&entry)),
            false => all.push((entry.display().to_string(), std::fs::read(&entry).expect("a file"))),
        }
    }
    all
}

#[tokio::test]
async fn w5_no_pin_is_written_anywhere() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    assert!(achieng.cashes_out("327").await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 327").await;
    // Sent to where orders are sent to.
    for text in [achieng.pin.clone(), format!("PIN {}", achieng.pin), format!("{} tuma pesa", achieng.pin)] {
        let before = achieng.inbox().len();
        achieng.texts(&text).await;
        until("it is answered", || async { (achieng.inbox().len() > before).then_some(()) }).await;
    }
    // Typed where it is asked for: wrong, right, new; and a call that is cut in between.
    achieng.walks(&["4", "5"]).await;
    for key in ["7352", &achieng.pin, "9486"] {
        achieng.presses(key).await;
    }
    village.hangs_up(&achieng).await;
    village.clock.advance(Duration::from_secs(30 * 60));
    achieng.walks(&["4", "5"]).await;
    for key in [&achieng.pin, "9486", "9486"] {
        achieng.presses(key).await;
    }
    achieng.reads("was changed just now").await;
    village.restart().await;
    assert!(achieng.walks(&["3", "1", "200", "9486"]).await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 200").await;
    // Typed behind the code, as some will.
    achieng.dials_code("*483*57*3*1*100*9486#").await;

    let mut said: Vec<(String, Vec<u8>)> = Vec::new();
    for what in ["listings", "payouts", "trial-balance", "messages", "dialogs", "people/254700000101/export"]
    {
        said.push((what.to_owned(), village.desk_text(what).await.into_bytes()));
    }
    let dialogs = village.desk("dialogs?phone=0700000101").await;
    let dialogs = dialogs["rows"].as_array().expect("rows").iter();
    let dialogs: Vec<String> = dialogs.map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    assert!(dialogs.len() >= 5, "{dialogs:?}");
    for id in &dialogs {
        said.push((format!("dialog {id}"), village.desk_text(&format!("dialogs/{id}")).await.into_bytes()));
    }
    said.extend(achieng.inbox().into_iter().map(|text| ("an SMS".to_owned(), text.into_bytes())));
    village.stop().await;
    for args in [["store", "info"], ["store", "verify"], ["ledger", "trial-balance"]] {
        said.push((args.join(" "), village.sokoni(&args).into_bytes()));
    }
    for id in &dialogs {
        said.push((format!("replay {id}"), village.sokoni(&["replay", "--dialog", id]).into_bytes()));
    }
    said.push(("messages".to_owned(), village.sokoni(&["messages", "--to", "0700000101"]).into_bytes()));
    // What she typed beside her PIN is there to be found.
    let kept = files(&village.data());
    assert!(kept.iter().any(|(_, octets)| holds(octets, "327")), "nothing is found in the store");
    said.extend(kept);
    said.push(("the log".to_owned(), logs::text().into_bytes()));
    for (place, octets) in &said {
        for pin in [achieng.pin.as_str(), "7352", "9486"] {
            assert!(!holds(octets, pin), "{place} holds {pin}");
            let hex: String = pin.bytes().map(|digit| format!("{digit:02x}")).collect();
            let is_hex = |window: &[u8]| window == hex.as_bytes();
            assert!(!octets.windows(hex.len()).any(is_hex), "{place} holds {pin} as octets");
        }
    }
}

#[tokio::test]
async fn screens_that_the_network_loses_are_asked_for_again_by_dialling() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    achieng.walks(&["1", "1", "1"]).await;
    village.smsc.faults(|faults| faults.lose_screens = Spell::Times(1));
    let lost = {
        let handset = achieng.handset.clone();
        tokio::spawn(async move { handset.press("850").await })
    };
    until("the screen is lost", || async {
        let lost = village.smsc.counters();
        tokio::time::sleep(Duration::from_millis(300)).await;
        (lost == village.smsc.counters()).then_some(())
    })
    .await;
    let stopped = achieng.dials().await;
    lost.abort();
    assert!(stopped.starts_with("You stopped at"), "{stopped}");
    assert!(achieng.presses("1").await.starts_with("How many are ready now?"));
    village.closes().await;
}

/// Puts something else into a row while nobody serves; what it held.
async fn put_in_place(folder: &Path, row: Key, value: Vec<u8>) -> Vec<u8> {
    let store = Sled::open(folder, DEFAULT_CACHE).expect("the store opens");
    let held = store.read(vec![row.clone()]).await.expect("read").remove(0).expect("a row").octets();
    let mut batch = Batch::default();
    batch.put(row, Expect::Any, value);
    store.commit(batch).await.expect("written");
    held.to_vec()
}

#[tokio::test]
async fn a_row_that_nobody_can_read_ends_her_call_with_words_and_nobody_elses() {
    let mut village = Village::open().await;
    let (achieng, wanjiru) = (village.achieng().await, village.wanjiru().await);
    let folder = village.data();
    village.stop().await;
    let by_phone = keys::by_phone(Msisdn::from_e164("254700000101").expect("a number"));
    let her = {
        let store = Sled::open(&folder, DEFAULT_CACHE).expect("the store opens");
        let id = store.read(vec![by_phone]).await.expect("read").remove(0).expect("her row").octets();
        keys::aggregate(b'p', &id)
    };
    let good = put_in_place(&folder, her.clone(), b"\xffnot a row".to_vec()).await;
    village.start().await;
    village.bound().await;
    // The store cannot say her language any more: it is the house's.
    achieng.reads_in(Lang::SW);
    assert!(achieng.dials().await.starts_with("Kuna hitilafu kwetu. Hakuna kilichopotea"));
    assert!(wanjiru.dials().await.starts_with("Habari Wanjiru"));
    village.stop().await;
    put_in_place(&folder, her, good).await;
    village.start().await;
    village.bound().await;
    achieng.reads_in(Lang::EN);
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    village.closes().await;
}

/// The first of two parts of a long SMS.
fn first_part(from: &str, text: &str) -> Message {
    let header = [5, 0, 3, 77, 2, 1];
    Message {
        source: Address::new(1, 1, from),
        dest: Address::new(0, 1, "48357"),
        esm_class: 0x40,
        short_message: [&header[..], text.as_bytes()].concat().into(),
        ..Message::default()
    }
}

#[tokio::test]
async fn half_an_sms_and_a_code_that_nobody_serves_are_answered_and_do_nothing() {
    const SHE: &str = "254700000106";
    let port = Port::open().await;
    let village = Village::found(Founding { smsc: Some(port.address()), ..Founding::default() }).await;
    let mut wire = port.accepts().await;
    wire.dials(SHE, "*483*579#", (3, 0)).await;
    let (screen, last) = wire.screen().await;
    assert_eq!((screen.as_str(), last), ("Hakuna huduma kwa nambari hii.", true));

    wire.delivers(first_part(SHE, "SELL NECKLACE BRASS ")).await;
    village.clock.advance(Duration::from_secs(25 * 60 * 60));
    // On some days of the month the agent is asked meanwhile to count her display.
    let told = loop {
        let (_, to, told) = wire.sms().await;
        if to == SHE {
            break told;
        }
    };
    let both = ["Sehemu 1 tu kati ya 2", "\nOnly 1 of the 2 parts"];
    assert!(both.iter().all(|words| told.contains(words)), "{told}");
    drop(wire);
    village.closes().await;
}
