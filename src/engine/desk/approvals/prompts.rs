//! What became of a prompt on somebody's phone, where two people say so with the provider's statement in hand.

use super::{Step, no, refusal};
use crate::engine::Engine;
use crate::engine::shopfront::ShopError;
use crate::engine::work::{Fault, Work};
use crate::market::Party;
use crate::market::loan::{self, Loan, LoanCommand, Prompt, PromptCommand, PromptFate, PromptStage};
use crate::types::PromptId;
use std::time::Duration;

/// One of which nothing is known for less than this is still asked about by itself.
const ASKED: Duration = Duration::from_secs(3_600);

impl Engine {
    /// What is asked for, in words.
    pub(super) async fn prompt_in_words(
        &self, work: &mut Work<'_>, id: PromptId, fate: &PromptFate,
    ) -> Result<String, Fault> {
        let loan = self.loan_of_prompt(work, id).await?;
        let Some((loan, prompt)) = loan.as_ref().and_then(|loan| Some((loan, loan.prompt(id)?))) else {
            return Ok(format!("prompt {id}"));
        };
        let her = work.get::<Party>(loan.artisan).await?.map_or_else(|| "nobody".to_owned(), |her| her.name);
        let how = match fate {
            PromptFate::Paid { receipt, came: Some(came) } => format!("paid, {receipt}, KSh {came}"),
            PromptFate::Paid { receipt, came: None } => format!("paid, {receipt}"),
            PromptFate::NotPaid => "not paid".to_owned(),
        };
        Ok(format!("KSh {} of {her} by {} ({id}): {how}", prompt.amount, prompt.via))
    }

    /// Takes for proven what two people say became of a prompt.
    pub(super) async fn prompt_decided(
        &self, work: &mut Work<'_>, id: PromptId, fate: &PromptFate,
    ) -> Step<()> {
        let loan = self.loan_of_prompt(work, id).await?;
        let Some((loan, prompt)) = loan.as_ref().and_then(|loan| Some((loan, loan.prompt(id)?))) else {
            return Ok(Err(ShopError::NotFound));
        };
        let age = work.now.since(prompt.unknown_since());
        if prompt.is_asked_about() && age < ASKED {
            let minutes = (ASKED - age).as_secs().div_ceil(60);
            return Ok(Err(no(format!(
                "its provider is still asked about it for {minutes} minutes; decide it then"
            ))));
        }
        let is_booked = matches!(prompt.stage, PromptStage::Paid { .. });
        if let (PromptFate::Paid { .. }, false, Some(like)) = (fate, is_booked, nameless(loan, prompt)) {
            return Ok(Err(no(format!(
                "prompt {like} over the same sum is booked and no receipt of it is known: put that down first \
                 (--paid RECEIPT on it), since one payment pays one prompt"
            ))));
        }
        let settle = LoanCommand::Prompt(PromptCommand::Settle { id, fate: fate.clone() });
        let events = match loan::decide(Some(loan), &settle, &self.policy, work.now) {
            Ok(events) if events.is_empty() => return Ok(Err(no("it stands so already"))),
            Ok(events) => events,
            Err(why) => return Ok(Err(refusal(&why))),
        };
        if let Some(why) = self.named_twice(work, loan, id, &events).await? {
            return Ok(Err(no(why)));
        }
        self.prompt_became(work, loan, id, events).await?;
        Ok(Ok(()))
    }
}

/// Another prompt over the same sum within the hour that is booked under its provider's name for it: the
/// payment in somebody's hand may be that one.
fn nameless(loan: &Loan, prompt: &Prompt) -> Option<PromptId> {
    let near = |one: &Prompt| one.asked.since(prompt.asked).max(prompt.asked.since(one.asked)) <= ASKED;
    let like = |one: &&Prompt| {
        let unnamed = matches!(one.stage, PromptStage::Paid { .. }) && one.receipt().is_none();
        one.id != prompt.id && one.via == prompt.via && one.sum() == prompt.sum() && unnamed && near(one)
    };
    loan.prompts.iter().find(like).map(|one| one.id)
}
