//! `kill -9` at any instant: people go on listing, selling, delivering and being paid while the
//! service is killed again and again, and in the end every wish was carried out exactly once.
//!
//! The operator and the money providers live in this process and survive. What they keep is the
//! truth that the service's own books are held against.

#![expect(clippy::disallowed_methods, reason = "a test outside of the program waits by the machine's clock")]

mod money;
mod nodes;

use crate::support::people::{AGENT_FEES, Maker, Tally, World};
use crate::support::serve::{Gateway, PASSWORD, SOON, Server, Site, WallClock, log_of};
use serde_json::Value;
use sokoni::sim::card::Treatment;
use sokoni::sim::momo::{Answer, Manners};
use sokoni::sim::smsc::{Smsc, SmscSettings, Timers};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the service is killed.
const KILLS: u32 = 50;
/// Of the ends, one for so many kills is asked for by SIGTERM, in the middle of the same work.
const KILLS_A_STOP: u32 = 10;
/// How often the slow run kills, and after how many kills it says how far it is.
const MANY: u32 = 2_000;
const TELL_EVERY: u32 = 50;
/// People at work side by side.
const MAKERS: u64 = 4;
/// The store is proven whole after every so many kills, and at the end.
const PROVE_EVERY: u32 = 10;

/// A small generator, so that a seed repeats the moments of a run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// The seed of the environment, or a new one; printed with the command that repeats the run.
fn seed() -> u64 {
    let given = std::env::var("SOKONI_SEED").ok().map(|text| text.parse().expect("SOKONI_SEED is a number"));
    let clock = || sokoni::types::Clock::now(&WallClock).millis().unsigned_abs() % 1_000_000;
    let seed = given.unwrap_or_else(clock);
    eprintln!("SOKONI_SEED={seed} cargo test --test it crash:: -- --nocapture   # repeats these moments");
    seed
}

/// Whether the tests may take hours.
fn is_slow() -> bool {
    std::env::var_os("SOKONI_SLOW_TESTS").is_some()
}

/// How often something is killed: `SOKONI_KILLS` of the environment, or `many` in the slow run, or `few`.
fn kills(few: u32, many: u32) -> u32 {
    let usual = if is_slow() { many } else { few };
    let given = std::env::var("SOKONI_KILLS").ok();
    given.map_or(usual, |text| text.parse::<NonZeroU32>().expect("SOKONI_KILLS is a number above zero").get())
}

/// Says how far a long run is.
fn tell_way(kill: u32, began: Instant) {
    if kill.is_multiple_of(TELL_EVERY) {
        eprintln!("{kill} kills in {} s", began.elapsed().as_secs());
    }
}

/// An operator with little patience, so that a lost answer costs a second and not ten.
pub async fn operator() -> Smsc {
    operator_who(false).await
}

/// The same, who may give each key to another link than the step before it.
pub async fn operator_who(wanders: bool) -> Smsc {
    let timers = Timers {
        answer: Duration::from_secs(3),
        response: Duration::from_secs(3),
        retry: Duration::from_millis(200),
        ..Timers::default()
    };
    let settings = SmscSettings {
        password: PASSWORD.to_owned(),
        timers,
        clock: Arc::new(WallClock),
        wanders,
        ..SmscSettings::default()
    };
    Smsc::start(settings).await.expect("a port")
}

/// How the providers treat requests until the next kill. Whatever they answer, they carry out.
fn change_manners(world: &World, chance: &mut Chance) {
    let good = Manners::default();
    world.site.momo.behave(match chance.below(5) {
        0 => Manners { answer_after_ms: 300, decide_after_ms: 200, callbacks: 3, ..good },
        1 => Manners { callback_first: true, answer_after_ms: 100, ..good },
        2 => Manners::silent(),
        3 => Manners::answering(Answer::Broken { taken: true }),
        _ => good,
    });
    match chance.below(4) {
        0 => world.site.card.treat_once(Treatment::BrokenAnswer),
        1 => world.site.card.treat_once(Treatment::TooMany),
        _ => {}
    }
}

/// Starts the service and, sometimes, kills it before it could so much as bind.
async fn start_after(world: &World, chance: &mut Chance) -> Server {
    while chance.below(4) == 0 {
        let server = Server::start(&world.site);
        tokio::time::sleep(Duration::from_millis(chance.below(300))).await;
        server.kill();
        gone(world).await;
    }
    start(world).await
}

async fn start(world: &World) -> Server {
    let begun = Instant::now();
    let mut server = Server::start(&world.site);
    server.ready(&world.site).await;
    if let Err(bound) = world.smsc.wait_bound(1, SOON).await {
        panic!("{bound} links after a restart: {}", log_of(&world.site));
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "a restart took {took:?}");
    world.longest_start.fetch_max(took.as_millis() as u64, Ordering::Relaxed);
    server
}

async fn gone(world: &World) {
    let killed = Instant::now();
    while world.smsc.receivers() > 0 {
        assert!(killed.elapsed() < SOON, "the operator notices a closed connection");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_w13_fifty_kills_lose_nothing_and_double_nothing() {
    let mut chance = Chance(seed());
    let smsc = operator().await;
    let gateway = Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" };
    let world = Arc::new(World::new(Site::open(&gateway).await, smsc));
    let mut server = start(&world).await;
    let mut makers = tokio::task::JoinSet::new();
    for number in 0..MAKERS {
        makers.spawn(Maker::new(Arc::clone(&world), number).live());
    }
    let (kills, began) = (kills(KILLS, MANY), Instant::now());
    for kill in 1..=kills + kills / KILLS_A_STOP {
        let wait = Duration::from_millis(chance.below(1_000));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Some(ended) = makers.join_next() => panic!("kill {kill}: a maker gave up: {ended:?}"),
        }
        if kill % (KILLS_A_STOP + 1) == 0 {
            let status = server.terminate(&world.site).await;
            assert!(status.success(), "stopped at work: {status}: {}", log_of(&world.site));
        } else {
            server.kill();
        }
        gone(&world).await;
        change_manners(&world, &mut chance);
        if kill % PROVE_EVERY == 0 {
            world.site.audit();
        }
        server = start_after(&world, &mut chance).await;
        let books = world.site.desk("trial-balance").await;
        assert_eq!(books["sum"], 0, "after kill {kill}: {books}");
        tell_way(kill, began);
    }
    world.site.momo.behave(Manners::default());
    world.enough.store(true, Ordering::Relaxed);
    let mut all = Tally::default();
    while let Some(ended) = makers.join_next().await {
        all.add(ended.unwrap_or_else(|why| panic!("a maker gave up: {why}\n{}", log_of(&world.site))));
    }
    eprintln!("{all:?}, longest start {} ms", world.longest_start.load(Ordering::Relaxed));
    agree(&world, &all).await;
    server = taken_back(&world, server).await;
    let status = server.terminate(&world.site).await;
    assert!(status.success(), "{status}: {}", log_of(&world.site));
    world.site.audit();
}

/// What was wished, what the providers keep and what the desk shows are one and the same.
async fn agree(world: &World, all: &Tally) {
    assert!(all.orders > 5 && all.payouts > 5, "the makers were kept from working: {all:?}");
    let listings = world.site.desk("listings").await;
    let mut by_wish: BTreeMap<(String, i64), u32> = BTreeMap::new();
    for row in rows(&listings) {
        let wish = (row["phone"].to_string(), row["price"].as_i64().expect("cents"));
        *by_wish.entry(wish).or_default() += 1;
    }
    let doubled: Vec<_> = by_wish.iter().filter(|(_, count)| **count != 1).collect();
    assert!(doubled.is_empty(), "listed more than once: {doubled:?}");
    assert_eq!(by_wish.len(), all.listings as usize, "every listing that was wished for");

    let captures = world.site.card.captures();
    assert_eq!(captures.len(), all.orders as usize, "one charge for each order paid");
    assert_eq!(world.site.card.sessions().len(), captures.len(), "one payment page for each order");
    assert!(captures.iter().all(|capture| capture.refunded == 0));

    let payouts = world.site.desk("payouts").await;
    let transfers = world.site.momo.transfers();
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for transfer in &transfers {
        let twice = made.insert(&transfer.id, transfer.shillings);
        assert_eq!(twice, None, "one transfer for one payout");
    }
    for row in rows(&payouts) {
        assert_eq!(row["state"], "paid", "{row}");
        let cents = row["amount"].as_u64().expect("cents");
        assert_eq!(made.get(row["id"].as_str().expect("an id")), Some(&(cents / 100)), "{row}");
    }
    assert_eq!((rows(&payouts).len(), transfers.len()), (made.len(), all.payouts as usize));

    let books = world.site.desk("trial-balance").await;
    let sum = |kind: &str| held(&books, kind);
    let paid: u64 = transfers.iter().map(|transfer| transfer.shillings).sum();
    assert_eq!(paid, all.paid_shillings, "what the receipts said");
    let left = i64::try_from(all.earned_shillings - paid).expect("a sum") * 100;
    assert_eq!(sum("artisan:"), left, "earned less paid out: {books}");
    assert_eq!(sum("moving:"), 0, "{books}");
    assert_eq!(sum("deposit:"), 0, "every order passed its check: {books}");
    let (validated, checked) = AGENT_FEES;
    let fees = i64::from(all.listings) * validated + i64::from(all.orders) * checked;
    assert_eq!(sum("agent:"), fees * 100, "a fee for each piece of work: {books}");
    assert_eq!(books["sum"], 0, "{books}");
}

/// The provider takes a payout back, and the service is killed as soon as it has answered to that: the
/// maker has the money again after the next start.
async fn taken_back(world: &World, server: Server) -> Server {
    let transfer = world.site.momo.transfers().pop().expect("a transfer");
    let owed = held(&world.site.desk("trial-balance").await, "artisan:");
    assert!(world.site.momo.reverse(&transfer.id).await, "{transfer:?}");
    server.kill();
    gone(world).await;
    let server = start(world).await;
    let back = owed + i64::try_from(transfer.shillings).expect("a sum") * 100;
    let begun = Instant::now();
    loop {
        let books = world.site.desk("trial-balance").await;
        assert_eq!(books["sum"], 0, "{books}");
        if held(&books, "artisan:") == back {
            return server;
        }
        assert!(begun.elapsed() < SOON, "{transfer:?} is not hers again: {books}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the accounts of this kind hold together, in cents.
fn held(books: &Value, kind: &str) -> i64 {
    let of = rows(books).iter().filter(|row| row["account"].as_str().is_some_and(|a| a.starts_with(kind)));
    of.map(|row| row["balance"].as_i64().expect("cents")).sum()
}

fn rows(answer: &Value) -> &[Value] {
    answer["rows"].as_array().map(Vec::as_slice).expect("rows")
}
