//! What is known of somebody's work: how her pieces did at the checks, and how many she can make.

use super::{Party, PartyEvent, Role};
use crate::market::{Policy, Refusal};
use serde::{Deserialize, Serialize};

/// How many pieces of somebody passed a check and how many failed, mended ones again each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
}

impl Judged {
    pub(super) const fn is_empty(&self) -> bool {
        self.passed == 0 && self.failed == 0
    }

    pub(super) fn count(&mut self, passed: u32, failed: u32) {
        self.passed = self.passed.saturating_add(passed);
        self.failed = self.failed.saturating_add(failed);
    }
}

impl Party {
    /// How many pieces she can have in hand at a time.
    pub fn room(&self, policy: &Policy) -> u32 {
        self.capacity.unwrap_or(policy.bulk.capacity)
    }
}

pub(super) fn set_room(party: &Party, pieces: u32, policy: &Policy) -> Result<Vec<PartyEvent>, Refusal> {
    let max = policy.listing.max_ready;
    if party.role != Role::Artisan {
        return Err(Refusal::NotAllowed);
    }
    if !(1..=max).contains(&pieces) {
        return Err(Refusal::OutOfRange { min: 1, max: i64::from(max) });
    }
    Ok(if party.capacity == Some(pieces) { vec![] } else { vec![PartyEvent::RoomSet { pieces }] })
}
