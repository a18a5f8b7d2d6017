//! Rows of every version that was ever written are read for ever. The files were put together
//! from the description of the layout, not by this code.

use crate::dialog::tape::{Event, Fed, Turn};
use crate::store::batch::{Row, Value};
use crate::store::journal::{Chain, Head, Record};
use crate::store::memory::Memory;
use crate::store::{Store, codec, keys, outbox, row};
use crate::types::{CodeKind, Kes, SpokenCode, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::path::Path;

fn fixture(name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store").join(name);
    let text = std::fs::read_to_string(&path).expect(name);
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let octet = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex");
    (0..digits.len()).step_by(2).map(octet).collect()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sale {
    order: SpokenCode,
    maker_gets: Kes,
    at: Timestamp,
    note: Option<String>,
}

#[test]
fn a_value_of_spelling_1_is_read() {
    let sale = Sale {
        order: SpokenCode::parse(CodeKind::Order, "100009").expect("a right number"),
        maker_gets: Kes::minor(125_000),
        at: Timestamp::from_millis(1_800_000_000_000),
        note: Some("Asante €".to_owned()),
    };
    assert_eq!(codec::decode(&fixture("value-1.hex")), Ok(sale));
}

#[test]
fn rows_of_layout_1_are_read() {
    let octets = Row { version: 7, value: Value::Octets("Karibu".into()) };
    assert_eq!(row::decode(&fixture("row-octets-1.hex")), Ok(octets));
    assert_eq!(row::decode(&fixture("row-sum-1.hex")), Ok(Row { version: 8, value: Value::Sum(-1250) }));
}

#[test]
fn a_journal_of_layout_1_is_read_and_its_chain_holds() {
    let mut chain = Chain::default();
    for (place, file, words) in [
        (0, "journal-1-first.hex", &b"{\"joined\":\"Amina\"}"[..]),
        (1, "journal-1-second.hex", &b"{\"listed\":\"10039\"}"[..]),
    ] {
        let record = Record::parse(&keys::journal(3, place), &fixture(file)).expect("readable");
        assert_eq!(record.record, words);
        chain.follow(&record).expect("follows");
    }
    let head = Head::from_octets(&fixture("head-1.hex")).expect("readable");
    assert_eq!((head.position, head.records), (4, 2));
    chain.ends_at(&head).expect("ends there");
}

#[test]
fn a_record_with_a_salt_is_read_and_keeps_its_hash_with_other_words() {
    for (file, words) in [
        ("journal-3-third.hex", &b"{\"called\":\"Amina\"}"[..]),
        ("journal-2-third.hex", &b"{\"called\":\"somebody\"}"[..]),
    ] {
        let mut chain = Chain::default();
        for (place, file) in [(0, "journal-1-first.hex"), (1, "journal-1-second.hex")] {
            let before = Record::parse(&keys::journal(3, place), &fixture(file)).expect("readable");
            chain.follow(&before).expect("follows");
        }
        let record = Record::parse(&keys::journal(5, 0), &fixture(file)).expect("readable");
        assert_eq!(record.record, words);
        chain.follow(&record).expect("follows");
        assert!(record.hash().starts_with(&[0x65, 0x9d, 0x98, 0xb7]), "{:02x?}", record.hash());
    }
}

#[tokio::test]
async fn outbox_items_of_spelling_1_are_read() {
    let store = Memory::new();
    let at = Timestamp::from_millis;
    let rows = super::batch(|b| {
        b.put(keys::outbox(1, at(5), b"a"), crate::store::batch::Expect::Any, fixture("outbox-1.hex"));
        b.put(keys::parked(b"b"), crate::store::batch::Expect::Any, fixture("parked-1.hex"));
    });
    store.commit(rows).await.expect("committed");
    let claimed = outbox::claim(&store, 1, at(5), 9, at(9)).await.expect("readable").remove(0);
    assert_eq!((claimed.item.kind.as_str(), claimed.item.attempt), ("sms", 3));
    assert_eq!(claimed.item.give_up, at(1_800_000_900_000));
    assert_eq!(claimed.item.payload, "{\"text\":\"Asante\"}");
    let parked = outbox::parked(&store, None, 9).await.expect("readable").remove(0);
    assert_eq!((parked.note.shard, parked.note.why.as_str()), (1, "no such number"));
    assert_eq!(parked.item.payload, "{\"text\":\"Asante\"}");
}

#[test]
fn a_recorded_turn_of_spelling_1_is_read() {
    let turn: Turn = codec::decode(&fixture("recording-1.hex")).expect("readable");
    let Event::Begun { head, typed } = &turn.event else { panic!("{turn:?}") };
    assert_eq!((head.tree.as_str(), typed.len()), ("artisan", 2));
    let walk = turn.walk.as_ref().expect("walked");
    assert_eq!((walk.fed.len(), walk.limit, walk.ended, walk.refused), (3, 160, true, true));
    assert_eq!(walk.outcomes().collect::<Vec<_>>(), [("account.speak", "ok", true)]);
    let Some(Fed::Data(given)) = walk.fed.first() else { panic!("{walk:?}") };
    assert_eq!(given.data().rows.map(|rows| rows.len()), Some(1));
    // What is written now is spelled the same.
    assert_eq!(codec::encode(&turn), fixture("recording-1.hex"));
}
