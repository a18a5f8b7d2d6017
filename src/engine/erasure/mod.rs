//! Forgetting somebody: two people of the desk decide it, the books stay, her names go.
//!
//! The commit of the approval takes her names from her own row, takes down her pieces and sends her a
//! last text. From there a [`worker`] goes on in bounded commits, whatever stops in between: what came in
//! at the same moment is looked for once more, [`leave`] takes down the rest of her pieces, [`called`]
//! collects what she was ever called; [`journal`] replaces it in what happened, with the rows that
//! [`replay`] derives from it; [`rows`] goes through everything else, and forgets her phone when her last
//! text is settled. [`open`] says why somebody cannot be forgotten yet, [`scrub`] what stands in the place
//! of her names.

mod called;
mod journal;
mod leave;
mod open;
mod replay;
mod rows;
mod scrub;
#[cfg(test)]
mod tests;
pub mod worker;

use super::Engine;
use super::work::{Fault, Work};
use crate::market::case::CaseKind;
use crate::market::party::{self, Alias, Party, PartyCommand};
use crate::market::{Refusal, Word};
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::{Key, codec};
use crate::types::{ApprovalId, Msisdn, PartyId, Timestamp};
use called::called;
use scrub::Scrub;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use worker::Recall;

/// Her last text, by its name in the catalogue.
const FAREWELL: &str = "forgotten";
/// Where she is said to work: a word that every menu knows.
const NOWHERE: &str = "other";
/// Letters of an alias; none that is read as another one.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many of them.
const LONG: usize = 6;
/// When it is looked again whether what came in meanwhile is over.
const AGAIN: Duration = Duration::from_secs(600);

/// Somebody who is being forgotten: a row that goes with the last of her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Erasing {
    /// On whose word.
    approval: ApprovalId,
    /// Whom.
    who: PartyId,
    /// Her phone.
    phone: Msisdn,
    /// Her names, those of before too, as their words in small letters.
    names: Vec<Vec<String>>,
    /// Those words that nobody else is called and that say nothing else.
    alone: BTreeSet<String>,
    /// What stands in their place.
    alias: Alias,
    /// When it was approved.
    at: Timestamp,
    /// The commit of the approval: what came later is somebody else's. Zero until it is known.
    until: u64,
    /// How far it has come.
    stage: Stage,
    /// When it is gone on with.
    due: Timestamp,
    /// Something came in meanwhile, and the desk has a case about it.
    told: bool,
    /// Rows of the table that is gone through were in somebody's hand: it is gone through once more.
    again: bool,
}

/// How far forgetting somebody has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// It is approved: whatever came in before that was known is settled first.
    Begun,
    /// Her pieces go, after this entry among all of them.
    Pieces(Option<Key>),
    /// What she was called.
    Names,
    /// The journal from this commit on.
    Journal(u64),
    /// Other rows: which table, after which key.
    Rows(usize, Option<Key>),
    /// Her last text is under way.
    Farewell,
}

/// Those who are being forgotten now, as what is written meanwhile may name them.
#[derive(Default)]
pub(super) struct Leaving(Vec<(Scrub, bool)>);

impl Leaving {
    /// Whether one of them may be named in it: something of hers, or her names or phone in a text. As long
    /// as it is not known which of her names nobody else has, each of them counts.
    pub(super) fn is_in(&self, value: &serde_json::Value) -> bool {
        self.0.iter().any(|(scrub, known)| scrub.is_named_in(value) || scrub.may_be_in(value, !known))
    }
}

impl Engine {
    /// Who is being forgotten now.
    pub(super) async fn leaving(&self) -> Result<Leaving, Fault> {
        let mut leaving = Leaving::default();
        for (key, row) in self.store.scan(worker::all_under_way(), None, worker::MOST, false).await? {
            let erasing: Erasing = codec::decode_row(&key, &row)?;
            let known = matches!(erasing.stage, Stage::Journal(_) | Stage::Rows(..) | Stage::Farewell);
            let mut scrub = Scrub::of(erasing.who, erasing.phone, erasing.names, erasing.alias);
            scrub.alone = erasing.alone;
            leaving.0.push((scrub, known));
        }
        Ok(leaving)
    }

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
        let erasing = Erasing {
            approval,
            who,
            phone: her.phone,
            names: called(&her),
            alone: BTreeSet::new(),
            alias,
            at: work.now,
            until: 0,
            stage: Stage::Begun,
            due: work.now,
            told: false,
            again: false,
        };
        work.apply::<Party>(who, events);
        work.extra().put(worker::row_of(approval), Expect::Absent, codec::encode(&erasing));
        Ok(Ok(()))
    }

    /// What is said of somebody for good, without her names: why it is that she is to be forgotten.
    pub(super) async fn without_her(
        &self, work: &mut Work<'_>, who: PartyId, text: &str,
    ) -> Result<String, Fault> {
        let her = work.need::<Party>(who).await?;
        let area: Word = NOWHERE.parse().map_err(|why| Fault::Broken(format!("{why}")))?;
        let alias = Alias { name: "she".to_owned(), phone: Msisdn::nobodys(0), number: her.number, area };
        let scrub = Scrub::of(who, her.phone, called(&her), alias);
        Ok(scrub.text(text, true).unwrap_or_else(|| text.to_owned()))
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

    /// The next step: her row as it stands after it, `None` after the last. `version`: the row's.
    async fn erase_on(
        &self, work: &mut Work<'_>, mut erasing: Erasing, version: u64, recall: &mut Recall,
    ) -> Result<Option<Erasing>, Fault> {
        if erasing.until == 0 {
            // Its row was written by the commit in which it was approved, and by none since.
            erasing.until = version;
        }
        erasing.due = work.now;
        erasing.stage = match erasing.stage.clone() {
            Stage::Begun => match self.came_in(work, &mut erasing).await? {
                true => Stage::Begun,
                false => Stage::Pieces(None),
            },
            Stage::Pieces(after) => match self.take_down_some(work, erasing.who, after).await? {
                Some(next) => Stage::Pieces(Some(next)),
                None => Stage::Names,
            },
            Stage::Names => {
                erasing.names = self.ever_called(&erasing).await?;
                erasing.alone = self.called_so_alone(erasing.who, &erasing.names).await?;
                Stage::Journal(0)
            }
            Stage::Journal(from) => match self.redact_some(work, &erasing, from, recall).await? {
                Some(next) => Stage::Journal(next),
                None => Stage::Rows(0, None),
            },
            Stage::Rows(table, after) => {
                let scrub = self.scrub_for(work, &erasing, recall).await?;
                match self.sweep_some(work, &scrub, &mut erasing, table, after).await? {
                    Some((table, after)) => Stage::Rows(table, after),
                    None => {
                        (erasing.names, erasing.alone) = (Vec::new(), BTreeSet::new());
                        Stage::Farewell
                    }
                }
            }
            Stage::Farewell => match self.forget_farewell(work, &erasing).await? {
                Some(later) => {
                    erasing.due = later;
                    Stage::Farewell
                }
                None => return Ok(None),
            },
        };
        Ok(Some(erasing))
    }

    /// Whether something of hers is open that was not when it was approved: another turn had begun
    /// before, and ended since. Nothing new begins with somebody who is erased, so one look is enough;
    /// what it finds is settled by the desk, and waited for.
    async fn came_in(&self, work: &mut Work<'_>, erasing: &mut Erasing) -> Result<bool, Fault> {
        let her = work.need::<Party>(erasing.who).await?;
        let Some(why) = self.stands_in_the_way(work, &her, erasing.approval).await? else {
            return Ok(false);
        };
        erasing.due = work.now.after(AGAIN);
        if !erasing.told {
            erasing.told = true;
            let (approval, told) = (erasing.approval, why.clone());
            work.rings(move || tracing::error!(%approval, why = told, "ALARM: something came in while somebody is being forgotten"));
            let text = format!("{} is being forgotten, and: {why}. Settle it and close this case", her.name);
            self.note_case(work, CaseKind::Other, None, vec![her.id], &text).await?;
        }
        Ok(true)
    }
}
