//! The conductor: a lane per subscriber, the turn, the outbox, the timers.
//!
//! May import `types`, `gsm`, `menu`, `dialog`, `market`, `ledger`, `store`.

pub mod port;
pub mod shopfront;
pub mod vocabulary;
