//! Who is asked for pieces that have no maker yet, in which order, and for how many.

use crate::market::Policy;
use crate::market::policy::WHOLE_BP;
use crate::types::{Kes, PartyId};
use std::cmp::Reverse;

/// Somebody who makes pieces of the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maker {
    /// Who.
    pub id: PartyId,
    /// Whether the listing is hers.
    pub own: bool,
    /// Whether hers are made of the same, too.
    pub same_stuff: bool,
    /// What she asks for one such piece; the least, where she lists several.
    pub price: Kes,
    /// Pieces of hers that passed a check, of any kind.
    pub passed: u32,
    /// Pieces of hers that failed one.
    pub failed: u32,
    /// How many more she can have in hand.
    pub room: u32,
}

impl Maker {
    /// The share of her pieces that passes, as far as it is known: between those of whom much is
    /// known, good or bad, stands who has just begun.
    fn promise_bp(&self) -> u64 {
        let (passed, failed) = (u64::from(self.passed), u64::from(self.failed));
        (passed + 1) * u64::from(WHOLE_BP) / (passed + failed + 2)
    }

    fn is_good(&self, policy: &Policy) -> bool {
        let (passed, judged) = (u64::from(self.passed), u64::from(self.passed) + u64::from(self.failed));
        judged < u64::from(policy.bulk.judged)
            || passed * u64::from(WHOLE_BP) >= judged * u64::from(policy.bulk.good_bp)
    }
}

/// Who may be asked for pieces that are paid with `price` each, best first: the artisan of the
/// listing, then those who work the same material, then the others; among them the best record.
/// Nobody is asked to make a piece for less than she asks for it herself.
pub fn onward(mut makers: Vec<Maker>, price: Kes, policy: &Policy) -> Vec<Maker> {
    makers.retain(|maker| maker.own || (maker.price <= price && maker.is_good(policy)));
    makers.retain(|maker| maker.room > 0);
    makers.sort_by_key(|maker| (!maker.own, !maker.same_stuff, Reverse(maker.promise_bp()), maker.id));
    makers
}

/// Pieces over makers in their order, to each as many as she has room for, at most `most`.
pub fn spread(pieces: u32, makers: &[Maker], most: u32) -> Vec<(PartyId, u32)> {
    let mut left = pieces;
    let mut shares = Vec::new();
    for maker in makers {
        let share = left.min(maker.room).min(most);
        if share > 0 {
            shares.push((maker.id, share));
            left -= share;
        }
    }
    shares
}
