//! What a purchase comes to, line by line, before anybody pays.

use crate::{engine::shopfront::TaxView, types::Usd};

/// The lines of a sum.
pub(super) struct Sums {
    pub(super) goods: Usd,
    pub(super) shipping: Usd,
    pub(super) tax: Option<TaxView>,
    pub(super) total: Usd,
}

impl Sums {
    pub(super) fn new(goods: Usd, shipping: Usd, tax: Option<TaxView>) -> Self {
        let taxes = tax.map_or(Usd::ZERO, |tax| tax.sum);
        Self { goods, shipping, tax, total: sum([goods, shipping, taxes]) }
    }
}

/// Sums of one purchase together.
pub(super) fn sum(sums: impl IntoIterator<Item = Usd>) -> Usd {
    Usd::minor(sums.into_iter().fold(0i64, |all, one| all.saturating_add(one.cents())))
}
