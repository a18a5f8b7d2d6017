//! Takes cards: the adapter between the engine's `CardIn` and a processor that speaks Stripe
//! Checkout, and the webhook by which it tells us what happened.

pub mod event;
pub mod webhook;

use super::http::{Client, ClientError, Heard};
use super::secret;
use crate::engine::shopfront::{CardIn, CardSession};
use crate::types::Usd;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The table `[money.card]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardSettings {
    /// Where the processor is: `http://host:port`, no slash at the end.
    pub base_url: String,
    /// A file with our key.
    pub api_key_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    pub api_key_env: Option<String>,
    /// A file with the secret that webhooks are signed with.
    pub webhook_secret_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    pub webhook_secret_env: Option<String>,
    /// A file with the secret before this one, while the processor changes over.
    pub webhook_secret_old_file: Option<PathBuf>,
    /// How long connecting may take, in milliseconds.
    #[serde(default = "CardConfig::connect_ms")]
    pub connect_timeout_ms: u64,
    /// How long a request with its answer may take, in milliseconds.
    #[serde(default = "CardConfig::answer_ms")]
    pub answer_timeout_ms: u64,
    /// How long the processor remembers an idempotency key, in hours.
    #[serde(default = "CardConfig::keys_hours")]
    pub keeps_keys_hours: u64,
    /// The version of the processor's API that every request names.
    #[serde(default = "CardConfig::version")]
    pub api_version: String,
}

impl CardSettings {
    /// Fetches the secrets.
    pub fn load(self) -> Result<CardConfig, secret::SecretError> {
        let api_key = secret::load("api_key", self.api_key_file.as_deref(), self.api_key_env.as_deref())?;
        let (file, variable) = (self.webhook_secret_file.as_deref(), self.webhook_secret_env.as_deref());
        let mut config =
            CardConfig::new(self.base_url, api_key, secret::load("webhook_secret", file, variable)?);
        if let Some(old) = self.webhook_secret_old_file.as_deref() {
            config.webhook_secrets.push(secret::load("webhook_secret_old", Some(old), None)?);
        }
        config.connect_timeout = Duration::from_millis(self.connect_timeout_ms);
        config.answer_timeout = Duration::from_millis(self.answer_timeout_ms);
        config.keeps_keys = Duration::from_secs(self.keeps_keys_hours * 3_600);
        config.api_version = self.api_version;
        Ok(config)
    }
}

/// What the adapter and its webhook work with.
#[derive(Debug, Clone)]
pub struct CardConfig {
    /// Where the processor is.
    pub base_url: String,
    /// Our key; `sk_live_...` makes this a live shop that refuses test events.
    pub api_key: SecretString,
    /// Any of these may sign a webhook.
    pub webhook_secrets: Vec<SecretString>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a request with its answer may take.
    pub answer_timeout: Duration,
    /// How long the processor remembers a key.
    pub keeps_keys: Duration,
    /// The version of its API.
    pub api_version: String,
}

impl CardConfig {
    /// The usual times.
    pub fn new(base_url: String, api_key: SecretString, webhook_secret: SecretString) -> Self {
        Self {
            base_url,
            api_key,
            webhook_secrets: vec![webhook_secret],
            connect_timeout: Duration::from_millis(Self::connect_ms()),
            answer_timeout: Duration::from_millis(Self::answer_ms()),
            keeps_keys: Duration::from_secs(Self::keys_hours() * 3_600),
            api_version: Self::version(),
        }
    }

    /// Whether real cards are charged: by a secret key, or by one that may do a few things only.
    pub fn is_live(&self) -> bool {
        let key = self.api_key.expose_secret();
        key.starts_with("sk_live_") || key.starts_with("rk_live_")
    }

    fn connect_ms() -> u64 {
        2_000
    }
    fn answer_ms() -> u64 {
        10_000
    }
    fn keys_hours() -> u64 {
        24
    }
    fn version() -> String {
        "2024-06-20".to_owned()
    }
}

/// A request whose outcome is not known is sent again with the same key, so often in all.
const TRIES: u32 = 3;

/// The pause before the second try; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(200);

/// The adapter.
pub struct CardMoney {
    config: CardConfig,
    client: Client,
}

#[derive(Deserialize)]
struct Opened {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl CardMoney {
    /// The adapter; nothing is sent yet.
    pub fn new(config: CardConfig) -> Result<Self, ClientError> {
        let client = Client::new(config.connect_timeout, config.answer_timeout)?;
        Ok(Self { config, client })
    }

    /// Posts a form until the outcome is known. `Err` is the processor's refusal, or what kept us
    /// from knowing.
    async fn post(&self, path: &str, key: &str, form: &[(&str, String)]) -> Result<Vec<u8>, Reason> {
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let request = self
                .client
                .post(format!("{}{path}", self.config.base_url))
                .bearer_auth(self.config.api_key.expose_secret())
                .header("Stripe-Version", &self.config.api_version)
                .header("Idempotency-Key", key)
                .form(form);
            let trouble = match self.client.ask(request).await {
                Heard::Answer { status: 200..=299, body, .. } => return Ok(body),
                Heard::Answer { status, body, .. } if matches!(status, 409 | 429) || status >= 500 => {
                    format!("status {status}, {} octets", body.len())
                }
                Heard::Answer { status, body, .. } => {
                    let refused = serde_json::from_slice::<Refused>(&body).map(|r| r.error);
                    let Reason { code, message } = refused.unwrap_or_else(|_| Reason {
                        code: String::new(),
                        message: format!("status {status} without a reason"),
                    });
                    // Somebody in between may repeat what we sent, and the reason is logged.
                    let message = message.replace(self.config.api_key.expose_secret(), "***");
                    return Err(Reason { code, message });
                }
                Heard::NotSent(why) | Heard::Nothing(why) => why,
            };
            if attempt == TRIES {
                return Err(Reason { code: String::new(), message: trouble });
            }
            tracing::warn!(path, attempt, trouble, "card processor, trying again");
            tokio::time::sleep(pause).await;
            (pause, attempt) = (pause * 2, attempt + 1);
        }
    }

    async fn open_page(&self, session: CardSession) -> Result<String, String> {
        let form = [
            ("mode", "payment".to_owned()),
            ("client_reference_id", session.token.clone()),
            // The page closes before the pieces are let go. Of the order, so that a repeat of the
            // request is the same request.
            ("expires_at", session.until.millis().div_euclid(1000).to_string()),
            ("metadata[token]", session.token.clone()),
            ("payment_intent_data[description]", session.what.clone()),
            ("payment_intent_data[metadata][token]", session.token),
            ("line_items[0][price_data][currency]", "usd".to_owned()),
            ("line_items[0][price_data][unit_amount]", session.amount.cents().to_string()),
            ("line_items[0][price_data][product_data][name]", session.what),
            ("line_items[0][quantity]", "1".to_owned()),
            ("success_url", session.return_url.clone()),
            ("cancel_url", session.return_url),
        ];
        let body = self.post("/v1/checkout/sessions", &session.idempotency_key, &form).await;
        let body = body.map_err(|reason| reason.message)?;
        let opened: Opened = serde_json::from_slice(&body).map_err(|e| format!("not a session: {e}"))?;
        opened.url.ok_or_else(|| "the session is over already".to_owned())
    }

    async fn give_back(&self, payment: String, amount: Usd, key: String) -> Result<(), String> {
        let form = [
            ("payment_intent", payment),
            ("amount", amount.cents().to_string()),
            // By this the refund is found again when its key is forgotten.
            ("metadata[key]", key.clone()),
        ];
        match self.post("/v1/refunds", &key, &form).await {
            Ok(body) => {
                let made: Made = serde_json::from_slice(&body).map_err(|e| format!("not a refund: {e}"))?;
                if made.stands() { Ok(()) } else { Err(format!("the refund {} is {}", made.id, made.status)) }
            }
            // Keys are forgotten after a day; the money is back all the same.
            Err(reason) if reason.code == "charge_already_refunded" => Ok(()),
            Err(reason) => Err(reason.message),
        }
    }
}

/// A refund as the processor lists it.
#[derive(Deserialize)]
struct Made {
    #[serde(default)]
    id: String,
    amount: i64,
    #[serde(default)]
    status: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Made {
    /// It reached the card, or will.
    fn stands(&self) -> bool {
        !matches!(self.status.as_str(), "failed" | "canceled")
    }
}

#[derive(Deserialize)]
struct List {
    data: Vec<Made>,
    #[serde(default)]
    has_more: bool,
}

/// Pages of refunds that are looked through: no payment of ours has so many.
const PAGES: usize = 50;

impl CardMoney {
    /// Looks for a refund among those of its payment. One of the same sum that names no key may be
    /// ours, and counts: rather a question of the shopper's than the money twice.
    async fn was_made(&self, payment: String, amount: Usd, key: String) -> Result<bool, String> {
        let ours = |made: &Made| match made.metadata.get("key") {
            Some(named) => *named == key,
            None => made.amount == amount.cents(),
        };
        let mut after = None;
        for _ in 0..PAGES {
            let list = self.refunds_of(&payment, after.as_deref()).await?;
            if list.data.iter().any(|made| ours(made) && made.stands()) {
                return Ok(true);
            }
            match list.data.last() {
                Some(last) if list.has_more => after = Some(last.id.clone()),
                _ => return Ok(false),
            }
        }
        Err("the payment has more refunds than can be looked through".to_owned())
    }

    /// A page of the refunds of a payment.
    async fn refunds_of(&self, payment: &str, after: Option<&str>) -> Result<List, String> {
        let wanted = [("payment_intent", payment), ("limit", "100")].into_iter();
        let wanted = wanted.chain(after.map(|last| ("starting_after", last)));
        let path = format!("{}/v1/refunds", self.config.base_url);
        let address = reqwest::Url::parse_with_params(&path, wanted).map_err(|why| why.to_string())?;
        let request = self.client.get(address).bearer_auth(self.config.api_key.expose_secret());
        let request = request.header("Stripe-Version", &self.config.api_version);
        let body = match self.client.ask(request).await {
            Heard::Answer { status: 200..=299, body, .. } => body,
            Heard::Answer { status, .. } => return Err(format!("status {status} when asked for refunds")),
            Heard::NotSent(why) | Heard::Nothing(why) => return Err(why),
        };
        serde_json::from_slice(&body).map_err(|e| format!("not a list of refunds: {e}"))
    }
}

impl CardIn for CardMoney {
    fn refunded(&self, payment: String, amount: Usd, key: String) -> BoxFuture<'_, Result<bool, String>> {
        Box::pin(self.was_made(payment, amount, key))
    }

    fn keeps_keys(&self) -> Duration {
        self.config.keeps_keys
    }

    fn open(&self, session: CardSession) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(self.open_page(session))
    }

    fn refund(&self, payment: String, amount: Usd, key: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.give_back(payment, amount, key))
    }
}
