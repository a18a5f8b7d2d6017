//! What nobody may read though everybody else's words are written down: keys, secret parts of addresses,
//! passwords, PINs. The service runs as a program that logs everything that its libraries say, too;
//! providers refuse it, repeat what it said, and are silent; and then all that it wrote is looked through.

use crate::crash::operator;
use crate::support::echo::{TOKEN, echo};
use crate::support::people::{Maker, Told, World};
use crate::support::provider::Provider;
use crate::support::providers;
use crate::support::serve::{DESK_KEY, Gateway, MPESA_KEY, MPESA_PATH, Server, Site, log_of};
use crate::support::village::until;
use reqwest::Method;
use serde_json::{Value, json};
use sokoni::sim::momo::{Manners, Speaks};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Guards PINs; whoever may know one, never says it.
const PEPPER: &str = "pepper-that-no-file-but-its-own-has";
/// Another password than the operator's.
const WRONG_PASSWORD: &str = "wr0ngpwd";
/// Typed where the desk's key is asked for.
const WRONG_KEY: &str = "a-key-that-opens-no-desk";
/// Files that hold secrets, by the beginnings of their names.
const HOLDS_SECRETS: [&str; 5] = ["secrets", "mpesa-path", "mpesa-key", "mpesa-passkey", "key-of-"];

/// Base64 of a name and a secret, as a login carries them.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = text.as_bytes().chunks(3).flat_map(|three| {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        (0..=three.len()).map(move |at| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]))
    });
    letters.collect()
}

fn has(octets: &[u8], what: &[u8]) -> bool {
    octets.windows(what.len()).any(|window| window == what)
}

/// The form in which a secret stands in what was written, if it does.
fn told(octets: &[u8], secret: &str) -> Option<String> {
    let hex: String = secret.bytes().map(|octet| format!("{octet:02x}")).collect();
    let percent: String = secret.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let octets_as_list = format!("{:?}", secret.as_bytes());
    let octets_as_list = octets_as_list.trim_matches(['[', ']']).to_owned();
    let forms = [secret.to_owned(), base64(secret), hex.to_uppercase(), hex, percent, octets_as_list];
    forms.into_iter().find(|form| has(octets, form.as_bytes()))
}

/// Every file below a folder but those that are there for secrets.
fn files(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if HOLDS_SECRETS.iter().any(|held| name.starts_with(held)) {
            continue;
        }
        match entry.is_dir() {
            true => files(&entry, all),
            false => all.push((entry.display().to_string(), std::fs::read(&entry).expect("a file"))),
        }
    }
}

/// What a command prints, on both streams.
fn printed(arguments: &[&str]) -> (String, Vec<u8>) {
    let done = Command::new(env!("CARGO_BIN_EXE_sokoni")).args(arguments).output().expect("it runs");
    (arguments.join(" "), [done.stdout, done.stderr].concat())
}

struct Sweep {
    speaks: Speaks,
    world: Arc<World>,
    browser: reqwest::Client,
    said: Vec<(String, Vec<u8>)>,
}

impl Sweep {
    async fn begin(speaks: Speaks) -> (Self, Provider) {
        let smsc = operator().await;
        let gateway = Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" };
        let site = Site::open(&gateway).await;
        let provider = Provider::start(speaks, MPESA_KEY);
        provider.posts_to(&format!("http://{}/money/airtel/{MPESA_PATH}", site.http)).await;
        std::fs::write(site.file("secrets/pepper"), PEPPER).expect("written");
        let table = providers::table(speaks, 700, site.http, &provider.url);
        site.is_paid_by(&format!("[service]\npin_pepper_file = \"secrets/pepper\"\n{table}"));
        site.changes("log = \"info\"", "log = \"trace\"");
        let world = Arc::new(World::new(site, smsc));
        let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        (Self { speaks, world, browser: browser.build().expect("a client"), said: Vec::new() }, provider)
    }

    async fn serves(&self) -> Server {
        let mut server = Server::start(&self.world.site);
        server.ready(&self.world.site).await;
        server
    }

    async fn sends(&mut self, method: Method, path: &str, body: String) {
        let url = format!("http://{}{path}", self.world.site.http);
        let answer = self.browser.request(method, url).body(body).send().await.expect("it answers");
        let headers = format!("{:?}", answer.headers()).into_bytes();
        let text = answer.bytes().await.expect("an answer");
        self.said.push((format!("the answer to {path}"), [headers, text.to_vec()].concat()));
    }

    /// Does something with a loan at the desk.
    async fn at_the_desk(&self, wish: Value) {
        let url = format!("http://{}/desk/api/loans", self.world.site.http);
        let done = self.browser.post(url).bearer_auth(DESK_KEY).json(&wish).send().await.expect("it answers");
        assert!(done.status().is_success(), "{wish}: {}", done.text().await.unwrap_or_default());
    }

    /// She is lent something, so that she can be asked on her phone to pay it back.
    async fn is_lent(&self, maker: &mut Maker) {
        let asked = maker.walks(&["3", "4", "1", "500", "1", "1"]).await;
        assert!(asked.contains("You asked for KSh"), "{asked}");
        let loans = self.world.site.desk("loans").await;
        let loan = loans.as_array().or(loans["rows"].as_array()).expect("rows")[0]["loan"].clone();
        self.at_the_desk(json!({ "do": "endorse", "loan": loan, "by": "Halima" })).await;
        let lent = json!({ "do": "fund", "loan": loan, "paper": "K-7", "lenders": 3, "countries": 2 });
        self.at_the_desk(lent).await;
        maker.walks(&["3", "4", "1", Maker::PIN]).await;
        maker.reads("Loan KSh").await;
    }

    /// Strangers, mistakes and the provider itself at the door of results.
    async fn knocks(&mut self) {
        let door = match self.speaks {
            Speaks::Gsma => "/money/mobile",
            Speaks::Daraja => "/money/daraja",
            Speaks::Mtn => "/money/mtn",
            Speaks::Airtel => "/money/airtel",
        };
        let ours = format!("{door}/{MPESA_PATH}");
        let at = format!("http://shop.example{ours}");
        let repeats = ["Result", "transaction", "transactionStatus", "status", "amount"]
            .map(|field| (field, at.clone()));
        let repeats = serde_json::to_string(&repeats.into_iter().collect::<BTreeMap<_, _>>()).expect("JSON");
        self.sends(Method::POST, &format!("{ours}x"), "{}".to_owned()).await;
        self.sends(Method::POST, &format!("{ours}/result/of-nobody"), "{}".to_owned()).await;
        self.sends(Method::GET, &ours, String::new()).await;
        self.sends(Method::PUT, &ours, "{".to_owned()).await;
        self.sends(Method::POST, &ours, repeats).await;
        self.sends(Method::POST, &ours, MPESA_PATH.repeat(1_000)).await;
        self.sends(Method::POST, "/money/card", "{}".to_owned()).await;
        self.sends(Method::GET, &format!("/desk?key={WRONG_KEY}"), String::new()).await;
        self.sends(Method::POST, "/desk/key", format!("key={WRONG_KEY}")).await;
    }

    /// Everything that the desk has to say.
    async fn asks_the_desk(&mut self) {
        let dialogs = self.world.site.desk("dialogs").await;
        let dialogs = dialogs["rows"].as_array().expect("rows").iter();
        let mut all: Vec<String> =
            dialogs.map(|row| format!("dialogs/{}", row["id"].as_str().expect("an id"))).collect();
        assert!(all.len() > 3, "{all:?}");
        let lists = "listings payouts cash messages dialogs dialogs/stats dialogs/tapes binds menus menus/files \
                     orders loans depot/cases depot/bulletins kiosks approvals holds stops bulk trial-balance \
                     people/254700000301/export";
        all.extend(lists.split_whitespace().map(str::to_owned));
        for what in all {
            let text = self.world.site.desk(&what).await.to_string();
            self.said.push((format!("the desk's {what}"), text.into_bytes()));
        }
    }

    /// What the commands say of the store, of the configuration, and of themselves.
    fn asks_commands(&mut self) {
        let site = &self.world.site;
        let (data, config) =
            (site.data().display().to_string(), site.file("config.toml").display().to_string());
        for of_data in [
            "store info",
            "store verify",
            "ledger trial-balance",
            "ledger verify",
            "messages",
            "replay --verify",
        ] {
            let words: Vec<&str> = of_data.split(' ').chain(["--data", &data]).collect();
            self.said.push(printed(&words));
        }
        for words in ["config default", "--help", "serve --help", "momo --help", "man"] {
            self.said.push(printed(&words.split(' ').collect::<Vec<_>>()));
        }
        self.said.push(printed(&["config", "check", &config]));
    }

    /// Nothing of all that tells a secret.
    fn tells_nothing(&mut self, pin: &str) {
        let site = &self.world.site;
        let texts = self.world.agents_inbox();
        let passes: Vec<String> = texts.iter().filter_map(|text| pass_in(text)).collect();
        assert!(!passes.is_empty(), "{texts:?}");
        files(site.file(".").as_path(), &mut self.said);
        let pairs =
            [format!("{MPESA_KEY}:{MPESA_KEY}"), format!("sokoni:{MPESA_KEY}")].map(|pair| base64(&pair));
        let more = [PEPPER, WRONG_PASSWORD, WRONG_KEY, TOKEN].map(str::to_owned);
        // What is signed for a prompt: `Password` is all of it in base64.
        let signed = base64(&format!("174379{MPESA_KEY}"));
        let signed = signed[..signed.len() - 2].to_owned();
        let secrets: Vec<String> = site.secrets().chain(pairs).chain(more).chain([signed]).collect();
        let log = std::fs::read_to_string(site.file("server.log")).expect("a log");
        assert!(log.contains("DEBUG http{method=POST") && log.contains("TRACE"), "it says too little: {log}");
        for (place, octets) in &self.said {
            for secret in &secrets {
                let told = told(octets, secret);
                assert!(
                    told.is_none(),
                    "{place} tells {secret}{}",
                    around(octets, &told.unwrap_or_default())
                );
            }
            // What opens the page for photographs is on its way to a phone in the store, and nowhere else.
            let is_store = place.contains("/data/") || place == "an SMS";
            let opens = passes.iter().find(|pass| !is_store && has(octets, &pass.as_bytes()[8..]));
            assert!(
                opens.is_none(),
                "{place} opens a page{}",
                around(octets, &opens.cloned().unwrap_or_default())
            );
            let digits = pin.as_bytes();
            let wide =
                |at: Option<usize>| at.and_then(|at| octets.get(at)).is_some_and(u8::is_ascii_alphanumeric);
            let found = octets.windows(4).enumerate().filter(|(_, window)| *window == digits);
            let alone = found.map(|(at, _)| at).find(|at| !wide(at.checked_sub(1)) && !wide(Some(at + 4)));
            assert!(alone.is_none(), "{place} tells {pin}{}", around(octets, pin));
        }
        // The eyes are good: what they look for is where it belongs.
        let kept = std::fs::read(site.file("secrets/mpesa-key")).expect("a file");
        assert!(told(&kept, MPESA_KEY).is_some());
    }
}

/// The last part of the address in a text, which opens a page for photographs.
fn pass_in(text: &str) -> Option<String> {
    let link = text.split_whitespace().find(|word| word.starts_with("http"))?;
    let pass = link.trim_end_matches(['.', ',']).rsplit(['/', '#', '=']).next()?;
    (pass.len() == 24).then(|| pass.to_owned())
}

/// A few words around what was found.
fn around(octets: &[u8], what: &str) -> String {
    let Some(at) = octets.windows(what.len().max(1)).position(|window| window == what.as_bytes()) else {
        return String::new();
    };
    let (from, to) = (at.saturating_sub(300), octets.len().min(at + 200));
    format!(": ...{}...", String::from_utf8_lossy(&octets[from..to]))
}

async fn tells_nothing(speaks: Speaks) {
    let (mut sweep, provider) = Sweep::begin(speaks).await;
    let server = sweep.serves().await;
    let mut maker = Maker::new(Arc::clone(&sweep.world), 0);
    maker.settle_in(4_000, 2).await;
    provider.follows(&[Manners::default(), Manners { callbacks: 2, ..Manners::silent() }]).await;
    for sum in [101, 102] {
        maker.has_sent(sum).await;
        assert_eq!(maker.is_told_of(sum).await, Told::Sent);
    }
    maker.makes_cash(103).await;
    sweep.knocks().await;
    assert!(server.terminate(&sweep.world.site).await.success());

    if speaks == Speaks::Daraja {
        let server = sweep.serves().await;
        sweep.is_lent(&mut maker).await;
        assert!(server.terminate(&sweep.world.site).await.success());
    }

    // From here on every provider says back what it was told.
    let (url, heard) = echo().await;
    sweep.world.site.changes(&format!("base_url = \"{}\"", provider.url), &format!("base_url = \"{url}\""));
    let card = sweep.world.site.card.url.clone();
    sweep.world.site.changes(&format!("base_url            = \"{card}\""), &format!("base_url = \"{url}\""));
    let server = sweep.serves().await;
    let listing = sweep.world.site.desk("listings").await["rows"][0]["code"].as_str().map(str::to_owned);
    assert_eq!(sweep.world.site.check_out(&listing.expect("a listing"), 1, "shopper-0-again").await, None);
    let before = heard.posts.load(Ordering::Relaxed);
    assert!(before > 0, "the card processor was asked");
    maker.has_sent(104).await;
    let least = if speaks == Speaks::Gsma { (0, before + 1) } else { (2, before + 1) };
    until("the providers were asked", || async {
        let (logins, posts) = (heard.logins.load(Ordering::Relaxed), heard.posts.load(Ordering::Relaxed));
        (logins >= least.0 && posts >= least.1).then_some(())
    })
    .await;
    if speaks == Speaks::Daraja {
        let said = maker.walks(&["3", "4", "2", "100", Maker::PIN]).await;
        assert!(said.starts_with("In a moment M-Pesa asks on this phone"), "{said}");
        maker.reads("M-Pesa did not pay KSh 100 of your loan").await;
    }
    sweep.asks_the_desk().await;
    assert!(server.terminate(&sweep.world.site).await.success());

    // And the operator does not know us any more.
    std::fs::write(sweep.world.site.file("secrets/smsc"), WRONG_PASSWORD).expect("written");
    let server = sweep.serves().await;
    until("the bind is refused", || async {
        let binds = sweep.world.site.desk("binds").await.to_string();
        binds.contains("refused").then_some(())
    })
    .await;
    assert!(server.terminate(&sweep.world.site).await.success(), "{}", log_of(&sweep.world.site));
    sweep.asks_commands();
    sweep.said.extend(maker.inbox().into_iter().map(|text| ("an SMS".to_owned(), text.into_bytes())));
    sweep.tells_nothing(Maker::PIN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w5_nothing_that_is_written_tells_a_secret_of_the_gsmas_api() {
    tells_nothing(Speaks::Gsma).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w5_nothing_that_is_written_tells_a_secret_of_daraja() {
    tells_nothing(Speaks::Daraja).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w5_nothing_that_is_written_tells_a_secret_of_mtn() {
    tells_nothing(Speaks::Mtn).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w5_nothing_that_is_written_tells_a_secret_of_airtel() {
    tells_nothing(Speaks::Airtel).await;
}

#[test]
fn a_secret_is_found_in_whatever_form_it_is_written() {
    let secret = "whsec_1";
    assert_eq!(base64("Man"), "TWFu");
    assert_eq!(base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
    for text in [
        "xwhsec_1x",
        "d2hzZWNfMQ==",
        "77687365635f31",
        "%77%68%73%65%63%5F%31",
        "[119, 104, 115, 101, 99, 95, 49]",
    ] {
        assert!(told(text.as_bytes(), secret).is_some(), "{text}");
    }
    assert_eq!(told(b"whsec_2", secret), None);
}
