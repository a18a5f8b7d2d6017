//! Pays out by mobile money: the adapter between the engine's `MoneyOut` and a provider that
//! speaks the GSMA Mobile Money API's disbursement flow with callback.

use super::answer::{self, Ack};
use super::http::{self, Heard};
use super::{callback, secret};
use crate::engine::port::{MoneyOut, PayOut, PayoutNews};
use crate::types::PayoutId;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
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

/// After so many payments in a row without an answer, a good health page is not believed alone.
const SILENCES: u32 = 3;

/// The adapter. Dropping it ends the look at the provider's health.
pub struct MobileMoney {
    inner: Arc<Inner>,
    _probe: DropGuard,
}

struct Inner {
    config: MobileConfig,
    client: reqwest::Client,
    callback_url: SecretString,
    reached: AtomicBool,
    silences: AtomicU32,
    /// Ids with a try that may still be under way, and since when.
    doubtful: Mutex<BTreeMap<PayoutId, Instant>>,
    /// What a program before this one tried is in doubt since then.
    started: Instant,
}

impl MobileMoney {
    /// The adapter, taken to be up until the first look at the provider says otherwise. Must be
    /// called within a tokio runtime.
    pub fn start(config: MobileConfig) -> reqwest::Result<Self> {
        let client = http::client(config.connect_timeout, config.answer_timeout)?;
        let callback_url =
            format!("{}{}{}", config.callback_base, callback::PREFIX, config.secret_path.expose_secret())
                .into();
        let inner = Arc::new(Inner {
            config,
            client,
            callback_url,
            reached: AtomicBool::new(true),
            silences: AtomicU32::new(0),
            doubtful: Mutex::default(),
            started: Instant::now(),
        });
        let stop = CancellationToken::new();
        let (probed, ended) = (inner.clone(), stop.clone());
        tokio::spawn(async move { ended.run_until_cancelled(probed.probe()).await });
        Ok(Self { inner, _probe: stop.drop_guard() })
    }
}

impl MoneyOut for MobileMoney {
    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(self.inner.pay(payout))
    }

    fn status(&self, id: PayoutId) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move { self.inner.status(id).await.0 })
    }

    fn keeps_ids(&self) -> Duration {
        self.inner.config.keeps_ids
    }

    fn is_up(&self) -> bool {
        self.inner.reached.load(Ordering::Relaxed) && self.inner.silences.load(Ordering::Relaxed) < SILENCES
    }
}

impl Inner {
    async fn pay(&self, payout: PayOut) -> PayoutNews {
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
        // A caller that stops waiting leaves the doubt behind, as it leaves the request.
        let earlier = {
            let mut doubts = self.doubts();
            if payout.again {
                doubts.entry(payout.id).or_insert(self.started);
            }
            doubts.retain(|_, since| since.elapsed() < self.config.doubt);
            doubts.insert(payout.id, Instant::now())
        };
        let heard = http::ask(request).await;
        self.note(&heard, true);
        let ack = match heard {
            Heard::Answer { status, body } => answer::to_request(status, &body),
            Heard::NotSent(why) => Ack::News(PayoutNews::NotTaken { why }),
            Heard::Nothing(why) => Ack::News(PayoutNews::Unknown { why }),
        };
        match &ack {
            Ack::News(PayoutNews::Unknown { .. }) => {}
            Ack::News(PayoutNews::NotTaken { .. }) | Ack::Refused { .. } => self.restore(payout.id, earlier),
            Ack::News(_) => self.restore(payout.id, None),
        }
        match ack {
            Ack::News(news) => news,
            Ack::Refused { why, code } => self.refused(payout.id, why, code).await,
        }
    }

    /// A refusal of this try is a failure of the payout only when no earlier try can have arrived.
    async fn refused(&self, id: PayoutId, why: String, code: String) -> PayoutNews {
        let (news, unheard_of) = self.status(id).await;
        if !unheard_of {
            return news;
        }
        if self.doubts().contains_key(&id) {
            return PayoutNews::NotTaken { why: format!("refused ({code}), but an earlier try is in doubt") };
        }
        tracing::info!(%id, code, "payout refused");
        PayoutNews::Failed { why }
    }

    /// What became of a payout, and whether the provider has never heard of it.
    async fn status(&self, id: PayoutId) -> (PayoutNews, bool) {
        let url = format!("{}/transactions/{id}", self.config.base_url);
        let heard = http::ask(self.authorised(self.client.get(url))).await;
        self.note(&heard, true);
        match heard {
            Heard::Answer { status, body } => {
                let news = answer::to_status(status, &body);
                let unheard_of = matches!(news, PayoutNews::NotTaken { .. });
                if !unheard_of && !matches!(news, PayoutNews::Unknown { .. }) {
                    self.restore(id, None);
                }
                (news, unheard_of)
            }
            // Not even asked: this says nothing about the payout itself.
            Heard::NotSent(why) | Heard::Nothing(why) => (PayoutNews::Unknown { why }, false),
        }
    }

    async fn probe(&self) {
        loop {
            let url = format!("{}/health", self.config.base_url);
            let heard = http::ask(self.authorised(self.client.get(url))).await;
            self.note(&heard, false);
            tokio::time::sleep(self.config.probe_every).await;
        }
    }

    fn authorised(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("X-API-Key", self.config.api_key.expose_secret())
    }

    /// Keeps `is_up` true to the last thing heard.
    fn note(&self, heard: &Heard, about_money: bool) {
        let well = matches!(heard, Heard::Answer { status, .. } if *status < 500);
        if self.reached.swap(well, Ordering::Relaxed) != well {
            tracing::warn!(up = well, "mobile money provider");
        }
        match heard {
            Heard::Answer { .. } if about_money && well => self.silences.store(0, Ordering::Relaxed),
            Heard::Nothing(_) if about_money => {
                self.silences.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn doubts(&self) -> std::sync::MutexGuard<'_, BTreeMap<PayoutId, Instant>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the doubt about an id back to what it was before a try.
    fn restore(&self, id: PayoutId, doubt: Option<Instant>) {
        match doubt {
            Some(since) => self.doubts().insert(id, since),
            None => self.doubts().remove(&id),
        };
    }
}
