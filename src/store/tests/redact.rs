//! Records whose words were replaced: with a notice the chain holds, without one it does not.

use super::super::journal::{Chain, Record};
use super::super::judge;
use super::super::memory::Memory;
use super::super::redact::{Notice, Redaction, digest};
use super::super::verify::walk;
use super::super::{Key, Store, StoreError, keys};
use super::{batch, position};
use bytes::Bytes;

/// A store that says four things, one a commit.
async fn told() -> Memory {
    let store = Memory::new();
    for word in ["wanjiku pays 5", "otieno pays 7", "wanjiku pays 9", "amina pays 1"] {
        let record = format!(r#"{{"said":"{word}"}}"#);
        position(store.commit(batch(|b| b.journal.push(record.into()))).await);
    }
    store
}

async fn records(store: &Memory) -> Vec<(Key, Bytes)> {
    let rows = store.scan(vec![keys::JOURNAL], None, 99, false).await.expect("read");
    rows.into_iter().map(|(key, row)| (key, row.octets())).collect()
}

fn parsed((key, row): &(Key, Bytes)) -> Record {
    Record::parse(key, row).expect("a record")
}

/// Follows rows to the end where the store says it is.
async fn followed(store: &Memory, rows: &[(Key, Bytes)]) -> Result<(), String> {
    let head = super::super::journal::head(store).await.expect("a head");
    let mut chain = Chain::default();
    rows.iter().try_for_each(|row| chain.follow(&parsed(row)))?;
    chain.ends_at(&head)
}

fn notice(rows: &[(u64, &str)]) -> Bytes {
    let rows = rows.iter().map(|(number, new)| (*number, digest(new.as_bytes()))).collect();
    let notice = Notice { by: "two people".to_owned(), rows };
    serde_json::to_vec(&serde_json::json!({ "redacts": notice })).expect("JSON").into()
}

fn other_words(record: &Record, new: &'static str) -> Redaction {
    Redaction {
        position: record.position,
        index: record.index,
        was: record.record.clone(),
        record: new.into(),
    }
}

const FIRST: &str = r#"{"said":"somebody pays 5"}"#;
const THIRD: &str = r#"{"said":"somebody pays 9"}"#;

/// The same store after its first and third record got other words.
async fn replaced() -> Memory {
    let store = told().await;
    let rows = records(&store).await;
    let new = [other_words(&parsed(&rows[0]), FIRST), other_words(&parsed(&rows[2]), THIRD)];
    let done = store.commit(batch(|b| {
        b.journal.push(notice(&[(0, FIRST), (2, THIRD)]));
        b.redact = new.to_vec();
    }));
    assert_eq!(position(done.await), 5);
    store
}

#[tokio::test]
async fn replaced_records_with_a_notice_are_followed_and_every_hash_stays() {
    let (before, after) = (told().await, replaced().await);
    let mut said = Vec::new();
    let mut hear = |record: &Record| {
        said.push(String::from_utf8_lossy(&record.record).into_owned());
        Ok(())
    };
    assert_eq!(walk(&after, &mut hear).await.expect("whole").records, 5);
    assert!(said[0] == FIRST && said[2] == THIRD && said[1].contains("otieno"), "{said:?}");
    let (old, new) = (records(&before).await, records(&after).await);
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(parsed(old).hash(), parsed(new).hash(), "seals of before hold");
    }
    assert!(!new.iter().any(|(_, row)| row.windows(7).any(|octets| octets == b"wanjiku")));
}

#[tokio::test]
async fn records_replaced_without_a_notice_or_otherwise_than_it_says_are_an_edited_history() {
    let store = replaced().await;
    let whole = records(&store).await;
    assert_eq!(followed(&store, &whole).await, Ok(()));

    let mut edited = whole.clone();
    edited[0].1 = parsed(&whole[0]).reworded(br#"{"said":"somebody pays 500"}"#);
    let why = followed(&store, &edited).await.expect_err("edited after the notice");
    assert_eq!(why, "record 0 was replaced otherwise than a later record says");

    let mut slipped = whole.clone();
    slipped[1].1 = parsed(&whole[1]).reworded(br#"{"said":"otieno pays 700"}"#);
    let why = followed(&store, &slipped).await.expect_err("nobody said so");
    assert_eq!(why, "record 1 was replaced, and no later record says so");

    let mut vouching = whole.clone();
    vouching[1].1 = parsed(&whole[1]).reworded(&notice(&[(0, FIRST), (1, "x"), (2, THIRD)]));
    assert!(followed(&store, &vouching).await.is_err(), "a replaced record vouches for nothing");

    let mut back = whole.clone();
    back[0] = records(&told().await).await[0].clone();
    let why = followed(&store, &back).await.expect_err("the words of before");
    assert_eq!(why, "record 0 was to be replaced, and stands as it was");

    for octet in 0..40 {
        let mut bent = whole.clone();
        let mut row = bent[2].1.to_vec();
        row[1 + octet] ^= 1;
        bent[2].1 = row.into();
        assert!(followed(&store, &bent).await.is_err(), "octet {octet} of hash and number");
    }
    let mut bent = whole.clone();
    let mut row = bent[2].1.to_vec();
    row[50] ^= 1;
    bent[2].1 = row.into();
    assert!(followed(&store, &bent).await.is_err(), "its own hash");
}

#[tokio::test]
async fn the_store_replaces_nothing_without_its_notice() {
    let store = told().await;
    let rows = records(&store).await;
    let new = other_words(&parsed(&rows[0]), FIRST);
    let mut twice = batch(|b| b.journal.push(notice(&[(0, FIRST)])));
    twice.redact = vec![new.clone(), new.clone()];
    let wrong = [
        (batch(|b| b.redact.push(new.clone())), "no notice says so"),
        (batch(|b| b.journal.push(notice(&[(0, FIRST)]))), "names others"),
        (
            batch(|b| {
                b.journal.push(notice(&[(0, THIRD)]));
                b.redact.push(new.clone());
            }),
            "no notice says so",
        ),
        (twice, "names others"),
        (
            batch(|b| {
                b.journal.push(notice(&[(9, FIRST)]));
                b.redact.push(Redaction { position: 9, ..new.clone() });
            }),
            "not there",
        ),
        (
            batch(|b| {
                b.redact.push(Redaction { record: vec![b'x'; judge::MAX_ROW + 1].into(), ..new.clone() })
            }),
            "fit",
        ),
    ];
    for (batch, why) in wrong {
        let said = store.commit(batch).await.expect_err(why).to_string();
        assert!(said.contains("cannot be written") && said.contains(why), "{said}");
    }
    assert_eq!(records(&store).await, rows);
}

#[tokio::test]
async fn a_record_that_changed_in_between_is_a_conflict_and_a_notice_stays_for_ever() {
    let store = replaced().await;
    let rows = records(&store).await;
    let old = other_words(&parsed(&records(&told().await).await[0]), "later");
    let late = batch(|b| {
        b.journal.push(notice(&[(0, "later")]));
        b.redact.push(old.clone());
    });
    assert!(matches!(store.commit(late).await, Err(StoreError::Conflict(_))));
    let said = store.commit(batch(|b| {
        b.journal.push(notice(&[(4, "nothing")]));
        b.redact.push(other_words(&parsed(&rows[4]), "nothing"));
    }));
    assert!(said.await.expect_err("refused").to_string().contains("what was replaced before"));
    // The same record may get other words again: the last notice counts.
    let again = other_words(&parsed(&rows[0]), "again");
    position(
        store
            .commit(batch(|b| {
                b.journal.push(notice(&[(0, "again")]));
                b.redact.push(again);
            }))
            .await,
    );
    assert_eq!(followed(&store, &records(&store).await).await, Ok(()));
}
