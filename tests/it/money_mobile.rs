//! Paying out through a provider that misbehaves, over real HTTP: what is claimed is never more
//! than the provider's own list says.

use crate::support::front::Notebook;
use crate::support::listen::{eventually, port, serve};
use proptest::prelude::*;
use sokoni::engine::port::{MoneyOut, PayOut, PayoutNews};
use sokoni::engine::shopfront::{ShopError, ShopFront};
use sokoni::money::Timing;
use sokoni::money::door::{self, Callers};
use sokoni::money::gsma::{MobileConfig, MobileMoney, MobileSettings};
use sokoni::sim::Line;
use sokoni::sim::momo::{Answer, Manners, Momo, MomoOptions, Verdict};
use sokoni::types::{Msisdn, PayoutId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a-path-only-the-provider-knows";

struct Bench {
    momo: Momo,
    money: MobileMoney,
    front: Arc<Notebook>,
    base: String,
}

async fn bench() -> Bench {
    bench_of(Callers::default()).await
}

async fn bench_of(callers: Callers) -> Bench {
    let front = Arc::new(Notebook::default());
    let (listener, base) = port().await;
    let options = MomoOptions { api_key: Some("key-of-the-house".into()), ..MomoOptions::default() };
    let momo = Momo::start(options).await.expect("a port");
    let usual = MobileConfig::new(momo.url.clone(), base.clone(), SECRET.into(), "key-of-the-house".into());
    let timing = Timing { answer_ms: 150, probe_ms: 20, hold_seconds: 0, ..usual.timing };
    let money = MobileMoney::start(MobileConfig { timing, ..usual }).expect("a client");
    serve(listener, door::router(front.clone(), &money, SECRET.into(), callers));
    Bench { momo, money, front, base }
}

fn payout(name: &str) -> PayOut {
    PayOut {
        id: PayoutId::derived(name),
        via: String::new(),
        to: Msisdn::from_e164("254712345678").expect("a number"),
        shillings: 850,
        again: false,
    }
}

fn is_unknown(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::Unknown { .. })
}

fn is_not_taken(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::NotTaken { .. })
}

fn is_held(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::Held { .. })
}

impl Bench {
    /// What the service writes down before it asks a provider; then it asks.
    async fn pays(&self, payout: PayOut) -> PayoutNews {
        self.front.asks(&payout);
        self.money.pay(payout).await
    }
}

#[tokio::test]
async fn a_payout_is_accepted_and_its_result_comes_by_callback_and_on_asking() {
    let bench = bench().await;
    let payout = payout("a");
    assert_eq!(bench.pays(payout.clone()).await, PayoutNews::Accepted);
    eventually("the callback", || !bench.front.payouts().is_empty()).await;
    let transfer = bench.momo.transfers().remove(0);
    assert_eq!((transfer.shillings, transfer.msisdn.as_str()), (850, "254712345678"));
    let paid = PayoutNews::Paid { reference: transfer.reference };
    assert_eq!(bench.front.payouts(), [(payout.id, paid.clone())]);
    assert_eq!(bench.money.status(payout.clone()).await, paid);
}

#[tokio::test]
async fn silence_is_unknown_and_asking_finds_the_transfer() {
    let bench = bench().await;
    bench.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
    let payout = payout("a");
    assert!(is_unknown(&bench.pays(payout.clone()).await));
    assert!(matches!(bench.money.status(payout.clone()).await, PayoutNews::Paid { .. }));
    assert_eq!(bench.pays(payout).await, PayoutNews::Accepted, "a duplicate means the first arrived");
    assert_eq!(bench.momo.transfers().len(), 1);
}

#[tokio::test]
async fn a_late_answer_and_a_five_hundred_are_unknown_though_the_money_went() {
    let bench = bench().await;
    bench.momo.behave_once(Manners { answer_after_ms: 400, ..Manners::default() });
    bench.momo.behave_once(Manners::answering(Answer::Broken { taken: true }));
    bench.momo.behave_once(Manners::answering(Answer::Unavailable));
    assert!(is_unknown(&bench.pays(payout("slow")).await));
    assert!(is_unknown(&bench.pays(payout("broken")).await));
    assert!(is_unknown(&bench.pays(payout("unavailable")).await));
    eventually("two transfers", || bench.momo.transfers().len() == 2).await;
}

#[tokio::test]
async fn repeated_results_all_say_the_same() {
    let bench = bench().await;
    bench.momo.behave(Manners { callbacks: 5, callback_every_ms: 1, ..Manners::default() });
    bench.pays(payout("a")).await;
    eventually("five results", || bench.front.payouts().len() == 5).await;
    assert!(bench.front.payouts().windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_result_may_come_before_the_answer() {
    let bench = bench().await;
    bench.momo.behave(Manners { callback_first: true, ..Manners::default() });
    assert_eq!(bench.pays(payout("a")).await, PayoutNews::Accepted);
    assert_eq!(bench.front.payouts().len(), 1);
}

#[tokio::test]
async fn a_refusal_and_a_late_failure_say_why_in_a_few_words() {
    let bench = bench().await;
    bench.momo.behave_once(Manners::refusing("identifierError"));
    let refused = bench.pays(payout("a")).await;
    assert_eq!(refused, PayoutNews::Failed { why: "no such user".into() });
    bench.momo.behave_once(Manners::failing("dailyValueLimitExceeded"));
    assert_eq!(bench.pays(payout("b")).await, PayoutNews::Accepted);
    eventually("the callback", || !bench.front.payouts().is_empty()).await;
    let failed = PayoutNews::Failed { why: "limit of the day".into() };
    assert_eq!(bench.front.payouts(), [(payout("b").id, failed)]);
    assert!(bench.momo.transfers().is_empty());
}

#[tokio::test]
async fn a_refusal_is_no_failure_when_an_earlier_try_arrived_or_may_still_arrive() {
    let bench = bench().await;
    bench.momo.behave_once(Manners::silent());
    bench.momo.behave_once(Manners::refusing("dailyValueLimitExceeded"));
    assert!(is_unknown(&bench.pays(payout("arrived")).await));
    let again = bench.pays(payout("arrived")).await;
    assert!(matches!(again, PayoutNews::Paid { .. }), "{again:?}");

    bench.momo.behave_once(Manners { answer_after_ms: 400, late_taking: true, ..Manners::default() });
    bench.momo.behave_once(Manners::refusing("dailyValueLimitExceeded"));
    assert!(is_unknown(&bench.pays(payout("on its way")).await));
    assert!(is_not_taken(&bench.pays(payout("on its way")).await));
    eventually("the late one", || bench.momo.transfers().len() == 2).await;
}

#[tokio::test]
async fn a_refusal_is_no_failure_when_a_program_before_this_one_may_have_sent_it() {
    let bench = bench().await;
    bench.momo.behave_once(Manners::refusing("dailyValueLimitExceeded"));
    assert!(is_not_taken(&bench.pays(PayOut { again: true, ..payout("a") }).await));
}

#[tokio::test]
async fn nothing_is_taken_when_nobody_listens_and_the_link_shows_as_down_until_it_is_back() {
    let bench = bench().await;
    assert!(bench.money.is_up(payout("a").to));
    bench.momo.set_line(Line::Closed).await;
    assert!(is_held(&bench.pays(payout("a")).await), "nothing left this machine");
    assert!(!bench.money.is_up(payout("a").to));
    bench.momo.set_line(Line::Open).await;
    eventually("up again by the look at its health", || bench.money.is_up(payout("a").to)).await;
    bench.momo.set_line(Line::Silent).await;
    eventually("down by the look at its health", || !bench.money.is_up(payout("a").to)).await;
    assert!(bench.momo.transfers().is_empty());
}

#[tokio::test]
async fn three_payments_without_an_answer_outweigh_a_good_health_page() {
    let bench = bench().await;
    bench.momo.behave(Manners::answering(Answer::Silence { taken: false }));
    for name in ["a", "b", "c"] {
        assert!(is_unknown(&bench.pays(payout(name)).await));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!bench.money.is_up(payout("a").to));
    assert!(is_not_taken(&bench.money.status(payout("a")).await), "the provider never heard of it");
    assert!(bench.money.is_up(payout("a").to));
}

#[tokio::test]
async fn an_empty_float_and_a_wrong_key_are_not_the_artisans_failure() {
    let bench = bench().await;
    bench.momo.set_float_shillings(100);
    assert!(matches!(bench.pays(payout("a")).await, PayoutNews::Short { .. }));
    let again = PayOut { again: true, ..payout("b") };
    assert!(is_not_taken(&bench.pays(again).await), "an earlier try may have arrived");
    bench.momo.set_float_shillings(1_000);
    assert_eq!(bench.pays(payout("a")).await, PayoutNews::Accepted);
    let config = MobileConfig::new(bench.momo.url.clone(), bench.base, SECRET.into(), "stolen".into());
    let stranger = MobileMoney::start(config).expect("a client");
    assert!(is_not_taken(&stranger.pay(payout("c")).await));
}

#[tokio::test]
async fn a_transfer_taken_back_days_later_is_told() {
    let bench = bench().await;
    bench.pays(payout("a")).await;
    eventually("paid", || bench.front.payouts().len() == 1).await;
    assert!(bench.momo.reverse(&payout("a").id.to_string()).await);
    let back = PayoutNews::Reversed { why: "taken back".into() };
    assert_eq!(bench.front.payouts()[1], (payout("a").id, back));
}

#[tokio::test]
async fn the_callback_keeps_strangers_noise_and_unknown_ids_apart() {
    let bench = bench().await;
    let client = reqwest::Client::new();
    let post = async |path: &str, body: &str| {
        let request = client.post(format!("{}{path}", bench.base)).body(body.to_owned());
        request.send().await.expect("answered").status().as_u16()
    };
    let good = format!(
        r#"{{"requestingOrganisationTransactionReference":"{}","transactionStatus":"completed","amount":"850","transactionReference":"SJK3ABCDEF"}}"#,
        payout("a").id
    );
    bench.front.asks(&payout("a"));
    let ours = format!("/money/mobile/{SECRET}");
    assert_eq!(post("/money/mobile/a-guess", &good).await, 404);
    assert_eq!(post(&ours, "{").await, 400);
    assert_eq!(post(&ours, &good.replace(&payout("a").id.to_string(), "order-7")).await, 200);
    let other = payout("of another provider");
    bench.front.asks(&PayOut { via: "airtel".into(), ..other.clone() });
    let about_other = good.replace(&payout("a").id.to_string(), &other.id.to_string());
    assert_eq!(post(&ours, &about_other).await, 200, "it changes nothing");
    bench.front.fail_next(ShopError::NotFound);
    assert_eq!(post(&ours, &good).await, 200, "about no payout of ours");
    bench.front.fail_next(ShopError::Fault);
    assert_eq!(post(&ours, &good).await, 503, "not durable, so not acknowledged");
    assert!(bench.front.payouts().is_empty());
    assert_eq!(post(&ours, &good).await, 200);
    assert_eq!(bench.front.payouts().len(), 1);
    assert_eq!(post(&ours, &"x".repeat(100_000)).await, 413);
}

#[tokio::test]
async fn who_calls_from_elsewhere_is_refused_and_nothing_of_it_is_kept() {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let far = bench_of(Callers::new(&list(&["196.201.214.0/24"]), &[]).expect("networks")).await;
    let body = format!(
        r#"{{"requestingOrganisationTransactionReference":"{}","transactionStatus":"completed","amount":"850","transactionReference":"SJK3ABCDEF"}}"#,
        payout("a").id
    );
    let post = async |bench: &Bench, from: &str| {
        bench.front.asks(&payout("a"));
        let url = format!("{}/money/mobile/{SECRET}", bench.base);
        let request = reqwest::Client::new().post(url).header("X-Forwarded-For", from).body(body.clone());
        request.send().await.expect("answered").status().as_u16()
    };
    assert_eq!(post(&far, "196.201.214.7").await, 403, "no proxy of ours says so");
    assert!(far.front.callbacks().is_empty() && far.front.payouts().is_empty());
    let callers = Callers::new(&list(&["196.201.214.0/24"]), &list(&["127.0.0.0/8"])).expect("networks");
    let near = bench_of(callers).await;
    assert_eq!(post(&near, "196.201.215.7").await, 403);
    assert_eq!(post(&near, "196.201.214.7").await, 200);
    let kept = near.front.callbacks();
    assert_eq!((kept.len(), kept[0].caller.as_str(), &kept[0].body), (1, "196.201.214.7", &body));
    assert!(!format!("{kept:?}").contains(SECRET));
}

#[tokio::test]
async fn what_is_posted_is_kept_as_it_came_though_nobody_can_read_it() {
    let bench = bench().await;
    let url = format!("{}/money/mobile/{SECRET}", bench.base);
    let body = format!("half a body, and {SECRET} in it");
    let posted = reqwest::Client::new().post(&url).header("User-Agent", "momo/1").body(body).send();
    assert_eq!(posted.await.expect("answered").status(), 400);
    let kept = bench.front.callbacks();
    assert_eq!((kept[0].provider.as_str(), kept[0].body.as_str()), ("mpesa", "half a body, and *** in it"));
    assert!(kept[0].headers.contains(&("user-agent".to_owned(), "momo/1".to_owned())), "{kept:?}");
}

#[tokio::test]
async fn a_failure_that_a_stranger_posts_is_asked_about_and_not_believed() {
    let bench = bench().await;
    assert_eq!(bench.pays(payout("a")).await, PayoutNews::Accepted);
    eventually("the callback", || bench.front.payouts().len() == 1).await;
    let paid = bench.front.payouts()[0].clone();
    for state in ["failed", "reversed"] {
        let forged = format!(
            r#"{{"requestingOrganisationTransactionReference":"{}","transactionStatus":"{state}","error":{{"errorCategory":"businessRule","errorCode":"identifierError"}}}}"#,
            payout("a").id
        );
        let url = format!("{}/money/mobile/{SECRET}", bench.base);
        let answer = reqwest::Client::new().put(url).body(forged).send().await.expect("answered");
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(bench.front.payouts(), [paid.clone(), paid.clone(), paid]);
}

#[test]
fn the_settings_name_units_and_refuse_what_they_do_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, "a-key-of-the-house\n").expect("written");
    let text = format!(
        "base_url = 'http://127.0.0.1:9301'\ncallback_base = 'http://127.0.0.1:8080'\n\
         secret_path_file = '{0}'\napi_key_file = '{0}'\nanswer_timeout_ms = 1500\n",
        key.display()
    );
    let settings: MobileSettings = toml::from_str(&text).expect("settings");
    let config = settings.load().expect("secrets");
    assert_eq!(config.timing.answer_ms, 1_500);
    assert!(!format!("{config:?}").contains("a-key-of-the-house"));
    assert!(toml::from_str::<MobileSettings>(&format!("{text}api_key = 'in the open'\n")).is_err());
}

fn any_manners() -> impl Strategy<Value = Manners> {
    let code = prop_oneof!["identifierError", "dailyValueLimitExceeded", "requestDeclined"];
    let answer = prop_oneof![
        4 => Just(Answer::Accept),
        2 => any::<bool>().prop_map(|taken| Answer::Silence { taken }),
        2 => code.clone().prop_map(|code| Answer::Refuse { code }),
        2 => any::<bool>().prop_map(|taken| Answer::Broken { taken }),
        1 => Just(Answer::Unavailable),
    ];
    let verdict = prop_oneof![2 => Just(Verdict::Pay), 1 => code.prop_map(|code| Verdict::Fail { code })];
    let late = prop_oneof![3 => Just(0u64), 1 => Just(60)];
    (answer, verdict, late, any::<bool>(), 0u64..8, 0u32..3, any::<bool>()).prop_map(
        |(answer, verdict, answer_after_ms, late_taking, decide_after_ms, callbacks, callback_first)| {
            Manners {
                answer,
                answer_after_ms,
                answer_held: false,
                late_taking,
                decide_after_ms,
                verdict,
                callbacks,
                callback_every_ms: 1,
                callback_first,
                twist: None,
                questions_in_vain: 0,
            }
        },
    )
}

/// One thing that happens to a payout.
#[derive(Debug, Clone)]
enum Step {
    Pay(Manners),
    Ask,
    Line(Line),
}

fn any_step() -> impl Strategy<Value = Step> {
    let line = prop_oneof![Just(Line::Unavailable), Just(Line::Closed), Just(Line::Silent)];
    prop_oneof![5 => any_manners().prop_map(Step::Pay), 3 => Just(Step::Ask), 1 => line.prop_map(Step::Line)]
}

/// Tries as the engine does: until something is certain, always with the same id.
async fn live_through(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let front = Arc::new(Notebook::default());
    let (listener, base) = port().await;
    let momo = Momo::start(MomoOptions::default()).await.expect("a port");
    let usual = MobileConfig::new(momo.url.clone(), base, SECRET.into(), "key-of-the-house".into());
    let timing = Timing { answer_ms: 40, ..usual.timing };
    let money = MobileMoney::start(MobileConfig { timing, ..usual }).expect("a client");
    serve(listener, door::router(front.clone(), &money, SECRET.into(), Callers::default()));
    let payout = payout("the one");
    front.asks(&payout);
    let mut claims = Vec::new();
    for step in steps {
        let news = match step {
            Step::Pay(manners) => {
                momo.behave(manners);
                money.pay(payout.clone()).await
            }
            Step::Ask => money.status(payout.clone()).await,
            Step::Line(line) => {
                momo.set_line(line).await;
                let news = money.pay(payout.clone()).await;
                momo.set_line(Line::Open).await;
                news
            }
        };
        let paid = !momo.transfers().is_empty();
        let certain = matches!(news, PayoutNews::Paid { .. } | PayoutNews::Failed { .. });
        prop_assert!(!matches!(news, PayoutNews::Paid { .. }) || paid, "{news:?} before the transfer");
        claims.push(news);
        if certain {
            break;
        }
    }
    // Everything under way ends well within this.
    tokio::time::sleep(Duration::from_millis(90)).await;
    claims.extend(front.payouts().into_iter().map(|(_, news)| news));
    let transfers = momo.transfers();
    prop_assert!(transfers.len() <= 1, "{transfers:?}");
    for claim in &claims {
        match claim {
            PayoutNews::Paid { reference } => {
                prop_assert_eq!(Some(reference), transfers.first().map(|t| &t.reference));
            }
            PayoutNews::Failed { .. } => prop_assert!(transfers.is_empty(), "{claims:?} {transfers:?}"),
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_goes_wrong_failed_and_paid_are_said_only_when_they_are_true(
        steps in proptest::collection::vec(any_step(), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(live_through(steps))?;
    }
}

#[tokio::test]
async fn what_came_to_a_node_that_does_not_pay_is_heard_by_the_one_that_does() {
    let bench = bench().await;
    let (_, hears) = door::open(bench.front.clone(), &bench.money, SECRET.into(), Callers::default());
    bench.front.pays_elsewhere.store(true, Ordering::SeqCst);
    let payout = payout("elsewhere");
    assert_eq!(bench.pays(payout.clone()).await, PayoutNews::Accepted);
    eventually("the result is kept", || !bench.front.callbacks().is_empty()).await;
    assert!(bench.front.payouts().is_empty(), "it was not heard where it came in");
    let stop = CancellationToken::new();
    let front = Arc::clone(&bench.front) as Arc<dyn ShopFront>;
    let hearing = tokio::spawn(door::hear_others(front, vec![hears], stop.clone()));
    eventually("it is heard", || !bench.front.payouts().is_empty()).await;
    eventually("it is let go of", || bench.front.unheard.lock().expect("whole").is_empty()).await;
    let heard = bench.front.payouts();
    assert!(
        heard.iter().all(|(id, news)| *id == payout.id && matches!(news, PayoutNews::Paid { .. })),
        "{heard:?}"
    );
    stop.cancel();
    hearing.await.expect("it ends");
}
