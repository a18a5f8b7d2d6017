//! The depot and its liaisons: words on pieces, tips and photo lessons, cases. What a liaison's phone
//! does and what artisans read of it stands here; [`bulletins`] tells many at once, [`cases`] looks
//! after what went wrong, [`judge`] proves texts, [`desk`] is the operators' side.

mod bulletins;
pub(super) mod cases;
pub mod desk;
pub mod fit;
mod judge;
mod kept;

pub(in crate::engine) use kept::cases_of;

pub(in crate::engine) use cases::Opening;

use super::actions::{Outcome, count_arg, missing, phone_arg, refused, text_arg};
use super::view;
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::input::Do;
use crate::market::Refusal;
use crate::market::bulletin::Topic;
use crate::market::case::CaseKind;
use crate::market::listing::{self, Listing, ListingCommand};
use crate::market::party::{Party, Role};
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::{SpokenCode, Timestamp, text};

/// How much of a text one screen shows, in every alphabet.
const HALF: usize = 55;
/// How much of it a row of a list shows.
const SHORT: usize = 24;
/// Sayings in the menu.
const MOST_ADVICE: usize = 9;

impl Engine {
    /// What a liaison does by phone.
    pub(super) async fn act_at_depot(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if me.role != Role::Liaison {
            return refused(wish, &Refusal::NotAllowed);
        }
        match wish.name.as_str() {
            "depot.advise" => {
                let (code, note) = (number_arg(wish)?, text_arg(wish, "note")?);
                let told = self.advise(work, code, &me.first_name(), &note).await?;
                match told {
                    Ok(listing) => Ok(("ok", vec![Value::Record(self.listing(work, &listing).await?)])),
                    Err(Refusal::NotFound | Refusal::Gone { .. }) => Ok(("gone", vec![])),
                    Err(why) => refused(wish, &why),
                }
            }
            "depot.lesson" => self.book_lesson(work, me, wish).await,
            "depot.came" => {
                let phone = phone_arg(wish, "phone")?;
                let Some(lesson) = self.last_lesson(work, &me.area).await? else {
                    return Ok(("none", vec![]));
                };
                match self.came(work, lesson.id, phone).await? {
                    Ok(lesson) => {
                        let shown = bulletins::lesson(&lesson).ok_or_else(|| missing(wish, "lesson"))?;
                        Ok(("ok", vec![Value::Record(shown)]))
                    }
                    Err(why) => refused(wish, &why),
                }
            }
            "depot.case" => {
                let (code, note) = (number_arg(wish)?, text_arg(wish, "note")?);
                let (by, people) = (me.first_name(), vec![]);
                let opening =
                    Opening { what: CaseKind::Dispute, order: Some(code), people, by: &by, text: &note };
                match self.open_case(work, opening).await? {
                    Ok(_) => Ok(("ok", vec![Value::Code(code)])),
                    Err(Refusal::NotFound) => Ok(("gone", vec![])),
                    Err(why) => refused(wish, &why),
                }
            }
            other => {
                tracing::debug!(phone = ?who.msisdn, other, "no such action at the depot");
                Err(Fault::Broken(format!("no action is called {other}")))
            }
        }
    }

    /// A lesson where she works.
    async fn book_lesson(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let Some(Value::Date(day)) = wish.args.get("day") else { return Err(missing(wish, "day")) };
        let (area, place) = (me.area.clone(), text_arg(wish, "place")?);
        let id = bulletins::lesson_id(area.as_str(), *day, &place);
        let topic = Topic::Lesson { area, day: *day, place, seats: count_arg(wish, "seats")? };
        let known = work.get(id).await?;
        let outcome = match self.post_bulletin(work, known.as_ref(), id, topic, &me.first_name()) {
            Ok(_) => "ok",
            // With other seats: whoever was told of it was told those that stand.
            Err(Refusal::AlreadyExists) => "known",
            Err(Refusal::Gone { .. }) => return Ok(("over", vec![])),
            Err(why) => return refused(wish, &why),
        };
        let shown = work.need(id).await?;
        let shown = bulletins::lesson(&shown).ok_or_else(|| missing(wish, "lesson"))?;
        Ok((outcome, vec![Value::Record(shown)]))
    }

    /// A liaison's words on a piece; its maker is sent each part of them.
    async fn advise(
        &self, work: &mut Work<'_>, code: SpokenCode, by: &str, note: &str,
    ) -> Result<Result<Listing, Refusal>, Fault> {
        let Some(before) = work.get::<Listing>(code).await? else { return Ok(Err(Refusal::NotFound)) };
        let by = text::first_name(by.trim());
        let command = ListingCommand::Advise { by: by.clone(), text: note.to_owned() };
        let events = match listing::decide(Some(&before), &command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        let maker = work.need::<Party>(before.maker).await?;
        for event in &events {
            let listing::ListingEvent::Advised { text, .. } = event else { continue };
            let args = vec![Value::text(by.clone()), Value::Code(code), Value::text(text.clone())];
            self.tell(work, &maker, "advice", args)?;
        }
        work.apply::<Listing>(code, events);
        work.need::<Listing>(code).await.map(Ok)
    }

    /// `advice.mine`: what liaisons said of her pieces, newest first.
    pub(super) async fn advice_of(&self, work: &mut Work<'_>, me: &Party) -> Result<Vec<Record>, Fault> {
        let hers = keys::index_prefix("listing_of", &[me.id.as_bytes()]);
        let listed = view::found::<Listing>(work, hers, true).await?;
        let mut said: Vec<(Timestamp, Record)> = Vec::new();
        for (code, listing) in &listed {
            for (nth, advice) in listing.advice.iter().enumerate() {
                let key = format!("{code}/{nth}");
                said.push((advice.at, words(key, advice.at, Some(*code), &advice.text)));
            }
        }
        // Parts of one saying stay in their order.
        said.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(said.into_iter().take(MOST_ADVICE).map(|(_, record)| record).collect())
    }
}

fn number_arg(wish: &Do) -> Result<SpokenCode, Fault> {
    match wish.args.get("number") {
        Some(Value::Code(code)) => Ok(*code),
        _ => Err(missing(wish, "number")),
    }
}

/// A text of somebody's as a list and two screens show it.
fn words(key: String, at: Timestamp, code: Option<SpokenCode>, said: &str) -> Record {
    let (begin, rest) = text::halves(said, HALF);
    Record::new(
        "words",
        key,
        [
            ("date", Value::Date(at)),
            ("about", Value::text(code.map(|code| code.to_string()).unwrap_or_default())),
            ("short", Value::text(said.chars().take(SHORT).collect::<String>())),
            ("begin", Value::text(begin)),
            ("rest", Value::text(rest)),
            ("long", Value::word("yes_no", if rest.is_empty() { "no" } else { "yes" })),
        ],
    )
}
