//! MTN MoMo's disbursement: 202 for whatever is well written, 409 for a reference that was used, and
//! the result for who asks.

use super::Inner;
use super::book::{State, Transaction};
use super::http::{header_of, name_of, taken};
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/disbursement/token/", post(log_in))
        .route("/disbursement/v1_0/transfer", post(take))
        .route("/disbursement/v1_0/transfer/{id}", get(look_up))
        .route("/disbursement/v1_0/accountholder/msisdn/{number}/basicuserinfo", get(basic_info))
}

pub(super) fn refusal(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({ "code": code, "message": format!("refused: {code}") }))).into_response()
}

fn has_product_key(headers: &HeaderMap) -> bool {
    !header_of(headers, "ocp-apim-subscription-key").is_empty()
}

async fn log_in(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap) -> Response {
    if !inner.knows_basic(&headers) || !has_product_key(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "login_failed");
    }
    let token = inner.log_in();
    Json(json!({ "access_token": token, "token_type": "access_token", "expires_in": 3600 })).into_response()
}

/// Why somebody is not let in.
fn stranger(inner: &Inner, headers: &HeaderMap) -> Option<Response> {
    if !inner.knows_bearer(headers) || !has_product_key(headers) {
        return Some(refusal(StatusCode::UNAUTHORIZED, "ACCESS_DENIED"));
    }
    let target = header_of(headers, "x-target-environment");
    (target != "sandbox")
        .then(|| refusal(StatusCode::INTERNAL_SERVER_ERROR, "NOT_ALLOWED_TARGET_ENVIRONMENT"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    amount: String,
    currency: String,
    external_id: String,
    payee: Party,
    payer_message: String,
    payee_note: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    party_id_type: String,
    party_id: String,
}

async fn take(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    let manners = inner.next_manners();
    let id = header_of(&headers, "x-reference-id");
    let is_random = Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() == 4);
    let wish = serde_json::from_slice::<Wish>(&body).ok();
    let well_written = wish.filter(|wish| {
        is_random
            && wish.payee.party_id_type == "MSISDN"
            && wish.payee.party_id.bytes().all(|b| b.is_ascii_digit())
            && wish.payer_message.len() <= 160
            && wish.payee_note.len() <= 160
    });
    let Some((wish, shillings)) = well_written.and_then(|wish| {
        let shillings = wish.amount.parse().ok()?;
        Some((wish, shillings))
    }) else {
        return refusal(StatusCode::BAD_REQUEST, "BAD_REQUEST");
    };
    // As in MTN's own sandbox.
    if wish.currency != "EUR" {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "INVALID_CURRENCY");
    }
    let transaction = Transaction {
        id,
        msisdn: wish.payee.party_id,
        shillings,
        state: State::Pending,
        callback_url: header_of(&headers, "x-callback-url"),
        late_url: String::new(),
        external: wish.external_id,
        manners,
    };
    taken(inner, transaction).await
}

async fn look_up(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    match inner.desk().book.get().find(&id) {
        Some(transaction) => Json(shown(transaction)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"),
    }
}

/// The name behind a number, of those it was told.
async fn basic_info(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, number: Path<String>) -> Response {
    if inner.desk().tells_no_names {
        return refusal(StatusCode::UNAUTHORIZED, "ACCESS_DENIED");
    }
    if let Some(refused) = stranger(&inner, &headers) {
        return refused;
    }
    match name_of(&inner, &number) {
        Some(name) => Json(json!({ "name": name })).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"),
    }
}

/// The transfer, as it is answered and posted.
pub(super) fn shown(transaction: &Transaction) -> Value {
    let mut object = json!({
        "amount": transaction.shillings.to_string(),
        "currency": "EUR",
        "externalId": transaction.external,
        "payee": { "partyIdType": "MSISDN", "partyId": transaction.msisdn },
    });
    match &transaction.state {
        State::Pending => object["status"] = json!("PENDING"),
        State::Completed { reference } | State::Reversed { reference } => {
            object["status"] = json!("SUCCESSFUL");
            object["financialTransactionId"] = json!(reference);
        }
        State::Failed { code } => {
            object["status"] = json!("FAILED");
            object["reason"] = json!(code);
        }
    }
    object
}
