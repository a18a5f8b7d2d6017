//! Gateways that speak HTTP instead of SMPP: aggregators that post every step of a USSD dialog and
//! every SMS to an address of ours, and take our SMS by a request.
//!
//! What such a gateway calls its fields, how it wants its answers and how it says "taken" is data:
//! the tables of one `[[http_gateway]]` of the configuration, laid over those of its `kind`. Nothing
//! here knows a dialog or a command: a request becomes the same input as a PDU does and goes to the
//! same [`Subscribers`].
//!
//! * [`settings`] reads the tables, [`shape`] is what they may say; `africastalking.toml` is a kind.
//! * [`fields`] reads a request, [`template`] writes what we send: pure, and escaped right.
//! * [`door`] lets in only who knows the path and has the address.
//! * [`inward`] makes inputs of requests and answers of screens; [`outward`] sends SMS.
//! * [`tally`] counts what a gateway does and remembers how it fared, for the desk.
//!
//! May import `types`, `wire` and the ports of `engine`.

pub mod door;
pub mod fields;
mod inward;
mod outward;
mod pace;
pub mod settings;
pub mod shape;
pub mod tally;
pub mod template;
#[cfg(test)]
mod tests;

use crate::engine::port::{BindView, Binds, GatewayId, Sent, SmsOut, SmsSender, SmsWay, Subscribers};
use crate::types::Clock;
use crate::wire::address::Network;
use axum::Router;
use door::Gate;
use futures_util::future::{BoxFuture, FutureExt};
use outward::Sender;
use settings::{HttpGateway, SettingsError};
use std::sync::Arc;
use std::time::Duration;
use tally::{Counts, Standing};

/// Every HTTP gateway of a configuration.
pub struct HttpGateways {
    gates: Vec<Arc<Gate>>,
    senders: Vec<Sender>,
}

impl HttpGateways {
    /// Checks the settings, reads the secrets and makes ready.
    ///
    /// # Errors
    /// The first setting that is wrong, or two gateways of one name.
    pub fn new(settings: Vec<HttpGateway>, clock: &Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let (mut gates, mut senders) = (Vec::<Arc<Gate>>::new(), Vec::new());
        for table in settings {
            if gates.iter().any(|gate| *gate.name == *table.name) {
                return Err(SettingsError::new(&table.name, "another gateway has this name already"));
            }
            let gateway = table.load()?;
            if let Some(send) = gateway.send {
                let sender = Sender::new(gateway.name.clone(), send, Arc::clone(clock));
                senders.push(sender.map_err(|why| SettingsError::new(&gateway.name, &why))?);
            }
            gates.push(Arc::new(Gate::new(gateway.name, gateway.path, gateway.inward, Arc::clone(clock))));
        }
        Ok(Self { gates, senders })
    }

    /// The addresses that the gateways call. Behind `trusted` proxies the caller is whom they name.
    pub fn router(&self, subscribers: Arc<dyn Subscribers>, trusted: Vec<Network>) -> Router {
        door::router(self.gates.clone(), subscribers, trusted)
    }

    /// How long each gateway waits for a screen.
    pub fn windows(&self) -> impl Iterator<Item = (GatewayId, Duration)> {
        self.gates.iter().map(|gate| (gate.name.clone(), gate.window()))
    }

    /// What each gateway did since the start, by its name; received and sent.
    pub fn status(&self) -> Vec<(GatewayId, Counts)> {
        self.gates.iter().map(|gate| (gate.name.clone(), self.counts(gate))).collect()
    }

    fn counts(&self, gate: &Gate) -> Counts {
        let mut counts = gate.counts();
        if let Some(sender) = self.sender(&gate.name) {
            sender.add_to(&mut counts);
        }
        counts
    }

    /// How both sides of a gateway fare, as one.
    fn view(&self, gate: &Gate) -> BindView {
        let inward = gate.fortune().read();
        let sender = self.sender(&gate.name);
        let outward = sender.map(|sender| sender.fortune().read());
        let way = outward.as_ref().unwrap_or(&inward);
        let bad = [&inward.badly, &way.badly].into_iter().flatten().max_by_key(|(at, _)| *at);
        let (window_used, window, held) = sender.map_or((0, 0, 0), Sender::load);
        BindView {
            gateway: gate.name.clone(),
            bind: 1,
            mode: "http",
            state: match way.standing {
                Standing::Open => "open",
                Standing::Down => "down",
                Standing::Refused => "refused",
            },
            since: way.since,
            reason: bad.map(|(_, why)| why.clone()),
            failed: bad.map(|(at, _)| *at),
            worked: inward.well.max(way.well),
            peer: None,
            version: None,
            tls: sender.is_some_and(Sender::is_encrypted),
            window_used,
            window,
            held,
            throttled_since: way.throttled,
            counters: self.counts(gate).each().collect(),
        }
    }

    fn sender(&self, name: &str) -> Option<&Sender> {
        self.senders.iter().find(|sender| **sender.name() == *name)
    }
}

impl SmsSender for HttpGateways {
    /// Any number: each gateway paces itself.
    fn room(&self) -> usize {
        if self.senders.is_empty() { 0 } else { usize::MAX }
    }

    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        let chosen = match &sms.gateway {
            Some(name) => self.sender(name),
            None => self.senders.first(),
        };
        match chosen {
            Some(sender) => sender.send(sms).boxed(),
            None => futures_util::future::ready(outward::none_sends()).boxed(),
        }
    }
}

impl SmsWay for HttpGateways {
    fn gateways(&self) -> Vec<GatewayId> {
        self.senders.iter().map(|sender| sender.name().clone()).collect()
    }

    fn is_open(&self, gateway: &GatewayId, _: &SmsOut) -> bool {
        self.sender(gateway).is_some_and(Sender::is_open)
    }
}

impl Binds for HttpGateways {
    fn binds(&self) -> Vec<BindView> {
        self.gates.iter().map(|gate| self.view(gate)).collect()
    }
}
