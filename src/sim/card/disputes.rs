//! Disputes: a shopper's bank takes its money back, and gives it back or not.
//!
//! Events come in the order in which Stripe writes of them: `charge.dispute.created`, then
//! `charge.dispute.funds_withdrawn` unless it is a mere inquiry; `charge.dispute.updated` at every
//! change; at the end `charge.dispute.funds_reinstated` when it was won, and `charge.dispute.closed`.

use super::Inner;
use super::book::Book;
use super::hook::{self, Event};
use super::http::{Done, Fields, error, once, page_of, refusal};
use axum::Json;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the processor takes for the work of a dispute, in cents.
const FEE: i64 = 1_500;
/// How long evidence may be sent, in seconds.
const ANSWER_S: i64 = 7 * 86_400;

/// A dispute of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// `dp_test_...`.
    pub id: String,
    /// The payment.
    pub payment: String,
    /// How much of it, in the smallest unit.
    pub amount: i64,
    /// Three lower-case letters.
    pub currency: String,
    /// The bank's word for why.
    pub reason: String,
    /// `needs_response`, `won` ... as the API spells it.
    pub status: String,
    /// When it was opened, in seconds.
    pub created: i64,
    /// Until when evidence is taken, in seconds.
    pub due_by: i64,
    /// What was taken from us, the fee apart.
    pub withdrawn: i64,
    /// What it cost.
    pub fee: i64,
    /// What was given back.
    pub reinstated: i64,
    /// What was sent to defend the payment.
    pub evidence: BTreeMap<String, String>,
    /// How often it was handed in.
    pub submitted: u32,
}

impl Dispute {
    fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "won" | "lost" | "warning_closed")
    }

    /// While a bank asks, and after it has taken the money, nothing can be refunded.
    pub(super) fn bars_refunds(&self) -> bool {
        !matches!(self.status.as_str(), "won" | "warning_closed")
    }

    fn shown(&self) -> Value {
        let moved = |amount: i64, fee: i64| {
            json!({ "object": "balance_transaction", "amount": amount, "currency": self.currency,
                "fee": fee, "net": amount - fee, "type": "adjustment" })
        };
        let mut moves = Vec::new();
        if self.withdrawn > 0 {
            moves.push(moved(-self.withdrawn, self.fee));
        }
        if self.reinstated > 0 {
            moves.push(moved(self.reinstated, 0));
        }
        json!({
            "id": self.id, "object": "dispute", "amount": self.amount, "currency": self.currency,
            "charge": self.payment.replacen("pi", "ch", 1), "payment_intent": self.payment,
            "created": self.created, "reason": self.reason, "status": self.status, "livemode": false,
            "is_charge_refundable": !self.bars_refunds(), "metadata": {}, "evidence": self.evidence,
            "balance_transactions": moves,
            "evidence_details": { "due_by": self.due_by, "has_evidence": !self.evidence.is_empty(),
                "past_due": false, "submission_count": self.submitted },
        })
    }
}

impl Book {
    fn dispute_event(&mut self, at: usize, what: &str) -> Event {
        let object = self.disputes[at].shown();
        self.event(&format!("charge.dispute.{what}"), json!({ "object": object }))
    }

    /// Opens a dispute of a payment; its id and what to tell. Nothing when there is no such payment.
    pub(super) fn dispute(
        &mut self, payment: &str, amount: Option<i64>, reason: &str, warning: bool,
    ) -> Option<(String, Vec<Event>)> {
        let capture = self.captures().iter().find(|capture| capture.payment == payment)?.clone();
        let left = capture.amount - capture.refunded;
        let amount = amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            return None;
        }
        let currency = self.session(&capture.session).map(|session| session.currency.clone());
        let (id, now_s) = (self.next("dp"), self.now_s);
        self.disputes.push(Dispute {
            id: id.clone(),
            payment: payment.to_owned(),
            amount,
            currency: currency.unwrap_or_else(|| "usd".to_owned()),
            reason: reason.to_owned(),
            status: if warning { "warning_needs_response" } else { "needs_response" }.to_owned(),
            created: now_s,
            due_by: now_s + ANSWER_S,
            withdrawn: 0,
            fee: 0,
            reinstated: 0,
            evidence: BTreeMap::new(),
            submitted: 0,
        });
        let at = self.disputes.len() - 1;
        let mut events = vec![self.dispute_event(at, "created")];
        if !warning {
            events.push(self.withdraw(at));
        }
        Some((id, events))
    }

    fn withdraw(&mut self, at: usize) -> Event {
        let dispute = &mut self.disputes[at];
        (dispute.withdrawn, dispute.fee) = (dispute.amount, FEE);
        self.dispute_event(at, "funds_withdrawn")
    }

    /// What comes of a dispute next; nothing when it cannot.
    pub(super) fn dispute_goes(&mut self, id: &str, step: &str) -> Vec<Event> {
        let Some(at) = self.disputes.iter().position(|d| d.id == id && !d.is_over()) else { return vec![] };
        let warning = self.disputes[at].status.starts_with("warning");
        match step {
            "escalate" if warning => {
                self.disputes[at].status = "needs_response".to_owned();
                vec![self.dispute_event(at, "updated"), self.withdraw(at)]
            }
            "won" if !warning => {
                self.disputes[at].status = "won".to_owned();
                self.disputes[at].reinstated = self.disputes[at].withdrawn;
                vec![self.dispute_event(at, "funds_reinstated"), self.dispute_event(at, "closed")]
            }
            "lost" if !warning => {
                self.disputes[at].status = "lost".to_owned();
                vec![self.dispute_event(at, "closed")]
            }
            "warning_closed" if warning => {
                self.disputes[at].status = "warning_closed".to_owned();
                vec![self.dispute_event(at, "closed")]
            }
            _ => Vec::new(),
        }
    }

    /// Evidence for a dispute.
    fn defend(&mut self, id: &str, fields: &Fields) -> Done {
        let Some(at) = self.disputes.iter().position(|dispute| dispute.id == id) else {
            return (StatusCode::NOT_FOUND, error("invalid_request_error", "resource_missing"), vec![]);
        };
        if self.disputes[at].is_over() || self.now_s > self.disputes[at].due_by {
            return (StatusCode::BAD_REQUEST, error("invalid_request_error", "dispute_closed"), vec![]);
        }
        let dispute = &mut self.disputes[at];
        for (name, value) in fields {
            if let Some(name) = name.strip_prefix("evidence[").and_then(|name| name.strip_suffix(']')) {
                dispute.evidence.insert(name.to_owned(), value.clone());
            }
        }
        if fields.get("submit").is_none_or(|submit| submit == "true") {
            dispute.submitted += 1;
            let warning = dispute.status.starts_with("warning");
            dispute.status = if warning { "warning_under_review" } else { "under_review" }.to_owned();
        }
        let told = self.dispute_event(at, "updated");
        (StatusCode::OK, self.disputes[at].shown(), vec![told])
    }
}

pub(super) async fn list(State(inner): State<Arc<Inner>>, Query(fields): Query<Fields>) -> Response {
    let payment = fields.get("payment_intent");
    let desk = inner.desk();
    let wanted = desk.book.get().disputes.iter().rev();
    let wanted = wanted.filter(|dispute| payment.is_none_or(|payment| dispute.payment == *payment));
    Json(page_of(wanted.map(Dispute::shown).collect(), &fields)).into_response()
}

pub(super) async fn look_up(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    match inner.desk().book.get().disputes.iter().find(|dispute| dispute.id == id) {
        Some(dispute) => Json(dispute.shown()).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "invalid_request_error", "resource_missing"),
    }
}

pub(super) async fn answer(
    State(inner): State<Arc<Inner>>, headers: HeaderMap, Path(id): Path<String>, Form(fields): Form<Fields>,
) -> Response {
    once(&inner, &headers, &format!("disputes/{id}"), &fields, |book| book.defend(&id, &fields))
}

/// The merchant gives in: lost at once.
pub(super) async fn give_in(
    State(inner): State<Arc<Inner>>, headers: HeaderMap, Path(id): Path<String>,
) -> Response {
    once(&inner, &headers, &format!("disputes/{id}/close"), &Fields::new(), |book| {
        let events = book.dispute_goes(&id, "lost");
        match book.disputes.iter().find(|dispute| dispute.id == id) {
            Some(dispute) if !events.is_empty() => (StatusCode::OK, dispute.shown(), events),
            _ => (StatusCode::BAD_REQUEST, error("invalid_request_error", "dispute_closed"), vec![]),
        }
    })
}

/// Every dispute, oldest first.
pub(super) async fn all(State(inner): State<Arc<Inner>>) -> Response {
    Json(&inner.desk().book.get().disputes).into_response()
}

/// What a bank does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    payment: String,
    amount: Option<i64>,
    #[serde(default = "Opening::fraud")]
    reason: String,
    #[serde(default)]
    warning: bool,
}

impl Opening {
    fn fraud() -> String {
        "fraudulent".to_owned()
    }
}

pub(super) async fn open(State(inner): State<Arc<Inner>>, Json(opening): Json<Opening>) -> Response {
    let Opening { payment, amount, reason, warning } = opening;
    let Some((id, events)) = inner.change(|book| book.dispute(&payment, amount, &reason, warning)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    hook::send(&inner, events);
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

pub(super) async fn step(
    State(inner): State<Arc<Inner>>, Path((id, step)): Path<(String, String)>,
) -> StatusCode {
    let events = inner.change(|book| book.dispute_goes(&id, &step));
    let status = if events.is_empty() { StatusCode::CONFLICT } else { StatusCode::NO_CONTENT };
    hook::send(&inner, events);
    status
}
