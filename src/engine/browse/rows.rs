//! The entries by which shoppers find a piece: one for each word that it is found by, in the order in
//! which pieces came into the shop. They follow from the listing and its maker together, so a turn that
//! changes either holds both when it writes.

use crate::engine::aggregate::Shelves;
use crate::market::listing::Listing;
use crate::market::party::Party;
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, keys};
use crate::types::{PartyId, SpokenCode, Timestamp, text};
use std::collections::BTreeSet;

/// The index.
pub(in crate::engine) const NAME: &str = "shop";

/// What of a listing decides where it is found; `None` while nobody can buy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Stand {
    code: SpokenCode,
    since: Timestamp,
    kind: String,
    stuff: String,
    maker: PartyId,
}

impl Stand {
    pub(in crate::engine) fn of(listing: Option<&Listing>) -> Option<Self> {
        let listing = listing.filter(|listing| listing.available() > 0)?;
        Some(Self {
            code: listing.code,
            since: listing.since,
            kind: listing.kind.as_str().to_owned(),
            stuff: listing.stuff.as_str().to_owned(),
            maker: listing.maker,
        })
    }
}

/// What of its maker does: her name and her place, while we may tell them.
pub(in crate::engine) fn face(maker: Option<&Party>) -> Option<(String, String)> {
    let maker = maker.filter(|maker| !maker.is_erased())?;
    Some((text::sought(&maker.first_name()), maker.area.as_str().to_owned()))
}

/// All entries of one word, by its family: `kind`, `stuff`, `maker`, `place`, `name`, or `all`.
pub(super) fn under(family: &str, word: &[u8]) -> Key {
    keys::index_prefix(NAME, &[family.as_bytes(), word])
}

/// Where an entry stands among those of its word.
pub(super) fn entry(family: &str, word: &[u8], since: Timestamp, number: u32) -> Key {
    keys::index(NAME, &[family.as_bytes(), word, &keys::moment(since)], &number.to_be_bytes())
}

/// The moment and the number of an entry.
pub(super) fn parse(key: &[u8]) -> Option<(Timestamp, u32)> {
    let mut parts = keys::parse_index(key)?;
    let number = u32::from_be_bytes(parts.pop()?.try_into().ok()?);
    Some((keys::parse_moment(&parts.pop()?)?, number))
}

/// The word of an entry.
pub(super) fn word(key: &[u8]) -> Option<Vec<u8>> {
    keys::parse_index(key)?.into_iter().nth(2)
}

fn entries(stand: Option<&Stand>, face: Option<&(String, String)>) -> BTreeSet<Key> {
    let (Some(stand), Some((name, place))) = (stand, face) else { return BTreeSet::new() };
    let words: [(&str, &[u8]); 6] = [
        ("all", b""),
        ("kind", stand.kind.as_bytes()),
        ("stuff", stand.stuff.as_bytes()),
        ("maker", stand.maker.as_bytes()),
        ("place", place.as_bytes()),
        ("name", name.as_bytes()),
    ];
    words.map(|(family, word)| entry(family, word, stand.since, stand.code.number())).into()
}

/// Writes the entries of every listing that the turn changed, or whose maker it changed.
pub(in crate::engine) fn write(shelves: &Shelves, batch: &mut Batch) {
    for (listing_before, listing_now) in shelves.listings.held() {
        let Some(maker) = listing_now.or(listing_before).map(|listing| listing.maker) else { continue };
        let (before, now) = (Stand::of(listing_before), Stand::of(listing_now));
        let maker = shelves.parties.pair(maker);
        let faces = maker.map(|(before, now)| (face(before), face(now))).unwrap_or_default();
        let (old, new) =
            (entries(before.as_ref(), faces.0.as_ref()), entries(now.as_ref(), faces.1.as_ref()));
        old.difference(&new).for_each(|key| batch.delete(key.clone(), Expect::Any));
        new.difference(&old).for_each(|key| batch.put(key.clone(), Expect::Any, Vec::new()));
    }
}
