//! `sokoni reconcile`: providers' statements against the books, by the desk of a running service.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::desk::books::statement::moment;
use crate::engine::recon::{CloseWish, DifferenceRow, FloatRow, StatementRow};
use crate::types::{DifferenceId, Kes};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

const STATEMENTS: &str = "/desk/api/reconcile/statements";
const DIFFERENCES: &str = "/desk/api/reconcile/differences";

const HELP: &str = "\
A statement is the provider's own list of what moved in our account, as CSV from
its portal. It is read whole or refused with the line and the column, held
against the books by receipt, by our id, and at last by party, sum and time
(which is only a proposal), and never moves money. What differs stays open until
somebody closes it with a reason. The same file again changes nothing. What the
columns are called stands in [reconcile.layouts.NAME] where a provider has
changed them.

Example:
  sokoni reconcile import --provider daraja statement.csv
  sokoni reconcile list
  sokoni reconcile close 5f0c... --why 'the float, filled on Monday'";

/// Providers' statements against the books: imported, compared, closed; how long the float lasts
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ReconcileArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of lines; sums in cents
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Reads a statement, holds it against the books, and keeps what differs
    Import {
        /// Whose statement it is, by the name of its table in [money]: mpesa, daraja, mtn, airtel
        #[arg(long, value_name = "NAME")]
        provider: String,
        /// The file
        file: PathBuf,
    },
    /// What differs and is open, oldest first, each with what to do
    List {
        /// What was closed, too
        #[arg(long)]
        all: bool,
    },
    /// Closes a difference with what it was, for good
    Close {
        /// Which, as the list names it
        difference: DifferenceId,
        /// What it was, at most 330 letters
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Every statement that was imported, newest first
    Statements,
    /// The float at every provider, and when it ends
    Float,
}

/// Does it.
pub async fn run(args: ReconcileArgs) -> ExitCode {
    printed(answer(&args).await)
}

fn shown<T: Serialize>(as_json: bool, rows: &T, text: impl FnOnce() -> String) -> io::Result<String> {
    if as_json { Ok(serde_json::to_string_pretty(rows)? + "\n") } else { Ok(text()) }
}

async fn answer(args: &ReconcileArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    match args.what.clone() {
        What::Import { provider, file } => {
            let named = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", file.display()));
            let octets = std::fs::read(&file).map_err(named)?;
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let asked = form_urlencoded::Serializer::new(String::new())
                .append_pair("provider", &provider)
                .append_pair("name", &name)
                .finish();
            let row: StatementRow = desk.send(&format!("{STATEMENTS}?{asked}"), octets).await?;
            shown(args.json, &row, || statement(&row))
        }
        What::List { all } => {
            let rows: Vec<DifferenceRow> = desk.get(&format!("{DIFFERENCES}?all={all}")).await?;
            shown(args.json, &rows, || rows.iter().map(difference).collect())
        }
        What::Close { difference: id, why } => {
            let row: DifferenceRow = desk.post(DIFFERENCES, &CloseWish { difference: id, why }).await?;
            shown(args.json, &row, || difference(&row))
        }
        What::Statements => {
            let rows: Vec<StatementRow> = desk.get(STATEMENTS).await?;
            shown(args.json, &rows, || rows.iter().map(statement).collect())
        }
        What::Float => {
            let rows: Vec<FloatRow> = desk.get("/desk/api/reconcile/floats").await?;
            shown(args.json, &rows, || rows.iter().map(float).collect())
        }
    }
}

fn statement(row: &StatementRow) -> String {
    let one = &row.statement;
    let mut text = format!(
        "{} {}, {} to {}: {} lines, brought by {}{}\n",
        one.provider,
        one.name,
        moment(one.from),
        moment(one.to),
        one.lines,
        one.by,
        if row.again { " before; nothing was done" } else { "" }
    );
    let found: Vec<String> =
        one.found.iter().map(|(class, count)| format!("{} {count}", class.word())).collect();
    let _ = writeln!(text, "  found: {}; open: {}", found.join(", "), row.open);
    if one.gaps > 0 {
        let _ = writeln!(text, "  {} balances do not follow: lines are missing from the file", one.gaps);
    }
    if let (Some(closing), Some(apart)) = (one.closing, row.apart) {
        let others =
            if one.others == Kes::ZERO { String::new() } else { format!(" and {} elsewhere", one.others) };
        let _ =
            writeln!(text, "  ends with KSh {closing}{others}; mm_float KSh {}; apart {apart}", one.books);
    }
    text
}

fn difference(row: &DifferenceRow) -> String {
    let one = &row.difference;
    let lines: Vec<String> = one.rows.iter().map(u64::to_string).collect();
    let mut text = format!("{} {} {} {}\n", one.id, one.provider, one.class.word(), moment(one.at));
    let payout = one.payout.map(|id| format!(", payout {id}")).unwrap_or_default();
    let line = if lines.is_empty() { String::new() } else { format!(", line {}", lines.join(" ")) };
    let _ = writeln!(text, "  {}{line}{payout}: {}", one.receipt, one.says);
    match &one.closed {
        Some(closed) => {
            let _ = writeln!(text, "  closed by {}: {}", closed.by, closed.why);
        }
        None => {
            let agrees = if row.agrees.is_some() { " (it agrees in a statement now)" } else { "" };
            let _ = writeln!(text, "  {}{agrees}", row.advice);
        }
    }
    text
}

fn float(row: &FloatRow) -> String {
    let holds = row.holds.map_or("not known".to_owned(), |holds| format!("KSh {holds} by its {}", row.by));
    let ends = row.ends.map_or("not foreseen".to_owned(), moment);
    let soon = if row.soon { ", soon" } else { "" };
    format!(
        "{}: {holds}; asked for KSh {} in {} payouts; left KSh {} in {} days; ends {ends}{soon}\n",
        row.provider, row.asked, row.waiting, row.left, row.days
    )
}
