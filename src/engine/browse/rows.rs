//! The entries by which shoppers find a piece: one for each word that it is found by, in the order in
//! which pieces came into the shop. They follow from the listing and its maker together, so a turn that
//! changes either holds both when it writes.

use crate::engine::aggregate::Shelves;
use crate::market::listing::Listing;
use crate::market::party::Party;
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, keys};
use crate::types::{Kes, PartyId, SpokenCode, Timestamp, text};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The index.
pub(in crate::engine) const NAME: &str = "shop";
/// Prices from here on stand in one drawer.
const DEAREST: u64 = 1 << 31;

/// What of a listing decides where it is found; `None` while nobody can buy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Stand {
    code: SpokenCode,
    since: Timestamp,
    kind: String,
    stuff: String,
    maker: PartyId,
    price: Kes,
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
            price: listing.price,
        })
    }
}

/// What of its maker does: her name and her place, while we may tell them.
pub(in crate::engine) fn face(maker: Option<&Party>) -> Option<(String, String)> {
    let maker = maker.filter(|maker| !maker.is_erased())?;
    Some((text::sought(&maker.first_name()), maker.area.as_str().to_owned()))
}

/// The drawer of a maker's price: each is half as long again as the one before, or a third.
fn drawer(price: Kes) -> u8 {
    let cents = u64::try_from(price.cents()).unwrap_or_default().clamp(2, DEAREST);
    let power = cents.ilog2();
    let upper = (cents >> (power - 1)) & 1;
    u8::try_from(2 * u64::from(power) + upper).unwrap_or(u8::MAX)
}

/// The words of the drawers in which prices between these lie.
pub(super) fn drawers(prices: &RangeInclusive<Kes>) -> impl Iterator<Item = Vec<u8>> + use<> {
    (drawer(*prices.start())..=drawer(*prices.end())).map(|drawer| vec![drawer])
}

/// What an entry of a price says: the maker's price itself, so that no listing need be read for it.
fn says(price: Kes) -> Vec<u8> {
    price.cents().to_be_bytes().to_vec()
}

/// The price that an entry says.
pub(super) fn price_of(octets: &[u8]) -> Option<Kes> {
    Some(Kes::minor(i64::from_be_bytes(octets.try_into().ok()?)))
}

/// What a place is found by: its word, and as people write it, whole and in parts.
fn places(area: &str) -> BTreeSet<String> {
    let parts = area.split('_').map(text::sought);
    parts.chain([area.to_owned(), text::sought(area)]).filter(|word| !word.is_empty()).collect()
}

/// All entries of one word, by its family: `kind`, `stuff`, `maker`, `place`, `name`, `price`, or `all`.
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

fn entries(stand: Option<&Stand>, face: Option<&(String, String)>) -> BTreeMap<Key, Vec<u8>> {
    let (Some(stand), Some((name, area))) = (stand, face) else { return BTreeMap::new() };
    let words: [(&str, &[u8]); 5] = [
        ("all", b""),
        ("kind", stand.kind.as_bytes()),
        ("stuff", stand.stuff.as_bytes()),
        ("maker", stand.maker.as_bytes()),
        ("name", name.as_bytes()),
    ];
    let key = |family: &str, word: &[u8]| entry(family, word, stand.since, stand.code.number());
    let mut found: BTreeMap<Key, Vec<u8>> =
        words.into_iter().map(|(family, word)| (key(family, word), Vec::new())).collect();
    found.extend(places(area).into_iter().map(|word| (key("place", word.as_bytes()), Vec::new())));
    found.insert(key("price", &[drawer(stand.price)]), says(stand.price));
    found
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
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        gone.for_each(|key| batch.delete(key.clone(), Expect::Any));
        for (key, says) in new.into_iter().filter(|(key, says)| old.get(key) != Some(says)) {
            batch.put(key, Expect::Any, says);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_is_found_by_its_word_whole_and_by_each_part() {
        let words = |area: &str| places(area).into_iter().collect::<Vec<_>>();
        assert_eq!(words("kibera"), ["kibera"]);
        assert_eq!(words("mathare_north"), ["mathare", "mathare_north", "matharenorth", "north"]);
    }

    proptest! {
        #[test]
        fn every_price_between_two_lies_in_a_drawer_between_theirs(
            mut three in proptest::array::uniform3(0i64..1 << 40),
        ) {
            three.sort_unstable();
            let [least, price, most] = three.map(Kes::minor);
            let all: Vec<Vec<u8>> = drawers(&(least..=most)).collect();
            prop_assert!(all.contains(&vec![drawer(price)]));
            prop_assert!(all.len() <= 64);
            prop_assert_eq!(price_of(&says(price)), Some(price));
        }
    }
}
