//! A whole village on loopback: an operator, a mobile-money provider, a card processor, and the
//! service between them. The service can be stopped and started while the others live on.

use super::actors::{Agent, Artisan, Phone};
use super::handset::Handset;
use super::logs;
use super::providers;
use super::routes;
use super::shopper::Shopper;
use serde_json::Value;
use sokoni::cli::service::{Service, Wiring};
use sokoni::config::Config;
use sokoni::engine::clock::MovableClock;
use sokoni::engine::pins::Pins;
use sokoni::engine::port::{Subscribers, UssdEvent, UssdIn, UssdOut};
use sokoni::gateway::tally::Counts;
use sokoni::sim::aggregator::{Aggregator, AggregatorOptions};
use sokoni::sim::card::{CardOptions, CardProcessor};
use sokoni::sim::momo::{Momo, MomoOptions, Speaks};
use sokoni::sim::smsc::{Smsc, SmscSettings, Timers};
use sokoni::smpp::health::GatewayStatus;
use sokoni::types::{Clock, Lang, Msisdn, Timestamp};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long something may take that is under way: generous, the machine may be busy.
pub const SOON: Duration = Duration::from_secs(30);
/// The kiosk of the village.
pub const KIOSK: &str = "0700000201";
/// The liaison of the village.
pub const LIAISON: &str = "0700000401";
const SECOND_KIOSK: &str = "0700000202";
const DESK_KEY: &str = "the-key-of-the-desk-0";
const PASSWORD: &str = "s3cr3t";
const PROVIDER_PATH: &str = "a-path-only-the-provider-knows";
const AGGREGATOR_PATH: &str = "a-path-only-the-aggregator-knows";

/// How phones reach the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Smpp,
    Http,
}

/// What a village may be founded with.
pub struct Founding {
    /// Where the operator will listen; without it, it listens now, somewhere.
    pub smsc: Option<SocketAddr>,
    /// What the mobile-money provider speaks.
    pub provider: Speaks,
    /// How long it may take to answer, in milliseconds.
    pub answer_ms: u64,
    /// The kiosk's language.
    pub kiosk: Lang,
    /// The wait after a refused password, in milliseconds.
    pub refused_ms: u64,
    /// The most shillings of one payout.
    pub payout_max: u32,
    /// Whether Njeri keeps a second kiosk, in Mathare.
    pub two_kiosks: bool,
    /// How phones reach the service.
    pub link: Link,
    /// What the service pushes to phones over SMPP: `off`, `notify` or `ask`.
    pub push: &'static str,
    /// The menus lie in a folder of the village's own, which begins with these files in the place of
    /// those of the release that have the same name.
    pub menus: Option<Vec<(&'static str, String)>>,
    /// The mail server that takes letters; without one they are files.
    pub smtp: Option<String>,
    /// What is collected for tax authorities: rows of the configuration.
    pub taxes: &'static str,
    /// What a dollar is worth elsewhere, as the operator's file has it.
    pub rates: Option<&'static str>,
}

impl Default for Founding {
    fn default() -> Self {
        Self {
            smsc: None,
            provider: Speaks::Gsma,
            answer_ms: 10_000,
            kiosk: Lang::EN,
            refused_ms: 1_500,
            payout_max: 250_000,
            two_kiosks: false,
            link: Link::Smpp,
            push: "off",
            menus: None,
            smtp: None,
            taxes: "",
            rates: None,
        }
    }
}

/// The village.
pub struct Village {
    pub clock: Arc<MovableClock>,
    pub smsc: Smsc,
    pub aggregator: Aggregator,
    pub momo: Momo,
    pub card: CardProcessor,
    /// The gateway's name, different for every village of the process.
    pub gateway: String,
    link: Link,
    pub url: String,
    folder: tempfile::TempDir,
    address: SocketAddr,
    config: Config,
    service: Option<Service>,
    desk: reqwest::Client,
}

/// A client that goes nowhere by itself.
pub fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.timeout(SOON).build().expect("a client")
}

/// Looks until `seen` says something.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut seen: impl FnMut() -> F) -> T {
    let looked = async {
        loop {
            if let Some(found) = seen().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, looked).await.unwrap_or_else(|_| panic!("never happened: {what}"))
}

impl Village {
    /// A village on a good day, its service bound.
    pub async fn open() -> Self {
        Self::found(Founding::default()).await
    }

    /// A village of its own kind.
    pub async fn found(founding: Founding) -> Self {
        static VILLAGES: AtomicU32 = AtomicU32::new(0);
        logs::keep();
        let gateway = format!("village{}", VILLAGES.fetch_add(1, Ordering::SeqCst));
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(MovableClock::default());
        let smsc = Smsc::start(operator(None, clock.clone())).await.expect("an operator");
        let momo = Momo::start(MomoOptions {
            speaks: founding.provider,
            clock: clock.clone(),
            api_key: Some("momo-key".into()),
            passkey: Some("bfb279f9".into()),
            ..MomoOptions::default()
        });
        let momo = momo.await.expect("a provider");
        let card = CardOptions {
            api_key: Some("card-key".into()),
            ..CardOptions::new("whsec_village", Arc::clone(&clock) as Arc<dyn Clock>)
        };
        let card = CardProcessor::start(card).await.expect("a processor");
        let address = free_port();
        momo.register(&format!("http://{address}/money/airtel/{PROVIDER_PATH}"));
        let aggregator = Aggregator::start(AggregatorOptions {
            port: 0,
            username: "sokoni".to_owned(),
            api_key: "atsk-of-the-village".to_owned(),
            service_code: "*483*57#".to_owned(),
            short_code: "48357".to_owned(),
            clock: clock.clone(),
        });
        let aggregator = aggregator.await.expect("an aggregator");
        aggregator.set_callbacks(&format!("http://{address}/gateway/{gateway}/{AGGREGATOR_PATH}"));
        let secrets = [
            ("desk", DESK_KEY),
            ("smsc", PASSWORD),
            ("mpesa-path", PROVIDER_PATH),
            ("mpesa-key", "momo-key"),
            ("mpesa-passkey", "bfb279f9"),
            ("card-key", "card-key"),
            ("card-webhook", "whsec_village"),
            ("at-path", AGGREGATOR_PATH),
            ("at-key", "atsk-of-the-village"),
        ];
        for (name, secret) in secrets.into_iter().chain(super::media::SECRETS) {
            std::fs::write(folder.path().join(name), secret).expect("a secret");
        }
        if let Some(rates) = founding.rates {
            std::fs::write(folder.path().join("rates.toml"), rates).expect("a file");
        }
        super::desk::employ(folder.path());
        let route = match founding.link {
            Link::Smpp => routes::smpp(&founding, &gateway, smsc.addr),
            Link::Http => routes::http(&gateway, &aggregator.url),
        };
        if let Some(own) = &founding.menus {
            let menus = folder.path().join("menus");
            std::fs::create_dir(&menus).expect("a folder");
            for (name, text) in sokoni::menu::builtin::sources() {
                let name = name.trim_start_matches("menus/");
                // A tree of one's own has no further languages.
                let tree = std::path::Path::new(name).with_extension("menu");
                if !name.ends_with(".menu") && own.iter().any(|(own, _)| tree.as_os_str() == *own) {
                    continue;
                }
                let text = own.iter().find(|(own, _)| *own == name).map_or(&text, |(_, text)| text);
                std::fs::write(menus.join(name), text).expect("a menu");
            }
        }
        let text = configuration(&founding, &route, address, (&momo.url, &card.url));
        let mut config = Config::parse(&text, "the village", folder.path()).expect("a configuration");
        config.http = config.http.with_secrets(folder.path(), None).expect("a key");
        card.set_webhook(&format!("http://{address}{}", sokoni::money::card::webhook::PATH));
        let url = format!("http://{address}");
        let (desk, link, service) = (client(), founding.link, None);
        let mut village = Self {
            clock,
            smsc,
            aggregator,
            momo,
            card,
            gateway,
            link,
            url,
            folder,
            address,
            config,
            service,
            desk,
        };
        village.start().await;
        if founding.smsc.is_none() {
            village.bound().await;
        }
        village
    }

    /// Starts the service over what it left behind.
    pub async fn start(&mut self) {
        let listener =
            until("the port is free", || async { tokio::net::TcpListener::bind(self.address).await.ok() })
                .await;
        let wiring = Wiring {
            listener: Some(listener),
            pins: Some(Pins::quick()),
            ..Wiring::new(Arc::clone(&self.clock) as Arc<dyn Clock>)
        };
        self.service = Some(Service::start(self.config.clone(), wiring).await.expect("the service starts"));
    }

    /// Why the service does not start over what it left behind.
    pub async fn stays_shut(&self) -> String {
        let wiring = Wiring {
            listener: Some(tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port")),
            pins: Some(Pins::quick()),
            ..Wiring::new(Arc::clone(&self.clock) as Arc<dyn Clock>)
        };
        let started = Service::start(self.config.clone(), wiring).await;
        started.err().expect("the service does not start")
    }

    /// Stops the service as a signal does.
    pub async fn stop(&mut self) {
        self.service.take().expect("the service runs").shut_down().await;
    }

    /// Stops the service and starts it again.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
        self.bound().await;
    }

    /// What the aggregator's gateway did.
    pub fn http_counts(&self) -> Counts {
        let status = self.service.as_ref().expect("the service runs").http.status();
        status.first().expect("an HTTP gateway").1
    }

    /// Lets time pass, a little at a time, until something is so.
    pub async fn passes_time_until(&self, what: &str, so: impl Fn() -> bool) {
        until(what, || async {
            self.clock.advance(Duration::from_secs(3));
            tokio::time::sleep(Duration::from_millis(50)).await;
            so().then_some(())
        })
        .await;
    }

    /// Hands in a step that has waited for so long, as its lane takes it up: what came of it.
    pub async fn takes_up(&self, number: &str, event: UssdEvent, waited: Duration) -> UssdOut {
        let now = self.clock.now().millis();
        let waited = i64::try_from(waited.as_millis()).expect("a while");
        let step = UssdIn {
            gateway: self.gateway.as_str().into(),
            msisdn: Msisdn::parse_kenyan(number).expect("a number"),
            session: b"a call of hers".to_vec(),
            sequence: None,
            event,
            mark: None,
            septets: None,
            at: Timestamp::from_millis(now - waited),
        };
        let lanes = self.service.as_ref().expect("the service runs").lanes();
        lanes.ussd(step).expect("her lane has room").await
    }

    /// Waits until the service is bound to the operator.
    pub async fn bound(&self) {
        if self.link == Link::Http {
            return;
        }
        self.smsc.wait_bound(1, SOON).await.expect("the service binds");
    }

    /// Opens the operator that was promised, where it was promised.
    pub async fn open_operator(&mut self, at: SocketAddr) {
        self.smsc = Smsc::start(operator(Some(at), self.clock.clone())).await.expect("an operator");
    }

    /// How the service sees its connections.
    pub fn gateways(&self) -> Vec<GatewayStatus> {
        self.service.as_ref().expect("the service runs").pool.status()
    }

    /// Somebody hangs up; comes back when the service has been told.
    pub async fn hangs_up(&self, phone: &Phone) {
        let steps = || self.gateways().iter().map(|gateway| gateway.counters.ussd_in).sum::<u64>();
        let before = steps();
        phone.handset.cancel().await;
        until("the service hears of it", || async { (steps() > before).then_some(()) }).await;
    }

    /// The phone with this number.
    pub fn phone(&self, number: &str, lang: Lang) -> Phone {
        let number = Msisdn::parse_kenyan(number).expect("a number");
        let handset = match self.link {
            Link::Smpp => Handset::Smpp(self.smsc.handset(number)),
            Link::Http => Handset::Http(self.aggregator.handset(number)),
        };
        Phone::new(handset, lang)
    }

    /// Achieng, who joins in English.
    pub async fn achieng(&self) -> Artisan {
        Artisan::joins(self.phone("0700000101", Lang::EN), "Achieng Otieno", "5093").await
    }

    /// Wanjiru, who joins in Swahili.
    pub async fn wanjiru(&self) -> Artisan {
        Artisan::joins(self.phone("0700000102", Lang::SW), "Wanjiru Kamau", "7418").await
    }

    /// Amina, who keeps the kiosk.
    pub fn amina(&self) -> Agent {
        Agent(self.phone(KIOSK, Lang::EN))
    }

    /// Halima, the liaison.
    pub fn halima(&self) -> Phone {
        self.phone(LIAISON, Lang::EN)
    }

    /// Njeri, who keeps the second kiosk where there are two.
    pub fn njeri(&self) -> Agent {
        Agent(self.phone(SECOND_KIOSK, Lang::EN))
    }

    /// Somebody far away with a card.
    pub fn shopper(&self) -> Shopper {
        Shopper::new(&self.url)
    }

    // ---- the desk ------------------------------------------------------------------

    /// An answer of the desk.
    pub async fn desk(&self, what: &str) -> Value {
        serde_json::from_str(&self.desk_text(what).await).expect("JSON")
    }

    /// The same, as it was sent.
    pub async fn desk_text(&self, what: &str) -> String {
        let request = self.desk.get(format!("{}/desk/api/{what}", self.url)).bearer_auth(DESK_KEY);
        let answer = request.send().await.expect("the desk answers");
        assert!(answer.status().is_success(), "{what}: {}", answer.status());
        answer.text().await.expect("text")
    }

    /// Every account with its balance in cents. The books balance, or this panics.
    pub async fn books(&self) -> BTreeMap<String, i64> {
        let trial = self.desk("trial-balance").await;
        assert_eq!(trial["sum"], 0, "{trial}");
        let rows = trial["rows"].as_array().expect("rows");
        let row = |row: &Value| {
            (row["account"].as_str().expect("a name").to_owned(), row["balance"].as_i64().expect("cents"))
        };
        rows.iter().map(row).collect()
    }

    /// What an account holds, in cents; accounts of persons by the first half of their name, when
    /// the village has one such person.
    pub async fn account(&self, name: &str) -> i64 {
        let books = self.books().await;
        let hers: Vec<i64> =
            books.iter().filter(|(account, _)| account.starts_with(name)).map(|(_, sum)| *sum).collect();
        assert!(hers.len() <= 1, "{name} is not one account: {books:?}");
        hers.first().copied().unwrap_or(0)
    }

    /// The states of all payouts, newest first.
    pub async fn payouts(&self) -> Vec<String> {
        let payouts = self.desk("payouts").await;
        let rows = payouts["rows"].as_array().expect("rows");
        rows.iter().map(|row| row["state"].as_str().expect("a state").to_owned()).collect()
    }

    /// A page of the desk, as a browser that was let in sees it.
    pub async fn desk_page(&self, path: &str) -> String {
        let request = self.desk.get(format!("{}{path}", self.url)).bearer_auth(DESK_KEY);
        let answer = request.send().await.expect("the desk answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("a page")
    }

    /// Presses a button of the desk; where it leads.
    pub async fn desk_press(&self, path: &str, form: &[(&str, &str)]) -> String {
        let request = self.desk.post(format!("{}{path}", self.url)).bearer_auth(DESK_KEY).form(form);
        let answer = request.send().await.expect("the desk answers");
        assert_eq!(answer.status(), 303, "{path}");
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// Has the menus read as SIGHUP does.
    pub async fn reads_menus(&self) {
        self.service.as_ref().expect("the service runs").reload_menus().await.expect("a store");
    }

    /// Removes photographs that no listing has, however young; how many.
    pub async fn clears_photos(&self) -> u64 {
        let service = self.service.as_ref().expect("the service runs");
        service.clear_photos(Duration::ZERO).await.expect("a folder")
    }

    /// A file of the village's own menus.
    pub fn menu(&self, name: &str) -> PathBuf {
        self.folder.path().join("menus").join(name)
    }

    // ---- the end -----------------------------------------------------------------------

    /// The folder of the store.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Runs the command itself over the store.
    pub fn runs(&self, args: &[&str]) -> Output {
        assert!(self.service.is_none(), "the service has the store open");
        let mut sokoni = Command::new(env!("CARGO_BIN_EXE_sokoni"));
        sokoni.args(args).arg("--data").arg(self.data()).output().expect("the command runs")
    }

    /// The same, where it must do; its output.
    pub fn sokoni(&self, args: &[&str]) -> String {
        let run = self.runs(args);
        let said =
            format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{args:?}: {said}");
        said
    }

    /// Closes the village; the store must be whole, the books must balance, and every dialog must play
    /// again as it was.
    pub async fn closes(mut self) {
        self.stop().await;
        let verified = self.sokoni(&["store", "verify"]);
        assert!(verified.starts_with("whole: "), "{verified}");
        let played = self.sokoni(&["replay", "--verify"]);
        assert!(played.starts_with("same: "), "{played}");
        let trial = self.sokoni(&["ledger", "trial-balance", "--json"]);
        let trial: Value = serde_json::from_str(&trial).expect("JSON");
        assert_eq!(trial["sum"], 0, "{trial}");
        let proven = self.sokoni(&["ledger", "verify"]);
        assert!(proven.starts_with("whole: "), "{proven}");
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn operator(listen: Option<SocketAddr>, clock: Arc<MovableClock>) -> SmscSettings {
    let usual = SmscSettings::default();
    SmscSettings {
        listen: listen.unwrap_or(usual.listen),
        password: PASSWORD.to_owned(),
        clock,
        timers: Timers { answer: SOON, ..Timers::default() },
        ..usual
    }
}

/// What somebody would write who runs this village.
fn configuration(founding: &Founding, route: &str, web: SocketAddr, others: (&str, &str)) -> String {
    let (momo, card) = others;
    let (kiosk, provider) =
        (founding.kiosk.tag(), providers::table(founding.provider, founding.answer_ms, web, momo));
    let second = match founding.two_kiosks {
        true => format!(
            "[[kiosk]]\nphone = \"{SECOND_KIOSK}\"\nname = \"Njeri Mwangi\"\nplace = \"Mathare Kiosk\"\narea = \"mathare\""
        ),
        false => String::new(),
    };
    // No loan is larger than what one payout carries.
    let (payout_max, loan_max) = (founding.payout_max, founding.payout_max.min(50_000));
    let letters =
        founding.smtp.as_ref().map_or("folder = \"mail\"".into(), |url| format!("smtp = \"{url}\""));
    let rates = founding.rates.map_or("", |_| "rates_file = \"rates.toml\"");
    let taxes = founding.taxes;
    let menus = if founding.menus.is_some() { "[service]\nmenus = \"menus\"" } else { "" };
    let media = super::media::TABLES;
    format!(
        r#"
{menus}
{media}

[store]
path = "store"
cache_mib = 8

[http]
public_url    = "http://{web}"
desk_key_file = "desk"
desk_people_file = "people.toml"
api_keys_file = "api-keys.toml"
api_calls_per_minute = 60000
webhooks_to_loopback = true
pay_origins   = ["{card}"]
{rates}

[mail]
from   = "Sokoni <orders@sokoni.example>"
{letters}

{route}
[[kiosk]]
phone = "{KIOSK}"
name  = "Amina Hassan"
place = "Kibera Kiosk"
area  = "kibera"
lang  = "{kiosk}"

[[liaison]]
phone = "{LIAISON}"
name  = "Halima Noor"
area  = "kibera"

{second}

{provider}
[money.card]
base_url            = "{card}"
api_key_file        = "card-key"
webhook_secret_file = "card-webhook"

[market.stock]
look_again_every = 1

[market.payout]
max_shillings = {payout_max}

[market.loan]
max_shillings = {loan_max}

{taxes}
"#
    )
}
