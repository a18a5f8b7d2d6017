//! Recorded dialogs handed out page by page, for `sokoni menu rehearse` beside a running service. In
//! place of each phone stands another number: the same for the same phone as long as the process
//! lives, and of no meaning beyond it.

use super::Reel;
use crate::dialog::tape::{Event, Tape, Turn};
use crate::engine::Engine;
use crate::engine::shopfront::ShopError;
use crate::engine::work::Fault;
use crate::types::{DialogId, Msisdn, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Dialogs of a page.
const PAGE: usize = 200;

/// Which page is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapesWish {
    /// Only dialogs that began then or later, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Only those after this one: `next` of the page before.
    pub after: Option<DialogId>,
}

/// A page of dialogs, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapePage {
    /// The page.
    pub rows: Vec<TapeRow>,
    /// Where the next page begins; none when there are no more.
    pub next: Option<DialogId>,
}

/// A dialog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapeRow {
    /// Names it.
    pub id: DialogId,
    /// Its turns, in order.
    pub turns: Vec<Turn>,
}

/// The number that stands for a phone.
fn stand_in(phone: Msisdn, key: u64) -> Msisdn {
    let mut digest = Sha256::new();
    digest.update(key.to_be_bytes());
    digest.update(phone.number().to_be_bytes());
    let digest = digest.finalize();
    let number = digest.iter().take(8).fold(0u64, |number, octet| number << 8 | u64::from(*octet));
    // 999 is no country (ITU-T E.164, reserved).
    Msisdn::from_e164(&format!("999{:012}", number % 1_000_000_000_000)).unwrap_or(phone)
}

impl TapeRow {
    fn of(mut tape: Tape, key: u64) -> Self {
        for turn in &mut tape.turns {
            if let Event::Begun { head, .. } | Event::Pushed { head, .. } = &mut turn.event {
                head.phone = stand_in(head.phone, key);
            }
        }
        Self { id: tape.id, turns: tape.turns }
    }
}

impl Engine {
    pub(super) async fn tape_page(&self, wish: TapesWish) -> Result<TapePage, Fault> {
        static KEY: OnceLock<u64> = OnceLock::new();
        let drawn = self.work(self.clock.now())?.entropy.next_u64();
        let key = *KEY.get_or_init(|| drawn);
        let mut reel = match wish.after {
            Some(id) => Reel::after(&*self.store, id),
            None => Reel::since(&*self.store, Timestamp::from_millis(wish.since.unwrap_or_default())),
        };
        let mut page = TapePage::default();
        while let Some(tape) = reel.next().await? {
            page.rows.push(TapeRow::of(tape, key));
            if page.rows.len() == PAGE {
                page.next = page.rows.last().map(|row| row.id);
                break;
            }
        }
        Ok(page)
    }
}

impl From<TapeRow> for Tape {
    fn from(row: TapeRow) -> Self {
        Self { id: row.id, turns: row.turns }
    }
}

/// Why a page cannot be handed out, as the desk tells it.
pub(super) fn told(fault: &Fault) -> ShopError {
    tracing::error!(%fault, "the desk cannot look at dialogs");
    ShopError::Fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_phone_has_the_same_stand_in_and_another_key_another_one() {
        let phone = |end: u32| Msisdn::from_e164(&format!("254700000{end}")).expect("a number");
        assert_eq!(stand_in(phone(101), 7), stand_in(phone(101), 7));
        assert_ne!(stand_in(phone(101), 7), stand_in(phone(102), 7));
        assert_ne!(stand_in(phone(101), 7), stand_in(phone(101), 8));
        assert!(!stand_in(phone(101), 7).to_string().ends_with("101"));
    }
}
