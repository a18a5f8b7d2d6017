//! How each connection fares: its state for the pages and alarms, its counters for the metrics.

use super::esme::Smsc as Peer;
use super::pdu::{Mode, version_name};
use super::settings::Smsc;
use crate::engine::port::BindView;
use crate::types::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindState {
    /// Not connected; trying again after a while.
    Down,
    /// Connecting, or waiting for the answer to the bind.
    Binding,
    /// Messages may travel.
    Bound,
    /// The SMSC refuses our name or password: somebody must look.
    Refused,
    /// We said goodbye.
    Stopped,
}

/// A connection as others may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayStatus {
    /// The gateway's name in the configuration.
    pub gateway: String,
    /// Which of its parallel binds, from 1.
    pub bind: u16,
    /// In which direction messages travel on it.
    pub mode: Mode,
    /// Where it stands.
    pub state: BindState,
    /// Since when.
    pub since: Timestamp,
    /// Why it last went down, if it ever did.
    pub last_error: Option<String>,
    /// What it did since the start.
    pub counters: Counts,
    /// Who took the last bind.
    pub peer: Option<Peer>,
    /// Whether it is encrypted.
    pub tls: bool,
    /// Requests without an answer now, and most of them.
    pub window: (u64, u64),
    /// Since when the SMSC has been telling us to slow down, if it is.
    pub throttled_since: Option<Timestamp>,
}

impl From<GatewayStatus> for BindView {
    fn from(status: GatewayStatus) -> Self {
        Self {
            gateway: status.gateway.into(),
            bind: status.bind,
            mode: match status.mode {
                Mode::Receiver => "receiver",
                Mode::Transmitter => "transmitter",
                Mode::Transceiver => "transceiver",
            },
            state: match status.state {
                BindState::Down => "down",
                BindState::Binding => "binding",
                BindState::Bound => "bound",
                BindState::Refused => "refused",
                BindState::Stopped => "stopped",
            },
            since: status.since,
            reason: status.last_error,
            failed: None,
            worked: None,
            version: status.peer.as_ref().map(|peer| version_name(peer.version)),
            peer: status.peer.map(|peer| peer.system_id),
            tls: status.tls,
            window_used: status.window.0,
            window: status.window.1,
            held: 0,
            throttled_since: status.throttled_since,
            counters: status.counters.each().collect(),
        }
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What a connection did since the start; only ever grows.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: AtomicU64,)+ }

        /// [`Counters`] as of one moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Counts { $($(#[$doc])* pub $name: u64,)+ }

        impl Counters {
            /// The counters now.
            pub fn read(&self) -> Counts {
                Counts { $($name: self.$name.load(Ordering::Relaxed),)+ }
            }
        }

        impl Counts {
            /// Name and value of each, for a metrics page.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }
        }
    };
}

counters! {
    /// PDUs that came.
    pdus_in,
    /// PDUs that went.
    pdus_out,
    /// PDUs that could not be read.
    bad_pdus,
    /// Times the bind was accepted.
    binds,
    /// Steps of USSD dialogs that came.
    ussd_in,
    /// Steps that had come before.
    repeats,
    /// SMS that came, long ones counted once.
    sms_in,
    /// Delivery receipts that came.
    receipts_in,
    /// Messages answered "send again": a lane was full, or the engine could not keep them.
    busy,
    /// Messages taken and not understood: no phone number, an impossible part.
    dropped,
    /// Screens the SMSC took.
    screens,
    /// Screens not sent because they were ready too late.
    screens_late,
    /// Screens that the SMSC refused or never answered, or whose connection was gone.
    screens_lost,
    /// Screens that were longer than the gateway takes.
    screens_cut,
    /// Parts of SMS the SMSC took.
    sms_out,
    /// Parts of SMS that were never answered and went again: the phone may show them twice.
    maybe_doubled,
    /// Answers "too fast" and "queue full".
    throttled,
}

/// So many statuses are told apart: an SMSC that makes them up does not fill our memory.
const STATUSES: usize = 48;
/// Every status beyond those.
pub const OTHER_STATUS: u32 = u32::MAX;

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[derive(Debug)]
struct Standing {
    state: BindState,
    /// The last state that was more than a try.
    settled: BindState,
    since: Timestamp,
    last_error: Option<String>,
    peer: Option<Peer>,
    throttled_since: Option<Timestamp>,
}

/// State and counters of one connection, written by its task.
#[derive(Debug)]
pub struct Health {
    gateway: String,
    bind: u16,
    mode: Mode,
    tls: bool,
    window: u64,
    window_used: AtomicU64,
    throttled: AtomicBool,
    standing: Mutex<Standing>,
    /// Refusals of our messages by their status.
    refusals: Mutex<BTreeMap<u32, u64>>,
    /// What it did.
    pub counters: Counters,
}

impl Health {
    /// A connection not yet made.
    pub fn new(settings: &Smsc, bind: u16, mode: Mode, now: Timestamp) -> Self {
        Self {
            gateway: settings.name.clone(),
            tls: settings.tls,
            window: settings.window as u64,
            window_used: AtomicU64::new(0),
            throttled: AtomicBool::new(false),
            bind,
            mode,
            standing: Mutex::new(Standing {
                state: BindState::Down,
                settled: BindState::Down,
                since: now,
                last_error: None,
                peer: None,
                throttled_since: None,
            }),
            refusals: Mutex::default(),
            counters: Counters::default(),
        }
    }

    /// Says where the connection stands; logged when it is news. A try that fails like the one
    /// before it is not, nor is the trying itself.
    pub fn set(&self, state: BindState, error: Option<String>, now: Timestamp) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.state = state;
        if state == BindState::Binding {
            return;
        }
        let another = standing.settled != state;
        let news = another || (error.is_some() && error != standing.last_error);
        if another {
            standing.settled = state;
            standing.since = now;
        }
        if error.is_some() {
            standing.last_error = error;
        }
        if news {
            let (gateway, bind, mode) = (&self.gateway, self.bind, self.mode);
            let why = standing.last_error.as_deref().unwrap_or_default();
            match state {
                BindState::Refused => {
                    tracing::error!(alarm = true, gateway, bind, ?mode, why, "the SMSC refuses the bind");
                }
                BindState::Down => tracing::warn!(gateway, bind, ?mode, why, "bind down"),
                _ => tracing::info!(gateway, bind, ?mode, ?state, "bind"),
            }
        }
    }

    /// The SMSC refused a message of ours. Statuses beyond the first of them count as [`OTHER_STATUS`].
    pub(super) fn refused(&self, status: u32) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refusals.len() < STATUSES || refusals.contains_key(&status);
        *refusals.entry(if known { status } else { OTHER_STATUS }).or_default() += 1;
    }

    /// How often our messages were refused, by status.
    pub fn refusals(&self) -> BTreeMap<u32, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who took the bind.
    pub fn met(&self, peer: Peer) {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).peer = Some(peer);
    }

    /// How full the window is, and whether the SMSC told us to slow down.
    pub fn load(&self, unanswered: usize, throttled: bool, now: Timestamp) {
        self.window_used.store(unanswered as u64, Ordering::Relaxed);
        if self.throttled.swap(throttled, Ordering::Relaxed) != throttled {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            standing.throttled_since = throttled.then_some(now);
        }
    }

    /// The connection as others may read it.
    pub fn status(&self) -> GatewayStatus {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        GatewayStatus {
            gateway: self.gateway.clone(),
            bind: self.bind,
            mode: self.mode,
            state: standing.state,
            since: standing.since,
            last_error: standing.last_error.clone(),
            counters: self.counters.read(),
            peer: standing.peer.clone(),
            tls: self.tls,
            window: (self.window_used.load(Ordering::Relaxed), self.window),
            throttled_since: standing.throttled_since,
        }
    }
}
