//! `sokoni approvals`: what takes two people, by the desk of a running service.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::desk::approvals::{ApprovalRow, ApprovalWish, Entry, Fate, PromptFate, Wanted, shillings};
use crate::types::{ApprovalId, CaseId, Kes, LoanId, PayoutId, PromptId, SpokenCode};
use clap::{Args, Subcommand};
use std::io;
use std::process::ExitCode;

pub(super) const APPROVALS: &str = "/desk/api/approvals";

const HELP: &str = "\
One person asks, another approves with a key of her own; it is done in the
moment of the approval. Postings by hand must balance; no account of a person
can be taken below zero.

Example:
  sokoni approvals ask posting --why 'SMS of November' --line 'debit exp:sms 500.00' --line 'credit bank 500.00'
  sokoni approvals ask make-good --phone 0712345678 --ksh 850 --why 'your parcel was lost on the way'
  sokoni approvals ask payout 0199... --paid SJK3ABCDEF --why 'statement of 3 November, line 12'
  sokoni approvals approve 5f0c... --desk-key-file my.key";

/// What takes two people: postings by hand, payouts and prompts nobody tells of, lost loans, money we owe somebody
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
    /// Nobody will pay the rest of a loan: the house pays it to the lenders, and she owes nothing
    LoanLoss {
        /// The loan, as sokoni loans list names it
        loan: LoanId,
    },
    /// What became of a payout that its provider does not tell of, by the provider's statement
    Payout {
        /// Which, as the alarm and the desk's page of payouts name it
        payout: PayoutId,
        /// It was paid, with this receipt
        #[arg(long, value_name = "RECEIPT", conflicts_with_all = ["not_paid", "taken_back"])]
        paid: Option<String>,
        /// It was not paid and never will be: the money is hers again
        #[arg(long, conflicts_with = "taken_back")]
        not_paid: bool,
        /// It was paid and taken back since: the money is hers again
        #[arg(long, required_unless_present_any = ["paid", "not_paid"])]
        taken_back: bool,
    },
    /// What became of a prompt on her phone that its provider does not tell of, by the provider's statement
    Prompt {
        /// Which, as sokoni loans prompts names it
        prompt: PromptId,
        /// She paid, with this receipt; of one that is booked so already: it stands as it should
        #[arg(long, value_name = "RECEIPT", conflicts_with = "not_paid")]
        paid: Option<String>,
        /// How much came, in whole shillings, where it is not what she was asked for
        #[arg(long, value_name = "SUM", value_parser = sum, requires = "paid")]
        ksh: Option<Kes>,
        /// She did not pay by it, and cannot any more
        #[arg(long, required_unless_present = "paid")]
        not_paid: bool,
    },
    /// Money of ours for somebody to whom we owe it
    MakeGood {
        /// Her phone
        #[arg(long, value_name = "PHONE")]
        phone: String,
        /// How much, in shillings
        #[arg(long, value_name = "SUM", value_parser = sum, allow_hyphen_values = true)]
        ksh: Kes,
        /// The case that came to it, as sokoni cases list names it
        #[arg(long, value_name = "CASE")]
        case: Option<CaseId>,
    },
}

fn sum(text: &str) -> Result<Kes, String> {
    shillings(text).ok_or_else(|| "write a sum above nothing, as 1,250 or 1250.50".to_owned())
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
                Ask::Payout { payout, paid, not_paid, .. } => {
                    let fate = match (paid, not_paid) {
                        (Some(reference), _) => Fate::Paid { reference },
                        (None, true) => Fate::NotPaid,
                        (None, false) => Fate::TakenBack,
                    };
                    Wanted::Payout { payout, fate }
                }
                Ask::Prompt { prompt, paid, ksh, .. } => {
                    let fate =
                        paid.map_or(PromptFate::NotPaid, |receipt| PromptFate::Paid { receipt, came: ksh });
                    Wanted::Prompt { prompt, fate }
                }
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
