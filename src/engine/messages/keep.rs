//! How long notes are kept. Nothing of the market, the books or the journal is let go of here:
//! only what was written down to look at, and names that no receipt will ask for any more.

use super::Message;
use crate::store::batch::{Batch, Expect, Row};
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::de::IgnoredAny;
use std::time::Duration;

/// Rows looked at in one go: of what is let go, a batch stays far below what a commit may hold.
const PAGE: usize = 64;
/// How long half of a command is kept; it is of use for half an hour.
const HALF: Duration = Duration::from_secs(86_400);
const DAY: u64 = 86_400;

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days for which gateways' ids are known after the last word about their message, and receipts
    /// that found no message.
    pub receipt_days: u32,
    /// Days for which messages can be looked at, and wishes to be called back.
    pub message_days: u32,
    /// Days for which it can be looked at what providers of mobile money posted.
    pub callback_days: u32,
    /// Days for which it can be looked at what the card processor posted.
    pub card_event_days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { receipt_days: 7, message_days: 90, callback_days: 30, card_event_days: 35 }
    }
}

/// Lets go of what is too old at `now`; how many rows. In small batches, safe beside a running
/// engine and beside another of its kind.
pub async fn prune(store: &dyn Store, now: Timestamp, keep: Keep) -> Result<u64, StoreError> {
    let days = |days: u32| Duration::from_secs(u64::from(days) * DAY);
    let (receipts, messages) = (days(keep.receipt_days), days(keep.message_days));
    let moment_is_over = |life: Duration| {
        move |key: &Key, _: &Row| {
            let at = keys::parse_index(key).and_then(|parts| keys::parse_moment(parts.get(1)?));
            at.is_none_or(|at| now.since(at) >= life)
        }
    };
    let mut gone = forget_ids(store, now, receipts).await?;
    gone += forget_messages(store, now, messages).await?;
    gone += drop_while(store, keys::index_prefix("unmatched", &[]), moment_is_over(receipts)).await?;
    gone += drop_while(store, keys::index_prefix("callback", &[]), moment_is_over(messages)).await?;
    let posted = keys::index_prefix(crate::engine::callbacks::POSTED, &[]);
    gone += drop_while(store, posted, moment_is_over(days(keep.callback_days))).await?;
    gone += forget_halves(store, now).await?;
    gone += crate::engine::push::forget(store, now).await?;
    // Names and receipts as the first release wrote them, without a moment; nothing reads them now.
    for name in ["sent", "receipt"] {
        gone += drop_while(store, keys::index_prefix(name, &[]), |_, _| true).await?;
    }
    Ok(gone)
}

/// Where the messages stand whose ids were forgotten: all up to this one.
fn cursor() -> Key {
    keys::meta("receipts kept from")
}

async fn read_cursor(store: &dyn Store) -> Result<Option<Key>, StoreError> {
    let row = store.read(vec![cursor()]).await?.into_iter().next().flatten();
    Ok(row.map(|row| row.octets().to_vec()))
}

/// Forgets the gateways' ids of messages that were finished long ago, oldest first, up to the first
/// message that is not.
async fn forget_ids(store: &dyn Store, now: Timestamp, life: Duration) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let from = read_cursor(store).await?;
        let page = store.scan(vec![keys::MESSAGES], from, PAGE, false).await?;
        let mut batch = Batch::default();
        let mut last = None;
        for (key, row) in page {
            // A row that cannot be read is no reason to keep all those behind it.
            let message: Option<Message> = codec::decode_row(&key, &row).ok();
            let finished = message.as_ref().map(|message| message.finished(now));
            if finished.is_some_and(|at| at.is_none_or(|at| now.since(at) < life)) {
                break;
            }
            gone += message.map_or(0, |message| drop_ids(&mut batch, &key, &message));
            last = Some(key);
        }
        let Some(last) = last else { return Ok(gone) };
        batch.put(cursor(), Expect::Any, last);
        store.commit(batch).await?;
    }
}

/// Forgets the gateway's ids of a message; how many.
pub(in crate::engine) fn drop_ids(batch: &mut Batch, key: &Key, message: &Message) -> u64 {
    let Some(gateway) = &message.gateway else { return 0 };
    let mut names: Vec<String> =
        message.parts.iter().map(|part| crate::types::receipt::normal_id(&part.id)).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    for name in &names {
        batch.delete(keys::by_message(gateway, name, &key[1..]), Expect::Any);
    }
    names.len() as u64
}

/// Forgets messages that are old enough and whose ids are forgotten.
async fn forget_messages(store: &dyn Store, now: Timestamp, life: Duration) -> Result<u64, StoreError> {
    let Some(done) = read_cursor(store).await? else { return Ok(0) };
    let mut gone = 0;
    loop {
        let page = store.scan(vec![keys::MESSAGES], None, PAGE, false).await?;
        let mut batch = Batch::default();
        let old =
            |key: &Key| *key <= done && keys::parse_message(key).is_none_or(|(at, _)| now.since(at) >= life);
        for (key, row) in page.into_iter().take_while(|(key, _)| old(key)) {
            let message: Option<Message> = codec::decode_row(&key, &row).ok();
            if let (Some(message), Some((at, id))) = (message, keys::parse_message(&key)) {
                batch.delete(keys::message_of(message.phone, at, id), Expect::Any);
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

/// Halves of commands stand by phone, not by moment.
async fn forget_halves(store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
    drop_all(store, keys::index_prefix("half", &[]), |key, row| {
        let half = codec::decode_row::<(IgnoredAny, Timestamp)>(key, row);
        half.map_or(true, |(_, at)| now.since(at) >= HALF)
    })
    .await
}

/// Removes every row under a prefix that is old, wherever it stands: all are looked at. One that is
/// written anew meanwhile stays.
pub(in crate::engine) async fn drop_all(
    store: &dyn Store, prefix: Key, old: impl Fn(&Key, &Row) -> bool,
) -> Result<u64, StoreError> {
    let (mut gone, mut from) = (0, None);
    loop {
        let page = store.scan(prefix.clone(), from, PAGE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(gone) };
        from = Some(last.clone());
        for (key, row) in page.into_iter().filter(|(key, row)| old(key, row)) {
            let mut batch = Batch::default();
            batch.delete(key, Expect::At(row.version));
            match store.commit(batch).await {
                Ok(_) => gone += 1,
                Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why),
            }
        }
    }
}

/// Removes the first rows under a prefix, as long as they are old.
async fn drop_while(
    store: &dyn Store, prefix: Key, old: impl Fn(&Key, &Row) -> bool,
) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let page = store.scan(prefix.clone(), None, PAGE, false).await?;
        let mut batch = Batch::default();
        for (key, _) in page.into_iter().take_while(|(key, row)| old(key, row)) {
            batch.delete(key, Expect::Any);
        }
        if batch.ops.is_empty() {
            return Ok(gone);
        }
        gone += batch.ops.len() as u64;
        store.commit(batch).await?;
    }
}
