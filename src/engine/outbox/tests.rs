use super::*;
use crate::engine::port::{Partly, Pause, Purpose, Sent, SmsOut};
use crate::engine::shopfront::{MessagesWish, ShopError, ShopFront};
use crate::engine::tests::{engine, phone};
use std::collections::VecDeque;
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

/// The workers, and what stops them.
fn running(engine: &Arc<Engine>, sender: &Arc<Scripted>) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let stop = CancellationToken::new();
    let sender = Arc::clone(sender) as Arc<dyn SmsSender>;
    (stop.clone(), tokio::spawn(run(Arc::clone(engine), sender, stop)))
}

/// Waits until so many were sent.
async fn sent(sender: &Scripted, many: usize) {
    let waiting = async {
        while sender.seen().len() < many {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let sent = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(sent.is_ok(), "{:?}", sender.seen());
}

#[tokio::test]
async fn behind_a_code_that_went_ahead_no_text_slips_past_the_one_that_waits() {
    let (engine, clock) = engine().await;
    // The code is put off as well, for longer and for less long than the text before it.
    for code_waits in [None, Some(1), Some(90)] {
        let answers = [again(Pause::Grows, None)].into_iter();
        let waits = code_waits.map(|secs| again(Pause::After(Duration::from_secs(secs)), None));
        let sender = Scripted::new(answers.chain(waits));
        let (stop, workers) = running(&engine, &sender);
        write(&engine, 1, "first", Purpose::Order).await;
        sent(&sender, 1).await;
        clock.advance(Duration::from_millis(1));
        write(&engine, 1, "4711", Purpose::Code).await;
        sent(&sender, 2).await;
        clock.advance(Duration::from_millis(1));
        write(&engine, 1, "third", Purpose::Order).await;
        // One to another phone shows that the worker had its look.
        write(&engine, 2, "elsewhere", Purpose::Order).await;
        sent(&sender, 3).await;
        let code_again = usize::from(code_waits.is_some());
        for _ in 0..100 {
            clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sent(&sender, 5 + code_again).await;
        stop.cancel();
        workers.await.expect("no panic");
        let seen = sender.seen();
        let place = |text: &str| seen.iter().rposition(|seen| seen == text).expect("sent");
        assert_eq!(seen[..3], ["first", "4711", "elsewhere"]);
        assert!(place("first") < place("third"), "{seen:?}");
        assert!(place("4711") < place("third"), "{seen:?}");
    }
}

#[tokio::test]
async fn a_text_that_was_put_off_goes_before_a_later_one_after_a_restart_too() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "first", Purpose::Order).await;
    let sender = Scripted::new([again(Pause::Grows, None)]);
    until(&engine, &sender, || sender.seen().len() == 1).await;
    clock.advance(Duration::from_secs(1));
    write(&engine, 1, "second", Purpose::Order).await;
    clock.advance(Duration::from_secs(1));
    until(&engine, &sender, || sender.seen().len() == 3).await;
    assert_eq!(sender.seen(), ["first", "first", "second"]);
}

#[tokio::test]
async fn a_text_behind_one_that_waits_is_given_up_when_its_own_time_is_over() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "first", Purpose::Order).await;
    let sender = Scripted::new([again(Pause::After(Duration::from_secs(7 * 86_400)), None)]);
    let (stop, workers) = running(&engine, &sender);
    sent(&sender, 1).await;
    clock.advance(Duration::from_millis(1));
    write(&engine, 1, "a tip", Purpose::Tip).await;
    write(&engine, 2, "elsewhere", Purpose::Order).await;
    sent(&sender, 2).await;
    clock.advance(Purpose::Tip.lives());
    let parked = async {
        while outbox::parked(&*engine.store, None, 9).await.expect("read").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), parked).await.expect("given up in time");
    stop.cancel();
    workers.await.expect("no panic");
    assert!(!sender.seen().contains(&"a tip".to_owned()));
}

/// The messages of the desk in this state.
async fn desk(engine: &Engine, state: &str) -> Vec<crate::engine::shopfront::DeskMessage> {
    let wish = MessagesWish { state: Some(state.to_owned()), ..MessagesWish::default() };
    engine.desk_messages(wish).await.expect("a page").rows
}

#[tokio::test]
async fn a_text_that_was_given_up_is_listed_and_sent_again_once() {
    let (engine, clock) = engine().await;
    write(&engine, 1, "doomed", Purpose::Order).await;
    let sender = Scripted::new([Sent::Never("no such number".to_owned())]);
    until(&engine, &sender, || sender.seen().len() == 1).await;
    clock.advance(Duration::from_secs(30 * 86_400));
    let parked = desk(&engine, "parked").await;
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].state.as_str(), parked[0].can_go_again), ("given_up", true));
    assert_eq!(parked[0].reason.as_deref(), Some("no such number"));

    engine
        .desk_send_again(crate::engine::desk::Who::default(), parked[0].id.clone())
        .await
        .expect("it waits again");
    assert!(desk(&engine, "parked").await.is_empty());
    assert_eq!(desk(&engine, "waiting").await.len(), 1);
    let twice = engine.desk_send_again(crate::engine::desk::Who::default(), parked[0].id.clone()).await;
    assert_eq!(twice, Err(ShopError::NotFound), "a second press sends no second copy");
    until(&engine, &sender, || sender.seen().len() == 2).await;
    assert_eq!(desk(&engine, "taken").await.len(), 1);
    for nonsense in ["", "00", "zz", &"0a".repeat(90)] {
        assert_eq!(
            engine.desk_send_again(crate::engine::desk::Who::default(), nonsense.to_owned()).await,
            Err(ShopError::NotFound)
        );
    }
}

#[tokio::test]
async fn a_tip_that_she_stopped_meanwhile_does_not_wait_for_ever() {
    let (engine, clock) = engine().await;
    crate::engine::tests::sms(&engine, phone(1), "STOP").await.expect("kept");
    let sender = Scripted::new([]);
    until(&engine, &sender, || sender.seen().len() == 1).await;
    clock.advance(Duration::from_secs(1));
    write(&engine, 1, "a tip", Purpose::Tip).await;
    write(&engine, 2, "elsewhere", Purpose::Order).await;
    until(&engine, &sender, || sender.seen().len() == 2).await;
    assert!(desk(&engine, "waiting").await.is_empty());
    let dropped = desk(&engine, "not_needed").await;
    assert_eq!(dropped.iter().map(|row| row.text.as_str()).collect::<Vec<_>>(), ["a tip"]);
    assert!(dropped[0].reason.as_deref().is_some_and(|why| why.contains("she stopped")));
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
