//! One subscriber's conversation: a pure machine that is fed keys and outcomes and answers with
//! screens and wishes.
//!
//! * [`input`]: what the machine is fed and what it answers.
//! * [`state`]: what is kept between turns.
//! * [`machine`]: one step; the function to read first.
//! * [`page`]: screens cut into pages, no word split and no row lost.
//! * [`answer`]: typed answers read forgivingly.
//! * [`keyword`]: SMS commands, mistakes forgiven; [`sms`]: what is done about one.
//! * [`tape`]: a dialog as it was recorded, played again.
//! * [`hints`]: the few words the machine itself says.
//! * [`trial`]: a phone over a domain that only pretends, for trying a menu out.
//!
//! Pure. May import `types`, `gsm` and `menu`.

pub mod answer;
pub mod hints;
pub mod input;
pub mod keyword;
pub mod machine;
pub mod page;
mod present;
mod scope;
pub mod sms;
pub mod state;
pub mod tape;
mod token;
pub mod trial;

#[cfg(test)]
mod tests;
