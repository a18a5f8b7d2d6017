//! Prices and fees by the rules of the money, in arithmetic of their own.

use crate::market::Policy;
use crate::market::policy::ShippingRate;
use std::collections::BTreeMap;

/// The house's numbers, as plain numbers.
#[derive(Debug, Clone)]
pub struct Numbers {
    markup_bp: i128,
    round_to_cents: i128,
    bulk_from: u32,
    bulk_off_bp: i128,
    /// Shillings for a dollar, in hundredths.
    rate: i128,
    card_share_bp: i128,
    card_fixed: i128,
    /// What a parcel costs in dollars, by country and the most it may weigh.
    shipping: BTreeMap<String, Vec<(u32, i64)>>,
    piece_grams: BTreeMap<String, u32>,
    other_grams: u32,
    packing_grams: u32,
    materials_bp: u32,
    payout_fees: Vec<(Option<i128>, i128)>,
    /// The least payout, in cents.
    pub payout_least: i64,
    /// The most, in cents.
    pub payout_most: i64,
    /// For a listing looked at, in cents.
    pub listing_fee: i64,
    /// For a parcel checked, in cents.
    pub check_fee: i64,
    /// For a box filled, in cents.
    pub box_fee: i64,
    /// For a cash number paid, in cents.
    pub cash_fee: i64,
    /// The most that a cash number is good for, in cents.
    pub cash_most: i64,
    /// For a month of stock and display, in cents.
    pub month_fee: i64,
    /// For a parcel brought, in cents.
    pub ride_fee: i64,
}

/// What some pieces cost whom, in cents of their currencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// The artisan's, for one, in shillings.
    pub maker: i64,
    /// The shopper's, for one, in dollars.
    pub shop: i64,
    /// The sale value of one, in shillings.
    pub value: i64,
    /// Shipping of all, in dollars.
    pub shipping: i64,
    /// The same in shillings.
    pub shipping_value: i64,
}

/// Up to a whole.
fn up(over: i128, under: i128) -> i128 {
    over / under + i128::from(over % under != 0)
}

/// To the nearest whole; a half to the even one.
fn even(over: i128, under: i128) -> i128 {
    let (whole, rest) = (over / under, over % under);
    match (rest * 2).cmp(&under) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Greater => whole + 1,
        std::cmp::Ordering::Equal => whole + whole % 2,
    }
}

fn cents(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// A part in ten-thousandths, a fraction of a cent dropped.
pub fn part(sum: i64, bp: u32) -> i64 {
    cents(i128::from(sum) * i128::from(bp) / 10_000)
}

impl Numbers {
    /// The numbers of a policy.
    pub fn new(policy: &Policy) -> Self {
        let shillings = |n: u32| i64::from(n) * 100;
        let classes = |rate: &ShippingRate| {
            rate.classes.iter().map(|class| (class.up_to_grams, class.us_cents.into())).collect()
        };
        let fees = policy.payout.fees.iter();
        Self {
            markup_bp: policy.markup_bp.into(),
            round_to_cents: i128::from(policy.round_retail_to_shillings) * 100,
            bulk_from: policy.bulk.from,
            bulk_off_bp: policy.bulk.off_bp.into(),
            rate: policy.shillings_per_dollar_hundredths.into(),
            card_share_bp: policy.card_fee.share_bp.into(),
            card_fixed: policy.card_fee.fixed_us_cents.into(),
            shipping: policy.shipping.iter().map(|rate| (rate.country.clone(), classes(rate))).collect(),
            piece_grams: policy.parcel.grams.clone(),
            other_grams: policy.parcel.piece_grams,
            packing_grams: policy.parcel.packing_grams,
            materials_bp: policy.order.materials_bp,
            payout_fees: fees
                .map(|step| (step.up_to_shillings.map(i128::from), i128::from(step.fee_shillings) * 100))
                .collect(),
            payout_least: shillings(policy.payout.min_shillings),
            payout_most: shillings(policy.payout.max_shillings),
            listing_fee: shillings(policy.agent.listing_validated_shillings),
            check_fee: shillings(policy.agent.parcel_checked_shillings),
            box_fee: shillings(policy.agent.box_used_shillings),
            cash_fee: shillings(policy.agent.cash_served_shillings),
            cash_most: shillings(policy.cash.max_shillings),
            month_fee: shillings(policy.agent.stock_month_shillings),
            ride_fee: shillings(policy.rider_fee_shillings),
        }
    }

    /// Dollar cents in shilling cents.
    pub fn in_shillings(&self, dollars: i64) -> i64 {
        cents(even(i128::from(dollars) * self.rate, 100))
    }

    /// What so many pieces of a listing at this price cost, sent to this country.
    pub fn price(&self, maker: i64, kind: &str, pieces: u32, country: &str) -> Price {
        let full = up(i128::from(maker) * self.markup_bp, 10_000 * self.round_to_cents) * self.round_to_cents;
        let off = if pieces >= self.bulk_from { full * self.bulk_off_bp / 10_000 } else { 0 };
        let shop = cents(up((full - off) * 100, self.rate));
        let shipping = self.shipping(kind, pieces, country);
        let value = self.in_shillings(shop);
        Price { maker, shop, value, shipping, shipping_value: self.in_shillings(shipping) }
    }

    /// What a parcel costs; one that is too heavy goes as several, all but the last as heavy as may be.
    fn shipping(&self, kind: &str, pieces: u32, country: &str) -> i64 {
        let each = *self.piece_grams.get(kind).unwrap_or(&self.other_grams);
        let mut grams = self.packing_grams + each * pieces;
        let Some(classes) = self.shipping.get(country) else { return 0 };
        let Some((heaviest, most)) = classes.last() else { return 0 };
        let mut sum = 0;
        while grams > *heaviest {
            (sum, grams) = (sum + most, grams - heaviest);
        }
        sum + classes.iter().find(|(up_to, _)| grams <= *up_to).map_or(0, |(_, cost)| *cost)
    }

    /// What she keeps for materials of so many pieces at her price, and the dollars that cover it.
    pub fn materials(&self, maker: i64, pieces: u32) -> (i64, i64) {
        let materials = part(maker * i64::from(pieces), self.materials_bp) / 100 * 100;
        (materials, cents(up(i128::from(materials) * 100, self.rate)))
    }

    /// What the card processor keeps of a charge, in shillings.
    pub fn card_fee(&self, charge: i64) -> i64 {
        let fee = up(i128::from(charge) * self.card_share_bp, 10_000) + self.card_fixed;
        self.in_shillings(cents(fee))
    }

    /// What the money provider charges for a payout.
    pub fn payout_fee(&self, amount: i64) -> i64 {
        let shillings = i128::from(amount) / 100;
        let step = self.payout_fees.iter().find(|(most, _)| most.is_none_or(|most| shillings <= most));
        step.map_or(0, |(_, fee)| cents(*fee))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_rules_comes_out() {
        let numbers = Numbers::new(&Policy::default());
        let price = numbers.price(85_000, "necklace", 1, "DE");
        // 850 x 1.6 is 1,360, up to 1,400; by 129.50 up to 10.82; 10.82 x 129.50 is 1,401.19.
        assert_eq!((price.shop, price.value, price.shipping), (1_082, 140_119, 1_500));
        assert_eq!(numbers.price(85_000, "necklace", 10, "DE").shop, 973, "1,260 by 129.50 is 9.7297");
        assert_eq!([numbers.payout_fee(10_000), numbers.payout_fee(10_100)], [0, 500]);
        assert_eq!([even(5, 10), even(15, 10), even(16, 10)], [0, 2, 2]);
    }
}
