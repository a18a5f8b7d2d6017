//! A gateway looked at before it is served: its traffic recorded, read, and what fits it proposed.
//!
//! Pure:
//!
//! * [`recording`]: traffic as lines of a file, passwords blanked.
//! * [`findings`]: what a gateway shows of itself, PDU by PDU, and the settings that fit.
//! * [`describe`]: a PDU in words.
//!
//! Shells:
//!
//! * [`tap`]: the octets of every connection of a pool, as they travel.
//! * [`courtesy`]: an engine that keeps nothing and shows one harmless screen.

pub mod courtesy;
pub mod describe;
pub mod findings;
pub mod recording;
pub mod tap;

#[cfg(test)]
mod tests;
