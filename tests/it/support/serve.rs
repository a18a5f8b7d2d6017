//! The real binary with a configuration and secrets in a folder of its own, doubles of the money
//! providers around it, and the ways in which shoppers and the desk reach it.

#![expect(clippy::disallowed_methods, reason = "a test outside of the program waits by the machine's clock")]

use super::shopper::attribute;
use serde_json::Value;
use sokoni::sim::card::{CardOptions, CardProcessor, Delivery};
use sokoni::sim::momo::{Momo, MomoOptions};
use sokoni::types::{Clock, Timestamp};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What binds to the SMSC must say.
pub const PASSWORD: &str = "s3cr3t";
/// Opens the desk.
pub const DESK_KEY: &str = "a-key-of-the-desk-for-tests";
/// Opens the provider of mobile money to us; the secret part of our address that it calls.
pub const MPESA_KEY: &str = "mpesa-key-for-tests";
pub const MPESA_PATH: &str = "0123456789abcdef0123456789abcdef";
const CARD_KEY: &str = "sk_test_sokoni";
const HOOK: &str = "whsec_test_sokoni_local_double";
/// The aggregator, the secret part of our address that it calls, and our key there.
pub const AGGREGATOR: &str = "at";
pub const AGGREGATOR_PATH: &str = "0123456789abcdef0123456789abcdef";
pub const AGGREGATOR_KEY: &str = "atsk_for_tests";
/// The files of secrets, and what they hold.
const SECRETS: [(&str, &str); 8] = [
    ("smsc", PASSWORD),
    ("desk", DESK_KEY),
    ("mpesa-path", MPESA_PATH),
    ("mpesa-key", MPESA_KEY),
    ("card-key", CARD_KEY),
    ("card-webhook", HOOK),
    ("at-path", AGGREGATOR_PATH),
    ("at-key", AGGREGATOR_KEY),
];
/// How long the slowest thing on a busy machine may take.
pub const SOON: Duration = Duration::from_secs(60);

/// The machine's clock, as the service reads it.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a date"))
    }
}

/// The gateway that the configuration names.
pub struct Gateway {
    pub address: SocketAddr,
    pub dialect: &'static str,
    pub bind: &'static str,
}

/// Everything around the service: folder, providers, a shopper's browser.
pub struct Site {
    folder: tempfile::TempDir,
    pub http: SocketAddr,
    pub momo: Momo,
    pub card: CardProcessor,
    browser: reqwest::Client,
}

impl Site {
    /// Starts the providers and writes configuration and secrets.
    pub async fn open(gateway: &Gateway) -> Self {
        Self::with(&smsc_table(gateway)).await
    }

    /// The same, with an aggregator at this address and no SMSC.
    pub async fn behind(aggregator: &str) -> Self {
        Self::with(&aggregator_table(aggregator)).await
    }

    async fn with(gateways: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let http = free_address();
        let momo = MomoOptions { api_key: Some(MPESA_KEY.to_owned()), ..MomoOptions::default() };
        let momo = Momo::start(momo).await.expect("a port");
        let card =
            CardOptions { api_key: Some(CARD_KEY.to_owned()), ..CardOptions::new(HOOK, Arc::new(WallClock)) };
        let card = CardProcessor::start(card).await.expect("a port");
        card.set_webhook(&format!("http://{http}{}", sokoni::money::card::webhook::PATH));
        card.deliver(Delivery { retry_ms: 200, tries: 9, ..Delivery::default() });

        let secrets = folder.path().join("secrets");
        std::fs::create_dir(&secrets).expect("a folder");
        for (name, value) in SECRETS {
            std::fs::write(secrets.join(name), format!("{value}\n")).expect("written");
        }
        let text = configuration(http, gateways, &momo.url, &card.url);
        std::fs::write(folder.path().join("config.toml"), text).expect("written");
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client");
        Self { folder, http, momo, card, browser }
    }

    /// Says more about the gateway than the configuration does by itself.
    pub fn tell_gateway(&self, settings: &str) {
        let path = self.file("config.toml");
        let text = std::fs::read_to_string(&path).expect("written before");
        let more = text.replace("[[smsc]]\n", &format!("[[smsc]]\n{settings}\n"));
        std::fs::write(path, more).expect("written");
    }

    /// Puts another provider of mobile money, and whatever else stands in these tables, in the place of
    /// the one that the configuration names by itself.
    pub fn is_paid_by(&self, tables: &str) {
        let path = self.file("config.toml");
        let text = std::fs::read_to_string(&path).expect("written before");
        let (before, rest) = text.split_once("[money.mpesa]").expect("a provider");
        let (_, after) = rest.split_once("[money.card]").expect("a processor");
        std::fs::write(path, format!("{before}{tables}[money.card]{after}")).expect("written");
        let secrets = [("mpesa-path", MPESA_PATH), ("mpesa-key", MPESA_KEY), ("mpesa-passkey", MPESA_KEY)];
        for (name, value) in secrets {
            std::fs::write(self.file(name), value).expect("written");
        }
    }

    /// Writes something else into the configuration; what stood there did.
    pub fn changes(&self, was: &str, is: &str) {
        let path = self.file("config.toml");
        let text = std::fs::read_to_string(&path).expect("written before");
        assert!(text.contains(was), "{was} is not in {text}");
        std::fs::write(path, text.replace(was, is)).expect("written");
    }

    /// Everything is kept in this database, and a node that was silent for three seconds is taken for gone.
    pub fn keeps_in(&self, url: &str) {
        let table = format!(
            "[store]\nengine = \"postgres\"\npostgres.url = \"{url}\"\npostgres.takeover_seconds = 3\n"
        );
        self.changes("[store]\n", &table);
    }

    /// Another machine of the same service, by its own configuration; where it listens.
    pub fn adds_node(&self, config: &str) -> SocketAddr {
        let text = std::fs::read_to_string(self.file("config.toml")).expect("written before");
        let http = free_address();
        let line = |http| format!("listen        = \"{http}\"");
        assert!(text.contains(&line(self.http)), "{text}");
        std::fs::write(self.file(config), text.replace(&line(self.http), &line(http))).expect("written");
        http
    }

    /// Every secret of the configuration.
    pub fn secrets(&self) -> impl Iterator<Item = String> {
        SECRETS.iter().map(|(_, secret)| (*secret).to_owned())
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Another file beside the configuration.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `sokoni` with arguments to its end; its standard output.
    pub fn sokoni(&self, arguments: &[&str]) -> (ExitStatus, String) {
        let config = std::fs::read_to_string(self.file("config.toml")).expect("written before");
        let place = match config.contains("engine = \"postgres\"") {
            true => ["--config".into(), self.file("config.toml")],
            false => ["--data".into(), self.data()],
        };
        self.run(Command::new(env!("CARGO_BIN_EXE_sokoni")).args(arguments).args(place))
    }

    /// The same, with nothing but these arguments.
    pub fn plain(&self, arguments: &[&str]) -> (ExitStatus, String) {
        self.run(Command::new(env!("CARGO_BIN_EXE_sokoni")).args(arguments))
    }

    fn run(&self, command: &mut Command) -> (ExitStatus, String) {
        let done = command.current_dir(self.folder.path()).output().expect("runs");
        let said = [done.stdout, done.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
        (done.status, said.concat())
    }

    /// The store is whole and the books add up to zero; no service may have it open.
    pub fn audit(&self) {
        let (status, said) = self.sokoni(&["store", "verify"]);
        assert!(status.success(), "store verify: {said}");
        let (status, said) = self.sokoni(&["ledger", "trial-balance", "--json"]);
        assert!(status.success(), "trial balance: {said}");
        let books: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(books["sum"], 0, "{said}");
    }

    /// What the desk's API says.
    pub async fn desk(&self, what: &str) -> Value {
        self.try_desk(what).await.expect("the desk answers")
    }

    /// The same, `None` while the service is down.
    pub async fn try_desk(&self, what: &str) -> Option<Value> {
        let url = format!("http://{}/desk/api/{what}", self.http);
        let answer = self.browser.get(url).bearer_auth(DESK_KEY).send().await.ok()?;
        assert_eq!(answer.status(), 200, "{what}");
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }

    /// Whether the shop answers.
    pub async fn is_up(&self) -> bool {
        self.is_up_at(self.http).await
    }

    /// The same, of the node that listens there.
    pub async fn is_up_at(&self, http: SocketAddr) -> bool {
        let url = format!("http://{http}/healthz");
        self.browser.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Looks at the total and sends the shop's form as a browser would, with the key its page had. `None` when it is to
    /// be sent again: the answer was lost, the service or the processor is down; else where the
    /// shopper pays.
    pub async fn check_out(&self, listing: &str, pieces: u32, key: &str) -> Option<String> {
        let pieces = pieces.to_string();
        let mut form = vec![
            ("code", listing),
            ("quantity", &*pieces),
            ("name", "Asha Njeri"),
            ("email", "asha@example.org"),
            ("country", "NL"),
            ("address", "Prinsengracht 1\nAmsterdam"),
            ("idempotency_key", key),
        ];
        let total = format!("http://{}/piece/{listing}", self.http);
        let shown = self.browser.post(total).form(&form).send().await.ok()?;
        if shown.status().is_server_error() {
            return None;
        }
        let sums = attribute(&shown.text().await.ok()?, "name=\"sums\"", "value").unwrap_or_default();
        form.push(("sums", &sums));
        let url = format!("http://{}/checkout", self.http);
        let answer = self.browser.post(url).form(&form).send().await.ok()?;
        if answer.status().is_server_error() {
            return None;
        }
        assert_eq!(answer.status(), 303, "the form is good: {}", answer.text().await.unwrap_or_default());
        Some(answer.headers()["location"].to_str().expect("an address").to_owned())
    }

    /// Presses "pay" on the card processor's page; where it leads back to.
    pub async fn pay(&self, page: &str) -> String {
        let form = [("card", "4242 4242 4242 4242")];
        let answer = self.browser.post(page).form(&form).send().await.expect("the processor answers");
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// A page of the shop.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.browser.get(format!("http://{}{path}", self.http)).send().await;
        let answer = answer.expect("the shop answers");
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.expect("a page")
    }
}

/// An address that nobody listens at. The system gives none like it to whoever only calls, so it stays
/// free while the service is down.
pub fn free_address() -> SocketAddr {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(97);
    let ports = std::iter::repeat_with(|| first.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed)));
    let addresses = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], 12_000 + (port % 18_000) as u16)));
    addresses.take(18_000).find(|at| std::net::TcpListener::bind(at).is_ok()).expect("a port")
}

fn smsc_table(gateway: &Gateway) -> String {
    let Gateway { address, dialect, bind } = gateway;
    format!(
        r#"[[smsc]]
name          = "safari"
address       = "{address}"
system_id     = "sokoni"
password_file = "secrets/smsc"
bind          = "{bind}"
dialect       = "{dialect}"
service_code  = "*483*57#"
sms_sender    = "48357"
reconnect_ms  = 100
reconnect_most_ms = 500
"#
    )
}

fn aggregator_table(address: &str) -> String {
    format!(
        r#"[[http_gateway]]
name             = "{AGGREGATOR}"
kind             = "africastalking"
secret_path_file = "secrets/at-path"
allow            = ["127.0.0.0/8"]
username         = "sokoni"
api_key_file     = "secrets/at-key"
sms_sender       = "48357"
send.url         = "{address}/version1/messaging"
"#
    )
}

fn configuration(http: SocketAddr, gateways: &str, momo: &str, card: &str) -> String {
    format!(
        r#"
[http]
listen        = "{http}"
public_url    = "http://{http}"
desk_key_file = "secrets/desk"
pay_origins   = ["{card}"]

[store]
cache_mib = 8

[market.listing]
max_per_artisan = 999

{gateways}
[[kiosk]]
phone = "0700 000 201"
name  = "Amina Hassan"
place = "Kibera Kiosk"
area  = "kibera"
lang  = "en"

[money.mpesa]
base_url         = "{momo}"
callback_base    = "http://{http}"
secret_path_file = "secrets/mpesa-path"
api_key_file     = "secrets/mpesa-key"
answer_timeout_ms = 1000

[money.card]
base_url            = "{card}"
api_key_file        = "secrets/card-key"
webhook_secret_file = "secrets/card-webhook"

[telemetry]
log = "info"
"#
    )
}

/// `sokoni serve`, running; killed when dropped.
pub struct Server(Child);

impl Server {
    /// Starts the binary; what it logs goes to `server.log` beside the configuration.
    pub fn start(site: &Site) -> Self {
        Self::start_as(site, "config.toml")
    }

    /// The same, by another configuration.
    pub fn start_as(site: &Site, config: &str) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(site.file("server.log"));
        let child = Command::new(env!("CARGO_BIN_EXE_sokoni"))
            .args(["serve", "--config"])
            .arg(site.file(config))
            .stdin(Stdio::null())
            .stderr(log.expect("a file"))
            .spawn()
            .expect("starts");
        Self(child)
    }

    /// Waits until the shop answers.
    pub async fn ready(&mut self, site: &Site) {
        self.ready_at(site, site.http).await;
    }

    /// Waits until the shop answers there.
    pub async fn ready_at(&mut self, site: &Site, http: SocketAddr) {
        let started = Instant::now();
        while !site.is_up_at(http).await {
            if let Some(status) = self.0.try_wait().expect("a child") {
                panic!("serve ended with {status}: {}", log_of(site));
            }
            assert!(started.elapsed() < SOON, "serve does not listen: {}", log_of(site));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Memory it holds now, in KiB.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// SIGKILL, in the middle of whatever it does.
    pub fn kill(mut self) {
        self.0.kill().expect("it ran until now");
        self.0.wait().expect("ended");
    }

    /// Sends it a signal: `-HUP`, `-TERM`.
    pub fn signal(&self, signal: &str) {
        let told = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(told.expect("kill is installed").success());
    }

    /// SIGTERM, and how it ends.
    pub async fn terminate(self, site: &Site) -> ExitStatus {
        self.signal("-TERM");
        self.ends(site).await
    }

    /// How it ends by itself.
    pub async fn ends(mut self, site: &Site) -> ExitStatus {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                return status;
            }
            assert!(asked.elapsed() < SOON, "serve does not end: {}", log_of(site));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The end of what the service logged.
pub fn log_of(site: &Site) -> String {
    let text = std::fs::read_to_string(site.file("server.log")).unwrap_or_default();
    let from = text.len().saturating_sub(6_000);
    text[text.ceil_char_boundary(from)..].to_owned()
}
