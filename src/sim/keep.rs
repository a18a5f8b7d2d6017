//! A double's memory across restarts of the process: one JSON file, replaced whole.

use serde::{Serialize, de::DeserializeOwned};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A value that is written to its file, where it has one, after every change.
#[derive(Debug)]
pub(super) struct Keep<T> {
    value: T,
    file: Option<PathBuf>,
}

impl<T: Serialize + DeserializeOwned> Keep<T> {
    /// The value as the file holds it, or `fresh` where there is none.
    pub(super) fn open(file: Option<PathBuf>, fresh: T) -> std::io::Result<Self> {
        let value = match file.as_deref().map(std::fs::read) {
            Some(Ok(bytes)) => serde_json::from_slice(&bytes)?,
            Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => fresh,
        };
        Ok(Self { value, file })
    }

    /// The value, to look at.
    pub(super) fn get(&self) -> &T {
        &self.value
    }

    /// Changes the value; durable when this returns.
    ///
    /// A double that cannot write its truth must not go on as if it had one: it panics.
    pub(super) fn change<R>(&mut self, edit: impl FnOnce(&mut T) -> R) -> R {
        let result = edit(&mut self.value);
        if let Some(file) = &self.file {
            replace(file, &self.value).expect("a double must be able to write its own list");
        }
        result
    }
}

/// Writes beside the file and renames, so that a crash leaves the old or the new, never half.
fn replace<T: Serialize>(file: &Path, value: &T) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut out = std::fs::File::create(&beside)?;
    out.write_all(&serde_json::to_vec(value)?)?;
    out.sync_data()?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_there_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("list.json");
        let mut keep = Keep::open(Some(file.clone()), vec![1]).expect("fresh");
        keep.change(|list| list.push(2));
        drop(keep);
        assert_eq!(Keep::<Vec<i32>>::open(Some(file), vec![]).expect("again").get(), &[1, 2]);
    }
}
