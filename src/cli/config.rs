//! `sokoni config`: the commented default, and a check.

use crate::config::{Config, EXAMPLE};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The commented default, and a configuration checked
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Prints the default configuration, every key explained
    Default,
    /// Checks a configuration: file, line and remedy for the first fault
    Check {
        /// The file
        #[arg(default_value = "config.toml")]
        file: PathBuf,
    },
}

/// Does it.
pub fn run(args: &ConfigArgs) -> ExitCode {
    match &args.what {
        What::Default => {
            print!("{EXAMPLE}");
            ExitCode::SUCCESS
        }
        What::Check { file } => match Config::read(file) {
            Ok(config) => {
                println!(
                    "{}: good ({} gateways, {} kiosks)",
                    file.display(),
                    config.gateways.len(),
                    config.kiosks.len()
                );
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        },
    }
}
