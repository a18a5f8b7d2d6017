//! Providers' statements against the books, the float and how long it lasts, and the trial balance of
//! each day. What is found is told to people; nothing here moves money.

pub mod days;
mod float;
mod import;
mod kept;
mod prompts;

use super::Engine;
use super::desk::{Who, broken};
use super::port::UNNAMED;
use super::shopfront::ShopError;
use super::turn::TRIES;
use super::view;
use super::work::Fault;
use crate::market::Refusal;
pub use crate::market::recon::file::LONGEST as LONGEST_FILE;
use crate::market::recon::file::Layout;
use crate::market::recon::incoming;
use crate::market::recon::kept::{LONGEST_WHY, close};
pub use crate::market::recon::{Class, Difference, Statement};
use crate::types::{DifferenceId, Kes, StatementId, Timestamp};
use days::TrialDay;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[reconcile]`: providers' statements, and the float.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// From so many days of payouts it is forecast when a float ends.
    pub forecast_days: u32,
    /// A float that ends sooner than in so many hours is an alarm.
    pub alarm_hours: u32,
    /// What providers call the columns of their statements, where it is not what this release knows.
    pub layouts: BTreeMap<String, toml::Table>,
    /// Whoever pays, by the names of their tables; the configuration's `[money]` says.
    #[serde(skip)]
    pub providers: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            forecast_days: 14,
            alarm_hours: 48,
            layouts: BTreeMap::new(),
            providers: vec![UNNAMED.to_owned()],
        }
    }
}

impl Settings {
    /// How a provider writes its statements.
    ///
    /// # Errors
    /// What is wrong with what the configuration says of it.
    pub fn layout(&self, provider: &str) -> Result<Layout, String> {
        Layout::of(provider, self.layouts.get(provider).unwrap_or(&toml::Table::new()))
    }

    /// Whether everything in it can be lived with.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=366).contains(&self.forecast_days) {
            return Err("forecast_days lies between 1 and 366".to_owned());
        }
        for name in self.layouts.keys() {
            self.layout(name).map_err(|why| format!("layouts.{name}: {why}"))?;
        }
        Ok(())
    }
}

/// A file that somebody brings.
#[derive(Debug, Clone)]
pub struct StatementFile {
    /// Whose statement it is.
    pub provider: String,
    /// What it is called.
    pub name: String,
    /// What stands in it.
    pub octets: Vec<u8>,
}

/// A statement as the desk shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRow {
    /// It.
    pub statement: Statement,
    /// How far the accounts are from the books; none when the file tells no balances.
    pub apart: Option<Kes>,
    /// Differences found in it that nobody has closed.
    pub open: u64,
    /// It had been imported before: nothing was done.
    pub again: bool,
}

/// A difference as the desk shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceRow {
    /// It.
    pub difference: Difference,
    /// What to do about it.
    pub advice: String,
    /// A statement in which the payout agrees now.
    pub agrees: Option<StatementId>,
}

/// The float at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatRow {
    /// Which provider.
    pub provider: String,
    /// What it holds, where that is known.
    pub holds: Option<Kes>,
    /// By what that is known: `books`, `statement`, or `unknown`.
    pub by: String,
    /// What payouts that are asked for and not settled will take.
    pub asked: Kes,
    /// How many of them there are.
    pub waiting: u64,
    /// What left in the days that are looked at, fees included.
    pub left: Kes,
    /// How many days those are.
    pub days: u32,
    /// When it ends, if what leaves goes on to leave.
    pub ends: Option<Timestamp>,
    /// That is so soon that somebody must act.
    pub soon: bool,
}

/// What a page of the desk or a command asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseWish {
    /// Which difference.
    pub difference: DifferenceId,
    /// What it was.
    pub why: String,
}

/// What the desk calls about statements, floats and the trial balances of days.
pub trait ReconDesk: Send + Sync + 'static {
    /// Whose statements there may be.
    fn providers(&self) -> &[String];
    /// Every statement that was imported, newest first.
    fn statements(&self) -> BoxFuture<'_, Result<Vec<StatementRow>, ShopError>>;
    /// Differences, oldest first: the open ones, or all.
    fn differences(&self, all: bool) -> BoxFuture<'_, Result<Vec<DifferenceRow>, ShopError>>;
    /// Reads a statement, holds it against the books, and keeps what differs. The same file again changes
    /// nothing; a file that cannot be read whole leaves nothing.
    fn import(&self, by: Who, file: StatementFile) -> BoxFuture<'_, Result<StatementRow, ShopError>>;
    /// Somebody knows what a difference was.
    fn close_difference(&self, by: Who, wish: CloseWish) -> BoxFuture<'_, Result<DifferenceRow, ShopError>>;
    /// The float at every provider, and how long it lasts.
    fn floats(&self) -> BoxFuture<'_, Result<Vec<FloatRow>, ShopError>>;
    /// The trial balances that were kept, newest first.
    fn trial_days(&self) -> BoxFuture<'_, Result<Vec<TrialDay>, ShopError>>;
}

impl ReconDesk for Engine {
    fn providers(&self) -> &[String] {
        &self.recon.providers
    }

    fn statements(&self) -> BoxFuture<'_, Result<Vec<StatementRow>, ShopError>> {
        Box::pin(async { self.statement_rows().await.map_err(|fault| broken(&fault)) })
    }

    fn differences(&self, all: bool) -> BoxFuture<'_, Result<Vec<DifferenceRow>, ShopError>> {
        Box::pin(async move { self.difference_rows(all).await.map_err(|fault| broken(&fault)) })
    }

    fn import(&self, by: Who, file: StatementFile) -> BoxFuture<'_, Result<StatementRow, ShopError>> {
        Box::pin(async move { self.import_statement(&by, file).await })
    }

    fn close_difference(&self, by: Who, wish: CloseWish) -> BoxFuture<'_, Result<DifferenceRow, ShopError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_close(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(|fault| broken(&fault))?,
                }
            }
            Err(ShopError::Fault)
        })
    }

    fn floats(&self) -> BoxFuture<'_, Result<Vec<FloatRow>, ShopError>> {
        Box::pin(async { self.float_rows().await.map_err(|fault| broken(&fault)) })
    }

    fn trial_days(&self) -> BoxFuture<'_, Result<Vec<TrialDay>, ShopError>> {
        Box::pin(async { days::kept(&*self.store).await.map_err(|fault| broken(&fault)) })
    }
}

impl Engine {
    async fn statement_rows(&self) -> Result<Vec<StatementRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut open: BTreeMap<StatementId, u64> = BTreeMap::new();
        for (_, difference) in view::every::<Difference>(&mut work, kept::open_differences(), false).await? {
            *open.entry(difference.statement).or_default() += 1;
        }
        let mut rows: Vec<StatementRow> = Vec::new();
        for (id, statement) in view::every::<Statement>(&mut work, kept::all_statements(), true).await? {
            let open = open.get(&id).copied().unwrap_or_default();
            rows.push(StatementRow { apart: statement.apart(), statement, open, again: false });
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.statement.to, row.statement.at)));
        Ok(rows)
    }

    async fn difference_rows(&self, all: bool) -> Result<Vec<DifferenceRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let which = if all { kept::all_differences() } else { kept::open_differences() };
        let mut rows = Vec::new();
        for (_, difference) in view::every::<Difference>(&mut work, which, false).await? {
            rows.push(self.difference_row(difference).await?);
        }
        Ok(rows)
    }

    async fn difference_row(&self, difference: Difference) -> Result<DifferenceRow, Fault> {
        let about = difference.payout.map(|payout| *payout.as_bytes());
        let agrees = match about.or(difference.prompt.map(|prompt| *prompt.as_bytes())) {
            Some(id) => kept::seen_in(&*self.store, id).await?,
            None => None,
        };
        let class = difference.class;
        let advice = if difference.prompt.is_some() { incoming::advice(class) } else { class.advice() };
        Ok(DifferenceRow { advice: advice.to_owned(), difference, agrees })
    }

    async fn try_close(&self, by: &Who, wish: &CloseWish) -> Result<Result<DifferenceRow, ShopError>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some(known) = work.get::<Difference>(wish.difference).await? else {
            return Ok(Err(ShopError::NotFound));
        };
        match close(&known, by.name(), &wish.why) {
            Ok(events) if events.is_empty() => {}
            Ok(events) => {
                work.apply::<Difference>(known.id, events);
                let did = format!("close the difference {}", known.id);
                let closed = work.need::<Difference>(known.id).await?;
                self.commit(work, by.did(did), None).await?;
                return Ok(Ok(self.difference_row(closed).await?));
            }
            Err(Refusal::OutOfRange { .. }) => {
                let why = format!("say what it was: 1 to {LONGEST_WHY} letters");
                return Ok(Err(ShopError::Field { field: "why", why }));
            }
            Err(_) => {
                return Ok(Err(ShopError::TooLate("somebody closed it with another reason".to_owned())));
            }
        }
        Ok(Ok(self.difference_row(known).await?))
    }
}
