//! `sokoni serve`: production.

use super::service::{Service, Wiring};
use crate::config::Config;
use crate::engine::clock::SystemClock;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const HELP: &str = "\
Binds to every SMSC of the configuration, serves the shop, and ends cleanly on
SIGTERM or Ctrl-C: no new work is taken, what was taken is finished, the
operators are told good-bye. SIGHUP reads the files of [routing] and the menu
files anew; if they are wrong, those of before stay in use. Menu files are also
read by themselves when they change.

An SMSC that cannot be reached does not stop the start: it is tried again for
ever.

Example:
  sokoni config default > config.toml
  sokoni serve --config config.toml";

/// Binds to the SMSCs of a configuration and serves
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ServeArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    pub config: PathBuf,
}

/// Runs until told to stop.
pub async fn run(args: ServeArgs) -> ExitCode {
    // What is asked for while the start is under way is done after it.
    let (interrupted, hangups) = (interrupted(), hangups());
    let started = async {
        let config = Config::read(&args.config).map_err(|why| why.to_string())?;
        let telling = crate::telemetry::start(&config.telemetry)?;
        let folder = args.config.parent().map(PathBuf::from).unwrap_or_default();
        if config.pepper().map_err(|why| why.to_string())?.is_none() {
            tracing::warn!(
                "no PIN pepper: whoever steals the store can guess PINs; set [service] pin_pepper_file \
                 before the first person sets a PIN, for it can never be changed afterwards"
            );
        }
        let mut config = config;
        let key = std::env::var("SOKONI_DESK_KEY").ok().map(secrecy::SecretString::from);
        config.http = config.http.with_secrets(&folder, key).map_err(|why| why.to_string())?;
        let service = Service::start(config, Wiring::new(Arc::new(SystemClock))).await?;
        Ok::<_, String>((service, telling))
    };
    let (service, telling) = match started.await {
        Ok(service) => service,
        Err(why) => {
            eprintln!("sokoni cannot start: {why}");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!(address = %service.address, "serving");
    if let Some(address) = service.metrics {
        tracing::info!(%address, "metrics");
    }
    let asked = tokio::select! {
        () = interrupted => true,
        () = service.ended() => false,
        () = reloading(&service, &args.config, hangups) => false,
    };
    tracing::info!("ending: no new work is taken");
    service.shut_down().await;
    tracing::info!("ended");
    telling.end().await;
    // Whoever supervises the process starts it again, and the start says what is wrong.
    if asked { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// SIGHUPs from the moment of the call on; without a listener, one would end the program.
fn hangups() -> Option<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::hangup()).ok()
}

/// Reads the routing files and the menu files anew at every SIGHUP; never resolves.
async fn reloading(service: &Service, config: &Path, hangups: Option<tokio::signal::unix::Signal>) {
    let Some(mut hangups) = hangups else { return std::future::pending().await };
    loop {
        if hangups.recv().await.is_none() {
            return std::future::pending().await;
        }
        let read = Config::read(config).map_err(|why| why.to_string());
        if let Err(why) = read.and_then(|config| service.reload_routes(&config)) {
            tracing::error!(why, "ALARM: the routing files are wrong; those of before stay in use");
        }
        if let Err(why) = service.reload_menus().await {
            tracing::warn!(why, "changed menus cannot be kept");
        }
    }
}

/// Resolves at SIGTERM or Ctrl-C, whichever comes first from the moment of the call on.
pub(super) fn interrupted() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let told = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        let [Ok(mut term), Ok(mut int)] = told else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    }
}
