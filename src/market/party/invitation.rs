//! Asking somebody to become something here. Whoever is asked answers from her own phone; nothing
//! is active, and a stranger has no account, before she says yes.

use super::{LONGEST_NAME, Party, PartyEvent, Role, helpers};
use crate::market::{Policy, Refusal};
use crate::types::{Msisdn, PartyId, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most people one person may have asked without an answer.
const MOST_INVITED: usize = 20;
/// The same person is not asked for the same again within this.
const ASKED_AGAIN: Duration = Duration::from_secs(86_400);

/// What somebody is asked to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// An artisan whose mentor is the one who asks.
    Mentee,
    /// The mentor of the artisan who asks.
    Guide,
    /// A mentor, asked by an agent.
    Mentor,
    /// A rider, asked by an agent.
    Rider,
    /// Somebody who helps the artisan who asks.
    Helper,
    /// An artisan, asked by an agent: nobody's mentee.
    Artisan,
}

impl Tie {
    /// The stable word, also in the menus' set `tie`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mentee => "mentee",
            Self::Guide => "guide",
            Self::Mentor => "mentor",
            Self::Rider => "rider",
            Self::Helper => "helper",
            Self::Artisan => "artisan",
        }
    }
}

/// Somebody was asked and has not answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Whose phone.
    pub phone: Msisdn,
    /// Her names, as the one who asks knows them.
    pub name: String,
    /// To become what.
    pub to: Tie,
    /// When she was asked last.
    pub at: Timestamp,
}

/// Whoever is asked, as far as we know her already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitee {
    /// Who she is, if she is one of us.
    pub id: Option<PartyId>,
    /// Her phone.
    pub phone: Msisdn,
    /// Her names.
    pub name: String,
    /// What she does here, if she is one of us.
    pub role: Option<Role>,
    /// She has a mentor now.
    pub mentored: bool,
    /// She is a mentor.
    pub mentors: bool,
    /// An agent vouches for her.
    pub vouched: bool,
    /// The name that mobile money knows her number by.
    pub money_name: Option<String>,
}

impl Invitee {
    /// Somebody we know.
    pub fn known(party: &Party, now: Timestamp) -> Self {
        Self {
            id: Some(party.id),
            phone: party.phone,
            name: party.name.clone(),
            role: Some(party.role),
            mentored: party.mentorship_on(now).is_some(),
            mentors: party.is_mentor(),
            vouched: party.vouched.is_some(),
            money_name: party.money_name.clone(),
        }
    }

    /// Somebody we do not know.
    pub const fn stranger(phone: Msisdn, name: String) -> Self {
        Self {
            id: None,
            phone,
            name,
            role: None,
            mentored: false,
            mentors: false,
            vouched: false,
            money_name: None,
        }
    }
}

/// Whether `party` may ask her for this. Nobody may ask herself: not her own phone, and not another
/// one of hers, which mobile money knows by the same name.
pub(super) fn invite(
    party: &Party, invitee: &Invitee, to: Tie, policy: &Policy, now: Timestamp,
) -> Result<Vec<PartyEvent>, Refusal> {
    let same_owner = party.money_name.is_some() && party.money_name == invitee.money_name;
    if invitee.phone == party.phone || same_owner {
        return Err(Refusal::NotAllowed);
    }
    let (may_ask, fits, done) = match to {
        Tie::Mentee => {
            (party.is_mentor(), matches!(invitee.role, None | Some(Role::Artisan)), invitee.mentored)
        }
        Tie::Guide => (
            party.role == Role::Artisan,
            invitee.role.is_some() && invitee.mentors,
            party.mentorship_on(now).is_some(),
        ),
        Tie::Mentor => (
            party.role == Role::Agent,
            matches!(invitee.role, None | Some(Role::Artisan | Role::Mentor)),
            invitee.mentors,
        ),
        // Whoever is one of us already is none to bring in; a helper may make pieces of her own.
        Tie::Artisan => (
            party.role == Role::Agent,
            matches!(invitee.role, None | Some(Role::Artisan | Role::Helper)),
            invitee.role == Some(Role::Artisan),
        ),
        Tie::Rider => {
            (party.role == Role::Agent, matches!(invitee.role, None | Some(Role::Rider)), invitee.vouched)
        }
        Tie::Helper => (
            party.role == Role::Artisan,
            matches!(invitee.role, None | Some(Role::Artisan | Role::Helper)),
            invitee.id.is_some_and(|id| party.helpers.contains(&id)),
        ),
    };
    let name = text::person_name(&invitee.name, LONGEST_NAME).ok_or(Refusal::BadName)?;
    match (may_ask, fits, done) {
        (false, _, _) => return Err(Refusal::NotAllowed),
        (_, false, _) => return Err(Refusal::gone(invitee.role.map_or("stranger", Role::word))),
        (_, _, true) => return Err(Refusal::AlreadyExists),
        (true, true, false) => {}
    }
    if to == Tie::Helper {
        helpers::has_room(party, invitee.phone, policy, now)?;
    }
    let same = |asked: &&Invitation| asked.phone == invitee.phone;
    if let Some(asked) = party.invited.iter().find(same)
        && asked.to == to
        && now.since(asked.at) < ASKED_AGAIN
    {
        return Ok(vec![]);
    }
    if party.waiting(policy, now).filter(|asked| !same(asked)).count() >= MOST_INVITED {
        return Err(Refusal::Full { max: MOST_INVITED as u32 });
    }
    // Those who may not answer any more make room.
    let over = |asked: &&Invitation| party.invitation_to(asked.phone, policy, now).is_none();
    let lapsed = party.invited.iter().filter(|asked| !same(asked)).filter(over);
    let closed = lapsed.map(|asked| PartyEvent::InvitationClosed { phone: asked.phone });
    let asked = Invitation { phone: invitee.phone, name, to, at: now };
    Ok(closed.chain([PartyEvent::Invited(asked)]).collect())
}
