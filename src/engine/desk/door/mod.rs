//! The door of the desk: who signed in, from where, until when; and how often somebody may try.
//!
//! Who works here stands in a file that `sokoni desk` writes (`web::people`). What a person brought
//! herself stands in the store: the hash of her password, which codes she has used, her sessions. Her
//! row names the invitation by which she came, so a new one makes everything of before void. What her
//! authenticator has is derived of the house's secret, that invitation and the page on which it was set up,
//! so it is kept nowhere, and whoever opens the same link sees another one.
//!
//! Every sign-in, every refusal and every end of a session is a record of the journal.

mod known;
mod proof;
mod roll;
#[cfg(test)]
mod tests;
mod tries;
mod visits;

pub use known::KNOWN;
pub use proof::Offer;
pub use roll::{Roll, Standing};
pub use visits::{Visit, Way};

use super::Who;
use crate::engine::pins::{PinFault, Pins};
use crate::engine::record::Record;
use crate::engine::turn::TRIES;
use crate::store::batch::{Batch, Expect, Row};
use crate::store::memory::Memory;
use crate::store::{Key, Store, StoreError, codec, journal, keys};
use crate::types::{Chance, Clock, Entropy, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use proof::{digest, hex};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tries::Tries;
use zeroize::Zeroizing;

/// What an authenticator and we share.
type Seed = [u8; 20];

/// The hash of a password that nobody has: proven in the place of one that is not there, so that a name
/// that nobody has takes as long as one that somebody has.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Somebody of the file of people, as the door needs her.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Her name.
    pub name: String,
    /// Stands for her name, her roles and her keys: a session ends when one of them changes.
    pub mark: String,
    /// The hash of her invitation, and until when it may be taken up.
    pub invitation: Option<([u8; 32], Timestamp)>,
}

/// From where somebody comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whence {
    /// Her address, where it is known.
    pub address: Option<IpAddr>,
    /// Her browser in a few words.
    pub device: String,
    /// What her browser was given when people signed in there: [`Door::known`].
    pub known: String,
}

impl Whence {
    /// As people read it: `127.0.0.1, Firefox on Linux`.
    pub fn words(&self) -> String {
        let address = self.address.map(|address| address.to_canonical().to_string());
        let parts = [address.unwrap_or_default(), self.device.clone()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// What is counted for an address: of IPv6, the network that one customer has. All whose address is
    /// not known are neighbours.
    pub fn neighbourhood(&self) -> String {
        neighbourhood(self.address)
    }
}

/// An address, or of IPv6 the network that one customer has; nothing for one that is not known.
pub fn neighbourhood(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => format!("{:x?}", &v6.segments()[..4]),
        None => String::new(),
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum No {
    /// Too many tries: she may try again after this.
    Wait(Duration),
    /// Name, password or code is wrong; which one is not said.
    Wrong,
    /// Her invitation was taken up already, or is too old.
    Gone,
    /// What she chose will not do: the field, and why in words.
    Field(&'static str, String),
    /// The store does not answer.
    Fault,
}

impl From<StoreError> for No {
    fn from(why: StoreError) -> Self {
        tracing::error!(%why, "the door of the desk");
        Self::Fault
    }
}

/// What a person brought herself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Card {
    /// The hash of the invitation by which she came.
    invitation: String,
    /// On which showing of the page her authenticator was set up; empty for those of before there were any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    showing: String,
    /// The hash of her password.
    password: String,
    /// The step of the last code of her authenticator: a code is good once.
    step: u64,
    /// What is left of the codes she wrote down, hashed.
    recovery: Vec<String>,
    since: Timestamp,
}

/// The door.
pub struct Door {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    pins: Pins,
    secret: [u8; 32],
    idle: Duration,
}

/// How many passwords are proven at a time, 19 MiB each.
const AT_ONCE: usize = 2;
/// How long a session lasts without a sign of life, unless the configuration says otherwise.
pub const IDLE: Duration = Duration::from_secs(3600);

impl Door {
    /// A door over a store. Authenticators rest on the secret: with another one, everybody has to be
    /// invited anew.
    pub fn new(
        store: Arc<dyn Store>, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>, pins: &Pins,
        secret: &SecretString,
    ) -> Self {
        let secret = digest(&[b"sokoni desk door", secret.expose_secret().trim().as_bytes()]);
        Self { store, clock, chance, pins: pins.beside(AT_ONCE), secret, idle: IDLE }
    }

    /// A door that is gone with the process.
    pub fn passing(clock: Arc<dyn Clock>) -> Self {
        let chance: Arc<dyn Chance> = Arc::new(crate::engine::chance::SystemChance);
        let secret = SecretString::from(chance.draw().map(|octets| hex(&octets)).unwrap_or_default());
        Self::new(Arc::new(Memory::new()), clock, chance, &Pins::new(None, AT_ONCE), &secret)
    }

    /// The same with another patience.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    fn mac(&self, what: &[u8], of: &[u8]) -> [u8; 32] {
        let mut mac =
            <Hmac<Sha256>>::new_from_slice(&self.secret).expect("an HMAC takes a key of any length");
        mac.update(what);
        mac.update(of);
        mac.finalize().into_bytes().into()
    }

    fn seed(&self, member: Option<&Member>, showing: &str) -> Seed {
        let invitation = member.and_then(|member| member.invitation).map_or([0; 32], |(hash, _)| hash);
        let mut seed = Seed::default();
        let of = [&invitation, showing.as_bytes()].concat();
        seed.copy_from_slice(&self.mac(b"authenticator", &of)[..20]);
        seed
    }

    fn recovery_hash(&self, name: &str, code: &str) -> String {
        hex(&self.mac(b"recovery", format!("{} {}", name.to_lowercase(), proof::plain(code)).as_bytes()))
    }

    fn entropy(&self) -> Result<Entropy, No> {
        let drawn = self.chance.draw().inspect_err(|why| tracing::error!(why, "no randomness"));
        drawn.map(Entropy::new).map_err(|_| No::Fault)
    }

    fn octets(&self) -> Result<[u8; 32], No> {
        self.chance.draw().map_err(|why| {
            tracing::error!(why, "no randomness");
            No::Fault
        })
    }

    async fn row(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        Ok(self.store.read(vec![key.clone()]).await?.pop().flatten())
    }

    /// What happened at the door, as a record of the journal.
    fn told(&self, batch: &mut Batch, by: &Who, what: &str) -> Result<(), No> {
        let mut salt = [0; journal::SALT];
        salt.copy_from_slice(&self.octets()?[..journal::SALT]);
        batch.salt = Some(salt);
        let (at, cause) = (self.clock.now(), by.did(what));
        let (events, transfers, changes) = (Vec::new(), Vec::new(), Vec::new());
        let record = Record { at, cause, events, transfers, changes, redacts: None };
        batch.journal.push(record.encode());
        Ok(())
    }

    fn who(name: &str, whence: &Whence) -> Who {
        Who::new(name).at(&whence.words())
    }

    /// A try that was taken came to nothing.
    ///
    /// # Errors
    /// What the store says.
    pub async fn refused(&self, name: Option<&str>, how: &str, whence: &Whence) -> Result<(), No> {
        let mut batch = Batch::default();
        self.told(&mut batch, &Self::who(name.unwrap_or(Who::NOBODY), whence), how)?;
        self.store.commit(batch).await?;
        Ok(())
    }

    async fn card(&self, name: &str) -> Result<Option<(u64, Card)>, No> {
        let key = card_of(name);
        let row = self.row(&key).await?;
        Ok(row
            .map(|row| codec::decode_row::<Card>(&key, &row).map(|card| (row.version, card)))
            .transpose()?)
    }

    /// Lets somebody in by name, password and code: the session that her browser keeps. A name that nobody
    /// has is answered as one that somebody has, in words and in time.
    ///
    /// # Errors
    /// [`No::Wait`], [`No::Wrong`], and what the store says.
    pub async fn sign_in(
        &self, member: Option<&Member>, typed: &str, password: Zeroizing<String>, code: &str, whence: &Whence,
    ) -> Result<String, No> {
        let broken = |why: PinFault| {
            tracing::error!(%why, "a password of the desk");
            No::Fault
        };
        let counted = self.counted(member, Some(typed), whence);
        self.may_try(&counted).await?;
        // Who waits here until the request is given up has tried nothing.
        let place = self.pins.place().await.map_err(broken)?;
        self.take(&counted, whence).await?;
        let came = |card: &Card| {
            member.and_then(|member| member.invitation).is_some_and(|(hash, _)| hex(&hash) == card.invitation)
        };
        let mine = self.card(typed.trim()).await?.filter(|(_, card)| came(card));
        let hash = mine.as_ref().map_or(NOBODYS, |(_, card)| card.password.as_str()).to_owned();
        let right = self.pins.prove_in(place, password, hash).await.map_err(broken)?;
        let showing = mine.map(|(_, card)| card.showing).unwrap_or_default();
        let step = proof::step_of(self.seed(member, &showing), code, self.clock.now());
        let written = self.recovery_hash(typed.trim(), code);
        for _ in 0..TRIES {
            let mine = self.card(typed.trim()).await?.filter(|(_, card)| came(card));
            let (Some(member), Some((version, mut card)), true) = (member, mine, right) else { break };
            let how = match step.filter(|step| *step > card.step) {
                Some(step) => {
                    card.step = step;
                    "signs in".to_owned()
                }
                None => {
                    let place =
                        card.recovery.iter().position(|one| one.as_bytes().ct_eq(written.as_bytes()).into());
                    let Some(place) = place else { break };
                    card.recovery.remove(place);
                    format!("signs in by a code that was written down, {} left", card.recovery.len())
                }
            };
            let mut batch = Batch::default();
            batch.put(card_of(&member.name), Expect::At(version), codec::encode(&card));
            let token = self.opened(&mut batch, member, Way::Password, whence)?;
            self.told(&mut batch, &Self::who(&member.name, whence), &how)?;
            match self.store.commit(batch).await {
                Err(StoreError::Conflict(_)) => {}
                done => {
                    done?;
                    self.give_back(&counted).await;
                    return Ok(token);
                }
            }
        }
        self.refused(member.map(|member| member.name.as_str()), "is refused: password or code", whence)
            .await?;
        Err(No::Wrong)
    }

    /// Lets somebody in whose key was right.
    ///
    /// # Errors
    /// What the store says.
    pub async fn admit(&self, member: &Member, whence: &Whence) -> Result<String, No> {
        let mut batch = Batch::default();
        let token = self.opened(&mut batch, member, Way::Key, whence)?;
        self.told(&mut batch, &Self::who(&member.name, whence), "signs in by key")?;
        self.store.commit(batch).await?;
        Ok(token)
    }

    /// What her authenticator is set up with, while her invitation is good: something else each time her
    /// link is opened, or once more what a page showed.
    ///
    /// # Errors
    /// [`No::Gone`], also for a showing that was none, and what the store says.
    pub async fn offer(&self, member: &Member, showing: Option<&str>) -> Result<Offer, No> {
        self.still_invited(member).await?;
        let showing = match showing {
            Some(showing) if is_showing(showing) => showing.to_owned(),
            Some(_) => return Err(No::Gone),
            None => hex(&self.octets()?[..SHOWING]),
        };
        Ok(proof::offer(self.seed(Some(member), &showing), &member.name, showing))
    }

    /// The version of her row, when her invitation was not taken up yet.
    async fn still_invited(&self, member: &Member) -> Result<Option<u64>, No> {
        let Some((hash, until)) = member.invitation else { return Err(No::Gone) };
        let card = self.card(&member.name).await?;
        let taken = card.as_ref().is_some_and(|(_, card)| card.invitation == hex(&hash));
        if taken || self.clock.now() >= until { Err(No::Gone) } else { Ok(card.map(|(version, _)| version)) }
    }

    /// Takes up an invitation: her password, and a code of the authenticator that she has set up by what
    /// this showing of her page had. The codes to write down.
    ///
    /// # Errors
    /// What is wrong with what she chose, [`No::Gone`], and what the store says.
    pub async fn enrol(
        &self, member: &Member, showing: &str, password: Zeroizing<String>, code: &str, whence: &Whence,
    ) -> Result<Vec<String>, No> {
        if !is_showing(showing) {
            return Err(No::Gone);
        }
        let version = self.still_invited(member).await?;
        if let Some(why) = proof::complaint(&password, &member.name) {
            return Err(No::Field("password", why));
        }
        let now = self.clock.now();
        let counted = self.counted(Some(member), Some(&member.name), whence);
        let Some(step) = proof::step_of(self.seed(Some(member), showing), code, now) else {
            self.take(&counted, whence).await?;
            let why = "this is not the code that it shows now; the clock of your phone should be right";
            return Err(No::Field("code", why.to_owned()));
        };
        let hash = self.pins.hash(password, self.octets()?).await.map_err(|why| {
            tracing::error!(%why, "a password of the desk");
            No::Fault
        })?;
        let codes = proof::recovery(&mut self.entropy()?);
        let invitation = member.invitation.map(|(hash, _)| hex(&hash)).unwrap_or_default();
        let recovery = codes.iter().map(|code| self.recovery_hash(&member.name, code)).collect();
        let card =
            Card { invitation, showing: showing.to_owned(), password: hash, step, recovery, since: now };
        let mut batch = Batch::default();
        batch.put(card_of(&member.name), version.map_or(Expect::Absent, Expect::At), codec::encode(&card));
        self.told(&mut batch, &Self::who(&member.name, whence), "takes up her invitation")?;
        match self.store.commit(batch).await {
            Err(StoreError::Conflict(_)) => Err(No::Gone),
            done => {
                done?;
                self.give_back(&counted).await;
                Ok(codes)
            }
        }
    }
}

/// How many octets tell one showing of a page from another.
const SHOWING: usize = 16;

/// Whether this may be the name of a showing.
fn is_showing(text: &str) -> bool {
    text.len() == 2 * SHOWING && text.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
}

fn expect(row: Option<&Row>) -> Expect {
    row.map_or(Expect::Absent, |row| Expect::At(row.version))
}

fn card_of(name: &str) -> Key {
    keys::desk(b'c', &digest(&[name.to_lowercase().as_bytes()]))
}

/// Removes sessions that are over and tries that count no more; how many rows.
///
/// # Errors
/// What the store says.
pub async fn prune(store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
    let mut removed = 0;
    for kind in [b't', b's'] {
        let mut from = None;
        loop {
            let page = store.scan(keys::desk_rows(kind), from.take(), 256, false).await?;
            let mut batch = Batch::default();
            for (key, row) in &page {
                let over = match kind {
                    b't' => now.since(codec::decode_row::<Tries>(key, row)?.last) >= tries::FORGOTTEN,
                    _ => codec::decode_row::<Visit>(key, row)?.until <= now,
                };
                if over {
                    batch.delete(key.clone(), Expect::At(row.version));
                }
            }
            removed += batch.ops.len() as u64;
            match store.commit(batch).await {
                // Somebody tries just now; the next sweep looks again.
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why),
            }
            match page.last() {
                Some((key, _)) => from = Some(key.clone()),
                None => break,
            }
        }
    }
    Ok(removed)
}
