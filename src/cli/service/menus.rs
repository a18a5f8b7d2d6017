//! The folder of menu files: watched, and read anew when somebody asks.
//!
//! It is looked at a few times a second rather than watched by the kernel. Editors write beside and
//! rename, or cut a file and fill it again; copies come file by file; network folders and mounted
//! configurations tell no events. A look at names, sizes and times sees all of them alike, and what
//! stands still between two looks is whole.

use crate::cli::service::menu_sources;
use crate::engine::desk::Who;
use crate::engine::menus::change::{By, Outcome};
use crate::engine::menus::desk::{MenuDesk, MenusView};
use crate::engine::menus::{Menus, Sources};
use crate::engine::shopfront::ShopError;
use crate::store::{Store, StoreError};
use crate::types::Clock;
use futures_util::future::{BoxFuture, FutureExt};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the folder is looked at; files go live when they stood still for as long.
const LOOK: Duration = Duration::from_millis(250);
/// The wait after the store did not take a change.
const AGAIN: Duration = Duration::from_secs(5);

/// What is seen of a file without reading it: name, inode, size, times of change.
type Seen = (OsString, u64, u64, (i64, i64), (i64, i64));

/// The folder and what is made of it.
#[derive(Clone)]
pub struct MenuFolder {
    folder: Option<PathBuf>,
    menus: Arc<Menus>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// One reading at a time, from the first file to what came of it: what an older look at the
    /// folder found must not stand over what a newer one did.
    reading: Arc<tokio::sync::Mutex<()>>,
    /// Told when other menus serve than before.
    changed: Arc<dyn Fn() + Send + Sync>,
}

impl MenuFolder {
    /// The folder of these menus; none when those of the release serve.
    pub fn new(
        folder: Option<PathBuf>, menus: Arc<Menus>, store: Arc<dyn Store>, clock: Arc<dyn Clock>,
    ) -> Self {
        Self { folder, menus, store, clock, reading: Arc::default(), changed: Arc::new(|| {}) }
    }

    /// Calls this whenever other menus serve than before.
    pub fn telling(self, changed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { changed: Arc::new(changed), ..self }
    }

    fn told(&self, outcome: Outcome) -> Outcome {
        if matches!(outcome, Outcome::Live(_)) {
            (self.changed)();
        }
        outcome
    }

    /// Reads the files and puts them live if they are sound and new. Once begun it ends, also when
    /// whoever asked has gone.
    pub async fn read(&self, by: By) -> Result<Outcome, StoreError> {
        let this = self.clone();
        whole(async move {
            let _one = this.reading.lock().await;
            let folder = this.folder.clone();
            let files = tokio::task::spawn_blocking(move || menu_sources(folder.as_deref())).await;
            let files = files.map_err(|panicked| panicked.to_string()).and_then(|files| files);
            let outcome = this.menus.offer(&*this.store, this.clock.now(), files, by).await;
            outcome.map(|outcome| this.told(outcome))
        })
        .await
    }

    /// Reads the files whenever they changed and stand still again; returns at `stop`.
    pub async fn watch(self, stop: CancellationToken) {
        let Some(folder) = self.folder.clone() else { return };
        let (mut before, mut taken) = (None, None);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = look(&folder).await;
            let stands_still = before.as_ref() == Some(&now);
            if stands_still && taken.as_ref() != Some(&now) {
                match self.read(By::Folder).await {
                    // What changed while it was read is read again.
                    Ok(_) if look(&folder).await == now => taken = Some(now.clone()),
                    Ok(_) => {}
                    Err(why) => {
                        tracing::warn!(%why, "changed menus cannot be kept");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
            before = Some(now);
        }
    }
}

/// What the folder looks like now.
async fn look(folder: &Path) -> Result<Vec<Seen>, String> {
    let folder = folder.to_owned();
    let looked = tokio::task::spawn_blocking(move || -> std::io::Result<Vec<Seen>> {
        let mut seen = Vec::new();
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            // A file that has just gone is as good as not there.
            let Ok(file) = std::fs::metadata(entry.path()) else { continue };
            if file.is_file() {
                let (modified, changed) =
                    ((file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec()));
                seen.push((entry.file_name(), file.ino(), file.len(), modified, changed));
            }
        }
        seen.sort();
        Ok(seen)
    });
    looked.await.map_err(|why| why.to_string())?.map_err(|why| why.to_string())
}

/// Runs something to its end though whoever waits for it goes away.
async fn whole(
    work: impl Future<Output = Result<Outcome, StoreError>> + Send + 'static,
) -> Result<Outcome, StoreError> {
    tokio::spawn(work).await.unwrap_or_else(|why| Err(StoreError::Stopped(why.to_string())))
}

fn fault(why: StoreError) -> ShopError {
    tracing::warn!(%why, "changed menus cannot be kept");
    ShopError::Fault
}

impl MenuDesk for MenuFolder {
    fn menus(&self) -> BoxFuture<'_, Result<MenusView, ShopError>> {
        let folder = self.folder.as_ref().map(|folder| folder.display().to_string());
        async move { self.menus.view(&*self.store, folder).await.map_err(fault) }.boxed()
    }

    fn files(&self) -> Sources {
        self.menus.edition().files.clone()
    }

    fn reload(&self, by: Who) -> BoxFuture<'_, Result<Outcome, ShopError>> {
        async move { self.read(By::Person(by)).await.map_err(fault) }.boxed()
    }

    fn roll_back(&self, by: Who, from: String) -> BoxFuture<'_, Result<Outcome, ShopError>> {
        let this = self.clone();
        let back = whole(async move {
            let outcome = this.menus.roll_back(&*this.store, this.clock.now(), &from, By::Person(by)).await;
            outcome.map(|outcome| this.told(outcome))
        });
        async move { back.await.map_err(fault) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::SystemClock;
    use crate::menu::builtin;
    use crate::menu::check::Limits;
    use crate::store::memory::Memory;
    use std::process::Command;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_an_older_look_at_the_folder_found_does_not_stand_over_a_newer_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in builtin::sources() {
            let bare = Path::new(&name).file_name().expect("a name");
            std::fs::write(folder.path().join(bare), text).expect("written");
        }
        let menus = Arc::new(Menus::read(&builtin::sources(), &Limits::default()).expect("menus"));
        let path = Some(folder.path().to_owned());
        let menus_of = Arc::clone(&menus);
        let folder_of = MenuFolder::new(path, menus_of, Arc::new(Memory::new()), Arc::new(SystemClock));
        // A file that gives its text when we choose: whoever reads the folder waits for it.
        let slow = folder.path().join("a-slow.menu");
        assert!(Command::new("mkfifo").arg(&slow).status().expect("mkfifo").success());

        let older = tokio::spawn({
            let folder = folder_of.clone();
            async move { folder.read(By::Folder).await }
        });
        let pipe = slow.clone();
        let opened = tokio::task::spawn_blocking(move || std::fs::OpenOptions::new().write(true).open(pipe));
        let mut pipe = opened.await.expect("a thread").expect("the older look is reading it");
        std::fs::remove_file(&slow).expect("removed");
        let newer = tokio::spawn(async move { folder_of.read(By::Folder).await });
        // Long enough for a newer look that does not wait.
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::io::Write::write_all(&mut pipe, b"no menu").expect("read");
        drop(pipe);

        assert!(matches!(older.await.expect("read"), Ok(Outcome::Refused(_))));
        newer.await.expect("read").expect("a store");
        assert!(menus.refused().is_none(), "{:?}", menus.refused());
    }
}
