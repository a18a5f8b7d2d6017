//! How often somebody may try to sign in: a few times at once, then after a wait that doubles. Counted
//! before anything is proven, so that tries side by side are as dear as tries one after the other.
//!
//! Who tries a name is counted for that name at that address; all who do, wherever they are, for the name;
//! and all tries of an address. Whoever comes in a browser that knows her is counted there and nowhere else:
//! what strangers do with her name costs them, not her.

use super::proof::digest;
use super::{Door, Member, No, Whence, expect};
use crate::engine::turn::TRIES;
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// After so long without a failure, none of before counts.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// How many failures are free, and what those after them cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    free: u32,
    first: Duration,
    longest: Duration,
    /// Each time so many have failed, somebody is told.
    alarm: u32,
    /// One that succeeds makes all before it good.
    forgiven: bool,
}

/// For a name at an address or in a browser that knows her, whether somebody has the name or not.
pub(super) const OF_NAME: Rule = Rule {
    free: 4,
    first: Duration::from_secs(5),
    longest: Duration::from_secs(900),
    alarm: 10,
    forgiven: true,
};

/// For a name, wherever it is tried: against many who each stay below what an address may. The longest wait
/// is short, since who signs in for the first time in a browser has it in common with them.
pub(super) const OF_STRANGERS: Rule = Rule {
    free: 30,
    first: Duration::from_secs(5),
    longest: Duration::from_secs(300),
    alarm: 30,
    forgiven: false,
};

/// For an address: an office may share one.
pub(super) const OF_ADDRESS: Rule = Rule {
    free: 20,
    first: Duration::from_secs(5),
    longest: Duration::from_secs(3600),
    alarm: 30,
    forgiven: false,
};

/// Where a try counts.
pub(super) type Counted = Vec<(Rule, Key)>;

/// Hashed, since somebody may type her password where her name belongs.
fn tries_of(what: &[&str]) -> Key {
    let parts: Vec<&[u8]> = what.iter().map(|part| part.as_bytes()).collect();
    keys::desk(b't', &digest(&parts))
}

/// Failures of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tries {
    pub(super) count: u32,
    pub(super) last: Timestamp,
}

impl Rule {
    /// How long so many failures keep the next one waiting.
    fn wait(self, count: u32) -> Duration {
        let beyond = (count + 1).saturating_sub(self.free + 1);
        match beyond {
            0 => Duration::ZERO,
            n => self.first.saturating_mul(1u32.checked_shl(n - 1).unwrap_or(u32::MAX)).min(self.longest),
        }
    }

    /// The tries with one more, or how long it has to wait.
    pub(super) fn one_more(self, before: Option<Tries>, now: Timestamp) -> Result<Tries, Duration> {
        let before = before.filter(|tries| now.since(tries.last) < FORGOTTEN);
        let Some(Tries { count, last }) = before else { return Ok(Tries { count: 1, last: now }) };
        let (wait, gone) = (self.wait(count), now.since(last));
        if gone < wait { Err(wait - gone) } else { Ok(Tries { count: count.saturating_add(1), last: now }) }
    }

    /// Whether these are so many that somebody should know, told once in a while.
    pub(super) const fn alarms(self, tries: Tries) -> bool {
        tries.count > 0 && tries.count.is_multiple_of(self.alarm)
    }
}

impl Door {
    /// Where a try of a name counts, or one without a name.
    pub(super) fn counted(&self, member: Option<&Member>, typed: Option<&str>, whence: &Whence) -> Counted {
        let place = whence.neighbourhood();
        let address = (OF_ADDRESS, tries_of(&["address", &place]));
        let Some(name) = typed.map(|typed| typed.trim().to_lowercase()) else { return vec![address] };
        match member.and_then(|member| self.knows(member, whence)) {
            Some(browser) => vec![(OF_NAME, tries_of(&["browser", &browser]))],
            None => vec![
                (OF_NAME, tries_of(&["name at", &name, &place])),
                (OF_STRANGERS, tries_of(&["name", &name])),
                address,
            ],
        }
    }

    /// The tries with one more of each, in a batch, and those of which somebody should know; or how long it
    /// has to wait.
    async fn one_more(&self, counted: &Counted) -> Result<(Batch, Option<u32>), No> {
        let now = self.clock.now();
        let rows = self.store.read(counted.iter().map(|(_, key)| key.clone()).collect()).await?;
        let (mut batch, mut waits, mut rings) = (Batch::default(), Duration::ZERO, None);
        for ((rule, key), row) in counted.iter().zip(rows) {
            let before = row.as_ref().map(|row| codec::decode_row::<Tries>(key, row)).transpose()?;
            match rule.one_more(before, now) {
                Ok(tries) => {
                    rings = rings.max(rule.alarms(tries).then_some(tries.count));
                    batch.put(key.clone(), expect(row.as_ref()), codec::encode(&tries));
                }
                Err(wait) => waits = waits.max(wait),
            }
        }
        if waits > Duration::ZERO { Err(No::Wait(waits)) } else { Ok((batch, rings)) }
    }

    /// Whether there is a try left, which nothing is taken for.
    pub(super) async fn may_try(&self, counted: &Counted) -> Result<(), No> {
        self.one_more(counted).await.map(drop)
    }

    /// Takes a try, or says how long it has to wait.
    pub(super) async fn take(&self, counted: &Counted, whence: &Whence) -> Result<(), No> {
        for _ in 0..TRIES {
            let (batch, rings) = self.one_more(counted).await?;
            match self.store.commit(batch).await {
                Err(StoreError::Conflict(_)) => continue,
                done => done?,
            };
            if let Some(count) = rings {
                let from = whence.words();
                tracing::error!(count, from, "ALARM: many tries to sign in at the desk have failed");
            }
            return Ok(());
        }
        Err(No::Wait(Duration::from_secs(1)))
    }

    /// Takes one try of an address, for somebody who says no name, or says how long it has to wait.
    ///
    /// # Errors
    /// [`No::Wait`], and what the store says.
    pub async fn take_try(&self, whence: &Whence) -> Result<(), No> {
        self.take(&self.counted(None, None, whence), whence).await
    }

    /// The try of [`Door::take_try`] did not fail.
    pub async fn give_try_back(&self, whence: &Whence) {
        self.give_back(&self.counted(None, None, whence)).await;
    }

    /// A try that was taken did not fail: it is given back, as it stands then. What others take meanwhile
    /// stays taken; a try that is lost here is no harm.
    pub(super) async fn give_back(&self, counted: &Counted) {
        for _ in 0..TRIES {
            match self.try_to_give_back(counted).await {
                Err(No::Wait(_)) => {}
                Err(why) => return tracing::warn!(?why, "a try at the desk could not be given back"),
                Ok(()) => return,
            }
        }
    }

    async fn try_to_give_back(&self, counted: &Counted) -> Result<(), No> {
        let rows = self.store.read(counted.iter().map(|(_, key)| key.clone()).collect()).await?;
        let mut batch = Batch::default();
        for ((rule, key), row) in counted.iter().zip(rows) {
            let Some(row) = row else { continue };
            let tries = codec::decode_row::<Tries>(key, &row)?;
            match tries.count.saturating_sub(1) {
                count if count > 0 && !rule.forgiven => {
                    let fewer = Tries { count, ..tries };
                    batch.put(key.clone(), Expect::At(row.version), codec::encode(&fewer));
                }
                _ => batch.delete(key.clone(), Expect::At(row.version)),
            }
        }
        match self.store.commit(batch).await {
            Err(StoreError::Conflict(_)) => Err(No::Wait(Duration::ZERO)),
            done => done.map(drop).map_err(No::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_few_tries_are_free_then_each_waits_twice_as_long_up_to_a_bound() {
        let (mut tries, mut now, mut waits) = (None, 0, Vec::new());
        for _ in 0..16 {
            let taken = OF_NAME.one_more(tries, at(now)).or_else(|wait| {
                waits.push(wait.as_secs());
                now += i64::try_from(wait.as_secs()).expect("seconds");
                assert!(OF_NAME.one_more(tries, at(now - 1)).is_err(), "a second too early");
                OF_NAME.one_more(tries, at(now))
            });
            tries = Some(taken.expect("after its wait"));
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
        assert!(OF_NAME.alarms(Tries { count: 10, last: at(0) }));
        assert!(!OF_NAME.alarms(Tries { count: 11, last: at(0) }));
        let next_day = OF_NAME.one_more(tries, at(now + 24 * 3600)).expect("a day later");
        assert_eq!(next_day.count, 1);
    }
}
