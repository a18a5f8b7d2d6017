//! `sokoni bench ussd`: how many USSD steps a second, beside what the link itself could carry, what the store
//! alone would do, and what others do with the same load.

mod peer;
pub mod shop;
pub mod sms;
pub mod store;

pub use self::peer::Peer;
use self::peer::{Running, parse_peer};
use self::store::{Committed, Seen, StoreReport};
use crate::{
    sim::{
        echo::{Echo, EchoSettings},
        load::{Load, LoadReport, LoadSettings},
    },
    types::Msisdn,
};
use serde::Serialize;
use std::{
    fmt::{Display, Write as _},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

/// How long an application has to bind.
const BIND: Duration = Duration::from_secs(30);
/// Every load has subscribers of its own, so many numbers apart.
const APART: u64 = 10_000;
/// The address that phones lead to.
const SHORT_CODE: &str = "48357";
/// How many subscribers make the steps that come by the clock, at least.
const FREE: u32 = 2_000;
/// How long steps come by the clock, in seconds, at most.
const PACED: f64 = 10.0;

const HELP: &str = "\
Each dialog dials, then presses the keys round and round, every key as soon as
the screen before it has come. A step is measured at the operator's end, from
the deliver_sm of the key to the submit_sm of the screen. The echo answers every
step with the same screen at once, over the same codec and socket settings: its
figure is the ceiling, and the ratio is what the work behind it costs. Operator,
echo and application all run on this machine and share it.

\"half\" is the same at half of the rate that was reached, by the clock: keys come
whether or not those before them were answered, and one that comes late counts
from when it was due.

\"store\" commits the very batches of such a load again to an empty store, by as
many callers as there were dialogs: what Sokoni would do if it were nothing else.

A peer is any other application. Its command is run by sh with SMPP_HOST and
SMPP_PORT, binds there as a transceiver, and ends when its standard input does.

Examples:
  sokoni bench ussd --dialogs 1,100 --steps 5000 --json
  sokoni bench ussd --peer 'node-smpp=node benches/peers/node-smpp.cjs'";

/// USSD steps per second and their latency, beside the echo ceiling of the same run
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct BenchUssdArgs {
    /// How many dialogs at a time, one load after another
    #[arg(long, value_delimiter = ',', default_value = "1,100,1000", value_parser = clap::value_parser!(u32).range(1..10_000))]
    pub dialogs: Vec<u32>,

    /// Steps of each load [default: 100 for each dialog, at least 2000, at most 20000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: Option<u64>,

    /// What every subscriber dials; answers may stand behind the code
    #[arg(long, value_name = "CODE", default_value = "*483*57#")]
    pub dial: String,

    /// The keys pressed round and round
    #[arg(long, value_delimiter = ',', default_value = "1,0")]
    pub keys: Vec<String>,

    /// SMPP connections of the application
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub binds: u16,

    /// The number of the first subscriber
    #[arg(long, value_name = "NUMBER", value_parser = Msisdn::parse_kenyan, default_value = "0700100000")]
    pub first: Msisdn,

    /// A load ends after so many seconds whatever was reached
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub limit: u64,

    /// Another application to put the same load on; may be given several times
    #[arg(long = "peer", value_name = "NAME=COMMAND", value_parser = parse_peer)]
    pub peers: Vec<Peer>,

    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

impl Default for BenchUssdArgs {
    /// What is measured when nothing is said.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: BenchUssdArgs,
        }
        <Line as clap::Parser>::parse_from(["bench"]).args
    }
}

/// The same load on everybody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loaded {
    /// The echo: the ceiling.
    pub echo: LoadReport,
    /// Others.
    pub peers: Vec<PeerReport>,
    /// Sokoni.
    pub sokoni: LoadReport,
    /// Sokoni's steps per second of the echo's.
    pub ratio: f64,
    /// Sokoni at half of that, by the clock.
    pub half: LoadReport,
    /// The store alone with the same batches.
    pub store: Option<StoreReport>,
    /// Sokoni's steps per second of the store's commits.
    pub of_store: Option<f64>,
}

/// What another made of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeerReport {
    /// Who.
    pub name: String,
    /// Its figures.
    pub report: LoadReport,
    /// Sokoni's steps per second of its.
    pub ratio: f64,
}

/// Runs the loads on the echo, on the peers and on Sokoni and prints the figures.
///
/// `start_sokoni` is given the operator's address and starts an application that binds there with
/// `args.binds` transceivers, any `system_id` and password, dialect `its`, short code 48357; what
/// it returns is dropped to stop it. It is started once. What it hands to its store is `seen`.
pub(crate) async fn run<S, F, G, E>(args: BenchUssdArgs, seen: Arc<Seen>, start_sokoni: S) -> ExitCode
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    told(measure(&args, Some(seen), start_sokoni).await, args.json, |loaded| table(loaded))
}

/// Prints what was measured, for programs or for people, or why nothing was.
fn told<T: Serialize>(measured: Result<T, String>, json: bool, table: impl FnOnce(&T) -> String) -> ExitCode {
    let text = measured.and_then(|figures| match json {
        true => serde_json::to_string_pretty(&figures).map(|json| json + "\n").map_err(|why| why.to_string()),
        false => Ok(table(&figures)),
    });
    match text {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("sokoni bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the loads: first all on the echo, then all on each peer, then all on Sokoni, then what it committed on
/// the store alone.
pub(crate) async fn measure<S, F, G, E>(
    args: &BenchUssdArgs, seen: Option<Arc<Seen>>, start_sokoni: S,
) -> Result<Vec<Loaded>, String>
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    let binds = usize::from(args.binds);
    let start_echo = |smsc| Echo::start(smsc, EchoSettings { binds, ..EchoSettings::default() });
    let echo = loads(args, "the echo", binds, start_echo).await?;
    let mut peers: Vec<(&Peer, Vec<LoadReport>)> = Vec::new();
    for peer in &args.peers {
        peers.push((peer, loads(args, &peer.name, 1, |smsc| Running::start(peer, smsc)).await?));
    }
    let mut loaded = Vec::new();
    let (load, application) = started("Sokoni", binds, start_sokoni).await?;
    for (at, echo) in echo.into_iter().enumerate() {
        let named = |why| format!("Sokoni: {why}");
        let settings = settings(args, at, 0)?;
        let dialogs = settings.dialogs;
        let sokoni = load.run(settings).await.map_err(named)?;
        let rate = (sokoni.per_second / 2.0).max(1.0);
        let half = LoadSettings {
            rate: Some(rate),
            dialogs: dialogs.max(FREE),
            steps: sokoni.steps.min((rate * PACED) as u64).max(1),
            ..self::settings(args, at, 1)?
        };
        let half = load.run(half).await.map_err(named)?;
        let of = |other: &LoadReport| sokoni.per_second / other.per_second;
        let peers = peers.iter().map(|(peer, reports)| PeerReport {
            name: peer.name.clone(),
            report: reports[at],
            ratio: of(&reports[at]),
        });
        let peers = peers.collect();
        let ratio = of(&echo);
        loaded.push(Loaded { echo, peers, sokoni, ratio, half, store: None, of_store: None });
    }
    let batches = match &seen {
        Some(seen) => committed(args, &load, seen).await?,
        None => Vec::new(),
    };
    for (loaded, batches) in loaded.iter_mut().zip(batches) {
        let alone = store::again(batches).await?;
        loaded.of_store = Some(loaded.sokoni.per_second / alone.per_second);
        loaded.store = Some(alone);
    }
    // Idle until here: an application that ends has work to do.
    drop(application);
    Ok(loaded)
}

/// What Sokoni commits under each load.
async fn captured<S, F, G>(
    args: &BenchUssdArgs, seen: &Seen, start_sokoni: S,
) -> Result<Vec<Committed>, String>
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, String>>,
{
    let (load, _application) = started("Sokoni", usize::from(args.binds), start_sokoni).await?;
    committed(args, &load, seen).await
}

async fn committed(args: &BenchUssdArgs, load: &Load, seen: &Seen) -> Result<Vec<Committed>, String> {
    let mut batches = Vec::new();
    for at in 0..args.dialogs.len() {
        let settings = settings(args, at, 2)?;
        let (first, dialogs) = (settings.first.number(), u64::from(settings.dialogs));
        seen.begin();
        load.run(settings).await.map_err(|why| format!("Sokoni: {why}"))?;
        // Others hang up meanwhile, whose load is over.
        batches.push(seen.taken(first..first + dialogs));
    }
    Ok(batches)
}

/// Listens as an operator until an application is bound.
async fn started<S, F, G, E>(who: &str, binds: usize, start: S) -> Result<(Load, G), String>
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let load =
        Load::listen(listen, SHORT_CODE).await.map_err(|why| format!("no port to listen on: {why}"))?;
    let application = start(load.addr).await.map_err(|why| format!("{who} did not start: {why}"))?;
    load.wait_bound(binds, BIND).await.map_err(|why| format!("{who}: {why}"))?;
    Ok((load, application))
}

async fn loads<S, F, G, E>(
    args: &BenchUssdArgs, who: &str, binds: usize, start: S,
) -> Result<Vec<LoadReport>, String>
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    let (load, application) = started(who, binds, start).await?;
    let mut reports = Vec::new();
    for at in 0..args.dialogs.len() {
        let report = load.run(settings(args, at, 0)?).await;
        reports.push(report.map_err(|why| format!("{who}: {why}"))?);
    }
    drop(application);
    Ok(reports)
}

/// The load of this place in the list; each `round` has subscribers of its own.
fn settings(args: &BenchUssdArgs, at: usize, round: u64) -> Result<LoadSettings, String> {
    let dialogs = args.dialogs[at];
    let place = round * args.dialogs.len() as u64 + at as u64;
    let first = (args.first.number() + place * APART).to_string();
    let steps = args.steps.unwrap_or((u64::from(dialogs) * 100).clamp(2000, 20_000));
    Ok(LoadSettings {
        dialogs,
        steps,
        warm_up: steps / 10,
        dial: args.dial.clone(),
        keys: args.keys.iter().filter(|key| !key.is_empty()).cloned().collect(),
        first: first.parse().map_err(|why| format!("subscriber {first}: {why}"))?,
        limit: Duration::from_secs(args.limit),
        rate: None,
    })
}

/// The figures for people.
fn table(loaded: &[Loaded]) -> String {
    let names = loaded.iter().flat_map(|loaded| loaded.peers.iter().map(|peer| peer.name.len()));
    let wide = names.chain([6]).max().unwrap_or_default();
    let mut text = format!("dialogs  {:wide$}    steps/s     p50 ms     p99 ms   sokoni to it\n", "");
    let millis = |micros: u64| micros as f64 / 1000.0;
    let mut line = |dialogs: usize, name: &str, per_second: f64, p50: u64, p99: u64, share: String| {
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "{dialogs:>7}  {name:<wide$} {per_second:>10.0} {:>10.2} {:>10.2} {share:>14}",
            millis(p50),
            millis(p99),
        );
        text.truncate(text.trim_end().len());
        text.push('\n');
    };
    let mut amiss = String::new();
    for Loaded { echo, peers, sokoni, ratio, half, store, of_store } in loaded {
        let mut load = |name: &str, report: &LoadReport, share: String| {
            let LoadReport { dialogs, per_second, p50_us, p99_us, .. } = *report;
            line(dialogs as usize, name, per_second, p50_us, p99_us, share);
            let note = |count: u64, what: &str| match count {
                0 => String::new(),
                _ => format!("{name}, {dialogs} dialogs: {count} {what}\n"),
            };
            amiss += &note(report.refused, "steps refused as busy and sent again");
            amiss += &note(report.unanswered.into(), "dialogs unanswered when the limit came");
        };
        load("echo", echo, format!("{:.1} %", ratio * 100.0));
        for peer in peers {
            load(&peer.name, &peer.report, format!("{:.1} times", peer.ratio));
        }
        load("sokoni", sokoni, String::new());
        load("half", half, String::new());
        if let Some((store, of_store)) = store.as_ref().zip(*of_store) {
            let share = format!("{:.0} %", of_store * 100.0);
            line(store.callers, "store", store.per_second, store.p50_us, store.p99_us, share);
        }
    }
    text + &amiss
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        bench: BenchUssdArgs,
    }

    fn args(line: &[&str]) -> BenchUssdArgs {
        Cli::try_parse_from([&["bench"], line].concat()).expect("understood").bench
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_echo_measured_against_itself_makes_all_steps_of_every_load() {
        let args = args(&["--dialogs", "1,50", "--steps", "1000"]);
        let second = |smsc| Echo::start(smsc, EchoSettings::default());
        let loaded = measure(&args, None, second).await.expect("measured");
        assert_eq!(loaded.iter().map(|loaded| loaded.sokoni.dialogs).collect::<Vec<_>>(), [1, 50]);
        for Loaded { echo, sokoni, ratio, half, store, .. } in &loaded {
            assert_eq!((echo.steps, sokoni.steps, half.steps), (1000, 1000, 1000));
            assert!(*ratio > 0.0 && store.is_none());
            assert!(half.per_second < sokoni.per_second, "half by the clock: {half:?} of {sokoni:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_batch_of_a_load_is_committed_again_to_a_store_of_its_own() {
        let args = args(&["--dialogs", "1,20", "--steps", "200"]);
        let seen = Arc::new(Seen::default());
        let starts = |operator| crate::cli::benched(operator, 1, 1000, Some(Arc::clone(&seen)));
        let loaded = measure(&args, Some(Arc::clone(&seen)), starts).await.expect("measured");
        for Loaded { sokoni, store, of_store, .. } in &loaded {
            let store = store.expect("committed again");
            assert_eq!((sokoni.steps, sokoni.unanswered), (200, 0));
            assert!(store.commits >= 200, "each step was a commit: {store:?}");
            assert_eq!(store.callers, sokoni.dialogs as usize, "those of the load and nobody else");
            assert!(store.rows > 2.0 && store.octets > 100.0);
            assert!(of_store.is_some_and(|share| share > 0.0));
        }
    }

    #[tokio::test]
    async fn an_application_that_does_not_start_is_named() {
        let failing = |_| async { Err::<(), _>("no menus") };
        let why = measure(&args(&["--dialogs", "1", "--steps", "10"]), None, failing).await;
        assert_eq!(why, Err("Sokoni did not start: no menus".into()));
    }

    #[test]
    fn the_table_has_all_beside_each_other() {
        let echo = LoadReport {
            dialogs: 100,
            steps: 20_000,
            seconds: 1.0,
            per_second: 20_000.0,
            p50_us: 4870,
            p99_us: 9120,
            longest_us: 20_000,
            refused: 0,
            unanswered: 0,
        };
        let sokoni = LoadReport { per_second: 5000.0, refused: 3, ..echo };
        let half = LoadReport { per_second: 2500.0, dialogs: 2000, ..echo };
        let peer = PeerReport {
            name: "node-smpp".into(),
            report: LoadReport { per_second: 2500.0, ..echo },
            ratio: 2.0,
        };
        let store = StoreReport {
            callers: 100,
            commits: 9,
            per_second: 6250.0,
            p50_us: 9,
            p99_us: 99,
            rows: 3.0,
            octets: 2.0,
        };
        let loaded = Loaded {
            echo,
            peers: vec![peer],
            sokoni,
            ratio: 0.25,
            half,
            store: Some(store),
            of_store: Some(0.8),
        };
        assert_eq!(
            table(&[loaded]),
            "dialogs               steps/s     p50 ms     p99 ms   sokoni to it\n    \
             100  echo           20000       4.87       9.12         25.0 %\n    \
             100  node-smpp       2500       4.87       9.12      2.0 times\n    \
             100  sokoni          5000       4.87       9.12\n   \
             2000  half            2500       4.87       9.12\n    \
             100  store           6250       0.01       0.10           80 %\n\
             sokoni, 100 dialogs: 3 steps refused as busy and sent again\n"
        );
    }
}
