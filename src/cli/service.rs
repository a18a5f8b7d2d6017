//! The running service: every room built from a configuration and wired to the next. `serve`,
//! `demo`, `bench` and the tests start the same one.

pub mod backups;
mod duties;
mod menus;
pub mod money;
pub mod stores;

use crate::cli::menu::sources::menu_files;
use crate::config::Config;
use crate::engine::bulk::front::BulkFront;
use crate::engine::buyers::{self, Seal};
use crate::engine::cart::CartFront;
use crate::engine::chance::SystemChance;
use crate::engine::depot::desk::DepotDesk;
use crate::engine::desk::OperatorDesk;
use crate::engine::desk::door::Door;
use crate::engine::hooks::HookDesk;
use crate::engine::kiosks::desk::KioskDesk;
use crate::engine::lanes::{Lanes, Windows};
use crate::engine::letters::MailOut;
use crate::engine::loans::desk::LoanDesk;
use crate::engine::mend;
use crate::engine::menus::Menus;
use crate::engine::menus::change::{By, Outcome};
use crate::engine::menus::desk::MenuDesk;
use crate::engine::nodes::duty::Duty;
use crate::engine::orders::desk::OrderDesk;
use crate::engine::orders::partners::PartnerDesk;
use crate::engine::orders::wishes::ShopperDesk;
use crate::engine::photos::front::PhotoFront;
use crate::engine::photos::inlet::MediaFront;
use crate::engine::pins::Pins;
use crate::engine::port::{Binds, HooksOut, SmsSender, SmsWay, Subscribers};
use crate::engine::preview::Ground;
use crate::engine::routes::Routes;
use crate::engine::shopfront::ShopFront;
use crate::engine::tapes::desk::Dialogs;
use crate::engine::{Engine, Keeps, Parts};
use crate::gateway::HttpGateways;
use crate::menu::check::Limits;
use crate::photos::{Studio, album::Album};
use crate::smpp::pool::Pool;
use crate::store::Store;
use crate::telemetry;
use crate::types::Clock;
use crate::web::{
    self,
    api::teller::Teller,
    meter::{HttpMeter, metered},
    preview::{Editor, shelf::Shelf},
    ready::{self, Ready},
};
use crate::wire::address;
use axum::{Router, middleware::from_fn_with_state};
use backups::Backups;
use duties::{Duties, can_send, clear};
use menus::MenuFolder;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stores::Opened;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long shutting down may take before what is left is abandoned.
const DRAIN: Duration = Duration::from_secs(10);
/// How long whoever asks for metrics may take to hear the last of them.
const LAST_ASKED: Duration = Duration::from_secs(1);

/// A service that runs.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// The engine.
    pub engine: Arc<Engine>,
    /// The connections to operators.
    pub pool: Arc<Pool>,
    /// By which gateways SMS leave.
    pub routes: Arc<Routes>,
    /// The gateways that speak HTTP.
    pub http: Arc<HttpGateways>,
    menus: MenuFolder,
    store: Arc<dyn Store>,
    lanes: Lanes,
    /// Photographs as files.
    pub studio: Arc<Studio>,
    /// Where metrics are asked for.
    pub metrics: Option<SocketAddr>,
    /// Tells of the service until it is over, and what ends that.
    telling: (CancellationToken, TaskTracker),
    /// How long pages are served after the rest was told to end.
    leave: Duration,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What a caller may hand in instead of what the configuration says.
pub struct Wiring {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// More pages beside the shop, such as the demo's phones.
    pub pages: Router,
    /// A listener that is open already.
    pub listener: Option<TcpListener>,
    /// The checker of PINs.
    pub pins: Option<Pins>,
    /// What stands before the store, where something does.
    pub before_store: Option<BeforeStore>,
}

/// Puts something before a store that sees what goes in.
pub type BeforeStore = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send>;

impl Wiring {
    /// Nothing but a clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pages: Router::new(), listener: None, pins: None, before_store: None }
    }
}

/// Menu files: those of a folder, or those of this release.
pub fn menu_sources(folder: Option<&Path>) -> Result<Vec<(String, String)>, String> {
    let Some(folder) = folder else { return Ok(crate::menu::builtin::sources()) };
    let files = menu_files(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok((path.display().to_string(), text))
    };
    files.into_iter().map(read).collect()
}

/// What the routes of a configuration allow menus.
pub fn limits(config: &Config) -> Limits {
    let idle = config.limits.idle_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    Limits { routes: config.routes().collect(), idle }
}

/// The desk's editor, over the files that serve.
fn editor(config: &Config, engine: &Arc<Engine>, stop: &CancellationToken) -> Editor {
    let folder = config.service.menus.clone();
    let compiled_in = folder.is_none();
    let read = Arc::new(move || menu_sources(folder.as_deref()));
    Editor {
        shelf: if compiled_in { Shelf::read_only(read) } else { Shelf::new(read) },
        ground: Ground { limits: limits(config), part_cents: config.service.sms_part_cents, stats: None },
        base: web::routes::EDITOR,
        serves: true,
        shutdown: stop.clone(),
        dialogs: Some(Arc::clone(engine) as Arc<dyn Dialogs>),
    }
}

impl Service {
    /// Starts everything. Operators that cannot be reached are tried again for ever; everything
    /// else that is wrong is told at once.
    pub async fn start(config: Config, wiring: Wiring) -> Result<Self, String> {
        // Before the store, so that a start that cannot listen leaves no folder behind.
        let listener = match wiring.listener {
            Some(listener) => listener,
            None => TcpListener::bind(config.http.listen).await.map_err(|why| {
                format!("cannot listen on {} ({why}); choose another [http] listen", config.http.listen)
            })?,
        };
        let address = listener.local_addr().map_err(|why| why.to_string())?;
        let told_at = match config.metrics.listen {
            None => None,
            Some(listen) => Some(TcpListener::bind(listen).await.map_err(|why| {
                format!("cannot listen on {listen} ({why}); choose another [metrics] listen")
            })?),
        };
        let metrics = told_at.as_ref().and_then(|listener| listener.local_addr().ok());
        let began = wiring.clock.now();
        let Opened { store, copier, node } = stores::opened(&config).await?;
        let store = match wiring.before_store {
            Some(before) => before(store),
            None => store,
        };
        let alone = match &node {
            Some(node) => Some(node.alone().await?),
            None => None,
        };
        let mended = mend::mend_indexes(&*store).await;
        match &mended {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "indexes of an older release were brought up to date"),
            Err(why) => tracing::error!(%why, "ALARM: the indexes of an older release could not be mended"),
        }
        // Whatever may fail comes before the first worker, so that a start that fails leaves none.
        let pool =
            Pool::new(config.gateways.clone(), Arc::clone(&wiring.clock)).map_err(|why| why.to_string())?;
        let pool = Arc::new(pool);
        let http = HttpGateways::new(config.http_gateways.clone(), &wiring.clock);
        let http = Arc::new(http.map_err(|why| why.to_string())?);
        let trusted = address::networks(&config.http.trusted_proxies).map_err(|why| why.to_string())?;
        if config.http.takes_all_for_one() {
            tracing::error!(
                "ALARM: the desk cannot tell its callers apart; name the proxy in trusted_proxies of [http]"
            );
        }
        let ways: Vec<Arc<dyn SmsWay>> =
            vec![Arc::clone(&pool) as Arc<dyn SmsWay>, Arc::clone(&http) as Arc<dyn SmsWay>];
        let routes = Arc::new(Routes::new(ways));
        routes.set_table(config.routing.table(config.gateway_names()).map_err(|why| why.to_string())?);
        let money = money::Money::start(&config)?;
        let postman = config.mail.postman(web::letters::write).map_err(|why| format!("[mail] {why}"))?;
        let postman = postman.map(|postman| Arc::new(postman) as Arc<dyn MailOut>);
        let house = config.house().map_err(|why| why.to_string())?;
        let pepper = config.pepper().map_err(|why| why.to_string())?;
        let sources = menu_sources(config.service.menus.as_deref());
        let limits = limits(&config);
        let menus = Arc::new(Menus::open(&*store, wiring.clock.now(), sources, &limits).await?);
        let sealed = buyers::any_sealed(&*store).await.map_err(|why| why.to_string())?;
        let address_key = config.address_key(sealed).map_err(|why| why.to_string())?;
        let pins = wiring.pins.unwrap_or_else(|| Pins::new(pepper, config.limits.pin_hashes));
        let door = Door::new(
            Arc::clone(&store),
            Arc::clone(&wiring.clock),
            Arc::new(SystemChance),
            &pins,
            &address_key,
        );
        let engine = Engine::new(Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&wiring.clock),
            chance: Arc::new(SystemChance),
            menus: Arc::clone(&menus),
            policy: config.market.clone(),
            house,
            pins,
            money: Arc::clone(&money.mobile),
            card: Arc::clone(&money.card),
            addresses: Seal::new(&address_key),
            recon: config.reconcile.clone(),
            mail: postman,
        })
        .await?;
        if mended.is_err() {
            engine.indexes_amiss();
        }
        let teller = Teller::new(&config.http, address_key.clone(), Arc::clone(&wiring.clock));
        let teller = Arc::new(teller);
        engine.tell_partners_by(Arc::clone(&teller) as Arc<dyn HooksOut>);
        if let Some(node) = &node {
            engine.joins(node.news());
        }
        engine.open_addresses().await.map_err(|why| why.to_string())?;
        engine.enrol(&config.kiosks).await?;
        engine.enrol_liaisons(&config.liaisons).await?;
        engine.keep_days().await?;
        drop(alone);

        let studio = Arc::new(Studio::new(Album::of_store(&config.store.path), config.photos.clone()));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let windows: Windows = pool.windows().chain(http.windows()).collect();
        let lanes = Lanes::start(&engine, config.limits.lanes, config.limits.lane_depth, windows);
        let subscribers: Arc<dyn Subscribers> = Arc::new(lanes.clone());
        pool.start(&subscribers, &stop);
        let sender: Arc<dyn SmsSender> = Arc::clone(&routes) as Arc<dyn SmsSender>;
        let doors = http.router(Arc::clone(&subscribers), trusted);
        let (acts, until) = (Arc::clone(&engine), stop.child_token());
        tasks.spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                () = acts.warm_acts() => {}
            }
        });
        let (rows, clock) = (Arc::clone(&store), Arc::clone(&wiring.clock));
        let folder = MenuFolder::new(config.service.menus.clone(), Arc::clone(&menus), rows, clock);
        let told = Arc::clone(&engine);
        let folder = folder.telling(move || told.tell_of_menus());
        tasks.spawn(folder.clone().watch(stop.child_token()));

        let front: Arc<dyn ShopFront> = Arc::clone(&engine) as Arc<dyn ShopFront>;
        let (money_doors, later) = money.open(&front, &wiring.clock);
        let duties = Arc::new(Duties {
            engine: Arc::clone(&engine),
            store: Arc::clone(&store),
            clock: Arc::clone(&wiring.clock),
            menus,
            life: (config.store.keep(), config.store.keep_dialogs()),
            studio: Arc::clone(&studio),
            sender,
            later,
            backups: Arc::new(Backups {
                settings: config.store.backup.clone(),
                copier,
                clock: Arc::clone(&wiring.clock),
            }),
        });
        let binds: Arc<dyn Binds> =
            Arc::new(vec![Arc::clone(&pool) as Arc<dyn Binds>, Arc::clone(&http) as Arc<dyn Binds>]);
        match node {
            None => {
                let stop = stop.clone();
                tasks.spawn(async move { duties.done(stop).await });
            }
            Some(node) => {
                let (engine, stop, seen) = (Arc::clone(&engine), stop.clone(), Arc::clone(&binds));
                tasks.spawn(Arc::clone(&engine).follow(stop.clone()));
                let takeover = Duration::from_secs(config.store.postgres.takeover_seconds.into());
                let duty = Duty::new(Arc::clone(&store), node.name, takeover, move || can_send(&*seen));
                tasks.spawn(async move {
                    duty.run(&stop, |now| engine.on_duty(now), |until| Arc::clone(&duties).done(until)).await;
                });
            }
        }
        // Pages are served a little longer than the rest, where somebody has to notice that they end.
        let (closing, leave) = (CancellationToken::new(), config.http.leave());
        let ready = Ready { leaving: stop.clone(), store: Arc::clone(&engine) as Arc<dyn Keeps> };
        let around = web::routes::Surroundings {
            clock: Arc::clone(&wiring.clock),
            shutdown: closing.clone(),
            binds: Arc::clone(&binds),
            ready: ready.clone(),
            dialogs: Arc::clone(&engine) as Arc<dyn Dialogs>,
            editor: Some(editor(&config, &engine, &stop)),
            menus: Some(Arc::new(folder.clone()) as Arc<dyn MenuDesk>),
            loans: Some(Arc::clone(&engine) as Arc<dyn LoanDesk>),
            depot: Some(Arc::clone(&engine) as Arc<dyn DepotDesk>),
            kiosks: Some(Arc::clone(&engine) as Arc<dyn KioskDesk>),
            door: Some(Arc::new(door.with_idle(config.http.desk_idle()))),
            operators: Some(Arc::clone(&engine) as Arc<dyn OperatorDesk>),
            bulk: Some(Arc::clone(&engine) as Arc<dyn BulkFront>),
            cart: Some(Arc::clone(&engine) as Arc<dyn CartFront>),
            partners: Some(Arc::clone(&engine) as Arc<dyn PartnerDesk>),
            orders: Some(Arc::clone(&engine) as Arc<dyn OrderDesk>),
            shoppers: Some(Arc::clone(&engine) as Arc<dyn ShopperDesk>),
            photos: Some(web::Photos {
                studio: Arc::clone(&studio),
                front: Arc::clone(&engine) as Arc<dyn PhotoFront>,
            }),
            hooks: Some(web::api::hooks::Hooks { desk: Arc::clone(&engine) as Arc<dyn HookDesk>, teller }),
        };
        let media = web::media::router(
            Arc::clone(&engine) as Arc<dyn MediaFront>,
            Arc::clone(&studio),
            Arc::clone(&wiring.clock),
            address::networks(&config.http.trusted_proxies).map_err(|why| why.to_string())?,
            config.media.doors().map_err(|why| format!("[media]: {why}"))?,
        );
        let pages = web::routes::router_in(Arc::clone(&front), config.http.clone(), around)
            .merge(media)
            .merge(money_doors)
            .merge(doors)
            .merge(wiring.pages);
        let meter = Arc::new(HttpMeter::default());
        let pages = pages.layer(from_fn_with_state(Arc::clone(&meter), metered));
        let (told, until) = (stop.clone(), closing.clone());
        tasks.spawn(async move {
            told.cancelled().await;
            tokio::time::sleep(leave).await;
            until.cancel();
        });
        tasks.spawn(async move {
            web::routes::serve(listener, pages, closing, DRAIN).await;
        });
        tasks.close();
        let telling = (CancellationToken::new(), TaskTracker::new());
        if let Some(listener) = told_at {
            let pages = telemetry::metrics::router(telemetry::metrics::Sources {
                engine: Arc::clone(&engine),
                store: Arc::clone(&store),
                store_name: config.store.engine.clone(),
                binds: Arc::clone(&binds),
                pool: Arc::clone(&pool),
                http: meter,
                ready: ready.clone(),
                clock: Arc::clone(&wiring.clock),
                began,
            });
            let pages = pages.merge(ready::in_full(front, ready, binds));
            let until = telling.0.clone();
            telling.1.spawn(async move { web::routes::serve(listener, pages, until, LAST_ASKED).await });
        }
        telling.1.close();
        Ok(Self {
            address,
            engine,
            pool,
            routes,
            http,
            menus: folder,
            store,
            lanes,
            studio,
            metrics,
            telling,
            leave,
            stop,
            tasks,
        })
    }

    /// The store, for looking into it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Removes photographs that no listing has and that were written longer ago than that; how many.
    ///
    /// # Errors
    /// What store or disk say.
    pub async fn clear_photos(&self, age: Duration) -> Result<u64, String> {
        clear(&self.engine, &self.studio.album, age).await
    }

    /// The lanes, for handing in what no gateway brings.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Reads the routing files of a configuration anew; those of before stay when they are wrong.
    ///
    /// # Errors
    /// The first mistake, with its file, its line and the remedy.
    pub fn reload_routes(&self, config: &Config) -> Result<(), String> {
        let known = self.routes.gateways();
        let table = config.routing.table(known).map_err(|why| why.to_string())?;
        let (operators, prefixes, ported) = table.sizes();
        self.routes.set_table(table);
        tracing::info!(operators, prefixes, ported, "SMS go by the routing files as they stand now");
        Ok(())
    }

    /// Reads the menu files anew; those of before go on serving when they have faults.
    ///
    /// # Errors
    /// When the store does not take the change. Faults of the files are logged and shown on the desk.
    pub async fn reload_menus(&self) -> Result<(), String> {
        match self.menus.read(By::Signal).await.map_err(|why| why.to_string())? {
            Outcome::Same => tracing::info!("the menu files are those that were read before"),
            Outcome::Live(_) | Outcome::Refused(_) => {}
        }
        Ok(())
    }

    /// Resolves when the service ends by itself, because its store stopped, or was told to.
    pub async fn ended(&self) {
        self.stop.cancelled().await;
    }

    /// Takes no more work; does not wait for what was taken.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Takes no more work, finishes what was taken, says good-bye to the operators.
    pub async fn shut_down(self) {
        let Self { engine, pool, store, lanes, stop, tasks, telling, leave, .. } = self;
        stop.cancel();
        let bound = DRAIN.max(pool.longest_stop()) + leave;
        let quiet = async {
            pool.stopped().await;
            lanes.drained().await;
            tasks.wait().await;
        };
        if tokio::time::timeout(bound, quiet).await.is_err() {
            tracing::warn!("not everything ended in time; what was acknowledged is durable all the same");
        }
        let (told, listener) = telling;
        told.cancel();
        listener.wait().await;
        drop((pool, engine, store));
    }
}
