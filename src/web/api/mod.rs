//! The public API: what is on sale, orders, many pieces at once and the desk's figures, as JSON under
//! `/api/v1`, for programs of partners and operators.
//!
//! * `keys` is the file of keys, `door` lets through whoever brings one, `rates` counts calls.
//! * `problem` is every refusal, `take` reads what comes in, `cursor` leads through lists.
//! * `views` is what stands in answers; `catalogue`, `orders`, `bulk` and `desk` answer.
//! * `hooks` registers addresses of partners that are told what happens; `teller` calls them.
//! * `document` is the OpenAPI document, kept in docs/openapi.json.
//!
//! Handlers ask the engine through the traits of the shop's and the desk's own pages and decide nothing. May
//! import what `web` may: `types`, `engine`, `photos`, `wire`.

mod bulk;
mod catalogue;
mod cursor;
mod desk;
pub mod document;
pub(super) mod door;
pub mod hooks;
pub mod keys;
mod orders;
mod problem;
mod rates;
mod take;
pub mod teller;
mod views;

use super::page::Web;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::header,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use door::Lock;
use keys::Scope;
use problem::Problem;
use std::sync::{Arc, LazyLock};

/// The most octets of a body.
const LONGEST_BODY: usize = 16 * 1024;

/// What is answered to whom: each group of addresses takes one scope.
pub(super) fn router(web: &Arc<Web>) -> Router<Arc<Web>> {
    let group = |scope: Scope, routes: Vec<(&str, MethodRouter<Arc<Web>>)>| {
        let lock = Lock { web: Arc::clone(web), scope };
        let all = routes
            .into_iter()
            .fold(Router::new(), |all, (path, route)| all.route(&format!("/api/v1{path}"), route));
        all.route_layer(from_fn_with_state(lock, door::guard))
    };
    let catalogue = vec![
        ("/crafts", get(catalogue::crafts)),
        ("/materials", get(catalogue::materials)),
        ("/listings", get(catalogue::listings)),
        ("/listings/{code}", get(catalogue::listing)),
        ("/makers/{id}", get(catalogue::maker)),
        ("/shipping/countries", get(catalogue::countries)),
        ("/quotes", get(catalogue::quote)),
        ("/quotes/bulk", get(catalogue::many)),
    ];
    let reading = vec![
        ("/orders", get(orders::list)),
        ("/orders/{id}", get(orders::show)),
        ("/bulk/{id}", get(bulk::show)),
    ];
    let ordering = vec![
        ("/orders", post(orders::create)),
        ("/orders/{id}/cancel", post(orders::cancel)),
        ("/orders/{id}/answer", post(orders::answer)),
    ];
    let many = vec![("/bulk", post(bulk::create)), ("/bulk/{id}/choice", post(bulk::choose))];
    let desk = vec![
        ("/desk/payouts", get(desk::payouts)),
        ("/desk/accounts", get(desk::accounts)),
        ("/desk/trial-balance", get(desk::trial_balance)),
        ("/desk/people", get(desk::people)),
        ("/desk/orders", get(desk::orders)),
    ];
    let told = vec![
        ("/webhooks", get(hooks::list).post(hooks::create)),
        ("/webhooks/{id}", get(hooks::show).delete(hooks::remove)),
    ];
    Router::new()
        .merge(group(Scope::CatalogueRead, catalogue))
        .merge(group(Scope::OrdersRead, reading))
        .merge(group(Scope::OrdersWrite, ordering))
        .merge(group(Scope::BulkWrite, many))
        .merge(group(Scope::DeskRead, desk))
        .merge(group(Scope::WebhooksWrite, told))
        .route("/api/v1/openapi.json", get(document_json))
        .route("/api/{*rest}", axum::routing::any(async || Problem::not_found()))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(web), in_time))
}

/// Gives up what takes too long. What was begun by then may still be done: that is what idempotency keys are
/// for.
async fn in_time(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(web.settings.request_timeout(), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::slow().into_response(),
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "catalogue", operation_id = "get_document",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
async fn document_json() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(document::text);
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}
