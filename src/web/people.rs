//! Who works at the desk: each person with her roles and the hash of a key of her own. They stand in a
//! file that is read again whenever it changes; `sokoni desk` writes it.
//!
//! A key is the one way in now. What else proves a person, a password say, belongs here as well: the
//! rest of the desk only knows whom [`People`] found.

use crate::engine::desk::Who;
use crate::types::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;
use subtle::ConstantTimeEq;

/// The most characters of a name.
const LONGEST_NAME: usize = 24;

/// What somebody may do at the desk. Whoever is let in may read everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum DeskRole {
    /// Reads.
    Reader,
    /// Looks after people: their messages, holds, cases, loans asked for.
    Liaison,
    /// Runs the service: menus, what is stopped for everybody, holds.
    Operator,
    /// Answers for the money: what needs two people, loans funded and remitted.
    Treasurer,
}

impl DeskRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Liaison, Self::Operator, Self::Treasurer];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Liaison => "liaison",
            Self::Operator => "operator",
            Self::Treasurer => "treasurer",
        }
    }
}

/// A person who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Her name.
    pub who: Who,
    /// What she may do.
    pub roles: BTreeSet<DeskRole>,
    /// The hash of her key: a session ends with the key that opened it.
    hash: [u8; 32],
}

impl Person {
    /// Whether one of these roles is hers.
    pub fn is_any(&self, roles: &[DeskRole]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// A person as her file has her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Her name: at most 24 letters, digits, spaces, dots, dashes.
    pub name: String,
    /// What she may do.
    pub roles: BTreeSet<DeskRole>,
    /// The SHA-256 of her key, in hexadecimal.
    pub key_sha256: String,
}

/// The file: `[[person]]` tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roll {
    /// In the order they were added.
    #[serde(default)]
    pub person: Vec<Entry>,
}

impl Roll {
    /// Reads a file; an empty roll where there is none.
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
        let roll: Self = toml::from_str(text).map_err(|why| why.to_string())?;
        roll.people()?;
        Ok(roll)
    }

    /// Adds a person with a key.
    ///
    /// # Errors
    /// The name is taken, or none that can be kept.
    pub fn add(&mut self, name: &str, roles: BTreeSet<DeskRole>, key: &SecretString) -> Result<(), String> {
        let key_sha256 = hex(&digest(key.expose_secret()));
        self.person.push(Entry { name: name.trim().to_owned(), roles, key_sha256 });
        self.people().map(drop).inspect_err(|_| drop(self.person.pop()))
    }

    /// The people, proven: good names, each once, each with a hash and a role.
    fn people(&self) -> Result<Vec<Person>, String> {
        let mut people: Vec<Person> = Vec::new();
        for Entry { name, roles, key_sha256 } in &self.person {
            let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-');
            if name.trim() != name || name.is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(format!("the name {name:?} must have 1 to {LONGEST_NAME} characters"));
            }
            if !name.chars().all(fits) {
                return Err(format!("the name {name:?} may have letters, digits, spaces, dots and dashes"));
            }
            let known = |person: &Person| person.who.name().eq_ignore_ascii_case(name);
            if name.eq_ignore_ascii_case(Who::OWNER) || people.iter().any(known) {
                return Err(format!("the name {name:?} is taken"));
            }
            if roles.is_empty() {
                return Err(format!("{name} needs a role: reader, liaison, operator or treasurer"));
            }
            let hash = unhex(key_sha256)
                .ok_or_else(|| format!("key_sha256 of {name} must have 64 hexadecimal digits"))?;
            if people.iter().any(|person| person.hash == hash) {
                return Err(format!("{name} has the key of somebody else; one person is not two"));
            }
            people.push(Person { who: Who::new(name.clone()), roles: roles.clone(), hash });
        }
        Ok(people)
    }
}

/// When a file was written last, and its length.
type Seen = Option<(SystemTime, u64)>;

#[derive(Debug, Default)]
struct Kept {
    people: Vec<Person>,
    seen: Seen,
}

/// Everybody who may come to the desk.
#[derive(Debug, Clone, Default)]
pub struct People {
    file: Option<PathBuf>,
    owner: Option<Person>,
    kept: Arc<RwLock<Kept>>,
    /// What sessions are sealed with.
    seal: [u8; 32],
}

impl People {
    /// The owner by her key, and those of a file, which is read when somebody comes. Without the
    /// owner's key, sessions end with the program: `chance` seals them.
    pub fn new(owner: Option<&SecretString>, file: Option<PathBuf>, chance: [u8; 32]) -> Self {
        let seal = owner.map_or(chance, |key| digest(&format!("sokoni desk seal {}", key.expose_secret())));
        let owner = owner.map(|key| Person {
            who: Who::default(),
            roles: DeskRole::ALL.into(),
            hash: digest(key.expose_secret()),
        });
        Self { file, owner, kept: Arc::default(), seal }
    }

    /// Whether there is a desk at all.
    pub fn is_empty(&self) -> bool {
        self.owner.is_none() && self.file.is_none()
    }

    /// Reads the file again when it has changed; those of before stay when it is wrong.
    pub async fn refresh(&self) {
        let Some(path) = self.file.clone() else { return };
        let kept = Arc::clone(&self.kept);
        let reading = tokio::task::spawn_blocking(move || {
            let now = seen(&path);
            if now == kept.read().unwrap_or_else(PoisonError::into_inner).seen {
                return;
            }
            let read = Roll::read(&path).and_then(|roll| roll.people());
            let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.seen = now;
            match read {
                Ok(people) => {
                    tracing::info!(people = people.len(), "the desk's people stand as in their file now");
                    kept.people = people;
                }
                Err(why) => {
                    tracing::error!(
                        why,
                        "ALARM: the file of the desk's people is wrong; those of before stay"
                    );
                }
            }
        });
        if let Err(why) = reading.await {
            tracing::error!(%why, "the file of the desk's people could not be looked at");
        }
    }

    /// Whose key this is.
    pub fn by_key(&self, key: &str) -> Option<Person> {
        let hash = digest(key.trim());
        self.find(|person| person.hash.ct_eq(&hash).into())
    }

    /// What a browser is given in the place of a key: her name, the moment it expires, and a seal.
    pub fn session(&self, person: &Person, until: Timestamp) -> String {
        let (name, millis) = (hex(person.who.name().as_bytes()), until.millis());
        format!("{millis}.{name}.{}", self.sealed(person, until))
    }

    /// Whose session this is, while it lasts.
    pub fn by_session(&self, value: &str, now: Timestamp) -> Option<Person> {
        let mut parts = value.splitn(3, '.');
        let until = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let (name, seal) = (parts.next()?, parts.next()?);
        let person = self.find(|person| hex(person.who.name().as_bytes()) == name)?;
        let right: bool = self.sealed(&person, until).as_bytes().ct_eq(seal.as_bytes()).into();
        (right && now < until).then_some(person)
    }

    fn sealed(&self, person: &Person, until: Timestamp) -> String {
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.seal).expect("an HMAC takes a key of any length");
        mac.update(&person.hash);
        mac.update(format!("desk session of {} until {}", person.who, until.millis()).as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// Everybody is looked at, so that the time taken tells nothing.
    fn find(&self, is: impl Fn(&Person) -> bool) -> Option<Person> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.people.iter().chain(&self.owner).filter(|person| is(person)).last().cloned()
    }
}

fn seen(path: &Path) -> Seen {
    let seen = std::fs::metadata(path).ok()?;
    Some((seen.modified().ok()?, seen.len()))
}

/// Keys are made, not thought up, so one round of a hash keeps them.
fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut octets = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, octet) in octets.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn roll() -> Roll {
        let mut roll = Roll::default();
        roll.add("Halima", [DeskRole::Liaison].into(), &key("key of Halima")).expect("a person");
        roll.add("Otieno", [DeskRole::Treasurer].into(), &key("key of Otieno")).expect("a person");
        roll
    }

    async fn people_of(roll: &Roll, folder: &Path) -> People {
        let file = folder.join("people.toml");
        std::fs::write(&file, toml::to_string(roll).expect("toml")).expect("written");
        let people = People::new(Some(&key("the owner's")), Some(file), [0; 32]);
        people.refresh().await;
        people
    }

    #[tokio::test]
    async fn each_person_is_known_by_her_own_key_and_the_file_has_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let people = people_of(&roll(), folder.path()).await;
        let name = |key: &str| people.by_key(key).map(|person| person.who.to_string());
        assert_eq!(name("key of Halima").as_deref(), Some("Halima"));
        assert_eq!(name("key of Otieno\n").as_deref(), Some("Otieno"));
        assert_eq!(name("the owner's").as_deref(), Some("desk"));
        assert_eq!((name("Halima"), name("")), (None, None));
        let halima = people.by_key("key of Halima").expect("known");
        assert!(halima.is_any(&[DeskRole::Operator, DeskRole::Liaison]));
        assert!(!halima.is_any(&[DeskRole::Operator, DeskRole::Treasurer]));
        assert!(!toml::to_string(&roll()).expect("toml").contains("key of"));
    }

    #[tokio::test]
    async fn a_session_expires_cannot_be_stretched_and_ends_with_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let people = people_of(&roll(), folder.path()).await;
        let halima = people.by_key("key of Halima").expect("known");
        let value = people.session(&halima, Timestamp::from_millis(1_000_000));
        let at = |value: &str, now| people.by_session(value, Timestamp::from_millis(now));
        assert_eq!(at(&value, 999_999), Some(halima));
        assert_eq!(at(&value, 1_000_000), None);
        assert_eq!(at(&value.replacen("1000000", "9000000", 1), 999_999), None);
        let otieno = value.replacen(&hex(b"Halima"), &hex(b"Otieno"), 1);
        assert_eq!(at(&otieno, 999_999), None);
        assert!(at("", 0).is_none() && at("1000000", 0).is_none() && at("x.y.z", 0).is_none());
        let mut other = Roll::default();
        other.add("Halima", [DeskRole::Liaison].into(), &key("another key")).expect("a person");
        assert_eq!(
            people_of(&other, folder.path()).await.by_session(&value, Timestamp::from_millis(1)),
            None
        );
    }

    #[tokio::test]
    async fn a_changed_file_counts_at_once_and_a_wrong_one_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let people = people_of(&roll(), folder.path()).await;
        let file = folder.path().join("people.toml");
        let mut fewer = roll();
        fewer.person.remove(0);
        std::fs::write(&file, toml::to_string(&fewer).expect("toml")).expect("written");
        people.refresh().await;
        assert!(people.by_key("key of Halima").is_none() && people.by_key("key of Otieno").is_some());
        std::fs::write(&file, "[[person]]\nname = \"Halima\"\n").expect("written");
        people.refresh().await;
        assert!(people.by_key("key of Otieno").is_some());
    }

    #[test]
    fn one_person_is_never_two() {
        let mut roll = roll();
        let mut add = |name: &str, secret: &str| roll.add(name, [DeskRole::Reader].into(), &key(secret));
        for taken in ["halima", "desk", "", "a/b", "a name of more than 24 letters"] {
            assert!(add(taken, "a new key").is_err(), "{taken}");
        }
        assert!(add("Halima two", "key of Halima").is_err());
        assert_eq!(roll.person.len(), 2);
    }
}
