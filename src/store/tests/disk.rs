//! What happens to the files: killed, cut off, damaged, taken by another, written by a newer
//! release.

use super::{batch, everything, position};
use crate::store::batch::Expect;
use crate::store::sled::{OpenError, Sled};
use crate::store::{Store, StoreError, keys, verify};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CACHE: u64 = 1 << 22;
/// Set in a child of the test that kills: the folder to commit into.
const CHILD: &str = "SOKONI_TEST_STORE_CHILD";
const WORKERS: u32 = 12;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime")
}

fn open(path: &Path) -> Sled {
    Sled::open(path, CACHE).expect("open")
}

/// A deposit of a worker: her count, her sum, everybody's sum, and the record of it.
async fn deposit(store: &Sled, worker: u32, count: u64) -> Result<(), StoreError> {
    let wish = batch(|b| {
        b.put(keys::meta(&format!("w{worker}")), Expect::Any, count.to_string());
        b.put(keys::aggregate(b'x', &count.to_be_bytes()), Expect::Any, vec![worker as u8; 300]);
        b.add(keys::balance(&format!("w{worker}")), 1, None);
        b.add(keys::balance("all"), 1, None);
        b.journal.push(format!("{worker}").into());
    });
    store.commit(wish).await.map(drop)
}

/// Each worker's count, proven to agree with the sums and with the journal.
async fn audit(store: &Sled) -> Vec<u64> {
    let mut counts = vec![0; WORKERS as usize];
    verify::walk(store, &mut |record| {
        let worker: usize =
            std::str::from_utf8(&record.record).ok().and_then(|text| text.parse().ok()).ok_or("no worker")?;
        counts[worker] += 1;
        Ok(())
    })
    .await
    .expect("the chain is whole");
    let mut wanted: Vec<_> = (0..WORKERS).map(|worker| keys::balance(&format!("w{worker}"))).collect();
    wanted.push(keys::balance("all"));
    let rows = store.read(wanted).await.expect("read");
    let sums: Vec<u64> =
        rows.iter().map(|row| row.as_ref().map_or(0, |row| row.sum()).cast_unsigned()).collect();
    assert_eq!(sums[..WORKERS as usize], counts);
    assert_eq!(sums[WORKERS as usize], counts.iter().sum::<u64>());
    let names = (0..WORKERS).map(|worker| keys::meta(&format!("w{worker}"))).collect();
    for (row, count) in store.read(names).await.expect("read").iter().zip(&counts) {
        let noted = row.as_ref().map_or("0".into(), |row| row.octets());
        assert_eq!(noted, count.to_string());
    }
    counts
}

/// Not a test of its own: what the test below starts as a process and kills.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    runtime().block_on(async {
        let store = Arc::new(open(Path::new(&path)));
        let counts = audit(&store).await;
        let workers = (0..WORKERS).map(|worker| {
            let (store, mut count) = (store.clone(), counts[worker as usize]);
            tokio::spawn(async move {
                loop {
                    count += 1;
                    deposit(&store, worker, count).await.expect("committed");
                    println!("ack {worker} {count}");
                }
            })
        });
        futures_util::future::join_all(workers).await;
    });
}

#[test]
fn a_killed_process_keeps_every_commit_it_acknowledged() {
    let dir = tempfile::tempdir().expect("dir");
    let mut acknowledged = [0u64; WORKERS as usize];
    for round in 0..8u64 {
        let mut child = Command::new(std::env::current_exe().expect("own name"))
            .args(["--exact", "store::tests::disk::child_that_commits_until_it_is_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut heard = |line: std::io::Result<String>| {
            let line = line.unwrap_or_default();
            // The first one shares its line with the name of the test. The last may be torn.
            let mut words = line.split("ack ").nth(1)?.split(' ');
            let worker: usize = words.next()?.parse().ok()?;
            let count: u64 = words.next()?.parse().ok()?;
            acknowledged[worker] = acknowledged[worker].max(count);
            Some(())
        };
        // Kill after some acknowledgements and a little more, elsewhere in a group each round.
        let mut left = 40 + round * 31;
        while left > 0 {
            let line = lines.next().expect("the child lives until it is killed");
            left -= u64::from(heard(line).is_some());
        }
        std::thread::sleep(Duration::from_micros(round * 397));
        child.kill().expect("killed");
        child.wait().expect("gone");
        lines.for_each(|line| {
            heard(line);
        });
        let counts = runtime().block_on(audit(&open(dir.path())));
        for (kept, acknowledged) in counts.iter().zip(acknowledged) {
            // A torn last line may have lost digits, never gained any.
            assert!(*kept >= acknowledged, "kept {counts:?}, acknowledged {acknowledged}");
        }
    }
    assert!(acknowledged.iter().sum::<u64>() > 8 * 40);
}

/// The files as they lie in the folder: name, octets.
fn image(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for part in ["", "sled"] {
        for entry in fs::read_dir(path.join(part)).expect("listed") {
            let entry = entry.expect("listed");
            if entry.file_type().expect("typed").is_file() {
                let name = format!("{part}/{}", entry.file_name().to_string_lossy());
                files.push((name.trim_start_matches('/').to_owned(), fs::read(entry.path()).expect("read")));
            }
        }
    }
    files
}

fn restore(path: &Path, image: &[(String, Vec<u8>)]) {
    fs::create_dir_all(path.join("sled")).expect("made");
    image.iter().for_each(|(name, octets)| fs::write(path.join(name), octets).expect("written"));
}

/// A disk that lost its power: everything synced, and of what was written since, some sectors.
fn cut(synced: &[(String, Vec<u8>)], written: &[(String, Vec<u8>)], mut luck: u64) -> Vec<(String, Vec<u8>)> {
    const SECTOR: usize = 512;
    let mut image = synced.to_vec();
    let log = |files: &[(String, Vec<u8>)]| files.iter().position(|(name, _)| name == "sled/db");
    let (at, from) = (log(synced).expect("there"), log(written).expect("there"));
    let (kept, new) = (&mut image[at].1, &written[from].1);
    kept.resize(kept.len().max(new.len()), 0);
    for (kept, new) in kept.chunks_mut(SECTOR).zip(new.chunks(SECTOR)) {
        luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if luck >> 63 == 1 {
            kept[..new.len()].copy_from_slice(new);
        }
    }
    image
}

#[test]
fn a_power_cut_takes_back_nothing_that_was_synced_and_only_that_is_safe() {
    let dir = tempfile::tempdir().expect("dir");
    let images = Arc::new(Mutex::new(Vec::new()));
    let mut acknowledged = Vec::new();
    let (taken, path) = (images.clone(), dir.path().to_owned());
    let sync = Box::new(move |log: &fs::File| {
        log.sync_data()?;
        taken.lock().expect("free").push(image(&path));
        Ok(())
    });
    runtime().block_on(async {
        let store = Sled::open_synced_by(dir.path(), CACHE, sync).expect("open");
        let mut counts = [0; 5];
        for turn in 0..60 {
            // Several at once, so that the cut goes through groups of several.
            let counts = &mut counts[..turn % 5 + 1];
            counts.iter_mut().for_each(|count| *count += 1);
            let wishes = (0..).zip(counts).map(|(worker, count)| deposit(&store, worker, *count));
            for answer in futures_util::future::join_all(wishes).await {
                answer.expect("committed");
            }
            let syncs = images.lock().expect("free").len();
            acknowledged.push((store.position(), syncs.checked_sub(1).expect("synced")));
        }
    });
    let images = images.lock().expect("free");
    let mut lost_unsynced = 0;
    for (turn, pair) in acknowledged.windows(2).enumerate() {
        let [(durable, synced), (written, next)] = pair else { unreachable!("windows of two") };
        let place = tempfile::tempdir().expect("dir");
        restore(place.path(), &cut(&images[*synced], &images[*next], turn as u64));
        let store = open(place.path());
        assert!(store.position() >= *durable, "{} of {durable}", store.position());
        runtime().block_on(audit(&store));
        // Had the second group been acknowledged before its sync, it would now be missed.
        lost_unsynced += u32::from(store.position() < *written);
    }
    assert!(lost_unsynced > 0, "the simulation loses nothing, so it proves nothing");
}

#[tokio::test]
async fn a_disk_that_does_not_sync_stops_the_store_before_anybody_is_told_yes() {
    let dir = tempfile::tempdir().expect("dir");
    let mut syncs = 0;
    let sync = Box::new(move |log: &fs::File| {
        syncs += 1;
        if syncs == 3 { Err(std::io::Error::other("no space left")) } else { log.sync_data() }
    });
    let store = Sled::open_synced_by(dir.path(), CACHE, sync).expect("open");
    deposit(&store, 0, 1).await.expect("committed");
    deposit(&store, 0, 2).await.expect("committed");
    let why = deposit(&store, 0, 3).await.expect_err("not durable").to_string();
    assert_eq!(why, "the store stopped: the disk did not take a write: no space left");
    assert_eq!(deposit(&store, 0, 3).await.expect_err("stopped").to_string(), why);
    let read = store.read(vec![keys::balance("all")]).await.expect_err("stopped");
    assert_eq!(read.to_string(), why);
    assert_eq!((store.position(), store.stopped().is_some()), (2, true));
    drop(store);
    assert!(audit(&open(dir.path())).await[0] >= 2);
}

/// A store with a few hundred commits, closed.
fn filled(path: &Path) -> u64 {
    runtime().block_on(async {
        let store = open(path);
        for round in 0..40 {
            let wishes = (0..WORKERS).map(|worker| deposit(&store, worker, round + 1));
            for answer in futures_util::future::join_all(wishes).await {
                answer.expect("committed");
            }
        }
        store.position()
    })
}

#[test]
fn a_second_opener_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().expect("dir");
    let first = open(dir.path());
    let why = Sled::open(dir.path(), CACHE).expect_err("taken");
    assert!(matches!(&why, OpenError::InUse { pid, .. } if *pid == std::process::id().to_string()));
    assert!(why.to_string().contains("Stop that one first"), "{why}");
    drop(first);
    open(dir.path());
}

#[test]
fn a_store_of_a_newer_release_is_refused_untouched() {
    let dir = tempfile::tempdir().expect("dir");
    filled(dir.path());
    fs::write(dir.path().join("format"), "sokoni store 2\n").expect("written");
    let before = fs::read(dir.path().join("sled/db")).expect("read");
    let why = Sled::open(dir.path(), CACHE).expect_err("newer");
    assert!(matches!(&why, OpenError::Newer { found, .. } if found == "2"));
    assert!(why.to_string().contains("Use the newer release"), "{why}");
    assert_eq!(fs::read(dir.path().join("sled/db")).expect("read"), before);
    fs::write(dir.path().join("format"), "something else\n").expect("written");
    assert!(matches!(Sled::open(dir.path(), CACHE), Err(OpenError::Damaged { .. })));
}

#[test]
fn a_log_cut_short_is_never_served_as_if_it_were_whole() {
    let dir = tempfile::tempdir().expect("dir");
    let position = filled(dir.path());
    let whole = image(dir.path());
    let length = fs::metadata(dir.path().join("sled/db")).expect("there").len();
    for eighth in 0..8 {
        let place = tempfile::tempdir().expect("dir");
        restore(place.path(), &whole);
        let log = fs::OpenOptions::new().write(true).open(place.path().join("sled/db")).expect("open");
        log.set_len(length * eighth / 8).expect("cut");
        refused_or_whole(place.path(), position);
    }
    let place = tempfile::tempdir().expect("dir");
    restore(place.path(), &whole);
    fs::write(place.path().join("sled/db"), b"").expect("emptied");
    let why = Sled::open(place.path(), CACHE).expect_err("empty");
    assert!(why.to_string().contains("restore the newest backup"), "{why}");
    assert!(why.to_string().contains(&format!("position {position} or later loses nothing")), "{why}");
}

#[test]
fn a_damaged_octet_is_never_served_as_if_it_were_right() {
    let dir = tempfile::tempdir().expect("dir");
    let position = filled(dir.path());
    let whole = image(dir.path());
    let length = fs::metadata(dir.path().join("sled/db")).expect("there").len();
    for place_of in 0..10u64 {
        let place = tempfile::tempdir().expect("dir");
        restore(place.path(), &whole);
        let log = place.path().join("sled/db");
        let file = fs::OpenOptions::new().read(true).write(true).open(&log).expect("open");
        let at = length / 10 * place_of + 21 * place_of;
        let mut octet = [0];
        file.read_exact_at(&mut octet, at).expect("read");
        file.write_all_at(&[octet[0] ^ 0x40], at).expect("written");
        refused_or_whole(place.path(), position);
    }
}

/// Damage may lie where nothing of worth is; then everything must be there.
fn refused_or_whole(path: &Path, position: u64) {
    match Sled::open(path, CACHE) {
        Err(why) => {
            assert!(matches!(why, OpenError::Damaged { .. }), "{why}");
            assert!(why.to_string().contains("restore the newest backup"), "{why}");
        }
        Ok(store) => {
            assert_eq!(store.position(), position);
            assert_eq!(runtime().block_on(audit(&store)), vec![40; WORKERS as usize]);
        }
    }
}

#[test]
fn a_missing_piece_and_a_store_exchanged_for_another_are_noticed() {
    let dir = tempfile::tempdir().expect("dir");
    filled(dir.path());
    let whole = image(dir.path());
    let other = tempfile::tempdir().expect("dir");
    runtime().block_on(async {
        let store = open(other.path());
        for count in 0..600 {
            position(store.commit(batch(|b| b.journal.push(format!("{count}").into()))).await);
        }
    });
    let broken = |name: &str, expected: &str| {
        let place = tempfile::tempdir().expect("dir");
        restore(place.path(), &whole);
        match expected {
            "exchanged" => drop(fs::copy(other.path().join(name), place.path().join(name))),
            _ => fs::remove_file(place.path().join(name)).expect("removed"),
        }
        Sled::open(place.path(), CACHE).map(drop).expect_err(name).to_string()
    };
    assert!(broken("sled/db", "missing").contains("sled/db is missing"));
    assert!(broken("high-water", "missing").contains("high-water file is missing"));
    assert!(broken("high-water", "exchanged").contains("is damaged"));
}

#[test]
fn a_snapshot_left_half_written_does_not_keep_the_store_shut() {
    let dir = tempfile::tempdir().expect("dir");
    let position = filled(dir.path());
    let half = dir.path().join("sled/snap.00000000000FFFFF.generating");
    fs::write(&half, b"half").expect("written");
    assert_eq!(open(dir.path()).position(), position);
    assert!(!half.exists());
}

#[test]
fn closing_and_opening_changes_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    filled(dir.path());
    let before = runtime().block_on(everything(&open(dir.path())));
    assert_eq!(runtime().block_on(everything(&open(dir.path()))), before);
    assert!(before.len() > 500);
}

#[test]
fn a_folder_that_is_a_file_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("data");
    fs::write(&path, "a file").expect("written");
    let why = Sled::open(&path, CACHE).expect_err("a file").to_string();
    assert!(why.contains("data") && why.starts_with("cannot"), "{why}");
}
