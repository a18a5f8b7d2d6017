//! People we deal with: who they are, how they are reached, what keeps their money safe.

mod erasure;
mod helpers;
mod holds;
mod invitation;
mod joining;
mod mentorship;
mod pin;
mod room;

pub use erasure::Alias;
pub use helpers::MOST_HELPERS;
pub use holds::{Hold, HoldCode, same_person};
pub use invitation::{Invitation, Invitee, Tie};
pub use mentorship::{MentorPolicy, Mentorship, Record};
pub use pin::Pin;
pub use room::Judged;

use super::{Policy, Refusal, Word};
use crate::types::{Lang, Msisdn, PartyId, SpokenCode, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The most characters of a full name.
pub const LONGEST_NAME: usize = 20;
/// The most characters of a name as mobile money has it.
const LONGEST_MONEY_NAME: usize = 80;
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
    /// Works for an artisan: sees her orders and says READY, never her money.
    Helper,
    /// Stands by artisans at the depot: words on pieces, tips, lessons, cases.
    Liaison,
}

impl Role {
    /// The stable word, also the name of the role's menu.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Artisan => "artisan",
            Self::Agent => "agent",
            Self::Mentor => "mentor",
            Self::Rider => "rider",
            Self::Helper => "helper",
            Self::Liaison => "liaison",
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
    /// Why else it waits: each reason is lifted by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_holds: Vec<Hold>,
    /// Since when she is with us.
    pub joined: Timestamp,
    /// Since when she is a mentor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentors_since: Option<Timestamp>,
    /// The agent who vouches for a rider; nobody else is asked to fetch a parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vouched: Option<PartyId>,
    /// The agent at whose kiosk she brought something last: hers, of those in her area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kiosk_used: Option<PartyId>,
    /// Whom she asked for something and who has not answered yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invited: Vec<Invitation>,
    /// When she was asked whether she would guide others, for her record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentor_offered: Option<Timestamp>,
    /// Those who work for her and may say that an order is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub helpers: Vec<PartyId>,
    /// How many pieces she says she can have in hand at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// How her pieces did at the kiosks' checks.
    #[serde(default, skip_serializing_if = "Judged::is_empty")]
    pub judged: Judged,
    /// When her names went; what is here since is an [`Alias`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Timestamp>,
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
    /// Take a locked PIN away, so that she chooses another, vouched for by an agent who stands beside her.
    UnlockPin {
        /// Who vouches.
        by: Actor,
    },
    /// Somebody who knows her says that it is she, without having seen her ID.
    VouchPin {
        /// An agent, or her mentor.
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
    /// A reason why her money waits does not stand any more.
    Unhold {
        /// Which.
        code: HoldCode,
        /// The agent who has seen her ID; none for the desk.
        by: Option<Actor>,
    },
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
    /// Her mentor showed her the way.
    ShowWay,
    /// See what follows from her record.
    Weigh {
        /// What she has done.
        record: Record,
    },
    /// Somebody who was asked agrees to help her.
    AddHelper {
        /// Who.
        helper: Actor,
    },
    /// Somebody does not help her any more.
    DropHelper {
        /// Who.
        helper: PartyId,
    },
    /// A helper makes pieces of her own from now on.
    BecomeArtisan,
    /// An artisan says how many pieces she can have in hand at a time.
    SetRoom {
        /// How many.
        pieces: u32,
    },
    /// Pieces of hers were judged.
    CountJudged {
        /// How many passed.
        passed: u32,
        /// How many failed.
        failed: u32,
    },
    /// She brought something to a kiosk, herself or by a rider.
    UseKiosk {
        /// Its agent.
        by: Actor,
    },
    /// Her names go.
    Erase(Alias),
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
    /// One of the two who are needed without an ID says that it is she.
    PinVouched {
        /// Who.
        by: PartyId,
    },
    /// The PIN was opened again, as it was; nobody does so any more, since whoever forgot it stays locked out.
    PinUnlocked {
        /// Who vouched.
        by: PartyId,
    },
    /// The locked PIN is gone: she chooses a new one.
    PinCleared {
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
    /// Her money goes again, whatever had kept it.
    Unheld,
    /// A reason does not stand any more.
    Lifted {
        /// Which.
        code: HoldCode,
        /// The agent who has seen her ID; none for the desk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PartyId>,
    },
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
    /// Whoever was asked at that moment is not with us any more.
    InvitationOver {
        /// When she was asked.
        at: Timestamp,
    },
    /// Is a mentor from now on.
    BecameMentor,
    /// An agent vouches for this rider.
    Vouched {
        /// Who vouches.
        by: PartyId,
    },
    /// Her mentor showed her the way.
    WayShown,
    /// Needs no mentor any more, by her record.
    Graduated,
    /// Was asked whether she would guide others, for her record.
    MentorOffered,
    /// Somebody helps her from now on.
    HelperAdded {
        /// Who.
        helper: PartyId,
    },
    /// Somebody does not help her any more.
    HelperDropped {
        /// Who.
        helper: PartyId,
    },
    /// Makes pieces of her own from now on.
    BecameArtisan,
    /// Can have so many pieces in hand at a time.
    RoomSet {
        /// How many.
        pieces: u32,
    },
    /// Pieces of hers were judged.
    Judged {
        /// How many passed.
        passed: u32,
        /// How many failed.
        failed: u32,
    },
    /// Brought something to a kiosk, another one than the time before.
    KioskUsed {
        /// Its agent.
        agent: PartyId,
    },
    /// What told who she was is gone from here; this stands in its place.
    Erased(Alias),
    /// It is gone from everything before, too, and she was told: nothing is replaced any more.
    Forgotten,
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

    /// Whether she may guide artisans.
    pub const fn is_mentor(&self) -> bool {
        self.mentors_since.is_some()
    }

    /// What she asked the owner of this phone for, while it may be answered.
    pub fn invitation_to(&self, phone: Msisdn, policy: &Policy, now: Timestamp) -> Option<&Invitation> {
        self.waiting(policy, now).find(|asked| asked.phone == phone)
    }

    /// Whom she asked for something and who may answer still.
    pub fn waiting(&self, policy: &Policy, now: Timestamp) -> impl Iterator<Item = &Invitation> {
        let lives = policy.invitation();
        self.invited.iter().filter(move |asked| now.since(asked.at) < lives)
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
            PartyCommand::Join(joining) => joining::join(joining),
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
        PartyCommand::TryPin { right } => return pin::prove(party, *right, policy),
        PartyCommand::UnlockPin { by } => return pin::unlock(party, *by),
        PartyCommand::VouchPin { by } => return pin::vouch(party, *by, now),
        PartyCommand::NameMoney { name } => {
            // Whole, since names are compared; a text shows what fits.
            let name = text::person_name(name, LONGEST_MONEY_NAME).ok_or(Refusal::BadName)?;
            if party.money_name.as_ref() == Some(&name) {
                return Ok(vec![]);
            }
            PartyEvent::MoneyNamed { name }
        }
        PartyCommand::Hold { code, why } => return holds::put(party, *code, why),
        PartyCommand::Unhold { code, by } => return holds::lift(party, *code, *by),
        PartyCommand::AgreeMentor { mentor } => return mentorship::agree(party, *mentor, policy, now),
        PartyCommand::EndMentorship if party.mentorship_on(now).is_none() => return Ok(vec![]),
        PartyCommand::EndMentorship => PartyEvent::MentorshipEnded,
        PartyCommand::Invite { invitee, to } => return invitation::invite(party, invitee, *to, policy, now),
        PartyCommand::CloseInvitation { phone } if !party.invited.iter().any(|it| it.phone == *phone) => {
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
        PartyCommand::ShowWay if party.mentorship_on(now).is_none() => return Ok(vec![]),
        PartyCommand::ShowWay => PartyEvent::WayShown,
        PartyCommand::Weigh { record } => return Ok(mentorship::weigh(party, record, &policy.mentor, now)),
        PartyCommand::AddHelper { helper } => return helpers::add(party, *helper),
        PartyCommand::DropHelper { helper } if !party.helpers.contains(helper) => return Ok(vec![]),
        PartyCommand::DropHelper { helper } => PartyEvent::HelperDropped { helper: *helper },
        PartyCommand::BecomeArtisan if party.role == Role::Artisan => return Ok(vec![]),
        PartyCommand::BecomeArtisan if party.role != Role::Helper => return Err(Refusal::NotAllowed),
        PartyCommand::BecomeArtisan => PartyEvent::BecameArtisan,
        PartyCommand::SetRoom { pieces } => return room::set_room(party, *pieces, policy),
        PartyCommand::CountJudged { passed: 0, failed: 0 } => return Ok(vec![]),
        PartyCommand::CountJudged { passed, failed } => {
            PartyEvent::Judged { passed: *passed, failed: *failed }
        }
        PartyCommand::UseKiosk { by } if by.role != Role::Agent || by.id == party.id => {
            return Err(Refusal::NotAllowed);
        }
        PartyCommand::UseKiosk { by } if party.kiosk_used == Some(by.id) => return Ok(vec![]),
        PartyCommand::UseKiosk { by } => PartyEvent::KioskUsed { agent: by.id },
        PartyCommand::Erase(alias) => return erasure::erase(party, alias),
    };
    Ok(vec![event])
}

/// The state after an event.
pub fn evolve(state: Option<Party>, event: &PartyEvent, at: Timestamp) -> Option<Party> {
    let Some(mut party) = state else {
        let PartyEvent::Joined(joining) = event else { return None };
        return Some(joining::newcomer(joining, at));
    };
    match event {
        PartyEvent::Joined(_) => {}
        PartyEvent::Spoke { lang } => party.lang = *lang,
        PartyEvent::PinSet { .. }
        | PartyEvent::PinProven
        | PartyEvent::PinMissed { .. }
        | PartyEvent::PinLocked
        | PartyEvent::PinVouched { .. }
        | PartyEvent::PinUnlocked { .. }
        | PartyEvent::PinCleared { .. } => pin::change(&mut party, event, at),
        PartyEvent::MoneyNamed { name } => party.money_name = Some(name.clone()),
        PartyEvent::Held { code, why } => {
            party.put_hold(Hold { code: *code, why: why.clone(), since: at });
        }
        PartyEvent::Unheld => (party.hold, party.more_holds) = (None, Vec::new()),
        PartyEvent::Lifted { code, .. } => party.lift_hold(*code),
        PartyEvent::MentorAgreed { mentor, until, share_bp } => {
            party.mentorship = Some(Mentorship::begun(*mentor, at, *until, *share_bp));
        }
        PartyEvent::MentorshipEnded => {
            with_mentorship(&mut party, |mentorship| mentorship.until = at);
        }
        PartyEvent::Invited(asked) => {
            party.invited.retain(|earlier| earlier.phone != asked.phone);
            party.invited.push(asked.clone());
        }
        PartyEvent::InvitationClosed { phone } => party.invited.retain(|asked| asked.phone != *phone),
        PartyEvent::InvitationOver { at } => party.invited.retain(|asked| asked.at != *at),
        PartyEvent::BecameMentor => party.mentors_since = Some(at),
        PartyEvent::Vouched { by } => party.vouched = Some(*by),
        PartyEvent::KioskUsed { agent } => party.kiosk_used = Some(*agent),
        PartyEvent::WayShown => with_mentorship(&mut party, |mentorship| mentorship.helped = Some(at)),
        PartyEvent::Graduated => with_mentorship(&mut party, |mentorship| mentorship.graduated = Some(at)),
        PartyEvent::MentorOffered => party.mentor_offered = Some(at),
        PartyEvent::HelperAdded { helper } => party.helpers.push(*helper),
        PartyEvent::HelperDropped { helper } => party.helpers.retain(|known| known != helper),
        PartyEvent::BecameArtisan => party.role = Role::Artisan,
        PartyEvent::RoomSet { pieces } => party.capacity = Some(*pieces),
        PartyEvent::Judged { passed, failed } => party.judged.count(*passed, *failed),
        PartyEvent::Erased(alias) => return Some(erasure::erased(party, alias, at)),
        PartyEvent::Forgotten => {}
    }
    Some(party)
}

fn with_mentorship(party: &mut Party, change: impl FnOnce(&mut Mentorship)) {
    if let Some(mentorship) = &mut party.mentorship {
        change(mentorship);
    }
}

#[cfg(test)]
mod tests;
