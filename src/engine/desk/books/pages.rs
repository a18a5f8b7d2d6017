//! One thing with everything about it.

use super::lists::{listing_row, maker_of, named, names, order_row};
use super::statement::{self, LongLine, accounts_of, postings_of};
use super::{Found, ListingPage, OrderPage, PayoutPage, PersonPage};
use crate::engine::Engine;
use crate::engine::aggregate;
use crate::engine::messages::desk::{self as texts, Wanted, shown};
use crate::engine::port::UNNAMED;
use crate::engine::shopfront::DeskMessage;
use crate::engine::tapes::desk::{DialogLine, WantedDialogs, line, list};
use crate::engine::view::{self, FromIndex, pin_word};
use crate::engine::work::{Fault, Work};
use crate::ledger::Reference;
use crate::market::order::Order;
use crate::market::{Listing, Party, Payout};
use crate::store::keys;
use crate::types::{CodeKind, Msisdn, PartyId, PayoutId, SpokenCode, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Most messages and dialogs that a page of a person shows; the rest is under Messages and Dialogs.
const LATEST: usize = 100;
/// Messages of a phone that are looked at in one go for those about a thing.
const AT_ONCE: usize = 500;

/// Whether a text names a number: these digits, and not as a part of more of them.
fn names_it(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + number.len()..].chars().next();
        [before, behind].iter().flatten().all(|next| !next.is_ascii_digit())
    })
}

impl Engine {
    pub(super) async fn read_order_page(&self, code: &str) -> Found<OrderPage> {
        let Ok(code) = SpokenCode::parse(CodeKind::Order, code) else { return Ok(None) };
        let mut work = self.work(self.clock.now())?;
        let Some(order) = view::read::<Order>(&mut work, code).await? else { return Ok(None) };
        let hands = order.custody.iter().flat_map(|hand| [hand.giver, hand.receiver]);
        let people: BTreeSet<PartyId> =
            order.offered_to.iter().copied().chain(maker_of(&order)).chain(hands).collect();
        let names = names(&mut work, people.iter().copied()).await?;
        let who = |id| named(&names, id);
        let since = order.steps.first().map_or(order.since, |(_, at)| *at);
        Ok(Some(OrderPage {
            row: order_row(code, &order, &names),
            steps: order.steps.iter().map(|(step, at)| (step.word().to_owned(), *at)).collect(),
            custody: order.custody.iter().map(|h| (who(h.giver), who(h.receiver), h.pieces, h.at)).collect(),
            postings: postings_of(&work, &Reference::Order(code)).await?,
            messages: self.messages_about(&mut work, people, code, since).await?,
        }))
    }

    pub(super) async fn read_listing_page(&self, code: &str) -> Found<ListingPage> {
        let Ok(code) = SpokenCode::parse(CodeKind::Listing, code) else { return Ok(None) };
        let mut work = self.work(self.clock.now())?;
        let Some(listing) = view::read::<Listing>(&mut work, code).await? else { return Ok(None) };
        let names = names(&mut work, [listing.maker]).await?;
        Ok(Some(ListingPage {
            row: listing_row(&listing, &names),
            ready: listing.ready,
            sold: listing.sold,
            listed: listing.listed,
            postings: postings_of(&work, &Reference::Listing(code)).await?,
            messages: self.messages_about(&mut work, [listing.maker], code, listing.listed).await?,
        }))
    }

    pub(super) async fn read_payout_page(&self, id: &str) -> Found<PayoutPage> {
        let Ok(id) = id.parse::<PayoutId>() else { return Ok(None) };
        let mut work = self.work(self.clock.now())?;
        let Some(payout) = view::read::<Payout>(&mut work, id).await? else { return Ok(None) };
        let via = if payout.via.is_empty() { UNNAMED } else { &payout.via };
        let waits = if payout.waits { ", in line until there is more to pay from" } else { "" };
        Ok(Some(PayoutPage {
            id,
            way: format!("{via}{waits}"),
            open: payout.stage.is_open(),
            owner: named(&names(&mut work, [payout.owner]).await?, payout.owner),
            amount: payout.amount,
            state: payout.stage.word().to_owned(),
            reference: payout.reference.clone(),
            why: payout.why.clone(),
            asked: payout.asked,
            since: payout.since,
            postings: postings_of(&work, &Reference::Payout(id)).await?,
            messages: self.messages_since(payout.to, payout.asked, |_| true).await?,
        }))
    }

    pub(super) async fn read_person_page(&self, whom: &str) -> Found<PersonPage> {
        let mut work = self.work(self.clock.now())?;
        let Some(party) = self.whom(&mut work, whom).await? else { return Ok(None) };
        let id = party.id;
        let names = BTreeMap::from([(id, party.name.clone())]);
        let of_hers = keys::index_prefix("listing_of", &[id.as_bytes()]);
        let listings = view::every::<Listing>(&mut work, of_hers, true).await?;
        let orders = view::every::<Order>(&mut work, aggregate::orders_of(id), true).await?;
        let hers = orders.iter().filter(|(_, order)| maker_of(order) == Some(id));
        let mut accounts = Vec::new();
        for account in accounts_of(id) {
            let statement = statement::page(&work, account, None).await?;
            accounts.extend((!statement.rows.is_empty()).then_some(statement));
        }
        let hold = |hold: &crate::market::party::Hold| {
            let words = hold.why.get(&party.lang).or_else(|| hold.why.values().next());
            (hold.code.word().to_owned(), words.cloned().unwrap_or_default(), hold.since)
        };
        let pin = pin_word(&party);
        Ok(Some(PersonPage {
            id,
            holds: party.holds().map(hold).collect(),
            messages: self.latest_messages(party.phone).await?,
            dialogs: self.dialogs_of(&party).await?,
            name: party.name.clone(),
            phone: party.phone.masked(),
            number: party.number.to_string(),
            role: party.role.word().to_owned(),
            area: party.area.as_str().to_owned(),
            lang: party.lang.to_string(),
            joined: party.joined,
            pin: pin.to_owned(),
            listings: listings.iter().map(|(_, listing)| listing_row(listing, &names)).collect(),
            orders: hers.map(|(code, order)| order_row(*code, order, &names)).collect(),
            accounts,
        }))
    }

    /// Whoever is meant by an id, a phone or five digits.
    pub(super) async fn whom(&self, work: &mut Work<'_>, whom: &str) -> Found<Party> {
        let whom = whom.trim();
        let key = match (SpokenCode::parse(CodeKind::Listing, whom), Msisdn::parse_kenyan(whom)) {
            (Ok(number), _) => Some(keys::index("number", &[&number.number().to_be_bytes()], b"")),
            (_, Ok(phone)) => Some(keys::by_phone(phone)),
            _ => None,
        };
        let id = match key {
            Some(key) => {
                let row = work.store().read(vec![key]).await?.into_iter().next().flatten();
                row.and_then(|row| PartyId::from_octets(&row.octets()))
            }
            None => whom.parse::<PartyId>().ok(),
        };
        match id {
            Some(id) => view::read::<Party>(work, id).await,
            None => Ok(None),
        }
    }

    pub(super) async fn read_long_statement(&self, whom: &str) -> Found<(String, Vec<LongLine>)> {
        let mut work = self.work(self.clock.now())?;
        let Some(party) = self.whom(&mut work, whom).await? else { return Ok(None) };
        let lines = statement::long(&*self.store, accounts_of(party.id)).await?;
        Ok(Some((party.number.to_string(), lines)))
    }

    /// Her latest dialogs, newest first.
    async fn dialogs_of(&self, party: &Party) -> Result<Vec<DialogLine>, Fault> {
        let now = self.clock.now();
        let wanted =
            WantedDialogs { phone: Some(party.phone), limit: Some(LATEST), ..WantedDialogs::default() };
        let (tapes, _) = list(&*self.store, now, &wanted).await?;
        let row = |tape| line(tape, party.phone.masked(), Some(party.name.clone()), now);
        Ok(tapes.iter().map(row).collect())
    }

    /// The latest texts to and from a phone, newest first, the phone masked.
    async fn latest_messages(&self, phone: Msisdn) -> Result<Vec<DeskMessage>, Fault> {
        let wanted = Wanted { phone: Some(phone), limit: Some(LATEST), ..Wanted::default() };
        let now = self.clock.now();
        let (found, who) = (texts::find(&*self.store, now, &wanted).await?, self.name_behind(phone).await?);
        let rows = found.rows.iter();
        Ok(rows.map(|(place, text)| shown(place, text, phone.masked(), who.as_ref(), now)).collect())
    }

    /// Texts to and from a phone since a moment that fit, newest first, the phone masked.
    async fn messages_since(
        &self, phone: Msisdn, since: Timestamp, fits: impl Fn(&str) -> bool,
    ) -> Result<Vec<DeskMessage>, Fault> {
        let (now, who) = (self.clock.now(), self.name_behind(phone).await?);
        let mut wanted = Wanted { phone: Some(phone), limit: Some(AT_ONCE), ..Wanted::default() };
        let mut messages = Vec::new();
        loop {
            let found = texts::find(&*self.store, now, &wanted).await?;
            let late = found.rows.iter().take_while(|(_, message)| message.at >= since);
            let rows = late.clone().filter(|(_, message)| fits(&message.text));
            messages.extend(rows.map(|(place, text)| shown(place, text, phone.masked(), who.as_ref(), now)));
            if late.count() < found.rows.len() || found.older.is_none() {
                return Ok(messages);
            }
            wanted.before = found.older;
        }
    }

    /// Texts that name a number, to and from these people, newest first.
    async fn messages_about(
        &self, work: &mut Work<'_>, people: impl IntoIterator<Item = PartyId>, code: SpokenCode,
        since: Timestamp,
    ) -> Result<Vec<DeskMessage>, Fault> {
        let code = code.to_string();
        let mut messages = Vec::new();
        for party in view::people(work, people).await?.into_values() {
            messages.extend(self.messages_since(party.phone, since, |text| names_it(text, &code)).await?);
        }
        messages.sort_by_key(|message| std::cmp::Reverse(message.queued));
        Ok(messages)
    }

    async fn name_behind(&self, phone: Msisdn) -> Result<Option<String>, Fault> {
        Ok(texts::names(&*self.store, std::iter::once(phone)).await?.remove(&phone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_inside_of_another_is_not_that_number() {
        for text in ["10421 is ready", "Sold: 10421.", "SAWA 10421", "210421 and 10421"] {
            assert!(names_it(text, "10421"), "{text}");
        }
        for text in ["104213 is ready", "Order 910421", "Call +254710421900", "1042"] {
            assert!(!names_it(text, "10421"), "{text}");
        }
    }
}
