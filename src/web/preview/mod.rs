//! The editor of menus: their text with its faults, and beside it phones that show what it says.
//! It stands alone (`sokoni menu preview`) and on the desk, over the folder that serves.
//!
//! * [`shelf`]: the files, read anew each time, written whole or not at all.
//! * `pages`: the page and what its script asks for.
//! * `alone`: the editor as a small site of its own.

mod alone;
mod pages;
pub mod shelf;

pub use alone::alone;

use crate::engine::{
    preview::{Checkup, Ground},
    tapes::desk::{Dialogs, Stats},
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use shelf::Shelf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Octets that a page may send: every file as it is being written.
const MOST_OCTETS: usize = 4 << 20;

/// Dialogs of so many days are added up.
const DAYS: u32 = 7;

/// Pages that may follow the files at a time.
const MOST_FOLLOWING: usize = 32;

/// What an editor is made of.
pub struct Editor {
    /// The files.
    pub shelf: Shelf,
    /// Limits, prices, figures.
    pub ground: Ground,
    /// Where its pages stand, without a slash at the end: `/desk/menus/edit`, or nothing.
    pub base: &'static str,
    /// Files with faults are not written, since what is written goes live.
    pub serves: bool,
    /// Ends pages that follow the files.
    pub shutdown: CancellationToken,
    /// Recorded dialogs, to tell where people broke off last week.
    pub dialogs: Option<Arc<dyn Dialogs>>,
}

/// What its handlers are handed.
struct Room {
    editor: Editor,
    following: Arc<Semaphore>,
    /// The files that were looked at last: a walk through them need not check them again.
    last: Mutex<Option<Arc<Checkup>>>,
    /// What recorded dialogs added up to when a page was last opened.
    learned: Mutex<Option<Arc<Stats>>>,
}

impl Room {
    fn new(editor: Editor) -> Self {
        let following = Arc::new(Semaphore::new(MOST_FOLLOWING));
        Self { editor, following, last: Mutex::default(), learned: Mutex::default() }
    }

    /// What came of the check of these files.
    fn checkup(&self, sources: Vec<(String, String)>) -> Arc<Checkup> {
        let last = held(&self.last).clone();
        let new = Arc::new(match last {
            Some(last) if last.is_of(&sources) => return last,
            Some(last) => last.again(sources),
            None => Checkup::of(sources, &self.editor.ground.limits),
        });
        *held(&self.last) = Some(Arc::clone(&new));
        new
    }

    /// Adds up what was recorded of late.
    async fn learn(&self) {
        let Some(dialogs) = &self.editor.dialogs else { return };
        if let Ok(stats) = dialogs.dialog_stats(DAYS).await {
            *held(&self.learned) = Some(Arc::new(stats));
        }
    }

    fn ground(&self) -> Ground {
        let mut ground = self.editor.ground.clone();
        if let Some(stats) = &*held(&self.learned) {
            ground.stats = Some(Arc::clone(stats));
        }
        ground
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The editor's pages, for a router that guards them.
pub(super) fn router<S: Clone + Send + Sync + 'static>(editor: Editor) -> Router<S> {
    let base = editor.base;
    let front = if base.is_empty() { "/" } else { base };
    let room = Arc::new(Room::new(editor));
    Router::new()
        .route(front, get(pages::show))
        .route(&format!("{base}/files"), get(pages::files))
        .route(&format!("{base}/look"), post(pages::look))
        .route(&format!("{base}/save"), post(pages::save))
        .route(&format!("{base}/events"), get(pages::events))
        .layer(DefaultBodyLimit::max(MOST_OCTETS))
        .with_state(room)
}
