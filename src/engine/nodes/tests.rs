//! Two engines over one store.

use super::*;
use crate::engine::clock::MovableClock;
use crate::engine::desk::Who;
use crate::engine::desk::freeze::{FreezeDesk, FreezeWish, Switch};
use crate::engine::menus::Menus;
use crate::engine::menus::change::By;
use crate::engine::shopfront::ShopFront;
use crate::engine::tests::{Nobody, engine_over};
use crate::menu::builtin;
use crate::menu::check::Limits;
use crate::store::Store;
use crate::store::memory::Memory;
use crate::store::news::Rumour;
use crate::types::Clock;

const SOON: Duration = Duration::from_secs(20);

async fn two() -> (Arc<Engine>, Arc<Engine>, CancellationToken) {
    let (store, clock): (Arc<dyn Store>, _) = (Arc::new(Memory::new()), Arc::new(MovableClock::standing()));
    let engine = || engine_over(Arc::clone(&store), Arc::clone(&clock), Arc::new(Nobody));
    let (one, other, news) = (engine().await, engine().await, Rumour::default());
    let stop = CancellationToken::new();
    for engine in [&one, &other] {
        engine.joins(Arc::new(news.clone()));
        tokio::spawn(Arc::clone(engine).follow(stop.clone()));
    }
    (one, other, stop)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let seen = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, seen).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn what_is_stopped_at_one_node_is_stopped_at_every_other() {
    let (one, other, _stop) = two().await;
    let words = one.langs().into_iter().map(|lang| (lang, "Back at noon.".to_owned())).collect();
    let wish = FreezeWish { what: Switch::Payouts, why: Some(words) };
    one.freeze(Who::from("halima".to_owned()), wish).await.expect("stopped");
    until("it hears of it", async || other.stopped(&[Switch::Payouts]).is_some()).await;
    other
        .freeze(Who::from("halima".to_owned()), FreezeWish { what: Switch::Payouts, why: None })
        .await
        .expect("goes on");
    until("it hears of that", async || one.stopped(&[Switch::Payouts]).is_none()).await;
}

#[tokio::test]
async fn whoever_watches_an_order_at_one_node_sees_what_happens_at_another() {
    let (one, other, _stop) = two().await;
    let mut watching = other.changes();
    // A follower that begins to listen later hears nothing of before.
    until("it follows", async || {
        one.tell_of_order("a-private-link".to_owned());
        watching.try_recv().is_ok_and(|seen| seen.token == "a-private-link")
    })
    .await;
}

#[tokio::test]
async fn what_is_to_be_sent_wakes_the_node_that_sends() {
    let (one, other, _stop) = two().await;
    let woken = tokio::time::timeout(SOON, async {
        loop {
            one.tell_to_send(shard::SMS);
            let nap = tokio::time::sleep(Duration::from_millis(50));
            tokio::select! {
                () = other.wake[usize::from(shard::SMS)].notified() => return,
                () = nap => {}
            }
        }
    });
    woken.await.expect("it was woken");
}

#[tokio::test]
async fn menus_that_go_live_at_one_node_serve_at_every_other() {
    let (store, clock) = (Memory::new(), MovableClock::standing());
    let (sources, limits) = (builtin::sources(), Limits::default());
    let one = Menus::open(&store, clock.now(), Ok(sources.clone()), &limits).await.expect("menus");
    let other = Menus::open(&store, clock.now(), Ok(sources.clone()), &limits).await.expect("menus");
    let changed: Vec<(String, String)> =
        sources.into_iter().map(|(name, text)| (name, format!("{text}\n# Another day.\n"))).collect();
    one.offer(&store, clock.now(), Ok(changed), By::Folder).await.expect("live");
    assert_ne!(one.edition().set, other.edition().set);
    other.follow(&store, clock.now()).await.expect("read");
    assert_eq!(one.edition().set, other.edition().set);
}

#[test]
fn every_word_is_read_as_it_was_spelled_and_words_of_a_later_release_mean_nothing() {
    let all = [Word::Order("t0ken"), Word::Outbox(5), Word::Stops, Word::Hooks, Word::Menus];
    for word in all {
        assert_eq!(Word::read(&word.spelled()), Some(word));
    }
    for unknown in ["", "order", "order ", "outbox x", "outbox 256", "stops now", "weather"] {
        assert_eq!(Word::read(unknown), None, "{unknown}");
    }
}
