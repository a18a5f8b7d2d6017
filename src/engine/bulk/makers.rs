//! Who may be asked for pieces that have no maker yet.

use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::view::{every, people};
use crate::engine::work::{Fault, Work};
use crate::market::bulk::{self, Bulk, Maker};
use crate::market::listing::{Listing, ListingStage};
use crate::market::order::Order;
use crate::market::party::Role;
use crate::types::{Kes, PartyId};
use std::collections::BTreeMap;

impl Engine {
    /// Who may be asked for what is left of a request, best first, with the room each of them has;
    /// as many as it takes.
    pub(super) async fn makers_for(&self, work: &mut Work<'_>, request: &Bulk) -> Result<Vec<Maker>, Fault> {
        let asked = |who| request.has_asked(who);
        let price = request.terms.quote.price_each;
        let listing = work.need::<Listing>(request.terms.listing).await?;
        let makers = self.makers_of(work, &listing, price, asked).await?;
        self.with_room(work, makers, request.left).await
    }

    /// Who is asked next for an order that somebody did not take: one who makes the same of the same
    /// for no more than the order pays, and has room for all of it.
    pub(in crate::engine) async fn next_maker(
        &self, work: &mut Work<'_>, order: &Order,
    ) -> Result<Option<PartyId>, Fault> {
        let most = self.policy.order.offers as usize;
        if order.terms.bulk.is_some() || order.offered_to.len() >= most {
            return Ok(None);
        }
        let (price, pieces) = (order.terms.quote.price_each, order.untaken());
        let listing = work.need::<Listing>(order.terms.listing).await?;
        let asked = |who| order.offered_to.contains(&who);
        for maker in self.makers_of(work, &listing, price, asked).await? {
            if maker.same_stuff && maker.room.saturating_sub(self.in_hand(work, maker.id).await?) >= pieces {
                return Ok(Some(maker.id));
            }
        }
        Ok(None)
    }

    /// Everybody who makes pieces of a kind and was not asked, best first. The room of each is what
    /// she says of herself, before what she has in hand.
    async fn makers_of(
        &self, work: &mut Work<'_>, listing: &Listing, price: Kes, asked: impl Fn(PartyId) -> bool,
    ) -> Result<Vec<Maker>, Fault> {
        let mut makers: BTreeMap<PartyId, Maker> = BTreeMap::new();
        let mut others: Vec<Listing> = every::<Listing>(work, aggregate::of_kind(&listing.kind), true)
            .await?
            .into_iter()
            .map(|(_, other)| other)
            .collect();
        if others.iter().all(|other| other.code != listing.code) {
            others.push(listing.clone());
        }
        let ids: Vec<PartyId> = others.iter().map(|other| other.maker).collect();
        let people = people(work, ids).await?;
        for other in others {
            let seen = work.now.since(other.since) <= self.policy.bulk_seen();
            if asked(other.maker) || !(seen || other.stage == ListingStage::OnSale) {
                continue;
            }
            let same_stuff = other.stuff == listing.stuff;
            match makers.get_mut(&other.maker) {
                Some(known) => {
                    known.price = known.price.min(other.price);
                    known.same_stuff |= same_stuff;
                }
                None => {
                    let Some(her) = people.get(&other.maker) else { continue };
                    if her.role != Role::Artisan || her.is_erased() {
                        continue;
                    }
                    let maker = Maker {
                        id: her.id,
                        own: her.id == listing.maker,
                        same_stuff,
                        price: other.price,
                        passed: her.judged.passed,
                        failed: her.judged.failed,
                        room: her.room(&self.policy),
                    };
                    makers.insert(her.id, maker);
                }
            }
        }
        Ok(bulk::onward(makers.into_values().collect(), price, &self.policy))
    }

    /// The first of these who together have room for so many pieces.
    async fn with_room(
        &self, work: &mut Work<'_>, makers: Vec<Maker>, pieces: u32,
    ) -> Result<Vec<Maker>, Fault> {
        let mut found = Vec::new();
        let mut room = 0;
        for mut maker in makers {
            maker.room = maker.room.saturating_sub(self.in_hand(work, maker.id).await?);
            room += maker.room;
            found.push(maker);
            if room >= pieces {
                break;
            }
        }
        Ok(found)
    }

    /// How many pieces somebody is offered or has promised and not brought.
    async fn in_hand(&self, work: &mut Work<'_>, maker: PartyId) -> Result<u32, Fault> {
        let open = every::<Order>(work, aggregate::open_orders_of(maker), false).await?;
        let pieces = |order: &Order| order.offer.map_or(order.outstanding(), |offer| offer.pieces);
        Ok(open.iter().map(|(_, order)| pieces(order)).sum())
    }
}
