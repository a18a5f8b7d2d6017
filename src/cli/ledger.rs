//! `sokoni ledger`: the books of a data folder.

mod verify;

use super::place::Place;
use crate::engine::desk::books::statement;
use crate::engine::recon;
use crate::ledger::{Account, balance};
use crate::store::Store;
use crate::types::{Kes, Msisdn};
use clap::{Args, Subcommand};
use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

/// The books of a data folder: trial balance, statements, proof
#[derive(Debug, Clone, Args)]
pub struct LedgerArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Every account with its balance; they add up to zero
    TrialBalance {
        #[command(flatten)]
        folder: Folder,
    },
    /// Every movement of one account, or of all accounts of a person, oldest first
    Statement {
        /// The account, as the trial balance names it (margin, artisan:<id>), or a person's phone
        of: Of,
        /// A file of comma-separated values: date, account, fact, counter-accounts, amount, balance
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// The trial balance with which each day ended, newest first; each adds up to zero
    Days {
        /// One day alone, with its kinds of accounts: 2026-11-23
        #[arg(long, value_name = "DAY")]
        day: Option<String>,
        #[command(flatten)]
        folder: Folder,
    },
    /// Prove that nothing in the books was edited, left out or slipped in
    ///
    /// Follows the journal's chain of hashes, writes every transfer anew by the books' own rules, and
    /// compares the outcome with what is stored. It prints a seal; kept elsewhere, the seal proves
    /// later that history up to it is still the same.
    Verify {
        /// A seal printed before, COUNT:HASH:MONEY; may be given again for further ones
        #[arg(long, value_name = "SEAL")]
        seal: Vec<verify::Seal>,
        #[command(flatten)]
        folder: Folder,
    },
}

/// Whose statement.
#[derive(Debug, Clone)]
enum Of {
    Account(Account),
    Person(Msisdn),
}

impl FromStr for Of {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let account = text.parse().map(Self::Account);
        account.or_else(|_| Msisdn::parse_kenyan(text).map(Self::Person)).map_err(|_| {
            "neither an account, as the trial balance names it, nor a phone such as 0712345678".to_owned()
        })
    }
}

#[derive(Debug, Clone, Args)]
struct Folder {
    #[command(flatten)]
    place: Place,
    /// Answer in JSON, sums in cents
    #[arg(long)]
    json: bool,
}

/// Does it.
pub async fn run(args: LedgerArgs) -> ExitCode {
    let result = match args.what {
        What::TrialBalance { folder } => trial_balance(&folder).await,
        What::Days { day, folder } => days(day.as_deref(), &folder).await,
        What::Statement { of, csv, folder } => statement(of, csv, &folder).await,
        What::Verify { seal, folder } => match open(&folder).await {
            Ok(store) => verify::verify(&*store, &seal, folder.json, &mut std::io::stdout().lock()).await,
            Err(why) => Err(why),
        },
    };
    result.unwrap_or_else(|why| {
        eprintln!("{why}");
        ExitCode::FAILURE
    })
}

async fn open(folder: &Folder) -> Result<Arc<dyn Store>, String> {
    Ok(folder.place.open().await?.store)
}

async fn trial_balance(folder: &Folder) -> Result<ExitCode, String> {
    let store = open(folder).await?;
    let sums = crate::engine::audit::sums(&*store).await.map_err(|why| why.to_string())?;
    let residue = balance::residue(sums.iter().map(|(_, sum)| *sum));
    let rows = balance::trial_balance(sums);
    if folder.json {
        let json: Vec<_> = rows
            .iter()
            .map(|row| {
                serde_json::json!({
                    "account": row.account.to_string(), "side": row.side.word(), "cents": row.balance.cents(),
                })
            })
            .collect();
        println!("{}", serde_json::json!({ "rows": json, "sum": residue }));
    } else {
        for row in &rows {
            println!("{:<44} {:<10} {:>16}", row.account.to_string(), row.side.word(), cents(row.balance));
        }
        println!("{:<44} {:<10} {:>16}", "sum of all accounts", "", cents(Kes::minor(residue as i64)));
    }
    Ok(if residue == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn days(day: Option<&str>, folder: &Folder) -> Result<ExitCode, String> {
    let store = open(folder).await?;
    let mut days = recon::days::kept(&*store).await.map_err(|why| why.to_string())?;
    days.retain(|one| day.is_none_or(|day| one.day == day));
    if let (Some(day), true) = (day, days.is_empty()) {
        return Err(format!("no trial balance of {day} is kept; `sokoni ledger days` lists those that are"));
    }
    if folder.json {
        println!("{}", serde_json::json!(days));
    }
    for one in days.iter().filter(|_| !folder.json) {
        let (debits, credits, left) = (cents(one.debits), cents(one.credits), cents(one.sum));
        println!("{}  debits {debits:>16}  credits {credits:>16}  left over {left}", one.day);
        for kind in one.kinds.iter().filter(|_| day.is_some()) {
            println!(
                "  {:<20} {:<10} {:>6} {:>16}",
                kind.family,
                kind.side,
                kind.accounts,
                cents(kind.balance)
            );
        }
    }
    let sound = days.iter().all(|one| one.sum == Kes::ZERO);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn statement(of: Of, csv: bool, folder: &Folder) -> Result<ExitCode, String> {
    let store = open(folder).await?;
    let accounts = match of {
        Of::Account(account) => vec![account],
        Of::Person(phone) => {
            let hers = statement::accounts_behind(&*store, phone).await.map_err(|why| why.to_string())?;
            hers.ok_or_else(|| format!("nobody here has the phone {phone}"))?.to_vec()
        }
    };
    if csv {
        let lines = statement::long(&*store, accounts).await.map_err(|why| why.to_string())?;
        let file = statement::sheet(&lines).text();
        std::io::stdout().write_all(&file).map_err(|why| why.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let one = accounts.len() == 1;
    for account in accounts {
        let transfers = statement::every_transfer(&*store, account).await.map_err(|why| why.to_string())?;
        // A person has the accounts in which something moved.
        if one || !transfers.is_empty() {
            show(account, &balance::statement(account, transfers.iter()), folder.json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One account: in JSON, a line for each.
fn show(account: Account, lines: &[balance::StatementLine], json: bool) {
    if json {
        let json: Vec<_> = lines
            .iter()
            .map(|line| {
                serde_json::json!({
                    "at": line.at, "transfer": line.transfer, "kind": line.kind, "reference": line.reference,
                    "cents": line.amount.cents(), "balance": line.balance.cents(),
                })
            })
            .collect();
        println!("{}", serde_json::json!({ "account": account.to_string(), "lines": json }));
        return;
    }
    println!("{account}");
    for line in lines {
        println!(
            "{}  {:<22} {:>14} {:>14}",
            statement::moment(line.at),
            line.kind.word(),
            cents(line.amount),
            cents(line.balance)
        );
    }
}

/// A sum with its cents, always two of them, so that columns stand straight.
fn cents(sum: Kes) -> String {
    let text = sum.to_string();
    if sum.is_whole() { format!("{text}.00") } else { text }
}
