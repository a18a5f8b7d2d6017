//! Where the store is that a command looks into: a folder, or whatever a configuration names.

use super::service::stores;
use crate::config::Config;
use crate::photos::album::Album;
use crate::store::Store;
use crate::store::sled::{DEFAULT_CACHE, Sled};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A data folder, or the configuration of a service.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// The data folder; no other process may have it open
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration of the service whose store is meant: a database may serve meanwhile, and is seen as
    /// it stands now
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A store to look into.
pub struct At {
    /// It. What comes of a database stands still, and nothing can be written.
    pub store: Arc<dyn Store>,
    /// Where photographs lie.
    pub album: PathBuf,
    /// Octets on the disk.
    pub octets: u64,
}

impl Place {
    /// What it means: a folder, or a database.
    ///
    /// # Errors
    /// What is wrong with the configuration, or with the folder.
    pub fn means(&self) -> Result<Means, String> {
        match (&self.data, &self.config) {
            (Some(data), _) => Ok(Means::Folder(super::store_in(data)?)),
            (None, Some(file)) => {
                let config = Config::read(file).map_err(|why| why.to_string())?;
                match config.store.engine.as_str() {
                    "postgres" => Ok(Means::Database(Box::new(config))),
                    _ => Ok(Means::Folder(super::store_in(&config.store.path)?)),
                }
            }
            (None, None) => Err("name the store with --data or --config".to_owned()),
        }
    }

    /// The same, where no store need be yet.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn target(&self) -> Result<Means, String> {
        match (&self.data, &self.config) {
            (Some(data), _) => Ok(Means::Folder(data.clone())),
            (None, Some(file)) => {
                let config = Config::read(file).map_err(|why| why.to_string())?;
                match config.store.engine.as_str() {
                    "postgres" => Ok(Means::Database(Box::new(config))),
                    _ => Ok(Means::Folder(config.store.path)),
                }
            }
            (None, None) => Err("name the store with --data or --config".to_owned()),
        }
    }

    /// Opens it to look into.
    ///
    /// # Errors
    /// There is none, or somebody has it open.
    pub async fn open(&self) -> Result<At, String> {
        match self.means()? {
            Means::Folder(path) => {
                let store = open_folder(&path)?;
                let (album, octets) = (Album::of_store(&path), store.size_on_disk());
                Ok(At { store: Arc::new(store), album, octets })
            }
            Means::Database(config) => {
                let (database, _) = stores::database(&config).await?;
                let store = database.snapshot().await.map_err(|why| why.to_string())?;
                let octets = store.size_on_disk().await.map_err(|why| why.to_string())?;
                Ok(At { store: Arc::new(store), album: Album::of_store(&config.store.path), octets })
            }
        }
    }
}

/// What a place means.
pub enum Means {
    /// A store of one machine.
    Folder(PathBuf),
    /// A database.
    Database(Box<Config>),
}

/// The store of a folder.
///
/// # Errors
/// There is none, or somebody has it open.
pub fn open_folder(path: &Path) -> Result<Sled, String> {
    Sled::open(path, DEFAULT_CACHE).map_err(|why| why.to_string())
}
