//! Helpers: phones of those whom an artisan hires. They see orders and say READY, and nothing of money.

use super::{on_sale, open_stall, taken};
use crate::support::actors::{Phone, number};
use crate::support::village::Village;
use sokoni::types::Lang;

const ODHIAMBO: &str = "0700000111";

/// Says yes to whoever asks for help.
async fn agrees(helper: &Phone) {
    let asked = helper.reads(helper.word("asks you to help with orders", "umsaidie kwa oda")).await;
    let yes = format!("{} {}", helper.word("YES", "NDIYO"), number(&asked, 5));
    helper.asks(&yes, helper.word("Agreed with", "Mmekubaliana")).await;
}

#[tokio::test]
async fn w75_a_helper_says_ready_and_never_sees_money() {
    let (village, achieng, amina, listing) = open_stall(850, 2).await;
    let odhiambo = village.phone(ODHIAMBO, Lang::EN);
    let sent = achieng.walks(&["4", "3", "4", "1", "odhiambo OTIENO", ODHIAMBO, "1"]).await;
    assert!(sent.starts_with("We asked Odhiambo by SMS"), "{sent}");
    assert!(odhiambo.asks("READY", "to join").await.contains("kujiunga"), "nothing before her yes");
    agrees(&odhiambo).await;
    achieng.reads("Odhiambo, 0700000111, said yes to you").await;

    let order = taken(&village, &achieng, &listing, 2).await;
    let told = odhiambo.reads("has order").await;
    assert!(told.starts_with(&format!("Achieng has order {}: 2 Necklace by", order.code)), "{told}");
    assert_eq!(odhiambo.walks(&["3"]).await, "Only Achieng can see this.");
    odhiambo.asks("BALANCE", "Only Achieng can see this.").await;
    let list = odhiambo.walks(&["2"]).await;
    assert!(list.contains(&format!("1 {} 2 Necklace", order.code)), "{list}");
    let shown = odhiambo.presses("1").await;
    assert!(shown.contains("for Achieng") && shown.contains("4 It is ready"), "{shown}");
    odhiambo.handset.cancel().await;

    odhiambo.asks(&format!("TAYARI {}", order.code), "Achieng gets the SMS on where it goes").await;
    let heard = achieng.reads("says that order").await;
    assert!(heard.starts_with(&format!("Odhiambo says that order {} is ready", order.code)), "{heard}");
    assert_eq!(order.state().await, "ready");
    amina.receives(&order.code).await;
    odhiambo.reads("has your parcel").await;
    amina.fails(&order.code, 1, 2).await;
    odhiambo.reads("1 did not pass: rough finish").await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    assert_eq!(village.account("artisan:").await, 85_000);
    assert_eq!(odhiambo.got("KSh"), 0, "{:?}", odhiambo.inbox());
    // What only the artisan may do, her helper may not, whatever is sent.
    odhiambo.asks(&format!("DELETE {listing}"), "did not understand").await;

    let gone = achieng.walks(&["4", "3", "4", "2", "1", "1"]).await;
    assert!(gone.starts_with("Odhiambo sees your orders no more"), "{gone}");
    odhiambo.reads("goes on without your help").await;
    odhiambo.asks(&format!("READY {}", order.code), "is not one of yours").await;
    assert!(odhiambo.walks(&["3"]).await.starts_with("You help nobody now"));
    village.closes().await;
}

#[tokio::test]
async fn w75_a_helper_asked_by_sms_joins_with_pieces_of_her_own_and_goes_on_helping() {
    let village = Village::open().await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    let listing = on_sale(&wanjiru, &amina, 850, 3).await;
    let odhiambo = village.phone(ODHIAMBO, Lang::SW);
    wanjiru.asks(&format!("MSAIDIZI {ODHIAMBO} Odhiambo Otieno"), "Tumemuuliza Odhiambo").await;
    agrees(&odhiambo).await;
    wanjiru.reads("amekukubalia").await;
    wanjiru.asks(&format!("HELPER {ODHIAMBO} Odhiambo"), "tayari inakusaidia").await;
    wanjiru.asks("HELPER 0700000102 Wanjiru", "Hiyo ni simu yako").await;
    wanjiru.asks(&format!("HELPER {} Amina", crate::support::village::KIOSK), "kazi nyingine").await;

    let order = taken(&village, &wanjiru, &listing, 1).await;
    assert_eq!(odhiambo.walks(&["3"]).await, "Wanjiru pekee anaweza kuona hii.");
    let joined = odhiambo.walks(&["1", "1", "8305", "8305"]).await;
    assert!(joined.starts_with("Karibu Odhiambo"), "{joined}");
    odhiambo.reads("Nambari yako ya fundi").await;
    let list = odhiambo.walks(&["4", "3", "5", "4"]).await;
    assert!(list.contains(&order.code) && !list.contains("KSh"), "{list}");
    assert!(odhiambo.presses("1").await.contains("za Wanjiru"));
    assert!(odhiambo.presses("4").await.ends_with("Wanjiru atapata SMS ya inapokwenda."));
    wanjiru.reads("Odhiambo anasema oda").await;
    assert_eq!(order.state().await, "ready");
    // Her money is her own, and the other's stays the other's.
    assert_eq!(odhiambo.balance().await, [0, 0, 0]);
    assert_eq!(wanjiru.balance().await, [0, 85_000, 0]);
    odhiambo.asks("UZA PETE MBAO 300 1", "Imehifadhiwa").await;
    village.closes().await;
}

#[tokio::test]
async fn those_who_never_answer_are_listed_taken_back_and_lapse() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let phone = |n: u32| format!("07000003{n:02}");
    let late = village.phone(&phone(1), Lang::EN);
    for n in 0..5 {
        achieng.asks(&format!("HELPER {} Helper Otieno", phone(n)), "We asked Helper").await;
        village.clock.advance(std::time::Duration::from_secs(60));
    }
    achieng.asks(&format!("HELPER {} Helper Otieno", phone(5)), "5 helpers are the most").await;
    let waiting = achieng.walks(&["4", "3", "4", "3"]).await;
    assert!(waiting.contains("1 Helper 0700000300"), "{waiting}");
    assert_eq!(achieng.presses("1").await.lines().next(), Some("Helper, 0700000300, has not answered."));
    assert_eq!(achieng.presses("1").await, "Helper need not answer any more.");
    achieng.asks(&format!("HELPER {} Helper Otieno", phone(6)), "We asked Helper").await;
    achieng.asks(&format!("HELPER {} Helper Otieno", phone(7)), "5 helpers are the most").await;
    // Nobody waits for an answer for ever.
    let asked = late.reads("asks you to help with orders").await;
    village.clock.advance(std::time::Duration::from_secs(15 * 86_400));
    let said = late.asks(&format!("YES {}", number(&asked, 5)), "").await;
    assert!(!said.contains("Agreed with"), "{said}");
    assert!(achieng.walks(&["4", "3", "4", "2"]).await.contains("Nobody yet"));
    assert!(achieng.walks(&["4", "3", "4", "3"]).await.contains("Nobody."));
    achieng.asks(&format!("HELPER {} Helper Otieno", phone(8)), "We asked Helper").await;
    village.closes().await;
}
