//! SMS on their way out: each phone's one after the other, in the order they were decided in.

use super::Sending;
use crate::engine::Engine;
use crate::engine::messages::Message;
use crate::engine::port::{Pause, Purpose, Sent, SmsOut, SmsSender};
use crate::engine::record::Cause;
use crate::engine::trade::Text;
use crate::engine::work::{Work, shard};
use crate::store::outbox::Claimed;
use crate::types::{Msisdn, Timestamp};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// The pauses after tries that count, in seconds; the last one again and again.
const BACK_OFF: [u64; 5] = [5, 30, 120, 600, 1_800];

/// Texts in hand at most: enough for the windows and queues of several binds.
const IN_HAND: usize = 1024;

/// Texts, and who sends them.
pub(super) struct Texts {
    pub engine: Arc<Engine>,
    pub sender: Arc<dyn SmsSender>,
}

/// What becomes of a text.
enum Fate {
    Done,
    PutOff(Timestamp),
    Parked(String),
}

impl Sending for Texts {
    fn shard(&self) -> u8 {
        shard::SMS
    }

    fn most(&self) -> usize {
        IN_HAND
    }

    fn key(&self, item: &Claimed) -> Option<u64> {
        read(item).map(|text| text.to.number())
    }

    fn room(&self) -> usize {
        self.sender.room()
    }

    fn send(&self, item: Claimed, held: Option<Timestamp>) -> BoxFuture<'_, Option<Timestamp>> {
        Box::pin(async move {
            let Some(text) = read(&item) else {
                self.engine.park(&item, "it cannot be read").await;
                return None;
            };
            // What she stopped meanwhile is not sent any more, and nobody need know.
            if !self.engine.is_wanted(text.to, text.purpose).await.unwrap_or(true) {
                self.engine.drop_text(&item, &text, "not sent: she stopped such texts").await;
                return None;
            }
            // A code is of use for minutes: it does not wait for a text that could not be sent.
            if self.engine.push_first(&*self.sender, &item, &text).await {
                return None;
            }
            // And one whose time is over waits for nothing.
            let old = item.item.give_up <= self.engine.clock.now();
            match held.filter(|_| text.purpose != Purpose::Code && !old) {
                Some(until) => self.engine.put_off(&item, until).await,
                None => self.engine.send_text(&*self.sender, item, text).await,
            }
        })
    }
}

fn read(item: &Claimed) -> Option<Text> {
    serde_json::from_slice(&item.item.payload).ok()
}

/// The pause after so many tries.
fn back_off(tried: u32) -> Duration {
    let at = (tried.max(1) as usize - 1).min(BACK_OFF.len() - 1);
    Duration::from_secs(BACK_OFF[at])
}

impl Engine {
    /// Puts the same text for each of these phones into the outbox: for benches and for people at
    /// the desk who must tell many.
    pub async fn post_texts(&self, to: &[Msisdn], text: &str, purpose: Purpose) -> Result<(), String> {
        const AT_ONCE: usize = 200;
        for some in to.chunks(AT_ONCE) {
            let mut work = self.work(self.clock.now()).map_err(|why| why.to_string())?;
            for to in some {
                self.post(&mut work, *to, text.to_owned(), "", purpose);
            }
            let cause = Cause::Desk(format!("a text to {} phones", some.len()));
            self.commit(work, cause, None).await.map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    /// Puts a text into the outbox.
    pub(in crate::engine) fn post(
        &self, work: &mut Work<'_>, to: Msisdn, text: String, name: &str, purpose: Purpose,
    ) {
        let queued = Some(work.now);
        let name = name.to_owned();
        self.post_text(work, Text { to, text, name, purpose, queued, tried: 0, partly: None, offer: None });
    }

    /// The same, of a text that says all of it.
    pub(in crate::engine) fn post_text(&self, work: &mut Work<'_>, text: Text) {
        let purpose = text.purpose;
        if text.to.is_nobodys() {
            return;
        }
        // By moment and place in the turn: ids of one phone sort as they were decided.
        let at = work.now.millis();
        let id = format!("{at:013}{:03}{:08x}", work.next_message(), work.entropy.next_u64() as u32);
        work.note(id.as_bytes(), &Message::to_phone(&text, work.now, work.now.after(purpose.lives())));
        work.send(shard::SMS, id, "sms", &text, purpose.lives());
    }

    /// Sends a text; when it was put off to, if it was.
    async fn send_text(
        &self, sender: &dyn SmsSender, mut item: Claimed, mut text: Text,
    ) -> Option<Timestamp> {
        let give_up = item.item.give_up;
        let sent = if give_up <= self.clock.now() {
            Sent::Never("it is too old to be of use".to_owned())
        } else {
            let id = String::from_utf8_lossy(&item.id).into_owned();
            let (to, purpose, partly) = (text.to, text.purpose, text.partly.clone());
            let begun = partly.as_ref().filter(|partly| !partly.taken.is_empty());
            let gateway = begun.map(|partly| partly.gateway.as_str().into());
            sender.send(SmsOut { id, to, text: text.text.clone(), purpose, give_up, gateway, partly }).await
        };
        let fate = match &sent {
            Sent::Taken { .. } => Fate::Done,
            Sent::Later { after, why } => {
                tracing::debug!(why, "an SMS waits");
                Fate::PutOff(self.clock.now().after(*after).min(give_up))
            }
            Sent::Again { pause, why, partly } => {
                let fate = self.waits(&mut text, *pause, why.clone(), give_up);
                text.partly = partly.clone().or(text.partly);
                item.item.payload = serde_json::to_vec(&text).unwrap_or_default().into();
                fate
            }
            Sent::Never(why) => Fate::Parked(why.clone()),
        };
        let given_up = match &fate {
            Fate::Parked(why) => {
                tracing::error!(why, "ALARM: an SMS is given up and parked");
                Some(Sent::Never(why.clone()))
            }
            Fate::Done | Fate::PutOff(_) => None,
        };
        let sent = given_up.unwrap_or(sent);
        self.settle_text(&item, &fate, Some((&text, &sent))).await;
        match fate {
            Fate::PutOff(until) => Some(until),
            Fate::Done | Fate::Parked(_) => None,
        }
    }

    /// How a text that was tried waits, and how often it was tried from now on.
    fn waits(&self, text: &mut Text, pause: Pause, why: String, give_up: Timestamp) -> Fate {
        let after = match pause {
            Pause::After(after) => after,
            Pause::Grows | Pause::GrowsAtMost(_) => {
                text.tried += 1;
                back_off(text.tried)
            }
        };
        match pause {
            Pause::GrowsAtMost(most) if text.tried >= most => Fate::Parked(why),
            _ => {
                tracing::debug!(why, tried = text.tried, "an SMS waits");
                Fate::PutOff(self.clock.now().after(after).min(give_up))
            }
        }
    }

    /// Settles a text, and notes the try beside its message where there was one.
    async fn settle_text(&self, item: &Claimed, fate: &Fate, tried: Option<(&Text, &Sent)>) {
        self.settle(item, |mut work: Work<'_>, now| async move {
            if let Some((text, sent)) = tried {
                // What was taken of it may be reported on from now on, be it whole or not.
                self.note_try(&mut work, &item.id, text.queued, sent).await?;
            }
            match fate {
                Fate::Done => item.done(work.extra()),
                Fate::PutOff(until) => item.retry(work.extra(), *until),
                Fate::Parked(why) => item.park(work.extra(), now, why),
            }
            Ok(work)
        })
        .await;
    }

    /// Puts a text off without a try.
    async fn put_off(&self, item: &Claimed, until: Timestamp) -> Option<Timestamp> {
        let until = until.min(item.item.give_up);
        self.settle_text(item, &Fate::PutOff(until), None).await;
        Some(until)
    }
}
