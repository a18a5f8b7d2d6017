//! What must hold: of every commit, of every day, and when everything has come to its end.

use super::doubles::brittle::Seen;
use super::model::Model;
use super::{BEGIN, FLOAT, Fault, World};
use crate::engine::audit::Derived;
use crate::engine::bulk::front::{BulkView, Counts};
use crate::engine::port::{PayoutNews, SmsIn};
use crate::engine::record::{Cause, Record};
use crate::engine::shopfront::{OrderView, ShopFront};
use crate::market::order::{Order, OrderStage, RefundWhy};
use crate::market::payout::{Payout, PayoutStage};
use crate::market::{Bulk, Policy};
use crate::store::{Key, Store, codec, keys, outbox, verify};
use crate::types::{Clock, SpokenCode, Timestamp};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// Accounts that hold other people's money: none of them is ever below zero.
const NEVER_BELOW_ZERO: [&str; 7] =
    ["artisan:", "moving:", "mentor:", "agent:", "rider:", "deposit:", "shipping_payable"];

/// An SMS that comes again within this is a repeat, and not meant once more.
const AGAIN: Duration = Duration::from_secs(60);

/// How much of everything is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The books alone.
    Books,
    /// Every order and every payout too.
    Whole,
}

/// What has been seen so far.
pub struct Checks {
    sums: BTreeMap<String, i64>,
    pub(super) model: Model,
    forms: BTreeMap<String, String>,
    /// When each SMS acted, by its mark.
    acted: BTreeMap<Vec<u8>, Timestamp>,
    /// How often each thing was looked at, by name.
    pub held: BTreeMap<&'static str, u64>,
    opened: bool,
    /// Somebody else speaks in the provider's name: its list is no longer the truth.
    pub(super) hearsay: bool,
}

fn page_size() -> usize {
    512
}

impl Checks {
    /// Nothing has been seen.
    pub fn new(policy: Policy) -> Self {
        let model = Model::new(&policy);
        Self {
            sums: BTreeMap::new(),
            model,
            forms: BTreeMap::new(),
            acted: BTreeMap::new(),
            held: BTreeMap::new(),
            opened: false,
            hearsay: false,
        }
    }

    fn held(&mut self, what: &'static str, times: u64) {
        *self.held.entry(what).or_default() += times;
    }

    /// A text that does not say that something broke.
    pub fn said(&mut self) {
        self.held("while the service lives nobody is told that something broke", 1);
    }

    /// A form that is posted twice opens one order.
    ///
    /// # Errors
    /// When it opened another; else whether it is the first time.
    pub fn form(&mut self, key: &str, token: &str) -> Result<bool, Fault> {
        let Some(first) = self.forms.get(key) else {
            self.forms.insert(key.to_owned(), token.to_owned());
            return Ok(true);
        };
        if first != token {
            return Err(format!("the form {key} opened two orders"));
        }
        self.held("a form posted twice is one order", 1);
        Ok(false)
    }

    /// An SMS, with what was committed of it just now: one that acted a moment ago acts on nothing again.
    fn acts_once(&mut self, sms: &SmsIn, seen: &[Seen]) -> Result<(), Fault> {
        let acted =
            |octets: &Bytes| serde_json::from_slice::<Record>(octets).map(|record| !record.events.is_empty());
        let mut acts = false;
        for octets in seen.iter().flat_map(|seen| &seen.records) {
            acts |= acted(octets).map_err(|why| format!("a record: {why}"))?;
        }
        let before = self.acted.get(&sms.mark).copied().filter(|at| sms.at.since(*at) < AGAIN);
        match before {
            Some(_) if acts => {
                return Err(format!("an SMS of {:?} that came again acted again: {:?}", sms.from, sms.text));
            }
            Some(_) => self.held("an SMS that comes again acts on nothing", 1),
            None if acts => drop(self.acted.insert(sms.mark.clone(), sms.at)),
            None => {}
        }
        Ok(())
    }

    /// The page of an order: who gets what adds up.
    ///
    /// # Errors
    /// When it does not.
    pub fn page(&mut self, page: &OrderView) -> Result<(), Fault> {
        let parts: i64 = page.split.parts.iter().map(|(_, sum)| sum.cents()).sum();
        if parts != page.split.total.cents() {
            return Err(format!("the page of order {} tells parts of {parts} cents", page.code));
        }
        self.held("who gets what on an order's page adds up", 1);
        Ok(())
    }

    /// The page of a bulk request: every piece is somewhere, once.
    ///
    /// # Errors
    /// When one is not, or is in two places.
    pub fn request(&mut self, page: &BulkView) -> Result<(), Fault> {
        let Counts { left, offered, making, passed, refunded } = page.counts;
        let all = left + offered + making + passed + refunded;
        if all != page.quantity {
            return Err(format!("the page of request {} counts {all} of {}", page.code, page.quantity));
        }
        self.held("every piece of a bulk request is in one place", 1);
        Ok(())
    }

    /// One commit: it balances, nobody is below zero, and every account it touched stands where the
    /// rules say.
    fn commit(&mut self, seen: &Seen) -> Result<(), Fault> {
        let residue: i64 = seen.sums.iter().map(|(_, delta)| delta).sum();
        if residue != 0 {
            return Err(format!("a commit moved {residue} cents out of nowhere"));
        }
        for (account, delta) in &seen.sums {
            let sum = self.sums.entry(account.clone()).or_default();
            *sum += delta;
            if *sum < 0 && NEVER_BELOW_ZERO.iter().any(|kind| account.starts_with(kind)) {
                return Err(format!("{account} stands at {sum} cents"));
            }
        }
        for octets in &seen.records {
            let record: Record = serde_json::from_slice(octets).map_err(|why| format!("a record: {why}"))?;
            if !self.opened && !record.transfers.is_empty() {
                self.opened = true;
                self.model.opened(FLOAT.cents());
            }
            if let Cause::PutOff { timer, why } = &record.cause {
                return Err(format!("{timer} fell due and could not be done: {why}"));
            }
            self.model.take(&record)?;
        }
        let mut touched = self.model.take_touched();
        touched.extend(seen.sums.iter().map(|(account, _)| account.clone()));
        for account in &touched {
            let (books, rules) = (self.sums.get(account).copied().unwrap_or(0), self.model.sum(account));
            if books != rules {
                let turn: Vec<_> =
                    seen.records.iter().map(|octets| String::from_utf8_lossy(octets)).collect();
                return Err(format!(
                    "{account} stands at {books} cents, and by the rules at {rules}, after {}",
                    turn.join("\n")
                ));
            }
        }
        self.held("a commit balances, to the cent as the rules say", 1);
        self.held("an account that was moved stands as the rules say", touched.len() as u64);
        Ok(())
    }
}

impl World {
    /// What must hold after every step.
    pub(super) fn check_step(&mut self) -> Result<(), Fault> {
        for seen in self.store.take_seen() {
            self.checks.commit(&seen)?;
        }
        Ok(())
    }

    /// What must hold of an SMS that was just handed over: it acts once, also when it comes again or the
    /// process died of it.
    pub(super) fn check_sms(&mut self, sms: &SmsIn) -> Result<(), Fault> {
        let seen = self.store.take_seen();
        self.checks.acts_once(sms, &seen)?;
        seen.iter().try_for_each(|seen| self.checks.commit(seen))
    }

    async fn rows(&self, prefix: Key) -> Result<Vec<(Key, crate::store::batch::Row)>, Fault> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let rows = self.store.rows().scan(prefix.clone(), from, page_size(), false).await;
            let rows = rows.map_err(|why| why.to_string())?;
            let Some((last, _)) = rows.last() else { return Ok(all) };
            from = Some(last.clone());
            all.extend(rows);
        }
    }

    async fn every<A: serde::de::DeserializeOwned>(&self, kind: u8) -> Result<Vec<A>, Fault> {
        let rows = self.rows(keys::aggregates(kind)).await?;
        let read = |(key, row): (Key, crate::store::batch::Row)| codec::decode_row(&key, &row);
        rows.into_iter().map(read).collect::<Result<_, _>>().map_err(|why| why.to_string())
    }

    /// What must hold on every day.
    pub(super) async fn check_day(&mut self, scope: Scope) -> Result<(), Fault> {
        self.check_step()?;
        let mut stored = BTreeMap::new();
        for (key, row) in self.rows(vec![keys::BALANCES]).await? {
            let account = keys::parse_balance(&key).ok_or("a row among the balances that is none")?;
            stored.insert(account.to_owned(), row.sum());
        }
        let total: i128 = stored.values().map(|sum| i128::from(*sum)).sum();
        if total != 0 {
            return Err(format!("the books are {total} cents off"));
        }
        for (account, rules) in self.checks.model.sums() {
            let books = stored.get(account).copied().unwrap_or(0);
            if books != *rules {
                return Err(format!(
                    "{account} is stored at {books} cents, and stands by the rules at {rules}"
                ));
            }
        }
        let alien =
            stored.iter().find(|(account, sum)| **sum != 0 && self.checks.model.sum(account) != **sum);
        if let Some((account, sum)) = alien {
            return Err(format!("{account} is stored at {sum} cents, and the rules know nothing of it"));
        }
        self.checks.held("all accounts as stored, their sum zero", 1);
        if scope == Scope::Whole {
            self.check_orders(&stored).await?;
            self.check_payouts(false).await?;
            self.check_pages().await?;
        }
        Ok(())
    }

    /// Pieces add up, and a deposit is the value of those that neither passed nor were refunded.
    async fn check_orders(&mut self, stored: &BTreeMap<String, i64>) -> Result<(), Fault> {
        let orders: Vec<Order> = self.every(b'o').await?;
        // What the parts of each bulk request have brought.
        let mut passed: BTreeMap<SpokenCode, u32> = BTreeMap::new();
        for order in &orders {
            let (code, quote) = (order.terms.code, order.terms.quote);
            let given_back = |done: bool| {
                let before = order.refunds.iter().filter(|refund| refund.why != RefundWhy::AfterRelease);
                let refunds = before.filter(|refund| !done || refund.done.is_some());
                refunds.map(|refund| refund.pieces).sum::<u32>()
            };
            let ended = matches!(
                order.stage,
                OrderStage::Released
                    | OrderStage::Refunded
                    | OrderStage::Shipped
                    | OrderStage::Delivered
                    | OrderStage::Closed
            );
            let settled = order.passed + given_back(false);
            if settled > quote.pieces || (ended && settled != quote.pieces) {
                return Err(format!(
                    "order {code}: {} passed and {} to be refunded of {} pieces, {}",
                    order.passed,
                    given_back(false),
                    quote.pieces,
                    order.stage.word()
                ));
            }
            if let Some(part) = order.terms.bulk {
                *passed.entry(part.code).or_default() += order.passed;
                continue;
            }
            let open = quote.pieces.saturating_sub(order.passed + given_back(true));
            let deposit = if order.payment.is_some() { quote.value(open).cents() } else { 0 };
            let books = stored.get(&format!("deposit:{code}")).copied().unwrap_or(0);
            if books != deposit {
                return Err(format!(
                    "the deposit of order {code} is {books} cents, and {open} pieces are open"
                ));
            }
        }
        self.checks.held("an order's pieces and its deposit add up", orders.len() as u64);
        self.check_requests(stored, &passed).await
    }

    /// The deposit of a bulk request is the value of the pieces that no part brought and nobody was
    /// given money back for.
    async fn check_requests(
        &mut self, stored: &BTreeMap<String, i64>, passed: &BTreeMap<SpokenCode, u32>,
    ) -> Result<(), Fault> {
        let requests: Vec<Bulk> = self.every(b'b').await?;
        for request in &requests {
            let (code, quote) = (request.terms.code, request.terms.quote);
            let brought = passed.get(&code).copied().unwrap_or(0);
            let done = request.refunds.iter().filter(|refund| refund.done.is_some());
            let back: u32 = done.map(|refund| refund.pieces).sum();
            let Some(open) = quote.pieces.checked_sub(brought + back) else {
                return Err(format!(
                    "request {code}: {brought} passed and {back} refunded of {}",
                    quote.pieces
                ));
            };
            let deposit = if request.payment.is_some() { quote.value(open).cents() } else { 0 };
            let books = stored.get(&format!("deposit:{code}")).copied().unwrap_or(0);
            if books != deposit || brought != request.passed() {
                return Err(format!(
                    "the deposit of request {code} is {books} cents, and {open} pieces are open"
                ));
            }
        }
        self.checks.held("a bulk request's pieces and its deposit add up", requests.len() as u64);
        Ok(())
    }

    /// The provider's list against ours. `at_rest`: nothing is under way any more.
    async fn check_payouts(&mut self, at_rest: bool) -> Result<(), Fault> {
        if self.checks.hearsay {
            return Ok(());
        }
        let now = self.clock.now();
        let transfers = self.provider.transfers();
        let payouts: Vec<Payout> = self.every(b'y').await?;
        for payout in &payouts {
            let id = payout.id;
            let list = transfers.get(&id).map_or(&[][..], Vec::as_slice);
            if list.len() > 1 {
                return Err(format!("the provider has {} transfers for payout {id}", list.len()));
            }
            let paid = list.first().is_some_and(|transfer| transfer.is_paid(now));
            let came_back = matches!(self.provider.says(id), Some(PayoutNews::Reversed { .. }));
            let wrong = match payout.stage {
                PayoutStage::Paid => !paid && !came_back,
                PayoutStage::Failed => paid && at_rest,
                PayoutStage::Reversed => !came_back,
                _ => at_rest,
            } || (at_rest && came_back && payout.stage == PayoutStage::Paid);
            if wrong {
                let says = self.provider.says(id);
                return Err(format!(
                    "payout {id} is {}, and the provider says {says:?}",
                    payout.stage.word()
                ));
            }
            let same = |transfer: &super::doubles::provider::Transfer| {
                transfer.to == payout.to && i64::from(transfer.shillings) * 100 == payout.amount.cents()
            };
            if !list.iter().all(same) {
                return Err(format!("payout {id} went to another phone, or was another sum"));
            }
        }
        let known = payouts.iter().filter(|payout| transfers.contains_key(&payout.id)).count();
        if known != transfers.len() {
            return Err(format!(
                "the provider has {} transfers that nobody asked for",
                transfers.len() - known
            ));
        }
        self.checks
            .held("a payout stands as in the provider's list, paid once at most", payouts.len() as u64);
        Ok(())
    }

    /// What some shoppers see adds up.
    async fn check_pages(&mut self) -> Result<(), Fault> {
        for _ in 0..20 {
            let Some(token) = self.dice.one(&self.tokens).cloned() else { return Ok(()) };
            let page = self.engine.order(token).await;
            if self.revived().await? {
                return Ok(());
            }
            self.checks.page(&page.map_err(|why| format!("the page of an order: {why}"))?)?;
        }
        Ok(())
    }

    /// What must hold when everything has come to its end.
    pub(super) async fn check_end(&mut self) -> Result<(), Fault> {
        self.check_day(Scope::Whole).await?;
        self.check_payouts(true).await?;
        let waits = outbox::next_due(self.store.rows(), 1).await.map_err(|why| why.to_string())?;
        if let Some(due) = waits {
            return Err(format!("a text still waits, {:?} after the beginning", due.since(BEGIN)));
        }
        self.checks.held("no text is left in the outbox", 1);
        self.check_cards()?;
        let report = verify::verify(self.store.rows(), &mut Derived::default(), 5).await;
        let report = report.map_err(|why| format!("the journal: {why}"))?;
        if let Some(difference) = report.differences.first() {
            return Err(format!(
                "{} rows are not what the journal says: {difference}",
                report.differences.len()
            ));
        }
        self.checks.held("the journal is whole, and the rows are what it says", 1);
        Ok(())
    }

    /// The till's list against ours: every charge is in the books, every refund was made once.
    fn check_cards(&mut self) -> Result<(), Fault> {
        let mut by_key = BTreeMap::new();
        for refund in self.till.refunds() {
            let made: &mut u32 = by_key.entry(refund.key.clone()).or_default();
            *made += 1;
            if *made > 1 {
                return Err(format!("the refund {} was made twice", refund.key));
            }
        }
        let rate = i128::from(Policy::default().shillings_per_dollar_hundredths);
        let taken: i128 = self.till.captures().values().map(|(_, amount)| i128::from(amount.cents())).sum();
        let back: i128 = self.till.refunds().iter().map(|refund| i128::from(refund.amount.cents())).sum();
        let psp = i128::from(self.checks.model.sum("psp"));
        let fees = i128::from(self.checks.model.sum("exp:psp"));
        // What the processor holds for us is what it took, less refunds, less its fees; each sum in
        // shillings may differ by half a cent.
        let held = (taken - back) * rate / 100;
        let sums = self.till.captures().len() + self.till.refunds().len();
        if (held + fees + psp).unsigned_abs() > sums as u128 {
            return Err(format!(
                "the processor holds {held} cents less fees of {}, the books say {}",
                -fees, -psp
            ));
        }
        self.checks.held("the processor's list and the books agree", 1);
        Ok(())
    }
}
