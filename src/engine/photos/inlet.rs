//! Photographs that come as messages of a phone: by MMS, or through an operator's own gate. Who may send
//! them is who may photograph; the piece is named by its number beside the picture; whoever sent them hears
//! by SMS what came of it. A message that comes again is answered as before and kept once.

use super::front::{PhotoView, PhotoWish};
use crate::engine::Engine;
use crate::engine::record::Cause;
use crate::engine::trade::Due;
use crate::engine::turn::TRIES;
use crate::engine::view::FromIndex;
use crate::engine::work::{Fault, Work};
use crate::market::Refusal;
use crate::market::listing::{Listing, ListingStage};
use crate::market::party::Party;
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{CodeKind, Msisdn, PartyId, SpokenCode};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a message is known that may come again: longer than any gate tries.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// The most letters of a number that is no piece's, as it is said back.
const ECHO: usize = 5;

/// A message with pictures, as a gate brought it. Their files are kept already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaIn {
    /// What names it, wherever it comes from; any of them again is the same message.
    pub ids: Vec<String>,
    /// Whose phone sent it.
    pub from: Msisdn,
    /// Everything that is written in it.
    pub text: String,
    /// The pictures in it that could be read, in their order.
    pub photos: Vec<PhotoView>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaDone {
    /// Its pictures are with the piece.
    Taken,
    /// It names no piece.
    NoNumber,
    /// It names no piece that whoever sent it may photograph.
    NotYours,
    /// There is no picture in it that can be read.
    NoPicture,
    /// The piece has as many as it may.
    Full,
}

/// Why nothing came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Nobody here has the phone; nothing is sent to it.
    #[error("nobody here has this phone")]
    Stranger,
    /// Our own fault; nothing was kept.
    #[error("something broke on our side; please send it again")]
    Fault,
}

/// What gates of messages with pictures call.
pub trait MediaFront: Send + Sync + 'static {
    /// What came of a message by any of its names, if it came before; whether somebody here has the phone.
    fn media_known(
        &self, ids: Vec<String>, from: Msisdn,
    ) -> BoxFuture<'_, Result<Option<MediaDone>, MediaError>>;
    /// A message. A repeat changes nothing.
    fn media(&self, came: MediaIn) -> BoxFuture<'_, Result<MediaDone, MediaError>>;
}

/// What a text says of a piece.
enum Named {
    /// This one.
    Piece(SpokenCode),
    /// Five digits that are no number of a piece.
    Wrong(String),
    /// Nothing.
    None,
}

/// The number of a piece in a text: the first five digits on their own that are one.
fn named(text: &str) -> Named {
    let fives = || text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == ECHO);
    let piece = fives().find_map(|digits| SpokenCode::parse(CodeKind::Listing, digits).ok());
    match (piece, fives().next()) {
        (Some(code), _) => Named::Piece(code),
        (None, Some(wrong)) => Named::Wrong(wrong.to_owned()),
        (None, None) => Named::None,
    }
}

/// Where it stands what came of a message.
fn mark(id: &str) -> Key {
    keys::index("media", &[id.as_bytes()], b"")
}

fn broken(fault: &Fault) -> MediaError {
    tracing::error!(%fault, "a message with pictures");
    MediaError::Fault
}

impl Engine {
    async fn media_done(&self, ids: &[String]) -> Result<Option<MediaDone>, Fault> {
        let places: Vec<Key> = ids.iter().map(|id| mark(id)).collect();
        let rows = self.store.read(places.clone()).await?;
        let known = places.iter().zip(rows).find_map(|(place, row)| Some((place, row?)));
        Ok(known.map(|(place, row)| codec::decode_row(place, &row)).transpose()?)
    }

    /// Who has a phone, and was not forgotten.
    async fn media_sender(&self, work: &mut Work<'_>, from: Msisdn) -> Result<Option<Party>, Fault> {
        let row = self.store.read(vec![keys::by_phone(from)]).await?.into_iter().next().flatten();
        let Some(id) = row.and_then(|row| PartyId::from_octets(&row.octets())) else { return Ok(None) };
        Ok(work.get::<Party>(id).await?.filter(|party| !party.is_erased()))
    }

    async fn try_media(&self, came: &MediaIn) -> Result<Result<MediaDone, MediaError>, Fault> {
        if let Some(done) = self.media_done(&came.ids).await? {
            return Ok(Ok(done));
        }
        let mut work = self.work(self.clock.now())?;
        let Some(sender) = self.media_sender(&mut work, came.from).await? else {
            return Ok(Err(MediaError::Stranger));
        };
        let done = self.photographed_by_message(&mut work, &sender, came).await?;
        for id in &came.ids {
            work.extra().put(mark(id), Expect::Absent, codec::encode(&done));
            let over = work.now.after(REMEMBERED);
            work.timer(over, &format!("media/{id}"), &Due::MediaOver(id.clone()));
        }
        let what = format!("sends {} photographs in a message", came.photos.len());
        self.commit(work, Cause::Acted { by: sender.first_name(), what, from: None }, None).await?;
        Ok(Ok(done))
    }

    /// Puts the pictures of a message to its piece, and tells whoever sent it what came of that.
    async fn photographed_by_message(
        &self, work: &mut Work<'_>, sender: &Party, came: &MediaIn,
    ) -> Result<MediaDone, Fault> {
        let listing = match named(&came.text) {
            Named::None => {
                self.tell(work, sender, "media_no_number", vec![])?;
                return Ok(MediaDone::NoNumber);
            }
            Named::Wrong(digits) => {
                self.tell(work, sender, "media_not_yours", vec![Value::text(digits)])?;
                return Ok(MediaDone::NotYours);
            }
            Named::Piece(code) => {
                let known = work.get::<Listing>(code).await?;
                let mut guides = false;
                if let Some(listing) = &known {
                    guides = self.guides(work, sender.id, listing.maker).await?;
                }
                let may = |one: &Listing| {
                    one.stage != ListingStage::Removed && one.photographed_by(sender.actor(), guides)
                };
                match known.filter(may) {
                    Some(listing) => (listing, guides),
                    None => {
                        self.tell(work, sender, "media_not_yours", vec![Value::text(code.to_string())])?;
                        return Ok(MediaDone::NotYours);
                    }
                }
            }
        };
        let (listing, guides) = listing;
        if came.photos.is_empty() {
            self.tell(work, sender, "media_no_picture", vec![])?;
            return Ok(MediaDone::NoPicture);
        }
        let (mut now, mut full, mut kept) = (listing.clone(), None, 0);
        for photo in &came.photos {
            let command = PhotoWish::Add(photo.clone()).command(sender.actor(), guides);
            match self.photo_turn(work, listing.code, &command).await? {
                Ok(after) => (now, kept) = (after, kept + 1),
                Err(Refusal::Full { max }) => full = Some(max),
                Err(why) => return Err(Fault::Broken(format!("a photograph by message: {why}"))),
            }
        }
        let shown = Value::Record(self.listing(work, &now).await?);
        // The same picture again is no new one, and is with the piece all the same.
        let none_new = now.photos.len() == listing.photos.len();
        if let Some(max) = full {
            let max = Value::Int(i64::from(max));
            if none_new {
                self.tell(work, sender, "media_full", vec![shown, max])?;
                return Ok(MediaDone::Full);
            }
            let came = came.photos.len() as i64;
            self.tell(work, sender, "media_some", vec![shown, Value::Int(kept), Value::Int(came), max])?;
            return Ok(MediaDone::Taken);
        }
        // Its maker was told that it is on sale.
        let told = now.maker == sender.id && now.in_shop() && !listing.in_shop();
        if !told {
            self.tell(work, sender, "media_taken", vec![shown])?;
        }
        Ok(MediaDone::Taken)
    }

    /// A message of so long ago does not come again.
    pub(in crate::engine) fn forget_media(work: &mut Work<'_>, id: &str) {
        work.extra().delete(mark(id), Expect::Any);
    }
}

impl MediaFront for Engine {
    fn media_known(
        &self, ids: Vec<String>, from: Msisdn,
    ) -> BoxFuture<'_, Result<Option<MediaDone>, MediaError>> {
        Box::pin(async move {
            if let Some(done) = self.media_done(&ids).await.map_err(|fault| broken(&fault))? {
                return Ok(Some(done));
            }
            let mut work = self.work(self.clock.now()).map_err(|fault| broken(&fault))?;
            let sender = self.media_sender(&mut work, from).await.map_err(|fault| broken(&fault))?;
            if sender.is_some() { Ok(None) } else { Err(MediaError::Stranger) }
        })
    }

    fn media(&self, came: MediaIn) -> BoxFuture<'_, Result<MediaDone, MediaError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.try_media(&came).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(|fault| broken(&fault))?,
                }
            }
            Err(MediaError::Fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_piece_is_five_digits_on_their_own_that_are_one() {
        let said = |text: &str| match named(text) {
            Named::Piece(code) => code.to_string(),
            Named::Wrong(digits) => format!("wrong {digits}"),
            Named::None => "none".to_owned(),
        };
        assert_eq!(said("My ring\n10019, thank you"), "10019");
        assert_eq!(said("10018 or 10019"), "10019", "the one that can be meant");
        assert_eq!(said("number 10018"), "wrong 10018");
        assert_eq!(said("call 0710019000, 100 19"), "none");
    }
}
