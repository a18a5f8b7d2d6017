//! An offer that is shown on her phone before it is sent as an SMS.

use super::on_sale;
use crate::support::actors::Artisan;
use crate::support::shopper::Order;
use crate::support::village::{Founding, SOON, Village, until};
use sokoni::sim::smsc::{Handset, Unshown};
use sokoni::types::Msisdn;
use std::time::Duration;

/// What an SMS with an offer says.
const OFFER: &str = "You earn KSh";
/// Longer than an offer waits for the answer to its push.
const WAIT: Duration = Duration::from_secs(46);

/// A village that pushes so, Achieng, and the number of a piece of hers on sale.
async fn village(push: &'static str) -> (Village, Artisan, String) {
    let village = Village::found(Founding { push, ..Founding::default() }).await;
    let achieng = village.achieng().await;
    let listing = on_sale(&achieng, &village.amina(), 850, 3).await;
    (village, achieng, listing)
}

/// Achieng's phone, as its network sees it.
fn held(village: &Village) -> Handset {
    village.smsc.handset(Msisdn::parse_kenyan("0700000101").expect("a number"))
}

/// Somebody buys, and the offer stands on the phone of its maker.
async fn shown(village: &Village, listing: &str) -> (Order, String) {
    let order = village.shopper().buys(listing, 1).await;
    let screen = held(village).wait_push(SOON).await.expect("a push");
    assert!(screen.text.contains(&order.code), "{screen:?}");
    (order, screen.text)
}

/// The SMS of an offer had its time, and did not come.
async fn no_sms(village: &Village, achieng: &Artisan) {
    village.clock.advance(WAIT);
    // Texts to one phone go in their order: behind this one nothing can come.
    achieng.balance().await;
    let needless = || async { village.desk_text("messages").await.contains("not needed").then_some(()) };
    until("the SMS is not needed", needless).await;
    assert_eq!(achieng.got(OFFER), 0, "{:?}", achieng.inbox());
}

/// Everything that was pushed, and how much of it no phone showed.
fn pushes(village: &Village) -> (u64, u64) {
    let counters = village.smsc.counters();
    (counters.pushes, counters.pushes_unshown)
}

#[tokio::test]
async fn she_is_asked_on_her_phone_takes_the_order_and_gets_no_sms_of_the_offer() {
    let (village, achieng, listing) = village("ask").await;
    let (order, screen) = shown(&village, &listing).await;
    assert!(screen.contains("1 I can make it"), "{screen}");
    let taken = achieng.presses("1").await;
    assert!(taken.contains(&order.code) && !achieng.handset.screen().open, "{taken}");
    achieng.reads("is yours").await;
    order.reaches("making").await;
    no_sms(&village, &achieng).await;
    // The dialog that we opened is over: dialling begins at home.
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    village.closes().await;
}

#[tokio::test]
async fn an_offer_that_finds_her_in_a_call_or_her_phone_busy_comes_as_an_sms_at_once() {
    let (village, achieng, listing) = village("ask").await;
    achieng.dials().await;
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, order.code);
    assert_eq!(pushes(&village), (0, 0), "her own call is left alone");
    // For us that call is long over; her phone is still in it.
    village.clock.advance(Duration::from_secs(25 * 60));
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, order.code);
    assert_eq!(pushes(&village), (1, 1));
    achieng.takes(&order.code).await;
    village.closes().await;
}

#[tokio::test]
async fn a_push_that_nobody_answers_is_followed_by_the_sms() {
    let (village, achieng, listing) = village("ask").await;
    village.smsc.faults(|faults| faults.unshown = Unshown::Silence);
    held(&village).set_reachable(false);
    let order = village.shopper().buys(&listing, 1).await;
    until("the push is lost", || async { (pushes(&village) == (1, 1)).then_some(()) }).await;
    held(&village).set_reachable(true);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(achieng.got(OFFER), 0, "its time has not come");
    village.clock.advance(WAIT);
    assert_eq!(achieng.is_offered().await, order.code);

    // An abort is told, so nothing is waited for.
    village.smsc.faults(|faults| faults.unshown = Unshown::Refused(0x0400));
    held(&village).set_reachable(true);
    let (order, _) = shown(&village, &listing).await;
    village.hangs_up(&achieng).await;
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.gets_exactly(2, OFFER).await;
    village.closes().await;
}

#[tokio::test]
async fn her_own_call_wins_over_a_push_and_the_sms_comes() {
    let (village, achieng, listing) = village("ask").await;
    let (order, _) = shown(&village, &listing).await;
    assert!(achieng.dials().await.starts_with("Hello Achieng"), "nothing of a call she never began");
    village.clock.advance(WAIT);
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.takes(&order.code).await;
    achieng.gets_exactly(1, OFFER).await;
    village.closes().await;
}

#[tokio::test]
async fn a_restart_between_a_push_and_its_answer_sends_the_sms() {
    let (mut village, achieng, listing) = village("ask").await;
    let (order, _) = shown(&village, &listing).await;
    village.restart().await;
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.takes(&order.code).await;
    order.reaches("making").await;
    village.closes().await;
}

#[tokio::test]
async fn a_notice_that_was_shown_needs_no_sms() {
    let (village, achieng, listing) = village("notify").await;
    let (order, text) = shown(&village, &listing).await;
    assert!(text.contains(OFFER) && !achieng.handset.screen().open, "{text}");
    // What a phone says is heard in its order: behind the confirmation of what it showed.
    achieng.texts("BALANCE").await;
    let heard = || async { village.desk_text("messages").await.contains("BALANCE").then_some(()) };
    until("the confirmation is heard", heard).await;
    no_sms(&village, &achieng).await;
    let needless = village.desk("messages?state=not_needed").await;
    assert_eq!(needless["rows"].as_array().map(Vec::len), Some(1), "{needless}");
    assert_eq!(village.desk("messages?state=given_up").await["rows"], serde_json::json!([]));
    achieng.takes(&order.code).await;
    village.closes().await;
}
