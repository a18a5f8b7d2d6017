//! The same village, reached by an aggregator over HTTP alone: no SMSC stands in its configuration.

use super::{brought, on_sale, taken};
use crate::support::actors::number;
use crate::support::village::{Founding, Link, Village, until};
use sokoni::types::Lang;
use std::time::Duration;

async fn over_http() -> Village {
    Village::found(Founding { link: Link::Http, ..Founding::default() }).await
}

#[tokio::test]
async fn the_whole_journey_of_an_artisan_runs_over_http_callbacks_alone() {
    let village = over_http().await;
    assert!(village.gateways().is_empty(), "nothing is bound anywhere");
    let (achieng, amina) = (village.achieng().await, village.amina());

    // One piece by keys, one by a text.
    let check = achieng.walks(&["1", "1", "1", "850", "3"]).await;
    assert!(check.starts_with("Necklace, Brass, KSh 850 each, 3 ready. Right?"), "{check}");
    let by_keys = number(&achieng.presses("1").await, 5);
    achieng.reads(&format!("Saved {by_keys}")).await;
    amina.reads(&by_keys).await;
    amina.approves(&by_keys).await;
    achieng.reads("on sale").await;
    let by_text = on_sale(&achieng, &amina, 400, 1).await;
    assert_ne!(by_keys, by_text);

    // Sold, taken, made, brought, checked.
    let order = taken(&village, &achieng, &by_keys, 2).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 2).await;
    achieng.reads("is yours now").await;
    assert_eq!(achieng.balance().await, [170_000, 0, 0]);

    // Paid out, by keys and with her PIN.
    let said = achieng.cashes_out("1700").await;
    assert!(said.starts_with("KSh 1,700 is on its way to"), "{said}");
    achieng.reads("Sokoni sent KSh 1,700").await;
    let transfers = village.momo.transfers();
    assert_eq!(transfers.len(), 1, "{transfers:?}");
    assert_eq!((transfers[0].shillings, transfers[0].msisdn.as_str()), (1_700, "254700000101"));
    assert_eq!(achieng.balance().await, [0, 0, 0]);

    // Every SMS left once, and the aggregator was answered as its documentation wants.
    until("every SMS that it took is counted", || async {
        (village.http_counts().sms_out == village.aggregator.taken().len() as u64).then_some(())
    })
    .await;
    let counts = village.http_counts();
    assert_eq!((counts.sms_unknown, counts.sms_refused, counts.busy, counts.malformed), (0, 0, 0, 0));
    until("every report is kept", || async {
        (village.http_counts().receipts_in == 2 * counts.sms_out).then_some(())
    })
    .await;
    assert!(
        village
            .aggregator
            .steps()
            .iter()
            .all(|(_, said)| said.starts_with("CON ") || said.starts_with("END "))
    );
    until("the end of every dialog is told", || async {
        village.aggregator.over().iter().all(|over| over.told).then_some(())
    })
    .await;
    village.closes().await;
}

#[tokio::test]
async fn steps_and_texts_that_an_aggregator_posts_twice_act_once() {
    let village = over_http().await;
    village.aggregator.mischief(|mischief| mischief.repeat = true);
    let wanjiru = village.wanjiru().await;
    let (kind, stuff) = ("MKUFU", "SHABA");
    let listing = wanjiru.lists(kind, stuff, 850, 3).await;
    village.amina().reads(&listing).await;
    let by_keys = number(&wanjiru.walks(&["1", "1", "1", "600", "2", "1"]).await, 5);
    assert_ne!(listing, by_keys);
    assert_eq!(village.desk("listings").await["rows"].as_array().map(Vec::len), Some(2));
    wanjiru.gets_exactly(1, &listing).await;
    let steps = village.aggregator.steps();
    for pair in steps.chunks(2) {
        assert_eq!(pair[0], pair[1], "the same step is answered the same");
    }
    until("the repeat is known", || async { (village.http_counts().sms_again >= 1).then_some(()) }).await;
    village.closes().await;
}

#[tokio::test]
async fn a_call_that_drops_goes_on_where_it_was_even_after_the_service_began_anew() {
    let mut village = over_http().await;
    let achieng = village.achieng().await;
    let price = achieng.walks(&["1", "1", "1"]).await;
    assert!(price.starts_with("Your price for one"), "{price}");
    village.restart().await;
    // The aggregator still sends all that was typed since the beginning.
    let ready = achieng.presses("850").await;
    assert!(ready.contains("ready"), "{ready}");
    achieng.handset.cancel().await;
    village.clock.advance(Duration::from_secs(30));
    let stopped = achieng.dials().await;
    assert!(stopped.starts_with("You stopped at"), "{stopped}");
    assert_eq!(achieng.presses("1").await, ready);
    village.closes().await;
}

#[tokio::test]
async fn a_longer_string_that_was_dialled_walks_its_answers() {
    let village = over_http().await;
    let achieng = village.achieng().await;
    let money = achieng.dials_code("*483*57*3#").await;
    assert!(money.starts_with("Ready: KSh 0"), "{money}");
    let stranger = village.phone("0700000104", Lang::SW);
    let home = stranger.dials_code("*483*57*4*1*500*1234#").await;
    assert!(!home.contains("KSh") && !home.contains("M-Pesa"), "{home}");
    village.closes().await;
}

#[tokio::test]
async fn an_sms_is_sent_again_until_the_aggregator_takes_it_and_only_a_lost_answer_doubles_it() {
    let village = over_http().await;
    let achieng = village.achieng().await;
    village.aggregator.mischief(|mischief| mischief.refuse = [500, 407].into());
    achieng.texts("BALANCE").await;
    village.passes_time_until("the balance", || achieng.got("Ready: ") == 1).await;
    village.aggregator.mischief(|mischief| mischief.lose_answers = 1);
    achieng.texts("BALANCE").await;
    village.passes_time_until("the balance twice", || achieng.got("Ready: ") == 3).await;
    assert_eq!(village.http_counts().sms_unknown, 1, "what may have doubled is counted");
    village.aggregator.mischief(|mischief| mischief.refuse = [406].into());
    achieng.texts("BALANCE").await;
    until("it is refused for good", || async { (village.http_counts().sms_refused == 1).then_some(()) })
        .await;
    assert_eq!(achieng.got("Ready: "), 3);
    village.closes().await;
}
