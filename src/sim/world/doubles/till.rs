//! A card processor with books of its own: what was taken from cards, and what was given back.

use super::{WorldClock, locked};
use crate::engine::shopfront::{CardIn, CardSession};
use crate::sim::world::dice::Dice;
use crate::sim::world::faults::{Rates, Tally};
use crate::types::{Clock, Timestamp, Usd};
use futures_util::future::{BoxFuture, ready};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a key is remembered.
const REMEMBERS: Duration = Duration::from_secs(24 * 3_600);

/// A refund it made.
#[derive(Debug, Clone)]
pub struct Refund {
    /// Of which payment.
    pub payment: String,
    /// How much.
    pub amount: Usd,
    /// By which key.
    pub key: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Default)]
struct Books {
    /// Amounts by the merchant's token.
    sessions: BTreeMap<String, Usd>,
    /// Token and amount by payment.
    captures: BTreeMap<String, (String, Usd)>,
    refunds: Vec<Refund>,
    tally: Tally,
}

/// The processor.
pub struct Till {
    clock: Arc<WorldClock>,
    state: Mutex<(Books, Dice, Rates)>,
}

impl Till {
    /// A processor that has taken nothing.
    pub fn new(seed: u64, rates: Rates, clock: Arc<WorldClock>) -> Self {
        Self { clock, state: Mutex::new((Books::default(), Dice::new(seed, "till"), rates)) }
    }

    /// A shopper pays an open page: the payment and what was taken; the same payment for a page
    /// that was paid before, nothing where there is no page.
    pub fn pay(&self, token: &str) -> Option<(String, Usd)> {
        let (books, ..) = &mut *locked(&self.state);
        let amount = *books.sessions.get(token)?;
        let payment = format!("pi_{token}");
        books.captures.insert(payment.clone(), (token.to_owned(), amount));
        Some((payment, amount))
    }

    /// From now on things go wrong this often.
    pub fn set_rates(&self, rates: Rates) {
        locked(&self.state).2 = rates;
    }

    /// What was taken, in dollar cents by payment, with the token of its page.
    pub fn captures(&self) -> BTreeMap<String, (String, Usd)> {
        locked(&self.state).0.captures.clone()
    }

    /// What was given back.
    pub fn refunds(&self) -> Vec<Refund> {
        locked(&self.state).0.refunds.clone()
    }

    /// What went wrong so far.
    pub fn tally(&self) -> Tally {
        locked(&self.state).0.tally.clone()
    }
}

fn no_answer() -> String {
    "no answer".to_owned()
}

impl CardIn for Till {
    fn open(&self, session: CardSession) -> BoxFuture<'_, Result<String, String>> {
        let (books, dice, rates) = &mut *locked(&self.state);
        let silent = dice.in_thousand(rates.card_silent);
        if silent {
            books.tally.add("payment page not opened");
            return Box::pin(ready(Err(no_answer())));
        }
        let url = format!("https://pay.test/{}", session.token);
        books.sessions.insert(session.token, session.amount);
        Box::pin(ready(Ok(url)))
    }

    fn refund(&self, payment: String, amount: Usd, key: String) -> BoxFuture<'_, Result<(), String>> {
        let now = self.clock.now();
        let (books, dice, rates) = &mut *locked(&self.state);
        let silent = dice.in_thousand(rates.card_silent);
        // Without an answer it was made, or not.
        if silent && dice.in_thousand(500) {
            books.tally.add("refund not taken");
            return Box::pin(ready(Err(no_answer())));
        }
        let known = |refund: &Refund| refund.key == key && now.since(refund.at) < REMEMBERS;
        if !books.refunds.iter().rev().any(known) {
            books.refunds.push(Refund { payment, amount, key, at: now });
        }
        if silent {
            books.tally.add("refund unanswered");
            return Box::pin(ready(Err(no_answer())));
        }
        Box::pin(ready(Ok(())))
    }

    fn refunded(&self, payment: String, amount: Usd, key: String) -> BoxFuture<'_, Result<bool, String>> {
        let (books, ..) = &*locked(&self.state);
        let same = |refund: &&Refund| refund.payment == payment && refund.amount == amount;
        let made = books.refunds.iter().filter(same).any(|refund| refund.key == key);
        Box::pin(ready(Ok(made)))
    }
}
