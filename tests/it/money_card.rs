//! Taking cards through a processor that misbehaves, over real HTTP.

use crate::support::clock::TestClock;
use crate::support::front::Notebook;
use crate::support::listen::{eventually, listen};
use sokoni::engine::shopfront::{CardEvent, CardIn, CardSession, ShopError};
use sokoni::money::card::{CardConfig, CardMoney, webhook};
use sokoni::sim::Line;
use sokoni::sim::card::{CardOptions, CardProcessor, Delivery, SessionState, Treatment};
use sokoni::types::{Clock, Timestamp, Usd};
use std::sync::Arc;
use std::time::Duration;

const SECRET: &str = "whsec_test_sokoni_local_double";

struct Bench {
    processor: CardProcessor,
    card: CardMoney,
    front: Arc<Notebook>,
    clock: Arc<TestClock>,
    hook: String,
}

async fn bench() -> Bench {
    let clock = Arc::new(TestClock::new());
    let options =
        CardOptions { api_key: Some("sk_test_sokoni".into()), ..CardOptions::new(SECRET, clock.clone()) };
    let processor = CardProcessor::start(options).await.expect("a port");
    processor.deliver(Delivery { retry_ms: 5, ..Delivery::default() });
    let config = CardConfig {
        answer_timeout: Duration::from_millis(300),
        ..CardConfig::new(processor.url.clone(), "sk_test_sokoni".into(), SECRET.into())
    };
    let front = Arc::new(Notebook::default());
    let base = listen(webhook::router(front.clone(), &config, clock.clone())).await;
    let hook = format!("{base}{}", webhook::PATH);
    processor.set_webhook(&hook);
    Bench { processor, card: CardMoney::new(config).expect("a client"), front, clock, hook }
}

fn session(token: &str) -> CardSession {
    CardSession {
        token: token.into(),
        amount: Usd::minor(4_512),
        what: "Brass necklace & ring, by Wanjiku".into(),
        return_url: format!("http://shop.example/o/{token}"),
        // The bench's clock begins at 1763812800.
        until: Timestamp::from_millis(1_763_812_800_000 + 33 * 60_000),
        idempotency_key: format!("open-{token}"),
    }
}

async fn press_pay(page: &str) -> String {
    let none = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().redirect(none).build().expect("a client");
    let form = [("card", "4242 4242 4242 4242")];
    let answer = browser.post(page).form(&form).send().await.expect("answered");
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_shopper_pays_returns_to_her_order_and_the_shop_is_told() {
    let bench = bench().await;
    let page = bench.card.open(session("tok")).await.expect("a page");
    assert_eq!(press_pay(&page).await, "http://shop.example/o/tok");
    eventually("the event", || !bench.front.cards().is_empty()).await;
    let news = bench.front.cards().remove(0);
    assert_eq!((news.token.as_str(), news.what), ("tok", CardEvent::Paid(Usd::minor(4_512))));
    assert_eq!(news.payment, bench.processor.captures()[0].payment);
}

#[tokio::test]
async fn opening_again_with_the_same_key_is_the_same_page_whatever_became_of_the_first_answer() {
    let bench = bench().await;
    for treatment in [Treatment::BrokenAnswer, Treatment::NoAnswer, Treatment::TooMany] {
        bench.processor.treat_once(treatment);
    }
    let gave_up = bench.card.open(session("tok")).await;
    assert!(gave_up.is_err(), "three tries went wrong: {gave_up:?}");
    let page = bench.card.open(session("tok")).await.expect("a page");
    assert_eq!(bench.card.open(session("tok")).await, Ok(page));
    assert_eq!(bench.processor.sessions().len(), 1);
}

#[tokio::test]
async fn a_processor_that_is_down_is_an_error_and_opens_nothing() {
    let bench = bench().await;
    bench.processor.set_line(Line::Closed).await;
    assert!(bench.card.open(session("tok")).await.is_err());
    bench.processor.set_line(Line::Open).await;
    assert!(bench.processor.sessions().is_empty());
    let key = CardConfig::new(bench.processor.url.clone(), "sk_test_other".into(), SECRET.into());
    let refused = CardMoney::new(key).expect("a client").open(session("tok")).await;
    assert_eq!(refused, Err("refused: api_key_invalid".into()));
}

#[tokio::test]
async fn five_copies_of_an_event_carry_one_id() {
    let bench = bench().await;
    bench.processor.deliver(Delivery { copies: 5, ..Delivery::default() });
    let page = bench.card.open(session("tok")).await.expect("a page");
    press_pay(&page).await;
    eventually("five copies", || bench.front.cards().len() == 5).await;
    assert!(bench.front.cards().windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(bench.processor.captures().len(), 1);
}

#[tokio::test]
async fn an_event_that_could_not_be_kept_is_sent_again() {
    let bench = bench().await;
    bench.front.fail_next(ShopError::Fault);
    bench.front.fail_next(ShopError::NotFound);
    let page = bench.card.open(session("tok")).await.expect("a page");
    press_pay(&page).await;
    eventually("the third try", || bench.front.cards().len() == 1).await;
}

#[tokio::test]
async fn events_held_back_arrive_late_and_in_reverse() {
    let bench = bench().await;
    bench.processor.deliver(Delivery { hold: true, ..Delivery::default() });
    for token in ["first", "second"] {
        press_pay(&bench.card.open(session(token)).await.expect("a page")).await;
    }
    assert!(bench.front.cards().is_empty());
    bench.processor.release(true).await;
    let tokens: Vec<_> = bench.front.cards().into_iter().map(|news| news.token).collect();
    assert_eq!(tokens, ["second", "first"]);
}

#[tokio::test]
async fn bad_and_old_signatures_are_refused() {
    let bench = bench().await;
    for (age_s, bad_signature, tokens) in [(301, false, 0), (0, true, 0), (300, false, 1)] {
        let hold = Delivery { hold: true, tries: 1, age_s, bad_signature, ..Delivery::default() };
        bench.processor.deliver(hold);
        let page = bench.card.open(session(&format!("tok{age_s}{bad_signature}"))).await.expect("a page");
        press_pay(&page).await;
        bench.processor.release(false).await;
        assert_eq!(bench.front.cards().len(), tokens, "{age_s} s old, bad: {bad_signature}");
    }
    let bare = reqwest::Client::new().post(&bench.hook).body("{}").send().await.expect("answered");
    assert_eq!(bare.status(), 400);
}

#[tokio::test]
async fn a_session_that_runs_out_is_told() {
    let bench = bench().await;
    bench.card.open(session("tok")).await.expect("a page");
    bench.clock.advance(Duration::from_secs(33 * 60));
    eventually("the event", || !bench.front.cards().is_empty()).await;
    assert_eq!(bench.front.cards()[0].what, CardEvent::Expired);
    assert_eq!(bench.processor.sessions()[0].state, SessionState::Expired);
}

#[tokio::test]
async fn a_refund_repeated_with_its_key_gives_back_once() {
    let bench = bench().await;
    press_pay(&bench.card.open(session("tok")).await.expect("a page")).await;
    let payment = bench.processor.captures()[0].payment.clone();
    bench.processor.treat_once(Treatment::BrokenAnswer);
    for _ in 0..2 {
        assert_eq!(bench.card.refund(payment.clone(), Usd::minor(512), "part".into()).await, Ok(()));
    }
    assert_eq!(bench.processor.captures()[0].refunded, 512);
    assert_eq!(bench.card.refund(payment.clone(), Usd::minor(4_000), "rest".into()).await, Ok(()));
    assert_eq!(bench.card.refund(payment, Usd::minor(4_000), "rest, much later".into()).await, Ok(()));
    eventually("both refunds", || bench.front.cards().len() == 3).await;
    let back: Vec<_> = bench.front.cards().into_iter().map(|news| news.what).collect();
    assert!(back.contains(&CardEvent::Refunded(Usd::minor(512))));
    assert!(back.contains(&CardEvent::Refunded(Usd::minor(4_000))));
    let none = bench.card.refund("pi_none".into(), Usd::minor(1), "k".into()).await;
    assert_eq!(none, Err("refused: resource_missing".into()));
}

#[tokio::test]
async fn a_refund_that_was_refused_by_the_cards_bank_is_not_taken_for_made() {
    let bench = bench().await;
    press_pay(&bench.card.open(session("tok")).await.expect("a page")).await;
    let payment = bench.processor.captures()[0].payment.clone();
    for nth in 0..12 {
        let key = format!("part {nth}");
        assert_eq!(bench.card.refund(payment.clone(), Usd::minor(10 + nth), key).await, Ok(()));
    }
    // The one that is looked for is not among the newest.
    let made = || bench.card.refunded(payment.clone(), Usd::minor(10), "part 0".into());
    assert_eq!(made().await, Ok(true));
    let (first, sum, _) = bench.processor.refunds()[0].clone();
    assert_eq!(sum, 10);
    assert!(bench.processor.fail_refund(&first) && !bench.processor.fail_refund(&first));
    assert_eq!(made().await, Ok(false));
    assert_eq!(bench.processor.captures()[0].refunded, (11..22).sum::<i64>());
}

#[tokio::test]
async fn a_payment_under_dispute_is_not_refunded_until_the_dispute_is_won() {
    let bench = bench().await;
    press_pay(&bench.card.open(session("tok")).await.expect("a page")).await;
    let payment = bench.processor.captures()[0].payment.clone();
    let dispute = bench.processor.dispute(&payment, None, false).expect("a payment");
    let refund = || bench.card.refund(payment.clone(), Usd::minor(512), "part".into());
    assert_eq!(refund().await, Err("refused: charge_disputed".into()));
    assert!(bench.processor.dispute_goes(&dispute, "won") && !bench.processor.dispute_goes(&dispute, "lost"));
    assert_eq!(refund().await, Ok(()));
    let dispute = bench.processor.disputes().remove(0);
    assert_eq!((dispute.withdrawn, dispute.reinstated, dispute.fee), (4_512, 4_512, 1_500));
}

#[tokio::test]
async fn the_stand_in_is_a_program_of_its_own_and_keeps_the_truth() {
    use sokoni::engine::clock::SystemClock;
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"))
        .args(["cards", "--key", "sk_test_sokoni"])
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(program.stdout.take().expect("piped")).lines();
    let said = lines.next_line().await.expect("read").expect("a line");
    let url = said.strip_prefix("listening ").expect("where it listens").to_owned();
    let config = CardConfig::new(url.clone(), "sk_test_sokoni".into(), SECRET.into());
    let card = CardMoney::new(config).expect("a client");
    let until = SystemClock.now().after(Duration::from_secs(33 * 60));
    press_pay(&card.open(CardSession { until, ..session("tok") }).await.expect("a page")).await;

    let browser = reqwest::Client::new();
    let list = async |path: &str| {
        let asked = browser.get(format!("{url}{path}")).bearer_auth("sk_test_sokoni").send();
        asked.await.expect("answered").json::<serde_json::Value>().await.expect("JSON")
    };
    let captures = list("/captures").await;
    assert_eq!((captures[0]["token"].as_str(), captures[0]["amount"].as_i64()), (Some("tok"), Some(4_512)));
    let payment = captures[0]["payment"].as_str().expect("an id").to_owned();
    let opened = browser.post(format!("{url}/disputes")).json(&serde_json::json!({ "payment": payment }));
    let opened: serde_json::Value = opened.send().await.expect("answered").json().await.expect("JSON");
    let id = opened["id"].as_str().expect("an id");
    let known = list(&format!("/v1/disputes?payment_intent={payment}")).await;
    assert_eq!(
        (known["data"][0]["id"].as_str(), known["data"].as_array().map(Vec::len)),
        (Some(id), Some(1))
    );
    assert!(card.refund(payment.clone(), Usd::minor(12), "part".into()).await.is_err());
    let won = browser.post(format!("{url}/disputes/{id}/won")).send().await.expect("answered");
    assert_eq!(won.status(), 204);
    assert_eq!(card.refund(payment, Usd::minor(12), "part".into()).await, Ok(()));
    assert_eq!(list("/refunds").await[0]["amount"], 12);
}
