//! The depot as the desk sees and moves it. Programs and `sokoni tips`, `lessons`, `feedback` and
//! `cases` speak to the same.

use super::fit::Fit;
use super::{Opening, kept};
use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::bulletin::{Bulletin, Topic};
use crate::market::case::{Case, CaseCommand, CaseKind};
use crate::market::party::Party;
use crate::market::{Refusal, Word};
use crate::menu::value::Value;
use crate::store::keys;
use crate::types::time::NAIROBI;
use crate::types::{BulletinId, CaseId, Lang, Msisdn, PartyId, SpokenCode, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tip or a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulletinRow {
    /// Names it.
    pub bulletin: BulletinId,
    /// `tip` or `lesson`.
    pub what: String,
    /// Who posted it, by name.
    pub by: String,
    /// When.
    pub posted: Timestamp,
    /// The craft a tip is for, or the area of a lesson; empty for all.
    pub to: String,
    /// What a tip says, by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<Lang, String>,
    /// The day of a lesson, as 2026-12-31.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// For how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// To how many phones it went.
    pub told: u32,
    /// Whether everybody it is for has been told.
    pub finished: bool,
    /// The masked phones of those who came, with names where we know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub came: Vec<String>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRow {
    /// Names it.
    pub case: CaseId,
    /// `lost_parcel`, `dispute`, `wrong_number`, `cash`, `herself`, `other`.
    pub what: String,
    /// `open` or `closed`.
    pub state: String,
    /// The order it is about.
    pub order: Option<SpokenCode>,
    /// Who is involved, by name and masked phone.
    pub people: Vec<String>,
    /// The same, by the ids that lead to their pages.
    pub parties: Vec<PartyId>,
    /// When it was opened.
    pub opened: Timestamp,
    /// What was written down, oldest first.
    pub notes: Vec<CaseNoteRow>,
    /// Why it was closed, by language.
    pub why: BTreeMap<Lang, String>,
    /// Who closed it.
    pub closed_by: Option<String>,
}

/// Something that was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNoteRow {
    /// By whom; empty for the service itself.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// What the desk does at the depot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum DepotWish {
    /// Words on a piece, for its maker.
    Advise {
        /// The piece.
        listing: SpokenCode,
        /// Who says it, by name; whoever acts without it.
        #[serde(default)]
        by: String,
        /// What; more than 110 letters go in several SMS.
        text: String,
    },
    /// A tip.
    Tip {
        /// Who posts it, by name; whoever acts without it.
        #[serde(default)]
        by: String,
        /// The craft it is for, as a word of the menus; for all without it.
        #[serde(default)]
        craft: Option<Word>,
        /// What it says, in every language.
        texts: BTreeMap<Lang, String>,
    },
    /// A photo lesson.
    Lesson {
        /// Who books it, by name; whoever acts without it.
        #[serde(default)]
        by: String,
        /// Where those work whom it is for, as a word of the menus.
        area: Word,
        /// The day, as 2026-12-31.
        day: String,
        /// Where it is.
        place: String,
        /// For how many.
        seats: u32,
    },
    /// Somebody came to a lesson.
    Came {
        /// Which.
        bulletin: BulletinId,
        /// Her phone.
        phone: String,
    },
    /// A case.
    Open {
        /// What went wrong.
        what: CaseKind,
        /// Who opens it, by name; whoever acts without it.
        #[serde(default)]
        by: String,
        /// What is known.
        text: String,
        /// About which order.
        #[serde(default)]
        order: Option<SpokenCode>,
        /// Phones of people involved, beside those of the order.
        #[serde(default)]
        phones: Vec<String>,
    },
    /// Something is written down.
    Note {
        /// Which case.
        case: CaseId,
        /// Who writes, by name; whoever acts without it.
        #[serde(default)]
        by: String,
        /// What.
        text: String,
    },
    /// A case is closed, and everybody involved is told why.
    Close {
        /// Which.
        case: CaseId,
        /// Who closes it, by name; whoever acts without it.
        #[serde(default)]
        by: String,
        /// Why, in every language.
        why: BTreeMap<Lang, String>,
    },
}

impl DepotWish {
    /// The word it is kept under.
    const fn word(&self) -> &'static str {
        match self {
            Self::Advise { .. } => "feedback",
            Self::Tip { .. } => "tip",
            Self::Lesson { .. } => "lesson",
            Self::Came { .. } => "attendance",
            Self::Open { .. } => "case opened",
            Self::Note { .. } => "case noted",
            Self::Close { .. } => "case closed",
        }
    }

    /// With the name of whoever acts; only the house's own key may speak for somebody else.
    fn signed(mut self, who: &Who) -> Self {
        match &mut self {
            Self::Advise { by, .. }
            | Self::Tip { by, .. }
            | Self::Lesson { by, .. }
            | Self::Open { by, .. }
            | Self::Note { by, .. }
            | Self::Close { by, .. } => {
                if by.trim().is_empty() || !who.is_house() {
                    *by = who.name().to_owned();
                }
            }
            Self::Came { .. } => {}
        }
        self
    }
}

/// Words that somebody is typing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum FitWish {
    /// A tip, as far as it is written.
    Tip {
        /// By language.
        texts: BTreeMap<Lang, String>,
    },
    /// Words on a piece.
    Advise {
        /// The number of the piece, right or not.
        listing: String,
        /// What; more than one SMS holds is parted.
        text: String,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepotDone {
    /// Her SMS hold it in so many parts.
    Advised {
        /// The piece.
        listing: SpokenCode,
    },
    /// A tip or lesson as it stands.
    Bulletin(BulletinRow),
    /// A case as it stands.
    Case(CaseRow),
}

/// What the desk calls.
pub trait DepotDesk: Send + Sync + 'static {
    /// Tips and lessons, newest first.
    fn bulletins(&self) -> BoxFuture<'_, Result<Vec<BulletinRow>, ShopError>>;
    /// Cases, newest first.
    fn cases(&self) -> BoxFuture<'_, Result<Vec<CaseRow>, ShopError>>;
    /// Does something. A repeat changes nothing.
    fn depot(&self, by: Who, wish: DepotWish) -> BoxFuture<'_, Result<DepotDone, ShopError>>;
    /// What words come to on the air that somebody is typing.
    fn fit(&self, by: Who, wish: FitWish) -> BoxFuture<'_, Result<Fit, ShopError>>;
}

fn broken(fault: Fault) -> ShopError {
    tracing::error!(%fault, "a question about the depot failed");
    ShopError::Fault
}

fn field<T>(field: &'static str, why: impl std::fmt::Display) -> Result<T, ShopError> {
    Err(ShopError::Field { field, why: why.to_string() })
}

fn said_no(name: &'static str, why: &Refusal) -> ShopError {
    match why {
        Refusal::NotFound => ShopError::NotFound,
        why => ShopError::Field { field: name, why: why.to_string() },
    }
}

impl DepotDesk for Engine {
    fn bulletins(&self) -> BoxFuture<'_, Result<Vec<BulletinRow>, ShopError>> {
        Box::pin(async {
            let mut work = self.work(self.clock.now()).map_err(broken)?;
            let all = view::every::<Bulletin>(&mut work, kept::all_bulletins(), true).await;
            let mut rows = Vec::new();
            for (_, bulletin) in all.map_err(broken)? {
                rows.push(self.bulletin_row(&mut work, &bulletin).await.map_err(broken)?);
            }
            Ok(rows)
        })
    }

    fn cases(&self) -> BoxFuture<'_, Result<Vec<CaseRow>, ShopError>> {
        Box::pin(async {
            let mut work = self.work(self.clock.now()).map_err(broken)?;
            let all = view::every::<Case>(&mut work, kept::all_cases(), true).await;
            let mut rows = Vec::new();
            for (_, case) in all.map_err(broken)? {
                rows.push(self.case_row(&mut work, &case).await.map_err(broken)?);
            }
            Ok(rows)
        })
    }

    fn fit(&self, by: Who, wish: FitWish) -> BoxFuture<'_, Result<Fit, ShopError>> {
        Box::pin(async move { self.fit_of(by.name(), &wish).await.map_err(broken) })
    }

    fn depot(&self, by: Who, wish: DepotWish) -> BoxFuture<'_, Result<DepotDone, ShopError>> {
        Box::pin(async move {
            let wish = wish.signed(&by);
            for _ in 0..TRIES {
                let mut work = self.work(self.clock.now()).map_err(broken)?;
                let done = match self.at_depot(&mut work, &wish).await {
                    Ok(done) => done?,
                    Err(fault) if fault.is_conflict() => continue,
                    Err(fault) => return Err(broken(fault)),
                };
                if !work.acts() {
                    return Ok(done);
                }
                match self.commit(work, by.did(format!("{} at the depot", wish.word())), None).await {
                    Ok(_) => return Ok(done),
                    Err(fault) if fault.is_conflict() => {}
                    Err(fault) => return Err(broken(fault)),
                }
            }
            Err(ShopError::Fault)
        })
    }
}

/// A day as somebody writes it at the desk: 2026-12-31.
fn read_day(day: &str) -> Option<Timestamp> {
    let mut parts = day.trim().split('-');
    let (year, month, day) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Timestamp::of_day(year, month, day, NAIROBI).filter(|_| parts.next().is_none())
}

impl Engine {
    async fn at_depot(
        &self, work: &mut Work<'_>, wish: &DepotWish,
    ) -> Result<Result<DepotDone, ShopError>, Fault> {
        match wish {
            DepotWish::Advise { listing, by, text } => {
                let told = self.advise(work, *listing, by, text).await?;
                let done = told.map(|listing| DepotDone::Advised { listing: listing.code });
                Ok(done.map_err(|why| said_no("text", &why)))
            }
            DepotWish::Tip { by, craft, texts } => {
                if let Some(Err(why)) = craft.as_ref().map(|craft| self.judge_word("kind", craft)) {
                    return Ok(field("craft", why));
                }
                let posted = work.now.civil(NAIROBI);
                let id = BulletinId::derived(&format!("tip {posted:?} {craft:?} {texts:?}"));
                if let Err(why) = self.judge_texts("tip", texts, |words| vec![Value::text(words)]) {
                    return Ok(field("texts", why));
                }
                let topic = Topic::Tip { craft: craft.clone(), texts: texts.clone() };
                self.post_from_desk(work, id, topic, by).await
            }
            DepotWish::Lesson { by, area, day, place, seats } => {
                let Some(day) = read_day(day) else {
                    return Ok(field("day", "a day is written like 2026-12-31"));
                };
                if !super::bulletins::is_ahead(day, work.now) {
                    return Ok(field("day", "that day has passed; a lesson is booked for today or later"));
                }
                if let Err(why) = self.judge_word("area", area) {
                    return Ok(field("area", why));
                }
                let id = super::bulletins::lesson_id(area.as_str(), day, place);
                let topic = Topic::Lesson { area: area.clone(), day, place: place.clone(), seats: *seats };
                self.post_from_desk(work, id, topic, by).await
            }
            DepotWish::Came { bulletin, phone } => {
                let phone = match Msisdn::parse_kenyan(phone) {
                    Ok(phone) => phone,
                    Err(why) => return Ok(field("phone", why)),
                };
                // By phone, too, people only come to what has begun.
                let known = work.get::<Bulletin>(*bulletin).await?;
                if let Some(Topic::Lesson { day, .. }) = known.map(|known| known.topic)
                    && day > work.now
                {
                    let (year, month, day) = day.civil(NAIROBI);
                    let why = format!("nobody can have come yet: it is on {year}-{month:02}-{day:02}");
                    return Ok(field("lesson", why));
                }
                match self.came(work, *bulletin, phone).await? {
                    Ok(lesson) => Ok(Ok(DepotDone::Bulletin(self.bulletin_row(work, &lesson).await?))),
                    Err(why) => Ok(Err(said_no("bulletin", &why))),
                }
            }
            DepotWish::Open { what, by, text, order, phones } => {
                let mut people = Vec::new();
                for phone in phones {
                    let Ok(phone) = Msisdn::parse_kenyan(phone) else {
                        return Ok(field("phones", format!("{phone} is no phone number")));
                    };
                    let row =
                        work.store().read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
                    match row.and_then(|row| view::FromIndex::from_octets(&row.octets())) {
                        Some(id) => people.push(id),
                        None => return Ok(field("phones", format!("nobody here has {phone}"))),
                    }
                }
                let opening = Opening { what: *what, order: *order, people, by, text };
                let opened = self.open_case(work, opening).await?;
                self.case_done(work, opened).await
            }
            DepotWish::Note { case, by, text } => {
                let Some(case) = work.get::<Case>(*case).await? else { return Ok(Err(ShopError::NotFound)) };
                let command = CaseCommand::Note { by: by.clone(), text: text.clone() };
                let noted = self.move_case(work, &case, &command).await?;
                self.case_done(work, noted).await
            }
            DepotWish::Close { case, by, why } => {
                let Some(case) = work.get::<Case>(*case).await? else { return Ok(Err(ShopError::NotFound)) };
                if let Err(wrong) = self.judge_reason(&case, why) {
                    return Ok(field("why", wrong));
                }
                let command = CaseCommand::Close { by: by.clone(), why: why.clone() };
                let closed = self.move_case(work, &case, &command).await?;
                self.case_done(work, closed).await
            }
        }
    }

    async fn post_from_desk(
        &self, work: &mut Work<'_>, id: BulletinId, topic: Topic, by: &str,
    ) -> Result<Result<DepotDone, ShopError>, Fault> {
        let known = work.get::<Bulletin>(id).await?;
        if let Err(why) = self.post_bulletin(work, known.as_ref(), id, topic, by) {
            return Ok(Err(said_no("bulletin", &why)));
        }
        let posted = work.need::<Bulletin>(id).await?;
        Ok(Ok(DepotDone::Bulletin(self.bulletin_row(work, &posted).await?)))
    }

    async fn case_done(
        &self, work: &mut Work<'_>, case: Result<Case, Refusal>,
    ) -> Result<Result<DepotDone, ShopError>, Fault> {
        match case {
            Ok(case) => Ok(Ok(DepotDone::Case(self.case_row(work, &case).await?))),
            Err(why) => Ok(Err(said_no("case", &why))),
        }
    }

    async fn bulletin_row(&self, work: &mut Work<'_>, bulletin: &Bulletin) -> Result<BulletinRow, Fault> {
        let mut came = Vec::new();
        for who in &bulletin.came {
            let known = match who.who {
                Some(id) => view::read::<Party>(work, id).await?,
                None => None,
            };
            let name = known.map(|party| format!(" {}", party.name)).unwrap_or_default();
            came.push(format!("{}{name}", who.phone.masked()));
        }
        let mut row = BulletinRow {
            bulletin: bulletin.id,
            what: "tip".to_owned(),
            by: bulletin.by.clone(),
            posted: bulletin.posted,
            to: String::new(),
            texts: BTreeMap::new(),
            day: None,
            place: None,
            seats: None,
            told: bulletin.told,
            finished: bulletin.finished.is_some(),
            came,
        };
        match &bulletin.topic {
            Topic::Tip { craft, texts } => {
                row.to = craft.as_ref().map(ToString::to_string).unwrap_or_default();
                row.texts.clone_from(texts);
            }
            Topic::Lesson { area, day, place, seats } => {
                let (year, month, day) = day.civil(NAIROBI);
                row.what = "lesson".to_owned();
                row.to = area.to_string();
                row.day = Some(format!("{year}-{month:02}-{day:02}"));
                (row.place, row.seats) = (Some(place.clone()), Some(*seats));
            }
        }
        Ok(row)
    }

    async fn case_row(&self, work: &mut Work<'_>, case: &Case) -> Result<CaseRow, Fault> {
        let (mut people, mut parties) = (Vec::new(), Vec::new());
        for id in &case.people {
            if let Some(party) = view::read::<Party>(work, *id).await? {
                people.push(format!("{} {}", party.name, party.phone.masked()));
                parties.push(party.id);
            }
        }
        let note = |note: &crate::market::case::CaseNote| CaseNoteRow {
            by: note.by.clone(),
            at: note.at,
            text: note.text.clone(),
        };
        Ok(CaseRow {
            case: case.id,
            what: case.what.word().to_owned(),
            state: if case.closed.is_some() { "closed" } else { "open" }.to_owned(),
            order: case.order,
            people,
            parties,
            opened: case.opened,
            notes: case.notes.iter().map(note).collect(),
            why: case.closed.as_ref().map(|closed| closed.why.clone()).unwrap_or_default(),
            closed_by: case.closed.as_ref().map(|closed| closed.by.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::read_day;

    #[test]
    fn a_day_is_read_as_it_is_written_and_no_other_way() {
        assert!(read_day(" 2026-12-31 ").is_some());
        for day in ["", "31/12", "2026-13-01", "2026-12", "2026-12-31-1", "soon"] {
            assert_eq!(read_day(day), None, "{day}");
        }
    }
}
