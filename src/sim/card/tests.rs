use super::*;
use crate::types::Timestamp;
use serde_json::Value;

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

async fn started() -> CardProcessor {
    let clock = Arc::new(At(Timestamp::from_millis(1_763_812_800_000)));
    CardProcessor::start(CardOptions::new("whsec_test_sokoni_local_double", clock)).await.expect("a port")
}

fn browser() -> reqwest::Client {
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().redirect(none).timeout(Duration::from_secs(5)).build().expect("a client")
}

async fn post(card: &CardProcessor, path: &str, key: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let request = browser().post(format!("{}{path}", card.url)).header("Idempotency-Key", key).form(form);
    let answer = request.send().await.expect("answered");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

const FORM: [(&str, &str); 8] = [
    ("mode", "payment"),
    ("client_reference_id", "tok"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "4500"),
    ("line_items[0][price_data][product_data][name]", "<b>Necklace</b>"),
    ("line_items[0][quantity]", "1"),
    ("success_url", "http://shop.example/o/tok?s={CHECKOUT_SESSION_ID}"),
    ("cancel_url", "http://shop.example/o/tok"),
];

#[test]
fn the_signature_is_the_published_one() {
    assert_eq!(
        hook::signature("simple", 1_492_774_577, r#"{"a":1}"#),
        "t=1492774577,v1=1fdd4e05c1429830afad4c87c7d659a6ce3868fca19aaa7f02d1c323d984ac4c"
    );
}

#[tokio::test]
async fn one_key_opens_one_session_and_never_another() {
    let card = started().await;
    let (_, first) = post(&card, "/v1/checkout/sessions", "k", &FORM).await;
    let (_, again) = post(&card, "/v1/checkout/sessions", "k", &FORM).await;
    assert_eq!(first, again);
    assert_eq!(card.sessions().len(), 1);
    let mut other = FORM;
    other[3].1 = "4600";
    let (status, body) = post(&card, "/v1/checkout/sessions", "k", &other).await;
    assert_eq!((status, body["error"]["type"].as_str()), (400, Some("idempotency_error")));
}

#[tokio::test]
async fn paying_twice_captures_once_and_leads_back_to_the_shop() {
    let card = started().await;
    let (_, session) = post(&card, "/v1/checkout/sessions", "k", &FORM).await;
    let url = session["url"].as_str().expect("a page").to_owned();
    let page = browser().get(&url).send().await.expect("answered").text().await.expect("text");
    assert!(page.contains(r#"data-testid="pay""#) && page.contains(r#"data-testid="cancel""#));
    assert!(page.contains("45.00") && page.contains("&lt;b&gt;Necklace"));
    for _ in 0..2 {
        let card_number = [("card", "4242 4242 4242 4242")];
        let paid = browser().post(&url).form(&card_number).send().await.expect("answered");
        assert_eq!(paid.status(), 303);
        let back = paid.headers()["location"].to_str().expect("text").to_owned();
        assert_eq!(back, "http://shop.example/o/tok?s=cs_test_00000001");
    }
    assert_eq!(card.captures().len(), 1);
    assert_eq!(card.captures()[0].amount, 4500);
}

#[tokio::test]
async fn a_declined_card_takes_nothing_and_a_cancelled_session_cannot_be_paid() {
    let card = started().await;
    let (_, session) = post(&card, "/v1/checkout/sessions", "k", &FORM).await;
    let url = session["url"].as_str().expect("a page").to_owned();
    let bad = [("card", "4000 0000 0000 0002")];
    let declined = browser().post(&url).form(&bad).send().await.expect("answered");
    assert_eq!(declined.status(), 402);
    assert!(declined.text().await.expect("text").contains(r#"data-testid="declined""#));
    browser().post(format!("{url}/cancel")).send().await.expect("answered");
    let good = [("card", "4242 4242 4242 4242")];
    browser().post(&url).form(&good).send().await.expect("answered");
    assert!(card.captures().is_empty());
    assert_eq!(card.sessions()[0].state, SessionState::Expired);
}

#[tokio::test]
async fn refunds_never_exceed_what_was_taken() {
    let card = started().await;
    let (_, session) = post(&card, "/v1/checkout/sessions", "k", &FORM).await;
    let url = session["url"].as_str().expect("a page").to_owned();
    browser().post(&url).form(&[("card", "4242424242424242")]).send().await.expect("answered");
    let payment = card.captures()[0].payment.clone();
    let some = [("payment_intent", payment.as_str()), ("amount", "4000")];
    assert_eq!(post(&card, "/v1/refunds", "r1", &some).await.0, 200);
    assert_eq!(post(&card, "/v1/refunds", "r1", &some).await.0, 200);
    assert_eq!(post(&card, "/v1/refunds", "r2", &some).await.0, 400);
    assert_eq!(post(&card, "/v1/refunds", "r3", &[("payment_intent", &payment)]).await.0, 200);
    let (status, body) = post(&card, "/v1/refunds", "r4", &some).await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("charge_already_refunded")));
    assert_eq!(card.captures()[0].refunded, 4500);
    assert_eq!(post(&card, "/v1/refunds", "r5", &[("payment_intent", "pi_none")]).await.0, 404);
}
