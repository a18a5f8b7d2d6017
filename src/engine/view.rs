//! What screens and texts show: rows of the store as the records and values of the vocabulary. Nothing is
//! decided here. Money is read from the books, never counted twice.

use super::aggregate::{self, Aggregate};
use super::statement::entries;
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::input::{Ask, Data};
use crate::ledger::{Account, Purse};
use crate::market::freeze::Switch;
use crate::market::kiosk::{Kiosk, Supply};
use crate::market::listing::{Listing, ListingStage};
use crate::market::order::{self, Order, OrderStage};
use crate::market::party::{Party, Role};
use crate::market::payout::{PayFrom, Payout};
use crate::menu::value::{Record, Value};
use crate::store::batch::Row;
use crate::store::{Key, codec, keys};
use crate::types::time::NAIROBI;
use crate::types::{
    ApprovalId, BulletinId, CaseId, CodeKind, Kes, Lang, LoanId, PartyId, PayoutId, PromptId, SpokenCode,
    Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows a list shows: more than anybody pages through on a phone.
pub(super) const MOST_ROWS: usize = 60;

/// The sum of a person that her own work fills.
pub fn pay_from(party: &Party) -> PayFrom {
    match party.role {
        // Nothing is ever paid into the sum of a helper or a liaison.
        Role::Artisan | Role::Helper | Role::Liaison => PayFrom::Artisan,
        Role::Agent => PayFrom::Agent,
        Role::Mentor => PayFrom::Mentor,
        Role::Rider => PayFrom::Rider,
    }
}

/// The purse that one of a person's sums stands in.
pub fn purse_of(from: PayFrom, owner: PartyId) -> Purse {
    match from {
        PayFrom::Artisan => Purse::Artisan(owner),
        PayFrom::Mentor => Purse::Mentor(owner),
        PayFrom::Agent => Purse::Agent(owner),
        PayFrom::Rider => Purse::Rider(owner),
        // A loan is in none of them; what is hers besides is what she has earned.
        PayFrom::Loan => Purse::Artisan(owner),
    }
}

/// The purse a person's own work fills.
pub fn purse(party: &Party) -> Purse {
    purse_of(pay_from(party), party.id)
}

/// A moment as an offer names it: `23/11 16:05`.
pub(super) fn day_and_time(at: Timestamp) -> String {
    format!("{} {}", at.day_month(NAIROBI), at.hour_minute(NAIROBI))
}

/// A day as somebody names it who may mean another year: `23/11`, or `23/11/2027`.
pub(super) fn day_of(at: Timestamp, now: Timestamp) -> String {
    let ((year, ..), (this_year, ..)) = (at.civil(NAIROBI), now.civil(NAIROBI));
    let day = at.day_month(NAIROBI);
    if year == this_year { day } else { format!("{day}/{year}") }
}

/// The word under which the vocabulary knows where an order stands.
pub fn order_word(order: &Order) -> &'static str {
    match order.stage {
        OrderStage::Making if order.is_mending() => "rework",
        OrderStage::Making => "making",
        OrderStage::Ready => "ready",
        OrderStage::WithRider => "with_rider",
        OrderStage::AtKiosk => "at_kiosk",
        OrderStage::Choosing if order.passed == 0 => "refunded",
        OrderStage::Choosing | OrderStage::Released => "released",
        OrderStage::Shipped | OrderStage::Delivered | OrderStage::Closed => "released",
        // What was refunded after it had passed stays hers.
        OrderStage::Refunded if order.passed > 0 => "released",
        OrderStage::Expired | OrderStage::Refunded => "refunded",
        OrderStage::Placed | OrderStage::Paid | OrderStage::Offered => "offered",
    }
}

impl Engine {
    /// Reads what a machine asked for.
    pub(super) async fn view(&self, work: &mut Work<'_>, who: &Caller, ask: &Ask) -> Result<Data, Fault> {
        let mut data = Data::default();
        for name in &ask.globals {
            if let Some(value) = self.global(work, who, name).await? {
                data.globals.insert(name.clone(), value);
            }
        }
        if let Some((query, _)) = &ask.query {
            data.rows = Some(self.rows(work, who, query).await?);
        }
        if let Some((ty, code)) = &ask.find {
            data.found = self.find(work, who, ty, code).await?;
        }
        Ok(data)
    }

    async fn global(&self, work: &mut Work<'_>, who: &Caller, name: &str) -> Result<Option<Value>, Fault> {
        let house = &self.house;
        let fixed = match name {
            "help.phone" => Some(Value::Phone(house.help_phone)),
            "help.dial" => Some(Value::text(house.dial.clone())),
            "help.sms" => Some(Value::text(house.sms.clone())),
            "me.phone" => Some(Value::Phone(who.msisdn)),
            _ => None,
        };
        if fixed.is_some() {
            return Ok(fixed);
        }
        let Some(party) = self.party(work, who).await? else { return Ok(None) };
        Ok(Some(match name {
            "me.first" => Value::text(party.first_name()),
            "me.place" => Value::text(self.place_of(&party)),
            "me.code" => Value::Code(party.number),
            "me.free" => Value::Kes(free(work, &party).await?),
            "me.least" => Value::Kes(self.policy_at(&self.money.way(party.phone)).payout_min()),
            "me.payable" => Value::Kes(self.payable(free(work, &party).await?, &party)),
            "me.share_payable" => Value::Kes(self.payable(self.share_free(work, &party).await?, &party)),
            "me.held" => Value::Kes(self.held(work, party.id).await?),
            "me.moving" => Value::Kes(Kes::minor(work.sum(Account::Moving(party.id)).await?)),
            "me.pin" => Value::word("pin_state", pin_word(&party)),
            "me.has_pin" => yes_no(party.pin.is_some()),
            "me.room" => Value::Int(i64::from(party.room(&self.policy))),
            "me.mentor" => yes_no(party.is_mentor()),
            "me.loan_payable" => Value::Kes(self.loan_payable(work, party.id).await?),
            "me.loan_left" => Value::Kes(self.loan_promptable(work, party.id).await?),
            "me.loan_most" => Value::Kes(self.loan_most(work, party.id).await?),
            "me.share" => Value::Kes(self.share_free(work, &party).await?),
            "me.share_held" => Value::Kes(self.share_held(work, &party).await?),
            "orders.new" => {
                let open = self.open_orders(work, party.id).await?;
                let new = open.iter().filter(|(_, o)| o.stage == OrderStage::Offered).count();
                Value::Int(new.min(99) as i64)
            }
            "me.may_guide" => yes_no(party.mentor_offered.is_some() && !party.is_mentor()),
            "me.helps" => yes_no(!self.helped(work, party.id).await?.is_empty()),
            "jobs.open" => Value::Int(self.helped_orders(work, party.id).await?.len().min(99) as i64),
            "tasks.open" => Value::Int(count(work, aggregate::tasks_of(party.id)).await?),
            "parcels.here" => Value::Int(count(work, aggregate::unchecked_at(party.id)).await?),
            "listings.waiting" => Value::Int(self.waiting_at(work, &party).await?.len().min(99) as i64),
            _ => return Ok(None),
        }))
    }

    /// The most of a sum that one transfer carries: whole shillings.
    fn payable(&self, free: Kes, party: &Party) -> Kes {
        Kes::major(free.whole()).min(self.policy_at(&self.money.way(party.phone)).payout_max())
    }

    async fn rows(&self, work: &mut Work<'_>, who: &Caller, query: &str) -> Result<Vec<Record>, Fault> {
        let Some(party) = self.party(work, who).await? else { return Ok(Vec::new()) };
        let orders = match query {
            "orders.open" => self.open_orders(work, party.id).await?,
            "parcels.expected" => self.expected_at(work, &party).await?,
            "parcels.to_send" => found::<Order>(work, aggregate::to_send_from(party.id), false).await?,
            "parcels.unchecked" => found::<Order>(work, aggregate::unchecked_at(party.id), false).await?,
            "listing.mine" | "listings.to_check" => {
                let hers = keys::index_prefix("listing_of", &[party.id.as_bytes()]);
                let listed = match query {
                    "listing.mine" => found::<Listing>(work, hers, true).await?,
                    _ => self.waiting_at(work, &party).await?,
                };
                let mut records = Vec::new();
                for (_, listing) in listed {
                    records.push(self.listing(work, &listing).await?);
                }
                return Ok(records);
            }
            "orders.helped" => self.helped_orders(work, party.id).await?,
            "helper.mine" => return self.helpers(work, &party).await,
            "ledger.recent" => return entries(work, purse(&party)).await,
            "share.recent" => return entries(work, Purse::Mentor(party.id)).await,
            "invitation.sent" => return Ok(self.sent_invitations(work, &party)),
            "task.mine" => return self.tasks(work, &party).await,
            "advice.mine" => return self.advice_of(work, &party).await,
            "tips.mine" => return self.tips_of(work, &party).await,
            "lessons.mine" => return self.lessons_for(work, &party).await,
            "loan.notes" => return self.loan_notes(work, &party).await,
            "loans.to_endorse" => return self.loans_to_endorse(work, &party).await,
            "mentee.all" => return self.mentees(work, &party).await,
            _ => return Err(Fault::Broken(format!("no query is called {query}"))),
        };
        let mut records = Vec::new();
        for (code, order) in orders {
            let shown = self.order(work, code, &order).await?;
            records.push(if query == "orders.helped" { without_sums(shown) } else { shown });
        }
        Ok(records)
    }

    /// A record by its spoken number, when this person may see it.
    async fn find(
        &self, work: &mut Work<'_>, who: &Caller, ty: &str, code: &str,
    ) -> Result<Option<Record>, Fault> {
        if ty == "invitation" {
            return self.find_invitation(work, who, code).await;
        }
        let Some(party) = self.party(work, who).await? else { return Ok(None) };
        let agent = party.role == Role::Agent;
        match ty {
            "order" | "check" => {
                let Ok(code) = SpokenCode::parse(CodeKind::Order, code) else { return Ok(None) };
                let Some(order) = read::<Order>(work, code).await? else { return Ok(None) };
                let hers = order.maker == Some(party.id) || order.offered_to.contains(&party.id);
                let seen = hers || (agent && order.payment.is_some());
                if !seen && ty == "order" && self.helps_with(work, party.id, &order).await? {
                    return Ok(Some(without_sums(self.order(work, code, &order).await?)));
                }
                match (seen, ty) {
                    (false, _) => Ok(None),
                    (true, "order") => Ok(Some(self.order(work, code, &order).await?)),
                    (true, _) => Ok(Some(self.check(work, code, &order, &party).await?)),
                }
            }
            "listing" => {
                let Ok(code) = SpokenCode::parse(CodeKind::Listing, code) else { return Ok(None) };
                let Some(listing) = read::<Listing>(work, code).await? else { return Ok(None) };
                let seen = listing.maker == party.id
                    || agent
                    || party.role == Role::Liaison
                    || self.guides(work, party.id, listing.maker).await?;
                if seen { Ok(Some(self.listing(work, &listing).await?)) } else { Ok(None) }
            }
            "task" => self.find_task(work, &party, code).await,
            "cash" => self.find_cash(work, &party, code).await,
            _ => Ok(None),
        }
    }

    /// The person behind a call, if she is one of us.
    pub(super) async fn party(&self, work: &mut Work<'_>, who: &Caller) -> Result<Option<Party>, Fault> {
        match who.party {
            Some(id) => work.get::<Party>(id).await,
            None => Ok(None),
        }
    }

    /// The kiosk a person keeps, or the one that is hers.
    pub(super) fn place_of(&self, party: &Party) -> String {
        match &party.kiosk {
            Some(kiosk) => kiosk.clone(),
            None => self.kiosk_for(party).and_then(|agent| agent.kiosk.clone()).unwrap_or_default(),
        }
    }

    /// What she is promised for pieces that have not passed the check yet.
    pub(super) async fn held(&self, work: &mut Work<'_>, maker: PartyId) -> Result<Kes, Fault> {
        let open = every::<Order>(work, aggregate::open_orders_of(maker), false).await?;
        Ok(order::held(open.iter().map(|(_, order)| order), maker))
    }

    async fn open_orders(
        &self, work: &mut Work<'_>, maker: PartyId,
    ) -> Result<Vec<(SpokenCode, Order)>, Fault> {
        found::<Order>(work, aggregate::open_orders_of(maker), false).await
    }

    /// A listing as texts show it.
    pub(super) async fn listing(&self, work: &mut Work<'_>, listing: &Listing) -> Result<Record, Fault> {
        let maker = read::<Party>(work, listing.maker).await?;
        let usd = crate::market::price::quote(&self.policy, listing.price, 1, crate::types::Usd::ZERO)
            .map_or_else(String::new, |quote| dollars(quote.shop_each));
        let state = match listing.stage {
            ListingStage::Draft | ListingStage::Waiting => "waiting",
            // Found good, and nobody sees it before it has a photograph.
            ListingStage::OnSale if !listing.in_shop() => "unseen",
            other => other.word(),
        };
        Ok(Record::new(
            "listing",
            listing.code.to_string(),
            [
                ("code", Value::Code(listing.code)),
                ("kind", Value::word("kind", listing.kind.as_str())),
                ("stuff", Value::word("stuff", listing.stuff.as_str())),
                ("price", Value::Kes(listing.price)),
                ("ready", Value::Int(i64::from(listing.ready))),
                ("sold", Value::Int(i64::from(listing.sold))),
                ("state", Value::word("listing_state", state)),
                ("place", Value::text(maker.as_ref().map_or_else(String::new, |m| self.place_of(m)))),
                ("maker", Value::text(maker.as_ref().map_or_else(String::new, Party::first_name))),
                ("fee", Value::Kes(self.policy.agent.listing_validated())),
                ("usd", Value::text(usd)),
            ],
        ))
    }

    /// An order as texts show it.
    pub(super) async fn order(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order,
    ) -> Result<Record, Fault> {
        let listing = read::<Listing>(work, order.terms.listing).await?;
        let maker = match order.offer.map(|o| o.to).or(order.maker).or(order.offered_to.last().copied()) {
            Some(id) => read::<Party>(work, id).await?,
            None => None,
        };
        let word = |set, pick: fn(&Listing) -> &str| Value::word(set, listing.as_ref().map_or("other", pick));
        let pieces = match order.hers() {
            // Not taken by anybody, or nothing of it came about.
            0 => order.quantity(),
            pieces => pieces,
        };
        let until = order.offer.map_or(order.since, |offer| offer.until);
        Ok(Record::new(
            "order",
            code.to_string(),
            [
                ("code", Value::Code(code)),
                ("qty", Value::Int(i64::from(pieces))),
                ("kind", word("kind", |l| l.kind.as_str())),
                ("stuff", word("stuff", |l| l.stuff.as_str())),
                ("due", Value::Date(order.due.unwrap_or(order.since))),
                ("until", Value::text(day_and_time(until))),
                ("earn", Value::Kes(order.earns())),
                ("state", Value::word("order_state", order_word(order))),
                ("place", Value::text(maker.as_ref().map_or_else(String::new, |m| self.place_of(m)))),
                ("maker", Value::text(maker.as_ref().map_or_else(String::new, Party::first_name))),
                ("dial", Value::text(self.house.dial.clone())),
            ],
        ))
    }

    /// How a parcel was judged, as texts to `reader` show it.
    pub(super) async fn check(
        &self, work: &mut Work<'_>, code: SpokenCode, order: &Order, reader: &Party,
    ) -> Result<Record, Fault> {
        let check = order.check.ok_or_else(|| Fault::Broken(format!("order {code} was never checked")))?;
        let boxed = if check.boxed.is_some() { self.policy.agent.box_used() } else { Kes::ZERO };
        let fee = Kes::minor(self.policy.agent.parcel_checked().cents() + boxed.cents());
        let stock = work.get::<Kiosk>(check.by).await?.map(|kiosk| kiosk.stock).unwrap_or_default();
        let left = |supply| Value::Int(i64::from(stock.of(supply).left()));
        Ok(Record::new(
            "check",
            code.to_string(),
            [
                ("code", Value::Code(code)),
                ("qty", Value::Int(i64::from(check.came))),
                ("pass", Value::Int(i64::from(check.passed))),
                ("fail", Value::Int(i64::from(check.failed))),
                ("why", Value::word("reason", check.reason.map_or("other", |reason| reason.word()))),
                ("fee", Value::Kes(fee)),
                ("small", left(Supply::Small)),
                ("large", left(Supply::Large)),
                ("earn", Value::Kes(order.terms.quote.maker_gets(check.passed))),
                ("loan", Value::Kes(self.loan_took(work, code, order).await?)),
                ("free", Value::Kes(free(work, reader).await?)),
                ("due", Value::Date(order.due.unwrap_or(order.since))),
                ("phone", Value::Phone(self.house.help_phone)),
            ],
        ))
    }

    /// A payout as texts to its owner show it.
    pub(super) async fn payout(
        &self, work: &mut Work<'_>, payout: &Payout, owner: &Party,
    ) -> Result<Record, Fault> {
        Ok(Record::new(
            "payout",
            payout.id.to_string(),
            [
                ("amount", Value::Kes(payout.amount)),
                ("by", Value::text(self.money.called(&payout.via))),
                ("phone", Value::Phone(payout.to)),
                ("ref", Value::text(payout.reference.clone().unwrap_or_default())),
                ("why", Value::word("pay_fail", fail_word(payout.why.as_deref().unwrap_or_default()))),
                ("free", Value::Kes(free_in(work, purse_of(payout.from, owner.id)).await?)),
                ("help", Value::Phone(self.house.help_phone)),
            ],
        ))
    }

    /// The three balances.
    pub(super) async fn wallet(&self, work: &mut Work<'_>, party: &Party) -> Result<Record, Fault> {
        let [free, moving] = work.sums([purse(party).account(), Account::Moving(party.id)]).await?;
        Ok(Record::new(
            "wallet",
            party.id.to_string(),
            [
                ("free", Value::Kes(Kes::minor(free))),
                ("held", Value::Kes(self.held(work, party.id).await?)),
                ("moving", Value::Kes(Kes::minor(moving))),
            ],
        ))
    }

    /// The artisan that somebody has just become.
    pub(super) fn newcomer(&self, party: &Party) -> Record {
        Record::new(
            "artisan",
            party.id.to_string(),
            [
                ("first", Value::text(party.first_name())),
                ("code", Value::Code(party.number)),
                ("dial", Value::text(self.house.dial.clone())),
                ("sms", Value::text(self.house.sms.clone())),
            ],
        )
    }
}

/// A dollar sum as prices are written: `14.50`, always with cents.
pub fn dollars(sum: crate::types::Usd) -> String {
    format!("{}.{:02}", sum.whole(), sum.cents() % 100)
}

/// An order as a helper sees it.
pub(super) fn without_sums(mut order: Record) -> Record {
    order.fields.insert("earn".to_owned(), Value::Kes(Kes::ZERO));
    order
}

/// What is free in the purse that somebody's own work fills.
pub(super) async fn free(work: &Work<'_>, party: &Party) -> Result<Kes, Fault> {
    free_in(work, purse(party)).await
}

/// What is free in a purse.
pub(super) async fn free_in(work: &Work<'_>, purse: Purse) -> Result<Kes, Fault> {
    Ok(Kes::minor(work.sum(purse.account()).await?))
}

pub(super) fn yes_no(so: bool) -> Value {
    Value::word("yes_no", if so { "yes" } else { "no" })
}

/// The word under which the catalogue knows why a provider did not pay.
pub(super) fn fail_word(why: &str) -> &'static str {
    match why {
        "no such user" | "no such M-Pesa user" => "no_user",
        "account is full" | "M-Pesa is full" => "full",
        "limit of the day" | "limit of the week" | "limit of the month" => "limit",
        "amount too small" | "amount too large" => "size",
        "no float, try later" => "float",
        "taken back" => "taken_back",
        "on hold" => "held",
        _ => "declined",
    }
}

pub(super) fn pin_word(party: &Party) -> &'static str {
    match &party.pin {
        None => "none",
        Some(pin) if pin.locked.is_some() => "locked",
        Some(_) => "set",
    }
}

/// The most letters of a hold's reason with its date and the place to come to: the vocabulary's width.
pub(super) const LONGEST_HOLD: u16 = 60;

/// The reason of a hold, as a screen says it.
pub(super) fn hold_words(why: &BTreeMap<Lang, String>, lang: Lang) -> Value {
    let text = why.get(&lang).or_else(|| why.values().next()).cloned().unwrap_or_default();
    Value::text(text.chars().take(usize::from(LONGEST_HOLD)).collect::<String>())
}

async fn count(work: &Work<'_>, prefix: Key) -> Result<i64, Fault> {
    Ok(work.store().scan(prefix, None, 99, false).await?.len() as i64)
}

/// An aggregate as it stands in the store, for showing; no decision rests on it.
pub(super) async fn read<A: Aggregate>(work: &mut Work<'_>, id: A::Id) -> Result<Option<A>, Fault> {
    if let Some(state) = work.seen::<A>(id) {
        return Ok(Some(state));
    }
    let key = A::key(id);
    let row = work.store().read(vec![key.clone()]).await?.into_iter().next().flatten();
    Ok(row.map(|row| codec::decode_row::<A>(&key, &row)).transpose()?)
}

/// Several of them at once, in the order of their ids.
pub(super) async fn read_all<A: Aggregate>(
    work: &mut Work<'_>, ids: &[A::Id],
) -> Result<Vec<Option<A>>, Fault> {
    let mut all: Vec<Option<A>> = ids.iter().map(|id| work.seen::<A>(*id)).collect();
    let missing: Vec<usize> = (0..all.len()).filter(|at| all[*at].is_none()).collect();
    let keys: Vec<Key> = missing.iter().map(|at| A::key(ids[*at])).collect();
    let rows = work.store().read(keys.clone()).await?;
    for ((at, key), row) in missing.into_iter().zip(keys).zip(rows) {
        all[at] = row.map(|row| codec::decode_row::<A>(&key, &row)).transpose()?;
    }
    Ok(all)
}

/// Those of these people whom we know, read at once.
pub(super) async fn people(
    work: &mut Work<'_>, ids: impl IntoIterator<Item = PartyId>,
) -> Result<BTreeMap<PartyId, Party>, Fault> {
    let ids: Vec<PartyId> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let known = read_all::<Party>(work, &ids).await?.into_iter().flatten();
    Ok(known.map(|party| (party.id, party)).collect())
}

/// What an index entry points at, as an id.
pub(super) trait FromIndex: Sized {
    /// From the octets at the end of the entry.
    fn from_octets(octets: &[u8]) -> Option<Self>;
}

/// Ids that an index entry ends with as they are.
macro_rules! ends_entries {
    ($($id:ty),*) => {
        $(impl FromIndex for $id {
            fn from_octets(octets: &[u8]) -> Option<Self> {
                Some(Self::from_bytes(octets.try_into().ok()?))
            }
        })*
    };
}

ends_entries!(ApprovalId, BulletinId, CaseId, LoanId, PartyId, PayoutId, PromptId);

impl FromIndex for Switch {
    fn from_octets(octets: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.word().as_bytes() == octets)
    }
}

impl FromIndex for SpokenCode {
    /// The number of digits tells listings from orders.
    fn from_octets(octets: &[u8]) -> Option<Self> {
        let number = u32::from_be_bytes(octets.try_into().ok()?);
        Self::try_from(number.to_string()).ok()
    }
}

/// Everything an index finds, at most [`MOST_ROWS`], as the store has it.
pub(super) async fn found<A: Aggregate>(
    work: &mut Work<'_>, prefix: Key, newest_first: bool,
) -> Result<Vec<(A::Id, A)>, Fault>
where
    A::Id: FromIndex,
{
    let entries = work.store().scan(prefix, None, MOST_ROWS, newest_first).await?;
    pointed_at(work, &entries).await
}

/// Everything an index finds, however much that is: for the desk and for reading at the start.
pub(super) async fn every<A: Aggregate>(
    work: &mut Work<'_>, prefix: Key, newest_first: bool,
) -> Result<Vec<(A::Id, A)>, Fault>
where
    A::Id: FromIndex,
{
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let entries = work.store().scan(prefix.clone(), from, 256, newest_first).await?;
        let Some((last, _)) = entries.last() else { return Ok(all) };
        from = Some(last.clone());
        all.extend(pointed_at(work, &entries).await?);
    }
}

/// What every entry of an index points at, however many there are.
pub(super) async fn ids<I: FromIndex>(work: &Work<'_>, prefix: Key) -> Result<Vec<I>, Fault> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let entries = work.store().scan(prefix.clone(), from, 256, false).await?;
        let Some((last, _)) = entries.last() else { return Ok(all) };
        from = Some(last.clone());
        all.extend(entries.iter().filter_map(|(key, _)| I::from_octets(&keys::index_id(key)?)));
    }
}

/// What entries of an index point at.
async fn pointed_at<A: Aggregate>(
    work: &mut Work<'_>, entries: &[(Key, Row)],
) -> Result<Vec<(A::Id, A)>, Fault>
where
    A::Id: FromIndex,
{
    let id = |key: &Key| keys::index_id(key).and_then(|id| A::Id::from_octets(&id));
    let ids: Vec<A::Id> = entries.iter().filter_map(|(key, _)| id(key)).collect();
    let all = read_all::<A>(work, &ids).await?;
    Ok(ids.into_iter().zip(all).filter_map(|(id, state)| Some((id, state?))).collect())
}
