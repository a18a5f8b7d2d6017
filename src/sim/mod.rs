//! Stand-ins that obey the public specifications and can be told to misbehave: an SMSC with a USSD gateway, an HTTP aggregator, a
//! mobile-money provider, a card processor; and a whole market on a virtual clock.
//!
//! May import every pure module.

pub mod aggregator;
pub mod camera;
pub mod card;
pub mod echo;
mod host;
mod keep;
pub mod load;
pub mod momo;
pub mod phones;
pub mod plan;
pub mod smsc;
pub mod world;

pub use host::Line;
