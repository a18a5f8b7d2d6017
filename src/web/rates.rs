//! What a dollar is worth elsewhere, from the operator's file: for showing sums beside the dollars that are
//! charged. There is no floating point near it.

use crate::engine::shopfront::Shown;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// Hundredths of these do not exist, so sums in them cannot be written as we write sums.
const WHOLE: [&str; 12] =
    ["CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XOF"];
/// Digits behind the point of a rate.
const DIGITS: usize = 6;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The day the rates are of: `2026-11-20`.
    day: String,
    /// Units of each currency for one dollar, as text: `EUR = "0.9215"`.
    per_dollar: BTreeMap<String, String>,
}

/// What a dollar is worth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates(Vec<Shown>);

impl Rates {
    /// Reads the file.
    ///
    /// # Errors
    /// In words, with the file's name.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let File { day, per_dollar } = toml::from_str(text).map_err(|why| why.to_string())?;
        let dashes = day.bytes().filter(|octet| *octet == b'-').count();
        if day.len() != 10 || dashes != 2 || !day.bytes().all(|o| o.is_ascii_digit() || o == b'-') {
            return Err(format!("day = {day:?}: write it as 2026-11-20"));
        }
        let mut rates = Vec::new();
        for (currency, rate) in per_dollar {
            let letters = currency.len() == 3 && currency.bytes().all(|octet| octet.is_ascii_uppercase());
            // What makers receive is said in shillings, at the rate of the house.
            if !letters || WHOLE.contains(&currency.as_str()) || matches!(currency.as_str(), "USD" | "KES") {
                return Err(format!(
                    "{currency}: three capital letters of another currency, with hundredths"
                ));
            }
            let millionths = millionths(&rate).ok_or_else(|| {
                format!("{currency} = {rate:?}: write it as \"0.9215\", at most {DIGITS} digits")
            })?;
            rates.push(Shown { currency, millionths, day: day.clone() });
        }
        Ok(Self(rates))
    }

    /// The rate of a currency.
    pub(super) fn of(&self, currency: &str) -> Option<&Shown> {
        self.0.iter().find(|rate| rate.currency == currency)
    }

    /// The currencies that sums can be shown in beside dollars.
    pub(super) fn currencies(&self) -> Vec<String> {
        self.0.iter().map(|rate| rate.currency.clone()).collect()
    }
}

fn millionths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if part.len() > DIGITS || !digits(part) || !digits(whole) || whole.len() > DIGITS {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let part: u64 = format!("{part:0<DIGITS$}").parse().ok()?;
    Some(whole * 1_000_000 + part).filter(|rate| *rate > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly_and_faults_say_where_they_are() {
        let rates = Rates::parse("day = \"2026-11-20\"\n[per_dollar]\nEUR = \"0.9215\"\nGBP = \"129.5\"\n");
        let rates = rates.expect("sound");
        assert_eq!(rates.of("EUR").expect("a rate").millionths, 921_500);
        assert_eq!(rates.of("GBP").expect("a rate").millionths, 129_500_000);
        assert_eq!(rates.of("CHF"), None);
        for (bad, told) in [
            ("day = \"today\"\n[per_dollar]", "2026-11-20"),
            ("day = \"2026-11-20\"\n[per_dollar]\nEUR = \"0\"", "EUR"),
            ("day = \"2026-11-20\"\n[per_dollar]\nEUR = \"0,92\"", "EUR"),
            ("day = \"2026-11-20\"\n[per_dollar]\nJPY = \"150\"", "JPY"),
            ("day = \"2026-11-20\"\n[per_dollar]\nKES = \"129.5\"", "KES"),
            ("day = \"2026-11-20\"\n[per_dollar]\nEUR = 0.92", "EUR"),
        ] {
            let why = Rates::parse(bad).expect_err(bad);
            assert!(why.contains(told), "{why}");
        }
    }
}
