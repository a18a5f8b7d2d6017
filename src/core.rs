//! The pure rooms: what the house decides, and nothing that it does. They read no clock, roll no dice and
//! know nobody outside; time and randomness come in as values. They are a crate of their own so that the
//! compiler holds them to it, and so that a change outside does not compile them anew.

pub mod dialog;
pub mod gsm;
pub mod ledger;
pub mod market;
pub mod menu;
pub mod types;
