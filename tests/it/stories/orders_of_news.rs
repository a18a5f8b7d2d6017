//! What a mobile-money provider says about one payout comes in every order, comes twice, or not at
//! all, and the service is stopped in between: the payout ends as the provider's own list has it.

use super::earns;
use crate::support::actors::Artisan;
use crate::support::village::{Founding, Village, until};
use sokoni::sim::momo::{Manners, Speaks, State, Transaction};
use std::time::Duration;

/// What happens to a payout after it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// Its result comes.
    Result,
    /// Its result comes twice.
    Repeated,
    /// Nothing comes for so long that we ask.
    Asked,
    /// The provider takes it back.
    TakenBack,
    /// The service is stopped and started again.
    Stopped,
}

/// What can happen at a provider: only one of the four ever takes money back.
fn kinds(provider: Speaks) -> Vec<News> {
    let mut kinds = vec![News::Result, News::Repeated, News::Asked, News::Stopped];
    kinds.extend((provider == Speaks::Gsma).then_some(News::TakenBack));
    kinds
}

/// How a payout fares before any news of it.
#[derive(Debug, Clone, Copy)]
struct Arm {
    provider: Speaks,
    /// Whether the request is answered.
    is_answered: bool,
    /// Whether it is paid in the end.
    is_paid: bool,
}

impl Arm {
    /// No result comes by itself.
    fn manners(self) -> Manners {
        let ends = if self.is_paid { Manners::default() } else { Manners::failing("accountLimitExceeded") };
        let answer = if self.is_answered { ends.answer.clone() } else { Manners::silent().answer };
        Manners { callbacks: 0, answer, ..ends }
    }
}

/// Every order of every choice of them, answered and not. What was never paid is not taken back.
fn orders(provider: Speaks, is_paid: bool) -> Vec<(Arm, Vec<News>)> {
    let mut all = vec![Vec::new()];
    let mut at = 0;
    while at < all.len() {
        let begun: Vec<News> = all[at].clone();
        let kinds = kinds(provider);
        let more = kinds.iter().filter(|news| !begun.contains(news));
        all.extend(more.map(|news| begun.iter().chain([news]).copied().collect::<Vec<_>>()));
        at += 1;
    }
    all.retain(|order| is_paid || !order.contains(&News::TakenBack));
    let arms = [true, false].map(|is_answered| Arm { provider, is_answered, is_paid });
    all.into_iter().flat_map(|order| arms.map(|arm| (arm, order.clone()))).collect()
}

/// How many of them are told here: a few spread over all, or all in the slow tests.
fn told(provider: Speaks) -> usize {
    match std::env::var("SOKONI_SLOW_TESTS").is_ok_and(|slow| slow == "1") {
        true => usize::MAX,
        false if provider == Speaks::Gsma => 12,
        false => 4,
    }
}

async fn happens(village: &mut Village, id: &str, news: News) {
    match news {
        News::Result => village.momo.call_back(id).await,
        News::Repeated => {
            village.momo.call_back(id).await;
            village.momo.call_back(id).await;
        }
        News::Asked => {
            village.clock.advance(Duration::from_secs(70));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        News::TakenBack => assert!(village.momo.reverse(id).await, "{id} stood"),
        News::Stopped => village.restart().await,
    }
}

/// What she was told so far: how often that money went, and how often that it came back.
fn texts(achieng: &Artisan) -> (usize, usize) {
    (achieng.got("Sokoni sent"), achieng.got("is back in your balance"))
}

/// Asks for money, lets the news come in this order, and looks how it ends.
async fn goes_through(village: &mut Village, achieng: &Artisan, shillings: u32, arm: Arm, order: &[News]) {
    let (sent, back) = texts(achieng);
    let (paid_before, had) = (village.momo.transfers().len(), village.account("artisan:").await);
    village.momo.behave_once(arm.manners());
    // After several silences, or one answer later than it waits for, the service takes the link to be
    // down and says so before anything is asked for: she tries again later.
    until("the link is up", || async {
        village.clock.advance(Duration::from_secs(70));
        if !achieng.walks(&["3", "1"]).await.contains("how much") {
            return None;
        }
        achieng.presses(&shillings.to_string()).await;
        let said = achieng.presses(&achieng.pin).await;
        let is_down = said.contains("Our link to mobile money is down");
        assert!(is_down || said.contains("on its way") || said.contains("has not answered"), "{said}");
        (!is_down).then_some(())
    })
    .await;
    let id = until("the provider has decided", || async {
        if arm.is_paid {
            return village.momo.transfers().get(paid_before).map(|transfer| transfer.id.clone());
        }
        let id = village.desk("payouts").await["rows"][0]["id"].as_str().map(str::to_owned)?;
        let failed = |transfer: Transaction| matches!(transfer.state, State::Failed { .. });
        village.momo.transaction(&id).is_some_and(failed).then_some(id)
    })
    .await;
    // Nothing is claimed before anything is known; the answers of other providers say how it ended.
    if arm.provider == Speaks::Gsma {
        assert_eq!(texts(achieng), (sent, back), "{arm:?} {order:?} before any news");
    }
    for news in order {
        // After each of them its fate is known: a start asks again for what is open.
        happens(village, &id, *news).await;
        let (sent_now, back_now) = texts(achieng);
        let is_back = village.momo.transfers().get(paid_before).is_none_or(|transfer| transfer.reversed);
        let most = (sent + usize::from(arm.is_paid), back + usize::from(is_back));
        assert!(sent_now <= most.0 && back_now <= most.1, "{arm:?} {order:?} at {news:?}");
    }
    let is_back = !matches!(village.momo.transaction(&id).expect("known").state, State::Completed { .. });
    let left = if is_back { had } else { had - i64::from(shillings) * 100 };
    until(&format!("{arm:?} {order:?}: the books say what the provider's list says"), || async {
        village.clock.advance(Duration::from_secs(70));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let agree = village.account("artisan:").await == left && village.account("moving:").await == 0;
        agree.then_some(())
    })
    .await;
    // What was written down with it is also said, before the next one begins.
    until(&format!("{arm:?} {order:?}: she is told how it stands"), || async {
        let (sent_now, back_now) = texts(achieng);
        (if is_back { back_now > back } else { sent_now > sent }).then_some(())
    })
    .await;
    let made = village.momo.transfers().len() - paid_before;
    assert_eq!(made, usize::from(arm.is_paid), "{order:?}: one transfer, or none that failed");
}

/// The same, and then the provider takes it back, so that it can be sent once more.
async fn goes_through_and_back(village: &mut Village, achieng: &Artisan, arm: Arm, order: &[News]) {
    let (sent, back) = texts(achieng);
    goes_through(village, achieng, 850, arm, order).await;
    if let Some(transfer) = village.momo.transfers().last().filter(|transfer| !transfer.reversed) {
        assert!(village.momo.reverse(&transfer.id).await);
    }
    until("it is hers again", || async { (texts(achieng).1 == back + 1).then_some(()) }).await;
    assert!(arm.is_paid || texts(achieng).0 == sent, "{order:?}: nothing was sent");
    assert_eq!(achieng.balance().await, [85_000, 0, 0], "{order:?}");
}

/// Some of the orders, spread over all; of those that fail a third as many.
fn some(provider: Speaks, is_paid: bool) -> (Vec<(Arm, Vec<News>)>, usize) {
    let all = orders(provider, is_paid);
    let told = if is_paid { told(provider) } else { told(provider) / 3 };
    let apart = (all.len() / told).max(1) | 1;
    (all.iter().skip(apart / 2).step_by(apart).cloned().collect(), all.len())
}

async fn village_with(provider: Speaks) -> (Village, Artisan) {
    let village = Village::found(Founding { provider, answer_ms: 500, ..Founding::default() }).await;
    let achieng = village.achieng().await;
    (village, achieng)
}

#[tokio::test]
async fn w150_in_whatever_order_the_news_come_a_payout_ends_as_the_providers_list_has_it() {
    let (mut village, achieng) = village_with(Speaks::Gsma).await;
    earns(&village, &achieng, 850).await;
    for is_paid in [true, false] {
        let (orders, all) = some(Speaks::Gsma, is_paid);
        for (arm, order) in &orders {
            goes_through_and_back(&mut village, &achieng, *arm, order).await;
        }
        println!("{} of {all} orders of news", orders.len());
    }
    village.closes().await;
}

/// No money comes back here: she earns enough to be paid for each order.
async fn ends_as_the_list_has_it(provider: Speaks) {
    const EACH: u32 = 50;
    let (mut village, achieng) = village_with(provider).await;
    let (orders, all) = some(provider, true);
    earns(&village, &achieng, EACH * u32::try_from(orders.len()).expect("few")).await;
    for (arm, order) in &orders {
        goes_through(&mut village, &achieng, EACH, *arm, order).await;
    }
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    println!("{provider:?}: {} of {all} orders of news", orders.len());
    village.closes().await;
}

#[tokio::test]
async fn w150_so_does_one_by_daraja() {
    ends_as_the_list_has_it(Speaks::Daraja).await;
}

#[tokio::test]
async fn w150_so_does_one_by_mtn() {
    ends_as_the_list_has_it(Speaks::Mtn).await;
}

#[tokio::test]
async fn w150_so_does_one_by_airtel() {
    ends_as_the_list_has_it(Speaks::Airtel).await;
}
