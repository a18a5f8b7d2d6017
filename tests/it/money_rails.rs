//! Paying out by Daraja, MTN MoMo and Airtel Money, over real HTTP, through providers that misbehave:
//! what is claimed is never more than the provider's own list says.

use crate::support::front::Notebook;
use crate::support::listen::{eventually, port, serve};
use proptest::prelude::*;
use sokoni::engine::port::{MoneyOut, NameNews, PayOut, PayoutNews};
use sokoni::money::airtel::{Airtel, AirtelSettings};
use sokoni::money::daraja::{Daraja, DarajaSettings};
use sokoni::money::door::{self, Callers};
use sokoni::money::mtn::{Mtn, MtnSettings};
use sokoni::sim::Line;
use sokoni::sim::momo::{Answer, Manners, Momo, MomoOptions, Speaks, Twist, Verdict};
use sokoni::types::{Msisdn, PayoutId};
use std::sync::Arc;
use std::time::Duration;

const ALL: [Speaks; 3] = [Speaks::Daraja, Speaks::Mtn, Speaks::Airtel];
const SECRET: &str = "a-path-only-the-provider-knows";

struct Bench {
    speaks: Speaks,
    momo: Momo,
    money: Arc<dyn MoneyOut>,
    front: Arc<Notebook>,
    base: String,
    _folder: tempfile::TempDir,
}

/// What a bench may be set up with.
struct Setting {
    /// In place of what the provider knows.
    key: &'static str,
    credential: &'static str,
    answer_ms: u64,
    at_once: u32,
    more: &'static str,
    /// The networks that the provider is known to call from.
    from: &'static [&'static str],
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            key: "key-of-the-house",
            credential: "credential-in-base64",
            answer_ms: 400,
            at_once: 16,
            more: "",
            from: &[],
        }
    }
}

async fn bench(speaks: Speaks, setting: Setting) -> Bench {
    let front = Arc::new(Notebook::default());
    let (listener, base) = port().await;
    let options = MomoOptions {
        speaks,
        api_key: Some("key-of-the-house".into()),
        credential: (speaks != Speaks::Mtn).then(|| "credential-in-base64".into()),
        ..MomoOptions::default()
    };
    let momo = Momo::start(options).await.expect("a port");
    momo.register(&format!("{base}/money/airtel/{SECRET}"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let (path, key) = (file("path", SECRET), file("key", setting.key));
    let (credential, any) = (file("credential", setting.credential), file("any", "any-key-at-all"));
    let common = format!(
        "base_url = '{}'\nsecret_path_file = '{path}'\ntiming = {{ answer_ms = {}, probe_ms = 20, at_once = {} }}\n{}\n",
        momo.url, setting.answer_ms, setting.at_once, setting.more
    );
    let callback = format!("callback_base = '{base}'\n");
    let notes = Arc::clone(&front);
    let from: Vec<String> = setting.from.iter().map(|network| (*network).to_owned()).collect();
    let callers = Callers::new(&from, &[]).expect("networks");
    let (money, doors): (Arc<dyn MoneyOut>, _) = match speaks {
        Speaks::Daraja => {
            let text = format!(
                "{common}{callback}consumer_key_file = '{any}'\nconsumer_secret_file = '{key}'\n\
                 initiator = 'sokoni'\ncredential_file = '{credential}'\nshort_code = '600000'\n\
                 ask_seconds = 0\nresend_minutes = 0\nbalance_minutes = 0\n"
            );
            let settings: DarajaSettings = toml::from_str(&text).expect("settings");
            let daraja = Arc::new(Daraja::start(settings.load().expect("secrets")).expect("a client"));
            let doors = door::router(notes, &daraja, SECRET.into(), callers);
            (daraja, doors)
        }
        Speaks::Mtn => {
            let text = format!(
                "{common}{callback}subscription_key_file = '{any}'\napi_user = 'a-user'\n\
                 api_key_file = '{key}'\ntarget = 'sandbox'\ncurrency = 'EUR'\n"
            );
            let settings: MtnSettings = toml::from_str(&text).expect("settings");
            let mtn = Arc::new(Mtn::start(settings.load().expect("secrets")).expect("a client"));
            let doors = door::router(notes, &mtn, SECRET.into(), callers);
            (mtn, doors)
        }
        Speaks::Airtel => {
            let text = format!(
                "{common}client_id = 'sokoni'\nclient_secret_file = '{key}'\npin_file = '{credential}'\n"
            );
            let settings: AirtelSettings = toml::from_str(&text).expect("settings");
            let airtel = Arc::new(Airtel::start(settings.load().expect("secrets")).expect("a client"));
            let doors = door::router(notes, &airtel, SECRET.into(), callers);
            (airtel, doors)
        }
        Speaks::Gsma => unreachable!("it has tests of its own"),
    };
    serve(listener, doors);
    Bench { speaks, momo, money, front, base, _folder: folder }
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

/// Its name in the configuration.
fn name_of(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Gsma => "mpesa",
        Speaks::Daraja => "daraja",
        Speaks::Mtn => "mtn",
        Speaks::Airtel => "airtel",
    }
}

/// A receipt as it is told: MTN's come from its sandbox, and say so.
fn receipt(speaks: Speaks, reference: &str) -> String {
    if speaks == Speaks::Mtn { format!("SANDBOX-{reference}") } else { reference.to_owned() }
}

fn is_held(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::Held { .. })
}

fn is_short(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::Short { .. })
}

fn is_unknown(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::Unknown { .. })
}

fn is_not_taken(news: &PayoutNews) -> bool {
    matches!(news, PayoutNews::NotTaken { .. })
}

/// A code that says "no such number" when a request comes, and one for afterwards.
fn no_such_number(speaks: Speaks) -> (&'static str, &'static str) {
    match speaks {
        Speaks::Daraja => ("400.002.02", "2040"),
        Speaks::Airtel => ("ESB000011", "ESB000011"),
        _ => ("PAYEE_NOT_FOUND", "PAYEE_NOT_FOUND"),
    }
}

impl Bench {
    async fn pays(&self, payout: &PayOut) -> PayoutNews {
        self.writes_down(payout);
        self.money.pay(payout.clone()).await
    }

    /// What the service does before it asks a provider.
    fn writes_down(&self, payout: &PayOut) {
        self.front.asks(&PayOut { via: name_of(self.speaks).to_owned(), ..payout.clone() });
    }

    /// What is found out by asking, however its answer comes.
    async fn finds_out(&self, payout: &PayOut) -> PayoutNews {
        let before = self.front.payouts().len();
        match self.money.status(payout.clone()).await {
            PayoutNews::Asked => {
                eventually("the answer", || self.front.payouts().len() > before).await;
                self.front.payouts()[before].1.clone()
            }
            news => news,
        }
    }

    /// The provider's own list, as news.
    fn list(&self) -> Vec<PayoutNews> {
        let transfers = self.momo.transfers().into_iter();
        let told = |reference: &str| PayoutNews::Paid { reference: receipt(self.speaks, reference) };
        transfers.map(|transfer| told(&transfer.reference)).collect()
    }
}

#[tokio::test]
async fn a_payout_is_accepted_and_its_result_comes_by_itself_and_on_asking() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        let payout = payout("a");
        assert_eq!(bench.pays(&payout).await, PayoutNews::Accepted, "{speaks:?}");
        eventually("the callback", || !bench.front.payouts().is_empty()).await;
        let transfer = bench.momo.transfers().remove(0);
        assert_eq!((transfer.shillings, transfer.msisdn.as_str()), (850, "254712345678"));
        assert_eq!(bench.front.payouts(), [(payout.id, bench.list()[0].clone())], "{speaks:?}");
        assert_eq!(bench.finds_out(&payout).await, bench.list()[0], "{speaks:?}");
        assert_eq!(bench.momo.logins(), 1, "one token does for everything");
    }
}

#[tokio::test]
async fn silence_is_unknown_and_the_same_id_again_makes_no_second_transfer() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        bench.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
        let payout = payout("a");
        assert!(is_unknown(&bench.pays(&payout).await), "{speaks:?}");
        assert_eq!(bench.finds_out(&payout).await, bench.list()[0], "{speaks:?}");
        let again = bench.pays(&PayOut { again: true, ..payout.clone() }).await;
        assert!(again == PayoutNews::Accepted || is_unknown(&again), "{speaks:?}: {again:?}");
        assert_eq!(bench.momo.transfers().len(), 1, "{speaks:?}");
    }
}

#[tokio::test]
async fn a_token_that_ended_early_is_renewed_once_and_the_same_request_goes_again() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        assert_eq!(bench.pays(&payout("a")).await, PayoutNews::Accepted);
        bench.momo.forget_tokens();
        assert_eq!(bench.pays(&payout("b")).await, PayoutNews::Accepted, "{speaks:?}");
        assert_eq!(bench.momo.logins(), 2, "{speaks:?}");
        eventually("two transfers", || bench.momo.transfers().len() == 2).await;
    }
}

#[tokio::test]
async fn a_key_that_is_refused_takes_nothing_and_no_pin_is_asked_for() {
    for speaks in ALL {
        let bench = bench(speaks, Setting { key: "a-stolen-key", ..Setting::default() }).await;
        assert!(bench.money.is_up(payout("a").to));
        assert!(is_held(&bench.pays(&payout("a")).await), "{speaks:?}");
        assert!(!bench.money.is_up(payout("a").to), "{speaks:?}");
        assert!(bench.momo.transfers().is_empty());
    }
}

#[tokio::test]
async fn a_refusal_is_a_failure_of_the_first_try_and_of_none_behind_a_silence() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        let (now, later) = no_such_number(speaks);
        bench.momo.behave_once(Manners::refusing(now));
        let refused = bench.pays(&payout("refused")).await;
        assert!(matches!(refused, PayoutNews::Failed { .. }), "{speaks:?}: {refused:?}");
        bench.momo.behave_once(Manners::failing(later));
        assert_eq!(bench.pays(&payout("failed")).await, PayoutNews::Accepted);
        eventually("the callback", || !bench.front.payouts().is_empty()).await;
        let failed = PayoutNews::Failed { why: "no such user".into() };
        assert_eq!(bench.front.payouts(), [(payout("failed").id, failed)], "{speaks:?}");

        bench.momo.behave_once(Manners { answer_after_ms: 900, late_taking: true, ..Manners::default() });
        bench.momo.behave_once(Manners::refusing(now));
        assert!(is_unknown(&bench.pays(&payout("on its way")).await), "{speaks:?}");
        let again = bench.pays(&PayOut { again: true, ..payout("on its way") }).await;
        assert!(is_not_taken(&again), "{speaks:?}: {again:?}");
        eventually("the late one", || bench.momo.transfers().len() == 1).await;
    }
}

#[tokio::test]
async fn an_empty_float_holds_every_payout_and_says_so_before_a_pin() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        bench.momo.set_float_shillings(100);
        let first = bench.pays(&payout("a")).await;
        if speaks == Speaks::Airtel {
            assert!(is_short(&first), "{first:?}");
        } else {
            assert_eq!(first, PayoutNews::Accepted);
            eventually("the callback", || !bench.front.payouts().is_empty()).await;
            let failed = PayoutNews::Failed { why: "no float, try later".into() };
            assert_eq!(bench.front.payouts(), [(payout("a").id, failed)], "{speaks:?}");
        }
        assert!(!bench.money.is_up(payout("b").to), "{speaks:?}");
        assert!(bench.money.is_short(""), "{speaks:?}: nothing else is wrong");
        assert!(is_short(&bench.pays(&payout("b")).await), "{speaks:?}: it waits, and is not sent");
        bench.momo.set_float_shillings(10_000);
        assert!(bench.momo.transfers().is_empty());
    }
}

#[tokio::test]
async fn a_refused_password_or_pin_is_tried_once_and_never_locked() {
    for speaks in [Speaks::Daraja, Speaks::Airtel] {
        let setting = Setting { credential: "a-wrong-credential", ..Setting::default() };
        let bench = bench(speaks, setting).await;
        let first = bench.pays(&payout("a")).await;
        assert!(first == PayoutNews::Accepted || is_not_taken(&first), "{speaks:?}: {first:?}");
        eventually("the result", || !bench.money.is_up(payout("a").to)).await;
        for name in ["b", "c", "d"] {
            assert!(is_held(&bench.pays(&payout(name)).await), "{speaks:?}");
        }
        let (asked, logins) = (bench.front.payouts().len(), bench.momo.logins());
        let _ = bench.money.status(payout("a")).await;
        assert_eq!((bench.front.payouts().len(), bench.momo.logins()), (asked, logins), "{speaks:?}");
    }
}

#[tokio::test]
async fn nothing_is_taken_when_nobody_listens_and_the_link_shows_as_down_until_it_is_back() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        bench.momo.set_line(Line::Closed).await;
        assert!(is_held(&bench.pays(&payout("a")).await), "{speaks:?}");
        assert!(!bench.money.is_up(payout("a").to));
        bench.momo.set_line(Line::Open).await;
        eventually("up again", || bench.money.is_up(payout("a").to)).await;
        assert!(bench.momo.transfers().is_empty());
    }
}

#[tokio::test]
async fn an_id_that_the_provider_never_heard_of_may_be_sent_again() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        bench.momo.behave_once(Manners::answering(Answer::Broken { taken: false }));
        let payout = payout("a");
        assert!(is_unknown(&bench.pays(&payout).await), "{speaks:?}");
        assert!(is_not_taken(&bench.finds_out(&payout).await), "{speaks:?}");
        if speaks == Speaks::Daraja {
            // What was told by itself is what the next question is answered with.
            assert!(is_not_taken(&bench.money.status(payout.clone()).await));
        }
        assert_eq!(bench.pays(&PayOut { again: true, ..payout }).await, PayoutNews::Accepted, "{speaks:?}");
        eventually("the transfer", || bench.momo.transfers().len() == 1).await;
    }
}

#[tokio::test]
async fn word_of_a_queue_is_no_failure_and_the_result_behind_it_counts() {
    let bench = bench(Speaks::Daraja, Setting::default()).await;
    bench.momo.behave(Manners { twist: Some(Twist::LateFirst), decide_after_ms: 50, ..Manners::default() });
    assert_eq!(bench.pays(&payout("a")).await, PayoutNews::Accepted);
    eventually("both", || bench.front.payouts().len() == 2).await;
    let heard: Vec<_> = bench.front.payouts().into_iter().map(|(_, news)| news).collect();
    assert!(is_unknown(&heard[0]), "{heard:?}");
    assert_eq!(heard[1], bench.list()[0]);
}

#[tokio::test]
async fn a_result_over_another_sum_is_not_believed_and_one_with_another_id_is_refused() {
    let bench = bench(Speaks::Daraja, Setting::default()).await;
    bench.momo.behave_once(Manners { twist: Some(Twist::OtherSum), ..Manners::default() });
    bench.pays(&payout("sum")).await;
    let of = |name: &str| {
        let about = payout(name).id;
        let news = bench.front.payouts();
        news.into_iter().filter(|(id, _)| *id == about).map(|(_, news)| news).collect::<Vec<_>>()
    };
    eventually("its own books are asked", || of("sum").len() == 2).await;
    assert!(is_unknown(&of("sum")[0]));
    assert_eq!(of("sum").last(), bench.list().last(), "and tell how it was");
    bench.momo.behave_once(Manners { twist: Some(Twist::OtherId), ..Manners::default() });
    bench.pays(&payout("id")).await;
    bench.momo.behave_once(Manners { twist: Some(Twist::Loose), ..Manners::default() });
    bench.pays(&payout("loose")).await;
    eventually("the third", || !of("loose").is_empty()).await;
    assert_eq!(of("loose"), [bench.list().last().expect("paid").clone()]);
    assert!(of("id").is_empty());
}

#[tokio::test]
async fn callbacks_keep_strangers_noise_and_unknown_ids_apart() {
    for speaks in ALL {
        let bench = bench(speaks, Setting::default()).await;
        let client = reqwest::Client::new();
        let post = async |path: String, body: &str| {
            let request = client.post(format!("{}{path}", bench.base)).body(body.to_owned());
            request.send().await.expect("answered").status().as_u16()
        };
        let (id, stranger) = (payout("a").id, payout("of nobody").id);
        let name = name_of(speaks);
        let about = |id: PayoutId| match speaks {
            Speaks::Daraja => (format!("/result/{id}"), "{}".to_owned()),
            Speaks::Airtel => (String::new(), format!(r#"{{"transaction":{{"id":"{id}"}}}}"#)),
            _ => (String::new(), format!(r#"{{"externalId":"{id}"}}"#)),
        };
        let (tail, body) = about(id);
        assert_eq!(post(format!("/money/{name}/a-guess{tail}"), &body).await, 404, "{speaks:?}");
        assert_eq!(post(format!("/money/{name}/{SECRET}{tail}"), &"x".repeat(100_000)).await, 413);
        let (nobody, body) = about(stranger);
        assert_eq!(post(format!("/money/{name}/{SECRET}{nobody}"), &body).await, 200, "of no payout of ours");
        bench.writes_down(&payout("a"));
        assert_eq!(post(format!("/money/{name}/{SECRET}{tail}"), "{").await, 400, "{speaks:?}");
        assert!(bench.front.payouts().is_empty(), "{speaks:?}");
    }
}

#[tokio::test]
async fn what_a_forged_callback_claims_is_asked_for_and_never_believed() {
    for (speaks, name) in [(Speaks::Mtn, "mtn"), (Speaks::Airtel, "airtel")] {
        let bench = bench(speaks, Setting::default()).await;
        let payout = payout("a");
        bench.writes_down(&payout);
        let others = PayoutId::derived("of another provider");
        bench.front.asks(&PayOut { id: others, via: "daraja".to_owned(), ..payout.clone() });
        let forged = |id: PayoutId| {
            format!(
                r#"{{"externalId":"{0}","amount":"850","status":"SUCCESSFUL","financialTransactionId":"1",
            "transaction":{{"id":"{0}","status_code":"TS","airtel_money_id":"1"}}}}"#,
                id
            )
        };
        let url = format!("{}/money/{name}/{SECRET}", bench.base);
        for id in [others, payout.id] {
            let answer = reqwest::Client::new().put(&url).body(forged(id)).send().await.expect("answered");
            assert_eq!(answer.status(), 200);
        }
        assert_eq!(bench.front.payouts().len(), 1, "{speaks:?}: of another provider nothing is asked");
        assert!(is_not_taken(&bench.front.payouts()[0].1), "{speaks:?}: {:?}", bench.front.payouts());
    }
}

#[tokio::test]
async fn a_provider_that_is_silent_has_so_many_requests_under_way_and_the_others_are_not_tried() {
    for speaks in ALL {
        let bench = bench(speaks, Setting { at_once: 2, ..Setting::default() }).await;
        assert_eq!(bench.pays(&payout("first")).await, PayoutNews::Accepted, "{speaks:?}");
        bench.momo.behave(Manners::answering(Answer::Silence { taken: false }));
        let payouts = ["a", "b", "c", "d"].map(payout);
        let all = futures_util::future::join_all(payouts.iter().map(|payout| bench.pays(payout))).await;
        assert_eq!(all.iter().filter(|news| is_unknown(news)).count(), 2, "{speaks:?}: {all:?}");
        assert_eq!(all.iter().filter(|news| is_held(news)).count(), 2, "{speaks:?}: {all:?}");
    }
}

#[tokio::test]
async fn a_question_about_a_name_that_is_refused_holds_no_payout() {
    let bench = bench(Speaks::Mtn, Setting::default()).await;
    bench.momo.tells_no_names(true);
    assert_ne!(bench.money.name_of(payout("a").to).await, NameNews::Named(String::new()));
    assert!(bench.money.is_up(payout("a").to));
    assert_eq!(bench.pays(&payout("a")).await, PayoutNews::Accepted);
}

#[tokio::test]
async fn mtn_tells_the_name_behind_a_number() {
    let bench = bench(Speaks::Mtn, Setting::default()).await;
    bench.momo.names("254712345678", "Achieng Otieno");
    assert_eq!(bench.money.name_of(payout("a").to).await, NameNews::Named("Achieng Otieno".into()));
    let other = Msisdn::from_e164("254700000000").expect("a number");
    assert_eq!(bench.money.name_of(other).await, NameNews::Untold);
}

#[tokio::test]
async fn the_balance_that_is_told_holds_payouts_below_its_floor() {
    let more = "float_floor_shillings = 5000";
    let bench = bench(Speaks::Daraja, Setting { more, from: &["127.0.0.0/8"], ..Setting::default() }).await;
    bench.momo.set_float_shillings(5_500);
    assert_eq!(bench.pays(&payout("a")).await, PayoutNews::Accepted);
    eventually("the result", || !bench.front.payouts().is_empty()).await;
    assert_eq!(bench.front.payouts()[0].1, bench.list()[0], "this one went");
    assert!(is_short(&bench.pays(&payout("b")).await), "the next one waits");
    assert!(!bench.money.is_up(payout("b").to));
}

fn any_manners(speaks: Speaks) -> impl Strategy<Value = Manners> {
    let (now, later) = no_such_number(speaks);
    let answer = prop_oneof![
        4 => Just(Answer::Accept),
        2 => any::<bool>().prop_map(|taken| Answer::Silence { taken }),
        2 => Just(Answer::Refuse { code: now.to_owned() }),
        2 => any::<bool>().prop_map(|taken| Answer::Broken { taken }),
        1 => Just(Answer::Unavailable),
    ];
    let verdict = prop_oneof![2 => Just(Verdict::Pay), 1 => Just(Verdict::Fail { code: later.to_owned() })];
    let twist = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Twist::Loose)),
        1 => Just(Some(Twist::OtherSum)),
        1 => Just(Some(Twist::OtherId)),
    ];
    let late = prop_oneof![3 => Just(0u64), 1 => Just(120)];
    (answer, verdict, late, any::<bool>(), 0u64..8, 0u32..3, any::<bool>(), twist).prop_map(
        |(
            answer,
            verdict,
            answer_after_ms,
            late_taking,
            decide_after_ms,
            callbacks,
            callback_first,
            twist,
        )| {
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
                twist,
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
    TokensEnd,
}

fn any_life() -> impl Strategy<Value = (Speaks, Vec<Step>)> {
    prop::sample::select(ALL.to_vec()).prop_flat_map(|speaks| {
        let line = prop_oneof![Just(Line::Unavailable), Just(Line::Closed), Just(Line::Silent)];
        let step = prop_oneof![
            5 => any_manners(speaks).prop_map(Step::Pay),
            3 => Just(Step::Ask),
            1 => line.prop_map(Step::Line),
            1 => Just(Step::TokensEnd),
        ];
        (Just(speaks), prop::collection::vec(step, 1..6))
    })
}

/// Tries as the engine does: until something is certain, always with the same id.
async fn live_through(speaks: Speaks, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let bench = bench(speaks, Setting { answer_ms: 80, ..Setting::default() }).await;
    let (mut payout, mut claims) = (payout("the one"), Vec::new());
    for step in steps {
        let news = match step {
            Step::Pay(manners) => {
                bench.momo.behave(manners);
                bench.pays(&payout).await
            }
            Step::Ask => bench.money.status(payout.clone()).await,
            Step::TokensEnd => {
                bench.momo.forget_tokens();
                continue;
            }
            Step::Line(line) => {
                bench.momo.set_line(line).await;
                let news = bench.pays(&payout).await;
                bench.momo.set_line(Line::Open).await;
                news
            }
        };
        payout.again = true;
        let paid = !bench.momo.transfers().is_empty();
        prop_assert!(!matches!(news, PayoutNews::Paid { .. }) || paid, "{news:?} before the transfer");
        let certain = matches!(news, PayoutNews::Paid { .. } | PayoutNews::Failed { .. });
        claims.push(news);
        if certain {
            break;
        }
    }
    // Everything under way ends well within this.
    tokio::time::sleep(Duration::from_millis(180)).await;
    claims.extend(bench.front.payouts().into_iter().map(|(_, news)| news));
    let transfers = bench.momo.transfers();
    prop_assert!(transfers.len() <= 1, "{:?}: {transfers:?}", bench.speaks);
    for claim in &claims {
        match claim {
            PayoutNews::Paid { reference } => {
                let made = transfers.first().map(|transfer| receipt(speaks, &transfer.reference));
                prop_assert_eq!(Some(reference), made.as_ref());
            }
            PayoutNews::Failed { .. } => prop_assert!(transfers.is_empty(), "{claims:?} {transfers:?}"),
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_goes_wrong_failed_and_paid_are_said_only_when_they_are_true(
        (speaks, steps) in any_life(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(live_through(speaks, steps))?;
    }
}
