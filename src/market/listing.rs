//! A piece that an artisan offers: draft, waiting for its check, on sale, paused, removed, or
//! refused with a reason; how many are ready and how many of them are spoken for; its photographs; what
//! the desk says of it.

mod acts;
mod look;
mod photo;
mod stage;

pub use acts::{ListingCommand, ListingEvent};
pub use look::{Fault, LONGEST_WORDS, Look};
pub use photo::Photo;
pub use stage::{ListingStage, Reason};

use super::{Actor, Policy, Refusal, Role, Word};
use crate::types::{Kes, Lang, PartyId, SpokenCode, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most letters of a liaison's words that one SMS holds; more are parted.
pub const LONGEST_ADVICE: usize = 110;
/// Parts of one saying.
pub const MOST_PARTS: usize = 4;
/// Sayings that stay with a piece.
const MOST_ADVICE: usize = 12;

/// A liaison's words on a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// Her first name.
    pub by: String,
    /// What she says, at most [`LONGEST_ADVICE`] letters.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Its five digits.
    pub code: SpokenCode,
    /// Who makes it.
    pub maker: PartyId,
    /// What it is, as a word of the menus.
    pub kind: Word,
    /// What it is made of, as a word of the menus.
    pub stuff: Word,
    /// What the artisan receives for one.
    pub price: Kes,
    /// Where it stands.
    pub stage: ListingStage,
    /// Why it was refused, while it is.
    pub reason: Option<Reason>,
    /// How many she says are finished and not yet promised by her to anybody.
    pub ready: u32,
    /// How many of them shoppers have spoken for: paying, or waiting for her answer.
    pub reserved: u32,
    /// How many have passed the check of an order.
    pub sold: u32,
    /// How often an agent has given a verdict; the first is paid for.
    pub checks: u32,
    /// Who gave the last verdict.
    pub checked_by: Option<PartyId>,
    /// When it was listed.
    pub listed: Timestamp,
    /// Since when it stands as it does, and is in the shop or not.
    pub since: Timestamp,
    /// What liaisons say of it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// Its photographs, in the order in which the shop shows them. Without one it is not in the shop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Who at the desk looked last at what shoppers see of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Look>,
    /// Why the desk sent it back, while it is refused for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What the shop says of it beside kind, material and maker, in the languages of the shop.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<Lang, String>,
}

impl Listing {
    /// How many can be bought now.
    pub const fn available(&self) -> u32 {
        if self.in_shop() { self.ready.saturating_sub(self.reserved) } else { 0 }
    }

    /// Whether shoppers see it: somebody looked at one and found it good, and there is a photograph of it.
    pub const fn in_shop(&self) -> bool {
        matches!(self.stage, ListingStage::OnSale) && !self.photos.is_empty()
    }

    fn only_maker(&self, by: PartyId) -> Result<(), Refusal> {
        if by == self.maker { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    fn gone(&self) -> Refusal {
        Refusal::gone(self.stage.word())
    }
}

/// Answers a command with events, or says no.
pub fn decide(
    state: Option<&Listing>, command: &ListingCommand, policy: &Policy, _now: Timestamp,
) -> Result<Vec<ListingEvent>, Refusal> {
    use {ListingCommand as C, ListingEvent as E, ListingStage as S};
    let Some(listing) = state else {
        return match command {
            C::Create { .. } => create(command, policy),
            _ => Err(Refusal::NotFound),
        };
    };
    let event = match command {
        C::Create { maker, kind, stuff, price, .. } => {
            let same = (maker.id, kind, stuff, price)
                == (listing.maker, &listing.kind, &listing.stuff, &listing.price);
            return if same { Ok(vec![]) } else { Err(Refusal::AlreadyExists) };
        }
        C::SetReady { by, ready } => {
            listing.only_maker(*by)?;
            in_range(*ready, 0, policy.listing.max_ready)?;
            match listing.stage {
                S::Removed => return Err(listing.gone()),
                _ if *ready == listing.ready => return Ok(vec![]),
                _ => E::ReadySet { ready: *ready },
            }
        }
        C::Pause { by } => {
            listing.only_maker(*by)?;
            match listing.stage {
                S::OnSale => E::Paused,
                S::Paused => return Ok(vec![]),
                _ => return Err(listing.gone()),
            }
        }
        C::Resume { by } => {
            listing.only_maker(*by)?;
            match listing.stage {
                S::Paused => E::Resumed,
                S::OnSale => return Ok(vec![]),
                _ => return Err(listing.gone()),
            }
        }
        C::Stop { by, open_orders } => {
            listing.only_maker(*by)?;
            // A shopper who is paying right now is an order to come.
            match (listing.stage, (*open_orders).max(u32::from(listing.reserved > 0))) {
                (S::Removed, _) => return Ok(vec![]),
                (_, 0) => E::Removed,
                (_, orders) => return Err(Refusal::Open { orders }),
            }
        }
        C::Advise { by, text } => return advise(listing, by, text),
        C::Approve { by } => return approve(listing, *by),
        C::Reject { by, reason } => return reject(listing, *by, *reason),
        C::AddPhoto { .. } | C::RemovePhoto { .. } | C::LeadPhoto { .. } => {
            return photo::decide(listing, command, policy);
        }
        C::Look { .. } | C::Pass { .. } | C::SendBack { .. } | C::Describe { .. } => {
            return look::decide(listing, command);
        }
        C::Reserve { .. } | C::Unreserve { .. } | C::Take { .. } | C::CountSold { .. } => {
            stock(listing, command, policy)?
        }
    };
    Ok(vec![event])
}

/// What orders do to the pieces of a listing.
fn stock(listing: &Listing, command: &ListingCommand, policy: &Policy) -> Result<ListingEvent, Refusal> {
    use {ListingCommand as C, ListingEvent as E};
    Ok(match command {
        C::Reserve { pieces } => {
            in_range(*pieces, 1, policy.listing.max_ready)?;
            match listing.available() {
                _ if listing.stage != ListingStage::OnSale => return Err(listing.gone()),
                _ if !listing.in_shop() => return Err(Refusal::gone("no_photo")),
                left if left < *pieces => return Err(Refusal::SoldOut { left }),
                _ => E::Reserved { pieces: *pieces },
            }
        }
        C::Unreserve { pieces } => {
            in_range(*pieces, 1, listing.reserved)?;
            E::Unreserved { pieces: *pieces }
        }
        C::Take { pieces } => {
            in_range(*pieces, 1, listing.reserved)?;
            E::Taken { pieces: *pieces }
        }
        C::CountSold { pieces } => {
            in_range(*pieces, 1, u32::MAX - listing.sold)?;
            E::Sold { pieces: *pieces }
        }
        _ => return Err(listing.gone()),
    })
}

fn in_range(number: u32, min: u32, max: u32) -> Result<(), Refusal> {
    if (min..=max).contains(&number) {
        Ok(())
    } else {
        Err(Refusal::OutOfRange { min: i64::from(min), max: i64::from(max) })
    }
}

fn create(command: &ListingCommand, policy: &Policy) -> Result<Vec<ListingEvent>, Refusal> {
    let ListingCommand::Create { code, maker, kind, stuff, price, ready, listed } = command else {
        return Err(Refusal::NotFound);
    };
    let limits = &policy.listing;
    if maker.role != Role::Artisan {
        return Err(Refusal::NotAllowed);
    }
    if !price.is_whole() {
        return Err(Refusal::NotWhole);
    }
    let (min, max) = (limits.min_price_shillings, limits.max_price_shillings);
    if !(i64::from(min)..=i64::from(max)).contains(&price.whole()) {
        return Err(Refusal::OutOfRange { min: i64::from(min), max: i64::from(max) });
    }
    in_range(*ready, 1, limits.max_ready)?;
    if *listed >= limits.max_per_artisan {
        return Err(Refusal::Full { max: limits.max_per_artisan });
    }
    Ok(vec![
        ListingEvent::Drafted {
            code: *code,
            maker: maker.id,
            kind: kind.clone(),
            stuff: stuff.clone(),
            price: *price,
            ready: *ready,
        },
        ListingEvent::Submitted,
    ])
}

/// Words of a liaison, in parts that an SMS each holds. The same words again say nothing new.
fn advise(listing: &Listing, by: &str, words: &str) -> Result<Vec<ListingEvent>, Refusal> {
    let (by, parts) = (by.trim(), text::parts(words, LONGEST_ADVICE));
    if listing.stage == ListingStage::Removed {
        return Err(listing.gone());
    }
    if by.is_empty() {
        return Err(Refusal::BadName);
    }
    if !(1..=MOST_PARTS).contains(&parts.len()) {
        return Err(Refusal::OutOfRange { min: 1, max: (MOST_PARTS * LONGEST_ADVICE) as i64 });
    }
    let said = listing.advice.iter().rev().take(parts.len()).rev();
    if said.map(|advice| (advice.by.as_str(), &advice.text)).eq(parts.iter().map(|part| (by, part))) {
        return Ok(vec![]);
    }
    Ok(parts.into_iter().map(|text| ListingEvent::Advised { by: by.to_owned(), text }).collect())
}

/// A refused piece may be brought again and found good; what the desk refused, the desk lets go on.
fn approve(listing: &Listing, by: Actor) -> Result<Vec<ListingEvent>, Refusal> {
    only_another_agent(listing, by)?;
    match listing.stage {
        _ if listing.fault.is_some() => Err(listing.gone()),
        ListingStage::Waiting | ListingStage::Refused => {
            Ok(vec![ListingEvent::Approved { by: by.id, round: listing.checks + 1 }])
        }
        ListingStage::OnSale if listing.checked_by == Some(by.id) => Ok(vec![]),
        _ => Err(listing.gone()),
    }
}

fn reject(listing: &Listing, by: Actor, reason: Reason) -> Result<Vec<ListingEvent>, Refusal> {
    only_another_agent(listing, by)?;
    match listing.stage {
        ListingStage::Waiting => {
            Ok(vec![ListingEvent::Rejected { by: by.id, reason, round: listing.checks + 1 }])
        }
        ListingStage::Refused if (listing.checked_by, listing.reason) == (Some(by.id), Some(reason)) => {
            Ok(vec![])
        }
        _ => Err(listing.gone()),
    }
}

fn only_another_agent(listing: &Listing, by: Actor) -> Result<(), Refusal> {
    if by.role == Role::Agent && by.id != listing.maker { Ok(()) } else { Err(Refusal::NotAllowed) }
}

/// The state after an event.
pub fn evolve(state: Option<Listing>, event: &ListingEvent, at: Timestamp) -> Option<Listing> {
    use {ListingEvent as E, ListingStage as S};
    let Some(mut listing) = state else {
        let E::Drafted { code, maker, kind, stuff, price, ready } = event else { return None };
        return Some(Listing {
            code: *code,
            maker: *maker,
            kind: kind.clone(),
            stuff: stuff.clone(),
            price: *price,
            stage: S::Draft,
            reason: None,
            ready: *ready,
            reserved: 0,
            sold: 0,
            checks: 0,
            checked_by: None,
            listed: at,
            since: at,
            advice: Vec::new(),
            photos: Vec::new(),
            looked: None,
            fault: None,
            words: BTreeMap::new(),
        });
    };
    let before = (listing.stage, listing.in_shop());
    match event {
        E::Drafted { .. } => {}
        E::Submitted => {
            listing.stage = S::Waiting;
            listing.fault = None;
        }
        E::ReadySet { ready } => listing.ready = *ready,
        E::Paused => listing.stage = S::Paused,
        E::Resumed => listing.stage = S::OnSale,
        E::Removed => listing.stage = S::Removed,
        E::Approved { by, round } => {
            listing.stage = S::OnSale;
            listing.reason = None;
            listing.checks = *round;
            listing.checked_by = Some(*by);
        }
        E::Rejected { by, reason, round } => {
            listing.stage = S::Refused;
            listing.reason = Some(*reason);
            listing.checks = *round;
            listing.checked_by = Some(*by);
        }
        E::Reserved { pieces } => listing.reserved = listing.reserved.saturating_add(*pieces),
        E::Unreserved { pieces } => listing.reserved = listing.reserved.saturating_sub(*pieces),
        E::Taken { pieces } => {
            listing.reserved = listing.reserved.saturating_sub(*pieces);
            listing.ready = listing.ready.saturating_sub(*pieces);
        }
        E::Advised { by, text } => {
            if listing.advice.len() == MOST_ADVICE {
                listing.advice.remove(0);
            }
            listing.advice.push(Advice { by: by.clone(), text: text.clone(), at });
        }
        E::Sold { pieces } => listing.sold = listing.sold.saturating_add(*pieces),
        E::Photographed { .. } | E::PhotoRemoved { .. } | E::PhotoLed { .. } => {
            photo::evolve(&mut listing, event);
        }
        E::Looked { .. } | E::Passed { .. } | E::SentBack { .. } | E::Described { .. } => {
            look::evolve(&mut listing, event, at);
        }
    }
    if (listing.stage, listing.in_shop()) != before {
        listing.since = at;
    }
    Some(listing)
}

#[cfg(test)]
mod tests;
