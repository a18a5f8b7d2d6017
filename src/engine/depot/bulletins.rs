//! Tips and lessons: posted, told to those they are for a few at a time, read again in the menu.
//!
//! A timer tells the next few and sets itself again in the same commit, with how far it has come: a
//! start goes on where the last one stopped, and nobody is told twice. While many texts wait to
//! leave it waits too, so that what many are told never stands before somebody's order.

use super::kept;
use crate::engine::Engine;
use crate::engine::trade::Due;
use crate::engine::view;
use crate::engine::work::{Fault, Work, shard};
use crate::market::bulletin::{self, Attendee, Bulletin, BulletinCommand, Topic};
use crate::market::listing::Listing;
use crate::market::party::{Party, Role};
use crate::market::{Refusal, Word};
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::time::NAIROBI;
use crate::types::{BulletinId, Lang, Msisdn, PartyId, Purpose, Timestamp};
use std::time::Duration;

/// People who are looked at in one commit.
const AT_ONCE: usize = 32;
/// With so many texts waiting to leave, nobody is told for a while.
const MOST_WAITING: usize = 256;
/// The pause between one commit and the next.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause while texts wait to leave.
const LONG_PAUSE: Duration = Duration::from_secs(10);
/// How long tips stay in the menu.
const READABLE: Duration = Duration::from_secs(92 * 86_400);
/// Tips in the menu.
const MOST_TIPS: usize = 6;

/// Names a lesson: the same place on the same day is the same lesson, however it was booked.
pub(super) fn lesson_id(area: &str, day: Timestamp, place: &str) -> BulletinId {
    let (year, month, day) = day.civil(NAIROBI);
    let place = place.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    BulletinId::derived(&format!("lesson {area} {year}-{month}-{day} {place}"))
}

impl Engine {
    /// Posts a tip or a lesson, after its texts were judged; those it is for are told from now on.
    pub(super) fn post_bulletin(
        &self, work: &mut Work<'_>, known: Option<&Bulletin>, id: BulletinId, topic: Topic, by: &str,
    ) -> Result<bool, Refusal> {
        let command = BulletinCommand::Post { id, topic, by: by.to_owned() };
        let events = bulletin::decide(known, &command, work.now)?;
        if events.is_empty() {
            return Ok(false);
        }
        work.apply::<Bulletin>(id, events);
        work.timer(work.now, &format!("tell/{id}"), &Due::Tell(id));
        Ok(true)
    }

    /// Tells the next few.
    pub(in crate::engine) async fn tell_on(&self, work: &mut Work<'_>, id: BulletinId) -> Result<(), Fault> {
        let Some(bulletin) = work.get::<Bulletin>(id).await?.filter(|b| b.finished.is_none()) else {
            return Ok(());
        };
        let next = |work: &mut Work<'_>, pause| {
            work.timer(work.now.after(pause), &format!("tell/{id}"), &Due::Tell(id));
        };
        let waiting = work.store().scan(keys::outbox_shard(shard::SMS), None, MOST_WAITING, false).await?;
        if waiting.len() >= MOST_WAITING {
            next(work, LONG_PAUSE);
            return Ok(());
        }
        let makers = keys::index_prefix("role", &[Role::Artisan.word().as_bytes()]);
        let from =
            bulletin.after.map(|id| keys::index("role", &[Role::Artisan.word().as_bytes()], id.as_bytes()));
        let page = work.store().scan(makers, from, AT_ONCE, false).await?;
        let ids = page.iter().filter_map(|(key, _)| view::FromIndex::from_octets(&keys::index_id(key)?));
        let ids: Vec<PartyId> = ids.collect();
        let mut texts = 0;
        for id in &ids {
            let Some(her) = view::read::<Party>(work, *id).await? else { continue };
            let wanted = self.is_wanted(her.phone, Purpose::Tip).await?;
            if wanted && self.is_for(work, &bulletin, &her).await? {
                let (name, args) = self.bulletin_text(&bulletin, her.lang);
                self.tell(work, &her, name, args)?;
                texts += 1;
            }
        }
        let command = |work: &mut Work<'_>, command: BulletinCommand, state: &Bulletin| {
            let events = bulletin::decide(Some(state), &command, work.now);
            let events = events.map_err(|why| Fault::Broken(why.to_string()))?;
            work.apply::<Bulletin>(id, events);
            Ok::<(), Fault>(())
        };
        if let Some(after) = ids.last().copied() {
            command(work, BulletinCommand::Tell { after, texts }, &bulletin)?;
        }
        if page.len() < AT_ONCE {
            let told = work.need::<Bulletin>(id).await?;
            return command(work, BulletinCommand::Finish, &told);
        }
        next(work, PAUSE);
        Ok(())
    }

    /// Whether it concerns her: a tip by what she makes, a lesson by where she works.
    async fn is_for(&self, work: &mut Work<'_>, bulletin: &Bulletin, her: &Party) -> Result<bool, Fault> {
        match &bulletin.topic {
            Topic::Tip { craft: None, .. } => Ok(true),
            Topic::Tip { craft: Some(craft), .. } => Ok(self.crafts(work, her.id).await?.contains(craft)),
            Topic::Lesson { area, .. } => Ok(her.area == *area),
        }
    }

    /// What she makes: the kinds of her pieces.
    async fn crafts(&self, work: &mut Work<'_>, maker: PartyId) -> Result<Vec<Word>, Fault> {
        let hers = keys::index_prefix("listing_of", &[maker.as_bytes()]);
        let listed = view::found::<Listing>(work, hers, false).await?;
        Ok(listed.into_iter().map(|(_, listing)| listing.kind).collect())
    }

    /// The text of the catalogue that tells it, with its values.
    fn bulletin_text(&self, bulletin: &Bulletin, lang: Lang) -> (&'static str, Vec<Value>) {
        match &bulletin.topic {
            Topic::Tip { texts, .. } => {
                let words = texts.get(&lang).or_else(|| texts.values().next()).cloned().unwrap_or_default();
                ("tip", vec![Value::text(words)])
            }
            Topic::Lesson { .. } => ("lesson", lesson(bulletin).into_iter().map(Value::Record).collect()),
        }
    }

    /// `tips.mine`: the tips of her crafts, newest first.
    pub(in crate::engine) async fn tips_of(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Vec<Record>, Fault> {
        let crafts = self.crafts(work, me.id).await?;
        let mut rows = Vec::new();
        for (id, tip) in view::found::<Bulletin>(work, kept::all_bulletins(), true).await? {
            if work.now.since(tip.posted) > READABLE || rows.len() == MOST_TIPS {
                break;
            }
            let Topic::Tip { texts, craft } = &tip.topic else { continue };
            let hers = craft.as_ref().is_none_or(|craft| crafts.contains(craft));
            if let Some(text) = texts.get(&me.lang).filter(|_| hers) {
                rows.push(super::words(id.to_string(), tip.posted, None, text));
            }
        }
        Ok(rows)
    }

    /// `lessons.mine`: lessons of her area that lie ahead.
    pub(in crate::engine) async fn lessons_for(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Vec<Record>, Fault> {
        let found = view::found::<Bulletin>(work, kept::all_bulletins(), true).await?;
        let ahead = |b: &Bulletin| match &b.topic {
            Topic::Lesson { area, day, .. } => *area == me.area && is_ahead(*day, work.now),
            Topic::Tip { .. } => false,
        };
        Ok(found.iter().filter(|(_, b)| ahead(b)).filter_map(|(_, b)| lesson(b)).collect())
    }

    /// The lesson of her area that was last, or is on today: whoever came, came to this one.
    pub(super) async fn last_lesson(
        &self, work: &mut Work<'_>, area: &Word,
    ) -> Result<Option<Bulletin>, Fault> {
        let found = view::found::<Bulletin>(work, kept::all_bulletins(), true).await?;
        let begun = found.into_iter().filter_map(|(_, b)| match &b.topic {
            Topic::Lesson { area: of, day, .. } if of == area && *day <= work.now => Some((*day, b)),
            _ => None,
        });
        Ok(begun.max_by_key(|(day, _)| *day).map(|(_, b)| b))
    }

    /// Notes that somebody came to a lesson.
    pub(super) async fn came(
        &self, work: &mut Work<'_>, lesson: BulletinId, phone: Msisdn,
    ) -> Result<Result<Bulletin, Refusal>, Fault> {
        let known = work.get::<Bulletin>(lesson).await?;
        let row = work.store().read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
        let who = row.and_then(|row| view::FromIndex::from_octets(&row.octets()));
        let command = BulletinCommand::Come(Attendee { phone, who });
        match bulletin::decide(known.as_ref(), &command, work.now) {
            Ok(events) => work.apply::<Bulletin>(lesson, events),
            Err(why) => return Ok(Err(why)),
        }
        work.need::<Bulletin>(lesson).await.map(Ok)
    }

    /// Whether somebody was at a lesson.
    pub(in crate::engine) async fn has_learned(&self, work: &Work<'_>, who: PartyId) -> Result<bool, Fault> {
        Ok(!work.store().scan(kept::lessons_of(who), None, 1, false).await?.is_empty())
    }
}

pub(super) fn is_ahead(day: Timestamp, now: Timestamp) -> bool {
    now < day.after(Duration::from_secs(86_400))
}

/// A lesson as texts and screens show it.
pub(super) fn lesson(bulletin: &Bulletin) -> Option<Record> {
    let Topic::Lesson { day, place, seats, area } = &bulletin.topic else { return None };
    Some(Record::new(
        "lesson",
        bulletin.id.to_string(),
        [
            ("date", Value::Date(*day)),
            ("place", Value::text(place.clone())),
            ("area", Value::word("area", area.as_str())),
            ("seats", Value::Int(i64::from(*seats))),
            ("came", Value::Int(bulletin.came.len().min(99) as i64)),
        ],
    ))
}
