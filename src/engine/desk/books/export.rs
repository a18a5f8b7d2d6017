//! Everything that is kept of a person, in one document for her: what she said of herself, what she
//! listed, made and was paid, what was agreed with her, what was written and what she typed.
//!
//! Other people's data stays out of it: shoppers' names and addresses, others' phones. So do secrets: the
//! hash of her PIN, and numbers that cash is paid for.

use super::Found;
use super::lists::{listing_row, maker_of, named, names, order_row};
use super::statement::{LongLine, accounts_of, long};
use super::{Hand, ListingRow, OrderRow};
use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::depot::cases_of;
use crate::engine::messages::desk::{Wanted, find, shown};
use crate::engine::shopfront::DeskMessage;
use crate::engine::tapes::desk::{DialogLine, DialogStep, WantedDialogs, line, list, step};
use crate::engine::view::{self, pin_word};
use crate::engine::work::{Fault, Work};
use crate::market::cash::CashStage;
use crate::market::kiosk::Kiosk;
use crate::market::order::Order;
use crate::market::party::{Hold, Judged, Mentorship, Tie};
use crate::market::{Bulletin, Case, Cash, Listing, Loan, Party, Payout};
use crate::store::keys;
use crate::types::{Kes, Lang, PartyId, PayoutId, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of messages and dialogs that are read at once.
const AT_ONCE: usize = 500;

/// Everything that is kept of a person. Sums are in cents unless a field's name says otherwise, moments in
/// milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// When this was written.
    pub written: Timestamp,
    /// Who she is.
    pub person: Profile,
    /// Her story in the shop, with how she agreed to it.
    pub story: Option<crate::market::story::Story>,
    /// Her listings, those taken down too, newest first.
    pub listings: Vec<HerListing>,
    /// Orders that she makes, was asked to make, or that passed through her hands, newest first.
    pub orders: Vec<HerOrder>,
    /// Money that was sent to her, newest first.
    pub payouts: Vec<Payout>,
    /// Cash that she asked for, newest first.
    pub cash: Vec<HerCash>,
    /// Loans, and what was agreed about them.
    pub loans: Vec<Loan>,
    /// Every posting of her accounts, oldest first.
    pub statement: Vec<LongLine>,
    /// Cases in which she is involved.
    pub cases: Vec<Case>,
    /// Lessons that she came to: when they were announced.
    pub lessons: Vec<Timestamp>,
    /// What her kiosk keeps, if she has one.
    pub kiosk: Option<Kiosk>,
    /// Since when she wants no tips and news, if she wants none.
    pub tips_stopped: Option<Timestamp>,
    /// Texts to and from her phone, newest first.
    pub messages: Vec<DeskMessage>,
    /// Her dialogs screen by screen, newest first.
    pub dialogs: Vec<HerDialog>,
}

/// Who she is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Names her here.
    pub id: PartyId,
    /// Her name.
    pub name: String,
    /// The name that mobile money knows her number by.
    pub money_name: Option<String>,
    /// Her phone.
    pub phone: String,
    /// Her five digits.
    pub number: String,
    /// What she does here.
    pub role: &'static str,
    /// Where.
    pub area: String,
    /// Her kiosk.
    pub kiosk: Option<String>,
    /// The language of texts to her.
    pub lang: Lang,
    /// Since when she is with us.
    pub joined: Timestamp,
    /// Since when she is a mentor.
    pub mentors_since: Option<Timestamp>,
    /// When she was asked whether she would guide others.
    pub mentor_offered: Option<Timestamp>,
    /// The agent who vouches for her.
    pub vouched_by: Option<String>,
    /// The mentor she named when she joined.
    pub named_mentor: Option<String>,
    /// Her mentor, and the terms that she agreed to.
    pub mentorship: Option<(String, Mentorship)>,
    /// Those who help her, by name.
    pub helpers: Vec<String>,
    /// What she asked others to become, and when; nobody has answered yet.
    pub invited: Vec<(Tie, Timestamp)>,
    /// How many pieces she says she can have in hand.
    pub capacity: Option<u32>,
    /// How her pieces did at the checks.
    pub judged: Judged,
    /// `none`, `set`, `locked`; the PIN itself is known to nobody.
    pub pin: &'static str,
    /// Why her money waits.
    pub holds: Vec<Hold>,
}

/// A listing of hers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HerListing {
    /// What it is.
    #[serde(flatten)]
    pub row: ListingRow,
    /// Pieces that are ready.
    pub ready: u32,
    /// Pieces that were sold.
    pub sold: u32,
    /// When it was listed.
    pub listed: Timestamp,
    /// How many photographs it has.
    pub photos: usize,
}

/// An order as it concerns her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HerOrder {
    /// What it is.
    #[serde(flatten)]
    pub row: OrderRow,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// Each step and when it happened.
    pub steps: Vec<(String, Timestamp)>,
    /// Every hand-over in which she took part.
    pub custody: Vec<Hand>,
}

/// Cash she asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HerCash {
    /// Names it.
    pub id: PayoutId,
    /// How much.
    pub amount: Kes,
    /// Where it stands.
    pub stage: CashStage,
    /// When she asked.
    pub made: Timestamp,
    /// Since when it stands so.
    pub since: Timestamp,
    /// When she said that she never got it.
    pub denied: Option<Timestamp>,
}

/// A dialog of hers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HerDialog {
    /// In one line.
    #[serde(flatten)]
    pub line: DialogLine,
    /// Turn by turn.
    pub steps: Vec<DialogStep>,
}

impl Engine {
    pub(super) async fn read_export(&self, whom: &str) -> Found<Export> {
        let now = self.clock.now();
        let mut work = self.work(now)?;
        let Some(party) = self.whom(&mut work, whom).await? else { return Ok(None) };
        let id = party.id;
        let payouts = view::every::<Payout>(&mut work, aggregate::payouts_of(id), true).await?;
        let cash = view::every::<Cash>(&mut work, aggregate::cash_by(id), true).await?;
        let loans = view::every::<Loan>(&mut work, aggregate::loans_of(id), true).await?;
        let cases = view::every::<Case>(&mut work, cases_of(id), true).await?;
        let lessons = view::every::<Bulletin>(&mut work, keys::index_prefix("bulletin", &[]), true).await?;
        let came =
            |lesson: &Bulletin| lesson.came.iter().any(|one| one.who == Some(id) || one.phone == party.phone);
        Ok(Some(Export {
            written: now,
            story: self.story_of(id).await?,
            listings: listings_of(&mut work, id).await?,
            orders: orders_of(&mut work, id).await?,
            payouts: payouts.into_iter().map(|(_, payout)| payout).collect(),
            cash: cash.iter().map(|(_, cash)| her_cash(cash)).collect(),
            loans: loans.into_iter().map(|(_, loan)| loan).collect(),
            statement: long(&*self.store, accounts_of(id)).await?,
            cases: cases.into_iter().map(|(_, case)| case).collect(),
            lessons: lessons.iter().filter(|(_, it)| came(it)).map(|(_, it)| it.posted).collect(),
            kiosk: view::read::<Kiosk>(&mut work, id).await?,
            tips_stopped: self.tips_stopped(party.phone).await?,
            messages: self.every_message(&party).await?,
            dialogs: self.every_dialog(&party).await?,
            person: profile(&mut work, &party).await?,
        }))
    }

    async fn every_message(&self, party: &Party) -> Result<Vec<DeskMessage>, Fault> {
        let now = self.clock.now();
        let mut wanted = Wanted { phone: Some(party.phone), limit: Some(AT_ONCE), ..Wanted::default() };
        let mut messages = Vec::new();
        loop {
            let found = find(&*self.store, now, &wanted).await?;
            let row =
                |place: &[u8], text| shown(place, text, party.phone.to_string(), Some(&party.name), now);
            messages.extend(found.rows.iter().map(|(place, text)| row(place, text)));
            if found.older.is_none() {
                return Ok(messages);
            }
            wanted.before = found.older;
        }
    }

    async fn every_dialog(&self, party: &Party) -> Result<Vec<HerDialog>, Fault> {
        let now = self.clock.now();
        let mut wanted =
            WantedDialogs { phone: Some(party.phone), limit: Some(AT_ONCE), ..WantedDialogs::default() };
        let mut dialogs = Vec::new();
        loop {
            let (tapes, older) = list(&*self.store, now, &wanted).await?;
            dialogs.extend(tapes.iter().map(|tape| {
                let moments = std::iter::once(tape.span().0).chain(tape.turns.iter().map(|turn| turn.at));
                HerDialog {
                    line: line(tape, party.phone.to_string(), Some(party.name.clone()), now),
                    steps: tape
                        .turns
                        .iter()
                        .zip(moments)
                        .map(|(turn, before)| step(turn, before, None))
                        .collect(),
                }
            }));
            if older.is_none() {
                return Ok(dialogs);
            }
            wanted.before = older;
        }
    }
}

async fn listings_of(work: &mut Work<'_>, id: PartyId) -> Result<Vec<HerListing>, Fault> {
    let hers = view::every::<Listing>(work, aggregate::listed_by(id), true).await?;
    let names = names(work, [id]).await?;
    Ok(hers
        .into_iter()
        .map(|(_, listing)| HerListing {
            row: listing_row(&listing, &names),
            ready: listing.ready,
            sold: listing.sold,
            listed: listing.listed,
            photos: listing.photos.len(),
        })
        .collect())
}

async fn orders_of(work: &mut Work<'_>, id: PartyId) -> Result<Vec<HerOrder>, Fault> {
    let all = view::every::<Order>(work, aggregate::orders_of(id), true).await?;
    let hands = all.iter().flat_map(|(_, order)| &order.custody).flat_map(|hand| [hand.giver, hand.receiver]);
    let people: BTreeSet<PartyId> =
        hands.chain(all.iter().filter_map(|(_, order)| maker_of(order))).collect();
    let names = names(work, people).await?;
    let hand = |it: &crate::market::order::HandOver| {
        (named(&names, it.giver), named(&names, it.receiver), it.pieces, it.at)
    };
    let row = |(code, order): &(_, Order)| HerOrder {
        row: order_row(*code, order, &names),
        due: order.due,
        steps: order.steps.iter().map(|(step, at)| (step.word().to_owned(), *at)).collect(),
        custody: order.custody.iter().filter(|it| [it.giver, it.receiver].contains(&id)).map(hand).collect(),
    };
    Ok(all.iter().map(row).collect())
}

fn her_cash(cash: &Cash) -> HerCash {
    HerCash {
        id: cash.id,
        amount: cash.amount,
        stage: cash.stage,
        made: cash.made,
        since: cash.since,
        denied: cash.denied,
    }
}

async fn profile(work: &mut Work<'_>, party: &Party) -> Result<Profile, Fault> {
    let mentor = party.mentorship.as_ref().map(|it| it.mentor);
    let ties = party.helpers.iter().copied().chain(mentor).chain(party.named_mentor).chain(party.vouched);
    let names: BTreeMap<PartyId, String> = names(work, ties).await?;
    let name = |id: PartyId| named(&names, id).1;
    Ok(Profile {
        id: party.id,
        name: party.name.clone(),
        money_name: party.money_name.clone(),
        phone: party.phone.to_string(),
        number: party.number.to_string(),
        role: party.role.word(),
        area: party.area.as_str().to_owned(),
        kiosk: party.kiosk.clone(),
        lang: party.lang,
        joined: party.joined,
        mentors_since: party.mentors_since,
        mentor_offered: party.mentor_offered,
        vouched_by: party.vouched.map(name),
        named_mentor: party.named_mentor.map(name),
        mentorship: party.mentorship.clone().map(|it| (name(it.mentor), it)),
        helpers: party.helpers.iter().map(|id| name(*id)).collect(),
        invited: party.invited.iter().map(|asked| (asked.to, asked.at)).collect(),
        capacity: party.capacity,
        judged: party.judged,
        pin: pin_word(party),
        holds: party.holds().cloned().collect(),
    })
}
