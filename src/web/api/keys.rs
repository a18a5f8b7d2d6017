//! The keys of the API: who holds one, what it may do, until when. They stand in a file that is read again
//! whenever it changes; `sokoni api keys` writes it, and the service never does. Of a key there is only its
//! hash: it is drawn, not thought up, so one round of SHA-256 keeps it.

use crate::types::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;
use subtle::ConstantTimeEq;

/// What every key begins with, so that whoever finds one knows what it is.
pub const PREFIX: &str = "sk_";
/// The most characters of a name.
const LONGEST_NAME: usize = 40;
/// Digits of a key's id.
const ID: usize = 12;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
pub enum Scope {
    /// Reads crafts, listings, makers and what shipping costs.
    #[serde(rename = "catalogue:read")]
    #[value(name = "catalogue:read")]
    CatalogueRead,
    /// Places orders, cancels them, answers their questions.
    #[serde(rename = "orders:write")]
    #[value(name = "orders:write")]
    OrdersWrite,
    /// Reads the orders and bulk requests that were placed with this key.
    #[serde(rename = "orders:read")]
    #[value(name = "orders:read")]
    OrdersRead,
    /// Asks for many pieces at once, and answers what becomes of them.
    #[serde(rename = "bulk:write")]
    #[value(name = "bulk:write")]
    BulkWrite,
    /// Reads what the desk reads: payouts, accounts, how many people and orders there are.
    #[serde(rename = "desk:read")]
    #[value(name = "desk:read")]
    DeskRead,
    /// Registers addresses that are told what happens.
    #[serde(rename = "webhooks:write")]
    #[value(name = "webhooks:write")]
    WebhooksWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::CatalogueRead,
        Self::OrdersWrite,
        Self::OrdersRead,
        Self::BulkWrite,
        Self::DeskRead,
        Self::WebhooksWrite,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CatalogueRead => "catalogue:read",
            Self::OrdersWrite => "orders:write",
            Self::OrdersRead => "orders:read",
            Self::BulkWrite => "bulk:write",
            Self::DeskRead => "desk:read",
            Self::WebhooksWrite => "webhooks:write",
        }
    }
}

/// A key as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who holds it.
    pub name: String,
    /// What orders remember it by: it stays when the key is renewed.
    pub id: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The SHA-256 of the key, in hexadecimal.
    pub key_sha256: String,
    /// When it was made, in milliseconds since 1970.
    pub made: Timestamp,
    /// Until when it is good, in milliseconds since 1970; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Since when it is void. The row stays, so that nobody else gets its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

/// The file: `[[key]]` tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// In the order they were made.
    #[serde(default)]
    pub key: Vec<Entry>,
}

/// A key that was just drawn, and the id of whoever is new.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The key, shown once.
    pub key: SecretString,
    /// Twelve hexadecimal digits.
    pub id: String,
}

impl Drawn {
    /// Of 40 octets that nobody can guess.
    pub fn of(chance: &[u8; 40]) -> Self {
        let (key, id) = chance.split_at(32);
        Self { key: SecretString::from(format!("{PREFIX}{}", hex(key))), id: hex(&id[..ID / 2]) }
    }
}

impl Ring {
    /// Reads a file; an empty ring where there is none.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    pub fn read(path: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|why| format!("{}: {why}", path.display())),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(why) => Err(format!("{}: {why}", path.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let ring: Self = toml::from_str(text).map_err(|why| why.to_string())?;
        ring.proven()?;
        Ok(ring)
    }

    /// Adds a key.
    ///
    /// # Errors
    /// The name is taken or none, or there is no scope.
    pub fn add(
        &mut self, name: &str, scopes: BTreeSet<Scope>, drawn: &Drawn, now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<(), String> {
        self.key.push(Entry {
            name: name.trim().to_owned(),
            id: drawn.id.clone(),
            scopes,
            key_sha256: hex(&digest(drawn.key.expose_secret())),
            made: now,
            until,
            revoked: None,
        });
        self.proven().map(drop).inspect_err(|_| drop(self.key.pop()))
    }

    /// The key that is called so, unless it is void.
    pub fn named(&mut self, name: &str) -> Option<&mut Entry> {
        self.key.iter_mut().find(|entry| entry.name.eq_ignore_ascii_case(name) && entry.revoked.is_none())
    }

    /// Puts another key in the place of one, under the same name and id.
    pub fn renew(&mut self, name: &str, drawn: &Drawn, until: Option<Timestamp>) -> bool {
        let hash = hex(&digest(drawn.key.expose_secret()));
        self.named(name).map(|entry| (entry.key_sha256, entry.until) = (hash, until)).is_some()
    }

    /// Makes a key void.
    pub fn revoke(&mut self, name: &str, now: Timestamp) -> bool {
        self.named(name).map(|entry| entry.revoked = Some(now)).is_some()
    }

    fn proven(&self) -> Result<Vec<Key>, String> {
        let mut keys: Vec<Key> = Vec::new();
        for entry in &self.key {
            let Entry { name, id, scopes, key_sha256, until, revoked, .. } = entry;
            let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
            if name.trim() != name || name.is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(format!("the name {name:?} must have 1 to {LONGEST_NAME} characters"));
            }
            if !name.chars().all(fits) {
                return Err(format!("the name {name:?} may have letters, digits, spaces, dots and dashes"));
            }
            if id.len() != ID || !id.bytes().all(|octet| octet.is_ascii_hexdigit()) {
                return Err(format!("the id of {name} must have {ID} hexadecimal digits"));
            }
            if scopes.is_empty() {
                let all = Scope::ALL.map(Scope::word).join(", ");
                return Err(format!("{name} needs a scope: {all}"));
            }
            let hash = unhex(key_sha256)
                .ok_or_else(|| format!("key_sha256 of {name} must have 64 hexadecimal digits"))?;
            if keys.iter().any(|key| key.hash == hash || *key.id == **id) {
                return Err(format!("{name} has the key or the id of another"));
            }
            let live = |key: &Key| key.revoked.is_none() && key.name.eq_ignore_ascii_case(name);
            if revoked.is_none() && keys.iter().any(live) {
                return Err(format!("the name {name:?} is taken"));
            }
            keys.push(Key {
                name: name.as_str().into(),
                id: id.as_str().into(),
                scopes: scopes.clone(),
                hash,
                until: *until,
                revoked: *revoked,
            });
        }
        Ok(keys)
    }
}

/// Whoever calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Who holds it.
    pub name: Arc<str>,
    /// What orders remember it by.
    pub id: Arc<str>,
    scopes: BTreeSet<Scope>,
    hash: [u8; 32],
    until: Option<Timestamp>,
    revoked: Option<Timestamp>,
}

impl Key {
    /// Whether it may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Why it opens nothing any more.
    pub fn spent(&self, now: Timestamp) -> Option<&'static str> {
        match (self.revoked, self.until) {
            (Some(_), _) => Some("This key was revoked"),
            (_, Some(until)) if until <= now => Some("This key has expired"),
            _ => None,
        }
    }
}

/// When a file was written last, and its length.
type Seen = Option<(SystemTime, u64)>;

#[derive(Debug, Default)]
struct Kept {
    keys: Vec<Key>,
    seen: Seen,
}

/// Everybody's keys, as the service holds them.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    file: Option<PathBuf>,
    kept: Arc<RwLock<Kept>>,
}

impl Keys {
    /// Those of a file, which is read when somebody calls.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file, kept: Arc::default() }
    }

    /// Whether the API is open at all.
    pub fn is_shut(&self) -> bool {
        self.file.is_none()
    }

    /// Reads the file again when it has changed; the keys of before stay when it is wrong.
    pub async fn refresh(&self) {
        let Some(path) = self.file.clone() else { return };
        let kept = Arc::clone(&self.kept);
        let reading = tokio::task::spawn_blocking(move || {
            let now = seen(&path);
            if now == kept.read().unwrap_or_else(PoisonError::into_inner).seen {
                return;
            }
            let read = Ring::read(&path).and_then(|ring| ring.proven());
            let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.seen = now;
            match read {
                Ok(keys) => {
                    tracing::info!(keys = keys.len(), "the keys of the API stand as in their file now");
                    kept.keys = keys;
                }
                Err(why) => {
                    tracing::error!(why, "ALARM: the file of the API's keys is wrong; those of before stay");
                }
            }
        });
        if let Err(why) = reading.await {
            tracing::error!(%why, "the file of the API's keys could not be looked at");
        }
    }

    /// Whether the key of this id opens anything.
    pub fn is_good(&self, id: &str, now: Timestamp) -> bool {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.keys.iter().any(|key| *key.id == *id && key.spent(now).is_none())
    }

    /// Whose key this is. Every key is looked at, so that the time taken tells nothing.
    pub fn find(&self, key: &str) -> Option<Key> {
        let hash = digest(key);
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.keys
            .iter()
            .fold(None, |found, key| if key.hash.ct_eq(&hash).into() { Some(key) } else { found })
            .cloned()
    }
}

fn seen(path: &Path) -> Seen {
    let seen = std::fs::metadata(path).ok()?;
    Some((seen.modified().ok()?, seen.len()))
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What hexadecimal digits say.
pub(super) fn unhexed(text: &str) -> Option<Vec<u8>> {
    let digits = text.len().is_multiple_of(2) && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    if !digits {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    unhexed(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(octet: u8) -> Drawn {
        Drawn::of(&[octet; 40])
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ring() -> Ring {
        let mut ring = Ring::default();
        ring.add("Kikoy Store", [Scope::CatalogueRead].into(), &drawn(1), at(5), None).expect("a key");
        ring.add("Duka", Scope::ALL.into(), &drawn(2), at(5), Some(at(100))).expect("a key");
        ring
    }

    async fn keys_of(ring: &Ring, folder: &Path) -> Keys {
        let file = folder.join("api-keys.toml");
        std::fs::write(&file, toml::to_string(ring).expect("toml")).expect("written");
        let keys = Keys::new(Some(file));
        keys.refresh().await;
        keys
    }

    #[tokio::test]
    async fn a_key_opens_what_its_scopes_say_and_its_file_does_not_have_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = keys_of(&ring(), folder.path()).await;
        let text = drawn(1).key.expose_secret().to_owned();
        assert_eq!(text.len(), PREFIX.len() + 64);
        let key = keys.find(&text).expect("known");
        assert!(key.may(Scope::CatalogueRead) && !key.may(Scope::OrdersWrite));
        assert!(keys.find(&text[..66]).is_none() && keys.find("").is_none());
        assert!(!toml::to_string(&ring()).expect("toml").contains(&text[3..]));
    }

    #[tokio::test]
    async fn a_key_is_spent_when_its_day_has_come_or_it_was_revoked() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ring = ring();
        assert!(ring.revoke("kikoy store", at(9)) && !ring.revoke("kikoy store", at(9)));
        let keys = keys_of(&ring, folder.path()).await;
        let find = |octet| keys.find(drawn(octet).key.expose_secret()).expect("known");
        assert_eq!(find(1).spent(at(9)), Some("This key was revoked"));
        assert_eq!((find(2).spent(at(99)), find(2).spent(at(100))), (None, Some("This key has expired")));
    }

    #[test]
    fn a_renewed_key_keeps_its_id_and_a_revoked_name_may_be_given_again_with_another() {
        let mut ring = ring();
        let id = ring.key[0].id.clone();
        assert!(ring.renew("Kikoy Store", &drawn(3), None) && !ring.renew("Nobody", &drawn(4), None));
        assert_eq!(ring.key[0].id, id);
        let again = |ring: &mut Ring, octet| {
            ring.add("Kikoy Store", [Scope::BulkWrite].into(), &drawn(octet), at(7), None)
        };
        assert!(again(&mut ring, 5).expect_err("taken").contains("is taken"));
        ring.revoke("Kikoy Store", at(6));
        again(&mut ring, 5).expect("another key");
        assert_ne!(ring.key[2].id, id);
        assert!(again(&mut ring.clone(), 6).is_err() && ring.proven().is_ok());
        assert!(ring.add("x", BTreeSet::new(), &drawn(7), at(7), None).is_err(), "no scope");
        assert!(ring.add("x/y", Scope::ALL.into(), &drawn(7), at(7), None).is_err(), "no name");
    }

    #[tokio::test]
    async fn a_changed_file_counts_at_once_and_a_wrong_one_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = keys_of(&ring(), folder.path()).await;
        std::fs::write(folder.path().join("api-keys.toml"), "[[key]]\nname = \"x\"\n").expect("written");
        keys.refresh().await;
        assert!(keys.find(drawn(2).key.expose_secret()).is_some());
        std::fs::write(folder.path().join("api-keys.toml"), "").expect("written");
        keys.refresh().await;
        assert!(keys.find(drawn(2).key.expose_secret()).is_none());
    }
}
