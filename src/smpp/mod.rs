//! The link to a mobile operator: SMPP 3.4 from octets to a pool of binds.
//!
//! Pure, each taking time as a value:
//!
//! * [`codec`], [`pdu`], [`tlv`], [`status`], [`text`]: PDUs, their octets, and what stands in them.
//! * [`window`], [`timers`], [`throttle`], [`esme`]: one session as a machine.
//! * [`dialect`]: what one gateway means by USSD, as data.
//! * [`receipt`], [`concat`]: delivery receipts, and long SMS put together.
//!
//! May import `types`, `gsm`, of `engine` only the data of its `port`; the shells may also import
//! the rest of `engine::port`.

pub mod codec;
pub mod concat;
pub mod dialect;
pub mod esme;
#[cfg(test)]
mod fixture;
pub mod mark;
pub mod pdu;
pub mod receipt;
pub mod settings;
pub mod status;
pub mod text;
pub mod throttle;
pub mod timers;
pub mod tlv;
pub mod window;
