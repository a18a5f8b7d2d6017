//! One table of every path, and the layers that all of them pass through.

use super::{
    api::{self, door::Gate},
    assets, desk,
    error::Refusal,
    guard,
    page::{Photos, Web},
    preview::{self, Editor},
    ready::{self, Ready},
    settings::Settings,
    shop::{bulk, cart, checkout, feeds, home, maker, many, order, piece, purchase},
    tongue::reader,
    upload,
};
use crate::{
    engine::bulk::front::BulkFront,
    engine::cart::CartFront,
    engine::clock::SystemClock,
    engine::depot::desk::DepotDesk,
    engine::desk::{OperatorDesk, door::Door},
    engine::kiosks::desk::KioskDesk,
    engine::loans::desk::LoanDesk,
    engine::menus::desk::MenuDesk,
    engine::orders::desk::OrderDesk,
    engine::orders::partners::PartnerDesk,
    engine::orders::wishes::ShopperDesk,
    engine::port::{BindView, Binds},
    engine::shopfront::{ShopError, ShopFront},
    engine::tapes::desk::Dialogs,
    types::Clock,
    wire::{self, address},
};
use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request},
    middleware::{from_fn_with_state, map_response_with_state},
    response::Redirect,
    routing::{delete, get, post},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower_http::{compression::CompressionLayer, trace::TraceLayer};

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
    /// The depot, for the desk.
    pub depot: Option<Arc<dyn DepotDesk>>,
    /// The kiosks, for the desk.
    pub kiosks: Option<Arc<dyn KioskDesk>>,
    /// The door of the desk; one that is gone with the process where none is given.
    pub door: Option<Arc<Door>>,
    /// What operators do by name.
    pub operators: Option<Arc<dyn OperatorDesk>>,
    /// Many pieces at once, for the shop and the desk.
    pub bulk: Option<Arc<dyn BulkFront>>,
    /// Several pieces, paid at once.
    pub cart: Option<Arc<dyn CartFront>>,
    /// Orders of partners' programs.
    pub partners: Option<Arc<dyn PartnerDesk>>,
    /// The orders, for the desk.
    pub orders: Option<Arc<dyn OrderDesk>>,
    /// What shoppers do about their orders.
    pub shoppers: Option<Arc<dyn ShopperDesk>>,
    /// Photographs, and who may send them.
    pub photos: Option<Photos>,
    /// Addresses of partners that are told what happens.
    pub hooks: Option<api::hooks::Hooks>,
    /// Whether more may be sent here.
    pub ready: Ready,
}

/// For how many feeds and parts of the map a page is read at a time: each walks along all that is on sale.
const FEEDS: usize = 2;

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
            depot: None,
            kiosks: None,
            door: None,
            operators: None,
            bulk: None,
            cart: None,
            partners: None,
            orders: None,
            shoppers: None,
            photos: None,
            hooks: None,
            ready: Ready::default(),
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
    let portrait = around.photos.as_ref().map_or(0, |photos| photos.studio.settings.most_octets());
    let timeout = settings.request_timeout();
    let live = Arc::new(Semaphore::new(settings.live_pages.min(Semaphore::MAX_PERMITS)));
    let Surroundings {
        clock,
        shutdown,
        binds,
        dialogs,
        editor,
        menus,
        loans,
        depot,
        kiosks,
        bulk: many_at_once,
        cart: carts,
        partners,
        door,
        operators,
        orders,
        shoppers,
        photos,
        hooks,
        ready,
    } = around;
    let watched = ready::router(Arc::clone(&front), ready);
    let has_editor = editor.is_some();
    let people = settings.people();
    let api = Gate::new(&settings);
    let door =
        door.unwrap_or_else(|| Arc::new(Door::passing(Arc::clone(&clock)).with_idle(settings.desk_idle())));
    // A wrong list is refused before anything starts.
    let proxies = address::networks(&settings.trusted_proxies).unwrap_or_default();
    let web = Arc::new(Web {
        front,
        settings,
        people,
        door,
        knocks: desk::knocks::Knocks::default(),
        taken: desk::sheets::Taken::default(),
        wrong_keys: desk::knocks::Knocks::default(),
        api,
        hooks,
        proxies,
        clock,
        binds,
        dialogs,
        menus,
        loans,
        depot,
        kiosks,
        operators,
        bulk: many_at_once,
        cart: carts,
        partners,
        orders,
        shoppers,
        photos,
        shutdown,
        live,
        feeds: Arc::new(Semaphore::new(FEEDS)),
        has_editor,
    });

    let desk = Router::new()
        .route("/desk", get(desk::overview))
        .route("/desk/messages", get(desk::messages::page))
        .route("/desk/messages/again", post(desk::messages::again))
        .route("/desk/cash", get(desk::cash::page))
        .route("/desk/cash/allow", post(desk::cash::allow))
        .route("/desk/api/cash", get(desk::cash::json))
        .route("/desk/kiosks", get(desk::kiosks::page))
        .route("/desk/kiosks/look", post(desk::kiosks::look))
        .route("/desk/api/kiosks", get(desk::kiosks::json))
        .route("/desk/api/webhooks", get(desk::webhooks::all).post(desk::webhooks::again))
        .route("/desk/api/webhooks/remove", post(desk::webhooks::remove))
        .route("/desk/api/receipts", post(desk::kiosks::print))
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
        .route("/desk/api/listings", get(desk::all_listings))
        .route("/desk/listings", get(desk::listings::show).post(desk::listings::press))
        .route("/desk/api/listings/check", get(desk::listings::all).post(desk::listings::change))
        .route("/desk/api/payouts", get(desk::payouts))
        .route("/desk/api/payouts/{id}/ask", post(desk::payouts::ask))
        .route("/desk/api/callbacks", get(desk::callbacks))
        .route("/desk/orders", get(desk::orders::show).post(desk::orders::press))
        .route("/desk/orders/{order}/label", get(desk::orders::label))
        .route("/desk/api/orders/{order}/label", get(desk::orders::label_data))
        .route("/desk/api/orders", get(desk::orders::all).post(desk::orders::change))
        .route("/desk/api/loans", get(desk::loans::all).post(desk::loans::change))
        .route("/desk/api/loans/prompts", get(desk::loans::prompts))
        .route("/desk/api/loans/repayments", get(desk::loans::repayments).post(desk::loans::remit))
        .route("/desk/depot", get(desk::depot::page).post(desk::depot::press))
        .route("/desk/api/depot", post(desk::depot::change))
        .route("/desk/api/depot/fit", post(desk::depot::fit))
        .route("/desk/api/depot/bulletins", get(desk::depot::bulletins))
        .route("/desk/api/depot/cases", get(desk::depot::cases))
        .route("/desk/approvals", get(desk::approvals::show).post(desk::approvals::act))
        .route("/desk/api/approvals", get(desk::approvals::all).post(desk::approvals::change))
        .route("/desk/cards", get(desk::cards::show).post(desk::cards::press))
        .route("/desk/api/cards", get(desk::cards::all).post(desk::cards::change))
        .route("/desk/holds", get(desk::holds::show).post(desk::holds::act))
        .route("/desk/api/holds", get(desk::holds::all).post(desk::holds::change))
        .route("/desk/live", get(desk::board::live))
        .route("/desk/alarms", get(desk::board::alarms))
        .route("/desk/charts", get(desk::charts::show))
        .route("/desk/books/board", get(desk::charts::lanes))
        .route("/desk/audit", get(desk::audit::show))
        .route("/desk/audit.csv", get(desk::audit::csv))
        .route("/desk/api/audit", get(desk::audit::json))
        .route("/desk/messages.csv", get(desk::sheets::messages))
        .route("/desk/books/orders.csv", get(desk::sheets::orders))
        .route("/desk/books/listings.csv", get(desk::sheets::listings))
        .route("/desk/books/payouts.csv", get(desk::sheets::payouts))
        .route("/desk/books/people.csv", get(desk::sheets::people))
        .route("/desk/books/accounts/{code}/postings.csv", get(desk::sheets::postings))
        .route("/desk/books/orders", get(desk::books::orders))
        .route("/desk/books/orders/{code}", get(desk::books::order))
        .route("/desk/books/listings", get(desk::books::listings))
        .route("/desk/books/listings/{code}", get(desk::books::listing))
        .route("/desk/books/payouts", get(desk::books::payouts))
        .route("/desk/books/payouts/{id}", get(desk::books::payout).post(desk::payouts::press))
        .route("/desk/books/accounts", get(desk::books::accounts))
        .route("/desk/books/accounts/{code}", get(desk::books::account))
        .route("/desk/books/people", get(desk::books::people))
        .route("/desk/books/people/{id}", get(desk::stories::person))
        .route(
            "/desk/books/people/{id}/story",
            post(desk::stories::press).layer(DefaultBodyLimit::max(portrait + desk::stories::WORDS)),
        )
        .route("/desk/books/people/{id}/statement.csv", get(desk::books::statement))
        .route("/desk/api/people/{whom}/export", get(desk::books::export))
        .route(
            "/desk/reconcile",
            get(desk::reconcile::show)
                .post(desk::reconcile::bring)
                .layer(DefaultBodyLimit::max(desk::reconcile::LONGEST)),
        )
        .route("/desk/reconcile/close", post(desk::reconcile::press))
        .route(
            "/desk/api/reconcile/statements",
            get(desk::reconcile::statements)
                .post(desk::reconcile::import)
                .layer(DefaultBodyLimit::max(desk::reconcile::LONGEST)),
        )
        .route(
            "/desk/api/reconcile/differences",
            get(desk::reconcile::differences).post(desk::reconcile::close),
        )
        .route("/desk/api/reconcile/floats", get(desk::reconcile::floats))
        .route("/desk/api/reconcile/days", get(desk::reconcile::days))
        .route("/desk/sessions", get(desk::sessions::show).post(desk::sessions::end))
        .route("/desk/stops", get(desk::stops::show).post(desk::stops::turn))
        .route("/desk/api/stops", get(desk::stops::all).post(desk::stops::change))
        .route("/desk/bulk", get(desk::bulk::show).post(desk::bulk::choose))
        .route("/desk/api/bulk", get(desk::bulk::json))
        .route("/desk/api/trial-balance", get(desk::trial_balance))
        .merge(
            editor
                .map(|editor| {
                    preview::router(editor).layer(from_fn_with_state(web.clone(), desk::menus::edited))
                })
                .unwrap_or_default(),
        )
        .route_layer(from_fn_with_state(web.clone(), desk::door::guard))
        .route("/desk/key", post(desk::door::enter))
        .route("/desk/sign-in", get(desk::door::ask).post(desk::door::sign_in))
        .route("/desk/welcome", get(desk::welcome::show).post(desk::welcome::take_up))
        .route("/desk/leave", post(desk::door::leave));

    Router::new()
        .route("/", get(home::show))
        .route("/craft/{kind}", get(home::craft))
        .route("/material/{stuff}", get(home::material))
        .route("/maker/{page}", get(maker::show))
        .route("/piece/{code}", get(piece::show).post(piece::total))
        .route("/checkout", get(async || Redirect::to("/")).post(checkout::place))
        .route("/piece/{code}/many", get(many::show).post(many::total))
        .route("/many", get(async || Redirect::to("/")).post(many::place))
        .route("/cart", get(cart::show).post(cart::change))
        .route("/cart/checkout", get(async || Redirect::to("/cart")).post(cart::place))
        .route("/purchase/{token}", get(purchase::show))
        .route("/purchase/{token}/live", get(purchase::live))
        .route("/bulk/{token}", get(bulk::show).post(bulk::choose))
        .route("/bulk/{token}/live", get(bulk::live))
        .route("/order/{token}", get(order::show))
        .route("/order/{token}/live", get(order::live))
        .route("/order/{token}/cancel", post(order::cancel))
        .route("/order/{token}/choose", post(order::choose))
        .route("/order/{token}/thanks", post(order::thank))
        .route("/static/{name}", get(assets::serve))
        .route("/photo/{file}", get(upload::serve::file))
        .route("/upload", get(upload::page::show))
        .route("/upload/worker.js", get(upload::page::worker))
        .route("/upload/manifest.webmanifest", get(upload::page::manifest))
        .route("/upload/api/listings", post(upload::list))
        .route("/upload/api/me", get(upload::me))
        .route("/upload/api/photos/{code}", get(upload::show))
        .route("/upload/api/photos/{code}/{name}", delete(upload::remove))
        .route("/upload/api/photos/{code}/{name}/first", post(upload::lead))
        .route("/robots.txt", get(feeds::robots))
        .route("/sitemap.xml", get(feeds::sitemap))
        .route("/sitemap/{part}", get(feeds::part))
        .route("/feed/{file}", get(feeds::products))
        .merge(watched)
        .merge(desk)
        .fallback(async || Refusal::Shop(ShopError::NotFound))
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(from_fn_with_state(web.clone(), guard::same_site))
        .layer(from_fn_with_state(web.clone(), reader::speak))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(from_fn_with_state(timeout, guard::in_time))
        // A photograph may take longer to come than any answer of ours.
        .merge(
            Router::new()
                .route("/upload/api/photos/{code}", post(upload::add))
                .layer(from_fn_with_state(web.clone(), guard::same_site)),
        )
        // Programs bring a key with each call, and are told in JSON what is wrong.
        .merge(api::router(&web))
        .layer(CompressionLayer::new())
        .layer(map_response_with_state(web.clone(), guard::headers))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(wire::answered))
        .with_state(web)
}

/// How long the head of a request may take to come: whoever is slower is hung up on.
const HEAD: Duration = Duration::from_secs(20);
/// The pause after a connection that could not be taken.
const BREATH: Duration = Duration::from_millis(200);

/// Serves a router until `shutdown`; then takes no more connections and gives those that are open
/// `drain` to end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken, drain: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (open, pages) = (GracefulShutdown::new(), TowerToHyperService::new(router));
    loop {
        let (stream, caller) = tokio::select! {
            came = listener.accept() => match came {
                Ok(came) => came,
                // Too many files are open, say: those who are here leave again.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not taken");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays without TCP_NODELAY");
        }
        let pages = pages.clone();
        let pages = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(caller));
            pages.call(request)
        });
        let talk = open.watch(http.serve_connection(TokioIo::new(stream), pages));
        tokio::spawn(async move {
            if let Err(error) = talk.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = open.shutdown() => {}
        () = tokio::time::sleep(drain) => {}
    }
}

/// A span names the route, never the address: addresses carry order tokens and the desk's key.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    tracing::info_span!(
        target: "sokoni::trace", "http", method = %request.method(), route, status = tracing::field::Empty
    )
}
