//! The `[http]` section of the configuration.

use super::api::keys::Ring;
use super::people::{People, Roll};
use super::rates::Rates;
use axum::http::Uri;
use secrecy::SecretString;
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// The shortest desk key taken: a key is made, not thought up.
const SHORTEST_DESK_KEY: usize = 16;

/// How the shop and the desk are served. Every key may be left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port to listen on. TLS is the reverse proxy's work.
    pub listen: SocketAddr,
    /// The address people type, without a path: links, cookies and the check of a post's origin
    /// follow it. With `https://` cookies are marked secure and browsers told to stay with TLS.
    pub public_url: String,
    /// A file that holds the key of the desk. Without a key the desk answers 404.
    pub desk_key_file: Option<PathBuf>,
    /// A file with the people of the desk, each with a key of her own; `sokoni desk` writes it.
    pub desk_people_file: Option<PathBuf>,
    /// A file with the keys of the API; `sokoni api keys` writes it. Without it the API answers 404.
    pub api_keys_file: Option<PathBuf>,
    /// How often a key of the API may call in a minute.
    pub api_calls_per_minute: u32,
    /// Whether webhooks may lead to this machine, over plain HTTP, too: for trying things out.
    pub webhooks_to_loopback: bool,
    /// Whether a key alone may open the desk in a browser. Left out: while `public_url` is plain HTTP, or
    /// there is no file of people; else it takes a name, a password and a code, and keys are for programs.
    pub desk_key_in_browser: Option<bool>,
    /// After so many minutes without a page of the desk, a browser has to sign in again.
    pub desk_idle_minutes: u32,
    /// The most octets of a posted form.
    pub body_limit_bytes: usize,
    /// How long an answer may take before it is given up, in seconds. Live pages are exempt.
    pub request_timeout_seconds: u64,
    /// How often a live page is sent a sign of life, in seconds.
    pub live_heartbeat_seconds: u64,
    /// How many live order pages may be connected at once; further ones refresh by themselves.
    pub live_pages: usize,
    /// Origins of the card processor's pay pages, such as `https://checkout.example`. A browser
    /// is told to post and follow nowhere else. Empty: any HTTPS page, and any page at all while
    /// `public_url` is plain HTTP.
    pub pay_origins: Vec<String>,
    /// A file with what a dollar is worth in other currencies: sums are shown in them, too.
    pub rates_file: Option<PathBuf>,
    /// What stands in it, read by [`Settings::with_secrets`].
    #[serde(skip)]
    pub rates: Rates,
    /// Networks of the proxies before us: whom they name in `X-Forwarded-For` is believed to call.
    pub trusted_proxies: Vec<String>,
    /// For so long after it was told to end, the service says at `/readyz` that nothing more should be sent
    /// here, and serves all the same.
    pub leave_seconds: u32,
    /// The key of the desk, read by [`Settings::with_secrets`]; never in the configuration itself.
    #[serde(skip)]
    pub desk_key: Option<SecretString>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".to_owned(),
            desk_key_file: None,
            desk_people_file: None,
            api_keys_file: None,
            api_calls_per_minute: 600,
            webhooks_to_loopback: false,
            desk_key_in_browser: None,
            desk_idle_minutes: 60,
            body_limit_bytes: 64 * 1024,
            request_timeout_seconds: 15,
            live_heartbeat_seconds: 15,
            live_pages: 2000,
            pay_origins: Vec::new(),
            rates_file: None,
            rates: Rates::default(),
            trusted_proxies: Vec::new(),
            leave_seconds: 0,
            desk_key: None,
        }
    }
}

/// Why the section cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address that is not one, or says more than scheme, host and port.
    #[error("{key} = {value:?}: write scheme, host and port only, such as \"https://shop.example\"")]
    Address {
        /// The key of the section.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// The key's file cannot be read.
    #[error("desk_key_file {path:?} cannot be read ({source}); make it with `openssl rand -hex 24`")]
    KeyFile {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file of the desk's people cannot be used.
    #[error("desk_people_file {0}; `sokoni desk` writes it")]
    PeopleFile(String),
    /// The file of the API's keys cannot be used.
    #[error("api_keys_file {0}; `sokoni api keys` writes it")]
    ApiKeysFile(String),
    /// The file of rates cannot be used.
    #[error("rates_file {0}")]
    RatesFile(String),
    /// The key could be guessed.
    #[error(
        "the desk key has fewer than {SHORTEST_DESK_KEY} characters; make one with `openssl rand -hex 24`"
    )]
    KeyShort,
}

impl Settings {
    /// Checks the section and reads the desk's key: `from_environment` if it is given, else the
    /// file, found from `folder` (the configuration's own) when its path is relative.
    pub fn with_secrets(
        mut self, folder: &Path, from_environment: Option<SecretString>,
    ) -> Result<Self, SettingsError> {
        use secrecy::ExposeSecret;
        origin("public_url", &self.public_url)?;
        for pay in &self.pay_origins {
            origin("pay_origins", pay)?;
        }
        if let Some(file) = &self.rates_file {
            self.rates = Rates::read(&folder.join(file)).map_err(SettingsError::RatesFile)?;
        }
        self.desk_key = match (from_environment, &self.desk_key_file) {
            (Some(key), _) => Some(key),
            (None, Some(file)) => {
                let path = folder.join(file);
                let text = std::fs::read_to_string(&path)
                    .map_err(|source| SettingsError::KeyFile { path, source })?;
                Some(SecretString::from(text.trim().to_owned()))
            }
            (None, None) => None,
        };
        if let Some(file) = &mut self.desk_people_file {
            *file = folder.join(&*file);
            Roll::read(file).map_err(SettingsError::PeopleFile)?;
        }
        if let Some(file) = &mut self.api_keys_file {
            *file = folder.join(&*file);
            Ring::read(file).map_err(SettingsError::ApiKeysFile)?;
        }
        match &self.desk_key {
            Some(key) if key.expose_secret().chars().count() < SHORTEST_DESK_KEY => {
                Err(SettingsError::KeyShort)
            }
            _ => Ok(self),
        }
    }

    /// Everybody who may come to the desk.
    pub(super) fn people(&self) -> People {
        People::new(self.desk_key.as_ref(), self.desk_people_file.clone())
    }

    /// Whether a key alone opens a browser's session.
    pub(super) fn key_opens_browser(&self) -> bool {
        self.desk_key_in_browser.unwrap_or(!self.is_https() || self.desk_people_file.is_none())
    }

    /// How long a session at the desk lasts without a sign of life.
    pub fn desk_idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.desk_idle_minutes.max(1)) * 60)
    }

    /// True when callers of the desk cannot be told apart: people come by TLS, so through a proxy, which is
    /// not among those that are believed. Then one who tries keys and passwords is every one of them.
    pub fn takes_all_for_one(&self) -> bool {
        let desk = self.desk_key.is_some() || self.desk_people_file.is_some();
        desk && self.is_https() && self.listen.ip().is_loopback() && self.trusted_proxies.is_empty()
    }

    /// True when people reach us by TLS.
    pub(super) fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// How long pages are served after the service was told to end: five minutes at most.
    pub fn leave(&self) -> Duration {
        Duration::from_secs(self.leave_seconds.min(300).into())
    }

    /// How long an answer may take.
    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds.max(1))
    }

    /// How often a live page hears from us.
    pub(super) fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.live_heartbeat_seconds.max(1))
    }
}

/// Proves that `value` is an origin: `http` or `https`, a host, perhaps a port, nothing else.
fn origin(key: &'static str, value: &str) -> Result<(), SettingsError> {
    let wrong = || SettingsError::Address { key, value: value.to_owned() };
    let uri: Uri = value.parse().map_err(|_| wrong())?;
    let scheme_fits = matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = uri.path_and_query().is_none_or(|rest| rest == "/") && !value.ends_with('/');
    let host = uri.authority().is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'));
    if scheme_fits && bare && host { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn an_empty_section_is_a_working_one_and_an_unknown_key_is_refused() {
        let settings: Settings = toml::from_str("").expect("empty is fine");
        assert_eq!(settings.listen.port(), 8080);
        assert!(settings.desk_key.is_none());
        let refused = toml::from_str::<Settings>("lisen = \"127.0.0.1:80\"").expect_err("a typo");
        assert!(refused.to_string().contains("lisen"), "{refused}");
        assert!(toml::from_str::<Settings>("desk_key = \"in the open\"").is_err());
    }

    #[test]
    fn the_desk_key_comes_from_its_file_without_the_line_end() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("desk"), "0123456789abcdef\n").expect("written");
        let section = Settings { desk_key_file: Some("desk".into()), ..Settings::default() };
        let read = section.clone().with_secrets(folder.path(), None).expect("a good key");
        assert_eq!(read.desk_key.expect("a key").expose_secret(), "0123456789abcdef");

        let short = section.clone().with_secrets(folder.path(), Some("hunter2".to_owned().into()));
        assert!(matches!(short, Err(SettingsError::KeyShort)));
        std::fs::remove_file(folder.path().join("desk")).expect("removed");
        let gone = section.with_secrets(folder.path(), None).expect_err("no file");
        assert!(gone.to_string().contains("openssl rand"), "{gone}");
    }

    #[test]
    fn an_address_with_a_path_or_another_scheme_is_refused() {
        for bad in
            ["https://shop.example/", "https://shop.example/a", "ftp://shop.example", "shop.example", ""]
        {
            let section = Settings { public_url: bad.to_owned(), ..Settings::default() };
            assert!(section.with_secrets(Path::new("."), None).is_err(), "{bad}");
        }
        let section = Settings { public_url: "https://shop.example:8443".to_owned(), ..Settings::default() };
        assert!(section.with_secrets(Path::new("."), None).is_ok());
    }

    #[test]
    fn a_desk_behind_a_proxy_that_is_not_named_takes_all_callers_for_one() {
        let section = Settings {
            public_url: "https://shop.example".to_owned(),
            desk_people_file: Some("people.toml".into()),
            ..Settings::default()
        };
        assert!(section.takes_all_for_one());
        let named = Settings { trusted_proxies: vec!["127.0.0.1".to_owned()], ..section.clone() };
        let open = Settings { listen: SocketAddr::from(([192, 0, 2, 1], 8080)), ..section.clone() };
        let plain = Settings { public_url: "http://127.0.0.1:8080".to_owned(), ..section.clone() };
        let shut = Settings { desk_people_file: None, ..section };
        for fine in [named, open, plain, shut] {
            assert!(!fine.takes_all_for_one(), "{fine:?}");
        }
    }

    #[test]
    fn a_key_is_never_written_by_debug() {
        let settings =
            Settings { desk_key: Some("a very secret key".to_owned().into()), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("very secret"));
    }
}
