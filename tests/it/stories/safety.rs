//! What must hold whatever the network does, and what must never be written down.

use super::{brought, earns, on_sale, taken};
use crate::support::actors::CODE;
use crate::support::logs;
use crate::support::village::{Founding, Village, until};
use crate::support::wire::Port;
use sokoni::sim::smsc::Spell;
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
    assert!(achieng.got("Saved ") >= 1);
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
    let said = achieng.inbox();
    let saved: Vec<&String> = said.iter().filter(|text| text.contains("Saved ")).collect();
    assert!(saved.iter().all(|text| *text == saved[0]), "{saved:?}");
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
    if let Ok(screen) = achieng.handset.press("650").await {
        let text = screen.text;
        assert!(text.starts_with("How many are ready now?") || text.contains("dial again"), "{text}");
    }
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
    assert!(achieng.cashes_out("300").await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 300").await;
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
    for what in ["listings", "payouts", "trial-balance"] {
        said.push((what.to_owned(), village.desk_text(what).await.into_bytes()));
    }
    said.extend(achieng.inbox().into_iter().map(|text| ("an SMS".to_owned(), text.into_bytes())));
    village.stop().await;
    for args in [["store", "info"], ["store", "verify"], ["ledger", "trial-balance"]] {
        said.push((args.join(" "), village.sokoni(&args).into_bytes()));
    }
    said.extend(files(&village.data()));
    said.push(("the log".to_owned(), logs::text().into_bytes()));
    assert!(said.iter().any(|(_, octets)| holds(octets, "650") || holds(octets, "850")), "nothing is found");
    for (place, octets) in &said {
        for pin in [achieng.pin.as_str(), "7352", "9486"] {
            assert!(!holds(octets, pin), "{place} holds {pin}");
            let hex: String = pin.bytes().map(|digit| format!("{digit:02x}")).collect();
            assert!(!holds(octets, &hex), "{place} holds {pin} as octets");
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
