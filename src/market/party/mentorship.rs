//! An artisan and her mentor: how long, with what share, and when she needs nobody any more.

use super::{Party, PartyEvent, Role};
use crate::market::{Policy, Refusal};
use crate::types::{PartyId, Timestamp};
use serde::{Deserialize, Serialize};

/// A mentorship: whose share it is, how much, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentorship {
    /// The mentor.
    pub mentor: PartyId,
    /// From the moment she agreed.
    pub from: Timestamp,
    /// The end that both were told at the start.
    pub until: Timestamp,
    /// Of the sale value, in ten-thousandths.
    pub share_bp: u32,
    /// When the mentor last showed her the way by phone: what she does alone counts from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helped: Option<Timestamp>,
    /// Since when she needs nobody, by her record. The share ends on the day told at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graduated: Option<Timestamp>,
}

impl Mentorship {
    /// One that begins now.
    pub(super) const fn begun(mentor: PartyId, from: Timestamp, until: Timestamp, share_bp: u32) -> Self {
        Self { mentor, from, until, share_bp, helped: None, graduated: None }
    }

    /// Since when she does things alone.
    pub fn alone_since(&self) -> Timestamp {
        self.helped.unwrap_or(self.from)
    }
}

/// When an artisan needs no mentor any more, and when she may be one herself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MentorPolicy {
    /// Pieces that she listed alone ...
    pub alone_listings: u32,
    /// ... and orders of hers that passed the check, before she has graduated.
    pub alone_orders: u32,
    /// Released pieces from which on she is asked whether she would guide others.
    pub offer_pieces: u32,
    /// Only while fewer than these failed, in ten-thousandths of all that were checked.
    pub offer_failed_bp: u32,
}

impl Default for MentorPolicy {
    fn default() -> Self {
        Self { alone_listings: 3, alone_orders: 3, offer_pieces: 20, offer_failed_bp: 1_000 }
    }
}

/// What an artisan has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Pieces that she listed since she does things alone.
    pub listings: u32,
    /// Orders of hers that passed since then.
    pub orders: u32,
    /// Pieces that ever passed.
    pub passed: u32,
    /// Pieces that ever failed.
    pub failed: u32,
}

/// What follows from her record: she has graduated, or is asked whether she would guide others.
pub(super) fn weigh(
    party: &Party, record: &Record, policy: &MentorPolicy, now: Timestamp,
) -> Vec<PartyEvent> {
    let alone = record.listings >= policy.alone_listings && record.orders >= policy.alone_orders;
    let guided = party.mentorship_on(now).is_some_and(|mentorship| mentorship.graduated.is_none());
    let checked = u64::from(record.passed) + u64::from(record.failed);
    let good = u64::from(record.failed) * 10_000 < u64::from(policy.offer_failed_bp) * checked;
    let offer = party.role == Role::Artisan && !party.is_mentor() && party.mentor_offered.is_none();
    let graduates = (guided && alone).then_some(PartyEvent::Graduated);
    let offered =
        (offer && good && record.passed >= policy.offer_pieces).then_some(PartyEvent::MentorOffered);
    graduates.into_iter().chain(offered).collect()
}

/// One mentor at a time: the artisan chooses, and may choose again when the mentorship is over.
pub(super) fn agree(
    party: &Party, mentor: PartyId, policy: &Policy, now: Timestamp,
) -> Result<Vec<PartyEvent>, Refusal> {
    if mentor == party.id || party.role != Role::Artisan {
        return Err(Refusal::NotAllowed);
    }
    match party.mentorship_on(now) {
        Some(active) if active.mentor == mentor => Ok(vec![]),
        Some(_) => Err(Refusal::AlreadyExists),
        None => Ok(vec![PartyEvent::MentorAgreed {
            mentor,
            until: now.after(policy.mentorship()),
            share_bp: policy.mentor_share_bp,
        }]),
    }
}
