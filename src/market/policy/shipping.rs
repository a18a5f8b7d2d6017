//! Where we ship to: what it costs by weight, and what the customs are told.

use super::{Policy, PolicyFault};
use crate::types::Usd;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The heaviest parcel that anybody can be thought to have weighed, in grams.
pub const HEAVIEST_GRAMS: u32 = 30_000;

/// What shipping to a country costs the shopper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShippingRate {
    /// ISO 3166 letters, such as `DE`.
    pub country: String,
    /// English name.
    pub name: String,
    /// By weight, in rising order. What is heavier than the last goes in several parcels.
    pub classes: Vec<WeightClass>,
}

/// What a parcel of some weight costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightClass {
    /// Up to so many grams, inclusive.
    pub up_to_grams: u32,
    /// In United States cents.
    pub us_cents: u32,
}

/// What pieces weigh before anybody has weighed them, and what the customs call them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParcelPolicy {
    /// A box and what fills it.
    pub packing_grams: u32,
    /// A piece of a kind that is not listed.
    pub piece_grams: u32,
    /// A piece, by the word of its kind.
    pub grams: BTreeMap<String, u32>,
    /// Classes of the Harmonized System; the first that fits a piece is its own.
    pub customs: Vec<Tariff>,
}

/// A class of the Harmonized System, for the customs line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// Only pieces of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only pieces of this material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuff: Option<String>,
    /// The class, such as `7117.19`.
    pub hs: String,
}

/// The table of this release: each country with what the first class costs and what a kilogram more.
pub(super) fn rates() -> Vec<ShippingRate> {
    let country = |country: &str, name: &str, first: u32, step: u32| ShippingRate {
        country: country.into(),
        name: name.into(),
        classes: [(250, 0), (500, 1), (1_000, 3), (2_000, 6), (5_000, 14), (10_000, 26)]
            .map(|(up_to_grams, steps)| WeightClass { up_to_grams, us_cents: first + steps * step })
            .to_vec(),
    };
    vec![
        country("KE", "Kenya", 300, 50),
        country("AU", "Australia", 1_900, 300),
        country("CA", "Canada", 1_700, 250),
        country("FR", "France", 1_500, 200),
        country("DE", "Germany", 1_500, 200),
        country("NL", "Netherlands", 1_500, 200),
        country("GB", "United Kingdom", 1_400, 200),
        country("US", "United States", 1_600, 250),
    ]
}

impl Default for ParcelPolicy {
    fn default() -> Self {
        let grams = [("necklace", 110), ("bracelet", 70), ("earrings", 30), ("ring", 20)];
        let class = |kind: Option<&str>, stuff: Option<&str>, hs: &str| Tariff {
            kind: kind.map(str::to_owned),
            stuff: stuff.map(str::to_owned),
            hs: hs.to_owned(),
        };
        Self {
            packing_grams: 80,
            piece_grams: 250,
            grams: grams.map(|(kind, grams)| (kind.to_owned(), grams)).into(),
            customs: vec![
                class(Some("other"), Some("brass"), "8306.29"),
                class(Some("other"), Some("beads"), "7018.90"),
                class(Some("other"), Some("bone"), "9601.90"),
                class(Some("other"), Some("wood"), "4420.90"),
                class(None, Some("brass"), "7117.19"),
                class(None, None, "7117.90"),
            ],
        }
    }
}

impl Policy {
    pub(super) fn check_shipping(&self) -> Result<(), PolicyFault> {
        let fault = |key, why: &str| Err(PolicyFault { key, why: why.to_owned() });
        let mut seen = BTreeSet::new();
        for rate in &self.shipping {
            let letters = rate.country.len() == 2 && rate.country.bytes().all(|b| b.is_ascii_uppercase());
            if !letters || !seen.insert(&rate.country) {
                return fault("shipping", "each country once, by two capital letters (ISO 3166)");
            }
            let rising = rate.classes.windows(2).all(|pair| pair[0].up_to_grams < pair[1].up_to_grams);
            if rate.classes.first().is_none_or(|class| class.up_to_grams == 0) || !rising {
                return fault("shipping", "classes of weight in rising order, at least one, above 0 grams");
            }
        }
        let class = |hs: &str| {
            hs.bytes().filter(u8::is_ascii_digit).count() >= 6
                && hs.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.')
        };
        if !self.parcel.customs.iter().all(|tariff| class(&tariff.hs)) {
            return fault("parcel.customs", "each class of six digits or more, such as 7117.19");
        }
        if self.parcel.customs.last().is_none_or(|last| last.kind.is_some() || last.stuff.is_some()) {
            return fault("parcel.customs", "the last class must fit every piece: without kind and stuff");
        }
        Ok(())
    }

    /// Whether we ship there.
    pub fn ships_to(&self, country: &str) -> bool {
        self.shipping.iter().any(|rate| rate.country == country)
    }

    /// What a parcel of so many pieces of a kind is thought to weigh, in grams.
    pub fn parcel_grams(&self, kind: &str, pieces: u32) -> u32 {
        let each = self.parcel.grams.get(kind).copied().unwrap_or(self.parcel.piece_grams);
        each.saturating_mul(pieces).saturating_add(self.parcel.packing_grams)
    }

    /// What shipping so many pieces of a kind to a country costs; `None` where we do not ship.
    pub fn shipping(&self, country: &str, kind: &str, pieces: u32) -> Option<Usd> {
        let rate = self.shipping.iter().find(|rate| rate.country == country)?;
        let grams = self.parcel_grams(kind, pieces);
        let last = rate.classes.last()?;
        // Whole parcels of the heaviest class, and one more for the rest.
        let full = grams.saturating_sub(1) / last.up_to_grams.max(1);
        let rest = grams.saturating_sub(full.saturating_mul(last.up_to_grams));
        let class = rate.classes.iter().find(|class| rest <= class.up_to_grams).unwrap_or(last);
        Some(Usd::minor(i64::from(full) * i64::from(last.us_cents) + i64::from(class.us_cents)))
    }

    /// The class of the Harmonized System of a piece.
    pub fn customs_class(&self, kind: &str, stuff: &str) -> &str {
        let is = |wanted: &Option<String>, word: &str| wanted.as_deref().is_none_or(|wanted| wanted == word);
        let fits = |tariff: &&Tariff| is(&tariff.kind, kind) && is(&tariff.stuff, stuff);
        self.parcel.customs.iter().find(fits).map_or("7117.90", |tariff| &tariff.hs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shipping_grows_by_weight_and_ends_at_the_table() {
        let policy = Policy::default();
        // 110 grams each and 80 for the box.
        for (pieces, cents) in [(1, 1_500), (3, 1_700), (4, 2_100), (9, 2_700), (91, 6_700 + 1_500)] {
            assert_eq!(policy.shipping("DE", "necklace", pieces), Some(Usd::minor(cents)), "{pieces}");
        }
        assert_eq!(policy.shipping("DE", "statue", 1), Some(Usd::minor(1_700)), "250 grams and the box");
        assert_eq!(policy.shipping("XX", "necklace", 1), None);
    }

    #[test]
    fn customs_are_told_the_first_class_that_fits() {
        let policy = Policy::default();
        for (kind, stuff, hs) in [
            ("necklace", "brass", "7117.19"),
            ("necklace", "beads", "7117.90"),
            ("other", "wood", "4420.90"),
            ("other", "mixed", "7117.90"),
        ] {
            assert_eq!(policy.customs_class(kind, stuff), hs, "{kind} of {stuff}");
        }
        let mut open = policy.clone();
        open.parcel.customs.pop();
        assert_eq!(open.check().map_err(|fault| fault.key), Err("parcel.customs"));
    }

    #[test]
    fn classes_that_do_not_rise_are_refused() {
        let mut policy = Policy::default();
        policy.shipping[0].classes.reverse();
        assert_eq!(policy.check().map_err(|fault| fault.key), Err("shipping"));
        policy.shipping[0].classes.clear();
        assert_eq!(policy.check().map_err(|fault| fault.key), Err("shipping"));
    }

    proptest! {
        #[test]
        fn more_pieces_never_cost_less(pieces in 1u32..400) {
            let policy = Policy::default();
            prop_assert!(policy.shipping("US", "other", pieces) <= policy.shipping("US", "other", pieces + 1));
        }
    }
}
