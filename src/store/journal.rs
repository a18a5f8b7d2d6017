//! The journal: what happened, one record after the other, each carrying the hash of the one
//! before it, so that a record changed, lost or slipped in is noticed.
//!
//! Rows live under [`keys::JOURNAL`] by commit position and place within the commit. They are
//! written by the store itself in the commit they describe, so the journal can never disagree
//! with the state because of a crash.

use super::redact::Replaced;
use super::{Key, Store, StoreError, batch, keys};
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The hash that stands before the first record.
pub const GENESIS: [u8; 32] = [0; 32];

/// How a journal row is spelled: this octet, the hash before it, its number, its record.
const LAYOUT: u8 = 1;
const RECORD_AT: usize = 1 + 32 + 8;
/// A row whose record was replaced: this octet, the hash before it, its number, its own hash as it was,
/// its new record.
const REDACTED: u8 = 2;
const REDACTED_AT: usize = RECORD_AT + 32;
/// A row with salt: this octet, the hash before it, its number, its salt, its record. A row of the first
/// layout has none, and is read for ever.
const SALTED: u8 = 3;
const SALTED_AT: usize = RECORD_AT + SALT;

/// Octets of a salt.
pub const SALT: usize = 16;

/// Where a store stands: its last commit and the end of its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last commit; zero in a new store.
    pub position: u64,
    /// How many records the journal has.
    pub records: u64,
    /// The hash of the last record; [`GENESIS`] when there is none.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of a new store.
    pub const START: Self = Self { position: 0, records: 0, hash: GENESIS };
    /// How many octets [`Head::to_octets`] gives.
    pub const OCTETS: usize = 48;

    /// Forty-eight octets: position, count, hash; numbers big-endian.
    pub fn to_octets(self) -> [u8; Self::OCTETS] {
        let mut out = [0; Self::OCTETS];
        out[..8].copy_from_slice(&self.position.to_be_bytes());
        out[8..16].copy_from_slice(&self.records.to_be_bytes());
        out[16..].copy_from_slice(&self.hash);
        out
    }

    /// The head that was spelled so; `None` for another number of octets.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let octets: &[u8; Self::OCTETS] = octets.try_into().ok()?;
        Some(Self {
            position: u64::from_be_bytes(octets[..8].try_into().ok()?),
            records: u64::from_be_bytes(octets[8..16].try_into().ok()?),
            hash: octets[16..].try_into().ok()?,
        })
    }

    /// Appends a record of commit `position` to the chain: the octets of its row. The hash that a record
    /// leaves when its words are replaced is that of its salt, too, which goes with the words: so nobody
    /// finds them by trying.
    pub(super) fn append(
        &mut self, position: u64, index: u32, record: &[u8], salt: Option<[u8; SALT]>,
    ) -> Bytes {
        let mut row = Vec::with_capacity(SALTED_AT + record.len());
        row.push(salt.map_or(LAYOUT, |_| SALTED));
        row.extend_from_slice(&self.hash);
        row.extend_from_slice(&self.records.to_be_bytes());
        // Another salt for each record of a commit: one that stays tells nothing of one that went.
        let own =
            salt.map(|salt| Sha256::new().chain_update(salt).chain_update(index.to_be_bytes()).finalize());
        row.extend_from_slice(own.as_ref().map_or(&[], |own| &own[..SALT]));
        row.extend_from_slice(record);
        self.hash = hash(position, index, &row);
        self.records += 1;
        row.into()
    }
}

/// A record covers its place as well as its words, so that it cannot be moved either.
fn hash(position: u64, index: u32, row: &[u8]) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update(position.to_be_bytes());
    sha.update(index.to_be_bytes());
    sha.update(row);
    sha.finalize().into()
}

/// One record as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The commit it belongs to.
    pub position: u64,
    /// Its place within the commit.
    pub index: u32,
    /// Its number in the whole journal, from zero, without gaps.
    pub number: u64,
    /// What was written: one JSON object.
    pub record: Bytes,
    before: [u8; 32],
    own: [u8; 32],
    redacted: bool,
}

impl Record {
    /// Reads a row of the journal.
    pub fn parse(key: &[u8], row: &Bytes) -> Result<Self, StoreError> {
        let unreadable =
            |why: &str| StoreError::Unreadable { key: batch::show_key(key), why: why.to_owned() };
        let (position, index) =
            keys::parse_journal(key).ok_or_else(|| unreadable("this is no key of the journal"))?;
        let (at, redacted) = match row.first() {
            Some(&LAYOUT) => (RECORD_AT, false),
            Some(&SALTED) => (SALTED_AT, false),
            Some(&REDACTED) => (REDACTED_AT, true),
            Some(_) => return Err(unreadable("a newer version wrote it")),
            None => return Err(unreadable("it is empty")),
        };
        if row.len() < at {
            return Err(unreadable("it is too short"));
        }
        let (mut before, mut number) = ([0; 32], [0; 8]);
        before.copy_from_slice(&row[1..33]);
        number.copy_from_slice(&row[33..RECORD_AT]);
        let mut own = hash(position, index, row);
        if redacted {
            own.copy_from_slice(&row[RECORD_AT..REDACTED_AT]);
        }
        let (number, record) = (u64::from_be_bytes(number), row.slice(at..));
        Ok(Self { position, index, number, record, before, own, redacted })
    }

    /// Whether its words were replaced: its hash is that of what it said once.
    pub const fn is_redacted(&self) -> bool {
        self.redacted
    }

    /// The row of the same record with other words.
    pub(super) fn reworded(&self, record: &[u8]) -> Bytes {
        let mut row = Vec::with_capacity(REDACTED_AT + record.len());
        row.push(REDACTED);
        row.extend_from_slice(&self.before);
        row.extend_from_slice(&self.number.to_be_bytes());
        row.extend_from_slice(&self.own);
        row.extend_from_slice(record);
        row.into()
    }

    /// The hash by which the next record names this one.
    pub const fn hash(&self) -> [u8; 32] {
        self.own
    }
}

/// At most `limit` records from commit `from` (inclusive) on, oldest first.
pub async fn read(store: &dyn Store, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
    // The key just before the first of `from`: nothing is written with the last index there is.
    let after: Option<Key> = from.checked_sub(1).map(|before| keys::journal(before, u32::MAX));
    page(store, after, limit).await
}

/// At most `limit` records after the journal key `after`.
pub async fn page(store: &dyn Store, after: Option<Key>, limit: usize) -> Result<Vec<Record>, StoreError> {
    let rows = store.scan(vec![keys::JOURNAL], after, limit, false).await?;
    rows.iter().map(|(key, row)| Record::parse(key, &row.octets())).collect()
}

/// Follows the chain record by record.
#[derive(Debug, Clone)]
pub struct Chain {
    head: Head,
    next_index: u32,
    replaced: Replaced,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Head::START, next_index: 0, replaced: Replaced::default() }
    }
}

impl Chain {
    /// Takes the next record; `Err` says what is wrong with it, in words.
    pub fn follow(&mut self, record: &Record) -> Result<(), String> {
        let place = format!("record {} (commit {})", record.number, record.position);
        if record.number != self.head.records {
            return Err(format!("{place} stands where record {} belongs", self.head.records));
        }
        if record.before != self.head.hash {
            return Err(format!("{place} does not follow from the record before it"));
        }
        let index = if record.position == self.head.position { self.next_index } else { 0 };
        if record.position < self.head.position || record.index != index || record.position == 0 {
            return Err(format!("{place} is out of order within its commit"));
        }
        self.head = Head { position: record.position, records: record.number + 1, hash: record.own };
        self.next_index = index + 1;
        self.replaced.follow(record)
    }

    /// Whether the chain ends where the store says it does (commits without records may follow), and
    /// every record that was replaced is what a later one says.
    pub fn ends_at(&self, head: &Head) -> Result<(), String> {
        if self.head.records != head.records {
            return Err(format!(
                "the journal has {} records where the store counted {}",
                self.head.records, head.records
            ));
        }
        if self.head.hash != head.hash || self.head.position > head.position {
            return Err("the journal does not end with the record the store wrote last".to_owned());
        }
        self.replaced.agree()
    }
}

/// Where the store stands, read from its own row.
pub async fn head(store: &dyn Store) -> Result<Head, StoreError> {
    match store.read(vec![keys::head()]).await?.pop().flatten() {
        None => Ok(Head::START),
        Some(row) => Head::from_octets(&row.octets()).ok_or_else(|| StoreError::Unreadable {
            key: batch::show_key(&keys::head()),
            why: "it does not have the size it was written with".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> (Head, Vec<Record>) {
        let mut head = Head::START;
        let mut records = Vec::new();
        for (position, index, text) in [(1, 0, "a"), (1, 1, "b"), (4, 0, "c")] {
            let row = head.append(position, index, text.as_bytes(), None);
            head.position = position;
            records.push(Record::parse(&keys::journal(position, index), &row).expect("own row"));
        }
        (head, records)
    }

    fn follow(records: &[Record]) -> Result<Chain, String> {
        let mut chain = Chain::default();
        records.iter().try_for_each(|r| chain.follow(r)).map(|()| chain)
    }

    #[test]
    fn an_untouched_journal_is_followed_to_its_head() {
        let (head, records) = three();
        assert_eq!(follow(&records).expect("whole").ends_at(&head), Ok(()));
        assert_eq!(records[2].record.as_ref(), b"c");
    }

    #[test]
    fn a_record_lost_swapped_or_cut_off_is_noticed() {
        let (head, records) = three();
        let without_middle = [records[0].clone(), records[2].clone()];
        assert!(follow(&without_middle).expect_err("gap").contains("record 1 belongs"));
        let swapped = [records[1].clone(), records[0].clone(), records[2].clone()];
        assert!(follow(&swapped).is_err());
        assert!(follow(&records[..2]).expect("prefix").ends_at(&head).is_err());
    }

    #[test]
    fn a_record_reworded_or_moved_to_another_commit_is_noticed() {
        let mut head = Head::START;
        let first = head.append(1, 0, b"pay 100", None);
        let second = head.append(2, 0, b"next", None);
        let mut forged = first.to_vec();
        forged[RECORD_AT + 4] = b'9';
        let forged = Record::parse(&keys::journal(1, 0), &forged.into()).expect("same shape");
        let moved = Record::parse(&keys::journal(0, 0), &first).expect("same shape");
        let second = Record::parse(&keys::journal(2, 0), &second).expect("own row");
        assert!(follow(&[forged, second.clone()]).is_err());
        assert!(follow(&[moved, second]).is_err());
    }

    #[test]
    fn the_hash_of_a_salted_record_is_not_found_by_trying_its_words() {
        let hash_of = |salt: Option<[u8; SALT]>| {
            let mut head = Head::START;
            let row = head.append(1, 0, b"call 0712345678", salt);
            let record = Record::parse(&keys::journal(1, 0), &row).expect("own row");
            assert_eq!((record.record.as_ref(), record.hash()), (&b"call 0712345678"[..], head.hash));
            record
        };
        let (plain, one, other) = (hash_of(None), hash_of(Some([1; SALT])), hash_of(Some([2; SALT])));
        assert!(plain.hash() != one.hash() && one.hash() != other.hash());
        // With its words the salt goes, and the chain holds.
        let row = one.reworded(b"call somebody");
        assert!(!row.windows(4).any(|octets| octets == &one_salt(&one)[..4]));
        let again = Record::parse(&keys::journal(1, 0), &row).expect("own row");
        assert_eq!((again.hash(), again.record.as_ref()), (one.hash(), &b"call somebody"[..]));
        let mut two = Head::START;
        let first = two.append(1, 0, b"a", Some([7; SALT]));
        let second = two.append(1, 1, b"b", Some([7; SALT]));
        assert_ne!(first[RECORD_AT..SALTED_AT], second[RECORD_AT..SALTED_AT], "one does not tell the other");
    }

    fn one_salt(record: &Record) -> [u8; SALT] {
        let mut head = Head::START;
        let row = head.append(record.position, record.index, b"", Some([1; SALT]));
        row[RECORD_AT..SALTED_AT].try_into().expect("sixteen")
    }

    #[test]
    fn a_head_is_read_back_as_it_was_written() {
        let (head, _) = three();
        assert_eq!(Head::from_octets(&head.to_octets()), Some(head));
        assert_eq!(Head::from_octets(&head.to_octets()[1..]), None);
    }
}
