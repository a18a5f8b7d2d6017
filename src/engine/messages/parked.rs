//! Texts that were given up and wait for a person: a list of them, and sending one again.

use super::desk::{Found, Wanted};
use super::{Fault, Message, place};
use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::shopfront::ShopError;
use crate::engine::trade::Text;
use crate::engine::work::shard;
use crate::store::outbox::{self, Parked};
use crate::store::{Store, codec, keys};
use crate::types::Timestamp;

/// Rows of the outbox read in one go.
const PAGE: usize = 256;
/// More texts than this are looked at page by page, the oldest first: somebody must clear them.
const MOST: usize = 10_000;

/// A parked text, and when it was decided.
fn text_of(parked: &Parked) -> Option<(Timestamp, Text)> {
    let text: Text = serde_json::from_slice(&parked.item.payload).ok()?;
    Some((text.queued?, text))
}

/// The texts that are parked, newest first.
pub(super) async fn find(store: &dyn Store, wanted: &Wanted, limit: usize) -> Result<Found, Fault> {
    let mut places = Vec::new();
    let mut from: Option<Vec<u8>> = None;
    while places.len() < MOST {
        let page = outbox::parked(store, from.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        from = Some(last.id.clone());
        for parked in page.iter().filter(|parked| parked.note.shard == shard::SMS) {
            let Some((at, text)) = text_of(parked) else { continue };
            if wanted.phone.is_none_or(|phone| phone == text.to) {
                places.push((place(at, &parked.id), parked.clone(), at, text));
            }
        }
    }
    places.sort_by(|(one, ..), (other, ..)| other.cmp(one));
    let mut found = Found::default();
    let older = |at: &Vec<u8>| wanted.before.as_ref().is_none_or(|before| at < before);
    for (place, parked, at, text) in places.into_iter().filter(|(at, ..)| older(at)) {
        if found.rows.len() == limit {
            found.older = found.rows.last().map(|(place, _)| place.clone());
            break;
        }
        let key = [&[keys::MESSAGES], place.as_slice()].concat();
        let row = store.read(vec![key.clone()]).await?.into_iter().next().flatten();
        let mut message = match row {
            Some(row) => codec::decode_row(&key, &row)?,
            // What was noted of it is let go of sooner than the text itself.
            None => Message::to_phone(&text, at, parked.item.give_up),
        };
        message.given_up = Some(parked.note.at);
        message.why = Some(parked.note.why);
        found.rows.push((place, message));
    }
    Ok(found)
}

impl Engine {
    /// Sends a parked text once more, its tries counted anew.
    pub(in crate::engine) async fn send_parked_again(
        &self, by: &Who, place: &[u8],
    ) -> Result<Result<(), ShopError>, Fault> {
        let key = [&[keys::MESSAGES], place].concat();
        let Some((_, id)) = keys::parse_message(&key) else { return Ok(Err(ShopError::NotFound)) };
        let Some(mut parked) = outbox::one_parked(&*self.store, id).await? else {
            return Ok(Err(ShopError::NotFound));
        };
        let read = text_of(&parked).filter(|_| parked.note.shard == shard::SMS);
        let Some((queued, mut text)) = read else { return Ok(Err(ShopError::NotFound)) };
        text.tried = 0;
        parked.item.payload = serde_json::to_vec(&text).unwrap_or_default().into();
        let mut work = self.work(self.clock.now())?;
        let now = work.now;
        let until = now.after(text.purpose.lives());
        parked.revive(work.extra(), now, until);
        self.renote(&mut work, id, Some(queued), |message, _, _| {
            (message.given_up, message.until) = (None, until);
            message.why = Some("somebody at the desk sends it again".to_owned());
        })
        .await?;
        work.wake(shard::SMS);
        match self.commit(work, by.did(format!("send again {}", String::from_utf8_lossy(id))), None).await {
            Ok(_) => Ok(Ok(())),
            // Somebody else was quicker.
            Err(fault) if fault.is_conflict() => Ok(Err(ShopError::NotFound)),
            Err(fault) => Err(fault),
        }
    }
}
