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
                let gateways = counted(config.gateways.len(), "gateway");
                let kiosks = counted(config.kiosks.len(), "kiosk");
                println!("{}: good ({gateways}, {kiosks})", file.display());
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        },
    }
}

/// `1 kiosk`, `2 kiosks`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!((counted(1, "gateway"), counted(0, "kiosk")), ("1 gateway".into(), "0 kiosks".into()));
    }
}
