//! `sokoni menu preview`: phones that follow the file on disk.

use super::not_in_this_release;
use clap::Args;
use std::io::{self, Write};

/// Not in this release: phones that follow the file on disk
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct PreviewArgs {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Says that it is not there yet.
///
/// # Errors
/// None.
pub fn run(_args: &PreviewArgs, _out: &mut impl Write) -> io::Result<u8> {
    Ok(not_in_this_release("menu preview"))
}
