//! The processor's own books: sessions, captures, and the first answer to every key.

use super::disputes::Dispute;
use super::hook::Event;
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A payment page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// `cs_test_...`.
    pub id: String,
    /// The merchant's own reference.
    pub token: String,
    /// What is charged, in the smallest unit.
    pub amount: i64,
    /// Three lower-case letters.
    pub currency: String,
    /// A line for the page.
    pub what: String,
    /// Where the shopper goes after paying.
    pub success_url: String,
    /// Where the shopper goes after giving up.
    pub cancel_url: String,
    /// Where it stands.
    pub state: SessionState,
    /// Since when it is open.
    pub opened: Timestamp,
    /// When it ends by itself, in seconds; nothing when the double's own time holds.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// What the merchant wants to find again on the payment.
    pub metadata: BTreeMap<String, String>,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Waits for the shopper.
    Open,
    /// Paid, by this payment (`pi_test_...`).
    Complete(String),
    /// Ended unpaid.
    Expired,
}

/// Money taken from a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// `pi_test_...`.
    pub payment: String,
    /// The session it paid.
    pub session: String,
    /// The merchant's own reference.
    pub token: String,
    /// What was taken, in the smallest unit.
    pub amount: i64,
    /// What was given back since.
    pub refunded: i64,
}

/// Why a refund cannot be made, in the API's own word.
pub(super) type RefundRefusal = &'static str;

/// The first answer to a key, and to what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FirstAnswer {
    /// Path and form of the request.
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Everything the processor remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Book {
    sessions: BTreeMap<String, Session>,
    captures: Vec<Capture>,
    answers: BTreeMap<String, FirstAnswer>,
    count: u64,
    #[serde(default)]
    refunds: Vec<Value>,
    #[serde(default)]
    pub(super) disputes: Vec<Dispute>,
    /// The moment of the change under way, in seconds.
    #[serde(default)]
    pub(super) now_s: i64,
}

impl Book {
    pub(super) fn captures(&self) -> &[Capture] {
        &self.captures
    }

    pub(super) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.get(id)
    }

    pub(super) fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    pub(super) fn first_answer(&self, key: &str) -> Option<&FirstAnswer> {
        self.answers.get(key)
    }

    pub(super) fn remember(&mut self, key: String, answer: FirstAnswer) {
        self.answers.insert(key, answer);
    }

    pub(super) fn forget_keys(&mut self) {
        self.answers.clear();
    }

    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_test_{:08}", self.count)
    }

    /// Opens a session; its id is filled in.
    pub(super) fn open(&mut self, mut session: Session) -> Session {
        session.id = self.next("cs");
        self.sessions.insert(session.id.clone(), session.clone());
        session
    }

    /// Captures the payment of an open session; nothing for any other.
    pub(super) fn pay(&mut self, id: &str) -> Vec<Event> {
        let payment = self.next("pi");
        let Some(session) = self.sessions.get_mut(id).filter(|s| s.state == SessionState::Open) else {
            return Vec::new();
        };
        session.state = SessionState::Complete(payment.clone());
        let paid = session.clone();
        self.captures.push(Capture {
            payment: payment.clone(),
            session: paid.id.clone(),
            token: paid.token.clone(),
            amount: paid.amount,
            refunded: 0,
        });
        let intent = json!({
            "id": payment, "object": "payment_intent", "amount": paid.amount, "currency": paid.currency,
            "status": "succeeded", "metadata": paid.metadata,
        });
        let completed = json!({ "object": shown(&paid, None) });
        vec![
            self.event("payment_intent.succeeded", json!({ "object": intent })),
            self.event("checkout.session.completed", completed),
        ]
    }

    /// Ends an open session unpaid; nothing for any other.
    pub(super) fn expire(&mut self, id: &str) -> Vec<Event> {
        let Some(session) = self.sessions.get_mut(id).filter(|s| s.state == SessionState::Open) else {
            return Vec::new();
        };
        session.state = SessionState::Expired;
        let ended = json!({ "object": shown(session, None) });
        vec![self.event("checkout.session.expired", ended)]
    }

    /// The refunds of a payment, the newest first.
    pub(super) fn refunds(&self, payment: &str) -> Vec<Value> {
        self.refunds.iter().rev().filter(|refund| refund["payment_intent"] == payment).cloned().collect()
    }

    /// Gives back `amount` of a payment, or what is left of it.
    pub(super) fn refund(
        &mut self, payment: &str, amount: Option<i64>, key: Option<&String>,
    ) -> Result<(Value, Vec<Event>), RefundRefusal> {
        let id = self.next("re");
        if self.disputes.iter().any(|dispute| dispute.payment == payment && dispute.bars_refunds()) {
            return Err("charge_disputed");
        }
        let capture = self.captures.iter_mut().find(|c| c.payment == payment).ok_or("resource_missing")?;
        let before = capture.refunded;
        let left = capture.amount - before;
        let amount = amount.unwrap_or(left);
        if left == 0 {
            return Err("charge_already_refunded");
        }
        if !(1..=left).contains(&amount) {
            return Err("amount_too_large");
        }
        capture.refunded += amount;
        let capture = capture.clone();
        let session = self.sessions.get(&capture.session);
        let (currency, metadata) =
            session.map(|s| (s.currency.clone(), s.metadata.clone())).unwrap_or_default();
        let refund = json!({
            "id": id, "object": "refund", "payment_intent": payment, "amount": amount,
            "charge": payment.replacen("pi", "ch", 1), "created": self.now_s,
            "currency": currency, "status": "succeeded", "failure_reason": null,
            "metadata": key.map(|key| json!({ "key": key })).unwrap_or_else(|| json!({})),
        });
        self.refunds.push(refund.clone());
        let charge = json!({
            "id": payment.replacen("pi", "ch", 1), "object": "charge", "payment_intent": payment,
            "amount": capture.amount, "amount_refunded": capture.refunded, "currency": currency,
            "refunded": capture.refunded == capture.amount, "metadata": metadata,
        });
        let previous = json!({ "amount_refunded": before });
        let told =
            self.event("charge.refunded", json!({ "object": charge, "previous_attributes": previous }));
        Ok((refund, vec![told]))
    }

    /// A refund that went out comes back: the card's bank did not take it. Nothing for any other.
    pub(super) fn fail_refund(&mut self, id: &str) -> Vec<Event> {
        let made =
            self.refunds.iter_mut().find(|refund| refund["id"] == id && refund["status"] == "succeeded");
        let Some(refund) = made else { return Vec::new() };
        refund["status"] = json!("failed");
        refund["failure_reason"] = json!("expired_or_canceled_card");
        let failed = refund.clone();
        if let Some(capture) = self.captures.iter_mut().find(|c| failed["payment_intent"] == c.payment) {
            capture.refunded -= failed["amount"].as_i64().unwrap_or(0);
        }
        vec![self.event("refund.failed", json!({ "object": failed }))]
    }

    /// Every refund, oldest first.
    pub(super) fn all_refunds(&self) -> &[Value] {
        &self.refunds
    }

    pub(super) fn event(&mut self, kind: &str, data: Value) -> Event {
        let id = self.next("evt");
        Event {
            body: json!({
                "id": id, "object": "event", "api_version": super::API_VERSION, "created": self.now_s,
                "type": kind, "livemode": false, "pending_webhooks": 1,
                "request": { "id": null, "idempotency_key": null }, "data": data,
            })
            .to_string(),
        }
    }
}

/// The session object of the API; `url` only while it is open.
pub(super) fn shown(session: &Session, base: Option<&str>) -> Value {
    let (status, paid, payment) = match &session.state {
        SessionState::Open => ("open", "unpaid", None),
        SessionState::Complete(payment) => ("complete", "paid", Some(payment)),
        SessionState::Expired => ("expired", "unpaid", None),
    };
    let url = base.filter(|_| status == "open").map(|base| format!("{base}/pay/{}", session.id));
    json!({
        "id": session.id, "object": "checkout.session", "client_reference_id": session.token,
        "payment_intent": payment, "payment_status": paid, "status": status,
        "amount_total": session.amount, "currency": session.currency, "livemode": false, "url": url,
        "mode": "payment", "expires_at": session.expires_at, "metadata": session.metadata,
        "success_url": session.success_url, "cancel_url": session.cancel_url,
    })
}
