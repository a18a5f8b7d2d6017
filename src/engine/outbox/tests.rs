use super::*;
use crate::engine::port::{Partly, Pause, Purpose, Sent, SmsOut};
use crate::engine::tests::{engine, phone};
use std::sync::Mutex;
use tokio::sync::Semaphore;

/// An SMSC that is told what to answer, and writes down what it was sent.
struct Scripted {
    seen: Mutex<Vec<SmsOut>>,
    answers: Mutex<VecDeque<Sent>>,
    /// Texts that begin with `slow` wait for a permit.
    slow: Semaphore,
}

fn taken() -> Sent {
    Sent::Taken { gateway: "safari".into(), ids: vec!["7".to_owned()] }
}

fn again(pause: Pause, partly: Option<Partly>) -> Sent {
    Sent::Again { pause, why: "told so".to_owned(), partly }
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Sent>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { seen: Mutex::default(), answers, slow: Semaphore::new(0) })
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("unpoisoned").iter().map(|sms| sms.text.clone()).collect()
    }
}

impl SmsSender for Scripted {
    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        let slow = sms.text.starts_with("slow");
        self.seen.lock().expect("unpoisoned").push(sms);
        let answer = self.answers.lock().expect("unpoisoned").pop_front();
        Box::pin(async move {
            if slow {
                self.slow.acquire().await.expect("open").forget();
            }
            answer.unwrap_or_else(taken)
        })
    }
}

async fn write(engine: &Engine, to: u64, text: &str, purpose: Purpose) {
    let mut work = engine.work(engine.clock.now()).expect("work");
    engine.post(&mut work, phone(to), text.to_owned(), "", purpose);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
}

/// Runs the workers until something holds.
async fn until(engine: &Arc<Engine>, sender: &Arc<Scripted>, holds: impl Fn() -> bool) {
    let stop = CancellationToken::new();
    let running =
        tokio::spawn(run(Arc::clone(engine), Arc::clone(sender) as Arc<dyn SmsSender>, stop.clone()));
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it happens in time");
    sender.slow.add_permits(99);
    stop.cancel();
    running.await.expect("no panic");
}

#[tokio::test]
async fn one_slow_text_holds_up_its_own_phone_alone() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "slow to one", Purpose::Order).await;
    clock.advance(Duration::from_millis(1));
    for n in 2..40 {
        write(&engine, n, "to another", Purpose::Order).await;
    }
    write(&engine, 1, "behind it", Purpose::Order).await;
    let sender = Scripted::new([]);
    until(&engine, &sender, || sender.seen().len() == 39).await;
    let seen = sender.seen();
    assert!(!seen[..39].contains(&"behind it".to_owned()));
}

#[tokio::test]
async fn a_text_that_waits_keeps_those_behind_it_in_their_order_but_no_code() {
    let (engine, clock) = engine().await;
    for (text, purpose) in [("first", Purpose::Order), ("second", Purpose::Money), ("4711", Purpose::Code)] {
        write(&engine, 1, text, purpose).await;
        clock.advance(Duration::from_millis(1));
    }
    let sender = Scripted::new([again(Pause::Grows, None)]);
    until(&engine, &sender, || sender.seen().len() == 2).await;
    assert_eq!(sender.seen(), ["first", "4711"]);
    clock.advance(Duration::from_secs(6));
    until(&engine, &sender, || sender.seen().len() == 4).await;
    assert_eq!(sender.seen()[2..], ["first", "second"]);
}

#[tokio::test]
async fn how_far_a_long_text_came_stands_in_its_row() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "long", Purpose::Order).await;
    let partly = Partly {
        gateway: "safari".to_owned(),
        reference: 300,
        total: 2,
        taken: BTreeMap::from([(1, "A7".to_owned())]),
    };
    let sender = Scripted::new([again(Pause::After(Duration::from_secs(5)), Some(partly.clone()))]);
    until(&engine, &sender, || sender.seen().len() == 1).await;
    let named = crate::store::keys::by_message_prefix("safari", &crate::types::receipt::normal_id("A7"));
    let known = engine.store.scan(named, None, 2, false).await.expect("read");
    assert_eq!(known.len(), 1, "a receipt for the part that was taken finds its text");
    clock.advance(Duration::from_secs(6));
    until(&engine, &sender, || sender.seen().len() == 2).await;
    let seen = sender.seen.lock().expect("unpoisoned");
    assert_eq!((&seen[0].partly, &seen[1].partly), (&None, &Some(partly)));
}

#[tokio::test]
async fn a_doubtful_refusal_is_tried_twice_and_then_parked_with_its_reason() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "doubtful", Purpose::Order).await;
    let sender = Scripted::new([again(Pause::GrowsAtMost(2), None), again(Pause::GrowsAtMost(2), None)]);
    until(&engine, &sender, || sender.seen().len() == 1).await;
    assert!(outbox::parked(&*engine.store, None, 9).await.expect("read").is_empty());
    clock.advance(Duration::from_secs(6));
    until(&engine, &sender, || sender.seen().len() == 2).await;
    let parked = outbox::parked(&*engine.store, None, 9).await.expect("read");
    assert_eq!(parked.iter().map(|item| item.note.why.as_str()).collect::<Vec<_>>(), ["told so"]);
}

#[tokio::test]
async fn pauses_grow_and_end_when_the_text_is_of_no_use_any_more() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "4711", Purpose::Code).await;
    let sender = Scripted::new((0..9).map(|_| again(Pause::Grows, None)));
    for (tries, wait) in [(1, 5), (2, 30), (3, 120)] {
        until(&engine, &sender, || sender.seen().len() == tries).await;
        clock.advance(Duration::from_secs(wait));
    }
    until(&engine, &sender, || sender.seen().len() == 4).await;
    clock.advance(Duration::from_secs(600));
    let engine_too = Arc::clone(&engine);
    let parked = move || {
        let store = Arc::clone(&engine_too.store);
        futures_util::FutureExt::now_or_never(async move { outbox::parked(&*store, None, 9).await })
            .is_some_and(|rows| rows.is_ok_and(|rows| !rows.is_empty()))
    };
    until(&engine, &sender, parked).await;
    assert_eq!(sender.seen().len(), 4, "it was not sent when it was too old");
}
