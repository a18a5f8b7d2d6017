//! What can be asked of an order.

use super::{LateWhy, Mentoring, Terms};
use crate::market::{Actor, kiosk::BoxSize, listing::Reason};
use crate::types::{Kes, PartyId, SpokenCode, Usd};
use serde::{Deserialize, Serialize};

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
        /// Who says so: the maker, or an agent on her behalf; nobody is the desk.
        by: Option<Actor>,
    },
    /// What passed is packed into a box of ours.
    UseBox {
        /// The agent.
        by: Actor,
        /// Which box.
        size: BoxSize,
    },
    /// She needs more days.
    Postpone {
        /// Who says so.
        by: PartyId,
        /// How many more than she has.
        days: u32,
        /// Why.
        why: LateWhy,
    },
    /// The day has passed, and the days of grace with it.
    RunOut,
    /// The shopper says what becomes of pieces that will never come.
    Choose {
        /// Which question.
        round: u32,
        /// Made again, or their money back; nothing when the time for an answer is up.
        again: Option<bool>,
    },
    /// The shopper changes her mind; only before anything is ready.
    Cancel,
    /// An agent has packed what passed and handed it to a carrier.
    Send {
        /// Who.
        by: Actor,
        /// What the parcel weighs.
        grams: u32,
        /// Class of the Harmonized System of its pieces.
        hs: String,
    },
    /// The carrier's number of the parcel.
    Track {
        /// The agent who handed it over, or nobody: the desk.
        by: Option<Actor>,
        /// The number.
        number: String,
    },
    /// The shopper has it.
    Deliver,
    /// Nothing is left to do.
    Close,
    /// The carrier was paid for it.
    PayCarrier {
        /// How much.
        cost: Kes,
    },
    /// The shopper writes to the maker.
    Thank {
        /// Her words.
        text: String,
    },
    /// The desk gives money back for pieces that had passed.
    Complain {
        /// The desk's own reference.
        paper: String,
        /// Why, in words.
        reason: String,
        /// For how many pieces.
        pieces: u32,
        /// Two people have decided it, so that no limit holds.
        two: bool,
    },
    /// The pieces of such a refund came to the depot.
    TakeBack {
        /// Its reference.
        paper: String,
    },
    /// Somebody at the desk has read them.
    ReadThanks {
        /// They may go to the maker.
        pass: bool,
    },
    /// The shopper's bank asks about the payment, or has an answer.
    Hold {
        /// It asks.
        on: bool,
    },
    /// The shopper's bank keeps the whole payment.
    BankTook,
    /// The card processor confirmed a refund.
    ConfirmRefund {
        /// Which.
        round: u32,
    },
}
