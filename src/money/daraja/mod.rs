//! Pays out by M-Pesa in Kenya: Safaricom's Daraja, business to customer, version 3.
//!
//! A request is only ever accepted; what became of it is posted to an address of ours, and so is the
//! answer to every question. Each address names the payout it is about and what it is for, so that no
//! result is taken for another one's.

pub mod answer;
pub mod callback;

use super::http::{Client, ClientError, Heard};
use super::link::{Link, lock};
use super::proof::{Ack, Fault, unknown};
use super::rail::{self, Rail, Timing};
use super::secret;
use super::token::Bearer;
use crate::engine::port::{MoneyOut, PayOut, PayoutNews, PayoutPolicy};
use crate::types::{Msisdn, PayoutId};
use answer::reference;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The table `[money.daraja]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DarajaSettings {
    /// `https://sandbox.safaricom.co.ke` or `https://api.safaricom.co.ke`, no slash at the end.
    pub base_url: String,
    /// Where Safaricom reaches us: `https://shop.example`, no slash at the end.
    pub callback_base: String,
    /// A file with the secret part of the callbacks' path.
    pub secret_path_file: PathBuf,
    /// A file with the app's consumer key.
    pub consumer_key_file: PathBuf,
    /// A file with the app's consumer secret.
    pub consumer_secret_file: PathBuf,
    /// The API operator's user name.
    pub initiator: String,
    /// A file with the initiator's password, encrypted with the certificate of the environment and
    /// written in base64: it is made once, elsewhere, so that the password is never here.
    pub credential_file: PathBuf,
    /// The short code for bulk disbursement; its Utility account pays.
    pub short_code: String,
    /// `BusinessPayment`, `SalaryPayment` or `PromotionPayment`.
    #[serde(default = "business_payment")]
    pub command: String,
    /// Beginnings of the numbers that are paid by it, in international digits: `2547`. Without any, it
    /// pays every number that no other provider is for.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Limits and tariff, where they are not those of `[market.payout]`.
    pub payout: Option<PayoutPolicy>,
    /// Payouts wait while the Utility account holds less, in shillings.
    #[serde(default)]
    pub float_floor_shillings: u32,
    /// How often the balance is asked for, in minutes; 0 for never.
    #[serde(default = "quarter")]
    pub balance_minutes: u32,
    /// A payout is not asked about sooner after it was sent, or asked about, in seconds.
    #[serde(default = "half_a_minute")]
    pub ask_seconds: u32,
    /// A payout that Safaricom does not find is sent again, under the same id, no sooner than this after
    /// the last try, in minutes.
    #[serde(default = "hour")]
    pub resend_minutes: u32,
    /// How long things may take.
    #[serde(default)]
    pub timing: Timing,
}

fn business_payment() -> String {
    "BusinessPayment".to_owned()
}

const fn quarter() -> u32 {
    15
}

const fn half_a_minute() -> u32 {
    30
}

const fn hour() -> u32 {
    60
}

/// What Safaricom will not have in an address of ours.
const NOT_IN_PATHS: [&str; 7] = ["mpesa", "safaricom", "exe", "exec", "cmd", "sql", "query"];

impl DarajaSettings {
    /// The files it names.
    pub fn paths(&mut self) -> [&mut PathBuf; 4] {
        [
            &mut self.secret_path_file,
            &mut self.consumer_key_file,
            &mut self.consumer_secret_file,
            &mut self.credential_file,
        ]
    }

    /// Fetches the secrets.
    ///
    /// # Errors
    /// Which one is missing, or cannot be used.
    pub fn load(self) -> Result<DarajaConfig, secret::SecretError> {
        let read = |name, file: &PathBuf| secret::load(name, Some(file), None);
        let secret_path = read("secret_path", &self.secret_path_file)?;
        let lower = secret_path.expose_secret().to_ascii_lowercase();
        if NOT_IN_PATHS.iter().any(|word| lower.contains(word)) {
            return Err(secret::SecretError::Path { name: "secret_path" });
        }
        Ok(DarajaConfig {
            secret_path,
            consumer_key: read("consumer_key", &self.consumer_key_file)?,
            consumer_secret: read("consumer_secret", &self.consumer_secret_file)?,
            credential: read("credential", &self.credential_file)?,
            settings: self,
        })
    }
}

/// Settings with their secrets.
#[derive(Debug, Clone)]
pub struct DarajaConfig {
    /// The settings.
    pub settings: DarajaSettings,
    /// The secret part of the callbacks' path.
    pub secret_path: SecretString,
    /// The app's consumer key.
    pub consumer_key: SecretString,
    /// The app's consumer secret.
    pub consumer_secret: SecretString,
    /// The encrypted password of the initiator.
    pub credential: SecretString,
}

/// The adapter. Dropping it ends its looks at provider and balance.
pub struct Daraja {
    inner: Arc<Inner>,
    _stop: DropGuard,
}

/// What adapter and callbacks share.
pub(super) struct Inner {
    config: DarajaConfig,
    bearer: Bearer,
    /// When a payout was last sent, or asked about.
    touched: Mutex<BTreeMap<PayoutId, Touched>>,
}

struct Touched {
    /// At the latest: a program before this one may have sent it until this one began to ask.
    sent: Instant,
    asked: Instant,
    /// Safaricom has said that it finds no such payout.
    denied: bool,
}

impl Daraja {
    /// The adapter, taken to be up until something else is heard. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When no requests can be made at all.
    pub fn start(config: DarajaConfig) -> Result<Self, ClientError> {
        let timing = config.settings.timing;
        let url = format!("{}/oauth/v1/generate?grant_type=client_credentials", config.settings.base_url);
        let (key, secret) = (config.consumer_key.clone(), config.consumer_secret.clone());
        let login = Box::new(move |client: &Client| {
            client.get(&url).basic_auth(key.expose_secret(), Some(secret.expose_secret()))
        });
        let bearer = Bearer::new(&timing, timing.link("daraja"), login, answer::is_stale)?;
        let inner = Arc::new(Inner { config, bearer, touched: Mutex::default() });
        let stop = CancellationToken::new();
        let (probed, watched, ended) = (inner.clone(), inner.clone(), stop.clone());
        let every = Duration::from_millis(timing.probe_ms);
        tokio::spawn(async move {
            let looks = async { tokio::join!(probed.bearer.probe(every), watched.watch_float()) };
            ended.run_until_cancelled(looks).await
        });
        Ok(Self { inner, _stop: stop.drop_guard() })
    }
}

impl MoneyOut for Daraja {
    fn terms(&self, _: &str) -> Option<PayoutPolicy> {
        self.inner.config.settings.payout.clone()
    }

    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move {
            let news = rail::pay(&*self.inner, &payout).await;
            if !matches!(news, PayoutNews::NotTaken { .. }) {
                let now = Instant::now();
                let touched = Touched { sent: now, asked: now, denied: false };
                lock(&self.inner.touched).insert(payout.id, touched);
            }
            news
        })
    }

    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move { self.inner.ask_about(&payout).await })
    }

    fn keeps_ids(&self, _: &str) -> Duration {
        self.inner.config.settings.timing.keeps_ids()
    }

    fn is_up(&self, _: Msisdn) -> bool {
        self.inner.bearer.link.is_up()
    }
}

impl Rail for Inner {
    fn link(&self) -> &Link {
        &self.bearer.link
    }

    async fn send(&self, payout: &PayOut) -> Heard {
        let settings = &self.config.settings;
        let body = json!({
            "OriginatorConversationID": reference(payout.id),
            "InitiatorName": settings.initiator,
            "SecurityCredential": self.config.credential.expose_secret(),
            "CommandID": settings.command,
            "Amount": payout.shillings,
            "PartyA": settings.short_code,
            "PartyB": payout.to.to_string(),
            "Remarks": "Sokoni payout",
            "QueueTimeOutURL": self.address("late", payout.id),
            "ResultURL": self.address("result", payout.id),
            "Occassion": "",
        });
        self.post("/mpesa/b2c/v3/paymentrequest", &body).await
    }

    fn read(&self, status: u16, body: &[u8]) -> Ack {
        answer::to_request(status, body)
    }

    /// What Safaricom knows comes by itself, later: of a refusal it says nothing now.
    async fn look_up(&self, _: &PayOut) -> PayoutNews {
        PayoutNews::Asked
    }
}

impl Inner {
    async fn post(&self, path: &str, body: &Value) -> Heard {
        let url = format!("{}{path}", self.config.settings.base_url);
        self.bearer.ask(|client| client.post(&url).json(body)).await
    }

    /// Where Safaricom posts what it has to say: about what, and about which payout.
    fn address(&self, what: &str, id: PayoutId) -> String {
        let (base, secret) = (&self.config.settings.callback_base, self.config.secret_path.expose_secret());
        format!("{base}{}{secret}/{what}/{id}", callback::PREFIX)
    }

    /// Asks what became of a payout, unless that was asked a moment ago.
    async fn ask_about(&self, payout: &PayOut) -> PayoutNews {
        let settings = &self.config.settings;
        if self.bearer.link.held() == Some(Fault::Credential) {
            return PayoutNews::Asked;
        }
        {
            let (now, mut all) = (Instant::now(), lock(&self.touched));
            all.retain(|_, one| one.asked.elapsed() < Duration::from_secs(86_400));
            if let Some(one) = all.get_mut(&payout.id) {
                let resend = Duration::from_secs(u64::from(settings.resend_minutes) * 60);
                if one.denied && one.sent.elapsed() >= resend {
                    one.denied = false;
                    let why = "Safaricom finds no such payout".to_owned();
                    return PayoutNews::NotTaken { why };
                }
                if one.asked.elapsed() < Duration::from_secs(settings.ask_seconds.into()) {
                    return PayoutNews::Asked;
                }
                one.asked = now;
            } else {
                let begun = Touched { sent: now, asked: now, denied: false };
                all.insert(payout.id, begun);
            }
        }
        let body = json!({
            "Initiator": settings.initiator,
            "SecurityCredential": self.config.credential.expose_secret(),
            "CommandID": "TransactionStatusQuery",
            "OriginalConversationID": reference(payout.id),
            "PartyA": settings.short_code,
            "IdentifierType": "4",
            "ResultURL": self.address("state", payout.id),
            "QueueTimeOutURL": self.address("unasked", payout.id),
            "Remarks": "Sokoni payout",
            "Occasion": "",
        });
        let heard = self.post("/mpesa/transactionstatus/v1/query", &body).await;
        self.bearer.link.note(&heard, true);
        match heard {
            Heard::Answer { status, body, .. } if answer::is_asked(status, &body) => PayoutNews::Asked,
            Heard::Answer { status, .. } => unknown(format!("status {status} to the question about it")),
            Heard::NotSent(why) | Heard::Nothing(why) => unknown(why),
        }
    }

    /// Safaricom finds no such payout.
    fn denied(&self, id: PayoutId) {
        if let Some(one) = lock(&self.touched).get_mut(&id) {
            one.denied = true;
        }
    }

    /// Holds payouts while the float is below its floor, and lets them go on above it.
    fn float_is(&self, cents: i64) {
        let floor = i64::from(self.config.settings.float_floor_shillings) * 100;
        if cents < floor {
            self.bearer.link.hold(Fault::Float, &format!("{} shillings are left", cents / 100));
        } else if floor > 0 {
            self.bearer.link.release(Fault::Float);
        }
    }

    /// Asks for the balance now and then; it comes by itself. Never ends.
    async fn watch_float(&self) {
        let settings = &self.config.settings;
        let every = Duration::from_secs(u64::from(settings.balance_minutes) * 60);
        if every.is_zero() {
            return std::future::pending().await;
        }
        let nothing = PayoutId::from_bytes([0; 16]);
        let body = json!({
            "Initiator": settings.initiator,
            "SecurityCredential": self.config.credential.expose_secret(),
            "CommandID": "AccountBalance",
            "PartyA": settings.short_code,
            "IdentifierType": "4",
            "ResultURL": self.address("float", nothing),
            "QueueTimeOutURL": self.address("unasked", nothing),
            "Remarks": "Sokoni float",
        });
        loop {
            if self.bearer.link.held() != Some(Fault::Credential) {
                let heard = self.post("/mpesa/accountbalance/v1/query", &body).await;
                self.bearer.link.note(&heard, false);
            }
            tokio::time::sleep(every).await;
        }
    }
}
