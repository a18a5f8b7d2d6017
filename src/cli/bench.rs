//! `sokoni bench ussd`: how many USSD steps a second, beside what the link itself could carry.

pub mod shop;
pub mod sms;

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
    time::Duration,
};

/// How long an application has to bind.
const BIND: Duration = Duration::from_secs(30);
/// Every load has subscribers of its own, so many numbers apart.
const APART: u64 = 10_000;
/// The address that phones lead to.
const SHORT_CODE: &str = "48357";

const HELP: &str = "\
Each dialog dials, then presses the keys round and round, every key as soon as
the screen before it has come. A step is measured at the operator's end, from
the deliver_sm of the key to the submit_sm of the screen. The echo answers every
step with the same screen at once, over the same codec and socket settings: its
figure is the ceiling, and the ratio is what the work behind it costs. Operator,
echo and application all run on this machine and share it.

Example:
  sokoni bench ussd --dialogs 1,100 --steps 5000 --json";

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

    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// The same load on both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// The echo: the ceiling.
    pub echo: LoadReport,
    /// Sokoni.
    pub sokoni: LoadReport,
    /// Sokoni's steps per second of the echo's.
    pub ratio: f64,
}

/// Runs the loads on the echo and on Sokoni and prints the figures.
///
/// `start_sokoni` is given the operator's address and starts an application that binds there with
/// `args.binds` transceivers, any `system_id` and password, dialect `its`, short code 48357; what
/// it returns is dropped to stop it. It is started once.
pub async fn run<S, F, G, E>(args: BenchUssdArgs, start_sokoni: S) -> ExitCode
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    match measure(&args, start_sokoni).await {
        Ok(pairs) if args.json => match serde_json::to_string_pretty(&pairs) {
            Ok(json) => {
                println!("{json}");
                ExitCode::SUCCESS
            }
            Err(why) => failed(&why),
        },
        Ok(pairs) => {
            print!("{}", table(&pairs));
            ExitCode::SUCCESS
        }
        Err(why) => failed(&why),
    }
}

fn failed(why: &dyn Display) -> ExitCode {
    eprintln!("sokoni bench: {why}");
    ExitCode::FAILURE
}

/// Runs the loads: first all on the echo, then all on Sokoni.
pub(crate) async fn measure<S, F, G, E>(args: &BenchUssdArgs, start_sokoni: S) -> Result<Vec<Pair>, String>
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    let binds = usize::from(args.binds);
    let start_echo = |smsc| Echo::start(smsc, EchoSettings { binds, ..EchoSettings::default() });
    let echo = loads(args, "the echo", start_echo).await?;
    let sokoni = loads(args, "Sokoni", start_sokoni).await?;
    let pair = |(echo, sokoni): (LoadReport, LoadReport)| Pair {
        echo,
        sokoni,
        ratio: sokoni.per_second / echo.per_second,
    };
    Ok(echo.into_iter().zip(sokoni).map(pair).collect())
}

async fn loads<S, F, G, E>(args: &BenchUssdArgs, who: &str, start: S) -> Result<Vec<LoadReport>, String>
where
    S: Fn(SocketAddr) -> F,
    F: Future<Output = Result<G, E>>,
    E: Display,
{
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let load =
        Load::listen(listen, SHORT_CODE).await.map_err(|why| format!("no port to listen on: {why}"))?;
    let application = start(load.addr).await.map_err(|why| format!("{who} did not start: {why}"))?;
    let named = |why| format!("{who}: {why}");
    load.wait_bound(usize::from(args.binds), BIND).await.map_err(named)?;
    let mut reports = Vec::new();
    for (at, dialogs) in (0..).zip(&args.dialogs) {
        let first = (args.first.number() + at * APART).to_string();
        let steps = args.steps.unwrap_or((u64::from(*dialogs) * 100).clamp(2000, 20_000));
        let settings = LoadSettings {
            dialogs: *dialogs,
            steps,
            warm_up: steps / 10,
            dial: args.dial.clone(),
            keys: args.keys.iter().filter(|key| !key.is_empty()).cloned().collect(),
            first: first.parse().map_err(|why| format!("subscriber {first}: {why}"))?,
            limit: Duration::from_secs(args.limit),
        };
        reports.push(load.run(settings).await.map_err(named)?);
    }
    drop(application);
    Ok(reports)
}

/// The figures for people.
fn table(pairs: &[Pair]) -> String {
    let mut text = String::from("dialogs            steps/s     p50 ms     p99 ms   of echo\n");
    for Pair { echo, sokoni, ratio } in pairs {
        for (name, report, share) in
            [("echo", echo, String::new()), ("sokoni", sokoni, format!("{:.1} %", ratio * 100.0))]
        {
            let millis = |micros: u64| micros as f64 / 1000.0;
            // Writing to a String does not fail.
            let _ = write!(
                text,
                "{:>7}  {name:<6} {:>10.0} {:>10.2} {:>10.2} {share:>9}",
                report.dialogs,
                report.per_second,
                millis(report.p50_us),
                millis(report.p99_us),
            );
            if report.refused > 0 {
                let _ = write!(text, "  {} busy", report.refused);
            }
            if report.unanswered > 0 {
                let _ = write!(text, "  stopped at the limit, {} dialogs unanswered", report.unanswered);
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
    }
    text
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
        let pairs = measure(&args, second).await.expect("measured");
        assert_eq!(pairs.iter().map(|pair| pair.sokoni.dialogs).collect::<Vec<_>>(), [1, 50]);
        assert!(pairs.iter().all(|pair| pair.echo.steps == 1000 && pair.sokoni.steps == 1000));
        assert!(pairs.iter().all(|pair| pair.ratio > 0.0));
    }

    #[tokio::test]
    async fn an_application_that_does_not_start_is_named() {
        let failing = |_| async { Err::<(), _>("no menus") };
        let why = measure(&args(&["--dialogs", "1", "--steps", "10"]), failing).await;
        assert_eq!(why, Err("Sokoni did not start: no menus".into()));
    }

    #[test]
    fn the_table_has_both_beside_each_other() {
        let report = LoadReport {
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
        let slower = LoadReport { per_second: 5000.0, refused: 3, ..report };
        assert_eq!(
            table(&[Pair { echo: report, sokoni: slower, ratio: 0.25 }]),
            "dialogs            steps/s     p50 ms     p99 ms   of echo\n    \
             100  echo        20000       4.87       9.12\n    \
             100  sokoni       5000       4.87       9.12    25.0 %  3 busy\n"
        );
    }
}
