//! A store as a stream of rows: into a file, out of it, or from one engine into another.
//!
//! A store that goes on meanwhile is read page by page while its groups are followed: what was written before
//! a page was read is in the page, what was written later follows it, and rows are said whole, so that what is
//! said last is what counts. At its end the copy is exact: the store as of one position.

use super::batch::Row;
use super::{Key, Store, StoreError, row};
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// A row as it is now, or that there is none.
pub type Change = (Key, Option<Row>);

/// What a group of a store changed, once it is durable.
#[derive(Debug)]
pub struct Changes {
    /// The position that the group ended at.
    pub position: u64,
    /// Its rows.
    pub rows: Vec<Change>,
}

/// The groups of a store from a moment on.
pub type Tap = mpsc::UnboundedReceiver<Arc<Changes>>;

/// Where rows go.
pub trait Sink: Send {
    /// Takes some more; what comes later counts.
    fn put(&mut self, rows: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The store as of this commit.
    pub position: u64,
    /// Rows that were said, some of them perhaps more than once.
    pub rows: u64,
}

/// Rows read at once.
const PAGE: usize = 512;

/// Copies everything. `tap` was opened before; none where the store stands still.
///
/// # Errors
/// What store or sink say.
pub async fn copy(
    store: &dyn Store, mut tap: Option<Tap>, sink: &mut dyn Sink,
) -> Result<Copied, StoreError> {
    let (mut from, mut rows) = (None, 0);
    // Whatever came before is in every page, whatever comes later in the tap.
    let mut followed = super::journal::head(store).await?.position;
    loop {
        let page = store.scan(Vec::new(), from.take(), PAGE, false).await?;
        let Some((last, _)) = page.last() else { break };
        from = Some(last.clone());
        rows += page.len() as u64;
        sink.put(page.into_iter().map(|(key, row)| (key, Some(row))).collect()).await?;
        while let Some(Ok(changes)) = tap.as_mut().map(mpsc::UnboundedReceiver::try_recv) {
            followed = followed.max(changes.position);
            rows += changes.rows.len() as u64;
            sink.put(changes.rows.clone()).await?;
        }
        // A store of memory or disk answers at once: others have their turn.
        tokio::task::yield_now().await;
    }
    let position = super::journal::head(store).await?.position;
    let Some(mut tap) = tap else { return Ok(Copied { position, rows }) };
    // Whatever the pages may have shown is in what is followed up to here.
    while followed < position {
        let Some(changes) = tap.recv().await else {
            return Err(StoreError::Stopped("it ended while it was copied".to_owned()));
        };
        followed = followed.max(changes.position);
        rows += changes.rows.len() as u64;
        sink.put(changes.rows.clone()).await?;
    }
    Ok(Copied { position: followed, rows })
}

/// SHA-256 of every row in its order: two stores with the same one hold the same.
///
/// # Errors
/// What the store says.
pub async fn digest(store: &dyn Store) -> Result<[u8; 32], StoreError> {
    let (mut digest, mut from) = (Sha256::new(), None);
    loop {
        let page = store.scan(Vec::new(), from.take(), PAGE, false).await?;
        let Some((last, _)) = page.last() else { return Ok(digest.finalize().into()) };
        from = Some(last.clone());
        for (key, found) in &page {
            let octets = row::encode(found);
            for part in [key.as_slice(), &octets] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
        tokio::task::yield_now().await;
    }
}

/// The first line of a backup.
const MAGIC: &[u8] = b"sokoni backup 1\n";
const ROW: u8 = b'R';
const GONE: u8 = b'D';
const END: u8 = b'E';
/// The longest key or row: more than the store takes.
const LONGEST: u32 = 16 * 1024 * 1024;

/// Writes a backup. It is whole only with its end, which says the position and proves every octet before it.
pub struct Writing<W> {
    out: W,
    digest: Sha256,
}

impl<W: AsyncWrite + Unpin + Send> Writing<W> {
    /// Begins.
    ///
    /// # Errors
    /// Whoever takes it says no.
    pub async fn begin(out: W) -> Result<Self, StoreError> {
        let mut this = Self { out, digest: Sha256::new() };
        this.say(MAGIC).await?;
        Ok(this)
    }

    async fn say(&mut self, octets: &[u8]) -> Result<(), StoreError> {
        self.digest.update(octets);
        self.out.write_all(octets).await.map_err(broken)
    }

    /// Ends, and gives back what it was written into.
    ///
    /// # Errors
    /// Whoever takes it says no.
    pub async fn end(mut self, copied: Copied) -> Result<W, StoreError> {
        let mut end = vec![END];
        end.extend_from_slice(&copied.position.to_be_bytes());
        end.extend_from_slice(&copied.rows.to_be_bytes());
        self.say(&end).await?;
        let digest = self.digest.clone().finalize();
        self.out.write_all(&digest).await.map_err(broken)?;
        self.out.flush().await.map_err(broken)?;
        Ok(self.out)
    }
}

impl<W: AsyncWrite + Unpin + Send> Sink for Writing<W> {
    fn put(&mut self, rows: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut octets = Vec::with_capacity(rows.len() * 128);
            for (key, found) in &rows {
                octets.push(if found.is_some() { ROW } else { GONE });
                part(&mut octets, key);
                if let Some(found) = found {
                    part(&mut octets, &row::encode(found));
                }
            }
            self.say(&octets).await
        })
    }
}

fn part(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(&u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(octets);
}

fn broken(why: std::io::Error) -> StoreError {
    StoreError::Stopped(format!("the backup: {why}"))
}

/// Reads a backup.
struct Reading<R> {
    from: R,
    digest: Sha256,
}

enum Entry {
    Row(Change),
    End(Copied),
}

impl<R: AsyncRead + Unpin + Send> Reading<R> {
    async fn begin(from: R) -> Result<Self, StoreError> {
        let mut this = Self { from, digest: Sha256::new() };
        let mut magic = [0; MAGIC.len()];
        this.octets(&mut magic).await?;
        match magic == *MAGIC {
            true => Ok(this),
            false => Err(StoreError::Malformed("this is no backup of this release's making".to_owned())),
        }
    }

    async fn octets(&mut self, into: &mut [u8]) -> Result<(), StoreError> {
        match self.from.read_exact(into).await {
            Ok(_) => {
                self.digest.update(&*into);
                Ok(())
            }
            Err(why) if why.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(StoreError::Malformed("the backup is cut off: it has no end".to_owned()))
            }
            Err(why) => Err(broken(why)),
        }
    }

    async fn part(&mut self) -> Result<Vec<u8>, StoreError> {
        let mut length = [0; 4];
        self.octets(&mut length).await?;
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(StoreError::Malformed(format!("the backup is damaged: a part of {length} octets")));
        }
        let mut octets = vec![0; length as usize];
        self.octets(&mut octets).await?;
        Ok(octets)
    }

    async fn next(&mut self) -> Result<Entry, StoreError> {
        let mut kind = [0];
        self.octets(&mut kind).await?;
        match kind[0] {
            ROW => {
                let (key, octets) = (self.part().await?, self.part().await?);
                let found = row::decode(&octets)
                    .map_err(|why| StoreError::Unreadable { key: super::batch::show_key(&key), why })?;
                Ok(Entry::Row((key, Some(found))))
            }
            GONE => Ok(Entry::Row((self.part().await?, None))),
            END => {
                let (mut position, mut rows) = ([0; 8], [0; 8]);
                self.octets(&mut position).await?;
                self.octets(&mut rows).await?;
                let proof: [u8; 32] = self.digest.clone().finalize().into();
                let mut said = [0; 32];
                self.octets(&mut said).await?;
                if said != proof {
                    return Err(StoreError::Malformed(
                        "the backup is damaged: its sum is another".to_owned(),
                    ));
                }
                let (position, rows) = (u64::from_be_bytes(position), u64::from_be_bytes(rows));
                Ok(Entry::End(Copied { position, rows }))
            }
            _ => Err(StoreError::Malformed("the backup is damaged: no row begins like that".to_owned())),
        }
    }
}

/// Proves a backup whole without putting it anywhere.
///
/// # Errors
/// It is not, or cannot be read.
pub async fn prove(from: impl AsyncRead + Unpin + Send) -> Result<Copied, StoreError> {
    let mut reading = Reading::begin(from).await?;
    loop {
        if let Entry::End(copied) = reading.next().await? {
            return Ok(copied);
        }
    }
}

/// Reads a backup into a store that is filled.
///
/// # Errors
/// It is not whole, or what the sink says.
pub async fn read(from: impl AsyncRead + Unpin + Send, sink: &mut dyn Sink) -> Result<Copied, StoreError> {
    let (mut reading, mut some) = (Reading::begin(from).await?, Vec::new());
    loop {
        match reading.next().await? {
            Entry::Row(row) => some.push(row),
            Entry::End(copied) => {
                sink.put(some).await?;
                return Ok(copied);
            }
        }
        if some.len() >= PAGE {
            sink.put(std::mem::take(&mut some)).await?;
        }
    }
}

/// A file beside its place, which takes its name when it is whole and durable.
///
/// # Errors
/// What the disk says.
pub async fn into_file(store: &dyn Store, tap: Option<Tap>, path: &Path) -> Result<Copied, StoreError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let written = async {
        let file = tokio::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .await
            .map_err(broken)?;
        let mut writing = Writing::begin(tokio::io::BufWriter::with_capacity(1 << 20, file)).await?;
        let copied = copy(store, tap, &mut writing).await?;
        let file = writing.end(copied).await?.into_inner();
        file.sync_all().await.map_err(broken)?;
        tokio::fs::rename(&draft, path).await.map_err(broken)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tokio::fs::File::open(folder).await.map_err(broken)?.sync_all().await.map_err(broken)?;
        Ok(copied)
    };
    let done = written.await;
    if done.is_err() {
        // Nobody shall take half of one for a backup.
        let _ = tokio::fs::remove_file(&draft).await;
    }
    done
}

#[cfg(test)]
mod tests;
