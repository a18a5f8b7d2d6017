//! The operator's gateway at its worst: not there, gone for a while, refusing us, refusing our pace.

use super::{brought, earns, open_stall, taken};
use crate::support::logs;
use crate::support::village::{Founding, SOON, Village, free_port, until};
use sokoni::sim::smsc::Spell;
use sokoni::smpp::health::BindState;
use sokoni::types::Lang;
use std::time::Duration;

#[tokio::test]
async fn a_service_without_an_operator_stands_and_binds_when_there_is_one() {
    let operator = free_port();
    let mut village = Village::found(Founding { smsc: Some(operator), ..Founding::default() }).await;
    // The shop is open, and the desk says the truth.
    assert_eq!(village.shopper().opens("/").await.0, 200);
    assert!(village.books().await.is_empty());
    until("several tries", || async { village.gateways()[0].last_error.is_some().then_some(()) }).await;
    assert_ne!(village.gateways()[0].state, BindState::Bound);
    village.open_operator(operator).await;
    village.bound().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    // Down was news once, however often it was tried.
    assert_eq!(logs::count(&["bind down", &format!("\"{}\"", village.gateway)]), 1);
    village.closes().await;
}

/// How long the operator is gone: a few seconds, or the half minute of the slow tests.
fn absence() -> Duration {
    let slow = std::env::var("SOKONI_SLOW_TESTS").is_ok_and(|slow| slow == "1");
    Duration::from_secs(if slow { 30 } else { 3 })
}

#[tokio::test]
async fn an_operator_that_is_gone_in_the_middle_of_a_story_loses_no_message() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    achieng.walks(&["1", "2"]).await;
    village.smsc.refuse_for(absence());
    village.smsc.drop_links();
    until("the service notices", || async { (village.smsc.receivers() == 0).then_some(()) }).await;

    // Meanwhile somebody buys. The offer waits.
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.got("You earn KSh"), 0);
    let dialled = achieng.try_dial(crate::support::actors::CODE).await;
    assert!(dialled.is_err(), "{dialled:?}");
    achieng.texts("BALANCE").await;
    village.smsc.wait_bound(1, absence() + SOON).await.expect("the service is back");
    village.clock.advance(Duration::from_secs(60));
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.reads("Ready: KSh 0").await;
    achieng.takes(&order.code).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    achieng.gets_exactly(1, "You earn KSh").await;
    village.closes().await;
}

#[tokio::test]
async fn a_wrong_password_is_one_alarm_and_is_tried_slowly_until_it_is_right() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    village.smsc.faults(|faults| faults.wrong_password = Spell::Always);
    village.smsc.drop_links();
    until("the service is refused", || async {
        (village.gateways()[0].state == BindState::Refused).then_some(())
    })
    .await;
    let before = village.smsc.counters().binds_refused;
    // Three waits long; a lost link would have been tried dozens of times by now.
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    let tries = village.smsc.counters().binds_refused - before;
    assert!((1..=6).contains(&tries), "{tries} tries");
    let gateway = format!("\"{}\"", village.gateway);
    assert_eq!(logs::count(&["ERROR", "refuses the bind", &gateway]), 1);
    assert_eq!(village.shopper().opens("/").await.0, 200);

    village.smsc.faults(|faults| faults.wrong_password = Spell::Never);
    village.bound().await;
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    assert_eq!(logs::count(&["ERROR", "refuses the bind", &gateway]), 1);
    village.closes().await;
}

#[tokio::test]
async fn a_burst_that_the_operator_throttles_arrives_whole() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    village.smsc.faults(|faults| faults.throttled = Spell::Always);
    let strangers: Vec<_> = (0..40).map(|n| village.phone(&format!("07110000{n:02}"), Lang::SW)).collect();
    for stranger in &strangers {
        stranger.texts("habari").await;
    }
    until("the burst and a try after it are refused", || async {
        let bursts = village.smsc.counters();
        (bursts.held_off > 1 && village.gateways()[0].counters.throttled > 1).then_some(())
    })
    .await;
    village.smsc.faults(|faults| faults.throttled = Spell::Never);
    for stranger in &strangers {
        stranger.reads("kujiunga").await;
    }
    assert!(achieng.dials().await.starts_with("Hello Achieng"));
    for stranger in &strangers {
        assert_eq!(stranger.got("kujiunga"), 1);
    }
    let status = &village.gateways()[0];
    assert_eq!(status.state, BindState::Bound);
    assert_eq!(status.counters.binds, 1);
    assert_eq!(logs::count(&["bind", "state=Bound", &format!("\"{}\"", village.gateway)]), 1);
    village.closes().await;
}

#[tokio::test]
async fn answers_that_the_operator_swallows_are_sent_again_later() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    village.smsc.faults(|faults| faults.queue_full = Spell::Times(5));
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    assert_eq!(village.account("artisan:").await, 85_000);
    village.closes().await;
}
