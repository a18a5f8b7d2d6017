//! Who works at the desk: each person with her roles, the hash of an invitation by which she sets up her
//! own password, the hash of a key for her programs. They stand in a file that is read again whenever it
//! changes; `sokoni desk` writes it, and the service never does.
//!
//! What a person brings herself stands in the store: [`Door`](crate::engine::desk::door::Door).

use crate::engine::desk::Who;
use crate::engine::desk::door::{self, Member, Standing};
use crate::types::Timestamp;
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
    /// The hash of her key.
    key: Option<[u8; 32]>,
    /// The hash of her invitation, and until when she may take it up.
    invitation: Option<([u8; 32], Timestamp)>,
}

impl Person {
    /// Whether one of these roles is hers.
    pub fn is_any(&self, roles: &[DeskRole]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// What her file says of her, for the journal to notice when it says something else.
    fn standing(&self) -> (String, Standing) {
        let roles = self.roles.iter().map(|role| role.word().to_owned()).collect();
        let invitation = self.invitation.map(|(hash, _)| hash);
        (self.who.to_string(), Standing::new(roles, self.key, invitation))
    }

    /// As the door knows her. The mark changes with her roles, her key and her invitation.
    pub fn member(&self) -> Member {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.word()).collect();
        let (key, invitation) = (self.key.as_ref().map(|hash| hex(hash)), self.invitation);
        let invited = invitation.map(|(hash, _)| hex(&hash));
        let mark = hex(&digest(&format!("{} {roles:?} {key:?} {invited:?}", self.who)));
        Member { name: self.who.to_string(), mark, invitation }
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
    /// The SHA-256 of her key, in hexadecimal, if she has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<String>,
    /// The SHA-256 of her invitation, in hexadecimal, if she was invited to choose a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation_sha256: Option<String>,
    /// Until when she may take it up, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_until: Option<Timestamp>,
}

/// By what somebody is let in who is added or let in anew.
#[derive(Debug, Clone)]
pub enum Given {
    /// A key, for programs.
    Key(SecretString),
    /// An invitation to choose a password, good until then.
    Invitation(SecretString, Timestamp),
}

impl Entry {
    fn give(&mut self, given: &Given) {
        match given {
            Given::Key(key) => self.key_sha256 = Some(hex(&digest(key.expose_secret()))),
            Given::Invitation(code, until) => {
                self.invitation_sha256 = Some(hex(&digest(code.expose_secret())));
                self.invited_until = Some(*until);
            }
        }
    }
}

/// The file: `[[person]]` tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roll {
    /// Who wrote it, as the system calls her: the journal names her with what is new in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub written_by: String,
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
        self.add_with(name, roles, &Given::Key(key.clone()))
    }

    /// Adds a person with a key or an invitation.
    ///
    /// # Errors
    /// The name is taken, or none that can be kept.
    pub fn add_with(&mut self, name: &str, roles: BTreeSet<DeskRole>, given: &Given) -> Result<(), String> {
        let name = name.trim().to_owned();
        let mut entry = Entry { name, roles, key_sha256: None, invitation_sha256: None, invited_until: None };
        entry.give(given);
        self.person.push(entry);
        self.people().map(drop).inspect_err(|_| drop(self.person.pop()))
    }

    /// Gives a person another key, or another invitation in the place of what she chose. False when nobody
    /// is called so.
    pub fn renew(&mut self, name: &str, given: &Given) -> bool {
        let found = self.person.iter_mut().find(|person| person.name.eq_ignore_ascii_case(name));
        found.map(|person| person.give(given)).is_some()
    }

    /// The people, proven: good names, each once, each with a hash and a role.
    fn people(&self) -> Result<Vec<Person>, String> {
        let mut people: Vec<Person> = Vec::new();
        for Entry { name, roles, key_sha256, invitation_sha256, invited_until } in &self.person {
            let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-');
            if name.trim() != name || name.is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(format!("the name {name:?} must have 1 to {LONGEST_NAME} characters"));
            }
            if !name.chars().all(fits) {
                return Err(format!("the name {name:?} may have letters, digits, spaces, dots and dashes"));
            }
            let known = |person: &Person| person.who.name().eq_ignore_ascii_case(name);
            let means_another = Who::TAKEN.iter().any(|taken| name.eq_ignore_ascii_case(taken));
            if means_another || people.iter().any(known) {
                return Err(format!("the name {name:?} is taken"));
            }
            if roles.is_empty() {
                return Err(format!("{name} needs a role: reader, liaison, operator or treasurer"));
            }
            let hash = |hash: &Option<String>, what: &str| match hash {
                None => Ok(None),
                Some(hash) => unhex(hash)
                    .map(Some)
                    .ok_or_else(|| format!("{what} of {name} must have 64 hexadecimal digits")),
            };
            let key = hash(key_sha256, "key_sha256")?;
            let invitation = hash(invitation_sha256, "invitation_sha256")?;
            if key.is_none() && invitation.is_none() {
                return Err(format!("{name} has neither key_sha256 nor invitation_sha256"));
            }
            let invitation =
                invitation.map(|hash| (hash, invited_until.unwrap_or(Timestamp::from_millis(0))));
            let code = |invitation: &Option<([u8; 32], Timestamp)>| invitation.map(|(hash, _)| hash);
            let same = |person: &Person| {
                (key.is_some() && person.key == key)
                    || (invitation.is_some() && code(&person.invitation) == code(&invitation))
            };
            if people.iter().any(same) {
                return Err(format!("{name} has the key of somebody else; one person is not two"));
            }
            people.push(Person { who: Who::new(name.clone()), roles: roles.clone(), key, invitation });
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
}

impl People {
    /// The owner by her key, and those of a file, which is read when somebody comes.
    pub fn new(owner: Option<&SecretString>, file: Option<PathBuf>) -> Self {
        let owner = owner.map(|key| Person {
            who: Who::default(),
            roles: DeskRole::ALL.into(),
            key: Some(digest(key.expose_secret())),
            invitation: None,
        });
        Self { file, owner, kept: Arc::default() }
    }

    /// Whether there is a desk at all.
    pub fn is_empty(&self) -> bool {
        self.owner.is_none() && self.file.is_none()
    }

    /// Reads the file again when it has changed; those of before stay when it is wrong. What it says then,
    /// and who wrote it.
    pub async fn refresh(&self) -> Option<(door::Roll, String)> {
        let path = self.file.clone()?;
        let kept = Arc::clone(&self.kept);
        let reading = tokio::task::spawn_blocking(move || {
            let now = seen(&path);
            if now == kept.read().unwrap_or_else(PoisonError::into_inner).seen {
                return None;
            }
            let read = Roll::read(&path).and_then(|roll| Ok((roll.people()?, roll.written_by)));
            let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.seen = now;
            match read {
                Ok((people, by)) => {
                    tracing::info!(people = people.len(), "the desk's people stand as in their file now");
                    let roll = people.iter().map(Person::standing).collect();
                    kept.people = people;
                    Some((roll, by))
                }
                Err(why) => {
                    tracing::error!(
                        why,
                        "ALARM: the file of the desk's people is wrong; those of before stay"
                    );
                    None
                }
            }
        });
        reading.await.unwrap_or_else(|why| {
            tracing::error!(%why, "the file of the desk's people could not be looked at");
            None
        })
    }

    /// Whose key this is.
    pub fn by_key(&self, key: &str) -> Option<Person> {
        let hash = digest(key.trim());
        self.find(|person| person.key.is_some_and(|key| key.ct_eq(&hash).into()))
    }

    /// Whose invitation this is.
    pub fn by_invitation(&self, code: &str) -> Option<Person> {
        let hash = digest(code.trim());
        self.find(|person| person.invitation.is_some_and(|(code, _)| code.ct_eq(&hash).into()))
    }

    /// Who is called so, however it is typed.
    pub fn by_name(&self, name: &str) -> Option<Person> {
        let name = name.trim().to_lowercase();
        self.find(|person| person.who.name().to_lowercase() == name)
    }

    /// Whose session it is, if she still is what she was when it began.
    pub fn by_mark(&self, name: &str, mark: &str) -> Option<Person> {
        self.find(|person| person.who.name() == name).filter(|person| person.member().mark == mark)
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
        let people = People::new(Some(&key("the owner's")), Some(file));
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

    #[test]
    fn nobody_is_called_as_the_journal_calls_somebody_else() {
        for name in ["desk", "Sokoni", "nobody", "NOBODY"] {
            let why = roll().add(name, [DeskRole::Reader].into(), &key("a key of hers")).expect_err(name);
            assert!(why.contains("is taken"), "{why}");
        }
    }

    #[tokio::test]
    async fn a_mark_holds_until_roles_key_or_invitation_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let people = people_of(&roll(), folder.path()).await;
        let mark = people.by_name(" halima").expect("known").member().mark;
        assert!(people.by_mark("Halima", &mark).is_some() && people.by_mark("Otieno", &mark).is_none());
        let other_roles = {
            let mut roll = roll();
            roll.person[0].roles.insert(DeskRole::Operator);
            roll
        };
        let (mut other_key, mut invited) = (roll(), roll());
        assert!(other_key.renew("Halima", &Given::Key(key("another key"))));
        let until = Timestamp::from_millis(9);
        assert!(
            invited.renew("halima", &Given::Invitation(key("come in"), until))
                && !invited.renew("Juma", &Given::Key(key("k")))
        );
        for changed in [&other_roles, &other_key, &invited] {
            let folder = tempfile::tempdir().expect("a folder");
            let people = people_of(changed, folder.path()).await;
            assert!(people.by_mark("Halima", &mark).is_none() && people.by_name("Halima").is_some());
        }
        let people = people_of(&invited, folder.path()).await;
        let halima = people.by_invitation("come in").expect("invited");
        assert_eq!(halima.member().invitation.map(|(_, until)| until), Some(until));
        assert!(people.by_invitation("key of Halima").is_none() && people.by_key("key of Halima").is_some());
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
