//! Dialogs on the desk: a list, one screen by screen, what they add up to.

use super::*;
use crate::engine::shopfront::ShopError;
use crate::engine::tapes::desk::{
    DialogLine, DialogPage, DialogScreen, DialogStep, DialogView, Dialogs, DialogsWish, JobStats,
    ScreenStats, Stats,
};
use crate::engine::tapes::export::{TapePage, TapesWish};
use crate::types::{DialogId, Lang, Timestamp};
use futures_util::future::BoxFuture;

/// One dialog of Achieng's.
struct Recorded;

fn line() -> DialogLine {
    DialogLine {
        id: "d1".to_owned(),
        phone: "25470****101".to_owned(),
        who: Some("Achieng <Otieno>".to_owned()),
        gateway: "safari".to_owned(),
        tree: "artisan".to_owned(),
        graph: "3fa2c1d0aa".to_owned(),
        begun: Timestamp::from_millis(1_798_745_400_000),
        last: Timestamp::from_millis(1_798_745_430_000),
        state: "ended".to_owned(),
        at: "sell.done".to_owned(),
        screens: 2,
        sms_parts: 1,
        did: vec!["listing.create: ok".to_owned()],
    }
}

fn step(what: &str, typed: &str, text: &str) -> DialogStep {
    let screen = DialogScreen {
        block: "sell.done".to_owned(),
        lang: Lang::EN,
        text: text.to_owned(),
        septets: Some(text.len()),
        limit: 160,
        last: what == "presses",
    };
    DialogStep {
        at: line().begun,
        after_ms: 4_200,
        what: what.to_owned(),
        typed: typed.to_owned(),
        refused: typed == "****",
        screen: Some(screen),
        outcomes: vec!["listing.create: ok".to_owned()],
        sms: Some(("listing_saved".to_owned(), 1)),
        messages: Vec::new(),
    }
}

impl Dialogs for Recorded {
    fn dialogs(&self, wish: DialogsWish) -> BoxFuture<'_, Result<DialogPage, ShopError>> {
        let wrong = wish.phone.as_deref() == Some("nobody");
        let why = "write a number such as 0712345678".to_owned();
        let page = DialogPage { rows: vec![line()], older: Some("d0".to_owned()) };
        Box::pin(async move { if wrong { Err(ShopError::Field { field: "phone", why }) } else { Ok(page) } })
    }

    fn dialog(&self, id: String) -> BoxFuture<'_, Result<DialogView, ShopError>> {
        let steps = vec![step("dials", "*483*57#", "Hello\n1 Sell"), step("presses", "****", "Saved <b>")];
        let view = DialogView { line: line(), steps, proof: "same".to_owned() };
        Box::pin(async move { if id == "d1" { Ok(view) } else { Err(ShopError::NotFound) } })
    }

    fn dialog_stats(&self, days: u32) -> BoxFuture<'_, Result<Stats, ShopError>> {
        let (tree, block) = ("artisan".to_owned(), "sell.price".to_owned());
        let screens = vec![ScreenStats {
            tree: tree.clone(),
            block,
            shown: 8,
            left: 1,
            answer_ms: Some(9_500),
            ..ScreenStats::default()
        }];
        let (end, action) = ("sell.done".to_owned(), "listing.create".to_owned());
        let jobs = vec![JobStats { tree, end, action, done: 3, screens: 7, millis: 61_000, sms_parts: 1 }];
        let stats = Stats { dialogs: u64::from(days), screens, jobs, ..Stats::default() };
        Box::pin(async move { Ok(stats) })
    }

    fn tapes(&self, wish: TapesWish) -> BoxFuture<'_, Result<TapePage, ShopError>> {
        let next = wish.after.is_none().then(|| DialogId::derived("next"));
        Box::pin(async move { Ok(TapePage { rows: Vec::new(), next }) })
    }
}

fn desk() -> Shop {
    let settings = Settings { desk_key: Some(KEY.to_owned().into()), ..Settings::default() };
    let stall = Arc::new(Stall::empty());
    let around =
        Surroundings { clock: stall.clone(), dialogs: Arc::new(Recorded), ..Surroundings::default() };
    let router = router_in(stall.clone(), settings, around);
    Shop { stall, router }
}

impl Shop {
    async fn on_the_desk(&self, address: &str) -> Answer {
        let request = Request::get(address).header(header::AUTHORIZATION, format!("Bearer {KEY}"));
        self.send(request.body(Body::empty()).expect("a request")).await
    }
}

#[tokio::test]
async fn the_desk_lists_dialogs_and_leads_to_each() {
    let desk = desk();
    let page = desk.on_the_desk("/desk/dialogs?phone=0712345678&state=ended").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        r#"href="/desk/dialogs/d1""#,
        "Achieng &#60;Otieno&#62;",
        "listing.create: ok",
        "31 Dec 2026, 22:30",
        r#"value="ended" selected"#,
        "before=d0",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let wrong = desk.on_the_desk("/desk/dialogs?phone=nobody").await;
    assert_eq!(wrong.status, StatusCode::OK);
    assert!(wrong.body.contains("write a number such as"), "{}", wrong.body);
}

#[tokio::test]
async fn a_dialog_is_shown_screen_by_screen_with_stars_for_what_may_be_a_pin() {
    let desk = desk();
    let page = desk.on_the_desk("/desk/dialogs/d1").await;
    for part in [
        "She dials <kbd>*483*57#</kbd>",
        "after 5 s",
        "<kbd>****</kbd>",
        "not understood",
        "Saved &#60;b&#62;</pre>",
        "the last screen",
        "SMS listing_saved, 1 part<",
        "every screen is the same",
        "artisan 3fa2c1d0,",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(desk.on_the_desk("/desk/dialogs/d2").await.status, StatusCode::NOT_FOUND);
    let json = desk.on_the_desk("/desk/api/dialogs/d1").await;
    let json: serde_json::Value = serde_json::from_str(&json.body).expect("JSON");
    assert_eq!((&json["id"], &json["steps"][1]["screen"]["text"]), (&"d1".into(), &"Saved <b>".into()));
}

#[tokio::test]
async fn figures_are_about_the_days_that_were_asked_for() {
    let desk = desk();
    let page = desk.on_the_desk("/desk/dialogs/stats?days=30").await;
    for part in ["<strong>30</strong> dialogs", "12.5 %", "10 s", "61 s", "listing.create"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let json = desk.on_the_desk("/desk/api/dialogs/stats").await;
    let json: serde_json::Value = serde_json::from_str(&json.body).expect("JSON");
    assert_eq!((&json["dialogs"], &json["jobs"][0]["screens"]), (&7.into(), &7.into()));
}

#[tokio::test]
async fn what_was_recorded_is_handed_out_page_by_page() {
    let desk = desk();
    let first = desk.on_the_desk("/desk/api/dialogs/tapes?since=1795000000000").await;
    let page: TapePage = serde_json::from_str(&first.body).expect("a page");
    let next = page.next.expect("there is more");
    let last = desk.on_the_desk(&format!("/desk/api/dialogs/tapes?after={next}")).await;
    assert_eq!(serde_json::from_str::<TapePage>(&last.body).expect("a page").next, None);
    assert_eq!(
        desk.on_the_desk("/desk/api/dialogs/tapes?since=soon").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn dialogs_are_closed_to_whoever_lacks_the_key() {
    let desk = desk();
    for address in ["", "/d1", "/stats", "/tapes"] {
        for prefix in ["/desk/dialogs", "/desk/api/dialogs"] {
            let answer = desk.get(&format!("{prefix}{address}")).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{prefix}{address}");
            assert!(!answer.body.contains("Achieng"), "{prefix}{address}");
        }
    }
}
