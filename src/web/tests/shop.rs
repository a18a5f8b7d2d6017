use super::*;
use crate::{engine::shopfront::ShopError, types::Usd};

const KEPT: [(&str, &str); 6] = [
    ("code", "10019"),
    ("quantity", "2"),
    ("name", "Asha Njeri"),
    ("email", "asha@example.org"),
    ("country", "NL"),
    ("address", "Prinsengracht 1\nAmsterdam"),
];

/// The form as filled in, with one field changed.
fn filled<'a>(key: &'a str, changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form: Vec<(&str, &str)> = KEPT.to_vec();
    form.push(("idempotency_key", key));
    for (name, value) in changed {
        let field = form.iter_mut().find(|(field, _)| field == name).expect("a field of the form");
        field.1 = value;
    }
    form
}

/// A page without its structured data, each block of which must be JSON.
fn without_data(page: &str) -> String {
    let mut parts = page.split("<script type=\"application/ld+json\">");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (block, rest) = part.split_once("</script>").expect("its end");
        serde_json::from_str::<serde_json::Value>(block).expect("JSON");
        plain.push_str(rest);
    }
    plain
}

/// The blocks of a page's structured data.
pub(super) fn data_of(page: &str) -> Vec<serde_json::Value> {
    let blocks = page.split("<script type=\"application/ld+json\">").skip(1);
    let block = |rest: &str| rest.split("</script>").next().and_then(|text| serde_json::from_str(text).ok());
    blocks.filter_map(block).collect()
}

#[tokio::test]
async fn the_shop_shows_every_piece_with_maker_place_and_price() {
    let answer = Shop::new(Stall::with_three_pieces()).get("/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body.matches("data-testid=\"piece-card\"").count(), 3);
    for text in ["Brass necklace", "Beaded earrings", "Akinyi Odhiambo, Kibera", "$18.50", "/piece/10019"] {
        assert!(answer.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn pieces_are_found_by_kind_material_price_and_words() {
    let shop = Shop::new(Stall::with_three_pieces());
    for (query, codes) in [
        ("kind=necklace", &["10037", "10019"][..]),
        ("kind=necklace&material=bone", &["10037"]),
        ("q=Wanjiku", &["10037", "10028"]),
        ("q=wanjiku+neklace", &["10037"]),
        ("q=collier", &["10037", "10019"]),
        ("q=beads&kind=necklace", &[]),
        ("kind=ring", &[]),
        ("kind=&material=&q=&from=&to=", &["10037", "10028", "10019"]),
        ("from=18.50&to=19", &["10037", "10028", "10019"]),
        ("from=30&to=18%2C5", &["10037", "10028", "10019"]),
        ("from=18.51", &[]),
        ("from=cheap", &["10037", "10028", "10019"]),
        ("before=rubbish", &["10037", "10028", "10019"]),
        ("kind=ring&kind=necklace", &["10037", "10028", "10019"]),
    ] {
        let answer = shop.get(&format!("/?{query}")).await;
        let shown: Vec<&str> = answer
            .body
            .split("data-code=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("a code"))
            .collect();
        assert_eq!(shown, codes, "{query}");
        assert_eq!(answer.body.contains("Nothing like that today"), codes.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn many_pieces_are_shown_page_by_page_without_losing_the_filter() {
    let stall = Stall::empty();
    let many = (0..60).map(|n| stall::piece(&format!("{}", 20_000 + n), "ring", "wood", "Otieno & Sons"));
    *stall.pieces.lock().expect("unpoisoned") = many.collect();
    let shop = Shop::new(stall);
    let first = shop.get("/?q=Otieno+%26+Sons&from=1").await;
    assert_eq!(first.body.matches("data-testid=\"piece-card\"").count(), 48);
    let next = first.body.split("rel=\"next\" href=\"").nth(1).expect("more pages");
    let next = next.split('"').next().expect("an address").replace("&amp;", "&").replace("&#38;", "&");
    let second = shop.get(&next).await;
    assert_eq!(second.body.matches("data-testid=\"piece-card\"").count(), 12);
}

#[tokio::test]
async fn a_shop_without_pieces_says_so() {
    let answer = Shop::new(Stall::empty()).get("/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("The stalls are still empty"));
}

#[tokio::test]
async fn a_piece_says_who_gets_what_of_its_price() {
    let answer = Shop::new(Stall::with_three_pieces()).get("/piece/10019").await;
    assert_eq!(answer.status, StatusCode::OK);
    for text in [
        "Akinyi Odhiambo receives KSh 1,700",
        "KSh 120",
        "KSh 580",
        "data-part=\"maker\" data-cents=\"170000\"",
        "data-cents=\"1850\"",
        "Netherlands, $14.50",
    ] {
        assert!(answer.body.contains(text), "{text}");
    }
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn a_piece_that_is_not_there_is_not_found() {
    let shop = Shop::new(Stall::with_three_pieces());
    for address in ["/piece/99999", "/piece/1001999999999999999999", "/nowhere"] {
        let answer = shop.get(address).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
        assert!(answer.body.contains("There is nothing here"), "{address}");
    }
}

#[tokio::test]
async fn a_sold_out_piece_has_no_form() {
    let stall = Stall::with_three_pieces();
    stall.pieces.lock().expect("unpoisoned")[0].ready = 0;
    let answer = Shop::new(stall).get("/piece/10019").await;
    assert!(answer.body.contains("Sold out for now") && !answer.body.contains("<form"));
}

#[tokio::test]
async fn names_that_look_like_markup_are_shown_and_never_run() {
    let hostile = "<script>alert(1)</script>\"' onload=x";
    let stall = Stall::with_three_pieces();
    for piece in stall.pieces.lock().expect("unpoisoned").iter_mut() {
        piece.maker = hostile.to_owned();
        piece.place = hostile.to_owned();
        piece.kind = hostile.to_owned();
    }
    for order in stall.orders().values_mut() {
        order.piece.maker = hostile.to_owned();
        order.state = hostile.to_owned();
        order.steps[0].step = hostile.to_owned();
    }
    let shop = Shop::new(stall);
    let order = format!("/order/{}", stall::TOKEN);
    for address in ["/", "/piece/10019", "/?kind=%3Cscript%3Ealert(1)", &order] {
        let body = without_data(&shop.get(address).await.body);
        assert!(!body.contains("<script>"), "{address}");
        assert!(!body.contains("\"' onload"), "{address}");
    }
}

#[tokio::test]
async fn a_filled_form_goes_on_to_the_card_processor() {
    let shop = Shop::new(Stall::with_three_pieces());
    let page = shop.get("/piece/10019").await;
    let key = page.value_of("idempotency_key").to_owned();
    let answer = shop.post("/checkout", &filled(&key, &[("country", "nl")])).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), format!("https://pay.example/{key}"));
    let checkouts = shop.stall.checkouts.lock().expect("unpoisoned");
    assert_eq!(checkouts[0].quantity, 2);
    assert_eq!(checkouts[0].country, "NL");
    assert_eq!(checkouts[0].address, "Prinsengracht 1\nAmsterdam");
}

#[tokio::test]
async fn a_form_posted_twice_makes_one_order_and_two_views_have_two_keys() {
    let shop = Shop::new(Stall::with_three_pieces());
    let page = shop.get("/piece/10019").await;
    let key = page.value_of("idempotency_key").to_owned();
    let first = shop.post("/checkout", &filled(&key, &[])).await;
    // The first order took the last piece; the repeat is still answered like the first.
    shop.stall.pieces.lock().expect("unpoisoned").clear();
    let second = shop.post("/checkout", &filled(&key, &[])).await;
    assert_eq!(first.header(header::LOCATION), second.header(header::LOCATION));
    assert_eq!(shop.stall.checkouts.lock().expect("unpoisoned").len(), 1);

    let shop = Shop::new(Stall::with_three_pieces());
    let other = shop.get("/piece/10019").await;
    assert_eq!(key.len(), 32);
    assert_ne!(other.value_of("idempotency_key"), key);
}

#[tokio::test]
async fn a_wrong_field_is_told_beside_it_and_nothing_typed_is_lost() {
    let shop = Shop::new(Stall::with_three_pieces());
    for (field, value) in [
        ("quantity", "0"),
        ("quantity", "two"),
        ("name", "  "),
        ("email", "asha"),
        ("country", "XX"),
        ("address", "x"),
    ] {
        let answer = shop.post("/checkout", &filled("kept-key-1", &[(field, value)])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert_eq!(answer.body.matches("data-testid=\"error-").count(), 1, "{field}");
        assert!(answer.body.contains(&format!("id=\"{field}-error\"")), "{field}");
        assert!(answer.body.contains(&format!("aria-describedby=\"{field}-error\"")), "{field}");
        assert_eq!(answer.value_of("idempotency_key"), "kept-key-1");
        if field != "email" {
            assert_eq!(answer.value_of("email"), "asha@example.org");
        }
        if field != "address" {
            assert!(answer.body.contains(">\nPrinsengracht 1\nAmsterdam</textarea>"), "{field}");
        }
        if field != "country" {
            assert!(
                answer.body.contains("<option value=\"NL\" data-shipping-cents=\"1450\" selected>"),
                "{field}"
            );
        }
    }
    assert!(shop.stall.checkouts.lock().expect("unpoisoned").is_empty());
}

#[tokio::test]
async fn an_empty_form_names_every_field() {
    let answer = Shop::new(Stall::with_three_pieces()).post("/checkout", &[("code", "10019")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.body.matches("data-testid=\"error-").count(), 5);
    assert_eq!(answer.value_of("idempotency_key").len(), 32);
}

#[tokio::test]
async fn what_the_engine_refuses_is_told_on_the_same_form() {
    let shop = Shop::new(Stall::with_three_pieces());
    for (refusal, status, told) in [
        (
            ShopError::Field { field: "quantity", why: "Only 1 is left.".to_owned() },
            422,
            "data-testid=\"error-quantity\">Only 1 is left.",
        ),
        (ShopError::Field { field: "card", why: "Unknown.".to_owned() }, 422, "Unknown."),
        (ShopError::CardDown, 503, "The card processor does not answer"),
        (ShopError::Fault, 500, "Nothing was taken"),
    ] {
        *shop.stall.refusal.lock().expect("unpoisoned") = Some(refusal.clone());
        let answer = shop.post("/checkout", &filled("kept-key-1", &[])).await;
        assert_eq!(answer.status.as_u16(), status, "{refusal:?}");
        assert!(answer.body.contains(told), "{refusal:?}");
        assert_eq!(answer.value_of("name"), "Asha Njeri", "{refusal:?}");
    }
    *shop.stall.refusal.lock().expect("unpoisoned") = Some(ShopError::Gone);
    let answer = shop.post("/checkout", &filled("kept-key-1", &[])).await;
    assert_eq!(answer.status, StatusCode::GONE);
    assert!(answer.body.contains("has just been sold"));
}

#[tokio::test]
async fn a_form_of_another_site_a_huge_one_and_a_garbled_one_are_refused() {
    let shop = Shop::new(Stall::with_three_pieces());
    let form = filled("kept-key-1", &[]);
    let request = posted("/checkout").header("sec-fetch-site", "cross-site").body(body_of(&form));
    assert_eq!(shop.send(request.expect("a request")).await.status, StatusCode::FORBIDDEN);

    let huge = "x".repeat(70_000);
    let answer = shop.post("/checkout", &filled("kept-key-1", &[("address", &huge)])).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("Shorten the address"));

    let request =
        Request::post("/checkout").header(header::CONTENT_TYPE, "text/plain").body(Body::from("hello"));
    assert_eq!(shop.send(request.expect("a request")).await.status, StatusCode::BAD_REQUEST);
    assert!(shop.stall.checkouts.lock().expect("unpoisoned").is_empty());
}

#[tokio::test]
async fn an_order_shows_its_steps_with_nairobi_time_and_who_gets_what() {
    let shop = Shop::new(Stall::with_three_pieces());
    let answer = shop.get(&format!("/order/{}", stall::TOKEN)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body.matches("data-done=\"true\"").count(), 3);
    assert_eq!(answer.body.matches("data-done=\"false\"").count(), 4);
    for text in [
        "482108",
        "data-step=\"accepted\" data-done=\"true\"",
        "data-step=\"ready\" data-done=\"false\" aria-current=\"step\"",
        "Akinyi Odhiambo has accepted your order and is making it.",
        "22 Nov 2025, 11:26",
        "Nairobi time",
        "data-testid=\"order-total\" data-cents=\"2600\"",
        "data-part=\"maker\" data-cents=\"170000\"",
    ] {
        assert!(answer.body.contains(text), "{text}");
    }
    assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(answer.header(header::REFERRER_POLICY), "same-origin");
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn every_wrong_token_gets_the_same_answer() {
    let shop = Shop::new(Stall::with_three_pieces());
    let reference = shop.get("/order/nosuchtoken").await;
    assert_eq!(reference.status, StatusCode::NOT_FOUND);
    let long = "a".repeat(500);
    let almost = stall::TOKEN.to_lowercase();
    for token in [almost.as_str(), "482108", "a%2Fb", "%3Cb%3E", &long, "nosuchtoken/live"] {
        let answer = shop.get(&format!("/order/{token}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{token}");
        assert_eq!(answer.body, reference.body, "{token}");
    }
}

#[tokio::test]
async fn every_answer_forbids_scripts_from_elsewhere_and_no_page_has_one_inside() {
    let shop = Shop::new(Stall::with_three_pieces());
    let order = format!("/order/{}", stall::TOKEN);
    for address in ["/", "/piece/10019", &order, "/nowhere", "/healthz", "/desk", "/desk/api/payouts"] {
        let answer = shop.get(address).await;
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'self'; object-src 'none'; base-uri 'none'"), "{address}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{address}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{address}");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<style"), "{address}");
        let page = without_data(&answer.body);
        for script in page.split("<script").skip(1) {
            assert!(script.starts_with(" type=\"module\" src=\"/static/live."), "{address}");
        }
        // Addresses with a host are those that name the page itself, to engines; nothing is fetched by one.
        for tag in page.split('<').filter(|tag| tag.contains("://")) {
            let names =
                ["html lang", "link rel=\"canonical\"", "link rel=\"alternate\"", "meta property=\"og:"];
            assert!(names.iter().any(|name| tag.starts_with(name)), "{address}: {tag}");
        }
    }
}

#[tokio::test]
async fn over_tls_browsers_are_told_to_stay_and_forms_lead_only_to_the_pay_page() {
    let settings = Settings {
        public_url: "https://shop.example".to_owned(),
        pay_origins: vec!["https://pay.example".to_owned()],
        ..Settings::default()
    };
    let answer = Shop::with(Stall::with_three_pieces(), settings).get("/").await;
    assert_eq!(answer.header(header::STRICT_TRANSPORT_SECURITY), "max-age=31536000");
    assert!(
        answer.header(header::CONTENT_SECURITY_POLICY).ends_with("form-action 'self' https://pay.example")
    );
}

#[tokio::test]
async fn files_are_kept_for_a_year_under_their_hashed_names() {
    let shop = Shop::new(Stall::with_three_pieces());
    let page = shop.get("/").await;
    let addresses: Vec<&str> =
        page.body.split("\"/static/").skip(1).filter_map(|r| r.split('"').next()).collect();
    assert!(addresses.len() >= 6, "style, icons and three emblems");
    for address in addresses {
        let file = shop.get(&format!("/static/{address}")).await;
        assert_eq!(file.status, StatusCode::OK, "{address}");
        assert_eq!(file.header(header::CACHE_CONTROL), "public, max-age=31536000, immutable", "{address}");
    }
    let unknown = shop.get("/static/sokoni.css").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.header(header::CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn the_house_says_that_it_is_well_and_what_robots_may_read() {
    let shop = Shop::new(Stall::empty());
    assert_eq!(shop.get("/healthz").await.body, "ok\n");
    assert!(shop.get("/robots.txt").await.body.contains("Disallow: /order/"));
    assert_eq!(shop.get("/checkout").await.header(header::LOCATION), "/");
    let answer = shop.post("/maker/10019", &[]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_browser_that_takes_gzip_gets_it() {
    let shop = Shop::new(Stall::with_three_pieces());
    let request = Request::get("/").header(header::ACCEPT_ENCODING, "gzip").body(Body::empty());
    let response = shop.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
}

#[tokio::test]
async fn a_price_without_cents_is_written_in_full() {
    let stall = Stall::with_three_pieces();
    stall.pieces.lock().expect("unpoisoned")[0].price = Usd::major(1_250);
    assert!(Shop::new(stall).get("/").await.body.contains(">$1,250.00</p>"));
}
