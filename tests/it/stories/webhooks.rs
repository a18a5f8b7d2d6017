//! Partners' addresses are told what happens: signed, again until they take it, once for each event.

use super::open_stall;
use crate::support::partner::{Partner, order};
use crate::support::village::{Village, client, until};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

const SCOPES: &[&str] = &["catalogue:read", "orders:write", "orders:read", "webhooks:write"];
const HOOKS: &str = "/api/v1/webhooks";

/// How an address takes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Manner {
    /// It says so.
    Says(u16),
    /// It leads elsewhere.
    Leads(String),
    /// It says nothing until it is told to go on.
    Silent,
    /// It says yes, and falls over before the end.
    Breaks,
    /// It says yes, and does not stop talking.
    Endless,
}

/// A call as it came: its headers, its body, and how it was taken.
#[derive(Clone)]
struct Call {
    headers: HeaderMap,
    body: String,
    manner: Manner,
}

impl Call {
    fn said(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Whether `Sokoni-Signature` proves it, as docs/API.md tells partners to find out, at this second.
    fn is_proven(&self, secret: &str, body: &str, now_s: i64) -> bool {
        let header = self.headers["sokoni-signature"].to_str().expect("text");
        let (at, hex) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("its form");
        let octet = |place: usize| u8::from_str_radix(hex.get(place..place + 2)?, 16).ok();
        let given: Vec<u8> = (0..64).step_by(2).map(|place| octet(place).expect("hexadecimal")).collect();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
        mac.update(format!("{at}.{body}").as_bytes());
        let age = now_s - at.parse::<i64>().expect("a time");
        hex.len() == 64 && mac.verify_slice(&given).is_ok() && (0..=300).contains(&age)
    }
}

/// A partner's address.
#[derive(Clone)]
struct Ear {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    manner: Arc<Mutex<Manner>>,
    go_on: Arc<Notify>,
}

impl Ear {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/told", listener.local_addr().expect("its address"));
        let manner = Arc::new(Mutex::new(Manner::Says(200)));
        let ear = Self { url, calls: Arc::default(), manner, go_on: Arc::default() };
        let own = ear.clone();
        let told = async move |headers: HeaderMap, body: String| own.answer(headers, body).await;
        let router = axum::Router::new().route("/told", post(told));
        tokio::spawn(async move { axum::serve(listener, router).await });
        ear
    }

    async fn answer(&self, headers: HeaderMap, body: String) -> Response {
        let manner = self.manner.lock().expect("unpoisoned").clone();
        let goes_on = self.go_on.notified();
        self.calls.lock().expect("unpoisoned").push(Call { headers, body, manner: manner.clone() });
        match manner {
            Manner::Says(status) => StatusCode::from_u16(status).expect("a status").into_response(),
            Manner::Leads(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
            Manner::Silent => {
                goes_on.await;
                StatusCode::OK.into_response()
            }
            Manner::Breaks => {
                let end = Err::<Bytes, _>(std::io::Error::other("it fell over"));
                Body::from_stream(stream::iter([Ok(Bytes::from_static(b"ye")), end])).into_response()
            }
            Manner::Endless => {
                let again = || Ok::<_, std::io::Error>(Bytes::from_static(&[b'y'; 4_096]));
                Body::from_stream(stream::repeat_with(again)).into_response()
            }
        }
    }

    fn is(&self, manner: Manner) {
        *self.manner.lock().expect("unpoisoned") = manner;
        self.go_on.notify_waiters();
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("unpoisoned").clone()
    }

    /// Calls of this kind that were taken.
    fn taken(&self, kind: &str) -> Vec<Value> {
        let taken = self.calls().into_iter().filter(|call| call.manner == Manner::Says(200));
        taken.map(|call| call.said()).filter(|said| said["type"] == kind).collect()
    }

    async fn hears(&self, kind: &str) -> Value {
        until(&format!("{kind} is heard"), || async { self.taken(kind).pop() }).await
    }

    async fn is_called(&self) -> Call {
        until("it is called", || async { self.calls().pop() }).await
    }
}

async fn registers(partner: &Partner, once: &str, url: &str, events: &[&str]) -> Value {
    let wish = json!({ "url": url, "events": events });
    let made = partner.posts(HOOKS, Some(once), &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.body
}

/// Orders a piece and pays; the order's number.
async fn buys(partner: &Partner, listing: &str, once: &str) -> Value {
    let begun = partner.posts("/api/v1/orders", Some(once), &order(listing, 1)).await;
    let pay = begun.body["payment_url"].as_str().expect("where it is paid");
    let form = [("card", "4242 4242 4242 4242")];
    let answer = client().post(pay).form(&form).send().await.expect("the processor answers");
    assert!(answer.status().is_redirection(), "{}", answer.status());
    begun.body
}

#[tokio::test]
async fn an_event_comes_signed_and_again_after_a_failure_and_once_when_it_was_taken() {
    let (village, maker, _, listing) = open_stall(850, 3).await;
    let (partner, ear) = (village.partner("Kikoy Store", SCOPES), Ear::open().await);
    let made = registers(&partner, "hook-0001", &ear.url, &["order.paid", "order.step"]).await;
    assert_eq!(registers(&partner, "hook-0001", &ear.url, &["order.step", "order.paid"]).await, made);
    let other = json!({ "url": ear.url, "events": ["order.paid"] });
    assert_eq!(partner.posts(HOOKS, Some("hook-0001"), &other).await.problem(), (422, "key-used"));
    assert_eq!(partner.gets(HOOKS).await["items"], json!([made["webhook"]]));

    ear.is(Manner::Says(500));
    let begun = buys(&partner, &listing, "order-0001").await;
    ear.is_called().await;
    ear.is(Manner::Says(200));
    village
        .passes_time_until("it is told again", || {
            !ear.taken("order.paid").is_empty() && !ear.taken("order.step").is_empty()
        })
        .await;
    let paid = ear.taken("order.paid");
    assert_eq!((paid.len(), &paid[0]["data"]["id"]), (1, &begun["id"]));
    let secret = made["secret"].as_str().expect("a secret");
    let now = sokoni::types::Clock::now(&*village.clock).millis() / 1_000;
    for call in ear.calls() {
        assert!(call.is_proven(secret, &call.body, now), "{:?}", call.headers);
        assert!(!call.is_proven(secret, &call.body.replace("order", "0rder"), now));
        assert!(!call.is_proven(&secret.replace("whsec_", "whsec-"), &call.body, now));
    }
    let first = &ear.calls()[0];
    assert_eq!(first.manner, Manner::Says(500));
    let same = |call: &Call| call.said()["id"] == first.said()["id"] && call.body != first.body;
    assert!(!ear.calls().iter().any(same), "the same octets at every try");
    assert!(ear.calls().iter().filter(|call| call.body == first.body).count() >= 2, "it came again");

    let number = maker.is_offered().await;
    maker.takes(&number).await;
    until("each step is told", || async {
        let steps = ear.taken("order.step");
        steps
            .iter()
            .any(|said| said["data"]["step"] == "accepted" && said["data"]["code"] == number.as_str())
            .then_some(())
    })
    .await;
    let mut ids: Vec<String> = ["order.paid", "order.step"]
        .iter()
        .flat_map(|kind| ear.taken(kind))
        .map(|said| said["id"].to_string())
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "what was taken does not come again");
    village.closes().await;
}

#[tokio::test]
async fn partners_hear_of_their_own_orders_and_nobody_hears_once_a_key_or_an_address_is_gone() {
    let (mut village, _, _, listing) = open_stall(850, 6).await;
    let (kikoy, duka) = (village.partner("Kikoy Store", SCOPES), village.partner("Duka", SCOPES));
    let (one, other) = (Ear::open().await, Ear::open().await);
    let events = ["order.paid", "listing.changed"];
    let made = registers(&kikoy, "hook-0001", &one.url, &events).await;
    registers(&duka, "hook-0001", &other.url, &events).await;
    let begun = buys(&kikoy, &listing, "order-0001").await;
    assert_eq!(one.hears("order.paid").await["data"]["id"], begun["id"]);
    let changed = other.hears("listing.changed").await;
    assert_eq!(changed["data"], json!({ "code": listing, "on_sale": true, "ready": 5 }));
    // What the shop itself sells is nobody's.
    village.shopper().buys(&listing, 1).await;
    // Addresses outlive a restart.
    village.restart().await;
    let begun = buys(&duka, &listing, "order-0001").await;
    assert_eq!(other.hears("order.paid").await["data"]["id"], begun["id"]);
    assert_eq!((one.taken("order.paid").len(), other.taken("order.paid").len()), (1, 1));

    let at = format!("{HOOKS}/{}", made["webhook"]["id"].as_str().expect("an id"));
    assert_eq!(duka.asks(Method::DELETE, &at, None, None).await.problem(), (404, "not-found"));
    assert_eq!(kikoy.asks(Method::DELETE, &at, None, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(kikoy.reads(&at).await.problem(), (404, "not-found"));
    village.keys(&["revoke", "Duka"]);
    buys(&kikoy, &listing, "order-0002").await;
    let njeri = village.colleague("Njeri");
    until("nothing is on its way any more", || async {
        njeri.has(&["api", "webhooks", "list"]).await.contains(": 0 wait, 0 set aside").then_some(())
    })
    .await;
    assert_eq!((one.taken("order.paid").len(), other.taken("order.paid").len()), (1, 1));
    village.closes().await;
}

#[tokio::test]
async fn what_an_address_never_takes_is_set_aside_after_three_days_and_may_go_again() {
    let (village, _, _, listing) = open_stall(850, 2).await;
    let (partner, ear) = (village.partner("Kikoy Store", SCOPES), Ear::open().await);
    let made = registers(&partner, "hook-0001", &ear.url, &["order.paid"]).await;
    let id = made["webhook"]["id"].as_str().expect("an id");
    ear.is(Manner::Says(500));
    buys(&partner, &listing, "order-0001").await;
    let njeri = village.colleague("Njeri");
    let said = until("it is set aside", || async {
        village.clock.advance(Duration::from_secs(2 * 3_600));
        let said = njeri.has(&["api", "webhooks", "list"]).await;
        said.contains("1 set aside").then_some(said)
    })
    .await;
    assert!(
        said.starts_with(&format!("{id} of ")) && said.ends_with("0 wait, 1 set aside: it answered 500\n"),
        "{said}"
    );
    let tries = ear.calls().len();
    assert!((5..=24).contains(&tries), "{tries} tries");
    ear.is(Manner::Says(200));
    // After its last failure an address is left alone for a quarter of an hour.
    village.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(njeri.has(&["api", "webhooks", "again", id]).await, "events that go again: 1\n");
    ear.hears("order.paid").await;
    assert!(njeri.types(&["api", "webhooks", "again", "nobody"]).await.is_err());

    let removed = njeri.has(&["api", "webhooks", "remove", id]).await;
    assert_eq!(removed, format!("nothing is told to {id} any more\n"));
    assert_eq!(njeri.has(&["api", "webhooks", "list"]).await, "");
    assert!(njeri.types(&["api", "webhooks", "remove", id]).await.is_err());
    assert_eq!(partner.gets(HOOKS).await["items"], json!([]));
    village.closes().await;
}

#[tokio::test]
async fn an_address_that_says_nothing_holds_up_nobody() {
    let (village, maker, _, listing) = open_stall(850, 9).await;
    let (kikoy, duka) = (village.partner("Kikoy Store", SCOPES), village.partner("Duka", SCOPES));
    let (silent, other) = (Ear::open().await, Ear::open().await);
    silent.is(Manner::Silent);
    // More events than calls may be under way at once.
    for hook in 0..4 {
        let events = ["listing.changed", "order.paid", "order.step"];
        registers(&kikoy, &format!("hook-000{hook}"), &silent.url, &events[..=hook % 3]).await;
    }
    registers(&duka, "hook-0001", &other.url, &["listing.changed"]).await;
    for order in 0..5 {
        buys(&kikoy, &listing, &format!("order-000{order}")).await;
        let left = 8 - order;
        until("the other one is told", || async {
            let told = other.taken("listing.changed");
            told.iter().any(|said| said["data"]["ready"] == left).then_some(())
        })
        .await;
    }
    // Texts and money go on, too.
    let number = maker.is_offered().await;
    maker.takes(&number).await;
    assert!(silent.calls().iter().all(|call| call.manner == Manner::Silent) && !silent.calls().is_empty());
    silent.is(Manner::Says(200));
    village.closes().await;
}

#[tokio::test]
async fn what_leads_elsewhere_falls_over_or_does_not_end_is_no_answer() {
    let (village, _, _, listing) = open_stall(850, 3).await;
    let partner = village.partner("Kikoy Store", SCOPES);
    let (ear, elsewhere) = (Ear::open().await, Ear::open().await);
    registers(&partner, "hook-0001", &ear.url, &["order.paid"]).await;
    let manners = [Manner::Leads(elsewhere.url.clone()), Manner::Breaks, Manner::Endless];
    ear.is(manners[0].clone());
    buys(&partner, &listing, "order-0001").await;
    for (tries, manner) in manners.iter().enumerate() {
        ear.is(manner.clone());
        let so = || ear.calls().iter().filter(|call| call.manner == *manner).count() >= 1;
        village.passes_time_until(&format!("{tries} tries were nothing, and it comes again"), so).await;
    }
    ear.is(Manner::Says(200));
    village.passes_time_until("it is taken", || !ear.taken("order.paid").is_empty()).await;
    let calls = ear.calls();
    assert!(calls.iter().all(|call| call.body == calls[0].body));
    assert_eq!(ear.taken("order.paid").len(), 1);
    assert!(elsewhere.calls().is_empty(), "nobody follows");
    village.closes().await;
}

#[tokio::test]
async fn no_address_leads_into_the_house() {
    let village = Village::open().await;
    let partner = village.partner("Kikoy Store", SCOPES);
    for url in [
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
        "http://partner.example/",
        "ftp://127.0.0.1/",
        "https://me@partner.example/",
        "nowhere",
        "",
    ] {
        let wish = json!({ "url": url, "events": ["order.paid"] });
        assert_eq!(partner.posts(HOOKS, Some("hook-0001"), &wish).await.problem(), (422, "fields"), "{url}");
    }
    let nothing = json!({ "url": "https://partner.example/", "events": [] });
    assert_eq!(partner.posts(HOOKS, Some("hook-0001"), &nothing).await.problem(), (422, "fields"));
    let odd = json!({ "url": "https://partner.example/", "events": ["order.lost"] });
    let refused = partner.posts(HOOKS, Some("hook-0001"), &odd).await;
    assert!(refused.body["detail"].as_str().expect("a detail").contains("unknown variant `order.lost`"));
    village.closes().await;
}
