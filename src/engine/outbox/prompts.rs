//! Prompts on their way to a phone: sent once at most, since a second one is a second payment; what came of
//! one is asked until it is known, or for a day.

use crate::engine::Engine;
use crate::engine::loans::prompt::FRESH;
use crate::engine::prompt::{PromptNews, why};
use crate::market::loan::PromptStage;
use crate::store::outbox::Claimed;
use crate::types::PromptId;
use std::time::Duration;

/// A result should have come by itself by then.
const FIRST_QUESTION: Duration = Duration::from_secs(30);
/// What a request came to that was not answered, only its result can tell; a prompt lives for minutes.
const UNANSWERED: Duration = Duration::from_secs(15 * 60);
/// So long it is asked what came of a prompt.
const ASKED_ABOUT: Duration = Duration::from_secs(86_400);
/// One that could not leave is tried again so soon: she waits.
const SOON: Duration = Duration::from_secs(5);

fn failed(why: &str) -> PromptNews {
    PromptNews::Failed { why: why.to_owned() }
}

impl Engine {
    /// Has the provider show a prompt, or asks what came of it.
    pub(super) async fn send_prompt(&self, item: &Claimed) {
        let Ok(id) = serde_json::from_slice::<PromptId>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let (prompt, ask) = match self.prompt_of(id).await {
            Ok(Some((prompt, ask))) if prompt.is_open() => (prompt, ask),
            Ok(_) => return self.drop_item(item).await,
            Err(fault) => return tracing::error!(prompt = %id, %fault, "a prompt cannot be read"),
        };
        let age = ask.at.since(prompt.asked);
        let mut news = match &prompt.stage {
            PromptStage::Asked if item.item.attempt > 1 => {
                PromptNews::Open { why: "nobody knows whether it was asked for".to_owned() }
            }
            PromptStage::Asked if age > FRESH => failed(why::LINK),
            PromptStage::Asked => self.money.prompt(ask).await,
            _ => self.money.prompted(ask).await,
        };
        let shown = matches!(prompt.stage, PromptStage::Shown { .. });
        let given_up = if shown { ASKED_ABOUT } else { UNANSWERED };
        if matches!(news, PromptNews::Open { .. }) && age > given_up {
            tracing::warn!(prompt = %id, "nobody knows what came of a prompt; what was paid counts once it is told");
            news = failed(why::UNHEARD);
        }
        let news = &news;
        self.settle(item, |mut work, now| async move {
            self.hear_prompt(&mut work, id, news).await?;
            match news {
                PromptNews::Held { why } => {
                    tracing::warn!(prompt = %id, why, "a prompt waits");
                    item.clone().untried(work.extra(), now.after(SOON));
                }
                PromptNews::Open { .. } | PromptNews::Shown { .. } => {
                    item.retry(
                        work.extra(),
                        now.after(super::money::ask_after(item.item.attempt).max(FIRST_QUESTION)),
                    );
                }
                _ => item.done(work.extra()),
            }
            Ok(work)
        })
        .await;
    }
}
