//! Her names go from the journal: record by record, together with the rows that follow from them.

use super::scrub::{Scrub, addressed};
use crate::engine::Engine;
use crate::engine::aggregate::Aggregate;
use crate::engine::record::Record;
use crate::engine::work::{Fault, Work};
use crate::market::{
    Approval, Bulk, Bulletin, Case, Cash, Freeze, Kiosk, Listing, Loan, Order, Party, Payout, Receipt,
};
use crate::store::redact::notice;
use crate::store::{Store, journal, keys};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

/// Records read at once.
const PAGE: usize = 512;
/// Octets of records and rows that go into one commit, near enough: well below what one may hold.
const AT_ONCE: usize = 96 * 1024;

/// A thing with a life: kind and id, as the journal spells them.
type Thing = (String, String);

/// A record that says something of her.
struct Found {
    record: journal::Record,
    new: Bytes,
    /// What follows from words of it that are replaced.
    things: BTreeSet<Thing>,
}

impl Engine {
    /// Gives records of commits `from` to `to` other words, as many as fit into one commit; from which
    /// commit on there are more. Records on which one row rests change with that row, in one commit: so
    /// the rows are at every moment what the journal says.
    pub(super) async fn redact_some(
        &self, work: &mut Work<'_>, scrub: &Scrub, by: &str, from: u64, to: u64,
    ) -> Result<Option<u64>, Fault> {
        let mut left = find(&*self.store, scrub, from, to).await?;
        let (mut rows, mut things, mut octets) = (Vec::new(), BTreeSet::new(), 0);
        while let Some(some) = first_together(&mut left) {
            let size: usize = some.iter().map(|found| found.new.len() + found.things.len() * 1024).sum();
            if octets > 0 && octets + size > AT_ONCE {
                let more = some.first().map(|found| found.record.position);
                left.extend(some);
                self.reword(work, scrub, by, rows, &things).await?;
                return Ok(left.iter().map(|found| found.record.position).min().or(more));
            }
            octets += size;
            for Found { record, new, things: some } in some {
                things.extend(some);
                rows.push((record, new));
            }
        }
        self.reword(work, scrub, by, rows, &things).await?;
        Ok(None)
    }

    async fn reword(
        &self, work: &mut Work<'_>, scrub: &Scrub, by: &str, rows: Vec<(journal::Record, Bytes)>,
        things: &BTreeSet<Thing>,
    ) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        work.redact(by, rows);
        for (kind, id) in things {
            match kind.as_str() {
                "party" => row_of::<Party>(work, scrub, kind, id).await?,
                "listing" => row_of::<Listing>(work, scrub, kind, id).await?,
                "order" => row_of::<Order>(work, scrub, kind, id).await?,
                "payout" => row_of::<Payout>(work, scrub, kind, id).await?,
                "loan" => row_of::<Loan>(work, scrub, kind, id).await?,
                "bulletin" => row_of::<Bulletin>(work, scrub, kind, id).await?,
                "case" => row_of::<Case>(work, scrub, kind, id).await?,
                "cash" => row_of::<Cash>(work, scrub, kind, id).await?,
                "kiosk" => row_of::<Kiosk>(work, scrub, kind, id).await?,
                "receipt" => row_of::<Receipt>(work, scrub, kind, id).await?,
                "freeze" => row_of::<Freeze>(work, scrub, kind, id).await?,
                "bulk" => row_of::<Bulk>(work, scrub, kind, id).await?,
                "approval" => row_of::<Approval>(work, scrub, kind, id).await?,
                other => return Err(Fault::Broken(format!("{other} {id} has no row that is known"))),
            }
        }
        Ok(())
    }
}

/// Every record of these commits that says something of her.
async fn find(store: &dyn Store, scrub: &Scrub, from: u64, to: u64) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::new();
    let mut page = journal::read(store, from, PAGE).await?;
    while let Some(last) = page.last().map(|last| keys::journal(last.position, last.index)) {
        for record in page.into_iter().take_while(|record| record.position <= to) {
            found.extend(reworded(scrub, record)?);
        }
        page = journal::page(store, Some(last), PAGE).await?;
        if page.first().is_some_and(|record| record.position > to) {
            break;
        }
    }
    Ok(found)
}

fn reworded(scrub: &Scrub, record: journal::Record) -> Result<Option<Found>, Fault> {
    let number = record.number;
    let broken = |why: serde_json::Error| Fault::Broken(format!("record {number} of the journal: {why}"));
    // A notice names nobody, and must stay what is chained.
    if notice(&record.record).is_some() {
        return Ok(None);
    }
    let mut before: Value = serde_json::from_slice(&record.record).map_err(broken)?;
    let mut after = before.clone();
    scrub.record(&mut after);
    if before == after {
        return Ok(None);
    }
    let mut things = BTreeSet::new();
    let events = |record: &mut Value| match record.get_mut("events").map(Value::take) {
        Some(Value::Array(events)) => events,
        _ => Vec::new(),
    };
    let new = serde_json::from_value::<Record>(after.clone()).map_err(broken)?.encode();
    for (mut was, is) in events(&mut before).into_iter().zip(events(&mut after)) {
        if was == is {
            continue;
        }
        let addressed = addressed(&mut was).map(|(kind, id, _)| (kind, id));
        // Her own row keeps nothing of what she said.
        things.extend(addressed.filter(|(kind, id)| (kind.as_str(), id) != ("party", &scrub.id)));
    }
    Ok(Some(Found { record, new, things }))
}

/// Takes the first record, and whatever must change in the same commit.
fn first_together(left: &mut Vec<Found>) -> Option<Vec<Found>> {
    if left.is_empty() {
        return None;
    }
    let mut together = vec![left.remove(0)];
    let mut things = together[0].things.clone();
    while !things.is_empty() {
        let (more, rest): (Vec<_>, Vec<_>) =
            left.drain(..).partition(|found| !found.things.is_disjoint(&things));
        *left = rest;
        if more.is_empty() {
            break;
        }
        more.iter().for_each(|found| things.extend(found.things.iter().cloned()));
        together.extend(more);
    }
    Some(together)
}

async fn row_of<A: Aggregate>(work: &mut Work<'_>, scrub: &Scrub, kind: &str, id: &str) -> Result<(), Fault>
where
    A::Id: DeserializeOwned,
{
    let broken = |why: serde_json::Error| Fault::Broken(format!("{kind} {id}: {why}"));
    let key: A::Id = serde_json::from_value(Value::String(id.to_owned())).map_err(broken)?;
    let Some(state) = work.get::<A>(key).await? else { return Ok(()) };
    let mut json = serde_json::to_value(&state).map_err(broken)?;
    scrub.thing(kind, id, &mut json);
    work.rewrite::<A>(key, serde_json::from_value(json).map_err(broken)?);
    Ok(())
}
