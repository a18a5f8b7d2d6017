//! A mobile operator in miniature: an SMSC and USSD gateway that speaks SMPP 3.4 over TCP, and the
//! phones of its subscribers.
//!
//! * [`settings`]: who may bind, which codes are routed, the clocks.
//! * [`faults`]: misbehaviour as data, set while it runs.
//! * [`handset`]: a subscriber's phone: dial, press, text, read.
//! * [`counters`]: what passed through.
//! * [`console`], [`words`]: the operator driven by lines, faults in words.
//! * `exchange`, `submit`, `ussd`, `sms`: the operator's state behind one lock; no I/O.
//! * `link`: one connection.
//!
//! May import every pure module.

pub mod console;
pub mod counters;
mod exchange;
pub mod faults;
pub mod handset;
mod link;
pub mod settings;
mod sms;
mod submit;
mod ussd;
pub mod words;

pub use counters::Counters;
pub use faults::{Faults, Spell, Unshown};
pub use handset::{Handset, PhoneError, PhoneView, Screen, Sms};
pub use settings::{Dialect, MessageIds, ReceiptShape, SmscSettings, Timers};
pub use submit::Taken;

use crate::types::Msisdn;
use exchange::Exchange;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(10);

/// A running operator; clones are the same one. It stops when the last clone and the last
/// [`Handset`] are gone, or on [`Smsc::stop`].
#[derive(Clone)]
pub struct Smsc {
    /// Where it listens.
    pub addr: SocketAddr,
    exchange: Arc<Mutex<Exchange>>,
    stop: CancellationToken,
    /// Absent in the tasks of the operator itself, which must not keep it alive.
    _guard: Option<Arc<DropGuard>>,
}

impl Smsc {
    /// Opens the port and serves it.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(settings: SmscSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        let inner = Self {
            addr: listener.local_addr()?,
            exchange: Arc::new(Mutex::new(Exchange::new(settings))),
            stop: stop.clone(),
            _guard: None,
        };
        tokio::spawn(accept(inner.clone(), listener));
        tokio::spawn(tick(inner.clone()));
        Ok(Self { _guard: Some(Arc::new(stop.drop_guard())), ..inner })
    }

    /// The phone with this number.
    pub fn handset(&self, msisdn: Msisdn) -> Handset {
        let view = self.with(|exchange, _| exchange.phone(msisdn).view.subscribe());
        Handset { smsc: self.clone(), msisdn, view }
    }

    /// Every phone that did something or was sent something.
    pub fn phones(&self) -> Vec<Msisdn> {
        self.with(|exchange, _| exchange.phones.keys().copied().collect())
    }

    /// Waits until so many links receive.
    ///
    /// # Errors
    /// How many there were when the time was up.
    pub async fn wait_bound(&self, receivers: usize, within: Duration) -> Result<(), usize> {
        let mut count = self.with(|exchange, _| exchange.receivers.subscribe());
        match timeout(within, count.wait_for(|count| *count >= receivers)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self.receivers()),
        }
    }

    /// How many links receive now.
    pub fn receivers(&self) -> usize {
        self.with(|exchange, _| *exchange.receivers.borrow())
    }

    /// Changes what goes wrong from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        self.with(|exchange, _| change(&mut exchange.faults));
    }

    /// Cuts every connection now, without a word.
    pub fn drop_links(&self) {
        self.with(|exchange, now| exchange.drop_links(now));
    }

    /// Closes every new connection at once for so long.
    pub fn refuse_for(&self, span: Duration) {
        self.with(|exchange, now| exchange.refuse_until = Some(now + span));
    }

    /// What passed through since the start.
    pub fn counters(&self) -> Counters {
        self.with(|exchange, _| exchange.counters)
    }

    /// The messages taken from the application, oldest first, as far back as the operator remembers.
    pub fn taken(&self) -> Vec<Taken> {
        self.with(|exchange, _| exchange.taken.values().cloned().collect())
    }

    /// Writes octets to every link that receives, whatever they are.
    pub fn write_raw(&self, octets: &[u8]) {
        self.with(|exchange, _| exchange.write_raw(&bytes::Bytes::copy_from_slice(octets)));
    }

    /// Closes the port and every connection.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Runs something on the operator's state, with the moment.
    fn with<R>(&self, act: impl FnOnce(&mut Exchange, Instant) -> R) -> R {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut exchange, Instant::now())
    }
}

async fn accept(smsc: Smsc, listener: TcpListener) {
    loop {
        tokio::select! {
            () = smsc.stopped() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(link::serve(smsc.clone(), stream));
                }
                // Out of descriptors, or a peer that was gone before we looked: neither lasts.
                Err(_) => tokio::time::sleep(TICK).await,
            },
        }
    }
}

async fn tick(smsc: Smsc) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = smsc.stopped() => return,
            _ = ticks.tick() => smsc.with(|exchange, now| exchange.tick(now)),
        }
    }
}

#[cfg(test)]
mod tests;
