//! The files of a menu: read anew each time, so that what another editor wrote is seen, and
//! written whole or not at all.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{MetadataExt, fchown},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Reads the name and text of each file; the name is its path.
pub type Read = Arc<dyn Fn() -> Result<Vec<(String, String)>, String> + Send + Sync>;

/// The files.
#[derive(Clone)]
pub struct Shelf {
    read: Read,
    /// One writer at a time; `None` when the files cannot be written, as those compiled in.
    writing: Option<Arc<Mutex<()>>>,
}

/// A file as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its path.
    pub name: String,
    /// What it says.
    pub text: String,
    /// Changes with the text.
    pub version: String,
}

/// A file as somebody wishes it to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Its path.
    pub name: String,
    /// What it shall say.
    pub text: String,
    /// The version that was changed.
    pub version: String,
}

/// Why files were not written. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Somebody else wrote them meanwhile; as they stand now.
    #[error("the file on disk has changed meanwhile")]
    Changed(Vec<Kept>),
    /// There is no such file among those that are shown.
    #[error("there is no file `{0}` here; load the page again")]
    Unknown(String),
    /// These files cannot be written.
    #[error("these menus are compiled in; copy them to a folder and name it to change them")]
    ReadOnly,
    /// They could not be read.
    #[error("{0}")]
    Unreadable(String),
    /// The system refused.
    #[error("{0}: {1}")]
    Refused(String, io::Error),
}

impl Shelf {
    /// Files that can be written.
    pub fn new(read: Read) -> Self {
        Self { read, writing: Some(Arc::default()) }
    }

    /// Files that can only be looked at.
    pub fn read_only(read: Read) -> Self {
        Self { read, writing: None }
    }

    /// Whether [`Shelf::write`] may do anything.
    pub fn is_writable(&self) -> bool {
        self.writing.is_some()
    }

    /// The name and text of each file. Blocks on the disk.
    ///
    /// # Errors
    /// What cannot be read, and why.
    pub fn sources(&self) -> Result<Vec<(String, String)>, String> {
        (self.read)()
    }

    /// The files as they stand. Blocks on the disk.
    ///
    /// # Errors
    /// What cannot be read, and why.
    pub fn files(&self) -> Result<Vec<Kept>, String> {
        let kept = |(name, text): (String, String)| Kept { version: version(&text), name, text };
        Ok(self.sources()?.into_iter().map(kept).collect())
    }

    /// Writes these files, if none of them was changed since its version and `judge` is content
    /// with all files as they would then be. Blocks on the disk.
    ///
    /// # Errors
    /// Why nothing was written; the first error is `judge`'s.
    pub fn write<E>(
        &self, drafts: &[Draft], judge: impl FnOnce(&[(String, String)]) -> Result<(), E>,
    ) -> Result<Result<Vec<Kept>, E>, NotWritten> {
        let _writing = match &self.writing {
            Some(writing) => writing.lock().unwrap_or_else(PoisonError::into_inner),
            None => return Err(NotWritten::ReadOnly),
        };
        let mut sources = self.sources().map_err(NotWritten::Unreadable)?;
        let mut changed = Vec::new();
        for draft in drafts {
            let Some((_, text)) = sources.iter_mut().find(|(name, _)| *name == draft.name) else {
                return Err(NotWritten::Unknown(draft.name.clone()));
            };
            if version(text) != draft.version && *text != draft.text {
                changed.push(Kept { name: draft.name.clone(), version: version(text), text: text.clone() });
            }
            text.clone_from(&draft.text);
        }
        if !changed.is_empty() {
            return Err(NotWritten::Changed(changed));
        }
        if let Err(why) = judge(&sources) {
            return Ok(Err(why));
        }
        for Draft { name, text, .. } in drafts {
            replace(Path::new(name), text).map_err(|why| NotWritten::Refused(name.clone(), why))?;
        }
        self.files().map(Ok).map_err(NotWritten::Unreadable)
    }
}

/// Changes with the text.
fn version(text: &str) -> String {
    Sha256::digest(text).iter().take(12).map(|octet| format!("{octet:02x}")).collect()
}

/// The file with a new text in its place, at once: whoever reads it sees the old or the new one.
///
/// # Errors
/// It cannot be written; then it is as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Through a link the file itself is replaced, and keeps its rights.
    let path = path.canonicalize()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside: PathBuf = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let old = fs::metadata(&path)?;
    if old.permissions().readonly() {
        let sentence = format!("{} is read-only; make it writable first", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, sentence));
    }
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        file.set_permissions(old.permissions())?;
        // Who may read the file may read it afterwards, also where somebody else lays it out.
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shelf over a folder with one file.
    fn shelf() -> (tempfile::TempDir, Shelf, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.menu");
        fs::write(&path, "one").expect("written");
        let name = path.display().to_string();
        let read = {
            let name = name.clone();
            move || Ok(vec![(name.clone(), fs::read_to_string(&name).map_err(|why| why.to_string())?)])
        };
        (folder, Shelf::new(Arc::new(read)), name)
    }

    fn draft(kept: &Kept, text: &str) -> Draft {
        Draft { name: kept.name.clone(), text: text.to_owned(), version: kept.version.clone() }
    }

    fn content(_: &[(String, String)]) -> Result<(), String> {
        Ok(())
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let (folder, shelf, name) = shelf();
        let kept = shelf.files().expect("read").remove(0);
        let after = shelf.write(&[draft(&kept, "two")], content).expect("written").expect("judged");
        assert_eq!(fs::read_to_string(name).expect("read"), "two");
        assert_ne!(after[0].version, kept.version);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_another_editor_wrote_is_not_written_over() {
        let (_folder, shelf, name) = shelf();
        let kept = shelf.files().expect("read").remove(0);
        fs::write(&name, "theirs").expect("written");
        let refused = shelf.write(&[draft(&kept, "mine")], content).expect_err("changed");
        let NotWritten::Changed(now) = refused else { panic!("{refused}") };
        assert_eq!(now[0].text, "theirs");
        assert_eq!(fs::read_to_string(&name).expect("read"), "theirs");
        // Once their version has been seen, mine may follow it.
        shelf.write(&[draft(&now[0], "mine")], content).expect("written").expect("judged");
        assert_eq!(fs::read_to_string(&name).expect("read"), "mine");
    }

    #[test]
    fn nothing_is_written_that_the_judge_refuses_or_that_is_not_on_the_shelf() {
        let (folder, shelf, name) = shelf();
        let kept = shelf.files().expect("read").remove(0);
        let judged = shelf
            .write(&[draft(&kept, "bad")], |files| if files[0].1 == "bad" { Err("faulty") } else { Ok(()) });
        assert_eq!(judged.expect("no refusal of the shelf"), Err("faulty"));
        let other = Draft { name: folder.path().join("b.menu").display().to_string(), ..draft(&kept, "x") };
        assert!(matches!(shelf.write(&[other], content), Err(NotWritten::Unknown(_))));
        let compiled_in = Shelf::read_only(Arc::new(|| Ok(Vec::new())));
        assert!(matches!(compiled_in.write(&[], content), Err(NotWritten::ReadOnly)));
        assert_eq!(fs::read_to_string(name).expect("read"), "one");
    }

    #[test]
    fn a_link_stays_a_link_and_the_rights_stay_too() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, _, name) = shelf();
        fs::set_permissions(&name, fs::Permissions::from_mode(0o640)).expect("set");
        let link = folder.path().join("link.menu");
        symlink(&name, &link).expect("linked");
        replace(&link, "two").expect("replaced");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&name).expect("read"), "two");
        assert_eq!(fs::metadata(&name).expect("there").permissions().mode() & 0o777, 0o640);
    }
}
