//! What an event of the card processor says, its signature already proven.

use crate::engine::shopfront::{CardEvent, CardNews};
use crate::types::Usd;
use serde::Deserialize;
use serde_json::Value;

/// What is to be done with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// To be handed on.
    News(CardNews),
    /// Of no matter to us.
    Nothing,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
    #[serde(default)]
    previous_attributes: Value,
}

#[derive(Deserialize)]
struct Session {
    client_reference_id: Option<String>,
    payment_intent: Option<String>,
    payment_status: String,
    amount_total: i64,
    currency: String,
}

#[derive(Deserialize)]
struct Charge {
    payment_intent: String,
    amount_refunded: i64,
    currency: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    token: Option<String>,
}

/// Reads an event; `Err` says why it cannot be used. `live` is whether this shop charges real
/// cards: an event of the other kind is refused, lest play money pay for a necklace.
pub fn read(body: &[u8], live: bool) -> Result<Meaning, String> {
    let event: Event = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if event.livemode != live {
        return Err(format!("livemode is {} and this shop's is {live}", event.livemode));
    }
    let kind = event.kind.as_str();
    let (token, payment, what) = match kind {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => {
            let session: Session = of(event.data.object)?;
            let what = match (kind, session.payment_status.as_str()) {
                ("checkout.session.expired" | "checkout.session.async_payment_failed", _) => {
                    CardEvent::Expired
                }
                (_, "paid") => CardEvent::Paid(dollars(session.amount_total, &session.currency)?),
                // Completed, but the money is still on its way: a later event tells.
                _ => return Ok(Meaning::Nothing),
            };
            (session.client_reference_id, session.payment_intent.unwrap_or_default(), what)
        }
        "charge.refunded" => {
            let before = event.data.previous_attributes["amount_refunded"].as_i64().unwrap_or(0);
            let charge: Charge = of(event.data.object)?;
            let back = charge.amount_refunded.checked_sub(before).ok_or("a refund of no sum that can be")?;
            let back = dollars(back, &charge.currency)?;
            (charge.metadata.token, charge.payment_intent, CardEvent::Refunded(back))
        }
        _ => return Ok(Meaning::Nothing),
    };
    let token = match token {
        Some(token) if !token.is_empty() => token,
        // Somebody sold something by hand in the processor's own pages.
        _ => return Ok(Meaning::Nothing),
    };
    Ok(Meaning::News(CardNews { event_id: event.id, token, payment, what }))
}

fn of<T: serde::de::DeserializeOwned>(object: Value) -> Result<T, String> {
    serde_json::from_value(object).map_err(|e| e.to_string())
}

fn dollars(cents: i64, currency: &str) -> Result<Usd, String> {
    match (currency, cents) {
        ("usd", 0..) => Ok(Usd::minor(cents)),
        ("usd", _) => Err(format!("a sum below nothing: {cents}")),
        _ => Err(format!("charged in {}, not in usd", currency.escape_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(kind: &str, object: &str) -> Vec<u8> {
        format!(r#"{{"id":"evt_1","type":"{kind}","livemode":false,"data":{{"object":{object}}}}}"#)
            .into_bytes()
    }

    const PAID: &str = r#"{"client_reference_id":"tok","payment_intent":"pi_1","payment_status":"paid",
        "amount_total":4500,"currency":"usd"}"#;

    #[test]
    fn a_completed_and_paid_session_is_paid() {
        let news = CardNews {
            event_id: "evt_1".into(),
            token: "tok".into(),
            payment: "pi_1".into(),
            what: CardEvent::Paid(Usd::minor(4500)),
        };
        assert_eq!(read(&event("checkout.session.completed", PAID), false), Ok(Meaning::News(news)));
    }

    #[test]
    fn completed_but_unpaid_is_not_paid() {
        let unpaid = PAID.replace(r#""paid""#, r#""unpaid""#);
        assert_eq!(read(&event("checkout.session.completed", &unpaid), false), Ok(Meaning::Nothing));
    }

    #[test]
    fn test_events_do_not_pay_in_a_live_shop_and_another_currency_pays_nowhere() {
        assert!(read(&event("checkout.session.completed", PAID), true).is_err());
        let shillings = PAID.replace("usd", "kes");
        assert!(read(&event("checkout.session.completed", &shillings), false).is_err());
    }

    #[test]
    fn other_kinds_of_event_and_other_peoples_sales_are_let_pass() {
        assert_eq!(read(&event("payment_intent.succeeded", "{}"), false), Ok(Meaning::Nothing));
        let by_hand = PAID.replace(r#""tok""#, "null");
        assert_eq!(read(&event("checkout.session.completed", &by_hand), false), Ok(Meaning::Nothing));
    }

    #[test]
    fn a_second_partial_refund_counts_only_what_it_adds() {
        let body = br#"{"id":"evt_2","type":"charge.refunded","livemode":false,"data":{
            "object":{"payment_intent":"pi_1","amount_refunded":700,"currency":"usd","metadata":{"token":"tok"}},
            "previous_attributes":{"amount_refunded":500}}}"#;
        match read(body, false) {
            Ok(Meaning::News(news)) => assert_eq!(news.what, CardEvent::Refunded(Usd::minor(200))),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refund_beyond_all_numbers_is_refused() {
        let body = format!(
            r#"{{"id":"evt_3","type":"charge.refunded","livemode":false,"data":{{
            "object":{{"payment_intent":"pi_1","amount_refunded":{},"currency":"usd"}},
            "previous_attributes":{{"amount_refunded":1}}}}}}"#,
            i64::MIN
        );
        assert!(read(body.as_bytes(), false).is_err());
    }

    proptest! {
        #[test]
        fn noise_is_refused_and_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&body, false).is_err());
        }
    }
}
