//! `sokoni ledger verify`: proof of the books from the journal alone.

use crate::engine::audit::Ledger;
use crate::store::Store;
use crate::store::journal::Head;
use crate::store::verify::{Rederive, compare, walk};
use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;

/// How many rows that differ are listed.
const MOST: usize = 100;

/// Where a journal stood: so many records, the last of which had this hash, with transfers of this
/// digest. Whoever rewrites the journal from some record on, hashes and all, cannot keep the seals of
/// later ones; whoever replaces words of a record, as when somebody is forgotten, keeps its hash, and
/// cannot move money with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    records: u64,
    hash: [u8; 32],
    /// Seals of older versions do not speak of it.
    money: Option<[u8; 32]>,
}

/// How far a seal held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// So many records are not there at all.
    Early,
    /// Its record has another hash.
    Hash,
    /// The hash is right, and the transfers are others.
    Money,
    Yes,
    /// Its hash did, but it does not speak of the transfers of so many records replaced since.
    But(u64),
}

impl Seal {
    /// How it holds after the record that it is about.
    fn holds(&self, hash: [u8; 32], money: [u8; 32], replaced: u64) -> Held {
        match self.money {
            _ if self.hash != hash => Held::Hash,
            Some(sealed) if sealed != money => Held::Money,
            None if replaced > 0 => Held::But(replaced),
            _ => Held::Yes,
        }
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.records)?;
        for digest in std::iter::once(&self.hash).chain(&self.money) {
            write!(f, ":")?;
            digest.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        Ok(())
    }
}

impl FromStr for Seal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut parts = text.split(':');
            let records = parts.next()?.parse().ok().filter(|records| *records > 0)?;
            let hash = digest(parts.next()?)?;
            let money = parts.next().map(|text| digest(text).ok_or(())).transpose().ok()?;
            parts.next().is_none().then_some(Self { records, hash, money })
        };
        read().ok_or_else(|| {
            "a seal is the number of records, a colon and 64 hexadecimal digits, and once more a colon and 64, as \
             this command prints it"
                .to_owned()
        })
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let octets: Vec<u8> = pairs.iter().map(octet).collect::<Option<_>>()?;
    octets.try_into().ok().filter(|_| rest.is_empty())
}

/// Proves the books of a store and tells what it found: success when they are whole and every seal
/// holds.
pub async fn verify(
    store: &dyn Store, seals: &[Seal], json: bool, out: &mut impl Write,
) -> Result<ExitCode, String> {
    let mut ledger = Ledger::default();
    let mut held = vec![Held::Early; seals.len()];
    let mut replaced = 0;
    let head = walk(store, &mut |record| {
        replaced += u64::from(record.is_redacted());
        ledger.record(record)?;
        for (seal, held) in seals.iter().zip(&mut held).filter(|(seal, _)| seal.records == record.number + 1)
        {
            *held = seal.holds(record.hash(), ledger.money(), replaced);
        }
        Ok(())
    })
    .await
    .map_err(|why| why.to_string())?;
    let differences = compare(store, &ledger.prefixes(), &Rederive::rows(&mut ledger), MOST).await;
    let differences = differences.map_err(|why| why.to_string())?;
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let broken: Vec<String> = seals
        .iter()
        .zip(&held)
        .filter(|(_, held)| matches!(held, Held::Early | Held::Hash | Held::Money))
        .map(|(seal, _)| seal.to_string())
        .collect();
    let books = ledger.books();
    let (transfers, accounts) = (books.transfers().count(), books.sums().count());
    let seal = Seal { records: head.records, hash: head.hash, money: Some(ledger.money()) };
    let whole = differences.is_empty() && broken.is_empty();
    let written = if json {
        writeln!(
            out,
            "{}",
            serde_json::json!({
                "whole": whole, "records": head.records, "transfers": transfers, "accounts": accounts,
                "sum": books.residue() as i64, "differences": differences, "broken_seals": broken,
                "seal": seal.to_string(),
            })
        )
    } else {
        let mut text: String = differences.iter().map(|line| format!("{line}\n")).collect();
        if differences.is_empty() {
            let how = if whole { "whole" } else { "whole in themselves" };
            text.push_str(&format!(
                "{how}: {transfers} transfers over {accounts} accounts, told by {} records; every sum agrees\n",
                head.records
            ));
        }
        if whole {
            text.push_str(&format!("seal {seal}\n"));
        }
        for (sealed, held) in seals.iter().zip(&held) {
            text.push_str(&verdict(sealed, *held, &head));
        }
        out.write_all(text.as_bytes())
    };
    written.map_err(|why| why.to_string())?;
    match whole {
        true => Ok(ExitCode::SUCCESS),
        false if differences.is_empty() => {
            Err("the books agree with their journal; a seal does not fit them: \
             check that it was typed whole and is of these books, then what became of them since"
                .to_owned())
        }
        false => Err("the books are not what the journal tells; restore a backup that is whole".to_owned()),
    }
}

/// What came of one seal, in a line.
fn verdict(seal: &Seal, held: Held, head: &Head) -> String {
    let records = seal.records;
    let typed = "check that it was typed whole and is of these books; if it is,";
    match held {
        Held::Yes => format!("the seal {seal} holds: nothing up to record {records} was edited\n"),
        Held::But(replaced) => format!(
            "the seal {seal} holds, and is an older version's: it does not prove the transfers of {replaced} records \
             whose words were replaced since\n"
        ),
        Held::Early => format!(
            "the seal {seal} does not fit: it is about {records} records, and there are {}; {typed} the end of \
             the books is missing\n",
            head.records
        ),
        Held::Hash => format!(
            "the seal {seal} does not fit: record {records} of these books has another hash; {typed} history \
             before it was edited\n"
        ),
        Held::Money => format!(
            "the seal {seal} does not fit: the hash of record {records} agrees, and the transfers up to it have \
             another digest; {typed} money was moved in history\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::{Cause, Record};
    use crate::ledger::{Fact, post};
    use crate::store::batch::{Batch, Expect};
    use crate::store::memory::Memory;
    use crate::store::sled::{DEFAULT_CACHE, Sled};
    use crate::store::{codec, keys};
    use crate::types::{Kes, Timestamp};

    /// Opening money of these sums, in shillings, as the engine would write it.
    async fn opened(sums: &[i64]) -> Memory {
        let store = Memory::new();
        open_with(&store, sums).await;
        store
    }

    async fn open_with(store: &dyn Store, sums: &[i64]) {
        for (at, sum) in sums.iter().enumerate() {
            let now = Timestamp::from_millis(at as i64);
            let fact = Fact::Opened { paper: format!("paper {at}"), amount: Kes::major(*sum) };
            let transfer = post(&fact, now).expect("a transfer");
            let mut batch = Batch::default();
            batch.put(keys::transfer(transfer.id), Expect::Absent, codec::encode(&transfer));
            for (account, net) in transfer.net() {
                batch.add(keys::balance(&account.to_string()), net, account.floor());
                let line = crate::engine::audit::statement_line(account, &transfer);
                batch.put(line, Expect::Absent, codec::encode(&transfer.id));
            }
            let cause = Cause::Desk("opening money".to_owned());
            let (events, transfers) = (Vec::new(), vec![transfer]);
            let record = Record { at: now, cause, events, transfers, changes: Vec::new(), redacts: None };
            batch.journal.push(record.encode());
            store.commit(batch).await.expect("committed");
        }
    }

    async fn said(store: &Memory, seals: &[Seal]) -> (String, Result<ExitCode, String>) {
        let mut out = Vec::new();
        let done = verify(store, seals, false, &mut out).await;
        (String::from_utf8(out).expect("text"), done)
    }

    fn seal(said: &str) -> Seal {
        let line = said.lines().find_map(|line| line.strip_prefix("seal ")).expect("a seal");
        line.parse().expect("a seal")
    }

    #[tokio::test]
    async fn books_that_nobody_touched_are_whole_and_their_seal_holds_ever_after() {
        let (first, done) = said(&opened(&[500]).await, &[]).await;
        assert!(done.is_ok() && first.starts_with("whole: 1 transfers over 2 accounts"), "{first}");
        let (later, done) = said(&opened(&[500, 70]).await, &[seal(&first)]).await;
        assert!(done.is_ok() && later.starts_with("whole: 2 transfers"), "{later}");
        assert!(later.ends_with(" holds: nothing up to record 1 was edited\n"), "{later}");
    }

    #[tokio::test]
    async fn a_seal_that_was_mistyped_is_not_called_a_fault_of_the_books() {
        let store = opened(&[500]).await;
        let sealed = seal(&said(&store, &[]).await.0);
        let hash = sealed.hash.map(|octet| !octet);
        for (wrong, what) in [
            (Seal { hash, ..sealed.clone() }, "record 1 of these books has another hash"),
            (Seal { money: Some(hash), ..sealed.clone() }, "have another digest"),
            (Seal { records: 7, ..sealed.clone() }, "it is about 7 records, and there are 1"),
        ] {
            let (told, done) = said(&store, &[wrong]).await;
            assert!(told.contains(what) && told.contains("typed whole"), "{told}");
            let why = done.expect_err("does not fit");
            assert!(why.starts_with("the books agree with their journal"), "{why}");
        }
    }

    /// The store itself lets nobody edit its journal: whoever does goes past it, to the file.
    #[tokio::test]
    async fn a_sum_edited_in_the_journal_is_detected() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Sled::open(folder.path(), DEFAULT_CACHE).expect("a store");
        open_with(&store, &[500, 70]).await;
        drop(store);
        let file = ::sled::open(folder.path().join("sled")).expect("the same file");
        let key = keys::journal(1, 0);
        let mut row = file.get(&key).expect("read").expect("a row").to_vec();
        // Both of its lines, so that the transfer still balances.
        while let Some(at) = row.windows(5).position(|octets| octets == b"50000") {
            row[at] = b'9';
        }
        file.insert(&key, row).expect("edited");
        file.flush().expect("written");
        drop(file);
        let store = Sled::open(folder.path(), DEFAULT_CACHE).expect("a store");
        let why = verify(&store, &[], false, &mut Vec::new()).await.expect_err("detected");
        assert_eq!(
            why,
            "the journal is not whole: record 1 (commit 2) does not follow from the record before it"
        );
    }

    #[tokio::test]
    async fn a_balance_edited_beside_the_journal_is_detected() {
        let store = opened(&[500]).await;
        let mut batch = Batch::default();
        batch.add(keys::balance("bank"), -100, None);
        store.commit(batch).await.expect("edited");
        let (said, done) = said(&store, &[]).await;
        assert!(done.is_err() && said.contains("Bbank: the journal says the sum -50000"), "{said}");
    }

    #[tokio::test]
    async fn a_history_written_anew_with_all_its_hashes_breaks_the_seal() {
        let (honest, _) = said(&opened(&[500, 70]).await, &[]).await;
        let forged = opened(&[900, 70]).await;
        assert!(said(&forged, &[]).await.1.is_ok(), "it is whole in itself");
        let (told, done) = said(&forged, &[seal(&honest)]).await;
        assert!(done.is_err() && told.contains("history before it was edited"), "{told}");
        assert!(told.starts_with("whole in themselves: ") && !told.contains("\nseal "), "{told}");
    }

    #[tokio::test]
    async fn money_moved_under_the_same_hashes_breaks_the_seal_too() {
        let (honest, _) = said(&opened(&[500, 70]).await, &[]).await;
        let sealed = seal(&honest);
        let other = seal(&said(&opened(&[900, 70]).await, &[]).await.0);
        assert_eq!(sealed.holds(sealed.hash, sealed.money.expect("of money"), 9), Held::Yes);
        assert_eq!(sealed.holds(sealed.hash, other.money.expect("of money"), 9), Held::Money);
        let older = Seal { money: None, ..sealed.clone() };
        assert_eq!(older.to_string().parse(), Ok(older.clone()));
        assert_eq!(older.holds(sealed.hash, other.money.expect("of money"), 0), Held::Yes);
        assert_eq!(older.holds(sealed.hash, other.money.expect("of money"), 9), Held::But(9));
    }

    #[test]
    fn what_is_no_seal_is_told_what_one_looks_like() {
        let whole = format!("3:{}", "0".repeat(64));
        let (more, four) = (format!("{whole}:00"), format!("{whole}:{0}:{0}", "0".repeat(64)));
        for text in ["", "3", "0:00", "3:zz", "x:00", &format!("3:{}", "0".repeat(63)), &more, &four] {
            assert!(text.parse::<Seal>().expect_err(text).contains("64 hexadecimal digits"));
        }
    }
}
