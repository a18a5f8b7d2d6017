//! Payouts that leave, may have left, and must not leave any more.

use super::super::*;
use crate::engine::clock::MovableClock;
use crate::engine::outbox::ByHand;
use crate::engine::port::{MoneyOut, Sent, SmsOut, SmsSender};
use crate::engine::prompt::{PromptNews, Prompted};
use crate::engine::record::Cause;
use crate::engine::tests::{Nobody, engine_over, join, phone};
use crate::ledger::{Fact, Purse};
use crate::market::party::{HoldCode, PartyEvent};
use crate::market::payout::{Fate, PayFrom, PayoutEvent};
use crate::store::Store;
use crate::store::memory::Memory;
use crate::types::{ApprovalId, Clock, Kes, Lang, Msisdn};
use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::sync::Mutex;

/// A provider that answers as it is told, and writes down what it was asked.
#[derive(Default)]
pub(super) struct Till {
    answers: Mutex<VecDeque<PayoutNews>>,
    of_prompts: Mutex<VecDeque<PromptNews>>,
    asked: Mutex<Vec<&'static str>>,
}

impl Till {
    fn says(&self, news: impl IntoIterator<Item = PayoutNews>) {
        self.answers.lock().expect("unpoisoned").extend(news);
    }

    pub(super) fn says_of_prompts(&self, news: impl IntoIterator<Item = PromptNews>) {
        self.of_prompts.lock().expect("unpoisoned").extend(news);
    }

    fn is_of_prompts(&self, asked: &'static str) -> BoxFuture<'_, PromptNews> {
        self.asked.lock().expect("unpoisoned").push(asked);
        let news = self.of_prompts.lock().expect("unpoisoned").pop_front();
        Box::pin(ready(news.unwrap_or(PromptNews::Open { why: "no answer".to_owned() })))
    }

    fn is(&self, asked: &'static str) -> BoxFuture<'_, PayoutNews> {
        self.asked.lock().expect("unpoisoned").push(asked);
        let news = self.answers.lock().expect("unpoisoned").pop_front();
        Box::pin(ready(news.unwrap_or(PayoutNews::Unknown { why: "no answer".to_owned() })))
    }

    /// What it was asked since the last look.
    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.asked.lock().expect("unpoisoned"))
    }
}

impl MoneyOut for Till {
    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews> {
        self.is(if payout.again { "pay again" } else { "pay" })
    }

    fn status(&self, _: PayOut) -> BoxFuture<'_, PayoutNews> {
        self.is("status")
    }

    fn is_up(&self, _: Msisdn) -> bool {
        true
    }

    fn prompt(&self, _: Prompted) -> BoxFuture<'_, PromptNews> {
        self.is_of_prompts("prompt")
    }

    fn prompted(&self, _: Prompted) -> BoxFuture<'_, PromptNews> {
        self.is_of_prompts("came of it?")
    }
}

struct Deaf;

impl SmsSender for Deaf {
    fn send(&self, _: SmsOut) -> BoxFuture<'_, Sent> {
        Box::pin(ready(Sent::Taken { gateway: "safari".into(), ids: vec![] }))
    }
}

async fn opened(store: &Arc<Memory>, clock: &Arc<MovableClock>, till: &Arc<Till>) -> Arc<Engine> {
    let shared: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    let mut engine = engine_over(shared, Arc::clone(clock), Arc::new(Nobody)).await;
    Arc::get_mut(&mut engine).expect("nobody else has it").money = Arc::clone(till) as Arc<dyn MoneyOut>;
    engine
}

/// A service that can be killed, its provider and its clock.
pub(super) struct Village {
    pub(super) engine: Arc<Engine>,
    pub(super) store: Arc<Memory>,
    pub(super) clock: Arc<MovableClock>,
    pub(super) till: Arc<Till>,
    hands: ByHand,
}

impl Village {
    pub(super) async fn found() -> Self {
        let (store, clock, till) =
            (Arc::new(Memory::new()), Arc::new(MovableClock::standing()), Arc::new(Till::default()));
        let engine = opened(&store, &clock, &till).await;
        engine.open_books("paper", Kes::major(10_000)).await.expect("opened");
        let hands = ByHand::start(&engine, Arc::new(Deaf)).await.expect("started");
        Self { engine, store, clock, till, hands }
    }

    /// As after a kill: whatever was only in memory is gone.
    pub(super) async fn starts_anew(&mut self) {
        self.engine = opened(&self.store, &self.clock, &self.till).await;
        self.hands = ByHand::start(&self.engine, Arc::new(Deaf)).await.expect("started");
    }

    /// Somebody with money asks for all of it.
    async fn asks(&self, end: u64, shillings: i64) -> (PartyId, PayoutId) {
        let her = join(&self.engine, phone(end), Lang::EN).await;
        let id = PayoutId::derived(&format!("of {end}"));
        let (from, amount) = (Purse::Artisan(her), Kes::major(shillings));
        let mut work = self.engine.work(self.clock.now()).expect("work");
        let approval = ApprovalId::derived(&format!("good for {end}"));
        work.post(&Fact::MadeGood { approval, to: from, amount }).expect("posted");
        work.post(&Fact::PayoutReserved { payout: id, from, amount }).expect("posted");
        let (to, via) = (phone(end), String::new());
        let asked = PayoutEvent::Asked { id, owner: her, from: PayFrom::Artisan, to, via, amount };
        work.apply::<Payout>(id, vec![asked, PayoutEvent::Reserved]);
        work.send(shard::MONEY, named(id), "pay", &id, Duration::from_secs(86_400 * 365));
        self.engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
        (her, id)
    }

    pub(super) async fn happens(&self, her: PartyId, event: PartyEvent) {
        let mut work = self.engine.work(self.clock.now()).expect("work");
        work.need::<Party>(her).await.expect("read");
        work.apply::<Party>(her, vec![event]);
        self.engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    }

    async fn holds(&self, her: PartyId) {
        let why = BTreeMap::from([(Lang::EN, "SIM changed".to_owned())]);
        self.happens(her, PartyEvent::Held { code: HoldCode::SimChanged, why }).await;
    }

    /// So many seconds later, what is due is done; what the provider was asked for it.
    pub(super) async fn after(&mut self, seconds: u64) -> Vec<&'static str> {
        self.clock.advance(Duration::from_secs(seconds));
        self.hands.step().await.expect("done");
        self.till.asked()
    }

    async fn stage(&self, id: PayoutId) -> PayoutStage {
        let mut work = self.engine.work(self.clock.now()).expect("work");
        work.need::<Payout>(id).await.expect("read").stage
    }
}

fn not_taken() -> PayoutNews {
    PayoutNews::NotTaken { why: "come back later".to_owned() }
}

fn unknown() -> PayoutNews {
    PayoutNews::Unknown { why: "no answer".to_owned() }
}

#[tokio::test]
async fn what_a_provider_did_not_take_never_left_and_is_hers_again_on_a_hold() {
    let mut village = Village::found().await;
    let (her, id) = village.asks(1, 850).await;
    village.till.says([not_taken(), not_taken()]);
    assert_eq!(village.after(0).await, ["pay"]);
    assert_eq!(village.after(3).await, ["pay"], "the first did not arrive");
    village.holds(her).await;
    assert_eq!(village.after(600).await, [""; 0]);
    assert_eq!(village.stage(id).await, PayoutStage::Failed);
}

#[tokio::test]
async fn what_a_killed_program_had_claimed_and_not_sent_never_left() {
    let mut village = Village::found().await;
    let (her, id) = village.asks(1, 850).await;
    let now = village.clock.now();
    let claimed =
        outbox::claim(&*village.store, shard::MONEY, now, 9, now.after(OLD)).await.expect("claimed");
    assert_eq!(claimed.len(), 1);
    village.starts_anew().await;
    village.holds(her).await;
    assert_eq!(village.after(1).await, [""; 0]);
    assert_eq!(village.stage(id).await, PayoutStage::Failed);
}

#[tokio::test]
async fn what_a_killed_program_may_have_sent_is_only_asked_about_while_her_money_is_on_hold() {
    let mut village = Village::found().await;
    let (her, id) = village.asks(1, 850).await;
    let now = village.clock.now();
    let mut claimed =
        outbox::claim(&*village.store, shard::MONEY, now, 9, now.after(OLD)).await.expect("claimed");
    claimed[0].leaves(&*village.store, now).await.expect("noted");
    village.starts_anew().await;
    village.holds(her).await;
    village.till.says([not_taken(), not_taken()]);
    assert_eq!(village.after(1).await, ["status"]);
    assert_eq!(village.after(900).await, ["status"], "it is neither sent nor given back");
    assert_eq!(village.stage(id).await, PayoutStage::Reserved);
    village.happens(her, PartyEvent::Lifted { code: HoldCode::SimChanged, by: None }).await;
    village.till.says([PayoutNews::Paid { reference: "QX1".to_owned() }]);
    assert_eq!(village.after(900).await, ["pay again"]);
    assert_eq!(village.stage(id).await, PayoutStage::Paid);
}

#[tokio::test]
async fn what_a_provider_never_got_is_not_sent_again_while_her_money_is_on_hold() {
    let mut village = Village::found().await;
    let (her, id) = village.asks(1, 850).await;
    village.till.says([unknown()]);
    assert_eq!(village.after(0).await, ["pay"]);
    assert_eq!(village.stage(id).await, PayoutStage::Unknown);
    village.holds(her).await;
    for _ in 0..3 {
        village.till.says([not_taken()]);
        assert_eq!(village.after(900).await, ["status"]);
    }
    village.happens(her, PartyEvent::Lifted { code: HoldCode::SimChanged, by: None }).await;
    village.till.says([not_taken(), PayoutNews::Paid { reference: "QX1".to_owned() }]);
    assert_eq!(village.after(900).await, ["status", "pay again"]);
    assert_eq!(village.stage(id).await, PayoutStage::Paid);
}

#[tokio::test]
async fn what_only_waited_here_is_sent_however_old_it_is_and_what_may_be_there_is_not() {
    let mut village = Village::found().await;
    let (_, id) = village.asks(1, 850).await;
    village.till.says([PayoutNews::Held { why: "no link".to_owned() }, not_taken()]);
    assert_eq!(village.after(0).await, ["pay"]);
    assert_eq!(village.after(3).await, ["pay"]);
    village.till.says([unknown()]);
    assert_eq!(village.after(40 * 3_600).await, ["pay"], "nobody has it");
    village.till.says([not_taken(), unknown()]);
    assert_eq!(village.after(23 * 3_600).await, ["status", "pay again"], "its provider still knows its id");
    village.till.says([not_taken()]);
    assert_eq!(village.after(2 * 3_600).await, ["status"], "its provider may have forgotten that it paid it");
    assert_eq!(village.stage(id).await, PayoutStage::Unknown);
}

#[tokio::test]
async fn what_may_be_there_already_holds_up_nobody_who_asked_later() {
    let mut village = Village::found().await;
    let (_, first) = village.asks(1, 850).await;
    let now = village.clock.now();
    let mut claimed =
        outbox::claim(&*village.store, shard::MONEY, now, 9, now.after(OLD)).await.expect("claimed");
    claimed[0].leaves(&*village.store, now).await.expect("noted");
    village.starts_anew().await;
    village.till.says([not_taken()]);
    assert_eq!(village.after(1).await, ["pay again"]);
    assert_eq!(village.stage(first).await, PayoutStage::Reserved, "it is in doubt");
    let (_, second) = village.asks(2, 100).await;
    village.till.says([PayoutNews::Paid { reference: "QX2".to_owned() }]);
    assert_eq!(village.after(0).await, ["pay"]);
    assert_eq!(village.stage(second).await, PayoutStage::Paid);
}

impl Village {
    /// Two people say that it was not paid; why that cannot be.
    async fn is_said_to_be_unpaid(&self, id: PayoutId) -> Result<(), String> {
        let mut work = self.engine.work(self.clock.now()).expect("work");
        let decided = self.engine.payout_decided(&mut work, id, &Fate::NotPaid).await.expect("read");
        decided.map_err(|why| format!("{why:?}"))?;
        self.engine
            .commit(work, Cause::Desk("test".to_owned()), None)
            .await
            .map_err(|why| why.to_string())?;
        Ok(())
    }

    async fn claimed(&self) -> Claimed {
        let now = self.clock.now();
        let mut all =
            outbox::claim(&*self.store, shard::MONEY, now, 9, now.after(OLD)).await.expect("claimed");
        all.remove(0)
    }
}

#[tokio::test]
async fn what_is_just_leaving_or_left_a_moment_ago_is_not_called_unpaid_however_long_it_waited() {
    let mut village = Village::found().await;
    let (_, id) = village.asks(1, 850).await;
    village.till.says([PayoutNews::Held { why: "no float".to_owned() }]);
    assert_eq!(village.after(0).await, ["pay"]);
    let days = Duration::from_secs(25 * 3_600);
    village.clock.advance(days);
    let mut item = village.claimed().await;
    let why = village.is_said_to_be_unpaid(id).await.expect_err("a worker has it in hand");
    assert!(why.contains("just now"), "{why}");
    item.leaves(&*village.store, village.clock.now()).await.expect("noted");
    village.starts_anew().await;
    let why =
        village.is_said_to_be_unpaid(id).await.expect_err("its provider may have it since a moment ago");
    assert!(why.contains("decide it then"), "{why}");
    village.clock.advance(days);
    village.is_said_to_be_unpaid(id).await.expect("decided");
    assert_eq!(village.stage(id).await, PayoutStage::Failed);
    assert_eq!(village.after(900).await, [""; 0]);
}

#[tokio::test]
async fn who_takes_it_in_hand_while_two_people_decide_is_faster_or_they_are() {
    let village = Village::found().await;
    let (_, id) = village.asks(1, 850).await;
    village.clock.advance(Duration::from_secs(25 * 3_600));
    let mut work = village.engine.work(village.clock.now()).expect("work");
    let decided = village.engine.payout_decided(&mut work, id, &Fate::NotPaid).await.expect("read");
    decided.expect("nothing of it ever left");
    let mut item = village.claimed().await;
    let late = village.engine.commit(work, Cause::Desk("test".to_owned()), None).await;
    assert!(late.expect_err("it is in hand").is_conflict());
    item.leaves(&*village.store, village.clock.now()).await.expect("it goes");
    assert_eq!(village.stage(id).await, PayoutStage::Reserved);
}
