//! One table of every path, and the layers that all of them pass through.

use super::{
    assets, desk,
    error::Refusal,
    guard,
    page::Web,
    preview::{self, Editor},
    settings::Settings,
    shop::{checkout, home, order, piece},
};
use crate::{
    engine::clock::SystemClock,
    engine::loans::desk::LoanDesk,
    engine::menus::desk::MenuDesk,
    engine::port::{BindView, Binds},
    engine::shopfront::{ShopError, ShopFront},
    engine::tapes::desk::Dialogs,
    types::Clock,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{StatusCode, header},
    middleware::{from_fn_with_state, map_response_with_state},
    response::{IntoResponse, Redirect},
    routing::{get, post},
    serve::ListenerExt,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower_http::{compression::CompressionLayer, timeout::TimeoutLayer, trace::TraceLayer};

/// What the web takes from its surroundings besides the shop front.
pub struct Surroundings {
    /// Where ages and the desk's cookie read the moment.
    pub clock: Arc<dyn Clock>,
    /// Ends live pages, so that a house that closes need not wait for them.
    pub shutdown: CancellationToken,
    /// The connections to operators, for the desk.
    pub binds: Arc<dyn Binds>,
    /// Dialogs as they were recorded, for the desk.
    pub dialogs: Arc<dyn Dialogs>,
    /// The editor of menus, for the desk; its pages stand at [`EDITOR`].
    pub editor: Option<Editor>,
    /// The menus, for the desk.
    pub menus: Option<Arc<dyn MenuDesk>>,
    /// The loans, for the desk.
    pub loans: Option<Arc<dyn LoanDesk>>,
}

/// Where the desk's editor of menus stands.
pub const EDITOR: &str = "/desk/menus/edit";

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            shutdown: CancellationToken::new(),
            binds: Arc::new(Vec::<BindView>::new()),
            dialogs: Arc::new(()),
            editor: None,
            menus: None,
            loans: None,
        }
    }
}

/// The shop and the desk, by the machine's clock.
pub fn router(front: Arc<dyn ShopFront>, settings: Settings) -> Router {
    router_in(front, settings, Surroundings::default())
}

/// The shop and the desk. Carries the fallback for unknown paths, so a router merged with it must
/// not have one.
pub fn router_in(front: Arc<dyn ShopFront>, settings: Settings, around: Surroundings) -> Router {
    let body_limit = settings.body_limit_bytes;
    let timeout = settings.request_timeout();
    let live = Arc::new(Semaphore::new(settings.live_pages.min(Semaphore::MAX_PERMITS)));
    let Surroundings { clock, shutdown, binds, dialogs, editor, menus, loans } = around;
    let has_editor = editor.is_some();
    let web =
        Arc::new(Web { front, settings, clock, binds, dialogs, menus, loans, shutdown, live, has_editor });

    let desk = Router::new()
        .route("/desk", get(desk::overview))
        .route("/desk/messages", get(desk::messages::page))
        .route("/desk/messages/again", post(desk::messages::again))
        .route("/desk/api/messages", get(desk::messages::json))
        .route("/desk/dialogs", get(desk::dialogs::page))
        .route("/desk/dialogs/stats", get(desk::dialogs::stats))
        .route("/desk/dialogs/{id}", get(desk::dialogs::one))
        .route("/desk/api/dialogs", get(desk::dialogs::page_json))
        .route("/desk/api/dialogs/stats", get(desk::dialogs::stats_json))
        .route("/desk/api/dialogs/tapes", get(desk::dialogs::tapes))
        .route("/desk/api/dialogs/{id}", get(desk::dialogs::one_json))
        .route("/desk/binds", get(desk::binds::show))
        .route("/desk/api/binds", get(desk::binds::rows))
        .route("/desk/menus", get(desk::menus::show))
        .route("/desk/menus/reload", post(desk::menus::reload))
        .route("/desk/menus/back", post(desk::menus::back))
        .route("/desk/api/menus", get(desk::menus::json))
        .route("/desk/api/menus/files", get(desk::menus::files))
        .route("/desk/api/menus/reload", post(desk::menus::reload_json))
        .route("/desk/api/menus/back", post(desk::menus::back_json))
        .route("/desk/api/listings", get(desk::listings))
        .route("/desk/api/payouts", get(desk::payouts))
        .route("/desk/api/loans", get(desk::loans::all).post(desk::loans::change))
        .route("/desk/api/loans/repayments", get(desk::loans::repayments).post(desk::loans::remit))
        .route("/desk/api/trial-balance", get(desk::trial_balance))
        .merge(editor.map(preview::router).unwrap_or_default())
        .route_layer(from_fn_with_state(web.clone(), desk::key::guard))
        .route("/desk/key", post(desk::key::enter));

    Router::new()
        .route("/", get(home::show))
        .route("/piece/{code}", get(piece::show))
        .route("/checkout", get(async || Redirect::to("/")).post(checkout::place))
        .route("/order/{token}", get(order::show))
        .route("/order/{token}/live", get(order::live))
        .route("/static/{name}", get(assets::serve))
        .route("/robots.txt", get(robots))
        .route("/healthz", get(async || "ok\n"))
        .merge(desk)
        .fallback(async || Refusal::Shop(ShopError::NotFound))
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(from_fn_with_state(web.clone(), guard::same_site))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout))
        .layer(CompressionLayer::new())
        .layer(map_response_with_state(web.clone(), guard::headers))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(web)
}

/// Serves a router until `shutdown`; then takes no more connections and gives those that are open
/// `drain` to end.
pub async fn serve(
    listener: TcpListener, router: Router, shutdown: CancellationToken, drain: Duration,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays without TCP_NODELAY");
        }
    });
    let closing = shutdown.clone();
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { closing.cancelled().await })
        .into_future();
    tokio::select! {
        done = serving => done,
        () = async { shutdown.cancelled().await; tokio::time::sleep(drain).await } => Ok(()),
    }
}

/// A span names the route, never the address: addresses carry order tokens and the desk's key.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    tracing::info_span!("http", method = %request.method(), route)
}

async fn robots() -> impl IntoResponse {
    let text = "User-agent: *\nDisallow: /checkout\nDisallow: /order/\nDisallow: /desk\n";
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
