//! `kill -9` while money leaves: payouts by mobile money, whose provider is a program of its own and
//! misbehaves by a script, and cash numbers, which two kiosks would both pay.

use super::{Chance, gone, held, operator, rows, seed, start};
use crate::support::people::{AGENT_FEES, Maker, Told, World, texts_of};
use crate::support::provider::Provider;
use crate::support::providers;
use crate::support::serve::{Gateway, MPESA_KEY, MPESA_PATH, Server, Site, log_of};
use serde_json::Value;
use sokoni::sim::momo::{Answer, Manners, Speaks, Transfer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What each maker gets for each of the three pieces that she sells before the kills begin.
const PRICE: u64 = 4_000;
/// The provider is given up on after so many milliseconds.
const ANSWER_MS: u64 = 700;
/// When all kills are through, one more after so long may ask again for what is still open.
const LAST: Duration = Duration::from_secs(15);

/// How much of it there is.
#[derive(Debug, Clone, Copy)]
struct Size {
    kills: u32,
    makers: u64,
    /// So many times each maker is paid by mobile money and fetches cash.
    rounds: u32,
    /// Whether requests may be lost on the way to the provider too: what never arrived is sent again no
    /// sooner than after a minute.
    is_long: bool,
}

impl Size {
    fn of(speaks: Speaks) -> Self {
        let (kills, makers, rounds) = match std::env::var("SOKONI_SLOW_TESTS").is_ok_and(|slow| slow == "1") {
            true => (1_000, 20, 10),
            false if speaks == Speaks::Gsma => (40, 4, 3),
            false => (12, 2, 2),
        };
        // Safaricom's word that it finds no such payout comes by post, and counts for the life in which it
        // came: none of these is long enough.
        let is_long = rounds == 10 && speaks != Speaks::Daraja;
        Self { kills: super::kills(kills, kills), makers, rounds, is_long }
    }

    /// What a maker fetches in a round: nobody else ever fetches the same sum.
    fn cash(self, maker: u64, round: u32) -> u64 {
        300 + maker * u64::from(self.rounds) + u64::from(round)
    }
}

/// The provider's codes for "no such number", when a request comes and afterwards.
fn no_such_number(speaks: Speaks) -> (&'static str, &'static str) {
    match speaks {
        Speaks::Gsma => ("identifierError", "identifierError"),
        Speaks::Daraja => ("400.002.02", "2040"),
        Speaks::Mtn => ("PAYEE_NOT_FOUND", "PAYEE_NOT_FOUND"),
        Speaks::Airtel => ("ESB000011", "ESB000011"),
    }
}

/// How one request is treated: one in five is met with silence; of the others many are answered late or
/// with an error, fail, or have their result told late, again and again, first, or never.
fn manners(speaks: Speaks, size: Size, chance: &mut Chance) -> Manners {
    let (refused, failed) = no_such_number(speaks);
    let arrives = !size.is_long;
    match chance.below(20) {
        0 => Manners { decide_after_ms: chance.below(1_500), ..Manners::silent() },
        1 => Manners { callbacks: 0, ..Manners::silent() },
        2 => Manners { callbacks: 3, ..Manners::silent() },
        3 => Manners::answering(Answer::Silence { taken: arrives }),
        4 => Manners::answering(Answer::Broken { taken: true }),
        5 => Manners { callbacks: 0, ..Manners::answering(Answer::Broken { taken: arrives }) },
        6 if size.is_long => Manners::answering(Answer::Unavailable),
        7 => Manners::refusing(refused),
        8 => Manners::failing(failed),
        9 => Manners { decide_after_ms: chance.below(800), callbacks: 3, ..Manners::failing(failed) },
        10 => Manners { callbacks: 4, callback_every_ms: 5, ..Manners::default() },
        11 => Manners { callback_first: true, answer_after_ms: 200, ..Manners::default() },
        12 => Manners { decide_after_ms: 500, callbacks: 3, answer_after_ms: 300, ..Manners::default() },
        13 => Manners { callbacks: 0, decide_after_ms: chance.below(800), ..Manners::default() },
        14 => Manners { late_taking: true, answer_after_ms: 2 * ANSWER_MS, ..Manners::default() },
        _ => Manners { decide_after_ms: chance.below(50), ..Manners::default() },
    }
}

/// Everything around the service: an operator, two kiosks, and the provider, which is a program.
async fn world(speaks: Speaks) -> (Arc<World>, Arc<Provider>) {
    let smsc = operator().await;
    let gateway = Gateway { address: smsc.addr, dialect: "its", bind: "transceiver" };
    let site = Site::open(&gateway).await;
    let provider = Provider::start(speaks, MPESA_KEY);
    provider.posts_to(&format!("http://{}/money/airtel/{MPESA_PATH}", site.http)).await;
    let table = providers::table(speaks, ANSWER_MS, site.http, &provider.url);
    let table = match speaks {
        Speaks::Daraja => table.replace("ask_seconds ", "resend_minutes = 0\nask_seconds "),
        _ => table,
    };
    let njeri = "[[kiosk]]\nphone = \"0700 000 202\"\nname = \"Njeri Mwangi\"\nplace = \"Mathare Kiosk\"\n\
                 area = \"mathare\"\nlang = \"en\"\n";
    // The second kiosk says of every number that it has paid it.
    site.is_paid_by(&format!("{njeri}\n[market.cash]\nwrong_a_day = 9999\n{table}"));
    (Arc::new(World::new(site, smsc)), Arc::new(provider))
}

/// What a maker wished for and was told.
struct Drawn {
    maker: Maker,
    paid: BTreeSet<u64>,
    back: BTreeSet<u64>,
    cash: BTreeSet<u64>,
}

/// A maker is paid and fetches cash, round by round, the rounds spread over the kills. What comes back
/// to her she has sent once more, as a sum of its own.
async fn draws(
    (number, mut maker): (u64, Maker), provider: Arc<Provider>, size: Size, mut killed: watch::Receiver<u32>,
) -> Drawn {
    let (mut paid, mut back, mut cash) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut sums = 100..;
    for round in 0..size.rounds {
        let due = size.kills * round / size.rounds;
        killed.wait_for(|kills| *kills >= due).await.expect("the kills go on");
        let in_cash = size.cash(number, round);
        let mut sum = sums.next().expect("no end");
        maker.has_sent(sum).await;
        let code = maker.makes_cash(in_cash).await;
        let (mut told, ()) = tokio::join!(knows(&maker, sum, &provider), maker.fetches(&code, in_cash));
        assert!(cash.insert(in_cash));
        while told == Told::Back {
            assert!(back.insert(sum));
            sum = sums.next().expect("no end");
            maker.has_sent(sum).await;
            told = knows(&maker, sum, &provider).await;
        }
        assert!(paid.insert(sum));
    }
    Drawn { maker, paid, back, cash }
}

/// What she is told, which must be known by then: a look at the provider's own list.
async fn knows(maker: &Maker, sum: u64, provider: &Provider) -> Told {
    let told = maker.is_told_of(sum).await;
    let list = provider.transfers().await;
    let made = list.iter().find(|made| made.msisdn == maker.msisdn() && made.shillings == sum);
    match (told, made) {
        (Told::Back, None) => {}
        (Told::Sent, Some(transfer)) => {
            let (sent, _) = texts_of(sum);
            let inbox = maker.inbox();
            let text = inbox.iter().find(|text| text.contains(&sent)).expect("heard");
            assert!(text.contains(&transfer.reference), "{text}: {transfer:?}");
        }
        (told, made) => panic!("{} was told {told:?} of {sum}, and it is {made:?}", maker.msisdn()),
    }
    told
}

async fn survives(speaks: Speaks) {
    let size = Size::of(speaks);
    let mut chance = Chance(seed());
    let (world, provider) = world(speaks).await;
    let server = start(&world).await;
    let (makers, earned) = settled(&world, size.makers).await;
    let script: Vec<Manners> = (0..1_000).map(|_| manners(speaks, size, &mut chance)).collect();
    provider.follows(&script).await;
    let (tell, killed) = watch::channel(0);
    let mut work = JoinSet::new();
    for maker in makers {
        work.spawn(draws(maker, Arc::clone(&provider), size, killed.clone()));
    }
    let begun = Instant::now();
    let (server, kills, drawn) =
        killed_again_and_again(&world, server, size, &mut chance, (work, tell)).await;
    agree(&world, &provider.transfers().await, &drawn, earned, size).await;
    let status = server.terminate(&world.site).await;
    assert!(status.success(), "{status}: {}", log_of(&world.site));
    is_whole(&world.site);
    one_text_each(&world.site, &drawn);
    let (paid, back) = (count(&drawn, |one| &one.paid), count(&drawn, |one| &one.back));
    let cash = count(&drawn, |one| &one.cash);
    eprintln!(
        "{speaks:?}: {kills} kills in {:?}, {paid} payouts, {back} that came back, {cash} in cash",
        begun.elapsed()
    );
}

/// So many makers with money, and what they earned together.
async fn settled(world: &Arc<World>, makers: u64) -> (Vec<(u64, Maker)>, u64) {
    let mut begin = JoinSet::new();
    for number in 0..makers {
        let mut maker = Maker::new(Arc::clone(world), number);
        begin.spawn(async move { (maker.settle_in(PRICE, 3).await, number, maker) });
    }
    let begun = begin.join_all().await;
    let earned = begun.iter().map(|(earned, ..)| earned).sum();
    (begun.into_iter().map(|(_, number, maker)| (number, maker)).collect(), earned)
}

/// Kills the service until it was killed often enough and everybody has what she wished for. One life in
/// four ends before or while it starts, the others soon after.
async fn killed_again_and_again(
    world: &World, mut server: Server, size: Size, chance: &mut Chance,
    (mut work, tell): (JoinSet<Drawn>, watch::Sender<u32>),
) -> (Server, u32, Vec<Drawn>) {
    let mut drawn = Vec::new();
    let mut kills = 0;
    while kills < size.kills {
        let life = match chance.below(4) {
            0 => chance.below(300),
            short => {
                server.ready(&world.site).await;
                chance.below(if short == 1 { 2_500 } else { 500 })
            }
        };
        tokio::time::sleep(Duration::from_millis(life)).await;
        server.kill();
        kills += 1;
        tell.send_replace(kills);
        server = Server::start(&world.site);
        while let Some(ended) = work.try_join_next() {
            drawn.push(ended.unwrap_or_else(|why| panic!("kill {kills}: {why}\n{}", log_of(&world.site))));
        }
    }
    loop {
        server.ready(&world.site).await;
        tokio::select! {
            ended = work.join_next() => match ended {
                Some(ended) => drawn.push(ended.unwrap_or_else(|why| panic!("{why}\n{}", log_of(&world.site)))),
                None => return (server, kills, drawn),
            },
            () = tokio::time::sleep(LAST) => {
                server.kill();
                kills += 1;
                gone(world).await;
                server = Server::start(&world.site);
            }
        }
    }
}

/// The books, the provider's own list, what was wished and what was told are one and the same.
async fn agree(world: &World, transfers: &[Transfer], drawn: &[Drawn], earned: u64, size: Size) {
    let wished = size.makers as usize * size.rounds as usize;
    assert_eq!((count(drawn, |one| &one.paid), count(drawn, |one| &one.cash)), (wished, wished));
    // One transfer for each payout, to whom it was for, and none beside them.
    let mut made: BTreeSet<(&str, u64)> = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for transfer in transfers {
        assert!(made.insert((&transfer.msisdn, transfer.shillings)), "twice: {transfer:?}");
        assert!(ids.insert(&transfer.id) && !transfer.reversed, "{transfer:?}");
    }
    assert_eq!(made.len(), wished, "{transfers:#?}");
    for Drawn { maker, paid, .. } in drawn {
        let hers = maker.msisdn();
        assert!(paid.iter().all(|sum| made.contains(&(hers.as_str(), *sum))), "{hers}: {transfers:#?}");
    }
    // Each stands in our list once, by its receipt and to the cent.
    let payouts = world.site.desk("payouts").await;
    let mut listed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed = 0;
    for row in rows(&payouts) {
        match (row["state"].as_str(), row["reference"].as_str()) {
            (Some("paid"), Some(receipt)) => {
                let cents = row["amount"].as_u64().expect("cents");
                assert_eq!(listed.insert(receipt.trim_start_matches("SANDBOX-"), cents), None, "{row}");
            }
            (Some("failed"), None) => failed += 1,
            _ => panic!("{row}"),
        }
    }
    let list: BTreeMap<&str, u64> =
        transfers.iter().map(|made| (made.reference.as_str(), made.shillings * 100)).collect();
    assert_eq!(listed, list);
    assert_eq!(failed, count(drawn, |one| &one.back));
    // Each cash number was paid once.
    let cash = world.site.desk("cash").await;
    assert!(rows(&cash).iter().all(|row| row["state"] == "served"), "{cash}");
    let served: Vec<u64> =
        rows(&cash).iter().map(|row| row["amount"].as_u64().expect("cents") / 100).collect();
    let fetched: BTreeSet<u64> = drawn.iter().flat_map(|one| one.cash.iter().copied()).collect();
    assert_eq!((served.len(), served.iter().copied().collect()), (wished, fetched));

    let books = world.site.desk("trial-balance").await;
    let (paid, in_cash) =
        (transfers.iter().map(|made| made.shillings).sum::<u64>(), served.iter().sum::<u64>());
    let cents = |shillings: u64| i64::try_from(shillings * 100).expect("a sum");
    assert_eq!(books["sum"], 0, "{books}");
    assert_eq!(held(&books, "moving:"), 0, "{books}");
    assert_eq!(held(&books, "artisan:"), cents(earned - paid - in_cash), "{books}");
    assert_eq!(held(&books, "mm_float"), -cents(paid) - held(&books, "exp:mm"), "{books}");
    let (validated, checked) = AGENT_FEES;
    let fees = size.makers as i64 * (validated + checked) + wished as i64 * CASH_FEE;
    assert_eq!(held(&books, "agent:"), cents(in_cash) + fees * 100, "{books}");
}

/// What a kiosk earns by paying a cash number, in shillings.
const CASH_FEE: i64 = 20;

/// The store, the books and their journal, with the service gone.
fn is_whole(site: &Site) {
    site.audit();
    let (status, said) = site.sokoni(&["ledger", "verify"]);
    assert!(status.success() && said.starts_with("whole: "), "{said}");
}

/// Of each payout one text was written, however often the network brought it.
fn one_text_each(site: &Site, drawn: &[Drawn]) {
    for Drawn { maker, paid, back, .. } in drawn {
        let inbox: BTreeSet<String> = maker.inbox().into_iter().collect();
        let told = |words: &str| inbox.iter().filter(|text| text.contains(words)).count();
        for (sums, is_paid) in [(paid, true), (back, false)] {
            for sum in sums {
                let (sent, returned) = texts_of(*sum);
                let wanted = (usize::from(is_paid), usize::from(!is_paid));
                assert_eq!((told(&sent), told(&returned)), wanted, "{sum}: {inbox:#?}");
            }
        }
    }
    let (status, said) = site.sokoni(&["messages", "--json", "--limit", "1000000"]);
    assert!(status.success(), "{said}");
    let messages: Value = serde_json::from_str(&said).expect("JSON");
    let written = |name: &str| rows(&messages).iter().filter(|row| row["name"] == name).count();
    assert_eq!(written("payout_paid"), count(drawn, |one| &one.paid));
    assert_eq!(written("payout_failed"), count(drawn, |one| &one.back));
    assert_eq!(written("payout_paid_after_all") + written("payout_reversed"), 0);
    assert_eq!(written("cash_paid"), count(drawn, |one| &one.cash));
}

fn count(drawn: &[Drawn], which: impl Fn(&Drawn) -> &BTreeSet<u64>) -> usize {
    drawn.iter().map(|one| which(one).len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_w13_w32_money_survives_a_thousand_kills() {
    survives(Speaks::Gsma).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_w13_w32_money_by_daraja_survives_a_thousand_kills() {
    survives(Speaks::Daraja).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_w13_w32_money_by_mtn_survives_a_thousand_kills() {
    survives(Speaks::Mtn).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_w13_w32_money_by_airtel_survives_a_thousand_kills() {
    survives(Speaks::Airtel).await;
}
