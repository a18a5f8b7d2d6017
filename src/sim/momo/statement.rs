//! The double's list as the provider's own statement: comma-separated values in the columns that this
//! provider's portal has, the newest first, as most write it.

use super::Speaks;
use super::book::{Book, State, Transfer};
use super::push::Push;
use crate::types::Timestamp;
use crate::types::time::NAIROBI;

/// What the provider charges for a transfer, in shillings: the tariff that the house believes in.
const TARIFF: [(u64, u64); 3] = [(100, 0), (1_500, 5), (5_000, 9)];
const MOST: u64 = 11;

fn fee(shillings: u64) -> u64 {
    TARIFF.iter().find(|(up_to, _)| shillings <= *up_to).map_or(MOST, |(_, fee)| *fee)
}

/// What moved money.
#[derive(Clone, Copy)]
enum What<'a> {
    Out(&'a Transfer),
    Back(&'a Transfer),
    /// Somebody paid us from her phone so much.
    In(&'a Push, u64),
}

/// Something that moved, by the moment it did; what the account held after it.
struct Moved<'a> {
    at: Timestamp,
    what: What<'a>,
    balance: i64,
}

/// Everything that moved, oldest first.
fn moved<'a>(book: &'a Book, pushes: &'a [Push]) -> Vec<Moved<'a>> {
    let at = |millis: u64| Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    let mut all = Vec::new();
    for transfer in book.transfers() {
        all.push(Moved { at: at(transfer.at_ms), what: What::Out(transfer), balance: 0 });
        if transfer.reversed {
            all.push(Moved { at: at(transfer.reversed_at_ms), what: What::Back(transfer), balance: 0 });
        }
    }
    let brought = pushes.iter().filter_map(|push| Some((push, push.brought()?)));
    all.extend(brought.clone().map(|(push, sum)| Moved {
        at: at(push.at_ms),
        what: What::In(push, sum),
        balance: 0,
    }));
    all.sort_by_key(|one| (one.at, matches!(one.what, What::Back(_))));
    // What is set aside for transfers that are not decided has not left yet; fees have.
    let pending: u64 =
        book.transactions().filter(|one| one.state == State::Pending).map(|one| one.shillings).sum();
    let fees: u64 = book.transfers().iter().map(|transfer| fee(transfer.shillings)).sum();
    let came: u64 = brought.map(|(_, sum)| sum).sum();
    let mut held = whole(book.float_shillings() + pending + came) - whole(fees);
    for one in all.iter_mut().rev() {
        one.balance = held;
        held += match one.what {
            What::Out(Transfer { shillings, .. }) => whole(*shillings) + whole(fee(*shillings)),
            What::Back(Transfer { shillings, .. }) => -whole(*shillings),
            What::In(_, sum) => -whole(sum),
        };
    }
    all
}

fn whole(shillings: u64) -> i64 {
    i64::try_from(shillings).unwrap_or(i64::MAX)
}

/// The receipt of what took a transfer back: ten characters of its own.
fn receipt_back(transfer: &Transfer) -> String {
    transfer.reference.replacen("SJK3", "SJR3", 1)
}

/// A moment in Nairobi, its parts joined so: `-` and a blank, or as ISO 8601 has it.
fn moment(at: Timestamp, iso: bool) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    let (time, second) = (at.hour_minute(NAIROBI), at.millis().div_euclid(1000).rem_euclid(60));
    match iso {
        true => format!("{year}-{month:02}-{day:02}T{time}:{second:02}+03:00"),
        false => format!("{year}-{month:02}-{day:02} {time}:{second:02}"),
    }
}

/// The statement in the provider's layout.
pub(super) fn csv(book: &Book, pushes: &[Push], speaks: Speaks) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head: &[&str] = match speaks {
        Speaks::Gsma => &[
            "transactionReference",
            "requestingOrganisationTransactionReference",
            "originalTransactionReference",
            "creationDate",
            "type",
            "transactionStatus",
            "creditParty",
            "amount",
            "fees",
            "balance",
        ],
        Speaks::Daraja => &[
            "Receipt No.",
            "Completion Time",
            "Initiation Time",
            "Details",
            "Transaction Status",
            "Paid In",
            "Withdrawn",
            "Balance",
            "Linked Transaction ID",
        ],
        Speaks::Mtn => &[
            "Id",
            "External Transaction Id",
            "Original Id",
            "Date",
            "Status",
            "Type",
            "From",
            "To",
            "Amount",
            "Fee",
            "Balance",
        ],
        Speaks::Airtel => &[
            "Transaction ID",
            "Reference No",
            "Original Transaction ID",
            "Transaction Date",
            "Transaction Type",
            "Transaction Status",
            "Receiver Mobile Number",
            "Transaction Amount",
            "Service Charge",
            "Post Balance",
        ],
    };
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|name| (*name).to_owned()).collect()];
    for one in moved(book, pushes).iter().rev() {
        rows.extend(match one.what {
            What::Out(transfer) => lines(one, (transfer, false), speaks),
            What::Back(transfer) => lines(one, (transfer, true), speaks),
            What::In(push, sum) => vec![line_in(one, push, sum)],
        });
    }
    for row in rows {
        // A list in memory takes whatever is written.
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Only Daraja asks people on their phones; it hides most of their numbers.
fn line_in(one: &Moved<'_>, push: &Push, sum: u64) -> Vec<String> {
    let (begin, end) = (push.msisdn.get(..6).unwrap_or_default(), push.msisdn.get(9..).unwrap_or_default());
    let details = format!("Pay Bill from {begin}***{end} - JINA LAKE Acc. Sokoni loan");
    let (at, balance) = (moment(one.at, false), one.balance.to_string());
    let (done, none) = ("Completed".to_owned(), String::new);
    vec![push.receipt.clone(), at.clone(), at, details, done, sum.to_string(), none(), balance, none()]
}

fn lines(one: &Moved<'_>, (transfer, back): (&Transfer, bool), speaks: Speaks) -> Vec<Vec<String>> {
    let Transfer { id, msisdn, shillings, reference, .. } = transfer;
    let at = moment(one.at, speaks == Speaks::Gsma);
    let (receipt, of) = match back {
        true => (receipt_back(transfer), reference.clone()),
        false => (reference.clone(), String::new()),
    };
    let charge = if back { 0 } else { fee(*shillings) };
    let (sum, charged, balance) = (shillings.to_string(), charge.to_string(), one.balance.to_string());
    let kind = |paid: &str, taken: &str| if back { taken } else { paid }.to_owned();
    let word = str::to_owned;
    match speaks {
        Speaks::Gsma => {
            let kind = kind("disbursement", "reversal");
            let done = word("completed");
            vec![vec![receipt, id.clone(), of, at, kind, done, msisdn.clone(), sum, charged, balance]]
        }
        Speaks::Mtn => {
            let (kind, done) = (kind("Transfer", "Reversal"), word("Successful"));
            let sum = if back { sum } else { format!("-{sum}") };
            let (from, to) = (word("FRI:sokoni/USER"), format!("FRI:{msisdn}/MSISDN"));
            vec![vec![receipt, id.clone(), of, at, done, kind, from, to, sum, charged, balance]]
        }
        Speaks::Airtel => {
            let (kind, done) = (kind("Disbursement", "Reversal"), word("Transaction Success"));
            vec![vec![receipt, id.clone(), of, at, kind, done, msisdn.clone(), sum, charged, balance]]
        }
        Speaks::Daraja => {
            let done = || word("Completed");
            let row = |details: String, paid_in: String, withdrawn: String, balance: i64| {
                let (receipt, of, balance) = (receipt.clone(), of.clone(), balance.to_string());
                vec![receipt, at.clone(), at.clone(), details, done(), paid_in, withdrawn, balance, of]
            };
            if back {
                return vec![row(
                    format!("Reversal of {reference} to {msisdn}"),
                    sum,
                    String::new(),
                    one.balance,
                )];
            }
            let (details, before) = (format!("Business Payment to {msisdn}"), one.balance + whole(charge));
            let paid = row(details, String::new(), format!("-{sum}"), before);
            let charged =
                row(word("Business Payment Charge"), String::new(), format!("-{charge}"), one.balance);
            // A transfer that is free has no line of its charge.
            if charge == 0 { vec![paid] } else { vec![charged, paid] }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Manners;
    use super::super::book::Transaction;
    use super::*;
    use crate::market::recon::file::{Layout, read};
    use crate::market::recon::{Line, LineKind};
    use crate::types::Kes;

    fn wish(id: &str, shillings: u64) -> Transaction {
        Transaction {
            id: id.to_owned(),
            msisdn: "254712345678".to_owned(),
            shillings,
            state: State::Pending,
            callback_url: String::new(),
            late_url: String::new(),
            external: String::new(),
            manners: Manners::default(),
        }
    }

    #[test]
    fn what_each_double_prints_is_read_by_the_layout_of_its_provider() {
        let mut book = Book::new(10_000);
        let monday = 1_795_000_000_000;
        for (nth, (id, shillings)) in
            [("a", 850), ("b", 50), ("c", 4_000), ("d", 100)].into_iter().enumerate()
        {
            assert!(book.take(wish(id, shillings)).is_ok());
            if id != "d" {
                book.decide(id, monday + 1_000 * nth as u64);
            }
        }
        assert!(book.reverse("a", monday + 60_000));
        for (speaks, name) in [
            (Speaks::Gsma, "mpesa"),
            (Speaks::Daraja, "daraja"),
            (Speaks::Mtn, "mtn"),
            (Speaks::Airtel, "airtel"),
        ] {
            let layout = Layout::of(name, &toml::Table::new()).expect("a layout");
            let text = csv(&book, &[], speaks);
            let sheet =
                read(text.as_bytes(), &layout, name).unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
            assert_eq!(sheet.gaps, 0, "{text}");
            // 850 and its fee of 5, 50 for nothing, 4,000 and 9; 850 came back; d is not decided.
            let left: i64 = sheet.lines.iter().map(Line::net).sum();
            assert_eq!(left, 406_400, "{text}");
            let (opening, closing) = sheet.balances.expect("balances");
            assert_eq!((opening, closing), (Kes::major(10_000), Kes::minor(1_000_000 - 406_400)), "{text}");
            let back: Vec<&Line> =
                sheet.lines.iter().filter(|line| line.kind == LineKind::Reversal).collect();
            assert_eq!(back.len(), 1, "{text}");
            let paid = sheet.lines.iter().find(|line| line.out == Kes::major(850)).expect("the payment");
            assert_eq!(back[0].of.as_deref(), Some(paid.receipt.as_str()), "{text}");
            assert!(
                sheet
                    .lines
                    .iter()
                    .all(|line| line.kind == LineKind::Charge || line.party.ends_with("712345678"))
            );
        }
    }
}
