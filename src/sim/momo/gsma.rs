//! The GSMA Mobile Money API's words.

use super::book::{State, Transaction};
use super::http::{header_of, name_of, taken};
use super::{Inner, Manners};
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/transactions", post(take))
        .route("/transactions/{id}", get(look_up))
        .route("/accounts/msisdn/{number}/accountname", get(account_name))
        .route("/health", get(async || Json(json!({ "serviceStatus": "available" }))))
}

fn stranger(inner: &Inner, headers: &HeaderMap) -> Option<Response> {
    let known = inner.knows(&header_of(headers, "x-api-key"));
    (!known).then(|| refusal(StatusCode::UNAUTHORIZED, "authorisation", "clientAuthorisationError"))
}

pub(super) fn unavailable() -> Response {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "serviceUnavailable", "genericError")
}

pub(super) fn refusal(status: StatusCode, category: &str, code: &str) -> Response {
    (status, Json(error(category, code))).into_response()
}

pub(super) fn accepted(id: &str) -> Response {
    let state = json!({ "serverCorrelationId": id, "status": "pending", "notificationMethod": "callback" });
    (StatusCode::ACCEPTED, Json(state)).into_response()
}

fn error(category: &str, code: &str) -> Value {
    json!({ "errorCategory": category, "errorCode": code, "errorDescription": format!("refused: {code}") })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    amount: String,
    currency: String,
    #[serde(rename = "type")]
    kind: String,
    credit_party: Vec<Party>,
}

#[derive(Deserialize)]
struct Party {
    key: String,
    value: String,
}

/// The request as a transaction, or the name of what is wrong with it.
fn read(headers: &HeaderMap, body: &[u8], manners: Manners) -> Result<Transaction, &'static str> {
    let id = header_of(headers, "x-correlationid");
    let wish: Wish = serde_json::from_slice(body).map_err(|_| "formatError")?;
    let msisdn = wish.credit_party.into_iter().find(|p| p.key == "msisdn").map(|p| p.value);
    let msisdn = msisdn.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let shillings = wish.amount.parse().map_err(|_| "formatError")?;
    if id.is_empty() || wish.currency != "KES" || wish.kind != "disbursement" {
        return Err("mandatoryValueNotSupplied");
    }
    Ok(Transaction {
        id,
        msisdn: msisdn.ok_or("identifierError")?,
        shillings,
        state: State::Pending,
        callback_url: header_of(headers, "x-callback-url"),
        late_url: String::new(),
        external: String::new(),
        manners,
    })
}

async fn take(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    match read(&headers, &body, inner.next_manners()) {
        Ok(wish) => taken(inner, wish).await,
        Err(code) => refusal(StatusCode::BAD_REQUEST, "validation", code),
    }
}

async fn look_up(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    match inner.desk().book.get().find(&id) {
        Some(transaction) => Json(shown(transaction)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "identification", "identifierError"),
    }
}

/// The name behind a number, of those it was told.
async fn account_name(
    Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, number: Path<String>,
) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    match name_of(&inner, &number) {
        Some(name) => Json(json!({ "name": { "fullName": name } })).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "identification", "identifierError"),
    }
}

/// The transaction object of the API.
pub(super) fn shown(transaction: &Transaction) -> Value {
    let mut object = json!({
        "requestingOrganisationTransactionReference": transaction.id,
        "type": "disbursement",
        "amount": transaction.shillings.to_string(),
        "currency": "KES",
        "creditParty": [{ "key": "msisdn", "value": transaction.msisdn }],
    });
    let status = match &transaction.state {
        State::Pending => "pending",
        State::Completed { reference } => {
            object["transactionReference"] = json!(reference);
            "completed"
        }
        State::Failed { code } => {
            object["error"] = error("businessRule", code);
            "failed"
        }
        State::Reversed { reference } => {
            object["transactionReference"] = json!(reference);
            "reversed"
        }
    };
    object["transactionStatus"] = json!(status);
    object
}
