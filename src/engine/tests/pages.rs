//! Pages that are drawn while phones act.

use super::*;
use crate::engine::aggregate::Aggregate;
use crate::market::{
    listing::{self, Listing, ListingCommand},
    order::{self, Order, OrderCommand, Terms},
    party::Actor,
    price,
};
use crate::store::{
    Key, Store, StoreError,
    batch::{Batch, Committed, Row},
};
use crate::types::Kes;
use std::sync::Mutex;

/// A store in which something is written right after a row was read for the first time.
struct Meanwhile {
    rows: Memory,
    /// What is written, once this row has been read.
    next: Mutex<Option<(Key, Batch)>>,
}

impl Store for Meanwhile {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        Box::pin(async move {
            let rows = self.rows.read(keys.clone()).await?;
            let due = self.next.lock().expect("whole").take_if(|(key, _)| keys.contains(key));
            if let Some((_, batch)) = due {
                self.rows.commit(batch).await?;
            }
            Ok(rows)
        })
    }
    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        self.rows.scan(prefix, from, limit, back)
    }
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.rows.commit(batch)
    }
    fn position(&self) -> u64 {
        self.rows.position()
    }
}

#[tokio::test]
async fn a_page_drawn_while_its_order_moves_on_is_not_taken_for_the_newer_one() {
    let store = Arc::new(Meanwhile { rows: Memory::new(), next: Mutex::default() });
    let clock = Arc::new(MovableClock::standing());
    let engine = engine_over(store.clone(), clock, Arc::new(Nobody)).await;
    let maker = Actor { id: join(&engine, phone(101), Lang::EN).await, role: Role::Artisan };

    let mut work = engine.work(engine.clock.now()).expect("work");
    let piece = SpokenCode::nth(CodeKind::Listing, 1);
    let code = SpokenCode::nth(CodeKind::Order, 1);
    let create = ListingCommand::Create {
        code: piece,
        maker,
        kind: "necklace".parse().expect("a word"),
        stuff: "brass".parse().expect("a word"),
        price: Kes::major(850),
        ready: 3,
        listed: 0,
    };
    let events = listing::decide(None, &create, &engine.policy, work.now).expect("she may list it");
    work.apply::<Listing>(piece, events);
    let quote = price::quote(&engine.policy, Kes::major(850), 1, Usd::ZERO).expect("a price");
    let shown =
        order::Shown { currency: "EUR".to_owned(), millionths: 921_500, day: "2026-11-20".to_owned() };
    let terms = Terms {
        code,
        listing: piece,
        quote,
        country: "US".to_owned(),
        token: "t0ken".to_owned(),
        partner: None,
        purchase: None,
        bulk: None,
        shown: Some(shown.clone()),
    };
    let placed = order::decide(None, &OrderCommand::Place(terms), &engine.policy, work.now).expect("placed");
    work.apply::<Order>(code, placed);
    engine.commit(work, Cause::Shop, None).await.expect("committed");

    let drawn = ShopFront::order(&*engine, "t0ken".to_owned()).await.expect("a page");
    assert_eq!(drawn.shown, Some(shown), "the rate of the checkout stays the order's");
    // The same page once more; while it is drawn the shopper pays.
    let mut work = engine.work(engine.clock.now()).expect("work");
    let order = work.need::<Order>(code).await.expect("there");
    let pay = OrderCommand::Pay { payment: "pi_1".to_owned(), charged: quote.charge() };
    let paid = order::decide(Some(&order), &pay, &engine.policy, work.now).expect("paid");
    work.apply::<Order>(code, paid);
    *store.next.lock().expect("whole") = Some((Order::key(code), work.batch(Cause::Shop)));
    let during = ShopFront::order(&*engine, "t0ken".to_owned()).await.expect("a page");
    let after = ShopFront::order(&*engine, "t0ken".to_owned()).await.expect("a page");

    assert_eq!(during, drawn, "it shows what stood when it was read, under that version");
    assert_ne!(after.state, during.state);
    assert!(after.version > during.version, "so the live page draws the news");
}
