//! `sokoni menu rehearse`: recorded dialogs against the new file.

use super::not_in_this_release;
use clap::Args;
use std::io::{self, Write};

/// Not in this release: recorded dialogs against the new file
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct RehearseArgs {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Says that it is not there yet.
///
/// # Errors
/// None.
pub fn run(_args: &RehearseArgs, _out: &mut impl Write) -> io::Result<u8> {
    Ok(not_in_this_release("menu rehearse"))
}
