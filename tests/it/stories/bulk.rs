//! Many pieces at once: asked for on the shop's page, spread over artisans who answer by phone, added up
//! on the buyer's page at every moment.

use super::days::morning;
use super::open_stall;
use crate::support::actors::{Agent, Artisan, number};
use crate::support::shopper::{Filled, Shopper, attribute};
use crate::support::village::{Village, client, until};
use reqwest::StatusCode;
use reqwest::header::LOCATION;
use sokoni::types::Lang;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// A buyer's request and its page.
pub(super) struct Request {
    shop: String,
    token: String,
    pub(super) code: String,
    shopper: Shopper,
}

/// What a page adds up: offered, being made, passed, refunded, left.
type Counts = [u32; 5];

fn counts(page: &str) -> Counts {
    let of = |word: &str| {
        let pieces = attribute(page, &format!("data-count=\"{word}\""), "data-pieces").expect("a count");
        pieces.parse().expect("a number")
    };
    ["offered", "making", "passed", "refunded", "left"].map(of)
}

impl Request {
    pub(super) async fn page(&self) -> String {
        self.shopper.opens(&format!("/bulk/{}", self.token)).await.1
    }

    /// Waits until the page shows these counts; whatever it shows before adds up as well.
    async fn shows(&self, wanted: Counts) {
        let whole: u32 = wanted.iter().sum();
        until(&format!("{wanted:?} on the page of {}", self.code), || async {
            let seen = counts(&self.page().await);
            assert_eq!(seen.iter().sum::<u32>(), whole, "{seen:?}");
            (seen == wanted).then_some(())
        })
        .await;
    }

    pub(super) async fn state(&self) -> String {
        attribute(&self.page().await, "data-testid=\"bulk-state\"", "data-state").expect("a state")
    }

    async fn promise(&self) -> bool {
        self.page().await.contains("data-testid=\"promise\"")
    }

    pub(super) async fn chooses(&self, choice: &str) {
        let page = self.page().await;
        let form = page.split(&format!("data-testid=\"choose-{choice}\"")).nth(1).expect("this choice");
        let round = attribute(form, "name=\"round\"", "value").expect("a round");
        for _ in 0..2 {
            let form = [("round", round.as_str()), ("choice", choice)];
            let post = client().post(format!("{}/bulk/{}", self.shop, self.token)).form(&form);
            assert_eq!(post.send().await.expect("the shop answers").status(), StatusCode::SEE_OTHER);
        }
    }
}

/// Fills in the form for many pieces, wanted in so many days.
pub(super) async fn fills(village: &Village, listing: &str, pieces: u32) -> (Filled, i64) {
    let (status, page) = village.shopper().opens(&format!("/piece/{listing}/many?quantity={pieces}")).await;
    assert_eq!(status, StatusCode::OK);
    let key = attribute(&page, "name=\"idempotency_key\"", "value").expect("a key");
    let sums = attribute(&page, "name=\"sums\"", "value").expect("sums");
    let soonest = attribute(&page, "id=\"wanted\"", "min").expect("the soonest day");
    let cents = attribute(&page, "data-testid=\"many-price\"", "data-cents").expect("a price");
    let text = |text: &str| text.to_owned();
    let form = Filled::of(vec![
        ("code", text(listing)),
        ("idempotency_key", key),
        ("sums", sums),
        ("quantity", pieces.to_string()),
        ("wanted", soonest),
        ("name", text("Jo Bloggs")),
        ("email", text("jo@example.org")),
        ("country", text("DE")),
        ("address", text("12 Long Street\nBerlin")),
    ]);
    (form, cents.parse().expect("cents"))
}

/// Asks for many pieces and pays.
pub(super) async fn asks_for(village: &Village, listing: &str, pieces: u32) -> Request {
    asks_at(village, "/many", listing, pieces).await
}

/// The same at another address of the form.
pub(super) async fn asks_at(village: &Village, way: &str, listing: &str, pieces: u32) -> Request {
    let (form, _) = fills(village, listing, pieces).await;
    let shop = village.url.clone();
    let pay_url = village.shopper().sends_to(way, &form).await.expect("on to payment");
    let post = client().post(pay_url).form(&[("card", "4242 4242 4242 4242")]);
    let answer = post.send().await.expect("the processor answers");
    let back = answer.headers().get(LOCATION).expect("paid").to_str().expect("an address").to_owned();
    let token = back.rsplit_once("/bulk/").expect("back to the request").1;
    let token = token.split(['?', '#']).next().expect("a token").to_owned();
    let shopper = village.shopper();
    let page = shopper.opens(&format!("/bulk/{token}")).await.1;
    let code = page.split("data-testid=\"order-code\">").nth(1).expect("a number")[..6].to_owned();
    let request = Request { shop, token, code, shopper };
    until("the payment is heard of", || async { (request.state().await != "placed").then_some(()) }).await;
    request
}

/// Somebody else who has such necklaces on sale, for less, and says how many she can make.
pub(super) async fn another(
    village: &Village, kiosk: &Agent, (name, phone): (&str, &str), stuff: &str, room: u32,
) -> Artisan {
    let maker = Artisan::joins(village.phone(phone, Lang::EN), name, "5093").await;
    let listing = maker.lists("NECKLACE", stuff, 800, 1).await;
    kiosk.reads(&listing).await;
    kiosk.approves(&listing).await;
    maker.reads("on sale").await;
    has_room(&maker, room).await;
    maker
}

pub(super) async fn has_room(maker: &Artisan, room: u32) {
    maker.asks(&format!("CAPACITY {room}"), &format!("up to {room} pieces")).await;
}

/// The number of what she is offered, and for how many pieces.
pub(super) async fn offered(maker: &Artisan) -> (String, u32) {
    let offer = maker.reads("Reply YES").await;
    let pieces = offer.split(": ").nth(1).and_then(|rest| rest.split(' ').next()).expect("pieces");
    (number(&offer, 6), pieces.parse().expect("a number"))
}

/// From her yes through the check.
pub(super) async fn makes(maker: &Artisan, kiosk: &Agent, order: &str, pieces: u32) {
    maker.has_made(order).await;
    kiosk.reads(order).await;
    kiosk.receives(order).await;
    maker.reads("has your parcel").await;
    kiosk.passes(order, pieces).await;
    maker.reads("is yours now").await;
}

#[tokio::test]
async fn w70_what_is_not_taken_of_forty_is_offered_onward_and_the_page_adds_up() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 25).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 15).await;
    let atieno = another(&village, &amina, ("Atieno Odhiambo", "0700000112"), "BEADS", 10).await;

    // Hers first, then those who work the same material, each as many as she has room for.
    let request = asks_for(&village, &listing, 40).await;
    let (hers, pieces) = offered(&achieng).await;
    assert_eq!(pieces, 25);
    let (part, pieces) = offered(&njeri).await;
    assert_eq!(pieces, 15);
    request.shows([40, 0, 0, 0, 0]).await;
    assert!(!request.promise().await);

    achieng.takes(&hers).await;
    request.shows([15, 25, 0, 0, 0]).await;
    assert_eq!(atieno.got("Reply YES"), 0);
    let asked = njeri.walks(&["2", "1", "2"]).await;
    assert!(asked.contains("How many of 15"), "{asked}");
    let yours = njeri.presses("12").await;
    assert!(yours.contains(&format!("Yours: {part}, 12 ")), "{yours}");

    // Three came back and went onward, under a number of their own.
    let (last, pieces) = offered(&atieno).await;
    assert_eq!(pieces, 3);
    assert!(last != part && last != hers);
    request.shows([3, 37, 0, 0, 0]).await;
    assert!(!request.promise().await);
    let much = atieno.asks(&format!("SOME {last} 4"), "is for").await;
    assert!(much.contains("is for 3 pieces"), "{much}");
    request.shows([3, 37, 0, 0, 0]).await;
    atieno.takes(&last).await;
    request.shows([0, 40, 0, 0, 0]).await;
    assert_eq!(request.state().await, "making");
    assert!(request.promise().await);
    assert_eq!(achieng.balance().await, [0, 25 * 85_000, 0]);
    village.closes().await;
}

#[tokio::test]
async fn w70_a_lapse_of_a_part_counts_against_nobody() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 12).await;
    let request = asks_for(&village, &listing, 12).await;
    let (hers, _) = offered(&achieng).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 15).await;
    village.clock.advance(DAY + Duration::from_secs(60));
    let lapsed = achieng.reads("went to another artisan").await;
    assert!(lapsed.contains(&hers) && lapsed.contains("does not count against you"), "{lapsed}");
    let (part, pieces) = offered(&njeri).await;
    assert_eq!(pieces, 12);
    assert_ne!(part, hers);
    achieng.asks(&format!("YES {hers}"), "no longer open").await;
    request.shows([12, 0, 0, 0, 0]).await;
    njeri.takes(&part).await;
    request.shows([0, 12, 0, 0, 0]).await;
    assert_eq!(request.state().await, "making");
    assert!(request.promise().await);
    village.closes().await;
}

#[tokio::test]
async fn w70_whoever_let_a_part_lapse_is_offered_the_next_as_before() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 12).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 10).await;
    let request = asks_for(&village, &listing, 20).await;
    let (hers, _) = offered(&achieng).await;
    let (part, pieces) = offered(&njeri).await;
    assert_eq!(pieces, 8);
    achieng.takes(&hers).await;
    village.clock.advance(DAY + Duration::from_secs(60));
    let lapsed = njeri.reads("because no answer came").await;
    assert!(lapsed.contains(&part) && lapsed.contains("does not count against you"), "{lapsed}");
    until("the buyer may choose", || async { (request.state().await == "choosing").then_some(()) }).await;
    request.chooses("fewer").await;
    request.shows([0, 12, 0, 8, 0]).await;
    // Achieng has room for none more, and Njeri for as many as ever.
    let second = asks_for(&village, &listing, 10).await;
    let (part, pieces) = offered(&njeri).await;
    assert_eq!((pieces, achieng.got("Reply YES")), (10, 1));
    njeri.takes(&part).await;
    second.shows([0, 10, 0, 0, 0]).await;
    village.closes().await;
}

#[tokio::test]
async fn w71_the_discount_is_in_nobodys_credit_but_the_houses() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 8).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 15).await;
    let one = village.shopper().price(&listing).await;
    let (_, many) = fills(&village, &listing, 12).await;
    // A tenth off what 1,400 shillings are at 129.50, up to the next cent.
    assert_eq!((one, many), (1_082, 973));
    let request = asks_for(&village, &listing, 12).await;
    let (hers, eight) = offered(&achieng).await;
    let (other, four) = offered(&njeri).await;
    assert_eq!((eight, four), (8, 4));
    achieng.takes(&hers).await;
    njeri.takes(&other).await;
    makes(&achieng, &amina, &hers, 8).await;
    request.shows([0, 4, 8, 0, 0]).await;
    makes(&njeri, &amina, &other, 4).await;
    request.shows([0, 0, 12, 0, 0]).await;
    assert_eq!(request.state().await, "done");
    // Each has the full price of the listing for each piece; what is off is off the margin.
    assert_eq!(achieng.balance().await, [8 * 85_000, 0, 0]);
    assert_eq!(njeri.balance().await, [4 * 85_000, 0, 0]);
    assert_eq!(village.account("deposit:").await, 0);
    let margin = attribute(&request.page().await, "data-part=\"margin\"", "data-cents");
    let margin: i64 = margin.expect("a margin").parse().expect("cents");
    // $9.73 are KSh 1,260.035: twelve times half a cent more is said of each than came in for all.
    assert_eq!(village.account("margin").await - margin, -6);
    village.closes().await;
}

#[tokio::test]
async fn the_buyer_of_many_sees_days_that_move_and_parcels_and_has_money_back_for_what_never_comes() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 8).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 15).await;
    let request = asks_for(&village, &listing, 12).await;
    let (hers, _) = offered(&achieng).await;
    let (other, _) = offered(&njeri).await;
    achieng.takes(&hers).await;
    njeri.takes(&other).await;
    request.shows([0, 12, 0, 0, 0]).await;
    let promised = async || {
        let page = request.page().await;
        page.split("data-testid=\"promise\"").nth(1).map(|rest| rest[..60].to_owned()).expect("a day")
    };
    let (first, watched) =
        (promised().await, attribute(&request.page().await, "class=\"order-grid\"", "data-version"));
    achieng.asks(&format!("LATE {hers} 3"), "We tell the buyer").await;
    assert!(request.page().await.contains("(later than promised, because the work takes longer)"));
    assert_ne!(promised().await, first);
    assert_ne!(attribute(&request.page().await, "class=\"order-grid\"", "data-version"), watched);

    makes(&njeri, &amina, &other, 4).await;
    amina.asks(&format!("GONE {other} 640 RR123456785KE"), "the buyer sees its number").await;
    assert!(request.page().await.contains("data-testid=\"tracking\">RR123456785KE<"));
    // What never comes is no question to the buyer: the money goes back.
    let soon = async |so: &dyn Fn() -> bool| {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if so() {
                return true;
            }
        }
        false
    };
    let mut mornings = (0..60).map(|_| morning(&village, 1));
    while mornings.next().is_some() && !soon(&|| achieng.got("has passed") > 0).await {}
    while mornings.next().is_some() && !soon(&|| achieng.got("was not ready") > 0).await {}
    request.shows([0, 0, 4, 8, 0]).await;
    let asked = achieng.reads("has passed").await;
    assert!(asked.contains("the buyer gets the money back"), "{asked}");
    let told = achieng.reads("was not ready").await;
    assert!(told.contains(&hers) && told.contains("gets the money back for it"), "{told}");
    village.closes().await;
}

#[tokio::test]
async fn a_buyer_whose_pieces_nobody_takes_waits_longer_then_takes_fewer() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 12).await;
    let request = asks_for(&village, &listing, 15).await;
    let (hers, pieces) = offered(&achieng).await;
    assert_eq!(pieces, 12);
    achieng.asks(&format!("BAADHI {hers} 10"), "is yours").await;
    until("the buyer may choose", || async { (request.state().await == "choosing").then_some(()) }).await;
    request.shows([0, 10, 0, 0, 5]).await;

    // Later: everybody may be asked again; she has room for two more.
    request.chooses("later").await;
    let (again, two) = offered(&achieng).await;
    assert_eq!(two, 2);
    achieng.asks(&format!("NO {again}"), "Thank you").await;
    request.shows([0, 10, 0, 0, 5]).await;
    assert_eq!(request.state().await, "choosing");

    // Fewer: the rest is on the card again, to the cent and once.
    request.chooses("fewer").await;
    request.shows([0, 10, 0, 5, 0]).await;
    assert_eq!(request.state().await, "making");
    makes(&achieng, &amina, &hers, 10).await;
    request.shows([0, 0, 10, 5, 0]).await;
    let (_, each) = fills(&village, &listing, 15).await;
    until("the refund", || async {
        let captures = village.card.captures();
        let capture = captures.iter().find(|capture| capture.token == request.token).expect("captured");
        (capture.refunded == each * 5).then_some(())
    })
    .await;
    until("the books", || async { (village.account("deposit:").await == 0).then_some(()) }).await;
    assert_eq!(achieng.balance().await, [10 * 85_000, 0, 0]);
    let rows = village.desk("bulk").await;
    assert_eq!(rows[0]["state"], "done");
    assert_eq!(rows[0]["parts"].as_array().expect("parts").len(), 2);
    assert!(village.desk_page("/desk/bulk").await.contains(&request.code));
    village.closes().await;
}

#[tokio::test]
async fn what_a_buyer_never_chooses_about_goes_back_and_the_desk_may_choose_for_her() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    has_room(&achieng, 10).await;
    let first = asks_for(&village, &listing, 15).await;
    let (hers, ten) = offered(&achieng).await;
    achieng.takes(&hers).await;
    // The first is chosen about at the desk, by its number and round.
    until("the buyer may choose", || async { (first.state().await == "choosing").then_some(()) }).await;
    first.shows([0, ten, 0, 0, 15 - ten]).await;
    let chosen = [("code", first.code.as_str()), ("round", "1"), ("choice", "fewer")];
    assert!(village.desk_page("/desk/bulk").await.contains(&format!("Refund {}", 15 - ten)));
    assert_eq!(village.desk_press("/desk/bulk", &chosen).await, "/desk/bulk");
    first.shows([0, ten, 0, 15 - ten, 0]).await;
    // She has room for nobody else, so the second is offered to nobody, and nobody chooses.
    let second = asks_for(&village, &listing, 15).await;
    until("the buyer may choose", || async { (second.state().await == "choosing").then_some(()) }).await;
    makes(&achieng, &amina, &hers, ten).await;
    village.clock.advance(DAY * 4);
    assert_eq!(second.state().await, "choosing");
    village.clock.advance(DAY * 4);
    until("the money goes back", || async { (second.state().await == "refunded").then_some(()) }).await;
    second.shows([0, 0, 0, 15, 0]).await;
    until("the books", || async {
        let books = village.books().await;
        let mut deposits = books.iter().filter(|(account, _)| account.starts_with("deposit:"));
        deposits.all(|(_, sum)| *sum == 0).then_some(())
    })
    .await;
    village.closes().await;
}

#[tokio::test]
async fn a_form_for_many_pieces_that_cannot_be_says_why_and_keeps_what_was_typed() {
    let (village, _, _, listing) = open_stall(850, 3).await;
    let (form, _) = fills(&village, &listing, 40).await;
    for (field, answer, why) in [
        ("quantity", "9", "Choose from 10 to 500 pieces."),
        ("wanted", "2020-01-31", "or a later day"),
        ("wanted", "soon", "Choose the day"),
        ("country", "XX", "Choose a country"),
    ] {
        let wrong = village.shopper().sends_to("/many", &form.but(field, answer)).await;
        let (status, page) = wrong.expect_err("refused");
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(why), "{field} {answer}: {why}");
        assert!(page.contains("Jo Bloggs"));
    }
    // The same form twice is one request and one payment.
    let first = village.shopper().sends_to("/many", &form).await.expect("on to payment");
    assert_eq!(village.shopper().sends_to("/many", &form).await.expect("again"), first);
    assert_eq!(village.desk("bulk").await.as_array().expect("rows").len(), 1);
    village.closes().await;
}

#[tokio::test]
async fn an_order_that_its_maker_does_not_answer_goes_to_another_who_makes_the_same() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let njeri = another(&village, &amina, ("Njeri Kamau", "0700000111"), "BRASS", 15).await;
    let order = village.shopper().buys(&listing, 2).await;
    assert_eq!(achieng.is_offered().await, order.code);
    village.clock.advance(DAY + Duration::from_secs(60));
    let lapsed = achieng.reads("went to another artisan").await;
    assert!(lapsed.contains(&order.code), "{lapsed}");
    assert_eq!(offered(&njeri).await, (order.code.clone(), 2));
    // To the shopper it is one offer still, and nothing was given back.
    assert_eq!(order.state().await, "offered");
    assert!(!order.done().await.contains(&"lapsed".to_owned()));
    njeri.takes(&order.code).await;
    makes(&njeri, &amina, &order.code, 2).await;
    order.reaches("released").await;
    assert_eq!(njeri.balance().await, [2 * 85_000, 0, 0]);
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    assert_eq!(village.account("deposit:").await, 0);
    village.closes().await;
}
