//! What the tables of all providers have in common, and whether one can live with it.

use super::rail::Timing;
use crate::engine::port::PayoutPolicy;
use crate::wire::address::networks;

/// The common part of one provider's table.
#[derive(Debug, Clone, Copy)]
pub struct Table<'t> {
    /// Its name: `[money.{name}]`.
    pub name: &'static str,
    /// Where the provider is.
    pub base_url: &'t str,
    /// Where the provider reaches us, where it is told so.
    pub callback_base: Option<&'t str>,
    /// Beginnings of the numbers that are paid by it.
    pub numbers: &'t [String],
    /// Networks that its callbacks come from.
    pub from: &'t [String],
    /// Limits and tariff of its own.
    pub payout: Option<&'t PayoutPolicy>,
    /// How long things may take.
    pub timing: Timing,
}

impl Table<'_> {
    /// Whether one can live with it.
    ///
    /// # Errors
    /// The first thing that is wrong, and the remedy.
    pub fn check(&self) -> Result<(), String> {
        address("base_url", self.base_url)?;
        if let Some(base) = self.callback_base {
            address("callback_base", base)?;
        }
        networks(self.from).map_err(|why| format!("from: {why}"))?;
        self.timing.check().map_err(|why| format!("timing: {why}"))
    }
}

/// Whether `url` can stand before a path.
fn address(key: &str, url: &str) -> Result<(), String> {
    let wrong =
        |what: &str| format!("{key} {url:?} {what}; write it as https://host.example, or with a port");
    let Ok(read) = url.parse::<axum::http::Uri>() else { return Err(wrong("is no address")) };
    match (read.scheme_str(), read.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => {}
        _ => return Err(wrong("is no address of the web")),
    }
    if url.ends_with('/') {
        return Err(wrong("ends in a slash"));
    }
    if read.query().is_some() || url.contains(['@', '#']) {
        return Err(wrong("holds more than a host and a path"));
    }
    Ok(())
}

/// The one currency in which money is sent; another only in a provider's sandbox, where none moves.
///
/// # Errors
/// The remedy.
pub(super) fn currency(given: &str, sandbox: bool, says_so: &str) -> Result<(), String> {
    if given == "KES" || sandbox {
        return Ok(());
    }
    Err(format!(
        "currency {given:?}: what is owed is owed in shillings, and {given} is not converted; write \"KES\", or {says_so} for the provider's sandbox"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_apart_from_what_cannot_stand_before_a_path() {
        for good in ["https://api.safaricom.co.ke", "http://127.0.0.1:9001", "https://shop.example/sokoni"] {
            assert_eq!(address("base_url", good), Ok(()), "{good}");
        }
        for bad in [
            "shop.example",
            "https://",
            "https://shop.example/",
            "ftp://x.example",
            "https://a@b.example",
            "https://a b",
        ] {
            let why = address("base_url", bad).expect_err(bad);
            assert!(why.contains("write it as https://host.example"), "{why}");
        }
    }

    #[test]
    fn another_currency_is_taken_in_a_sandbox_alone() {
        assert_eq!(currency("KES", false, "x"), Ok(()));
        assert_eq!(currency("EUR", true, "x"), Ok(()));
        assert!(
            currency("UGX", false, "target = \"sandbox\"").expect_err("real").contains("is not converted")
        );
    }
}
