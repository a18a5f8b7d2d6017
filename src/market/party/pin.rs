//! The PIN: proven, missed, locked, and taken away by one who has seen her ID or by two who know her, so
//! that she chooses another: who locks a PIN has mostly forgotten it.

use super::{Actor, Party, PartyEvent, PinHash, Role};
use crate::market::{Policy, Refusal};
use crate::types::{PartyId, Timestamp};
use serde::{Deserialize, Serialize};

/// A PIN, how often it was missed in a row, and whether it is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The salted hash.
    pub hash: PinHash,
    /// Wrong tries since the last right one.
    pub wrong: u8,
    /// Since when it is locked, if it is.
    pub locked: Option<Timestamp>,
    /// Who has said since then that it is she, without having seen her ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vouched: Option<PartyId>,
}

impl Party {
    /// Wrong PINs she may still type.
    pub fn tries_left(&self, policy: &Policy) -> u8 {
        match &self.pin {
            Some(Pin { locked: None, wrong, .. }) => policy.pin.tries.saturating_sub(*wrong),
            _ => 0,
        }
    }

    /// True when nothing behind a PIN works until it is opened again.
    pub fn pin_is_locked(&self) -> bool {
        self.pin.as_ref().is_some_and(|pin| pin.locked.is_some())
    }
}

/// Whether it was the right one; the last wrong one locks it.
pub(super) fn prove(party: &Party, right: bool, policy: &Policy) -> Result<Vec<PartyEvent>, Refusal> {
    let pin = party.pin.as_ref().ok_or(Refusal::NoPin)?;
    if pin.locked.is_some() {
        return Err(Refusal::PinLocked);
    }
    Ok(match (right, policy.pin.tries.saturating_sub(pin.wrong.saturating_add(1))) {
        (true, _) if pin.wrong == 0 => vec![],
        (true, _) => vec![PartyEvent::PinProven],
        (false, 0) => vec![PartyEvent::PinLocked],
        (false, left) => vec![PartyEvent::PinMissed { left }],
    })
}

/// An agent has seen her ID.
pub(super) fn unlock(party: &Party, by: Actor) -> Result<Vec<PartyEvent>, Refusal> {
    if by.role != Role::Agent || by.id == party.id {
        return Err(Refusal::NotAllowed);
    }
    Ok(if party.pin_is_locked() { vec![PartyEvent::PinCleared { by: by.id }] } else { vec![] })
}

/// Two who know her open it together; one of them is no second.
pub(super) fn vouch(party: &Party, by: Actor, now: Timestamp) -> Result<Vec<PartyEvent>, Refusal> {
    let guides = party.mentorship_on(now).is_some_and(|mentorship| mentorship.mentor == by.id);
    if (by.role != Role::Agent && !guides) || by.id == party.id {
        return Err(Refusal::NotAllowed);
    }
    let Some(pin) = party.pin.as_ref().filter(|pin| pin.locked.is_some()) else { return Ok(vec![]) };
    Ok(match pin.vouched {
        None => vec![PartyEvent::PinVouched { by: by.id }],
        Some(first) if first == by.id => vec![],
        Some(_) => vec![PartyEvent::PinCleared { by: by.id }],
    })
}

/// What an event makes of the PIN.
pub(super) fn change(party: &mut Party, event: &PartyEvent, at: Timestamp) {
    if let PartyEvent::PinSet { hash } = event {
        party.pin = Some(Pin { hash: hash.clone(), wrong: 0, locked: None, vouched: None });
    }
    if matches!(event, PartyEvent::PinCleared { .. }) {
        party.pin = None;
    }
    let Some(pin) = &mut party.pin else { return };
    match event {
        PartyEvent::PinProven => pin.wrong = 0,
        PartyEvent::PinMissed { .. } => pin.wrong = pin.wrong.saturating_add(1),
        PartyEvent::PinLocked => {
            pin.wrong = pin.wrong.saturating_add(1);
            pin.locked = Some(at);
        }
        PartyEvent::PinVouched { by } => pin.vouched = Some(*by),
        PartyEvent::PinUnlocked { .. } => (pin.wrong, pin.locked, pin.vouched) = (0, None, None),
        _ => {}
    }
}
