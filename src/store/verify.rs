//! The journal against the rows: is the chain whole, and does what it tells add up to what is
//! stored? And the one thing that is thrown away: old inbox marks.
//!
//! Meant for a store that nobody writes to meanwhile.

use super::batch::{Batch, Expect, Value, show_key};
use super::journal::{self, Chain, Head, Record};
use super::{Key, Store, StoreError, keys};
use crate::types::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// How many rows are read at a time.
const PAGE: usize = 512;

/// Why a journal could not be walked to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain is broken.
    #[error("the journal is not whole: {0}")]
    Broken(String),
    /// A record makes no sense to whoever derives the rows from it.
    #[error("record {number} (commit {position}) cannot be followed: {why}")]
    Senseless {
        /// Its number in the journal.
        number: u64,
        /// The commit it belongs to.
        position: u64,
        /// In words.
        why: String,
    },
}

/// Takes a record; `Err` says why it makes no sense.
pub type Fold<'a> = dyn FnMut(&Record) -> Result<(), String> + Send + 'a;

/// Walks the whole journal in order, proves its chain and hands every record to `fold`. Where the
/// store stands.
pub async fn walk(store: &dyn Store, fold: &mut Fold<'_>) -> Result<Head, VerifyError> {
    let head = journal::head(store).await?;
    let mut chain = Chain::default();
    let mut after = None;
    loop {
        let page = journal::page(store, after.take(), PAGE).await?;
        for record in &page {
            chain.follow(record).map_err(VerifyError::Broken)?;
            fold(record).map_err(|why| VerifyError::Senseless {
                number: record.number,
                position: record.position,
                why,
            })?;
        }
        match page.last() {
            Some(last) => after = Some(keys::journal(last.position, last.index)),
            None => break,
        }
    }
    chain.ends_at(&head).map_err(VerifyError::Broken)?;
    Ok(head)
}

/// A row that is not what the journal says it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which row.
    pub key: Key,
    /// What the journal says; `None`: there should be no such row.
    pub expected: Option<Value>,
    /// What is stored; `None`: the row is missing.
    pub found: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| match value {
            None => "no row".to_owned(),
            Some(Value::Sum(sum)) => format!("the sum {sum}"),
            Some(Value::Octets(octets)) => octets.escape_ascii().to_string(),
        };
        let (expected, found) = (show(&self.expected), show(&self.found));
        write!(f, "{}: the journal says {expected}, stored is {found}", show_key(&self.key))
    }
}

/// Compares every row under `prefixes` with what is expected there; at most `most` differences,
/// in key order within each prefix. Expected rows outside all prefixes are not looked at.
pub async fn compare(
    store: &dyn Store, prefixes: &[Key], expected: &BTreeMap<Key, Value>, most: usize,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    for prefix in prefixes {
        let Some(range) = keys::range(prefix, None, false) else { continue };
        let mut wanted = expected.range::<[u8], _>(range.as_ref()).peekable();
        let mut after = None;
        loop {
            let page = store.scan(prefix.clone(), after, PAGE, false).await?;
            for (key, row) in &page {
                while let Some((missing, value)) = wanted.next_if(|(wanted, _)| *wanted < key) {
                    differences.push(missing_row(missing, value));
                }
                let value = wanted.next_if(|(wanted, _)| *wanted == key).map(|(_, value)| value.clone());
                if value.as_ref() != Some(&row.value) {
                    let found = Some(row.value.clone());
                    differences.push(Difference { key: key.clone(), expected: value, found });
                }
            }
            if differences.len() >= most || page.is_empty() {
                break;
            }
            after = page.last().map(|(key, _)| key.clone());
        }
        differences.extend(wanted.map(|(key, value)| missing_row(key, value)));
        if differences.len() >= most {
            differences.truncate(most);
            break;
        }
    }
    Ok(differences)
}

fn missing_row(key: &Key, value: &Value) -> Difference {
    Difference { key: key.clone(), expected: Some(value.clone()), found: None }
}

/// Whoever can tell from the journal alone what the rows should be.
pub trait Rederive: Send {
    /// Takes the next record; `Err` says why it makes no sense.
    fn record(&mut self, record: &Record) -> Result<(), String>;
    /// The prefixes under which every row is derived.
    fn prefixes(&self) -> Vec<Key>;
    /// The rows there should be, after the last record.
    fn rows(&mut self) -> BTreeMap<Key, Value>;
}

/// What came of a verification that reached its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Where the store stands.
    pub head: Head,
    /// Rows that are not what the journal says.
    pub differences: Vec<Difference>,
}

/// Proves the chain, derives the rows anew and compares them; lists at most `most` differences.
pub async fn verify(
    store: &dyn Store, rederive: &mut dyn Rederive, most: usize,
) -> Result<Report, VerifyError> {
    let head = walk(store, &mut |record| rederive.record(record)).await?;
    let differences = compare(store, &rederive.prefixes(), &rederive.rows(), most).await?;
    Ok(Report { head, differences })
}

/// Removes inbox marks too old to matter at `now`; how many. Safe beside a running engine.
pub async fn prune(store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
    let kept = keys::inbox_kept(now);
    let mut removed = 0;
    loop {
        let page = store.scan(vec![keys::INBOX], None, PAGE, false).await?;
        let mut batch = Batch::default();
        for (key, row) in page.into_iter().take_while(|(key, _)| *key < kept) {
            batch.delete(key, Expect::At(row.version));
        }
        let count = batch.ops.len();
        if count == 0 {
            return Ok(removed);
        }
        match store.commit(batch).await {
            Ok(_) => removed += count as u64,
            // Another prune got there first.
            Err(StoreError::Conflict(_)) => {}
            Err(why) => return Err(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::{Committed, InboxMark};
    use crate::store::memory::Memory;

    /// Deposits as the journal tells them, and the sums as stored.
    async fn bank() -> Memory {
        let store = Memory::new();
        for (account, cents) in [("anna", 50), ("ben", 20), ("anna", -10)] {
            let mut batch = Batch::default();
            batch.add(keys::balance(account), cents, None);
            batch.journal.push(format!("{account} {cents}").into());
            store.commit(batch).await.expect("committed");
        }
        store
    }

    async fn derived(store: &Memory) -> BTreeMap<Key, Value> {
        let mut sums: BTreeMap<Key, i64> = BTreeMap::new();
        let head = walk(store, &mut |record| {
            let text = std::str::from_utf8(&record.record).map_err(|e| e.to_string())?;
            let (account, cents) = text.split_once(' ').ok_or("no blank")?;
            let cents: i64 = cents.parse().map_err(|_| "no number")?;
            *sums.entry(keys::balance(account)).or_default() += cents;
            Ok(())
        })
        .await
        .expect("whole");
        assert_eq!(head.position, store.position());
        sums.into_iter().map(|(key, sum)| (key, Value::Sum(sum))).collect()
    }

    #[tokio::test]
    async fn what_the_journal_tells_adds_up_to_what_is_stored() {
        let store = bank().await;
        let expected = derived(&store).await;
        let differences = compare(&store, &[vec![keys::BALANCES]], &expected, 9).await;
        assert_eq!(differences.expect("compared"), []);
    }

    #[tokio::test]
    async fn a_row_changed_removed_or_slipped_in_is_listed_with_its_key() {
        let store = bank().await;
        let mut batch = Batch::default();
        batch.add(keys::balance("anna"), 1, None);
        batch.delete(keys::balance("ben"), Expect::Any);
        batch.add(keys::balance("aaron"), 7, None);
        store.commit(batch).await.expect("committed behind the journal's back");
        let expected = derived(&store).await;
        let found = compare(&store, &[vec![keys::BALANCES]], &expected, 9).await.expect("compared");
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "Baaron: the journal says no row, stored is the sum 7",
                "Banna: the journal says the sum 40, stored is the sum 41",
                "Bben: the journal says the sum 20, stored is no row",
            ]
        );
        let first = compare(&store, &[vec![keys::BALANCES]], &expected, 1).await.expect("compared");
        assert_eq!(first, found[..1]);
    }

    #[tokio::test]
    async fn a_record_that_makes_no_sense_is_named() {
        let store = bank().await;
        let answer = walk(&store, &mut |record| {
            if record.position == 2 { Err("unheard of".to_owned()) } else { Ok(()) }
        })
        .await;
        assert_eq!(
            answer.expect_err("refused").to_string(),
            "record 1 (commit 2) cannot be followed: unheard of"
        );
    }

    #[tokio::test]
    async fn old_marks_go_and_marks_that_still_matter_stay() {
        let store = Memory::new();
        let span = i64::try_from(keys::INBOX_BUCKET.as_millis()).expect("days");
        let at = |buckets: i64| Timestamp::from_millis(buckets * span);
        let mark = |buckets: i64, name: u16| {
            let key = keys::inbox(at(buckets), &name.to_be_bytes());
            Batch { inbox: Some(InboxMark { key, answer: "x".into() }), ..Batch::default() }
        };
        for name in 0..(PAGE as u16 + 10) {
            store.commit(mark(100, name)).await.expect("marked");
        }
        store.commit(mark(101, 9_999)).await.expect("marked");
        assert_eq!(prune(&store, at(101)).await.expect("pruned"), 0);
        assert_eq!(prune(&store, at(102)).await.expect("pruned"), PAGE as u64 + 10);
        let repeat = store.commit(mark(102, 9_999)).await.expect("answered");
        assert_eq!(repeat, Committed::Repeat("x".into()));
    }
}
