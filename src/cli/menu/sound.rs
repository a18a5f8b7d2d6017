//! Menus that must be sound before anything is made of them, and where what was made goes.

use super::{FAULTS, check::summary, not_found, sources::sources};
use crate::{
    engine::vocabulary::vocabulary,
    menu::{
        check::{Limits, check},
        graph::{Catalogue, Graph},
        report,
    },
};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Menus without a fault.
pub struct Sound {
    /// The trees that are wanted.
    pub graphs: Vec<Graph>,
    /// The SMS.
    pub catalogue: Catalogue,
}

/// The menus that are meant, of them the tree of this name, or every one. Faults are reported, and
/// the exit code for them is what comes back.
///
/// # Errors
/// A file that cannot be read; a tree that is not there.
pub fn sound(paths: &[PathBuf], tree: Option<&str>, out: &mut impl Write) -> io::Result<Result<Sound, u8>> {
    let sources = sources(paths)?;
    let checked = check(&sources, &vocabulary(), &Limits::default());
    if !checked.is_sound() {
        write!(out, "{}", report::to_text(&checked.problems, &sources, io::stdout().is_terminal()))?;
        writeln!(out, "{}", summary(&checked, sources.len()))?;
        return Ok(Err(FAULTS));
    }
    let names: Vec<String> = checked.graphs.iter().map(|graph| graph.name.clone()).collect();
    let wanted = checked.graphs.into_iter().filter(|graph| tree.is_none_or(|name| name == graph.name));
    let graphs: Vec<Graph> = wanted.map(Arc::unwrap_or_clone).collect();
    if graphs.is_empty() {
        return Err(not_found(format!("no such tree; there are: {}", names.join(", "))));
    }
    Ok(Ok(Sound { graphs, catalogue: Arc::unwrap_or_clone(checked.catalogue) }))
}

/// Writes a document to the file that was named, or else to the output.
///
/// # Errors
/// It cannot be written.
pub fn write(file: Option<&Path>, document: &str, out: &mut impl Write) -> io::Result<()> {
    match file {
        Some(file) => fs::write(file, document)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        None => out.write_all(document.as_bytes()),
    }
}
