//! The `sokoni` command: everything it does is in the library.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    sokoni::cli::Cli::parse().run().await
}
