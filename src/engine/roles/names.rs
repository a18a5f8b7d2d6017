//! The name that mobile money has for a number: asked for when somebody joins, shown to her before any
//! money goes there, and a reason to wait when it is another person's. And who waits for its link.

use crate::engine::Engine;
use crate::engine::actions::FOR_EVER;
use crate::engine::aggregate;
use crate::engine::port::NameNews;
use crate::engine::trade::Due;
use crate::engine::view;
use crate::engine::work::{Fault, Work, shard};
use crate::market::case::CaseKind;
use crate::market::party::{self, HoldCode, LONGEST_NAME, Party, PartyCommand, same_person};
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::{Key, keys};
use crate::types::{PartyId, text};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often it is looked whether the link to a provider is back, for somebody who waits for it.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

fn awaits_key(who: PartyId) -> Key {
    keys::index("awaits_money", &[who.as_bytes()], b"")
}

/// Whether mobile money knows both numbers by one name: nobody guides herself with another phone.
pub(super) fn one_owner(one: &Party, other: &Party) -> bool {
    one.money_name.is_some() && one.money_name == other.money_name
}

impl Engine {
    /// A name that has just become known may be her mentor's, or that of somebody whom she guides: then
    /// the mentorship ends, both are told, and the desk sees it.
    async fn part_one_owner(&self, work: &mut Work<'_>, her: &Party) -> Result<(), Fault> {
        let mut pairs = Vec::new();
        if let Some(mentorship) = her.mentorship_on(work.now) {
            pairs.push((her.clone(), work.need::<Party>(mentorship.mentor).await?));
        }
        for (mentee, _) in view::every::<Party>(work, aggregate::mentees_of(her.id), false).await? {
            let mentee = work.need::<Party>(mentee).await?;
            if mentee.mentorship_on(work.now).is_some_and(|m| m.mentor == her.id) {
                pairs.push((mentee, her.clone()));
            }
        }
        for (mentee, mentor) in pairs.into_iter().filter(|(mentee, mentor)| one_owner(mentee, mentor)) {
            let events = party::decide(Some(&mentee), &PartyCommand::EndMentorship, &self.policy, work.now)
                .map_err(|why| Fault::Broken(why.to_string()))?;
            work.apply::<Party>(mentee.id, events);
            self.tell(work, &mentee, "mentor_left", vec![Value::text(mentor.first_name())])?;
            self.tell(work, &mentor, "mentorship_ended", vec![Value::text(mentee.first_name())])?;
            self.note_one_owner(work, &mentee, &mentor).await?;
        }
        Ok(())
    }

    /// The desk sees two numbers that are one person's.
    pub(super) async fn note_one_owner(
        &self, work: &mut Work<'_>, one: &Party, other: &Party,
    ) -> Result<(), Fault> {
        let text = format!(
            "{} and {} are mentee and mentor, or would be, and one person by the name of mobile money",
            one.name, other.name
        );
        self.note_case(work, CaseKind::Herself, None, vec![one.id, other.id], &text).await
    }

    /// The provider is asked once this is committed.
    pub(in crate::engine) fn ask_for_name(&self, work: &mut Work<'_>, who: PartyId) {
        work.send(shard::MONEY, format!("name/{who}"), "name", &who, FOR_EVER);
    }

    /// She was told that the link is down, and is told once when it is back.
    pub(in crate::engine) async fn await_money(&self, work: &mut Work<'_>, her: &Party) -> Result<(), Fault> {
        let key = awaits_key(her.id);
        if work.store().read(vec![key.clone()]).await?.iter().all(Option::is_none) {
            work.extra().put(key, Expect::Absent, Vec::<u8>::new());
            self.look_at_link(work, her.id);
        }
        Ok(())
    }

    fn look_at_link(&self, work: &mut Work<'_>, who: PartyId) {
        work.timer(work.now.after(LOOK_AGAIN), &format!("money/{who}"), &Due::MoneyBack(who));
    }

    /// Tells her that the link is back, or looks again later.
    pub(in crate::engine) async fn money_back(&self, work: &mut Work<'_>, who: PartyId) -> Result<(), Fault> {
        let her = work.get::<Party>(who).await?.filter(|her| !her.is_erased());
        if her.as_ref().is_some_and(|her| !self.money.is_up(her.phone)) {
            self.look_at_link(work, who);
            return Ok(());
        }
        work.extra().delete(awaits_key(who), Expect::Any);
        match her {
            Some(her) => self.tell(work, &her, "money_back", vec![Value::text(self.house.dial.clone())]),
            None => Ok(()),
        }
    }

    /// What the provider calls this person.
    pub(in crate::engine) async fn look_up_name(&self, id: PartyId) -> Result<NameNews, Fault> {
        let her = self.work(self.clock.now())?.need::<Party>(id).await?;
        Ok(self.money.name_of(her.phone).await)
    }

    /// Mobile money knows her by this name: she is shown it, or her money waits for her ID.
    pub(in crate::engine) async fn money_named(
        &self, work: &mut Work<'_>, id: PartyId, name: &str,
    ) -> Result<(), Fault> {
        let her = work.need::<Party>(id).await?;
        let named = PartyCommand::NameMoney { name: name.to_owned() };
        match party::decide(Some(&her), &named, &self.policy, work.now) {
            Ok(events) if events.is_empty() => return Ok(()),
            Ok(events) => work.apply::<Party>(id, events),
            // Not one letter that a name is made of.
            Err(why) => {
                tracing::warn!(party = %id, refusal = why.code(), "mobile money has no name that can be shown");
                return Ok(());
            }
        }
        let her = work.need::<Party>(id).await?;
        self.part_one_owner(work, &her).await?;
        let shown = her.money_name.as_deref().and_then(|name| text::person_name(name, LONGEST_NAME));
        let shown = shown.unwrap_or_default();
        if same_person(&her.name, name) {
            let help = Value::Phone(self.house.help_phone);
            let said = vec![Value::Phone(her.phone), Value::text(shown), help];
            return self.tell(work, &her, "money_named", said);
        }
        let code = HoldCode::NameDiffers;
        let why = self.reasons(&her, code, &BTreeMap::new(), work.now)?;
        let events = party::decide(Some(&her), &PartyCommand::Hold { code, why }, &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        if events.is_empty() {
            return Ok(());
        }
        work.apply::<Party>(id, events);
        let place = Value::text(self.place_of(&her));
        self.tell(work, &her, "name_differs", vec![place])
    }
}
