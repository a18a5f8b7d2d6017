//! `sokoni menu poster`: a printable walk-through.

use super::not_in_this_release;
use clap::Args;
use std::io::{self, Write};

/// Not in this release: a printable walk-through
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct PosterArgs {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Says that it is not there yet.
///
/// # Errors
/// None.
pub fn run(_args: &PosterArgs, _out: &mut impl Write) -> io::Result<u8> {
    Ok(not_in_this_release("menu poster"))
}
