//! Prompts that leave, may have left, and what is paid by them late.

use super::super::*;
use super::leaving::Village;
use crate::engine::depot::desk::DepotDesk;
use crate::engine::prompt::PromptNews;
use crate::engine::record::Cause;
use crate::engine::tests::{join, phone};
use crate::ledger::{Account, Fact};
use crate::market::loan::{Endorser, Loan, LoanEvent, LoanFor, PromptEvent, PromptStage};
use crate::market::party::{Alias, PartyEvent};
use crate::types::{Clock, CodeKind, Kes, Lang, LoanId, Msisdn, PromptId, SpokenCode};

/// Somebody who owes a loan asks to pay so much of it from her phone.
async fn asks(village: &Village, shillings: i64) -> (PartyId, LoanId, PromptId) {
    let her = join(&village.engine, phone(1), Lang::EN).await;
    let (loan, payout, amount) = (LoanId::derived("loan"), PayoutId::derived("loan"), Kes::major(500));
    let prompt = PromptId::derived("prompt");
    let mut work = village.engine.work(village.clock.now()).expect("work");
    work.need::<Party>(her).await.expect("read");
    let asked = LoanEvent::Asked { id: loan, artisan: her, amount, what: LoanFor::Machine, share_bp: 2_000 };
    let lived = vec![
        asked,
        LoanEvent::Endorsed { by: Endorser::Desk("amina".to_owned()) },
        LoanEvent::Shown,
        LoanEvent::Funded { paper: "K-7".to_owned(), lenders: 31, countries: 9 },
        LoanEvent::Agreed { payout },
        LoanEvent::Sent { reference: "TLA3K8WQ7P".to_owned() },
        LoanEvent::Prompt(PromptEvent::Asked {
            id: prompt,
            amount: Kes::major(shillings),
            via: String::new(),
        }),
    ];
    work.apply::<Loan>(loan, lived);
    work.post(&Fact::LoanFunded { artisan: her, paper: "K-7".to_owned(), amount }).expect("posted");
    work.post(&Fact::LoanSent { payout, artisan: her, amount, fee: Kes::ZERO }).expect("posted");
    work.send(shard::MONEY, format!("prompt/{prompt}"), "prompt", &prompt, Duration::from_secs(86_400));
    village.engine.commit(work, Cause::Desk("test".to_owned()), None).await.expect("committed");
    (her, loan, prompt)
}

async fn stage(village: &Village, loan: LoanId) -> PromptStage {
    let mut work = village.engine.work(village.clock.now()).expect("work");
    work.need::<Loan>(loan).await.expect("read").prompts[0].stage.clone()
}

async fn claimed(village: &Village) -> Claimed {
    let now = village.clock.now();
    let mut all =
        outbox::claim(&*village.store, shard::MONEY, now, 9, now.after(OLD)).await.expect("claimed");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn shown() -> PromptNews {
    PromptNews::Shown { checkout: "ws_CO_1".to_owned() }
}

fn paid() -> PromptNews {
    PromptNews::Paid { receipt: "NLJ7RT61SV".to_owned(), checkout: "ws_CO_1".to_owned() }
}

#[tokio::test]
async fn what_a_kill_kept_from_leaving_is_shown_afterwards_and_only_once() {
    let mut village = Village::found().await;
    let (_, loan, _) = asks(&village, 100).await;
    claimed(&village).await;
    village.starts_anew().await;
    village.till.says_of_prompts([shown()]);
    assert_eq!(village.after(1).await, ["prompt"]);
    village.till.says_of_prompts([paid()]);
    assert_eq!(village.after(60).await, ["came of it?"]);
    assert!(matches!(stage(&village, loan).await, PromptStage::Paid { .. }));
    assert_eq!(village.after(600).await, [""; 0]);
}

#[tokio::test]
async fn what_may_have_left_before_a_kill_is_never_shown_a_second_time() {
    let mut village = Village::found().await;
    let (_, loan, prompt) = asks(&village, 100).await;
    claimed(&village).await.leaves(&*village.store, village.clock.now()).await.expect("noted");
    village.starts_anew().await;
    for seconds in [1, 30, 600] {
        assert_eq!(village.after(seconds).await, [""; 0], "nobody knows by what it would be asked about");
        assert_eq!(stage(&village, loan).await, PromptStage::Asked);
    }
    village.engine.prompt_heard(prompt, &paid()).await.expect("heard");
    assert_eq!(stage(&village, loan).await, PromptStage::Paid { receipt: "NLJ7RT61SV".to_owned() });
}

#[tokio::test]
async fn what_its_provider_did_not_look_at_is_tried_again_also_after_a_kill() {
    let mut village = Village::found().await;
    let (_, loan, _) = asks(&village, 100).await;
    village.till.says_of_prompts([PromptNews::Held { why: "too many at once".to_owned() }]);
    assert_eq!(village.after(0).await, ["prompt"]);
    claimed_after(&village, 5).await;
    village.starts_anew().await;
    village.till.says_of_prompts([shown()]);
    assert_eq!(village.after(1).await, ["prompt"]);
    assert!(matches!(stage(&village, loan).await, PromptStage::Shown { .. }));
}

async fn claimed_after(village: &Village, seconds: u64) {
    village.clock.advance(Duration::from_secs(seconds));
    assert_eq!(claimed(village).await.item.left, None);
}

#[tokio::test]
async fn what_somebody_paid_who_was_forgotten_since_is_kept_apart_and_people_are_told() {
    let mut village = Village::found().await;
    let (her, loan, prompt) = asks(&village, 100).await;
    village.till.says_of_prompts([PromptNews::Failed { why: "cancelled".to_owned() }]);
    assert_eq!(village.after(0).await, ["prompt"]);
    let alias = Alias {
        name: "forgotten".to_owned(),
        phone: Msisdn::nobodys(7),
        number: SpokenCode::nth(CodeKind::Listing, 9),
        area: "nowhere".parse().expect("a word"),
    };
    village.happens(her, PartyEvent::Erased(alias)).await;
    for _ in 0..2 {
        village.engine.prompt_heard(prompt, &paid()).await.expect("heard");
    }
    let mut work = village.engine.work(village.clock.now()).expect("work");
    assert_eq!(
        work.sum(Account::Artisan(her)).await.expect("read"),
        10_000,
        "it pays nothing that nobody owes"
    );
    assert_eq!(work.need::<Loan>(loan).await.expect("read").left(), Kes::major(500));
    drop(work);
    let cases = village.engine.cases().await.expect("read");
    assert_eq!(cases.len(), 1);
    assert!(cases[0].notes[0].text.contains("NLJ7RT61SV"), "{cases:?}");
    assert!(cases[0].people.is_empty());
}
