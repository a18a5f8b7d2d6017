//! Several providers, each for some numbers.

use crate::engine::port::{MoneyOut, NameNews, PayOut, PayoutNews, PayoutPolicy, UNNAMED};
use crate::engine::prompt::{PromptNews, Prompted};
use crate::types::Msisdn;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// A provider, and whom it pays.
pub struct Way {
    /// Its name in the configuration; kept with every payout.
    pub name: &'static str,
    /// Beginnings of numbers in international digits; none for every number that nobody else is for.
    pub numbers: Vec<String>,
    /// The adapter.
    pub provider: Arc<dyn MoneyOut>,
}

/// Chooses the provider of a number by its longest beginning. A payout goes by the one that was chosen
/// when it was asked for, however the configuration changes.
pub struct Routed(Vec<Way>);

/// Why providers cannot stand side by side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutedError {
    /// There is none.
    #[error("no provider: add [money.mpesa], [money.daraja], [money.mtn] or [money.airtel]")]
    Nobody,
    /// Two would pay the same numbers.
    #[error("{0} and {1} are both for {2}; give each beginning of numbers to one")]
    Both(&'static str, &'static str, String),
    /// Not the beginning of a number.
    #[error("{0}: {1:?} is no beginning of a number; write one as 25473")]
    Digits(&'static str, String),
}

impl Routed {
    /// These providers.
    ///
    /// # Errors
    /// There is none, or two are for the same numbers.
    pub fn new(ways: Vec<Way>) -> Result<Self, RoutedError> {
        let whom: Vec<_> = ways.iter().map(|way| (way.name, way.numbers.as_slice())).collect();
        check(&whom)?;
        Ok(Self(ways))
    }

    fn way_of(&self, to: Msisdn) -> Option<&Way> {
        let digits = to.to_string();
        let fit = |way: &&Way| longest(&way.numbers, &digits);
        self.0.iter().filter(|way| fit(way).is_some()).max_by_key(fit)
    }

    /// The provider of a payout; `None` when it is no longer in the configuration.
    fn named(&self, via: &str) -> Option<&Arc<dyn MoneyOut>> {
        let name = if via.is_empty() { UNNAMED } else { via };
        self.0.iter().find(|way| way.name == name).map(|way| &way.provider)
    }

    fn gone(via: &str) -> PayoutNews {
        tracing::error!(via, "ALARM: a payout went by a provider that is not in the configuration");
        PayoutNews::Unknown { why: format!("its provider {via:?} is not in the configuration") }
    }
}

/// How long the longest beginning is that fits: 0 where there are none.
fn longest(numbers: &[String], digits: &str) -> Option<usize> {
    if numbers.is_empty() {
        return Some(0);
    }
    numbers.iter().filter(|number| digits.starts_with(number.as_str())).map(String::len).max()
}

/// Whether these names with their beginnings of numbers can stand side by side.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(ways: &[(&'static str, &[String])]) -> Result<(), RoutedError> {
    if ways.is_empty() {
        return Err(RoutedError::Nobody);
    }
    for (at, (name, numbers)) in ways.iter().enumerate() {
        for number in *numbers {
            if !(1..=12).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(RoutedError::Digits(name, number.clone()));
            }
        }
        for (other, theirs) in &ways[..at] {
            if numbers.is_empty() && theirs.is_empty() {
                return Err(RoutedError::Both(other, name, "all numbers".to_owned()));
            }
            if let Some(number) = numbers.iter().find(|number| theirs.contains(number)) {
                return Err(RoutedError::Both(other, name, number.clone()));
            }
        }
    }
    Ok(())
}

impl MoneyOut for Routed {
    fn way(&self, to: Msisdn) -> String {
        self.way_of(to).map_or_else(String::new, |way| way.name.to_owned())
    }

    fn called(&self, via: &str) -> String {
        // Of one that is no longer in the configuration its key is all that is known.
        self.named(via).map_or_else(|| via.chars().take(8).collect(), |provider| provider.called(via))
    }

    fn terms(&self, via: &str) -> Option<PayoutPolicy> {
        self.named(via)?.terms(via)
    }

    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        match self.named(&payout.via) {
            Some(provider) => provider.pay(payout),
            None => Box::pin(async move { Self::gone(&payout.via) }),
        }
    }

    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        match self.named(&payout.via) {
            Some(provider) => provider.status(payout),
            None => Box::pin(async move { Self::gone(&payout.via) }),
        }
    }

    fn name_of(&self, phone: Msisdn) -> BoxFuture<'_, NameNews> {
        match self.way_of(phone) {
            Some(way) => way.provider.name_of(phone),
            None => Box::pin(async { NameNews::Untold }),
        }
    }

    fn keeps_ids(&self, via: &str) -> Duration {
        self.named(via).map_or(Duration::ZERO, |provider| provider.keeps_ids(via))
    }

    fn is_up(&self, to: Msisdn) -> bool {
        self.way_of(to).is_some_and(|way| way.provider.is_up(to))
    }

    fn prompts(&self, via: &str) -> bool {
        self.named(via).is_some_and(|provider| provider.prompts(via))
    }

    fn prompts_now(&self, via: &str) -> bool {
        self.named(via).is_some_and(|provider| provider.prompts_now(via))
    }

    fn takes_elsewhere(&self, via: &str) -> bool {
        self.named(via).is_some_and(|provider| provider.takes_elsewhere(via))
    }

    fn prompt(&self, ask: Prompted) -> BoxFuture<'_, PromptNews> {
        match self.named(&ask.via) {
            Some(provider) => provider.prompt(ask),
            None => Box::pin(async { PromptNews::Held { why: "its provider is gone".to_owned() } }),
        }
    }

    fn prompted(&self, ask: Prompted) -> BoxFuture<'_, PromptNews> {
        match self.named(&ask.via) {
            Some(provider) => provider.prompted(ask),
            None => Box::pin(async { PromptNews::Open { why: "its provider is gone".to_owned() } }),
        }
    }

    fn is_short(&self, via: &str) -> bool {
        self.named(via).is_some_and(|provider| provider.is_short(via))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PayoutId;

    /// Says its name wherever it is asked.
    struct Named(&'static str);

    impl MoneyOut for Named {
        fn pay(&self, _: PayOut) -> BoxFuture<'_, PayoutNews> {
            Box::pin(async { PayoutNews::Paid { reference: self.0.to_owned() } })
        }
        fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
            self.pay(payout)
        }
        fn is_up(&self, _: Msisdn) -> bool {
            self.0 != "airtel"
        }
    }

    fn routed() -> Routed {
        let way = |name, numbers: &[&str]| Way {
            name,
            numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
            provider: Arc::new(Named(name)),
        };
        let ways = vec![way("mpesa", &[]), way("airtel", &["25473", "2541"]), way("mtn", &["25411", "256"])];
        Routed::new(ways).expect("sound")
    }

    fn phone(digits: &str) -> Msisdn {
        Msisdn::from_e164(digits).expect("a number")
    }

    #[test]
    fn the_longest_beginning_of_a_number_decides() {
        for (digits, name) in [
            ("254712345678", "mpesa"),
            ("254733345678", "airtel"),
            ("254100345678", "airtel"),
            ("254112345678", "mtn"),
            ("256772345678", "mtn"),
        ] {
            assert_eq!(routed().way(phone(digits)), name, "{digits}");
        }
        assert!(routed().is_up(phone("254712345678")) && !routed().is_up(phone("254733345678")));
    }

    #[tokio::test]
    async fn a_payout_stays_with_the_provider_that_was_chosen_for_it() {
        let went = |via: &str| {
            let payout = PayOut {
                id: PayoutId::derived("a"),
                via: via.to_owned(),
                to: phone("254733345678"),
                shillings: 850,
                again: true,
            };
            async move { routed().status(payout).await }
        };
        for (via, by) in [("mtn", "mtn"), ("airtel", "airtel"), ("", "mpesa")] {
            assert_eq!(went(via).await, PayoutNews::Paid { reference: by.to_owned() }, "{via}");
        }
        assert!(matches!(went("daraja").await, PayoutNews::Unknown { .. }), "no other one is asked");
    }

    #[test]
    fn two_providers_for_the_same_numbers_are_told_apart_before_anything_is_sent() {
        let some = |numbers: &[&str]| numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let (none, one, two) = (some(&[]), some(&["2547"]), some(&["2541", "2547"]));
        assert_eq!(check(&[]), Err(RoutedError::Nobody));
        assert_eq!(check(&[("mpesa", &none), ("mtn", &one)]), Ok(()));
        assert!(matches!(check(&[("mpesa", &none), ("mtn", &none)]), Err(RoutedError::Both(..))));
        assert!(matches!(check(&[("mpesa", &one), ("mtn", &two)]), Err(RoutedError::Both(..))));
        assert!(matches!(check(&[("mpesa", &some(&["+254"]))]), Err(RoutedError::Digits(..))));
    }
}
