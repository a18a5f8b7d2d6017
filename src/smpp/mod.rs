//! The link to a mobile operator: SMPP 3.4 from octets to a pool of binds.
//!
//! Pure, each taking time as a value:
//!
//! * [`codec`], [`pdu`], [`tlv`], [`status`], [`text`]: PDUs, their octets, and what stands in them.
//! * [`window`], [`timers`], [`throttle`], [`esme`]: one session as a machine.
//! * [`dialect`]: what one gateway means by USSD, as data, and its dialogs.
//! * [`receipt`], [`concat`], [`mark`]: delivery receipts, long SMS put together, repeats known again.
//!
//! Shells:
//!
//! * [`settings`]: one `[[smsc]]` table.
//! * `link`, `intake` and `handover`: one connection, what leaves on it, what comes, and what became
//!   of each screen; `tls` under it.
//! * [`pool`], [`health`]: all connections kept up, and how they fare.
//! * `submit`: the way out for SMS.
//! * [`probe`]: a gateway looked at before it is served.
//!
//! May import `types`, `gsm`, of `engine` only the data of its `port`; the shells may also import
//! the rest of `engine::port`.

pub mod codec;
pub mod concat;
pub mod dialect;
pub mod esme;
#[cfg(test)]
mod fixture;
mod handover;
pub mod health;
mod intake;
mod link;
pub mod mark;
pub mod pdu;
#[cfg(test)]
mod peer;
pub mod pool;
pub mod probe;
pub mod receipt;
pub mod settings;
pub mod status;
mod submit;
pub mod text;
pub mod throttle;
pub mod timers;
mod tls;
pub mod tlv;
pub mod window;
