//! Pays out by Airtel Money: disbursement, version 1 of its Open API.
//!
//! What the answer to a request calls a success is only that it was taken; what became of it is asked
//! for. The callback only says that it is time to ask.

pub mod answer;

use super::http::{Client, ClientError, Heard};
use super::link::Link;
use super::proof::{Ack, in_play};
use super::rail::{Adapter, Rail, Timing, looked_up};
use super::secret;
use super::table::{self, Table};
use super::token::Bearer;
use crate::engine::port::{PayOut, PayoutNews, PayoutPolicy};
use crate::types::{Msisdn, PayoutId};
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// The table `[money.airtel]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AirtelSettings {
    /// `https://openapiuat.airtel.africa` or `https://openapi.airtel.africa`, no slash at the end.
    pub base_url: String,
    /// A file with the secret part of the callback's path, which is told to Airtel on its portal.
    pub secret_path_file: PathBuf,
    /// The app's client id.
    pub client_id: String,
    /// A file with the app's client secret.
    pub client_secret_file: PathBuf,
    /// A file with the PIN of the disbursing account, encrypted with Airtel's public key and written in
    /// base64: it is made once, elsewhere, so that the PIN is never here.
    pub pin_file: PathBuf,
    /// `X-Country`.
    #[serde(default = "kenya")]
    pub country: String,
    /// `X-Currency`: `KES`, or in a sandbox what that wants.
    #[serde(default = "shillings")]
    pub currency: String,
    /// Whether this is Airtel's staging, where no money moves.
    #[serde(default)]
    pub sandbox: bool,
    /// Networks that Airtel calls from; without any, whoever knows the secret is let in.
    #[serde(default)]
    pub from: Vec<String>,
    /// Whether numbers are written without the country's digits, as some markets want them.
    #[serde(default = "yes")]
    pub national_numbers: bool,
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

fn kenya() -> String {
    "KE".to_owned()
}

fn shillings() -> String {
    "KES".to_owned()
}

const fn yes() -> bool {
    true
}

impl AirtelSettings {
    /// The files it names.
    pub fn paths(&mut self) -> [&mut PathBuf; 3] {
        [&mut self.secret_path_file, &mut self.client_secret_file, &mut self.pin_file]
    }

    /// What it has in common with other providers' tables.
    pub fn table(&self) -> Table<'_> {
        Table {
            name: AirtelRail::NAME,
            base_url: &self.base_url,
            callback_base: None,
            numbers: &self.numbers,
            from: &self.from,
            payout: self.payout.as_ref(),
            timing: self.timing,
        }
    }

    /// Whether one can live with what is its own.
    ///
    /// # Errors
    /// What is wrong, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        table::currency(&self.currency, self.sandbox, "sandbox = true")
    }

    /// Fetches the secrets.
    ///
    /// # Errors
    /// Which one is missing.
    pub fn load(self) -> Result<AirtelConfig, secret::SecretError> {
        let read = |name, file: &PathBuf| secret::load(name, Some(file), None);
        Ok(AirtelConfig {
            secret_path: secret::load_path(Some(&self.secret_path_file), None)?,
            client_secret: read("client_secret", &self.client_secret_file)?,
            pin: read("pin", &self.pin_file)?,
            settings: self,
        })
    }
}

/// Settings with their secrets.
#[derive(Debug, Clone)]
pub struct AirtelConfig {
    /// The settings.
    pub settings: AirtelSettings,
    /// The secret part of the callback's path.
    pub secret_path: SecretString,
    /// The app's client secret.
    pub client_secret: SecretString,
    /// The encrypted PIN of the disbursing account.
    pub pin: SecretString,
}

/// The adapter. Dropping it ends its looks at the provider.
pub type Airtel = Adapter<AirtelRail>;

/// How Airtel is spoken to.
pub struct AirtelRail {
    config: AirtelConfig,
    bearer: Bearer,
}

impl Airtel {
    /// The adapter, taken to be up until something else is heard. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When no requests can be made at all.
    pub fn start(config: AirtelConfig) -> Result<Self, ClientError> {
        let timing = config.settings.timing;
        let url = format!("{}/auth/oauth2/token", config.settings.base_url);
        let (id, secret) = (config.settings.client_id.clone(), config.client_secret.clone());
        let login = Box::new(move |client: &Client| {
            client.post(&url).json(&json!({
                "client_id": id,
                "client_secret": secret.expose_secret(),
                "grant_type": "client_credentials",
            }))
        });
        let bearer = Bearer::new(&timing, timing.link("airtel"), login, |status, _| status == 401)?;
        if config.settings.sandbox {
            let currency = &config.settings.currency;
            tracing::warn!(
                currency,
                "Airtel pays in its staging: no money moves, and receipts begin with SANDBOX"
            );
        }
        Ok(Self::over(AirtelRail { config, bearer }))
    }
}

impl AirtelRail {
    /// What every request carries beside its token.
    fn dressed(&self, request: RequestBuilder) -> RequestBuilder {
        let settings = &self.config.settings;
        request.header("X-Country", &settings.country).header("X-Currency", &settings.currency)
    }

    fn number(&self, to: Msisdn) -> String {
        let digits = to.to_string();
        match self.config.settings.national_numbers {
            true => digits[digits.len().saturating_sub(9)..].to_owned(),
            false => digits,
        }
    }
}

impl Rail for AirtelRail {
    const NAME: &'static str = "airtel";
    const DOOR: &'static str = "/money/airtel/";

    fn called(&self) -> &str {
        "Airtel"
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
        let url = format!("{}/standard/v1/disbursements/", self.config.settings.base_url);
        let id = payout.id.to_string();
        let body = json!({
            "payee": { "msisdn": self.number(payout.to) },
            "reference": id,
            "pin": self.config.pin.expose_secret(),
            "transaction": { "amount": payout.shillings, "id": id, "type": "B2C" },
        });
        self.bearer.ask(|client| self.dressed(client.post(&url)).json(&body)).await
    }

    fn read(&self, status: u16, body: &[u8], _: &PayOut) -> Ack {
        answer::to_request(status, body)
    }

    async fn look_up(&self, payout: &PayOut) -> PayoutNews {
        let url = format!("{}/standard/v1/disbursements/{}", self.config.settings.base_url, payout.id);
        let heard = self.bearer.ask(|client| self.dressed(client.get(&url))).await;
        let settings = &self.config.settings;
        let news = looked_up(self.link(), payout, heard, |status, body| {
            answer::to_status(status, body, payout, &settings.currency)
        });
        if settings.sandbox { in_play(news) } else { news }
    }

    fn about(&self, _: &str, body: &[u8]) -> Result<Option<PayoutId>, String> {
        answer::of_callback(body).map(Some).ok_or_else(|| "it names no payout".to_owned())
    }
}
