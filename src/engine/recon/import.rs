//! A statement comes in: read whole, matched, kept. It never moves money; what it says that the books do
//! not is told to a person.

use super::float::{before, way};
use super::{StatementFile, StatementRow, kept};
use crate::engine::Engine;
use crate::engine::depot::cases::Opening;
use crate::engine::desk::books::statement::postings_of;
use crate::engine::desk::{Who, broken};
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::work::{Fault, Work};
use crate::ledger::{Account, Reference, Transfer, balance};
use crate::market::Payout;
use crate::market::case::CaseKind;
use crate::market::payout::PayoutStage;
use crate::market::recon::file::{self, Sheet};
use crate::market::recon::incoming::{CameIn, came_in};
use crate::market::recon::matching::compare;
use crate::market::recon::{
    Class, Difference, DifferenceEvent, Entry, Finding, Standing, Statement, StatementEvent,
};
use crate::store::{codec, keys};
use crate::types::{Kes, PayoutId, StatementId, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long before a statement begins a payout may have been asked for that stands in it, or is taken back
/// in it.
const REACH: Duration = Duration::from_secs(30 * 86_400);
/// How much later than a provider we may hear of a payment.
pub(super) const LATE: Duration = Duration::from_secs(3_600);
/// A file with more differences is of another provider, or its columns are named wrongly.
const MOST_DIFFERENCES: usize = 1_000;
/// Differences, and payouts that agree, that one commit has room for.
const AT_ONCE: (usize, usize) = (25, 400);
/// Letters of a file's name that are kept.
const LONGEST_NAME: usize = 120;

fn field(field: &'static str, why: impl ToString) -> ShopError {
    ShopError::Field { field, why: why.to_string() }
}

impl Engine {
    pub(super) async fn import_statement(
        &self, by: &Who, file: StatementFile,
    ) -> Result<StatementRow, ShopError> {
        let StatementFile { provider, name, octets } = file;
        if !self.recon.providers.contains(&provider) {
            let known = self.recon.providers.join(", ");
            return Err(field("provider", format!("{provider:?} pays nobody here; one of {known}")));
        }
        let hash: String = Sha256::digest(&octets).iter().map(|octet| format!("{octet:02x}")).collect();
        let id = Statement::id_of(&provider, &hash);
        let kept = async { self.work(self.clock.now())?.get::<Statement>(id).await };
        if let Some(known) = kept.await.map_err(|fault| broken(&fault))? {
            return self.imported(known, true).await.map_err(|fault| broken(&fault));
        }
        let layout = self.recon.layout(&provider).map_err(|why| field("provider", why))?;
        let mut sheet = file::read(&octets, &layout, &provider).map_err(|why| field("file", why))?;
        let entries = self.entries(&provider, sheet.period).await.map_err(|fault| broken(&fault))?;
        let asked = self.prompts_of(&provider, sheet.period).await.map_err(|fault| broken(&fault))?;
        let CameIn { mut found, named, others, only_in } = came_in(&sheet.lines, &asked, sheet.period);
        // What stands on another account is nothing of what payouts are paid from.
        let apart = only_in && self.money.takes_elsewhere(&provider);
        let mut paid = compare(&others, &entries, sheet.period, layout.tells_fees());
        if apart {
            sheet.balances = None;
            paid.retain(|one| one.class != Class::LedgerOnly);
        }
        found.extend(paid);
        found.sort_by_key(|one| one.at);
        let differ = found.iter().filter(|one| one.class != Class::Matched).count();
        if differ > MOST_DIFFERENCES {
            let why = format!(
                "{differ} of its {} lines differ from the books; is this the statement of {provider}? Else import \
                 fewer days at a time",
                sheet.lines.len()
            );
            return Err(field("file", why));
        }
        let name: String = name.trim().chars().take(LONGEST_NAME).collect();
        let kept = async {
            let file = (id, provider.as_str(), name, hash);
            let statement = self.weigh(by, file, &sheet, (&found, &entries)).await?;
            self.name_prompts(&named).await?;
            self.keep_statement(by, statement, &found).await
        };
        kept.await.map_err(|fault| broken(&fault))
    }

    /// What the books have that a statement of these moments may tell of.
    async fn entries(&self, provider: &str, period: (Timestamp, Timestamp)) -> Result<Vec<Entry>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let payouts = self.payouts_since(&mut work, before(period.0, REACH)).await?;
        let last = period.1.after(LATE);
        let mut entries = Vec::new();
        for payout in payouts.into_iter().filter(|one| way(one) == provider && one.asked <= last) {
            entries.push(self.entry(&work, payout).await?);
        }
        Ok(entries)
    }

    /// A payout as its postings have it.
    async fn entry(&self, work: &Work<'_>, payout: Payout) -> Result<Entry, Fault> {
        let (mut gone, mut back, mut fee) = (0i64, 0i64, 0i64);
        for posting in postings_of(work, &Reference::Payout(payout.id)).await? {
            for (account, credit) in posting.lines {
                match (account.parse::<Account>(), credit.cents()) {
                    (Ok(Account::MmFloat), cents) if cents > 0 => gone += cents,
                    (Ok(Account::MmFloat), cents) => back -= cents,
                    (Ok(Account::ExpMm), cents) => fee -= cents,
                    _ => {}
                }
            }
        }
        Ok(Entry {
            payout: payout.id,
            standing: match payout.stage {
                PayoutStage::Paid => Standing::Paid,
                PayoutStage::Reversed => Standing::Reversed,
                PayoutStage::Failed => Standing::Failed,
                PayoutStage::Asked
                | PayoutStage::Reserved
                | PayoutStage::Submitted
                | PayoutStage::Unknown => Standing::Open,
            },
            receipt: payout.reference,
            to: payout.to,
            amount: payout.amount,
            fee: Kes::minor(fee),
            gone,
            back,
            asked: payout.asked,
            since: payout.since,
            seen: kept::seen_in(&*self.store, *payout.id.as_bytes()).await?.is_some(),
        })
    }

    /// The statement itself, with what the books have at its end.
    async fn weigh(
        &self, by: &Who, file: (StatementId, &str, String, String), sheet: &Sheet,
        (found, entries): (&[Finding], &[Entry]),
    ) -> Result<Statement, Fault> {
        let (id, provider, name, hash) = file;
        let mut work = self.work(self.clock.now())?;
        let mut others = 0;
        for other in self.recon.providers.iter().filter(|other| *other != provider) {
            let last = self.last_statement(&mut work, other).await?;
            others += last.and_then(|last| last.closing).unwrap_or_default().cents();
        }
        // What it has of ours and we heard of later is in it, and not yet in the books of its end.
        let told: BTreeSet<PayoutId> =
            found.iter().filter(|one| !one.rows.is_empty()).filter_map(|one| one.payout).collect();
        let later = |one: &&Entry| one.standing == Standing::Paid && one.since > sheet.period.1;
        let late: i64 =
            entries.iter().filter(later).filter(|one| told.contains(&one.payout)).map(Entry::net).sum();
        let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
        for one in found {
            *classes.entry(one.class).or_default() += 1;
        }
        Ok(Statement {
            id,
            provider: provider.to_owned(),
            name,
            hash,
            by: by.name().to_owned(),
            at: work.now,
            from: sheet.period.0,
            to: sheet.period.1,
            lines: sheet.lines.len() as u64,
            opening: sheet.balances.map(|(opening, _)| opening),
            closing: sheet.balances.map(|(_, closing)| closing),
            gaps: sheet.gaps,
            others: Kes::minor(others),
            books: Kes::minor(self.float_at(&work, sheet.period.1).await?.cents() - late),
            found: classes,
            there: Kes::minor(found.iter().map(|one| one.there).sum()),
            here: Kes::minor(found.iter().map(|one| one.here).sum()),
        })
    }

    /// What the books had as the float at a moment: what they have now, less what was posted since.
    async fn float_at(&self, work: &Work<'_>, moment: Timestamp) -> Result<Kes, Fault> {
        let account = Account::MmFloat;
        let mut sum = work.sum(account).await?;
        let (prefix, mut from) = (keys::statements(&account.to_string()), None);
        loop {
            let page = work.store().scan(prefix.clone(), from, 256, true).await?;
            let Some((last, _)) = page.last() else { break };
            from = Some(last.clone());
            for (key, row) in &page {
                let at = keys::parse_statement(key).map_or(0, |(_, at, _)| at);
                if i64::try_from(at).unwrap_or(i64::MAX) <= moment.millis() {
                    return Ok(balance::on_its_side(account, sum));
                }
                let key = keys::transfer(codec::decode_row(key, row)?);
                let row = work.store().read(vec![key.clone()]).await?.into_iter().next().flatten();
                let row = row.ok_or_else(|| Fault::Broken("a transfer of the float is gone".to_owned()))?;
                let transfer: Transfer = codec::decode_row(&key, &row)?;
                sum -= transfer.net().get(&account).copied().unwrap_or(0);
            }
        }
        Ok(balance::on_its_side(account, sum))
    }

    /// Keeps what differs, then the statement. More than one commit has room for goes into several, the
    /// statement into the last: what died on the way is imported once more, and known differences stay.
    async fn keep_statement(
        &self, by: &Who, statement: Statement, found: &[Finding],
    ) -> Result<StatementRow, Fault> {
        let about = |one: &Finding| {
            one.payout.map(|id| *id.as_bytes()).or_else(|| one.prompt.map(|id| *id.as_bytes()))
        };
        let agree: Vec<[u8; 16]> =
            found.iter().filter(|one| one.class == Class::Matched).filter_map(about).collect();
        let differ: Vec<Difference> =
            found.iter().filter_map(|one| Difference::of(one, &statement.provider, statement.id)).collect();
        let commits = differ.len().div_ceil(AT_ONCE.0).max(agree.len().div_ceil(AT_ONCE.1)).max(1);
        for nth in 0..commits {
            let differ = differ.chunks(AT_ONCE.0).nth(nth).unwrap_or_default();
            let agree = agree.chunks(AT_ONCE.1).nth(nth).unwrap_or_default();
            let whole = (nth + 1 == commits).then_some(&statement);
            let mut tries = 0;
            while let Err(fault) = self.keep_some(by, &statement, (differ, agree), whole).await {
                tries += 1;
                if !fault.is_conflict() || tries == TRIES {
                    return Err(fault);
                }
            }
        }
        self.imported(statement, false).await
    }

    async fn keep_some(
        &self, by: &Who, statement: &Statement, (differ, agree): (&[Difference], &[[u8; 16]]),
        whole: Option<&Statement>,
    ) -> Result<(), Fault> {
        let mut work = self.work(self.clock.now())?;
        for difference in differ {
            if work.get::<Difference>(difference.id).await?.is_some() {
                continue;
            }
            let mut new = difference.clone();
            if new.class.opens_case() {
                new.case = self.case_of(&mut work, &new).await?;
            }
            work.apply::<Difference>(new.id, vec![DifferenceEvent::Found(Box::new(new))]);
        }
        for id in agree {
            kept::note_seen(work.extra(), *id, statement.id);
        }
        if let Some(whole) = whole
            && work.get::<Statement>(whole.id).await?.is_none()
        {
            work.apply::<Statement>(whole.id, vec![StatementEvent::Imported(Box::new(whole.clone()))]);
        }
        let did = format!("import the statement {} of {}", statement.name, statement.provider);
        self.commit(work, by.did(did), None).await.map(drop)
    }

    /// Somebody looks after money that one of us has too much.
    async fn case_of(
        &self, work: &mut Work<'_>, found: &Difference,
    ) -> Result<Option<crate::types::CaseId>, Fault> {
        let mut people = Vec::new();
        let mut about = found.receipt.clone();
        if let Some(payout) = found.payout {
            people.push(work.need::<Payout>(payout).await?.owner);
            about = format!("{about} payout {payout}");
        }
        if let Some(prompt) = found.prompt
            && let Some(loan) = self.loan_of_prompt(work, prompt).await?
        {
            people.push(loan.artisan);
            about = format!("{about} prompt {prompt}");
        }
        let text =
            format!("The statement of {} and the books differ, {about}: {}", found.provider, found.says);
        let opening = Opening { what: CaseKind::Money, order: None, people, by: "", text: &text };
        match self.open_case(work, opening).await? {
            Ok(case) => Ok(Some(case.id)),
            Err(why) => {
                tracing::warn!(refusal = why.code(), "a case about a statement could not be opened");
                Ok(None)
            }
        }
    }

    async fn imported(&self, statement: Statement, again: bool) -> Result<StatementRow, Fault> {
        let rows = self.statement_rows().await?;
        let open = rows.iter().find(|row| row.statement.id == statement.id).map_or(0, |row| row.open);
        Ok(StatementRow { apart: statement.apart(), statement, open, again })
    }
}
