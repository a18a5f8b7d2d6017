//! Carries texts from the outbox to phones, as operators do: late, twice, or not at all.

use super::{WorldClock, locked};
use crate::engine::port::{Pause, ReceiptIn, Sent, SmsOut, SmsSender};
use crate::sim::world::dice::Dice;
use crate::sim::world::faults::{Rates, Tally};
use crate::types::receipt::{IdBase, ReceiptState};
use crate::types::{Clock, Msisdn, Timestamp};
use futures_util::future::{BoxFuture, ready};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The name of the one gateway.
pub const GATEWAY: &str = "safari";

/// One text in so many asks for a receipt that the world delivers.
const RECEIPTS: u32 = 120;

/// What is under way.
#[derive(Debug, Clone)]
pub enum Carried {
    /// A text reaches a phone.
    Text(Msisdn, String),
    /// A receipt comes back.
    Receipt(ReceiptIn),
}

struct State {
    rates: Rates,
    dice: Dice,
    tally: Tally,
    count: u64,
    hash: Sha256,
    under_way: Vec<(Timestamp, Carried)>,
}

/// The carrier.
pub struct Carrier {
    clock: Arc<WorldClock>,
    state: Mutex<State>,
}

impl Carrier {
    /// A carrier with nothing under way.
    pub fn new(seed: u64, rates: Rates, clock: Arc<WorldClock>) -> Self {
        let state = State {
            rates,
            dice: Dice::new(seed, "carrier"),
            tally: Tally::default(),
            count: 0,
            hash: Sha256::new(),
            under_way: Vec::new(),
        };
        Self { clock, state: Mutex::new(state) }
    }

    /// What was handed over since this was asked last, with the moment it arrives.
    pub fn take_under_way(&self) -> Vec<(Timestamp, Carried)> {
        std::mem::take(&mut locked(&self.state).under_way)
    }

    /// From now on things go wrong this often.
    pub fn set_rates(&self, rates: Rates) {
        locked(&self.state).rates = rates;
    }

    /// What went wrong so far.
    pub fn tally(&self) -> Tally {
        locked(&self.state).tally.clone()
    }

    /// Texts taken so far, and the hash of all of them.
    pub fn taken(&self) -> (u64, String) {
        let state = locked(&self.state);
        (state.count, crate::sim::world::report::hex(&state.hash.clone().finalize()))
    }
}

impl SmsSender for Carrier {
    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        let now = self.clock.now();
        Box::pin(ready(locked(&self.state).send(&sms, now)))
    }
}

impl State {
    fn happens(&mut self, rate: u32, what: &'static str) -> bool {
        let happens = self.dice.in_thousand(rate);
        if happens {
            self.tally.add(what);
        }
        happens
    }

    fn send(&mut self, sms: &SmsOut, now: Timestamp) -> Sent {
        let rates = self.rates;
        if self.happens(rates.text_again, "text refused for now") {
            let why = "the gateway throttles".to_owned();
            return Sent::Again { pause: Pause::Grows, why, partly: None };
        }
        if self.happens(rates.text_never, "text refused for ever") {
            return Sent::Never("the gateway knows no such phone".to_owned());
        }
        self.count += 1;
        for part in [sms.to.to_string().as_str(), &now.millis().to_string(), &sms.text] {
            self.hash.update(part);
            self.hash.update([0]);
        }
        let id = format!("{:08X}", self.count);
        let lost = self.happens(rates.text_lost, "text lost on its way");
        if !lost {
            let copies = 1 + u32::from(self.happens(rates.text_twice, "text delivered twice"));
            for _ in 0..copies {
                let at = now.after(self.dice.seconds(2, 25));
                self.under_way.push((at, Carried::Text(sms.to, sms.text.clone())));
            }
        }
        if self.dice.in_thousand(RECEIPTS) && !self.happens(rates.receipt_lost, "receipt lost") {
            let odd = self.happens(rates.receipt_odd, "receipt at an odd time");
            let wait = if odd { self.dice.hours(0, 72) } else { self.dice.seconds(3, 60) };
            let state = if lost { ReceiptState::Expired } else { ReceiptState::Delivered };
            let at = now.after(wait);
            let receipt = ReceiptIn {
                gateway: GATEWAY.into(),
                message_id: id.clone(),
                base: IdBase::Same,
                phones: vec![sms.to],
                state,
                error: None,
                done: None,
                at,
            };
            self.under_way.push((at, Carried::Receipt(receipt)));
        }
        Sent::Taken { gateway: GATEWAY.into(), ids: vec![id] }
    }
}

/// The longest that a late SMS to us is under way.
pub const LATEST: Duration = Duration::from_secs(6 * 3_600);
