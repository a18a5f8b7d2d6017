//! Pays out by mobile money: the adapter between the engine's `MoneyOut` and a provider that
//! speaks the GSMA Mobile Money API's disbursement flow with callback.

pub mod answer;
pub mod callback;

use super::http::{Client, ClientError, Heard};
use super::link::Link;
use super::proof::Ack;
use super::rail::{self, Rail, looked_up};
use super::secret;
use crate::engine::port::{MoneyOut, NameNews, PayOut, PayoutNews};
use crate::types::Msisdn;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

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
    /// How long connecting may take, in milliseconds.
    #[serde(default = "MobileConfig::connect_ms")]
    pub connect_timeout_ms: u64,
    /// How long a request with its answer may take, in milliseconds.
    #[serde(default = "MobileConfig::answer_ms")]
    pub answer_timeout_ms: u64,
    /// The pause between two looks at the provider's health, in milliseconds.
    #[serde(default = "MobileConfig::probe_ms")]
    pub probe_every_ms: u64,
    /// For how long a try without an answer casts doubt on a later refusal, in seconds.
    #[serde(default = "MobileConfig::doubt_s")]
    pub doubt_seconds: u64,
    /// How long the provider remembers an id of ours, in hours.
    #[serde(default = "MobileConfig::ids_hours")]
    pub keeps_ids_hours: u64,
}

impl MobileSettings {
    /// Fetches the secrets.
    pub fn load(self) -> Result<MobileConfig, secret::SecretError> {
        let secret_path =
            secret::load("secret_path", self.secret_path_file.as_deref(), self.secret_path_env.as_deref())?;
        let api_key = secret::load("api_key", self.api_key_file.as_deref(), self.api_key_env.as_deref())?;
        Ok(MobileConfig {
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            answer_timeout: Duration::from_millis(self.answer_timeout_ms),
            probe_every: Duration::from_millis(self.probe_every_ms),
            doubt: Duration::from_secs(self.doubt_seconds),
            keeps_ids: Duration::from_secs(self.keeps_ids_hours * 3_600),
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
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a request with its answer may take.
    pub answer_timeout: Duration,
    /// The pause between two looks at the provider's health.
    pub probe_every: Duration,
    /// For how long a try without an answer casts doubt on a later refusal.
    pub doubt: Duration,
    /// How long the provider remembers an id of ours: older payouts are not sent again.
    pub keeps_ids: Duration,
}

impl MobileConfig {
    /// The usual times.
    pub fn new(
        base_url: String, callback_base: String, secret_path: SecretString, api_key: SecretString,
    ) -> Self {
        Self {
            base_url,
            callback_base,
            secret_path,
            api_key,
            connect_timeout: Duration::from_millis(Self::connect_ms()),
            answer_timeout: Duration::from_millis(Self::answer_ms()),
            probe_every: Duration::from_millis(Self::probe_ms()),
            doubt: Duration::from_secs(Self::doubt_s()),
            keeps_ids: Duration::from_secs(Self::ids_hours() * 3_600),
        }
    }

    fn connect_ms() -> u64 {
        2_000
    }
    fn answer_ms() -> u64 {
        10_000
    }
    fn probe_ms() -> u64 {
        5_000
    }
    fn doubt_s() -> u64 {
        600
    }
    fn ids_hours() -> u64 {
        24
    }
}

/// The adapter. Dropping it ends the look at the provider's health.
pub struct MobileMoney {
    inner: Arc<Inner>,
    _probe: DropGuard,
}

struct Inner {
    config: MobileConfig,
    client: Client,
    callback_url: SecretString,
    link: Link,
}

impl MobileMoney {
    /// The adapter, taken to be up until the first look at the provider says otherwise. Must be
    /// called within a tokio runtime.
    pub fn start(config: MobileConfig) -> Result<Self, ClientError> {
        let client = Client::new(config.connect_timeout, config.answer_timeout)?;
        let callback_url =
            format!("{}{}{}", config.callback_base, callback::PREFIX, config.secret_path.expose_secret())
                .into();
        let link = Link::new("mpesa", config.doubt, Duration::ZERO);
        let inner = Arc::new(Inner { config, client, callback_url, link });
        let stop = CancellationToken::new();
        let (probed, ended) = (inner.clone(), stop.clone());
        tokio::spawn(async move { ended.run_until_cancelled(probed.probe()).await });
        Ok(Self { inner, _probe: stop.drop_guard() })
    }
}

impl MoneyOut for MobileMoney {
    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move { rail::pay(&*self.inner, &payout).await })
    }

    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move { self.inner.look_up(&payout).await })
    }

    fn name_of(&self, phone: Msisdn) -> BoxFuture<'_, NameNews> {
        Box::pin(self.inner.name_of(phone))
    }

    fn keeps_ids(&self, _: &str) -> Duration {
        self.inner.config.keeps_ids
    }

    fn is_up(&self, _: Msisdn) -> bool {
        self.inner.link.is_up()
    }
}

impl Rail for Inner {
    fn link(&self) -> &Link {
        &self.link
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

    fn read(&self, status: u16, body: &[u8]) -> Ack {
        answer::to_request(status, body)
    }

    async fn look_up(&self, payout: &PayOut) -> PayoutNews {
        let url = format!("{}/transactions/{}", self.config.base_url, payout.id);
        let heard = self.client.ask(self.authorised(self.client.get(url))).await;
        looked_up(&self.link, payout, heard, answer::to_status)
    }
}

impl Inner {
    /// By what name the provider knows a number: GSMA Mobile Money API 1.2, account name.
    async fn name_of(&self, phone: Msisdn) -> NameNews {
        let url = format!("{}/accounts/msisdn/{phone}/accountname", self.config.base_url);
        // A service of its own: that it is out of order says nothing of payments.
        match self.client.ask(self.authorised(self.client.get(url))).await {
            Heard::Answer { status, body, .. } => answer::to_name(status, &body),
            Heard::NotSent(_) | Heard::Nothing(_) => NameNews::Later,
        }
    }

    async fn probe(&self) {
        loop {
            let url = format!("{}/health", self.config.base_url);
            let heard = self.client.ask(self.authorised(self.client.get(url))).await;
            self.link.note(&heard, false);
            tokio::time::sleep(self.config.probe_every).await;
        }
    }

    fn authorised(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("X-API-Key", self.config.api_key.expose_secret())
    }
}
