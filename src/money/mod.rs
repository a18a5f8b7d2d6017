//! Mobile money and cards over HTTP. [`gsma`], [`daraja`], [`mtn`] and [`airtel`] pay out, each by
//! its provider's own rules, [`routed`] chooses between them, [`card`] takes in. What an answer proves
//! is decided in each `answer`, apart from any socket, in the words of [`proof`]; what they post comes in
//! by [`door`].
//!
//! May import `types`, `wire` and `engine`.

pub mod airtel;
pub mod card;
pub mod daraja;
pub mod door;
pub mod gsma;
mod http;
mod link;
pub mod mtn;
pub mod proof;
mod rail;
pub mod routed;
mod secret;
pub mod table;
mod token;

pub use http::ClientError;
pub use rail::{Adapter, Rail, Timing};
pub use secret::SecretError;
