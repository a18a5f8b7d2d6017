//! Letters on their way out, to shoppers' mail servers by way of ours.

use super::Sending;
use crate::engine::Engine;
use crate::engine::letters::{LetterOut, Posted};
use crate::engine::work::shard;
use crate::store::outbox::Claimed;
use crate::types::Timestamp;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// Letters, to whoever bought something.
pub(super) struct Letters(pub Arc<Engine>);

/// When one that was not taken is tried again: soon, then ever more seldom.
const AGAIN: [u64; 5] = [10, 60, 300, 1_800, 7_200];
/// Letters in hand at most: a mail server takes one after the other.
const IN_HAND: usize = 4;

impl Sending for Letters {
    fn shard(&self) -> u8 {
        shard::MAIL
    }

    fn most(&self) -> usize {
        IN_HAND
    }

    fn send(&self, item: Claimed, _held: Option<Timestamp>) -> BoxFuture<'_, Option<Timestamp>> {
        Box::pin(async move {
            self.0.send_letter(&item).await;
            None
        })
    }
}

impl Engine {
    async fn send_letter(&self, item: &Claimed) {
        let Ok(out) = serde_json::from_slice::<LetterOut>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let (code, about) = (out.code, out.about);
        let Some(mail) = &self.mail else { return self.drop_item(item).await };
        let letter = match self.write_letter(out).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return self.drop_item(item).await,
            Err(fault) => {
                tracing::error!(%code, ?about, %fault, "a letter cannot be written");
                return self.letter_waits(item, "it cannot be written").await;
            }
        };
        match mail.post(letter).await {
            Posted::Taken => self.drop_item(item).await,
            Posted::Later(why) => self.letter_waits(item, &why).await,
            Posted::Never(why) => {
                tracing::warn!(%code, ?about, why, "a letter will never be taken; the page says the same");
                self.drop_item(item).await;
            }
        }
    }

    /// Tried again later, and given up with an alarm when it is of no use any more.
    async fn letter_waits(&self, item: &Claimed, why: &str) {
        let tried = item.item.attempt.max(1) as usize - 1;
        let wait = Duration::from_secs(AGAIN[tried.min(AGAIN.len() - 1)]);
        let id = String::from_utf8_lossy(&item.id).into_owned();
        if self.clock.now().after(wait) >= item.item.give_up {
            tracing::error!(id, why, "ALARM: letters to shoppers do not go");
            return self.drop_item(item).await;
        }
        tracing::warn!(id, why, "a letter waits for the mail server");
        self.settle(item, |mut work, now| async move {
            item.retry(work.extra(), now.after(wait));
            Ok(work)
        })
        .await;
    }
}
