//! What moved in somebody's purse, in one SMS.

use super::Engine;
use super::actions::Outcome;
use super::view::{purse, read};
use super::work::{Fault, Work};
use crate::ledger::{Purse, Reference, Transfer};
use crate::market::Party;
use crate::market::cash::Cash;
use crate::menu::value::{Record, Value};
use crate::store::{codec, keys};
use crate::types::{Kes, Lang};
use std::collections::BTreeMap;

/// The most letters of movements in one SMS; the vocabulary's width of `statement.lines`.
pub(super) const LINES: usize = 100;

impl Engine {
    /// `wallet.statement`: her last movements, as many as one SMS holds, and what is ready now.
    pub(super) async fn statement(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        let entries = entries(work, purse(me)).await?;
        if entries.is_empty() {
            return Ok(("none", vec![Value::Record(self.wallet(work, me).await?)]));
        }
        let edition = self.menus.edition();
        let words = edition.catalogue.words();
        let in_lang = |lang: &Lang| {
            let mut lines = String::new();
            for entry in &entries {
                let shown =
                    |field| entry.fields.get(field).map(|value| words.show(value, *lang)).unwrap_or_default();
                let line =
                    format!("{} {}{} {}", shown("date"), shown("sign"), shown("amount"), shown("what"));
                let comma = if lines.is_empty() { "" } else { ", " };
                if lines.chars().count() + comma.len() + line.chars().count() > LINES {
                    break;
                }
                lines.push_str(comma);
                lines.push_str(&line);
            }
            (*lang, lines)
        };
        let lines: BTreeMap<Lang, String> = edition.catalogue.langs.iter().map(in_lang).collect();
        let free = Kes::minor(work.sum(purse(me).account()).await?);
        let shown = Record::new(
            "statement",
            me.id.to_string(),
            [("lines", Value::Texts(lines)), ("free", Value::Kes(free))],
        );
        Ok(("ok", vec![Value::Record(shown)]))
    }
}

/// The last movements of somebody's purse, newest first.
pub(super) async fn entries(work: &mut Work<'_>, purse: Purse) -> Result<Vec<Record>, Fault> {
    use crate::ledger::Kind;
    let account = purse.account();
    let lines = work.store().scan(keys::statements(&account.to_string()), None, 12, true).await?;
    let mut records = Vec::new();
    for (key, row) in lines {
        let id = codec::decode_row(&key, &row)?;
        let key = keys::transfer(id);
        let Some(row) = work.store().read(vec![key.clone()]).await?.into_iter().next().flatten() else {
            continue;
        };
        let transfer: Transfer = codec::decode_row(&key, &row)?;
        let cash = match transfer.reference {
            Reference::Payout(id) => read::<Cash>(work, id).await?.is_some(),
            _ => false,
        };
        let what = match transfer.kind {
            Kind::Released | Kind::MaterialsKept => "sale",
            Kind::PayoutReserved if cash => "cash",
            Kind::PayoutReserved | Kind::PayoutPaid | Kind::PayoutPaidLate | Kind::Received => "payout",
            Kind::PayoutFailed | Kind::PayoutReversed => "returned",
            Kind::LoanPaid | Kind::LoanReturnedLate | Kind::LoanUnlent => "loan",
            Kind::MadeGood | Kind::ByHand => "put_right",
            _ => "fee",
        };
        let mut push = |nth: usize, sum: i64, what: &str| {
            records.push(Record::new(
                "entry",
                format!("{}/{nth}", transfer.id),
                [
                    ("date", Value::Date(transfer.at)),
                    ("sign", Value::text(if sum < 0 { "-" } else { "+" })),
                    ("amount", Value::Kes(Kes::minor(sum.abs()))),
                    ("what", Value::word("posting", what)),
                ],
            ));
        };
        if transfer.kind == Kind::CashServed {
            // What was counted out, and the fee for it: a kiosk earns the one and gets back the other.
            let hers = transfer.lines.iter().filter(|line| line.account == account);
            for ((nth, line), what) in hers.enumerate().zip(["cash", "fee"]) {
                push(nth, line.credit.cents(), what);
            }
        } else {
            push(0, transfer.net().get(&account).copied().unwrap_or(0), what);
        }
    }
    Ok(records)
}
