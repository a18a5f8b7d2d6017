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
    let easy = phone.presses("1234").await;
    assert!(easy.contains("too easy") && !easy.contains("same"), "{easy}");
    assert!(phone.presses("8305").await.contains("once more"));
    let differ = phone.presses("8306").await;
    assert!(differ.contains("not the same") && !differ.contains("easy"), "{differ}");
    phone.handset.cancel().await;
    assert!(phone.asks("BALANCE", "to join").await.contains("kujiunga"));
    village.closes().await;
}

#[tokio::test]
async fn w15_an_unknown_number_sees_the_first_question_whatever_it_dials() {
    let village = Village::open().await;
    let stranger = village.phone("0700000104", Lang::SW);
    // J1; whoever chooses Amharic there has it in Amharic, too, and J2; and her names, which are no digits.
    let first = "Karibu Sokoni. Welcome.";
    let asks =
        [first, "እንኳን ወደ Sokoni ደህና መጡ", "እርስዎ ማን ነዎት?", "ሁለቱን ስምዎን ይጻፉ", "ፊደል ብቻ፣ እንደ Achieng Otieno።"];
    // Below what is said of a wrong key.
    let is_joining =
        |screen: &str| screen.lines().take(2).any(|line| asks.iter().any(|ask| line.starts_with(ask)));
    assert!(stranger.dials().await.starts_with(first));
    for keys in ["98", "00", "0"] {
        let screen = stranger.handset.press(keys).await.expect("a screen").text;
        assert!(screen.contains(first), "{keys} leads to {screen:?}");
    }
    let screen = stranger.handset.press("3").await.expect("a screen").text;
    assert!(is_joining(&screen), "{screen}");
    for code in ["*483*57*3#", "*483*57*3*1#", "*483*57*3*1*500*1234#", "*483*57*9*9*9#"] {
        let screen = stranger.handset.dial(code).await.expect("a screen").text;
        assert!(is_joining(&screen), "{code} leads to {screen:?}");
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
    // In Amharic, over the same wire: letters that only UCS-2 has, and none lost on the way.
    achieng.reads_in("am".parse().expect("a language"));
    let home = achieng.presses("5").await;
    assert!(home.starts_with("Achieng፦ KSh 850\n1 ዕቃ ሽጥ\n"), "{home}");
    let money = achieng.dials_code("*483*57*3#").await;
    assert!(money.starts_with("ያለ 850፣ ትዕዛዝ 0፣ ጉዞ 0\n1 M-Pesa ላክ\n"), "{money}");
    achieng.walks(&[]).await;
    achieng.reads_in(Lang::EN);
    assert!(achieng.presses("5").await.starts_with("Hello Achieng. You have KSh 850"));
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    let done = achieng.asks(&format!("NO {}", order.code), &order.code).await;
    assert!(done.contains("done"), "{done}");
    village.closes().await;
}

#[tokio::test]
async fn somebody_joins_in_amharic_and_is_texted_in_it() {
    let village = Village::open().await;
    let tirunesh = village.phone("0700000105", "am".parse().expect("a language"));
    let who = tirunesh.walks(&["3"]).await;
    assert!(who.starts_with("እርስዎ ማን ነዎት?\n1 ዕቃ እሠራለሁ"), "{who}");
    for keys in ["1", "Tirunesh Bekele", "1", "8305"] {
        tirunesh.presses(keys).await;
    }
    let joined = tirunesh.presses("8305").await;
    assert!(joined.starts_with("ደህና መጡ Tirunesh።"), "{joined}");
    tirunesh.reads("የባለሙያ ቁጥርዎ").await;
    let answer = tirunesh.asks("SELL NECKLACE", "ያነበብነው").await;
    assert!(answer.contains("የጎደለው፦"), "{answer}");
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

#[tokio::test]
async fn each_is_told_her_own_commands_when_a_text_means_nothing() {
    let village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    let maker = achieng.asks("hello there", "did not understand").await;
    assert!(maker.contains("SELL ") && !maker.contains("QC "), "{maker}");
    let maker = wanjiru.asks("habari", "Hatukuelewa").await;
    assert!(maker.contains("UZA ") && !maker.contains("QC "), "{maker}");
    for text in ["hello there", "PASS"] {
        let kiosk = amina.asks(text, "did not understand").await;
        let hers = ["IN ", "QC ", "OK ", "BALANCE"].iter().all(|word| kiosk.contains(word));
        assert!(hers && !kiosk.contains("SELL"), "{kiosk}");
    }
    village.closes().await;
}

#[tokio::test]
async fn a_command_without_its_number_asks_the_kiosk_for_the_number() {
    let founding = crate::support::village::Founding { kiosk: Lang::SW, ..Default::default() };
    let village = Village::found(founding).await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    amina.reads_in(Lang::SW);
    let listing = achieng.lists("RING", "WOOD", 300, 1).await;
    amina.reads(&listing).await;
    let half = amina.asks("SAWA", "Bado").await;
    assert!(half.contains("nambari"), "{half}");
    amina.asks(&listing, "imekaguliwa").await;
    let kiosk = amina.asks("habari", "Hatukuelewa").await;
    assert!(["POKEA ", "QC ", "SAWA ", "SALIO"].iter().all(|word| kiosk.contains(word)), "{kiosk}");
    village.closes().await;
}

#[tokio::test]
async fn w110_the_kiosk_asks_for_its_balance_by_text() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    assert_eq!(amina.asks("BALANCE", "Ready").await, "Ready: KSh 0. On its way: KSh 0.");
    super::on_sale(&achieng, &amina, 850, 1).await;
    assert_eq!(amina.asks("BALANCE", "Ready").await, "Ready: KSh 30. On its way: KSh 0.");
    assert_eq!(village.account("agent:").await, 3_000);
    village.closes().await;
}

#[tokio::test]
async fn whoever_is_promised_a_call_is_a_case_at_the_desk_with_the_number() {
    let village = Village::open().await;
    let (stranger, achieng) = (village.phone("0700000104", Lang::EN), village.achieng().await);
    for _ in 0..2 {
        assert!(stranger.walks(&["2", "4"]).await.starts_with("We will call you today"));
    }
    assert!(achieng.walks(&["4", "4"]).await.starts_with("We will call you today"));
    let cases = village.desk("depot/cases").await;
    let cases = cases.as_array().expect("a list");
    assert_eq!(cases.len(), 2, "twice is once: {cases:?}");
    let page = village.desk_page("/desk/depot").await;
    assert!(page.contains("wants to be called today: 0700000104"), "{page}");
    let hers = cases.iter().find(|case| case["people"][0].as_str().is_some()).expect("Achieng");
    assert_eq!(hers["people"][0], "Achieng Otieno 25470****101");
    village.closes().await;
}
