//! Her names go from the journal: record by record, together with the rows that follow from them.

use super::Erasing;
use super::replay::{Places, Thing, things_of};
use super::scrub::Scrub;
use super::worker::Recall;
use crate::engine::Engine;
use crate::engine::record::Record;
use crate::engine::work::{Fault, Work};
use crate::store::redact::notice;
use crate::store::{Store, journal, keys};
use bytes::Bytes;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Records read at once.
const PAGE: usize = 256;
/// Octets of records and rows that go into one commit, near enough: well below what one may hold.
const AT_ONCE: usize = 96 * 1024;

/// What is left to do in the journal, by place: what the records say is read again when it is their turn.
pub(super) struct Left {
    /// Records that say something of her.
    records: BTreeSet<(u64, u32)>,
    /// Where everything stands that happened to what follows from them.
    pub(super) places: Places,
}

/// New words of a record, and what follows from those that changed.
struct Reworded {
    new: Bytes,
    things: BTreeSet<Thing>,
}

impl Engine {
    /// Gives records of commits from `from` on other words, as many as fit into one commit; from which
    /// commit on there are more. The rows that follow from them are derived from the journal as it reads
    /// then, in the same commit: so the rows are at every moment what the journal says.
    pub(super) async fn redact_some(
        &self, work: &mut Work<'_>, erasing: &Erasing, from: u64, recall: &mut Recall,
    ) -> Result<Option<u64>, Fault> {
        let scrub = self.scrub_for(work, erasing, recall).await?;
        if recall.left.is_none() {
            recall.left = Some(find(&*self.store, &scrub, from, erasing.until).await?);
        }
        let Some(left) = &mut recall.left else { return Ok(None) };
        left.records.retain(|(position, _)| *position >= from);
        left.places.follow(&*self.store).await?;
        let (mut rows, mut things, mut octets) = (BTreeMap::new(), BTreeSet::new(), 0);
        let mut next = None;
        for (position, index) in &left.records {
            let key = keys::journal(*position, *index);
            let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
            let Some(row) = row else { continue };
            let record = journal::Record::parse(&key, &row.octets())?;
            let Some(reworded) = reworded(&scrub, &record)? else { continue };
            let mut size = reworded.new.len() + 128;
            for thing in reworded.things.difference(&things) {
                size += self.size_of(thing).await?;
            }
            // A commit is whole or not at all, and the next one begins with a commit of the journal.
            let begins = rows.last_key_value().is_none_or(|((last, _), _)| last != position);
            if octets > 0 && octets + size > AT_ONCE && begins {
                next = Some(*position);
                break;
            }
            octets += size;
            things.extend(reworded.things);
            rows.insert((*position, *index), (record, reworded.new));
        }
        if rows.is_empty() {
            return Ok(None);
        }
        self.derive(work, &left.places, &things, &rows).await?;
        work.redact(&erasing.approval.to_string(), rows.into_values().collect());
        Ok(next)
    }
}

/// Every record of these commits that says something of her, by its place.
async fn find(store: &dyn Store, scrub: &Scrub, from: u64, to: u64) -> Result<Left, Fault> {
    let (mut records, mut things) = (BTreeSet::new(), BTreeSet::new());
    let mut page = journal::read(store, from, PAGE).await?;
    while let Some(last) = page.last().map(|last| keys::journal(last.position, last.index)) {
        let before = page.len();
        page.retain(|record| record.position <= to);
        for record in &page {
            if let Some(reworded) = reworded(scrub, record)? {
                records.insert((record.position, record.index));
                things.extend(reworded.things);
            }
        }
        if page.len() < before {
            break;
        }
        tokio::task::yield_now().await;
        page = journal::page(store, Some(last), PAGE).await?;
    }
    Ok(Left { records, places: Places::of(things) })
}

fn reworded(scrub: &Scrub, record: &journal::Record) -> Result<Option<Reworded>, Fault> {
    let number = record.number;
    let broken = |why: serde_json::Error| Fault::Broken(format!("record {number} of the journal: {why}"));
    // A notice names nobody, and must stay what is chained.
    if notice(&record.record).is_some() {
        return Ok(None);
    }
    let mut before: Value = serde_json::from_slice(&record.record).map_err(broken)?;
    if gives_the_word(&before) {
        return Ok(None);
    }
    let mut after = before.clone();
    scrub.record(&mut after);
    if before == after {
        return Ok(None);
    }
    let mut things = BTreeSet::new();
    let new = serde_json::from_value::<Record>(after.clone()).map_err(broken)?.encode();
    for (was, is) in events(&mut before).into_iter().zip(events(&mut after)) {
        if was != is {
            // Her own row keeps nothing of what she said.
            things.extend(things_of(&is).filter(|(kind, id)| (kind.as_str(), id) != ("party", &scrub.id)));
        }
    }
    Ok(Some(Reworded { new, things }))
}

fn events(record: &mut Value) -> Vec<Value> {
    match record.get_mut("events").map(Value::take) {
        Some(Value::Array(events)) => events,
        _ => Vec::new(),
    }
}

/// Whether a record asks for or approves that somebody is forgotten. It is what the notices rest on: it
/// was written without her names, and is never replaced.
fn gives_the_word(record: &Value) -> bool {
    let happened = |kind: &str, tag: &str| {
        let events = record.get("events").and_then(Value::as_array).into_iter().flatten();
        let mut told = events.filter_map(|event| event.get(kind)?.get(1)?.get(tag));
        told.next().cloned()
    };
    let asked = happened("approval", "asked").is_some_and(|asked| asked["matter"].get("erasure").is_some());
    asked || (happened("approval", "approved").is_some() && happened("party", "erased").is_some())
}
