//! Messages as somebody looks at them: newest first, by phone, by state, a page at a time.

use super::{Fault, Message, State, Way};
use crate::engine::Engine;
use crate::engine::desk::Who;
use crate::engine::shopfront::{DeskMessage, DeskMessages, MessagesWish, ShopError};
use crate::engine::view::FromIndex;
use crate::market::party::Party;
use crate::store::{Key, Store, codec, keys};
use crate::types::{Msisdn, PartyId, Timestamp};
use std::collections::BTreeMap;

/// Rows of a page, unless fewer are wished for.
const PAGE: usize = 50;
/// Rows looked at for one page: a state that is rare must not make a page slow.
const LOOKED_AT: usize = 2_000;

/// The word for texts that were given up and can be sent again.
pub const PARKED: &str = "parked";

/// A wish that was understood.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only messages to and from this phone.
    pub phone: Option<Msisdn>,
    /// Only messages in this state.
    pub state: Option<State>,
    /// Only texts that are parked, from the outbox itself, however old they are.
    pub parked: bool,
    /// Only messages before this one, by its place.
    pub before: Option<Vec<u8>>,
    /// At most so many; none means a page.
    pub limit: Option<usize>,
}

/// A page of messages with their ids, and where the next one begins.
#[derive(Debug, Default)]
pub struct Found {
    /// Place and message, newest first.
    pub rows: Vec<(Vec<u8>, Message)>,
    /// The place to go on from; `None` when there are no more.
    pub older: Option<Vec<u8>>,
}

impl Wanted {
    /// Reads a wish as it was typed.
    ///
    /// # Errors
    /// The first field that means nothing.
    pub fn read(wish: &MessagesWish) -> Result<Self, ShopError> {
        let field = |field, why: String| ShopError::Field { field, why };
        let typed = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let phone = typed(&wish.phone).map(|text| {
            let whole = || Msisdn::from_e164(&text.replace([' ', '-'], ""));
            Msisdn::parse_kenyan(&text).or_else(|why| whole().map_err(|_| why))
        });
        let parked = typed(&wish.state).is_some_and(|word| word == PARKED);
        let state = typed(&wish.state).filter(|_| !parked).map(|word| {
            let words = || State::ALL.map(State::word).join(", ");
            State::from_word(&word)
                .ok_or_else(|| field("state", format!("choose one of {}, {PARKED}", words())))
        });
        let before = typed(&wish.before).map(|text| {
            unhex(&text)
                .ok_or_else(|| field("before", "take it from \"older\" of the page before".to_owned()))
        });
        Ok(Self {
            phone: phone.transpose().map_err(|why| field("phone", why.to_string()))?,
            state: state.transpose()?,
            parked,
            before: before.transpose()?,
            limit: None,
        })
    }
}

/// The messages that are wanted, as they stand at `now`.
pub async fn find(store: &dyn Store, now: Timestamp, wanted: &Wanted) -> Result<Found, Fault> {
    let limit = wanted.limit.unwrap_or(PAGE);
    if wanted.parked {
        return super::parked::find(store, wanted, limit).await;
    }
    let mut found = Found::default();
    let mut from = wanted.before.clone();
    let mut looked_at = 0;
    while looked_at < LOOKED_AT.max(limit) {
        let places = places(store, wanted.phone, from.take(), PAGE).await?;
        let Some(last) = places.last() else { return Ok(Found { older: None, ..found }) };
        from = Some(last.clone());
        let keys: Vec<Key> =
            places.iter().map(|place| [&[keys::MESSAGES], place.as_slice()].concat()).collect();
        let rows = store.read(keys.clone()).await?;
        for ((place, key), row) in places.into_iter().zip(keys).zip(rows) {
            looked_at += 1;
            let Some(row) = row else { continue };
            let message: Message = codec::decode_row(&key, &row)?;
            if wanted.state.is_some_and(|state| message.state(now) != state) {
                continue;
            }
            if found.rows.len() == limit {
                found.older = found.rows.last().map(|(place, _)| place.clone());
                return Ok(found);
            }
            found.rows.push((place, message));
        }
    }
    found.older = from;
    Ok(found)
}

/// Places of messages before `from`, newest first.
async fn places(
    store: &dyn Store, phone: Option<Msisdn>, from: Option<Vec<u8>>, most: usize,
) -> Result<Vec<Vec<u8>>, Fault> {
    let Some(phone) = phone else {
        let from = from.map(|place| [&[keys::MESSAGES], place.as_slice()].concat());
        let rows = store.scan(vec![keys::MESSAGES], from, most, true).await?;
        return Ok(rows.into_iter().map(|(key, _)| key[1..].to_vec()).collect());
    };
    let key_of = |place: &[u8]| {
        let (at, id) =
            keys::parse_message(&[&[keys::MESSAGES], place].concat()).map(|(at, id)| (at, id.to_vec()))?;
        Some(keys::message_of(phone, at, &id))
    };
    let from = from.and_then(|place| key_of(&place));
    let rows = store.scan(keys::messages_of(phone), from, most, true).await?;
    let place = |key: &Key| {
        let parts = keys::parse_index(key)?;
        Some([parts.get(2)?.as_slice(), parts.get(3)?.as_slice()].concat())
    };
    Ok(rows.iter().filter_map(|(key, _)| place(key)).collect())
}

/// Who has which phone, as far as we know.
pub async fn names(
    store: &dyn Store, phones: impl Iterator<Item = Msisdn>,
) -> Result<BTreeMap<Msisdn, String>, Fault> {
    let mut names: BTreeMap<Msisdn, String> = phones.map(|phone| (phone, String::new())).collect();
    let rows = store.read(names.keys().map(|phone| keys::by_phone(*phone)).collect()).await?;
    let ids = rows.into_iter().map(|row| row.and_then(|row| PartyId::from_octets(&row.octets())));
    for (name, id) in names.values_mut().zip(ids) {
        let Some(id) = id else { continue };
        let key = keys::party(id);
        if let Some(row) = store.read(vec![key.clone()]).await?.into_iter().next().flatten() {
            *name = codec::decode_row::<Party>(&key, &row)?.name;
        }
    }
    Ok(names)
}

/// A message as it is shown; `phone` as its reader may see it.
pub fn shown(
    place: &[u8], message: &Message, phone: String, who: Option<&String>, now: Timestamp,
) -> DeskMessage {
    let words = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    DeskMessage {
        id: hex(place),
        way: match message.way {
            Way::Out => "out",
            Way::In => "in",
        }
        .to_owned(),
        phone,
        who: who.and_then(words),
        purpose: words(&message.purpose),
        name: words(&message.name),
        text: message.text.clone(),
        gateway: message.gateway.clone(),
        ids: message.parts.iter().map(|part| part.id.clone()).collect(),
        parts: message.parts.len(),
        queued: message.at,
        taken: message.taken,
        done: message.finished(now).filter(|_| message.way == Way::Out),
        state: message.state(now).word().to_owned(),
        reason: message.reason(now),
        can_go_again: message.state(now) == State::GivenUp,
        did: message.did.clone(),
    }
}

impl Engine {
    /// A page of messages for the desk, their phones masked.
    pub(in crate::engine) async fn messages_for_desk(
        &self, wish: &MessagesWish,
    ) -> Result<Result<DeskMessages, ShopError>, Fault> {
        let wanted = match Wanted::read(wish) {
            Ok(wanted) => wanted,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let now = self.clock.now();
        let found = find(&*self.store, now, &wanted).await?;
        let names = names(&*self.store, found.rows.iter().map(|(_, message)| message.phone)).await?;
        let row = |(place, message): &(Vec<u8>, Message)| {
            shown(place, message, message.phone.masked(), names.get(&message.phone), now)
        };
        let older = found.older.as_deref().map(hex);
        Ok(Ok(DeskMessages {
            rows: found.rows.iter().map(row).collect(),
            older,
            receipts: self.receipt_counts(),
        }))
    }
}

impl Engine {
    /// Sends a text again that was given up, by the id of its row.
    pub(in crate::engine) async fn message_again(
        &self, by: &Who, id: &str,
    ) -> Result<Result<(), ShopError>, Fault> {
        match unhex(id) {
            Some(place) => self.send_parked_again(by, &place).await,
            None => Ok(Err(ShopError::NotFound)),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let fits =
        text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()) && text.len() < 200;
    let octet = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    fits.then(|| (0..text.len()).step_by(2).map(octet).collect())?
}
