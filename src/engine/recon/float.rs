//! What the float at each provider holds, by the books or by its statement, and when it ends.

use super::{FloatRow, kept};
use crate::engine::Engine;
use crate::engine::port::UNNAMED;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::{Fault, Work};
use crate::ledger::{Account, balance};
use crate::market::Payout;
use crate::market::payout::PayoutStage;
use crate::market::recon::Statement;
use crate::market::recon::float::{self, Float};
use crate::store::keys;
use crate::types::{Kes, PayoutId, Timestamp};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// How much earlier than it is settled a payout may have been asked for, and still be looked at.
const SLOW: Duration = Duration::from_secs(7 * 86_400);
/// The newest statements among which one is sought that tells a balance.
const LOOKED_AT: usize = 32;

/// The provider of a payout.
pub(super) fn way(payout: &Payout) -> &str {
    if payout.via.is_empty() { UNNAMED } else { &payout.via }
}

/// What a payout takes out of its provider's float, in cents.
fn takes(engine: &Engine, payout: &Payout) -> i64 {
    payout.amount.cents() + engine.policy_at(&payout.via).payout_fee(payout.amount).cents()
}

fn taken<'p>(engine: &Engine, payouts: impl Iterator<Item = &'p Payout>) -> i64 {
    payouts.map(|payout| takes(engine, payout)).sum()
}

impl Engine {
    /// Every payout that was asked for since a moment, oldest first.
    pub(super) async fn payouts_since(
        &self, work: &mut Work<'_>, since: Timestamp,
    ) -> Result<Vec<Payout>, Fault> {
        let (mut all, mut from) =
            (Vec::new(), Some(keys::payout_asked(since, PayoutId::from_bytes([0; 16]))));
        loop {
            let page = work.store().scan(keys::index_prefix("payout", &[]), from, 256, false).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            from = Some(last.clone());
            let id = |key: &_| PayoutId::from_octets(&keys::index_id(key)?);
            let ids: Vec<PayoutId> = page.iter().filter_map(|(key, _)| id(key)).collect();
            all.extend(view::read_all::<Payout>(work, &ids).await?.into_iter().flatten());
        }
    }

    /// Every payout that is not settled.
    pub(in crate::engine) async fn open_payouts(&self, work: &mut Work<'_>) -> Result<Vec<Payout>, Fault> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let page = work.store().scan(keys::index_prefix("open_payout", &[]), from, 256, false).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            from = Some(last.clone());
            let ids: Vec<PayoutId> =
                page.iter().filter_map(|(_, row)| PayoutId::from_octets(&row.octets())).collect();
            all.extend(view::read_all::<Payout>(work, &ids).await?.into_iter().flatten());
        }
    }

    pub(in crate::engine) async fn float_rows(&self) -> Result<Vec<FloatRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let (now, days) = (work.now, self.recon.forecast_days.max(1));
        let begins = before(now, DAY * days);
        let payouts = self.payouts_since(&mut work, before(begins, SLOW)).await?;
        let open = self.open_payouts(&mut work).await?;
        let books = balance::on_its_side(Account::MmFloat, work.sum(Account::MmFloat).await?);
        let mut rows = Vec::new();
        for provider in &self.recon.providers {
            let by = |payout: &&Payout| way(payout) == provider;
            let paid =
                |since| move |payout: &&Payout| payout.stage == PayoutStage::Paid && payout.since >= since;
            let waiting: Vec<&Payout> = open.iter().filter(by).collect();
            let asked = taken(self, waiting.iter().copied());
            let left = taken(self, payouts.iter().filter(by).filter(paid(begins)));
            // Below zero the books say only that nobody has posted what was brought to the provider.
            let (holds, known) = match self.last_statement(&mut work, provider).await? {
                _ if self.recon.providers.len() == 1 => {
                    (Some(books).filter(|sum| *sum >= Kes::ZERO), "books")
                }
                Some(Statement { closing: Some(closing), to, .. }) => {
                    let since = taken(self, payouts.iter().filter(by).filter(paid(to)));
                    (Some(Kes::minor(closing.cents() - since)), "statement")
                }
                _ => (None, "unknown"),
            };
            let ends =
                holds.and_then(|holds| float::ends(Float { holds: holds.cents(), asked, left, days }, now));
            let soon = now.after(Duration::from_secs(u64::from(self.recon.alarm_hours) * 3_600));
            rows.push(FloatRow {
                provider: provider.clone(),
                holds,
                by: if holds.is_some() { known } else { "unknown" }.to_owned(),
                asked: Kes::minor(asked),
                waiting: waiting.len() as u64,
                left: Kes::minor(left),
                days,
                ends,
                soon: ends.is_some_and(|ends| ends <= soon),
            });
        }
        Ok(rows)
    }

    /// The statement of a provider that reaches furthest.
    pub(super) async fn last_statement(
        &self, work: &mut Work<'_>, provider: &str,
    ) -> Result<Option<Statement>, Fault> {
        let newest = work.store().scan(kept::statements_of(provider), None, LOOKED_AT, true).await?;
        let mut last = None;
        for id in newest.iter().filter_map(|(key, _)| keys::index_id(key)) {
            let Some(id) = FromIndex::from_octets(&id) else { continue };
            let Some(statement) = view::read::<Statement>(work, id).await? else { continue };
            // One that says nothing of what payouts are paid from is no newer word on that.
            if statement.closing.is_some() {
                return Ok(Some(statement));
            }
            last = last.or(Some(statement));
        }
        Ok(last)
    }

    /// Tells of every float that ends soon.
    pub(super) async fn watch_floats(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        for row in self.float_rows().await?.into_iter().filter(|row| row.soon) {
            let FloatRow { provider, asked, .. } = row;
            let hours = row.ends.map_or(0, |ends| ends.since(now).as_secs() / 3_600);
            let holds = row.holds.unwrap_or_default().whole();
            let asked = asked.whole();
            tracing::error!(
                provider,
                hours,
                holds,
                asked,
                "ALARM: the float at a provider ends soon; fill it"
            );
        }
        Ok(())
    }
}

/// So long before a moment.
pub(super) fn before(moment: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(
        moment.millis().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
    )
}
