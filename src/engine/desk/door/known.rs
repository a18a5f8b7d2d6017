//! Browsers in which somebody signed in before. Each was given a mark that only the house can make, for her
//! name and her invitation: whoever comes with it is counted by herself, so that strangers who try her name
//! keep nobody out of her own browser. A mark opens nothing.

use super::proof::hex;
use super::{Door, Member, No, Whence};
use crate::types::Timestamp;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long a browser is known after somebody signed in there.
pub const KNOWN: Duration = Duration::from_secs(180 * 24 * 3600);
/// How many people a browser is known for: several share one at a depot.
const PEOPLE: usize = 6;
/// The moment and what is drawn by chance, then the proof of both, in hexadecimal.
const NAME: usize = 32;
const LONG: usize = NAME + 64;

/// The marks that a browser sent.
fn marks(known: &str) -> impl Iterator<Item = &str> {
    let fits = |mark: &&str| mark.len() == LONG && mark.bytes().all(|octet| octet.is_ascii_hexdigit());
    known.split('.').take(PEOPLE).filter(fits)
}

impl Door {
    fn proof_of(&self, member: &Member, name: &str) -> Option<String> {
        let (invitation, _) = member.invitation?;
        let of = [&invitation[..], name.as_bytes(), member.name.to_lowercase().as_bytes()].concat();
        Some(hex(&self.mac(b"known browser", &of)))
    }

    /// The name of the browser, when she signed in there before.
    pub(super) fn knows(&self, member: &Member, whence: &Whence) -> Option<String> {
        let fresh = |name: &str| {
            let given = i64::from_str_radix(&name[..16], 16).map(Timestamp::from_millis);
            given.is_ok_and(|given| self.clock.now().since(given) < KNOWN)
        };
        let found = marks(&whence.known).find(|mark| {
            let (name, proof) = mark.split_at(NAME);
            let right = self.proof_of(member, name);
            right.is_some_and(|right| right.as_bytes().ct_eq(proof.as_bytes()).into()) && fresh(name)
        });
        found.map(|mark| mark[..NAME].to_owned())
    }

    /// What her browser keeps from now on, with what it keeps of others who sit before it; nothing when she
    /// has no password.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn known(&self, member: &Member, whence: &Whence) -> Result<Option<String>, No> {
        let given = hex(&self.clock.now().millis().to_be_bytes());
        let name = format!("{given}{}", hex(&self.octets()?[..8]));
        let Some(proof) = self.proof_of(member, &name) else { return Ok(None) };
        let before = self.knows(member, whence);
        let others = marks(&whence.known).filter(|mark| Some(&mark[..NAME]) != before.as_deref());
        let all: Vec<String> =
            std::iter::once(format!("{name}{proof}")).chain(others.map(str::to_owned)).take(PEOPLE).collect();
        Ok(Some(all.join(".")))
    }
}
