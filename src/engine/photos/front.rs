//! What the web calls for photographs, and the answers it gets.

use super::passes::Shown;
use crate::engine::Engine;
use crate::engine::record::Cause;
use crate::engine::trade::Due;
use crate::engine::turn::TRIES;
use crate::engine::work::{Fault, Work};
use crate::market::listing::{Listing, ListingCommand, Photo};
use crate::market::party::Party;
use crate::market::{Actor, Refusal, Switch};
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{PartyId, PhotoName, SpokenCode, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// A photograph, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoView {
    /// What its files are called.
    pub name: PhotoName,
    /// How wide the largest of them is, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// The colours of its nine ninths, row by row, as six hexadecimal digits each.
    pub tints: String,
}

impl From<&Photo> for PhotoView {
    fn from(photo: &Photo) -> Self {
        let Photo { name, width, height, tints } = photo.clone();
        Self { name, width, height, tints }
    }
}

/// Whoever shows a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The five digits that name her.
    pub number: String,
    /// Her first name.
    pub first: String,
    /// What she is: `artisan`, `agent` ...
    pub role: String,
    /// The one listing that the pass is for, and then for one photograph.
    pub only: Option<String>,
    /// The photograph it was used for.
    pub took: Option<PhotoName>,
    /// When it ends.
    pub until: Timestamp,
}

/// A listing, as whoever photographs it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Photographed {
    /// Its five digits.
    pub code: String,
    /// What it is, as a word.
    pub kind: String,
    /// What it is made of, as a word.
    pub stuff: String,
    /// Who makes it, by first name.
    pub maker: String,
    /// `waiting`, `on_sale` ...
    pub state: String,
    /// Shoppers see it now.
    pub in_shop: bool,
    /// Its photographs, in their order.
    pub photos: Vec<PhotoView>,
}

/// A piece that is to be listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceWish {
    /// What it is, as a word of the menus.
    pub kind: String,
    /// What it is made of, as a word of the menus.
    pub stuff: String,
    /// What its maker receives for one, in whole shillings.
    pub price: u32,
    /// How many are ready.
    pub ready: u32,
}

/// What can be asked for photographs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoWish {
    /// To show it with the listing, after those there are. Its files are kept already.
    Add(PhotoView),
    /// Not to show it any more.
    Remove(PhotoName),
    /// To show it before the others.
    Lead(PhotoName),
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// No pass, or none that is good.
    #[error("this link is not good any more; text PHOTO and the number of the piece for a new one")]
    NoPass,
    /// The pass took its photograph.
    #[error("this link was for one photograph and has it; text PHOTO and the number for another")]
    Used,
    /// There is no such listing, or it is not hers to photograph.
    #[error("there is no piece with this number that you may photograph")]
    NotYours,
    /// The listing was taken off sale for good.
    #[error("this piece was taken off sale for good")]
    Gone,
    /// It has as many as it may.
    #[error("this piece has {0} photographs already; remove one first")]
    Full(u32),
    /// The piece cannot be listed: why.
    #[error("this piece cannot be listed: {0}")]
    Piece(String),
    /// Our own fault; nothing was kept.
    #[error("something broke on our side; nothing was kept, please send it again")]
    Fault,
}

/// What the web calls.
pub trait PhotoFront: Send + Sync + 'static {
    /// Whose pass this is, while it is good.
    fn holder(&self, token: String) -> BoxFuture<'_, Result<Holder, PhotoError>>;
    /// A listing that the holder of a pass may photograph.
    fn photographed(
        &self, token: String, code: SpokenCode,
    ) -> BoxFuture<'_, Result<Photographed, PhotoError>>;
    /// Lists a piece for its maker, who holds a pass for all of hers; once for each key.
    fn list_piece(
        &self, token: String, key: String, wish: PieceWish,
    ) -> BoxFuture<'_, Result<Photographed, PhotoError>>;
    /// Does what the holder of a pass wants. A repeat changes nothing.
    fn change_photos(
        &self, token: String, code: SpokenCode, wish: PhotoWish,
    ) -> BoxFuture<'_, Result<Photographed, PhotoError>>;
}

fn broken(fault: &Fault) -> PhotoError {
    tracing::error!(%fault, "photographs");
    PhotoError::Fault
}

fn refused(why: Refusal) -> PhotoError {
    match why {
        Refusal::NotFound | Refusal::NotAllowed => PhotoError::NotYours,
        Refusal::Gone { .. } => PhotoError::Gone,
        Refusal::Full { max } => PhotoError::Full(max),
        other => {
            tracing::error!(refusal = other.code(), "a photograph was refused for no known reason");
            PhotoError::Fault
        }
    }
}

/// So many lives of a pass is the answer to a draft remembered.
const DRAFTS_OUTLIVE: u32 = 4;

/// What a draft of a phone became.
fn drafted(holder: PartyId, key: &str) -> Key {
    keys::index("drafted", &[holder.as_bytes()], key.as_bytes())
}

impl Engine {
    async fn shown_pass(&self, token: &str) -> Result<Result<Shown, PhotoError>, Fault> {
        Ok(self.pass(token).await?.ok_or(PhotoError::NoPass))
    }

    async fn pass_holder(&self, token: &str) -> Result<Result<Holder, PhotoError>, Fault> {
        let Shown { pass, .. } = match self.shown_pass(token).await? {
            Ok(shown) => shown,
            Err(no) => return Ok(Err(no)),
        };
        let party = self.work(self.clock.now())?.need::<Party>(pass.holder).await?;
        Ok(Ok(Holder {
            number: party.number.to_string(),
            first: party.first_name(),
            role: party.role.word().to_owned(),
            only: pass.only.map(|code| code.to_string()),
            took: pass.took,
            until: pass.until,
        }))
    }

    /// Lists a piece, once for each key of a holder: a repeat finds the mark of the first.
    async fn list_by_pass(
        &self, token: &str, key: &str, wish: &PieceWish,
    ) -> Result<Result<Photographed, PhotoError>, Fault> {
        for _ in 0..TRIES {
            let pass = match self.shown_pass(token).await? {
                Ok(shown) if shown.pass.only.is_none() => shown.pass,
                Ok(_) => return Ok(Err(PhotoError::NotYours)),
                Err(no) => return Ok(Err(no)),
            };
            let mut work = self.work(self.clock.now())?;
            let me = work.need::<Party>(pass.holder).await?;
            let place = drafted(me.id, key);
            let before = self.store.read(vec![place.clone()]).await?.into_iter().next().flatten();
            let before = before.map(|row| codec::decode_row::<SpokenCode>(&place, &row)).transpose()?;
            let code = match before {
                Some(code) => code,
                None => {
                    if let Some(stop) = self.stopped(&[Switch::Listing]) {
                        let why = stop.why.get(&me.lang).or_else(|| stop.why.values().next());
                        return Ok(Err(PhotoError::Piece(why.cloned().unwrap_or_default())));
                    }
                    match self.list_as(&mut work, &me, wish).await? {
                        Ok(code) => code,
                        Err(why) => return Ok(Err(PhotoError::Piece(why.to_string()))),
                    }
                }
            };
            let listing = work.need::<Listing>(code).await?;
            let view = view(&listing, &me);
            if work.acts() {
                work.extra().put(place, Expect::Absent, codec::encode(&code));
                // Her phone keeps the draft until it was answered for, however long that takes.
                let over = Due::DraftOver { holder: me.id, key: key.to_owned() };
                let at = work.now.after(self.policy.listing.photo_page() * DRAFTS_OUTLIVE);
                work.timer(at, &format!("drafted/{}/{key}", me.id), &over);
                let did = Cause::Acted { by: me.first_name(), what: format!("lists {code}"), from: None };
                match self.commit(work, did, None).await {
                    Ok(_) => {}
                    Err(conflict) if conflict.is_conflict() => continue,
                    Err(other) => return Err(other),
                }
            }
            return Ok(Ok(view));
        }
        Err(Fault::Broken("a listing never found a quiet moment".to_owned()))
    }

    /// A draft of so long ago is not sent any more.
    pub(in crate::engine) fn forget_draft(work: &mut Work<'_>, holder: PartyId, key: &str) {
        work.extra().delete(drafted(holder, key), Expect::Any);
    }

    async fn try_photos(
        &self, token: &str, code: SpokenCode, wish: Option<&PhotoWish>,
    ) -> Result<Result<Photographed, PhotoError>, Fault> {
        for _ in 0..TRIES {
            let shown = match self.shown_pass(token).await? {
                Ok(shown) => shown,
                Err(no) => return Ok(Err(no)),
            };
            let pass = &shown.pass;
            if pass.only.is_some_and(|only| only != code) {
                return Ok(Err(PhotoError::NotYours));
            }
            let mut work = self.work(self.clock.now())?;
            let holder = work.need::<Party>(pass.holder).await?;
            let Some(listing) = work.get::<Listing>(code).await? else {
                return Ok(Err(PhotoError::NotYours));
            };
            let guides = self.guides(&mut work, holder.id, listing.maker).await?;
            let by: Actor = holder.actor();
            if !listing.photographed_by(by, guides) {
                return Ok(Err(PhotoError::NotYours));
            }
            let listing = match wish {
                None => listing,
                Some(wish) => {
                    if let (Some(_), Some(took), false) = (pass.only, pass.took, wish.is_of(pass.took)) {
                        tracing::debug!(%took, "a pass for one photograph came again with another");
                        return Ok(Err(PhotoError::Used));
                    }
                    if let PhotoWish::Add(photo) = wish {
                        shown.use_for(&mut work, photo.name);
                    }
                    match self.photo_turn(&mut work, code, &wish.command(by, guides)).await? {
                        Ok(listing) => listing,
                        Err(why) => return Ok(Err(refused(why))),
                    }
                }
            };
            let maker = work.need::<Party>(listing.maker).await?;
            let view = view(&listing, &maker);
            if work.acts() {
                let did = format!("{} a photograph of {code}", wish.map_or("sees", PhotoWish::word));
                match self
                    .commit(work, Cause::Acted { by: holder.first_name(), what: did, from: None }, None)
                    .await
                {
                    Err(conflict) if conflict.is_conflict() => continue,
                    other => other.map(drop)?,
                }
            }
            return Ok(Ok(view));
        }
        Err(Fault::Broken(format!("listing {code} never found a quiet moment")))
    }
}

impl PhotoWish {
    const fn word(&self) -> &'static str {
        match self {
            Self::Add(_) => "adds",
            Self::Remove(_) => "removes",
            Self::Lead(_) => "leads with",
        }
    }

    fn is_of(&self, took: Option<PhotoName>) -> bool {
        match self {
            Self::Add(photo) => Some(photo.name) == took,
            Self::Remove(name) | Self::Lead(name) => Some(*name) == took,
        }
    }

    pub(super) fn command(&self, by: Actor, guides: bool) -> ListingCommand {
        match self.clone() {
            Self::Add(PhotoView { name, width, height, tints }) => {
                ListingCommand::AddPhoto { by, guides, photo: Photo { name, width, height, tints } }
            }
            Self::Remove(name) => ListingCommand::RemovePhoto { by, guides, name },
            Self::Lead(name) => ListingCommand::LeadPhoto { by, guides, name },
        }
    }
}

fn view(listing: &Listing, maker: &Party) -> Photographed {
    Photographed {
        code: listing.code.to_string(),
        kind: listing.kind.as_str().to_owned(),
        stuff: listing.stuff.as_str().to_owned(),
        maker: maker.first_name(),
        state: listing.stage.word().to_owned(),
        in_shop: listing.in_shop(),
        photos: listing.photos.iter().map(PhotoView::from).collect(),
    }
}

impl PhotoFront for Engine {
    fn holder(&self, token: String) -> BoxFuture<'_, Result<Holder, PhotoError>> {
        Box::pin(async move { self.pass_holder(&token).await.map_err(|why| broken(&why))? })
    }

    fn photographed(
        &self, token: String, code: SpokenCode,
    ) -> BoxFuture<'_, Result<Photographed, PhotoError>> {
        Box::pin(async move { self.try_photos(&token, code, None).await.map_err(|why| broken(&why))? })
    }

    fn list_piece(
        &self, token: String, key: String, wish: PieceWish,
    ) -> BoxFuture<'_, Result<Photographed, PhotoError>> {
        Box::pin(async move { self.list_by_pass(&token, &key, &wish).await.map_err(|why| broken(&why))? })
    }

    fn change_photos(
        &self, token: String, code: SpokenCode, wish: PhotoWish,
    ) -> BoxFuture<'_, Result<Photographed, PhotoError>> {
        Box::pin(async move { self.try_photos(&token, code, Some(&wish)).await.map_err(|why| broken(&why))? })
    }
}
