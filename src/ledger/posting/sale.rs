//! Who gets what of a sale. Tax is no part of one: it was never in the sale's value.

use crate::types::{Kes, PartyId};
use serde::{Deserialize, Serialize};

/// A mentor who has a share in a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MentorShare {
    /// Who.
    pub mentor: PartyId,
    /// The share of the sale value, in ten-thousandths.
    pub share_bp: u32,
}

/// A loan that takes its part of what the artisan earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanCut {
    /// The part of the artisan's credit, in ten-thousandths.
    pub share_bp: u32,
    /// What is still owed; never more than this is taken.
    pub left: Kes,
}

/// A sale of some pieces, as far as the books need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// What the shopper paid for the pieces, in shillings at the order's locked rate.
    pub value: Kes,
    /// The artisan's price times the pieces.
    pub maker_gets: Kes,
    /// A mentor, when the mentorship was active on the day the order was accepted.
    pub mentor: Option<MentorShare>,
}

/// Who gets what of a sale. The parts add up to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The artisan, before a loan takes its cut (which is hers too: it pays her debt).
    pub maker: Kes,
    /// The mentor.
    pub mentor: Kes,
    /// The house: what is left, out of which everything else is paid.
    pub margin: Kes,
}

/// Who gets what of a sale: the sums that its release will post.
pub fn split(sale: &Sale) -> Parts {
    let mentor = sale.mentor.map_or(Kes::ZERO, |m| sale.value.share(m.share_bp));
    let margin = sale.value.cents() - sale.maker_gets.cents() - mentor.cents();
    Parts { maker: sale.maker_gets, mentor, margin: Kes::minor(margin) }
}
