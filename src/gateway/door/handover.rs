//! A screen on its way to an HTTP gateway, followed until the gateway has it.
//!
//! The turn of a step goes on to its end whoever listens. But a gateway that hangs up before it was
//! answered shows nothing: the dialog is told, as it is over SMPP, so that a redial goes on or shows
//! the outcome. Gateways bring a step twice and drop one of the two, so the screen is lost only when
//! no copy of its step took it.

use super::{Gate, count};
use crate::engine::port::{Mark, Subscribers, UssdEvent, UssdIn};
use crate::types::Msisdn;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Phones whose last step is remembered; beyond it those are forgotten whose gateway has its screen.
const PHONES: usize = 20_000;

/// The last step of a phone, with its copies.
struct Latest {
    mark: Option<Mark>,
    /// Copies whose answer is not there yet.
    open: AtomicU32,
    /// One of them was given the screen.
    taken: AtomicBool,
}

/// The last step of each phone.
#[derive(Default)]
pub(super) struct Steps(Mutex<BTreeMap<Msisdn, Arc<Latest>>>);

impl Steps {
    fn join(&self, step: &UssdIn) -> Arc<Latest> {
        let mut phones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(latest) = phones.get(&step.msisdn)
            && latest.mark.is_some()
            && latest.mark == step.mark
        {
            latest.open.fetch_add(1, Ordering::AcqRel);
            return Arc::clone(latest);
        }
        if phones.len() >= PHONES {
            phones.retain(|_, latest| latest.open.load(Ordering::Acquire) > 0);
        }
        let (open, taken) = (AtomicU32::new(1), AtomicBool::new(false));
        let latest = Arc::new(Latest { mark: step.mark.clone(), open, taken });
        phones.insert(step.msisdn, Arc::clone(&latest));
        latest
    }
}

/// Follows the screen in answer to one copy of a step.
pub(super) struct Handover {
    gate: Arc<Gate>,
    subscribers: Arc<dyn Subscribers>,
    /// The step, to be told as unseen; `None` when there is nothing to tell.
    step: Option<UssdIn>,
    latest: Arc<Latest>,
}

impl Handover {
    /// Follows the screen in answer to this step.
    pub(super) fn of(gate: &Arc<Gate>, subscribers: &Arc<dyn Subscribers>, step: &UssdIn) -> Self {
        let latest = gate.steps.join(step);
        let step = Some(UssdIn { event: UssdEvent::Unseen { surely: true }, ..step.clone() });
        Self { gate: Arc::clone(gate), subscribers: Arc::clone(subscribers), step, latest }
    }

    /// The gateway has the screen.
    fn taken(mut self) {
        self.latest.taken.store(true, Ordering::Release);
        self.step = None;
    }

    /// There is no screen to follow.
    pub(super) fn nothing(mut self) {
        self.step = None;
    }

    /// The same answer, followed until the server takes it for the wire: one that finds its gateway
    /// gone is dropped before that.
    pub(super) fn follow(self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let length = body.size_hint().exact();
        if length == Some(0) {
            self.taken();
            return Response::from_parts(parts, body);
        }
        // What is followed does not say how long it is, and gateways dislike answers in chunks.
        if let Some(length) = length {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        let mut followed = Some(self);
        let body = body.map_frame(move |frame| {
            followed.take().into_iter().for_each(Self::taken);
            frame
        });
        Response::from_parts(parts, Body::new(body))
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        let last = self.latest.open.fetch_sub(1, Ordering::AcqRel) == 1;
        let Some(step) = self.step.take() else { return };
        if !last || self.latest.taken.load(Ordering::Acquire) {
            return;
        }
        count(&self.gate.counters.hung_up);
        self.gate.failed("it hung up before it had its screen");
        let (gateway, msisdn) = (&*self.gate.name, step.msisdn);
        tracing::info!(gateway, ?msisdn, "the gateway hung up before it had its screen");
        // Behind its step in the same lane. A lane that is full leaves the dialog to its own deadline.
        if self.subscribers.ussd(step).is_err() {
            count(&self.gate.counters.busy);
        }
    }
}
