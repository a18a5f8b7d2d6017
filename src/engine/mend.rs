//! Brings the indexes of a store that an older release wrote up to those of this one, from the things
//! themselves and a page of them at a time, however many there are.

use super::aggregate::{Aggregate, Shelves};
use super::audit::DERIVED;
use super::browse;
use super::view::FromIndex;
use super::work::posting_of;
use crate::ledger::Transfer;
use crate::market::{
    Approval, Bulk, Bulletin, Case, Cash, Difference, Freeze, Kiosk, Listing, Loan, Order, Party, Payout,
    Receipt, Statement, Trouble,
};
use crate::store::batch::{Batch, Expect, Row};
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::PartyId;
use std::collections::{BTreeMap, BTreeSet};

/// Things, or entries, that are read at once.
const PAGE: usize = 128;
/// Octets of entries that are written at once, well below what one commit may hold.
const AT_ONCE: usize = 64 * 1024;
/// Which indexes are laid out otherwise than when they were first written, and how often that changed.
const LAYOUTS: [(&str, u32); 1] = [(browse::rows::NAME, 2)];

/// How each index is laid out.
fn layouts() -> BTreeMap<String, u32> {
    let layout =
        |name: &str| LAYOUTS.iter().find(|(other, _)| *other == name).map_or(1, |(_, layout)| *layout);
    DERIVED.iter().map(|name| ((*name).to_owned(), layout(name))).collect()
}

/// How the indexes of the store are laid out, as whoever wrote them last said.
async fn known(store: &dyn Store, mark: &Key) -> Result<BTreeMap<String, u32>, StoreError> {
    let row = store.read(vec![mark.clone()]).await?.pop().flatten();
    let octets = row.map(|row| row.octets()).unwrap_or_default();
    let first = |names: Vec<String>| names.into_iter().map(|name| (name, 1)).collect();
    // Releases before layouts said the names alone.
    Ok(codec::decode(&octets).or_else(|_| codec::decode(&octets).map(first)).unwrap_or_default())
}

/// Mends the indexes that this release lays out otherwise: how many entries were written or taken away.
/// A store that it has written is not looked at. Broken off, it begins anew the next time.
///
/// # Errors
/// The store's, and of a row that this release cannot read.
pub async fn mend_indexes(store: &dyn Store) -> Result<usize, StoreError> {
    let mark = keys::index("derived", &[], b"");
    let (known, wanted) = (known(store, &mark).await?, layouts());
    let stale: Vec<Key> = wanted
        .iter()
        .filter(|(name, layout)| known.get(*name) != Some(layout))
        .map(|(name, _)| keys::index_prefix(name, &[]))
        .collect();
    if stale.is_empty() {
        return Ok(0);
    }
    // Every entry there should be is written, right or not: whatever is older afterwards should not be.
    let mut mending = Mending { store, stale, since: store.position(), mended: 0 };
    mending.things::<Party>(b'p').await?;
    mending.things::<Listing>(b'l').await?;
    mending.things::<Order>(b'o').await?;
    mending.things::<Payout>(b'y').await?;
    mending.things::<Loan>(b'k').await?;
    mending.things::<Bulletin>(b't').await?;
    mending.things::<Case>(b'w').await?;
    mending.things::<Cash>(b'c').await?;
    mending.things::<Kiosk>(b'q').await?;
    mending.things::<Receipt>(b'u').await?;
    mending.things::<Freeze>(b'z').await?;
    mending.things::<Bulk>(b'b').await?;
    mending.things::<Approval>(b'a').await?;
    mending.things::<Trouble>(b'x').await?;
    mending.things::<Statement>(b'm').await?;
    mending.things::<Difference>(b'd').await?;
    mending.transfers().await?;
    mending.sweep().await?;
    let mut batch = Batch::default();
    batch.put(mark, Expect::Any, codec::encode(&wanted));
    store.commit(batch).await?;
    Ok(mending.mended)
}

struct Mending<'s> {
    store: &'s dyn Store,
    /// What the indexes that are mended begin with.
    stale: Vec<Key>,
    /// Where the store stood before.
    since: u64,
    mended: usize,
}

impl Mending<'_> {
    /// The entries of all things of a kind.
    async fn things<A: Aggregate>(&mut self, kind: u8) -> Result<(), StoreError>
    where
        A::Id: FromIndex,
    {
        let mut after = None;
        loop {
            let page = self.store.scan(keys::aggregates(kind), after, PAGE, false).await?;
            let mut shelves = Shelves::default();
            for (key, row) in &page {
                // Behind the letters of table and kind.
                let Some(id) = A::Id::from_octets(key.get(2..).unwrap_or_default()) else {
                    let (key, why) = (crate::store::batch::show_key(key), "this names nothing".to_owned());
                    return Err(StoreError::Unreadable { key, why });
                };
                A::shelf(&mut shelves).stands(id, codec::decode_row::<A>(key, row)?);
            }
            self.makers(&mut shelves).await?;
            self.write(shelves.rows()).await?;
            match page.into_iter().next_back() {
                Some((last, _)) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// The makers of listings: what these are found by follows from both.
    async fn makers(&self, shelves: &mut Shelves) -> Result<(), StoreError> {
        let listings = shelves.listings.held().filter_map(|(_, now)| now);
        let makers: BTreeSet<PartyId> = listings.map(|listing| listing.maker).collect();
        let all: Vec<Key> = makers.iter().map(|maker| keys::party(*maker)).collect();
        let rows = self.store.read(all.clone()).await?;
        for ((maker, key), row) in makers.into_iter().zip(&all).zip(rows) {
            if let Some(row) = row {
                shelves.parties.stands(maker, codec::decode_row::<Party>(key, &row)?);
            }
        }
        Ok(())
    }

    /// The entries of all transfers.
    async fn transfers(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.scan(vec![keys::TRANSFERS], after, PAGE, false).await?;
            let mut rows = BTreeMap::new();
            for (key, row) in &page {
                let transfer = codec::decode_row::<Transfer>(key, row)?;
                rows.insert(posting_of(&transfer.reference, Some(&transfer)), Vec::new());
            }
            self.write(rows).await?;
            match page.into_iter().next_back() {
                Some((last, _)) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Writes those of these rows that are entries of the indexes that are mended.
    async fn write(&mut self, rows: BTreeMap<Key, Vec<u8>>) -> Result<(), StoreError> {
        let is_stale = |key: &Key| self.stale.iter().any(|prefix| key.starts_with(prefix));
        let rows: Vec<(Key, Vec<u8>)> = rows.into_iter().filter(|(key, _)| is_stale(key)).collect();
        let stored = self.store.read(rows.iter().map(|(key, _)| key.clone()).collect()).await?;
        let mut batch = Writing::new(self.store);
        for ((key, says), row) in rows.into_iter().zip(stored) {
            let right = row.filter(|row: &Row| row.octets() == says);
            if right.as_ref().is_some_and(|row| row.version > self.since) {
                continue;
            }
            self.mended += usize::from(right.is_none());
            batch.put(key, Some(says)).await?;
        }
        batch.end().await
    }

    /// Takes away the entries that were not written since.
    async fn sweep(&mut self) -> Result<(), StoreError> {
        for prefix in &self.stale {
            let mut after = None;
            loop {
                let page = self.store.scan(prefix.clone(), after, PAGE, false).await?;
                let mut batch = Writing::new(self.store);
                for (key, _) in page.iter().filter(|(_, row)| row.version <= self.since) {
                    self.mended += 1;
                    batch.put(key.clone(), None).await?;
                }
                batch.end().await?;
                match page.into_iter().next_back() {
                    Some((last, _)) => after = Some(last),
                    None => break,
                }
            }
        }
        Ok(())
    }
}

/// Entries on their way into commits that fit.
struct Writing<'s> {
    store: &'s dyn Store,
    batch: Batch,
    octets: usize,
}

impl<'s> Writing<'s> {
    fn new(store: &'s dyn Store) -> Self {
        Self { store, batch: Batch::default(), octets: 0 }
    }

    async fn put(&mut self, key: Key, says: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.octets += key.len() + says.as_ref().map_or(0, Vec::len);
        match says {
            Some(says) => self.batch.put(key, Expect::Any, says),
            None => self.batch.delete(key, Expect::Any),
        }
        if self.octets >= AT_ONCE {
            self.octets = 0;
            self.store.commit(std::mem::take(&mut self.batch)).await?;
        }
        Ok(())
    }

    async fn end(self) -> Result<(), StoreError> {
        if !self.batch.ops.is_empty() {
            self.store.commit(self.batch).await?;
        }
        Ok(())
    }
}
