//! Forgetting somebody: two people of the desk decide it, the books stay, her names go.
//!
//! The commit of the approval takes her names from her own row, takes down her pieces and sends her a
//! last text. From there a timer goes on in bounded commits, whatever stops in between: [`journal`]
//! replaces her names in what happened, with the rows that follow from it; [`rows`] goes through
//! everything else, and forgets her phone when her last text is settled. [`open`] says why somebody
//! cannot be forgotten yet, [`scrub`] what stands in the place of her names.

mod journal;
mod open;
mod rows;
mod scrub;
#[cfg(test)]
mod tests;

use super::Engine;
use super::aggregate::{helped_by, inviters_of, loans_of};
use super::trade::Due;
use super::view::every;
use super::work::{Fault, Work};
use crate::market::case::Case;
use crate::market::listing::{Listing, ListingEvent, ListingStage};
use crate::market::loan::Loan;
use crate::market::order::Order;
use crate::market::party::{self, Alias, Party, PartyCommand};
use crate::market::payout::Payout;
use crate::market::{Cash, Refusal, Role, Word};
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{ApprovalId, Msisdn, PartyId, Timestamp};
use scrub::{Scrub, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Her last text, by its name in the catalogue.
const FAREWELL: &str = "forgotten";
/// Where she is said to work: a word that every menu knows.
const NOWHERE: &str = "other";
/// Letters of an alias; none that is read as another one.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many of them.
const LONG: usize = 6;

/// Somebody who is being forgotten: a row that goes with the last of her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasing {
    /// On whose word.
    pub approval: ApprovalId,
    /// Whom.
    pub who: PartyId,
    /// Her phone.
    pub phone: Msisdn,
    /// Her names, as their words in small letters.
    pub names: Vec<Vec<String>>,
    /// Those words that nobody else is called.
    pub alone: BTreeSet<String>,
    /// What stands in their place.
    pub alias: Alias,
    /// When it was approved.
    pub at: Timestamp,
    /// The commit of the approval: what came later is somebody else's. Zero until it is known.
    pub until: u64,
    /// How far it has come.
    pub stage: Stage,
    /// Counts the steps.
    pub step: u64,
}

/// How far forgetting somebody has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The journal from this commit on.
    Journal(u64),
    /// Other rows: which table, after which key.
    Rows(usize, Option<Key>),
    /// Her last text is under way.
    Farewell,
}

impl Engine {
    /// Begins to forget somebody, as part of the turn in which it is approved; or says why not.
    pub(super) async fn erase(
        &self, work: &mut Work<'_>, approval: ApprovalId, who: PartyId,
    ) -> Result<Result<(), String>, Fault> {
        let her = work.need::<Party>(who).await?;
        if let Some(why) = self.stands_in_the_way(work, &her, approval).await? {
            return Ok(Err(why));
        }
        let alias = self.alias(work).await?;
        let said = |refusal: Refusal| Fault::Broken(format!("somebody cannot be erased: {refusal}"));
        let erase = PartyCommand::Erase(alias.clone());
        let events = party::decide(Some(&her), &erase, &self.policy, work.now).map_err(said)?;
        if events.is_empty() {
            return Ok(Err("her names are gone already".to_owned()));
        }
        self.tell(
            work,
            &her,
            FAREWELL,
            vec![Value::text(self.house.dial.clone()), Value::Phone(self.house.help_phone)],
        )?;
        self.let_go(work, &her).await?;
        let mut names: Vec<_> = [Some(&her.name), her.money_name.as_ref(), her.kiosk.as_ref()]
            .into_iter()
            .flatten()
            .map(|name| words(name))
            .filter(|name| !name.is_empty())
            .collect();
        names.dedup();
        let erasing = Erasing {
            approval,
            who,
            phone: her.phone,
            alone: self.called_so_alone(who, &names).await?,
            names,
            alias,
            at: work.now,
            until: 0,
            stage: Stage::Journal(0),
            step: 0,
        };
        work.apply::<Party>(who, events);
        self.go_on_erasing(work, erasing, work.now);
        Ok(Ok(()))
    }

    /// What names she gets, out of chance.
    async fn alias(&self, work: &mut Work<'_>) -> Result<Alias, Fault> {
        let number = self.free_number(work).await?;
        let mut chance = work.entropy.next_u64();
        let letter = |_| {
            let letter = LETTERS[(chance & 31) as usize];
            chance >>= 5;
            char::from(letter)
        };
        let name = format!("Erased {}", (0..LONG).map(letter).collect::<String>());
        let phone = Msisdn::nobodys(work.entropy.next_u64());
        let area: Word = NOWHERE.parse().map_err(|why| Fault::Broken(format!("{why}")))?;
        Ok(Alias { name, phone, number, area })
    }

    /// Her pieces go from the shop with their photographs, whom she was tied to is not tied to her any
    /// more, and the call she may be in ends.
    async fn let_go(&self, work: &mut Work<'_>, her: &Party) -> Result<(), Fault> {
        for (code, listing) in every::<Listing>(work, keys::index_prefix("listing", &[]), false).await? {
            if listing.maker != her.id {
                continue;
            }
            let photos = listing.photos.iter().map(|photo| ListingEvent::PhotoRemoved { name: photo.name });
            let removed = (listing.stage != ListingStage::Removed).then_some(ListingEvent::Removed);
            let events: Vec<ListingEvent> = photos.chain(removed).collect();
            work.get::<Listing>(code).await?;
            work.apply::<Listing>(code, events);
        }
        for (prefix, command) in [
            (inviters_of(her.phone), PartyCommand::CloseInvitation { phone: her.phone }),
            (helped_by(her.id), PartyCommand::DropHelper { helper: her.id }),
        ] {
            for (id, _) in every::<Party>(work, prefix, false).await? {
                let other = work.get::<Party>(id).await?;
                if let Ok(events) = party::decide(other.as_ref(), &command, &self.policy, work.now) {
                    work.apply::<Party>(id, events);
                }
            }
        }
        work.extra().delete(keys::dialog(her.phone), Expect::Any);
        Ok(())
    }

    /// The words of her names that nobody else here is called.
    async fn called_so_alone(&self, who: PartyId, names: &[Vec<String>]) -> Result<BTreeSet<String>, Fault> {
        let mut alone = Scrub::lone_words(names);
        let mut from = None;
        loop {
            let page = self.store.scan(keys::aggregates(b'p'), from, 256, false).await?;
            let Some((last, _)) = page.last() else { return Ok(alone) };
            from = Some(last.clone());
            for (key, row) in &page {
                let other: Party = codec::decode_row(key, row)?;
                let called = [Some(&other.name), other.money_name.as_ref()].into_iter().flatten();
                for word in called.filter(|_| other.id != who).flat_map(|name| words(name)) {
                    alone.remove(&word);
                }
            }
        }
    }

    fn go_on_erasing(&self, work: &mut Work<'_>, erasing: Erasing, due: Timestamp) {
        let id = format!("erase/{}/{}", erasing.approval, erasing.step);
        work.timer(due, &id, &Due::Erase(Box::new(erasing)));
    }

    /// The next step.
    pub(super) async fn erase_on(&self, work: &mut Work<'_>, erasing: &Erasing) -> Result<(), Fault> {
        let mut erasing = Erasing { step: erasing.step + 1, ..erasing.clone() };
        if erasing.until == 0 {
            // Its row was written by the commit in which it was given, and by none since.
            let row =
                self.store.read(vec![keys::approval(erasing.approval)]).await?.into_iter().next().flatten();
            erasing.until = row.map_or_else(|| self.store.position(), |row| row.version);
        }
        let mut due = work.now;
        erasing.stage = match erasing.stage.clone() {
            Stage::Journal(from) => {
                let scrub = self.scrub_of(work, &erasing).await?;
                let by = erasing.approval.to_string();
                match self.redact_some(work, &scrub, &by, from, erasing.until).await? {
                    Some(next) => Stage::Journal(next),
                    None => Stage::Rows(0, None),
                }
            }
            Stage::Rows(table, after) => {
                let scrub = self.scrub_of(work, &erasing).await?;
                match self.sweep_some(work, &scrub, &erasing, table, after).await? {
                    Some((table, after)) => Stage::Rows(table, after),
                    None => {
                        (erasing.names, erasing.alone) = (Vec::new(), BTreeSet::new());
                        Stage::Farewell
                    }
                }
            }
            Stage::Farewell => match self.forget_farewell(work, &erasing).await? {
                Some(later) => {
                    due = later;
                    Stage::Farewell
                }
                None => return Ok(()),
            },
        };
        self.go_on_erasing(work, erasing, due);
        Ok(())
    }

    /// What is hers, as it stands now.
    async fn scrub_of(&self, work: &mut Work<'_>, erasing: &Erasing) -> Result<Scrub, Fault> {
        let who = erasing.who;
        let (mut things, mut codes) = (BTreeSet::new(), BTreeSet::new());
        let mut hers = |kind: &str, id: String, said: bool| {
            codes.extend(said.then(|| id.clone()));
            things.insert((kind.to_owned(), id));
        };
        for (code, one) in every::<Listing>(work, keys::index_prefix("listing", &[]), false).await? {
            if one.maker == who {
                hers("listing", code.to_string(), true);
            }
        }
        for (code, one) in every::<Order>(work, keys::index_prefix("order", &[]), false).await? {
            if one.maker == Some(who) {
                hers("order", code.to_string(), true);
            }
        }
        for (id, _) in every::<Loan>(work, loans_of(who), false).await? {
            hers("loan", id.to_string(), false);
        }
        for (id, one) in every::<Payout>(work, keys::index_prefix("payout", &[]), false).await? {
            if one.owner == who {
                hers("payout", id.to_string(), false);
            }
        }
        for (id, one) in every::<Cash>(work, keys::index_prefix("cash", &[]), false).await? {
            if one.owner == who {
                hers("cash", id.to_string(), false);
            }
        }
        for (id, one) in every::<Case>(work, keys::index_prefix("case", &[]), false).await? {
            if one.people.contains(&who) {
                hers("case", id.to_string(), false);
            }
        }
        let Erasing { phone, names, alone, alias, .. } = erasing.clone();
        let signs = work.need::<Party>(who).await?.role == Role::Liaison;
        Ok(Scrub { id: who.to_string(), phone, names, alone, alias, things, codes, signs })
    }
}
