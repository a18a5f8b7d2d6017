//! What the service says of itself to those who run it: metrics, readiness, traces; and that none of it
//! names anybody.

use crate::support::actors::{Artisan, Phone};
use crate::support::handset::Handset;
use crate::support::listen::listen;
use crate::support::serve::{Gateway, Server, Site, free_address, log_of};
use crate::support::village::{client, until};
use axum::body::Bytes;
use axum::{Router, routing::post};
use serde_json::Value;
use sokoni::sim::smsc::Smsc;
use sokoni::telemetry::names::{self, Kind};
use sokoni::types::Lang;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const NAME: &str = "Achieng Otieno";
const PIN: &str = "5093";
/// Achieng's phone as it may be written, from its shortest part on.
const PHONES: [&str; 2] = ["700000101", "0700 000 101"];

struct Town {
    smsc: Smsc,
    site: Site,
    metrics: SocketAddr,
}

impl Town {
    async fn with(more: &str) -> Self {
        let smsc = crate::crash::operator().await;
        let gateway = Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" };
        let site = Site::open(&gateway).await;
        let metrics = free_address();
        site.changes("[telemetry]\n", &format!("[metrics]\nlisten = \"{metrics}\"\n\n[telemetry]\n{more}\n"));
        Self { smsc, site, metrics }
    }

    async fn started(&self) -> Server {
        let mut server = Server::start(&self.site);
        server.ready(&self.site).await;
        self.smsc.wait_bound(1, crate::support::serve::SOON).await.expect("it binds");
        server
    }

    async fn achieng(&self) -> Artisan {
        let msisdn = "254700000101".parse().expect("a number");
        Artisan::joins(Phone::new(Handset::Smpp(self.smsc.handset(msisdn)), Lang::EN), NAME, PIN).await
    }

    /// What Prometheus hears.
    async fn scrape(&self) -> Scrape {
        let answer = client().get(format!("http://{}/metrics", self.metrics)).send().await.expect("told");
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        Scrape::read(answer.text().await.expect("text"))
    }

    async fn asks(&self, at: SocketAddr) -> Option<(u16, Value)> {
        let answer = client().get(format!("http://{at}/readyz")).send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }
}

struct Scrape {
    text: String,
    kinds: BTreeMap<String, String>,
    values: BTreeMap<String, f64>,
}

impl Scrape {
    fn read(text: String) -> Self {
        assert!(text.ends_with("# EOF\n"), "{text}");
        let words = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let kinds = text.lines().filter_map(|line| words(line.strip_prefix("# TYPE ")?)).collect();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let values = rows
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').expect("a value");
                (name.to_owned(), value.parse().expect("a number"))
            })
            .collect();
        Self { text, kinds, values }
    }

    fn of(&self, row: &str) -> f64 {
        *self.values.get(row).unwrap_or_else(|| panic!("no {row}: {}", self.text))
    }
}

#[tokio::test]
async fn prometheus_hears_every_metric_of_the_list_and_no_name_and_no_phone() {
    let town = Town::with("").await;
    let server = town.started().await;
    let achieng = town.achieng().await;
    achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    town.site.page("/").await;
    let told = until("her texts have left", || async {
        let told = town.scrape().await;
        (told.values.get("sokoni_outbox_rows{kind=\"sms\"}") == Some(&0.0)).then_some(told)
    })
    .await;

    let bind = "{gateway=\"safari\",bind=\"1\",mode=\"transceiver\"}";
    assert_eq!(told.of(&format!("sokoni_bind_up{bind}")), 1.0);
    assert!(told.of(&format!("sokoni_ussd_received_total{bind}")) >= 5.0);
    assert!(told.of(&format!("sokoni_sms_received_total{bind}")) >= 1.0);
    assert!(told.of(&format!("sokoni_sms_sent_total{bind}")) >= 2.0);
    assert!(told.of("sokoni_outbox_sends_total{kind=\"sms\",outcome=\"settled\"}") >= 2.0);
    let asked = told.of("sokoni_ussd_turns_total{outcome=\"ask\"}");
    let turns: f64 = ["ask", "end", "nothing", "shed"]
        .iter()
        .map(|outcome| told.of(&format!("sokoni_ussd_turns_total{{outcome=\"{outcome}\"}}")))
        .sum();
    assert!(asked >= 4.0);
    assert_eq!(told.of("sokoni_ussd_reply_seconds_count"), turns, "every turn is measured");
    let commits = told.of("sokoni_store_commits_total");
    assert!(commits >= turns - 1.0 && told.of("sokoni_store_position") >= commits);
    assert_eq!(told.of("sokoni_store_group_commits_sum"), commits, "every commit is in a group");
    assert_eq!(told.of("sokoni_store_up") + told.of("sokoni_ready"), 2.0);
    assert!(told.of("sokoni_http_requests_total{route=\"/\",class=\"2xx\"}") >= 1.0);
    assert!(told.of("process_resident_memory_bytes") > 1e6);
    assert_eq!(told.of("sokoni_build_info{version=\"0.1.0\",store=\"sled\"}"), 1.0);

    // Of the list, only what an operator without HTTP and without a refusal never brings about is missing.
    let listed: BTreeMap<String, &str> = names::ALL
        .iter()
        .map(|metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            (metric.name.trim_end_matches("_total").to_owned(), kind)
        })
        .collect();
    for (name, kind) in &told.kinds {
        assert_eq!(listed.get(name), Some(&kind.as_str()), "{name} is not in the list so");
    }
    let missing: BTreeSet<&str> =
        listed.keys().filter(|name| !told.kinds.contains_key(*name)).map(String::as_str).collect();
    let http =
        ["sokoni_gateway_strangers", "sokoni_sms_refused", "sokoni_sms_repeats", "sokoni_submit_refused"];
    assert_eq!(missing, BTreeSet::from(http));

    for row in told.values.keys() {
        let named = PHONES.into_iter().chain([NAME, "Achieng", PIN]).find(|private| row.contains(private));
        assert_eq!(named, None, "{row}");
    }
    let status = server.terminate(&town.site).await;
    assert!(status.success(), "{status}: {}", log_of(&town.site));
}

#[tokio::test]
async fn a_service_that_is_told_to_end_says_so_before_it_closes_its_door() {
    let town = Town::with("").await;
    town.site.changes("[http]\n", "[http]\nleave_seconds = 6\n");
    let server = town.started().await;
    let (at, shop) = (town.metrics, town.site.http);
    for at in [at, shop] {
        let (status, said) = town.asks(at).await.expect("an answer");
        assert_eq!((status, said["ready"].as_bool()), (200, Some(true)));
    }
    // An operator that is gone is told, and takes nobody out of service.
    town.smsc.refuse_for(std::time::Duration::from_secs(600));
    town.smsc.drop_links();
    let said = until("the bind is down", || async {
        let (status, said) = town.asks(at).await?;
        assert_eq!(status, 200, "{said}");
        (said["binds_up"] == 0).then_some(said)
    })
    .await;
    let down = said["binds_down"][0].as_str().expect("a sentence");
    assert!(down.starts_with("safari 1 transceiver: "), "{down}");
    // Strangers hear no more than yes or no.
    assert_eq!(town.asks(shop).await, Some((200, serde_json::json!({ "ready": true }))));

    server.signal("-TERM");
    let said = until("it says that it ends", || async {
        let (status, said) = town.asks(at).await.expect("the door is still open");
        (status == 503).then_some(said)
    })
    .await;
    assert_eq!(town.asks(shop).await, Some((503, serde_json::json!({ "ready": false }))));
    assert_eq!(said["against"][0], "the service is ending");
    town.site.page("/").await;
    let told = town.scrape().await;
    assert_eq!((told.of("sokoni_ready"), told.of("sokoni_store_up")), (0.0, 1.0));
    let status = server.ends(&town.site).await;
    assert!(status.success(), "{status}: {}", log_of(&town.site));
    assert!(town.asks(shop).await.is_none() && town.asks(at).await.is_none(), "both doors are closed");
    town.site.audit();
}

#[tokio::test]
async fn told_to_end_in_the_middle_of_calls_it_answers_them_and_a_redial_goes_on() {
    let town = Town::with("").await;
    let server = town.started().await;
    let achieng = town.achieng().await;
    let menu = achieng.dials().await;
    let deeper = achieng.presses("1").await;
    assert_ne!(menu, deeper);
    let status = server.terminate(&town.site).await;
    assert!(status.success(), "{status}: {}", log_of(&town.site));
    assert!(!log_of(&town.site).contains("not everything ended in time"), "{}", log_of(&town.site));
    assert_eq!(town.smsc.receivers(), 0, "it said good-bye");

    let server = town.started().await;
    achieng.handset.cancel().await;
    let again = achieng.dials().await;
    assert_ne!(again, menu);
    until("it counts the call that goes on", || async {
        (town.scrape().await.of("sokoni_dialogs_resumed_total") == 1.0).then_some(())
    })
    .await;
    assert!(server.terminate(&town.site).await.success());
}

/// A collector of traces: what it was sent.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&got);
    let take = move |body: Bytes| async move {
        kept.lock().expect("whole").extend_from_slice(&body);
    };
    (listen(Router::new().route("/v1/traces", post(take))).await, got)
}

/// Whether a word stands there by itself: an id of ours may hold any digits.
fn holds(octets: &[u8], word: &str) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| octets.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    octets.windows(word.len()).enumerate().any(|(at, window)| {
        let alone = || !letter(at.checked_sub(1)) && !letter(Some(at + word.len()));
        window == word.as_bytes() && (!word.chars().all(|c| c.is_ascii_digit()) || alone())
    })
}

#[tokio::test]
async fn traces_tell_a_collector_of_turns_and_sends_and_requests_and_of_nobody() {
    let (url, got) = collector().await;
    // Even where everything is logged.
    let town = Town::with(&format!("otlp = \"{url}\"\notlp_share = 1.0\n")).await;
    town.site.changes("log = \"info\"", "log = \"info,sokoni=trace\"");
    let server = town.started().await;
    let achieng = town.achieng().await;
    let listing = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    town.site.page("/").await;
    assert!(client().get(format!("http://{}/piece/{listing}", town.site.http)).send().await.is_ok());
    let status = server.terminate(&town.site).await;
    assert!(status.success(), "{status}: {}", log_of(&town.site));

    let octets = got.lock().expect("whole").clone();
    for word in [
        "sokoni",
        "ussd.turn",
        "outbox.send",
        "http",
        "safari",
        "dialog",
        "screen",
        "outcome",
        "ask",
        "route",
    ] {
        assert!(holds(&octets, word), "{word} is not traced: {}", String::from_utf8_lossy(&octets));
    }
    for private in PHONES.into_iter().chain([NAME, "Achieng", PIN, "NECKLACE", "*483*57#", &listing]) {
        assert!(!holds(&octets, private), "{private} was told to the collector");
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_up_nothing() {
    let nobody = free_address();
    let town = Town::with(&format!("otlp = \"http://{nobody}\"\notlp_share = 1.0\n")).await;
    let server = town.started().await;
    town.achieng().await;
    let status = server.terminate(&town.site).await;
    assert!(status.success(), "{status}: {}", log_of(&town.site));
}
