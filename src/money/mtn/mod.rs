//! Pays out by MTN MoMo: the disbursement product of its Open API, version 1.0.
//!
//! A request is only ever accepted, and its result is asked for; the callback comes once or not at all,
//! and only says that it is time to ask.

pub mod answer;

use super::http::{Client, ClientError, Heard};
use super::link::Link;
use super::proof::{Ack, in_play};
use super::rail::{Adapter, Rail, Timing, looked_up};
use super::secret;
use super::table::{self, Table};
use super::token::Bearer;
use crate::engine::port::{NameNews, PayOut, PayoutNews, PayoutPolicy};
use crate::types::{Msisdn, PayoutId};
use answer::reference;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

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
    /// The currency of the accounts: `KES`. The sandbox knows `EUR` alone.
    pub currency: String,
    /// Networks that MTN calls from; without any, whoever knows the secret is let in.
    #[serde(default)]
    pub from: Vec<String>,
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

    /// What it has in common with other providers' tables.
    pub fn table(&self) -> Table<'_> {
        Table {
            name: MtnRail::NAME,
            base_url: &self.base_url,
            callback_base: Some(&self.callback_base),
            numbers: &self.numbers,
            from: &self.from,
            payout: self.payout.as_ref(),
            timing: self.timing,
        }
    }

    /// Whether no real money moves.
    pub fn is_sandbox(&self) -> bool {
        self.target == "sandbox"
    }

    /// Whether one can live with what is its own.
    ///
    /// # Errors
    /// What is wrong, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        table::currency(&self.currency, self.is_sandbox(), "target = \"sandbox\"")
    }

    /// Fetches the secrets.
    ///
    /// # Errors
    /// Which one is missing.
    pub fn load(self) -> Result<MtnConfig, secret::SecretError> {
        let read = |name, file: &PathBuf| secret::load(name, Some(file), None);
        Ok(MtnConfig {
            secret_path: secret::load_path(Some(&self.secret_path_file), None)?,
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
pub type Mtn = Adapter<MtnRail>;

/// How MTN is spoken to.
pub struct MtnRail {
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
        if config.settings.is_sandbox() {
            let currency = &config.settings.currency;
            tracing::warn!(
                currency,
                "MTN pays in its sandbox: no money moves, and receipts begin with SANDBOX"
            );
        }
        Ok(Self::over(MtnRail { config, bearer }))
    }
}

impl MtnRail {
    /// What every request carries beside its token.
    fn dressed(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(PRODUCT_KEY, self.config.subscription_key.expose_secret())
            .header("X-Target-Environment", &self.config.settings.target)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.settings.base_url)
    }
}

impl Rail for MtnRail {
    const NAME: &'static str = "mtn";
    const DOOR: &'static str = "/money/mtn/";

    fn called(&self) -> &str {
        "MTN MoMo"
    }

    fn link(&self) -> &Link {
        &self.bearer.link
    }

    fn timing(&self) -> &Timing {
        &self.config.settings.timing
    }

    fn terms(&self) -> Option<&PayoutPolicy> {
        self.config.settings.payout.as_ref()
    }

    async fn watch(&self) {
        self.bearer.probe(Duration::from_millis(self.timing().probe_ms)).await;
    }

    async fn send(&self, payout: &PayOut) -> Heard {
        let settings = &self.config.settings;
        let url = self.url("/disbursement/v1_0/transfer");
        let secret = self.config.secret_path.expose_secret();
        let callback = format!("{}{}{secret}", settings.callback_base, Self::DOOR);
        let note = if settings.is_sandbox() { "Sokoni payout (sandbox)" } else { "Sokoni payout" };
        let body = json!({
            "amount": payout.shillings.to_string(),
            "currency": settings.currency,
            "externalId": payout.id.to_string(),
            "payee": { "partyIdType": "MSISDN", "partyId": payout.to.to_string() },
            "payerMessage": note,
            "payeeNote": note,
        });
        let name = reference(payout.id);
        let write = |client: &Client| {
            let request = self.dressed(client.post(&url)).header("X-Reference-Id", &name);
            request.header("X-Callback-Url", &callback).json(&body)
        };
        self.bearer.ask(write).await
    }

    fn read(&self, status: u16, body: &[u8], _: &PayOut) -> Ack {
        answer::to_request(status, body)
    }

    async fn look_up(&self, payout: &PayOut) -> PayoutNews {
        let url = self.url(&format!("/disbursement/v1_0/transfer/{}", reference(payout.id)));
        let heard = self.bearer.ask(|client| self.dressed(client.get(&url))).await;
        let settings = &self.config.settings;
        let news = looked_up(self.link(), payout, heard, |status, body| {
            answer::to_status(status, body, payout, &settings.currency)
        });
        if settings.is_sandbox() { in_play(news) } else { news }
    }

    async fn name_of(&self, phone: Msisdn) -> NameNews {
        let url = self.url(&format!("/disbursement/v1_0/accountholder/msisdn/{phone}/basicuserinfo"));
        match self.bearer.ask_aside(|client| self.dressed(client.get(&url))).await {
            Heard::Answer { status, body, .. } => answer::to_name(status, &body),
            Heard::NotSent(_) | Heard::Nothing(_) => NameNews::Later,
        }
    }

    fn about(&self, _: &str, body: &[u8]) -> Result<Option<PayoutId>, String> {
        answer::of_callback(body).map(Some).ok_or_else(|| "it names no payout".to_owned())
    }
}
