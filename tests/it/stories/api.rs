//! The public API from outside: programs of partners list, order and read with keys of their own.

use super::{on_sale, open_stall};
use crate::support::partner::order;
use crate::support::village::{Village, client, until};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SELLS: &[&str] = &["catalogue:read", "orders:write", "orders:read", "bulk:write"];

/// Pays at the processor's page.
async fn paid(begun: &Value) {
    let pay = begun["payment_url"].as_str().expect("where it is paid");
    let form = [("card", "4242 4242 4242 4242")];
    let answer = client().post(pay).form(&form).send().await.expect("the processor answers");
    assert!(answer.status().is_redirection(), "{}", answer.status());
}

#[tokio::test]
async fn a_partner_finds_a_piece_and_an_order_sent_twice_is_one_order() {
    let (village, maker, _, listing) = open_stall(850, 3).await;
    let partner = village.partner("Kikoy Store", SELLS);
    let found = partner.gets("/api/v1/listings?craft=necklace&material=brass&most_cents=1082").await;
    assert_eq!(found["items"][0]["code"], listing.as_str());
    assert_eq!(found["items"][0]["price"], json!({ "cents": 1082, "currency": "USD" }));
    assert_eq!((&found["next"], found["items"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    let maker_id = found["items"][0]["maker"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(partner.gets(&format!("/api/v1/makers/{maker_id}")).await["name"], "Achieng");
    let hers = partner.gets(&format!("/api/v1/listings?maker={maker_id}")).await;
    assert_eq!(hers["items"][0]["code"], listing.as_str());
    assert_eq!(partner.gets("/api/v1/listings?least_cents=1083").await["items"], json!([]));
    let one = partner.gets(&format!("/api/v1/listings/{listing}")).await;
    let cents: i64 =
        one["split"].as_array().expect("parts").iter().filter_map(|part| part["sum"]["cents"].as_i64()).sum();
    assert!(one["split"][0]["who"] == "maker" && cents > 85_000, "{one}");
    assert_eq!(partner.gets("/api/v1/crafts").await["items"], json!(["necklace"]));
    assert_eq!(partner.gets("/api/v1/materials").await["items"], json!(["brass"]));
    let quote = partner.gets(&format!("/api/v1/quotes?listing={listing}&country=DE&quantity=2")).await;

    let wish = order(&listing, 2);
    let first = partner.posts("/api/v1/orders", Some("order-0001"), &wish).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let again = partner.posts("/api/v1/orders", Some("order-0001"), &wish).await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(partner.gets(&format!("/api/v1/listings/{listing}")).await["listing"]["ready"], 1);
    let other = partner.posts("/api/v1/orders", Some("order-0001"), &order(&listing, 1)).await;
    assert_eq!(other.problem(), (422, "key-used"));

    let at = first.header("location").to_owned();
    let placed = partner.gets(&at).await;
    assert_eq!((&placed["state"], &placed["quantity"]), (&json!("placed"), &json!(2)));
    assert_eq!(placed["total"], quote["total"]);
    assert_eq!(placed["link"], first.body["link"]);
    paid(&first.body).await;
    assert_eq!(maker.is_offered().await, placed["code"].as_str().expect("a number"));
    until("the order is offered", || async { (partner.gets(&at).await["state"] == "offered").then_some(()) })
        .await;
    let now = partner.gets(&at).await;
    let costs = now["cancel"]["costs"]["cents"].as_i64().expect("a cost");
    let path = format!("{at}/cancel");
    let wrong = partner.posts(&path, None, &json!({ "costs_cents": costs + 1 })).await;
    assert_eq!(wrong.problem(), (409, "too-late"));
    let gone = partner.posts(&path, None, &json!({ "costs_cents": costs })).await;
    assert_eq!((gone.status, &gone.body["cancel"]), (StatusCode::OK, &Value::Null), "{}", gone.body);
    until("the money is back", || async { (partner.gets(&at).await["state"] == "refunded").then_some(()) })
        .await;
    village.closes().await;
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_nothing_once_it_is_revoked() {
    let village = Village::open().await;
    let partner = village.partner("Reader", &["catalogue:read"]);
    partner.gets("/api/v1/crafts").await;
    let refused = partner.reads("/api/v1/desk/payouts").await;
    assert_eq!(refused.problem(), (403, "no-scope"));
    assert!(refused.body["title"].as_str().expect("a title").ends_with("lacks the scope desk:read"));
    for nobody in ["", "sk_00", "the-key-of-the-desk-0", &partner.key[..66]] {
        let refused = partner.with(nobody).reads("/api/v1/crafts").await;
        assert_eq!(refused.problem(), (401, "no-key"), "{nobody}");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"api\"");
    }
    let renewed = partner.with(&village.keys(&["renew", "Reader"]));
    assert_eq!(partner.reads("/api/v1/crafts").await.problem(), (401, "no-key"));
    renewed.gets("/api/v1/crafts").await;
    village.keys(&["revoke", "Reader"]);
    let refused = renewed.reads("/api/v1/crafts").await;
    assert_eq!(refused.problem(), (401, "no-key"));
    assert!(refused.body["detail"].as_str().expect("a detail").starts_with("This key was revoked"));
    let document = partner.with("").gets("/api/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    village.closes().await;
}

#[tokio::test]
async fn an_order_of_somebody_else_is_not_there() {
    let (village, _, _, listing) = open_stall(850, 4).await;
    let (kikoy, duka) = (village.partner("Kikoy Store", SELLS), village.partner("Duka", SELLS));
    let begun = kikoy.posts("/api/v1/orders", Some("order-0001"), &order(&listing, 1)).await;
    let at = begun.header("location").to_owned();
    kikoy.gets(&at).await;
    assert_eq!(duka.reads(&at).await.problem(), (404, "not-found"));
    let cancel = duka.posts(&format!("{at}/cancel"), None, &json!({ "costs_cents": 0 })).await;
    assert_eq!(cancel.problem(), (404, "not-found"));
    // The same key of idempotency is another thing for another partner.
    let own = duka.posts("/api/v1/orders", Some("order-0001"), &order(&listing, 1)).await;
    assert_eq!(own.status, StatusCode::CREATED);
    assert_ne!(own.header("location"), at);
    let shop = village.shopper().buys(&listing, 1).await;
    assert_eq!(kikoy.reads(&format!("/api/v1/orders/{}", shop.token)).await.problem(), (404, "not-found"));
    let at_bulk = format!("/api/v1/bulk/{}", at.rsplit('/').next().expect("an id"));
    assert_eq!(kikoy.reads(&at_bulk).await.problem(), (404, "not-found"));
    // What the partner bought is a page like any other for whoever has its link.
    let link = begun.body["link"].as_str().expect("a link");
    assert!(client().get(link).send().await.expect("the shop answers").status().is_success());
    village.closes().await;
}

#[tokio::test]
async fn a_partner_reads_its_own_orders_page_by_page_and_by_how_they_stand() {
    let (village, _, _, listing) = open_stall(850, 9).await;
    let (partner, other) = (village.partner("Kikoy Store", SELLS), village.partner("Duka", SELLS));
    let mut placed = Vec::new();
    for number in 0..5 {
        let once = format!("order-000{number}");
        placed.push(partner.posts("/api/v1/orders", Some(&once), &order(&listing, 1)).await.body);
        village.clock.advance(std::time::Duration::from_secs(1));
    }
    other.posts("/api/v1/orders", Some("order-0001"), &order(&listing, 1)).await;
    village.shopper().buys(&listing, 1).await;
    for begun in &placed[..2] {
        paid(begun).await;
    }
    let ids = |page: &Value| -> Vec<Value> {
        page["items"].as_array().expect("a list").iter().map(|order| order["id"].clone()).collect()
    };
    let newest: Vec<Value> = placed.iter().rev().map(|begun| begun["id"].clone()).collect();
    assert_eq!(ids(&partner.gets("/api/v1/orders").await), newest, "its own, and no others");
    let (mut seen, mut at) = (Vec::new(), "/api/v1/orders?limit=2".to_owned());
    let mut pages = 0;
    loop {
        let page = partner.gets(&at).await;
        seen.extend(ids(&page));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        at = next.to_owned();
    }
    assert_eq!((seen, pages), (newest.clone(), 3));
    until("two are paid", || async {
        let offered = partner.gets("/api/v1/orders?state=offered").await;
        (ids(&offered) == newest[3..]).then_some(())
    })
    .await;
    let waiting = partner.gets("/api/v1/orders?state=placed&limit=1").await;
    assert_eq!(
        (ids(&waiting), waiting["items"][0]["state"].as_str()),
        (newest[..1].to_vec(), Some("placed"))
    );
    let next = waiting["next"].as_str().expect("there are more");
    assert_eq!(ids(&partner.gets(next).await), newest[1..2]);
    let without = next.replace("state=placed&", "");
    assert_eq!(partner.reads(&without).await.problem(), (400, "bad-request"));
    assert_eq!(partner.reads("/api/v1/orders?state=lost").await.problem().0, 400);
    assert_eq!(other.reads(&at).await.problem(), (400, "bad-request"), "a cursor is of one partner's list");
    let blind = village.partner("Blind", &["catalogue:read"]);
    assert_eq!(blind.reads("/api/v1/orders").await.problem(), (403, "no-scope"));
    village.closes().await;
}

#[tokio::test]
async fn pages_of_the_catalogue_show_every_piece_once() {
    let village = Village::open().await;
    let (maker, kiosk) = (village.achieng().await, village.amina());
    let mut listed = BTreeSet::new();
    for price in [500, 600, 700, 800, 900] {
        listed.insert(on_sale(&maker, &kiosk, price, 1).await);
    }
    let partner = village.partner("Reader", &["catalogue:read"]);
    let (mut seen, mut next) = (Vec::new(), "/api/v1/listings?limit=2&craft=necklace".to_owned());
    let mut pages = 0;
    loop {
        let page = partner.gets(&next).await;
        let codes = page["items"].as_array().expect("pieces").iter();
        seen.extend(codes.map(|piece| piece["code"].as_str().expect("a number").to_owned()));
        pages += 1;
        let Some(further) = page["next"].as_str() else { break };
        next = further.to_owned();
    }
    assert_eq!((pages, seen.len()), (3, 5));
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), listed);
    let cursor = next.split("cursor=").nth(1).and_then(|rest| rest.split('&').next()).expect("a cursor");
    for wrong in [
        "limit=0".to_owned(),
        "limit=101".to_owned(),
        "limit=many".to_owned(),
        "colour=red".to_owned(),
        "cursor=00".to_owned(),
        format!("cursor={cursor}"),
        format!("cursor={cursor}&craft=basket"),
    ] {
        let refused = partner.reads(&format!("/api/v1/listings?{wrong}")).await;
        assert_eq!(refused.problem(), (400, "bad-request"), "{wrong}");
    }
    village.closes().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_what_to_do() {
    let (village, _, _, listing) = open_stall(850, 2).await;
    let partner = village.partner("Kikoy Store", SELLS);
    let orders = "/api/v1/orders";
    let good = order(&listing, 1);
    let said = |but: &[(&str, Value)]| {
        let mut body = good.clone();
        but.iter().for_each(|(name, value)| body[*name] = value.clone());
        body
    };
    for once in [None, Some("short"), Some("no blanks in it")] {
        let refused = partner.posts(orders, once, &good).await;
        assert_eq!(refused.problem(), (400, "bad-request"));
        assert!(refused.body["detail"].as_str().expect("a detail").contains("8 to 64 letters"));
    }
    let odd = partner.posts(orders, Some("order-0001"), &said(&[("colour", json!("red"))])).await;
    assert_eq!(odd.problem(), (422, "fields"));
    let detail = odd.body["detail"].as_str().expect("a detail");
    assert!(detail.contains("unknown field `colour`, expected one of `listing`, `quantity`"), "{detail}");
    let wrong = said(&[("email", json!("nowhere")), ("quantity", json!(0)), ("country", json!("XX"))]);
    let refused = partner.posts(orders, Some("order-0001"), &wrong).await;
    assert_eq!(refused.problem(), (422, "fields"));
    let named: Vec<&str> = refused.body["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|fault| fault["field"].as_str())
        .collect();
    assert_eq!(named, ["country", "email", "quantity"]);
    let many = partner.posts(orders, Some("order-0001"), &order(&listing, 9)).await;
    assert_eq!(many.problem(), (422, "fields"));
    assert_eq!(partner.posts(orders, Some("order-0001"), &order("99999", 1)).await.problem().0, 404);
    let raw = |body: String, kind: &'static str| {
        let request = client().post(format!("{}{orders}", village.url)).bearer_auth(&partner.key);
        let request = request.header("idempotency-key", "order-0001").header("content-type", kind);
        async move { request.body(body).send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!(raw(good.to_string(), "text/plain").await, 415);
    assert_eq!(raw("{".to_owned(), "application/json").await, 400);
    assert_eq!(raw("[".repeat(5_000), "application/json").await, 422);
    assert_eq!(raw(format!("\"{}\"", "x".repeat(20_000)), "application/json").await, 413);
    assert_eq!(partner.asks(Method::PUT, orders, None, None).await.problem(), (405, "method"));
    assert_eq!(partner.reads("/api/v1/nothing").await.problem(), (404, "not-found"));
    // None of it has bought anything.
    assert_eq!(village.shopper().left(&listing).await, 2);
    village.closes().await;
}

#[tokio::test]
async fn many_pieces_are_asked_for_and_promised() {
    let (village, maker, _, listing) = open_stall(850, 1).await;
    maker.asks("CAPACITY 40", "up to 40 pieces").await;
    let partner = village.partner("Kikoy Store", SELLS);
    let quote = partner.gets(&format!("/api/v1/quotes/bulk?listing={listing}&quantity=1")).await;
    let least = u32::try_from(quote["least"].as_u64().expect("a bound")).expect("small");
    assert_eq!(quote["quantity"], least);
    let mut wish = order(&listing, least);
    wish["wanted"] = json!("soon");
    let bulk = "/api/v1/bulk";
    assert_eq!(partner.posts(bulk, Some("bulk-0001"), &wish).await.problem(), (422, "fields"));
    wish["wanted"] = json!("2020-01-31");
    let early = partner.posts(bulk, Some("bulk-0001"), &wish).await;
    assert_eq!(early.problem(), (422, "fields"));
    let soonest = quote["soonest"].as_str().expect("a day");
    assert!(early.body["detail"].as_str().expect("a detail").contains(soonest), "{}", early.body);
    wish["wanted"] = json!(soonest);
    let begun = partner.posts(bulk, Some("bulk-0001"), &wish).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let again = partner.posts(bulk, Some("bulk-0001"), &wish).await;
    assert_eq!(again.body, begun.body);
    let at = begun.header("location").to_owned();
    assert_eq!(partner.gets(&at).await["state"], "placed");
    paid(&begun.body).await;
    maker.takes(&maker.is_offered().await).await;
    let promised = until("a day is promised", || async {
        let request = partner.gets(&at).await;
        request["promise"].is_string().then_some(request)
    })
    .await;
    assert_eq!((&promised["state"], &promised["counts"]["making"]), (&json!("making"), &json!(least)));
    let late = json!({ "round": promised["round"], "choice": "fewer" });
    assert_eq!(partner.posts(&format!("{at}/choice"), None, &late).await.problem(), (410, "gone"));
    village.closes().await;
}

#[tokio::test]
async fn a_program_of_the_house_reads_what_the_desk_reads() {
    let (village, achieng, _, listing) = open_stall(850, 2).await;
    let order = super::taken(&village, &achieng, &listing, 1).await;
    let report = village.partner("Report", &["desk:read"]);
    let orders = report.gets("/api/v1/desk/orders").await;
    assert_eq!((&orders["items"][0]["word"], &orders["items"][0]["count"]), (&json!("making"), &json!(1)));
    let people = report.gets("/api/v1/desk/people").await;
    let artisans = people["items"].as_array().expect("roles").iter().find(|row| row["word"] == "artisan");
    assert_eq!(artisans.expect("artisans")["count"], 1, "{people}");
    let trial = report.gets("/api/v1/desk/trial-balance").await;
    assert_eq!((&trial["balances"], &trial["debits"]), (&json!(true), &trial["credits"]));
    let (mut accounts, mut next) = (0, "/api/v1/desk/accounts?limit=1".to_owned());
    loop {
        let page = report.gets(&next).await;
        accounts += page["items"].as_array().map_or(0, Vec::len);
        let Some(further) = page["next"].as_str() else { break };
        next = further.to_owned();
    }
    let families = trial["families"].as_array().expect("families").iter();
    assert_eq!(families.filter_map(|family| family["accounts"].as_u64()).sum::<u64>(), accounts as u64);
    assert_eq!(report.gets("/api/v1/desk/payouts").await["items"], json!([]));
    assert_eq!(report.reads(&format!("/api/v1/orders/{}", order.token)).await.problem().0, 403);
    village.closes().await;
}
