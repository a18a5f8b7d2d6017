//! Recorded dialogs, for the subcommands that look at them.

use crate::{
    cli::replay::{ago, open},
    dialog::tape::Tape,
    engine::{clock::SystemClock, tapes::Reel},
    types::{Clock, Timestamp},
};
use clap::ValueEnum;
use std::{io, path::Path, time::Duration};
use tokio::{runtime::Handle, task::block_in_place};

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For tools.
    Json,
}

/// Hands on every dialog of a data folder that began so long ago at most, the oldest first, with the
/// moment it is now.
///
/// # Errors
/// The store's: there is none, a process has it open, or a row cannot be read.
pub fn each(data: &Path, since: Duration, mut take: impl FnMut(&Tape, Timestamp)) -> io::Result<()> {
    let store = open(data).map_err(io::Error::other)?;
    let now = SystemClock.now();
    let mut reel = Reel::since(&store, ago(now, since));
    block_in_place(|| {
        Handle::current().block_on(async {
            while let Some(tape) = reel.next().await.map_err(io::Error::other)? {
                take(&tape, now);
            }
            Ok(())
        })
    })
}
