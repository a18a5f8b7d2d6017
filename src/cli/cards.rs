//! `sokoni cards`: a card processor that charges nobody, as a program of its own.

use crate::engine::clock::SystemClock;
use crate::sim::card::{CardOptions, CardProcessor};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

const HELP: &str = "\
Prints its address and runs until Ctrl-C. Under /v1 it speaks Stripe's API for
Checkout sessions, refunds and disputes; people pay at the `url` of a session.
It keeps its own lists, and can be told to misbehave:

  GET  /captures                 the list: the truth for \"charged once\"
  GET  /refunds                  every refund; POST /refunds/{id}/fail: its bank sends it back
  GET  /disputes                 every dispute
  POST /disputes                 a bank disputes: {\"payment\": \"pi_..\", \"amount\": 500, \"reason\": \"fraudulent\",
                                 \"warning\": false}; all but the payment may be left out
  POST /disputes/{id}/{step}     escalate, won, lost, warning_closed
  PUT  /webhook                  {\"url\": \"http://127.0.0.1:8080/money/card/webhook\"}
  PUT  /delivery                 {\"copies\": 5, \"after_ms\": 0, \"hold\": true, \"bad_signature\": false, \"age_s\": 0,
                                 \"cut\": 0, \"retry_ms\": 500, \"tries\": 8}
  GET  /held                     events kept back by \"hold\"; POST /held/release: [2, 0, 1] sends them in that order
  POST /treat                    how the next requests are treated: [\"broken_answer\", \"no_answer\", \"too_many\"]
  PUT  /line                     \"open\", \"silent\", {\"slow\": 500}, \"unavailable\"

Examples:
  sokoni cards --port 9002 --webhook http://127.0.0.1:8080/money/card/webhook
  curl -X POST localhost:9002/disputes -d '{\"payment\":\"pi_test_00000002\"}' -H 'content-type: application/json'";

/// A card processor that charges nobody, for whoever integrates one
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct CardsArgs {
    /// Where it listens on loopback; 0 picks a free port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// What requests must bear; without it everybody is let in
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// What events are signed with
    #[arg(long, value_name = "SECRET", default_value = "whsec_sokoni_cards")]
    pub signing_secret: String,
    /// Where events go
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// Keep the lists in this file, and go on with them next time
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Runs until interrupted.
pub async fn run(args: CardsArgs) -> ExitCode {
    let options = CardOptions {
        port: args.port,
        api_key: args.key,
        file: args.file,
        ..CardOptions::new(&args.signing_secret, Arc::new(SystemClock))
    };
    let card = match CardProcessor::start(options).await {
        Ok(card) => card,
        Err(why) => {
            eprintln!("sokoni cards: port {}: {why}; choose another with --port", args.port);
            return ExitCode::FAILURE;
        }
    };
    if let Some(webhook) = &args.webhook {
        card.set_webhook(webhook);
    }
    println!("listening {}", card.url);
    super::serve::interrupted().await;
    ExitCode::SUCCESS
}
