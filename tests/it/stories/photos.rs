//! Photographs: how they come to a listing, what is refused, and that nothing is sold unseen.

use super::{on_sale, open_stall};
use crate::support::photo::{Door, at_a_place, holds, picture};
use crate::support::village::{Village, until};
use reqwest::{Method, StatusCode};
use std::time::Duration;

/// Files of photographs in the village's store.
fn files(village: &Village) -> Vec<std::path::PathBuf> {
    let folder = std::fs::read_dir(village.data().join("photos"));
    folder.into_iter().flatten().map(|file| file.expect("a file").path()).collect()
}

/// The names of a listing's photographs, as an answer has them.
fn names(answer: &serde_json::Value) -> Vec<String> {
    let photos = answer["photos"].as_array().unwrap_or_else(|| panic!("{answer}"));
    photos.iter().map(|photo| photo["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn w100_a_photograph_comes_in_by_number_and_pass_and_nothing_else_does() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    let door = Door::of(&amina.asks(&format!("PHOTO {code}"), "/upload#").await);

    // Whoever has no pass, or a pass with a letter changed, is refused before anything is read.
    let other = if door.pass().ends_with('0') { "1" } else { "0" };
    let altered = format!("{}{other}", &door.pass()[..23]);
    for pass in ["", "nothing", &altered] {
        assert_eq!(door.with(pass).sends(&code, picture(1, 96, 72)).await.0, 401, "{pass}");
    }
    // A wrong digit is no number.
    let wrong = format!("{}{}", &code[..4], (code.as_bytes()[4] - b'0' + 1) % 10);
    let (status, answer) = door.sends(&wrong, picture(1, 96, 72)).await;
    assert_eq!((status.as_u16(), answer["error"]["code"].as_str()), (422, Some("number")));
    // Too much, no picture, half a picture.
    let (status, answer) = door.sends(&code, vec![0xFF; 20 * 1024 * 1024]).await;
    assert_eq!((status.as_u16(), answer["error"]["code"].as_str()), (413, Some("too_large")));
    assert_eq!(door.sends(&code, b"<html>not a picture</html>".to_vec()).await.0, 415);
    let half = picture(1, 96, 72)[..300].to_vec();
    assert_eq!(door.sends(&code, half).await.0, 422);
    assert!(files(&village).is_empty(), "{:?}", files(&village));

    // A good one, taken somewhere: it is there, and nobody learns where.
    let sent = at_a_place(&picture(1, 1400, 700));
    let (status, answer) = door.sends(&code, sent.clone()).await;
    assert_eq!(status, 201, "{answer}");
    achieng.reads("has its photo").await;
    assert_eq!(files(&village).len(), 3);
    for file in files(&village) {
        let octets = std::fs::read(&file).expect("a file");
        assert!(!holds(&octets, b"Exif") && !holds(&octets, b"GPS") && !holds(&octets, b"<x:xmpmeta"));
    }
    // The same again is the same.
    let again = door.sends(&code, sent).await;
    assert_eq!((again.0.as_u16(), names(&again.1)), (201, names(&answer)));
    assert_eq!(files(&village).len(), 3);

    amina.asks(&format!("OK {code}"), "is checked").await;
    achieng.reads("is on sale now").await;
    let (status, page) = village.shopper().opens(&format!("/piece/{code}")).await;
    assert_eq!(status, 200);
    let name = &names(&answer)[0];
    for width in [320, 640, 1280] {
        let path = format!("/photo/{name}.{width}.jpg");
        assert!(page.contains(&format!("{path} {width}w")), "{page}");
        let (status, headers, octets) = door.gets(&path).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "image/jpeg");
        assert!(headers["cache-control"].to_str().is_ok_and(|kept| kept.contains("immutable")));
        assert!(headers.contains_key("etag"));
        assert_eq!(image::load_from_memory(&octets).expect("a picture").width(), width);
    }
    for path in ["/photo/../store/lock", "/photo/nothing.320.jpg", &format!("/photo/{name}.999.jpg")] {
        assert_eq!(door.gets(path).await.0, 404, "{path}");
    }

    // A second one, which comes first from now on; the first is taken away, and its files after a while.
    let (_, answer) = door.sends(&code, picture(2, 96, 72)).await;
    let second = names(&answer)[1].clone();
    let (_, led) = door.changes(Method::POST, &format!("{code}/{second}/first")).await;
    assert_eq!(names(&led), [second.clone(), name.clone()]);
    let (_, left) = door.changes(Method::DELETE, &format!("{code}/{name}")).await;
    assert_eq!(names(&left), [second]);
    assert_eq!(village.clears_photos().await, 1);
    assert_eq!(files(&village).len(), 3);
    village.closes().await;
}

#[tokio::test]
async fn w101_a_listing_without_a_photograph_is_nowhere_in_the_shop() {
    let village = Village::open().await;
    let (achieng, amina, shopper) = (village.achieng().await, village.amina(), village.shopper());
    let seen = on_sale(&achieng, &amina, 500, 12).await;
    let unseen = achieng.lists("NECKLACE", "BRASS", 850, 12).await;
    let said = amina.asks(&format!("OK {unseen}"), "is checked").await;
    assert!(said.contains("when its photo is there") && said.contains(&format!("PHOTO {unseen}")), "{said}");
    let told = achieng.reads("passed its check").await;
    assert!(told.contains(&format!("PHOTO {unseen}")), "{told}");

    for page in ["/", "/?kind=necklace", "/?material=brass", "/?q=Achieng"] {
        let (_, text) = shopper.opens(page).await;
        assert!(text.contains(&seen) && !text.contains(&unseen), "{page}");
    }
    for page in [format!("/piece/{unseen}"), format!("/piece/{unseen}/many?quantity=12")] {
        assert_eq!(shopper.opens(&page).await.0, StatusCode::NOT_FOUND, "{page}");
    }
    let form = shopper.fills(&seen, 1).await.but("code", &unseen);
    let refused = shopper.sends(&form).await.expect_err("nobody has seen it");
    assert!(refused.0.is_client_error(), "{refused:?}");
    assert!(village.card.sessions().is_empty());

    // She has no camera; her nephew has. The link is hers, for this piece, for one photograph.
    let way = achieng.asks(&format!("PHOTO {unseen}"), "/upload#").await;
    let door = Door::of(&way);
    assert_eq!(door.sends(&seen, picture(3, 96, 72)).await.0, 403);
    assert_eq!(door.sends(&unseen, picture(3, 96, 72)).await.0, 201);
    achieng.reads("is on sale now").await;
    assert_eq!(door.sends(&unseen, picture(3, 96, 72)).await.0, 201, "a repeat is answered again");
    assert_eq!(door.sends(&unseen, picture(4, 96, 72)).await.0, 410);
    assert_eq!(shopper.opens(&format!("/piece/{unseen}")).await.0, StatusCode::OK);

    // A link that nobody used ends; nobody else's piece is hers to photograph; no secret is kept in words.
    let late = Door::of(&achieng.asks(&format!("PHOTO {seen}"), "/upload#").await);
    let messages = village.desk_text("messages").await;
    assert!(messages.contains("/upload#...") && !messages.contains(late.pass()), "{messages}");
    village.clock.advance(Duration::from_secs(49 * 3_600));
    assert_eq!(late.sends(&seen, picture(5, 96, 72)).await.0, 401);
    let wanjiru = village.wanjiru().await;
    let no = wanjiru.asks(&format!("PICHA {seen}"), &seen).await;
    assert!(!no.contains("/upload#"), "{no}");

    // Without its last photograph a piece leaves the shop.
    let door = Door::of(&amina.asks(&format!("PHOTO {seen}"), "/upload#").await);
    let (_, had) = door.changes(Method::GET, &seen).await;
    door.changes(Method::DELETE, &format!("{seen}/{}", names(&had)[0])).await;
    until("it is gone", || async {
        (shopper.opens(&format!("/piece/{seen}")).await.0 == StatusCode::NOT_FOUND).then_some(())
    })
    .await;
    village.closes().await;
}

#[tokio::test]
async fn by_keys_alone_the_way_to_a_photograph_comes_by_sms() {
    let (village, achieng, amina, code) = open_stall(850, 1).await;
    let sent = achieng.walks(&["4", "1", "1", "4"]).await;
    assert!(sent.contains("An SMS opens the page"), "{sent}");
    assert_eq!(Door::of(&achieng.reads("/upload#").await).sends(&code, picture(9, 96, 72)).await.0, 201);
    let other = achieng.lists("RING", "WOOD", 300, 1).await;
    amina.reads(&other).await;
    let good = amina.walks(&["4", "1", "1"]).await;
    assert!(good.contains("when its photo is there"), "{good}");
    let third = achieng.lists("EARRINGS", "BEADS", 300, 1).await;
    amina.reads(&third).await;
    let sent = amina.walks(&["4", "1", "3"]).await;
    assert!(sent.contains(&third), "{sent}");
    assert_eq!(Door::of(&amina.reads("/upload#").await).sends(&third, picture(8, 96, 72)).await.0, 201);
    let halima = village.halima();
    let link = Door::of(&halima.asks(&format!("PHOTO {other}"), "/upload#").await);
    assert_eq!(link.sends(&other, picture(7, 96, 72)).await.0, 201);
    achieng.reads("is on sale now").await;
    achieng.asks(&format!("DELETE {third}"), "is off sale").await;
    amina.asks(&format!("PHOTO {third}"), "no photo any more").await;
    village.closes().await;
}

#[tokio::test]
async fn w140_drafts_that_are_sent_twice_make_one_listing_with_two_photographs() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    let door = Door::of(&achieng.asks("PAGE", "/upload#").await);
    let (status, _, page) = door.gets("/upload").await;
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(status == 200 && page.contains("manifest") && !page.contains("<script>"), "{page}");
    for (path, kind) in [("worker.js", "text/javascript"), ("manifest.webmanifest", "application/manifest")] {
        let (status, headers, _) = door.gets(&format!("/upload/{path}")).await;
        assert_eq!(status, 200, "{path}");
        assert!(headers["content-type"].to_str().is_ok_and(|said| said.starts_with(kind)), "{path}");
    }

    let draft = r#"{"kind":"ring","stuff":"bone","price":640,"ready":4}"#;
    let (status, first) = door.lists("a-draft", draft).await;
    assert_eq!(status, 201, "{first}");
    let code = first["code"].as_str().expect("a number").to_owned();
    assert!(achieng.reads("Saved ").await.contains(&code));
    // The answer was lost on the way: the whole draft comes again.
    let (again, other) = tokio::join!(door.lists("a-draft", draft), door.lists("a-draft", draft));
    for (status, listing) in [again, other] {
        assert_eq!((status.as_u16(), listing["code"].as_str()), (201, Some(code.as_str())));
    }
    for seed in [1, 2, 2, 1] {
        assert_eq!(door.sends(&code, picture(seed, 96, 72)).await.0, 201);
    }
    // Her phone was without a network for long.
    village.clock.advance(Duration::from_secs(20 * 86_400));
    assert_eq!(door.lists("a-draft", draft).await.1["code"].as_str(), Some(code.as_str()));
    let rows = village.desk("listings").await;
    assert_eq!(rows["rows"].as_array().map(Vec::len), Some(1), "{rows}");
    let (_, listing) = door.changes(Method::GET, &code).await;
    assert_eq!(names(&listing).len(), 2);
    achieng.gets_exactly(1, "Saved ").await;
    amina.gets_exactly(1, "New listing").await;

    // What cannot be listed says why, and a kiosk lists nothing.
    let (status, no) = door.lists("dear", r#"{"kind":"ring","stuff":"bone","price":7,"ready":4}"#).await;
    assert_eq!((status.as_u16(), no["error"]["code"].as_str()), (422, Some("piece")));
    assert_eq!(door.lists("odd", r#"{"kind":"car","stuff":"bone","price":640,"ready":4}"#).await.0, 422);
    let kiosk = Door::of(&amina.asks("PAGE", "/upload#").await);
    assert_eq!(kiosk.lists("hers", draft).await.0, 422);
    village.closes().await;
}
