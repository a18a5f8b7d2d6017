//! The shop in its languages, and what machines read of it.

use super::*;
use crate::engine::photos::front::PhotoView;
use serde_json::Value;

const ORDER: &str = stall::TOKEN;

async fn in_french(shop: &Shop, address: &str) -> Answer {
    let request = Request::get(address).header(header::ACCEPT_LANGUAGE, "fr-FR,fr;q=0.9,en;q=0.5");
    shop.send(request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn every_page_of_the_shop_is_there_in_french() {
    let shop = Shop::new(Stall::with_three_pieces());
    let maker = shop.stall.pieces.lock().expect("unpoisoned")[0].maker_page.clone();
    for (address, said) in [
        ("/".to_owned(), "Fait main au Kenya."),
        ("/craft/necklace".to_owned(), "<h1 data-testid=\"heading\">Colliers</h1>"),
        ("/material/bone".to_owned(), "Matière : corne ou os"),
        (format!("/maker/{maker}"), "Akinyi Odhiambo, à Kibera"),
        ("/piece/10019".to_owned(), "Collier en laiton"),
        (format!("/order/{ORDER}"), "Akinyi Odhiambo a accepté votre commande et y travaille."),
        ("/piece/99999".to_owned(), "Il n’y a rien ici"),
        ("/nowhere".to_owned(), "Il n’y a rien ici"),
    ] {
        let french = in_french(&shop, &address).await;
        let text = french.body.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(text.contains(said), "{address}: {text}");
        assert!(text.contains("<html lang=\"fr\""), "{address}");
        assert!(french.header(header::VARY).contains("accept-language"), "{address}");
        let english = shop.get(&address).await;
        assert!(english.body.contains("<html lang=\"en\""), "{address}");
        assert_eq!(french.status, english.status, "{address}");
    }
}

#[tokio::test]
async fn a_language_that_was_chosen_stays_without_script() {
    let shop = Shop::new(Stall::with_three_pieces());
    let page = shop.get("/piece/10019").await;
    assert!(page.body.contains("<a href=\"/piece/10019?lang=fr\" lang=\"fr\" hreflang=\"fr\""));
    assert_eq!(page.header(header::SET_COOKIE), "");
    let chosen = shop.get("/piece/10019?lang=fr").await;
    let cookie = chosen.header(header::SET_COOKIE);
    assert!(cookie.starts_with("lang=fr; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"), "{cookie}");
    let request = Request::get("/").header(header::COOKIE, "lang=fr").body(Body::empty());
    let home = shop.send(request.expect("a request")).await;
    assert!(home.body.contains("lang=\"fr\"") && home.body.contains("href=\"/?lang=en\""));
    assert_eq!(shop.get("/?lang=klingon").await.header(header::SET_COOKIE), "");
}

#[tokio::test]
async fn only_pages_keep_a_choice_and_depend_on_it() {
    let shop = photographed();
    for file in ["/robots.txt?lang=fr", "/sitemap.xml?lang=fr", "/feed/en.xml?lang=fr", "/healthz?lang=fr"] {
        let answer = shop.get(file).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert_eq!(answer.header(header::SET_COOKIE), "", "{file}");
        assert!(!answer.header(header::VARY).contains("cookie"), "{file}");
    }
    let live = Request::get(format!("/order/{ORDER}/live?lang=fr")).body(Body::empty()).expect("a request");
    let live = shop.router.clone().oneshot(live).await.expect("an answer");
    assert_eq!(live.status(), StatusCode::OK);
    assert!(live.headers().get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn a_page_that_answers_a_form_offers_the_other_language_at_the_forms_own_address() {
    let shop = Shop::new(Stall::with_three_pieces());
    let form = [("code", "10019"), ("quantity", "0"), ("idempotency_key", "kept-key-1")];
    let answer = shop.post("/checkout", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("<a href=\"/piece/10019?lang=fr\" lang=\"fr\""), "{}", answer.body);
    // What no form can mend leads to the order that it was about, or to the shop.
    for (address, way) in
        [("/checkout", "/"), (&format!("/order/{ORDER}/thanks"), &format!("/order/{ORDER}"))]
    {
        let refused = shop.post(address, &[]).await;
        assert!(refused.status.is_client_error(), "{address}: {}", refused.status);
        assert!(refused.body.contains(&format!("<a href=\"{way}?lang=fr\" lang=\"fr\"")), "{}", refused.body);
    }
}

#[tokio::test]
async fn readers_who_take_a_feed_slowly_keep_nobody_from_it() {
    let shop = photographed();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let request = Request::get("/feed/en.xml").body(Body::empty()).expect("a request");
        let answer = shop.router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        slow.push(answer);
    }
    assert!(shop.get("/feed/fr.xml").await.body.ends_with("</rss>\n"));
    drop(slow);
}

#[tokio::test]
async fn countries_are_named_in_the_language_of_the_page() {
    let shop = Shop::new(Stall::with_three_pieces());
    assert!(in_french(&shop, "/piece/10019").await.body.contains("Pays-Bas, "));
    assert!(shop.get("/piece/10019").await.body.contains("Netherlands, "));
}

#[tokio::test]
async fn engines_keep_no_answers_to_searches_and_no_crafts_of_which_there_is_nothing() {
    let shop = Shop::new(Stall::with_three_pieces());
    let hidden = "<meta name=\"robots\" content=\"noindex\">";
    for (address, kept) in [
        ("/", true),
        ("/craft/necklace", true),
        ("/material/bone", true),
        ("/piece/10019", true),
        ("/craft/buy-pills-here", false),
        ("/material/gold", false),
        ("/?q=brass", false),
        ("/?from=5", false),
    ] {
        let answer = shop.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert_eq!(!answer.body.contains(hidden), kept, "{address}");
    }
}

#[tokio::test]
async fn a_price_that_cannot_be_read_is_said_and_not_passed_over() {
    let shop = Shop::new(Stall::with_three_pieces());
    for (query, said) in
        [("from=cheap", true), ("to=1.234", true), ("from=12%2C50", false), ("from=&to=%2412", false)]
    {
        let body = shop.get(&format!("/?{query}")).await.body;
        assert_eq!(body.contains("data-testid=\"bad-price\""), said, "{query}");
    }
    assert!(shop.get("/?from=cheap").await.body.contains("cannot read cheap as a price"));
}

#[tokio::test]
async fn sums_are_shown_in_another_currency_and_the_rate_goes_with_the_order() {
    let rates = "day = \"2026-11-20\"\n[per_dollar]\nEUR = \"0.9215\"\nGBP = \"0.79\"";
    let rates = crate::web::rates::Rates::parse(rates).expect("rates");
    let shop = Shop::with(Stall::with_three_pieces(), Settings { rates, ..Settings::default() });
    let plain = shop.get("/piece/10019").await;
    assert!(plain.body.contains("href=\"/piece/10019?currency=EUR\"") && !plain.body.contains("€"));
    let chosen = shop.get("/piece/10019?currency=EUR").await;
    assert!(chosen.header(header::SET_COOKIE).starts_with("currency=EUR; Path=/"));
    for said in ["$18.50", "about €17.05", "Your card is charged in US dollars."] {
        assert!(chosen.body.contains(said), "{said}");
    }
    let form = [
        ("code", "10019"),
        ("quantity", "1"),
        ("name", "Asha Njeri"),
        ("email", "asha@example.org"),
        ("country", "NL"),
        ("address", "Prinsengracht 1\nAmsterdam"),
        ("idempotency_key", "kept-key-1"),
    ];
    let request = posted("/checkout").header(header::COOKIE, "currency=EUR").body(body_of(&form));
    assert_eq!(shop.send(request.expect("a request")).await.status, StatusCode::SEE_OTHER);
    let shown = shop.stall.checkouts.lock().expect("unpoisoned")[0].shown.clone().expect("a rate");
    assert_eq!(
        (shown.currency.as_str(), shown.millionths, shown.day.as_str()),
        ("EUR", 921_500, "2026-11-20")
    );
    shop.stall.orders().get_mut(ORDER).expect("the order").shown = Some(shown);
    let order = shop.get(&format!("/order/{ORDER}")).await.body;
    assert!(order.contains("$26.00") && order.contains("about €23.96, at the rate of 2026-11-20"), "{order}");
    let cookie = shop.get("/?currency=USD").await.header(header::SET_COOKIE).to_owned();
    assert!(cookie.starts_with("currency=USD"), "{cookie}");
    assert_eq!(shop.get("/?currency=ZZZ").await.header(header::SET_COOKIE), "");
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_said_in_the_readers_language() {
    use crate::engine::shopfront::ShopError;
    let shop = Shop::new(Stall::with_three_pieces());
    let filled = |quantity: &str| {
        let form = [
            ("code", "10019"),
            ("quantity", quantity),
            ("name", "Asha Njeri"),
            ("email", "asha@example.org"),
            ("country", "NL"),
            ("address", "Prinsengracht 1\nAmsterdam"),
            ("idempotency_key", "kept-key-1"),
        ];
        posted("/checkout")
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, "lang=fr")
            .body(body_of(&form))
            .expect("a request")
    };
    let answer = shop.send(filled("0")).await;
    assert!(answer.body.contains("Écrivez un nombre entier, 1 ou plus."), "{}", answer.body);
    for (refusal, said) in [
        (ShopError::Left(1), "Il n’en reste qu’une."),
        (ShopError::Left(2), "Il n’en reste que 2. Choisissez de 1 à 2."),
        (ShopError::Pieces { least: 1, most: 99 }, "Choisissez de 1 à 99 pièces."),
        (ShopError::CardDown, "Le service de paiement ne répond pas"),
        (ShopError::KeyUsed, "Ce formulaire a déjà été envoyé"),
    ] {
        *shop.stall.refusal.lock().expect("unpoisoned") = Some(refusal);
        let answer = shop.send(filled("1")).await;
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    *shop.stall.refusal.lock().expect("unpoisoned") = Some(ShopError::Gone);
    assert!(shop.send(filled("1")).await.body.contains("Cette pièce vient d’être vendue"));
}

/// A text without what stands between these marks.
fn without(text: &str, begins: &str, ends: &str) -> String {
    let mut parts = text.split(begins);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push(' ');
        plain.push_str(part.split_once(ends).expect("an end").1);
    }
    plain
}

/// What a person sees of a template beside what the catalogue says: its text, and the attributes that are
/// read aloud.
fn said_by(template: &str) -> String {
    let plain = [("{#", "#}"), ("{%", "%}"), ("{{", "}}")]
        .iter()
        .fold(template.to_owned(), |text, (begins, ends)| without(&text, begins, ends));
    let mut said = String::new();
    for tag in plain.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        for name in [" alt=\"", " aria-label=\"", " placeholder=\"", " title=\""] {
            let value = tag.split(name).nth(1).and_then(|value| value.split('"').next());
            said.push_str(value.unwrap_or_default());
        }
    }
    said + &without(&plain, "<", ">")
}

#[test]
fn nothing_in_a_template_of_the_shop_is_written_in_one_language_alone() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/templates");
    let mut looked_at = 0;
    for name in [
        "shop",
        "meta",
        "cards",
        "home",
        "further",
        "maker",
        "piece",
        "buyer",
        "many",
        "order",
        "order_live",
        "bulk",
        "bulk_live",
        "error",
    ] {
        let template = std::fs::read_to_string(format!("{folder}/{name}.html")).expect("a template");
        let said = said_by(&template).replace("Sokoni", "");
        let letters: String = said.chars().filter(|c| c.is_alphabetic()).collect();
        assert_eq!(letters, "", "{name}.html says something that is not in the catalogue: {said}");
        looked_at += 1;
    }
    assert_eq!(looked_at, 14);
    assert!(said_by("<p title=\"Hello\">{{ t.x() }} there</p>").contains("there"));
    assert!(said_by("<img alt=\"Hello\">").contains("Hello"));
}

fn photographed() -> Shop {
    let stall = Stall::with_three_pieces();
    let photo = |name: u8| PhotoView {
        name: crate::types::PhotoName::from_bytes([name; 16]),
        width: 1_600,
        height: 1_200,
        tints: String::new(),
    };
    stall.pieces.lock().expect("unpoisoned")[0].photos = vec![photo(1), photo(2)];
    let settings = Settings { public_url: "https://shop.example".to_owned(), ..Settings::default() };
    Shop::with(stall, settings)
}

#[tokio::test]
async fn a_piece_tells_engines_its_price_and_where_it_is_shown_in_each_language() {
    let shop = photographed();
    let page = shop.get("/piece/10019").await.body;
    let data = super::shop::data_of(&page);
    let product = data.iter().find(|block| block["@type"] == "Product").expect("a product");
    assert_eq!(product["offers"]["price"], "18.50");
    assert_eq!(product["offers"]["availability"], "https://schema.org/InStock");
    assert_eq!(product["offers"]["url"], "https://shop.example/piece/10019");
    assert_eq!(product["image"].as_array().map(Vec::len), Some(2));
    assert!(data.iter().any(|block| block["@type"] == "BreadcrumbList"));
    for tag in [
        "<link rel=\"canonical\" href=\"https://shop.example/piece/10019?lang=en\">",
        "<link rel=\"alternate\" hreflang=\"fr\" href=\"https://shop.example/piece/10019?lang=fr\">",
        "<link rel=\"alternate\" hreflang=\"x-default\" href=\"https://shop.example/piece/10019\">",
        "<meta property=\"og:type\" content=\"product\">",
        "<meta property=\"product:price:amount\" content=\"18.50\">",
        "<meta property=\"og:image\" content=\"https://shop.example/photo/",
    ] {
        assert!(page.contains(tag), "{tag}: {page}");
    }
    shop.stall.pieces.lock().expect("unpoisoned")[0].ready = 0;
    let gone = super::shop::data_of(&shop.get("/piece/10019").await.body);
    let offer = |block: &Value| block["offers"]["availability"].as_str().map(str::to_owned);
    assert!(gone.iter().filter_map(offer).any(|stock| stock.ends_with("/OutOfStock")));
}

#[tokio::test]
async fn the_map_of_the_site_leads_to_every_page_that_all_may_see() {
    let shop = photographed();
    let robots = shop.get("/robots.txt").await.body;
    assert!(robots.contains("Sitemap: https://shop.example/sitemap.xml\n"), "{robots}");
    let index = shop.get("/sitemap.xml").await;
    assert_eq!(index.header(header::CONTENT_TYPE), "application/xml; charset=utf-8");
    let parts: Vec<&str> = index.body.split("<loc>https://shop.example").skip(1).collect();
    let parts: Vec<&str> = parts.iter().filter_map(|part| part.split('<').next()).collect();
    assert_eq!(parts, ["/sitemap/shop.xml", "/sitemap/2025-11-22.xml", "/sitemap/2025-11-23.xml"]);
    let mut pages = String::new();
    for part in parts {
        pages.push_str(&shop.get(part).await.body);
    }
    let all: Vec<&str> = pages.split("<loc>https://shop.example").skip(1).collect();
    let all: Vec<&str> = all.iter().filter_map(|page| page.split('<').next()).collect();
    assert_eq!(
        all.len(),
        2 * (1 + 2 + 3 + 3 + 2),
        "in each language home, crafts, materials, pieces, makers: {all:?}"
    );
    for page in all {
        let answer = shop.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        let named = format!("<link rel=\"canonical\" href=\"https://shop.example{page}\">");
        assert!(answer.body.contains(&named), "the page names itself as the map does: {page}");
    }
    assert!(!pages.contains("/order/") && !pages.contains("/desk"));
    for no in ["/sitemap/2025-11.xml", "/sitemap/2025-13-01.xml", "/sitemap/shop", "/sitemap/x-y-z.xml"] {
        assert_eq!(shop.get(no).await.status, StatusCode::NOT_FOUND, "{no}");
    }
    assert!(!shop.get("/sitemap/2025-10-31.xml").await.body.contains("<loc>"));
}

#[tokio::test]
async fn shopping_engines_read_pieces_with_pictures_and_what_shipping_costs() {
    let shop = photographed();
    let feed = shop.get("/feed/en.xml").await;
    assert_eq!(feed.header(header::CONTENT_TYPE), "application/rss+xml; charset=utf-8");
    assert_eq!(feed.header(header::CACHE_CONTROL), "public, max-age=3600");
    assert_eq!(feed.body.matches("<item>").count(), 1, "those without a picture would be refused");
    for line in [
        "<g:id>10019</g:id>",
        "<g:title>Brass necklace by Akinyi Odhiambo</g:title>",
        "<g:link>https://shop.example/piece/10019?lang=en</g:link>",
        "<g:price>18.50 USD</g:price>",
        "<g:availability>in_stock</g:availability>",
        "<g:identifier_exists>no</g:identifier_exists>",
        "<g:shipping><g:country>NL</g:country><g:price>14.50 USD</g:price></g:shipping>",
        "</channel>\n</rss>\n",
    ] {
        assert!(feed.body.contains(line), "{line}: {}", feed.body);
    }
    assert_eq!(feed.body.matches("<g:additional_image_link>").count(), 1);
    let further = feed.body.split("<g:additional_image_link>").nth(1).and_then(|rest| rest.split('<').next());
    assert!(further.is_some_and(|url| url.ends_with(".1280.jpg")), "as the file is called: {further:?}");
    assert!(shop.get("/feed/fr.xml").await.body.contains("<g:title>Collier en laiton, par Akinyi"));
    assert_eq!(shop.get("/feed/de.xml").await.status, StatusCode::NOT_FOUND);
}
