//! Proof that the store says what happened: every view, index entry and balance is derived from
//! the journal again and compared with what stands there.

use super::aggregate::Shelves;
use super::record::Record;
use super::work::statement_line;
use crate::ledger::{Account, Transfer, balance};
use crate::store::batch::Value;
use crate::store::verify::Rederive;
use crate::store::{Key, Store, StoreError, codec, keys};
use std::collections::BTreeMap;

/// What the journal says the store should hold.
#[derive(Default)]
pub struct Derived {
    shelves: Shelves,
    sums: BTreeMap<Account, i64>,
    transfers: Vec<Transfer>,
    records: u64,
    unbalanced: Vec<String>,
}

impl Derived {
    /// Takes the next record of the journal.
    pub fn take(&mut self, octets: &[u8]) -> Result<(), String> {
        let record: Record = serde_json::from_slice(octets).map_err(|why| why.to_string())?;
        self.records += 1;
        for event in &record.events {
            self.shelves.replay(event, record.at);
        }
        for transfer in record.transfers {
            if transfer.sum() != 0 {
                self.unbalanced.push(transfer.id.to_string());
            }
            for (account, net) in transfer.net() {
                *self.sums.entry(account).or_default() += net;
            }
            self.transfers.push(transfer);
        }
        Ok(())
    }

    /// Records taken.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Transfers whose lines do not add up to zero.
    pub fn unbalanced(&self) -> &[String] {
        &self.unbalanced
    }

    /// What all accounts add up to; zero.
    pub fn residue(&self) -> i128 {
        balance::residue(self.sums.values().copied())
    }
}

/// Indexes that follow from the things themselves; others are the engine's own notes.
const DERIVED: [&str; 22] = [
    "task",
    "invited",
    "mentee",
    "role",
    "phone",
    "number",
    "listing",
    "listing_of",
    "on_sale",
    "waiting",
    "order",
    "open_of",
    "open_for",
    "expected",
    "unchecked",
    "token",
    "payout",
    "open_payout",
    "loan",
    "loan_of",
    "loan_due",
    "open_loan",
];

impl Rederive for Derived {
    fn record(&mut self, _position: u64, record: &[u8]) -> Result<(), String> {
        self.take(record)
    }

    fn prefixes(&self) -> Vec<Key> {
        let tables = [keys::AGGREGATES, keys::BALANCES, keys::TRANSFERS, keys::STATEMENTS];
        let indexes = DERIVED.iter().map(|name| keys::index_prefix(name, &[]));
        tables.into_iter().map(|table| vec![table]).chain(indexes).collect()
    }

    fn rows(&mut self) -> BTreeMap<Key, Value> {
        let octets = |(key, octets): (Key, Vec<u8>)| (key, Value::Octets(octets.into()));
        let mut rows: BTreeMap<Key, Value> =
            std::mem::take(&mut self.shelves).rows().into_iter().map(octets).collect();
        for transfer in &self.transfers {
            rows.insert(keys::transfer(transfer.id), Value::Octets(codec::encode(transfer)));
            for account in transfer.net().keys() {
                let line = Value::Octets(codec::encode(&transfer.id));
                rows.insert(statement_line(*account, transfer), line);
            }
        }
        for (account, sum) in &self.sums {
            rows.insert(keys::balance(&account.to_string()), Value::Sum(*sum));
        }
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
