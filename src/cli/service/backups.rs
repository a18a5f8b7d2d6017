//! Backups that the service writes by itself, while it goes on.

use super::stores::Copier;
use crate::config::Backup;
use crate::types::{Clock, Timestamp};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_secs(60);
/// What the names of backups begin and end with; between them stands the moment.
const NAME: (&str, &str) = ("sokoni-", ".copy");

/// Writes them.
pub(super) struct Backups {
    pub settings: Backup,
    pub copier: Copier,
    pub clock: Arc<dyn Clock>,
}

impl Backups {
    /// Writes one whenever it is due, until told to stop.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let Some(folder) = self.settings.folder.clone() else { return };
        loop {
            let written = tokio::select! {
                () = stop.cancelled() => return,
                written = self.write_if_due(&folder) => written,
            };
            if let Err(why) = written {
                let folder = folder.display();
                tracing::error!(why, %folder, "ALARM: a backup could not be written");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn write_if_due(&self, folder: &Path) -> Result<(), String> {
        let (now, wrong) = (self.clock.now(), |why: io::Error| why.to_string());
        let after = Duration::from_secs(u64::from(self.settings.hours) * 3_600);
        if there(folder).map_err(wrong)?.last().is_some_and(|(last, _)| now.since(*last) < after) {
            return Ok(());
        }
        let path = folder.join(format!("{}{}{}", NAME.0, now.millis(), NAME.1));
        let copied = self.copier.into_file(&path).await.map_err(|why| why.to_string())?;
        let (position, rows, file) = (copied.position, copied.rows, path.display().to_string());
        tracing::info!(position, rows, file, "a backup was written");
        let all = there(folder).map_err(wrong)?;
        let old = all.len().saturating_sub(self.settings.keep as usize);
        for (_, path) in &all[..old] {
            fs::remove_file(path).map_err(wrong)?;
        }
        Ok(())
    }
}

/// The backups in a folder, which is made if need be, oldest first.
fn there(folder: &Path) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    fs::create_dir_all(folder)?;
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(NAME.0) && name.ends_with(".copy.part") {
            // Half of one, of a run that ended before it was whole: only one at a time is written.
            fs::remove_file(&path)?;
            continue;
        }
        let moment = name.strip_prefix(NAME.0).and_then(|name| name.strip_suffix(NAME.1));
        if let Some(millis) = moment.and_then(|moment| moment.parse().ok()) {
            all.push((Timestamp::from_millis(millis), path));
        }
    }
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::MovableClock;
    use crate::store::batch::{Batch, Expect};
    use crate::store::sled::{DEFAULT_CACHE, Sled};
    use crate::store::{Store, copy, keys};

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn one_is_written_when_the_last_is_old_enough_and_the_oldest_go() {
        let (data, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let folder = folder.path().join("backups");
        let store = Arc::new(Sled::open(data.path(), DEFAULT_CACHE).expect("a store"));
        let mut batch = Batch::default();
        batch.put(keys::meta("a row"), Expect::Any, b"kept".to_vec());
        store.commit(batch).await.expect("written");
        let clock = Arc::new(MovableClock::standing());
        let settings = Backup { folder: Some(folder.clone()), hours: 24, keep: 2 };
        let copier = Copier::Folder(store);
        let backups = Backups { settings, copier, clock: Arc::clone(&clock) as Arc<dyn Clock> };
        let count = || there(&folder).expect("read").len();
        backups.write_if_due(&folder).await.expect("written");
        clock.advance(HOUR * 23);
        backups.write_if_due(&folder).await.expect("not due");
        assert_eq!(count(), 1);
        for _ in 0..3 {
            clock.advance(HOUR * 24);
            backups.write_if_due(&folder).await.expect("written");
        }
        assert_eq!(count(), 2, "the newest are kept");
        fs::write(folder.join("sokoni-notes.copy"), b"somebody's own").expect("written");
        assert_eq!(count(), 2, "what is not of its making is let alone");
        let half = folder.join("sokoni-1.copy.part");
        fs::write(&half, b"sokoni backup 1").expect("written");
        assert_eq!((count(), half.exists()), (2, false), "half of one is none");
        let (_, newest) = there(&folder).expect("read").pop().expect("one");
        let file = tokio::fs::File::open(&newest).await.expect("opened");
        assert_eq!(copy::prove(file).await.expect("whole").position, 1);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told_of_and_leaves_nothing() {
        let data = tempfile::tempdir().expect("a folder");
        let file = data.path().join("no-folder");
        fs::write(&file, b"").expect("written");
        let store = Arc::new(Sled::open(&data.path().join("data"), DEFAULT_CACHE).expect("a store"));
        let settings = Backup { folder: Some(file.clone()), ..Backup::default() };
        let clock = Arc::new(MovableClock::standing());
        let backups = Backups { settings, copier: Copier::Folder(store), clock };
        backups.write_if_due(&file).await.expect_err("it is no folder");
    }
}
