//! `sokoni sim`: the whole market on a virtual clock, with faults.

use super::printed;
use crate::sim::world::faults::Level;
use crate::sim::world::{Settings, run as live};
use clap::{Args, ValueEnum};
use std::process::ExitCode;

const HELP: &str = "\
People join, sell, order, make, carry, check and are paid; operators, the money
provider and the card processor fail as theirs do; the service dies at any
commit and starts again. The same seed is the same history to the octet. What
must hold is checked after every step; when something does not, the command ends
with 1 and says what, when, and how to see it again.

Examples:
  sokoni sim --seed 1
  sokoni sim --seed 1 --artisans 2000 --days 90 --faults many
  sokoni sim --seed 1 --print journal-hash      (one line, to compare two runs)";

/// The whole market on a virtual clock, with faults
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct SimArgs {
    /// Which history
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How many artisans come to join
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub artisans: u32,
    /// How many days they live
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// How much goes wrong: none, some, many
    #[arg(long, value_name = "HOW MUCH", default_value = "some")]
    pub faults: Level,
    /// What is printed at the end
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Print::Report)]
    pub print: Print,
    /// What the service logs meanwhile, to standard error: levels by target, such as error
    #[arg(long, value_name = "LEVELS", default_value = "off")]
    pub log: String,
    /// A bug that the service has in this run: posting, dedupe, resend
    #[cfg(feature = "planted")]
    #[arg(long, value_name = "BUG", hide = true)]
    pub plant: Option<crate::engine::planted::Bug>,
}

/// What is printed at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Print {
    /// Everything that was counted.
    Report,
    /// The hash of the journal alone.
    JournalHash,
}

/// Runs it on a thread of its own.
pub async fn run(args: SimArgs) -> ExitCode {
    #[cfg(feature = "planted")]
    let plant = args.plant;
    let SimArgs { seed, artisans, days, faults, print, log, .. } = args;
    if let Err(why) = crate::telemetry::start(&crate::telemetry::Settings { log, ..Default::default() }) {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    let lived = tokio::task::spawn_blocking(move || {
        #[cfg(feature = "planted")]
        crate::engine::planted::plant(plant);
        live(Settings { seed, artisans, days, faults })
    })
    .await;
    let report = match lived {
        Ok(lived) => lived,
        Err(why) => {
            eprintln!("the run broke off: {why}");
            return ExitCode::FAILURE;
        }
    };
    printed(report.map(|report| match print {
        Print::Report => report.to_string(),
        Print::JournalHash => format!("{}\n", report.journal),
    }))
}
