//! What an event of the card processor says, its signature already proven.

use crate::engine::shopfront::{CardEvent, CardNews, DisputeStep, DisputeTold, Outcome};
use crate::types::{Timestamp, Usd};
use serde::Deserialize;
use serde_json::Value;

/// What is to be done with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// To be handed on.
    News(CardNews),
    /// Of no matter to us.
    Nothing,
    /// Of a kind that we do not know.
    Unknown,
}

/// The id and the kind of an event, as far as they can be read.
pub fn head(body: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Head {
        id: String,
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_slice::<Head>(body).ok().map(|head| (head.id, head.kind))
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
    key: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    id: String,
    payment_intent: Option<String>,
    amount: i64,
    currency: String,
    status: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Dispute {
    id: String,
    payment_intent: Option<String>,
    amount: i64,
    currency: String,
    reason: String,
    status: String,
    #[serde(default)]
    balance_transactions: Vec<Moved>,
    evidence_details: Option<EvidenceDetails>,
}

/// What moved on our account with the processor.
#[derive(Deserialize)]
struct Moved {
    amount: i64,
    #[serde(default)]
    fee: i64,
    #[serde(default)]
    currency: String,
}

#[derive(Deserialize)]
struct EvidenceDetails {
    due_by: Option<i64>,
}

impl Dispute {
    /// What the processor took for its work, or gave back of that: by what moved in that direction.
    /// An account that is not kept in dollars tells it in its own currency, and the statement tells it.
    fn fee(&self, taken: bool) -> Usd {
        let moved = self.balance_transactions.iter().filter(|moved| (moved.amount < 0) == taken);
        let dollars = moved.filter(|moved| moved.currency == "usd");
        let fee = dollars.fold(0i64, |sum, moved| sum.saturating_add(moved.fee));
        Usd::minor(if taken { fee.max(0) } else { fee.saturating_neg().max(0) })
    }

    fn told(self, kind: &str) -> Result<(String, DisputeTold), String> {
        let amount = dollars(self.amount, &self.currency)?;
        let step = match kind {
            "charge.dispute.funds_withdrawn" => DisputeStep::Withdrawn(self.fee(true)),
            "charge.dispute.funds_reinstated" => DisputeStep::Reinstated(self.fee(false)),
            "charge.dispute.closed" => DisputeStep::Closed(match self.status.as_str() {
                "won" => Outcome::Won,
                "lost" => Outcome::Lost,
                "warning_closed" => Outcome::WarningClosed,
                other => return Err(format!("a dispute closed as {}", other.escape_default())),
            }),
            _ => DisputeStep::Stands,
        };
        let due = self.evidence_details.and_then(|details| details.due_by);
        let due = due.and_then(|due| due.checked_mul(1000)).map(Timestamp::from_millis);
        let payment = self.payment_intent.unwrap_or_default();
        let (id, reason, status) = (self.id, self.reason, self.status);
        Ok((payment, DisputeTold { id, status, reason, amount, due, step }))
    }
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
        "refund.failed" | "charge.refund.updated" | "refund.updated" => {
            let refund: Refund = of(event.data.object)?;
            // Every change of a refund is told under this name too.
            if kind != "refund.failed" && refund.status.as_deref() != Some("failed") {
                return Ok(Meaning::Nothing);
            }
            let amount = dollars(refund.amount, &refund.currency)?;
            let payment = refund.payment_intent.unwrap_or_default();
            let what = CardEvent::RefundFailed { refund: refund.id, key: refund.metadata.key, amount };
            return Ok(Meaning::News(CardNews { event_id: event.id, token: String::new(), payment, what }));
        }
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated"
        | "charge.dispute.closed" => {
            let dispute: Dispute = of(event.data.object)?;
            let (payment, told) = dispute.told(kind)?;
            let what = CardEvent::Dispute(told);
            return Ok(Meaning::News(CardNews { event_id: event.id, token: String::new(), payment, what }));
        }
        // What these tell, the others tell better.
        "payment_intent.succeeded"
        | "payment_intent.created"
        | "payment_intent.payment_failed"
        | "payment_intent.canceled"
        | "charge.succeeded"
        | "charge.updated"
        | "refund.created" => return Ok(Meaning::Nothing),
        _ => return Ok(Meaning::Unknown),
    };
    let token = match token {
        Some(token) if !token.is_empty() => token,
        // Somebody sold something by hand in the processor's own pages: money came all the same.
        _ if matches!(what, CardEvent::Paid(_)) && !payment.is_empty() => String::new(),
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
    fn other_kinds_of_event_are_let_pass_and_a_sale_by_hand_is_money_without_an_order() {
        assert_eq!(read(&event("payment_intent.succeeded", "{}"), false), Ok(Meaning::Nothing));
        assert_eq!(read(&event("customer.created", "{}"), false), Ok(Meaning::Unknown));
        let by_hand = PAID.replace(r#""tok""#, "null");
        match read(&event("checkout.session.completed", &by_hand), false) {
            Ok(Meaning::News(news)) => assert_eq!((news.token.as_str(), news.payment.as_str()), ("", "pi_1")),
            other => panic!("{other:?}"),
        }
        assert_eq!(read(&event("checkout.session.expired", &by_hand), false), Ok(Meaning::Nothing));
    }

    const DISPUTE: &str = r#"{"id":"dp_1","payment_intent":"pi_1","amount":4500,"currency":"usd",
        "reason":"fraudulent","status":"lost","evidence_details":{"due_by":1763899200},"balance_transactions":[
        {"amount":-4500,"fee":1500,"currency":"usd"},{"amount":4500,"fee":-1500,"currency":"usd"}]}"#;

    fn told(kind: &str, object: &str) -> Result<DisputeTold, String> {
        match read(&event(kind, object), false)? {
            Meaning::News(CardNews { what: CardEvent::Dispute(told), .. }) => Ok(told),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn each_event_of_a_dispute_tells_one_thing() {
        let step = |what| told(&format!("charge.dispute.{what}"), DISPUTE).map(|told| told.step);
        assert_eq!(step("created"), Ok(DisputeStep::Stands));
        assert_eq!(step("updated"), Ok(DisputeStep::Stands));
        assert_eq!(step("funds_withdrawn"), Ok(DisputeStep::Withdrawn(Usd::minor(1_500))));
        assert_eq!(step("funds_reinstated"), Ok(DisputeStep::Reinstated(Usd::minor(1_500))));
        assert_eq!(step("closed"), Ok(DisputeStep::Closed(Outcome::Lost)));
        let due = told("charge.dispute.created", DISPUTE).expect("read").due;
        assert_eq!(due, Some(Timestamp::from_millis(1_763_899_200_000)));
        let open = DISPUTE.replace("lost", "under_review");
        assert!(told("charge.dispute.closed", &open).is_err());
    }

    #[test]
    fn a_refund_that_came_back_is_told_with_its_key_under_either_name() {
        let refund = r#"{"id":"re_1","payment_intent":"pi_1","amount":700,"currency":"usd","status":"failed",
            "metadata":{"key":"refund/482108/1"}}"#;
        for kind in ["refund.failed", "charge.refund.updated", "refund.updated"] {
            match read(&event(kind, refund), false) {
                Ok(Meaning::News(news)) => {
                    let (refund, key) = ("re_1".to_owned(), Some("refund/482108/1".to_owned()));
                    assert_eq!(news.what, CardEvent::RefundFailed { refund, key, amount: Usd::minor(700) });
                }
                other => panic!("{kind}: {other:?}"),
            }
        }
        let fine = refund.replace("failed", "succeeded");
        assert_eq!(read(&event("refund.updated", &fine), false), Ok(Meaning::Nothing));
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
