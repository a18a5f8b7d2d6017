//! One subscriber's conversation: a pure machine that is fed keys and outcomes and answers with
//! screens and wishes.
//!
//! Pure. May import `types`, `gsm` and `menu`.

pub mod input;
