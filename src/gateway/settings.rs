//! One `[[http_gateway]]` table of the configuration.

use super::shape::{EndShape, ReceiptShape, SendShape, SmsShape, UssdShape};
use crate::engine::port::GatewayId;
use crate::wire::address::{Network, networks};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kinds of gateways and their tables.
pub const KINDS: &[(&str, &str)] =
    &[("generic", ""), ("africastalking", include_str!("africastalking.toml"))];

/// Fewer characters than this can be guessed.
const LEAST_PATH: usize = 16;

/// One gateway that speaks HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGateway {
    /// What we call it, in logs, in addresses and with every dialog; do not change it lightly.
    pub name: String,
    /// Whose shape it has: `africastalking`, or `generic`, which must be told everything.
    #[serde(default = "generic")]
    pub kind: String,
    /// A file with the part of our addresses that only the gateway knows.
    pub secret_path_file: PathBuf,
    /// Networks that it calls from; empty: from anywhere.
    #[serde(default)]
    pub allow: Vec<String>,
    /// What people dial, if the gateway calls it otherwise.
    #[serde(default)]
    pub service_code: Option<String>,
    /// Most septets of a screen; menus are proven against it.
    #[serde(default = "septets")]
    pub screen_septets: u16,
    /// A screen that is not ready this long after its key press is not sent; theirs must be longer.
    #[serde(default = "deadline")]
    pub reply_deadline_ms: u64,
    /// The last screen of a dialog that we cannot answer in time.
    #[serde(default = "sorry")]
    pub sorry: String,
    /// Whom our SMS are from.
    #[serde(default)]
    pub sms_sender: String,
    /// Our name there.
    #[serde(default)]
    pub username: String,
    /// A file with the key that proves us.
    #[serde(default)]
    pub api_key_file: Option<PathBuf>,
    /// A PEM file of authorities that vouch for the gateway; without it those this machine trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Steps of dialogs, laid over the kind's; see [`UssdShape`].
    #[serde(default)]
    pub ussd: toml::Table,
    /// Accounts of dialogs; see [`EndShape`].
    #[serde(default)]
    pub ussd_end: toml::Table,
    /// SMS from phones; see [`SmsShape`].
    #[serde(default)]
    pub sms: toml::Table,
    /// Reports about ours; see [`ReceiptShape`].
    #[serde(default)]
    pub receipt: toml::Table,
    /// How ours leave; see [`SendShape`].
    #[serde(default)]
    pub send: toml::Table,
}

fn generic() -> String {
    "generic".to_owned()
}
const fn septets() -> u16 {
    160
}
const fn deadline() -> u64 {
    8_000
}
fn sorry() -> String {
    "Samahani, jaribu tena baadaye. Sorry, please dial again soon.".to_owned()
}

/// Why a gateway cannot be used, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[[http_gateway]] {name:?}: {what}")]
pub struct SettingsError {
    /// Which gateway.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}

impl SettingsError {
    pub(super) fn new(name: &str, what: &str) -> Self {
        Self { name: name.to_owned(), what: what.to_owned() }
    }
}

/// A gateway as its tables say, its secrets not read yet.
#[derive(Debug, Clone)]
pub struct Shapes {
    /// Networks that it calls from.
    pub allow: Vec<Network>,
    /// Steps of dialogs, if it has them.
    pub ussd: Option<UssdShape>,
    /// Accounts of dialogs.
    pub ussd_end: Option<EndShape>,
    /// SMS from phones.
    pub sms: Option<SmsShape>,
    /// Reports about ours.
    pub receipt: Option<ReceiptShape>,
    /// How ours leave.
    pub send: Option<SendShape>,
}

/// What comes in from a gateway, and how it is read.
#[derive(Debug)]
pub struct Inward {
    /// The tables.
    pub shapes: Shapes,
    /// What people dial, if the gateway calls it otherwise.
    pub service_code: Option<String>,
    /// When a screen is too late.
    pub deadline: Duration,
    /// What is shown then.
    pub sorry: String,
    /// Most septets of a screen.
    pub septets: u16,
}

/// How SMS leave by a gateway, with what proves us.
pub struct Outward {
    /// The table.
    pub shape: SendShape,
    /// Whom they are from.
    pub from: String,
    /// Our name there.
    pub username: String,
    /// The key; empty where none is needed.
    pub key: SecretString,
    /// The authorities that vouch for the gateway, instead of those this machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// A gateway ready for use.
pub struct Loaded {
    /// Its name.
    pub name: GatewayId,
    /// The part of our addresses that only it knows.
    pub path: SecretString,
    /// What comes in.
    pub inward: Inward,
    /// What goes out.
    pub send: Option<Outward>,
}

/// `own` over `kind`, table by table.
fn lay_over(kind: &mut toml::Table, own: &toml::Table) {
    for (key, value) in own {
        match (kind.get_mut(key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            _ => {
                kind.insert(key.clone(), value.clone());
            }
        }
    }
}

impl HttpGateway {
    /// Checks the tables.
    ///
    /// # Errors
    /// The first thing that cannot be lived with.
    pub fn check(&self) -> Result<Shapes, SettingsError> {
        self.shapes().map_err(|what| SettingsError { name: self.name.clone(), what })
    }

    fn shapes(&self) -> Result<Shapes, String> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.name.is_empty() || !self.name.chars().all(sound) {
            return Err("name: letters, digits, - and _; it is part of an address".to_owned());
        }
        if !(60..=182).contains(&self.screen_septets) {
            return Err("screen_septets lies between 60 and 182".to_owned());
        }
        if !(500..=60_000).contains(&self.reply_deadline_ms) {
            return Err("reply_deadline_ms lies between 500 and 60000".to_owned());
        }
        let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == self.kind) else {
            let known: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
            return Err(format!("kind {:?} is unknown; known are {}", self.kind, known.join(", ")));
        };
        let kind: toml::Table = toml::from_str(kind).map_err(|why| why.to_string())?;
        let shapes = Shapes {
            allow: networks(&self.allow).map_err(|why| format!("allow: {why}"))?,
            ussd: merged(&kind, "ussd", &self.ussd)?,
            ussd_end: merged(&kind, "ussd_end", &self.ussd_end)?,
            sms: merged(&kind, "sms", &self.sms)?,
            receipt: merged(&kind, "receipt", &self.receipt)?,
            send: merged(&kind, "send", &self.send)?,
        };
        shapes.ussd.as_ref().map_or(Ok(()), UssdShape::check)?;
        shapes.sms.as_ref().map_or(Ok(()), SmsShape::check)?;
        shapes.receipt.as_ref().map_or(Ok(()), ReceiptShape::check)?;
        shapes.send.as_ref().map_or(Ok(()), SendShape::check)?;
        if shapes.ussd.is_none() && shapes.sms.is_none() && shapes.send.is_none() {
            return Err(
                "says nothing; give it a kind, or tables [http_gateway.ussd], .sms or .send".to_owned()
            );
        }
        Ok(shapes)
    }

    /// Checks the tables and reads the secrets.
    ///
    /// # Errors
    /// What [`check`](Self::check) says, or a secret that cannot be had.
    pub fn load(self) -> Result<Loaded, SettingsError> {
        let mut shapes = self.check()?;
        let wrong = |what: String| SettingsError { name: self.name.clone(), what };
        let path = secret("secret_path_file", &self.secret_path_file).map_err(wrong)?;
        let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        if path.expose_secret().len() < LEAST_PATH || !path.expose_secret().chars().all(is_path) {
            return Err(wrong(format!(
                "secret_path_file: {LEAST_PATH} letters and digits or more; make it with `openssl rand -hex 24`"
            )));
        }
        let key = match &self.api_key_file {
            Some(file) => secret("api_key_file", file).map_err(wrong)?,
            None => SecretString::default(),
        };
        let ca_file = self.ca_file.clone();
        let outward = |shape| Outward { shape, from: self.sms_sender, username: self.username, key, ca_file };
        let send = shapes.send.take().map(outward);
        let deadline = Duration::from_millis(self.reply_deadline_ms);
        let inward = Inward {
            shapes,
            service_code: self.service_code,
            deadline,
            sorry: self.sorry,
            septets: self.screen_septets,
        };
        Ok(Loaded { name: self.name.as_str().into(), path, inward, send })
    }
}

/// A table of the kind with ours over it; `None` when neither has it.
fn merged<T: DeserializeOwned>(
    kind: &toml::Table, name: &str, own: &toml::Table,
) -> Result<Option<T>, String> {
    let mut table = match kind.get(name) {
        Some(toml::Value::Table(table)) => table.clone(),
        _ => toml::Table::new(),
    };
    lay_over(&mut table, own);
    if table.is_empty() {
        return Ok(None);
    }
    table.try_into().map(Some).map_err(|why: toml::de::Error| format!("{name}: {}", why.message()))
}

fn secret(name: &str, file: &Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("{name} {}: {why}", file.display()))?;
    Ok(text.trim().to_owned().into())
}
