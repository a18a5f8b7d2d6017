//! People we deal with: who they are, how they are reached, what keeps their money safe.

mod invitation;

pub use invitation::{Invitation, Invitee, Tie};

use super::{Policy, Refusal, Word};
use crate::types::{Lang, Msisdn, PartyId, SpokenCode, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The most characters of a full name.
pub const LONGEST_NAME: usize = 20;
/// The most characters of a kiosk's name.
pub const LONGEST_PLACE: usize = 16;

/// What a person does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Makes things.
    Artisan,
    /// Keeps a kiosk: looks at listings, receives and checks parcels.
    Agent,
    /// Guides artisans, and makes nothing herself. An artisan may be a mentor, too:
    /// [`Party::is_mentor`].
    Mentor,
    /// Brings parcels to the kiosk.
    Rider,
}

impl Role {
    /// The stable word, also the name of the role's menu.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Artisan => "artisan",
            Self::Agent => "agent",
            Self::Mentor => "mentor",
            Self::Rider => "rider",
        }
    }
}

/// Who acts, as a command of another aggregate needs to know it; from [`Party::actor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub id: PartyId,
    /// What this person may do.
    pub role: Role,
}

/// A PIN as it is kept: an opaque salted hash that only the engine's checker understands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PinHash(pub String);

/// Never shows the hash, so that it reaches no log by way of `{:?}`.
impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(..)")
    }
}

/// A PIN, how often it was missed in a row, and whether it is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The salted hash.
    pub hash: PinHash,
    /// Wrong tries since the last right one.
    pub wrong: u8,
    /// Since when it is locked, if it is.
    pub locked: Option<Timestamp>,
}

/// Why somebody's money waits, as a stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCode {
    /// The SIM of the number was changed.
    SimChanged,
    /// Mobile money knows the number by another name.
    NameDiffers,
    /// Somebody at the desk decided it.
    Desk,
}

impl HoldCode {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SimChanged => "sim_changed",
            Self::NameDiffers => "name_differs",
            Self::Desk => "desk",
        }
    }
}

/// A hold on somebody's money: never without a reason in words and a date, both shown to her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What kind of reason.
    pub code: HoldCode,
    /// The reason in words, by language.
    pub why: BTreeMap<Lang, String>,
    /// Since when.
    pub since: Timestamp,
}

/// A mentorship: whose share it is, how much, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentorship {
    /// The mentor.
    pub mentor: PartyId,
    /// From the moment she agreed.
    pub from: Timestamp,
    /// The end that both were told at the start.
    pub until: Timestamp,
    /// Of the sale value, in ten-thousandths.
    pub share_bp: u32,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Who.
    pub id: PartyId,
    /// What this person does here.
    pub role: Role,
    /// The five digits that name this person.
    pub number: SpokenCode,
    /// The phone, which is also the mobile-money number.
    pub phone: Msisdn,
    /// The language of every text to this person.
    pub lang: Lang,
    /// The full name.
    pub name: String,
    /// The name that mobile money knows the number by, once it is known.
    pub money_name: Option<String>,
    /// Where this person works, as a word of the menus' areas.
    pub area: Word,
    /// The kiosk's name, for an agent.
    pub kiosk: Option<String>,
    /// The mentor she named when she joined; no share follows from that.
    pub named_mentor: Option<PartyId>,
    /// The mentorship she agreed to.
    pub mentorship: Option<Mentorship>,
    /// The PIN, once chosen.
    pub pin: Option<Pin>,
    /// Why her money waits, if it does.
    pub hold: Option<Hold>,
    /// Since when she is with us.
    pub joined: Timestamp,
    /// Since when she is a mentor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentors_since: Option<Timestamp>,
    /// The agent who vouches for a rider; nobody else is asked to fetch a parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vouched: Option<PartyId>,
    /// Whom she asked for something and who has not answered yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invited: Vec<Invitation>,
}

/// What somebody says of herself when she joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// Who this will be.
    pub id: PartyId,
    /// What she does here.
    pub role: Role,
    /// The five digits she gets.
    pub number: SpokenCode,
    /// Her phone.
    pub phone: Msisdn,
    /// Her language.
    pub lang: Lang,
    /// Her names, as typed.
    pub name: String,
    /// Where she works.
    pub area: Word,
    /// The kiosk's name, for an agent.
    pub kiosk: Option<String>,
    /// The mentor she names.
    pub mentor: Option<PartyId>,
    /// Her PIN's hash, when she chose one on the way.
    pub pin: Option<PinHash>,
}

/// What can be asked of a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyCommand {
    /// Become one of us.
    Join(Joining),
    /// Use this language from now on.
    Speak {
        /// Which.
        lang: Lang,
    },
    /// Choose a PIN, or another one. The engine has proven the old one where there was one.
    SetPin {
        /// The salted hash.
        hash: PinHash,
    },
    /// A PIN was typed and compared.
    TryPin {
        /// Whether it was the right one.
        right: bool,
    },
    /// Open a locked PIN, vouched for by an agent who stands beside her.
    UnlockPin {
        /// Who vouches.
        by: Actor,
    },
    /// The name that mobile money knows the number by became known.
    NameMoney {
        /// The name.
        name: String,
    },
    /// Make her money wait.
    Hold {
        /// What kind of reason.
        code: HoldCode,
        /// The reason in words, by language; not empty.
        why: BTreeMap<Lang, String>,
    },
    /// Let her money go again.
    Unhold,
    /// She agrees to a mentor.
    AgreeMentor {
        /// Whom.
        mentor: PartyId,
    },
    /// The mentorship ends before its date.
    EndMentorship,
    /// Ask somebody to become something.
    Invite {
        /// Whom.
        invitee: Invitee,
        /// To become what.
        to: Tie,
    },
    /// Somebody who was asked has answered, or need not answer any more.
    CloseInvitation {
        /// Whose phone.
        phone: Msisdn,
    },
    /// An artisan agrees to be a mentor.
    BecomeMentor,
    /// An agent vouches for a rider.
    Vouch {
        /// Who vouches.
        by: Actor,
    },
}

/// What happened to a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyEvent {
    /// Became one of us; the name is as it is kept.
    Joined(Joining),
    /// Uses another language.
    Spoke {
        /// Which.
        lang: Lang,
    },
    /// Has a (new) PIN, unlocked.
    PinSet {
        /// The salted hash.
        hash: PinHash,
    },
    /// Typed the right PIN after wrong ones.
    PinProven,
    /// Typed a wrong PIN.
    PinMissed {
        /// Tries left.
        left: u8,
    },
    /// Typed the last wrong PIN.
    PinLocked,
    /// The PIN was opened again.
    PinUnlocked {
        /// Who vouched.
        by: PartyId,
    },
    /// Mobile money knows the number by this name.
    MoneyNamed {
        /// The name.
        name: String,
    },
    /// Her money waits.
    Held {
        /// What kind of reason.
        code: HoldCode,
        /// The reason in words, by language.
        why: BTreeMap<Lang, String>,
    },
    /// Her money goes again.
    Unheld,
    /// She agreed to a mentor.
    MentorAgreed {
        /// Whom.
        mentor: PartyId,
        /// Until when.
        until: Timestamp,
        /// Of the sale value, in ten-thousandths.
        share_bp: u32,
    },
    /// The mentorship ended early.
    MentorshipEnded,
    /// Somebody was asked to become something.
    Invited(Invitation),
    /// She answered, or need not answer any more.
    InvitationClosed {
        /// Whose phone.
        phone: Msisdn,
    },
    /// Is a mentor from now on.
    BecameMentor,
    /// An agent vouches for this rider.
    Vouched {
        /// Who vouches.
        by: PartyId,
    },
}

impl Party {
    /// Who acts, for commands of other aggregates.
    pub const fn actor(&self) -> Actor {
        Actor { id: self.id, role: self.role }
    }

    /// How a screen addresses her.
    pub fn first_name(&self) -> String {
        text::first_name(&self.name)
    }

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

    /// Whether she may guide artisans.
    pub const fn is_mentor(&self) -> bool {
        self.mentors_since.is_some()
    }

    /// What she asked the owner of this phone for.
    pub fn invitation_to(&self, phone: Msisdn) -> Option<&Invitation> {
        self.invited.iter().find(|asked| asked.phone == phone)
    }

    /// The mentorship that is active at a moment.
    pub fn mentorship_on(&self, at: Timestamp) -> Option<&Mentorship> {
        self.mentorship.as_ref().filter(|m| m.from <= at && at < m.until)
    }
}

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Party>, command: &PartyCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<PartyEvent>, Refusal> {
    let Some(party) = state else {
        return match command {
            PartyCommand::Join(joining) => join(joining),
            _ => Err(Refusal::NotFound),
        };
    };
    let event = match command {
        PartyCommand::Join(joining) => {
            let same = party.id == joining.id && party.phone == joining.phone;
            return if same { Ok(vec![]) } else { Err(Refusal::AlreadyExists) };
        }
        PartyCommand::Speak { lang } if *lang == party.lang => return Ok(vec![]),
        PartyCommand::Speak { lang } => PartyEvent::Spoke { lang: *lang },
        PartyCommand::SetPin { .. } if party.pin_is_locked() => return Err(Refusal::PinLocked),
        PartyCommand::SetPin { hash } => PartyEvent::PinSet { hash: hash.clone() },
        PartyCommand::TryPin { right } => return try_pin(party, *right, policy),
        PartyCommand::UnlockPin { by } if by.role != Role::Agent || by.id == party.id => {
            return Err(Refusal::NotAllowed);
        }
        PartyCommand::UnlockPin { .. } if !party.pin_is_locked() => return Ok(vec![]),
        PartyCommand::UnlockPin { by } => PartyEvent::PinUnlocked { by: by.id },
        PartyCommand::NameMoney { name } => {
            let name = text::person_name(name, LONGEST_NAME).ok_or(Refusal::BadName)?;
            if party.money_name.as_ref() == Some(&name) {
                return Ok(vec![]);
            }
            PartyEvent::MoneyNamed { name }
        }
        PartyCommand::Hold { why, .. } if why.values().all(|words| words.trim().is_empty()) => {
            return Err(Refusal::BadName);
        }
        PartyCommand::Hold { code, why } => {
            if party.hold.as_ref().is_some_and(|hold| hold.code == *code && hold.why == *why) {
                return Ok(vec![]);
            }
            PartyEvent::Held { code: *code, why: why.clone() }
        }
        PartyCommand::Unhold if party.hold.is_none() => return Ok(vec![]),
        PartyCommand::Unhold => PartyEvent::Unheld,
        PartyCommand::AgreeMentor { mentor } => return agree_mentor(party, *mentor, policy, now),
        PartyCommand::EndMentorship if party.mentorship_on(now).is_none() => return Ok(vec![]),
        PartyCommand::EndMentorship => PartyEvent::MentorshipEnded,
        PartyCommand::Invite { invitee, to } => return invitation::invite(party, invitee, *to, now),
        PartyCommand::CloseInvitation { phone } if party.invitation_to(*phone).is_none() => {
            return Ok(vec![]);
        }
        PartyCommand::CloseInvitation { phone } => PartyEvent::InvitationClosed { phone: *phone },
        PartyCommand::BecomeMentor if party.is_mentor() => return Ok(vec![]),
        PartyCommand::BecomeMentor if party.role != Role::Artisan => return Err(Refusal::NotAllowed),
        PartyCommand::BecomeMentor => PartyEvent::BecameMentor,
        PartyCommand::Vouch { by } if by.role != Role::Agent || party.role != Role::Rider => {
            return Err(Refusal::NotAllowed);
        }
        PartyCommand::Vouch { .. } if party.vouched.is_some() => return Ok(vec![]),
        PartyCommand::Vouch { by } => PartyEvent::Vouched { by: by.id },
    };
    Ok(vec![event])
}

fn join(joining: &Joining) -> Result<Vec<PartyEvent>, Refusal> {
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

fn try_pin(party: &Party, right: bool, policy: &Policy) -> Result<Vec<PartyEvent>, Refusal> {
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

/// One mentor at a time: the artisan chooses, and may choose again when the mentorship is over.
fn agree_mentor(
    party: &Party, mentor: PartyId, policy: &Policy, now: Timestamp,
) -> Result<Vec<PartyEvent>, Refusal> {
    if mentor == party.id || party.role != Role::Artisan {
        return Err(Refusal::NotAllowed);
    }
    match party.mentorship_on(now) {
        Some(active) if active.mentor == mentor => Ok(vec![]),
        Some(_) => Err(Refusal::AlreadyExists),
        None => Ok(vec![PartyEvent::MentorAgreed {
            mentor,
            until: now.after(policy.mentorship()),
            share_bp: policy.mentor_share_bp,
        }]),
    }
}

/// The state after an event.
pub fn evolve(state: Option<Party>, event: &PartyEvent, at: Timestamp) -> Option<Party> {
    let Some(mut party) = state else {
        let PartyEvent::Joined(joining) = event else { return None };
        return Some(newcomer(joining, at));
    };
    match event {
        PartyEvent::Joined(_) => {}
        PartyEvent::Spoke { lang } => party.lang = *lang,
        PartyEvent::PinSet { hash } => {
            party.pin = Some(Pin { hash: hash.clone(), wrong: 0, locked: None });
        }
        PartyEvent::PinProven => with_pin(&mut party, |pin| pin.wrong = 0),
        PartyEvent::PinMissed { .. } => with_pin(&mut party, |pin| pin.wrong = pin.wrong.saturating_add(1)),
        PartyEvent::PinLocked => with_pin(&mut party, |pin| {
            pin.wrong = pin.wrong.saturating_add(1);
            pin.locked = Some(at);
        }),
        PartyEvent::PinUnlocked { .. } => with_pin(&mut party, |pin| {
            pin.wrong = 0;
            pin.locked = None;
        }),
        PartyEvent::MoneyNamed { name } => party.money_name = Some(name.clone()),
        PartyEvent::Held { code, why } => {
            party.hold = Some(Hold { code: *code, why: why.clone(), since: at });
        }
        PartyEvent::Unheld => party.hold = None,
        PartyEvent::MentorAgreed { mentor, until, share_bp } => {
            party.mentorship =
                Some(Mentorship { mentor: *mentor, from: at, until: *until, share_bp: *share_bp });
        }
        PartyEvent::MentorshipEnded => {
            if let Some(mentorship) = &mut party.mentorship {
                mentorship.until = at;
            }
        }
        PartyEvent::Invited(asked) => {
            party.invited.retain(|earlier| earlier.phone != asked.phone);
            party.invited.push(asked.clone());
        }
        PartyEvent::InvitationClosed { phone } => party.invited.retain(|asked| asked.phone != *phone),
        PartyEvent::BecameMentor => party.mentors_since = Some(at),
        PartyEvent::Vouched { by } => party.vouched = Some(*by),
    }
    Some(party)
}

fn newcomer(joining: &Joining, at: Timestamp) -> Party {
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
        pin: joining.pin.clone().map(|hash| Pin { hash, wrong: 0, locked: None }),
        hold: None,
        joined: at,
        mentors_since: (joining.role == Role::Mentor).then_some(at),
        vouched: None,
        invited: Vec::new(),
    }
}

fn with_pin(party: &mut Party, change: impl FnOnce(&mut Pin)) {
    if let Some(pin) = &mut party.pin {
        change(pin);
    }
}

#[cfg(test)]
mod tests;
