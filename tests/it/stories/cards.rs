//! Cards, when something goes wrong with them: events that are none of the processor's, money that
//! belongs to no order, refunds that come back, banks that ask about a payment.

use super::{brought, open_stall, taken};
use crate::support::logs;
use crate::support::shopper::Order;
use crate::support::village::{Village, until};
use serde_json::{Value, json};
use sokoni::sim::Line;
use sokoni::sim::card::Delivery;
use std::time::Duration;

/// A shilling and a half hundred: what a dollar is worth here, in hundredths.
const RATE: i64 = 12_950;

/// Dollar cents in shilling cents.
fn shillings(cents: i64) -> i64 {
    cents * RATE / 100
}

/// The payment of an order, by the processor's own list.
fn payment(village: &Village, order: &Order) -> String {
    let captures = village.card.captures();
    captures.iter().find(|capture| capture.token == order.token).expect("captured").payment.clone()
}

/// What went back of an order, by the processor's own list.
fn refunded(village: &Village, order: &Order) -> i64 {
    let captures = village.card.captures();
    captures.iter().find(|capture| capture.token == order.token).expect("captured").refunded
}

/// What shoppers paid for pieces that have not passed.
async fn deposits(village: &Village) -> i64 {
    let books = village.books().await;
    books.iter().filter(|(account, _)| account.starts_with("deposit:")).map(|(_, sum)| sum).sum()
}

async fn troubles(village: &Village) -> Vec<Value> {
    village.desk("cards").await["troubles"].as_array().expect("a list").clone()
}

/// The one trouble of this kind, once it stands so.
async fn trouble(village: &Village, what: &str, status: &str) -> Value {
    until(&format!("{what} is {status}"), || async {
        let all = troubles(village).await;
        all.into_iter().find(|row| row["what"] == what && row["status"] == status)
    })
    .await
}

async fn event(village: &Village, kind: &str, became: &str) -> Value {
    until(&format!("{kind} became {became}"), || async {
        let events = village.desk("cards").await["events"].as_array().expect("a list").clone();
        events.into_iter().find(|row| row["kind"] == kind && row["became"] == became)
    })
    .await
}

#[tokio::test]
async fn w66_a_forged_an_old_and_a_cut_event_change_nothing_and_leave_no_secret_in_the_log() {
    let (village, _, _, listing) = open_stall(850, 3).await;
    let shopper = village.shopper();
    let books = village.books().await;
    let bad = [
        Delivery { bad_signature: true, ..Delivery::default() },
        Delivery { age_s: 301, ..Delivery::default() },
        Delivery { cut: 1, ..Delivery::default() },
    ];
    for bad in bad {
        village.card.deliver(Delivery { hold: true, tries: 1, ..bad });
        let form = shopper.fills(&listing, 1).await;
        let order = shopper.pays(&shopper.sends(&form).await.expect("on to payment")).await;
        village.card.release(false).await;
        assert_eq!(order.state().await, "placed");
    }
    assert_eq!(village.books().await, books);
    assert_eq!(village.desk("cards").await["events"], json!([]), "what is not the processor's is not kept");
    assert!(logs::count(&["a webhook that is not the card processor's"]) >= 3);
    assert_eq!(logs::count(&["whsec_village"]), 0);
    village.closes().await;
}

#[tokio::test]
async fn w66_an_event_of_a_kind_that_nobody_knows_is_kept_and_answered() {
    let village = Village::open().await;
    village.card.deliver(Delivery { hold: true, tries: 1, copies: 2, ..Delivery::default() });
    village.card.tell("treasury.something_new", json!({ "id": "x" }));
    village.card.release(false).await;
    let kept = event(&village, "treasury.something_new", "unknown").await;
    assert_eq!(kept["times"], 2);
    let page = village.desk_page("/desk/cards").await;
    assert!(page.contains("treasury.something_new"), "{page}");
    let name = kept["event"].as_str().expect("a name");
    let again = village.colleague("Njeri").has(&["disputes", "again", name]).await;
    assert!(again.contains("treasury.something_new") && again.contains("came 2 times"), "{again}");
    assert_eq!(village.colleague("Juma").has(&["disputes", "events"]).await, again);
    village.closes().await;
}

#[tokio::test]
async fn w64_a_dispute_before_release_holds_the_order_until_the_bank_lets_the_payment_be() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    let before = village.account("psp").await;
    let dispute = village.card.dispute(&payment(&village, &order), None, false).expect("a payment");
    let held = achieng.reads("the buyer's bank asks").await;
    assert!(held.contains(&order.code), "{held}");
    amina.reads("do not check or send it").await;
    let row = trouble(&village, "dispute", "needs_response").await;
    assert_eq!((row["order"].as_str(), row["reason"].as_str()), (Some(&*order.code), Some("fraudulent")));
    let shown = row["evidence"].to_string();
    assert!(shown.contains("from Achieng to Amina") && shown.contains("the shopper paid"), "{shown}");
    let id = row["trouble"].as_str().expect("an id");
    let typed = village.colleague("Juma").has(&["disputes", "evidence", id]).await;
    assert!(typed.contains("from Achieng to Amina") && typed.contains("the shopper paid"), "{typed}");
    let none = village.colleague("Juma").types(&["disputes", "evidence", &"0".repeat(32)]).await;
    assert!(none.expect_err("no such one").contains("see sokoni disputes list"));
    until("the money is withdrawn", || async {
        (village.account("disputed").await == shillings(2_582)).then_some(())
    })
    .await;
    assert_eq!(village.account("psp").await, before - shillings(2_582 + 1_500));
    amina.asks(&format!("QC {} PASS 1", order.code), "is not in your hands").await;
    assert_eq!(village.account("artisan:").await, 0);
    let cases = village.desk("depot/cases").await;
    let cases = cases.as_array().expect("cases");
    assert!(cases.iter().any(|case| case["what"] == "chargeback"), "{cases:?}");

    // Four days on nobody has sent evidence, and three are left.
    village.clock.advance(Duration::from_secs(4 * 86_400 + 60));
    until("the desk is reminded", || async {
        let cases = village.desk("depot/cases").await.to_string();
        cases.contains("no evidence was sent").then_some(())
    })
    .await;

    assert!(village.card.dispute_goes(&dispute, "won"));
    achieng.reads("goes on: the buyer's bank lets").await;
    amina.reads("Check or send it as usual").await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    assert_eq!(village.account("artisan:").await, 85_000);
    assert_eq!(village.account("disputed").await, 0);
    assert_eq!(village.account("psp").await, before - shillings(1_500), "the fee is ours");
    village.closes().await;
}

#[tokio::test]
async fn w64_a_dispute_that_is_lost_before_release_ends_the_order_and_is_no_loss_but_the_fee() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    let dispute = village.card.dispute(&payment(&village, &order), None, false).expect("a payment");
    achieng.reads("the buyer's bank asks").await;
    assert!(village.card.dispute_goes(&dispute, "lost"));
    let over = achieng.reads("took the money back").await;
    assert!(over.contains("stays yours"), "{over}");
    amina.reads("goes back to its maker").await;
    order.reaches("refunded").await;
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    for account in ["disputed", "deposit:", "shipping_payable", "artisan:", "exp:returns"] {
        assert_eq!(village.account(account).await, 0, "{account}");
    }
    assert_eq!(refunded(&village, &order), 0, "the bank gave it back, not we");
    village.closes().await;
}

#[tokio::test]
async fn w64_a_dispute_that_is_lost_after_release_takes_nothing_from_the_artisan() {
    let (village, achieng, amina, listing) = open_stall(850, 1).await;
    let order = taken(&village, &achieng, &listing, 1).await;
    brought(&achieng, &amina, &order).await;
    amina.passes(&order.code, 1).await;
    achieng.reads("is yours now").await;
    amina.asks(&format!("GONE {} 320", order.code), "we tell the buyer").await;
    order.reaches("shipped").await;
    let track = [("what", "track"), ("order", &*order.code), ("number", "RR123456785KE")];
    village.desk_press("/desk/orders", &track).await;
    let dispute = village.card.dispute(&payment(&village, &order), None, false).expect("a payment");
    let row = trouble(&village, "dispute", "needs_response").await;
    assert!(row["evidence"].to_string().contains("RR123456785KE"), "{row}");
    assert!(village.card.dispute_goes(&dispute, "lost"));
    trouble(&village, "dispute", "lost").await;
    until("everything is told", || async { (village.account("disputed").await == 0).then_some(()) }).await;
    assert_eq!(village.account("exp:returns").await, shillings(2_582));
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    assert_eq!(order.state().await, "shipped");
    assert_eq!(achieng.got("bank"), 0, "it is no matter of hers");
    village.closes().await;
}

#[tokio::test]
async fn w64_no_refund_goes_out_while_a_bank_asks_and_it_goes_out_when_the_bank_lets_the_payment_be() {
    let (village, achieng, _, listing) = open_stall(850, 2).await;
    let (hers, his) = (village.shopper().buys(&listing, 1).await, village.shopper().buys(&listing, 1).await);
    village.card.set_line(Line::Closed).await;
    for order in [&hers, &his] {
        achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    }
    let won = village.card.dispute(&payment(&village, &hers), None, false).expect("a payment");
    let lost = village.card.dispute(&payment(&village, &his), None, false).expect("a payment");
    until("both are held", || async {
        let all = troubles(&village).await;
        (all.iter().filter(|row| row["withdrawn"] == true).count() == 2).then_some(())
    })
    .await;
    village.card.set_line(Line::Open).await;
    village.clock.advance(Duration::from_secs(3_600));
    assert!(village.card.dispute_goes(&won, "won") && village.card.dispute_goes(&lost, "lost"));
    trouble(&village, "dispute", "won").await;
    trouble(&village, "dispute", "lost").await;
    village.clock.advance(Duration::from_secs(3_600));
    village.passes_time_until("the refund", || refunded(&village, &hers) > 0).await;
    assert_eq!(refunded(&village, &hers), 2_582);
    village.clock.advance(Duration::from_secs(3_600));
    until("the books agree", || async { (deposits(&village).await == 0).then_some(()) }).await;
    assert_eq!(refunded(&village, &his), 0, "his bank has given it back");
    for account in ["disputed", "shipping_payable", "exp:returns"] {
        assert_eq!(village.account(account).await, 0, "{account}");
    }
    village.closes().await;
}

/// Every order of so many things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for next in 0..count {
        all = all
            .iter()
            .flat_map(|one: &Vec<usize>| {
                (0..=one.len()).map(|at| {
                    let mut longer = one.clone();
                    longer.insert(at, next);
                    longer
                })
            })
            .collect();
    }
    all
}

#[tokio::test]
async fn w64_every_order_of_a_disputes_events_ends_as_the_processors_own_list_says() {
    let orders: Vec<(&str, Vec<usize>)> = permutations(4)
        .into_iter()
        .map(|order| ("won", order))
        .chain(permutations(3).into_iter().map(|order| ("lost", order)))
        .collect();
    let (village, _, _, listing) = open_stall(850, orders.len() as u32).await;
    let shopper = village.shopper();
    let mut bought = Vec::new();
    for (outcome, sequence) in &orders {
        let order = shopper.buys(&listing, 1).await;
        village.card.deliver(Delivery { hold: true, tries: 1, copies: 2, ..Delivery::default() });
        let dispute = village.card.dispute(&payment(&village, &order), None, false).expect("a payment");
        assert!(village.card.dispute_goes(&dispute, outcome));
        assert_eq!(village.card.held().len(), sequence.len());
        village.card.release_in(sequence).await;
        village.card.deliver(Delivery::default());
        bought.push((order, *outcome, dispute));
    }
    let rows = troubles(&village).await;
    assert_eq!(rows.len(), bought.len());
    for (order, outcome, dispute) in &bought {
        let row = rows.iter().find(|row| row["named"] == **dispute).expect("a row");
        let truth = village.card.disputes().into_iter().find(|known| known.id == *dispute).expect("known");
        assert_eq!(row["status"], *truth.status, "{row}");
        assert_eq!(row["withdrawn"], truth.withdrawn > 0, "{row}");
        assert_eq!(row["reinstated"], truth.reinstated > 0, "{row}");
        let state = if *outcome == "won" { "offered" } else { "refunded" };
        assert_eq!(order.state().await, state, "{row}");
    }
    assert_eq!(village.account("disputed").await, 0);
    assert_eq!(village.account("exp:returns").await, 0);
    let standing: i64 = village.card.captures().iter().map(|capture| capture.amount).sum();
    let (taken, back, fees) = village.card.disputes().iter().fold((0, 0, 0), |(taken, back, fees), one| {
        (taken + one.withdrawn, back + one.reinstated, fees + one.fee)
    });
    let psp = village.account("psp").await;
    let fee_of_cards = village.account("exp:psp").await - shillings(fees);
    assert_eq!(psp, shillings(standing - taken + back - fees) - fee_of_cards);
    village.closes().await;
}

#[tokio::test]
async fn w66_a_dispute_that_is_told_before_its_payment_is_worked_off_when_that_is_known() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let shopper = village.shopper();
    village.card.deliver(Delivery { hold: true, tries: 1, ..Delivery::default() });
    let form = shopper.fills(&listing, 1).await;
    let order = shopper.pays(&shopper.sends(&form).await.expect("on to payment")).await;
    village.card.dispute(&payment(&village, &order), None, false).expect("a payment");
    let at = |kind: &str| village.card.held().iter().position(|held| held == kind).expect("held");
    village.card.release_in(&[at("charge.dispute.created")]).await;
    event(&village, "charge.dispute.created", "waiting").await;
    village.card.release_in(&[at("checkout.session.completed")]).await;
    achieng.is_offered().await;
    village.clock.advance(Duration::from_secs(61));
    achieng.reads("the buyer's bank asks").await;
    event(&village, "charge.dispute.created", "done").await;
    village.closes().await;
}

#[tokio::test]
async fn w65_money_that_belongs_to_no_order_is_owed_until_the_desk_gives_it_back() {
    let (village, _, _, listing) = open_stall(850, 2).await;
    let order = village.shopper().buys(&listing, 1).await;
    let psp = village.account("psp").await;
    village.card.sells_by_hand("", 5_000, "usd").expect("sold");
    let by_hand = trouble(&village, "no_order", "waiting").await;
    village.card.sells_by_hand(&order.token, 2_582, "usd").expect("sold");
    let second = trouble(&village, "second_payment", "waiting").await;
    assert_eq!(second["order"], *order.code);
    let form = village.shopper().fills(&listing, 1).await;
    village.shopper().sends(&form).await.expect("on to payment");
    let token = village.card.sessions().last().expect("a session").token.clone();
    village.card.sells_by_hand(&token, 99, "usd").expect("sold");
    let wrong = trouble(&village, "wrong_sum", "waiting").await;
    assert_eq!(village.account("suspense").await, shillings(5_000 + 2_582 + 99));
    assert_eq!(order.state().await, "offered", "the order stands as it was paid");

    for row in [&by_hand, &second] {
        let trouble = row["trouble"].as_str().expect("an id");
        for _ in 0..2 {
            village.desk_press("/desk/cards", &[("what", "give_back"), ("trouble", trouble)]).await;
        }
    }
    let id = wrong["trouble"].as_str().expect("an id");
    let settle = ["disputes", "settle", id, "--paper", "FT-77"];
    let refused = village.colleague("Juma").types(&settle).await.expect_err("she only reads");
    assert!(refused.contains("It takes the role of"), "{refused}");
    let settled = village.colleague("Otieno").has(&settle).await;
    assert!(settled.contains("wrong_sum") && settled.contains("given back by Otieno, FT-77"), "{settled}");
    until("all of it went back", || async { (village.account("suspense").await == 0).then_some(()) }).await;
    assert!(troubles(&village).await.iter().all(|row| row["open"] == false));
    let back: i64 = village.card.captures().iter().map(|capture| capture.refunded).sum();
    assert_eq!(back, 5_000 + 2_582, "each once");
    assert!(village.account("psp").await < psp + shillings(99), "the processor's fees are ours");
    village.closes().await;
}

#[tokio::test]
async fn w65_a_refund_that_comes_back_is_owed_again_and_goes_out_once_more_by_the_desks_word() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    village.passes_time_until("the refund", || refunded(&village, &order) == 2_582).await;
    until("it is booked", || async { (deposits(&village).await == 0).then_some(()) }).await;
    let psp = village.account("psp").await;
    let (refund, ..) = village.card.refunds().remove(0);
    assert!(village.card.fail_refund(&refund));
    let row = trouble(&village, "refund_failed", "waiting").await;
    assert_eq!(village.account("psp").await, psp + shillings(2_582));
    assert_eq!(village.account("suspense").await, shillings(2_582));
    let id = row["trouble"].as_str().expect("an id");
    let listed = village.colleague("Juma").has(&["disputes", "list"]).await;
    assert!(listed.starts_with(id) && listed.contains("USD 25.82") && listed.contains("(open)"), "{listed}");
    village.colleague("Otieno").has(&["disputes", "give-back", id]).await;
    trouble(&village, "refund_failed", "given_back").await;
    assert_eq!(refunded(&village, &order), 2_582);
    assert_eq!((village.account("psp").await, village.account("suspense").await), (psp, 0));
    village.closes().await;
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_for_longer_than_its_key_is_kept_goes_out_once() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    // It is made, and the answers to this and to every try of the day are lost.
    for _ in 0..3 {
        village.card.treat_once(sokoni::sim::card::Treatment::BrokenAnswer);
    }
    achieng.asks(&format!("NO {}", order.code), "We tell the buyer").await;
    until("it is made", || async { (refunded(&village, &order) == 2_582).then_some(()) }).await;
    village.card.set_line(Line::Unavailable).await;
    village.clock.advance(Duration::from_secs(25 * 3_600));
    village.card.forget_keys();
    village.card.set_line(Line::Open).await;
    until("it is booked", || async {
        village.clock.advance(Duration::from_secs(3));
        (deposits(&village).await == 0).then_some(())
    })
    .await;
    assert_eq!(village.card.refunds().len(), 1, "it went out once");
    village.closes().await;
}
