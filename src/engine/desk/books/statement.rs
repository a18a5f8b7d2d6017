//! Statements: what moved in an account or because of a thing, from the books as they stand.

use crate::engine::desk::sheet::Sheet;
use crate::engine::view::FromIndex;
use crate::engine::work::{Fault, Work, posting_of};
use crate::ledger::{Account, Kind, Reference, Transfer, balance};
use crate::store::{Key, Store, codec, keys};
use crate::types::time::NAIROBI;
use crate::types::{Kes, Msisdn, PartyId, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most lines of a statement on a page.
const MOST_LINES: usize = 50;
/// Rows that are read at once.
const AT_ONCE: usize = 256;

/// A posting as one account or one thing sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostingRow {
    /// Its transfer.
    pub id: TransferId,
    /// When.
    pub at: Timestamp,
    /// What it stands for: `released`.
    pub kind: String,
    /// What it belongs to: `order/482108`.
    pub about: String,
    /// Its lines: account and credit in cents; below zero a debit.
    pub lines: Vec<(String, Kes)>,
    /// What it adds to the account of this statement, on the account's own side.
    pub amount: Kes,
    /// What the account holds after it.
    pub balance: Kes,
}

/// An account with its postings, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Its code.
    pub account: String,
    /// What it holds, on the side on which it grows.
    pub balance: Kes,
    /// Its postings.
    pub rows: Vec<PostingRow>,
    /// Where the next page begins and what the account held there; none when there are no more.
    pub older: Option<(String, Kes)>,
}

/// Every account that a person may have.
pub fn accounts_of(id: PartyId) -> [Account; 6] {
    use Account as A;
    [A::Artisan(id), A::Mentor(id), A::Agent(id), A::Rider(id), A::Moving(id), A::Loan(id)]
}

fn about(reference: &Reference) -> String {
    match reference {
        Reference::Order(code) => format!("order/{code}"),
        Reference::Listing(code) => format!("listing/{code}"),
        Reference::Payout(id) => format!("payout/{id}"),
        Reference::Party(id) => format!("party/{id}"),
        Reference::Paper(paper) => format!("paper/{paper}"),
    }
}

/// The transfers that rows name, read at once.
async fn transfers(store: &dyn Store, ids: &[TransferId]) -> Result<Vec<Transfer>, Fault> {
    let keys: Vec<Key> = ids.iter().map(|id| keys::transfer(*id)).collect();
    let rows = store.read(keys.clone()).await?;
    let missing = |key: &Key| Fault::Broken(format!("{} is gone", crate::store::batch::show_key(key)));
    let read = |(key, row): (&Key, Option<_>)| Ok(codec::decode_row(key, &row.ok_or_else(|| missing(key))?)?);
    keys.iter().zip(rows).map(read).collect()
}

pub(in crate::engine) fn posting(transfer: &Transfer) -> PostingRow {
    PostingRow {
        id: transfer.id,
        at: transfer.at,
        kind: Kind::word(transfer.kind).to_owned(),
        about: about(&transfer.reference),
        lines: transfer.lines.iter().map(|line| (line.account.to_string(), line.credit)).collect(),
        amount: Kes::ZERO,
        balance: Kes::ZERO,
    }
}

/// Where a line of a statement stands, as an address spells it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u64, u32);

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, nth) = text.split_once('-').ok_or(())?;
        Ok(Self(at.parse().map_err(drop)?, nth.parse().map_err(drop)?))
    }
}

/// A page of an account's postings, newest first, with what it held after each: from its newest on, or
/// from a place and what it held there.
pub(super) async fn page(
    work: &Work<'_>, account: Account, from: Option<(Place, Kes)>,
) -> Result<Statement, Fault> {
    let code = account.to_string();
    let balance = balance::on_its_side(account, work.sum(account).await?);
    let mut held = from.as_ref().map_or(balance, |(_, held)| *held).cents();
    let after = from.map(|(Place(at, nth), _)| keys::statement(&code, at, nth));
    // One more than is shown tells whether there are older ones.
    let mut lines = work.store().scan(keys::statements(&code), after, MOST_LINES + 1, true).await?;
    let more = lines.len() > MOST_LINES;
    lines.truncate(MOST_LINES);
    let place = lines.last().and_then(|(key, _)| keys::parse_statement(key));
    let ids = lines.iter().map(|(key, row)| codec::decode_row(key, row)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for transfer in transfers(work.store(), &ids).await? {
        let net = balance::on_its_side(account, transfer.net().get(&account).copied().unwrap_or(0));
        rows.push(PostingRow { amount: net, balance: Kes::minor(held), ..posting(&transfer) });
        held -= net.cents();
    }
    let older = place.filter(|_| more).map(|(_, at, nth)| (format!("{at}-{nth}"), Kes::minor(held)));
    Ok(Statement { account: code, balance, rows, older })
}

/// Every posting that belongs to something, oldest first.
pub(in crate::engine) async fn postings_of(
    work: &Work<'_>, reference: &Reference,
) -> Result<Vec<PostingRow>, Fault> {
    Ok(transfers_of(work, reference).await?.iter().map(posting).collect())
}

/// Every transfer that belongs to something, oldest first.
pub(in crate::engine) async fn transfers_of(
    work: &Work<'_>, reference: &Reference,
) -> Result<Vec<Transfer>, Fault> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = work.store().scan(posting_of(reference, None), from, AT_ONCE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        from = Some(last.clone());
        let id = |key: &Key| Some(TransferId::from_bytes(keys::index_id(key)?.try_into().ok()?));
        let ids: Vec<TransferId> = page.iter().filter_map(|(key, _)| id(key)).collect();
        all.extend(transfers(work.store(), &ids).await?);
    }
}

/// Every transfer that touched an account, oldest first.
///
/// # Errors
/// The store's, and of a transfer that is gone.
pub async fn every_transfer(store: &dyn Store, account: Account) -> Result<Vec<Transfer>, Fault> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = store.scan(keys::statements(&account.to_string()), from, AT_ONCE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        from = Some(last.clone());
        let ids = page.iter().map(|(key, row)| codec::decode_row(key, row)).collect::<Result<Vec<_>, _>>()?;
        all.extend(transfers(store, &ids).await?);
    }
}

/// A line of a long statement, as files and programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongLine {
    /// When, in Nairobi: `2026-11-23 14:05`.
    pub at: String,
    /// The account.
    pub account: String,
    /// What happened: `released`.
    pub fact: String,
    /// What it belongs to: `order/482108`.
    pub about: String,
    /// The other accounts of the posting, a space between them.
    pub counter_accounts: String,
    /// What it added on the account's own side, in shillings.
    pub amount_kes: String,
    /// What the account held afterwards, in shillings.
    pub balance_kes: String,
    /// The posting.
    pub transfer: TransferId,
}

impl LongLine {
    /// What the columns are called.
    const COLUMNS: [&str; 8] =
        ["at", "account", "fact", "about", "counter_accounts", "amount_kes", "balance_kes", "transfer"];
}

/// A moment in Nairobi as columns sort it: `2026-11-23 14:05`.
pub fn moment(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02} {}", at.hour_minute(NAIROBI))
}

fn shillings(sum: Kes) -> String {
    let cents = sum.cents();
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

/// Every posting of these accounts, oldest first.
///
/// # Errors
/// The store's, and of a transfer that is gone.
pub async fn long(
    store: &dyn Store, accounts: impl IntoIterator<Item = Account>,
) -> Result<Vec<LongLine>, Fault> {
    let mut lines = Vec::new();
    for account in accounts {
        for transfer in every_transfer(store, account).await? {
            lines.push((transfer.at, account, transfer));
        }
    }
    // Those of one moment stay in the order of the accounts, and of the books within one.
    lines.sort_by_key(|(at, ..)| *at);
    let mut held = BTreeMap::<Account, i64>::new();
    let mut long = Vec::with_capacity(lines.len());
    for (at, account, transfer) in lines {
        let others: BTreeSet<Account> =
            transfer.lines.iter().map(|line| line.account).filter(|other| *other != account).collect();
        let others: Vec<String> = others.iter().map(Account::to_string).collect();
        for line in transfer.lines.iter().filter(|line| line.account == account) {
            let sum = held.entry(account).or_default();
            *sum = sum.saturating_add(line.credit.cents());
            long.push(LongLine {
                at: moment(at),
                account: account.to_string(),
                fact: transfer.kind.word().to_owned(),
                about: about(&transfer.reference),
                counter_accounts: others.join(" "),
                amount_kes: shillings(balance::on_its_side(account, line.credit.cents())),
                balance_kes: shillings(balance::on_its_side(account, *sum)),
                transfer: transfer.id,
            });
        }
    }
    Ok(long)
}

/// A long statement as a file; the first line names the columns.
pub fn sheet(lines: &[LongLine]) -> Sheet {
    let mut sheet = Sheet::new(&LongLine::COLUMNS);
    for line in lines {
        let LongLine { at, account, fact, about, counter_accounts, amount_kes, balance_kes, transfer } = line;
        sheet.line(&[at, account, fact, about, counter_accounts, amount_kes, balance_kes, transfer]);
    }
    sheet
}

/// The accounts of whoever has this phone; `None` when it is nobody's here.
///
/// # Errors
/// The store's.
pub async fn accounts_behind(store: &dyn Store, phone: Msisdn) -> Result<Option<[Account; 6]>, Fault> {
    let row = store.read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
    Ok(row.and_then(|row| PartyId::from_octets(&row.octets())).map(accounts_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_their_cents_and_their_sign() {
        let said = |cents| shillings(Kes::minor(cents));
        assert_eq!(
            (said(85_000).as_str(), said(-5).as_str(), said(-12_050).as_str()),
            ("850.00", "-0.05", "-120.50")
        );
    }

    #[test]
    fn a_file_names_its_columns_even_when_nothing_moved_and_keeps_commas_inside_a_field() {
        let head = "at,account,fact,about,counter_accounts,amount_kes,balance_kes,transfer\n";
        assert_eq!(sheet(&[]).text(), head.as_bytes());
        let line = LongLine {
            at: moment(Timestamp::from_millis(0)),
            account: "margin".into(),
            fact: "by_hand".into(),
            about: "paper/K-7, second".into(),
            counter_accounts: "bank".into(),
            amount_kes: "1.00".into(),
            balance_kes: "1.00".into(),
            transfer: TransferId::derived("one"),
        };
        let file = String::from_utf8(sheet(&[line]).text()).expect("text");
        assert!(
            file.starts_with(&format!(
                "{head}1970-01-01 03:00,margin,by_hand,\"paper/K-7, second\",bank,1.00,"
            )),
            "{file}"
        );
    }
}
