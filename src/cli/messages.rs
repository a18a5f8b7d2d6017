//! `sokoni messages`: the texts to and from phones that a data folder keeps, and what became of them.

use super::place::Place;
use super::printed;
use crate::engine::clock::SystemClock;
use crate::engine::messages::desk::{PARKED, Wanted, find, names, shown};
use crate::engine::shopfront::{DeskMessage, MessagesWish};
use crate::types::time::NAIROBI;
use crate::types::{Clock, Timestamp};
use clap::Args;
use std::process::ExitCode;

/// Texts to and from phones, newest first, and what became of them
#[derive(Debug, Clone, Args)]
pub struct MessagesArgs {
    #[command(flatten)]
    place: Place,
    /// Only those to and from this phone
    #[arg(long, value_name = "PHONE")]
    to: Option<String>,
    /// Only those in this state: waiting, taken, delivered, failed, no_receipt, given_up, not_needed, received
    #[arg(long)]
    state: Option<String>,
    /// Only texts that were given up and wait for somebody to send them again from the desk, however old
    #[arg(long, conflicts_with = "state")]
    parked: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Prints them.
pub async fn run(args: MessagesArgs) -> ExitCode {
    printed(look(&args).await)
}

async fn look(args: &MessagesArgs) -> Result<String, String> {
    let store = args.place.open().await?.store;
    let state = if args.parked { Some(PARKED.to_owned()) } else { args.state.clone() };
    let wish = MessagesWish { phone: args.to.clone(), state, before: None };
    let wanted = Wanted::read(&wish).map_err(|why| why.to_string())?;
    let wanted = Wanted { limit: Some(args.limit), ..wanted };
    let now = SystemClock.now();
    let found = find(&*store, now, &wanted).await.map_err(|why| why.to_string())?;
    let phones = found.rows.iter().map(|(_, message)| message.phone);
    let names = names(&*store, phones).await.map_err(|why| why.to_string())?;
    let rows: Vec<DeskMessage> = found
        .rows
        .iter()
        .map(|(place, message)| {
            shown(place, message, message.phone.to_string(), names.get(&message.phone), now)
        })
        .collect();
    if args.json {
        return Ok(format!("{}\n", serde_json::json!({ "rows": rows })));
    }
    Ok(rows.iter().map(line).collect())
}

fn when(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02} {}", at.hour_minute(NAIROBI))
}

fn line(row: &DeskMessage) -> String {
    let arrow = if row.way == "in" { "<-" } else { "->" };
    let purpose = row.purpose.as_deref().unwrap_or_default();
    let text = row.text.replace('\n', " / ");
    let (at, state) = (when(row.queued), &row.state);
    let mut out = format!("{at}  {arrow} {:<13} {state:<10} {purpose:<8} {text}\n", row.phone);
    for more in row.reason.iter().chain(&row.did) {
        out.push_str(&format!("{:36}{more}\n", ""));
    }
    out
}
