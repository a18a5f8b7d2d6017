//! One `[[smsc]]` table of the configuration.

use super::dialect::{Dialect, DialectError};
use super::pdu::{Address, Bind, Mode, VERSION_3_4, VERSION_5_0};
use super::status::Meanings;
use super::text::Charset;
use super::timers::Limits;
use super::tls;
use crate::gsm::segment::{LEAST_PART_OCTETS, MOST_PART_OCTETS, Style, Way};
use crate::types::Purpose;
use crate::types::receipt::IdBase;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How long unbind and the last write may take.
const GOOD_BYE: Duration = Duration::from_secs(4);

/// One SMSC or USSD gateway, and how many connections to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smsc {
    /// What we call it, in logs, on pages and in marks; do not change it lightly.
    pub name: String,
    /// `host:port`.
    pub address: String,
    /// Our name there; at most 15 characters.
    pub system_id: String,
    /// A file that holds the password, its last line break ignored.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The password itself, for a machine without secrets; `password_file` is better.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The version we ask for in interface_version: `3.4` or `5.0`.
    #[serde(default)]
    pub version: Version,
    /// Whether the connection is encrypted (TLS 1.2 or 1.3).
    #[serde(default)]
    pub tls: bool,
    /// Whom we trust to vouch for the SMSC, in PEM; without it whom this machine trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its chain, in PEM, where the SMSC asks for one.
    #[serde(default)]
    pub client_cert_file: Option<PathBuf>,
    /// The private key of our certificate, in PEM.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// The name in the SMSC's certificate, where it is not the host of `address`.
    #[serde(default)]
    pub server_name: Option<String>,
    /// What kind of system we are, if the SMSC wants to know; at most 12 characters.
    #[serde(default)]
    pub system_type: String,
    /// One connection for both directions, or one for each.
    #[serde(default)]
    pub bind: Binding,
    /// Parallel connections (or pairs of them).
    #[serde(default = "one")]
    pub binds: u16,
    /// Most of our messages unanswered at once, on each connection.
    #[serde(default = "default_window")]
    pub window: usize,
    /// The USSD dialect, by the name of a preset.
    #[serde(default = "default_dialect")]
    pub dialect: String,
    /// Settings of the dialect said anew; see [`Dialect`].
    #[serde(default)]
    pub ussd: toml::Table,
    /// What subscribers dial; taken for the code of a begin that brings none.
    pub service_code: String,
    /// Whom our SMS are from: a short code that can be answered, or up to 11 letters.
    pub sms_sender: String,
    /// Another sender for texts of some purposes; see [`Purpose`].
    #[serde(default)]
    pub sender: BTreeMap<Purpose, String>,
    /// Whether codes of short life are shown at once and kept nowhere (class 0).
    #[serde(default)]
    pub flash_codes: bool,
    /// The alphabet behind data_coding 0 of SMS: `gsm`, `gsm_packed`, `latin1` or `utf8`.
    #[serde(default)]
    pub sms_charset: Charset,
    /// Whether a user data header that lost its length octet on the way is read as one.
    #[serde(default = "yes")]
    pub stripped_udh: bool,
    /// How the parts of a long SMS of ours are marked.
    #[serde(default)]
    pub long_sms: Way,
    /// Whether letters lose marks that GSM 03.38 has not, so that a name does not make a text UCS-2.
    #[serde(default)]
    pub plain_letters: bool,
    /// Whether SMS may name national language tables where that keeps them out of UCS-2.
    #[serde(default)]
    pub national_tables: bool,
    /// Most octets of a short_message, header counted; some SMSCs refuse more than 140.
    #[serde(default = "default_part_octets")]
    pub max_part_octets: usize,
    /// Whether to ask for delivery receipts.
    #[serde(default = "yes")]
    pub receipts: bool,
    /// Whether every part of a long SMS asks for a receipt, or the last alone.
    #[serde(default)]
    pub receipt_on: ReceiptOn,
    /// What this operator means by statuses of its own.
    #[serde(default)]
    pub status: Meanings,
    /// In which bases message ids are written in answers and in receipts.
    #[serde(default)]
    pub receipt_id: IdBase,
    /// Whether what waits for a quick answer is first pushed to the phone: not at all, as a notice, or
    /// as a dialog.
    #[serde(default)]
    pub push: Push,
    /// How long a pushed dialog or notice may stay without an answer before the SMS goes.
    #[serde(default = "default_push_wait")]
    pub push_wait_seconds: u64,
    /// session_init_timer: from connecting to being bound.
    #[serde(default = "ms::<30_000>")]
    pub session_init_timer_ms: u64,
    /// enquire_link_timer: silence after which we ask whether the peer lives; 0 never asks.
    #[serde(default = "ms::<30_000>")]
    pub enquire_link_timer_ms: u64,
    /// inactivity_timer: time without messages after which we bind anew; 0 never does.
    #[serde(default = "ms::<0>")]
    pub inactivity_timer_ms: u64,
    /// response_timer: from a request to its answer.
    #[serde(default = "ms::<30_000>")]
    pub response_timer_ms: u64,
    /// From the first octets of a PDU to its last.
    #[serde(default = "ms::<10_000>")]
    pub read_timer_ms: u64,
    /// A screen that is not ready this long after its key press is not sent.
    #[serde(default = "ms::<8_000>")]
    pub reply_deadline_ms: u64,
    /// Most messages a second on each connection; 0 is unlimited.
    #[serde(default)]
    pub submit_per_second: u32,
    /// How many of them may go at once.
    #[serde(default = "default_burst")]
    pub submit_burst: u32,
    /// Wait before the second try to connect; doubles from try to try.
    #[serde(default = "ms::<5_000>")]
    pub reconnect_ms: u64,
    /// The longest such wait.
    #[serde(default = "ms::<120_000>")]
    pub reconnect_most_ms: u64,
    /// Wait after "already bound": the SMSC has not noticed yet that we went.
    #[serde(default = "ms::<30_000>")]
    pub already_bound_ms: u64,
    /// Wait after a wrong name or password: more tries may lock the account.
    #[serde(default = "ms::<300_000>")]
    pub refused_ms: u64,
    /// How long a stop waits for what is under way.
    #[serde(default = "ms::<5_000>")]
    pub drain_ms: u64,
}

/// The version of SMPP we ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Version {
    /// What nearly every SMSC speaks.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// Adds congestion_state; an SMSC of 3.4 is still spoken to as such.
    #[serde(rename = "5.0")]
    V50,
}

/// What is pushed to phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// Nothing.
    #[default]
    Off,
    /// A notice that is only shown.
    Notify,
    /// A dialog.
    Ask,
}

/// Which parts of a long SMS ask for a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOn {
    /// Every part.
    #[default]
    Every,
    /// The last part, for SMSCs that count receipts.
    Last,
}

/// How the two directions share connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Binding {
    /// One connection for both.
    #[default]
    #[serde(rename = "transceiver")]
    Transceiver,
    /// One for each.
    #[serde(rename = "transmitter+receiver", alias = "transmitter + receiver")]
    Pair,
}

impl Binding {
    /// The connections of one bind; those that receive come first.
    pub const fn modes(self) -> &'static [Mode] {
        match self {
            Self::Transceiver => &[Mode::Transceiver],
            Self::Pair => &[Mode::Receiver, Mode::Transmitter],
        }
    }
}

const fn one() -> u16 {
    1
}
const fn yes() -> bool {
    true
}
const fn default_window() -> usize {
    64
}
const fn default_push_wait() -> u64 {
    45
}
const fn default_burst() -> u32 {
    10
}
const fn default_part_octets() -> usize {
    MOST_PART_OCTETS
}
fn default_dialect() -> String {
    "its".to_owned()
}
const fn ms<const DEFAULT: u64>() -> u64 {
    DEFAULT
}

/// What is wrong with an `[[smsc]]` table, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value that cannot be.
    #[error("[[smsc]] {name}: {what}")]
    Value {
        /// The gateway.
        name: String,
        /// What is wrong and what to write instead.
        what: String,
    },
    /// The dialect is unknown or wrongly overridden.
    #[error("[[smsc]] {name}: {error}")]
    Dialect {
        /// The gateway.
        name: String,
        /// What is wrong.
        error: DialectError,
    },
    /// The password cannot be read.
    #[error("[[smsc]] {name}: password_file {path} cannot be read: {error}")]
    Password {
        /// The gateway.
        name: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl Smsc {
    /// Checks what the shape of the table alone does not hold, and gives the dialect.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<Dialect, SettingsError> {
        let wrong = |what: &str| Err(SettingsError::Value { name: self.name.clone(), what: what.to_owned() });
        if self.name.is_empty() || self.name.contains(['\0', '\n']) {
            return wrong("name is empty; give the gateway a short name");
        }
        if !self.address.contains(':') {
            return wrong("address wants a host and a port, such as \"10.1.2.3:2775\"");
        }
        if self.system_id.is_empty() || self.system_id.len() > 15 {
            return wrong("system_id has 1 to 15 characters");
        }
        if self.system_type.len() > 12 {
            return wrong("system_type has at most 12 characters");
        }
        if self.password.is_some() == self.password_file.is_some() {
            return wrong("give either password_file or password");
        }
        if self.binds == 0 || self.window == 0 || self.submit_burst == 0 {
            return wrong("binds, window and submit_burst are at least 1");
        }
        if self.reconnect_ms == 0 || self.reconnect_most_ms < self.reconnect_ms {
            return wrong("reconnect_ms is at least 1 and at most reconnect_most_ms");
        }
        if self.reply_deadline_ms == 0 || self.response_timer_ms == 0 {
            return wrong("reply_deadline_ms and response_timer_ms are at least 1");
        }
        if self.response_timer_ms > 120_000 {
            return wrong(
                "response_timer_ms is at most 120000: after that a text in hand would be sent again",
            );
        }
        for purpose in Purpose::ALL {
            let (sender, word) = (self.sender_of(purpose), purpose.word());
            if sender.is_empty() || sender.len() > if is_number(sender) { 20 } else { 11 } {
                return wrong("sms_sender, and each sender, is a number, or up to 11 letters");
            }
            if purpose.wants_answer() && !is_number(sender) {
                let what = format!(
                    "nobody can answer {sender:?}, and texts of the purpose {word} ask for an answer: make \
                     sms_sender a number, and name letters in [smsc.sender] for money, security and code"
                );
                return wrong(&what);
            }
        }
        if !(LEAST_PART_OCTETS..=MOST_PART_OCTETS).contains(&self.max_part_octets) {
            return wrong("max_part_octets is between 20 and 254");
        }
        self.check_tls()?;
        let dialect = Dialect::with_overrides(&self.dialect, &self.ussd)
            .map_err(|error| SettingsError::Dialect { name: self.name.clone(), error })?;
        let op = match self.push {
            Push::Off => return Ok(dialect),
            Push::Notify => dialect.notify_op,
            Push::Ask => dialect.push_op,
        };
        match op {
            _ if self.push_wait_seconds == 0 => wrong("push_wait_seconds is at least 1"),
            Some(_) => Ok(dialect),
            None => {
                wrong("the dialect takes no such push: write push = \"off\", or give it push_op or notify_op")
            }
        }
    }

    fn check_tls(&self) -> Result<(), SettingsError> {
        let wrong = |what: String| Err(SettingsError::Value { name: self.name.clone(), what });
        let files = [&self.ca_file, &self.client_cert_file, &self.client_key_file];
        if !self.tls {
            if files.into_iter().any(Option::is_some) || self.server_name.is_some() {
                return wrong("ca_file, client_*_file and server_name want tls = true".to_owned());
            }
            return Ok(());
        }
        if self.client_cert_file.is_some() != self.client_key_file.is_some() {
            return wrong(
                "client_cert_file and client_key_file go together; give both or neither".to_owned(),
            );
        }
        tls::server_name(self).map(drop).or_else(wrong)
    }

    /// Every path of the table, to be taken from the folder of its file.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { password_file, ca_file, client_cert_file, client_key_file, .. } = self;
        [password_file, ca_file, client_cert_file, client_key_file].into_iter().flatten()
    }

    /// The longest a stop of its binds takes: what is under way may end, then good-bye is said. Of a
    /// pair the transmitter stops after the receiver.
    pub fn longest_stop(&self) -> Duration {
        let drain = Duration::from_millis(self.drain_ms);
        let pairs = self.bind.modes().len();
        drain.saturating_mul(u32::try_from(pairs).unwrap_or(1)).saturating_add(GOOD_BYE)
    }

    /// The password, read from its file now; a changed file counts at the next bind.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn secret(&self) -> Result<SecretString, SettingsError> {
        let Some(path) = &self.password_file else {
            return Ok(self.password.clone().unwrap_or_default());
        };
        std::fs::read_to_string(path)
            .map(|text| SecretString::from(text.trim_end_matches(['\r', '\n'])))
            .map_err(|error| SettingsError::Password { name: self.name.clone(), path: path.clone(), error })
    }

    /// The bind request.
    ///
    /// # Errors
    /// The password cannot be read.
    pub fn bind_request(&self) -> Result<Bind, SettingsError> {
        Ok(Bind {
            system_id: self.system_id.clone(),
            password: self.secret()?.expose_secret().to_owned(),
            system_type: self.system_type.clone(),
            interface_version: match self.version {
                Version::V34 => VERSION_3_4,
                Version::V50 => VERSION_5_0,
            },
            ..Bind::default()
        })
    }

    /// The timers of a session.
    pub const fn limits(&self) -> Limits {
        Limits {
            session_init: Duration::from_millis(self.session_init_timer_ms),
            enquire_link: Duration::from_millis(self.enquire_link_timer_ms),
            inactivity: Duration::from_millis(self.inactivity_timer_ms),
            response: Duration::from_millis(self.response_timer_ms),
            unfinished: Duration::from_millis(self.read_timer_ms),
        }
    }

    /// How this SMSC wants its SMS.
    pub const fn style(&self) -> Style {
        Style {
            way: self.long_sms,
            charset: self.sms_charset,
            max_part_octets: self.max_part_octets,
            plain_letters: self.plain_letters,
            national: self.national_tables,
        }
    }

    fn sender_of(&self, purpose: Purpose) -> &str {
        self.sender.get(&purpose).unwrap_or(&self.sms_sender)
    }

    /// The address texts of this purpose are from: letters are alphanumeric, up to six digits a
    /// short code.
    pub fn sender(&self, purpose: Purpose) -> Address {
        let sender = self.sender_of(purpose);
        let (ton, npi) = match sender {
            letters if !is_number(letters) => (5, 0),
            digits if digits.len() <= 6 => (0, 1),
            _ => (1, 1),
        };
        Address::new(ton, npi, sender)
    }
}

fn is_number(sender: &str) -> bool {
    sender.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"
        name = "safari"
        address = "127.0.0.1:2775"
        system_id = "sokoni"
        password = "s3cr3t"
        bind = "transmitter+receiver"
        service_code = "*483*57#"
        sms_sender = "48357"

        [ussd]
        most_septets = 140
    "#;

    fn read(text: &str) -> Smsc {
        toml::from_str(text).expect("a table")
    }

    #[test]
    fn a_short_table_suffices() {
        let smsc = read(EXAMPLE);
        let dialect = smsc.check().expect("sound");
        assert_eq!(dialect.most_septets, 140);
        assert_eq!((smsc.window, smsc.binds, smsc.reply_deadline_ms), (64, 1, 8_000));
        assert_eq!(smsc.bind.modes(), [Mode::Receiver, Mode::Transmitter]);
        assert_eq!(smsc.sender(Purpose::Order), Address::new(0, 1, "48357"));
        assert!(!format!("{smsc:?}").contains("s3cr3t"), "the password stays out of logs");
    }

    #[test]
    fn mistakes_are_answered_with_what_to_write() {
        for (from, to, says) in [
            ("\"s3cr3t\"", "\"s3cr3t\"\npassword_file = \"x\"", "either"),
            ("127.0.0.1:2775", "127.0.0.1", "port"),
            ("\"48357\"", "\"SOKONI-MARKET\"", "11 letters"),
            ("\"48357\"", "\"SOKONI\"", "sms_sender a number"),
            ("most_septets", "septets", "most_septets"),
            ("bind =", "ca_file = \"x\"\nbind =", "tls = true"),
            ("bind =", "tls = true\nclient_key_file = \"x\"\nbind =", "go together"),
            ("bind =", "tls = true\nserver_name = \"a b\"\nbind =", "server_name \"a b\""),
            ("bind =", "dialect = \"klingon\"\nbind =", "msisdn"),
        ] {
            let error = read(&EXAMPLE.replace(from, to)).check().expect_err("wrong").to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(toml::from_str::<Smsc>(&EXAMPLE.replace("name", "nmae")).is_err());
    }

    #[test]
    fn money_may_come_from_a_name_but_an_order_from_a_number_alone() {
        let with = |more: &str| read(&EXAMPLE.replace("[ussd]", &format!("[sender]\n{more}\n[ussd]")));
        let smsc = with("money = \"SOKONI\"");
        smsc.check().expect("sound");
        assert_eq!(smsc.sender(Purpose::Money), Address::new(5, 0, "SOKONI"));
        assert_eq!(smsc.sender(Purpose::Order), Address::new(0, 1, "48357"));
        let why = with("order = \"SOKONI\"").check().expect_err("nobody could answer").to_string();
        assert!(why.contains("order"), "{why}");
    }

    #[test]
    fn the_password_file_is_read_without_its_line_break() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "geheim\n").expect("written");
        let line = format!("password_file = {:?}", file.path());
        let smsc = read(&EXAMPLE.replace("password = \"s3cr3t\"", &line));
        assert_eq!(smsc.bind_request().expect("readable").password, "geheim");
        let gone = read(&EXAMPLE.replace("password = \"s3cr3t\"", "password_file = \"/nowhere/x\""));
        assert!(gone.bind_request().expect_err("gone").to_string().contains("/nowhere/x"));
    }
}
