//! `sokoni ledger`: the books of a data folder.

use crate::ledger::{Account, Transfer, balance};
use crate::store::sled::{DEFAULT_CACHE, Sled};
use crate::store::{Store, codec, keys};
use crate::types::time::NAIROBI;
use crate::types::{Kes, TransferId};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The books of a data folder: trial balance, statements
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
    /// Every movement of one account, oldest first
    Statement {
        /// The account, as the trial balance names it: margin, artisan:<id>
        account: Account,
        #[command(flatten)]
        folder: Folder,
    },
}

#[derive(Debug, Clone, Args)]
struct Folder {
    /// The data folder; no other process may have it open
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Answer in JSON, sums in cents
    #[arg(long)]
    json: bool,
}

/// Does it.
pub async fn run(args: LedgerArgs) -> ExitCode {
    let result = match args.what {
        What::TrialBalance { folder } => trial_balance(&folder).await,
        What::Statement { account, folder } => statement(account, &folder).await,
    };
    result.unwrap_or_else(|why| {
        eprintln!("{why}");
        ExitCode::FAILURE
    })
}

fn open(folder: &Folder) -> Result<Sled, String> {
    if !Sled::is_in(&folder.data) {
        return Err(format!("{}: there is no store here", folder.data.display()));
    }
    Sled::open(&folder.data, DEFAULT_CACHE).map_err(|why| why.to_string())
}

async fn trial_balance(folder: &Folder) -> Result<ExitCode, String> {
    let store = open(folder)?;
    let sums = crate::engine::audit::sums(&store).await.map_err(|why| why.to_string())?;
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

async fn statement(account: Account, folder: &Folder) -> Result<ExitCode, String> {
    let store = open(folder)?;
    let mut transfers = Vec::new();
    let prefix = keys::statements(&account.to_string());
    let mut from = None;
    loop {
        let page = store.scan(prefix.clone(), from, 256, false).await.map_err(|why| why.to_string())?;
        let Some((last, _)) = page.last() else { break };
        from = Some(last.clone());
        for (key, row) in &page {
            let id: TransferId = codec::decode_row(key, row).map_err(|why| why.to_string())?;
            let key = keys::transfer(id);
            let rows = store.read(vec![key.clone()]).await.map_err(|why| why.to_string())?;
            let row = rows.into_iter().next().flatten().ok_or(format!("transfer {id} is missing"))?;
            transfers.push(codec::decode_row::<Transfer>(&key, &row).map_err(|why| why.to_string())?);
        }
    }
    let lines = balance::statement(account, transfers.iter());
    if folder.json {
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
    } else {
        println!("{account}");
        for line in lines {
            let (year, month, day) = line.at.civil(NAIROBI);
            let when = format!("{year}-{month:02}-{day:02} {}", line.at.hour_minute(NAIROBI));
            println!(
                "{when}  {:<22} {:>14} {:>14}",
                line.kind.word(),
                cents(line.amount),
                cents(line.balance)
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A sum with its cents, always two of them, so that columns stand straight.
fn cents(sum: Kes) -> String {
    let text = sum.to_string();
    if sum.is_whole() { format!("{text}.00") } else { text }
}
