//! The arithmetic of prices. Integer cents throughout; the direction of every rounding is fixed.
//!
//! * Retail: the artisan's price times the markup, rounded **up** to the next multiple of
//!   `round_retail_to_shillings`.
//! * Bulk: from `bulk.from` pieces on, `bulk.off_bp` comes off the retail price, before conversion.
//! * Shop price: retail divided by the rate, rounded **up** to the next dollar cent.
//! * Sale value: the shop price times the rate, in shilling cents; where the product has a
//!   fraction of a cent it is rounded half to even.
//! * Tax: on top of the shop price where the house collects it. Each piece is taxed by itself and its
//!   parcel by itself, each rounded to the nearest dollar cent, half a cent **up**; what some pieces
//!   are taxed with is so exactly what goes back with them.

use super::policy::{Policy, WHOLE_BP};
use crate::types::{Kes, Usd};
use serde::{Deserialize, Serialize};

/// Shillings for one dollar, with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(u32);

impl Rate {
    /// From hundredths of a shilling: 12950 is 129.50 shillings for a dollar.
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// In hundredths of a shilling.
    pub const fn hundredths(self) -> u32 {
        self.0
    }

    /// Dollar cents in shilling cents, a fraction rounded half to even. `None` past the range.
    pub fn to_kes(self, sum: Usd) -> Option<Kes> {
        let product = i128::from(sum.cents()) * i128::from(self.0);
        let (down, rest) = (product.div_euclid(100), product.rem_euclid(100));
        let up = rest > 50 || (rest == 50 && down.rem_euclid(2) == 1);
        i64::try_from(down + i128::from(up)).ok().map(Kes::minor)
    }

    /// Shilling cents in dollar cents, rounded up. `None` past the range, or at a rate of zero.
    pub fn to_usd_up(self, sum: Kes) -> Option<Usd> {
        let rate = i128::from(self.0);
        let scaled = i128::from(sum.cents()) * 100;
        let up = scaled.checked_div_euclid(rate)? + i128::from(scaled.checked_rem_euclid(rate)? > 0);
        i64::try_from(up).ok().map(Usd::minor)
    }
}

/// What some pieces of one listing cost whom. Locked in the order when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// How many pieces.
    pub pieces: u32,
    /// What the artisan receives for one.
    pub price_each: Kes,
    /// The retail price of one, a bulk discount taken off.
    pub retail_each: Kes,
    /// What the shopper pays for one.
    pub shop_each: Usd,
    /// The sale value of one: the shop price at the locked rate.
    pub sale_each: Kes,
    /// What the carrier is paid with.
    pub shipping: Usd,
    /// Shipping at the locked rate.
    pub shipping_value: Kes,
    /// The locked rate.
    pub rate: Rate,
    /// What is collected on top of it for a tax authority.
    #[serde(default, skip_serializing_if = "Tax::is_none")]
    pub tax: Tax,
}

/// What a tax authority gets of a purchase, on top of its price. Nobody has a share in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// In ten-thousandths of the price; zero where none is collected.
    pub rate_bp: u32,
    /// For one piece.
    pub each: Usd,
    /// The same at the locked rate.
    pub each_value: Kes,
    /// For what the carrier is paid with.
    pub shipping: Usd,
    /// The same at the locked rate.
    pub shipping_value: Kes,
}

impl Tax {
    /// Whether none is collected.
    pub const fn is_none(&self) -> bool {
        self.rate_bp == 0
    }

    /// For some of the pieces.
    pub fn goods(&self, pieces: u32) -> Usd {
        times(self.each, pieces)
    }

    /// The same at the locked rate.
    pub fn goods_value(&self, pieces: u32) -> Kes {
        times(self.each_value, pieces)
    }

    /// The same tax where nothing is paid for a carrier.
    #[must_use]
    pub const fn without_shipping(self) -> Self {
        Self { shipping: Usd::ZERO, shipping_value: Kes::ZERO, ..self }
    }
}

/// So many ten-thousandths of a sum, half a cent up. `None` past the range.
fn part_of(sum: Usd, bp: u32) -> Option<Usd> {
    let whole = i128::from(WHOLE_BP);
    let cents = (i128::from(sum.cents()) * i128::from(bp) + whole / 2).div_euclid(whole);
    i64::try_from(cents).ok().map(Usd::minor)
}

/// The retail price of one piece when so many are bought. `None` past the range of cents.
pub fn retail(policy: &Policy, price: Kes, pieces: u32) -> Option<Kes> {
    let step = i128::from(policy.round_retail_to_shillings.max(1)) * 100;
    let exact = i128::from(price.cents()) * i128::from(policy.markup_bp);
    // Up to a whole step in one division, so that no fraction of a cent is lost on the way.
    let unit = step * i128::from(WHOLE_BP);
    let steps = exact.div_euclid(unit) + i128::from(exact.rem_euclid(unit) > 0);
    let full = Kes::minor(i64::try_from(steps.checked_mul(step)?).ok()?);
    if pieces >= policy.bulk.from { full.checked_sub(full.share(policy.bulk.off_bp)) } else { Some(full) }
}

/// Prices of some pieces at today's rate; `None` past the range of cents.
pub fn quote(policy: &Policy, price: Kes, pieces: u32, shipping: Usd) -> Option<Quote> {
    let rate = policy.rate();
    let retail_each = retail(policy, price, pieces)?;
    let shop_each = rate.to_usd_up(retail_each)?;
    let quote = Quote {
        pieces,
        price_each: price,
        retail_each,
        shop_each,
        sale_each: rate.to_kes(shop_each)?,
        shipping,
        shipping_value: rate.to_kes(shipping)?,
        rate,
        tax: Tax::default(),
    };
    // Every sum that is asked for later is inside the range.
    quote.price_each.checked_mul(i64::from(pieces))?;
    let goods = quote.sale_each.checked_mul(i64::from(pieces))?;
    goods.checked_add(quote.shipping_value)?;
    rate.to_kes(shop_each.checked_mul(i64::from(pieces))?.checked_add(shipping)?)?;
    Some(quote)
}

/// What is collected on top of one piece in a parcel of its own; `None` where none is.
pub fn tax_of_one(policy: &Policy, country: &str, each: Usd, shipping: Usd) -> Option<(u32, Usd)> {
    let row = policy.tax_rate(country).filter(|row| row.is_due(each))?;
    let shipping = if row.shipping { part_of(shipping, row.rate_bp)? } else { Usd::ZERO };
    Some((row.rate_bp, part_of(each, row.rate_bp)?.checked_add(shipping)?))
}

/// The same with what is collected for the tax authority of where it goes; `None` past the range of cents.
pub fn taxed(policy: &Policy, quote: Quote, country: &str) -> Option<Quote> {
    let Some(row) = policy.tax_rate(country).filter(|row| row.is_due(quote.goods(quote.pieces))) else {
        return Some(quote);
    };
    let (rate, bp) = (quote.rate, row.rate_bp);
    let each = part_of(quote.shop_each, bp)?;
    let shipping = if row.shipping { part_of(quote.shipping, bp)? } else { Usd::ZERO };
    let (each_value, shipping_value) = (rate.to_kes(each)?, rate.to_kes(shipping)?);
    let quote = Quote { tax: Tax { rate_bp: bp, each, each_value, shipping, shipping_value }, ..quote };
    let all = each.checked_mul(i64::from(quote.pieces))?.checked_add(shipping)?;
    let bare = quote.goods(quote.pieces).checked_add(quote.shipping)?;
    rate.to_kes(bare.checked_add(all)?)?;
    each_value.checked_mul(i64::from(quote.pieces))?.checked_add(shipping_value)?;
    Some(quote)
}

fn times<C: crate::types::Currency>(sum: crate::types::Money<C>, pieces: u32) -> crate::types::Money<C> {
    crate::types::Money::minor(sum.cents().saturating_mul(i64::from(pieces)))
}

impl Quote {
    /// What the artisan receives for some of the pieces.
    pub fn maker_gets(&self, pieces: u32) -> Kes {
        times(self.price_each, pieces)
    }

    /// What the shopper pays for some of the pieces, without shipping.
    pub fn goods(&self, pieces: u32) -> Usd {
        times(self.shop_each, pieces)
    }

    /// The sale value of some of the pieces.
    pub fn value(&self, pieces: u32) -> Kes {
        times(self.sale_each, pieces)
    }

    /// What the card is charged: all pieces, shipping, and tax.
    pub fn charge(&self) -> Usd {
        let bare = self.goods(self.pieces).cents().saturating_add(self.shipping.cents());
        Usd::minor(bare.saturating_add(self.taxes().cents()))
    }

    /// What is collected of it for a tax authority.
    pub fn taxes(&self) -> Usd {
        Usd::minor(self.tax.goods(self.pieces).cents().saturating_add(self.tax.shipping.cents()))
    }

    /// The same at the locked rate.
    pub fn taxes_value(&self) -> Kes {
        let goods = self.tax.goods_value(self.pieces).cents();
        Kes::minor(goods.saturating_add(self.tax.shipping_value.cents()))
    }

    /// A dollar sum of this order at its locked rate.
    pub fn in_shillings(&self, sum: Usd) -> Kes {
        self.rate.to_kes(sum).unwrap_or(Kes::minor(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::TaxRate;
    use super::*;
    use proptest::prelude::*;

    fn policy() -> Policy {
        Policy { markup_bp: 16_000, round_retail_to_shillings: 50, ..Policy::default() }
    }

    fn taxing(rate_bp: u32, shipping: bool) -> Policy {
        let rate =
            TaxRate { countries: vec!["DE".into()], rate_bp, shipping, up_to_us_cents: None, number: None };
        Policy { tax: vec![rate], ..policy() }
    }

    #[test]
    fn a_fifth_on_a_necklace_and_its_parcel_is_2_16_and_3_dollars() {
        let policy = taxing(2_000, true);
        let quote = quote(&policy, Kes::major(850), 3, Usd::minor(1_500)).expect("in range");
        let taxed = taxed(&policy, quote, "DE").expect("in range");
        assert_eq!((taxed.tax.each, taxed.tax.shipping), (Usd::minor(216), Usd::minor(300))); // 216.4
        assert_eq!((taxed.taxes(), taxed.charge()), (Usd::minor(948), Usd::minor(3 * 1_082 + 1_500 + 948)));
        assert_eq!(
            tax_of_one(&policy, "DE", Usd::minor(1_082), Usd::minor(1_500)),
            Some((2_000, Usd::minor(516)))
        );
        assert_eq!(part_of(Usd::minor(5), 1_000), Some(Usd::minor(1)), "half a cent goes up");
    }

    #[test]
    fn a_necklace_for_850_costs_1400_shillings_and_10_82_dollars() {
        let quote = quote(&policy(), Kes::major(850), 1, Usd::ZERO).expect("in range");
        assert_eq!(quote.retail_each, Kes::major(1_400)); // 1,360 up to the next fifty
        assert_eq!(quote.shop_each, Usd::minor(1_082)); // 1,400 / 129.50 = 10.8108...
        assert_eq!(quote.sale_each, Kes::minor(140_119)); // 1,082 x 129.50
    }

    #[test]
    fn a_retail_price_on_the_step_stays_there() {
        let exact = Policy { markup_bp: 20_000, ..policy() };
        assert_eq!(retail(&exact, Kes::major(500), 1), Some(Kes::major(1_000)));
        assert_eq!(retail(&exact, Kes::minor(50_001), 1), Some(Kes::major(1_050)));
    }

    #[test]
    fn from_ten_pieces_a_tenth_comes_off_the_retail_price_and_nothing_off_the_artisans() {
        let nine = quote(&policy(), Kes::major(850), 9, Usd::ZERO).expect("in range");
        let ten = quote(&policy(), Kes::major(850), 10, Usd::ZERO).expect("in range");
        assert_eq!(nine.retail_each, Kes::major(1_400));
        assert_eq!(ten.retail_each, Kes::major(1_260));
        assert_eq!(ten.shop_each, Usd::minor(973)); // 1,260 / 129.50 = 9.7297...
        assert_eq!(ten.maker_gets(10), Kes::major(8_500));
    }

    #[test]
    fn half_a_cent_goes_to_the_even_neighbour() {
        let rate = Rate::from_hundredths(12_950);
        assert_eq!(rate.to_kes(Usd::minor(1)), Some(Kes::minor(130))); // 129.5
        assert_eq!(rate.to_kes(Usd::minor(3)), Some(Kes::minor(388))); // 388.5
        assert_eq!(Rate::from_hundredths(12_951).to_kes(Usd::minor(1)), Some(Kes::minor(130))); // 129.51
        assert_eq!(Rate::from_hundredths(12_949).to_kes(Usd::minor(1)), Some(Kes::minor(129))); // 129.49
    }

    #[test]
    fn what_leaves_the_range_is_no_price() {
        assert_eq!(quote(&policy(), Kes::minor(i64::MAX), 1, Usd::ZERO), None);
        assert_eq!(quote(&policy(), Kes::minor(i64::MAX / 4), u32::MAX, Usd::ZERO), None);
        assert_eq!(Rate::from_hundredths(0).to_usd_up(Kes::major(1)), None);
    }

    proptest! {
        #[test]
        fn retail_is_the_least_step_that_is_not_below_price_times_markup(
            cents in 0i64..10_000_000, markup_bp in 10_000u32..40_000, step in 1u32..200,
        ) {
            let policy = Policy { markup_bp, round_retail_to_shillings: step, ..Policy::default() };
            let retail = retail(&policy, Kes::minor(cents), 1).expect("in range");
            let (retail, step) = (i128::from(retail.cents()), i128::from(step) * 100);
            let exact = i128::from(cents) * i128::from(markup_bp);
            prop_assert_eq!(retail % step, 0);
            prop_assert!(retail * 10_000 >= exact);
            prop_assert!((retail - step) * 10_000 < exact);
        }

        #[test]
        fn the_shop_price_is_the_least_cent_that_brings_in_the_retail_price(
            cents in 1i64..100_000_000, hundredths in 1u32..50_000,
        ) {
            let shop = Rate::from_hundredths(hundredths).to_usd_up(Kes::minor(cents)).expect("in range");
            let bring = |us_cents: i64| i128::from(us_cents) * i128::from(hundredths);
            prop_assert!(bring(shop.cents()) >= i128::from(cents) * 100);
            prop_assert!(bring(shop.cents() - 1) < i128::from(cents) * 100);
        }

        #[test]
        fn tax_is_split_by_pieces_without_a_cent_lost(
            shillings in 50i64..20_000, pieces in 1u32..99, shipping in 0i64..10_000, rate_bp in 1u32..3_000,
            taken in 0u32..99, with_parcel: bool,
        ) {
            let policy = taxing(rate_bp, with_parcel);
            let shipping = Usd::minor(shipping);
            let bare = quote(&policy, Kes::major(shillings), pieces, shipping).expect("in range");
            let quote = taxed(&policy, bare, "DE").expect("in range");
            let (tax, some) = (quote.tax, taken.min(pieces));
            prop_assert_eq!(tax.goods(some).cents() + tax.goods(pieces - some).cents(), tax.goods(pieces).cents());
            prop_assert_eq!(quote.charge().cents(), bare.charge().cents() + quote.taxes().cents());
            prop_assert_eq!(Quote { tax: Tax::default(), ..quote }, bare, "nothing else is another sum");
            // Each piece, and the parcel, is within half a cent of its exact part.
            let exact = |sum: Usd| i128::from(sum.cents()) * i128::from(rate_bp);
            let off = i128::from(tax.each.cents()) * 10_000 - exact(quote.shop_each);
            prop_assert!((-4_999..=5_000).contains(&off), "{}", off);
            let off = i128::from(tax.shipping.cents()) * 10_000 - exact(shipping);
            let fits = if with_parcel { (-4_999..=5_000).contains(&off) } else { tax.shipping == Usd::ZERO };
            prop_assert!(fits, "{}", off);
            let other = taxed(&policy, bare, "US").expect("in range");
            prop_assert_eq!(other, bare, "nothing is collected where no row is");
        }

        #[test]
        fn the_sale_value_is_within_half_a_cent_of_the_exact_product(
            us_cents in 0i64..10_000_000, hundredths in 1u32..50_000,
        ) {
            let value = Rate::from_hundredths(hundredths).to_kes(Usd::minor(us_cents)).expect("in range");
            let exact = i128::from(us_cents) * i128::from(hundredths);
            let off = i128::from(value.cents()) * 100 - exact;
            prop_assert!(off.abs() <= 50);
            prop_assert!(off.abs() < 50 || value.cents() % 2 == 0);
            if exact % 100 == 0 {
                prop_assert_eq!(off, 0);
            }
        }

        #[test]
        fn every_sale_covers_the_artisans_price_and_the_mentors_share(
            shillings in 50i64..20_000, pieces in 1u32..99,
        ) {
            let policy = Policy::default();
            let quote = quote(&policy, Kes::major(shillings), pieces, Usd::ZERO).expect("in range");
            let mentor = quote.value(pieces).share(policy.mentor_share_bp);
            let rest = quote.value(pieces).cents() - quote.maker_gets(pieces).cents() - mentor.cents();
            prop_assert!(rest >= 0, "{rest}");
        }
    }
}
