//! Days that pass: makers are reminded and asked, shoppers choose what becomes of pieces that will never
//! come, and change their minds.

use super::riders::{OTIENO, is_ready, rides};
use super::{brought, on_sale, open_stall, taken};
use crate::support::shopper::{Order, attribute};
use crate::support::village::{Village, until};
use sokoni::types::time::NAIROBI;
use sokoni::types::{Clock, Lang};
use std::time::Duration;

const DAY: i64 = 86_400_000;

/// Lets time pass until shortly after nine in the morning, so many days from today.
pub(super) fn morning(village: &Village, days: i64) {
    let now = village.clock.now().millis();
    let zone = i64::from(NAIROBI) * 60_000;
    let midnight = (now + zone).div_euclid(DAY) * DAY - zone;
    let at = midnight + days * DAY + 9 * 3_600_000 + 5_000;
    village.clock.advance(Duration::from_millis(u64::try_from(at - now).expect("a morning that comes")));
}

/// What cancelling costs, in cents, as the page says; none when it offers no cancelling.
async fn costs(order: &Order) -> Option<String> {
    attribute(&order.page().await, "data-testid=\"cancel\"", "data-cents")
}

/// What one piece for 850 with its shipping costs, in cents of a dollar.
const CHARGED: i64 = 1_082 + 1_500;

/// Waits until the processor has given back so much, and the books know it.
async fn given_back(village: &Village, order: &Order, cents: i64) {
    village.passes_time_until("the refund", || village.card.captures()[0].refunded == cents).await;
    until("the refund is booked", || async {
        order.done().await.contains(&"refunded".to_owned()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_maker_is_reminded_may_ask_for_days_and_is_asked_once_before_the_shopper_chooses() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    // A day to answer and seven to make it: hers is the eighth day from now.
    morning(&village, 7);
    let told = achieng.reads("Tomorrow is the day for order").await;
    assert!(told.contains(&format!("Send LATE {} and how many days more", order.code)), "{told}");
    assert!(order.page().await.contains("data-testid=\"order-due\""));
    assert!(!order.page().await.contains("needs more time because"));
    let asked = achieng.asks(&format!("LATE {}", order.code), "Missing").await;
    assert!(asked.contains("how many days more"), "{asked}");
    let moved = achieng.asks("3", "is due on").await;
    assert!(moved.contains("We tell the buyer"), "{moved}");
    assert!(order.page().await.contains("needs more time because the work takes longer"));
    assert!(order.done().await.contains(&"late".to_owned()));

    morning(&village, 2);
    assert_eq!(achieng.got("has passed"), 0, "the day she had first asks nobody");
    morning(&village, 1);
    achieng.reads("Tomorrow is the day for order").await;
    morning(&village, 2);
    let asked = achieng.reads("has passed").await;
    assert!(asked.contains(&format!("READY {}", order.code)), "{asked}");
    assert_eq!(order.state().await, "making");
    morning(&village, 2);
    achieng.reads("was not ready, so we ask the buyer").await;
    order.reaches("choosing").await;
    achieng.gets_exactly(1, "has passed").await;
    assert_eq!(achieng.balance().await, [0, 0, 0]);

    order.wishes("choose", &[("round", "1"), ("again", "true")]).await;
    assert_eq!(achieng.is_offered().await, order.code);
    order.wishes("choose", &[("round", "1"), ("again", "true")]).await;
    let (status, said) = order.posts("choose", &[("round", "1"), ("again", "false")]).await;
    assert_eq!(status, 409);
    assert!(said.contains("what you chose stands"), "{said}");
    achieng.takes(&order.code).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    order.reaches("released").await;
    assert_eq!((village.account("artisan:").await, village.account("deposit:").await), (85_000, 0));
    village.closes().await;
}

#[tokio::test]
async fn what_is_brought_while_the_shopper_has_still_to_choose_is_taken() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    achieng.walks(&["2", "1", "7"]).await;
    assert!(achieng.presses("1").await.contains("We tell the buyer"));
    order.reaches("choosing").await;
    amina.receives(&order.code).await;
    order.reaches("at_kiosk").await;
    assert_eq!(achieng.balance().await, [0, 85_000, 0]);
    let (status, said) = order.posts("choose", &[("round", "1"), ("again", "false")]).await;
    assert!(status == 409 && said.contains("has gone on in the meantime"), "{said}");
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    order.reaches("released").await;
    village.closes().await;
}

#[tokio::test]
async fn what_the_desk_gives_up_is_told_to_whoever_makes_or_carries_it() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    let gives_up = [("order", order.code.as_str()), ("what", "give_up")];
    village.desk_press("/desk/orders", &gives_up).await;
    village.desk_press("/desk/orders", &gives_up).await;
    order.reaches("choosing").await;
    let told = achieng.reads("We do not wait for order").await;
    assert!(told.contains(&order.code) && told.contains("the buyer decides about it"), "{told}");
    achieng.gets_exactly(1, "We do not wait for order").await;
    order.wishes("choose", &[("round", "1"), ("again", "false")]).await;
    let over = achieng.reads("Do not make it any more").await;
    assert!(over.contains(&order.code), "{over}");
    given_back(&village, &order, CHARGED).await;

    // Who carries it is not told that nobody needs him.
    let otieno = rides(&village, &amina, "Otieno Ouma", OTIENO, Lang::EN).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    let number = is_ready(&achieng, &order).await;
    otieno.asks(&format!("PICK {} {number}", order.code), "is with you now").await;
    village.desk_press("/desk/orders", &[("order", &order.code), ("what", "give_up")]).await;
    let late = otieno.reads("has not arrived").await;
    assert!(late.contains(&order.code) && late.contains("bring it to Kibera Kiosk now"), "{late}");
    assert_eq!(otieno.got("needs no rider"), 0);
    amina.receives(&order.code).await;
    otieno.reads("handed over at").await;
    village.closes().await;
}

#[tokio::test]
async fn pieces_that_cannot_be_mended_are_the_shoppers_to_choose_about() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let order = taken(&village, &achieng, &listing, 3).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 2).await;
    amina.fails(&order.code, 1, 1).await;
    achieng.reads("did not pass").await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    order.reaches("choosing").await;
    assert!(order.page().await.contains("One piece of 3 will not come as promised"));
    assert_eq!(achieng.balance().await, [170_000, 0, 0]);
    let back = attribute(&order.page().await, "data-testid=\"choose-refund\"", "data-cents");
    assert_eq!(back.as_deref(), Some("1082"), "one piece, and shipping stays for the two");
    order.wishes("choose", &[("round", "1"), ("again", "false")]).await;
    order.reaches("released").await;
    given_back(&village, &order, 1_082).await;
    assert_eq!(village.account("deposit:").await, 0);
    assert!(village.account("shipping_payable").await > 0);
    village.closes().await;
}

#[tokio::test]
async fn w4_whoever_cannot_finish_says_so_by_digits_and_without_a_choice_the_money_goes_back() {
    let village = Village::open().await;
    let (wanjiru, amina) = (village.wanjiru().await, village.amina());
    let listing = on_sale(&wanjiru, &amina, 850, 1).await;
    let order = taken(&village, &wanjiru, &listing, 1).await;
    let moved = wanjiru.walks(&["2", "1", "6", "2", "1"]).await;
    assert!(moved.contains("sasa ni ya"), "{moved}");
    assert!(order.page().await.contains("because materials came late"));
    wanjiru.asks(&format!("CHELEWA {} 13", order.code), "inaweza kusubiri siku 12 zaidi").await;
    wanjiru.asks(&format!("CHELEWA {} 12", order.code), "sasa ni ya").await;
    assert!(wanjiru.walks(&["2", "1", "6", "1", "4"]).await.contains("haiwezi kusubiri tena"));
    wanjiru.asks(&format!("CHELEWA {} 1", order.code), "haiwezi kusubiri tena").await;
    let sure = wanjiru.walks(&["2", "1", "7"]).await;
    assert!(sure.contains("na mnunuzi ataamua"), "{sure}");
    assert!(wanjiru.presses("1").await.contains("Tutamwambia mnunuzi"));
    order.reaches("choosing").await;
    village.clock.advance(Duration::from_secs(5 * 86_400 + 60));
    order.reaches("refunded").await;
    given_back(&village, &order, CHARGED).await;
    let books = village.books().await;
    assert!(books.iter().all(|(account, sum)| !account.starts_with("deposit") || *sum == 0), "{books:?}");
    assert_eq!(village.account("shipping_payable").await, 0);
    village.closes().await;
}

#[tokio::test]
async fn a_shopper_may_change_her_mind_for_nothing_until_somebody_has_taken_it() {
    let (village, achieng, _, listing) = open_stall(850, 2).await;
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, order.code);
    assert_eq!(costs(&order).await.as_deref(), Some("0"));
    let back = attribute(&order.page().await, "data-testid=\"cancel-back\"", "data-cents");
    assert_eq!(back, Some(CHARGED.to_string()));
    for _ in 0..2 {
        order.wishes("cancel", &[("costs", "0")]).await;
    }
    order.reaches("refunded").await;
    achieng.reads("cancelled order").await;
    achieng.asks(&format!("YES {}", order.code), "no longer open").await;
    assert_eq!(costs(&order).await, None);
    assert_eq!(village.shopper().left(&listing).await, 2, "the pieces are on sale again");
    village.closes().await;
}

#[tokio::test]
async fn a_shopper_who_changes_her_mind_when_it_was_begun_pays_the_materials() {
    let (village, achieng, _, listing) = open_stall(850, 2).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    let (status, said) = order.posts("cancel", &[("costs", "0")]).await;
    assert_eq!(status, 409);
    assert!(said.contains("what cancelling costs now"), "{said}");
    // 30 % of 850 is KSh 255, which is $1.97 at 129.50.
    assert_eq!(costs(&order).await.as_deref(), Some("197"));
    for _ in 0..2 {
        order.wishes("cancel", &[("costs", "197")]).await;
    }
    achieng.reads("You had started, so KSh 255 for materials is yours").await;
    order.reaches("refunded").await;
    assert_eq!(achieng.balance().await, [25_500, 0, 0]);
    given_back(&village, &order, CHARGED - 197).await;
    assert_eq!(village.account("deposit:").await, 0);
    assert_eq!(village.account("shipping_payable").await, 0);
    achieng.gets_exactly(1, "You had started").await;
    village.closes().await;
}

#[tokio::test]
async fn what_is_ready_cannot_be_cancelled_any_more() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    achieng.has_made(&order.code).await;
    assert_eq!(costs(&order).await, None);
    let (status, said) = order.posts("cancel", &[("costs", "197")]).await;
    assert_eq!(status, 409);
    assert!(said.contains("Its page shows how it stands"), "{said}");
    assert_eq!(order.state().await, "ready");
    village.closes().await;
}
