//! A bad night at the operator: `sokoni serve` while its connection is cut every few seconds,
//! requests are throttled, duplicated and damaged, and answers get lost or come too late. Every SMS
//! must arrive, none a second time unless its answer was lost or the text it answers came twice, no
//! phone may see another's screen, and the service must not grow.
//!
//! The operator lives in this process, keeps what it took, and knows whose answer was not heard.

use crate::support::serve::{Gateway, PASSWORD, Server, Site, WallClock, log_of};
use sokoni::sim::smsc::{Handset, Smsc, SmscSettings, Spell, Taken, Timers};
use sokoni::types::{Clock, Msisdn};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// People, by their first names: a screen with somebody else's is another's screen.
const PEOPLE: [&str; 6] = ["Achieng", "Wanjiru", "Nafula", "Chebet", "Mumbua", "Kerubo"];
const PIN: &str = "4729";
/// More screens than these are seen in any night.
const SCREENS: u64 = 100;
/// How long the night is; ten minutes where slow tests are wished for.
const NIGHT: Duration = Duration::from_secs(12);
const LONG_NIGHT: Duration = Duration::from_secs(600);
/// How long the last SMS may take when the night is over: the third try is half a minute apart.
const MORNING: Duration = Duration::from_secs(150);
/// What the service may hold more after the night than before, in KiB: caches that fill.
const GROWTH: u64 = 48 * 1024;

/// What everybody counts.
#[derive(Debug, Default)]
struct Tally {
    texts: AtomicU64,
    screens: AtomicU64,
    silences: AtomicU64,
    over: AtomicBool,
}

fn seed() -> u64 {
    let given = std::env::var("SOKONI_SEED").ok().map(|text| text.parse().expect("SOKONI_SEED is a number"));
    given.unwrap_or_else(|| WallClock.now().millis().unsigned_abs() % 1_000_000)
}

async fn operator() -> Smsc {
    let timers = Timers {
        answer: Duration::from_secs(3),
        response: Duration::from_secs(2),
        retry: Duration::from_millis(200),
        ..Timers::default()
    };
    let settings = SmscSettings {
        password: PASSWORD.to_owned(),
        timers,
        reuse_sessions_after: 5,
        remembers: 1_000_000,
        clock: Arc::new(WallClock),
        ..SmscSettings::default()
    };
    Smsc::start(settings).await.expect("a port")
}

/// Night falls, and is over.
fn night(smsc: &Smsc, seed: Option<u64>) {
    smsc.faults(|faults| {
        let spell = |per_mille, salt| match seed {
            Some(seed) => Spell::chance(per_mille, seed.wrapping_add(salt)),
            None => Spell::Never,
        };
        faults.throttled = spell(50, 1);
        faults.duplicate_deliver = spell(50, 2);
        faults.malformed = spell(10, 3);
        faults.hold_submit_resp = spell(20, 4);
        faults.hold_for = Duration::from_millis(2_500);
        faults.swallow_submit_resp = spell(10, 5);
        faults.drop_submit = spell(10, 6);
        faults.drop_deliver = spell(10, 7);
        faults.reorder_deliver = spell(50, 8);
        faults.begin_twice = spell(50, 9);
        faults.cut_after_step = spell(10, 10);
    });
}

fn phone(smsc: &Smsc, who: usize) -> Handset {
    smsc.handset(Msisdn::from_e164(&format!("2547000008{who:02}")).expect("a number"))
}

async fn join(phone: Handset, name: &str) {
    let mut screen = phone.dial("*483*57#").await.expect("a good day");
    for keys in ["1", "1", &format!("{name} Otieno"), "1", PIN, PIN] {
        assert!(screen.open, "{name} before {keys}: {}", screen.text);
        screen = phone.press(keys).await.expect("a good day");
    }
    assert!(!screen.open && screen.text.contains(name), "{name} has joined: {}", screen.text);
}

/// Lists by SMS, a price never said before each time; the prices.
async fn texts(phone: Handset, who: usize, tally: Arc<Tally>) -> Vec<u64> {
    let mut prices = Vec::new();
    while !tally.over.load(Ordering::Relaxed) {
        let price = 1_000 + (prices.len() * PEOPLE.len() + who) as u64;
        phone.send_sms(&format!("UZA MKUFU SHABA {price} 3")).await.expect("the network keeps it");
        prices.push(price);
        tally.texts.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(700)).await;
    }
    prices
}

/// Dials, looks at the money, goes back and hangs up, over and over.
async fn dials(phone: Handset, who: usize, tally: Arc<Tally>) {
    let own = |text: &str| {
        let stranger = PEOPLE.iter().enumerate().find(|(at, name)| *at != who && text.contains(*name));
        assert_eq!(stranger, None, "{} reads another's screen: {text}", PEOPLE[who]);
        tally.screens.fetch_add(1, Ordering::Relaxed);
    };
    while !tally.over.load(Ordering::Relaxed) {
        let mut answer = phone.dial("*483*57#").await;
        for keys in ["3", "00", "2"] {
            match answer {
                Ok(screen) if screen.open => {
                    own(&screen.text);
                    answer = phone.press(keys).await;
                }
                _ => break,
            }
        }
        match answer {
            Ok(screen) => own(&screen.text),
            Err(_) => drop(tally.silences.fetch_add(1, Ordering::Relaxed)),
        }
        phone.cancel().await;
        sleep(Duration::from_millis(60)).await;
    }
}

/// Copies of a text to a phone beyond the first: those that followed a copy whose answer nobody
/// heard, which SMPP cannot tell from a lost message, and those that followed one that was heard.
fn twice(taken: Vec<Taken>) -> (u64, u64) {
    let mut copies: BTreeMap<(String, String), Vec<bool>> = BTreeMap::new();
    for taken in taken {
        copies.entry((taken.dest, taken.text)).or_default().push(taken.heard);
    }
    let earlier = copies.values().flat_map(|heard| &heard[..heard.len() - 1]);
    let (heard, unheard): (Vec<&bool>, Vec<&bool>) = earlier.partition(|heard| **heard);
    (unheard.len() as u64, heard.len() as u64)
}

/// Waits until every listing was told of by SMS; what is missing when the patience ends.
async fn told(smsc: &Smsc, site: &Site, wished: &[(usize, Vec<u64>)]) -> BTreeMap<u64, String> {
    let mut missing = BTreeMap::new();
    for _ in 0..MORNING.as_secs() * 2 {
        missing.clear();
        let listings = site.desk("listings").await;
        let rows = listings["rows"].as_array().expect("rows");
        for (who, prices) in wished {
            let inbox = phone(smsc, *who).inbox();
            for price in prices {
                let cents = price * 100;
                let of_price: Vec<_> = rows.iter().filter(|row| row["price"] == cents).collect();
                assert!(of_price.len() <= 1, "listed twice: {of_price:?}");
                let code = of_price.first().map(|row| row["code"].to_string().replace('"', ""));
                let said = |code: &String| inbox.iter().any(|sms| sms.text.contains(code.as_str()));
                match code {
                    None => drop(missing.insert(*price, "no listing".to_owned())),
                    Some(code) if !said(&code) => drop(missing.insert(*price, format!("no SMS of {code}"))),
                    Some(_) => {}
                }
            }
        }
        if missing.is_empty() {
            break;
        }
        sleep(Duration::from_millis(500)).await;
    }
    missing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_night_loses_no_sms_doubles_none_that_was_heard_and_mixes_no_screens() {
    let seed = seed();
    eprintln!("SOKONI_SEED={seed} cargo test --test it chaos:: -- --nocapture   # the same dice");
    let smsc = operator().await;
    let site = Site::open(&Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" }).await;
    site.tell_gateway("response_timer_ms = 2000");
    let mut server = Server::start(&site);
    server.ready(&site).await;
    smsc.wait_bound(1, MORNING).await.expect("it binds");
    for (who, name) in PEOPLE.iter().enumerate() {
        join(phone(&smsc, who), name).await;
    }
    let before = server.resident();

    night(&smsc, Some(seed));
    let tally = Arc::new(Tally::default());
    let mut texting = tokio::task::JoinSet::new();
    let mut dialling = tokio::task::JoinSet::new();
    for who in 0..PEOPLE.len() {
        let (at_work, texter) = (Arc::clone(&tally), phone(&smsc, who));
        texting.spawn(async move { (who, texts(texter, who, at_work).await) });
        dialling.spawn(dials(phone(&smsc, who), who, Arc::clone(&tally)));
    }
    let night_long = if std::env::var_os("SOKONI_SLOW_TESTS").is_some() { LONG_NIGHT } else { NIGHT };
    // A night goes on until it was one: a slow machine shows fewer screens in as many seconds.
    let rounds = night_long.as_secs() / 3;
    for round in 0..4 * rounds {
        if round >= rounds && tally.screens.load(Ordering::Relaxed) > SCREENS {
            break;
        }
        sleep(Duration::from_secs(3)).await;
        smsc.drop_links();
    }
    tally.over.store(true, Ordering::Relaxed);
    let wished = texting.join_all().await;
    dialling.join_all().await;
    night(&smsc, None);

    let missing = told(&smsc, &site, &wished).await;
    assert!(missing.is_empty(), "never arrived: {missing:#?}\n{}", log_of(&site));
    let after = server.resident();
    let taken = smsc.taken();
    let (all, unheard) = (taken.len(), taken.iter().filter(|taken| !taken.heard).count());
    let (sent_again, answered_again) = twice(taken);
    let counters = smsc.counters();
    eprintln!("{tally:?}\n{counters:?}");
    eprintln!(
        "{all} SMS taken, {unheard} answers unheard, {sent_again} sent again, {answered_again} answered again"
    );
    eprintln!("{before} KiB before, {after} KiB after");
    assert!(sent_again <= unheard as u64);
    // A text the network brings twice is answered twice, so that nobody waits for a lost answer.
    assert!(answered_again <= counters.duplicated + counters.redelivered, "{answered_again}: {counters:?}");
    assert!(tally.screens.load(Ordering::Relaxed) > SCREENS, "people were kept from dialling: {tally:?}");
    assert!(counters.binds > 3 && counters.held_off > 0 && counters.duplicated > 0);
    assert!(after < before + GROWTH, "from {before} to {after} KiB");
    assert!(server.terminate(&site).await.success(), "{}", log_of(&site));
    site.audit();
}
