//! What happens to an order.

use super::{
    Cancellation, Choice, Complaint, Errand, HandOver, LateWhy, Mentoring, Offer, Parcel, Refund, Terms,
};
use crate::market::{kiosk::BoxSize, listing::Reason};
use crate::types::{Kes, PartyId, Timestamp, Usd};
use serde::{Deserialize, Serialize};

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
        /// After this the next one is asked; until now nobody was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
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
    /// What passed was packed into a box of ours.
    BoxUsed {
        /// Who packed.
        by: PartyId,
        /// Of which parcel: 1, 2, ...
        round: u32,
        /// Which box.
        size: BoxSize,
    },
    /// Every piece of the parcel was judged and some failed: she mends them.
    SentBack {
        /// How many.
        pieces: u32,
        /// The day they are wanted again.
        due: Timestamp,
    },
    /// She needs more time.
    Postponed {
        /// Who.
        by: PartyId,
        /// The new day.
        due: Timestamp,
        /// How many days she asked for.
        days: u32,
        /// Why.
        why: LateWhy,
    },
    /// Pieces will never come.
    Shorted {
        /// How many.
        pieces: u32,
    },
    /// The shopper is asked what becomes of them.
    ChoiceAsked(Choice),
    /// She answered, or the time for it is up.
    Chosen {
        /// They are to be made again.
        again: bool,
    },
    /// They were brought to a kiosk before anybody had chosen: the question is none any more.
    BroughtAfterAll {
        /// How many.
        pieces: u32,
    },
    /// The shopper changed her mind when somebody had begun.
    Cancelled(Cancellation),
    /// What passed was packed.
    Packed(Parcel),
    /// A carrier has it.
    Shipped,
    /// The carrier's number is known.
    Tracked {
        /// The number.
        number: String,
    },
    /// The shopper has it.
    Delivered,
    /// Nothing is left to do.
    Closed,
    /// The carrier was paid.
    CarrierPaid {
        /// How much.
        cost: Kes,
    },
    /// The shopper wrote to the maker.
    Thanked {
        /// Her words, on one line.
        text: String,
    },
    /// Money goes back for pieces that had passed.
    Complained(Complaint),
    /// Those pieces came to the depot.
    Returned {
        /// The reference of the refund.
        paper: String,
    },
    /// Somebody at the desk has read them.
    ThanksRead {
        /// They went on to the maker.
        passed: bool,
    },
    /// All she took has passed or will never come.
    Completed,
    /// The shopper's bank asks about the payment: everything stays where it is.
    Held,
    /// It lets the payment be.
    Freed,
    /// It keeps all of it: what had not passed is over, and settled by this.
    BankTook(Refund),
    /// Money has to go back to the card.
    RefundDue(Refund),
    /// The card processor confirmed it.
    RefundDone {
        /// Which.
        round: u32,
    },
}
