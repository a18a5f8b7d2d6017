//! Sessions: a browser has a token, the store the hash of it. One ends by itself, by whoever holds it, by
//! the person it belongs to, and as soon as the file of people says something else about her.

use super::proof::{digest, hex};
use super::{Door, Member, No, Whence, Who, expect};
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a session lasts at most: a working day.
pub(super) const LASTS: Duration = Duration::from_secs(12 * 3600);
/// How exactly it is known when a session was last used.
const GRAIN: Duration = Duration::from_secs(60);

/// By what somebody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Name, password and code.
    Password,
    /// A key alone.
    Key,
}

impl Way {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Password => "password and code",
            Self::Key => "key",
        }
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Whose.
    pub name: String,
    /// What she was when it began: [`Member::mark`].
    pub mark: String,
    /// By what she was let in.
    pub way: Way,
    /// When.
    pub began: Timestamp,
    /// When it was last used, to the minute.
    pub seen: Timestamp,
    /// When it ends in any case.
    pub until: Timestamp,
    /// From where she came.
    pub from: String,
}

fn place(id: &[u8]) -> Key {
    keys::desk(b's', id)
}

fn id_of(token: &str) -> [u8; 32] {
    digest(&[b"desk session", token.as_bytes()])
}

impl Door {
    /// A new session as part of a commit: the token that opens it.
    pub(super) fn opened(
        &self, batch: &mut Batch, member: &Member, way: Way, whence: &Whence,
    ) -> Result<String, No> {
        let (token, now) = (hex(&self.octets()?), self.clock.now());
        let (name, mark, from) = (member.name.clone(), member.mark.clone(), whence.words());
        let visit = Visit { name, mark, way, began: now, seen: now, until: now.after(LASTS), from };
        batch.put(place(&id_of(&token)), Expect::Absent, codec::encode(&visit));
        Ok(token)
    }

    fn lasts(&self, visit: &Visit) -> bool {
        let now = self.clock.now();
        now < visit.until && now.since(visit.seen) < self.idle
    }

    /// The session of a token, while it lasts. `uses`: somebody does something in it, so it goes on.
    ///
    /// # Errors
    /// What the store says.
    pub async fn visit(&self, token: &str, uses: bool) -> Result<Option<Visit>, No> {
        let key = place(&id_of(token));
        let Some(row) = self.row(&key).await? else { return Ok(None) };
        let mut visit = codec::decode_row::<Visit>(&key, &row)?;
        if !self.lasts(&visit) {
            return Ok(None);
        }
        let now = self.clock.now();
        if uses && now.since(visit.seen) >= GRAIN.min(self.idle / 4) {
            visit.seen = now;
            let mut batch = Batch::default();
            batch.put(key, expect(Some(&row)), codec::encode(&visit));
            match self.store.commit(batch).await {
                // Another page of hers was faster, or she has just left.
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(Some(visit))
    }

    /// Every session that lasts, of one person or of everybody, the last used first; each with its id.
    ///
    /// # Errors
    /// What the store says.
    pub async fn visits(&self, of: Option<&str>) -> Result<Vec<(String, Visit)>, No> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self.store.scan(keys::desk_rows(b's'), from.take(), 256, false).await?;
            for (key, row) in &page {
                let visit = codec::decode_row::<Visit>(key, row)?;
                if self.lasts(&visit) && of.is_none_or(|name| visit.name == name) {
                    found.push((hex(&key[2..]), visit));
                }
            }
            match page.last() {
                Some((key, _)) => from = Some(key.clone()),
                None => break,
            }
        }
        found.sort_by_key(|(_, visit)| std::cmp::Reverse(visit.seen));
        Ok(found)
    }

    /// The id of the session of a token.
    pub fn id(token: &str) -> String {
        hex(&id_of(token))
    }

    /// Ends sessions by their ids: how many there were.
    ///
    /// # Errors
    /// What the store says.
    pub async fn end(&self, ids: &[String], by: &Who, why: &str) -> Result<usize, No> {
        let known = self.visits(None).await?;
        let ended: Vec<&(String, Visit)> = known.iter().filter(|(id, _)| ids.contains(id)).collect();
        if ended.is_empty() {
            return Ok(0);
        }
        let mut batch = Batch::default();
        for (id, _) in &ended {
            let octets =
                (0..id.len() / 2).filter_map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).ok());
            batch.delete(place(&octets.collect::<Vec<u8>>()), Expect::Any);
        }
        self.told(&mut batch, by, why)?;
        self.store.commit(batch).await?;
        Ok(ended.len())
    }
}
