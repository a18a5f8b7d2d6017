//! An order: placed and paid by a shopper, offered, accepted, made, brought to a kiosk, checked,
//! released; or refused, lapsed, reworked, short, refunded.
//!
//! Pieces are counted, never guessed: of the `quantity` bought, `accepted` are promised, of those
//! `passed` went through the check and `short` will never come; `refunded` are settled with the
//! shopper. At the end every piece has either passed or been refunded.

mod decide;
mod evolve;
mod pickup;
#[cfg(test)]
mod tests;

pub use decide::decide;
pub use evolve::evolve;
pub use pickup::{Errand, Pickup};

use super::{Actor, ListingCommand, Quote, listing::Reason};
use crate::types::{Kes, PartyId, SpokenCode, Timestamp, Usd};
use serde::{Deserialize, Serialize};

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
    /// Every piece she took has passed, or will never come; hers is done.
    Released,
    /// Nothing was made: the shopper got everything back, or will.
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
            Self::Released => "released",
            Self::Refunded => "refunded",
        }
    }

    /// True while the artisan still has something to do or to answer, or the shopper to pay.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Expired | Self::Released | Self::Refunded)
    }
}

/// What was agreed when the order was placed; never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The order's six digits.
    pub code: SpokenCode,
    /// The listing.
    pub listing: SpokenCode,
    /// How many pieces, at which prices and rate.
    pub quote: Quote,
    /// ISO 3166 letters of where it goes.
    pub country: String,
    /// The private link's token.
    pub token: String,
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
    /// Why.
    pub why: RefundWhy,
    /// When the card processor confirmed it.
    pub done: Option<Timestamp>,
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
    /// Pieces she promised.
    pub accepted: u32,
    /// Pieces that passed the check.
    pub passed: u32,
    /// Pieces she promised that will never come.
    pub short: u32,
    /// The parcel that was received last, and how it was judged.
    pub check: Option<Check>,
    /// Every hand-over.
    pub custody: Vec<HandOver>,
    /// The ride of the parcel that is ready, while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Pickup>,
    /// Every refund.
    pub refunds: Vec<Refund>,
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
    /// Some failed and are being mended.
    Rework,
    /// Some will never come.
    Short,
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
            Self::Rework => "rework",
            Self::Short => "short",
            Self::Refunded => "refunded",
        }
    }
}

/// What can be asked of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderCommand {
    /// A shopper begins to pay; the listing has reserved the pieces.
    Place(Terms),
    /// The card processor took the money.
    Pay {
        /// The processor's id of the payment.
        payment: String,
        /// What was charged; must be the order's charge.
        charged: Usd,
    },
    /// The shopper did not pay: by the processor's word, or because the time is up.
    Expire {
        /// True when the processor says the payment page is closed, whatever the time.
        closed: bool,
    },
    /// Offer what nobody has taken yet.
    Offer {
        /// To whom.
        to: PartyId,
    },
    /// The artisan will make so many of the pieces offered.
    Accept {
        /// Who says so.
        by: PartyId,
        /// How many; all, or some.
        pieces: u32,
        /// Her mentor's share, when the mentorship is active today.
        mentoring: Option<Mentoring>,
    },
    /// The artisan will not.
    Refuse {
        /// Who says so.
        by: PartyId,
        /// Who is asked next; without anybody the shopper gets her money back.
        next: Option<PartyId>,
    },
    /// The offer's time is up.
    Lapse {
        /// Who is asked next; without anybody the shopper gets her money back.
        next: Option<PartyId>,
    },
    /// The pieces are finished.
    MarkReady {
        /// Who says so.
        by: PartyId,
    },
    /// Ask a rider to fetch what is ready.
    SendFor {
        /// Whom.
        to: PartyId,
        /// The number that the maker will say.
        number: SpokenCode,
    },
    /// The rider goes for it.
    GoFor {
        /// Who says so.
        by: PartyId,
    },
    /// The rider has the parcel, and proves it by the maker's number.
    PickUp {
        /// Who says so.
        by: PartyId,
        /// The number he was told.
        number: SpokenCode,
    },
    /// The rider cannot go.
    HandBack {
        /// Who says so.
        by: PartyId,
        /// Who is asked next, if there is anybody.
        next: Option<PartyId>,
    },
    /// Nobody went in time.
    NextRider {
        /// Who is asked next, if there is anybody.
        next: Option<PartyId>,
    },
    /// A kiosk has the parcel: all pieces that are still to pass.
    Receive {
        /// The agent.
        by: Actor,
    },
    /// An agent judges pieces. Zero means "not said": `PASS 12` says only how many passed.
    Judge {
        /// The agent.
        by: Actor,
        /// How many passed, of this parcel.
        passed: u32,
        /// How many failed, of this parcel.
        failed: u32,
        /// Why they failed; needed when some did.
        reason: Option<Reason>,
    },
    /// The pieces that have not passed will never come.
    GiveUp {
        /// Who says so: the maker, or an agent on her behalf.
        by: Actor,
    },
    /// The shopper changes her mind; only before anybody has taken it.
    Cancel,
    /// The card processor confirmed a refund.
    ConfirmRefund {
        /// Which.
        round: u32,
    },
}

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEvent {
    /// A shopper began to pay.
    Placed(Terms),
    /// The money was taken.
    Paid {
        /// The processor's id of the payment.
        payment: String,
        /// What was charged.
        charged: Usd,
    },
    /// The shopper did not pay.
    Expired,
    /// It was offered.
    Offered(Offer),
    /// An artisan took pieces.
    Accepted {
        /// Who.
        by: PartyId,
        /// How many.
        pieces: u32,
        /// The day they are wanted.
        due: Timestamp,
        /// Her mentor's share, when there is one.
        mentoring: Option<Mentoring>,
    },
    /// An artisan said no.
    Refused {
        /// Who.
        by: PartyId,
    },
    /// No answer came.
    Lapsed {
        /// From whom; it does not count against her.
        by: PartyId,
    },
    /// The pieces are finished.
    MarkedReady {
        /// Who said so.
        by: PartyId,
    },
    /// A rider was asked to fetch the parcel.
    RiderAsked(Errand),
    /// He goes for it.
    RiderGoes {
        /// Who.
        by: PartyId,
    },
    /// He cannot, or was passed over and says so.
    RiderLeft {
        /// Who.
        by: PartyId,
    },
    /// No rider is left to be asked.
    NoRider,
    /// A rider gave a number that is not the maker's.
    NumberMissed {
        /// Who.
        by: PartyId,
        /// Tries left.
        left: u8,
    },
    /// A rider has the parcel.
    PickedUp(HandOver),
    /// A kiosk has the parcel.
    Received(HandOver),
    /// Pieces passed the check: their money is released.
    Passed {
        /// Who judged.
        by: PartyId,
        /// How many.
        pieces: u32,
        /// Of which parcel: 1, 2, ...
        round: u32,
    },
    /// Pieces failed the check.
    Failed {
        /// Who judged.
        by: PartyId,
        /// How many.
        pieces: u32,
        /// Why.
        reason: Reason,
        /// Of which parcel: 1, 2, ...
        round: u32,
    },
    /// Every piece of the parcel was judged and some failed: she mends them.
    SentBack {
        /// How many.
        pieces: u32,
        /// The day they are wanted again.
        due: Timestamp,
    },
    /// Pieces will never come.
    Shorted {
        /// How many.
        pieces: u32,
    },
    /// All she took has passed or will never come.
    Completed,
    /// Money has to go back to the card.
    RefundDue(Refund),
    /// The card processor confirmed it.
    RefundDone {
        /// Which.
        round: u32,
    },
}

impl Order {
    /// How many pieces were bought.
    pub const fn quantity(&self) -> u32 {
        self.terms.quote.pieces
    }

    /// True from her yes until anything follows from it.
    pub fn is_first_making(&self) -> bool {
        self.stage == OrderStage::Making && self.check.is_none()
    }

    /// Pieces whose money goes, or went, back to the shopper.
    pub fn refunded(&self) -> u32 {
        self.refunds.iter().map(|refund| refund.pieces).sum()
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

    /// What her part of the order brings her in all.
    pub fn earns(&self) -> Kes {
        let pieces = match self.offer {
            Some(offer) if self.maker.is_none() => offer.pieces,
            _ => self.accepted.saturating_sub(self.short),
        };
        self.terms.quote.maker_gets(pieces)
    }

    /// What counts as *in orders* for its maker: her price over pieces she promised that have not
    /// passed the check.
    pub fn held(&self) -> Kes {
        self.terms.quote.maker_gets(self.outstanding())
    }

    /// What an event about to happen to this order means for its listing's stock. Pieces stay
    /// reserved until the first artisan answers; after that they are not hers to sell, whatever
    /// she said.
    pub fn stock(&self, event: &OrderEvent) -> Option<ListingCommand> {
        let pieces = self.quantity();
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
}

/// What an artisan sees as *in orders*: the sum over her orders.
pub fn held<'a>(orders: impl IntoIterator<Item = &'a Order>, maker: PartyId) -> Kes {
    let cents = orders
        .into_iter()
        .filter(|order| order.maker == Some(maker))
        .fold(0i64, |sum, order| sum.saturating_add(order.held().cents()));
    Kes::minor(cents)
}
