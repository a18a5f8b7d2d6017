//! Somebody whose names go: what stays of her is a row that no name leads to, so that orders and postings
//! still have somebody to point at.

use super::{Party, PartyEvent};
use crate::market::{Refusal, Word};
use crate::types::{Msisdn, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// What stands in the place of what told who she was. Drawn by chance: nothing leads back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// In the place of her name.
    pub name: String,
    /// In the place of her phone: a number that no phone has.
    pub phone: Msisdn,
    /// In the place of her five digits.
    pub number: SpokenCode,
    /// In the place of where she works.
    pub area: Word,
}

impl Party {
    /// Whether her names are gone.
    pub const fn is_erased(&self) -> bool {
        self.erased.is_some()
    }
}

pub(super) fn erase(party: &Party, alias: &Alias) -> Result<Vec<PartyEvent>, Refusal> {
    if party.is_erased() {
        return Ok(vec![]);
    }
    match alias.phone.is_nobodys() {
        true => Ok(vec![PartyEvent::Erased(alias.clone())]),
        false => Err(Refusal::BadName),
    }
}

/// Her row afterwards. Of what she said it keeps nothing, so that it is the same whatever stands in the
/// journal before: her words, or what was put in their place.
pub(super) fn erased(party: Party, alias: &Alias, at: Timestamp) -> Party {
    let Alias { name, phone, number, area } = alias.clone();
    Party {
        id: party.id,
        role: party.role,
        number,
        phone,
        lang: party.lang,
        name,
        money_name: None,
        area,
        kiosk: None,
        named_mentor: None,
        mentorship: None,
        pin: None,
        hold: None,
        more_holds: Vec::new(),
        joined: party.joined,
        mentors_since: None,
        vouched: None,
        kiosk_used: None,
        invited: Vec::new(),
        mentor_offered: None,
        helpers: Vec::new(),
        capacity: None,
        judged: party.judged,
        erased: Some(at),
    }
}
