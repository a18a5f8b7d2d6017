//! The shopper's side: prices, forms sent twice, webhooks that repeat, a page that keeps itself fresh.

use super::riders::{OTIENO, is_ready, rides};
use super::tax::GERMAN_TAX;
use super::{brought, on_sale, open_stall, stall_of, taken};
use crate::support::shopper::{Shopper, attribute};
use crate::support::village::{Founding, Village, until};
use reqwest::StatusCode;
use sokoni::sim::card::Delivery;
use sokoni::types::Lang;
use std::time::Duration;

/// What the page must answer within.
const FIVE: Duration = Duration::from_secs(5);

/// The shop price by rule A0.2-2, in dollar cents: the price times 1.6, up to the next fifty
/// shillings, over 129.50, up to the next cent. In thousandths of a shilling.
fn shop_price(shillings: i64) -> i64 {
    let thousandths = shillings * 1_600;
    let retail = (thousandths + 49_999) / 50_000 * 50;
    (retail * 100 * 100 + 12_949) / 12_950
}

#[tokio::test]
async fn w60_the_price_on_the_page_follows_from_the_makers_price_to_the_cent() {
    assert_eq!(shop_price(850), 1_082);
    let village = Village::open().await;
    let (achieng, amina, shopper) = (village.achieng().await, village.amina(), village.shopper());
    for price in [50, 333, 777, 850, 1_250, 19_999, 20_000] {
        let listing = on_sale(&achieng, &amina, price, 1).await;
        assert_eq!(shopper.price(&listing).await, shop_price(i64::from(price)), "{price}");
    }
    village.closes().await;
}

#[tokio::test]
async fn w61_a_form_sent_twice_and_a_webhook_told_five_times_make_one_order() {
    let (village, achieng, _, listing) = open_stall(850, 3).await;
    let shopper = village.shopper();
    village.card.deliver(Delivery { copies: 5, ..Delivery::default() });
    let form = shopper.fills(&listing, 1).await;
    let pay_url = shopper.sends(&form).await.expect("on to payment");
    assert_eq!(shopper.sends(&form).await.expect("on to payment"), pay_url);
    let order = shopper.pays(&pay_url).await;
    order.reaches("offered").await;
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.gets_exactly(1, "You earn KSh").await;
    assert_eq!(village.card.captures().len(), 1);
    assert_eq!(shopper.left(&listing).await, 2);
    assert_eq!(shopper.sends(&form).await.expect("the first answer"), pay_url);
    let goods = village.card.captures()[0].amount - 1_500;
    assert_eq!(goods, shop_price(850));
    village.closes().await;
}

#[tokio::test]
async fn w61_two_forms_sent_at_once_with_one_key_make_one_order() {
    let (village, _, _, listing) = open_stall(850, 5).await;
    let shopper = village.shopper();
    let form = shopper.fills(&listing, 1).await;
    let sent = || shopper.sends(&form);
    let (a, b, c) = tokio::join!(sent(), sent(), sent());
    assert!(a.is_ok() && a == b && b == c, "{a:?} {b:?} {c:?}");
    assert_eq!(shopper.left(&listing).await, 4);
    village.closes().await;
}

#[tokio::test]
async fn the_last_piece_is_sold_once() {
    let (village, _, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    let (hers, his) = (shopper.fills(&listing, 1).await, shopper.fills(&listing, 1).await);
    let (hers, his) = tokio::join!(shopper.sends(&hers), shopper.sends(&his));
    assert!(hers.is_ok() ^ his.is_ok(), "{hers:?} {his:?}");
    let refused = hers.err().or(his.err()).expect("one of them");
    assert!(refused.0.is_client_error(), "{refused:?}");
    village.closes().await;
}

#[tokio::test]
async fn more_pieces_than_are_left_are_a_mistake_in_the_form_and_none_left_is_sold() {
    let (village, _, _, listing) = open_stall(850, 3).await;
    let shopper = village.shopper();
    let much = shopper.fills(&listing, 4).await;
    let (status, page) = shopper.sends(&much).await.expect_err("three are left");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Jo Bloggs") && page.contains("12 Long Street"), "what was typed is kept: {page}");
    assert!(page.contains("3 are left"), "{page}");
    let late = shopper.fills(&listing, 1).await;
    shopper.sends(&shopper.fills(&listing, 3).await).await.expect("on to payment");
    let (status, page) = shopper.sends(&late).await.expect_err("none is left");
    assert_eq!(status, StatusCode::GONE);
    assert!(page.contains("just been sold"), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn what_was_not_shown_is_not_charged_and_the_form_comes_back_with_it() {
    let taxed = Founding { taxes: GERMAN_TAX, ..Founding::default() };
    let (village, _, _, listing) = stall_of(taxed, 850, 3).await;
    let shopper = village.shopper();
    let two = 2 * 1_082 + 1_700 + 2 * 206 + 323;
    // The page said what one comes to; the second was typed, and nobody asked for the total.
    let form = Shopper::filled(&shopper.sees(&listing).await, &listing, 2);
    let (status, page) = shopper.sends(&form).await.expect_err("the form comes back");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Nothing was charged") && page.contains("Jo Bloggs"), "{page}");
    assert_eq!(attribute(&page, "data-testid=\"sum-total\"", "data-cents"), Some(two.to_string()));
    assert_eq!((shopper.left(&listing).await, village.card.sessions().len()), (3, 0));
    let french = shopper.sends_to("/checkout?lang=fr", &form).await.expect_err("it comes back").1;
    assert!(french.contains("Rien n’a été débité"), "{french}");

    // Sent as it came back, it is charged; to another country it would be another sum.
    let shown = form.but("sums", &attribute(&page, "name=\"sums\"", "value").expect("sums"));
    let elsewhere = shopper.sends(&shown.but("country", "US")).await.expect_err("another sum").1;
    assert!(elsewhere.contains("Nothing was charged"), "{elsewhere}");
    let pay_url = shopper.sends(&shown).await.expect("on to payment");
    let session = village.card.sessions().pop().expect("a session");
    assert_eq!(session.amount, two);
    assert!(session.what.starts_with("2 necklace (brass) with shipping and tax, order "), "{}", session.what);
    assert_eq!(shopper.sends(&shown).await.expect("the first answer"), pay_url);

    // A price that was changed since the page was drawn makes another sum.
    let one = shopper.fills(&listing, 1).await;
    let other = one.but("sums", &one.value("sums").replace("DE-1-", "DE-1-1"));
    assert_eq!(shopper.sends(&other).await.expect_err("another sum").0, StatusCode::UNPROCESSABLE_ENTITY);
    shopper.sends_to("/checkout?lang=fr", &one).await.expect("on to payment");
    let what = village.card.sessions().pop().expect("a session").what;
    assert!(what.starts_with("1 × Collier en laiton, envoi et taxe compris, commande "), "{what}");
    village.closes().await;
}

#[tokio::test]
async fn w61_a_key_that_comes_again_with_another_order_is_refused() {
    let (village, _, _, listing) = open_stall(850, 3).await;
    let shopper = village.shopper();
    let form = shopper.fills(&listing, 1).await;
    let first = shopper.sends(&form).await.expect("on to payment");
    let other = form.but("quantity", "2");
    let (status, page) = shopper.sends(&other).await.expect_err("another order");
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("already") && page.contains("Jo Bloggs"), "{page}");
    assert_eq!(shopper.sends(&form).await.expect("the first answer"), first);
    assert_eq!(shopper.left(&listing).await, 2);
    village.closes().await;
}

#[tokio::test]
async fn w62_the_order_page_shows_each_step_at_once() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let otieno = rides(&village, &amina, "Otieno Ouma", OTIENO, Lang::EN).await;
    let order = village.shopper().buys(&listing, 1).await;
    let mut page = order.live().await;
    page.shows("offered", FIVE).await;
    achieng.is_offered().await;
    // From the moment at which the text is sent that brings the step about.
    tokio::join!(page.shows("accepted", FIVE), achieng.takes(&order.code));
    let ((), number) = tokio::join!(page.shows("ready", FIVE), is_ready(&achieng, &order));
    let pick = format!("PICK {} {number}", order.code);
    tokio::join!(page.shows("with_rider", FIVE), otieno.asks(&pick, "is with you now"));
    tokio::join!(page.shows("at_kiosk", FIVE), amina.receives(&order.code));
    tokio::join!(page.shows("checked", FIVE), amina.passes(&order.code, 1));
    let gone = format!("GONE {} 320", order.code);
    tokio::join!(page.shows("packed", FIVE), amina.asks(&gone, "we tell the buyer"));
    page.shows("shipped", FIVE).await;
    let done =
        ["paid", "offered", "accepted", "ready", "with_rider", "at_kiosk", "checked", "packed", "shipped"];
    assert_eq!(order.done().await, done);
    village.closes().await;
}

#[tokio::test]
async fn pieces_that_are_not_paid_for_in_time_can_be_bought_again() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    let form = shopper.fills(&listing, 1).await;
    let pay_url = shopper.sends(&form).await.expect("on to payment");
    assert_eq!(shopper.left(&listing).await, 0);
    village.clock.advance(Duration::from_secs(36 * 60));
    until("the piece is free again", || async { (shopper.left(&listing).await == 1).then_some(()) }).await;
    // The page where it could have been paid takes nothing any more.
    until("the payment page is closed", || async {
        let open = village.card.sessions().iter().any(|s| s.state == sokoni::sim::card::SessionState::Open);
        (!open).then_some(())
    })
    .await;
    assert!(village.card.captures().is_empty(), "{pay_url}");
    taken(&village, &achieng, &listing, 1).await;
    village.closes().await;
}

#[tokio::test]
async fn a_webhook_that_comes_late_finds_its_order() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    village.card.deliver(Delivery { hold: true, ..Delivery::default() });
    let form = shopper.fills(&listing, 1).await;
    let order = shopper.pays(&shopper.sends(&form).await.expect("on to payment")).await;
    assert_eq!(order.state().await, "placed");
    village.card.deliver(Delivery::default());
    village.card.release(true).await;
    order.reaches("offered").await;
    assert_eq!(achieng.is_offered().await, order.code);
    village.closes().await;
}

#[tokio::test]
async fn a_payment_for_pieces_that_were_let_go_is_given_back() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    village.card.deliver(Delivery { hold: true, ..Delivery::default() });
    let form = shopper.fills(&listing, 1).await;
    let order = shopper.pays(&shopper.sends(&form).await.expect("on to payment")).await;
    village.clock.advance(Duration::from_secs(36 * 60));
    order.reaches("expired").await;
    village.card.deliver(Delivery::default());
    village.card.release(false).await;
    until("the money is back", || async {
        let captures = village.card.captures();
        (captures[0].refunded == captures[0].amount).then_some(())
    })
    .await;
    order.reaches("refunded").await;
    assert_eq!(achieng.got("You earn KSh"), 0);
    assert_eq!(shopper.left(&listing).await, 1);
    village.closes().await;
}

#[tokio::test]
async fn the_makers_part_is_her_price_and_the_page_of_an_unknown_order_says_nothing() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    let order = taken(&village, &achieng, &listing, 1).await;
    assert_eq!(order.part("maker").await, 85_000);
    brought(&achieng, &amina, &order).await;
    let made_up = format!("/order/{}", "0".repeat(32));
    assert_eq!(shopper.opens(&made_up).await.0, StatusCode::NOT_FOUND);
    let (status, page) = shopper.opens("/piece/00000").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!page.contains(&achieng.pin));
    village.closes().await;
}
