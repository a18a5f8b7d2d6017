//! Sokoni: an artisan marketplace that runs on a basic phone.
//!
//! Read the modules in the order in which a key press passes through them:
//!
//! * [`types`]: the vocabulary everything shares; no module of ours below it.
//! * [`gsm`]: what fits on the air: alphabets, septets, parts of a long SMS.
//! * [`smpp`]: the link to a mobile operator: PDUs, the ESME bind machine, USSD dialects.
//! * [`wire`]: one HTTP request and what came of it.
//! * [`gateway`]: gateways that speak HTTP instead.
//! * [`menu`]: the language in which operators write menus, and the proof that a tree is sound.
//! * [`dialog`]: one subscriber's conversation as a pure machine.
//! * [`market`]: the business: artisans, listings, orders, payouts; pure decide and evolve.
//! * [`ledger`]: double entry; every posting in one table.
//! * [`store`]: one commit per turn, durable before anybody hears of it.
//! * [`engine`]: the conductor: a lane per subscriber, the turn, the outbox, the timers.
//! * [`money`]: mobile money and cards, over HTTP.
//! * [`mail`]: letters to shoppers, by SMTP or as files.
//! * [`photos`]: photographs as files, read within bounds and written anew.
//! * [`web`]: the shop, the desk and the phones page.
//! * [`sim`]: an SMSC, a money provider and a card processor that obey the public
//!   specifications and can be told to misbehave.
//! * [`cli`], [`config`], [`telemetry`]: the edge that a person types at.

pub use sokoni_core::{dialog, gsm, ledger, market, menu, types};

pub mod cli;
pub mod config;
pub mod engine;
pub mod gateway;
pub mod mail;
pub mod money;
pub mod photos;
pub mod sim;
pub mod smpp;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod wire;
