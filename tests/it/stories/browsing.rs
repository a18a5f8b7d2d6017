//! How shoppers find pieces: by craft, material, maker, price and words, in their own language, while
//! pieces come, are sold and come back.

use super::{on_sale, open_stall, taken};
use crate::support::shopper::{Shopper, attribute};
use crate::support::village::{Village, until};
use reqwest::StatusCode;
use sokoni::types::{Clock, time::NAIROBI};
use std::time::Duration;

/// The pieces that a page shows, in its order.
async fn shown(shopper: &Shopper, path: &str) -> Vec<String> {
    let (status, page) = shopper.opens(path).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    let cards = page.split("data-testid=\"piece-card\"").skip(1);
    cards.filter_map(|card| attribute(card, "", "data-code")).collect()
}

/// Where a piece's page says that its maker's is.
async fn maker_page(shopper: &Shopper, listing: &str) -> String {
    let page = shopper.sees(listing).await;
    let link =
        page.split("<a href=\"").find(|rest| rest.starts_with("/maker/")).expect("a link to the maker");
    link.split('"').next().expect("an address").to_owned()
}

#[tokio::test]
async fn pieces_are_found_by_what_they_are_who_made_them_where_and_for_how_much() {
    let village = Village::open().await;
    let (achieng, wanjiru) = tokio::join!(village.achieng(), village.wanjiru());
    let (amina, shopper) = (village.amina(), village.shopper());
    let first = on_sale(&achieng, &amina, 850, 2).await;
    village.clock.advance(Duration::from_secs(1));
    let second = on_sale(&wanjiru, &amina, 2_000, 1).await;
    let both = [second.clone(), first.clone()];
    assert_eq!(shown(&shopper, "/").await, both, "newest first");
    assert_eq!(shown(&shopper, "/craft/necklace").await, both);
    assert_eq!(shown(&shopper, "/material/brass").await, both);
    assert!(shown(&shopper, "/craft/ring").await.is_empty());
    for (query, found) in [
        ("q=brass+necklace", &both[..]),
        ("q=collier+laiton", &both),
        ("q=mkufu", &both),
        ("q=neklace", &both),
        ("q=achieng", &both[1..]),
        ("q=Acheing+brass", &both[1..]),
        ("q=wanjiru+kibera", &both[..1]),
        ("q=achieng+wanjiru", &[]),
        ("q=beads", &[]),
        ("to=15", &both[1..]),
        ("from=15&to=30&kind=necklace", &both[..1]),
        ("material=beads", &[]),
    ] {
        assert_eq!(shown(&shopper, &format!("/?{query}")).await, found, "{query}");
    }
    let hers = maker_page(&shopper, &first).await;
    assert_eq!(shown(&shopper, &hers).await, std::slice::from_ref(&first));
    let (_, page) = shopper.opens(&hers).await;
    assert!(page.contains("Achieng in Kibera") && page.contains("necklaces"), "{page}");
    assert!(!page.contains("Otieno") && !page.contains("0700"), "her other names and phone stay with us");
    assert_eq!(shopper.opens("/maker/nobodyatall1").await.0, StatusCode::NOT_FOUND);
    village.closes().await;
}

#[tokio::test]
async fn what_is_sold_is_found_no_more_until_it_can_be_bought_again() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    let hers = maker_page(&shopper, &listing).await;
    let form = shopper.fills(&listing, 1).await;
    shopper.sends(&form).await.expect("on to payment");
    for path in ["/", "/craft/necklace", "/?q=achieng", &hers] {
        assert!(shown(&shopper, path).await.is_empty(), "{path}");
    }
    village.clock.advance(Duration::from_secs(36 * 60));
    until("the piece is found again", || async {
        (shown(&shopper, "/?q=achieng").await == [listing.clone()]).then_some(())
    })
    .await;
    taken(&village, &achieng, &listing, 1).await;
    assert!(shown(&shopper, "/craft/necklace").await.is_empty());
    assert!(!shopper.opens("/feed/en.xml").await.1.contains("<item>"));
    village.closes().await;
}

#[tokio::test]
async fn the_page_of_a_piece_says_by_when_it_is_made() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    // A day for her answer and seven to make it.
    let (year, month, day) = village.clock.now().after(Duration::from_secs(8 * 86_400)).civil(NAIROBI);
    let page = shopper.sees(&listing).await;
    let says = page.split("<time datetime=\"").nth(1).and_then(|rest| rest.split('"').next());
    assert_eq!(says, Some(format!("{year}-{month:02}-{day:02}").as_str()), "{page}");
    taken(&village, &achieng, &listing, 1).await;
    village.closes().await;
}

#[tokio::test]
async fn engines_read_what_is_on_sale_with_the_price_of_its_page() {
    let (village, _, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    let cents = shopper.price(&listing).await;
    let price = format!("<g:price>{}.{:02} USD</g:price>", cents / 100, cents % 100);
    let (status, feed) = shopper.opens("/feed/en.xml").await;
    assert_eq!(status, StatusCode::OK);
    assert!(feed.contains(&format!("<g:id>{listing}</g:id>")) && feed.contains(&price), "{feed}");
    let (_, index) = shopper.opens("/sitemap.xml").await;
    let month = index.split("/sitemap/2").nth(1).and_then(|rest| rest.split('<').next()).expect("a month");
    let (_, map) = shopper.opens(&format!("/sitemap/2{month}")).await;
    assert!(map.contains(&format!("/piece/{listing}?lang=en</loc>")), "{map}");
    village.closes().await;
}
