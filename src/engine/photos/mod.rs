//! Photographs of listings: who is let in to send them, by a link that comes by SMS, and what is told
//! when one arrives. [`front`] is what the web calls; the files are the web's business.

pub mod front;
pub mod inlet;
pub mod passes;

use super::actions::{Outcome, code_arg};
use super::record::Cause;
use super::turn::TRIES;
use super::view::{FromIndex, every, read};
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::input::Do;
use crate::market::Refusal;
use crate::market::listing::{self, Listing, ListingCommand, ListingEvent, ListingStage};
use crate::market::party::Party;
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::{Kes, Msisdn, PartyId, PhotoName, SpokenCode, Timestamp};
use front::{PhotoView, PhotoWish, PieceWish};

impl Engine {
    /// `photo.link`: sends her the link by which photographs of a listing come in. It goes as a text of
    /// its own, so that no dialog and no record of one ever holds it.
    pub(super) async fn photo_link(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "listing")?;
        let listing = work.need::<Listing>(code).await?;
        let guides = self.guides(work, me.id, listing.maker).await?;
        if listing.stage == ListingStage::Removed || !listing.photographed_by(me.actor(), guides) {
            return Ok(("gone", vec![]));
        }
        // Whoever looks after the pieces of others photographs many of them in one go.
        let many = listing.maker != me.id;
        let lives = if many { self.policy.listing.photo_pass() } else { self.policy.listing.photo_link() };
        let until = work.now.after(lives);
        let token = passes::issue(work, me.id, (!many).then_some(code), until);
        let link = format!("{}/upload#{token}", self.house.public_url);
        let record = Record::new(
            "photo_link",
            code.to_string(),
            [
                ("code", Value::Code(code)),
                ("link", Value::text(link)),
                ("until", Value::text(super::view::day_and_time(until))),
            ],
        );
        let name = if many { "photo_link_many" } else { "photo_link_one" };
        let text = self.menus.say(name, &[Value::Record(record)], who.lang).map_err(Fault::Broken)?;
        self.text(work, who.msisdn, text, name);
        Ok(("ok", vec![Value::Record(self.listing(work, &listing).await?)]))
    }

    /// `photo.page`: sends her the link that lets her own phone's browser in, for all her pieces.
    pub(super) async fn photo_page(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party,
    ) -> Result<Outcome, Fault> {
        let until = work.now.after(self.policy.listing.photo_page());
        let token = passes::issue(work, me.id, None, until);
        let link = format!("{}/upload#{token}", self.house.public_url);
        let args = [Value::text(link), Value::Date(until)];
        let text = self.menus.say("photo_page", &args, who.lang).map_err(Fault::Broken)?;
        self.text(work, who.msisdn, text, "photo_page");
        Ok(("ok", vec![]))
    }

    /// Lists what her browser sent, and tells her as if she had sent it by SMS.
    async fn list_as(
        &self, work: &mut Work<'_>, me: &Party, wish: &PieceWish,
    ) -> Result<Result<SpokenCode, Refusal>, Fault> {
        let words = (wish.kind.parse(), wish.stuff.parse());
        let (Ok(kind), Ok(stuff)) = words else { return Ok(Err(Refusal::NotFound)) };
        let price = Kes::major(i64::from(wish.price));
        let listing = match self.list_piece_of(work, me, (kind, stuff), price, wish.ready).await? {
            Ok(listing) => listing,
            Err(why) => return Ok(Err(why)),
        };
        let shown = Value::Record(self.listing(work, &listing).await?);
        self.tell(work, me, "listing_saved", vec![shown])?;
        Ok(Ok(listing.code))
    }

    /// Whether somebody is the mentor of this artisan now.
    pub(super) async fn guides(
        &self, work: &mut Work<'_>, mentor: PartyId, artisan: PartyId,
    ) -> Result<bool, Fault> {
        let artisan = read::<Party>(work, artisan).await?;
        let tie = artisan.as_ref().and_then(|her| her.mentorship_on(work.now));
        Ok(tie.is_some_and(|tie| tie.mentor == mentor))
    }

    /// Decides a command about a photograph, and tells the maker what follows from it.
    async fn photo_turn(
        &self, work: &mut Work<'_>, code: SpokenCode, command: &ListingCommand,
    ) -> Result<Result<Listing, Refusal>, Fault> {
        let Some(before) = work.get::<Listing>(code).await? else { return Ok(Err(Refusal::NotFound)) };
        let events = match listing::decide(Some(&before), command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        let by = events.iter().find_map(|event| match event {
            ListingEvent::Photographed { by, .. } => Some(*by),
            _ => None,
        });
        work.apply::<Listing>(code, events);
        let after = work.need::<Listing>(code).await?;
        if let Some(by) = by.filter(|_| before.photos.is_empty()) {
            let maker = work.need::<Party>(after.maker).await?;
            let shown = Value::Record(self.listing(work, &after).await?);
            match after.stage {
                ListingStage::OnSale => self.tell(work, &maker, "listing_on_sale", vec![shown])?,
                ListingStage::Waiting if by != maker.id => {
                    self.tell(work, &maker, "listing_photographed", vec![shown])?;
                }
                _ => {}
            }
        }
        Ok(Ok(after))
    }

    /// Shows a photograph whose files are kept, for whoever has this phone: what a village needs that
    /// photographs by itself. False when she may not, or the listing takes none.
    ///
    /// # Errors
    /// What the store says.
    pub async fn photograph(
        &self, phone: Msisdn, code: SpokenCode, photo: PhotoView,
    ) -> Result<bool, String> {
        let row = self.store.read(vec![keys::by_phone(phone)]).await.map_err(|why| why.to_string())?;
        let id = row.into_iter().next().flatten().and_then(|row| PartyId::from_octets(&row.octets()));
        let Some(id) = id else { return Ok(false) };
        self.photograph_as(id, code, &PhotoWish::Add(photo)).await.map_err(|why| why.to_string())
    }

    async fn photograph_as(&self, id: PartyId, code: SpokenCode, wish: &PhotoWish) -> Result<bool, Fault> {
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            let by = work.need::<Party>(id).await?;
            let command = wish.command(by.actor(), false);
            if self.photo_turn(&mut work, code, &command).await?.is_err() {
                return Ok(false);
            }
            if !work.acts() {
                return Ok(true);
            }
            let cause = Cause::Acted {
                by: by.first_name(),
                what: format!("adds a photograph of {code}"),
                from: None,
            };
            match self.commit(work, cause, None).await {
                Err(conflict) if conflict.is_conflict() => {}
                other => return other.map(|_| true),
            }
        }
        Err(Fault::Broken(format!("listing {code} never found a quiet moment")))
    }

    /// Listings that were found good and have no photograph, with kind and material.
    ///
    /// # Errors
    /// What the store says.
    pub async fn without_photos(&self) -> Result<Vec<(SpokenCode, String, String)>, String> {
        let mut work = self.work(self.clock.now()).map_err(|why| why.to_string())?;
        let good = every::<Listing>(&mut work, keys::index_prefix("on_sale", &[]), false).await;
        let good = good.map_err(|why| why.to_string())?.into_iter();
        let words = |(code, listing): (SpokenCode, Listing)| {
            (code, listing.kind.as_str().to_owned(), listing.stuff.as_str().to_owned())
        };
        Ok(good.filter(|(_, listing)| listing.photos.is_empty()).map(words).collect())
    }

    /// Whether any listing has this photograph, or anybody's page: files that none has may go.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn photo_in_use(&self, name: PhotoName) -> Result<bool, crate::store::StoreError> {
        let listed = keys::index_prefix("photo", &[name.as_bytes()]);
        for prefix in [listed, super::story::portraits(name)] {
            if !self.store.scan(prefix, None, 1, false).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a pass that was good until then is over.
fn is_over(until: Timestamp, now: Timestamp) -> bool {
    now >= until
}
