//! How often an address may ask the desk without being let in: in memory, before anything is looked up.
//! Tries to sign in are counted beside this, in the store.

use crate::engine::desk::door::neighbourhood;
use crate::types::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many at once ...
const AT_ONCE: u32 = 60;
/// ... and one more after each such span.
const EACH: Duration = Duration::from_secs(1);
/// The most addresses that are remembered; beyond it, those that have knocked least go.
const REMEMBERED: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    since: Timestamp,
    /// It was empty since it was full.
    spent: bool,
}

impl Bucket {
    /// As it stands at a moment.
    fn at(self, now: Timestamp) -> Self {
        let more = u32::try_from(now.since(self.since).as_millis() / EACH.as_millis()).unwrap_or(u32::MAX);
        if more == 0 {
            return self;
        }
        let left = self.left.saturating_add(more).min(AT_ONCE);
        Self { left, since: now, spent: self.spent && left < AT_ONCE }
    }
}

/// What became of a knock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Knock {
    /// The first after a quiet time.
    First,
    /// One of several.
    Again,
    /// There is none left after it, for the first time since it was quiet.
    Last,
    /// There was none left.
    TooMany,
}

/// Addresses, of IPv6 the network that one customer has, and what they have left. Those that are not known
/// are one.
#[derive(Debug, Default)]
pub(in crate::web) struct Knocks(Mutex<BTreeMap<String, Bucket>>);

impl Knocks {
    /// Whether there is one left, which nothing is taken for.
    pub(in crate::web) fn may(&self, address: Option<IpAddr>, now: Timestamp) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&neighbourhood(address)).is_none_or(|bucket| bucket.at(now).left > 0)
    }

    /// Takes one for somebody who was not let in. False when there is none left.
    pub(in crate::web) fn take(&self, address: Option<IpAddr>, now: Timestamp) -> bool {
        self.knock(address, now) != Knock::TooMany
    }

    /// The same, told how it stands.
    pub(in crate::web) fn knock(&self, address: Option<IpAddr>, now: Timestamp) -> Knock {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = neighbourhood(address);
        if all.len() >= REMEMBERED && !all.contains_key(&name) {
            make_room(&mut all, now);
        }
        let full = Bucket { left: AT_ONCE, since: now, spent: false };
        let bucket = all.entry(name).or_insert(full);
        *bucket = bucket.at(now);
        let before = bucket.left;
        bucket.left = before.saturating_sub(1);
        match before {
            0 => Knock::TooMany,
            1 if !bucket.spent => {
                bucket.spent = true;
                Knock::Last
            }
            AT_ONCE => Knock::First,
            _ => Knock::Again,
        }
    }
}

/// Those that are full again say nothing; of the others, those that have most left say least.
fn make_room(all: &mut BTreeMap<String, Bucket>, now: Timestamp) {
    all.retain(|_, bucket| bucket.at(now).left < AT_ONCE);
    if all.len() < REMEMBERED {
        return;
    }
    let mut order: Vec<(Reverse<u32>, Timestamp, String)> =
        all.iter().map(|(name, bucket)| (Reverse(bucket.at(now).left), bucket.since, name.clone())).collect();
    order.sort_unstable();
    for (_, _, name) in order.into_iter().take(REMEMBERED / 8) {
        all.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn an_address_knocks_so_often_at_once_and_then_once_a_second() {
        let (knocks, here) = (Knocks::default(), IpAddr::from([192, 0, 2, 7]));
        assert!((0..AT_ONCE).all(|_| knocks.take(Some(here), at(0))));
        assert!(!knocks.take(Some(here), at(0)) && !knocks.take(Some(here), at(999)));
        assert!(knocks.take(Some(IpAddr::from([192, 0, 2, 8])), at(0)), "another address");
        assert!(knocks.take(Some(here), at(1_000)) && !knocks.take(Some(here), at(1_500)));
        assert!((0..AT_ONCE).all(|_| knocks.take(Some(here), at(200_000))));
        assert!(!knocks.take(Some(here), at(200_000)), "no more than at first");
    }

    #[test]
    fn one_customers_network_is_one_and_so_are_all_that_are_not_known() {
        let six = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, last]));
        let knocks = Knocks::default();
        assert!((0..60).all(|nth| knocks.take(six(nth), at(0))));
        assert!(!knocks.take(six(77), at(0)) && !knocks.may(six(78), at(0)));
        assert!((0..60).all(|_| knocks.take(None, at(0))));
        assert!(!knocks.take(None, at(0)), "who hides is let through no more than others");
        assert!(knocks.may(None, at(1_000)));
    }

    #[test]
    fn a_full_table_keeps_nobody_out_and_forgets_those_who_knocked_least() {
        let of = |nth: u32| Some(IpAddr::from((0x0a00_0000 + nth).to_be_bytes()));
        let (knocks, guilty) = (Knocks::default(), Some(IpAddr::from([192, 0, 2, 7])));
        assert!((0..AT_ONCE).all(|_| knocks.take(guilty, at(0))));
        for nth in 0..25_000 {
            assert!(knocks.take(of(nth), at(0)), "{nth}");
        }
        assert!(knocks.0.lock().expect("whole").len() <= REMEMBERED);
        assert!(!knocks.take(guilty, at(0)), "who knocked most is not forgotten for others");
    }

    #[test]
    fn the_first_and_the_last_of_many_are_told_once() {
        let (knocks, here) = (Knocks::default(), None);
        let mut seen: Vec<Knock> = (0..61).map(|_| knocks.knock(here, at(0))).collect();
        assert_eq!(
            (seen[0], seen[1], seen[59], seen[60]),
            (Knock::First, Knock::Again, Knock::Last, Knock::TooMany)
        );
        seen = (1..30).map(|second| knocks.knock(here, at(second * 1_000))).collect();
        assert!(seen.iter().all(|knock| *knock == Knock::Again), "{seen:?}");
        assert_eq!(knocks.knock(here, at(200_000)), Knock::First);
    }
}
