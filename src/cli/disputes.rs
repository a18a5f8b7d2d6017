//! `sokoni disputes`: card payments that somebody must look after, by the desk of a running service.

use super::{json, printed};
use crate::cli::menu::records::AtDesk;
use crate::engine::cards::desk::{CardWish, TroubleRow};
use crate::types::time::NAIROBI;
use crate::types::{Timestamp, TroubleId};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io;
use std::process::ExitCode;

const CARDS: &str = "/desk/api/cards";

const HELP: &str = "\
A dispute is answered on the processor's own page; `evidence` prints what we
have to show. Money that belongs to no order (no_order, wrong_sum,
second_payment, refund_failed) is owed until it is given back, to its card or
from the bank under the bank's reference. An event that came to nothing is
worked off again by its name.

Example:
  sokoni disputes list
  sokoni disputes give-back 0192f0c1a2b34c5d8e9f0a1b2c3d4e5f
  sokoni disputes settle 0192f0c1a2b34c5d8e9f0a1b2c3d4e5f --paper FT-77";

/// Card payments to look after: banks' disputes, money of no order, events
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct DisputesArgs {
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
    /// Disputes and money of no order, newest first
    List,
    /// What we have to show about a dispute, oldest first
    Evidence {
        /// Which, as the list names it
        trouble: TroubleId,
    },
    /// Money of no order goes back to its card
    GiveBack {
        /// Which, as the list names it
        trouble: TroubleId,
    },
    /// It was given back from the bank
    Settle {
        /// Which, as the list names it
        trouble: TroubleId,
        /// The bank's reference
        #[arg(long, value_name = "REFERENCE")]
        paper: String,
    },
    /// The newest events of the processor, and what became of them
    Events,
    /// Has an event worked off once more
    Again {
        /// Its name, as the list of events has it
        event: String,
    },
}

/// Everything that the desk has on card payments.
#[derive(Debug, Deserialize)]
struct Cards {
    troubles: Vec<TroubleRow>,
    events: Vec<Event>,
}

/// An event, without what it says.
#[derive(Debug, Serialize, Deserialize)]
struct Event {
    event: String,
    came: Timestamp,
    times: u32,
    id: Option<String>,
    kind: Option<String>,
    became: String,
    why: Option<String>,
}

/// Does it.
pub async fn run(args: DisputesArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &DisputesArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let wish = match args.what.clone() {
        What::GiveBack { trouble } => Some(CardWish::GiveBack { trouble }),
        What::Settle { trouble, paper } => Some(CardWish::Settle { trouble, paper }),
        What::Again { event } => Some(CardWish::Again { event }),
        What::List | What::Evidence { .. } | What::Events => None,
    };
    let Cards { troubles, events } = match &wish {
        Some(wish) => desk.post(CARDS, wish).await?,
        None => desk.get(CARDS).await?,
    };
    let one = |trouble: TroubleId| {
        let found = troubles.iter().find(|row| row.trouble == trouble);
        found.ok_or_else(|| io::Error::other(format!("{trouble}: there is none; see sokoni disputes list")))
    };
    match &args.what {
        What::List if args.json => json(&troubles),
        What::List => Ok(troubles.iter().map(line).collect()),
        What::Evidence { trouble } if args.json => json(&one(*trouble)?.evidence),
        What::Evidence { trouble } => {
            let shown = one(*trouble)?.evidence.iter();
            Ok(shown.map(|shown| format!("{}  {}\n", moment(shown.at), shown.what)).collect())
        }
        What::GiveBack { trouble } | What::Settle { trouble, .. } => match args.json {
            true => json(one(*trouble)?),
            false => Ok(line(one(*trouble)?)),
        },
        What::Events | What::Again { .. } => {
            let of_wish = |event: &&Event| match &wish {
                Some(CardWish::Again { event: name }) => event.event == *name,
                _ => true,
            };
            let these: Vec<&Event> = events.iter().filter(of_wish).collect();
            match (args.json, &wish) {
                (true, _) => json(&these),
                (false, Some(CardWish::Again { event })) if these.is_empty() => {
                    Ok(format!("{event} is worked off again; it is older than what `events` lists\n"))
                }
                (false, _) => Ok(these.into_iter().map(of_event).collect()),
            }
        }
    }
}

pub(super) fn moment(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02} {}", at.hour_minute(NAIROBI))
}

fn line(row: &TroubleRow) -> String {
    let order = row.order.map(|order| format!(" order {order}")).unwrap_or_default();
    let due = row.due.map(|due| format!(", evidence until {}", moment(due))).unwrap_or_default();
    let back = match &row.back {
        Some((by, Some(paper))) => format!(", given back by {by}, {paper}"),
        Some((by, None)) => format!(", given back by {by}"),
        None => String::new(),
    };
    let state = if row.open { "open" } else { "over" };
    format!(
        "{} {} {}{order}: USD {} of {}, {} since {} ({state}){due}{back}\n",
        row.trouble,
        row.what,
        row.reason,
        row.amount,
        row.payment,
        row.status,
        moment(row.since)
    )
    .replace("  ", " ")
}

fn of_event(event: &Event) -> String {
    let why = event.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let (id, kind) = (event.id.as_deref().unwrap_or("?"), event.kind.as_deref().unwrap_or("?"));
    format!(
        "{}  {kind} {id} came {} times, {}{why}; {}\n",
        moment(event.came),
        event.times,
        event.became,
        event.event
    )
}
