//! The data folder around the engine's own files: who has it open, how it is laid out, and how
//! far it was durable when it was last written.

use super::journal::Head;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The layout of the folder, and of the rows in it, that this release writes.
pub(super) const FORMAT: u32 = 1;

/// Why a data folder cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else has it.
    #[error(
        "{folder} is open in process {pid}; a store has one process at a time. Stop that one first, or give this one another folder"
    )]
    InUse {
        /// Which folder.
        folder: String,
        /// The process that has it, as it wrote itself down.
        pid: String,
    },
    /// A later release wrote it.
    #[error(
        "{folder} was written in format {found}; this release knows up to {FORMAT}. Use the newer release, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Which folder.
        folder: String,
        /// The format it has.
        found: String,
    },
    /// What is on the disk is not what was written there.
    #[error(
        "{folder} is damaged: {why}. Leave it as it is for inspection, and restore the newest backup into another folder{least}"
    )]
    Damaged {
        /// Which folder.
        folder: String,
        /// What is wrong.
        why: String,
        /// What the backup must reach not to lose anything, when it is known.
        least: String,
    },
    /// The system refused.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was tried: "cannot open".
        doing: &'static str,
        /// On which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// An I/O error with what was tried, and where.
pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.display().to_string();
    move |source| OpenError::Io { doing, path, source }
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), OpenError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(io("cannot sync", path))
}

/// A data folder held by this process; let go when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and takes it for this process.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(io("cannot make", path))?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(io("cannot open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = lock.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown" } else { pid.trim() };
                return Err(OpenError::InUse { folder: path.display().to_string(), pid: pid.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(io("cannot lock", &lock_path)(source)),
        }
        lock.set_len(0)
            .and_then(|()| lock.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(lock, "{}", std::process::id()))
            .map_err(io("cannot write", &lock_path))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Whether the folder holds a store already; a newer layout is refused.
    pub(super) fn check_format(&self) -> Result<bool, OpenError> {
        let path = self.path.join("format");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(io("cannot read", &path)(e)),
        };
        let found = text.trim().strip_prefix("sokoni store ").map(str::trim);
        match found.and_then(|found| found.parse::<u32>().ok()) {
            Some(found) if found == FORMAT => Ok(true),
            Some(found) if found > FORMAT => {
                let folder = self.path.display().to_string();
                Err(OpenError::Newer { folder, found: found.to_string() })
            }
            _ => Err(self.damaged("its format file cannot be understood", None)),
        }
    }

    /// Writes the layout down: from here on the folder is a store.
    pub(super) fn write_format(&self) -> Result<(), OpenError> {
        let (path, draft) = (self.path.join("format"), self.path.join("format.new"));
        File::create(&draft)
            .and_then(|mut file| {
                writeln!(file, "sokoni store {FORMAT}")?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(io("cannot write", &path))?;
        sync_folder(&self.path)
    }

    pub(super) fn damaged(&self, why: impl Into<String>, durable: Option<u64>) -> OpenError {
        let least = durable.filter(|&position| position > 0).map_or_else(String::new, |position| {
            format!(" (one of position {position} or later loses nothing)")
        });
        OpenError::Damaged { folder: self.path.display().to_string(), why: why.into(), least }
    }
}

/// The high-water mark: the last position known to be durable, beside the engine's own files,
/// since a lost piece of those can reopen silently as an older, or an empty, store.
///
/// Two slots are written in turn, so that a torn write leaves the other one.
#[derive(Debug)]
pub(super) struct HighWater {
    file: File,
    path: PathBuf,
    turn: u64,
}

/// A head, and the first sixteen octets of its SHA-256.
const SLOT: usize = Head::OCTETS + 16;
/// Slots lie in sectors of their own.
const APART: u64 = 4096;
/// How many groups may be written before the mark itself is synced. The mark may lag behind the
/// store, never lead it.
const SYNC_EVERY: u64 = 256;

impl HighWater {
    /// Opens the mark, or makes it; with what it says, `None` when it says nothing.
    pub(super) fn open(folder: &Folder) -> Result<(Self, Option<Head>), OpenError> {
        let path = folder.path.join("high-water");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io("cannot open", &path))?;
        let slots = [0, APART].map(|at| {
            let mut slot = [0; SLOT];
            file.read_exact_at(&mut slot, at).ok()?;
            (slot[Head::OCTETS..] == checksum(&slot[..Head::OCTETS]))
                .then(|| Head::from_octets(&slot[..Head::OCTETS]))?
        });
        let known = slots.into_iter().flatten().max_by_key(|head| head.position);
        // The next write must spare the slot that counts.
        let turn = u64::from(slots[0].is_some() && slots[0] == known);
        Ok((Self { file, path, turn }, known))
    }

    /// Notes that everything up to `head` is durable.
    pub(super) fn write(&mut self, head: &Head) -> std::io::Result<()> {
        let mut slot = [0; SLOT];
        slot[..Head::OCTETS].copy_from_slice(&head.to_octets());
        let sum = checksum(&slot[..Head::OCTETS]);
        slot[Head::OCTETS..].copy_from_slice(&sum);
        self.file.write_all_at(&slot, self.turn % 2 * APART)?;
        self.turn += 1;
        if self.turn.is_multiple_of(SYNC_EVERY) { self.file.sync_data() } else { Ok(()) }
    }

    /// Makes the mark itself durable.
    pub(super) fn sync(&self) -> Result<(), OpenError> {
        self.file.sync_all().map_err(io("cannot sync", &self.path))
    }
}

fn checksum(octets: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Sha256::digest(octets)[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(position: u64) -> Head {
        Head { position, records: position, hash: [position as u8; 32] }
    }

    #[test]
    fn a_torn_high_water_mark_falls_back_to_the_one_before_it() {
        let dir = tempfile::tempdir().expect("dir");
        let folder = Folder::take(dir.path()).expect("free");
        let (mut mark, known) = HighWater::open(&folder).expect("new");
        assert_eq!(known, None);
        for position in 1..=3 {
            mark.write(&head(position)).expect("written");
        }
        // Position 3 went to the first slot.
        mark.file.write_all_at(b"torn", 8).expect("written");
        let (mut mark, known) = HighWater::open(&folder).expect("there");
        assert_eq!(known, Some(head(2)));
        mark.write(&head(4)).expect("written");
        mark.file.write_all_at(b"torn", 8).expect("written");
        assert_eq!(HighWater::open(&folder).expect("there").1, Some(head(2)));
    }
}
