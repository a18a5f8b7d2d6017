//! Rows as they were written last, so that what the next key of a dialog asks for need not be
//! looked up: it is mostly what the key before it wrote.
//!
//! Only the writer puts rows in, before anybody may see them; so a row found here is the row that
//! sled has.

use crate::store::Key;
use crate::store::batch::{Row, Value};
use crate::store::places::Places;

/// How many rows are kept, at most.
const PLACES: usize = 8192;
/// The longest row that is kept, in octets: with it the whole takes 16 MiB at most.
const MAX_OCTETS: usize = 2048;

/// Rows written lately.
#[derive(Debug)]
pub(super) struct Recent(Places<Key, Row>);

impl Recent {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(Places::new(PLACES))
    }

    /// The row of this key, if it is known.
    pub fn get(&self, key: &[u8]) -> Option<Row> {
        self.0.of(key).as_ref().filter(|(here, _)| here == key).map(|(_, row)| row.clone())
    }

    /// Notes what was written; `None` is a row that was removed.
    pub fn note(&self, key: Key, now: Option<Row>) {
        let mut place = self.0.of(key.as_slice());
        match now.filter(is_small) {
            Some(row) => *place = Some((key, row)),
            None => drop(place.take_if(|(here, _)| *here == key)),
        }
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
        recent.note(b"a".to_vec(), Some(row(1, 3)));
        recent.note(b"a".to_vec(), Some(row(2, 4)));
        assert_eq!(recent.get(b"a"), Some(row(2, 4)));
        recent.note(b"a".to_vec(), None);
        assert_eq!(recent.get(b"a"), None);
    }

    #[test]
    fn keys_of_one_place_do_not_answer_for_each_other() {
        let recent = Recent(Places::new(1));
        recent.note(b"a".to_vec(), Some(row(1, 3)));
        recent.note(b"b".to_vec(), Some(row(2, 3)));
        assert_eq!((recent.get(b"a"), recent.get(b"b")), (None, Some(row(2, 3))));
        recent.note(b"a".to_vec(), None);
        assert_eq!(recent.get(b"b"), Some(row(2, 3)), "the removed row was not here");
    }

    #[test]
    fn a_row_that_has_grown_too_long_is_not_known_as_it_was_before() {
        let recent = Recent::new();
        recent.note(b"a".to_vec(), Some(row(1, MAX_OCTETS)));
        recent.note(b"a".to_vec(), Some(row(2, MAX_OCTETS + 1)));
        assert_eq!(recent.get(b"a"), None);
    }
}
