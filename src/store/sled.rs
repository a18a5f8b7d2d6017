//! The engine that lasts: one sled tree, one batch a group, flushed and then synced by ourselves.
//!
//! sled's own `flush` hands pages to the system and not to the disk, so every group ends in an
//! `fdatasync` of sled's log. Nothing else of sled is used: no second tree, no transactions, no
//! asynchronous flush, no background flusher.

mod fill;
mod recent;

use super::batch::{Batch, Committed, Row, show_key};
use super::copy::{Changes, Tap};
use super::folder::{Folder, HighWater, io, sync_folder};
use super::journal::{Head, Record};
use super::judge::Group;
use super::meters::Meters;
use super::writer::{Engine, Stopped, Writer, panic_text};
use super::{Key, Store, StoreError, keys, row};
use futures_util::future::{BoxFuture, ready};
use recent::Recent;
use sled::{Db, IVec};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::iter::Peekable;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::mpsc;

pub use super::folder::OpenError;
pub use fill::Filling;

/// How much memory sled may use for pages, unless told otherwise.
pub const DEFAULT_CACHE: u64 = 64 * 1024 * 1024;

/// Makes what was written to a file durable.
pub(super) type Sync = Box<dyn FnMut(&File) -> std::io::Result<()> + Send>;

/// A store in a folder of this machine.
#[derive(Debug)]
pub struct Sled {
    // Dropped in this order: the thread ends, the files close, the folder is let go.
    writer: Writer,
    shared: Arc<Shared>,
    folder: Folder,
}

#[derive(Debug)]
struct Shared {
    db: Db,
    recent: Recent,
    /// Rows of the group that is applied but not yet durable, as they were before it. Nobody may
    /// see what a power cut could still take back, and nobody should wait for the disk to read.
    undurable: RwLock<BTreeMap<Key, Option<Row>>>,
    position: AtomicU64,
    stopped: Stopped,
    /// Whoever follows every group.
    taps: Mutex<Vec<mpsc::UnboundedSender<Arc<Changes>>>>,
}

impl Sled {
    /// Opens the store in `path`, or makes one there. `cache` is in octets.
    pub fn open(path: &Path, cache: u64) -> Result<Self, OpenError> {
        Self::open_synced_by(path, cache, Box::new(File::sync_data))
    }

    /// The same with another way to sync the log, so that tests can watch it and make it fail.
    pub(super) fn open_synced_by(path: &Path, cache: u64, sync: Sync) -> Result<Self, OpenError> {
        let folder = Folder::take(path)?;
        let formatted = folder.check_format()?;
        let (mut mark, durable) = HighWater::open(&folder)?;
        if formatted && durable.is_none() {
            let why =
                "its high-water file is missing or unreadable, so nobody can tell whether the rest is whole";
            return Err(folder.damaged(why, None));
        }
        let durable = durable.unwrap_or(Head::START);
        let files = folder.path.join("sled");
        if formatted && !files.join("db").exists() {
            return Err(folder.damaged("sled/db is missing", Some(durable.position)));
        }
        remove_half_snapshots(&files)?;
        let db = open_guarded(&files, cache)
            .map_err(|why| folder.damaged(why, Some(durable.position)))?
            .map_err(io("cannot open", &files))?;
        let head = check_against(&db, &durable).map_err(|why| folder.damaged(why, Some(durable.position)))?;
        let log_path = files.join("db");
        let log = File::open(&log_path).map_err(io("cannot open", &log_path))?;
        if !formatted {
            for file in ["db", "conf"] {
                let path = files.join(file);
                File::open(&path).and_then(|f| f.sync_all()).map_err(io("cannot sync", &path))?;
            }
        }
        sync_folder(&files)?;
        mark.write(&head).map_err(io("cannot write", &folder.path.join("high-water")))?;
        mark.sync()?;
        if !formatted {
            folder.write_format()?;
        }
        let stopped = Stopped::default();
        let shared = Arc::new(Shared {
            db,
            recent: Recent::new(),
            undurable: RwLock::default(),
            position: AtomicU64::new(head.position),
            stopped: stopped.clone(),
            taps: Mutex::default(),
        });
        let blobs = Blobs { folder: files.join("blobs"), synced: BTreeSet::new() };
        let engine = SledEngine { shared: shared.clone(), log, sync, blobs, mark };
        let writer = Writer::start(engine, head, stopped).map_err(io("cannot start a thread for", path))?;
        Ok(Self { writer, shared, folder })
    }

    /// Whether there is a store in `path`.
    pub fn is_in(path: &Path) -> bool {
        path.join("format").exists()
    }

    /// How many octets sled's log takes on the disk.
    pub fn size_on_disk(&self) -> u64 {
        fs::metadata(self.folder.path.join("sled/db")).map_or(0, |meta| meta.len())
    }

    /// Every group that becomes durable from now on, until the tap is dropped.
    pub fn tap(&self) -> Tap {
        let (sender, tap) = mpsc::unbounded_channel();
        let _between_groups = self.shared.undurable.read().unwrap_or_else(PoisonError::into_inner);
        self.shared.taps.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        tap
    }

    /// Why the store stopped, once it has.
    pub fn stopped(&self) -> Option<&str> {
        self.shared.stopped.get().map(String::as_str)
    }
}

impl Store for Sled {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        let rows = self.shared.reading(|undurable| {
            keys.iter()
                .map(|key| match undurable.get(key) {
                    Some(before) => Ok(before.clone()),
                    None => self.shared.load(key),
                })
                .collect()
        });
        Box::pin(ready(rows))
    }

    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        let rows = self.shared.reading(|undurable| {
            let Some(range) = keys::range(&prefix, from.as_deref(), back) else {
                return Ok(Vec::new());
            };
            let stored = self.shared.db.range::<&[u8], _>(range.as_ref());
            let hidden = undurable.range::<[u8], _>(range.as_ref());
            if back {
                merge(stored.rev(), hidden.rev(), undurable, limit, |a, b| a > b)
            } else {
                merge(stored, hidden, undurable, limit, |a, b| a < b)
            }
        });
        Box::pin(ready(rows))
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(self.writer.commit(batch))
    }

    fn position(&self) -> u64 {
        self.shared.position.load(Ordering::Acquire)
    }

    fn refuses(&self) -> Option<String> {
        self.stopped().map(str::to_owned)
    }

    fn meters(&self) -> Option<&Meters> {
        Some(self.writer.meters())
    }
}

impl Shared {
    /// Runs `read` as of one commit. What breaks there ends the store.
    fn reading<T>(
        &self, read: impl FnOnce(&BTreeMap<Key, Option<Row>>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(why) = self.stopped.get() {
            return Err(StoreError::Stopped(why.clone()));
        }
        let undurable = self.undurable.read().unwrap_or_else(PoisonError::into_inner);
        let result = catch_unwind(AssertUnwindSafe(|| read(&undurable))).unwrap_or_else(|panic| {
            Err(StoreError::Stopped(format!("the storage engine broke: {}", panic_text(&*panic))))
        });
        if let Err(StoreError::Stopped(why)) = &result {
            self.stopped.get_or_init(|| why.clone());
        }
        result
    }

    /// Tells whoever follows of a group that is durable.
    fn tell_taps(&self, group: &Group) {
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        if taps.is_empty() {
            return;
        }
        let rows = group.writes().into_iter().map(|(key, _, now)| (key, now)).collect();
        let changes = Arc::new(Changes { position: group.head().position, rows });
        taps.retain(|tap| tap.send(Arc::clone(&changes)).is_ok());
    }

    fn load(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        if let Some(row) = self.recent.get(key) {
            return Ok(Some(row));
        }
        let octets = self.db.get(key).map_err(broken)?;
        octets.map(|octets| decode(key, &octets)).transpose()
    }
}

fn broken(why: sled::Error) -> StoreError {
    StoreError::Stopped(format!("sled: {why}"))
}

fn decode(key: &[u8], octets: &IVec) -> Result<Row, StoreError> {
    row::decode(octets).map_err(|why| StoreError::Unreadable { key: show_key(key), why })
}

/// The rows as they were before the group under way: sled's, except those the group wrote, and
/// in their places what stood there before.
fn merge<'a>(
    stored: impl Iterator<Item = sled::Result<(IVec, IVec)>>,
    before: impl Iterator<Item = (&'a Key, &'a Option<Row>)>, undurable: &BTreeMap<Key, Option<Row>>,
    limit: usize, first: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<Vec<(Key, Row)>, StoreError> {
    let mut stored = stored
        .filter(|found| !found.as_ref().is_ok_and(|(key, _)| undurable.contains_key(key.as_ref())))
        .peekable();
    let mut before =
        before.filter_map(|(key, row)| row.as_ref().map(|row| (key.clone(), row.clone()))).peekable();
    let mut rows = Vec::new();
    while rows.len() < limit {
        let hidden_first = match (stored.peek(), before.peek()) {
            (_, None) => false,
            (Some(Ok((key, _))), Some((hidden, _))) => first(hidden, key),
            (Some(Err(_)), Some(_)) => false,
            (None, Some(_)) => true,
        };
        let Some(row) = (if hidden_first { before.next().map(Ok) } else { next_stored(&mut stored) }) else {
            break;
        };
        rows.push(row?);
    }
    Ok(rows)
}

fn next_stored(
    stored: &mut Peekable<impl Iterator<Item = sled::Result<(IVec, IVec)>>>,
) -> Option<Result<(Key, Row), StoreError>> {
    let found = stored.next()?;
    Some(found.map_err(broken).and_then(|(key, octets)| Ok((key.to_vec(), decode(&key, &octets)?))))
}

/// The writer's side.
struct SledEngine {
    shared: Arc<Shared>,
    log: File,
    sync: Sync,
    blobs: Blobs,
    mark: HighWater,
}

impl Engine for SledEngine {
    fn load(&mut self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.shared.load(key)
    }

    fn write(&mut self, group: &Group) -> Result<(), String> {
        let mut batch = sled::Batch::default();
        let mut before = BTreeMap::new();
        let mut recent = Vec::new();
        for (key, stored, now) in group.writes() {
            match &now {
                Some(row) => batch.insert(key.as_slice(), row::encode(row)),
                None => batch.remove(key.as_slice()),
            }
            if key.first() != Some(&keys::JOURNAL) {
                recent.push((key.clone(), now));
            }
            before.insert(key, stored);
        }
        let db = &self.shared.db;
        let sled = |why: sled::Error| format!("sled: {why}");
        {
            let mut undurable = self.shared.undurable.write().unwrap_or_else(PoisonError::into_inner);
            *undurable = before;
            db.apply_batch(batch).map_err(sled)?;
        }
        // Nobody asks for them before the group is durable: until then each is found among the rows before it.
        recent.into_iter().for_each(|(key, now)| self.shared.recent.note(key, now));
        db.flush().map_err(sled)?;
        self.blobs.sync().map_err(|why| format!("the disk did not take a large page: {why}"))?;
        (self.sync)(&self.log).map_err(|why| format!("the disk did not take a write: {why}"))?;
        {
            // Whoever opens a tap sees the group in the rows, or hears of it.
            let mut undurable = self.shared.undurable.write().unwrap_or_else(PoisonError::into_inner);
            self.shared.tell_taps(group);
            self.shared.position.store(group.head().position, Ordering::Release);
            undurable.clear();
        }
        self.mark
            .write(&group.head())
            .map_err(|why| format!("the high-water file could not be written: {why}"))
    }

    fn close(&mut self) {
        if let Err(why) = self.mark.sync() {
            tracing::warn!(%why, "the high-water mark may lag behind the store");
        }
    }
}

/// Pages too large for sled's log lie in files of their own, which sled does not sync either.
/// Rows as small as ours make none; should one appear, it is synced before the log names it.
struct Blobs {
    folder: PathBuf,
    synced: BTreeSet<OsString>,
}

impl Blobs {
    fn sync(&mut self) -> std::io::Result<()> {
        let mut present = BTreeSet::new();
        let mut news = false;
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if !self.synced.contains(&name) {
                match File::open(self.folder.join(&name)) {
                    Ok(file) => file.sync_data()?,
                    // Removed since it was listed: no longer needed.
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(e) => return Err(e),
                }
                news = true;
            }
            present.insert(name);
        }
        self.synced = present;
        if news { File::open(&self.folder)?.sync_all() } else { Ok(()) }
    }
}

/// A snapshot that a killed process left half written makes sled refuse to open.
fn remove_half_snapshots(files: &Path) -> Result<(), OpenError> {
    let entries = match fs::read_dir(files) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io("cannot read", files)(e)),
    };
    for entry in entries {
        let path = entry.map_err(io("cannot read", files))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path).map_err(io("cannot remove", &path))?;
        }
    }
    Ok(())
}

/// Opens sled on a thread of its own, since damage makes it panic. The outer error is damage, in
/// words; the inner one the system's.
fn open_guarded(files: &Path, cache: u64) -> Result<std::io::Result<Db>, String> {
    const TRIES: u32 = 40;
    let config = sled::Config::new().path(files).cache_capacity(cache).flush_every_ms(None);
    for attempt in 1.. {
        let config = config.clone();
        let opened = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || config.open());
        let opened = match opened {
            Ok(thread) => thread.join(),
            Err(e) => return Ok(Err(e)),
        };
        match opened {
            Err(panic) => return Err(format!("sled cannot read its log ({})", panic_text(&*panic))),
            Ok(Ok(db)) => return Ok(Ok(db)),
            // The folder is ours, so this lock can only be the end of a store that this very
            // process has just closed: sled lets go of its file a little later.
            Ok(Err(sled::Error::Io(e))) if e.to_string().contains("could not acquire lock") => {
                if attempt == TRIES {
                    return Ok(Err(e));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(Err(sled::Error::Io(e))) => return Ok(Err(e)),
            Ok(Err(why)) => return Err(format!("sled cannot read its log ({why})")),
        }
    }
    unreachable!("the last try returns")
}

/// Where the store stands, provided that it still holds everything it was durable with.
fn check_against(db: &Db, durable: &Head) -> Result<Head, String> {
    let unread = |why: &dyn std::fmt::Display| format!("its own rows cannot be read ({why})");
    let head = match db.get(keys::head()).map_err(|e| unread(&e))? {
        None => Head::START,
        Some(octets) => {
            let row = row::decode(&octets).map_err(|e| unread(&e))?;
            Head::from_octets(&row.octets()).ok_or_else(|| unread(&"the head has another size"))?
        }
    };
    if head.position < durable.position {
        return Err(format!(
            "it ends at position {} but was durable up to position {}: commits are lost",
            head.position, durable.position
        ));
    }
    // The chain must still run through the record that was the last one then.
    let range = keys::range(&[keys::JOURNAL], Some(&keys::journal(durable.position, u32::MAX)), true);
    let last = match range.and_then(|range| db.range::<&[u8], _>(range.as_ref()).next_back()) {
        None => None,
        Some(found) => {
            let (key, octets) = found.map_err(|e| unread(&e))?;
            let row = row::decode(&octets).map_err(|e| unread(&e))?;
            Some(Record::parse(&key, &row.octets()).map_err(|e| unread(&e))?)
        }
    };
    let (records, hash) = last.map_or((0, super::journal::GENESIS), |r| (r.number + 1, r.hash()));
    if records != durable.records || hash != durable.hash {
        return Err(format!("its journal is not the one that was durable at position {}", durable.position));
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::Value;
    use proptest::prelude::*;

    fn row(version: u64) -> Row {
        Row { version, value: Value::Octets(version.to_string().into()) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn while_a_group_is_on_its_way_to_the_disk_everybody_sees_what_was_before(
            before in prop::collection::btree_map(0u8..40, 1u64..9, 0..30),
            group in prop::collection::btree_map(0u8..40, prop::option::of(10u64..19), 0..30),
            from in prop::option::of(0u8..40), limit in 0usize..20, back in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().expect("dir");
            let store = Sled::open(dir.path(), 1 << 22).expect("open");
            let (db, key) = (&store.shared.db, |n: u8| vec![b'A', n]);
            for (&n, &version) in &before {
                db.insert(key(n), row::encode(&row(version))).expect("stored");
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
            let look = || runtime.block_on(async {
                let keys = (0..40).map(key).collect();
                let scanned = store.scan(vec![b'A'], from.map(key), limit, back).await;
                (store.read(keys).await.expect("read"), scanned.expect("scanned"))
            });
            let seen = look();
            let stored = |n| before.get(&n).map(|&version| row(version));
            *store.shared.undurable.write().expect("free") =
                group.keys().map(|&n| (key(n), stored(n))).collect();
            for (&n, change) in &group {
                match change {
                    Some(version) => db.insert(key(n), row::encode(&row(*version))),
                    None => db.remove(key(n)),
                }
                .expect("applied");
            }
            prop_assert_eq!(look(), seen);
        }
    }
}
