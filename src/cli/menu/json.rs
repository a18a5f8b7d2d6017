//! `sokoni menu json`: the parsed files for other tools.

use super::{CLEAN, FAULTS, sources::sources};
use crate::menu::{report, syntax};
use clap::Args;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// What the parsed files look like.
const SCHEMA: &str = include_str!("../../../docs/menu.schema.json");

/// Print the parsed files for other tools
#[derive(Debug, Args)]
pub struct JsonArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// Print a JSON Schema (2020-12) of what this command prints, in its stead.
    #[arg(long, conflicts_with = "paths")]
    pub schema: bool,
}

/// Runs it: 0 when every file could be read whole, 1 when a part of one was not understood.
///
/// # Errors
/// A file that cannot be read; output that cannot be written.
pub fn run(args: &JsonArgs, out: &mut impl Write) -> io::Result<u8> {
    if args.schema {
        return out.write_all(SCHEMA.as_bytes()).map(|()| CLEAN);
    }
    let sources = sources(&args.paths)?;
    let mut problems = Vec::new();
    let mut files = serde_json::Map::new();
    for (name, text) in &sources {
        let (file, found) = syntax::parse(name, text);
        files.insert(name.clone(), serde_json::to_value(file).map_err(io::Error::other)?);
        problems.extend(found);
    }
    eprint!("{}", report::to_text(&problems, &sources, false));
    serde_json::to_writer_pretty(&mut *out, &files).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(if problems.is_empty() { CLEAN } else { FAULTS })
}
