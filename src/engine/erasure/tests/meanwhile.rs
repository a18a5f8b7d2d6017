//! What happens while somebody is being forgotten, and what may not.

use super::*;
use crate::engine::Liaison;
use crate::engine::desk::acts::{ActsDesk, Which};
use crate::engine::work::{Fault, shard};
use crate::ledger::{Fact, Purse};
use crate::market::Approval;
use crate::market::approval::{ApprovalEvent, Matter};
use crate::market::cash::CashEvent;
use crate::market::listing::{ListingEvent, ListingStage};
use crate::market::payout::Heard;
use crate::store::batch::Expect;
use crate::store::outbox;
use crate::types::{CodeKind, Purpose, SpokenCode, Timestamp};

async fn happens<A: crate::engine::aggregate::Aggregate>(engine: &Engine, id: A::Id, events: Vec<A::Event>) {
    let mut work = engine.work(engine.clock.now()).expect("work");
    work.get::<A>(id).await.expect("read");
    work.apply::<A>(id, events);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
}

async fn row<A: crate::engine::aggregate::Aggregate>(engine: &Engine, id: A::Id) -> A {
    engine.work(engine.clock.now()).expect("work").need::<A>(id).await.expect("a row")
}

fn case_of(people: Vec<PartyId>, id: CaseId, text: &str) -> CaseEvent {
    let (by, text) = ("Halima".to_owned(), text.to_owned());
    CaseEvent::Opened { id, what: CaseKind::Other, order: None, people, by, text }
}

async fn grace(engine: &Engine) -> PartyId {
    let row = engine.store.read(vec![keys::by_phone(phone(102))]).await.expect("read").remove(0);
    PartyId::from_bytes(row.expect("Grace").octets().as_ref().try_into().expect("an id"))
}

/// Her last text goes out, time passes, and nothing is due any more.
async fn ends(engine: &Arc<Engine>, clock: &MovableClock) {
    goes_on(engine).await;
    sent_until_none_waits(engine).await;
    clock.advance(DAY * 8);
    goes_on(engine).await;
}

#[tokio::test]
async fn what_changes_while_she_is_being_forgotten_follows_from_the_journal_like_everything_before() {
    let (engine, clock) = engine().await;
    lives(&engine).await;
    goes_on(&engine).await;
    let case = CaseId::derived("a case");
    let other = grace(&engine).await;
    decided(&engine).await;
    let mut recall = Recall::default();
    for step in 0.. {
        // Her number is somebody else's now, who is invited; a case is written on.
        let invited = Invitation {
            phone: phone(101),
            name: format!("Cousin {}", "i".repeat(step % 5 + 1)),
            to: Tie::Helper,
            at: engine.clock.now(),
        };
        happens::<Party>(&engine, other, vec![PartyEvent::Invited(invited)]).await;
        let noted = CaseEvent::Noted { by: "Halima".to_owned(), text: format!("0700000101, look {step}") };
        happens::<Case>(&engine, case, vec![noted]).await;
        clock.advance(Duration::from_millis(5));
        let done = one_step(&engine, &mut recall).await;
        let report = verify(&*engine.store, &mut Derived::default(), 9).await.expect("whole");
        assert_eq!(report.differences, [], "after step {step}");
        if done == 0 {
            break;
        }
    }
    ends(&engine, &clock).await;
    let grace = row::<Party>(&engine, other).await;
    assert_eq!(grace.invited.len(), 1, "the invitation of before ended with her");
    assert!(grace.invited[0].phone == phone(101) && grace.invited[0].name.starts_with("Cousin"));
    let told = format!("{:?}", row::<Case>(&engine, case).await);
    assert!(told.contains("0700000101, look 0") && told.contains("look 5"), "{told}");
    assert!(told.contains("Erased") && !told.contains("Nafuna"), "{told}");
    assert_eq!(rows_with(&engine, &["nafuna", "my cousin"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn acts_on_others_tell_before_and_after_while_somebody_is_being_forgotten_and_acts_on_her_do_not() {
    let (engine, clock) = engine().await;
    lives(&engine).await;
    let other = joins(&engine, 103, "Zainab Odhiambo").await;
    goes_on(&engine).await;
    decided(&engine).await;
    let mut recall = Recall::default();
    for step in 0.. {
        let noted = CaseEvent::Noted { by: "Halima".to_owned(), text: format!("she came, look {step}") };
        happens::<Case>(&engine, CaseId::derived("a case"), vec![noted]).await;
        let id = CaseId::derived(&format!("of others, {step}"));
        happens::<Case>(&engine, id, vec![case_of(vec![other], id, "ask Nafuna Wekesa")]).await;
        let why = BTreeMap::from([(Lang::EN, format!("step {step}"))]);
        happens::<Party>(&engine, other, vec![PartyEvent::Held { code: HoldCode::SimChanged, why }]).await;
        let acts = engine.acts(Which::default(), 3).await.expect("acts").rows;
        let told = serde_json::to_string(&acts[0].changes).expect("JSON");
        assert!(told.contains(&format!("step {step}")), "step {step}: {told}");
        let hidden = acts[1..].iter().map(|act| act.changes.len()).collect::<Vec<_>>();
        let at_the_end =
            engine.leaving().await.expect("read").0.iter().all(|(scrub, _)| scrub.names.is_empty());
        assert!(hidden == [0, 0] || at_the_end, "step {step}: {hidden:?}");
        clock.advance(Duration::from_millis(5));
        if one_step(&engine, &mut recall).await == 0 {
            break;
        }
    }
}

/// Her erasure as it is about to be written.
async fn about_to_be<'e>(engine: &'e Engine, her: PartyId) -> crate::engine::work::Work<'e> {
    let mut work = engine.work(engine.clock.now()).expect("work");
    let begun = engine.erase(&mut work, ApprovalId::derived("one"), her).await.expect("decided");
    assert_eq!(begun, Ok(()));
    work
}

async fn conflicts(engine: &Engine, work: crate::engine::work::Work<'_>) -> bool {
    let committed = engine.commit(work, Cause::Desk("test".to_owned()), None).await;
    committed.as_ref().is_err_and(Fault::is_conflict)
}

#[tokio::test]
async fn money_a_payout_or_an_order_that_comes_in_at_the_same_moment_keeps_her_from_being_forgotten() {
    let (engine, _, store) = with_store().await;
    let her = lives(&engine).await;
    engine.open_books("paper", Kes::major(1000)).await.expect("opened");
    let clock = Arc::new(MovableClock::standing());
    let on_a_copy = async || over(store.copy(), &clock).await;

    let copy = on_a_copy().await;
    let work = about_to_be(&copy, her).await;
    let mut other = copy.work(copy.clock.now()).expect("work");
    let (approval, to, amount) = (ApprovalId::derived("good"), Purse::Artisan(her), Kes::major(5));
    other.post(&Fact::MadeGood { approval, to, amount }).expect("posted");
    copy.commit(other, Cause::Desk("test".to_owned()), None).await.expect("committed");
    assert!(conflicts(&copy, work).await, "money");

    let copy = on_a_copy().await;
    let work = about_to_be(&copy, her).await;
    let id = PayoutId::derived("another payout");
    let (from, to, via, amount) = (PayFrom::Artisan, phone(101), String::new(), Kes::major(5));
    let asked = PayoutEvent::Asked { id, owner: her, from, to, via, amount };
    happens::<Payout>(&copy, id, vec![asked, PayoutEvent::Reserved]).await;
    assert!(conflicts(&copy, work).await, "a payout");

    let copy = on_a_copy().await;
    let code = every::<Listing>(
        &mut copy.work(copy.clock.now()).expect("work"),
        keys::index_prefix("listing", &[]),
        false,
    )
    .await
    .expect("read")[0]
        .0;
    let work = about_to_be(&copy, her).await;
    happens::<Listing>(&copy, code, vec![ListingEvent::ReadySet { ready: 2 }]).await;
    assert!(conflicts(&copy, work).await, "a piece that an order takes");

    let copy = on_a_copy().await;
    let work = about_to_be(&copy, her).await;
    assert!(!conflicts(&copy, work).await, "and nothing else does");
}

#[tokio::test]
async fn what_came_in_before_she_was_forgotten_is_settled_before_anything_of_her_goes() {
    let (engine, clock) = engine().await;
    let her = lives(&engine).await;
    goes_on(&engine).await;
    decided(&engine).await;
    // As if the turn in which it was opened had ended just before.
    let late = CaseId::derived("a late case");
    happens::<Case>(&engine, late, vec![case_of(vec![her], late, "where is my parcel")]).await;
    goes_on(&engine).await;
    let mut work = engine.work(engine.clock.now()).expect("work");
    let cases = every::<Case>(&mut work, keys::index_prefix("case", &[]), true).await.expect("read");
    let open: Vec<_> = cases.iter().filter(|(_, case)| case.closed.is_none()).collect();
    assert_eq!(open.len(), 2, "the late one, and one that tells the desk of it");
    assert!(open.iter().any(|(_, case)| format!("{case:?}").contains("Settle it and close this case")));
    clock.advance(Duration::from_secs(900));
    goes_on(&engine).await;
    assert!(rows_with(&engine, &["nafuna"]).await.len() > 10, "it waits, and tells once");
    for (id, _) in open {
        let why = BTreeMap::from([(Lang::EN, "settled".to_owned())]);
        happens::<Case>(&engine, *id, vec![CaseEvent::Closed { by: "Halima".to_owned(), why }]).await;
    }
    clock.advance(Duration::from_secs(900));
    ends(&engine, &clock).await;
    assert_eq!(rows_with(&engine, &["nafuna"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn money_that_comes_back_for_somebody_who_was_forgotten_is_a_case_of_the_desk() {
    let (engine, _) = engine().await;
    let her = lives(&engine).await;
    engine.open_books("paper", Kes::major(1000)).await.expect("opened");
    let id = PayoutId::derived("a paid payout");
    let (from, amount) = (Purse::Artisan(her), Kes::major(70));
    let mut work = engine.work(engine.clock.now()).expect("work");
    let approval = ApprovalId::derived("good");
    work.post(&Fact::MadeGood { approval, to: from, amount }).expect("posted");
    work.post(&Fact::PayoutReserved { payout: id, from, amount }).expect("posted");
    work.post(&Fact::PayoutPaid { payout: id, owner: her, amount, fee: Kes::ZERO }).expect("posted");
    let (to, via) = (phone(101), String::new());
    let asked = PayoutEvent::Asked { id, owner: her, from: PayFrom::Artisan, to, via, amount };
    let paid = PayoutEvent::Paid { reference: "QX1".to_owned() };
    work.apply::<Payout>(id, vec![asked, PayoutEvent::Reserved, PayoutEvent::Submitted, paid]);
    engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    goes_on(&engine).await;
    decided(&engine).await;
    goes_on(&engine).await;

    let mut work = engine.work(engine.clock.now()).expect("work");
    engine.hear(&mut work, id, Heard::Reversed { why: "no such account".to_owned() }).await.expect("heard");
    engine.commit(work, Cause::Money("test".to_owned()), None).await.expect("committed");
    let mut work = engine.work(engine.clock.now()).expect("work");
    let cases = every::<Case>(&mut work, keys::index_prefix("case", &[]), true).await.expect("read");
    let told = cases.iter().find(|(_, case)| case.closed.is_none()).map(|(_, case)| format!("{case:?}"));
    let told = told.expect("a case");
    assert!(told.contains("KSh 70 stand on artisan:") && told.contains("two people post it"), "{told}");
    let report = verify(&*engine.store, &mut Derived::default(), 9).await.expect("whole");
    assert_eq!(report.differences, []);
}

#[tokio::test]
async fn cash_that_was_just_counted_out_is_open_until_she_cannot_deny_it_any_more() {
    let (engine, clock) = engine().await;
    let her = lives(&engine).await;
    let (id, number) = (PayoutId::derived("cash"), SpokenCode::nth(CodeKind::Once, 7));
    let until = engine.clock.now().after(DAY);
    let made = CashEvent::Made { id, number, owner: her, amount: Kes::major(50), until };
    let by = grace(&engine).await;
    happens::<crate::market::Cash>(&engine, id, vec![made, CashEvent::Served { by }]).await;
    let why = asks(&engine).await.expect_err("she may deny it");
    assert!(why.contains("that a kiosk never gave her cash"), "{why}");
    clock.advance(engine.policy.cash_denial() + Duration::from_secs(1));
    assert!(asks(&engine).await.is_ok());
}

#[tokio::test]
async fn somebody_with_hundreds_of_pieces_is_forgotten_in_commits_that_fit() {
    let (engine, clock) = engine().await;
    let her = lives(&engine).await;
    // None that a piece of hers was given by chance.
    const LONGER: u32 = CodeKind::Listing.digits()[1];
    for some in 0..4 {
        let mut work = engine.work(engine.clock.now()).expect("work");
        for nth in 0..100 {
            let code = SpokenCode::nth_of(CodeKind::Listing, LONGER, some * 100 + nth);
            let (kind, stuff) = ("necklace".parse().expect("a word"), "brass".parse().expect("a word"));
            let drafted =
                ListingEvent::Drafted { code, maker: her, kind, stuff, price: Kes::major(90), ready: 1 };
            work.apply::<Listing>(code, vec![drafted, ListingEvent::Submitted]);
        }
        engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    }
    goes_on(&engine).await;
    decided(&engine).await;
    ends(&engine, &clock).await;
    let mut work = engine.work(engine.clock.now()).expect("work");
    let all = every::<Listing>(&mut work, keys::index_prefix("listing", &[]), false).await.expect("read");
    assert!(all.len() > 400 && all.iter().all(|(_, one)| one.stage == ListingStage::Removed));
    assert_eq!(rows_with(&engine, &["nafuna"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_text_that_a_worker_has_in_hand_is_reworded_after_it_was_settled() {
    let (engine, clock) = engine().await;
    lives(&engine).await;
    goes_on(&engine).await;
    engine.post_texts(&[phone(102)], "Nafuna waits for you", Purpose::Reply).await.expect("posted");
    let now = engine.clock.now();
    let until = now.after(Duration::from_secs(600));
    let claimed = outbox::claim(&*engine.store, shard::SMS, now, 64, until).await.expect("claimed");
    assert!(!claimed.is_empty());
    decided(&engine).await;
    goes_on(&engine).await;
    for item in claimed {
        let mut batch = Batch::default();
        item.done(&mut batch);
        engine
            .store
            .commit(batch)
            .await
            .expect("the worker says what became of it, and it is not sent again");
    }
    clock.advance(Duration::from_secs(30));
    ends(&engine, &clock).await;
    assert_eq!(rows_with(&engine, &["nafuna"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_last_text_that_never_leaves_goes_from_the_outbox_too() {
    let (engine, clock) = engine().await;
    lives(&engine).await;
    goes_on(&engine).await;
    sent_until_none_waits(&engine).await;
    decided(&engine).await;
    goes_on(&engine).await;
    let waiting =
        async || engine.store.scan(keys::outbox_shard(shard::SMS), None, 9, false).await.expect("read").len();
    assert_eq!(waiting().await, 1);
    clock.advance(DAY * 30);
    goes_on(&engine).await;
    assert_eq!(waiting().await, 0);
    assert_eq!(rows_with(&engine, &["nafuna"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_dialog_of_somebody_else_that_began_before_and_goes_on_loses_her_name() {
    let (engine, clock) = engine().await;
    lives(&engine).await;
    goes_on(&engine).await;
    decided(&engine).await;
    let key = keys::dialog(phone(102));
    let kept = engine.store.read(vec![key.clone()]).await.expect("read").remove(0).expect("a dialog");
    let octets = String::from_utf8_lossy(&kept.octets()).into_owned();
    let shown = octets.replace("*483*57#", "*483*57# of Nafuna");
    assert_ne!(octets, shown);
    let mut batch = Batch::default();
    batch.put(key.clone(), Expect::At(kept.version), shown.into_bytes());
    engine.store.commit(batch).await.expect("it goes on after the approval");
    goes_on(&engine).await;
    let left = engine.store.read(vec![key]).await.expect("read").remove(0).expect("it is not over");
    assert!(String::from_utf8_lossy(&left.octets()).contains("of Erased"));
    ends(&engine, &clock).await;
    assert_eq!(rows_with(&engine, &["nafuna"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_liaison_is_not_forgotten_while_the_configuration_would_enrol_her_again() {
    let (engine, _) = engine().await;
    let named = Liaison {
        phone: "0700000103".to_owned(),
        name: "Halima Juma".to_owned(),
        area: "kibera".to_owned(),
        lang: Lang::EN,
    };
    engine.enrol_liaisons(&[named]).await.expect("enrolled");
    let asks = async || {
        let wanted = Wanted::Erasure { phone: "0700000103".to_owned() };
        wish(&engine, "Njeri", ApprovalWish::Ask { wanted, why: "she left".to_owned() }).await
    };
    let why = asks().await.expect_err("named");
    assert!(why.contains("take her out of [[liaisons]] and start the service anew"), "{why}");
    engine.enrol_liaisons(&[]).await.expect("a start without her");
    assert!(asks().await.is_ok());
}

#[tokio::test]
async fn why_she_is_forgotten_stays_word_by_word_and_so_without_her_names() {
    let (engine, _) = engine().await;
    lives(&engine).await;
    let asked = asks(&engine).await.expect("nothing is open");
    assert_eq!(asked.why, "she asked by letter");
}

fn asked(id: ApprovalId, by: &str) -> ApprovalEvent {
    let (matter, until) = (Matter::Erasure { who: PartyId::derived("a") }, Timestamp::from_millis(1 << 50));
    ApprovalEvent::Asked { id, matter, why: "a letter".to_owned(), by: by.to_owned(), until }
}

#[tokio::test]
async fn one_person_who_asks_and_approves_is_told_by_whoever_verifies_the_books() {
    let (engine, _) = engine().await;
    lives(&engine).await;
    let id = ApprovalId::derived("alone");
    let approved = ApprovalEvent::Approved { by: "njeri".to_owned() };
    happens::<Approval>(&engine, id, vec![asked(id, "Njeri"), approved]).await;
    let why = ledger_says(&engine).await.expect_err("one person");
    assert!(why.contains("asked for erasure") && why.contains("alone"), "{why}");
}

#[tokio::test]
async fn a_replaced_record_gives_nobody_the_word_to_replace_it_or_others() {
    let (engine, _) = engine().await;
    lives(&engine).await;
    let id = ApprovalId::derived("forged");
    let approved = ApprovalEvent::Approved { by: "Wekesa".to_owned() };
    let forged = [asked(id, "Njeri"), approved].map(|event| crate::market::Event::Approval(id, event));
    replaces_with(&engine, id.to_string(), forged.to_vec()).await;
    assert!(ledger_says(&engine).await.expect_err("it vouches for itself").contains("which nobody gave"));
}
