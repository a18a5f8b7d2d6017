//! What can be asked of a listing, and what happens to it.

use super::{Fault, Photo, Reason};
use crate::market::{Actor, Word};
use crate::types::{Kes, Lang, PartyId, PhotoName, SpokenCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// A liaison says something of it.
    Advise {
        /// Her first name.
        by: String,
        /// What she says.
        text: String,
    },
    /// Somebody took a photograph of one.
    AddPhoto {
        /// Who took it.
        by: Actor,
        /// She is the maker's mentor.
        guides: bool,
        /// The photograph, whose files are kept already.
        photo: Photo,
    },
    /// A photograph is not to be shown any more.
    RemovePhoto {
        /// Who says so.
        by: Actor,
        /// She is the maker's mentor.
        guides: bool,
        /// Which.
        name: PhotoName,
    },
    /// A photograph is to be shown before the others.
    LeadPhoto {
        /// Who says so.
        by: Actor,
        /// She is the maker's mentor.
        guides: bool,
        /// Which.
        name: PhotoName,
    },
    /// The desk looked at what is on sale, and it may stay.
    Look {
        /// Who looked, by name.
        by: String,
        /// The photographs that were before the eyes of whoever looked; none where that is not told.
        seen: Option<Vec<PhotoName>>,
    },
    /// The desk looked, and it may be sold.
    Pass {
        /// Who looked, by name.
        by: String,
        /// The photographs that were before the eyes of whoever looked; none where that is not told.
        seen: Option<Vec<PhotoName>>,
    },
    /// The desk looked, and it may not be sold as it is.
    SendBack {
        /// Who looked, by name.
        by: String,
        /// Why.
        why: Fault,
    },
    /// The desk writes what the shop says of it.
    Describe {
        /// Who writes, by name.
        by: String,
        /// In each language of the shop; none takes away what there is.
        words: BTreeMap<Lang, String>,
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
    /// A liaison said something of it.
    Advised {
        /// Her first name.
        by: String,
        /// What she said: a part that one SMS holds.
        text: String,
    },
    /// It was photographed.
    Photographed {
        /// By whom.
        by: PartyId,
        /// The photograph.
        photo: Photo,
    },
    /// A photograph was taken away.
    PhotoRemoved {
        /// Which.
        name: PhotoName,
    },
    /// A photograph stands before the others.
    PhotoLed {
        /// Which.
        name: PhotoName,
    },
    /// The desk looked at it.
    Looked {
        /// Who looked, by name.
        by: String,
    },
    /// The desk looked and it is on sale.
    Passed {
        /// Who looked, by name.
        by: String,
    },
    /// The desk looked and it is refused.
    SentBack {
        /// Who looked, by name.
        by: String,
        /// Why.
        why: Fault,
    },
    /// The shop says this of it.
    Described {
        /// Who wrote it, by name.
        by: String,
        /// In each language of the shop.
        words: BTreeMap<Lang, String>,
    },
}
