//! Proof that the store says what happened: every view, index entry and balance is derived from
//! the journal again and compared with what stands there.

use super::aggregate::Shelves;
use super::record::Record;
pub(crate) use super::work::{posting_of, statement_line};
use crate::ledger::{Account, Transfer, balance::Books};
use crate::market::approval::{ApprovalEvent, Matter};
use crate::market::{Event, PartyEvent};
use crate::store::batch::Value;
use crate::store::verify::Rederive;
use crate::store::{Key, Store, StoreError, codec, journal, keys};
use crate::types::{ApprovalId, PartyId};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Who may have records replaced: two people have approved that somebody is forgotten, and it is not
/// over yet.
#[derive(Default)]
struct Word {
    asked: BTreeMap<ApprovalId, (PartyId, String)>,
    given: BTreeMap<ApprovalId, PartyId>,
}

impl Word {
    /// Takes the next record. `replaced`: its words are those of a later one, which may be such that
    /// it gives the word for itself; so it gives none.
    fn take(&mut self, record: &Record, replaced: bool) -> Result<(), String> {
        for event in &record.events {
            match event {
                Event::Approval(id, ApprovalEvent::Asked { matter: Matter::Erasure { who }, by, .. })
                    if !replaced =>
                {
                    self.asked.insert(*id, (*who, by.clone()));
                }
                Event::Approval(id, ApprovalEvent::Approved { by }) if !replaced => {
                    let Some((who, asked_by)) = self.asked.remove(id) else { continue };
                    if by.eq_ignore_ascii_case(&asked_by) {
                        return Err(format!("{by} asked for erasure {id} and approved it, alone"));
                    }
                    self.given.insert(*id, who);
                }
                Event::Party(id, PartyEvent::Forgotten) => self.given.retain(|_, who| who != id),
                _ => {}
            }
        }
        match &record.redacts {
            Some(notice) if notice.by.parse().ok().is_none_or(|by| !self.given.contains_key(&by)) => {
                Err(format!("it replaces records on the word of {}, which nobody gave", notice.by))
            }
            _ => Ok(()),
        }
    }
}

/// The books as the journal tells them: every transfer written anew, in order, by the books' own
/// rules. One that does not balance, leaves an account below its floor, resolves what is not open or
/// stands there already is refused, and with it the journal.
#[derive(Default)]
pub struct Ledger {
    books: Books,
    word: Word,
    money: Sha256,
}

impl Ledger {
    /// Where sums, transfers and statements are stored.
    const TABLES: [u8; 3] = [keys::BALANCES, keys::TRANSFERS, keys::STATEMENTS];

    fn take(&mut self, record: Record, replaced: bool) -> Result<(), String> {
        self.word.take(&record, replaced)?;
        if !record.transfers.is_empty() {
            self.money.update(codec::encode(&record.transfers));
        }
        record.transfers.into_iter().try_for_each(|transfer: Transfer| {
            let id = transfer.id;
            self.books.apply(transfer).map_err(|why| format!("transfer {id}: {why}"))
        })
    }

    /// The digest of every transfer so far, in order. Words of records may be replaced, as when
    /// somebody is forgotten; their transfers never are, so this stays what it was.
    pub fn money(&self) -> [u8; 32] {
        self.money.clone().finalize().into()
    }

    fn rows(&self) -> BTreeMap<Key, Value> {
        let mut rows = BTreeMap::new();
        for transfer in self.books.transfers() {
            rows.insert(keys::transfer(transfer.id), Value::Octets(codec::encode(transfer)));
            rows.insert(posting_of(&transfer.reference, Some(transfer)), Value::Octets(Vec::new().into()));
            for account in transfer.net().keys() {
                let line = Value::Octets(codec::encode(&transfer.id));
                rows.insert(statement_line(*account, transfer), line);
            }
        }
        let sums = self.books.sums();
        rows.extend(sums.map(|(account, sum)| (keys::balance(&account.to_string()), Value::Sum(sum))));
        rows
    }

    /// What was written.
    pub fn books(&self) -> &Books {
        &self.books
    }
}

impl Rederive for Ledger {
    fn record(&mut self, record: &journal::Record) -> Result<(), String> {
        let told: Record = serde_json::from_slice(&record.record).map_err(|why| why.to_string())?;
        self.take(told, record.is_redacted())
    }

    fn prefixes(&self) -> Vec<Key> {
        Self::TABLES.map(|table| vec![table]).to_vec()
    }

    fn rows(&mut self) -> BTreeMap<Key, Value> {
        Self::rows(self)
    }
}

/// What the journal says the store should hold.
#[derive(Default)]
pub struct Derived {
    shelves: Shelves,
    ledger: Ledger,
}

/// Indexes that follow from the things themselves; others are the engine's own notes.
pub(crate) const DERIVED: [&str; 61] = [
    "placed_with",
    "purchase",
    "prompt",
    "prompt_checkout",
    "prompt_receipt",
    "prompt_open",
    "payment",
    "trouble",
    "trouble_of",
    "order_of",
    "listed_by",
    "payout_of",
    "cash_by",
    "case_of",
    "held",
    "bulletin",
    "came",
    "case",
    "helps",
    "of_kind",
    "bulk",
    "bulk_token",
    "posting_of",
    "approval",
    "approval_waits",
    "task",
    "invited",
    "mentee",
    "role",
    "phone",
    "number",
    "listing",
    "listing_of",
    "on_sale",
    "in_shop",
    "shop",
    "maker_page",
    "photo",
    "waiting",
    "unlooked",
    "order",
    "open_of",
    "open_for",
    "expected",
    "unchecked",
    "to_send",
    "token",
    "payout",
    "open_payout",
    "loan",
    "loan_of",
    "loan_due",
    "open_loan",
    "cash",
    "cash_of",
    "cash_number",
    "cash_was",
    "receipt_of",
    "statement",
    "difference",
    "difference_open",
];

impl Rederive for Derived {
    fn record(&mut self, record: &journal::Record) -> Result<(), String> {
        let told: Record = serde_json::from_slice(&record.record).map_err(|why| why.to_string())?;
        for event in &told.events {
            self.shelves.replay(event, told.at);
        }
        self.ledger.take(told, record.is_redacted())
    }

    fn prefixes(&self) -> Vec<Key> {
        let indexes = DERIVED.iter().map(|name| keys::index_prefix(name, &[]));
        self.ledger.prefixes().into_iter().chain([vec![keys::AGGREGATES]]).chain(indexes).collect()
    }

    fn rows(&mut self) -> BTreeMap<Key, Value> {
        let octets = |(key, octets): (Key, Vec<u8>)| (key, Value::Octets(octets.into()));
        let mut rows = self.ledger.rows();
        rows.extend(std::mem::take(&mut self.shelves).rows().into_iter().map(octets));
        rows
    }
}

/// The credit-positive sum of every account.
pub(crate) async fn sums(store: &dyn Store) -> Result<Vec<(Account, i64)>, StoreError> {
    let mut all = Vec::new();
    let mut from = None;
    loop {
        let page = store.scan(vec![keys::BALANCES], from.clone(), 512, false).await?;
        for (key, row) in &page {
            let account = keys::parse_balance(key).and_then(|code| code.parse::<Account>().ok());
            match account {
                Some(account) => all.push((account, row.sum())),
                None => {
                    let key = crate::store::batch::show_key(key);
                    return Err(StoreError::Unreadable { key, why: "this is no account".to_owned() });
                }
            }
        }
        match page.last() {
            Some((key, _)) => from = Some(key.clone()),
            None => return Ok(all),
        }
    }
}
