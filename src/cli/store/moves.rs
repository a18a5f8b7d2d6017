//! `sokoni store backup`, `restore`, `migrate`: a store into a file, out of it, and from one engine into another.

use crate::cli::place::{Means, Place, open_folder};
use crate::cli::service::stores;
use crate::config::Config;
use crate::photos::album::Album;
use crate::store::copy::{self, Copied};
use crate::store::sled::Sled;
use crate::store::verify::{Rederive, verify};
use crate::store::{Store, StoreError};
use clap::{Args, ValueEnum};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What to copy, and where to.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where it is kept now
    #[command(flatten)]
    place: Place,
    /// The file to write; one of before is replaced when the new one is whole
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What to put where.
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder, or the configuration, that it shall be kept by; there must be no store yet
    #[command(flatten)]
    place: Place,
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What keeps rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// The folder that [store] path names
    Sled,
    /// The database that [store.postgres] names
    Postgres,
}

/// From which engine into which.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Where it is kept now; the service is stopped
    #[arg(long, value_enum)]
    from: EngineName,
    /// Where it shall be kept; there must be no store yet
    #[arg(long, value_enum)]
    to: EngineName,
    /// The configuration with [store] path and [store.postgres]; its engine may still be the old one
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    config: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn words(why: &dyn Display) -> String {
    why.to_string()
}

fn told(what: &str, copied: Copied, file: &Path, json: bool) -> String {
    let (position, rows, file) = (copied.position, copied.rows, file.display());
    match json {
        true => {
            let report = serde_json::json!({ "position": position, "rows": rows, "file": file.to_string() });
            format!("{report}\n")
        }
        false => format!("{what}: {rows} rows, as of position {position}; {file}\n"),
    }
}

/// Copies a store into a file.
pub(super) async fn backup(args: &Backup) -> Result<String, String> {
    let at = args.place.open().await?;
    let copied = copy::into_file(&*at.store, None, &args.file).await.map_err(|why| words(&why))?;
    Ok(told("backed up", copied, &args.file, args.json))
}

/// Makes a store of a file.
pub(super) async fn restore(args: &Restore) -> Result<String, String> {
    let open = async || {
        let file = tokio::fs::File::open(&args.file).await;
        let file = file.map_err(|why| format!("{}: {why}", args.file.display()))?;
        Ok::<_, String>(tokio::io::BufReader::with_capacity(1 << 20, file))
    };
    // Before anything is written: half of a store is none.
    copy::prove(open().await?).await.map_err(|why| format!("{}: {why}", args.file.display()))?;
    let wrong = |why: StoreError| words(&why);
    let copied = match args.place.target()? {
        Means::Folder(path) => {
            let mut filling = Sled::fill(&path)?;
            let copied = copy::read(open().await?, &mut filling).await.map_err(wrong)?;
            filling.done().map_err(|why| words(&why))?;
            copied
        }
        Means::Database(config) => {
            let (database, _) = stores::database(&config).await?;
            let mut filling = database.fill().await.map_err(wrong)?;
            let copied = copy::read(open().await?, &mut filling).await.map_err(wrong)?;
            filling.done().await.map_err(wrong)?;
            copied
        }
    };
    Ok(told("restored", copied, &args.file, args.json))
}

/// Moves a store from one engine into another, and proves both sides.
pub(super) async fn migrate(args: &Migrate, rederive: &mut dyn Rederive) -> Result<String, String> {
    if args.from == args.to {
        return Err("name two engines: --from sled --to postgres".to_owned());
    }
    #[expect(clippy::disallowed_methods, reason = "says how long the service stood still; decides nothing")]
    let began = Instant::now();
    let config = Config::read(&args.config).map_err(|why| why.to_string())?;
    let (database, _) = stores::database(&config).await?;
    let wrong = |why: StoreError| words(&why);
    let path = config.store.path.clone();
    let (copied, old, new): (_, Arc<dyn Store>, Arc<dyn Store>) = match args.from {
        EngineName::Sled => {
            let old = open_folder(&crate::cli::store_in(&path)?)?;
            let mut filling = database.fill().await.map_err(wrong)?;
            let copied = copy::copy(&old, None, &mut filling).await.map_err(wrong)?;
            filling.done().await.map_err(wrong)?;
            (copied, Arc::new(old), Arc::new(database.snapshot().await.map_err(wrong)?))
        }
        EngineName::Postgres => {
            let old = database.snapshot().await.map_err(wrong)?;
            let mut filling = Sled::fill(&path)?;
            let copied = copy::copy(&old, None, &mut filling).await.map_err(wrong)?;
            filling.done().map_err(|why| words(&why))?;
            (copied, Arc::new(old), Arc::new(open_folder(&path)?))
        }
    };
    let took = began.elapsed();
    let (was, is) = (copy::digest(&*old).await.map_err(wrong)?, copy::digest(&*new).await.map_err(wrong)?);
    if was != is {
        return Err(
            "the new store is not what the old one is: keep to the old one and tell the maintainers".into()
        );
    }
    let report = verify(&*new, rederive, 1).await.map_err(|why| words(&why))?;
    if let Some(difference) = report.differences.first() {
        return Err(format!("both stores are alike and neither is whole: {difference}"));
    }
    let proven = began.elapsed();
    let sum: String = is.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let (rows, position) = (copied.rows, copied.position);
    let photos = Album::of_store(&path);
    if args.json {
        let report = serde_json::json!({
            "rows": rows, "position": position, "copied_ms": took.as_millis() as u64,
            "proven_ms": proven.as_millis() as u64, "digest": sum,
        });
        return Ok(format!("{report}\n"));
    }
    Ok(format!(
        "moved: {rows} rows, as of position {position}, in {:.1} s; both sides proven alike ({sum}) and whole after \
         {:.1} s\nphotographs stay where they are: {}\nnow set engine = \"{}\" in [store] and start; the old store \
         is as it was\n",
        took.as_secs_f64(),
        proven.as_secs_f64(),
        photos.display(),
        match args.to {
            EngineName::Sled => "sled",
            EngineName::Postgres => "postgres",
        },
    ))
}
