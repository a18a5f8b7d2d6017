//! A mentor and her artisans: who they are, how far each has come, what each brought her.

use crate::engine::Engine;
use crate::engine::actions::Outcome;
use crate::engine::aggregate;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::ledger::{Account, Kind, MentorShare, Purse, Reference, Sale, Transfer, split};
use crate::market::listing::Listing;
use crate::market::order::Order;
use crate::market::party::{self, Mentorship, Party, PartyCommand};
use crate::menu::value::{Record, Value};
use crate::store::{codec, keys};
use crate::types::time::NAIROBI;
use crate::types::{Kes, PartyId, SpokenCode, Timestamp};
use std::collections::BTreeMap;

/// Most lines of a mentor's statement that are looked at for a month: more than any mentor has.
const MOST_LINES: usize = 1_000;

impl Engine {
    /// What is free of a mentor's shares.
    pub(in crate::engine) async fn share_free(&self, work: &Work<'_>, me: &Party) -> Result<Kes, Fault> {
        Ok(Kes::minor(work.sum(Account::Mentor(me.id)).await?))
    }

    /// What her artisans' open orders will bring her when they pass the check.
    pub(in crate::engine) async fn share_held(&self, work: &mut Work<'_>, me: &Party) -> Result<Kes, Fault> {
        let mut held = 0;
        for (artisan, _) in view::every::<Party>(work, aggregate::mentees_of(me.id), false).await? {
            for (_, order) in view::every::<Order>(work, aggregate::open_orders_of(artisan), false).await? {
                let Some(mentoring) = order.mentoring.filter(|m| m.mentor == me.id) else { continue };
                let (quote, pieces) = (order.terms.quote, order.outstanding());
                let mentor = Some(MentorShare { mentor: me.id, share_bp: mentoring.share_bp });
                let sale = Sale { value: quote.value(pieces), maker_gets: quote.maker_gets(pieces), mentor };
                held += split(&sale).mentor.cents();
            }
        }
        Ok(Kes::minor(held))
    }

    /// Her artisans, those first who were asked and have not answered.
    pub(in crate::engine) async fn mentees(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Vec<Record>, Fault> {
        let brought = brought_this_month(work, me.id).await?;
        let mut rows = Vec::new();
        let waiting = me.waiting(&self.policy, work.now);
        for asked in waiting.filter(|asked| asked.to == party::Tie::Mentee) {
            let shown = Shown {
                first: crate::types::text::first_name(&asked.name),
                phone: asked.phone,
                stage: "waiting",
                brought: Kes::ZERO,
                stuck: Value::text(""),
                until: view::day_of(asked.at, work.now),
                learned: false,
                locked: false,
            };
            rows.push(shown.record(String::new()));
        }
        for (id, her) in view::found::<Party>(work, aggregate::mentees_of(me.id), false).await? {
            let Some(mentorship) = her.mentorship.clone() else { continue };
            let stage = self.stage(work, &her, &mentorship).await?;
            let shown = Shown {
                first: her.first_name(),
                phone: her.phone,
                stage,
                brought: brought.get(&id).copied().unwrap_or(Kes::ZERO),
                stuck: self.stuck_at(work, her.phone).await?,
                until: view::day_of(mentorship.until, work.now),
                learned: self.has_learned(work, id).await?,
                locked: her.pin_is_locked(),
            };
            rows.push(shown.record(id.to_string()));
        }
        Ok(rows)
    }

    /// How far an artisan has come: joined, listed, sold, or done with her mentor.
    async fn stage(
        &self, work: &mut Work<'_>, her: &Party, mentorship: &Mentorship,
    ) -> Result<&'static str, Fault> {
        if mentorship.until <= work.now || mentorship.graduated.is_some() {
            return Ok("graduated");
        }
        let released = keys::statements(&Account::Artisan(her.id).to_string());
        let listed = keys::index_prefix("listing_of", &[her.id.as_bytes()]);
        let any = async |prefix| work.store().scan(prefix, None, 1, false).await.map(|rows| !rows.is_empty());
        Ok(match (any(released).await?, any(listed).await?) {
            (true, _) => "sold",
            (false, true) => "listed",
            (false, false) => "joined",
        })
    }

    /// `guide.mine`: who guides this artisan, or who asks to.
    pub(in crate::engine) async fn my_guide(
        &self, work: &mut Work<'_>, who: &crate::engine::Caller, me: &Party,
    ) -> Result<Outcome, Fault> {
        let Some(mentorship) = me.mentorship_on(work.now) else {
            return self.my_invitation(work, who, party::Tie::Mentee).await;
        };
        let mentor = work.need::<Party>(mentorship.mentor).await?;
        Ok(("has", vec![Value::Record(guide(&mentor, mentorship.until, work.now))]))
    }

    /// `guide.end`: an artisan ends it; orders she has accepted keep their share.
    pub(in crate::engine) async fn end_guide(
        &self, work: &mut Work<'_>, me: &Party,
    ) -> Result<Outcome, Fault> {
        let Some(mentorship) = me.mentorship_on(work.now) else { return Ok(("none", vec![])) };
        let mentor = work.need::<Party>(mentorship.mentor).await?;
        let events = party::decide(Some(me), &PartyCommand::EndMentorship, &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Party>(me.id, events);
        self.tell(work, &mentor, "mentorship_ended", vec![Value::text(me.first_name())])?;
        Ok(("ok", vec![Value::Record(guide(&mentor, work.now, work.now))]))
    }

    /// The day that both were told at the start has come. One that ended before, or began anew with
    /// another date, does not end today.
    pub(in crate::engine) async fn graduates(
        &self, work: &mut Work<'_>, artisan: PartyId, until: Timestamp,
    ) -> Result<(), Fault> {
        let Some(her) = work.get::<Party>(artisan).await? else { return Ok(()) };
        let Some(mentorship) = her.mentorship.clone().filter(|m| m.until == until) else { return Ok(()) };
        let mentor = work.need::<Party>(mentorship.mentor).await?;
        self.tell(work, &her, "graduated", vec![Value::text(mentor.first_name())])?;
        self.tell(work, &mentor, "mentorship_over", vec![Value::text(her.first_name())])
    }

    /// Tells the mentor what pieces that passed brought her.
    pub(in crate::engine) async fn tell_share(
        &self, work: &mut Work<'_>, order: &Order, maker: PartyId, pieces: u32, sale: &Sale,
    ) -> Result<(), Fault> {
        let Some(share) = sale.mentor else { return Ok(()) };
        let (maker, mentor) = (work.need::<Party>(maker).await?, work.need::<Party>(share.mentor).await?);
        let listing = view::read::<Listing>(work, order.terms.listing).await?;
        let kind = listing.as_ref().map_or("other", |listing| listing.kind.as_str());
        let shown = Record::new(
            "share",
            order.terms.code.to_string(),
            [
                ("first", Value::text(maker.first_name())),
                ("qty", Value::Int(i64::from(pieces))),
                ("kind", Value::word("kind", kind)),
                ("amount", Value::Kes(split(sale).mentor)),
                ("free", Value::Kes(self.share_free(work, &mentor).await?)),
            ],
        );
        self.tell(work, &mentor, "share_earned", vec![Value::Record(shown)])
    }
}

fn guide(mentor: &Party, until: Timestamp, now: Timestamp) -> Record {
    Record::new(
        "guide",
        mentor.id.to_string(),
        [
            ("first", Value::text(mentor.first_name())),
            ("phone", Value::Phone(mentor.phone)),
            ("until", Value::text(view::day_of(until, now))),
        ],
    )
}

/// An artisan as her mentor sees her: never her money, nor what she typed.
struct Shown {
    first: String,
    phone: crate::types::Msisdn,
    stage: &'static str,
    brought: Kes,
    stuck: Value,
    until: String,
    /// She was at a photo lesson.
    learned: bool,
    /// Her PIN is.
    locked: bool,
}

impl Shown {
    fn record(self, key: String) -> Record {
        let stuck = if self.stuck == Value::text("") { "no" } else { "yes" };
        Record::new(
            "mentee",
            key,
            [
                ("first", Value::text(self.first)),
                ("phone", Value::Phone(self.phone)),
                ("stage", Value::word("mentee_stage", self.stage)),
                ("brought", Value::Kes(self.brought)),
                ("stuck", Value::word("yes_no", stuck)),
                ("at", self.stuck),
                ("until", Value::text(self.until)),
                ("learned", Value::word("yes_no", if self.learned { "yes" } else { "no" })),
                ("locked", Value::word("yes_no", if self.locked { "yes" } else { "no" })),
            ],
        )
    }
}

/// What each artisan's sales have brought a mentor since the month began.
async fn brought_this_month(work: &mut Work<'_>, mentor: PartyId) -> Result<BTreeMap<PartyId, Kes>, Fault> {
    let (year, month, _) = work.now.civil(NAIROBI);
    let begin = Timestamp::of_day(year, month, 1, NAIROBI).unwrap_or_default();
    let account = Purse::Mentor(mentor).account();
    let lines = work.store().scan(keys::statements(&account.to_string()), None, MOST_LINES, true).await?;
    let mut brought: BTreeMap<PartyId, Kes> = BTreeMap::new();
    for (key, row) in lines {
        let place = keys::transfer(codec::decode_row(&key, &row)?);
        let Some(row) = work.store().read(vec![place.clone()]).await?.into_iter().next().flatten() else {
            continue;
        };
        let transfer: Transfer = codec::decode_row(&place, &row)?;
        if transfer.at < begin {
            break;
        }
        let (Kind::Released, Reference::Order(code)) = (transfer.kind, &transfer.reference) else { continue };
        let code: SpokenCode = *code;
        let Some(maker) = view::read::<Order>(work, code).await?.and_then(|order| order.maker) else {
            continue;
        };
        let net = transfer.net().get(&account).copied().unwrap_or(0);
        let sum = brought.entry(maker).or_insert(Kes::ZERO);
        *sum = Kes::minor(sum.cents() + net);
    }
    Ok(brought)
}
