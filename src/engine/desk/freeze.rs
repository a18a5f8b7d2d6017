//! What is stopped for everybody: kept in memory for every turn to see, read from the store at the
//! start, changed by the desk. People hear the reason wherever they meet it.

use super::{Who, broken};
use crate::dialog::input::FROZEN;
use crate::engine::actions::Outcome;
use crate::engine::shopfront::ShopError;
use crate::engine::turn::TRIES;
use crate::engine::work::Fault;
use crate::engine::{Caller, Engine};
use crate::gsm::fit::septets;
use crate::market::freeze::{self, Freeze, FreezeCommand, LONGEST_REASON};
pub use crate::market::freeze::{Stop, Switch};
use crate::menu::value::Value;
use crate::types::Lang;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// What is stopped now.
pub(in crate::engine) type Stops = Arc<BTreeMap<Switch, Stop>>;

/// A switch as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeRow {
    /// Which.
    pub what: Switch,
    /// Why it is stopped, if it is.
    pub stop: Option<Stop>,
}

/// What the desk does with a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeWish {
    /// Which.
    pub what: Switch,
    /// The reason that people are told, in every language; none to let it go on.
    #[serde(default)]
    pub why: Option<BTreeMap<Lang, String>>,
}

/// What the desk calls about what is stopped.
pub trait FreezeDesk: Send + Sync + 'static {
    /// Every switch.
    fn freezes(&self) -> Vec<FreezeRow>;
    /// The languages that a reason is wanted in.
    fn langs(&self) -> Vec<Lang>;
    /// Stops something, or lets it go on. A repeat changes nothing.
    fn freeze(&self, by: Who, wish: FreezeWish) -> BoxFuture<'_, Result<FreezeRow, ShopError>>;
}

/// What an action must wait for. `outcome` is what it came to, where only that tells whether it would
/// lead to something that is stopped.
fn stops(action: &str, outcome: Option<&str>) -> &'static [Switch] {
    use Switch as S;
    match (action, outcome) {
        ("payout.ready" | "payout.request" | "share.ready" | "share.request", None) => &[S::Payouts],
        ("listing.create", None) => &[S::Listing],
        ("order.accept" | "order.accept_some", None) => &[S::Orders],
        ("account.join" | "account.join_with" | "account.join_rider", None) => &[S::Joining],
        ("loan.ask", None) | ("loan.mine", Some("may")) => &[S::Loans],
        ("loan.agree", None) | ("loan.mine", Some("terms" | "failed")) => &[S::Loans, S::Payouts],
        // Cash that is being paid is paid: the number is claimed, the notes are on the counter.
        ("cash.ready" | "cash.make" | "cash.claim", None) => &[S::Cash],
        _ => &[],
    }
}

impl Engine {
    /// Why one of these is stopped, if one is.
    pub(in crate::engine) fn stopped(&self, any: &[Switch]) -> Option<Stop> {
        if any.is_empty() {
            return None;
        }
        let stops = self.stops.read().unwrap_or_else(PoisonError::into_inner);
        any.iter().find_map(|what| stops.get(what)).cloned()
    }

    /// What a caller is told in the place of an action that is stopped, or of what it came to.
    pub(in crate::engine) fn frozen(
        &self, who: &Caller, action: &str, outcome: Option<&str>,
    ) -> Option<Outcome> {
        let any = match (action, outcome) {
            // Whoever is not known yet hears it in the language she chose, before she types anything.
            ("account.speak", Some(_)) if who.party.is_none() => &[Switch::Joining][..],
            _ => stops(action, outcome),
        };
        let stop = self.stopped(any)?;
        let why = crate::engine::view::hold_words(&stop.why, who.lang);
        Some((FROZEN, vec![why, Value::Phone(self.house.help_phone)]))
    }

    /// Reads what is stopped.
    pub(in crate::engine) async fn read_stops(&self) -> Result<(), Fault> {
        let mut work = self.work(self.clock.now())?;
        let mut stops = BTreeMap::new();
        for what in Switch::ALL {
            let freeze = work.get::<Freeze>(what).await?;
            stops.extend(freeze.and_then(|freeze| freeze.stop).map(|stop| (what, stop)));
        }
        *self.stops.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(stops);
        Ok(())
    }

    async fn try_freeze(&self, by: &Who, wish: &FreezeWish) -> Result<FreezeRow, Fault> {
        // One at a time, so that what is read last is what was committed last.
        let _one = self.turning.lock().await;
        let mut work = self.work(self.clock.now())?;
        let before = work.get::<Freeze>(wish.what).await?;
        let command = match &wish.why {
            Some(why) => FreezeCommand::Stop { why: why.clone(), by: by.to_string() },
            None => FreezeCommand::Resume { by: by.to_string() },
        };
        let events =
            freeze::decide(before.as_ref(), &command).map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Freeze>(wish.what, events);
        let stop = work.get::<Freeze>(wish.what).await?.and_then(|freeze| freeze.stop);
        if work.acts() {
            let did = if stop.is_some() { "stop" } else { "resume" };
            self.commit(work, by.did(format!("{did} {}", wish.what.word())), None).await?;
            tracing::info!(what = wish.what.word(), %by, did, "the desk turned a switch");
        }
        // Also when nothing changed: a repeat mends what a failed reading left behind.
        self.read_stops().await?;
        self.tell_of_stops();
        Ok(FreezeRow { what: wish.what, stop })
    }

    /// A reason must be there in every language of the menus, and fit every phone.
    pub(super) fn fits_phones(&self, why: &BTreeMap<Lang, String>) -> Result<(), ShopError> {
        let wrong = |lang: Lang, why: &str| {
            let why = format!("the reason in {lang}: {why}");
            Err(ShopError::Field { field: "why", why })
        };
        for lang in self.menus.langs() {
            let Some(words) = why.get(&lang).map(|words| words.trim()).filter(|words| !words.is_empty())
            else {
                return wrong(lang, "people who speak it must be told, too");
            };
            if words.chars().count() > LONGEST_REASON {
                return wrong(lang, &format!("at most {LONGEST_REASON} letters, so that it fits a screen"));
            }
            let plain = septets(words).is_some_and(|septets| septets <= LONGEST_REASON);
            if (lang == Lang::EN || lang == Lang::SW) && !plain {
                return wrong(lang, "only plain letters, digits and . , - ? ! that every phone shows");
            }
            if words.chars().any(char::is_control) {
                return wrong(lang, "in one line");
            }
        }
        Ok(())
    }
}

impl FreezeDesk for Engine {
    fn freezes(&self) -> Vec<FreezeRow> {
        let stops = Arc::clone(&self.stops.read().unwrap_or_else(PoisonError::into_inner));
        let row = |what: Switch| FreezeRow { what, stop: stops.get(&what).cloned() };
        Switch::ALL.map(row).to_vec()
    }

    fn langs(&self) -> Vec<Lang> {
        self.menus.langs()
    }

    fn freeze(&self, by: Who, wish: FreezeWish) -> BoxFuture<'_, Result<FreezeRow, ShopError>> {
        Box::pin(async move {
            if let Some(why) = &wish.why {
                self.fits_phones(why)?;
            }
            for _ in 0..TRIES {
                match self.try_freeze(&by, &wish).await {
                    Err(fault) if fault.is_conflict() => {}
                    done => return done.map_err(|fault| broken(&fault)),
                }
            }
            Err(ShopError::Fault)
        })
    }
}
