//! A new store of rows that another one had.

use super::{DEFAULT_CACHE, OpenError, Sled, broken};
use crate::store::copy::{Change, Sink};
use crate::store::folder::{io, sync_folder};
use crate::store::{StoreError, row};
use futures_util::future::{BoxFuture, ready};
use std::fs;
use std::path::{Path, PathBuf};

/// What makes a folder a store, in the order in which it is put in place.
const PARTS: [&str; 3] = ["sled", "high-water", "format"];

/// A store that is being filled, beside the folder that it will be in.
pub struct Filling {
    store: Sled,
    beside: PathBuf,
    place: PathBuf,
}

impl Sled {
    /// Begins a store that will be in this folder, where none may be.
    ///
    /// # Errors
    /// There is one, or what the disk says.
    pub fn fill(place: &Path) -> Result<Filling, String> {
        if PARTS.iter().any(|part| place.join(part).exists()) {
            return Err(format!("{}: there is a store in it; name a folder that has none", place.display()));
        }
        let mut beside = place.as_os_str().to_owned();
        beside.push(".filling");
        let beside = PathBuf::from(beside);
        let wrong = |why: std::io::Error| format!("{}: {why}", beside.display());
        if beside.exists() {
            // What an earlier try left.
            fs::remove_dir_all(&beside).map_err(wrong)?;
        }
        let store = Self::open(&beside, DEFAULT_CACHE).map_err(|why| why.to_string())?;
        Ok(Filling { store, beside, place: place.to_owned() })
    }
}

impl Filling {
    fn write(&self, rows: &[Change]) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, found) in rows {
            match found {
                Some(found) => batch.insert(key.as_slice(), row::encode(found)),
                None => batch.remove(key.as_slice()),
            }
        }
        let db = &self.store.shared.db;
        db.apply_batch(batch).map_err(broken)?;
        rows.iter().for_each(|(key, found)| self.store.shared.recent.note(key.clone(), found.clone()));
        db.flush().map_err(broken)?;
        Ok(())
    }

    /// Makes it a store.
    ///
    /// # Errors
    /// What the disk says.
    pub fn done(self) -> Result<(), OpenError> {
        let Self { store, beside, place } = self;
        let log = beside.join("sled/db");
        fs::File::open(&log).and_then(|log| log.sync_all()).map_err(io("cannot sync", &log))?;
        drop(store);
        // Opening notes how far it reaches, after which it may never be behind that.
        drop(Sled::open(&beside, DEFAULT_CACHE)?);
        fs::create_dir_all(&place).map_err(io("cannot make", &place))?;
        for part in PARTS {
            fs::rename(beside.join(part), place.join(part)).map_err(io("cannot move", &place))?;
            sync_folder(&place)?;
        }
        fs::remove_dir_all(&beside).map_err(io("cannot remove", &beside))
    }
}

impl Sink for Filling {
    fn put(&mut self, rows: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(self.write(&rows)))
    }
}
