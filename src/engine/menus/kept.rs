//! Menus as rows: every set of files that served, by hash. A dialog ends on the files it began
//! with, also after a restart with others on the disk, and can be looked at again on them.
//!
//! A set names its files and the hash of each text; texts stand once however many sets share them,
//! in pieces that fit a row. The trees of a set lead to it by their own hashes.

use super::Edition;
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Menu files: the name and text of each.
pub type Sources = Vec<(String, String)>;

/// Octets of text in one row. Spelled as JSON the worst of them become six.
const PIECE: usize = 10 * 1024;
/// Pieces in one commit.
const AT_ONCE: usize = 16;

/// A set of files as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SetRow {
    /// Its files, by name.
    pub files: Vec<FileRow>,
    /// The hashes of its trees.
    pub graphs: Vec<String>,
    /// When it was kept first.
    pub since: Timestamp,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileRow {
    /// Its name, without the folder.
    pub name: String,
    /// The hash of its text.
    pub text: String,
    /// In how many pieces the text stands.
    pub pieces: u16,
}

impl FileRow {
    /// The rows that hold the text.
    pub fn rows(&self) -> impl Iterator<Item = Key> + '_ {
        (0..self.pieces).map(|piece| keys::menu_text(&self.text, piece))
    }
}

/// The name of a file without its folder.
pub(super) fn bare(name: &str) -> String {
    Path::new(name).file_name().map_or_else(|| name.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The files by their bare names and in their order, so that the same files are the same set in
/// whatever folder they lie.
pub fn normal(sources: &[(String, String)]) -> Sources {
    let mut files: Sources = sources.iter().map(|(name, text)| (bare(name), text.clone())).collect();
    files.sort();
    files
}

/// SHA-256 of the names and texts of a set, in hex.
pub fn set_hash(sources: &[(String, String)]) -> String {
    let mut digest = Sha256::new();
    for (name, text) in normal(sources) {
        for part in [name, text] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    hex(&digest.finalize())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The files that the tree of this hash was made from, of the last set that had it; `None` when
/// they never served here or were let go of. `check::compile` makes the tree of them again.
pub async fn stored_sources(store: &dyn Store, graph: &str) -> Result<Option<Sources>, StoreError> {
    match row::<String>(store, keys::menu_graph(graph)).await? {
        Some(set) => stored_set(store, &set).await,
        None => Ok(None),
    }
}

/// The files of the set of this hash.
pub async fn stored_set(store: &dyn Store, set: &str) -> Result<Option<Sources>, StoreError> {
    let Some(set) = row::<SetRow>(store, keys::menu_set(set)).await? else { return Ok(None) };
    let mut sources = Sources::new();
    for file in set.files {
        let keys: Vec<Key> = file.rows().collect();
        let mut text = String::new();
        for (key, row) in keys.iter().zip(store.read(keys.clone()).await?) {
            let Some(row) = row else { return Ok(None) };
            text.push_str(&codec::decode_row::<String>(key, &row)?);
        }
        sources.push((file.name, text));
    }
    Ok(Some(sources))
}

/// One row, decoded.
pub(super) async fn row<T: DeserializeOwned>(store: &dyn Store, key: Key) -> Result<Option<T>, StoreError> {
    let found = store.read(vec![key.clone()]).await?.into_iter().next().flatten();
    found.map(|row| codec::decode_row(&key, &row)).transpose()
}

/// Writes the texts of an edition, and puts its set and its trees into `batch`, which whoever makes
/// it live commits.
pub(super) async fn keep(
    store: &dyn Store, edition: &Edition, now: Timestamp, batch: &mut Batch,
) -> Result<(), StoreError> {
    let mut files = Vec::new();
    for (name, text) in &edition.files {
        let pieces = pieces(text);
        let hash = hex(&Sha256::digest(text.as_bytes()));
        let count = u16::try_from(pieces.len())
            .map_err(|_| StoreError::Malformed(format!("{name} is too large for a menu")))?;
        for (group, pieces) in pieces.chunks(AT_ONCE).enumerate() {
            let mut texts = Batch::default();
            for (at, piece) in pieces.iter().enumerate() {
                let at = u16::try_from(group * AT_ONCE + at).unwrap_or(u16::MAX);
                texts.put(keys::menu_text(&hash, at), Expect::Any, codec::encode(piece));
            }
            store.commit(texts).await?;
        }
        files.push(FileRow { name: name.clone(), text: hash, pieces: count });
    }
    let graphs: Vec<String> = edition.graphs.iter().map(|graph| graph.hash.clone()).collect();
    for graph in &graphs {
        batch.put(keys::menu_graph(graph), Expect::Any, codec::encode(&edition.set));
    }
    batch.put(
        keys::menu_set(&edition.set),
        Expect::Any,
        codec::encode(&SetRow { files, graphs, since: now }),
    );
    Ok(())
}

/// A text cut so that each piece fits a row; one empty piece for an empty text.
fn pieces(mut text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    loop {
        let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE.min(text.len())));
        pieces.push(piece);
        if rest.is_empty() {
            return pieces;
        }
        text = rest;
    }
}
