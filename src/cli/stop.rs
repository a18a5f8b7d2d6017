//! `sokoni stop`: what the desk of a running service stops for everybody.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::desk::freeze::{FreezeRow, FreezeWish};
use crate::market::Switch;
use crate::types::Lang;
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;

const STOPS: &str = "/desk/api/stops";

const HELP: &str = "\
What can be stopped: payouts, cash, listing, orders, joining, loans, checkout.
Whoever tries it is told the reason, which is wanted in every language of the
menus, at most 40 letters each.

Example:
  sokoni stop put payouts --why en='we count the float' --why sw='tunahesabu pesa' --why am='...'
  sokoni stop lift payouts";

/// What the desk of a running service stops for everybody, with the reason that people are told
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct StopArgs {
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
    /// Every kind of action and whether it is stopped
    List,
    /// Stops one, or changes the reason
    Put {
        /// Which
        #[arg(value_parser = switch)]
        what: Switch,
        /// What people are told in a language
        #[arg(long, required = true, value_name = "LANG=TEXT", value_parser = reason)]
        why: Vec<(Lang, String)>,
    },
    /// Lets one go on
    Lift {
        /// Which
        #[arg(value_parser = switch)]
        what: Switch,
    },
}

fn switch(word: &str) -> Result<Switch, String> {
    let words = || Switch::ALL.map(Switch::word).join(", ");
    Switch::ALL.into_iter().find(|what| what.word() == word).ok_or_else(|| format!("one of {}", words()))
}

pub(super) fn reason(text: &str) -> Result<(Lang, String), String> {
    let (lang, words) = text.split_once('=').ok_or("write LANG=TEXT, such as en='we count the float'")?;
    Ok((lang.parse().map_err(|why: crate::types::lang::NotALang| why.to_string())?, words.to_owned()))
}

/// Does it.
pub async fn run(args: StopArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &StopArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let wish = match args.what.clone() {
        What::List => None,
        What::Put { what, why } => Some(FreezeWish { what, why: Some(why.into_iter().collect()) }),
        What::Lift { what } => Some(FreezeWish { what, why: None::<BTreeMap<Lang, String>> }),
    };
    let rows: Vec<FreezeRow> = match wish {
        None => desk.get(STOPS).await?,
        Some(wish) => vec![desk.post(STOPS, &wish).await?],
    };
    match args.json {
        true => Ok(serde_json::to_string_pretty(&rows)? + "\n"),
        false => Ok(rows.iter().map(line).collect()),
    }
}

fn line(row: &FreezeRow) -> String {
    let Some(stop) = &row.stop else { return format!("{}: open\n", row.what.word()) };
    let why: Vec<String> = stop.why.iter().map(|(lang, words)| format!("{lang}: {words}")).collect();
    format!("{}: stopped by {}; {}\n", row.what.word(), stop.by, why.join("; "))
}
