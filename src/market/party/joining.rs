//! How somebody becomes one of us.

use super::{Joining, Judged, LONGEST_NAME, LONGEST_PLACE, Party, PartyEvent, Pin, Role};
use crate::market::Refusal;
use crate::types::{Timestamp, text};

pub(super) fn join(joining: &Joining) -> Result<Vec<PartyEvent>, Refusal> {
    let name = text::person_name(&joining.name, LONGEST_NAME).ok_or(Refusal::BadName)?;
    let kiosk = joining.kiosk.as_deref().map(str::trim).filter(|place| !place.is_empty());
    match (joining.role, kiosk) {
        (Role::Agent, None) => return Err(Refusal::BadName),
        (Role::Agent, Some(place)) if place.chars().count() > LONGEST_PLACE => return Err(Refusal::BadName),
        _ => {}
    }
    if joining.mentor == Some(joining.id) {
        return Err(Refusal::NotAllowed);
    }
    let kiosk = kiosk.filter(|_| joining.role == Role::Agent).map(str::to_owned);
    Ok(vec![PartyEvent::Joined(Joining { name, kiosk, ..joining.clone() })])
}

/// Somebody who has just joined.
pub(super) fn newcomer(joining: &Joining, at: Timestamp) -> Party {
    Party {
        id: joining.id,
        role: joining.role,
        number: joining.number,
        phone: joining.phone,
        lang: joining.lang,
        name: joining.name.clone(),
        money_name: None,
        area: joining.area.clone(),
        kiosk: joining.kiosk.clone(),
        named_mentor: joining.mentor,
        mentorship: None,
        pin: joining.pin.clone().map(|hash| Pin { hash, wrong: 0, locked: None, vouched: None }),
        hold: None,
        more_holds: Vec::new(),
        joined: at,
        mentors_since: (joining.role == Role::Mentor).then_some(at),
        vouched: None,
        kiosk_used: None,
        invited: Vec::new(),
        helpers: Vec::new(),
        capacity: None,
        judged: Judged::default(),
        erased: None,
        mentor_offered: None,
    }
}
