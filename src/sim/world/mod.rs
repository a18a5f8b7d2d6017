//! The whole market on a virtual clock: artisans and those who help them, mentors, kiosks, riders,
//! liaisons, shoppers and the desk,
//! with operators, a money provider and a card processor that fail as theirs do. One seed is one
//! history, to the octet.
//!
//! * [`World`] holds everything and a queue of what happens next; [`turns`] hands it to the engine,
//!   [`street`] is what happens between people without it, [`shoppers`] and [`office`] what comes of
//!   those without a phone of ours.
//! * [`people`]: who they are and what they do; [`reader`]: how they read.
//! * [`doubles`]: the store that dies, the carrier, the provider, the till.
//! * [`check`]: what must hold, after every step and at the end; [`model`]: the rules of the money
//!   once more, to compare with.

pub mod check;
pub mod dice;
pub mod doubles;
pub mod faults;
pub mod model;
mod office;
pub mod people;
pub mod reader;
pub mod report;
mod shoppers;
mod street;
mod turns;

use crate::engine::buyers::Seal;
use crate::engine::chance::SeededChance;
use crate::engine::menus::Menus;
use crate::engine::orders::desk::OrderWish;
use crate::engine::outbox::ByHand;
use crate::engine::pins::Pins;
use crate::engine::port::SmsIn;
use crate::engine::shopfront::{CardNews, PieceView};
use crate::engine::{Engine, House, Kiosk, Liaison, Parts};
use crate::market::Policy;
use crate::menu::check::Limits;
use crate::store::{StoreError, outbox, timers};
use crate::types::{Clock, Kes, Lang, Msisdn, PayoutId, SpokenCode, Timestamp};
use check::Checks;
use dice::Dice;
use doubles::WorldClock;
use doubles::brittle::{Brittle, Doom};
use doubles::carrier::{Carried, Carrier};
use doubles::provider::Provider;
use doubles::till::Till;
use faults::{Level, Tally};
use people::{AREAS, Errand, Person, Trade, Visit, Who};
use reader::Reader;
use report::Report;
use shoppers::Wanted;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What is asked of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Which history.
    pub seed: u64,
    /// How many artisans come to join.
    pub artisans: u32,
    /// How many days they live.
    pub days: u32,
    /// How much goes wrong.
    pub faults: Level,
}

impl Settings {
    /// The command that runs the same history again.
    pub fn command(&self) -> String {
        let Self { seed, artisans, days, faults } = self;
        let command =
            format!("sokoni sim --seed {seed} --artisans {artisans} --days {days} --faults {faults}");
        #[cfg(feature = "planted")]
        if let Some(bug) = crate::engine::planted::planted() {
            return format!("{command} --plant {bug}");
        }
        command
    }
}

/// Something that must hold did not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at step {step}, {day} days and {clock} into the run: {what}\nIt happens again with: {again}")]
pub struct Broken {
    /// What was seen.
    pub what: String,
    /// Counts what happened in the world.
    pub step: u64,
    /// Days since the beginning.
    pub day: u64,
    /// The time of day in Nairobi.
    pub clock: String,
    /// The command that shows it again.
    pub again: String,
}

/// What keeps a run from going on: told without where and when, which the world adds.
pub(crate) type Fault = String;

/// Every run begins on this Monday morning, in Nairobi.
const BEGIN: Timestamp = Timestamp::from_millis(1_767_585_600_000);
const DAY: Duration = Duration::from_secs(86_400);
/// How long everything is let come to its end after the last day.
const QUIET_DAYS: u32 = 12;
/// Opening money.
const FLOAT: Kes = Kes::major(200_000_000);
/// The number that people call for help.
const HELP: &str = "254700000800";
/// What people dial.
pub(crate) const DIAL: &str = "*483*57#";

/// Something that happens.
#[derive(Debug, Clone)]
enum Happening {
    /// Somebody wants something from now on.
    Wants(Who, Errand),
    /// Somebody takes up her phone for the next thing she wants.
    TakesUp(Who),
    /// The next step of a call, by its number.
    Step(Who, u32),
    /// An SMS reaches the service, for so many times.
    Sms(SmsIn, u8),
    /// What was carried arrives.
    Arrives(Carried),
    /// Somebody stands before somebody.
    Visit(Who, Visit),
    /// A morning of somebody.
    Morning(Who),
    /// A shopper comes to the shop.
    Shopper,
    /// A shopper's form is posted, for so many times.
    Form(Wanted, u8),
    /// A shopper pays, for many pieces or few.
    Pays(String, bool),
    /// A shopper looks at the page of her order, and will do so for so many times more.
    Looks(String, u8),
    /// The same of a bulk request.
    LooksAtMany(String, u8),
    /// The desk does something about an order.
    Office(OrderWish),
    /// A webhook of the card processor, for so many times.
    Hook(CardNews, u8),
    /// A call back from the money provider, for so many times.
    Money(PayoutId, u8),
    /// The money provider goes down, or comes back.
    Line(bool),
    /// A day begins for the desk and for the sweep.
    Desk,
}

/// Everything.
pub struct World {
    settings: Settings,
    clock: Arc<WorldClock>,
    store: Arc<Brittle>,
    carrier: Arc<Carrier>,
    provider: Arc<Provider>,
    till: Arc<Till>,
    chance: Arc<SeededChance>,
    menus: Arc<Menus>,
    reader: Reader,
    policy: Policy,
    kiosks: Vec<Kiosk>,
    liaisons: Vec<Liaison>,
    engine: Arc<Engine>,
    outbox: ByHand,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    placed: u64,
    steps: u64,
    dice: Dice,
    people: Vec<Person>,
    by_phone: BTreeMap<Msisdn, Who>,
    /// Pieces in the parcel of an order, as people count them.
    parcels: BTreeMap<String, u32>,
    tokens: Vec<String>,
    /// The shop's front page, and when it was drawn.
    front: Vec<PieceView>,
    front_read: Timestamp,
    /// Orders whose carrier has sent his bill.
    billed: BTreeSet<SpokenCode>,
    /// Cash numbers that people were told.
    cash: Vec<String>,
    checks: Checks,
    tally: Tally,
    /// Where people did not know their way: how often, and the first screen.
    lost: BTreeMap<String, (u64, String)>,
    screens: sha2::Sha256,
    quiet: bool,
    /// Nobody begins anything any more.
    curfew: bool,
    days_done: u32,
}

/// Runs a history from its beginning to its end, on this thread.
///
/// # Errors
/// The first thing that did not hold, or why the run could not begin.
pub fn run(settings: Settings) -> Result<Report, Box<Broken>> {
    let begin = |what: String| {
        Box::new(Broken { what, step: 0, day: 0, clock: "00:00".to_owned(), again: settings.command() })
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().map_err(|why| begin(why.to_string()))?;
    runtime.block_on(async {
        let mut world = World::new(settings).await.map_err(begin)?;
        match world.live().await {
            Ok(()) => Ok(world.report().await.map_err(|what| world.broken(what))?),
            Err(what) => Err(world.broken(what)),
        }
    })
}

fn house() -> Result<House, Fault> {
    Ok(House {
        help_phone: Msisdn::from_e164(HELP).map_err(|why| why.to_string())?,
        dial: DIAL.to_owned(),
        sms: "48357".to_owned(),
        lang: Lang::SW,
        most_septets: 160,
        public_url: "https://shop.test".to_owned(),
    })
}

impl World {
    /// A world before its first morning: kiosks stand, the books are open, nobody has joined.
    async fn new(settings: Settings) -> Result<Self, Fault> {
        let seed = settings.seed;
        let rates = settings.faults.rates();
        let clock = Arc::new(WorldClock::default());
        clock.set(BEGIN);
        let menus = Menus::read(&crate::menu::builtin::sources(), &Limits::default())
            .map_err(|problems| format!("the menus have {} faults", problems.len()))?;
        let menus = Arc::new(menus);
        let reader = Reader::new(&menus.edition());
        let carrier = Arc::new(Carrier::new(seed, rates, Arc::clone(&clock)));
        let provider = Arc::new(Provider::new(seed, rates, Arc::clone(&clock)));
        let till = Arc::new(Till::new(seed, rates, Arc::clone(&clock)));
        let store = Arc::new(Brittle::new());
        let chance = Arc::new(SeededChance::new(seed));
        let parts = Parts {
            store: Arc::clone(&store) as _,
            clock: Arc::clone(&clock) as _,
            chance: Arc::clone(&chance) as _,
            menus: Arc::clone(&menus),
            policy: Policy::default(),
            house: house()?,
            pins: Pins::quick(),
            money: Arc::clone(&provider) as _,
            card: Arc::clone(&till) as _,
            addresses: Seal::new(&"a world of its own".into()),
            recon: Default::default(),
            mail: None,
        };
        let engine = Engine::new(parts).await?;
        let outbox =
            ByHand::start(&engine, Arc::clone(&carrier) as _).await.map_err(|why| why.to_string())?;
        let mut world = Self {
            settings,
            clock,
            store,
            carrier,
            provider,
            till,
            chance,
            menus,
            reader,
            policy: Policy::default(),
            kiosks: Vec::new(),
            liaisons: Vec::new(),
            engine,
            outbox,
            queue: BTreeMap::new(),
            placed: 0,
            steps: 0,
            dice: Dice::new(seed, "people"),
            people: Vec::new(),
            by_phone: BTreeMap::new(),
            parcels: BTreeMap::new(),
            tokens: Vec::new(),
            front: Vec::new(),
            front_read: BEGIN,
            billed: BTreeSet::new(),
            cash: Vec::new(),
            checks: Checks::new(Policy::default()),
            tally: Tally::default(),
            lost: BTreeMap::new(),
            screens: sha2::Digest::new(),
            quiet: false,
            curfew: false,
            days_done: 0,
        };
        world.populate().await?;
        Ok(world)
    }

    /// Kiosks, riders, mentors and artisans, each with a first wish.
    async fn populate(&mut self) -> Result<(), Fault> {
        let artisans = u64::from(self.settings.artisans);
        for (area, word) in AREAS.iter().enumerate() {
            let who = self.somebody(Trade::Agent, area)?;
            let agent = &mut self.people[who.0];
            agent.joined = true;
            agent.writes = 850;
            self.kiosks.push(Kiosk {
                phone: agent.phone.national(),
                name: agent.name.clone(),
                place: format!("Duka {}", area + 1),
                area: (*word).to_owned(),
                lang: agent.lang,
            });
            self.later(Duration::from_secs(60), Happening::Wants(who, Errand::ChoosePin));
            self.later(DAY, Happening::Morning(who));
        }
        self.engine.enrol(&self.kiosks).await?;
        self.engine.open_books("opening", FLOAT).await?;
        for n in 0..(artisans / 40).max(2) {
            let who = self.somebody(Trade::Rider, n as usize % AREAS.len())?;
            let wait = self.dice.hours(1, 24);
            self.later(wait, Happening::Wants(who, Errand::Join));
            self.later(DAY, Happening::Morning(who));
        }
        for (area, word) in AREAS.iter().enumerate() {
            let who = self.somebody(Trade::Liaison, area)?;
            let liaison = &mut self.people[who.0];
            liaison.joined = true;
            self.liaisons.push(Liaison {
                phone: liaison.phone.national(),
                name: liaison.name.clone(),
                area: (*word).to_owned(),
                lang: liaison.lang,
            });
            self.later(DAY * 3, Happening::Morning(who));
        }
        self.engine.enrol_liaisons(&self.liaisons).await?;
        for n in 0..(artisans / 25).max(4) {
            let who = self.somebody(Trade::Helper, n as usize % AREAS.len())?;
            self.later(DAY * 2, Happening::Morning(who));
        }
        // Most are there in the first month; some come later.
        let month = u64::from(self.settings.days).clamp(1, 30) * 20;
        for _ in 0..artisans {
            let area = self.dice.below(AREAS.len() as u64) as usize;
            let who = self.somebody(Trade::Artisan, area)?;
            let wait = self.dice.hours(1, month);
            self.later(wait, Happening::Wants(who, Errand::Join));
            let morning = wait.saturating_add(self.dice.hours(20, 60));
            self.later(morning, Happening::Morning(who));
        }
        self.later(Duration::from_secs(8 * 3_600), Happening::Desk);
        self.later(Duration::from_secs(DAY.as_secs() * 2), Happening::Shopper);
        self.set_doom();
        Ok(())
    }

    fn somebody(&mut self, trade: Trade, area: usize) -> Result<Who, Fault> {
        let who = Who(self.people.len());
        let first = match trade {
            Trade::Agent => 254_711_000_000u64,
            Trade::Rider => 254_722_000_000,
            Trade::Mentor => 254_733_000_000,
            Trade::Artisan => 254_700_100_000,
            Trade::Helper => 254_744_000_000,
            Trade::Liaison => 254_755_000_000,
        };
        let phone = Msisdn::from_e164(&(first + who.0 as u64).to_string()).map_err(|why| why.to_string())?;
        self.people.push(people::somebody(phone, trade, area, &mut self.dice));
        self.by_phone.insert(phone, who);
        Ok(who)
    }

    // ---- time ---------------------------------------------------------------------------

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts something on the queue, behind whatever else happens at that moment.
    fn at(&mut self, at: Timestamp, what: Happening) {
        self.placed += 1;
        self.queue.insert((at.max(self.now()), self.placed), what);
    }

    fn later(&mut self, wait: Duration, what: Happening) {
        self.at(self.now().after(wait), what);
    }

    /// Lives to the end, and sees that everything came to its own.
    async fn live(&mut self) -> Result<(), Fault> {
        let last = BEGIN.after(DAY * self.settings.days);
        self.live_until(last).await?;
        self.quiet = true;
        let calm = Level::None.rates();
        self.carrier.set_rates(calm);
        self.provider.set_rates(calm);
        self.provider.set_down(false);
        self.till.set_rates(calm);
        self.store.set_doom(None);
        self.live_until(last.after(DAY * (QUIET_DAYS - 2))).await?;
        self.curfew = true;
        self.live_until(last.after(DAY * QUIET_DAYS)).await?;
        self.check_end().await
    }

    async fn live_until(&mut self, end: Timestamp) -> Result<(), Fault> {
        loop {
            let next = self.queue.keys().next().map(|(at, _)| *at);
            let due = self.engine_due().await.map_err(|why| why.to_string())?;
            let Some(at) = [next, due].into_iter().flatten().min().filter(|at| *at < end) else {
                self.clock.set(end);
                return Ok(());
            };
            self.clock.set(at);
            if next == Some(at)
                && let Some((_, what)) = self.queue.pop_first()
            {
                self.steps += 1;
                self.happen(what).await?;
            }
            self.serve().await?;
            self.check_step()?;
        }
    }

    /// When the engine has something to do by itself.
    async fn engine_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.store.rows();
        let mut due = timers::next_due(rows).await?;
        for shard in [1, 2, 3] {
            due = [due, outbox::next_due(rows, shard).await?].into_iter().flatten().min();
        }
        Ok(due)
    }

    /// Lets the engine do what is due now, and takes over what left it.
    async fn serve(&mut self) -> Result<(), Fault> {
        while self.engine_due().await.map_err(|why| why.to_string())?.is_some_and(|due| due <= self.now()) {
            let done = self.engine.do_due().await.map_err(|why| why.to_string());
            let sent = self.outbox.step().await.map_err(|why| why.to_string());
            if self.revived().await? {
                continue;
            }
            if done? + sent? == 0 {
                return Err("something is due, and the engine does not do it".to_owned());
            }
        }
        for (at, carried) in self.carrier.take_under_way() {
            self.at(at, Happening::Arrives(carried));
        }
        for (at, id) in self.provider.take_news() {
            self.at(at, Happening::Money(id, 0));
        }
        Ok(())
    }

    // ---- deaths -------------------------------------------------------------------------

    /// Draws the commit at which the process dies next.
    fn set_doom(&mut self) {
        let rate = u64::from(self.settings.faults.rates().crash_in_hundred_thousand);
        if rate == 0 || self.quiet {
            return self.store.set_doom(None);
        }
        let in_commits = self.dice.between(1, 200_000 / rate);
        let written = self.dice.in_thousand(500);
        self.store.set_doom(Some(Doom { in_commits, written }));
    }

    /// Starts the service again when its process has died; whether it had.
    async fn revived(&mut self) -> Result<bool, Fault> {
        if !self.store.is_dead() {
            return Ok(false);
        }
        self.tally.add("the process died");
        self.store.revive();
        let parts = Parts {
            store: Arc::clone(&self.store) as _,
            clock: Arc::clone(&self.clock) as _,
            chance: Arc::clone(&self.chance) as _,
            menus: Arc::clone(&self.menus),
            policy: self.policy.clone(),
            house: house()?,
            pins: Pins::quick(),
            money: Arc::clone(&self.provider) as _,
            card: Arc::clone(&self.till) as _,
            addresses: Seal::new(&"a world of its own".into()),
            recon: Default::default(),
            mail: None,
        };
        self.engine = Engine::new(parts).await?;
        self.engine.enrol(&self.kiosks).await?;
        self.engine.enrol_liaisons(&self.liaisons).await?;
        self.outbox = ByHand::start(&self.engine, Arc::clone(&self.carrier) as _)
            .await
            .map_err(|why| why.to_string())?;
        self.set_doom();
        Ok(true)
    }

    fn broken(&self, what: Fault) -> Box<Broken> {
        let now = self.now();
        Box::new(Broken {
            what,
            step: self.steps,
            day: now.since(BEGIN).as_secs() / DAY.as_secs(),
            clock: now.hour_minute(crate::types::time::NAIROBI),
            again: self.settings.command(),
        })
    }
}

#[cfg(test)]
mod tests;
