//! What the engine reaches out to, each told to fail now and then: the store, the carrier of
//! texts, the money provider, the card processor.

pub mod brittle;
pub mod carrier;
pub mod provider;
pub mod till;

use crate::types::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A clock that stands until it is set.
#[derive(Debug, Default)]
pub struct WorldClock(AtomicI64);

impl WorldClock {
    /// It is this moment now; never earlier than before.
    pub fn set(&self, now: Timestamp) {
        self.0.fetch_max(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The world runs on one thread; what broke elsewhere left nothing half changed.
fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
