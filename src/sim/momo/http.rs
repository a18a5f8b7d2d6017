//! The double's HTTP, but for what differs between protocols: what is asked of it, and how it is
//! controlled.

use super::book::{Refusal, State, Transaction};
use super::{Answer, Inner, Line, Manners, Speaks, Twist};
use super::{airtel, daraja, gsma, mtn};
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Every path of the double.
pub(super) fn router(inner: Arc<Inner>) -> Router {
    let api = match inner.speaks {
        Speaks::Gsma => gsma::router(),
        Speaks::Daraja => daraja::router(),
        Speaks::Mtn => mtn::router(),
        Speaks::Airtel => airtel::router(),
    };
    let api = api.layer(middleware::from_fn_with_state(inner.clone(), over_the_line));
    let control = Router::new()
        .route("/transfers", get(transfers))
        .route("/statement", get(statement))
        .route("/manners", put(set_manners))
        .route("/manners/next", post(queue_manners))
        .route("/names", put(set_names))
        .route("/registered", put(register))
        .route("/tokens", delete(forget_tokens))
        .route("/line", put(set_line));
    api.merge(control).with_state(inner)
}

/// The state of the line stands before everything else.
async fn over_the_line(Shared(inner): Shared<Arc<Inner>>, request: Request, next: Next) -> Response {
    let line = inner.desk().line;
    match line {
        Line::Open => {}
        Line::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Line::Silent => return silence(&inner).await,
        Line::Unavailable | Line::Closed => return inner.unavailable(),
    }
    next.run(request).await
}

/// Holds the connection until the double ends.
pub(super) async fn silence(inner: &Inner) -> Response {
    inner.stop.cancelled().await;
    inner.unavailable()
}

/// A header as text; empty where there is none.
pub(super) fn header_of(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

impl Inner {
    /// Whether a secret is the one that lets in.
    pub(super) fn knows(&self, secret: &str) -> bool {
        self.api_key.as_deref().is_none_or(|key| key == secret)
    }

    /// Whether `Authorization: Basic` holds the secret as its password.
    pub(super) fn knows_basic(&self, headers: &HeaderMap) -> bool {
        let given = header_of(headers, header::AUTHORIZATION.as_str());
        let Some(user_and_secret) = given.strip_prefix("Basic ").and_then(from_base64) else { return false };
        user_and_secret.split_once(':').is_some_and(|(_, secret)| self.knows(secret))
    }

    /// A fresh bearer token.
    pub(super) fn log_in(&self) -> String {
        let mut desk = self.desk();
        desk.logins += 1;
        let token = format!("token-{}-of-{:p}", desk.logins, self);
        desk.tokens.insert(token.clone());
        token
    }

    /// Whether `Authorization: Bearer` holds a token that is taken.
    pub(super) fn knows_bearer(&self, headers: &HeaderMap) -> bool {
        let given = header_of(headers, header::AUTHORIZATION.as_str());
        given.strip_prefix("Bearer ").is_some_and(|token| self.desk().tokens.contains(token))
    }

    /// How the next request for a transfer is treated.
    pub(super) fn next_manners(&self) -> Manners {
        let mut desk = self.desk();
        desk.next.pop_front().unwrap_or_else(|| desk.manners.clone())
    }

    fn unavailable(&self) -> Response {
        match self.speaks {
            Speaks::Gsma => gsma::unavailable(),
            Speaks::Daraja => daraja::refusal("500.003.02"),
            Speaks::Mtn => mtn::refusal(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"),
            Speaks::Airtel => airtel::refusal(StatusCode::SERVICE_UNAVAILABLE, "ESB000004"),
        }
    }

    /// 400, or whatever this code comes with.
    fn refuses(&self, code: &str) -> Response {
        match self.speaks {
            Speaks::Gsma => gsma::refusal(StatusCode::BAD_REQUEST, "businessRule", code),
            Speaks::Daraja => daraja::refusal(code),
            Speaks::Mtn => mtn::refusal(StatusCode::BAD_REQUEST, code),
            Speaks::Airtel => airtel::refusal(StatusCode::BAD_REQUEST, code),
        }
    }

    fn duplicate(&self) -> Response {
        match self.speaks {
            Speaks::Gsma => gsma::refusal(StatusCode::CONFLICT, "businessRule", "duplicateRequest"),
            Speaks::Daraja => daraja::refusal("500.002.1001"),
            Speaks::Mtn => mtn::refusal(StatusCode::CONFLICT, "RESOURCE_ALREADY_EXIST"),
            Speaks::Airtel => airtel::refusal(StatusCode::BAD_REQUEST, "ESB000045"),
        }
    }

    fn accepted(&self, id: &str) -> Response {
        match self.speaks {
            Speaks::Gsma => gsma::accepted(id),
            Speaks::Daraja => daraja::accepted(id),
            Speaks::Mtn => StatusCode::ACCEPTED.into_response(),
            Speaks::Airtel => airtel::accepted(id),
        }
    }

    /// Takes a request, or refuses it as this provider does when the float or a limit is against it.
    fn take(&self, wish: Transaction) -> Result<(), Refusal> {
        let mut desk = self.desk();
        let speaks = self.speaks;
        desk.book.change(|book| {
            // These take whatever is well written, and say later that it failed.
            let in_vain = match speaks {
                Speaks::Daraja => daraja::in_vain(book, &wish),
                Speaks::Mtn => (wish.shillings > book.float_shillings()).then_some("NOT_ENOUGH_FUNDS"),
                Speaks::Gsma | Speaks::Airtel => None,
            };
            match in_vain {
                Some(code) => book.take_in_vain(wish, code),
                None => book.take(wish),
            }
        })
    }
}

/// Goes on with a request for a transfer though the client may hang up.
pub(super) async fn taken(inner: Arc<Inner>, wish: Transaction) -> Response {
    let handled = tokio::spawn(async move { handle(inner, wish).await }).await;
    handled.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn handle(inner: Arc<Inner>, wish: Transaction) -> Response {
    let manners = wish.manners.clone();
    let lag = Duration::from_millis(manners.answer_after_ms);
    if manners.late_taking {
        tokio::time::sleep(lag).await;
    }
    let id = wish.id.clone();
    let taken = match &manners.answer {
        Answer::Refuse { code } => return inner.refuses(code),
        Answer::Unavailable => return inner.unavailable(),
        Answer::Silence { taken: false } => return silence(&inner).await,
        Answer::Broken { taken: false } => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Answer::Accept | Answer::Silence { taken: true } | Answer::Broken { taken: true } => inner.take(wish),
    };
    if taken.is_ok() && manners.callback_first {
        decide(&inner, &id).await;
    } else if taken.is_ok() {
        decide_in_background(&inner, id.clone());
    }
    if !manners.late_taking {
        tokio::time::sleep(lag).await;
    }
    if manners.answer_held && !inner.hold().await {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match (manners.answer, taken) {
        (Answer::Silence { .. }, _) => silence(&inner).await,
        (Answer::Broken { .. }, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        (_, Err(Refusal::Duplicate)) => inner.duplicate(),
        (_, Err(Refusal::Float)) if inner.speaks == Speaks::Airtel => inner.refuses("ESB000014"),
        (_, Err(Refusal::Float)) => inner.refuses("insufficientFunds"),
        (_, Ok(())) => inner.accepted(&id),
    }
}

/// Decides a transaction after its time, apart from whoever asked for it.
pub(super) fn decide_in_background(inner: &Arc<Inner>, id: String) {
    let (inner, posts) = (inner.clone(), inner.posts());
    tokio::spawn(async move {
        let stop = inner.stop.clone();
        stop.run_until_cancelled(decide(&inner, &id)).await;
        drop(posts);
    });
}

async fn decide(inner: &Inner, id: &str) {
    let Some(transaction) = inner.desk().book.get().find(id).cloned() else { return };
    let manners = &transaction.manners;
    if manners.twist == Some(Twist::LateFirst) {
        post_to(inner, id, &transaction.late_url, &daraja::late(&transaction)).await;
    }
    tokio::time::sleep(Duration::from_millis(manners.decide_after_ms)).await;
    let now = inner.now_ms();
    inner.desk().book.change(|book| book.decide(id, now));
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
    if transaction.state == State::Pending && inner.speaks != Speaks::Gsma {
        return;
    }
    let shown = match inner.speaks {
        Speaks::Gsma => gsma::shown(&transaction),
        Speaks::Daraja => daraja::result(inner, &transaction),
        Speaks::Mtn => mtn::shown(&transaction),
        Speaks::Airtel => airtel::told(&transaction),
    };
    post_to(inner, id, &transaction.callback_url, &shown).await;
}

/// Posts something to an address of the client's; nothing where that is empty.
pub(super) async fn post_to(inner: &Inner, id: &str, url: &str, body: &Value) {
    if url.is_empty() {
        return;
    }
    match inner.client.post(url).header("X-CorrelationID", id).json(body).send().await {
        Ok(answer) => tracing::debug!(id, status = answer.status().as_u16(), "result delivered"),
        Err(error) => tracing::debug!(id, %error, "result not delivered"),
    }
}

/// The text of a base64 text.
pub(super) fn from_base64(text: &str) -> Option<String> {
    use base64::Engine;
    String::from_utf8(base64::prelude::BASE64_STANDARD.decode(text).ok()?).ok()
}

async fn transfers(Shared(inner): Shared<Arc<Inner>>) -> Response {
    Json(inner.desk().book.get().transfers()).into_response()
}

/// The list as this provider's portal would export it.
async fn statement(Shared(inner): Shared<Arc<Inner>>) -> Response {
    let desk = inner.desk();
    let text = super::statement::csv(desk.book.get(), &desk.pushes, inner.speaks);
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}

/// Names by number, as they are registered from now on: `{"254712345678": "ACHIENG OTIENO"}`.
async fn set_names(
    Shared(inner): Shared<Arc<Inner>>, Json(names): Json<std::collections::BTreeMap<String, String>>,
) -> StatusCode {
    inner.desk().names.extend(names);
    StatusCode::NO_CONTENT
}

async fn set_manners(Shared(inner): Shared<Arc<Inner>>, Json(manners): Json<Manners>) -> StatusCode {
    inner.desk().manners = manners;
    StatusCode::NO_CONTENT
}

async fn queue_manners(Shared(inner): Shared<Arc<Inner>>, Json(manners): Json<Manners>) -> StatusCode {
    inner.desk().next.push_back(manners);
    StatusCode::NO_CONTENT
}

/// Where results go that name no address of their own: `{"url": "http://.."}`.
async fn register(
    Shared(inner): Shared<Arc<Inner>>, Json(told): Json<std::collections::BTreeMap<String, String>>,
) -> StatusCode {
    let Some(url) = told.get("url") else { return StatusCode::UNPROCESSABLE_ENTITY };
    url.clone_into(&mut inner.desk().registered);
    StatusCode::NO_CONTENT
}

async fn forget_tokens(Shared(inner): Shared<Arc<Inner>>) -> StatusCode {
    inner.desk().tokens.clear();
    StatusCode::NO_CONTENT
}

/// Over HTTP a closed line answers 503, since nobody could open it again otherwise.
async fn set_line(Shared(inner): Shared<Arc<Inner>>, Json(line): Json<Line>) -> StatusCode {
    inner.desk().line = line;
    StatusCode::NO_CONTENT
}

/// The name of a number, where it was told.
pub(super) fn name_of(inner: &Inner, Path(number): &Path<String>) -> Option<String> {
    inner.desk().names.get(number).cloned()
}
