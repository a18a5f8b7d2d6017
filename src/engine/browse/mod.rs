//! What shoppers find, and how: by the entries of [`rows`], a word's entries beside another's, never by
//! looking through all that is on sale.

pub mod front;
pub(super) mod rows;

#[cfg(test)]
mod tests;

use super::Engine;
use super::shop::piece_at;
use super::shopfront::PieceView;
use super::view::{people, read, read_all};
use super::work::{Fault, Work};
use crate::market::listing::Listing;
use crate::market::party::{Party, Role};
use crate::store::{Key, Store, keys};
use crate::types::{CodeKind, PartyId, SpokenCode, text};
use front::{Aisles, Browse, Found, MakerView, Spot, Term};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// Entries of a word that are read at once.
const AT_ONCE: usize = 48;
/// The most reads of entries for one page: who asks for more is given where to look further.
const MOST_READS: usize = 400;
/// The most pieces looked at for one page, when a price leaves most of them out.
const MOST_LOOKED_AT: usize = 480;
/// The most words of a family that are listed, or held against one that was mistyped.
const MOST_WORDS: usize = 64;
/// Letters of the name of a maker's page: 60 bits, so that none is met twice.
const PAGE_LETTERS: usize = 12;

/// What names the page of a maker: it says nothing of her, and stays hers.
pub(super) fn page_of(maker: PartyId) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digest = Sha256::new_with_prefix(b"a maker's page\n").chain_update(maker.as_bytes()).finalize();
    digest.iter().take(PAGE_LETTERS).map(|octet| char::from(LETTERS[usize::from(octet & 31)])).collect()
}

/// The maker of a page. Unique.
pub(super) fn by_page(page: &str) -> Key {
    keys::index("maker_page", &[page.as_bytes()], b"")
}

/// Just behind a spot, so that it is met itself.
const fn from(spot: Spot) -> Spot {
    Spot { since: spot.since, number: spot.number.saturating_add(1) }
}

/// The entries of one word, read from the newest on as they are wanted.
struct Posting {
    family: &'static str,
    word: Vec<u8>,
    ahead: VecDeque<Spot>,
    ended: bool,
}

impl Posting {
    const fn new(family: &'static str, word: Vec<u8>) -> Self {
        Self { family, word, ahead: VecDeque::new(), ended: false }
    }

    /// The newest entry before a spot. Spots are asked for from the newest on.
    async fn before(
        &mut self, store: &dyn Store, spot: Option<Spot>, reads: &mut usize,
    ) -> Result<Option<Spot>, Fault> {
        while self.ahead.front().is_some_and(|ahead| spot.is_some_and(|spot| *ahead >= spot)) {
            self.ahead.pop_front();
        }
        if self.ahead.is_empty() && !self.ended {
            *reads += 1;
            let from = spot.map(|spot| rows::entry(self.family, &self.word, spot.since, spot.number));
            let found = store.scan(rows::under(self.family, &self.word), from, AT_ONCE, true).await?;
            self.ended = found.len() < AT_ONCE;
            let spots = found.iter().filter_map(|(key, _)| rows::parse(key));
            self.ahead = spots.map(|(since, number)| Spot { since, number }).collect();
        }
        Ok(self.ahead.front().copied())
    }
}

/// A walk along the spots that every clause has, newest first.
struct Walk<'s> {
    store: &'s dyn Store,
    clauses: Vec<Vec<Posting>>,
    /// Nothing at or above this is met any more.
    below: Option<Spot>,
    reads: usize,
}

impl Walk<'_> {
    fn is_tired(&self) -> bool {
        self.reads > MOST_READS
    }

    /// The next spot; `None` at the end, or when it is tired.
    async fn next(&mut self) -> Result<Option<Spot>, Fault> {
        while !self.is_tired() {
            let mut low = self.below;
            let mut met = None;
            let mut all = true;
            for clause in &mut self.clauses {
                let mut newest = None;
                for posting in clause {
                    newest = newest.max(posting.before(self.store, low, &mut self.reads).await?);
                }
                let Some(newest) = newest else { return Ok(None) };
                all &= met.is_none_or(|met| met == newest);
                met = Some(newest);
                // What stands above this one is not in every clause.
                low = Some(from(newest));
            }
            self.below = if all { met } else { low };
            if all {
                return Ok(met);
            }
        }
        Ok(None)
    }
}

/// The words of a family that have entries and begin so.
async fn words(store: &dyn Store, family: &str, begins: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let mut all = keys::index_prefix(rows::NAME, &[family.as_bytes()]);
    all.extend_from_slice(begins.as_bytes());
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < MOST_WORDS {
        let Some((key, _)) = store.scan(all.clone(), after.take(), 1, false).await?.pop() else { break };
        let Some(word) = rows::word(&key) else { break };
        // Behind every entry of this word: their moments begin with lesser octets.
        let mut past = rows::under(family, &word);
        past.push(0xFF);
        after = Some(past);
        found.push(word);
    }
    Ok(found)
}

async fn known(store: &dyn Store, family: &str) -> Result<Vec<String>, Fault> {
    let words = words(store, family, "").await?.into_iter();
    Ok(words.filter_map(|word| String::from_utf8(word).ok()).collect())
}

/// The postings of a term; a name that nobody has stands for those that are almost it.
async fn postings(store: &dyn Store, term: &Term) -> Result<Vec<Posting>, Fault> {
    Ok(match term {
        Term::Kind(word) => vec![Posting::new("kind", word.clone().into_bytes())],
        Term::Stuff(word) => vec![Posting::new("stuff", word.clone().into_bytes())],
        Term::Place(word) => vec![Posting::new("place", word.clone().into_bytes())],
        Term::Maker(maker) => vec![Posting::new("maker", maker.as_bytes().to_vec())],
        Term::Name(name) => {
            let exact = store.scan(rows::under("name", name.as_bytes()), None, 1, true).await?;
            let Some(first) = name.chars().next().filter(|_| exact.is_empty()) else {
                return Ok(vec![Posting::new("name", name.clone().into_bytes())]);
            };
            let near = words(store, "name", first.encode_utf8(&mut [0; 4])).await?.into_iter();
            near.filter(|other| std::str::from_utf8(other).is_ok_and(|other| text::one_slip(name, other)))
                .map(|other| Posting::new("name", other))
                .collect()
        }
    })
}

impl Engine {
    pub(super) async fn on_shelves(&self, wish: &Browse) -> Result<Found, Fault> {
        let mut clauses = Vec::with_capacity(wish.terms.len());
        for terms in &wish.terms {
            let mut clause = Vec::new();
            for term in terms {
                clause.extend(postings(&*self.store, term).await?);
            }
            clauses.push(clause);
        }
        if clauses.is_empty() {
            clauses.push(vec![Posting::new("all", Vec::new())]);
        }
        let mut walk = Walk { store: &*self.store, clauses, below: wish.before, reads: 0 };
        let mut work = self.work(self.clock.now())?;
        let (mut found, mut looked_at) = (Found::default(), 0);
        loop {
            let mut spots = Vec::new();
            while spots.len() < wish.limit {
                let Some(spot) = walk.next().await? else { break };
                spots.push(spot);
            }
            looked_at += spots.len();
            let ended = spots.len() < wish.limit;
            for (spot, piece) in self.pieces_at(&mut work, spots).await? {
                let fits = wish.least.is_none_or(|least| piece.price >= least)
                    && wish.most.is_none_or(|most| piece.price <= most);
                if !fits {
                    continue;
                }
                if found.pieces.len() == wish.limit {
                    return Ok(found);
                }
                found.pieces.push(piece);
                found.further = Some(spot);
            }
            if ended {
                found.further = walk.below.filter(|_| walk.is_tired());
                return Ok(found);
            }
            if looked_at >= MOST_LOOKED_AT {
                found.further = walk.below;
                return Ok(found);
            }
        }
    }

    /// What stands at these spots and can still be bought.
    async fn pieces_at(
        &self, work: &mut Work<'_>, spots: Vec<Spot>,
    ) -> Result<Vec<(Spot, PieceView)>, Fault> {
        let code = |spot: &Spot| SpokenCode::parse(CodeKind::Listing, &spot.number.to_string()).ok();
        let codes: Vec<(Spot, SpokenCode)> =
            spots.into_iter().filter_map(|spot| Some((spot, code(&spot)?))).collect();
        let ids: Vec<SpokenCode> = codes.iter().map(|(_, code)| *code).collect();
        let listings = read_all::<Listing>(work, &ids).await?;
        let makers = people(work, listings.iter().flatten().map(|listing| listing.maker)).await?;
        let mut pieces = Vec::with_capacity(codes.len());
        for ((spot, _), listing) in codes.into_iter().zip(listings) {
            let Some(listing) = listing.filter(|listing| listing.available() > 0) else { continue };
            let Some(maker) = makers.get(&listing.maker).filter(|maker| !maker.is_erased()) else { continue };
            pieces.push((spot, piece_at(&listing, maker, &self.quote_one(&listing)?)));
        }
        Ok(pieces)
    }

    pub(super) async fn aisles_now(&self) -> Result<Aisles, Fault> {
        let store = &*self.store;
        let oldest = store.scan(rows::under("all", b""), None, 1, false).await?.pop();
        Ok(Aisles {
            kinds: known(store, "kind").await?,
            stuffs: known(store, "stuff").await?,
            oldest: oldest.and_then(|(key, _)| rows::parse(&key)).map(|(since, _)| since),
        })
    }

    pub(super) async fn maker_of(&self, page: &str) -> Result<Option<MakerView>, Fault> {
        let row = self.store.read(vec![by_page(page)]).await?.into_iter().next().flatten();
        let id = row.and_then(|row| row.octets().to_vec().try_into().ok()).map(PartyId::from_bytes);
        let Some(id) = id else { return Ok(None) };
        let mut work = self.work(self.clock.now())?;
        let maker = read::<Party>(&mut work, id).await?;
        let maker = maker.filter(|maker| !maker.is_erased() && maker.role == Role::Artisan);
        Ok(maker.map(|maker| MakerView {
            id,
            page: page.to_owned(),
            name: maker.first_name(),
            place: super::shop::area_name(maker.area.as_str()),
        }))
    }
}

impl Work<'_> {
    /// Reads what the entries of the shop rest on beside what the turn has read: the makers of listings
    /// that come into the shop or leave it, the listings of makers who are called otherwise or moved.
    pub(super) async fn complete(&mut self) -> Result<(), Fault> {
        for maker in self.shelves().parties.held_ids(|before, now| rows::face(before) != rows::face(now)) {
            let mut after = None;
            loop {
                let hers = keys::index_prefix("listing_of", &[maker.as_bytes()]);
                let page = self.store().scan(hers, after.take(), AT_ONCE, false).await?;
                for code in page.iter().filter_map(|(key, _)| number_of(key)) {
                    self.get::<Listing>(code).await?;
                }
                let Some((last, _)) = page.last().filter(|_| page.len() == AT_ONCE) else { break };
                after = Some(last.clone());
            }
        }
        let moved =
            |before: Option<&Listing>, now: Option<&Listing>| rows::Stand::of(before) != rows::Stand::of(now);
        for code in self.shelves().listings.held_ids(moved) {
            if let Some(listing) = self.seen::<Listing>(code) {
                self.get::<Party>(listing.maker).await?;
            }
        }
        Ok(())
    }
}

fn number_of(key: &Key) -> Option<SpokenCode> {
    let number = u32::from_be_bytes(keys::index_id(key)?.try_into().ok()?);
    SpokenCode::parse(CodeKind::Listing, &number.to_string()).ok()
}
