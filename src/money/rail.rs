//! What every adapter does alike: a try with its doubts, a refusal and when it is a failure, a question,
//! and never more requests of one provider under way than leave room for the others.

use super::http::Heard;
use super::link::Link;
use super::proof::{Ack, Fault, Told, unknown};
use crate::engine::port::{MoneyOut, NameNews, PayOut, PayoutNews, PayoutPolicy};
use crate::engine::prompt::{PromptNews, Prompted};
use crate::types::{Msisdn, PayoutId, PromptId};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What differs between providers: how requests are written, and what answers and callbacks mean.
pub trait Rail: Send + Sync + 'static {
    /// Its name in the configuration.
    const NAME: &'static str;
    /// What its callbacks come to, with the secret part behind it; for the paths behind that see
    /// [`about`](Self::about).
    const DOOR: &'static str;

    /// What people call it.
    fn called(&self) -> &str;

    /// The link to it.
    fn link(&self) -> &Link;

    /// How long things may take.
    fn timing(&self) -> &Timing;

    /// Limits and tariff of its own.
    fn terms(&self) -> Option<&PayoutPolicy> {
        None
    }

    /// Asks for a transfer.
    fn send(&self, payout: &PayOut) -> impl Future<Output = Heard> + Send;

    /// What the answer to that proves.
    fn read(&self, status: u16, body: &[u8], payout: &PayOut) -> Ack;

    /// Asks what became of it: `NotTaken` when the provider has never heard of it, `Asked` when its
    /// answer will come by itself.
    fn look_up(&self, payout: &PayOut) -> impl Future<Output = PayoutNews> + Send;

    /// The same of one whose request was refused a moment ago, where the answer can come at once.
    fn look_up_refused(&self, payout: &PayOut) -> impl Future<Output = PayoutNews> + Send {
        self.look_up(payout)
    }

    /// Asks by what name it knows a number.
    fn name_of(&self, _phone: Msisdn) -> impl Future<Output = NameNews> + Send {
        std::future::ready(NameNews::Untold)
    }

    /// Whether it asks people on their phones to pay us.
    fn prompts(&self) -> bool {
        false
    }

    /// Whether that comes to another account than the one from which it pays.
    fn takes_elsewhere(&self) -> bool {
        false
    }

    /// Has somebody asked to pay us.
    fn prompt(&self, _ask: &Prompted) -> impl Future<Output = PromptNews> + Send {
        std::future::ready(PromptNews::Held { why: "it asks nobody".to_owned() })
    }

    /// Asks what came of that.
    fn prompted(&self, _ask: &Prompted) -> impl Future<Output = PromptNews> + Send {
        std::future::ready(PromptNews::Open { why: "it asks nobody".to_owned() })
    }

    /// Which prompt something posted is about, by the end of its path; `None` when it is about none.
    fn about_prompt(&self, _tail: &str) -> Option<PromptId> {
        None
    }

    /// What something posted about a prompt proves, held against what was asked.
    fn prompt_told(
        &self, _posted: Posted<'_>, _asked: &Prompted,
    ) -> impl Future<Output = Result<PromptNews, String>> + Send {
        std::future::ready(Err("it asks nobody".to_owned()))
    }

    /// Looks after the link; never ends.
    fn watch(&self) -> impl Future<Output = ()> + Send;

    /// Hears what is posted and is about no payout; `true` when there is nothing else in it.
    fn aside(&self, _posted: Posted<'_>) -> bool {
        false
    }

    /// Which payout a callback is about, by the end of its path and its body; `None` when it names one
    /// that is not of our making.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn about(&self, tail: &str, body: &[u8]) -> Result<Option<PayoutId>, String>;

    /// What a callback proves, held against what was asked; `None` when it only says something that is
    /// to be asked about. Providers that sign nothing and can be asked are asked.
    fn told(
        &self, _posted: Posted<'_>, asked: &PayOut,
    ) -> impl Future<Output = Result<Option<PayoutNews>, String>> + Send {
        async move { Ok(Some(self.look_up(asked).await)) }
    }

    /// What a callback is answered with.
    fn answer(status: StatusCode) -> Response {
        status.into_response()
    }
}

/// A callback behind the right secret.
#[derive(Debug, Clone, Copy)]
pub struct Posted<'p> {
    /// What stands in its path behind the secret.
    pub tail: &'p str,
    /// Its body.
    pub body: &'p [u8],
    /// It came from an address that is listed as the provider's.
    pub listed: bool,
}

/// A provider in service. Dropping it ends its looks at the other side.
pub struct Adapter<R: Rail> {
    pub(super) rail: Arc<R>,
    _stop: DropGuard,
}

impl<R: Rail> Adapter<R> {
    /// Taken to be up until something else is heard. Must be called within a tokio runtime.
    pub(super) fn over(rail: R) -> Self {
        let (rail, stop) = (Arc::new(rail), CancellationToken::new());
        let (watched, ended) = (Arc::clone(&rail), stop.clone());
        tokio::spawn(async move { ended.run_until_cancelled(watched.watch()).await });
        Self { rail, _stop: stop.drop_guard() }
    }
}

impl<R: Rail> MoneyOut for Adapter<R> {
    fn called(&self, _: &str) -> String {
        self.rail.called().to_owned()
    }

    fn terms(&self, _: &str) -> Option<PayoutPolicy> {
        self.rail.terms().cloned()
    }

    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move {
            let Some(_slot) = self.rail.link().slot() else {
                return PayoutNews::Held { why: "as many requests as may be are under way".to_owned() };
            };
            pay(&*self.rail, &payout).await
        })
    }

    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async move {
            // Somebody else's question has its turn; this one is asked again by itself.
            let Some(_slot) = self.rail.link().slot() else { return PayoutNews::Asked };
            self.rail.look_up(&payout).await
        })
    }

    fn name_of(&self, phone: Msisdn) -> BoxFuture<'_, NameNews> {
        Box::pin(async move {
            let Some(_slot) = self.rail.link().slot() else { return NameNews::Later };
            self.rail.name_of(phone).await
        })
    }

    fn keeps_ids(&self, _: &str) -> Duration {
        self.rail.timing().keeps_ids()
    }

    fn is_up(&self, _: Msisdn) -> bool {
        self.rail.link().is_up()
    }

    fn prompts(&self, _: &str) -> bool {
        self.rail.prompts()
    }

    /// What holds payouts, as too little to pay from, holds nobody who wants to pay us.
    fn prompts_now(&self, _: &str) -> bool {
        self.rail.prompts() && self.rail.link().answers()
    }

    fn takes_elsewhere(&self, _: &str) -> bool {
        self.rail.takes_elsewhere()
    }

    fn prompt(&self, ask: Prompted) -> BoxFuture<'_, PromptNews> {
        Box::pin(async move {
            let Some(_slot) = self.rail.link().slot() else {
                return PromptNews::Held { why: "as many requests as may be are under way".to_owned() };
            };
            self.rail.prompt(&ask).await
        })
    }

    fn prompted(&self, ask: Prompted) -> BoxFuture<'_, PromptNews> {
        Box::pin(async move {
            let Some(_slot) = self.rail.link().slot() else {
                return PromptNews::Open { why: "as many requests as may be are under way".to_owned() };
            };
            self.rail.prompted(&ask).await
        })
    }

    fn is_short(&self, _: &str) -> bool {
        self.rail.link().is_short()
    }
}

/// Asks for a transfer; safe to repeat with the same id.
async fn pay(rail: &impl Rail, payout: &PayOut) -> PayoutNews {
    let link = rail.link();
    match link.held() {
        // It may be there since an earlier try: that it waits is not known before it is asked about.
        Some(_) if payout.again => return rail.look_up(payout).await,
        Some(Fault::Float) => return PayoutNews::Short { why: "the float is too low".to_owned() },
        Some(fault) => return PayoutNews::Held { why: format!("something is to be mended: {fault:?}") },
        None => {}
    }
    let earlier = link.begin(payout);
    let heard = rail.send(payout).await;
    link.note(&heard, true);
    let ack = match heard {
        Heard::Answer { status, body, .. } => rail.read(status, &body, payout),
        Heard::NotSent(why) => Ack::News(PayoutNews::Held { why }),
        Heard::Nothing(why) => Ack::News(PayoutNews::Unknown { why }),
    };
    link.end(payout.id, &ack, earlier);
    match ack {
        Ack::News(news) => news,
        Ack::Refused { why, code } => refused(rail, payout, why, &code).await,
        Ack::Ours { fault, why } => {
            link.hold(fault, &why);
            // Where no earlier try can have arrived, this is as if it had not been tried.
            match fault {
                Fault::Float if !link.is_doubtful(payout.id) => PayoutNews::Short { why },
                _ => PayoutNews::NotTaken { why },
            }
        }
    }
}

/// A refusal of this try is a failure of the payout only when no earlier try can have arrived.
async fn refused(rail: &impl Rail, payout: &PayOut, why: String, code: &str) -> PayoutNews {
    let news = rail.look_up_refused(payout).await;
    if !matches!(news, PayoutNews::NotTaken { .. } | PayoutNews::Asked) {
        return news;
    }
    // Where the question proves nothing, no time that passes proves it either.
    let is_unproven = payout.again && matches!(news, PayoutNews::Asked);
    if is_unproven || rail.link().is_doubtful(payout.id) {
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
        Heard::Answer { status, body, .. } => link.takes(payout.id, read(status, &body).into()),
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
    /// So many requests of this provider are under way at most; the others wait their turn.
    pub at_once: u32,
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
            at_once: 16,
        }
    }
}

impl Timing {
    /// The longest `answer_ms`: a try asks up to five times, and the outbox waits four minutes for it.
    const LONGEST_MS: u64 = 45_000;

    /// Whether one can live with these.
    ///
    /// # Errors
    /// The first that cannot be, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        let Self { connect_ms, answer_ms, probe_ms, keeps_ids_hours, at_once, .. } = *self;
        match () {
            () if connect_ms == 0 || probe_ms == 0 => {
                Err("times of connecting and of looking are at least 1".into())
            }
            () if !(1..=Self::LONGEST_MS).contains(&answer_ms) => {
                Err(format!("the time for an answer lies between 1 and {} ms", Self::LONGEST_MS))
            }
            () if keeps_ids_hours == 0 => {
                Err("keeps_ids_hours is at least 1; ask the provider, 24 is usual".into())
            }
            () if !(1..=64).contains(&at_once) => Err("at_once lies between 1 and 64; 16 is usual".into()),
            () => Ok(()),
        }
    }

    /// The link of a provider with these times.
    pub(super) fn link(&self, provider: &'static str) -> Link {
        Link::new(provider, self)
    }

    /// How long the provider remembers an id of ours.
    pub(super) const fn keeps_ids(&self) -> Duration {
        Duration::from_secs(self.keeps_ids_hours * 3_600)
    }
}
