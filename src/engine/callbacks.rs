//! What providers of mobile money posted, as it came: written down before anybody reads it, looked at when
//! the books and a provider's list do not agree, and let go of after some days.

use super::Engine;
use super::work::Fault;
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, codec, keys};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The index that holds them, by the moment they came.
pub(super) const POSTED: &str = "posted";
/// Rows of a page.
const PAGE: usize = 100;

/// What a provider of mobile money posted, as it came; nothing in it lets anybody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// At whose door, by its name in the configuration.
    pub provider: String,
    /// From which address.
    pub caller: String,
    /// What stood in its path behind the secret part.
    pub tail: String,
    /// Some of its headers.
    pub headers: Vec<(String, String)>,
    /// Its body; what is no text in it stands as replacement characters.
    pub body: String,
}

/// The same with the moment it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackRow {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub callback: Callback,
}

impl Engine {
    /// Writes down what was posted. The same twice in one moment is one row.
    pub(super) async fn keep_callback(&self, callback: &Callback) -> Result<(), Fault> {
        let row = codec::encode(callback);
        let digest = Sha256::digest(&row);
        let mut batch = Batch::default();
        let at = keys::moment(self.clock.now());
        batch.put(keys::index(POSTED, &[&at], &digest[..8]), Expect::Any, row);
        self.store.commit(batch).await?;
        Ok(())
    }

    /// What was posted, newest first: a page of it, from before that moment.
    pub(super) async fn callback_rows(&self, before: Option<Timestamp>) -> Result<Vec<CallbackRow>, Fault> {
        let prefix = keys::index_prefix(POSTED, &[]);
        let from = before.map(|at| keys::index_prefix(POSTED, &[&keys::moment(at)]));
        let rows = self.store.scan(prefix, from, PAGE, true).await?;
        let read = |(key, row): (Key, _)| {
            let at = keys::parse_index(&key).and_then(|parts| keys::parse_moment(parts.get(1)?));
            let callback = codec::decode_row(&key, &row)?;
            Ok(CallbackRow { at: at.unwrap_or_default(), callback })
        };
        rows.into_iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::messages::keep::{Keep, prune};
    use crate::engine::tests::engine;
    use std::time::Duration;

    fn posted(body: &str) -> Callback {
        Callback {
            provider: "mtn".to_owned(),
            caller: "192.0.2.7".to_owned(),
            tail: String::new(),
            headers: vec![("user-agent".to_owned(), "momo/1".to_owned())],
            body: body.to_owned(),
        }
    }

    #[tokio::test]
    async fn what_was_posted_is_kept_as_it_came_newest_first_and_goes_after_its_days() {
        let (engine, clock) = engine().await;
        engine.keep_callback(&posted("first")).await.expect("kept");
        engine.keep_callback(&posted("first")).await.expect("kept");
        clock.advance(Duration::from_secs(86_400));
        engine.keep_callback(&posted("second")).await.expect("kept");
        let bodies = async |before| {
            let rows = engine.callback_rows(before).await.expect("read");
            rows.iter().map(|row| row.callback.body.clone()).collect::<Vec<_>>()
        };
        assert_eq!(bodies(None).await, ["second", "first"], "a replay in the same moment is one row");
        let newest = engine.callback_rows(None).await.expect("read")[0].at;
        assert_eq!(bodies(Some(newest)).await, ["first"]);
        let keep = Keep { callback_days: 1, ..Keep::default() };
        prune(&*engine.store, crate::types::Clock::now(&*clock), keep).await.expect("pruned");
        assert_eq!(bodies(None).await, ["second"]);
    }
}
