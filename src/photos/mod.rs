//! Photographs as files: what was sent is looked at by its content, read within bounds of memory, turned
//! upright, scaled to three widths and written anew, so that nothing of the sender's (place, camera, a
//! file's name) is left in it. What was sent is not kept.
//!
//! [`develop`] turns octets into pictures and does no I/O; [`album`] is the folder they lie in; [`Studio`] is
//! both, off the threads that serve.
//!
//! May import `types`.

pub mod album;
pub mod develop;

use album::Album;
use bytes::Bytes;
use develop::{Bounds, Picture};
use serde::Deserialize;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

pub use crate::types::PhotoName;

/// The widths that pages ask for, in pixels, narrowest first. A picture that is narrower stays as it is.
pub const WIDTHS: [u32; 3] = [320, 640, 1280];

/// `[photos]`: what is taken of those who send photographs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most MiB of one file.
    pub max_mib: u32,
    /// The most millions of pixels of one picture: four octets of memory each while it is read.
    pub max_megapixels: u32,
    /// Pictures read and scaled at a time.
    pub at_once: usize,
    /// Files received at a time; further ones are asked to come again.
    pub receiving: usize,
    /// How long a file may take to come, in seconds.
    pub patience_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_mib: 8, max_megapixels: 25, at_once: 2, receiving: 16, patience_seconds: 300 }
    }
}

impl Settings {
    /// Whether the numbers can be lived with; what to do otherwise.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), &'static str> {
        let good = (1..=64).contains(&self.max_mib)
            && (1..=200).contains(&self.max_megapixels)
            && (1..=64).contains(&self.at_once)
            && (1..=1024).contains(&self.receiving)
            && (1..=3_600).contains(&self.patience_seconds);
        if good {
            Ok(())
        } else {
            Err(
                "max_mib from 1 to 64, max_megapixels 1 to 200, at_once 1 to 64, receiving 1 to 1024, patience_seconds 1 to 3600",
            )
        }
    }

    /// The most octets of one file.
    pub const fn most_octets(&self) -> usize {
        self.max_mib as usize * 1024 * 1024
    }

    /// How long a file may take to come.
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds)
    }
}

/// Why what was sent became no photograph. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Not a JPEG, PNG or WebP by its content.
    #[error("this is no picture that we can read; send a JPEG, PNG or WebP")]
    NoPicture,
    /// It begins like a picture and cannot be read.
    #[error("this picture is damaged; take it again, or send another")]
    Damaged,
    /// More pixels than are taken.
    #[error("this picture has more than {0} million pixels; send a smaller one")]
    TooManyPixels(u32),
    /// A picture that would show nothing.
    #[error("this picture is too small or too narrow to show anything; take it again, nearer")]
    TooSmall,
    /// The disk refused.
    #[error("the picture could not be written: {0}")]
    Disk(#[from] io::Error),
}

/// A photograph whose files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the files are called.
    pub name: PhotoName,
    /// How wide the largest is, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// The colours of its nine ninths, row by row, as six hexadecimal digits each.
    pub tints: String,
}

/// Takes what was sent, and keeps pictures of it.
#[derive(Debug)]
pub struct Studio {
    /// The folder.
    pub album: Arc<Album>,
    /// What is taken.
    pub settings: Settings,
    places: Arc<Semaphore>,
    /// A place for each file that is being received.
    pub receiving: Arc<Semaphore>,
}

impl Studio {
    /// Over a folder, which is made when the first photograph comes.
    pub fn new(folder: PathBuf, settings: Settings) -> Self {
        let places = Arc::new(Semaphore::new(settings.at_once.clamp(1, Semaphore::MAX_PERMITS)));
        let receiving = Arc::new(Semaphore::new(settings.receiving.clamp(1, Semaphore::MAX_PERMITS)));
        Self { album: Arc::new(Album::new(folder)), settings, places, receiving }
    }

    /// Makes pictures of what was sent, and writes them down, durable when this resolves.
    ///
    /// # Errors
    /// What is wrong with it; then nothing was kept.
    pub async fn keep(&self, sent: Bytes) -> Result<Kept, NotKept> {
        if !develop::is_picture(&sent) {
            return Err(NotKept::NoPicture);
        }
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err(NotKept::Disk(io::Error::other("the studio is closed")));
        };
        let bounds = Bounds { megapixels: self.settings.max_megapixels };
        let album = Arc::clone(&self.album);
        let working = tokio::task::spawn_blocking(move || {
            let picture = develop::develop(&sent, bounds)?;
            let Picture { name, width, height, tints, files } = picture;
            album.write(name, &files)?;
            drop(place);
            Ok(Kept { name, width, height, tints })
        });
        working.await.unwrap_or_else(|why| {
            tracing::error!(%why, "a picture broke what reads pictures");
            Err(NotKept::Damaged)
        })
    }
}

#[cfg(test)]
mod tests;
