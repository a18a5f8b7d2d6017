//! `sokoni callbacks`: what providers of mobile money posted, by the desk of a running service.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::shopfront::CallbackRow;
use crate::types::time::NAIROBI;
use clap::Args;
use std::io;
use std::process::ExitCode;

const HELP: &str = "\
Each is written down as it came, before anybody reads it, and kept for [store]
callback_days. The secret part of its path is not in it. What it came to stands
with its payout.

Example:
  sokoni callbacks --payout 0199...
  sokoni callbacks --json";

/// What providers of mobile money posted, as it came, newest first
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct CallbacksArgs {
    #[command(flatten)]
    at: AtDesk,
    /// Only what names this payout, or this receipt
    #[arg(long, value_name = "TEXT")]
    payout: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    /// JSON in the place of words
    #[arg(long)]
    json: bool,
}

/// Does it.
pub async fn run(args: CallbacksArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &CallbacksArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let (mut found, mut before) = (Vec::new(), String::new());
    while found.len() < args.limit {
        let page: Vec<CallbackRow> = desk.get(&format!("/desk/api/callbacks{before}")).await?;
        let Some(last) = page.last() else { break };
        before = format!("?before={}", last.at.millis());
        found.extend(page.into_iter().filter(|row| names(row, args.payout.as_deref())));
    }
    found.truncate(args.limit);
    match args.json {
        true => Ok(serde_json::to_string_pretty(&found)? + "\n"),
        false => Ok(found.iter().map(line).collect()),
    }
}

fn names(row: &CallbackRow, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| row.callback.tail.contains(wanted) || row.callback.body.contains(wanted))
}

fn line(row: &CallbackRow) -> String {
    let (year, month, day) = row.at.civil(NAIROBI);
    let (time, posted) = (row.at.hour_minute(NAIROBI), &row.callback);
    let body = posted.body.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "{year}-{month:02}-{day:02} {time}  {} {} {}  {body}\n",
        posted.provider, posted.caller, posted.tail
    )
}
