//! One file per subcommand. May import everything.
//!
//! Exit codes everywhere: 0 done, 1 refused or failed, 2 usage.

pub mod api;
pub mod approvals;
pub mod bench;
pub mod callbacks;
pub mod cards;
pub mod config;
pub mod demo;
pub mod depot;
pub mod desk;
pub mod dial;
pub mod disputes;
pub mod holds;
pub mod ledger;
pub mod loans;
pub mod menu;
pub mod messages;
pub mod momo;
pub mod orders;
pub mod payouts;
pub mod person;
pub mod place;
pub mod receipts;
pub mod reconcile;
pub mod replay;
pub mod serve;
pub mod service;
pub mod sim;
pub mod smsc;
pub mod stop;
pub mod store;

use self::bench::store::Seen;
use crate::engine::audit::Derived;
use crate::store::sled::Sled;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Sokoni: the artisan marketplace that runs on a basic phone.
#[derive(Debug, Parser)]
#[command(name = "sokoni", version, about, long_about = None, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Desk(desk::DeskArgs),
    Api(api::ApiArgs),
    Serve(serve::ServeArgs),
    Dial(dial::DialArgs),
    Stop(stop::StopArgs),
    Approvals(approvals::ApprovalsArgs),
    Holds(holds::HoldsArgs),
    Callbacks(callbacks::CallbacksArgs),
    Payouts(payouts::PayoutsArgs),
    Disputes(disputes::DisputesArgs),
    Store(store::StoreArgs),
    Menu(menu::MenuArgs),
    Ledger(ledger::LedgerArgs),
    Loans(loans::LoansArgs),
    Tips(depot::TipsArgs),
    Lessons(depot::LessonsArgs),
    Feedback(depot::FeedbackArgs),
    Cases(depot::CasesArgs),
    Receipts(receipts::ReceiptsArgs),
    Reconcile(reconcile::ReconcileArgs),
    Orders(orders::OrdersArgs),
    Person(person::PersonArgs),
    Shipping(orders::ShippingArgs),
    Messages(messages::MessagesArgs),
    Config(config::ConfigArgs),
    Smsc(smsc::SmscArgs),
    Momo(momo::MomoArgs),
    Cards(cards::CardsArgs),
    /// Bounded load against this machine, beside the echo ceiling of the same run
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    Replay(replay::ReplayArgs),
    Sim(sim::SimArgs),
    /// Prints completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, or writes one for each command into a folder
    Man {
        /// The folder; it has to be there
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    Ussd(bench::BenchUssdArgs),
    Sms(bench::sms::BenchSmsArgs),
    Shop(bench::shop::BenchShopArgs),
    Store(bench::store::BenchStoreArgs),
}

/// The whole program: reads the command line and does what it asks.
///
/// Not generic and not inlined, so that the binary only links what the library compiled.
#[inline(never)]
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|why| without_a_false_tip(why).exit());
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(why) => {
            eprintln!("the runtime cannot start: {why}");
            ExitCode::FAILURE
        }
    }
}

/// An unknown option is a mistake, never a file that is called so: the parser's tip to write it
/// behind `--` would lead astray.
fn without_a_false_tip(mut why: clap::Error) -> clap::Error {
    if why.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::StyledStrs(mut tips)) = why.remove(ContextKind::Suggested)
    {
        tips.retain(|tip| !tip.to_string().contains("as a value"));
        if why.get(ContextKind::SuggestedArg).is_none() && tips.is_empty() {
            tips.push("there is no such option; those that there are stand under --help".into());
        }
        why.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    why
}

impl Cli {
    /// Does what the command line asks.
    pub async fn run(self) -> ExitCode {
        match self.command {
            Command::Momo(args) => momo::run(args).await,
            Command::Cards(args) => cards::run(args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Desk(args) => desk::run(args).await,
            Command::Api(args) => api::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Dial(args) => dial::run(args).await,
            Command::Stop(args) => stop::run(args).await,
            Command::Approvals(args) => approvals::run(args).await,
            Command::Holds(args) => holds::run(args).await,
            Command::Callbacks(args) => callbacks::run(args).await,
            Command::Payouts(args) => payouts::run(args).await,
            Command::Disputes(args) => disputes::run(args).await,
            Command::Store(args) => store::run(args, &mut Derived::default()).await,
            Command::Menu(args) => menu::run(&args),
            Command::Ledger(args) => ledger::run(args).await,
            Command::Loans(args) => loans::run(args).await,
            Command::Tips(args) => printed(depot::tips(&args).await),
            Command::Lessons(args) => printed(depot::lessons(&args).await),
            Command::Feedback(args) => printed(depot::feedback(&args).await),
            Command::Cases(args) => printed(depot::cases(&args).await),
            Command::Receipts(args) => receipts::run(args).await,
            Command::Reconcile(args) => reconcile::run(args).await,
            Command::Orders(args) => orders::run(args).await,
            Command::Person(args) => person::run(args).await,
            Command::Shipping(args) => orders::run_shipping(args).await,
            Command::Messages(args) => messages::run(args).await,
            Command::Config(args) => config::run(&args),
            Command::Smsc(args) => smsc::run(args).await,
            Command::Bench { what: Bench::Ussd(args) } => bench_ussd(args).await,
            Command::Bench { what: Bench::Sms(args) } => bench::sms::run(args).await,
            Command::Bench { what: Bench::Shop(args) } => bench::shop::run(args).await,
            Command::Bench { what: Bench::Store(args) } => bench_store(args).await,
            Command::Replay(args) => replay::run(args).await,
            Command::Sim(args) => sim::run(args).await,
            Command::Completions { shell } => {
                let mut text = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "sokoni", &mut text);
                written(&text)
            }
            Command::Man { folder: Some(folder) } => {
                printed(clap_mangen::generate_to(Self::command(), folder).map(|()| String::new()))
            }
            Command::Man { folder: None } => {
                let mut text = Vec::new();
                let rendered = clap_mangen::Man::new(Self::command()).render(&mut text);
                rendered.map_or(ExitCode::FAILURE, |()| written(&text))
            }
        }
    }
}

/// The service with a store on disk, every commit durable, as `serve` runs it.
async fn bench_ussd(args: bench::BenchUssdArgs) -> ExitCode {
    let (binds, seen) = (args.binds, Arc::new(Seen::default()));
    bench::run(args, Arc::clone(&seen), |operator| benched(operator, binds, 1000, Some(Arc::clone(&seen))))
        .await
}

/// The store with what the service commits, and nothing else.
async fn bench_store(args: bench::store::BenchStoreArgs) -> ExitCode {
    let seen = Arc::new(Seen::default());
    bench::store::run(args, Arc::clone(&seen), |operator| benched(operator, 1, 1000, Some(Arc::clone(&seen))))
        .await
}

struct Benched {
    service: service::Service,
    _folder: demo::Folder,
}

impl Drop for Benched {
    fn drop(&mut self) {
        self.service.stop();
    }
}

async fn benched(
    operator: std::net::SocketAddr, binds: u16, window: usize, seen: Option<Arc<Seen>>,
) -> Result<Benched, String> {
    let folder = demo::Folder::take(None)?;
    demo::Secrets::in_folder(&folder.path)?;
    let nowhere = "http://127.0.0.1:9";
    let web = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let text = demo::configuration(web, operator, nowhere, nowhere);
    let mut config =
        crate::config::Config::parse(&text, "the bench", &folder.path).map_err(|e| e.to_string())?;
    config.http.listen = web;
    for gateway in &mut config.gateways {
        (gateway.binds, gateway.window) = (binds, window);
    }
    let clock = Arc::new(crate::engine::clock::SystemClock);
    let mut wiring = service::Wiring::new(clock);
    if let Some(seen) = seen {
        wiring.before_store = Some(Box::new(move |store| seen.around(store)));
    }
    let service = service::Service::start(config, wiring).await?;
    Ok(Benched { service, _folder: folder })
}

/// Says in one sentence that a promised command is not in this release.
pub fn not_yet(command: &str) -> ExitCode {
    eprintln!("sokoni {command} is not in this release; CHANGELOG.md says what is.");
    ExitCode::from(2)
}

/// Where the store of a folder that somebody named is: the folder itself, or `store` in it, where a
/// demo keeps its own.
///
/// # Errors
/// There is none.
pub fn store_in(data: &Path) -> Result<PathBuf, String> {
    let found = [data.to_owned(), data.join("store")].into_iter().find(|folder| Sled::is_in(folder));
    found.ok_or_else(|| {
        let data = data.display();
        format!(
            "{data}: there is no store in it; name the folder that `[store] path` names, or that of \
             sokoni demo --data"
        )
    })
}

/// Writes to standard output. A reader that has gone away, as `head` does, has had enough.
fn written(text: &[u8]) -> ExitCode {
    written_to(&mut io::stdout().lock(), text)
}

fn written_to(out: &mut impl Write, text: &[u8]) -> ExitCode {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Rows as CSV (RFC 4180) with a line of names; nothing where there are none.
///
/// # Errors
/// A row that is no line of a table.
pub fn table(rows: impl Iterator<Item = impl serde::Serialize>) -> std::io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(std::io::Error::other)?;
    }
    let octets = writer.into_inner().map_err(|why| std::io::Error::other(why.to_string()))?;
    String::from_utf8(octets).map_err(std::io::Error::other)
}

/// Rows as JSON for people and programs.
///
/// # Errors
/// A row that JSON does not know.
pub fn json(rows: &impl serde::Serialize) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(rows)? + "\n")
}

/// Prints what a command answers, or says why it has no answer. That there is nothing is said beside
/// the output, which programs read.
pub fn printed(answer: Result<String, impl fmt::Display>) -> ExitCode {
    match answer {
        Ok(text) => {
            if text.is_empty() {
                eprintln!("none");
            }
            written(text.as_bytes())
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_demo_stands_for_the_store_in_it() {
        let village = tempfile::tempdir().expect("a folder");
        let why = store_in(village.path()).expect_err("empty");
        assert!(why.contains("there is no store in it; name the folder"), "{why}");
        let store = village.path().join("store");
        drop(Sled::open(&store, 1 << 20).expect("a store"));
        assert_eq!(store_in(village.path()), Ok(store.clone()));
        assert_eq!(store_in(&store), Ok(store));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_failure_and_a_full_disk_is() {
        struct Gone(io::ErrorKind);
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(written_to(&mut Gone(io::ErrorKind::BrokenPipe), b"x"), ExitCode::SUCCESS);
        assert_eq!(written_to(&mut Gone(io::ErrorKind::StorageFull), b"x"), ExitCode::FAILURE);
    }

    #[tokio::test]
    async fn a_service_that_cannot_listen_leaves_no_store_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        demo::Secrets::in_folder(folder.path()).expect("secrets");
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = taken.local_addr().expect("its address");
        let text = demo::configuration(address, address, "http://127.0.0.1:9", "http://127.0.0.1:9");
        let mut config = crate::config::Config::parse(&text, "the test", folder.path()).expect("sound");
        config.http.listen = address;
        let clock = Arc::new(crate::engine::clock::SystemClock);
        let started = service::Service::start(config, service::Wiring::new(clock)).await;
        let why = started.map(|_| ()).expect_err("the port is taken");
        assert!(why.starts_with(&format!("cannot listen on {address}")), "{why}");
        assert!(!folder.path().join("store").exists() && !folder.path().join("store.address-key").exists());
    }

    #[test]
    fn a_misspelt_option_is_not_taken_for_the_name_of_a_file() {
        let said = |option: &str| {
            let read = Cli::try_parse_from(["sokoni", "menu", "check", option]);
            without_a_false_tip(read.expect_err("no such option")).to_string()
        };
        let near = said("--formt");
        assert!(near.contains("'--format'") && !near.contains("as a value"), "{near}");
        let far = said("--since-when");
        assert!(far.contains("stand under --help") && !far.contains("as a value"), "{far}");
    }
}
