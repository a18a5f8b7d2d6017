//! Money back for pieces that had passed: the maker keeps hers, the house bears it.

use super::decide::{gone, sum_back};
use super::{Order, OrderEvent, OrderStage, RefundWhy};
use crate::market::Refusal;
use crate::types::{Kes, Timestamp};
use serde::{Deserialize, Serialize};

use OrderEvent as E;
use OrderStage as S;

/// The longest reason, in letters.
pub const LONGEST_REASON: usize = 200;

/// Why pieces that had passed were refunded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The desk's own reference: told twice, it is one refund.
    pub paper: String,
    /// Why, in words.
    pub reason: String,
    /// How many pieces.
    pub pieces: u32,
    /// Which of the order's refunds it is.
    pub round: u32,
    /// When the pieces came to the depot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Timestamp>,
}

impl Order {
    /// Pieces that had passed and whose money goes, or went, back.
    pub fn complained_of(&self) -> u32 {
        self.complaints.iter().map(|complaint| complaint.pieces).sum()
    }

    /// What went, or goes, back for them, at the locked rate.
    fn complained_value(&self) -> Kes {
        let after = self.refunds.iter().filter(|refund| refund.why == RefundWhy::AfterRelease);
        Kes::minor(after.map(|refund| refund.back_value.cents()).sum())
    }
}

/// `alone` is the most that goes back in all by one person's word, if one person decides.
pub(super) fn refund(
    order: &Order, paper: &str, reason: &str, pieces: u32, alone: Option<Kes>,
) -> Result<Vec<OrderEvent>, Refusal> {
    let (paper, reason) = (paper.trim(), reason.trim());
    if let Some(known) = order.complaints.iter().find(|complaint| complaint.paper == paper) {
        return if known.pieces == pieces { Ok(vec![]) } else { Err(Refusal::AlreadyExists) };
    }
    if !matches!(order.stage, S::Released | S::Shipped | S::Delivered | S::Closed) {
        return Err(gone(order));
    }
    if order.refunds.iter().any(|refund| refund.why == RefundWhy::Disputed) {
        return Err(Refusal::gone(S::Refunded.word()));
    }
    let words = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if !words(paper, 40) || !words(reason, LONGEST_REASON) {
        return Err(Refusal::NoReason);
    }
    let left = order.passed.saturating_sub(order.complained_of());
    if !(1..=left).contains(&pieces) {
        return Err(Refusal::OutOfRange { min: 1, max: i64::from(left) });
    }
    let quote = &order.terms.quote;
    // What nobody has sent is not paid for; what was sent is the carrier's.
    let unsent = pieces == left && order.parcel.is_none();
    let round = order.refunds.len() as u32 + 1;
    let refund = sum_back(quote, round, pieces, unsent, RefundWhy::AfterRelease);
    // The limit is for all of an order: piece by piece it is no other sum.
    let in_all = order.complained_value().cents().saturating_add(refund.back_value.cents());
    if let Some(alone) = alone.filter(|alone| in_all > alone.cents()) {
        return Err(Refusal::TwoPeople { alone });
    }
    let (paper, reason) = (paper.to_owned(), reason.to_owned());
    Ok(vec![E::Complained(Complaint { paper, reason, pieces, round, returned: None }), E::RefundDue(refund)])
}

pub(super) fn take_back(order: &Order, paper: &str) -> Result<Vec<OrderEvent>, Refusal> {
    let known = order.complaints.iter().find(|complaint| complaint.paper == paper.trim());
    match known.ok_or(Refusal::NotFound)?.returned {
        Some(_) => Ok(vec![]),
        None => Ok(vec![E::Returned { paper: paper.trim().to_owned() }]),
    }
}
