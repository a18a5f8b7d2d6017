//! An order: placed and paid by a shopper, offered, accepted, made, brought to a kiosk, checked,
//! released; or refused, lapsed, reworked, short, refunded.
//!
//! Pieces are counted, never guessed: of the `quantity` bought, `accepted` are promised, of those
//! `passed` went through the check and `short` will never come; `refunded` are settled with the
//! shopper. At the end every piece has either passed or been refunded.

mod command;
mod complaint;
mod decide;
mod event;
mod evolve;
mod hold;
mod life;
mod pickup;
mod ship;
mod terms;
#[cfg(test)]
mod tests;

pub use command::OrderCommand;
pub use complaint::{Complaint, LONGEST_REASON};
pub(in crate::market) use decide::sum_back;
pub use decide::{decide, money_back};
pub use event::OrderEvent;
pub use evolve::evolve;
pub use hold::HELD;
pub use life::{Cancellation, Choice, Late, LateWhy};
pub use pickup::{Errand, Pickup};
pub use ship::{LONGEST_THANKS, Parcel, Thanks};
pub use terms::{PartOf, Purchase, Shown, Terms};

use super::{ListingCommand, kiosk::BoxSize, listing::Reason};
use crate::types::{Kes, PartyId, SpokenCode, Timestamp, Usd};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStage {
    /// Pieces are kept while the shopper pays.
    Placed,
    /// The shopper did not pay in time.
    Expired,
    /// Paid, and not offered to anybody at this moment.
    Paid,
    /// Waits for an artisan's answer.
    Offered,
    /// Taken; she is making it, or mending what failed.
    Making,
    /// She says the pieces are ready.
    Ready,
    /// A rider has it, on the way to the kiosk.
    WithRider,
    /// At a kiosk, not all pieces judged.
    AtKiosk,
    /// Pieces will never come, and the shopper says what becomes of them.
    Choosing,
    /// Every piece she took has passed, or will never come; hers is done.
    Released,
    /// A carrier has it, on the way to the shopper.
    Shipped,
    /// The shopper has it.
    Delivered,
    /// Nothing is left to do.
    Closed,
    /// Nothing of it goes to the shopper: she got everything back, or will.
    Refunded,
}

impl OrderStage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Expired => "expired",
            Self::Paid => "paid",
            Self::Offered => "offered",
            Self::Making => "making",
            Self::Ready => "ready",
            Self::WithRider => "with_rider",
            Self::AtKiosk => "at_kiosk",
            Self::Choosing => "choosing",
            Self::Released => "released",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Closed => "closed",
            Self::Refunded => "refunded",
        }
    }

    /// True while the artisan still has something to do or to answer, or the shopper to pay.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Placed | Self::Paid | Self::Offered | Self::Making => true,
            Self::Ready | Self::WithRider | Self::AtKiosk => true,
            Self::Expired | Self::Choosing | Self::Released | Self::Refunded => false,
            Self::Shipped | Self::Delivered | Self::Closed => false,
        }
    }
}

/// An offer that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// To whom.
    pub to: PartyId,
    /// How many pieces.
    pub pieces: u32,
    /// After this it lapses.
    pub until: Timestamp,
    /// The day the pieces are wanted.
    pub due: Timestamp,
}

/// A mentor's share as it stood on the day the order was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentoring {
    /// Who.
    pub mentor: PartyId,
    /// Of the sale value, in ten-thousandths.
    pub share_bp: u32,
}

/// A hand-over of the parcel, with its two witnesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// Who gave it, known by the order's number said aloud.
    pub giver: PartyId,
    /// Who received it, known by the message sent.
    pub receiver: PartyId,
    /// How many pieces.
    pub pieces: u32,
    /// When.
    pub at: Timestamp,
}

/// The judgement of one parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Counts the order's parcels: 1, 2, ...
    pub round: u32,
    /// Who judges.
    pub by: PartyId,
    /// How many pieces came.
    pub came: u32,
    /// How many passed.
    pub passed: u32,
    /// How many failed.
    pub failed: u32,
    /// Why they failed.
    pub reason: Option<Reason>,
    /// The box of ours that those that passed were packed into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxed: Option<BoxSize>,
}

impl Check {
    /// Pieces not judged yet.
    pub const fn left(&self) -> u32 {
        self.came.saturating_sub(self.passed).saturating_sub(self.failed)
    }
}

/// Why a shopper gets money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundWhy {
    /// Nobody would make it, or nobody would make all of it.
    NobodyTook,
    /// Pieces failed the check and will not be made again.
    Short,
    /// The shopper changed her mind in time.
    Cancelled,
    /// The payment came after the pieces were let go.
    PaidTooLate,
    /// Pieces that had passed are not what she wanted, or never came.
    AfterRelease,
    /// Her bank took it back: nothing goes out for it.
    Disputed,
}

/// Money on its way back to the shopper's card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Counts the order's refunds: 1, 2, ...
    pub round: u32,
    /// For how many pieces.
    pub pieces: u32,
    /// What goes back to the card, shipping included.
    pub back: Usd,
    /// The same in shillings at the locked rate.
    pub back_value: Kes,
    /// The sale value of the pieces.
    pub goods_value: Kes,
    /// What of it was for the carrier.
    pub shipping_value: Kes,
    /// What of it was collected for a tax authority.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub tax_value: Kes,
    /// Why.
    pub why: RefundWhy,
    /// When the card processor confirmed it.
    pub done: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_nothing(sum: &Kes) -> bool {
    *sum == Kes::ZERO
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What was agreed.
    pub terms: Terms,
    /// Where it stands.
    pub stage: OrderStage,
    /// The card processor's id of the payment.
    pub payment: Option<String>,
    /// The offer that waits for an answer.
    pub offer: Option<Offer>,
    /// Everybody it was offered to, in order.
    pub offered_to: Vec<PartyId>,
    /// Who gave the last no to an offer.
    pub refused_by: Option<PartyId>,
    /// Who makes it.
    pub maker: Option<PartyId>,
    /// Her mentor's share, when there was one on that day.
    pub mentoring: Option<Mentoring>,
    /// The day the pieces are wanted.
    pub due: Option<Timestamp>,
    /// Whether that day was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// What the shopper was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// Pieces she promised.
    pub accepted: u32,
    /// Pieces that passed the check.
    pub passed: u32,
    /// Pieces she promised that will never come.
    pub short: u32,
    /// The parcel that was received last, and how it was judged.
    pub check: Option<Check>,
    /// Every box of ours that something of it was packed into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<BoxSize>,
    /// Every hand-over.
    pub custody: Vec<HandOver>,
    /// The ride of the parcel that is ready, while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Pickup>,
    /// On its way to the shopper, and there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<Parcel>,
    /// What the shopper wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thanks: Option<Thanks>,
    /// Why pieces that had passed were refunded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<Complaint>,
    /// Every refund.
    pub refunds: Vec<Refund>,
    /// Since when the shopper's bank asks about the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Timestamp>,
    /// Each step and when it happened, in order.
    pub steps: Vec<(Step, Timestamp)>,
    /// Since when it stands as it does.
    pub since: Timestamp,
}

/// A step as the shopper's page tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The pieces are kept.
    Placed,
    /// Not paid in time.
    Expired,
    /// Paid.
    Paid,
    /// Offered to an artisan.
    Offered,
    /// She took it.
    Accepted,
    /// She said no.
    Refused,
    /// No answer came.
    Lapsed,
    /// She says it is ready.
    Ready,
    /// A rider has it.
    WithRider,
    /// It reached a kiosk.
    AtKiosk,
    /// All she took was checked.
    Checked,
    /// She needs more time.
    Late,
    /// Some failed and are being mended.
    Rework,
    /// Some will never come.
    Short,
    /// The shopper changed her mind.
    Cancelled,
    /// Packed for the carrier.
    Packed,
    /// A carrier has it.
    Shipped,
    /// The shopper has it.
    Delivered,
    /// Pieces came back to the depot.
    Returned,
    /// The card processor confirmed a refund.
    Refunded,
}

impl Step {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Expired => "expired",
            Self::Paid => "paid",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
            Self::Ready => "ready",
            Self::WithRider => "with_rider",
            Self::AtKiosk => "at_kiosk",
            Self::Checked => "checked",
            Self::Late => "late",
            Self::Rework => "rework",
            Self::Short => "short",
            Self::Cancelled => "cancelled",
            Self::Packed => "packed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Refunded => "refunded",
        }
    }
}

impl Order {
    /// Everybody who makes it, was asked to, or has had pieces of it in hand.
    pub fn concerns(&self) -> BTreeSet<PartyId> {
        let hands = self.custody.iter().flat_map(|passed| [passed.giver, passed.receiver]);
        self.offered_to.iter().copied().chain(self.maker).chain(hands).collect()
    }

    /// How many pieces were bought.
    pub const fn quantity(&self) -> u32 {
        self.terms.quote.pieces
    }

    /// Whose deposit holds the shopper's money for it: its own, or its bulk request's.
    pub fn deposit(&self) -> SpokenCode {
        self.terms.bulk.map_or(self.terms.code, |part| part.code)
    }

    /// It and every order that was paid with it.
    pub fn paid_together(&self) -> Vec<SpokenCode> {
        self.terms.purchase.as_ref().map_or_else(|| vec![self.terms.code], |one| one.orders.clone())
    }

    /// Every piece went back to the shopper, and she has the money.
    pub fn is_paid_back(&self) -> bool {
        self.refunded() == self.quantity() && self.refunds.iter().all(|refund| refund.done.is_some())
    }

    /// True from her yes until anything follows from it.
    pub fn is_first_making(&self) -> bool {
        self.stage == OrderStage::Making && self.check.is_none() && self.choice.is_none()
    }

    /// Pieces that never passed and whose money goes, or went, back to the shopper.
    pub fn refunded(&self) -> u32 {
        let never = self.refunds.iter().filter(|refund| refund.why != RefundWhy::AfterRelease);
        never.map(|refund| refund.pieces).sum()
    }

    /// Pieces that nobody has taken and whose money was not given back.
    pub fn untaken(&self) -> u32 {
        let taken = self.accepted.saturating_sub(self.short);
        self.quantity().saturating_sub(taken).saturating_sub(self.refunded())
    }

    /// Pieces she promised that are still to pass.
    pub const fn outstanding(&self) -> u32 {
        self.accepted.saturating_sub(self.passed).saturating_sub(self.short)
    }

    /// The pieces that the maker is spoken to about: those she is offered, those she makes again, all
    /// that she has promised and not given up.
    pub fn hers(&self) -> u32 {
        match self.offer {
            Some(offer) => offer.pieces,
            None if self.short > 0 && self.outstanding() > 0 => self.outstanding(),
            None => self.accepted.saturating_sub(self.short),
        }
    }

    /// What those pieces bring her.
    pub fn earns(&self) -> Kes {
        self.terms.quote.maker_gets(self.hers())
    }

    /// What counts as *in orders* for its maker: her price over pieces she promised that have not
    /// passed the check.
    pub fn held(&self) -> Kes {
        self.terms.quote.maker_gets(self.outstanding())
    }

    /// What an event about to happen to this order means for its listing's stock. Pieces stay
    /// reserved until the first artisan answers; after that they are not hers to sell, whatever
    /// she said.
    /// A part of a bulk request is made to order and takes nothing off a shelf.
    pub fn stock(&self, event: &OrderEvent) -> Option<ListingCommand> {
        let pieces = self.quantity();
        if self.terms.bulk.is_some() && !matches!(event, OrderEvent::Passed { .. }) {
            return None;
        }
        let unanswered = self.offered_to.len() == usize::from(self.offer.is_some());
        match event {
            OrderEvent::Expired => Some(ListingCommand::Unreserve { pieces }),
            OrderEvent::RefundDue(refund) if refund.why == RefundWhy::Cancelled && unanswered => {
                Some(ListingCommand::Unreserve { pieces })
            }
            OrderEvent::Accepted { .. } | OrderEvent::Refused { .. } | OrderEvent::Lapsed { .. }
                if unanswered =>
            {
                Some(ListingCommand::Take { pieces })
            }
            OrderEvent::Passed { pieces, .. } => Some(ListingCommand::CountSold { pieces: *pieces }),
            _ => None,
        }
    }

    /// Who has the parcel, by the last hand-over.
    pub fn holder(&self) -> Option<PartyId> {
        self.custody.last().map(|hand_over| hand_over.receiver)
    }

    /// The rider who took it from its maker and has brought it to no kiosk yet.
    pub fn carrier(&self) -> Option<PartyId> {
        let last = self.custody.last().filter(|hand_over| Some(hand_over.giver) == self.maker)?;
        Some(last.receiver).filter(|by| self.check.is_none_or(|check| check.by != *by))
    }
}

/// What an artisan sees as *in orders*: the sum over her orders.
pub fn held<'a>(orders: impl IntoIterator<Item = &'a Order>, maker: PartyId) -> Kes {
    let cents = orders
        .into_iter()
        .filter(|order| order.maker == Some(maker))
        .fold(0i64, |sum, order| sum.saturating_add(order.held().cents()));
    Kes::minor(cents)
}
