//! The unit of work of a turn: what was read, what was decided, and the one batch they become.
//!
//! A command of the market is decided on rows that are read here once and expected unchanged at
//! commit; its events evolve the copies held here and go to the journal; facts for the books become
//! transfers. [`Work::batch`] puts all of it into one [`Batch`].

use super::aggregate::{Aggregate, Shelves};
use super::erasure::Leaving;
use super::record::{Cause, Record};
use crate::ledger::{Account, Fact, Reference, Transfer, post};
use crate::market::{Event, PartyEvent};
use crate::store::batch::{Act, Batch, Expect, Op};
use crate::store::redact::{Notice, Redaction, digest};
use crate::store::{Key, Store, StoreError, codec, journal, keys, outbox, timers};
use crate::types::{Entropy, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Why a turn could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The books said no to something the market allowed: a fault of ours.
    #[error("the books refused: {0}")]
    Books(#[from] crate::ledger::Refused),
    /// Something that must be there is not: a fault of ours.
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// True when reading and deciding again may help: somebody else was faster.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict(_) | StoreError::Floor(_)))
    }
}

/// Shards of the outbox: kinds of senders do not wait for each other.
pub mod shard {
    /// SMS.
    pub const SMS: u8 = 1;
    /// Mobile money.
    pub const MONEY: u8 = 2;
    /// The card processor.
    pub const CARD: u8 = 3;
    /// The mail server.
    pub const MAIL: u8 = 4;
    /// Addresses of partners.
    pub const HOOKS: u8 = 5;
}

/// Tells somebody.
pub type Alarm = Box<dyn FnOnce() + Send + Sync>;

/// Everything one turn reads and decides.
pub struct Work<'s> {
    store: &'s dyn Store,
    /// The moment of the turn.
    pub now: Timestamp,
    /// Randomness for new ids and codes.
    pub entropy: Entropy,
    shelves: Shelves,
    transfers: Vec<Transfer>,
    events: Vec<Event>,
    extra: Batch,
    wakes: Vec<u8>,
    sent: u32,
    shown: BTreeSet<String>,
    redacts: Option<Notice>,
    /// Of whom no act keeps what stood before it.
    leaving: Leaving,
    /// What is told to people of the house once this is committed.
    alarms: Vec<Alarm>,
}

impl<'s> Work<'s> {
    /// An empty unit of work at a moment.
    pub fn new(store: &'s dyn Store, now: Timestamp, entropy: Entropy) -> Self {
        Self {
            store,
            now,
            entropy,
            shelves: Shelves::default(),
            transfers: Vec::new(),
            events: Vec::new(),
            extra: Batch::default(),
            wakes: Vec::new(),
            sent: 0,
            shown: BTreeSet::new(),
            redacts: None,
            leaving: Leaving::default(),
            alarms: Vec::new(),
        }
    }

    /// Everything that this turn holds.
    pub const fn shelves(&self) -> &Shelves {
        &self.shelves
    }

    /// Tells people of the house once this is committed, and not before: a turn that somebody else was
    /// faster than is done again, and would ring again.
    pub fn rings(&mut self, alarm: impl FnOnce() + Send + Sync + 'static) {
        self.alarms.push(Box::new(alarm));
    }

    /// What is to be told once this is committed.
    pub fn alarms(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut self.alarms)
    }

    /// Leaves what stood before and after out of the record, where it may name one of these.
    pub fn keeps_nothing_of(&mut self, leaving: Leaving) {
        self.leaving = leaving;
    }

    /// The store, for reads that no decision rests on.
    pub fn store(&self) -> &'s dyn Store {
        self.store
    }

    /// An aggregate as it stands in this turn; what is decided on it holds only if nobody changes
    /// it before the commit.
    pub async fn get<A: Aggregate>(&mut self, id: A::Id) -> Result<Option<A>, Fault> {
        if !A::shelf(&mut self.shelves).has(id) {
            let key = A::key(id);
            let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
            let state = row.as_ref().map(|row| codec::decode_row::<A>(&key, row)).transpose()?;
            A::shelf(&mut self.shelves).hold(id, row.map(|row| row.version), state);
        }
        Ok(A::shelf(&mut self.shelves).now(id).cloned())
    }

    /// The same, where it must be there.
    pub async fn need<A: Aggregate>(&mut self, id: A::Id) -> Result<A, Fault> {
        let missing = || Fault::Broken(format!("{} is gone", crate::store::batch::show_key(&A::key(id))));
        self.get(id).await?.ok_or_else(missing)
    }

    /// The version of what this turn has read: that of the state that it was given, whatever the
    /// row has become since.
    pub fn version<A: Aggregate>(&mut self, id: A::Id) -> u64 {
        A::shelf(&mut self.shelves).version(id)
    }

    /// Expects a row to be, at commit, as it is now: whether there is one.
    pub async fn keep(&mut self, key: Key) -> Result<bool, Fault> {
        let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
        let expect = row.as_ref().map_or(Expect::Absent, |row| Expect::At(row.version));
        self.extra.ops.push(Op { key, expect, act: Act::Keep });
        Ok(row.is_some())
    }

    /// An aggregate that this turn has read or made already.
    pub fn seen<A: Aggregate>(&mut self, id: A::Id) -> Option<A> {
        A::shelf(&mut self.shelves).now(id).cloned()
    }

    /// Lets go of something that was only looked at.
    pub fn forget<A: Aggregate>(&mut self, id: A::Id) {
        A::shelf(&mut self.shelves).drop(id);
    }

    /// Applies events that a decision gave; the aggregate must have been read in this turn.
    pub fn apply<A: Aggregate>(&mut self, id: A::Id, events: Vec<A::Event>) {
        for event in events {
            A::shelf(&mut self.shelves).evolve(id, &event, self.now);
            self.events.push(A::wrap(id, event));
        }
    }

    /// Puts a state in the place of that which was read, without an event: it follows from records that
    /// get other words in this turn.
    pub fn rewrite<A: Aggregate>(&mut self, id: A::Id, state: A) {
        A::shelf(&mut self.shelves).set(id, state);
    }

    /// Gives records of the journal other words, on the word of an approval.
    pub fn redact(&mut self, by: &str, rows: Vec<(journal::Record, bytes::Bytes)>) {
        let named = rows.iter().map(|(record, new)| (record.number, digest(new))).collect();
        self.redacts = Some(Notice { by: by.to_owned(), rows: named });
        self.extra.redact.extend(rows.into_iter().map(|(record, new)| Redaction {
            position: record.position,
            index: record.index,
            was: record.record,
            record: new,
        }));
    }

    /// Posts a fact to the books.
    pub fn post(&mut self, fact: &Fact) -> Result<(), Fault> {
        self.transfers.push(post(fact, self.now)?);
        Ok(())
    }

    /// Every account that this turn posted to.
    pub fn posted(&self) -> BTreeSet<Account> {
        self.transfers.iter().flat_map(|transfer| &transfer.lines).map(|line| line.account).collect()
    }

    /// The credit-positive sum of an account, with what this turn posted to it.
    pub async fn sum(&self, account: Account) -> Result<i64, Fault> {
        let [sum] = self.sums([account]).await?;
        Ok(sum)
    }

    /// The same of several accounts as of one commit, so that money on its way from one to the
    /// other is in exactly one of them.
    pub async fn sums<const N: usize>(&self, accounts: [Account; N]) -> Result<[i64; N], Fault> {
        let keys = accounts.iter().map(|account| keys::balance(&account.to_string())).collect();
        let mut rows = self.store.read(keys).await?.into_iter();
        Ok(accounts.map(|account| {
            let posted: i64 = self.transfers.iter().filter_map(|t| t.net().get(&account).copied()).sum();
            rows.next().flatten().map_or(0, |row| row.sum()) + posted
        }))
    }

    /// Puts something into the outbox, due now. The id is derived from the cause, so the same turn
    /// decided twice sends once.
    pub fn send<T: Serialize>(&mut self, shard: u8, id: String, kind: &str, payload: &T, lives: Duration) {
        let payload = serde_json::to_vec(payload).unwrap_or_default().into();
        let give_up = self.now.after(lives);
        let item = outbox::Item { kind: kind.to_owned(), attempt: 0, give_up, left: None, payload };
        outbox::push(&mut self.extra, shard, self.now, id.as_bytes(), &item);
        self.wake(shard);
    }

    /// Wakes the workers of a shard once this is committed.
    pub fn wake(&mut self, shard: u8) {
        if !self.wakes.contains(&shard) {
            self.wakes.push(shard);
        }
    }

    /// A number that is different for every message of this turn.
    pub fn next_message(&mut self) -> u32 {
        self.sent += 1;
        self.sent
    }

    /// Sets a timer.
    pub fn timer<T: Serialize>(&mut self, due: Timestamp, id: &str, payload: &T) {
        timers::set(&mut self.extra, due, id.as_bytes(), serde_json::to_vec(payload).unwrap_or_default());
    }

    /// Rows of the engine's own (dialogs, claims): part of the same commit.
    pub fn extra(&mut self) -> &mut Batch {
        &mut self.extra
    }

    /// What happened in this turn so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// True when something would be written that a repeat must not write again.
    pub fn acts(&self) -> bool {
        !self.events.is_empty() || !self.transfers.is_empty()
    }

    /// Shards that have something new once this is committed.
    pub fn wakes(&self) -> &[u8] {
        &self.wakes
    }

    /// What changes is shown on the page of this token too.
    pub fn shown_on(&mut self, token: String) {
        self.shown.insert(token);
    }

    /// Orders and bulk requests that look otherwise than before, by token.
    pub fn changed_orders(&self) -> Vec<String> {
        let orders = || self.shelves.orders.changed().map(|order| &order.terms);
        let requests = self.shelves.bulks.changed().map(|request| &request.terms.token);
        let purchases = orders().filter_map(|terms| terms.purchase.as_ref()).map(|one| &one.token);
        let tokens = orders().map(|terms| &terms.token).chain(requests).chain(purchases).chain(&self.shown);
        let each: BTreeSet<&String> = tokens.filter(|token| !token.is_empty()).collect();
        each.into_iter().cloned().collect()
    }

    /// The bug of [`Bug::Posting`](super::planted::Bug::Posting): what a payout moves, in a batch apart.
    #[cfg(feature = "planted")]
    pub fn postings_apart(&mut self, cause: &Cause, mut apart: Self) -> Option<Batch> {
        let pays = self.events.iter().any(|event| matches!(event, Event::Payout(..)));
        let planted = super::planted::has(super::planted::Bug::Posting);
        (planted && pays && !self.transfers.is_empty()).then(|| {
            apart.transfers = std::mem::take(&mut self.transfers);
            apart.batch(cause.clone())
        })
    }

    /// Everything as one batch, with one record for the journal.
    pub fn batch(self, cause: Cause) -> Batch {
        let Self { shelves, transfers, events, extra: mut batch, now, redacts, mut entropy, leaving, .. } =
            self;
        let mut salt = [0; journal::SALT];
        let drawn = || entropy.next_u64().to_be_bytes();
        salt.as_chunks_mut::<8>()
            .0
            .iter_mut()
            .zip(std::iter::repeat_with(drawn))
            .for_each(|(to, it)| *to = it);
        batch.salt = Some(salt);
        // What gives the word for an erasure is never replaced, so nothing of her may stand in it.
        let erases = |event: &Event| matches!(event, Event::Party(_, PartyEvent::Erased { .. }));
        let acts = matches!(cause, Cause::Acted { .. } | Cause::Desk(_)) && !events.iter().any(erases);
        let changes = if acts { shelves.changes(&leaving) } else { Vec::new() };
        shelves.write(&mut batch);
        let mut sums: BTreeMap<Account, i64> = BTreeMap::new();
        for transfer in &transfers {
            batch.put(keys::transfer(transfer.id), Expect::Absent, codec::encode(transfer));
            batch.put(posting_of(&transfer.reference, Some(transfer)), Expect::Any, Vec::new());
            for (account, net) in transfer.net() {
                *sums.entry(account).or_default() += net;
                batch.put(statement_line(account, transfer), Expect::Any, codec::encode(&transfer.id));
            }
        }
        for (account, delta) in sums {
            batch.add(keys::balance(&account.to_string()), delta, account.floor());
        }
        let record = Record { at: now, cause, events, transfers, changes, redacts };
        batch.journal.push(record.encode());
        batch
    }
}

/// Where a transfer stands in the statement of an account: by its moment, then by its id.
pub fn statement_line(account: Account, transfer: &Transfer) -> crate::store::Key {
    let id = transfer.id.as_bytes();
    let place = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
    keys::statement(&account.to_string(), transfer.at.millis().max(0) as u64, place)
}

/// Where a transfer stands among those of the thing it belongs to, by its moment; without a transfer,
/// all of them.
pub fn posting_of(of: &Reference, transfer: Option<&Transfer>) -> crate::store::Key {
    let of = codec::encode(of);
    match transfer {
        Some(transfer) => {
            keys::index("posting_of", &[&of, &keys::moment(transfer.at)], transfer.id.as_bytes())
        }
        None => keys::index_prefix("posting_of", &[&of]),
    }
}
