//! All binds of all gateways: kept up for ever, and the way out for SMS.

use super::concat::Reassembly;
use super::dialect::dialogs::Dialogs;
use super::esme::{Opening, Why};
use super::health::{BindState, GatewayStatus, Health};
use super::link::{Gateway, Line, Link};
use super::mark::Marks;
use super::pdu::Mode;
use super::settings::{SettingsError, Smsc};
use super::status;
use crate::engine::port::{GatewayId, Sent, SmsOut, SmsSender, SmsWay, Subscribers};
use crate::gsm::segment;
use crate::types::Clock;
use futures_util::future::{BoxFuture, FutureExt};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a TCP connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// A bind that stood so long starts its waits anew.
const STEADY: Duration = Duration::from_secs(60);

/// One bind: a transceiver, or a receiver and a transmitter that share a line.
struct BindSet {
    line: Arc<Line>,
    links: Vec<(Mode, Arc<Health>)>,
}

/// One gateway with its binds.
struct Member {
    gateway: Arc<Gateway>,
    binds: Vec<BindSet>,
}

/// The binds of all gateways.
pub struct Pool {
    members: Vec<Member>,
    pub(super) clock: Arc<dyn Clock>,
    turn: AtomicUsize,
    connections: Arc<AtomicU64>,
    tasks: TaskTracker,
}

impl Pool {
    /// Checks the settings and makes ready; nothing connects before [`start`](Self::start).
    ///
    /// # Errors
    /// The first setting that is wrong, or two gateways of one name.
    pub fn new(settings: Vec<Smsc>, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let started = Instant::now();
        let mut members: Vec<Member> = Vec::new();
        for smsc in settings {
            let dialect = smsc.check()?;
            if members.iter().any(|member| *member.gateway.id == *smsc.name) {
                let what = "another gateway has this name already; give each its own".to_owned();
                return Err(SettingsError::Value { name: smsc.name, what });
            }
            let health = |bind, mode| Arc::new(Health::new(&smsc.name, bind, mode, clock.now()));
            let binds = (1..=smsc.binds)
                .map(|bind| BindSet {
                    line: Arc::default(),
                    links: smsc.bind.modes().iter().map(|mode| (*mode, health(bind, *mode))).collect(),
                })
                .collect();
            let gateway = Gateway {
                id: smsc.name.as_str().into(),
                dialogs: Arc::new(Mutex::new(Dialogs::new(&smsc.name, dialect, random()))),
                clock: clock.clone(),
                started,
                parts: Mutex::new(Reassembly::default()),
                marks: Marks::new(&smsc.name),
                settings: smsc,
            };
            members.push(Member { gateway: Arc::new(gateway), binds });
        }
        Ok(Self {
            members,
            clock,
            turn: AtomicUsize::new(0),
            connections: Arc::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Binds, and binds again whenever a bind is lost, until `stop`.
    pub fn start(&self, subscribers: &Arc<dyn Subscribers>, stop: &CancellationToken) {
        for member in &self.members {
            for bind in &member.binds {
                // Receivers go first, so that their last screens find the transmitter still there.
                let after = CancellationToken::new();
                for (mode, health) in &bind.links {
                    let first = mode.receives();
                    let keeper = Keeper {
                        gateway: member.gateway.clone(),
                        line: bind.line.clone(),
                        health: health.clone(),
                        subscribers: subscribers.clone(),
                        connections: self.connections.clone(),
                        mode: *mode,
                    };
                    let stop = if first { stop.clone() } else { after.clone() };
                    let then = first.then(|| after.clone());
                    self.tasks.spawn(async move {
                        keeper.keep(&stop).await;
                        if let Some(then) = then {
                            then.cancel();
                        }
                    });
                }
            }
        }
        self.tasks.close();
    }

    /// Waits, after the stop, until every bind has said goodbye.
    pub async fn stopped(&self) {
        self.tasks.wait().await;
    }

    /// Every connection as it stands.
    pub fn status(&self) -> Vec<GatewayStatus> {
        let binds = self.members.iter().flat_map(|member| &member.binds);
        binds.flat_map(|bind| &bind.links).map(|(_, health)| health.status()).collect()
    }

    /// A bind with room for so many parts, at this gateway or else at the first of the configuration
    /// that has one; its binds in turn.
    pub(super) fn line_for(&self, gateway: Option<&GatewayId>, parts: usize) -> Option<(&Gateway, &Line)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let asked = |member: &&Member| gateway.is_none_or(|gateway| *gateway == member.gateway.id);
        self.members.iter().filter(asked).find_map(|member| {
            let count = member.binds.len();
            (0..count)
                .map(|at| &*member.binds[(turn + at) % count].line)
                .find(|line| line.room().is_some_and(|room| room >= parts))
                .map(|line| (&*member.gateway, line))
        })
    }
}

impl SmsSender for Pool {
    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        self.submit(sms).boxed()
    }
}

impl SmsWay for Pool {
    fn gateways(&self) -> Vec<GatewayId> {
        self.members.iter().map(|member| member.gateway.id.clone()).collect()
    }

    fn is_open(&self, gateway: &GatewayId, sms: &SmsOut) -> bool {
        // What is too long for any gateway is told by whoever is asked to send it.
        let parts = segment::parts(&sms.text);
        self.line_for(Some(gateway), parts).is_some()
    }
}

/// Eight octets of the system's generator; should it ever fail, the moment must do.
#[expect(clippy::disallowed_methods, reason = "a shell: two starts and two binds must differ")]
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}

/// Keeps one connection up.
struct Keeper {
    gateway: Arc<Gateway>,
    line: Arc<Line>,
    health: Arc<Health>,
    subscribers: Arc<dyn Subscribers>,
    connections: Arc<AtomicU64>,
    mode: Mode,
}

impl Keeper {
    async fn keep(&self, stop: &CancellationToken) {
        let settings = &self.gateway.settings;
        let first = Duration::from_millis(settings.reconnect_ms);
        let mut wait = first;
        while !stop.is_cancelled() {
            let begun = Instant::now();
            self.health.set(BindState::Binding, None, self.gateway.clock.now());
            let ended = self.once(stop).await;
            if stop.is_cancelled() {
                break;
            }
            let (state, own_wait) = match ended {
                Ok(Why::BindRefused(status)) => self.refused(status),
                _ => (BindState::Down, None),
            };
            let why = ended.map_or_else(|why| why, |why| why.to_string());
            self.health.set(state, Some(why), self.gateway.clock.now());
            if begun.elapsed() >= STEADY {
                wait = first;
            }
            let pause = own_wait.unwrap_or(wait);
            wait = (wait * 2).min(Duration::from_millis(settings.reconnect_most_ms));
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(jittered(pause, random())) => {}
            }
        }
        self.health.set(BindState::Stopped, None, self.gateway.clock.now());
    }

    /// One connection from its making to its end.
    async fn once(&self, stop: &CancellationToken) -> Result<Why, String> {
        let settings = &self.gateway.settings;
        let bind = settings.bind_request().map_err(|error| error.to_string())?;
        let connecting = tokio::time::timeout(CONNECT, TcpStream::connect(&settings.address));
        let stream = tokio::select! {
            () = stop.cancelled() => return Ok(Why::Unbound),
            connected = connecting => connected
                .map_err(|_| format!("{} does not answer", settings.address))?
                .map_err(|error| format!("{}: {error}", settings.address))?,
        };
        // Without this a screen waits 40 ms for the acknowledgement of the PDU before it.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let opening = Opening { mode: self.mode, bind, window: settings.window, limits: settings.limits() };
        let link = Link {
            gateway: &self.gateway,
            line: &self.line,
            health: &self.health,
            subscribers: self.subscribers.clone(),
            number: self.connections.fetch_add(1, Ordering::Relaxed),
            transmits: self.mode.transmits(),
        };
        Ok(link.run(stream, opening, stop).await)
    }

    /// What a refused bind means, and its own wait where it has one.
    fn refused(&self, status: u32) -> (BindState, Option<Duration>) {
        let settings = &self.gateway.settings;
        match status {
            status::INV_PASWD | status::INV_SYS_ID | status::INV_SYS_TYP => {
                (BindState::Refused, Some(Duration::from_millis(settings.refused_ms)))
            }
            status::ALY_BND => (BindState::Down, Some(Duration::from_millis(settings.already_bound_ms))),
            _ => (BindState::Down, None),
        }
    }
}

/// Between three quarters and five quarters of a wait, so that many binds do not return at once.
fn jittered(wait: Duration, random: u64) -> Duration {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX / 2);
    Duration::from_millis(millis - millis / 4 + random % (millis / 2 + 1))
}

#[cfg(test)]
mod tests;
