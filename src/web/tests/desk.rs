use super::*;
use crate::engine::port::BindView;
use crate::types::{Kes, Timestamp};
use crate::web::people::DeskRole;
use std::sync::atomic::Ordering;

impl Shop {
    async fn get_with(&self, address: &str, name: header::HeaderName, value: &str) -> Answer {
        let request = Request::get(address).header(name, value).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    async fn as_program(&self, address: &str) -> serde_json::Value {
        let answer = self.get_with(address, header::AUTHORIZATION, &format!("Bearer {KEY}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        serde_json::from_str(&answer.body).expect("JSON")
    }
}

const BEARER: &str = "Bearer a desk key of the tests";

const PATHS: [&str; 13] = [
    "/desk",
    "/desk/binds",
    "/desk/cash",
    "/desk/api/cash",
    "/desk/menus",
    "/desk/messages",
    "/desk/api/binds",
    "/desk/api/listings",
    "/desk/api/menus",
    "/desk/api/menus/files",
    "/desk/api/messages",
    "/desk/api/payouts",
    "/desk/api/trial-balance",
];

#[tokio::test]
async fn without_a_key_there_is_no_desk() {
    let shop = Shop::with(Stall::with_three_pieces(), Settings::default());
    for address in PATHS.iter().chain(&["/desk?key=", "/desk?key=anything"]) {
        let answer = shop.get_with(address, header::AUTHORIZATION, "Bearer ").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
    }
    assert_eq!(shop.post("/desk/key", &[("key", "")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_desk_is_closed_to_whoever_lacks_its_key() {
    let mut shop = Shop::new(Stall::with_three_pieces());
    for (name, value) in [
        (header::ACCEPT, "*/*"),
        (header::AUTHORIZATION, "Bearer wrong"),
        (header::AUTHORIZATION, "Bearer"),
        (header::AUTHORIZATION, "Basic YSBkZXNrIGtleQ=="),
        (header::COOKIE, "sokoni_desk=a desk key of the tests"),
        (header::COOKIE, "sokoni_desk=99999999999999.00"),
    ] {
        shop = Shop::new(Stall::with_three_pieces());
        for address in PATHS {
            let answer = shop.get_with(address, name.clone(), value).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{address} {value}");
            assert!(answer.header(header::WWW_AUTHENTICATE).starts_with("Bearer"), "{address}");
            assert!(!answer.body.contains("Akinyi"), "{address}");
        }
    }
    let answer = shop.get("/desk?key=wrong").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header(header::SET_COOKIE), "");
    let refused = shop.get("/desk/api/payouts").await;
    let body: serde_json::Value = serde_json::from_str(&refused.body).expect("JSON");
    assert_eq!(body["error"]["code"], "no_key");
}

#[tokio::test]
async fn wrong_keys_of_programs_are_counted_and_beyond_many_none_is_looked_at() {
    let shop = Shop::new(Stall::with_three_pieces());
    for nth in 0..60 {
        let answer =
            shop.get_with("/desk/api/payouts", header::AUTHORIZATION, &format!("Bearer wrong {nth}")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{nth}");
    }
    for key in ["Bearer one more", BEARER] {
        let answer = shop.get_with("/desk/api/payouts", header::AUTHORIZATION, key).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{key}");
    }
    shop.stall.now.fetch_add(1_000, Ordering::SeqCst);
    for _ in 0..3 {
        shop.as_program("/desk/api/payouts").await;
    }
}

#[tokio::test]
async fn a_page_of_another_site_that_asks_with_keys_costs_nobody_a_try_and_opens_nothing() {
    let shop = Shop::new(Stall::with_three_pieces());
    let site = header::HeaderName::from_static("sec-fetch-site");
    for nth in 0..200 {
        let address = format!("/desk?key=wrong{nth}");
        let answer = shop.get_with(&address, site.clone(), "cross-site").await;
        assert_eq!((answer.status, answer.header(header::SET_COOKIE)), (StatusCode::UNAUTHORIZED, ""));
    }
    let right = shop.get_with("/desk?key=a+desk+key+of+the+tests", site.clone(), "cross-site").await;
    assert_eq!((right.status, right.header(header::SET_COOKIE)), (StatusCode::UNAUTHORIZED, ""));
    shop.as_program("/desk/api/payouts").await;
    let typed = shop.get_with("/desk?key=a+desk+key+of+the+tests", site, "none").await;
    assert_eq!(typed.status, StatusCode::SEE_OTHER);
    assert_eq!(shop.post("/desk/key", &[("key", KEY)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn of_many_cookies_only_the_first_are_looked_at() {
    let shop = Shop::new(Stall::with_three_pieces());
    let answer = shop.post("/desk/key", &[("key", KEY)]).await;
    let pair = answer.header(header::SET_COOKIE).split(';').next().expect("a pair").to_owned();
    let other = format!("sokoni_desk={}", "0".repeat(64));
    let second = shop.get_with("/desk", header::COOKIE, &format!("{other}; {pair}")).await;
    assert_eq!(second.status, StatusCode::OK);
    let third = shop.get_with("/desk", header::COOKIE, &format!("{other}; {other}; {pair}")).await;
    assert_eq!(third.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_leaves_without_having_been_there_knocks_like_everybody() {
    let shop = Shop::new(Stall::with_three_pieces());
    let answer = shop.post("/desk/key", &[("key", KEY)]).await;
    let pair = answer.header(header::SET_COOKIE).split(';').next().expect("a pair").to_owned();
    let mut last = StatusCode::OK;
    for _ in 0..70 {
        last = shop.post("/desk/leave", &[]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let request = posted("/desk/leave").header(header::COOKIE, pair).body(Body::empty());
    assert_eq!(
        shop.send(request.expect("a request")).await.status,
        StatusCode::SEE_OTHER,
        "who was there leaves"
    );
}

#[tokio::test]
async fn a_browser_is_let_in_once_and_keeps_a_cookie_that_hides_the_key() {
    let shop = Shop::new(Stall::with_three_pieces());
    let by_address = shop.get("/desk?key=a+desk+key+of+the+tests").await;
    let by_form = shop.post("/desk/key", &[("key", KEY)]).await;
    for answer in [by_address, by_form] {
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header(header::LOCATION), "/desk");
        let cookie = answer.header(header::SET_COOKIE).to_owned();
        assert!(cookie.contains("HttpOnly; SameSite=Strict") && cookie.contains("Path=/desk"), "{cookie}");
        assert!(!cookie.contains("desk key"), "{cookie}");
        let pair = cookie.split(';').next().expect("a pair");
        assert_eq!(shop.get_with("/desk", header::COOKIE, pair).await.status, StatusCode::OK);
        assert_eq!(shop.get_with("/desk/api/payouts", header::COOKIE, pair).await.status, StatusCode::OK);

        let now = shop.stall.now.fetch_add(13 * 3_600_000, Ordering::SeqCst);
        assert_eq!(shop.get_with("/desk", header::COOKIE, pair).await.status, StatusCode::UNAUTHORIZED);
        shop.stall.now.store(now, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_person_of_the_desk_is_named_and_does_what_her_roles_allow() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("people.toml");
    let mut roll = crate::web::people::Roll::default();
    for (name, role) in
        [("Halima", DeskRole::Liaison), ("Juma", DeskRole::Reader), ("Otieno", DeskRole::Treasurer)]
    {
        roll.add(name, [role].into(), &format!("the key of {name}").into()).expect("a person");
    }
    std::fs::write(&file, toml::to_string(&roll).expect("toml")).expect("written");
    let settings = Settings { desk_people_file: Some(file), ..Settings::default() };
    let shop = Shop::with(Stall::with_three_pieces(), settings);
    let again = async |name: &str| {
        let request =
            posted("/desk/messages/again").header("authorization", format!("Bearer the key of {name}"));
        shop.send(request.body(body_of(&[("id", "0a0c")])).expect("a request")).await
    };
    let page = shop.get_with("/desk", header::AUTHORIZATION, "Bearer the key of Juma").await;
    assert!(
        page.status == StatusCode::OK && page.body.contains("data-testid=\"who\">Juma<"),
        "{}",
        page.body
    );
    assert_eq!(again("Halima").await.status, StatusCode::SEE_OTHER);
    for (name, takes) in [("Juma", "liaison, operator or treasurer"), ("Otieno", "the role of liaison")] {
        let refused = again(name).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
        assert!(
            refused.body.contains(takes) && refused.body.contains("Nothing was changed"),
            "{}",
            refused.body
        );
    }
    assert_eq!(again("nobody").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(*shop.stall.sent_again.lock().expect("unpoisoned"), ["0a0c"]);

    let let_in = shop.post("/desk/key", &[("key", "the key of Juma")]).await;
    let cookie = let_in.header(header::SET_COOKIE).split(';').next().unwrap_or_default().to_owned();
    assert!(!cookie.contains("Juma") && !cookie.contains("key of"), "{cookie}");
    assert_eq!(shop.get_with("/desk", header::COOKIE, &cookie).await.status, StatusCode::OK);
    let left = shop.post("/desk/leave", &[]).await;
    assert!(
        left.header(header::SET_COOKIE).starts_with("sokoni_desk=; ")
            && left.header(header::SET_COOKIE).contains("Max-Age=0")
    );
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure() {
    let settings = Settings {
        desk_key: Some(KEY.to_owned().into()),
        public_url: "https://shop.example".to_owned(),
        ..Settings::default()
    };
    let shop = Shop::with(Stall::empty(), settings.clone());
    let answer = shop.post("/desk/key", &[("key", KEY)]).await;
    assert!(answer.header(header::SET_COOKIE).ends_with("; Secure"));

    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { desk_people_file: Some(folder.path().join("people.toml")), ..settings };
    let shop = Shop::with(Stall::empty(), settings.clone());
    let refused = shop.post("/desk/key", &[("key", KEY)]).await;
    assert_eq!(
        refused.status,
        StatusCode::UNAUTHORIZED,
        "where people have passwords, a key is for programs"
    );
    assert!(refused.header(header::SET_COOKIE).is_empty() && !refused.body.contains("/desk/key"));
    assert_eq!(shop.get_with("/desk/binds", header::AUTHORIZATION, BEARER).await.status, StatusCode::OK);
    let shop = Shop::with(Stall::empty(), Settings { desk_key_in_browser: Some(true), ..settings });
    assert_eq!(shop.post("/desk/key", &[("key", KEY)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_desk_shows_what_waits_what_is_open_and_that_the_books_balance() {
    let shop = Shop::new(Stall::with_three_pieces());
    let answer = shop.get_with("/desk", header::AUTHORIZATION, &format!("Bearer {KEY}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    for text in [
        "<strong>1</strong> <a href=\"/desk/books/listings?state=waiting\">waiting for their check</a>",
        "<strong>1</strong> <a href=\"/desk/books/payouts?state=open\">payout open</a>",
        "data-testid=\"trial-sum\" data-cents=\"0\"",
        "the books balance",
        "42 min",
        "SJK3ABCDEF",
        "+2547*****101",
        "artisan:ak",
    ] {
        assert!(answer.body.contains(text), "{text}");
    }
    assert_eq!(answer.body.matches("data-code=\"10046\"").count(), 2, "among the waiting and among all");
}

#[tokio::test]
async fn books_that_do_not_balance_are_shown_as_such() {
    let stall = Stall::with_three_pieces();
    stall.balance.lock().expect("unpoisoned")[0].balance = Kes::minor(499_999);
    let shop = Shop::new(stall);
    let answer = shop.get_with("/desk", header::AUTHORIZATION, &format!("Bearer {KEY}")).await;
    assert!(answer.body.contains("the books do not balance") && answer.body.contains("data-cents=\"-1\""));
    assert_eq!(shop.as_program("/desk/api/trial-balance").await["sum"], -1);
}

#[tokio::test]
async fn programs_read_the_same_in_cents() {
    let shop = Shop::new(Stall::with_three_pieces());
    let listings = shop.as_program("/desk/api/listings").await;
    assert_eq!(listings["unit"], "cent");
    assert_eq!(listings["rows"][0]["code"], "10046");
    assert_eq!(listings["rows"][0]["price"], 85_000);
    let payouts = shop.as_program("/desk/api/payouts").await;
    assert_eq!(payouts["rows"][0]["state"], "unknown");
    assert_eq!(payouts["rows"][1]["reference"], "SJK3ABCDEF");
    let trial = shop.as_program("/desk/api/trial-balance").await;
    assert_eq!(trial["debits"], 500_000);
    assert_eq!(trial["credits"], 500_000);
    assert_eq!(trial["sum"], 0);
    assert_eq!(trial["rows"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn messages_are_shown_with_what_became_of_them_and_looked_for_by_phone_and_state() {
    let shop = Shop::new(Stall::with_three_pieces());
    let page = |address: &'static str| shop.get_with(address, header::AUTHORIZATION, BEARER);
    let all = page("/desk/messages").await;
    assert_eq!(all.status, StatusCode::OK);
    for text in [
        "data-state=\"delivered\"",
        "Order 104233 &#60;b&#62;",
        "the operator could not deliver it (error 27)",
        "1A53FD4D",
        "before=0a0b",
    ] {
        assert!(all.body.contains(text), "{text}: {}", all.body);
    }
    let failed = page("/desk/messages?phone=0700000101&state=failed&before=0a0b").await.body;
    assert!(!failed.contains("104233") && !failed.contains("before=") && failed.contains("0700000101"));
    let wrong = page("/desk/messages?phone=nobody").await;
    assert_eq!(wrong.status, StatusCode::OK);
    assert!(wrong.body.contains("a phone number is digits"), "{}", wrong.body);
    let rows = shop.as_program("/desk/api/messages?state=failed").await;
    assert_eq!((&rows["rows"][0]["ids"][0], &rows["older"]), (&"1A53FD4D".into(), &"0a0b".into()));
    let refused = page("/desk/api/messages?phone=nobody").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_text_that_was_given_up_is_sent_again_by_who_has_the_key_and_by_no_other_site() {
    let shop = Shop::new(Stall::with_three_pieces());
    let again = async |id: &str, site: &str, bearer: &str| {
        let request = posted("/desk/messages/again")
            .header("sec-fetch-site", site)
            .header(header::AUTHORIZATION, bearer)
            .body(body_of(&[("id", id)]));
        shop.send(request.expect("a request")).await
    };
    assert_eq!(again("0a0c", "same-origin", "Bearer wrong").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(again("0a0c", "cross-site", BEARER).await.status, StatusCode::FORBIDDEN);
    assert!(shop.stall.sent_again.lock().expect("unpoisoned").is_empty());
    let done = again("0a0c", "same-origin", BEARER).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.header(header::LOCATION), "/desk/messages?state=parked");
    assert_eq!(*shop.stall.sent_again.lock().expect("unpoisoned"), ["0a0c"]);
    assert_eq!(again("0a0d", "same-origin", BEARER).await.status, StatusCode::NOT_FOUND);

    let page = shop.get_with("/desk/messages?state=given_up", header::AUTHORIZATION, BEARER).await.body;
    assert!(page.contains("Send again") && page.contains("name=\"id\" value=\"00\""), "{page}");
    let page = shop.get_with("/desk/messages?state=failed", header::AUTHORIZATION, BEARER).await.body;
    assert!(page.contains("104242") && !page.contains("Send again"), "only what was given up");
}

/// One bind that carries traffic and one that was refused.
fn binds() -> Vec<BindView> {
    let up = BindView {
        gateway: "safari".into(),
        bind: 1,
        mode: "transceiver",
        state: "bound",
        since: Timestamp::from_millis(0),
        reason: None,
        failed: None,
        worked: None,
        peer: Some("USSDGW".to_owned()),
        version: Some("5.0"),
        tls: true,
        window_used: 12,
        window: 64,
        held: 0,
        throttled_since: Some(Timestamp::from_millis(1)),
        counters: [("screens", 7), ("sms_out", 3)].into(),
    };
    let down = BindView {
        gateway: "hub".into(),
        state: "refused",
        reason: Some("bind refused: <Rinvpaswd>".to_owned()),
        peer: None,
        version: None,
        tls: false,
        window_used: 0,
        throttled_since: None,
        ..up.clone()
    };
    let http = BindView {
        gateway: "at".into(),
        mode: "http",
        state: "open",
        reason: Some("at says 500 InternalServerError".to_owned()),
        failed: Some(Timestamp::from_millis(1_800_000_000_000)),
        worked: Some(Timestamp::from_millis(1_800_000_060_000)),
        version: None,
        window_used: 4,
        held: 9,
        throttled_since: None,
        ..up.clone()
    };
    vec![up, down, http]
}

#[tokio::test]
async fn the_desk_shows_every_bind_with_its_state_and_the_reason_it_is_down() {
    let shop = Shop::bound_to(binds());
    let answer = shop.get_with("/desk/binds", header::AUTHORIZATION, &format!("Bearer {KEY}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    for text in [
        "<strong>2</strong> of 3 connections bound or open",
        "data-gateway=\"at\" data-state=\"open\"",
        "at says 500 InternalServerError",
        "last did its work 15 ",
        "4 of 64 <span class=\"soft\">9 wait",
        "HTTP, TLS",
        "data-gateway=\"safari\" data-state=\"bound\"",
        "data-gateway=\"hub\" data-state=\"refused\"",
        "Rinvpaswd",
        "12 of 64",
        "SMPP 5.0, TLS",
        "USSDGW",
        "told to slow down",
    ] {
        assert!(answer.body.contains(text), "{text}");
    }
    assert!(!answer.body.contains("<Rinvpaswd>"), "what a peer says is never markup");
}

#[tokio::test]
async fn programs_read_the_binds_too() {
    let rows = Shop::bound_to(binds()).as_program("/desk/api/binds").await;
    assert_eq!(rows["rows"][0]["counters"]["screens"], 7);
    assert_eq!((&rows["rows"][0]["window_used"], &rows["rows"][0]["window"]), (&12.into(), &64.into()));
    assert_eq!(rows["rows"][1]["reason"], "bind refused: <Rinvpaswd>");
    assert!(rows["rows"][1]["throttled_since"].is_null());
}

#[tokio::test]
async fn a_kiosk_that_was_stopped_is_seen_on_the_desk_and_let_pay_again_there() {
    let shop = Shop::new(Stall::with_three_pieces());
    let page = shop.get_with("/desk", header::AUTHORIZATION, BEARER).await.body;
    assert!(page.contains("kiosk stopped: cash denied"), "{page}");
    let page = shop.get_with("/desk/cash", header::AUTHORIZATION, BEARER).await.body;
    assert_eq!(page.matches("Let it pay again").count(), 1, "{page}");
    let rows = shop.as_program("/desk/api/cash").await;
    assert_eq!((&rows["rows"][0]["state"], &rows["rows"][0]["amount"]), (&"denied".into(), &50_000.into()));
}
