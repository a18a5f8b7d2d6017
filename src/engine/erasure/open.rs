//! What stands in the way of forgetting somebody: money, orders, promises to others, time.

use crate::engine::Engine;
use crate::engine::aggregate::{
    all_cash, all_orders, loans_of, mentees_of, open_cash_of, open_loan_of, open_payout_of, tasks_of,
    unchecked_at,
};
use crate::engine::desk::approvals::{Approval, Matter};
use crate::engine::desk::books::statement::accounts_of;
use crate::engine::desk::kept::waiting_approvals;
use crate::engine::view::every;
use crate::engine::work::{Fault, Work};
use crate::ledger::Account;
use crate::market::Cash;
use crate::market::case::Case;
use crate::market::cash::CashStage;
use crate::market::loan::Loan;
use crate::market::order::{Order, OrderStage};
use crate::market::party::{Party, Role};
use crate::store::keys;
use crate::types::time::NAIROBI;
use crate::types::{ApprovalId, Kes, PartyId, Timestamp};
use std::sync::PoisonError;

/// Whether somebody has still something to do with an order that is not over.
fn is_in(order: &Order, id: PartyId) -> bool {
    let hands = || order.custody.iter().any(|hand| [hand.giver, hand.receiver].contains(&id));
    order.maker == Some(id)
        || order.offer.is_some_and(|offer| offer.to == id)
        || order.mentoring.is_some_and(|share| share.mentor == id)
        || hands()
}

const fn is_over(order: &Order) -> bool {
    matches!(order.stage, OrderStage::Expired | OrderStage::Refunded | OrderStage::Closed)
}

impl Engine {
    /// Why she cannot be forgotten now, with what to do about it.
    pub(super) async fn stands_in_the_way(
        &self, work: &mut Work<'_>, her: &Party, approval: ApprovalId,
    ) -> Result<Option<String>, Fault> {
        if her.role == Role::Agent {
            let why = "she keeps a kiosk: its parcels, boxes and receipts stand under her, and config.toml names \
                       her phone; an agent cannot be erased in this release";
            return Ok(Some(why.to_owned()));
        }
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner).contains(&her.phone);
        if named {
            let why = "config.toml names her as a liaison, so that the next start would enrol her again: take her \
                       out of [[liaisons]] and start the service anew first";
            return Ok(Some(why.to_owned()));
        }
        for account in accounts_of(her.id) {
            // What moves her money until this is committed is not missed.
            work.keep(keys::balance(&account.to_string())).await?;
            let sum = work.sum(account).await?;
            if sum != 0 {
                let next = match account {
                    Account::Moving(_) => "wait until it has arrived or come back",
                    Account::Loan(_) => "it is paid back first, or lost by two people",
                    _ => "she takes it out first, or two people post it elsewhere",
                };
                return Ok(Some(format!(
                    "KSh {} stands on {account}: {next}",
                    Kes::minor(sum.saturating_abs())
                )));
            }
        }
        if let Some(hold) = her.holds().next() {
            let word = hold.code.word();
            return Ok(Some(format!(
                "her money waits ({word}): look into it and lift it first, sokoni holds"
            )));
        }
        for (key, why) in [
            (open_payout_of(her.id), "a payout of hers is not settled: wait for the provider, or ask it"),
            (open_cash_of(her.id), "she has a cash number that is still good: wait until it is used or over"),
            (open_loan_of(her.id), "she has a loan that is not over: it is paid back, stopped or lost first"),
        ] {
            if work.keep(key).await? {
                return Ok(Some(why.to_owned()));
            }
        }
        for (prefix, why) in [
            (tasks_of(her.id), "she is to fetch a parcel, or carries one: it is handed over first"),
            (unchecked_at(her.id), "a parcel waits for her check: it is judged first"),
        ] {
            if !work.store().scan(prefix, None, 1, false).await?.is_empty() {
                return Ok(Some(why.to_owned()));
            }
        }
        for (id, _) in every::<Loan>(work, loans_of(her.id), false).await? {
            // What is heard of a prompt of it until this is committed is not missed.
            let loan = work.need::<Loan>(id).await?;
            if let Some(open) = loan.prompts.iter().find(|prompt| !prompt.is_settled()) {
                return Ok(Some(format!(
                    "nobody knows what came of KSh {} that her phone was asked for: wait, or two people decide, \
                     sokoni loans prompts",
                    open.amount
                )));
            }
        }
        let denial = self.policy.cash_denial();
        let fetched = every::<Cash>(work, all_cash(), true).await?.into_iter().filter(|(_, cash)| {
            let mine = cash.owner == her.id && cash.stage == CashStage::Served;
            mine && cash.denied.is_none() && cash.since.after(denial) >= work.now
        });
        if let Some(last) = fetched.map(|(_, cash)| cash.since.after(denial)).max() {
            let (_, month, day) = last.civil(NAIROBI);
            return Ok(Some(format!(
                "she may say until {day}/{month} {} that a kiosk never gave her cash: wait until then",
                last.hour_minute(NAIROBI)
            )));
        }
        if let Some(why) = self.others_need_her(work, her, approval).await? {
            return Ok(Some(why));
        }
        self.orders_need_her(work, her.id).await
    }

    async fn others_need_her(
        &self, work: &mut Work<'_>, her: &Party, approval: ApprovalId,
    ) -> Result<Option<String>, Fault> {
        for (id, case) in every::<Case>(work, keys::index_prefix("case", &[]), true).await? {
            if case.closed.is_none() && case.people.contains(&her.id) {
                return Ok(Some(format!("case {id} is open: close it first, sokoni cases close")));
            }
        }
        let now = work.now;
        let guided = every::<Party>(work, mentees_of(her.id), false).await?;
        let guided =
            guided.iter().filter(|(_, one)| one.mentorship_on(now).is_some_and(|it| it.mentor == her.id));
        match guided.count() {
            0 => {}
            1 => return Ok(Some("she guides an artisan: that ends first".to_owned())),
            more => return Ok(Some(format!("she guides {more} artisans: that ends first"))),
        }
        for (id, other) in every::<Approval>(work, waiting_approvals(), false).await? {
            let about = serde_json::to_string(&other.matter).unwrap_or_default();
            let same = other.matter == Matter::Erasure { who: her.id };
            if id != approval && !same && about.contains(&her.id.to_string()) {
                return Ok(Some(format!("{} {id} about her waits: answer it first", other.matter.word())));
            }
        }
        Ok(None)
    }

    async fn orders_need_her(&self, work: &mut Work<'_>, id: PartyId) -> Result<Option<String>, Fault> {
        let mut last: Option<Timestamp> = None;
        for (code, order) in every::<Order>(work, all_orders(), true).await? {
            if !is_in(&order, id) {
                continue;
            }
            if !is_over(&order) {
                return Ok(Some(format!(
                    "order {code} is not over: it is {}; wait for its end, sokoni orders show {code}",
                    order.stage.word()
                )));
            }
            last = last.max(Some(order.since));
        }
        let may = last.map(|last| last.after(self.policy.keeps_names()));
        Ok(may.filter(|may| *may > work.now).map(|may| {
            let (year, month, day) = may.civil(NAIROBI);
            let days = self.policy.order.name_days;
            format!("her last order ended less than {days} days ago: her names may go from {day}/{month}/{year} on")
        }))
    }
}
