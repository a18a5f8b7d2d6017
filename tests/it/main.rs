//! The single integration binary: a `mod` line per behaviour.

mod money_card;
mod money_mobile;
mod smsc_simulator;
mod support;
mod tidy;
