//! `sokoni approvals`: what takes two people, by the desk of a running service.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::desk::approvals::{ApprovalRow, ApprovalWish, Entry, Wanted, shillings};
use crate::types::{ApprovalId, CaseId, Kes, LoanId, SpokenCode};
use clap::{Args, Subcommand};
use std::io;
use std::process::ExitCode;

pub(super) const APPROVALS: &str = "/desk/api/approvals";

const HELP: &str = "\
One person asks, another approves with a key of her own; it is done in the moment of the approval.
Postings by hand must balance; no account of a person can be taken below zero.

Example:
  sokoni approvals ask posting --why 'SMS of November' --line 'debit exp:sms 500.00' --line 'credit bank 500.00'
  sokoni approvals ask make-good --phone 0712345678 --ksh 850 --why 'your parcel was lost on the way'
  sokoni approvals approve 5f0c... --desk-key-file my.key";

/// What takes two people: postings by hand, lost loans, money we owe somebody, names that go
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ApprovalsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of words
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// All of them, newest first
    List,
    /// Asks for something; prints its name
    Ask {
        #[command(subcommand)]
        wanted: Ask,
        /// Why, at most 110 letters
        #[arg(long, global = true, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Approves what somebody else asked for: it is done now
    Approve {
        /// Which, as the list names it
        approval: ApprovalId,
    },
    /// Refuses it, or takes back what you asked for
    Refuse {
        /// Which, as the list names it
        approval: ApprovalId,
        /// Why, at most 110 letters
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

#[derive(Debug, Clone, Subcommand)]
enum Ask {
    /// Lines into the books that balance
    Posting {
        /// One line, as in: debit exp:sms 500.00
        #[arg(long, required = true, value_name = "LINE", value_parser = Entry::read)]
        line: Vec<Entry>,
    },
    /// Money back for pieces that had passed the check, beyond what one person may give
    Refund {
        /// The order: six digits
        #[arg(value_parser = super::orders::order_number)]
        order: SpokenCode,
        /// For how many pieces
        #[arg(long)]
        pieces: u32,
        /// A reference of its own: the same again is the same refund
        #[arg(long, value_name = "REFERENCE")]
        paper: String,
    },
    /// Nobody will pay the rest of a loan: it is our loss, and lenders have it back
    LoanLoss {
        /// The loan, as sokoni loans list names it
        loan: LoanId,
    },
    /// Money of ours for somebody to whom we owe it
    MakeGood {
        /// Her phone
        #[arg(long, value_name = "PHONE")]
        phone: String,
        /// How much, in shillings
        #[arg(long, value_name = "SUM", value_parser = sum)]
        ksh: Kes,
        /// The case that came to it, as sokoni cases list names it
        #[arg(long, value_name = "CASE")]
        case: Option<CaseId>,
    },
}

fn sum(text: &str) -> Result<Kes, String> {
    shillings(text).ok_or_else(|| "write the sum as 1,250 or 1250.50".to_owned())
}

/// Does it.
pub async fn run(args: ApprovalsArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &ApprovalsArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let wish = match args.what.clone() {
        What::List => None,
        What::Ask { wanted, why } => {
            let wanted = match wanted {
                Ask::Posting { line } => Wanted::Posting { lines: line },
                Ask::Refund { order, pieces, paper } => Wanted::Refund { order, pieces, paper },
                Ask::LoanLoss { loan } => Wanted::LoanLoss { loan },
                Ask::MakeGood { phone, ksh, case } => Wanted::MakeGood { phone, amount: ksh, case },
            };
            Some(ApprovalWish::Ask { wanted, why })
        }
        What::Approve { approval } => Some(ApprovalWish::Approve { approval }),
        What::Refuse { approval, why } => Some(ApprovalWish::Refuse { approval, why }),
    };
    let rows: Vec<ApprovalRow> = match wish {
        None => desk.get(APPROVALS).await?,
        Some(wish) => vec![desk.post(APPROVALS, &wish).await?],
    };
    match args.json {
        true => Ok(serde_json::to_string_pretty(&rows)? + "\n"),
        false => Ok(rows.iter().map(line).collect()),
    }
}

pub(super) fn line(row: &ApprovalRow) -> String {
    let ApprovalRow { approval, state, what, about, why, by, answer, .. } = row;
    let answered = row.answered_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let answer = if answer.is_empty() { String::new() } else { format!("; {answer}") };
    format!("{approval} {state}{answered}: {what}, {about}; {why} ({by}){answer}\n")
}
