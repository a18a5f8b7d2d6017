//! Payouts and refunds in the hands of their workers.

mod leaving;
mod prompting;

use super::*;
use crate::engine::outbox::ByHand;
use crate::engine::port::MoneyOut;
use crate::engine::record::Cause;
use crate::engine::routes::Routes;
use crate::engine::shopfront::{CardIn, CardSession};
use crate::engine::tests::{engine, engine_with, join, phone};
use crate::market::payout::{PayFrom, PayoutEvent};
use crate::types::{Kes, Lang, Msisdn, Usd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A processor that says what it was asked, and whether it knows of a refund.
struct Processor {
    knows: Result<bool, String>,
    heard: Mutex<Vec<String>>,
}

impl CardIn for Processor {
    fn open(&self, _: CardSession) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Err("no pages here".to_owned()) })
    }
    fn refund(&self, _: String, _: Usd, key: String) -> BoxFuture<'_, Result<(), String>> {
        self.heard.lock().expect("unpoisoned").push(format!("refund {key}"));
        Box::pin(async { Ok(()) })
    }
    fn refunded(&self, _: String, _: Usd, key: String) -> BoxFuture<'_, Result<bool, String>> {
        self.heard.lock().expect("unpoisoned").push(format!("made {key}?"));
        Box::pin(async { self.knows.clone() })
    }
}

#[tokio::test]
async fn a_refund_whose_key_may_be_forgotten_is_asked_about_before_it_is_sent_again() {
    for (forgotten, knows, done, wanted) in [
        (false, Ok(false), true, vec!["refund r"]),
        (true, Ok(true), true, vec!["made r?"]),
        (true, Ok(false), true, vec!["made r?", "refund r"]),
        (true, Err("no answer".to_owned()), false, vec!["made r?"]),
    ] {
        let processor = Arc::new(Processor { knows, heard: Mutex::default() });
        let (engine, _) = engine_with(Arc::clone(&processor) as Arc<dyn CardIn>).await;
        let (payment, back) = ("pi_1".to_owned(), Usd::minor(4_500));
        let refunded = engine.refund(payment, back, "r".to_owned(), forgotten).await;
        assert_eq!(refunded.is_ok(), done);
        assert_eq!(*processor.heard.lock().expect("unpoisoned"), wanted);
    }
}

/// A provider before which payouts wait until it opens; it notes which were tried before.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    tries: Mutex<Vec<bool>>,
}

impl MoneyOut for Gate {
    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        if !self.open.load(Ordering::Relaxed) {
            return Box::pin(async { PayoutNews::Held { why: "it is mended".to_owned() } });
        }
        self.tries.lock().expect("unpoisoned").push(payout.again);
        Box::pin(async { PayoutNews::Accepted })
    }
    fn status(&self, _: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async { PayoutNews::Accepted })
    }
    fn is_up(&self, _: Msisdn) -> bool {
        true
    }
}

#[tokio::test]
async fn a_payout_that_only_waited_is_sent_as_if_for_the_first_time_however_long_that_was() {
    let (mut engine, clock) = engine().await;
    let gate = Arc::new(Gate::default());
    Arc::get_mut(&mut engine).expect("nobody else has it").money = Arc::clone(&gate) as Arc<dyn MoneyOut>;
    let owner = join(&engine, phone(101), Lang::EN).await;
    let (id, amount) = (PayoutId::derived("a payout"), Kes::major(850));
    let mut work = engine.work(engine.clock.now()).expect("work");
    let (from, to, via) = (PayFrom::Artisan, phone(101), String::new());
    let asked = PayoutEvent::Asked { id, owner, from, to, via, amount };
    work.apply::<Payout>(id, vec![asked, PayoutEvent::Reserved]);
    work.send(shard::MONEY, format!("pay/{id}"), "pay", &id, Duration::from_secs(86_400 * 365));
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    let mut hands = ByHand::start(&engine, Arc::new(Routes::new(Vec::new()))).await.expect("workers");
    // Three days, which is longer than any provider remembers an id.
    for _ in 0..3 * 24 * 12 {
        hands.step().await.expect("settled");
        clock.advance(Duration::from_secs(300));
    }
    assert!(gate.tries.lock().expect("unpoisoned").is_empty());
    gate.open.store(true, Ordering::Relaxed);
    hands.step().await.expect("settled");
    assert_eq!(*gate.tries.lock().expect("unpoisoned"), [false]);
}
