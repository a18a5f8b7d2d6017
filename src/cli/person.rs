//! `sokoni person`: what is kept of somebody, and how it goes, by the desk of a running service.

use super::approvals::{APPROVALS, line};
use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::desk::approvals::{ApprovalRow, ApprovalWish, Wanted};
use clap::{Args, Subcommand};
use std::io;
use std::process::ExitCode;

const HELP: &str = "\
The document has what she said of herself, her listings, orders, payouts and
loans, every posting of her accounts, the cases she is in, every text to and
from her phone and her dialogs screen by screen: sums in cents, moments in
milliseconds since 1970. Other people's data and secrets are not in it. A
liaison or an operator may ask for it, with her own key, and the log says who
did.

Erasing takes two people: one asks here, a treasurer approves with sokoni
approvals approve. It is refused while money, orders, loans or cases of hers are
open, and for a time after her last order. Her names, phone, texts, dialogs and
photographs go; postings and orders stay under an alias. Why is kept for good:
without her own names, and you leave out those of others.

Example:
  sokoni person export 0712345678 > wanjiku.json
  sokoni person erase 0712345678 --why 'she asked by letter of 3 May'";

/// What is kept of a person, and how it goes
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct PersonArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Everything that is kept of somebody, as one JSON document
    Export {
        /// Her phone, or her five digits
        whom: String,
    },
    /// Asks to erase what tells who somebody is; prints the approval that a second person gives
    Erase {
        /// Her phone
        phone: String,
        /// Why, at most 110 letters
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// JSON in the place of words
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub async fn run(args: PersonArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &PersonArgs) -> io::Result<String> {
    let whom = match &args.what {
        What::Export { whom } => whom,
        What::Erase { phone, why, json } => {
            let wish =
                ApprovalWish::Ask { wanted: Wanted::Erasure { phone: phone.clone() }, why: why.clone() };
            let row: ApprovalRow = args.at.open()?.post(APPROVALS, &wish).await?;
            return Ok(if *json { serde_json::to_string_pretty(&row)? + "\n" } else { line(&row) });
        }
    };
    let whom: String = form_urlencoded::byte_serialize(whom.trim().as_bytes()).collect();
    let everything: serde_json::Value =
        args.at.open()?.get(&format!("/desk/api/people/{whom}/export")).await?;
    Ok(serde_json::to_string_pretty(&everything)? + "\n")
}
