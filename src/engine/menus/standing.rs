//! Dialogs in progress when the menus change: they end on the version they began with.

use super::Menus;
use crate::engine::repeat::OPEN_FOR;
use crate::engine::turn::DialogRow;
use crate::menu::graph::Graph;
use crate::store::{Store, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Rows read at a time.
const PAGE: usize = 256;
/// Longer than any dialog can be gone on with: of those before it no tree need be read.
const LONG_AGO: Duration = Duration::from_secs(24 * 3_600);
/// Screens named in a change; of more only the dialogs are counted.
const MOST_SCREENS: usize = 20;

/// Dialogs that a change found in progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Dialogs that end on a version before the one that went live.
    pub older: u64,
    /// Those among them that stand on a screen which the new version does not have.
    pub removed: u64,
    /// These screens: tree, block, dialogs.
    pub screens: Vec<(String, String, u64)>,
}

/// Whether somebody may still press a key in this dialog, or go on with it.
fn is_in_progress(row: &DialogRow, graph: &Graph, now: Timestamp) -> bool {
    let open = !row.state.is_over() && row.state.cut.is_none() && now.since(row.last) <= OPEN_FOR;
    open || row.state.may_resume(graph, now)
}

/// Hands every dialog in progress to `seen`, with its tree. Reads the table page by page beside
/// whoever writes it.
async fn each(
    store: &dyn Store, menus: &Menus, now: Timestamp, mut seen: impl FnMut(&DialogRow, &Graph),
) -> Result<(), StoreError> {
    let mut from = None;
    let mut graphs: BTreeMap<String, Option<Arc<Graph>>> = BTreeMap::new();
    loop {
        let page = store.scan(vec![keys::DIALOGS], from, PAGE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = Some(last.clone());
        for (key, row) in &page {
            let Ok(row) = codec::decode_row::<DialogRow>(key, row) else { continue };
            if now.since(row.last) > LONG_AGO {
                continue;
            }
            let hash = &row.state.graph;
            if !graphs.contains_key(hash) {
                graphs.insert(hash.clone(), menus.graph(store, hash).await?);
            }
            let graph = graphs.get(hash).and_then(Option::as_ref);
            if let Some(graph) = graph.filter(|graph| is_in_progress(&row, graph, now)) {
                seen(&row, graph);
            }
        }
    }
}

/// Counts the dialogs that do not stand on the version that serves.
pub async fn count(store: &dyn Store, menus: &Menus, now: Timestamp) -> Result<Standing, StoreError> {
    let serving = menus.edition();
    let mut standing = Standing::default();
    let mut screens: BTreeMap<(String, String), u64> = BTreeMap::new();
    each(store, menus, now, |row, graph| {
        if serving.graph(&graph.hash).is_some() {
            return;
        }
        standing.older += 1;
        let block = row.state.block(graph);
        let new = serving.graphs.iter().find(|new| new.name == graph.name);
        if new.is_none_or(|new| new.find(block).is_none()) {
            standing.removed += 1;
            *screens.entry((graph.name.clone(), block.to_owned())).or_default() += 1;
        }
    })
    .await?;
    standing.screens = screens.into_iter().map(|((tree, block), dialogs)| (tree, block, dialogs)).collect();
    standing.screens.sort_by_key(|(_, _, dialogs)| std::cmp::Reverse(*dialogs));
    standing.screens.truncate(MOST_SCREENS);
    Ok(standing)
}

/// The trees on which dialogs stand, by hash.
pub(super) async fn trees(
    store: &dyn Store, menus: &Menus, now: Timestamp,
) -> Result<BTreeSet<String>, StoreError> {
    let mut trees = BTreeSet::new();
    each(store, menus, now, |row, _| {
        trees.insert(row.state.graph.clone());
    })
    .await?;
    Ok(trees)
}
