//! Dialogs: what a turn costs with its recording and without, and how fast recorded ones are rehearsed.

use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::future::BoxFuture;
use sokoni::dialog::tape::{
    Tape,
    rehearse::{Menus as Changed, Reporter},
};
use sokoni::engine::{
    Engine, House, Parts,
    clock::MovableClock,
    menus::Menus,
    pins::Pins,
    port::{MoneyOut, PayOut, PayoutNews, UssdEvent, UssdIn, UssdOut},
    shopfront::{CardIn, CardSession},
    tapes::Reel,
    vocabulary::vocabulary,
};
use sokoni::market::Policy;
use sokoni::menu::{
    builtin,
    check::{Limits, compile},
    graph::Graph,
};
use sokoni::store::batch::{Batch, Committed, Row};
use sokoni::store::memory::Memory;
use sokoni::store::sled::{DEFAULT_CACHE, Sled};
use sokoni::store::{Key, Store, StoreError, keys};
use sokoni::types::{Clock, Lang, Msisdn, Timestamp, Usd};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Providers that nobody asks in these dialogs.
struct Nobody;

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

/// A store that keeps everything but what is recorded of dialogs.
struct Forgetful<S>(S);

impl<S: Store> Store for Forgetful<S> {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        self.0.read(keys)
    }
    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        self.0.scan(prefix, from, limit, back)
    }
    fn commit(&self, mut batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        batch.ops.retain(|op| op.key.first() != Some(&keys::RECORDINGS));
        self.0.commit(batch)
    }
    fn position(&self) -> u64 {
        self.0.position()
    }
}

/// An artisan with a phone, and the engine at the other end.
struct Call {
    engine: Arc<Engine>,
    clock: Arc<MovableClock>,
    runtime: Runtime,
}

impl Call {
    /// She has joined; nothing else has happened.
    fn over(store: Arc<dyn Store>) -> Self {
        let menus = Menus::read(&builtin::sources(), &Limits::default()).expect("sound menus");
        let clock = Arc::new(MovableClock::default());
        let house = House {
            help_phone: Msisdn::from_e164("254700000800").expect("a number"),
            dial: "*483*57#".to_owned(),
            sms: "48357".to_owned(),
            lang: Lang::EN,
            most_septets: 160,
            public_url: "http://shop".to_owned(),
        };
        let parts = Parts {
            store,
            clock: clock.clone(),
            chance: Arc::new(sokoni::engine::chance::SystemChance),
            menus: Arc::new(menus),
            policy: Policy::default(),
            house,
            pins: Pins::quick(),
            money: Arc::new(Nobody),
            card: Arc::new(Nobody),
            addresses: sokoni::engine::buyers::Seal::new(&"a secret of the benches".to_owned().into()),
            recon: Default::default(),
            mail: None,
        };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let engine = runtime.block_on(Engine::new(parts)).expect("an engine");
        let call = Self { engine, clock, runtime };
        call.dial();
        for typed in ["2", "1", "Amina Hassan", "1", "4071", "4071"] {
            call.press(typed);
        }
        assert!(call.dial().contains("Amina"), "she has joined");
        call
    }

    fn step(&self, event: UssdEvent) -> String {
        let input = UssdIn {
            gateway: "bench".into(),
            msisdn: Msisdn::from_e164("254700000101").expect("a number"),
            session: b"s".to_vec(),
            sequence: None,
            event,
            mark: None,
            septets: None,
            at: self.clock.now(),
        };
        match self.runtime.block_on(self.engine.ussd_turn(input)) {
            UssdOut::Ask(text) | UssdOut::End(text) => text,
            UssdOut::Nothing => String::new(),
        }
    }

    /// Half an hour later: nothing is left to go on with.
    fn dial(&self) -> String {
        self.clock.advance(Duration::from_secs(1800));
        self.step(UssdEvent::Begin("*483*57#".to_owned()))
    }

    fn press(&self, typed: &str) -> String {
        self.clock.advance(Duration::from_secs(1));
        self.step(UssdEvent::Reply(typed.to_owned()))
    }
}

/// A dialog of nine turns: home, selling, orders, money, and back again.
fn dialog(call: &Call) {
    call.dial();
    for key in ["1", "1", "0", "0", "2", "0", "3", "0"] {
        call.press(key);
    }
}

const TURNS: u64 = 9;

fn turns(bencher: Bencher, store: impl Store) {
    let call = Call::over(Arc::new(store));
    bencher.counter(ItemsCount::new(TURNS)).bench_local(|| dialog(&call));
}

#[divan::bench(max_time = 3)]
fn turns_recorded(bencher: Bencher) {
    turns(bencher, Memory::new());
}

#[divan::bench(max_time = 3)]
fn turns_not_recorded(bencher: Bencher) {
    turns(bencher, Forgetful(Memory::new()));
}

#[divan::bench(max_time = 3)]
fn turns_recorded_on_disk(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    turns(bencher, Sled::open(folder.path(), DEFAULT_CACHE).expect("opened"));
}

#[divan::bench(max_time = 3)]
fn turns_not_recorded_on_disk(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    turns(bencher, Forgetful(Sled::open(folder.path(), DEFAULT_CACHE).expect("opened")));
}

/// A thousand dialogs of nine turns against menus with another order of options.
#[divan::bench(max_time = 3)]
fn a_thousand_rehearsed(bencher: Bencher) {
    let store = Arc::new(Memory::new());
    let call = Call::over(store.clone());
    (0..1000).for_each(|_| dialog(&call));
    let tapes: Vec<Tape> = call.runtime.block_on(async {
        let (mut reel, mut tapes) = (Reel::since(&*store, Timestamp::default()), Vec::new());
        while let Some(tape) = reel.next().await.expect("readable") {
            tapes.push(tape);
        }
        tapes
    });
    let mut sources = builtin::sources();
    for (_, text) in &mut sources {
        *text = text.replace("  3     Money |", "  6     Money |");
    }
    let (graphs, texts) = compile(&sources, &vocabulary(), &Limits::default()).expect("sound menus");
    let trees: Vec<&Graph> = graphs.iter().collect();
    let menus = Changed { trees: &trees, texts: &texts };
    bencher.counter(ItemsCount::new(tapes.len())).bench_local(|| {
        let mut reporter = Reporter::default();
        tapes.iter().for_each(|tape| reporter.take(tape, menus));
        let report = reporter.report();
        assert!(report.dialogs >= 1000 && !report.stuck.is_empty(), "{report:?}");
        report
    });
}
