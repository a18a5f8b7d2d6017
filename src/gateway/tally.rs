//! What a gateway did since the start, and how it fared last: for the desk.

use crate::types::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        #[derive(Debug, Default)]
        pub(super) struct Counters { $(pub $name: AtomicU64,)+ }

        /// What a gateway did since the start; only ever grows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
        pub struct Counts { $($(#[$doc])* pub $name: u64,)+ }

        impl Counters {
            pub(super) fn read(&self) -> Counts {
                Counts { $($name: self.$name.load(Ordering::Relaxed),)+ }
            }
        }

        impl Counts {
            /// Name and value of each.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }
        }
    };
}

counters! {
    /// Steps of dialogs that came.
    ussd_in,
    /// Screens that were not ready in time.
    screens_late,
    /// Screens that nobody took: the gateway hung up before it was answered.
    hung_up,
    /// SMS that came, repeats not counted.
    sms_in,
    /// SMS that came again under a name that was kept before.
    sms_again,
    /// Reports that came.
    receipts_in,
    /// Requests answered "send it again", and dialogs ended with an apology.
    busy,
    /// Requests that could not be read.
    malformed,
    /// Requests behind a wrong path.
    wrong_path,
    /// Requests from a wrong address.
    wrong_address,
    /// SMS that were taken.
    sms_out,
    /// SMS that were refused for good.
    sms_refused,
    /// Tries without an answer that proves anything: what was sent may be sent again.
    sms_unknown,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Where the way to a gateway stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It answered when last asked, or was never asked.
    Open,
    /// It could not be reached.
    Down,
    /// It refuses our key: somebody must look.
    Refused,
}

/// How it fared.
#[derive(Debug, Clone)]
pub(super) struct Fared {
    pub standing: Standing,
    /// Since when it stands so.
    pub since: Timestamp,
    /// When it last did what it is for.
    pub well: Option<Timestamp>,
    /// When it last failed, and why.
    pub badly: Option<(Timestamp, String)>,
    /// Since when it has been telling us to slow down, if it is.
    pub throttled: Option<Timestamp>,
}

/// How one side of a gateway fares.
#[derive(Debug)]
pub(super) struct Fortune(Mutex<Fared>);

impl Fortune {
    pub(super) fn new(now: Timestamp) -> Self {
        let standing = Standing::Open;
        Self(Mutex::new(Fared { standing, since: now, well: None, badly: None, throttled: None }))
    }

    fn lock(&self) -> MutexGuard<'_, Fared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As of now.
    pub(super) fn read(&self) -> Fared {
        self.lock().clone()
    }

    /// It did what it is for.
    pub(super) fn well(&self, now: Timestamp) {
        let mut fared = self.lock();
        fared.stands(Standing::Open, now);
        fared.well = Some(now);
        fared.throttled = None;
    }

    /// It failed, and stands so from now on.
    pub(super) fn badly(&self, now: Timestamp, standing: Standing, why: &str) {
        let mut fared = self.lock();
        fared.stands(standing, now);
        fared.badly = Some((now, why.to_owned()));
    }

    /// It says that it is sent too much.
    pub(super) fn throttled(&self, now: Timestamp, why: &str) {
        self.badly(now, Standing::Open, why);
        self.lock().throttled.get_or_insert(now);
    }
}

impl Fared {
    fn stands(&mut self, standing: Standing, now: Timestamp) {
        if self.standing != standing {
            (self.standing, self.since) = (standing, now);
        }
    }
}
