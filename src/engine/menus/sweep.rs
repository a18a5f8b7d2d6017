//! Which versions of the menus are let go of: those that nobody stands on, that served long ago and
//! are not among the last.

use super::change::{self, Change};
use super::kept::SetRow;
use super::{Menus, standing};
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The last changes of the history are kept however old they are, with their versions.
pub const LAST: usize = 20;
/// Rows read at a time.
const PAGE: usize = 64;
/// Rows removed at a time.
const AT_ONCE: usize = 256;

/// Every row of one kind, with its key.
async fn every<T: DeserializeOwned>(store: &dyn Store, kind: u8) -> Result<Vec<(Key, T)>, StoreError> {
    let (mut rows, mut from) = (Vec::new(), None);
    loop {
        let page = store.scan(keys::menu_rows(kind), from, PAGE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(rows) };
        from = Some(last.clone());
        for (key, row) in page {
            let value = codec::decode_row(&key, &row)?;
            rows.push((key, value));
        }
    }
}

/// Every change of the menus that is still known, oldest first.
pub(super) async fn history(store: &dyn Store) -> Result<Vec<Change>, StoreError> {
    Ok(every(store, b'c').await?.into_iter().map(|(_, change)| change).collect())
}

/// Lets go of versions, and of changes, that ended longer than `life` before `now`, are not among
/// the last [`LAST`], and on which no dialog stands; how many rows. Safe beside a running engine.
pub async fn sweep(
    store: &dyn Store, menus: &Menus, now: Timestamp, life: Duration,
) -> Result<u64, StoreError> {
    let _one = menus.changing.lock().await;
    let Some(live) = change::live(store).await? else { return Ok(0) };
    let changes = history(store).await?;
    let last = changes.len().saturating_sub(LAST);
    // A version ended when the next one began.
    let ended = |at: usize| changes.get(at + 1).map(|next| next.at);
    let is_old = |at: usize| at < last && ended(at).is_some_and(|end| now.since(end) >= life);
    let (old, kept): (Vec<usize>, Vec<usize>) = (0..changes.len()).partition(|at| is_old(*at));
    if old.is_empty() {
        return Ok(0);
    }
    let mut sets: BTreeSet<&str> = kept.iter().map(|at| changes[*at].set.as_str()).collect();
    sets.extend(kept.iter().filter_map(|at| changes[*at].before.as_deref()));
    sets.insert(&live.set);

    let of_tree: BTreeMap<Key, String> = every(store, b'g').await?.into_iter().collect();
    let stood_on = standing::trees(store, menus, now).await?;
    sets.extend(stood_on.iter().filter_map(|tree| of_tree.get(&keys::menu_graph(tree))).map(String::as_str));

    let rows: Vec<(Key, SetRow)> = every(store, b's').await?;
    let is_kept = |key: &Key| sets.iter().any(|set| *key == keys::menu_set(set));
    let texts = |kept: bool| {
        let rows = rows.iter().filter(move |(key, _)| is_kept(key) == kept);
        rows.flat_map(|(_, set)| &set.files).flat_map(|file| file.rows().collect::<Vec<Key>>())
    };
    let needed: BTreeSet<Key> = texts(true).collect();
    // Whatever leads somewhere goes before what it leads to.
    let mut gone: Vec<Key> = old.iter().map(|at| keys::menu_change(changes[*at].number)).collect();
    gone.extend(of_tree.iter().filter(|(_, set)| !sets.contains(set.as_str())).map(|(key, _)| key.clone()));
    gone.extend(rows.iter().map(|(key, _)| key.clone()).filter(|key| !is_kept(key)));
    let unneeded: BTreeSet<Key> = texts(false).filter(|key| !needed.contains(key)).collect();
    gone.extend(unneeded);
    for keys in gone.chunks(AT_ONCE) {
        let mut batch = Batch::default();
        keys.iter().for_each(|key| batch.delete(key.clone(), Expect::Any));
        store.commit(batch).await?;
    }
    Ok(gone.len() as u64)
}
