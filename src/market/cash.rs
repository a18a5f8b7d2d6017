//! A cash number: money somebody fetches at a kiosk by saying seven digits. Its sum is reserved
//! before the number is told to anybody; the kiosk that types it claims it first, so that no two
//! kiosks count out the same money; what nobody fetches in time is free again.

use super::party::{Actor, Hold};
use super::{Policy, Refusal, Role};
use crate::types::{Kes, PartyId, PayoutId, SpokenCode, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a cash number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashStage {
    /// Good at any kiosk, or at the one that claimed it.
    Open,
    /// Paid out.
    Served,
    /// Nobody fetched it; the money is free again.
    Expired,
}

impl CashStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Served => "served",
            Self::Expired => "expired",
        }
    }
}

/// A kiosk that is counting the money out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which.
    pub by: PartyId,
    /// Until then no other kiosk gets the number, nor does it run out.
    pub until: Timestamp,
}

/// A cash number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cash {
    /// The payout that it is in the books.
    pub id: PayoutId,
    /// The seven digits.
    pub number: SpokenCode,
    /// Whose money.
    pub owner: PartyId,
    /// Whole shillings.
    pub amount: Kes,
    /// Where it stands.
    pub stage: CashStage,
    /// When it was made.
    pub made: Timestamp,
    /// When it runs out.
    pub until: Timestamp,
    /// Since when it stands as it does.
    pub since: Timestamp,
    /// The kiosk that typed it last and has not let go of it.
    pub claim: Option<Claim>,
    /// When its owner said that she never got the money.
    pub denied: Option<Timestamp>,
}

/// What can be asked of a cash number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashCommand {
    /// Somebody wants to fetch money at a kiosk.
    Make {
        /// The id it will have for ever.
        id: PayoutId,
        /// The seven digits.
        number: SpokenCode,
        /// Whose money.
        owner: PartyId,
        /// How much.
        amount: Kes,
        /// What is free of hers now.
        free: Kes,
        /// Why her money waits, if it does.
        hold: Option<Hold>,
        /// Whether her PIN was proven in this dialog.
        pin_proven: bool,
    },
    /// A kiosk typed the number.
    Claim {
        /// Which.
        by: Actor,
        /// It may not pay cash for now.
        stopped: bool,
        /// Why her money waits, if it does.
        hold: Option<Hold>,
    },
    /// The kiosk has no cash.
    LetGo {
        /// Which.
        by: PartyId,
    },
    /// The kiosk has counted the money out.
    Serve {
        /// Which.
        by: PartyId,
    },
    /// Its time is over.
    Expire,
    /// Its owner says that she never got the money.
    Deny {
        /// Who says so.
        by: PartyId,
    },
}

/// What happened to a cash number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashEvent {
    /// It was made, and its sum reserved.
    Made {
        /// The id it will have for ever.
        id: PayoutId,
        /// The seven digits.
        number: SpokenCode,
        /// Whose money.
        owner: PartyId,
        /// Whole shillings.
        amount: Kes,
        /// When it runs out.
        until: Timestamp,
    },
    /// A kiosk is counting it out.
    Claimed(Claim),
    /// That kiosk has no cash.
    LetGo {
        /// Which.
        by: PartyId,
    },
    /// It was paid out.
    Served {
        /// By which kiosk.
        by: PartyId,
    },
    /// Nobody fetched it.
    Expired,
    /// Its owner says that she never got the money.
    Denied,
}

impl Cash {
    /// The kiosk that nobody may take it from at a moment.
    pub fn claimed(&self, at: Timestamp) -> Option<PartyId> {
        self.claim.filter(|claim| self.stage == CashStage::Open && at < claim.until).map(|claim| claim.by)
    }

    /// The kiosk that paid it out.
    pub fn served_by(&self) -> Option<PartyId> {
        self.claim.filter(|_| self.stage == CashStage::Served).map(|claim| claim.by)
    }

    /// When its timer is to look at it: never before a kiosk that is counting has had its time.
    pub fn ends(&self) -> Timestamp {
        self.claim.map_or(self.until, |claim| claim.until.max(self.until))
    }
}

/// Answers a command with events, or says no. A number that was used, that ran out or that another
/// kiosk is paying is [`Refusal::Gone`] with the word `served`, `expired` or `claimed`.
pub fn decide(
    state: Option<&Cash>, command: &CashCommand, policy: &Policy, now: Timestamp,
) -> Result<Vec<CashEvent>, Refusal> {
    use CashCommand as C;
    let Some(cash) = state else {
        return match command {
            C::Make { .. } => make(command, policy, now),
            _ => Err(Refusal::NotFound),
        };
    };
    let event = match command {
        // The number of a repeat is a new one; the first stands.
        C::Make { owner, amount, .. } if (*owner, *amount) == (cash.owner, cash.amount) => return Ok(vec![]),
        C::Make { .. } => return Err(Refusal::AlreadyExists),
        C::Claim { by, stopped, hold } => return claim(cash, *by, *stopped, hold.as_ref(), policy, now),
        C::LetGo { by } => match cash.claimed(now) {
            Some(kiosk) if kiosk == *by => CashEvent::LetGo { by: *by },
            _ => return Ok(vec![]),
        },
        C::Serve { by } if cash.served_by() == Some(*by) => return Ok(vec![]),
        C::Serve { .. } if cash.stage != CashStage::Open => return Err(Refusal::gone(cash.stage.word())),
        // Whoever claimed it last may have counted it out, however long that took.
        C::Serve { by } if cash.claim.is_some_and(|claim| claim.by == *by) => CashEvent::Served { by: *by },
        C::Serve { .. } if cash.claimed(now).is_some() => return Err(Refusal::gone("claimed")),
        C::Serve { .. } => return Err(Refusal::NotInCustody),
        C::Expire if cash.stage != CashStage::Open => return Ok(vec![]),
        C::Expire if now < cash.ends() => return Err(Refusal::TooEarly { until: cash.ends() }),
        C::Expire => CashEvent::Expired,
        C::Deny { by } if *by != cash.owner => return Err(Refusal::NotAllowed),
        C::Deny { .. } if cash.denied.is_some() => return Ok(vec![]),
        C::Deny { .. } if cash.stage != CashStage::Served => return Err(Refusal::gone(cash.stage.word())),
        C::Deny { .. } if now > cash.since.after(policy.cash_denial()) => return Err(Refusal::gone("late")),
        C::Deny { .. } => CashEvent::Denied,
    };
    Ok(vec![event])
}

fn make(command: &CashCommand, policy: &Policy, now: Timestamp) -> Result<Vec<CashEvent>, Refusal> {
    let CashCommand::Make { id, number, owner, amount, free, hold, pin_proven } = command else {
        return Err(Refusal::NotFound);
    };
    if let Some(hold) = hold {
        return Err(Refusal::Held { hold: hold.clone() });
    }
    if !pin_proven {
        return Err(Refusal::NoPin);
    }
    if !amount.is_whole() {
        return Err(Refusal::NotWhole);
    }
    if !(policy.payout_min()..=policy.cash_max()).contains(amount) {
        let (min, max) = (policy.payout_min().whole(), policy.cash_max().whole());
        return Err(Refusal::OutOfRange { min, max });
    }
    if amount > free {
        return Err(Refusal::Short { have: *free });
    }
    let (id, number, owner, amount) = (*id, *number, *owner, *amount);
    Ok(vec![CashEvent::Made { id, number, owner, amount, until: now.after(policy.cash_lives()) }])
}

fn claim(
    cash: &Cash, by: Actor, stopped: bool, hold: Option<&Hold>, policy: &Policy, now: Timestamp,
) -> Result<Vec<CashEvent>, Refusal> {
    if by.role != Role::Agent || by.id == cash.owner {
        return Err(Refusal::NotAllowed);
    }
    if cash.stage != CashStage::Open {
        return Err(Refusal::gone(cash.stage.word()));
    }
    match cash.claimed(now) {
        Some(kiosk) if kiosk == by.id => return Ok(vec![]),
        Some(_) => return Err(Refusal::gone("claimed")),
        None if now >= cash.until => return Err(Refusal::gone("expired")),
        None => {}
    }
    if stopped {
        return Err(Refusal::Stopped);
    }
    if let Some(hold) = hold {
        return Err(Refusal::Held { hold: hold.clone() });
    }
    Ok(vec![CashEvent::Claimed(Claim { by: by.id, until: now.after(policy.cash_claim()) })])
}

/// The state after an event.
pub fn evolve(state: Option<Cash>, event: &CashEvent, at: Timestamp) -> Option<Cash> {
    use {CashEvent as E, CashStage as S};
    let Some(mut cash) = state else {
        let E::Made { id, number, owner, amount, until } = event else { return None };
        return Some(Cash {
            id: *id,
            number: *number,
            owner: *owner,
            amount: *amount,
            stage: S::Open,
            made: at,
            until: *until,
            since: at,
            claim: None,
            denied: None,
        });
    };
    match event {
        E::Made { .. } => {}
        E::Claimed(claim) => cash.claim = Some(*claim),
        E::LetGo { .. } => cash.claim = None,
        E::Served { .. } => (cash.stage, cash.since) = (S::Served, at),
        E::Expired => (cash.stage, cash.since, cash.claim) = (S::Expired, at, None),
        E::Denied => cash.denied = Some(at),
    }
    Some(cash)
}

#[cfg(test)]
mod tests;
