//! The store that a configuration names.

use crate::config::Config;
use crate::engine::chance::SystemChance;
use crate::store::copy::{self, Copied};
use crate::store::news::News;
use crate::store::postgres::{Alone, Postgres};
use crate::store::sled::Sled;
use crate::store::{Store, StoreError};
use crate::types::Chance;
use crate::wire;
use std::path::Path;
use std::sync::Arc;

/// A store, opened.
pub struct Opened {
    /// It.
    pub store: Arc<dyn Store>,
    /// What copies it while it goes on.
    pub copier: Copier,
    /// This machine among those over the same store; `None` where it alone has it.
    pub node: Option<Node>,
}

/// Copies a store that goes on meanwhile.
pub enum Copier {
    /// That of one machine, whose groups are followed.
    Folder(Arc<Sled>),
    /// A database, looked at as of one moment.
    Database(Arc<Postgres>),
}

impl Copier {
    /// A backup.
    ///
    /// # Errors
    /// What store or disk say.
    pub async fn into_file(&self, path: &Path) -> Result<Copied, StoreError> {
        match self {
            Self::Folder(store) => copy::into_file(&**store, Some(store.tap()), path).await,
            Self::Database(database) => copy::into_file(&database.snapshot().await?, None, path).await,
        }
    }
}

/// A machine among several.
pub struct Node {
    /// Names this run of it, and no other.
    pub name: String,
    database: Arc<Postgres>,
}

impl Node {
    /// Waits until no other node is starting; others wait until this is dropped.
    ///
    /// # Errors
    /// The database is away.
    pub async fn alone(&self) -> Result<Alone, String> {
        self.database.alone().await.map_err(|why| why.to_string())
    }

    /// Where it leaves word for the others.
    pub fn news(&self) -> Arc<dyn News> {
        self.database.news()
    }
}

/// Opens it.
///
/// # Errors
/// In words, with the remedy.
pub async fn opened(config: &Config) -> Result<Opened, String> {
    if config.store.engine == "postgres" {
        let (database, name) = database(config).await?;
        let database = Arc::new(database);
        let store: Arc<dyn Store> = Arc::clone(&database) as Arc<dyn Store>;
        let copier = Copier::Database(Arc::clone(&database));
        return Ok(Opened { store, copier, node: Some(Node { name, database }) });
    }
    let (path, cache) = (config.store.path.clone(), config.store.cache_mib * 1024 * 1024);
    let opened = tokio::task::spawn_blocking(move || Sled::open(&path, cache)).await;
    let store = Arc::new(opened.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?);
    Ok(Opened { store: Arc::clone(&store) as Arc<dyn Store>, copier: Copier::Folder(store), node: None })
}

/// The database, and the name under which this run writes to it.
///
/// # Errors
/// In words, with the remedy.
pub async fn database(config: &Config) -> Result<(Postgres, String), String> {
    let mut settings = config.store.postgres.clone();
    let secret = config.store.database_secret()?;
    settings.tls = Some(Arc::new(wire::trusting(settings.ca_file.as_deref())?));
    let name: String =
        Chance::draw(&SystemChance)?.iter().take(12).map(|octet| format!("{octet:02x}")).collect();
    Ok((Postgres::open(&settings, secret.as_deref(), name.clone()).await?, name))
}
