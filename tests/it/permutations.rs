//! Everything that can happen to a payout, in every order: the answer to the request, its result, the
//! result twice, the answer to a question, a contradiction, the money taken back, and our own end without
//! warning. By every protocol, over real HTTP, against a provider that keeps its own list. However it
//! went, the payout ends as that list has it, was made once at most, and nobody was told more than was
//! known when it was said.

use crate::support::providers;
use axum::Router;
use axum::extract::Request;
use futures_util::future::BoxFuture;
use sokoni::cli::service::money::Money;
use sokoni::config::Config;
use sokoni::engine::clock::MovableClock;
use sokoni::engine::depot::desk::DepotDesk;
use sokoni::engine::desk::Who;
use sokoni::engine::desk::approvals::{ApprovalDesk, ApprovalWish, Wanted};
use sokoni::engine::menus::Menus;
use sokoni::engine::outbox::ByHand;
use sokoni::engine::pins::Pins;
use sokoni::engine::port::{Sent, SmsOut, SmsSender, UssdEvent, UssdIn, UssdOut};
use sokoni::engine::shopfront::ShopFront;
use sokoni::engine::{Engine, House, Parts};
use sokoni::menu::{builtin, check::Limits};
use sokoni::sim::momo::{Manners, Momo, MomoOptions, Speaks, State, Transaction};
use sokoni::store::memory::Memory;
use sokoni::types::{Clock, Kes, Lang, Msisdn};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// What happens to a payout after the request for it has arrived and was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// The request is answered, which was held until now.
    Answer,
    /// Its result comes.
    Result,
    /// Its result comes twice.
    Repeated,
    /// Whoever waits for the answer gives up; a minute later we ask.
    Asked,
    /// The provider says that it was otherwise.
    Contradicted,
    /// The provider takes it back.
    TakenBack,
    /// The service is gone from one moment to the next, and starts again.
    Killed,
}

use News::{Answer, Asked, Contradicted, Killed, Repeated, Result as Comes, TakenBack};

/// No order is longer.
const LONGEST: usize = 6;
const ALL: [Speaks; 4] = [Speaks::Gsma, Speaks::Daraja, Speaks::Mtn, Speaks::Airtel];

/// What can happen at a provider: only one of the four takes money back where we can hear it.
fn kinds(speaks: Speaks) -> Vec<News> {
    let mut kinds = vec![Answer, Comes, Repeated, Asked, Contradicted, Killed];
    kinds.extend((speaks == Speaks::Gsma).then_some(TakenBack));
    kinds
}

/// Every order of every choice of them, of one that is paid and of one that is not.
fn orders(speaks: Speaks) -> Vec<(bool, Vec<News>)> {
    let (mut all, kinds, mut at) = (vec![Vec::new()], kinds(speaks), 0);
    while at < all.len() {
        let begun: Vec<News> = all[at].clone();
        if begun.len() < LONGEST {
            let more = kinds.iter().filter(|news| !begun.contains(news));
            all.extend(more.map(|news| [&begun[..], &[*news]].concat()));
        }
        at += 1;
    }
    [true, false]
        .into_iter()
        .flat_map(|is_paid| all.iter().map(move |order| (is_paid, order.clone())))
        .collect()
}

/// Keeps every SMS.
#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl SmsSender for Said {
    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        self.0.lock().expect("whole").push(sms.text);
        Box::pin(async { Sent::Taken { gateway: "none".into(), ids: vec![String::new()] } })
    }
}

impl Said {
    /// How often she was told that money went, and how often that it did not.
    fn told(&self) -> (usize, usize) {
        let said = self.0.lock().expect("whole");
        let with =
            |words: &[&str]| said.iter().filter(|text| words.iter().any(|one| text.contains(one))).count();
        (with(&["Sokoni sent", "did pay after all"]), with(&["is back in your balance"]))
    }
}

/// What the provider's list said of a payout so far, and what she had been told before it.
struct Story {
    told: (usize, usize),
    states: Vec<State>,
}

impl Story {
    fn goes_on(&mut self, state: State) {
        if self.states.last() != Some(&state) {
            self.states.push(state);
        }
    }

    /// She was told no more than was true at some time until now, and no oftener.
    fn holds(&self, said: &Said, is_paid: bool, order: &[News]) {
        let paid = self.states.iter().filter(|state| matches!(state, State::Completed { .. })).count();
        let back = self.states.len() - paid;
        let now = said.told();
        let told = (now.0 - self.told.0, now.1 - self.told.1);
        assert!(told.0 <= paid && told.1 <= back, "{is_paid} {order:?}: told {told:?} of {:?}", self.states);
    }
}

/// The service from a start to its end.
struct Life {
    engine: Arc<Engine>,
    hands: ByHand,
    /// The first request, while its answer is held.
    first: Option<JoinHandle<()>>,
}

/// A service, its provider, and Achieng, who has money.
struct Bench {
    speaks: Speaks,
    config: Config,
    menus: Arc<Menus>,
    store: Arc<Memory>,
    clock: Arc<MovableClock>,
    momo: Momo,
    said: Arc<Said>,
    doors: Arc<Mutex<Router>>,
    life: Option<Life>,
    _folder: tempfile::TempDir,
}

fn configuration(speaks: Speaks, folder: &std::path::Path, web: SocketAddr, momo: &str) -> Config {
    for name in ["mpesa-path", "mpesa-key", "mpesa-passkey", "card-key", "card-webhook"] {
        std::fs::write(folder.join(name), format!("of-{}", &name[2..])).expect("a secret");
    }
    let provider = providers::table(speaks, 30_000, web, momo);
    let text = format!(
        r#"
[http]
public_url = "http://{web}"

{provider}
[money.card]
base_url            = "http://127.0.0.1:9"
api_key_file        = "card-key"
webhook_secret_file = "card-webhook"
"#
    );
    Config::parse(&text, "the bench", folder).expect("a configuration")
}

impl Bench {
    async fn set(speaks: Speaks, menus: Arc<Menus>) -> Self {
        let momo =
            Momo::start(MomoOptions { speaks, api_key: Some("of-esa-key".into()), ..MomoOptions::default() });
        let momo = momo.await.expect("a provider");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let web = listener.local_addr().expect("an address");
        momo.register(&format!("http://{web}/money/airtel/of-esa-path"));
        let folder = tempfile::tempdir().expect("a folder");
        let config = configuration(speaks, folder.path(), web, &momo.url);
        // Whoever knocks while nobody lives here finds no door.
        let doors = Arc::new(Mutex::new(Router::new()));
        let now = Arc::clone(&doors);
        let app = Router::new().fallback(move |request: Request| {
            let now = now.lock().expect("whole").clone();
            async move { now.oneshot(request).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let mut bench = Self {
            speaks,
            config,
            menus,
            store: Arc::new(Memory::new()),
            clock: Arc::new(MovableClock::default()),
            momo,
            said: Arc::default(),
            doors,
            life: None,
            _folder: folder,
        };
        bench.start().await;
        bench.joins().await;
        bench
    }

    /// A start over what the store holds.
    async fn start(&mut self) {
        let money = Money::start(&self.config).expect("adapters");
        let parts = Parts {
            store: self.store.clone(),
            clock: self.clock.clone(),
            chance: Arc::new(sokoni::engine::chance::SystemChance),
            menus: Arc::clone(&self.menus),
            policy: self.config.market.clone(),
            house: House {
                help_phone: phone("254700000800"),
                dial: "*483*57#".to_owned(),
                sms: "48357".to_owned(),
                lang: Lang::EN,
                most_septets: 160,
                public_url: "http://shop".to_owned(),
            },
            pins: Pins::quick(),
            money: Arc::clone(&money.mobile),
            card: Arc::clone(&money.card),
            addresses: sokoni::engine::buyers::Seal::new(&"a secret of the bench".to_owned().into()),
            recon: self.config.reconcile.clone(),
            mail: None,
        };
        let engine = Engine::new(parts).await.expect("an engine");
        let (front, clock): (Arc<dyn ShopFront>, Arc<dyn Clock>) = (engine.clone(), self.clock.clone());
        *self.doors.lock().expect("whole") = money.doors(&front, &clock);
        let hands = ByHand::start(&engine, self.said.clone()).await.expect("workers");
        self.life = Some(Life { engine, hands, first: None });
    }

    /// Ends it where it stands: nothing is finished, nothing is said goodbye to.
    async fn kill(&mut self) {
        *self.doors.lock().expect("whole") = Router::new();
        if let Some(Life { first: Some(first), .. }) = self.life.take() {
            first.abort();
            drop(first.await);
        }
        while self.momo.held() > 0 {
            self.momo.let_go(false);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn life(&mut self) -> &mut Life {
        self.life.as_mut().expect("alive")
    }

    /// Sends what is due, and waits until whatever was asked is answered.
    async fn settle(&mut self) {
        loop {
            let sent = self.life().hands.step().await.expect("a store");
            while !self.momo.is_quiet() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if sent == 0 {
                return;
            }
        }
    }

    /// What the phone shows after this key, or after dialling.
    async fn presses(&mut self, typed: Option<&str>) -> String {
        self.clock.advance(Duration::from_secs(1));
        let event = typed.map_or_else(
            || UssdEvent::Begin("*483*57#".to_owned()),
            |typed| UssdEvent::Reply(typed.to_owned()),
        );
        let input = UssdIn {
            gateway: "none".into(),
            msisdn: phone("254712345678"),
            session: b"s".to_vec(),
            sequence: None,
            event,
            mark: None,
            septets: None,
            at: self.clock.now(),
        };
        match self.life().engine.ussd_turn(input).await {
            UssdOut::Ask(text) | UssdOut::End(text) => text,
            UssdOut::Nothing => String::new(),
        }
    }

    async fn walks(&mut self, keys: &[&str]) -> String {
        self.clock.advance(Duration::from_secs(3_600));
        let mut shown = self.presses(None).await;
        for key in keys {
            shown = self.presses(Some(key)).await;
        }
        shown
    }

    /// She joins, and two people of the desk give her money.
    async fn joins(&mut self) {
        let shown = self.walks(&["2", "1", "Achieng Otieno", "1", "4071", "4071"]).await;
        assert!(shown.contains("Welcome"), "{shown}");
        self.settle().await;
        let engine = Arc::clone(&self.life().engine);
        let (phone, amount) = ("0712345678".to_owned(), Kes::major(200_000));
        let wanted = Wanted::MakeGood { phone, amount, case: None };
        let ask = ApprovalWish::Ask { wanted, why: "a bench needs money".to_owned() };
        let row = engine.approval(Who::new("Grace"), ask).await.expect("asked");
        let approve = ApprovalWish::Approve { approval: row.approval };
        engine.approval(Who::new("Peter"), approve).await.expect("approved");
        self.settle().await;
    }

    /// What the provider has written down.
    #[track_caller]
    fn listed(&self, id: &str) -> Transaction {
        self.momo.transaction(id).unwrap_or_else(|| panic!("{:?}: {id} is not in its list", self.speaks))
    }

    async fn happens(&mut self, id: &str, news: News) {
        match news {
            Answer => {
                if let Some(first) = self.life().first.take() {
                    self.momo.let_go(true);
                    first.await.expect("answered");
                }
            }
            Comes => self.momo.call_back(id).await,
            Repeated => {
                self.momo.call_back(id).await;
                self.momo.call_back(id).await;
            }
            Asked => {
                self.gives_up().await;
                self.clock.advance(Duration::from_secs(70));
            }
            Contradicted => drop(self.momo.change_mind(id).await),
            TakenBack => drop(self.momo.reverse(id).await),
            Killed => {
                self.kill().await;
                self.start().await;
            }
        }
        self.settle().await;
    }

    /// Whoever waits for the answer hears nothing that proves anything.
    async fn gives_up(&mut self) {
        if let Some(first) = self.life().first.take() {
            self.momo.let_go(false);
            first.await.expect("given up");
        }
    }

    /// Asks for money, lets the news come in this order, and looks how it ends.
    async fn goes_through(&mut self, is_paid: bool, order: &[News]) {
        // A provider that was silent is taken to be down for a while; a start knows nothing of that.
        self.kill().await;
        self.start().await;
        let ends = if is_paid { Manners::default() } else { Manners::failing("accountLimitExceeded") };
        let ends = Manners { callbacks: 0, ..ends };
        self.momo.behave(ends.clone());
        self.momo.behave_once(Manners { answer_held: true, ..ends });
        let told = self.said.told();
        let shown = self.walks(&["3", "1", "50", "4071"]).await;
        assert!(shown.contains("on its way"), "{order:?}: {shown}");

        let (engine, known) = (Arc::clone(&self.life().engine), self.momo.ids());
        let mut hands = ByHand::start(&engine, self.said.clone()).await.expect("workers");
        self.life().first = Some(tokio::spawn(async move { drop(hands.step().await) }));
        while self.momo.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let ours = engine.desk_payouts().await.expect("payouts")[0].id.clone();
        // Some providers have a name of their own for it.
        let id = self.momo.ids().into_iter().find(|id| !known.contains(id)).expect("it has arrived");
        while self.listed(&id).state == State::Pending {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(engine);
        let mut story = Story { told, states: vec![self.listed(&id).state] };
        for news in order {
            self.happens(&id, *news).await;
            story.goes_on(self.listed(&id).state);
            story.holds(&self.said, is_paid, order);
        }
        let contradicts = order.contains(&Contradicted);
        // Whoever still waits gives up, and then nothing comes any more but what we ask for.
        self.gives_up().await;
        for _ in 0..8 {
            self.settle().await;
            self.clock.advance(Duration::from_secs(900));
        }
        self.settle().await;
        story.holds(&self.said, is_paid, order);
        self.ends_as_listed((&ours, &id), is_paid, order, contradicts).await;
    }

    async fn ends_as_listed(
        &mut self, (ours, id): (&str, &str), is_paid: bool, order: &[News], contradicts: bool,
    ) {
        let engine = Arc::clone(&self.life().engine);
        let payouts = engine.desk_payouts().await.expect("payouts");
        let stands = payouts.iter().find(|payout| payout.id == ours).expect("ours").state.clone();
        let listed = self.listed(id).state;
        let agree = match &listed {
            State::Completed { .. } => stands == "paid",
            // Her money is hers again, whether we ever knew that it had gone or not.
            State::Reversed { .. } => stands == "reversed" || stands == "failed",
            State::Failed { .. } => stands == "failed",
            State::Pending => false,
        };
        let made = self.momo.transfers().iter().filter(|transfer| transfer.id == id).count();
        assert!(made <= 1, "{:?} {is_paid} {order:?}: made {made} times", self.speaks);
        let cases = engine.cases().await.expect("cases");
        let told = cases.iter().any(|case| case.notes.iter().any(|note| note.text.contains(ours)));
        assert!(
            agree || contradicts && told,
            "{:?} {is_paid} {order:?}: ours is {stands}, theirs {listed:?}; a person was told: {told}",
            self.speaks
        );
    }
}

fn phone(digits: &str) -> Msisdn {
    Msisdn::from_e164(digits).expect("a number")
}

/// One in so many orders is told here; all of them in the slow tests.
const ONE_IN: usize = 61;

async fn every_order(speaks: Speaks) {
    let menus = Menus::read(&builtin::sources(), &Limits::default()).expect("sound menus");
    let menus = Arc::new(menus);
    let all = orders(speaks);
    let one_in = if std::env::var("SOKONI_SLOW_TESTS").is_ok_and(|slow| slow == "1") { 1 } else { ONE_IN };
    let some: Vec<_> = all.iter().skip(one_in / 2).step_by(one_in).collect();
    for portion in some.chunks(200) {
        let mut bench = Bench::set(speaks, Arc::clone(&menus)).await;
        for (is_paid, order) in portion {
            bench.goes_through(*is_paid, order).await;
        }
    }
    println!("{speaks:?}: {} of {} orders", some.len(), all.len());
}

#[tokio::test]
async fn by_gsma_a_payout_ends_as_the_providers_list_has_it_in_every_order() {
    every_order(ALL[0]).await;
}

#[tokio::test]
async fn by_daraja_a_payout_ends_as_the_providers_list_has_it_in_every_order() {
    every_order(ALL[1]).await;
}

#[tokio::test]
async fn by_mtn_a_payout_ends_as_the_providers_list_has_it_in_every_order() {
    every_order(ALL[2]).await;
}

#[tokio::test]
async fn by_airtel_a_payout_ends_as_the_providers_list_has_it_in_every_order() {
    every_order(ALL[3]).await;
}
