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
/// Names, as they are named there, those that wait for the node that pays: it alone knows what it asked.
const UNHEARD: &str = "unheard";
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
    /// Writes down what was posted, and whether it is to be heard here and now; otherwise it waits for the node
    /// that pays. The same twice in one moment is one row.
    pub(super) async fn keep_callback(&self, callback: &Callback) -> Result<bool, Fault> {
        let row = codec::encode(callback);
        let digest = Sha256::digest(&row);
        let (at, here) = (keys::moment(self.clock.now()), self.pays_here());
        let mut batch = Batch::default();
        if !here {
            batch.put(keys::index(UNHEARD, &[&at], &digest[..8]), Expect::Any, Vec::new());
        }
        batch.put(keys::index(POSTED, &[&at], &digest[..8]), Expect::Any, row);
        self.store.commit(batch).await?;
        Ok(here)
    }

    /// What waits to be heard, oldest first, with its name; nothing where there is but one node.
    pub(super) async fn unheard(&self) -> Result<Vec<(Key, Callback)>, Fault> {
        if self.is_alone() {
            return Ok(Vec::new());
        }
        let names = self.store.scan(keys::index_prefix(UNHEARD, &[]), None, PAGE, false).await?;
        let mut unheard = Vec::with_capacity(names.len());
        for (name, _) in names {
            let kept = match keys::parse_index(&name).as_deref() {
                Some([_, at, digest]) => keys::index(POSTED, &[at], digest),
                _ => continue,
            };
            match self.store.read(vec![kept.clone()]).await?.into_iter().next().flatten() {
                Some(row) => unheard.push((name, codec::decode_row(&kept, &row)?)),
                // Let go of after its days: nobody can say any more what it said.
                None => self.heard(name).await?,
            }
        }
        Ok(unheard)
    }

    /// It need not be heard again.
    pub(super) async fn heard(&self, name: Key) -> Result<(), Fault> {
        let mut batch = Batch::default();
        batch.delete(name, Expect::Any);
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

    /// Word that nobody hears.
    struct Silence(tokio::sync::broadcast::Sender<crate::store::news::Heard>);

    impl crate::store::news::News for Silence {
        fn tell(&self, _: String) {}
        fn heard(&self) -> tokio::sync::broadcast::Receiver<crate::store::news::Heard> {
            self.0.subscribe()
        }
    }

    #[tokio::test]
    async fn what_came_to_a_node_that_does_not_pay_waits_for_the_one_that_does() {
        let (engine, clock) = engine().await;
        assert!(engine.keep_callback(&posted("alone")).await.expect("kept"), "there is no other node");
        engine.joins(std::sync::Arc::new(Silence(tokio::sync::broadcast::Sender::new(1))));
        engine.on_duty(true);
        assert!(engine.keep_callback(&posted("here")).await.expect("kept"), "this one pays");
        assert!(engine.unheard().await.expect("read").is_empty());
        engine.on_duty(false);
        for body in ["there", "there too"] {
            assert!(!engine.keep_callback(&posted(body)).await.expect("kept"));
            clock.advance(Duration::from_secs(1));
        }
        let unheard = engine.unheard().await.expect("read");
        let bodies: Vec<_> = unheard.iter().map(|(_, callback)| callback.body.as_str()).collect();
        assert_eq!(bodies, ["there", "there too"]);
        engine.heard(unheard[0].0.clone()).await.expect("noted");
        assert_eq!(engine.unheard().await.expect("read"), unheard[1..]);
        // Whoever did not pay for so long that it was let go of has nothing left to read.
        clock.advance(Duration::from_secs(3 * 86_400));
        let keep = Keep { callback_days: 1, ..Keep::default() };
        prune(&*engine.store, crate::types::Clock::now(&*clock), keep).await.expect("pruned");
        assert!(engine.unheard().await.expect("read").is_empty());
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
