//! Pays out by M-Pesa in Kenya: Safaricom's Daraja, business to customer, version 3.
//!
//! A request is only ever accepted; what became of it is posted to an address of ours, and so is the
//! answer to every question. Each address names the payout it is about and what it is for, so that no
//! result is taken for another one's.

pub mod answer;
mod float;
pub mod push;
#[cfg(test)]
mod tests;

use super::http::{Client, ClientError, Heard};
use super::link::{Link, lock};
use super::proof::{Ack, Fault, Told, unknown};
use super::rail::{Adapter, Posted, Rail, Timing};
use super::secret;
use super::table::Table;
use super::token::Bearer;
use crate::engine::port::{PayOut, PayoutNews, PayoutPolicy};
use crate::engine::prompt::{PromptNews, Prompted};
use crate::types::{PayoutId, PromptId};
use answer::reference;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use float::NOTHING;
use push::PushSettings;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

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
    /// Networks that Safaricom calls from; without any, whoever knows the secret is let in, and a failure
    /// is asked about before it is believed.
    #[serde(default)]
    pub from: Vec<String>,
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
    /// By what people are asked on their phones to pay us; without it nobody is asked.
    #[serde(default)]
    pub push: Option<PushSettings>,
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

/// What a payout may be called.
const COMMANDS: [&str; 3] = ["BusinessPayment", "SalaryPayment", "PromotionPayment"];

/// Why an address is not one that Safaricom posts to.
fn banned(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    NOT_IN_PATHS.into_iter().find(|word| lower.contains(word))
}

impl DarajaSettings {
    /// The files it names.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let own = [
            &mut self.secret_path_file,
            &mut self.consumer_key_file,
            &mut self.consumer_secret_file,
            &mut self.credential_file,
        ];
        own.into_iter().chain(self.push.as_mut().map(|push| &mut push.passkey_file))
    }

    /// What it has in common with other providers' tables.
    pub fn table(&self) -> Table<'_> {
        Table {
            name: DarajaRail::NAME,
            base_url: &self.base_url,
            callback_base: Some(&self.callback_base),
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
        if !COMMANDS.contains(&self.command.as_str()) {
            return Err(format!(
                "command {:?} is unknown; write one of {}",
                self.command,
                COMMANDS.join(", ")
            ));
        }
        let digits = |text: &str| (5..=7).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(&self.short_code) {
            return Err(format!("short_code {:?}: write the five to seven digits of it", self.short_code));
        }
        if self.initiator.trim().is_empty() {
            return Err("initiator is empty; write the API operator's user name".to_owned());
        }
        self.push.as_ref().map_or(Ok(()), PushSettings::check)?;
        match banned(&self.callback_base) {
            Some(word) => Err(format!(
                "callback_base holds {word:?}, and Safaricom posts to no such address; use another host"
            )),
            None => Ok(()),
        }
    }

    /// Fetches the secrets.
    ///
    /// # Errors
    /// Which one is missing, or cannot be used.
    pub fn load(self) -> Result<DarajaConfig, secret::SecretError> {
        let read = |name, file: &PathBuf| secret::load(name, Some(file), None);
        let secret_path = secret::load_path(Some(&self.secret_path_file), None)?;
        if banned(secret_path.expose_secret()).is_some() {
            return Err(secret::SecretError::Path { name: "secret_path" });
        }
        Ok(DarajaConfig {
            secret_path,
            consumer_key: read("consumer_key", &self.consumer_key_file)?,
            consumer_secret: read("consumer_secret", &self.consumer_secret_file)?,
            credential: read("credential", &self.credential_file)?,
            passkey: self.push.as_ref().map(|push| read("passkey", &push.passkey_file)).transpose()?,
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
    /// The passkey of the short code that people pay to.
    pub passkey: Option<SecretString>,
}

/// The adapter. Dropping it ends its looks at provider and balance.
pub type Daraja = Adapter<DarajaRail>;

/// How Daraja is spoken to.
pub struct DarajaRail {
    config: DarajaConfig,
    bearer: Bearer,
    /// When a payout was last sent, or asked about.
    touched: Mutex<BTreeMap<PayoutId, Touched>>,
}

struct Touched {
    /// At the latest: a program before this one may have sent it until this one began to ask.
    sent: Instant,
    asked: Instant,
    /// Safaricom has said that it finds no such payout, when it was time to believe that.
    denied: bool,
    /// Why it failed, on the word of somebody who knows the path and whose address is not listed.
    claimed: Option<(String, Option<Fault>)>,
}

impl Touched {
    fn now() -> Self {
        let now = Instant::now();
        Self { sent: now, asked: now, denied: false, claimed: None }
    }
}

impl Daraja {
    /// The adapter, taken to be up until something else is heard. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When no requests can be made at all.
    pub fn start(config: DarajaConfig) -> Result<Self, ClientError> {
        DarajaRail::new(config).map(Self::over)
    }
}

impl Rail for DarajaRail {
    const NAME: &'static str = "daraja";
    const DOOR: &'static str = "/money/daraja/";

    fn called(&self) -> &str {
        "M-Pesa"
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
        let url = self.url("/mpesa/b2c/v3/paymentrequest");
        let heard = self.bearer.ask(|client| client.post(&url).json(&body)).await;
        if !matches!(heard, Heard::NotSent(_)) {
            lock(&self.touched).insert(payout.id, Touched::now());
        }
        heard
    }

    fn read(&self, status: u16, body: &[u8], _: &PayOut) -> Ack {
        answer::to_request(status, body)
    }

    /// What Safaricom knows comes by itself, later.
    async fn look_up(&self, payout: &PayOut) -> PayoutNews {
        self.ask_about(payout).await
    }

    /// Of a refusal it says nothing now.
    async fn look_up_refused(&self, _: &PayOut) -> PayoutNews {
        PayoutNews::Asked
    }

    fn prompts(&self) -> bool {
        self.push().is_some()
    }

    fn takes_elsewhere(&self) -> bool {
        self.push().is_some_and(|(push, _)| push.short_code != self.config.settings.short_code)
    }

    async fn prompt(&self, ask: &Prompted) -> PromptNews {
        let Some((settings, passkey)) = self.push() else {
            return PromptNews::Held { why: "[money.daraja.push] is not there".to_owned() };
        };
        let body = settings.request(passkey, ask, &self.address("push", ask.id));
        match self.about_prompts("/mpesa/stkpush/v1/processrequest", &body).await {
            Heard::Answer { status, body, .. } => push::to_request(status, &body),
            Heard::NotSent(why) => PromptNews::Held { why },
            Heard::Nothing(why) => PromptNews::Open { why },
        }
    }

    async fn prompted(&self, ask: &Prompted) -> PromptNews {
        let (Some((settings, passkey)), Some(checkout)) = (self.push(), &ask.checkout) else {
            return PromptNews::Open { why: "there is nothing to ask about it by".to_owned() };
        };
        let body = settings.question(passkey, checkout, ask.at);
        match self.about_prompts("/mpesa/stkpushquery/v1/query", &body).await {
            Heard::Answer { status, body, .. } => push::to_question(status, &body, ask, checkout),
            Heard::NotSent(why) | Heard::Nothing(why) => PromptNews::Open { why },
        }
    }

    fn about_prompt(&self, tail: &str) -> Option<PromptId> {
        tail.strip_prefix("push/")?.parse().ok()
    }

    async fn prompt_told(&self, posted: Posted<'_>, asked: &Prompted) -> Result<PromptNews, String> {
        let (told, checkout) = push::of_result(posted.body, asked)?;
        if posted.listed {
            return Ok(told);
        }
        let known = asked.checkout.is_some();
        let asked = Prompted { checkout: Some(checkout.clone()), ..asked.clone() };
        Ok(match (self.prompted(&asked).await, told) {
            // The question tells no receipt, and rarely a sum.
            (PromptNews::Paid { .. }, told @ (PromptNews::Paid { .. } | PromptNews::Odd { .. })) => told,
            (PromptNews::Open { .. }, PromptNews::Paid { receipt, checkout }) => {
                PromptNews::Claimed { checkout, receipt: Some(receipt), odd: None }
            }
            (PromptNews::Open { .. }, PromptNews::Odd { why, receipt, .. }) => {
                PromptNews::Claimed { checkout, receipt, odd: Some(why) }
            }
            // By this name it can be asked about.
            (PromptNews::Open { .. }, _) if !known => {
                PromptNews::Claimed { checkout, receipt: None, odd: None }
            }
            (news, _) => news,
        })
    }

    async fn watch(&self) {
        let every = Duration::from_millis(self.timing().probe_ms);
        tokio::join!(self.bearer.probe(every), self.watch_float());
    }

    fn aside(&self, Posted { tail, body, listed }: Posted<'_>) -> bool {
        let what = tail.split('/').next().unwrap_or_default();
        // What holds payouts, or lets them go on, is no stranger's word: it answers what was asked.
        let known = listed || (what == "float" && tail.ends_with(&self.tag(NOTHING)));
        if known {
            if let Some(cents) = answer::float_in(body) {
                self.float_is(cents);
            }
            if what == "float"
                && let Some(fault) = answer::of_side(body)
            {
                self.link().hold(fault, "the answer to a question about the balance says so");
            }
        } else if what == "float" {
            tracing::warn!("a balance from mobile money that answers no question of ours");
        }
        matches!(what, "float" | "unasked")
    }

    fn about(&self, tail: &str, _: &[u8]) -> Result<Option<PayoutId>, String> {
        let payout = tail.split('/').nth(1).ok_or("its path names no payout")?;
        Ok(payout.parse().ok())
    }

    async fn told(&self, posted: Posted<'_>, asked: &PayOut) -> Result<Option<PayoutNews>, String> {
        let told = match posted.tail.split('/').next().unwrap_or_default() {
            "result" => answer::of_result(posted.body, asked)?,
            "state" if !posted.listed && !posted.tail.ends_with(&self.tag(asked.id)) => {
                return Err("it answers no question of ours".to_owned());
            }
            "state" => answer::of_state(posted.body, asked)?,
            // It waited too long inside; the money may move all the same.
            "late" => unknown("it waits in a queue of the provider").into(),
            _ => return Err("its path says nothing that we know".to_owned()),
        };
        match told {
            Told { news: PayoutNews::Failed { why }, fault }
                if posted.tail.starts_with("result") && !posted.listed =>
            {
                Ok(self.claimed(asked, why, fault).await)
            }
            // A word that proves nothing may contradict what was proven: its own books tell.
            told if posted.tail.starts_with("result") && matches!(told.news, PayoutNews::Unknown { .. }) => {
                drop(self.ask_state(asked).await);
                Ok(Some(self.link().takes(asked.id, told)))
            }
            told if posted.tail.starts_with("state") => Ok(Some(self.settled(asked, told))),
            told => Ok(Some(self.link().takes(asked.id, told))),
        }
    }

    fn answer(status: StatusCode) -> Response {
        let code = if status == StatusCode::OK { 0 } else { 1 };
        (status, Json(json!({ "ResultCode": code, "ResultDesc": status.canonical_reason() }))).into_response()
    }
}

impl DarajaRail {
    fn new(config: DarajaConfig) -> Result<Self, ClientError> {
        let timing = config.settings.timing;
        let url = format!("{}/oauth/v1/generate?grant_type=client_credentials", config.settings.base_url);
        let (key, secret) = (config.consumer_key.clone(), config.consumer_secret.clone());
        let login = Box::new(move |client: &Client| {
            client.get(&url).basic_auth(key.expose_secret(), Some(secret.expose_secret()))
        });
        let bearer = Bearer::new(&timing, timing.link(Self::NAME), login, answer::is_stale)?;
        Ok(Self { config, bearer, touched: Mutex::default() })
    }

    /// By what people are asked to pay us.
    fn push(&self) -> Option<(&PushSettings, &str)> {
        let passkey = self.config.passkey.as_ref()?;
        Some((self.config.settings.push.as_ref()?, passkey.expose_secret()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.settings.base_url)
    }

    /// Asks something beside the payouts; its answer comes by itself.
    async fn question(&self, path: &str, body: &Value) -> Heard {
        let url = self.url(path);
        self.bearer.ask_aside(|client| client.post(&url).json(body)).await
    }

    /// Asks something about a prompt. That a phone is busy comes as an error of theirs, so none of these says
    /// that they are not reached.
    async fn about_prompts(&self, path: &str, body: &Value) -> Heard {
        let heard = self.question(path, body).await;
        if !matches!(heard, Heard::Answer { status: 500.., .. }) {
            self.link().note(&heard, false);
        }
        heard
    }

    /// Where Safaricom posts what it has to say: about what, and about which payout or prompt.
    fn address(&self, what: &str, id: impl std::fmt::Display) -> String {
        let (base, secret) = (&self.config.settings.callback_base, self.config.secret_path.expose_secret());
        format!("{base}{}{secret}/{what}/{id}", Self::DOOR)
    }

    /// Ends the address for the answer to a question: whoever has seen the addresses of results cannot
    /// tell it, so what settles a payout is what was asked for.
    fn tag(&self, id: PayoutId) -> String {
        use sha2::{Digest, Sha256};
        let secret = self.config.consumer_secret.expose_secret();
        let digest = Sha256::digest([b"daraja/state/", secret.as_bytes(), b"/", id.as_bytes()].concat());
        digest.iter().take(12).map(|octet| format!("{octet:02x}")).collect()
    }

    /// How long Safaricom may take until it knows of a payout: that it finds none proves nothing before.
    const fn finds_after(&self) -> Duration {
        Duration::from_secs(self.config.settings.resend_minutes as u64 * 60)
    }

    /// Asks what became of a payout, unless that was asked a moment ago.
    async fn ask_about(&self, payout: &PayOut) -> PayoutNews {
        let ask_seconds = Duration::from_secs(self.config.settings.ask_seconds.into());
        {
            let mut all = lock(&self.touched);
            all.retain(|_, one| one.asked.elapsed() < Duration::from_secs(86_400));
            match all.get_mut(&payout.id) {
                Some(one) if one.denied => {
                    one.denied = false;
                    return PayoutNews::NotTaken { why: "Safaricom finds no such payout".to_owned() };
                }
                Some(one) if one.asked.elapsed() < ask_seconds => return PayoutNews::Asked,
                Some(one) => one.asked = Instant::now(),
                None => {
                    all.insert(payout.id, Touched::now());
                }
            }
        }
        self.ask_state(payout).await
    }

    async fn ask_state(&self, payout: &PayOut) -> PayoutNews {
        if self.link().held() == Some(Fault::Credential) {
            return PayoutNews::Asked;
        }
        let settings = &self.config.settings;
        let body = json!({
            "Initiator": settings.initiator,
            "SecurityCredential": self.config.credential.expose_secret(),
            "CommandID": "TransactionStatusQuery",
            "OriginalConversationID": reference(payout.id),
            "PartyA": settings.short_code,
            "IdentifierType": "4",
            "ResultURL": format!("{}/{}", self.address("state", payout.id), self.tag(payout.id)),
            "QueueTimeOutURL": self.address("unasked", payout.id),
            "Remarks": "Sokoni payout",
            "Occasion": "",
        });
        let heard = self.question("/mpesa/transactionstatus/v1/query", &body).await;
        self.link().note(&heard, true);
        match heard {
            Heard::Answer { status, body, .. } if answer::is_asked(status, &body) => PayoutNews::Asked,
            Heard::Answer { status, .. } => unknown(format!("status {status} to the question about it")),
            Heard::NotSent(why) | Heard::Nothing(why) => unknown(why),
        }
    }

    /// Somebody whose address is not listed says that a payout failed: that is only a reason to ask.
    async fn claimed(&self, asked: &PayOut, why: String, fault: Option<Fault>) -> Option<PayoutNews> {
        let is_new = {
            let mut all = lock(&self.touched);
            let one = all.entry(asked.id).or_insert_with(Touched::now);
            one.asked = Instant::now();
            one.claimed.replace((why, fault)).is_none()
        };
        let news = if is_new { self.ask_state(asked).await } else { self.ask_about(asked).await };
        tracing::info!(id = %asked.id, "a payout is said to have failed, and asked about");
        matches!(news, PayoutNews::NotTaken { .. }).then_some(news)
    }

    /// What the answer to a question proves, together with what was claimed before it.
    fn settled(&self, asked: &PayOut, told: Told) -> PayoutNews {
        let news = self.link().takes(asked.id, told);
        let mut all = lock(&self.touched);
        let Some(one) = all.get_mut(&asked.id) else { return news };
        match &news {
            PayoutNews::NotTaken { .. } if one.sent.elapsed() < self.finds_after() => news,
            PayoutNews::NotTaken { .. } | PayoutNews::Failed { .. } => match one.claimed.take() {
                // Who posts the reason and who is asked agree that no money moved.
                Some((why, fault)) => {
                    if let Some(fault) = fault {
                        self.link().hold(fault, "a result says so");
                    }
                    PayoutNews::Failed { why }
                }
                None => {
                    one.denied = matches!(news, PayoutNews::NotTaken { .. });
                    news
                }
            },
            _ => news,
        }
    }
}
