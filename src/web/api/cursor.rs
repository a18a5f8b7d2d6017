//! Where a list goes on. A cursor says nothing to whoever holds it, and is good for the list it came from.

use super::keys::{hex, unhexed};
use super::problem::Problem;
use sha2::{Digest, Sha256};

/// Octets that tie a cursor to its list.
const TIE: usize = 6;
/// Rows of a page when nobody says how many.
pub(super) const USUAL: u32 = 50;
/// The most rows of a page.
pub(super) const MOST: u32 = 100;

/// The list that somebody reads: its name, and everything that narrows it.
pub(super) struct List(String);

impl List {
    pub(super) fn of(name: &str, narrowed: &[&str]) -> Self {
        Self(format!("{name}\n{}", narrowed.join("\n")))
    }

    fn tie(&self, place: &str) -> [u8; TIE] {
        let digest = Sha256::new_with_prefix(&self.0).chain_update([0]).chain_update(place).finalize();
        let mut tie = [0; TIE];
        tie.copy_from_slice(&digest[..TIE]);
        tie
    }

    /// The cursor of a place in it.
    pub(super) fn cursor(&self, place: &str) -> String {
        hex(&[&self.tie(place), place.as_bytes()].concat())
    }

    /// The place of a cursor.
    pub(super) fn place(&self, cursor: &str) -> Result<String, Problem> {
        let wrong = || {
            Problem::bad(
                "cursor",
                "Take cursors from next of an answer as they are, with the same filters; to begin anew, leave \
                 the cursor out.",
            )
        };
        let octets = unhexed(cursor).filter(|octets| octets.len() > TIE).ok_or_else(wrong)?;
        let (tie, place) = octets.split_at(TIE);
        let place = String::from_utf8(place.to_vec()).map_err(|_| wrong())?;
        if tie == self.tie(&place) { Ok(place) } else { Err(wrong()) }
    }
}

/// How many rows somebody wants.
pub(super) fn limit(wanted: Option<u32>) -> Result<usize, Problem> {
    match wanted.unwrap_or(USUAL) {
        rows @ 1..=MOST => Ok(rows as usize),
        _ => Err(Problem::bad("query", format!("limit: ask for 1 to {MOST} rows."))),
    }
}

/// A page of rows that are all at hand, and where it goes on.
pub(super) fn page<T>(
    rows: Vec<T>, list: &List, cursor: Option<&str>, limit: usize, name: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), Problem> {
    let from = match cursor {
        None => 0,
        Some(cursor) => {
            let last = list.place(cursor)?;
            // What stood there may be gone since.
            rows.iter().position(|row| name(row) == last).map_or(rows.len(), |at| at + 1)
        }
    };
    let more = rows.len() > from + limit;
    let rows: Vec<T> = rows.into_iter().skip(from).take(limit).collect();
    let next = rows.last().filter(|_| more).map(|last| list.cursor(&name(last)));
    Ok((rows, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_on_in_its_own_list_only() {
        let (one, other) = (List::of("listings", &["brass"]), List::of("listings", &["beads"]));
        let cursor = one.cursor("1798745400000-10019");
        assert_eq!(one.place(&cursor), Ok("1798745400000-10019".to_owned()));
        for wrong in ["", "zz", "00", &cursor[2..], &cursor[..cursor.len() - 2], "000000000000ff", "é"] {
            assert!(one.place(wrong).is_err(), "{wrong}");
        }
        assert!(other.place(&cursor).is_err());
    }

    #[test]
    fn pages_show_every_row_once() {
        let (rows, list) = ((0..23).collect::<Vec<u32>>(), List::of("rows", &[]));
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (some, next) =
                page(rows.clone(), &list, cursor.as_deref(), 5, u32::to_string).expect("a page");
            seen.extend(some);
            let Some(next) = next else { break };
            cursor = Some(next);
        }
        assert_eq!(seen, rows);
        assert!(limit(Some(0)).is_err() && limit(Some(101)).is_err());
        assert_eq!((limit(None).ok(), limit(Some(100)).ok()), (Some(50), Some(100)));
    }
}
