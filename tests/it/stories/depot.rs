//! The depot: words on pieces, tips, photo lessons, cases.

use super::{on_sale, open_stall, taken};
use crate::support::actors::Artisan;
use crate::support::village::{Village, until};
use serde_json::Value;
use sokoni::sim::smsc::Spell;
use sokoni::types::Lang;
use std::time::Duration;

/// Runs `sokoni` against the desk of the village; what it prints, or says when it fails.
async fn runs(village: &Village, args: &[&str]) -> Result<String, String> {
    let key = village.data().with_file_name("desk");
    let mut sokoni = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
    let run = sokoni.args(args).args(["--desk", &village.url, "--json"]).arg("--desk-key-file").arg(key);
    let run = run.output().await.expect("the command runs");
    let text = |octets| String::from_utf8(octets).expect("text");
    if run.status.success() { Ok(text(run.stdout)) } else { Err(text(run.stderr)) }
}

/// The same, where it must do; its rows.
async fn rows(village: &Village, args: &[&str]) -> Vec<Value> {
    let said = runs(village, args).await.unwrap_or_else(|why| panic!("{args:?}: {why}"));
    serde_json::from_str(&said).expect("JSON")
}

const EN: &str = "en=Thin brass bangles sell best this month.";
const SW: &str = "sw=Bangili nyembamba za shaba zinauzwa sana mwezi huu.";
const AM: &str = "am=ቀጭን የናስ አምባሮች በዚህ ወር በደንብ ይሸጣሉ።";

#[tokio::test]
async fn w40_a_tip_reaches_whoever_wants_it_in_her_language_once() {
    let mut village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    for maker in [&achieng, &wanjiru] {
        on_sale(maker, &amina, 850, 1).await;
    }
    // One who stopped tips, and one of another craft.
    let mumbi = Artisan::joins(village.phone("0700000105", Lang::EN), "Mumbi Njoroge", "8305").await;
    on_sale(&mumbi, &amina, 300, 1).await;
    mumbi.asks("ACHA", "No more tips").await;
    let nafula = Artisan::joins(village.phone("0700000106", Lang::EN), "Nafula Wekesa", "8305").await;
    nafula.lists("RING", "WOOD", 300, 1).await;

    let post = |texts: &[&'static str]| {
        let texts = texts.iter().flat_map(|text| ["--text", *text]).collect::<Vec<_>>();
        [&["tips", "post", "--by", "Halima", "--craft", "necklace"], &texts[..]].concat()
    };
    // The checker of the menus judges it: every language, its alphabet, one SMS each.
    let refused = runs(&village, &post(&[EN, SW])).await.expect_err("a language is missing");
    assert!(refused.contains("`am`"), "{refused}");
    let digits = "sw=Bangili 3 za shaba.";
    let refused = runs(&village, &post(&[EN, digits, AM])).await.expect_err("digits differ");
    assert!(refused.contains("digits"), "{refused}");
    let cyrillic = "en=Тонкие браслеты";
    assert!(runs(&village, &post(&[cyrillic, SW, AM])).await.is_err());
    let long = "en=This tip goes on and on and on and on and on and on and on and on and on and on and on and on and on and on and on.";
    assert!(runs(&village, &post(&[long, SW, AM])).await.is_err());
    assert_eq!(achieng.got("STOP ends tips"), 0);

    // The operator wants it slower; nobody is told twice for that.
    village.smsc.faults(|faults| faults.throttled = Spell::Times(2));
    let posted = rows(&village, &post(&[EN, SW, AM])).await;
    assert_eq!(posted[0]["what"], "tip");
    rows(&village, &post(&[EN, SW, AM])).await;
    let told = achieng.reads("STOP ends tips.").await;
    assert_eq!(told, "Thin brass bangles sell best this month. STOP ends tips.");
    wanjiru.reads("zinauzwa sana mwezi huu. Tuma ACHA kusitisha.").await;
    assert!(village.smsc.counters().held_off >= 2);
    until("everybody is told", || async {
        let tips = rows(&village, &["tips", "list"]).await;
        (tips[0]["finished"] == true).then_some(())
    })
    .await;
    village.restart().await;
    let tips = rows(&village, &["tips", "list"]).await;
    assert_eq!((tips.len(), tips[0]["told"].as_u64()), (1, Some(2)));
    achieng.gets_exactly(1, "STOP ends tips").await;
    wanjiru.gets_exactly(1, "Tuma ACHA").await;
    assert_eq!((mumbi.got("bangles"), nafula.got("bangles")), (0, 0));
    // It stays in Help; also for one who wants none by SMS.
    for maker in [&achieng, &mumbi] {
        let list = maker.walks(&["4", "3", "5", "1"]).await;
        assert!(list.contains("Thin brass bangles"), "{list}");
    }
    assert!(achieng.presses("1").await.starts_with("Thin brass bangles sell best this month."));
    assert!(nafula.walks(&["4", "3", "5", "1"]).await.starts_with("No tips yet"));
    village.closes().await;
}

#[tokio::test]
async fn w41_words_on_a_piece_arrive_and_stay_readable() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let halima = village.halima();
    let sent =
        halima.asks(&format!("FEEDBACK {listing} Polish the edges, then it sells"), "gets your words").await;
    assert!(sent.contains("Achieng"), "{sent}");
    let told = achieng.reads(&format!("Halima on {listing}: ")).await;
    assert_eq!(told, format!("Halima on {listing}: Polish the edges, then it sells"));
    // More than one SMS holds goes in several, each whole words; a repeat says nothing new.
    let long = "The clasp is strong and the colour is what shops ask for. Make the next ones a little longer, fifty centimetres, and leave the back unpolished.";
    for _ in 0..2 {
        runs(&village, &["feedback", &listing, long, "--by", "Halima"]).await.expect("sent");
    }
    achieng.reads("The clasp is strong").await;
    achieng.reads("leave the back unpolished").await;
    achieng.gets_exactly(3, "Halima on").await;
    let list = achieng.walks(&["4", "3", "5", "2"]).await;
    assert!(list.contains(&listing), "{list}");
    let shown = achieng.presses("3").await;
    assert!(shown.starts_with("Polish the edges, then it sells"), "{shown}");
    // By keys, too; a number of nothing is told.
    let sent = halima.walks(&["1", &listing, "Use thinner wire"]).await;
    assert!(sent.starts_with("Achieng gets your words"), "{sent}");
    achieng.reads("Use thinner wire").await;
    let wrong = runs(&village, &["feedback", "10019", "hello", "--by", "Halima"]).await;
    assert!(wrong.is_err() || listing == "10019");
    achieng.asks(&format!("FEEDBACK {listing} hello"), "did not understand").await;
    village.closes().await;
}

#[tokio::test]
async fn a_lesson_is_told_to_its_area_and_who_came_is_kept() {
    let village = Village::open().await;
    let (achieng, halima) = (village.achieng().await, village.halima());
    assert!(halima.asks("CAME 0700000101", "No lesson").await.contains("has begun"));
    let booked = halima.asks("LESSON 31/12 12 Kibera Kiosk", "Lesson 31/12").await;
    assert!(booked.contains("12 seats. Artisans of Kibera"), "{booked}");
    let again = halima.asks("LESSON 31/12 20 kibera  kiosk", "stands already").await;
    assert!(again.contains("with 12 seats. Nothing was changed."), "{again}");
    let again = halima.walks(&["2", "31/12", "9", "Kibera Kiosk"]).await;
    assert!(again.starts_with("A lesson on 31/12 at Kibera Kiosk stands already, with 12 seats"), "{again}");
    let told = achieng.reads("Photo lesson 31/12 at Kibera Kiosk, 12 seats").await;
    assert!(told.ends_with("STOP ends such SMS."), "{told}");
    let list = achieng.walks(&["4", "3", "5", "3"]).await;
    assert!(list.contains("31/12 Kibera Kiosk"), "{list}");
    let lessons = rows(&village, &["lessons", "list"]).await;
    let lesson = lessons[0]["bulletin"].as_str().expect("its name").to_owned();
    let early = runs(&village, &["lessons", "came", &lesson, "0700000101"]).await.expect_err("months ahead");
    assert!(early.contains("nobody can have come yet: it is on "), "{early}");
    let book =
        ["lessons", "book", "--area", "kibera", "--place", "Depot", "--seats", "9", "--day", "2020-01-02"];
    let past = runs(&village, &book).await.expect_err("long ago");
    assert!(past.contains("that day has passed"), "{past}");
    village.clock.advance(Duration::from_secs(370 * 86_400));
    let came = halima.walks(&["3", "0700000101"]).await;
    assert!(came.contains("1 came of 12"), "{came}");
    halima.asks("AMEKUJA 0700000199", "2 came of 12").await;
    let lessons = rows(&village, &["lessons", "list"]).await;
    assert_eq!(lessons[0]["came"][0], "25470****101 Achieng Otieno");
    assert_eq!(lessons[0]["came"][1], "25470****199");
    assert!(village.desk_page("/desk/depot").await.contains("Achieng Otieno"));
    village.closes().await;
}

#[tokio::test]
async fn a_case_is_closed_with_a_reason_that_everybody_involved_is_told() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let halima = village.halima();
    let order = taken(&village, &achieng, &listing, 1).await;
    halima.asks(&format!("CASE {} the buyer writes that it is late", order.code), "is open").await;
    let cases = rows(&village, &["cases", "list"]).await;
    assert_eq!((cases[0]["state"].as_str(), cases[0]["what"].as_str()), (Some("open"), Some("dispute")));
    assert_eq!(cases[0]["people"][0], "Achieng Otieno 25470****101");
    let case = cases[0]["case"].as_str().expect("a name").to_owned();
    rows(&village, &["cases", "note", &case, "called her", "--by", "Joyce"]).await;
    let page = village.desk_page("/desk/depot").await;
    assert!(page.contains("called her") && page.contains("the buyer writes"), "{page}");
    assert!(page.contains("25470****101") && !page.contains("254700000101"), "{page}");
    let close = ["cases", "close", &case, "--by", "Joyce", "--text", "en=It is on its way.", "--text"];
    let refused = runs(&village, &[&close[..], &["sw=Iko njiani."]].concat()).await;
    assert!(refused.expect_err("a language is missing").contains("`am`"));
    let all = [&close[..], &["sw=Iko njiani.", "--text", "am=በመንገድ ላይ ነው።"]].concat();
    for _ in 0..2 {
        assert_eq!(rows(&village, &all).await[0]["state"], "closed");
    }
    let told = achieng.reads("our answer").await;
    assert_eq!(told, format!("Order {}, our answer: It is on its way.", order.code));
    achieng.gets_exactly(1, "our answer").await;
    let opened = ["cases", "open", "other", "she lost her phone", "--by", "Joyce", "--phone", "0700000101"];
    let opened = rows(&village, &opened).await;
    assert_eq!(opened[0]["people"][0], "Achieng Otieno 25470****101");
    // One that is about no order says so by naming none.
    let case = opened[0]["case"].as_str().expect("a name");
    let close =
        ["cases", "close", case, "--by", "Joyce", "--text", "en=Ask your kiosk to open your PIN.", "--text"];
    let all = [&close[..], &["sw=Mwombe wakala afungue PIN.", "--text", "am=ወኪሉ PIN ይክፈትልዎ።"]].concat();
    assert_eq!(rows(&village, &all).await[0]["state"], "closed");
    achieng.reads("Sokoni, our answer to you: Ask your kiosk to open your PIN.").await;
    village.closes().await;
}

#[tokio::test]
async fn a_craft_or_an_area_that_nobody_has_is_refused_with_the_words_that_are_known() {
    let village = Village::open().await;
    let halima = village.colleague("Halima");
    let tip = [("do", "tip"), ("craft", "neklace"), ("en", "Sells best"), ("sw", "Zinauzwa"), ("am", "ይሸጣሉ")];
    let (status, page) = halima.sends("/desk/depot", &tip).await;
    assert_eq!(status, 422, "{page}");
    let known = "necklace, bracelet, earrings, ring, other; did you mean necklace?";
    assert!(page.contains(&format!("neklace is not one of {known}")), "{page}");
    assert!(
        page.contains(r#"value="neklace""#) && page.contains(r#"value="Zinauzwa""#),
        "what she typed stays"
    );
    let lesson = |area, place: &str| {
        let fields =
            [("do", "lesson"), ("area", area), ("day", "2027-12-31"), ("place", place), ("seats", "5")];
        fields.map(|(name, typed): (&str, &str)| (name, typed.to_owned()))
    };
    for (area, said) in [("Kibara", "did you mean kibera?"), ("Nyeri", "kibera, kawangware, mathare, other<")]
    {
        let typed = lesson(area, "Hall");
        let typed: Vec<_> = typed.iter().map(|(name, typed)| (*name, typed.as_str())).collect();
        let (status, page) = halima.sends("/desk/depot", &typed).await;
        assert!(status == 422 && page.contains(said), "{page}");
    }
    assert_eq!(village.desk("depot/bulletins").await.as_array().map(Vec::len), Some(0));

    // A list of more than fifty goes on behind it.
    for n in 0..52 {
        let typed = lesson("Kibera", &format!("Hall {n}"));
        let typed: Vec<_> = typed.iter().map(|(name, typed)| (*name, typed.as_str())).collect();
        assert_eq!(halima.sends("/desk/depot", &typed).await.0, 303, "a capital does no harm");
    }
    let shown = |page: &str| page.matches(r#"data-testid="desk-bulletin""#).count();
    let first = halima.opens("/desk/depot").await;
    assert!(shown(&first) == 50 && first.contains(r#"href="?bulletins=1""#), "{first}");
    let second = halima.opens("/desk/depot?bulletins=1").await;
    assert!(shown(&second) == 2 && !second.contains("?bulletins="), "{second}");
    village.closes().await;
}
