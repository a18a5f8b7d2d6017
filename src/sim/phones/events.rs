//! News of phones as server-sent events, so that a page never asks twice.

use super::{Phones, api};
use crate::{
    sim::smsc::{Handset, PhoneView, Screen, Sms},
    types::{Msisdn, Timestamp},
};
use axum::{
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{
    Stream, StreamExt,
    stream::{iter, select_all, unfold},
};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, sync::Arc};
use tokio::sync::watch;

/// A `screen` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenNews {
    /// Whose.
    pub msisdn: Msisdn,
    /// The text.
    pub text: String,
    /// Whether an answer can be typed.
    pub open: bool,
    /// Whether the phone waits for a screen.
    pub busy: bool,
}

/// An `sms` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsNews {
    /// Whose.
    pub msisdn: Msisdn,
    /// Its place in the inbox, from 0.
    pub index: usize,
    /// The sender.
    pub from: String,
    /// What it says.
    pub text: String,
    /// When it came.
    pub at: Timestamp,
}

pub(super) async fn all(State(phones): State<Arc<Phones>>) -> Response {
    let streams = phones.settings.phones.iter().map(|(msisdn, _)| news(phones.smsc.handset(*msisdn)).boxed());
    respond(select_all(streams.collect::<Vec<_>>()))
}

pub(super) async fn one(State(phones): State<Arc<Phones>>, Path(number): Path<String>) -> Response {
    match api::handset(&phones, &number) {
        Ok(handset) => respond(news(handset)),
        Err(refusal) => *refusal,
    }
}

fn respond(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default()).into_response()
}

/// What a stream has told of a phone so far.
struct Told {
    msisdn: Msisdn,
    view: watch::Receiver<PhoneView>,
    screen: Option<(Screen, bool)>,
    messages: usize,
}

/// All there is, then all there comes.
fn news(handset: Handset) -> impl Stream<Item = Event> + Send {
    let told = Told { msisdn: handset.msisdn(), view: handset.watch(), screen: None, messages: 0 };
    unfold(told, |mut told| async move {
        if told.screen.is_some() {
            told.view.changed().await.ok()?;
        }
        Some((iter(told.catch_up()), told))
    })
    .flatten()
}

impl Told {
    fn catch_up(&mut self) -> Vec<Event> {
        let view = self.view.borrow_and_update().clone();
        let mut events = Vec::new();
        for (index, sms) in view.inbox.iter().enumerate().skip(self.messages) {
            let Sms { from, text, at, .. } = sms.clone();
            events.extend(event("sms", &SmsNews { msisdn: self.msisdn, index, from, text, at }));
        }
        self.messages = view.inbox.len();
        let screen = (view.screen, view.busy);
        if self.screen.as_ref() != Some(&screen) {
            let (Screen { text, open }, busy) = screen.clone();
            events.extend(event("screen", &ScreenNews { msisdn: self.msisdn, text, open, busy }));
            self.screen = Some(screen);
        }
        events
    }
}

fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
