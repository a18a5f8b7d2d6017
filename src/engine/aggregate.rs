//! The kinds of things with a life, as a turn holds them: read once, evolved in memory,
//! written with the indexes that find them again.

mod changes;
mod listings;
mod prompts;

pub use listings::{all_unlooked, all_waiting, listed_by, of_kind, unlooked, waiting};
use prompts::of_prompt;
pub use prompts::{loan_of_prompt, open_prompts, prompt_called, prompt_paid_under};

use crate::engine::browse;
use crate::market::{
    self, Approval, Bulk, Bulletin, Case, Cash, Difference, Event, Freeze, Kiosk, Listing, Loan, Order,
    Party, Payout, Receipt, Statement, Trouble,
};
use crate::store::batch::{Act, Batch, Expect, Op};
use crate::store::{Key, codec, keys};
use crate::types::{LoanId, Msisdn, PartyId, PayoutId, SpokenCode, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A thing with a life.
pub trait Aggregate: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {
    /// What names it.
    type Id: Copy + Ord + Serialize + Send + Sync;
    /// What happens to it.
    type Event: Send;

    /// Its row.
    fn key(id: Self::Id) -> Key;
    /// Its state after an event.
    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self>;
    /// The event, addressed.
    fn wrap(id: Self::Id, event: Self::Event) -> Event;
    /// Every index entry that finds it, and what the entry says.
    fn indexes(&self, id: Self::Id) -> BTreeMap<Key, Vec<u8>>;
    /// Where a turn keeps things of this kind.
    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self>;
}

/// One thing as a turn holds it.
#[derive(Clone)]
struct Held<A> {
    version: Option<u64>,
    before: Option<A>,
    now: Option<A>,
}

/// Things of one kind.
pub struct Shelf<A: Aggregate>(BTreeMap<A::Id, Held<A>>);

impl<A: Aggregate> Default for Shelf<A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<A: Aggregate> Shelf<A> {
    /// Whether this turn has read it.
    pub fn has(&self, id: A::Id) -> bool {
        self.0.contains_key(&id)
    }

    /// Takes what was read.
    pub fn hold(&mut self, id: A::Id, version: Option<u64>, state: Option<A>) {
        self.0.insert(id, Held { version, before: state.clone(), now: state });
    }

    /// Takes it as something new that stands so.
    pub fn stands(&mut self, id: A::Id, state: A) {
        self.0.insert(id, Held { version: None, before: None, now: Some(state) });
    }

    /// Lets go of it.
    pub fn drop(&mut self, id: A::Id) {
        self.0.remove(&id);
    }

    /// It as it stands now.
    pub fn now(&self, id: A::Id) -> Option<&A> {
        self.0.get(&id)?.now.as_ref()
    }

    /// The version of the row that it was read from; zero before there is one.
    pub fn version(&self, id: A::Id) -> u64 {
        self.0.get(&id).and_then(|held| held.version).unwrap_or(0)
    }

    /// Applies an event.
    pub fn evolve(&mut self, id: A::Id, event: &A::Event, at: Timestamp) {
        let held = self.0.entry(id).or_insert(Held { version: None, before: None, now: None });
        held.now = A::evolve(held.now.take(), event, at);
    }

    /// Puts a state in the place of that which was read.
    pub fn set(&mut self, id: A::Id, state: A) {
        if let Some(held) = self.0.get_mut(&id) {
            held.now = Some(state);
        }
    }

    /// Everything held, as it was read and as it stands now.
    pub fn held(&self) -> impl Iterator<Item = (Option<&A>, Option<&A>)> {
        self.0.values().map(|held| (held.before.as_ref(), held.now.as_ref()))
    }

    /// Those of which this is so: as it was read, as it stands now.
    pub fn held_ids(&self, so: impl Fn(Option<&A>, Option<&A>) -> bool) -> Vec<A::Id> {
        let so = |held: &Held<A>| so(held.before.as_ref(), held.now.as_ref());
        self.0.iter().filter(|(_, held)| so(held)).map(|(id, _)| *id).collect()
    }

    /// One, if it is held: as it was read, as it stands now.
    pub fn pair(&self, id: A::Id) -> Option<(Option<&A>, Option<&A>)> {
        self.0.get(&id).map(|held| (held.before.as_ref(), held.now.as_ref()))
    }

    /// Those that changed.
    pub fn changed(&self) -> impl Iterator<Item = &A> {
        self.0.values().filter(|held| held.now != held.before).filter_map(|held| held.now.as_ref())
    }

    /// Writes what changed, and expects what was only read to be as it was.
    fn write(self, batch: &mut Batch) {
        for (id, held) in self.0 {
            let expect = held.version.map_or(Expect::Absent, Expect::At);
            if held.now == held.before {
                batch.ops.push(Op { key: A::key(id), expect, act: Act::Keep });
                continue;
            }
            let index = |state: &Option<A>| state.as_ref().map(|s| s.indexes(id)).unwrap_or_default();
            let (old, new) = (index(&held.before), index(&held.now));
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                batch.delete(key.clone(), Expect::Any);
            }
            for (key, says) in new.into_iter().filter(|(key, says)| old.get(key) != Some(says)) {
                // An entry that says what it points at is unique: nobody else may hold it.
                let free = !says.is_empty() && !old.contains_key(&key);
                batch.put(key, if free { Expect::Absent } else { Expect::Any }, says);
            }
            if let Some(state) = &held.now {
                batch.put(A::key(id), expect, codec::encode(state));
            }
        }
    }
}

/// Everything a turn holds.
#[derive(Default)]
pub struct Shelves {
    /// People.
    pub parties: Shelf<Party>,
    /// Listings.
    pub listings: Shelf<Listing>,
    /// Orders.
    pub orders: Shelf<Order>,
    /// Payouts.
    pub payouts: Shelf<Payout>,
    /// Loans.
    pub loans: Shelf<Loan>,
    /// Tips and lessons.
    pub bulletins: Shelf<Bulletin>,
    /// Cases.
    pub cases: Shelf<Case>,
    /// Cash numbers.
    pub cash: Shelf<Cash>,
    /// Kiosks.
    pub kiosks: Shelf<Kiosk>,
    /// Paper receipts.
    pub receipts: Shelf<Receipt>,
    /// What can be stopped for everybody.
    pub freezes: Shelf<Freeze>,
    /// Bulk requests.
    pub bulks: Shelf<Bulk>,
    /// What takes two people at the desk.
    pub approvals: Shelf<Approval>,
    /// Troubles with card payments.
    pub troubles: Shelf<Trouble>,
    /// Providers' statements.
    pub statements: Shelf<Statement>,
    /// In what they and the books differ.
    pub differences: Shelf<Difference>,
}

impl Shelves {
    /// Writes all of it.
    pub fn write(self, batch: &mut Batch) {
        browse::rows::write(&self, batch);
        self.parties.write(batch);
        self.listings.write(batch);
        self.orders.write(batch);
        self.payouts.write(batch);
        self.loans.write(batch);
        self.bulletins.write(batch);
        self.cases.write(batch);
        self.cash.write(batch);
        self.kiosks.write(batch);
        self.receipts.write(batch);
        self.freezes.write(batch);
        self.bulks.write(batch);
        self.approvals.write(batch);
        self.troubles.write(batch);
        self.statements.write(batch);
        self.differences.write(batch);
    }

    /// Applies a stored event: how views are derived from the journal again.
    pub fn replay(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Party(id, event) => self.parties.evolve(*id, event, at),
            Event::Listing(id, event) => self.listings.evolve(*id, event, at),
            Event::Order(id, event) => self.orders.evolve(*id, event, at),
            Event::Payout(id, event) => self.payouts.evolve(*id, event, at),
            Event::Loan(id, event) => self.loans.evolve(*id, event, at),
            Event::Bulletin(id, event) => self.bulletins.evolve(*id, event, at),
            Event::Case(id, event) => self.cases.evolve(*id, event, at),
            Event::Cash(id, event) => self.cash.evolve(*id, event, at),
            Event::Kiosk(id, event) => self.kiosks.evolve(*id, event, at),
            Event::Receipt(id, event) => self.receipts.evolve(*id, event, at),
            Event::Freeze(what, event) => self.freezes.evolve(*what, event, at),
            Event::Bulk(id, event) => self.bulks.evolve(*id, event, at),
            Event::Approval(id, event) => self.approvals.evolve(*id, event, at),
            Event::Trouble(id, event) => self.troubles.evolve(*id, event, at),
            Event::Statement(id, event) => self.statements.evolve(*id, event, at),
            Event::Difference(id, event) => self.differences.evolve(*id, event, at),
        }
    }

    /// Every row and index entry that these things should have in the store.
    pub fn rows(self) -> BTreeMap<Key, Vec<u8>> {
        let mut batch = Batch::default();
        self.write(&mut batch);
        let put = |op: Op| match op.act {
            Act::Put(value) => Some((op.key, value.to_vec())),
            Act::Add { .. } | Act::Delete | Act::Keep => None,
        };
        batch.ops.into_iter().filter_map(put).collect()
    }
}

/// Index entries without anything to say.
pub(super) fn entries(keys: impl IntoIterator<Item = Key>) -> BTreeMap<Key, Vec<u8>> {
    keys.into_iter().map(|key| (key, Vec::new())).collect()
}

impl Aggregate for Party {
    type Id = PartyId;
    type Event = market::PartyEvent;

    fn key(id: PartyId) -> Key {
        keys::party(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::party::evolve(state, event, at)
    }

    fn wrap(id: PartyId, event: Self::Event) -> Event {
        Event::Party(id, event)
    }

    fn indexes(&self, id: PartyId) -> BTreeMap<Key, Vec<u8>> {
        if self.is_erased() {
            // Who points at her by her id finds her row; nothing else does.
            return BTreeMap::new();
        }
        let mut found = entries([keys::index("role", &[self.role.word().as_bytes()], id.as_bytes())]);
        found.insert(keys::by_phone(self.phone), id.as_bytes().to_vec());
        for asked in &self.invited {
            found.insert(
                keys::index("invited", &[&asked.phone.number().to_be_bytes()], id.as_bytes()),
                vec![],
            );
        }
        if self.hold.is_some() {
            found.insert(keys::index("held", &[], id.as_bytes()), vec![]);
        }
        for helper in &self.helpers {
            found.insert(keys::index("helps", &[helper.as_bytes()], id.as_bytes()), vec![]);
        }
        if self.role == market::Role::Artisan {
            found.insert(browse::by_page(&browse::page_of(id)), id.as_bytes().to_vec());
        }
        if let Some(mentorship) = &self.mentorship {
            found.insert(keys::index("mentee", &[mentorship.mentor.as_bytes()], id.as_bytes()), vec![]);
        }
        found.insert(
            keys::index("number", &[&self.number.number().to_be_bytes()], b""),
            id.as_bytes().to_vec(),
        );
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.parties
    }
}

/// Everybody who has asked the owner of this phone for something.
pub fn inviters_of(phone: Msisdn) -> Key {
    keys::index_prefix("invited", &[&phone.number().to_be_bytes()])
}

/// Everybody whose money waits.
pub fn all_held() -> Key {
    keys::index_prefix("held", &[])
}

/// Everybody whom this person helps.
pub fn helped_by(helper: PartyId) -> Key {
    keys::index_prefix("helps", &[helper.as_bytes()])
}

/// Everybody who agreed to this mentor last, graduates too.
pub fn mentees_of(mentor: PartyId) -> Key {
    keys::index_prefix("mentee", &[mentor.as_bytes()])
}

/// Open orders of a maker: offered to her, or hers and not finished.
pub fn open_orders_of(maker: PartyId) -> Key {
    keys::index_prefix("open_of", &[maker.as_bytes()])
}

/// Parcels in the hands of an agent that are not wholly checked.
pub fn unchecked_at(agent: PartyId) -> Key {
    keys::index_prefix("unchecked", &[agent.as_bytes()])
}

/// Orders that passed and that an agent has not sent yet.
pub fn to_send_from(agent: PartyId) -> Key {
    keys::index_prefix("to_send", &[agent.as_bytes()])
}

/// All orders, by the moment they were placed.
pub fn all_orders() -> Key {
    keys::index_prefix("order", &[])
}

/// Orders that somebody makes, was asked to make, or has had in hand, by the moment they were placed.
pub fn orders_of(who: PartyId) -> Key {
    keys::index_prefix("order_of", &[who.as_bytes()])
}

/// Parcels that are ready and on their way to some kiosk.
pub fn expected() -> Key {
    keys::index_prefix("expected", &[])
}

/// Parcels that a rider is asked to fetch, goes for, or carries.
pub fn tasks_of(rider: PartyId) -> Key {
    keys::index_prefix("task", &[rider.as_bytes()])
}

/// Open orders for a listing.
pub fn open_orders_for(listing: SpokenCode) -> Key {
    keys::index_prefix("open_for", &[&listing.number().to_be_bytes()])
}

/// The order of a private link.
pub fn by_token(token: &str) -> Key {
    keys::index("token", &[token.as_bytes()], b"")
}

/// The payout of a person that is not settled yet.
pub fn open_payout_of(owner: PartyId) -> Key {
    keys::index("open_payout", &[owner.as_bytes()], b"")
}

/// All payouts of a person, by the moment they were asked for.
pub fn payouts_of(owner: PartyId) -> Key {
    keys::index_prefix("payout_of", &[owner.as_bytes()])
}

/// All payouts, by the moment they were asked for.
pub fn all_payouts() -> Key {
    keys::index_prefix("payout", &[])
}

impl Aggregate for Payout {
    type Id = PayoutId;
    type Event = market::PayoutEvent;

    fn key(id: PayoutId) -> Key {
        keys::payout(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::payout::evolve(state, event, at)
    }

    fn wrap(id: PayoutId, event: Self::Event) -> Event {
        Event::Payout(id, event)
    }

    fn indexes(&self, id: PayoutId) -> BTreeMap<Key, Vec<u8>> {
        let asked = keys::moment(self.asked);
        let mut found = entries([
            keys::index("payout", &[&asked], id.as_bytes()),
            keys::index("payout_of", &[self.owner.as_bytes(), &asked], id.as_bytes()),
        ]);
        if self.stage.is_open() {
            found.insert(open_payout_of(self.owner), id.as_bytes().to_vec());
        }
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.payouts
    }
}

/// The loan of an artisan that is not repaid or stopped yet.
pub fn open_loan_of(artisan: PartyId) -> Key {
    keys::index("open_loan", &[artisan.as_bytes()], b"")
}

/// All loans of an artisan, by the moment they were asked for.
pub fn loans_of(artisan: PartyId) -> Key {
    keys::index_prefix("loan_of", &[artisan.as_bytes()])
}

/// All loans, by the moment they were asked for.
pub fn all_loans() -> Key {
    keys::index_prefix("loan", &[])
}

/// Loans of which something is to be sent back to lenders.
pub fn loans_due() -> Key {
    keys::index_prefix("loan_due", &[])
}

impl Aggregate for Loan {
    type Id = LoanId;
    type Event = market::LoanEvent;

    fn key(id: LoanId) -> Key {
        keys::loan(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::loan::evolve(state, event, at)
    }

    fn wrap(id: LoanId, event: Self::Event) -> Event {
        Event::Loan(id, event)
    }

    fn indexes(&self, id: LoanId) -> BTreeMap<Key, Vec<u8>> {
        let asked = keys::moment(self.asked);
        let mut found = entries([
            keys::index("loan", &[&asked], id.as_bytes()),
            keys::index("loan_of", &[self.artisan.as_bytes(), &asked], id.as_bytes()),
        ]);
        if self.due() > crate::types::Kes::ZERO {
            found.insert(keys::index("loan_due", &[], id.as_bytes()), Vec::new());
        }
        if self.stage.is_open() {
            found.insert(open_loan_of(self.artisan), id.as_bytes().to_vec());
        }
        found.extend(self.prompts.iter().flat_map(|one| of_prompt(one, id)));
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.loans
    }
}

/// The cash number of a person that is good now.
pub fn open_cash_of(owner: PartyId) -> Key {
    keys::index("cash_of", &[owner.as_bytes()], b"")
}

/// The cash of a number that is good now.
pub fn open_cash(number: SpokenCode) -> Key {
    keys::index("cash_number", &[&number.number().to_be_bytes()], b"")
}

/// All cash that a number stood for, by the moment it was served or ran out.
pub fn former_cash(number: SpokenCode) -> Key {
    keys::index_prefix("cash_was", &[&number.number().to_be_bytes()])
}

/// All cash that a person asked for, by the moment it was.
pub fn cash_by(owner: PartyId) -> Key {
    keys::index_prefix("cash_by", &[owner.as_bytes()])
}

/// All cash numbers, by the moment they were made.
pub fn all_cash() -> Key {
    keys::index_prefix("cash", &[])
}

impl Aggregate for Cash {
    type Id = PayoutId;
    type Event = market::CashEvent;

    fn key(id: PayoutId) -> Key {
        keys::cash(id)
    }

    fn evolve(state: Option<Self>, event: &Self::Event, at: Timestamp) -> Option<Self> {
        market::cash::evolve(state, event, at)
    }

    fn wrap(id: PayoutId, event: Self::Event) -> Event {
        Event::Cash(id, event)
    }

    fn indexes(&self, id: PayoutId) -> BTreeMap<Key, Vec<u8>> {
        let made = keys::moment(self.made);
        let mut found = entries([
            keys::index("cash", &[&made], id.as_bytes()),
            keys::index("cash_by", &[self.owner.as_bytes(), &made], id.as_bytes()),
        ]);
        if self.stage == market::cash::CashStage::Open {
            found.insert(open_cash_of(self.owner), id.as_bytes().to_vec());
            found.insert(open_cash(self.number), id.as_bytes().to_vec());
        } else {
            let number = self.number.number().to_be_bytes();
            let was = keys::index("cash_was", &[&number, &keys::moment(self.since)], id.as_bytes());
            found.insert(was, Vec::new());
        }
        found
    }

    fn shelf(shelves: &mut Shelves) -> &mut Shelf<Self> {
        &mut shelves.cash
    }
}
