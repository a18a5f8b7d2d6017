//! The provider's HTTP: requests in, results out.

use super::book::{Refusal, State, Transaction};
use super::{Answer, Inner, Manners};
use crate::sim::Line;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Every path of the double.
pub(super) fn router(inner: Arc<Inner>) -> Router {
    let api = Router::new()
        .route("/transactions", post(take))
        .route("/transactions/{id}", get(look_up))
        .route("/health", get(async || Json(json!({ "serviceStatus": "available" }))))
        .layer(middleware::from_fn_with_state(inner.clone(), over_the_line));
    let control = Router::new()
        .route("/transfers", get(transfers))
        .route("/manners", put(set_manners))
        .route("/manners/next", post(queue_manners))
        .route("/line", put(set_line));
    api.merge(control).with_state(inner)
}

/// The state of the line, and the key, stand before everything else.
async fn over_the_line(Shared(inner): Shared<Arc<Inner>>, request: Request, next: Next) -> Response {
    let line = inner.desk().line;
    match line {
        Line::Open => {}
        Line::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Line::Silent => return silence(&inner).await,
        Line::Unavailable | Line::Closed => return unavailable(),
    }
    let given = request.headers().get("x-api-key").map(|v| v.as_bytes());
    if inner.api_key.as_ref().is_some_and(|key| given != Some(key.as_bytes())) {
        return refusal(StatusCode::UNAUTHORIZED, "authorisation", "clientAuthorisationError");
    }
    next.run(request).await
}

/// Holds the connection until the double ends.
async fn silence(inner: &Inner) -> Response {
    inner.stop.cancelled().await;
    unavailable()
}

fn unavailable() -> Response {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "serviceUnavailable", "genericError")
}

fn refusal(status: StatusCode, category: &str, code: &str) -> Response {
    (status, Json(error(category, code))).into_response()
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
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let id = header("x-correlationid");
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
        callback_url: header("x-callback-url"),
        manners,
    })
}

async fn take(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    let manners = {
        let mut desk = inner.desk();
        desk.next.pop_front().unwrap_or_else(|| desk.manners.clone())
    };
    let wish = match read(&headers, &body, manners.clone()) {
        Ok(wish) => wish,
        Err(code) => return refusal(StatusCode::BAD_REQUEST, "validation", code),
    };
    // The client may hang up; what it asked for goes on all the same.
    let handled = tokio::spawn(async move { handle(inner, wish, manners).await }).await;
    handled.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn handle(inner: Arc<Inner>, wish: Transaction, manners: Manners) -> Response {
    let lag = Duration::from_millis(manners.answer_after_ms);
    if manners.late_taking {
        tokio::time::sleep(lag).await;
    }
    let id = wish.id.clone();
    let taken = match &manners.answer {
        Answer::Refuse { code } => return refusal(StatusCode::BAD_REQUEST, "businessRule", code),
        Answer::Unavailable => return unavailable(),
        Answer::Silence { taken: false } => return silence(&inner).await,
        Answer::Broken { taken: false } => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Answer::Accept | Answer::Silence { taken: true } | Answer::Broken { taken: true } => {
            inner.desk().book.change(|book| book.take(wish))
        }
    };
    if taken.is_ok() && manners.callback_first {
        decide(&inner, &id).await;
    } else if taken.is_ok() {
        decide_in_background(&inner, id.clone());
    }
    if !manners.late_taking {
        tokio::time::sleep(lag).await;
    }
    match (manners.answer, taken) {
        (Answer::Silence { .. }, _) => silence(&inner).await,
        (Answer::Broken { .. }, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        (_, Err(Refusal::Duplicate)) => refusal(StatusCode::CONFLICT, "businessRule", "duplicateRequest"),
        (_, Err(Refusal::Float)) => refusal(StatusCode::BAD_REQUEST, "businessRule", "insufficientFunds"),
        (_, Ok(())) => {
            let state =
                json!({ "serverCorrelationId": id, "status": "pending", "notificationMethod": "callback" });
            (StatusCode::ACCEPTED, Json(state)).into_response()
        }
    }
}

/// Decides a transaction after its time, apart from whoever asked for it.
pub(super) fn decide_in_background(inner: &Arc<Inner>, id: String) {
    let inner = inner.clone();
    tokio::spawn(async move {
        let stop = inner.stop.clone();
        stop.run_until_cancelled(decide(&inner, &id)).await;
    });
}

async fn decide(inner: &Inner, id: &str) {
    let Some(manners) = inner.desk().book.get().find(id).map(|t| t.manners.clone()) else { return };
    tokio::time::sleep(Duration::from_millis(manners.decide_after_ms)).await;
    inner.desk().book.change(|book| book.decide(id));
    for round in 0..manners.callbacks {
        if round > 0 {
            tokio::time::sleep(Duration::from_millis(manners.callback_every_ms)).await;
        }
        send_result(inner, id).await;
    }
}

/// Posts the transaction to its callback URL; whoever does not listen is not told again.
pub(super) async fn send_result(inner: &Inner, id: &str) {
    let Some(transaction) = inner.desk().book.get().find(id).cloned() else { return };
    if transaction.callback_url.is_empty() {
        return;
    }
    let post = inner.client.post(&transaction.callback_url).header("X-CorrelationID", id);
    match post.json(&shown(&transaction)).send().await {
        Ok(answer) => tracing::debug!(id, status = answer.status().as_u16(), "result delivered"),
        Err(error) => tracing::debug!(id, %error, "result not delivered"),
    }
}

/// The transaction object of the API.
fn shown(transaction: &Transaction) -> Value {
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

async fn look_up(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    match inner.desk().book.get().find(&id) {
        Some(transaction) => Json(shown(transaction)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "identification", "identifierError"),
    }
}

async fn transfers(Shared(inner): Shared<Arc<Inner>>) -> Response {
    Json(inner.desk().book.get().transfers()).into_response()
}

async fn set_manners(Shared(inner): Shared<Arc<Inner>>, Json(manners): Json<Manners>) -> StatusCode {
    inner.desk().manners = manners;
    StatusCode::NO_CONTENT
}

async fn queue_manners(Shared(inner): Shared<Arc<Inner>>, Json(manners): Json<Manners>) -> StatusCode {
    inner.desk().next.push_back(manners);
    StatusCode::NO_CONTENT
}

/// Over HTTP a closed line answers 503, since nobody could open it again otherwise.
async fn set_line(Shared(inner): Shared<Arc<Inner>>, Json(line): Json<Line>) -> StatusCode {
    inner.desk().line = line;
    StatusCode::NO_CONTENT
}
