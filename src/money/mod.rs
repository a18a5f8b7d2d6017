//! Mobile money and cards over HTTP.
//!
//! May import `types` and `engine`.
