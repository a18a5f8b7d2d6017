//! Those whom an artisan hires: their phones see her orders and say READY, and nothing of money.

use super::{Actor, Party, PartyEvent, Role, Tie};
use crate::market::{Policy, Refusal};
use crate::types::{Msisdn, Timestamp};

/// The most people who help one artisan.
pub const MOST_HELPERS: usize = 5;

/// Whether one more may be asked, beside those who help her and those who have not answered.
pub(super) fn has_room(party: &Party, also: Msisdn, policy: &Policy, now: Timestamp) -> Result<(), Refusal> {
    let asked = party.waiting(policy, now).filter(|asked| asked.to == Tie::Helper && asked.phone != also);
    let waiting = asked.count();
    match party.helpers.len() + waiting < MOST_HELPERS {
        true => Ok(()),
        false => Err(Refusal::Full { max: MOST_HELPERS as u32 }),
    }
}

/// Somebody who makes things, or helps others already, helps her too.
pub(super) fn add(party: &Party, helper: Actor) -> Result<Vec<PartyEvent>, Refusal> {
    if party.helpers.contains(&helper.id) {
        return Ok(vec![]);
    }
    if party.role != Role::Artisan || helper.id == party.id {
        return Err(Refusal::NotAllowed);
    }
    if !matches!(helper.role, Role::Artisan | Role::Helper) {
        return Err(Refusal::gone(helper.role.word()));
    }
    if party.helpers.len() >= MOST_HELPERS {
        return Err(Refusal::Full { max: MOST_HELPERS as u32 });
    }
    Ok(vec![PartyEvent::HelperAdded { helper: helper.id }])
}
