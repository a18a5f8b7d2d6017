//! Mobile money and cards over HTTP: [`mobile`] pays out, [`card`] takes in, [`callback`] hears
//! results; what an answer proves is decided in [`answer`], apart from any socket.
//!
//! May import `types` and `engine`.

pub mod answer;
pub mod callback;
pub mod card;
mod http;
pub mod mobile;
mod secret;

pub use secret::SecretError;
