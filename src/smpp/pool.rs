//! All binds of all gateways: kept up for ever, and the way out for SMS.

use super::dialect::dialogs::Dialogs;
use super::health::{GatewayStatus, Health};
use super::link::{Gateway, Line};
use super::mark::Marks;
use super::pdu::Mode;
use super::probe::tap::Tap;
use super::settings::{SettingsError, Smsc};
use super::submit::References;
use super::tls::Tls;
use crate::engine::port::{
    BindView, Binds, GatewayId, PushOut, PushWay, Pushed, Sent, SmsOut, SmsSender, SmsWay, Subscribers,
};
use crate::gsm::segment;
use crate::types::Clock;
use futures_util::future::{BoxFuture, FutureExt};
use keeper::Keeper;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Characters of a password that SMPP 3.4 has room for.
const PASSWORD: usize = 8;

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
    pub(super) references: References,
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
            // Read now, so that a file that is missing is told at the start; read anew at each bind.
            let usable = Tls::of(&smsc).map(drop);
            usable.map_err(|what| SettingsError::Value { name: smsc.name.clone(), what })?;
            warn_of_long_password(&smsc);
            let health = |bind, mode| Arc::new(Health::new(&smsc, bind, mode, clock.now()));
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
                marks: Marks::new(&smsc.name),
                tap: None,
                settings: smsc,
            };
            members.push(Member { gateway: Arc::new(gateway), binds });
        }
        Ok(Self {
            members,
            clock,
            turn: AtomicUsize::new(0),
            references: References::new(random()),
            connections: Arc::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Lets somebody hear what travels on every connection; before [`start`](Self::start).
    pub fn tap(&mut self, tap: &Arc<dyn Tap>) {
        for member in &mut self.members {
            if let Some(gateway) = Arc::get_mut(&mut member.gateway) {
                gateway.tap = Some(tap.clone());
            }
        }
    }

    /// Binds, and binds again whenever a bind is lost, until `stop`.
    pub fn start(&self, subscribers: &Arc<dyn Subscribers>, stop: &CancellationToken) {
        for member in &self.members {
            for bind in &member.binds {
                // Receivers go first, so that their last screens find the transmitter still there.
                let after = CancellationToken::new();
                self.tasks.spawn(release(member.gateway.settings.drain_ms, stop.clone(), after.clone()));
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

    /// The longest that a stop of every bind takes.
    pub fn longest_stop(&self) -> Duration {
        let stops = self.members.iter().map(|member| member.gateway.settings.longest_stop());
        stops.max().unwrap_or_default()
    }

    /// Every connection as it stands.
    pub fn status(&self) -> Vec<GatewayStatus> {
        let binds = self.members.iter().flat_map(|member| &member.binds);
        binds.flat_map(|bind| &bind.links).map(|(_, health)| health.status()).collect()
    }

    /// How often each gateway refused messages of ours, by status.
    pub fn refusals(&self) -> BTreeMap<(GatewayId, u32), u64> {
        let mut all = BTreeMap::new();
        for member in &self.members {
            for (_, health) in member.binds.iter().flat_map(|bind| &bind.links) {
                for (status, times) in health.refusals() {
                    *all.entry((member.gateway.id.clone(), status)).or_default() += times;
                }
            }
        }
        all
    }

    /// How long each gateway waits for a screen.
    pub fn windows(&self) -> impl Iterator<Item = (GatewayId, Duration)> {
        self.members.iter().map(|member| {
            let window = Duration::from_millis(member.gateway.settings.reply_deadline_ms);
            (member.gateway.id.clone(), window)
        })
    }

    /// Whether there is a gateway of this name.
    pub(super) fn has(&self, gateway: &str) -> bool {
        self.members.iter().any(|member| *member.gateway.id == *gateway)
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
    fn room(&self) -> usize {
        let lines = self.members.iter().flat_map(|member| &member.binds).map(|bind| &bind.line);
        lines.filter_map(|line| line.room()).sum()
    }

    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        self.submit(sms).boxed()
    }

    fn push_way(&self, sms: &SmsOut) -> Option<PushWay> {
        self.line_for(sms.gateway.as_ref(), 1).and_then(|(gateway, _)| gateway.push_way())
    }

    fn push(&self, push: PushOut) -> BoxFuture<'_, Pushed> {
        self.submit_push(push).boxed()
    }
}

impl SmsWay for Pool {
    fn gateways(&self) -> Vec<GatewayId> {
        self.members.iter().map(|member| member.gateway.id.clone()).collect()
    }

    fn is_open(&self, gateway: &GatewayId, sms: &SmsOut) -> bool {
        // What is too long for any gateway is told by whoever is asked to send it.
        let parts = segment::segment(&sms.text, 0, &segment::Style::default()).map_or(0, |cut| cut.paid);
        self.line_for(Some(gateway), parts).is_some()
    }
}

impl Binds for Pool {
    fn binds(&self) -> Vec<BindView> {
        self.status().into_iter().map(BindView::from).collect()
    }
}

/// Lets the transmitter of a pair go too, when its receiver was given its time to stop.
async fn release(drain_ms: u64, stop: CancellationToken, after: CancellationToken) {
    tokio::select! {
        () = after.cancelled() => {}
        () = async {
            stop.cancelled().await;
            tokio::time::sleep(Duration::from_millis(drain_ms)).await;
        } => after.cancel(),
    }
}

/// Some SMSCs take more than the specification has room for, so it is sent as it stands.
fn warn_of_long_password(smsc: &Smsc) {
    if smsc.secret().is_ok_and(|secret| secret.expose_secret().len() > PASSWORD) {
        let gateway = smsc.name.as_str();
        tracing::warn!(
            gateway,
            "the password is longer than the eight characters of SMPP 3.4; it is sent whole"
        );
    }
}

/// Eight octets of the system's generator; should it ever fail, the moment must do.
#[expect(clippy::disallowed_methods, reason = "a shell: two starts and two binds must differ")]
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}

mod keeper;
#[cfg(test)]
mod tests;
