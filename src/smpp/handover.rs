//! A screen on its way to the gateway, followed until it is there.
//!
//! A screen can be lost in many places: late, refused, left in a queue when its connection broke,
//! dropped at a stop. Whoever lets go of one has lost it; only [`taken`](Handover::taken) says
//! otherwise. The dialog is told, so that the redial shows what was not seen.

use super::dialect::Dialect;
use super::dialect::ReplyTo;
use super::dialect::dialogs::{DialogKey, Dialogs, Fate};
use super::link::lock;
use crate::engine::port::{Subscribers, UssdEvent, UssdIn};
use crate::types::Timestamp;
use std::sync::{Arc, Mutex};

/// What the answer to a step needs.
pub(super) struct Answer {
    pub reply: ReplyTo,
    pub dialect: Arc<Dialect>,
    /// Monotonic: a screen that is later is not sent.
    pub deadline: Timestamp,
    pub handover: Handover,
}

/// Follows the screen in answer to one step.
pub(super) struct Handover(Option<Box<Watch>>);

struct Watch {
    dialogs: Arc<Mutex<Dialogs>>,
    subscribers: Arc<dyn Subscribers>,
    key: DialogKey,
    /// The step, to be told as unseen.
    step: UssdIn,
    closes: bool,
}

impl Handover {
    /// Follows the screen in answer to this step.
    pub fn of(
        step: &UssdIn, key: DialogKey, dialogs: &Arc<Mutex<Dialogs>>, subscribers: &Arc<dyn Subscribers>,
    ) -> Self {
        let step = UssdIn { event: UssdEvent::Unseen { surely: true }, ..step.clone() };
        let (dialogs, subscribers) = (Arc::clone(dialogs), Arc::clone(subscribers));
        Self(Some(Box::new(Watch { dialogs, subscribers, key, step, closes: false })))
    }

    /// A screen that the gateway has already and gets once more: nobody needs to hear of it.
    pub const fn of_copy() -> Self {
        Self(None)
    }

    /// The screen is the last one of its dialog.
    pub fn closes(&mut self) {
        if let Some(watch) = &mut self.0 {
            watch.closes = true;
        }
    }

    /// It is written to this connection.
    pub fn sent(&self, connection: u64) {
        if let Some(watch) = &self.0 {
            watch.fared(Fate::Sent(connection));
        }
    }

    /// The gateway has it.
    pub fn taken(mut self) {
        if let Some(watch) = self.0.take() {
            watch.fared(Fate::Taken);
        }
    }

    /// It was sent, and nobody knows.
    pub fn unanswered(mut self) {
        if let Some(watch) = self.0.take() {
            watch.tell(false);
        }
    }

    /// There was nothing to show.
    pub fn nothing(mut self) {
        self.0 = None;
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if let Some(watch) = self.0.take() {
            watch.tell(true);
        }
    }
}

impl Watch {
    fn fared(&self, fate: Fate) {
        if let Some(mark) = &self.step.mark {
            lock(&self.dialogs).fared(&self.key, mark, fate, self.closes);
        }
    }

    fn tell(mut self: Box<Self>, surely: bool) {
        self.fared(Fate::Lost);
        self.step.event = UssdEvent::Unseen { surely };
        // A lane that is full, or gone with a stop, leaves the dialog to its own deadline.
        let _ = self.subscribers.ussd(self.step);
    }
}
