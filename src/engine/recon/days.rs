//! The trial balance of each day, kept when the day is over: by kinds of accounts, with the proof that all
//! of them add up to nothing.

use crate::engine::Engine;
use crate::engine::audit;
use crate::engine::desk::books::figures::family;
use crate::engine::record::Cause;
use crate::engine::trade::Due;
use crate::engine::work::{Fault, Work};
use crate::ledger::{Account, balance};
use crate::store::batch::Expect;
use crate::store::{Store, codec, keys};
use crate::types::time::NAIROBI;
use crate::types::{Kes, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often the accounts are read anew when they do not add up: somebody may have posted meanwhile.
const LOOKS: usize = 5;
/// Days on the desk's page.
const SHOWN: usize = 60;
const DAY: Duration = Duration::from_secs(86_400);
/// How often the floats are looked at.
const HOUR: Duration = Duration::from_secs(3_600);

/// Accounts of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialKind {
    /// The kind: `artisan`, `mm_float`, `exp:mm`.
    pub family: String,
    /// Where it stands in the chart.
    pub side: String,
    /// How many accounts.
    pub accounts: u64,
    /// What they hold together, on their side.
    pub balance: Kes,
}

/// The trial balance with which a day ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialDay {
    /// The day, in Nairobi: `2026-11-23`.
    pub day: String,
    /// When it was read.
    pub at: Timestamp,
    /// Kinds of accounts, in the order of the chart.
    pub kinds: Vec<TrialKind>,
    /// What all debits add up to.
    pub debits: Kes,
    /// What all credits add up to.
    pub credits: Kes,
    /// What is left over: nothing, or the books are wrong.
    pub sum: Kes,
}

/// The first moment of the day after this one, in Nairobi.
fn midnight(now: Timestamp) -> Timestamp {
    let (year, month, day) = now.after(DAY).civil(NAIROBI);
    Timestamp::of_day(year, month, day, NAIROBI).unwrap_or_else(|| now.after(DAY))
}

/// The day that a moment belongs to, in Nairobi.
fn day_of(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02}")
}

/// A trial balance of credit-positive sums.
fn trial(day: String, at: Timestamp, sums: &[(Account, i64)]) -> TrialDay {
    let mut kinds: Vec<TrialKind> = Vec::new();
    let (mut debits, mut credits) = (0i64, 0i64);
    for row in balance::trial_balance(sums.iter().copied()) {
        let side = if row.side.grows_by_credit() { &mut credits } else { &mut debits };
        *side = side.saturating_add(row.balance.cents());
        let code = row.account.to_string();
        let name = family(&code);
        match kinds.last_mut().filter(|kind| kind.family == name) {
            Some(kind) => {
                kind.accounts += 1;
                kind.balance = Kes::minor(kind.balance.cents().saturating_add(row.balance.cents()));
            }
            None => kinds.push(TrialKind {
                family: name.to_owned(),
                side: row.side.word().to_owned(),
                accounts: 1,
                balance: row.balance,
            }),
        }
    }
    let (debits, credits) = (Kes::minor(debits), Kes::minor(credits));
    let sum = Kes::minor(debits.cents().saturating_sub(credits.cents()));
    TrialDay { day, at, kinds, debits, credits, sum }
}

/// The trial balances that a store keeps, newest first.
///
/// # Errors
/// The store's.
pub async fn kept(store: &dyn Store) -> Result<Vec<TrialDay>, Fault> {
    let rows = store.scan(keys::index_prefix("trial_day", &[]), None, SHOWN, true).await?;
    rows.iter().map(|(key, row)| Ok(codec::decode_row(key, row)?)).collect()
}

impl Engine {
    /// Sees to it that each day's trial balance is kept and that floats are looked at. Runs at every start.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_days(&self) -> Result<(), String> {
        let set = async {
            let mut work = self.work(self.clock.now())?;
            let now = work.now;
            look_again(&mut work, now);
            self.commit(work, Cause::Desk("timers of the books".to_owned()), None).await.map(drop)
        };
        set.await.map_err(|fault: Fault| fault.to_string())
    }

    /// The day is over: its trial balance is kept.
    pub(in crate::engine) async fn day_over(&self, work: &mut Work<'_>, day: &str) -> Result<(), Fault> {
        let mut sums = audit::sums(&*self.store).await?;
        for _ in 1..LOOKS {
            if balance::residue(sums.iter().map(|(_, sum)| *sum)) == 0 {
                break;
            }
            sums = audit::sums(&*self.store).await?;
        }
        let trial = trial(day.to_owned(), work.now, &sums);
        if trial.sum != Kes::ZERO {
            let cents = trial.sum.cents();
            tracing::error!(day, cents, "ALARM: the books do not balance");
        }
        let row = codec::encode(&trial);
        // What was kept of a day stays as it is.
        let key = keys::index("trial_day", &[day.as_bytes()], b"");
        if self.store.read(vec![key.clone()]).await?.iter().all(Option::is_none) {
            work.extra().put(key, Expect::Absent, row);
        }
        let now = work.now;
        next_day(work, now);
        Ok(())
    }

    /// The hour is over: floats that end soon are told.
    pub(in crate::engine) async fn hour_over(&self, work: &mut Work<'_>) -> Result<(), Fault> {
        self.watch_floats().await?;
        let now = work.now;
        next_hour(work, now);
        Ok(())
    }
}

fn look_again(work: &mut Work<'_>, now: Timestamp) {
    next_day(work, now);
    next_hour(work, now);
}

fn next_day(work: &mut Work<'_>, now: Timestamp) {
    work.timer(midnight(now), "trial-balance", &Due::DayOver(day_of(now)));
}

fn next_hour(work: &mut Work<'_>, now: Timestamp) {
    let hour = i64::try_from(HOUR.as_millis()).unwrap_or(i64::MAX);
    let next = Timestamp::from_millis((now.millis().div_euclid(hour) + 1) * hour);
    work.timer(next, "floats", &Due::FloatsLookedAt);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::engine;

    #[test]
    fn a_day_ends_at_midnight_in_nairobi_and_has_its_own_name() {
        let day = Timestamp::of_day(2026, 12, 31, NAIROBI).expect("a day");
        let evening = day.after(Duration::from_secs(86_399));
        assert_eq!((day_of(day).as_str(), day_of(evening).as_str()), ("2026-12-31", "2026-12-31"));
        assert_eq!(midnight(day), midnight(evening));
        assert_eq!(day_of(midnight(evening)), "2027-01-01");
    }

    #[tokio::test]
    async fn each_days_trial_balance_is_kept_once_and_adds_up_to_nothing() {
        let (engine, clock) = engine().await;
        engine.keep_days().await.expect("timers");
        engine.keep_days().await.expect("another start");
        let first = day_of(engine.clock.now());
        engine.open_books("bank slip 1", Kes::major(50_000)).await.expect("opened");
        for _ in 0..3 {
            clock.advance(DAY);
            while engine.do_due().await.expect("timers") > 0 {}
        }
        let days = kept(&*engine.store).await.expect("read");
        assert_eq!(days.len(), 3, "{days:?}");
        let oldest = days.last().expect("three");
        assert_eq!(
            (oldest.day.as_str(), oldest.sum, oldest.debits),
            (first.as_str(), Kes::ZERO, Kes::major(50_000))
        );
        let float = oldest.kinds.iter().find(|kind| kind.family == "mm_float").expect("a float");
        assert_eq!((float.balance, float.accounts, float.side.as_str()), (Kes::major(50_000), 1, "asset"));
        assert!(days.windows(2).all(|pair| pair[0].day > pair[1].day), "newest first");
    }
}
