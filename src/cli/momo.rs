//! `sokoni momo`: a mobile-money provider that pays nobody, as a program of its own.

use crate::sim::momo::{Momo, MomoOptions, Speaks, statement_of};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Prints its address and runs until Ctrl-C. It keeps its own list of transfers, and can be told to misbehave:

  GET    /transfers       the list: the truth for \"paid once\"
  GET    /statement       the same as this provider's portal exports it, for `sokoni reconcile`
  PUT    /manners         how requests are treated from now on
  POST   /manners/next    how the next one is
  PUT    /line            \"open\", \"silent\", {\"slow\": 500}, \"unavailable\", \"closed\"
  PUT    /names           by what name a number is registered
  PUT    /registered      where Airtel posts results: {\"url\": \"...\"}
  DELETE /tokens          bearer tokens end before their time

Manners: {\"answer\": \"accept\" | {\"silence\": {\"taken\": true}} | {\"broken\": {\"taken\": true}} |
{\"refuse\": {\"code\": \"..\"}} | \"unavailable\", \"answer_after_ms\": 0, \"decide_after_ms\": 0,
\"verdict\": \"pay\" | {\"fail\": {\"code\": \"..\"}}, \"callbacks\": 1, \"callback_first\": false,
\"twist\": \"late_first\" | \"loose\" | \"other_sum\" | \"other_id\"}

Examples:
  sokoni momo --speak daraja --port 9001
  curl -X POST localhost:9001/manners/next -d '{\"answer\":{\"silence\":{\"taken\":true}}}' -H 'content-type: application/json'";

/// A mobile-money provider that pays nobody, for whoever integrates one
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct MomoArgs {
    /// The protocol
    #[arg(long, value_enum, default_value = "gsma")]
    pub speak: Protocol,
    /// Where it listens on loopback; 0 picks a free port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// What a login must bring as its secret; without it everybody is let in
    #[arg(long, value_name = "SECRET")]
    pub secret: Option<String>,
    /// What it has to pay from, in shillings
    #[arg(long, value_name = "SHILLINGS", default_value_t = 10_000_000)]
    pub float: u64,
    /// Keep the list in this file, and go on with it next time
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Only write the list of --file as a statement of this provider, and end
    #[arg(long, value_name = "FILE", requires = "file")]
    pub statement: Option<PathBuf>,
}

/// The protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// The GSMA Mobile Money API
    Gsma,
    /// Safaricom's Daraja
    Daraja,
    /// MTN MoMo
    Mtn,
    /// Airtel Money
    Airtel,
}

/// Runs until interrupted.
pub async fn run(args: MomoArgs) -> ExitCode {
    let speaks = match args.speak {
        Protocol::Gsma => Speaks::Gsma,
        Protocol::Daraja => Speaks::Daraja,
        Protocol::Mtn => Speaks::Mtn,
        Protocol::Airtel => Speaks::Airtel,
    };
    if let (Some(statement), Some(list)) = (&args.statement, &args.file) {
        let written = statement_of(list, speaks).map_err(|why| (list, why));
        let written =
            written.and_then(|text| std::fs::write(statement, text).map_err(|why| (statement, why)));
        return match written {
            Ok(()) => ExitCode::SUCCESS,
            Err((file, why)) => {
                eprintln!("sokoni momo: {}: {why}", file.display());
                ExitCode::FAILURE
            }
        };
    }
    let options = MomoOptions {
        port: args.port,
        speaks,
        api_key: args.secret,
        float_shillings: args.float,
        file: args.file,
        ..MomoOptions::default()
    };
    let momo = match Momo::start(options).await {
        Ok(momo) => momo,
        Err(why) => {
            eprintln!("sokoni momo: port {}: {why}; choose another with --port", args.port);
            return ExitCode::FAILURE;
        }
    };
    println!("listening {}", momo.url);
    super::serve::interrupted().await;
    ExitCode::SUCCESS
}
