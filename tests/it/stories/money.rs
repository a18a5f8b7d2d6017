//! What people are told of their money, and the number that guards it.

use super::{brought, earns, on_sale, taken};
use crate::support::actors::Artisan;
use crate::support::village::{Founding, Village, until};
use sokoni::sim::momo::Manners;
use sokoni::types::Lang;
use std::time::Duration;

/// W110: the SMS says what the books say, to the cent.
async fn agrees(village: &Village, maker: &Artisan, in_orders: i64) {
    let [free, held, moving] = maker.balance().await;
    assert_eq!(free, village.account("artisan:").await);
    assert_eq!(moving, village.account("moving:").await);
    assert_eq!(held, in_orders);
}

#[tokio::test]
async fn w110_the_balance_by_sms_is_the_books_at_every_stage() {
    let village = Village::found(Founding { answer_ms: 500, ..Founding::default() }).await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    agrees(&village, &wanjiru, 0).await;
    let listing = on_sale(&wanjiru, &amina, 777, 3).await;
    let order = village.shopper().buys(&listing, 3).await;
    wanjiru.is_offered().await;
    agrees(&village, &wanjiru, 0).await;
    wanjiru.takes(&order.code).await;
    agrees(&village, &wanjiru, 233_100).await;
    brought(&wanjiru, &amina, &order).await;
    agrees(&village, &wanjiru, 233_100).await;
    amina.passes(&order.code, 3).await;
    wanjiru.reads("ni zako sasa").await;
    agrees(&village, &wanjiru, 0).await;

    village.momo.behave(Manners { callbacks: 0, decide_after_ms: 2_000, ..Manners::silent() });
    wanjiru.cashes_out("2000").await;
    agrees(&village, &wanjiru, 0).await;
    wanjiru.reads("M-Pesa haijajibu").await;
    assert_eq!(village.account("moving:").await, 200_000);
    agrees(&village, &wanjiru, 0).await;
    until("it is known", || async {
        village.clock.advance(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(100)).await;
        (wanjiru.got("Sokoni imetuma KSh 2,000") == 1).then_some(())
    })
    .await;
    agrees(&village, &wanjiru, 0).await;
    assert_eq!(village.account("artisan:").await, 33_100);
    let told = wanjiru.asks("TAARIFA", "Mauzo").await;
    let today = told[..5].to_owned();
    assert_eq!(told, format!("{today} -2,000 M-Pesa, {today} +2,331 Mauzo. Tayari: KSh 331."));
    assert!(amina.asks("STATEMENT", "Ready").await.contains("Fee"), "an agent's are fees");
    village.closes().await;
}

#[tokio::test]
async fn the_kiosk_is_paid_for_each_thing_it_did_and_sends_it_home() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    earns(&village, &achieng, 850).await;
    earns(&village, &achieng, 1_000).await;
    assert_eq!(village.account("agent:").await, 2 * (3_000 + 5_000));
    assert_eq!(village.account("exp:agent").await, 2 * (3_000 + 5_000));
    assert!(amina.walks(&["6"]).await.starts_with("Ready: KSh 160."));
    let set = {
        for key in ["2", "6142"] {
            amina.presses(key).await;
        }
        amina.presses("6142").await
    };
    assert_eq!(set, "Your PIN is set.");
    assert!(amina.walks(&["6", "2", "6142"]).await.starts_with("Your new PIN"));
    amina.presses("7315").await;
    assert_eq!(amina.presses("7315").await, "Your PIN is changed.");
    amina.reads("PIN was changed").await;
    // The first one was no change.
    amina.gets_exactly(1, "PIN was changed").await;
    let said = amina.walks(&["6", "1", "160", "7315"]).await;
    assert!(said.contains("on its way"), "{said}");
    amina.reads("Sokoni sent KSh 160").await;
    assert_eq!(village.momo.transfers().len(), 1);
    assert_eq!(village.account("agent:").await, 0);
    village.closes().await;
}

/// The way to a question for the PIN that needs no money.
const CHANGE_PIN: [&str; 2] = ["4", "5"];

#[tokio::test]
async fn three_wrong_pins_lock_it_for_good() {
    let mut village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    achieng.walks(&["3", "1", "500"]).await;
    assert!(achieng.presses("1111").await.starts_with("Wrong PIN. 2 tries left."));
    assert!(achieng.presses("2222").await.starts_with("Wrong PIN. 1 tries left."));
    let locked = achieng.presses("3333").await;
    assert!(locked.starts_with("Your PIN is locked. Your money is safe."), "{locked}");
    achieng.reads("Three wrong PINs").await;
    // It is said before any sum or PIN is asked for, now, later and after a restart.
    for _ in 0..2 {
        for keys in [&["3", "1"][..], &["3", "2"], &CHANGE_PIN] {
            let screen = achieng.walks(keys).await;
            assert!(screen.starts_with("Your PIN is locked."), "{keys:?}: {screen}");
        }
        village.restart().await;
        village.clock.advance(Duration::from_secs(86_400));
    }
    assert!(village.momo.transfers().is_empty());
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    village.closes().await;
}

#[tokio::test]
async fn wrong_pins_are_counted_over_calls_and_a_right_one_forgets_them() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    for _ in 0..3 {
        achieng.walks(&CHANGE_PIN).await;
        assert!(achieng.presses("1111").await.contains("2 tries left"));
        village.hangs_up(&achieng).await;
        village.clock.advance(Duration::from_secs(30 * 60));
        achieng.walks(&CHANGE_PIN).await;
        assert!(achieng.presses("2222").await.contains("1 tries left"));
        assert!(achieng.presses(&achieng.pin).await.contains("new PIN"));
        village.hangs_up(&achieng).await;
        village.clock.advance(Duration::from_secs(30 * 60));
    }
    village.closes().await;
}

#[tokio::test]
async fn a_changed_pin_is_the_one_that_counts() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    achieng.walks(&CHANGE_PIN).await;
    for key in [achieng.pin.as_str(), "8264"] {
        achieng.presses(key).await;
    }
    assert_eq!(achieng.presses("8264").await, "Your PIN is changed.");
    achieng.reads("was changed just now").await;
    assert!(achieng.cashes_out("100").await.starts_with("Wrong PIN. 2 tries left."));
    assert!(achieng.presses("8264").await.contains("on its way"));
    achieng.reads("Sokoni sent KSh 100").await;
    village.closes().await;
}

#[tokio::test]
async fn two_makers_have_two_purses() {
    let village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    let (hers, others) = (on_sale(&achieng, &amina, 850, 1).await, on_sale(&wanjiru, &amina, 1_250, 1).await);
    let order = taken(&village, &achieng, &hers, 1).await;
    let other = taken(&village, &wanjiru, &others, 1).await;
    let not_hers = wanjiru.asks(&format!("NDIYO {}", order.code), &order.code).await;
    assert!(not_hers.contains("si yako"), "{not_hers}");
    for (maker, order) in [(&achieng, &order), (&wanjiru, &other)] {
        brought(maker, &amina, order).await;
        amina.passes(&order.code, 1).await;
        maker.reads(maker.word("is yours now", "ni zako sasa")).await;
    }
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    assert_eq!(wanjiru.balance().await, [125_000, 0, 0]);
    assert_eq!(wanjiru.lang(), Lang::SW);
    village.closes().await;
}

#[tokio::test]
async fn a_kiosk_opens_a_locked_pin_with_its_owner_beside_it_and_she_is_told() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    const HERS: &str = "0700000101";
    assert!(amina.walks(&["6", "4", HERS, "1"]).await.starts_with("That PIN is not locked"));
    achieng.walks(&CHANGE_PIN).await;
    for wrong in ["1111", "2222", "3333"] {
        achieng.presses(wrong).await;
    }
    achieng.reads("Three wrong PINs").await;
    earns(&village, &achieng, 850).await;
    assert_eq!(amina.walks(&["6", "4", "0700000177", "1"]).await, "Nobody with this number has joined.");
    assert!(amina.walks(&["6", "4", HERS]).await.contains("have you seen her ID?"));
    assert!(amina.presses("1").await.starts_with("Achieng can choose a new PIN now."));
    let told = achieng.reads("Your PIN was opened at Kibera Kiosk: dial and choose a new one.").await;
    assert!(told.contains("Payments rest until") && told.contains("Not you? Call"), "{told}");

    // Who has forgotten it chooses another; whoever has only found her phone comes a day too early.
    let money = achieng.walks(&["3"]).await;
    assert!(money.contains("5 Choose a PIN") && !money.contains("1 Send"), "{money}");
    assert_eq!(achieng.walks(&["3", "5", "8264", "8264"]).await, "Your PIN is set.");
    for key in ["1", "2"] {
        let said = achieng.walks(&["3", key]).await;
        assert!(said.starts_with("Payments are on hold: your PIN was opened, wait until"), "{said}");
    }
    assert!(amina.walks(&["6", "4", HERS, "1"]).await.starts_with("That PIN is not locked"), "no ID ends it");
    assert_eq!(achieng.got("Your payments go again"), 0);
    village.clock.advance(Duration::from_secs(24 * 3_600));
    achieng.reads("Your payments go again").await;
    assert!(achieng.walks(&["3", "1", "100", "8264"]).await.contains("on its way"));
    village.closes().await;
}
