//! `sokoni menu test`: run scripts of keys and expected texts.

use super::not_in_this_release;
use clap::Args;
use std::io::{self, Write};

/// Not in this release: run scripts of keys and expected texts
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct TestArgs {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Says that it is not there yet.
///
/// # Errors
/// None.
pub fn run(_args: &TestArgs, _out: &mut impl Write) -> io::Result<u8> {
    Ok(not_in_this_release("menu test"))
}
