//! The single integration binary: a `mod` line per behaviour.

mod chaos;
mod crash;
mod dialects;
mod fuzz;
mod handbook;
mod interop;
mod menus;
mod money_card;
mod money_mobile;
mod money_rails;
mod ops;
mod permutations;
mod probe;
mod secrets;
mod serve;
mod serve_node_smpp;
mod sms;
mod stories;
mod support;
mod tidy;
mod web_bad;
