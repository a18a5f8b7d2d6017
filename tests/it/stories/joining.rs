//! Who somebody is to the service, and in which language.

use crate::support::actors::{CODE, number};
use crate::support::village::Village;
use sokoni::types::{CodeKind, Lang, SpokenCode};

#[tokio::test]
async fn somebody_joins_by_phone_and_gets_her_number() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let welcome = &achieng.inbox()[0];
    SpokenCode::parse(CodeKind::Listing, &number(welcome, 5)).expect("a number with its check digit");
    assert!(welcome.contains(CODE) && welcome.contains("48357"), "{welcome}");
    assert!(achieng.dials().await.contains("Hello Achieng. You have KSh 0"));
    village.closes().await;
}

#[tokio::test]
async fn two_pins_that_differ_and_one_that_everybody_guesses_join_nobody() {
    let village = Village::open().await;
    let phone = village.phone("0700000103", Lang::EN);
    let pin = phone.walks(&["2", "1", "Akinyi Ouma", "1"]).await;
    assert!(pin.contains("PIN of 4 digits"), "{pin}");
    assert!(phone.presses("1234").await.contains("too easy"));
    assert!(phone.presses("8305").await.contains("once more"));
    let differ = phone.presses("8306").await;
    assert!(differ.contains("differ"), "{differ}");
    phone.handset.cancel().await;
    assert!(phone.asks("BALANCE", "to join").await.contains("kujiunga"));
    village.closes().await;
}

#[tokio::test]
async fn w15_an_unknown_number_sees_the_first_question_whatever_it_dials() {
    let village = Village::open().await;
    let stranger = village.phone("0700000104", Lang::SW);
    assert!(stranger.dials().await.starts_with("Karibu Sokoni. Welcome."));
    for code in ["*483*57*3#", "*483*57*3*1#", "*483*57*3*1*500*1234#", "*483*57*9*9*9#"] {
        let screen = stranger.handset.dial(code).await.expect("a screen").text;
        let money = ["KSh", "M-Pesa"].iter().any(|word| screen.contains(word));
        assert!(!money, "{code} leads to {screen:?}");
    }
    village.closes().await;
}

#[tokio::test]
async fn w15_commands_of_an_unknown_number_are_answered_and_do_nothing() {
    let village = Village::open().await;
    let stranger = village.phone("0700000104", Lang::SW);
    for text in ["UZA MKUFU SHABA 850 3", "SALIO", "OK 10016", "QC 100011 PASS 3", "hello?"] {
        let answer = stranger.asks(text, "kujiunga").await;
        assert!(answer.contains("to join") && answer.contains(CODE), "{answer}");
    }
    assert_eq!(village.desk("listings").await["rows"], serde_json::json!([]));
    assert!(village.books().await.is_empty());
    village.closes().await;
}

#[tokio::test]
async fn w14_the_language_key_changes_every_later_text() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    achieng.reads_in(Lang::SW);
    assert!(achieng.presses("5").await.starts_with("Habari Achieng"));
    // What others cause comes in Swahili too.
    let order = super::earns(&village, &achieng, 850).await;
    assert!(achieng.dials_code("*483*57*3#").await.starts_with("Tayari: KSh 850"));
    achieng.walks(&[]).await;
    achieng.reads_in(Lang::EN);
    assert!(achieng.presses("5").await.starts_with("Hello Achieng. You have KSh 850"));
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    let gone = achieng.asks(&format!("NO {}", order.code), &order.code).await;
    assert!(gone.contains("no longer open"), "{gone}");
    village.closes().await;
}

#[tokio::test]
async fn w4_the_whole_story_is_told_in_swahili_to_those_who_chose_it() {
    let founding = crate::support::village::Founding { kiosk: Lang::SW, ..Default::default() };
    let village = Village::found(founding).await;
    let (wanjiru, mut amina) = (village.wanjiru().await, village.amina());
    amina.0.reads_in(Lang::SW);
    let kiosk = &mut amina;
    let listing = super::on_sale(&wanjiru, kiosk, 1_250, 2).await;
    let order = super::taken(&village, &wanjiru, &listing, 2).await;
    super::brought(&wanjiru, kiosk, &order).await;
    kiosk.fails(&order.code, 1, 2).await;
    wanjiru.reads("hazikufaulu").await;
    kiosk.passes(&order.code, 1).await;
    wanjiru.reads("ni zako sasa").await;
    for keys in [&["1"][..], &["2"], &["3"], &["3", "3"], &["4"], &["4", "1"], &["4", "1", "1"], &["4", "4"]]
    {
        wanjiru.walks(keys).await;
    }
    for keys in [&[][..], &["1"], &["2"], &["4"], &["6"], &["6", "3"], &["6", "2"]] {
        kiosk.walks(keys).await;
    }
    for text in ["UZA MKUFU", "UZA", "FUTA 12345", "habari", "QC", "FUTA", "SAWA"] {
        let count = wanjiru.inbox().len();
        wanjiru.texts(text).await;
        crate::support::village::until(text, || async { (wanjiru.inbox().len() > count).then_some(()) })
            .await;
    }
    assert!(wanjiru.cashes_out("1000").await.contains("inatumwa"));
    wanjiru.reads("Sokoni imetuma KSh 1,000").await;
    wanjiru.reads("Hatukuelewa").await;
    village.closes().await;
}
