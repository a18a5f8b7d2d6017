//! Rows that follow from records with other words: everything that happened to them, once more. What
//! happened since she was forgotten keeps its words, so a row may have new names beside an alias; it is
//! exactly what the journal says.

use super::scrub::addressed;
use crate::engine::Engine;
use crate::engine::aggregate::{Aggregate, Shelves};
use crate::engine::work::{Fault, Work};
use crate::market::{
    Approval, Bulk, Bulletin, Case, Cash, Difference, Event, Freeze, Kiosk, Listing, Loan, Order, Party,
    Payout, Receipt, Statement,
};
use crate::store::{Key, Store, StoreError, journal, keys};
use crate::types::Timestamp;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Records read at once.
const PAGE: usize = 256;

/// A thing with a life: kind and id, as the journal spells them.
pub(super) type Thing = (String, String);

/// Kind and id of what an event happened to.
pub(super) fn things_of(event: &Value) -> impl Iterator<Item = Thing> {
    addressed(&mut event.clone()).map(|(kind, id, _)| (kind, id)).into_iter()
}

/// Where everything stands in the journal that happened to some things.
pub(super) struct Places {
    of: BTreeMap<Thing, BTreeSet<(u64, u32)>>,
    /// Looked at up to this record, and so up to this commit.
    after: Option<Key>,
    to: u64,
}

impl Places {
    /// Nothing was looked at yet.
    pub(super) fn of(things: BTreeSet<Thing>) -> Self {
        let of = things.into_iter().map(|thing| (thing, BTreeSet::new())).collect();
        Self { of, after: None, to: 0 }
    }

    /// Looks at what was written since, up to the last commit there is.
    pub(super) async fn follow(&mut self, store: &dyn Store) -> Result<(), Fault> {
        if self.of.is_empty() {
            return Ok(());
        }
        let to = store.position();
        loop {
            let page = journal::page(store, self.after.clone(), PAGE).await?;
            let Some(last) = page.last() else { break };
            self.after = Some(keys::journal(last.position, last.index));
            for record in &page {
                let told: Value =
                    serde_json::from_slice(&record.record).map_err(|why| broken(record, &why))?;
                for thing in told["events"].as_array().into_iter().flatten().flat_map(things_of) {
                    if let Some(places) = self.of.get_mut(&thing) {
                        places.insert((record.position, record.index));
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        self.to = to;
        Ok(())
    }
}

fn broken(record: &journal::Record, why: &serde_json::Error) -> Fault {
    Fault::Broken(format!("record {} of the journal: {why}", record.number))
}

/// Does something with the type of things of a kind.
macro_rules! of_kind {
    ($thing:expr, $A:ident => $done:expr) => {
        of_kind!(@ $thing, $A => $done; "party" Party, "listing" Listing, "order" Order, "payout" Payout,
            "loan" Loan, "bulletin" Bulletin, "case" Case, "cash" Cash, "kiosk" Kiosk, "receipt" Receipt,
            "freeze" Freeze, "bulk" Bulk, "approval" Approval,
            "statement" Statement, "difference" Difference)
    };
    (@ $thing:expr, $A:ident => $done:expr; $($kind:literal $type:ident),+) => {
        match $thing.0.as_str() {
            $($kind => {
                type $A = $type;
                $done
            })+
            other => Err(Fault::Broken(format!("{other} {} has no row that is known", $thing.1))),
        }
    };
}

fn id_of<A: Aggregate>((kind, id): &Thing) -> Result<A::Id, Fault>
where
    A::Id: DeserializeOwned,
{
    let broken = |why: serde_json::Error| Fault::Broken(format!("{kind} {id}: {why}"));
    serde_json::from_value(Value::String(id.clone())).map_err(broken)
}

impl Engine {
    /// Octets that a thing takes in a commit, near enough: its row and the entries that find it.
    pub(super) async fn size_of(&self, thing: &Thing) -> Result<usize, Fault> {
        let key: Key = of_kind!(thing, A => id_of::<A>(thing).map(A::key))?;
        let row = self.store.read(vec![key]).await?.into_iter().next().flatten();
        Ok(1024 + row.map_or(0, |row| row.octets().len()))
    }

    /// Puts the rows of these things as they follow from the journal once these of its records read so.
    pub(super) async fn derive(
        &self, work: &mut Work<'_>, places: &Places, things: &BTreeSet<Thing>,
        rows: &BTreeMap<(u64, u32), (journal::Record, Bytes)>,
    ) -> Result<(), Fault> {
        let mut shelves = self.replayed(places, things, rows).await?;
        for thing in things {
            of_kind!(thing, A => put::<A>(work, &mut shelves, thing, places.to).await)?;
        }
        Ok(())
    }

    async fn replayed(
        &self, places: &Places, things: &BTreeSet<Thing>,
        rows: &BTreeMap<(u64, u32), (journal::Record, Bytes)>,
    ) -> Result<Shelves, Fault> {
        let all: BTreeSet<_> = things.iter().filter_map(|thing| places.of.get(thing)).flatten().collect();
        let all: Vec<_> = all.into_iter().collect();
        let mut shelves = Shelves::default();
        for some in all.chunks(PAGE) {
            let keys: Vec<Key> =
                some.iter().map(|(position, index)| keys::journal(*position, *index)).collect();
            let read = self.store.read(keys.clone()).await?;
            for ((place, key), row) in some.iter().zip(keys).zip(read) {
                let Some(row) = row else { continue };
                let record = journal::Record::parse(&key, &row.octets())?;
                let words = rows.get(place).map_or(&record.record, |(_, new)| new);
                let broken = |why: serde_json::Error| broken(&record, &why);
                let mut told: Value = serde_json::from_slice(words).map_err(broken)?;
                let at: Timestamp = serde_json::from_value(told["at"].take()).map_err(broken)?;
                let Value::Array(events) = told["events"].take() else { continue };
                for event in events {
                    if things_of(&event).any(|thing| things.contains(&thing)) {
                        shelves.replay(&serde_json::from_value::<Event>(event).map_err(broken)?, at);
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(shelves)
    }
}

/// `to`: what happened up to this commit was replayed.
async fn put<A: Aggregate>(
    work: &mut Work<'_>, shelves: &mut Shelves, thing: &Thing, to: u64,
) -> Result<(), Fault>
where
    A::Id: DeserializeOwned,
{
    let id = id_of::<A>(thing)?;
    let Some(state) = A::shelf(shelves).now(id).cloned() else { return Ok(()) };
    work.get::<A>(id).await?;
    if work.version::<A>(id) > to {
        return Err(Fault::Store(StoreError::Conflict(A::key(id))));
    }
    work.rewrite::<A>(id, state);
    Ok(())
}
