//! A card processor that charges nobody: an HTTP server on loopback in the manner of Stripe
//! Checkout, with a payment page for people, signed webhooks, and its own list of captures.
//!
//! | request | answer |
//! |---|---|
//! | `POST /v1/checkout/sessions`, form-encoded: `mode=payment`, `line_items[0][price_data][..]`, `line_items[0][quantity]`, `client_reference_id`, `payment_intent_data[metadata][..]`, `success_url`, `cancel_url` | the session with its `url` |
//! | `GET /v1/checkout/sessions/{id}`, `POST /v1/checkout/sessions/{id}/expire` | the session |
//! | `POST /v1/refunds`: `payment_intent`, `amount` (the rest, when left out) | the refund |
//! | `GET /v1/refunds`: `payment_intent`, `limit`, `starting_after` | a page of them, newest first |
//! | `GET /v1/disputes`, `GET /v1/disputes/{id}`, `POST /v1/disputes/{id}` with `evidence[..]` and `submit`, `POST /v1/disputes/{id}/close` | disputes |
//! | `GET /pay/{id}` | a page with a card number, "Pay" and "Cancel" |
//!
//! Requests under `/v1` carry `Authorization: Bearer`; a `POST` with an `Idempotency-Key` seen before
//! gets the first answer again, or 400 `idempotency_error` when it asks for something else. A card
//! that ends in 0002 is declined. At "Cancel" the session ends at once, where Stripe would leave it
//! open until it runs out, so that nobody waits half an hour to see an order lapse.
//!
//! Events go to the webhook as Stripe signs them: `Stripe-Signature: t=<unix>,v1=<HMAC-SHA256 of
//! t.body>`, repeated with growing pauses until answered with 2xx. `GET /captures` is the list that
//! counts as truth for "charged once".

mod book;
mod disputes;
mod hook;
mod http;
#[cfg(test)]
mod tests;

pub use book::{Capture, Session, SessionState};
pub use disputes::Dispute;

use super::{Line, host::Host, keep::Keep};
use crate::types::Clock;
use book::Book;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a double is started with.
#[derive(Clone)]
pub struct CardOptions {
    /// TCP port on loopback; 0 for any free one.
    pub port: u16,
    /// What requests must bear, such as `sk_test_...`; `None` lets everybody in.
    pub api_key: Option<String>,
    /// What webhooks are signed with, such as `whsec_...`.
    pub webhook_secret: String,
    /// How long a session stays open.
    pub open_for: Duration,
    /// Where the list is kept, to outlive the process; `None` for memory alone.
    pub file: Option<PathBuf>,
    /// Read for signatures and for sessions that run out.
    pub clock: Arc<dyn Clock>,
}

impl CardOptions {
    /// Any port, no key, nothing kept, sessions open for half an hour.
    pub fn new(webhook_secret: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            port: 0,
            api_key: None,
            webhook_secret: webhook_secret.to_owned(),
            open_for: Duration::from_secs(30 * 60),
            file: None,
            clock,
        }
    }
}

/// How one request under `/v1` is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// As it should be.
    #[default]
    Fine,
    /// Done, but answered with 500.
    BrokenAnswer,
    /// Done, but never answered.
    NoAnswer,
    /// Not done, answered with 429.
    TooMany,
}

/// How events are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// How often each event is sent, all else going well.
    pub copies: u32,
    /// How long an event waits, in milliseconds.
    pub after_ms: u64,
    /// Whether events are kept back until released.
    pub hold: bool,
    /// Whether the signature is spoilt.
    pub bad_signature: bool,
    /// How many seconds before now the signature claims to be made.
    pub age_s: i64,
    /// How many octets are lost from the end of the body on its way.
    pub cut: usize,
    /// The first pause before another try; each next one is twice as long. In milliseconds.
    pub retry_ms: u64,
    /// How often an event is tried in all until it is answered with 2xx.
    pub tries: u32,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            copies: 1,
            after_ms: 0,
            hold: false,
            bad_signature: false,
            age_s: 0,
            cut: 0,
            retry_ms: 500,
            tries: 8,
        }
    }
}

/// The double. Dropping it ends its server and its webhooks.
pub struct CardProcessor {
    /// `http://127.0.0.1:port`.
    pub url: String,
    inner: Arc<Inner>,
    host: Host,
    _stop: DropGuard,
}

/// What the handlers share.
struct Inner {
    desk: Mutex<Desk>,
    api_key: Option<String>,
    secret: String,
    clock: Arc<dyn Clock>,
    open_for: Duration,
    client: reqwest::Client,
    stop: CancellationToken,
}

struct Desk {
    book: Keep<Book>,
    webhook: Option<String>,
    delivery: Delivery,
    held: Vec<hook::Event>,
    next: VecDeque<Treatment>,
    line: Line,
    url: String,
}

/// The version of the API that it speaks; a request that names another is refused.
const API_VERSION: &str = "2024-06-20";

/// How often sessions are looked over for those that ran out.
const SWEEP: Duration = Duration::from_millis(500);

impl CardProcessor {
    /// Starts the double; events go nowhere until [`Self::set_webhook`].
    pub async fn start(options: CardOptions) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(std::io::Error::other)?;
        let desk = Desk {
            book: Keep::open(options.file, Book::default())?,
            webhook: None,
            delivery: Delivery::default(),
            held: Vec::new(),
            next: VecDeque::new(),
            line: Line::Open,
            url: String::new(),
        };
        let inner = Arc::new(Inner {
            desk: Mutex::new(desk),
            api_key: options.api_key,
            secret: options.webhook_secret,
            clock: options.clock,
            open_for: options.open_for,
            client,
            stop: stop.clone(),
        });
        let host = Host::start(http::router(inner.clone()), options.port, stop.clone()).await?;
        inner.desk().url = host.url();
        let (sweeper, ended) = (inner.clone(), stop.clone());
        tokio::spawn(async move { ended.run_until_cancelled(sweep(sweeper)).await });
        Ok(Self { url: host.url(), inner, host, _stop: stop.drop_guard() })
    }

    /// Where events go from now on.
    pub fn set_webhook(&self, url: &str) {
        self.inner.desk().webhook = Some(url.to_owned());
    }

    /// The money taken, oldest first: the truth for "charged once".
    pub fn captures(&self) -> Vec<Capture> {
        self.inner.desk().book.get().captures().to_vec()
    }

    /// A session by its id.
    pub fn session(&self, id: &str) -> Option<Session> {
        self.inner.desk().book.get().session(id).cloned()
    }

    /// Every session, oldest first.
    pub fn sessions(&self) -> Vec<Session> {
        self.inner.desk().book.get().sessions().cloned().collect()
    }

    /// How the next request under `/v1` is treated; several queue up.
    pub fn treat_once(&self, treatment: Treatment) {
        self.inner.desk().next.push_back(treatment);
    }

    /// How events are delivered from now on.
    pub fn deliver(&self, delivery: Delivery) {
        self.inner.desk().delivery = delivery;
    }

    /// Sends the events that were held back, in order or the newest first, and waits for each.
    pub async fn release(&self, newest_first: bool) {
        let mut held = std::mem::take(&mut self.inner.desk().held);
        if newest_first {
            held.reverse();
        }
        for event in held {
            hook::deliver(&self.inner, event).await;
        }
    }

    /// How the processor is reached from now on; returns when it is so.
    pub async fn set_line(&self, line: Line) {
        self.inner.desk().line = line;
        self.host.set_open(line != Line::Closed).await;
    }

    /// Sends the events that were held back, by their places in the order in which they came about;
    /// what is not named stays.
    pub async fn release_in(&self, order: &[usize]) {
        hook::release(&self.inner, order).await;
    }

    /// What the events that are held back say, in the order in which they came about.
    pub fn held(&self) -> Vec<String> {
        let kind = |event: &hook::Event| {
            let event: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
            event["type"].as_str().unwrap_or_default().to_owned()
        };
        self.inner.desk().held.iter().map(kind).collect()
    }

    /// The shopper's bank disputes so much of a payment; the dispute's id. A warning takes no money yet.
    pub fn dispute(&self, payment: &str, amount: Option<i64>, warning: bool) -> Option<String> {
        let (id, events) = self.inner.change(|book| book.dispute(payment, amount, "fraudulent", warning))?;
        hook::send(&self.inner, events);
        Some(id)
    }

    /// A dispute goes on: `escalate`, `won`, `lost` or `warning_closed`. False when it cannot.
    pub fn dispute_goes(&self, id: &str, step: &str) -> bool {
        let events = self.inner.change(|book| book.dispute_goes(id, step));
        let goes = !events.is_empty();
        hook::send(&self.inner, events);
        goes
    }

    /// Every dispute, oldest first: the truth about what was taken and given back.
    pub fn disputes(&self) -> Vec<Dispute> {
        self.inner.desk().book.get().disputes.clone()
    }

    /// The ids of every refund, oldest first, with the sum, and whether it stands.
    pub fn refunds(&self) -> Vec<(String, i64, bool)> {
        let desk = self.inner.desk();
        let row = |refund: &serde_json::Value| {
            let id = refund["id"].as_str().unwrap_or_default().to_owned();
            (id, refund["amount"].as_i64().unwrap_or(0), refund["status"] == "succeeded")
        };
        desk.book.get().all_refunds().iter().map(row).collect()
    }

    /// A refund that went out comes back. False when it cannot.
    pub fn fail_refund(&self, id: &str) -> bool {
        let events = self.inner.change(|book| book.fail_refund(id));
        let failed = !events.is_empty();
        hook::send(&self.inner, events);
        failed
    }

    /// Somebody pays outside of the shop: a session of the processor's own pages. Its payment.
    pub fn sells_by_hand(&self, token: &str, amount: i64, currency: &str) -> Option<String> {
        let session = Session {
            id: String::new(),
            token: token.to_owned(),
            amount,
            currency: currency.to_owned(),
            what: "by hand".to_owned(),
            success_url: String::new(),
            cancel_url: String::new(),
            state: SessionState::Open,
            opened: self.inner.clock.now(),
            expires_at: None,
            metadata: std::collections::BTreeMap::new(),
        };
        let (payment, events) = self.inner.change(|book| {
            let id = book.open(session).id;
            let events = book.pay(&id);
            (book.captures().last().map(|capture| capture.payment.clone()), events)
        });
        hook::send(&self.inner, events);
        payment
    }

    /// Keys that were used are forgotten, as after a day.
    pub fn forget_keys(&self) {
        self.inner.change(Book::forget_keys);
    }

    /// Any event at all, in the processor's words and under its signature.
    pub fn tell(&self, kind: &str, object: serde_json::Value) {
        let event = self.inner.change(|book| book.event(kind, serde_json::json!({ "object": object })));
        hook::send(&self.inner, vec![event]);
    }

    /// Ends an open session unpaid.
    pub fn expire(&self, id: &str) -> bool {
        let events = self.inner.change(|book| book.expire(id));
        let ended = !events.is_empty();
        hook::send(&self.inner, events);
        ended
    }
}

async fn sweep(inner: Arc<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let now = inner.clock.now();
        let over: Vec<String> = {
            let desk = inner.desk();
            let open = desk.book.get().sessions().filter(|s| s.state == SessionState::Open);
            let over = |session: &&Session| match session.expires_at {
                Some(at) => inner.now_s() >= at,
                None => now.since(session.opened) >= inner.open_for,
            };
            open.filter(over).map(|s| s.id.clone()).collect()
        };
        for id in over {
            let events = inner.change(|book| book.expire(&id));
            hook::send(&inner, events);
        }
    }
}

impl Inner {
    /// The moment, in seconds, as the API counts it.
    fn now_s(&self) -> i64 {
        self.clock.now().millis().div_euclid(1000)
    }

    /// Changes the books at this moment.
    fn change<R>(&self, edit: impl FnOnce(&mut Book) -> R) -> R {
        let now_s = self.now_s();
        self.desk().book.change(|book| {
            book.now_s = now_s;
            edit(book)
        })
    }

    /// No handler leaves the desk half changed, so a panic elsewhere does not spoil it.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
