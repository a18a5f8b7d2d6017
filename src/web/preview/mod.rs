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

use crate::engine::preview::Ground;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use shelf::Shelf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Octets that a page may send: every file as it is being written.
const MOST_OCTETS: usize = 4 << 20;

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
}

/// What its handlers are handed.
struct Room {
    editor: Editor,
    following: Arc<Semaphore>,
}

/// The editor's pages, for a router that guards them.
pub(super) fn router<S: Clone + Send + Sync + 'static>(editor: Editor) -> Router<S> {
    let base = editor.base;
    let front = if base.is_empty() { "/" } else { base };
    let room = Arc::new(Room { editor, following: Arc::new(Semaphore::new(MOST_FOLLOWING)) });
    Router::new()
        .route(front, get(pages::show))
        .route(&format!("{base}/files"), get(pages::files))
        .route(&format!("{base}/look"), post(pages::look))
        .route(&format!("{base}/save"), post(pages::save))
        .route(&format!("{base}/events"), get(pages::events))
        .layer(DefaultBodyLimit::max(MOST_OCTETS))
        .with_state(room)
}
