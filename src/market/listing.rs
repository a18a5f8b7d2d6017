//! A piece that an artisan offers: draft, waiting for its check, on sale, paused, removed, or
//! refused with a reason; how many are ready and how many of them are spoken for.

use super::{Actor, Policy, Refusal, Role, Word};
use crate::types::{Kes, PartyId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingStage {
    /// Begun and not handed in.
    Draft,
    /// Waits for an agent to look at one.
    Waiting,
    /// Can be bought.
    OnSale,
    /// Taken off sale by the artisan; may come back.
    Paused,
    /// Gone for good.
    Removed,
    /// An agent looked and said no.
    Refused,
}

impl ListingStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Waiting => "waiting",
            Self::OnSale => "on_sale",
            Self::Paused => "paused",
            Self::Removed => "removed",
            Self::Refused => "refused",
        }
    }
}

/// Why pieces are not good enough: the numbers 1 to 5 of the agents' texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// 1: broken.
    Broken,
    /// 2: rough finish.
    RoughFinish,
    /// 3: wrong size.
    WrongSize,
    /// 4: wrong colour.
    WrongColour,
    /// 5: something else.
    Other,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Broken, Self::RoughFinish, Self::WrongSize, Self::WrongColour, Self::Other];

    /// The reason of a number from 1 to 5.
    pub fn from_number(number: i64) -> Option<Self> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(at).copied()
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::RoughFinish => "rough_finish",
            Self::WrongSize => "wrong_size",
            Self::WrongColour => "wrong_colour",
            Self::Other => "other",
        }
    }
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
    /// Since when it stands as it does.
    pub since: Timestamp,
}

/// What can be asked of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingCommand {
    /// List a piece.
    Create {
        /// Its five digits.
        code: SpokenCode,
        /// Who lists it; must be an artisan.
        maker: Actor,
        /// What it is.
        kind: Word,
        /// What it is made of.
        stuff: Word,
        /// What she wants to receive for one, whole shillings.
        price: Kes,
        /// How many are ready.
        ready: u32,
        /// How many listings she has that are not removed.
        listed: u32,
    },
    /// She counts her pieces again.
    SetReady {
        /// Who says so.
        by: PartyId,
        /// How many are ready now.
        ready: u32,
    },
    /// Take it off sale; it may come back.
    Pause {
        /// Who says so.
        by: PartyId,
    },
    /// Put it on sale again.
    Resume {
        /// Who says so.
        by: PartyId,
    },
    /// Remove it for good; refused while open orders need it.
    Stop {
        /// Who says so.
        by: PartyId,
        /// How many orders of it are not finished.
        open_orders: u32,
    },
    /// An agent looked at one and it is good.
    Approve {
        /// Who looked.
        by: Actor,
    },
    /// An agent looked at one and it is not.
    Reject {
        /// Who looked.
        by: Actor,
        /// Why.
        reason: Reason,
    },
    /// A shopper begins to pay for some.
    Reserve {
        /// How many.
        pieces: u32,
    },
    /// The shopper did not pay: they can be bought again.
    Unreserve {
        /// How many.
        pieces: u32,
    },
    /// An order took them, or their maker could not give them: they are not ready any more.
    Take {
        /// How many.
        pieces: u32,
    },
    /// Pieces of an order passed the check.
    CountSold {
        /// How many.
        pieces: u32,
    },
}

/// What happened to a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingEvent {
    /// It was begun.
    Drafted {
        /// Its five digits.
        code: SpokenCode,
        /// Who makes it.
        maker: PartyId,
        /// What it is.
        kind: Word,
        /// What it is made of.
        stuff: Word,
        /// What she receives for one.
        price: Kes,
        /// How many are ready.
        ready: u32,
    },
    /// It waits for its check.
    Submitted,
    /// Pieces were counted again.
    ReadySet {
        /// How many are ready now.
        ready: u32,
    },
    /// Off sale for a while.
    Paused,
    /// On sale again.
    Resumed,
    /// Gone for good.
    Removed,
    /// An agent looked and it is on sale.
    Approved {
        /// Who looked.
        by: PartyId,
        /// Counts its verdicts: 1, 2, ...
        round: u32,
    },
    /// An agent looked and it is refused.
    Rejected {
        /// Who looked.
        by: PartyId,
        /// Why.
        reason: Reason,
        /// Counts its verdicts: 1, 2, ...
        round: u32,
    },
    /// Spoken for.
    Reserved {
        /// How many.
        pieces: u32,
    },
    /// Not spoken for any more.
    Unreserved {
        /// How many.
        pieces: u32,
    },
    /// Not ready any more.
    Taken {
        /// How many.
        pieces: u32,
    },
    /// Passed the check of an order.
    Sold {
        /// How many.
        pieces: u32,
    },
}

impl Listing {
    /// How many can be bought now.
    pub const fn available(&self) -> u32 {
        match self.stage {
            ListingStage::OnSale => self.ready.saturating_sub(self.reserved),
            _ => 0,
        }
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
        C::Approve { by } => return approve(listing, *by),
        C::Reject { by, reason } => return reject(listing, *by, *reason),
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

/// A refused piece may be brought again and found good.
fn approve(listing: &Listing, by: Actor) -> Result<Vec<ListingEvent>, Refusal> {
    only_another_agent(listing, by)?;
    match listing.stage {
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
        });
    };
    let before = listing.stage;
    match event {
        E::Drafted { .. } => {}
        E::Submitted => listing.stage = S::Waiting,
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
        E::Sold { pieces } => listing.sold = listing.sold.saturating_add(*pieces),
    }
    if listing.stage != before {
        listing.since = at;
    }
    Some(listing)
}

#[cfg(test)]
mod tests;
