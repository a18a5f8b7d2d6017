//! An order on its way from the shopper to the kiosk and to the maker's purse.

use super::{brought, earns, on_sale, open_stall, taken};
use crate::support::actors::{Agent, Artisan};
use crate::support::village::{Founding, Village};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn w12_money_moves_from_in_orders_to_ready_when_the_pieces_pass() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    let money = achieng.dials_code("*483*57*3#").await;
    assert!(money.starts_with("Ready: KSh 0. In orders: KSh 2,550. On its way: KSh 0"), "{money}");
    assert_eq!(achieng.balance().await, [0, 255_000, 0]);

    brought(&achieng, &amina, &order).await;
    assert_eq!(achieng.balance().await, [0, 255_000, 0]);
    amina.passes(&order.code, 3).await;
    let released = achieng.reads("is yours now").await;
    assert!(released.contains("3 of 3 passed. KSh 2,550 is yours now. Balance KSh 2,550."), "{released}");
    let money = achieng.dials_code("*483*57*3#").await;
    assert!(money.starts_with("Ready: KSh 2,550. In orders: KSh 0. On its way: KSh 0"), "{money}");
    assert_eq!(achieng.balance().await, [255_000, 0, 0]);
    assert_eq!(village.account("artisan:").await, 255_000);
    village.closes().await;
}

#[tokio::test]
async fn w30_a_check_releases_the_money_once() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    brought(&achieng, &amina, &order).await;
    let first = amina.passes(&order.code, 3).await;
    achieng.reads("is yours now").await;
    let books = village.books().await;
    assert_eq!(amina.passes(&order.code, 3).await, first);
    // Later than any memory of messages: the order itself remembers.
    village.clock.advance(DAY);
    assert_eq!(amina.passes(&order.code, 3).await, first);
    assert_eq!(village.books().await, books);
    achieng.gets_exactly(1, "is yours now").await;
    village.closes().await;
}

#[tokio::test]
async fn w31_more_pieces_than_came_cannot_pass() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    brought(&achieng, &amina, &order).await;
    let books = village.books().await;
    let much = amina.asks(&format!("QC {} PASS 4", order.code), "Count again").await;
    assert_eq!(much, format!("3 came in {}. Count again.", order.code));
    assert_eq!(village.books().await, books);
    assert_eq!(order.state().await, "at_kiosk");
    amina.passes(&order.code, 3).await;
    assert_eq!(village.account("artisan:").await, 255_000);
    village.closes().await;
}

#[tokio::test]
async fn a_parcel_is_not_judged_before_it_is_in_the_kiosks_hands() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    let away = amina.asks(&format!("QC {} PASS 1", order.code), "is not in your hands").await;
    assert!(away.contains(&order.code));
    assert_eq!(village.account("artisan:").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn pieces_that_fail_are_mended_and_pass_the_second_time() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 2).await;
    achieng.reads("2 of 3 passed").await;
    assert_eq!(achieng.balance().await, [170_000, 85_000, 0]);
    amina.fails(&order.code, 1, 2).await;
    let failed = achieng.reads("did not pass").await;
    assert!(failed.contains("1 did not pass: rough finish"), "{failed}");
    assert!(order.done().await.contains(&"rework".to_owned()));
    assert_eq!(achieng.balance().await, [170_000, 85_000, 0]);

    village.clock.advance(DAY);
    let shown = achieng.walks(&["2", "1"]).await;
    assert!(shown.contains("to mend"), "{shown}");
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    order.reaches("released").await;
    assert_eq!(achieng.balance().await, [255_000, 0, 0]);
    assert_eq!(village.account("deposit:").await, 0);
    village.closes().await;
}

/// The whole charge is back on the card, and nothing of it is left in anybody's account.
async fn is_given_back(village: &Village, order: &crate::support::shopper::Order) {
    order.reaches("refunded").await;
    crate::support::village::until("the refund", || async {
        order.done().await.contains(&"refunded".to_owned()).then_some(())
    })
    .await;
    let captures = village.card.captures();
    let capture = captures.iter().find(|capture| capture.token == order.token).expect("captured");
    assert_eq!(capture.refunded, capture.amount);
    assert_eq!(village.account("deposit:").await, 0);
    assert_eq!(village.account("shipping_payable").await, 0);
    assert_eq!(village.account("artisan:").await, 0);
}

#[tokio::test]
async fn an_offer_that_nobody_answers_gives_the_shopper_her_money_back() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, order.code);
    village.clock.advance(DAY + Duration::from_secs(60));
    let lapsed = achieng.reads("no answer came").await;
    assert!(lapsed.contains("does not count against you"), "{lapsed}");
    is_given_back(&village, &order).await;
    assert!(order.done().await.contains(&"lapsed".to_owned()));
    let late = achieng.asks(&format!("YES {}", order.code), "no longer open").await;
    assert!(late.contains(&order.code));
    // Nobody else is offered what she does not answer for, until she says again how many she has.
    assert_eq!(village.shopper().left(&listing).await, 0);
    achieng.walks(&["4", "1", "1", "1", "2"]).await;
    assert_eq!(village.shopper().left(&listing).await, 2);
    village.closes().await;
}

#[tokio::test]
async fn an_order_that_is_refused_gives_the_shopper_her_money_back() {
    let (village, achieng, _, listing) = open_stall(850, 2).await;
    let order = village.shopper().buys(&listing, 2).await;
    achieng.is_offered().await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    is_given_back(&village, &order).await;
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    village.closes().await;
}

#[tokio::test]
async fn a_refund_waits_for_a_card_processor_that_is_down() {
    use sokoni::sim::Line;
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    achieng.is_offered().await;
    village.card.set_line(Line::Closed).await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    order.reaches("refunded").await;
    assert_eq!(village.card.captures()[0].refunded, 0);
    village.card.set_line(Line::Open).await;
    village.clock.advance(Duration::from_secs(60));
    is_given_back(&village, &order).await;
    village.closes().await;
}

#[tokio::test]
async fn a_call_that_drops_after_accepting_shows_the_result_and_not_the_question() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    achieng.is_offered().await;
    let shown = achieng.walks(&["2", "1"]).await;
    assert!(shown.contains("I can make it"), "{shown}");
    let taken = achieng.presses("1").await;
    assert!(taken.starts_with("Yours: "), "{taken}");
    achieng.reads("is yours").await;
    let shown = achieng.walks(&["2", "1"]).await;
    assert!(shown.contains("making") && !shown.contains("I can make it"), "{shown}");
    order.reaches("making").await;
    village.closes().await;
}

#[tokio::test]
async fn w63_the_page_says_who_gets_what_as_the_books_have_it() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let order = earns(&village, &achieng, 850).await;
    assert_eq!(order.part("maker").await, village.account("artisan:").await);
    assert_eq!(order.part("margin").await, village.account("margin").await);
    // The money is hers and has not left: she is not said to be paid.
    let page = order.page().await;
    assert!(page.contains("the money is ready for Achieng"), "{page}");
    assert!(!page.contains("maker is paid") && !page.contains("been paid"), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn w63_of_three_pieces_the_page_says_what_their_release_posted() {
    let (mut village, achieng, amina, listing) = open_stall(333, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 3).await;
    achieng.reads("is yours now").await;
    let parts = [order.part("maker").await, order.part("margin").await];
    // Three times $4.25, which is half a cent less than KSh 550.38.
    assert_eq!(parts, [99_900, 3 * 55_038 - 99_900]);
    let books = village.books().await;
    let hers = books.keys().find(|name| name.starts_with("artisan:")).expect("hers").clone();
    village.stop().await;
    for (account, part) in [(hers.as_str(), parts[0]), ("margin", parts[1])] {
        let statement = village.sokoni(&["ledger", "statement", account, "--json"]);
        let statement: serde_json::Value = serde_json::from_str(&statement).expect("JSON");
        let lines = statement["lines"].as_array().expect("lines").iter();
        let released: Vec<_> = lines.filter(|line| line["kind"] == "released").collect();
        assert!(released.len() == 1 && released[0]["cents"] == part, "{account}: {statement}");
    }
    village.start().await;
    village.closes().await;
}

/// Whatever she answers to an order that she has long taken, she is told where it stands.
async fn is_told_where_it_stands(village: &Village, maker: &Artisan, amina: &Agent) {
    let listing = on_sale(maker, amina, 850, 1).await;
    let order = taken(village, maker, &listing, 1).await;
    brought(maker, amina, &order).await;
    // A text that comes again within a minute is a repeat, and gets its answer again.
    village.clock.advance(Duration::from_secs(150));
    let answers = [maker.word("YES", "NDIYO"), maker.word("NO", "HAPANA"), maker.word("READY", "TAYARI")];
    for word in answers {
        let here =
            maker.asks(&format!("{word} {}", order.code), maker.word("at the kiosk", "kibandani")).await;
        assert!(here.contains(&order.code), "{word}: {here}");
    }
    amina.passes(&order.code, 1).await;
    maker.reads(maker.word("is yours now", "ni zako sasa")).await;
    village.clock.advance(DAY);
    for word in answers {
        let done = maker.asks(&format!("{word} {}", order.code), maker.word("done", "imekamilika")).await;
        assert!(done.contains(&order.code), "{word}: {done}");
    }
    assert_eq!(village.account("artisan:").await, 85_000);
}

#[tokio::test]
async fn an_answer_to_an_order_taken_long_ago_is_told_where_the_order_stands() {
    let village = Village::open().await;
    is_told_where_it_stands(&village, &village.achieng().await, &village.amina()).await;
    village.closes().await;
}

#[tokio::test]
async fn an_answer_to_an_order_taken_long_ago_is_told_in_swahili_where_it_stands() {
    let village = Village::open().await;
    is_told_where_it_stands(&village, &village.wanjiru().await, &village.amina()).await;
    village.closes().await;
}

#[tokio::test]
async fn whoever_is_too_early_or_too_late_is_told_where_it_stands() {
    let village = Village::found(Founding { two_kiosks: true, ..Founding::default() }).await;
    let (achieng, amina, njeri) = (village.achieng().await, village.amina(), village.njeri());
    let listing = on_sale(&achieng, &amina, 850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    achieng.is_offered().await;
    let code = &order.code;
    let first = achieng.asks(&format!("READY {code}"), "waits for your answer").await;
    assert!(first.contains(&format!("Send YES {code} first")), "{first}");
    amina.asks(&format!("IN {code}"), "is not ready yet").await;
    let piece = amina.asks(&format!("IN {listing}"), "is the number of a piece").await;
    assert!(piece.starts_with(&listing), "{piece}");
    achieng.takes(code).await;
    // She comes without a word, and nobody is told that she is on her way.
    village.clock.advance(Duration::from_secs(150));
    amina.receives(code).await;
    achieng.reads("has your parcel").await;
    let there = njeri.asks(&format!("IN {code}"), "at another kiosk").await;
    assert!(there.contains("of Achieng") && there.contains("nothing to receive"), "{there}");
    amina.passes(code, 1).await;
    achieng.reads("is yours now").await;
    village.clock.advance(Duration::from_secs(150));
    amina.asks(&format!("IN {code}"), "checked and paid for").await;
    amina.asks(&format!("GONE {code} 320"), "we tell the buyer").await;
    village.clock.advance(Duration::from_secs(150));
    amina.asks(&format!("IN {code}"), "sent to the buyer").await;
    assert_eq!(amina.got("brings parcel"), 0);
    village.closes().await;
}

#[tokio::test]
async fn a_call_that_drops_in_a_list_goes_on_with_what_is_true_now() {
    let village = Village::open().await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    let listing = on_sale(&wanjiru, &amina, 850, 2).await;
    let order = village.shopper().buys(&listing, 1).await;
    wanjiru.is_offered().await;
    let orders = wanjiru.walks(&["2"]).await;
    assert!(orders.contains(&order.code), "{orders}");
    village.hangs_up(&wanjiru).await;
    wanjiru.asks(&format!("HAPANA {}", order.code), "Tutamwambia mnunuzi").await;
    assert!(wanjiru.dials().await.starts_with("Uliishia hapa: Oda zako"));
    let orders = wanjiru.presses("1").await;
    assert!(orders.starts_with("Hakuna oda bado") && !orders.contains(&order.code), "{orders}");
    village.closes().await;
}

#[tokio::test]
async fn a_call_that_drops_at_an_order_goes_on_with_where_the_order_stands_now() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    achieng.is_offered().await;
    let shown = achieng.walks(&["2", "1"]).await;
    assert!(shown.contains("I can make it"), "{shown}");
    village.hangs_up(&achieng).await;
    achieng.takes(&order.code).await;
    assert!(achieng.dials().await.starts_with("You stopped at"));
    let shown = achieng.presses("1").await;
    assert!(shown.contains("making") && !shown.contains("I can make it"), "{shown}");
    // The way back is as true as the screen.
    let orders = achieng.presses("0").await;
    assert!(orders.starts_with("Your orders"), "{orders}");
    village.closes().await;
}
