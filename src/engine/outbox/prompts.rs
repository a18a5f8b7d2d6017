//! Prompts on their way to a phone: sent once at most, since a second one is a second payment; what came of
//! one is asked until it is known.

use crate::engine::Engine;
use crate::engine::prompt::{PromptNews, why};
use crate::engine::work::Fault;
use crate::market::loan::{LEAVES, Loan, Prompt, PromptStage};
use crate::store::outbox::Claimed;
use crate::types::{PromptId, Timestamp};
use std::time::Duration;

/// A result should have come by itself by then.
const FIRST_QUESTION: Duration = Duration::from_secs(30);
/// What a request came to that was not answered, only its result can tell; a prompt lives for minutes.
const UNANSWERED: Duration = Duration::from_secs(15 * 60);
/// Of a prompt that nobody tells of for so long she is told that, and people look at it.
const OLD: Duration = Duration::from_secs(3_600);
/// One that could not leave is tried again so soon: she waits.
const SOON: Duration = Duration::from_secs(5);

fn failed(why: &str) -> PromptNews {
    PromptNews::Failed { why: why.to_owned() }
}

fn open(why: &str) -> PromptNews {
    PromptNews::Open { why: why.to_owned() }
}

impl Engine {
    /// Has the provider show a prompt, or asks what came of it. The item stays until that is known.
    pub(super) async fn send_prompt(&self, item: &Claimed) {
        let Ok(id) = serde_json::from_slice::<PromptId>(&item.item.payload) else {
            return self.park(item, "it cannot be read").await;
        };
        let (prompt, ask) = match self.prompt_of(id).await {
            Ok(Some((prompt, ask))) if prompt.is_asked_about() => (prompt, ask),
            Ok(_) => return self.drop_item(item).await,
            Err(fault) => return tracing::error!(prompt = %id, %fault, "a prompt cannot be read"),
        };
        let earlier = item.item.left;
        let mut item = item.clone();
        let (now, new) = (ask.at, prompt.stage == PromptStage::Asked && ask.checkout.is_none());
        let mut news = match new {
            false if ask.checkout.is_none() => open("nobody knows by what its provider is asked about it"),
            false => self.money.prompted(ask).await,
            true if earlier.is_some() => open("nobody knows whether it was asked for"),
            true if now.since(prompt.asked) > LEAVES => failed(why::LINK),
            true => match self.earlier_prompts(id, now).await {
                Ok(Some(news)) => news,
                // Those were asked about one after the other, each for as long as its provider took.
                Ok(None) if self.clock.now().since(prompt.asked) > LEAVES => failed(why::LINK),
                Ok(None) => match item.leaves(&*self.store, self.clock.now()).await {
                    Ok(()) => self.money.prompt(ask).await,
                    Err(fault) => return tracing::error!(prompt = %id, %fault, "a prompt cannot leave"),
                },
                Err(fault) => return tracing::error!(prompt = %id, %fault, "a prompt cannot be read"),
            },
        };
        let shown = matches!(prompt.stage, PromptStage::Shown { .. });
        let is_unheard = now.since(prompt.asked) > if shown { OLD } else { UNANSWERED };
        if let PromptNews::Open { why } = &news {
            let age = now.since(prompt.unknown_since());
            if age > OLD {
                let age_minutes = age.as_secs() / 60;
                tracing::error!(prompt = %id, age_minutes, why, "ALARM: nobody knows what came of a prompt");
            }
            if is_unheard && prompt.claim.is_none() {
                news = failed(why::UNHEARD);
            }
        }
        if matches!(news, PromptNews::Held { .. }) && earlier.is_none() {
            item.item.left = None;
        }
        let (news, item) = (&news, &item);
        self.settle(item, |mut work, now| async move {
            self.hear_prompt(&mut work, id, news).await?;
            let loan = self.loan_of_prompt(&mut work, id).await?;
            let is_asked_about =
                loan.as_ref().and_then(|loan| loan.prompt(id)).is_some_and(Prompt::is_asked_about);
            match news {
                PromptNews::Held { why } => {
                    tracing::warn!(prompt = %id, why, "a prompt waits");
                    item.clone().untried(work.extra(), now.after(SOON));
                }
                _ if is_asked_about => item.retry(
                    work.extra(),
                    now.after(super::money::ask_after(item.item.attempt).max(FIRST_QUESTION)),
                ),
                _ => item.done(work.extra()),
            }
            Ok(work)
        })
        .await;
    }

    /// What came of earlier prompts is asked before another one is shown: she may have paid what she thinks
    /// she has not.
    async fn earlier_prompts(&self, id: PromptId, now: Timestamp) -> Result<Option<PromptNews>, Fault> {
        let mut work = self.work(now)?;
        let Some(Loan { prompts, .. }) = self.loan_of_prompt(&mut work, id).await? else { return Ok(None) };
        drop(work);
        let Some(this) = prompts.iter().find(|one| one.id == id) else { return Ok(None) };
        let paid_since =
            |one: &Prompt| matches!(one.stage, PromptStage::Paid { .. }) && one.since >= this.asked;
        if prompts.iter().any(paid_since) {
            return Ok(Some(failed(why::EARLIER)));
        }
        for earlier in prompts.iter().filter(|one| one.id != id && one.is_asked_about()) {
            let Some((_, ask)) = self.prompt_of(earlier.id).await?.filter(|(_, ask)| ask.checkout.is_some())
            else {
                continue;
            };
            let news = self.money.prompted(ask).await;
            self.prompt_heard(earlier.id, &news).await?;
            match news {
                PromptNews::Paid { .. } => return Ok(Some(failed(why::EARLIER))),
                PromptNews::Open { .. } if now.since(earlier.asked) < LEAVES => {
                    return Ok(Some(PromptNews::Held {
                        why: "an earlier one is under way still".to_owned(),
                    }));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}
