//! The providers of money that a configuration names, and the addresses at which they reach us.

use crate::config::Config;
use crate::engine::port::MoneyOut;
use crate::engine::shopfront::{CardIn, ShopFront};
use crate::money::airtel::{self, Airtel};
use crate::money::card;
use crate::money::daraja::{self, Daraja};
use crate::money::gsma::{MobileMoney, callback};
use crate::money::mtn::{self, Mtn};
use crate::money::routed::{Routed, Way};
use crate::types::Clock;
use axum::Router;
use secrecy::SecretString;
use std::sync::Arc;

/// The providers, started.
pub(super) struct Money {
    pub(super) mobile: Arc<dyn MoneyOut>,
    pub(super) card: Arc<dyn CardIn>,
    card_config: card::CardConfig,
    callback_secret: Option<SecretString>,
    daraja: Option<Arc<Daraja>>,
    mtn: Option<Arc<Mtn>>,
    airtel: Option<Arc<Airtel>>,
}

fn wrong(section: &str, why: &dyn std::fmt::Display) -> String {
    format!("[money.{section}]: {why}")
}

impl Money {
    /// Fetches secrets and starts the adapters.
    pub(super) fn start(config: &Config) -> Result<Self, String> {
        let (money, mut ways) = (config.money.clone(), Vec::new());
        let mut pays = |name, numbers, provider| ways.push(Way { name, numbers, provider });
        let mut callback_secret = None;
        if let Some(settings) = money.mpesa {
            let numbers = settings.numbers.clone();
            let config = settings.load().map_err(|why| wrong("mpesa", &why))?;
            callback_secret = Some(config.secret_path.clone());
            let mpesa = MobileMoney::start(config).map_err(|why| wrong("mpesa", &why))?;
            pays("mpesa", numbers, Arc::new(mpesa) as Arc<dyn MoneyOut>);
        }
        let daraja = money.daraja.map(|settings| {
            let config = settings.load().map_err(|why| wrong("daraja", &why))?;
            let numbers = config.settings.numbers.clone();
            let daraja = Arc::new(Daraja::start(config).map_err(|why| wrong("daraja", &why))?);
            pays("daraja", numbers, Arc::clone(&daraja) as Arc<dyn MoneyOut>);
            Ok::<_, String>(daraja)
        });
        let daraja = daraja.transpose()?;
        let mtn = money.mtn.map(|settings| {
            let config = settings.load().map_err(|why| wrong("mtn", &why))?;
            let numbers = config.settings.numbers.clone();
            let mtn = Arc::new(Mtn::start(config).map_err(|why| wrong("mtn", &why))?);
            pays("mtn", numbers, Arc::clone(&mtn) as Arc<dyn MoneyOut>);
            Ok::<_, String>(mtn)
        });
        let mtn = mtn.transpose()?;
        let airtel = money.airtel.map(|settings| {
            let config = settings.load().map_err(|why| wrong("airtel", &why))?;
            let numbers = config.settings.numbers.clone();
            let airtel = Arc::new(Airtel::start(config).map_err(|why| wrong("airtel", &why))?);
            pays("airtel", numbers, Arc::clone(&airtel) as Arc<dyn MoneyOut>);
            Ok::<_, String>(airtel)
        });
        let airtel = airtel.transpose()?;
        let card_config = money.card.load().map_err(|why| wrong("card", &why))?;
        let card = card::CardMoney::new(card_config.clone()).map_err(|why| wrong("card", &why))?;
        let mobile = Routed::new(ways).map_err(|why| format!("[money]: {why}"))?;
        Ok(Self {
            mobile: Arc::new(mobile),
            card: Arc::new(card),
            card_config,
            callback_secret,
            daraja,
            mtn,
            airtel,
        })
    }

    /// Where providers tell us results.
    pub(super) fn doors(self, front: &Arc<dyn ShopFront>, clock: &Arc<dyn Clock>) -> Router {
        let front = || Arc::clone(front);
        let mut doors = card::webhook::router(front(), &self.card_config, Arc::clone(clock));
        if let Some(secret) = self.callback_secret {
            doors = doors.merge(callback::router(front(), secret));
        }
        if let Some(daraja) = &self.daraja {
            doors = doors.merge(daraja::callback::router(front(), daraja));
        }
        if let Some(mtn) = self.mtn {
            doors = doors.merge(mtn::router(front(), mtn));
        }
        if let Some(airtel) = self.airtel {
            doors = doors.merge(airtel::router(front(), airtel));
        }
        doors
    }
}
