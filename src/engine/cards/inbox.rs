//! Every event of the card processor as it came: kept before it is read, so that it can be looked at
//! and worked off again. Not derived from the journal; the hourly sweep lets go of old ones.

use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::work::Fault;
use crate::store::batch::{Batch, Expect, Row};
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::Duration;

/// For how long one that speaks of nothing we know is tried again.
const TRIED: Duration = Duration::from_secs(3 * 86_400);
/// Seconds until the next try, the last one for ever.
const AGAIN: [u64; 5] = [60, 300, 900, 3_600, 21_600];
/// Events looked at in one go.
const PAGE: usize = 64;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// Not worked off yet, or to be tried again.
    Waiting,
    /// Done, or nothing had to be done.
    Done,
    /// Of a kind that is of no matter to us.
    Unknown,
    /// It cannot be read, or is none that this shop can use: why.
    Unusable(String),
    /// It speaks of a payment of which nobody here knows.
    Nobodys,
}

impl Became {
    /// The stable word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Unknown => "unknown",
            Self::Unusable(_) => "unusable",
            Self::Nobodys => "nobodys",
        }
    }
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEvent {
    /// The hash of its octets: what comes again is the same row.
    pub name: String,
    /// When it came first.
    pub came: Timestamp,
    /// How often it came.
    pub times: u32,
    /// The processor's id and kind of it, once they could be read.
    pub head: Option<(String, String)>,
    /// What became of it.
    pub became: Became,
    /// How often it was tried.
    pub tried: u32,
    /// When it is tried again, while it waits.
    pub next: Timestamp,
    /// The very words of it.
    pub body: String,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The processor's id and kind of it, if they could be read.
    pub head: Option<(String, String)>,
    /// What became of it.
    pub became: Became,
}

/// Where events stand, by the moment they came.
pub fn all_events() -> Key {
    keys::index_prefix("card_event", &[])
}

fn place(came: Timestamp, name: &str) -> Key {
    keys::index("card_event", &[&keys::moment(came)], name.as_bytes())
}

/// Where the moment stands at which one came.
fn by_name(name: &str) -> Key {
    keys::index("card_event_at", &[name.as_bytes()], b"")
}

/// Those that wait.
fn waits(name: &str) -> Key {
    keys::index("card_event_waits", &[], name.as_bytes())
}

/// The name of an event's octets.
fn name_of(body: &[u8]) -> String {
    Sha256::digest(body)[..16].iter().fold(String::with_capacity(32), |mut name, octet| {
        let _ = write!(name, "{octet:02x}");
        name
    })
}

impl Engine {
    /// Keeps an event as it came; durable when this returns. Nothing when it is no text.
    pub(in crate::engine) async fn keep_card_event(&self, body: &Bytes) -> Result<Option<KeptEvent>, Fault> {
        let Ok(text) = std::str::from_utf8(body) else { return Ok(None) };
        let name = name_of(body);
        for _ in 0..crate::engine::turn::TRIES {
            let now = self.clock.now();
            let (event, expect) = match self.card_event_row(&name).await? {
                Some((mut event, version)) => {
                    event.times = event.times.saturating_add(1);
                    (event, Expect::At(version))
                }
                None => {
                    let (name, body) = (name.clone(), text.to_owned());
                    let became = Became::Waiting;
                    // Whoever keeps it works it off at once; this is for when that fails.
                    let next = now.after(Duration::from_secs(AGAIN[0]));
                    let event =
                        KeptEvent { name, came: now, times: 1, head: None, became, tried: 0, next, body };
                    (event, Expect::Absent)
                }
            };
            let mut batch = Batch::default();
            batch.put(place(event.came, &name), expect, codec::encode(&event));
            batch.put(by_name(&name), Expect::Any, codec::encode(&event.came));
            if event.became == Became::Waiting {
                batch.put(waits(&name), Expect::Any, Vec::new());
            }
            match self.store.commit(batch).await {
                Ok(_) => return Ok(Some(event)),
                Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Err(Fault::Broken("an event never found a quiet moment".to_owned()))
    }

    async fn card_event_row(&self, name: &str) -> Result<Option<(KeptEvent, u64)>, Fault> {
        let key = by_name(name);
        let Some(at) = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten() else {
            return Ok(None);
        };
        let came: Timestamp = codec::decode_row(&key, &at)?;
        let key = place(came, name);
        let Some(row) = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten() else {
            return Ok(None);
        };
        Ok(Some((codec::decode_row(&key, &row)?, row.version)))
    }

    /// Writes down what came of a try.
    pub(in crate::engine) async fn card_event_tried(&self, name: &str, tried: &Tried) -> Result<(), Fault> {
        for _ in 0..crate::engine::turn::TRIES {
            let now = self.clock.now();
            let Some((mut event, version)) = self.card_event_row(name).await? else { return Ok(()) };
            event.head = tried.head.clone().or(event.head);
            event.tried = event.tried.saturating_add(1);
            event.became = tried.became.clone();
            if event.became == Became::Waiting {
                let pause = AGAIN[(event.tried as usize - 1).min(AGAIN.len() - 1)];
                event.next = now.after(Duration::from_secs(pause));
                if now.since(event.came) >= TRIED {
                    tracing::error!(event = name, "ALARM: an event of the card processor is nobody's");
                    event.became = Became::Nobodys;
                }
            }
            let mut batch = Batch::default();
            if event.became != Became::Waiting {
                batch.delete(waits(name), Expect::Any);
            }
            batch.put(place(event.came, name), Expect::At(version), codec::encode(&event));
            match self.store.commit(batch).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Err(Fault::Broken("an event never found a quiet moment".to_owned()))
    }

    /// Events that wait and are to be tried now.
    pub(in crate::engine) async fn card_events_due(&self) -> Result<Vec<KeptEvent>, Fault> {
        let now = self.clock.now();
        let mut due = Vec::new();
        let mut from = None;
        // Those that wait for longer hide none that is due.
        while due.len() < PAGE {
            let prefix = keys::index_prefix("card_event_waits", &[]);
            let waiting = self.store.scan(prefix, from, PAGE, false).await?;
            let Some((last, _)) = waiting.last() else { break };
            from = Some(last.clone());
            for (key, _) in waiting {
                let name = keys::index_id(&key).and_then(|id| String::from_utf8(id).ok());
                let Some(name) = name else { continue };
                if let Some((event, _)) = self.card_event_row(&name).await?
                    && event.next <= now
                {
                    due.push(event);
                }
            }
        }
        Ok(due)
    }

    /// The newest events.
    pub(super) async fn newest_card_events(&self) -> Result<Vec<KeptEvent>, Fault> {
        let rows = self.store.scan(all_events(), None, 2 * PAGE, true).await?;
        Ok(rows.iter().filter_map(|(key, row)| codec::decode_row(key, row).ok()).collect())
    }

    /// An event is to be worked off once more. False when there is none of this name.
    pub(super) async fn card_event_again(&self, by: &Who, name: &str) -> Result<bool, Fault> {
        for _ in 0..crate::engine::turn::TRIES {
            let Some((mut event, version)) = self.card_event_row(name).await? else { return Ok(false) };
            (event.became, event.next) = (Became::Waiting, self.clock.now());
            let mut work = self.work(self.clock.now())?;
            work.extra().put(place(event.came, name), Expect::At(version), codec::encode(&event));
            work.extra().put(waits(name), Expect::Any, Vec::new());
            match self.commit(work, by.did(format!("has card event {name} worked off again")), None).await {
                Ok(_) => return Ok(true),
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Broken("an event never found a quiet moment".to_owned()))
    }
}

/// Lets go of events that came long ago; how many rows.
///
/// # Errors
/// The store's.
pub async fn prune(store: &dyn Store, now: Timestamp, life: Duration) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let page = store.scan(all_events(), None, PAGE, false).await?;
        let mut batch = Batch::default();
        let old = |(key, row): &(Key, Row)| {
            let event: Option<KeptEvent> = codec::decode_row(key, row).ok();
            event.is_none_or(|event| now.since(event.came) >= life)
        };
        for (key, row) in page.into_iter().take_while(old) {
            if let Ok(event) = codec::decode_row::<KeptEvent>(&key, &row) {
                batch.delete(by_name(&event.name), Expect::Any);
                batch.delete(waits(&event.name), Expect::Any);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::engine;

    #[tokio::test]
    async fn events_that_wait_hide_none_that_is_due() {
        let (engine, clock) = engine().await;
        let body = |n: usize| Bytes::from(format!("{{\"n\":{n}}}"));
        let first = engine.keep_card_event(&body(0)).await.expect("kept").expect("a text");
        clock.advance(Duration::from_secs(AGAIN[0]));
        for n in 1..=4 * PAGE {
            engine.keep_card_event(&body(n)).await.expect("kept");
        }
        let due = engine.card_events_due().await.expect("read");
        assert_eq!(due.iter().map(|event| &event.name).collect::<Vec<_>>(), [&first.name]);
    }

    #[tokio::test]
    async fn an_event_is_kept_for_its_days_and_then_with_all_that_found_it_gone() {
        let (engine, clock) = engine().await;
        let body = Bytes::from_static(b"{}");
        let came = engine.keep_card_event(&body).await.expect("kept").expect("a text");
        let day = Duration::from_secs(86_400);
        clock.advance(day);
        assert_eq!(prune(&*engine.store, engine.clock.now(), 2 * day).await.expect("swept"), 0);
        assert!(engine.card_event_row(&came.name).await.expect("read").is_some());
        clock.advance(day);
        assert_eq!(prune(&*engine.store, engine.clock.now(), 2 * day).await.expect("swept"), 1);
        assert!(engine.card_event_row(&came.name).await.expect("read").is_none());
        for prefix in [
            all_events(),
            keys::index_prefix("card_event_at", &[]),
            keys::index_prefix("card_event_waits", &[]),
        ] {
            assert!(engine.store.scan(prefix, None, 1, false).await.expect("read").is_empty());
        }
    }
}
