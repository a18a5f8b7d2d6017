//! She pays some of her loan back from her mobile money: her phone asks for her PIN there, and what she paid
//! counts once, by its receipt, whenever and however often that is heard.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, kes_arg, refused};
use crate::engine::aggregate;
use crate::engine::prompt::{PromptNews, Prompted, why};
use crate::engine::record::Cause;
use crate::engine::turn::TRIES;
use crate::engine::view::FromIndex;
use crate::engine::work::{Fault, Work, shard};
use crate::ledger::{Account, Fact, post};
use crate::market::case::CaseKind;
use crate::market::loan::{
    self, Loan, LoanCommand, LoanEvent, MOST_PROMPTS, Prompt, PromptCommand, PromptEvent, PromptHeard,
};
use crate::market::{Party, Refusal};
use crate::menu::value::Value;
use crate::store::{keys, outbox};
use crate::types::{Kes, LoanId, PromptId, Timestamp};
use std::time::Duration;

/// The prompt comes over the same channel as our screens: the one that said so must have gone first.
const AFTER_THE_SCREEN: Duration = Duration::from_secs(5);
/// What stands on an item of the outbox; one about a prompt stays until it is known what came of it.
const LIVES: Duration = Duration::from_secs(365 * 86_400);
/// Letters of what does not fit together that a case has room for.
const TOLD: usize = 200;

/// The news of a provider as the market hears them; nothing when nothing is known.
pub(in crate::engine) fn heard(news: &PromptNews) -> Option<PromptHeard> {
    match news.clone() {
        PromptNews::Shown { checkout } => Some(PromptHeard::Shown { checkout }),
        PromptNews::Paid { receipt, checkout } => Some(PromptHeard::Paid { receipt, checkout }),
        PromptNews::Claimed { checkout, receipt, odd } => {
            Some(PromptHeard::Claimed { checkout, receipt, odd })
        }
        PromptNews::Failed { why } if why == why::UNHEARD => Some(PromptHeard::Unheard),
        PromptNews::Failed { why } => Some(PromptHeard::Failed { why }),
        PromptNews::Odd { why, checkout, receipt } => Some(PromptHeard::Odd { why, checkout, receipt }),
        PromptNews::Held { .. } | PromptNews::Open { .. } => None,
    }
}

impl Engine {
    /// What speaks against a prompt before a sum is asked for.
    fn prompt_hindrance(&self, loan: &Loan, me: &Party, now: Timestamp) -> Option<Outcome> {
        let via = self.money.way(me.phone);
        let called = || vec![Value::text(self.money.called(&via))];
        match loan.open_prompt(now) {
            Some(open) => Some(("open", vec![Value::Kes(open.amount)])),
            None if loan.prompts.len() >= MOST_PROMPTS || !self.money.prompts(&via) => {
                Some(("none", called()))
            }
            None if !self.money.prompts_now(&via) => Some(("down", called())),
            None => None,
        }
    }

    /// `loan.may_prompt`: whether her mobile money can be asked.
    pub(super) async fn may_prompt(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        let Some(loan) = self.open_loan(work, me.id).await? else { return Ok(("gone", vec![])) };
        Ok(self.prompt_hindrance(&loan, me, work.now).unwrap_or(("ok", vec![])))
    }

    /// `loan.prompt`: she wants to pay so much from her mobile money; her PIN there says yes.
    pub(super) async fn prompt_for_loan(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(loan) = self.open_loan(work, me.id).await? else { return Ok(("gone", vec![])) };
        let id = match &wish.once {
            Some(visit) => PromptId::derived(&format!("prompt {visit}")),
            None => PromptId::new(work.now, &mut work.entropy),
        };
        let amount = kes_arg(wish, "amount")?;
        if loan.prompt(id).is_some() {
            return Ok(("asked", vec![Value::Kes(amount)]));
        }
        if let Some(hindrance) = self.prompt_hindrance(&loan, me, work.now) {
            return Ok(hindrance);
        }
        let ask = PromptCommand::Ask { id, by: me.id, amount, via: self.money.way(me.phone) };
        match self.decide_loan(work, &loan, &LoanCommand::Prompt(ask)) {
            Ok(_) => {}
            Err(Refusal::Gone { .. }) => return Ok(("gone", vec![])),
            Err(Refusal::OutOfRange { .. }) => return Ok(("much", vec![Value::Kes(loan.promptable())])),
            Err(why) => return refused(wish, &why),
        }
        put_out(work, id, format!("prompt/{id}"), AFTER_THE_SCREEN);
        Ok(("asked", vec![Value::Kes(amount)]))
    }

    /// The most that she may pay from her mobile money now.
    pub(in crate::engine) async fn loan_promptable(
        &self, work: &mut Work<'_>, me: crate::types::PartyId,
    ) -> Result<Kes, Fault> {
        Ok(self.open_loan(work, me).await?.map_or(Kes::ZERO, |loan| loan.promptable()))
    }

    pub(in crate::engine) async fn loan_of_prompt(
        &self, work: &mut Work<'_>, id: PromptId,
    ) -> Result<Option<Loan>, Fault> {
        let row = work.store().read(vec![aggregate::loan_of_prompt(id)]).await?.into_iter().next().flatten();
        match row.and_then(|row| LoanId::from_octets(&row.octets())) {
            Some(loan) => work.get::<Loan>(loan).await,
            None => Ok(None),
        }
    }

    /// A prompt as it stands, and what its provider is asked about it; `None` when it is nothing of ours.
    pub(in crate::engine) async fn prompt_of(
        &self, id: PromptId,
    ) -> Result<Option<(Prompt, Prompted)>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some(loan) = self.loan_of_prompt(&mut work, id).await? else { return Ok(None) };
        let Some(prompt) = loan.prompt(id).cloned() else { return Ok(None) };
        let her = work.need::<Party>(loan.artisan).await?;
        let shillings = u32::try_from(prompt.amount.whole())
            .map_err(|_| Fault::Broken(format!("prompt {id} is no sum a provider takes")))?;
        let checkout = prompt.known_as().map(str::to_owned);
        let (via, from, at) = (prompt.via.clone(), her.phone, work.now);
        Ok(Some((prompt, Prompted { id, via, from, shillings, checkout, at })))
    }

    /// What a provider posted about a prompt.
    pub(in crate::engine) async fn prompt_heard(&self, id: PromptId, news: &PromptNews) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            self.hear_prompt(&mut work, id, news).await?;
            if !work.acts() {
                return Ok(());
            }
            match self.commit(work, Cause::Money(id.to_string()), None).await {
                Err(conflict) if conflict.is_conflict() => {}
                other => return other.map(drop),
            }
        }
        Err(Fault::Broken(format!("prompt {id} never found a quiet moment")))
    }

    /// What is heard of a prompt, and what follows.
    pub(in crate::engine) async fn hear_prompt(
        &self, work: &mut Work<'_>, id: PromptId, news: &PromptNews,
    ) -> Result<(), Fault> {
        let Some(loan) = self.loan_of_prompt(work, id).await? else {
            tracing::warn!(prompt = %id, "the provider speaks of a prompt that is not ours");
            return Ok(());
        };
        let Some(heard) = heard(news) else { return Ok(()) };
        let hear = |heard| LoanCommand::Prompt(PromptCommand::Hear { id, heard });
        let cannot = |why| Fault::Broken(format!("prompt {id} cannot be heard of: {why}"));
        let decide = |heard| loan::decide(Some(&loan), &hear(heard), &self.policy, work.now).map_err(cannot);
        let mut events = decide(heard)?;
        if let Some(why) = self.named_twice(work, &loan, id, &events).await? {
            events = decide(PromptHeard::Odd { why, checkout: None, receipt: None })?;
        }
        self.prompt_became(work, &loan, id, events).await
    }

    /// Why a name that the provider gave, of a prompt or a payment, cannot be of this prompt: it stands for
    /// another one.
    pub(in crate::engine) async fn named_twice(
        &self, work: &Work<'_>, loan: &Loan, id: PromptId, events: &[LoanEvent],
    ) -> Result<Option<String>, Fault> {
        let Some(prompt) = loan.prompt(id) else { return Ok(None) };
        for event in events {
            let LoanEvent::Prompt(event) = event else { continue };
            let (checkout, receipt) = event.names();
            let names = [
                checkout.map(|name| (name, aggregate::prompt_called(&prompt.via, name))),
                receipt.map(|name| (name, aggregate::prompt_paid_under(&prompt.via, name))),
            ];
            for (name, key) in names.into_iter().flatten() {
                let row = work.store().read(vec![key]).await?.into_iter().next().flatten();
                let other = row.and_then(|row| PromptId::from_octets(&row.octets()));
                if let Some(other) = other.filter(|other| *other != id) {
                    return Ok(Some(format!("it is told of under {name}, which is that of prompt {other}")));
                }
            }
            if let PromptEvent::Paid { receipt, .. } = event {
                let fact = self.received(loan, prompt.sum(), receipt);
                let known = keys::transfer(post(&fact, work.now)?.id);
                if work.store().read(vec![known]).await?.iter().any(Option::is_some) {
                    return Ok(Some(format!("its receipt {receipt} was booked before")));
                }
            }
        }
        Ok(None)
    }

    fn received(&self, loan: &Loan, amount: Kes, receipt: &str) -> Fact {
        Fact::Received { artisan: loan.artisan, receipt: receipt.to_owned(), amount }
    }

    /// Notes what happened to a prompt, and does what follows.
    pub(in crate::engine) async fn prompt_became(
        &self, work: &mut Work<'_>, before: &Loan, id: PromptId, events: Vec<LoanEvent>,
    ) -> Result<(), Fault> {
        let Some(prompt) = before.prompt(id) else { return Ok(()) };
        work.apply::<Loan>(before.id, events.clone());
        let her = work.need::<Party>(before.artisan).await?;
        for event in events {
            let LoanEvent::Prompt(event) = event else { continue };
            match event {
                PromptEvent::Paid { receipt, came, .. } => {
                    let amount = came.unwrap_or(prompt.amount);
                    self.book_prompt(work, before, &her, amount, &receipt).await?;
                }
                PromptEvent::Odd { why, .. } => {
                    let why: String = why.chars().take(TOLD).collect();
                    let told = why.clone();
                    work.rings(move || tracing::error!(prompt = %id, why = told, "ALARM: what is said of a prompt does not fit together"));
                    let text = format!("prompt {id} for loan {}: {why}", before.id);
                    self.note_case(work, CaseKind::Money, None, vec![her.id], &text).await?;
                }
                // Nobody reads it.
                PromptEvent::Ended { .. } if her.is_erased() => {}
                PromptEvent::Ended { why, .. } if why == why::UNHEARD => {
                    self.tell(work, &her, "loan_prompt_unheard", vec![Value::Kes(prompt.amount)])?;
                }
                PromptEvent::Ended { why, .. } => {
                    let why = why::ALL.into_iter().find(|known| *known == why).unwrap_or(why::DECLINED);
                    let words = vec![
                        Value::Kes(prompt.amount),
                        Value::word("prompt_fail", why),
                        Value::text(self.house.dial.clone()),
                    ];
                    self.tell(work, &her, "loan_prompt_failed", words)?;
                }
                PromptEvent::Claimed { .. } => {
                    tracing::warn!(prompt = %id, "somebody says what came of a prompt, and its provider is asked");
                }
                PromptEvent::Asked { .. }
                | PromptEvent::Shown { .. }
                | PromptEvent::Named { .. }
                | PromptEvent::Cleared { .. } => {}
            }
        }
        let now = work.need::<Loan>(before.id).await?;
        let is_asked_about = now.prompt(id).is_some_and(Prompt::is_asked_about);
        if is_asked_about && !prompt.is_asked_about() {
            // Its item of the outbox ended with what was heard before, or is about to.
            let name = format!("prompt/{id}/{}", work.now.millis());
            put_out(work, id, name, Duration::ZERO);
        }
        Ok(())
    }

    /// What she paid is hers, and pays her loan; what is more than she owes stays hers.
    async fn book_prompt(
        &self, work: &mut Work<'_>, loan: &Loan, her: &Party, amount: Kes, receipt: &str,
    ) -> Result<(), Fault> {
        work.post(&self.received(loan, amount, receipt))?;
        if her.is_erased() {
            let account = Account::Artisan(her.id);
            let of = receipt.to_owned();
            work.rings(move || tracing::error!(%account, receipt = of, "ALARM: money came back for somebody who was forgotten"));
            let text = format!(
                "somebody who was forgotten paid KSh {amount} from her phone ({receipt}): it stands on {account}, \
                 which nobody can draw; two people post it elsewhere"
            );
            return self.note_case(work, CaseKind::Money, None, vec![], &text).await;
        }
        let loan = work.need::<Loan>(loan.id).await?;
        let left = loan.left();
        if left > Kes::ZERO {
            let free = Kes::minor(work.sum(Account::Artisan(her.id)).await?);
            let pay = LoanCommand::Pay { by: her.id, amount, free, pin_proven: true };
            self.pay_back(work, &loan, her, &pay)?
                .map_err(|why| Fault::Broken(format!("loan {} takes no payment: {why}", loan.id)))?;
        }
        let loan = work.need::<Loan>(loan.id).await?;
        self.watch_loan(work, &loan);
        let rest = Kes::minor((amount.cents() - left.cents()).max(0));
        let reference = Value::text(receipt.chars().take(20).collect::<String>());
        let shown = Value::Record(self.loan(&loan, her));
        if rest > Kes::ZERO {
            return self.tell(
                work,
                her,
                "loan_prompt_more",
                vec![shown, Value::Kes(amount), reference, Value::Kes(rest)],
            );
        }
        self.tell(work, her, "loan_prompt_paid", vec![shown, Value::Kes(amount), reference])
    }
}

/// Has the outbox see to a prompt.
fn put_out(work: &mut Work<'_>, id: PromptId, name: String, after: Duration) {
    let payload = serde_json::to_vec(&id).unwrap_or_default().into();
    let item = outbox::Item {
        kind: "prompt".into(),
        attempt: 0,
        give_up: work.now.after(LIVES),
        left: None,
        payload,
    };
    let due = work.now.after(after);
    outbox::push(work.extra(), shard::MONEY, due, name.as_bytes(), &item);
    work.wake(shard::MONEY);
}
