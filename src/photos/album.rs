//! The folder of photographs: `{name}.{width}.jpg`. A file is whole or not there, and durable before any row
//! names it. What no row names is garbage that [`Album::old`] finds and [`Album::remove`] removes.

use super::{PhotoName, WIDTHS};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The folder.
#[derive(Debug)]
pub struct Album {
    folder: PathBuf,
    written: AtomicU64,
}

impl Album {
    /// Where the photographs of a store lie.
    pub fn of_store(store: &Path) -> PathBuf {
        store.join("photos")
    }

    /// A folder, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, written: AtomicU64::new(0) }
    }

    /// Where a file lies.
    pub fn path(&self, name: PhotoName, width: u32) -> PathBuf {
        self.folder.join(format!("{name}.{width}.jpg"))
    }

    /// Writes the files of a photograph. Those that are there are written anew and thereby young again, so
    /// that the sweep leaves them to the row that is about to name them.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, name: PhotoName, files: &[Vec<u8>; 3]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        for (width, octets) in WIDTHS.into_iter().zip(files) {
            let nth = self.written.fetch_add(1, Ordering::Relaxed);
            let passing = self.folder.join(format!("{name}.{width}.{}.{nth}.part", std::process::id()));
            let written = File::create(&passing).and_then(|mut file| {
                file.write_all(octets)?;
                file.sync_all()?;
                fs::rename(&passing, self.path(name, width))
            });
            written.inspect_err(|_| {
                let _ = fs::remove_file(&passing);
            })?;
        }
        File::open(&self.folder)?.sync_all()
    }

    /// Whether all its files are there.
    pub fn has(&self, name: PhotoName) -> bool {
        WIDTHS.iter().all(|width| self.path(name, *width).is_file())
    }

    /// Names of which some file was written longer ago than that. Files that were never finished and are as
    /// old are removed.
    ///
    /// # Errors
    /// What the system says.
    pub fn old(&self, age: Duration) -> io::Result<BTreeSet<PhotoName>> {
        let mut names = BTreeSet::new();
        let entries = match fs::read_dir(&self.folder) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(names),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let written = entry.metadata()?.modified()?;
            if written.elapsed().unwrap_or_default() < age {
                continue;
            }
            let file = entry.file_name();
            let file = file.to_string_lossy();
            match file.split_once('.') {
                Some(_) if file.ends_with(".part") => fs::remove_file(entry.path())?,
                Some((name, _)) => names.extend(name.parse::<PhotoName>()),
                None => {}
            }
        }
        Ok(names)
    }

    /// Removes the files of a photograph.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, name: PhotoName) -> io::Result<()> {
        for width in WIDTHS {
            match fs::remove_file(self.path(name, width)) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => {}
            }
        }
        Ok(())
    }
}
