//! Pays out by MTN MoMo: the disbursement product of its Open API, version 1.0.
//!
//! A request is only ever accepted, and its result is asked for; the callback comes once or not at all,
//! and only says that it is time to ask.

pub mod answer;

use super::http::{Client, ClientError, Heard};
use super::link::Link;
use super::proof::Ack;
use super::rail::{self, Rail, Timing, looked_up};
use super::secret;
use super::token::Bearer;
use crate::engine::port::{MoneyOut, NameNews, PayOut, PayoutNews, PayoutPolicy};
use crate::engine::shopfront::ShopFront;
use crate::types::Msisdn;
use answer::reference;
use axum::Router;
use futures_util::future::BoxFuture;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The table `[money.mtn]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MtnSettings {
    /// `https://sandbox.momodeveloper.mtn.com`, or the market's own, no slash at the end.
    pub base_url: String,
    /// Where MTN reaches us: `https://shop.example`, no slash at the end.
    pub callback_base: String,
    /// A file with the secret part of the callback's path.
    pub secret_path_file: PathBuf,
    /// A file with the subscription key of the disbursement product.
    pub subscription_key_file: PathBuf,
    /// The API user, a UUID.
    pub api_user: String,
    /// A file with the API user's key.
    pub api_key_file: PathBuf,
    /// `X-Target-Environment`: `sandbox`, `mtnuganda`, ...
    pub target: String,
    /// The currency of the accounts; the sandbox knows `EUR` alone.
    pub currency: String,
    /// Beginnings of the numbers that are paid by it, in international digits. Without any, it pays every
    /// number that no other provider is for.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Limits and tariff, where they are not those of `[market.payout]`.
    pub payout: Option<PayoutPolicy>,
    /// How long things may take.
    #[serde(default)]
    pub timing: Timing,
}

impl MtnSettings {
    /// The files it names.
    pub fn paths(&mut self) -> [&mut PathBuf; 3] {
        [&mut self.secret_path_file, &mut self.subscription_key_file, &mut self.api_key_file]
    }

    /// Fetches the secrets.
    ///
    /// # Errors
    /// Which one is missing.
    pub fn load(self) -> Result<MtnConfig, secret::SecretError> {
        let read = |name, file: &PathBuf| secret::load(name, Some(file), None);
        Ok(MtnConfig {
            secret_path: read("secret_path", &self.secret_path_file)?,
            subscription_key: read("subscription_key", &self.subscription_key_file)?,
            api_key: read("api_key", &self.api_key_file)?,
            settings: self,
        })
    }
}

/// Settings with their secrets.
#[derive(Debug, Clone)]
pub struct MtnConfig {
    /// The settings.
    pub settings: MtnSettings,
    /// The secret part of the callback's path.
    pub secret_path: SecretString,
    /// The subscription key of the disbursement product.
    pub subscription_key: SecretString,
    /// The API user's key.
    pub api_key: SecretString,
}

/// The adapter. Dropping it ends its looks at the provider.
pub struct Mtn {
    inner: Arc<Inner>,
    _stop: DropGuard,
}

struct Inner {
    config: MtnConfig,
    bearer: Bearer,
}

const PRODUCT_KEY: &str = "Ocp-Apim-Subscription-Key";

impl Mtn {
    /// The adapter, taken to be up until something else is heard. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When no requests can be made at all.
    pub fn start(config: MtnConfig) -> Result<Self, ClientError> {
        let timing = config.settings.timing;
        let url = format!("{}/disbursement/token/", config.settings.base_url);
        let (user, key) = (config.settings.api_user.clone(), config.api_key.clone());
        let product = config.subscription_key.clone();
        let login = Box::new(move |client: &Client| {
            let request = client.post(&url).basic_auth(&user, Some(key.expose_secret()));
            request.header(PRODUCT_KEY, product.expose_secret())
        });
        let bearer = Bearer::new(&timing, timing.link("mtn"), login, |status, _| status == 401)?;
        let inner = Arc::new(Inner { config, bearer });
        let stop = CancellationToken::new();
        let (probed, ended) = (inner.clone(), stop.clone());
        let every = Duration::from_millis(timing.probe_ms);
        tokio::spawn(async move { ended.run_until_cancelled(probed.bearer.probe(every)).await });
        Ok(Self { inner, _stop: stop.drop_guard() })
    }
}

/// `POST` or `PUT` to `/money/mtn/{secret}`: a result to be asked for.
pub fn router(front: Arc<dyn ShopFront>, mtn: Arc<Mtn>) -> Router {
    let secret = mtn.inner.config.secret_path.clone();
    super::hint::router("/money/mtn/{secret}", front, mtn, secret, answer::of_callback)
}

impl MoneyOut for Mtn {
    fn terms(&self, _: &str) -> Option<PayoutPolicy> {
        self.inner.config.settings.payout.clone()
    }

    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move { rail::pay(&*self.inner, &payout).await })
    }

    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move { self.inner.look_up(&payout).await })
    }

    fn name_of(&self, phone: Msisdn) -> BoxFuture<'_, NameNews> {
        Box::pin(async move {
            let path = format!("/disbursement/v1_0/accountholder/msisdn/{phone}/basicuserinfo");
            match self.inner.get(&path).await {
                Heard::Answer { status, body, .. } => answer::to_name(status, &body),
                Heard::NotSent(_) | Heard::Nothing(_) => NameNews::Later,
            }
        })
    }

    fn keeps_ids(&self, _: &str) -> Duration {
        self.inner.config.settings.timing.keeps_ids()
    }

    fn is_up(&self, _: Msisdn) -> bool {
        self.inner.bearer.link.is_up()
    }
}

impl Inner {
    /// What every request carries beside its token.
    fn dressed(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(PRODUCT_KEY, self.config.subscription_key.expose_secret())
            .header("X-Target-Environment", &self.config.settings.target)
    }

    async fn get(&self, path: &str) -> Heard {
        let url = format!("{}{path}", self.config.settings.base_url);
        self.bearer.ask(|client| self.dressed(client.get(&url))).await
    }
}

impl Rail for Inner {
    fn link(&self) -> &Link {
        &self.bearer.link
    }

    async fn send(&self, payout: &PayOut) -> Heard {
        let settings = &self.config.settings;
        let url = format!("{}/disbursement/v1_0/transfer", settings.base_url);
        let callback =
            format!("{}/money/mtn/{}", settings.callback_base, self.config.secret_path.expose_secret());
        let body = json!({
            "amount": payout.shillings.to_string(),
            "currency": settings.currency,
            "externalId": payout.id.to_string(),
            "payee": { "partyIdType": "MSISDN", "partyId": payout.to.to_string() },
            "payerMessage": "Sokoni payout",
            "payeeNote": "Sokoni payout",
        });
        let name = reference(payout.id);
        let write = |client: &Client| {
            let request = self.dressed(client.post(&url)).header("X-Reference-Id", &name);
            request.header("X-Callback-Url", &callback).json(&body)
        };
        self.bearer.ask(write).await
    }

    fn read(&self, status: u16, body: &[u8]) -> Ack {
        answer::to_request(status, body)
    }

    async fn look_up(&self, payout: &PayOut) -> PayoutNews {
        let path = format!("/disbursement/v1_0/transfer/{}", reference(payout.id));
        let heard = self.get(&path).await;
        looked_up(&self.bearer.link, payout, heard, |status, body| answer::to_status(status, body, payout))
    }
}
