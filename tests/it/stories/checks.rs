//! Listings that the desk looks at: what waits and what nobody here has seen, what it lacks, and what its
//! maker hears of it.

use super::on_sale;
use crate::support::actors::Artisan;
use crate::support::photo::{Door, picture};
use crate::support::shopper::attribute;
use crate::support::village::Village;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sokoni::types::Lang;

const PAGE: &str = "/desk/listings";
const API: &str = "/desk/api/listings/check";

/// The numbers of a list.
async fn codes(village: &Village, list: &str) -> Vec<String> {
    let both = village.desk("listings/check").await;
    let rows = both[list]["rows"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row["code"].as_str().expect("a number").to_owned()).collect()
}

/// A listing of one of the lists.
async fn row(village: &Village, list: &str, code: &str) -> Value {
    let both = village.desk("listings/check").await;
    let rows = both[list]["rows"].as_array().cloned().unwrap_or_default();
    rows.into_iter().find(|row| row["code"] == code).unwrap_or_else(|| panic!("{code}: {both}"))
}

#[tokio::test]
async fn what_waits_is_passed_or_sent_back_and_its_maker_hears_why_in_her_language() {
    let village = Village::open().await;
    let (achieng, wanjiru, amina) = (village.achieng().await, village.wanjiru().await, village.amina());
    let halima = village.colleague("Halima");
    let first = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    let second = wanjiru.lists("MKUFU", "SHABA", 900, 2).await;
    assert_eq!(codes(&village, "waiting").await, [first.clone(), second.clone()], "oldest first");
    let page = halima.opens(PAGE).await;
    assert!(
        page.contains(&first) && page.contains("Brass necklace") && page.contains("no photograph"),
        "{page}"
    );

    // A reader looks; a treasurer answers for money and not for pieces.
    for name in ["Juma", "Otieno"] {
        let (status, _) = village.colleague(name).sends(PAGE, &[("do", "pass"), ("listing", &first)]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}");
    }

    // Found good without a photograph: she hears the truth, and her phone says so, too.
    let pass = [("do", "pass"), ("listing", first.as_str())];
    for _ in 0..2 {
        halima.sends(PAGE, &pass).await;
    }
    let told = achieng.reads("passed its check").await;
    assert!(told.contains("It is on sale when its photo is there"), "{told}");
    achieng.gets_exactly(1, "passed its check").await;
    let pieces = achieng.walks(&["4", "1"]).await;
    assert!(pieces.contains("no photo") && !pieces.contains("on sale"), "{pieces}");
    assert_eq!(village.shopper().opens(&format!("/piece/{first}")).await.0, StatusCode::NOT_FOUND);
    let fee = village.account("exp:agent").await;
    amina.reads(&format!("New listing {first}")).await;
    amina.asks(&format!("OK {first}"), &format!("{first} does not wait for a check")).await;
    assert_eq!(village.account("exp:agent").await, fee, "the desk's word is nobody's fee");

    // Each reason has a text of its own, in each language.
    for (why, en, sw) in [
        ("price", "is far from others of its kind", "ni mbali na bei za nyingine"),
        ("kind", "is something else", "lakini ni kitu kingine"),
        ("rules", "cannot be sold here", "haiwezi kuuzwa hapa"),
    ] {
        for listing in [&first, &second] {
            let back = [("do", "send_back"), ("listing", listing.as_str()), ("why", why)];
            halima.sends(PAGE, &back).await;
            halima.sends(PAGE, &back).await;
        }
        assert!(achieng.reads(en).await.contains(&first));
        assert!(wanjiru.reads(sw).await.contains(&second));
        achieng.gets_exactly(1, en).await;
    }
    // The kiosk's word does not go over the desk's.
    amina.asks(&format!("OK {second}"), &format!("{second} does not wait for a check")).await;
    assert!(codes(&village, "waiting").await.is_empty());
    halima.sends(PAGE, &[("do", "pass"), ("listing", &second)]).await;
    wanjiru.reads("imefaulu ukaguzi").await;

    let acts = halima.opens("/desk/audit").await;
    assert!(
        acts.contains(&format!("send listing {second} back (rules)")) && acts.contains("Halima"),
        "{acts}"
    );
    village.closes().await;
}

#[tokio::test]
async fn what_came_into_the_shop_is_looked_at_once_and_again_with_another_photograph() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let halima = village.colleague("Halima");
    let listing = on_sale(&achieng, &amina, 850, 3).await;
    assert_eq!(codes(&village, "unlooked").await, [listing.as_str()]);
    let page = halima.opens(PAGE).await;
    assert!(page.contains("/photo/"));
    let seen = |page: &str| attribute(page, "name=\"seen\"", "value").expect("photographs");
    let (first, door) = (seen(&page), Door::of(&amina.asks(&format!("PHOTO {listing}"), "/upload#").await));
    assert_eq!(door.sends(&listing, picture(6, 96, 72)).await.0, 201);
    // One came while she looked: nothing is looked at until she has seen it.
    for seen in [first.as_str(), ""] {
        let form = [("do", "look"), ("listing", listing.as_str()), ("seen", seen)];
        let (_, page) = halima.sends(PAGE, &form).await;
        assert!(page.contains("another photograph came since this page was opened"), "{page}");
        assert_eq!(codes(&village, "unlooked").await, [listing.as_str()]);
    }
    let both = seen(&halima.opens(PAGE).await);
    assert!(both.contains(&first) && both != first);
    halima.sends(PAGE, &[("do", "look"), ("listing", &listing), ("seen", &both)]).await;
    assert!(codes(&village, "unlooked").await.is_empty());

    assert_eq!(door.sends(&listing, picture(7, 96, 72)).await.0, 201);
    assert_eq!(codes(&village, "unlooked").await, [listing.as_str()], "nobody has seen the new one");

    // It shows something else: off sale, its pictures with it, until the next one was looked at.
    halima.sends(PAGE, &[("do", "send_back"), ("listing", &listing), ("why", "photo")]).await;
    let told = achieng.reads("its photo does not show it well").await;
    assert!(told.contains(&format!("PHOTO {listing}")), "{told}");
    let shopper = village.shopper();
    assert_eq!(shopper.opens(&format!("/piece/{listing}")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(door.sends(&listing, picture(8, 96, 72)).await.0, 201);
    assert_eq!(codes(&village, "waiting").await, [listing.as_str()]);
    achieng.reads("has its photo").await;
    let (status, answer) = halima.posts(API, &json!({ "do": "pass", "listing": listing })).await;
    assert_eq!((status, answer["state"].as_str()), (StatusCode::OK, Some("on_sale")), "{answer}");
    achieng.gets_exactly(2, "is on sale now").await;
    assert!(codes(&village, "unlooked").await.is_empty(), "whoever passed it has seen it");
    assert_eq!(shopper.opens(&format!("/piece/{listing}")).await.0, StatusCode::OK);

    // What cannot be done is said; wrong numbers, too.
    let gone = halima.posts(API, &json!({ "do": "look", "listing": "10018" })).await;
    assert_eq!(gone.0, StatusCode::NOT_FOUND);
    achieng.asks(&format!("DELETE {listing}"), "is off sale").await;
    let (_, page) = halima.sends(PAGE, &[("do", "pass"), ("listing", &listing)]).await;
    assert!(page.contains("cannot be done with a piece that is removed"), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn a_liaisons_words_stand_in_the_shop_and_prices_are_held_against_others() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let halima = village.colleague("Halima");
    for price in [700, 750, 800, 850, 900] {
        on_sale(&achieng, &amina, price, 1).await;
    }
    let nafula = Artisan::joins(village.phone("0700000106", Lang::EN), "Nafula Wekesa", "8305").await;
    let dear = nafula.lists("NECKLACE", "BRASS", 9_000, 1).await;
    let lacks = row(&village, "waiting", &dear).await;
    assert_eq!(lacks["lacks"], json!(["photo", "words", "price"]), "{lacks}");
    assert_eq!(lacks["usual"], 80_000);
    assert!(halima.opens(PAGE).await.contains("a price far from others of its kind"));

    let listing = codes(&village, "unlooked").await[0].clone();
    let says = [
        ("do", "describe"),
        ("listing", &listing),
        ("en", "Beaten by hand & polished."),
        ("fr", "Martelé à la main."),
    ];
    halima.sends(PAGE, &says).await;
    let shopper = village.shopper();
    let (_, page) = shopper.opens(&format!("/piece/{listing}")).await;
    assert!(page.contains("lang=\"en\" data-testid=\"words\">Beaten by hand &#38; polished."), "{page}");
    let (_, french) = shopper.opens(&format!("/piece/{listing}?lang=fr")).await;
    assert!(french.contains("lang=\"fr\" data-testid=\"words\">Martelé à la main."), "{french}");
    // Too long is refused, and what was typed stands there still.
    let long = "a".repeat(300);
    let (_, page) = halima.sends(PAGE, &[("do", "describe"), ("listing", &listing), ("en", &long)]).await;
    assert!(page.contains("at most 280 letters") && page.contains(&long), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn twenty_a_page_oldest_first_and_the_rest_a_click_away() {
    let village = Village::open().await;
    let mut listed = Vec::new();
    for number in 0..11 {
        let phone = format!("07000003{number:02}");
        let maker = Artisan::joins(village.phone(&phone, Lang::EN), "Nafula Wekesa", "8305").await;
        for price in [500, 600] {
            listed.push(maker.lists("RING", "WOOD", price, 1).await);
        }
    }
    let both = village.desk("listings/check").await;
    let next = both["waiting"]["next"].as_str().expect("there are more").to_owned();
    let mut seen = codes(&village, "waiting").await;
    assert_eq!(seen.len(), 20);
    let more = village.desk(&format!("listings/check?waiting={next}")).await;
    assert_eq!(more["waiting"]["next"], Value::Null);
    seen.extend(
        more["waiting"]["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row["code"].as_str().expect("a number").to_owned()),
    );
    assert_eq!(seen, listed);
    let page = village.colleague("Juma").opens(PAGE).await;
    assert!(page.contains(&format!("?waiting={next}")), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn whoever_types_words_for_phones_is_told_what_they_come_to() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let listing = on_sale(&achieng, &amina, 850, 1).await;
    let halima = village.colleague("Halima");
    let fit = "/desk/api/depot/fit";
    let (_, half) =
        halima.posts(fit, &json!({ "what": "tip", "texts": { "en": "Thin bangles sell." } })).await;
    assert_eq!(half["rows"][0]["says"], "en: 34 of 160 septets, one SMS", "{half}");
    assert!(half["why"].as_str().is_some_and(|why| why.contains("missing")), "{half}");
    let texts = json!({ "en": "Thin bangles sell.", "sw": "Bangili nyembamba zinauzwa sana ĩ.", "am": "ቀጭን አምባሮች ይሸጣሉ።" });
    let (_, whole) = halima.posts(fit, &json!({ "what": "tip", "texts": texts })).await;
    let rows = whole["rows"].as_array().expect("rows").clone();
    let of = |lang: &str| rows.iter().find(|row| row["lang"] == lang).expect("a row").clone();
    assert_eq!((of("sw")["strange"].clone(), of("sw")["unit"].clone()), (json!(["ĩ"]), json!("units")));
    assert_eq!((of("am")["strange"].clone(), of("am")["most"].clone()), (json!([]), json!(70)));
    // What it says is what the form says when it is sent.
    let form = [
        ("do", "tip"),
        ("en", "Thin bangles sell."),
        ("sw", "Bangili nyembamba zinauzwa sana ĩ."),
        ("am", "ቀጭን አምባሮች ይሸጣሉ።"),
    ];
    let (status, page) = halima.sends("/desk/depot", &form).await;
    let why = whole["why"].as_str().expect("a letter too many");
    let shown = why.split(['`', '<', '>', '&', '"', '\'']).next().expect("a beginning");
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains(shown), "{why}: {page}");

    // Words on a piece, by number; in her language, in as many SMS as they go.
    let advice = json!({ "what": "advise", "listing": listing, "text": "Polish the edges, then it sells" });
    let (_, told) = halima.posts(fit, &advice).await;
    let sent = format!("Halima on {listing}: Polish the edges, then it sells");
    assert_eq!(
        (told["why"].clone(), told["rows"][0]["used"].as_u64()),
        (Value::Null, Some(sent.len() as u64))
    );
    let nothing = json!({ "what": "advise", "listing": "10018", "text": "Polish" });
    assert!(halima.posts(fit, &nothing).await.1["why"].as_str().is_some_and(|why| why.contains("no piece")));
    assert_eq!(achieng.got("Halima on"), 0, "typing sends nothing");
    halima
        .sends(
            "/desk/depot",
            &[("do", "advise"), ("listing", &listing), ("text", "Polish the edges, then it sells")],
        )
        .await;
    assert_eq!(achieng.reads("Halima on").await, sent);
    let (_, again) =
        halima.sends("/desk/depot", &[("do", "advise"), ("listing", "10018"), ("text", "Polish it")]).await;
    assert!(again.contains("Polish it") && again.contains("the five digits of a piece"), "{again}");
    assert_eq!(village.colleague("Juma").posts(fit, &advice).await.0, StatusCode::FORBIDDEN);
    village.closes().await;
}
