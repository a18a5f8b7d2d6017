//! Rows as they were written last, so that what the next key of a dialog asks for need not be
//! looked up: it is mostly what the key before it wrote.
//!
//! Only the writer puts rows in, in the same breath as it gives them to sled; so a row found here
//! is the row that sled has. A key has one place, which it may share with others: the latest has it.

use crate::store::Key;
use crate::store::batch::{Row, Value};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};

/// How many rows are kept, at most.
const PLACES: usize = 8192;
/// The longest row that is kept, in octets: with it the whole takes 16 MiB at most.
const MAX_OCTETS: usize = 2048;

type Place = Mutex<Option<(Key, Row)>>;

/// Rows written lately.
pub(super) struct Recent(Box<[Place]>);

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Recent").field(&self.0.len()).finish()
    }
}

impl Recent {
    /// Room for `places` rows.
    fn with(places: usize) -> Self {
        Self((0..places).map(|_| Place::default()).collect())
    }

    /// Nothing yet.
    pub fn new() -> Self {
        Self::with(PLACES)
    }

    /// The row of this key, if it is known.
    pub fn get(&self, key: &[u8]) -> Option<Row> {
        let place = self.place(key).lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref().filter(|(here, _)| here == key).map(|(_, row)| row.clone())
    }

    /// Notes what was written; `None` is a row that was removed.
    pub fn note(&self, key: &[u8], now: Option<&Row>) {
        let mut place = self.place(key).lock().unwrap_or_else(PoisonError::into_inner);
        match now.filter(|row| is_small(row)) {
            Some(row) => *place = Some((key.to_vec(), row.clone())),
            None if place.as_ref().is_some_and(|(here, _)| here == key) => *place = None,
            None => {}
        }
    }

    fn place(&self, key: &[u8]) -> &Place {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        let place = hash % u64::try_from(self.0.len()).unwrap_or(1);
        &self.0[usize::try_from(place).unwrap_or_default()]
    }
}

fn is_small(row: &Row) -> bool {
    match &row.value {
        Value::Octets(octets) => octets.len() <= MAX_OCTETS,
        Value::Sum(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: u64, octets: usize) -> Row {
        Row { version, value: Value::Octets(vec![0; octets].into()) }
    }

    #[test]
    fn a_row_is_known_as_it_was_written_last_until_it_is_removed() {
        let recent = Recent::new();
        recent.note(b"a", Some(&row(1, 3)));
        recent.note(b"a", Some(&row(2, 4)));
        assert_eq!(recent.get(b"a"), Some(row(2, 4)));
        recent.note(b"a", None);
        assert_eq!(recent.get(b"a"), None);
    }

    #[test]
    fn keys_of_one_place_do_not_answer_for_each_other() {
        let recent = Recent::with(1);
        recent.note(b"a", Some(&row(1, 3)));
        recent.note(b"b", Some(&row(2, 3)));
        assert_eq!((recent.get(b"a"), recent.get(b"b")), (None, Some(row(2, 3))));
        recent.note(b"a", None);
        assert_eq!(recent.get(b"b"), Some(row(2, 3)), "the removed row was not here");
    }

    #[test]
    fn a_row_that_has_grown_too_long_is_not_known_as_it_was_before() {
        let recent = Recent::new();
        recent.note(b"a", Some(&row(1, MAX_OCTETS)));
        recent.note(b"a", Some(&row(2, MAX_OCTETS + 1)));
        assert_eq!(recent.get(b"a"), None);
    }
}
