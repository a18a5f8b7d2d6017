//! `sokoni smsc`: gateways of operators, looked at and simulated.

pub mod probe;
pub mod read;
pub mod sim;

use clap::{Args, Subcommand};
use std::process::ExitCode;

/// A gateway probed, a recording of one read, and a gateway simulated
#[derive(Debug, Clone, Args)]
pub struct SmscArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    Probe(Box<probe::ProbeArgs>),
    Read(read::ReadArgs),
    Sim(sim::SimArgs),
}

/// Does it.
pub async fn run(args: SmscArgs) -> ExitCode {
    match args.what {
        What::Probe(args) => probe::run(*args).await,
        What::Read(args) => read::run(&args),
        What::Sim(args) => sim::run(args).await,
    }
}

/// Says why it cannot go on.
fn failed(what: &str, why: &str) -> ExitCode {
    eprintln!("sokoni smsc {what}: {why}");
    ExitCode::FAILURE
}
