//! How long recorded dialogs are kept.

use crate::dialog::tape::{Event, Turn};
use crate::store::batch::{Batch, Expect};
use crate::store::{Store, StoreError, codec, keys};
use crate::types::Timestamp;
use std::time::Duration;

/// Rows looked at in one go: what is let go of stays far below what a commit may hold.
const PAGE: usize = 64;

/// Lets go of dialogs that began so long before `now`; how many rows. Safe beside a running engine.
pub async fn prune(store: &dyn Store, now: Timestamp, life: Duration) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let page = store.scan(vec![keys::RECORDINGS], None, PAGE, false).await?;
        let mut batch = Batch::default();
        for (key, row) in page {
            let id = keys::parse_recording(&key).map(|(id, _)| id);
            let begun = id.and_then(|id| id.moment());
            if begun.is_some_and(|begun| now.since(begun) < life) {
                break;
            }
            let turn: Option<Turn> = codec::decode_row(&key, &row).ok();
            if let (Some(id), Some(Event::Begun { head, .. } | Event::Pushed { head, .. })) =
                (id, turn.map(|turn| turn.event))
            {
                batch.delete(keys::dialog_of(head.phone, id), Expect::Any);
            }
            batch.delete(key, Expect::Any);
            gone += 1;
        }
        if batch.ops.is_empty() {
            return Ok(gone);
        }
        store.commit(batch).await?;
    }
}
