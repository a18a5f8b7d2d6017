//! How often an address may ask the desk without being let in: in memory, before anything is looked up.
//! Tries to sign in are counted beside this, in the store.

use crate::types::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many at once ...
const AT_ONCE: u32 = 60;
/// ... and one more after each such span.
const EACH: Duration = Duration::from_secs(1);
/// The most addresses that are remembered; beyond it, those that have been quiet for long enough go.
const REMEMBERED: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    since: Timestamp,
}

/// Addresses and what they have left.
#[derive(Debug, Default)]
pub(in crate::web) struct Knocks(Mutex<BTreeMap<IpAddr, Bucket>>);

impl Knocks {
    /// Takes one for somebody who was not let in. False when there is none left.
    pub(in crate::web) fn take(&self, address: Option<IpAddr>, now: Timestamp) -> bool {
        let Some(address) = address else { return true };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED && !all.contains_key(&address) {
            all.retain(|_, bucket| now.since(bucket.since) < EACH * AT_ONCE);
            if all.len() >= REMEMBERED {
                return false;
            }
        }
        let bucket = all.entry(address).or_insert(Bucket { left: AT_ONCE, since: now });
        let more = u32::try_from(now.since(bucket.since).as_millis() / EACH.as_millis()).unwrap_or(u32::MAX);
        if more > 0 {
            bucket.left = bucket.left.saturating_add(more).min(AT_ONCE);
            bucket.since = now;
        }
        let may = bucket.left > 0;
        bucket.left = bucket.left.saturating_sub(1);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_knocks_so_often_at_once_and_then_once_a_second() {
        let (knocks, here) = (Knocks::default(), IpAddr::from([192, 0, 2, 7]));
        let at = |millis| Timestamp::from_millis(millis);
        assert!((0..AT_ONCE).all(|_| knocks.take(Some(here), at(0))));
        assert!(!knocks.take(Some(here), at(0)) && !knocks.take(Some(here), at(999)));
        assert!(knocks.take(Some(IpAddr::from([192, 0, 2, 8])), at(0)), "another address");
        assert!(knocks.take(Some(here), at(1_000)) && !knocks.take(Some(here), at(1_500)));
        assert!((0..AT_ONCE).all(|_| knocks.take(Some(here), at(200_000))));
        assert!(!knocks.take(Some(here), at(200_000)), "no more than at first");
    }
}
