//! Several machines over one database: any key may come to any of them, any of them may be killed, and so
//! may the database.

use super::{Chance, MANY, agree, change_manners, kills, operator, operator_who, seed, tell_way};
use crate::support::people::{Maker, Tally, World};
use crate::support::postgres;
use crate::support::serve::{Gateway, SOON, Server, Site, log_of};
use sokoni::sim::momo::Manners;
use sokoni::sim::smsc::{PhoneError, Screen};
use sokoni::types::Msisdn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often something is killed.
const KILLS: u32 = 16;
/// How often the database is killed for good, and how often in the slow run.
const FAIL_OVERS: u32 = 2;
const MANY_FAIL_OVERS: u32 = 50;
const MAKERS: u64 = 3;

/// One machine.
struct Node {
    config: String,
    http: SocketAddr,
    server: Option<Server>,
}

impl Node {
    async fn up(&mut self, site: &Site) {
        let mut server = Server::start_as(site, &self.config);
        server.ready_at(site, self.http).await;
        self.server = Some(server);
    }

    fn kill(&mut self) {
        self.server.take().expect("it runs").kill();
    }

    async fn end(&mut self, site: &Site) {
        let status = self.server.take().expect("it runs").terminate(site).await;
        assert!(status.success(), "{status}: {}", log_of(site));
    }
}

/// Machines, their database, and the world around them.
struct House {
    world: Arc<World>,
    database: postgres::Server,
    nodes: Vec<Node>,
}

impl House {
    async fn of(machines: usize) -> Self {
        let database = postgres::Server::start("");
        let url = database.url();
        Self::over(database, &url, machines).await
    }

    async fn over(database: postgres::Server, url: &str, machines: usize) -> Self {
        let smsc = operator_who(true).await;
        let gateway = Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" };
        let world = Arc::new(World::new(Site::open(&gateway).await, smsc));
        world.site.keeps_in(url);
        let mut nodes = Vec::new();
        for number in 0..machines {
            let (config, http) = match number {
                0 => ("config.toml".to_owned(), world.site.http),
                _ => {
                    let config = format!("config-{number}.toml");
                    let http = world.site.adds_node(&config);
                    (config, http)
                }
            };
            nodes.push(Node { config, http, server: None });
        }
        let mut house = Self { world, database, nodes };
        // All at once: whoever comes first lays everything out.
        let site = &house.world.site;
        futures_util::future::join_all(house.nodes.iter_mut().map(|node| node.up(site))).await;
        house.bound().await;
        house
    }

    async fn bound(&self) {
        if let Err(bound) = self.world.smsc.wait_bound(self.nodes.len(), SOON).await {
            panic!("{bound} links: {}", log_of(&self.world.site));
        }
    }

    async fn end(mut self) {
        for node in &mut self.nodes {
            node.end(&self.world.site).await;
        }
        self.world.site.audit();
    }
}

async fn worked(makers: &mut tokio::task::JoinSet<Tally>, world: &World) -> Tally {
    let mut all = Tally::default();
    while let Some(ended) = makers.join_next().await {
        all.add(ended.unwrap_or_else(|why| panic!("a maker gave up: {why}\n{}", log_of(&world.site))));
    }
    all
}

fn at_work(world: &Arc<World>, who: std::ops::Range<u64>) -> tokio::task::JoinSet<Tally> {
    world.enough.store(false, Ordering::Relaxed);
    let mut makers = tokio::task::JoinSet::new();
    for number in who {
        makers.spawn(Maker::new(Arc::clone(world), number).live());
    }
    makers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_may_come_to_another_of_three_machines() {
    let house = House::of(3).await;
    let mut makers = at_work(&house.world, 0..2);
    // The operator gives no key to the link that had the step before it.
    let until = Duration::from_secs(20);
    tokio::select! {
        () = tokio::time::sleep(until) => {}
        Some(ended) = makers.join_next() => panic!("a maker gave up: {ended:?}"),
    }
    house.world.enough.store(true, Ordering::Relaxed);
    let all = worked(&mut makers, &house.world).await;
    eprintln!("{all:?}");
    assert_eq!(all.lost, 0, "no dialog was broken: {}", log_of(&house.world.site));
    let seen = house.world.smsc.counters();
    assert!(seen.replies > 100 && seen.moved == seen.replies, "each key came to another machine: {seen:?}");
    agree(&house.world, &all).await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_whose_machine_is_killed_goes_on_at_the_other() {
    let mut house = House::of(2).await;
    let phone = house.world.smsc.handset(Msisdn::from_e164("254700000199").expect("a number"));
    let shows = |screen: Result<Screen, PhoneError>, wanted: &str| {
        let screen = screen.unwrap_or_else(|why| panic!("{wanted}: {why}"));
        assert!(screen.open && screen.text.starts_with(wanted), "{wanted}: {screen:?}");
    };
    shows(phone.dial("*483*57#").await, "Karibu Sokoni");
    // Whoever has shown the screen before is gone when the next key comes.
    for (gone, key, wanted) in
        [(0, "2", "Who are you?"), (1, "1", "Your two names"), (0, "Asha Juma", "Where do you work?")]
    {
        house.nodes[gone].kill();
        house.world.smsc.wait_bound(1, SOON).await.expect("the other is there");
        shows(phone.press(key).await, wanted);
        house.nodes[gone].up(&house.world.site).await;
        house.bound().await;
    }
    assert_eq!(house.world.smsc.counters().begins, 1, "she dialled once");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_started_anew_one_after_the_other_under_load_and_no_dialog_is_broken() {
    let mut house = House::of(3).await;
    let world = Arc::clone(&house.world);
    let mut makers = at_work(&world, 0..MAKERS);
    for node in [0, 1, 2, 0, 1, 2] {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            Some(ended) = makers.join_next() => panic!("a maker gave up: {ended:?}"),
        }
        house.nodes[node].end(&world.site).await;
        house.nodes[node].up(&world.site).await;
        house.bound().await;
    }
    world.enough.store(true, Ordering::Relaxed);
    let all = worked(&mut makers, &world).await;
    let seen = world.smsc.counters();
    eprintln!("{all:?} {seen:?}");
    assert_eq!(all.lost, 0, "no dialog was broken: {}", log_of(&world.site));
    assert_eq!(seen.screens_late, 0, "no key was answered twice: {seen:?}");
    assert!(all.orders >= 6, "work went on meanwhile: {all:?}");
    agree(&world, &all).await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_two_machines_and_their_database_are_killed_and_nothing_is_lost_or_doubled() {
    let mut chance = Chance(seed());
    let (kills, began) = (kills(KILLS, MANY), Instant::now());
    let mut house = House::of(2).await;
    let world = Arc::clone(&house.world);
    let mut makers = at_work(&world, 0..MAKERS);
    for kill in 1..=kills {
        let wait = Duration::from_millis(chance.below(2_500));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Some(ended) = makers.join_next() => {
                panic!("kill {kill}: a maker gave up: {ended:?}\n{}", log_of(&world.site));
            }
        }
        match chance.below(8) {
            0 => {
                house.database.kill().expect("it ran");
                house.database.up();
            }
            1 => {
                let node = chance.below(2) as usize;
                house.nodes[node].end(&world.site).await;
                house.nodes[node].up(&world.site).await;
            }
            2 => {
                // Both at once: what they had in hand is nobody's until one of them is back.
                house.nodes.iter_mut().for_each(Node::kill);
                for node in &mut house.nodes {
                    node.up(&world.site).await;
                }
            }
            _ => {
                let node = chance.below(2) as usize;
                house.nodes[node].kill();
                tokio::time::sleep(Duration::from_millis(chance.below(500))).await;
                house.nodes[node].up(&world.site).await;
            }
        }
        change_manners(&world, &mut chance);
        tell_way(kill, began);
    }
    house.bound().await;
    world.site.momo.behave(Manners::default());
    world.enough.store(true, Ordering::Relaxed);
    let all = worked(&mut makers, &world).await;
    eprintln!("{all:?}");
    agree(&world, &all).await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_the_database_is_killed_for_good_and_its_standby_has_everything_that_anybody_was_told() {
    let mut chance = Chance(seed());
    let fail_overs = kills(FAIL_OVERS, MANY_FAIL_OVERS);
    let primary = postgres::Server::start("");
    let mut standby = primary.standby(None);
    primary.waits_for_standby(true);
    let url = primary.url_with(&standby);
    let mut house = House::over(primary, &url, 2).await;
    let world = Arc::clone(&house.world);
    let mut makers = at_work(&world, 0..MAKERS);
    for fail_over in 1..=fail_overs {
        let wait = Duration::from_millis(1_500 + chance.below(3_000));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Some(ended) = makers.join_next() => {
                panic!("fail-over {fail_over}: a maker gave up: {ended:?}\n{}", log_of(&world.site));
            }
        }
        house.database.kill().expect("it ran");
        tokio::time::sleep(Duration::from_millis(chance.below(1_000))).await;
        standby.promote();
        standby.waits_for_standby(false);
        let dead = std::mem::replace(&mut house.database, standby);
        standby = house.database.standby(Some(dead));
        house.database.waits_for_standby(true);
        eprintln!("{fail_over} fail-overs");
    }
    world.enough.store(true, Ordering::Relaxed);
    let all = worked(&mut makers, &world).await;
    eprintln!("{all:?}");
    agree(&world, &all).await;
    house.end().await;
}

/// Lets some people work for a while.
async fn a_while(world: &Arc<World>, who: std::ops::Range<u64>) -> Tally {
    let mut makers = at_work(world, who);
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(6)) => {}
        Some(ended) = makers.join_next() => panic!("a maker gave up: {ended:?}"),
    }
    world.enough.store(true, Ordering::Relaxed);
    worked(&mut makers, world).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_village_moves_from_a_folder_into_a_database_and_goes_on_there_and_is_copied_while_it_does() {
    let database = postgres::Server::start("");
    let smsc = operator().await;
    let gateway = Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" };
    let world = Arc::new(World::new(Site::open(&gateway).await, smsc));
    let site = &world.site;
    let mut server = Server::start(site);
    server.ready(site).await;
    world.smsc.wait_bound(1, SOON).await.expect("bound");
    let mut all = a_while(&world, 0..2).await;
    assert!(server.terminate(site).await.success(), "{}", log_of(site));

    site.changes("[store]\n", &format!("[store]\npostgres.url = \"{}\"\n", database.database("village")));
    let moved = ["store", "migrate", "--from", "sled", "--to", "postgres", "--config", "config.toml"];
    let (status, said) = site.plain(&moved);
    assert!(status.success() && said.contains("both sides proven alike"), "{said}");
    eprintln!("{said}");
    let (status, said) = site.plain(&moved);
    assert!(!status.success() && said.contains("there is a store in this database"), "{said}");

    site.changes("[store]\n", "[store]\nengine = \"postgres\"\n");
    let mut server = Server::start(site);
    server.ready(site).await;
    world.smsc.wait_bound(1, SOON).await.expect("bound");
    all.add(a_while(&world, 2..4).await);
    agree(&world, &all).await;

    // While it serves.
    let (status, said) = site.sokoni(&["store", "backup", "copy"]);
    assert!(status.success() && said.contains("backed up"), "{said}");
    let copy = site.file("copied").display().to_string();
    let (status, said) = site.plain(&["store", "restore", "copy", "--data", &copy]);
    assert!(status.success() && said.contains("restored"), "{said}");
    let (status, said) = site.plain(&["ledger", "trial-balance", "--json", "--data", &copy]);
    let books: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert!(status.success() && books["sum"] == 0, "{said}");
    assert!(server.terminate(site).await.success(), "{}", log_of(site));
    site.audit();
}
