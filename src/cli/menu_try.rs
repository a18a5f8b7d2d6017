//! `sokoni menu try`: a phone in the terminal over the pure machine.

use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// What `sokoni menu try` takes.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// Menu files or folders of them; the menus compiled in when none is named.
    pub paths: Vec<PathBuf>,
}

/// Runs it.
pub fn run(_: &TryArgs) -> ExitCode {
    crate::cli::menu::not_in_this_release("menu try")
}
