//! What people were asked for on their phones, as a statement is held against it.

use super::import::LATE;
use super::kept;
use crate::engine::Engine;
use crate::engine::aggregate::all_loans;
use crate::engine::prompt::PromptNews;
use crate::engine::view;
use crate::engine::work::Fault;
use crate::market::Party;
use crate::market::loan::{Loan, PromptStage};
use crate::market::recon::incoming::{Asked, Came};
use crate::types::{PromptId, Timestamp};
use std::time::Duration;

/// How long before a statement begins somebody may have been asked for what stands in it.
const REACH: Duration = Duration::from_secs(2 * 86_400);

impl Engine {
    /// The prompts by a provider that a statement of these moments may tell of.
    pub(super) async fn prompts_of(
        &self, provider: &str, period: (Timestamp, Timestamp),
    ) -> Result<Vec<Asked>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let (first, last) = (super::float::before(period.0, REACH), period.1.after(LATE));
        let mut all = Vec::new();
        for (_, loan) in view::every::<Loan>(&mut work, all_loans(), false).await? {
            let near = |at: Timestamp| (first..=last).contains(&at);
            let ours = loan.prompts.iter().filter(|one| one.via == provider);
            for prompt in ours.filter(|one| near(one.asked) || near(one.since)) {
                let her = work.need::<Party>(loan.artisan).await?;
                let claimed = prompt.claim.as_ref().and_then(|claim| claim.receipts.first());
                let standing = match &prompt.stage {
                    PromptStage::Paid { .. } => Came::Paid,
                    _ if prompt.is_settled() => Came::Ended,
                    _ => Came::Open,
                };
                all.push(Asked {
                    prompt: prompt.id,
                    standing,
                    receipt: prompt.receipt().or(claimed.map(String::as_str)).map(str::to_owned),
                    from: her.phone,
                    amount: prompt.sum(),
                    asked: prompt.asked,
                    since: prompt.since,
                    seen: kept::seen_in(&*self.store, *prompt.id.as_bytes()).await?.is_some(),
                });
            }
        }
        Ok(all)
    }

    /// Notes receipts that a statement tells of prompts that are booked under the provider's names for them.
    pub(super) async fn name_prompts(&self, named: &[(PromptId, String)]) -> Result<(), Fault> {
        for (id, receipt) in named {
            let Some((prompt, _)) = self.prompt_of(*id).await? else { continue };
            let Some(checkout) = prompt.checkout else { continue };
            self.prompt_heard(*id, &PromptNews::Paid { receipt: receipt.clone(), checkout }).await?;
        }
        Ok(())
    }
}
