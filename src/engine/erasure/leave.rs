//! Her pieces go from the shop with their photographs, whom she was tied to is not tied to her any more,
//! and the call she may be in ends.

use crate::engine::Engine;
use crate::engine::aggregate::{helped_by, inviters_of};
use crate::engine::desk::Who;
use crate::engine::view::{FromIndex, every, read_all};
use crate::engine::work::{Fault, Work};
use crate::market::listing::{Listing, ListingEvent, ListingStage};
use crate::market::party::{self, Party, PartyCommand, PartyEvent};
use crate::store::batch::Expect;
use crate::store::{Key, keys};
use crate::types::{PartyId, SpokenCode};
use std::collections::BTreeMap;

/// Pieces taken down in one commit: with their entries well below what one may hold.
const PIECES: usize = 48;
/// Entries looked at in one step, a page at a time.
const PAGE: usize = 256;
const PAGES: usize = 16;
/// Pieces beyond those of the first commit that it expects to be as they are.
const WATCHED: usize = 1_500;

impl Engine {
    /// What goes in the commit of the approval. Nothing of it spells her name or phone, since the record
    /// on whose word all others change is never changed itself.
    pub(super) async fn let_go(&self, work: &mut Work<'_>, her: &Party) -> Result<(), Fault> {
        let hers = keys::index_prefix("listing_of", &[her.id.as_bytes()]);
        let mut more = self.take_down(work, hers.clone(), her.id, None).await?;
        // An order for one of the others in the same moment is not missed.
        for _ in 0..WATCHED / PAGE {
            let Some(after) = more.take() else { break };
            let page = self.store.scan(hers.clone(), Some(after), PAGE, false).await?;
            for code in page.iter().filter_map(|(key, _)| listing_at(key)) {
                work.get::<Listing>(code).await?;
            }
            more = page.last().map(|(key, _)| key.clone());
        }
        for (id, _) in every::<Party>(work, inviters_of(her.phone), false).await? {
            let other = work.need::<Party>(id).await?;
            let over = other.invited.iter().filter(|asked| asked.phone == her.phone);
            let over = over.map(|asked| PartyEvent::InvitationOver { at: asked.at }).collect();
            work.apply::<Party>(id, over);
        }
        for (id, _) in every::<Party>(work, helped_by(her.id), false).await? {
            let other = work.get::<Party>(id).await?;
            let drop = PartyCommand::DropHelper { helper: her.id };
            if let Ok(events) = party::decide(other.as_ref(), &drop, &self.policy, work.now) {
                work.apply::<Party>(id, events);
            }
        }
        work.extra().delete(keys::dialog(her.phone), Expect::Any);
        Ok(())
    }

    /// Takes down more of her pieces, those that were taken down before but still have photographs too;
    /// where to go on.
    pub(super) async fn take_down_some(
        &self, work: &mut Work<'_>, who: PartyId, after: Option<Key>,
    ) -> Result<Option<Key>, Fault> {
        self.take_down(work, keys::index_prefix("listing", &[]), who, after).await
    }

    async fn take_down(
        &self, work: &mut Work<'_>, among: Key, who: PartyId, mut after: Option<Key>,
    ) -> Result<Option<Key>, Fault> {
        let mut taken = 0;
        for _ in 0..PAGES {
            let page = self.store.scan(among.clone(), after.take(), PAGE, false).await?;
            if page.is_empty() {
                return Ok(None);
            }
            let codes: Vec<SpokenCode> = page.iter().filter_map(|(key, _)| listing_at(key)).collect();
            let known = read_all::<Listing>(work, &codes).await?;
            for ((key, _), listing) in page.iter().zip(known) {
                let up = |one: &Listing| {
                    one.stage != ListingStage::Removed || !one.photos.is_empty() || !one.words.is_empty()
                };
                let Some(listing) = listing.filter(|one| one.maker == who && up(one)) else { continue };
                let photos =
                    listing.photos.iter().map(|photo| ListingEvent::PhotoRemoved { name: photo.name });
                let removed = (listing.stage != ListingStage::Removed).then_some(ListingEvent::Removed);
                let unsaid =
                    || ListingEvent::Described { by: Who::PROGRAM.to_owned(), words: BTreeMap::new() };
                let unsaid = (!listing.words.is_empty()).then(unsaid);
                let events: Vec<ListingEvent> = photos.chain(unsaid).chain(removed).collect();
                work.get::<Listing>(listing.code).await?;
                work.apply::<Listing>(listing.code, events);
                taken += 1;
                if taken == PIECES {
                    return Ok(Some(key.clone()));
                }
            }
            after = page.last().map(|(key, _)| key.clone());
        }
        Ok(after)
    }
}

fn listing_at(key: &Key) -> Option<SpokenCode> {
    keys::index_id(key).and_then(|id| SpokenCode::from_octets(&id))
}
