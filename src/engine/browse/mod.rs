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
use crate::market::policy::Policy;
use crate::market::price;
use crate::store::batch::Row;
use crate::store::{Key, Store, keys};
use crate::types::{CodeKind, Kes, PartyId, SpokenCode, Usd, text};
use front::{Aisles, Browse, Found, MakerView, Spot, Term};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// Entries of a word that are read at once.
const AT_ONCE: usize = 48;
/// The most reads of entries for one request: who asks for more is given where to look further.
const MOST_READS: usize = 400;
/// How many of them may go for what the words mean: enough are left for a page of each posting.
const MOST_FOR_WORDS: usize = 160;
/// The dearest price of a maker that is looked for, in cents.
const MOST_CENTS: i64 = 1 << 40;
/// The most names that one mistyped name stands for.
const MOST_NEAR: usize = 8;
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

/// How many reads of entries one request still has.
struct Reads(usize);

impl Reads {
    fn is_out(&self) -> bool {
        self.0 == 0
    }

    /// One page of entries. Others get their turn between two of them: a store that reads at once would
    /// hold a thread for the whole of a search.
    async fn scan(
        &mut self, store: &dyn Store, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> Result<Vec<(Key, Row)>, Fault> {
        self.0 = self.0.saturating_sub(1);
        let found = store.scan(prefix, from, limit, back).await?;
        tokio::task::yield_now().await;
        Ok(found)
    }
}

/// The entries of one word, read from the newest on as they are wanted.
struct Posting {
    family: &'static str,
    word: Vec<u8>,
    /// Only entries that say such a price.
    prices: Option<RangeInclusive<Kes>>,
    ahead: VecDeque<Spot>,
    /// The last one that was read, whatever it says.
    read: Option<Spot>,
    ended: bool,
}

impl Posting {
    const fn new(family: &'static str, word: Vec<u8>) -> Self {
        Self { family, word, prices: None, ahead: VecDeque::new(), read: None, ended: false }
    }

    fn fits(&self, row: &Row) -> bool {
        self.prices
            .as_ref()
            .is_none_or(|prices| rows::price_of(&row.octets()).is_some_and(|price| prices.contains(&price)))
    }

    /// The newest entry before a spot, and whether it fits: nothing that does stands above it. Reads one page
    /// at most. Spots are asked for from the newest on.
    async fn before(
        &mut self, store: &dyn Store, spot: Option<Spot>, reads: &mut Reads,
    ) -> Result<Option<(Spot, bool)>, Fault> {
        let below = |at: &Spot| spot.is_none_or(|spot| *at < spot);
        while self.ahead.front().is_some_and(|ahead| !below(ahead)) {
            self.ahead.pop_front();
        }
        if self.ahead.is_empty() && !self.ended && !reads.is_out() {
            let from = self.read.filter(below).or(spot);
            let from = from.map(|spot| rows::entry(self.family, &self.word, spot.since, spot.number));
            let found = reads.scan(store, rows::under(self.family, &self.word), from, AT_ONCE, true).await?;
            self.ended = found.len() < AT_ONCE;
            let spot = |key: &Key| rows::parse(key).map(|(since, number)| Spot { since, number });
            self.read = found.last().and_then(|(key, _)| spot(key)).or(self.read);
            self.ahead =
                found.iter().filter(|(_, row)| self.fits(row)).filter_map(|(key, _)| spot(key)).collect();
        }
        Ok(match self.ahead.front() {
            Some(ahead) => Some((*ahead, true)),
            None => self.read.filter(|_| !self.ended).map(|read| (read, false)),
        })
    }
}

/// A walk along the spots that every clause has, newest first.
struct Walk<'s> {
    store: &'s dyn Store,
    clauses: Vec<Vec<Posting>>,
    /// Nothing at or above this is met any more.
    below: Option<Spot>,
    reads: Reads,
    ended: bool,
}

impl Walk<'_> {
    /// The next spot; `None` at the end, or when there are no reads left.
    async fn next(&mut self) -> Result<Option<Spot>, Fault> {
        while !self.ended && !self.reads.is_out() {
            let mut low = self.below;
            let mut met = None;
            let mut all = true;
            for clause in &mut self.clauses {
                let mut newest = None;
                for posting in clause {
                    newest = newest.max(posting.before(self.store, low, &mut self.reads).await?);
                    if self.reads.is_out() {
                        // Whatever this step would have met is met again from where it began.
                        return Ok(None);
                    }
                }
                let Some((newest, fits)) = newest else {
                    self.ended = true;
                    return Ok(None);
                };
                all &= fits && met.is_none_or(|met| met == newest);
                met = Some(newest);
                // What stands above this one is not in every clause.
                low = Some(if fits { from(newest) } else { newest });
            }
            self.below = if all { met } else { low };
            if all {
                return Ok(met);
            }
        }
        Ok(None)
    }

    /// So many of the next spots.
    async fn some(&mut self, most: usize) -> Result<Vec<Spot>, Fault> {
        let mut spots = Vec::new();
        while spots.len() < most {
            let Some(spot) = self.next().await? else { break };
            spots.push(spot);
        }
        Ok(spots)
    }
}

/// The words of a family that have entries and begin so.
async fn words(
    store: &dyn Store, family: &str, begins: &str, reads: &mut Reads,
) -> Result<Vec<Vec<u8>>, Fault> {
    let mut all = keys::index_prefix(rows::NAME, &[family.as_bytes()]);
    all.extend_from_slice(begins.as_bytes());
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < MOST_WORDS && !reads.is_out() {
        let Some((key, _)) = reads.scan(store, all.clone(), after.take(), 1, false).await?.pop() else {
            break;
        };
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
    let words = words(store, family, "", &mut Reads(MOST_WORDS + 1)).await?.into_iter();
    Ok(words.filter_map(|word| String::from_utf8(word).ok()).collect())
}

/// Names on sale that are almost this one: those that begin with its two letters, and when there are none
/// those that begin with the first.
async fn near(store: &dyn Store, name: &str, reads: &mut Reads) -> Result<Vec<Posting>, Fault> {
    for letters in [2, 1] {
        let begins: String = name.chars().take(letters).collect();
        if begins.is_empty() {
            break;
        }
        let known = words(store, "name", &begins, reads).await?.into_iter();
        let near: Vec<Posting> = known
            .filter(|other| std::str::from_utf8(other).is_ok_and(|other| text::one_slip(name, other)))
            .map(|other| Posting::new("name", other))
            .take(MOST_NEAR)
            .collect();
        if !near.is_empty() {
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

/// The postings of terms any of which will do.
async fn postings(store: &dyn Store, terms: &[Term], reads: &mut Reads) -> Result<Vec<Posting>, Fault> {
    let mut found = Vec::new();
    for term in terms {
        match term {
            Term::Else(first, then) => {
                let mut so = plain(store, first, reads).await?;
                let mut any = false;
                for posting in &mut so {
                    any |= posting.before(store, None, reads).await?.is_some();
                }
                found.extend(if any { so } else { plain(store, then, reads).await? });
            }
            term => found.extend(plain(store, std::slice::from_ref(term), reads).await?),
        }
    }
    Ok(found)
}

async fn plain(store: &dyn Store, terms: &[Term], reads: &mut Reads) -> Result<Vec<Posting>, Fault> {
    let mut found = Vec::new();
    for term in terms {
        match term {
            Term::Kind(word) => found.push(Posting::new("kind", word.clone().into_bytes())),
            Term::Stuff(word) => found.push(Posting::new("stuff", word.clone().into_bytes())),
            Term::Place(word) => found.push(Posting::new("place", word.clone().into_bytes())),
            Term::Maker(maker) => found.push(Posting::new("maker", maker.as_bytes().to_vec())),
            Term::Name(name) => found.push(Posting::new("name", name.clone().into_bytes())),
            Term::Like(name) => found.extend(near(store, name, reads).await?),
            Term::Else(..) => {}
        }
    }
    Ok(found)
}

/// What a maker's price lies between when its price in the shop lies between these. `None`: nothing does.
fn makers_prices(policy: &Policy, least: Option<Usd>, most: Option<Usd>) -> Option<RangeInclusive<Kes>> {
    // A dearer piece is dearer in the shop too, so the ends are found by halving.
    let first = |reaches: &dyn Fn(Usd) -> bool| {
        let so = |cents: i64| {
            let quote = price::quote(policy, Kes::minor(cents), 1, Usd::ZERO);
            quote.is_none_or(|quote| reaches(quote.shop_each))
        };
        let (mut low, mut high) = (0, MOST_CENTS);
        while low < high {
            let middle = low + (high - low) / 2;
            if so(middle) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let low = least.map_or(0, |least| first(&|shop| shop >= least));
    let past = most.map_or(MOST_CENTS, |most| first(&|shop| shop > most));
    (low < past).then(|| Kes::minor(low)..=Kes::minor(past - 1))
}

impl Engine {
    pub(super) async fn on_shelves(&self, wish: &Browse) -> Result<Found, Fault> {
        let (store, mut reads) = (&*self.store, Reads(MOST_FOR_WORDS));
        let mut clauses = Vec::with_capacity(wish.terms.len() + 1);
        for terms in &wish.terms {
            clauses.push(postings(store, terms, &mut reads).await?);
        }
        if wish.least.is_some() || wish.most.is_some() {
            let Some(prices) = makers_prices(&self.policy, wish.least, wish.most) else {
                return Ok(Found::default());
            };
            let drawer = |word| Posting { prices: Some(prices.clone()), ..Posting::new("price", word) };
            clauses.push(rows::drawers(&prices).map(drawer).collect());
        }
        if clauses.is_empty() {
            clauses.push(vec![Posting::new("all", Vec::new())]);
        }
        let reads = Reads(MOST_READS - MOST_FOR_WORDS + reads.0);
        let mut walk = Walk { store, clauses, below: wish.before, reads, ended: false };
        let mut work = self.work(self.clock.now())?;
        let mut found = Found::default();
        loop {
            let room = wish.limit - found.pieces.len();
            // One more than there is room for says whether there are more; it is not read.
            let mut spots = walk.some(room + 1).await?;
            let more = spots.len() > room;
            spots.truncate(room);
            let last = spots.last().copied();
            found.pieces.extend(self.pieces_at(&mut work, spots).await?);
            if !more {
                found.further = walk.below.filter(|_| !walk.ended);
                return Ok(found);
            }
            if found.pieces.len() == wish.limit || last.is_none() {
                found.further = last;
                return Ok(found);
            }
            walk.below = last;
        }
    }

    /// What stands at these spots and can still be bought.
    async fn pieces_at(&self, work: &mut Work<'_>, spots: Vec<Spot>) -> Result<Vec<PieceView>, Fault> {
        let code = |spot: &Spot| SpokenCode::parse(CodeKind::Listing, &spot.number.to_string()).ok();
        let ids: Vec<SpokenCode> = spots.iter().filter_map(code).collect();
        let listings = read_all::<Listing>(work, &ids).await?;
        let makers = people(work, listings.iter().flatten().map(|listing| listing.maker)).await?;
        let mut pieces = Vec::with_capacity(ids.len());
        for listing in listings {
            let Some(listing) = listing.filter(|listing| listing.available() > 0) else { continue };
            let Some(maker) = makers.get(&listing.maker).filter(|maker| !maker.is_erased()) else { continue };
            pieces.push(piece_at(&listing, maker, &self.quote_one(&listing)?));
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
        let Some(maker) = maker else { return Ok(None) };
        let story = self.story_of(id).await?.as_ref().map(super::story::StoryView::from);
        Ok(Some(MakerView {
            id,
            page: page.to_owned(),
            name: maker.first_name(),
            place: super::shop::area_name(maker.area.as_str()),
            story,
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
