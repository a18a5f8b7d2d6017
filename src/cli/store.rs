//! `sokoni store`: what is in a data folder, and whether it is whole.

mod moves;

use super::place::{self, At, Means, Place};
use super::service::stores;
use crate::engine::buyers;
use crate::photos::{WIDTHS, album::Album};
use crate::store::verify::{Rederive, VerifyError, verify, walk};
use crate::store::{Store, StoreError, journal, keys};
use crate::types::PhotoName;
use clap::{Args, Subcommand};
use moves::{Backup, Migrate, Restore};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Looks into a data folder.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: StoreCommand,
}

/// What can be done with a data folder.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Counts rows by table; shows position and size
    Info(Folder),
    /// Proves the journal's chain, derives every view and balance anew and compares
    Verify(Folder),
    /// Gives up every address that purchases go to: for when its key is lost for good
    ForgetAddresses(Folder),
    /// Copies a store into one file, exact at a position; a database may serve meanwhile
    Backup(Backup),
    /// Makes a store of such a file
    Restore(Restore),
    /// Moves a store from one engine into another and proves both sides
    Migrate(Migrate),
}

/// Which folder, and how to answer.
#[derive(Debug, Args)]
pub struct Folder {
    #[command(flatten)]
    place: Place,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

/// How many differences are listed.
const MOST: usize = 100;
const REFUSED: u8 = 1;

/// Does it and says so on standard output. Exit 0; 1 when the store cannot be read or is not
/// whole.
pub async fn run(args: StoreArgs, rederive: &mut dyn Rederive) -> ExitCode {
    let done = execute(args, rederive, &mut std::io::stdout().lock()).await;
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            eprintln!("{why}");
            ExitCode::from(code)
        }
    }
}

async fn execute(
    args: StoreArgs, rederive: &mut dyn Rederive, out: &mut dyn Write,
) -> Result<(), (u8, String)> {
    let refused = |why: &dyn std::fmt::Display| (REFUSED, why.to_string());
    let text = match args.what {
        StoreCommand::Info(folder) => {
            let at = folder.place.open().await.map_err(|why| refused(&why))?;
            info(&*at.store, at.octets, folder.json).await.map_err(|why| refused(&why))?
        }
        StoreCommand::Verify(folder) => {
            let At { store, album, .. } = folder.place.open().await.map_err(|why| refused(&why))?;
            let missing = missing_photos(&*store, album).await.map_err(|why| refused(&why))?;
            return verified(&*store, rederive, missing, folder.json, out).await;
        }
        StoreCommand::ForgetAddresses(folder) => {
            let store: Arc<dyn Store> = match folder.place.means().map_err(|why| refused(&why))? {
                Means::Folder(path) => Arc::new(place::open_folder(&path).map_err(|why| refused(&why))?),
                Means::Database(config) => {
                    Arc::new(stores::database(&config).await.map_err(|why| refused(&why))?.0)
                }
            };
            let forgotten = buyers::forget_all(&*store).await.map_err(|why| refused(&why))?;
            match folder.json {
                true => format!("{}\n", serde_json::json!({ "forgotten": forgotten })),
                false => format!("{forgotten} addresses are forgotten; the next start takes any key\n"),
            }
        }
        StoreCommand::Backup(args) => moves::backup(&args).await.map_err(|why| refused(&why))?,
        StoreCommand::Restore(args) => moves::restore(&args).await.map_err(|why| refused(&why))?,
        StoreCommand::Migrate(args) => moves::migrate(&args, rederive).await.map_err(|why| refused(&why))?,
    };
    out.write_all(text.as_bytes()).map_err(|why| refused(&why))
}

/// How many rows a table has.
async fn count(store: &dyn Store, table: u8) -> Result<u64, StoreError> {
    const PAGE: usize = 1000;
    let (mut rows, mut from) = (0, None);
    loop {
        let page = store.scan(vec![table], from, PAGE, false).await?;
        rows += page.len() as u64;
        match page.into_iter().next_back() {
            Some((key, _)) => from = Some(key),
            None => return Ok(rows),
        }
    }
}

async fn info(store: &dyn Store, octets: u64, json: bool) -> Result<String, StoreError> {
    let head = journal::head(store).await?;
    let mut tables = Vec::new();
    for (table, name) in keys::TABLES {
        tables.push((name, count(store, table).await?));
    }
    if json {
        let tables: serde_json::Map<_, _> =
            tables.into_iter().map(|(name, rows)| (name.to_owned(), rows.into())).collect();
        let (position, records) = (head.position, head.records);
        let report = serde_json::json!({
            "position": position, "records": records, "octets_on_disk": octets, "rows": tables,
        });
        return Ok(format!("{report}\n"));
    }
    let mut text =
        format!("position         {:>12}\nsize on disk     {octets:>12} octets\nrows\n", head.position);
    for (name, rows) in tables {
        text.push_str(&format!("  {name:<15}{rows:>12}\n"));
    }
    Ok(text)
}

/// Photographs that a listing has and whose files are not there, in words.
async fn missing_photos(store: &dyn Store, album: PathBuf) -> Result<Vec<String>, StoreError> {
    const PAGE: usize = 1000;
    let album = Album::new(album);
    let (mut missing, mut from) = (Vec::new(), None);
    loop {
        let page = store.scan(keys::index_prefix("photo", &[]), from.clone(), PAGE, false).await?;
        for (key, _) in &page {
            let parts = keys::parse_index(key).unwrap_or_default();
            let name = parts.get(1).and_then(|name| <[u8; 16]>::try_from(name.as_slice()).ok());
            let Some(name) = name.map(PhotoName::from_bytes) else { continue };
            if !album.has(name) {
                let path = album.path(name, WIDTHS[0]);
                missing.push(format!("photograph {}: not all its files are there", path.display()));
            }
        }
        match page.into_iter().next_back() {
            Some((key, _)) => from = Some(key),
            None => return Ok(missing),
        }
    }
}

async fn verified(
    store: &dyn Store, rederive: &mut dyn Rederive, missing: Vec<String>, json: bool, out: &mut dyn Write,
) -> Result<(), (u8, String)> {
    let refused = |why: &dyn std::fmt::Display| (REFUSED, why.to_string());
    let report = match verify(store, rederive, MOST).await {
        Ok(report) => report,
        Err(why @ VerifyError::Senseless { .. }) => {
            // Worth knowing: is it the journal, or only what is made of it?
            let chain = walk(store, &mut |_| Ok(())).await.is_ok();
            let chain = if chain { "The chain itself is whole." } else { "The chain is broken too." };
            return Err((REFUSED, format!("{why}. {chain}")));
        }
        Err(why) => return Err(refused(&why)),
    };
    let (position, records) = (report.head.position, report.head.records);
    let differences = report.differences.iter().map(ToString::to_string);
    let lines: Vec<String> = differences.chain(missing).collect();
    let whole = lines.is_empty();
    let text = if json {
        let report = serde_json::json!({
            "whole": whole, "position": position, "records": records, "differences": lines,
        });
        format!("{report}\n")
    } else if whole {
        format!("whole: {records} records up to position {position}; every derived row agrees\n")
    } else {
        lines.iter().map(|line| format!("{line}\n")).collect()
    };
    out.write_all(text.as_bytes()).map_err(|why| refused(&why))?;
    match lines.len() {
        0 => Ok(()),
        MOST.. => Err((REFUSED, format!("not whole: {MOST} or more rows differ from the journal"))),
        1 => Err((REFUSED, "not whole: one row differs from the journal".to_owned())),
        n => Err((REFUSED, format!("not whole: {n} rows differ from the journal"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Key;
    use crate::store::batch::{Batch, Value};
    use crate::store::sled::{DEFAULT_CACHE, Sled};
    use std::collections::BTreeMap;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: StoreArgs,
    }

    /// Derives one sum from records that are numbers.
    #[derive(Default)]
    struct Adder(i64);

    impl Rederive for Adder {
        fn record(&mut self, record: &crate::store::journal::Record) -> Result<(), String> {
            let text = String::from_utf8_lossy(&record.record);
            self.0 += text.parse::<i64>().map_err(|_| format!("{text} is no number"))?;
            Ok(())
        }

        fn prefixes(&self) -> Vec<Key> {
            vec![vec![keys::BALANCES]]
        }

        fn rows(&mut self) -> BTreeMap<Key, Value> {
            BTreeMap::from([(keys::balance("house"), Value::Sum(self.0))])
        }
    }

    async fn sokoni_store(words: &[&str]) -> (String, Result<(), (u8, String)>) {
        use clap::Parser;
        let line = Line::try_parse_from(std::iter::once(&"store").chain(words)).expect("understood");
        let mut out = Vec::new();
        let done = execute(line.args, &mut Adder::default(), &mut out).await;
        (String::from_utf8(out).expect("text"), done)
    }

    async fn filled(sums: &[(i64, &'static str)]) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().to_str().expect("text").to_owned();
        let store = Sled::open(dir.path(), DEFAULT_CACHE).expect("open");
        for (delta, record) in sums {
            let mut batch = Batch::default();
            batch.add(keys::balance("house"), *delta, None);
            batch.journal.push((*record).into());
            store.commit(batch).await.expect("committed");
        }
        (dir, path)
    }

    #[tokio::test]
    async fn info_counts_the_rows_of_every_table() {
        let (_dir, path) = filled(&[(5, "5"), (-2, "-2")]).await;
        let (text, done) = sokoni_store(&["info", "--data", &path]).await;
        assert_eq!(done, Ok(()));
        let line = |name: &str| text.lines().find(|l| l.trim().starts_with(name)).map(str::to_owned);
        assert!(line("position").is_some_and(|line| line.ends_with(" 2")), "{text}");
        assert!(line("journal").is_some_and(|line| line.ends_with(" 2")), "{text}");
        assert!(line("balances").is_some_and(|line| line.ends_with(" 1")), "{text}");
        let (text, _) = sokoni_store(&["info", "--json", "--data", &path]).await;
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&json["position"], &json["rows"]["journal"]), (&2.into(), &2.into()));
        assert!(json["octets_on_disk"].as_u64().is_some_and(|octets| octets > 0));
    }

    #[tokio::test]
    async fn verify_agrees_with_a_whole_store_and_names_what_differs() {
        let (_dir, path) = filled(&[(5, "5"), (-2, "-2")]).await;
        let (text, done) = sokoni_store(&["verify", "--data", &path]).await;
        assert_eq!(done, Ok(()));
        assert_eq!(text, "whole: 2 records up to position 2; every derived row agrees\n");
        let (_dir, path) = filled(&[(5, "5"), (-2, "-3")]).await;
        let (text, done) = sokoni_store(&["verify", "--data", &path]).await;
        assert_eq!(text, "Bhouse: the journal says the sum 2, stored is the sum 3\n");
        assert_eq!(done, Err((1, "not whole: one row differs from the journal".to_owned())));
        let (text, done) = sokoni_store(&["verify", "--json", "--data", &path]).await;
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&json["whole"], done.is_err()), (&false.into(), true));
    }

    #[tokio::test]
    async fn a_record_nobody_understands_is_told_apart_from_a_broken_chain() {
        let (_dir, path) = filled(&[(5, "five")]).await;
        let (_, done) = sokoni_store(&["verify", "--data", &path]).await;
        let (code, why) = done.expect_err("refused");
        assert_eq!(code, 1);
        assert_eq!(
            why,
            "record 0 (commit 1) cannot be followed: five is no number. The chain itself is whole."
        );
    }

    #[tokio::test]
    async fn a_folder_without_a_store_stays_without_one() {
        let dir = tempfile::tempdir().expect("dir");
        let (_, done) = sokoni_store(&["info", "--data", dir.path().to_str().expect("text")]).await;
        assert!(done.is_err_and(|(code, why)| code == 1 && why.contains("there is no store in it")));
        assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 0);
    }

    #[tokio::test]
    async fn a_backup_becomes_the_same_store_elsewhere_and_nowhere_where_one_is() {
        let (dir, path) = filled(&[(5, "5"), (-2, "-2")]).await;
        let (file, new) = (dir.path().join("copy"), dir.path().join("new"));
        let (file, new) = (file.to_str().expect("text"), new.to_str().expect("text"));
        let (text, done) = sokoni_store(&["backup", file, "--data", &path]).await;
        assert_eq!(done, Ok(()));
        assert!(text.contains("as of position 2"), "{text}");
        let (text, done) = sokoni_store(&["restore", file, "--data", new, "--json"]).await;
        assert_eq!(done, Ok(()));
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["position"], 2);
        let (text, _) = sokoni_store(&["verify", "--data", new]).await;
        assert_eq!(text, "whole: 2 records up to position 2; every derived row agrees\n");
        let (_, done) = sokoni_store(&["restore", file, "--data", new]).await;
        assert!(done.is_err_and(|(_, why)| why.contains("there is a store in it")));
        std::fs::write(file, b"sokoni backup 1\nR").expect("written");
        let (_, done) = sokoni_store(&["restore", file, "--data", &format!("{new}er")]).await;
        assert!(done.is_err_and(|(_, why)| why.contains("cut off")));
        assert!(!std::path::Path::new(&format!("{new}er")).exists(), "nothing was begun");
    }
}
