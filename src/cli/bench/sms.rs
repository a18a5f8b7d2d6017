//! `sokoni bench sms`: how long screens take while SMS wait for a slow SMSC.

use super::{APART, BIND, SHORT_CODE, told};
use crate::cli::benched;
use crate::sim::load::{Load, LoadReport, LoadSettings};
use crate::types::{Msisdn, Purpose};
use serde::Serialize;
use std::{net::SocketAddr, process::ExitCode, time::Duration};

/// What every SMS says.
const TEXT: &str = "Sokoni: soko linafunguliwa kesho saa mbili asubuhi.";

const HELP: &str = "\
The operator answers screens at once and every SMS only after --latency, so the
window fills with SMS and the others wait in the store. Screens are measured
first with no SMS waiting, then with all of them, at the operator's end: from
the deliver_sm of a key to the submit_sm of its screen. Operator and application
run on this machine and share it.

Example:
  sokoni bench sms --texts 50000 --window 668 --latency 1000";

/// Screens beside SMS that wait: p99 with none and with many, and whether the window held
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct BenchSmsArgs {
    /// SMS that wait
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub texts: u32,

    /// Most requests without an answer on the bind; SMS leave a quarter of it to screens
    #[arg(long, default_value_t = 668, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub window: u32,

    /// Milliseconds before the operator answers an SMS
    #[arg(long, default_value_t = 1_000)]
    pub latency: u64,

    /// Dialogs at a time
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..10_000))]
    pub dialogs: u32,

    /// Steps measured in each of the two runs
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: u64,

    /// Each run ends after so many seconds whatever was reached
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub limit: u64,

    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Screens with no SMS waiting.
    pub alone: LoadReport,
    /// Screens while SMS wait.
    pub beside_sms: LoadReport,
    /// SMS that still waited when the second run ended.
    pub still_waiting: u64,
    /// SMS the operator had answered by then.
    pub taken: u64,
    /// Most SMS without an answer at once.
    pub most_unanswered: u64,
}

/// Measures and prints.
pub async fn run(args: BenchSmsArgs) -> ExitCode {
    told(measure(&args).await, args.json, |figures| table(&args, figures))
}

/// Two runs of screens over one application, SMS put into its outbox between them.
pub(crate) async fn measure(args: &BenchSmsArgs) -> Result<Figures, String> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let latency = Duration::from_millis(args.latency.max(1));
    let load = Load::slow(listen, SHORT_CODE, latency)
        .await
        .map_err(|why| format!("no port to listen on: {why}"))?;
    let application = benched(load.addr, 1, args.window as usize, None).await?;
    load.wait_bound(1, BIND).await.map_err(|why| why.to_string())?;
    let alone = load.run(settings(args, 0)?).await.map_err(|why| why.to_string())?;
    let phones = (0..u64::from(args.texts)).map(|n| number(254_720_000_000 + n));
    let phones = phones.collect::<Result<Vec<_>, _>>()?;
    application.service.engine.post_texts(&phones, TEXT, Purpose::Tip).await?;
    let beside_sms = load.run(settings(args, APART)?).await.map_err(|why| why.to_string())?;
    let taken = load.sms_taken();
    Ok(Figures {
        alone,
        beside_sms,
        still_waiting: u64::from(args.texts).saturating_sub(taken),
        taken,
        most_unanswered: load.most_unanswered(),
    })
}

fn number(number: u64) -> Result<Msisdn, String> {
    number.to_string().parse().map_err(|why| format!("subscriber {number}: {why}"))
}

fn settings(args: &BenchSmsArgs, apart: u64) -> Result<LoadSettings, String> {
    Ok(LoadSettings {
        dialogs: args.dialogs,
        steps: args.steps,
        warm_up: args.steps / 10,
        dial: "*483*57#".to_owned(),
        keys: vec!["1".to_owned(), "0".to_owned()],
        first: number(254_700_100_000 + apart)?,
        limit: Duration::from_secs(args.limit),
        rate: None,
    })
}

/// The figures for people.
fn table(args: &BenchSmsArgs, figures: &Figures) -> String {
    let line = |name: &str, report: &LoadReport| {
        let millis = |micros: u64| micros as f64 / 1000.0;
        format!(
            "{name:<18} {:>8.0} {:>9.2} {:>9.2} {:>10.2}\n",
            report.per_second,
            millis(report.p50_us),
            millis(report.p99_us),
            millis(report.longest_us),
        )
    };
    let Figures { still_waiting, taken, most_unanswered, .. } = figures;
    format!(
        "screens              steps/s    p50 ms    p99 ms longest ms\n{}{}\n{} SMS: {taken} taken, \
         {still_waiting} still waiting; at most {most_unanswered} unanswered in a window of {}, each answered \
         after {} ms\n",
        line("no SMS waiting", &figures.alone),
        line("beside SMS", &figures.beside_sms),
        args.texts,
        args.window,
        args.latency,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn screens_pass_sms_that_wait_and_the_window_holds() {
        let args = BenchSmsArgs {
            texts: 200,
            window: 16,
            latency: 60_000,
            dialogs: 4,
            steps: 60,
            limit: 60,
            json: false,
        };
        let figures = measure(&args).await.expect("measured");
        assert_eq!((figures.alone.steps, figures.beside_sms.steps), (60, 60), "no screen waited for an SMS");
        assert_eq!((figures.taken, figures.still_waiting), (0, 200));
        assert_eq!(figures.most_unanswered, 12, "three quarters of the window");
        assert!(table(&args, &figures).contains("200 still waiting"));
    }
}
