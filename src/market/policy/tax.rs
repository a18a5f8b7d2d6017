//! What is collected for tax authorities, by where a parcel goes.

use super::{Policy, PolicyFault, WHOLE_BP};
use crate::types::Usd;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The longest number that an authority knows us by.
const LONGEST_NUMBER: usize = 30;

/// What is added to purchases that go to some countries. To a country that no row names nothing is: what
/// its customs ask for at the door is between them and the shopper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// ISO 3166 letters of each.
    pub countries: Vec<String>,
    /// In ten-thousandths of the price.
    pub rate_bp: u32,
    /// Whether shipping is taxed too.
    #[serde(default = "yes")]
    pub shipping: bool,
    /// Only where the goods of a parcel cost at most so many United States cents; what costs more is taxed by
    /// the customs. Without it, whatever they cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_us_cents: Option<u32>,
    /// The number that the authority knows us by, for the parcel: its customs see that the tax is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

const fn yes() -> bool {
    true
}

impl TaxRate {
    /// Whether a parcel with goods for so much is taxed here.
    pub fn is_due(&self, goods: Usd) -> bool {
        self.up_to_us_cents.is_none_or(|most| goods.cents() <= i64::from(most))
    }
}

impl Policy {
    pub(super) fn check_tax(&self) -> Result<(), PolicyFault> {
        let fault = |why: &str| Err(PolicyFault { key: "tax", why: why.to_owned() });
        let mut seen = BTreeSet::new();
        for rate in &self.tax {
            let letters =
                |country: &String| country.len() == 2 && country.bytes().all(|o| o.is_ascii_uppercase());
            let mut countries = rate.countries.iter();
            if rate.countries.is_empty() || !countries.all(|country| letters(country) && seen.insert(country))
            {
                return fault("each country in one row, by two capital letters (ISO 3166)");
            }
            if !(1..=WHOLE_BP).contains(&rate.rate_bp) {
                return fault(
                    "rate_bp from 1 to 10000: 1900 is 19 %; leave a country out where none is collected",
                );
            }
            let plain = |number: &String| {
                (1..=LONGEST_NUMBER).contains(&number.len())
                    && number.bytes().all(|octet| octet.is_ascii_graphic())
            };
            if !rate.number.as_ref().is_none_or(plain) {
                return fault("number: letters and digits without blanks, at most 30");
            }
        }
        Ok(())
    }

    /// The row of a country.
    pub fn tax_rate(&self, country: &str) -> Option<&TaxRate> {
        self.tax.iter().find(|rate| rate.countries.iter().any(|one| one == country))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(countries: &[&str], rate_bp: u32) -> TaxRate {
        let countries = countries.iter().map(|&country| country.to_owned()).collect();
        TaxRate { countries, rate_bp, shipping: true, up_to_us_cents: None, number: None }
    }

    #[test]
    fn a_table_that_contradicts_itself_is_refused() {
        let policy = |tax| Policy { tax, ..Policy::default() };
        let good = policy(vec![rate(&["DE"], 1_900), rate(&["FR", "GB"], 2_000)]);
        assert_eq!(good.check(), Ok(()));
        assert_eq!(good.tax_rate("GB").map(|rate| rate.rate_bp), Some(2_000));
        assert_eq!(good.tax_rate("US"), None);
        let blank = TaxRate { number: Some("IM 276".to_owned()), ..rate(&["DE"], 1_900) };
        for bad in [
            vec![rate(&[], 1_900)],
            vec![rate(&["de"], 1_900)],
            vec![rate(&["DE", "DE"], 1_900)],
            vec![rate(&["DE"], 1_900), rate(&["FR", "DE"], 2_000)],
            vec![rate(&["DE"], 0)],
            vec![rate(&["DE"], 10_001)],
            vec![blank],
        ] {
            assert_eq!(policy(bad.clone()).check().map_err(|fault| fault.key), Err("tax"), "{bad:?}");
        }
    }

    #[test]
    fn dearer_parcels_are_left_to_the_customs() {
        let small = TaxRate { up_to_us_cents: Some(15_000), ..rate(&["DE"], 1_900) };
        assert!(small.is_due(Usd::minor(15_000)) && !small.is_due(Usd::minor(15_001)));
        assert!(rate(&["DE"], 1_900).is_due(Usd::minor(i64::MAX)));
    }
}
