//! The providers of money that a configuration names, and the addresses at which they reach us.

use super::duties::Task;
use crate::config::Config;
use crate::engine::port::MoneyOut;
use crate::engine::shopfront::{CardIn, ShopFront};
use crate::money::airtel::Airtel;
use crate::money::card;
use crate::money::daraja::Daraja;
use crate::money::door::{self, Callers, Hears};
use crate::money::gsma::MobileMoney;
use crate::money::mtn::Mtn;
use crate::money::routed::{Routed, Way};
use crate::money::{Adapter, Rail};
use crate::types::Clock;
use axum::Router;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Makes a provider's door, once there is somebody behind it to tell.
type Opens = Box<dyn FnOnce(Arc<dyn ShopFront>) -> (Router, Arc<dyn Hears>) + Send>;

/// The providers, started.
pub struct Money {
    /// Who pays out.
    pub mobile: Arc<dyn MoneyOut>,
    /// Who takes cards.
    pub card: Arc<dyn CardIn>,
    card_config: card::CardConfig,
    doors: Vec<Opens>,
}

fn wrong(section: &str, why: &dyn std::fmt::Display) -> String {
    format!("[money.{section}]: {why}")
}

/// What is known of a provider before it is started.
struct Begun<'c> {
    config: &'c Config,
    ways: Vec<Way>,
    doors: Vec<Opens>,
}

impl Begun<'_> {
    /// Takes a provider up, with the secret part of its callbacks' path.
    fn takes<R: Rail>(
        &mut self, secret: SecretString,
        start: impl FnOnce() -> Result<Adapter<R>, crate::money::ClientError>,
    ) -> Result<(), String> {
        let provider = Arc::new(start().map_err(|why| wrong(R::NAME, &why))?);
        let table = self.config.money.tables().into_iter().find(|table| table.name == R::NAME);
        let (numbers, from) = table.map(|table| (table.numbers, table.from)).unwrap_or_default();
        let callers = Callers::new(from, &self.config.http.trusted_proxies);
        let callers = callers.map_err(|why| wrong(R::NAME, &why))?;
        let numbers = numbers.to_vec();
        self.ways.push(Way { name: R::NAME, numbers, provider: Arc::clone(&provider) as Arc<dyn MoneyOut> });
        self.doors.push(Box::new(move |front| door::open(front, &provider, secret, callers)));
        Ok(())
    }
}

impl Money {
    /// Fetches secrets and starts the adapters.
    ///
    /// # Errors
    /// What of the configuration is wrong, and in which table.
    pub fn start(config: &Config) -> Result<Self, String> {
        let money = config.money.clone();
        let mut begun = Begun { config, ways: Vec::new(), doors: Vec::new() };
        if let Some(settings) = money.mpesa {
            let config = settings.load().map_err(|why| wrong("mpesa", &why))?;
            begun.takes(config.secret_path.clone(), || MobileMoney::start(config))?;
        }
        if let Some(settings) = money.daraja {
            let config = settings.load().map_err(|why| wrong("daraja", &why))?;
            begun.takes(config.secret_path.clone(), || Daraja::start(config))?;
        }
        if let Some(settings) = money.mtn {
            let config = settings.load().map_err(|why| wrong("mtn", &why))?;
            begun.takes(config.secret_path.clone(), || Mtn::start(config))?;
        }
        if let Some(settings) = money.airtel {
            let config = settings.load().map_err(|why| wrong("airtel", &why))?;
            begun.takes(config.secret_path.clone(), || Airtel::start(config))?;
        }
        let Begun { ways, doors, .. } = begun;
        let card_config = money.card.load().map_err(|why| wrong("card", &why))?;
        let card = card::CardMoney::new(card_config.clone()).map_err(|why| wrong("card", &why))?;
        let mobile = Routed::new(ways).map_err(|why| format!("[money]: {why}"))?;
        Ok(Self { mobile: Arc::new(mobile), card: Arc::new(card), card_config, doors })
    }

    /// Where providers tell us results.
    pub fn doors(self, front: &Arc<dyn ShopFront>, clock: &Arc<dyn Clock>) -> Router {
        self.open(front, clock).0
    }

    /// Where providers tell us results, and what works off those that could not be done where they came in, or
    /// not at once.
    pub(super) fn open(self, front: &Arc<dyn ShopFront>, clock: &Arc<dyn Clock>) -> (Router, Task) {
        let mut router = card::webhook::router(Arc::clone(front), &self.card_config, Arc::clone(clock));
        let mut hears = Vec::new();
        for opens in self.doors {
            let (door, hearer) = opens(Arc::clone(front));
            router = router.merge(door);
            hears.push(hearer);
        }
        let (front, live) = (Arc::clone(front), self.card_config.is_live());
        let later = move |stop: CancellationToken| {
            let cards = card::webhook::work_off_later(Arc::clone(&front), live, stop.clone());
            let money = door::hear_others(Arc::clone(&front), hears.clone(), stop);
            Box::pin(async {
                tokio::join!(cards, money);
            }) as BoxFuture<'static, ()>
        };
        (router, Box::new(later))
    }
}
