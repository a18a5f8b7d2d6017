//! SMS sent by a request each. What the answer proves decides: taken, again later, or never.
//!
//! A request whose answer is lost may have been taken. Like a lost `submit_sm_resp` that cannot be
//! told, so it is sent again and the phone may show it twice; such tries are counted.

use super::fields::written;
use super::pace::Pace;
use super::settings::Outward;
use super::tally::{Counters, Counts, Fortune, Standing, count};
use super::template::Escape;
use crate::engine::port::{GatewayId, Pause, Sent, SmsOut};
use crate::types::{Clock, Timestamp};
use crate::wire::{Heard, Question, Wire};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long an SMS waits for its turn before the outbox has it back; with the request itself it
/// stays below the time for which the outbox lends it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connecting may take, TLS and all.
const CONNECT: Duration = Duration::from_secs(5);
/// When a gateway is called again that could not be reached.
const UNREACHED: Duration = Duration::from_secs(5);
/// When it is called again after it refused our key.
const REFUSED: Duration = Duration::from_secs(300);
/// When it is called again after it said "too many" without saying when.
const TOO_MANY: Duration = Duration::from_secs(10);
/// The longest rest that a gateway may ask for.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// Sends SMS by one gateway.
pub(super) struct Sender {
    name: GatewayId,
    outward: Outward,
    wire: Wire,
    clock: Arc<dyn Clock>,
    pace: Pace,
    room: Semaphore,
    counters: Counters,
    fortune: Fortune,
    /// Tries under way, with those that wait for their turn.
    under_way: AtomicU64,
    /// Not asked before this moment, in milliseconds since 1970: it could not be reached.
    closed_until: AtomicI64,
}

/// A try that is under way, until it is dropped.
struct UnderWay<'a>(&'a AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn none_sends() -> Sent {
    later(UNREACHED, "no HTTP gateway that sends SMS has this name".to_owned())
}

fn later(after: Duration, why: String) -> Sent {
    Sent::Later { after, why }
}

impl Sender {
    pub(super) fn new(name: GatewayId, outward: Outward, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let shape = &outward.shape;
        let whole = Duration::from_millis(shape.timeout_ms);
        let wire = Wire::new(outward.ca_file.as_deref(), CONNECT, whole)?;
        let (pace, room) = (Pace::new(shape.per_second, shape.burst), Semaphore::new(shape.at_once));
        let (counters, fortune) = (Counters::default(), Fortune::new(clock.now()));
        let (under_way, closed_until) = (AtomicU64::new(0), AtomicI64::new(0));
        Ok(Self { name, outward, wire, clock, pace, room, counters, fortune, under_way, closed_until })
    }

    pub(super) const fn name(&self) -> &GatewayId {
        &self.name
    }

    /// Whether it was reachable when last heard of.
    pub(super) fn is_open(&self) -> bool {
        let closed = Timestamp::from_millis(self.closed_until.load(Ordering::Relaxed));
        closed <= self.clock.now()
    }

    /// How what goes out fares.
    pub(super) const fn fortune(&self) -> &Fortune {
        &self.fortune
    }

    /// Requests without an answer now, the most of them, and SMS that wait for their turn.
    pub(super) fn load(&self) -> (u64, u64, u64) {
        let most = self.outward.shape.at_once;
        let asked = (most - self.room.available_permits().min(most)) as u64;
        let waiting = self.under_way.load(Ordering::Relaxed).saturating_sub(asked);
        (asked, most as u64, waiting)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.outward.shape.url.fill(Escape::Form, &[]).starts_with("https:")
    }

    pub(super) fn add_to(&self, counts: &mut Counts) {
        let Counts { sms_out, sms_refused, sms_unknown, .. } = self.counters.read();
        (counts.sms_out, counts.sms_refused, counts.sms_unknown) = (sms_out, sms_refused, sms_unknown);
    }

    /// Tries once.
    pub(super) async fn send(&self, sms: SmsOut) -> Sent {
        if sms.give_up <= self.clock.now() {
            return Sent::Never("its time was over before it could be sent".to_owned());
        }
        count(&self.under_way);
        let _under_way = UnderWay(&self.under_way);
        let Ok(Ok(_room)) = tokio::time::timeout(PATIENCE, self.room.acquire()).await else {
            return later(PATIENCE, format!("{} answers slowly and has no room", self.name));
        };
        match self.pace.turn(Instant::now(), PATIENCE) {
            Ok(at) => tokio::time::sleep_until(at).await,
            Err(wait) => return later(wait, format!("{} is sent as much as it may be", self.name)),
        }
        let question = match self.question(&sms) {
            Ok(question) => question,
            Err(why) => return Sent::Never(why),
        };
        let (sent, standing) = self.judge(self.wire.ask(question).await);
        let now = self.clock.now();
        match &sent {
            Sent::Taken { .. } => {
                count(&self.counters.sms_out);
                self.fortune.well(now);
            }
            Sent::Never(why) => {
                count(&self.counters.sms_refused);
                self.fortune.badly(now, standing, why);
            }
            Sent::Later { why, .. } | Sent::Again { why, .. } => self.fortune.badly(now, standing, why),
        }
        sent
    }

    fn question(&self, sms: &SmsOut) -> Result<Question, String> {
        let Outward { shape, from, username, key, .. } = &self.outward;
        let to = sms.to.to_string();
        let values = [
            ("to", to.as_str()),
            ("text", &sms.text),
            ("from", from),
            ("username", username),
            ("key", key.expose_secret()),
            ("id", &sms.id),
        ];
        let mut headers = HeaderMap::new();
        for (name, template) in &shape.headers {
            let value = HeaderValue::try_from(template.fill(Escape::Plain, &values));
            let name = HeaderName::try_from(name.as_str());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(format!("a header of {} cannot be written: look at [send.headers]", self.name));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let url = shape.url.fill(Escape::Form, &values);
        if shape.method == "GET" {
            return Ok(Question { url, method: Method::GET, headers, body: Bytes::new() });
        }
        let kind = HeaderValue::try_from(&shape.content_type);
        headers.insert(CONTENT_TYPE, kind.map_err(|_| "send.content_type is no content type".to_owned())?);
        let body = shape.body.fill(Escape::of(&shape.content_type), &values).into();
        Ok(Question { url, method: Method::POST, headers, body })
    }

    /// What an answer proves, and where the gateway stands by it.
    fn judge(&self, heard: Heard) -> (Sent, Standing) {
        let retry = Duration::from_millis(self.outward.shape.retry_ms);
        let (status, after, body) = match heard {
            Heard::Answer { status, after, body } => (status, after, body),
            Heard::NotSent(why) => {
                let until = self.clock.now().after(UNREACHED).millis();
                self.closed_until.store(until, Ordering::Relaxed);
                return (later(UNREACHED, format!("{} cannot be reached: {why}", self.name)), Standing::Down);
            }
            Heard::Nothing(why) => return (self.unknown(why), Standing::Open),
        };
        let sent = match status {
            status if self.outward.shape.taken_status.contains(&status) => self.read(status, &body, retry),
            429 | 503 => {
                let rest = after.unwrap_or(TOO_MANY).min(LONGEST_REST);
                self.pace.rest(Instant::now(), rest);
                let why = format!("{} says {status}: too many, or closed for now", self.name);
                self.fortune.throttled(self.clock.now(), &why);
                later(rest, why)
            }
            401 | 403 => {
                let gateway = &*self.name;
                tracing::error!(gateway, status, "ALARM: an HTTP gateway refuses our key");
                let why = format!("{gateway} refuses our key with {status}");
                return (later(REFUSED, why), Standing::Refused);
            }
            408 | 500..=599 => self.unknown(format!("status {status}")),
            _ => Sent::Never(format!("{} answers {status}", self.name)),
        };
        (sent, Standing::Open)
    }

    /// Each further try may be one more copy on the phone, so tries grow ever more seldom.
    fn unknown(&self, why: String) -> Sent {
        count(&self.counters.sms_unknown);
        let why = format!("{} may have taken it ({why}); it is sent again", self.name);
        Sent::Again { pause: Pause::Grows, why, partly: None }
    }

    /// Reads an answer whose status is good.
    fn read(&self, status: u16, body: &[u8], retry: Duration) -> Sent {
        let shape = &self.outward.shape;
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let at = |pointer: Option<&String>| {
            let value = json.as_ref()?.pointer(pointer?)?;
            written(value).map(std::borrow::Cow::into_owned)
        };
        if shape.code.is_some() && json.is_none() {
            return self.unknown(format!("status {status} with an answer that cannot be read"));
        }
        let why = || at(shape.reason.as_ref()).or_else(|| at(shape.message.as_ref())).unwrap_or_default();
        match at(shape.code.as_ref()) {
            Some(code) if shape.taken.contains(&code) => {}
            Some(code) if shape.later.contains(&code) => {
                return later(retry, format!("{} says {code} {}", self.name, why()));
            }
            Some(code) => return Sent::Never(format!("{} says {code} {}", self.name, why())),
            None if shape.code.is_some() => {
                return Sent::Never(format!("{} took no recipient: {}", self.name, why()));
            }
            None => {}
        }
        let ids = at(shape.id.as_ref()).into_iter().collect();
        Sent::Taken { gateway: self.name.clone(), ids }
    }
}
