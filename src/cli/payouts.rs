//! `sokoni payouts`: money on its way to people, by the desk of a running service.

use super::disputes::moment;
use super::{json, printed};
use crate::cli::menu::records::AtDesk;
use crate::engine::shopfront::DeskPayout;
use crate::types::PayoutId;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io;
use std::process::ExitCode;

const PAYOUTS: &str = "/desk/api/payouts";

const HELP: &str = "\
A payout that is open is asked about by itself, ever more seldom; `ask` has it
looked at now, under the same id as ever. What the provider's statement says of
one that it does not tell of, two people put down:
sokoni approvals ask payout ID --paid RECEIPT | --not-paid | --taken-back. The
float and the statements: sokoni reconcile.

Example:
  sokoni payouts list --state open
  sokoni payouts ask 0192f0c1a2b34c5d8e9f0a1b2c3d4e5f";

/// Payouts of a running service: where each stands, how long nobody has known, asking again
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct PayoutsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of words; sums in cents
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// All of them, newest first
    List {
        /// Only those: open, asked, reserved, submitted, unknown, paid, failed, reversed
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
    },
    /// Has the provider asked now, or what never left sent
    Ask {
        /// Which, as the list names it
        payout: PayoutId,
    },
}

/// The answer of the desk.
#[derive(Debug, Deserialize, Serialize)]
struct Rows {
    rows: Vec<DeskPayout>,
}

/// Does it.
pub async fn run(args: PayoutsArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &PayoutsArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let rows = match &args.what {
        What::List { state } => {
            let Rows { mut rows } = desk.get(PAYOUTS).await?;
            rows.retain(|row| match state.as_deref() {
                Some("open") => row.is_open(),
                Some(state) => row.state == state,
                None => true,
            });
            rows
        }
        What::Ask { payout } => vec![desk.post(&format!("{PAYOUTS}/{payout}/ask"), &()).await?],
    };
    match args.json {
        true => json(&rows),
        false => Ok(rows.iter().map(line).collect()),
    }
}

fn line(row: &DeskPayout) -> String {
    let waits = if row.waits { ", waits for float" } else { "" };
    let why = row.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let receipt = row.reference.as_ref().map(|receipt| format!(", receipt {receipt}")).unwrap_or_default();
    let state = &row.state;
    format!(
        "{} KSh {} to {} by {}: asked {}, {state} since {}{waits}{receipt}{why}\n",
        row.id,
        row.amount,
        row.who,
        row.via,
        moment(row.asked),
        moment(row.since)
    )
}
