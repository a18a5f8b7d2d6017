//! What many are told at once: a tip for those of a craft, a photo lesson for those of an area. They
//! are told in order of their ids, a few at a time; how far that has come is part of the state.

use super::{Refusal, Word};
use crate::types::{BulletinId, Lang, Msisdn, PartyId, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most letters of a tip: what its SMS and two screens hold.
pub const LONGEST_TIP: usize = 110;
/// The most letters of the place of a lesson.
pub const LONGEST_PLACE: usize = 16;
/// Seats of a lesson.
const MOST_SEATS: u32 = 99;

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A tip.
    Tip {
        /// For those who make this; for all without it.
        craft: Option<Word>,
        /// What it says, in every language.
        texts: BTreeMap<Lang, String>,
    },
    /// A photo lesson.
    Lesson {
        /// For those who work here.
        area: Word,
        /// The day.
        day: Timestamp,
        /// Where.
        place: String,
        /// For how many.
        seats: u32,
    },
}

/// A tip or a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    /// Which.
    pub id: BulletinId,
    /// What it is about.
    pub topic: Topic,
    /// Who posted it, by name.
    pub by: String,
    /// When.
    pub posted: Timestamp,
    /// To how many phones it went.
    pub told: u32,
    /// Everybody up to here was told, or need not be.
    pub after: Option<PartyId>,
    /// When everybody had been told.
    pub finished: Option<Timestamp>,
    /// Who came to the lesson.
    pub came: Vec<Attendee>,
}

/// Somebody who came to a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// Her phone, as the liaison typed it.
    pub phone: Msisdn,
    /// Who that is, if she is one of us.
    pub who: Option<PartyId>,
}

/// What can be asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulletinCommand {
    /// Post it; everybody it is for is told from now on.
    Post {
        /// Which.
        id: BulletinId,
        /// What it is about.
        topic: Topic,
        /// Who posts it, by name.
        by: String,
    },
    /// The next ones were told.
    Tell {
        /// The last of them.
        after: PartyId,
        /// How many texts that were.
        texts: u32,
    },
    /// There is nobody left to tell.
    Finish,
    /// Somebody came to the lesson.
    Come(Attendee),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulletinEvent {
    /// It was posted.
    Posted {
        /// Which.
        id: BulletinId,
        /// What it is about.
        topic: Topic,
        /// Who posted it.
        by: String,
    },
    /// The next ones were told.
    Told {
        /// The last of them.
        after: PartyId,
        /// How many texts that were.
        texts: u32,
    },
    /// Everybody was told.
    Finished,
    /// Somebody came to the lesson.
    Came(Attendee),
}

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Bulletin>, command: &BulletinCommand, now: Timestamp,
) -> Result<Vec<BulletinEvent>, Refusal> {
    use {BulletinCommand as C, BulletinEvent as E};
    let Some(bulletin) = state else {
        return match command {
            C::Post { id, topic, by } => {
                let by = text::folded(by).ok_or(Refusal::BadName)?;
                Ok(vec![E::Posted { id: *id, topic: fit(topic, now)?, by }])
            }
            _ => Err(Refusal::NotFound),
        };
    };
    Ok(match command {
        C::Post { topic, .. } if fit(topic, bulletin.posted)? == bulletin.topic => vec![],
        C::Post { .. } => return Err(Refusal::AlreadyExists),
        C::Tell { .. } | C::Finish if bulletin.finished.is_some() => vec![],
        C::Tell { after, .. } if bulletin.after.is_some_and(|told| told >= *after) => vec![],
        C::Tell { after, texts } => vec![E::Told { after: *after, texts: *texts }],
        C::Finish => vec![E::Finished],
        C::Come(_) if !matches!(bulletin.topic, Topic::Lesson { .. }) => return Err(Refusal::NotAllowed),
        C::Come(who) if bulletin.came.iter().any(|came| came.phone == who.phone) => vec![],
        C::Come(who) => vec![E::Came(who.clone())],
    })
}

/// As it is kept, where it says what it must.
fn fit(topic: &Topic, now: Timestamp) -> Result<Topic, Refusal> {
    let out = |min: i64, max: i64| Refusal::OutOfRange { min, max };
    Ok(match topic {
        Topic::Tip { craft, texts } => {
            let fold = |(lang, words): (&Lang, &String)| {
                let words = text::folded(words).filter(|words| words.chars().count() <= LONGEST_TIP);
                words.map(|words| (*lang, words)).ok_or(out(1, LONGEST_TIP as i64))
            };
            let texts: BTreeMap<Lang, String> = texts.iter().map(fold).collect::<Result<_, _>>()?;
            if texts.is_empty() {
                return Err(out(1, LONGEST_TIP as i64));
            }
            Topic::Tip { craft: craft.clone(), texts }
        }
        Topic::Lesson { area, day, place, seats } => {
            let place = text::folded(place).filter(|place| place.chars().count() <= LONGEST_PLACE);
            if !(1..=MOST_SEATS).contains(seats) {
                return Err(out(1, i64::from(MOST_SEATS)));
            }
            // The day itself still counts, whatever the hour.
            if day.millis() + 86_400_000 <= now.millis() {
                return Err(Refusal::gone("over"));
            }
            Topic::Lesson {
                area: area.clone(),
                day: *day,
                place: place.ok_or(Refusal::BadName)?,
                seats: *seats,
            }
        }
    })
}

/// The state after an event.
pub fn evolve(state: Option<Bulletin>, event: &BulletinEvent, at: Timestamp) -> Option<Bulletin> {
    use BulletinEvent as E;
    let Some(mut bulletin) = state else {
        let E::Posted { id, topic, by } = event else { return None };
        return Some(Bulletin {
            id: *id,
            topic: topic.clone(),
            by: by.clone(),
            posted: at,
            told: 0,
            after: None,
            finished: None,
            came: Vec::new(),
        });
    };
    match event {
        E::Posted { .. } => {}
        E::Told { after, texts } => {
            bulletin.after = Some(*after);
            bulletin.told += texts;
        }
        E::Finished => bulletin.finished = Some(at),
        E::Came(who) => bulletin.came.push(who.clone()),
    }
    Some(bulletin)
}

#[cfg(test)]
mod tests;
