//! What is believed of what Safaricom posts, and when.

use super::float::NOTHING;
use super::*;
use crate::engine::port::MoneyOut;
use crate::money::proof::{failed, why};
use crate::types::Msisdn;

/// An adapter that reaches nobody.
fn rail(more: &str) -> DarajaRail {
    let text = format!(
        "base_url = 'http://127.0.0.1:9'\ncallback_base = 'http://127.0.0.1:9'\nsecret_path_file = ''\n\
         consumer_key_file = ''\nconsumer_secret_file = ''\ncredential_file = ''\ninitiator = 'sokoni'\n\
         short_code = '600000'\nask_seconds = 0\ntiming = {{ hold_seconds = 0 }}\n{more}"
    );
    let config = DarajaConfig {
        settings: toml::from_str(&text).expect("settings"),
        secret_path: "a-path-only-they-know".into(),
        consumer_key: "key".into(),
        consumer_secret: "secret".into(),
        credential: "credential".into(),
        passkey: None,
    };
    DarajaRail::new(config).expect("a client")
}

fn payout() -> PayOut {
    PayOut {
        id: PayoutId::derived("a payout"),
        via: "daraja".to_owned(),
        to: Msisdn::from_e164("254712345678").expect("a number"),
        shillings: 850,
        again: false,
    }
}

fn result(code: &str) -> String {
    format!(
        r#"{{"Result":{{"ResultType":0,"ResultCode":{code},"OriginatorConversationID":"{}"}}}}"#,
        reference(payout().id)
    )
}

impl DarajaRail {
    async fn hears(&self, tail: &str, code: &str, listed: bool) -> Result<Option<PayoutNews>, String> {
        self.told(Posted { tail, body: result(code).as_bytes(), listed }, &payout()).await
    }

    /// The answer to a question of ours.
    async fn is_told(&self, code: &str) -> PayoutNews {
        let tail = format!("state/{}/{}", payout().id, self.tag(payout().id));
        self.hears(&tail, code, false).await.expect("an answer").expect("news")
    }
}

fn is_not_taken(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::NotTaken { .. })
}

#[tokio::test]
async fn that_it_finds_no_payout_counts_no_sooner_than_it_may_be_sent_again() {
    let patient = rail("resend_minutes = 60");
    let _ = patient.ask_about(&payout()).await;
    assert!(is_not_taken(&patient.is_told("2033").await));
    let asked = patient.ask_about(&payout()).await;
    assert!(!is_not_taken(&asked), "said in the first minutes it proves nothing, now or later: {asked:?}");
    let hasty = rail("resend_minutes = 0");
    let _ = hasty.ask_about(&payout()).await;
    hasty.is_told("2033").await;
    assert!(is_not_taken(&hasty.ask_about(&payout()).await));
    assert!(!is_not_taken(&hasty.ask_about(&payout()).await), "each time it is asked anew");
}

#[tokio::test]
async fn a_failure_that_is_posted_is_believed_from_a_listed_address_or_when_the_answer_agrees() {
    let tail = format!("result/{}", payout().id);
    let no_user = failed(why::NO_USER);
    assert_eq!(rail("").hears(&tail, "2040", true).await, Ok(Some(no_user.clone())), "listed");
    let rail_of = |minutes| rail(&format!("resend_minutes = {minutes}"));
    let asks = rail_of(0);
    assert_eq!(asks.hears(&tail, "2040", false).await, Ok(None), "a reason to ask, and no more");
    assert_eq!(asks.is_told("2033").await, no_user, "it finds no such payout, so that is why");
    let waits = rail_of(60);
    assert_eq!(waits.hears(&tail, "2040", false).await, Ok(None));
    assert!(is_not_taken(&waits.is_told("2033").await), "it may be on its way still");
}

#[tokio::test]
async fn an_answer_to_no_question_of_ours_settles_nothing() {
    let forged = format!("state/{}", payout().id);
    assert!(rail("").hears(&forged, "2033", false).await.is_err());
    assert!(rail("").hears(&format!("{forged}/0123456789abcdef01234567"), "2033", false).await.is_err());
}

#[tokio::test]
async fn below_its_floor_the_float_holds_payouts_until_the_balance_is_heard_again() {
    let rail = rail("float_floor_shillings = 5000\nbalance_minutes = 60");
    rail.float_is(499_999);
    assert_eq!(rail.link().held(), Some(Fault::Float), "longer than hold_seconds");
    rail.float_is(500_000);
    assert_eq!(rail.link().held(), None);
}

#[tokio::test]
async fn a_password_that_is_refused_to_a_question_holds_payouts_and_a_role_that_is_missing_does_not() {
    let rail = rail("");
    let tail = format!("float/{NOTHING}/{}", rail.tag(NOTHING));
    let answers =
        |code: &str| rail.aside(Posted { tail: &tail, body: result(code).as_bytes(), listed: false });
    assert!(answers("21"));
    assert!(rail.link().is_up());
    assert!(answers("2001"));
    assert_eq!(rail.link().held(), Some(Fault::Credential));
}

#[tokio::test]
async fn no_strangers_word_holds_payouts_or_lets_them_go_on() {
    let rail = rail("float_floor_shillings = 5000\nresend_minutes = 0");
    let low = r#"{"Result":{"ResultCode":0,"ResultParameters":{"ResultParameter":[
        {"Key":"B2CUtilityAccountAvailableFunds","Value":1.0}]}}}"#;
    let tail = format!("result/{}", payout().id);
    for (tail, body) in
        [("float/x", result("2001")), (tail.as_str(), low.to_owned()), ("float/x", low.to_owned())]
    {
        rail.aside(Posted { tail, body: body.as_bytes(), listed: false });
        assert_eq!(rail.link().held(), None, "{tail}: {body}");
    }
    rail.aside(Posted { tail: &tail, body: low.as_bytes(), listed: true });
    assert_eq!(rail.link().held(), Some(Fault::Float), "the same from where it does come from");
    rail.link().release(Fault::Float);
    assert_eq!(rail.hears(&tail, "8006", false).await, Ok(None));
    assert_eq!(rail.link().held(), None, "asked about first");
    rail.is_told("2033").await;
    assert_eq!(rail.link().held(), Some(Fault::Credential), "it found none, as was said");
}

#[tokio::test]
async fn what_may_be_there_is_asked_about_while_others_wait_for_a_float() {
    let adapter = crate::money::rail::Adapter::over(rail(""));
    adapter.rail.link().hold_for(Fault::Float, std::time::Duration::from_secs(900), "too low");
    let first = adapter.pay(payout()).await;
    assert!(matches!(first, PayoutNews::Short { .. }), "{first:?}");
    let again = adapter.pay(PayOut { again: true, ..payout() }).await;
    assert!(matches!(again, PayoutNews::Unknown { .. } | PayoutNews::Asked), "{again:?}");
}
