//! The doors: addresses that gateways call. Who knows the path and has the address is let in; the
//! path is compared in constant time, never logged, and never part of a span.
//!
//! | address behind `/gateway/{name}/{secret}/` | takes | answers |
//! |---|---|---|
//! | `ussd` | a step of a dialog | 200 with the screen |
//! | `ussd-end` | what a dialog came to | 200 when kept |
//! | `sms` | an SMS from a phone | 200 when durable, 503 to have it again |
//! | `receipt` | a report about an SMS of ours | the same |
//!
//! Whoever hangs up before the answer stops nothing: what was taken is done, and a screen that nobody
//! took is told to its dialog ([`handover`]).
//!
//! 404 behind a wrong path, 403 from a wrong address, 400 with a sentence for what cannot be read.

mod handover;
mod said;

use super::fields::Fields;
use super::inward::{self, Origin, Wrong};
use super::settings::Inward;
use super::tally::{Counters, Counts, Fortune, Standing, count};
use crate::engine::port::{GatewayId, Kept, Subscribers, UssdEvent, UssdIn, UssdOut};
use crate::types::{Clock, Timestamp};
use crate::wire::address::{Network, caller};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use handover::{Handover, Steps};
use said::Said;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tower_http::trace::TraceLayer;

/// No honest request is longer, in octets: a hundred reports in one.
const LONGEST: usize = 64 * 1024;
/// How often refusals are spoken of.
const SPEAK: Duration = Duration::from_secs(60);

/// One gateway's doors.
pub struct Gate {
    pub(super) name: GatewayId,
    path: SecretString,
    inward: Inward,
    clock: Arc<dyn Clock>,
    counters: Counters,
    fortune: Fortune,
    steps: Steps,
    said: Said,
    spoke: AtomicI64,
}

impl Gate {
    pub(super) fn new(name: GatewayId, path: SecretString, inward: Inward, clock: Arc<dyn Clock>) -> Self {
        let (counters, fortune) = (Counters::default(), Fortune::new(clock.now()));
        let (steps, said, spoke) = (Steps::default(), Said::default(), AtomicI64::new(i64::MIN));
        Self { name, path, inward, clock, counters, fortune, steps, said, spoke }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// How long it waits for a screen.
    pub(super) const fn window(&self) -> Duration {
        self.inward.deadline
    }

    /// How what comes in fares.
    pub(super) const fn fortune(&self) -> &Fortune {
        &self.fortune
    }

    fn failed(&self, why: &str) {
        self.fortune.badly(self.clock.now(), Standing::Open, why);
    }

    /// Speaks of refusals once in a while.
    fn refuse(&self, counter: &AtomicU64, what: &str) {
        count(counter);
        self.failed(what);
        let now = self.clock.now();
        let spoke = self.spoke.load(Ordering::Relaxed);
        let due = spoke == i64::MIN || now.since(Timestamp::from_millis(spoke)) >= SPEAK;
        let mine = due
            && self.spoke.compare_exchange(spoke, now.millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            let Counts { malformed, wrong_path, wrong_address, .. } = self.counts();
            let gateway = &*self.name;
            tracing::warn!(gateway, what, malformed, wrong_path, wrong_address, "a request was refused");
        }
    }

    fn wrong(&self, why: &Wrong) -> Response {
        self.refuse(&self.counters.malformed, why);
        (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response()
    }

    fn busy(&self) -> Response {
        count(&self.counters.busy);
        self.failed("it was asked to send something again: too much at once");
        (StatusCode::SERVICE_UNAVAILABLE, "please send it again\n").into_response()
    }
}

/// What every door shares.
#[derive(Clone)]
struct Hall {
    gates: Arc<[Arc<Gate>]>,
    subscribers: Arc<dyn Subscribers>,
    trusted: Arc<[Network]>,
}

/// The addresses of all gateways.
pub(super) fn router(
    gates: Vec<Arc<Gate>>, subscribers: Arc<dyn Subscribers>, trusted: Vec<Network>,
) -> Router {
    Router::new()
        .route("/gateway/{name}/{secret}/{door}", get(enter).post(enter).put(enter))
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(crate::wire::answered))
        .with_state(Hall { gates: gates.into(), subscribers, trusted: trusted.into() })
}

/// A span names the route: the path itself is a secret.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    tracing::info_span!(
        target: "sokoni::trace", "gateway", method = %request.method(), route, status = tracing::field::Empty
    )
}

/// The other end of the connection, where the server says.
struct Peer(Option<SocketAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts, _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)))
    }
}

async fn enter(
    State(hall): State<Hall>, Path((name, secret, door)): Path<(String, String, String)>, Peer(peer): Peer,
    uri: Uri, headers: HeaderMap, body: Bytes,
) -> Response {
    let Some(gate) = hall.gates.iter().find(|gate| *gate.name == *name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !bool::from(secret.as_bytes().ct_eq(gate.path.expose_secret().as_bytes())) {
        gate.refuse(&gate.counters.wrong_path, "a wrong path");
        return StatusCode::NOT_FOUND.into_response();
    }
    let allow = &gate.inward.shapes.allow;
    let caller = caller(peer.map(|peer| peer.ip()), &headers, &hall.trusted);
    if !allow.is_empty() && !caller.is_some_and(|caller| allow.iter().any(|network| network.contains(caller)))
    {
        let from = caller.map_or_else(|| "an unknown address".to_owned(), |caller| caller.to_string());
        gate.refuse(
            &gate.counters.wrong_address,
            &format!("called from {from}, which `allow` does not name"),
        );
        return StatusCode::FORBIDDEN.into_response();
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let fields = match Fields::read(uri.query().unwrap_or_default(), kind, &body) {
        Ok(fields) => fields,
        Err(why) => return gate.wrong(&why.to_string()),
    };
    let visit = Visit { gate, subscribers: &hall.subscribers, fields };
    let answered = match door.as_str() {
        "ussd" => visit.step().await,
        "ussd-end" => visit.ended().await,
        "sms" => visit.texts().await,
        "receipt" => visit.reports().await,
        _ => None,
    };
    if answered.as_ref().is_some_and(|answer| answer.status().is_success()) {
        gate.fortune.well(gate.clock.now());
    }
    answered.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// One request that was let in.
struct Visit<'a> {
    gate: &'a Arc<Gate>,
    subscribers: &'a Arc<dyn Subscribers>,
    fields: Fields,
}

impl Visit<'_> {
    fn origin(&self) -> Origin<'_> {
        Origin { gateway: &self.gate.name, at: self.gate.clock.now() }
    }

    /// A step of a dialog; `None` when this gateway has none.
    async fn step(&self) -> Option<Response> {
        let settings = &self.gate.inward;
        let Inward { shapes, deadline, sorry, .. } = settings;
        let shape = shapes.ussd.as_ref()?;
        let input = match inward::step(settings, shape, &self.fields, &self.origin()) {
            Ok(input) => input,
            Err(why) => return Some(self.gate.wrong(&why)),
        };
        count(&self.gate.counters.ussd_in);
        if input.event == UssdEvent::Gone {
            self.screen(input, *deadline).await;
            return Some(inward::farewell(&shape.answer, &self.fields, shape).into_response());
        }
        let (phone, mark, at) = (input.msisdn, input.mark.clone(), input.at);
        if let Some(out) = mark.as_ref().and_then(|mark| self.gate.said.before(phone, mark, at)) {
            return Some(inward::answer(&shape.answer, &self.fields, shape, sorry, out));
        }
        let followed = Handover::of(self.gate, self.subscribers, &input);
        let out = self.screen(input, *deadline).await;
        let shown = out != UssdOut::Nothing;
        if let Some(mark) = mark.filter(|_| shown) {
            self.gate.said.keep(phone, &mark, &out, at);
        }
        let answer = inward::answer(&shape.answer, &self.fields, shape, sorry, out);
        if shown {
            return Some(followed.follow(answer));
        }
        followed.nothing();
        Some(answer)
    }

    /// The screen in time, or nothing. A dialog whose screen is late ends there; it is parked, so
    /// that a redial shows what came of it.
    async fn screen(&self, input: UssdIn, deadline: Duration) -> UssdOut {
        let gone = UssdIn { event: UssdEvent::Gone, mark: None, ..input.clone() };
        let Ok(out) = self.subscribers.ussd(input) else {
            count(&self.gate.counters.busy);
            self.gate.failed("a dialog was ended with an apology: too much at once");
            return UssdOut::Nothing;
        };
        if let Ok(out) = tokio::time::timeout(deadline, out).await {
            return out;
        }
        count(&self.gate.counters.screens_late);
        self.gate.failed("a screen was not ready in time");
        tracing::warn!(gateway = &*self.gate.name, msisdn = ?gone.msisdn, "a screen was not ready in time");
        // Its lane takes it after the step that is late.
        if self.subscribers.ussd(gone).is_err() {
            count(&self.gate.counters.busy);
        }
        UssdOut::Nothing
    }

    async fn ended(&self) -> Option<Response> {
        let shape = self.gate.inward.shapes.ussd_end.as_ref()?;
        let input = match inward::account(shape, &self.fields, &self.origin()) {
            Ok(input) => input,
            Err(why) => return Some(self.gate.wrong(&why)),
        };
        Some(match self.subscribers.ussd(input) {
            Ok(kept) => {
                kept.await;
                StatusCode::OK.into_response()
            }
            Err(_) => self.gate.busy(),
        })
    }

    async fn texts(self) -> Option<Response> {
        let Self { gate, subscribers, fields } = self;
        let shape = gate.inward.shapes.sms.as_ref()?;
        let entries = inward::entries(shape.list.as_ref(), fields);
        let origin = Origin { gateway: &gate.name, at: gate.clock.now() };
        let read: Result<Vec<_>, Wrong> =
            entries.iter().map(|entry| inward::sms(shape, entry, &origin)).collect();
        let read = match read {
            Ok(read) => read,
            Err(why) => return Some(gate.wrong(&why)),
        };
        for input in read {
            let Ok(kept) = subscribers.sms(input) else { return Some(gate.busy()) };
            match kept.await {
                Ok(Kept::Now) => count(&gate.counters.sms_in),
                Ok(Kept::Before) => count(&gate.counters.sms_again),
                Err(_) => return Some(gate.busy()),
            }
        }
        Some((StatusCode::OK, shape.answer.clone()).into_response())
    }

    async fn reports(self) -> Option<Response> {
        let Self { gate, subscribers, fields } = self;
        let shape = gate.inward.shapes.receipt.as_ref()?;
        let entries = inward::entries(shape.list.as_ref(), fields);
        let origin = Origin { gateway: &gate.name, at: gate.clock.now() };
        let read: Result<Vec<_>, Wrong> =
            entries.iter().map(|entry| inward::receipt(shape, entry, &origin)).collect();
        let read = match read {
            Ok(read) => read,
            Err(why) => return Some(gate.wrong(&why)),
        };
        for input in read {
            count(&gate.counters.receipts_in);
            let Ok(kept) = subscribers.receipt(input) else { return Some(gate.busy()) };
            if kept.await.is_err() {
                return Some(gate.busy());
            }
        }
        Some((StatusCode::OK, shape.answer.clone()).into_response())
    }
}
