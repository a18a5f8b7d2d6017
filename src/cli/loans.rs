//! `sokoni loans`: loans between the desk of a running service and the lending site, in files that
//! people and other programs read.

use super::{json, printed, table};
use crate::cli::menu::records::{AtDesk, Desk};
use crate::engine::loans::desk::{LoanRow, LoanWish, PromptRow, RepaymentRow};
use crate::types::{LoanId, PromptId};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io;
use std::process::ExitCode;

/// Loans of a running service: the files for the lending site, and what it tells us
#[derive(Debug, Clone, Args)]
pub struct LoansArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of CSV; sums in cents
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// All loans and where they stand, newest first
    ///
    /// asked, endorsed, shown, funded, agreed, sent, repaying, repaid; stopped before she had it; lost:
    /// nobody will pay the rest, and the house pays it to the lenders.
    List,
    /// Endorsed loans that are not funded yet, for the lending site; they count as shown to lenders then
    Export,
    /// A liaison stands by a loan
    Endorse {
        /// The loan, as the list names it
        loan: LoanId,
        /// The liaison's name
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Lenders gave all of it, and the money is in the bank: she is asked to agree
    Fund {
        /// The loan, as the list names it
        loan: LoanId,
        /// The lending site's reference
        #[arg(long, value_name = "REFERENCE")]
        paper: String,
        /// How many people lent it
        #[arg(long, value_name = "COUNT")]
        lenders: u32,
        /// In how many countries they live
        #[arg(long, value_name = "COUNT")]
        countries: u32,
    },
    /// Sends her a message of her lenders, at most 110 letters
    Note {
        /// The loan, as the list names it
        loan: LoanId,
        /// What they write
        text: String,
    },
    /// The messages of all loans, hers too, oldest first
    Notes,
    /// A loan that she has not agreed to will not go on; what lenders gave goes back to them
    Stop {
        /// The loan, as the list names it
        loan: LoanId,
    },
    /// Prompts on their phones to pay some of a loan from mobile money: those of which something is to be
    /// asked or decided, oldest first
    ///
    /// asked, shown: they may be answered; claimed: somebody posted that she paid, and the provider is asked;
    /// unheard: nobody tells; odd: two people decide (sokoni approvals ask prompt); paid, ended.
    Prompts {
        /// All prompts
        #[arg(long)]
        all: bool,
    },
    /// What is to go back to lenders, release by release
    Repayments {
        /// Records that all of it goes back now, under this reference; the same again is the same file
        #[arg(long, value_name = "REFERENCE", conflicts_with = "of")]
        remit: Option<String>,
        /// What went back under this reference
        #[arg(long, value_name = "REFERENCE")]
        of: Option<String>,
    },
}

/// Does it.
pub async fn run(args: LoansArgs) -> ExitCode {
    printed(answer(&args).await)
}

/// A loan as the list has it.
#[derive(Serialize)]
struct Listed<'a> {
    loan: LoanId,
    state: &'a str,
    artisan: &'a str,
    amount_kes: String,
    left_kes: String,
    purpose: &'a str,
    endorsed_by: &'a str,
    paper: &'a str,
    failed: &'a str,
}

/// A prompt as the list has it.
#[derive(Serialize)]
struct Prompted<'a> {
    prompt: PromptId,
    state: &'a str,
    artisan: &'a str,
    amount_kes: String,
    via: &'a str,
    asked: i64,
    receipt: &'a str,
    checkout: &'a str,
    why: &'a str,
    advice: &'a str,
}

fn prompted(row: &PromptRow) -> Prompted<'_> {
    Prompted {
        prompt: row.prompt,
        state: &row.state,
        artisan: &row.artisan,
        amount_kes: plain(row.amount.cents()),
        via: &row.via,
        asked: row.asked.millis(),
        receipt: row.receipt.as_deref().unwrap_or_default(),
        checkout: row.checkout.as_deref().unwrap_or_default(),
        why: &row.why,
        advice: &row.advice,
    }
}

/// A loan as the lending site wants it.
#[derive(Serialize)]
struct Exported<'a> {
    loan: LoanId,
    artisan: &'a str,
    area: &'a str,
    amount_kes: String,
    purpose: &'a str,
    share_percent: String,
    sold_kes: String,
    endorsed_by: &'a str,
    story: &'a str,
}

/// A message as the lending site wants it.
#[derive(Serialize)]
struct Message<'a> {
    paper: &'a str,
    artisan: &'a str,
    from: &'a str,
    at: i64,
    text: &'a str,
}

/// A repayment as the lending site wants it.
#[derive(Serialize)]
struct Repaid<'a> {
    paper: &'a str,
    artisan: &'a str,
    order: &'a str,
    release: u32,
    day: &'a str,
    amount_kes: String,
}

/// Hundredths as a plain number that spreadsheets add up: `1250.50`.
fn plain(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn listed(row: &LoanRow) -> Listed<'_> {
    Listed {
        loan: row.loan,
        state: &row.state,
        artisan: &row.artisan,
        amount_kes: plain(row.amount.cents()),
        left_kes: plain(row.left.cents()),
        purpose: &row.purpose,
        endorsed_by: row.endorsed_by.as_deref().unwrap_or_default(),
        paper: row.paper.as_deref().unwrap_or_default(),
        failed: row.failed.as_deref().unwrap_or_default(),
    }
}

fn exported(row: &LoanRow) -> Exported<'_> {
    Exported {
        loan: row.loan,
        artisan: &row.artisan,
        area: &row.area,
        amount_kes: plain(row.amount.cents()),
        purpose: &row.purpose,
        share_percent: plain(i64::from(row.share_bp)),
        sold_kes: plain(row.sold.cents()),
        endorsed_by: row.endorsed_by.as_deref().unwrap_or_default(),
        story: &row.story,
    }
}

fn messages(row: &LoanRow) -> impl Iterator<Item = Message<'_>> {
    let paper = row.paper.as_deref().unwrap_or_default();
    row.notes.iter().map(move |note| Message {
        paper,
        artisan: &row.artisan,
        from: &note.from,
        at: note.at.millis(),
        text: &note.text,
    })
}

fn repaid(row: &RepaymentRow) -> Repaid<'_> {
    Repaid {
        paper: &row.paper,
        artisan: &row.artisan,
        order: &row.order,
        release: row.release,
        day: &row.day,
        amount_kes: plain(row.cents),
    }
}

async fn answer(args: &LoansArgs) -> io::Result<String> {
    const LOANS: &str = "/desk/api/loans";
    const REPAYMENTS: &str = "/desk/api/loans/repayments";
    let desk = args.at.open()?;
    let wish = match args.what.clone() {
        What::List => {
            let rows: Vec<LoanRow> = desk.get(LOANS).await?;
            return if args.json { json(&rows) } else { table(rows.iter().map(listed)) };
        }
        What::Notes => {
            let rows: Vec<LoanRow> = desk.get(LOANS).await?;
            let notes = rows.iter().rev().flat_map(messages);
            return if args.json { json(&notes.collect::<Vec<_>>()) } else { table(notes) };
        }
        What::Prompts { all } => {
            let rows: Vec<PromptRow> = desk.get(&format!("{LOANS}/prompts?all={all}")).await?;
            return if args.json { json(&rows) } else { table(rows.iter().map(prompted)) };
        }
        What::Export => return export(&desk, LOANS, args.json).await,
        What::Repayments { remit, of } => {
            let rows: Vec<RepaymentRow> = match (remit, of) {
                (Some(paper), _) => desk.post(REPAYMENTS, &serde_json::json!({ "paper": paper })).await?,
                (None, Some(paper)) => {
                    let asked: String = form_urlencoded::byte_serialize(paper.as_bytes()).collect();
                    desk.get(&format!("{REPAYMENTS}?paper={asked}")).await?
                }
                (None, None) => desk.get(REPAYMENTS).await?,
            };
            return if args.json { json(&rows) } else { table(rows.iter().map(repaid)) };
        }
        What::Endorse { loan, by } => LoanWish::Endorse { loan, by },
        What::Fund { loan, paper, lenders, countries } => LoanWish::Fund { loan, paper, lenders, countries },
        What::Note { loan, text } => LoanWish::Note { loan, text },
        What::Stop { loan } => LoanWish::Stop { loan },
    };
    let row: LoanRow = desk.post(LOANS, &wish).await?;
    if args.json { json(&row) } else { table([listed(&row)].into_iter()) }
}

/// What lenders may see; only then it counts as shown. A file that is lost is asked for again: until a
/// loan is funded, it stands in every export.
async fn export(desk: &Desk<'_>, loans: &str, as_json: bool) -> io::Result<String> {
    let rows: Vec<LoanRow> = desk.get(loans).await?;
    let rows: Vec<&LoanRow> =
        rows.iter().filter(|row| matches!(row.state.as_str(), "endorsed" | "shown")).collect();
    for row in rows.iter().filter(|row| row.state == "endorsed") {
        let _: LoanRow = desk.post(loans, &LoanWish::Show { loan: row.loan }).await?;
    }
    let rows = rows.iter().map(|row| exported(row));
    if as_json { json(&rows.collect::<Vec<_>>()) } else { table(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_repayments_has_a_line_of_names_and_plain_sums() {
        let row = RepaymentRow {
            paper: "K-7, second".into(),
            artisan: "Wanjiku".into(),
            order: "482108".into(),
            release: 1,
            day: "2026-12-31".into(),
            cents: 200_005,
        };
        let file = table([repaid(&row)].into_iter()).expect("a file");
        let wanted = "paper,artisan,order,release,day,amount_kes\n\"K-7, second\",Wanjiku,482108,1,2026-12-31,2000.05\n";
        assert_eq!(file, wanted);
    }
}
