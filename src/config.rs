//! The typed configuration: one struct per section, unknown keys refused, units in the names,
//! secrets only by file or environment.

mod backup;
mod money;

use crate::engine::buyers::OTHER_KEY;
use crate::engine::chance::SystemChance;
use crate::engine::messages::keep::Keep;
use crate::engine::recon;
use crate::engine::{House, Kiosk, Liaison};
use crate::gateway::settings::HttpGateway;
use crate::market::Policy;
use crate::smpp::settings::Smsc;
use crate::store::postgres;
use crate::types::routing::{Gateway, Sources, Table};
use crate::types::{Chance, Lang, Msisdn};
use crate::wire::address;
use crate::{mail, photos, telemetry, web};
pub use backup::Backup;
pub use money::Money;
use secrecy::SecretString;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The commented example, with every key: `sokoni config default`.
pub const EXAMPLE: &str = include_str!("../config.toml");

/// The longest address of the shop: with the path and a pass behind it, it stands in an SMS.
const LONGEST_URL: usize = 40;

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What people dial, and where they send texts.
    #[serde(default)]
    pub service: Service,
    /// Where everything is kept.
    #[serde(default)]
    pub store: Store,
    /// The shop and the desk.
    #[serde(default)]
    pub http: web::settings::Settings,
    /// Gateways of mobile operators.
    #[serde(default, rename = "smsc")]
    pub gateways: Vec<Smsc>,
    /// Which gateways reach which phones.
    #[serde(default)]
    pub routing: Routing,
    /// Gateways that speak HTTP.
    #[serde(default, rename = "http_gateway")]
    pub http_gateways: Vec<HttpGateway>,
    /// The house's numbers.
    #[serde(default)]
    pub market: Policy,
    /// What is taken of those who send photographs.
    #[serde(default)]
    pub photos: photos::Settings,
    /// Photographs that come as messages.
    #[serde(default)]
    pub media: web::media::MediaSettings,
    /// How letters to shoppers leave.
    #[serde(default)]
    pub mail: mail::Settings,
    /// Kiosks and the agents who keep them.
    #[serde(default, rename = "kiosk")]
    pub kiosks: Vec<Kiosk>,
    /// Liaisons of the depot.
    #[serde(default, rename = "liaison")]
    pub liaisons: Vec<Liaison>,
    /// Providers of money.
    pub money: Money,
    /// Providers' statements, and the float.
    #[serde(default)]
    pub reconcile: recon::Settings,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// Logs and traces.
    #[serde(default)]
    pub telemetry: telemetry::Settings,
    /// Metrics.
    #[serde(default)]
    pub metrics: telemetry::metrics::Settings,
}

/// `[service]`: what the house says of itself in texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// What people dial.
    pub dial: String,
    /// Where people send texts.
    pub sms: String,
    /// Where somebody calls for help, free of charge.
    pub help_phone: String,
    /// The language of somebody we do not know yet.
    pub lang: Lang,
    /// Menu files; without it those of this release serve.
    pub menus: Option<PathBuf>,
    /// What one part of an SMS costs, in cents: the desk's editor of menus shows what texts cost.
    pub sms_part_cents: Option<u32>,
    /// A secret that is not in the store and without which no PIN can be guessed from it; must
    /// never change. Without it the environment's `SOKONI_PIN_PEPPER` serves, if there is one.
    pub pin_pepper_file: Option<PathBuf>,
    /// A secret of 32 characters or more under which buyers' addresses are sealed. Without it the
    /// environment's `SOKONI_ADDRESS_KEY` serves, or a file beside the store that is made at the first
    /// start.
    pub address_key_file: Option<PathBuf>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            dial: "*483*57#".to_owned(),
            sms: "48357".to_owned(),
            help_phone: "0800 724 000".to_owned(),
            lang: Lang::SW,
            menus: None,
            sms_part_cents: None,
            pin_pepper_file: None,
            address_key_file: None,
        }
    }
}

/// `[routing]`: which gateways reach which phones; without files, every gateway every phone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// Operators with their gateways and the beginnings of their numbers, in TOML.
    pub operators: Option<PathBuf>,
    /// Numbers that moved to another operator, in CSV: `msisdn,operator`.
    pub ported: Option<PathBuf>,
}

impl Routing {
    /// Reads the files; `known` are the gateways there are.
    ///
    /// # Errors
    /// The first mistake, with its file, its line and the remedy.
    pub fn table(&self, known: Vec<Gateway>) -> Result<Table, ConfigError> {
        let Some(operators) = &self.operators else {
            if self.ported.is_some() {
                return Err(value("[routing]", "ported names operators; set operators to their file too"));
            }
            return Ok(Table::everywhere(known));
        };
        let read = |path: &PathBuf| match std::fs::read_to_string(path) {
            Ok(text) => Ok((path.display().to_string(), text)),
            Err(why) => Err(value("[routing]", format!("{}: {why}; mend the path", path.display()))),
        };
        let operators = read(operators)?;
        let ported = self.ported.as_ref().map(read).transpose()?;
        let sources = Sources {
            operators: (&operators.0, &operators.1),
            ported: ported.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
        };
        Table::read(sources, &known).map_err(|why| value("[routing]", why))
    }
}

/// `[store]`: where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sled`, or `postgres` for several machines.
    pub engine: String,
    /// The database, where the engine is `postgres`.
    pub postgres: postgres::Settings,
    /// Backups that the service writes by itself.
    pub backup: Backup,
    /// The data folder.
    pub path: PathBuf,
    /// Memory for pages, in MiB.
    pub cache_mib: u64,
    /// Days for which gateways' ids of messages are known after the last word about them.
    pub receipt_days: u32,
    /// Days for which messages can be looked at.
    pub message_days: u32,
    /// Days for which it can be looked at what providers of mobile money posted.
    pub callback_days: u32,
    /// Days for which it can be looked at what the card processor posted, and worked off again.
    pub card_event_days: u32,
    /// Days for which dialogs can be looked at and rehearsed.
    pub dialog_days: u32,
}

impl Store {
    /// How long recorded dialogs are kept.
    pub const fn keep_dialogs(&self) -> Duration {
        Duration::from_secs(self.dialog_days as u64 * 86_400)
    }

    /// The database's password, where one is named.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn database_secret(&self) -> Result<Option<String>, String> {
        let Some(path) = &self.postgres.password_file else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map_err(|why| format!("[store.postgres] password_file {}: {why}", path.display()))?;
        Ok(Some(text.trim().to_owned()))
    }

    /// How long notes are kept.
    pub const fn keep(&self) -> Keep {
        let Self { receipt_days, message_days, callback_days, card_event_days, .. } = *self;
        Keep { receipt_days, message_days, callback_days, card_event_days }
    }
}

impl Default for Store {
    fn default() -> Self {
        let Keep { receipt_days, message_days, callback_days, card_event_days } = Keep::default();
        Self {
            engine: "sled".to_owned(),
            postgres: postgres::Settings::default(),
            backup: Backup::default(),
            path: PathBuf::from("data"),
            cache_mib: 64,
            receipt_days,
            message_days,
            callback_days,
            card_event_days,
            dialog_days: 90,
        }
    }
}

/// `[limits]`: bounds.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Lanes over which subscribers are spread.
    pub lanes: usize,
    /// Inputs that wait in one lane; one more is answered "busy".
    pub lane_depth: usize,
    /// PIN hashes computed at a time; each takes 19 MiB.
    pub pin_hashes: usize,
    /// Most septets a screen may have on any route; menus are proven against it.
    pub screen_septets: u16,
    /// After so many seconds without a key the operators cut a call, where that is known; no `idle` of
    /// the menus may be longer.
    pub idle_seconds: Option<u16>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lanes: 512, lane_depth: 64, pin_hashes: 4, screen_septets: 160, idle_seconds: None }
    }
}

/// Why a configuration cannot be used; says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {why}; write one with `sokoni config default > {path}`")]
    File {
        /// Which file.
        path: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// The text is not TOML, or has an unknown key or a wrong type.
    #[error("{path}: {why}")]
    Text {
        /// Which file.
        path: String,
        /// With line, column and the names that are allowed.
        why: Box<toml::de::Error>,
    },
    /// A value that cannot be lived with.
    #[error("{section}: {why}")]
    Value {
        /// Which section.
        section: String,
        /// What is wrong, and what to do.
        why: String,
    },
}

fn value(section: &str, why: impl ToString) -> ConfigError {
    ConfigError::Value { section: section.to_owned(), why: why.to_string() }
}

impl Config {
    /// Reads and checks a file; relative paths in it are taken from its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|why| ConfigError::File { path: name.clone(), why })?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&text, &name, folder)
    }

    /// Reads and checks a text.
    pub fn parse(text: &str, name: &str, folder: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|why| ConfigError::Text { path: name.to_owned(), why: Box::new(why) })?;
        config.resolve(folder);
        config.money.name_providers(&mut config.reconcile);
        config.check()?;
        Ok(config)
    }

    /// The desk's key is found by [`web::settings::Settings::with_secrets`], which is told the folder.
    fn resolve(&mut self, folder: &Path) {
        let settle = |path: &mut PathBuf| *path = folder.join(&*path);
        settle(&mut self.store.path);
        let database = &mut self.store.postgres;
        [&mut database.password_file, &mut database.ca_file].into_iter().flatten().for_each(settle);
        self.store.backup.folder.iter_mut().for_each(settle);
        // The desk's key is looked for by `http.with_secrets`, which takes the folder too.
        let optional = [
            &mut self.service.menus,
            &mut self.service.pin_pepper_file,
            &mut self.service.address_key_file,
            &mut self.mail.password_file,
            &mut self.mail.folder,
            &mut self.money.card.api_key_file,
            &mut self.money.card.webhook_secret_file,
            &mut self.money.card.webhook_secret_old_file,
        ];
        optional.into_iter().flatten().for_each(settle);
        if let Some(mpesa) = &mut self.money.mpesa {
            [&mut mpesa.api_key_file, &mut mpesa.secret_path_file].into_iter().flatten().for_each(settle);
        }
        self.money.paths().for_each(settle);
        self.media.paths().for_each(settle);
        self.gateways.iter_mut().flat_map(Smsc::paths).for_each(settle);
        [&mut self.routing.operators, &mut self.routing.ported].into_iter().flatten().for_each(settle);
        for gateway in &mut self.http_gateways {
            settle(&mut gateway.secret_path_file);
            [&mut gateway.api_key_file, &mut gateway.ca_file].into_iter().flatten().for_each(settle);
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        match self.store.engine.as_str() {
            "sled" => {}
            "postgres" => self.store.postgres.check().map_err(|why| value("[store.postgres]", why))?,
            other => {
                return Err(value(
                    "[store]",
                    format!("engine {other:?} is unknown; \"sled\" or \"postgres\""),
                ));
            }
        }
        self.store.backup.check().map_err(|why| value("[store.backup]", why))?;
        if self.store.receipt_days == 0 || self.store.message_days < self.store.receipt_days {
            return Err(value("[store]", "receipt_days is at least 1, message_days at least receipt_days"));
        }
        if self.store.dialog_days == 0 || self.store.callback_days == 0 {
            return Err(value("[store]", "dialog_days and callback_days are at least 1"));
        }
        // One that speaks of nothing we know is tried for three days.
        if self.store.card_event_days < 4 {
            return Err(value(
                "[store]",
                "card_event_days is at least 4; 35 is longer than processors show them",
            ));
        }
        self.market.check().map_err(|why| value("[market]", why))?;
        self.money.check(&self.market)?;
        self.photos.check().map_err(|why| value("[photos]", why))?;
        self.telemetry.check().map_err(|why| value("[telemetry]", why))?;
        self.media.check().map_err(|why| value("[media]", why))?;
        self.reconcile.check().map_err(|why| value("[reconcile]", why))?;
        if self.http.public_url.len() > LONGEST_URL {
            let why = format!("public_url stands in texts; at most {LONGEST_URL} characters have room there");
            return Err(value("[http]", why));
        }
        self.house()?;
        for gateway in &self.gateways {
            gateway.check().map_err(|why| value(&format!("[[smsc]] {:?}", gateway.name), why))?;
        }
        for gateway in &self.http_gateways {
            gateway.check().map_err(|why| value("[[http_gateway]]", why))?;
            if self.gateways.iter().any(|smsc| smsc.name == gateway.name) {
                let section = format!("[[http_gateway]] {:?}", gateway.name);
                return Err(value(&section, "an [[smsc]] has this name; give each its own"));
            }
        }
        address::networks(&self.http.trusted_proxies)
            .map_err(|why| value("[http]", format!("trusted_proxies: {why}")))?;
        self.routing.table(self.gateway_names())?;
        if self.limits.screen_septets < 60 || self.limits.screen_septets > 182 {
            return Err(value("[limits]", "screen_septets lies between 60 and 182"));
        }
        if self.limits.idle_seconds.is_some_and(|seconds| seconds < 5) {
            return Err(value("[limits]", "idle_seconds is at least 5"));
        }
        Ok(())
    }

    /// The gateways by which SMS may leave, in their order.
    pub fn gateway_names(&self) -> Vec<Gateway> {
        let sends = |gateway: &&HttpGateway| gateway.check().is_ok_and(|shapes| shapes.send.is_some());
        let http = self.http_gateways.iter().filter(sends).map(|gateway| gateway.name.as_str().into());
        self.gateways.iter().map(|gateway| gateway.name.as_str().into()).chain(http).collect()
    }

    /// What the house says of itself in texts.
    pub fn house(&self) -> Result<House, ConfigError> {
        let help_phone = help_phone(&self.service.help_phone).ok_or_else(|| {
            value("[service]", "help_phone: write it as people dial it, such as 0800 724 000")
        })?;
        if self.service.dial.len() > 12 || self.service.sms.len() > 6 {
            return Err(value(
                "[service]",
                "dial has at most 12 characters, sms at most 6: texts are proven so",
            ));
        }
        Ok(House {
            help_phone,
            dial: self.service.dial.clone(),
            sms: self.service.sms.clone(),
            lang: self.service.lang,
            most_septets: self.limits.screen_septets,
            public_url: self.http.public_url.trim_end_matches('/').to_owned(),
        })
    }

    /// Most septets of a screen on each route to subscribers, by what sets it.
    pub fn routes(&self) -> impl Iterator<Item = (String, u16)> {
        let smsc = self.gateways.iter().filter_map(|gateway| {
            let dialect = gateway.check().ok()?;
            let septets = u16::try_from(dialect.page_septets.min(dialect.most_septets)).unwrap_or(u16::MAX);
            Some((gateway.name.clone(), septets))
        });
        let http = self.http_gateways.iter().map(|gateway| (gateway.name.clone(), gateway.screen_septets));
        std::iter::once(("limits.screen_septets".to_owned(), self.limits.screen_septets))
            .chain(smsc)
            .chain(http)
    }

    /// The secret beside the store that guards PINs.
    pub fn pepper(&self) -> Result<Option<SecretString>, ConfigError> {
        let Some(path) = &self.service.pin_pepper_file else {
            return Ok(std::env::var("SOKONI_PIN_PEPPER").ok().map(SecretString::from));
        };
        let text = std::fs::read_to_string(path)
            .map_err(|why| value("[service]", format!("pin_pepper_file {}: {why}", path.display())))?;
        Ok(Some(text.trim().to_owned().into()))
    }

    /// The secret under which buyers' addresses are sealed. When none is named one is kept beside the
    /// store; a fresh one is made there only where nothing is `sealed` yet.
    pub fn address_key(&self, sealed: bool) -> Result<SecretString, ConfigError> {
        let at_fault = |path: &Path, why: &dyn std::fmt::Display| {
            value("[service]", format!("address_key_file {}: {why}", path.display()))
        };
        let beside = || {
            let mut name = self.store.path.clone().into_os_string();
            name.push(".address-key");
            PathBuf::from(name)
        };
        let (text, path) = match (&self.service.address_key_file, std::env::var("SOKONI_ADDRESS_KEY")) {
            (Some(path), _) => (std::fs::read_to_string(path), path.clone()),
            (None, Ok(secret)) => (Ok(secret), PathBuf::from("SOKONI_ADDRESS_KEY")),
            (None, Err(_)) if sealed => (std::fs::read_to_string(beside()), beside()),
            (None, Err(_)) => (kept_secret(&beside()), beside()),
        };
        let text = text.map_err(|why| match sealed {
            true => at_fault(&path, &format!("{why}; {OTHER_KEY}")),
            false => at_fault(&path, &why),
        })?;
        match text.trim().chars().count() {
            ..32 => Err(at_fault(&path, &"write 32 characters or more, such as openssl rand -hex 32 makes")),
            _ => Ok(text.trim().to_owned().into()),
        }
    }
}

/// The secret of a file that only its owner may read; made by chance when there is none.
fn kept_secret(path: &Path) -> std::io::Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::read_to_string(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {}
        read => return read,
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let octets = SystemChance.draw().map_err(std::io::Error::other)?;
    let secret: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    Ok(secret)
}

/// A number for help may be a mobile or, as toll-free ones are, a national one.
fn help_phone(text: &str) -> Option<Msisdn> {
    Msisdn::parse_kenyan(text).ok().or_else(|| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        Msisdn::from_e164(&format!("254{}", digits.strip_prefix('0')?)).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_example_is_a_configuration_that_can_be_used() {
        Config::parse(EXAMPLE, "config.toml", Path::new("/etc/sokoni")).expect("usable");
    }

    #[test]
    fn a_wrong_key_is_refused_with_its_line_and_the_names_allowed() {
        let text = EXAMPLE.replace("cache_mib", "cash_mib");
        let why = Config::parse(&text, "config.toml", Path::new(".")).expect_err("refused").to_string();
        assert!(why.contains("cash_mib") && why.contains("cache_mib") && why.contains("line"), "{why}");
    }

    #[test]
    fn the_desks_key_is_looked_for_once_in_the_folder_of_the_file() {
        let text = EXAMPLE.replace("# desk_key_file", "desk_key_file");
        let config = Config::parse(&text, "etc/config.toml", Path::new("etc")).expect("usable");
        let why = config.http.with_secrets(Path::new("etc"), None).expect_err("not there").to_string();
        assert!(why.contains("\"etc/secrets/desk\""), "{why}");
    }

    #[test]
    fn paths_are_taken_from_the_folder_of_the_file() {
        let config = Config::parse(EXAMPLE, "config.toml", Path::new("/etc/sokoni")).expect("usable");
        assert_eq!(config.store.path, Path::new("/etc/sokoni/data"));
    }

    #[test]
    fn the_key_of_the_desk_is_found_from_a_relative_folder_too() {
        let text = EXAMPLE.replace("# desk_key_file", "desk_key_file");
        let folder = Path::new("etc");
        let config = Config::parse(&text, "config.toml", folder).expect("usable");
        let why = config.http.with_secrets(folder, None).expect_err("there is no such file").to_string();
        assert!(why.contains("\"etc/secrets/desk\""), "{why}");
    }

    #[test]
    fn a_mistake_in_a_routing_file_is_told_with_its_file_its_line_and_the_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = EXAMPLE.replace("# operators =", "operators =").replace("# ported ", "ported ");
        let parse = || Config::parse(&text, "config.toml", folder.path());
        let missing = parse().expect_err("there is no such file").to_string();
        assert!(missing.contains("routes.toml") && missing.contains("mend the path"), "{missing}");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("routes.toml", "[operator.safaricom]\ngateways = [\"safari\"]\nprefixes = [\"2547\"]\n");
        write("ported.csv", "msisdn,operator\n254712345678,airtel\n");
        let wrong = parse().expect_err("airtel is unknown").to_string();
        assert!(wrong.contains("ported.csv, line 2") && wrong.contains("write one of: safaricom"), "{wrong}");
        write("ported.csv", "msisdn,operator\n254112345678,safaricom\n");
        let config = parse().expect("sound");
        let table = config.routing.table(config.gateway_names()).expect("sound");
        assert_eq!(table.sizes(), (1, 1, 1));
    }
}
