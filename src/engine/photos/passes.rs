//! Passes: secrets by which a phone's browser may send photographs. A pass is a name of eight letters, by
//! which its row is found, and a secret of sixteen, of which the row has the hash alone.

use crate::engine::Engine;
use crate::engine::trade::Due;
use crate::engine::work::{Fault, Work};
use crate::market::Party;
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{PartyId, PhotoName, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Letters of the name of a pass.
const NAME: usize = 8;
/// Letters of its secret: eighty bits.
const SECRET: usize = 16;
/// Letters of the whole.
pub const LONG: usize = NAME + SECRET;
/// No letter that is read as another one. RFC 4648 has a base of 32 letters; these are Crockford's.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A pass, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pass {
    /// The hash of its secret.
    secret: [u8; 32],
    /// Who sends photographs by it.
    pub(super) holder: PartyId,
    /// The one listing it is for, and then for one photograph; without it, all that its holder looks after.
    pub(super) only: Option<SpokenCode>,
    /// When it ends.
    pub(super) until: Timestamp,
    /// The photograph that a pass for one was used for.
    pub(super) took: Option<PhotoName>,
}

/// A pass that was shown, and where it stands.
pub(super) struct Shown {
    pub(super) pass: Pass,
    pub(super) key: Key,
    version: u64,
}

impl Shown {
    /// Notes that a pass for one photograph was used.
    pub(super) fn use_for(&self, work: &mut Work<'_>, photo: PhotoName) {
        if self.pass.only.is_some() && self.pass.took.is_none() {
            let used = Pass { took: Some(photo), ..self.pass.clone() };
            work.extra().put(self.key.clone(), Expect::At(self.version), codec::encode(&used));
        }
    }
}

fn key(name: &str) -> Key {
    keys::index("photo_pass", &[name.as_bytes()], b"")
}

/// Makes a pass, kept with the turn's commit and forgotten when it ends; what its holder is given.
pub(super) fn issue(
    work: &mut Work<'_>, holder: PartyId, only: Option<SpokenCode>, until: Timestamp,
) -> String {
    let mut bits = (0u128, 0u32);
    let token: String = (0..LONG)
        .map(|_| {
            if bits.1 < 5 {
                bits = (bits.0 | u128::from(work.entropy.next_u64()) << bits.1, bits.1 + 64);
            }
            let letter = LETTERS[(bits.0 & 31) as usize];
            bits = (bits.0 >> 5, bits.1 - 5);
            char::from(letter)
        })
        .collect();
    let (name, secret) = token.split_at(NAME);
    let pass = Pass { secret: Sha256::digest(secret).into(), holder, only, until, took: None };
    work.extra().put(key(name), Expect::Absent, codec::encode(&pass));
    work.timer(until, &format!("pass/{name}"), &Due::PassOver(name.to_owned()));
    token
}

/// Forgets a pass that has ended.
pub(in crate::engine) fn forget(work: &mut Work<'_>, name: &str) {
    work.extra().delete(key(name), Expect::Any);
}

impl Engine {
    /// The pass of this text, while it is good. The secret is compared in constant time, by its hash.
    pub(super) async fn pass(&self, token: &str) -> Result<Option<Shown>, Fault> {
        if token.len() != LONG || !token.bytes().all(|letter| LETTERS.contains(&letter)) {
            return Ok(None);
        }
        let (name, secret) = token.split_at(NAME);
        let key = key(name);
        let Some(row) = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten() else {
            return Ok(None);
        };
        let pass: Pass = codec::decode_row(&key, &row)?;
        let given: [u8; 32] = Sha256::digest(secret).into();
        let right: bool = pass.secret.ct_eq(&given).into();
        let good = right && !super::is_over(pass.until, self.clock.now());
        if !good {
            return Ok(None);
        }
        // Whoever is forgotten has none, also before its row is.
        let holder = keys::party(pass.holder);
        let known = self.store.read(vec![holder.clone()]).await?.into_iter().next().flatten();
        let known = known.map(|row| codec::decode_row::<Party>(&holder, &row)).transpose()?;
        let here = known.is_some_and(|party| !party.is_erased());
        Ok(here.then_some(Shown { pass, key, version: row.version }))
    }
}

/// A text without what stands in its link to the page for photographs.
pub(in crate::engine) fn without_pass(text: &str) -> String {
    const MARK: &str = "/upload#";
    let Some(at) = text.find(MARK) else { return text.to_owned() };
    let (before, rest) = text.split_at(at + MARK.len());
    let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    format!("{before}...{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn somebody_who_is_forgotten_sends_no_photograph_any_more() {
        use crate::engine::record::Cause;
        use crate::engine::tests::{engine, join, phone};
        use crate::market::party::{Alias, PartyEvent};
        use crate::types::{CodeKind, Lang, Msisdn};
        let (engine, _) = engine().await;
        let her = join(&engine, phone(101), Lang::EN).await;
        let mut work = engine.work(engine.clock.now()).expect("work");
        let until = work.now.after(std::time::Duration::from_secs(60));
        let token = issue(&mut work, her, None, until);
        engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
        assert!(engine.pass(&token).await.expect("read").is_some());
        let mut work = engine.work(engine.clock.now()).expect("work");
        work.get::<Party>(her).await.expect("read");
        let alias = Alias {
            name: "Erased K7".to_owned(),
            phone: Msisdn::nobodys(5),
            number: SpokenCode::nth(CodeKind::Listing, 7),
            area: "other".parse().expect("a word"),
        };
        work.apply::<Party>(her, vec![PartyEvent::Erased(alias)]);
        engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
        assert!(engine.pass(&token).await.expect("read").is_none());
    }

    #[test]
    fn a_kept_text_has_no_secret_of_a_link() {
        let text = "Photo of 10019: open https://shop.example/upload#0123456789abcdefghjkmnpq by 10/12.";
        assert_eq!(without_pass(text), "Photo of 10019: open https://shop.example/upload#... by 10/12.");
        assert_eq!(without_pass("nothing"), "nothing");
    }
}
