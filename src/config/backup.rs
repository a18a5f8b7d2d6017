//! Backups that the service writes by itself.

use serde::Deserialize;
use std::path::PathBuf;

/// `[store.backup]`: where backups go, how often, and how many are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backup {
    /// The folder; none is written where none is named. Another disk is best.
    pub folder: Option<PathBuf>,
    /// One is written when the last is so many hours old.
    pub hours: u32,
    /// The newest so many are kept; older ones of its own making are removed.
    pub keep: u32,
}

impl Default for Backup {
    fn default() -> Self {
        Self { folder: None, hours: 24, keep: 7 }
    }
}

impl Backup {
    /// Whether one can live with it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        match self.hours > 0 && self.keep > 0 {
            true => Ok(()),
            false => Err("hours and keep are at least 1".to_owned()),
        }
    }
}
