//! What a run tells of itself: the same octets for the same seed.

use super::faults::Tally;
use super::{Fault, Settings, World};
use crate::engine::record::{Cause, Record};
use crate::store::verify;
use sha2::Digest;
use std::collections::BTreeMap;
use std::fmt;

/// A run, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    settings: Settings,
    steps: u64,
    commits: u64,
    /// Events of the journal, by their tags.
    events: BTreeMap<String, u64>,
    turns: BTreeMap<&'static str, u64>,
    money: BTreeMap<String, (u64, i64)>,
    accounts: BTreeMap<String, i64>,
    done: Vec<(&'static str, u64)>,
    wrong: Vec<(&'static str, u64)>,
    held: BTreeMap<&'static str, u64>,
    lost: BTreeMap<String, (u64, String)>,
    texts: u64,
    /// SHA-256 of the journal's end, which is of all of it.
    pub journal: String,
    /// SHA-256 of all texts, in the order in which they left.
    pub said: String,
    /// SHA-256 of all screens.
    pub shown: String,
}

impl World {
    pub(super) async fn report(&self) -> Result<Report, Fault> {
        let (mut events, mut turns) = (BTreeMap::new(), BTreeMap::new());
        let mut money: BTreeMap<String, (u64, i64)> = BTreeMap::new();
        let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
        let mut count = |kept: &crate::store::journal::Record| {
            let record: Record = serde_json::from_slice(&kept.record).map_err(|why| why.to_string())?;
            *turns.entry(turn(&record.cause)).or_default() += 1;
            for event in &record.events {
                let told = serde_json::to_value(event).map_err(|why| why.to_string())?;
                *events.entry(tag(&told)).or_default() += 1;
            }
            for transfer in &record.transfers {
                let (times, sum) = money.entry(transfer.kind.word().to_owned()).or_default();
                *times += 1;
                for (account, net) in transfer.net() {
                    *sum += net.max(0);
                    let code = account.to_string();
                    let kind = code.split(':').next().unwrap_or_default();
                    let kind = if matches!(kind, "exp" | "kiva") { code.clone() } else { kind.to_owned() };
                    *accounts.entry(kind).or_default() += net;
                }
            }
            Ok(())
        };
        let head = verify::walk(self.store.rows(), &mut count).await.map_err(|why| why.to_string())?;
        let (texts, said) = self.carrier.taken();
        let mut wrong = Tally::default();
        wrong.take_over(self.carrier.tally());
        wrong.take_over(self.provider.tally());
        wrong.take_over(self.till.tally());
        let mut done = Tally::default();
        for (what, times) in self.tally.iter() {
            let fault = what.starts_with("a ") || what.starts_with("an ") || what.starts_with("the ");
            if fault { wrong.add_many(what, times) } else { done.add_many(what, times) }
        }
        Ok(Report {
            settings: self.settings,
            steps: self.steps,
            commits: self.store.commits(),
            events,
            turns,
            money,
            accounts,
            done: done.iter().collect(),
            wrong: wrong.iter().collect(),
            held: self.checks.held.clone(),
            lost: self.lost.clone(),
            texts,
            journal: hex(&head.hash),
            said,
            shown: hex(&self.screens.clone().finalize()),
        })
    }
}

/// `order.passed` of `{"order": [.., {"passed": ..}]}`.
fn tag(told: &serde_json::Value) -> String {
    let Some((kind, body)) = told.as_object().and_then(|object| object.iter().next()) else {
        return "event".to_owned();
    };
    let what = &body[1];
    let word = what.as_str().map(str::to_owned);
    let word = word.or_else(|| what.as_object()?.keys().next().cloned());
    format!("{kind}.{}", word.unwrap_or_default())
}

const fn turn(cause: &Cause) -> &'static str {
    match cause {
        Cause::Ussd { .. } => "USSD steps",
        Cause::Sms { .. } => "SMS from phones",
        Cause::Part { .. } => "parts of SMS",
        Cause::Shop => "checkouts",
        Cause::Card(_) => "webhooks of the card processor",
        Cause::Money(_) => "results of the money provider",
        Cause::Timer(_) | Cause::PutOff { .. } => "things that fell due",
        Cause::Sent(_) => "sendings settled",
        Cause::Desk(_) | Cause::Acted { .. } => "turns of the desk",
    }
}

/// Octets as people compare them.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Cents as shillings: `-1,274.50`.
fn shillings(cents: i64) -> String {
    let whole = (cents / 100).unsigned_abs().to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{grouped}.{:02}", (cents % 100).unsigned_abs())
}

fn table<'a, V: fmt::Display>(
    f: &mut fmt::Formatter<'_>, head: &str, rows: impl Iterator<Item = (&'a str, V)>,
) -> fmt::Result {
    writeln!(f, "\n{head}")?;
    for (what, value) in rows {
        writeln!(f, "  {:<58} {:>16}", what, value.to_string())?;
    }
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { seed, artisans, days, faults } = self.settings;
        writeln!(f, "Seed {seed}: {artisans} artisans, {days} days, {faults} faults.")?;
        writeln!(
            f,
            "{} steps, {} commits, {} texts. Every invariant held.",
            self.steps, self.commits, self.texts
        )?;
        table(f, "Turns", self.turns.iter().map(|(what, times)| (*what, *times)))?;
        table(f, "What happened", self.events.iter().map(|(what, times)| (what.as_str(), *times)))?;
        let money = self.money.iter();
        let money =
            money.map(|(what, (times, sum))| (what.as_str(), format!("{times} x, KSh {}", shillings(*sum))));
        table(f, "Money moved", money)?;
        let accounts = self.accounts.iter().map(|(what, sum)| (what.as_str(), shillings(*sum)));
        table(f, "Accounts at the end, by kind (credits are positive)", accounts)?;
        table(f, "People", self.done.iter().map(|(what, times)| (*what, *times)))?;
        table(f, "What went wrong on purpose", self.wrong.iter().map(|(what, times)| (*what, *times)))?;
        table(f, "What was checked, and held", self.held.iter().map(|(what, times)| (*what, *times)))?;
        if !self.lost.is_empty() {
            let lost = self.lost.iter().map(|(what, (times, _))| (what.as_str(), *times));
            table(f, "Screens at which somebody did not know her way", lost)?;
            for (what, (_, screen)) in &self.lost {
                writeln!(f, "  {what}: {screen:?}")?;
            }
        }
        writeln!(f, "\njournal {}\ntexts   {}\nscreens {}", self.journal, self.said, self.shown)
    }
}
