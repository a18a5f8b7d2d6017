//! The engine over the model of a store, without a network.

mod repeats;

use super::cards::desk::CardDesk;
use super::port::*;
use super::shopfront::{CardEvent, CardNews, CardSession, ShopError, ShopFront};
use super::trade::{Due, Text};
use super::work::shard;
use super::*;
use crate::engine::clock::MovableClock;
use crate::menu::check::Limits;
use crate::store::memory::Memory;
use crate::store::{outbox as rows, timers};
use crate::types::{CodeKind, Msisdn, SpokenCode, Usd};
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

mod desk;
mod indexes;
mod long;
mod pages;
mod pushes;
mod tapes;
mod trial;

/// Providers that are never asked in these tests.
pub(super) struct Nobody;

impl MoneyOut for Nobody {
    fn pay(&self, _: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async { PayoutNews::NotTaken { why: "nobody is there".to_owned() } })
    }
    fn status(&self, _: PayOut) -> BoxFuture<'_, PayoutNews> {
        Box::pin(async { PayoutNews::NotTaken { why: "nobody is there".to_owned() } })
    }
    fn is_up(&self, _: Msisdn) -> bool {
        false
    }
}

impl CardIn for Nobody {
    fn open(&self, _: CardSession) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }
    fn refunded(&self, _: String, _: Usd, _: String) -> BoxFuture<'_, Result<bool, String>> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }
    fn refund(&self, _: String, _: Usd, _: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }
}

/// An SMSC that names both parts of everything alike.
#[derive(Default)]
struct OneName(AtomicUsize);

impl SmsSender for OneName {
    fn send(&self, _: SmsOut) -> BoxFuture<'_, Sent> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let ids = ["7", "7", "", ""].map(str::to_owned).to_vec();
        Box::pin(async { Sent::Taken { gateway: "safari".into(), ids } })
    }
}

pub(super) async fn engine() -> (Arc<Engine>, Arc<MovableClock>) {
    engine_with(Arc::new(Nobody)).await
}

/// An engine with a card processor.
pub(super) async fn engine_with(card: Arc<dyn CardIn>) -> (Arc<Engine>, Arc<MovableClock>) {
    let clock = Arc::new(MovableClock::standing());
    (engine_over(Arc::new(Memory::new()), clock.clone(), card).await, clock)
}

/// An engine over a store that may be another's.
pub(super) async fn over(store: Memory, clock: &Arc<MovableClock>) -> Arc<Engine> {
    engine_over(Arc::new(store), Arc::clone(clock), Arc::new(Nobody)).await
}

pub(super) async fn engine_over(
    store: Arc<dyn Store>, clock: Arc<MovableClock>, card: Arc<dyn CardIn>,
) -> Arc<Engine> {
    let menus = Menus::read(&crate::menu::builtin::sources(), &Limits::default()).expect("sound menus");
    let house = House {
        help_phone: phone(800),
        dial: "*483*57#".to_owned(),
        sms: "48357".to_owned(),
        lang: Lang::SW,
        most_septets: 160,
        public_url: "http://shop".to_owned(),
    };
    let parts = Parts {
        store,
        clock,
        chance: Arc::new(crate::engine::chance::SystemChance),
        menus: Arc::new(menus),
        policy: Policy::default(),
        house,
        pins: Pins::quick(),
        money: Arc::new(Nobody),
        card,
        addresses: crate::engine::buyers::Seal::new(&"a secret of these tests".into()),
        recon: Default::default(),
        mail: None,
    };
    Engine::new(parts).await.expect("an engine")
}

pub(super) fn phone(end: u64) -> Msisdn {
    Msisdn::from_e164(&format!("254700000{end:03}")).expect("a number")
}

pub(super) async fn join(engine: &Engine, phone: Msisdn, lang: Lang) -> PartyId {
    let mut work = engine.work(engine.clock.now()).expect("work");
    let joining = Joining {
        id: PartyId::new(work.now, &mut work.entropy),
        role: Role::Artisan,
        number: engine.free_number(&mut work).await.expect("a number"),
        phone,
        lang,
        name: "Achieng Otieno".to_owned(),
        area: "kibera".parse().expect("a word"),
        kiosk: None,
        mentor: None,
        pin: None,
    };
    let id = joining.id;
    let events =
        party::decide(None, &PartyCommand::Join(joining), &engine.policy, work.now).expect("she may join");
    work.apply::<Party>(id, events);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    id
}

pub(super) async fn sms(engine: &Engine, from: Msisdn, text: &str) -> Result<(), Busy> {
    let mark = [b"sms ", text.as_bytes()].concat();
    let (gateway, at) = ("test".into(), engine.clock.now());
    let input = SmsIn { gateway, from, to: "48357".to_owned(), text: text.to_owned(), mark, name: None, at };
    engine.sms_turn(input).await.map(drop)
}

pub(super) async fn ussd(engine: &Engine, msisdn: Msisdn, event: UssdEvent) -> UssdOut {
    let (gateway, at) = ("test".into(), engine.clock.now());
    let session = b"s".to_vec();
    let input = UssdIn { gateway, msisdn, session, sequence: None, event, mark: None, septets: None, at };
    engine.ussd_turn(input).await
}

/// Every text that waits to be sent, in no order.
async fn texts(engine: &Engine) -> Vec<String> {
    let now = engine.clock.now();
    let items = rows::claim(&*engine.store, shard::SMS, now, 99, now.after(Duration::from_secs(1)))
        .await
        .expect("claimed");
    let text =
        |item: &rows::Claimed| serde_json::from_slice::<Text>(&item.item.payload).expect("a text").text;
    items.iter().map(text).collect()
}

/// Runs the workers until no text waits any more; how often they sent one.
pub(super) async fn sent_until_none_waits(engine: &Arc<Engine>) -> usize {
    let (sender, stop) = (Arc::new(OneName::default()), CancellationToken::new());
    let worker = tokio::spawn(outbox::run(Arc::clone(engine), sender.clone(), stop.clone()));
    let settled = async {
        while rows::next_due(&*engine.store, shard::SMS).await.expect("read").is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), settled).await.expect("settled");
    stop.cancel();
    worker.await.expect("ended");
    sender.0.load(Ordering::SeqCst)
}

async fn journal(engine: &Engine) -> String {
    let rows = engine.store.scan(vec![keys::JOURNAL], None, 99, false).await.expect("read");
    rows.iter().map(|(_, row)| String::from_utf8_lossy(&row.octets()).into_owned()).collect()
}

#[tokio::test]
async fn an_sms_whose_parts_got_one_name_or_none_is_sent_once() {
    let (engine, _) = engine().await;
    sms(&engine, phone(101), "hello").await.expect("kept");
    assert_eq!(sent_until_none_waits(&engine).await, 1);
}

#[tokio::test]
async fn an_sms_that_comes_again_under_its_name_is_not_heard_again_for_days() {
    let (engine, clock) = engine().await;
    let day = Duration::from_secs(86_400);
    let named = async |name: &str, text: &str| {
        let (gateway, from, at) = ("http".into(), phone(101), engine.clock.now());
        let (mark, name) = (text.as_bytes().to_vec(), Some(name.as_bytes().to_vec()));
        let input = SmsIn { gateway, from, to: "48357".to_owned(), text: text.to_owned(), mark, name, at };
        engine.sms_turn(input).await
    };
    assert_eq!(named("mo-1", "hello").await, Ok(Kept::Now));
    assert_eq!(named("mo-2", "hello").await, Ok(Kept::Now), "another message of the same words");
    for _ in 0..3 {
        clock.advance(day);
        assert_eq!(named("mo-1", "hello").await, Ok(Kept::Before));
    }
    assert_eq!(journal(&engine).await.matches("hello").count(), 2);
    clock.advance(6 * day);
    crate::store::verify::prune(&*engine.store, engine.clock.now()).await.expect("swept");
    let marks = engine.store.scan(vec![crate::store::keys::INBOX], None, 9, false).await.expect("read");
    assert!(marks.is_empty(), "a name is not kept for ever");
}

#[tokio::test]
async fn a_timer_about_an_order_that_is_gone_does_not_hold_up_the_next() {
    let (engine, clock) = engine().await;
    let mut work = engine.work(engine.clock.now()).expect("work");
    let (now, missing) = (work.now, SpokenCode::nth(CodeKind::Order, 7));
    work.timer(now, "a", &Due::Unpaid(missing));
    work.timer(now, "b", &Due::Cut { msisdn: phone(101), touched: now });
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("set");
    assert_eq!(engine.do_due().await, Ok(2));
    assert_eq!(engine.do_due().await, Ok(0));
    clock.advance(Duration::from_secs(3_600));
    let left = timers::due(&*engine.store, engine.clock.now(), 9).await.expect("read");
    assert_eq!(left.iter().map(|timer| timer.id.as_slice()).collect::<Vec<_>>(), [b"a"]);
}

#[tokio::test]
async fn an_endless_sms_of_a_stranger_is_taken_once_and_what_may_be_a_pin_is_not_written_down() {
    let (engine, _) = engine().await;
    let text = format!("PIN 4071 {}", "\u{1}".repeat(60_000));
    assert_eq!(sms(&engine, phone(101), &text).await, Ok(()));
    join(&engine, phone(102), Lang::EN).await;
    assert_eq!(sms(&engine, phone(102), "my pin is 4071").await, Ok(()));
    let written = journal(&engine).await;
    assert!(written.contains("my pin is ****") && !written.contains("4071"));
    assert_eq!(texts(&engine).await.len(), 2);
}

#[tokio::test]
async fn an_answer_by_sms_that_comes_twice_answers_one_question() {
    let (engine, clock) = engine().await;
    let her = phone(101);
    join(&engine, her, Lang::EN).await;
    ussd(&engine, her, UssdEvent::Begin("*483*57#".to_owned())).await;
    for key in ["1", "1", "1"] {
        ussd(&engine, her, UssdEvent::Reply(key.to_owned())).await;
    }
    ussd(&engine, her, UssdEvent::Gone).await;
    for _ in 0..2 {
        clock.advance(Duration::from_secs(10));
        sms(&engine, her, "80").await.expect("kept");
    }
    let texts = texts(&engine).await;
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts.iter().all(|text| text.contains("How many are ready")), "{texts:?}");
}

#[tokio::test]
async fn money_taken_for_no_order_of_ours_stands_in_the_books_as_owed_once() {
    let (engine, _) = engine().await;
    let news = CardNews {
        event_id: "evt_1".to_owned(),
        token: "somebody else's".to_owned(),
        payment: "pi_1".to_owned(),
        what: CardEvent::Paid(Usd::minor(4_500)),
    };
    for event_id in ["evt_1", "evt_1", "evt_2"] {
        let news = CardNews { event_id: event_id.to_owned(), ..news.clone() };
        assert_eq!(engine.card_news(news).await, Ok(()));
    }
    let books = engine.trial_balance().await.expect("books");
    let of = |name: &str| books.iter().find(|row| row.account == name).map(|row| row.balance);
    assert_eq!(of("suspense"), Some(crate::types::Kes::minor(582_750)));
    let troubles = engine.card_troubles().await.expect("a list");
    assert_eq!(troubles.len(), 1);
    assert_eq!((troubles[0].what.as_str(), troubles[0].open), ("no_order", true));
    let what = CardEvent::RefundFailed {
        refund: "re_1".to_owned(),
        key: Some("refund/482108/1".to_owned()),
        amount: Usd::minor(100),
    };
    let unknown = CardNews { event_id: "evt_3".to_owned(), what, ..news };
    assert_eq!(engine.card_news(unknown).await, Err(ShopError::NotFound));
}

#[tokio::test]
async fn a_kiosk_on_an_artisans_phone_is_told_at_the_start() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    let mut kiosk = Kiosk {
        phone: "0700000101".to_owned(),
        name: "Amina Hassan".to_owned(),
        place: "Kibera Kiosk".to_owned(),
        area: "kibera".to_owned(),
        lang: Lang::EN,
    };
    assert!(engine.enrol(std::slice::from_ref(&kiosk)).await.expect_err("refused").contains("artisan"));
    kiosk.phone = "0700000201".to_owned();
    for _ in 0..2 {
        assert_eq!(engine.enrol(std::slice::from_ref(&kiosk)).await, Ok(()));
    }
}

#[tokio::test]
async fn a_kiosk_opens_a_locked_pin_and_its_owner_is_told() {
    let (engine, _) = engine().await;
    let (her, kiosk) = (phone(101), phone(201));
    join(&engine, her, Lang::EN).await;
    let amina = Kiosk {
        phone: "0700000201".to_owned(),
        name: "Amina Hassan".to_owned(),
        place: "Kibera Kiosk".to_owned(),
        area: "kibera".to_owned(),
        lang: Lang::EN,
    };
    engine.enrol(&[amina]).await.expect("enrolled");
    let row = engine.store.read(vec![keys::by_phone(her)]).await.expect("read").remove(0).expect("known");
    let id = view::FromIndex::from_octets(&row.octets()).expect("an id");
    let mut work = engine.work(engine.clock.now()).expect("work");
    let hash = PinHash("unread".to_owned());
    let wrong = || PartyCommand::TryPin { right: false };
    for command in [PartyCommand::SetPin { hash }, wrong(), wrong(), wrong()] {
        let party = work.need::<Party>(id).await.expect("known");
        let events = party::decide(Some(&party), &command, &engine.policy, work.now).expect("decided");
        work.apply::<Party>(id, events);
    }
    assert!(work.need::<Party>(id).await.expect("known").pin_is_locked());
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");

    ussd(&engine, kiosk, UssdEvent::Begin("*483*57#".to_owned())).await;
    ussd(&engine, kiosk, UssdEvent::Reply("6".to_owned())).await;
    ussd(&engine, kiosk, UssdEvent::Reply("4".to_owned())).await;
    ussd(&engine, kiosk, UssdEvent::Reply("0700000101".to_owned())).await;
    let last = ussd(&engine, kiosk, UssdEvent::Reply("1".to_owned())).await;
    assert!(matches!(&last, UssdOut::End(said) if said.starts_with("Achieng can choose a new PIN now.")));
    let mut work = engine.work(engine.clock.now()).expect("work");
    assert_eq!(work.need::<Party>(id).await.expect("known").pin, None);
    assert!(texts(&engine).await.iter().any(|text| text.contains("was opened at Kibera Kiosk: dial and")));
}

/// A step as a gateway tells it that brings all that was typed.
async fn heard(engine: &Engine, session: &str, text: &str) -> UssdOut {
    let heard = Heard { code: "*483*57#".to_owned(), text: text.to_owned(), separator: Some('*') };
    over_http(engine, session, UssdEvent::Heard(heard)).await
}

async fn over_http(engine: &Engine, session: &str, event: UssdEvent) -> UssdOut {
    let (session, at) = (session.as_bytes().to_vec(), engine.clock.now());
    let (gateway, msisdn) = ("http".into(), phone(101));
    engine
        .ussd_turn(UssdIn { gateway, msisdn, session, sequence: None, event, mark: None, septets: None, at })
        .await
}

fn account(shown: bool) -> UssdEvent {
    let (status, cost) = (if shown { "Success" } else { "Failed" }.to_owned(), "KES 1.20".to_owned());
    UssdEvent::Ended(Account { shown, status, cost, millis: Some(43_000), hops: Some(3) })
}

#[tokio::test]
async fn of_all_that_was_typed_only_the_new_part_acts_however_often_it_comes() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    let home = heard(&engine, "a", "").await;
    assert_eq!(heard(&engine, "a", "").await, home, "a begin that comes twice");
    let kinds = heard(&engine, "a", "1").await;
    let stuffs = heard(&engine, "a", "1*1").await;
    assert_ne!(kinds, stuffs);
    assert_eq!(heard(&engine, "a", "1*1").await, stuffs);
    assert_eq!(heard(&engine, "a", "1").await, stuffs, "late: she has gone on since");
    // One answer with stars in it, not three.
    let UssdOut::Ask(still) = heard(&engine, "a", "1*1*1*850*3").await else { panic!("asked") };
    assert!(!still.contains("Right?"), "{still}");
}

#[tokio::test]
async fn a_late_step_of_a_dialog_that_another_one_followed_begins_nothing() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    heard(&engine, "a", "").await;
    heard(&engine, "a", "3").await;
    let again = heard(&engine, "b", "").await;
    assert!(matches!(heard(&engine, "a", "3*1").await, UssdOut::End(_)));
    assert_eq!(heard(&engine, "b", "").await, again, "hers is where it was");
}

#[tokio::test]
async fn the_account_of_a_dialog_is_kept_once_even_when_she_redialled_before_it_came() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    heard(&engine, "a", "").await;
    heard(&engine, "b", "").await;
    for _ in 0..2 {
        over_http(&engine, "a", account(false)).await;
        over_http(&engine, "b", account(false)).await;
        over_http(&engine, "never-begun", account(true)).await;
    }
    let written = journal(&engine).await;
    assert_eq!(written.matches("KES 1.20").count(), 2, "{written}");
    assert_eq!(written.matches(r#"["millis","43000"]"#).count(), 2, "{written}");
}

#[tokio::test]
async fn a_dialog_that_ended_before_its_time_is_gone_on_with() {
    let (engine, _) = engine().await;
    join(&engine, phone(101), Lang::EN).await;
    for (session, text) in [("a", ""), ("a", "1"), ("a", "1*1")] {
        heard(&engine, session, text).await;
    }
    over_http(&engine, "a", account(true)).await;
    let UssdOut::Ask(screen) = heard(&engine, "b", "").await else { panic!("asked") };
    assert!(screen.starts_with("You stopped at"), "{screen}");
}
