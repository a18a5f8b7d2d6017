//! Stand-ins that obey the public specifications and can be told to misbehave: an SMSC with a USSD gateway, a mobile-money provider, a card processor.
//!
//! May import every pure module.

pub mod echo;
pub mod load;
pub mod phones;
pub mod smsc;
