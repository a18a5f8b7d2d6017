//! The processor's HTTP: the merchant's API and the shopper's page.

use super::book::{FirstAnswer, Session, SessionState, shown};
use super::disputes;
use super::hook::{self, Event};
use super::{Delivery, Inner, Line, Treatment};
use axum::extract::{Form, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) type Fields = BTreeMap<String, String>;

/// Every path of the double.
pub(super) fn router(inner: Arc<Inner>) -> Router {
    let api = Router::new()
        .route("/v1/checkout/sessions", post(open))
        .route("/v1/checkout/sessions/{id}", get(look_up))
        .route("/v1/checkout/sessions/{id}/expire", post(expire))
        .route("/v1/refunds", get(refunds).post(refund))
        .route("/v1/disputes", get(disputes::list))
        .route("/v1/disputes/{id}", get(disputes::look_up).post(disputes::answer))
        .route("/v1/disputes/{id}/close", post(disputes::give_in))
        .layer(middleware::from_fn_with_state(inner.clone(), over_the_line));
    let people = Router::new()
        .route("/pay/{id}", get(page).post(pay))
        .route("/pay/{id}/cancel", post(cancel))
        .route("/captures", get(captures))
        .route("/refunds", get(all_refunds))
        .route("/refunds/{id}/fail", post(fail_refund))
        .route("/disputes", get(disputes::all).post(disputes::open))
        .route("/disputes/{id}/{step}", post(disputes::step))
        .route("/webhook", put(set_webhook))
        .route("/held", get(held))
        .route("/held/release", post(release))
        .route("/treat", post(treat))
        .route("/delivery", put(set_delivery))
        .route("/line", put(set_line));
    api.merge(people).with_state(inner)
}

async fn over_the_line(State(inner): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let line = inner.desk().line;
    match line {
        Line::Open => {}
        Line::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Line::Silent => inner.stop.cancelled().await,
        Line::Unavailable | Line::Closed => {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "api_error", "unavailable");
        }
    }
    let given = request.headers().get(header::AUTHORIZATION).map(|v| v.as_bytes());
    let wanted = inner.api_key.as_ref().map(|key| format!("Bearer {key}"));
    if wanted.is_some_and(|wanted| given != Some(wanted.as_bytes())) {
        return refusal(StatusCode::UNAUTHORIZED, "invalid_request_error", "api_key_invalid");
    }
    let version = request.headers().get("stripe-version").map(|version| version.as_bytes());
    if version.is_some_and(|version| version != super::API_VERSION.as_bytes()) {
        return refusal(StatusCode::BAD_REQUEST, "invalid_request_error", "unknown_api_version");
    }
    let treatment = inner.desk().next.pop_front().unwrap_or_default();
    if treatment == Treatment::TooMany {
        return refusal(StatusCode::TOO_MANY_REQUESTS, "invalid_request_error", "rate_limit");
    }
    let answer = next.run(request).await;
    match treatment {
        Treatment::BrokenAnswer => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Treatment::NoAnswer => {
            inner.stop.cancelled().await;
            answer
        }
        Treatment::Fine | Treatment::TooMany => answer,
    }
}

pub(super) fn error(kind: &str, code: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": format!("refused: {code}") } })
}

pub(super) fn refusal(status: StatusCode, kind: &str, code: &str) -> Response {
    (status, Json(error(kind, code))).into_response()
}

/// What a handler does once the key is found to be new: status, answer, and what to tell.
pub(super) type Done = (StatusCode, Value, Vec<Event>);

/// Does `work` once per key; a repeat gets the first answer.
pub(super) fn once(
    inner: &Arc<Inner>, headers: &HeaderMap, path: &str, fields: &Fields,
    work: impl FnOnce(&mut super::book::Book) -> Done,
) -> Response {
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let request = format!("{path} {fields:?}");
    let mut desk = inner.desk();
    if let Some(first) = key.as_deref().and_then(|key| desk.book.get().first_answer(key)) {
        if first.request != request {
            return refusal(StatusCode::BAD_REQUEST, "idempotency_error", "idempotency_key_in_use");
        }
        let status = StatusCode::from_u16(first.status).unwrap_or(StatusCode::OK);
        return (status, Json(first.body.clone())).into_response();
    }
    let now_s = inner.now_s();
    let (status, body, events) = desk.book.change(|book| {
        book.now_s = now_s;
        let (status, body, events) = work(book);
        // What was never begun, as its form was wrong, is forgotten with its key.
        if let Some(key) = key.filter(|_| status != StatusCode::BAD_REQUEST) {
            book.remember(key, FirstAnswer { request, status: status.as_u16(), body: body.clone() });
        }
        (status, body, events)
    });
    drop(desk);
    hook::send(inner, events);
    (status, Json(body)).into_response()
}

async fn open(State(inner): State<Arc<Inner>>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let base = inner.desk().url.clone();
    let opened = inner.clock.now();
    once(&inner, &headers, "sessions", &fields, |book| match read(&fields, opened) {
        Ok(session) => (StatusCode::OK, shown(&book.open(session), Some(&base)), Vec::new()),
        Err(field) => {
            (StatusCode::BAD_REQUEST, error("invalid_request_error", &format!("parameter {field}")), vec![])
        }
    })
}

/// The form as a session, or the first field that is missing or wrong.
fn read(fields: &Fields, opened: crate::types::Timestamp) -> Result<Session, &'static str> {
    let field = |name: &'static str| fields.get(name).filter(|v| !v.is_empty()).ok_or(name);
    let number = |name: &'static str| field(name)?.parse::<i64>().map_err(|_| name);
    if field("mode")? != "payment" {
        return Err("mode");
    }
    let each = number("line_items[0][price_data][unit_amount]")?;
    let amount = each.checked_mul(number("line_items[0][quantity]")?).filter(|amount| *amount >= 50);
    let now_s = opened.millis().div_euclid(1000);
    let expires_at = fields.get("expires_at").map(|text| text.parse::<i64>()).transpose();
    let expires_at = expires_at.map_err(|_| "expires_at")?;
    if expires_at.is_some_and(|at| !(now_s + 30 * 60..=now_s + 24 * 3_600).contains(&at)) {
        return Err("expires_at");
    }
    let metadata = fields.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("payment_intent_data[metadata][")?.strip_suffix(']')?;
        Some((name.to_owned(), value.clone()))
    });
    Ok(Session {
        id: String::new(),
        token: field("client_reference_id")?.clone(),
        amount: amount.ok_or("line_items[0][price_data][unit_amount]")?,
        currency: field("line_items[0][price_data][currency]")?.clone(),
        what: field("line_items[0][price_data][product_data][name]")?.clone(),
        success_url: field("success_url")?.clone(),
        cancel_url: field("cancel_url")?.clone(),
        state: SessionState::Open,
        opened,
        expires_at,
        metadata: metadata.collect(),
    })
}

async fn look_up(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let desk = inner.desk();
    match desk.book.get().session(&id) {
        Some(session) => Json(shown(session, Some(&desk.url))).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "invalid_request_error", "resource_missing"),
    }
}

async fn expire(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let events = inner.change(|book| book.expire(&id));
    if events.is_empty() {
        return refusal(StatusCode::BAD_REQUEST, "invalid_request_error", "session_not_open");
    }
    hook::send(&inner, events);
    look_up(State(inner), Path(id)).await
}

async fn refund(State(inner): State<Arc<Inner>>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let payment = fields.get("payment_intent").cloned().unwrap_or_default();
    let amount = match fields.get("amount").map(|text| text.parse::<i64>()) {
        None => None,
        Some(Ok(amount)) => Some(amount),
        Some(Err(_)) => {
            return refusal(StatusCode::BAD_REQUEST, "invalid_request_error", "parameter_invalid_integer");
        }
    };
    once(&inner, &headers, "refunds", &fields, |book| {
        match book.refund(&payment, amount, fields.get("metadata[key]")) {
            Ok((refund, events)) => (StatusCode::OK, refund, events),
            Err(code @ "resource_missing") => {
                (StatusCode::NOT_FOUND, error("invalid_request_error", code), vec![])
            }
            Err(code) => (StatusCode::BAD_REQUEST, error("invalid_request_error", code), vec![]),
        }
    })
}

/// The refunds of a payment, the newest first.
async fn refunds(State(inner): State<Arc<Inner>>, Query(fields): Query<Fields>) -> Response {
    let payment = fields.get("payment_intent").map(String::as_str).unwrap_or_default();
    Json(page_of(inner.desk().book.get().refunds(payment), &fields)).into_response()
}

/// A page of a list: `limit` of them (10), after the one that `starting_after` names.
pub(super) fn page_of(mut rows: Vec<Value>, fields: &Fields) -> Value {
    if let Some(last) = fields.get("starting_after") {
        let from = rows.iter().position(|row| row["id"] == **last).map_or(rows.len(), |at| at + 1);
        rows.drain(..from);
    }
    let limit = fields.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10).clamp(1, 100);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    json!({ "object": "list", "has_more": has_more, "data": rows })
}

async fn all_refunds(State(inner): State<Arc<Inner>>) -> Response {
    Json(inner.desk().book.get().all_refunds()).into_response()
}

async fn fail_refund(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> StatusCode {
    let events = inner.change(|book| book.fail_refund(&id));
    let status = if events.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::NO_CONTENT };
    hook::send(&inner, events);
    status
}

#[derive(serde::Deserialize)]
struct Hook {
    url: String,
}

async fn set_webhook(State(inner): State<Arc<Inner>>, Json(hook): Json<Hook>) -> StatusCode {
    inner.desk().webhook = Some(hook.url);
    StatusCode::NO_CONTENT
}

/// The events that are kept back, in their order.
async fn held(State(inner): State<Arc<Inner>>) -> Response {
    let held: Vec<Value> =
        inner.desk().held.iter().filter_map(|event| serde_json::from_str(&event.body).ok()).collect();
    Json(held).into_response()
}

/// Sends what was kept back, in this order of its places; what is not named stays.
async fn release(State(inner): State<Arc<Inner>>, Json(order): Json<Vec<usize>>) -> StatusCode {
    hook::release(&inner, &order).await;
    StatusCode::NO_CONTENT
}

async fn treat(State(inner): State<Arc<Inner>>, Json(treatments): Json<Vec<Treatment>>) -> StatusCode {
    inner.desk().next.extend(treatments);
    StatusCode::NO_CONTENT
}

async fn captures(State(inner): State<Arc<Inner>>) -> Response {
    Json(inner.desk().book.get().captures()).into_response()
}

async fn set_delivery(State(inner): State<Arc<Inner>>, Json(delivery): Json<Delivery>) -> StatusCode {
    inner.desk().delivery = delivery;
    StatusCode::NO_CONTENT
}

/// Over HTTP a closed line answers 503, since nobody could open it again otherwise.
async fn set_line(State(inner): State<Arc<Inner>>, Json(line): Json<Line>) -> StatusCode {
    inner.desk().line = line;
    StatusCode::NO_CONTENT
}

/// The shopper's way on from a session that is not open any more.
fn onward(session: &Session) -> Option<Redirect> {
    match session.state {
        SessionState::Open => None,
        SessionState::Complete(_) => {
            Some(Redirect::to(&session.success_url.replace("{CHECKOUT_SESSION_ID}", &session.id)))
        }
        SessionState::Expired => Some(Redirect::to(&session.cancel_url)),
    }
}

async fn page(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    match inner.desk().book.get().session(&id) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(session) => match onward(session) {
            Some(redirect) => redirect.into_response(),
            None => Html(drawn(session, false)).into_response(),
        },
    }
}

async fn pay(
    State(inner): State<Arc<Inner>>, Path(id): Path<String>, Form(fields): Form<Fields>,
) -> Response {
    let Some(session) = inner.desk().book.get().session(&id).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let card: String =
        fields.get("card").map(|c| c.chars().filter(char::is_ascii_digit).collect()).unwrap_or_default();
    if session.state == SessionState::Open && (card.len() < 12 || card.ends_with("0002")) {
        return (StatusCode::PAYMENT_REQUIRED, Html(drawn(&session, true))).into_response();
    }
    let events = inner.change(|book| book.pay(&id));
    hook::send(&inner, events);
    page(State(inner), Path(id)).await
}

async fn cancel(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let events = inner.change(|book| book.expire(&id));
    hook::send(&inner, events);
    page(State(inner), Path(id)).await
}

const STYLE: &str = include_str!("page.css");

/// The payment page: works without script, on a small phone.
fn drawn(session: &Session, declined: bool) -> String {
    let (units, cents) = (session.amount / 100, session.amount % 100);
    let (what, currency) = (escaped(&session.what), escaped(&session.currency.to_uppercase()));
    let id = &session.id;
    let notice = match declined {
        true => r#"<p role="alert" data-testid="declined">This card was declined. Try another one.</p>"#,
        false => "",
    };
    format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pay {currency} {units}.{cents:02}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
<main>
<h1>{currency} <span data-testid="amount">{units}.{cents:02}</span></h1>
<p data-testid="what">{what}</p>
{notice}
<form method="post" action="/pay/{id}">
<label>Card number <input name="card" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242"></label>
<button data-testid="pay">Pay</button>
</form>
<form method="post" action="/pay/{id}/cancel"><button class="plain" data-testid="cancel">Cancel, and go back to the shop</button></form>
<p class="soft">A simulated card processor: no card is charged. Numbers that end in 0002 are declined.</p>
</main>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
