//! Room for messages that are coming in: each door has its own, an address at most a part of it, and whoever
//! sends too slowly gives it back.

use crate::engine::desk::door::neighbourhood;
use axum::body::Body;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Messages that come in at one door at a time; further ones are asked to come again.
const AT_ONCE: u32 = 4;
/// Of one address: of IPv6, of the network that one customer has.
const OF_ONE: u32 = 2;
/// For so long a body may come as slowly as it will ...
const GRACE: Duration = Duration::from_secs(10);
/// ... and then has to have brought so many octets for each further second.
const PACE: u64 = 64 * 1024;

/// The places of a door, by who has them.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<BTreeMap<String, u32>>);

impl Places {
    /// A place for somebody; none where the door is full, or she has as many as one may.
    pub(super) fn take(self: &Arc<Self>, from: Option<IpAddr>) -> Option<Arc<Place>> {
        let by = neighbourhood(from);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hers = taken.get(&by).copied().unwrap_or_default();
        if hers >= OF_ONE || taken.values().sum::<u32>() >= AT_ONCE {
            return None;
        }
        taken.insert(by.clone(), hers + 1);
        Some(Arc::new(Place { of: Arc::clone(self), by }))
    }
}

/// A place that somebody has, until nobody works on what came in at it.
#[derive(Debug)]
pub(super) struct Place {
    of: Arc<Places>,
    by: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.by) {
            Some(hers) if *hers > 1 => *hers -= 1,
            _ => drop(taken.remove(&self.by)),
        }
    }
}

/// How long a body of which so many octets came may take until the next ones come.
const fn allowed(came: u64) -> Duration {
    GRACE.saturating_add(Duration::from_millis(came.saturating_mul(1_000) / PACE))
}

/// A body that breaks off when it falls behind the pace.
pub(super) fn paced(body: Body) -> Body {
    let began = Instant::now();
    let pieces = stream::try_unfold((body.into_data_stream(), 0u64), move |(mut coming, came)| async move {
        match timeout_at(began + allowed(came), coming.next()).await {
            Ok(Some(Ok(piece))) => {
                let came = came.saturating_add(piece.len() as u64);
                Ok(Some((piece, (coming, came))))
            }
            Ok(Some(Err(why))) => Err(io::Error::other(why)),
            Ok(None) => Ok(None),
            Err(late) => Err(io::Error::from(late)),
        }
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Option<IpAddr> {
        Some(address.parse().expect("an address"))
    }

    #[test]
    fn an_address_has_two_places_and_gives_each_back_when_nobody_works_there() {
        let places = Arc::new(Places::default());
        let (first, second) = (places.take(of("203.0.113.7")), places.take(of("203.0.113.7")));
        assert!(first.is_some() && second.is_some() && places.take(of("203.0.113.7")).is_none());
        let others = [places.take(of("2001:db8:1:2::1")), places.take(of("2001:db8:1:2::2"))];
        assert!(others.iter().all(Option::is_some));
        assert!(places.take(of("203.0.113.8")).is_none(), "the door is full");
        let working = second.clone();
        drop((second, others));
        assert!(places.take(of("203.0.113.7")).is_none(), "one of hers is still worked on");
        drop(working);
        assert!(places.take(of("203.0.113.7")).is_some() && places.take(None).is_some());
    }

    #[test]
    fn a_body_comes_whole_in_a_few_seconds_or_at_the_pace_of_a_gate() {
        let seconds = |came| allowed(came).as_secs();
        assert_eq!([0, 1_000, PACE, 12 << 20].map(seconds), [10, 10, 11, 10 + 192]);
        assert!(seconds(u64::MAX) > 1_000);
    }
}
