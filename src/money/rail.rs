//! What every adapter does alike: a try with its doubts, a refusal and when it is a failure.

use super::http::Heard;
use super::link::Link;
use super::proof::{Ack, Told, unknown};
use crate::engine::port::{PayOut, PayoutNews};
use serde::Deserialize;
use std::time::Duration;

/// What differs between providers: how requests are written, and what answers mean.
pub(super) trait Rail: Send + Sync + 'static {
    /// The link to it.
    fn link(&self) -> &Link;

    /// Asks for a transfer.
    fn send(&self, payout: &PayOut) -> impl Future<Output = Heard> + Send;

    /// What the answer to that proves.
    fn read(&self, status: u16, body: &[u8]) -> Ack;

    /// Asks what became of it: `NotTaken` when the provider has never heard of it, `Asked` when its
    /// answer will come by itself.
    fn look_up(&self, payout: &PayOut) -> impl Future<Output = PayoutNews> + Send;
}

/// Asks for a transfer; safe to repeat with the same id.
pub(super) async fn pay(rail: &impl Rail, payout: &PayOut) -> PayoutNews {
    let link = rail.link();
    if let Some(fault) = link.held() {
        return PayoutNews::NotTaken { why: format!("not sent, since something is to be mended: {fault:?}") };
    }
    let earlier = link.begin(payout);
    let heard = rail.send(payout).await;
    link.note(&heard, true);
    let ack = match heard {
        Heard::Answer { status, body, .. } => rail.read(status, &body),
        Heard::NotSent(why) => Ack::News(PayoutNews::NotTaken { why }),
        Heard::Nothing(why) => Ack::News(PayoutNews::Unknown { why }),
    };
    link.end(payout.id, &ack, earlier);
    match ack {
        Ack::News(news) => news,
        Ack::Refused { why, code } => refused(rail, payout, why, &code).await,
        Ack::Ours { fault, why } => {
            link.hold(fault, &why);
            PayoutNews::NotTaken { why }
        }
    }
}

/// A refusal of this try is a failure of the payout only when no earlier try can have arrived.
async fn refused(rail: &impl Rail, payout: &PayOut, why: String, code: &str) -> PayoutNews {
    let news = rail.look_up(payout).await;
    if !matches!(news, PayoutNews::NotTaken { .. } | PayoutNews::Asked) {
        return news;
    }
    if rail.link().is_doubtful(payout.id) {
        let id = payout.id;
        tracing::warn!(%id, code, "a repeated request was refused, and an earlier one may have arrived");
        return PayoutNews::NotTaken { why: format!("refused ({code}), but an earlier try is in doubt") };
    }
    tracing::info!(id = %payout.id, code, "payout refused");
    PayoutNews::Failed { why }
}

/// What a question about a payout brought, as `read` understands it; nothing is proven by silence. A
/// fault of ours that it tells of makes payouts wait.
pub(super) fn looked_up<T: Into<Told>>(
    link: &Link, payout: &PayOut, heard: Heard, read: impl FnOnce(u16, &[u8]) -> T,
) -> PayoutNews {
    link.note(&heard, true);
    match heard {
        Heard::Answer { status, body, .. } => {
            let Told { news, fault } = read(status, &body).into();
            if let Some(fault) = fault {
                link.hold(fault, "a result says so");
            }
            link.hears(payout.id, &news);
            news
        }
        // Not even asked: this says nothing about the payout itself.
        Heard::NotSent(why) | Heard::Nothing(why) => unknown(why),
    }
}

/// `timing` of a provider: how long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How long connecting may take, in milliseconds.
    pub connect_ms: u64,
    /// How long a request with its answer may take, in milliseconds.
    pub answer_ms: u64,
    /// The pause between two looks whether a provider is back that could not be reached, in
    /// milliseconds.
    pub probe_ms: u64,
    /// For how long a try without an answer casts doubt on a later refusal, in seconds.
    pub doubt_seconds: u64,
    /// How long the provider remembers an id of ours, in hours: older payouts are not sent again.
    pub keeps_ids_hours: u64,
    /// How long payouts wait after a fault of ours before the next try, in seconds.
    pub hold_seconds: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            answer_ms: 20_000,
            probe_ms: 15_000,
            doubt_seconds: 86_400,
            keeps_ids_hours: 24,
            hold_seconds: 900,
        }
    }
}

impl Timing {
    /// The link of a provider with these times.
    pub(super) fn link(&self, provider: &'static str) -> Link {
        Link::new(provider, Duration::from_secs(self.doubt_seconds), Duration::from_secs(self.hold_seconds))
    }

    /// How long the provider remembers an id of ours.
    pub(super) fn keeps_ids(&self) -> Duration {
        Duration::from_secs(self.keeps_ids_hours * 3_600)
    }
}
