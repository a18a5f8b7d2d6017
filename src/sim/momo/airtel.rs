//! Airtel Money's disbursement: a success says that a request was taken, and the result is for who
//! asks.

use super::Inner;
use super::book::{State, Transaction};
use super::http::{header_of, taken};
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
        .route("/auth/oauth2/token", post(log_in))
        .route("/standard/v1/disbursements/", post(take))
        .route("/standard/v1/disbursements/{id}", get(look_up))
}

pub(super) fn refusal(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({ "status": status_of(status, code, false) }))).into_response()
}

fn status_of(status: StatusCode, code: &str, success: bool) -> Value {
    json!({ "code": status.as_str(), "response_code": code, "message": "..", "success": success })
}

pub(super) fn accepted(id: &str) -> Response {
    let transaction = json!({ "id": id, "reference_id": "18", "airtel_money_id": "" });
    let status = status_of(StatusCode::OK, "DP00900001001", true);
    Json(json!({ "data": { "transaction": transaction }, "status": status })).into_response()
}

#[derive(Deserialize)]
struct Login {
    client_id: String,
    client_secret: String,
    grant_type: String,
}

async fn log_in(Shared(inner): Shared<Arc<Inner>>, Json(login): Json<Login>) -> Response {
    let granted = login.grant_type == "client_credentials" && !login.client_id.is_empty();
    if !granted || !inner.knows(&login.client_secret) {
        return refusal(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let token = inner.log_in();
    Json(json!({ "access_token": token, "token_type": "bearer", "expires_in": "180" })).into_response()
}

/// Why somebody is not let in.
fn stranger(inner: &Inner, headers: &HeaderMap) -> Option<Response> {
    if !inner.knows_bearer(headers) {
        return Some(refusal(StatusCode::UNAUTHORIZED, "invalid_token"));
    }
    let fits = header_of(headers, "x-country") == "KE" && header_of(headers, "x-currency") == "KES";
    (!fits).then(|| refusal(StatusCode::BAD_REQUEST, "ESB000008"))
}

#[derive(Deserialize)]
struct Wish {
    payee: Payee,
    reference: String,
    pin: String,
    transaction: Wanted,
}

#[derive(Deserialize)]
struct Payee {
    msisdn: String,
}

#[derive(Deserialize)]
struct Wanted {
    amount: u64,
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

async fn take(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    let manners = inner.next_manners();
    let well_written = |wish: &Wish| {
        let number = &wish.payee.msisdn;
        number.len() == 9
            && number.bytes().all(|b| b.is_ascii_digit())
            && wish.transaction.kind == "B2C"
            && (4..=64).contains(&wish.transaction.id.len())
            && wish.reference.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let Some(wish) = serde_json::from_slice::<Wish>(&body).ok().filter(well_written) else {
        return refusal(StatusCode::BAD_REQUEST, "ESB000008");
    };
    if inner.credential.as_deref().is_some_and(|pin| pin != wish.pin) {
        return refusal(StatusCode::BAD_REQUEST, "ESB000041");
    }
    let callback_url = inner.desk().registered.clone();
    let transaction = Transaction {
        id: wish.transaction.id,
        msisdn: format!("254{}", wish.payee.msisdn),
        shillings: wish.transaction.amount,
        state: State::Pending,
        callback_url,
        late_url: String::new(),
        external: String::new(),
        manners,
    };
    taken(inner, transaction).await
}

/// State letters, code and receipt of a transaction.
fn state(transaction: &Transaction) -> (&'static str, &str, Option<&str>) {
    match &transaction.state {
        State::Pending => ("TIP", "DP00900001006", None),
        State::Completed { reference } | State::Reversed { reference } => {
            ("TS", "DP00900001001", Some(reference))
        }
        // Said of what may yet be either.
        State::Failed { code } if code == "TA" => ("TA", "ESB000001", None),
        State::Failed { code } => ("TF", code, None),
    }
}

async fn look_up(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    let desk = inner.desk();
    let Some(transaction) = desk.book.get().find(&id) else {
        return refusal(StatusCode::NOT_FOUND, "DP00900001005");
    };
    let (letters, code, receipt) = state(transaction);
    let shown = json!({
        "id": transaction.id, "airtel_money_id": receipt, "amount": transaction.shillings, "status": letters,
        "currency": "KES", "msisdn": transaction.msisdn.trim_start_matches("254"),
    });
    let status = status_of(StatusCode::OK, code, letters == "TS");
    Json(json!({ "data": { "transaction": shown }, "status": status })).into_response()
}

/// What is posted when a transaction is decided.
pub(super) fn told(transaction: &Transaction) -> Value {
    let (letters, code, receipt) = state(transaction);
    json!({ "transaction": {
        "id": transaction.id, "status_code": letters, "airtel_money_id": receipt, "message": code,
    }})
}
