//! `sokoni menu fmt`: lay files out.

use super::not_in_this_release;
use clap::Args;
use std::io::{self, Write};

/// Not in this release: lay files out
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct FmtArgs {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Says that it is not there yet.
///
/// # Errors
/// None.
pub fn run(_args: &FmtArgs, _out: &mut impl Write) -> io::Result<u8> {
    Ok(not_in_this_release("menu fmt"))
}
