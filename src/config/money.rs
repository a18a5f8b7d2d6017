//! `[money]`: who pays out and who takes cards.

use super::{ConfigError, value};
use crate::engine::recon;
use crate::market::Policy;
use crate::money::airtel::AirtelSettings;
use crate::money::card::CardSettings;
use crate::money::daraja::DarajaSettings;
use crate::money::gsma::MobileSettings;
use crate::money::mtn::MtnSettings;
use crate::money::{routed, table};
use serde::Deserialize;
use std::path::PathBuf;

/// `[money]`: providers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Mobile money by a provider that speaks the GSMA Mobile Money API.
    pub mpesa: Option<MobileSettings>,
    /// M-Pesa by Safaricom's Daraja.
    pub daraja: Option<DarajaSettings>,
    /// MTN MoMo.
    pub mtn: Option<MtnSettings>,
    /// Airtel Money.
    pub airtel: Option<AirtelSettings>,
    /// Cards.
    pub card: CardSettings,
}

impl Money {
    /// What the tables of all providers of mobile money have in common.
    pub fn tables(&self) -> Vec<table::Table<'_>> {
        let all = [
            self.mpesa.as_ref().map(MobileSettings::table),
            self.daraja.as_ref().map(DarajaSettings::table),
            self.mtn.as_ref().map(MtnSettings::table),
            self.airtel.as_ref().map(AirtelSettings::table),
        ];
        all.into_iter().flatten().collect()
    }

    /// How statements are read, of every provider there is.
    pub(super) fn name_providers(&self, reconcile: &mut recon::Settings) {
        reconcile.providers = self.tables().iter().map(|table| table.name.to_owned()).collect();
    }

    pub(super) fn check(&self, market: &Policy) -> Result<(), ConfigError> {
        let tables = self.tables();
        let numbers: Vec<_> = tables.iter().map(|table| (table.name, table.numbers)).collect();
        routed::check(&numbers).map_err(|why| value("[money]", why))?;
        for table in &tables {
            let wrong = |why: String| value(&format!("[money.{}]", table.name), why);
            table.check().map_err(wrong)?;
            if let Some(payout) = table.payout {
                let terms = Policy { payout: payout.clone(), ..market.clone() };
                terms.check().map_err(|why| wrong(why.to_string()))?;
            }
        }
        let own = [
            ("mpesa", self.mpesa.as_ref().map(MobileSettings::check)),
            ("daraja", self.daraja.as_ref().map(DarajaSettings::check)),
            ("mtn", self.mtn.as_ref().map(MtnSettings::check)),
            ("airtel", self.airtel.as_ref().map(AirtelSettings::check)),
        ];
        for (name, checked) in own {
            checked.unwrap_or(Ok(())).map_err(|why| value(&format!("[money.{name}]"), why))?;
        }
        Ok(())
    }

    /// Whether the secrets of the providers, where their files are on this machine, can be used.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn check_secrets(&self) -> Result<(), ConfigError> {
        let loaded = [
            ("mpesa", self.mpesa.clone().map(|one| one.load().map(drop))),
            ("daraja", self.daraja.clone().map(|one| one.load().map(drop))),
            ("mtn", self.mtn.clone().map(|one| one.load().map(drop))),
            ("airtel", self.airtel.clone().map(|one| one.load().map(drop))),
        ];
        for (name, loaded) in loaded {
            if let Some(Err(why)) = loaded
                && !why.is_elsewhere()
            {
                return Err(value(&format!("[money.{name}]"), why));
            }
        }
        Ok(())
    }

    /// Files that must be there.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let daraja = self.daraja.iter_mut().flat_map(DarajaSettings::paths);
        let mtn = self.mtn.iter_mut().flat_map(MtnSettings::paths);
        let airtel = self.airtel.iter_mut().flat_map(AirtelSettings::paths);
        daraja.chain(mtn).chain(airtel)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, EXAMPLE};
    use std::path::Path;

    /// What is said of a configuration with these lines in place of those.
    fn refused(pairs: &[(&str, &str)]) -> String {
        let text = pairs.iter().fold(EXAMPLE.to_owned(), |text, (was, is)| {
            assert!(text.contains(was), "{was}");
            text.replace(was, is)
        });
        Config::parse(&text, "config.toml", Path::new(".")).map(drop).expect_err("refused").to_string()
    }

    #[test]
    fn what_a_provider_cannot_use_is_told_with_the_remedy() {
        let mpesa = "base_url         = \"http://127.0.0.1:9001\"";
        for (is, words) in [
            ("base_url = \"http://127.0.0.1:9001/\"", "ends in a slash; write it as https://host.example"),
            ("base_url = \"127.0.0.1\"", "is no address of the web"),
            ("base_url = \"http://127.0.0.1:9001\"\nfrom = [\"somewhere\"]", "is no network; write one as"),
            ("base_url = \"http://127.0.0.1:9001\"\nanswer_timeout_ms = 90000", "lies between 1 and 45000"),
        ] {
            let why = refused(&[(mpesa, is)]);
            assert!(why.starts_with("[money.mpesa]") && why.contains(words), "{why}");
        }
    }

    #[test]
    fn shillings_are_sent_as_shillings_and_as_nothing_else_outside_of_a_sandbox() {
        let mtn = "\n[money.mtn]\nbase_url = \"https://mtn.example\"\ncallback_base = \"https://shop.example\"\n\
             secret_path_file = \"a\"\nsubscription_key_file = \"b\"\napi_user = \"c\"\napi_key_file = \"d\"\n\
             numbers = [\"256\"]\n";
        let with = |more: &str| format!("{EXAMPLE}{mtn}{more}");
        let said = |text: String| Config::parse(&text, "config.toml", Path::new(".")).map(drop);
        let why = said(with("target = \"mtnuganda\"\ncurrency = \"UGX\"")).expect_err("refused").to_string();
        assert!(why.starts_with("[money.mtn]") && why.contains("or target = \"sandbox\""), "{why}");
        said(with("target = \"sandbox\"\ncurrency = \"EUR\"")).expect("no money moves there");
        said(with("target = \"mtnkenya\"\ncurrency = \"KES\"")).expect("shillings");
    }
}
