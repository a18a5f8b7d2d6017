//! Pays out by mobile money: the adapter between the engine's `MoneyOut` and a provider that
//! speaks the GSMA Mobile Money API's disbursement flow with callback.

pub mod answer;

use super::http::{Client, ClientError, Heard};
use super::link::Link;
use super::proof::Ack;
use super::rail::{Adapter, Posted, Rail, Timing, looked_up};
use super::secret;
use super::table::Table;
use crate::engine::port::{NameNews, PayOut, PayoutNews};
use crate::types::{Msisdn, PayoutId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// The table `[money.mpesa]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MobileSettings {
    /// Where the provider is: `http://host:port`, no slash at the end.
    pub base_url: String,
    /// Where the provider reaches us: `https://shop.example`, no slash at the end.
    pub callback_base: String,
    /// A file with the secret part of the callback's path.
    pub secret_path_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    pub secret_path_env: Option<String>,
    /// A file with the provider's key for us.
    pub api_key_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    pub api_key_env: Option<String>,
    /// Beginnings of the numbers that are paid by it, in international digits. Without any, it pays every
    /// number that no other provider is for.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// What people call it, in texts: at most eight letters.
    #[serde(default = "mpesa")]
    pub called: String,
    /// Networks that it calls from; without any, whoever knows the secret is let in, and what gives money
    /// back is asked about.
    #[serde(default)]
    pub from: Vec<String>,
    /// How long connecting may take, in milliseconds.
    #[serde(default = "connect_ms")]
    pub connect_timeout_ms: u64,
    /// How long a request with its answer may take, in milliseconds.
    #[serde(default = "answer_ms")]
    pub answer_timeout_ms: u64,
    /// The pause between two looks at the provider's health, in milliseconds.
    #[serde(default = "probe_ms")]
    pub probe_every_ms: u64,
    /// For how long a try without an answer casts doubt on a later refusal, in seconds.
    #[serde(default = "doubt_seconds")]
    pub doubt_seconds: u64,
    /// How long the provider remembers an id of ours, in hours.
    #[serde(default = "ids_hours")]
    pub keeps_ids_hours: u64,
    /// How long payouts wait after the provider had too little to pay from, before the next try, in seconds.
    #[serde(default = "hold_seconds")]
    pub hold_seconds: u64,
    /// So many requests are under way at most; the others wait their turn.
    #[serde(default = "at_once")]
    pub at_once: u32,
}

fn mpesa() -> String {
    "M-Pesa".to_owned()
}

const fn connect_ms() -> u64 {
    2_000
}

const fn answer_ms() -> u64 {
    10_000
}

const fn probe_ms() -> u64 {
    5_000
}

const fn doubt_seconds() -> u64 {
    600
}

const fn ids_hours() -> u64 {
    24
}

const fn hold_seconds() -> u64 {
    60
}

const fn at_once() -> u32 {
    16
}

/// The usual times.
const USUAL: Timing = Timing {
    connect_ms: connect_ms(),
    answer_ms: answer_ms(),
    probe_ms: probe_ms(),
    doubt_seconds: doubt_seconds(),
    keeps_ids_hours: ids_hours(),
    hold_seconds: hold_seconds(),
    at_once: at_once(),
};

impl MobileSettings {
    /// What it has in common with other providers' tables.
    pub fn table(&self) -> Table<'_> {
        Table {
            name: MobileRail::NAME,
            base_url: &self.base_url,
            callback_base: Some(&self.callback_base),
            numbers: &self.numbers,
            from: &self.from,
            payout: None,
            timing: self.timing(),
        }
    }

    /// Whether one can live with what is its own.
    ///
    /// # Errors
    /// What is wrong, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        let fits = (1..=8).contains(&self.called.len())
            && self.called.bytes().all(|b| b.is_ascii_alphanumeric() || b" -".contains(&b));
        match fits {
            true => Ok(()),
            false => Err(format!(
                "called {:?}: texts have room for eight plain letters, such as M-Pesa",
                self.called
            )),
        }
    }

    /// Its times in the words of the others.
    const fn timing(&self) -> Timing {
        Timing {
            connect_ms: self.connect_timeout_ms,
            answer_ms: self.answer_timeout_ms,
            probe_ms: self.probe_every_ms,
            doubt_seconds: self.doubt_seconds,
            keeps_ids_hours: self.keeps_ids_hours,
            hold_seconds: self.hold_seconds,
            at_once: self.at_once,
        }
    }

    /// Fetches the secrets.
    ///
    /// # Errors
    /// Which one is missing, or cannot be used.
    pub fn load(self) -> Result<MobileConfig, secret::SecretError> {
        let secret_path =
            secret::load_path(self.secret_path_file.as_deref(), self.secret_path_env.as_deref())?;
        let api_key = secret::load("api_key", self.api_key_file.as_deref(), self.api_key_env.as_deref())?;
        let (timing, called) = (self.timing(), self.called.clone());
        Ok(MobileConfig {
            timing,
            called,
            ..MobileConfig::new(self.base_url, self.callback_base, secret_path, api_key)
        })
    }
}

/// What the adapter works with.
#[derive(Debug, Clone)]
pub struct MobileConfig {
    /// Where the provider is.
    pub base_url: String,
    /// Where the provider reaches us.
    pub callback_base: String,
    /// The secret part of the callback's path.
    pub secret_path: SecretString,
    /// The provider's key for us.
    pub api_key: SecretString,
    /// How long things may take.
    pub timing: Timing,
    /// What people call it.
    pub called: String,
}

impl MobileConfig {
    /// The usual times.
    pub fn new(
        base_url: String, callback_base: String, secret_path: SecretString, api_key: SecretString,
    ) -> Self {
        Self { base_url, callback_base, secret_path, api_key, timing: USUAL, called: mpesa() }
    }
}

/// The adapter. Dropping it ends the look at the provider's health.
pub type MobileMoney = Adapter<MobileRail>;

/// How a provider is spoken to that speaks this API.
pub struct MobileRail {
    config: MobileConfig,
    client: Client,
    callback_url: SecretString,
    link: Link,
}

impl MobileMoney {
    /// The adapter, taken to be up until the first look at the provider says otherwise. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// When no requests can be made at all.
    pub fn start(config: MobileConfig) -> Result<Self, ClientError> {
        let timing = config.timing;
        let client =
            Client::new(Duration::from_millis(timing.connect_ms), Duration::from_millis(timing.answer_ms))?;
        let secret = config.secret_path.expose_secret();
        let callback_url = format!("{}{}{secret}", config.callback_base, MobileRail::DOOR).into();
        Ok(Self::over(MobileRail { config, client, callback_url, link: timing.link(MobileRail::NAME) }))
    }
}

impl Rail for MobileRail {
    const NAME: &'static str = "mpesa";
    const DOOR: &'static str = "/money/mobile/";

    fn called(&self) -> &str {
        &self.config.called
    }

    fn link(&self) -> &Link {
        &self.link
    }

    fn timing(&self) -> &Timing {
        &self.config.timing
    }

    async fn send(&self, payout: &PayOut) -> Heard {
        let id = payout.id.to_string();
        let body = serde_json::json!({
            "amount": payout.shillings.to_string(),
            "currency": "KES",
            "type": "disbursement",
            "creditParty": [{ "key": "msisdn", "value": payout.to.to_string() }],
            "requestingOrganisationTransactionReference": id,
        });
        let request = self
            .authorised(self.client.post(format!("{}/transactions", self.config.base_url)))
            .header("X-CorrelationID", &id)
            .header("X-Callback-URL", self.callback_url.expose_secret())
            .json(&body);
        self.client.ask(request).await
    }

    fn read(&self, status: u16, body: &[u8], payout: &PayOut) -> Ack {
        answer::to_request(status, body, payout)
    }

    async fn look_up(&self, payout: &PayOut) -> PayoutNews {
        let url = format!("{}/transactions/{}", self.config.base_url, payout.id);
        let heard = self.client.ask(self.authorised(self.client.get(url))).await;
        looked_up(&self.link, payout, heard, |status, body| answer::to_status(status, body, payout))
    }

    /// By what name the provider knows a number: GSMA Mobile Money API 1.2, account name.
    async fn name_of(&self, phone: Msisdn) -> NameNews {
        let url = format!("{}/accounts/msisdn/{phone}/accountname", self.config.base_url);
        // A service of its own: that it is out of order says nothing of payments.
        match self.client.ask(self.authorised(self.client.get(url))).await {
            Heard::Answer { status, body, .. } => answer::to_name(status, &body),
            Heard::NotSent(_) | Heard::Nothing(_) => NameNews::Later,
        }
    }

    async fn watch(&self) {
        loop {
            let url = format!("{}/health", self.config.base_url);
            let heard = self.client.ask(self.authorised(self.client.get(url))).await;
            self.link.note(&heard, false);
            tokio::time::sleep(Duration::from_millis(self.config.timing.probe_ms)).await;
        }
    }

    fn about(&self, _: &str, body: &[u8]) -> Result<Option<PayoutId>, String> {
        Ok(answer::of_callback(body)?.parse().ok())
    }

    /// What gives money back is asked for, unless it comes from an address that is listed.
    async fn told(&self, posted: Posted<'_>, asked: &PayOut) -> Result<Option<PayoutNews>, String> {
        let told = answer::of_transaction(posted.body, asked)?;
        let gives_back = matches!(told.news, PayoutNews::Failed { .. } | PayoutNews::Reversed { .. });
        let news = if gives_back && !posted.listed {
            self.look_up(asked).await
        } else {
            self.link.takes(asked.id, told)
        };
        Ok(Some(news))
    }
}

impl MobileRail {
    fn authorised(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("X-API-Key", self.config.api_key.expose_secret())
    }
}
