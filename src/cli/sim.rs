//! `sokoni sim`: the whole market on a virtual clock, with faults; and how much machine so many artisans want.

use super::printed;
use crate::sim::plan::{Figures, MOST_ARTISANS, plan};
use crate::sim::world::faults::Level;
use crate::sim::world::{Settings, run as live};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
People join, sell, order, make, carry, check and are paid; operators, the money
provider and the card processor fail as theirs do; the service dies at any
commit and starts again. The same seed is the same history to the octet. What
must hold is checked after every step; when something does not, the command ends
with 1 and says what, when, and how to see it again.

With --plan nothing is run: it says how many machines, connections and gigabytes
so many artisans want, reckoned from measured figures and from what is assumed of
artisans. All of them are printed below the answer, and each can be changed by
its name.

Examples:
  sokoni sim --seed 1
  sokoni sim --seed 1 --artisans 2000 --days 90 --faults many
  sokoni sim --seed 1 --print journal-hash      (one line, to compare two runs)
  sokoni sim --plan 100000 --assume dialogs_month=30 --assume years=7";

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
    /// How much machine so many artisans want, instead of a run
    #[arg(long, value_name = "ARTISANS", conflicts_with_all = ["seed", "artisans", "days", "faults", "print", "log"],
        value_parser = clap::value_parser!(u64).range(1..=MOST_ARTISANS))]
    pub plan: Option<u64>,
    /// Another number for a figure of the plan
    #[arg(long, value_name = "NAME=NUMBER", requires = "plan")]
    pub assume: Vec<String>,
    /// A file with other numbers, NAME = NUMBER on each line; what --assume says holds before it
    #[arg(long, value_name = "FILE", requires = "plan")]
    pub assumptions: Option<PathBuf>,
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

/// The answer, and below it what it rests on.
fn planned(artisans: u64, assume: &[String], file: Option<&Path>) -> Result<String, String> {
    let mut figures = Figures::builtin()?;
    if let Some(path) = file {
        let of = |why: String| format!("{}: {why}", path.display());
        let text = std::fs::read_to_string(path).map_err(|why| of(why.to_string()))?;
        figures.assume_all(&text).map_err(of)?;
    }
    assume.iter().try_for_each(|text| figures.assume(text))?;
    Ok(format!("{}{figures}", plan(artisans, &figures)))
}

/// Runs it on a thread of its own.
pub async fn run(args: SimArgs) -> ExitCode {
    if let Some(artisans) = args.plan {
        return printed(planned(artisans, &args.assume, args.assumptions.as_deref()));
    }
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
