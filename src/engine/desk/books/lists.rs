//! Lists: read once, filtered, and only the page that is shown is dressed with names.

use super::{Listed, ListingRow, OrderRow, PersonRow, Which};
use crate::engine::Engine;
use crate::engine::aggregate::{self, Aggregate};
use crate::engine::shopfront::DeskPayout;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::order::Order;
use crate::market::{Listing, Party, Payout};
use crate::store::keys;
use crate::types::{Kes, PartyId, SpokenCode};
use std::collections::BTreeMap;

/// Rows of a page.
const PAGE: usize = 50;

/// Names of people, read at once.
pub(super) async fn names(
    work: &mut Work<'_>, people: impl IntoIterator<Item = PartyId>,
) -> Result<BTreeMap<PartyId, String>, Fault> {
    let known = view::people(work, people).await?.into_values();
    Ok(known.map(|party| (party.id, party.name)).collect())
}

/// Somebody by id and name.
pub(super) fn named(names: &BTreeMap<PartyId, String>, id: PartyId) -> (PartyId, String) {
    (id, names.get(&id).cloned().unwrap_or_else(|| "somebody".to_owned()))
}

impl Which {
    fn end(&self, from: usize, count: usize) -> usize {
        if self.whole { count } else { from.saturating_add(PAGE).min(count) }
    }

    /// The page that is asked for, of those things that fit the word, and what all of those add up to.
    pub fn page_of<T>(
        &self, all: Vec<T>, fits: impl Fn(&T, &str) -> bool, sum: impl Fn(&T) -> Kes,
    ) -> Listed<T> {
        let fits = |thing: &T| self.word.as_deref().is_none_or(|word| fits(thing, word));
        let mut found: Vec<T> = all.into_iter().filter(fits).collect();
        let sum = Kes::minor(found.iter().map(|thing| sum(thing).cents()).sum());
        let count = found.len();
        let from = if self.whole { 0 } else { self.page.saturating_mul(PAGE).min(count) };
        let rows: Vec<T> = found.drain(from..self.end(from, count)).collect();
        Listed { count, sum, more: from + rows.len() < count, rows }
    }
}

impl<T> Listed<T> {
    fn with<R>(self, row: impl FnMut(&T) -> R) -> Listed<R> {
        let rows = self.rows.iter().map(row).collect();
        Listed { count: self.count, sum: self.sum, rows, more: self.more }
    }
}

/// Who makes an order, or is asked to.
pub(super) fn maker_of(order: &Order) -> Option<PartyId> {
    order.maker.or(order.offer.map(|offer| offer.to))
}

pub(super) fn order_row(code: SpokenCode, order: &Order, names: &BTreeMap<PartyId, String>) -> OrderRow {
    let quote = order.terms.quote;
    OrderRow {
        code: code.to_string(),
        listing: order.terms.listing.to_string(),
        pieces: order.quantity(),
        earns: quote.maker_gets(quote.pieces),
        stage: order.stage.word().to_owned(),
        since: order.since,
        held: order.held(),
        value: quote.value(quote.pieces),
        maker: maker_of(order).map(|id| named(names, id)),
    }
}

pub(super) fn listing_row(listing: &Listing, names: &BTreeMap<PartyId, String>) -> ListingRow {
    ListingRow {
        code: listing.code.to_string(),
        kind: listing.kind.as_str().to_owned(),
        stuff: listing.stuff.as_str().to_owned(),
        price: listing.price,
        state: listing.stage.word().to_owned(),
        maker: named(names, listing.maker),
    }
}

impl Engine {
    /// The page that is asked for, of things of which only those of the page are read.
    async fn page_of_ids<A: Aggregate>(
        &self, work: &mut Work<'_>, which: &Which, ids: Vec<A::Id>,
    ) -> Result<Listed<(A::Id, A)>, Fault> {
        let all = Which { word: None, ..which.clone() };
        let Listed { count, sum, rows, more } = all.page_of(ids, |_, _| true, |_| Kes::ZERO);
        let read = view::read_all::<A>(work, &rows).await?;
        let rows = rows.into_iter().zip(read).filter_map(|(id, one)| Some((id, one?))).collect();
        Ok(Listed { count, sum, rows, more })
    }

    pub(super) async fn list_orders(&self, which: &Which) -> Result<Listed<OrderRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let all = view::every::<Order>(&mut work, aggregate::all_orders(), true).await?;
        let found =
            which.page_of(all, |(_, order), word| order.stage.word() == word, |(_, order)| order.held());
        let names = names(&mut work, found.rows.iter().filter_map(|(_, order)| maker_of(order))).await?;
        Ok(found.with(|(code, order)| order_row(*code, order, &names)))
    }

    pub(super) async fn list_listings(&self, which: &Which) -> Result<Listed<ListingRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let index = keys::index_prefix("listing", &[]);
        let found = match which.word {
            None => {
                let mut ids = view::ids::<SpokenCode>(&work, index).await?;
                ids.reverse();
                self.page_of_ids::<Listing>(&mut work, which, ids).await?
            }
            Some(_) => {
                let all = view::every::<Listing>(&mut work, index, true).await?;
                which.page_of(all, |(_, listing), word| listing.stage.word() == word, |_| Kes::ZERO)
            }
        };
        let names = names(&mut work, found.rows.iter().map(|(_, listing)| listing.maker)).await?;
        Ok(found.with(|(_, listing)| listing_row(listing, &names)))
    }

    pub(super) async fn list_people(&self, which: &Which) -> Result<Listed<PersonRow>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let role: Vec<&[u8]> = which.word.iter().map(|word| word.as_bytes()).collect();
        let mut ids = view::ids::<PartyId>(&work, keys::index_prefix("role", &role)).await?;
        // An id begins with the moment at which somebody joined.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let found = self.page_of_ids::<Party>(&mut work, which, ids).await?;
        Ok(found.with(|(id, party)| PersonRow {
            id: *id,
            number: party.number.to_string(),
            name: party.name.clone(),
            phone: party.phone.masked(),
            role: party.role.word().to_owned(),
            area: party.area.as_str().to_owned(),
            lang: party.lang.to_string(),
            joined: party.joined,
            held: party.hold.is_some(),
        }))
    }

    pub(super) async fn list_payouts(&self, which: &Which) -> Result<Listed<DeskPayout>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let all = view::every::<Payout>(&mut work, aggregate::all_payouts(), true).await?;
        let fits = |(_, payout): &(_, Payout), word: &str| match word {
            "open" => payout.stage.is_open(),
            word => payout.stage.word() == word,
        };
        let found = which.page_of(all, fits, |(_, payout)| payout.amount);
        let names = names(&mut work, found.rows.iter().map(|(_, payout)| payout.owner)).await?;
        Ok(found.with(|(_, payout)| DeskPayout::of(payout, named(&names, payout.owner).1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(word: Option<&str>, page: usize) -> Listed<i64> {
        let which = Which { word: word.map(str::to_owned), page, whole: false };
        let odd = |number: &i64, word: &str| (number % 2 == 1) == (word == "odd");
        which.page_of((0..120).collect(), odd, |number| Kes::minor(*number))
    }

    #[test]
    fn pages_follow_one_another_and_each_says_what_all_rows_come_to() {
        let pages = [asked(None, 0), asked(None, 1), asked(None, 2)];
        assert_eq!(
            pages.iter().flat_map(|page| page.rows.clone()).collect::<Vec<_>>(),
            (0..120).collect::<Vec<_>>()
        );
        assert_eq!(pages.each_ref().map(|page| page.more), [true, true, false]);
        assert!(pages.iter().all(|page| page.count == 120 && page.sum.cents() == 7_140));
    }

    #[test]
    fn a_sheet_has_all_rows_at_once() {
        let which = Which { whole: true, ..Which::default() };
        let whole = which.page_of((0..120).collect(), |_: &i64, _| true, |number| Kes::minor(*number));
        assert_eq!((whole.rows.len(), whole.count, whole.more), (120, 120, false));
    }

    #[test]
    fn only_rows_of_the_word_count_and_behind_the_last_page_there_is_nothing() {
        let odd = asked(Some("odd"), 1);
        assert_eq!((odd.count, odd.rows.len(), odd.rows.first(), odd.more), (60, 10, Some(&101), false));
        assert_eq!(odd.sum.cents(), 3_600);
        for page in [7, usize::MAX] {
            let beyond = asked(None, page);
            assert_eq!((beyond.count, beyond.rows.len(), beyond.more), (120, 0, false), "{page}");
        }
    }
}
