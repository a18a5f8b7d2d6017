//! Forgetting somebody over the model of a store: at every step the store is what its journal says.

use super::worker::Recall;
mod meanwhile;

use super::*;
use crate::engine::audit::{Derived, Ledger};
use crate::engine::clock::MovableClock;
use crate::engine::desk::Who;
use crate::engine::desk::approvals::{ApprovalDesk, ApprovalRow, ApprovalWish, Wanted};
use crate::engine::port::UssdEvent;
use crate::engine::record::{Cause, Record};
use crate::engine::shopfront::ShopError;
use crate::engine::tests::{Nobody, engine, engine_over, over, phone, sent_until_none_waits, sms, ussd};
use crate::engine::view::every;
use crate::market::bulletin::{Attendee, BulletinEvent, Topic};
use crate::market::case::{Case, CaseEvent, CaseKind};
use crate::market::listing::Listing;
use crate::market::party::{HoldCode, Invitation, Joining, PartyEvent, Role, Tie};
use crate::market::payout::{PayFrom, Payout, PayoutEvent};
use crate::store::batch::Batch;
use crate::store::journal;
use crate::store::keys;
use crate::store::memory::Memory;
use crate::store::redact::{Notice, Redaction, digest};
use crate::store::verify::{Rederive, verify, walk};
use crate::types::{BulletinId, CaseId, Kes, Lang, PayoutId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

async fn joins(engine: &Engine, end: u64, name: &str) -> PartyId {
    let mut work = engine.work(engine.clock.now()).expect("work");
    let joining = Joining {
        id: PartyId::new(work.now, &mut work.entropy),
        role: Role::Artisan,
        number: engine.free_number(&mut work).await.expect("a number"),
        phone: phone(end),
        lang: Lang::EN,
        name: name.to_owned(),
        area: "kibera".parse().expect("a word"),
        kiosk: None,
        mentor: None,
        pin: None,
    };
    let id = joining.id;
    let join = PartyCommand::Join(joining);
    let events = party::decide(None, &join, &engine.policy, work.now).expect("she may join");
    work.apply::<Party>(id, events);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    id
}

/// Whatever may be kept of somebody: what she typed, what others said of her, a payout, a case.
async fn lives(engine: &Engine) -> PartyId {
    let her = joins(engine, 101, "Nafuna Wekesa").await;
    let other = joins(engine, 102, "Grace Atieno").await;
    for text in ["SELL NECKLACE BRASS 850 3", "HELLO I AM NAFUNA", "BALANCE"] {
        sms(engine, phone(101), text).await.expect("heard");
    }
    sms(engine, phone(102), "call 0700 000 101, nafuna").await.expect("heard");
    sms(engine, phone(102), "or ask for Barasa").await.expect("heard");
    for end in [101, 102] {
        ussd(engine, phone(end), UssdEvent::Begin("*483*57#".to_owned())).await;
    }
    let mut work = engine.work(engine.clock.now()).expect("work");
    let (case, payout, lesson) =
        (CaseId::derived("a case"), PayoutId::derived("a payout"), BulletinId::derived("a lesson"));
    let why = BTreeMap::from([(Lang::EN, "Nafuna has another SIM".to_owned())]);
    work.get::<Party>(her).await.expect("read");
    work.get::<Party>(other).await.expect("read");
    work.apply::<Party>(
        her,
        vec![
            PartyEvent::MoneyNamed { name: "Nafuna Barasa".to_owned() },
            PartyEvent::MoneyNamed { name: "Nafuna Grace Wekesa".to_owned() },
            PartyEvent::Held { code: HoldCode::SimChanged, why },
            PartyEvent::Unheld,
        ],
    );
    let (name, at) = ("My cousin".to_owned(), work.now);
    let invited = PartyEvent::Invited(Invitation { phone: phone(101), name, to: Tie::Mentee, at });
    work.apply::<Party>(other, vec![invited]);
    let text = "Nafuna says that it is lost, call 0700000101".to_owned();
    let opened = CaseEvent::Opened {
        id: case,
        what: CaseKind::Other,
        order: None,
        people: vec![her, other],
        by: "Wekesa".to_owned(),
        text,
    };
    let why = BTreeMap::from([(Lang::EN, "found at Nafuna's".to_owned())]);
    work.apply::<Case>(case, vec![opened, CaseEvent::Closed { by: "Wekesa".to_owned(), why }]);
    let asked = PayoutEvent::Asked {
        id: payout,
        owner: her,
        from: PayFrom::Artisan,
        to: phone(101),
        via: String::new(),
        amount: Kes::major(50),
    };
    let why = "254700000101 is not known".to_owned();
    work.apply::<Payout>(payout, vec![asked, PayoutEvent::Failed { why }]);
    let (area, place) = ("kibera".parse().expect("a word"), "at Nafuna's stall".to_owned());
    let topic = Topic::Lesson { area, place, day: work.now, seats: 9 };
    let posted = BulletinEvent::Posted { id: lesson, topic, by: "Halima".to_owned() };
    let came = BulletinEvent::Came(Attendee { phone: phone(101), who: Some(her) });
    work.apply::<crate::market::Bulletin>(lesson, vec![posted, came]);
    engine.commit(work, Cause::Desk("Nafuna came by".to_owned()), None).await.expect("committed");
    her
}

async fn wish(engine: &Engine, by: &str, wish: ApprovalWish) -> Result<ApprovalRow, String> {
    engine.approval(Who::new(by), wish).await.map_err(|why| match why {
        ShopError::Field { why, .. } => why,
        other => format!("{other:?}"),
    })
}

async fn asks(engine: &Engine) -> Result<ApprovalRow, String> {
    let wanted = Wanted::Erasure { phone: "0700000101".to_owned() };
    wish(engine, "Njeri", ApprovalWish::Ask { wanted, why: "Nafuna asked by letter".to_owned() }).await
}

/// An engine, and the store it stands over.
async fn with_store() -> (Arc<Engine>, Arc<MovableClock>, Arc<Memory>) {
    let (store, clock) = (Arc::new(Memory::new()), Arc::new(MovableClock::standing()));
    let engine = engine_over(store.clone(), Arc::clone(&clock), Arc::new(Nobody)).await;
    (engine, clock, store)
}

/// Two people erase her.
async fn decided(engine: &Engine) -> ApprovalId {
    let approval = asks(engine).await.expect("nothing is open").approval;
    wish(engine, "Wekesa", ApprovalWish::Approve { approval }).await.expect("two people");
    approval
}

/// Every step until nothing is due; the store is what its journal says after each.
async fn goes_on(engine: &Engine) -> usize {
    let (mut steps, mut recall) = (0, Recall::default());
    loop {
        let due = engine.do_due().await.expect("done") + one_step(engine, &mut recall).await;
        if due == 0 {
            return steps;
        }
        steps += 1;
        let report = verify(&*engine.store, &mut Derived::default(), 9).await.expect("whole");
        assert_eq!(report.differences, [], "after step {steps}");
    }
}

/// One step of each erasure that is due; how many.
async fn one_step(engine: &Engine, recall: &mut Recall) -> usize {
    engine.erase_some(recall).await.expect("a step")
}

/// Every row in which one of these stands, in letters or in octets.
async fn rows_with(engine: &Engine, words: &[&str]) -> Vec<String> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = engine.store.scan(Vec::new(), from, 500, false).await.expect("read");
        let Some((last, _)) = page.last() else { return found };
        from = Some(last.clone());
        for (key, row) in page {
            let octets = [key.as_slice(), &row.octets()].concat();
            let text = String::from_utf8_lossy(&octets).to_lowercase();
            let number = phone(101).number().to_be_bytes();
            if words.iter().any(|word| text.contains(word)) || octets.windows(8).any(|eight| eight == number)
            {
                found.push(text);
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_her_is_left_anywhere_and_the_store_is_what_its_journal_says_at_every_step() {
    let (engine, clock) = engine().await;
    let her = lives(&engine).await;
    goes_on(&engine).await;
    let hers = ["nafuna", "0700000101", "700 000 101", "254700000101", "my cousin", "barasa"];
    assert!(rows_with(&engine, &hers).await.len() > 15);
    decided(&engine).await;
    let report = verify(&*engine.store, &mut Derived::default(), 9).await.expect("whole");
    assert_eq!(report.differences, [], "in the moment of the approval");
    assert!(goes_on(&engine).await > 8);
    // Only her last text is left, until it is known what became of it.
    let left = rows_with(&engine, &hers).await;
    assert!(left.iter().all(|row| !row.contains("nafuna")) && (1..6).contains(&left.len()), "{left:#?}");
    sent_until_none_waits(&engine).await;
    clock.advance(DAY * 4);
    goes_on(&engine).await;
    assert_eq!(rows_with(&engine, &hers).await, Vec::<String>::new());
    let after = engine.work(engine.clock.now()).expect("work").need::<Party>(her).await.expect("a row");
    assert!(after.is_erased() && after.phone.is_nobodys() && after.name.starts_with("Erased "), "{after:?}");
    // What others did, and who acted at the desk, stays.
    let rest = rows_with(&engine, &["grace atieno", "wekesa", "call +999", "call 999"]).await;
    assert!(rest.iter().any(|row| row.contains("grace atieno")), "{rest:#?}");
    assert!(rest.iter().any(|row| row.contains("\"by\":\"wekesa\"")), "{rest:#?}");
    assert!(rest.iter().any(|row| row.contains("that it is lost, call 999")), "{rest:#?}");
}

#[tokio::test]
async fn the_same_number_joins_as_somebody_else_while_the_old_one_is_still_being_forgotten() {
    let (engine, clock) = engine().await;
    let old = lives(&engine).await;
    goes_on(&engine).await;
    decided(&engine).await;
    let new = joins(&engine, 101, "Nafuna Wekesa").await;
    sms(&engine, phone(101), "SELL RING BRASS 400 1").await.expect("heard");
    sent_until_none_waits(&engine).await;
    goes_on(&engine).await;
    clock.advance(DAY * 4);
    goes_on(&engine).await;
    assert_ne!(old, new);
    let mut work = engine.work(engine.clock.now()).expect("work");
    let party = work.need::<Party>(new).await.expect("a row");
    assert_eq!((party.name.as_str(), party.phone), ("Nafuna Wekesa", phone(101)));
    let listings =
        every::<Listing>(&mut work, keys::index_prefix("listing_of", &[new.as_bytes()]), false).await;
    assert_eq!(listings.expect("read").len(), 1, "only what she listed since");
    let rows = rows_with(&engine, &["ring brass 400"]).await;
    assert!(
        rows.iter().any(|row| row.contains("ring brass 400") && row.contains("254700000101")),
        "{rows:#?}"
    );
}

#[tokio::test]
async fn a_crash_between_two_steps_is_gone_on_with() {
    let (engine, clock, store) = with_store().await;
    lives(&engine).await;
    goes_on(&engine).await;
    decided(&engine).await;
    let mut steps = 0;
    loop {
        // Whatever a step was about to do is not done: only what the store has counts.
        let copy = over(store.copy(), &clock).await;
        sent_until_none_waits(&copy).await;
        goes_on(&copy).await;
        clock.advance(DAY * 4);
        goes_on(&copy).await;
        assert_eq!(rows_with(&copy, &["nafuna"]).await, Vec::<String>::new(), "after {steps} steps");
        if one_step(&engine, &mut Recall::default()).await == 0 || steps == 6 {
            break;
        }
        steps += 1;
    }
    assert!(steps > 3);
}

#[tokio::test]
async fn nobody_is_forgotten_whose_money_or_cases_are_open_or_twice() {
    let (engine, _) = engine().await;
    let her = lives(&engine).await;
    let change = async |events: Vec<PartyEvent>| {
        let mut work = engine.work(engine.clock.now()).expect("work");
        work.get::<Party>(her).await.expect("read");
        work.apply::<Party>(her, events);
        engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    };
    let why = BTreeMap::from([(Lang::EN, "we look into it".to_owned())]);
    change(vec![PartyEvent::Held { code: HoldCode::Desk, why }]).await;
    assert!(asks(&engine).await.expect_err("held").contains("lift it first"));
    change(vec![PartyEvent::Unheld]).await;
    let mut work = engine.work(engine.clock.now()).expect("work");
    let case = CaseId::derived("another case");
    let opened = CaseEvent::Opened {
        id: case,
        what: CaseKind::Other,
        order: None,
        people: vec![her],
        by: "Halima".to_owned(),
        text: "a question".to_owned(),
    };
    work.apply::<Case>(case, vec![opened]);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    assert!(asks(&engine).await.expect_err("a case").contains("close it first"));
    let mut work = engine.work(engine.clock.now()).expect("work");
    work.get::<Case>(case).await.expect("read");
    let why = BTreeMap::from([(Lang::EN, "answered".to_owned())]);
    work.apply::<Case>(case, vec![CaseEvent::Closed { by: "Halima".to_owned(), why }]);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");

    let approval = asks(&engine).await.expect("nothing is open").approval;
    assert_eq!(asks(&engine).await.expect("the same wish").approval, approval);
    let alone = wish(&engine, "Njeri", ApprovalWish::Approve { approval }).await.expect_err("one person");
    assert!(alone.contains("two people"), "{alone}");
    for _ in 0..2 {
        wish(&engine, "Otieno", ApprovalWish::Approve { approval }).await.expect("two people");
    }
    assert!(asks(&engine).await.expect_err("gone").contains("nobody here has this phone"));
}

/// Replaces the first record on the word of somebody.
async fn replaces(engine: &Engine, by: String) {
    replaces_with(engine, by, Vec::new()).await;
}

/// The same, with more that it says happened.
async fn replaces_with(engine: &Engine, by: String, more: Vec<crate::market::Event>) {
    let record = journal::read(&*engine.store, 0, 1).await.expect("read").remove(0);
    let mut told: Record = serde_json::from_slice(&record.record).expect("a record");
    told.cause = Cause::Desk("something else".to_owned());
    told.events.extend(more);
    let new = told.encode();
    let notice = Notice { by, rows: vec![(record.number, digest(&new))] };
    let at = engine.clock.now();
    let (events, transfers, changes, redacts) = (Vec::new(), Vec::new(), Vec::new(), Some(notice));
    let told = Record { at, cause: Cause::Desk("test".to_owned()), events, transfers, changes, redacts };
    let (position, index, was) = (record.position, record.index, record.record);
    let mut batch =
        Batch { redact: vec![Redaction { position, index, was, record: new }], ..Batch::default() };
    batch.journal.push(told.encode());
    engine.store.commit(batch).await.expect("the store itself knows no approvals");
}

async fn ledger_says(engine: &Engine) -> Result<(), String> {
    let mut ledger = Ledger::default();
    let told = walk(&*engine.store, &mut |record| ledger.record(record)).await;
    told.map(drop).map_err(|why| why.to_string())
}

#[tokio::test]
async fn records_replaced_on_a_word_that_nobody_gave_or_that_is_over_are_an_edited_history() {
    let nobody = "which nobody gave";
    let (engine, clock, store) = with_store().await;
    lives(&engine).await;
    let approval = asks(&engine).await.expect("nothing is open").approval;
    assert_eq!(ledger_says(&engine).await, Ok(()));
    let before = over(store.copy(), &clock).await;
    replaces(&before, approval.to_string()).await;
    assert!(ledger_says(&before).await.expect_err("one person asked").contains(nobody));
    let verified = verify(&*before.store, &mut Derived::default(), 9).await;
    assert!(verified.expect_err("edited").to_string().contains(nobody));

    wish(&engine, "Wekesa", ApprovalWish::Approve { approval }).await.expect("two people");
    goes_on(&engine).await;
    sent_until_none_waits(&engine).await;
    clock.advance(DAY * 4);
    goes_on(&engine).await;
    assert_eq!(ledger_says(&engine).await, Ok(()));
    replaces(&engine, approval.to_string()).await;
    assert!(ledger_says(&engine).await.expect_err("it is over").contains(nobody));
}
